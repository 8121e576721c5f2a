"""What is known of a candidate's trail: the measurement and the fit that hold, and the objects it may be."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, User
from catalogue.distances import distance_newest
from catalogue.identifying import catalogue_is_stale
from catalogue.measuring import measurement_newest
from catalogue.models import Candidate, DistanceFit, ObjectCheck, ObjectMatch, TrailMeasurement


@dataclass(frozen=True, slots=True)
class Science:
    """For the page where the team decides."""

    measurement: TrailMeasurement | None = None
    distance: DistanceFit | None = None
    check: ObjectCheck | None = None
    matches: list[ObjectMatch] = field(default_factory=list)

    @property
    def is_stale(self) -> bool:
        """Whether the orbit catalogue was old when it was looked into."""
        return self.check is not None and catalogue_is_stale(self.check)


def science_of(candidate: Candidate) -> Science:
    """The newest of each."""
    return Science(
        measurement=measurement_newest(candidate),
        distance=distance_newest(candidate),
        check=candidate.object_checks.order_by("-id").first(),
        matches=list(candidate.matches.select_related("decided_by").order_by("rank")),
    )


def match_decide(*, match: ObjectMatch, by: User, state: str, note: str = "") -> ObjectMatch:
    """Say that a known object made the trail, that it did not, or that it is open again. The history keeps it.

    Raises
    ------
    ValidationError
        ``by`` is no scientist, the state is unknown, or another object is accepted already.
    """
    if not by.has_role(Role.SCIENTIST):
        raise ValidationError(_("Only scientists can identify objects."))
    if state not in ObjectMatch.State.values:
        raise ValidationError(_("An object is accepted, rejected or proposed."))
    try:
        with transaction.atomic():
            locked = ObjectMatch.objects.select_for_update(no_key=True).get(pk=match.pk)
            locked.state, locked.note = state, note[:1000]
            locked.decided_by, locked.decided_at = by, timezone.now()
            locked.save(update_fields=["state", "note", "decided_by", "decided_at"])
    except IntegrityError as error:
        raise ValidationError(_("Another object is accepted for this trail; reject that one first.")) from error
    return locked
