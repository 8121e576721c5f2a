"""Tutorial and field guide in Spanish."""

from __future__ import annotations

from classify.starter.texts import Content, Entry, Shown, Step

STEPS = (
    Step(
        "Qué estás viendo",
        "Es un pequeño fragmento de una imagen del telescopio espacial Hubble, en blanco y negro. Los puntos son "
        "**estrellas**; las manchas suaves son **galaxias**, cada una con miles de millones de estrellas. Las motas "
        "diminutas y nítidas son partículas que chocaron con la cámara.\n\n"
        "De vez en cuando un asteroide pasó justo por delante de todo eso. Tú puedes encontrarlo, sin saber nada "
        "de antemano.",
        Shown(
            "step-sky",
            "Estrellas como puntos, la más brillante con una cruz de rayos, y algunas galaxias difusas "
            "en un cielo oscuro",
        ),
    ),
    Step(
        "Un asteroide dibuja una línea",
        "El Hubble mira un mismo lugar durante muchos minutos. Una estrella sigue siendo un punto, pero "
        "un asteroide se "
        "mueve mientras tanto y dibuja una **línea fina**.\n\n"
        "- **Empieza y termina**, casi siempre dentro de la imagen.\n"
        "- Es tan suave como las estrellas, nunca más nítida.\n"
        "- A menudo está **ligeramente curvada**, porque el propio Hubble gira alrededor de la Tierra.\n\n"
        "Puede ser brillante o muy débil. Recorre con la vista toda la imagen una vez.",
        Shown("step-trail", "Una línea fina y ligeramente curvada entre estrellas: la traza de un asteroide"),
    ),
    Step(
        "Lo que solo se le parece",
        "- Un **satélite** cruza en línea recta de borde a borde.\n"
        "- Un **rayo cósmico** es un arañazo afilado como una aguja.\n"
        "- Los **rayos de una estrella brillante** apuntan directamente a la estrella.\n"
        "- Una **galaxia vista de canto** es más brillante en el centro y se apaga hacia los extremos.\n\n"
        "En todos estos casos, responde *No*. La **guía de campo**, junto a la imagen, te enseña más ejemplos cuando "
        "quieras.",
        Shown(
            "step-lookalikes",
            "Cuatro imágenes: la traza ancha y recta de un satélite, un arañazo nítido, una estrella con cuatro rayos, "
            "una galaxia en forma de huso",
        ),
    ),
    Step(
        "Marca los dos extremos",
        "Si respondes *Sí*, puedes mostrarnos dónde está la traza: haz clic o toca uno de sus extremos y después el "
        "otro. Da igual cuál sea el primero. Una marca se puede mover o quitar.\n\n"
        "¿Hay dos trazas? Marca las dos. ¿El borde corta una traza? Marca el lugar por donde sale de la imagen.",
        Shown("step-marks", "La misma traza con un círculo amarillo alrededor de cada extremo"),
    ),
    Step(
        "Cuando nadie podría saberlo",
        "Algunas imágenes están llenas de impactos de partículas o inundadas por la luz de una estrella. Entonces la "
        "respuesta correcta es *No se puede saber*: dice algo de la imagen, no de ti.\n\n"
        "Si solo tienes dudas, fíate de tu primera impresión y elige *Sí* o *No*.",
        Shown("step-unusable", "Una imagen tan llena de motas y arañazos brillantes que no se distingue nada más"),
    ),
    Step(
        "No puedes estropear nada",
        "Varias personas miran cada imagen y sus respuestas cuentan juntas: un error no hace daño. De vez en cuando "
        "aparece una imagen cuya respuesta conocemos; entonces sabrás enseguida si acertaste.\n\n"
        "La mayoría de las imágenes no muestra ninguna traza, y decirlo ayuda igual. Lo que se encuentra aquí llega al "
        "equipo científico, y a veces es algo que nadie había visto antes. **¡Gracias por mirar!**",
        Shown("step-together", "Cuatro trozos de cielo: tres con trazas, de clara a muy débil, y uno sin ninguna"),
    ),
)

