"""Private messages: between two, and nobody else's business."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from talk import messaging
from talk.blocking import person_block
from talk.errors import Refused
from talk.following import unread_count
from talk.models import Conversation, Message, Notification, Report, Suspension
from talk.notifying import tell
from tests import factories


@pytest.fixture
def long_here(ann, bob):
    User.objects.update(date_joined=timezone.now() - timedelta(days=3))


def send(author, to, body="hello", **how):
    return messaging.message_send(author=author, to=to, body=body, **how)


def refused(code, *args, **how):
    with pytest.raises(Refused) as refusal:
        send(*args, **how)
    assert refusal.value.code == code


def test_two_people_have_one_conversation_and_see_what_is_new(ann, bob):
    first = send(ann, bob, "hi")
    second = send(bob, ann, "hello")
    assert first.conversation == second.conversation
    (row,) = messaging.conversations_of(ann).rows
    assert (row.other, row.last, row.unread) == (bob, second, True)
    messaging.conversation_read(person=ann, conversation=row, up_to=second.pk)
    assert not messaging.conversations_of(ann).rows[0].unread
    assert not messaging.conversations_of(bob).rows[0].unread


def test_the_same_key_sends_once(ann, bob):
    key = uuid.uuid4()
    assert send(ann, bob, "hi", key=key) == send(ann, bob, "hi", key=key)
    assert send(ann, bob, "other", key=key).key != key
    assert Message.objects.count() == 2


def test_whom_one_cannot_write_to(ann, bob, moderator):
    refused("own", ann, ann)
    refused("empty", ann, bob, "  ")
    person_block(by=bob, person=ann)
    refused("blocked", ann, bob)
    refused("blocked", bob, ann)
    Suspension.objects.create(person=ann, by=moderator, why="rude")
    refused("suspended", ann, moderator)
    assert Message.objects.count() == 0


def test_the_pace(ann, bob, long_here):
    for n in range(messaging.MESSAGES_PER_WINDOW):
        send(ann, bob, str(n))
    refused("too_fast", ann, bob)
    Message.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    send(ann, bob)


def test_a_new_account_writes_to_few_people(db):
    new = factories.user(date_joined=timezone.now())
    people = [factories.user() for _ in range(messaging.NEW_CONVERSATIONS + 1)]
    for person in people[:-1]:
        send(new, person)
    refused("new_conversations", new, people[-1])
    send(new, people[0], "going on is fine")
    assert Conversation.objects.count() == messaging.NEW_CONVERSATIONS


def test_reading_the_page_reads_what_was_told(client, ann, bob):
    send(bob, ann, "**hi** @ann <script>x</script>")
    tell()
    assert unread_count(ann) == 1
    client.force_login(ann)
    assert "bob" in client.get(reverse("talk:messages")).content.decode()
    page = client.get(reverse("talk:conversation", args=["bob"])).content.decode()
    assert "<strong>hi</strong>" in page and "<script>x" not in page
    assert unread_count(ann) == 0


def test_nobody_else_reads_them_not_even_moderators(client, ann, bob):
    message = send(bob, ann, "a secret")
    client.force_login(factories.user(Role.ADMIN))
    for name in ("ann", "bob"):
        assert "a secret" not in client.get(reverse("talk:conversation", args=[name])).content.decode()
    answer = client.post(reverse("talk:message_report", args=["bob"]), {"message": message.pk, "reason": "spam"})
    assert answer.status_code == 302 and not Report.objects.exists()


def test_sending_and_blocking_and_reporting_in_the_page(client, ann, bob, moderator):
    client.force_login(ann)
    address = reverse("talk:conversation", args=["bob"])
    assert client.post(address, {"body": "hello", "key": str(uuid.uuid4())}).status_code == 302
    assert "hello" in client.get(address).content.decode()
    answer = client.post(address, {"body": " "})
    assert answer.status_code == 422 and "Write something first" in answer.content.decode()
    message = send(bob, ann, "nasty")
    report = reverse("talk:message_report", args=["bob"])
    assert "nasty" in client.get(f"{report}?message={message.pk}").content.decode()
    assert client.post(report, {"message": message.pk, "reason": "unkind", "text": "look"}).status_code == 302
    tell()
    assert Report.objects.get().message == message
    assert Notification.objects.filter(person=moderator).count() == 1
    client.post(reverse("talk:blocks"), {"name": "bob"})
    assert "You blocked this person" in client.get(address).content.decode()


def test_unknown_people_are_not_there(client, ann):
    client.force_login(ann)
    for name in ("nobody", "ann"):
        assert client.get(reverse("talk:conversation", args=[name])).status_code == 404
    assert "There is nobody else with this name" in client.get(reverse("talk:messages") + "?to=ann").content.decode()


def test_pages_by_key(ann, bob, long_here, monkeypatch):
    sent = [send(ann, bob, str(n)) for n in range(5)]
    conversation = sent[0].conversation
    page = messaging.messages_of(conversation, limit=2)
    assert [m.body for m in page.rows] == ["3", "4"]
    page = messaging.messages_of(conversation, before=int(page.before), limit=2)
    assert [m.body for m in page.rows] == ["1", "2"]
