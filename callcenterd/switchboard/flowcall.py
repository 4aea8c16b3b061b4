"""A real call as a flow sees it: `ivr.node.FlowCall` on a leg, prompts and queues.

The flow runs in a task of its own. When the caller goes away that task is cancelled; nothing here has to ask
whether the caller is still there.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import structlog
from numpy.typing import NDArray

from callcenterd.calls.call import Leg, LegState
from callcenterd.errors import CallcenterdError
from callcenterd.model import events
from callcenterd.model.ids import CallId, QueueName
from callcenterd.model.prompts import Music, Prompt
from callcenterd.switchboard import outbound
from callcenterd.switchboard.journey import Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

MAX_TYPED_AHEAD = 32


class LiveFlowCall:
    """One call in one flow. key and played are told by the switchboard."""

    def __init__(self, board: Switchboard, journey: Journey, language: str) -> None:
        self._board = board
        self._journey = journey
        self.language = language
        self._keys: deque[str] = deque(maxlen=MAX_TYPED_AHEAD)
        self._key_came = asyncio.Event()
        self._playing: tuple[int, asyncio.Future[None]] | None = None

    @property
    def _leg(self) -> Leg:
        """Who called, or to whom they have handed the call on."""
        return self._journey.call.first

    @property
    def call(self) -> CallId:
        return self._journey.call.id

    @property
    def caller(self) -> str:
        return self._journey.call.caller

    @property
    def called(self) -> str:
        return self._journey.call.called

    # ---- told by the switchboard ------------------------------------------------------------------------

    def key(self, key: str) -> None:
        self._keys.append(key)
        self._key_came.set()

    def played(self, play: int) -> None:
        if self._playing is not None and self._playing[0] == play and not self._playing[1].done():
            self._playing[1].set_result(None)

    # ---- asked by the flow ------------------------------------------------------------------------------

    def entered(self, node: str, kind: str) -> None:
        _log.info("flow", call=self.call, flow=self._journey.flow, node=node, kind=kind)

    def note_keys(self, keys: str) -> None:
        self._journey.keys += keys
        self._board.bus.publish(events.KeyPressed(at=self._board.clock.utc(), call=self.call, keys=keys))

    async def answer(self) -> None:
        if self._leg.state is LegState.ARRIVING:
            self._board.calls.answer(self._leg)

    async def play(self, prompts: Sequence[Prompt], *, stop_on_key: bool = False) -> None:
        if stop_on_key and self._keys:
            return
        ended = await self._begin(prompts)
        if ended is None:
            return
        try:
            if stop_on_key:
                await self._first(ended, None)
            else:
                await ended
        finally:
            self._silence()

    async def ask(self, prompts: Sequence[Prompt], *, seconds: float) -> str | None:
        if not self._keys:
            ended = await self._begin(prompts)
            try:
                if ended is not None:
                    await self._first(ended, None)
                if not self._keys:
                    await self._first(None, seconds)
            finally:
                self._silence()
        return self._keys.popleft() if self._keys else None

    async def wait_in_queue(
        self,
        queue: QueueName,
        *,
        limit: float | None,
        music: str | None,
        unless_busy: bool = False,
        unless_empty: bool = False,
    ) -> Literal["served", "timed_out", "no_agents", "busy"]:
        await self.answer()
        board, journey = self._board, self._journey
        if queue not in board.queueing.queue_names():
            _log.error("flow names a queue that does not exist", call=self.call, queue=queue)
            return "no_agents"
        if unless_empty and not board.queueing.staffed(queue):
            journey.want_person(board.clock.monotonic())
            journey.result = "no_answer"
            return "no_agents"
        if unless_busy and not board.queueing.anyone_ready(queue):
            journey.want_person(board.clock.monotonic())
            journey.result = "no_answer"
            return "busy"
        sounds = await self._sounds([Music(music or "")])
        if sounds:
            board.calls.play(self._leg, sounds, repeat=True)
        self._keys.clear()
        if journey.looking is not None:
            await journey.looking  # the agent's page shows who calls as soon as the phone rings
        try:
            return await board.queueing.enter(journey, queue, limit)
        finally:
            board.queueing.leave(journey)
            if self._leg.alive and journey.joined_at is None:
                board.calls.stop_play(self._leg)
                journey.state, journey.state_at = "flow", board.clock.utc()

    async def dial(
        self, number: str, *, trunks: Sequence[str], record: bool, seconds: float, caller: str | None
    ) -> Literal["served", "busy", "no_answer", "failed"]:
        wanted = outbound.targets(self._board.site, number, trunks, self._board.region)
        if not wanted:
            _log.warning("nowhere to dial", call=self.call, number=number, trunks=list(trunks))
        result = await self._board.outbound.dial(
            self._journey,
            wanted,
            seconds=seconds,
            record=record,
            caller=caller or self.caller,
            extension=self._journey.call.extension,  # a phone that dials a flow's number has its limits there too
        )
        return "failed" if result == "forbidden" else result

    async def record_message(self, queue: QueueName, *, seconds: float) -> float:
        """What the caller says now is for the people of the queue: until `#`, `seconds`, or the end of the call.

        Answers how long it was.
        """
        await self.answer()
        self._keys.clear()
        board, loop = self._board, asyncio.get_running_loop()
        board.begin_message(self._journey, queue)
        until = loop.time() + seconds
        try:
            while loop.time() < until:
                await self._first(None, until - loop.time())
                if self._keys and self._keys.popleft() == "#":
                    break
        finally:
            length = board.end_message(self._journey)
        return length

    async def keep_callback(self, queue: QueueName, number: str) -> None:
        """The people of the queue are to call this number. It is kept when this returns."""
        self._journey.left = "callback"
        self._board.bus.publish(
            events.CallbackAsked(at=self._board.clock.utc(), call=self.call, queue=queue, number=number)
        )
        await self._board.history.settled()

    async def hang_up(self, cause: str) -> None:
        self._board.finish(self._journey, "system", cause)

    # ---- within -----------------------------------------------------------------------------------------

    async def _sounds(self, prompts: Sequence[Prompt]) -> list[NDArray[np.int16]]:
        """A prompt that cannot be had is left out and logged: a caller in silence is better than a caller cut off."""
        sounds = []
        for prompt in prompts:
            try:
                sounds.append(await self._board.prompts.sound(prompt))
            except CallcenterdError as fault:
                _log.error("prompt cannot be played", call=self.call, prompt=str(prompt), why=str(fault))
        return sounds

    async def _begin(self, prompts: Sequence[Prompt]) -> asyncio.Future[None] | None:
        await self.answer()
        sounds = await self._sounds(prompts)
        if not sounds:
            return None
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._playing = (self._board.calls.play(self._leg, sounds), ended)
        return ended

    async def _first(self, ended: asyncio.Future[None] | None, seconds: float | None) -> None:
        """Until a key is there, the prompts are over, or the time is up."""
        self._key_came.clear()
        if self._keys:
            return
        key = asyncio.ensure_future(self._key_came.wait())
        try:
            await asyncio.wait({key} | ({ended} if ended else set()), timeout=seconds, return_when="FIRST_COMPLETED")
        finally:
            key.cancel()

    def _silence(self) -> None:
        if self._playing is not None and not self._playing[1].done():
            self._board.calls.stop_play(self._leg)
        self._playing = None
