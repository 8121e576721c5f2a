"""There is always an admin: whichever door is used, and when two leave at the same moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection, transaction
from django.urls import reverse

from accounts.models import Role, User
from accounts.services import AccountRefused, account_leave, user_access_set
from tests import factories


def admins() -> int:
    return User.objects.filter(role=Role.ADMIN, is_active=True).count()


def at_once(people: list[User], calls: list[Callable[[], object]]) -> list[Exception]:
    """Let all calls go on at the same moment, from where each waits for its first row; what they raised."""
    errors: list[Exception] = []

    def run(call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    with transaction.atomic():
        list(User.objects.select_for_update().filter(pk__in=[person.pk for person in people]))
        for thread in threads:
            thread.start()
        until = time.monotonic() + 20
        while _waiting() < len(calls):
            assert time.monotonic() < until, "the calls do not lock these rows"
            time.sleep(0.02)
    for thread in threads:
        thread.join()
    return errors


def _waiting() -> int:
    with connection.cursor() as cursor:
        # Within a transaction PostgreSQL shows the sessions as they were when first asked for.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted"
            " AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["leave", "step down", "each the other"])
def test_of_two_who_go_at_once_one_stays(way):
    ann, bob = factories.user(Role.ADMIN), factories.user(Role.ADMIN)
    role = Role.VOLUNTEER
    calls: dict[str, list[Callable[[], object]]] = {
        "leave": [partial(account_leave, user=person) for person in (ann, bob)],
        "step down": [partial(user_access_set, user=person, role=role, by=person) for person in (ann, bob)],
        "each the other": [partial(user_access_set, user=a, role=role, by=b) for a, b in ((ann, bob), (bob, ann))],
    }
    errors = at_once([ann, bob], calls[way])
    assert [type(error) for error in errors] == [AccountRefused]
    assert admins() == 1


@pytest.mark.django_db(transaction=True)
def test_with_a_third_admin_both_may_go_at_once():
    people = [factories.user(Role.ADMIN) for _ in range(3)]
    assert at_once(people, [partial(account_leave, user=person) for person in people[:2]]) == []
    assert admins() == 1


def test_who_was_admin_until_now_gives_no_roles(db):
    ann, bob, person = factories.user(Role.ADMIN), factories.user(Role.ADMIN), factories.user()
    user_access_set(user=bob, role=Role.VOLUNTEER, by=ann)
    assert bob.role == Role.ADMIN  # what an older request still holds
    with pytest.raises(AccountRefused, match="Only admins"):
        user_access_set(user=person, role=Role.ADMIN, by=bob)


def test_switching_an_account_off_and_on_is_kept(db):
    ann, person = factories.user(Role.ADMIN), factories.user(Role.SCIENTIST)
    for active in (False, True):
        user_access_set(user=person, role=Role.SCIENTIST, is_active=active, by=ann, why="a test")
    assert list(person.events.order_by("pgh_id").values_list("is_active", "pgh_context__metadata__user")) == [
        (False, ann.pk), (True, ann.pk),
    ]  # fmt: skip


def form_of(person: User, **changes: str) -> dict[str, str]:
    form = {"username": person.username, "email": person.email, "first_name": "", "last_name": "",
            "role": person.role, "is_active": "on"}  # fmt: skip
    return {name: value for name, value in (form | changes).items() if value}


@pytest.mark.parametrize("changes", [{"role": "volunteer"}, {"is_active": ""}], ids=["role", "active"])
def test_django_admin_keeps_the_last_admin(client, db, changes):
    ann = factories.user(Role.ADMIN, username="ann")
    factories.user(Role.ADMIN, is_active=False)
    client.force_login(ann)
    address = reverse("admin:accounts_user_change", args=[ann.pk])
    answer = client.post(address, form_of(ann, first_name="Ann", **changes), follow=True)
    assert "only admin" in answer.content.decode()
    assert answer.redirect_chain == [(address, 302)]
    ann.refresh_from_db()
    assert (ann.role, ann.is_active, ann.is_superuser, ann.first_name) == (Role.ADMIN, True, True, "")
    assert ann.events.count() == 0


def test_the_last_admin_can_still_be_renamed_in_django_admin(client, db):
    ann = factories.user(Role.ADMIN, username="ann")
    client.force_login(ann)
    address = reverse("admin:accounts_user_change", args=[ann.pk])
    assert client.post(address, form_of(ann, first_name="Ann"))["Location"] != address
    ann.refresh_from_db()
    assert ann.first_name == "Ann"


def test_switching_off_in_django_admin_is_kept_with_who(client, db):
    ann, person = factories.user(Role.ADMIN), factories.user(username="bob")
    client.force_login(ann)
    client.post(reverse("admin:accounts_user_change", args=[person.pk]), form_of(person, is_active=""))
    person.refresh_from_db()
    assert not person.is_active
    assert person.events.get().pgh_context.metadata["user"] == ann.pk
