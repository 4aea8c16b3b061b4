"""What a node is, and what it may ask of a call.

A kind of node is one file in `nodes/`: its fields are the YAML, `run` is what happens, `exits` is what the
checker and the editor draw. The call behind `FlowCall` is a real one (`switchboard.flowcall`) or a pretended one
(`simulate`); a node cannot tell.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import metadata
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, NewType, Protocol, TypeVar

import structlog
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from callcenterd.errors import LocalError
from callcenterd.ivr import expression
from callcenterd.ivr.directory import Person
from callcenterd.ivr.expression import ConditionText, Plain, TemplateText
from callcenterd.ivr.naming import MUSIC, PROMPT, Names, names
from callcenterd.model.appointments_by_call import BookedByCall, FoundByCall
from callcenterd.model.cards import CardCheck
from callcenterd.model.customers import Customer
from callcenterd.model.ids import CallId, FlowName, QueueName, RecordingId
from callcenterd.model.prompts import Prompt, Recorded, Speech
from callcenterd.model.voicemail import Box
from callcenterd.said import Said

_log = structlog.get_logger(__name__)

NodeName = NewType("NodeName", str)

Exit = Literal["voicemail", "callback", "other"]
"""What a key that ends the wait leads to, as far as the caller is told."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """The caller ended the wait by this key."""

    key: str


QueueResult = Literal["served", "timed_out", "no_agents", "busy", "full", "closed"] | Pressed
HoursNow = Literal["open", "closed", "holiday"]
DialResult = Literal["served", "busy", "no_answer", "failed"]
ConferResult = Literal["left", "ended", "full"]

KEYS = "0123456789*#"
OPERATOR_KEY = "0"


@dataclass(frozen=True, slots=True)
class MailboxNow:
    """A box for messages. greeting: the name of a prompt; "" is the house's own words. longest: seconds of a message.
    silence: seconds of silence that end one; 0: they do not. full: it takes no more."""

    greeting: str = ""
    longest: float = 180
    silence: float = 0
    full: bool = False


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

    def speak(self, language: str) -> None:
        """From now on the caller is spoken to in this language, also while waiting."""

    def lacks(self, kind: str) -> str:
        """The module that a node of this kind needs and that the office has switched off; "": none."""

    def seconds(self) -> float:
        """Time that only goes on: what is between two answers counts."""

    def typed_ahead(self) -> str | None:
        """The first key that came and that nothing has asked for yet; it is kept."""

    def tell(self, name: str, value: Plain) -> None:
        """What was keyed or looked up, for the agent's page and the history. Never what is secret."""

    def entered(self, node: str, kind: str) -> None:
        """The walk has come to this node: for the trace."""

    def note_keys(self, keys: str) -> None:
        """The caller chose with these keys: for the agent's page and the history."""

    async def answer(self) -> None:
        """Pick up, if that has not happened. Everything that sounds does it by itself."""

    async def play(self, prompts: Sequence[Prompt], *, stop_on_key: bool = False) -> None:
        """Until all is heard, or until a key comes (it is kept for the next `ask`)."""

    async def ask(self, prompts: Sequence[Prompt], *, seconds: float, secret: bool = False) -> str | None:
        """The next key: one typed ahead, one pressed into the prompts, or within `seconds` after them. None: none.

        secret: of a PIN; it is written down nowhere.
        """

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
        """Wait for an agent, and until the conversation is over ("served").

        exits: keys that end the wait, and where to; the caller is told of them from time to time.

        limit: seconds to wait (None: as long as the queue lets). unless_empty: do not begin to wait if nobody
        is signed in; the answer is then "no_agents". unless_busy: nor if no agent is
        ready now; the answer is then "busy", and never otherwise. "full": as many wait as may.
        "closed": the queue takes no callers at this hour, or has closed while the caller waited.
        priority: points beside the queue's own. skills: that an agent must have beside those of the queue. agent: who
        is asked before all others, by login.
        """

    def exits_of(self, queue: QueueName) -> Mapping[str, str]:
        """Keys that end every wait in this queue, whatever the flow says: "voicemail", "callback", a flow, or a flow
        and its node ("main/other")."""

    async def go_to_flow(self, to: str) -> None:
        """The call walks that flow, or from that node of it ("main/other"), instead of this one: then this does not
        return. It does if there is no such flow."""

    def hours(self, calendar: str) -> HoursNow:
        """What that calendar says now; "open" if there is none of that name. "holiday" is closed, on a holiday."""

    async def dial(
        self, number: str, *, trunks: Sequence[str], record: bool, seconds: float, caller: str | None
    ) -> DialResult:
        """Join the caller to a number, and until that conversation is over ("served")."""

    async def confer(
        self, room: str, *, moderator: bool, record: bool, most: int, tones: bool, ends_with_moderator: bool
    ) -> ConferResult:
        """Speak with everybody in that room until put out ("left"), or until it is over ("ended").

        The first who comes says what the room is like: whether it is recorded, how many it holds, whether who comes and
        goes is heard, and whether it is over when its last moderator leaves.
        """

    async def mailbox(self, box: Box) -> MailboxNow:
        """How that box is kept, and whether it takes a message now."""

    async def record_message(self, box: Box, *, seconds: float) -> float:
        """Record the caller until `#`, until they go or fall silent (where the box says so), or `seconds`.

        Answers its length in seconds; 0 if it is shorter than the box's messages are. Else it is kept, also if the
        caller hangs up.
        """

    async def record_own(self, *, seconds: float, silence: float, shortest: float) -> Spoken:
        """Record the caller as `record_message` does, for no box: it is a recording of the call."""

    async def play_back(self, recording: RecordingId) -> None:
        """What the caller has just spoken; until it is heard, or a key comes (it is kept for the next `ask`)."""

    async def keep_callback(self, queue: QueueName, number: str) -> None:
        """Somebody of this queue is to call this number."""

    async def send_sms(self, place: str, number: str, text: str) -> bool:
        """It waits in the outbox when this returns. False: that is no mobile number of the country.

        place: of the node (`Walk.place`); asked again for the same one nothing is sent. Raises NodeFailed: the call has
        sent as many as it may.
        """

    def phone_of(self, agent: str) -> str | None:
        """The extension where this agent sits now, by login; None: nowhere."""

    def people(self) -> Sequence[Person]:
        """Who can be reached by name."""

    def judge(self, question: str, score: int, most: int) -> None:
        """What the caller says of the conversation that they had: 1 to most."""

    async def ask_business(self, question: Question) -> Plain:
        """What a business system answers: its JSON. Raises BusinessFailed, BusinessSlow."""

    async def ask_database(self, inquiry: Inquiry) -> Found:
        """What a database of the office's answers. Raises BusinessFailed, BusinessSlow."""

    async def customers(self, by: Literal["number", "card"], value: str) -> Sequence[Customer]:
        """Who has that telephone number or card, newest first; with all their custom fields."""

    async def custom_fields(self) -> Sequence[str]:
        """The names of customers' custom fields that are filled in."""

    async def check_card(self, number: str, pin: str) -> CardCheck:
        """Do this prepaid card and this PIN belong together? If so the caller is that customer from now on."""

    async def free_places(self, service: str) -> Sequence[datetime]:
        """When that service can be booked now, in the order of time and in its own zone; none if there is none."""

    async def book_place(self, service: str, begin: datetime, phone: str) -> BookedByCall:
        """For that number. Raises NodeFailed: the call has booked as many as it may."""

    async def find_appointment(self, phone: str, code: str) -> FoundByCall:
        """What is booked for that number with that code; whoever is found may be moved and cancelled in this call."""

    async def move_appointment(self, number: str, service: str, begin: datetime) -> BookedByCall:
        """Raises NodeFailed: the caller has found none of that number in this call, or has booked as many as may be."""

    async def cancel_appointment(self, number: str) -> bool:
        """False: it is not booked any more. Raises NodeFailed as above."""

    async def hang_up(self, cause: str) -> None:
        """cause: a word for the history."""


