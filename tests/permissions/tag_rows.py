"""Rows for the addresses of tags and collections."""

from __future__ import annotations

from classify.models import Subject
from talk.collecting import collection_save, subject_collect
from tests import factories

OWNERS_ONLY = {"talk:collection_delete", "talk:collection_edit", "talk:uncollect"}


def tag_rows(subject: Subject) -> dict[str, dict[str, object]]:
    """What the addresses name: the tag #trail, and a public collection with the subject."""
    made = collection_save(owner=factories.user(), title="Trails", is_public=True)
    subject_collect(collection=made, subject=subject)
    collection = {"public_id": made.public_id}
    return {
        "talk:collection": collection,
        "talk:collection_delete": collection,
        "talk:collection_edit": collection,
        "talk:uncollect": collection | {"pk": subject.pk},
        "talk:tag_file": {"name": "trail", "fmt": "csv"},
        "talk:tag_spellings": {"name": "trail"},
        "catalogue:from_tag": {"name": "trail"},
    }
