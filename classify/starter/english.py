"""Tutorial and field guide in English, for somebody who never saw an image of a telescope."""

from __future__ import annotations

from classify.starter.texts import Content, Entry, Shown, Step

STEPS = (
    Step(
        "What you see here",
        "This is a small piece of an image from the Hubble Space Telescope, in black and white. The dots "
        "are **stars**, "
        "the soft blurs are **galaxies**: each has billions of stars of its own. Tiny sharp specks are particles that "
        "hit the camera.\n\n"
        "Now and then an asteroid passed just in front of all this. You can find it, without knowing anything "
        "beforehand.",
        Shown("step-sky", "Stars as dots, the brightest with a cross of rays, and a few soft galaxies on a dark sky"),
    ),
    Step(
        "An asteroid draws a line",
        "Hubble looks at one place for many minutes. A star stays a dot, but an asteroid moves on "
        "meanwhile and draws a "
        "**thin line**.\n\n"
        "- It **begins and ends**, mostly inside the image.\n"
        "- It is as soft as the stars, never sharper.\n"
        "- Often it is **gently curved**, because Hubble itself circles the Earth.\n\n"
        "It can be bright or very faint. Let your eyes wander over the whole image once.",
        Shown("step-trail", "A thin, gently curved line among stars: the trail of an asteroid"),
    ),
    Step(
        "What only looks like one",
        "- A **satellite** runs straight from border to border.\n"
        "- A **cosmic ray** is a scratch as sharp as a needle.\n"
        "- The **rays of a bright star** point straight at the star.\n"
        "- A **galaxy seen from its edge** is brightest in the middle and fades to both ends.\n\n"
        "For all of these, answer *No*. The **field guide** beside the image shows more of each whenever you like.",
        Shown(
            "step-lookalikes",
            "Four pictures: a broad straight satellite trail, a sharp scratch, a star with four rays, a "
            "spindle-shaped galaxy",
        ),
    ),
    Step(
        "Mark both ends",
        "If you answer *Yes*, you can show us where the trail is: click or tap one of its ends, then the other. "
        "Which comes first does not matter. A mark can be moved or taken away again.\n\n"
        "Are there two trails? Mark both. Is a trail cut off by the border? Mark the place where it leaves the image.",
        Shown("step-marks", "The same trail with a yellow circle around each of its two ends"),
    ),
    Step(
        "When nobody could tell",
        "Some images are full of particle hits, or drowned in the light of a star. Then *Impossible to tell* is the "
        "right answer: it says something about the image, not about you.\n\n"
        "If you are only unsure, trust your first impression and choose *Yes* or *No*.",
        Shown("step-unusable", "An image so full of bright specks and scratches that nothing else can be seen"),
    ),
    Step(
        "You cannot break anything",
        "Several people look at every image, and their answers count together: a mistake does no harm. "
        "Now and then an image is one whose answer we know; then you learn at once whether you were right.\n\n"
        "Most images show no trail, and saying so helps just as much. What people find here goes to the team, "
        "and some of it nobody has ever seen before. **Thank you for looking!**",
        Shown("step-together", "Four pieces of sky: three with trails, from clear to very faint, and one without"),
    ),
)

