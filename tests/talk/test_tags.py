"""What counts as a hashtag, as on Zooniverse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talk.tags import MAX_TAGS, NAME, tags_of


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("#asteroid", ["asteroid"]),
        ("Two: #Asteroid and #satellite-trail", ["asteroid", "satellite-trail"]),
        ("#ab is short, #abc is not", ["abc"]),
        ("a line\n#second", ["second"]),
        ("twice #yes #YES", ["yes"]),
        ("mid#word and (#bracket)", []),
        ("# heading", []),
        ("#" + "x" * 50, ["x" * 40]),
        ("#a_b_1, #c.d #2024", ["a_b_1", "2024"]),
        ("", []),
    ],
)
def test_tags_are_found(body, expected):
    assert tags_of(body) == expected


@given(st.text(max_size=300))
def test_every_tag_fits_its_column_and_its_address(body):
    for name in tags_of(body):
        assert NAME.fullmatch(name)
        assert name == name.lower()


def test_a_comment_has_a_bounded_number_of_tags():
    assert len(tags_of(" ".join(f"#tag{n}" for n in range(500)))) == MAX_TAGS
