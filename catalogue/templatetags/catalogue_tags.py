"""What the catalogue's templates need: how places on the sky are written, the classes."""

from __future__ import annotations

from django import template

from catalogue.models import TrailClass

register = template.Library()


@register.filter
def ra_hms(ra_deg: float) -> str:
    """Right ascension in hours, minutes and seconds, to 0.01 s: ``10h 00m 28.80s``."""
    hundredths = round(ra_deg % 360 * 24_000) % 8_640_000
    hours, rest = divmod(hundredths, 360_000)
    minutes, seconds = divmod(rest, 6_000)
    return f"{hours:02d}h {minutes:02d}m {seconds / 100:05.2f}s"


@register.filter
def dec_dms(dec_deg: float) -> str:
    """Declination in degrees, minutes and seconds, to 0.1″: ``+02° 12′ 21.4″``."""
    tenths = round(abs(dec_deg) * 36_000)
    degrees, rest = divmod(tenths, 36_000)
    minutes, seconds = divmod(rest, 600)
    sign = "−" if dec_deg < 0 and tenths else "+"
    return f"{sign}{degrees:02d}° {minutes:02d}′ {seconds / 10:04.1f}″"


@register.filter
def percent(share: float) -> str:
    """A share as a whole percentage."""
    return f"{100 * share:.0f}\N{NO-BREAK SPACE}%"


@register.simple_tag
def trail_classes() -> list[tuple[str, str]]:
    """The classes of candidates, for pages of other rooms."""
    return [(str(value), str(label)) for value, label in TrailClass.choices]


@register.simple_tag
def class_guess(tag: str) -> str:
    """The class that a hashtag most likely means, for a list to begin with."""
    words = {"lens": "arc", "arc": "arc", "ring": "arc", "satellite": "satellite", "asteroid": "asteroid"}
    return str(next((found for word, found in words.items() if word in tag), TrailClass.OTHER))
