"""One search over what people wrote, what conversations are called, tags and subjects.

The newest comments come first, a page by key at a time (see ``talk.newest`` for what that costs).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.contrib.postgres.search import SearchHeadline, SearchQuery
from django.db.models import Exists, F, Func, OuterRef, QuerySet, TextField, Value
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from accounts.models import User
from classify.models import Subject
from talk.access import Person, comments_readable, discussions_readable
from talk.models import SEARCH_CONFIG, Board, Comment, Discussion, Tag, TaggedSubject, TagUse
from talk.newest import newest_ids
from talk.queries import Query

COMMENTS, IMAGES, TITLES, TAGS = 20, 12, 5, 8
WITHOUT_WORDS = 300
START, STOP = "\x02", "\x03"


@dataclass(frozen=True)
class Hit:
    """A comment that fits, and the part of it that does, as safe HTML with ``<mark>``."""

    comment: Comment
    excerpt: SafeString


@dataclass(frozen=True)
class Results:
    """A page of a search. Only the first page has images, conversations and tags."""

    hits: list[Hit]
    after: int | None = None
    subjects: list[Subject] = field(default_factory=list)
    discussions: list[Discussion] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.hits or self.subjects or self.discussions or self.tags)


def search(person: Person, query: Query, *, before: int | None = None, limit: int = COMMENTS) -> Results:
    """What fits a search among all that this person may read; ``before`` is the ``after`` of the page before."""
    if not query:
        return Results([])
    named = _tags(query.tags)
    fitting = None if named is None else _fitting(comments_readable(person), query, named)
    ids = [] if fitting is None else newest_ids(fitting, before=before, limit=limit + 1)
    hits = _hits(ids[:limit], query)
    after = ids[limit - 1] if len(ids) > limit else None
    if before is not None:
        return Results(hits, after)
    return Results(hits, after, _subjects(query, named), _discussions(person, query), _tags_like(query))


def _tags(names: tuple[str, ...]) -> list[Tag] | None:
    """The tags that names stand for; None when one of them is none."""
    found = {
        tag.name: tag.merged_into or tag for tag in Tag.objects.filter(name__in=names).select_related("merged_into")
    }
    return [found[name] for name in names] if len(found) == len(names) else None


def _fitting(comments: QuerySet[Comment], query: Query, tags: list[Tag]) -> QuerySet[Comment]:
    if query.words:
        comments = comments.filter(search=_words(query))
    for tag in tags:
        comments = comments.filter(Exists(TagUse.objects.filter(tag=tag, comment=OuterRef("pk"))))
    if query.people:
        people = User.objects.filter(left_at=None, username__in=query.people)
        comments = comments.filter(author__in=list(people.values_list("pk", flat=True)))
    if query.boards:
        boards = Board.objects.filter(slug__in=query.boards)
        comments = comments.filter(discussion__board__in=list(boards.values_list("pk", flat=True)))
    if query.subjects:
        comments = comments.filter(discussion__subject__in=query.subjects)
    return comments


def _words(query: Query) -> SearchQuery:
    return SearchQuery(query.words, config=SEARCH_CONFIG, search_type="websearch")


def _hits(ids: list[int], query: Query) -> list[Hit]:
    rows = Comment.objects.filter(pk__in=ids).select_related(
        "author", "discussion__board", "discussion__subject__cutout"
    )
    if query.words:
        marks = Value(START + STOP)
        clean = Func(F("body"), marks, Value(""), function="translate", output_field=TextField())
        words = _words(query)
        shown = SearchHeadline(
            clean,
            words,
            config=SEARCH_CONFIG,
            start_sel=START,
            stop_sel=STOP,
            max_words=35,
            min_words=15,
            max_fragments=2,
        )
        rows = rows.annotate(excerpt=shown)
    found = {row.pk: row for row in rows}
    return [Hit(found[pk], _marked(_excerpt(found[pk]))) for pk in ids if pk in found]


def _excerpt(comment: Comment) -> str:
    body = comment.body[:WITHOUT_WORDS] + ("…" if len(comment.body) > WITHOUT_WORDS else "")
    return str(getattr(comment, "excerpt", body))


def _marked(excerpt: str) -> SafeString:
    """Escaped first; only then do the signs around what was found become elements."""
    return mark_safe(escape(excerpt).replace(START, "<mark>").replace(STOP, "</mark>"))


def _subjects(query: Query, tags: list[Tag] | None) -> list[Subject]:
    """The subjects named, or else those with all of the tags, tagged last first."""
    shown = Subject.objects.select_related("cutout")
    if query.subjects:
        return list(shown.filter(pk__in=query.subjects).order_by("pk"))
    if not tags or query.words or query.people or query.boards:
        return []
    rows = TaggedSubject.objects.filter(tag=tags[0]).select_related("subject__cutout")
    for tag in tags[1:]:
        rows = rows.filter(Exists(TaggedSubject.objects.filter(tag=tag, subject=OuterRef("subject"))))
    return [row.subject for row in rows.order_by("-last_comment")[:IMAGES]]


def _discussions(person: Person, query: Query) -> list[Discussion]:
    """Conversations whose title fits; the notes are called by their number, which is no word to look for."""
    if not query.words or query.tags or query.people or query.subjects:
        return []
    rows = discussions_readable(person).filter(search=_words(query), board__is_notes=False)
    if query.boards:
        rows = rows.filter(board__slug__in=query.boards)
    return list(rows.order_by("-last_comment_at", "-pk")[:TITLES])


def _tags_like(query: Query) -> list[Tag]:
    """Tags that begin like a single word, the most used first."""
    word = (query.words or (query.tags[0] if query.tags else "")).lower()
    if len(word) < 3 or " " in word or len(query.tags) > 1:
        return []
    used = Tag.objects.filter(name__startswith=word, uses_count__gt=0, merged_into=None)
    return list(used.order_by("-uses_count", "name")[:TAGS])
