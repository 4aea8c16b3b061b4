"""Campaigns: lists of customers whom the office calls of its own accord [外呼活动] (ACD-06)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from callcenterd.errors import NotNow
from callcenterd.model.ids import AgentId, CallId, CustomerId, QueueName

Mode = Literal["preview", "progressive"]
CampaignState = Literal["stopped", "running", "paused", "finished"]
EntryState = Literal["waiting", "dialling", "done", "exhausted", "do_not_call", "skipped", "invalid"]
Result = Literal[
    "answered",
    "busy",
    "no_answer",
    "no_such_number",
    "switched_off",
    "machine",
    "refused",
    "abandoned",
    "wrong_number",
    "failed",
    "put_off",
    "interrupted",
]
Meaning = Literal["done", "again", "do_not_call", "wrong_number"]
WithoutAgent = Literal["queue", "message"]
Machines = Literal["connect", "hang_up"]

DEFAULT_RETRY: Mapping[Result, float] = {
    "busy": 600,
    "no_answer": 3600,
    "switched_off": 3600,
    "machine": 7200,
    "abandoned": 3600,
    "failed": 300,
    "put_off": 300,
    "interrupted": 600,
}
MOST_ENTRIES = 100_000
"""Of one campaign."""
MOST_RATIO = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPlan:
    """How a campaign calls. ring, longest_wait, preview_seconds, retry: seconds.

    queue:     whose agents speak with those who answer; its own callers go first.
    mode:      preview: one agent sees one customer, and dials or skips. progressive: the system dials, and who answers
               is given to an agent who was kept for that.
    priority:  among the campaigns of a queue; higher goes first.
    calendar, hours: when customers may be called: "" is always; hours are of the office's zone, "09:00-20:00".
    caller_id: the number that is shown, one of the office's own; "": what the trunk shows always.
    ratio:     dials at once for each free agent; above 1 some who answer may find nobody.
    abandon_limit, abandon_of: of the last so many who answered, the greatest share that may find no agent; else the
               ratio is 1.
    without_agent: who finds none waits in the queue before all others, longest_wait at most (0: as the queue says), or
               hears the message at once. message: what is read to who got nobody; "": nothing.
    machines:  whether an answering machine is hung up on.
    attempts, attempts_a_day: how often one entry is dialled. retry: after which result it is tried again, and when.
    preview_dials: the number is dialled when the time of a preview is over; else the customer waits again.
    meanings:  what a disposition's code means for the entry; a code that is not named means done.
    """

    name: str
    queue: QueueName
    mode: Mode = "progressive"
    priority: int = 0
    calendar: str = ""
    hours: str = "09:00-20:00"
    caller_id: str = ""
    ring: float = 30
    ratio: float = 1.0
    abandon_limit: float = 0.03
    abandon_of: int = 100
    without_agent: WithoutAgent = "queue"
    longest_wait: float = 30
    message: str = ""
    machines: Machines = "connect"
    attempts: int = 3
    attempts_a_day: int = 2
    retry: Mapping[Result, float] = field(default_factory=lambda: dict(DEFAULT_RETRY))
    preview_seconds: float = 60
    preview_dials: bool = False
    meanings: Mapping[str, Meaning] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign(CampaignPlan):
    """version: goes up with every change of the plan; running or not is no change of it."""

    id: int
    state: CampaignState
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    version: int = 1


class CampaignIsAnother(NotNow):
    """Somebody else has changed the plan since it was read. now: as it is; nothing was written over it."""

    def __init__(self, now: Campaign) -> None:
        super().__init__(f"the campaign {now.name} was changed meanwhile")
        self.now = now


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """One to be called, as a list names it. fields: what else is to be known of them, for the agent."""

    number: str
    name: str = ""
    customer: CustomerId | None = None
    priority: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignEntry(ListRow):
    """due: not before that. agreed: with the customer. result: of the last attempt; "" if there was none. call: the
    last one's."""

    id: int
    campaign: int
    state: EntryState
    result: str
    attempts: int
    due: datetime
    agreed: bool
    call: CallId | None
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class Turn:
    """How an entry stands now. due: None leaves it. agreed: with the customer."""

    state: EntryState
    due: datetime | None = None
    agreed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call to an entry. by: a login, or "system". result "": it is under way. agent: who spoke, or dialled.

    without_agent: who answered found nobody. disposition: what the agent said came of it.
    """

    id: int
    campaign: int
    entry: int
    at: datetime
    by: str
    call: CallId
    ended_at: datetime | None
    result: str
    agent: AgentId | None
    without_agent: bool
    disposition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """text: a part of the name or number."""

    state: EntryState | None = None
    result: Result | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Of rows. doubles: numbers that the campaign had already. do_not_call: taken in as not to be called."""

    added: int
    doubles: int
    do_not_call: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentResults:
    agent: AgentId
    attempts: int
    answered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignResults:
    """states: entries by state. results, dispositions: attempts by what came of them. answered: attempts in which an
    agent spoke with the customer. abandoned_share: of those picked up by somebody, who got nobody; None: none was."""

    entries: int
    states: Mapping[str, int]
    attempts: int
    results: Mapping[str, int]
    dispositions: Mapping[str, int]
    answered: int
    abandoned: int
    abandoned_share: float | None
    agents: tuple[AgentResults, ...]
