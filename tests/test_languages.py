"""Spanish is whole: every string of the code is in its catalogue, translated, compiled, and on the pages."""

from __future__ import annotations

import gettext
import html
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from tests import factories

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "locale" / "es" / "LC_MESSAGES"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}")
ROOMS = ["accounts", "archive", "catalogue", "classify", "hunter", "jobs", "ml", "sky", "talk", "templates", "locale"]
# Pages and modules that only moderators, scientists and admins see anything of.
TEAM = re.compile(
    r"templates/(archive|jobs|ml|catalogue/(?!results|release|satellites|_satellite)|classify/(setup/|votes|statistics_team))"
    r"|(archive|jobs|ml|sky|catalogue)/|[a-z]+/admin\.py"
    r"|classify/(setup/|models/|paths|rule_preview|statistics_team|management/|consensus|publish)"
    r"|hunter/(settings|embedded)"
)
VOLUNTEER_PAGES = [
    "/", "/about/", "/classify/", "/talk/", "/talk/recent/", "/talk/subjects/{subject}/", "/results/",
    "/classify/{slug}/guide/", "/classify/{slug}/training/", "/statistics/", "/statistics/{slug}/", "/people/me/",
    "/people/me/certificate/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/offline/",
    "/nowhere/",
]  # fmt: skip


def catalogue(path: Path = FOLDER / "django.po") -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="es")


def messages(found: Catalog) -> list[Message]:
    return [message for message in found if message.id]


def texts(value: str | tuple[str, ...] | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def is_for_the_team(message: Message) -> bool:
    """Whether only team pages show it: those may be in English where nobody has translated them yet."""
    return all(TEAM.match(file) for file, _ in message.locations)


def test_every_message_of_volunteer_pages_is_translated_and_all_keep_their_placeholders():
    wrong = []
    for message in messages(catalogue()):
        said, meant = texts(message.string), texts(message.id)
        if is_for_the_team(message) and not any(said):
            continue
        whole = all(said) and not message.fuzzy
        # A singular may leave out its number; the last form of both has everything.
        if not whole or sorted(PLACEHOLDER.findall(said[-1])) != sorted(PLACEHOLDER.findall(meant[-1])):
            wrong.append(meant[0])
    assert wrong == []


def test_what_is_compiled_is_what_is_written():
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    wrong = []
    for message in messages(catalogue()):
        if message.context or not isinstance(message.id, str) or not message.string:
            continue
        if compiled.gettext(message.id) != message.string:
            wrong.append(message.id)
    assert wrong == [], "make messages compiles them"


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="gettext is not installed")
def test_the_catalogue_holds_every_string_of_the_code(tmp_path):
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__", "*.onnx", "shipped"))
    command = [sys.executable, "-m", "django", "makemessages", "--locale", "es", "--no-obsolete", "--no-wrap"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    fresh = {message.id for message in messages(catalogue(tmp_path / "locale/es/LC_MESSAGES/django.po"))}
    kept = {message.id for message in messages(catalogue())}
    assert (sorted(map(str, fresh - kept)), sorted(map(str, kept - fresh))) == ([], []), "make messages renews it"


@pytest.mark.django_db
def test_volunteers_read_no_english_on_spanish_pages(client):
    workflow = factories.workflow()
    (subject,) = factories.subjects(1, workflow, with_file=True)
    english = [
        message.id
        for message in messages(catalogue())
        if isinstance(message.id, str) and " " in message.id and len(message.id) > 12
        and message.string not in ("", message.id) and not PLACEHOLDER.search(message.id)
    ]  # fmt: skip
    left: dict[str, list[str]] = {}
    for pattern in VOLUNTEER_PAGES:
        path = pattern.format(subject=subject.pk, slug=workflow.slug)
        answer = client.get(path, headers={"Accept-Language": "es"}, follow=True)
        page = " ".join(html.unescape(answer.content.decode()).split())
        assert '<html lang="es"' in page, path
        # A whole string between tags or quotes; a part of a longer text is another string.
        found = [
            text for text in english if re.search(rf"""[>"']\s*{re.escape(" ".join(text.split()))}\s*[<"']""", page)
        ]
        if found:
            left[path] = found
    assert left == {}


@pytest.mark.django_db
def test_a_language_is_chosen_on_the_page_and_remembered(client):
    answer = client.post("/language/", {"language": "es", "next": "/about/"})
    assert answer.url == "/about/"
    assert '<html lang="es"' in client.get("/about/").content.decode()
    assert client.post("/language/", {"language": "es", "next": "https://elsewhere.example/"}).url == "/"
