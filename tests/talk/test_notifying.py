"""Who is told of what: once, for the best reason, and never of what they may not read."""

from __future__ import annotations

import pytest
from django.db import DatabaseError
from django.utils import timezone

from accounts.models import Role
from talk import notifying
from talk.models import (
    Access,
    Block,
    Board,
    Category,
    Comment,
    Conversation,
    Digest,
    Discussion,
    Follow,
    Level,
    MailChoice,
    Mention,
    Message,
    ModerationAct,
    Notification,
    Report,
    Tag,
    TagUse,
    ToTell,
)
from talk.notifying import act_notify, comment_notify, message_notify, report_notify, tell
from tests import factories


@pytest.fixture
def board(db):
    return Board.objects.create(slug="help", title="Help")


@pytest.fixture
def discussion(board):
    return Discussion.objects.create(board=board, title="What is this?")


def write(discussion, author, body="hello", **fields):
    made = Comment.objects.create(discussion=discussion, author=author, body=body, **fields)
    comment_notify(made)
    return made


def told(person):
    return [(n.category, n.comment_id) for n in Notification.objects.filter(person=person).order_by("pk")]


def test_those_who_wrote_are_told_and_the_author_is_not(discussion, ann, bob):
    first = write(discussion, ann)
    second = write(discussion, bob)
    assert tell() == 2
    assert told(ann) == [(Category.PARTICIPATING, second.pk)]
    assert told(bob) == []
    assert first.pk < second.pk and not ToTell.objects.exists()


def test_twice_is_once(discussion, ann, bob):
    write(discussion, ann)
    second = write(discussion, bob)
    comment_notify(second)
    tell()
    comment_notify(second)
    assert tell() == 1
    assert len(told(ann)) == 1


def test_the_first_reason_that_holds_is_the_one_said(discussion, ann, bob):
    write(discussion, ann)
    Follow.objects.create(person=ann, discussion=discussion, level=Level.WATCHING)
    tell()
    comment = write(discussion, bob, "@ann look")
    Mention.objects.create(comment=comment, person=ann)
    tell()
    assert told(ann) == [(Category.MENTION, comment.pk)]


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (None, Category.PARTICIPATING),
        (Level.MUTED, None),
        (Level.NORMAL, None),
        (Level.TRACKING, None),
        (Level.WATCHING, Category.PARTICIPATING),
    ],
)
def test_the_level_of_a_discussion_decides(discussion, ann, bob, level, expected):
    write(discussion, ann)
    if level is not None:
        Follow.objects.create(person=ann, discussion=discussion, level=level)
    comment = write(discussion, bob)
    tell()
    assert told(ann) == ([(expected, comment.pk)] if expected else [])


@pytest.mark.parametrize("where", ["discussion", "board", "tag"])
def test_muting_silences_all_but_ones_name(discussion, ann, bob, where):
    tag = Tag.objects.create(name="arc")
    what = {"discussion": {"discussion": discussion}, "board": {"board": discussion.board}, "tag": {"tag": tag}}[where]
    write(discussion, ann)
    Follow.objects.create(person=ann, level=Level.MUTED, **what)
    reply = write(discussion, bob, reply_to=discussion.comments.first())
    named = write(discussion, bob)
    for comment in (reply, named):
        TagUse.objects.create(tag=tag, comment=comment, author=bob, written="arc")
    Mention.objects.create(comment=named, person=ann)
    tell()
    assert told(ann) == [(Category.MENTION, named.pk)]


def test_the_level_of_the_discussion_counts_before_the_boards(discussion, ann, bob):
    Follow.objects.create(person=ann, board=discussion.board, level=Level.MUTED)
    Follow.objects.create(person=ann, discussion=discussion, level=Level.WATCHING)
    comment = write(discussion, bob)
    tell()
    assert told(ann) == [(Category.FOLLOWED, comment.pk)]


def test_an_answer_is_told_even_where_one_only_reads_normally(discussion, ann, bob):
    first = write(discussion, ann)
    Follow.objects.create(person=ann, discussion=discussion, level=Level.NORMAL)
    answer = write(discussion, bob, reply_to=first)
    tell()
    assert told(ann) == [(Category.PARTICIPATING, answer.pk)]


@pytest.mark.parametrize(
    ("level", "first", "later"),
    [
        (Level.TRACKING, Category.STARTED, None),
        (Level.WATCHING, Category.FOLLOWED, Category.FOLLOWED),
        (Level.NORMAL, None, None),
    ],
)
def test_boards(discussion, ann, bob, level, first, later):
    Follow.objects.create(person=ann, board=discussion.board, level=level)
    one, two = write(discussion, bob), write(discussion, bob)
    tell()
    expected = [(category, comment.pk) for category, comment in ((first, one), (later, two)) if category]
    assert told(ann) == expected


def test_a_watched_tag(discussion, ann, bob):
    tag = Tag.objects.create(name="arc")
    Follow.objects.create(person=ann, tag=tag, level=Level.WATCHING)
    comment = write(discussion, bob)
    TagUse.objects.create(tag=tag, comment=comment, author=bob, written="arc")
    write(discussion, bob, "no tag")
    tell()
    assert told(ann) == [(Category.FOLLOWED, comment.pk)]


def test_groups(discussion, ann, bob, moderator):
    scientist, admin = factories.user(Role.SCIENTIST), factories.user(Role.ADMIN)
    comment = write(discussion, ann, "@team")
    Mention.objects.create(comment=comment, group=Mention.Group.TEAM)
    tell()
    assert told(scientist) == told(admin) == [(Category.GROUP_MENTION, comment.pk)]
    assert told(moderator) == told(bob) == []


