from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.acd.queue import Caller, Line
from callcenterd.model.ids import AgentId, CallId, QueueName

CALLERS = st.lists(
    st.builds(
        Caller,
        call=st.integers(0, 40).map(lambda n: CallId(f"c{n}")),
        queue=st.just(QueueName("sales")),
        priority=st.integers(-2, 2),
        entered=st.floats(0, 10).map(round).map(float),
        arrived=st.just(20.0),
    ),
    unique_by=lambda caller: caller.call,
)


@given(CALLERS)
def test_a_line_is_always_in_order_whoever_comes_and_goes(callers: list[Caller]) -> None:
    line, plain = Line(), []
    for n, caller in enumerate(callers):
        line.add(caller)
        plain.append(caller)
        if n % 3 == 2:
            line.remove(gone := plain.pop(n % len(plain)))
            with pytest.raises(KeyError):
                line.position(gone)
        plain.sort(key=lambda c: (-c.priority, c.entered, c.call))
        assert list(line) == plain
        assert len(line) == len(plain)
        assert [waiting.call for waiting in line.waiting()] == [caller.call for caller in plain]
        assert [line.position(caller) for caller in plain] == list(range(1, len(plain) + 1))


def test_other_particulars_do_not_move_a_caller() -> None:
    line = Line()
    callers = [Caller(CallId(name), QueueName("sales"), 0, 5.0, 5.0) for name in "abc"]
    for caller in callers:
        line.add(caller)
    resting = Caller(CallId("b"), QueueName("sales"), 0, 5.0, 5.0, {AgentId("1001"): 9.0})
    line.replace(callers[1], resting)
    assert [caller.call for caller in line] == ["a", "b", "c"]
    assert line.position(resting) == 2


def test_a_place_that_was_kept_is_shown_with_its_time() -> None:
    line = Line()
    line.add(Caller(CallId("a"), QueueName("sales"), 0, 3.0, 8.0, since=3.0))
    (waiting,) = line.waiting()
    assert (waiting.since, waiting.position) == (3.0, 1)
