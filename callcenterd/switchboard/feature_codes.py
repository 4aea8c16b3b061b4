"""What phones dial to the system itself: a day's work without a page (NEW-08, 话机模式).

`CODES` is the table of them. A code is answered and confirmed aloud, in the language of who sits at the phone. Such a
call is no call of the office: it is in no history and no figure, and what is keyed in it (a PIN) is kept nowhere. Who
is on it gets no call of a queue; what makes an agent ready takes effect when the phone is back on its hook.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Protocol

import structlog

from callcenterd.calls.call import Call, Leg
from callcenterd.errors import CallcenterdError, NotNow, Refused
from callcenterd.ivr import texts
from callcenterd.ivr.expression import digit_by_digit
from callcenterd.ivr.node import Walk
from callcenterd.ivr.nodes.voicemail import BEEP
from callcenterd.model import events
from callcenterd.model.agents import AgentState, WantedState
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber
from callcenterd.model.prompts import Prompt, Recorded, Speech
from callcenterd.model.site import UserAccount
from callcenterd.switchboard.after_call import SHORTEST_NOTE
from callcenterd.switchboard.flowcall import LiveFlowCall
from callcenterd.switchboard.journey import Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

TRIES = 3
"""Wrong PINs in one call; then it is over."""
FIRST_KEY, NEXT_KEY = 10.0, 4.0
"""Seconds that a key is waited for."""
LONGEST_NOTE = 180.0
_STATES: dict[AgentState, tuple[str, str]] = {
    "signed_out": ("没有签入", "not signed in"),
    "ready": ("示闲", "ready"),
    "offered": ("正在振铃", "being rung"),
    "talking": ("示闲", "ready"),  # while this very call lasts
    "wrap_up": ("话后处理", "in wrap-up"),
    "break": ("示忙", "on a break"),
    "unreachable": ("话机没有注册", "without a registered phone"),
}


class Proof(Protocol):
    """`worker.passwords.Passwords`."""

    async def verify(self, hashed: str, text: str) -> bool: ...


class CallForHelp(Protocol):
    """`channels.help.Help.by_phone`. call: in which the agent speaks."""

    async def __call__(self, agent: AgentId, call: CallId | None) -> None: ...


@dataclass(eq=False)
class OneCall:
    """A phone's call to a code. agent: who sits there. afterwards: what is done when it is over."""

    board: Switchboard
    call: Call
    number: ExtensionNumber
    agent: AgentId | None
    hand: LiveFlowCall
    task: asyncio.Task[None] | None = None
    held: bool = False
    afterwards: list[Callable[[], Awaitable[object]]] = field(default_factory=list)

    @property
    def language(self) -> str:
        return self.hand.language

    @property
    def signed_in(self) -> AgentId | None:
        """Who works at this phone."""
        agent = self.agent
        return None if agent is None or self.board.queueing.view(agent).state == "signed_out" else agent

    def text(self, name: str, **values: str) -> Recorded:
        return texts.say(name, Walk(self.language, {**values}))

    def words(self, chinese: str, english: str) -> Speech:
        return Speech(chinese if self.language.startswith("zh") else english, self.language)

    async def say(self, *prompts: Prompt | str) -> None:
        await self.hand.play([self.text(one) if isinstance(one, str) else one for one in prompts])

    async def key(self, *prompts: Prompt) -> str:
        return await self.hand.ask(prompts, seconds=FIRST_KEY) or ""

    async def digits(self, name: str, most: int) -> str:
        """What is keyed until `#`, a pause, or so many digits."""
        typed = ""
        key = await self.hand.ask([self.text(name)], seconds=FIRST_KEY)
        while key is not None and key != "#":
            typed += key
            if len(typed) == most:
                break
            key = await self.hand.ask([], seconds=NEXT_KEY)
        return typed


