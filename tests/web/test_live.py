from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from callcenterd.bus import Bus
from callcenterd.model import events
from callcenterd.model.events import EVENT_NAMES
from callcenterd.model.ids import AgentId, CallId, CustomerId, FlowName, QueueName
from callcenterd.model.people import Role
from callcenterd.switchboard.parties import REMEMBERED
from callcenterd.web.agents import Agent
from callcenterd.web.live import EVERY, LiveEvents, Reader, encoded_fact
from callcenterd.web.livestate import ExtensionLine, Half, Line, Queue, QueueDay, TrunkLine
from callcenterd.web.page import Page
from callcenterd.web.rights import Sight
from tests.store.rows import leg_sound
from tests.web.house import STAMP, House


class Listener:
    """An open page of somebody, read when the test wants to."""

    def __init__(self, office: House, live: LiveEvents, login: str, role: Role) -> None:
        self._live = live
        self.woken = 0
        self.reader = Reader(login, role, Sight.of(login, office.board.site), Page(live=True), self._wake)
        live.join(self.reader)

    def _wake(self) -> None:
        self.woken += 1

    def take(self) -> list[dict[str, Any]]:
        texts = self.reader.page.take("now", lambda: self._live.snapshot(self.reader))
        return [json.loads(text) for text in texts]

    def facts(self) -> list[str]:
        return [message["type"] for message in self.take() if not message["type"].startswith("live.")]


@pytest.fixture
def live(office: House) -> LiveEvents:
    return LiveEvents(office.board, office.office.bus)


@pytest.fixture
def bus() -> Bus:
    """For facts of calls that nobody made: the history must not hear of them."""
    return Bus()


@pytest.fixture
def told(office: House, bus: Bus) -> LiveEvents:
    """Hears what a test says on that bus, and nothing else."""
    return LiveEvents(office.board, bus)


@pytest.fixture
async def ringing(office: House, live: LiveEvents) -> CallId:
    """A caller for sales; agent 1001's phone rings. live listens from before the call."""
    office.registers("1001")
    await office.board.desk.set_state("1001", "ready")
    call = office.comes()
    for _ in range(100):
        if office.sip.placed:
            break
        await asyncio.sleep(0.01)
    office.rings()
    return call


def everything(listener: Listener) -> dict[str, Any]:
    (snapshot,) = [message for message in listener.take() if message["type"] == "live.snapshot"]
    return dict(snapshot["data"]["topics"])


async def test_everybody_sees_what_is_theirs_to_see(office: House, live: LiveEvents, ringing: CallId) -> None:
    boss = everything(Listener(office, live, "boss", "supervisor"))
    assert set(boss) == {
        f"lines/{ringing}",
        *(f"agents/{login}" for login in ("1001", "1002", "1003", "boss", "chief", "root")),
        "queues/sales",
        "queues/complaints",
        "flows/main/sales",
        "trunks/telecom",
        *(f"extensions/{number}" for number in ("1001", "1002", "1900")),
        *(topic for topic in boss if topic.startswith(("volume//", "volume/sales/"))),
    }
    assert len(boss) == 16
    colleague = everything(Listener(office, live, "1002", "agent"))
    assert {topic for topic in colleague if not topic.startswith("volume/sales/")} == {
        f"lines/{ringing}",
        "agents/1001",
        "agents/1002",
        "queues/sales",
        "extensions/1002",
    }
    other = everything(Listener(office, live, "1003", "agent"))
    assert set(other) == {"agents/1003", "queues/complaints"}
    assert "13812345678" not in json.dumps(other)


async def test_the_values_are_those_that_the_api_describes(office: House, live: LiveEvents, ringing: CallId) -> None:
    topics = everything(Listener(office, live, "boss", "supervisor"))
    assert set(topics[f"lines/{ringing}"]) == set(Line.__annotations__)
    assert set(topics["agents/1001"]) == set(Agent.__annotations__)
    assert set(topics["queues/sales"]) == set(Queue.__annotations__)
    assert set(topics["queues/sales"]["today"]) == set(QueueDay.__annotations__)
    assert set(topics["trunks/telecom"]) == set(TrunkLine.__annotations__)
    assert set(topics["extensions/1001"]) == set(ExtensionLine.__annotations__)
    (half,) = [value for topic, value in topics.items() if topic.startswith("volume//")]
    assert set(half) == set(Half.__annotations__)


async def test_a_change_comes_once_for_a_topic_however_many_facts_led_to_it(
    office: House, live: LiveEvents, ringing: CallId
) -> None:
    boss = Listener(office, live, "boss", "supervisor")
    await asyncio.sleep(EVERY * 2)
    boss.take()
    office.answers()
    await asyncio.sleep(EVERY * 2)
    changes = [message["data"] for message in boss.take() if message["type"] == "live.changed"]
    assert len(changes) == 1
    assert changes[0]["changes"][f"lines/{ringing}"]["state"] == "talking"
    assert changes[0]["changes"]["agents/1001"]["state"] == "talking"
    assert changes[0]["changes"]["queues/sales"]["waiting"] == []


