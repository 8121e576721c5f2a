"""Two independent opinions: blind, settled by agreement or a third, and how far people agree."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Role, User
from catalogue.models import Candidate
from catalogue.opinions import Opinion, agreement, decided, opinions_now
from catalogue.selectors import people_agree
from catalogue.services import candidate_validate
from tests import factories
from tests.catalogue.rows import candidate

YES, SAT, NO = ("accept", "asteroid"), ("accept", "satellite"), ("reject", "cosmic_ray")


@pytest.mark.parametrize(
    ("said", "needed", "expected"),
    [
        ([YES], 1, YES),
        ([YES, NO], 1, NO),
        ([YES], 2, None),
        ([YES, YES], 2, YES),
        ([YES, NO], 2, None),
        ([YES, SAT], 2, None),
        ([YES, NO, NO], 2, NO),
        ([YES, SAT, YES], 2, YES),
        ([YES, NO, SAT], 2, SAT),
    ],
)
def test_who_decides(said: list[tuple[str, str]], needed: int, expected: tuple[str, str] | None) -> None:
    found = decided([Opinion(person, *what) for person, what in enumerate(said)], needed=needed)
    assert (found and (found.verdict, found.trail_class)) == expected


def test_of_each_person_the_last_word_since_it_was_reopened_counts() -> None:
    said = [Opinion(1, *YES), Opinion(2, "reopen", ""), Opinion(1, *NO), Opinion(2, *YES), Opinion(1, *SAT)]
    assert opinions_now(said) == [Opinion(2, *YES), Opinion(1, *SAT)]


def test_kappa_is_that_of_a_table_worked_by_hand() -> None:
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed 0.70, by chance 0.50, kappa 0.40.
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    found = agreement(pairs)
    assert (found.pairs, found.agreed) == (50, 35)
    assert found.kappa == pytest.approx(0.4)
    assert found.low == pytest.approx(0.146, abs=0.001) and found.high == pytest.approx(0.654, abs=0.001)
    assert agreement([("y", "y")] * 3).kappa is None and agreement([]).pairs == 0


@pytest.fixture
def team(db: None) -> list[User]:
    return [factories.user(Role.SCIENTIST, username=name) for name in ("ann", "ben", "cleo")]


def say(of: Candidate, by: User, what: tuple[str, str], seen: int | None = 0) -> None:
    candidate_validate(candidate=of, by=by, verdict=what[0], trail_class=what[1], note="my words", seen=seen)


def test_opinions_stay_hidden_until_one_has_given_ones_own(team: list[User]) -> None:
    ann, ben, _ = team
    found = candidate()
    browsers = {}
    for person in (ann, ben):
        browsers[person] = Client()
        browsers[person].force_login(person)
    browsers[ann].post("/validate/opinions/", {"needed": "2"})
    decision = {"verdict": "accept", "trail_class": "asteroid", "note": "my words", "seen": 0}
    page = browsers[ann].post(f"/validate/{found.pk}/decide/", decision, follow=True)
    assert "Another one decides" in page.content.decode()
    address = f"/validate/{found.pk}/"
    assert "my words" in browsers[ann].get(address).content.decode()
    blind = browsers[ben].get(address).content.decode()
    assert "my words" not in blind and "1 given" in blind
    assert browsers[ben].get(f"/api/candidates/{found.pk}/").json()["validations"] == []
    # It waits in the queue of the one, and no longer in that of the other.
    assert str(found.pk) in browsers[ben].get("/validate/").content.decode()
    assert str(found.pk) not in browsers[ann].get("/validate/").content.decode()
    assert str(found.pk) in browsers[ben].get("/validate/?opinions=second").content.decode()
    say(found, ben, YES)  # he saw no decision, and none of hers is in the way
    found.refresh_from_db()
    assert (found.state, found.trail_class) == ("accepted", "asteroid")
    assert "my words" in browsers[ben].get(address).content.decode()


def test_a_third_settles_what_two_see_differently_and_reopening_begins_anew(team: list[User]) -> None:
    ann, ben, cleo = team
    found = candidate(verdicts_needed=2)
    say(found, ann, YES)
    say(found, ben, NO)
    assert found.state == "pending" and found.opinions_by == [ann.pk, ben.pk]
    say(found, cleo, NO)
    assert (found.state, found.trail_class) == ("rejected", "cosmic_ray")
    say(found, ann, ("reopen", ""), seen=None)
    assert found.state == "pending" and found.opinions_by == []
    other = candidate(verdicts_needed=2)
    for person in (ann, ben):
        say(other, person, YES)
    found_agreement = people_agree()
    assert (found_agreement.pairs, found_agreement.agreed) == (2, 1)


def test_reopening_shows_and_drops_no_opinion_before_one_has_spoken(team: list[User], client: Client) -> None:
    ann, ben, _ = team
    found = candidate(verdicts_needed=2)
    say(found, ann, YES)
    client.force_login(ben)
    page = client.post(f"/validate/{found.pk}/decide/", {"verdict": "reopen", "seen": 0})
    assert page.status_code == 422 and "open already" in page.content.decode()
    assert "my words" not in client.get(f"/validate/{found.pk}/").content.decode()
    found.refresh_from_db()
    assert found.opinions_by == [ann.pk]


def test_an_opinion_sent_again_is_the_first_one_even_after_anothers(team: list[User]) -> None:
    ann, ben, _ = team
    found = candidate(verdicts_needed=2)
    for person in (ann, ben, ann):
        say(found, person, YES)
    assert list(found.validations.order_by("id").values_list("by", flat=True)) == [ann.pk, ben.pk]
    assert found.state == "accepted"


def test_kappa_on_the_page_follows_each_opinion(team: list[User], client: Client) -> None:
    ann, ben, cleo = team
    client.force_login(cleo)
    for what, agreed in ((YES, "they agreed on 1"), (NO, "they agreed on 1"), (YES, "they agreed on 2")):
        found = candidate(verdicts_needed=2)
        say(found, ann, YES)
        say(found, ben, what)
        assert agreed in client.get("/validate/?state=all&opinions=two").content.decode()


def test_asking_passes_over_what_somebody_has_spoken_on(team: list[User], client: Client) -> None:
    ann, ben, _ = team
    decided_one, open_one = candidate(), candidate()
    say(decided_one, ann, YES)
    client.force_login(ben)
    page = client.post("/validate/opinions/?state=all", {"needed": "2"}, follow=True).content.decode()
    assert "Changed for 1 candidate." in page
    assert dict(Candidate.objects.values_list("pk", "verdicts_needed")) == {decided_one.pk: 1, open_one.pk: 2}
