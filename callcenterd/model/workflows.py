"""Workflows [工单流转] as data: the steps of a complaint, who does each, how long it has, and what may follow it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from callcenterd.model.duties import Escalation

Part = Literal[
    "maker",  # who wrote the complaint down
    "head",  # the leaders of the department that it was dispatched to
    "person",  # the person responsible
    "team",  # anybody of that department
]
PARTS: tuple[Part, ...] = get_args(Part)
Fact = Literal["team", "person", "limit", "reason", "result", "satisfaction"]
"""What a move has to say: the department, the person responsible, a time limit, why, what was done, how content the
customer is with the answer."""
FACTS: tuple[Fact, ...] = get_args(Fact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """From one step to another. needs: what must be said with it; also: what may be.

    stands: it decides that the complaint stands, or does not; None: nothing of that. answered: it happens by itself
    when the customer has the answer. reopens: it begins anew, and is counted.
    """

    code: str
    chinese: str
    english: str
    to: str
    needs: tuple[Fact, ...] = ()
    also: tuple[Fact, ...] = ()
    stands: bool | None = None
    answered: bool = False
    reopens: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A state of the complaint. limit: working minutes until it must be left; 0: it may stay (an end). warn: so many
    before. corrects: the record may be corrected here. answers: the customer is to be given the answer here.
    """

    code: str
    chinese: str
    english: str
    who: Part
    limit: int = 0
    warn: int = 0
    escalations: tuple[Escalation, ...] = ()
    corrects: bool = False
    answers: bool = False
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """steps: it begins with the first. chinese, english: what it is called."""

    chinese: str
    english: str
    steps: tuple[Step, ...]

    def step(self, code: str) -> Step:
        """Raises KeyError."""
        for one in self.steps:
            if one.code == code:
                return one
        raise KeyError(code)

    @property
    def start(self) -> Step:
        return self.steps[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptWorkflow:
    """type: of complaints, a code of the dictionary complaint_type; "": of all that have none of their own. version:
    counts the changes of that type's; a complaint keeps the one with which it began."""

    id: int
    type: str
    version: int
    workflow: Workflow
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What somebody says with a move; "" and None: nothing. minutes: working minutes for the step that follows; due:
    or its time."""

    team: str = ""
    person: str = ""
    minutes: int | None = None
    due: datetime | None = None
    reason: str = ""
    result: str = ""
    satisfaction: str = ""

    def has(self, fact: Fact) -> bool:
        if fact == "limit":
            return self.minutes is not None or self.due is not None
        return bool(str(getattr(self, fact)).strip())
