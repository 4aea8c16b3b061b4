"""Reports both ways, and what a leg's sound was like: the whole engine between a pretended network."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from callcenterd.media import rtcp
from callcenterd.media.engine import TICK, Engine
from callcenterd.media.facts import LegEnded, LegStatistics
from callcenterd.media.reports import INTERVAL, MOST_SENT, Reception, Seal
from callcenterd.media.rtcp import Block, Compound, Report, Sending
from callcenterd.media.sockets import Arrived
from callcenterd.model.ids import LegId
from tests.media.test_engine import ALAW, Room
from tests.media.wire import Talker, Wire

HOST = "127.0.0.9"
MINUTE = 3000


def reported(number: int, *, shared: bool = False) -> tuple[str, int]:
    return HOST, 4000 + 2 * number + (0 if shared else 1)


def leg(room: Room, number: int, *, shared: bool = False) -> Talker:
    """A leg with agreed reports; its odd port is bound as fd 900 + number."""
    talker = room.leg(number)
    audio = replace(ALAW, reports=reported(number, shared=shared), reports_shared=shared)
    room.engine.connect(LegId(number), talker.address, audio, room.now, None if shared else 900 + number)
    return talker


def told(room: Room, row: int) -> list[Compound]:
    """What we have sent to the other side of a row, by its odd port or by the shared one."""
    beside = [octets for one, octets, _ in room.beside.sent if one == row]
    return [rtcp.parse(octets) for octets in beside + room.wire.said[row]]


def hear(room: Room, talker: Talker, octets: bytes, *, host: str = HOST, age: float = 0.0) -> None:
    """A report comes on the odd port."""
    room.beside.waiting.append((talker.row, octets, (host, talker.address[1] + 1), age))


def figures(room: Room, number: int = 1) -> LegStatistics:
    return room.engine.statistics(LegId(number))


@pytest.fixture
def room() -> Room:
    return Room()


# ---- what we tell ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", [False, True])
def test_a_leg_is_told_every_five_seconds_or_so_what_we_send_and_how_we_hear(room: Room, shared: bool) -> None:
    talker = leg(room, 1, shared=shared)
    room.run(MINUTE)
    compounds = told(room, talker.row)
    assert 60 / (1.5 * INTERVAL) <= len(compounds) <= 60 / (0.5 * INTERVAL) + 1
    assert len({compound.cname for compound in compounds}) == 1
    last = compounds[-1].reports[0]
    assert last.sending is not None
    sent = len(room.wire.sent[talker.row])
    assert last.ssrc == int.from_bytes(room.wire.sent[talker.row][0][8:12])
    assert 0 <= sent - last.sending.packets <= 50 * 1.5 * INTERVAL
    assert last.sending.octets == 160 * last.sending.packets
    [block] = last.blocks
    assert (block.ssrc, block.fraction, block.lost, block.jitter) == (1, 0, 0, 0)
    assert block.highest == 100 + last.sending.packets - 1  # as many came as went


def test_the_first_comes_soon_and_no_two_legs_keep_step() -> None:
    room = Room(rows=100)
    for number in range(1, 101):
        leg(room, number)
    when: dict[int, int] = {}
    for n in range(200):
        room.run(1)
        for row, _, _ in room.beside.sent:
            when.setdefault(row, n)
    assert len(when) == 100
    assert all(1.2 <= n * TICK <= 3.8 for n in when.values())
    assert len(set(when.values())) > 50
    assert max(np.bincount(list(when.values()))) < 8


def test_a_tick_sends_only_so_many(room: Room) -> None:
    crowd = Room(rows=200)
    for number in range(1, 201):
        leg(crowd, number)
    crowd.now += 100.0  # all of them are due by now
    crowd.run(1)
    assert len(crowd.beside.sent) == MOST_SENT
    crowd.run(6)
    assert len({row for row, _, _ in crowd.beside.sent}) == 200


def test_timestamp_and_time_of_a_report_are_of_the_same_moment(room: Room) -> None:
    """A receiver puts sound and picture in step by it (§6.4.1)."""
    talker = leg(room, 1)
    room.run(MINUTE)
    sendings = [compound.reports[0].sending for compound in told(room, talker.row)]
    first, last = sendings[0], sendings[-1]
    assert first is not None
    assert last is not None
    seconds = (last.ntp - first.ntp) / 2**32
    assert ((last.timestamp - first.timestamp) & 0xFFFFFFFF) / 8000 == pytest.approx(seconds, abs=0.001)


def test_who_says_nothing_reports_as_a_receiver(room: Room) -> None:
    talker = room.leg(1)
    audio = replace(ALAW, direction="recvonly", reports=reported(1))
    room.engine.connect(LegId(1), talker.address, audio, room.now, 901)
    room.run(500)
    [first, *_] = told(room, talker.row)
    assert first.reports[0].sending is None
    assert first.reports[0].blocks[0].ssrc == 1


def test_without_agreed_reports_none_are_sent_and_none_are_believed(room: Room) -> None:
    talker = room.leg(1)
    room.run(500)
    hear(room, talker, rtcp.write(Report(1, (Block(0, 0, 5, 0, 0, 0, 0),)), "x"))
    room.run(500)
    assert room.beside.sent == []
    assert figures(room).lost_there is None


def test_losses_are_told_as_they_happen(room: Room) -> None:
    """A.3: the share since the last report, and all of them."""
    talker = leg(room, 1)

    def each(n: int) -> None:
        if n >= 1500 and n % 10 == 0:
            talker.sequence += 1
            talker.timestamp += 160
        else:
            talker.say()

    room.run(MINUTE, each)
    blocks = [compound.reports[0].blocks[0] for compound in told(room, talker.row)]
    assert blocks[0].lost == blocks[0].fraction == 0
    assert blocks[-1].lost == pytest.approx(130, abs=40)
    assert blocks[-1].fraction / 256 == pytest.approx(0.1, abs=0.02)


def test_goodbye_is_said_at_the_end_of_a_leg_that_was_told_anything(room: Room) -> None:
    talker, quiet = leg(room, 1), leg(room, 2)
    room.run(10)
    room.engine.close(LegId(2))
    assert told(room, quiet.row) == []
    room.talkers.pop()
    room.run(300)
    room.engine.close(LegId(1))
    [*before, last] = told(room, talker.row)
    assert last.leaving == (last.reports[0].ssrc,)
    assert all(compound.leaving == () for compound in before)
    assert room.beside.open == {}


def test_reports_go_where_the_sound_comes_from_behind_nat() -> None:
    room = Room()
    room.engine.open(LegId(1), 0)
    audio = replace(ALAW, reports=("10.0.0.5", 4003))
    room.engine.connect(LegId(1), ("10.0.0.5", 4002), audio, room.now, 901)
    room.talkers.append(Talker(room.wire, 0, ("203.0.113.7", 30000), ssrc=1))
    room.run(400)
    assert {target for _, _, target in room.beside.sent} == {("203.0.113.7", 30001)}


def test_another_agreement_moves_the_reports(room: Room) -> None:
    talker = leg(room, 1)
    room.run(300)
    audio = replace(ALAW, reports=(HOST, 7777))
    room.engine.connect(LegId(1), talker.address, audio, room.now)
    room.run(500)
    assert room.beside.sent[0][2] == reported(1)
    assert room.beside.sent[-1][2] == (HOST, 7777)
    room.engine.connect(LegId(1), talker.address, ALAW, room.now)
    count = len(room.beside.sent)
    room.run(1000)
    assert len(room.beside.sent) == count


# ---- what they tell ----------------------------------------------------------------------------------------


class Far:
    """The phone's side of RTCP: answers what it was told, `delay` seconds later, and says how it hears us."""

    def __init__(self, room: Room, talker: Talker, *, shared: bool = False) -> None:
        self.room, self.talker, self.shared = room, talker, shared
        self.told = 0

    def answer(self, **changes: int) -> bytes:
        """To the last sender report. changes: of the block."""
        report = told(self.room, self.talker.row)[-1].reports[0]
        assert report.sending is not None
        block = Block(report.ssrc, 12, 30, 4000, 160, rtcp.middle(report.sending.ntp), 65536)
        return rtcp.write(Report(1, (replace(block, **changes),), Sending(1 << 40, 0, 0, 0)), "phone")


