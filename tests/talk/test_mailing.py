"""E-mails: few, on time, once, and ended with one click."""

from __future__ import annotations

from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail as outbox
from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from talk import mailing, unsubscribing
from talk.mail_choices import digests_of, mail_choices_set
from talk.messaging import message_send
from talk.models import Board, Category, Digest, Discussion, Mail, MailChoice, Notification
from talk.notifying import tell
from talk.services import comment_post
from tests import factories


@pytest.fixture
def discussion(db):
    return Discussion.objects.create(board=Board.objects.create(slug="help", title="Help"), title="What is <this>?")


def mention(discussion, bob, times=1):
    for n in range(times):
        comment_post(author=bob, discussion=discussion, body=f"@ann look {n} <b>x</b>")
    tell()


def after_six(days=1):
    return mailing.daily_cut(timezone.now()) + timedelta(days=days, minutes=1)


def test_a_mention_comes_at_once_with_all_that_makes_it_a_good_e_mail(discussion, ann, bob, settings):
    settings.SITE_URL = "https://hunter.example.org"
    mention(discussion, bob, 2)
    assert mailing.mails_make() == 1
    assert mailing.mails_make() == 0
    assert mailing.mails_send() == 1
    assert mailing.mails_send() == 0
    (sent,) = outbox.outbox
    assert sent.to == [ann.email]
    assert sent.subject == "[Asteroid Hunter] bob mentioned you in “What is <this>?”, and 1 more"
    told = Notification.objects.filter(person=ann).order_by("pk")[0]
    assert f"https://hunter.example.org/talk/notifications/{told.pk}/" in sent.body
    html, kind = sent.alternatives[0]
    assert kind == "text/html"
    assert "<b>x" not in html and "&lt;b&gt;x" in html
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert sent.extra_headers["List-Unsubscribe"].startswith("<https://hunter.example.org/talk/e-mails/stop/")


def test_what_was_read_in_the_page_is_not_mailed(discussion, ann, bob):
    mention(discussion, bob)
    Notification.objects.update(read_at=timezone.now())
    assert mailing.mails_make() == 0
    assert Notification.objects.get().mailed_at is not None


def test_after_ten_in_an_hour_the_rest_waits(discussion, ann, bob):
    for _ in range(10):
        Mail.objects.create(person=ann, kind="immediate", subject_line="x", text="x", html="x")
    mention(discussion, bob, 3)
    assert mailing.mails_make() == 0
    assert Notification.objects.filter(mailed_at=None).count() == 3
    an_hour_ago = timezone.now() - timedelta(minutes=61)
    Mail.objects.update(created_at=an_hour_ago, sent_at=an_hour_ago)
    assert mailing.mails_make() == 1  # one e-mail says all three
    assert Notification.objects.filter(mailed_at=None).count() == 0


@pytest.mark.parametrize(("digest", "days"), [(Digest.DAILY, 1), (Digest.WEEKLY, 7)])
def test_digests_wait_for_their_time(discussion, ann, bob, digest, days):
    mail_choices_set(person=ann, digests={Category.MENTION: digest})
    mention(discussion, bob, 2)
    assert mailing.mails_make() == 0
    cut = mailing.daily_cut if digest == Digest.DAILY else mailing.weekly_cut
    due = cut(timezone.now()) + timedelta(days=days)
    assert mailing.mails_make(now=due - timedelta(minutes=1)) == 0
    assert mailing.mails_make(now=due + timedelta(minutes=1)) == 1
    assert mailing.mails_make(now=due + timedelta(minutes=2)) == 0
    assert Mail.objects.get().kind == digest


def test_never_is_never_also_when_chosen_later(discussion, ann, bob):
    mention(discussion, bob)
    mail_choices_set(person=ann, digests={Category.MENTION: Digest.NEVER})
    assert mailing.mails_make(now=after_six(8)) == 0
    assert Notification.objects.get().mailed_at is not None


