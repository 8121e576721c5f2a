"""All comments and tags as files, in the shape of Zooniverse's: a ``.tar.gz`` of one JSON array each.

Memory does not grow with the number of rows: the array goes to a temporary file page by page, because a tar archive
names the length of a file before it, and from there compressed to the reader.
"""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Callable, Iterator
from tempfile import TemporaryFile
from typing import IO

from django.db import connection
from django.utils import timezone

from accounts.models import User
from talk.access import boards_readable
from talk.models import Board

PAGE = 2000
CHUNK = 1 << 16
GZIP = 31
_ISO = '\'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\''

_COMMENTS = f"""
SELECT comment_id, row_to_json(line)::text FROM (
  SELECT board.id AS board_id, board.title AS board_title, board.description AS board_description,
         discussion.id AS discussion_id, discussion.title AS discussion_title,
         comment.id AS comment_id, comment.body AS comment_body,
         discussion.subject_id AS comment_focus_id,
         CASE WHEN discussion.subject_id IS NOT NULL THEN 'Subject' END AS comment_focus_type,
         comment.author_id AS comment_user_id, author.username AS comment_user_login,
         to_char(comment.created_at AT TIME ZONE 'UTC', {_ISO}) AS comment_created_at
  FROM talk_comment AS comment
  JOIN talk_discussion AS discussion ON discussion.id = comment.discussion_id
  JOIN talk_board AS board ON board.id = discussion.board_id
  LEFT JOIN accounts_user AS author ON author.id = comment.author_id
  WHERE comment.id > %(after)s AND comment.deleted_at IS NULL AND NOT discussion.hidden AND board.id = ANY(%(boards)s)
  ORDER BY comment.id LIMIT %(page)s
) AS line
"""

# A tag counts as what it was merged into; only what everybody may read has tags at all.
_TAGS = f"""
SELECT id, row_to_json(line)::text FROM (
  SELECT used.id AS id, tag.name AS name, 'project-' || subject.project_id AS section,
         to_char(comment.created_at AT TIME ZONE 'UTC', {_ISO}) AS created_at,
         used.author_id AS user_id, used.comment_id AS comment_id, used.subject_id AS taggable_id,
         CASE WHEN used.subject_id IS NOT NULL THEN 'Subject' END AS taggable_type,
         subject.project_id AS project_id, author.username AS user_login
  FROM talk_taguse AS used
  JOIN talk_tag AS tag ON tag.id = used.tag_id
  JOIN talk_comment AS comment ON comment.id = used.comment_id
  JOIN talk_discussion AS discussion ON discussion.id = comment.discussion_id
  LEFT JOIN classify_subject AS subject ON subject.id = used.subject_id
  LEFT JOIN accounts_user AS author ON author.id = used.author_id
  WHERE used.id > %(after)s AND comment.deleted_at IS NULL AND NOT discussion.hidden
  AND discussion.board_id = ANY(%(boards)s)
  ORDER BY used.id LIMIT %(page)s
) AS line
"""

KINDS = {"comments": _COMMENTS, "tags": _TAGS}


def export_archive(
    kind: str, person: User | None, *, page: int = PAGE, counted: Callable[[int], None] | None = None
) -> Iterator[bytes]:
    """The archive in pieces: what ``person`` may read, or everything for None (at the terminal).

    Deleted and hidden comments are never in it. ``counted`` is told how many rows it has before the first piece.
    """
    boards = boards_readable(person) if person is not None else Board.objects.all()
    with TemporaryFile() as spool:
        rows = _array_write(spool, kind, list(boards.values_list("pk", flat=True)), page)
        if counted is not None:
            counted(rows)
        size = spool.tell()
        spool.seek(0)
        yield from _tar_gz(f"talk-{kind}-{timezone.now():%Y-%m-%d}.json", size, spool)


def _array_write(spool: IO[bytes], kind: str, boards: list[int], page: int) -> int:
    spool.write(b"[")
    after, rows = 0, 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(KINDS[kind], {"after": after, "boards": boards, "page": page})
            found: list[tuple[int, str]] = cursor.fetchall()
        if not found:
            break
        separator = b",\n" if rows else b"\n"
        spool.write(separator + b",\n".join(line.encode() for _, line in found))
        after, rows = found[-1][0], rows + len(found)
    spool.write(b"\n]\n")
    return rows


def _tar_gz(name: str, size: int, content: IO[bytes]) -> Iterator[bytes]:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime = size, int(timezone.now().timestamp())
    gzip = zlib.compressobj(wbits=GZIP)
    end = io.BytesIO(b"\0" * (-size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE))
    for part in (io.BytesIO(entry.tobuf()), content, end):
        while chunk := part.read(CHUNK):
            if piece := gzip.compress(chunk):
                yield piece
    yield gzip.flush()
