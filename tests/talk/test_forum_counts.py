"""What boards, discussions and moderation cost in statements: on file, and the same however much is on the page."""

from __future__ import annotations

import json
import os

from talk.board_setup import BoardValues, board_create
from talk.moderation import report_make
from talk.services import comment_delete, comment_post, discussion_start
from talk.upvoting import comment_upvote
from tests import factories
from tests.talk.test_query_counts import FILE, _count

PAGES = {
    "talk board": "/talk/boards/questions/",
    "talk board of notes": "/talk/boards/notes/",
    "talk boards set up": "/talk/moderation/boards/",
    "talk discussion": "/talk/discussions/{discussion}/",
    "talk moderation log": "/talk/moderation/log/",
    "talk moderation of a person": "/talk/moderation/people/ann/",
    "talk reports": "/talk/moderation/",
}


def _more(board, first, people, moderator, subjects) -> None:  # type: ignore[no-untyped-def]
    """A round of everything: a discussion, answers with mentions and votes, reports, something hidden."""
    ann, bob = people
    for subject in subjects:
        made = discussion_start(author=ann, board=board, title="An arc", body="see #arc @bob", subject=subject)
        noted = comment_post(author=bob, subject=subject, body="hm @ann")
        for one in (made, noted):
            report_make(by=moderator, comment=one, reason="spam")
        answer = comment_post(author=bob, discussion=first.discussion, body="yes @ann", reply_to=first)
        comment_upvote(comment=answer, person=ann)
        gone = comment_post(author=ann, discussion=first.discussion, body="no @bob")
        comment_delete(comment=gone, by=moderator, why="spam")


def test_the_pages_of_the_forum_cost_what_is_on_file(client, ann, bob, moderator):
    values = BoardValues("Questions", "", "everyone", "everyone", 1)
    board = board_create(by=moderator, slug="questions", values=values)
    subjects = factories.subjects(4, factories.workflow())
    first = discussion_start(author=ann, board=board, title="Rings?", body="look #ring @bob", subject=subjects[0])
    client.force_login(moderator)
    found = []
    for some in (subjects[:1], subjects[1:3]):
        _more(board, first, (ann, bob), moderator, some)
        addresses = {name: address.format(discussion=first.discussion_id) for name, address in PAGES.items()}
        found.append({name: _count(client, address) for name, address in addresses.items()})
    little, much = found
    assert {name: much[name] - little[name] for name in much if much[name] > little[name]} == {}
    on_file = json.loads(FILE.read_text(encoding="utf-8"))
    if os.environ.get("RENEW_QUERY_COUNTS"):
        FILE.write_text(json.dumps(dict(sorted((on_file | much).items())), indent=2) + "\n", encoding="utf-8")
        return
    assert {name: on_file.get(name) for name in much} == much
