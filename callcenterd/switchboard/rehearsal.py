"""A flow is heard at one's own phone, as a draft too: "call me and play it" (IVR-06).

The phone of who draws the flow is rung, and walks it as the number that they pretend to have. What is heard, keyed and
looked up is real. Nobody else is reached: where a caller would wait, be put through, leave a message or a wish, a voice
says so, and the flow goes on as if nobody had been there. It is no call of the office: in no history, and in no figure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import structlog

from callcenterd.ivr import engine
from callcenterd.ivr.expression import Plain
from callcenterd.ivr.flow import Flow
from callcenterd.ivr.node import BusinessFailed, Exit, Question, QueueResult, Spoken
from callcenterd.model import modules
from callcenterd.model.appointments_by_call import AppointmentTold, BookedByCall
from callcenterd.model.ids import ExtensionNumber, QueueName, RecordingId
from callcenterd.model.prompts import Speech
from callcenterd.model.voicemail import Box
from callcenterd.switchboard import own_phone
from callcenterd.switchboard.flowcall import LiveFlowCall
from callcenterd.switchboard.journey import Journey
from callcenterd.switchboard.own_phone import OwnCall, OwnCalls

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

PRETENDED_SECONDS = 3.0
"""Of the message that a caller would have left."""
_SAID = {
    "queue": {"zh-CN": "试听：这里转到技能组{what}排队。", "en": "Rehearsal: here the call waits in queue {what}."},
    "dial": {"zh-CN": "试听：这里拨打{what}。", "en": "Rehearsal: here {what} is called."},
    "room": {"zh-CN": "试听：这里进入会议室{what}。", "en": "Rehearsal: here the caller enters room {what}."},
    "message": {"zh-CN": "试听：这里录下来电者的留言。", "en": "Rehearsal: here the caller leaves a message."},
    "callback": {"zh-CN": "试听：这里记下回拨号码{what}。", "en": "Rehearsal: here a callback to {what} is kept."},
    "sms": {"zh-CN": "试听：这里给{what}发短信。", "en": "Rehearsal: here an SMS is sent to {what}."},
    "book": {"zh-CN": "试听：这里预约{what}。", "en": "Rehearsal: here {what} is booked."},
    "cancel": {"zh-CN": "试听：这里取消预约。", "en": "Rehearsal: here the appointment is cancelled."},
    "flow": {"zh-CN": "试听：这里转到流程{what}。", "en": "Rehearsal: here the call goes to flow {what}."},
    "over": {"zh-CN": "试听结束。", "en": "End of the rehearsal."},
}
"""Spoken by the voice of the office as it is said: only who draws flows hears it."""


class RehearsedCall(LiveFlowCall):
    """What a flow asks of a call, with nobody behind it."""

    def __init__(self, board: Switchboard, journey: Journey, language: str, caller: str, called: str) -> None:
        super().__init__(board, journey, language)
        self._caller, self._called = caller, called
        self.hung_up = asyncio.Event()

    @property
    def caller(self) -> str:
        return self._caller

    @property
    def called(self) -> str:
        return self._called

    def entered(self, node: str, kind: str) -> None:
        _log.info("rehearsal", call=self.call, node=node, kind=kind)

    def tell(self, name: str, value: Plain) -> None:
        """There is no agent who would see it."""

    def lacks(self, kind: str) -> str:
        module = modules.of_node(kind)
        return "" if module is None or self._board.site.has(module) else module

    def note_keys(self, keys: str) -> None:
        """It stands in no history."""

    def judge(self, question: str, score: int, most: int) -> None:
        """It is no customer's judgement."""

    async def wait_in_queue(  # as the node asks it
        self,
        queue: QueueName,
        *,
        limit: float | None,  # noqa: ARG002
        music: str | None,  # noqa: ARG002
        unless_busy: bool = False,  # noqa: ARG002
        unless_empty: bool = False,  # noqa: ARG002
        priority: int = 0,  # noqa: ARG002
        skills: Mapping[str, int] | None = None,  # noqa: ARG002
        agent: str | None = None,  # noqa: ARG002
        exits: Mapping[str, Exit] = MappingProxyType({}),  # noqa: ARG002
    ) -> QueueResult:
        title = next((known.title for known in self._board.site.queues if known.name == queue), "")
        await self.say("queue", title or queue)
        return "served"

    async def dial(
        self,
        number: str,
        *,
        trunks: Sequence[str],  # noqa: ARG002
        record: bool,  # noqa: ARG002
        seconds: float,  # noqa: ARG002
        caller: str | None,  # noqa: ARG002
    ) -> Literal["served", "busy", "no_answer", "failed"]:
        await self.say("dial", " ".join(number))
        return "served"

    async def confer(
        self,
        room: str,
        *,
        moderator: bool,  # noqa: ARG002
        record: bool,  # noqa: ARG002
        most: int,  # noqa: ARG002
        tones: bool,  # noqa: ARG002
        ends_with_moderator: bool,  # noqa: ARG002
    ) -> Literal["left", "ended", "full"]:
        await self.say("room", room)
        return "left"

    async def record_message(self, box: Box, *, seconds: float) -> float:  # noqa: ARG002
        await self.say("message")
        return PRETENDED_SECONDS

    async def record_own(self, *, seconds: float, silence: float, shortest: float) -> Spoken:  # noqa: ARG002
        await self.say("message")
        return Spoken(RecordingId("rehearsal"), PRETENDED_SECONDS)

    async def play_back(self, recording: RecordingId) -> None:
        """There is nothing to be heard."""

    async def keep_callback(self, queue: QueueName, number: str) -> None:  # noqa: ARG002
        await self.say("callback", " ".join(number))

    async def send_sms(self, place: str, number: str, text: str) -> bool:  # noqa: ARG002
        await self.say("sms", " ".join(number))
        return True

    async def book_place(self, service: str, begin: datetime, phone: str) -> BookedByCall:  # noqa: ARG002
        return await self._pretend(service, begin)

    async def move_appointment(self, number: str, service: str, begin: datetime) -> BookedByCall:  # noqa: ARG002
        return await self._pretend(service, begin)

    async def _pretend(self, service: str, begin: datetime) -> BookedByCall:
        await self.say("book", f"{service} {begin:%H:%M}")
        told = AppointmentTold(number="YY", service=service, chinese=service, english=service, begin=begin)
        return BookedByCall(answer="booked", told=told, code="000000")

    async def cancel_appointment(self, number: str) -> bool:  # noqa: ARG002
        await self.say("cancel")
        return True

    async def go_to_flow(self, to: str) -> None:
        await self.say("flow", to)
        await self.hang_up("rehearsal")

    async def ask_business(self, question: Question) -> Plain:
        """What may change something there is not asked."""
        if question.method != "GET" and not question.repeatable:
            raise BusinessFailed("a rehearsal sends no orders")
        return await super().ask_business(question)

    async def hang_up(self, cause: str) -> None:  # noqa: ARG002
        self.hung_up.set()
        await asyncio.sleep(0)

    async def say(self, what: str, name: str = "") -> None:
        language = self.language if self.language in _SAID[what] else "en"
        await self.play([Speech(_SAID[what][language].format(what=name), language)])


