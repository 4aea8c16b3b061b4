"""A whole switchboard between a pretended line and pretended sound (`wire`), in virtual or in real time.

What is real: calls, switchboard, ACD, flows, bus. What is pretended: the other sides, sound, prompts, and, unless a
store is handed in, what is kept (`MemoryStore`: a database's threads do not go with virtual time).

    async with office() as desk:
        await desk.sign_in("1001")
        caller = desk.line.calls_in("13800138000", "02088886666")
        await desk.settle()
        desk.line.rings(desk.line.rung("1001"))
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import random
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np

from callcenterd import yamltext
from callcenterd.acd.campaigns import LIVE, next_entries
from callcenterd.bus import Bus
from callcenterd.calls.control import Calls
from callcenterd.clock import Clock
from callcenterd.errors import LocalError, NotFound
from callcenterd.ivr import check
from callcenterd.ivr.flow import Flow
from callcenterd.ivr.shelf import Flows
from callcenterd.model.agents import AgentState, AgentStep, WantedState
from callcenterd.model.calls import (
    Callback,
    CallbackState,
    CallbackTry,
    CallFilter,
    CallRecord,
    CutOff,
    LegSound,
    NoteIsAnother,
    PartyKind,
    RecordingRecord,
)
from callcenterd.model.campaigns import Attempt, Campaign, CampaignEntry, CampaignState, Result, Turn
from callcenterd.model.customers import Customer
from callcenterd.model.do_not_call import DoNotCall
from callcenterd.model.events import EVENT_NAMES, Fact
from callcenterd.model.fields import CustomField, FieldKind
from callcenterd.model.forwarding import Forwarding
from callcenterd.model.ids import (
    AgentId,
    CallId,
    CustomerId,
    ExtensionNumber,
    FlowName,
    QueueName,
    RecordingId,
    TrunkName,
)
from callcenterd.model.people import Role
from callcenterd.model.prompts import Prompt
from callcenterd.model.site import (
    BreakReason,
    Extension,
    NumberRoute,
    OutboundRoute,
    QueueSettings,
    Site,
    Trunk,
    UserAccount,
)
from callcenterd.model.surveys import SurveyAnswer
from callcenterd.model.voicemail import Begun, Box, BoxCount, MessageSight
from callcenterd.store.callbacks import OPEN
from callcenterd.store.database import Store
from callcenterd.switchboard.board import Switchboard
from callcenterd.worker.prompts import Prompts
from tests.kit.virtual import JumpingLoop, LoopClock, run
from tests.kit.wire import Line, Samples, Sound

MAIN = """
flow: main
language: zh-CN
start: welcome
nodes:
  welcome: {play: welcome, next: menu}
  menu:
    menu: {say: "业务咨询请按 1，留言请按 2", timeout: 5, retries: 1}
    keys: {"1": sales, "2": leave}
    otherwise: sales
  sales: {queue: sales, on_timeout: {after: 120, next: sorry}}
  leave: {voicemail: sales}
  sorry: {say: "座席全忙", next: bye}
  bye: {hangup: all_busy}
"""
STRAIGHT = "flow: straight\nlanguage: zh-CN\nstart: sales\nnodes:\n  sales: {queue: sales}\n"
OUT = """
flow: out
language: zh-CN
start: dial
nodes:
  dial: {dial: "{{ called }}", trunks: [first, second], record: true, timeout: 30, on_failed: sorry}
  sorry: {say: "无法接通", next: bye}
  bye: {hangup: failed}
"""
FLOWS = (MAIN, STRAIGHT, OUT)
AGENTS = ("1001", "1002", "1003")
NUMBER, STRAIGHT_NUMBER = "02088886666", "02088887777"
PROMPT_SECONDS = 2.0

F = TypeVar("F", bound=Fact)
P = ParamSpec("P")


def in_virtual_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async test on a jumping loop of its own."""

    @functools.wraps(test)
    def test_there(*args: P.args, **kwargs: P.kwargs) -> None:
        run(test(*args, **kwargs))

    return test_there


