"""The kinds of duties [待办种类] as an administrator has them: how long each has, who is told, and what closes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.model.duties import Escalation
from callcenterd.model.duty_kinds import Closing, DutyKindTerms
from callcenterd.tickets.deadlines import MOST_MINUTES
from callcenterd.tickets.kindterms import MOST_ESCALATIONS, MOST_NAME, shipped
from callcenterd.web.answers import VISIBLE, Asked, answer, read
from callcenterd.web.describe import shape
from callcenterd.web.duties import EscalationAsked
from callcenterd.web.office import MODULES
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

KindName = Annotated[str, VISIBLE, Field(min_length=1, max_length=MOST_NAME, pattern=r"^[^\r\n\t]*$")]


@dataclass(frozen=True, slots=True)
class KindWithShipped:
    """terms: as they are in force. shipped: as they ship. of_record: it is a step of a record, whose own rules say when
    it is due, where they say so, and what closes it."""

    terms: DutyKindTerms
    shipped: DutyKindTerms
    of_record: bool


@dataclass(frozen=True, slots=True)
class KindTermsList:
    items: list[KindWithShipped]
    total: int


TERMS = TypeAdapter(DutyKindTerms)
KINDS_LIST = TypeAdapter(KindTermsList)


class KindAsked(Asked):
    """limit: working minutes until it is due, where nobody says when. warn: working minutes before. escalations: where
    nobody says otherwise. closes: which calls with its number close it: "reached" (the office rang and spoke there),
    "spoken" (or they rang), null: none. by_people: only calls of agents. version: the one that was read, 0 of a kind as
    it ships; with another one there is 409."""

    version: Annotated[int, Field(ge=0, lt=1 << 62)]
    chinese: KindName
    english: KindName
    limit: int = Field(ge=1, le=MOST_MINUTES)
    warn: int = Field(ge=0, le=MOST_MINUTES)
    escalations: list[EscalationAsked] = Field(max_length=MOST_ESCALATIONS)
    closes: Closing | None
    by_people: bool


@routes.get("/api/v1/duty-kinds")
@right("duty_kind")
@shape(summary="The kinds of duties, each as it is and as it ships", answer=KINDS_LIST)
async def list_duty_kinds(request: web.Request) -> web.StreamResponse:
    """200 all of them, in the order in which they ship."""
    kinds = request.app[MODULES].kinds
    items = [KindWithShipped(kinds.terms(name), shipped(name), kinds[name].of_record) for name in kinds]
    return answer(KINDS_LIST, KindTermsList(items, len(items)))


@routes.put("/api/v1/duty-kinds/{name}")
@right("duty_kind")
@shape(summary="Change a kind of duties", body=KindAsked, answer=TERMS)
async def change_duty_kind(request: web.Request) -> web.StreamResponse:
    """200 the kind now: in force at once, for duties made from then on; what closes them, for all · 404 no such kind ·
    409 somebody has changed it meanwhile ("now" has it as it is) · 422 fields."""
    asked = await read(request, KindAsked)
    new = DutyKindTerms(
        name=request.match_info["name"],
        chinese=asked.chinese.strip(),
        english=asked.english.strip(),
        limit=asked.limit,
        warn=asked.warn,
        escalations=tuple(Escalation(one.minutes, one.to) for one in asked.escalations),
        closes=asked.closes,
        by_people=asked.by_people,
        version=asked.version,
    )
    return answer(TERMS, await request.app[MODULES].kinds.change(new, signed_in(request).login))
