"""acd.theory: waits, service levels and abandonment of the ACD against Erlang C and Erlang A.

Each case is played twice with the same numbers. The ACD itself plays a few thousand callers, and each must wait
exactly as long as in a plain recursion over the times at which agents come free (Kiefer and Wolfowitz 1955): the
greatest difference is a figure of the table. The recursion then goes on for many millions of callers, which an ACD
would need days for, since waits of neighbours are alike for hours under a load of 0.95. It runs as independent halls
side by side; each hall's mean is one of the batches, of which half_width is the 95 % confidence interval.

`python -m bench.theory` prints the table for people.
"""

from __future__ import annotations

import heapq
import itertools
import json
import math
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callcenterd.acd.erlang import ErlangA, ErlangC
from callcenterd.acd.router import Acd, Decision, Offer
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.site import QueueSettings

HANDLING, PATIENCE, WITHIN = 180.0, 120.0, 20.0
"""Seconds: mean of a conversation, mean patience (Erlang A), and the answer time that the service level counts."""
HALLS, _BLOCK = 400, 256
STUDENT = 1.966
"""97.5 % quantile of Student's t with HALLS - 1 degrees of freedom."""
SMALLEST = {"wait": 0.005, "served": 0.0001, "abandoned": 0.0001}
"""A difference below these (seconds, shares) counts as none: 2 % of a wait of a microsecond is nothing to anybody."""


@dataclass(frozen=True, slots=True)
class Case:
    """load: for one agent, arrivals x handling / agents. patience: seconds, or inf."""

    agents: int
    load: float
    patience: float

    @property
    def arrivals(self) -> float:
        return self.load * self.agents / HANDLING


@dataclass(frozen=True, slots=True)
class Numbers:
    """What chance gave to each caller, all (callers,) in seconds: when it comes, its conversation, its patience."""

    arrival: NDArray[np.float64]
    service: NDArray[np.float64]
    patience: NDArray[np.float64]

    @classmethod
    def drawn(cls, case: Case, callers: int, seed: int) -> Numbers:
        chance = np.random.default_rng(seed)
        arrival = chance.exponential(1 / case.arrivals, callers).cumsum()
        service = chance.exponential(HANDLING, callers)
        patience = np.full(callers, np.inf)
        if math.isfinite(case.patience):
            patience = chance.exponential(case.patience, callers)
        return cls(arrival, service, patience)


@dataclass(frozen=True, slots=True)
class Waits:
    """(callers,): seconds waited, and whether an agent came at last."""

    waited: NDArray[np.float64]
    answered: NDArray[np.bool_]


def plain_waits(case: Case, numbers: Numbers) -> Waits:
    """The recursion, caller by caller: who comes next gets the agent who is free soonest, or gives up before."""
    free = [0.0] * case.agents
    waited, answered = np.empty(len(numbers.arrival)), np.empty(len(numbers.arrival), np.bool_)
    columns = zip(numbers.arrival.tolist(), numbers.service.tolist(), numbers.patience.tolist(), strict=True)
    for n, (arrival, service, patience) in enumerate(columns):
        begins = max(arrival, free[0])
        if begins > arrival + patience:
            waited[n], answered[n] = (arrival + patience) - arrival, False
        else:
            waited[n], answered[n] = begins - arrival, True
            heapq.heapreplace(free, begins + service)
    return Waits(waited, answered)


