"""Who is it: sign-in, tokens, sign-out, and that a change by cookie comes from a page of ours.

A program sends `Authorization: Bearer TOKEN`; a page has the same token in a cookie that no script can read. Both are
one row in the store, which can be revoked. Because a browser sends its cookie with every request, whoever made it
do so, a change by cookie must prove that it comes from a page of ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from pydantic import TypeAdapter

from callcenterd.model.asking import Asker, asked_by
from callcenterd.model.events import SiteChanged
from callcenterd.model.people import Role
from callcenterd.model.roles import HiddenKind
from callcenterd.model.site import Secret, UserAccount
from callcenterd.web.answers import (
    PAGE_LANGUAGE,
    CodeNeeded,
    ForeignPage,
    NotSignedIn,
    SecondFactorNeeded,
    TooManyAttempts,
    WrongCode,
    WrongLogin,
)
from callcenterd.web.door import Connection
from callcenterd.web.factors import Factors
from callcenterd.web.halves import Halves
from callcenterd.web.masking import MASK, MASKS
from callcenterd.web.office import OFFICE, Office
from callcenterd.web.seeking import Sought
from callcenterd.web.ways import host_of, sealed, source_of

_log = structlog.get_logger(__name__)

COOKIE = "callcenterd_session"
SEALED_COOKIE = f"__Host-{COOKIE}"
MOST_TOKEN = 200
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
WHERE_ASKED = frozenset({"/", "/sign-in"})
"""Besides everything under /api/: elsewhere nobody needs to be anybody, nor a database."""

LEAST_PASSWORD, MOST_PASSWORD = 8, 256


@dataclass(frozen=True, slots=True)
class Me:
    """Who is signed in. extension: the phone that is theirs. language: chosen at the sign-in, else the account's.
    rights: those that they have now. hidden: kinds of values of which they see only a part. second_factor: "needed": it
    is to be set up before anything else. off: modules that this office has switched off. teams: what people read in
    place of each team's name, on every record that has one.
    """

    login: str
    name: str
    role: Role
    extension: str | None
    language: str
    rights: list[str]
    hidden: list[HiddenKind]
    second_factor: Literal["off", "on", "needed"]
    off: list[str]
    teams: dict[str, str]


ME = TypeAdapter(Me)


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who is signed in. by_cookie: the browser sent the proof by itself. lacks: the second factor that their
    role must have."""

    account: UserAccount
    token: str
    by_cookie: bool
    lacks: bool = False

    @property
    def login(self) -> str:
        return self.account.login

    @property
    def role(self) -> Role:
        return self.account.role


WHO = web.RequestKey("who", Who)


