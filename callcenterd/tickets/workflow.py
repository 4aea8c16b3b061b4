"""Who may do what with a complaint, and what comes of it: the rules of a workflow. Pure: no clock, no store.

The workflow is data (`model.workflows`); this file only obeys it. What somebody asks out of turn changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from callcenterd.errors import NotNow, Refused
from callcenterd.model.duties import Escalation
from callcenterd.model.workflows import Fact, Given, Move, Part, Step, Workflow

MOST_STEPS = 30
MOST_MOVES = 12
_FROM_BEFORE: dict[Part, Fact] = {"head": "team", "team": "team", "person": "person"}
"""Who does a step must be known when it begins: what says so must have been said on every way to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a complaint stands. team: the department; person: who is responsible; "": not known yet. stands: None: not
    decided. reopened: how often."""

    state: str
    team: str = ""
    person: str = ""
    stands: bool | None = None
    result: str = ""
    satisfaction: str = ""
    reopened: int = 0


class NotTheirs(NotNow):
    """This step is somebody else's."""


def may(step: Step, parts: Collection[Part]) -> bool:
    """The step's own, and who stands in for them: the head does what the person responsible and the team do."""
    if step.who in parts:
        return True
    return "head" in parts and step.who in ("person", "team")


def possible(step: Step, parts: Collection[Part]) -> tuple[Move, ...]:
    """What they can do now by hand."""
    return tuple(move for move in step.moves if not move.answered) if may(step, parts) else ()


def after(workflow: Workflow, at: Position, code: str, given: Given, parts: Collection[Part]) -> tuple[Move, Position]:
    """The move of that code, made by who has these parts. Raises NotNow, NotTheirs, and Refused with what is
    missing."""
    step = workflow.step(at.state)
    move = next((one for one in step.moves if one.code == code and not one.answered), None)
    if move is None:
        raise NotNow("this cannot be done with the complaint now")
    if not may(step, parts):
        raise NotTheirs("this step of the complaint is somebody else's")
    missing = [fact for fact in move.needs if not given.has(fact)]
    if missing:
        raise Refused("the complaint cannot be moved so", {_FIELD.get(fact, fact): "is missing" for fact in missing})
    said = (*move.needs, *move.also)
    new = replace(
        at,
        state=move.to,
        team=given.team if "team" in said and given.team else at.team,
        person=given.person if "person" in said and given.person else at.person,
        stands=at.stands if move.stands is None else move.stands,
        satisfaction=given.satisfaction if "satisfaction" in said else at.satisfaction,
    )
    if "team" in said and given.team and given.team != at.team and "person" not in said:
        new = replace(new, person="")  # who was responsible there
    if "result" in said:
        new = replace(new, result=given.result)
    elif move.stands is False:
        new = replace(new, result=given.reason)  # the customer is told why
    if move.reopens:
        new = replace(new, stands=None, satisfaction="", reopened=at.reopened + 1)
    return move, new


def answered(workflow: Workflow, at: Position) -> tuple[Move, Position]:
    """The customer has the answer. Raises NotNow where nobody was to be answered."""
    step = workflow.step(at.state)
    move = next((one for one in step.moves if one.answered), None)
    if not step.answers or move is None:
        raise NotNow("nobody is to be answered now")
    return move, replace(at, state=move.to)


_FIELD: dict[Fact, str] = {"limit": "minutes"}


# ---- workflows as an administrator writes them ------------------------------------------------------------------


def faults(workflow: Workflow) -> dict[str, str]:
    """What is wrong with it, by where: "steps.2.moves.0.to". Nothing: every complaint can be brought to an end, and
    who does a step is known when it begins."""
    found = dict(_at_steps(workflow))
    if found or not workflow.steps:
        return found or {"steps": "is missing"}
    reached = _reached(workflow)
    ends = {step.code for step in workflow.steps if not step.limit}
    if not ends:
        return {"steps": "a workflow needs an end: a step without a limit"}
    leads = set(ends)
    while more := {s.code for s in workflow.steps if any(m.to in leads for m in s.moves)} - leads:
        leads |= more
    known = _known(workflow)
    for n, step in enumerate(workflow.steps):
        where = f"steps.{n}"
        if step.code not in reached:
            found[f"{where}.code"] = "no way leads to this step"
        elif step.code not in leads:
            found[f"{where}.moves"] = "no way leads from this step to an end"
        elif (fact := _FROM_BEFORE.get(step.who)) and fact not in known[step.code]:
            found[f"{where}.who"] = "is not known on every way to this step"
    return found


