"""What a flow learns of a caller reaches the agent, what is secret reaches nobody; with real rooms, in virtual time."""

from __future__ import annotations

import asyncio
import dataclasses
from contextlib import AbstractAsyncContextManager
from typing import cast

from callcenterd.ivr.expression import Plain
from callcenterd.ivr.node import BusinessFailed, Question
from callcenterd.ivr.shelf import Flows
from callcenterd.model import events
from callcenterd.model.customers import Customer
from callcenterd.model.ids import CustomerId, ExtensionNumber, FlowName
from callcenterd.model.site import NumberRoute, UserAccount
from callcenterd.switchboard.business import Business
from callcenterd.switchboard.flowcall import MAX_KNOWN, MAX_KNOWN_NAMES
from tests.kit.office import Office, Shelf, in_virtual_time, office, site
from tests.kit.virtual import START
from tests.switchboard.test_waiting import Ear, calls

NUMBER = "02088887777"
CARD = """
flow: card
language: en
start: who
operator: person
nodes:
  who: {lookup: number, next: card}
  card: {collect: card, ask: "Your card, please.", least: 4, next: pin, on_wrong: person}
  pin: {collect: pin, ask: "Your PIN, please.", secret: true, least: 4, next: ask, on_wrong: person}
  ask:
    http: "https://crm.example.com/cards"
    method: POST
    send: {card: "{{ card }}", pin: "{{ pin }}"}
    get: {balance: balance}
    tell: [balance]
    filler: "One moment, please."
    next: tell
  tell: {subflow: told, next: person}
  person: {queue: sales}
"""
TOLD = """
flow: told
language: en
takes: [balance]
start: a
nodes:
  a: {say: ["You have", {number: "{{ balance }}"}, "left."]}
"""


class System:
    """A business system. seconds: until it answers."""

    def __init__(self, answer: Plain | BusinessFailed, seconds: float = 0) -> None:
        self.answer, self.seconds = answer, seconds
        self.asked: list[Question] = []

    async def ask(self, question: Question) -> Plain:
        self.asked.append(question)
        await asyncio.sleep(self.seconds)
        if isinstance(self.answer, BusinessFailed):
            raise self.answer
        return self.answer

    async def stop(self) -> None:
        """Nothing is open."""


def opened(system: System) -> AbstractAsyncContextManager[Office]:
    where = dataclasses.replace(site(), numbers=(NumberRoute(match=NUMBER, flow=FlowName("card")),))
    return office(where, flows=(CARD, TOLD), business=cast("Business", system))


async def keys(desk: Office, ear: Ear, pressed: str) -> None:
    for key in pressed:
        desk.sound.keys(ear.leg, key)
    await desk.wait(6)


@in_virtual_time
async def test_what_was_keyed_and_looked_up_pops_up_with_the_call_and_a_pin_does_not() -> None:
    system = System({"balance": 12})
    async with opened(system) as desk:
        desk.memory.phones["13800138000"] = [
            Customer(id=CustomerId(7), name="Ms Wang", created_at=START, changed_at=START)
        ]
        await desk.sign_in("1001")
        call, _, ear = await calls(desk, NUMBER)
        await keys(desk, ear, "88001234#")
        await keys(desk, ear, "2468#")
        assert system.asked[0].body == {"card": "88001234", "pin": "2468"}
        assert "You have twelve left." in " ".join(ear.spoken())
        desk.line.rings(desk.line.rung("1001"))
        (pop,) = desk.told(events.ScreenPopped)
        assert pop.known == {"customer": "Ms Wang", "card": "88001234", "balance": "12"}
        assert "call.known" in desk.story(call)
        assert desk.memory.records[call].known == pop.known
        assert not any("2468" in str(fact) for fact in desk.facts), "a PIN goes nowhere"


@in_virtual_time
async def test_who_is_bored_by_a_slow_system_presses_zero_and_gets_a_person() -> None:
    async with opened(System(None, seconds=3600)) as desk:
        _, _, ear = await calls(desk, NUMBER)
        await keys(desk, ear, "88001234#")
        await keys(desk, ear, "2468#")
        assert ear.spoken()[-1] == "One moment, please."
        assert desk.told(events.CallerQueued) == []
        await keys(desk, ear, "0")
        assert len(desk.told(events.CallerQueued)) == 1


