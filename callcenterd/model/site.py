"""What an office has: trunks, numbers, users, extensions, queues. The words of the site file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from callcenterd.model.calendar import Calendar
from callcenterd.model.ids import AgentId, ExtensionNumber, FlowName, QueueName, TeamName, TrunkName
from callcenterd.model.modules import MODULES, ModuleName
from callcenterd.model.people import Role
from callcenterd.model.roles import RoleSettings
from callcenterd.model.voicemail import Box

Strategy = Literal["longest_idle", "ring_all", "round_robin", "fewest_calls", "least_talk", "random", "skills"]
Sticky = Literal["off", "last"]
FirstRung = Literal["customer", "agent"]
OnMachine = Literal["hang_up", "ignore"]
DisposedCallback = Literal["", "wrong_number", "machine", "no_answer"]
AtClosing = Literal["keep", "leave"]
TrunkTransport = Literal["udp", "tcp", "tls", "auto"]
NumberForm = Literal["dialled", "e164", "national"]
CallerHeader = Literal["from", "pai", "rpid"]
NoticeTo = Literal["none", "caller", "both"]
Announce = Literal["off", "once", "every"]
RecordWhen = Literal["queue", "always", "never"]
Codec = Literal["PCMA", "PCMU", "G722", "opus", "G729"]
Encryption = Literal["off", "allowed", "required"]
TrunkEncryption = Literal["off", "required"]


class Secret(str):
    """A text that prints as ***: it must not reach a log by accident. Use `reveal()` where it is needed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def reveal(self) -> str:
        return str.__str__(self)


