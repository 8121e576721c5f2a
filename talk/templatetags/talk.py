"""What Talk's templates need."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from accounts.models import Role, User
from talk.markdown import comment_html
from talk.mentions import mention_links
from talk.models import Comment

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
