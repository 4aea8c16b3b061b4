"""What encrypted sound costs: a packet opened and sealed, by suite, and the calls that fit on a core.

Measured in the very places where the tick has it: a block of a hundred rows' packets, opened in place, and a block
of a hundred rows, sealed and plain again. CPU time of one thread.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from callcenterd.media.sdes import SUITES, Key, Seal, Suite
from callcenterd.media.sockets import ROOM
from callcenterd.media.srtp import Outbound, Seals

ROWS, TICKS = 100, 300
PACKET = 172
TICKS_A_SECOND = 50


def _seal(suite: Suite) -> Callable[[], dict[str, Any]]:
    def measure() -> dict[str, Any]:
        chance = random.Random(1)
        sizes = SUITES[suite]
        seals, others = Seals(ROWS), []
        begun = time.thread_time()
        for row in range(ROWS):
            ours, theirs = (Key(chance.randbytes(sizes.key + sizes.salt)) for _ in range(2))
            seals.agree(row, Seal(suite, ours, theirs))
            others.append(theirs)
        agree_us = (time.thread_time() - begun) / ROWS * 1e6
        phones = [Outbound(suite, key) for key in others]
        rows, lengths = np.arange(ROWS), np.full(ROWS, PACKET, np.int64)
        open_s = seal_s = 0.0
        for tick in range(TICKS):
            block = _packets(tick)
            for row, phone in enumerate(phones):
                phone.seal(block[row].data, block.ctypes.data + row * ROOM, PACKET)
            came = lengths + sizes.tag
            begun = time.thread_time()
            seals.unseal(rows, block, came)
            open_s += time.thread_time() - begun
            if not (came == PACKET).all():
                raise AssertionError("a packet was refused")
            begun = time.thread_time()
            with seals.sealed_for_sending(block, rows, lengths):
                pass
            seal_s += time.thread_time() - begun
        count = ROWS * TICKS
        both = (open_s + seal_s) / count
        return {
            "open_us": round(open_s / count * 1e6, 2),
            "seal_us": round(seal_s / count * 1e6, 2),
            "agree_us": round(agree_us, 1),
            "core_of_a_hundred_sealed_legs": round(both * 100 * TICKS_A_SECOND, 4),
            "calls_a_core_for_sealing_alone": int(1 / (both * TICKS_A_SECOND * 2)),
        }

    return measure


def _packets(tick: int) -> np.ndarray:
    block = np.full((ROWS, ROOM), 0xD5, np.uint8)
    block[:, :12] = np.frombuffer(
        b"\x80\x08" + (tick & 0xFFFF).to_bytes(2) + (tick * 160 & 0xFFFFFFFF).to_bytes(4) + b"\0\0\0\1", np.uint8
    )
    return block


BENCHES: Mapping[str, Callable[[], dict[str, Any]]] = {f"srtp.{suite.lower()}": _seal(suite) for suite in SUITES}