class AcdHall:
    """The ACD with agents who answer at once and callers who give up when their patience is over."""

    def __init__(self, case: Case, numbers: Numbers) -> None:
        self._numbers = numbers
        self._acd = Acd(random.Random(1))
        self._agents = [AgentId(f"{1001 + n}") for n in range(case.agents)]
        self._queue = QueueSettings(
            name=QueueName("sales"), members=tuple(self._agents), wrap_up=0, ring=1e9, strategy="longest_idle"
        )
        self._ends: list[tuple[float, AgentId]] = []
        callers = len(numbers.arrival)
        self._waited, self._answered = np.zeros(callers), np.zeros(callers, np.bool_)

    def play(self) -> Waits:
        acd, numbers = self._acd, self._numbers
        acd.configure([self._queue], {agent: agent for agent in self._agents}, 0.0)
        for agent in self._agents:
            acd.phone(agent, True, 0.0)
            acd.want(agent, "ready", "", 0.0)
        arrivals: list[float] = numbers.arrival.tolist()
        patience: list[float] = numbers.patience.tolist()
        gives_up: list[tuple[float, int]] = []
        n = 0
        while n < len(arrivals) or self._ends or gives_up:
            arrival = arrivals[n] if n < len(arrivals) else math.inf
            end = self._ends[0][0] if self._ends else math.inf
            up = gives_up[0][0] if gives_up else math.inf
            if end <= arrival and end <= up:
                now, agent = heapq.heappop(self._ends)
                self._told(acd.talk_ended(agent, now), now)
            elif up < arrival:
                now, caller = heapq.heappop(gives_up)
                if not self._answered[caller]:
                    self._waited[caller] = now - arrivals[caller]
                    self._told(acd.leave(_call(caller), now), now)
            else:
                self._told(acd.enqueue(_call(n), self._queue.name, arrival), arrival)
                if not self._answered[n] and patience[n] < math.inf:
                    heapq.heappush(gives_up, (arrival + patience[n], n))
                n += 1
        return Waits(self._waited, self._answered)

    def _told(self, decisions: Sequence[Decision], now: float) -> None:
        for decision in decisions:
            if isinstance(decision, Offer):
                caller = int(decision.call)
                agent = decision.agents[0]
                self._waited[caller] = now - self._numbers.arrival[caller]
                self._answered[caller] = True
                heapq.heappush(self._ends, (now + float(self._numbers.service[caller]), agent))
                more = self._acd.answered(decision.call, agent, now)
                assert not any(isinstance(one, Offer) for one in more)


def _call(caller: int) -> CallId:
    return CallId(f"{caller:08}")


@dataclass(frozen=True, slots=True)
class Measured:
    """Of many halls: the mean of each figure, and the half-width of its confidence interval."""

    callers: int
    mean: Mapping[str, float]
    half_width: Mapping[str, float]

    def is_within(self, share: float) -> bool:
        return all(wide <= max(share * self.mean[name], SMALLEST[name] / 2) for name, wide in self.half_width.items())


def long_run(case: Case, seed: int, *, half_width: float, callers: int) -> Measured:
    """The recursion for HALLS halls side by side, each begun empty and watched only when it has forgotten that.

    It goes on until every half-width is that share of the figure (or is too small to matter), or until so many callers
    were counted. A hall forgets in some load / (1 - sqrt(load))² callers; ten times that is left out.
    """
    chance = np.random.default_rng(seed)
    warm = int(10 * case.load / (1 - math.sqrt(case.load)) ** 2) + 10 * case.agents
    rows = np.arange(HALLS)
    free = np.zeros((HALLS, case.agents))  # seconds from now until each agent is free; below 0: free since
    sums = {name: np.zeros(HALLS) for name in SMALLEST}
    counted = 0
    for step in itertools.count():
        if step % _BLOCK == 0:
            gaps = chance.exponential(1 / case.arrivals, (_BLOCK, HALLS))
            services = chance.exponential(HANDLING, (_BLOCK, HALLS))
            patiences = np.full((_BLOCK, HALLS), np.inf)
            if math.isfinite(case.patience):
                patiences = chance.exponential(case.patience, (_BLOCK, HALLS))
            if counted > warm:
                measured = _measured(sums, counted)
                if measured.callers >= callers or measured.is_within(half_width):
                    return measured
        free -= gaps[step % _BLOCK][:, None]
        soonest = free.argmin(axis=1)
        lowest = free[rows, soonest]
        offered = np.maximum(lowest, 0.0)
        patience = patiences[step % _BLOCK]
        stays = offered <= patience
        free[rows, soonest] = np.where(stays, offered + services[step % _BLOCK], lowest)
        if step >= warm:
            sums["wait"] += np.minimum(offered, patience)
            sums["served"] += stays & (offered <= WITHIN)
            sums["abandoned"] += ~stays
            counted += 1
    raise AssertionError("counting has no end")


def _measured(sums: Mapping[str, NDArray[np.float64]], steps: int) -> Measured:
    means = {name: each / steps for name, each in sums.items()}
    return Measured(
        HALLS * steps,
        {name: float(each.mean()) for name, each in means.items()},
        {name: float(STUDENT * each.std(ddof=1) / math.sqrt(HALLS)) for name, each in means.items()},
    )


