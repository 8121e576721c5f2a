"""Who leaves takes along what was theirs alone; what they wrote to others stays, nameless."""

from __future__ import annotations

import json

from accounts.models import User
from hunter.people_export import person_export
from hunter.people_services import person_leave
from talk.following import follow_set
from talk.messaging import message_send
from talk.models import Board, Follow, Level, Mail, Message, Notification
from talk.notifying import tell


def test_leaving(client, ann, bob):
    board = Board.objects.create(slug="help", title="Help")
    follow_set(person=ann, what=board, level=Level.WATCHING)
    message_send(author=ann, to=bob, body="hello")
    message_send(author=bob, to=ann, body="hi")
    Mail.objects.create(person=ann, kind="daily", subject_line="x", text="x", html="x")
    tell()
    person_leave(user=ann)
    assert not Follow.objects.exists() and not Mail.objects.exists()
    assert [told.person for told in Notification.objects.all()] == [bob]
    assert Message.objects.count() == 2
    client.force_login(bob)
    page = client.get("/talk/messages/").content.decode()
    assert "former member" in page and "ann" not in page.split("<main")[1]


def test_the_download_of_one_s_data_holds_messages_follows_and_choices(ann, bob):
    follow_set(person=ann, what=Board.objects.create(slug="help", title="Help"), level=Level.WATCHING)
    message_send(author=ann, to=bob, body="hello")
    message_send(author=bob, to=ann, body="not mine")
    data = json.loads("".join(person_export(ann)))
    assert [row["body"] for row in data["messages"]] == ["hello"]
    assert data["follows"][0]["board"] == "help"
    assert data["mail_choices"] == []


def test_signing_in_remembers_the_language_for_e_mails(client, ann):
    client.post("/language/", {"language": "es"})
    client.post("/accounts/login/", {"login": "ann", "password": "pass-word-9"})
    assert User.objects.get(pk=ann.pk).language == "es"
    client.post("/language/", {"language": "en"})
    assert User.objects.get(pk=ann.pk).language == "en"
    client.post("/language/", {"language": "xx"})
    assert User.objects.get(pk=ann.pk).language == "en"
