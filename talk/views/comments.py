"""Comments: post, change, delete, preview; and their lasting addresses."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import account_of, public, role_required, signed_in
from accounts.models import Role
from classify.models import Subject
from talk import limits, selectors, services
from talk.access import comment_for
from talk.discussions import discussion_lock as discussion_lock_set
from talk.errors import NotYours, Refused
from talk.forms import CommentForm, DeletionForm
from talk.markdown import comment_html
from talk.mentions import mention_links_of
from talk.views.subjects import SUBJECTS, subject_page


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
    return subject_page(request, found, form, status=422)


@public
@require_GET
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    """The lasting address of a comment: the page of its conversation that begins with it."""
    found = comment_for(request.user, pk, with_deleted=True)
    where = reverse("talk:subject", args=[found.discussion.subject_id])
    return redirect(f"{where}?after={selectors.comment_position(found)}#comment-{found.pk}")


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
@require_http_methods(["GET", "POST"])
def comment_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then delete: one's own comment, or anybody's for a moderator."""
    found = comment_for(request.user, pk)
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
    discussion_lock_set(
        discussion=services.subject_discussion(found),
        by=account_of(request),
        why=request.POST.get("why", "") or "-",
        locked=locked,
    )
    messages.success(request, _("The conversation is closed.") if locked else _("The conversation is open again."))
    return redirect("talk:subject", pk=pk)


@signed_in
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """How a comment will look: rendered by the same code as the comment itself."""
    try:
        limits.preview_count(account_of(request))
    except Refused as refusal:
        return render(request, "talk/_preview.html", {"refusal": refusal.message}, status=422)
    body = request.POST.get("body", "")[: limits.MAX_CHARACTERS]
    return render(
        request, "talk/_preview.html", {"html": comment_html(body, mention_links_of(body)) if body.strip() else ""}
    )