@pytest.mark.parametrize("shared", [False, True])
def test_what_they_hear_is_known_from_their_reports(room: Room, shared: bool) -> None:
    talker = leg(room, 1, shared=shared)
    room.run(300)
    octets = Far(room, talker).answer()
    if shared:
        room.wire.waiting[talker.row].append((octets, talker.address))
    else:
        hear(room, talker, octets)
    room.run(1)
    found = figures(room)
    assert (found.lost_there, found.jitter_there_ms, found.reports, found.junk) == (30, 20.0, 1, 0)
    assert found.mos_there is not None
    assert found.mos is not None
    assert found.mos_there < found.mos


def test_a_round_trip_is_what_is_left_without_their_waiting(room: Room) -> None:
    talker = leg(room, 1)
    while not room.beside.sent:
        room.run(1)
    sent_at = room.now - TICK
    octets = Far(room, talker).answer(since=round(0.5 * 65536))
    room.run(33)
    hear(room, talker, octets, age=0.013)
    room.run(1)
    came = room.now - TICK - 0.013
    assert figures(room).round_trip_ms == pytest.approx(1000 * (came - sent_at - 0.5), abs=0.2)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"since": 11 * 65536}, id="they waited for longer than it took"),
        pytest.param({"last": 0}, id="they have heard no report of ours"),
        pytest.param({"last": 0x12345678}, id="an answer to a report that we never sent"),
    ],
)
def test_a_round_trip_that_cannot_be_is_none(room: Room, changes: dict[str, int]) -> None:
    talker = leg(room, 1)
    room.run(300)
    hear(room, talker, Far(room, talker).answer(**changes))
    room.run(1)
    assert figures(room).round_trip_ms is None
    assert figures(room).lost_there == 30


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"ssrc": 99}, id="about another stream"),
        pytest.param({"lost": 100_000}, id="more lost than was sent"),
        pytest.param({"jitter": 1 << 31}, id="days of jitter"),
    ],
)
def test_what_cannot_be_true_of_our_stream_is_not_taken(room: Room, changes: dict[str, int]) -> None:
    talker = leg(room, 1)
    room.run(300)
    octets = Far(room, talker).answer(**changes)
    compound = rtcp.parse(octets)
    stranger = replace(compound.reports[0], ssrc=0)  # a sender report with SSRC 0
    hear(room, talker, rtcp.write(stranger, "phone"))
    room.run(1)
    found = figures(room)
    assert (found.lost_there, found.mos_there, found.reports, found.junk) == (None, None, 0, 1)


