"""The site as an app: the classifier opens, answers and keeps without network; nothing personal stays behind."""

from __future__ import annotations

import json

from playwright.sync_api import expect

from tests.e2e.test_journey import until

KEPT_CLASSIFIER = """async () => {
  for (const name of await caches.keys()) {
    const requests = await (await caches.open(name)).keys();
    if (requests.some(request => new URL(request.url).pathname.startsWith("/classify/"))) return true;
  }
  return false;
}"""


def under_control(page):
    """Wait until the service worker serves this page, and has kept it."""
    until(page, lambda: page.evaluate("navigator.serviceWorker.controller !== null"))
    page.reload()
    expect(page.locator("input[name=answer]").first).to_be_enabled(timeout=20_000)
    until(page, lambda: page.evaluate(KEPT_CLASSIFIER))


def test_the_manifest_names_icons_that_are_there(person):
    request = person().context.request
    manifest = json.loads(request.get("/manifest.webmanifest").text())
    assert manifest["start_url"] == "/classify/"
    assert {icon["sizes"] for icon in manifest["icons"]} == {"any", "192x192", "512x512"}
    assert all(request.get(icon["src"]).ok for icon in manifest["icons"])


def test_the_classifier_opens_and_takes_answers_without_network(person):
    visitor = person(workers="allow")
    page = visitor.page
    page.goto("/classify/")
    under_control(page)
    visitor.context.set_offline(True)
    page.reload()
    expect(page.locator("input[name=answer]").first).to_be_enabled(timeout=20_000)
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=waiting]")).to_contain_text("1 waiting")
    page.goto("/about/")
    expect(page.get_by_role("heading", name="No network")).to_be_visible()
    page.get_by_role("link", name="Back to classifying").click()
    expect(page.locator("[data-part=waiting]")).to_contain_text("1 waiting")
    visitor.context.set_offline(False)
    with page.expect_response("**/api/classifications/", timeout=60_000) as answer:
        page.evaluate("window.dispatchEvent(new Event('online'))")
    assert answer.value.status == 201
    expect(page.locator("[data-part=waiting]")).to_be_hidden()


def test_what_is_kept_names_nobody(person):
    visitor = person(workers="allow")
    visitor.sign_in("volunteer")
    page = visitor.page
    page.goto("/classify/")
    under_control(page)
    kept = page.evaluate("""async () => {
      const texts = [];
      for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) {
          const response = await cache.match(request);
          if ((response.headers.get("content-type") ?? "").includes("html")) texts.push(await response.text());
        }
      }
      return texts;
    }""")
    assert kept
    assert not any("Signed in as" in text for text in kept)
