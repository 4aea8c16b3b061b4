"""From when on the wall warns, of the office and of queues (SUP-01)."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from pydantic import ConfigDict, Field, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model import events
from callcenterd.model.ids import QueueName
from callcenterd.model.thresholds import OF_QUEUES, Limit, ThresholdName, Thresholds
from callcenterd.web.answers import Asked, NotAllowed, WrongFields, answer, read
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import right, sight_of
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class ThresholdsList:
    items: list[Thresholds]
    total: int


class LimitAsked(Asked):
    """warn: yellow from there on. alarm: red; of service_level both are the least that is well, else the most."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    warn: float = Field(ge=0, le=86_400)
    alarm: float = Field(ge=0, le=86_400)


class ThresholdsAsked(Asked):
    """version: the one that was read, 0 where nobody has set any; with another one there is 409. limits: by name; null:
    it never warns; one that is not named is the office's (of the office: as it ships).

    waiting: callers. longest, talk, break, wrap_up: seconds; of a queue only the first two. service_level: 0 to 1.
    """

    version: int = Field(ge=0, lt=1 << 62)
    limits: dict[ThresholdName, LimitAsked | None]


THRESHOLDS = TypeAdapter(Thresholds)
THRESHOLDS_LIST = TypeAdapter(ThresholdsList)


@routes.get("/api/v1/thresholds")
@right("live")
@shape(summary="From when on the wall warns: of the office, and of queues that have their own", answer=THRESHOLDS_LIST)
async def list_thresholds(request: web.Request) -> web.StreamResponse:
    """200 the office's first; of queues, as far as one may see them."""
    sight = sight_of(request)
    kept = await request.app[OFFICE].store.thresholds.all()
    items = [one for one in kept if one.queue is None or sight.sees_queue(one.queue)]
    return answer(THRESHOLDS_LIST, ThresholdsList(items, len(items)))


@routes.put("/api/v1/thresholds/office")
@right("threshold")
@shape(summary="Say from when on the wall warns", body=ThresholdsAsked, answer=THRESHOLDS)
async def set_thresholds(request: web.Request) -> web.StreamResponse:
    """200 as they are now, on every open page at once · 403 one leads teams: only of their queues · 409 somebody has
    changed them meanwhile ("now" has them as they are) · 422 fields."""
    asked = await read(request, ThresholdsAsked)
    if sight_of(request).agents is not None:
        raise NotAllowed
    return await _set(request, None, asked)


@routes.put("/api/v1/thresholds/queues/{key}")
@right("threshold")
@shape(summary="Say from when on the wall warns of a queue", body=ThresholdsAsked, answer=THRESHOLDS)
async def set_queue_thresholds(request: web.Request) -> web.StreamResponse:
    """200 as they are now, on every open page at once · 404 no such queue, or one may not see it · 409 somebody has
    changed them meanwhile ("now" has them as they are) · 422 fields."""
    asked = await read(request, ThresholdsAsked)
    queue = QueueName(request.match_info["key"])
    if queue not in request.app[OFFICE].board.queueing.queue_names() or not sight_of(request).sees_queue(queue):
        raise NotFound("queue", queue)
    if wrong := asked.limits.keys() - OF_QUEUES:
        raise WrongFields({f"limits.{min(wrong)}": ("of_agents", {})})
    return await _set(request, queue, asked)


async def _set(request: web.Request, queue: QueueName | None, asked: ThresholdsAsked) -> web.StreamResponse:
    for name, limit in asked.limits.items():
        if limit is not None and (limit.alarm > limit.warn if name == "service_level" else limit.alarm < limit.warn):
            raise WrongFields({f"limits.{name}.alarm": ("alarm_before_warning", {})})
    office, by = request.app[OFFICE], signed_in(request).login
    limits = {name: None if limit is None else Limit(limit.warn, limit.alarm) for name, limit in asked.limits.items()}
    now = office.clock.utc()
    new = Thresholds(queue=queue, limits=limits, version=asked.version)
    kept = await office.store.thresholds.put(new, by, now)
    await office.store.audit.append(now, by, "thresholds.changed", f"queue/{queue}" if queue else "office", {})
    office.bus.publish(events.ThresholdsChanged(at=now, queue=queue))
    return answer(THRESHOLDS, kept)
