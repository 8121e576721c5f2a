"""A certificate to print, and an address at which anybody can see that its numbers are this site's.

The address itself carries what the certificate says, signed; nothing is stored. It ends with the account's name:
after a person left, nobody sees it any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core import signing

from accounts.models import Volunteer
from classify.statistics import today
from hunter.people import Numbers, projects_of

SALT = "hunter.certificate"
LONGEST_NAME = 60
LONGEST_TOKEN = 2000


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says."""

    name: str
    classifications: int
    minutes: int
    discoveries: int
    first: date
    last: date
    projects: str
    issued: date

    @property
    def hours(self) -> float:
        return self.minutes / 60


def certificate_for(volunteer: Volunteer, numbers: Numbers, discoveries: int, name: str) -> Certificate | None:
    """The certificate of what a person has done until now; None before the first answer."""
    if numbers.first is None or numbers.last is None:
        return None
    return Certificate(
        name=name_cleaned(name),
        classifications=numbers.classifications,
        minutes=numbers.minutes,
        discoveries=discoveries,
        first=numbers.first,
        last=numbers.last,
        projects=", ".join(projects_of(volunteer)),
        issued=today(),
    )


def name_cleaned(name: str) -> str:
    """A name on one line, without characters that do not show or turn the writing around."""
    return "".join(character for character in " ".join(name.split()) if character.isprintable())[:LONGEST_NAME].strip()


def certificate_token(certificate: Certificate, volunteer: Volunteer) -> str:
    """What an address needs to show the certificate."""
    said = [
        volunteer.pk, volunteer.user_id, certificate.name, certificate.classifications, certificate.minutes,
        certificate.discoveries, certificate.first.isoformat(), certificate.last.isoformat(), certificate.projects,
        certificate.issued.isoformat(),
    ]  # fmt: skip
    return signing.dumps(said, salt=SALT, compress=True)


def certificate_of(token: str) -> Certificate | None:
    """The certificate behind a token; None when this site did not sign it, or its person has left."""
    if len(token) > LONGEST_TOKEN:
        return None
    try:
        said: list[Any] = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    volunteer_pk, user_pk, name, classifications, minutes, discoveries, first, last, projects, issued = said
    volunteer = Volunteer.objects.filter(pk=volunteer_pk).first()
    if volunteer is None or (user_pk is not None and volunteer.user_id != user_pk):
        return None
    days = (date.fromisoformat(day) for day in (first, last, issued))
    first_day, last_day, issued_day = days
    return Certificate(name, classifications, minutes, discoveries, first_day, last_day, projects, issued_day)
