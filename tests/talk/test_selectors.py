"""Lists of Talk: complete, in order, without repeats, and no dearer when there is more."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from talk import board_selectors, selectors
from talk.models import Comment, Tag
from talk.services import comment_delete, comment_post
from talk.tag_filters import TagFilter
from talk.tag_selectors import tag_subjects, tag_subjects_key
from talk.views.paging import moment_of
from tests import factories


def post(subject, body: str, **fields) -> Comment:  # type: ignore[no-untyped-def]
    """A comment by a person of its own, so that the limit per minute stays out of the way."""
    return comment_post(author=factories.user(), subject=subject, body=body, **fields)


def test_a_conversation_reads_forwards_and_backwards(subject):
    ids = [post(subject, f"comment {n}").pk for n in range(7)]
    discussion = selectors.discussion_of(None, subject)
    forwards, after = [], None
    while True:
        page = selectors.discussion_comments(discussion, after=after, limit=3)
        forwards += [row.pk for row in page.rows]
        if page.after is None:
            break
        after = int(page.after)
    assert forwards == ids
    last = selectors.discussion_comments(discussion, before=selectors.LATEST, limit=3)
    assert [row.pk for row in last.rows] == ids[-3:]
    assert (last.before, last.after) == (str(ids[-3]), None)
    middle = selectors.discussion_comments(discussion, before=int(last.before), limit=3)
    assert [row.pk for row in middle.rows] == ids[1:4]
    assert middle.before is not None
    assert middle.after == str(ids[3])
    first = selectors.discussion_comments(discussion, before=int(middle.before), limit=3)
    assert [row.pk for row in first.rows] == ids[:1]
    assert first.before is None


def test_a_comments_own_address_begins_with_it(subject):
    ids = [post(subject, f"comment {n}").pk for n in range(4)]
    at = selectors.comment_position(Comment.objects.get(pk=ids[2]))
    page = selectors.discussion_comments(selectors.discussion_of(None, subject), after=at)
    assert [row.pk for row in page.rows] == ids[2:]
    assert page.before is not None


def test_nobody_has_written(subject):
    assert selectors.discussion_comments(selectors.discussion_of(None, subject)).rows == []


def test_recent_comments_leave_out_deleted_ones(subject, moderator):
    comments = [post(subject, f"comment {n}") for n in range(5)]
    comment_delete(comment=comments[3], by=moderator, why="spam")
    page = selectors.comments_recent(None, limit=2)
    assert [row.pk for row in page.rows] == [comments[4].pk, comments[2].pk]
    rest = selectors.comments_recent(None, before=int(page.after or 0), limit=2)
    assert [row.pk for row in rest.rows] == [comments[1].pk, comments[0].pk]
    assert rest.after is None


def test_popular_tags_by_use_then_name(subject):
    for body in ("#bbb #ccc", "#ccc", "#aaa"):
        post(subject, body)
    assert [(tag.name, tag.uses_count) for tag in selectors.tags_popular()] == [("ccc", 2), ("aaa", 1), ("bbb", 1)]
    assert [tag.name for tag in selectors.tags_popular(limit=1)] == ["ccc"]


def test_popular_tags_of_one_subject(db):
    here, there = factories.subjects(2, factories.workflow())
    post(here, "#mine #shared")
    post(here, "#mine")
    for _ in range(3):
        post(there, "#shared")
    tags = selectors.tags_popular(subject=here)
    assert [(tag.name, tag.uses_count) for tag in tags] == [("mine", 2), ("shared", 1)]


def test_each_tagged_subject_comes_once_across_pages(db):
    subjects = factories.subjects(5, factories.workflow())
    for subject in [*subjects, *subjects[:2], subjects[0]]:
        post(subject, "#arc")
    post(subjects[4], "#other")
    tag = Tag.objects.get(name="arc")
    found, at = [], None
    while True:
        page = tag_subjects(tag, TagFilter(), at=at, limit=2)
        found += [row.subject_id for row in page.rows]
        if page.after is None:
            break
        at = tag_subjects_key(page.after)
    assert found == [subjects[n].pk for n in (0, 1, 4, 3, 2)]


def test_a_tag_is_found_in_any_case_and_only_while_used(subject, moderator):
    comment = post(subject, "#Arc")
    assert selectors.tag_named("aRC") == Tag.objects.get(name="arc")
    comment_delete(comment=comment, by=moderator, why="spam")
    assert selectors.tag_named("arc") is None


def test_a_board_lists_the_liveliest_first_across_pages(db):
    subjects = factories.subjects(5, factories.workflow())
    for subject in [*subjects, subjects[1]]:
        post(subject, "hello")
    board = board_selectors.board_cards(None)[0].board
    found, key = [], None
    while True:
        page = board_selectors.board_discussions(None, board, before=key, limit=2)
        found += [discussion.subject_id for discussion in page.rows]
        if page.after is None:
            break
        key = moment_of(page.after)
    assert found == [subjects[n].pk for n in (1, 4, 3, 2, 0)]


def _queries(client, address: str) -> int:  # type: ignore[no-untyped-def]
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


@pytest.mark.parametrize(
    ("address", "most"),
    [
        ("/talk/", 6),
        ("/talk/recent/", 7),
        ("/talk/boards/notes/", 6),
        ("/talk/tags/arc/", 9),
        ("/talk/subjects/{pk}/", 11),
        ("/api/talk/subjects/{pk}/comments/", 3),
        ("/api/talk/tags/", 1),
    ],
)
def test_a_page_costs_the_same_with_more_to_show(client, subject, address, most):
    address = address.format(pk=subject.pk)
    post(subject, "first #arc")
    few = _queries(client, address)
    for n in range(12):
        post(subject, f"comment {n} #arc #tag{n} ^S{subject.pk}")
    many = _queries(client, address)
    assert many == few
    assert many <= most