NO_SECRET = Secret("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A provider. allow: addresses or networks its calls may come from, besides host.

    in_strip, in_prepend:   what is done to a called number that comes in, before it is looked up.
    out_form, out_strip, out_prepend: how a number goes out: put into that form, cut, and added to, in this order.
    caller:   the number that is shown there; "" is the extension's own, or who called us.
    caller_id: where that number stands: in From, in P-Asserted-Identity (RFC 3325), or in Remote-Party-ID; in the
              latter two From names our account, as many registrars want it.
    codecs:   what we offer there and take from there, the best first. G729 is only understood, never sent.
    encryption: of its sound (SRTP, keys in SDP).
    options:  seconds between two questions whether it is there; 0: it is not asked.
    channels: calls at once, in and out together; 0: no limit.
    transport: by which it is reached; "auto": as its DNS records say (RFC 3263). port 5060 is the usual one of each.
    """

    name: TrunkName
    host: str
    port: int = 5060
    username: str = ""
    password: Secret = NO_SECRET
    register: bool = False
    allow: tuple[str, ...] = ()
    in_strip: int = 0
    in_prepend: str = ""
    out_form: NumberForm = "dialled"
    out_strip: int = 0
    out_prepend: str = ""
    caller: str = ""
    caller_id: CallerHeader = "from"
    channels: int = 0
    codecs: tuple[Codec, ...] = ("PCMA", "PCMU")
    encryption: TrunkEncryption = "off"
    options: int = 30
    transport: TrunkTransport = "udp"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRoute:
    """A called number, or a pattern ("9." is 9 and at least one more digit), and the flow that answers."""

    match: str
    flow: FlowName


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundRoute:
    """A dialled pattern, the trunks to try in order, and how the number is rewritten."""

    match: str
    trunks: tuple[TrunkName, ...]
    strip: int = 0
    prepend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAccount:
    """A user with the argon2 hash of the password ("" : cannot sign in), and that of the PIN for phones ("" : cannot
    sign in by a phone's keys).

    record: whether conversations of this agent are recorded: as the queue says, or always, or never.
    skills: what the agent can, each with a level of 1 to 10.
    in_directory: callers may ask for them by name (the flow node `directory`), if they have an extension.
    own_role: a role of the office's own that stands on `role`; "": the shipped one.
    """

    login: str
    name: str
    role: Role
    password_hash: Secret = NO_SECRET
    pin_hash: Secret = NO_SECRET
    extension: ExtensionNumber | None = None
    language: str = "zh-CN"
    record: RecordWhen = "queue"
    skills: Mapping[str, int] = field(default_factory=dict)
    in_directory: bool = True
    own_role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A phone inside: one that registers by digest (password), or a device at a fixed address (contact).

    auto_answer: it is asked to pick up calls of queues by itself, for who wears a headset.
    codecs:      what we offer it and take from it, the best first.
    encryption:  of its sound (SRTP). "allowed": as the phone wants; "required": it has no call without.
    """

    number: ExtensionNumber
    password: Secret = NO_SECRET
    contact: str = ""
    auto_answer: bool = False
    codecs: tuple[Codec, ...] = ("PCMA", "PCMU", "G722", "opus")
    encryption: Encryption = "allowed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comfort:
    """Words for who waits, again and again: a recording by its name (play), or else a text that is read aloud.

    every: seconds. Of a recording that is not there, the text is read.
    """

    every: float
    say: str = ""
    play: str = ""


VOICEMAIL = "voicemail"
CALLBACK = "callback"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """A queue. wrap_up, ring, service_level, max_wait: seconds (max_wait 0: no limit). music: name of a prompt.

    disposition_required: the wrap-up goes on until its agent has said what came of the call.
    announce_recording: who is told that a recorded conversation is recorded. recording_beep: seconds between two soft
    tones that both sides hear meanwhile; 0: none.

    skills:  what an agent must be able to, at least at that level, to be asked at all.
    ranks:   members of a later rank (2 …) are asked when nobody of an earlier one is free; who is not named has rank 1.
             Who serves several queues takes the callers of those first in which the rank is lower.
    weights: how often members are drawn by `random`, beside the others; who is not named has 1.
    priority, level_priority: points of its callers, and those that a customer of a level has on top.
    ageing:  seconds of waiting that weigh as much as one point; 0: a higher priority always goes first.
    sticky:  whom who calls again is given back to: the agent of the last conversation; and sticky_wait: how many
             seconds nobody else is asked while that one, or whom a flow names, is busy.
    retry:   seconds after which a caller is offered again to an agent who refused.
    misses:  unanswered offers in a row that put an agent on break; 0: none does. miss_return: seconds after which that
             break ends by itself; 0: it does not.
    most_waiting: callers who may wait at once; 0: no limit.
    callback_first: who is rung first when somebody is called back, the other joining. callback_ring: seconds that the
             customer's phone rings. callback_hours: "09:00-20:00", when customers may be called, in the
             office's zone; "": always. callback_retries: seconds after each failed try until the next one; when there
             is no next one, people are told to see to it. callback_machine: where the customer is rung first and a
             machine picks up: the try is in vain (hang_up), or an agent gets it like a person (ignore).
    calendar: when it takes callers; "": always. at_closing: whether who still waits when it closes is served all the
             same, or leaves, as if it had been closed.
    announce_position, announce_wait: whether who waits is told the place, and how long it will still be.
    announce_first: seconds until the first announcement; announce_every: from one to the next, 0: there is but one.
    announce_most: who has more callers before them is told only so.
    exits: keys that end the wait: "voicemail", "callback", a flow, or a flow's node ("main/other").
    place_back: minutes in which who was cut off while waiting gets the old place when they call again; 0: never.
    """

    name: QueueName
    title: str = ""
    strategy: Strategy = "longest_idle"
    members: tuple[AgentId, ...] = ()
    wrap_up: float = 10
    ring: float = 20
    service_level: float = 20
    max_wait: float = 0
    record: bool = True
    music: str = ""
    disposition_required: bool = False
    announce_recording: NoticeTo = "none"
    recording_beep: float = 0
    skills: Mapping[str, int] = field(default_factory=dict)
    ranks: Mapping[AgentId, int] = field(default_factory=dict)
    weights: Mapping[AgentId, int] = field(default_factory=dict)
    priority: int = 0
    level_priority: Mapping[str, int] = field(default_factory=dict)
    ageing: float = 0
    sticky: Sticky = "off"
    sticky_wait: float = 0
    retry: float = 10
    misses: int = 1
    miss_return: float = 0
    most_waiting: int = 0
    callback_first: FirstRung = "customer"
    callback_ring: float = 30
    callback_hours: str = ""
    callback_retries: tuple[float, ...] = (300, 1800)
    callback_machine: OnMachine = "hang_up"
    calendar: str = ""
    at_closing: AtClosing = "keep"
    announce_position: Announce = "off"
    announce_wait: Announce = "off"
    announce_first: float = 15
    announce_every: float = 60
    announce_most: int = 10
    comfort: tuple[Comfort, ...] = ()
    exits: Mapping[str, str] = field(default_factory=dict)
    place_back: float = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """How a box for messages is kept. box: "queue:sales", "agent:1001" or "extension:8001" (`voicemail.Box`); what has
    no settings has these.

    greeting: the name of a prompt; "" is the house's own words. longest, shortest: seconds of a message; what is
    shorter is none. silence: seconds of silence that end it; 0: it does not. most: messages that may wait in it; 0: no
    limit. mail: addresses that get each message by e-mail.
    """

    box: str
    greeting: str = ""
    longest: float = 180
    shortest: float = 2
    silence: float = 0
    most: int = 0
    mail: tuple[str, ...] = ()


EACH = "each"
ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may be dialled over trunks, against toll fraud (话费欺诈).

    who: an extension's number; "each": every extension without limits of its own; "all": the whole office together,
    calls that flows dial too.
    calls, per_minute, per_hour: outside calls at once and begun in that time; 0: no limit.
    forbid, permit: patterns of numbers; what is permitted is not refused for its number.
    international, premium: may other countries and premium-rate numbers be dialled? For "all" this is not asked.
    night:   "22:00-07:00" in the office's zone: no outside calls are begun then; "": never.
    longest: seconds after which an outside call is ended; 0: no limit.
    """

    who: str
    calls: int = 0
    per_minute: int = 0
    per_hour: int = 0
    forbid: tuple[str, ...] = ()
    permit: tuple[str, ...] = ()
    international: bool = False
    premium: bool = False
    night: str = ""
    longest: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakReason:
    """Why an agent may be on a break; at a phone its key is its place in the list. limit, per_day: seconds that one
    break, and all of a day together, may last before supervisors are told; 0: as long as one likes."""

    name: str
    title: str = ""
    limit: float = 0
    per_day: float = 0


DEFAULT_BREAKS = tuple(
    BreakReason(name=name, title=title)
    for name, title in (
        ("rest", "小休"),
        ("meal", "用餐"),
        ("meeting", "会议"),
        ("training", "培训"),
        ("work", "处理事务"),
    )
)
"""Of an office that names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """What came of a call, as agents say it when it is over (话后小结). queues: whose calls; none: all. callback: what
    that means for the wish to be called back for which the call was made; "": nothing more than that they spoke."""

    code: str
    title: str = ""
    queues: tuple[QueueName, ...] = ()
    callback: DisposedCallback = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A part that an office may do without (ADM-02). One that is not named is on."""

    name: ModuleName
    on: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Agents who have leaders. leaders: supervisors, who oversee these members and those of their other teams, and
    nobody else. Somebody may be in several teams, and lead several. department: which it belongs to; "": none."""

    name: TeamName
    title: str = ""
    members: tuple[AgentId, ...] = ()
    leaders: tuple[AgentId, ...] = ()
    department: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """All of it, each list in the order of its key. revision grows with every change.

    roles: those that are not as shipped; kept and changed apart from the rest (`store.roles`).
    """

    trunks: tuple[Trunk, ...] = ()
    numbers: tuple[NumberRoute, ...] = ()
    outbound: tuple[OutboundRoute, ...] = ()
    users: tuple[UserAccount, ...] = ()
    extensions: tuple[Extension, ...] = ()
    queues: tuple[QueueSettings, ...] = ()
    limits: tuple[Limits, ...] = ()
    breaks: tuple[BreakReason, ...] = ()
    dispositions: tuple[Disposition, ...] = ()
    modules: tuple[Module, ...] = ()
    mailboxes: tuple[Mailbox, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    teams: tuple[Team, ...] = ()
    roles: tuple[RoleSettings, ...] = ()
    revision: int = 0

    @property
    def break_reasons(self) -> tuple[BreakReason, ...]:
        return self.breaks or DEFAULT_BREAKS

    def dispositions_of(self, queue: str | None) -> tuple[Disposition, ...]:
        """Those that a call of this queue may be given; of a call of no queue, those of all calls."""
        return tuple(one for one in self.dispositions if not one.queues or queue in one.queues)

    def role_of(self, login: str) -> Role:
        """Who is no user (any more) is no more than an agent."""
        return next((user.role for user in self.users if user.login == login), "agent")

    def role(self, role: str) -> RoleSettings:
        """Of a shipped role, or of one's own that there is."""
        return next((known for known in self.roles if known.role == role), RoleSettings(role=role))

    def own_role(self, code: str) -> RoleSettings | None:
        return next((known for known in self.roles if known.base and known.role == code), None)

    def settings_of(self, login: str) -> RoleSettings:
        """What somebody may and sees, by their own role or the shipped one."""
        user = next((user for user in self.users if user.login == login), None)
        if user is None:
            return self.role("agent")
        own = self.own_role(user.own_role) if user.own_role else None
        return own if own is not None and own.base == user.role else self.role(user.role)

    def teams_of(self, login: str) -> tuple[TeamName, ...]:
        """Which somebody is in or leads."""
        return tuple(team.name for team in self.teams if login in (*team.members, *team.leaders))

    def department_of(self, login: str) -> tuple[Team, ...]:
        """All teams of the departments of those that somebody is in or leads, and these."""
        own = self.teams_of(login)
        departments = {team.department for team in self.teams if team.name in own and team.department}
        return tuple(team for team in self.teams if team.name in own or team.department in departments)

    def team_of(self, login: str) -> str:
        """Whose affair is what somebody writes: the first that they are in, else the first that they lead; "": none."""
        of = [team.name for team in self.teams if login in team.members]
        of += [team.name for team in self.teams if login in team.leaders]
        return of[0] if of else ""

    def overseen_by(self, login: str) -> frozenset[AgentId] | None:
        """Whom somebody oversees by name, themselves among them. None: everybody, whoever comes.

        Managers and administrators oversee everybody, and so does a supervisor who leads no team: a small office needs
        none. An agent oversees nobody else, and neither does who is no user (any more).
        """
        role = self.role_of(login)
        led = self.led_by(login)
        if role in ("manager", "admin") or (role == "supervisor" and not led):
            return None
        return frozenset({AgentId(login)}.union(*(team.members for team in led)))

    def led_by(self, login: str) -> tuple[Team, ...]:
        """Of a supervisor, the teams that they lead; nobody else leads."""
        if any(user.login == login and user.role == "supervisor" for user in self.users):
            return tuple(team for team in self.teams if login in team.leaders)
        return ()

    def share_a_team(self, one: AgentId, other: AgentId) -> bool:
        """Are both in one team, as members or leaders?"""
        return any({one, other} <= {*team.members, *team.leaders} for team in self.teams)

    def has(self, module: ModuleName) -> bool:
        """Is this part switched on?"""
        return all(one.on for one in self.modules if one.name == module)

    @property
    def off(self) -> tuple[ModuleName, ...]:
        """Modules that are switched off."""
        return tuple(name for name in MODULES if not self.has(name))

    @property
    def duties_off(self) -> tuple[str, ...]:
        """Kinds of duties whose module is switched off: they rest."""
        return tuple(kind for name in self.off for kind in MODULES[name].duties)

    @property
    def kinds_off(self) -> tuple[str, ...]:
        """Kinds of records whose module is switched off: they are there, and nobody sees them."""
        return tuple(kind for name in self.off for kind in MODULES[name].kinds)

    def mailbox(self, box: Box) -> Mailbox:
        """Its settings; those of every other box if nobody has given it any."""
        return next((known for known in self.mailboxes if known.box == str(box)), Mailbox(box=str(box)))