def test_nobody_is_told_of_what_they_may_not_read(board, discussion, ann, bob):
    scientist = factories.user(Role.SCIENTIST)
    Board.objects.filter(pk=board.pk).update(read=Access.TEAM)
    for person in (ann, scientist):
        Follow.objects.create(person=person, discussion=discussion, level=Level.WATCHING)
    comment = write(discussion, factories.user(Role.SCIENTIST), "@ann")
    Mention.objects.create(comment=comment, person=ann)
    tell()
    assert told(ann) == []
    assert len(told(scientist)) == 1


@pytest.mark.parametrize("what", ["deleted", "hidden"])
def test_nothing_is_told_of_what_was_taken_away_first(discussion, ann, bob, what):
    write(discussion, ann)
    comment = write(discussion, bob)
    if what == "deleted":
        Comment.objects.filter(pk=comment.pk).update(deleted_at=timezone.now())
    else:
        Discussion.objects.filter(pk=discussion.pk).update(hidden=True)
    tell()
    assert told(ann) == []


def test_blocked_people_tell_nothing_not_even_by_name(discussion, ann, bob):
    write(discussion, ann)
    Block.objects.create(by=ann, person=bob)
    comment = write(discussion, bob, "@ann")
    Mention.objects.create(comment=comment, person=ann)
    tell()
    assert told(ann) == []


def test_an_edit_tells_only_whom_it_speaks_to(discussion, ann, bob):
    cat = factories.user(username="cat")
    comment = write(discussion, bob)
    tell()
    Follow.objects.create(person=cat, discussion=discussion, level=Level.WATCHING)  # after it was written
    Mention.objects.create(comment=comment, person=ann)
    comment_notify(comment, edited=True)
    tell()
    assert told(ann) == [(Category.MENTION, comment.pk)]
    assert told(cat) == []


def test_an_e_mail_that_never_comes_is_not_waited_for(discussion, ann, bob):
    cat = factories.user(username="cat")
    for person in (ann, cat):
        Follow.objects.create(person=person, board=discussion.board, level=Level.TRACKING)
    MailChoice.objects.create(person=cat, category=Category.STARTED, digest=Digest.DAILY)
    write(discussion, bob)
    tell()
    assert Notification.objects.get(person=ann).mailed_at is not None  # the default for what was started
    assert Notification.objects.get(person=cat).mailed_at is None


def test_a_message_is_told_to_the_other_one(ann, bob):
    conversation = Conversation.objects.create(first=ann, second=bob)
    message = Message.objects.create(conversation=conversation, author=bob, body="hi")
    message_notify(message)
    tell()
    assert Notification.objects.get().person == ann
    Block.objects.create(by=bob, person=ann)
    message_notify(Message.objects.create(conversation=conversation, author=ann, body="hi"))
    tell()
    assert Notification.objects.count() == 1


def test_a_report_is_told_to_moderators_who_may_read_it(board, discussion, ann, bob, moderator):
    scientist = factories.user(Role.SCIENTIST)
    comment = Comment.objects.create(discussion=discussion, author=bob, body="bad")
    report_notify(Report.objects.create(comment=comment, by=ann, reason=Report.Reason.SPAM))
    tell()
    assert {n.person_id for n in Notification.objects.all()} == {moderator.pk, scientist.pk}
    Board.objects.filter(pk=board.pk).update(read=Access.TEAM)
    other = Comment.objects.create(discussion=discussion, author=bob, body="worse")
    report_notify(Report.objects.create(comment=other, by=ann, reason=Report.Reason.SPAM))
    tell()
    assert Notification.objects.filter(person=moderator).count() == 1


def test_a_warning_reaches_the_person_even_one_who_blocked_the_moderator(ann, moderator):
    Block.objects.create(by=ann, person=moderator)
    act_notify(ModerationAct.objects.create(kind=ModerationAct.Kind.WARN, by=moderator, person=ann, why="Be kind."))
    act_notify(ModerationAct.objects.create(kind=ModerationAct.Kind.LOCK, by=moderator))
    assert tell() == 1
    assert Notification.objects.get().person == ann


def test_a_thousand_people_are_told_with_a_few_statements(discussion, ann, django_assert_max_num_queries):
    people = [factories.User(username=f"p{n}", email="", password="!") for n in range(1000)]
    factories.User.objects.bulk_create(people)
    Follow.objects.bulk_create(Follow(person=p, board=discussion.board, level=Level.WATCHING) for p in people)
    write(discussion, ann)
    with django_assert_max_num_queries(14):
        tell()
    assert Notification.objects.count() == 1000


def test_what_cannot_be_told_holds_up_nothing_behind_it_and_stays(discussion, ann, bob, monkeypatch):
    write(discussion, bob)
    tell()
    first, second = write(discussion, ann, "one"), write(discussion, ann, "two")
    telling = notifying._tell

    def fails(waiting):
        if waiting.comment_id == first.pk:
            raise DatabaseError("cannot be told")
        telling(waiting)

    with monkeypatch.context() as patched:
        patched.setattr(notifying, "_tell", fails)
        assert tell() == 1
    assert told(bob) == [(Category.PARTICIPATING, second.pk)]
    assert tell() == 1
    assert (Category.PARTICIPATING, first.pk) in told(bob)
