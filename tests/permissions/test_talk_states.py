"""Talk, by who asks, what for, and the state of the discussion: who may not read it learns nothing of it, anywhere."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from talk.discussions import discussion_hide, discussion_lock, discussion_move
from talk.models import Access, Board, Comment, Discussion, Report
from talk.moderation import person_suspend, report_make
from talk.services import comment_delete, comment_post, discussion_start
from tests import factories
from tests.permissions.table import ACCESS
from tests.permissions.test_every_url import OURS

WHO = ["visitor", "volunteer", "author", "suspended author", "moderator", "scientist", "admin"]
STATES = ["open", "locked", "hidden", "deleted", "for moderators", "for the team", "written by the team"]
MODERATORS, TEAM = {"moderator", "scientist", "admin"}, {"scientist", "admin"}
SEES = dict.fromkeys(STATES, set(WHO)) | {
    "hidden": MODERATORS,
    "for moderators": MODERATORS,
    "for the team": TEAM,
}
WRITES = {state: SEES[state] - {"visitor", "suspended author"} for state in STATES} | {
    "locked": set[str](),
    "written by the team": TEAM,
}
FEW_WRITE = ("for moderators", "for the team", "written by the team")  # boards, as opposed to discussions
SECRET = "xylophone"  # in the title and the words of the discussion, and in the title of its board
FIND, TAG = "zither", "kazoo"  # a word and a tag in it: what one may search for without knowing the secret

OF_DISCUSSION = ("discussion", "discussion_moderate", "discussion_post")
OF_COMMENT = (
    *("comment", "comment_delete", "comment_edit", "comment_history", "comment_quote", "comment_report"),
    *("comment_restore", "comment_upvote"),
)
OF_BOARD = ("board", "board_edit", "discussion_start")


@dataclass
class Scene:
    """A discussion in a state, begun by the author; the suspended author answered, and one comment is another's."""

    state: str
    people: dict[str, User | None]
    first: Comment
    answer: Comment
    others: Comment
    note: Comment
    report: Report

    @property
    def discussion(self) -> Discussion:
        return self.first.discussion

    def own(self, who: str) -> Comment:
        """A comment that belongs to this person, or to somebody else where they have none."""
        return {"author": self.first, "suspended author": self.answer}.get(who, self.others)


@pytest.fixture
def scene(db: None, request: pytest.FixtureRequest) -> Scene:
    state = request.node.callspec.params["state"]
    people: dict[str, User | None] = {"visitor": None, "volunteer": factories.user(username="v-reader")}
    people |= {"author": factories.user(username="a-author"), "suspended author": factories.user(username="s-author")}
    people |= {role: factories.user(Role(role), username=f"{role}-x") for role in ("moderator", "scientist", "admin")}
    author, suspended, admin = people["author"], people["suspended author"], people["admin"]
    assert author and suspended and admin
    board = Board.objects.create(slug="questions", title="Questions")
    (subject,) = factories.subjects(1, factories.workflow())
    made = discussion_start(
        author=author, board=board, title=f"The {SECRET}", body=f"{SECRET} {FIND} #{TAG}", subject=subject
    )
    where = {"discussion": made.discussion}
    answer = comment_post(author=suspended, body=f"{SECRET}, yes", **where)
    others = comment_post(author=factories.user(), body=f"{SECRET}, no", **where)
    report = report_make(by=suspended, comment=others, reason="spam")
    note = comment_post(author=author, body="a note", subject=subject)
    person_suspend(person=suspended, by=admin, why="rude", lasts=None)
    _bring_about(state, made.discussion, admin)
    if state == "deleted":
        for one in (made, answer, others):
            comment_delete(comment=one, by=admin, why="spam")
    fresh = [Comment.objects.get(pk=one.pk) for one in (made, answer, others, note)]
    return Scene(state, people, *fresh, report)


def _bring_about(state: str, discussion: Discussion, admin: User) -> None:
    given = {"discussion": discussion, "by": admin, "why": "state"}
    if state == "locked":
        discussion_lock(**given)
    elif state == "hidden":
        discussion_hide(**given)
    elif state in ("for moderators", "for the team"):
        access = Access.TEAM if state == "for the team" else Access.MODERATORS
        few = Board.objects.create(slug="few", title=f"Board {SECRET}", read=access, write=access)
        discussion_move(**given, board=few)
    elif state == "written by the team":
        news = Board.objects.create(slug="news", title="News", write=Access.TEAM)
        discussion_move(**given, board=news)


def client_of(person: User | None) -> Client:
    client = Client(raise_request_exception=False)
    if person is not None:
        client.force_login(person)
    return client


def expected(name: str, method: str, who: str, scene: Scene, comment: Comment) -> int | str:
    """What comes back: a status, or "sign in"."""
    access = ACCESS[f"talk:{name}"]
    if access != "public" and who == "visitor":
        return "sign in"
    if access == "moderator" and who not in MODERATORS:
        return 404
    allowed = {"comment_quote": "get", "comment_history": "get", "comment_upvote": "post", "discussion_post": "post"}
    allowed |= {"discussion": "get", "comment": "get", "board": "get"}
    if allowed.get(name, method) != method:
        return 405
    sees = SEES[scene.state] if scene.state != "hidden" or name not in OF_BOARD else set(WHO)
    if who not in sees:
        return 404
    gone = scene.state == "deleted"
    if gone and name in OF_COMMENT and name not in ("comment", "comment_history", "comment_restore"):
        return 404
    return _known(name, method, who, scene, own=comment.author == scene.people[who])


