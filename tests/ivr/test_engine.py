from __future__ import annotations

import pytest

from callcenterd.ivr import engine
from callcenterd.ivr.engine import MAX_NODES, MAX_UNATTENDED, FlowStuck
from tests.ivr.calls import ScriptedCall, flow_of, walk


async def test_a_flow_walks_from_its_start_to_its_end_and_leaves_a_trace() -> None:
    call = await walk("a: {say: x, next: b}\nb: {say: y, next: c}\nc: {hangup: normal}", ScriptedCall())
    assert call.walked == ["a", "b", "c"]


async def test_a_flow_that_goes_on_by_itself_is_stopped_and_named() -> None:
    flow = flow_of('a: {menu: {say: x, retries: 0}, keys: {"1": end}, otherwise: a}\nend: {hangup: normal}')
    call = ScriptedCall()
    with pytest.raises(FlowStuck, match=r"test\.yaml:5: flow test walked 100 nodes") as stuck:
        await engine.run(flow, call)
    assert (stuck.value.flow, stuck.value.node) == ("test", "a")
    assert len(call.walked) == MAX_UNATTENDED


async def test_a_caller_who_keeps_pressing_keys_may_go_round_as_long_as_they_like() -> None:
    nodes = 'a: {menu: {say: x, retries: 0}, keys: {"1": a, "2": end}, otherwise: a}\nend: {hangup: normal}'
    call = await walk(nodes, ScriptedCall(["1"] * 500 + ["2"]))
    assert call.story[-1] == "hangs up: normal"
    assert call.noted == "1" * 500 + "2"


async def test_a_flow_that_never_ends_with_somebody_at_the_other_end_is_stopped_too() -> None:
    """An answering machine that hangs up at once, and a flow that dials it again."""
    call = ScriptedCall()
    with pytest.raises(FlowStuck, match="walked 2000 nodes in one call"):
        await engine.run(flow_of("d: {dial: '1', next: d}"), call)
    assert len(call.walked) == MAX_NODES


async def test_what_a_call_raises_goes_up_to_who_runs_the_flow() -> None:
    class Broken(ScriptedCall):
        async def hang_up(self, cause: str) -> None:
            raise RuntimeError("the phone is on fire")

    with pytest.raises(RuntimeError, match="fire"):
        await walk("a: {hangup: normal}", Broken())


async def test_two_calls_in_one_flow_do_not_meet() -> None:
    """Visits are counted for each call: the second caller is offered the busy exit as the first one was."""
    flow = flow_of("q: {queue: sales, on_busy: b}\nb: {hangup: busy}")
    for _ in range(2):
        call = ScriptedCall(queue=["busy"])
        await engine.run(flow, call)
        assert call.story == ["waits in sales unless busy", "hangs up: busy"]
