"""Senders that change their minds, and datagrams that are no sound, in the whole engine (RFC 3550 §5, appendix A.1).

A tone goes from one leg to another while its stream does what each test says; the tone must go on.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from callcenterd.media.codecs import g711
from callcenterd.media.facts import LegStatistics
from callcenterd.model.ids import LegId
from tests.kit.tones import gaps, tone
from tests.media.measures import segmental_snr
from tests.media.speech import speech
from tests.media.test_engine import Room

HERTZ = 440
LOUD = 7000


class Stream:
    """A tone said by a leg's phone, whose header's every field can be turned; another leg hears it."""

    def __init__(self, sound: NDArray[np.int16] | None = None) -> None:
        self.room = Room()
        self.talker, self.listener = self.room.leg(1), self.room.leg(2)
        self.room.engine.bridge(LegId(1), LegId(2))
        self.sound = tone(HERTZ, 20.0) if sound is None else sound
        self.said = 0
        self.sequence, self.timestamp, self.ssrc, self.kind = 700, 90000, 5, 8
        self.marker = False

    def packet(self, samples: int = 160, *, csrcs: int = 0, extension: int = -1, padding: int = 0) -> bytes:
        """The next samples. extension: words in it, -1 for none. padding: octets of it."""
        law = g711.PCMU if self.kind == 0 else g711.PCMA
        payload = g711.encode(self.sound[self.said : self.said + samples], law).tobytes()
        first = 0x80 | (0x20 if padding else 0) | (0x10 if extension >= 0 else 0) | csrcs
        second = self.kind | (0x80 if self.marker else 0)
        head = struct.pack("!BBHII", first, second, self.sequence & 0xFFFF, self.timestamp & 0xFFFFFFFF, self.ssrc)
        head += bytes(range(4 * csrcs))
        if extension >= 0:
            head += struct.pack("!HH", 0xBEDE, extension) + bytes(4 * extension)
        self.said += samples
        self.sequence += 1
        self.timestamp += samples
        return head + payload + (bytes(padding - 1) + bytes([padding]) if padding else b"")

    def tick(self, *datagrams: bytes) -> None:
        def each(_: int) -> None:
            self.room.wire.waiting[self.talker.row].extend((one, self.talker.address) for one in datagrams)

        self.room.run(1, each)

    def go_on(self, ticks: int = 25) -> None:
        for _ in range(ticks):
            self.tick(self.packet())

    @property
    def found(self) -> LegStatistics:
        return self.room.engine.statistics(LegId(1))

    def silent_seconds(self) -> float:
        """Of what the listener heard since the first packet: all windows of 20 ms that lack the tone."""
        return 0.02 * len(gaps(self.listener.heard()[160:], HERTZ, LOUD))


def test_a_tone_that_nobody_disturbs_has_no_gap() -> None:
    stream = Stream()
    stream.go_on(100)
    assert stream.silent_seconds() == 0


@pytest.mark.parametrize(
    ("sequence", "timestamp"),
    [
        pytest.param(0, 8000 * 3600, id="clock an hour on"),
        pytest.param(0, -8000 * 3600, id="clock an hour back"),
        pytest.param(3000, 0, id="sequence 3,000 on"),
        pytest.param(3000, 8000 * 3600, id="both"),
        pytest.param(-3000, -160 * 3000, id="all of a minute again"),
        pytest.param(40000, 1 << 31, id="as far as it goes"),
    ],
)
def test_after_a_jump_the_tone_goes_on_at_once(sequence: int, timestamp: int) -> None:
    stream = Stream()
    stream.go_on()
    stream.sequence += sequence
    stream.timestamp += timestamp
    stream.go_on()
    assert stream.silent_seconds() <= 0.04


def test_another_ssrc_is_heard_within_100_ms() -> None:
    stream = Stream()
    stream.go_on()
    stream.ssrc, stream.sequence, stream.timestamp = 6, 31000, 0xFFFFFF00
    stream.go_on()
    assert stream.silent_seconds() <= 0.02


@pytest.mark.parametrize("start", [0xFFF0, 0xFFFF])
def test_wraps_of_both_counts_are_not_heard(start: int) -> None:
    stream = Stream()
    stream.sequence, stream.timestamp = start, 0xFFFFFFFF - 160 * 12
    stream.go_on(60)
    assert stream.silent_seconds() == 0
    assert (stream.found.lost, stream.found.concealed) == (0, 0)


def test_the_packet_length_may_change_at_any_time() -> None:
    """10, 20, 30, 60 ms and back: every sample is heard, in order and once."""
    stream = Stream()
    sizes = (160, 80, 240, 480, 160, 480, 80, 240, 160)
    for tick in range(24 * len(sizes)):
        due: list[bytes] = []
        while stream.said < 160 * (tick + 1):
            due.append(stream.packet(sizes[tick // 24]))
        stream.tick(*due)
    assert stream.silent_seconds() == 0
    assert (stream.found.lost, stream.found.late, stream.found.concealed) == (0, 0, 0)


@pytest.mark.parametrize("kind", [0, 8])
def test_the_other_law_may_come_at_any_time(kind: int) -> None:
    stream = Stream()
    stream.go_on()
    stream.kind = kind
    stream.go_on()
    assert stream.silent_seconds() == 0
    assert stream.found.junk == 0


def test_a_payload_type_that_was_not_agreed_is_junk_and_what_follows_is_heard() -> None:
    stream = Stream()
    stream.go_on()
    stream.kind = 97
    stream.go_on(10)
    stream.kind = 8
    stream.go_on()
    assert stream.found.junk == 10
    assert stream.silent_seconds() <= 0.2


@pytest.mark.parametrize(
    "turned",
    [
        pytest.param({"csrcs": 15}, id="15 contributing sources"),
        pytest.param({"extension": 0}, id="an empty extension"),
        pytest.param({"extension": 9}, id="an extension"),
        pytest.param({"padding": 4}, id="padding"),
        pytest.param({"padding": 255}, id="255 octets of padding"),
        pytest.param({"csrcs": 3, "extension": 2, "padding": 8}, id="all at once"),
    ],
)
def test_headers_with_everything_that_may_be_in_them_are_read(turned: dict[str, int]) -> None:
    stream = Stream()
    stream.go_on(5)
    for n in range(40):
        stream.marker = n % 3 == 0
        stream.tick(stream.packet(**turned))
    assert stream.silent_seconds() == 0
    assert stream.found.junk == 0


def _junk() -> Iterator[tuple[str, bytes]]:
    head = struct.pack("!HII", 725, 94000, 5)
    yield "RTP version 1", b"\x40\x08" + head + bytes(160)
    for length in range(4):
        yield f"{length} octets", b"\x80\x08\x00\x01"[:length]
    yield "a header cut off", b"\x80\x08" + head[:9]
    yield "more CSRCs than there are octets", b"\x8f\x08" + head + bytes(8)
    yield "an extension longer than the packet", b"\x90\x08" + head + b"\xbe\xde\xff\xff" + bytes(160)
    yield "padding longer than the packet", b"\xa0\x08" + head + bytes(159) + b"\xff"
    yield "1,472 octets of sound", b"\x80\x08" + head + bytes(1472)
    yield "STUN", b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12)
    yield "a DTLS hello", b"\x16\xfe\xff" + bytes(60)
    yield "text", b"INVITE sip:x SIP/2.0\r\n\r\n"


@pytest.mark.parametrize(("name", "datagram"), [pytest.param(*one, id=one[0]) for one in _junk()])
def test_what_is_no_sound_is_dropped_and_the_tone_goes_on(name: str, datagram: bytes) -> None:
    stream = Stream()
    stream.go_on()
    for _ in range(20):
        stream.tick(datagram, stream.packet(), datagram)
    assert stream.silent_seconds() == 0
    assert stream.found.received == 45
    assert stream.found.junk == 40, name


def test_rtcp_on_the_port_of_the_sound_is_no_sound() -> None:
    stream = Stream()
    stream.go_on()
    report = struct.pack("!BBHIIIIII", 0x80, 200, 6, 5, 0, 0, 0, 0, 0)
    for _ in range(20):
        stream.tick(report, stream.packet())
    assert stream.silent_seconds() == 0
    assert stream.found.received == 45


@pytest.mark.parametrize("delay", [10, 25, 50])
def test_packets_that_come_again_after_half_a_second_are_no_echo(delay: int) -> None:
    """200, 500 and 1,000 ms late, one in twenty: what is heard is the voice and nothing else."""
    said = g711.decode(g711.encode(speech(20, seed=4), g711.PCMA), g711.PCMA)
    stream = Stream(said)
    before: list[bytes] = []
    for n in range(800):
        before.append(stream.packet())
        stream.tick(before[-1], *([before[n - delay]] if n % 20 == 19 and n > delay else []))
    assert segmental_snr(said, stream.listener.heard()) == pytest.approx(35, abs=0.01)
    assert stream.found.late + stream.found.duplicates > 30
    assert stream.found.concealed == 0


@pytest.mark.parametrize("turn", [lambda s: setattr(s, "ssrc", s.ssrc + 1), lambda s: setattr(s, "kind", s.kind ^ 8)])
def test_a_stream_that_turns_with_every_packet_breaks_nothing(turn: Callable[[Stream], None]) -> None:
    """Which sound it makes is its own affair; a good one afterwards is heard at once."""
    stream = Stream()
    for _ in range(200):
        turn(stream)
        stream.tick(stream.packet())
    begin = len(stream.listener.heard())
    stream.kind = 8
    stream.go_on(50)
    assert gaps(stream.listener.heard()[begin + 800 :], HERTZ, LOUD) == []
