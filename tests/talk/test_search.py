"""Search finds what a person may read, the newest first, and shows where."""

from __future__ import annotations

import pytest

from talk import newest
from talk.models import Access, Board, Comment, Discussion
from talk.queries import query_of
from talk.search import search
from talk.services import comment_post
from tests import factories


def bodies(person, text, **more):  # type: ignore[no-untyped-def]
    return [hit.comment.body for hit in search(person, query_of(text), **more).hits]


@pytest.fixture
def written(ann, bob, db):  # type: ignore[no-untyped-def]
    here, there = factories.subjects(2, factories.workflow())
    comment_post(author=ann, subject=here, body="A faint trail here #arc")
    comment_post(author=bob, subject=there, body="Trails everywhere, faint ones too #satellite")
    comment_post(author=ann, subject=there, body="Nothing <b>at</b> all & more")
    return here, there


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("trail", [1, 0]),
        ('"faint trail"', [0]),
        ("trail -everywhere", [0]),
        ("#arc", [0]),
        ("#ARC trail", [0]),
        ("@ann", [2, 0]),
        ("@ann trail", [0]),
        ("@ann #satellite", []),
        ("@nobody trail", []),
        ("#unknown trail", []),
        ("board:notes faint", [1, 0]),
        ("board:unknown faint", []),
        ("xyzzy", []),
    ],
)
def test_it_finds(written, text, found):
    every = list(Comment.objects.order_by("pk").values_list("body", flat=True))
    assert bodies(None, text) == [every[n] for n in found]


def test_a_subject_is_found_with_what_was_said_of_it(written):
    here, _there = written
    results = search(None, query_of(f"^S{here.pk}"))
    assert [subject.pk for subject in results.subjects] == [here.pk]
    assert [hit.comment.body for hit in results.hits] == ["A faint trail here #arc"]


def test_a_tag_brings_its_images(written):
    here, _there = written
    assert [subject.pk for subject in search(None, query_of("#arc")).subjects] == [here.pk]
    assert [tag.name for tag in search(None, query_of("satell")).tags] == ["satellite"]


def test_what_fits_is_marked_and_nothing_else_is_an_element(written, ann):
    assert "<mark>trail</mark>" in search(None, query_of("trail")).hits[1].excerpt
    excerpt = search(None, query_of("nothing")).hits[0].excerpt
    assert "<mark>Nothing</mark>" in excerpt
    assert "<b>" not in excerpt
    comment_post(author=ann, subject=written[0], body="\x02script\x03 quasar <mark>")
    excerpt = search(None, query_of("quasar")).hits[0].excerpt
    assert excerpt == "script <mark>quasar</mark>"


def test_few_are_found_beyond_the_newest(written, monkeypatch):
    monkeypatch.setattr(newest, "WINDOW", 1)
    assert len(bodies(None, "trail")) == 2
    assert len(bodies(None, "#arc")) == 1


def test_pages(written, ann):
    first = search(None, query_of("trail"), limit=1)
    assert first.after is not None
    second = search(None, query_of("trail"), limit=1, before=first.after)
    assert second.hits[0].comment.body == "A faint trail here #arc"
    assert second.after is None


def test_boards_hidden_and_deleted_are_not_found(written, ann, bob):
    team = Board.objects.create(slug="team", title="Team", read=Access.TEAM, write=Access.TEAM)
    secret = Discussion.objects.create(board=team, title="A secret plan", comments_count=1)
    Comment.objects.create(discussion=secret, author=ann, body="secretly faint")
    scientist = factories.user(factories.Role.SCIENTIST)
    for person in (None, bob):
        results = search(person, query_of("secret"))
        assert not results
        assert bodies(person, "secretly") == []
        assert bodies(person, "board:team secretly") == []
    assert bodies(scientist, "secretly") == ["secretly faint"]
    assert [one.title for one in search(scientist, query_of("plan")).discussions] == ["A secret plan"]
    Discussion.objects.filter(subject=written[0]).update(hidden=True)
    assert bodies(bob, "arc") == []


def test_the_page(client, written):
    page = client.get("/talk/search/", {"q": "faint"}).content.decode()
    assert "<mark>faint</mark>" in page
    assert 'value="faint"' in page
    assert "Nothing found" in client.get("/talk/search/", {"q": "xyzzy"}).content.decode()
    assert client.get("/talk/search/").status_code == 200
    assert client.get("/talk/search/", {"q": "faint", "before": "x"}).status_code == 404
    for text in ['"', "'", "<script>", ":*", "#", "^S" + "9" * 30, "a" * 5000, "%_\\"]:
        assert client.get("/talk/search/", {"q": text}).status_code == 200