def _virtual_clock() -> LoopClock:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, JumpingLoop), "in real time a clock is wanted"
    return LoopClock(loop)


def site(**changes: Any) -> Site:
    """Three agents at three phones, two queues, trunks in and out. changes: fields of Site to be others."""
    queue = QueueSettings(name=QueueName("sales"), title="销售", members=tuple(map(AgentId, AGENTS)))
    second = dataclasses.replace(queue, name=QueueName("service"), title="服务", members=(AgentId("1003"),))
    office = Site(
        trunks=tuple(Trunk(name=TrunkName(name), host="192.0.2.7") for name in ("gateway", "first", "second")),
        numbers=(
            NumberRoute(match=NUMBER, flow=FlowName("main")),
            NumberRoute(match=STRAIGHT_NUMBER, flow=FlowName("straight")),
            NumberRoute(match="9.", flow=FlowName("out")),
        ),
        outbound=(OutboundRoute(match="0.", trunks=(TrunkName("first"), TrunkName("second")), strip=1, prepend="86"),),
        users=tuple(
            UserAccount(login=agent, name=f"座席{agent}", role="agent", extension=ExtensionNumber(agent))
            for agent in AGENTS
        ),
        extensions=(
            *(Extension(number=ExtensionNumber(agent)) for agent in AGENTS),
            Extension(number=ExtensionNumber("1800")),
            Extension(number=ExtensionNumber("1900"), contact="sip:door@127.0.0.3:6100"),
        ),
        queues=(queue, second),
        breaks=tuple(BreakReason(name=name) for name in ("rest", "meal", "lunch")),
    )
    return dataclasses.replace(office, **changes)


