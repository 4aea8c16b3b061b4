"""Who waits in a queue, how long still, and why: for pages and programs (ACD-03, NEW-07)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from pydantic import TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.ids import CallId, CustomerId, QueueName
from callcenterd.web.answers import answer, language_of
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import customers_seen, may, right, sight_of

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


WAITING = TypeAdapter(QueueWaiting)


@routes.get("/api/v1/queues/{key}/waiting")
@right("live")
@shape(summary="Who waits in a queue, how long still, and why", answer=WAITING)
async def list_waiting(request: web.Request) -> web.StreamResponse:
    """200 callers in their order · 404 no such queue, or one may not see it."""
    queue, board = QueueName(request.match_info["key"]), request.app[OFFICE].board
    if queue not in board.queueing.queue_names() or not sight_of(request).sees_queue(queue):
        raise NotFound("queue", queue)
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
