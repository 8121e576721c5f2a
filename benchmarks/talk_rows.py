"""A Talk as large as a decade of Zooniverse's: 150,000 subjects, 1,000,000 comments, 3,000,000 uses of 30,000 tags.

Made of a seed, set by set: words, tags, authors and subjects come up as often as in what people write (Zipf's law).
Indexes are dropped while rows come in and made again after, so that all of it takes minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

SUBJECTS, EXPOSURES, PEOPLE = 150_000, 2_500, 20_000
COMMENTS, ELSEWHERE, TAGS, TAGS_EACH, WORDS = 1_000_000, 60_000, 30_000, 3, 40_000
CONVERSATIONS = 4_000
SEED, BATCH = 20190630, 50_000
COMMON_WORD, RARE_WORD = "galaxy", "quasarlike"
POPULAR_TAG, RARE_TAG = "asteroid", "tag-25000"
FILLED = ("talk_comment", "talk_taguse", "talk_taggedsubject", "talk_discussion", "talk_collectionitem")

PLACES = [
    "INSERT INTO archive_observation SELECT (jsonb_populate_record(row, jsonb_build_object('id', row.id + n,"
    " 'name', 'jb' || n || 'q'))).* FROM archive_observation AS row, generate_series(1, %(exposures)s) AS n"
    " WHERE row.id = %(observation)s",
    "INSERT INTO archive_sourcefile SELECT (jsonb_populate_record(row, jsonb_build_object('id', row.id + n,"
    " 'sha256', 'b' || lpad(to_hex(n), 63, '0'), 'name', 'jb' || n || 'q_flc.fits'))).* FROM archive_sourcefile AS row,"
    " generate_series(1, %(exposures)s) AS n WHERE row.id = %(file)s",
    "INSERT INTO archive_exposure SELECT (jsonb_populate_record(row, jsonb_build_object('id', row.id + n,"
    " 'observation_id', %(observation)s + n, 'source_file_id', %(file)s + n))).* FROM archive_exposure AS row,"
    " generate_series(1, %(exposures)s) AS n WHERE row.id = %(exposure)s",
    "INSERT INTO archive_cutout (public_id, exposure_id, x0, y0, width, height, recipe, ra_deg, dec_deg, footprint,"
    " low, high, data_fraction, jpeg, rg16, created_at) SELECT gen_random_uuid(), %(exposure)s + 1 +"
    " n %% %(exposures)s, 448 * (n / %(exposures)s %% 9), 448 * (n / %(exposures)s / 9), 512, 512, 't512o64v1',"
    " random() * 360, random() * 180 - 90, '[]', 90, 200, 1, 'cutouts/none.jpg', '', now()"
    " FROM generate_series(0, %(subjects)s - 1) AS n",
    "INSERT INTO classify_subject (project_id, cutout_id, metadata, created_at) SELECT %(project)s, cutout.id,"
    ' \'{"Telescope": "HST", "Instrument": "ACS", "Filter": "F814W"}\', now() FROM archive_cutout AS cutout'
    " WHERE exposure_id > %(exposure)s ORDER BY cutout.id",
    "INSERT INTO accounts_user SELECT (jsonb_populate_record(row, jsonb_build_object('id', row.id + n, 'username',"
    " 'person-' || n, 'email', n || '@example.org', 'role', CASE WHEN n <= 12 THEN 'scientist' WHEN n <= 30 THEN"
    " 'moderator' ELSE 'volunteer' END))).* FROM accounts_user AS row, generate_series(1, %(people)s) AS n"
    " WHERE row.id = %(user)s",
    "INSERT INTO talk_discussion (board_id, title, subject_id, is_note, sticky, locked, hidden, comments_count,"
    " created_at) SELECT %(notes)s, 'Subject ' || id, id, true, false, false, false, 0, now() FROM classify_subject"
    " WHERE cutout_id IN (SELECT id FROM archive_cutout WHERE exposure_id > %(exposure)s) ORDER BY id",
    "INSERT INTO talk_discussion (board_id, title, is_note, sticky, locked, hidden, comments_count, created_at)"
    " SELECT %(chat)s, 'What is the ' || (ARRAY['faint','long','bent','double','bright'])[1 + n %% 5] || ' galaxy of "
    "sky ' || n || '?', false, false, false, false, 0, now() FROM generate_series(1, %(conversations)s) AS n",
]

COUNTS = [
    "INSERT INTO talk_taggedsubject (tag_id, subject_id, uses_count, people_count, last_comment_id) SELECT tag_id,"
    " subject_id, count(*), count(DISTINCT author_id), max(comment_id) FROM talk_taguse WHERE subject_id IS NOT NULL"
    " GROUP BY tag_id, subject_id",
    "UPDATE talk_tag AS tag SET uses_count = n.uses FROM (SELECT tag_id, count(*) AS uses FROM talk_taguse"
    " GROUP BY tag_id) AS n WHERE n.tag_id = tag.id",
    "UPDATE talk_discussion AS discussion SET comments_count = n.comments, last_comment_at = n.last,"
    " started_by_id = n.by FROM (SELECT discussion_id, count(*) AS comments, max(created_at) AS last,"
    " min(author_id) AS by FROM talk_comment GROUP BY discussion_id) AS n WHERE n.discussion_id = discussion.id",
    "INSERT INTO talk_collection (public_id, owner_id, title, description, is_public, subjects_count, changed_at,"
    " created_at) SELECT gen_random_uuid(), %(person)s + n %% %(people)s, 'Collection ' || n, '', n %% 3 > 0, 20,"
    " now(), now() FROM generate_series(0, 9999) AS n",
    "INSERT INTO talk_collectionitem (collection_id, subject_id, added_at) SELECT id, %(subject)s + (id * 7919 +"
    " n * 104729) %% %(subjects)s, now() FROM talk_collection, generate_series(1, 20) AS n ON CONFLICT DO NOTHING",
]


def generate() -> None:
    """Fill an empty, migrated database; ends with fresh statistics."""
    from django.db import connection

    values = _beginnings()
    with connection.cursor() as cursor:
        dropped = _indexes_drop(cursor)
        cursor.execute("SET session_replication_role = replica")  # rows made here refer to rows made here: unchecked
        for statement in PLACES:
            cursor.execute(statement, values)
        values |= {"person": _first(cursor, "accounts_user", "username = 'person-1'"),
                   "subject": _first(cursor, "classify_subject")}  # fmt: skip
        _copy(cursor, "talk_tag (id, name, uses_count)", ((n + 1, tag, 0) for n, tag in enumerate(_tags())))
        _write_comments(cursor, values["person"])
        for statement in COUNTS:
            cursor.execute(statement, values)
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        for statement in dropped:
            cursor.execute(statement)
        cursor.execute("RESET maintenance_work_mem")
        for table in ("talk_tag", "talk_comment", "accounts_user"):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
        cursor.execute("VACUUM ANALYZE")


def _indexes_drop(cursor: Any) -> list[str]:
    """Drop what only speeds up reading; returns the statements that make it again."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexname NOT IN"
        " (SELECT conname FROM pg_constraint WHERE contype IN ('p', 'u'))",
        [list(FILLED)],
    )
    found = cursor.fetchall()
    for name, _definition in found:
        cursor.execute(f'DROP INDEX "{name}"')
    return [definition for _name, definition in found]


