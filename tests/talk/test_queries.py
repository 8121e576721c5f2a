"""What a search means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talk.queries import MOST_OF_EACH, Query, query_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("faint trail", Query(words="faint trail")),
        ("#Arc", Query(tags=("arc",))),
        ("#arc faint @Ann", Query(words="faint", tags=("arc",), people=("Ann",))),
        ("board:notes ^S12 ^s13 ^14", Query(boards=("notes",), subjects=(12, 13, 14))),
        ('"a #quoted @phrase" -"not this"', Query(words='"a #quoted @phrase" -"not this"')),
        ('"never closed #tag', Query(words='"never closed #tag')),
        ("trail -satellite or arc", Query(words="trail -satellite or arc")),
        ("mid#word me@home", Query(words="mid#word me@home")),
        ("#ab", Query(words="#ab")),
        ("#arc #ARC", Query(tags=("arc",))),
        ("^S0012", Query(subjects=(12,))),
        ("- ! ?", Query()),
        ("", Query()),
        ("a\x00b", Query(words="ab")),
    ],
)
def test_a_search_is_read(text, expected):
    assert query_of(text) == expected


def test_operators_have_a_limit():
    assert len(query_of(" ".join(f"#tag{n}" for n in range(20))).tags) == MOST_OF_EACH


@given(st.text(max_size=250))
def test_any_text_is_a_search(text):
    found = query_of(text)
    assert len(found.words) <= 200
    assert all(number < 10**18 for number in found.subjects)
    assert "\x00" not in found.words
