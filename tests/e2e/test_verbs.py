"""Every order about a call, on one started server with foreign phones at the desks: who hears whom (TEL-03, SUP-02).

1001 has a baresip, 1002 a linphone, the supervisor a baresip; the customer is a scripted phone at the trunk. Each says
a tone of its own all the time, and what each hears is measured while it is heard. Most orders are tried twice: baresip
with the customer and linphone as the colleague, and the other way round.

What these phones cannot do, and where it is shown instead: Debian's baresip 1.0 has no attended transfer (linphone and
the scripted phone have, test_transfer.py); neither of the two can be told to pick up by NOTIFY "Event: talk" (SIPp
plays one that can).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import pytest_asyncio

from callcenterd.demo.phone import Phone, PhoneCall
from callcenterd.errors import CallcenterdError
from callcenterd.media.codecs import g711
from tests.e2e.conftest import TRUNK_HOST
from tests.e2e.test_first_call import stereo
from tests.kit import sipp
from tests.kit.baresip import Baresip
from tests.kit.handsets import BaresipAtDesk, Ear, Handset, LinphoneAtDesk, ScriptedEar
from tests.kit.lanes import free_port
from tests.kit.linphone import Linphone, has_default_route
from tests.kit.server import FLOW, Client, RunningServer
from tests.kit.tones import gaps, level, tone

pytestmark = pytest.mark.asyncio(loop_scope="module")

Side = Literal["baresip", "linphone"]
HERTZ = {"customer": 400.0, "1001": 700.0, "1002": 1300.0, "1003": 1000.0, "outside": 1600.0}
"""What each party says. All are whole periods in 20 ms."""
SPOKEN, LOUD, SILENT = 3000, 1500.0, 200.0
LOOKED_AT = 0.25
"""Seconds that are measured at a time."""
HEARD_WITHIN = 3.0
"""Seconds after an order until it is heard, on a machine that does other things as well; measured alone: under 0.5."""
SOON = 20.0
SALES, SUPPORT, WORDS, ALL, HEADSET = (f"0208888000{n}" for n in range(1, 6))
"""Lead to agent 1001, to 1002, to a flow that speaks (the kit's `main`), to both agents, and to who can be told to
pick up."""
OUTSIDE = "013900000000"

SITE = """
trunks:
  - {{name: gateway, host: {trunk}, port: {port}, allow: ["{trunk}"]}}
numbers:
  - {{match: "02088880001", flow: sales}}
  - {{match: "02088880002", flow: support}}
  - {{match: "02088880003", flow: main}}
  - {{match: "02088880004", flow: all}}
  - {{match: "02088880005", flow: headset}}
outbound:
  - {{match: "0.", trunks: [gateway], strip: 1}}
users:
  - {{login: "1001", name: 张三, role: agent, password: "first-Secret-1", extension: "1001"}}
  - {{login: "1002", name: 李四, role: agent, password: "second-Secret-2", extension: "1002"}}
  - {{login: "1005", name: 王五, role: agent, password: "fifth-Secret-5", extension: "1005"}}
  - {{login: "2001", name: 王班长, role: supervisor, password: "third-Secret-3", extension: "1003"}}
extensions:
  - {{number: "1001", password: "phone-Secret-1"}}
  - {{number: "1002", password: "phone-Secret-2"}}
  - {{number: "1003", password: "phone-Secret-3"}}
  - {{number: "1005", password: "phone-Secret-5"}}
queues:
  - {{name: headset, title: 耳机, members: ["1005"], wrap_up: 0, ring: 20}}
  - {{name: sales, title: 销售, members: ["1001"], wrap_up: 0, ring: 20}}
  - {{name: support, title: 支持, members: ["1002"], wrap_up: 0, ring: 20}}
  - {{name: all, title: 全体, members: ["1001", "1002"], wrap_up: 0, ring: 20}}
"""
FLOWS = {
    "sales": "flow: sales\nlanguage: zh-CN\nstart: sales\nnodes:\n  sales: {queue: sales}\n",
    "support": "flow: support\nlanguage: zh-CN\nstart: support\nnodes:\n  support: {queue: support}\n",
    "headset": "flow: headset\nlanguage: zh-CN\nstart: one\nnodes:\n  one: {queue: headset}\n",
    "all": "flow: all\nlanguage: zh-CN\nstart: all\nnodes:\n  all: {queue: all}\n",
}
NAMING_SALES = {"main": FLOW, "sales": FLOWS["sales"]}
PASSWORDS = {"1001": "first-Secret-1", "1002": "second-Secret-2", "2001": "third-Secret-3"}


@dataclass
class Floor:
    """The office: its phones by extension, and its pages by login."""

    server: RunningServer
    trunk: Phone
    phones: Mapping[str, Handset]
    pages: Mapping[str, Client]
    customers: int = 0
    saying: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def boss(self) -> Client:
        return self.pages["2001"]

    def says(self, name: str, call: PhoneCall) -> None:
        """From now on, as long as the call lasts."""
        self.saying.append(asyncio.create_task(call.talk.say(tone(HERTZ[name], 120.0, SPOKEN))))

    async def calls(self, number: str) -> tuple[PhoneCall, str]:
        """A customer, of a number of their own, who speaks from the beginning."""
        self.customers += 1
        caller = f"1380000{self.customers:04}"
        call = await self.trunk.dial(number, caller=caller)
        self.says("customer", call)
        return call, caller

    async def pop(self, login: str, caller: str) -> str:
        """The call with which the agent's page shows this caller."""
        said = await self.pages[login].until("/desk", lambda said: (said["pop"] or {}).get("caller") == caller)
        return str(said["pop"]["call"])

    async def outside(self) -> PhoneCall:
        """Who was dialled through the trunk picks up."""
        call: PhoneCall = await soon(self.trunk.incoming.get())
        call.ring()
        call.answer()
        await soon(call.answered.wait())
        self.says("outside", call)
        return call


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def floor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Floor]:
    if not has_default_route():
        pytest.skip("linphone takes a machine without a default route for one without a network")
    folder = tmp_path_factory.mktemp("floor")
    server = RunningServer(folder / "office")
    for name, text in FLOWS.items():
        server.flow(name, text)
    await server.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(server.end)
        trunk = await stack.enter_async_context(Phone(TRUNK_HOST, server.sip, "gateway"))
        await server.apply(SITE.format(trunk=TRUNK_HOST, port=trunk.port))
        phones: dict[str, Handset] = {}
        for number, password, host in (
            ("1001", "phone-Secret-1", "127.0.0.11"),
            ("1003", "phone-Secret-3", "127.0.0.13"),
        ):
            says = tone(HERTZ[number], 60.0, SPOKEN)
            one = await stack.enter_async_context(Baresip(folder / number, host, server.sip, number, password, says))
            phones[number] = BaresipAtDesk(one, server.sip, number)
        says = tone(HERTZ["1002"], 60.0, SPOKEN)
        other = Linphone(folder / "1002", server.sip, "1002", "phone-Secret-2", says)
        phones["1002"] = LinphoneAtDesk(await stack.enter_async_context(other), server.sip, "1002")
        pages = {login: await server.client(login, password) for login, password in PASSWORDS.items()}
        admin = await server.client()
        await admin.until("/extensions", lambda said: sum(one["registered"] for one in said["items"]) == len(phones))
        made = Floor(server, trunk, phones, pages)
        yield made
        for task in made.saying:
            task.cancel()
        await asyncio.gather(*made.saying, return_exceptions=True)
    assert server.errors() == []


