"""A call without a phone: walks a flow in virtual time and tells what the caller hears. The same each time."""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from callcenterd.errors import LocalError, Refused
from callcenterd.ivr import engine
from callcenterd.ivr.directory import Person
from callcenterd.ivr.expression import Plain
from callcenterd.ivr.flow import Flow
from callcenterd.ivr.node import (
    KEYS,
    BusinessFailed,
    BusinessSlow,
    ConferResult,
    DialResult,
    Exit,
    Found,
    HoursNow,
    Inquiry,
    MailboxNow,
    Pressed,
    Question,
    QueueResult,
    Spoken,
)
from callcenterd.ivr.pretended import PretendedAppointment, PretendedAppointments
from callcenterd.model.appointments_by_call import BookedByCall, FoundByCall
from callcenterd.model.cards import WRONG_PINS, Account, CardAnswer, CardCheck
from callcenterd.model.customers import Customer
from callcenterd.model.ids import CallId, FlowName, QueueName, RecordingId
from callcenterd.model.numbers import card_number, is_mobile
from callcenterd.model.prompts import Music, Prompt, Recorded, Speech, Word
from callcenterd.model.site import NO_SECRET, Secret
from callcenterd.model.voicemail import Box

Agents = Literal["free", "busy", "none"]
"""Somebody takes the caller; all talk, and none becomes free; nobody is signed in."""

Result = Literal["served", "timed_out", "no_agents", "busy", "full", "closed", "no_answer", "failed"]
"""What `results` may say of a node: of a queue all but the last two, of a number busy, no_answer, failed and served."""

RING_SECONDS = 6.0
TALK_SECONDS = 60.0
MESSAGE_SECONDS = 20.0
KEY_SECONDS = 1.0
REGION = "CN"
"""A simulated office is there, and its callers' mobile numbers are."""
BUSY_SECONDS = 300.0
"""How long a caller waits here where the flow names no limit."""

_WORDS: Mapping[str, tuple[str, str]] = {
    # what happens: (Chinese, English)
    "node": ("→ {node}（{kind}）", "-> {node} ({kind})"),
    "says": ("听到：{text}", "hears: {text}"),
    "recording": ("听到录音 {name}", "hears recording {name}"),
    "recording_text": ("听到录音 {name}：{text}", "hears recording {name}: {text}"),
    "music": ("听到音乐", "hears music"),
    "music_named": ("听到音乐 {name}", "hears music {name}"),
    "key": ("按键 {key}", "presses {key}"),
    "no_key": ("没有按键", "presses nothing"),
    "answered": ("接听", "answered"),
    "waits": ("在队列 {queue} 中等待，音乐：{music}", "waits in queue {queue}, music: {music}"),
    "default": ("默认", "the default"),
    "all_busy": ("队列 {queue}：座席全忙", "queue {queue}: all agents are busy"),
    "hours_open": ("日历 {calendar}：上班时间", "calendar {calendar}: open"),
    "hours_closed": ("日历 {calendar}：非上班时间", "calendar {calendar}: closed"),
    "hours_holiday": ("日历 {calendar}：节假日", "calendar {calendar}: a holiday"),
    "no_agents": ("队列 {queue}：没有座席", "queue {queue}: no agents"),
    "full": ("队列 {queue}：等待人数已满", "queue {queue}: as many wait as may"),
    "closed": ("队列 {queue}：现在不接来电", "queue {queue}: takes no callers now"),
    "dialled_busy": ("{number} 忙", "{number} is busy"),
    "dialled_no_answer": ("{number} 无人接听", "{number} does not answer"),
    "dialled_failed": ("{number} 拨不通", "{number} cannot be reached"),
    "no_result": ("节点 {node} 不会以 {result} 结束", "node {node} never ends in {result}"),
    "timed_out": ("等待 {seconds} 秒后无人接听", "nobody after {seconds} s"),
    "talks": ("与座席通话", "talks with an agent"),
    "dials": (
        "拨打 {number}，中继：{trunks}，显示号码 {caller}，振铃 {seconds} 秒",
        "dials {number}, trunks: {trunks}, showing {caller}, for {seconds} s",
    ),
    "joined": ("与 {number} 通话", "talks with {number}"),
    "joined_recorded": ("与 {number} 通话（录音）", "talks with {number} (recorded)"),
    "message": ("给队列 {box} 留言 {seconds} 秒", "leaves a message of {seconds} s for queue {box}"),
    "message_to": ("给 {box} 留言 {seconds} 秒", "leaves a message of {seconds} s for {box}"),
    "speaks": ("录音 {seconds} 秒", "speaks for {seconds} s, recorded"),
    "own_words": ("听到自己的录音", "hears what was just recorded"),
    "confers": ("进入会议室 {room}", "speaks in conference room {room}"),
    "moderates": ("以主持人身份进入会议室 {room}", "speaks in conference room {room}, as its moderator"),
    "callback": ("登记回拨：{number}（队列 {queue}）", "will be called back at {number} (queue {queue})"),
    "sends_sms": ("短信发给 {number}：{text}", "an SMS to {number}: {text}"),
    "no_mobile": ("{number} 不是手机号码，不发短信", "{number} is no mobile number: no SMS"),
    "asks_business": ("查询业务系统：{method} {url}", "asks a business system: {method} {url}"),
    "asks_database": ("查询数据库 {database}", "asks database {database}"),
    "card_found": ("卡号和密码核对无误", "card and PIN belong together"),
    "card_wrong": ("密码不对", "the PIN is wrong"),
    "card_unknown": ("没有这张卡", "there is no such card"),
    "card_locked": ("密码错误次数过多，卡已锁定", "too many wrong PINs: the card is locked"),
    "card_blocked": ("密码正确，但卡已冻结或过期", "the PIN is right, but the card is blocked or has expired"),
    "free": ("{service}：{n} 个空闲时间", "{service}: {n} free places"),
    "booked": ("预约 {service} {at}", "booked: {service} {at}"),
    "book_taken": ("{service} {at} 已被约走", "taken meanwhile: {service} {at}"),
    "book_refused": ("不能预约 {service}", "cannot be booked: {service}"),
    "code_found": ("预约码正确", "the code is right"),
    "code_wrong": ("没有这个预约码", "there is no such code"),
    "code_locked": ("预约码错误次数过多", "too many wrong codes"),
    "cancelled": ("取消预约 {number}", "cancelled: {number}"),
    "not_booked": ("{number} 已经不是已预约", "not booked any more: {number}"),
    "judges": ("评价 {question}：{score}/{most}", "judges {question}: {score} of {most}"),
    "known": ("记下 {name}：{value}", "notes {name}: {value}"),
    "hung_up": ("挂断（{cause}）", "hung up ({cause})"),
    "ended": ("流程结束", "the flow ends"),
    "stuck": ("流程中断：{why}", "the flow is stopped: {why}"),
}


