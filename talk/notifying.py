"""Who is told of what. The row is the truth: what is to be told is written with it, a sweep tells it, once.

A comment speaks to whom it mentions, to those who wrote in its discussion and to those who watch the discussion, its
board or one of its tags. The nearest choice counts: a level set for the discussion alone decides, else a muted board
or tag silences. Only being mentioned by name passes all silence. Nobody is told of what they may not read, of what
they did themselves, or of what somebody writes whom they blocked.
"""

from __future__ import annotations

import logging
from typing import Any

from django.db import connection, transaction

from accounts.models import RANK, Role
from talk.models import (
    ROLE_FOR,
    Category,
    Comment,
    Digest,
    Level,
    Mention,
    Message,
    ModerationAct,
    Report,
    ToTell,
)

log = logging.getLogger(__name__)

DEFAULT_DIGEST: dict[str, Digest] = {
    Category.REPORT: Digest.IMMEDIATE,
    Category.SYSTEM: Digest.IMMEDIATE,
    Category.MESSAGE: Digest.IMMEDIATE,
    Category.MENTION: Digest.IMMEDIATE,
    Category.GROUP_MENTION: Digest.IMMEDIATE,
    Category.PARTICIPATING: Digest.DAILY,
    Category.FOLLOWED: Digest.DAILY,
    Category.STARTED: Digest.NEVER,
}
"""When e-mails come, unless a person chose otherwise; as on Zooniverse."""

GROUPS: dict[str, tuple[Role, ...]] = {
    Mention.Group.TEAM: (Role.SCIENTIST, Role.ADMIN),
    Mention.Group.MODERATORS: (Role.MODERATOR, Role.ADMIN),
}
"""Whom the mention of a group reaches."""

ACTS_TOLD = {
    ModerationAct.Kind.WARN,
    ModerationAct.Kind.SUSPEND,
    ModerationAct.Kind.LIFT,
    ModerationAct.Kind.HIDE,
    ModerationAct.Kind.RESTORE,
}
"""What moderators do that the person concerned is told of."""

PER_SWEEP = 200
_NEVER = [category for category, digest in DEFAULT_DIGEST.items() if digest == Digest.NEVER]

# Each person once, for the first reason that holds. An e-mail that never comes needs no waiting for.
_INSERT = """
INSERT INTO talk_notification (person_id, category, {target}, created_at, mailed_at)
SELECT told.person_id, told.category, %(target)s, now(),
       CASE WHEN coalesce(choice.digest = 'never', told.category = ANY(%(never)s)) THEN now() END
FROM (
  SELECT DISTINCT ON (found.person_id) found.person_id, found.category
  FROM ({found}) AS found (person_id, category, rank, passes)
  JOIN accounts_user AS person ON person.id = found.person_id AND person.is_active AND person.role = ANY(%(roles)s)
  {levels}
  WHERE found.person_id IS DISTINCT FROM %(author)s
  AND NOT EXISTS (SELECT 1 FROM talk_block WHERE by_id = found.person_id AND person_id = %(author)s)
  ORDER BY found.person_id, found.rank
) AS told
LEFT JOIN talk_mailchoice AS choice ON choice.person_id = told.person_id AND choice.category = told.category
ON CONFLICT DO NOTHING
"""

_MENTIONED = """
SELECT person_id, 'mention', 1, 'always' FROM talk_mention WHERE comment_id = %(target)s AND person_id IS NOT NULL
UNION ALL
SELECT person.id, 'group_mention', 2, 'unless muted' FROM accounts_user AS person
WHERE person.role = ANY(%(group_roles)s)
"""

_OF_COMMENT = (
    _MENTIONED
    + """
UNION ALL
SELECT author_id, 'participating', 3, 'unless muted' FROM talk_comment WHERE id = %(reply_to)s
UNION ALL
SELECT author_id, 'participating', 4, 'if watching' FROM talk_comment
WHERE discussion_id = %(discussion)s AND deleted_at IS NULL AND id < %(target)s
UNION ALL
SELECT person_id, 'followed', 5, 'if watching' FROM talk_follow
WHERE level = %(watching)s AND discussion_id = %(discussion)s
UNION ALL
SELECT person_id, 'followed', 5, 'if watching' FROM talk_follow WHERE level = %(watching)s AND board_id = %(board)s
UNION ALL
SELECT follow.person_id, 'followed', 5, 'if watching' FROM talk_taguse AS used
JOIN talk_follow AS follow USING (tag_id) WHERE used.comment_id = %(target)s AND follow.level = %(watching)s
UNION ALL
SELECT person_id, 'started', 6, 'if watching' FROM talk_follow
WHERE board_id = %(board)s AND level >= %(tracking)s
AND NOT EXISTS (SELECT 1 FROM talk_comment WHERE discussion_id = %(discussion)s AND id < %(target)s)
"""
)