@pytest_asyncio.fixture(loop_scope="module")
async def office(floor: Floor) -> AsyncIterator[Floor]:
    """Both agents are ready and no call is up: before a test, and after it, whatever became of it."""
    for login in ("1001", "1002"):
        await floor.pages[login].post(f"/agents/{login}/state", {"state": "ready"})
        await floor.boss.until("/agents", lambda said, one=login: _state(said, one) == "ready")
    yield floor
    for line in (await floor.boss.get("/live"))["lines"]:
        await floor.boss.try_to("POST", f"/calls/{line['call']}/hang-up", json={})
    for phone in floor.phones.values():
        await phone.over()
    while not floor.trunk.incoming.empty():
        floor.trunk.incoming.get_nowait()


def _state(said: Any, login: str) -> str:
    return str(next(one["state"] for one in said["items"] if one["login"] == login))


async def soon(waiting: Any) -> Any:
    return await asyncio.wait_for(waiting, SOON)


def over(said: dict[str, Any]) -> bool:
    """The call, and its recordings, which are closed a moment after it."""
    kinds = [step["kind"] for step in said["story"]]
    closed = kinds.count("recording.started") == kinds.count("recording.finished")
    return said["ended_at"] is not None and closed


@dataclass
class Conversation:
    """A customer and an agent, who speak. agent and colleague: the two phones, foreign both."""

    floor: Floor
    call: str
    customer: PhoneCall
    caller: str
    agent: Handset
    colleague: Handset

    @property
    def page(self) -> Client:
        return self.floor.pages[self.agent.number]

    @property
    def colleagues_page(self) -> Client:
        return self.floor.pages[self.colleague.number]

    @property
    def ears(self) -> dict[str, Ear]:
        return {"c": ScriptedEar(self.customer), "a": self.agent, "b": self.colleague}

    async def order(self, what: str, body: Mapping[str, Any] | None = None) -> None:
        """By the agent's page."""
        await self.page.post(f"/calls/{self.call}/{what}", dict(body or {}))

    async def who(self, expected: str, **more: Ear) -> None:
        """Who hears whom: "a<c c<a", a: the agent, b: the colleague, c: the customer, more: others. "c<~": hears music,
        words or a tone of the network; who is not named as hearing hears nothing, or is not listened for: "b?".
        """
        names = {"c": "customer", "a": self.agent.number, "b": self.colleague.number, "s": "1003", "x": "outside"}
        await hears(expected, self.ears | more, {name: HERTZ[of] for name, of in names.items()})

    async def record(self) -> dict[str, Any]:
        said: dict[str, Any] = await self.floor.boss.until(f"/calls/{self.call}", over)
        return said

    async def story(self, *kinds: str) -> list[tuple[str, str | None]]:
        """What was done, of these kinds, and by whom, in order; each step after the one before."""
        steps = (await self.record())["story"]
        assert [step["at"] for step in steps] == sorted(step["at"] for step in steps)
        return [
            (step["kind"], step["details"].get("by") or step["details"].get("agent"))
            for step in steps
            if step["kind"] in kinds
        ]

    async def pops_at_the_colleague(self) -> None:
        """The page of who has the voice shows the customer (TEL-04)."""
        assert await self.floor.pop(self.colleague.number, self.caller) == self.call

    async def hangs_up(self) -> None:
        await self.customer.hang_up()
        await self.agent.over()


