"""An IVOA Simple Cone Search (Recommendation 1.03, 2008) over a release: parameters in, a VOTable out."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass

from astropy.io.votable.tree import Field, Info, Resource, TableElement, VOTableFile

from catalogue.columns import COUNT, REAL, SHORT, TRUTH
from catalogue.models import Release
from catalogue.releases.frozen import FrozenColumn
from catalogue.releases.reading import CONE_ROWS, rows_in_cone

CONTENT_TYPE = "application/x-votable+xml"
BRIEF = ("candidate_id", "class", "ra", "dec", "exposure_start_mjd", "mag", "designation")
"""Columns of VERB=1; 2 and 3 give all."""
OLD_UCDS = {"candidate_id": "ID_MAIN", "ra": "POS_EQ_RA_MAIN", "dec": "POS_EQ_DEC_MAIN"}
"""The recommendation asks for these three by the names of UCD1."""
TYPES = {REAL: "double", COUNT: "int", SHORT: "short", TRUTH: "boolean"}


class BadCone(ValueError):
    """The parameters say no cone; the message is for the person who asked."""


@dataclass(frozen=True, slots=True)
class Cone:
    """A circle on the sky, and how much is asked for."""

    ra_deg: float
    dec_deg: float
    radius_deg: float
    verbosity: int = 2


def cone_of(query: Mapping[str, str]) -> Cone:
    """Read RA, DEC, SR (degrees) and VERB; names in any case.

    Raises
    ------
    BadCone
        One is missing or out of range.
    """
    given = {name.upper(): value for name, value in query.items()}
    values = {}
    for name, low, high in (("RA", 0.0, 360.0), ("DEC", -90.0, 90.0), ("SR", 0.0, 180.0)):
        try:
            value = float(given[name])
        except KeyError:
            raise BadCone(f"{name} is missing: RA, DEC and SR are needed, in decimal degrees.") from None
        except ValueError:
            raise BadCone(f"{name} is no number.") from None
        if not (math.isfinite(value) and low <= value <= high):
            raise BadCone(f"{name} must lie between {low:g} and {high:g} degrees.")
        values[name] = value
    verbosity = given.get("VERB", "2")
    if verbosity not in ("1", "2", "3"):
        raise BadCone("VERB is 1, 2 or 3.")
    return Cone(values["RA"], values["DEC"], values["SR"], int(verbosity))


def cone_votable(release: Release, cone: Cone) -> bytes:
    """The rows within a cone, the nearest first, at most ``CONE_ROWS``; a radius of 0 gives the columns alone."""
    columns = [FrozenColumn(**column) for column in release.columns]
    if cone.verbosity == 1:
        columns = [column for column in columns if column.name in BRIEF]
    found = []
    if cone.radius_deg > 0:
        near = rows_in_cone(release, ra_deg=cone.ra_deg, dec_deg=cone.dec_deg, radius_deg=cone.radius_deg)
        found = [row.values for row in near[: CONE_ROWS + 1]]
    votable, table = _document(release)
    for column in columns:
        table.fields.append(_field(votable, column))
    table.create_arrays(min(len(found), CONE_ROWS))
    for index, values in enumerate(found[:CONE_ROWS]):
        table.array[index] = tuple(_value(values.get(column.name), column) for column in columns)
        table.array.mask[index] = tuple(values.get(column.name) is None for column in columns)
    if len(found) > CONE_ROWS:
        votable.resources[0].infos.append(
            Info(name="QUERY_STATUS", value="OVERFLOW", content=f"Only the nearest {CONE_ROWS} are here.")
        )
    return _xml(votable)


def error_votable(message: str) -> bytes:
    """What the recommendation gives instead of an answer: a table with nothing but the error."""
    votable = VOTableFile()
    votable.infos.append(Info(ID="Error", name="Error", value=message))
    return _xml(votable)


def _document(release: Release) -> tuple[VOTableFile, TableElement]:
    votable = VOTableFile()
    resource = Resource(type="results")
    votable.resources.append(resource)
    resource.infos.append(Info(name="QUERY_STATUS", value="OK"))
    for name, value in (("RELEASE", release.slug), ("ROWSHASH", release.sha256), ("CITATION", release.citation)):
        resource.infos.append(Info(name=name, value=" ".join(value.split())))
    table = TableElement(votable)
    table.description = release.title
    resource.tables.append(table)
    return votable, table


def _field(votable: VOTableFile, column: FrozenColumn) -> Field:
    kind = TYPES.get(column.kind)
    more = {"datatype": kind} if kind else {"datatype": "unicodeChar", "arraysize": "*"}
    if column.name == "candidate_id":
        more["datatype"] = "char"
    field = Field(votable, name=column.name, ucd=OLD_UCDS.get(column.name, column.ucd), **more)
    if column.unit:
        field.unit = column.unit
    field.description = column.description
    return field


def _value(value: object, column: FrozenColumn) -> object:
    if value is not None:
        return value
    return {REAL: math.nan, COUNT: 0, SHORT: 0, TRUTH: False}.get(column.kind, "")


def _xml(votable: VOTableFile) -> bytes:
    content = io.BytesIO()
    votable.to_xml(content)
    return content.getvalue()
