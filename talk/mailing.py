"""E-mails about notifications. They are rows first: made once, sent once, and kept for a while to look at.

One e-mail says everything that is due to a person, so there are few: what they want at once as it comes, with it what
waited for the daily (06:00) or weekly (Monday, 06:00) digest. After ten in an hour the rest waits.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from smtplib import SMTPDataError, SMTPException, SMTPRecipientsRefused
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from talk.following import notifications_full
from talk.mail_choices import digests_of
from talk.mail_text import mail_write
from talk.models import Digest, Mail, Notification
from talk.notifying import DEFAULT_DIGEST

log = logging.getLogger(__name__)

PER_HOUR = 10
DIGEST_HOUR = 6
MONDAY = 0
PEOPLE_PER_SWEEP = 200
MAILS_PER_SWEEP = 100
SMTP_TIMEOUT_S = 20
MOST_IN_MAIL = 50
MOST_ATTEMPTS = 12
"""The waits between attempts double from a minute: the last is a day and a half after the first."""

NOTIFICATIONS_KEPT = timedelta(days=92)
MAILS_KEPT = timedelta(days=30)
EXPIRED_PER_SWEEP = 10_000

_DUE = """
SELECT notification.person_id
FROM talk_notification AS notification
LEFT JOIN talk_mailchoice AS choice
  ON choice.person_id = notification.person_id AND choice.category = notification.category
WHERE notification.mailed_at IS NULL
AND CASE coalesce(choice.digest, %(defaults)s::jsonb ->> notification.category)
    WHEN 'daily' THEN notification.created_at < %(daily)s
    WHEN 'weekly' THEN notification.created_at < %(weekly)s
    ELSE true END
AND (SELECT count(*) FROM talk_mail AS mail
     WHERE mail.person_id = notification.person_id
     AND (mail.created_at > %(hour_ago)s OR mail.sent_at > %(hour_ago)s
          OR mail.sent_at IS NULL AND mail.attempts < %(attempts)s)) < %(most)s
GROUP BY notification.person_id
ORDER BY min(notification.id) LIMIT %(limit)s
"""

_CLAIM = """
SELECT id FROM talk_mail
WHERE sent_at IS NULL AND attempts < %(most)s AND id <> ALL(%(tried)s)
AND created_at + make_interval(mins => (power(2, attempts) - 1)::int) <= %(now)s
ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""


def mails_make(*, now: datetime | None = None, limit: int = PEOPLE_PER_SWEEP) -> int:
    """Write the e-mails that are due by now; how many. Twice is once: a notification goes into one e-mail."""
    now = now or timezone.now()
    values: dict[str, Any] = {
        "defaults": _defaults(),
        "daily": daily_cut(now),
        "weekly": weekly_cut(now),
        "hour_ago": now - timedelta(hours=1),
        "most": PER_HOUR,
        "attempts": MOST_ATTEMPTS,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DUE, values)
        people = [pk for (pk,) in cursor.fetchall()]
    return sum(_made(pk, now) for pk in people)


def _made(person_id: int, now: datetime) -> int:
    try:
        return _mail_make(person_id, now)
    except Exception:  # whose e-mail cannot be written holds up nobody else's
        log.exception("the e-mail of person %s could not be written", person_id)
        return 0


@transaction.atomic
def _mail_make(person_id: int, now: datetime) -> int:
    # The person's row is the queue of their e-mails: two sweeps at once cannot write the same, nor one too many.
    person = User.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=person_id).first()
    if person is None or _mails_lately(person, now) >= PER_HOUR:
        return 0
    due = _due_to(person, now)
    wanted = [pk for pk, digest in due if digest != Digest.NEVER]
    rows = notifications_full(Notification.objects.filter(pk__in=wanted, read_at=None)).order_by("pk")
    shown = list(rows[: MOST_IN_MAIL + 1])
    made = 0
    if shown and may_be_mailed(person):
        digests = {digest for pk, digest in due}
        kind = next(digest for digest in Digest if digest in digests)  # the most urgent of what it says
        more = len(shown) > MOST_IN_MAIL
        Mail.objects.create(person=person, kind=kind, **mail_write(person, shown[:MOST_IN_MAIL], more))
        made = 1
    Notification.objects.filter(pk__in=[pk for pk, _ in due]).update(mailed_at=now)
    return made


def _due_to(person: User, now: datetime) -> list[tuple[int, Digest]]:
    """The notifications of a person whose time has come, and how each is wanted."""
    chosen = digests_of(person)
    cuts = {Digest.DAILY: daily_cut(now), Digest.WEEKLY: weekly_cut(now)}
    waiting = Notification.objects.filter(person=person, mailed_at=None).values_list("pk", "category", "created_at")
    with_digest = [(pk, Digest(chosen[category]), at) for pk, category, at in waiting]
    return [(pk, digest) for pk, digest, at in with_digest if digest not in cuts or at < cuts[digest]]