@dataclass(frozen=True, slots=True)
class Given:
    """What a pretended office knows. answers: of business systems by the node that asks; "timeout", "failed". Of a
    database: its rows, a list of names with values. Of a node message: seconds that the caller speaks.

    cards: accounts, and their PINs. results: how the wait or the conversation of a node ends (queue, dial, transfer).
    places: free ones of services, by their names. appointments: what is booked.
    """

    customers: tuple[Customer, ...] = ()
    answers: Mapping[str, Plain] = field(default_factory=dict)
    cards: tuple[tuple[Account, Secret], ...] = ()
    people: tuple[Person, ...] = ()
    results: Mapping[str, Result] = field(default_factory=dict)
    places: Mapping[str, tuple[datetime, ...]] = field(default_factory=dict)
    appointments: tuple[PretendedAppointment, ...] = ()


async def simulate(
    flow: Flow,
    keys: Iterable[str | None],
    *,
    at: datetime,
    language: str,
    caller: str = "13800138000",
    called: str = "02088886666",
    agents: Agents = "free",
    hours: HoursNow = "open",
    flows: Mapping[FlowName, Flow] = MappingProxyType({}),
    given: Given | None = None,
    told_in: str = "",
) -> list[str]:
    """What happens, a line each, with the time of day; in the language that the office speaks.

    keys: what the caller does at each question, None: nothing (see `keys_of`); after the last one, nothing more.
    language: the office's; the flow's own is what the caller hears. hours: what calendars say.
    told_in: the language of who reads it; "" is the office's.
    """
    given = given or Given()
    call = PretendedCall(
        keys, at=at, told_in=told_in or language, caller=caller, called=called, agents=agents, hours=hours, given=given
    )
    call.language = flow.language or language
    try:
        await engine.run(flow, call, flows=flows)
    except LocalError as fault:
        call.say("stuck", why=str(fault))
    if not call.hung_up:
        call.say("ended")
    return call.lines


