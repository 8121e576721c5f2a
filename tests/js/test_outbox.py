"""The outbox loses nothing: a real IndexedDB, real locks, and every answer that a server can give."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route

START = """async () => {
  const { createApi } = await import("/js/classify/api.js");
  const { Outbox } = await import("/js/classify/outbox.js");
  window.outbox = new Outbox(createApi({ urls: { submit: "/submit", next: "/next" } }));
  window.heard = [];
  for (const type of ["saved", "rejected", "held"]) {
    outbox.addEventListener(type, (event) => heard.push([type, event.detail.key ?? event.detail.status]));
  }
  await outbox.flushSoon();
}"""
WAITING = "async () => (await (await outbox.opened).all()).map((entry) => entry.key)"


class Server:
    """Answers what it is told to, and keeps each key it accepted once."""

    def __init__(self) -> None:
        self.status = 201
        self.received: list[str] = []
        self.votes: dict[str, Any] = {}
        self.reply_lost = False
        self.reachable = True

    def __call__(self, route: Route) -> None:
        if not self.reachable:
            route.abort("internetdisconnected")
            return
        request = route.request
        key = request.headers["idempotency-key"]
        self.received.append(key)
        if self.status >= 400:
            route.fulfill(status=self.status, json={"error": {"code": "x", "message": "Words.", "fields": {}}})
            return
        status = 200 if key in self.votes else 201
        self.votes.setdefault(key, json.loads(request.post_data or "{}"))
        if self.reply_lost:
            route.abort()
        else:
            route.fulfill(status=status, json={"classification": 1, "counted": True})


@pytest.fixture
def server(page: Page) -> Server:
    made = Server()
    page.context.route("**/submit", made)
    page.evaluate(START)
    return made


def add(page: Page, key: str) -> None:
    page.evaluate("key => outbox.add({ key, subject: 7, answer: 'yes' })", key)


def until(page: Page, check: Callable[[], bool], seconds: float = 8) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it did not come about"
        page.wait_for_timeout(50)


def test_it_sends_and_forgets(page: Page, server: Server) -> None:
    add(page, "a")
    until(page, lambda: page.evaluate(WAITING) == [])
    assert list(server.votes) == ["a"] and ["saved", "a"] in page.evaluate("heard")


def test_it_keeps_answers_offline_and_sends_each_once_when_back(page: Page, server: Server) -> None:
    server.reachable = False
    page.context.set_offline(True)
    for key in "abc":
        add(page, key)
    assert page.evaluate(WAITING) == ["a", "b", "c"] and server.votes == {}
    server.reachable = True
    page.context.set_offline(False)
    until(page, lambda: page.evaluate(WAITING) == [])
    assert list(server.votes) == ["a", "b", "c"]


@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 503])
def test_it_keeps_what_may_come_right(page: Page, server: Server, status: int) -> None:
    server.status = status
    add(page, "a")
    until(page, lambda: ["held", status] in page.evaluate("heard"))
    assert page.evaluate(WAITING) == ["a"]
    server.status = 201
    until(page, lambda: page.evaluate(WAITING) == [])
    assert list(server.votes) == ["a"]


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_it_drops_what_is_refused_for_good_and_goes_on(page: Page, server: Server, status: int) -> None:
    server.status = status
    add(page, "bad")
    until(page, lambda: ["rejected", "bad"] in page.evaluate("heard"))
    server.status = 201
    add(page, "good")
    until(page, lambda: page.evaluate(WAITING) == [])
    assert list(server.votes) == ["good"] and server.received.count("bad") == 1


def test_it_survives_a_reload(page: Page, server: Server) -> None:
    server.status = 503
    add(page, "a")
    until(page, lambda: "a" in server.received)
    page.reload()
    server.status = 201
    page.evaluate(START)
    until(page, lambda: page.evaluate(WAITING) == [])
    assert list(server.votes) == ["a"]


def test_it_repeats_the_same_key_when_the_reply_was_lost(page: Page, server: Server) -> None:
    server.reply_lost = True
    add(page, "a")
    until(page, lambda: server.votes != {})
    server.reply_lost = False
    until(page, lambda: page.evaluate(WAITING) == [])
    assert list(server.votes) == ["a"] and len(server.received) >= 2


def test_two_tabs_send_each_answer_once(page: Page, server: Server) -> None:
    server.status = 503
    other = page.context.new_page()
    other.goto("/")
    other.evaluate(START)
    for key in "ab":
        add(page, key)
    add(other, "c")
    server.status = 201
    server.received.clear()
    other.evaluate("outbox.flushSoon()")
    until(page, lambda: page.evaluate(WAITING) == [])
    assert sorted(server.received) == ["a", "b", "c"]
    assert {"a", "b", "c"} == {key for kind, key in page.evaluate("heard") if kind == "saved"}
