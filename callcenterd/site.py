"""The site file: trunks, numbers, users, queues and so on (`SECTIONS`); brought into the store, and written back.

A file adds and changes; it never takes away: what it does not name stays, key by key (a user without `password`
keeps the one that there is). A list that is given replaces that list. Applying a file twice changes nothing.
The same rules hold for one thing that a page changes (`put`, `remove`).

Order means something for outbound routes (the first that fits is used): what a file names comes in the file's order.
"""

from __future__ import annotations

import asyncio
import dataclasses
import ipaddress
import re
import zoneinfo
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from callcenterd import yamltext
from callcenterd.errors import Fault, FaultyFile, NotFound, NotNow, Refused
from callcenterd.model import calendar
from callcenterd.model.calendar import Calendar, Holiday, MakeUpDay, Weekday
from callcenterd.model.modules import ModuleName
from callcenterd.model.people import Role
from callcenterd.model.site import (
    ALL,
    CALLBACK,
    EACH,
    VOICEMAIL,
    Announce,
    AtClosing,
    BreakReason,
    CallerHeader,
    Codec,
    Comfort,
    DisposedCallback,
    Disposition,
    Encryption,
    Extension,
    FirstRung,
    Limits,
    Mailbox,
    Module,
    NoticeTo,
    NumberForm,
    NumberRoute,
    OnMachine,
    OutboundRoute,
    QueueSettings,
    RecordWhen,
    Secret,
    Site,
    Sticky,
    Strategy,
    Team,
    Trunk,
    TrunkEncryption,
    TrunkTransport,
    UserAccount,
)
from callcenterd.model.voicemail import Box, BoxKind
from callcenterd.store.database import Store
from callcenterd.worker.passwords import Passwords
from callcenterd.yamltext import Document, KeyPath

Section = Literal[
    "trunks",
    "numbers",
    "outbound",
    "users",
    "extensions",
    "queues",
    "limits",
    "breaks",
    "dispositions",
    "modules",
    "mailboxes",
    "calendars",
    "teams",
]
SECTIONS: tuple[Section, ...] = get_args(Section)

_EXIT = re.compile(r"\w[\w-]{0,63}(?:/\w[\w-]{0,63})?")
_NIGHT = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d")
SHORTEST_PAUSE = 10
"""Seconds between two OPTIONS: an answer may take that long."""
MAX_THINGS = 10_000
"""Of one section in one file."""

# ---- what may be written ----------------------------------------------------------------------------------------


def _texted(value: object) -> object:
    """`login: 1001` means the text; yamltext makes a number only of what reads back as it was written."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _shape(pattern: str, wanted: str) -> AfterValidator:
    """A text that must be of one shape. Raises ValueError with what is wanted."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"{wanted} is wanted")
        return text

    return AfterValidator(check)


_Text = Annotated[str, BeforeValidator(_texted)]
_HOST = r"(?:(?!-)[A-Za-z0-9-]{1,63}(?<!-)\.)*(?!-)[A-Za-z0-9-]{1,63}(?<!-)\.?"
_PRINTABLE = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]"
Name = Annotated[_Text, _shape(r"\w[\w.-]{0,63}", "a name of up to 64 letters, digits, _ . -")]
FlowName = Annotated[_Text, _shape(r"\w[\w-]{0,63}", "a flow's name: up to 64 letters, digits, _ -,")]
Login = Annotated[_Text, _shape(r"\w[\w.@-]{0,63}", "a login of up to 64 letters, digits, _ . @ -")]
Label = Annotated[_Text, _shape(_PRINTABLE + "{0,100}", "a text of up to 100 characters in one line")]
Proof = Annotated[_Text, _shape(_PRINTABLE + "{1,256}", "a password of 1 to 256 characters in one line")]
Pin = Annotated[_Text, _shape(r"[0-9]{4,12}", "a PIN of 4 to 12 digits, in quotes,")]
Hash = Annotated[_Text, _shape(r"\$argon2id?\$[\x21-\x7e]{20,400}", "an argon2 hash, as `export` writes it,")]
Phone = Annotated[
    _Text, _shape(r"[0-9A-Za-z*#+_-]{1,32}", "an extension's number of up to 32 digits (letters, * # + _ -)")
]
Pattern = Annotated[
    _Text,
    _shape(r"[0-9A-Za-z*#+_-]{1,63}\.?|\.", "a number as dialled, without spaces, or its beginning and a dot (9.),"),
]
Prefix = Annotated[_Text, _shape(r"[0-9*#+]{0,20}", "up to 20 digits (* # +)")]
ShownNumber = Annotated[_Text, _shape(r"\+?[0-9]{0,20}", "a number of up to 20 digits")]
Contact = Annotated[
    _Text,
    _shape(
        rf"|sip:(?:[^\s@<>\"]{{1,64}}@)?(?:{_HOST}|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?(?:;transport=(?:udp|tcp|tls))?",
        "an address as sip:door@192.168.1.20:5060",
    ),
]
MailAddress = Annotated[
    _Text,
    _shape(r"(?=.{3,254}$)[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@" + _HOST, "a mail address as office@example.com"),
]
PromptName = Annotated[
    _Text, _shape(r"|(?=.{1,64}$)\w[\w-]*(?:/\w[\w-]*)*", "a prompt's name: letters, digits, _ and -, no ending,")
]
Port = Annotated[int, Field(strict=True, ge=1, le=65535)]
Flag = Annotated[bool, Field(strict=True)]


def _host(text: str) -> str:
    if re.fullmatch(r"[0-9.]+|.*:.*", text):  # all digits and dots, or colons: meant as an address
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            raise ValueError("an IP address or a host name is wanted") from None
    if len(text) > 253 or not re.fullmatch(_HOST, text):
        raise ValueError("an IP address or a host name is wanted")
    return text


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text)) if "/" in text else str(ipaddress.ip_address(text))
    except ValueError as fault:
        if "host bits" in str(fault):
            meant = ipaddress.ip_network(text, strict=False)
            raise ValueError(f"a network is written by its first address, as {meant}: that is wanted") from None
        raise ValueError("an IP address or a network (192.168.1.0/24) is wanted") from None


