"""REST of Talk."""

from __future__ import annotations

import uuid

import pytest

from talk.discussions import discussion_lock
from talk.models import Comment
from talk.services import comment_delete, comment_post
from tests import factories

POST = "/api/talk/comments/"


@pytest.fixture
def api(client):  # type: ignore[no-untyped-def]
    """POST as JSON."""

    def post(**data):  # type: ignore[no-untyped-def]
        return client.post(POST, data, content_type="application/json")

    return post


def test_everybody_reads_comments_newest_first(client, ann, bob, subject):
    comment_post(author=ann, subject=subject, body="first #trail")
    gone = comment_post(author=ann, subject=subject, body="gone")
    comment_post(author=bob, subject=subject, body="last")
    comment_delete(comment=gone, by=ann)
    answer = client.get(f"/api/talk/subjects/{subject.pk}/comments/")
    assert answer.status_code == 200
    rows = answer.json()["results"]
    assert [(row["author"], row["body"], row["subject"]) for row in rows] == [
        ("bob", "last", subject.pk), ("ann", "first #trail", subject.pk),
    ]  # fmt: skip
    assert "/talk/tags/trail/" in rows[1]["html"]


def test_pages_by_key(client, subject):
    for n in range(5):
        comment_post(author=factories.user(), subject=subject, body=f"number {n}")
    address, bodies = f"/api/talk/subjects/{subject.pk}/comments/?page_size=2", []
    while address:
        answer = client.get(address).json()
        bodies += [row["body"] for row in answer["results"]]
        address = answer["next"]
    assert bodies == [f"number {n}" for n in (4, 3, 2, 1, 0)]


def test_posting_needs_an_account(api, client, subject):
    answer = api(subject=subject.pk, body="hi")
    assert answer.status_code == 401
    assert set(answer.json()["error"]) == {"code", "message", "fields"}
    assert Comment.objects.count() == 0


def test_posting_and_repeating(api, client, ann, subject):
    client.force_login(ann)
    data = {"subject": subject.pk, "body": "hi #trail", "key": str(uuid.uuid4())}
    first, again = api(**data), api(**data)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert Comment.objects.get().author == ann


@pytest.mark.parametrize(
    ("data", "field"),
    [({"body": ""}, "body"), ({"body": "x" * 10_001}, "body"), ({"subject": 999999, "body": "x"}, "subject"),
     ({"body": "x", "key": "no"}, "key"), ({}, "body")],
)  # fmt: skip
def test_bad_input_names_the_field(api, client, ann, subject, data, field):
    client.force_login(ann)
    answer = api(**{"subject": subject.pk} | data)
    assert answer.status_code == 400
    assert field in answer.json()["error"]["fields"]


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1.5", "true", "0", "-1", str(2**62), str(2**64), "9" * 999,
                                    '"1e9"', "[]", "{}", "null"])  # fmt: skip
def test_no_number_of_a_subject_breaks_it(client, ann, subject, number):
    client.force_login(ann)
    answer = client.post(POST, f'{{"subject": {number}, "body": "x"}}', content_type="application/json")
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == ["subject"]


def test_refusals_have_their_own_codes(api, client, ann, subject, moderator):
    client.force_login(ann)
    for n in range(10):
        assert api(subject=subject.pk, body=f"number {n}").status_code == 201
    answer = api(subject=subject.pk, body="one more")
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too_fast")
    discussion_lock(discussion=Comment.objects.first().discussion, by=moderator, why="settled")  # type: ignore[union-attr]
    client.force_login(moderator)
    answer = api(subject=subject.pk, body="closed")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "locked")


def test_popular_tags(client, db):
    here, there = factories.subjects(2, factories.workflow())
    comment_post(author=factories.user(), subject=here, body="#one #two")
    comment_post(author=factories.user(), subject=there, body="#two")
    assert client.get("/api/talk/tags/").json() == [
        {"name": "two", "uses_count": 2}, {"name": "one", "uses_count": 1},
    ]  # fmt: skip
    assert [tag["name"] for tag in client.get("/api/talk/tags/", {"subject": there.pk}).json()] == ["two"]
    assert len(client.get("/api/talk/tags/", {"limit": 1}).json()) == 1
    assert client.get("/api/talk/tags/", {"limit": "x"}).status_code == 400
    assert client.get("/api/talk/tags/", {"subject": 999999}).status_code == 404


def test_the_schema_describes_talk(client, db):
    schema = client.get("/api/schema/", headers={"accept": "application/json"}).json()
    assert {"/api/talk/comments/", "/api/talk/tags/", "/api/talk/subjects/{id}/comments/"} <= set(schema["paths"])
