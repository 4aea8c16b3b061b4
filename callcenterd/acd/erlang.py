"""How long callers wait and how many give up, by the formulas of the trade: Erlang B, Erlang C and Erlang A.

Erlang C (M/M/n) has callers of endless patience, Erlang A (M/M/n+M, Palm's) such as give up after an exponential time.
Sources: A. K. Erlang 1917; for A the density of the offered wait in M/M/n+G, S. Zeltyn and A. Mandelbaum, "Call centers
with impatient customers: many-server asymptotics of the M/M/n+G queue", Queueing Systems 51 (2005), §5.

Times are in one unit, whichever (seconds here); `arrivals` are callers in one such unit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_FAR = 60.0
"""A density that is e^-60 of its peak adds nothing any more to a double."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_PANELS = 64


def erlang_b(agents: int, load: float) -> float:
    """The share of callers who find all agents busy, if nobody may wait. load: erlangs (arrivals x handling)."""
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(agents: int, load: float) -> float:
    """The share of callers who must wait, if nobody gives up. 1 where the load is more than the agents can do."""
    if load >= agents:
        return 1.0
    blocked = erlang_b(agents, load)
    return blocked / (1 - load / agents * (1 - blocked))


@dataclass(frozen=True, slots=True, kw_only=True)
class ErlangC:
    """A queue in which nobody gives up. handling: mean seconds of a conversation with its wrap-up."""

    agents: int
    arrivals: float
    handling: float

    @property
    def load(self) -> float:
        return self.arrivals * self.handling

    @property
    def occupancy(self) -> float:
        return min(1.0, self.load / self.agents)

    @property
    def delayed(self) -> float:
        """The share of callers who wait at all."""
        return erlang_c(self.agents, self.load)

    @property
    def wait(self) -> float:
        """Mean wait of all callers, in seconds; without end where the load is more than the agents can do."""
        if self.load >= self.agents:
            return math.inf
        return self.delayed * self.handling / (self.agents - self.load)

    def answered_within(self, seconds: float) -> float:
        """The share of callers who are answered in that time."""
        if self.load >= self.agents:
            return 0.0
        return 1 - self.delayed * math.exp(-(self.agents - self.load) * seconds / self.handling)


@dataclass(frozen=True, kw_only=True)
class ErlangA:
    """A queue whose callers give up after an exponential time. patience: its mean, in seconds; math.inf is Erlang C.

    The offered wait V (what one of endless patience would wait) is 0 with some probability, and else has the density
    f(v) = arrivals * p * exp(arrivals * G(v) - agents * v / handling), where G(v) is the mean of the lesser of v and
    the patience, and p the probability that exactly one agent is free. All figures are integrals of f.
    Raises ValueError for a load without end: endless patience and more callers than the agents can serve.
    """

    agents: int
    arrivals: float
    handling: float
    patience: float

    def __post_init__(self) -> None:
        if math.isinf(self.patience) and self.load >= self.agents:
            raise ValueError("callers of endless patience and more of them than the agents can serve")

    @property
    def load(self) -> float:
        return self.arrivals * self.handling

    @property
    def occupancy(self) -> float:
        return self.load * (1 - self.abandoned) / self.agents

    @property
    def delayed(self) -> float:
        """The share of callers who do not get an agent at once."""
        return min(1.0, self._share(self._end, answered=False, gone=False))  # a sum of many, each rounded

    @property
    def abandoned(self) -> float:
        """The share of callers who give up."""
        return self._share(self._end, answered=False, gone=True)

    @property
    def wait(self) -> float:
        """Mean wait of all callers, those who give up too."""
        if math.isinf(self.patience):
            return ErlangC(agents=self.agents, arrivals=self.arrivals, handling=self.handling).wait
        return self.abandoned * self.patience

    @property
    def wait_of_answered(self) -> float:
        """Mean wait of those who were answered: the ASA."""
        v, density = self._density(self._end)
        staying = density * np.exp(-v / self.patience)
        return float((v * staying).sum() / (1 - self.abandoned))

    def answered_within(self, seconds: float) -> float:
        """The share of all callers who are answered in that time."""
        at_once = max(0.0, 1 - self.delayed)
        return at_once + self._share(min(seconds, self._end), answered=True, gone=False)

    # ---- the offered wait -------------------------------------------------------------------------------

    def _exponent(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        borne = v if math.isinf(self.patience) else -self.patience * np.expm1(-v / self.patience)
        return self.arrivals * borne - self.agents / self.handling * v

    @cached_property
    def _mode(self) -> float:
        """Where the density is highest: more wait than none only if more callers come than can be served."""
        pressure = self.load / self.agents
        return self.patience * math.log(pressure) if pressure > 1 else 0.0

    @cached_property
    def _peak(self) -> float:
        return float(self._exponent(np.array([self._mode]))[0])

    @cached_property
    def _begin(self) -> float:
        """Where many more call than can be served, next to nobody waits less."""
        return max(0.0, self._mode - self._width(-1))

    @cached_property
    def _end(self) -> float:
        """Nobody waits longer: the density has become nothing."""
        return self._mode + self._width(1)

    def _width(self, side: int) -> float:
        """How far from the mode the density has become nothing, or 0 is reached. It has no other hill than the one."""
        width = self.handling / self.agents
        while True:
            at = self._mode + side * width
            if at <= 0 or float(self._exponent(np.array([at]))[0]) < self._peak - _FAR:
                return width
            width *= 1.5

    def _grid(self, end: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Points up to end, and the weight of each, by Gauss and Legendre in panels."""
        edges = np.linspace(min(self._begin, end), end, _PANELS + 1)
        half = np.diff(edges)[:, None] / 2
        return (edges[:-1, None] + half * (1 + _NODES)).ravel(), (half * _WEIGHTS).ravel()

    @cached_property
    def _factor(self) -> float:
        """arrivals * p * exp(peak). All is divided by exp(peak), which may be more than a double holds."""
        v, weights = self._grid(self._end)
        area = float((np.exp(self._exponent(v) - self._peak) * weights).sum())
        blocked = erlang_b(self.agents - 1, self.load)
        if blocked == 0:  # so many agents for so few callers that nobody ever waits
            return 0.0
        return self.arrivals / (math.exp(-self._peak) / blocked + self.arrivals * area)

    def _density(self, end: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Offered waits up to end, and the probability of each."""
        v, weights = self._grid(end)
        return v, self._factor * np.exp(self._exponent(v) - self._peak) * weights

    def _share(self, end: float, *, answered: bool, gone: bool) -> float:
        """Of all callers, those who are offered a wait up to end: all, or only who endures it, or only who does not."""
        v, density = self._density(end)
        if answered:
            density = density * np.exp(-v / self.patience)
        elif gone:
            density = density * -np.expm1(-v / self.patience)
        return float(density.sum())