async def test_who_is_concerned_sees_it_at_once_and_everybody_else_with_the_next_changes(
    office: House, live: LiveEvents, ringing: CallId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much happens in the office: a click of an agent waits for nothing."""
    agent, colleague, boss = (
        Listener(office, live, "1001", "agent"),
        Listener(office, live, "1002", "agent"),
        Listener(office, live, "boss", "supervisor"),
    )
    await asyncio.sleep(EVERY * 2)
    for listener in (agent, colleague, boss):
        listener.take()
    monkeypatch.setattr("callcenterd.web.live.EVERY", 0.6)
    office.answers()
    while f"lines/{ringing}" not in changes(boss):  # the changes that follow from it: no more of them for a while
        await asyncio.sleep(0)
    for listener in (agent, colleague, boss):
        listener.take()
    office.board.desk.mute(ringing, "1001", True)
    await asyncio.sleep(0)
    assert changes(agent)[f"lines/{ringing}"]["people"][1]["muted"]
    assert changes(colleague) == changes(boss) == {}
    await asyncio.sleep(1.0)
    assert changes(boss)[f"lines/{ringing}"]["people"][1]["muted"]
    assert changes(agent) == {}, "it has it already"
    await office.board.desk.hang_up(ringing, "1001")
    await asyncio.sleep(0)
    assert changes(agent)["agents/1001"]["state"] == "wrap_up"
    await office.board.desk.end_wrap_up("1001")
    boss.take()
    await office.board.desk.set_state("1001", "break", "meal", by="boss")
    assert changes(boss)["agents/1001"]["state"] == "break"


def changes(listener: Listener) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for message in listener.take():
        if message["type"] == "live.changed":
            told |= message["data"]["changes"]
    return told


async def test_a_line_that_is_gone_is_told_as_gone_to_who_saw_it_and_to_nobody_else(
    office: House, live: LiveEvents, ringing: CallId
) -> None:
    boss, colleague, other = (
        Listener(office, live, "boss", "supervisor"),
        Listener(office, live, "1002", "agent"),
        Listener(office, live, "1003", "agent"),
    )
    for listener in (boss, colleague, other):
        listener.take()
    await office.board.desk.hang_up(ringing, "boss")
    await asyncio.sleep(EVERY * 3)
    for listener, sees in ((boss, True), (colleague, True), (other, False)):
        changed: dict[str, Any] = {}
        for message in listener.take():
            if message["type"] == "live.changed":
                changed.update(message["data"]["changes"])
        assert (f"lines/{ringing}" in changed) is sees
        assert changed.get(f"lines/{ringing}") is None


async def test_a_pop_goes_at_once_to_its_agent_and_to_supervisors(office: House, live: LiveEvents) -> None:
    office.registers("1001")
    await office.board.desk.set_state("1001", "ready")
    agent, colleague, boss = (
        Listener(office, live, "1001", "agent"),
        Listener(office, live, "1002", "agent"),
        Listener(office, live, "boss", "supervisor"),
    )
    office.comes()
    while not office.sip.placed:
        await asyncio.sleep(0.01)
    for listener in (agent, colleague, boss):
        listener.take()
    office.rings()
    assert "screen.pop" in agent.facts()  # in the same turn of the loop
    assert "screen.pop" in boss.facts()
    heard = colleague.facts()
    assert "call.ringing" in heard
    assert "screen.pop" not in heard


async def test_facts_of_a_call_reach_who_may_see_it_also_after_its_end(
    office: House, live: LiveEvents, ringing: CallId
) -> None:
    await office.board.desk.hang_up(ringing, "boss")
    colleague, other = Listener(office, live, "1002", "agent"), Listener(office, live, "1003", "agent")
    for listener in (colleague, other):
        listener.take()
    office.office.bus.publish(events.CallNoted(at=STAMP, call=ringing, customer=CustomerId(1), by="1001"))
    assert colleague.facts() == ["call.noted"]
    assert other.facts() == []


async def test_a_new_site_gives_every_page_everything_anew(office: House, live: LiveEvents) -> None:
    agent = Listener(office, live, "1003", "agent")
    agent.take()
    root = await office.as_("root")
    await office.client.put("/api/v1/queues/sales", json={"members": ["1001", "1003"]}, headers=root)
    assert set(everything(agent)) == {"agents/1001", "agents/1003", "queues/sales", "queues/complaints"}


FACTS: dict[str, events.Fact] = {
    "pop": events.ScreenPopped(
        at=STAMP, call=CallId("c"), agent=AgentId("1001"), caller="1", called="2", queue=None, customers=()
    ),
    "preview": events.PreviewOver(at=STAMP, agent=AgentId("1001"), campaign=1, entry=1, reason="time"),
    "campaign": events.CampaignChanged(
        at=STAMP, campaign=1, name="x", queue=QueueName("sales"), state="running", by="boss"
    ),
    "flows": events.FlowsLoaded(at=STAMP, flows=(FlowName("main"),), faults=("a.yaml:1: x",)),
    "customer": events.CustomerSaved(at=STAMP, customer=CustomerId(3), by="1001"),
    "imported": events.CustomersImported(at=STAMP, number=3, by="boss"),
    "queue": events.QueueChanged(at=STAMP, queue=QueueName("sales"), waiting=(), longest_since=None),
    "trunk": events.TrunkChanged(at=STAMP, trunk="telecom", state="down", why=""),  # type: ignore[arg-type]
    "phone": events.PhoneChanged(at=STAMP, extension="1001", reachable=True),  # type: ignore[arg-type]
    "strange call": events.CallStarted(
        at=STAMP, call=CallId("d"), direction="inbound", caller="1", caller_name="", called="2"
    ),
    "own call": events.CallAnswered(at=STAMP, call=CallId("e"), agent=AgentId("1001"), number="1001"),
    "queue's call": events.CallerQueued(at=STAMP, call=CallId("f"), queue=QueueName("sales")),
    "failed callback": events.CallbackChanged(
        at=STAMP,
        callback=1,
        queue=QueueName("sales"),
        number="1",
        state="failed",
        tries=3,
        result="machine",
        by="system",
        assigned_to="1003",
    ),
    "try": events.CallbackTried(
        at=STAMP, call=None, callback=1, queue=QueueName("sales"), number="1", result="no_such_number", by="system"
    ),
}
WHO: dict[str, tuple[str, Role]] = {
    "agent": ("1001", "agent"),
    "colleague": ("1002", "agent"),
    "other": ("1003", "agent"),
    "boss": ("boss", "supervisor"),
    "root": ("root", "admin"),
}
HEARS = {
    "preview": {"agent", "boss", "root"},
    "campaign": {"agent", "colleague", "boss", "root"},
    "pop": {"agent", "boss", "root"},
    "flows": {"root"},
    "customer": {"agent", "colleague", "other", "boss", "root"},
    "imported": {"agent", "colleague", "other", "boss", "root"},
    "queue": {"agent", "colleague", "boss", "root"},
    "trunk": {"boss", "root"},
    "phone": {"agent", "boss", "root"},
    "strange call": {"boss", "root"},
    "own call": {"agent", "boss", "root"},
    "queue's call": {"agent", "colleague", "boss", "root"},
    "failed callback": {"agent", "colleague", "other", "boss", "root"},
    "try": {"agent", "colleague", "boss", "root"},
}


@pytest.mark.parametrize("name", FACTS)
async def test_who_hears_which_fact(office: House, bus: Bus, told: LiveEvents, name: str) -> None:
    listeners = {who: Listener(office, told, *known) for who, known in WHO.items()}
    for listener in listeners.values():
        listener.take()
    bus.publish(FACTS[name])
    assert {who for who, listener in listeners.items() if listener.facts()} == HEARS[name]


async def test_a_page_that_left_is_told_nothing_more(office: House, bus: Bus, told: LiveEvents) -> None:
    boss = Listener(office, told, "boss", "supervisor")
    boss.take()
    told.leave(boss.reader)
    bus.publish(FACTS["customer"])
    assert boss.facts() == []


def test_every_fact_of_the_table_can_be_said_as_json() -> None:
    for fact in FACTS.values():
        message = json.loads(encoded_fact(fact))
        assert message["type"] == EVENT_NAMES[type(fact)]
        assert set(message) == {"type", "at", "data"}
        assert "at" not in message["data"]


async def test_what_is_remembered_of_calls_that_are_over_is_bounded(office: House, bus: Bus, told: LiveEvents) -> None:
    sight = Sight.of("1002", office.board.site)
    for n in range(REMEMBERED + 100):
        bus.publish(events.CallerQueued(at=STAMP, call=CallId(str(n)), queue=QueueName("sales")))
    assert not told.sees_call(CallId("0"), sight)
    assert told.sees_call(CallId(str(REMEMBERED + 99)), sight)


async def test_how_a_leg_sounded_is_told_to_who_may_see_the_call(told: LiveEvents, bus: Bus, office: House) -> None:
    mine, other = Listener(office, told, "1001", "agent"), Listener(office, told, "1003", "agent")
    bus.publish(events.CallAnswered(at=STAMP, call=CallId("c1"), agent=AgentId("1001"), number="1001"))
    bus.publish(events.CallSounded(at=STAMP, call=CallId("c1"), sound=leg_sound(7, lost=3), mos=4.38))
    assert mine.facts()[-1] == "call.sound"
    assert "call.sound" not in other.facts()
    message = json.loads(encoded_fact(events.CallSounded(at=STAMP, call=CallId("c1"), sound=leg_sound(7), mos=None)))
    assert message["data"]["sound"]["leg"] == 7
    assert message["data"]["mos"] is None
