"""Collections of subjects. Each is changed by its owner alone; a private one nobody else knows of."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from classify.models import Favourite, Subject
from jobs.paging import Page, keyset_page
from talk.access import Person
from talk.errors import Refused
from talk.models import Collection, CollectionItem, Suspension
from talk.standing import refuse_suspended

MOST_COLLECTIONS, MOST_SUBJECTS = 200, 5_000
SHEET, LIST = 48, 30


def collections_readable(person: Person) -> QuerySet[Collection]:
    """The collections that a person may read, with their owners: public ones, and their own.

    Those of people whose writing moderators ended for good are out of sight, as their titles would go on advertising.
    """
    ended = Suspension.objects.filter(person=OuterRef("owner"), until=None, lifted_at=None)
    seen = Q(~Exists(ended), is_public=True)
    if isinstance(person, User):
        seen |= Q(owner=person)
    return Collection.objects.filter(seen).select_related("owner")


def collection_for(person: Person, public_id: UUID) -> Collection:
    """A collection with its owner. Raises ``Http404`` when the person may not know of it."""
    found = collections_readable(person).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def own_collection(owner: User, public_id: UUID) -> Collection:
    """A collection of this person. Raises ``Http404``, or ``PermissionDenied`` for somebody else's public one."""
    found = collection_for(owner, public_id)
    if found.owner_id != owner.pk:
        raise PermissionDenied(_("This collection is somebody else's."))
    return found


@transaction.atomic
def collection_save(
    *, owner: User, title: str, description: str = "", is_public: bool = False, collection: Collection | None = None
) -> Collection:
    """Begin a collection, or change what it is called and who may see it.

    Raises
    ------
    Refused
        ``title``, ``too_many``, or ``suspended`` where everybody would read it.
    """
    title, description = " ".join(title.replace("\x00", "").split()), description.replace("\x00", "").strip()
    if not title:
        raise Refused("title", _("Give the collection a title."))
    if is_public:
        refuse_suspended(owner)
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)  # the limit is exact
    if collection is None and Collection.objects.filter(owner=owner).count() >= MOST_COLLECTIONS:
        raise Refused("too_many", _("You have %(most)d collections; more are not kept.") % {"most": MOST_COLLECTIONS})
    values = {"title": title, "description": description, "is_public": is_public}
    made = collection or Collection(owner=owner)
    for name, value in values.items():
        setattr(made, name, value)
    try:
        with transaction.atomic():
            # The count belongs to those who put images in, perhaps at this moment.
            made.save(update_fields=[*values, "changed_at"] if collection else None)
    except IntegrityError:
        raise Refused("title", _("You already have a collection with this title.")) from None
    return made


def collection_delete(*, collection: Collection) -> None:
    """Remove a collection; its subjects stay what they are."""
    collection.delete()


@transaction.atomic
def subject_collect(*, collection: Collection, subject: Subject) -> bool:
    """Put a subject into a collection; whether it is new there. Twice is once.

    Raises
    ------
    Refused
        ``full``.
    """
    row = Collection.objects.select_for_update(no_key=True).get(pk=collection.pk)
    if CollectionItem.objects.filter(collection=row, subject=subject).exists():
        return False
    if row.subjects_count >= MOST_SUBJECTS:
        raise Refused("full", _("A collection holds at most %(most)d images.") % {"most": MOST_SUBJECTS})
    CollectionItem.objects.create(collection=row, subject=subject)
    _count(row, 1)
    return True


@transaction.atomic
def subject_uncollect(*, collection: Collection, subject: Subject) -> bool:
    """Take a subject out of a collection; whether it was there."""
    row = Collection.objects.select_for_update(no_key=True).get(pk=collection.pk)
    gone, _rows = CollectionItem.objects.filter(collection=row, subject=subject).delete()
    if gone:
        _count(row, -1)
    return bool(gone)


def _count(row: Collection, by: int) -> None:
    Collection.objects.filter(pk=row.pk).update(subjects_count=F("subjects_count") + by, changed_at=timezone.now())


def collections_filled() -> QuerySet[Collection]:
    """What everybody may read and has something in it."""
    return collections_readable(None).filter(subjects_count__gt=0)


def collections_public(at: str = "") -> Page[Collection]:
    """The public collections with something in them, changed last first."""
    return keyset_page(collections_filled(), at=at, size=LIST, key="changed_at")


def collections_of(owner: User, *, without: Subject | None = None) -> list[Collection]:
    """A person's own collections, changed last first; all of them, or those a subject is not in."""
    rows = Collection.objects.filter(owner=owner)
    if without is not None:
        rows = rows.exclude(pk__in=CollectionItem.objects.filter(subject=without).values("collection"))
    return list(rows.order_by("-changed_at", "-pk")[:MOST_COLLECTIONS])


def collection_items(collection: Collection, at: str = "") -> Page[CollectionItem]:
    """The images of a collection, put in last first."""
    rows = CollectionItem.objects.filter(collection=collection).select_related("subject__cutout")
    return keyset_page(rows, at=at, size=SHEET)


def favourites_of(owner: User, at: str = "") -> Page[Favourite]:
    """A person's favourites, the newest first."""
    rows = Favourite.objects.filter(volunteer__user=owner).select_related("subject__cutout")
    return keyset_page(rows, at=at, size=SHEET)
