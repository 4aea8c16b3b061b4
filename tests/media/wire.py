"""A pretended network for the engine: datagrams in by hand, datagrams out in a list."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.addresses import address_of, key_of
from callcenterd.media.codecs import g711
from callcenterd.media.reportports import Heard
from callcenterd.media.rtp import FRAME
from callcenterd.media.sockets import ROOM, Arrived
from tests.media.packets import packet

Address = tuple[str, int]


class Wire:
    """Sockets (sockets.Sockets) whose other side is the test."""

    def __init__(self, rows: int) -> None:
        self.outgoing = np.zeros((rows, ROOM), np.uint8)
        self.sent: list[list[bytes]] = [[] for _ in range(rows)]
        self.said: list[list[bytes]] = [[] for _ in range(rows)]
        self.waiting: dict[int, deque[tuple[bytes, Address]]] = {}
        self.aimed: dict[int, tuple[int, bool]] = {}

    def add(self, row: int, fd: int) -> None:
        self.waiting[row] = deque()

    def remove(self, row: int) -> None:
        del self.waiting[row]

    def aim(self, row: int, target: int, *, only: bool) -> None:
        self.aimed[row] = target, only

    def drain(self, rows: NDArray[np.intp]) -> Arrived:
        found = [(row, *one) for row in rows.tolist() for one in self.waiting[row]]
        for row in rows.tolist():
            self.waiting[row].clear()
        octets = np.zeros((len(found), ROOM), np.uint8)
        for n, (_, data, _) in enumerate(found):
            octets[n, : len(data)] = np.frombuffer(data[:ROOM], np.uint8)
        return Arrived(
            octets,
            np.array([len(data) for _, data, _ in found], np.int64),
            np.array([row for row, _, _ in found], np.intp),
            np.array([key_of(*source) for _, _, source in found], np.uint64),
        )

    def send(self, rows: NDArray[np.intp], lengths: NDArray[np.int64]) -> None:
        for row, length in zip(rows.tolist(), lengths.tolist(), strict=True):
            self.sent[row].append(self.outgoing[row, :length].tobytes())

    def say(self, row: int, octets: bytes) -> None:
        self.said[row].append(octets)

    def close(self) -> None:
        self.waiting.clear()


class Beside:
    """The odd ports (reportports.ReportPorts), whose other side is the test too."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[int, bytes, Address, float]] = deque()
        self.sent: list[tuple[int, bytes, Address]] = []
        self.open: dict[int, int] = {}

    def add(self, row: int, fd: int) -> None:
        self.open[row] = fd

    def remove(self, row: int) -> None:
        self.open.pop(row, None)

    def drain(self) -> list[Heard]:
        found = [Heard(row, octets, key_of(*source), age) for row, octets, source, age in self.waiting]
        self.waiting.clear()
        return found

    def send(self, row: int, octets: bytes, target: int) -> None:
        assert row in self.open
        self.sent.append((row, octets, address_of(target)))

    def close(self) -> None:
        self.open.clear()


@dataclass
class Talker:
    """Somebody at the other end of a row: says a sound a packet at a time, and hears what came."""

    wire: Wire
    row: int
    address: Address
    law: int = g711.PCMA
    ssrc: int = 1
    sequence: int = 100
    timestamp: int = 4000
    said: int = 0
    sound: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, np.int16))

    def say(self) -> None:
        """The next 20 ms of `sound`."""
        frame = self.sound[self.said : self.said + FRAME]
        frame = np.concatenate([frame, np.zeros(FRAME - len(frame), np.int16)])
        self.said += FRAME
        self.send(g711.encode(frame, self.law).tobytes(), kind=int(g711.PAYLOAD_TYPE[self.law]))
        self.timestamp += FRAME

    def send(self, payload: bytes, kind: int) -> None:
        one = packet(payload, sequence=self.sequence, timestamp=self.timestamp, ssrc=self.ssrc, kind=kind)
        self.wire.waiting[self.row].append((one, self.address))
        self.sequence += 1

    def heard(self) -> NDArray[np.int16]:
        laws = {8: g711.PCMA, 0: g711.PCMU}
        parts = [
            g711.decode(np.frombuffer(one[12:], np.uint8), laws[one[1] & 0x7F]) for one in self.wire.sent[self.row]
        ]
        return np.concatenate([*parts, np.zeros(0, np.int16)])
