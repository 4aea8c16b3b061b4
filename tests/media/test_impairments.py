"""A voice over bad lines, through the whole engine in virtual time: what is heard and recorded of it.

Each line is one of impaired.py. The voice goes to a leg, the leg is bridged to another and recorded, and what the
other's phone gets is compared with what was said.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from callcenterd.media.codecs import frames, g711
from callcenterd.media.facts import LegStatistics
from callcenterd.media.jitter import FUTURE, Jitter
from callcenterd.media.kinds import G722, G729, NOISE, OPUS, PCMA, PCMU
from callcenterd.media.rtp import FRAME
from callcenterd.media.sdp import AudioFormat
from callcenterd.model.ids import LegId, RecordingId
from callcenterd.model.site import Codec
from tests.media.impaired import Impairments
from tests.media.measures import envelope_correlation, segmental_snr
from tests.media.packets import block, packet
from tests.media.speech import speech
from tests.media.test_engine import ALAW, Room

Sound = NDArray[np.int16]
SECONDS = 30
NUMBERS: Mapping[Codec, int] = {"PCMA": 8, "PCMU": 0, "G722": 9, "opus": 107}

LINES: Mapping[str, tuple[Impairments, float]] = {
    "clean": (Impairments(), 34.9),
    "5 % loss": (Impairments(loss=5), 31),
    "40 ms jitter": (Impairments(delay=40, jitter=40), 32),
    "40 ms jitter, other": (Impairments(delay=80, jitter=40, seed=7), 32),
    "5 % loss, 40 ms delay, 10 ms jitter": (Impairments(loss=5, delay=40, jitter=10), 30.5),
    "20 % reordered": (Impairments(delay=60, reorder=20), 34),
    "10 % doubled": (Impairments(duplicate=10), 34.9),
    "doubled and reordered": (Impairments(delay=60, duplicate=10, reorder=20), 34),
    "200 ppm fast": (Impairments(drift=200), 34),
    "200 ppm slow": (Impairments(drift=-200), 34),
    "bursts": (Impairments(burst=(3, 40)), 30.5),
    "bursts and jitter": (Impairments(burst=(3, 40), delay=40, jitter=10), 30.5),
}
"""Name → the line, and the segmental SNR in dB that G.711 must keep (35 is the most it can tell)."""


@dataclass(frozen=True)
class Call:
    """What became of the voice."""

    said: Sound
    heard: Sound
    recorded: Sound
    ticks: int
    found: LegStatistics


@functools.cache
def voice() -> Sound:
    """As A-law tells it: what is compared with it is what the line did."""
    return g711.decode(g711.encode(speech(SECONDS, seed=11), g711.PCMA), g711.PCMA)


def call(line: Impairments, codec: Codec = "PCMA", ptime: int = 20) -> Call:
    """The voice over the line, to its end."""
    room, rate = Room(), 48000 if codec == "opus" else 8000
    audio = AudioFormat(payload_type=NUMBERS[codec], codec=codec, ptime=ptime)
    talker, listener = room.leg(1, audio), room.leg(2, ALAW)
    room.engine.bridge(LegId(1), LegId(2))
    room.engine.record(RecordingId("r"), Path("r.wav"), LegId(1), LegId(2))
    payloads = _payloads(codec, ptime)
    arrivals = line.arrivals(len(payloads), ptime)

    def each(tick: int) -> None:
        for n in arrivals[tick]:
            one = packet(
                payloads[n], sequence=65000 + n, timestamp=0xFFFF0000 + n * ptime * rate // 1000, kind=NUMBERS[codec]
            )
            room.wire.waiting[talker.row].append((one, talker.address))

    room.run(len(arrivals), each)
    found = room.engine.statistics(LegId(1))
    room.engine.stop_recording(RecordingId("r"))
    return Call(voice(), listener.heard(), room.keeper.sides("r")[0], len(arrivals), found)


@functools.cache
def _payloads(codec: Codec, ptime: int) -> list[bytes]:
    size = 8 * ptime
    parts = [voice()[at : at + size] for at in range(0, len(voice()) - size + 1, size)]
    if codec in ("G722", "opus"):
        encoder = frames.encoder(codec)
        return [encoder.encode(part) for part in parts]
    return [g711.encode(part, g711.LAW_OF[codec]).tobytes() for part in parts]


def aligned_snr(said: Sound, heard: Sound) -> tuple[float, int, int]:
    """(segmental SNR in dB, least and most delay in ticks): of half a second each, at the delay that fits it best."""
    piece = 25 * FRAME
    found: list[tuple[float, int]] = []
    for at in range(0, len(said) - piece, piece):
        part = said[at : at + piece]
        if (np.abs(part) > 500).mean() < 0.2:
            continue
        there = [heard[at + delay * FRAME :][:piece] for delay in range(20)]
        found.append(max((segmental_snr(part, one), -delay) for delay, one in enumerate(there) if len(one) == piece))
    delays = [-delay for _, delay in found]
    return float(np.mean([snr for snr, _ in found])), min(delays), max(delays)


@pytest.mark.parametrize("name", LINES)
def test_a_voice_over_a_bad_line_is_the_same_voice(name: str) -> None:
    line, least = LINES[name]
    done = call(line)
    alike, _ = envelope_correlation(done.said, done.heard)
    snr, earliest, latest = aligned_snr(done.said, done.heard)
    assert alike >= 0.9
    assert snr >= least
    assert 20 * latest <= line.delay + 2 * line.jitter + 20
    assert 20 * latest <= 200
    if name == "clean":
        assert (earliest, latest) == (1, 1)  # it is on its way for 7 ms, and waits for the tick


@pytest.mark.parametrize("name", LINES)
def test_a_recording_over_a_bad_line_is_as_long_as_the_call_and_what_was_heard(name: str) -> None:
    """Within 100 ms, as R-26 asks; in fact to the tick."""
    done = call(LINES[name][0])
    assert len(done.recorded) == done.ticks * FRAME
    assert abs(len(done.recorded) - len(done.said)) <= 0.1 * 8000 + 8 * (LINES[name][0].delay + 3 * 40)
    assert (done.recorded == done.heard).all()


@pytest.mark.parametrize("name", ["5 % loss", "40 ms jitter", "doubled and reordered", "200 ppm slow", "bursts"])
@pytest.mark.parametrize("codec", ["PCMU", "G722", "opus"])
def test_every_codec_bears_it(codec: Codec, name: str) -> None:
    done = call(LINES[name][0], codec)
    alike, delay = envelope_correlation(done.said, done.heard)
    assert alike >= 0.9
    assert delay <= 10


@pytest.mark.parametrize("ptime", [10, 30, 40, 60])
@pytest.mark.parametrize("codec", ["PCMA", "G722", "opus"])
def test_every_packet_length_bears_losses_and_jitter(codec: Codec, ptime: int) -> None:
    if (codec, ptime) == ("opus", 30):
        ptime = 20  # no frame of Opus lasts that long
    done = call(Impairments(loss=3, delay=40, jitter=20), codec, ptime)
    alike, delay = envelope_correlation(done.said, done.heard)
    assert alike >= 0.9
    assert delay <= 10


def test_the_figures_tell_what_the_line_did() -> None:
    lossy, doubled, late = (call(LINES[name][0]).found for name in ("5 % loss", "10 % doubled", "40 ms jitter"))
    packets = SECONDS * 50
    assert lossy.lost == pytest.approx(0.05 * packets, rel=0.3)
    assert lossy.concealed == pytest.approx(lossy.lost, abs=5)
    assert doubled.duplicates == pytest.approx(0.1 * packets, rel=0.3)
    assert (doubled.lost, doubled.concealed) == (0, 0)
    assert late.lost == 0
    assert late.late <= 0.01 * packets


# ---- long lines, at the buffer itself ------------------------------------------------------------------------


@dataclass
class Row:
    """One row of a jitter buffer. moves: (tick, slots by which its delay grew then)."""

    jitter: Jitter
    moves: list[tuple[int, int]]
    depths: list[int]

    @property
    def delay(self) -> float:
        return float(np.mean(self.depths[-500:]))


def over(line: Impairments, seconds: float) -> Row:
    """Packets of 20 ms whose first octets are their numbers: which is heard tells what the row's delay is."""
    row = Row(Jitter(1), [], [])
    row.jitter.begin(0, PCMA)
    before: int | None = None
    for tick, numbers in enumerate(line.arrivals(int(50 * seconds))):
        if numbers:
            packets = [packet(n.to_bytes(4, "big") * 40, sequence=n, timestamp=160 * n) for n in numbers]
            octets, headers = block(packets)
            zeros = np.zeros(len(packets), np.intp)
            row.jitter.place(zeros, headers, np.arange(len(packets)), octets, zeros.astype(np.int8))
        codes = row.jitter.take(1)[0]
        row.depths.append(row.jitter.depth(0))
        if row.jitter.came(1)[0]:
            delay = tick - int.from_bytes(codes[80:84].tobytes(), "big")
            if before is not None and delay != before:
                row.moves.append((tick, delay - before))
            before = delay
    return row


