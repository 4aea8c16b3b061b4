"""A call without a phone: walks a flow in virtual time and tells what the caller hears. The same each time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from callcenterd.errors import Refused
from callcenterd.ivr import engine
from callcenterd.ivr.flow import Flow
from callcenterd.ivr.node import KEYS, DialResult, QueueResult
from callcenterd.model.ids import CallId, QueueName
from callcenterd.model.prompts import Music, Prompt, Recorded, Speech

Agents = Literal["free", "busy", "none"]
"""Somebody takes the caller; all talk, and none becomes free; nobody is signed in."""

RING_SECONDS = 6.0
TALK_SECONDS = 60.0
MESSAGE_SECONDS = 20.0
KEY_SECONDS = 1.0
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
    "no_agents": ("队列 {queue}：没有座席", "queue {queue}: no agents"),
    "timed_out": ("等待 {seconds} 秒后无人接听", "nobody after {seconds} s"),
    "talks": ("与座席通话", "talks with an agent"),
    "dials": (
        "拨打 {number}，中继：{trunks}，显示号码 {caller}，振铃 {seconds} 秒",
        "dials {number}, trunks: {trunks}, showing {caller}, for {seconds} s",
    ),
    "joined": ("与 {number} 通话", "talks with {number}"),
    "joined_recorded": ("与 {number} 通话（录音）", "talks with {number} (recorded)"),
    "message": ("给队列 {queue} 留言 {seconds} 秒", "leaves a message of {seconds} s for queue {queue}"),
    "callback": ("登记回拨：{number}（队列 {queue}）", "will be called back at {number} (queue {queue})"),
    "hung_up": ("挂断（{cause}）", "hung up ({cause})"),
    "ended": ("流程结束", "the flow ends"),
    "stuck": ("流程中断：{why}", "the flow is stopped: {why}"),
}


async def simulate(
    flow: Flow,
    keys: Iterable[str | None],
    *,
    at: datetime,
    language: str,
    caller: str = "13800138000",
    called: str = "02088886666",
    agents: Agents = "free",
) -> list[str]:
    """What happens, a line each, with the time of day; in the language that the office speaks.

    keys: what the caller does at each question, None: nothing (see `keys_of`); after the last one, nothing more.
    language: the office's; the flow's own is what the caller hears.
    """
    call = PretendedCall(keys, at=at, told_in=language, caller=caller, called=called, agents=agents)
    call.language = flow.language or language
    try:
        await engine.run(flow, call)
    except engine.FlowStuck as fault:
        call.tell("stuck", why=str(fault))
    if not call.hung_up:
        call.tell("ended")
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
        self, keys: Iterable[str | None], *, at: datetime, told_in: str, caller: str, called: str, agents: Agents
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
        self._keys = deque(keys)
        self._column = 0 if told_in.lower().startswith("zh") else 1
        self._agents: Agents = agents

    def tell(self, what: str, **words: object) -> None:
        self.lines.append(f"{self.now:%H:%M:%S} {self._word(what).format(**words)}")

    def _word(self, what: str) -> str:
        return _WORDS[what][self._column]

    def entered(self, node: str, kind: str) -> None:
        self.tell("node", node=node, kind=kind)

    def note_keys(self, keys: str) -> None:
        self.noted += keys

    async def answer(self) -> None:
        if not self._answered:
            self._answered = True
            self.tell("answered")

    async def play(self, prompts: Sequence[Prompt], *, stop_on_key: bool = False) -> None:  # noqa: ARG002
        """All of it is heard, so that all of it is told: a pretended caller is patient and lets nothing be skipped."""
        await self.answer()
        for prompt in prompts:
            self._hear(prompt)

    async def ask(self, prompts: Sequence[Prompt], *, seconds: float) -> str | None:
        await self.play(prompts)
        key = self._keys.popleft() if self._keys else None
        self._pass(KEY_SECONDS if key is not None else seconds)
        if key is None:
            self.tell("no_key")
        else:
            self.tell("key", key=key)
        return key

    async def wait_in_queue(
        self,
        queue: QueueName,
        *,
        limit: float | None,
        music: str | None,
        unless_busy: bool = False,
        unless_empty: bool = False,
    ) -> QueueResult:
        await self.answer()
        if self._agents == "none" and unless_empty:
            self.tell("no_agents", queue=queue)
            return "no_agents"
        if self._agents != "free" and unless_busy:
            self.tell("all_busy", queue=queue)
            return "busy"
        self.tell("waits", queue=queue, music=music or self._word("default"))
        if self._agents != "free":
            self._pass(limit if limit is not None else BUSY_SECONDS)
            self.tell("timed_out", seconds=f"{limit if limit is not None else BUSY_SECONDS:g}")
            return "timed_out"
        self._pass(RING_SECONDS)
        self.tell("talks")
        self._pass(TALK_SECONDS)
        return "served"

    async def dial(
        self, number: str, *, trunks: Sequence[str], record: bool, seconds: float, caller: str | None
    ) -> DialResult:
        over = ", ".join(trunks) or self._word("default")
        self.tell("dials", number=number, trunks=over, caller=caller or self.caller, seconds=f"{seconds:g}")
        self._pass(min(RING_SECONDS, seconds))
        self.tell("joined_recorded" if record else "joined", number=number)
        self._pass(TALK_SECONDS)
        return "served"

    async def record_message(self, queue: QueueName, *, seconds: float) -> float:
        length = min(MESSAGE_SECONDS, seconds)
        self.tell("message", queue=queue, seconds=f"{length:g}")
        self._pass(length)
        return length

    async def keep_callback(self, queue: QueueName, number: str) -> None:
        self.tell("callback", queue=queue, number=number)

    async def hang_up(self, cause: str) -> None:
        self.hung_up = True
        self.tell("hung_up", cause=cause)

    def _hear(self, prompt: Prompt) -> None:
        match prompt:
            case Speech(text):
                self.tell("says", text=text)
                self._pass(_length(text))
            case Recorded(name, _, text):
                self.tell("recording_text" if text else "recording", name=name, text=text)
                self._pass(_length(text))
            case Music(name):
                self.tell("music_named" if name else "music", name=name)

    def _pass(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def _length(text: str) -> float:
    """About how long it takes to say: four Hanzi or twelve letters a second, at least one second."""
    hanzi = sum("\u3400" <= character <= "\u9fff" for character in text)
    return max(1.0, round(hanzi / 4 + (len(text) - hanzi) / 12, 1))
