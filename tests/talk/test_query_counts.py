"""How many statements each list page of Talk costs is on file, so that one more shows in the diff.

The number is the same with little and with much on the page. To renew the file after a change that is meant:
``RENEW_QUERY_COUNTS=1 python -m pytest tests/talk/test_query_counts.py``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from talk import collecting
from talk.models import Access, Board, Comment, Discussion
from talk.services import comment_post
from talk.tagging import comment_tags_write
from tests import factories

FILE = Path(__file__).resolve().parents[1] / "query_counts.json"
PAGES = {
    "talk": "/talk/",
    "talk recents": "/talk/recent/",
    "talk recents, filtered": "/talk/recent/?board=notes&tag=arc&by=team",
    "talk subject": "/talk/subjects/{subject}/",
    "talk tag": "/talk/tags/arc/",
    "talk tag, filtered": "/talk/tags/arc/?order=people&people=2&board=notes&author=ann&since=2001-01-01",
    "talk search, words": "/talk/search/?q=look",
    "talk search, all operators": "/talk/search/?q=look+%23arc+%40ann+board:notes+%5ES{subject}",
    "talk collections": "/talk/collections/",
    "talk collection": "/talk/collections/{collection}/",
    "talk favourites": "/talk/collections/favourites/",
    "talk spellings": "/talk/spellings/",
}


def written(subjects, people, collection) -> None:  # type: ignore[no-untyped-def]
    for subject in subjects:
        collecting.subject_collect(collection=collection, subject=subject)
        for person in people:
            first = comment_post(author=person, subject=subject, body="look #arc @ann")
            rows = [Comment(discussion=first.discussion, author=person, body=f"look {n} #arc #arcs") for n in range(2)]
            for row in Comment.objects.bulk_create(rows):
                comment_tags_write(row, first.discussion)


@pytest.fixture
def counts(client, ann, db):  # type: ignore[no-untyped-def]
    """Statements of each page for a scientist, with one subject, then with several."""
    scientist = factories.user(factories.Role.SCIENTIST)
    chat = Board.objects.create(slug="chat", title="Chat", read=Access.EVERYONE)
    Discussion.objects.create(board=chat, title="look here", comments_count=1)
    subjects = factories.subjects(4, factories.workflow())
    collection = collecting.collection_save(owner=ann, title="Rings", is_public=True)
    client.force_login(scientist)
    found = []
    for some, people in ((subjects[:1], [ann, factories.user()]), (subjects[1:], [ann, factories.user()])):
        written(some, people, collection)
        values = {"subject": subjects[0].pk, "collection": collection.public_id}
        found.append({name: _count(client, address.format(**values)) for name, address in PAGES.items()})
    return found


def _count(client, address: str) -> int:  # type: ignore[no-untyped-def]
    assert client.get(address).status_code == 200, address
    with CaptureQueriesContext(connection) as statements:
        client.get(address)
    return len(statements)


def test_each_page_costs_what_is_on_file_however_much_is_on_it(counts):
    little, much = counts
    assert {name: much[name] - little[name] for name in much if much[name] > little[name]} == {}
    on_file = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    if os.environ.get("RENEW_QUERY_COUNTS"):
        FILE.write_text(json.dumps(dict(sorted((on_file | much).items())), indent=2) + "\n", encoding="utf-8")
        return
    assert {name: on_file.get(name) for name in much} == much
