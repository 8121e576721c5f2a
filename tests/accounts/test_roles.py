"""Roles: who may what, who may give them, and that every change is kept."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import RANK, Role, User
from accounts.services import AccountRefused, user_access_set
from tests import factories


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("needed", Role)
def test_each_role_may_what_those_before_it_may(db, role, needed):
    assert factories.user(role).has_role(needed) == (RANK[role] >= RANK[needed])


def test_a_switched_off_account_has_no_role(db):
    assert not factories.user(Role.ADMIN, is_active=False).has_role(Role.VOLUNTEER)


@pytest.mark.parametrize("by", Role)
def test_only_admins_give_roles(db, by):
    person, giver = factories.user(), factories.user(by)
    if by == Role.ADMIN:
        assert user_access_set(user=person, role=Role.SCIENTIST, by=giver).role == Role.SCIENTIST
        return
    with pytest.raises(AccountRefused):
        user_access_set(user=person, role=Role.SCIENTIST, by=giver)
    person.refresh_from_db()
    assert person.role == Role.VOLUNTEER
    assert person.events.count() == 0


def test_djangos_flags_follow_the_role(db):
    admin, person = factories.user(Role.ADMIN), factories.user()
    user_access_set(user=person, role=Role.ADMIN, by=admin)
    person.refresh_from_db()
    assert person.is_staff
    assert person.is_superuser
    user_access_set(user=person, role=Role.SCIENTIST, by=admin)
    person.refresh_from_db()
    assert not person.is_staff
    assert not person.is_superuser


def test_a_change_is_kept_with_who_and_why(db):
    admin, person = factories.user(Role.ADMIN), factories.user()
    user_access_set(user=person, role=Role.MODERATOR, by=admin, why="helps in Talk")
    event = person.events.get()
    assert event.role == Role.MODERATOR
    assert event.pgh_context.metadata == {"user": admin.pk, "why": "helps in Talk"}


def test_a_role_given_in_django_admin_is_kept_with_who(client, db):
    admin, person = factories.user(Role.ADMIN), factories.user(username="ann")
    client.force_login(admin)
    address = reverse("admin:accounts_user_change", args=[person.pk])
    form = {"username": "ann", "email": person.email, "first_name": "", "last_name": "", "role": "scientist",
            "is_active": "on"}  # fmt: skip
    answer = client.post(address, form)
    assert answer.status_code == 302, answer.context["adminform"].errors
    person.refresh_from_db()
    assert person.role == Role.SCIENTIST
    assert person.events.get().pgh_context.metadata["user"] == admin.pk
    assert "role scientist" in client.get(address).content.decode()


def test_an_account_made_in_django_admin(client, db):
    client.force_login(factories.user(Role.ADMIN))
    form = {"username": "new", "email": "new@example.org", "role": "moderator", "usable_password": "true",
            "password1": "long-and-odd-7", "password2": "long-and-odd-7"}  # fmt: skip
    assert client.post(reverse("admin:accounts_user_add"), form).status_code == 302
    assert User.objects.get(username="new").role == Role.MODERATOR


@pytest.mark.parametrize("name", ["accounts_user", "accounts_volunteer", "talk_comment", "talk_board",
                                  "talk_discussion", "talk_tag", "talk_commentevent"])  # fmt: skip
def test_admin_lists_render_and_deletion_is_not_offered(client, db, name):
    client.force_login(factories.user(Role.ADMIN))
    answer = client.get(reverse(f"admin:{name}_changelist"))
    assert answer.status_code == 200
    assert "delete_selected" not in answer.content.decode()


@pytest.mark.parametrize("role", [Role.VOLUNTEER, Role.MODERATOR, Role.SCIENTIST])
def test_django_admin_is_for_admins(client, db, role):
    client.force_login(factories.user(role))
    assert client.get(reverse("admin:index")).status_code == 302
