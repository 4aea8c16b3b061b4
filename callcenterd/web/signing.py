"""Sign-in, who am I, sign-out, and one's own password, for programs and pages (the sign-in page is `shell`'s)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.web.administration import SITE_LOCK
from callcenterd.web.answers import VISIBLE, Asked, ForeignPage, WrongFields, answer, nothing, read
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import RIGHTS, may, public, right, settings_of
from callcenterd.web.session import (
    LEAST_PASSWORD,
    ME,
    MOST_PASSWORD,
    SESSIONS,
    Me,
    device_of,
    forget,
    from_here,
    keep,
    signed_in,
)
from callcenterd.web.ways import source_of
from callcenterd.web.words import chosen_language

routes = web.RouteTableDef()


class SignInAsked(Asked):
    login: Annotated[str, VISIBLE] = Field(max_length=64)
    password: str = Field(max_length=MOST_PASSWORD)
    code: str = Field("", max_length=64, description="Of who has a second factor: of the device, or a recovery code")


class PasswordAsked(Asked):
    old: str = Field(max_length=MOST_PASSWORD)
    new: Annotated[str, VISIBLE] = Field(min_length=LEAST_PASSWORD, max_length=MOST_PASSWORD)


class PinAsked(Asked):
    """pin: digits; to sign in with by a phone's keys (*70)."""

    password: str = Field(max_length=MOST_PASSWORD)
    pin: str = Field(pattern=r"^[0-9]{4,12}$")


@dataclass(frozen=True, slots=True)
class Token:
    """To be sent as `Authorization: Bearer TOKEN`."""

    token: str


TOKEN = TypeAdapter(Token)


@routes.post("/api/v1/session")
@public
@shape(summary="Sign in", body=SignInAsked, answer=TOKEN)
async def sign_in(request: web.Request) -> web.StreamResponse:
    """200 the token · 401 wrong login or password; `code_needed`: this login has a second factor; `wrong_code` · 403 a
    page of somebody else's · 429 too many attempts."""
    if from_here(request) is False:
        raise ForeignPage
    asked = await read(request, SignInAsked)
    _, token = await request.app[SESSIONS].sign_in(
        asked.login.strip(),
        asked.password,
        code=asked.code.strip(),
        source=source_of(request),
        device=device_of(request),
        kind="program",
    )
    answered = answer(TOKEN, Token(token))
    keep(answered, request, token)
    return answered


@routes.get("/api/v1/session")
@right("session")
@shape(summary="Who am I", answer=ME)
async def who_am_i(request: web.Request) -> web.StreamResponse:
    """200 who is signed in."""
    who = signed_in(request)
    account = who.account
    has = await request.app[SESSIONS].factors.has(who.login)
    factor: Literal["off", "on", "needed"] = "on" if has else "needed" if who.lacks else "off"
    language = chosen_language(request) or account.language
    rights = [name for name in RIGHTS if may(request, name)]
    hidden = list(settings_of(request).hidden)
    site = request.app[OFFICE].board.site
    me = Me(
        account.login, account.name, account.role, account.extension, language, rights, hidden, factor, list(site.off),
        {team.name: team.title or team.name for team in site.teams},
    )  # fmt: skip
    return answer(ME, me)


@routes.delete("/api/v1/session")
@right("session")
@shape(summary="Sign out")
async def sign_out(request: web.Request) -> web.StreamResponse:
    """204 the token is no longer one."""
    await request.app[SESSIONS].sign_out(signed_in(request))
    answered = nothing()
    forget(answered, request)
    return answered


@routes.post("/api/v1/session/password")
@right("session")
@shape(summary="Another password for oneself; every other session of this login ends", body=PasswordAsked)
async def change_password(request: web.Request) -> web.StreamResponse:
    """204 it is another one · 429 too many attempts."""
    asked, who, sessions = await read(request, PasswordAsked), signed_in(request), request.app[SESSIONS]
    if asked.new.casefold() == who.login.casefold() or asked.new == asked.old:
        raise WrongFields({"new": ("common_password", {})})
    if not await sessions.confirm(who, asked.old, source_of(request)):
        raise WrongFields({"old": ("wrong_password", {})})
    async with request.app[SITE_LOCK]:
        await sessions.change_password(who, asked.new)
    return nothing()


@routes.post("/api/v1/session/pin")
@right("session")
@shape(summary="Another PIN for phones for oneself", body=PinAsked)
async def change_pin(request: web.Request) -> web.StreamResponse:
    """204 it is another one · 429 too many attempts."""
    asked, who, sessions = await read(request, PinAsked), signed_in(request), request.app[SESSIONS]
    if asked.pin == who.login or len(set(asked.pin)) == 1:
        raise WrongFields({"pin": ("common_password", {})})
    if not await sessions.confirm(who, asked.password, source_of(request)):
        raise WrongFields({"password": ("wrong_password", {})})
    async with request.app[SITE_LOCK]:
        await sessions.change_pin(who, asked.pin)
    return nothing()