class Shelf:
    """As `ivr.shelf.Flows`, from texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        read = [check.parse(yamltext.parse(text, f"flow{n}.yaml")) for n, text in enumerate(texts, start=1)]
        self._flows: dict[FlowName, Flow] = {flow.name: flow for flow in read}

    def get(self, name: FlowName) -> Flow | None:
        return self._flows.get(name)

    def all(self) -> dict[FlowName, Flow]:
        return self._flows

    def names(self) -> tuple[FlowName, ...]:
        return tuple(sorted(self._flows))


class SpokenPrompts:
    """As `worker.prompts.Prompts`: every prompt is silence of PROMPT_SECONDS, and it is known which one it is."""

    def __init__(self) -> None:
        self._made: list[tuple[Samples, Prompt]] = []
        self.missing: set[str] = set()

    async def sound(self, prompt: Prompt) -> Samples:
        if getattr(prompt, "name", None) in self.missing:
            raise LocalError(f"there is no prompt {prompt}")
        sound = np.zeros(round(8000 * PROMPT_SECONDS), np.int16)
        self._made.append((sound, prompt))
        return sound

    async def prepare(self, prompts: Iterable[Prompt]) -> list[str]:  # each is made when it is wanted
        return []

    def of(self, sound: Samples) -> Prompt | None:
        """Which prompt this is, or of which it is a part; None: it is no prompt (a tone)."""
        return next((prompt for made, prompt in self._made if made is sound or made is sound.base), None)


class PlainProof:
    """As `worker.passwords.Passwords`, whose threads do not go with virtual time: what is kept is the word itself."""

    async def verify(self, hashed: str, text: str) -> bool:
        return bool(hashed) and hashed == text


class MemoryStore:
    """As much of `store.database.Store` as the switchboard writes and reads, in dictionaries.

    fail: names of methods ("begin", "change" …) that raise LocalError, as if the disk were full.
    """

    def __init__(self) -> None:
        self.records: dict[CallId, CallRecord] = {}
        self.steps: dict[CallId, list[tuple[str, Mapping[str, Any]]]] = {}
        self.sounds: dict[CallId, list[LegSound]] = {}
        self.parties: dict[CallId, list[tuple[PartyKind, str]]] = {}
        self.beats: dict[CallId, datetime] = {}
        self.kept_recordings: dict[RecordingId, RecordingRecord] = {}
        self.agent_steps: list[tuple[AgentId, AgentState, str]] = []
        self.alive: datetime | None = None
        self.agent_history: list[AgentStep] = []
        self.agents_wanted: dict[AgentId, tuple[WantedState, str, ExtensionNumber | None]] = {}
        self.phones: dict[str, list[Customer]] = {}
        self.messages: list[tuple[CallId, QueueName | None, RecordingId, str]] = []
        self.boxes: list[Box] = []
        self.spoken: dict[RecordingId, Begun] = {}
        self.asked_back: list[tuple[CallId, QueueName | None, str]] = []
        self.wishes: dict[int, Callback] = {}
        self.tries: list[CallbackTry] = []
        self.not_to_call: dict[str, DoNotCall] = {}
        self.do_not_call = _DoNotCall(self)
        self.fail: set[str] = set()
        self.calls = _Calls(self)
        self.recordings = _Recordings(self)
        self.agents = _Agents(self)
        self.customers = _Customers(self)
        self.fields = _Fields(self)
        self.voicemail = _Voicemail(self)
        self.callbacks = _Callbacks(self)
        self.plans: dict[int, Campaign] = {}
        self.listed: dict[int, CampaignEntry] = {}
        self.attempts: dict[CallId, Attempt] = {}
        self.campaigns = _Campaigns(self)
        self.forwarded: dict[ExtensionNumber, Forwarding] = {}
        self.forwarding = _Forwarding(self)
        self.trail: list[tuple[str, str]] = []
        self.audit = _Audit(self)
        self.judged: list[SurveyAnswer] = []
        self.surveys = _Surveys(self)

    @asynccontextmanager
    async def together(self) -> AsyncIterator[list[BaseException]]:
        """Nobody waits for a dictionary."""
        yield []

    def hurry(self) -> None:
        """Nothing is gathered."""


class _Subject:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def _may(self, what: str) -> None:
        if what in self._store.fail:
            raise LocalError(f"{what}: the disk is full")


class _Surveys(_Subject):
    async def keep(self, answer: SurveyAnswer) -> None:
        self._may("keep_survey")
        self._store.judged.append(answer)


class _Calls(_Subject):
    async def begin(self, record: CallRecord) -> None:
        self._may("begin")
        self._store.records[record.id] = record

    async def change(self, call: CallId, **fields: Any) -> None:
        self._may("change")
        if call in self._store.records:
            self._store.records[call] = dataclasses.replace(self._store.records[call], **fields)

    async def append(self, call: CallId, at: datetime, kind: str, details: Mapping[str, Any]) -> None:
        self._may("append")
        self._store.steps.setdefault(call, []).append((kind, details))

    async def keep_party(self, call: CallId, kind: PartyKind, name: str) -> None:
        self._may("keep_party")
        self._store.parties.setdefault(call, []).append((kind, name))

    async def keep_sound(self, call: CallId, sound: LegSound) -> None:
        self._may("keep_sound")
        self._store.sounds.setdefault(call, []).append(sound)

    async def get(self, call: CallId) -> CallRecord:
        if call not in self._store.records:
            raise NotFound("call", call)
        return self._store.records[call]

    async def last_agent(self, number: str, since: datetime) -> AgentId | None:
        spoken = [kept for kept in self._store.records.values() if kept.caller == number and kept.agent is not None]
        return spoken[-1].agent if spoken else None

    async def cut_off(self, stopped_since: datetime, left_since: datetime) -> list[CutOff]:
        """Nobody was before this run."""
        return []

    async def heartbeat(self, live: Collection[CallId], at: datetime) -> None:
        self._store.beats |= dict.fromkeys(live, at)

    async def dispose(self, call: CallId, code: str) -> None:
        self._may("dispose")
        if call not in self._store.records:
            raise NotFound("call", call)
        await self.change(call, disposition=code)

    async def search(self, filters: CallFilter, limit: int = 50) -> tuple[list[CallRecord], int]:
        found = [record for record in self._store.records.values() if record.agent == filters.agent]
        return found[::-1][:limit], len(found)

    async def note(self, call: CallId, note: str, customer_id: CustomerId | None, seen: str | None = None) -> None:
        self._may("note")
        if call not in self._store.records:
            raise NotFound("call", call)
        if seen is not None and self._store.records[call].note not in (seen, note):
            raise NoteIsAnother(self._store.records[call].note)
        await self.change(call, note=note, customer_id=customer_id)


class _Recordings(_Subject):
    async def begin(self, record: RecordingRecord) -> None:
        self._store.kept_recordings[record.id] = record

    async def finish(self, recording: RecordingId, **fields: Any) -> None:
        kept = self._store.kept_recordings
        kept[recording] = dataclasses.replace(kept[recording], **fields)


class _Agents(_Subject):
    async def append(self, agent: AgentId, state: AgentState, reason: str, at: datetime) -> None:
        self._store.agent_steps.append((agent, state, reason))
        self._store.agent_history.append(AgentStep(at=at, agent=agent, state=state, reason=reason))

    async def alive(self, at: datetime) -> None:
        self._store.alive = at

    async def history_with_start(self, agent: AgentId, since: datetime, until: datetime) -> list[AgentStep]:
        return [step for step in self._store.agent_history if step.agent == agent and step.at < until]

    async def keep_wanted(
        self, agent: AgentId, state: WantedState, reason: str, extension: ExtensionNumber | None
    ) -> None:
        self._store.agents_wanted[agent] = (state, reason, extension)

    async def wanted(self) -> Mapping[AgentId, tuple[WantedState, str, ExtensionNumber | None]]:
        return dict(self._store.agents_wanted)


class _Customers(_Subject):
    async def by_phone(self, number: str, role: Role | None = None) -> list[Customer]:
        self._may("by_phone")
        return self._store.phones.get(number, [])


class _Fields(_Subject):
    async def all(self, kind: FieldKind | None = None) -> list[CustomField]:
        return []


class _Audit(_Subject):
    async def append(self, at: datetime, who: str, what: str, target: str, details: Mapping[str, Any]) -> None:
        self._store.trail.append((what, target))


class _Forwarding(_Subject):
    async def keep(self, rule: Forwarding) -> None:
        self._may("keep")
        self._store.forwarded[rule.extension] = rule

    async def all(self) -> list[Forwarding]:
        return [rule for rule in self._store.forwarded.values() if not rule.idle]


class _Voicemail(_Subject):
    async def add(
        self,
        call: CallId,
        queue: QueueName | None,
        recording_id: RecordingId,
        caller: str,
        at: datetime,
        *,
        agent: AgentId | None = None,
        extension: ExtensionNumber | None = None,
        seconds: float | None = None,
    ) -> None:
        self._store.messages.append((call, queue, recording_id, caller))
        box = Box.of(queue, agent, extension)
        assert box is not None
        self._store.boxes.append(box)
        self._store.spoken.pop(recording_id, None)

    async def begin(self, begun: Begun) -> None:
        self._store.spoken[begun.recording_id] = begun

    async def drop(self, recording_id: RecordingId) -> None:
        del self._store.spoken[recording_id]

    async def waiting_in(self, box: Box) -> int:
        self._may("waiting_in")
        return sum(box == kept for kept in self._store.boxes)

    async def counts(self, sight: MessageSight | None = None) -> list[BoxCount]:
        """None of them is ever marked here."""
        self._may("counts")
        boxes = self._store.boxes
        return [
            BoxCount(
                queue=box.queue,
                agent=box.agent,
                extension=box.extension,
                unheard=boxes.count(box),
                open=boxes.count(box),
                done=0,
            )
            for box in set(boxes)
        ]


class _DoNotCall(_Subject):
    async def find(self, number: str) -> DoNotCall | None:
        return self._store.not_to_call.get(number)


_Tries = list[CallbackTry]


class _Callbacks(_Subject):
    async def add(
        self, call: CallId, queue: QueueName | None, number: str, at: datetime, place_at: datetime | None = None
    ) -> None:
        self._store.asked_back.append((call, queue, number))
        if any((wish.number, wish.queue) == (number, queue) for wish in await self.open_ones()):
            return
        number_of = len(self._store.wishes) + 1
        self._store.wishes[number_of] = Callback(
            id=number_of, call=call, queue=queue, number=number, at=at, place_at=place_at
        )

    async def open_ones(self, queue: QueueName | None = None, number: str | None = None) -> list[Callback]:
        return [
            wish
            for wish in self._store.wishes.values()
            if wish.state in OPEN and queue in (None, wish.queue) and number in (None, wish.number)
        ]

    async def get(self, callback: int) -> Callback:
        return self._store.wishes[callback]

    async def mark(
        self,
        callback: int,
        state: CallbackState,
        by: str,
        at: datetime,
        *,
        tries: int | None = None,
        next_at: datetime | None = None,
        result: str | None = None,
        tried: CallbackTry | None = None,
    ) -> Callback:
        if tried is not None:
            self._store.tries.append(tried)
        new: dict[str, Any] = {} if tries is None else {"tries": tries}
        new |= {} if result is None else {"result": result}
        wish = dataclasses.replace(
            self._store.wishes[callback], state=state, done_by=by, changed_at=at, next_at=next_at, **new
        )
        self._store.wishes[callback] = wish
        return wish

    async def change(
        self, callback: int, by: str, at: datetime, *, assigned_to: str | None = None, note: str | None = None
    ) -> Callback:
        known = self._store.wishes[callback]
        if assigned_to is not None:
            known = dataclasses.replace(known, assigned_to=assigned_to, assigned_by=by, assigned_at=at)
        if note is not None:
            known = dataclasses.replace(known, note=note)
        self._store.wishes[callback] = known
        return known

    async def list(self, *, call: CallId) -> tuple[list[Callback], int]:
        numbers = dict.fromkeys(tried.callback for tried in self._store.tries if tried.call == call)
        return [self._store.wishes[number] for number in numbers], len(numbers)

    async def tries(self, callback: int) -> _Tries:
        return [tried for tried in self._store.tries if tried.callback == callback]


class _Campaigns(_Subject):
    """As much of `store.campaigns.Campaigns` as the switchboard asks for."""

    async def get(self, campaign: int) -> Campaign:
        if campaign not in self._store.plans:
            raise NotFound("campaign", campaign)
        return self._store.plans[campaign]

    async def page(self, state: str, limit: int) -> tuple[list[Campaign], int]:
        found = [plan for plan in self._store.plans.values() if plan.state == state]
        return found[:limit], len(found)

    async def set_state(self, campaign: int, state: CampaignState, by: str, at: datetime) -> Campaign:
        plan = dataclasses.replace(await self.get(campaign), state=state, changed_by=by, changed_at=at)
        self._store.plans[campaign] = plan
        return plan

    async def remove(self, campaign: int) -> None:
        del self._store.plans[campaign]

    async def waits(self, campaign: int) -> bool:
        return any(one.campaign == campaign and one.state in LIVE for one in self._store.listed.values())

    async def left_open(self) -> list[CampaignEntry]:
        return [one for one in self._store.listed.values() if one.state == "dialling"]

    async def found_agents(self, campaign: int, of: int) -> list[bool]:
        known = [one for one in self._store.attempts.values() if one.result in ("answered", "abandoned")]
        return [not one.without_agent for one in known if one.campaign == campaign][-of:]

    async def due(self, campaign: int, now: datetime, most: int, but: Collection[int] = ()) -> list[CampaignEntry]:
        of = [one for one in self._store.listed.values() if one.campaign == campaign and one.id not in but]
        return next_entries(of, now, most)

    async def begin(self, entry: int, call: CallId, by: str, at: datetime) -> CampaignEntry | None:
        self._may("begin_entry")
        known = self._store.listed[entry]
        if known.state != "waiting":
            return None
        if known.number in self._store.not_to_call:
            self._store.listed[entry] = dataclasses.replace(known, state="do_not_call")
            return None
        begun = dataclasses.replace(known, state="dialling", attempts=known.attempts + 1, call=call, agreed=False)
        self._store.listed[entry] = begun
        self._store.attempts[call] = Attempt(
            id=len(self._store.attempts) + 1, campaign=known.campaign, entry=entry, at=at, by=by, call=call,
            ended_at=None, result="", agent=None, without_agent=False, disposition="",
        )  # fmt: skip
        return begun

    async def put_off(self, entry: int, due: datetime, at: datetime) -> None:
        if self._store.listed[entry].state == "waiting":
            self._store.listed[entry] = dataclasses.replace(self._store.listed[entry], due=due, changed_at=at)

    async def attempts_since(self, entry: int, since: datetime) -> int:
        return sum(one.entry == entry and one.at >= since for one in self._store.attempts.values())

    async def finish(
        self,
        call: CallId,
        result: Result,
        turn: Turn,
        at: datetime,
        *,
        agent: AgentId | None = None,
        without_agent: bool = False,
    ) -> CampaignEntry | None:
        self._may("finish_entry")
        known = self._store.attempts.get(call)
        if known is None or known.result:
            return None
        self._store.attempts[call] = dataclasses.replace(
            known, ended_at=at, result=result, agent=agent, without_agent=without_agent
        )
        entry = dataclasses.replace(self._store.listed[known.entry], result=result)
        if not known.disposition:
            entry = self._stands(entry, turn)
        self._store.listed[entry.id] = entry
        return entry

    async def dispose(
        self, call: CallId, code: str, turn: Turn, result: Result | None, by: str, at: datetime
    ) -> CampaignEntry | None:
        known = self._store.attempts[call]
        self._store.attempts[call] = dataclasses.replace(known, disposition=code)
        entry = self._stands(self._store.listed[known.entry], turn)
        entry = dataclasses.replace(entry, result=result or entry.result)
        if turn.state == "do_not_call":
            barred = DoNotCall(number=entry.number, why=code, by=by, at=at)
            self._store.not_to_call[entry.number] = barred
        self._store.listed[entry.id] = entry
        return entry

    async def change_entry(self, campaign: int, entry: int, turn: Turn, by: str, at: datetime) -> CampaignEntry:
        self._store.listed[entry] = self._stands(self._store.listed[entry], turn)
        return self._store.listed[entry]

    async def of_call(self, call: CallId) -> Attempt | None:
        return self._store.attempts.get(call)

    def _stands(self, entry: CampaignEntry, turn: Turn) -> CampaignEntry:
        return dataclasses.replace(entry, state=turn.state, due=turn.due or entry.due, agreed=turn.agreed)


class Office:
    """line, sound: the outer world. board: the switchboard. facts: all that was told on the bus, in order."""

    def __init__(self, board: Switchboard, calls: Calls, line: Line, sound: Sound, prompts: SpokenPrompts) -> None:
        self.board = board
        self.calls = calls
        self.line = line
        self.sound = sound
        self.prompts = prompts
        self.facts: list[Fact] = []
        board.bus.listen(Fact, self.facts.append)

    @property
    def memory(self) -> MemoryStore:
        """What was kept, where no store was handed in."""
        kept = cast("object", self.board.store)
        assert isinstance(kept, MemoryStore)
        return kept

    # ---- time -------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Everything that is ready runs; no time passes."""
        for _ in range(30):
            await asyncio.sleep(0)

    async def wait(self, seconds: float) -> None:
        """Time passes, and what came of it is done."""
        await asyncio.sleep(seconds)
        await self.settle()

    # ---- people -----------------------------------------------------------------------------------------

    async def sign_in(self, *agents: str) -> None:
        """Register each agent's phone and be ready, one after the other: the first is idle longest."""
        for agent in agents:
            self.line.registers(agent)
            await self.board.desk.set_state(agent, "ready")
            await asyncio.sleep(0.001)

    def state(self, agent: str) -> str:
        """The agent's state, with the reason of a break."""
        view = self.board.desk.view(agent)
        assert view is not None
        return f"{view.state} {view.reason}".rstrip()

    # ---- what there is to see ---------------------------------------------------------------------------

    def told(self, kind: type[F]) -> list[F]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def story(self, call: CallId | None = None) -> list[str]:
        """The names of all that happened to a call (None: to every call), in order."""
        of_calls = [fact for fact in self.facts if getattr(fact, "call", None) in ((call,) if call else self._calls())]
        return [EVENT_NAMES[type(fact)] for fact in of_calls]

    def _calls(self) -> set[CallId]:
        return {getattr(fact, "call", CallId("")) for fact in self.facts if hasattr(fact, "call")}

    def only_call(self) -> CallId:
        """The one call that is on the line now."""
        (call,) = self.board.journeys
        return call

    def heard(self) -> list[Prompt | None]:
        """Every prompt that was begun, in order; None: a tone."""
        return [self.prompts.of(sound) for _, sounds in self.sound.played for sound in sounds]

    def joined(self) -> bool:
        """Do any two legs hear each other?"""
        return any(row.heard is not None for row in self.sound.rows.values())

    def nothing_is_left(self) -> None:
        """No dialog, no row of sound, no journey, no offer: a call that is over leaves nothing behind."""
        assert self.line.open() == []
        assert self.sound.rows == {}
        assert self.board.journeys == {}
        assert self.board.in_flow == {}
        assert self.calls.count() == 0
        assert [take for take in self.sound.takes if take.ended is None] == []
        for queue in self.board.queueing.queue_names():
            assert self.board.queueing.waiting(queue) == []
        for agent in self.board.queueing.agents():
            assert self.state(agent).split()[0] not in ("offered", "talking"), agent


