"""A real call as a flow sees it: `ivr.node.FlowCall` on a leg, prompts and queues.

The flow runs in a task of its own. When the caller goes away that task is cancelled; nothing here has to ask
whether the caller is still there.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import structlog
from numpy.typing import NDArray

from callcenterd.calls.call import Leg, LegState
from callcenterd.errors import CallcenterdError
from callcenterd.ivr import expression
from callcenterd.ivr.directory import Person
from callcenterd.ivr.expression import Plain
from callcenterd.ivr.node import (
    BusinessFailed,
    BusinessSlow,
    Exit,
    Found,
    HoursNow,
    Inquiry,
    MailboxNow,
    NodeFailed,
    NodeName,
    Pressed,
    Question,
    QueueResult,
    Spoken,
)
from callcenterd.media.recording import RATE
from callcenterd.model import events, modules, numbers
from callcenterd.model.appointments_by_call import BookedByCall, FoundByCall
from callcenterd.model.cards import CardCheck
from callcenterd.model.customer_messages import NewCustomerMessage
from callcenterd.model.customers import Customer
from callcenterd.model.ids import AgentId, CallId, FlowName, QueueName, RecordingId
from callcenterd.model.prompts import Music, Prompt
from callcenterd.model.voicemail import Box
from callcenterd.store.inquiries import CannotAsk, TooSlow
from callcenterd.switchboard import outbound, queueing
from callcenterd.switchboard.appointments import AppointmentsInCall
from callcenterd.switchboard.conferences import RoomWishes
from callcenterd.switchboard.journey import Journey
from callcenterd.switchboard.voicemail import LOOK_EVERY
from callcenterd.switchboard.waiting import TYPING_SECONDS, Announcer

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

MAX_TYPED_AHEAD = 32
MAX_KNOWN_NAMES = 40
MOST_SMS = 5
"""Nodes of flows that may send one in a call."""
MAX_KNOWN = 200
"""Characters of one."""
REMEMBERED = timedelta(days=30)
"""Who spoke with somebody longer ago is not looked for any more."""


@dataclass(frozen=True, slots=True)
class _Music:
    """What is heard while nothing is said: it goes on where it would have been. since: monotonic."""

    sounds: Sequence[NDArray[np.int16]]
    since: float

    def play(self, board: Switchboard, leg: Leg) -> None:
        length = sum(map(len, self.sounds))
        if length == 0 or not leg.alive:
            return
        at = round((board.clock.monotonic() - self.since) * RATE) % length
        board.calls.play(leg, self.from_there(at), repeat=True)

    def from_there(self, at: int) -> Sequence[NDArray[np.int16]]:
        """at: samples. Parts of the same sounds, none of them copied: thousands may hear them."""
        before, after = [], []
        for sound in self.sounds:
            before += [sound[:at]] if at > 0 else []
            after += [sound[at:] if at > 0 else sound] if at < len(sound) else []
            at = max(0, at - len(sound)) if at > 0 else 0
        return [*after, *before]


class LiveFlowCall:
    """One call in one flow. key and played are told by the switchboard."""

    def __init__(self, board: Switchboard, journey: Journey, language: str) -> None:
        self._board = board
        self._journey = journey
        self.language = language
        self._keys: deque[str] = deque(maxlen=MAX_TYPED_AHEAD)
        self._key_came = asyncio.Event()
        self._playing: tuple[int, asyncio.Future[None]] | None = None
        self._sms: set[str] = set()
        self._appointments = AppointmentsInCall(board, journey)

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
            self._board.tries.greeted(self.call)

    # ---- asked by the flow ------------------------------------------------------------------------------

    def entered(self, node: str, kind: str) -> None:
        _log.info("flow", call=self.call, flow=self._journey.flow, node=node, kind=kind)
        if self._journey.flow is not None:
            self._board.flow_counts.entered(self, self._journey.flow, node)

    def speak(self, language: str) -> None:
        self.language = language

    def lacks(self, kind: str) -> str:
        module = modules.of_node(kind)
        return "" if module is None or self._board.site.has(module) else module

    def seconds(self) -> float:
        return self._board.clock.monotonic()

    def typed_ahead(self) -> str | None:
        return self._keys[0] if self._keys else None

    def tell(self, name: str, value: Plain) -> None:
        """For the agent's page and the history. What is no single value is no matter of people's."""
        if not isinstance(value, str | int | float):
            return
        known, text = self._journey.known, _line(str(value))
        if known.get(name) == text or (name not in known and len(known) >= MAX_KNOWN_NAMES):
            return
        known[name] = text
        self._board.bus.publish(
            events.CallerKnown(at=self._board.clock.utc(), call=self.call, name=name, known=dict(known))
        )

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
        if ended is not None:
            await self._heard(ended, stop_on_key=stop_on_key)

    async def _heard(self, ended: asyncio.Future[None], *, stop_on_key: bool) -> None:
        try:
            if stop_on_key:
                await self._first(ended, None)
            else:
                await ended
        finally:
            self._silence()

    async def ask(
        self,
        prompts: Sequence[Prompt],
        *,
        seconds: float,
        secret: bool = False,  # noqa: ARG002  # a key by itself is written down nowhere
    ) -> str | None:
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
        priority: int = 0,
        skills: Mapping[str, int] | None = None,
        agent: str | None = None,
        exits: Mapping[str, Exit] = MappingProxyType({}),
    ) -> QueueResult:
        await self.answer()
        board, journey = self._board, self._journey
        if queue not in board.queueing.queue_names():
            _log.error("flow names a queue that does not exist", call=self.call, queue=queue)
            return "no_agents"
        if not board.opening.takes_callers(board.queueing.settings(queue)):
            journey.want_person(board.clock.monotonic())
            journey.result = "no_answer"
            return "closed"
        given_back = board.waiting.places.give_back(journey, queue)
        if unless_empty and not board.queueing.staffed(queue):
            journey.want_person(board.clock.monotonic())
            journey.result = "no_answer"
            return "no_agents"
        if unless_busy and not board.queueing.anyone_ready(queue):
            journey.want_person(board.clock.monotonic())
            journey.result = "no_answer"
            return "busy"
        if board.queueing.is_full(queue) and queue not in journey.places:
            journey.want_person(board.clock.monotonic())
            journey.result = "no_answer"
            return "full"
        if (notice := board.notices.for_caller(journey, queue, self.language)) is not None:
            await self.play([notice])
        heard = Music(music or board.queueing.settings(queue).music)
        background = _Music(await self._sounds([heard]), board.clock.monotonic())
        background.play(board, self._leg)
        if journey.looking is not None:
            await journey.looking  # the agent's page shows who calls as soon as the phone rings
        await board.callbacks.called_again(journey, queue)
        prefers = AgentId(agent) if agent else await self._last_agent(queue)
        self._keys.clear()
        result = board.queueing.enter(journey, queue, limit, priority=priority, skills=skills, prefers=prefers)
        try:
            told = board.waiting.announcer(self.call, queue, self.language, exits, given_back=given_back)
            return await self._wait(result, told, background)
        finally:
            board.queueing.leave(journey)
            result.cancel()
            self._keys.clear()  # what was pressed while waiting, or to the agent, is no answer to what comes now
            in_charge = board.in_flow.get(self.call) is self  # else the call was taken out of the flow: it is parked
            if in_charge and self._leg.alive and journey.joined_at is None:
                board.calls.stop_play(self._leg)
                journey.state, journey.state_at = "flow", board.clock.utc()

    async def is_served(self, served: asyncio.Future[queueing.QueueResult]) -> queueing.QueueResult:
        """As `wait_in_queue`, for a caller whom an agent has already."""
        try:
            return await served
        finally:
            self._board.queueing.leave(self._journey)
            served.cancel()

    def hours(self, calendar: str) -> HoursNow:
        held = self._board.opening.at_now(calendar)
        if held is None:
            _log.error("flow names a calendar that does not exist", call=self.call, calendar=calendar)
            return "open"
        if held.open:
            return "open"
        return "holiday" if held.why == "holiday" else "closed"

    async def _last_agent(self, queue: QueueName) -> AgentId | None:
        """With whom this number has spoken last, if the queue gives callers back."""
        board = self._board
        if board.queueing.settings(queue).sticky == "off":
            return None
        since = board.clock.utc() - REMEMBERED
        return await board.store.calls.last_agent(self._journey.call.caller, since)

    async def _wait(self, result: asyncio.Future[queueing.QueueResult], told: Announcer, music: _Music) -> QueueResult:
        """Until the wait and the conversation are over, or a key ends the wait; speak to the caller meanwhile."""
        board, loop = self._board, asyncio.get_running_loop()
        ended: asyncio.Future[None] | None = None
        pressed_at = board.clock.monotonic()
        while not result.done() and self._waits():
            now, at = board.clock.monotonic(), told.next()
            if (key := self._keys.popleft() if self._keys else None) is not None:
                quiet, pressed_at = now - pressed_at, now
                if quiet >= TYPING_SECONDS and key in told.exits:
                    self._silence()
                    return Pressed(key)
            elif ended is not None and ended.done():
                ended = None
                music.play(board, self._leg)
            elif ended is None and at is not None and at <= now:
                said = told.take()
                sounds = await self._sounds(said.prompts)
                if sounds and not result.done() and self._waits():
                    ended = loop.create_future()
                    self._playing = (board.calls.play(self._leg, sounds), ended)
                    told.said(said)
            else:
                await self._something(result, ended, None if ended is not None or at is None else at - now)
        return await result

    async def _something(
        self, result: asyncio.Future[queueing.QueueResult], ended: asyncio.Future[None] | None, seconds: float | None
    ) -> None:
        """A key, the end of what is said (an answer ends it) or of the wait, or the time is up."""
        self._key_came.clear()
        if self._keys:
            return
        key = asyncio.ensure_future(self._key_came.wait())
        some: set[asyncio.Future[Any]] = {key, result, *(() if ended is None else (ended,))}
        try:
            await asyncio.wait(some, timeout=seconds, return_when="FIRST_COMPLETED")
        finally:
            key.cancel()

    def _waits(self) -> bool:
        return self._board.queueing.position(self.call) is not None

    def exits_of(self, queue: QueueName) -> Mapping[str, str]:
        return self._board.waiting.settings(queue).exits

    async def go_to_flow(self, to: str) -> None:
        name, _, node = to.partition("/")
        flow = self._board.flows.get(FlowName(name))
        if flow is None or (node and NodeName(node) not in flow.nodes):
            _log.error("a key leads to a flow that does not exist", call=self.call, to=to)
            return
        self._board.inbound.enter(self._journey, flow.name, flow, NodeName(node) if node else None)
        await asyncio.sleep(0)  # this walk ends here

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

    async def confer(
        self, room: str, *, moderator: bool, record: bool, most: int, tones: bool, ends_with_moderator: bool
    ) -> Literal["left", "ended", "full"]:
        await self.answer()
        wishes = RoomWishes(record=record, most=most, tones=tones, ends_with_moderator=ends_with_moderator)
        return await self._board.conferences.enter(self._journey, room, wishes, moderator=moderator)

    async def mailbox(self, box: Box) -> MailboxNow:
        return await self._board.voicemail.mailbox(box)

    async def record_message(self, box: Box, *, seconds: float) -> float:
        await self.answer()
        self._board.voicemail.begin(self._journey, box)
        return await self._speak(seconds, silence=self._board.site.mailbox(box).silence)

    async def record_own(self, *, seconds: float, silence: float, shortest: float) -> Spoken:
        await self.answer()
        recording = self._board.voicemail.begin_own(self._journey, shortest=shortest, silence=silence)
        return Spoken(recording, round(await self._speak(seconds, silence=silence), 1))

    async def play_back(self, recording: RecordingId) -> None:
        sound = await self._board.voicemail.voice_of(recording)
        if sound is not None and not self._keys:
            await self._heard(self._start([sound]), stop_on_key=True)

    async def _speak(self, seconds: float, *, silence: float) -> float:
        self._keys.clear()
        desk, loop = self._board.voicemail, asyncio.get_running_loop()
        step = LOOK_EVERY if silence else seconds
        until = loop.time() + seconds
        try:
            while (left := until - loop.time()) > 0:
                await self._first(None, min(step, left))
                if (self._keys and self._keys.popleft() == "#") or desk.has_fallen_silent(self._journey):
                    break
        finally:
            length = desk.end(self._journey)
        return length

    async def keep_callback(self, queue: QueueName, number: str) -> None:
        """The people of the queue are to call this number. It is kept when this returns."""
        board, journey = self._board, self._journey
        journey.left = "callback"
        now, entered = board.clock.utc(), journey.places.get(queue)
        place = None if entered is None else now - timedelta(seconds=board.clock.monotonic() - entered)
        board.bus.publish(events.CallbackAsked(at=now, call=self.call, queue=queue, number=number, place=place))
        await board.history.settled()
        await board.callbacks.look()

    async def send_sms(self, place: str, number: str, text: str) -> bool:
        """The flow's own words to a number of this country: one abroad, or one that costs, is nobody's who calls us."""
        board, now = self._board, self._board.clock.utc()
        if numbers.is_foreign(number, board.region) or not numbers.is_mobile(number, board.region):
            return False
        if place not in self._sms:
            if len(self._sms) >= MOST_SMS:
                raise NodeFailed(f"more than {MOST_SMS} SMS in one call")
            self._sms.add(place)
        customers = self._journey.customers
        flow = self._journey.flow
        await board.store.customer_messages.put(
            NewCustomerMessage(
                key=f"call/{self.call}/{place}",
                channel="sms",
                address=number,
                text=text,
                language=self.language,
                customer=customers[0].id if len(customers) == 1 and number == self.caller else None,
                call=self.call,
                kind="call",
                record=self.call,
                created_by=f"flow:{flow}",
                not_before=now,
            ),
            now,
        )
        return True

    def phone_of(self, agent: str) -> str | None:
        view = self._board.desk.view(agent)
        return None if view is None or view.state == "signed_out" else view.extension

    def people(self) -> Sequence[Person]:
        site = self._board.site
        phones = {phone.number for phone in site.extensions}
        return [
            Person(user.name, user.extension)
            for user in site.users
            if user.in_directory and user.name and user.extension is not None and user.extension in phones
        ]

    def judge(self, question: str, score: int, most: int) -> None:
        journey = self._journey
        fact = events.SurveyAnswered(
            at=self._board.clock.utc(),
            call=self.call,
            question=question,
            score=score,
            most=most,
            agent=journey.agent,
            queue=journey.queue,
        )
        self._board.bus.publish(fact)

    async def ask_business(self, question: Question) -> Plain:
        return await self._board.business.ask(question)

    async def ask_database(self, inquiry: Inquiry) -> Found:
        databases, asked = self._board.databases, (inquiry.database, inquiry.statement, inquiry.values, inquiry.columns)
        try:
            rows, first = await databases.ask(*asked, seconds=inquiry.seconds)
            return Found(rows, {name: expression.plain(value) for name, value in first.items()})
        except TooSlow as why:
            raise BusinessSlow(str(why)) from None
        except (CannotAsk, expression.CannotFill) as why:
            raise BusinessFailed(str(why)) from None

    async def customers(self, by: Literal["number", "card"], value: str) -> Sequence[Customer]:
        store = self._board.store.customers
        # Who draws flows is an administrator: they may use every field, and say to the caller what they like.
        return await (store.by_phone(value, "admin") if by == "number" else store.by_card(value, "admin"))

    async def custom_fields(self) -> Sequence[str]:
        return [field.name for field in await self._board.store.fields.all("customer") if not field.retired]

    async def check_card(self, number: str, pin: str) -> CardCheck:
        checked = await self._board.cards.check(self.call, number, pin)
        if checked.account is not None:
            if self._journey.looking is not None:
                await self._journey.looking  # else whose number it is would be found after this, and stand instead
            self._journey.customers = (checked.account.customer,)
        return checked

    async def free_places(self, service: str) -> Sequence[datetime]:
        return await self._appointments.free(service)

    async def book_place(self, service: str, begin: datetime, phone: str) -> BookedByCall:
        return await self._appointments.book(service, begin, phone, self.language)

    async def find_appointment(self, phone: str, code: str) -> FoundByCall:
        return await self._appointments.find(phone, code)

    async def move_appointment(self, number: str, service: str, begin: datetime) -> BookedByCall:
        return await self._appointments.move(number, service, begin)

    async def cancel_appointment(self, number: str) -> bool:
        return await self._appointments.cancel(number)

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
        return self._start(sounds) if sounds else None

    def _start(self, sounds: Sequence[NDArray[np.int16]]) -> asyncio.Future[None]:
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


def _line(text: str) -> str:
    """As it can be kept and shown: a business system may answer anything."""
    return "".join(one if one.isprintable() else " " for one in text[:MAX_KNOWN]).strip()
