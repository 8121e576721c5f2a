"""Writes of the catalogue: candidates out of votes and scores, and what the team decides of them."""

from __future__ import annotations

import re

import pghistory
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Role, User
from catalogue.labels import labels_write
from catalogue.models import Candidate, Grade, TrailClass, Validation
from catalogue.opinions import Opinion, decided, opinions_now
from catalogue.refresh import candidates_look_again, candidates_refresh
from classify.consensus import subjects_close

__all__ = ["DecidedMeanwhile", "candidate_validate", "candidates_look_again", "candidates_refresh"]

NOTE_MAX = 1000
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
STATE_AFTER = {
    Validation.Verdict.ACCEPT: Candidate.State.ACCEPTED,
    Validation.Verdict.REJECT: Candidate.State.REJECTED,
    Validation.Verdict.REOPEN: Candidate.State.PENDING,
}


class DecidedMeanwhile(Exception):
    """Somebody else decided between a person's look and their decision; nothing was written."""

    def __init__(self, validation: Validation) -> None:
        self.validation = validation
        who, verdict = validation.by.public_name, validation.get_verdict_display()
        super().__init__(
            _("%(who)s decided meanwhile: %(verdict)s. Your decision was not saved; look again and decide anew.")
            % {"who": who, "verdict": verdict}
        )


@transaction.atomic
def candidate_validate(
    *,
    candidate: Candidate,
    by: User,
    verdict: str,
    trail_class: str,
    grade: str = "",
    note: str = "",
    seen: int | None = None,
) -> Validation:
    """Decide on a candidate. The decision is added to the others; none is overwritten.

    What is accepted may have a grade: how sure the team is. The verdict "reopen" (with no class) takes a decision
    back: it puts the candidate into the queue again. Where two opinions are needed the candidate stays pending until
    they agree, or a third decides.

    Safe to repeat: the same decision of the same person, sent again, is the first one. ``seen`` is the id of the
    last decision the person saw (0 for none); with it, a decision that came in between is never passed over.

    Raises
    ------
    ValidationError
        The verdict, the class or the grade is unknown, or they contradict each other.
    DecidedMeanwhile
        Somebody else decided after what ``seen`` says.
    """
    _check(verdict, trail_class, grade)
    locked = Candidate.objects.select_for_update(no_key=True).get(pk=candidate.pk)
    last = Validation.objects.filter(candidate=locked).select_related("by").order_by("-id").first()
    note = UNPRINTABLE.sub("", note.replace("\r\n", "\n")).strip()
    if len(note) > NOTE_MAX:
        raise ValidationError({"note": _("The note is longer than %(most)d characters.") % {"most": NOTE_MAX}})
    if before := _sent_before(locked, last, by, (verdict, trail_class, grade, note)):
        return before
    if last is not None and last.by_id != by.pk and seen is not None and last.pk != seen and not locked.is_blind:
        raise DecidedMeanwhile(last)
    if verdict == Validation.Verdict.REOPEN and locked.is_blind:
        # It would throw away, and show, what others said before this person has spoken.
        raise ValidationError({"verdict": _("This is open already: people are giving their opinions.")})
    with pghistory.context(user=by.pk, verdict=verdict):
        made = Validation.objects.create(
            candidate=locked, by=by, verdict=verdict, trail_class=trail_class, grade=grade, note=note
        )
        _settle(locked)
    if locked.state == Candidate.State.ACCEPTED:
        # From now on everybody may see it: nobody may vote on it any more.
        subjects_close(locked.links.values_list("subject_id", flat=True))
    labels_write(locked)
    candidate.refresh_from_db(fields=["state", "trail_class", "grade", "opinions_by", "updated_at"])
    return made


def _sent_before(
    locked: Candidate, last: Validation | None, by: User, what: tuple[str, str, str, str]
) -> Validation | None:
    """The same decision of the same person, if it is there: the last of all or, of independent ones, their own last."""
    if locked.verdicts_needed > 1 and by.pk in locked.opinions_by:
        last = Validation.objects.filter(candidate=locked, by=by).order_by("-id").first()
    if last is None or last.by_id != by.pk:
        return None
    return last if (last.verdict, last.trail_class, last.grade, last.note) == what else None


def outcome_of(said: Validation) -> tuple[str, str]:
    """State and class of a candidate that one decision alone leads to."""
    state = STATE_AFTER[Validation.Verdict(said.verdict)]
    return state, said.trail_class or _proposed(said.candidate)


def opinions_of(candidate: Candidate) -> list[Opinion]:
    """What each person says since the candidate was last open."""
    said = candidate.validations.order_by("id").values_list("by_id", "verdict", "trail_class", "grade")
    return opinions_now(Opinion(*row) for row in said)


def _settle(locked: Candidate) -> None:
    """Bring a candidate in line with the opinions of it. The caller holds its lock."""
    opinions = opinions_of(locked)
    verdict = decided(opinions, needed=locked.verdicts_needed)
    locked.state = STATE_AFTER[Validation.Verdict(verdict.verdict)] if verdict else Candidate.State.PENDING
    locked.trail_class = verdict.trail_class if verdict else _proposed(locked)
    locked.grade = verdict.grade if verdict else ""
    locked.opinions_by = [one.person for one in opinions]
    locked.save(update_fields=["state", "trail_class", "grade", "opinions_by", "updated_at"])


@transaction.atomic
def second_opinions_ask(*, candidates: QuerySet[Candidate], by: User, needed: int = 2) -> int:
    """Ask for two independent opinions of candidates that nobody has spoken on, or (1) for one again; how many.

    Raises
    ------
    ValidationError
        ``by`` is no scientist.
    """
    if not by.has_role(Role.SCIENTIST):
        raise ValidationError(_("Only scientists can ask for opinions."))
    open_ones = Candidate.objects.filter(pk__in=candidates.order_by().values("pk"), state=Candidate.State.PENDING)
    return open_ones.filter(opinions_by=[]).exclude(verdicts_needed=needed).update(verdicts_needed=needed)


def _proposed(candidate: Candidate) -> str:
    """The class that a candidate from Talk was made for; empty for all others."""
    if candidate.source != Candidate.Source.TALK:
        return ""
    return candidate.tag_origins.order_by("pk").values_list("trail_class", flat=True).first() or ""


def _check(verdict: str, trail_class: str, grade: str) -> None:
    if verdict not in Validation.Verdict.values:
        raise ValidationError({"verdict": _("A decision is one of: accept, reject, reopen.")})
    if grade and (grade not in Grade.values or verdict != Validation.Verdict.ACCEPT):
        raise ValidationError({"grade": _("A grade is A, B or C, and only for what is accepted.")})
    if verdict == Validation.Verdict.REOPEN:
        if trail_class:
            raise ValidationError({"trail_class": _("A reopened candidate has no class.")})
        return
    if trail_class not in TrailClass.values:
        raise ValidationError({"trail_class": _("Say what it is: choose a class.")})
    if verdict == Validation.Verdict.REJECT and trail_class == TrailClass.ASTEROID:
        raise ValidationError({"trail_class": _("Say what it is instead: a rejected candidate is no asteroid.")})
