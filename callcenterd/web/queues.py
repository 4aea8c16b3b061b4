"""Who waits in a queue, how long still, and why (ACD-03, NEW-07); and moving them (SUP-02)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.ids import AgentId, CallId, CustomerId, QueueName
from callcenterd.web.answers import VISIBLE, Asked, WrongFields, answer, language_of, nothing, read
from callcenterd.web.callrights import seen_live
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import customers_seen, may, right, sight_of
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class WaitingCustomer:
    id: CustomerId
    name: str
    level: str


@dataclass(frozen=True, slots=True)
class WaitingCaller:
    """since: the time that counts for the place. expected: seconds still to wait; null: it cannot be said.

    customers: who it may be, best first. why: why nobody has taken the call yet, in the reader's language.
    callback: nobody is on the line; who is to be called back keeps the place.
    """

    call: CallId
    caller: str
    position: int
    since: datetime
    expected: float | None
    customers: tuple[WaitingCustomer, ...]
    callback: bool
    why: str


@dataclass(frozen=True, slots=True)
class Foretold:
    """How true the waits were that callers were told: seconds between told and true, without sign. told: how many."""

    told: int
    mean: float
    p90: float


@dataclass(frozen=True, slots=True)
class QueueWaiting:
    """serving: agents who take its calls, busy or not. handling: seconds that a call keeps an agent, wrap-up included,
    in the recent past; null: too few calls. foretold: null: nothing was told yet."""

    queue: QueueName
    serving: int
    handling: float | None
    foretold: Foretold | None
    items: tuple[WaitingCaller, ...]
    total: int


class MoveAsked(Asked):
    """One of them. place: one place up, or to the front. queue: wait there instead, with the time that was waited.
    agent: who of the queue has it as their next call."""

    place: Literal["up", "front"] | None = None
    queue: Annotated[str, VISIBLE] | None = Field(None, min_length=1, max_length=64)
    agent: Annotated[str, VISIBLE] | None = Field(None, min_length=1, max_length=64)


WAITING = TypeAdapter(QueueWaiting)


@routes.get("/api/v1/queues/{key}/waiting")
@right("live")
@shape(summary="Who waits in a queue, how long still, and why", answer=WAITING)
async def list_waiting(request: web.Request) -> web.StreamResponse:
    """200 callers in their order · 404 no such queue, or one may not see it."""
    queue, board = _seen_queue(request, request.match_info["key"]), request.app[OFFICE].board
    language, knows = language_of(request), may(request, "customer.read")
    seen = customers_seen(request)
    items = []
    for call, since, position in board.queueing.waiting(queue):
        journey = board.journeys.get(call)
        customers = journey.customers if journey is not None and knows else ()
        expected = board.waiting.expected(queue, position)
        items.append(
            WaitingCaller(
                call=call,
                caller="" if journey is None else journey.call.caller,
                position=position,
                since=since,
                expected=None if expected is None else round(expected, 1),
                customers=tuple(
                    WaitingCustomer(known.id, known.name, known.level)
                    for known in customers
                    if seen is None or seen.sees(known)
                ),
                callback=board.queueing.is_expected(call),
                why=board.queueing.why_waiting(call).text(language),
            )
        )
    accuracy, handling = board.waiting.accuracy(queue), board.waiting.handling_time(queue)
    told = None if accuracy is None else Foretold(accuracy.told, round(accuracy.mean, 1), round(accuracy.p90, 1))
    handled = None if handling is None else round(handling, 1)
    found = QueueWaiting(queue, board.queueing.serving(queue), handled, told, tuple(items), len(items))
    return answer(WAITING, found)


@routes.post("/api/v1/queues/{key}/waiting/{id}/move")
@right("queue.move")
@shape(summary="Move who waits: up, to another queue, or to a chosen agent", body=MoveAsked)
async def move_waiting(request: web.Request) -> web.StreamResponse:
    """204 moved · 404 no such queue, or the call does not wait there, or no such queue or agent to move to, or one may
    not see them · 409 the other queue is closed or nobody works there, or the agent takes no calls of this one now ·
    422 not one of the three."""
    asked = await read(request, MoveAsked)
    queue, call, by = _seen_queue(request, request.match_info["key"]), seen_live(request), signed_in(request).login
    if sum(one is not None for one in (asked.place, asked.queue, asked.agent)) != 1:
        raise WrongFields({"place": ("missing", {})})
    moving = request.app[OFFICE].board.moving
    if asked.queue is not None:
        await moving.to_queue(queue, call, by, _seen_queue(request, asked.queue))
    elif asked.agent is not None:
        if not sight_of(request).oversees(asked.agent):
            raise NotFound("agent", asked.agent)
        await moving.to_agent(queue, call, by, AgentId(asked.agent))
    else:
        await moving.up(queue, call, by, of_all=asked.place == "front")
    return nothing()


def _seen_queue(request: web.Request, name: str) -> QueueName:
    """Raises NotFound."""
    queue = QueueName(name)
    if queue not in request.app[OFFICE].board.queueing.queue_names() or not sight_of(request).sees_queue(queue):
        raise NotFound("queue", queue)
    return queue
