"""Desk phones that are set up by us [话机配置]: which there are, and the files that they fetch.

A phone's files are at /provision/TOKEN/, an address that only the phone and who set it up have seen; the token is told
once, when it is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import structlog
from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.devices import Device, Vendor
from callcenterd.model.ids import ExtensionNumber
from callcenterd.model.site import Extension
from callcenterd.provisioning.files import (
    FILE_NAMES,
    MOST_LAMPS,
    Lamp,
    PhoneTransport,
    Settings,
    is_wanted,
    media_type,
    normal_mac,
    written,
)
from callcenterd.switchboard.lockout import Lockout, Patience
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import Conflict, WrongFields, answer, nothing, read
from callcenterd.web.describe import shape
from callcenterd.web.headers import is_harmless_host
from callcenterd.web.office import OFFICE, Office
from callcenterd.web.rights import public, right
from callcenterd.web.session import signed_in
from callcenterd.web.ways import host_of, scheme_of, sealed, source_of

_log = structlog.get_logger(__name__)

routes = web.RouteTableDef()
GUESSES = web.AppKey("guesses", Lockout)
PATIENCE = Patience(free=30, first=5.0, longest=300.0, memory=600.0)
"""Wrong tokens of one address. A phone with an old one asks a few times; who tries many waits ever longer."""


@dataclass(frozen=True, slots=True)
class DeviceList:
    items: list[Device]
    total: int


@dataclass(frozen=True, slots=True)
class DeviceMade:
    """address: the folder that the phone is told to fetch from. file: what it will ask for there."""

    device: Device
    address: str
    file: str


class DeviceEntry(BaseModel):
    """A new desk phone."""

    model_config = ConfigDict(extra="forbid")

    mac: Annotated[str, AfterValidator(normal_mac), Field(max_length=32, description="As it stands on the phone.")]
    vendor: Annotated[Vendor, Field(description="Whose phone it is.")]
    extension: Annotated[str, Field(min_length=1, max_length=32, description="Which extension it is to be.")]


DEVICES = TypeAdapter(DeviceList)
MADE = TypeAdapter(DeviceMade)


def guesses() -> Lockout:
    return Lockout(pair=PATIENCE, source=PATIENCE)


@routes.get("/api/v1/devices")
@right("site")
@shape(summary="Desk phones that are set up from here", answer=DEVICES)
async def list_devices(request: web.Request) -> web.StreamResponse:
    """200 all of them, by extension."""
    devices = await request.app[OFFICE].store.devices.all()
    return answer(DEVICES, DeviceList(devices, len(devices)))


@routes.post("/api/v1/devices")
@right("site")
@shape(summary="A new desk phone", body=DeviceEntry, answer=MADE)
async def create_device(request: web.Request) -> web.StreamResponse:
    """201 with the address that the phone fetches from, which is told only now · 409 that MAC address is there · 422 no
    such extension."""
    office, entry = request.app[OFFICE], await read(request, DeviceEntry)
    if _extension(office, entry.extension) is None:
        raise WrongFields({"extension": ("no_extension", {})})
    who = signed_in(request).login
    try:
        device, token = await office.store.devices.create(
            entry.mac, entry.vendor, ExtensionNumber(entry.extension), office.clock.utc(), who
        )
    except NotNow:
        raise Conflict("exists") from None
    await _write_down(office, who, "device.created", device)
    return answer(MADE, _made(request, device, token), status=201)


@routes.post("/api/v1/devices/{device}/token")
@right("site")
@shape(summary="Another secret address for a desk phone", body=Nothing, answer=MADE)
async def renew_token(request: web.Request) -> web.StreamResponse:
    """200 the new address; the old one is nobody's any more · 404 no such device."""
    await read(request, Nothing)
    office = request.app[OFFICE]
    device, token = await office.store.devices.renew(_number(request))
    await _write_down(office, signed_in(request).login, "device.token", device)
    return answer(MADE, _made(request, device, token))


@routes.delete("/api/v1/devices/{device}")
@right("site")
@shape(summary="Set a desk phone up from here no more")
async def remove_device(request: web.Request) -> web.StreamResponse:
    """204 its address is nobody's any more; the phone keeps what it has · 404 no such device."""
    office = request.app[OFFICE]
    device = await office.store.devices.remove(_number(request))
    await _write_down(office, signed_in(request).login, "device.removed", device)
    return nothing()


