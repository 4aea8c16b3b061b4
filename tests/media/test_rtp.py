from __future__ import annotations

import random
import struct
from dataclasses import dataclass

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from callcenterd.media import rtp

ROOM = 128


@dataclass
class Plain:
    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def read_plainly(packet: bytes) -> Plain | None:
    """RFC 3550 §5.1, one packet at a time."""
    if len(packet) < 12 or len(packet) > ROOM or packet[0] >> 6 != 2 or 64 <= packet[1] & 127 <= 95:
        return None
    sequence, timestamp, ssrc = struct.unpack("!HII", packet[2:12])
    start, end = 12 + 4 * (packet[0] & 15), len(packet)
    if packet[0] & 0x10:
        if start + 4 > len(packet):
            return None
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    if packet[0] & 0x20:
        if packet[-1] == 0:
            return None
        end -= packet[-1]
    if start > end:
        return None
    return Plain(packet[1] & 127, packet[1] >= 128, sequence, timestamp, ssrc, packet[start:end])


LIKELY = st.builds(
    lambda first, rest: bytes([0x80 | first]) + rest, st.integers(0, 63), st.binary(min_size=0, max_size=ROOM - 1)
)


@given(st.lists(st.one_of(LIKELY, st.binary(max_size=ROOM + 10)), max_size=8), st.integers(0, 255))
@example([bytes([0xB0, 8]) + bytes(74)], 0xFF)
@example([b"\x90\x08" + bytes(12) + b"\xff\xff"], 0)
def test_a_block_is_read_like_one_packet_after_another(packets: list[bytes], old: int) -> None:
    block = np.full((len(packets), ROOM), old, np.uint8)  # old octets lie behind each datagram
    for n, packet in enumerate(packets):
        kept = packet[:ROOM]
        block[n, : len(kept)] = np.frombuffer(kept, np.uint8)
    headers = rtp.parse_headers(block, np.array([len(packet) for packet in packets], np.int64))
    for n, packet in enumerate(packets):
        plain = read_plainly(packet)
        assert bool(headers.valid[n]) == (plain is not None), packet.hex()
        if plain is not None:
            read = Plain(
                int(headers.payload_type[n]),
                bool(headers.marker[n]),
                int(headers.sequence[n]),
                int(headers.timestamp[n]),
                int(headers.ssrc[n]),
                block[n, headers.start[n] : headers.end[n]].tobytes(),
            )
            assert read == plain


def test_what_is_stamped_reads_back_and_counts_on_past_every_wrap() -> None:
    stamps = rtp.Stamps(3, random.Random(1))
    for row in range(3):
        stamps.begin(row)
    stamps.sequence[1], stamps.timestamp[1] = 0xFFFF, 0xFFFFFFF0
    packets = np.zeros((3, ROOM), np.uint8)
    seen = []
    for _ in range(3):
        stamps.stamp(packets, np.array([1]), np.array([8], np.uint8))
        stamps.advance(3)
        seen.append(read_plainly(packets[1, :20].tobytes()))
    told = [(one.sequence, one.timestamp, one.marker) for one in seen if one is not None]
    assert told == [(0xFFFF, 0xFFFFFFF0, True), (0, 0x90, False), (1, 0x130, False)]
    assert len({one.ssrc for one in seen if one is not None}) == 1
    assert not packets[0].any()
    assert not packets[2].any()
