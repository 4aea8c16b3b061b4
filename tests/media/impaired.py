"""A line that loses, delays, reorders, doubles and drifts, in virtual time and by seed.

The same words as a network emulator's: delay in ms plus a normal one of half of `jitter` as its deviation, never
before it was sent; a reordered packet is not delayed at all; a burst is two states, lossless and losing (Gilbert).
"""

from __future__ import annotations

import random
from dataclasses import dataclass

TICK_MS = 20.0


@dataclass(frozen=True, kw_only=True)
class Impairments:
    """loss, reorder, duplicate: percent. burst: percent to become bad and to become good, for each packet.

    delay, jitter: ms. drift: ppm by which the sender's clock is faster than ours.
    """

    loss: float = 0
    burst: tuple[float, float] | None = None
    delay: float = 0
    jitter: float = 0
    reorder: float = 0
    duplicate: float = 0
    drift: float = 0
    seed: int = 1

    def arrivals(self, packets: int, ptime: float = TICK_MS) -> list[list[int]]:
        """For each tick of ours the numbers of the packets that arrive in it, in order of arrival."""
        chance, bad = random.Random(self.seed), False
        coming: list[tuple[float, int]] = []
        for n in range(packets):
            sent = 7.3 + n * ptime * (1 - self.drift / 1e6)
            if self.burst is not None:
                good_bad, bad_good = self.burst
                bad = chance.random() * 100 >= bad_good if bad else chance.random() * 100 < good_bad
            if bad or chance.random() * 100 < self.loss:
                continue
            late = max(0.0, self.delay + chance.gauss(0, self.jitter / 2))
            if chance.random() * 100 < self.reorder:
                late = 0.0
            coming.append((sent + late, n))
            if chance.random() * 100 < self.duplicate:
                coming.append((sent + late + chance.uniform(0, 5), n))
        coming.sort()
        ticks: list[list[int]] = [[] for _ in range(int((coming[-1][0]) / TICK_MS) + 2)]
        for at, n in coming:
            ticks[int(at / TICK_MS) + 1].append(n)
        return ticks
