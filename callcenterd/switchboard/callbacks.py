"""Busy callback [预约回拨]: who asked for it keeps the place, and is called when an agent is free (ACD-04).

A wish is an entry of its queue like any other, only that nobody is on the line. When its turn comes, the ACD keeps an
agent for it; then the customer is dialled, and who answers is in the same place, a caller like any other, for whom the
kept agent is rung. Or the agent is rung first, by the queue's setting. What is in the store is what counts: a wish that
somebody has changed there, or that a crash left half done, is taken up as it stands.

Every try is kept, and how it ended (`refusals`, `answering`). Who was not reached is called again by the queue's plan;
after the last time, or where no call can reach the number, the wish has failed: it stays in the list until somebody has
seen to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

import structlog

from callcenterd.calls.call import Leg
from callcenterd.errors import CallcenterdError, NotFound, NotNow
from callcenterd.ivr import texts
from callcenterd.media.recording import RATE
from callcenterd.model import events, numbers
from callcenterd.model.calls import Callback, CallbackState, CallbackTry, Outcome, TryResult
from callcenterd.model.events import LeftReason
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.prompts import Music, Recorded
from callcenterd.model.site import QueueSettings
from callcenterd.sip.events import ToExtension, ToTrunk
from callcenterd.switchboard import outbound
from callcenterd.switchboard.journey import Journey
from callcenterd.switchboard.queueing import QueueResult
from callcenterd.switchboard.refusals import not_reached

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

LOOK_SECONDS = 15.0
"""Between two looks at what is in the store: when a next try is due, and whether somebody changed something."""
GREETING = "callback_connects"
SYSTEM: Final = "system"
_OUTCOMES: dict[TryResult, Outcome] = {
    "busy": "busy",
    "refused": "busy",
    "no_answer": "no_answer",
    "switched_off": "no_answer",
    "machine": "no_answer",
    "put_off": "no_answer",
}
_TONES: dict[str, TryResult] = {"busy": "busy", "information": "failed"}
"""Where a network says so by a tone only after it has answered."""
_HOPELESS: frozenset[TryResult] = frozenset({"no_such_number"})
"""No further try changes that; somebody has to find another number."""


@dataclass(eq=False)
class _Wish:
    """One that is in a line, or being called. call: what its call is, or will be. journey: once it is begun.

    dialled: the customer's phone was to ring. reached: somebody, or something, has picked up there. why: what the rule
    for machines heard. Implements `queueing.Expected`.
    """

    of: Callbacks
    kept: Callback
    call: CallId
    journey: Journey | None = None
    task: asyncio.Task[None] | None = None
    dialled: bool = False
    reached: bool = False
    why: str = ""

    def offered(self, agent: AgentId) -> None:  # noqa: ARG002  # who is kept is asked for when they are rung
        """It may have been given up in the same moment: somebody marked it as done."""
        if self.task is None and self.of.stands(self):
            self.task = self.of.begin(self)

    def withdrawn(self) -> None:
        self.of.withdrawn(self)

    def left(self, reason: LeftReason) -> None:
        self.of.left(self, reason)


class Callbacks:
    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._wishes: dict[int, _Wish] = {}
        self._by_hand: dict[CallId, Callback] = {}  # as they were before
        self._looking: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = asyncio.Lock()
        self._any = False  # was somebody still to be called, when it was looked at last?
        self._open = self._failed = self._tried = self._machines = 0
        board.bus.listen(events.CallAnswered, self._answered)
        board.bus.listen(events.CallDisposed, self._disposed)

    def start(self) -> None:
        self._looking = asyncio.create_task(self._look_on())

    async def stop(self) -> None:
        """Who is being called is left as waiting, for the next start."""
        tasks = [*self._tasks, *([self._looking] if self._looking is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for wish in list(self._wishes.values()):
            self._give_up(wish, "left")

    def _own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def greeting(self, language: str) -> Recorded:
        """What who is called back hears first."""
        return texts.house(GREETING, language)

    async def _look_on(self) -> None:
        recovered = False
        while True:
            try:
                if not recovered:
                    await self._recover()
                    recovered = True
                await self.look()
            except CallcenterdError as fault:
                _log.error("callbacks not looked at", why=str(fault))
            await asyncio.sleep(LOOK_SECONDS)

    async def _recover(self) -> None:
        """Whom the last run was calling when it ended waits again."""
        for callback in await self._board.store.callbacks.open_ones():
            if callback.state == "dialling":
                await self._mark(callback, "waiting", SYSTEM, next_at=callback.next_at)

    async def look(self) -> None:
        """Everybody in the store who is still to be called, and may be now, has a place in the line; nobody else."""
        async with self._lock:
            board = self._board
            kept = {wish.id: wish for wish in await board.store.callbacks.open_ones()}
            self._any, self._open = bool(kept), len(kept)
            now = board.clock.utc()
            for wish in list(self._wishes.values()):
                known = kept.get(wish.kept.id)
                if wish.journey is None and (known is None or not self._may_be_called(known, now)):
                    self._give_up(wish, "left")
            for callback in kept.values():
                by_hand = callback.state == "dialling" and callback.done_by != SYSTEM
                if callback.id not in self._wishes and not by_hand and self._may_be_called(callback, now):
                    self._line_up(callback)

    def _may_be_called(self, callback: Callback, now: datetime) -> bool:
        if (
            self._board.draining
            or not self._board.site.has("callbacks")
            or callback.queue not in self._board.queueing.queue_names()
        ):
            return False
        hours = self._board.queueing.settings(callback.queue).callback_hours
        return (callback.next_at is None or callback.next_at <= now) and self._board.outbound.is_within(hours)

    def _line_up(self, callback: Callback) -> None:
        board = self._board
        assert callback.queue is not None
        wish = _Wish(self, callback, board.calls.next_id())
        self._wishes[callback.id] = wish
        age = board.clock.utc() - (callback.place_at or callback.at)
        board.queueing.expect(wish.call, callback.queue, wish, board.clock.monotonic() - age.total_seconds())

    # ---- what the ACD tells -----------------------------------------------------------------------------

    def stands(self, wish: _Wish) -> bool:
        """Is it still in the line, or being called?"""
        return self._wishes.get(wish.kept.id) is wish

    def begin(self, wish: _Wish) -> asyncio.Task[None]:
        return self._own(self._call(wish))

    def withdrawn(self, wish: _Wish) -> None:
        """No agent is kept any more. Another one may be; if nobody is, who has not answered yet is not disturbed."""
        if wish.reached:
            return  # they are on the line, and wait for the next one like anybody else
        if wish.journey is not None and wish.task is not None and self._board.queueing.kept_for(wish.call) is None:
            _log.info("callback put off: no agent any more", callback=wish.kept.id)
            wish.task.cancel()

    def left(self, wish: _Wish, reason: LeftReason) -> None:
        """It is not in the line any more, and was not reached: nobody serves the queue, or the dialling got lost."""
        if self._wishes.get(wish.kept.id) is wish:
            del self._wishes[wish.kept.id]
        if wish.task is not None and reason == "failed":
            wish.task.cancel()

    def _give_up(self, wish: _Wish, reason: LeftReason) -> None:
        self._wishes.pop(wish.kept.id, None)
        if wish.task is not None:
            wish.task.cancel()
        self._board.queueing.expect_no_more(wish.call, reason)

    # ---- calling ----------------------------------------------------------------------------------------

    async def _call(self, wish: _Wish) -> None:
        board, callback = self._board, wish.kept
        result: TryResult = "failed"
        try:
            assert callback.queue is not None
            settings = board.queueing.settings(callback.queue)
            await self._mark(callback, "dialling", SYSTEM)
            journey = self._journey(wish, settings, await self._shown(callback))
            if settings.callback_first == "agent":
                result = await self._agent_first(wish, journey, settings)
            else:
                result = await self._customer_first(wish, journey, settings)
        except asyncio.CancelledError:
            result = "put_off"
        except Exception:  # noqa: BLE001  # one callback's fault must not reach another's
            _log.exception("callback failed", callback=callback.id)
        if wish.journey is not None and not wish.journey.ended:
            _end(board, wish.journey, result)
        if self._wishes.get(callback.id) is wish:
            tried = self._tried_by(wish, result)
            del self._wishes[callback.id]
            board.queueing.expect_no_more(wish.call, "failed")
            try:
                await self._settle(callback, result, tried)
            except CallcenterdError as fault:  # it is found as it stands at the next look
                _log.error("callback not settled", callback=callback.id, result=result, why=str(fault))

    def _targets(self, number: str) -> list[ToExtension | ToTrunk]:
        """A number as it called us need not be one that a rule for dialling fits: then the whole one is looked at."""
        board = self._board
        found = outbound.targets(board.site, number, None, board.region)
        return found or outbound.targets(board.site, numbers.normalise(number, board.region), None, board.region)

    async def _shown(self, callback: Callback) -> str:
        """The number that the customer is shown: the one that they had called, unless a trunk shows its own always."""
        try:
            return (await self._board.store.calls.get(callback.call)).called
        except NotFound:
            return ""

    def _journey(self, wish: _Wish, settings: QueueSettings, shown: str) -> Journey:
        board = self._board
        journey = wish.journey = board.begin(board.calls.new_call(wish.call, "outbound", shown, wish.kept.number))
        journey.called_back, journey.queue = True, settings.name
        board.inbound.look_up(journey)
        return journey

    async def _customer_first(self, wish: _Wish, journey: Journey, settings: QueueSettings) -> TryResult:
        """The result of the try; "served" if the customer was reached and an agent spoke with them."""
        served: asyncio.Future[TryResult] = asyncio.get_running_loop().create_future()
        reached: list[Leg] = []

        def connected(_journey: Journey, leg: Leg, _agent: AgentId | None, _record: bool) -> None:
            self._board.calls.make_first(leg)
            reached.append(leg)
            if self.stands(wish):  # else it was given up while they answered, and the call is about to end
                wish.reached = True
                self._own(self._picked_up(wish, journey, leg, settings, served))

        dialling, result = self._dial(wish, journey, settings, joined=connected, quiet=True)
        ended: TryResult = "put_off"
        try:
            await _first_of(dialling, served)
            if served.done():
                ended = served.result()
            elif reached:
                ended = "hung_up"  # they did not wait for the agent
            elif result:
                ended = result[0]
            return ended
        finally:
            if not journey.ended:
                _end(self._board, journey, ended)
            dialling.cancel()
            await asyncio.gather(dialling, return_exceptions=True)

    def _dial(
        self, wish: _Wish, journey: Journey, settings: QueueSettings, *, joined: outbound.Joined | None, quiet: bool
    ) -> tuple[asyncio.Task[None], list[TryResult]]:
        """The dialling, and how it went, once that is known. Whoever ends the call ends it, and nothing is known."""
        board, result = self._board, list[TryResult]()
        wish.dialled = True

        async def dial() -> None:
            found: TryResult = await board.outbound.dial(
                journey,
                self._targets(wish.kept.number),
                seconds=settings.callback_ring,
                record=settings.record,
                caller=journey.call.caller,
                agent=journey.with_agent,
                joined=joined,
                quiet=quiet,
            )
            if found in ("busy", "no_answer", "failed") and journey.refusal is not None:
                found = not_reached(journey.refusal)
            result.append(found)

        journey.task = asyncio.create_task(dial())
        return journey.task, result

    async def _picked_up(
        self, wish: _Wish, journey: Journey, leg: Leg, settings: QueueSettings, served: asyncio.Future[TryResult]
    ) -> None:
        """Somebody, or something, has picked up the customer's phone. No agent is rung before it is known which."""
        if settings.callback_machine == "hang_up":
            verdict = await self._board.answering.who(leg)
            wish.why = verdict.why
            if journey.ended or served.done():
                return
            if verdict.who == "machine":
                self._machines += 1
                served.set_result(_TONES.get(verdict.why, "machine"))
                return
        if self.stands(wish):
            self._wait_like_others(journey, served)

    def _wait_like_others(self, journey: Journey, served: asyncio.Future[TryResult]) -> None:
        """The customer has answered: music, until the agent who was kept does, too."""
        board = self._board
        waiting = board.queueing.connected(journey)
        self._own(self._music(journey))

        def over(result: asyncio.Future[QueueResult]) -> None:
            if not served.done():
                well = not result.cancelled() and result.result() == "served"
                served.set_result("served" if well else "no_agent")

        waiting.add_done_callback(over)

    async def _music(self, journey: Journey) -> None:
        """One sentence that says who calls, and then music, as long as the customer waits."""
        assert journey.queue is not None
        board, language = self._board, self._board.language
        for prompt, repeat in (
            (self.greeting(language), False),
            (Music(board.queueing.settings(journey.queue).music), True),
        ):
            try:
                sound = await board.prompts.sound(prompt)
            except CallcenterdError as fault:
                _log.error("prompt cannot be played", call=journey.call.id, prompt=str(prompt), why=str(fault))
                continue
            if journey.ended or journey.joined_at is not None or not journey.call.first.alive:
                return
            board.calls.play(journey.call.first, [sound], repeat=repeat)
            if not repeat:
                await asyncio.sleep(len(sound) / RATE)

    async def _agent_first(self, wish: _Wish, journey: Journey, settings: QueueSettings) -> TryResult:
        """The agent's phone rings as for any caller; whoever picks up hears the customer's phone ring."""
        board = self._board
        taken: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        journey.agent_first = taken
        waiting = board.queueing.connected(journey)
        await _first_of(taken, waiting)
        if not taken.done():
            return "put_off"  # no agent took it: the wish keeps its place
        if journey.ended:
            return "put_off"
        dialling, result = self._dial(wish, journey, settings, joined=None, quiet=False)
        await asyncio.gather(dialling, return_exceptions=True)
        return result[0] if result else "put_off"

    def agent_took(self, journey: Journey, leg: Leg, agent: AgentId) -> bool:
        """Is it a call for which the customer is dialled only now? Then the agent waits for that."""
        taken = journey.agent_first
        if taken is None or taken.done():
            return False
        self._board.calls.make_first(leg)
        journey.with_agent = journey.agent = agent
        taken.set_result(agent)
        return True

    # ---- what comes of it -------------------------------------------------------------------------------

    def _tried_by(self, wish: _Wish, result: TryResult) -> CallbackTry | None:
        """The try as it is kept; None: nobody's phone was to ring."""
        agent = self._board.queueing.kept_for(wish.call) or (wish.journey and wish.journey.with_agent) or ""
        if not wish.dialled or wish.journey is None or result == "served":  # which is kept when they speak
            return None
        return self._try(wish.kept, result, SYSTEM, journey=wish.journey, agent=agent, words=wish.why)

    def _try(
        self,
        callback: Callback,
        result: TryResult,
        by: str,
        *,
        journey: Journey | None = None,
        call: CallId | None = None,
        agent: str = "",
        words: str = "",
    ) -> CallbackTry:
        refusal = None if journey is None else journey.refusal
        return CallbackTry(
            callback=callback.id,
            at=self._board.clock.utc(),
            number=callback.number,
            result=result,
            by=by,
            call=call if journey is None else journey.call.id,
            agent=agent,
            status=0 if refusal is None else refusal.status,
            cause=0 if refusal is None else refusal.cause,
            words=words or ("" if refusal is None else refusal.words),
        )

    async def _settle(self, callback: Callback, result: TryResult, tried: CallbackTry | None) -> None:
        """A try is over: what comes next."""
        board, by = self._board, SYSTEM if tried is None else tried.by
        now = board.clock.utc()
        by_hand = any(one.id == callback.id for one in self._by_hand.values())
        if result == "served" or (by_hand and by == SYSTEM):
            return  # marked as done when they were joined, or somebody has taken it over
        if result == "put_off":
            await self._mark(callback, "waiting", by, tried=tried)
            return
        try:
            retries = () if callback.queue is None else board.queueing.settings(callback.queue).callback_retries
        except NotFound:
            retries = ()
        tries = callback.tries + 1
        if result == "wrong_number":
            await self._mark(callback, "cancelled", by, tries=tries, result=result, tried=tried)
        elif tries <= len(retries) and result not in _HOPELESS:
            next_at = now + timedelta(seconds=retries[tries - 1])
            await self._mark(callback, "waiting", by, tries=tries, next_at=next_at, result=result, tried=tried)
        else:
            self._failed += 1
            _log.warning("callback failed", callback=callback.id, queue=callback.queue, tries=tries, result=result)
            await self._mark(callback, "failed", by, tries=tries, result=result, tried=tried)

    def _answered(self, fact: events.CallAnswered) -> None:
        """They speak with each other: the wish is fulfilled."""
        by_hand = self._by_hand.pop(fact.call, None)
        callback = None if by_hand is None else by_hand.id
        if callback is None:
            callback = next((number for number, wish in self._wishes.items() if wish.call == fact.call), None)
        if callback is not None:
            wish = self._wishes.pop(callback, None)
            self._own(self._done(callback, fact, SYSTEM if wish is not None else fact.agent or SYSTEM))

    async def _done(self, callback: int, fact: events.CallAnswered, by: str) -> None:
        agent = fact.agent or SYSTEM
        try:
            known = await self._board.store.callbacks.get(callback)
            tried = self._try(known, "served", by, call=fact.call, agent=fact.agent or "")
            await self._mark(known, "done", agent, result="served", tried=tried)
        except CallcenterdError as fault:
            _log.error("callback not marked as done", callback=callback, why=str(fault))

    async def _mark(
        self,
        callback: Callback,
        state: CallbackState,
        by: str,
        *,
        tries: int | None = None,
        next_at: datetime | None = None,
        result: TryResult | Literal["called_again"] | None = None,
        tried: CallbackTry | None = None,
    ) -> Callback:
        board = self._board
        marked = await board.store.callbacks.mark(
            callback.id, state, by, board.clock.utc(), tries=tries, next_at=next_at, result=result, tried=tried
        )
        if tried is not None:
            self._tried += 1
            board.bus.publish(
                events.CallbackTried(
                    at=tried.at,
                    call=tried.call,
                    callback=tried.callback,
                    queue=marked.queue,
                    number=tried.number,
                    result=tried.result,
                    by=tried.by,
                    agent=tried.agent,
                    status=tried.status,
                    cause=tried.cause,
                    words=tried.words,
                )
            )
        self._tell(marked, by)
        return marked

    def _tell(self, callback: Callback, by: str) -> None:
        self._board.bus.publish(
            events.CallbackChanged(
                at=self._board.clock.utc(),
                callback=callback.id,
                queue=callback.queue,
                number=callback.number,
                state=callback.state,
                tries=callback.tries,
                result=callback.result,
                by=by,
                assigned_to=callback.assigned_to,
            )
        )

    # ---- what people do ---------------------------------------------------------------------------------

    async def mark(
        self, callback: int, state: CallbackState, by: str, *, result: Literal["called_again"] | None = None
    ) -> Callback:
        """Somebody says how far it is: the line and the dialling follow. Raises NotFound, and NotNow where a wrong
        number is to be dialled again."""
        known = await self._board.store.callbacks.get(callback)
        if state in ("waiting", "dialling"):
            _check_number(known)
        wish = self._wishes.get(callback)
        if wish is not None and state not in ("waiting", "dialling"):
            self._give_up(wish, "left")
        self._no_more_by_hand(callback)
        marked = await self._mark(known, state, by, result=result)
        if state == "waiting":
            await self.look()
        return marked

    async def say_result(self, callback: int, result: TryResult, by: str) -> Callback:
        """Who has spoken there says what came of it, whatever the system took it for: a wrong number closes the wish, a
        machine is a try in vain, to be followed by the next one of the plan. Raises NotFound."""
        kept = self._board.store.callbacks
        known = await kept.get(callback)
        wish = self._wishes.get(callback)
        if wish is not None:
            self._give_up(wish, "left")
        self._no_more_by_hand(callback)
        last = next((one.call for one in reversed(await kept.tries(callback)) if one.call is not None), None)
        tried = self._try(known, result, by, call=last, agent=by)
        if result == "served":
            return await self._mark(known, "done", by, result=result, tried=tried)
        await self._settle(known, result, tried)
        await self.look()
        return await kept.get(callback)

    def _disposed(self, fact: events.CallDisposed) -> None:
        """What an agent says came of the call may say something of the callback that it was."""
        for disposition in self._board.site.dispositions:
            if disposition.code == fact.code and disposition.callback:
                self._own(self._say_of_call(fact.call, disposition.callback, fact.by))

    async def _say_of_call(self, call: CallId, result: TryResult, by: str) -> None:
        try:
            found, _ = await self._board.store.callbacks.list(call=call)
            for known in found:
                if known.result != result:  # said twice is as once
                    await self.say_result(known.id, result, by)
        except CallcenterdError as fault:
            _log.error("what an agent said of a callback is not kept", call=call, result=result, why=str(fault))

    async def change(
        self, callback: int, by: str, *, assigned_to: str | None = None, note: str | None = None
    ) -> Callback:
        """Whose affair it is, and what there is to be known of it. Raises NotFound."""
        kept = self._board.store.callbacks
        before = await kept.get(callback)
        now = await kept.change(callback, by, self._board.clock.utc(), assigned_to=assigned_to, note=note)
        if now != before:
            self._tell(now, by)
        return now

    async def call_now(self, callback: int, login: str) -> CallId:
        """An agent calls by hand: the own phone first. The wish leaves the line, is theirs if it was nobody's, and is
        done when they speak.

        Raises NotFound, NotNow for a wrong number, and as `dialout.DialOut.begin`.
        """
        known = await self._board.store.callbacks.get(callback)
        _check_number(known)
        wish = self._wishes.get(callback)
        if wish is not None:
            self._give_up(wish, "left")
        await self._mark(known, "dialling", login)
        try:
            call = await self._board.dial_out.begin(login, known.number, wished=True)
        except CallcenterdError:
            await self._as_before(known)
            raise
        self._by_hand[call] = known
        if not known.assigned_to:
            await self.change(callback, login, assigned_to=login)
        return call

    async def called_again(self, journey: Journey, queue: QueueName) -> None:
        """Who wants to be called back by this queue rings again: there is nothing to call back for any more, and the
        place is theirs."""
        board, number = self._board, journey.call.caller
        if journey.called_back or not number or not self._any:
            return
        try:
            for known in await board.store.callbacks.open_ones(queue, number):
                place = known.place_at or known.at
                age = (board.clock.utc() - place).total_seconds()
                kept = board.clock.monotonic() - max(0.0, age)
                journey.places[queue] = min(kept, journey.places.get(queue, kept))
                await self.mark(known.id, "cancelled", SYSTEM, result="called_again")
        except CallcenterdError as fault:
            _log.error("callbacks of a caller not looked for", call=journey.call.id, why=str(fault))

    def _no_more_by_hand(self, callback: int) -> None:
        """What becomes of a call by hand that still rings does not count any more: somebody has said what is."""
        self._by_hand = {call: known for call, known in self._by_hand.items() if known.id != callback}

    def call_over(self, journey: Journey) -> None:
        """A call by hand has ended; if they did not speak, the wish waits again."""
        before = self._by_hand.pop(journey.call.id, None)
        if before is not None:
            self._own(self._not_reached_by_hand(before, journey))

    async def _not_reached_by_hand(self, before: Callback, journey: Journey) -> None:
        try:
            if journey.wanted_since is None:  # the own phone was not picked up: nobody was called
                await self._as_before(before)
                return
            known, agent = await self._board.store.callbacks.get(before.id), journey.agent or SYSTEM
            result = not_reached(journey.refusal)
            await self._settle(known, result, self._try(known, result, agent, journey=journey, agent=agent))
        except CallcenterdError as fault:
            _log.error("callback not put back", callback=before.id, why=str(fault))

    async def _as_before(self, callback: Callback) -> None:
        """Nobody was called after all."""
        state: CallbackState = "waiting" if callback.state == "dialling" else callback.state
        await self._mark(callback, state, callback.done_by or SYSTEM, next_at=callback.next_at)

    def counters(self) -> Mapping[str, float]:
        """For /metrics."""
        return {
            "callbacks_open": self._open,
            "callbacks_failed_total": self._failed,
            "callback_tries_total": self._tried,
            "callback_machines_total": self._machines,
        }


def _check_number(callback: Callback) -> None:
    """Raises NotNow."""
    if callback.state == "cancelled" and callback.result == "wrong_number":
        raise NotNow(f"number {callback.number} is a wrong one, and is not called again for this callback")


def _end(board: Switchboard, journey: Journey, result: TryResult) -> None:
    journey.result = journey.result or _OUTCOMES.get(result, "failed")
    board.finish(journey, SYSTEM, f"callback: {result}")


async def _first_of(*futures: asyncio.Future[Any]) -> None:
    await asyncio.wait(futures, return_when="FIRST_COMPLETED")
