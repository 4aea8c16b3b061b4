from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.media.codecs import g711

SAMPLES = st.integers(-32768, 32767)


@pytest.mark.parametrize(
    ("law", "code", "level"),
    [
        # ITU-T G.711 tables 1 and 2: the decoder's output values, shifted to 16 bits.
        pytest.param(g711.PCMA, 0xD5, 8, id="A-law, smallest positive"),
        pytest.param(g711.PCMA, 0x55, -8, id="A-law, smallest negative"),
        pytest.param(g711.PCMA, 0xAA, 32256, id="A-law, largest"),
        pytest.param(g711.PCMA, 0x2A, -32256, id="A-law, lowest"),
        pytest.param(g711.PCMA, 0x80, 5504, id="A-law, in the middle"),
        pytest.param(g711.PCMU, 0xFF, 0, id="mu-law, zero"),
        pytest.param(g711.PCMU, 0x80, 32124, id="mu-law, largest"),
        pytest.param(g711.PCMU, 0x00, -32124, id="mu-law, lowest"),
        pytest.param(g711.PCMU, 0xF0, 120, id="mu-law, end of the first segment"),
    ],
)
def test_the_tables_are_those_of_the_recommendation(law: int, code: int, level: int) -> None:
    assert int(g711.decode(np.array([code], np.uint8), law)[0]) == level


@pytest.mark.parametrize("law", [g711.PCMA, g711.PCMU])
def test_every_code_comes_back_from_its_own_level(law: int) -> None:
    codes = np.arange(256, dtype=np.uint8)
    back = g711.encode(g711.decode(codes, law), law)
    negative_zero = (codes == 0x7F) & (law == g711.PCMU)
    assert (back == codes)[~negative_zero].all()
    assert (back[negative_zero] == 0xFF).all()


@given(st.sampled_from([g711.PCMA, g711.PCMU]), SAMPLES)
def test_the_code_of_a_sample_is_the_nearest_there_is(law: int, sample: int) -> None:
    """The plain twin: look at all 256 levels."""
    levels = g711.decode(np.arange(256, dtype=np.uint8), law).astype(int)
    code = g711.encode(np.array([sample], np.int16), law)[0]
    assert abs(int(levels[code]) - sample) == np.abs(levels - sample).min()


@given(st.lists(SAMPLES, max_size=300), st.sampled_from([g711.PCMA, g711.PCMU]))
def test_many_at_once_are_as_one_by_one(samples: list[int], law: int) -> None:
    many = np.array(samples, np.int16)
    one_by_one = [int(g711.encode(np.array([sample], np.int16), law)[0]) for sample in samples]
    assert g711.encode(many, law).tolist() == one_by_one


def test_silence_is_the_quietest_code() -> None:
    assert g711.SILENCE.tolist() == [0xD5, 0xFF]


@pytest.mark.parametrize("law", [g711.PCMA, g711.PCMU])
def test_a_translated_code_is_the_nearest_sound_of_the_other_law(law: int) -> None:
    codes = np.arange(256, dtype=np.uint8)
    translated = g711.decode(g711.translate(codes, law), 1 - law).astype(int)
    meant = g711.decode(codes, law).astype(int)
    other = g711.decode(codes, 1 - law).astype(int)
    assert (np.abs(translated - meant) == np.abs(other[None, :] - meant[:, None]).min(axis=1)).all()
    assert (np.sign(translated) * np.sign(meant) >= 0).all()
