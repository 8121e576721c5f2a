"""How much and how fast people may write. What is refused is kept in the page, with words that say when to go on.

Advertisers make an account and post at once; so a new account writes little on its first day. Moderators and the team
are exempt from that, but not from the pace.
"""

from __future__ import annotations

import re
import time
from datetime import timedelta

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, User
from talk.errors import Refused
from talk.markdown import comment_html
from talk.models import Comment, CommentEvent, Report  # type: ignore[attr-defined]
from talk.tags import mentions_of

MAX_CHARACTERS = 10_000
POSTS_PER_WINDOW = 10
EDITS_PER_WINDOW = 10
PREVIEWS_PER_WINDOW = 60
UPVOTES_PER_WINDOW = 60
COMPLETIONS_PER_WINDOW = 240
WINDOW = timedelta(minutes=1)
REPORTS_PER_DAY = 20

NEW_FOR = timedelta(hours=24)
"""How long an account is new."""
NEW_LINKS = 2
"""Links to other sites in one text of a new account."""
NEW_MENTIONS = 3
"""People and groups that one text of a new account may speak to."""
NEW_POSTS = 10
"""Comments that a new account may post on its first day."""

_LINK = re.compile(r'<a [^>]*href="https?://')


def text_checked(body: str) -> str:
    """A text as it is kept: trimmed, with plain line ends.

    Raises
    ------
    Refused
        ``empty`` or ``too_long``.
    """
    body = body.replace("\x00", "").replace("\r\n", "\n").strip()
    if not body:
        raise Refused("empty", _("Write something first."))
    if len(body) > MAX_CHARACTERS:
        raise Refused(
            "too_long",
            _("A comment can have %(most)d characters; this one has %(count)d. Nothing was posted; shorten it.")
            % {"most": MAX_CHARACTERS, "count": len(body)},
        )
    return body


def is_new(person: User) -> bool:
    """Whether the limits of the first day hold for a person."""
    return timezone.now() - person.date_joined < NEW_FOR and not person.has_role(Role.MODERATOR)


def refuse_too_much_for_new(person: User, body: str) -> None:
    """Let a text of a new account through when it has few links and speaks to few people.

    Raises
    ------
    Refused
        ``new_links`` or ``new_mentions``.
    """
    if not is_new(person):
        return
    if len(_LINK.findall(comment_html(body))) > NEW_LINKS:
        raise Refused(
            "new_links",
            _("On its first day an account can post up to %(most)d links at a time. Take some out, or wait a day.")
            % {"most": NEW_LINKS},
        )
    if len(mentions_of(body)) > NEW_MENTIONS:
        raise Refused(
            "new_mentions",
            _("On its first day an account can mention up to %(most)d people at a time. Take some out, or wait a day.")
            % {"most": NEW_MENTIONS},
        )


def refuse_posts(author: User) -> None:
    """Let the next comment of a person through when they keep the pace; the caller holds the person's row.

    Raises
    ------
    Refused
        ``too_fast`` or ``new_posts``.
    """
    newest = Comment.objects.filter(author=author).order_by("-id").values_list("created_at", flat=True)
    at = newest[POSTS_PER_WINDOW - 1 : POSTS_PER_WINDOW].first()
    if at is not None and at > timezone.now() - WINDOW:
        raise Refused(
            "too_fast",
            _("You posted %(count)d comments within a minute. Your text is kept here: wait a moment, then send it.")
            % {"count": POSTS_PER_WINDOW},
        )
    if is_new(author) and newest[NEW_POSTS - 1 : NEW_POSTS].first() is not None:
        raise Refused(
            "new_posts",
            _("On its first day an account can post %(most)d comments. Your text is kept here: send it tomorrow.")
            % {"most": NEW_POSTS},
        )


def refuse_edits(author: User) -> None:
    """Let the next change of a comment through; the caller holds the person's row.

    Raises
    ------
    Refused
        ``too_fast``.
    """
    since = timezone.now() - WINDOW
    # Only comments edited lately have edits to count, so the history of all the others is not read.
    kept = CommentEvent.objects.filter(pgh_obj__author=author, pgh_obj__edited_at__gt=since, pgh_created_at__gt=since)
    if kept.count() >= EDITS_PER_WINDOW:
        raise Refused(
            "too_fast",
            _("You changed comments %(count)d times within a minute. Your text is kept here: wait, then save it.")
            % {"count": EDITS_PER_WINDOW},
        )


def refuse_reports(person: User) -> None:
    """Let the next report of a person through; the caller holds the person's row.

    Raises
    ------
    Refused
        ``too_fast``.
    """
    made = Report.objects.filter(by=person, created_at__gt=timezone.now() - timedelta(days=1))
    if made.count() >= REPORTS_PER_DAY:
        raise Refused(
            "too_fast", _("You made %(count)d reports within a day. Moderators look at those first; thank you.")
            % {"count": REPORTS_PER_DAY},
        )  # fmt: skip


def preview_count(person: User) -> None:
    """Count one preview of a person.

    Raises
    ------
    Refused
        ``too_fast``.
    """
    if not _counted("previews", person, PREVIEWS_PER_WINDOW):
        raise Refused(
            "too_fast",
            _("You asked for %(count)d previews within a minute. Your text is kept; wait a moment, then look again.")
            % {"count": PREVIEWS_PER_WINDOW},
        )


def upvote_count(person: User) -> None:
    """Count one vote for a comment, or one taken back.

    Raises
    ------
    Refused
        ``too_fast``.
    """
    if not _counted("upvotes", person, UPVOTES_PER_WINDOW):
        raise Refused("too_fast", _("That was fast. Wait a minute, then go on."))


def completion_count(person: User) -> None:
    """Count one look for what to offer while a person types.

    Raises
    ------
    Refused
        ``too_fast``.
    """
    if not _counted("completions", person, COMPLETIONS_PER_WINDOW):
        raise Refused("too_fast", _("That was fast. Wait a minute, then go on."))


def _counted(what: str, person: User, most: int) -> bool:
    """Count something in the cache, per minute; without the cache nothing is refused."""
    window_s = int(WINDOW.total_seconds())
    counter = f"talk-{what}-{person.pk}-{int(time.time()) // window_s}"
    cache.add(counter, 0, timeout=2 * window_s)
    try:
        return cache.incr(counter) <= most
    except ValueError:  # the cache dropped the counter in between
        return True
