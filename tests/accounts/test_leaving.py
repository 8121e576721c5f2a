"""One's own page: take the data along, leave; what a person did stays, nameless."""

from __future__ import annotations

import json

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse

from accounts.models import Role, User, Volunteer
from accounts.services import AccountRefused, account_leave, user_access_set
from classify.models import Classification, Favourite
from hunter import people_export
from talk.services import comment_post
from tests import factories


@pytest.fixture
def ann(db):
    person = factories.user(Role.SCIENTIST, username="ann", first_name="Ann", last_name="Hubble")
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person


def test_the_page_shows_what_is_known(client, ann):
    client.force_login(ann)
    page = client.get(reverse("accounts:me")).content.decode()
    for words in ("ann", "scientist", "ann@example.org", "confirmed"):
        assert words in page


def test_the_page_makes_no_rows(client, ann):
    client.force_login(ann)
    assert client.get(reverse("accounts:me")).status_code == 200
    assert Volunteer.objects.count() == 0


@pytest.mark.parametrize("name", ["export", "delete"])
def test_strangers_are_sent_to_sign_in(client, db, name):
    answer = client.get(reverse(f"accounts:{name}"))
    assert answer["Location"].startswith(reverse("account_login"))


def test_the_export_is_complete_and_only_ones_own(client, ann):
    factories.user(username="bob")
    admin = factories.user(Role.ADMIN)
    user_access_set(user=ann, role=Role.MODERATOR, by=admin)
    workflow = factories.workflow()
    subject, other = factories.subjects(2, workflow)
    volunteer = Volunteer.objects.create(user=ann, classifications_count=1)
    vote = factories.vote(subject, "yes", workflow, by=volunteer, metadata={"viewport": {"width": 390}})
    factories.vote(other, "no", workflow)
    Favourite.objects.create(volunteer=volunteer, subject=subject)
    comment_post(author=ann, body="a #trail", subject=subject)
    comment_post(author=admin, body="not hers", subject=subject)
    client.force_login(ann)
    answer = client.get(reverse("accounts:export"))
    assert "attachment" in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]
    text = b"".join(answer.streaming_content).decode()
    data = json.loads(text)
    assert (data["username"], data["email"], data["role"], data["classifications_count"]) == (
        "ann", "ann@example.org", "moderator", 1,
    )  # fmt: skip
    assert [(one["id"], one["answer"], one["metadata"]) for one in data["classifications"]] == [
        (vote.pk, "yes", {"viewport": {"width": 390}})
    ]
    assert [one["subject"] for one in data["favourites"]] == [subject.pk]
    assert [one["body"] for one in data["comments"]] == ["a #trail"]
    assert data["email_addresses"] == [{"email": "ann@example.org", "verified": True, "primary": True}]
    assert data["role_history"][-1]["role"] == "moderator"
    assert "bob" not in text
    assert "not hers" not in text
    assert "pbkdf2" not in text


def test_the_export_holds_a_page_of_rows_at_a_time(client, ann, monkeypatch, django_assert_max_num_queries):
    workflow = factories.workflow()
    volunteer = Volunteer.objects.create(user=ann)
    votes = [factories.vote(subject, "no", workflow, by=volunteer) for subject in factories.subjects(5, workflow)]
    monkeypatch.setattr(people_export, "PAGE", 2)
    with django_assert_max_num_queries(19):
        data = json.loads("".join(people_export.person_export(ann)))
    assert [one["id"] for one in data["classifications"]] == [vote.pk for vote in votes]


def test_an_export_of_somebody_who_never_answered_is_whole(ann):
    data = json.loads("".join(people_export.person_export(ann)))
    assert (data["classifications"], data["favourites"], data["comments"], data["collections"]) == ([], [], [], [])


def test_leaving_removes_the_name_and_keeps_the_votes(client, ann):
    workflow = factories.workflow()
    subject = factories.subjects(1, workflow)[0]
    volunteer = Volunteer.objects.create(user=ann, classifications_count=1)
    vote = factories.vote(subject, "yes", workflow, by=volunteer)
    Favourite.objects.create(volunteer=volunteer, subject=subject)
    client.force_login(ann)
    answer = client.post(reverse("accounts:delete"), {"password": "pass-word-9"})
    assert answer["Location"] == reverse("home")
    assert "_auth_user_id" not in client.session
    row = User.objects.get(pk=ann.pk)
    assert (row.first_name, row.last_name, row.email, row.role) == ("", "", "", Role.VOLUNTEER)
    assert "ann" not in row.username
    assert not row.is_active
    assert not row.has_usable_password()
    assert row.public_name == "former member"
    assert not EmailAddress.objects.exists()
    assert not Favourite.objects.exists()
    vote = Classification.objects.get(pk=vote.pk)
    assert (vote.counted, vote.volunteer.user, vote.volunteer.classifications_count) == (True, None, 1)
    assert str(vote.volunteer).startswith("not-logged-in-")


def test_who_left_cannot_come_back_and_the_name_is_free(client, ann):
    account_leave(user=ann)
    assert not client.login(username="ann", password="pass-word-9")
    assert factories.user(username="ann").pk != ann.pk


def test_another_session_of_who_left_ends(client, ann):
    client.force_login(ann)
    account_leave(user=ann)
    assert client.get(reverse("accounts:export")).status_code == 302


def test_leaving_needs_the_password(client, ann):
    client.force_login(ann)
    assert "cannot be undone" in client.get(reverse("accounts:delete")).content.decode()
    answer = client.post(reverse("accounts:delete"), {"password": "wrong"})
    assert answer.status_code == 422
    assert "Nothing was deleted" in answer.content.decode()
    assert User.objects.get(pk=ann.pk).username == "ann"


def test_the_last_admin_stays(client, db):
    admin = factories.user(Role.ADMIN)
    factories.user(Role.ADMIN, is_active=False)
    with pytest.raises(AccountRefused, match="only admin"):
        user_access_set(user=admin, role=Role.VOLUNTEER, by=admin)
    client.force_login(admin)
    answer = client.post(reverse("accounts:delete"), {"password": "pass-word-9"})
    assert answer.status_code == 422
    assert "only admin" in answer.content.decode()
    factories.user(Role.ADMIN)
    account_leave(user=admin)
    assert User.objects.filter(role=Role.ADMIN, is_active=True).count() == 1
