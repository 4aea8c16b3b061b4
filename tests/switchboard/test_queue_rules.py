"""What a queue's settings do to a call: customers' levels, the last agent, a full line, skills, longer wrap-up."""

from __future__ import annotations

import dataclasses
from typing import Any

from callcenterd.model import events
from callcenterd.model.customers import Customer
from callcenterd.model.ids import AgentId, CustomerId, QueueName
from callcenterd.model.site import Site
from tests.kit.office import STRAIGHT_NUMBER, Office, in_virtual_time, office, site
from tests.kit.virtual import START
from tests.switchboard.test_queue_call import CALLER, conversation, waiting_caller

FULL = """
flow: straight
language: zh-CN
start: sales
nodes:
  sales: {queue: sales, on_full: sorry, priority: 3, skills: {english: 2}, agent: "1003"}
  sorry: {hangup: too_many}
"""


def with_rules(**rules: Any) -> Site:
    plain = site()
    return dataclasses.replace(plain, queues=tuple(dataclasses.replace(queue, **rules) for queue in plain.queues))


async def comes_in(desk: Office, number: str) -> None:
    desk.line.calls_in(number, STRAIGHT_NUMBER)
    await desk.settle()


@in_virtual_time
async def test_a_customer_of_a_high_level_is_served_earlier() -> None:
    async with office(with_rules(level_priority={"金卡": 5})) as desk:
        gold = Customer(id=CustomerId(1), created_at=START, changed_at=START, level="金卡", phones=("13911111111",))
        desk.memory.phones["13911111111"] = [gold]
        await comes_in(desk, "13800000000")
        await comes_in(desk, "13911111111")
        line = [desk.board.journeys[call].call.caller for call, _, _ in desk.board.queueing.waiting(QueueName("sales"))]
        assert line == ["13911111111", "13800000000"]


@in_virtual_time
async def test_who_calls_again_is_given_back_to_the_agent_of_the_last_conversation() -> None:
    async with office(with_rules(sticky="last", sticky_wait=30.0, wrap_up=0.0)) as desk:
        await desk.sign_in("1001", "1002")
        _, caller, _ = await conversation(desk)
        desk.line.hangs_up(caller)
        await desk.wait(5)
        await waiting_caller(desk)
        assert desk.line.ringing_numbers() == ["1001"], "although 1002 is idle longer"
        assert desk.line.rung("1001").caller == CALLER


@in_virtual_time
async def test_a_flow_goes_on_where_the_line_is_full_and_says_who_is_wanted() -> None:
    skills = {"1001": {"english": 1}, "1003": {"english": 5}}
    plain = with_rules(most_waiting=1)
    users = tuple(dataclasses.replace(user, skills=skills.get(user.login, {})) for user in plain.users)
    async with office(dataclasses.replace(plain, users=users), flows=[FULL]) as desk:
        await comes_in(desk, "13800000000")
        await comes_in(desk, "13811111111")
        (over,) = desk.told(events.CallEnded)
        assert (over.cause, over.outcome) == ("too_many", "no_answer")
        await desk.sign_in("1001")
        await desk.settle()
        assert desk.line.ringing_numbers() == [], "no skill"
        await desk.sign_in("1003")
        await desk.settle()
        assert desk.line.ringing_numbers() == ["1003"]


@in_virtual_time
async def test_a_wrap_up_is_prolonged_when_the_agent_asks() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        _, caller, _ = await conversation(desk)
        desk.line.hangs_up(caller)
        await desk.wait(5)
        view = desk.board.desk.prolong_wrap_up("1001", 60)
        assert view.state == "wrap_up"
        await desk.wait(60)
        assert desk.state("1001") == "wrap_up"
        await desk.wait(6)
        assert desk.state("1001") == "ready"
        assert desk.board.desk.view("1001") is not None
        assert AgentId("1001") in desk.board.queueing.agents()