def test_duplicates_are_not_less_than_nothing_lost(room: Room) -> None:
    talker = leg(room, 1)
    room.run(300)
    hear(room, talker, Far(room, talker).answer(lost=-5))
    room.run(1)
    assert figures(room).lost_there == 0


def bombs(ssrc: int) -> dict[str, bytes]:
    """R-31, and more of its kind. ssrc: of the stream that they are about."""
    goodbye = rtcp.write(Report(ssrc), "x", leaving=True)
    return {
        "goodbye": goodbye,
        "31 blocks": b"\x9f\xc9\x00\x01" + ssrc.to_bytes(4),
        "four octets": b"\x80\xc9\x00\x00",
        "a name of 64 kB": goodbye[:8] + b"\x81\xca\xff\xff" + bytes(1400),
        "nothing": b"",
    }


@pytest.mark.parametrize("host", [HOST, "127.0.0.66"])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("bomb", sorted(bombs(1)))
def test_no_report_ends_a_call_or_costs_more_than_a_count(room: Room, bomb: str, shared: bool, host: str) -> None:
    """R-31. A goodbye of the right host is heard, and that is all."""
    talker = leg(room, 1, shared=shared)
    room.run(300)
    before = len(room.wire.sent[talker.row])
    octets = bombs(1)[bomb]
    for _ in range(50):
        if shared:
            room.wire.waiting[talker.row].append((octets, (host, talker.address[1])))
        else:
            hear(room, talker, octets, host=host)
    room.run(100)
    assert len(room.wire.sent[talker.row]) - before == 100
    found = figures(room)
    assert found.lost == 0
    assert found.lost_there is None
    if host != HOST and not shared:
        assert (found.strangers, found.junk, found.reports) == (50, 0, 0)
    elif bomb == "goodbye" and host == HOST:
        assert (found.strangers, found.junk, found.reports) == (0, 0, 50)
    else:
        assert (found.strangers, found.junk, found.reports) == (0, 50, 0)


