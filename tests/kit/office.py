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
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np

from callcenterd import yamltext
from callcenterd.bus import Bus
from callcenterd.calls.control import Calls
from callcenterd.clock import Clock
from callcenterd.errors import LocalError, NotFound
from callcenterd.ivr import check
from callcenterd.ivr.flow import Flow
from callcenterd.ivr.shelf import Flows
from callcenterd.model.agents import AgentState, WantedState
from callcenterd.model.calls import CallRecord, RecordingRecord
from callcenterd.model.customers import Customer
from callcenterd.model.events import EVENT_NAMES, Fact
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
from callcenterd.model.prompts import Prompt
from callcenterd.model.site import Extension, NumberRoute, OutboundRoute, QueueSettings, Site, Trunk, UserAccount
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
    )
    return dataclasses.replace(office, **changes)


class Shelf:
    """As `ivr.shelf.Flows`, from texts."""

    def __init__(self, texts: Sequence[str]) -> None:
        read = [check.parse(yamltext.parse(text, f"flow{n}.yaml")) for n, text in enumerate(texts, start=1)]
        self._flows: dict[FlowName, Flow] = {flow.name: flow for flow in read}

    def get(self, name: FlowName) -> Flow | None:
        return self._flows.get(name)

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

    def of(self, sound: Samples) -> Prompt | None:
        """Which prompt this is; None: it is no prompt (a tone)."""
        return next((prompt for made, prompt in self._made if made is sound), None)


class MemoryStore:
    """As much of `store.database.Store` as the switchboard writes and reads, in dictionaries.

    fail: names of methods ("begin", "change" …) that raise LocalError, as if the disk were full.
    """

    def __init__(self) -> None:
        self.records: dict[CallId, CallRecord] = {}
        self.steps: dict[CallId, list[tuple[str, Mapping[str, Any]]]] = {}
        self.beats: dict[CallId, datetime] = {}
        self.kept_recordings: dict[RecordingId, RecordingRecord] = {}
        self.agent_steps: list[tuple[AgentId, AgentState, str]] = []
        self.agents_wanted: dict[AgentId, tuple[WantedState, str, ExtensionNumber | None]] = {}
        self.phones: dict[str, list[Customer]] = {}
        self.messages: list[tuple[CallId, QueueName | None, RecordingId, str]] = []
        self.asked_back: list[tuple[CallId, QueueName | None, str]] = []
        self.fail: set[str] = set()
        self.calls = _Calls(self)
        self.recordings = _Recordings(self)
        self.agents = _Agents(self)
        self.customers = _Customers(self)
        self.voicemail = _Voicemail(self)
        self.callbacks = _Callbacks(self)
        self.trail: list[tuple[str, str]] = []
        self.audit = _Audit(self)

    @asynccontextmanager
    async def together(self) -> AsyncIterator[list[BaseException]]:
        """Nobody waits for a dictionary."""
        yield []


class _Subject:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def _may(self, what: str) -> None:
        if what in self._store.fail:
            raise LocalError(f"{what}: the disk is full")


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

    async def heartbeat(self, live: Collection[CallId], at: datetime) -> None:
        self._store.beats |= dict.fromkeys(live, at)

    async def note(self, call: CallId, note: str, customer_id: CustomerId | None) -> None:
        self._may("note")
        if call not in self._store.records:
            raise NotFound("call", call)
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

    async def keep_wanted(
        self, agent: AgentId, state: WantedState, reason: str, extension: ExtensionNumber | None
    ) -> None:
        self._store.agents_wanted[agent] = (state, reason, extension)

    async def wanted(self) -> Mapping[AgentId, tuple[WantedState, str, ExtensionNumber | None]]:
        return dict(self._store.agents_wanted)


class _Customers(_Subject):
    async def by_phone(self, number: str) -> list[Customer]:
        self._may("by_phone")
        return self._store.phones.get(number, [])


class _Audit(_Subject):
    async def append(self, at: datetime, who: str, what: str, target: str, details: Mapping[str, Any]) -> None:
        self._store.trail.append((what, target))


class _Voicemail(_Subject):
    async def add(
        self, call: CallId, queue: QueueName | None, recording_id: RecordingId, caller: str, at: datetime
    ) -> None:
        self._store.messages.append((call, queue, recording_id, caller))

    async def counts(self) -> dict[QueueName, tuple[int, int]]:
        """None of them is ever marked here."""
        self._may("counts")
        queues = [queue for _, queue, _, _ in self._store.messages if queue is not None]
        return {queue: (queues.count(queue), 0) for queue in queues}


class _Callbacks(_Subject):
    async def add(self, call: CallId, queue: QueueName | None, number: str, at: datetime) -> None:
        self._store.asked_back.append((call, queue, number))


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
) -> AsyncIterator[Office]:
    """Open an office; at the end it is stopped like a server, and nothing may be left of it.

    store: a real one, on the ordinary loop, with its clock; without a clock the loop must be one that jumps.
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
