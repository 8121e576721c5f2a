"""The pages of the catalogue, asked for as a browser does."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

import pytest
from astropy.table import Table
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role
from catalogue import selectors
from catalogue.models import Candidate, CandidateSubject, Validation
from catalogue.services import candidate_validate
from classify.models import Consensus
from tests import factories
from tests.catalogue.rows import candidate

QUEUE = "/validate/"


@pytest.fixture
def as_role(db: None) -> Callable[[Role], Client]:
    def signed_in(role: Role) -> Client:
        client = Client()
        client.force_login(factories.user(role))
        return client

    return signed_in


@pytest.fixture
def scientist(as_role: Callable[[Role], Client]) -> Client:
    return as_role(Role.SCIENTIST)


def page_of(one: Candidate) -> str:
    return reverse("catalogue:candidate", args=[one.pk])


@pytest.mark.parametrize(
    ("address", "least"),
    [
        (QUEUE, Role.SCIENTIST),
        ("/validate/{pk}/", Role.SCIENTIST),
        ("/exports/catalogue.csv", Role.SCIENTIST),
        ("/exports/classifications.csv", Role.ADMIN),
        ("/results/", None),
    ],
)
def test_who_may_see_what(as_role: Callable[[Role], Client], address: str, least: Role | None) -> None:
    address = address.format(pk=candidate().pk)
    stranger = Client().get(address).status_code
    assert stranger == (200 if least is None else 302)
    order = list(Role)
    for role in order:
        allowed = least is None or order.index(role) >= order.index(least)
        assert as_role(role).get(address).status_code == (200 if allowed else 404), role


def test_only_scientists_decide(as_role: Callable[[Role], Client]) -> None:
    address, decision = f"{page_of(candidate())}decide/", {"verdict": "accept", "trail_class": "asteroid"}
    assert Client().post(address, decision).status_code == 302
    assert as_role(Role.MODERATOR).post(address, decision).status_code == 404
    assert as_role(Role.SCIENTIST).get(address).status_code == 405
    assert Validation.objects.count() == 0
    assert as_role(Role.SCIENTIST).post(address, decision).status_code == 302
    assert Validation.objects.count() == 1


def test_the_page_shows_what_is_known(scientist: Client) -> None:
    subject = factories.subjects(1, factories.workflow())[0]
    Consensus.objects.update(votes_yes=7, votes_no=2, votes_unsure=1, p_yes=0.9712)
    found = candidate(of=subject.cutout.exposure)
    CandidateSubject.objects.create(candidate=found, subject=subject)
    text = scientist.get(page_of(found)).content.decode()
    assert f'href="/talk/subjects/{subject.pk}/"' in text
    for known in ("0.971", "10h 00m 00.00s", "+02° 00′ 00.0″", "ACS/WFC, F814W", "2024-03-01 12:00:00 UTC", "500 s"):
        assert known in text, known
    assert "sky.esa.int" in text and "Simulated" in text
    # Picture rows run downward: pixel row 240 of 512 lies 271.5 from the top.
    assert 'cx="200.5" cy="271.5"' in text and 'cx="300.5" cy="231.5"' in text
    assert "style=" not in text and not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*json)", text)


def test_the_votes_shown_are_those_of_now_also_after_the_voting_ended(scientist: Client) -> None:
    subjects = factories.subjects(2, factories.workflow())
    found = candidate(of=subjects[0].cutout.exposure)
    for subject in subjects:
        CandidateSubject.objects.create(candidate=found, subject=subject)
    assert "people 0." not in scientist.get(QUEUE).content.decode()
    for late in (0.9712, 0.6234):
        Consensus.objects.filter(subject=subjects[0]).update(votes_yes=7, p_yes=late)
        Consensus.objects.filter(subject=subjects[1]).update(votes_no=7, p_yes=0.11)
        assert f"people {late:.2f}" in scientist.get(QUEUE).content.decode()
        assert scientist.get(f"/api/candidates/{found.pk}/").json()["p_yes"] == late
        assert scientist.get("/api/candidates/").json()["results"][0]["p_yes"] == late


def test_a_decision_leads_to_the_next_and_says_so(scientist: Client) -> None:
    first, second = candidate(), candidate()
    answer = scientist.post(
        f"{page_of(first)}decide/?source=consensus", {"verdict": "accept", "trail_class": "satellite", "seen": "0"}
    )
    assert answer.url == f"{page_of(second)}?source=consensus"
    assert "Accepted as satellite." in scientist.get(answer.url).content.decode()
    answer = scientist.post(f"{page_of(second)}decide/", {"verdict": "reject", "trail_class": "artefact", "seen": "0"})
    assert answer.url == QUEUE
    assert "Nothing to decide here" in scientist.get(answer.url).content.decode()
    text = scientist.get(page_of(first)).content.decode()
    assert "Take the decision back" in text
    scientist.post(f"{page_of(first)}decide/", {"verdict": "reopen", "seen": Validation.objects.earliest("id").pk})
    first.refresh_from_db()
    assert first.state == "pending" and first.validations.count() == 2


def test_sending_a_decision_twice_is_harmless(scientist: Client) -> None:
    found, decision = candidate(), {"verdict": "accept", "trail_class": "asteroid", "note": "n", "seen": "0"}
    for _ in range(2):
        assert scientist.post(f"{page_of(found)}decide/", decision).status_code == 302
    assert Validation.objects.count() == 1


def test_what_cannot_be_decided_comes_back_with_the_note(scientist: Client) -> None:
    found = candidate()
    answer = scientist.post(
        f"{page_of(found)}decide/", {"verdict": "reject", "trail_class": "asteroid", "note": "my <note>", "seen": "0"}
    )
    assert answer.status_code == 422
    assert "a rejected candidate is no asteroid" in answer.content.decode()
    assert "my &lt;note&gt;</textarea>" in answer.content.decode()
    other = factories.user(Role.SCIENTIST, username="ben")
    candidate_validate(candidate=found, by=other, verdict="accept", trail_class="asteroid")
    answer = scientist.post(f"{page_of(found)}decide/", {"verdict": "reject", "trail_class": "other", "seen": "0"})
    assert answer.status_code == 409 and "ben decided meanwhile" in answer.content.decode()
    assert Validation.objects.count() == 1


def shown(client: Client, query: str) -> set[str]:
    """The ids of the candidates on the contact sheet."""
    sheet = re.search(r'class="contact-sheet".*?</ul>', client.get(QUEUE + query).content.decode(), re.DOTALL)
    return set(re.findall(r'href="/validate/([0-9a-f-]{36})/', sheet[0])) if sheet else set()


def test_filters_in_the_address(scientist: Client) -> None:
    plain = candidate()
    by_model = candidate(source="model")
    decided = candidate(state="accepted", trail_class="arc")
    subject = factories.subjects(1, factories.workflow())[0]
    CandidateSubject.objects.create(candidate=by_model, subject=subject)
    every = {str(one.pk) for one in (plain, by_model, decided)}
    assert shown(scientist, "") == {str(plain.pk), str(by_model.pk)}
    assert shown(scientist, "?state=all") == every
    assert shown(scientist, "?state=all&class=arc") == {str(decided.pk)}
    assert shown(scientist, "?source=model") == {str(by_model.pk)}
    assert shown(scientist, f"?q=S{subject.pk}") == {str(by_model.pk)}
    assert shown(scientist, f"?q={str(plain.pk)[:13]}") == {str(plain.pk)}
    assert shown(scientist, f"?q={plain.exposure.observation.name.upper()}") == {str(plain.pk)}
    assert shown(scientist, "?instrument=ACS&state=all") == every
    assert shown(scientist, "?instrument=WFC3") == set()
    assert shown(scientist, "?state=nonsense&source=nonsense") == {str(plain.pk), str(by_model.pk)}
    odd = selectors.CandidateFilter.of({"state": "\x00", "source": "\x00", "instrument": "\x00", "q": "\x00"})
    assert odd == selectors.CandidateFilter()
    assert scientist.get(f"{QUEUE}?after=nonsense").status_code == 404


def test_pages_by_key_show_every_candidate_once_in_both_directions(scientist: Client) -> None:
    exposure = candidate().exposure
    for _ in range(60):
        candidate(of=exposure)
    # The same moment for many: the id decides.
    Candidate.objects.update(created_at=Candidate.objects.latest("created_at").created_at)
    order = [str(pk) for pk in Candidate.objects.order_by("created_at", "id").values_list("pk", flat=True)]
    queue = selectors.candidate_queue(selectors.CandidateFilter())
    forwards, page = [], selectors.candidate_page(queue, size=24)
    while True:
        forwards += [str(row.pk) for row in page.rows]
        if page.after is None:
            break
        page = selectors.candidate_page(queue, size=24, after=Candidate.objects.get(pk=page.after))
    assert forwards == order
    backwards: list[str] = []
    while page.before is not None:
        page = selectors.candidate_page(queue, size=24, before=Candidate.objects.get(pk=page.before))
        backwards = [str(row.pk) for row in page.rows] + backwards
    assert backwards == order[:48]
    text = scientist.get(f"{QUEUE}?after={order[23]}").content.decode()
    assert f"/validate/{order[24]}/" in text and f"before={order[24]}" in text


def test_a_page_costs_the_same_with_many_candidates(scientist: Client) -> None:
    exposure = candidate().exposure
    costs = []
    for more in (0, 40):
        for number in range(more):
            decided = {"state": "accepted", "trail_class": "asteroid"} if number % 2 else {}
            candidate(of=exposure, **decided)
        for address in (QUEUE, "/results/"):
            with CaptureQueriesContext(connection) as queries:
                scientist.get(address)
            costs.append(len(queries))
    assert costs[2] <= costs[0] + 2 and costs[2] <= 20
    assert costs[3] <= costs[1] + 1 and costs[3] <= 8


def test_results_show_the_accepted_to_everyone(client: Client, db: None) -> None:
    assert "Nothing has been validated yet" in client.get("/results/").content.decode()
    accepted = candidate(state="accepted", trail_class="satellite", ra_deg=359.9999999, dec_deg=-0.1)
    waiting = candidate()
    text = client.get("/results/").content.decode()
    assert accepted.exposure.observation.name in text and waiting.exposure.observation.name not in text
    assert "00h 00m 00.00s" in text and "−00° 06′ 00.0″" in text and "Simulated" in text
    assert "/exports/" not in text


def test_downloads(as_role: Callable[[Role], Client]) -> None:
    candidate(state="accepted", trail_class="asteroid")
    admin = as_role(Role.ADMIN)
    answer = admin.get("/exports/catalogue.votable")
    assert answer["Content-Type"] == "application/x-votable+xml"
    assert re.fullmatch(r'attachment; filename="catalogue-\d{8}\.vot"', answer["Content-Disposition"])
    assert len(Table.read(io.BytesIO(answer.content), format="votable")) == 1
    assert admin.get("/exports/catalogue.xlsx").status_code == 404
    subject = factories.subjects(1, factories.workflow())[0]
    factories.vote(subject, "yes", factories.workflow())
    answer = admin.get("/exports/classifications.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8" and answer.streaming
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [row["subject_ids"] for row in rows] == [str(subject.pk)]