def test_reports_can_be_sealed(room: Room) -> None:
    """The hook for SRTCP: what goes is sealed, what does not open is refused."""
    talker = leg(room, 1)
    room.engine.seal_reports(LegId(1), Seal(lambda octets: octets + b"seal", lambda octets: octets[:-4] or None))
    room.run(300)
    assert all(octets.endswith(b"seal") for _, octets, _ in room.beside.sent)
    room.beside.sent = [(row, octets[:-4], target) for row, octets, target in room.beside.sent]
    plain = Far(room, talker).answer()
    hear(room, talker, plain + b"seal")
    hear(room, talker, b"seal")
    room.run(1)
    found = figures(room)
    assert (found.reports, found.junk, found.lost_there) == (1, 1, 30)


# ---- what is counted ---------------------------------------------------------------------------------------


def test_a_leg_that_ends_tells_its_figures_once(room: Room) -> None:
    leg(room, 1)
    room.run(200)
    before = figures(room)
    room.engine.close(LegId(1))
    room.engine.close(LegId(1))
    room.talkers.clear()
    room.run(1)
    [ended] = room.told(LegEnded)
    assert isinstance(ended, LegEnded)
    assert ended == LegEnded(LegId(1), before)
    assert (before.codec, before.received, before.sent, before.lost, before.mos) == ("PCMA", 200, 200, 0, 4.38)


def test_every_leg_tells_its_figures_when_the_room_is_shut(room: Room) -> None:
    leg(room, 1)
    leg(room, 2)
    room.run(5)
    assert {fact.leg for fact in room.engine.shut() if isinstance(fact, LegEnded)} == {1, 2}


@pytest.mark.parametrize("percent", [0, 1, 5, 20])
def test_a_lossy_leg_is_known_by_its_losses_and_its_opinion(room: Room, percent: int) -> None:
    talker = leg(room, 1)
    chance = random.Random(9)

    def each(_: int) -> None:
        if chance.random() < percent / 100:
            talker.sequence += 1
            talker.timestamp += 160
            talker.said += 160
        else:
            talker.say()

    room.run(MINUTE, each)
    found = figures(room)
    assert found.lost / (found.lost + found.received) == pytest.approx(percent / 100, abs=0.015)
    assert found.mos == pytest.approx({0: 4.38, 1: 4.28, 5: 3.9, 20: 2.6}[percent], abs=0.12)


def test_losses_in_bursts_are_worse_than_as_many_by_chance(room: Room) -> None:
    even, bursts = leg(room, 1), leg(room, 2)

    def each(n: int) -> None:
        for talker, lost in ((even, n % 20 == 10), (bursts, 10 <= n % 200 < 20)):
            if lost:
                talker.sequence += 1
                talker.timestamp += 160
            else:
                talker.say()

    room.run(MINUTE, each)
    assert figures(room, 1).lost == figures(room, 2).lost == 150
    assert figures(room, 2).mos < figures(room, 1).mos - 0.1  # type: ignore[operator]  # both are there


def test_keys_are_no_losses(room: Room) -> None:
    """Events have a place in the sequence, though they are no sound."""
    talker = leg(room, 1)

    def each(n: int) -> None:
        if 100 <= n < 110:
            talker.send(bytes([5, 10 | (0x80 if n >= 107 else 0), 0, 160]), kind=101)
        else:
            talker.say()

    room.run(300, each)
    assert (figures(room).lost, figures(room).received) == (0, 300)


def test_a_leg_of_less_than_a_second_has_no_opinion(room: Room) -> None:
    leg(room, 1)
    room.run(40)
    assert (figures(room).mos, figures(room).mos_there) == (None, None)


def plain_jitter(times: list[float], stamps: list[int], clock: int) -> float:
    """RFC 3550 A.8 as it stands there, in seconds."""
    jitter = 0.0
    for n in range(1, len(times)):
        d = (times[n] - times[n - 1]) - (stamps[n] - stamps[n - 1]) / clock
        jitter += (abs(d) - jitter) / 16
    return jitter


