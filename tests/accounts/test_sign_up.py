"""Signing up and in, confirming an address, a forgotten password: through the pages, with the mail that is sent."""

from __future__ import annotations

import re

import pytest
from allauth.account.forms import SignupForm
from allauth.account.models import EmailAddress
from django.core import mail
from django.urls import reverse

from accounts.models import Role, User, Volunteer
from tests import factories
from tests.test_deploy import PRODUCTION, manage

FORM = {"username": "vera", "email": "vera@example.org", "password1": "long-and-odd-7", "password2": "long-and-odd-7"}


def link_in_mail() -> str:
    """The address in the newest message, without the host."""
    found = re.search(r"https?://[^/\s]+(/\S+)", str(mail.outbox[-1].body))
    assert found, mail.outbox[-1].body
    return found[1]


def signed_in_as(client) -> str | None:  # type: ignore[no-untyped-def]
    key = client.session.get("_auth_user_id")
    return User.objects.get(pk=key).username if key else None


def test_signing_up_makes_a_volunteer_and_nothing_more(client, db):
    answer = client.post(reverse("account_signup"), FORM | {"role": "admin", "is_staff": "on", "is_superuser": "on"})
    assert answer.status_code == 302
    person = User.objects.get(username="vera")
    assert person.role == Role.VOLUNTEER
    assert not person.is_staff
    assert not person.is_superuser
    assert signed_in_as(client) == "vera"


def test_confirming_the_address(client, db):
    client.post(reverse("account_signup"), FORM)
    assert mail.outbox[-1].to == ["vera@example.org"]
    assert mail.outbox[-1].subject.startswith("[Asteroid Hunter]")
    assert not EmailAddress.objects.get().verified
    address = link_in_mail()
    assert "vera@example.org" in client.get(address).content.decode()
    assert not EmailAddress.objects.get().verified  # a mail scanner that follows links confirms nothing
    client.post(address)
    assert EmailAddress.objects.get().verified


def test_a_broken_confirmation_link_says_what_to_do(client, db):
    page = client.get(reverse("account_confirm_email", args=["not-a-key"])).content.decode()
    assert "does not work any more" in page


OFFICIAL = ["team", "Moderators", "ADMINS", "scientists", "researchers", "everyone", "admin", "Administrator",
            "moderator", "scientist", "volunteer", "hubble", "NASA", "esa", "system", "root", "support", "staff",
            "ad.min", "sup-port", "Asteroid_Hunter", "former-0123456789abcdef", "not-logged-in-01234567"]  # fmt: skip
CONFUSING = ["v\u0435ra", "vera@example.org", "ver a", "\uff56era", "vera\n", "-vera", "vera.", "@vera", "v+era",
             "v" * 41]  # fmt: skip


@pytest.mark.parametrize("name", [*OFFICIAL, *CONFUSING])
def test_names_that_sound_official_or_look_like_others_cannot_be_taken(client, db, name):
    form = SignupForm(FORM | {"username": name})
    form.fields["username"].strip = False  # type: ignore[attr-defined]
    assert list(form.errors) == ["username"]
    answer = client.post(reverse("account_signup"), FORM | {"username": f"{name}\u200b"})
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["vera", "Vera_Rubin", "v.rubin-1928", "7", "teamwork", "administrate"])
def test_plain_names_can_be_taken(client, db, name):
    assert client.post(reverse("account_signup"), FORM | {"username": name}).status_code == 302
    assert User.objects.get().username == name


@pytest.mark.parametrize(
    "bad", [{"password2": "different-8"}, {"password1": "password", "password2": "password"}, {"email": "nonsense"},
            {"username": "a b"}, {"username": ""}],
)  # fmt: skip
def test_bad_sign_ups_keep_what_was_typed(client, db, bad):
    answer = client.post(reverse("account_signup"), FORM | bad)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not User.objects.exists()


def test_a_name_is_taken_in_any_case(client, db):
    factories.user(username="Vera")
    client.post(reverse("account_signup"), FORM)
    assert User.objects.count() == 1


@pytest.mark.parametrize("login", ["ann", "ANN@example.org"])
def test_signing_in_with_name_or_address(client, db, login):
    person = factories.user(username="ann")
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    answer = client.post(reverse("account_login"), {"login": login, "password": "pass-word-9"})
    assert answer["Location"] == reverse("accounts:me")
    assert signed_in_as(client) == "ann"


def test_a_wrong_password_signs_nobody_in(client, db):
    factories.user(username="ann")
    answer = client.post(reverse("account_login"), {"login": "ann", "password": "wrong"})
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert signed_in_as(client) is None


@pytest.mark.parametrize("through_admin", [False, True])
def test_guessing_passwords_ends(client, db, through_admin):
    factories.user(Role.ADMIN, username="ann")
    form = {"login": "ann", "username": "ann", "password": "wrong"}
    page = reverse("admin:login") if through_admin else reverse("account_login")
    for _guess in range(6):
        client.post(page, form, follow=through_admin)
    client.post(page, form | {"password": "pass-word-9"})
    assert signed_in_as(client) is None


