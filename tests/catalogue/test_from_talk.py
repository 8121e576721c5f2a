"""Tagged subjects become candidates of a class: once each, with a place, graded by the team."""

from __future__ import annotations

import pytest
from astropy.table import Table
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from catalogue.exports import catalogue_bytes
from catalogue.from_talk import candidates_from_tag, evidence_of
from catalogue.models import Candidate, TagOrigin, Validation
from catalogue.refresh import candidates_refresh
from catalogue.services import candidate_validate
from classify.models import Consensus
from talk.models import Tag
from talk.services import comment_delete, comment_post
from tests import factories

MAKE = "/validate/from-tag/gravitational_lens/"


@pytest.fixture
def scientist(db):  # type: ignore[no-untyped-def]
    return factories.user(factories.Role.SCIENTIST, username="sci")


@pytest.fixture
def tagged(db):  # type: ignore[no-untyped-def]
    """Three subjects with the tag, by one, two and three people."""
    subjects = factories.subjects(3, factories.workflow(), ra_deg=12.5, dec_deg=-3.25)
    for n, subject in enumerate(subjects):
        for _ in range(n + 1):
            comment_post(author=factories.user(), subject=subject, body="Is this a #gravitational_lens?")
    return subjects


def lens() -> Tag:
    return Tag.objects.get(name="gravitational_lens")


def test_one_action_makes_candidates_with_places(client, scientist, tagged):
    client.force_login(scientist)
    assert 'name="which" value="all"' in client.get("/talk/tags/gravitational_lens/").content.decode()
    for said in ("3 new candidates.", "No image was chosen"):  # again: nothing is left to take over
        answer = client.post(MAKE, {"trail_class": "arc", "which": "all"}, follow=True)
        assert said in answer.content.decode()
    made = Candidate.objects.order_by("tag_origins__people_count")
    assert [one.tag_origins.get().people_count for one in made] == [1, 2, 3]
    first = made[0]
    assert (first.source, first.state, first.trail_class, first.position_from) == ("talk", "pending", "arc", "cutout")
    assert (first.ra_deg, first.dec_deg, first.mid_x) == (12.5, -3.25, 255.5)
    assert first.links.get().subject == tagged[0]


def test_the_workbench_shows_who_tagged_it_and_what_they_wrote(client, scientist, tagged):
    client.force_login(scientist)
    page = client.post(MAKE, {"trail_class": "arc", "which": "ticked", "subject": [tagged[2].pk]}, follow=True)
    text = page.content.decode()
    assert "by 3 people" in text
    assert text.count("Is this a") == 3
    assert "To be validated: lens or arc" in text
    assert str(tagged[2].cutout.public_id) in text


def test_filters_choose_and_the_ticked_are_taken(client, scientist, tagged):
    client.force_login(scientist)
    client.post(f"{MAKE}?people=2", {"trail_class": "arc", "which": "all"})
    assert set(TagOrigin.objects.values_list("subject", flat=True)) == {tagged[1].pk, tagged[2].pk}
    client.post(MAKE, {"trail_class": "other", "which": "ticked", "subject": [tagged[0].pk, "x", "9" * 30]})
    assert TagOrigin.objects.get(trail_class="other").subject == tagged[0]


def test_a_subject_and_a_class_are_one_candidate(scientist, tagged):
    ids = [one.pk for one in tagged]
    first = candidates_from_tag(tag=lens(), subject_ids=ids, trail_class="arc", by=scientist)
    again = candidates_from_tag(tag=lens(), subject_ids=ids, trail_class="arc", by=scientist)
    other = candidates_from_tag(tag=lens(), subject_ids=ids[:1], trail_class="other", by=scientist)
    assert (first.made, again.made, again.known, other.made) == (3, 0, 3, 1)
    assert Candidate.objects.count() == 4


