"""One's own second factor, and of whom an administrator asks one (see `factors`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.changes import audit_change
from callcenterd.model.people import ROLES, Role
from callcenterd.web.administration import may_change_user
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import Asked, Conflict, WrongFields, answer, nothing, read
from callcenterd.web.describe import shape
from callcenterd.web.factors import address_of, new_key, new_recovery, picture_of
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import right
from callcenterd.web.session import MOST_PASSWORD, SESSIONS, Who, signed_in
from callcenterd.web.ways import source_of

routes = web.RouteTableDef()

CODE = Field("", max_length=64, description="Of the device, or a recovery code; good once")


class FactorAsked(Asked):
    """code: of the one that is in force; without one it is not asked for."""

    password: str = Field(max_length=MOST_PASSWORD)
    code: str = CODE


class FactorProven(Asked):
    """code: the one that the new device shows."""

    code: str = Field(min_length=1, max_length=64)


class RolesAsked(Asked):
    """roles: of which a second factor is asked; of no others."""

    roles: list[Role] = Field(max_length=10)


@dataclass(frozen=True, slots=True)
class FactorShown:
    """recovery: codes that are left. required: by one's role."""

    on: bool
    since: datetime | None
    recovery: int
    required: bool


@dataclass(frozen=True, slots=True)
class FactorBegun:
    """key: to type into the device, Base32. address: what the picture says. picture: a QR code, as a data: address."""

    key: str
    address: str
    picture: str


@dataclass(frozen=True, slots=True)
class RecoveryCodes:
    """To be written down: they are told only now, and each is good once."""

    codes: list[str]


@dataclass(frozen=True, slots=True)
class FactorRoles:
    """logins: who has a second factor."""

    roles: list[Role]
    logins: list[str]


SHOWN = TypeAdapter(FactorShown)
BEGUN = TypeAdapter(FactorBegun)
CODES = TypeAdapter(RecoveryCodes)
FACTOR_ROLES = TypeAdapter(FactorRoles)


@routes.get("/api/v1/session/second-factor")
@right("session")
@shape(summary="One's own second factor", answer=SHOWN)
async def show_factor(request: web.Request) -> web.StreamResponse:
    """200 whether it is in force."""
    who, factors = signed_in(request), request.app[SESSIONS].factors
    factor = await factors.of(who.login)
    required = who.role in await factors.roles()
    return answer(SHOWN, FactorShown(factor.since is not None, factor.since, factor.recovery, required))


@routes.post("/api/v1/session/second-factor")
@right("session")
@shape(summary="Begin to set up a second factor, or another one", body=FactorAsked, answer=BEGUN)
async def begin_factor(request: web.Request) -> web.StreamResponse:
    """200 the key of the new device; what was in force stays so until it is proven · 429 too many attempts."""
    asked, who, office = await read(request, FactorAsked), signed_in(request), request.app[OFFICE]
    await _really(request, who, asked)
    key = new_key(office.chance)
    await request.app[SESSIONS].factors.begin(who.login, key)
    address = address_of(key, who.login)
    return answer(BEGUN, FactorBegun(key.reveal(), address, picture_of(address)))


@routes.post("/api/v1/session/second-factor/prove")
@right("session")
@shape(summary="Prove the new device; every other session of this login ends", body=FactorProven, answer=CODES)
async def prove_factor(request: web.Request) -> web.StreamResponse:
    """200 it is in force: the recovery codes · 429 too many attempts."""
    asked, who = await read(request, FactorProven), signed_in(request)
    codes = new_recovery(request.app[OFFICE].chance)
    if not await request.app[SESSIONS].prove_factor(who, asked.code, codes, source_of(request)):
        raise WrongFields({"code": ("wrong_code", {})})
    return answer(CODES, RecoveryCodes(codes))


@routes.post("/api/v1/session/second-factor/off")
@right("session")
@shape(summary="Do without a second factor again", body=FactorAsked)
async def end_factor(request: web.Request) -> web.StreamResponse:
    """204 the password is enough from now on · 409 one's role must have one · 429 too many attempts."""
    asked, who, sessions = await read(request, FactorAsked), signed_in(request), request.app[SESSIONS]
    if who.role in await sessions.factors.roles():
        raise Conflict("second_factor_required")
    await _really(request, who, asked)
    await sessions.remove_factor(who.login, who.login)
    return nothing()


async def _really(request: web.Request, who: Who, asked: FactorAsked) -> None:
    """It is who is signed in, and not somebody at their desk. Raises WrongFields and TooManyAttempts."""
    sessions, source = request.app[SESSIONS], source_of(request)
    if not await sessions.confirm(who, asked.password, source):
        raise WrongFields({"password": ("wrong_password", {})})
    if await sessions.factors.has(who.login) and not await sessions.confirm_code(who, asked.code, source):
        raise WrongFields({"code": ("wrong_code", {})})


@routes.get("/api/v1/second-factors")
@right("role")
@shape(summary="Of which roles a second factor is asked, and who has one", answer=FACTOR_ROLES)
async def list_factors(request: web.Request) -> web.StreamResponse:
    """200 them."""
    return answer(FACTOR_ROLES, await _factors(request))


@routes.put("/api/v1/second-factors")
@right("role")
@shape(summary="Say of which roles a second factor is asked", body=RolesAsked, answer=FACTOR_ROLES)
async def change_factors(request: web.Request) -> web.StreamResponse:
    """200 in force at once: who has none may set one up, and nothing else."""
    asked, office, who = await read(request, RolesAsked), request.app[OFFICE], signed_in(request)
    factors = request.app[SESSIONS].factors
    before, after = await factors.roles(), frozenset(asked.roles)
    if before != after:
        await factors.set_roles(after)
        details = {"changes": audit_change({"roles": sorted(before)}, {"roles": sorted(after)})}
        await office.store.audit.append(
            office.clock.utc(), who.login, "second_factor.required", "second_factor", details
        )
        await office.site_changed()
    return answer(FACTOR_ROLES, await _factors(request))


@routes.post("/api/v1/users/{key}/second-factor/reset")
@right("site")
@shape(summary="Take away somebody's second factor: their device is lost", body=Nothing)
async def reset_factor(request: web.Request) -> web.StreamResponse:
    """204 they sign in by the password again, and every session of theirs has ended · 404 no such user, or they have
    none."""
    await read(request, Nothing)
    login, sessions = request.match_info["key"], request.app[SESSIONS]
    may_change_user(request, login)
    if sessions.account(login) is None or not await sessions.remove_factor(login, signed_in(request).login):
        raise NotFound("second factor", login[:64])
    return nothing()


async def _factors(request: web.Request) -> FactorRoles:
    factors = request.app[SESSIONS].factors
    roles = await factors.roles()
    return FactorRoles([role for role in ROLES if role in roles], sorted(await factors.logins()))