class NodeFailed(LocalError):
    """A node cannot do what it is for; the walk takes its error exit."""


class BusinessFailed(NodeFailed):
    """A business system cannot be asked, or its answer is none."""


class BusinessSlow(BusinessFailed):
    """It has not answered in time."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a business system is asked. secrets: header lines whose values are secrets, by their names. body: JSON.

    seconds: for one try. tries: one at least. repeatable: it may be asked again even if it may have been heard; else
    only if nobody could be reached.
    """

    method: Literal["GET", "POST"]
    url: str
    headers: Mapping[str, str]
    secrets: Mapping[str, str]
    body: Plain
    seconds: float
    tries: int
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Spoken:
    """seconds: 0 if it is too short to be a message."""

    recording: RecordingId
    seconds: float


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What a database is asked. database: its name in the configuration. statement: with named parameters.

    columns: those that the first row must have, if there is one. seconds: in all.
    """

    database: str
    statement: str
    values: Mapping[str, Plain]
    columns: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Found:
    """rows: how many there are, as far as they are counted. first: the columns that were wanted; of no row, none."""

    rows: int
    first: Mapping[str, Plain]


class OperatorWanted(Exception):  # no fault: the caller pressed 0
    """Raised by a node when the caller wants a person; the engine knows where that is."""


@dataclass(frozen=True, slots=True)
class Into:
    """Walk another flow, and then this one's node `then`; None: this one ends with it. leave: never come back here."""

    flow: FlowName
    then: NodeName | None = None
    leave: bool = False