@asynccontextmanager
async def office(
    of: Site | None = None,
    *,
    flows: Sequence[str] = FLOWS,
    store: Store | None = None,
    clock: Clock | None = None,
    recordings: Path = Path("/nowhere"),
    ports: int = 1000,
    seed: int = 1,
    **settings: Any,
) -> AsyncIterator[Office]:
    """Open an office; at the end it is stopped like a server, and nothing may be left of it.

    store: a real one, on the ordinary loop, with its clock; without a clock the loop must be one that jumps. settings:
    of the switchboard, to be others.
    """
    line, sound, prompts, now = Line(), Sound(ports), SpokenPrompts(), clock or _virtual_clock()
    line.trunks |= {TrunkName("gateway"), TrunkName("first"), TrunkName("second")}
    calls = Calls(clock=now, chance=random.Random(seed), sip=line, media=sound, rtp_address="auto")
    line.tell, sound.tell = calls.signalled, calls.sounded
    board = Switchboard(
        clock=now,
        chance=random.Random(seed),
        bus=Bus(),
        store=store or cast("Store", MemoryStore()),
        calls=calls,
        flows=cast("Flows", Shelf(flows)),
        prompts=cast("Prompts", prompts),
        recordings=recordings,
        language="zh-CN",
        region="CN",
        zone=UTC,
        **{"proof": PlainProof(), **settings},
    )
    opened = Office(board, calls, line, sound, prompts)
    board.configure(of or site())
    line.registers("1900")  # what the SIP room tells of a device at a fixed address
    board.history.start()
    try:
        yield opened
    finally:
        await board.stop()
        await opened.settle()
    opened.nothing_is_left()