@dataclass(eq=False)
class _Rehearsal(OwnCall):
    flow: Flow
    caller: str
    called: str


class Rehearsals(OwnCalls[_Rehearsal]):
    WHAT = "rehearsal"

    def begin(
        self, login: str, flow: Flow, *, extension: ExtensionNumber | None = None, caller: str, called: str
    ) -> None:
        """Ring the phone of that user; who picks up hears the flow. caller, called: what the flow is told.

        Raises NotFound for an extension that there is not, and NotNow: no phone can be rung, or it is in a call.
        """
        self._rung(_Rehearsal(own_phone.ring(self._board, login, extension), flow, caller, called))

    async def _serve(self, one: _Rehearsal) -> None:
        board, leg, flow = self._board, one.leg, one.flow
        now = board.clock.utc()
        journey = Journey(call=leg.call, began_at=now, state_at=now)
        hand = RehearsedCall(board, journey, flow.language or board.language, one.caller, one.called)
        board.in_flow[leg.call.id] = hand
        flows = {**board.flows.all(), flow.name: flow}
        walk = asyncio.create_task(engine.run(flow, hand, None, flows, board.flow_seconds))
        over = asyncio.create_task(hand.hung_up.wait())
        try:
            await asyncio.wait({walk, over}, return_when=asyncio.FIRST_COMPLETED)
            if walk.done():
                walk.result()
            await hand.say("over")
        except Exception:  # noqa: BLE001  # a fault in one call's flow ends that call only
            _log.exception("rehearsal failed", call=leg.call.id, flow=flow.name)
        finally:
            for task in (walk, over):
                task.cancel()
            await asyncio.gather(walk, over, return_exceptions=True)
            self.gone(leg)
