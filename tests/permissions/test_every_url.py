"""Every address says who may use it: a walk over all URLs as every role. An unlisted one fails."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import Role
from tests import factories
from tests.permissions.table import ACCESS, ADMIN_SITE, FOREIGN

ROLES = ["public", "volunteer", "moderator", "scientist", "admin"]
RANK = {"public": 0, "signed_in": 1, "moderator": 2, "scientist": 3, "admin": 4}


def walk(patterns: list[URLPattern | URLResolver], namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every named pattern of the site, with its full name."""
    for entry in patterns:
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from walk(entry.url_patterns, inner)
        else:
            yield f"{namespace}{entry.name}", entry


PATTERNS = list(walk(get_resolver().url_patterns))
OURS = [(name, entry) for name, entry in PATTERNS if not name.startswith(ADMIN_SITE) and name not in FOREIGN]


def access_of(entry: URLPattern) -> str:
    """What the view itself says: its decorator, or its one REST permission."""
    view = entry.callback
    if (said := getattr(view, "access", None)) is not None:
        return str(said)
    classes = getattr(getattr(view, "cls", None), "permission_classes", None)
    if classes:
        assert len(classes) == 1, f"{entry.name}: exactly one permission class"
        return str(classes[0].access)
    return ""


def arguments_of(entry: URLPattern) -> dict[str, object]:
    """Values that fit the address but name nothing that exists."""
    samples: dict[str, object] = {"int": 999_999_999, "uuid": uuid.uuid4(), "slug": "absent", "str": "absent"}
    kinds = {name: type(converter).__name__.removesuffix("Converter").lower() for name, converter in
             entry.pattern.converters.items()}  # fmt: skip
    return {
        name: samples.get({"integer": "int", "string": "str"}.get(kind, kind), "absent") for name, kind in kinds.items()
    }


def test_the_table_lists_every_address_and_no_others():
    assert sorted(ACCESS) == sorted({name for name, _ in OURS})


@pytest.mark.parametrize(("name", "entry"), OURS, ids=[name for name, _ in OURS])
def test_every_view_says_what_the_table_says(name, entry):
    assert access_of(entry) == ACCESS[name]


@pytest.fixture
def clients(db) -> dict[str, Client]:
    factories.workflow()
    made = {"public": Client(raise_request_exception=False)}
    for role in Role:
        made[role.value] = Client(raise_request_exception=False)
        made[role.value].force_login(factories.user(role))
    return made


@pytest.mark.parametrize(("name", "entry"), OURS, ids=[name for name, _ in OURS])
def test_every_role_gets_what_it_may(clients, name, entry):
    """Below the needed role: sign-in page, 401, or 404. With it: never those for want of a right, and never a 500."""
    try:
        url = reverse(name, kwargs=arguments_of(entry))
    except Exception:
        url = reverse(name, kwargs=dict.fromkeys(arguments_of(entry), "csv"))
    needed = RANK[ACCESS[name]]
    for role in ROLES:
        answers = {method: getattr(clients[role], method)(url) for method in ("get", "post")}
        for method, answer in answers.items():
            where = f"{role} {method.upper()} {url}: {answer.status_code}"
            assert answer.status_code < 500, where
            allowed = ROLES.index(role) >= needed
            to_sign_in = answer.status_code == 302 and "/accounts/login/" in answer.headers["Location"]
            if not allowed:
                assert to_sign_in or answer.status_code in (401, 404, 405), where
            else:
                assert not to_sign_in and answer.status_code not in (401, 403), where


@pytest.mark.parametrize("role", ["public", "volunteer", "moderator", "scientist"])
def test_the_admin_site_is_for_admins(clients, role):
    names = sorted({name for name, entry in PATTERNS if name.startswith(ADMIN_SITE) and not entry.pattern.regex.groups})
    assert len(names) > 20
    for name in names:
        if name in ("admin:login", "admin:logout", "admin:jsi18n", "admin:None"):
            continue
        answer = clients[role].get(reverse(name))
        assert answer.status_code in (302, 403, 404), f"{role} {name}: {answer.status_code}"
    assert clients["admin"].get(reverse("admin:index")).status_code == 200


@pytest.mark.parametrize("name", sorted(FOREIGN))
def test_the_account_pages_never_break(clients, name):
    entry = next(entry for listed, entry in PATTERNS if listed == name)
    samples = {"key": "MQ:absent", "uidb36": "zz"}
    arguments = {key: samples[key] for key in entry.pattern.regex.groupindex if key in samples}
    if name == "account_reset_password_from_key":
        arguments["key"] = "absent"
    for role in ROLES:
        assert clients[role].get(reverse(name, kwargs=arguments)).status_code < 500, role