class Sessions:
    """Sign-in and out, for pages and programs."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._lockout = office.board.lockout
        self.factors = Factors(office.store.second_factors, office.clock)
        self._halves = Halves(office.clock, office.chance)
        office.board.bus.listen(SiteChanged, lambda _: self.factors.forget())
        self._begun = (office.clock.utc(), office.clock.monotonic())
        self._listeners: list[Callable[[str], None]] = []

    def when_ended(self, listener: Callable[[str], None]) -> None:
        """listener: is told a login of which sessions have ended; who holds something open for it asks again."""
        self._listeners.append(listener)

    def _now(self) -> datetime:
        """The date and time of the start, and the seconds since. A session lasts hours, not until a date: whoever sets
        the machine's clock must not sign the whole office out."""
        at, since = self._begun
        return at + timedelta(seconds=self._office.clock.monotonic() - since)

    def account(self, login: str) -> UserAccount | None:
        return next((user for user in self._office.board.site.users if user.login == login), None)

    async def who(self, token: str, *, by_cookie: bool) -> Who | None:
        """Whose token it is, if it is one and still good."""
        if not 0 < len(token) <= MOST_TOKEN:
            return None
        login = await self._office.store.sessions.find(token, self._now())
        account = self.account(login) if login is not None else None
        return None if account is None else Who(account, token, by_cookie, await self.factors.lacks(account))

    async def sign_in(
        self, login: str, password: str, *, code: str = "", source: str, device: str, kind: str
    ) -> tuple[Who, str]:
        """A new session and its token. Raises WrongLogin or TooManyAttempts, alike for logins that there are not; of
        who has a second factor CodeNeeded if no code is said, and WrongCode.

        source: the address it comes from. device: what the browser or program says that it is.
        """
        office = self._office
        await self._let_try(login, source)
        account = self.account(login)
        kept = account.password_hash.reveal() if account is not None else ""
        if not await office.passwords.verify(kept, password) or account is None:
            _log.warning("sign-in refused", login=login[:64], source=source)
            raise WrongLogin
        if await self.factors.has(login):
            if not code:
                self._lockout.withdrawn(login, source)
                raise CodeNeeded(self._halves.begin(login))
            if not await self.factors.fits(login, code):
                _log.warning("sign-in refused", login=login[:64], source=source, why="code")
                raise WrongCode
        return await self._begin(account, source=source, device=device, kind=kind)

    async def go_on(self, half: str, code: str, *, source: str, device: str, kind: str) -> tuple[Who, str]:
        """The second half of a sign-in: half is what CodeNeeded gave. Raises WrongLogin if it is too late, WrongCode
        and TooManyAttempts; guesses are counted with those at the password."""
        login = self._halves.login(half)
        account = None if login is None else self.account(login)
        if account is None:
            raise WrongLogin
        await self._let_try(account.login, source)
        if not await self.factors.fits(account.login, code):
            _log.warning("sign-in refused", login=account.login, source=source, why="code")
            raise WrongCode
        self._halves.end(half)
        return await self._begin(account, source=source, device=device, kind=kind)

    async def _begin(self, account: UserAccount, *, source: str, device: str, kind: str) -> tuple[Who, str]:
        office, login = self._office, account.login
        self._lockout.succeeded(login, source)
        token = await office.store.sessions.create(login, self._now(), kind=kind, agent=device[:200])
        await office.store.audit.append(
            office.clock.utc(), login, "session.begun", f"user/{login}", {"source": source, "kind": kind}
        )
        return Who(account, token, kind == "page", await self.factors.lacks(account)), token

    async def _let_try(self, login: str, source: str) -> None:
        wait = self._lockout.begin(login, source, self._office.clock.monotonic())
        if wait > 0:
            _log.warning("sign-in locked", login=login[:64], source=source, seconds=math.ceil(wait))
            raise TooManyAttempts(math.ceil(wait))

    async def confirm(self, who: Who, password: str, source: str) -> bool:
        """Is it the present password of who is signed in. Counted like a sign-in; raises TooManyAttempts."""
        await self._let_try(who.login, source)
        right = await self._office.passwords.verify(who.account.password_hash.reveal(), password)
        if right:
            self._lockout.succeeded(who.login, source)
        return right

    async def confirm_code(self, who: Who, code: str, source: str) -> bool:
        """Is it a code of their second factor. Counted like a sign-in; raises TooManyAttempts."""
        await self._let_try(who.login, source)
        right = await self.factors.fits(who.login, code)
        if right:
            self._lockout.succeeded(who.login, source)
        return right

    async def prove_factor(self, who: Who, code: str, recovery: list[str], source: str) -> bool:
        """The device that was shown its key is in force if this is its code; every other session of this login ends.
        Counted like a sign-in; raises TooManyAttempts."""
        office = self._office
        await self._let_try(who.login, source)
        if not await self.factors.prove(who.login, code, recovery):
            return False
        self._lockout.succeeded(who.login, source)
        await office.store.sessions.revoke_all(who.login, but=who.token)
        await office.store.audit.append(office.clock.utc(), who.login, "second_factor.set", f"user/{who.login}")
        self._tell(who.login)
        return True

    async def remove_factor(self, login: str, by: str) -> bool:
        """False: there was none. Of somebody else (a device that is lost) every session ends."""
        office = self._office
        if not await self.factors.remove(login):
            return False
        await office.store.audit.append(office.clock.utc(), by, "second_factor.removed", f"user/{login}")
        if login != by:
            await office.store.sessions.revoke_all(login)
            self._tell(login)
        return True

    async def sign_out(self, who: Who) -> None:
        await self._office.store.sessions.revoke(who.token)
        await self._office.store.audit.append(self._office.clock.utc(), who.login, "session.ended", f"user/{who.login}")
        self._tell(who.login)

    async def change_password(self, who: Who, password: str) -> None:
        """Another password; every other session of this login ends. Raises Refused for one that cannot be kept."""
        office = self._office
        hashed = Secret(await office.passwords.hash(password))
        await office.store.site.set_password_hash(who.login, hashed, office.clock.utc())
        await office.store.sessions.revoke_all(who.login, but=who.token)
        await office.store.audit.append(office.clock.utc(), who.login, "password.changed", f"user/{who.login}")
        await office.site_changed()
        self._tell(who.login)

    async def change_pin(self, who: Who, pin: str) -> None:
        """Another PIN for phones. Raises Refused for one that cannot be kept."""
        office = self._office
        hashed = Secret(await office.passwords.hash(pin))
        await office.store.site.set_pin_hash(who.login, hashed, office.clock.utc())
        await office.store.audit.append(office.clock.utc(), who.login, "pin.changed", f"user/{who.login}")
        await office.site_changed()

    def _tell(self, login: str) -> None:
        for listener in self._listeners:
            listener(login)


