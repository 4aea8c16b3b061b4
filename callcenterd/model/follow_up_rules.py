"""Rules that draw follow-ups [回访规则]: which customers are rung on which day, and by whom (FUP-02).

A rule goes by a day of the customer (when something was used, when they called last) and an interval: whose day is so
many days ago, or so many ahead, is drawn today. Or by a query alone; or by both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, get_args

from callcenterd.errors import NotNow
from callcenterd.model.follow_ups import AGAIN_MINUTES, TRIES
from callcenterd.model.ids import CustomerId
from callcenterd.model.query import Node

Past = Literal["created_at", "changed_at", "last_call", "last_consultation", "complaint_closed"]
"""Days that a customer has by what happened: the card was made or changed; the last conversation on the telephone, the
last consultation, the last complaint that was closed."""
PAST: tuple[Past, ...] = get_args(Past)
CUSTOM = "x_"
"""Before the name of a custom field of customers that holds a date, as in queries."""
Deal = Literal["even", "load", "owner", "team"]
"""even: each member in turn. load: whoever owes the fewest. owner: the customer's, where they are of the team, else in
turn. team: nobody's yet; whoever of the team is first takes it."""
LeftOut = Literal["drawn", "owed", "recent", "no_number", "do_not_call", "full", "gone"]
"""Why somebody is not drawn: for that day already; one of this rule is still to be done; drawn by this rule so short a
time ago; no number; one that must not be called; the day's number is full; removed at this moment."""
LEFT_OUT: tuple[LeftOut, ...] = get_args(LeftOut)
DrawingFault = Literal["", "query_gone", "query_refused", "too_long", "team_gone", "field_gone"]
"""Why nothing could be drawn: what the rule needs is not there any more, or its query takes too long."""

FARTHEST_DAYS = 3650
MOST_A_DAY = 1000
MOST_AGAIN_DAYS = 3650
MOST_CATCH_UP = 31
MOST_DUE_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTerms:
    """date_field: one of `PAST`, or a custom field; "": every day anew whom the query finds. days: from that day to the
    one of the drawing; negative: before it. where: conditions on customers; or query: a saved one's number.

    team: to whom they are dealt. due_days: of the office's work, the day of the drawing counted. channel: "" the
    customer's own. most: in one day. again_days: for so many nobody is drawn again. hour: of the office's day.
    catch_up: so many days back is made up for what was missed, because the server was off or the day was full.
    most_tries, again_minutes: as `follow_ups.TRIES`.
    """

    chinese: str
    english: str
    active: bool = False
    category: str
    date_field: str = ""
    days: int = 0
    where: Node | None = None
    query: int | None = None
    team: str
    deal: Deal = "even"
    due_days: int = 2
    channel: str = ""
    content: str = ""
    most: int = 50
    again_days: int = 30
    hour: int = 9
    catch_up: int = 3
    most_tries: int = TRIES
    again_minutes: int = AGAIN_MINUTES


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpRule(RuleTerms):
    """since: the first day of the office for which it draws; None: it was never switched on. version: goes up with
    every change."""

    id: int
    since: date | None
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What a rule drew for one day. by: "system", or who asked for it. finished_at None: it is under way, or was ended
    with the server and goes on with it. found: all whose day it was; left_out: how many of these were not drawn, by
    reason (`LeftOut`). fault: nothing was found at all."""

    id: int
    rule: int
    day: date
    by: str
    started_at: datetime
    finished_at: datetime | None = None
    found: int = 0
    drawn: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    fault: DrawingFault = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A customer whose day it is. day: theirs, by the rule's date field. phone: the first of their numbers."""

    customer: CustomerId
    day: date
    name: str
    phone: str
    owner: str


class RuleIsAnother(NotNow):
    """Somebody else has changed the rule since it was read. now: as it is; nothing was written over it."""

    def __init__(self, now: FollowUpRule) -> None:
        super().__init__("somebody has changed this rule meanwhile")
        self.now = now
