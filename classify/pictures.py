"""Pictures of the tutorial and the field guide: checked, written anew as WebP, kept below the media folder."""

from __future__ import annotations

import io
import warnings

from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from archive.storing import bytes_put
from classify.models import Picture, Project

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_BYTES = 10 * 1024**2
MOST_PIXELS = 40_000_000
"""What a picture may unpack to: 160 MB in memory. A file of 100 kB can hold a thousand times more."""
WIDEST_PX = 1200
TALLEST_PX = 4 * WIDEST_PX
QUALITY = 82


def picture_create(*, project: Project, data: bytes, alt: str, credit: str = "") -> Picture:
    """Keep a picture: at most `WIDEST_PX` wide, as WebP, without the camera's data on where and when it was taken.

    Raises
    ------
    ValidationError
        The data are no picture we take, or too much of one, or a text is too long; nothing was kept.
    """
    return picture_keep(project=project, encoded=picture_encoded(data), alt=alt, credit=credit)


def picture_keep(*, project: Project, encoded: Encoded, alt: str, credit: str = "") -> Picture:
    """Keep what `picture_encoded` made, or a WebP of our own.

    Raises
    ------
    ValidationError
        A text is too long; nothing was kept.
    """
    picture = Picture(
        project=project, alt=alt.strip(), credit=credit.strip(), width=encoded.width, height=encoded.height
    )
    picture.file = f"pictures/{picture.public_id}.webp"
    picture.full_clean()
    bytes_put(picture.file, encoded.data)
    picture.save()
    return picture


class Encoded:
    """A picture as it will be kept."""

    def __init__(self, data: bytes, size: tuple[int, int]) -> None:
        self.data = data
        self.width, self.height = size


def picture_encoded(data: bytes) -> Encoded:
    """The picture as WebP of at most `WIDEST_PX`, upright, with nothing but its pixels.

    Raises
    ------
    ValidationError
        It cannot be read, or is too large.
    """
    if len(data) > MOST_BYTES:
        raise ValidationError(
            _("The picture is larger than %d MB. Make it smaller and choose it again.") % (MOST_BYTES >> 20)
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is lower
            image = _upright(data)
    except (Image.DecompressionBombError, MemoryError):
        raise _too_many_pixels() from None
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError):
        # Whatever a damaged or hostile file makes the decoders raise.
        raise ValidationError(_("This is not a picture that can be read. Choose a PNG, JPEG or WebP file.")) from None
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY, method=4)
    return Encoded(buffer.getvalue(), image.size)


def _upright(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=FORMATS) as check:
        if check.width * check.height > MOST_PIXELS:
            raise _too_many_pixels()
        check.verify()
    # A verified image cannot be used any more: it is opened anew.
    with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
        opened.draft("RGB", (2 * WIDEST_PX, 2 * TALLEST_PX))  # JPEG unpacks to a smaller picture at once
        image = ImageOps.exif_transpose(opened)
        if image.mode.startswith("I"):  # 16 bits of grey, which would else be cut off at white
            image = image.point(lambda value: value / 256).convert("L")
        has_alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
        image = image.convert("RGBA" if has_alpha else "RGB")
    image.thumbnail((WIDEST_PX, TALLEST_PX), Image.Resampling.LANCZOS)
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    return bare


def _too_many_pixels() -> ValidationError:
    millions = MOST_PIXELS // 1_000_000
    return ValidationError(
        _("The picture has more than %d million pixels. Make it smaller and choose it again.") % millions
    )


def picture_bytes(picture: Picture) -> bytes | None:
    """What is kept of a picture; None when its file is gone."""
    try:
        with default_storage.open(picture.file, "rb") as stored:
            return stored.read()
    except FileNotFoundError:
        return None
