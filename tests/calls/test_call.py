from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.calls.call import MAY_FOLLOW, Call, Leg, LegState
from callcenterd.calls.listening import reason_of
from callcenterd.errors import LocalError
from callcenterd.model.ids import CallId, LegId
from callcenterd.sip.events import DialogId


def leg(state: LegState = LegState.ARRIVING) -> Leg:
    call = Call(CallId("x"), "inbound", "13800138000", "", "1001", started=0)
    made = Leg(LegId(1), call, DialogId(1), "13800138000", state, "127.0.0.1", 20000)
    call.legs.append(made)
    return made


def test_the_table_knows_every_state_and_nothing_follows_the_end() -> None:
    assert set(MAY_FOLLOW) == set(LegState)
    assert MAY_FOLLOW[LegState.GONE] == frozenset()
    assert all(LegState.GONE in following for state, following in MAY_FOLLOW.items() if state is not LegState.GONE)


@given(st.sampled_from(LegState), st.sampled_from(LegState))
def test_what_cannot_follow_is_an_error_and_changes_nothing(before: LegState, after: LegState) -> None:
    changed = leg(before)
    if after in MAY_FOLLOW[before]:
        changed.become(after)
        assert changed.state is after
    else:
        with pytest.raises(LocalError):
            changed.become(after)
        assert changed.state is before


def test_a_call_lives_as_long_as_any_of_its_legs() -> None:
    first = leg(LegState.UP)
    second = Leg(LegId(2), first.call, DialogId(2), "1001", LegState.RINGING, "127.0.0.1", 20002)
    first.call.legs.append(second)
    lives = [first.call.alive]
    for gone in (first, second):
        gone.become(LegState.GONE)
        lives.append(first.call.alive)
    assert lives == [True, True, False]
    assert first.call.first is first


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (486, "busy"),
        (600, "busy"),
        (603, "refused"),
        (403, "refused"),
        (480, "no_answer"),
        (487, "no_answer"),
        (408, "unreachable"),
        (404, "unreachable"),
        (503, "unreachable"),
        (488, "failed"),
        (500, "failed"),
        (302, "refused"),
    ],
)
def test_a_status_says_why_nobody_came(status: int, why: str) -> None:
    assert reason_of(status) == why
