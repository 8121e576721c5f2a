"""The Minor Planet Center's packed designations and dates, unpacked.

https://minorplanetcenter.net/iau/info/PackedDes.html, PackedDates.html
"""

from __future__ import annotations

import re
import string

from sky.times import mjd_from_calendar

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
_PROVISIONAL = re.compile(r"([I-L])(\d\d)([A-HJ-Y])([0-9A-Za-z])(\d)([A-HJ-Z])")
_SURVEY = re.compile(r"(PL|T1|T2|T3)S(\d{4})")
_EXTENDED = re.compile(r"_([A-Z])([A-HJ-Y])([0-9A-Za-z]{4})")
_PERMANENT = re.compile(r"\d+[IPD]?")
_WITH_NUMBER = re.compile(r"\((\d+)\).*|(\d+) (?=[A-Z][a-z]|').*")
_PROVISIONAL_WRITTEN = re.compile(r"\d{4} [A-HJ-Y][A-HJ-Z]\d*|\d{4} (P-L|T-[123])|[ADCPX]/\d{4} [A-Z]{1,2}\d*(-[A-Z])?")
_BEFORE_1925 = re.compile(r"1(8\d\d|90\d|91\d|92[0-4]) [A-HJ-Y][A-HJ-Z]")
_EPOCH = re.compile(r"([I-L])(\d\d)([1-9A-C])([1-9A-V])")
_CENTURY = {"I": 1800, "J": 1900, "K": 2000, "L": 2100}
_SURVEY_NAME = {"PL": "P-L", "T1": "T-1", "T2": "T-2", "T3": "T-3"}
_CYCLE = 25
_FIRST_EXTENDED = 620 * _CYCLE
_FIRST_TILDE = 620_000


def designation_unpacked(packed: str) -> str:
    """A designation as people write it: ``00001`` → ``1``, ``K10T07K`` → ``2010 TK7``; others stay as they are."""
    text = packed.strip()
    if found := _PROVISIONAL.fullmatch(text):
        century, year, half, tens, ones, letter = found.groups()
        cycle = 10 * _BASE62.index(tens) + int(ones)
        return f"{_CENTURY[century] + int(year)} {half}{letter}{cycle or ''}"
    if found := _SURVEY.fullmatch(text):
        return f"{int(found[2])} {_SURVEY_NAME[found[1]]}"
    if found := _EXTENDED.fullmatch(text):
        order = _FIRST_EXTENDED + _base62(found[3])
        return f"{2000 + _BASE62.index(found[1])} {found[2]}{_LETTERS[order % _CYCLE]}{order // _CYCLE}"
    if text.isdigit():
        return str(int(text))
    if re.fullmatch(r"~[0-9A-Za-z]{4}", text):
        return str(_FIRST_TILDE + _base62(text[1:]))
    if re.fullmatch(r"[A-Za-z]\d{4}", text):
        return str(10_000 * _BASE62.index(text[0]) + int(text[1:]))
    return text


def ades_identifiers(designation: str) -> tuple[str, str]:
    """The ``permID`` and ``provID`` of the Center's exchange format for a designation; empty what it does not give.

    ``00001`` and ``(1) Ceres`` give ``1``, ``K10T07K`` gives ``2010 TK7``. A numbered object has no ``provID`` there.
    """
    text = designation_unpacked(" ".join(designation.split()))
    if _PROVISIONAL_WRITTEN.fullmatch(text):
        old = _BEFORE_1925.fullmatch(text)  # for 1903 the format writes A903
        return "", f"A{text[1:]}" if old else text
    if _PERMANENT.fullmatch(text):
        return text, ""
    if found := _WITH_NUMBER.fullmatch(text):
        return found[1] or found[2], ""
    return "", ""


def epoch_unpacked(packed: str) -> float:
    """MJD of a packed date: ``K25BL`` is 21 November 2025.

    Raises
    ------
    ValueError
        This is no packed date.
    """
    found = _EPOCH.fullmatch(packed.strip())
    if found is None:
        raise ValueError(f"{packed!r} is no packed date such as K25BL.")
    century, year, month, day = found.groups()
    return mjd_from_calendar(_CENTURY[century] + int(year), _BASE62.index(month), _BASE62.index(day))


def _base62(text: str) -> int:
    value = 0
    for digit in text:
        value = 62 * value + _BASE62.index(digit)
    return value
