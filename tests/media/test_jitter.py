"""The jitter buffer tick by tick. A packet n here has timestamp 160·n and is filled with the code n."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.media.codecs import g711
from callcenterd.media.conceal import LASTS, RETURN
from callcenterd.media.jitter import FUTURE, MOST_WAITING, STRAGGLING, WINDOW, Jitter
from callcenterd.media.kinds import NOISE
from tests.kit.tones import tone
from tests.media.packets import block, packet

SILENT = int(g711.SILENCE[g711.PCMA])
MADE_UP = -1
ROW = 2


class Line:
    """One row of a buffer of four, and what it plays."""

    def __init__(self, *, first_sequence: int = 0, first_timestamp: int = 0) -> None:
        self.jitter = Jitter(4)
        self.jitter.begin(ROW, g711.PCMA)
        self._sequence, self._timestamp = first_sequence, first_timestamp

    def tick(self, *numbers: int, ssrc: int = 7, skew: int = 0) -> list[int]:
        """These packets come, then a tick is played: the distinct codes in it, in order, or MADE_UP.

        The first RETURN samples, into which sound that returns is blended, are not looked at.
        """
        return self.tick_of([self.numbered(n, ssrc=ssrc, skew=skew) for n in numbers])

    def numbered(self, n: int, *, ssrc: int = 7, skew: int = 0) -> bytes:
        timestamp = self._timestamp + 160 * (n + skew)
        return packet(bytes([n % 200]) * 160, sequence=self._sequence + n, timestamp=timestamp, ssrc=ssrc)

    def tick_of(self, packets: Sequence[bytes], law: int = g711.PCMA) -> list[int]:
        octets, headers = block(packets)
        rows = np.full(len(packets), ROW, np.intp)
        self.jitter.place(rows, headers, np.arange(len(packets)), octets, np.full(len(packets), law, np.int8))
        played = self.jitter.take(4)[ROW, RETURN:]
        if not self.jitter.came(4)[ROW] and (played != SILENT).any():
            return [MADE_UP]
        return [int(played[0]), *(int(b) for a, b in itertools.pairwise(played) if a != b)]

    def play(self, *ticks: Sequence[int]) -> list[int]:
        return [code for numbers in ticks for code in self.tick(*numbers)]


def test_a_steady_stream_is_played_as_it_comes_without_delay() -> None:
    assert Line().play(*([n] for n in range(40))) == list(range(40))


def test_before_anything_came_there_is_silence() -> None:
    assert Line().tick() == [SILENT]


@pytest.mark.parametrize(
    ("first_sequence", "first_timestamp"),
    [(0xFFF8, 0), (0, 0xFFFFFFFF - 160 * 8 + 1), (0xFFFE, 0xFFFFFFFF - 160 * 3 + 1), (0, 0xFFFFFFFF - 1000)],
)
def test_wrapped_sequence_numbers_and_timestamps_are_not_heard(first_sequence: int, first_timestamp: int) -> None:
    line = Line(first_sequence=first_sequence, first_timestamp=first_timestamp)
    assert line.play(*([n] for n in range(30))) == list(range(30))
    assert line.jitter.lost(ROW) == 0


def test_packets_of_one_tick_may_come_in_any_order() -> None:
    line = Line()
    assert line.play([0], [3, 1, 2], [], [], [6, 5, 4], [], []) == [0, 1, 2, 3, 4, 5, 6]
    assert line.jitter.lost(ROW) == 0


def test_duplicates_are_counted_and_not_heard() -> None:
    line = Line()
    assert line.play([0], [1, 1], [2], [2, 3], [4, 4, 4]) == [0, 1, 2, 3, 4]
    assert int(line.jitter.duplicates[ROW]) == 4
    assert int(line.jitter.late[ROW]) == 0
    assert line.jitter.lost(ROW) == 0


def test_a_lost_packet_is_made_up_and_counted() -> None:
    line = Line()
    assert line.play([0], [1], [], [3], [4]) == [0, 1, MADE_UP, 3, 4]
    assert line.jitter.lost(ROW) == 1
    assert int(line.jitter.concealed[ROW]) == 1


def test_after_the_third_missing_packet_there_is_silence() -> None:
    line = Line()
    assert line.play([0], [1], [], [], [], [], [6]) == [0, 1, MADE_UP, MADE_UP, MADE_UP, SILENT, 6]
    assert int(line.jitter.concealed[ROW]) == LASTS == 3


def test_a_packet_a_tick_too_late_is_played_and_moves_its_row_back() -> None:
    line = Line()
    assert line.play([0], [1], [], [2, 3], [4], [5]) == [0, 1, MADE_UP, 2, 3, 4]
    assert int(line.jitter.late[ROW]) == 0


def test_a_packet_two_ticks_too_late_is_lost_but_the_next_such_is_not() -> None:
    line = Line()
    assert line.play([0], [1], [3], [4], [2, 5], [7], [8, 6], [9]) == [0, 1, MADE_UP, 3, MADE_UP, 4, 5, 6]
    assert int(line.jitter.late[ROW]) == 1


def test_a_single_straggler_from_half_a_second_ago_changes_nothing() -> None:
    line = Line()
    line.play(*([n] for n in range(30)))
    assert line.play([30, 4], [31], [32]) == [30, 31, 32]
    assert int(line.jitter.late[ROW]) == 1


def test_the_delay_grows_no_further_than_its_bound() -> None:
    """Every second packet is three ticks late: the buffer gives what it may, and no more than 200 ms."""
    line = Line()
    for n in range(400):
        line.tick(*([n - 6] if n % 2 and n > 6 else [n] if n % 2 == 0 else []))
    assert line.jitter.depth(ROW) <= MOST_WAITING


def test_delay_that_is_not_needed_any_more_is_given_back() -> None:
    line = Line()
    line.play([0], [1], [], [2, 3])
    played = [line.tick(n)[0] for n in range(4, 4 + 5 * WINDOW)]
    assert played[0] == 3
    assert played[-1] == (3 + 5 * WINDOW) % 200
    assert line.jitter.depth(ROW) == 0


def test_a_line_at_the_border_of_the_tick_is_disturbed_ever_more_rarely() -> None:
    """A packet comes alternately just before and just after its tick, for ten minutes."""
    line, disturbed = Line(), []
    expected = -1
    for n in range(30000):
        came = [n - 1, n] if n % 2 else []
        code = line.tick(*came)[0]
        if code != (expected + 1) % 200:
            disturbed.append(n)
        expected = code
    assert len([n for n in disturbed if n > 10000]) <= 6
    assert len(disturbed) <= 30


def test_another_ssrc_is_another_clock_and_plays_at_once() -> None:
    line = Line()
    line.play([0], [1])
    assert line.tick(2, ssrc=8, skew=777) == [2]
    assert line.tick(3, ssrc=8, skew=777) == [3]


def test_late_packets_of_the_ssrc_before_are_dropped_for_a_while() -> None:
    line = Line()
    line.play([0], [1])
    line.tick(2, ssrc=8)
    line.tick_of([line.numbered(2), line.numbered(3, ssrc=8)])
    assert line.tick(4, ssrc=8) == [4]
    assert int(line.jitter.late[ROW]) == 1


def test_the_ssrc_before_may_come_back_after_that() -> None:
    line = Line()
    line.play([0], [1])
    for n in range(2, 4 + STRAGGLING):
        line.tick(n, ssrc=8)
    assert line.tick(50) == [50]


@pytest.mark.parametrize("jump", [8000 * 3600 // 160, -8000 * 3600 // 160, 3000, -3000, FUTURE + 1])
def test_a_jump_of_the_clock_is_followed_at_its_second_packet(jump: int) -> None:
    line = Line()
    line.play(*([n] for n in range(10)))
    line.tick(10, skew=jump)
    assert [line.tick(n, skew=jump)[0] for n in range(11, 16)] == [11, 12, 13, 14, 15]


def test_a_pause_in_which_the_clock_goes_on_is_silence_and_no_jump() -> None:
    """Silence suppression: no packets for two seconds, then the timestamp is where it should be."""
    line = Line()
    line.play([0], [1])
    for _ in range(100):
        line.tick()
    assert line.tick(102) == [102]


def test_a_burst_after_a_stall_keeps_only_what_is_still_of_use() -> None:
    """Half a second of nothing, then all of it at once."""
    line = Line()
    line.play(*([n] for n in range(5)))
    for _ in range(25):
        line.tick()
    line.tick(*range(22, 31))
    played = [line.tick(n)[0] for n in range(31, 41)]
    assert played == list(range(played[0], played[0] + 10))
    assert played[0] >= 28


@pytest.mark.parametrize("octets", [80, 160, 240, 320, 480, 200])
def test_packets_of_any_length_are_one_stream(octets: int) -> None:
    """ptime 10, 20, 30, 40, 60 and an odd one: what is played is what was sent, sample for sample."""
    line = Line()
    sent = bytes((n * 7 + n // 160) % 200 for n in range(octets * 60))
    packets = [packet(sent[n * octets :][:octets], sequence=n, timestamp=n * octets) for n in range(60)]
    played = bytearray()
    due = 0
    for tick in range(octets * 60 // 160):
        came = []
        while due < len(packets) and due * octets <= (tick + 1) * 160 - 1:
            came.append(packets[due])
            due += 1
        octets_in, headers = block(came)
        rows, chosen = np.full(len(came), ROW, np.intp), np.arange(len(came))
        line.jitter.place(rows, headers, chosen, octets_in, np.zeros(len(came), np.int8))
        played += line.jitter.take(4)[ROW].tobytes()
    assert sent[: len(played) - 480] in bytes(played)


def test_ten_millisecond_packets_that_begin_to_come_a_tick_late_settle_too() -> None:
    line = Line()
    halves = [packet(bytes([n]) * 80, sequence=n, timestamp=80 * n) for n in range(60)]
    assert line.tick_of(halves[:2]) == [0, 1]
    assert line.tick_of(halves[2:3]) == [2]  # and 10 ms that are made up of it
    assert line.tick_of(halves[3:5]) == [2, 3]
    assert [code for n in range(3, 29) for code in line.tick_of(halves[2 * n - 1 : 2 * n + 1])] == list(range(4, 56))


def test_the_other_law_in_the_same_stream_is_translated() -> None:
    line = Line()
    line.tick(0)
    code = 0x9A
    ulaw = [packet(bytes([code]) * 160, sequence=1, timestamp=160, kind=0)]
    assert line.tick_of(ulaw, law=g711.PCMU) == [int(g711.translate(np.array([code], np.uint8), g711.PCMU)[0])]


def test_time_that_the_engine_slept_through_is_gone() -> None:
    line = Line()
    line.play([0], [1])
    line.jitter.skip(4, 40)
    assert line.tick(42) == [42]


class _Plain:
    """The plain twin: a dictionary of samples, for streams that need no moving of clocks."""

    def __init__(self) -> None:
        self.clock: int | None = None
        self.samples: dict[int, int] = {}

    def tick(self, packets: list[tuple[int, int]]) -> list[int | None]:
        for number, code in packets:
            self.samples.setdefault(number, code)
            self.samples[number] = code
        if self.clock is None and packets:
            self.clock = max(number for number, _ in packets)
        if self.clock is None:
            return [None]
        played = self.samples.get(self.clock)
        self.clock += 1
        return [played]


@given(st.lists(st.sets(st.integers(0, FUTURE - 2), max_size=3), max_size=40), st.integers(0, 0xFFFFFFFF))
def test_the_slots_play_what_a_dictionary_of_timestamps_would(ahead: list[set[int]], start: int) -> None:
    """Packets come early in any order, never late: both clocks stand still against each other."""
    line, plain = Line(first_timestamp=start), _Plain()
    line.tick(0)
    plain.tick([(0, 0)])
    for tick, early in enumerate(ahead, start=1):
        numbers = [tick + n for n in sorted(early, reverse=True)]
        wanted = plain.tick([(n, n % 200) for n in numbers])[0]
        code = line.tick(*numbers)[0]
        if tick >= WINDOW:
            break  # from here on the buffer may give delay back
        if wanted is not None:
            assert code == wanted


@given(
    st.lists(
        st.lists(
            st.tuples(
                st.integers(0, 0xFFFF),
                st.one_of(st.integers(0, 0xFFFFFFFF), st.integers(0, 3000)),
                st.integers(1, 3),
                st.binary(max_size=500),
            ),
            max_size=6,
        ),
        max_size=25,
    )
)
def test_no_packets_do_more_than_sound_wrong(ticks: list[list[tuple[int, int, int, bytes]]]) -> None:
    line = Line()
    for tick in ticks:
        line.tick_of([packet(load, sequence=seq, timestamp=ts, ssrc=ssrc) for seq, ts, ssrc, load in tick])
    assert line.jitter.lost(ROW) >= 0
    assert line.jitter.depth(ROW) <= FUTURE
    for n in range(12):  # and a good stream afterwards is heard
        code = line.tick(n, ssrc=99, skew=5000)[0]
    assert code == 11


# ---- pauses ------------------------------------------------------------------------------------------------


def noise(line: Line, level: int, *, sequence: int, timestamp: int, coefficients: bytes = b"") -> np.ndarray:
    """A packet of comfort noise comes; what the tick plays, in samples."""
    octets, headers = block([packet(bytes([level]) + coefficients, sequence=sequence, timestamp=timestamp, kind=13)])
    line.jitter.place(np.array([ROW]), headers, np.array([0]), octets, np.array([NOISE], np.int8))
    return g711.decode(line.jitter.take(4)[ROW], g711.PCMA)


def level_of(sound: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(sound.astype(float) ** 2)) / 32768))


def test_comfort_noise_is_heard_at_its_level_until_sound_returns() -> None:
    """RFC 3389: nothing was lost, nothing is concealed, and what came before it is still played."""
    line = Line()
    line.play([0], [1])
    heard = [noise(line, 40, sequence=2, timestamp=320, coefficients=b"\x10\x20")]
    for _ in range(100):
        line.tick()
        heard.append(g711.decode(line.jitter.take(4)[ROW], g711.PCMA))
    assert level_of(np.concatenate(heard)) == pytest.approx(-40, abs=1)
    heard = [noise(line, 50, sequence=3, timestamp=320 + 201 * 160) for _ in range(10)]
    assert level_of(np.concatenate(heard)) == pytest.approx(-50, abs=1)
    octets, headers = block([packet(bytes([77]) * 160, sequence=4, timestamp=320 + 211 * 160, marker=True)])
    line.jitter.place(np.array([ROW]), headers, np.array([0]), octets, np.zeros(1, np.int8))
    assert set(line.jitter.take(4)[ROW].tolist()) == {77}
    assert (int(line.jitter.concealed[ROW]), int(line.jitter.late[ROW])) == (0, 0)
    assert line.tick() == [MADE_UP]  # and now it is a loss again


def test_sound_that_waits_is_played_before_the_noise_that_follows_it() -> None:
    line = Line()
    line.play([0], [1], [], [2, 3])  # moved back: 3 waits
    assert level_of(noise(line, 30, sequence=4, timestamp=640)) == level_of(
        g711.decode(np.full(160, 3, np.uint8), g711.PCMA)
    )
    for _ in range(3):
        heard = g711.decode(line.jitter.take(4)[ROW], g711.PCMA)
        assert level_of(heard) == pytest.approx(-30, abs=1)


def test_a_call_that_begins_with_comfort_noise_is_heard_to_be_alive() -> None:
    line = Line()
    assert level_of(noise(line, 45, sequence=0, timestamp=0)) == pytest.approx(-45, abs=1)
    assert line.tick(5) == [5]


def test_strangers_noise_of_another_stream_is_not_heard() -> None:
    line = Line()
    line.play([0], [1])
    octets, headers = block([packet(b"\x10", sequence=2, timestamp=320, kind=13, ssrc=99)])
    line.jitter.place(np.array([ROW]), headers, np.array([0]), octets, np.array([NOISE], np.int8))
    for _ in range(4):
        line.jitter.take(4)
    assert line.tick() == [SILENT]


def test_a_gap_in_time_but_not_in_numbers_is_the_senders_silence_and_no_loss() -> None:
    line = Line()
    line.play([0], [1], [], [], [], [], [])
    assert int(line.jitter.concealed[ROW]) == 3
    octets, headers = block([packet(bytes([7]) * 160, sequence=2, timestamp=7 * 160)])
    line.jitter.place(np.array([ROW]), headers, np.array([0]), octets, np.zeros(1, np.int8))
    assert line.jitter.take(4)[ROW].tolist()[40:] == [7] * 120
    assert int(line.jitter.concealed[ROW]) == 0


@pytest.mark.parametrize("marker", [True, False])
def test_a_talk_spurt_whose_clock_stood_still_in_the_pause_is_played_from_its_first_packet(marker: bool) -> None:
    line = Line()
    line.play([0], [1])
    for _ in range(50):
        line.tick()
    octets, headers = block([packet(bytes([9]) * 160, sequence=2, timestamp=320, marker=marker)])
    line.jitter.place(np.array([ROW]), headers, np.array([0]), octets, np.zeros(1, np.int8))
    assert set(line.jitter.take(4)[ROW].tolist()) == {9}


def test_a_straggler_after_a_pause_begins_nothing() -> None:
    line = Line()
    line.play([0], [1], [3])
    for _ in range(50):
        line.tick()
    assert line.tick(2) == [SILENT]
    assert int(line.jitter.late[ROW]) == 1
    assert line.tick(54) == [54]


def test_delay_that_is_not_needed_is_given_back_in_the_first_pause() -> None:
    """Long before patience would have ended, and without leaving out anything that was said."""
    line = Line()
    line.play([0], [1], [], [2, 3])
    first = 4 + WINDOW + WINDOW // 2
    played = [code for n in range(4, first) for code in line.tick(n)]
    assert line.jitter.depth(ROW) == 1
    assert MADE_UP not in played
    for _ in range(20):
        line.tick()
    octets, headers = block([packet(bytes([111]) * 160, sequence=first, timestamp=(first + 20) * 160)])
    line.jitter.place(np.array([ROW]), headers, np.array([0]), octets, np.zeros(1, np.int8))
    assert set(line.jitter.take(4)[ROW].tolist()) == {111}
    assert line.jitter.depth(ROW) == 0


def test_the_first_words_after_a_pause_are_not_lost_to_a_line_that_became_slower() -> None:
    """Three ticks later than before: in silence the row moves back by all of them at once."""
    line = Line()
    line.play(*([n] for n in range(5)))
    for _ in range(30):
        line.tick()
    octets, headers = block([packet(bytes([7]) * 160, sequence=5, timestamp=32 * 160)])
    line.jitter.place(np.array([ROW]), headers, np.array([0]), octets, np.zeros(1, np.int8))
    assert set(line.jitter.take(4)[ROW].tolist()) == {7}
    assert int(line.jitter.late[ROW]) == 0


# ---- seams -------------------------------------------------------------------------------------------------


def steps(line: Line, sound: np.ndarray, *ticks: Sequence[int]) -> list[int]:
    """The greatest step between neighbouring samples in each tick, and to the one before it."""
    codes, heard = g711.encode(sound, g711.PCMA), []
    for numbers in ticks:
        packets = [packet(codes[160 * n :][:160].tobytes(), sequence=n, timestamp=160 * n) for n in numbers]
        octets, headers = block(packets)
        rows = np.full(len(packets), ROW, np.intp)
        line.jitter.place(rows, headers, np.arange(len(packets)), octets, np.zeros(len(packets), np.int8))
        heard.append(g711.decode(line.jitter.take(4)[ROW].copy(), g711.PCMA).astype(int))
    all_of_it = np.concatenate([np.zeros(1, int), *heard])
    return [int(np.abs(np.diff(all_of_it[160 * n : 160 * n + 161])).max()) for n in range(len(ticks))]


def test_neither_a_loss_nor_a_late_packet_is_a_click() -> None:
    sound = tone(250, 1.0)
    ticks = [[0], [1], [2], [], [4], [5], [], [6, 7], [8], [9]]
    assert max(steps(Line(), sound, *ticks)[1:]) <= 1.2 * max(steps(Line(), sound, *([n] for n in range(10)))[1:])


def test_leaving_out_a_tick_of_speech_is_no_click_either() -> None:
    """A tone of which 20 ms are no whole number of periods, and nobody is ever silent."""
    sound = tone(230, 20.0)
    ticks = [[0], [1], [], [2, 3], *([n] for n in range(4, 900))]
    line = Line()
    found = steps(line, sound, *ticks)
    assert line.jitter.depth(ROW) == 0  # it was left out
    assert max(found[4:]) <= 1.3 * max(steps(Line(), sound, *([n] for n in range(10)))[1:])


def test_a_tick_is_left_out_in_silence_if_there_is_one() -> None:
    """Delay that was not needed for so long goes where nobody speaks, to the tick."""
    sound = tone(230, 20.0)
    sound[160 * 260 : 160 * 270] = 0
    codes, line = g711.encode(sound, g711.PCMA), Line()
    depths = []
    for tick, numbers in enumerate([[0], [1], [], [2, 3], *([n] for n in range(4, 900))]):
        packets = [packet(codes[160 * n :][:160].tobytes(), sequence=n, timestamp=160 * n) for n in numbers]
        octets, headers = block(packets)
        rows = np.full(len(packets), ROW, np.intp)
        line.jitter.place(rows, headers, np.arange(len(packets)), octets, np.zeros(len(packets), np.int8))
        line.jitter.take(4)
        depths.append((tick, line.jitter.depth(ROW)))
    moved = next(tick for tick, depth in depths if tick > 5 and depth == 0)
    assert 260 <= moved <= 271


@pytest.mark.parametrize("octets", [80, 240])
def test_half_a_tick_that_is_lost_is_made_up_too(octets: int) -> None:
    """Packets of 10 and 30 ms: where one is lost the tone goes on, without a step and without a hole."""
    sound = tone(250, 1.0)
    codes, line, heard = g711.encode(sound, g711.PCMA), Line(), []
    sent = 0
    for tick in range(40):
        due = []
        while sent * octets < 160 * (tick + 1):
            if sent not in (15, 22):
                load = codes[sent * octets :][:octets].tobytes()
                due.append(packet(load, sequence=sent, timestamp=sent * octets))
            sent += 1
        arrived, headers = block(due)
        rows = np.full(len(due), ROW, np.intp)
        line.jitter.place(rows, headers, np.arange(len(due)), arrived, np.zeros(len(due), np.int8))
        heard.append(g711.decode(line.jitter.take(4)[ROW].copy(), g711.PCMA))
    all_of_it = np.concatenate(heard).astype(int)[160:]
    assert np.abs(np.diff(all_of_it)).max() <= 1.2 * np.abs(np.diff(sound.astype(int))).max()
    loud = np.sqrt((all_of_it[: len(all_of_it) // 80 * 80].reshape(-1, 80).astype(float) ** 2).mean(axis=1))
    assert loud.min() > 0.65 * np.median(loud)  # it fades by 20 % in 10 ms, after the first 10
    assert line.jitter.lost(ROW) == 2
    assert int(line.jitter.concealed[ROW]) >= 2
