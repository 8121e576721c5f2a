"""Pages of Talk: everybody reads, people with an account write."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import account_of, public, role_required, signed_in
from accounts.models import Role
from classify.frames import subject_frames
from classify.models import Subject
from classify.selectors import subject_for_viewer
from talk import selectors, services
from talk.errors import NotYours, Refused
from talk.forms import CommentForm, DeletionForm
from talk.markdown import comment_html
from talk.models import Board, Comment

SUBJECTS = Subject.objects.select_related("cutout__exposure__observation")
COMMENTS = Comment.objects.select_related("author", "discussion__subject__cutout")


def _key(request: HttpRequest, name: str) -> int | None:
    """A paging key from the address; nonsense is no page, not an error of ours."""
    given = request.GET.get(name)
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= 18):
        raise Http404
    return int(given)


@public
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The front page of Talk: what was said last, in full, and what people talk about."""
    page = selectors.comments_recent(limit=10)
    context = {"page": page, "boards": selectors.boards(), "popular": selectors.tags_popular()}
    return render(request, "talk/index.html", context)


@public
@require_GET
def recent(request: HttpRequest) -> HttpResponse:
    """All comments, the newest first."""
    page = selectors.comments_recent(before=_key(request, "before"))
    return render(request, "talk/recent.html", {"page": page, "popular": selectors.tags_popular()})


@public
@require_GET
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """The conversations of a board, the liveliest first."""
    found = get_object_or_404(Board, slug=slug)
    page = selectors.board_discussions(found, before=moment_of(request.GET.get("before")))
    return render(request, "talk/board.html", {"board": found, "page": page, "popular": selectors.tags_popular()})


def moment_of(given: str | None) -> tuple[datetime, int] | None:
    """The paging key of a board: when and which."""
    if given is None:
        return None
    try:
        at, pk = given.split("_")
        return datetime.fromtimestamp(float(at), UTC), int(pk)
    except (ValueError, OverflowError, OSError):
        raise Http404 from None


@public
@require_GET
def tag(request: HttpRequest, name: str) -> HttpResponse:
    """Everything with a tag: the images as a contact sheet, and what was written."""
    found = selectors.tag_named(name)
    if found is None:
        raise Http404
    context = {
        "tag": found,
        "subjects": selectors.tag_subjects(found, before=_key(request, "subjects_before")),
        "page": selectors.tag_comments(found, before=_key(request, "before"), limit=10),
        "popular": selectors.tags_popular(),
        "current": {name: value for name, value in request.GET.items() if name in ("before", "subjects_before")},
    }
    return render(request, "talk/tag.html", context)


@public
@require_GET
def subject(request: HttpRequest, pk: int) -> HttpResponse:
    """A subject beside what people say about it."""
    return _subject_page(request, get_object_or_404(SUBJECTS, pk=pk), CommentForm())


@public
@require_GET
def cutout(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The way to the conversation for those who know only the image."""
    return redirect("talk:subject", pk=get_object_or_404(Subject, cutout__public_id=public_id).pk)


def _subject_page(request: HttpRequest, found: Subject, form: CommentForm, status: int = 200) -> HttpResponse:
    discussion = selectors.discussion_of(found)
    before = selectors.LATEST if request.GET.get("before") == selectors.LATEST else _key(request, "before")
    view = subject_for_viewer(found, in_classifier=False)
    context: dict[str, Any] = {
        "subject": found,
        "view": view | {"frames": subject_frames(view)},
        "discussion": discussion,
        "page": selectors.discussion_comments(discussion, after=_key(request, "after"), before=before),
        "tags": selectors.tags_popular(subject=found, limit=20),
        "popular": selectors.tags_popular(),
        "form": form,
    }
    return render(request, "talk/subject.html", context, status=status)


@signed_in
@require_POST
def comment_post(request: HttpRequest, pk: int) -> HttpResponse:
    """Post on a subject; what was typed comes back with the reason when it is refused."""
    found = get_object_or_404(SUBJECTS, pk=pk)
    form = CommentForm(request.POST)
    if form.is_valid():
        try:
            comment = services.comment_post(
                author=account_of(request), subject=found, body=form.cleaned_data["body"], key=form.cleaned_data["key"]
            )
        except Refused as refusal:
            form.add_error("body", refusal.message)
        else:
            return redirect(f"{reverse('talk:subject', args=[pk])}?before={selectors.LATEST}#comment-{comment.pk}")
    return _subject_page(request, found, form, status=422)


@public
@require_GET
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    """The lasting address of a comment: the page of its conversation that begins with it."""
    found = get_object_or_404(COMMENTS.filter(discussion__subject__isnull=False), pk=pk)
    where = reverse("talk:subject", args=[found.discussion.subject_id])
    return redirect(f"{where}?after={selectors.comment_position(found)}#comment-{found.pk}")


@signed_in
@require_http_methods(["GET", "POST"])
def comment_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one's own comment."""
    found = get_object_or_404(COMMENTS.filter(deleted_at=None), pk=pk)
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
@require_http_methods(["GET", "POST"])
def comment_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then delete: one's own comment, or anybody's for a moderator."""
    found = get_object_or_404(COMMENTS.filter(deleted_at=None), pk=pk)
    form = DeletionForm(request.POST if request.method == "POST" else None)
    if found.author_id != request.user.pk and not account_of(request).is_moderator:
        raise PermissionDenied(_("Only its author or a moderator can delete a comment."))
    if request.method == "POST" and form.is_valid():
        try:
            services.comment_delete(comment=found, by=account_of(request), why=form.cleaned_data["why"])
        except NotYours as refusal:
            raise PermissionDenied(refusal.message) from None
        messages.success(request, _("The comment was deleted."))
        return redirect("talk:comment", pk=pk)
    return render(request, "talk/comment_delete.html", {"comment": found, "form": form})


@role_required(Role.MODERATOR)
@require_POST
def discussion_lock(request: HttpRequest, pk: int) -> HttpResponse:
    """Close the conversation about a subject, or open it again."""
    found = get_object_or_404(Subject, pk=pk)
    locked = request.POST.get("locked") == "yes"
    services.discussion_lock(discussion=services.subject_discussion(found), by=account_of(request), locked=locked)
    messages.success(request, _("The conversation is closed.") if locked else _("The conversation is open again."))
    return redirect("talk:subject", pk=pk)


@signed_in
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """How a comment will look: rendered by the same code as the comment itself."""
    try:
        services.preview_count(account_of(request))
    except Refused as refusal:
        return render(request, "talk/_preview.html", {"refusal": refusal.message}, status=422)
    body = request.POST.get("body", "")[: services.MAX_CHARACTERS]
    return render(request, "talk/_preview.html", {"html": comment_html(body) if body.strip() else ""})