@in_virtual_time
async def test_a_system_that_fails_does_not_end_the_call() -> None:
    async with opened(System(BusinessFailed("down"))) as desk:
        _, _, ear = await calls(desk, NUMBER)
        await keys(desk, ear, "88001234#")
        await keys(desk, ear, "2468#")
        assert len(desk.told(events.CallerQueued)) == 1


@in_virtual_time
async def test_a_call_walks_the_flows_that_were_in_service_when_it_came() -> None:
    async with opened(System({"balance": 12})) as desk:
        _, _, ear = await calls(desk, NUMBER)
        desk.board.flows = cast("Flows", Shelf((CARD, TOLD.replace("You have", "Newer:"))))
        await keys(desk, ear, "88001234#")
        await keys(desk, ear, "2468#")
        await desk.wait(30)
        assert "You have twelve left." in " ".join(ear.spoken())


JUDGED = """
flow: card
language: en
start: sales
nodes:
  sales: {queue: sales, next: judge}
  judge: {survey: {service: "How were we?"}}
"""


@in_virtual_time
async def test_after_the_agent_has_hung_up_the_caller_judges_and_it_is_kept_with_the_call() -> None:
    where = dataclasses.replace(site(), numbers=(NumberRoute(match=NUMBER, flow=FlowName("card")),))
    async with office(where, flows=(JUDGED,)) as desk:
        await desk.sign_in("1001")
        call, _, ear = await calls(desk, NUMBER)
        phone = desk.line.rung("1001")
        desk.line.picks_up(phone)
        await desk.wait(20)
        desk.line.hangs_up(phone)
        await desk.settle()
        await keys(desk, ear, "4")
        (judged,) = desk.told(events.SurveyAnswered)
        assert (judged.question, judged.score, judged.most) == ("service", 4, 5)
        assert (judged.call, judged.agent, judged.queue) == (call, "1001", "sales")


MANY = """
flow: many
language: en
start: ask
nodes:
  ask: {collect: n, ask: "More?", least: 1, most: 1, next: find, on_wrong: person}
  find: {http: "https://crm.example.com/x", get: {GET}, tell: [TELL], next: person}
  person: {queue: sales}
"""


@in_virtual_time
async def test_what_is_known_of_a_caller_has_bounds_and_can_be_shown() -> None:
    names = [f"v{n}" for n in range(20)]
    answer: dict[str, Plain] = {name: name * 400 for name in names}
    answer["v0"] = "a\0b\n\ud800c"
    text = MANY.replace("TELL", ", ".join(names)).replace("{GET}", "{" + ", ".join(f"{n}: {n}" for n in names) + "}")
    where = dataclasses.replace(site(), numbers=(NumberRoute(match=NUMBER, flow=FlowName("many")),))
    async with office(where, flows=(text,), business=cast("Business", System(answer))) as desk:
        await desk.sign_in("1001")
        call, _, ear = await calls(desk, NUMBER)
        await keys(desk, ear, "7")
        hand = desk.board.in_flow[call]
        for n in range(100):
            hand.tell(f"more{n}", n)
        hand.tell("n", "7")
        hand.tell("rows", [1, 2])
        await desk.board.history.settled()
        known = desk.memory.records[call].known
        assert (known["n"], known["v0"], len(known["v1"])) == ("7", "a b  c", MAX_KNOWN)
        assert len(known) == MAX_KNOWN_NAMES
        assert "rows" not in known
        told = [details for kind, details in desk.memory.steps[call] if kind == "call.known"]
        assert len(told) == MAX_KNOWN_NAMES, "each once, and by itself"
        assert told[0] == {"name": "n", "value": "7"}


SURVEY = """
flow: judge
language: en
start: sales
nodes:
  sales: {queue: sales, next: judge}
  judge: {survey: {service: "How was it, from 1 to 5?", solved: "Is it solved?"}, next: bye}
  bye: {say: "Thank you."}
"""


@in_virtual_time
async def test_what_a_caller_says_after_the_conversation_is_kept_with_its_agent_and_queue() -> None:
    where = dataclasses.replace(site(), numbers=(NumberRoute(match=NUMBER, flow=FlowName("judge")),))
    async with office(where, flows=(SURVEY,)) as desk:
        await desk.sign_in("1001")
        call, _, ear = await calls(desk, NUMBER)
        phone = desk.line.rung("1001")
        desk.line.rings(phone)
        desk.line.picks_up(phone)
        await desk.wait(30)
        desk.line.hangs_up(phone)
        await desk.wait(6)
        await keys(desk, ear, "5")
        await keys(desk, ear, "2")
        await desk.board.history.settled()
        assert [(one.call, one.question, one.score, one.most, one.agent, one.queue) for one in desk.memory.judged] == [
            (call, "service", 5, 5, "1001", "sales"),
            (call, "solved", 2, 5, "1001", "sales"),
        ]
        assert ear.spoken()[-1] == "Thank you."


