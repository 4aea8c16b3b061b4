"""Keys as RFC 4733 telephone-events: taken out of what comes, and sent.

A key is told at the first packet of it that arrives, once: retransmitted ends, lost starts and reordered packets
of the same event share its timestamp. Keys as tones in the sound are `inband.py`'s.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from callcenterd.media import tones
from callcenterd.media.codecs import g711
from callcenterd.media.rtp import FRAME, Headers, Stamps

PRESSED = 5
"""Ticks that a sent key lasts: 100 ms, above the 40 ms that every receiver must take (ITU-T Q.24)."""
ENDS = 3
"""Packets that tell the end (RFC 4733 §2.5.1.4)."""
PAUSE = 4
"""Ticks between two sent keys, the ends counted in: 80 ms."""
_VOLUME = 10
_LONGEST = 0xFFFF
_OLD = 2 * 8000
"""Samples: an event that lies this far back is another clock's, not a straggler."""


Way = Literal["event", "tone", "info"]
"""How a key came: RFC 4733, in the sound, or by SIP INFO."""
SAME = 0.4
"""Seconds within which the same key that comes another way is the same press: some phones send two ways at once."""


class Once:
    """Each press of a key once, whatever number of ways it comes by."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[str, Way, float]] = {}

    def forget(self, row: int) -> None:
        self._last.pop(row, None)

    def is_new(self, row: int, key: str, way: Way, now: float) -> bool:
        """Is this a press by itself? The way that was first keeps its count: 1 and 1 by two ways each are two."""
        known, by, at = self._last.get(row, ("", way, 0.0))
        if known == key and by != way and now - at < SAME:
            return False
        self._last[row] = key, way, now
        return True


@dataclass(slots=True)
class _Heard:
    ssrc: int
    timestamp: int
    event: int
    duration: int


class KeysIn:
    """The last event of each row."""

    def __init__(self) -> None:
        self._last: dict[int, _Heard] = {}

    def forget(self, row: int) -> None:
        self._last.pop(row, None)

    def take_out(
        self, rows: NDArray[np.intp], headers: Headers, chosen: NDArray[np.intp], octets: NDArray[np.uint8]
    ) -> list[tuple[int, str]]:
        """(row, key) of each key that begins. rows (k,), headers, chosen and octets as in jitter.place."""
        keys: list[tuple[int, str]] = []
        for row, one in zip(rows.tolist(), chosen.tolist(), strict=True):
            start = int(headers.start[one])
            if headers.end[one] - start < 4:
                continue
            event, _, high, low = octets[one, start : start + 4].tolist()
            heard = _Heard(int(headers.ssrc[one]), int(headers.timestamp[one]), event, high << 8 | low)
            if self._begins(row, heard) and event < len(tones.KEYS):
                keys.append((row, tones.KEYS[event]))
        return keys

    def _begins(self, row: int, heard: _Heard) -> bool:
        last = self._last.get(row)
        if last is not None and last.ssrc == heard.ssrc:
            later = (heard.timestamp - last.timestamp + 0x80000000 & 0xFFFFFFFF) - 0x80000000
            if later == 0:
                last.duration = max(last.duration, heard.duration)
                return False
            if -_OLD < later < 0:
                return False
            if last.event == heard.event and later == _LONGEST == last.duration:
                self._last[row] = heard  # the next segment of a very long press (§2.5.1.3)
                return False
        self._last[row] = heard
        return True


@dataclass(slots=True)
class _Sending:
    """tick: of the present key, -1 before the first. timestamp: of its start."""

    keys: deque[str] = field(default_factory=deque)
    tick: int = 0
    timestamp: int = 0
    sound: NDArray[np.int16] | None = None


class KeysOut:
    """Keys that are being sent. A row that sends a key sends none of its other sound in that tick."""

    def __init__(self) -> None:
        self._sending: dict[int, _Sending] = {}

    def send(self, row: int, keys: Sequence[str]) -> None:
        """keys: of tones.KEYS; what is no key is left out. Follows keys that are still being sent."""
        wanted = [key for key in (k.upper() for k in keys) if key in tones.KEYS]
        if wanted:
            self._sending.setdefault(row, _Sending()).keys.extend(wanted)

    def forget(self, row: int) -> None:
        self._sending.pop(row, None)

    def rows(self) -> list[int]:
        return list(self._sending)

    def tells(self, row: int, events: int) -> bool:
        """Will this tick's part of the row's key be an event, in a packet of its own? events: as for `write`."""
        return events >= 0 and self._sending[row].tick < PRESSED + ENDS

    def write(self, row: int, packet: NDArray[np.uint8], events: int, law: int, stamps: Stamps, clock: int = 1) -> int:
        """Overwrite the row's stamped packet with this tick's part of its key.

        events: payload type of telephone-event, or -1: then the key is sound. clock: of the events, in 8 kHz. Answers
        the octets of the packet, 0 if it keeps those it had.
        """
        sending = self._sending[row]
        if events < 0:
            return self._as_sound(row, sending, packet, law)
        if sending.tick == 0:
            sending.timestamp = int(stamps.timestamp[row]) * clock // stamps.clock(row)
        tick, last = sending.tick, PRESSED + ENDS - 1
        octets = 0
        if tick <= last:
            ended = tick >= PRESSED
            duration = clock * FRAME * min(tick + 1, PRESSED)
            event = tones.KEYS.index(sending.keys[0])
            packet[1] = events | (0x80 if tick == 0 else 0)
            packet[4:8] = np.frombuffer(sending.timestamp.to_bytes(4, "big"), np.uint8)
            packet[12:16] = event, (0x80 if ended else 0) | _VOLUME, duration >> 8, duration & 0xFF
            octets = 16
        self._count(row, sending, PRESSED + max(ENDS, PAUSE))
        return octets

    def _as_sound(self, row: int, sending: _Sending, packet: NDArray[np.uint8], law: int) -> int:
        if sending.tick == 0:
            sending.sound = tones.key(sending.keys[0], on=PRESSED * 0.02, off=PAUSE * 0.02)
        if sending.sound is not None:
            part = sending.sound[sending.tick * FRAME : (sending.tick + 1) * FRAME]
            packet[12 : 12 + FRAME] = g711.encode(part, law)
        self._count(row, sending, PRESSED + PAUSE)
        return 0

    def _count(self, row: int, sending: _Sending, ticks: int) -> None:
        sending.tick += 1
        if sending.tick < ticks:
            return
        sending.tick = 0
        sending.keys.popleft()
        if not sending.keys:
            del self._sending[row]