def may_be_mailed(person: User) -> bool:
    """Whether a person has an address that is theirs: a confirmed one wherever addresses are confirmed."""
    if not (person.is_active and person.email):
        return False
    if settings.ACCOUNT_EMAIL_VERIFICATION != "mandatory":
        return True
    return EmailAddress.objects.filter(user=person, email__iexact=person.email, verified=True).exists()


def mails_send(*, now: datetime | None = None, limit: int = MAILS_PER_SWEEP) -> int:
    """Send what is written, the oldest first; how many went out.

    The row is locked while it is sent: a killed worker leaves it to the next, and two never send the same. What is
    refused waits twice as long each time. A server that is away ends this sweep: it is not asked for each.
    """
    now = now or timezone.now()
    mailer = get_connection(timeout=SMTP_TIMEOUT_S) if _speaks_smtp() else get_connection()
    sent, tried = 0, list[int]()
    try:
        while len(tried) < limit:
            with transaction.atomic():
                found = _claimed(now, tried)
                if found is None or not _send(found, mailer, now):
                    break
                tried.append(found.pk)
                sent += found.sent_at is not None
        return sent
    finally:
        mailer.close()


def _claimed(now: datetime, tried: list[int]) -> Mail | None:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"most": MOST_ATTEMPTS, "now": now, "tried": tried})
        row = cursor.fetchone()
    return Mail.objects.select_related("person").get(pk=row[0]) if row else None


def _send(mail: Mail, mailer: Any, now: datetime) -> bool:
    """Send one; whether to go on. An e-mail that cannot be written, or is not taken, says nothing about the others."""
    mail.attempts += 1
    goes_on = True
    try:
        if may_be_mailed(mail.person):
            mailer.open()
            _message(mail, mailer).send()
        mail.sent_at, mail.error = now, ""
    except DatabaseError:
        raise
    except Exception as error:  # the e-mail package raises many kinds for addresses it cannot write
        log.warning("mail %s was not sent: %s", mail.pk, error)
        mail.error = f"{type(error).__name__}: {error}".replace("\x00", "")[:500]
        refused = isinstance(error, SMTPRecipientsRefused | SMTPDataError)
        goes_on = refused or not isinstance(error, SMTPException | OSError)
    mail.save(update_fields=["attempts", "sent_at", "error"])
    return goes_on


def _message(mail: Mail, mailer: Any) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        mail.subject_line,
        mail.text,
        to=[mail.person.email],
        connection=mailer,
        headers={
            "List-Unsubscribe": f"<{mail.unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",  # RFC 8058
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        },
    )
    message.attach_alternative(mail.html, "text/html")
    return message


def expire(*, now: datetime | None = None, limit: int = EXPIRED_PER_SWEEP) -> int:
    """Remove notifications of three months ago and e-mails of thirty days ago, some at a time; how many rows went."""
    now = now or timezone.now()
    old = Notification.objects.filter(created_at__lt=now - NOTIFICATIONS_KEPT).order_by("created_at")
    gone = Notification.objects.filter(pk__in=old.values("pk")[:limit]).delete()[0]
    mails = Mail.objects.filter(created_at__lt=now - MAILS_KEPT).order_by("created_at")
    return gone + Mail.objects.filter(pk__in=mails.values("pk")[:limit]).delete()[0]


def daily_cut(now: datetime) -> datetime:
    """The last 06:00 of the site's clock."""
    local = timezone.localtime(now)
    cut = local.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    return cut if cut <= local else cut - timedelta(days=1)


def weekly_cut(now: datetime) -> datetime:
    """The last Monday, 06:00, of the site's clock."""
    cut = daily_cut(now)
    return cut - timedelta(days=(cut.weekday() - MONDAY) % 7)


def _mails_lately(person: User, now: datetime) -> int:
    """E-mails of the last hour: written or sent in it, or still to be sent. So none come in heaps after a stoppage."""
    since = now - timedelta(hours=1)
    waiting = Q(sent_at=None, attempts__lt=MOST_ATTEMPTS)
    return Mail.objects.filter(Q(created_at__gt=since) | Q(sent_at__gt=since) | waiting, person=person).count()


def _defaults() -> str:
    return json.dumps({str(category): str(digest) for category, digest in DEFAULT_DIGEST.items()})


def _speaks_smtp() -> bool:
    return settings.EMAIL_BACKEND.endswith("smtp.EmailBackend")
