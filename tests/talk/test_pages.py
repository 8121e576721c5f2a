"""Pages of Talk as people meet them: everybody reads, people with an account write, nobody sees votes."""

from __future__ import annotations

import re
import uuid
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.services import account_leave
from classify.models import Consensus
from ml.models import Score
from talk.discussions import discussion_lock
from talk.limits import EDITS_PER_WINDOW, PREVIEWS_PER_WINDOW
from talk.models import Comment, CommentEvent, Discussion
from talk.services import comment_delete, comment_post
from tests import factories

WORDS = [("/talk/", "Latest comments"), ("/talk/recent/", "Recent comments"), ("/talk/boards/notes/", "Notes")]


def url(subject) -> str:  # type: ignore[no-untyped-def]
    return reverse("talk:subject", args=[subject.pk])


class Inline(HTMLParser):
    """Everything in a page that a strict Content-Security-Policy would block."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):  # type: ignore[no-untyped-def]
        given = dict(attrs)
        self.found += [f"{tag}[{name}]" for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given and given.get("type") != "application/json"):
            self.found.append(tag)


@pytest.mark.parametrize(("address", "words"), WORDS)
def test_everybody_reads(client, ann, subject, address, words):
    comment_post(author=ann, subject=subject, body="A faint #trail")
    page = client.get(address)
    assert page.status_code == 200
    assert words in page.content.decode()
    assert Inline(page.content.decode()).found == []


def test_talk_before_anybody_wrote(client, db):
    page = client.get("/talk/").content.decode()
    assert "Nobody has written yet" in page
    assert client.get("/talk/recent/").status_code == 200
    assert client.get("/talk/boards/notes/").status_code == 404


def test_a_stranger_reads_a_subject_and_is_asked_to_sign_in(client, ann, subject):
    comment_post(author=ann, subject=subject, body="**bold** #trail")
    page = client.get(url(subject)).content.decode()
    assert "<strong>bold</strong>" in page
    assert f"{reverse('account_login')}?next={url(subject)}" in page
    assert "<textarea" not in page
    assert f'href="{reverse("talk:tag", args=["trail"])}"' in page
    assert str(subject.cutout.public_id) in page
    assert "Back to classifying" in page
    assert Inline(page).found == []


def test_reading_leaves_no_rows(client, subject):
    client.get(url(subject))
    assert Discussion.objects.count() == 0


def test_hidden_metadata_stays_hidden_and_talk_shows_what_the_classifier_hides(client, subject):
    subject.metadata = {"Filter": "F814W", "!Target": "NGC 1", "#secret": "answer is yes", "//note": "internal"}
    subject.save()
    page = client.get(url(subject)).content.decode()
    assert "F814W" in page
    assert "NGC 1" in page
    assert "answer is yes" not in page
    assert "internal" not in page


def test_nobody_learns_of_votes_or_scores(client, ann, subject):
    """The page of a subject is the same, byte for byte, whatever people and models said about it."""

    def page() -> str:
        text = client.get(url(subject)).content.decode()
        return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)  # another one each time

    client.get(url(subject))
    before = page()
    consensus = Consensus.objects.get(subject=subject)
    changes = {"votes_yes": 7, "votes_no": 3, "p_yes": 0.987, "band": 0, "state": "retired"}
    Consensus.objects.filter(pk=consensus.pk).update(retired_at=timezone.now(), **changes)
    assert page() == before
    for table in (Consensus, Score):
        assert table._meta.db_table not in _statements(client, url(subject))


def _statements(client, address: str) -> str:  # type: ignore[no-untyped-def]
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    return "\n".join(query["sql"] for query in queries)


def test_posting_shows_the_comment(client, ann, subject):
    client.force_login(ann)
    page = client.get(url(subject)).content.decode()
    assert "<textarea" in page
    answer = client.post(reverse("talk:comment_post", args=[subject.pk]), {"body": "I see it #trail"}, follow=True)
    assert answer.status_code == 200
    assert "I see it" in answer.content.decode()
    assert Comment.objects.get().author == ann


def test_posting_twice_posts_once(client, ann, subject):
    client.force_login(ann)
    form = {"body": "once", "key": str(uuid.uuid4())}
    for _ in range(2):
        assert client.post(reverse("talk:comment_post", args=[subject.pk]), form).status_code == 302
    assert Comment.objects.count() == 1


def test_a_refused_post_keeps_the_text(client, ann, subject, moderator):
    discussion_lock(
        discussion=comment_post(author=ann, subject=subject, body="x").discussion, by=moderator, why="settled"
    )
    Discussion.objects.update(locked=False)
    for n in range(9):
        comment_post(author=ann, subject=subject, body=f"number {n}")
    client.force_login(ann)
    answer = client.post(reverse("talk:comment_post", args=[subject.pk]), {"body": "my long thoughts"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "my long thoughts" in page
    assert "wait a moment" in page


def test_an_empty_post_says_so(client, ann, subject):
    client.force_login(ann)
    answer = client.post(reverse("talk:comment_post", args=[subject.pk]), {"body": "  "})
    assert answer.status_code == 422
    assert "Write something first." in answer.content.decode()


def test_strangers_cannot_post_edit_delete_or_preview(client, ann, subject):
    comment = comment_post(author=ann, subject=subject, body="mine")
    for name, key in [("comment_post", subject.pk), ("comment_edit", comment.pk), ("comment_delete", comment.pk)]:
        answer = client.post(reverse(f"talk:{name}", args=[key]), {"body": "theirs"})
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("account_login"))
    assert client.post(reverse("talk:preview"), {"body": "x"}).status_code == 302
    assert Comment.objects.get().body == "mine"
    assert Comment.objects.get().deleted_at is None


def test_editing_and_deleting_ones_own(client, ann, subject):
    comment = comment_post(author=ann, subject=subject, body="first words")
    client.force_login(ann)
    edit, delete = (reverse(f"talk:comment_{verb}", args=[comment.pk]) for verb in ("edit", "delete"))
    assert "first words" in client.get(edit).content.decode()
    page = client.post(edit, {"body": "second words"}, follow=True).content.decode()
    assert "second words" in page
    assert "edited" in page
    assert "second words" in client.get(delete).content.decode()
    page = client.post(delete, follow=True).content.decode()
    assert "This comment was deleted." in page
    assert "second words" not in page
    assert client.get(edit).status_code == 404


def test_anothers_comment_is_refused_and_a_moderator_deletes_it(client, ann, bob, subject, moderator):
    comment = comment_post(author=ann, subject=subject, body="mine")
    edit, delete = (reverse(f"talk:comment_{verb}", args=[comment.pk]) for verb in ("edit", "delete"))
    client.force_login(bob)
    assert delete not in client.get(url(subject)).content.decode()
    assert client.post(edit, {"body": "theirs"}).status_code == 403
    assert client.post(delete).status_code == 403
    client.force_login(moderator)
    assert client.post(edit, {"body": "theirs"}).status_code == 403
    assert delete in client.get(url(subject)).content.decode()
    assert client.post(delete, {"why": "rude"}).status_code == 302
    assert CommentEvent.objects.get().pgh_context.metadata["why"] == "rude"


def test_a_moderator_closes_and_opens_a_conversation(client, ann, subject, moderator):
    made = comment_post(author=ann, subject=subject, body="first").discussion
    moderate = reverse("talk:discussion_moderate", args=[made.pk])
    client.force_login(ann)
    assert client.post(moderate, {"act": "lock", "why": "settled"}).status_code == 404
    client.force_login(moderator)
    client.post(moderate, {"act": "lock", "why": "settled"})
    assert "closed this conversation" in client.get(url(subject)).content.decode()
    client.post(moderate, {"act": "unlock", "why": "more to say"})
    assert "<textarea" in client.get(url(subject)).content.decode()


def test_the_preview_is_the_comment(client, ann, subject):
    client.force_login(ann)
    body = "**bold** #trail <script>alert(1)</script>"
    preview = client.post(reverse("talk:preview"), {"body": body}).content.decode()
    comment_post(author=ann, subject=subject, body=body)
    page = client.get(url(subject)).content.decode()
    assert preview.strip() in page
    assert "Nothing to preview" in client.post(reverse("talk:preview"), {"body": " "}).content.decode()


def test_too_many_edits_keep_the_text(client, ann, subject):
    comment = comment_post(author=ann, subject=subject, body="first words")
    client.force_login(ann)
    address = reverse("talk:comment_edit", args=[comment.pk])
    for n in range(EDITS_PER_WINDOW):
        assert client.post(address, {"body": f"words {n}"}).status_code == 302
    answer = client.post(address, {"body": "my long thoughts"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "my long thoughts" in page
    assert "within a minute" in page


@pytest.mark.parametrize("cache_is_here", [True, False])
def test_previews_have_a_limit_while_the_cache_is_here(client, ann, bob, settings, monkeypatch, cache_is_here):
    monkeypatch.setattr("talk.limits.time.time", lambda: 1_800_000_000.0)
    if not cache_is_here:
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://localhost:1/0"}}
    client.force_login(ann)

    def preview() -> tuple[int, str]:
        answer = client.post(reverse("talk:preview"), {"body": "**bold**"})
        return answer.status_code, answer.content.decode()

    for _ in range(PREVIEWS_PER_WINDOW):
        assert preview()[0] == 200
    status, words = preview()
    assert (status, "within a minute" in words) == ((422, True) if cache_is_here else (200, False))
    client.force_login(bob)
    assert preview()[0] == 200
    client.force_login(ann)
    monkeypatch.setattr("talk.limits.time.time", lambda: 1_800_000_060.0)
    assert preview()[0] == 200


def test_a_tag_shows_its_images_and_comments(client, ann, db):
    here, there = factories.subjects(2, factories.workflow())
    comment_post(author=ann, subject=here, body="look #Arc")
    comment_post(author=ann, subject=there, body="nothing")
    page = client.get("/talk/tags/ARC/").content.decode()
    assert str(here.cutout.public_id) in page
    assert str(there.cutout.public_id) not in page
    assert "look" in page


@pytest.mark.parametrize(
    "address",
    ["/talk/subjects/999999/", "/talk/subjects/99999999999999999999/", "/talk/tags/unknown/", "/talk/comments/999999/",
     "/talk/recent/?before=x", "/talk/recent/?before=-1", "/talk/recent/?before=99999999999999999999",
     "/talk/boards/notes/?before=x_y", "/talk/boards/notes/?before=1e999_1", "/talk/boards/unknown/",
     "/talk/subjects/{pk}/?after=%00", "/talk/subjects/{pk}/?before=%D9%A3"],
)  # fmt: skip
def test_nonsense_is_not_found(client, ann, subject, address):
    comment_post(author=ann, subject=subject, body="x")
    assert client.get(address.format(pk=subject.pk)).status_code == 404


def test_long_conversations_come_in_pages(client, subject):
    comments = [comment_post(author=factories.user(), subject=subject, body=f"number {n:02}") for n in range(35)]
    first = client.get(url(subject)).content.decode()
    assert "number 00" in first
    assert "number 34" not in first
    assert f"?after={comments[29].pk}" in first
    last = client.get(url(subject), {"before": "latest"}).content.decode()
    assert "number 34" in last
    assert "number 00" not in last
    answer = client.get(reverse("talk:comment", args=[comments[20].pk]), follow=True)
    assert "number 20" in answer.content.decode()
    assert "number 19" not in answer.content.decode()


def test_who_left_is_a_former_member(client, ann, bob, subject, moderator):
    comment_post(author=ann, subject=subject, body="words that stay")
    account_leave(user=ann)
    page = client.get(url(subject)).content.decode()
    assert "words that stay" in page
    assert "former member" in page
    assert "ann<" not in page


def test_names_and_words_are_escaped(client, subject, db):
    author = factories.user(username="x<script>y")
    comment_post(author=author, subject=subject, body="hi")
    assert "x<script>" not in client.get(url(subject)).content.decode()


def test_deleted_comments_lose_their_tags_on_the_page(client, ann, subject):
    comment = comment_post(author=ann, subject=subject, body="#secret")
    comment_delete(comment=comment, by=ann)
    assert "#secret" not in client.get(url(subject)).content.decode()
    assert client.get("/talk/tags/secret/").status_code == 404
