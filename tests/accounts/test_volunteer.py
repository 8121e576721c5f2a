"""The anonymous volunteer: a signed cookie, believed only as it was given out."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from accounts import middleware
from accounts.models import User, Volunteer
from accounts.selectors import volunteer_of
from tests import factories


def ask(cookie: str | None = None, *, user: User | None = None, create: bool = False):  # type: ignore[no-untyped-def]
    """One request through the middleware; who it is from, and the answer."""
    request = RequestFactory().get("/")
    request.user = user or AnonymousUser()
    if cookie is not None:
        request.COOKIES[middleware.COOKIE] = cookie
    seen: list[Volunteer | None] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(volunteer_of(request, create=create))
        return HttpResponse()

    answer = middleware.volunteer(view)(request)
    return seen[0], answer


def test_recording_makes_a_person_and_gives_a_cookie(db):
    person, answer = ask(create=True)
    cookie = answer.cookies[middleware.COOKIE]
    assert person is not None
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    again, answer = ask(cookie.value, create=True)
    assert again == person
    assert middleware.COOKIE not in answer.cookies
    assert Volunteer.objects.count() == 1


def test_reading_makes_nobody(db):
    person, answer = ask()
    assert person is None
    assert not answer.cookies
    assert Volunteer.objects.count() == 0


@pytest.mark.parametrize("address", ["/", "/talk/", "/accounts/login/", "/classify/"])
def test_a_crawler_leaves_no_rows(client, db, address):
    assert client.get(address).status_code in (200, 302)
    assert Volunteer.objects.count() == 0
    assert middleware.COOKIE not in client.cookies


@pytest.mark.parametrize(
    "forge",
    [
        lambda good, key: "",
        lambda good, key: str(key),
        lambda good, key: good[:-1] + ("A" if good[-1] != "A" else "B"),
        lambda good, key: good.replace(good.split(":")[0], signing.b64_encode(f'"{uuid.uuid4()}"'.encode()).decode()),
        lambda good, key: signing.dumps(str(key), salt="another purpose"),
        lambda good, key: signing.dumps(str(key), salt=middleware.SALT, key="another secret"),
        lambda good, key: signing.dumps("not a uuid", salt=middleware.SALT),
        lambda good, key: signing.dumps({"key": str(key)}, salt=middleware.SALT),
        lambda good, key: signing.dumps(7, salt=middleware.SALT),
    ],
    ids=["empty", "bare key", "signature", "other key", "other salt", "other secret", "no uuid", "object", "number"],
)
def test_a_tampered_cookie_is_nobody(db, forge):
    owner, answer = ask(create=True)
    good = answer.cookies[middleware.COOKIE].value
    assert ask(good)[0] == owner
    assert ask(forge(good, owner.key))[0] is None
    made, _answer = ask(forge(good, owner.key), create=True)
    assert made != owner


def test_an_accounts_volunteer_is_not_taken_by_its_key(db):
    theirs = Volunteer.objects.create(user=factories.user())
    forged = signing.dumps(str(theirs.key), salt=middleware.SALT)
    assert ask(forged)[0] is None
    assert ask(forged, create=True)[0] != theirs


def test_an_account_is_one_person_on_every_device(db):
    ann = factories.user()
    first, answer = ask(user=ann, create=True)
    second, _answer = ask(user=ann, create=True)
    assert first == second
    assert first.user == ann
    assert not answer.cookies
