"""Offers while one types a comment, in a real browser: what is asked, shown, chosen and put in."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page

MODULE = "/js/talk/completion.js"


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("#ar", "#ar"), ("look #ar", "#ar"), ("(@an", "@an"), ("x\n^S12", "^S12"), ("^12", "^12"), ("@", "@"),
        ("#", ""), ("^", ""), ("^S", ""), ("mid#word", ""), ("me@home", ""), ("#arc ", ""), ("", ""),
    ],
)  # fmt: skip
def test_what_is_typed_at_the_caret(page: Page, text, typed):
    script = f"async (text) => (await import('{MODULE}')).typedAt(text, text.length)"
    assert page.evaluate(script, text) == typed


@pytest.fixture
def box(page: Page) -> Page:
    """A form whose address answers with two offers, and keeps what it was asked."""
    asked: list[str] = []

    def answer(route) -> None:  # type: ignore[no-untyped-def]
        asked.append(route.request.url.partition("?")[2])
        offers = [{"value": "#arc", "detail": "12", "image": ""}, {"value": "#arcs", "detail": "<b>", "image": ""}]
        route.fulfill(content_type="application/json", body=json.dumps({"offers": offers}))

    page.route("**/complete/**", answer)
    page.evaluate(
        f"""async () => {{
          document.body.innerHTML = `<form data-complete="/complete/" data-complete-count="{{n}} offers"
            data-thread="7">
            <textarea aria-label="text"></textarea></form>`;
          const form = document.querySelector("form");
          (await import('{MODULE}')).bindCompletion(form, form.querySelector("textarea"));
        }}"""
    )
    page.asked = asked  # type: ignore[attr-defined]
    page.locator("textarea").press_sequentially("see #ar")
    page.locator("[role=option]").first.wait_for()
    return page


def chosen(page: Page) -> str:
    text = page.locator("textarea")
    return page.locator(f"#{text.get_attribute('aria-activedescendant')} span").first.inner_text()


def test_offers_are_a_list_box_of_the_text(box: Page):
    text = box.locator("textarea")
    listed = box.locator("[role=listbox]")
    assert text.get_attribute("aria-controls") == listed.get_attribute("id")
    assert text.get_attribute("aria-autocomplete") == "list"
    assert box.locator("[role=status]").inner_text() == "2 offers"
    assert chosen(box) == "#arc"
    assert box.locator("[role=option][aria-selected=true]").count() == 1
    assert box.locator("[role=option] b").count() == 0
    assert box.asked[-1] == "q=%23ar&thread=7"  # type: ignore[attr-defined]


def test_arrows_choose_and_enter_takes(box: Page):
    text = box.locator("textarea")
    text.press("ArrowDown")
    assert chosen(box) == "#arcs"
    text.press("ArrowDown")
    assert chosen(box) == "#arc"
    text.press("ArrowUp")
    text.press("Enter")
    assert text.input_value() == "see #arcs "
    assert box.locator("[role=listbox]").is_hidden()
    text.press_sequentially("too")
    assert text.input_value() == "see #arcs too"


def test_tab_takes_and_escape_closes(box: Page):
    text = box.locator("textarea")
    text.press("Escape")
    assert box.locator("[role=listbox]").is_hidden()
    assert text.get_attribute("aria-activedescendant") is None
    text.press("Enter")
    assert text.input_value() == "see #ar\n"
    text.press("Backspace")
    text.press_sequentially("c")
    box.locator("[role=option]").first.wait_for()
    text.press("Tab")
    assert text.input_value() == "see #arc "
    assert box.evaluate("document.activeElement.tagName") == "TEXTAREA"


def test_a_click_takes_and_the_focus_stays(box: Page):
    box.locator("[role=option]").nth(1).click()
    assert box.locator("textarea").input_value() == "see #arcs "
    assert box.evaluate("document.activeElement.tagName") == "TEXTAREA"
