"""What a node is, and what it may ask of a call.

A kind of node is one file in `nodes/`: its fields are the YAML, `run` is what happens, `exits` is what the
checker and the editor draw. The call behind `FlowCall` is a real one (`switchboard.flowcall`) or a pretended one
(`simulate`); a node cannot tell.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, ClassVar, Literal, NewType, Protocol, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from callcenterd.model.ids import CallId, QueueName
from callcenterd.model.prompts import Prompt, Recorded, Speech

NodeName = NewType("NodeName", str)

QueueResult = Literal["served", "timed_out", "no_agents", "busy"]
DialResult = Literal["served", "busy", "no_answer", "failed"]

KEYS = "0123456789*#"
OPERATOR_KEY = "0"
SHORTEST_MESSAGE = 2.0
"""Seconds. A message that is shorter is a slip, not a message: it is not kept."""


class FlowCall(Protocol):
    """What a flow may ask of its call. When the caller goes away the flow's task is cancelled, whatever it awaits."""

    @property
    def call(self) -> CallId: ...

    @property
    def caller(self) -> str:
        """The calling number as it came; "anonymous" or "" if it is withheld."""

    @property
    def called(self) -> str: ...

    @property
    def language(self) -> str:
        """The language that the caller is spoken to in: "zh-CN", "en"."""

    def entered(self, node: str, kind: str) -> None:
        """The walk has come to this node: for the trace."""

    def note_keys(self, keys: str) -> None:
        """The caller chose with these keys: for the agent's page and the history."""

    async def answer(self) -> None:
        """Pick up, if that has not happened. Everything that sounds does it by itself."""

    async def play(self, prompts: Sequence[Prompt], *, stop_on_key: bool = False) -> None:
        """Until all is heard, or until a key comes (it is kept for the next `ask`)."""

    async def ask(self, prompts: Sequence[Prompt], *, seconds: float) -> str | None:
        """The next key: one typed ahead, one pressed into the prompts, or within `seconds` after them. None: none."""

    async def wait_in_queue(
        self,
        queue: QueueName,
        *,
        limit: float | None,
        music: str | None,
        unless_busy: bool = False,
        unless_empty: bool = False,
    ) -> QueueResult:
        """Wait for an agent, and until the conversation is over ("served").

        limit: seconds to wait (None: as long as the queue lets). unless_empty: do not begin to wait if nobody
        is signed in; the answer is then "no_agents". unless_busy: nor if no agent is
        ready now; the answer is then "busy", and never otherwise.
        """

    async def dial(
        self, number: str, *, trunks: Sequence[str], record: bool, seconds: float, caller: str | None
    ) -> DialResult:
        """Join the caller to a number, and until that conversation is over ("served")."""

    async def record_message(self, queue: QueueName, *, seconds: float) -> float:
        """Record the caller until `#`, until they go, or `seconds`. Answers its length in seconds.

        It is kept for the queue, also if the caller hangs up, unless it is shorter than SHORTEST_MESSAGE.
        """

    async def keep_callback(self, queue: QueueName, number: str) -> None:
        """Somebody of this queue is to call this number."""

    async def hang_up(self, cause: str) -> None:
        """cause: a word for the history."""


@dataclass(slots=True)
class Walk:
    """One call's way through one flow.

    variables:  what a template may name. operator: where key 0 leads when a menu does not use it itself.
    times:      how often the walk has come to the present node, this time included.
    unattended: steps since the caller last did something; the engine ends a walk that goes on by itself for ever.
    """

    language: str
    variables: Mapping[str, str]
    operator: NodeName | None = None
    times: int = 1
    unattended: int = 0
    visits: Counter[NodeName] = field(default_factory=Counter)

    def acted(self) -> None:
        """The caller did something: pressed a key, spoke with a person."""
        self.unattended = 0

    def fill(self, template: str) -> str:
        return _FIELD.sub(lambda match: self.variables[match[1]], template)

    def speech(self, template: str) -> Speech:
        """Filled and to be read aloud: numbers that come from variables are read digit by digit."""
        text = _FIELD.sub(lambda match: digit_by_digit(self.variables[match[1]]), template)
        return Speech(text, self.language)

    def recorded(self, name: str, template: str) -> Recorded:
        """An office's recording; if there is none the text is read aloud, as above."""
        return Recorded(name, self.language, self.speech(template).text)


