"""Comments: post, answer, change, delete, like, preview; their history and their lasting addresses."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import account_of, public, signed_in
from talk import limits, selectors, services
from talk.access import comment_for, comments_readable, discussion_for
from talk.errors import NotYours, Refused
from talk.forms import CommentForm, DeletionForm
from talk.links import discussion_address
from talk.markdown import comment_html
from talk.mentions import mention_links_of
from talk.models import Comment
from talk.quoting import quote_of
from talk.upvoting import comment_upvote as upvote
from talk.views.boards import discussion_page
from talk.views.subjects import SUBJECTS, subject_page
from talk.views.thread import author_name


@signed_in
@require_POST
def comment_post(request: HttpRequest, pk: int) -> HttpResponse:
    """Post on a subject; what was typed comes back with the reason when it is refused."""
    found = get_object_or_404(SUBJECTS, pk=pk)
    form = CommentForm(request.POST)
    posted = _posted(request, form, subject=found)
    return redirect(_newest(posted)) if posted else subject_page(request, found, form, status=422)


@signed_in
@require_POST
def discussion_post(request: HttpRequest, pk: int) -> HttpResponse:
    """Post in a discussion; what was typed comes back with the reason when it is refused."""
    found = discussion_for(request.user, pk)
    form = CommentForm(request.POST)
    posted = _posted(request, form, discussion=found)
    if posted:
        return redirect(_newest(posted))
    if found.is_note:
        return subject_page(request, get_object_or_404(SUBJECTS, pk=found.subject_id), form, status=422)
    return discussion_page(request, found, form, status=422)


def _posted(request: HttpRequest, form: CommentForm, **where: Any) -> Comment | None:
    """The comment that a form posted; None with the reason in the form."""
    if not form.is_valid():
        return None
    data = form.cleaned_data
    answered = comments_readable(request.user).filter(pk=data["reply_to"] or 0).first()
    given: dict[str, Any] = {"body": data["body"], "key": data["key"], "reply_to": answered, **where}
    try:
        return services.comment_post(author=account_of(request), **given)
    except Refused as refusal:
        form.add_error("body", refusal.message)
        return None


def _newest(comment: Comment) -> str:
    return f"{discussion_address(comment.discussion)}?before={selectors.LATEST}#comment-{comment.pk}"


@public
@require_GET
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    """The lasting address of a comment: the page of its conversation that begins with it."""
    found = comment_for(request.user, pk, with_deleted=True)
    where = discussion_address(found.discussion)
    return redirect(f"{where}?after={selectors.comment_position(found)}#comment-{found.pk}")


@signed_in
@require_GET
def comment_quote(request: HttpRequest, pk: int) -> JsonResponse:
    """A comment as the beginning of an answer, for the page to put into the box."""
    found = comment_for(request.user, pk)
    name = author_name(found)
    return JsonResponse(
        {"id": found.pk, "quote": quote_of(name, found.body), "says": _("Your answer to %(name)s") % {"name": name}}
    )


@signed_in
@require_http_methods(["GET", "POST"])
def comment_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one's own comment."""
    found = comment_for(request.user, pk)
    if found.author_id != request.user.pk:
        raise PermissionDenied(_("Only the person who wrote a comment can change it."))
    form = CommentForm(request.POST if request.method == "POST" else None, initial={"body": found.body})
    if request.method == "POST" and form.is_valid():
        try:
            services.comment_edit(comment=found, editor=account_of(request), body=form.cleaned_data["body"])
        except Refused as refusal:
            form.add_error("body", refusal.message)
        else:
            return redirect("talk:comment", pk=pk)
    status = 422 if form.errors else 200
    return render(request, "talk/comment_edit.html", {"comment": found, "form": form}, status=status)


@signed_in
@require_GET
def comment_history(request: HttpRequest, pk: int) -> HttpResponse:
    """What a comment said before, for its author and moderators."""
    found = comment_for(request.user, pk, with_deleted=True)
    if found.author_id != request.user.pk and not account_of(request).is_moderator:
        raise PermissionDenied(_("Only its author and moderators see what a comment said before."))
    return render(request, "talk/comment_history.html", {"comment": found, "versions": selectors.versions_of(found)})


@signed_in
@require_http_methods(["GET", "POST"])
def comment_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then delete one's own comment, or hide anybody's as a moderator."""
    found = comment_for(request.user, pk)
    form = DeletionForm(request.POST if request.method == "POST" else None)
    if found.author_id != request.user.pk and not account_of(request).is_moderator:
        raise PermissionDenied(_("Only its author or a moderator can delete a comment."))
    if request.method == "POST" and form.is_valid():
        try:
            services.comment_delete(comment=found, by=account_of(request), why=form.cleaned_data["why"])
        except NotYours as refusal:
            raise PermissionDenied(refusal.message) from None
        except Refused as refusal:
            form.add_error("why", refusal.message)
        else:
            messages.success(request, _("The comment was deleted."))
            return redirect("talk:comment", pk=pk)
    status = 422 if form.errors else 200
    return render(request, "talk/comment_delete.html", {"comment": found, "form": form}, status=status)


@signed_in
@require_POST
def comment_upvote(request: HttpRequest, pk: int) -> HttpResponse:
    """Like a comment, or no longer (``up=no``); a page that asked by itself gets the button back."""
    found = comment_for(request.user, pk)
    up = request.POST.get("up") != "no"
    refusal = ""
    try:
        found.upvotes_count = upvote(comment=found, person=account_of(request), up=up).upvotes_count
    except Refused as refused:
        up, refusal = not up, refused.message
    if request.headers.get("HX-Request"):
        context = {"comment": found, "upvoted": up, "refusal": refusal}
        return render(request, "talk/_upvote.html", context, status=422 if refusal else 200)
    if refusal:
        messages.error(request, refusal)
    return redirect("talk:comment", pk=pk)


@signed_in
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """How a comment will look: rendered by the same code as the comment itself."""
    try:
        limits.preview_count(account_of(request))
    except Refused as refusal:
        return render(request, "talk/_preview.html", {"refusal": refusal.message}, status=422)
    body = request.POST.get("body", "")[: limits.MAX_CHARACTERS]
    html = comment_html(body, mention_links_of(body)) if body.strip() else ""
    return render(request, "talk/_preview.html", {"html": html})