SESSIONS = web.AppKey("sessions", Sessions)


def signed_in(request: web.Request) -> Who:
    """Raises NotSignedIn."""
    if WHO not in request:
        raise NotSignedIn
    return request[WHO]


def let_in(who: Who, right: str) -> None:
    """Who must have a second factor and has none may set one up, and nothing else. Raises SecondFactorNeeded."""
    if who.lacks and right != "session":
        raise SecondFactorNeeded


def bearer_token(request: web.BaseRequest) -> str:
    """The token of an Authorization header, or ""."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def device_of(request: web.BaseRequest) -> str:
    return "".join(sign for sign in request.headers.get("User-Agent", "") if sign.isprintable())[:200]


def from_here(request: web.BaseRequest) -> bool | None:
    """Did a page of ours make the browser ask? None: nothing in the request says so or denies it."""
    fetched_from = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if origin is not None:
        return _same_origin(origin, host_of(request))
    if fetched_from is not None:
        return fetched_from in ("same-origin", "none")
    return None


def _same_origin(origin: str, host: str) -> bool:
    try:
        return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False


def proven(request: web.BaseRequest) -> bool:
    """May a change be made by the cookie alone? Only a page of ours can set the header, or the origin says so."""
    said = from_here(request)
    return said is True or (said is None and request.headers.get("X-Requested-With") == "callcenterd")


@web.middleware
async def identify(request: web.Request, handler: Any) -> web.StreamResponse:
    """Finds out who asks. Whether they must be signed in, and may, is the route's right."""
    sessions = request.app[SESSIONS]
    token, by_cookie = bearer_token(request), False
    if not token:
        token, by_cookie = request.cookies.get(cookie_of(request), ""), True
    if token and (request.path.startswith("/api/") or request.path in WHERE_ASKED):
        who = await sessions.who(token, by_cookie=by_cookie)
        if who is not None:
            if by_cookie and request.method not in SAFE and not proven(request):
                _log.warning(
                    "foreign page refused", login=who.login, source=source_of(request), path=request.path[:200]
                )
                raise ForeignPage
            request[WHO] = who
            if (mask := request.app[MASKS].of(request.app[OFFICE].board.site, who.login)) is not None:
                request[MASK] = mask
            if isinstance(request.protocol, Connection):
                request.protocol.signed_in(who.login)
            if by_cookie:
                request[PAGE_LANGUAGE] = who.account.language
            return await _asked(request, handler, who.login)
    return await handler(request)  # type: ignore[no-any-return]  # aiohttp's middlewares are untyped here


def cookie_of(request: web.BaseRequest) -> str:
    """Its name. The one of a sealed way no page of another name or of a way that is open can set or read."""
    return SEALED_COOKIE if sealed(request) else COOKIE


async def _asked(request: web.Request, handler: Any, login: str) -> web.StreamResponse:
    """Whatever is done for this request is done for them."""
    if (mask := request.get(MASK)) is None:
        with asked_by(Asker(login=login)):
            return await handler(request)  # type: ignore[no-any-return]  # as below
    sought = Sought(request, login, mask)
    try:
        with asked_by(sought.asker()):
            return await handler(request)  # type: ignore[no-any-return]  # as below
    finally:
        await sought.note()


def keep(answer: web.StreamResponse, request: web.BaseRequest, token: str) -> None:
    """The token as a cookie: for this site only, and out of reach of scripts."""
    answer.set_cookie(
        cookie_of(request),
        token,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=sealed(request),
        max_age=7 * 86400,
    )


def forget(answer: web.StreamResponse, request: web.BaseRequest) -> None:
    answer.del_cookie(cookie_of(request), path="/", httponly=True, samesite="Strict", secure=sealed(request))
