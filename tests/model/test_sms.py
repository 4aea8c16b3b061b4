"""How many parts an SMS takes: the figures of TS 23.038 and 23.040."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.model.sms import SmsSize, size_of


@pytest.mark.parametrize(
    ("text", "size"),
    [
        pytest.param("", SmsSize("gsm7", 0, 1), id="nothing"),
        pytest.param("a" * 160, SmsSize("gsm7", 160, 1), id="a full one of 7 bits"),
        pytest.param("a" * 161, SmsSize("gsm7", 161, 2), id="one more is two"),
        pytest.param("a" * 306, SmsSize("gsm7", 306, 2), id="two full ones"),
        pytest.param("a" * 307, SmsSize("gsm7", 307, 3), id="one more is three"),
        pytest.param("€" * 80, SmsSize("gsm7", 160, 1), id="the euro takes two"),
        pytest.param("a" * 152 + "€" + "a" * 152, SmsSize("gsm7", 306, 3), id="an escape is not cut in half"),
        pytest.param("é" * 160, SmsSize("gsm7", 160, 1), id="accents of the alphabet"),
        pytest.param("ê", SmsSize("ucs2", 1, 1), id="an accent outside of it"),
        pytest.param("预" * 70, SmsSize("ucs2", 70, 1), id="a full one in Chinese"),
        pytest.param("预" * 71, SmsSize("ucs2", 71, 2), id="one more is two, in Chinese"),
        pytest.param("预" * 134, SmsSize("ucs2", 134, 2), id="two full ones in Chinese"),
        pytest.param("预" * 135, SmsSize("ucs2", 135, 3), id="one more is three, in Chinese"),
        pytest.param("😀" * 35, SmsSize("ucs2", 70, 1), id="a pair takes two"),
        pytest.param("预" * 66 + "😀" + "预" * 66, SmsSize("ucs2", 134, 3), id="a pair is not cut in half"),
    ],
)
def test_a_text_takes_so_many_parts(text: str, size: SmsSize) -> None:
    assert size_of(text) == size


@given(st.text(max_size=700))
def test_no_part_holds_more_than_it_can(text: str) -> None:
    size = size_of(text)
    alone, part = (160, 153) if size.code == "gsm7" else (70, 67)
    assert size.units <= (alone if size.segments == 1 else size.segments * part)
    assert size.segments == 1 or size.units > alone