def _each_once(values: tuple[str, ...]) -> tuple[str, ...]:
    for n, value in enumerate(values):
        if value in values[:n]:
            raise ValueError(f"each once is wanted: {value} stands twice")
    return values


def _spoken(codecs: tuple[Codec, ...]) -> tuple[Codec, ...]:
    if set(codecs) == {"G729"}:
        raise ValueError("a codec besides G729, which is understood but never sent, is wanted")
    return codecs


def _box(text: str) -> str:
    try:
        return str(Box.parse(text))
    except ValueError:
        raise ValueError("queue:, agent: or extension: and a name, as queue:sales, is wanted") from None


def _night(text: str) -> str:
    if text and not _NIGHT.fullmatch(text):
        raise ValueError("hours as 22:00-07:00, or nothing, are wanted")
    return text


def _pause(value: int) -> int:
    if 0 < value < SHORTEST_PAUSE:
        raise ValueError(f"0 or at least {SHORTEST_PAUSE} is wanted")
    return value


def _zone(name: str) -> str:
    if name:
        try:
            zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("the name of a time zone that this machine knows, as Asia/Shanghai, is wanted") from None
    return name


def _day(text: str) -> str:
    calendar.day_of(text)
    return text


def _span(text: str) -> str:
    calendar.span_of(text)
    return text


Day = Annotated[_Text, AfterValidator(_day)]
Spans = Annotated[
    tuple[Annotated[_Text, AfterValidator(_span)], ...],
    AfterValidator(_each_once),
    Field(max_length=calendar.MOST_SPANS),
]


class HolidayEntry(BaseModel):
    """A day, or days, off."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    first: Day
    last: Day | Literal[""] = ""
    name: Label = ""
    hours: Spans = ()

    def thing(self) -> Holiday:
        return Holiday(first=self.first, last=self.last, name=self.name, hours=self.hours)


class MakeUpEntry(BaseModel):
    """A day that is worked although it would be free."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    date: Day
    like: Weekday = "monday"
    name: Label = ""

    def thing(self) -> MakeUpDay:
        return MakeUpDay(date=self.date, like=self.like, name=self.name)


Skill = Annotated[int, Field(strict=True, ge=1, le=10)]
Points = Annotated[int, Field(strict=True, ge=-100, le=100)]
Skills = Annotated[dict[Name, Skill], Field(max_length=50)]


class _Entry(BaseModel):
    """One thing of a site file. Only the keys that were written count."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def given(self) -> dict[str, Any]:
        """What was written, by the names of the file (and of `model.site`)."""
        fields = type(self).model_fields
        return {fields[name].alias or name: getattr(self, name) for name in self.model_fields_set}


class TrunkEntry(_Entry):
    """A provider's line, or a gateway. Known by its name."""

    name: Annotated[Name, Field(description="How routes and pages call it.")]
    host: Annotated[
        _Text, AfterValidator(_host), Field(description="The address or name that calls go to and come from.")
    ] = ""
    port: Annotated[Port, Field(description="The SIP port there.")] = 5060
    username: Annotated[Label, Field(description="The account's name at the provider, for digest.")] = ""
    password: Annotated[Proof, Field(repr=False, description="The account's password.")] = ""
    registers: Annotated[
        Flag,
        # The file's own word is a method of the model's metaclass, and cannot be a field.
        Field(alias="register", description="Whether the provider wants to be registered with."),
    ] = False
    allow: Annotated[
        tuple[Annotated[_Text, AfterValidator(_network)], ...],
        AfterValidator(_each_once),
        Field(max_length=256, description="Addresses and networks that its calls may come from, besides host."),
    ] = ()
    in_strip: Annotated[
        int, Field(strict=True, ge=0, le=20, description="Digits taken off the front of a called number that comes in.")
    ] = 0
    in_prepend: Annotated[Prefix, Field(description="Digits put before the rest of it.")] = ""
    out_form: Annotated[
        NumberForm, Field(description="How a number goes out: as dialled, as +86…, or as it is dialled in the country.")
    ] = "dialled"
    out_strip: Annotated[
        int, Field(strict=True, ge=0, le=20, description="Digits then taken off the front of a number that goes out.")
    ] = 0
    out_prepend: Annotated[Prefix, Field(description="Digits put before the rest of it.")] = ""
    caller: Annotated[
        ShownNumber, Field(description="The number shown there; empty: the extension's own, or who called us.")
    ] = ""
    caller_id: Annotated[
        CallerHeader,
        Field(description="Where the trunk reads who calls: From, P-Asserted-Identity or Remote-Party-ID."),
    ] = "from"
    codecs: Annotated[
        tuple[Codec, ...],
        AfterValidator(_each_once),
        AfterValidator(_spoken),
        Field(min_length=1, max_length=5, description="Codecs that are offered there and taken, in this order."),
    ] = ("PCMA", "PCMU")
    encryption: Annotated[
        TrunkEncryption,
        Field(description="Of the sound (SRTP with keys in SDP, RFC 4568): off or required; use it with TLS."),
    ] = "off"
    options: Annotated[
        int,
        Field(strict=True, ge=0, le=3600, description="Seconds between two OPTIONS that ask if it is there; 0: none."),
        AfterValidator(_pause),
    ] = 30
    channels: Annotated[
        int, Field(strict=True, ge=0, le=10_000, description="Calls at once, in and out together; 0: no limit.")
    ] = 0
    transport: Annotated[
        TrunkTransport,
        Field(description="By which it is reached: udp, tcp, tls, or auto (as its DNS records say)."),
    ] = "udp"


class NumberEntry(_Entry):
    """A called number and the flow that answers it. Known by its match."""

    match: Annotated[
        Pattern, Field(description="The number as the trunk sends it; 9. is 9 and at least one more digit.")
    ]
    flow: Annotated[FlowName, Field(description="The flow's name.")] = ""


