"""The odd ports on real sockets: what comes, from where, how long ago; and reports of a whole media room."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from callcenterd.clock import SystemClock
from callcenterd.media import rtcp
from callcenterd.media.addresses import key_of
from callcenterd.media.facts import LegEnded, LegStatistics
from callcenterd.media.reportports import MOST_READ, KernelPorts
from callcenterd.media.rtcp import Block, Report, Sending
from callcenterd.media.sockets import BatchedSockets, PlainSockets, Ports, Sockets
from callcenterd.media.thread import Media
from tests.media.packets import packet
from tests.media.test_thread import ALAW, Listening


def peer(port: int = 0) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind(("127.0.0.1", port))
    one.settimeout(5)
    return one


def pair() -> tuple[socket.socket, socket.socket]:
    """Of an even port and the odd one above it, on a phone's own address."""
    for port in range(46000, 47000, 2):
        try:
            one, other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), peer(port + 1)
            one.bind(("127.0.0.1", port))
        except OSError:
            continue
        one.settimeout(5)
        return one, other
    raise AssertionError("no pair of ports is free")


@pytest.fixture
def ports() -> Iterator[KernelPorts]:
    made = KernelPorts()
    yield made
    made.close()


RANGE = Ports(range(40000, 42000))


def opened(ports: KernelPorts, row: int) -> tuple[str, int]:
    odd = None
    while odd is None:  # a neighbour on this machine may have the odd one; the range goes on to the next
        with RANGE.open("127.0.0.1") as even:
            host, port = even.getsockname()
            odd = RANGE.open_beside(host, port)
    assert odd.getsockname() == (host, port + 1)
    ports.add(row, odd.detach())
    return host, port + 1


def test_what_comes_is_told_with_its_row_source_and_age(ports: KernelPorts) -> None:
    at = {row: opened(ports, row) for row in (3, 70_000)}
    assert ports.drain() == []
    with peer() as other:
        source = key_of(*other.getsockname())
        other.sendto(b"first", at[3])
        other.sendto(b"second", at[70_000])
        other.sendto(b"x" * 3000, at[3])
        time.sleep(0.05)
        first = {heard.row: heard for heard in ports.drain()}
        assert {row: heard.octets for row, heard in first.items()} == {3: b"first", 70_000: b"second"}
        assert all(heard.source == source and 0.05 <= heard.age < 0.5 for heard in first.values())
        [long] = ports.drain()
        assert len(long.octets) == 1536
        assert ports.drain() == []


def test_a_flood_on_one_port_keeps_no_other_waiting(ports: KernelPorts) -> None:
    at = {row: opened(ports, row) for row in range(3)}
    with peer() as other:
        for _ in range(30):
            other.sendto(b"flood", at[1])
        other.sendto(b"report", at[2])
        assert sorted(heard.row for heard in ports.drain()) == [1, 2]
        assert [heard.row for heard in ports.drain()] == [1]
    assert MOST_READ >= 2


def test_a_port_at_which_nobody_listens_is_no_fault(ports: KernelPorts) -> None:
    """The kernel may tell of it (ICMP) at any later call."""
    at = opened(ports, 0)
    with peer() as other:
        target = key_of(*other.getsockname())
    for _ in range(3):
        ports.send(0, b"report", target)
        assert ports.drain() == []
    with peer() as other:
        ports.send(0, b"report", key_of(*other.getsockname()))
        assert other.recvfrom(100) == (b"report", at)
    ports.remove(0)
    ports.remove(0)
    ports.send(0, b"report", target)
    assert ports.drain() == []


def test_an_odd_port_that_is_taken_is_done_without() -> None:
    range_of = Ports(range(40000, 42000))
    with range_of.open("127.0.0.1") as even:
        host, port = even.getsockname()
        with peer(port + 1):
            assert range_of.open_beside(host, port) is None
        assert range_of.open_beside("203.0.113.9", port) is None  # no address of this machine


@pytest.mark.parametrize("kind", [PlainSockets, BatchedSockets])
def test_a_report_on_the_shared_port_goes_where_the_sound_goes(kind: Callable[[int], Sockets]) -> None:
    try:
        sockets = kind(2)
    except OSError:
        assert kind is BatchedSockets  # a container may forbid it; the other kind is then what runs
        return
    bound = Ports(range(40000, 42000)).open("127.0.0.1")
    sockets.add(1, bound.detach())
    sockets.say(1, b"nobody")  # aimed at nobody yet
    with peer() as other:
        for only in (False, True):
            sockets.aim(1, key_of(*other.getsockname()), only=only)
            sockets.say(1, b"report")
            assert other.recv(100) == b"report"
    sockets.close()


@pytest.mark.alone
@pytest.mark.parametrize("shared", [False, True])
async def test_a_phone_that_reports_is_known_by_its_reports_when_its_leg_ends(tmp_path: Path, *, shared: bool) -> None:
    """Real sockets, real time: our reports come, theirs are taken, the round trip is short, the end is told."""
    listening = Listening()
    media = Media(clock=SystemClock(), ports=range(43200, 43300), tell=listening.tell, recordings=tmp_path)
    loop = asyncio.get_running_loop()
    media.start(loop)
    leg, port = media.open_leg("127.0.0.1")
    sound, odd = pair()
    here = sound if shared else odd
    there = ("127.0.0.1", port if shared else port + 1)
    with sound, odd:
        for one in (sound, odd):
            one.setblocking(False)
        media.connect(leg, sound.getsockname(), replace(ALAW, reports=here.getsockname(), reports_shared=shared))

        async def talk() -> None:
            for n in range(10_000):
                sound.sendto(packet(bytes(160), sequence=n, timestamp=160 * n, ssrc=7), ("127.0.0.1", port))
                # Not by a timetable: after a stall of the loop, what is owed would come at once.
                await asyncio.sleep(0.02)

        async def listen() -> Report:
            while True:
                octets = await loop.sock_recv(here, 2000)
                if 200 <= octets[1] <= 201 and rtcp.parse(octets).reports[0].sending is not None:
                    return rtcp.parse(octets).reports[0]

        talking = asyncio.create_task(talk())
        async with asyncio.timeout(20):
            report = await listen()
            assert report.sending is not None
            [block] = report.blocks
            assert (block.ssrc, block.lost) == (7, 0)
            await asyncio.sleep(0.25)
            answer = Block(report.ssrc, 0, 3, 1000, 80, rtcp.middle(report.sending.ntp), round(0.25 * 65536))
            octets = rtcp.write(Report(7, (answer,), Sending(1, 1, 1, 1)), "phone")
            here.sendto(octets, there)
            while media.statistics(leg).reports == 0:
                await asyncio.sleep(0.02)
        talking.cancel()
        media.close_leg(leg)
        ended = await listening.wait_for(LegEnded)
        async with asyncio.timeout(5):
            while True:
                last = await loop.sock_recv(here, 2000)
                if last[1] in (200, 201) and rtcp.parse(last).leaving:
                    break
    await asyncio.to_thread(media.stop)
    assert isinstance(ended, LegEnded)
    found: LegStatistics = ended.sound
    assert ended.leg == leg
    assert (found.lost, found.lost_there, found.jitter_there_ms, found.reports) == (0, 3, 10.0, 1)
    assert found.round_trip_ms is not None
    assert 0.0 <= found.round_trip_ms < 150.0
    assert found.mos is not None
    assert 4.2 < found.mos < 4.41
