"""Which address a leg's sound comes from: strangers never get in, phones behind NAT do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from callcenterd.media.addresses import address_of, key_of
from callcenterd.media.latch import LEARNING, SILENT, Latch
from tests.media.packets import block, packet

PHONE = ("1.2.3.7", 5004)  # one that the whole world reaches
BEHIND_NAT = ("192.168.1.9", 5004)
ROUTER = ("203.0.113.9", 40000)
STRANGER = ("203.0.113.66", 5004)


@dataclass
class Wire:
    latch: Latch
    sequence: int = 0

    def hear(self, source: tuple[str, int], now: float, packets: int = 1, octets: bytes = b"x" * 160) -> int:
        """How many of these packets in sequence counted."""
        ones = [packet(octets, sequence=self.sequence + n, timestamp=160 * n) for n in range(packets)]
        self.sequence += packets
        _, headers = block(ones)
        counts, _ = self.latch.sort_out(
            np.zeros(packets, np.intp), np.full(packets, key_of(*source), np.uint64), headers, now
        )
        return int(counts.sum())

    @property
    def source(self) -> tuple[str, int] | None:
        key = int(self.latch.source[0])
        return address_of(key) if key else None


@pytest.fixture
def wire() -> Wire:
    return Wire(Latch(1))


def test_the_announced_address_counts_at_once(wire: Wire) -> None:
    wire.latch.expect(0, key_of(*PHONE), 0.0)
    assert wire.hear(PHONE, 0.1) == 1


def test_before_anything_is_announced_nobody_counts(wire: Wire) -> None:
    assert wire.hear(PHONE, 0.1, packets=50) == 0


def test_another_port_of_the_same_host_counts_after_three_in_sequence(wire: Wire) -> None:
    wire.latch.expect(0, key_of(*PHONE), 0.0)
    moved = (PHONE[0], 6004)
    assert [wire.hear(moved, 0.1) for _ in range(4)] == [0, 0, 1, 1]


def test_a_public_address_is_never_departed_from(wire: Wire) -> None:
    wire.latch.expect(0, key_of(*PHONE), 0.0)
    assert wire.hear(STRANGER, 0.1, packets=60) == 0
    assert wire.source is None
    assert wire.hear(PHONE, 0.2) == 1


def test_a_phone_behind_nat_is_found_by_its_steady_stream(wire: Wire) -> None:
    wire.latch.expect(0, key_of(*BEHIND_NAT), 0.0)
    assert [wire.hear(ROUTER, 0.1) for _ in range(6)] == [0, 0, 0, 0, 1, 1]
    assert wire.source == ROUTER


def test_a_spray_out_of_sequence_never_gets_in(wire: Wire) -> None:
    wire.latch.expect(0, key_of(*BEHIND_NAT), 0.0)
    for n in range(200):
        wire.sequence = n * 977
        assert wire.hear(STRANGER, 0.01 * n) == 0


def test_learning_ends(wire: Wire) -> None:
    wire.latch.expect(0, key_of(*BEHIND_NAT), 0.0)
    assert wire.hear(ROUTER, LEARNING + 0.1, packets=50) == 0


def test_while_the_source_speaks_nobody_takes_its_place(wire: Wire) -> None:
    wire.latch.expect(0, key_of(*PHONE), 0.0)
    for n in range(100):
        assert wire.hear(PHONE, 0.02 * n) == 1
        assert wire.hear((PHONE[0], 7000), 0.02 * n) == 0
    assert wire.source == PHONE


def test_a_new_port_of_the_nat_is_followed_after_silence(wire: Wire) -> None:
    wire.latch.expect(0, key_of(*BEHIND_NAT), 0.0)
    wire.hear(ROUTER, 0.1, packets=5)
    later, elsewhere = 0.1 + SILENT + 0.1, (ROUTER[0], 40002)
    assert wire.hear(STRANGER, later, packets=50) == 0
    assert wire.hear(elsewhere, later, packets=3) > 0
    assert wire.source == elsewhere


def test_a_new_description_begins_all_over(wire: Wire) -> None:
    wire.latch.expect(0, key_of(*PHONE), 0.0)
    wire.hear(PHONE, 0.1)
    assert wire.latch.expect(0, key_of("1.2.3.8", 5004), 1.0)
    assert wire.hear(PHONE, 1.1) == 0
    assert wire.hear(("1.2.3.8", 5004), 1.1) == 1


def test_the_same_description_again_changes_nothing(wire: Wire) -> None:
    wire.latch.expect(0, key_of(*PHONE), 0.0)
    wire.hear(PHONE, 0.1)
    assert not wire.latch.expect(0, key_of(*PHONE), 1.0)
    assert wire.source == PHONE


def test_loopback_is_only_left_for_loopback(wire: Wire) -> None:
    wire.latch.expect(0, key_of("127.0.0.11", 4000), 0.0)
    assert wire.hear(ROUTER, 0.1, packets=50) == 0
    assert wire.hear(("127.0.0.1", 4000), 0.2, packets=5) > 0
