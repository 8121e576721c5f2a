"""The validated catalogue as files, read back by astropy."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.io.votable import parse
from astropy.io.votable.ucd import check_ucd
from astropy.table import Table
from django.core.management import CommandError, call_command

from accounts.models import Role
from catalogue.columns import COLUMNS
from catalogue.exports import catalogue_bytes
from catalogue.models import Candidate, CandidateSubject
from catalogue.services import candidate_validate
from classify.models import Consensus
from tests import factories
from tests.catalogue.rows import candidate

FORMATS = {"csv": "ascii.csv", "ecsv": "ascii.ecsv", "votable": "votable", "fits": "fits"}
RA, DEC = 150.123456789012, -2.987654321098


@pytest.fixture
def catalogue(db: None) -> list[Candidate]:
    """Two accepted candidates (the second with hardly anything known of it) and one rejected."""
    ann, workflow = factories.user(Role.SCIENTIST, username="ann"), factories.workflow()
    subject = factories.subjects(1, workflow)[0]
    Consensus.objects.update(votes_yes=7, votes_no=2, votes_unsure=1, p_yes=0.97)
    full = candidate(of=subject.cutout.exposure, ra_deg=RA, dec_deg=DEC)
    CandidateSubject.objects.create(candidate=full, subject=subject)
    bare = candidate(source="model", position_from="cutout", end1_ra_deg=None, length_arcsec=None, ridge_snr=None)
    rejected = candidate()
    candidate_validate(candidate=full, by=ann, verdict="accept", trail_class="asteroid", note="=1+1 “né”\nline 2")
    candidate_validate(candidate=bare, by=ann, verdict="accept", trail_class="arc")
    candidate_validate(candidate=rejected, by=ann, verdict="reject", trail_class="other")
    return [full, bare]


def read(fmt: str, content: bytes) -> Table:
    return Table.read(io.BytesIO(content), format=FORMATS[fmt])


@pytest.mark.parametrize("fmt", FORMATS)
def test_each_format_reads_back_as_it_was_written(catalogue: list[Candidate], fmt: str) -> None:
    table = read(fmt, catalogue_bytes(fmt, made_by="ann"))
    assert table.colnames == [column.name for column in COLUMNS]
    assert [str(value) for value in table["candidate_id"]] == [str(one.pk) for one in catalogue]
    assert table["ra"][0] == RA and table["dec"][0] == DEC
    assert [str(value) for value in table["class"]] == ["asteroid", "arc"]
    assert table["p_yes"][0] == 0.97
    assert list(table["votes_yes"][:1]) == [7] and list(table["votes_no"][:1]) == [2]
    assert str(table["validated_by"][0]) == "ann"
    assert str(table["exposure_start"][0]) == "2024-03-01T12:00:00.000Z"
    assert table["exposure_start_mjd"][0] == 60370.5
    assert [str(value) for value in table["simulated"]] == ["True", "True"]
    for name in ("p_yes", "length", "ridge_snr", "end1_ra"):
        assert np.ma.is_masked(table[name][1]) or np.isnan(table[name][1]), name
    assert np.ma.is_masked(table["votes_yes"][1])
    if fmt != "csv":
        units = {column.name: column.unit for column in COLUMNS}
        assert {name: str(table[name].unit) if table[name].unit else None for name in table.colnames} == units


def test_columns_say_what_they_are_in_the_ivoas_words(catalogue: list[Candidate]) -> None:
    assert [name for name in COLUMNS if not check_ucd(name.ucd, check_controlled_vocabulary=True)] == []
    votable = parse(io.BytesIO(catalogue_bytes("votable", made_by="ann")), verify="exception")
    fields = {field.name: field for field in votable.get_first_table().fields}
    assert (fields["ra"].ucd, fields["ra"].unit, fields["ra"].ref) == ("pos.eq.ra;meta.main", "deg", "icrs")
    assert fields["dec"].ucd == "pos.eq.dec;meta.main"
    assert fields["exposure_start_mjd"].ref == "utc"
    assert all(field.description and field.ucd for field in fields.values())
    infos = {info.name: info.value for info in votable.resources[0].infos}
    assert infos["CREATOR"] == "ann" and infos["ROWS"] == "2" and infos["SOFTWARE"].startswith("Asteroid Hunter 0.")
    ecsv = read("ecsv", catalogue_bytes("ecsv", made_by="ann"))
    assert ecsv["ra"].meta["ucd"] == "pos.eq.ra;meta.main" and ecsv["ra"].description
    assert ecsv.meta["CREATOR"] == "ann"
    with fits.open(io.BytesIO(catalogue_bytes("fits", made_by="ann")), checksum=True) as hdus:
        header = hdus[1].header
        number = [column.name for column in COLUMNS].index("ra") + 1
        assert header[f"TUCD{number}"] == "pos.eq.ra;meta.main" and header[f"TUNIT{number}"] == "deg"
        assert header["CREATOR"] == "ann" and header["ROWS"] == 2


def test_a_note_is_no_formula_and_breaks_no_line(catalogue: list[Candidate]) -> None:
    assert read("csv", catalogue_bytes("csv", made_by="a"))["note"][0] == "'=1+1 “né” line 2"
    assert read("votable", catalogue_bytes("votable", made_by="a"))["note"][0] == "=1+1 “né” line 2"
    assert "n\\xe9" in str(read("fits", catalogue_bytes("fits", made_by="a"))["note"][0])


@pytest.mark.parametrize("fmt", FORMATS)
def test_an_empty_catalogue_is_a_table_without_rows(db: None, fmt: str) -> None:
    table = read(fmt, catalogue_bytes(fmt, made_by="ann"))
    assert len(table) == 0 and table.colnames[0] == "candidate_id"


def test_the_command_writes_the_file_whole_or_not_at_all(
    catalogue: list[Candidate], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "catalogue.vot"
    call_command("export_catalogue", "--format", "votable", "--out", str(out))
    assert capsys.readouterr().out == f"2 validated candidates written to {out}.\n"
    assert len(Table.read(out, format="votable")) == 2
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["catalogue.vot"]
    with pytest.raises(CommandError, match=r"could not be written: .* Nothing was changed\."):
        call_command("export_catalogue", "--out", str(tmp_path / "absent" / "c.ecsv"))


def test_the_number_of_queries_does_not_grow_with_the_rows(
    catalogue: list[Candidate], django_assert_max_num_queries
) -> None:  # type: ignore[no-untyped-def]
    ann = catalogue[0].validations.get().by
    for _ in range(5):
        candidate_validate(candidate=candidate(), by=ann, verdict="accept", trail_class="asteroid")
    with django_assert_max_num_queries(9):
        catalogue_bytes("csv", made_by="ann")