def theory(case: Case) -> Mapping[str, float]:
    if math.isinf(case.patience):
        c = ErlangC(agents=case.agents, arrivals=case.arrivals, handling=HANDLING)
        return {"wait": c.wait, "served": c.answered_within(WITHIN), "abandoned": 0.0}
    a = ErlangA(agents=case.agents, arrivals=case.arrivals, handling=HANDLING, patience=case.patience)
    return {"wait": a.wait, "served": a.answered_within(WITHIN), "abandoned": a.abandoned}


def off_by(measured: float, expected: float, name: str) -> float:
    """The difference as a share of what theory says; 0 for one that is too small to matter to anybody."""
    difference = abs(measured - expected)
    return 0.0 if difference <= SMALLEST[name] else difference / max(expected, SMALLEST[name])


CASES = tuple(
    Case(agents, load, patience)
    for patience in (math.inf, PATIENCE)
    for agents in (5, 20, 100)
    for load in (0.6, 0.7, 0.8, 0.9, 0.95)
)


HALF_WIDTH, MOST = 0.01, 200_000_000
"""The long runs end at a confidence interval of 1 % to either side, or after so many callers."""


def row(
    case: Case, through_acd: int, seed: int, *, half_width: float = HALF_WIDTH, callers: int = MOST
) -> dict[str, Any]:
    """One case measured: rounded figures for the table, and how far they are off."""
    numbers = Numbers.drawn(case, through_acd, seed)
    acd, plain = AcdHall(case, numbers).play(), plain_waits(case, numbers)
    differs = float(np.abs(acd.waited - plain.waited).max()) if (acd.answered == plain.answered).all() else math.inf
    expected, measured = theory(case), long_run(case, seed, half_width=half_width, callers=callers)
    figures: dict[str, Any] = {
        "model": "C" if math.isinf(case.patience) else "A",
        "agents": case.agents,
        "load": case.load,
        "acd_callers": through_acd,
        "acd_differs_seconds": differs,
        "callers": measured.callers,
    }
    for name in ("wait", "served", "abandoned"):
        figures[name] = round(measured.mean[name], 5)
        figures[f"{name}_half_width"] = round(measured.half_width[name], 6)
        figures[f"{name}_theory"] = round(expected[name], 5)
    figures["off_percent"] = round(100 * max(off_by(measured.mean[name], expected[name], name) for name in expected), 2)
    return figures


def run_theory() -> dict[str, Any]:
    """wait: mean seconds of all callers. served: share answered within 20 s. half_width: 95 %. off_percent: the worst.

    A difference below 0.005 s, or of 0.01 of a hundred callers, counts as none.
    """
    rows = [row(case, 20_000 if case.agents < 100 else 8_000, seed) for seed, case in enumerate(CASES)]
    return {
        "handling_seconds": HANDLING,
        "patience_seconds": PATIENCE,
        "within_seconds": WITHIN,
        "acd_differs_seconds_max": max(one["acd_differs_seconds"] for one in rows),
        "off_percent_max": max(one["off_percent"] for one in rows),
        "cases": rows,
    }


BENCHES: Mapping[str, Callable[..., dict[str, Any]]] = {"acd.theory": run_theory}


def table(figures: Mapping[str, Any]) -> str:
    """±: the half-width of the 95 % confidence interval."""
    lines = [
        "model agents load |  wait s      ±    theory | served %     ±    theory | gone %      ±    theory | off %"
        " | ACD callers  differ s"
    ]
    for one in figures["cases"]:
        columns = [f"{one['model']:>5} {one['agents']:>6} {one['load']:>4.2f}"]
        for name, scale, places in (("wait", 1, 3), ("served", 100, 2), ("abandoned", 100, 3)):
            columns.append(
                f"{one[name] * scale:>8.{places}f} {one[f'{name}_half_width'] * scale:>6.{places}f}"
                f" {one[f'{name}_theory'] * scale:>9.{places}f}"
            )
        columns.append(f"{one['off_percent']:>5.2f}")
        columns.append(f"{one['acd_callers']:>11} {one['acd_differs_seconds']:>9.1g}")
        lines.append(" | ".join(columns))
    return "\n".join(lines)


if __name__ == "__main__":
    found = run_theory()
    print(json.dumps(found) if "--json" in sys.argv else table(found))