def _beginnings() -> dict[str, Any]:
    """A row of each kind, made through the models, that the others are copies of."""
    from classify.publish import workflow_ensure
    from talk.models import Board
    from talk.services import notes_board
    from tests import factories

    workflow, _ = workflow_ensure()
    one = factories.exposure()
    chat = Board.objects.create(slug="chat", title="Chat", description="Everything else.")
    return {
        "project": workflow.project_id, "observation": one.observation_id, "file": one.source_file_id,
        "exposure": one.pk, "user": factories.user().pk, "exposures": EXPOSURES, "subjects": SUBJECTS, "people": PEOPLE,
        "notes": notes_board().pk, "chat": chat.pk, "conversations": CONVERSATIONS,
    }  # fmt: skip


def _first(cursor: Any, table: str, where: str = "true") -> int:
    cursor.execute(f"SELECT min(id) FROM {table} WHERE {where}")
    return int(cursor.fetchone()[0])


def _tags() -> list[str]:
    """Names by how often they come up; two of the first are spellings of one."""
    known = ["asteroid", "satellite", "galaxy", "arc", "gravitational_lens", "cosmic-ray", "gravitational-lens", "star"]
    return known + [f"tag-{n}" for n in range(len(known), TAGS)]


def words_made() -> np.ndarray:
    """Made-up words by how often they come up, with two real ones."""
    syllables = ["ba", "ce", "di", "fo", "gu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo", "zu", "ron"]
    made = ["".join(syllables[(n >> shift) & 15] for shift in (0, 4, 8, 12)) for n in range(WORDS)]
    made[3], made[WORDS - 5] = COMMON_WORD, RARE_WORD
    return np.array(made)


