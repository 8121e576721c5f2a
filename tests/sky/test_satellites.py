"""The published figures of satellites come out to their last digit (Kruk et al. 2023 and its notebooks)."""

import pytest

from sky.csv_tables import TableFault
from sky.satellite_files import fractions_csv, read_exposures
from sky.satellites import (
    ACS_FIELD_ARCSEC,
    CURVE_FIELD_ARCSEC,
    UVIS_FIELD_ARCSEC,
    Exposure,
    count_sigma,
    crossing_chance,
    crossings,
    fraction_of,
    fraction_table,
)


@pytest.mark.parametrize(
    ("number", "crossed", "percent", "error"),
    [
        (114_607, 3_072, "2.68", "0.19"),
        (76_056, 2_418, "3.18", "0.23"),
        (38_551, 654, "1.70", "0.14"),
        (24_139, 681, "2.82", "0.23"),
        (9_375, 404, "4.31", "0.37"),
        (11_325, 130, "1.15", "0.13"),
        (11_055, 219, "1.98", "0.19"),
        (62_802, 2_095, "3.34", "0.24"),
    ],
)
def test_published_fractions_come_out(number: int, crossed: int, percent: str, error: str) -> None:
    free, hit = (Exposure("ACS/WFC", "F814W", 2015, 500.0, bool(trails), trails) for trails in (0, 1))
    found = fraction_of([free] * (number - crossed) + [hit] * crossed)
    assert (f"{100 * found.fraction:.2f}", f"{100 * found.fraction_sigma:.2f}") == (percent, error)


def test_the_error_of_a_count_is_poissons_and_seven_per_cent() -> None:
    assert round(count_sigma(3_072)) == 222
    assert count_sigma(0) == 0
    with pytest.raises(ValueError, match="not negative"):
        count_sigma(-1)


def test_the_stored_output_of_the_model_comes_out() -> None:
    acs = crossings(number=8_500, altitude_km=1_500, field_arcsec=ACS_FIELD_ARCSEC)
    uvis = crossings(number=8_500, altitude_km=1_500, field_arcsec=UVIS_FIELD_ARCSEC)
    assert f"{100 * acs.visible_share * acs.illuminated_share:.2f}" == "11.15"
    assert f"{acs.angular_speed_arcsec_s:.1f}" == "186.5"  # 186.48 with the notebook's rounder constants
    assert acs.angular_speed_arcsec_s == pytest.approx(186.48, abs=0.01)
    assert (f"{100 * acs.trails:.2f}", f"{100 * uvis.trails:.2f}") == ("4.41", "3.49")


@pytest.mark.parametrize(
    ("number", "altitude", "acs", "uvis"),
    [
        (10_000, 550, "3.4", "2.7"), (10_000, 1_000, "4.4", "3.5"), (10_000, 2_000, "5.6", "4.4"),
        (60_000, 550, "20.2", "16.1"), (60_000, 1_000, "26.5", "21.2"), (60_000, 2_000, "33.4", "26.7"),
        (100_000, 550, "33.6", "26.9"), (100_000, 1_000, "44.2", "35.3"), (100_000, 2_000, "55.6", "44.5"),
    ],
)  # fmt: skip
def test_the_published_curves_come_out(number: int, altitude: float, acs: str, uvis: str) -> None:
    trails = [
        crossings(number=number, altitude_km=altitude, field_arcsec=side).trails
        for side in (CURVE_FIELD_ARCSEC, UVIS_FIELD_ARCSEC)
    ]
    assert [f"{100 * one:.1f}" for one in trails] == [acs, uvis]


def test_the_chance_of_at_least_one_never_passes_one() -> None:
    found = crossings(number=1_000_000, altitude_km=2_000)
    assert found.trails > 5 and 0.99 < found.chance < 1
    few = crossings(number=100, altitude_km=550)
    assert few.chance == pytest.approx(few.trails, rel=1e-3)
    for wrong in ({"number": -1, "altitude_km": 550}, {"number": 1, "altitude_km": 500}):
        with pytest.raises(ValueError, match="must be positive|above Hubble's own"):
            crossings(**wrong)  # type: ignore[arg-type]


def test_the_chance_counts_trails_by_exposure_time() -> None:
    chance, sigma = crossing_chance(40, 673_200.0, 673.2)
    assert chance == pytest.approx(0.04)
    assert sigma == pytest.approx(count_sigma(40) / 1000)


def test_fractions_are_given_per_instrument_filter_and_year() -> None:
    rows = [
        Exposure("ACS/WFC", "F814W", 2005, 400.0, True, 2), Exposure("ACS/WFC", "F606W", 2005, 600.0, False, 0),
        Exposure("ACS/WFC", "F814W", 2020, 500.0, True, 1), Exposure("WFC3/UVIS", "F606W", 2020, 300.0, False, 0),
    ]  # fmt: skip
    table = {(row.instrument, row.filter, row.year): row for row in fraction_table(rows)}
    assert (table["all", "all", "all"].exposures, table["all", "all", "all"].crossed) == (4, 2)
    acs = table["ACS/WFC", "all", "all"]
    assert (acs.crossed, acs.trails, acs.mean_exposure_s) == (2, 3, 500.0)
    assert acs.chance == pytest.approx(1.0)
    assert table["ACS/WFC", "F814W", "all"].fraction == 1
    assert table["ACS/WFC", "all", "2005"].fraction == 0.5
    assert len(table) == 9
    text = fractions_csv(list(table.values()))
    assert text.splitlines()[0].startswith("instrument,filter,year,exposures,crossed,crossed_sigma,fraction")
    assert len(text.splitlines()) == 10


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ACS,F814W,soon,500,1,1", "line 2: date"),
        ("ACS,F814W,2010,500,maybe,1", "line 2: satellite"),
        ("ACS,F814W,2010,500,0,2", "line 2: satellites is 2"),
        ("ACS,F814W,2010,-5,0,0", "line 2: exposure_s"),
        ("ACS,F814W,2010", "3 values for 6 columns"),
        ("", "no lines"),
    ],
)
def test_a_faulty_table_is_refused_by_its_line(tmp_path, line: str, words: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "exposures.csv"
    path.write_text(f"instrument,filter,date,exposure_s,satellite,satellites\n{line}\n")
    with pytest.raises(TableFault, match=words):
        read_exposures(path)
