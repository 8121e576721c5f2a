"""From rough ends to a measurement, a distance and a size, against what was put into the exposure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import Role, User
from archive.hubble import hubble_orbit
from archive.models import Exposure
from archive.services import ingest_start
from catalogue.distances import candidate_fit_distance, distance_newest
from catalogue.measuring import candidate_measure, measurement_newest
from catalogue.models import Candidate, DistanceFit, ObjectMatch, ObjectMatchEvent, TrailMeasurement
from jobs.services import job_run
from sky.observer import Unknown
from sky.simulate.exposure import SimulatedExposure, simulate_exposure
from sky.simulate.output import write_fits, write_observer
from sky.trail_centre import trace_centre
from sky.wcs import separation_arcsec
from tests import factories


@dataclass(frozen=True)
class Seen:
    """An exposure, its file, and where the telescope was."""

    made: SimulatedExposure
    path: Path
    observer: Path


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    made = simulate_exposure(
        seed=5, shape=(700, 900), exposure_s=1500, asteroid_snr=(9, 12), asteroid_length_px=(250, 400),
        cosmic_ray_scale=0.3, largest_turn_deg=60,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("measure")
    return Seen(made, write_fits(made, folder / "jsim00000q_flc.fits"), write_observer([made], folder / "observer.csv"))


@pytest.fixture
def candidate(db: None, seen: Seen) -> Candidate:
    """A candidate whose ends somebody marked, off by some pixels."""
    job_run(ingest_start([seen.path]).pk)
    truth = seen.made.truth[0]
    return Candidate.objects.create(
        exposure=Exposure.objects.get(), source="consensus", position_from="model", mid_x=truth.middle_x,
        mid_y=truth.middle_y, ra_deg=truth.middle_ra_deg, dec_deg=truth.middle_dec_deg, position_sigma_arcsec=0.3,
        end1_x=truth.x1 + 3, end1_y=truth.y1 - 4, end2_x=truth.x2 - 2, end2_y=truth.y2 + 4,
    )  # fmt: skip


@pytest.fixture
def hubble(seen: Seen, tmp_path: Path, settings: object) -> None:
    """The data folder knows where the telescope was."""
    (tmp_path / "hubble").mkdir()
    (tmp_path / "hubble" / "observer.csv").write_bytes(seen.observer.read_bytes())


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.hubble.hubble_folder", lambda: tmp_path / "hubble")


@pytest.fixture
def ann(db: None) -> User:
    return factories.user(Role.SCIENTIST, username="ann")


def test_a_measurement_is_right_within_the_bars(candidate: Candidate, seen: Seen, ann: User) -> None:
    truth = seen.made.truth[0]
    found = candidate_measure(candidate=candidate, by=ann)
    for x, y, true_x, true_y in (
        (found.end1_x, found.end1_y, truth.x1, truth.y1),
        (found.end2_x, found.end2_y, truth.x2, truth.y2),
    ):
        assert math.hypot(x - true_x, y - true_y) < 1
    assert found.length_px == pytest.approx(truth.length_px, abs=1)
    assert found.magnitude_ab == pytest.approx(truth.mag, abs=0.1)
    middle = (found.mid_ra_deg, found.mid_dec_deg, truth.middle_ra_deg, truth.middle_dec_deg)
    assert separation_arcsec(*middle) < 0.1
    lines = [point for point in found.centre_line if point["role"] == "line"]
    assert len(lines) >= 20 and max(point["sigma_arcsec"] for point in lines) < 0.05
    assert measurement_newest(candidate) == found and found.started_from == "marks"


def test_a_hand_sets_ends_and_the_newest_holds(candidate: Candidate, seen: Seen, ann: User) -> None:
    truth = seen.made.truth[0]
    first = candidate_measure(candidate=candidate)
    again = candidate_measure(candidate=candidate, by=ann, ends=((truth.x2, truth.y2), (truth.x1, truth.y1)))
    assert again.started_from == "hand" and again.by == ann and first.by is None
    assert measurement_newest(candidate) == again and TrailMeasurement.objects.count() == 2


def test_measured_again_it_starts_where_the_last_one_did(candidate: Candidate, seen: Seen, ann: User) -> None:
    truth = seen.made.truth[0]
    candidate_measure(candidate=candidate, by=ann, ends=((truth.x2, truth.y2), (truth.x1, truth.y1)))
    assert candidate_measure(candidate=candidate, by=ann).started_from == "hand"


def test_a_trail_that_the_image_cuts_has_no_magnitude(
    candidate: Candidate, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = candidate_measure(candidate=candidate, by=ann)
    monkeypatch.setattr("catalogue.measuring.trace_centre", lambda *a, **b: replace(trace_centre(*a, **b), cut=(1, 0)))
    cut = candidate_measure(candidate=candidate, by=ann)
    assert cut.flags == ["end1_edge"] and cut.flux == pytest.approx(whole.flux, rel=0.02)
    assert (cut.magnitude_ab, cut.magnitude_sigma) == (None, None)
    assert cut.surface_brightness == pytest.approx(whole.surface_brightness, abs=0.02)


@pytest.mark.usefixtures("hubble")
def test_in_the_ultraviolet_there_is_no_h_and_in_combined_images_no_distance(candidate: Candidate, ann: User) -> None:
    Exposure.objects.update(photplam=2_700.0)
    candidate.refresh_from_db()
    candidate_measure(candidate=candidate, by=ann)
    fit = candidate_fit_distance(candidate=candidate, by=ann)
    assert fit.distance_au and fit.h_mag is None and fit.diameter_15_km is None
    Exposure.objects.update(combined=True)
    with pytest.raises(ValidationError, match="made of several exposures"):
        candidate_fit_distance(candidate=Candidate.objects.get(), by=ann)


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ({"x1": "5", "y1": "5", "x2": "5"}, "four numbers, or none"),
        ({"x1": "5", "y1": "5", "x2": "5", "y2": "nan"}, "four numbers, or none"),
        ({"x1": "5", "y1": "5", "x2": "5", "y2": "1e12"}, "do not lie in the image"),
    ],
)
def test_ends_that_are_none_are_refused(
    candidate: Candidate, ann: User, client: Client, ends: dict[str, str], said: str
) -> None:
    client.force_login(ann)
    assert said in client.post(f"/validate/{candidate.pk}/measure/", ends, follow=True).content.decode()
    assert not TrailMeasurement.objects.exists()


def test_what_cannot_be_measured_says_so_and_writes_nothing(candidate: Candidate, ann: User) -> None:
    with pytest.raises(ValidationError, match="Set them by hand"):
        candidate_measure(candidate=candidate, by=ann, ends=((5.0, 5.0), (5.0, 5.5)))
    Candidate.objects.update(end1_x=None)
    candidate.refresh_from_db()
    with pytest.raises(ValidationError, match="Mark both ends"):
        candidate_measure(candidate=candidate, by=ann)
    with pytest.raises(ValidationError, match="Only scientists"):
        candidate_measure(candidate=candidate, by=factories.user())
    assert not TrailMeasurement.objects.exists()


@pytest.mark.usefixtures("hubble")
def test_a_distance_lies_within_its_interval_and_gives_a_size(candidate: Candidate, seen: Seen, ann: User) -> None:
    truth = seen.made.truth[0]
    candidate_measure(candidate=candidate, by=ann)
    fit = candidate_fit_distance(candidate=candidate, by=ann)
    assert truth.distance_au and fit.distance_au
    assert abs(fit.parallax_per_au - 1 / truth.distance_au) < 3 * fit.parallax_sigma
    assert fit.distance_au == pytest.approx(truth.distance_au, rel=0.15)
    assert fit.distance_low_au and fit.distance_low_au < fit.distance_au
    assert "state vectors" in fit.observer
    assert fit.r_au and fit.h_mag and fit.diameter_05_km and fit.diameter_15_km
    assert fit.diameter_05_km > fit.diameter_15_km
    assert fit.least_i_deg is not None and fit.least_i_deg >= abs(fit.ecliptic_latitude_deg or 0) - 1e-6
    refit = candidate_fit_distance(candidate=candidate, by=ann)
    assert distance_newest(candidate) == refit and DistanceFit.objects.count() == 2


def test_without_hubbles_place_there_is_no_distance(candidate: Candidate, ann: User) -> None:
    with pytest.raises(ValidationError, match="Measure the trail first"):
        candidate_fit_distance(candidate=candidate, by=ann)
    candidate_measure(candidate=candidate, by=ann)
    assert isinstance(hubble_orbit(candidate.exposure.start_mjd_utc), Unknown)
    with pytest.raises(ValidationError, match="Nobody knows where Hubble was"):
        candidate_fit_distance(candidate=candidate, by=ann)
    assert not DistanceFit.objects.exists()


@pytest.mark.usefixtures("hubble")
def test_the_page_measures_fits_and_shows_it(candidate: Candidate, seen: Seen, ann: User, client: Client) -> None:
    client.force_login(ann)
    address = f"/validate/{candidate.pk}/"
    assert "Not measured yet" in client.get(address).content.decode()
    page = client.post(f"{address}measure/", {"x1": "5", "y1": "5", "x2": "5", "y2": "5.5"}, follow=True)
    assert "Set them by hand" in page.content.decode()
    page = client.post(f"{address}measure/", follow=True).content.decode()
    measured = candidate.measurements.get()
    assert "Measured:" in page and f"{measured.magnitude_ab:.2f} ±" in page
    page = client.post(f"{address}distance/", follow=True).content.decode()
    fit = candidate.distance_fits.get()
    assert f"{fit.distance_au:.3f} au" in page and f"{fit.h_mag:.2f} ±" in page


def test_one_object_at_most_is_accepted_and_the_history_keeps_each_word(
    candidate: Candidate, ann: User, client: Client
) -> None:
    client.force_login(ann)
    values = {
        "candidate": candidate, "catalogue": "MPCORB", "reversed": False, "separation_arcsec": 1, "along_arcsec": 1,
        "cross_arcsec": 0, "angle_deg": 0, "length_ratio": 1, "rate_arcsec_h": 20, "delta_au": 2, "r_au": 3,
        "phase_deg": 9, "within_limits": True,
    }  # fmt: skip
    one, two = (ObjectMatch.objects.create(designation=f"2001 AB{n}", rank=n, **values) for n in (1, 2))
    address = f"/validate/{candidate.pk}/objects/"
    for match, state, said in (
        (one, "accepted", "accepted"),
        (two, "accepted", "Another object"),
        (one, "rejected", "rejected"),
        (two, "accepted", "accepted"),
    ):
        assert said in client.post(f"{address}{match.pk}/", {"state": state}, follow=True).content.decode()
    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.state, two.state, two.decided_by) == ("rejected", "accepted", ann)
    assert ObjectMatchEvent.objects.filter(pgh_obj=one).count() == 2
