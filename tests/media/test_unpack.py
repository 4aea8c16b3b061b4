"""Rows of other codecs, packet by packet: through the jitter buffer and a pretended decoder to 160 samples a tick.

The decoder's sound tells which sample it is: packet n of 20 ms holds the numbers 160·n … 160·n + 159.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.media.codecs import g711
from callcenterd.media.jitter import MOST_PAUSE, MOST_STORED, Frame, Jitter
from callcenterd.media.kinds import G722, G729, OPUS, PCMA, PCMU
from callcenterd.media.unpack import Samples, Unpacker
from tests.media.packets import block, packet

ROW = 1
CONCEALED_SOUND = -7
_TOC = {10: 0 << 3, 20: 1 << 3, 40: 2 << 3, 60: 3 << 3}


class Decoder:
    """Payload → the numbers that `said` put into it."""

    closed = False

    def decode(self, payload: bytes) -> Samples:
        start, length = int.from_bytes(payload[2:6], "big"), int.from_bytes(payload[6:8], "big")
        return np.arange(start, start + length).astype(np.int16)

    def conceal(self, following: bytes = b"") -> Samples:
        assert not self.closed
        if following:
            return self.decode(following) - np.int16(160)
        return np.full(160, CONCEALED_SOUND, np.int16)

    def close(self) -> None:
        self.closed = True


def said(start: int, ms: int) -> bytes:
    """An Opus payload of so many ms that begins with sample `start` (at 8 kHz)."""
    head = bytes([0 << 3 | 3, 3]) if ms == 30 else bytes([_TOC[ms], 0])
    return head + start.to_bytes(4, "big") + (8 * ms).to_bytes(2, "big")


class OpusLine:
    """One row of Opus, and what is heard of it: the number of every sample."""

    def __init__(self, *, ms: int = 20, first_timestamp: int = 0) -> None:
        self.jitter = Jitter(3)
        self.jitter.begin(ROW, OPUS)
        self.decoders: list[Decoder] = []
        self.unpacker = Unpacker(self._decoder)
        self.ms, self.first = ms, first_timestamp
        self.frame: Frame | None = None

    def _decoder(self, kind: int) -> Decoder:
        assert kind in (OPUS, G729)
        self.decoders.append(Decoder())
        return self.decoders[-1]

    def packet(self, n: int, ssrc: int = 7) -> bytes:
        """Packet n of the stream, counted in packets of `ms`."""
        return packet(
            said(8 * self.ms * n, self.ms), sequence=n, timestamp=self.first + 48 * self.ms * n, ssrc=ssrc, kind=111
        )

    def tick(self, *packets: bytes, kind: int = OPUS) -> list[int] | None:
        octets, headers = block(packets)
        rows, kinds = np.full(len(packets), ROW, np.intp), np.full(len(packets), kind, np.int8)
        self.jitter.place(rows, headers, np.arange(len(packets)), octets, kinds)
        self.jitter.take(3)
        self.frame = self.jitter.frame(ROW)
        sound = self.unpacker.read(self.frame)
        return None if sound is None else sound.tolist()

    def numbers(self, *numbers: int) -> list[int] | None:
        return self.tick(*(self.packet(n) for n in numbers))


def samples(tick: int) -> list[int]:
    return list(range(160 * tick, 160 * tick + 160))


@pytest.mark.parametrize("first_timestamp", [0, 0xFFFFFFFF - 960 * 5, 0xFFFFFFFF - 5])
@pytest.mark.parametrize("ms", [10, 20, 30, 40, 60])
def test_packets_of_any_length_are_heard_sample_for_sample(ms: int, first_timestamp: int) -> None:
    """Also across the wrap of the clock, which is no multiple of six."""
    line = OpusLine(ms=ms, first_timestamp=first_timestamp)
    sent = 0
    heard: list[int] = []
    for tick in range(60):
        due = []
        while sent * ms < (tick + 1) * 20:
            due.append(sent)
            sent += 1
        heard += line.numbers(*due) or []
    assert heard[0] == (-(-20 // ms) * ms - 20 if ms < 20 else 0)
    assert heard == list(range(heard[0], heard[0] + len(heard)))
    assert len(heard) == 60 * 160
    assert (line.jitter.lost(ROW), int(line.jitter.concealed[ROW]), int(line.jitter.late[ROW])) == (0, 0, 0)


def test_a_lost_packet_is_concealed_by_the_decoder() -> None:
    line = OpusLine()
    assert [line.numbers(*numbers) for numbers in ([0], [1], [], [3])] == [
        samples(0), samples(1), [CONCEALED_SOUND] * 160, samples(3),
    ]  # fmt: skip
    assert int(line.jitter.concealed[ROW]) == 1


def test_the_packet_after_a_lost_one_is_shown_to_the_decoder_if_it_is_there() -> None:
    line = OpusLine()
    line.numbers(0)
    line.numbers(1, 2, 4)
    assert line.numbers(5) == samples(2)
    assert line.numbers(6) == samples(3)
    assert line.frame is not None
    assert line.frame.following == said(640, 20)


def test_a_lost_half_of_a_tick_is_filled() -> None:
    line = OpusLine(ms=10)
    line.numbers(0, 1)
    assert line.numbers(2) == samples(1)[:80] + [CONCEALED_SOUND] * 80
    assert line.numbers(4, 5) == samples(2)


def test_a_lost_packet_of_30_ms_is_concealed_to_the_sample() -> None:
    line = OpusLine(ms=30)
    heard = [line.numbers(*numbers) for numbers in ([0], [], [], [2], [3], [])]
    assert list(itertools.chain(*(tick or [] for tick in heard))) == [
        *range(240), *[CONCEALED_SOUND] * 240, *range(480, 960),
    ]  # fmt: skip


def test_a_late_packet_moves_its_row_back_and_nothing_is_left_out() -> None:
    line = OpusLine()
    assert [line.numbers(*numbers) for numbers in ([0], [1], [], [2, 3], [4], [5])] == [
        samples(0), samples(1), [CONCEALED_SOUND] * 160, samples(2), samples(3), samples(4),
    ]  # fmt: skip
    assert int(line.jitter.late[ROW]) == 0


def test_delay_that_is_given_back_leaves_out_one_tick_and_no_more() -> None:
    line = OpusLine()
    for n in range(0, 3):
        line.numbers(n)
    line.numbers()
    heard = [line.numbers(3, 4)] + [line.numbers(n) for n in range(5, 409)]
    whole = [[number & 0xFFFF for number in tick or []] for tick in heard]
    begins = [tick[0] // 160 for tick in whole]
    assert begins[-1] == 408
    assert sum(b - a - 1 for a, b in itertools.pairwise(begins)) == 1
    assert whole == [samples(begin) for begin in begins]


def test_a_pause_that_was_told_is_no_loss() -> None:
    line = OpusLine()
    line.numbers(0)
    line.tick(packet(b"\x08", sequence=1, timestamp=960, kind=111))
    rests = []
    for _ in range(60):
        line.tick()
        assert line.frame is not None
        rests.append(line.frame.rest)
    assert rests == ["pause"] * MOST_PAUSE + ["quiet"] * (60 - MOST_PAUSE)
    assert int(line.jitter.concealed[ROW]) == 0
    assert line.tick(packet(said(9999, 20), sequence=2, timestamp=960 * 62, kind=111)) == list(range(9999, 10159))


def test_before_the_first_packet_there_is_nothing_to_be_heard() -> None:
    line = OpusLine()
    assert line.tick() is None
    assert line.frame is not None
    assert line.frame.rest == "quiet"


def test_another_ssrc_is_another_stream_with_nothing_kept() -> None:
    line = OpusLine(ms=60)
    line.numbers(0)
    assert line.frame is not None
    before = line.frame.stream
    assert line.tick(packet(said(5000, 60), sequence=9, timestamp=77, ssrc=8, kind=111)) == list(range(5000, 5160))
    assert line.frame.stream != before
    assert [decoder.closed for decoder in line.decoders] == [True, False]


def test_a_jump_of_the_clock_keeps_nothing_of_before() -> None:
    line = OpusLine()
    line.numbers(0)
    line.numbers(1)
    for n in (2, 3):
        heard = line.tick(packet(said(100 * n, 20), sequence=n, timestamp=10_000_000 + 960 * n, kind=111))
    assert heard == list(range(300, 460))


def test_g729_is_counted_at_8_khz_and_left_to_take_where_it_is_missing() -> None:
    line = OpusLine()
    line.jitter.begin(ROW, G729)
    number = packet(b"\0\0" + (4000).to_bytes(4, "big") + (160).to_bytes(2, "big") + bytes(12), sequence=1, timestamp=0)
    assert line.tick(number, kind=G729) == list(range(4000, 4160))
    assert line.tick() is None
    assert int(line.jitter.concealed[ROW]) == 1


def test_g722_lies_in_the_slots_as_octets_and_becomes_codes_when_it_is_put() -> None:
    jitter = Jitter(3)
    jitter.begin(ROW, G722)
    octets, headers = block([packet(bytes(range(160)), kind=9)])
    jitter.place(np.array([ROW]), headers, np.array([0]), octets, np.array([G722], np.int8))
    codes = jitter.take(3)
    assert codes[ROW].tolist() == list(range(160))
    assert jitter.came(3).tolist() == [False, True, False]
    assert jitter.octet_rows == {ROW}
    sound = (100 * np.arange(160)).astype(np.int16)
    jitter.put(np.array([ROW]), sound[None])
    assert codes[ROW].tolist() == g711.encode(sound, PCMA).tolist()
    jitter.place(np.zeros(0, np.intp), headers, np.zeros(0, np.intp), octets, np.zeros(0, np.int8))
    assert g711.decode(jitter.take(3)[ROW], PCMA).max() > 10000  # concealed out of what was put, not of octets
    assert not jitter.came(3)[ROW]


def test_a_row_turns_to_the_codec_of_a_newer_packet_and_back() -> None:
    line = OpusLine()
    line.numbers(0)
    line.numbers(1)
    octets, headers = block([packet(bytes([9] * 160), sequence=2, timestamp=320)])
    rows, chosen, alaw = np.array([ROW]), np.array([0]), np.array([PCMA], np.int8)
    line.jitter.place(rows, headers, chosen, octets, alaw)
    assert line.jitter.take(3)[ROW].tolist() == [9] * 160
    assert line.jitter.stored_rows == []
    assert line.tick(packet(said(77, 20), sequence=3, timestamp=5555, kind=111)) == list(range(77, 237))


def test_a_straggler_of_the_codec_before_does_not_turn_the_row() -> None:
    line = OpusLine()
    for n in range(5):
        line.numbers(n)
    octets, headers = block([packet(bytes([9] * 160), sequence=3, timestamp=320)])
    line.jitter.place(np.array([ROW]), headers, np.array([0]), octets, np.array([PCMA], np.int8))
    assert line.jitter.kind[ROW] == OPUS
    assert int(line.jitter.late[ROW]) == 1


def test_a_mu_law_row_that_turns_keeps_its_codes_in_mu_law() -> None:
    jitter = Jitter(3)
    jitter.begin(ROW, PCMU)
    octets, headers = block([packet(bytes(160), kind=9)])
    jitter.place(np.array([ROW]), headers, np.array([0]), octets, np.array([G722], np.int8))
    codes = jitter.take(3)
    sound = np.full((1, 160), 1000, np.int16)
    jitter.put(np.array([ROW]), sound)
    assert codes[ROW].tolist() == g711.encode(sound, PCMU)[0].tolist()


def test_keys_are_no_loss_and_no_pause_to_conceal() -> None:
    line = OpusLine()
    line.numbers(0)
    for n in range(1, 6):
        _, headers = block([packet(bytes(4), sequence=n, timestamp=960, kind=101)])
        line.jitter.pass_over(np.array([ROW]), headers, np.array([0]))
        line.tick()
    line.tick(packet(said(960, 20), sequence=6, timestamp=960 * 6, kind=111))
    assert line.jitter.lost(ROW) == 0
    assert int(line.jitter.concealed[ROW]) == 0


@given(
    st.lists(
        st.lists(
            st.tuples(
                st.integers(0, 0xFFFF),
                st.one_of(st.integers(0, 0xFFFFFFFF), st.integers(0, 20000)),
                st.integers(1, 2),
                st.binary(max_size=460),
                st.sampled_from([PCMA, PCMU, G722, OPUS, G729]),
            ),
            max_size=6,
        ),
        max_size=25,
    )
)
def test_no_packets_of_any_codec_break_a_tick_or_pile_up(
    ticks: list[list[tuple[int, int, int, bytes, int]]],
) -> None:
    line = OpusLine()
    for tick in ticks:
        octets, headers = block([packet(load, sequence=n, timestamp=ts, ssrc=ssrc) for n, ts, ssrc, load, _ in tick])
        rows, kinds = np.full(len(tick), ROW, np.intp), np.array([kind for *_, kind in tick], np.int8)
        line.jitter.place(rows, headers, np.arange(len(tick)), octets, kinds)
        line.jitter.take(3)
        for row in line.jitter.stored_rows:
            frame = line.jitter.frame(row)
            assert len(frame.packets) <= MOST_STORED
            assert all(-800 <= offset < 160 for offset, _ in frame.packets)
            sound = line.unpacker.read(frame)
            assert sound is None or len(sound) == 160
    for n in range(12):
        heard = line.tick(packet(said(160 * n, 20), sequence=n, timestamp=960 * n, ssrc=99, kind=111))
    assert heard == samples(11)