async def hears(expected: str, ears: Mapping[str, Ear], hertz: Mapping[str, float]) -> None:
    wanted = sorted(expected.split())
    listened = {name: ear for name, ear in ears.items() if f"{name}?" not in wanted}
    wanted = [one for one in wanted if not one.endswith("?")]
    found: list[str] = []
    loop = asyncio.get_running_loop()
    until = loop.time() + HEARD_WITHIN + LOOKED_AT
    while loop.time() < until:
        found = await _now(listened, hertz)
        if found == wanted:
            return
    assert found == wanted


async def _now(ears: Mapping[str, Ear], hertz: Mapping[str, float]) -> list[str]:
    marks = {name: len(ear.heard()) for name, ear in ears.items()}
    await asyncio.sleep(LOOKED_AT)
    found: list[str] = []
    for name, ear in ears.items():
        whole = ear.heard()
        new = whole[marks[name] :] if len(whole) >= marks[name] else whole
        new = new[len(new) % 160 :]
        if len(new) < 800:
            continue  # nothing comes
        levels = {other: level(new, tone) for other, tone in hertz.items()}
        voices = [other for other, one in levels.items() if one > LOUD]
        if not voices and float(np.abs(new.astype(int)).max()) > 300:
            voices = ["~"]
        found += [f"{name}<{voice}" for voice in voices]
    return sorted(found)


def at(office: Floor, side: Side) -> tuple[Handset, Handset]:
    """The agent's phone and the colleague's."""
    one, other = office.phones["1001"], office.phones["1002"]
    return (one, other) if side == "baresip" else (other, one)


async def conversation(office: Floor, side: Side) -> Conversation:
    agent, colleague = at(office, side)
    customer, caller = await office.calls(SALES if side == "baresip" else SUPPORT)
    await agent.rings()
    await agent.answer()
    one = Conversation(office, await office.pop(agent.number, caller), customer, caller, agent, colleague)
    await one.who("a<c c<a")
    return one


BOTH = pytest.mark.parametrize("side", ["baresip", "linphone"])