class OutboundEntry(_Entry):
    """A way out for dialled numbers. Known by its match."""

    match: Annotated[Pattern, Field(description="The number as dialled; 0. is 0 and at least one more digit.")]
    trunks: Annotated[
        tuple[Name, ...],
        AfterValidator(_each_once),
        Field(min_length=1, max_length=64, description="The trunks to try, in this order."),
    ] = ()
    strip: Annotated[int, Field(strict=True, ge=0, le=20, description="Digits that are taken off the front.")] = 0
    prepend: Annotated[Prefix, Field(description="Digits that are put before the rest.")] = ""


class UserEntry(_Entry):
    """Someone who signs in. Known by the login."""

    login: Annotated[Login, Field(description="The name to sign in with; an agent's number.")]
    name: Annotated[Label, Field(description="The person's name.")] = ""
    role: Annotated[Role, Field(description="What the person may do.")] = "agent"
    password: Annotated[Proof, Field(repr=False, description="The password to sign in with; kept as a hash only.")] = ""
    password_hash: Annotated[
        Hash, Field(repr=False, description="The hash that `export` wrote, in place of a password.")
    ] = ""
    pin: Annotated[
        Pin, Field(repr=False, description="The PIN to sign in with by a phone's keys (*70); kept as a hash only.")
    ] = ""
    pin_hash: Annotated[Hash, Field(repr=False, description="The hash that `export` wrote, in place of a PIN.")] = ""
    extension: Annotated[Phone | None, Field(description="The phone that is this person's; null for none.")] = None
    language: Annotated[Literal["zh-CN", "en"], Field(description="The language of this person's pages.")] = "zh-CN"
    record: Annotated[
        RecordWhen,
        Field(description="Whether this agent's calls are recorded: as the queue says (queue), always, or never."),
    ] = "queue"
    skills: Annotated[Skills, Field(description="What this agent can, each with a level of 1 to 10.")] = {}
    in_directory: Annotated[
        Flag, Field(description="Whether callers may ask for this person by name, where a flow lets them (directory).")
    ] = True
    own_role: Annotated[
        str,
        Field(
            pattern=r"^([a-z][a-z0-9_]{0,39})?$",
            description="A role of the office's own that stands on `role`, by its code; empty: the shipped one.",
        ),
    ] = ""


class ExtensionEntry(_Entry):
    """A phone inside. Known by its number."""

    number: Annotated[Phone, Field(description="What is dialled for it, and its name when it registers.")]
    password: Annotated[Proof, Field(repr=False, description="The password that it registers with (digest).")] = ""
    contact: Annotated[
        Contact, Field(description="For a device at a fixed address: where it is, in place of registration.")
    ] = ""
    auto_answer: Annotated[
        Flag, Field(description="Whether the phone is asked to pick up calls of queues by itself (headsets).")
    ] = False
    codecs: Annotated[
        tuple[Codec, ...],
        AfterValidator(_each_once),
        AfterValidator(_spoken),
        Field(min_length=1, max_length=5, description="Codecs that are offered to the phone and taken, in this order."),
    ] = ("PCMA", "PCMU", "G722", "opus")
    encryption: Annotated[
        Encryption,
        Field(description="Of the sound (SRTP): off, allowed (as the phone wants) or required; use it with TLS."),
    ] = "allowed"


def _comforting(words: tuple[Comfort, ...]) -> tuple[Comfort, ...]:
    for each in words:
        if not each.say and not each.play:
            raise ValueError("say (a text) or play (the name of a recording) is wanted")
        if not 5 <= each.every <= 3600:
            raise ValueError("every is 5 to 3600 seconds")
        if len(each.say) > 1000 or len(each.play) > 64:
            raise ValueError("a text of up to 1000 characters is wanted, or a name of up to 64")
    return words


def _leading_out(exits: Mapping[str, str]) -> Mapping[str, str]:
    for key, to in exits.items():
        if len(key) != 1 or key not in "0123456789*#":
            raise ValueError(f"{key[:20]} is no key of a telephone; the keys are 0 to 9, * and #")
        if not _EXIT.fullmatch(to):
            raise ValueError(f"{VOICEMAIL}, {CALLBACK}, a flow or a flow and its node (main/other) is wanted")
    return exits


