"""A person's page: what they did, found and like; also before they have an account."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import middleware
from accounts.models import User, Volunteer
from accounts.services import account_leave
from catalogue.models import Candidate, CandidateSubject
from classify.models import Classification, Favourite, Subject, Workflow
from hunter import people
from tests import factories

SIGN_UP = {"username": "vera", "email": "vera@example.org", "password1": "long-odd-7", "password2": "long-odd-7"}


@pytest.fixture
def workflow(db) -> Workflow:
    return factories.workflow()


@pytest.fixture
def ann(db) -> User:
    return factories.user(username="ann")


@pytest.fixture
def volunteer(ann) -> Volunteer:
    return Volunteer.objects.create(user=ann)


@pytest.fixture
def own_page(client, ann):
    """Ann's own page as text."""
    client.force_login(ann)

    def get(address: str = "accounts:me", **query: str) -> str:
        return client.get(reverse(address), query).content.decode()

    return get


def browser_of(volunteer: Volunteer) -> Client:
    """A browser that carries an anonymous volunteer's key."""
    client = Client()
    client.cookies[middleware.COOKIE] = signing.dumps(str(volunteer.key), salt=middleware.SALT)
    return client


def found(subject: Subject, state: str = "accepted") -> Candidate:
    """A candidate on the subject's tile."""
    made = Candidate.objects.create(
        exposure=subject.cutout.exposure, source="consensus", position_from="cutout", mid_x=1, mid_y=1, ra_deg=150,
        dec_deg=2, position_sigma_arcsec=1, state=state, trail_class="asteroid",
    )  # fmt: skip
    CandidateSubject.objects.create(candidate=made, subject=subject)
    return made


def took(seconds: float) -> dict[str, datetime]:
    now = timezone.now()
    return {"started_at": now - timedelta(seconds=seconds), "finished_at": now}


# --- numbers ----------------------------------------------------------------------------------------------------


def test_numbers_are_ones_own_votes_times_and_days(workflow, volunteer):
    first, second, third, fourth = factories.subjects(4, workflow)
    factories.vote(first, "yes", workflow, by=volunteer, **took(60))
    factories.vote(second, "no", workflow, by=volunteer, **took(9000))
    old = factories.vote(third, "no", workflow, by=volunteer, **took(30))
    Classification.objects.filter(pk=old.pk).update(created_at=datetime(2026, 3, 1, 23, 59, tzinfo=UTC))
    factories.vote(fourth, "no", workflow, by=volunteer, counted=False, set_aside="undone", **took(50))
    factories.vote(first, "no", workflow)
    numbers = people.numbers_of(volunteer)
    assert (numbers.classifications, numbers.days, numbers.seconds) == (3, 2, 60 + 300 + 30)
    assert str(numbers.first) == "2026-03-01"


def test_numbers_follow_a_new_vote_at_once_and_are_not_counted_anew_without_one(
    workflow, volunteer, django_assert_num_queries
):
    first, second = factories.subjects(2, workflow)
    factories.vote(first, "yes", workflow, by=volunteer)
    assert people.numbers_of(volunteer).classifications == 1
    with django_assert_num_queries(2):  # the newest vote, the training
        people.numbers_of(volunteer)
    factories.vote(second, "yes", workflow, by=volunteer)
    assert people.numbers_of(volunteer).classifications == 2


def test_the_page_says_how_training_went_and_has_no_streaks(workflow, volunteer, own_page):
    volunteer.skills.create(workflow=workflow, counts=[0.0] * 9, training_seen=15, training_right=12)
    factories.vote(factories.subjects(1, workflow)[0], "no", workflow, by=volunteer)
    text = own_page()
    assert "12 of 15" in text
    assert "A good beginning" in text
    assert "streak" not in text.lower()


def test_the_chart_has_a_bar_for_each_week_of_the_last_half_year(workflow, volunteer):
    votes = [factories.vote(subject, "no", workflow, by=volunteer) for subject in factories.subjects(3, workflow)]
    for vote, weeks in zip(votes, (0, 2, 60), strict=True):
        Classification.objects.filter(pk=vote.pk).update(created_at=timezone.now() - timedelta(weeks=weeks))
    weeks = people.weeks_of(people.numbers_of(volunteer))
    assert weeks is not None
    counts = [one.count for one in weeks[1]]
    assert (len(counts), sum(counts), counts[-1], counts[-3]) == (26, 2, 1, 1)


