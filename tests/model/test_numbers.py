from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.model.numbers import MAX_LENGTH, matches, normalise, tidy


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("010-6296 0000", "+861062960000"),
        ("01062960000", "+861062960000"),
        ("+86 10 6296 0000", "+861062960000"),
        ("0086 10 62960000", "+861062960000"),
        ("(010) 6296.0000", "+861062960000"),
        ("138 0013 8000", "+8613800138000"),
        ("+1 650 253 0000", "+16502530000"),
        ("1001", "1001"),
        ("110", "110"),
        ("", ""),
        ("anonymous", "anonymous"),
        ("*98", "*98"),
    ],
)
def test_one_line_has_one_text_however_it_is_written(written: str, number: str) -> None:
    assert normalise(written, "CN") == number


def test_the_country_says_what_a_national_number_is() -> None:
    assert normalise("020 7946 0000", "GB") == "+442079460000"


@given(st.text(max_size=200), st.sampled_from(("CN", "US", "GB", "XX", "")))
def test_any_text_is_normalised_to_some_text_and_to_the_same_again(text: str, region: str) -> None:
    once = normalise(text, region)
    assert len(once) <= MAX_LENGTH
    assert normalise(once, region) == once


@given(st.text(alphabet="0123456789+ -().·\t", max_size=40))
def test_tidying_takes_only_what_is_not_dialled(text: str) -> None:
    assert tidy(text) == "".join(letter for letter in text if letter in "0123456789+")


@pytest.mark.parametrize(
    ("pattern", "number", "fits"),
    [
        ("9.", "95588", True),
        ("9.", "95", True),
        ("9.", "9", False),
        ("9.", "8", False),
        ("95588", "95588", True),
        ("95588", "955881", False),
        (".", "1", True),
        (".", "", False),
        ("", "", True),
        ("", "1", False),
    ],
)
def test_a_pattern_with_a_dot_wants_at_least_one_more(pattern: str, number: str, fits: bool) -> None:
    assert matches(pattern, number) is fits