class QueueEntry(_Entry):
    """A queue of callers and the agents who serve it. Known by its name."""

    name: Annotated[Name, Field(description="How flows and pages call it.")]
    title: Annotated[Label, Field(description="What people read.")] = ""
    strategy: Annotated[Strategy, Field(description="Whom to ring first.")] = "longest_idle"
    members: Annotated[
        tuple[Login, ...],
        AfterValidator(_each_once),
        Field(max_length=1000, description="The logins of the agents who serve it."),
    ] = ()
    wrap_up: Annotated[float, Field(strict=True, ge=0, le=3600, description="Seconds of wrap-up after a call.")] = 10
    ring: Annotated[float, Field(strict=True, ge=1, le=300, description="Seconds that an agent's phone rings.")] = 20
    service_level: Annotated[
        float, Field(strict=True, ge=1, le=3600, description="Seconds within which a call should be answered.")
    ] = 20
    max_wait: Annotated[
        float,
        Field(strict=True, ge=0, le=86_400, description="Seconds after which a caller waits no longer; 0: no limit."),
    ] = 0
    record: Annotated[Flag, Field(description="Whether its calls are recorded.")] = True
    music: Annotated[Label, Field(description="The name of the music; empty for the office's default.")] = ""
    disposition_required: Annotated[
        Flag, Field(description="Whether the wrap-up goes on until the agent has said what came of the call.")
    ] = False
    announce_recording: Annotated[
        NoticeTo,
        Field(description="Who is told that the call is recorded: none, the caller before waiting, or both sides."),
    ] = "none"
    recording_beep: Annotated[
        float,
        Field(
            strict=True,
            ge=0,
            le=600,
            description="Seconds between two soft tones that both sides of a recorded call hear; 0: none.",
        ),
    ] = 0
    skills: Annotated[
        Skills, Field(description="What an agent must be able to, at least at that level, to be asked at all.")
    ] = {}
    ranks: Annotated[
        dict[Login, Annotated[int, Field(strict=True, ge=1, le=9)]],
        Field(
            max_length=1000,
            description="Members of a later rank (2 to 9) are asked when nobody of an earlier one is free, and serve "
            "this queue after those in which they have an earlier rank; who is not named has rank 1.",
        ),
    ] = {}
    weights: Annotated[
        dict[Login, Annotated[int, Field(strict=True, ge=1, le=100)]],
        Field(max_length=1000, description="How often members are drawn by `random`; who is not named has 1."),
    ] = {}
    priority: Annotated[Points, Field(description="Points of its callers: more are served earlier.")] = 0
    level_priority: Annotated[
        dict[Label, Points], Field(max_length=50, description="Points on top for customers of a level.")
    ] = {}
    ageing: Annotated[
        float,
        Field(
            strict=True,
            ge=0,
            le=3600,
            description="Seconds of waiting that weigh as much as one point; 0: a higher priority always goes first.",
        ),
    ] = 0
    sticky: Annotated[
        Sticky,
        Field(description="Whom who calls again is given back to: nobody (off), or the last agent."),
    ] = "off"
    sticky_wait: Annotated[
        float,
        Field(strict=True, ge=0, le=3600, description="Seconds in which nobody else is asked while that one is busy."),
    ] = 0
    retry: Annotated[
        float,
        Field(strict=True, ge=1, le=3600, description="Seconds until a caller is offered again to who refused."),
    ] = 10
    misses: Annotated[
        int,
        Field(strict=True, ge=0, le=20, description="Unanswered offers in a row that put an agent on break; 0: none."),
    ] = 1
    miss_return: Annotated[
        float,
        Field(strict=True, ge=0, le=3600, description="Seconds after which that break ends by itself; 0: it does not."),
    ] = 0
    most_waiting: Annotated[
        int, Field(strict=True, ge=0, le=10_000, description="Callers who may wait at once; 0: no limit.")
    ] = 0
    callback_first: Annotated[
        FirstRung, Field(description="Who is rung first when somebody is called back: the customer or the agent.")
    ] = "customer"
    callback_ring: Annotated[
        float, Field(strict=True, ge=5, le=120, description="Seconds that the phone of who is called back rings.")
    ] = 30
    callback_hours: Annotated[
        _Text, AfterValidator(_night), Field(description="When customers may be called back, as 09:00-20:00.")
    ] = ""
    callback_retries: Annotated[
        tuple[Annotated[float, Field(strict=True, ge=10, le=86_400)], ...],
        Field(max_length=10, description="Seconds after each failed try of a callback until the next one."),
    ] = (300, 1800)
    callback_machine: Annotated[
        OnMachine,
        Field(
            description="Where the customer is rung first and a machine answers: hang_up and try again, or ignore it."
        ),
    ] = "hang_up"
    announce_position: Annotated[
        Announce, Field(description="Whether callers who wait are told their place: off, once, or every time.")
    ] = "off"
    announce_wait: Annotated[
        Announce, Field(description="Whether they are told how long it will still be: off, once, or every time.")
    ] = "off"
    announce_first: Annotated[
        float, Field(strict=True, ge=0, le=3600, description="Seconds of waiting before the first announcement.")
    ] = 15
    announce_every: Annotated[
        float,
        Field(strict=True, ge=0, le=3600, description="Seconds from one announcement to the next; 0: only one."),
    ] = 60
    announce_most: Annotated[
        int,
        Field(strict=True, ge=1, le=1000, description="Who has more callers before them is told just that."),
    ] = 10
    comfort: Annotated[
        tuple[Comfort, ...],
        AfterValidator(_comforting),
        Field(max_length=20, description="Words while waiting: `{every: 90, say: text}` or `{every: 90, play: name}`."),
    ] = ()
    exits: Annotated[
        Mapping[str, str],
        AfterValidator(_leading_out),
        Field(
            max_length=12,
            description="Keys that end the wait: `voicemail`, `callback`, a flow, or a flow's node as `main/other`.",
        ),
    ] = {}
    place_back: Annotated[
        float,
        Field(
            strict=True,
            ge=0,
            le=60,
            description="Minutes in which a caller who was cut off gets the old place back on calling again; 0: never.",
        ),
    ] = 5
    calendar: Annotated[
        Name | Literal[""], Field(description="The calendar that says when it takes callers; empty: always.")
    ] = ""
    at_closing: Annotated[
        AtClosing,
        Field(description="Who still waits when it closes: is served all the same (keep), or leaves (leave)."),
    ] = "keep"


class LimitsEntry(_Entry):
    """What an extension, or the office, may dial over trunks. Known by who."""

    who: Annotated[
        Phone,
        Field(
            description="An extension; `each`: every one without limits of its own; `all`: the whole office, flows too."
        ),
    ]
    calls: Annotated[int, Field(strict=True, ge=0, le=10_000, description="Outside calls at once; 0: no limit.")] = 0
    per_minute: Annotated[
        int, Field(strict=True, ge=0, le=10_000, description="Outside calls begun in a minute; 0: no limit.")
    ] = 0
    per_hour: Annotated[
        int, Field(strict=True, ge=0, le=100_000, description="Outside calls begun in an hour; 0: no limit.")
    ] = 0
    forbid: Annotated[
        tuple[Pattern, ...],
        AfterValidator(_each_once),
        Field(max_length=256, description="Numbers, or beginnings with a dot, that are refused."),
    ] = ()
    permit: Annotated[
        tuple[Pattern, ...],
        AfterValidator(_each_once),
        Field(
            max_length=256, description="Numbers, or beginnings with a dot, that are never refused for what they are."
        ),
    ] = ()
    international: Annotated[Flag, Field(description="Whether other countries may be dialled.")] = False
    premium: Annotated[Flag, Field(description="Whether premium-rate numbers may be dialled.")] = False
    night: Annotated[
        _Text, AfterValidator(_night), Field(description="Hours in which no outside call is begun, as 22:00-07:00.")
    ] = ""
    longest: Annotated[
        float, Field(strict=True, ge=0, le=86_400, description="Seconds after which an outside call ends; 0: no limit.")
    ] = 0


