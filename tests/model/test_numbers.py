from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.model.numbers import (
    MAX_LENGTH,
    home,
    is_area,
    is_emergency,
    is_foreign,
    is_mobile,
    is_premium,
    matches,
    national,
    normalise,
    tidy,
)


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


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("62960000", "+862062960000"),
        ("6296-0000", "+862062960000"),
        ("020 6296 0000", "+862062960000"),
        ("+862062960000", "+862062960000"),
        ("010 6296 0000", "+861062960000"),
        ("13800138000", "+8613800138000"),
        ("400 888 8888", "+864008888888"),
        ("800 820 1234", "+868008201234"),
        ("95588", "95588"),
        ("10086", "10086"),
        ("8001", "8001"),
        ("+1 650 253 0000", "+16502530000"),
    ],
)
def test_at_home_a_number_needs_no_area_code(written: str, number: str) -> None:
    assert normalise(written, home("CN", "020")) == number


@given(st.integers(2, 8), st.integers(0, 9_999_999), st.sampled_from(("020", "010", "0571")))
def test_with_and_without_the_area_code_it_is_one_line(first: int, rest: int, area: str) -> None:
    local = f"{first}{rest:07}"
    if area == "0571" or is_area(area, "CN"):
        own = home("CN", area)
        assert normalise(local, own) in (normalise(area + local, own), normalise(local, "CN"))
        assert normalise(normalise(local, own), own) == normalise(local, own)


def test_what_is_an_area_code() -> None:
    tried = ("020", "0755", "0571", "99", "0", "13800138", "20")
    assert [one for one in tried if is_area(one, "CN")] == ["020", "0755", "0571"]
    assert (home("CN", ""), home("CN", "020")) == ("CN", "CN+020")


@pytest.mark.parametrize("region", ["GB", home("GB", "020")])
def test_an_area_of_its_own_changes_nothing_of_what_numbers_are(region: str) -> None:
    """What gets an SMS, costs, leads abroad or is never held up is the country's affair."""
    assert [is_mobile(number, region) for number in ("07400 123456", "020 7946 0100")] == [True, False]
    assert [is_premium(number, region) for number in ("0909 8790000", "020 7946 0100")] == [True, False]
    assert [is_emergency(number, region) for number in ("999", "101010")] == [True, False]
    assert [is_foreign(number, region) for number in ("0086 10 62960000", "+442079460100")] == [True, False]
    assert [national(number, region) for number in ("+442079460100", "+861062960000")] == [
        "02079460100",
        "00861062960000",
    ]


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
