"""The page of a tag: images by when and by how many people they were tagged, filters, downloads."""

from __future__ import annotations

import csv
import io

import pytest
from astropy.io.votable import parse_single_table
from django.utils import timezone

from talk.models import Access, Board, Comment, Discussion, TaggedSubject
from talk.services import comment_post
from talk.tag_filters import TagFilter
from talk.tag_selectors import tag_subjects, tag_subjects_key
from tests import factories


@pytest.fixture
def tagged(db, ann, bob):  # type: ignore[no-untyped-def]
    """Three subjects: tagged by two people, by one twice, by another one last."""
    subjects = factories.subjects(3, factories.workflow(), ra_deg=12.5, dec_deg=-3.25)
    for author, n in ((ann, 0), (bob, 0), (ann, 1), (ann, 1), (bob, 2)):
        comment_post(author=author, subject=subjects[n], body="look #arc")
    return subjects


def listed(client, query=""):  # type: ignore[no-untyped-def]
    page = client.get(f"/talk/tags/arc/{query}")
    return [row.subject_id for row in page.context["subjects"].rows]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [2, 1, 0]),
        ("?order=people", [0, 2, 1]),
        ("?people=2", [0]),
        ("?author=ANN", [1, 0]),
        ("?author=nobody", []),
        ("?board=notes", [2, 1, 0]),
        ("?board=chat", []),
        ("?since=2999-01-01", []),
        ("?until=2001-01-01", []),
        ("?since=x&people=y&order=z", [2, 1, 0]),
        ("?author=bob&people=2", [0]),
    ],
)
def test_images_are_sorted_and_filtered_by_the_address(client, tagged, query, expected):
    assert listed(client, query) == [tagged[n].pk for n in expected]


def test_days_are_whole(client, tagged):
    today = timezone.now().date().isoformat()
    assert len(listed(client, f"?since={today}&until={today}")) == 3


def test_comments_are_filtered_too(client, tagged):
    assert len(client.get("/talk/tags/arc/?author=bob").context["page"].rows) == 2
    assert len(client.get("/talk/tags/arc/?people=2").context["page"].rows) == 2


@pytest.mark.parametrize("order", ["recent", "people"])
def test_pages_hold_each_image_once(tagged, order):
    tag = TaggedSubject.objects.first().tag
    filters, at, found = TagFilter(order=order), None, []
    for _ in range(3):
        page = tag_subjects(tag, filters, at=at, limit=1)
        found += [row.subject_id for row in page.rows]
        at = tag_subjects_key(page.after)
    assert sorted(found) == sorted(subject.pk for subject in tagged)
    assert page.after is None


@pytest.mark.parametrize("query", ["images=x", "images=1_", "images=" + "9" * 30, "before=x"])
def test_nonsense_is_no_page(client, tagged, query):
    assert client.get(f"/talk/tags/arc/?{query}").status_code == 404


def test_the_team_downloads_what_fits(client, tagged):
    address = "/talk/tags/arc/images.{}?people=2"
    client.force_login(factories.user())
    assert client.get(address.format("csv")).status_code == 404
    client.force_login(factories.user(factories.Role.SCIENTIST))
    text = b"".join(client.get(address.format("csv")).streaming_content).decode()
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["subject"], row["ra"], row["dec"]) == (str(tagged[0].pk), "12.5", "-3.25")
    assert (row["taggers"], row["comments"]) == ("2", "2")
    assert row["observation"] == tagged[0].cutout.exposure.observation.name
    content = b"".join(client.get(address.format("votable")).streaming_content)
    table = parse_single_table(io.BytesIO(content), verify="exception")
    assert table.get_field_by_id_or_name("ra").unit.to_string() == "deg"
    assert list(table.array["subject"]) == [tagged[0].pk]
    assert client.get(address.format("exe")).status_code == 404


def test_other_boards_leave_no_trace(client, tagged, ann):
    team = Board.objects.create(slug="team", title="Team", read=Access.TEAM, write=Access.TEAM)
    secret = Discussion.objects.create(board=team, title="Plans", subject=tagged[0], comments_count=1)
    Comment.objects.create(discussion=secret, author=ann, body="a secret #arc")
    page = client.get("/talk/tags/arc/").content.decode()
    assert "a secret" not in page
    assert "Team" not in page
