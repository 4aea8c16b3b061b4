"""How long the sound of a payload is, by its first octets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.media.kinds import G722, G729, OPUS, PCMU, begins_a_pause, units_in


@pytest.mark.parametrize(
    ("kind", "octets", "units"),
    [
        pytest.param(PCMU, bytes(160), 160, id="G.711: an octet is a sample"),
        pytest.param(G722, bytes(240), 240, id="G.722 of 30 ms counts at 8 kHz"),
        pytest.param(G729, bytes(20), 160, id="two frames of G.729"),
        pytest.param(G729, bytes(12), 160, id="a frame of G.729 and a silence descriptor"),
        pytest.param(G729, bytes(2), 80, id="a silence descriptor alone"),
        pytest.param(G729, bytes(15), 0, id="no whole number of G.729 frames"),
        pytest.param(OPUS, bytes([1 << 3, 0, 0]), 960, id="SILK, 20 ms"),
        pytest.param(OPUS, bytes([3 << 3, 0, 0]), 2880, id="SILK, 60 ms"),
        pytest.param(OPUS, bytes([14 << 3, 0, 0]), 480, id="hybrid, 10 ms"),
        pytest.param(OPUS, bytes([16 << 3, 0, 0]), 120, id="CELT, 2.5 ms"),
        pytest.param(OPUS, bytes([31 << 3 | 1, 0, 0]), 1920, id="two frames of CELT, 20 ms each"),
        pytest.param(OPUS, bytes([0 << 3 | 3, 3, 0]), 1440, id="three frames of SILK, 10 ms each"),
        pytest.param(OPUS, bytes([3 << 3 | 3, 3, 0]), 0, id="180 ms are more than a packet may hold"),
        pytest.param(OPUS, bytes([3 << 3 | 3]), 0, id="the count of frames is missing"),
        pytest.param(OPUS, b"", 0, id="nothing at all"),
    ],
)
def test_a_payload_tells_how_long_it_is(kind: int, octets: bytes, units: int) -> None:
    assert units_in(kind, np.frombuffer(octets, np.uint8)) == units


@given(st.binary(max_size=500))
def test_no_opus_packet_is_longer_than_the_standard_allows(octets: bytes) -> None:
    """RFC 6716 §3.2.5: at most 120 ms."""
    assert 0 <= units_in(OPUS, np.frombuffer(octets, np.uint8)) <= 5760


def test_dtx_is_told_by_a_packet_with_nothing_in_it() -> None:
    assert begins_a_pause(OPUS, np.frombuffer(b"\x08", np.uint8))
    assert not begins_a_pause(OPUS, np.frombuffer(b"\x08\x01\x02\x03", np.uint8))
    assert begins_a_pause(G729, np.frombuffer(bytes(12), np.uint8))
    assert not begins_a_pause(G729, np.frombuffer(bytes(20), np.uint8))
    assert not begins_a_pause(PCMU, np.frombuffer(bytes(2), np.uint8))
