"""An anonymous volunteer who signs up or in goes on as the same person: nothing counts twice."""

from __future__ import annotations

import threading
import uuid
from functools import partial

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import middleware
from accounts.models import User, Volunteer
from accounts.services import volunteer_adopt
from classify.models import Classification, Subject
from tests import factories

SIGN_UP = {"username": "vera", "email": "vera@example.org", "password1": "long-odd-7", "password2": "long-odd-7"}
SIGN_IN = {"login": "ann", "password": "pass-word-9"}


@pytest.fixture
def subject(db) -> Subject:
    return factories.subjects(1, factories.workflow())[0]


@pytest.fixture
def ann(db) -> User:
    return factories.user(username="ann")


def vote(client: Client, subject: Subject, answer: str = "yes") -> bool:
    """Open the classifier and answer through REST as it does; whether it counted."""
    workflow, now = factories.workflow(), timezone.now().isoformat()
    client.get(reverse("classify:workflow", args=[workflow.slug]))
    data = {"key": str(uuid.uuid4()), "workflow": workflow.pk, "workflow_version": workflow.version,
            "subject": subject.pk, "answer": answer, "started_at": now, "finished_at": now}  # fmt: skip
    sent = client.post(reverse("api:classifications"), data, content_type="application/json")
    assert sent.status_code in (200, 201), sent.content
    return bool(sent.json()["counted"])


def has_key(client: Client) -> bool:
    return middleware.COOKIE in client.cookies and client.cookies[middleware.COOKIE].value != ""


@pytest.mark.parametrize(("door", "form"), [("account_signup", SIGN_UP), ("account_login", SIGN_IN)])
def test_a_vote_before_signing_in_is_the_accounts(client, ann, subject, door, form):
    assert vote(client, subject)
    anonymous = Volunteer.objects.get()
    assert has_key(client)
    assert client.post(reverse(door), form).status_code == 302
    anonymous.refresh_from_db()
    assert anonymous.user == User.objects.get(username=form.get("login", "vera"))
    assert not has_key(client)
    assert not vote(client, subject, "no")
    assert Classification.objects.filter(counted=True).get().volunteer == anonymous
    assert Volunteer.objects.count() == 1


def test_after_signing_out_the_browser_is_somebody_new(client, ann, subject):
    vote(client, subject)
    client.post(reverse("account_login"), SIGN_IN)
    adopted = Volunteer.objects.get()
    client.post(reverse("account_logout"))
    vote(client, subject)
    assert has_key(client)
    newest = Volunteer.objects.latest("pk")
    assert newest != adopted
    assert (newest.user, adopted.user) == (None, ann)


def test_an_account_with_a_volunteer_keeps_it_and_the_anonymous_votes_stay(client, ann, subject):
    own = Volunteer.objects.create(user=ann)
    vote(client, subject)
    client.post(reverse("account_login"), SIGN_IN)
    anonymous = Classification.objects.get().volunteer
    assert anonymous.user is None
    assert Volunteer.objects.get(user=ann) == own
    assert not has_key(client)
    client.post(reverse("account_logout"))
    vote(client, subject)
    assert Classification.objects.latest("pk").volunteer not in (own, anonymous)


def test_the_key_of_another_account_gives_nothing(client, ann, subject):
    theirs = Volunteer.objects.create(user=factories.user(username="bob"))
    client.cookies[middleware.COOKIE] = signing.dumps(str(theirs.key), salt=middleware.SALT)
    client.post(reverse("account_login"), SIGN_IN)
    theirs.refresh_from_db()
    assert theirs.user is not None
    assert theirs.user.username == "bob"
    assert not Volunteer.objects.filter(user=ann).exists()


def test_a_failed_sign_in_changes_nothing(client, ann, subject):
    vote(client, subject)
    client.post(reverse("account_login"), SIGN_IN | {"password": "wrong"})
    assert Volunteer.objects.get().user is None
    assert has_key(client)
    assert not vote(client, subject)


def test_without_a_key_signing_in_makes_no_rows(client, ann):
    client.post(reverse("account_login"), SIGN_IN)
    assert Volunteer.objects.count() == 0


def test_a_first_vote_still_on_its_way_is_the_accounts(client, ann, subject):
    """The browser has a key, its first answer is not here yet, and the person signs in on another tab."""
    client.get(reverse("classify:workflow", args=[factories.workflow().slug]))
    key = signing.loads(client.cookies[middleware.COOKIE].value, salt=middleware.SALT)
    assert Volunteer.objects.count() == 0
    client.post(reverse("account_login"), SIGN_IN)
    late, _made = Volunteer.objects.get_or_create(key=key)  # what the answer does when it looked before the sign-in
    assert late.user == ann
    factories.vote(subject, "yes", factories.workflow(), by=late)
    assert not vote(client, subject)


def together(calls) -> list[Exception]:  # type: ignore[no-untyped-def]
    barrier, errors = threading.Barrier(len(calls)), []

    def run(call) -> None:  # type: ignore[no-untyped-def]
        try:
            barrier.wait()
            call()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.django_db(transaction=True)
def test_eight_browsers_that_sign_in_at_once_give_one_volunteer():
    ann = factories.user()
    keys = [factories.volunteer().key for _ in range(4)] + [uuid.uuid4() for _ in range(4)]
    assert together([partial(volunteer_adopt, user=ann, key=key) for key in keys]) == []
    assert Volunteer.objects.filter(user=ann).count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_accounts_that_sign_in_at_once_in_one_browser_do_not_share_a_volunteer():
    people = [factories.user() for _ in range(8)]
    key = uuid.uuid4()
    assert together([partial(volunteer_adopt, user=person, key=key) for person in people]) == []
    assert Volunteer.objects.get().user in people