def test_what_votes_found_already_is_not_found_again(scientist, tagged):
    known = Candidate.objects.create(
        exposure=tagged[0].cutout.exposure, source="consensus", position_from="cutout", mid_x=1, mid_y=1, ra_deg=1,
        dec_deg=1, position_sigma_arcsec=1,
    )  # fmt: skip
    known.links.create(subject=tagged[0])
    taken = candidates_from_tag(
        tag=lens(), subject_ids=[one.pk for one in tagged], trail_class="satellite", by=scientist
    )
    assert (taken.made, taken.known) == (2, 1)
    assert known.tag_origins.get().people_count == 1
    taken = candidates_from_tag(tag=lens(), subject_ids=[tagged[0].pk], trail_class="arc", by=scientist)
    assert taken.made == 1  # a lens beside the trail


def test_a_trail_in_the_tile_of_a_lens_is_another_candidate(scientist, tagged):
    candidates_from_tag(tag=lens(), subject_ids=[tagged[0].pk], trail_class="arc", by=scientist)
    Consensus.objects.filter(subject=tagged[0]).update(
        state="retired", retirement_reason="consensus", p_yes=0.99, band=0, retired_at=timezone.now()
    )
    assert candidates_refresh() == 1
    assert sorted(Candidate.objects.values_list("source", "trail_class")) == [("consensus", ""), ("talk", "arc")]


def test_a_grade_is_a_decision_and_reopening_keeps_the_proposed_class(client, scientist, tagged):
    candidates_from_tag(tag=lens(), subject_ids=[tagged[2].pk], trail_class="arc", by=scientist)
    candidate = Candidate.objects.get()
    client.force_login(scientist)
    decide = reverse("catalogue:decide", args=[candidate.pk])
    form = {"verdict": "accept", "trail_class": "arc", "grade": "A", "note": "two images", "seen": "0"}
    client.post(decide, form)
    candidate.refresh_from_db()
    assert (candidate.state, candidate.grade) == ("accepted", "A")
    assert (Validation.objects.get().grade, Validation.objects.get().note) == ("A", "two images")
    listed = client.get("/validate/?state=all&grade=A&tag=Gravitational_Lens").content.decode()
    assert f"/validate/{candidate.pk}/" in listed
    assert f"/validate/{candidate.pk}/" not in client.get("/validate/?state=all&grade=B").content.decode()
    client.post(decide, {"verdict": "reject", "trail_class": "other", "grade": "A"})
    candidate.refresh_from_db()
    assert (candidate.state, candidate.grade) == ("rejected", "")
    candidate_validate(candidate=candidate, by=scientist, verdict="reopen", trail_class="")
    assert (candidate.state, candidate.trail_class) == ("pending", "arc")
    with pytest.raises(ValidationError):
        candidate_validate(candidate=candidate, by=scientist, verdict="reject", trail_class="other", grade="A")


def test_exports_say_the_grade_the_tag_and_how_many(scientist, tagged, tmp_path):
    candidates_from_tag(tag=lens(), subject_ids=[tagged[2].pk], trail_class="arc", by=scientist)
    candidate_validate(candidate=Candidate.objects.get(), by=scientist, verdict="accept", trail_class="arc", grade="B")
    path = tmp_path / "a.ecsv"
    path.write_bytes(catalogue_bytes("ecsv", made_by="sci"))
    row = Table.read(path, format="ascii.ecsv")[0]
    assert (row["grade"], row["tag"], row["taggers"], row["source"]) == ("B", "gravitational_lens", 3, "talk")


def test_hidden_comments_are_no_evidence(scientist, tagged):
    candidates_from_tag(tag=lens(), subject_ids=[tagged[2].pk], trail_class="arc", by=scientist)
    (found,) = evidence_of(Candidate.objects.get())
    assert len(found.comments) == 3
    comment_delete(comment=found.comments[0], by=factories.user(factories.Role.MODERATOR), why="spam")
    (found,) = evidence_of(Candidate.objects.get())
    assert (len(found.comments), found.origin.people_count) == (2, 3)


def test_volunteers_may_not_and_are_not_shown_how(client, tagged):
    client.force_login(factories.user())
    assert "take-over" not in client.get("/talk/tags/gravitational_lens/").content.decode()
    assert client.post(MAKE, {"trail_class": "arc", "which": "all"}).status_code == 404