@dataclass(slots=True)
class Walk:
    """One call's way through its flows.

    variables:  what a template may name; bounded in number and size (`set`). secret: names that are shown to nobody.
    operator:   where key 0 leads when a node does not use it itself, in the present flow.
    place:      of the present node: its flow and its name.
    times:      how often the walk has come to the present node, this time included.
    unattended: steps since the caller last did something; the engine ends a walk that goes on by itself for ever.
    kinds:      of the flow's nodes.
    """

    language: str
    variables: dict[str, Plain]
    operator: NodeName | None = None
    times: int = 1
    unattended: int = 0
    alone: float = 0.0
    visits: Counter[tuple[FlowName, NodeName]] = field(default_factory=Counter)
    kinds: Mapping[NodeName, str] = field(default_factory=dict)
    secret: set[str] = field(default_factory=set)
    has_operator: bool = False
    place: str = ""

    def acted(self) -> None:
        """The caller did something: pressed a key, spoke with a person."""
        self.unattended, self.alone = 0, 0.0

    def set(self, name: str, value: object, *, secret: bool = False) -> None:
        """Raises NodeFailed: too many variables, or too large a value."""
        kept = expression.plain(value)
        if name not in self.variables and len(self.variables) >= MAX_VARIABLES:
            raise NodeFailed(f"more than {MAX_VARIABLES} variables")
        if len(repr(kept)) > MAX_VALUE:
            raise NodeFailed(f"variable {name} would hold more than {MAX_VALUE} characters")
        self.variables[name] = kept
        (self.secret.add if secret else self.secret.discard)(name)

    def fill(self, template: str) -> str:
        """Raises expression.CannotFill."""
        return expression.fill(template, self.variables)

    def is_true(self, condition: str) -> bool:
        """Raises expression.CannotFill."""
        return expression.is_true(condition, self.variables)

    def value(self, template: str) -> Plain:
        """As `fill`; what is one expression in braces keeps its kind (a number, a list). Raises CannotFill."""
        inner = template.strip()
        if inner.startswith("{{") and inner.endswith("}}") and inner.count("{{") == 1:
            return expression.value(inner[2:-2], self.variables)
        return self.fill(template)

    def speech(self, template: str) -> Speech:
        """Filled and to be read aloud: numbers that come from variables are read digit by digit."""
        return Speech(expression.fill(template, self.variables, "spoken"), self.language)

    def recorded(self, name: str, template: str) -> Recorded:
        """An office's recording; if there is none the text is read aloud, as above."""
        return Recorded(name, self.language, self.speech(template).text)


MAX_VARIABLES = 100
MAX_VALUE = 16_000
Exits = Mapping[tuple[str | int, ...], NodeName]
"""The nodes that may follow, by where in the YAML each is named."""
Step = NodeName | Into | None
"""Where a walk goes on. None: the flow ends here."""