BY_NAME = """
flow: names
language: zh-CN
start: name
nodes:
  name: {directory: wanted, next: call, on_unknown: bye}
  call: {dial: "{{ wanted }}", on_busy: bye, on_no_answer: bye, on_failed: bye}
  bye: {say: "再见。"}
"""


@in_virtual_time
async def test_a_caller_reaches_by_name_who_has_a_phone_and_wants_to_be_found() -> None:
    people = (
        UserAccount(login="a", name="张三", role="agent", extension=ExtensionNumber("1001")),
        UserAccount(login="b", name="章三", role="agent", extension=ExtensionNumber("1002"), in_directory=False),
        UserAccount(login="c", name="赵四", role="agent"),
        UserAccount(login="d", name="周四", role="agent", extension=ExtensionNumber("7777")),
    )
    route = NumberRoute(match=NUMBER, flow=FlowName("names"))
    where = dataclasses.replace(site(), numbers=(route,), users=people, queues=())
    async with office(where, flows=(BY_NAME,)) as desk:
        desk.line.registers("1001", "1002")
        _, _, ear = await calls(desk, NUMBER)
        await keys(desk, ear, "97#")
        assert desk.line.ringing_numbers() == ["1001"], "the one of four who may be found and has a phone"
        assert ear.spoken()[-1] == "为您找到张三"


@in_virtual_time
async def test_what_is_known_goes_along_when_a_colleague_is_asked_and_when_the_call_is_handed_on() -> None:
    async with opened(System({"balance": 12})) as desk:
        await desk.sign_in("1001", "1002")
        call, _, ear = await calls(desk, NUMBER)
        await keys(desk, ear, "88001234#")
        await keys(desk, ear, "2468#")
        phone = desk.line.rung("1001")
        desk.line.rings(phone)
        desk.line.picks_up(phone)
        await desk.wait(5)
        known = {"card": "88001234", "balance": "12"}
        desk.board.consulting.begin(call, "1001", "1002")
        await desk.settle()
        desk.line.rings(desk.line.rung("1002"))
        await desk.settle()
        pop = desk.told(events.ScreenPopped)[-1]
        assert (pop.agent, pop.known) == ("1002", known)
        desk.board.consulting.back(call, "1001")
        await desk.wait(1)
        desk.board.transfers.send(call, "1001", "1002")
        await desk.settle()
        second = desk.line.rung("1002")
        desk.line.rings(second)
        desk.line.picks_up(second)
        await desk.wait(5)
        desk.board.journeys[call].known["order"] = "7"
        shown = desk.board.desk.pop("1002")
        assert shown is not None
        assert shown.known == {**known, "order": "7"}, "a page that is opened now has what is known now"
        desk.line.hangs_up(second)
        await desk.wait(5)
        assert desk.memory.records[call].known == known


ROUND = """
flow: round
language: en
start: menu
nodes:
  menu:
    menu: {say: "Press 1 to hear it again.", retries: 0, timeout: 30}
    keys: {"1": menu, "2": bye}
    otherwise: menu
  bye: {hangup: normal}
  operator: {queue: sales}
"""


@in_virtual_time
async def test_a_caller_who_never_leaves_a_flow_gets_a_person_when_the_time_of_the_office_is_over() -> None:
    """It is cut short in the midst of a question; what the caller waits after that does not count."""
    where = dataclasses.replace(site(), numbers=(NumberRoute(match=NUMBER, flow=FlowName("round")),))
    async with office(where, flows=(ROUND,), flow_seconds=120.0) as desk:
        call, _, ear = await calls(desk, NUMBER)
        for _ in range(11):
            desk.sound.keys(ear.leg, "1")
            await desk.wait(10)
        assert desk.told(events.CallerQueued) == []
        assert "Press 1 to hear it again." in ear.spoken()
        await desk.wait(10)
        assert [fact.queue for fact in desk.told(events.CallerQueued)] == ["sales"]
        assert call in desk.board.journeys
        await desk.wait(3600)
        assert call in desk.board.journeys, "whoever waits has all the time"