@BOTH
async def test_hold_from_the_page_and_by_the_phones_own_key(office: Floor, side: Side) -> None:
    talk = await conversation(office, side)
    await talk.order("hold")
    await talk.who("c<~")
    await talk.order("resume")
    await talk.who("a<c c<a")
    await talk.agent.hold()
    await talk.who("c<~ a?")
    await talk.agent.resume()
    # baresip 1.0 decodes nothing any more after its own hold, though it is sent all of it (seen on the wire).
    await talk.who("c<a a?" if side == "baresip" else "a<c c<a")
    await talk.hangs_up()
    assert await talk.story("call.held", "call.resumed") == [
        ("call.held", talk.agent.number), ("call.resumed", talk.agent.number),
    ] * 2  # fmt: skip


async def test_every_order_is_heard_within_a_moment(office: Floor) -> None:
    """From the order to the first packet of 20 ms at the customer's ear in which the agent is gone, or back."""
    talk = await conversation(office, "baresip")
    loop, took = asyncio.get_running_loop(), {}
    for what, body, there in (
        ("hold", {}, False), ("resume", {}, True), ("mute", {"muted": True}, False), ("mute", {"muted": False}, True),
        ("consult", {"agent": talk.colleague.number}, False), ("back", {}, True),
    ):  # fmt: skip
        at = loop.time()
        await talk.order(what, body)
        await talk.who("a? " + ("c<a" if there else "c<~" if what != "mute" else ""))
        packets = [packet for packet in talk.customer.talk.packets if packet[0] > at]
        levels = [level(g711.decode(np.frombuffer(one, np.uint8), g711.PCMA), HERTZ["1001"]) for *_, one in packets]
        first = next(n for n, one in enumerate(levels) if (one > LOUD) is there)
        took[what, there] = round(packets[first][0] - at, 3)
    assert max(took.values()) < 1.0, took
    await talk.hangs_up()


async def test_mute_and_keys_in_both_ways(office: Floor) -> None:
    talk = await conversation(office, "baresip")
    await talk.order("mute", {"muted": True})
    await talk.who("a<c")
    await talk.order("mute", {"muted": False})
    await talk.who("a<c c<a")
    await talk.order("keys", {"keys": "42#"})
    await talk.agent.press("7")
    async with asyncio.timeout(SOON):
        while talk.customer.talk.keys_heard != "42#7":
            await asyncio.sleep(0.05)
    await talk.order("hang-up")
    await soon(talk.customer.ended.wait())
    await talk.agent.over()
    assert await talk.story("call.muted", "call.keys_sent") == [("call.muted", "1001")] * 2 + [
        ("call.keys_sent", "1001")
    ]


@BOTH
async def test_a_colleague_is_asked_and_the_agent_changes_sides_and_comes_back(office: Floor, side: Side) -> None:
    talk = await conversation(office, side)
    await talk.order("consult", {"agent": talk.colleague.number})
    await talk.colleague.rings()
    await talk.who("a<~ c<~")  # ringback, music
    await talk.colleague.answer()
    await talk.who("a<b b<a c<~")
    await talk.pops_at_the_colleague()
    await talk.order("toggle")
    await talk.who("a<c c<a b<~")
    await talk.order("toggle")
    await talk.who("a<b b<a c<~")
    await talk.order("back")
    await talk.colleague.over()
    await talk.who("a<c c<a")
    await talk.hangs_up()
    kinds = ("call.consult_begun", "call.consult_answered", "call.consult_switched", "call.consult_ended")
    begun, answered, switched, ended = ((kind, talk.agent.number) for kind in kinds)
    assert await talk.story(*kinds) == [begun, answered, switched, switched, ended]


@BOTH
async def test_who_is_asked_is_given_the_call(office: Floor, side: Side) -> None:
    talk = await conversation(office, side)
    stream = await talk.colleagues_page.http.ws_connect("/api/v1/events")
    await talk.order("consult", {"number": talk.colleague.number})
    await talk.colleague.rings()
    await talk.colleague.answer()
    await talk.who("a<b b<a c<~")
    await talk.order("complete")
    await talk.who("b<c c<b")
    facts: list[Any] = []
    async with asyncio.timeout(SOON):
        while not facts or facts[-1]["type"] != "call.transferred":
            facts.append(await stream.receive_json())
    await stream.close()
    shown = [fact["data"] for fact in facts if fact["type"] == "screen.pop"]
    assert [(one["call"], one["agent"], one["caller"]) for one in shown] == [
        (talk.call, talk.colleague.number, talk.caller)
    ], "the customer is shown once, to who has the voice"
    await talk.agent.over()
    assert (await talk.page.try_to("POST", f"/calls/{talk.call}/hold", json={}))[0] == 403, "not theirs any more"
    await talk.customer.hang_up()
    await talk.colleague.over()
    record = await talk.record()
    assert (record["agent"], record["outcome"]) == (talk.colleague.number, "answered")
    assert await talk.story("call.transferred") == [("call.transferred", talk.agent.number)]


