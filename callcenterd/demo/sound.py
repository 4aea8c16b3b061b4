"""The sound side of a scripted phone: RTP on a socket of its own, in the plainest way (RFC 3550, RFC 4733).

What is said is a queue of samples; what is heard is kept whole, each packet at the place that its timestamp
gives it, so that a test can look for a gap or a strange sound afterwards.
"""

from __future__ import annotations

import asyncio
import random
import struct
from collections import Counter, deque

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.codecs import g711

Sound = NDArray[np.int16]
FRAME = 160
_PAYLOAD_TYPES = {"PCMA": 8, "PCMU": 0}
_LAWS = {8: g711.PCMA, 0: g711.PCMU}
KEYS = "0123456789*#ABCD"
PRESSED = 5
"""Packets of a pressed key, 100 ms; then three that tell its end, and a pause."""
MOST_HEARD = 3600 * 50
"""Packets that are kept."""


class Talk(asyncio.DatagramProtocol):
    """One call's sound. Sends a packet each 20 ms from `start` on: what was said, else silence."""

    def __init__(self, codec: str, chance: random.Random) -> None:
        self.payload_type = _PAYLOAD_TYPES[codec]
        self.events = 101
        self.remote: tuple[str, int] | None = None
        self.packets: list[tuple[float, int, int, bytes]] = []
        """What came: (loop time, timestamp, payload type, payload)."""
        self.sources = Counter[tuple[str, int]]()
        """Who has sent sound here, also before it was said who would, and how many packets."""
        self.loss = 0.0
        """The share of its packets that the network loses, by chance."""
        self._chance = chance
        self.keys_heard = ""
        self._sent_before_end: deque[tuple[Sound, asyncio.Future[None] | None]] = deque()
        self._said = np.zeros(0, np.int16)
        self._keys: deque[str] = deque()
        self._step = 0
        self._key_at = 0
        self._last_key = -1
        self._ssrc, self._sequence = chance.getrandbits(32), chance.getrandbits(16)
        self._timestamp = chance.getrandbits(32)
        self._transport: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self.port = 0

    async def open(self, host: str) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))
        self.port = int(self._transport.get_extra_info("sockname")[1])

    def fall_silent(self) -> None:
        """Send nothing any more, without a word: a cut line, a phone that lost its power. It goes on hearing."""
        if self._timer is not None:
            self._timer.cancel()

    async def move(self, host: str) -> None:
        """Go on from another port, without a word, as behind a NAT that has forgotten the first one."""
        if self._transport is not None:
            self._transport.close()
        await self.open(host)

    def start(self, remote: tuple[str, int], codec: str, events: int | None) -> None:
        """Where the sound goes, and how it sounds; a second time only changes that."""
        self.remote, self.payload_type = remote, _PAYLOAD_TYPES[codec]
        self.events = -1 if events is None else events
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._due = loop.time()
            self._timer = loop.call_soon(self._send)  # type: ignore[assignment]  # a Handle; only cancelled

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()
        for _, done in self._sent_before_end:
            if done is not None and not done.done():
                done.cancel()

    # ---- saying -----------------------------------------------------------------------------------------

    async def say(self, sound: Sound) -> None:
        """Returns when the last of it was sent."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        padded = np.concatenate([sound, np.zeros(-len(sound) % FRAME, np.int16)])
        self._sent_before_end.append((padded, done))
        await done

    def press(self, keys: str) -> None:
        """As telephone-events, one after the other."""
        self._keys.extend(keys)

    def _send(self) -> None:
        loop = asyncio.get_running_loop()
        while self._due <= loop.time():
            self._send_one()
            self._due += 0.02
        self._timer = loop.call_at(self._due, self._send)

    def _send_one(self) -> None:
        if self._transport is None or self._transport.is_closing() or self.remote is None:
            return
        if self._keys and self.events >= 0:
            self._send_key()
        else:
            codes = g711.encode(self._next(), _LAWS[self.payload_type])
            self._packet(self.payload_type, self._timestamp, codes.tobytes())
        self._timestamp = (self._timestamp + FRAME) & 0xFFFFFFFF

    def _next(self) -> Sound:
        while len(self._said) == 0 and self._sent_before_end:
            self._said, _ = self._sent_before_end[0]
            if len(self._said) == 0:
                self._over()
        if len(self._said) == 0:
            return np.zeros(FRAME, np.int16)
        frame, self._said = self._said[:FRAME], self._said[FRAME:]
        if len(self._said) == 0:
            self._over()
        return frame

    def _over(self) -> None:
        _, done = self._sent_before_end.popleft()
        if done is not None and not done.done():
            done.set_result(None)

    def _send_key(self) -> None:
        if self._step == 0:
            self._key_at = self._timestamp
        if self._step < PRESSED + 3:
            ended = self._step >= PRESSED
            duration = FRAME * min(self._step + 1, PRESSED)
            event = struct.pack("!BBH", KEYS.index(self._keys[0]), (0x80 if ended else 0) | 10, duration)
            self._packet(self.events | (0x80 if self._step == 0 else 0), self._key_at, event)
        self._step += 1
        if self._step >= PRESSED + 7:
            self._step = 0
            self._keys.popleft()

    def _packet(self, kind: int, timestamp: int, payload: bytes) -> None:
        assert self._transport is not None
        head = struct.pack("!BBHII", 0x80, kind, self._sequence, timestamp, self._ssrc)
        if not (self.loss and self._chance.random() < self.loss):
            self._transport.sendto(head + payload, self.remote)
        self._sequence = (self._sequence + 1) & 0xFFFF

    # ---- hearing ----------------------------------------------------------------------------------------

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.sources[addr] += 1
        if len(data) < 12 or data[0] >> 6 != 2 or addr != self.remote:
            return
        kind, timestamp = data[1] & 0x7F, int.from_bytes(data[4:8], "big")
        if kind == self.events:
            self._hear_key(timestamp, data[12:])
        elif kind in _LAWS and len(self.packets) < MOST_HEARD:
            self.packets.append((asyncio.get_running_loop().time(), timestamp, kind, data[12:]))

    def error_received(self, exc: Exception) -> None:
        """The other side has closed its port: the BYE will say so."""

    def _hear_key(self, timestamp: int, event: bytes) -> None:
        if timestamp != self._last_key and event and event[0] < len(KEYS):
            self._last_key = timestamp
            self.keys_heard += KEYS[event[0]]

    def heard(self) -> Sound:
        """All that was heard since the first packet, each packet where its timestamp says; zeros where none came."""
        if not self.packets:
            return np.zeros(0, np.int16)
        first = self.packets[0][1]
        places = [((at - first + 0x80000000) & 0xFFFFFFFF) - 0x80000000 for _, at, _, _ in self.packets]
        # A step of more than a minute is another count, not a pause: such packets are not placed.
        kept = [
            (place, g711.decode(np.frombuffer(payload, np.uint8), _LAWS[kind]))
            for place, (_, _, kind, payload) in zip(places, self.packets, strict=True)
            if 0 <= place < 8000 * 3600
        ]
        whole = np.zeros(max(place + len(part) for place, part in kept), np.int16)
        for place, part in kept:
            whole[place : place + len(part)] = part
        return whole