class Node(BaseModel, ABC):
    """The fields of a kind are the arguments that its YAML may have. `kind` and `help` are set by `@node`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ClassVar[str] = ""
    help: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        """Do it. Answers where to go on, None if the flow ends here."""

    @abstractmethod
    def exits(self) -> Mapping[tuple[str, ...], NodeName]:
        """Every node that may follow, by where in the YAML it is named: {("keys", "1"): "sales"}."""

    def may_end(self) -> bool:
        """Can the flow end at this node?"""
        return ("next",) not in self.exits()

    def problems(self) -> Iterable[tuple[tuple[str, ...], str]]:
        """What is wrong with the arguments that their types cannot say: where, and what to do."""
        return ()

    def prompts(self, language: str) -> tuple[Prompt, ...]:  # noqa: ARG002  # kinds that speak need it
        """What this node plays to every caller alike, so that it can be made before the first one comes."""
        return ()


Kind = TypeVar("Kind", bound=Node)


def node(kind: str, *, zh: str, en: str) -> Callable[[type[Kind]], type[Kind]]:
    """Register a kind of node. zh, en: what it is for, for the editor and the documentation."""

    def register(of: type[Kind]) -> type[Kind]:
        if kind in _kinds or kind not in of.model_fields:
            raise TypeError(f"node kind {kind!r} is there already, or has no field of its name")
        of.kind = kind
        of.help = {"zh-CN": zh, "en": en}
        _kinds[kind] = of
        return of

    return register


_kinds: dict[str, type[Node]] = {}


@cache
def kinds() -> Mapping[str, type[Node]]:
    """Every kind by its name. Each file in `nodes/` registers its own."""
    from callcenterd.ivr import nodes  # noqa: PLC0415  # nodes need this file first

    for module in pkgutil.iter_modules(nodes.__path__):
        importlib.import_module(f"{nodes.__name__}.{module.name}")
    return dict(sorted(_kinds.items()))


def present(**exits: NodeName | None) -> dict[tuple[str, ...], NodeName]:
    """The exits that a node really has, by the key that names each."""
    return {(key,): to for key, to in exits.items() if to is not None}


# ---- words that arguments are made of -------------------------------------------------------------------

VARIABLES = ("called", "caller", "language")
"""What `{{ … }}` may name."""

_FIELD = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def is_fixed(text: str) -> bool:
    """The same for every caller?"""
    return not _FIELD.search(text)


def digit_by_digit(value: str) -> str:
    """ "1380" as "1 3 8 0": a telephone number is no quantity. What is no number stays as it is."""
    return " ".join(value) if value.isascii() and value.lstrip("+").isdigit() else value


def _template(text: str) -> str:
    rest = _FIELD.sub(lambda match: "" if match[1] in VARIABLES else match[0], text)
    if "{{" in rest or "}}" in rest:
        known = ", ".join(f"{{{{ {name} }}}}" for name in VARIABLES)
        raise ValueError(f"only {known} can stand in a text")
    return text


def _prompt_name(name: str) -> str:
    if not _PROMPT_NAME.fullmatch(name):
        raise ValueError("the name of a prompt is wanted (letters, digits, _ and -; no ending)")
    return name


def _cause(cause: str) -> str:
    if not _CAUSE.fullmatch(cause):
        raise ValueError("one word of small letters is wanted, such as normal or closed")
    return cause


_PROMPT_NAME = re.compile(r"\w[\w-]*(/\w[\w-]*)*")
_CAUSE = re.compile(r"[a-z][a-z0-9_]*")

Template = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_template)]
Word = Annotated[str, Field(min_length=1, max_length=64)]
PromptName = Annotated[str, Field(max_length=64), AfterValidator(_prompt_name)]
Cause = Annotated[str, Field(max_length=32), AfterValidator(_cause)]
Seconds = Annotated[float, Field(strict=True, gt=0, le=3600, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=0, le=20)]
Flag = Annotated[bool, Field(strict=True)]
