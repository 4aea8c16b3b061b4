"""A page hears one stream, whatever calls follow each other."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from callcenterd.media.webrtc.stream import FRAME, Stream


def packet(source: int, sequence: int, timestamp: int, kind: int = 8, payload: bytes = b"x") -> bytes:
    return struct.pack(">BBHII", 0x80, kind, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, source) + payload


def parts(octets: bytes | None) -> tuple[int, int, int, int, bytes]:
    """marker and payload type, sequence, timestamp, ssrc, payload."""
    assert octets is not None
    _, kind, sequence, timestamp, source = struct.unpack(">BBHII", octets[:12])
    return kind, sequence, timestamp, source, octets[12:]


def test_numbers_and_times_go_on_over_a_new_call() -> None:
    stream = Stream(7, 65534, 1000)
    assert parts(stream.stamp(packet(1, 50, 9000), 10.0)) == (0x88, 65535, 1160, 7, b"x")
    assert parts(stream.stamp(packet(1, 51, 9160), 10.02)) == (8, 0, 1320, 7, b"x")
    # five seconds of nothing, then another leg
    assert parts(stream.stamp(packet(2, 7, 77), 15.02)) == (0x88, 1, 1320 + 250 * FRAME, 7, b"x")
    assert parts(stream.stamp(packet(2, 8, 237), 15.04)) == (8, 2, 1320 + 251 * FRAME, 7, b"x")


def test_a_packet_that_was_lost_or_overtaken_keeps_its_place() -> None:
    stream = Stream(7, 0, 0)
    stream.stamp(packet(1, 10, 0), 0.0)
    assert parts(stream.stamp(packet(1, 12, 320), 0.04))[1] == 3
    assert parts(stream.stamp(packet(1, 11, 160), 0.05))[1:3] == (2, 320)
    assert parts(stream.stamp(packet(2, 0, 0), 0.06))[1] == 4


def test_what_is_no_rtp_is_dropped() -> None:
    stream = Stream(7, 0, 0)
    assert stream.stamp(b"", 0.0) is None
    assert stream.stamp(bytes(11), 0.0) is None
    assert stream.stamp(bytes(20), 0.0) is None


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 65535), st.integers(0, 2**32 - 1)), max_size=12))
def test_every_packet_of_a_call_moves_by_as_much(calls: list[tuple[int, int, int]]) -> None:
    stream, now = Stream(9, 100, 100), 0.0
    last = None
    for source, first, at in calls:
        source_now = source if last is None or source != last else source + 10
        last = source_now
        one = parts(stream.stamp(packet(source_now, first, at), now))
        two = parts(stream.stamp(packet(source_now, first + 1, at + FRAME), now + 0.02))
        assert (two[1] - one[1]) & 0xFFFF == 1
        assert (two[2] - one[2]) & 0xFFFFFFFF == FRAME
        assert one[3] == two[3] == 9
        now += 1.0
