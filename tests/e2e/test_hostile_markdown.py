"""Hostile comments in a real browser, on a page and in the preview: nothing runs, nothing loads, nothing breaks out."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from tests.talk.hostile_markdown import CASES

# What a comment may consist of, written down here apart from the code that sees to it.
LINKS = {"href", "title", "rel", "class"}
ALLOWED: dict[str, set[str]] = {
    "a": LINKS,
    "ol": {"start"},
    **{name: set() for name in ("p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "li", "h4")},
}
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});
"""
WALK = """([root, allowed]) => {
  const wrong = [];
  const say = (what) => wrong.push(what.slice(0, 200));
  for (const element of root.querySelectorAll("*")) {
    const name = element.localName;
    if (element.namespaceURI !== "http://www.w3.org/1999/xhtml" || !(name in allowed)) {
      say(element.outerHTML);
      continue;
    }
    for (const attribute of element.attributes) {
      if (!allowed[name].includes(attribute.name)) say(`${name}[${attribute.name}=${attribute.value}]`);
    }
    if (name === "a") {
      if (element.hasAttribute("href") && !["http:", "https:"].includes(element.protocol)) say(element.href);
      if (!["", "hashtag", "mention", "subject"].includes(element.className)) say(`class ${element.className}`);
      if (!["nofollow", "noopener", "ugc"].every((word) => element.relList.contains(word))) say(`rel ${element.rel}`);
    }
    for (const type of ["mouseover", "pointerover", "focus", "error", "load", "toggle", "animationstart"]) {
      element.dispatchEvent(new Event(type));
    }
  }
  return wrong;
}"""
PREVIEW = f"""async ([bodies, allowed]) => {{
  const walk = {WALK};
  const panel = document.querySelector("[data-preview-panel]");
  panel.hidden = false;
  const found = {{}};
  for (const [name, body] of Object.entries(bodies)) {{
    await htmx.ajax("POST", "/talk/preview/", {{ target: panel, swap: "innerHTML", values: {{ body }} }});
    const prose = panel.querySelector(".prose");
    const wrong = prose ? walk([prose, allowed]) : [panel.textContent];
    if (panel.querySelectorAll(".prose").length !== 1 || panel.children.length !== 1) wrong.push("out of its place");
    if (wrong.length) found[name] = wrong;
  }}
  return found;
}}"""
SEED = """
from accounts.models import User
from talk.models import Board, Comment, Discussion

board, _ = Board.objects.get_or_create(slug="hostile", defaults={"title": "<script>alert(1)</script>"})
author = User.objects.get(username="volunteer")
one = Discussion.objects.create(board=board, title="<img src=x onerror=alert(1)>", started_by=author)
bodies = json.loads(%r)
made = Comment.objects.bulk_create(
    Comment(discussion=one, author=author, body=body.replace(chr(0), "")) for body in bodies
)
Discussion.objects.filter(pk=one.pk).update(comments_count=len(made), last_comment_at=made[-1].created_at)
print(json.dumps(one.pk))
"""


def watched(visitor: Any) -> list[str]:
    """What a page must not do: open dialogs or windows, ask another host for anything."""
    seen: list[str] = []
    host = urlsplit(visitor.site.url).netloc
    page = visitor.page
    page.on("dialog", lambda dialog: (seen.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("popup", lambda popup: seen.append(f"window {popup.url}"))
    page.on(
        "request",
        lambda request: (
            seen.append(f"request {request.url}")
            if request.url.startswith(("http", "ws", "ftp")) and urlsplit(request.url).netloc != host
            else None
        ),
    )
    visitor.context.add_init_script(WATCH)
    return seen


def test_hostile_comments_harm_nobody(person, site):
    assert len(CASES) >= 60
    allowed = {name: sorted(attributes) for name, attributes in ALLOWED.items()}
    pk = site.shell(SEED % json.dumps(list(CASES.values())))

    reader = person(390)
    seen = watched(reader)
    page, shown, path = reader.page, 0, f"/talk/discussions/{pk}/"
    while path:
        page.goto(path)
        for prose in page.locator(".comment .prose").element_handles():
            assert page.evaluate(WALK, [prose, allowed]) == []
        shown += page.evaluate("document.querySelectorAll('.comment-list > .comment > .prose').length")
        assert page.evaluate("document.querySelectorAll('.comment .comment, .prose .prose, main main').length") == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.evaluate("[window.hit ?? null, window.violations]") == [None, []]
        assert page.title().endswith("Talk – Asteroid Hunter")
        following = page.locator("a[rel=next]")
        path = f"/talk/discussions/{pk}/" + following.get_attribute("href") if following.count() else ""
    assert shown == len(CASES)
    page.goto("/talk/boards/hostile/")
    page.goto("/talk/recent/")
    assert (seen, reader.console) == ([], [])

    # The preview puts its HTML into a page that stands already. Two people, for the limit of previews per minute.
    names = list(CASES)
    for role, part in (("volunteer", names[: len(names) // 2]), ("scientist", names[len(names) // 2 :])):
        writer = person()
        seen = watched(writer)
        writer.sign_in(role)
        writer.page.goto("/talk/subjects/1/")
        bodies = {name: CASES[name] for name in part}
        assert writer.page.evaluate(PREVIEW, [bodies, allowed]) == {}
        assert writer.page.evaluate("[window.hit ?? null, window.violations]") == [None, []]
        assert (seen, writer.console) == ([], [])