@BOTH
async def test_a_queue_is_asked_and_the_next_of_it_is_given_the_call(office: Floor, side: Side) -> None:
    talk = await conversation(office, side)
    await talk.order("consult", {"queue": "all"})
    await talk.colleague.rings()
    await talk.who("a<~ c<~")  # ringback, music
    await talk.colleague.answer()
    await talk.who("a<b b<a c<~")
    await talk.pops_at_the_colleague()
    await talk.order("toggle")
    await talk.who("a<c c<a b<~")
    await talk.order("complete")
    await talk.who("b<c c<b")
    await talk.agent.over()
    await talk.customer.hang_up()
    await talk.colleague.over()
    record = await talk.record()
    assert (record["agent"], record["queue"], record["outcome"]) == (talk.colleague.number, "all", "answered")


@BOTH
async def test_three_speak_and_one_is_put_out(office: Floor, side: Side) -> None:
    talk = await conversation(office, side)
    await talk.order("parties", {"agent": talk.colleague.number})
    await talk.colleague.rings()
    await talk.colleague.answer()
    await talk.who("a<b a<c b<a b<c c<a c<b")
    third = (await talk.page.get(f"/calls/{talk.call}/parties"))["items"][2]
    assert third["agent"] == talk.colleague.number
    await talk.page.ask("DELETE", f"/calls/{talk.call}/parties/{third['id']}")
    await talk.colleague.over()
    await talk.who("a<c c<a")
    await talk.order("consult", {"agent": talk.colleague.number})
    await talk.colleague.rings()
    await talk.colleague.answer()
    await talk.who("a<b b<a c<~")
    await talk.order("conference")
    await talk.who("a<b a<c b<a b<c c<a c<b")
    await talk.agent.hang_up()
    await talk.who("b<c c<b")
    await talk.customer.hang_up()
    await talk.colleague.over()
    record = await talk.record()
    assert [step["details"].get("by") for step in record["story"] if step["kind"] == "call.party_left"] == [
        talk.agent.number
    ]


async def test_a_phone_picks_up_when_the_page_says_so(office: Floor, tmp_path: Path) -> None:
    """It sends back what it hears: the customer hears themselves."""
    host, port = "127.0.0.15", free_port(host="127.0.0.15")
    asked = sipp.registers("1005", "phone-Secret-5")
    bound = await sipp.play(tmp_path / "bound", asked, host, office.server.sip, "1005", port=port)
    assert await soon(bound.wait()) == 0, (tmp_path / "bound/errors").read_text(errors="replace")
    phone = await sipp.headset(tmp_path / "headset", host, office.server.sip, port)
    try:
        async with await office.server.client("1005", "fifth-Secret-5") as page:
            await page.post("/agents/1005/state", {"state": "ready"})
            customer, caller = await office.calls(HEADSET)
            said = await page.until("/desk", lambda said: (said["pop"] or {}).get("caller") == caller)
            call = said["pop"]["call"]
            async with asyncio.timeout(SOON):  # it says in its 180 that it can be told so
                while (await page.try_to("POST", f"/calls/{call}/answer", json={}))[0] == 409:
                    await asyncio.sleep(0.05)
            await hears("c<c", {"c": ScriptedEar(customer)}, {"c": HERTZ["customer"]})
            await page.post(f"/calls/{call}/hang-up", {})
            await soon(customer.ended.wait())
            await page.post("/agents/1005/state", {"state": "signed_out"})
    finally:
        phone.terminate()
        await phone.wait()


@BOTH
async def test_a_phone_that_cannot_be_told_to_pick_up_is_not(office: Floor, side: Side) -> None:
    agent, colleague = at(office, side)
    customer, caller = await office.calls(SALES if side == "baresip" else SUPPORT)
    await agent.rings()
    call = await office.pop(agent.number, caller)
    talk = Conversation(office, call, customer, caller, agent, colleague)
    assert (await talk.page.try_to("POST", f"/calls/{call}/answer", json={}))[0] == 409
    await agent.answer()
    await talk.who("a<c c<a")
    await talk.hangs_up()


# ---- handed on ---------------------------------------------------------------------------------------------


