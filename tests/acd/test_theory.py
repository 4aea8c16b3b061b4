"""The ACD against queueing theory: a quick part of `make bench ONLY=acd.theory`, with fixed seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.theory import PATIENCE, AcdHall, Case, Numbers, long_run, off_by, plain_waits, table, theory


@pytest.mark.parametrize("agents", [1, 5, 20, 100])
@pytest.mark.parametrize("load", [0.6, 0.95])
@pytest.mark.parametrize("patience", [math.inf, PATIENCE])
def test_each_caller_waits_as_long_as_in_a_plain_recursion(agents: int, load: float, patience: float) -> None:
    case = Case(agents, load, patience)
    numbers = Numbers.drawn(case, 1500, seed=agents)
    acd, plain = AcdHall(case, numbers).play(), plain_waits(case, numbers)
    assert (acd.answered == plain.answered).all()
    assert np.array_equal(acd.waited, plain.waited)
    if math.isfinite(patience) and load > 0.9:
        assert not acd.answered.all(), "some gave up, or nothing was tried"


@pytest.mark.parametrize(
    ("case", "share"),
    [
        pytest.param(Case(5, 0.6, math.inf), 0.015, id="M/M/5 at 0.6"),
        pytest.param(Case(20, 0.8, math.inf), 0.02, id="M/M/20 at 0.8"),
        pytest.param(Case(5, 0.95, PATIENCE), 0.015, id="M/M/5+M at 0.95"),
        pytest.param(Case(20, 0.9, PATIENCE), 0.02, id="M/M/20+M at 0.9"),
    ],
)
def test_the_recursion_comes_out_at_erlangs_formula(case: Case, share: float) -> None:
    """Within the 95 % confidence interval twice over, which is itself small: a formula 4 % off would fail."""
    measured, expected = long_run(case, seed=3, half_width=share, callers=20_000_000), theory(case)
    for name, value in expected.items():
        assert measured.half_width[name] <= 0.03 * max(value, 0.01), name
        assert off_by(measured.mean[name], value, name) <= 2 * share, name


def test_the_table_says_every_figure_with_its_interval() -> None:
    row = {"model": "C", "agents": 5, "load": 0.6, "off_percent": 0.4, "acd_callers": 100, "acd_differs_seconds": 0.0}
    for name in ("wait", "served", "abandoned"):
        row |= {name: 0.5, f"{name}_half_width": 0.01, f"{name}_theory": 0.49}
    head, line = table({"cases": [row]}).splitlines()
    assert head.count("±") == 3
    assert "0.500  0.010     0.490" in line
