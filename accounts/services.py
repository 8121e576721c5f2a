"""Writes about people: roles, demo accounts, leaving."""

from __future__ import annotations

import secrets

import pghistory
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, User, Volunteer

DEMO_PASSWORD = "hubble-demo-{role}"


class DemoRefusedError(RuntimeError):
    """Demo accounts cannot be made here; the message says why."""


class AccountRefused(Exception):
    """A change of an account that is not done. Nothing was changed; the message says what to do."""


@transaction.atomic
def user_role_set(*, user: User, role: Role, by: User, why: str = "") -> User:
    """Give a person a role. Kept in the history, with who and why.

    Raises
    ------
    AccountRefused
        ``by`` is no admin, or nobody would be admin any more.
    """
    if not by.has_role(Role.ADMIN):
        raise AccountRefused(_("Only admins give roles."))
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.role == Role.ADMIN and role != Role.ADMIN:
        _refuse_last_admin(user)
    with pghistory.context(user=by.pk, why=why or "role"):
        user.role = role
        user.save(update_fields=["role"])
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
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.role == Role.ADMIN:
        _refuse_last_admin(user)
    with pghistory.context(user=user.pk, why="left"):
        user.username = f"former-{secrets.token_hex(8)}"
        user.first_name = user.last_name = user.email = ""
        user.password = make_password(None)
        user.role = Role.VOLUNTEER
        user.is_active = False
        user.last_login = None
        user.left_at = timezone.now()
        user.save()
    EmailAddress.objects.filter(user=user).delete()
    Volunteer.objects.filter(user=user).update(user=None)


def _refuse_last_admin(user: User) -> None:
    # All admins' rows are locked, so that two admins who step down at once cannot both be "not the last".
    admins = User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True).order_by("pk")
    if not [admin for admin in admins if admin.pk != user.pk]:
        raise AccountRefused(_("This is the only admin. Nothing was changed; make somebody else admin first."))


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
        username=name, defaults={"role": role, "email": f"{name}@demo.example", "is_demo": True}
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
