"""The rules of a workflow: the way of CMP-02 as a table, what is no workflow, and any order of moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from callcenterd.errors import NotNow, Refused
from callcenterd.model.workflows import PARTS, Given, Move, Part, Step, Workflow
from callcenterd.tickets.workflow import DEFAULT, NotTheirs, Position, after, answered, faults, may, possible

SAID = Given(team="one", person="1001", minutes=30, reason="因为", result="已赔礼", satisfaction="satisfied")
# state, move, who may make it, what it needs → the state that follows
TABLE = """
registered   dispatch        maker        team           review
review       stands          head         person         in_progress
review       does_not_stand  head         reason         handled
review       dispatch        head         team,reason    review
in_progress  handled         person,head  result         handled
in_progress  hand_over       person,head  person,reason  in_progress
in_progress  back            person,head  reason         review
handled      back            maker        reason         review
answered     close           maker        satisfaction   closed
answered     reopen          maker        reason         review
closed       reopen          maker        reason         review
"""


def without(fact: str) -> Given:
    known = {"team": "one", "person": "1001", "reason": "因为", "result": "已赔礼", "satisfaction": "satisfied"}
    known[fact] = ""
    return Given(
        team=known["team"],
        person=known["person"],
        reason=known["reason"],
        result=known["result"],
        satisfaction=known["satisfaction"],
    )


ROWS = [line.split() for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1]}")
def test_the_way_of_a_complaint(row: list[str]) -> None:
    state, code, who, needs, to = row
    here = Position(state=state, team="one", person="1001")
    for part in PARTS:
        if part in who.split(","):
            move, there = after(DEFAULT, here, code, SAID, {part})
            assert (move.code, there.state) == (code, to)
        else:
            with pytest.raises(NotTheirs):
                after(DEFAULT, here, code, SAID, {part})
    for fact in needs.split(","):
        with pytest.raises(Refused) as told:
            after(DEFAULT, here, code, without(fact), set(PARTS))
        assert list(told.value.fields) == [fact]


def test_the_table_is_whole() -> None:
    by_hand = {(step.code, move.code) for step in DEFAULT.steps for move in step.moves if not move.answered}
    assert {(row[0], row[1]) for row in ROWS} == by_hand
    assert [step.code for step in DEFAULT.steps if step.corrects] == ["registered", "review"]
    every = {move.code for step in DEFAULT.steps for move in step.moves}
    for step in DEFAULT.steps:
        for code in every - {move.code for move in step.moves if not move.answered}:
            with pytest.raises(NotNow, match="cannot be done"):
                after(DEFAULT, Position(state=step.code), code, SAID, set(PARTS))


def test_what_a_move_decides_stays_with_the_complaint() -> None:
    review = Position(state="review", team="one")
    _, refused = after(DEFAULT, review, "does_not_stand", Given(reason="查无此事"), {"head"})
    assert (refused.stands, refused.result, refused.state) == (False, "查无此事", "handled"), "they are told why"
    _, stands = after(DEFAULT, review, "stands", Given(person="1001"), {"head"})
    assert (stands.stands, stands.person) == (True, "1001")
    _, handled = after(DEFAULT, stands, "handled", Given(result="已换货"), {"person"})
    move, told = answered(DEFAULT, handled)
    assert (move.code, told.state, told.result) == ("answered", "answered", "已换货")
    _, closed = after(DEFAULT, told, "close", Given(satisfaction="dissatisfied"), {"maker"})
    assert closed.satisfaction == "dissatisfied"
    _, again = after(DEFAULT, closed, "reopen", Given(reason="又坏了"), {"maker"})
    assert (again.state, again.reopened, again.stands, again.satisfaction) == ("review", 1, None, "")
    _, elsewhere = after(DEFAULT, again, "dispatch", Given(team="two", reason="不归我们"), {"head"})
    assert (elsewhere.team, elsewhere.person) == ("two", ""), "who was responsible there is so no more"


@pytest.mark.parametrize("state", [step.code for step in DEFAULT.steps if not step.answers])
def test_who_need_not_be_answered_is_not(state: str) -> None:
    with pytest.raises(NotNow, match="nobody is to be answered"):
        answered(DEFAULT, Position(state=state))


def test_the_head_stands_in_for_those_of_the_department() -> None:
    def step(who: Part) -> Step:
        return Step(code="a", chinese="甲", english="A", who=who)

    allowed = {(who, part) for who in PARTS for part in PARTS if may(step(who), {part})}
    assert allowed == {(part, part) for part in PARTS} | {("person", "head"), ("team", "head")}
    assert not possible(DEFAULT.step("review"), {"maker", "person", "team"})


# ---- what an administrator may write ------------------------------------------------------------------------------


def changed(n: int, **known: Any) -> Workflow:
    steps = list(DEFAULT.steps)
    steps[n] = replace(steps[n], **known)
    return replace(DEFAULT, steps=tuple(steps))


def test_what_ships_is_a_workflow() -> None:
    assert faults(DEFAULT) == {}


@pytest.mark.parametrize(
    ("workflow", "where"),
    [
        (replace(DEFAULT, steps=()), "steps"),
        (changed(5, limit=10), "steps"),
        (changed(1, code="registered"), "steps.1.code"),
        (changed(0, warn=30), "steps.0.warn"),
        (changed(0, moves=()), "steps.1.code"),
        (changed(3, moves=()), "steps.3.moves"),
        (changed(3, answers=False), "steps.3.moves.0.answered"),
        (changed(0, who="head"), "steps.0.who"),
        (changed(0, moves=(Move(code="go", chinese="走", english="Go", to="nowhere"),)), "steps.0.moves.0.to"),
        (changed(0, moves=(Move(code="go", chinese="走", english="Go", to="review"),)), "steps.1.who"),
        (changed(1, moves=(Move(code="go", chinese="走", english="Go", to="in_progress"),)), "steps.2.who"),
        (changed(0, moves=DEFAULT.steps[0].moves * 2), "steps.0.moves.1.code"),
        (changed(0, moves=(Move(code="go", chinese="走", english="Go", to="registered"),)), "steps.0.moves"),
    ],
)
def test_what_leads_nowhere_is_no_workflow(workflow: Workflow, where: str) -> None:
    assert where in faults(workflow), faults(workflow)


# ---- any order ----------------------------------------------------------------------------------------------------


class AnyOrder(RuleBasedStateMachine):
    """Whoever asks for whatever, whenever: the complaint is always at one of its steps, whose people are known."""

    def __init__(self) -> None:
        super().__init__()
        self.at = Position(state=DEFAULT.start.code)
        self.reopened = 0

    @rule(
        code=st.sampled_from(sorted({move.code for step in DEFAULT.steps for move in step.moves})),
        part=st.sampled_from(PARTS),
        team=st.sampled_from(["", "one", "two"]),
        person=st.sampled_from(["", "1001", "1002"]),
        text=st.sampled_from(["", "好"]),
    )
    def moves(self, code: str, part: Part, team: str, person: str, text: str) -> None:
        given = Given(team=team, person=person, reason=text, result=text, satisfaction=text)
        step = DEFAULT.step(self.at.state)
        try:
            move, there = after(DEFAULT, self.at, code, given, {part})
        except (NotNow, Refused):
            return
        assert move in possible(step, {part})
        assert all(given.has(fact) for fact in move.needs)
        self.reopened += move.reopens
        self.at = there

    @rule()
    def is_answered(self) -> None:
        step = DEFAULT.step(self.at.state)
        try:
            _, self.at = answered(DEFAULT, self.at)
        except NotNow:
            assert not step.answers

    @invariant()
    def it_is_known_who_does_the_step(self) -> None:
        step = DEFAULT.step(self.at.state)
        assert step.who not in ("head", "team") or self.at.team
        assert step.who != "person" or self.at.person

    @invariant()
    def what_was_decided_is_kept(self) -> None:
        if self.at.state == "in_progress":
            assert self.at.stands
        if self.at.state in ("handled", "answered", "closed"):
            assert self.at.stands is not None
            assert self.at.result, "there is something to tell the customer"
        assert (self.at.state == "closed") <= bool(self.at.satisfaction)
        assert self.at.reopened == self.reopened


AnyOrder.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnyOrder = AnyOrder.TestCase
