"""What Talk's templates need."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from accounts.models import Role, User
from talk.links import discussion_address
from talk.markdown import comment_html
from talk.mentions import mention_links
from talk.models import Comment, Discussion

register = template.Library()


@register.filter
def as_comment(comment: Comment) -> SafeString:
    """What a comment says, as safe HTML."""
    return comment_html(comment.body, mention_links(comment))


@register.filter
def is_team(author: User | None) -> bool:
    """Whether an author's role is shown beside their name."""
    return author is not None and author.left_at is None and author.has_role(Role.MODERATOR)


@register.filter
def may_edit(comment: Comment, person: User) -> bool:
    """Whether to offer "Edit"; the service decides again."""
    return person.is_authenticated and comment.author_id == person.pk


@register.filter
def may_delete(comment: Comment, person: User) -> bool:
    """Whether to offer "Delete"; the service decides again."""
    return person.is_authenticated and (comment.author_id == person.pk or person.is_moderator)


@register.filter
def may_see_history(comment: Comment, person: User) -> bool:
    """Whether to lead to what a comment said before; the page decides again."""
    return person.is_authenticated and (comment.author_id == person.pk or person.is_moderator)


@register.filter
def hidden_by_moderator(comment: Comment) -> bool:
    """Whether somebody else than its author took a comment away."""
    return comment.deleted_by_id is not None and comment.deleted_by_id != comment.author_id


@register.filter
def address(discussion: Discussion) -> str:
    """The page of a discussion."""
    return discussion_address(discussion)


@register.filter
def draft_name(pk: int) -> str:
    """The name under which the browser keeps what is being written in a discussion."""
    return f"discussion-{pk}"