def test_no_address_no_e_mail(discussion, ann, bob, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"  # and ann's is not confirmed
    mention(discussion, bob)
    assert mailing.mails_make() == 0


def test_the_person_s_language(discussion, ann, bob):
    ann.language = "es"
    ann.save(update_fields=["language"])
    mention(discussion, bob)
    mailing.mails_make()
    assert '<html lang="es"' in Mail.objects.get().html


@pytest.mark.parametrize(
    ("now", "daily", "weekly"),
    [
        ("2026-03-04 05:59", "2026-03-03 06:00", "2026-03-02 06:00"),
        ("2026-03-04 06:00", "2026-03-04 06:00", "2026-03-02 06:00"),
        ("2026-03-02 05:00", "2026-03-01 06:00", "2026-02-23 06:00"),
    ],
)
def test_when_digests_are_due(now, daily, weekly):
    moment = datetime.fromisoformat(f"{now}+00:00")
    assert mailing.daily_cut(moment) == datetime.fromisoformat(f"{daily}+00:00")
    assert mailing.weekly_cut(moment) == datetime.fromisoformat(f"{weekly}+00:00")


class Refusing:
    """A mail server that is away."""

    def open(self):
        raise OSError("no route")

    def close(self):
        pass


def test_a_mail_server_that_is_away_loses_nothing_and_is_asked_less_and_less(discussion, ann, bob, monkeypatch):
    mention(discussion, bob)
    mailing.mails_make()
    now = timezone.now()
    with monkeypatch.context() as patched:
        patched.setattr(mailing, "get_connection", lambda **_: Refusing())
        assert mailing.mails_send(now=now) == 0
        assert mailing.mails_send(now=now + timedelta(minutes=2)) == 0
    mail = Mail.objects.get()
    assert (mail.attempts, mail.sent_at) == (2, None)
    assert "no route" in mail.error
    assert mailing.mails_send(now=now + timedelta(minutes=2, seconds=30)) == 0
    assert mailing.mails_send(now=now + timedelta(minutes=4)) == 1
    assert len(outbox.outbox) == 1


class Picky:
    """A mail server that takes no e-mails for some addresses."""

    def __init__(self, refused):
        self.refused = refused

    def open(self):
        pass

    def close(self):
        pass

    def send_messages(self, messages):
        for message in messages:
            if message.to[0] in self.refused:
                raise self.refused[message.to[0]]
        return len(messages)


def test_an_address_that_is_refused_holds_up_nobody_and_is_tried_once_at_a_time(ann, bob, moderator, monkeypatch):
    for person in (ann, bob, moderator):
        Mail.objects.create(person=person, kind="daily", subject_line="x", text="x", html="x", unsubscribe="/")
    Mail.objects.update(created_at=timezone.now() - timedelta(hours=3))
    refused = {ann.email: SMTPRecipientsRefused({ann.email: (550, b"no")}), bob.email: IndexError("no such address")}
    monkeypatch.setattr(mailing, "get_connection", lambda **_: Picky(refused))
    assert mailing.mails_send() == 1
    left = set(Mail.objects.filter(sent_at=None).values_list("person", "attempts"))
    assert left == {(ann.pk, 1), (bob.pk, 1)}
    assert Mail.objects.get(person=moderator).sent_at is not None


def test_after_a_stoppage_no_more_than_ten_come_within_an_hour(discussion, ann, bob):
    for _ in range(10):
        Mail.objects.create(person=ann, kind="immediate", subject_line="x", text="x", html="x", unsubscribe="/")
    Mail.objects.update(created_at=timezone.now() - timedelta(hours=2))  # the mail server was away
    mention(discussion, bob)
    assert mailing.mails_make() == 0
    assert mailing.mails_send() == 10
    assert mailing.mails_make() == 0
    assert mailing.mails_make(now=timezone.now() + timedelta(minutes=61)) == 1


def test_whose_e_mail_cannot_be_written_holds_up_nobody(discussion, ann, bob, moderator, monkeypatch):
    mention(discussion, bob)
    comment_post(author=bob, discussion=discussion, body="@mod look")
    tell()
    write = mailing.mail_write

    def fails_for_ann(person, *more):
        if person == ann:
            raise ValueError("a template that is broken")
        return write(person, *more)

    with monkeypatch.context() as patched:
        patched.setattr(mailing, "mail_write", fails_for_ann)
        assert mailing.mails_make() == 1
    assert Mail.objects.get().person == moderator
    assert mailing.mails_make() == 1  # nothing of ann's is lost


def test_private_messages_are_not_in_what_admins_see(ann, bob):
    message_send(author=bob, to=ann, body="for your eyes only")
    tell()
    assert mailing.mails_make() == 1
    mail = Mail.objects.get()
    assert "bob wrote to you" in mail.text
    assert "eyes only" not in mail.text + mail.html


def test_old_rows_go(discussion, ann, bob):
    mention(discussion, bob, 2)
    mailing.mails_make()
    assert mailing.expire() == 0
    assert mailing.expire(now=timezone.now() + timedelta(days=31)) == 1
    assert mailing.expire(now=timezone.now() + timedelta(days=93), limit=1) == 1
    assert mailing.expire(now=timezone.now() + timedelta(days=93)) == 1


# --- Ending them -----------------------------------------------------------------------------------------------
@pytest.fixture
def token(ann):
    return unsubscribing.token_for(ann, [Category.MENTION, Category.MESSAGE])


def test_a_get_only_asks_and_a_post_without_sign_in_or_token_of_a_form_ends_them(ann, token):
    client = Client(enforce_csrf_checks=True)
    address = reverse("talk:unsubscribe", args=[token])
    page = client.get(address)
    assert page.status_code == 200 and "End these e-mails?" in page.content.decode()
    assert not MailChoice.objects.exists()
    answer = client.post(address, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200 and "You get no more of these e-mails" in answer.content.decode()
    digests = digests_of(ann)
    assert digests["mention"] == digests["message"] == "never"
    assert digests["report"] == "immediate"


def test_a_token_of_another_month_or_another_site_ends_nothing(client, ann, token, monkeypatch):
    forged = signing.dumps([ann.pk, ["mention"]], key="x" * 50, salt=unsubscribing.SALT)
    monkeypatch.setattr(unsubscribing, "VALID", timedelta(seconds=-1))
    for given in (token, forged, "nonsense"):
        assert client.post(reverse("talk:unsubscribe", args=[given])).status_code == 410
    assert not MailChoice.objects.exists()


def test_choosing_in_the_page(client, ann):
    client.force_login(ann)
    page = client.get(reverse("talk:mail_choices")).content.decode()
    assert "Somebody mentions you" in page
    assert "A report to look at" not in page
    client.post(reverse("talk:mail_choices"), {"mention": "weekly", "message": "sometimes"})
    assert digests_of(ann)["mention"] == "weekly"
    assert digests_of(ann)["message"] == "immediate"


def test_admins_see_what_was_sent_and_its_html_can_do_nothing(client, discussion, ann, bob):
    mention(discussion, bob)
    mailing.mails_make()
    mail = Mail.objects.get()
    client.force_login(factories.user(Role.ADMIN))
    assert (
        mail.subject_line.replace("<", "&lt;").replace(">", "&gt;")
        in client.get(reverse("talk:mails")).content.decode()
    )
    assert "@ann look 0" in client.get(reverse("talk:mail", args=[mail.pk])).content.decode()
    answer = client.get(reverse("talk:mail_html", args=[mail.pk]))
    policy = answer.headers["Content-Security-Policy"]
    assert "sandbox" in policy and "default-src 'none'" in policy and "script-src" not in policy
