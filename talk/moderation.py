"""People report, moderators decide. Every act is written down in the transaction that does it, with who and why."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from talk.access import may_read
from talk.acts import act_write, refuse_unless_below, refuse_unless_moderator
from talk.errors import Refused
from talk.limits import refuse_reports
from talk.locks import person_hold
from talk.models import Comment, Message, ModerationAct, Report, Suspension
from talk.notifying import report_notify
from talk.standing import refuse_suspended

Kind = ModerationAct.Kind
State = Report.State
TEXT_MAX = 500


@transaction.atomic
def report_make(
    *, by: User, reason: str, text: str = "", comment: Comment | None = None, message: Message | None = None
) -> Report:
    """Say that a comment or a private message should not stand. Safe to repeat: an open report is returned.

    Moderators are told of the first report of a thing; others join it in the queue.

    Raises
    ------
    Refused
        ``suspended``, ``own``, ``deleted``, ``too_fast``, ``reason`` (not one of the list) or ``not_yours`` (a comment
        or message that the person may not read).
    """
    by = person_hold(by)
    refuse_suspended(by)
    _refuse_report(by, comment, message)
    if reason not in Report.Reason.values:
        raise Refused("reason", _("Choose a reason."))
    same = Report.objects.filter(comment=comment, message=message).exclude(state=State.CLOSED)
    mine = same.filter(by=by).first()
    if mine is not None:
        return mine
    refuse_reports(by)
    is_first = not same.exists()
    text = text.replace("\x00", "").strip()[:TEXT_MAX]
    report = Report.objects.create(by=by, comment=comment, message=message, reason=reason, text=text)
    if is_first:
        report_notify(report)
    return report


def _refuse_report(by: User, comment: Comment | None, message: Message | None) -> None:
    if (comment is None) == (message is None):
        raise ValueError("Report either a comment or a message.")
    thing = comment or message
    assert thing is not None
    if thing.author_id == by.pk:
        raise Refused("own", _("This is your own; you can change or delete it instead."))
    if comment is not None and not may_read(by, comment.discussion):
        raise Refused("not_yours", _("You cannot read that."))
    if comment is not None and comment.deleted_at is not None:
        raise Refused("deleted", _("This comment was deleted already."))
    if message is not None and by.pk not in (message.conversation.first_id, message.conversation.second_id):
        raise Refused("not_yours", _("You cannot read that."))


@transaction.atomic
def reports_decide(*, report: Report, by: User, state: str, why: str = "") -> int:
    """Close a report, or watch it, with all others of the same thing; how many changed. Twice is once.

    Raises
    ------
    NotYours
        ``by`` is no moderator.
    """
    refuse_unless_moderator(by)
    same = Report.objects.filter(comment=report.comment_id, message=report.message_id).exclude(state=State.CLOSED)
    held = list(same.exclude(state=state).select_for_update(no_key=True).order_by("pk"))
    if not held:
        return 0
    closed = {"closed_by": by, "closed_at": timezone.now()} if state == State.CLOSED else {}
    Report.objects.filter(pk__in=[row.pk for row in held]).update(state=state, **closed)
    act_write(
        kind=Kind.CLOSE if state == State.CLOSED else Kind.WATCH,
        by=by,
        why=why,
        report=held[0],
        comment=report.comment,
        discussion=report.comment.discussion if report.comment else None,
        person=(report.comment or report.message).author,  # type: ignore[union-attr]
        details={"reports": [row.pk for row in held]},
    )
    return len(held)


@transaction.atomic
def person_warn(*, person: User, by: User, why: str, report: Report | None = None) -> ModerationAct:
    """Tell a person what they should not do. They read it as a word from the moderators.

    Raises
    ------
    Refused
        ``why``; ``NotYours`` when the person's role is not below the moderator's.
    """
    refuse_unless_below(by, person)
    return act_write(kind=Kind.WARN, by=by, why=why, person=person, report=report)


@transaction.atomic
def person_suspend(
    *, person: User, by: User, why: str, lasts: timedelta | None, report: Report | None = None
) -> Suspension:
    """Let a person write nothing in Talk for a time, or for good (``lasts=None``). They can still read and classify.

    A suspension that holds is replaced: there is one at a time.

    Raises
    ------
    Refused
        ``why``; ``NotYours`` when the person's role is not below the moderator's.
    """
    refuse_unless_below(by, person)
    person_hold(person)  # a post that is being written is finished or refused, never half
    until = timezone.now() + lasts if lasts is not None else None
    said = {"until": until.isoformat() if until else None}
    act = act_write(kind=Kind.SUSPEND, by=by, why=why, person=person, report=report, details=said)
    Suspension.objects.filter(person=person, lifted_at=None).update(lifted_at=timezone.now())
    return Suspension.objects.create(person=person, by=by, why=act.why, until=until)


@transaction.atomic
def person_lift(*, person: User, by: User, why: str) -> bool:
    """End a person's suspension before its time; False when none holds.

    Raises
    ------
    Refused
        ``why``; ``NotYours`` when the person's role is not below the moderator's.
    """
    refuse_unless_below(by, person)
    person_hold(person)
    lifted = Suspension.objects.filter(person=person, lifted_at=None).update(lifted_at=timezone.now())
    if lifted:
        act_write(kind=Kind.LIFT, by=by, why=why, person=person)
    return bool(lifted)
