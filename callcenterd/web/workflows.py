"""Workflows [工单流转] of complaints: an administrator says who does which step, how long it has, what may follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.model.duties import Escalation
from callcenterd.model.workflows import Fact, KeptWorkflow, Move, Part, Step, Workflow
from callcenterd.tickets.deadlines import MOST_MINUTES
from callcenterd.tickets.workflow import MOST_MOVES, MOST_STEPS
from callcenterd.web.answers import VISIBLE, Asked, Conditions, answer, conditions, nothing, read
from callcenterd.web.describe import shape
from callcenterd.web.duties import EscalationAsked
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

DEFAULT_NAME = "default"
"""In an address, the workflow of all types that have none of their own."""
Code = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
Title = Annotated[str, VISIBLE, Field(min_length=1, max_length=60)]


@dataclass(frozen=True, slots=True)
class StepName:
    code: str
    chinese: str
    english: str


@dataclass(frozen=True, slots=True)
class Department:
    name: str
    title: str


@dataclass(frozen=True, slots=True)
class WorkflowList:
    """items: as they are now; type "" is of all types that have none of their own. steps: of all versions, for what
    older complaints say. teams: to whom complaints are dispatched."""

    items: list[KeptWorkflow]
    total: int
    steps: list[StepName]
    teams: list[Department]


KEPT = TypeAdapter(KeptWorkflow)
LIST = TypeAdapter(WorkflowList)


class MoveFields(Asked):
    """needs: what must be said with it; also: what may be. stands: it decides that; answered: it happens when the
    customer has the answer; reopens: counted as a reopening."""

    code: Code
    chinese: Title
    english: Title
    to: Code
    needs: list[Fact] = Field([], max_length=6)
    also: list[Fact] = Field([], max_length=6)
    stands: bool | None = None
    answered: bool = False
    reopens: bool = False

    def move(self) -> Move:
        names = ("code", "chinese", "english", "to", "stands", "answered", "reopens")
        return Move(**{name: getattr(self, name) for name in names}, needs=tuple(self.needs), also=tuple(self.also))


class StepFields(Asked):
    """limit, warn: working minutes; a step without a limit is an end."""

    code: Code
    chinese: Title
    english: Title
    who: Part
    limit: int = Field(0, ge=0, le=MOST_MINUTES)
    warn: int = Field(0, ge=0, le=MOST_MINUTES)
    escalations: list[EscalationAsked] = Field([], max_length=5)
    corrects: bool = False
    answers: bool = False
    moves: list[MoveFields] = Field([], max_length=MOST_MOVES)

    def step(self) -> Step:
        names = ("code", "chinese", "english", "who", "limit", "warn", "corrects", "answers")
        return Step(
            **{name: getattr(self, name) for name in names},
            escalations=tuple(Escalation(one.minutes, one.to) for one in self.escalations),
            moves=tuple(one.move() for one in self.moves),
        )


class WorkflowAsked(Asked):
    """version: the one that was read; 0: there was none of this type's own."""

    version: int = Field(ge=0, lt=1 << 31)
    chinese: Title
    english: Title
    steps: list[StepFields] = Field(min_length=1, max_length=MOST_STEPS)

    def workflow(self) -> Workflow:
        return Workflow(chinese=self.chinese, english=self.english, steps=tuple(one.step() for one in self.steps))


class WorkflowRemoval(Conditions):
    version: int = Field(ge=1, lt=1 << 31)


def _type(request: web.Request) -> str:
    named = request.match_info["type"]
    return "" if named == DEFAULT_NAME else named


@routes.get("/api/v1/complaint-workflows")
@right("complaint")
@shape(summary="The workflows of complaints: steps, limits, who does them, and what may follow", answer=LIST)
async def list_workflows(request: web.Request) -> web.StreamResponse:
    """200 each type's that has its own; the first is of all others."""
    items, steps = await request.app[MODULES].workflows.current()
    teams = [Department(team.name, team.title) for team in request.app[OFFICE].board.site.teams]
    return answer(LIST, WorkflowList(items, len(items), [StepName(*one) for one in steps], teams))


@routes.put("/api/v1/complaint-workflows/{type}")
@right("workflow")
@shape(
    summary="Change the workflow of a type of complaints, or of all others (default)", body=WorkflowAsked, answer=KEPT
)
async def put_workflow(request: web.Request) -> web.StreamResponse:
    """200 the workflow now; complaints that began before go on as they began · 404 no such type · 409 somebody has
    changed it meanwhile ("now" has it as it is) · 422 what is wrong with which step."""
    asked = await read(request, WorkflowAsked)
    kept = await request.app[MODULES].workflows.put(
        _type(request), asked.workflow(), asked.version, signed_in(request).login
    )
    return answer(KEPT, kept)


@routes.delete("/api/v1/complaint-workflows/{type}")
@right("workflow")
@shape(summary="A type of complaints has no workflow of its own any more", conditions=WorkflowRemoval)
async def remove_workflow(request: web.Request) -> web.StreamResponse:
    """204 new ones go as all others do · 404 it has none of its own · 409 somebody has changed it meanwhile."""
    wanted = conditions(request, WorkflowRemoval)
    await request.app[MODULES].workflows.remove(_type(request), wanted.version, signed_in(request).login)
    return nothing()
