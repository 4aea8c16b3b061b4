"""Facts become the call's history in the store, as they happen.

One task writes, in the order in which the facts came; a call's row exists from its start, so that a crash
loses nothing that was said to have been kept. Once a second every live call gets a heartbeat: that is the
end that an interrupted call is given at the next start.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import itertools
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime

import structlog

from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.errors import CallcenterdError
from callcenterd.model import events
from callcenterd.model.agents import AgentState
from callcenterd.model.bans import Ban
from callcenterd.model.calls import CallRecord, RecordingRecord
from callcenterd.model.events import EVENT_NAMES, Fact
from callcenterd.model.ids import AgentId, CallId, CustomerId, QueueName
from callcenterd.model.surveys import SurveyAnswer
from callcenterd.model.voicemail import Begun, Box
from callcenterd.store.database import Store
from callcenterd.store.faults import CannotStore
from callcenterd.switchboard.parties import PartyBook

_log = structlog.get_logger(__name__)

Write = Callable[[], Awaitable[object]]
Entry = tuple[Write, asyncio.Future[None] | None]
HEARTBEAT_SECONDS = 1.0
ALIVE_EVERY = 5
"""Heartbeats between two signs of life of the server: so exactly agents' states end after a crash."""
PATIENCE_SECONDS = 5.0
"""How long somebody waits for a database that cannot be written; then they are told so."""
STOP_SECONDS = 10.0
MOST_WAITING = 100_000
"""Facts that are kept in memory for such a database, some 50 MB; what comes on top is lost and counted."""
_NO_HEARTBEATS_ABOVE = 1000
_DETAILS = {
    kind: tuple(field.name for field in dataclasses.fields(kind) if field.name not in ("at", "call"))
    for kind in EVENT_NAMES
}
"""What a step of a call's story tells of each kind of fact, beside when and of which call."""


