"""The kinds of duties as they ship, as data: what each needs, how long it has, who is told, and which calls close it.

An administrator changes times, names and rules of closing (`kindterms`).
A new kind is a new row; what is done with it is `ledger`, `warnings` and `calls`, which know none by name but these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from callcenterd.model.calls import Outcome
from callcenterd.model.duties import Escalation
from callcenterd.model.duty_kinds import Closing

Needed = Literal["title", "number"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """chinese, english: what it is called. limit: working minutes until it is due, where nobody says when. warn:
    working minutes before. escalations: where nobody says otherwise.

    needs: fields that must be filled in. by_hand: people make them. outcomes: what may come of it, the usual one first.
    closes: which calls with its number close it; None: none. closed_as: the outcome of that ("": the usual one), and
    closed_late: where it was too late. priority_levels: customers of these levels go first.
    of_record: a step of a record, which alone makes it, hands it over and closes it. by_people: only an agent's call
    closes it, and none that a flow or a campaign made.
    from_calls: inbound calls that ended so are owed one, one for each line.
    """

    name: str
    chinese: str
    english: str
    limit: int
    warn: int
    escalations: tuple[Escalation, ...] = ()
    needs: tuple[Needed, ...] = ()
    by_hand: bool = True
    outcomes: tuple[str, ...]
    closes: Closing | None = None
    closed_as: str = ""
    closed_late: str = ""
    priority_levels: tuple[str, ...] = ()
    from_calls: tuple[Outcome, ...] = ()
    of_record: bool = False
    by_people: bool = False


_KINDS = (
    Kind(
        name="task",
        chinese="任务",
        english="Task",
        limit=8 * 60,
        warn=30,
        needs=("title",),
        outcomes=("done", "not_possible"),
    ),
    Kind(
        name="reminder",
        chinese="提醒",
        english="Reminder",
        limit=60,
        warn=0,
        needs=("title",),
        outcomes=("done",),
    ),
    Kind(
        name="promise",
        chinese="承诺回电",
        english="Promise to call",
        limit=60,
        warn=10,
        escalations=(Escalation(15, "leaders"),),
        needs=("number",),
        outcomes=("kept", "not_reached", "not_needed"),
        closes="reached",
        closed_as="kept",
        closed_late="kept_late",
    ),
    Kind(
        name="lost_caller",
        chinese="未接来电",
        english="Lost caller",
        limit=60,
        warn=15,
        escalations=(Escalation(60, "leaders"),),
        needs=("number",),
        by_hand=False,
        outcomes=("reached", "not_reached", "wrong_number", "not_needed"),
        closes="spoken",
        closed_as="reached",
        priority_levels=("gold", "vip"),
        from_calls=("abandoned", "no_answer"),
    ),
    Kind(
        name="complaint_step",
        chinese="投诉办理",
        english="Step of a complaint",
        limit=4 * 60,
        warn=60,
        by_hand=False,
        outcomes=("moved",),
        of_record=True,
    ),
    Kind(
        name="complaint_answer",
        chinese="投诉回复",
        english="Answer to a complaint",
        limit=4 * 60,
        warn=60,
        needs=("number",),
        by_hand=False,
        outcomes=("answered",),
        closes="reached",
        closed_as="answered",
        of_record=True,
        by_people=True,
    ),
    Kind(
        name="follow_up",
        chinese="业务回访",
        english="Follow-up",
        limit=2 * 8 * 60,
        warn=60,
        escalations=(Escalation(8 * 60, "leaders"),),
        by_hand=False,
        outcomes=("followed_up",),
        of_record=True,
    ),
    Kind(
        name="appraisal",
        chinese="通话考核",
        english="Appraisal of a call",
        limit=5 * 8 * 60,
        warn=8 * 60,
        by_hand=False,
        outcomes=("appraised",),
        of_record=True,
    ),
)
KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _KINDS})
CALLED_AGAIN = "called_again"
"""The outcome where they rang themselves."""
