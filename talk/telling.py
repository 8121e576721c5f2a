"""How a notification is said: who did what, where it leads. What a person may no longer read is not repeated."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from accounts.models import User
from talk.access import may_read
from talk.models import Category, Comment, ModerationAct, Notification

EXCERPT = 280


@dataclass(frozen=True)
class Said:
    """A notification in words: one line, the beginning of what was written, and an address within the site."""

    line: str
    excerpt: str
    address: str


def said(notification: Notification) -> Said:
    """Say a notification, in the language that is active, to the person it is for."""
    if notification.comment is not None:
        return _comment_said(notification, notification.comment)
    if notification.message is not None:
        author = _name(notification.message.author)
        address = reverse("talk:notification", args=[notification.pk])
        return Said(_("%(who)s wrote to you") % {"who": author}, _begin(notification.message.body), address)
    if notification.report is not None:
        return Said(
            _("Somebody reported something to the moderators"), "", reverse("talk:notification", args=[notification.pk])
        )
    assert notification.act is not None
    return _act_said(notification, notification.act)


def target_of(notification: Notification) -> str:
    """The address of what a notification speaks of, within the site."""
    if notification.comment_id is not None:
        return reverse("talk:comment", args=[notification.comment_id])
    if notification.message is not None and notification.message.author is not None:
        return reverse("talk:conversation", args=[notification.message.author.username])
    if notification.report is not None:
        return reverse("talk:report", args=[notification.report.pk])
    if notification.act is not None and notification.act.comment_id is not None:
        return reverse("talk:comment", args=[notification.act.comment_id])
    return reverse("talk:notifications")


def _comment_said(notification: Notification, comment: Comment) -> Said:
    if comment.deleted_at is not None or not may_read(notification.person, comment.discussion):
        return Said(_("A comment that is no longer there"), "", reverse("talk:notifications"))
    words = {
        Category.MENTION: _("%(who)s mentioned you in “%(where)s”"),
        Category.GROUP_MENTION: _("%(who)s mentioned a group you are in, in “%(where)s”"),
        Category.STARTED: _("%(who)s started the conversation “%(where)s”"),
    }
    line = words.get(Category(notification.category), _("%(who)s wrote in “%(where)s”"))
    said_line = line % {"who": _name(comment.author), "where": comment.discussion.title}
    return Said(said_line, _begin(comment.body), reverse("talk:notification", args=[notification.pk]))


def _act_said(notification: Notification, act: ModerationAct) -> Said:
    words = {
        ModerationAct.Kind.WARN: _("A moderator warned you"),
        ModerationAct.Kind.SUSPEND: _("A moderator suspended your writing in Talk"),
        ModerationAct.Kind.LIFT: _("You may write in Talk again"),
        ModerationAct.Kind.HIDE: _("A moderator hid a comment of yours"),
        ModerationAct.Kind.RESTORE: _("A moderator showed a comment of yours again"),
    }
    line = words.get(ModerationAct.Kind(act.kind), _("A word from the moderators"))
    return Said(line, _begin(act.why), reverse("talk:notification", args=[notification.pk]))


def _name(author: User | None) -> str:
    return author.public_name if author is not None else _("former member")


def _begin(text: str) -> str:
    return Truncator(" ".join(text.split())).chars(EXCERPT)
