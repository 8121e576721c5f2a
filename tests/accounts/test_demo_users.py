"""Demo accounts: one per role, published passwords, shut out of production at every door."""

from __future__ import annotations

import pytest
from django.core import mail
from django.urls import reverse

from accounts.models import Role, User
from accounts.services import DemoRefusedError, demo_users_ensure, user_create_demo
from tests import factories


def test_there_is_one_per_role_and_the_passwords_work(client, db):
    made = demo_users_ensure()
    assert [role for role, _name, _password in made] == list(Role.values)
    for role, name, password in made:
        assert User.objects.get(username=name).role == role
        answer = client.post(reverse("account_login"), {"login": name, "password": password})
        assert answer.status_code == 302
        assert client.session["_auth_user_id"] == str(User.objects.get(username=name).pk)
        client.logout()


def test_a_second_start_gives_the_same_accounts(db):
    first = demo_users_ensure()
    User.objects.filter(username="scientist").update(role=Role.VOLUNTEER, is_active=False)
    assert demo_users_ensure() == first
    assert User.objects.count() == len(Role)
    assert User.objects.get(username="scientist").has_role(Role.SCIENTIST)


def test_production_makes_none(db, settings):
    settings.PRODUCTION = True
    with pytest.raises(DemoRefusedError, match="production"):
        demo_users_ensure()
    assert not User.objects.exists()


def test_a_real_account_is_never_turned_into_a_demo_one(db):
    person = factories.user(username="admin")
    with pytest.raises(DemoRefusedError, match="left as it is"):
        user_create_demo(Role.ADMIN)
    person.refresh_from_db()
    assert person.check_password("pass-word-9")
    assert (person.role, person.is_demo) == (Role.VOLUNTEER, False)


@pytest.fixture(params=[False, True], ids=["demo", "production"])
def production(request, settings):
    """Each door is tried where it must open, too, so that a refusal cannot pass for another reason."""
    demo_users_ensure()
    settings.PRODUCTION = request.param
    return request.param


def _signed_in(client) -> bool:  # type: ignore[no-untyped-def]
    return client.get(reverse("accounts:export")).status_code == 200


@pytest.mark.django_db
def test_the_sign_in_page(client, production):
    client.post(reverse("account_login"), {"login": "admin", "password": "hubble-demo-admin"})
    assert _signed_in(client) != production


@pytest.mark.django_db
def test_the_sign_in_page_of_django_admin(client, production):
    """It is the site's own sign-in page, and then goes on to Django admin."""
    client.post(reverse("admin:login"), {"username": "admin", "password": "hubble-demo-admin"})
    assert not _signed_in(client)
    where = client.get(reverse("admin:index"), follow=True).redirect_chain[-1][0]
    assert where.startswith(reverse("account_login"))
    answer = client.post(where, {"login": "admin", "password": "hubble-demo-admin", "next": reverse("admin:index")})
    assert (answer.headers.get("Location") == reverse("admin:index")) != production
    assert _signed_in(client) != production
    assert (client.get(reverse("admin:index")).status_code == 200) != production


@pytest.mark.django_db
def test_an_old_session(client, settings):
    demo_users_ensure()
    client.force_login(User.objects.get(username="admin"))
    assert _signed_in(client)
    settings.PRODUCTION = True
    assert not _signed_in(client)


@pytest.mark.django_db
def test_a_password_reset(client, production):
    client.post(reverse("account_reset_password"), {"email": "admin@demo.example"})
    person = User.objects.get(username="admin")
    if mail.outbox and "/password/reset/key/" in str(mail.outbox[-1].body):
        person.set_password("another-odd-8")
        person.save()
        client.post(reverse("account_login"), {"login": "admin", "password": "another-odd-8"})
    assert _signed_in(client) != production


@pytest.mark.django_db
def test_real_people_sign_in_in_production(client, settings):
    settings.PRODUCTION = True
    factories.user(username="ann")
    client.post(reverse("account_login"), {"login": "ann", "password": "pass-word-9"})
    assert _signed_in(client)
