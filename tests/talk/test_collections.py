"""Collections: private ones are nobody else's business, public ones everybody's."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from accounts.models import Volunteer
from classify.models import Favourite
from hunter.people_export import person_export
from talk import collecting
from talk.errors import Refused
from talk.models import Collection, CollectionItem
from talk.moderation import person_lift, person_suspend
from tests import factories


@pytest.fixture
def rings(ann):  # type: ignore[no-untyped-def]
    return collecting.collection_save(owner=ann, title="Rings")


def test_a_subject_is_in_a_collection_once(rings, subject):
    assert collecting.subject_collect(collection=rings, subject=subject)
    assert not collecting.subject_collect(collection=rings, subject=subject)
    rings.refresh_from_db()
    assert rings.subjects_count == CollectionItem.objects.count() == 1
    assert collecting.subject_uncollect(collection=rings, subject=subject)
    assert not collecting.subject_uncollect(collection=rings, subject=subject)
    rings.refresh_from_db()
    assert rings.subjects_count == 0


def test_titles_are_there_and_once(rings, ann, bob):
    for title in ("", "  ", "Rings"):
        with pytest.raises(Refused):
            collecting.collection_save(owner=ann, title=title)
    assert collecting.collection_save(owner=bob, title="Rings").pk != rings.pk


def test_limits(rings, ann, db, monkeypatch):
    one, two = factories.subjects(2, factories.workflow())
    monkeypatch.setattr(collecting, "MOST_COLLECTIONS", 1)
    monkeypatch.setattr(collecting, "MOST_SUBJECTS", 1)
    with pytest.raises(Refused):
        collecting.collection_save(owner=ann, title="Another")
    collecting.subject_collect(collection=rings, subject=one)
    with pytest.raises(Refused):
        collecting.subject_collect(collection=rings, subject=two)


def test_a_private_one_is_seen_by_its_owner_alone(client, rings, ann, bob, subject):
    collecting.subject_collect(collection=rings, subject=subject)
    address = reverse("talk:collection", args=[rings.public_id])
    client.force_login(bob)
    assert client.get(address).status_code == 404
    assert client.post(reverse("talk:collection_edit", args=[rings.public_id]), {"title": "x"}).status_code == 404
    assert client.post(reverse("talk:collection_delete", args=[rings.public_id])).status_code == 404
    assert client.post(reverse("talk:uncollect", args=[rings.public_id, subject.pk])).status_code == 404
    post = client.post(reverse("talk:collect", args=[subject.pk]), {"collection": str(rings.public_id)})
    assert post.status_code == 404
    assert "Rings" not in client.get("/talk/collections/").content.decode()
    assert "Rings" not in client.get(f"/talk/subjects/{subject.pk}/").content.decode()
    client.force_login(ann)
    assert str(subject.cutout.public_id) in client.get(address).content.decode()


def test_a_public_one_is_seen_by_all(client, rings, ann, subject):
    collecting.subject_collect(collection=rings, subject=subject)
    collecting.collection_save(owner=ann, title="Rings", is_public=True, collection=rings)
    assert str(subject.cutout.public_id) in client.get(f"/talk/collections/{rings.public_id}/").content.decode()
    assert "Rings" in client.get("/talk/collections/").content.decode()


def test_from_the_page_of_a_subject_into_a_new_collection_and_out(client, ann, subject):
    client.force_login(ann)
    client.post(reverse("talk:collect", args=[subject.pk]), {"title": "Odd ones"})
    made = Collection.objects.get()
    assert (made.title, made.is_public, made.subjects_count) == ("Odd ones", False, 1)
    client.post(reverse("talk:uncollect", args=[made.public_id, subject.pk]))
    client.post(reverse("talk:collect", args=[subject.pk]), {"collection": "nonsense"})
    page = client.post(reverse("talk:collect", args=[subject.pk]), {"title": " "}, follow=True).content.decode()
    assert "Give the collection a title." in page
    made.refresh_from_db()
    assert made.subjects_count == 0
    client.post(reverse("talk:collection_edit", args=[made.public_id]), {"title": "Odder", "is_public": "on"})
    made.refresh_from_db()
    assert (made.title, made.is_public) == ("Odder", True)
    client.post(reverse("talk:collection_delete", args=[made.public_id]))
    assert not Collection.objects.exists()


def test_favourites_are_shown_to_their_owner(client, ann, subject):
    mine, _ = Volunteer.objects.get_or_create(user=ann)
    Favourite.objects.create(volunteer=mine, subject=subject)
    assert client.get("/talk/collections/favourites/").status_code == 302
    client.force_login(ann)
    assert str(subject.cutout.public_id) in client.get("/talk/collections/favourites/").content.decode()


def test_they_are_in_what_a_person_takes_along(rings, ann, subject):
    collecting.subject_collect(collection=rings, subject=subject)
    data = json.loads("".join(person_export(ann)))
    assert [one["title"] for one in data["collections"]] == ["Rings"]
    assert [(one["collection"], one["subject"]) for one in data["collected"]] == [(str(rings.public_id), subject.pk)]


def test_the_collections_of_who_is_suspended_for_good_are_out_of_sight(client, ann, bob, moderator, subject):
    made = collecting.collection_save(owner=ann, title="Buy telescopes", is_public=True)
    collecting.subject_collect(collection=made, subject=subject)
    places = [
        reverse("talk:collections"),
        reverse("talk:subject", args=[subject.pk]),
        reverse("talk:collection", args=[made.public_id]),
        "/api/talk/collections/",
    ]

    def shown() -> list[bool]:
        return ["Buy telescopes" in client.get(place).content.decode() for place in places]

    assert shown() == [True] * 4
    person_suspend(person=ann, by=moderator, why="Advertising.", lasts=None)
    assert shown() == [False] * 4
    client.force_login(ann)
    assert shown() == [True, True, True, False]
    client.logout()
    person_lift(person=ann, by=moderator, why="A mistake.")
    assert shown() == [True] * 4
