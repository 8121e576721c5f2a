"""Pictures that scientists upload: what is refused, what is kept of them, and how they are served."""

from __future__ import annotations

import io
import random
import struct
import zlib

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from PIL import Image

from classify import pictures
from classify.models import Picture, Project
from classify.pictures import picture_bytes, picture_create


@pytest.fixture
def project(db):
    return Project.objects.create(slug="p", name="P")


def picture(form: str = "PNG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **how) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, 0).save(buffer, form, **how)
    return buffer.getvalue()


def opened(made: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture_bytes(made)))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_it_keeps_a_picture_as_webp_with_its_size_and_texts(project, form):
    made = picture_create(project=project, data=picture(form), alt=" A trail ", credit="ESA/Hubble")
    kept = opened(made)
    assert (kept.format, kept.size) == ("WEBP", (60, 40))
    assert (made.width, made.height, made.alt, made.credit) == (60, 40, "A trail", "ESA/Hubble")


def test_a_wide_picture_is_made_narrower_and_a_small_one_is_left(project):
    wide = picture_create(project=project, data=picture(size=(3000, 1500)), alt="")
    assert opened(wide).size == (wide.width, wide.height) == (1200, 600)


def test_a_picture_taken_sideways_stands_upright_and_says_nothing_of_where_it_was_taken(project):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x010E] = "at home"
    made = picture_create(project=project, data=picture("JPEG", size=(80, 40), exif=exif), alt="")
    kept = opened(made)
    assert kept.size == (40, 80)
    assert not kept.getexif()
    assert b"at home" not in (picture_bytes(made) or b"")


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "I;16"])
def test_it_takes_every_kind_of_pixel(project, mode):
    assert picture_create(project=project, data=picture(mode=mode), alt="").pk


def test_sixteen_bits_of_grey_keep_their_shades(project):
    buffer = io.BytesIO()
    Image.frombytes("I;16", (64, 1), struct.pack("<64H", *range(0, 64 * 1024, 1024))).resize((64, 8)).save(
        buffer, "PNG"
    )
    shades = opened(picture_create(project=project, data=buffer.getvalue(), alt="")).convert("L")
    assert shades.getpixel((2, 4)) < 40
    assert 100 < shades.getpixel((32, 4)) < 160


def test_a_bomb_is_refused_before_it_is_unpacked(project):
    """Its header says 60,000 x 60,000 pixels; a decoder that believed it would take 10 GB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")
    )
    with pytest.raises(ValidationError, match="million pixels"):
        picture_create(project=project, data=bomb, alt="")
    with pytest.raises(ValidationError, match="million pixels"):
        picture_create(project=project, data=picture(size=(9000, 5000), mode="1"), alt="")
    assert not Picture.objects.exists()


@pytest.mark.parametrize(
    "data",
    [b"", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", picture("GIF"), picture()[:60], b"\x89PNG\r\n"],
)
def test_what_is_no_picture_of_ours_is_refused_in_words(project, data):
    with pytest.raises(ValidationError, match="PNG, JPEG or WebP"):
        picture_create(project=project, data=data, alt="")
    assert not Picture.objects.exists()


def test_damaged_files_are_refused_and_never_break(project):
    """Random bytes changed in good files: kept or refused, nothing else."""
    chance = random.Random(7)
    for form in ("PNG", "JPEG", "WEBP"):
        good = picture(form, size=(90, 70))
        for _ in range(60):
            bad = bytearray(good)
            for _ in range(chance.randint(1, 12)):
                bad[chance.randrange(len(bad))] = chance.randrange(256)
            try:
                picture_create(project=project, data=bytes(bad), alt="")
            except ValidationError as error:
                assert error.messages


def test_a_file_that_is_too_large_and_a_text_that_is_too_long_are_refused(project, monkeypatch):
    with pytest.raises(ValidationError):
        picture_create(project=project, data=picture(), alt="x" * 301)
    monkeypatch.setattr(pictures, "MOST_BYTES", 50)
    with pytest.raises(ValidationError, match="larger than"):
        picture_create(project=project, data=picture(), alt="")
    assert not Picture.objects.exists()


def test_it_is_served_to_everyone_for_ever_as_nothing_but_a_picture(project, client):
    made = picture_create(project=project, data=picture(), alt="")
    address = reverse("classify:picture", args=[made.public_id])
    answer = client.get(address)
    assert answer.content == picture_bytes(made)
    assert answer["Content-Type"] == "image/webp"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer["Cache-Control"]
    assert client.get(address, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert client.get(reverse("classify:picture", args=["nobody-knows"])).status_code == 404


def test_a_picture_whose_file_is_gone_is_not_found(project, client, settings):
    made = picture_create(project=project, data=picture(), alt="")
    (settings.MEDIA_ROOT / made.file).unlink()
    assert client.get(reverse("classify:picture", args=[made.public_id])).status_code == 404
