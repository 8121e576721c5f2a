"""The team's exports: Zooniverse's columns, and nothing that one may not read."""

from __future__ import annotations

import io
import json
import tarfile

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from accounts.models import Role
from talk.exporting import export_archive
from talk.models import Access, Board, Discussion
from talk.services import comment_delete, comment_post
from tests import factories

COMMENT = (
    "board_id,board_title,board_description,discussion_id,discussion_title,comment_id,comment_body,comment_focus_id,"
    "comment_focus_type,comment_user_id,comment_user_login,comment_created_at"
)
TAG = "id,name,section,created_at,user_id,comment_id,taggable_id,taggable_type,project_id,user_login"


def read(data):
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        (entry,) = archive.getmembers()
        assert entry.name.endswith(".json")
        return json.load(archive.extractfile(entry))


def test_comments_and_tags_in_zooniverses_columns(subject, ann):
    comment = comment_post(author=ann, subject=subject, body='a "quoted" \\ line\nand #Arc é')
    plain = Discussion.objects.create(board=Board.objects.create(slug="help", title="Help"), title="Hi there")
    comment_post(author=ann, discussion=plain, body="no image #arc")
    rows = read(b"".join(export_archive("comments", None, page=1)))
    assert [list(row) for row in rows] == [COMMENT.split(",")] * 2
    assert rows[0]["comment_body"] == comment.body
    assert (rows[0]["comment_focus_id"], rows[0]["comment_focus_type"]) == (subject.pk, "Subject")
    assert rows[0]["comment_user_login"] == "ann"
    assert rows[0]["comment_created_at"].endswith("Z")
    assert rows[1]["comment_focus_id"] is None
    tags = read(b"".join(export_archive("tags", None)))
    assert [list(row) for row in tags] == [TAG.split(",")] * 2
    assert (tags[0]["name"], tags[0]["taggable_id"], tags[0]["section"]) == (
        "arc", subject.pk, f"project-{subject.project_id}",
    )  # fmt: skip


def test_an_empty_talk_is_an_empty_array(db):
    assert read(b"".join(export_archive("comments", None))) == []


def test_deleted_hidden_and_restricted_comments_stay_out(subject, ann, moderator):
    comment_delete(comment=comment_post(author=ann, subject=subject, body="gone"), by=ann)
    hidden = Discussion.objects.create(board=Board.objects.get(), title="Hidden", hidden=True)
    comment_post(author=moderator, discussion=hidden, body="hidden")
    team = Board.objects.create(slug="team", title="Team", read=Access.TEAM)
    scientist = factories.user(Role.SCIENTIST)
    comment_post(author=scientist, discussion=Discussion.objects.create(board=team, title="Us"), body="team")
    for person, expected in ((scientist, ["team"]), (moderator, []), (None, ["team"])):
        rows = read(b"".join(export_archive("comments", person)))
        assert [row["comment_body"] for row in rows] == expected


def test_the_page_and_the_command(client, subject, ann, tmp_path, capsys):
    comment_post(author=ann, subject=subject, body="one #arc")
    client.force_login(factories.user(Role.SCIENTIST))
    assert reverse("talk:export", args=["tags"]) in client.get(reverse("talk:exports")).content.decode()
    answer = client.get(reverse("talk:export", args=["comments"]))
    assert answer.headers["Content-Type"] == "application/gzip"
    assert len(read(b"".join(answer.streaming_content))) == 1
    assert client.get(reverse("talk:export", args=["votes"])).status_code == 404
    out = tmp_path / "tags.tar.gz"
    call_command("export_talk", "tags", "--out", str(out))
    assert "1 tags written" in capsys.readouterr().out
    assert len(read(out.read_bytes())) == 1
    with pytest.raises(CommandError, match="could not be written"):
        call_command("export_talk", "tags", "--out", str(tmp_path / "absent" / "x"))