GUIDE = (
    Entry(
        "Asteroid trail",
        "Yes",
        "A thin line that begins and ends, of even brightness, as soft as the stars beside it. Often gently curved, "
        "sometimes in a bow or a hook. It may be so faint that you notice it only at the second look. Several dashes "
        "in a row can be one asteroid.",
        "It is not sharper than the stars (that is a cosmic ray), does not cross the whole image (a satellite), and "
        "does not end at a bright star (its rays).",
        (
            Shown("trail-1", "A clear, curved line below a bright star", "Clear and gently curved"),
            Shown("trail-2", "A straight, soft line from lower left to upper right", "Some are nearly straight"),
            Shown("trail-3", "A faint line that runs across a spiral galaxy", "Faint, in front of a galaxy"),
            Shown("trail-4", "A very faint, slightly curved line", "Very faint: look twice"),
        ),
    ),
    Entry(
        "Satellite",
        "No",
        "A line that runs straight through the image, from border to border. Broad and blurred when the satellite was "
        "near, thin when it was far away; some flicker, because they tumble.",
        "It is not an asteroid: a satellite flies through Hubble's view in less than a second, so we "
        "never see where it "
        "begins or ends.",
        (
            Shown("satellite-1", "A broad bright band across the whole image", "Near, and out of focus"),
            Shown("satellite-2", "A thin straight line from border to border", "Far away, thin"),
            Shown("satellite-3", "A soft straight line across a corner of the image", "Across a corner"),
        ),
    ),
    Entry(
        "Cosmic ray",
        "No",
        "Specks and short scratches, razor-sharp, often one pixel wide. Some are bent or curl up. There are usually "
        "many in one image, in all directions.",
        "It is not an asteroid: zoom in and compare it with the stars. Nothing in the sky can look "
        "sharper than a star, "
        "but particles hit the camera itself.",
        (
            Shown("cosmic-ray-1", "A sharp, broken line among many specks", "A long, sharp scratch"),
            Shown("cosmic-ray-2", "A sharp line curled up like a thread", "Curled up"),
            Shown("cosmic-ray-3", "A sharp, slightly bent line among many specks", "Bent, but far too sharp"),
        ),
    ),
    Entry(
        "Diffraction spike",
        "No",
        "Straight rays that start at a bright star, four of them in a cross. The brighter the star, the "
        "longer they are; "
        "the telescope itself makes them.",
        "It is not an asteroid, even when the star lies outside the image and only its rays reach in: follow the line, "
        "and look for a second one that meets it.",
        (
            Shown("spike-1", "A bright star with four long rays", "The typical cross"),
            Shown("spike-2", "A bright star whose thin rays fade slowly", "Long, thin rays"),
            Shown(
                "spike-3",
                "Two straight lines that come in from the right border and move apart",
                "The star is outside, to the right",
            ),
        ),
    ),
    Entry(
        "Gravitational arc",
        "No",
        "A soft bow around a galaxy: the light of another galaxy far behind it, bent by gravity. Wider in the middle, "
        "thin at the ends.",
        "It is not an asteroid: the bow has the galaxy as its centre. It is rare and precious, though. Answer No and "
        "tag it #gravitational_lens in Talk.",
        (
            Shown("arc-1", "A short bow to the left of a round galaxy", "Left of its galaxy"),
            Shown("arc-2", "A short bow below a round galaxy", "Below its galaxy"),
            Shown("arc-3", "A long bow to the upper right of a round galaxy", "A longer one, further out"),
        ),
    ),
    Entry(
        "Edge-on galaxy",
        "No",
        "A straight spindle, brightest in the middle and fading to both ends, often with a round bulge or a dark "
        "line along it. It is a disc of stars seen from its edge.",
        "It is not an asteroid: a trail is as bright at its ends as in its middle, and as thin.",
        (
            Shown("edge-on-1", "A spindle with a bright round middle", "With a bright bulge"),
            Shown("edge-on-2", "A thin, soft spindle", "Thin and soft"),
            Shown("edge-on-3", "A faint sliver that fades to both ends", "Faint: mind the fading ends"),
        ),
    ),
    Entry(
        "Jet",
        "No",
        "A straight, knotty line that starts at a bright point: matter shot out of the core of a galaxy. Rare.",
        "It is not an asteroid: one of its ends is a bright dot, and its brightness changes along the line.",
        (
            Shown("jet-1", "A knotty line that ends at a bright point", "It starts at a bright point"),
            Shown("jet-2", "A straight line that leaves a bright point downwards", "Bright, then fading"),
            Shown("jet-3", "A short, knotty line beside a bright point", "A short one with knots"),
        ),
    ),
    Entry(
        "Artefact, ghost, hot column",
        "No",
        "What the camera or its mirrors made: an upright line one or two pixels wide (a hot column), pale rings or "
        "discs (ghosts of a bright star), a fan of light that comes in from the border, light that runs over up and "
        "down from a very bright star.",
        "It is not an asteroid: it runs exactly along the image's edges, or looks like a shape rather than a thin line "
        "of its own.",
        (
            Shown("artefact-1", "An exactly upright thin line", "Hot column"),
            Shown("artefact-2", "Two pale overlapping discs", "Ghosts of a bright star"),
            Shown("artefact-3", "A fan of soft streaks from the lower border", "Scattered light"),
            Shown("artefact-4", "A very bright star with a sharp upright line through it", "Light that runs over"),
        ),
    ),
    Entry(
        "Nothing",
        "No",
        "Stars, galaxies and specks, and no line. Most images are like this.",
        "It is not a lost vote: every image that certainly holds nothing saves the team a look at it.",
        (
            Shown("nothing-1", "A star and some galaxies", "A star and galaxies"),
            Shown("nothing-2", "Faint dots on a dark sky", "Only faint dots"),
            Shown("nothing-3", "Faint galaxies, and a star at the lower border", "A bright star at the border"),
        ),
    ),
)

CONTENT = Content("en", "Simulated image", STEPS, GUIDE)
