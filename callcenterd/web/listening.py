"""The bare page that a link to a recording leads to: it plays this one, and does nothing else.

Whoever has the address sees it; a look at it counts as nothing (messengers look at what is sent), pressing the button
does. Then a cookie of this address alone lets the sound through, for a few hours at most. There is no script, nothing
foreign, and no address in any log of ours.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from urllib.parse import urlencode

import structlog
from aiohttp import hdrs, web

from callcenterd.errors import CallcenterdError, NotFound
from callcenterd.model.recordings import RecordingLink
from callcenterd.switchboard.lockout import Lockout, Patience
from callcenterd.web import shell, words
from callcenterd.web.answers import WebError, language_of
from callcenterd.web.office import OFFICE
from callcenterd.web.recording_links import FOLDER, new_token, pin_hash, token_hash
from callcenterd.web.recordings import played
from callcenterd.web.session import from_here
from callcenterd.web.ways import sealed, source_of

_log = structlog.get_logger(__name__)

routes = web.RouteTableDef()

TRIES = web.AppKey("listening_tries", Lockout)
PATIENCE = Patience(free=20, first=5.0, longest=900.0, memory=1800.0)
"""Wrong addresses and PINs of one source."""
COOKIE = "callcenterd_listen"
OPENED = timedelta(hours=4)
"""How long who has opened it may listen."""
_LONGEST_TOKEN = 64
_HEADERS = {
    "Referrer-Policy": "same-origin",  # with none at all, browsers say "Origin: null" when the button is pressed
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    hdrs.CACHE_CONTROL: "no-store",
}


def tries() -> Lockout:
    return Lockout(pair=PATIENCE, source=PATIENCE)


@routes.get("/listen/{token}")
async def show_listening(request: web.Request) -> web.StreamResponse:
    """200 the page · 404 no such link, or it has ended · 429 too many wrong ones."""
    if (refused := _too_often(request)) is not None:
        return refused
    try:
        link, _ = await _known(request)
        if not await _has_opened(request, link):
            return _closed(request, link) if not _stands(request, link) else _page(request, link)
        return _page(request, link, opened=True)
    except CallcenterdError as fault:
        return _faulty(request, fault)


@routes.post("/listen/{token}")
async def open_listening(request: web.Request) -> web.StreamResponse:
    """303 opened: the page plays it now · 403 a wrong PIN · 404 no such link, or it has ended · 429 too many tries."""
    if (refused := _too_often(request)) is not None:
        return refused
    try:
        link, pin = await _known(request)
        if not _stands(request, link):
            return _closed(request, link)
        if from_here(request) is False:
            return _page(request, link, fault="listen_again")
        if pin and not await _is_right(request, link, pin):
            return _page(request, link, fault="listen_wrong_pin", status=403)
        return await _open(request, link)
    except CallcenterdError as fault:
        return _faulty(request, fault)


@routes.get("/listen/{token}/sound")
async def listening_sound(request: web.Request) -> web.StreamResponse:
    """200, 206 the sound · 404 for everybody who has not opened it, or when it has ended."""
    if (refused := _too_often(request)) is not None:
        return refused
    try:
        link, _ = await _known(request)
        if not await _has_opened(request, link):
            return web.Response(status=404, headers=_HEADERS)
        record = await request.app[OFFICE].store.recordings.get(link.recording)
        answered = await played(request, record)
    except CallcenterdError:
        return web.Response(status=404, headers=_HEADERS)
    if not answered.prepared:
        answered.headers.update(_HEADERS)
    return answered


# ---- within -----------------------------------------------------------------------------------------------------


def _token(request: web.Request) -> str:
    return request.match_info["token"][: _LONGEST_TOKEN + 1]


async def _known(request: web.Request) -> tuple[RecordingLink, str]:
    """Raises NotFound; that is counted."""
    office, source = request.app[OFFICE], source_of(request)
    try:
        return await office.store.recordings.links.known(token_hash(_token(request)))
    except NotFound:
        request.app[TRIES].begin("", source, office.clock.monotonic())
        raise


def _too_often(request: web.Request) -> web.Response | None:
    lockout, now, source = request.app[TRIES], request.app[OFFICE].clock.monotonic(), source_of(request)
    wait = lockout.begin("", source, now)
    if wait <= 0:
        lockout.withdrawn("", source)  # a right one is no try
        return None
    answered = _bare(request, status=429, title="listen_wait", text="listen_wait_text")
    answered.headers["Retry-After"] = str(int(wait) + 1)
    return answered


def _stands(request: web.Request, link: RecordingLink) -> bool:
    return (
        link.revoked_at is None and link.expires_at > request.app[OFFICE].clock.utc() and link.plays < link.most_plays
    )


async def _is_right(request: web.Request, link: RecordingLink, pin: str) -> bool:
    office, source = request.app[OFFICE], source_of(request)
    form = await shell.read_form(request)
    said = form.get("pin", "")[:16].strip()
    if hmac.compare_digest(pin_hash(_token(request), said), pin):
        return True
    request.app[TRIES].begin("", source, office.clock.monotonic())
    now = office.clock.utc()
    ended = await office.store.recordings.links.wrong_pin(link.id, now)
    details = {"link": link.id, "source": source, "ended": ended}
    await office.store.audit.append(now, "system", "recording.link_wrong_pin", f"recording/{link.recording}", details)
    return False


async def _open(request: web.Request, link: RecordingLink) -> web.StreamResponse:
    office, source = request.app[OFFICE], source_of(request)
    secret, now = new_token(office.chance.getrandbits(256)), office.clock.utc()
    until = min(now + OPENED, link.expires_at)
    if not await office.store.recordings.links.open(link.id, _digest(secret), now, until):
        return _closed(request, link)
    details = {"link": link.id, "source": source, "play": link.plays + 1}
    await office.store.audit.append(now, "system", "recording.link_opened", f"recording/{link.recording}", details)
    path = f"{FOLDER}{_token(request)}"
    onward = web.Response(status=303, headers={**_HEADERS, hdrs.LOCATION: path})
    onward.set_cookie(
        COOKIE,
        secret,
        path=path,
        httponly=True,
        samesite="Strict",
        secure=sealed(request),
        max_age=int((until - now).total_seconds()),
    )
    return onward


async def _has_opened(request: web.Request, link: RecordingLink) -> bool:
    secret = request.cookies.get(COOKIE, "")[:_LONGEST_TOKEN]
    office = request.app[OFFICE]
    return bool(secret) and await office.store.recordings.links.opened(link.id, _digest(secret), office.clock.utc())


def _digest(secret: str) -> str:
    return hashlib.sha256(b"opened " + secret.encode()).hexdigest()


def _closed(request: web.Request, link: RecordingLink) -> web.Response:
    _log.info("a link to a recording has ended", link=link.id, source=source_of(request))
    return _bare(request, status=404, title="listen_gone", text="listen_gone_text")


def _faulty(request: web.Request, fault: CallcenterdError) -> web.Response:
    """Nothing of the address is logged: it is the token."""
    if isinstance(fault, NotFound):
        return _bare(request, status=404, title="listen_gone", text="listen_gone_text")
    status = fault.status if isinstance(fault, WebError) else 503
    _log.error("a link to a recording cannot be opened", why=type(fault).__name__)
    return _bare(request, status=status, title="failed", text="failed_text")


def _page(
    request: web.Request, link: RecordingLink, *, opened: bool = False, fault: str = "", status: int = 200
) -> web.Response:
    left = link.most_plays - link.plays
    answered = shell.page(
        request,
        "listen.html",
        status=status,
        address=f"{FOLDER}{_token(request)}",
        opened=opened,
        pin=link.pin,
        left=left,
        until=f"{link.expires_at.astimezone(request.app[OFFICE].timezone):%Y-%m-%d %H:%M}",
        fault=fault,
        **_turn(request),
    )
    return _guarded(request, answered)


def _bare(request: web.Request, *, status: int, title: str, text: str) -> web.Response:
    return _guarded(request, shell.page(request, "message.html", status=status, title=title, text=text, home=False))


def _turn(request: web.Request) -> dict[str, str]:
    other = words.LANGUAGES[1 - words.LANGUAGES.index(language_of(request))]
    return {"turn": "?" + urlencode({"lang": other})}


def _guarded(request: web.Request, answered: web.Response) -> web.Response:
    answered.headers.update(_HEADERS)
    nonce = request[shell.NONCE]
    answered.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; img-src 'self'; media-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    return answered