class Node(BaseModel, ABC):
    """The fields of a kind are the arguments that its YAML may have. `kind` and `help` are set by `@node`.

    on_error: where the flow goes if the node fails; without it, where the flow's head says, or to the operator.
    operator: false, if key 0 does not lead to the operator here.
    asks:     the node takes keys that were typed ahead, so that a 0 among them is its own affair.
    attended: a person or a queue has the caller while it runs: that time is none in which nothing happens.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ClassVar[str] = ""
    help: ClassVar[Mapping[str, str]] = {}
    asks: ClassVar[bool] = False
    attended: ClassVar[bool] = False

    on_error: NodeName | None = None
    operator: Annotated[bool, Field(strict=True)] = True

    @abstractmethod
    async def run(self, call: FlowCall, walk: Walk) -> Step:
        """Do it. Answers where to go on, None if the flow ends here."""

    @abstractmethod
    def exits(self) -> Exits:
        """Every node that may follow, by where in the YAML it is named: {("keys", "1"): "sales"}."""

    def ways(self) -> Exits:
        """The exits, with that for errors."""
        return {**self.exits(), **present(on_error=self.on_error)}

    def sets(self) -> Iterable[str]:
        """The variables that it may set."""
        return ()

    def shows(self) -> Iterable[str]:
        """Those of them that the agent's page and the history show."""
        return ()

    def wants_secret(self) -> Iterable[str]:
        """Variables that hold a secret, which no node may show."""
        return ()

    def flows(self) -> Iterable[FlowName]:
        """The flows that it calls and comes back from."""
        return ()

    def leads(self) -> Iterable[FlowName]:
        """The flows that the call is handed on to."""
        return ()

    def may_end(self) -> bool:
        """Can the flow end at this node?"""
        return ("next",) not in self.exits()

    def lets_keys_pass(self) -> bool:
        """Does it take no time while a key waits that was typed ahead, so that the key is for a node after it?"""
        return False

    def problems(self) -> Iterable[tuple[tuple[str | int, ...], str]]:
        """What is wrong with the arguments that their types cannot say: where, and what to do (`said.Said`, so that it
        can be told in other languages; another sentence is told as it is)."""
        return ()

    def prompts(self, language: str) -> tuple[Prompt, ...]:  # noqa: ARG002  # kinds that speak need it
        """What this node plays to every caller alike, so that it can be made before the first one comes."""
        return ()


Kind = TypeVar("Kind", bound=Node)


def node(kind: str, *, zh: str, en: str) -> Callable[[type[Kind]], type[Kind]]:
    """Register a kind of node. zh, en: what it is for, for the editor and the documentation."""

    def register(of: type[Kind]) -> type[Kind]:
        if kind in _kinds or kind not in of.model_fields or inspect.isabstract(of):
            raise TypeError(f"node kind {kind!r} is there already, or lacks run, exits or a field of its name")
        of.kind = kind
        of.help = {"zh-CN": zh, "en": en}
        _kinds[kind] = of
        return of

    return register


_kinds: dict[str, type[Node]] = {}
PLUG_INS = "callcenterd.nodes"


@cache
def _all_kinds() -> tuple[Mapping[str, type[Node]], Mapping[str, str]]:
    """The kinds, and why packages' entry points could not be loaded."""
    from callcenterd.ivr import nodes  # noqa: PLC0415  # nodes need this file first

    for module in pkgutil.iter_modules(nodes.__path__):
        importlib.import_module(f"{nodes.__name__}.{module.name}")
    broken: dict[str, str] = {}
    for plug_in in metadata.entry_points(group=PLUG_INS):
        before = dict(_kinds)
        try:
            plug_in.load()
        except (Exception, SystemExit) as why:  # noqa: BLE001  # a foreign program: calls go on without it
            named, reason = f"{plug_in.name} = {plug_in.value}", f"{type(why).__name__}: {why}"[:500]
            broken[named] = reason
            _kinds.clear()
            _kinds.update(before)  # half of what it has is none of it
            _log.error("plug-in cannot be loaded", plug_in=named, why=reason)
    return dict(sorted(_kinds.items())), broken


def kinds() -> Mapping[str, type[Node]]:
    """Every kind by its name. Each file in `nodes/` registers its own, and so does what a package names as an entry
    point of the group `callcenterd.nodes`; one that cannot be loaded is left out (`broken_plug_ins`)."""
    return _all_kinds()[0]