def _at_steps(workflow: Workflow) -> Iterator[tuple[str, str]]:
    codes = [step.code for step in workflow.steps]
    for n, step in enumerate(workflow.steps):
        where = f"steps.{n}"
        if step.code in codes[:n]:
            yield f"{where}.code", "stands twice"
        if step.warn and step.warn >= step.limit:
            yield f"{where}.warn", "must be less than the limit"
        moves = [move.code for move in step.moves]
        told = [move for move in step.moves if move.answered]
        if step.answers and len(told) != 1:
            yield f"{where}.moves", "where the customer is answered, one move happens by that"
        for k, move in enumerate(step.moves):
            if move.code in moves[:k]:
                yield f"{where}.moves.{k}.code", "stands twice"
            if move.to not in codes:
                yield f"{where}.moves.{k}.to", "there is no such step"
            if move.answered and (not step.answers or move.needs):
                yield f"{where}.moves.{k}.answered", "only where the customer is answered, and without anything said"


def _reached(workflow: Workflow) -> set[str]:
    found, ahead = set[str](), [workflow.start.code]
    while ahead:
        code = ahead.pop()
        if code not in found:
            found.add(code)
            ahead += [move.to for move in workflow.step(code).moves]
    return found


def _known(workflow: Workflow) -> dict[str, set[Fact]]:
    """What has been said on every way to each step that can be reached."""
    known: dict[str, set[Fact]] = {workflow.start.code: set()}
    changed = True
    while changed:
        changed = False
        for step in workflow.steps:
            if step.code not in known:
                continue
            for move in step.moves:
                said = (known[step.code] | set(move.needs)) - ({"person"} if _forgets_person(move) else set())
                before = known.get(move.to)
                now = said if before is None else before & said
                if now != before:
                    known[move.to], changed = now, True
    return known


def _forgets_person(move: Move) -> bool:
    return "team" in (*move.needs, *move.also) and "person" not in move.needs


# ---- what ships -------------------------------------------------------------------------------------------------

_HANDED_UP = (Escalation(0, "leaders"), Escalation(8 * 60, "manager"))
_DISPATCH = Move(code="dispatch", chinese="派单", english="Dispatch", to="review", needs=("team",), also=("reason",))
_REOPEN = Move(code="reopen", chinese="重新受理", english="Reopen", to="review", needs=("reason",), reopens=True)

DEFAULT = Workflow(
    chinese="投诉建议处理",
    english="Complaints and suggestions",
    steps=(
        Step(
            code="registered",
            chinese="已登记",
            english="Registered",
            who="maker",
            limit=30,
            warn=10,
            escalations=_HANDED_UP,
            corrects=True,
            moves=(_DISPATCH,),
        ),
        Step(
            code="review",
            chinese="待核定",
            english="To be reviewed",
            who="head",
            limit=4 * 60,
            warn=60,
            escalations=_HANDED_UP,
            corrects=True,
            moves=(
                Move(
                    code="stands",
                    chinese="核定成立",
                    english="It stands",
                    to="in_progress",
                    needs=("person",),
                    also=("limit", "reason"),
                    stands=True,
                ),
                Move(
                    code="does_not_stand",
                    chinese="核定不成立",
                    english="It does not stand",
                    to="handled",
                    needs=("reason",),
                    stands=False,
                ),
                Move(
                    code="dispatch",
                    chinese="转派其他部门",
                    english="To another department",
                    to="review",
                    needs=("team", "reason"),
                ),
            ),
        ),
        Step(
            code="in_progress",
            chinese="处理中",
            english="In progress",
            who="person",
            limit=16 * 60,
            warn=2 * 60,
            escalations=_HANDED_UP,
            moves=(
                Move(code="handled", chinese="处理完", english="Handled", to="handled", needs=("result",)),
                Move(
                    code="hand_over",
                    chinese="换人处理",
                    english="To another person",
                    to="in_progress",
                    needs=("person", "reason"),
                    also=("limit",),
                ),
                Move(code="back", chinese="退回核定", english="Back to review", to="review", needs=("reason",)),
            ),
        ),
        Step(
            code="handled",
            chinese="处理完未回复",
            english="Handled, not yet answered",
            who="maker",
            limit=4 * 60,
            warn=60,
            escalations=_HANDED_UP,
            answers=True,
            moves=(
                Move(code="answered", chinese="已回复", english="Answered", to="answered", answered=True),
                Move(code="back", chinese="退回核定", english="Back to review", to="review", needs=("reason",)),
            ),
        ),
        Step(
            code="answered",
            chinese="处理完已回复",
            english="Handled and answered",
            who="maker",
            limit=24 * 60,
            warn=2 * 60,
            escalations=_HANDED_UP,
            moves=(
                Move(
                    code="close",
                    chinese="结案",
                    english="Close",
                    to="closed",
                    needs=("satisfaction",),
                    also=("reason",),
                ),
                _REOPEN,
            ),
        ),
        Step(code="closed", chinese="已结案", english="Closed", who="maker", moves=(_REOPEN,)),
    ),
)
"""The way of CMP-02, until an administrator has another one."""
