"""`manage.py fit_distance` and `satellite_fractions`: files in, files out, one clear error, nothing half written."""

import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from tests.sky.parallax_cases import visit


def write_case(folder: Path, seed: int = 7_400) -> dict[str, Path]:
    traces, orbit = visit(seed, distance_au=1.3, exposure_s=500.0, exposures=3)
    points, exposures = ["exposure,ra_deg,dec_deg,sigma_arcsec,role"], ["exposure,start_mjd_utc,end_mjd_utc"]
    observer = ["mjd_utc,x_km,y_km,z_km"]
    for trace in traces:
        exposures.append(f"{trace.exposure},{trace.start_mjd_utc:.9f},{trace.end_mjd_utc:.9f}")
        for ra, dec, role in zip(trace.ra_deg, trace.dec_deg, trace.roles, strict=True):
            points.append(f"{trace.exposure},{ra:.9f},{dec:.9f},0.05,{role}")
        for time in np.arange(trace.start_mjd_utc, trace.end_mjd_utc, 60 / 86_400):  # stops short of the end
            x, y, z = orbit.position_km(np.array([time]))[0]
            observer.append(f"{time:.9f},{x:.4f},{y:.4f},{z:.4f}")
    paths = {name: folder / f"{name}.csv" for name in ("points", "exposures", "observer")}
    for path, lines in zip(paths.values(), (points, exposures, observer), strict=True):
        path.write_text("\n".join(lines) + "\n")
    return paths | {"out": folder / "out.json"}


def test_a_visits_points_give_distance_motion_and_covariance(tmp_path: Path) -> None:
    paths = write_case(tmp_path)
    call_command("fit_distance", **paths)
    found = json.loads(paths["out"].read_text())
    assert abs(found["parallax_per_au"] - 1 / 1.3) < 3 * found["parallax_sigma_per_au"]
    assert found["distance_low_au"] < found["distance_au"] < found["distance_high_au"]
    assert (found["direction"], found["distance_at_least_au"]) == ("as_given", None)
    assert found["delta_chi2"] > 4
    assert len(found["covariance"]["matrix"]) == len(found["covariance"]["order"]) == 5
    assert found["covariance"]["matrix"][4][4] == pytest.approx(found["parallax_sigma_per_au"] ** 2)
    assert set(found["motion"]) >= {"east_arcsec_per_hour", "north_arcsec_per_hour"}
    assert "not a measurement" in found["if_main_belt"]["note"]


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("points", lambda text: text.replace(",line", ",middle", 1), "line 3: role is 'middle'"),
        ("points", lambda text: text.replace("e1,", "e9,", 1), "exposure e9 is not in"),
        ("points", lambda text: text.replace(",0.05,", ",0,", 1), "line 2: sigma_arcsec is 0, which is out of range"),
        ("points", lambda text: text.replace("role", "kind", 1), "no column role"),
        ("points", lambda text: text.splitlines()[0], "no lines under its header"),
        ("points", lambda text: text.replace(",start", ",line").replace(",end", ",line"), "no point is an end"),
        ("points", lambda text: "\n".join(text.splitlines()[:3]), "two ends alone carry no distance"),
        ("exposures", lambda text: text + text.splitlines()[1] + "\n", "exposure e0 comes twice"),
        ("exposures", lambda text: text.replace(",5", ",245", 1), "start_mjd_utc is 245"),
        ("observer", lambda text: "\n".join(text.splitlines()[:9]), "no rows around MJD"),
        ("observer", lambda text: text + text.splitlines()[-1] + "\n", "a time comes twice"),
        ("observer", lambda text: text.splitlines()[0] + "\n" + "5,1,1,1\n" * 4, "mjd_utc is 5, which is out of range"),
        ("observer", lambda text: text.encode("utf-16").decode("latin-1"), "no column|is no CSV"),
    ],
)
def test_a_fault_is_named_and_nothing_is_written(tmp_path: Path, name: str, change, words: str) -> None:  # type: ignore[no-untyped-def]
    paths = write_case(tmp_path)
    paths[name].write_text(change(paths[name].read_text()))
    with pytest.raises(CommandError, match=words):
        call_command("fit_distance", **paths)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["exposures.csv", "observer.csv", "points.csv"]


def test_what_lay_there_stays_when_a_fit_fails(tmp_path: Path) -> None:
    paths = write_case(tmp_path)
    paths["out"].write_text("precious")
    paths["points"].unlink()
    with pytest.raises(CommandError, match="could not be read: No such file"):
        call_command("fit_distance", **paths)
    assert paths["out"].read_text() == "precious"
    with pytest.raises(CommandError, match="a path of its own"):
        call_command("fit_distance", **(paths | {"out": paths["observer"]}))


def test_satellite_fractions_are_counted_into_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "exposures.csv", tmp_path / "fractions.csv"
    path.write_text(
        "instrument,filter,date,exposure_s,satellite,satellites\n"
        "ACS/WFC,F814W,2016-03-09,500,1,2\nACS/WFC,F606W,2015,500,0,0\nWFC3/UVIS,F606W,2015-01-01,700,0,0\n"
    )
    call_command("satellite_fractions", path, out=out)
    lines = out.read_text().splitlines()
    assert lines[0].startswith("instrument,filter,year,exposures,crossed,crossed_sigma,fraction,fraction_sigma,trails")
    assert lines[2].startswith("ACS/WFC,all,all,2,1,1.00245,0.5,0.501224,2,500,1,")
    call_command("satellite_fractions", path)
    assert "33.33 ± 33.41" in capsys.readouterr().out


def test_the_model_answers_what_if_there_were_a_hundred_thousand(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("satellite_fractions", number=100_000, altitude=550.0)
    answer = capsys.readouterr().out
    assert "33.97 %" in answer and "28.80 %" in answer  # 1 - exp(-0.3397)
    for wrong in ({"number": 5}, {}, {"number": 5, "altitude": 300.0}):
        with pytest.raises(CommandError):
            call_command("satellite_fractions", **wrong)