@BOTH
async def test_a_call_is_handed_to_a_queue_an_agent_a_number_outside_and_is_one_call_all_the_time(
    office: Floor, side: Side
) -> None:
    talk = await conversation(office, side)
    queue = "support" if side == "baresip" else "sales"
    await talk.order("transfer", {"queue": queue})
    await talk.agent.over()
    await talk.colleague.rings()
    await talk.who("c<~")
    await talk.colleague.answer()
    await talk.who("b<c c<b")
    await talk.pops_at_the_colleague()
    await talk.colleagues_page.post(f"/calls/{talk.call}/transfer", {"agent": talk.agent.number})
    await talk.agent.rings()
    await talk.agent.answer()
    await talk.who("a<c c<a")
    await talk.colleague.over()
    await talk.order("transfer", {"number": OUTSIDE})
    outside = await office.outside()
    await talk.who("c<x x<c", x=ScriptedEar(outside))
    await talk.agent.over()
    await talk.customer.hang_up()
    await soon(outside.ended.wait())
    record = await talk.record()
    assert (record["outcome"], record["caller"]) == ("answered", talk.caller)
    steps = [step["details"] for step in record["story"] if step["kind"] == "call.transferred"]
    agent, colleague = talk.agent.number, talk.colleague.number
    assert [(step["by"], step["number"]) for step in steps] == [
        (agent, queue),
        (colleague, agent),
        (agent, OUTSIDE[1:]),
    ]
    assert (await office.boss.get("/calls", caller=talk.caller))["total"] == 1
    told = await office.boss.until(f"/calls/{talk.call}", lambda said: len(said["sound"]) == 5)
    assert [one["number"] for one in told["sound"]] == [talk.caller, agent, colleague, agent, OUTSIDE[1:]], "its legs"


@BOTH
async def test_the_phone_itself_hands_on_to_a_colleague_and_to_a_flow(office: Floor, side: Side) -> None:
    """REFER (RFC 3515)."""
    talk = await conversation(office, side)
    await talk.agent.transfer(talk.colleague.number)
    await talk.colleague.rings()
    await talk.colleague.answer()
    await talk.who("b<c c<b")
    await talk.agent.over()
    await talk.pops_at_the_colleague()
    await talk.colleague.transfer(WORDS)
    await talk.colleague.over()
    await talk.who("c<~")
    await talk.customer.hang_up()
    steps = [step["details"] for step in (await talk.record())["story"] if step["kind"] == "call.transferred"]
    agent, colleague = talk.agent.number, talk.colleague.number
    assert [(step["by"], step["number"]) for step in steps] == [(agent, colleague), (colleague, WORDS)]


async def test_a_flow_goes_on_with_who_is_handed_to_it_from_a_page(office: Floor) -> None:
    talk = await conversation(office, "baresip")
    await talk.order("transfer", {"flow": "main"})
    await talk.agent.over()
    await talk.who("c<~")
    await talk.customer.hang_up()
    record = await talk.record()
    assert (record["flow"], record["agent"]) == ("main", "1001")


async def test_linphone_asks_on_a_second_call_and_joins_the_two(office: Floor) -> None:
    """REFER with Replaces (RFC 3891); baresip 1.0 has none."""
    talk = await conversation(office, "linphone")
    linphone = talk.agent
    assert isinstance(linphone, LinphoneAtDesk)
    await linphone.hold()
    await talk.who("c<~ a?")
    await linphone.dial(talk.colleague.number)
    await talk.colleague.rings()
    await talk.colleague.answer()
    await talk.who("a<b b<a c<~")
    await linphone.transfer_to_second()
    await talk.who("b<c c<b a?")
    await linphone.over()
    await talk.pops_at_the_colleague()
    await talk.customer.hang_up()
    await talk.colleague.over()
    assert (await talk.record())["agent"] == "1001"
    assert await talk.story("call.transferred") == [("call.transferred", "1002")]


@BOTH
async def test_a_call_is_parked_from_the_page_and_by_the_phone_and_fetched_by_both(office: Floor, side: Side) -> None:
    talk = await conversation(office, side)
    slot = (await talk.page.post(f"/calls/{talk.call}/park", {}))["slot"]
    await talk.agent.over()
    await talk.who("c<~")
    await talk.colleague.dial(f"*88{slot}")
    await talk.who("b<c c<b")
    await talk.colleague.transfer(f"*68{slot}")
    await talk.colleague.over()
    await talk.who("c<~")
    await talk.page.post(f"/parking/{slot}/fetch", {})
    await talk.agent.rings()
    await talk.agent.answer()
    await talk.who("a<c c<a")
    await talk.hangs_up()
    agent, colleague = talk.agent.number, talk.colleague.number
    steps = [step for step in (await talk.record())["story"] if step["kind"] in ("call.parked", "call.fetched")]
    assert [(step["kind"], step["details"]["number"]) for step in steps] == [
        ("call.parked", agent), ("call.fetched", colleague), ("call.parked", colleague), ("call.fetched", agent),
    ]  # fmt: skip