def _zipf(rng: np.random.Generator, many: int, size: tuple[int, ...]) -> np.ndarray:
    weight = np.cumsum(1 / (np.arange(many) + 3.0))
    return np.minimum(np.searchsorted(weight / weight[-1], rng.random(size)), many - 1)


def _copy(cursor: Any, into: str, rows: Any) -> None:
    with cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _write_comments(cursor: Any, person: int) -> None:
    rng = np.random.default_rng(SEED)
    notes, chat = (_first(cursor, "talk_discussion", f"is_note = {value}") for value in ("true", "false"))
    subject = _first(cursor, "classify_subject")
    words, tags = words_made(), _tags()
    for first in range(0, COMMENTS, BATCH):
        made = list(_batch(rng, first, words, tags))
        where = [notes + row["subject"] if row["subject"] is not None else chat + row["chat"] for row in made]
        comments = (
            (row["id"], place, person + row["author"], row["body"], 0, _at(row["id"]))
            for row, place in zip(made, where, strict=True)
        )
        _copy(cursor, "talk_comment (id, discussion_id, author_id, body, upvotes_count, created_at)", comments)
        uses = (
            (tag + 1, row["id"], person + row["author"], None if row["subject"] is None else subject + row["subject"],
             tags[tag])
            for row in made for tag in row["tags"]
        )  # fmt: skip
        _copy(cursor, "talk_taguse (tag_id, comment_id, author_id, subject_id, written)", uses)


def _batch(rng: np.random.Generator, first: int, words: np.ndarray, tags: list[str]) -> Iterator[dict[str, Any]]:
    """Comments of the most spoken-of subjects most; the same people write most of them."""
    length = rng.integers(6, 36, BATCH)
    said = _zipf(rng, WORDS, (BATCH, 36))
    tagged = _zipf(rng, TAGS, (BATCH, TAGS_EACH))
    author = (PEOPLE * rng.random(BATCH) ** 3).astype(int)
    subject = (SUBJECTS * rng.random(BATCH) ** 2).astype(int)
    chat = rng.integers(0, CONVERSATIONS, BATCH)
    elsewhere = rng.random(BATCH) < ELSEWHERE / COMMENTS
    for n in range(BATCH):
        mine = list(dict.fromkeys(int(tag) for tag in tagged[n]))
        while len(mine) < TAGS_EACH:
            mine = list(dict.fromkeys([*mine, int(rng.integers(0, TAGS))]))
        text = " ".join(words[said[n, : length[n]]])
        yield {
            "id": first + n + 1, "author": int(author[n]), "chat": int(chat[n]), "tags": mine,
            "subject": None if elsewhere[n] else int(subject[n]),
            "body": f"{text} {' '.join('#' + tags[tag] for tag in mine)}",
        }  # fmt: skip


def _at(comment: int) -> str:
    """Comments are spread evenly over some 600 days, to the second."""
    seconds = comment * 52
    day, rest = divmod(seconds, 86_400)
    date = np.datetime64("2024-06-01") + np.timedelta64(day, "D")
    return f"{date} {rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}+00"
