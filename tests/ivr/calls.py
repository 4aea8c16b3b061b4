"""A call whose caller, agents and numbers do what a test says, in virtual time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from callcenterd.ivr import check, engine
from callcenterd.ivr.flow import Flow
from callcenterd.ivr.node import DialResult, QueueResult
from callcenterd.model.ids import CallId, QueueName
from callcenterd.model.prompts import Music, Prompt, Recorded, Speech
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
        caller: str = "13800138000",
        language: str = "zh-CN",
    ) -> None:
        self.call = CallId("20261125-090000-000001")
        self.caller = caller
        self.called = "02088886666"
        self.language = language
        self.story: list[str] = []
        self.walked: list[str] = []
        self.noted = ""
        self.now = 0.0
        self._keys = deque(keys)
        self._queue = deque(queue)
        self._dial = deque(dial)
        self._messages = deque(messages)

    def entered(self, node: str, kind: str) -> None:
        self.walked.append(node)

    def note_keys(self, keys: str) -> None:
        self.noted += keys

    async def answer(self) -> None:
        self.story.append("answered")

    async def play(self, prompts: Sequence[Prompt], *, stop_on_key: bool = False) -> None:
        self.story.append(f"plays {' + '.join(map(words, prompts))}{' until a key' if stop_on_key else ''}")

    async def ask(self, prompts: Sequence[Prompt], *, seconds: float) -> str | None:
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
    ) -> QueueResult:
        asked = "".join(
            [
                f" at most {limit:g} s" if limit is not None else "",
                f" with {music}" if music is not None else "",
                " unless busy" if unless_busy else "",
                " unless empty" if unless_empty else "",
            ]
        )
        self.story.append(f"waits in {queue}{asked}")
        return self._queue.popleft() if self._queue else "served"

    async def dial(
        self, number: str, *, trunks: Sequence[str], record: bool, seconds: float, caller: str | None
    ) -> DialResult:
        self.story.append(f"dials {number} over {list(trunks)} record={record} {seconds:g} s as {caller}")
        return self._dial.popleft() if self._dial else "served"

    async def record_message(self, queue: QueueName, *, seconds: float) -> float:
        self.story.append(f"records for {queue}, at most {seconds:g} s")
        return self._messages.popleft() if self._messages else 10.0

    async def keep_callback(self, queue: QueueName, number: str) -> None:
        self.story.append(f"keeps {number} for {queue}")

    async def hang_up(self, cause: str) -> None:
        self.story.append(f"hangs up: {cause}")


def words(prompt: Prompt) -> str:
    match prompt:
        case Speech(text):
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