@routes.get("/provision/{token}/{file}")
@public
@shape(summary="The settings of a desk phone", media="text/plain")
async def fetch(request: web.Request) -> web.StreamResponse:
    """200 the file · 404 no such address, or not a file of that device · 429 too many wrong ones."""
    office, source = request.app[OFFICE], source_of(request)
    guessed = request.app[GUESSES]
    if guessed.begin("", source, office.clock.monotonic()) > 0:
        return web.Response(status=429)
    device = await office.store.devices.by_token(request.match_info["token"])
    if device is not None:
        guessed.succeeded("", source)
    extension = None if device is None else _extension(office, device.extension)
    if device is None or extension is None or not is_wanted(device, request.match_info["file"]):
        return web.Response(status=404)
    said = host_of(request)
    host = said.rpartition(":")[0] if _has_port(said) else said
    if not is_harmless_host(host):
        return web.Response(status=400)
    text = written(device, _settings(office, extension, host, secure=sealed(request)))
    agent = request.headers.get("User-Agent", "")
    await office.store.devices.fetched(device.id, office.clock.utc(), source, agent)
    _log.info("settings fetched", mac=device.mac, extension=device.extension, source=source)
    return web.Response(text=text, content_type=media_type(device.vendor))


# ---- within ---------------------------------------------------------------------------------------------------


def _settings(office: Office, extension: Extension, host: str, *, secure: bool) -> Settings:
    """What a phone is told: of its own extension, and of the colleagues with a phone."""
    site = office.board.site
    names = {user.extension: user for user in site.users if user.extension is not None}
    mine = names.get(extension.number)
    others = [number for number in (one.number for one in site.extensions) if number != extension.number]
    transport, port = _door(office, secure=secure)
    now = office.clock.utc().astimezone(office.timezone)
    offset = now.utcoffset()
    return Settings(
        number=extension.number,
        password=extension.password,
        name=extension.number if mine is None else mine.name,
        host=host,
        port=port,
        transport=transport,
        language=office.language if mine is None else mine.language,
        offset=0 if offset is None else round(offset.total_seconds() / 60),
        zone=str(office.timezone),
        ntp="cn.pool.ntp.org" if office.region == "CN" else "pool.ntp.org",
        lamps=tuple(Lamp(number, names[number].name) for number in others if number in names)[:MOST_LAMPS],
        sealed=extension.encryption == "required",
    )


def _door(office: Office, *, secure: bool) -> tuple[PhoneTransport, int]:
    """Where phones find us: who fetched over TLS is to speak TLS; else UDP before TCP."""
    order: tuple[PhoneTransport, ...] = ("tls", "udp", "tcp") if secure else ("udp", "tcp", "tls")
    doors: Mapping[str, int] = dict(reversed(office.doors))
    found = next((transport for transport in order if transport in doors), "udp")
    return found, doors.get(found, 5060)  # type: ignore[return-value]  # of order


def _extension(office: Office, number: str) -> Extension | None:
    return next((one for one in office.board.site.extensions if one.number == number), None)


def _made(request: web.Request, device: Device, token: str) -> DeviceMade:
    scheme, host = scheme_of(request), host_of(request)
    if (port := request.app[OFFICE].ways.phones_port()) and scheme == "https":
        scheme, host = "http", f"{host.rpartition(':')[0] if _has_port(host) else host}:{port}"
    folder = f"{scheme}://{host}/provision/{token}/"
    return DeviceMade(device, folder, FILE_NAMES[device.vendor].format(mac=device.mac))


def _number(request: web.Request) -> int:
    text = request.match_info["device"]
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound("device", text[:32])
    return int(text)


def _has_port(host: str) -> bool:
    name, _, port = host.rpartition(":")
    return bool(name) and port.isdigit() and (":" not in name or name.endswith("]"))


async def _write_down(office: Office, who: str, what: str, device: Device) -> None:
    details: dict[str, Any] = {"mac": device.mac, "extension": device.extension}
    at: datetime = office.clock.utc()
    await office.store.audit.append(at, who, what, f"device/{device.id}", details)
