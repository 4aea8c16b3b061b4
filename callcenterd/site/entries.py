"""The things of a site file, as they may be written; docs/site.md is drawn from what each field says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from callcenterd.model.calendar import Calendar, Weekday
from callcenterd.model.modules import ModuleName
from callcenterd.model.people import Role
from callcenterd.model.site import (
    CALLBACK,
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
    Sticky,
    Strategy,
    Team,
    Trunk,
    TrunkEncryption,
    TrunkTransport,
    UserAccount,
)
from callcenterd.site.shapes import (
    EXIT,
    Contact,
    Flag,
    FlowName,
    Hash,
    HolidayEntry,
    Label,
    Login,
    MailAddress,
    MakeUpEntry,
    Name,
    Pattern,
    Phone,
    Pin,
    Points,
    Port,
    Prefix,
    PromptName,
    Proof,
    ShownNumber,
    Skills,
    Spans,
    WrittenText,
    box_name,
    each_once,
    host_name,
    network,
    night_hours,
    options_pause,
    shaped,
    spoken_codecs,
    zone_name,
)

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


class Entry(BaseModel):
    """One thing of a site file. Only the keys that were written count."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def given(self) -> dict[str, Any]:
        """What was written, by the names of the file (and of `model.site`)."""
        fields = type(self).model_fields
        return {fields[name].alias or name: getattr(self, name) for name in self.model_fields_set}


class TrunkEntry(Entry):
    """A provider's line, or a gateway. Known by its name."""

    name: Annotated[Name, Field(description="How routes and pages call it.")]
    host: Annotated[
        WrittenText, AfterValidator(host_name), Field(description="The address or name that calls go to and come from.")
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
        tuple[Annotated[WrittenText, AfterValidator(network)], ...],
        AfterValidator(each_once),
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
        AfterValidator(each_once),
        AfterValidator(spoken_codecs),
        Field(min_length=1, max_length=5, description="Codecs that are offered there and taken, in this order."),
    ] = ("PCMA", "PCMU")
    encryption: Annotated[
        TrunkEncryption,
        Field(description="Of the sound (SRTP with keys in SDP, RFC 4568): off or required; use it with TLS."),
    ] = "off"
    options: Annotated[
        int,
        Field(strict=True, ge=0, le=3600, description="Seconds between two OPTIONS that ask if it is there; 0: none."),
        AfterValidator(options_pause),
    ] = 30
    channels: Annotated[
        int, Field(strict=True, ge=0, le=10_000, description="Calls at once, in and out together; 0: no limit.")
    ] = 0
    transport: Annotated[
        TrunkTransport,
        Field(description="By which it is reached: udp, tcp, tls, or auto (as its DNS records say)."),
    ] = "udp"


class NumberEntry(Entry):
    """A called number and the flow that answers it. Known by its match."""

    match: Annotated[
        Pattern, Field(description="The number as the trunk sends it; 9. is 9 and at least one more digit.")
    ]
    flow: Annotated[FlowName, Field(description="The flow's name.")] = ""


class OutboundEntry(Entry):
    """A way out for dialled numbers. Known by its match."""

    match: Annotated[Pattern, Field(description="The number as dialled; 0. is 0 and at least one more digit.")]
    trunks: Annotated[
        tuple[Name, ...],
        AfterValidator(each_once),
        Field(min_length=1, max_length=64, description="The trunks to try, in this order."),
    ] = ()
    strip: Annotated[int, Field(strict=True, ge=0, le=20, description="Digits that are taken off the front.")] = 0
    prepend: Annotated[Prefix, Field(description="Digits that are put before the rest.")] = ""


class UserEntry(Entry):
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


class ExtensionEntry(Entry):
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
        AfterValidator(each_once),
        AfterValidator(spoken_codecs),
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
        if not EXIT.fullmatch(to):
            raise ValueError(f"{VOICEMAIL}, {CALLBACK}, a flow or a flow and its node (main/other) is wanted")
    return exits


class QueueEntry(Entry):
    """A queue of callers and the agents who serve it. Known by its name."""

    name: Annotated[Name, Field(description="How flows and pages call it.")]
    title: Annotated[Label, Field(description="What people read.")] = ""
    strategy: Annotated[Strategy, Field(description="Whom to ring first.")] = "longest_idle"
    members: Annotated[
        tuple[Login, ...],
        AfterValidator(each_once),
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
        WrittenText,
        AfterValidator(night_hours),
        Field(description="When customers may be called back, as 09:00-20:00."),
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


class LimitsEntry(Entry):
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
        AfterValidator(each_once),
        Field(max_length=256, description="Numbers, or beginnings with a dot, that are refused."),
    ] = ()
    permit: Annotated[
        tuple[Pattern, ...],
        AfterValidator(each_once),
        Field(
            max_length=256, description="Numbers, or beginnings with a dot, that are never refused for what they are."
        ),
    ] = ()
    international: Annotated[Flag, Field(description="Whether other countries may be dialled.")] = False
    premium: Annotated[Flag, Field(description="Whether premium-rate numbers may be dialled.")] = False
    night: Annotated[
        WrittenText,
        AfterValidator(night_hours),
        Field(description="Hours in which no outside call is begun, as 22:00-07:00."),
    ] = ""
    longest: Annotated[
        float, Field(strict=True, ge=0, le=86_400, description="Seconds after which an outside call ends; 0: no limit.")
    ] = 0