class BreakEntry(_Entry):
    """A reason for a break. Known by its name. At a phone (*73) its key is its place in the list. An office that names
    none has rest, meal, meeting, training, work."""

    name: Annotated[Name, Field(description="What programs and the history call it.")]
    title: Annotated[Label, Field(description="What people read and hear.")] = ""
    limit: Annotated[
        float,
        Field(strict=True, ge=0, le=86_400, description="Seconds after which supervisors are told of it; 0: never."),
    ] = 0
    per_day: Annotated[
        float,
        Field(strict=True, ge=0, le=86_400, description="The same for all breaks of a day with this reason together."),
    ] = 0


class DispositionEntry(_Entry):
    """What came of a call, as its agent says it. Known by its code."""

    code: Annotated[
        _Text,
        _shape(r"[0-9]{1,6}", "a code of up to 6 digits"),
        Field(description="What is dialled for it after *75, and kept with the call."),
    ]
    title: Annotated[Label, Field(description="What people read.")] = ""
    queues: Annotated[
        tuple[Name, ...],
        AfterValidator(_each_once),
        Field(max_length=1000, description="The queues of whose calls it is said; empty: of every call."),
    ] = ()
    callback: Annotated[
        DisposedCallback,
        Field(description="What it means where the call was a callback: wrong_number closes it, others try again."),
    ] = ""


class ModuleEntry(_Entry):
    """A part of the system that an office may do without. Known by its name."""

    name: Annotated[ModuleName, Field(description="Which part; the administration page says what belongs to each.")]
    on: Annotated[Flag, Field(description="Whether it is there; off, its data is kept and not shown.")] = True


class MailboxEntry(_Entry):
    """A box for messages that callers leave. Known by its box; who has none here has one with the defaults."""

    box: Annotated[
        _Text,
        AfterValidator(_box),
        Field(max_length=80, description="Whose: queue:sales, agent:1001 or extension:8001."),
    ]
    greeting: Annotated[
        PromptName, Field(description="The name of the prompt that is played first; empty: the house's own words.")
    ] = ""
    longest: Annotated[
        float, Field(strict=True, ge=5, le=3600, description="Seconds after which a message is ended.")
    ] = 180
    shortest: Annotated[
        float, Field(strict=True, ge=0.5, le=60, description="Seconds; what is shorter is no message.")
    ] = 2
    silence: Annotated[
        float, Field(strict=True, ge=0, le=60, description="Seconds of silence that end a message; 0: they do not.")
    ] = 0
    most: Annotated[
        int, Field(strict=True, ge=0, le=10_000, description="Messages that may wait in it; 0: no limit.")
    ] = 0
    mail: Annotated[
        tuple[MailAddress, ...],
        AfterValidator(_each_once),
        Field(
            max_length=20, description="Addresses that get each message by e-mail (see `mail` of the configuration)."
        ),
    ] = ()


class CalendarEntry(_Entry):
    """When an office, or a part of it, is open. Known by its name."""

    name: Annotated[Name, Field(description="How queues, flows and pages call it.")]
    title: Annotated[Label, Field(description="What people read.")] = ""
    zone: Annotated[
        _Text, AfterValidator(_zone), Field(description="Its time zone, as Asia/Shanghai; empty: the office's.")
    ] = ""
    hours: Annotated[
        dict[Weekday, Spans],
        Field(
            description="Hours of each day of the week, as monday: [09:00-12:00, 13:00-18:00]; a day that is not named "
            "is closed; 22:00-06:00 goes on into the next day; 00:00-24:00 is a whole day."
        ),
    ] = {}
    holidays: Annotated[
        tuple[HolidayEntry, ...],
        Field(
            max_length=1000,
            description="Days off: first, last (if more than one), name, and hours if it is not closed on them. One "
            "that follows ends the hours of the night before at midnight.",
        ),
    ] = ()
    make_up: Annotated[
        tuple[MakeUpEntry, ...],
        Field(
            max_length=1000,
            description="Days that are worked although they would be free: date, like (a weekday whose hours they "
            "have), name.",
        ),
    ] = ()

    def given(self) -> dict[str, Any]:
        fields = super().given()
        for name in {"holidays", "make_up"} & set(fields):
            fields[name] = tuple(entry.thing() for entry in fields[name])
        return fields


class TeamEntry(_Entry):
    """Agents and the supervisors who lead them. Known by its name. A supervisor who leads a team sees and acts on the
    agents and calls of the own teams only; who leads none, on all."""

    name: Annotated[Name, Field(description="How programs call it.")]
    title: Annotated[Label, Field(description="What people read.")] = ""
    members: Annotated[
        tuple[Login, ...],
        AfterValidator(_each_once),
        Field(max_length=1000, description="The logins of its agents; an agent may be in several teams."),
    ] = ()
    leaders: Annotated[
        tuple[Login, ...],
        AfterValidator(_each_once),
        Field(max_length=100, description="The logins of the supervisors who lead it."),
    ] = ()
    department: Annotated[
        Label, Field(description="The department that it belongs to; teams of the same one say the same. Empty: none.")
    ] = ""


@dataclass(frozen=True, slots=True)
class _Kind:
    """key: the field by which a thing is known. needed: without which a new thing cannot be."""

    word: str
    key: str
    entry: type[_Entry]
    thing: type[Any]
    needed: tuple[str, ...]


_KINDS: Mapping[Section, _Kind] = {
    "trunks": _Kind("trunk", "name", TrunkEntry, Trunk, ("host",)),
    "numbers": _Kind("number", "match", NumberEntry, NumberRoute, ("flow",)),
    "outbound": _Kind("outbound route", "match", OutboundEntry, OutboundRoute, ("trunks",)),
    "users": _Kind("user", "login", UserEntry, UserAccount, ("name", "role")),
    "extensions": _Kind("extension", "number", ExtensionEntry, Extension, ()),
    "queues": _Kind("queue", "name", QueueEntry, QueueSettings, ()),
    "limits": _Kind("limits", "who", LimitsEntry, Limits, ()),
    "breaks": _Kind("break reason", "name", BreakEntry, BreakReason, ()),
    "dispositions": _Kind("disposition", "code", DispositionEntry, Disposition, ("title",)),
    "modules": _Kind("module", "name", ModuleEntry, Module, ()),
    "mailboxes": _Kind("mailbox", "box", MailboxEntry, Mailbox, ()),
    "calendars": _Kind("calendar", "name", CalendarEntry, Calendar, ()),
    "teams": _Kind("team", "name", TeamEntry, Team, ()),
}
ENTRIES: Mapping[Section, type[BaseModel]] = {section: kind.entry for section, kind in _KINDS.items()}
"""What a thing of each section looks like: for the documents of the file and of the API."""
NEEDED: Mapping[Section, tuple[str, ...]] = {section: kind.needed for section, kind in _KINDS.items()}
"""Besides its key, what a new thing of each section must be given."""