# --- discoveries, answers, favourites -----------------------------------------------------------------------------


def test_a_discovery_is_an_accepted_trail_that_one_said_yes_to(workflow, volunteer, own_page):
    said_yes, said_no, pending, not_counted, others = factories.subjects(5, workflow)
    for subject in (said_yes, pending):
        factories.vote(subject, "yes", workflow, by=volunteer)
    factories.vote(said_no, "no", workflow, by=volunteer)
    factories.vote(not_counted, "yes", workflow, by=volunteer, counted=False, set_aside="late")
    factories.vote(others, "yes", workflow)
    for subject in (said_yes, said_no, not_counted, others):
        found(subject)
    found(pending, "pending")
    discoveries = people.discoveries_of(volunteer)
    assert discoveries.count == 1
    assert [one["url"] for one in discoveries.newest] == [reverse("talk:subject", args=[said_yes.pk])]
    assert "1 of your trails was confirmed" in own_page()


def test_a_trail_on_two_tiles_is_one_discovery_and_more_are_counted_than_shown(workflow, volunteer):
    first, second, *more = factories.subjects(5, workflow)
    for subject in (first, second, *more):
        factories.vote(subject, "yes", workflow, by=volunteer)
    CandidateSubject.objects.create(candidate=found(first), subject=second)
    for subject in more:
        found(subject)
    discoveries = people.discoveries_of(volunteer, limit=2)
    assert (discoveries.count, len(discoveries.newest)) == (4, 2)


def test_answers_are_paged_and_in_the_words_of_the_buttons(workflow, volunteer, own_page, monkeypatch):
    monkeypatch.setattr(people, "RECENT", 2)
    subjects = factories.subjects(3, workflow)
    for subject in subjects:
        factories.vote(subject, "impossible-to-tell", workflow, by=volunteer)
    text = own_page()
    assert text.count("<strong>Impossible to tell</strong>") == 2
    assert reverse("talk:subject", args=[subjects[0].pk]) not in text
    older = re.search(r'rel="next" href="\?at=([^"#]+)', text)
    assert older
    assert reverse("talk:subject", args=[subjects[0].pk]) in own_page(at=older[1].replace("%7E", "~"))


def test_favourites_are_shown(workflow, volunteer, own_page):
    subject = factories.subjects(1, workflow)[0]
    Favourite.objects.create(volunteer=volunteer, subject=subject)
    text = own_page()
    assert "Your favourites" in text
    assert reverse("talk:subject", args=[subject.pk]) in text


def test_a_full_page_costs_a_fixed_number_of_queries(workflow, volunteer, own_page, django_assert_max_num_queries):
    for subject in factories.subjects(14, workflow):
        factories.vote(subject, "yes", workflow, by=volunteer)
        found(subject)
        Favourite.objects.create(volunteer=volunteer, subject=subject)
    with django_assert_max_num_queries(13):
        text = own_page()
    assert "14 of your trails were confirmed" in text


# --- without an account -------------------------------------------------------------------------------------------


def test_a_browser_without_an_account_has_a_page_and_is_told_how_to_keep_it(workflow):
    anonymous = factories.volunteer()
    factories.vote(factories.subjects(1, workflow)[0], "yes", workflow, by=anonymous)
    answer = browser_of(anonymous).get(reverse("accounts:me"))
    text = answer.content.decode()
    assert "<dd>1</dd>" in text
    assert "Make an account to keep them" in text
    assert reverse("account_signup") in text
    assert reverse("accounts:export") not in text
    assert "no-store" in answer["Cache-Control"]


def test_signing_up_keeps_what_the_browser_did(workflow):
    anonymous = factories.volunteer()
    subject = factories.subjects(1, workflow)[0]
    factories.vote(subject, "yes", workflow, by=anonymous)
    Favourite.objects.create(volunteer=anonymous, subject=subject)
    browser = browser_of(anonymous)
    browser.post(reverse("account_signup"), SIGN_UP)
    text = browser.get(reverse("accounts:me")).content.decode()
    assert "<h1>vera</h1>" in text
    assert "<dd>1</dd>" in text
    assert "Your favourites" in text
    assert "Make an account" not in text


