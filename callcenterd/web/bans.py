"""What guards the office: addresses that are banned [封禁], and outside calls that the limits refused [话费欺诈]."""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from pydantic import TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model import events
from callcenterd.model.bans import Ban
from callcenterd.model.ids import CallId
from callcenterd.switchboard.archive import Alarm as RecordingAlarm
from callcenterd.web.answers import answer, nothing
from callcenterd.web.calls import call_sight
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE, Office
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

ALARMS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class BanList:
    items: list[Ban]
    total: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """An outside call that was refused. extension null: a flow dialled. who, rule: whose limit, and which."""

    at: datetime
    call: str
    extension: str | None
    number: str
    who: str
    rule: str


@dataclass(frozen=True, slots=True)
class AlarmList:
    """items: outside calls. recordings: what is wrong with keeping them now, the newest first."""

    items: list[Alarm]
    total: int
    recordings: list[RecordingAlarm]


BANS = TypeAdapter(BanList)
ALARMS = TypeAdapter(AlarmList)


class Alarms:
    """The newest of this run. The audit trail keeps all."""

    def __init__(self, office: Office) -> None:
        self._newest: deque[Alarm] = deque(maxlen=ALARMS_SHOWN)
        self.stop = office.bus.listen(events.FraudAlarm, self._told)

    def newest(self) -> list[Alarm]:
        return list(reversed(self._newest))

    def _told(self, fact: events.FraudAlarm) -> None:
        self._newest.append(Alarm(fact.at, fact.call, fact.extension, fact.number, fact.who, fact.rule))


HEARD = web.AppKey("alarms", Alarms)


async def hearing(app: web.Application) -> AsyncIterator[None]:
    """For as long as the application runs."""
    yield
    app[HEARD].stop()


@routes.get("/api/v1/bans")
@right("ban")
@shape(summary="Addresses that SIP does not hear, since somebody there guessed passwords or names", answer=BANS)
async def list_bans(request: web.Request) -> web.StreamResponse:
    """200 all that are in force, the newest first."""
    bans = request.app[OFFICE].bans.now()
    return answer(BANS, BanList(bans, len(bans)))


@routes.delete("/api/v1/bans/{address}")
@right("ban")
@shape(summary="Hear an address again")
async def lift_ban(request: web.Request) -> web.StreamResponse:
    """204 it is heard again · 404 that address is not banned."""
    written = request.match_info["address"]
    try:
        address = str(ipaddress.ip_address(written))
    except ValueError:
        raise NotFound("ban", written[:64]) from None
    await request.app[OFFICE].bans.lift(address, signed_in(request).login)
    return nothing()


@routes.get("/api/v1/alarms")
@right("alarm")
@shape(
    summary="Outside calls that the limits refused since the start, newest first; and what endangers recordings",
    answer=ALARMS,
)
async def list_alarms(request: web.Request) -> web.StreamResponse:
    """200 of the newest 50 calls those that one may see; the audit trail has all."""
    office, alarms = request.app[OFFICE], request.app[HEARD].newest()
    sight = call_sight(request)
    if sight is not None:
        await office.board.history.settled()
        seen = await office.store.calls.seen_among([CallId(alarm.call) for alarm in alarms], sight)
        alarms = [alarm for alarm in alarms if alarm.call in seen]
    return answer(ALARMS, AlarmList(alarms, len(alarms), office.archive.alarms()))
