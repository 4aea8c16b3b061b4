from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.acd.strategies import STRATEGIES, Memory, Ready, why
from callcenterd.model.ids import AgentId, QueueName
from callcenterd.model.site import QueueSettings, Strategy

MEMBERS = tuple(AgentId(member) for member in ("1001", "1002", "1003"))


def ready(agent: str, idle_since: float = 0, calls: int = 0, talked: float = 0) -> Ready:
    return Ready(AgentId(agent), idle_since, calls, talked)


@pytest.mark.parametrize(
    ("strategy", "free", "last", "asked"),
    [
        pytest.param("longest_idle", [ready("1001", 9), ready("1002", 3)], None, "1002 1001", id="idle since 3 first"),
        pytest.param("longest_idle", [ready("1001", 3), ready("1002", 3)], None, "1001 1002", id="equal: list order"),
        pytest.param("ring_all", [ready("1001", 9), ready("1002", 3)], None, "1001 1002", id="all, in list order"),
        pytest.param("round_robin", [ready("1001"), ready("1002"), ready("1003")], "1001", "1002 1003 1001", id="turn"),
        pytest.param("round_robin", [ready("1001"), ready("1002")], "1002", "1001 1002", id="who is last comes last"),
        pytest.param("round_robin", [ready("1001"), ready("1003")], None, "1001 1003", id="nobody was rung yet"),
        pytest.param("round_robin", [ready("1001"), ready("1003")], "9999", "1001 1003", id="who left the list"),
        pytest.param("fewest_calls", [ready("1001", calls=2), ready("1002", calls=1)], None, "1002 1001", id="fewest"),
        pytest.param(
            "fewest_calls", [ready("1001", 9, calls=1), ready("1002", 3, calls=1)], None, "1002 1001", id="then idle"
        ),
        pytest.param("least_talk", [ready("1001", talked=2), ready("1002", talked=1)], None, "1002 1001", id="least"),
    ],
)
def test_who_is_asked_first(strategy: Strategy, free: list[Ready], last: str | None, asked: str) -> None:
    memory = Memory(MEMBERS, AgentId(last) if last else None)
    assert " ".join(agent.agent for agent in STRATEGIES[strategy](free, memory)) == asked


@given(st.sampled_from(get_args(Strategy)), st.sets(st.sampled_from(MEMBERS)), st.integers(0, 2**32 - 1))
def test_a_strategy_asks_everybody_who_is_free_once(strategy: Strategy, free: set[AgentId], lot: int) -> None:
    asked = STRATEGIES[strategy]([ready(agent) for agent in sorted(free)], Memory(MEMBERS, None, lot))
    assert sorted(agent.agent for agent in asked) == sorted(free)


@pytest.mark.parametrize("strategy", get_args(Strategy))
def test_every_strategy_says_why(strategy: Strategy) -> None:
    settings = QueueSettings(name=QueueName("sales"), strategy=strategy, members=MEMBERS)
    assert "sales" in why(settings, ready("1001"), 2, None, 10.0).text("zh-CN")