@BOTH
@pytest.mark.parametrize("by", ["phone", "page"])
async def test_a_colleague_takes_the_call_that_rings_at_another_desk(office: Floor, side: Side, by: str) -> None:
    agent, colleague = at(office, side)
    await office.pages[colleague.number].post(f"/agents/{colleague.number}/state", {"state": "break"})
    customer, caller = await office.calls(ALL)
    await agent.rings()
    if by == "phone":
        await colleague.dial("*8")
    else:
        call = (await office.pages[agent.number].until("/desk", lambda said: said["pop"] is not None))["pop"]["call"]
        await office.pages[colleague.number].post(f"/calls/{call}/pick-up", {})
        await colleague.rings()
        await colleague.answer()
    call = await office.pop(colleague.number, caller)
    talk = Conversation(office, call, customer, caller, agent, colleague)
    await talk.who("b<c c<b")
    await agent.over()
    assert _state(await office.boss.get("/agents"), agent.number) == "ready", "no miss, no wrap-up"
    await customer.hang_up()
    await colleague.over()
    assert (await talk.record())["agent"] == colleague.number
    assert await talk.story("call.picked_up") == [("call.picked_up", colleague.number)]


@BOTH
async def test_a_click_rings_the_own_phone_first_and_then_the_number(office: Floor, side: Side) -> None:
    agent, colleague = at(office, side)
    page = office.pages[agent.number]
    call = (await page.post("/calls", {"number": OUTSIDE}))["call"]
    await agent.rings()
    assert office.trunk.incoming.empty()
    await agent.answer()
    customer = await soon(office.trunk.incoming.get())
    customer.ring()
    talk = Conversation(office, call, customer, OUTSIDE, agent, colleague)
    await talk.who("a<~")
    customer.answer()
    await soon(customer.answered.wait())
    office.says("customer", customer)
    await talk.who("a<c c<a")
    await customer.hang_up()
    await agent.over()
    record = await talk.record()
    assert (record["direction"], record["called"], record["agent"]) == ("outbound", OUTSIDE, agent.number)


# ---- supervisors -------------------------------------------------------------------------------------------


@BOTH
async def test_a_supervisor_listens_whispers_barges_in_and_takes_over(office: Floor, side: Side) -> None:
    talk = await conversation(office, side)
    desk = office.phones["1003"]
    await office.boss.post(f"/calls/{talk.call}/listen", {})
    await desk.rings()
    await desk.answer()
    await talk.who("a<c c<a s<a s<c", s=desk)
    await desk.press("5")
    await talk.who("a<c a<s c<a s<a s<c", s=desk)
    await office.boss.post(f"/calls/{talk.call}/listen", {"mode": "barge"})
    await talk.who("a<c a<s c<a c<s s<a s<c", s=desk)
    await desk.press("4")
    await talk.who("a<c c<a s<a s<c", s=desk)
    await office.boss.post(f"/calls/{talk.call}/take-over", {})
    await talk.who("c<s s<c", s=desk)
    await talk.agent.over()
    await talk.customer.hang_up()
    await desk.over()
    record = await talk.record()
    told = [
        step["details"] for step in record["story"] if step["kind"] == "call.monitored" and step["details"].get("until")
    ]
    assert [(one["by"], one["mode"]) for one in told] == [
        ("2001", mode) for mode in ("listen", "whisper", "barge", "listen")
    ]
    assert record["agent"] == "2001"


