"""What moderators look at: the queue of reports, what was done and why, a person's standing."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from accounts.models import User
from talk.access import Person, accesses_of, boards_readable, comments_readable, may_read
from talk.mentions import mentions_prefetch
from talk.models import Comment, ModerationAct, Report, Suspension
from talk.selectors import Page
from talk.standing import suspension_of

REPORTS_PER_PAGE = 20
ACTS_PER_PAGE = 50
NEWEST_OF_PERSON = 10
WITH_REPORT = (
    *("comment__author", "comment__discussion__board", "comment__discussion__subject__cutout"),
    *("message__author", "by", "closed_by"),
)


@dataclass(frozen=True)
class Case:
    """A reported thing, and all reports of it in the same state, the oldest first."""

    report: Report
    reports: list[Report]


def reports_readable(person: Person) -> QuerySet[Report]:
    """The reports that a moderator may look at: of messages, and of comments on boards that they may read."""
    readable = Q(comment=None) | Q(comment__discussion__board__read__in=accesses_of(person))
    return Report.objects.filter(readable).select_related(*WITH_REPORT)


def report_for(person: Person, pk: int) -> Report:
    """A report. Raises ``Http404`` when the person may not know of it."""
    found = reports_readable(person).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def cases(person: Person, *, state: str, before: int | None = None, limit: int = REPORTS_PER_PAGE) -> Page[Case]:
    """Reported things in a state, each once, the one reported first last."""
    rows = reports_readable(person).filter(state=state)
    same = Q(comment=OuterRef("comment")) | Q(message=OuterRef("message"))
    rows = rows.filter(~Exists(Report.objects.filter(same, state=state, pk__lt=OuterRef("pk"))))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: limit + 1])
    shown = found[:limit]
    about = Q(comment__in=[row.comment_id for row in shown if row.comment_id])
    about |= Q(message__in=[row.message_id for row in shown if row.message_id])
    others = list(Report.objects.filter(about, state=state).select_related("by").order_by("pk"))
    of_thing: dict[tuple[int | None, int | None], list[Report]] = {}
    for other in others:
        of_thing.setdefault((other.comment_id, other.message_id), []).append(other)
    # A report may have changed its state since the first query.
    made = [Case(row, of_thing.get((row.comment_id, row.message_id), [row])) for row in shown]
    return Page(made, after=str(found[limit - 1].pk) if len(found) > limit else None)


def reports_of_same(report: Report) -> list[Report]:
    """All reports of the thing that a report is about, the oldest first."""
    same = Report.objects.filter(comment=report.comment_id, message=report.message_id)
    return list(same.select_related("by", "closed_by").order_by("pk"))


@dataclass(frozen=True)
class Act:
    """What a moderator did; ``named`` says whether the reader may know where, and why."""

    act: ModerationAct
    named: bool


def acts(
    reader: Person, *, person: User | None = None, before: int | None = None, limit: int = ACTS_PER_PAGE
) -> Page[Act]:
    """What moderators did, the newest first; of all, or about one person."""
    rows = ModerationAct.objects.select_related(
        "by", "person", "tag", "comment", "discussion__board", "discussion__subject"
    )
    if person is not None:
        rows = rows.filter(person=person)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: limit + 1])
    boards = set()
    if any(act.kind == ModerationAct.Kind.BOARD for act in found):
        boards = set(boards_readable(reader).values_list("slug", flat=True))
    shown = [Act(act, _may_know(reader, act, boards)) for act in found[:limit]]
    return Page(shown, after=str(found[limit - 1].pk) if len(found) > limit else None)


def _may_know(reader: Person, act: ModerationAct, boards: set[str]) -> bool:
    if act.kind == ModerationAct.Kind.BOARD:
        return act.details.get("board") in boards
    return act.discussion is None or may_read(reader, act.discussion)


@dataclass(frozen=True)
class Standing:
    """What moderators see of a person: whether they may write, what was done about them, what they wrote last."""

    person: User
    suspension: Suspension | None
    acts: list[Act]
    comments: list[Comment]
    reports_open: int


def standing_of(moderator: Person, username: str) -> Standing:
    """A person's standing. Raises ``Http404`` when nobody has the name."""
    person = User.objects.filter(username=username).first()
    if person is None:
        raise Http404
    newest = comments_readable(moderator).filter(author=person).select_related("author", "discussion__subject__cutout")
    return Standing(
        person,
        suspension_of(person),
        acts(moderator, person=person, limit=NEWEST_OF_PERSON).rows,
        mentions_prefetch(list(newest.select_related("discussion__board").order_by("-pk")[:NEWEST_OF_PERSON])),
        Report.objects.filter(Q(comment__author=person) | Q(message__author=person), state=Report.State.OPEN).count(),
    )