@dataclass(frozen=True, slots=True)
class Named:
    """One thing that a file names. place: where in the file, ("queues", 0)."""

    section: Section
    place: KeyPath
    entry: _Entry

    @property
    def key(self) -> str:
        return str(getattr(self.entry, _KINDS[self.section].key))


@dataclass(frozen=True, slots=True)
class SiteFile:
    """A site file whose every thing is well-formed by itself. Made by `parse`."""

    document: Document
    named: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """changes: one short text for each thing that is another now; empty: nothing was. revision: the site's now."""

    changes: tuple[str, ...]
    revision: int


# ---- reading ------------------------------------------------------------------------------------------------------


def parse(document: Document, known: Site | None = None) -> SiteFile:
    """Read a site file. Raises FaultyFile with all faults at once.

    known: the site that the file will be applied to; with it, names that neither has are found as well
    (`apply` finds them in any case).
    """
    data = {} if document.data is None else document.data
    if not isinstance(data, dict):
        raise FaultyFile([document.fault((), f"a group of keys is wanted: {', '.join(SECTIONS)}")])
    faults = [
        document.fault((name,), f"{name}: is no key here; there are {', '.join(SECTIONS)}")
        for name in data
        if name not in SECTIONS
    ]
    named: list[Named] = []
    mentioned: set[tuple[str, str]] = set()
    for section in SECTIONS:
        items = data.get(section)
        if items is None:
            continue  # `trunks:` with all below it commented out
        if not isinstance(items, list) or len(items) > MAX_THINGS:
            faults.append(document.fault((section,), f"{section}: a list of at most {MAX_THINGS} is wanted"))
            continue
        kind = _KINDS[section]
        seen: dict[str, int] = {}
        for n, item in enumerate(items):
            place = (section, n)
            if isinstance(item, dict) and isinstance(key := _texted(item.get(kind.key)), str):
                mentioned.add((section, key))
                if key in seen:
                    first = document.line((section, seen[key]))
                    faults.append(
                        document.fault(place, f"{section}: {kind.word} {key} stands twice, first in line {first}")
                    )
                seen.setdefault(key, n)
            try:
                named.append(Named(section, place, kind.entry.model_validate(item)))
            except ValidationError as error:
                faults += document.faults_of(error, place, model=kind.entry)
    if known is not None:
        faults += _faults_between(document, known, named, mentioned)
    if faults:
        raise FaultyFile(sorted(set(faults)))
    return SiteFile(document, tuple(named))


def _faults_between(
    document: Document, known: Site, named: Sequence[Named], mentioned: Iterable[tuple[str, str]] = ()
) -> list[Fault]:
    """Faults between things, each with its line. mentioned: names in the file besides, of things that are faulty."""
    return [
        document.fault((*finding.place, *finding.path), f"{finding.place[0]}.{finding.path[0]}: {finding.reason}")
        for finding in _between(known, named, mentioned)
    ]


@dataclass(frozen=True, slots=True)
class _Finding:
    """place: of the thing; path: in the thing."""

    place: KeyPath
    path: KeyPath
    reason: str


def _between(known: Site, named: Sequence[Named], mentioned: Iterable[tuple[str, str]] = ()) -> Iterator[_Finding]:
    """What is wrong between the things that are named, and the site that they come to. Others are not judged."""
    site, _ = merge(known, named, {})
    names = {(section, key) for section in SECTIONS for key in _by_key(site, section)} | set(mentioned)
    for one in named:
        thing = _by_key(site, one.section)[one.key]
        kind = _KINDS[one.section]
        for needed in kind.needed:
            if one.key not in _by_key(known, one.section) and needed not in one.entry.given():
                yield _Finding(one.place, (needed,), f"is missing: a new {kind.word} needs it")
        for path, section, name in _references(thing):
            if (section, name) not in names:
                yield _Finding(one.place, path, f"there is no {_KINDS[section].word} {name}")
        yield from (_Finding(one.place, (field,), reason) for field, reason in _within(thing, one.entry))
        if isinstance(thing, Team):
            yield from _led_by_agents(site, thing, one.place)
        if isinstance(thing, UserAccount) and thing.own_role:
            own = site.own_role(thing.own_role)
            if own is None:
                yield _Finding(one.place, ("own_role",), f"there is no role {thing.own_role}")
            elif own.base != thing.role:
                yield _Finding(one.place, ("own_role",), f"this role is for users of the role {own.base}")


def _led_by_agents(site: Site, team: Team, place: KeyPath) -> Iterator[_Finding]:
    """Who is an agent sees the own calls only, and would lead in vain."""
    roles = {user.login: user.role for user in site.users}
    for n, login in enumerate(team.leaders):
        if roles.get(login) == "agent":
            yield _Finding(place, ("leaders", n), f"a supervisor is wanted: {login} is an agent")


_BOX_SECTIONS: Mapping[BoxKind, Section] = {"queue": "queues", "agent": "users", "extension": "extensions"}


