"""From files of orbits, exposures and trails to tables of known objects: by commands, offline, without a database."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from sky.hst import hst_position_km
from sky.observer import SPT_KEYWORDS

ORBITS = """designation,epoch_mjd_tdb,a_au,e,incl_deg,Omega_deg,w_deg,M_deg,H,G
one,60000,2.6,0.12,8,40,10,5,14.2,
two,60000,2.2,0.3,3,200,70,120,16,0.15
three,59000,1.46,0.55,12,120,300,40,,
"""
START, END = 59_945.7, 59_945.711


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open() as source:
        return list(csv.DictReader(source))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "orbits.csv").write_text(ORBITS)
    places = hst_position_km([START, END], node_deg=10, phase_deg=20, epoch_mjd_utc=START)
    lines = [f"{at!r},{x},{y},{z}" for at, (x, y, z) in zip([START, END], places.tolist(), strict=True)]
    (tmp_path / "observer.csv").write_text("mjd_utc,x_km,y_km,z_km\n" + "\n".join(lines) + "\n")
    return tmp_path


def _ephemeris(folder: Path) -> list[dict[str, str]]:
    names = ["--orbits", folder / "orbits.csv", "--observer", folder / "observer.csv", "--out", folder / "out.csv"]
    call_command("ephemeris", *map(str, names))
    return _rows(folder / "out.csv")


def _trails(folder: Path) -> None:
    """Object one's trail from end to start, and one that is nobody's."""
    first, last = _ephemeris(folder)[:2]
    ends = [last["ra_deg"], last["dec_deg"], first["ra_deg"], first["dec_deg"]]
    far = [str(float(value) + 0.5) for value in ends]
    (folder / "trails.csv").write_text(
        "exposure,ra1_deg,dec1_deg,ra2_deg,dec2_deg,trail,v_mag\n"
        f"x1,{','.join(ends)},known,{first['v_mag']}\nx1,{','.join(far)},new,\n"
    )
    (folder / "exposures.csv").write_text(f"exposure,start_mjd_utc,end_mjd_utc\nx1,{START!r},{END!r}\n")


def test_an_ephemeris_is_a_row_for_each_orbit_and_time(folder: Path) -> None:
    rows = _ephemeris(folder)
    assert [row["designation"] for row in rows] == ["one", "one", "two", "two", "three", "three"]
    assert [float(row["mjd_utc"]) for row in rows[:2]] == [START, END]
    assert rows[0]["v_mag"] and not rows[5]["v_mag"]
    assert 0.8 < float(rows[0]["delta_au"]) < 4.2
    # The way from row to row is the motion seen from the Earth's centre and Hubble's parallax, 19 arcseconds at 1 au.
    moved = (float(rows[1]["dec_deg"]) - float(rows[0]["dec_deg"])) * 3600
    parallax = 2 * 9.53 / float(rows[0]["delta_au"])
    assert abs(moved - float(rows[0]["dec_rate_arcsec_h"]) * (END - START) * 24) < parallax


def test_it_works_without_network_database_and_data_folder(folder: Path) -> None:
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "ephemeris"]
    command += ["--orbits", "orbits.csv", "--observer", "observer.csv", "--out", "alone.csv"]
    if shutil.which("unshare") and not subprocess.run(["unshare", "-rn", "true"], check=False).returncode:
        command = ["unshare", "-rn", *command]
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    nowhere = kept | {"DATA_DIR": str(folder / "nothing"), "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(command, cwd=folder, env=nowhere, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (folder / "alone.csv").read_text() == (_ephemeris(folder) and (folder / "out.csv").read_text())
    assert not (folder / "nothing" / "secret.key").exists()


def test_trails_are_matched_from_a_file_of_orbits_or_the_imported_catalogue(folder: Path, settings) -> None:  # type: ignore[no-untyped-def]
    _trails(folder)
    common = ["--exposures", "exposures.csv", "--trails", "trails.csv", "--observer", "observer.csv"]
    common = [str(folder / word) if "." in word else word for word in common]
    call_command("match", *common, "--orbits", str(folder / "orbits.csv"), "--out", str(folder / "a.csv"))
    known, new = _rows(folder / "a.csv")
    assert (known["trail"], known["verdict"], known["designation"]) == ("known", "match", "one")
    assert known["direction"] == "reverse"
    assert float(known["separation_arcsec"]) < 0.1
    assert (new["trail"], new["verdict"], new["designation"]) == ("new", "none", "")

    settings.DATA_DIR = folder / "data"
    with pytest.raises(CommandError, match="import one with import_orbits"):
        call_command("match", *common, "--out", str(folder / "b.csv"))
    imported = ["--as-of", "2023-01-05", "--first", "2022-12-01", "--last", "2023-02-01", "--processes", "1"]
    call_command("import_orbits", str(folder / "orbits.csv"), *imported)
    call_command("match", *common, "--out", str(folder / "b.csv"))
    again = _rows(folder / "b.csv")
    assert [row["catalogue_date"] for row in again] == ["2023-01-05"] * 2
    assert [row["designation"] for row in again] == ["one", ""]


def test_known_objects_in_fits_files_are_listed_with_hubble_from_the_support_file(folder: Path) -> None:
    from astropy.io import fits

    from sky.simulate.exposure import simulate_exposure
    from sky.simulate.output import write_fits

    first = _ephemeris(folder)[0]
    exposures = folder / "exposures"
    exposures.mkdir()
    exposure = simulate_exposure(
        seed=1, shape=(200, 200), pointing=(float(first["ra_deg"]), float(first["dec_deg"])), start_mjd_utc=START,
        exposure_s=900, n_asteroids=0,
    )  # fmt: skip
    write_fits(exposure, exposures / "jsim00000q_flc.fits")
    support = fits.PrimaryHDU()
    elements = dict.fromkeys(SPT_KEYWORDS, 0.0) | {
        "EPCHTIME": (START - 46_066) * 86_400, "MEANANOM": np.radians(20), "FDMEANAN": 1 / 5716, "RASCASCN": 10 / 360,
        "COSINCLI": np.cos(np.radians(28.47)), "SINEINCL": np.sin(np.radians(28.47)), "SEMILREC": 6_909_000.0,
    }  # fmt: skip
    support.header.update(elements)
    support.writeto(exposures / "jsim00000q_spt.fits")
    orbits = ["--orbits", str(folder / "orbits.csv")]
    call_command("match", str(exposures), *orbits, "--out", str(folder / "found.csv"))
    (found,) = _rows(folder / "found.csv")
    assert (found["exposure"], found["designation"]) == ("jsim00000q", "one")
    assert found["observer"] == "jsim00000q_spt.fits"
    off = [float(found[f"{name}_start_deg"]) - float(first[f"{name}_deg"]) for name in ("ra", "dec")]
    assert np.hypot(*off) * 3600 < 0.1
    (exposures / "jsim00000q_spt.fits").unlink()
    call_command("match", str(exposures), *orbits, "--out", str(folder / "found.csv"))
    (found,) = _rows(folder / "found.csv")
    assert (found["observer"], found["observer_error_km"]) == ("none: the Earth's centre", "6909.0")


@pytest.mark.parametrize(
    ("orbits", "says"),
    [("nothing\n", "neither MPCORB"), (ORBITS.replace("60000", "20000").replace("59000", "20000"), "1985-2045")],
)
def test_bad_orbits_are_refused_in_one_line_and_nothing_is_written(folder: Path, orbits: str, says: str) -> None:
    (folder / "orbits.csv").write_text(orbits)
    with pytest.raises(CommandError, match=says):
        _ephemeris(folder)
    assert {path.name for path in folder.iterdir()} == {"orbits.csv", "observer.csv"}


def test_a_trail_of_an_unknown_exposure_is_refused(folder: Path) -> None:
    _trails(folder)
    (folder / "trails.csv").write_text("exposure,ra1_deg,dec1_deg,ra2_deg,dec2_deg\nother,1,2,1.1,2\n")
    with pytest.raises(CommandError, match="no exposure other"):
        call_command(
            "match", "--exposures", str(folder / "exposures.csv"), "--trails", str(folder / "trails.csv"), "--out",
            str(folder / "out2.csv"),
        )  # fmt: skip