class History:
    """live: which calls are on the line now. agent_at: who sits at an extension now."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        clock: Clock,
        live: Callable[[], Collection[CallId]],
        agent_at: Callable[[str | None], AgentId | None],
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._live = live
        self._waiting: asyncio.Queue[Entry | None] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._keys: dict[CallId, str] = {}
        self._queued: set[CallId] = set()
        self._answered: set[CallId] = set()
        self._states: dict[AgentId, tuple[AgentState, str]] = {}
        self._parties = PartyBook(live, agent_at)
        self._asked = 0
        """How many wait for what they or others have told."""
        self.failed = 0
        bus.listen(Fact, self._told)

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._beat())]

    async def stop(self) -> None:
        """Everything told before is written, unless the database cannot be written for STOP_SECONDS."""
        if not self._tasks:
            return
        writing, beating = self._tasks
        beating.cancel()
        self._lives()
        self._waiting.put_nowait(None)
        _, unwritten = await asyncio.wait([writing], timeout=STOP_SECONDS)
        if unwritten:
            _log.error("history not written: the database could not be written to the end", waiting=self.backlog())
            writing.cancel()
        await asyncio.gather(writing, beating, return_exceptions=True)
        self._tasks = []

    def backlog(self) -> int:
        return self._waiting.qsize()

    async def settled(self) -> bool:
        """Everything told until now is in the store. False: it is not yet; it follows when the database can be written
        again, or has come so far. What is asked of the store then may lack something that there is."""
        try:
            await self._later(_nothing)
        except CannotStore:
            return False
        return True

    async def note(
        self, call: CallId, note: str, customer_id: CustomerId | None, by: str, seen: str | None = None
    ) -> None:
        """Keep what a person wrote on the call, surely. seen: the note that they had before them. Raises NotFound if
        there is no such call, NoteIsAnother, and CannotStore."""
        await self._later(lambda: self._store.calls.note(call, note, customer_id, seen))
        self._bus.publish(events.CallNoted(at=self._clock.utc(), call=call, customer=customer_id, by=by))

    async def dispose(self, call: CallId, code: str, by: str, queue: QueueName | None) -> None:
        """Keep what came of the call, surely. Raises as `note`."""
        await self._later(lambda: self._store.calls.dispose(call, code))
        self._bus.publish(events.CallDisposed(at=self._clock.utc(), call=call, queue=queue, code=code, by=by))

    async def _later(self, write: Write) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((write, done))
        self._asked += 1
        self._store.hurry()  # what is being gathered stands before it
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if not self._tasks:  # before the start or after the end nobody else writes it
                    self._waiting.put_nowait(None)
                    await self._write()
                await done
        except TimeoutError:
            raise CannotStore("the database cannot be written now") from None
        finally:
            self._asked -= 1

    def _keep(self, write: Write) -> None:
        if self.backlog() < MOST_WAITING:
            self._waiting.put_nowait((write, None))
            return
        if self.failed % 1000 == 0:
            _log.error("history is lost: the database cannot be written, and too much waits for it", lost=self.failed)
        self.failed += 1

    async def _write(self) -> None:
        """All that waits is handed to the store at once, in its order, to be kept in one transaction.

        One by one, a call would cost 14 ms of CPU instead of 2, and seventy calls a second would be the limit.
        """
        ending = False
        while not ending:
            taken = [await self._waiting.get()]
            while not self._waiting.empty():
                taken.append(self._waiting.get_nowait())
            ending = None in taken
            entries = [entry for entry in taken if entry is not None]
            for order, some in itertools.groupby(entries, _is_order):
                await (self._one_by_one if order else self._together)(list(some))

    async def _together(self, entries: Sequence[Entry]) -> None:
        """Facts that nobody waits for, and those who wait for all of them: however many wait, it is one transaction."""
        waiting = [done for _, done in entries if done is not None]
        async with self._store.together() as faults:
            for write, _ in entries:
                try:
                    await write()
                except Exception as fault:  # noqa: BLE001  # told below; the next fact is written all the same
                    faults.append(fault)
            if self._asked:
                self._store.hurry()
        for told in faults:
            self._settle(None, told)
        for done in waiting:
            self._settle(done, None)

    async def _one_by_one(self, entries: Sequence[Entry]) -> None:
        """Each has somebody who waits for it. Tasks begin in the order in which they are made: so do the rows."""
        outcomes = await asyncio.gather(*(write() for write, _ in entries), return_exceptions=True)
        for (_, done), outcome in zip(entries, outcomes, strict=True):
            self._settle(done, outcome)

    def _settle(self, done: asyncio.Future[None] | None, outcome: object) -> None:
        """Tell who waits for it. A row that cannot be written is logged, unless whoever asked is told why."""
        waits = done is not None and not done.done()
        if not isinstance(outcome, BaseException):
            if waits and done is not None:
                done.set_result(None)
            return
        if done is None or not isinstance(outcome, CallcenterdError):
            self.failed += 1
            _log.error("history not written", exc_info=outcome)
        if waits and done is not None:
            done.set_exception(outcome)

    async def _beat(self) -> None:
        for beat in itertools.count():
            await asyncio.sleep(HEARTBEAT_SECONDS)
            if beat % ALIVE_EVERY == 0:
                self._lives()
            if self.backlog() < _NO_HEARTBEATS_ABOVE and (calls := tuple(self._live())):
                at = self._clock.utc()
                self._keep(lambda calls=calls, at=at: self._store.calls.heartbeat(calls, at))  # type: ignore[misc]

    def _lives(self) -> None:
        at = self._clock.utc()
        self._keep(lambda: self._store.agents.alive(at))

    # ---- from facts to rows -----------------------------------------------------------------------------

    def _told(self, fact: Fact) -> None:
        calls = self._store.calls
        match fact:
            case events.CallStarted():
                record = CallRecord(
                    id=fact.call,
                    direction=fact.direction,
                    caller=fact.caller,
                    caller_name=fact.caller_name,
                    called=fact.called,
                    trunk=fact.trunk,
                    extension=fact.extension,
                    started_at=fact.at,
                )
                self._keep(lambda: calls.begin(record))
            case events.FlowEntered():
                self._change(fact.call, flow=fact.flow)
            case events.KeyPressed() | events.CallerKnown() | events.SurveyAnswered():
                self._said_in_flow(fact)
            case events.CallerQueued():
                first = {} if fact.call in self._queued else {"queued_at": fact.at}
                self._queued.add(fact.call)
                self._change(fact.call, queue=fact.queue, **first)
            case events.CallAnswered():
                self._joined(fact)
            case events.CallTransferred():
                if fact.agent is not None:
                    self._change(fact.call, agent=fact.agent)
            case events.CallEnded():
                self._ended(fact)
            case events.CallSounded():
                self._keep(lambda: calls.keep_sound(fact.call, fact.sound))
                if fact.mos is not None:
                    self._change(fact.call, mos=fact.mos)
            case events.RecordingStarted():
                kept = RecordingRecord(id=fact.recording, call_id=fact.call, path=fact.path, started_at=fact.at)
                self._keep(lambda: self._store.recordings.begin(kept))
                if not fact.beside:
                    self._change(fact.call, recording_id=fact.recording)
            case events.RecordingFinished():
                self._keep(
                    lambda: self._store.recordings.finish(
                        fact.recording,
                        finished_at=fact.at,
                        seconds=fact.seconds,
                        octets=fact.octets or None,  # none: it could not be closed, and is repaired later
                        sha256=fact.sha256 or None,
                        complete=fact.complete,
                    )
                )
            case events.VoicemailBegun() | events.VoicemailLeft() | events.VoicemailDropped():
                self._message(fact)
            case events.CallbackAsked():
                self._keep(lambda: self._store.callbacks.add(fact.call, fact.queue, fact.number, fact.at, fact.place))
            case events.AgentChanged():
                self._agent_changed(fact)
            case events.SourceBanned():
                ban = Ban(address=fact.address, since=fact.at, until=fact.until, times=fact.times, why=fact.why)
                self._keep(lambda: self._store.bans.keep(ban))
            case events.CallMonitored() | events.FraudAlarm():
                self._follow(fact)
            case _:
                pass
        self._keep_parties(fact)
        self._tell_story(fact)

    def _said_in_flow(self, fact: events.KeyPressed | events.CallerKnown | events.SurveyAnswered) -> None:
        match fact:
            case events.KeyPressed():
                self._keys[fact.call] = self._keys.get(fact.call, "") + fact.keys
                self._change(fact.call, keys=self._keys[fact.call])
            case events.CallerKnown():
                self._change(fact.call, known=dict(fact.known))
            case events.SurveyAnswered():
                said = SurveyAnswer(
                    call=fact.call,
                    at=fact.at,
                    question=fact.question,
                    score=fact.score,
                    most=fact.most,
                    agent=fact.agent,
                    queue=fact.queue,
                )
                self._keep(lambda: self._store.surveys.keep(said))

    def _keep_parties(self, fact: Fact) -> None:
        """Of calls of which there is a row: a phone that dials a code, say, has a call that nobody is told of."""
        call: CallId | None = fact.view.call if isinstance(fact, events.AgentChanged) else getattr(fact, "call", None)
        if call is None or (self._parties.of(call) is None and not isinstance(fact, events.CallStarted)):
            return
        for kind, name in self._parties.note(fact):
            self._keep(functools.partial(self._store.calls.keep_party, call, kind, name))

    def _message(self, fact: events.VoicemailBegun | events.VoicemailLeft | events.VoicemailDropped) -> None:
        kept = self._store.voicemail
        match fact:
            case events.VoicemailBegun():
                box = Box.of(fact.queue, fact.agent, fact.extension)
                assert box is not None, "a message is for somebody"
                begun = Begun(recording_id=fact.recording, call=fact.call, box=box, caller=fact.caller, at=fact.at)
                self._keep(lambda: kept.begin(begun))
            case events.VoicemailLeft():
                self._keep(
                    lambda: kept.add(
                        fact.call,
                        fact.queue,
                        fact.recording,
                        fact.caller,
                        fact.at,
                        agent=fact.agent,
                        extension=fact.extension,
                        seconds=fact.seconds,
                    )
                )
            case events.VoicemailDropped():
                self._keep(lambda: kept.drop(fact.recording))

    def _follow(self, fact: events.CallMonitored | events.FraudAlarm) -> None:
        """What belongs into the audit trail."""
        if isinstance(fact, events.CallMonitored):
            details = {"mode": fact.mode, "agent": fact.listened_to, "since": fact.since.isoformat()}
            details |= {} if fact.until is None else {"until": fact.until.isoformat()}
            self._audit(fact, fact.by, "call.monitored", f"call/{fact.call}", details)
        else:
            target = f"extension/{fact.extension}" if fact.extension is not None else f"call/{fact.call}"
            details = {"call": fact.call, "number": fact.number, "who": fact.who, "rule": fact.rule}
            self._audit(fact, "system", "call.forbidden", target, details)

    def _audit(self, fact: Fact, who: str, what: str, target: str, details: Mapping[str, object]) -> None:
        self._keep(lambda: self._store.audit.append(fact.at, who, what, target, details))

    def _joined(self, fact: events.CallAnswered) -> None:
        """A call may be joined several times: the wait is the first one's, the person the last one."""
        if fact.call not in self._answered:
            self._answered.add(fact.call)
            self._change(fact.call, answered_at=fact.at, wait_seconds=round(fact.wait_seconds, 3))
        if fact.agent is not None:
            self._change(fact.call, agent=fact.agent)
        if fact.queue is not None:  # who dialls by hand keeps the extension that the call began with
            self._change(fact.call, extension=fact.number)

    def _agent_changed(self, fact: events.AgentChanged) -> None:
        """Only a new state is a step of an agent's day: that the phone rings longer, say, is none."""
        view = fact.view
        if self._states.get(view.agent) != (view.state, view.reason):
            self._states[view.agent] = (view.state, view.reason)
            self._keep(lambda: self._store.agents.append(view.agent, view.state, view.reason, fact.at))

    def _ended(self, fact: events.CallEnded) -> None:
        self._keys.pop(fact.call, None)
        self._queued.discard(fact.call)
        self._answered.discard(fact.call)
        self._change(
            fact.call,
            ended_at=fact.at,
            outcome=fact.outcome,
            ended_by=fact.ended_by,
            cause=fact.cause,
            wait_seconds=_rounded(fact.wait_seconds),
            talk_seconds=_rounded(fact.talk_seconds),
        )

    def _change(self, call: CallId, **fields: object) -> None:
        self._keep(lambda: self._store.calls.change(call, **fields))

    def _tell_story(self, fact: Fact) -> None:
        call: CallId | None = getattr(fact, "call", None)
        kind = EVENT_NAMES.get(type(fact))
        if call is None or kind is None or isinstance(fact, events.ScreenPopped | events.CallSounded):
            return
        details = {name: _plain(value) for name in _DETAILS[type(fact)] if (value := getattr(fact, name)) is not None}
        if isinstance(fact, events.CallerKnown):  # what was known before has been told before
            details = {"name": fact.name, "value": fact.known[fact.name]}
        at = fact.at
        self._keep(lambda: self._store.calls.append(call, at, kind, details))


async def _nothing() -> None:
    return None


def _is_order(entry: Entry) -> bool:
    """Somebody waits for this row itself, and is told its own fault."""
    write, done = entry
    return done is not None and write is not _nothing


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