def keys_of(text: str) -> list[str | None]:
    """ "1,,13800#" as keys: 1, then none, then 1 3 8 0 0 #, one after the other. Raises Refused."""
    keys: list[str | None] = []
    for part in text.split(",") if text.strip() else ():
        pressed = part.strip()
        if any(key not in KEYS for key in pressed):
            raise Refused(f"{pressed} are no keys of a telephone; the keys are 0 to 9, * and #", {"keys": pressed})
        keys += pressed or [None]
    return keys


class PretendedCall:
    """Implements `node.FlowCall` on a clock of its own: nothing waits, all takes its time."""

    def __init__(
        self,
        keys: Iterable[str | None],
        *,
        at: datetime,
        told_in: str,
        caller: str,
        called: str,
        agents: Agents,
        hours: HoursNow,
        given: Given,
    ) -> None:
        self.call = CallId("simulated")
        self.caller = caller
        self.called = called
        self.language = told_in
        self.now = at
        self.lines: list[str] = []
        self.noted = ""
        self.hung_up = False
        self._answered = False
        self._given = given
        self._node = ""
        self._spoken = 0
        self._wrong_pins: Counter[str] = Counter()
        self._sent: set[str] = set()
        self._appointments = PretendedAppointments(given.places, given.appointments, caller)
        self._keys = deque(keys)
        self._column = 0 if told_in.lower().startswith("zh") else 1
        self._agents: Agents = agents
        self._hours: HoursNow = hours

    def speak(self, language: str) -> None:
        self.language = language

    def seconds(self) -> float:
        return self.now.timestamp()

    def typed_ahead(self) -> str | None:
        """What is keyed is keyed at questions."""
        return None

    def tell(self, name: str, value: Plain) -> None:
        self.say("known", name=name, value=value)

    def say(self, what: str, **words: object) -> None:
        self.lines.append(f"{self.now:%H:%M:%S} {self._word(what).format(**words)}")

    def _word(self, what: str) -> str:
        return _WORDS[what][self._column]

    def entered(self, node: str, kind: str) -> None:
        self._node = node
        self.say("node", node=node, kind=kind)

    def lacks(self, kind: str) -> str:  # noqa: ARG002  # a pretended office has everything
        return ""

    def note_keys(self, keys: str) -> None:
        self.noted += keys

    async def answer(self) -> None:
        if not self._answered:
            self._answered = True
            self.say("answered")

    async def play(self, prompts: Sequence[Prompt], *, stop_on_key: bool = False) -> None:  # noqa: ARG002
        """All of it is heard, so that all of it is told: a pretended caller is patient and lets nothing be skipped."""
        await self.answer()
        for is_word, some in itertools.groupby(prompts, lambda prompt: isinstance(prompt, Word)):
            if is_word:
                self._hear(_as_one([prompt for prompt in some if isinstance(prompt, Word)]))
            else:
                for prompt in some:
                    self._hear(prompt)

    async def ask(self, prompts: Sequence[Prompt], *, seconds: float, secret: bool = False) -> str | None:
        await self.play(prompts)
        key = self._keys.popleft() if self._keys else None
        self._pass(KEY_SECONDS if key is not None else seconds)
        if key is None:
            self.say("no_key")
        else:
            self.say("key", key="•" if secret and key not in "*#" else key)
        return key

    async def wait_in_queue(
        self,
        queue: QueueName,
        *,
        limit: float | None,
        music: str | None,
        unless_busy: bool = False,
        unless_empty: bool = False,
        priority: int = 0,  # noqa: ARG002  # nobody else waits in a pretended queue
        skills: Mapping[str, int] | None = None,  # noqa: ARG002
        agent: str | None = None,  # noqa: ARG002
        exits: Mapping[str, Exit] = MappingProxyType({}),
    ) -> QueueResult:
        await self.answer()
        if (wanted := self._given.results.get(self._node)) is not None:
            return self._queued(wanted, queue, limit if limit is not None else BUSY_SECONDS, music)
        if self._agents == "none" and unless_empty:
            self.say("no_agents", queue=queue)
            return "no_agents"
        if self._agents != "free" and unless_busy:
            self.say("all_busy", queue=queue)
            return "busy"
        self.say("waits", queue=queue, music=music or self._word("default"))
        if self._agents != "free" and self._keys and self._keys[0] in exits:
            key = self._keys.popleft() or ""
            self._pass(RING_SECONDS)
            self.say("key", key=key)
            return Pressed(key)
        if self._agents != "free":
            self._pass(limit if limit is not None else BUSY_SECONDS)
            self.say("timed_out", seconds=f"{limit if limit is not None else BUSY_SECONDS:g}")
            return "timed_out"
        self._pass(RING_SECONDS)
        self.say("talks")
        self._pass(TALK_SECONDS)
        return "served"

    def _queued(self, result: Result, queue: QueueName, limit: float, music: str | None) -> QueueResult:
        """As it was given. Raises Refused for what no wait comes to."""
        if result == "no_answer" or result == "failed":  # noqa: PLR1714  # so that mypy follows
            raise Refused(self._word("no_result").format(node=self._node, result=result))
        if result in ("served", "timed_out"):
            self.say("waits", queue=queue, music=music or self._word("default"))
        match result:
            case "served":
                self._pass(RING_SECONDS)
                self.say("talks")
                self._pass(TALK_SECONDS)
            case "timed_out":
                self._pass(limit)
                self.say("timed_out", seconds=f"{limit:g}")
            case "busy":
                self.say("all_busy", queue=queue)
            case _:
                self.say(result, queue=queue)
        return result

    def exits_of(self, queue: QueueName) -> Mapping[str, str]:  # noqa: ARG002
        """The simulator knows the flow, not the office."""
        return {}

    async def go_to_flow(self, to: str) -> None:
        """Never asked: `exits_of` names none."""

    def hours(self, calendar: str) -> HoursNow:
        """A simulated office has no calendars: every one says what the simulation was asked for."""
        self.say(f"hours_{self._hours}", calendar=calendar)
        return self._hours

    async def dial(
        self, number: str, *, trunks: Sequence[str], record: bool, seconds: float, caller: str | None
    ) -> DialResult:
        over = ", ".join(trunks) or self._word("default")
        self.say("dials", number=number, trunks=over, caller=caller or self.caller, seconds=f"{seconds:g}")
        result = self._given.results.get(self._node, "served")
        if result in ("timed_out", "no_agents", "full", "closed"):
            raise Refused(self._word("no_result").format(node=self._node, result=result))
        self._pass(seconds if result == "no_answer" else min(RING_SECONDS, seconds))
        if result in ("busy", "no_answer", "failed"):
            self.say(f"dialled_{result}", number=number)
            return result
        self.say("joined_recorded" if record else "joined", number=number)
        self._pass(TALK_SECONDS)
        return "served"

    async def confer(
        self,
        room: str,
        *,
        moderator: bool,
        record: bool,  # noqa: ARG002
        most: int,  # noqa: ARG002
        tones: bool,  # noqa: ARG002
        ends_with_moderator: bool,  # noqa: ARG002
    ) -> ConferResult:
        await self.answer()
        self.say("moderates" if moderator else "confers", room=room)
        self._pass(TALK_SECONDS)
        return "left"

    async def mailbox(self, box: Box) -> MailboxNow:  # noqa: ARG002
        """A simulated office has no settings."""
        return MailboxNow()

    async def record_message(self, box: Box, *, seconds: float) -> float:
        length = min(MESSAGE_SECONDS, seconds)
        self.say("message" if box.kind == "queue" else "message_to", box=box.name, seconds=f"{length:g}")
        self._pass(length)
        return length

    async def record_own(self, *, seconds: float, silence: float, shortest: float) -> Spoken:
        said = self._given.answers.get(self._node, MESSAGE_SECONDS)
        length = min(float(said) if isinstance(said, int | float) else 0.0, seconds)
        self._pass(length + silence)
        self._spoken += 1
        self.say("speaks", seconds=f"{length:g}")
        return Spoken(RecordingId(f"{self.call}-{self._spoken}"), length if length >= shortest else 0.0)

    async def play_back(self, recording: RecordingId) -> None:  # noqa: ARG002  # there is only the last one
        self.say("own_words")

    async def keep_callback(self, queue: QueueName, number: str) -> None:
        self.say("callback", queue=queue, number=number)

    async def send_sms(self, place: str, number: str, text: str) -> bool:
        if not is_mobile(number, REGION):
            self.say("no_mobile", number=number)
            return False
        if place not in self._sent:
            self._sent.add(place)
            self.say("sends_sms", number=number, text=text)
        return True

    def phone_of(self, agent: str) -> str | None:
        """Every agent sits at the extension of that number, if there are any."""
        return None if self._agents == "none" else agent

    def people(self) -> Sequence[Person]:
        return self._given.people

    def judge(self, question: str, score: int, most: int) -> None:
        self.say("judges", question=question, score=score, most=most)

    async def ask_business(self, question: Question) -> Plain:
        self.say("asks_business", method=question.method, url=question.url)
        answer = self._given.answers.get(self._node, "failed")
        if answer == "timeout":
            self._pass(question.seconds * question.tries)
            raise BusinessSlow("no answer in time")
        if answer == "failed":
            raise BusinessFailed("no answer is given for this node")
        return answer

    async def ask_database(self, inquiry: Inquiry) -> Found:
        self.say("asks_database", database=inquiry.database)
        answer = self._given.answers.get(self._node, "failed")
        if answer == "timeout":
            self._pass(inquiry.seconds)
            raise BusinessSlow("no answer in time")
        if not isinstance(answer, list) or not all(isinstance(row, dict) for row in answer):
            raise BusinessFailed("no rows are given for this node")
        rows: list[dict[str, Plain]] = answer
        first = rows[0] if rows else {}
        if lacking := [column for column in inquiry.columns if rows and column not in first]:
            raise BusinessFailed(f"the answer has no column {lacking[0]}")
        return Found(len(rows), {column: first[column] for column in inquiry.columns} if rows else {})

    async def customers(self, by: Literal["number", "card"], value: str) -> Sequence[Customer]:
        return [
            one for one in self._given.customers if value and value in ((one.card,) if by == "card" else one.phones)
        ]

    async def custom_fields(self) -> Sequence[str]:
        holders = (account.customer for account, _ in self._given.cards)
        return list(dict.fromkeys(name for one in (*self._given.customers, *holders) for name in one.fields))

    async def check_card(self, number: str, pin: str) -> CardCheck:
        keyed = card_number(number)
        if self._wrong_pins[keyed] >= WRONG_PINS:
            return self._checked("locked")
        account, own = next((one for one in self._given.cards if one[0].card == keyed), (None, NO_SECRET))
        if account is None or not pin or own.reveal() != pin:
            self._wrong_pins[keyed] += 1
            if self._wrong_pins[keyed] == WRONG_PINS:
                return self._checked("locked")
            return self._checked("unknown" if account is None else "wrong")
        self._wrong_pins[keyed] = 0
        return self._checked("found" if account.state == "active" else "blocked", account)

    def _checked(self, answer: CardAnswer, account: Account | None = None) -> CardCheck:
        self.say(f"card_{answer}")
        return CardCheck(answer, account)

    async def free_places(self, service: str) -> Sequence[datetime]:
        # Places are written as the clock on the wall shows them.
        now = self.now.replace(tzinfo=None)
        found = [place for place in self._appointments.free(service) if place.replace(tzinfo=None) > now]
        self.say("free", service=service, n=len(found))
        return found

    async def book_place(self, service: str, begin: datetime, phone: str) -> BookedByCall:
        return self._booked(service, begin, self._appointments.book(service, begin, phone))

    async def move_appointment(self, number: str, service: str, begin: datetime) -> BookedByCall:
        return self._booked(service, begin, self._appointments.move(number, service, begin))

    def _booked(self, service: str, begin: datetime, booked: BookedByCall) -> BookedByCall:
        said = booked.answer if booked.answer == "booked" else f"book_{booked.answer}"
        self.say(said, service=service, at=f"{begin:%Y-%m-%d %H:%M}")
        return booked

    async def find_appointment(self, phone: str, code: str) -> FoundByCall:
        found = self._appointments.find(phone, code)
        self.say(f"code_{found.answer}")
        return found

    async def cancel_appointment(self, number: str) -> bool:
        gone = self._appointments.cancel(number)
        self.say("cancelled" if gone else "not_booked", number=number)
        return gone

    async def hang_up(self, cause: str) -> None:
        self.hung_up = True
        self.say("hung_up", cause=cause)

    def _hear(self, prompt: Prompt) -> None:
        match prompt:
            case Speech(text) | Word(text):
                self.say("says", text=text)
                self._pass(_length(text))
            case Recorded(name, _, text):
                self.say("recording_text" if text else "recording", name=name, text=text)
                self._pass(_length(text))
            case Music(name):
                self.say("music_named" if name else "music", name=name)

    def _pass(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def _as_one(words: Sequence[Word]) -> Speech:
    """The words of a value as they are heard: one after the other, as one saying."""
    between = "" if words[0].language.lower().startswith("zh") else " "
    return Speech(between.join(word.text for word in words), words[0].language)


def _length(text: str) -> float:
    """About how long it takes to say: four Hanzi or twelve letters a second, at least one second."""
    hanzi = sum("\u3400" <= character <= "\u9fff" for character in text)
    return max(1.0, round(hanzi / 4 + (len(text) - hanzi) / 12, 1))