def test_a_stranger_sees_an_empty_page_and_leaves_no_row(client, db):
    text = client.get(reverse("accounts:me")).content.decode()
    assert "Your first image is waiting" in text
    assert Volunteer.objects.count() == 0


# --- the public page ----------------------------------------------------------------------------------------------


def test_nobody_sees_a_persons_page_until_they_say_so(client, ann, volunteer, workflow):
    subject = factories.subjects(1, workflow)[0]
    factories.vote(subject, "yes", workflow, by=volunteer)
    found(subject)
    address = reverse("accounts:profile", args=["ann"])
    assert client.get(address).status_code == 404
    client.force_login(ann)
    client.post(reverse("accounts:public_profile"), {"public": "on"})
    text = Client().get(address).content.decode()
    assert "<h1>ann</h1>" in text
    assert reverse("talk:subject", args=[subject.pk]) in text
    assert "ann@example.org" not in text
    client.post(reverse("accounts:public_profile"), {"public": "off"})
    assert Client().get(address).status_code == 404


def test_who_left_has_no_public_page(client, ann):
    User.objects.filter(pk=ann.pk).update(public_profile=True)
    account_leave(user=ann)
    ann.refresh_from_db()
    assert not ann.public_profile
    assert client.get(reverse("accounts:profile", args=[ann.username])).status_code == 404


def test_an_account_that_was_switched_off_has_no_public_page(client, ann):
    User.objects.filter(pk=ann.pk).update(public_profile=True, is_active=False)
    assert client.get(reverse("accounts:profile", args=["ann"])).status_code == 404


# --- the certificate ----------------------------------------------------------------------------------------------


@pytest.fixture
def one_answer(workflow, volunteer) -> Volunteer:
    factories.vote(factories.subjects(1, workflow)[0], "yes", workflow, by=volunteer, **took(60))
    return volunteer


def link_on(text: str) -> str:
    link = re.search(r"http://testserver(/certificates/[^<]+)<", text)
    assert link
    return link[1]


def test_a_certificate_has_the_chosen_name_escaped_and_the_numbers(one_answer, own_page):
    text = own_page("accounts:certificate", name="<b>Ann</b>\n of \u202eHubble")
    assert "&lt;b&gt;Ann&lt;/b&gt; of Hubble" in text
    assert "<b>Ann" not in text
    assert "looked at an image" in text


def test_anybody_with_the_address_sees_the_same_numbers_and_a_forged_one_shows_nothing(one_answer, own_page):
    address = link_on(own_page("accounts:certificate", name="Ann Hubble"))
    text = Client().get(address).content.decode()
    assert "Ann Hubble" in text
    assert "looked at an image" in text
    assert "nobody checked it" in text
    assert Client().get(address[:-3] + "xx/").status_code == 404
    assert Client().get(reverse("certificate", args=["x" * 3000])).status_code == 404


def test_a_certificate_ends_with_the_account(one_answer, own_page, ann):
    address = link_on(own_page("accounts:certificate"))
    account_leave(user=ann)
    assert Client().get(address).status_code == 404


def test_a_certificate_of_a_browser_stays_valid_when_its_person_signs_up(workflow):
    anonymous = factories.volunteer()
    factories.vote(factories.subjects(1, workflow)[0], "yes", workflow, by=anonymous)
    browser = browser_of(anonymous)
    address = link_on(browser.get(reverse("accounts:certificate")).content.decode())
    browser.post(reverse("account_signup"), SIGN_UP)
    assert Client().get(address).status_code == 200


def test_there_is_no_certificate_before_the_first_answer(own_page, client):
    assert "Not yet" in own_page("accounts:certificate")
    assert "Not yet" in Client().get(reverse("accounts:certificate")).content.decode()


def test_a_volunteers_key_that_never_answered_gets_no_certificate(db):
    browser = browser_of(Volunteer(key=uuid.uuid4()))
    assert "Not yet" in browser.get(reverse("accounts:certificate")).content.decode()
