"""A supervisor moves who waits: up, to another queue, to a chosen agent (SUP-02); in virtual time."""

from __future__ import annotations

import dataclasses

import pytest

from callcenterd.errors import NotFound, NotNow
from callcenterd.model import events
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.site import Site
from tests.kit.office import STRAIGHT_NUMBER, Office, in_virtual_time, office, site
from tests.kit.wire import Dialog
from tests.switchboard.rooms import hears
from tests.switchboard.test_queue_call import conversation, ended

SALES, SERVICE = QueueName("sales"), QueueName("service")
BOSS = "2001"


def apart() -> Site:
    """Sales is 1001's and 1002's, service 1003's."""
    plain = site()
    sales = dataclasses.replace(plain.queues[0], members=(AgentId("1001"), AgentId("1002")))
    return dataclasses.replace(plain, queues=(sales, plain.queues[1]))


async def waits(desk: Office, caller: str) -> tuple[CallId, Dialog]:
    dialog = desk.line.calls_in(caller, STRAIGHT_NUMBER)
    await desk.settle()
    return next(reversed(desk.board.journeys)), dialog


def places(desk: Office, queue: QueueName = SALES) -> list[str]:
    return [entry["caller"] for entry in desk.board.live.queue(queue)["waiting"]]


@in_virtual_time
async def test_a_caller_goes_ahead_and_is_the_next_one_and_it_is_told_and_kept_who_did_it() -> None:
    async with office() as desk:
        for caller in ("131", "132", "133"):
            last, _ = await waits(desk, caller)
            await desk.wait(1)
        await desk.board.moving.up(SALES, last, BOSS)
        assert places(desk) == ["131", "133", "132"]
        await desk.board.moving.up(SALES, last, BOSS, of_all=True)
        assert places(desk) == ["133", "131", "132"]
        assert [(fact.how, fact.by) for fact in desk.told(events.CallerMoved)] == [("up", BOSS), ("front", BOSS)]
        assert [what for what, _ in desk.memory.trail] == ["call.caller_moved"] * 2
        await desk.sign_in("1001")
        assert desk.board.journeys[last].rung.keys() == {"1001"}


@in_virtual_time
async def test_who_is_moved_to_another_queue_is_served_there_and_the_flow_goes_on_after_it() -> None:
    async with office(apart()) as desk:
        call, caller = await waits(desk, "131")
        await desk.wait(30)
        await desk.board.moving.to_queue(SALES, call, BOSS, SERVICE)
        assert (places(desk), places(desk, SERVICE)) == ([], ["131"])
        assert hears(desk, caller) == "music", "the caller hears nothing of it"
        assert desk.board.live.line(call)["queue"] == "service"  # type: ignore[index]
        sales, service = desk.board.live.queue(SALES)["today"], desk.board.live.queue(SERVICE)["today"]
        assert (sales["offered"], sales["abandoned"], service["offered"]) == (1, 0, 1)
        await desk.sign_in("1003")
        phone = desk.line.rung("1003")
        desk.line.rings(phone)
        desk.line.picks_up(phone)
        await desk.settle()
        assert hears(desk, caller) == "1003"
        desk.line.hangs_up(phone)
        await desk.settle()
        assert ended(desk, call)[0] == "answered"
        steps = [kind for kind in desk.story(call) if "queue" in kind or "moved" in kind]
        assert steps == ["call.queued", "call.left_queue", "call.queued", "call.caller_moved", "call.left_queue"]
        assert caller.over()


@in_virtual_time
async def test_who_hangs_up_after_the_move_has_abandoned_the_new_queue() -> None:
    async with office(apart()) as desk:
        call, caller = await waits(desk, "131")
        await desk.wait(10)
        await desk.board.moving.to_queue(SALES, call, BOSS, SERVICE)
        await desk.wait(10)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert ended(desk, call)[0] == "abandoned"
        assert [(fact.queue, fact.reason) for fact in desk.told(events.CallerLeftQueue)] == [
            ("sales", "left"),
            ("service", "abandoned"),
        ]
        assert desk.board.live.queue(SERVICE)["today"]["abandoned"] == 1
        assert places(desk, SERVICE) == []


@in_virtual_time
async def test_the_flows_own_limit_still_leads_where_it_says() -> None:
    """`main` waits 120 seconds at most, and then says that it is sorry."""
    async with office(apart()) as desk:
        caller = desk.line.calls_in("131", "02088886666")
        await desk.wait(3)
        desk.sound.keys(next(iter(desk.sound.rows)), "1")
        await desk.settle()
        call = desk.only_call()
        await desk.board.moving.to_queue(SALES, call, BOSS, SERVICE)
        await desk.wait(125)
        assert [(fact.queue, fact.reason) for fact in desk.told(events.CallerLeftQueue)][-1] == ("service", "timed_out")
        assert caller.over()


@in_virtual_time
async def test_who_is_given_to_a_busy_agent_is_that_agents_next_call() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        _, customer, _ = await conversation(desk)
        await waits(desk, "131")
        chosen, _ = await waits(desk, "132")
        await desk.board.moving.to_agent(SALES, chosen, BOSS, AgentId("1001"))
        desk.line.hangs_up(customer)
        await desk.wait(11)  # the wrap-up
        assert desk.board.journeys[chosen].rung.keys() == {"1001"}
        assert [(fact.how, fact.to) for fact in desk.told(events.CallerMoved)] == [("agent", "1001")]


@in_virtual_time
async def test_what_cannot_be_moved_is_refused_and_stays_where_it_is() -> None:
    async with office(apart()) as desk:
        call, _ = await waits(desk, "131")
        moving = desk.board.moving
        with pytest.raises(NotFound):
            await moving.up(SERVICE, call, BOSS)
        with pytest.raises(NotFound):
            await moving.up(SALES, CallId("gone"), BOSS)
        with pytest.raises(NotNow):
            await moving.to_queue(SALES, call, BOSS, SALES)
        with pytest.raises(NotFound):
            await moving.to_queue(SALES, call, BOSS, QueueName("none"))
        with pytest.raises(NotNow):
            await moving.to_agent(SALES, call, BOSS, AgentId("1003"))
        with pytest.raises(NotFound):
            await moving.to_agent(SALES, call, BOSS, AgentId("4711"))
        assert places(desk) == ["131"]
        assert desk.told(events.CallerMoved) == []
        assert desk.memory.trail == []
