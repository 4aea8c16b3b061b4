"""A call whose caller, agents and numbers do what a test says, in virtual time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from callcenterd.ivr import check, engine
from callcenterd.ivr.directory import Person
from callcenterd.ivr.expression import Plain
from callcenterd.ivr.flow import Flow
from callcenterd.ivr.node import (
    BusinessSlow,
    ConferResult,
    DialResult,
    Exit,
    Found,
    HoursNow,
    Inquiry,
    MailboxNow,
    Question,
    QueueResult,
    Spoken,
)
from callcenterd.model.appointments_by_call import BookedByCall, FoundByCall
from callcenterd.model.cards import CardCheck
from callcenterd.model.customers import Customer
from callcenterd.model.ids import CallId, QueueName, RecordingId
from callcenterd.model.prompts import Music, Prompt, Recorded, Speech, Word
from callcenterd.model.voicemail import Box
from callcenterd.yamltext import parse


class ScriptedCall:
    """Implements `FlowCall`. story: what happened, in order; now: seconds that the caller was made to wait for keys."""

    def __init__(
        self,
        keys: Iterable[str | None] = (),
        *,
        queue: Iterable[QueueResult] = (),
        dial: Iterable[DialResult] = (),
        messages: Iterable[float] = (),
        confer: Iterable[ConferResult] = (),
        caller: str = "13800138000",
        language: str = "zh-CN",
        exits: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.call = CallId("20261125-090000-000001")
        self.caller = caller
        self.called = "02088886666"
        self.language = language
        self.story: list[str] = []
        self.walked: list[str] = []
        self.noted = ""
        self.now = 0.0
        self.questions: list[Question] = []
        self.answers: deque[Plain | Exception] = deque()
        self.inquiries: list[Inquiry] = []
        self.found: deque[Found | Exception] = deque()
        self.known: list[Customer] = []
        self.fields: list[str] = []
        self.cards: deque[CardCheck] = deque()
        self.secrets = 0
        self.free: list[datetime] = []
        self.booked: deque[BookedByCall] = deque()
        self.codes: deque[FoundByCall] = deque()
        self.phones: dict[str, str] = {}
        self.house: list[Person] = []
        self.ahead: str | None = None
        self.told: dict[str, Plain] = {}
        self.boxes: dict[str, MailboxNow] = {}
        self.calendars: dict[str, HoursNow] = {}
        self.off: dict[str, str] = {}
        self._exits = exits or {}
        self._keys = deque(keys)
        self._queue = deque(queue)
        self._dial = deque(dial)
        self._messages = deque(messages)
        self._confer = deque(confer)

    def entered(self, node: str, kind: str) -> None:
        self.walked.append(node)

    def speak(self, language: str) -> None:
        self.language = language

    def lacks(self, kind: str) -> str:
        return self.off.get(kind, "")

    def seconds(self) -> float:
        return self.now

    def typed_ahead(self) -> str | None:
        return self.ahead

    def tell(self, name: str, value: Plain) -> None:
        self.told[name] = value

    def note_keys(self, keys: str) -> None:
        self.noted += keys

    async def answer(self) -> None:
        self.story.append("answered")

    async def play(self, prompts: Sequence[Prompt], *, stop_on_key: bool = False) -> None:
        self.story.append(f"plays {' + '.join(map(words, prompts))}{' until a key' if stop_on_key else ''}")

    async def ask(self, prompts: Sequence[Prompt], *, seconds: float, secret: bool = False) -> str | None:
        self.secrets += secret
        if (ahead := self.ahead) is not None:
            self.ahead = None
            return ahead
        key = self._keys.popleft() if self._keys else None
        if key is None:
            self.now += seconds
        if prompts:
            self.story.append(f"asks {' + '.join(map(words, prompts))}")
        return key

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
        asked = "".join(
            [
                f" at most {limit:g} s" if limit is not None else "",
                f" with {music}" if music is not None else "",
                " unless busy" if unless_busy else "",
                " unless empty" if unless_empty else "",
                f" priority {priority}" if priority else "",
                f" for {dict(skills)}" if skills else "",
                f" by {agent}" if agent else "",
                f" keys {' '.join(f'{key}={to}' for key, to in exits.items())}" if exits else "",
            ]
        )
        self.story.append(f"waits in {queue}{asked}")
        return self._queue.popleft() if self._queue else "served"

    def hours(self, calendar: str) -> HoursNow:
        return self.calendars[calendar]

    def exits_of(self, queue: QueueName) -> Mapping[str, str]:
        return self._exits.get(queue, {})

    async def go_to_flow(self, to: str) -> None:
        self.story.append(f"no flow {to}")

    async def dial(
        self, number: str, *, trunks: Sequence[str], record: bool, seconds: float, caller: str | None
    ) -> DialResult:
        self.story.append(f"dials {number} over {list(trunks)} record={record} {seconds:g} s as {caller}")
        return self._dial.popleft() if self._dial else "served"

    async def confer(
        self, room: str, *, moderator: bool, record: bool, most: int, tones: bool, ends_with_moderator: bool
    ) -> ConferResult:
        kind = "moderates" if moderator else "confers in"
        self.story.append(f"{kind} {room} record={record} most={most} tones={tones} ends={ends_with_moderator}")
        return self._confer.popleft() if self._confer else "left"

    async def mailbox(self, box: Box) -> MailboxNow:
        return self.boxes.get(str(box), MailboxNow())

    async def record_message(self, box: Box, *, seconds: float) -> float:
        self.story.append(f"records for {box}, at most {seconds:g} s")
        return self._messages.popleft() if self._messages else 10.0

    async def record_own(self, *, seconds: float, silence: float, shortest: float) -> Spoken:
        self.story.append(f"records at most {seconds:g} s, silence {silence:g} s, shortest {shortest:g} s")
        return Spoken(RecordingId("rec"), self._messages.popleft() if self._messages else 10.0)

    async def play_back(self, recording: RecordingId) -> None:
        self.story.append(f"plays back {recording}")

    async def keep_callback(self, queue: QueueName, number: str) -> None:
        self.story.append(f"keeps {number} for {queue}")

    async def send_sms(self, place: str, number: str, text: str) -> bool:
        self.story.append(f"{place}: SMS to {number}: {text}")
        return number.startswith("1")

    def phone_of(self, agent: str) -> str | None:
        return self.phones.get(agent)

    def people(self) -> Sequence[Person]:
        return self.house

    def judge(self, question: str, score: int, most: int) -> None:
        self.story.append(f"judges {question}: {score} of {most}")

    async def ask_business(self, question: Question) -> Plain:
        self.questions.append(question)
        answer = self.answers.popleft()
        if isinstance(answer, float):
            await asyncio.sleep(answer)
            raise BusinessSlow("slow")
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def ask_database(self, inquiry: Inquiry) -> Found:
        self.inquiries.append(inquiry)
        answer = self.found.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def customers(self, by: Literal["number", "card"], value: str) -> Sequence[Customer]:
        self.story.append(f"looks for {by} {value}")
        return self.known

    async def custom_fields(self) -> Sequence[str]:
        return self.fields

    async def check_card(self, number: str, pin: str) -> CardCheck:
        self.story.append(f"checks card {number} with {pin}")
        return self.cards.popleft()

    async def free_places(self, service: str) -> Sequence[datetime]:
        self.story.append(f"looks for places of {service}")
        return list(self.free)

    async def book_place(self, service: str, begin: datetime, phone: str) -> BookedByCall:
        self.story.append(f"books {service} {begin:%d %H:%M} for {phone}")
        return self.booked.popleft()

    async def find_appointment(self, phone: str, code: str) -> FoundByCall:
        self.story.append(f"looks for the appointment of {phone} by {code}")
        return self.codes.popleft()

    async def move_appointment(self, number: str, service: str, begin: datetime) -> BookedByCall:
        self.story.append(f"moves {number} to {service} {begin:%d %H:%M}")
        return self.booked.popleft()

    async def cancel_appointment(self, number: str) -> bool:
        self.story.append(f"cancels {number}")
        return number == "YY1"

    async def hang_up(self, cause: str) -> None:
        self.story.append(f"hangs up: {cause}")


def words(prompt: Prompt) -> str:
    match prompt:
        case Speech(text) | Word(text):
            return text
        case Recorded(name):
            return f"<{name}>"
        case Music(name):
            return f"music {name}"


def flow_of(nodes: str, head: str = "") -> Flow:
    """A flow of these lines of nodes; it starts at the first of them."""
    lines = "\n".join(f"  {line}" for line in nodes.strip().splitlines())
    start = nodes.strip().partition(":")[0]
    return check.parse(parse(f"flow: test\nstart: {start}\n{head}\nnodes:\n{lines}\n", "test.yaml"))


async def walk(nodes: str, call: ScriptedCall, head: str = "") -> ScriptedCall:
    await engine.run(flow_of(nodes, head), call)
    return call
