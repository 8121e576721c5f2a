"""Reports by everybody; the queue, its decisions and the log for moderators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import account_of, role_required, signed_in
from accounts.models import Role, User
from talk import moderation, moderation_selectors, services
from talk.access import comment_for, discussion_for
from talk.discussions import discussion_hide, discussion_lock, discussion_move, discussion_stick
from talk.errors import Refused
from talk.forms import DeletionForm, ReportForm
from talk.links import discussion_address
from talk.locks import report_hold
from talk.models import Discussion, Report
from talk.moderation_forms import LASTS, DiscussionActForm, PersonForm, ReportDecisionForm
from talk.standing import may_write
from talk.views.paging import number_of


@signed_in
@require_http_methods(["GET", "POST"])
def comment_report(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what is wrong with a comment."""
    found = comment_for(request.user, pk)
    form = ReportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            moderation.report_make(by=account_of(request), comment=found, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("Thank you. Moderators will look at it."))
            return redirect("talk:comment", pk=pk)
    status = 422 if form.errors else 200
    return render(request, "talk/comment_report.html", {"comment": found, "form": form}, status=status)


@role_required(Role.MODERATOR)
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """What people reported: to be looked at, being watched, or closed (``?state=``)."""
    state = request.GET.get("state", Report.State.OPEN)
    if state not in Report.State.values:
        raise Http404
    page = moderation_selectors.cases(request.user, state=state, before=number_of(request, "before"))
    context = {"page": page, "state": state, "states": Report.State.choices}
    return render(request, "talk/moderation/queue.html", context)


@role_required(Role.MODERATOR)
@require_http_methods(["GET", "POST"])
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """A reported comment or message, who says what about it, and what to do."""
    found = moderation_selectors.report_for(request.user, pk)
    form = ReportDecisionForm(request.POST or None, about_message=found.comment is None)
    if request.method == "POST" and form.is_valid():
        try:
            seen, then = request.POST.get("seen", found.state), request.POST.get("then", "close")
            decided = _decide(account_of(request), found, form.cleaned_data, seen, then)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            if not decided:
                return redirect("talk:report", pk=pk)  # which says by whom it was
            messages.success(request, _("Done, and written down."))
            return redirect("talk:moderation")
    author = (found.comment or found.message).author  # type: ignore[union-attr]
    context = {
        "report": found,
        "reports": moderation_selectors.reports_of_same(found),
        "author": author,
        "writes": author is not None and may_write(author),
        "form": form,
    }
    return render(request, "talk/moderation/report.html", context, status=422 if form.errors else 200)


@transaction.atomic
def _decide(by: User, report: Report, data: dict[str, Any], seen: str, then: str) -> bool:
    """All that was ticked, then the report closed or watched; or nothing of it.

    Sent twice, or after another moderator decided, it does nothing and says so: ``seen`` is the state that the page
    showed.
    """
    held = report_hold(report)
    if held.state == Report.State.CLOSED or held.state != seen:
        return False
    author = (report.comment or report.message).author  # type: ignore[union-attr]
    why, acts = data["why"], data["acts"]
    if "warn" in acts and author is not None:
        moderation.person_warn(person=author, by=by, why=why, report=report)
    if "suspend" in acts and author is not None:
        moderation.person_suspend(person=author, by=by, why=why, lasts=LASTS[data["lasts"]][1], report=report)
    if report.comment is not None and "lock" in acts:
        discussion_lock(discussion=report.comment.discussion, by=by, why=why)
    if report.comment is not None and "hide" in acts:
        services.comment_delete(comment=report.comment, by=by, why=why)
    state = Report.State.WATCHED if then == "watch" else Report.State.CLOSED
    moderation.reports_decide(report=report, by=by, state=state, why=why)
    return True


@role_required(Role.MODERATOR)
@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """What moderators did, and why; of all, or about one person (``?person=``)."""
    person = None
    if name := request.GET.get("person", ""):
        person = get_object_or_404(User, username=name)
    page = moderation_selectors.acts(request.user, person=person, before=number_of(request, "before"))
    return render(request, "talk/moderation/log.html", {"page": page, "person": person})


@role_required(Role.MODERATOR)
@require_http_methods(["GET", "POST"])
def person(request: HttpRequest, username: str) -> HttpResponse:
    """A person as moderators see them; warn, suspend, end a suspension."""
    standing = moderation_selectors.standing_of(request.user, username)
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            _act_on_person(standing.person, account_of(request), form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("Done, and written down."))
            return redirect("talk:moderation_person", username=username)
    context = {"standing": standing, "form": form}
    return render(request, "talk/moderation/person.html", context, status=422 if form.errors else 200)


def _act_on_person(person: User, by: User, data: dict[str, Any]) -> None:
    if data["act"] == "suspend":
        moderation.person_suspend(person=person, by=by, why=data["why"], lasts=LASTS[data["lasts"]][1])
    elif data["act"] == "warn":
        moderation.person_warn(person=person, by=by, why=data["why"])
    else:
        moderation.person_lift(person=person, by=by, why=data["why"])


@role_required(Role.MODERATOR)
@require_http_methods(["GET", "POST"])
def discussion(request: HttpRequest, pk: int) -> HttpResponse:
    """Close, keep on top, hide or move a discussion, and why."""
    found = discussion_for(request.user, pk)
    form = DiscussionActForm(request.POST or None, by=account_of(request), initial={"board": found.board_id})
    if request.method == "POST" and form.is_valid():
        try:
            _act(found, account_of(request), form.cleaned_data)
        except Refused as refusal:
            form.add_error("why" if refusal.code == "why" else None, refusal.message)
        else:
            messages.success(request, _("Done, and written down."))
            return redirect(discussion_address(found))
    context = {"discussion": found, "address": discussion_address(found), "form": form}
    return render(request, "talk/moderation/discussion.html", context, status=422 if form.errors else 200)


def _act(discussion: Discussion, by: User, data: dict[str, Any]) -> None:
    given = {"discussion": discussion, "by": by, "why": data["why"]}
    acts: dict[str, Callable[[], Discussion]] = {
        "lock": lambda: discussion_lock(**given, locked=True),
        "unlock": lambda: discussion_lock(**given, locked=False),
        "stick": lambda: discussion_stick(**given, sticky=True),
        "unstick": lambda: discussion_stick(**given, sticky=False),
        "hide": lambda: discussion_hide(**given, hidden=True),
        "show": lambda: discussion_hide(**given, hidden=False),
        "move": lambda: discussion_move(**given, board=data["board"]),
    }
    acts[data["act"]]()


@role_required(Role.MODERATOR)
@require_http_methods(["GET", "POST"])
def comment_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a comment again that a moderator hid."""
    found = comment_for(request.user, pk, with_deleted=True)
    form = DeletionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.comment_restore(comment=found, by=account_of(request), why=form.cleaned_data["why"])
        except Refused as refusal:
            form.add_error("why", refusal.message)
        else:
            messages.success(request, _("The comment is shown again."))
            return redirect("talk:comment", pk=pk)
    status = 422 if form.errors else 200
    return render(request, "talk/moderation/comment_restore.html", {"comment": found, "form": form}, status=status)