def _known(name: str, method: str, who: str, scene: Scene, *, own: bool) -> int:
    """The same, for what the person may know of."""
    writes = who in WRITES[scene.state]
    helps = who in MODERATORS and name != "comment_edit"
    if name in ("comment_edit", "comment_history", "comment_delete") and not own and not helps:
        return 403
    if method == "get":
        return 302 if name == "comment" else 200
    if name in ("discussion_post", "comment_edit"):
        return 302 if writes else 422
    if name == "discussion_start":
        may = WRITES[scene.state] if scene.state in FEW_WRITE else set(WHO)
        return 302 if who in may and _may_write(who) else 422
    if name in ("comment_report", "comment_upvote"):
        refused = own or not _may_write(who)
        return 422 if refused else 302 if name == "comment_report" else 200
    return 302


def _may_write(who: str) -> bool:
    return who not in ("visitor", "suspended author")


SENT = {
    "comment_delete": {"why": "spam"},
    "comment_edit": {"body": "changed"},
    "comment_report": {"reason": "spam"},
    "comment_restore": {"why": "fine"},
    "comment_upvote": {"up": "yes"},
    "discussion_moderate": {"act": "stick"},
    "discussion_post": {"body": "more"},
    "discussion_start": {"title": "Another one", "body": "words"},
    "board_edit": {"title": "Board", "position": 3, "read": "everyone", "write": "everyone"},
}


@pytest.mark.parametrize("state", STATES)
def test_who_gets_what(state, scene):
    wrong = []
    for who in WHO:
        client = client_of(scene.people[who])
        for name in (*OF_DISCUSSION, *OF_COMMENT, *OF_BOARD):
            for comment in {scene.own(who), scene.others} if name in OF_COMMENT else {scene.first}:
                url = _url(name, scene, comment)
                for method in ("get", "post"):
                    with transaction.atomic():
                        answer = getattr(client, method)(
                            url, SENT.get(name, {}) if method == "post" else {}, headers={"HX-Request": "true"}
                        )
                        transaction.set_rollback(True)
                    got = _said(answer)
                    if got != (wanted := expected(name, method, who, scene, comment)):
                        wrong.append(
                            f"{who} {method} {name} (own: {comment.author == scene.people[who]}): {got} != {wanted}"
                        )
    assert wrong == []


@pytest.mark.parametrize("state", ["open", "hidden"])
def test_other_methods_change_nothing(state, scene):
    for name in (*OF_DISCUSSION, *OF_COMMENT, *OF_BOARD):
        for who in ("visitor", "volunteer", "admin"):
            client = client_of(scene.people[who])
            for method in ("put", "patch", "delete"):
                assert _said(getattr(client, method)(_url(name, scene, scene.others))) in (405, 404, 403, "sign in"), (
                    name
                )
            assert client.options(_url(name, scene, scene.others)).status_code in (200, 302, 404, 405), name
            assert client.head(_url(name, scene, scene.others)).status_code in (200, 302, 403, 404, 405), name
    assert Comment.objects.count() == 4


@pytest.mark.parametrize("state", ["hidden", "for moderators", "for the team"])
def test_nothing_tells_of_what_one_may_not_read(state, scene):
    """Every address of Talk, pages and REST, searches for its words included; and one's own data."""
    names = [
        (name, entry) for name, entry in OURS if name.startswith(("talk:", "api:talk")) or name == "accounts:export"
    ]
    assert len(names) > 60
    told = []
    for who in [who for who in WHO if who not in SEES[state]]:
        client = client_of(scene.people[who])
        for name, entry in names:
            url = reverse(name, kwargs=_kwargs(name, entry, scene))
            answer = client.get(url, {"q": FIND, "word": FIND, "kind": "tag"})
            assert answer.status_code < 500, url
            said = b"".join(answer.streaming_content) if answer.streaming else answer.content
            secret = f"The {SECRET}" if name == "accounts:export" else SECRET  # their own words are theirs
            if secret in said.decode(errors="replace"):
                told.append(f"{who} {url}")
    assert told == []


@pytest.mark.parametrize("state", ["open"])
def test_the_scene_is_told_of_where_one_may_read(state, scene):
    """The other way round, so that the test above cannot pass for a wrong reason."""
    client = client_of(scene.people["volunteer"])
    for path in (f"/talk/discussions/{scene.discussion.pk}/", "/talk/recent/", f"/talk/search/?q={FIND}", "/talk/"):
        assert f"The {SECRET}" in client.get(path).content.decode(), path


def _url(name: str, scene: Scene, comment: Comment) -> str:
    if name in OF_BOARD:
        return reverse(f"talk:{name}", args=[scene.discussion.board.slug])
    return reverse(f"talk:{name}", args=[scene.discussion.pk if name in OF_DISCUSSION else comment.pk])


def _kwargs(name: str, entry: object, scene: Scene) -> dict[str, object]:
    """The secret row wherever an address names one; other people's where it names a person."""
    values: dict[str, object] = {
        "slug": scene.discussion.board.slug, "name": TAG, "fmt": "csv", "username": "a-author", "kind": "discussion",
        "token": "x", "public_id": "00000000-0000-4000-8000-000000000000",
    }  # fmt: skip
    short = name.split(":")[1]
    pk: object = scene.first.pk
    if short in OF_DISCUSSION or "discussion" in short or short == "follow":
        pk = scene.discussion.pk
    elif short == "report":
        pk = scene.report.pk
    elif short in ("subject", "comment_post", "talk-comments", "collect", "uncollect"):
        pk = scene.discussion.subject_id
    return {key: pk if key == "pk" else values[key] for key in entry.pattern.converters}  # type: ignore[attr-defined]


def _said(answer: object) -> int | str:
    status: int = answer.status_code  # type: ignore[attr-defined]
    if status == 302 and "/accounts/login/" in answer.headers["Location"]:  # type: ignore[attr-defined]
        return "sign in"
    return status
