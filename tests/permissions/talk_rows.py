"""One real row for every address of Talk that concerns one person, and of its REST interface."""

from __future__ import annotations

from accounts.models import User
from talk.models import Category, Collection, Comment, Mail
from talk.unsubscribing import token_for
from tests import factories


def personal_rows(comment: Comment) -> dict[str, dict[str, object]]:
    """What the addresses name, for a comment with the tag "trail"."""
    ann: User = factories.user()
    mail = Mail.objects.create(person=ann, kind="daily", subject_line="x", text="x", html="x")
    collection = {"public_id": Collection.objects.create(owner=ann, title="Arcs", is_public=True).public_id}
    board, discussion, of_comment = comment.discussion.board, {"pk": comment.discussion_id}, {"pk": comment.pk}
    return {
        "talk:conversation": {"username": ann.username},
        "talk:message_report": {"username": ann.username},
        "talk:follow": {"kind": "board", "pk": board.pk},
        "talk:unsubscribe": {"token": token_for(ann, [Category.MENTION])},
        "talk:mail": {"pk": mail.pk},
        "talk:mail_html": {"pk": mail.pk},
        "talk:export": {"kind": "tags"},
        "api:talk-board-discussions": {"slug": board.slug},
        "api:talk-discussion": discussion,
        "api:talk-discussion-comments": discussion,
        "api:talk-comment": of_comment,
        "api:talk-upvote": of_comment,
        "api:talk-report": of_comment,
        "api:talk-tag-subjects": {"name": "trail"},
        "api:talk-tag-comments": {"name": "trail"},
        "api:talk-collection": collection,
        "api:talk-collection-subjects": collection,
        "api:talk-collect": collection,
        "api:talk-messages": {"username": ann.username},
    }
