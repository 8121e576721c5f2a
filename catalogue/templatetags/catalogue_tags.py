"""How places on the sky are written."""

from __future__ import annotations

from django import template

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