class BreakEntry(Entry):
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


class DispositionEntry(Entry):
    """What came of a call, as its agent says it. Known by its code."""

    code: Annotated[
        WrittenText,
        shaped(r"[0-9]{1,6}", "a code of up to 6 digits"),
        Field(description="What is dialled for it after *75, and kept with the call."),
    ]
    title: Annotated[Label, Field(description="What people read.")] = ""
    queues: Annotated[
        tuple[Name, ...],
        AfterValidator(each_once),
        Field(max_length=1000, description="The queues of whose calls it is said; empty: of every call."),
    ] = ()
    callback: Annotated[
        DisposedCallback,
        Field(description="What it means where the call was a callback: wrong_number closes it, others try again."),
    ] = ""


class ModuleEntry(Entry):
    """A part of the system that an office may do without. Known by its name."""

    name: Annotated[ModuleName, Field(description="Which part; the administration page says what belongs to each.")]
    on: Annotated[Flag, Field(description="Whether it is there; off, its data is kept and not shown.")] = True


class MailboxEntry(Entry):
    """A box for messages that callers leave. Known by its box; who has none here has one with the defaults."""

    box: Annotated[
        WrittenText,
        AfterValidator(box_name),
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
        AfterValidator(each_once),
        Field(
            max_length=20, description="Addresses that get each message by e-mail (see `mail` of the configuration)."
        ),
    ] = ()


class CalendarEntry(Entry):
    """When an office, or a part of it, is open. Known by its name."""

    name: Annotated[Name, Field(description="How queues, flows and pages call it.")]
    title: Annotated[Label, Field(description="What people read.")] = ""
    zone: Annotated[
        WrittenText,
        AfterValidator(zone_name),
        Field(description="Its time zone, as Asia/Shanghai; empty: the office's."),
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


class TeamEntry(Entry):
    """Agents and the supervisors who lead them. Known by its name. A supervisor who leads a team sees and acts on the
    agents and calls of the own teams only; who leads none, on all."""

    name: Annotated[Name, Field(description="How programs call it.")]
    title: Annotated[Label, Field(description="What people read.")] = ""
    members: Annotated[
        tuple[Login, ...],
        AfterValidator(each_once),
        Field(max_length=1000, description="The logins of its agents; an agent may be in several teams."),
    ] = ()
    leaders: Annotated[
        tuple[Login, ...],
        AfterValidator(each_once),
        Field(max_length=100, description="The logins of the supervisors who lead it."),
    ] = ()
    department: Annotated[
        Label, Field(description="The department that it belongs to; teams of the same one say the same. Empty: none.")
    ] = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """key: the field by which a thing is known. needed: without which a new thing cannot be."""

    word: str
    key: str
    entry: type[Entry]
    thing: type[Any]
    needed: tuple[str, ...]


KINDS: Mapping[Section, Kind] = {
    "trunks": Kind("trunk", "name", TrunkEntry, Trunk, ("host",)),
    "numbers": Kind("number", "match", NumberEntry, NumberRoute, ("flow",)),
    "outbound": Kind("outbound route", "match", OutboundEntry, OutboundRoute, ("trunks",)),
    "users": Kind("user", "login", UserEntry, UserAccount, ("name", "role")),
    "extensions": Kind("extension", "number", ExtensionEntry, Extension, ()),
    "queues": Kind("queue", "name", QueueEntry, QueueSettings, ()),
    "limits": Kind("limits", "who", LimitsEntry, Limits, ()),
    "breaks": Kind("break reason", "name", BreakEntry, BreakReason, ()),
    "dispositions": Kind("disposition", "code", DispositionEntry, Disposition, ("title",)),
    "modules": Kind("module", "name", ModuleEntry, Module, ()),
    "mailboxes": Kind("mailbox", "box", MailboxEntry, Mailbox, ()),
    "calendars": Kind("calendar", "name", CalendarEntry, Calendar, ()),
    "teams": Kind("team", "name", TeamEntry, Team, ()),
}
ENTRIES: Mapping[Section, type[BaseModel]] = {section: kind.entry for section, kind in KINDS.items()}
"""What a thing of each section looks like: for the documents of the file and of the API."""
NEEDED: Mapping[Section, tuple[str, ...]] = {section: kind.needed for section, kind in KINDS.items()}
"""Besides its key, what a new thing of each section must be given."""