def test_the_right_password_after_one_wrong_one_signs_in(client, db):
    factories.user(username="ann")
    for password in ("wrong", "pass-word-9"):
        client.post(reverse("account_login"), {"login": "ann", "password": password})
    assert signed_in_as(client) == "ann"


class TestWhereAddressesMustBeConfirmed:
    """Production: an account can do nothing before its address is confirmed, and sign-up tells no addresses."""

    @pytest.fixture(autouse=True)
    def _mandatory(self, db, settings):
        settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"

    def test_it_is_so_in_production_only(self):
        for environment, method in [(PRODUCTION, "'mandatory'"), ({}, "'optional'")]:
            assert f"ACCOUNT_EMAIL_VERIFICATION = {method}" in manage("diffsettings", **environment).stdout

    def test_sign_up_answers_the_same_for_known_addresses(self, client):
        known = factories.user(username="ann")
        EmailAddress.objects.create(user=known, email=known.email, verified=True, primary=True)
        answers = [
            client.post(reverse("account_signup"), FORM | {"username": name, "email": email})
            for name, email in [("bob", known.email), ("vera", "vera@example.org")]
        ]
        assert [answer.status_code for answer in answers] == [302, 302]
        assert answers[0]["Location"] == answers[1]["Location"]
        assert [message.to for message in mail.outbox] == [[known.email], ["vera@example.org"]]
        assert set(User.objects.values_list("username", flat=True)) == {"ann", "vera"}

    def test_an_account_signs_in_after_confirming(self, client):
        client.post(reverse("account_signup"), FORM)
        assert signed_in_as(client) is None
        assert client.post(reverse("talk:preview"), {"body": "x"}).status_code == 302
        client.post(link_in_mail())
        client.post(reverse("account_login"), {"login": "vera", "password": "long-and-odd-7"})
        assert signed_in_as(client) == "vera"


def test_sign_in_never_sends_people_to_another_site(client, db):
    factories.user(username="ann")
    form = {"login": "ann", "password": "pass-word-9", "next": "https://evil.example/"}
    assert client.post(reverse("account_login"), form)["Location"] == reverse("accounts:me")


def test_signing_out_needs_a_post(client, db):
    client.force_login(factories.user(username="ann"))
    assert "Sign out?" in client.get(reverse("account_logout")).content.decode()
    assert signed_in_as(client) == "ann"
    client.post(reverse("account_logout"))
    assert signed_in_as(client) is None


def test_a_forgotten_password(client, db):
    person = factories.user(username="ann")
    answer = client.post(reverse("account_reset_password"), {"email": person.email}, follow=True)
    assert "Look into your mail" in answer.content.decode()
    answer = client.get(link_in_mail(), follow=True)
    assert "Choose a new password" in answer.content.decode()
    form = {"password1": "another-odd-8", "password2": "another-odd-8"}
    answer = client.post(answer.request["PATH_INFO"], form, follow=True)
    assert "Your new password is set" in answer.content.decode()
    person.refresh_from_db()
    assert person.check_password("another-odd-8")
    assert "does not work any more" in client.get(link_in_mail(), follow=True).content.decode()


def test_asking_for_a_strangers_password_tells_nothing(client, db):
    known = client.post(reverse("account_reset_password"), {"email": factories.user().email}, follow=True)
    unknown = client.post(reverse("account_reset_password"), {"email": "nobody@example.org"}, follow=True)
    assert known.redirect_chain == unknown.redirect_chain
    assert unknown.status_code == 200


def test_signing_up_takes_no_other_browsers_work(client, db):
    anonymous = Volunteer.objects.create(classifications_count=5)
    client.post(reverse("account_signup"), FORM)
    anonymous.refresh_from_db()
    assert (anonymous.user, anonymous.classifications_count) == (None, 5)


@pytest.mark.parametrize(
    "name",
    ["account_login", "account_signup", "account_reset_password", "account_reset_password_done", "account_inactive",
     "account_reset_password_from_key_done", "account_email_verification_sent"],
)  # fmt: skip
def test_pages_for_strangers_render_in_the_sites_frame(client, db, name):
    answer = client.get(reverse(name))
    assert answer.status_code == 200
    _is_ours(answer.content.decode())


@pytest.mark.parametrize("name", ["email", "change_password", "logout", "reauthenticate"])
def test_pages_for_people_render_in_the_sites_frame(client, db, name):
    client.post(reverse("account_signup"), FORM)
    answer = client.get(reverse(f"account_{name}"))
    assert answer.status_code == 200
    _is_ours(answer.content.decode())


def test_setting_a_first_password_renders_in_the_sites_frame(client, db):
    person = factories.user(username="ann")
    person.set_unusable_password()
    person.save()
    client.force_login(person)
    _is_ours(client.get(reverse("account_set_password")).content.decode())


def _is_ours(page: str) -> None:
    assert "css/pages/account.css" in page
    assert page.count("<h1") == 1
    assert 'class="button' in page
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<[^>]+\s(style|on\w+)=", page)