def _references(thing: object) -> Iterator[tuple[KeyPath, Section, str]]:
    """Which other things a thing names: where in it, and whom."""
    match thing:
        case OutboundRoute():
            yield from ((("trunks", n), "trunks", trunk) for n, trunk in enumerate(thing.trunks))
        case UserAccount(extension=str(number)):
            yield ("extension",), "extensions", number
        case Limits() if thing.who not in (EACH, ALL):
            yield ("who",), "extensions", thing.who
        case Mailbox():
            box = Box.parse(thing.box)
            yield ("box",), _BOX_SECTIONS[box.kind], box.name
        case QueueSettings():
            yield from ((("members", n), "users", member) for n, member in enumerate(thing.members))
            if thing.calendar:
                yield ("calendar",), "calendars", thing.calendar
            yield from (
                ((field, agent), "users", agent) for field in ("ranks", "weights") for agent in getattr(thing, field)
            )
        case Disposition():
            yield from ((("queues", n), "queues", queue) for n, queue in enumerate(thing.queues))
        case Team():
            yield from (
                ((field, n), "users", login)
                for field in ("members", "leaders")
                for n, login in enumerate(getattr(thing, field))
            )


def _within(thing: object, entry: _Entry) -> Iterator[tuple[str, str]]:
    """Faults of one thing as it will be: field and reason."""
    match thing:
        case Trunk(register=True, username=""):
            yield "register", "a trunk that is registered with needs a username"
        case Extension() if not thing.password.reveal() and not thing.contact:
            yield "number", "needs a password (a phone that registers) or a contact (a device at a fixed address)"
        case Mailbox() if thing.shortest >= thing.longest:
            yield "shortest", "must be less than longest"
        case Calendar():
            yield from thing.problems()
        case UserAccount() if {"password", "password_hash"} <= set(entry.given()):
            yield "password_hash", "either password or password_hash is wanted, not both"
        case QueueSettings(disposition_required=True, wrap_up=0):
            yield "wrap_up", "a queue that wants dispositions needs a wrap-up"
        case UserAccount() if {"pin", "pin_hash"} <= set(entry.given()):
            yield "pin_hash", "either pin or pin_hash is wanted, not both"
        case UserAccount() if entry.given().get("pin") == thing.login:
            yield "pin", "another PIN than the login is wanted"


Proven = Literal["password", "pin"]
_HASHED: tuple[Proven, ...] = get_args(Proven)
Hashes = Mapping[tuple[str, Proven], str]
"""What is kept of a user's password and PIN: by login and which of the two."""


# ---- bringing it in -----------------------------------------------------------------------------------------------


def merge(site: Site, named: Sequence[Named], hashes: Hashes) -> tuple[Site, tuple[str, ...]]:
    """The site with what is named brought in, and what is another by it. Pure; references are not judged.

    hashes: the new argon2 hash of each password and PIN that changes; `password` and `pin` are not looked at.
    The revision stays as it is.
    """
    lists: dict[str, tuple[Any, ...]] = {}
    changes: list[str] = []
    for section in SECTIONS:
        ours = [one for one in named if one.section == section]
        before = _by_key(site, section)
        after = dict(before)
        for one in ours:
            after[one.key] = _brought_in(one, before.get(one.key), hashes)
            changes += _difference(section, one.key, before.get(one.key), after[one.key])
        order = _ordered(list(before), [one.key for one in ours])
        if [key for key in order if key in before] != list(before):
            changes.append(f"{section}: order")
        lists[section] = tuple(after[key] for key in order)
    return dataclasses.replace(site, **lists), tuple(changes)  # type: ignore[arg-type]  # each list has its section's things


def _by_key(site: Site, section: Section) -> dict[str, Any]:
    key = _KINDS[section].key
    return {getattr(thing, key): thing for thing in getattr(site, section)}


def _brought_in(one: Named, old: Any, hashes: Hashes) -> Any:
    """The thing as it will be."""
    fields = one.entry.given()
    if one.section == "users":
        for word in _HASHED:
            fields.pop(word, None)
            if (made := hashes.get((one.key, word))) is not None:
                fields[f"{word}_hash"] = made
    for secret in {"password", "password_hash", "pin_hash"} & set(fields):
        fields[secret] = Secret(fields[secret])
    kind = _KINDS[one.section]
    if old is not None:
        return dataclasses.replace(old, **fields)
    missing = {name: getattr(one.entry, name) for name in kind.needed if name not in fields}
    return kind.thing(**fields, **missing)


def _difference(section: Section, key: str, old: Any, new: Any) -> list[str]:
    if old is None:
        return [f"{_KINDS[section].word} {key}: new"]
    differ = [field.name for field in dataclasses.fields(new) if getattr(old, field.name) != getattr(new, field.name)]
    if not differ:
        return []
    return [f"{_KINDS[section].word} {key}: {', '.join(name.removesuffix('_hash') for name in differ)}"]


def _ordered(before: Sequence[str], named: Sequence[str]) -> list[str]:
    """The keys in their new order: those named come in that order, at the places that they had.

    A new one comes before the one that is named after it; the last new ones come last.
    """
    old = [key for key in named if key in before]
    turn = iter(old)
    order = [next(turn) if key in old else key for key in before]
    for n, key in reversed(list(enumerate(named))):
        if key not in before:
            order.insert(order.index(named[n + 1]) if n + 1 < len(named) else len(order), key)
    return order


Allowed = Callable[[Site, Site], None]
"""Raises where who asks may not make the one site of the other."""


def anything(_: Site, __: Site) -> None:
    """For the house itself, and its command line."""


async def apply(store: Store, passwords: Passwords, file: SiteFile, allowed: Allowed = anything) -> Applied:
    """Bring a file into the store, in one transaction, if anything is another by it.

    Raises FaultyFile, and Refused if nobody could sign in as admin any more.
    """

    async def change(site: Site) -> _Change:
        if faults := _faults_between(file.document, site, file.named):
            raise FaultyFile(sorted(faults))
        return merge(site, file.named, await _hashes(passwords, site, file.named))

    return await _changed(store, change, allowed)


async def apply_text(store: Store, passwords: Passwords, text: str, name: str, allowed: Allowed = anything) -> Applied:
    """As `apply`, from the text of a file. name: what faults call it. Raises FaultyFile with all faults at once."""
    document = await asyncio.to_thread(yamltext.parse, text, name)
    return await apply(store, passwords, parse(document, known=await store.site.load()), allowed)