When = Literal["always", "busy", "no_answer"]
Act = Callable[[OneCall, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Code:
    """keys: what is dialled. rest: what may follow, as a regular expression. title: in Chinese and English."""

    keys: str
    rest: str
    title: tuple[str, str]
    act: Act


class FeatureCodes:
    """Runs each call to a code in a task of its own."""

    def __init__(self, board: Switchboard, proof: Proof) -> None:
        self._board = board
        self.proof = proof
        self._live: dict[CallId, OneCall] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._prepared: set[str] = set()
        board.bus.listen(events.AgentChanged, self._agent_changed)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        while self._tasks:  # also what was to be done after the calls that end by this
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def knows(self, call: CallId | None) -> bool:
        return call in self._live

    def dialled(self, call: Call) -> bool:
        """Is it a phone that dials a code? Then it is served here."""
        board, number = self._board, call.extension
        found = find(call.called)
        if number is None or found is None or not board.site.has("feature_codes") or self._is_a_number(call.called):
            return False
        code, rest = found
        call.told = False
        agent = board.queueing.agent_at(number)
        user = _user(board, agent)
        now = board.clock.utc()
        journey = Journey(call=call, began_at=now, state_at=now)
        hand = LiveFlowCall(board, journey, board.language if user is None else user.language)
        one = OneCall(board, call, ExtensionNumber(number), agent, hand)
        self._live[call.id] = one
        board.in_flow[call.id] = hand
        _log.info("feature code", call=call.id, extension=number, code=code.keys, agent=agent)
        if one.agent is not None and board.queueing.view(one.agent).state in ("ready", "offered"):
            self._hold(one)
        one.task = self._own(self._serve(one, code, rest))
        # Not at the end of `_serve`: who hangs up at once cancels it before it has begun, and then it has no end.
        one.task.add_done_callback(lambda _: self._over(one))
        self._prepare(hand.language)
        return True

    def _prepare(self, language: str) -> None:
        """What the first call to a code may wait for, the next ones in its language do not."""
        if language not in self._prepared:
            self._prepared.add(language)
            self._own(
                self._board.prompts.prepare(texts.fixed(language, *(n for n in texts.TEXTS if n.startswith("code_"))))
            )

    def _is_a_number(self, called: str) -> bool:
        """What an office has given a meaning of its own is no code."""
        site = self._board.site
        return any(one.number == called for one in site.extensions) or any(one.match == called for one in site.numbers)

    def gone(self, leg: Leg) -> bool:
        """Has who dialled a code hung up?"""
        one = self._live.get(leg.call.id)
        if one is None:
            return False
        if one.task is not None:
            one.task.cancel()
        return True

    async def _serve(self, one: OneCall, code: Code, rest: str) -> None:
        try:
            try:
                await code.act(one, rest)
            except CallcenterdError as fault:
                _log.warning("feature code failed", call=one.call.id, code=code.keys, why=str(fault))
                await one.say("code_failed")
        except Exception:  # noqa: BLE001  # a fault in one call ends that call only
            _log.exception("feature code failed", call=one.call.id, code=code.keys)

    def _over(self, one: OneCall) -> None:
        board = self._board
        del self._live[one.call.id]
        board.in_flow.pop(one.call.id, None)
        board.calls.end(one.call)
        if one.held and one.agent is not None:
            board.queueing.free(one.agent, one.call.id)
        if one.afterwards:
            self._own(self._afterwards(one))

    async def _afterwards(self, one: OneCall) -> None:
        """Who has hung up already hears nothing of it."""
        for act in one.afterwards:
            try:
                await act()
            except CallcenterdError as fault:  # the phone is not registered any more, say
                _log.warning("feature code had no effect", call=one.call.id, agent=one.agent, why=str(fault))
            except Exception:  # noqa: BLE001  # as above
                _log.exception("feature code had no effect", call=one.call.id, agent=one.agent)

    def _hold(self, one: OneCall) -> None:
        """The agent gets no call of a queue at a phone that is in use."""
        if one.agent is not None and not one.held and self.knows(one.call.id):
            one.held = True
            self._board.queueing.occupied(one.agent, one.call.id)

    def _agent_changed(self, fact: events.AgentChanged) -> None:
        """The wrap-up ends while its note is spoken."""
        for one in self._live.values():
            if one.agent == fact.view.agent and fact.view.state in ("ready", "offered"):
                # The ACD must not be told something while what it decided is being carried out.
                asyncio.get_running_loop().call_soon(self._hold, one)

    def _own(self, work: object) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def find(dialled: str) -> tuple[Code, str] | None:
    """The code that is dialled, and what was dialled after it; a `#` at the end means nothing, as phones add one."""
    known = [code for code in CODES if dialled.startswith(code.keys)]
    for code in sorted(known, key=lambda code: -len(code.keys)):
        rest = dialled.removeprefix(code.keys)
        if re.fullmatch(code.rest + "#?", rest):
            return code, rest.removesuffix("#")
    return None


def _user(board: Switchboard, agent: AgentId | None) -> UserAccount | None:
    return next((user for user in board.site.users if user.login == agent), None)


# ---- signing in and out -------------------------------------------------------------------------------------


async def _sign_in(one: OneCall, rest: str) -> None:
    """Number and PIN. Wrong ones count like wrong passwords on a page.

    rest: the number; whatever else was dialled may hold a PIN, and is not looked at.
    """
    rest = rest if rest.isdigit() and len(rest) <= 20 else ""
    board, source = one.board, f"phone {one.number}"
    if not board.queueing.is_reachable(one.number):
        await one.say("code_not_registered")
        return
    for _ in range(TRIES):
        login = rest or await one.digits("code_agent", 20)
        pin = await one.digits("code_pin", 12) if login else ""
        if not pin:
            break
        if board.lockout.begin(login, source, board.clock.monotonic()) > 0:
            await one.say("code_locked")
            return
        user = _user(board, AgentId(login))
        if await board.feature_codes.proof.verify(user.pin_hash.reveal() if user is not None else "", pin):
            assert user is not None
            board.lockout.succeeded(login, source)
            await _seat(one, user)
            return
        _log.warning("sign-in refused", login=None if user is None else login, source=source)
        await one.say("code_wrong")
    await one.say("code_bye")


async def _seat(one: OneCall, user: UserAccount) -> None:
    board, agent = one.board, AgentId(user.login)
    one.hand.language = user.language
    try:
        board.seating.seat_for(agent, "ready", one.number)
    except NotNow:
        await one.say("code_in_call")
        return
    one.afterwards.append(lambda: board.desk.set_state(agent, "ready", extension=one.number))
    now = board.clock.utc()
    await board.store.audit.append(now, user.login, "agent.signed_in", f"extension/{one.number}", {"by": "phone"})
    await one.say("code_signed_in")


async def _sign_out(one: OneCall, rest: str) -> None:  # noqa: ARG001  # nothing follows this code
    await _want(one, "signed_out", "code_signed_out")


async def _ready(one: OneCall, rest: str) -> None:  # noqa: ARG001  # as above
    agent = one.signed_in
    if agent is None:
        await one.say("code_no_agent")
        return
    one.board.seating.seat_for(agent, "ready", None)
    one.afterwards.append(lambda: one.board.desk.set_state(agent, "ready"))
    await one.say("code_ready")


async def _break(one: OneCall, rest: str) -> None:
    """Its reason is the one at that place of the list; without one the list is read out."""
    if one.signed_in is None:
        await one.say("code_no_agent")
        return
    reasons = one.board.site.break_reasons[:9]
    chinese = "".join(f"{reason.title or reason.name}请按 {n}。" for n, reason in enumerate(reasons, 1))
    english = " ".join(f"For {reason.name}, press {n}." for n, reason in enumerate(reasons, 1))
    key = rest or await one.key(one.words(chinese, english))
    if not key.isdigit() or not 1 <= int(key) <= len(reasons):
        await one.say("code_unknown")
        return
    await _want(one, "break", "code_break", reasons[int(key) - 1].name)


async def _want(one: OneCall, state: WantedState, confirmed: str, reason: str = "") -> None:
    agent = one.signed_in
    if agent is None:
        await one.say("code_no_agent")
        return
    await one.board.desk.set_state(agent, state, reason)
    await one.say(confirmed)


async def _end_wrap_up(one: OneCall, rest: str) -> None:  # noqa: ARG001  # nothing follows this code
    agent = one.signed_in
    if agent is None:
        await one.say("code_no_agent")
        return
    if one.board.after_call.owed(agent) is not None:
        await one.say("code_disposition_wanted")
        return
    one.afterwards.append(lambda: one.board.desk.end_wrap_up(agent))
    await one.say("code_wrap_up_ended")


async def _own_state(one: OneCall, rest: str) -> None:  # noqa: ARG001  # nothing follows this code
    agent = one.agent
    if agent is None:
        await one.say("code_nobody")
        return
    view = one.board.queueing.view(agent)
    chinese, english = _STATES[view.state]
    if view.reason:
        title = next((known.title for known in one.board.site.break_reasons if known.name == view.reason), "")
        chinese, english = f"{chinese}，{title or view.reason}", f"{english}, {view.reason}"
    number = digit_by_digit(agent)
    await one.say(one.words(f"工号 {number}，{chinese}。", f"Agent {number}, {english}."))


async def _help(one: OneCall, rest: str) -> None:  # noqa: ARG001  # nothing follows this code
    """Who speaks with a caller holds that call and dials this in another one."""
    agent, call_for_help = one.signed_in, one.board.call_for_help
    if agent is None or call_for_help is None:
        await one.say("code_no_agent" if agent is None else "code_failed")
        return
    view = one.board.queueing.view(agent)
    speaks = view.state == "talking" and not one.board.feature_codes.knows(view.call)
    await call_for_help(agent, view.call if speaks else None)
    await one.say(one.words("已通知班长。", "Your supervisors are told."))


# ---- after a call -------------------------------------------------------------------------------------------


async def _call_of(one: OneCall) -> tuple[AgentId, CallId] | None:
    """Who works here, and the call that they spoke in last. What is missing is said."""
    agent = one.signed_in
    call = None if agent is None else await one.board.after_call.last_call(agent)
    if agent is None or call is None:
        await one.say("code_no_agent" if agent is None else "code_no_call")
        return None
    return agent, call


async def _disposition(one: OneCall, rest: str) -> None:
    found = await _call_of(one)
    if found is None:
        return
    agent, call = found
    try:
        await one.board.after_call.dispose(call, rest or await one.digits("code_disposition", 6), agent)
    except Refused:
        await one.say("code_unknown")
        return
    await one.say("code_disposition_kept")


async def _note(one: OneCall, rest: str) -> None:  # noqa: ARG001  # nothing follows this code
    """It is kept also if its end is the end of the call."""
    found = await _call_of(one)
    if found is None:
        return
    agent, call = found
    await one.say("code_note", Recorded(BEEP, one.language))
    note = one.board.after_call.begin_note(call, one.call.first, agent)
    seconds = 0.0
    try:
        loop = asyncio.get_running_loop()
        until = loop.time() + LONGEST_NOTE
        while loop.time() < until and await one.hand.ask([], seconds=until - loop.time()) != "#":
            pass
    finally:
        seconds = one.board.after_call.end_note(note)
    await one.say("code_note_kept" if seconds >= SHORTEST_NOTE else "code_note_short")


# ---- calls to this phone ------------------------------------------------------------------------------------


def _disturb(undisturbed: bool) -> Act:
    async def act(one: OneCall, rest: str) -> None:  # noqa: ARG001  # nothing follows these codes
        desk = one.board.forwarding
        await desk.set(replace(desk.of(one.number), do_not_disturb=undisturbed), one.agent or one.number)
        await one.say("code_undisturbed" if undisturbed else "code_disturbed")

    return act


def _forward(when: When) -> Act:
    async def act(one: OneCall, rest: str) -> None:
        number = rest.removeprefix("*") or await one.digits("code_forward_number", 20)
        try:
            if not number:
                raise Refused("no number was keyed")
            await _set_forwarding(one, when, number)
        except Refused:
            await one.say("code_forward_refused")
            return
        await one.say(one.text("code_forwarded", number=number))

    return act


def _forward_no_more(when: When) -> Act:
    async def act(one: OneCall, rest: str) -> None:  # noqa: ARG001  # nothing follows these codes
        await _set_forwarding(one, when, "")
        await one.say("code_not_forwarded")

    return act


async def _set_forwarding(one: OneCall, when: When, number: str) -> None:
    desk = one.board.forwarding
    known = desk.of(one.number)
    match when:
        case "always":
            rule = replace(known, always=number)
        case "busy":
            rule = replace(known, busy=number)
        case "no_answer":
            rule = replace(known, no_answer=number)
    await desk.set(rule, one.agent or one.number)


_FORWARDING: Sequence[tuple[str, When, tuple[str, str]]] = (
    ("21", "always", ("所有来电转移", "all calls")),
    ("22", "busy", ("遇忙转移", "calls while the phone is busy")),
    ("23", "no_answer", ("无应答转移", "calls that are not answered")),
)

CODES: Sequence[Code] = (
    Code("*70", ".*", ("签入", "sign in at this phone, with number and PIN"), _sign_in),
    Code("*71", "", ("签出", "sign out"), _sign_out),
    Code("*72", "", ("示闲", "be ready"), _ready),
    Code("*73", r"\d?", ("示忙，后面是原因的数字", "go on a break; its reason's key follows"), _break),
    Code("*74", "", ("结束话后处理", "end the wrap-up"), _end_wrap_up),
    Code("*75", r"\d{0,6}", ("小结，后面是编码", "say what came of the last call; its code follows"), _disposition),
    Code("*76", "", ("口述备注", "speak a note on the last call"), _note),
    Code("*77", "", ("听自己的状态", "hear one's own state"), _own_state),
    Code("*66", "", ("向班长求助", "call one's supervisors for help"), _help),
    Code("*78", "", ("打开免打扰", "do not disturb"), _disturb(True)),
    Code("*79", "", ("关闭免打扰", "disturb again"), _disturb(False)),
    *(
        Code(
            "*" + digits,
            r"(\*\+?\d{1,20})?",
            (f"{zh}，后面是 * 和号码", f"forward {en}; * and the number follow"),
            _forward(when),
        )
        for digits, when, (zh, en) in _FORWARDING
    ),
    *(
        Code("#" + digits, "", (f"取消{zh}", f"forward {en} no more"), _forward_no_more(when))
        for digits, when, (zh, en) in _FORWARDING
    ),
)