def test_jitter_is_of_when_packets_came_not_of_when_they_were_read() -> None:
    """A phone at the very border of the tick: none is read in one tick and two in the next, though they come evenly."""

    class Stamping(Wire):
        came = 5000.0

        def drain(self, rows: NDArray[np.intp]) -> Arrived:
            arrived = super().drain(rows)
            stamps = self.came + TICK * np.arange(len(arrived.rows), dtype=np.float64)
            self.came += TICK * len(arrived.rows)
            return replace(arrived, stamps=stamps)

    def jitter(room: Room) -> float:
        talker = leg(room, 1)

        def each(n: int) -> None:
            for _ in range(0 if n % 2 else 2):
                talker.say()

        room.run(400, each)
        return figures(room).jitter_ms

    room = Room()
    room.wire = Stamping(8)
    room.engine = Engine(rows=8, chance=random.Random(5), sockets=room.wire, keeper=room.keeper, ports=room.beside)
    assert jitter(room) == 0.0
    assert jitter(Room()) > 15.0


@pytest.mark.parametrize("clock", [8000, 48000])
@given(st.integers(0, 2**32 - 1), st.lists(st.floats(0, 0.2), min_size=1, max_size=30))
@settings(max_examples=30)
def test_jitter_is_the_rfcs(clock: int, first: int, delays: list[float]) -> None:
    reception = Reception(4)
    reception.set_clock(2, clock)
    times = [10 + n * TICK + delay for n, delay in enumerate(delays)]
    stamps = [first + n * clock // 50 for n in range(len(delays))]
    row = np.array([2], np.intp)
    for n, (at, stamp) in enumerate(zip(times, stamps, strict=True)):
        reception.note(
            row,
            np.array([7], np.uint32),
            np.array([(65530 + n) & 0xFFFF], np.uint16),
            np.array([stamp & 0xFFFFFFFF], np.uint32),
            np.array([at]),
            np.array([True]),
        )
    assert reception.jitter[2] == pytest.approx(plain_jitter(times, stamps, clock), abs=1e-9)
    assert (reception.expected(2), reception.received(2)) == (len(delays), len(delays))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2**16 - 1)), max_size=80), st.integers(1, 9))
def test_all_of_a_tick_at_once_is_as_one_after_the_other(packets: list[tuple[int, int]], size: int) -> None:
    """The fast way equals the plain way, whatever comes."""
    together, alone = Reception(3), Reception(3)
    for start in range(0, len(packets), size):
        some = packets[start : start + size]
        rows, sequence = np.array([row for row, _ in some]), np.array([number for _, number in some], np.uint16)
        ssrc, stamps = np.ones(len(some), np.uint32), sequence.astype(np.uint32) * np.uint32(160)
        at, timed = np.full(len(some), start * TICK), np.ones(len(some), np.bool_)
        together.note(rows, ssrc, sequence, stamps, at, timed)
        for n in range(len(some)):
            one = slice(n, n + 1)
            alone.note(rows[one], ssrc[one], sequence[one], stamps[one], at[one], timed[one])
    for row in range(3):
        for asked in (Reception.expected, Reception.received, Reception.runs, Reception.highest, Reception.mean_jitter):
            assert asked(together, row) == asked(alone, row)


def test_sequence_numbers_wrap_and_begin_anew(room: Room) -> None:
    talker = leg(room, 1)
    talker.sequence = 65500
    room.run(100)
    assert (figures(room).lost, figures(room).received) == (0, 100)
    talker.ssrc, talker.sequence = 77, 5
    room.run(100)
    talker.sequence += 20_000  # a phone that began anew within its SSRC
    talker.timestamp += 20_000 * 160
    room.run(100)
    found = figures(room)
    assert found.received in (299, 300)  # the first of a new count is not believed
    assert found.lost <= 1


def test_packets_that_are_overtaken_are_not_lost(room: Room) -> None:
    talker = leg(room, 1)

    def each(n: int) -> None:
        if n % 7:
            talker.say()
            talker.say() if n % 7 == 1 else None
        else:
            return
        if n % 7 == 1:
            room.wire.waiting[talker.row].reverse()

    room.run(700, each)
    found = figures(room)
    assert (found.lost, found.received) == (0, 700)