def broken_plug_ins() -> Mapping[str, str]:
    """The entry points of our group that could not be loaded, as they stand in their packages, and why not."""
    return _all_kinds()[1]


def present(**exits: NodeName | None) -> dict[tuple[str | int, ...], NodeName]:
    """The exits that a node really has, by the key that names each."""
    return {(key,): to for key, to in exits.items() if to is not None}


# ---- words that arguments are made of -------------------------------------------------------------------

VARIABLES = ("called", "caller", "error", "language")
"""What `{{ … }}` may name in every flow; nodes set more. error: why the last node failed, or ""."""

_FIELD = re.compile(r"\{\{")


def is_fixed(text: str) -> bool:
    """The same for every caller?"""
    return not _FIELD.search(text)


def templates(
    of: object, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], TemplateText | ConditionText]]:
    """Every template and condition in a node's arguments, and where it stands in the YAML."""
    if isinstance(of, TemplateText | ConditionText):
        yield path, of
    elif isinstance(of, BaseModel):
        for name in type(of).model_fields:
            yield from templates(getattr(of, name), (*path, name))
    elif isinstance(of, Mapping):
        for name, one in of.items():
            yield from templates(one, (*path, name))
    elif isinstance(of, tuple | list):
        for n, one in enumerate(of):
            yield from templates(one, (*path, n))


def _language(tag: str) -> str:
    if not _LANGUAGE.fullmatch(tag):
        raise ValueError(Said("language"))
    return tag


def _prompt_name(name: str) -> str:
    if not _PROMPT_NAME.fullmatch(name):
        raise ValueError(Said("prompt_name"))
    return name


def _variable(name: str) -> str:
    if not _VARIABLE.fullmatch(name) or name in (*VARIABLES, "true", "false", "none", "and", "or", "not", "in", "is"):
        raise ValueError(Said("variable"))
    return name


def _cause(cause: str) -> str:
    if not _CAUSE.fullmatch(cause):
        raise ValueError(Said("cause"))
    return cause


_PROMPT_NAME = re.compile(r"\w[\w-]*(/\w[\w-]*)*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_VARIABLE = re.compile(r"[a-z][a-z0-9_]*")
_CAUSE = re.compile(r"[a-z][a-z0-9_]*")

Template = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(expression.template)]
Condition = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(expression.condition)]
Plainly = (
    Annotated[bool, Field(strict=True)]
    | Annotated[int, Field(strict=True)]
    | Annotated[float, Field(strict=True, allow_inf_nan=False)]
    | Annotated[str, Field(strict=True, max_length=1000), AfterValidator(expression.template)]
)
"""A value as it may stand in a file; a text may have `{{ … }}`."""
Tag = Annotated[str, Field(max_length=35), AfterValidator(_language)]
"""A language: zh-CN, en."""
Name = Annotated[str, Field(max_length=32), AfterValidator(_variable)]
Word = Annotated[str, Field(min_length=1, max_length=64)]


def _boxes(text: str) -> Iterator[tuple[str, str]]:
    kind, colon, name = text.partition(":")
    yield (kind, name.strip()) if colon else ("queue", text)


BoxText = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(expression.template), Names(_boxes)]
"""A queue's name, or `agent:` or `extension:` and a name (`model.voicemail.Box`); variables may stand in it."""
PromptName = Annotated[str, Field(max_length=64), AfterValidator(_prompt_name), names(PROMPT)]
MusicName = Annotated[str, Field(max_length=64), AfterValidator(_prompt_name), names(MUSIC)]
QueueWord = Annotated[Word, names("queue")]
"""These are names of the office's things; the checker looks whether there are such (`naming`)."""
AgentWord = Annotated[Word, names("agent")]
TrunkWord = Annotated[Word, names("trunk")]
CalendarWord = Annotated[Word, names("calendar")]
DatabaseWord = Annotated[Word, names("database")]
SecretWord = Annotated[Word, names("secret")]
FlowWord = Annotated[Word, names("flow")]
Cause = Annotated[str, Field(max_length=32), AfterValidator(_cause)]
Seconds = Annotated[float, Field(strict=True, gt=0, le=3600, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=0, le=20)]
Flag = Annotated[bool, Field(strict=True)]
