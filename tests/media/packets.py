"""RTP packets for tests, one at a time and written plainly."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.rtp import Headers, parse_headers

ROOM = 512


def packet(
    payload: bytes, *, sequence: int = 0, timestamp: int = 0, ssrc: int = 7, kind: int = 8, marker: bool = False
) -> bytes:
    head = (0x80, kind | marker << 7, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
    return struct.pack("!BBHII", *head) + payload


def block(packets: Sequence[bytes]) -> tuple[NDArray[np.uint8], Headers]:
    """As the sockets would give them."""
    octets = np.zeros((len(packets), ROOM), np.uint8)
    for n, one in enumerate(packets):
        octets[n, : len(one)] = np.frombuffer(one, np.uint8)
    return octets, parse_headers(octets, np.array([len(one) for one in packets], np.int64))