@BOTH
async def test_a_supervisor_releases_a_call_by_force_and_sets_the_agents_state(office: Floor, side: Side) -> None:
    talk = await conversation(office, side)
    login = talk.agent.number
    stream = await talk.page.http.ws_connect("/api/v1/events")
    refused, _ = await talk.colleagues_page.try_to("POST", f"/calls/{talk.call}/hang-up", json={})
    assert refused in (403, 404), "a colleague may not"
    await office.boss.post(f"/calls/{talk.call}/hang-up", {})
    await soon(talk.customer.ended.wait())
    await talk.agent.over()
    for state in ("break", "signed_out", "ready"):
        await office.boss.post(f"/agents/{login}/state", {"state": state})
        await office.boss.until("/agents", lambda said, wanted=state: _state(said, login) == wanted)
    told: list[tuple[str, str]] = []
    async with asyncio.timeout(SOON):
        while len(told) < 4:
            fact = await stream.receive_json()
            if fact["type"] == "agent.forced":
                told.append((fact["data"]["by"], fact["data"]["state"]))
    assert told == [("2001", state) for state in ("released", "break", "signed_out", "ready")]
    await stream.close()


# ---- recorded ----------------------------------------------------------------------------------------------


async def test_a_recording_is_paused_stopped_and_begun_again_and_holds_exactly_that(office: Floor) -> None:
    talk = await conversation(office, "baresip")
    await talk.order("recording/pause")
    await asyncio.sleep(1.0)
    await talk.order("recording/resume")
    await asyncio.sleep(0.6)
    await office.boss.post(f"/calls/{talk.call}/recording/stop", {})
    await asyncio.sleep(0.6)
    await office.boss.post(f"/calls/{talk.call}/recording/start", {})
    await asyncio.sleep(0.6)
    await talk.hangs_up()
    steps = [step for step in (await talk.record())["story"] if step["kind"].startswith("recording.")]
    assert [step["kind"].removeprefix("recording.") for step in steps] == [
        "started", "paused", "resumed", "finished", "started", "finished",
    ]  # fmt: skip
    at = [datetime.fromisoformat(step["at"]) for step in steps]
    first, second = (step["details"]["recording"] for step in (steps[0], steps[4]))
    assert first != second
    kept = {name: stereo(await office.boss.recording(name)) for name in (first, second)}
    for side, hertz in enumerate((HERTZ["customer"], HERTZ["1001"])):
        whole = kept[first][side]
        assert len(whole) / 8000 == pytest.approx((at[3] - at[0]).total_seconds(), abs=0.15)
        silent = gaps(whole, hertz, LOUD)
        paused, resumed = ((moment - at[0]).total_seconds() for moment in (at[1], at[2]))
        inside = [moment for moment in silent if paused + 0.1 < moment < resumed - 0.1]
        assert len(inside) >= (resumed - paused - 0.25) / 0.02, "the pause is as long as it was, and holds nothing"
        assert [moment for moment in silent if moment > resumed + 0.1] == []
        held = whole[round((paused + 0.1) * 8000) : round((resumed - 0.1) * 8000)]
        assert np.abs(held).max() <= 8, "the silence of A-law"
        again = kept[second][side]
        assert len(again) / 8000 == pytest.approx((at[5] - at[4]).total_seconds(), abs=0.15)
        assert level(again[800:-800], hertz) > LOUD


# ---- another site meanwhile --------------------------------------------------------------------------------


async def test_a_new_site_cuts_no_call_even_if_its_queue_and_trunk_are_gone_from_it(office: Floor) -> None:
    """P-49. A broken one changes nothing."""
    site = SITE.format(trunk=TRUNK_HOST, port=office.trunk.port)
    talk = await conversation(office, "baresip")
    with pytest.raises(CallcenterdError):
        await office.server.apply(site.replace("queues:", "queues: [") + "trunks: 7")
    await talk.who("a<c c<a")
    admin = await office.server.client()
    assert (await admin.try_to("DELETE", "/queues/sales"))[0] == 422, "a flow in service names it"
    try:
        for name, text in NAMING_SALES.items():
            office.server.flow(name, text.replace("{queue: sales}", "{hangup: normal}"))
        await admin.post("/flows/reload", {})
        for path in ("/outbound/0.", "/queues/sales", "/trunks/gateway"):
            await admin.ask("DELETE", path)
        await talk.who("a<c c<a")
        await talk.order("hold")
        await talk.who("c<~")
        await talk.order("resume")
        await talk.who("a<c c<a")
    finally:
        await office.server.apply(site)
        for name, text in NAMING_SALES.items():
            office.server.flow(name, text)
        await admin.post("/flows/reload", {})
    await talk.hangs_up()
    record = await talk.record()
    assert (record["outcome"], record["agent"], record["queue"]) == ("answered", "1001", "sales")
    said = await office.pages["2001"].get("/agents")
    assert {one["login"] for one in said["items"] if one["phone"]} >= {"1001", "1002"}, "no registration was lost"