@pytest.mark.parametrize("ppm", [200, -200])
def test_clocks_that_drift_apart_cost_20_ms_in_100_s_and_no_delay(ppm: int) -> None:
    """Eleven minutes. A move is one slot, in the direction of the drift; nothing is ever lost."""
    row = over(Impairments(drift=ppm), 660)
    assert [move for _, move in row.moves] == [-1 if ppm > 0 else 1] * len(row.moves)
    assert 6 <= len(row.moves) <= 7
    assert all(b - a > 4500 for (a, _), (b, _) in zip(row.moves, row.moves[1:], strict=False))
    assert max(row.depths) <= 1
    assert row.delay < 1
    assert int(row.jitter.late[0]) == 0


@pytest.mark.parametrize("ppm", [200, -200])
def test_a_slow_or_fast_clock_for_half_an_hour_is_never_out_of_slots(ppm: int) -> None:
    """360 ms apart in the end, more than there are slots: what is late stays bounded by what waits, not by history."""
    row = over(Impairments(drift=5 * ppm, delay=10, jitter=4), 360)
    assert int(row.jitter.late[0]) <= 2
    assert max(row.depths) <= 2
    assert len(row.moves) == pytest.approx(18, abs=6)


def test_jitter_of_40_ms_costs_less_than_a_percent_once_the_line_is_known() -> None:
    row = over(Impairments(delay=40, jitter=40), 300)
    known = [move for tick, move in row.moves if tick > 1000]
    assert int(row.jitter.late[0]) <= 0.001 * 15000
    assert int(row.jitter.concealed[0]) <= 0.002 * 15000
    assert sum(abs(move) for move in known) <= 300 / 10
    assert max(row.depths) <= FUTURE
    assert row.delay <= 6


