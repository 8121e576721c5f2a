"""From a hashtag to candidates: the team takes tagged subjects over into the queue, as candidates of a class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Prefetch
from django.utils.translation import gettext as _

from accounts.models import User
from archive.tiling import Box
from catalogue.locating import place_of_box
from catalogue.models import Candidate, CandidateSubject, TagOrigin, TrailClass
from classify.models import Subject
from talk.models import Comment, Tag, TaggedSubject, TagUse

MOST = 500
"""How many subjects one action takes over; the next action goes on with the rest."""
COMMENTS_SHOWN = 30
TRAILS = (TrailClass.ASTEROID, TrailClass.SATELLITE)
"""What votes and models find, too: a candidate that they made of the same tile is the same thing."""


@dataclass(frozen=True)
class TakenOver:
    """What became of the subjects: new candidates, known ones, and those without an image, which have no place."""

    made: int
    known: int
    without_image: int


@dataclass(frozen=True)
class Evidence:
    """Why a candidate is one: the tag, who gave it, what they wrote."""

    origin: TagOrigin
    comments: list[Comment]


@transaction.atomic
def candidates_from_tag(*, tag: Tag, subject_ids: Sequence[int], trail_class: str, by: User) -> TakenOver:
    """Make candidates of a class out of subjects with a tag. Safe twice: a subject and a class are one candidate.

    Raises
    ------
    ValidationError
        The class is unknown, or there are more than ``MOST`` subjects.
    """
    if trail_class not in TrailClass.values:
        raise ValidationError({"trail_class": _("Choose a class.")})
    if len(subject_ids) > MOST:
        raise ValidationError({"subjects": _("At most %(most)d images at a time.") % {"most": MOST}})
    # Locked in one order: of two who press at once, the second finds the candidates of the first.
    subjects = list(Subject.objects.select_for_update(no_key=True).filter(pk__in=subject_ids).order_by("pk"))
    tagged = {row.subject_id: row for row in TaggedSubject.objects.filter(tag=tag, subject__in=subjects)}
    placed = _with_places([one for one in subjects if one.pk in tagged])
    there = {row.subject_id: row for row in TagOrigin.objects.filter(subject__in=placed, trail_class=trail_class)}
    known = _found_otherwise(placed, trail_class)
    new = [one for one in placed if one.pk not in there and one.pk not in known]
    made = {one.pk: _candidate(one, trail_class) for one in new}
    Candidate.objects.bulk_create(made.values())
    CandidateSubject.objects.bulk_create(CandidateSubject(candidate=row, subject_id=pk) for pk, row in made.items())
    TagOrigin.objects.bulk_create(
        TagOrigin(
            candidate_id=known[one.pk] if one.pk in known else made[one.pk].pk,
            subject=one,
            trail_class=trail_class,
            tag=tag,
            people_count=max(tagged[one.pk].people_count, 1),  # people who left count as one
            comments_count=tagged[one.pk].uses_count,
            by=by,
        )
        for one in placed
        if one.pk not in there
    )
    return TakenOver(made=len(made), known=len(placed) - len(made), without_image=len(tagged) - len(placed))


def _with_places(subjects: list[Subject]) -> list[Subject]:
    """Those of the subjects that show a cutout, with it."""
    rows = Subject.objects.select_related("cutout__exposure").filter(pk__in=[one.pk for one in subjects])
    return list(rows.exclude(cutout=None).order_by("pk"))


def _found_otherwise(subjects: list[Subject], trail_class: str) -> dict[int, UUID]:
    """Subjects whose tile votes or a model made a candidate of that is, or may be, of this class."""
    if trail_class not in TRAILS:
        return {}
    rows = CandidateSubject.objects.filter(subject__in=subjects, candidate__trail_class__in=["", trail_class])
    return dict(rows.order_by("-candidate__created_at").values_list("subject_id", "candidate_id"))


def _candidate(subject: Subject, trail_class: str) -> Candidate:
    cutout = subject.cutout
    assert cutout is not None
    box = Box(cutout.x0, cutout.y0, cutout.width, cutout.height)
    place = place_of_box(box, cutout.ra_deg, cutout.dec_deg, cutout.exposure.pixel_scale_arcsec)
    values = asdict(place) | {"curve": []}
    return Candidate(exposure=cutout.exposure, source=Candidate.Source.TALK, trail_class=trail_class, **values)


def evidence_of(candidate: Candidate) -> list[Evidence]:
    """The tags a candidate came from, each with the newest comments that give the subject the tag."""
    uses = TagUse.objects.select_related("comment__author").order_by("-comment_id")
    found = []
    for origin in candidate.tag_origins.select_related("tag__merged_into", "by").order_by("pk"):
        meant = origin.tag.merged_into or origin.tag
        rows = uses.filter(subject=origin.subject_id, tag=meant)[:COMMENTS_SHOWN]
        found.append(Evidence(origin, [use.comment for use in rows][::-1]))
    return found


def origins_first() -> Prefetch[str]:
    """What to prefetch where candidates are listed with their tags: their origins, each with ``tag_name``."""
    return Prefetch("tag_origins", TagOrigin.objects.annotate(tag_name=F("tag__name")).order_by("pk"))


def trails_among(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Without what a hashtag made a candidate of and is no trail: a trail in the same tile is another thing."""
    return [row for row in candidates if row.source != Candidate.Source.TALK or row.trail_class in (*TRAILS, "")]
