"""The short way of the two busiest addresses gives the answers of the long one."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from accounts.models import Role
from accounts.quick import QuickView
from classify import serializers
from tests import factories
from tests.classify.test_api import body

NEXT, SUBMIT = "/api/workflows/asteroid-trails/next/", "/api/classifications/"
SENT = [
    ("get", NEXT, {}),
    ("get", f"{NEXT}?n=0", {}),
    ("get", NEXT, {"Accept-Encoding": "gzip"}),
    ("get", NEXT, {"Accept-Language": "es"}),
    ("get", NEXT, {"Host": "elsewhere.example"}),
    ("get", NEXT, {"X-Forwarded-Proto": "https"}),
    ("get", "/api/workflows/nowhere/next/", {}),
    ("get", "/api/workflows/", {}),
    ("get", "/api/workflows/asteroid-trails/next", {}),
    ("get", SUBMIT, {}),
    ("head", NEXT, {}),
    ("options", NEXT, {}),
    ("put", SUBMIT, {}),
    ("post", NEXT, {}),
    ("post", SUBMIT, {}),
    ("post", SUBMIT, {"Accept-Language": "es"}),
    ("post", SUBMIT, {"X-CSRFToken": "nonsense"}),
    ("post", SUBMIT, {"Origin": "https://elsewhere.example"}),
]
BODIES = ["{", "[]", '"text"', "", "[" * 5_000, '{"metadata": {"x": NaN}}', "\ufeff{}", "a=b"]


@pytest.fixture
def workflow(db):
    made = factories.workflow()
    made.training_first = made.training_later = 0
    made.save()
    return made


@pytest.fixture
def browser(workflow):
    made = Client(enforce_csrf_checks=True, raise_request_exception=False)
    made.get("/classify/asteroid-trails/")
    return made


def said(browser, method, address, headers, data=None, kind="application/json"):
    """Status, headers and body, without what differs from request to request."""
    headers = {"X-CSRFToken": browser.cookies["csrftoken"].value, "X-Request-ID": "12345678"} | headers
    given = {"data": data, "content_type": kind} if data is not None else {}
    cookies = {name: one.value for name, one in browser.cookies.items()}
    answer = getattr(browser, method)(address, headers=headers, **given)
    set_now = {name: one.value for name, one in browser.cookies.items()} != cookies
    kept = {name: value for name, value in answer.headers.items() if name not in ("Content-Length", "Vary")}
    if "Content-Security-Policy" in kept:
        kept["Content-Security-Policy"] = sorted(kept["Content-Security-Policy"].split("; "))
    varies = {part.strip() for part in answer.headers.get("Vary", "").split(",")}
    text = b"" if "Content-Encoding" in kept else answer.content  # a gzip's own name of a file is random
    return answer.status_code, kept, varies, set_now, text


def both_ways(settings, monkeypatch, ask):
    short = ask()
    with monkeypatch.context() as patch:
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != "hunter.lane.Lane"]
        patch.setattr(QuickView, "_is_usual", lambda self, request: False)
        return short, ask()


@pytest.mark.parametrize("role", [None, Role.VOLUNTEER])
@pytest.mark.parametrize(("method", "address", "headers"), SENT)
def test_both_ways_say_the_same(workflow, settings, monkeypatch, method, address, headers, role):
    settings.SECURE_SSL_REDIRECT = settings.SECURE_HSTS_SECONDS = 3600 if "X-Forwarded-Proto" in headers else 0
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if settings.SECURE_SSL_REDIRECT else None
    (subject,) = factories.subjects(1, workflow)
    data = body(workflow, subject, key=str(uuid.UUID(int=7))) if method in ("post", "put") else None
    person = factories.user(role) if role else None

    def ask():
        browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
        if person:
            browser.force_login(person)
        browser.cookies["volunteer"] = cookie
        browser.cookies["csrftoken"] = "a" * 32
        said(browser, method, address, headers, data)  # the first answer may make a row: the second is a repeat
        return said(browser, method, address, headers, data)

    first = Client()
    first.get("/classify/asteroid-trails/", secure=bool(settings.SECURE_SSL_REDIRECT))
    cookie = first.cookies["volunteer"].value
    short, long = both_ways(settings, monkeypatch, ask)
    for _, kept, *_ in (short, long):
        kept.setdefault("X-Frame-Options", "DENY")  # the long way refuses a host, or redirects, before it sets this
    assert short == long


@pytest.mark.parametrize("text", BODIES)
@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "text/plain"])
def test_both_ways_refuse_the_same(browser, settings, monkeypatch, text, kind):
    def ask():
        return said(browser, "post", SUBMIT, {}, text.encode(), kind)

    short, long = both_ways(settings, monkeypatch, ask)
    assert short == long
    assert short[0] in (400, 415)


def test_what_is_too_large_is_refused_in_the_one_shape(browser, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    status, _, _, _, text = said(browser, "post", SUBMIT, {}, b'{"x": "' + b"x" * 200 + b'"}')
    assert status == 400 and b'"code":"parse_error"' in text


def test_a_view_that_breaks_is_500_with_the_headers_of_all_answers(browser, monkeypatch):
    monkeypatch.setattr("classify.api.visit_of", lambda *args, **given: 1 / 0)
    status, headers, _, _, _ = said(browser, "get", NEXT, {})
    assert status == 500
    assert headers["X-Frame-Options"] == "DENY" and headers["X-Request-ID"] == "12345678"


ID = "70fe79df-a877-466c-a4cc-0fe23f7293e7"
HEX = ID.replace("-", "")
ODD = [
    {}, {"marks": [{"x1": 1, "y1": 1, "x2": 9, "y2": 9}]}, {"marks": None}, {"marks": {}}, {"marks": ""}, {"marks": 0},
    {"supersedes": ID}, {"supersedes": None}, {"supersedes": ""}, {"metadata": None}, {"metadata": []},
    {"metadata": {"a": [1.5, None]}}, {"metadata": {"\ud800": 1}}, {"key": HEX}, {"key": 7}, {"key": None},
    {"workflow": True}, {"workflow": "1"}, {"workflow": 1.0}, {"subject": 2**62}, {"subject": 2**62 + 1},
    {"workflow_version": "1.1\n"}, {"workflow_version": 1.1}, {"workflow_version": "٣.1"}, {"answer": " yes "},
    {"answer": 1}, {"answer": ""}, {"answer": "sí"}, {"started_at": "2026-05-01T20:15:00"}, {"started_at": 1},
    {"started_at": "2026-05-01"}, {"started_at": "0001-01-01T00:00:00+14:00"}, {"finished_at": "2026-W20-1T00:00:00Z"},
    {"finished_at": "2026-05-01T20:15:00.123Z"}, {"extra": 1},
]  # fmt: skip


@pytest.mark.parametrize("fields", ODD, ids=str)
def test_the_plain_reading_gives_what_the_serializer_gives(workflow, fields):
    (subject,) = factories.subjects(1, workflow)
    data = body(workflow, subject, **fields)
    plainly = serializers._read_plain(data)
    if plainly is not None:
        assert plainly == dict(serializers._classification.run_validation(data))


def test_a_usual_answer_is_read_plainly(workflow):
    (subject,) = factories.subjects(1, workflow)
    assert serializers._read_plain(body(workflow, subject)) is not None
    assert serializers._read_plain(body(workflow, subject, finished_at="2026-05-01T20:15:00.123Z")) is not None
    assert serializers._read_plain([]) is None
