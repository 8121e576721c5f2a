"""Spellings of a tag become one, and come apart again."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.urls import reverse

from accounts.models import Role
from talk.errors import NotYours, Refused
from talk.merging import tag_split, tags_merge
from talk.models import Follow, Level, ModerationAct, Tag, TaggedSubject, TagUse
from talk.selectors import tag_named, tags_popular
from talk.services import comment_edit, comment_post
from talk.tag_selectors import spellings_near, spellings_of
from tests import factories


@pytest.fixture
def lenses(ann, bob, db):  # type: ignore[no-untyped-def]
    """Two subjects; the first tagged in both spellings by two people, the second in one."""
    first, second = factories.subjects(2, factories.workflow())
    both = comment_post(author=ann, subject=first, body="#gravitational_lens and #gravitational-lens")
    dash = comment_post(author=bob, subject=first, body="a #gravitational-lens")
    other = comment_post(author=bob, subject=second, body="another #gravitational-lens")
    return first, second, both, dash, other


def tags():  # type: ignore[no-untyped-def]
    return Tag.objects.get(name="gravitational-lens"), Tag.objects.get(name="gravitational_lens")


def state():  # type: ignore[no-untyped-def]
    uses = set(TagUse.objects.values_list("tag__name", "comment", "written"))
    counts = dict(Tag.objects.values_list("name", "uses_count"))
    subjects = set(TaggedSubject.objects.values_list("tag__name", "subject", "uses_count", "people_count"))
    return uses, counts, subjects


def apart(call):  # type: ignore[no-untyped-def]
    """Call something in a thread, on a connection of its own."""
    try:
        return call()
    finally:
        connection.close()


def test_uses_move_and_what_was_written_stays(lenses, moderator):
    first, second, both, dash, other = lenses
    before = state()
    dashed, canonical = tags()
    assert tags_merge(tag=dashed, into=canonical, by=moderator, why="the same") == canonical
    uses, counts, subjects = state()
    assert uses == {
        ("gravitational_lens", both.pk, "gravitational_lens"),
        ("gravitational_lens", dash.pk, "gravitational-lens"),
        ("gravitational_lens", other.pk, "gravitational-lens"),
    }
    assert counts == {"gravitational_lens": 3, "gravitational-lens": 0}
    assert subjects == {("gravitational_lens", first.pk, 2, 2), ("gravitational_lens", second.pk, 1, 1)}
    act = ModerationAct.objects.get()
    assert (act.kind, act.by, act.why, act.tag) == ("merge_tags", moderator, "the same", dashed)
    tag_split(tag=dashed, by=moderator, why="not the same")
    assert state() == before
    assert ModerationAct.objects.order_by("pk").last().kind == "split_tags"


def test_twice_is_once(lenses, moderator):
    dashed, canonical = tags()
    for _ in range(2):
        tags_merge(tag=dashed, into=canonical, by=moderator, why="the same")
    for _ in range(2):
        tag_split(tag=dashed, by=moderator, why="no")
    assert ModerationAct.objects.count() == 2


def test_new_comments_and_edits_use_the_tag_it_stands_for(lenses, moderator, ann):
    dashed, canonical = tags()
    tags_merge(tag=dashed, into=canonical, by=moderator, why="the same")
    new = comment_post(author=ann, subject=lenses[1], body="#Gravitational-Lens")
    assert TagUse.objects.get(comment=new).tag == canonical
    comment_edit(comment=lenses[2], editor=ann, body="only #gravitational-lens now")
    assert TagUse.objects.get(comment=lenses[2]).tag == canonical
    assert tag_named("gravitational-lens") == canonical
    assert [tag.name for tag in tags_popular(subject=lenses[0])] == ["gravitational_lens"]
    tag_split(tag=dashed, by=moderator, why="no")
    assert TagUse.objects.get(comment=new).tag == dashed


def test_what_stood_for_a_spelling_follows_it(lenses, moderator, ann, bob):
    dashed, canonical = tags()
    comment_post(author=ann, subject=lenses[1], body="#gravlens")
    short = Tag.objects.get(name="gravlens")
    Follow.objects.create(person=bob, tag=dashed, level=Level.WATCHING)
    tags_merge(tag=short, into=dashed, by=moderator, why="short")
    tags_merge(tag=dashed, into=canonical, by=moderator, why="same")
    short.refresh_from_db()
    assert short.merged_into == canonical
    assert Follow.objects.get().tag == canonical
    with pytest.raises(Refused):
        tags_merge(tag=canonical, into=short, by=moderator, why="a circle")


def test_only_moderators_who_say_why(lenses, ann, moderator):
    dashed, canonical = tags()
    with pytest.raises(NotYours):
        tags_merge(tag=dashed, into=canonical, by=ann, why="I want it")
    with pytest.raises(Refused):
        tags_merge(tag=dashed, into=canonical, by=moderator, why="  ")
    assert not ModerationAct.objects.exists()


def test_near_spellings_are_suggested(lenses, ann):
    comment_post(author=ann, subject=lenses[0], body="#gravitationallens #gravitational_lenses #other")
    dashed, _ = tags()
    assert {tag.name for tag in spellings_of(dashed)} == {"gravitational_lens", "gravitationallens"}
    groups = spellings_near()
    assert [(tag.name, {one.name for one in others}) for tag, others in groups] == [
        ("gravitational-lens", {"gravitational_lens", "gravitationallens"})
    ]


def test_the_pages(client, lenses, moderator):
    client.force_login(moderator)
    address = reverse("talk:tag_spellings", args=["gravitational_lens"])
    assert "#gravitational-lens" in client.get(address).content.decode()
    assert "#gravitational_lens" in client.get(reverse("talk:spellings")).content.decode()
    form = {"act": "merge", "spelling": "#gravitational-lens", "why": "the same"}
    assert client.post(address, form | {"why": ""}).status_code == 422
    assert client.post(address, form | {"spelling": "unknown"}).status_code == 422
    page = client.post(address, form, follow=True).content.decode()
    assert "now stands for" in page
    answer = client.get("/talk/tags/gravitational-lens/?people=2")
    assert answer.status_code == 302
    assert answer["Location"] == "/talk/tags/gravitational_lens/?people=2"
    assert "#gravitational-lens" in client.get("/talk/tags/gravitational_lens/").content.decode()
    page = client.post(address, form | {"act": "split"}, follow=True).content.decode()
    assert "a tag of its own again" in page


@pytest.mark.django_db(transaction=True)
def test_an_edit_that_waits_for_a_merge_takes_the_tag_away_all_the_same():
    person, moderator = factories.user(), factories.user(Role.MODERATOR)
    (subject,) = factories.subjects(1, factories.workflow())
    comment = comment_post(author=person, subject=subject, body="a #gravitational-lens")
    comment_post(author=person, subject=subject, body="a #gravitational_lens")
    dashed, canonical = tags()
    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            tags_merge(tag=dashed, into=canonical, by=moderator, why="the same")
            edited = pool.submit(apart, lambda: comment_edit(comment=comment, editor=person, body="nothing"))
            time.sleep(0.5)  # until it waits
        edited.result()
    assert state()[1] == {"gravitational_lens": 1, "gravitational-lens": 0}
