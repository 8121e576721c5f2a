"""Reports, what moderators do and why, suspensions, limits of new accounts, votes, blocks, history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.models import Role
from classify.models import Classification
from talk import limits
from talk.blocking import person_block
from talk.board_setup import BoardValues, board_create
from talk.errors import NotYours, Refused
from talk.limits import NEW_LINKS, NEW_MENTIONS, NEW_POSTS, REPORTS_PER_DAY
from talk.models import Block, Comment, ModerationAct, Report, Suspension, TagUse, ToTell, Upvote
from talk.moderation import person_lift, person_suspend, person_warn, report_make
from talk.quoting import quote_of
from talk.selectors import versions_of
from talk.services import comment_delete, comment_edit, comment_post, comment_restore
from talk.standing import may_write
from talk.tags import mentions_of, tags_of
from talk.upvoting import comment_upvote
from tests import factories

DAY = timedelta(days=1)


@pytest.fixture
def comment(ann, subject) -> Comment:  # type: ignore[no-untyped-def]
    return comment_post(author=ann, subject=subject, body="Buy a #telescope now")


def refused(call) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(Refused) as refusal:
        call()
    return refusal.value.code


def test_a_report_reaches_the_queue_and_is_dealt_with_in_one_go(client, ann, bob, moderator, comment):
    client.force_login(bob)
    answer = client.post(f"/talk/comments/{comment.pk}/report/", {"reason": "spam", "text": "the third time"})
    assert answer.status_code == 302
    report = Report.objects.get()
    client.force_login(moderator)
    assert f"/talk/moderation/reports/{report.pk}/" in client.get("/talk/moderation/").content.decode()
    page = client.get(f"/talk/moderation/reports/{report.pk}/").content.decode()
    assert "the third time" in page
    assert "Buy a" in page
    acts = {"acts": ["hide", "warn", "suspend"], "lasts": "7", "why": "No selling here.", "then": "close"}
    assert client.post(f"/talk/moderation/reports/{report.pk}/", acts | {"why": ""}).status_code == 422
    assert not ModerationAct.objects.exists()
    assert client.post(f"/talk/moderation/reports/{report.pk}/", acts).status_code == 302
    written = set(ModerationAct.objects.values_list("kind", "by", "why"))
    assert written == {(kind, moderator.pk, "No selling here.") for kind in ("hide", "warn", "suspend", "close")}
    report.refresh_from_db()
    comment.refresh_from_db()
    assert (report.state, report.closed_by, comment.deleted_by) == ("closed", moderator, moderator)
    left = Suspension.objects.get(person=ann).until - timezone.now()
    assert timedelta(days=6.9) < left < timedelta(days=7)
    assert "Nothing here" in client.get("/talk/moderation/").content.decode()
    log = client.get("/talk/moderation/log/").content.decode()
    assert "suspended a person" in log
    assert "No selling here." in log


def test_reporting_twice_is_once_and_only_the_first_report_calls_moderators(ann, bob, moderator, comment):
    first = report_make(by=bob, comment=comment, reason="spam")
    assert report_make(by=bob, comment=comment, reason="unkind") == first
    other = report_make(by=factories.user(), comment=comment, reason="spam")
    assert set(ToTell.objects.filter(report__isnull=False).values_list("report", flat=True)) == {first.pk}
    assert other.pk != first.pk


def test_many_reports_are_one_case_and_are_closed_together(client, bob, moderator, comment):
    for person in (bob, factories.user(), factories.user()):
        report_make(by=person, comment=comment, reason="spam")
    client.force_login(moderator)
    page = client.get("/talk/moderation/").content.decode()
    assert page.count("A comment by ann") == 1
    first = Report.objects.earliest("pk")
    client.post(f"/talk/moderation/reports/{first.pk}/", {"then": "watch"})
    assert set(Report.objects.values_list("state", flat=True)) == {"watched"}
    client.post(f"/talk/moderation/reports/{first.pk}/", {"then": "close"})
    assert set(Report.objects.values_list("state", flat=True)) == {"closed"}
    assert list(ModerationAct.objects.order_by("pk").values_list("kind", flat=True)) == ["watch", "close"]
    assert not Comment.objects.get().deleted_at


def test_a_decision_sent_twice_or_after_another_moderator_s_does_nothing_more(client, ann, bob, moderator, comment):
    report = report_make(by=bob, comment=comment, reason="spam")
    client.force_login(moderator)
    address = f"/talk/moderation/reports/{report.pk}/"
    acts = {"acts": ["warn"], "why": "No selling here.", "seen": "open", "then": "watch"}
    answers = [client.post(address, acts).headers["Location"] for _ in range(2)]
    assert answers == ["/talk/moderation/", address]
    assert [act.kind for act in ModerationAct.objects.order_by("pk")] == ["warn", "watch"]
    client.post(address, acts | {"seen": "watched", "then": "close"})
    client.force_login(factories.user(Role.MODERATOR))
    for seen in ("watched", "closed"):
        client.post(address, {"acts": ["suspend"], "lasts": "7", "why": "x", "seen": seen, "then": "close"})
    assert not Suspension.objects.exists()


def test_nobody_reports_their_own_or_without_a_reason_or_without_end(ann, bob, subject, comment):
    assert refused(lambda: report_make(by=ann, comment=comment, reason="spam")) == "own"
    assert refused(lambda: report_make(by=bob, comment=comment, reason="because")) == "reason"
    many = [Comment.objects.create(discussion=comment.discussion, author=ann, body=str(n)) for n in range(21)]
    for one in many[:REPORTS_PER_DAY]:
        report_make(by=bob, comment=one, reason="spam")
    assert refused(lambda: report_make(by=bob, comment=many[20], reason="spam")) == "too_fast"


def test_a_suspended_person_reads_and_classifies_and_writes_nowhere(client, ann, bob, moderator, subject, comment):
    theirs = comment_post(author=bob, subject=subject, body="hello")
    person_suspend(person=ann, by=moderator, why="Calm down.", lasts=DAY)
    attempts = [
        lambda: comment_post(author=ann, subject=subject, body="x"),
        lambda: comment_edit(comment=comment, editor=ann, body="x"),
        lambda: comment_upvote(comment=theirs, person=ann),
        lambda: report_make(by=ann, comment=theirs, reason="spam"),
    ]
    assert [refused(attempt) for attempt in attempts] == ["suspended"] * 4
    client.force_login(ann)
    page = client.get(f"/talk/subjects/{subject.pk}/").content.decode()
    assert "Calm down." in page
    assert "<textarea" not in page
    workflow = factories.workflow()
    answer = client.get(f"/classify/{workflow.slug}/")
    assert answer.status_code == 200
    factories.vote(subject, "no", workflow)
    assert Classification.objects.count() == 1
    Suspension.objects.update(created_at=timezone.now() - 2 * DAY, until=timezone.now() - timedelta(seconds=1))
    assert may_write(ann)
    assert comment_post(author=ann, subject=subject, body="back").pk


def test_for_good_ends_only_when_lifted(ann, moderator, subject):
    person_suspend(person=ann, by=moderator, why="Again.", lasts=None)
    assert not may_write(ann)
    assert person_lift(person=ann, by=moderator, why="They said sorry.")
    assert may_write(ann)
    assert not person_lift(person=ann, by=moderator, why="They said sorry.")
    assert list(ModerationAct.objects.order_by("pk").values_list("kind", "person")) == [
        ("suspend", ann.pk),
        ("lift", ann.pk),
    ]


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.SCIENTIST, Role.ADMIN])
def test_a_moderator_acts_on_lower_roles_only(role, ann, moderator):
    person = factories.user(role)
    with pytest.raises(NotYours):
        person_suspend(person=person, by=moderator, why="x", lasts=DAY)
    with pytest.raises(NotYours):
        person_warn(person=person, by=moderator, why="x")
    with pytest.raises(NotYours):
        person_warn(person=ann, by=factories.user(), why="x")
    assert may_write(person)


def test_acts_stay(moderator, ann):
    act = person_warn(person=ann, by=moderator, why="Kindly.")
    with pytest.raises(DatabaseError), transaction.atomic():
        ModerationAct.objects.filter(pk=act.pk).update(why="else")
    with pytest.raises(DatabaseError), transaction.atomic():
        ModerationAct.objects.filter(pk=act.pk).delete()


def test_a_hidden_comment_can_be_shown_again_with_its_tags(client, ann, moderator, comment):
    comment_delete(comment=comment, by=moderator, why="spam?")
    assert not TagUse.objects.exists()
    client.force_login(ann)
    assert "A moderator hid this comment." in client.get(f"/talk/comments/{comment.pk}/", follow=True).content.decode()
    assert client.get(f"/talk/comments/{comment.pk}/restore/").status_code == 404
    client.force_login(moderator)
    assert client.post(f"/talk/comments/{comment.pk}/restore/", {"why": "It was fine."}).status_code == 302
    assert TagUse.objects.get().tag.name == "telescope"
    comment.discussion.refresh_from_db()
    assert comment.discussion.comments_count == 1
    comment_delete(comment=comment, by=ann)
    assert refused(lambda: comment_restore(comment=comment, by=moderator, why="x")) == "own"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (" ".join(f"https://a{n}.example/x" for n in range(NEW_LINKS + 1)), "new_links"),
        ("![a](https://a.example) [b](https://b.example) https://c.example/", "new_links"),
        (" ".join(f"@person{n}" for n in range(NEW_MENTIONS + 1)), "new_mentions"),
    ],
)
def test_a_new_account_posts_few_links_and_mentions(body, code, ann, subject, moderator):
    fresh = factories.user()
    assert refused(lambda: comment_post(author=fresh, subject=subject, body=body)) == code
    kept = comment_post(
        author=fresh, subject=subject, body="https://a.example/ https://b.example/ @ann @bob @mod #x-y-z"
    )
    assert refused(lambda: comment_edit(comment=kept, editor=fresh, body=body)) == code
    for exempt in (ann, factories.user(Role.MODERATOR)):
        assert comment_post(author=exempt, subject=subject, body=body).pk


def test_a_new_account_posts_ten_comments_on_its_first_day(subject):
    fresh = factories.user()
    for n in range(NEW_POSTS):
        comment_post(author=fresh, subject=subject, body=str(n))
    Comment.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    assert refused(lambda: comment_post(author=fresh, subject=subject, body="more")) == "new_posts"
    fresh.date_joined = timezone.now() - limits.NEW_FOR
    fresh.save(update_fields=["date_joined"])
    assert comment_post(author=fresh, subject=subject, body="more").pk


def test_a_vote_counts_once_and_not_for_oneself(client, ann, bob, comment):
    client.force_login(bob)
    address = f"/talk/comments/{comment.pk}/upvote/"
    for _ in range(2):
        button = client.post(address, {"up": "yes"}, headers={"HX-Request": "true"})
        assert 'aria-pressed="true"' in button.content.decode()
    comment.refresh_from_db()
    assert (comment.upvotes_count, Upvote.objects.count()) == (1, 1)
    assert 'aria-pressed="true"' in client.get(f"/talk/subjects/{comment.discussion.subject_id}/").content.decode()
    client.post(address, {"up": "no"})
    comment.refresh_from_db()
    assert (comment.upvotes_count, Upvote.objects.count()) == (0, 0)
    client.force_login(ann)
    assert client.post(address, {"up": "yes"}, headers={"HX-Request": "true"}).status_code == 422
    assert Upvote.objects.count() == 0


def test_the_history_is_for_the_author_and_moderators(client, ann, bob, moderator, comment):
    comment_edit(comment=comment, editor=ann, body="second words")
    comment_edit(comment=comment, editor=ann, body="third words")
    address = f"/talk/comments/{comment.pk}/history/"
    for person, status in ((bob, 403), (ann, 200), (moderator, 200)):
        client.force_login(person)
        assert client.get(address).status_code == status
    page = client.get(address).content.decode()
    assert page.index("Buy a") < page.index("second words") < page.index("third words")


def test_an_answer_quotes_without_tagging_or_calling_anybody_again(client, ann, bob, comment):
    client.force_login(bob)
    where = f"/talk/subjects/{comment.discussion.subject_id}/"
    page = client.get(f"{where}?reply={comment.pk}").content.decode()
    assert f'name="reply_to" value="{comment.pk}"' in page
    assert "&gt; Buy a \\#telescope now" in page
    quote = client.get(f"/talk/comments/{comment.pk}/quote/").json()["quote"]
    client.post(f"{where}post/", {"body": quote + "No.", "reply_to": comment.pk})
    answer = Comment.objects.latest("pk")
    assert (answer.reply_to, answer.tag_uses.count()) == (comment, 0)
    page = client.get(where).content.decode()
    assert "answers ann" in page
    assert "Buy a #telescope now" in page.split("<blockquote>")[1]


@pytest.mark.parametrize(
    "body", ["#one @two (@three) #four\n#five", "> #old\n@new", "* #item\n* @person", "a\n\n\n\n#b-c-d " + "x " * 900]
)
def test_a_quote_tags_nothing_and_is_short(body):
    quote = quote_of("ann", body)
    assert (tags_of(quote), mentions_of(quote)) == ([], [])
    assert len(quote) < 1000
    assert all(line.startswith(">") for line in quote.rstrip("\n").split("\n"))


def test_an_answer_to_another_conversation_is_refused(ann, comment):
    other = factories.subjects(1, factories.workflow())[0]
    assert refused(lambda: comment_post(author=ann, subject=other, body="x", reply_to=comment)) == "elsewhere"


def test_people_block_people(client, ann, bob):
    client.force_login(ann)
    assert client.post("/talk/blocks/", {"name": "@bob"}).status_code == 302
    assert person_block(by=ann, person=bob) == Block.objects.get()
    assert "bob" in client.get("/talk/blocks/").content.decode()
    client.post("/talk/blocks/", {"name": "bob", "act": "unblock"})
    assert not Block.objects.exists()
    assert client.post("/talk/blocks/", {"name": "ann"}).status_code == 422
    for name in ("nobody", "bob\x00x"):
        assert client.post("/talk/blocks/", {"name": name}).status_code == 422


def test_a_report_on_a_board_for_the_team_is_not_for_moderators(client, moderator):
    from talk.models import Access, Board
    from talk.services import discussion_start

    board = Board.objects.create(slug="team", title="Team", read=Access.TEAM, write=Access.TEAM)
    one, two = factories.user(Role.SCIENTIST), factories.user(Role.SCIENTIST)
    first = discussion_start(author=one, board=board, title="Secret title", body="secret words")
    report = report_make(by=two, comment=first, reason="unkind")
    client.force_login(moderator)
    assert "secret words" not in client.get("/talk/moderation/").content.decode()
    assert client.get(f"/talk/moderation/reports/{report.pk}/").status_code == 404
    client.force_login(two)
    client.post(f"/talk/moderation/reports/{report.pk}/", {"acts": ["lock"], "why": "settled", "then": "close"})
    client.force_login(moderator)
    log = client.get("/talk/moderation/log/").content.decode()
    assert "closed a conversation" in log
    assert "Secret title" not in log and "settled" not in log


def test_the_log_names_no_board_that_the_moderator_may_not_read(client, moderator):
    for by, access in ((factories.user(Role.SCIENTIST), "team"), (moderator, "moderators")):
        board_create(by=by, slug=f"{access}-room", values=BoardValues("Room", "", access, access, 0))
    client.force_login(moderator)
    log = client.get("/talk/moderation/log/").content.decode()
    assert "moderators-room" in log
    assert "team-room" not in log
    assert "on a board that you cannot read" in log


def test_the_history_gives_the_reason_as_it_is_kept(ann, moderator, comment):
    comment_delete(comment=comment, by=moderator, why=" spam\x00 ")
    assert [version.why for version in versions_of(comment)] == [ModerationAct.objects.get().why] == ["spam"]