def key_of(section: Section, fields: Mapping[str, Any]) -> str:
    """Under which key a thing with these fields is kept: "queue:sales" for the box "sales". What is no key stays as it
    is written; `put` says why."""
    kind = _KINDS[section]
    written = fields.get(kind.key, "")
    try:
        return str(TypeAdapter(kind.entry.model_fields[kind.key].rebuild_annotation()).validate_python(written))
    except ValidationError:
        return str(written)


async def put(
    store: Store, passwords: Passwords, section: Section, fields: Mapping[str, Any], allowed: Allowed = anything
) -> Applied:
    """Bring one thing in, as a file with it alone would. Raises Refused with the reason for each field."""
    return await put_all(store, passwords, section, [fields], allowed)


async def put_all(
    store: Store,
    passwords: Passwords,
    section: Section,
    things: Sequence[Mapping[str, Any]],
    allowed: Allowed = anything,
) -> Applied:
    """The same for several things of a section: all of them, or none."""
    kind = _KINDS[section]
    try:
        entries = [kind.entry.model_validate(fields) for fields in things]
    except ValidationError as error:
        raise Refused(f"this {kind.word} cannot be taken", _reasons(error, kind.entry)) from None
    named = [Named(section, (section, n), entry) for n, entry in enumerate(entries)]

    async def change(site: Site) -> _Change:
        if findings := list(_between(site, named)):
            raise Refused(f"this {kind.word} cannot be taken", {str(one.path[0]): one.reason for one in findings})
        return merge(site, named, await _hashes(passwords, site, named))

    return await _changed(store, change, allowed)


async def remove(store: Store, section: Section, key: str, allowed: Allowed = anything) -> Applied:
    """Take one thing away. Raises NotFound, and Refused while something else names it."""
    kind = _KINDS[section]

    async def change(site: Site) -> _Change:
        if key not in _by_key(site, section):
            raise NotFound(kind.word, key)
        if naming := _who_names(site, section, key):
            raise Refused(f"{kind.word} {key} is named by {', '.join(naming[:5])}", {kind.key: "is in use"})
        left = tuple(thing for name, thing in _by_key(site, section).items() if name != key)
        lists: dict[str, Any] = {section: left}
        after = dataclasses.replace(site, **lists)
        return after, (f"{kind.word} {key}: removed",)

    return await _changed(store, change, allowed)


def _who_names(site: Site, section: Section, key: str) -> list[str]:
    return [
        f"{_KINDS[other].word} {name}"
        for other in SECTIONS
        for name, thing in _by_key(site, other).items()
        if any((where, whom) == (section, key) for _, where, whom in _references(thing))
    ]


_Change = tuple[Site, tuple[str, ...]]
_TRIES = 5


async def _changed(store: Store, change: Callable[[Site], Awaitable[_Change]], allowed: Allowed) -> Applied:
    """Load, change, save; anew if somebody else saved in between. Raises NotNow if that happens every time."""
    for tries_left in reversed(range(_TRIES)):
        before = await store.site.load()
        after, changes = await change(before)
        if not changes:
            return Applied((), before.revision)
        allowed(before, after)
        if _admins(before) and not _admins(after):
            raise Refused("somebody must be able to sign in as admin", {"role": "the last admin"})
        try:
            revision = await store.site.save(after, expected=before.revision)
        except NotNow:
            if not tries_left:
                raise
            continue
        await _end_sessions(store, before, after)
        return Applied(changes, revision)
    raise AssertionError("the last try answers or raises")


async def _end_sessions(store: Store, before: Site, after: Site) -> None:
    """Who signed in with the old password proves nothing any more."""
    new = _by_key(after, "users")
    for user in before.users:
        if user.login in new and new[user.login].password_hash != user.password_hash:
            await store.sessions.revoke_all(user.login)


def _admins(site: Site) -> list[UserAccount]:
    return [user for user in site.users if user.role == "admin" and user.password_hash.reveal()]


async def _hashes(passwords: Passwords, site: Site, named: Sequence[Named]) -> Hashes:
    """The hash of each password and PIN that is given and is not the one that there is."""
    known = _by_key(site, "users")

    async def hashed(login: str, word: Proven, given: str) -> tuple[tuple[str, Proven], str | None]:
        old = getattr(known[login], f"{word}_hash").reveal() if login in known else ""
        if old and await passwords.verify(old, given):
            return (login, word), None
        return (login, word), await passwords.hash(given)

    users = [one.entry for one in named if isinstance(one.entry, UserEntry)]
    wanted = [(user.login, word, given) for user in users for word in _HASHED if (given := getattr(user, word))]
    made = await asyncio.gather(*(hashed(*one) for one in wanted))
    return {key: hashed for key, hashed in made if hashed is not None}


def _reasons(error: ValidationError, model: type[BaseModel]) -> dict[str, str]:
    return {
        str(details["loc"][0]) if details["loc"] else "": yamltext.reason_of(details, model)
        for details in error.errors(include_url=False)
    }


# ---- writing it back ----------------------------------------------------------------------------------------------


async def export(store: Store) -> str:
    """The site as a file that `apply` takes: passwords of phones and trunks as they are, of users as hashes."""
    return written(await store.site.load())


def written(site: Site) -> str:
    """One line for each thing. Applied to the same site, it changes nothing."""
    lines: list[str] = []
    for section in SECTIONS:
        things = getattr(site, section)
        lines.append(f"{section}:" if things else f"{section}: []")
        lines += [f"  - {{{', '.join(_pairs(thing))}}}" for thing in things]
    return "\n".join(lines) + "\n"


def _pairs(thing: Any) -> Iterator[str]:
    if isinstance(thing, Calendar):
        yield from (f"{name}: {yamltext.written(value)}" for name, value in thing.as_row().items())
        return
    for field in dataclasses.fields(thing):
        value = getattr(thing, field.name)
        if isinstance(value, Secret):
            if not value.reveal():
                continue  # there is none; written as "" it would be a password of no characters
            value = value.reveal()
        if isinstance(value, tuple):
            value = [_pairs_of(item) if isinstance(item, Comfort) else item for item in value]
        yield f"{field.name}: {yamltext.written(value)}"


def _pairs_of(words: Comfort) -> dict[str, Any]:
    return {name: value for name, value in dataclasses.asdict(words).items() if value}