# What is set for the discussion counts before the board and the tags; with nothing set there, whoever wrote watches.
_LEVELS = """
LEFT JOIN talk_follow AS own ON own.discussion_id = %(discussion)s AND own.person_id = found.person_id
JOIN LATERAL (
  SELECT coalesce(own.level = 0, EXISTS (
    SELECT 1 FROM talk_follow AS other WHERE other.person_id = found.person_id AND other.level = 0
    AND (other.board_id = %(board)s
         OR other.tag_id IN (SELECT tag_id FROM talk_taguse WHERE comment_id = %(target)s)))) AS muted
) AS silence ON found.passes = 'always'
  OR NOT silence.muted AND (found.passes = 'unless muted' OR coalesce(own.level, %(watching)s) = %(watching)s)
"""

_ONE = "SELECT id, %(category)s, 1, 'always' FROM accounts_user WHERE id = %(person)s"
_ROLES = "SELECT id, %(category)s, 1, 'always' FROM accounts_user WHERE role = ANY(%(roles)s)"


def comment_notify(comment: Comment, *, edited: bool = False) -> None:
    """See to it that people are told of a comment; of an edited one only those it speaks to. Twice is once."""
    ToTell.objects.bulk_create([ToTell(comment=comment, mentions_only=edited)], ignore_conflicts=True)


def message_notify(message: Message) -> None:
    """See to it that the other person is told of a private message. Twice is once."""
    ToTell.objects.bulk_create([ToTell(message=message)], ignore_conflicts=True)


def report_notify(report: Report) -> None:
    """See to it that moderators are told of a report. Twice is once."""
    ToTell.objects.bulk_create([ToTell(report=report)], ignore_conflicts=True)


def act_notify(act: ModerationAct) -> None:
    """See to it that a person is told what a moderator did about them or their comment. Twice is once."""
    if act.kind in ACTS_TOLD:
        ToTell.objects.bulk_create([ToTell(act=act)], ignore_conflicts=True)


def tell(*, limit: int = PER_SWEEP) -> int:
    """Tell people of what is new, the oldest first; how many things were told.

    Each is told and ticked off in one transaction, so that a killed worker forgets nothing; several workers share.
    What fails stays for the next sweep and holds up nothing behind it.
    """
    told = last = 0
    for _turn in range(limit):
        with transaction.atomic():
            waiting = ToTell.objects.select_for_update(skip_locked=True).filter(pk__gt=last).order_by("pk").first()
            if waiting is None:
                break
            last = waiting.pk
            told += _told(waiting)
    return told


def _told(waiting: ToTell) -> bool:
    try:
        with transaction.atomic():
            _tell(waiting)
    except Exception:
        log.exception("what waits as %s could not be told", waiting.pk)
        return False
    waiting.delete()
    return True


def _tell(waiting: ToTell) -> None:
    if waiting.comment is not None:
        _tell_comment(waiting.comment, mentions_only=waiting.mentions_only)
    elif waiting.message is not None:
        _tell_message(waiting.message)
    elif waiting.report is not None:
        _tell_report(waiting.report)
    elif waiting.act_id is not None:
        _tell_act(ModerationAct.objects.get(pk=waiting.act_id))


def _tell_comment(comment: Comment, *, mentions_only: bool) -> None:
    discussion = comment.discussion
    if comment.deleted_at is not None or discussion.hidden:
        return
    groups = Mention.objects.filter(comment=comment).exclude(group="").values_list("group", flat=True)
    _insert(
        "comment_id",
        comment.pk,
        _MENTIONED if mentions_only else _OF_COMMENT,
        levels=_LEVELS,
        author=comment.author_id,
        roles=readers(discussion.board.read),
        group_roles=[role.value for group in groups for role in GROUPS[group]],
        discussion=discussion.pk,
        board=discussion.board_id,
        reply_to=comment.reply_to_id,
        watching=Level.WATCHING.value,
        tracking=Level.TRACKING.value,
    )


def _tell_message(message: Message) -> None:
    conversation = message.conversation
    to = conversation.second_id if message.author_id == conversation.first_id else conversation.first_id
    _insert("message_id", message.pk, _ONE, author=message.author_id, person=to, category=Category.MESSAGE.value)


def _tell_report(report: Report) -> None:
    roles = readers(report.comment.discussion.board.read) if report.comment else list(Role.values)
    roles = [role for role in roles if RANK[Role(role)] >= RANK[Role.MODERATOR]]
    _insert("report_id", report.pk, _ROLES, author=report.by_id, roles=roles, category=Category.REPORT.value)


def _tell_act(act: ModerationAct) -> None:
    person = act.person_id
    if person is None and act.comment_id is not None:
        person = Comment.objects.filter(pk=act.comment_id).values_list("author_id", flat=True).first()
    # Nobody can block what moderators have to say: for the blocks, nobody is its author.
    if person != act.by_id:
        _insert("act_id", act.pk, _ONE, author=None, person=person, category=Category.SYSTEM.value)


def readers(access: str) -> list[str]:
    """The roles that may read what asks for this access."""
    least = ROLE_FOR[access]
    return [role.value for role in Role if least is None or RANK[role] >= RANK[least]]


def _insert(target: str, pk: int, found: str, *, levels: str = "", **values: Any) -> None:
    sql = _INSERT.format(target=target, found=found, levels=levels)
    given: dict[str, Any] = {"target": pk, "never": _NEVER, "roles": list(Role.values), **values}
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
