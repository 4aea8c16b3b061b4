"""Both ways to the kernel do the same, on real sockets."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from callcenterd.media.addresses import key_of
from callcenterd.media.sockets import (
    FIRST_WATCHED,
    ROOM,
    ROUNDS,
    TURNS,
    WATCHED,
    WATCHES,
    BatchedSockets,
    NoPorts,
    PlainSockets,
    Ports,
    Sockets,
    age_of,
)

ROWS = 4


@pytest.fixture(params=[PlainSockets, BatchedSockets])
def sockets(request: pytest.FixtureRequest) -> Iterator[Sockets]:
    kind: Callable[[int], Sockets] = request.param
    try:
        made = kind(ROWS)
    except OSError:
        # A container may forbid io_uring; then the server runs on the other kind as well.
        assert kind is BatchedSockets
        made = PlainSockets(ROWS)
    yield made
    made.close()


def peer() -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind(("127.0.0.1", 0))
    one.settimeout(5)
    return one


def opened(sockets: Sockets, row: int) -> int:
    bound = Ports(range(40000, 42000)).open("127.0.0.1")
    port: int = bound.getsockname()[1]
    sockets.add(row, bound.detach())
    return port


def test_what_comes_is_told_with_row_length_and_source(sockets: Sockets) -> None:
    ports = {row: opened(sockets, row) for row in (0, 2)}
    with peer() as other:
        other.sendto(b"first", ("127.0.0.1", ports[0]))
        other.sendto(b"x" * 700, ("127.0.0.1", ports[2]))
        other.sendto(b"second", ("127.0.0.1", ports[0]))
        arrived = sockets.drain(np.array([0, 2], np.intp))
        source = key_of(*other.getsockname())
    found = sorted(zip(arrived.rows.tolist(), arrived.lengths.tolist(), strict=True))
    assert found == [(0, 5), (0, 6), (2, 700)]
    assert set(arrived.sources.tolist()) == {source}
    texts = [arrived.octets[n, :length].tobytes() for n, length in enumerate(arrived.lengths.tolist()) if length < ROOM]
    assert texts == [b"first", b"second"]
    assert len(sockets.drain(np.array([0, 2], np.intp)).rows) == 0


def test_a_flood_waits_for_the_next_tick(sockets: Sockets) -> None:
    port = opened(sockets, 1)
    with peer() as other:
        for n in range(ROUNDS + 3):
            other.sendto(bytes([n]), ("127.0.0.1", port))
        assert len(sockets.drain(np.array([1], np.intp)).rows) == ROUNDS
        assert len(sockets.drain(np.array([1], np.intp)).rows) == 3


def test_what_is_sent_arrives_at_the_target_also_after_it_moved(sockets: Sockets) -> None:
    opened(sockets, 3)
    rows, lengths = np.array([3], np.intp), np.array([6], np.int64)
    with peer() as one, peer() as two:
        for other, only in ((one, False), (one, True), (two, True), (two, False)):
            sockets.aim(3, key_of(*other.getsockname()), only=only)
            sockets.outgoing[3, :6] = np.frombuffer(b"packet", np.uint8)
            sockets.send(rows, lengths)
            assert other.recv(100) == b"packet"


def test_the_kernel_keeps_strangers_away_from_a_row_that_is_aimed_at_one_only(sockets: Sockets) -> None:
    port = opened(sockets, 0)
    with peer() as friend, peer() as stranger:
        sockets.aim(0, key_of(*friend.getsockname()), only=True)
        stranger.sendto(b"stranger", ("127.0.0.1", port))
        friend.sendto(b"friend", ("127.0.0.1", port))
        arrived = sockets.drain(np.array([0], np.intp))
        assert arrived.octets[0, :6].tobytes() == b"friend"
        assert len(arrived.rows) == 1
        sockets.aim(0, key_of(*friend.getsockname()), only=False)
        stranger.sendto(b"stranger", ("127.0.0.1", port))
        assert len(sockets.drain(np.array([0], np.intp)).rows) == 1


def test_what_a_stranger_sent_before_the_row_was_aimed_is_told_as_the_strangers(sockets: Sockets) -> None:
    port = opened(sockets, 0)
    rows = np.array([0], np.intp)
    with peer() as friend, peer() as stranger:
        stranger.sendto(b"stranger", ("127.0.0.1", port))
        sockets.aim(0, key_of(*friend.getsockname()), only=True)
        told = []
        for n in range(20):
            friend.sendto(bytes([n]), ("127.0.0.1", port))
            arrived = sockets.drain(rows)
            told += list(zip(arrived.sources.tolist(), arrived.lengths.tolist(), strict=True))
        assert told[0] == (key_of(*stranger.getsockname()), 8)
        assert set(told[1:]) == {(key_of(*friend.getsockname()), 1)}
        assert len(told) == 21


def test_whatever_comes_when_nothing_waits_for_long(sockets: Sockets) -> None:
    """One, none, two, and four a tick: all of it is read, in its order, and no more than TURNS ticks late."""
    port = opened(sockets, 0)
    rows = np.array([0], np.intp)
    sent: list[int] = []
    read: list[int] = []
    with peer() as other:
        sockets.aim(0, key_of(*other.getsockname()), only=True)
        for tick in range(240):
            for _ in range((1, 1, 0, 2, 1, 4)[tick // 40]):
                other.sendto(bytes([len(sent) % 256]), ("127.0.0.1", port))
                sent.append(len(sent) % 256)
            arrived = sockets.drain(rows)
            read += arrived.octets[:, 0].tolist()
            assert len(sent) - len(read) <= 4 * TURNS
    for _ in range(TURNS):
        read += sockets.drain(rows).octets[:, 0].tolist()
    assert read == sent


def test_ports_are_even_and_given_in_turn() -> None:
    ports = Ports(range(42000, 42010))
    held = [ports.open("127.0.0.1") for _ in range(5)]
    assert [one.getsockname()[1] for one in held] == [42000, 42002, 42004, 42006, 42008]
    with pytest.raises(NoPorts, match="none of 5 ports"):
        ports.open("127.0.0.1")
    held[1].close()
    again = ports.open("127.0.0.1")
    assert again.getsockname()[1] == 42002
    for one in (*held, again):
        one.close()


def test_an_address_that_is_not_ours_is_refused() -> None:
    with pytest.raises(NoPorts):
        Ports(range(42100, 42110)).open("192.0.2.1")
    with pytest.raises(NoPorts, match="not an IPv4 address"):
        Ports(range(42100, 42110)).open("::1")


def test_when_a_datagram_came_is_known_of_a_rows_first_seconds_and_then_now_and_then() -> None:
    try:
        sockets = BatchedSockets(2)
    except OSError:
        return  # a container may forbid it; the other kind never asks
    port, rows = opened(sockets, 1), np.array([1], np.intp)
    told = []
    with peer() as other:
        sockets.aim(1, key_of(*other.getsockname()), only=True)
        for n in range(FIRST_WATCHED + WATCHES * WATCHED):
            before = time.clock_gettime(time.CLOCK_REALTIME)
            other.sendto(b"x", ("127.0.0.1", port))
            after = time.clock_gettime(time.CLOCK_REALTIME)
            if n == 3:
                time.sleep(0.05)  # it is not when we read it that counts
            arrived = sockets.drain(rows)
            assert arrived.stamps is not None
            [stamp] = arrived.stamps.tolist()
            told.append(not np.isnan(stamp))
            assert np.isnan(stamp) or before - 0.001 <= stamp <= after + 0.001
    sockets.close()
    assert told[2 : FIRST_WATCHED - 1] == [True] * (FIRST_WATCHED - 3)
    assert sum(told[FIRST_WATCHED:]) == pytest.approx(WATCHED, abs=1)


def test_how_long_a_datagram_waited_is_not_believed_of_a_date_that_was_set() -> None:
    now = time.clock_gettime(time.CLOCK_REALTIME)
    assert age_of(now - 0.5) == pytest.approx(0.5, abs=0.2)
    assert [age_of(stamp) for stamp in (now + 60, now - 60, float("nan"))] == [0.0, 0.0, 0.0]