GUIDE = (
    Entry(
        "Traza de asteroide",
        "Sí",
        "Una línea fina que empieza y termina, de brillo uniforme, tan suave como las estrellas de al lado. A menudo "
        "ligeramente curvada, a veces en forma de arco o de gancho. Puede ser tan débil que solo se nota a la segunda "
        "mirada. Varios guiones en fila pueden ser un solo asteroide.",
        "No es más nítida que las estrellas (eso es un rayo cósmico), no cruza toda la imagen (un satélite) y no acaba "
        "en una estrella brillante (sus rayos).",
        (
            Shown("trail-1", "Una línea clara y curvada bajo una estrella brillante", "Clara y ligeramente curvada"),
            Shown(
                "trail-2",
                "Una línea recta y suave de abajo a la izquierda a arriba a la derecha",
                "Algunas son casi rectas",
            ),
            Shown("trail-3", "Una línea débil que atraviesa una galaxia espiral", "Débil, delante de una galaxia"),
            Shown("trail-4", "Una línea muy débil y apenas curvada", "Muy débil: mira dos veces"),
        ),
    ),
    Entry(
        "Satélite",
        "No",
        "Una línea que cruza la imagen en línea recta, de borde a borde. Ancha y borrosa si el satélite estaba cerca, "
        "fina si estaba lejos; algunas parpadean, porque el satélite da vueltas.",
        "No es un asteroide: un satélite atraviesa el campo del Hubble en menos de un segundo, por eso nunca vemos "
        "dónde empieza ni dónde termina.",
        (
            Shown("satellite-1", "Una banda ancha y brillante que cruza toda la imagen", "Cercano y desenfocado"),
            Shown("satellite-2", "Una línea fina y recta de borde a borde", "Lejano, fino"),
            Shown("satellite-3", "Una línea recta y suave que cruza una esquina de la imagen", "Por una esquina"),
        ),
    ),
    Entry(
        "Rayo cósmico",
        "No",
        "Motas y arañazos cortos, afiladísimos, a menudo de un solo píxel de ancho. Algunos se doblan o se enroscan. "
        "Suele haber muchos en una imagen, en todas las direcciones.",
        "No es un asteroide: amplía la imagen y compáralo con las estrellas. Nada en el cielo puede "
        "verse más nítido que "
        "una estrella, pero las partículas chocan con la propia cámara.",
        (
            Shown("cosmic-ray-1", "Una línea nítida y quebrada entre muchas motas", "Un arañazo largo y nítido"),
            Shown("cosmic-ray-2", "Una línea nítida enroscada como un hilo", "Enroscado"),
            Shown(
                "cosmic-ray-3", "Una línea nítida y algo doblada entre muchas motas", "Doblado, pero demasiado nítido"
            ),
        ),
    ),
    Entry(
        "Púas de difracción",
        "No",
        "Rayos rectos que salen de una estrella brillante, cuatro en forma de cruz. Cuanto más brillante "
        "es la estrella, "
        "más largos son; los produce el propio telescopio.",
        "No es un asteroide, aunque la estrella quede fuera de la imagen y solo entren sus rayos: sigue "
        "la línea y busca "
        "otra que se cruce con ella.",
        (
            Shown("spike-1", "Una estrella brillante con cuatro rayos largos", "La cruz típica"),
            Shown("spike-2", "Una estrella brillante cuyos rayos finos se apagan poco a poco", "Rayos largos y finos"),
            Shown(
                "spike-3",
                "Dos líneas rectas que entran por el borde derecho y se separan",
                "La estrella está fuera, a la derecha",
            ),
        ),
    ),
    Entry(
        "Arco gravitatorio",
        "No",
        "Un arco suave alrededor de una galaxia: la luz de otra galaxia mucho más lejana, doblada por la gravedad. Más "
        "ancho en el centro y fino en los extremos.",
        "No es un asteroide: el arco tiene la galaxia como centro. Pero es raro y valioso: responde No y etiquétalo en "
        "Talk con #gravitational_lens.",
        (
            Shown("arc-1", "Un arco corto a la izquierda de una galaxia redonda", "A la izquierda de su galaxia"),
            Shown("arc-2", "Un arco corto debajo de una galaxia redonda", "Debajo de su galaxia"),
            Shown("arc-3", "Un arco largo arriba a la derecha de una galaxia redonda", "Uno más largo, más afuera"),
        ),
    ),
    Entry(
        "Galaxia de canto",
        "No",
        "Un huso recto, más brillante en el centro y que se apaga hacia los dos extremos, a menudo con "
        "un bulbo redondo "
        "o una línea oscura a lo largo. Es un disco de estrellas visto de canto.",
        "No es un asteroide: una traza es tan brillante en los extremos como en el centro, e igual de fina.",
        (
            Shown("edge-on-1", "Un huso con un centro redondo y brillante", "Con un bulbo brillante"),
            Shown("edge-on-2", "Un huso fino y suave", "Fina y suave"),
            Shown("edge-on-3", "Una astilla débil que se apaga hacia los extremos", "Débil: fíjate en los extremos"),
        ),
    ),
    Entry(
        "Chorro",
        "No",
        "Una línea recta y con nudos que sale de un punto brillante: materia expulsada por el núcleo de una galaxia. "
        "Es raro.",
        "No es un asteroide: uno de sus extremos es un punto brillante y el brillo cambia a lo largo de la línea.",
        (
            Shown("jet-1", "Una línea con nudos que acaba en un punto brillante", "Sale de un punto brillante"),
            Shown("jet-2", "Una línea recta que sale hacia abajo de un punto brillante", "Brillante y luego más débil"),
            Shown("jet-3", "Una línea corta con nudos junto a un punto brillante", "Uno corto con nudos"),
        ),
    ),
    Entry(
        "Artefacto, reflejo, columna caliente",
        "No",
        "Lo que produjeron la cámara o sus espejos: una línea vertical de uno o dos píxeles (una columna caliente), "
        "anillos o discos pálidos (reflejos de una estrella brillante), un abanico de luz que entra por el borde, luz "
        "que se desborda hacia arriba y hacia abajo desde una estrella muy brillante.",
        "No es un asteroide: va exactamente paralelo a los bordes de la imagen, o parece una figura y no una línea "
        "fina con vida propia.",
        (
            Shown("artefact-1", "Una línea fina exactamente vertical", "Columna caliente"),
            Shown("artefact-2", "Dos discos pálidos que se solapan", "Reflejos de una estrella brillante"),
            Shown("artefact-3", "Un abanico de franjas suaves desde el borde inferior", "Luz dispersada"),
            Shown(
                "artefact-4",
                "Una estrella muy brillante atravesada por una línea vertical nítida",
                "Luz que se desborda",
            ),
        ),
    ),
    Entry(
        "Nada",
        "No",
        "Estrellas, galaxias y motas, y ninguna línea. La mayoría de las imágenes son así.",
        "No es un voto perdido: cada imagen en la que seguro que no hay nada le ahorra una mirada al equipo.",
        (
            Shown("nothing-1", "Una estrella y algunas galaxias", "Una estrella y galaxias"),
            Shown("nothing-2", "Puntos débiles en un cielo oscuro", "Solo puntos débiles"),
            Shown(
                "nothing-3",
                "Galaxias débiles y una estrella en el borde inferior",
                "Una estrella brillante en el borde",
            ),
        ),
    ),
)

CONTENT = Content("es", "Imagen simulada", STEPS, GUIDE)
