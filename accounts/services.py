"""Writes about people: roles, demo accounts, anonymous volunteers who sign in, leaving."""

from __future__ import annotations

import contextlib
import secrets
from datetime import timedelta
from uuid import UUID

import pghistory
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, User, Volunteer

DEMO_PASSWORD = "hubble-demo-{role}"
DEMO_AGE = timedelta(days=30)


class DemoRefusedError(RuntimeError):
    """Demo accounts cannot be made here; the message says why."""


class AccountRefused(Exception):
    """A change of an account that is not done. Nothing was changed; the message says what to do."""


@transaction.atomic
def user_access_set(*, user: User, role: Role, by: User, is_active: bool | None = None, why: str = "") -> User:
    """Give a person a role, and switch the account on or off (None: as it was). Kept in the history.

    Raises
    ------
    AccountRefused
        ``by`` is no admin, or nobody would be admin any more.
    """
    admins, user = _locked(user)
    if by.pk not in admins:
        raise AccountRefused(_("Only admins give roles."))
    active = user.is_active if is_active is None else is_active
    if role != Role.ADMIN or not active:
        _refuse_last_admin(user, admins)
    with pghistory.context(user=by.pk, why=why or "access"):
        user.role, user.is_active = role, active
        user.save(update_fields=["role", "is_active"])
    return user


@transaction.atomic
def account_leave(*, user: User) -> None:
    """Remove who this person is: name, e-mail addresses, password, role. Their votes and comments stay, nameless.

    The account's row stays because scientific decisions point to it ("accepted by former member").

    Raises
    ------
    AccountRefused
        The last admin cannot leave.
    """
    admins, user = _locked(user)
    _refuse_last_admin(user, admins)
    with pghistory.context(user=user.pk, why="left"):
        user.username = f"former-{secrets.token_hex(8)}"
        user.first_name = user.last_name = user.email = user.language = ""
        user.password = make_password(None)
        user.role = Role.VOLUNTEER
        user.is_active = False
        user.public_profile = False
        user.last_login = None
        user.left_at = timezone.now()
        user.save()
    EmailAddress.objects.filter(user=user).delete()
    Volunteer.objects.filter(user=user).update(user=None)


def public_profile_set(*, user: User, on: bool) -> None:
    """Let everybody see this person's numbers and discoveries, or nobody."""
    User.objects.filter(pk=user.pk, left_at=None).update(public_profile=on)


def _locked(user: User) -> tuple[set[int], User]:
    """The keys of all active admins, and the person, with all their rows locked.

    Two admins who step down at once cannot both be "not the last". Everybody locks the admins first and in the
    same order, so that they cannot wait for each other either.
    """
    rows = User.objects.select_for_update()
    admins = {admin.pk for admin in rows.filter(role=Role.ADMIN, is_active=True).order_by("pk")}
    return admins, rows.get(pk=user.pk)


def _refuse_last_admin(user: User, admins: set[int]) -> None:
    if admins == {user.pk}:
        raise AccountRefused(_("This is the only admin. Nothing was changed; make somebody else admin first."))


def user_language_set(*, user: User, language: str) -> None:
    """Write e-mails to a person in this language from now on; one the site does not speak changes nothing."""
    if language in dict(settings.LANGUAGES) and user.language != language:
        User.objects.filter(pk=user.pk).update(language=language)


def volunteer_adopt(*, user: User, key: UUID | None) -> None:
    """Make the anonymous volunteer of a browser the account's own, so that what they voted on counts once.

    Only an account without a volunteer adopts one; else the anonymous votes stay as they are. A key that has no
    row yet gets one: an answer still on its way with that key is then the account's, too.
    """
    if key is None or Volunteer.objects.filter(user=user).exists():
        return
    Volunteer.objects.get_or_create(key=key)
    # Another sign-in of this account, or of this browser, may come at the same moment: one of them adopts.
    with contextlib.suppress(IntegrityError), transaction.atomic():
        Volunteer.objects.filter(key=key, user=None).update(user=user)


@transaction.atomic
def user_create_demo(role: Role) -> tuple[User, str]:
    """The demo account of a role, and its password. Safe to repeat.

    Raises
    ------
    DemoRefusedError
        In production, and when a real account has the name.
    """
    if settings.PRODUCTION:
        raise DemoRefusedError("Demo accounts have published passwords: production does not make them.")
    role = Role(role)
    name, password = role.value, DEMO_PASSWORD.format(role=role.value)
    user, _made = User.objects.get_or_create(
        username=name,
        defaults={
            "role": role,
            "email": f"{name}@demo.example",
            "is_demo": True,
            "date_joined": timezone.now() - DEMO_AGE,  # people who try Talk meet no limits of the first day
        },
    )
    if not user.is_demo:
        raise DemoRefusedError(f"An account named {name} exists and is not a demo account. It was left as it is.")
    if user.role != role or not user.is_active or not user.check_password(password):
        user.role, user.is_active = role, True
        user.set_password(password)
        user.save()
    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    return user, password


def demo_users_ensure() -> list[tuple[str, str, str]]:
    """One demo account per role: (role, name, password), for the terminal.

    Raises
    ------
    DemoRefusedError
        As ``user_create_demo``.
    """
    made = [(role, *user_create_demo(role)) for role in Role]
    return [(role.value, user.username, password) for role, user, password in made]