def played(line: list[list[int]]) -> Row:
    """The same of packets that hold nothing: only how many wait."""
    row = Row(Jitter(1), [], [])
    row.jitter.begin(0, PCMA)
    for numbers in line:
        if numbers:
            octets, headers = block([packet(bytes(160), sequence=n, timestamp=160 * n) for n in numbers])
            zeros = np.zeros(len(numbers), np.intp)
            row.jitter.place(zeros, headers, np.arange(len(numbers)), octets, zeros.astype(np.int8))
        row.jitter.take(1)
        row.depths.append(row.jitter.depth(0))
    return row


def test_after_a_burst_of_jitter_the_delay_is_drawn_in_again() -> None:
    """Twenty seconds of a bad radio link, then a clean one: 40 ms at most ten seconds later, none after two minutes."""
    line = Impairments(delay=80, jitter=80).arrivals(1000)
    line += [[] for _ in range(10000 - len(line))]
    for n in range(1000, 9999):
        line[n + 1].append(n)
    row = played(line)
    assert max(row.depths[:1000]) >= 4
    assert max(row.depths[1500:]) <= 2
    assert max(row.depths[7000:]) == 0


def test_a_stall_of_a_fifth_of_a_second_is_forgotten_within_seconds() -> None:
    """A radio link that stops and then delivers all at once: what waits afterwards is one packet, and soon none."""
    line = [[] if 200 <= n < 210 else list(range(200, 211)) if n == 210 else [n] for n in range(1000)]
    row = played(line)
    assert max(row.depths) <= 1
    assert max(row.depths[700:]) == 0


# ---- whatever comes -------------------------------------------------------------------------------------------

PERCENT = st.floats(0, 60)
ANY_LINE = st.builds(
    Impairments,
    loss=PERCENT,
    burst=st.one_of(st.none(), st.tuples(st.floats(0, 20), st.floats(5, 90))),
    delay=st.floats(0, 400),
    jitter=st.floats(0, 400),
    reorder=PERCENT,
    duplicate=PERCENT,
    drift=st.floats(-5000, 5000),
    seed=st.integers(0, 1 << 30),
)
_OPUS_20_MS = bytes([1 << 3, 0, 0, 0])


@example(Impairments(loss=40.0, jitter=38.0, drift=2354.0, seed=65097), PCMA, 60, False)
@settings(max_examples=150, deadline=None)
@given(ANY_LINE, st.sampled_from([PCMA, PCMU, G722, OPUS, G729]), st.sampled_from([10, 20, 30, 60]), st.booleans())
def test_on_any_line_the_buffer_is_bounded_and_its_counts_agree(
    line: Impairments, kind: int, ptime: int, noise: bool
) -> None:
    jitter = Jitter(1)
    jitter.begin(0, kind)
    payload = {OPUS: _OPUS_20_MS, G729: bytes(ptime)}.get(kind, bytes(8 * ptime))
    step = (48 if kind == OPUS else 8) * (20 if kind == OPUS else ptime)
    arrived: list[int] = []
    for tick, numbers in enumerate(line.arrivals(200, 20 if kind == OPUS else ptime)):
        arrived += numbers
        if numbers:
            octets, headers = block([packet(payload, sequence=0xFFF0 + n, timestamp=step * n) for n in numbers])
            kinds = np.array([NOISE if noise and n % 17 == 0 else kind for n in numbers], np.int8)
            jitter.place(np.zeros(len(numbers), np.intp), headers, np.arange(len(numbers)), octets, kinds)
        assert jitter.depth(0) <= FUTURE  # 200 ms
        jitter.take(1)
        for row in jitter.stored_rows:
            jitter.frame(row)
        assert 0 <= int(jitter.concealed[0]) <= tick + 1
    assert int(jitter.received[0]) <= len(arrived)
    assert len(arrived) - int(jitter.received[0]) <= (len(set(arrived)) if noise else 0)
    assert int(jitter.late[0]) + int(jitter.duplicates[0]) <= len(arrived)
    assert 0 <= jitter.lost(0) <= 200
