"""Pages made on the server: sign-in, which works without a script; the way to the application; and what is missing.

Under /app/ the built application is served (webapp/, built into static/). Files with a digest in their name never
change, so a browser may keep them for ever; index.html it asks for each time.
"""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog
from aiohttp import hdrs, web
from babel.dates import format_date
from jinja2 import Environment, PackageLoader, StrictUndefined

import callcenterd
from callcenterd.errors import CallcenterdError
from callcenterd.web import words
from callcenterd.web.answers import CodeNeeded, Malformed, TooSlow, WebError, WrongCode, file, language_of
from callcenterd.web.office import OFFICE, PACE
from callcenterd.web.session import MOST_PASSWORD, SESSIONS, WHO, device_of, from_here, keep
from callcenterd.web.ways import source_of

_log = structlog.get_logger(__name__)

routes = web.RouteTableDef()

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
}
"""Given, not asked of the machine: browsers run no script of another type, and guess none."""
LOOK = "callcenterd_look"
"""A cookie: light or dark. Written by the application (webapp/src/look), read here too; no secret."""
PAGES = web.AppKey("pages", Path)
OWN_PAGES = frozenset({"display"})
"""Addresses with a page of their own: the wall display, for which nobody signs in."""
HOME = "/app/"
NONCE = web.RequestKey("nonce", str)

TEXTS = {
    # Chinese, English
    "product": ("呼叫中心", "Call centre"),
    "sign_in": ("登录", "Sign in"),
    "login": ("工号", "Login"),
    "password": ("密码", "Password"),
    "other_language": ("English", "中文"),
    "welcome": ("请用工号和密码登录", "Sign in with your login and password"),
    "code": ("验证码", "Verification code"),
    "code_welcome": ("请输入手机应用里的 6 位验证码", "Enter the 6 digits that your app shows"),
    "code_lost": ("手机不在身边？可以输入一个恢复码。", "No device at hand? Enter a recovery code."),
    "begin_anew": ("重新登录", "Begin anew"),
    "forgotten": ("忘记密码？请找管理员重设。", "Forgotten it? Ask your administrator."),
    "not_built": ("页面还没有生成", "The pages are not built yet"),
    "how_to_build": (
        "服务器在运行，电话照常。请在程序目录运行 make pages 生成页面，然后刷新。",
        "The server runs, and so do the phones. Run make pages in the program's folder, then load this page again.",
    ),
    "missing": ("没有这个页面", "There is no such page"),
    "failed": ("出错了", "Something went wrong"),
    "failed_text": (
        "错误已记入日志。请稍后再试，或告诉管理员。",
        "It is in the log. Try again later, or tell the administrator.",
    ),
    "missing_text": ("地址可能写错了，或页面已经移走。", "The address may be mistyped, or the page has moved."),
    "listen": ("收听录音", "Listen to a recording"),
    "listen_pin": ("PIN（由分享者另行告知）", "PIN (you were told it in another way)"),
    "listen_open": ("打开并收听", "Open and listen"),
    "listen_until": ("有效期至", "Valid until"),
    "listen_left": ("剩余打开次数", "can be opened this many times more:"),
    "listen_private": ("每次打开都有记录。请勿转发。", "Each opening is written down. Please do not pass it on."),
    "listen_wrong_pin": ("PIN 不对", "That PIN is wrong"),
    "listen_again": ("请从本页打开", "Please open it from this page"),
    "listen_gone": ("这个链接不能用了", "This link cannot be opened"),
    "listen_gone_text": (
        "它已过期、已用完或已被收回，或者地址不完整。请向分享者要一个新的。",
        "It has expired, was used up or taken back, or the address is not complete. Ask who sent it for a new one.",
    ),
    "listen_wait": ("请稍候再试", "Please wait"),
    "listen_wait_text": ("试错的次数太多。", "Too many wrong tries came from here."),
    "print": ("打印", "Print"),
    "home": ("回到首页", "To the start page"),
}


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("callcenterd.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """A page in the reader's language. Scripts and foreign contents are not allowed in it."""
    office, language = request.app[OFFICE], language_of(request)
    index = words.LANGUAGES.index(language)
    nonce = f"{office.chance.getrandbits(128):032x}"
    request[NONCE] = nonce
    today = office.clock.utc().astimezone(office.timezone).date()
    text = (
        _templates()
        .get_template(template)
        .render(
            t={name: both[index] for name, both in TEXTS.items()},
            language=language,
            other=words.LANGUAGES[1 - index],
            nonce=nonce,
            look=look if (look := request.cookies.get(LOOK)) in ("light", "dark") else "system",
            version=callcenterd.__version__,
            today=format_date(today, format="full", locale=words.babel_locale(language)),
            **values,
        )
    )
    answered = web.Response(text=text, status=status, content_type="text/html")
    answered.headers["Content-Language"] = language
    answered.headers["Vary"] = "Accept-Language, Cookie"
    chosen = words.as_language(request.query.get("lang", ""))
    if chosen is not None:
        # The application reads this cookie too: no secret, and one choice for all pages.
        answered.set_cookie(words.COOKIE, chosen, path="/", samesite="Lax", max_age=365 * 86400)
    return answered


def safe_next(address: str) -> str:
    """Where to go after the sign-in: an address of ours, else the start. Browsers take "//x" and "/\\x" for hosts."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return HOME
    ours = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    readable = address.isprintable() and "\\" not in address and len(address) <= 2000
    return address if ours and readable and not parts.path.startswith("/sign-in") else HOME


@routes.get("/")
async def start(request: web.Request) -> web.StreamResponse:
    """302 to the application, or to the sign-in."""
    raise web.HTTPFound(HOME if WHO in request else "/sign-in")


@routes.get("/sign-in")
async def show_sign_in(request: web.Request) -> web.StreamResponse:
    """200 the form · 302 who is signed in already goes on."""
    wanted = safe_next(request.query.get("next", HOME))
    if WHO in request and "lang" not in request.query:
        raise web.HTTPFound(wanted)
    return _form(request, wanted)


@routes.post("/sign-in")
async def take_sign_in(request: web.Request) -> web.StreamResponse:
    """303 signed in, to where one wanted to go · 400, 401, 403, 429 the form again, with what is wrong."""
    wanted, login = HOME, ""
    try:
        if from_here(request) is False:
            # Somebody else's page could sign a person in under a name that is not theirs.
            raise _Foreign
        form = await read_form(request)
        wanted, login = safe_next(form.get("next", HOME)), form.get("login", "").strip()
        half, sessions = form.get("half", "")[:200], request.app[SESSIONS]
        from_where = {"source": source_of(request), "device": device_of(request), "kind": "page"}
        if half:
            _, token = await sessions.go_on(half, form.get("code", "")[:64].strip(), **from_where)
        else:
            password = form.get("password", "")[: MOST_PASSWORD + 1]
            _, token = await sessions.sign_in(login[:64], password, **from_where)
    except CodeNeeded as asked:
        return _form(request, wanted, half=asked.half)
    except WrongCode as fault:
        return _form(request, wanted, half=half, fault=fault)
    except WebError as fault:
        answered = _form(request, wanted, login=login, fault=fault)
        answered.headers.update({name: value for name, value in fault.headers.items() if name == "Retry-After"})
        return answered
    onward = web.HTTPSeeOther(wanted)
    keep(onward, request, token)
    raise onward


class _Foreign(WebError):
    status = 403
    code = "foreign_page"


async def read_form(request: web.Request) -> dict[str, str]:
    """What a page of ours was filled in with. Raises Malformed, TooSlow."""
    if request.content_type != "application/x-www-form-urlencoded" or (request.content_length or 0) > 16_384:
        raise Malformed(why="form")
    try:
        async with asyncio.timeout(request.app[PACE].body):
            form = await request.post()
    except TimeoutError:
        raise TooSlow from None
    except (web.HTTPRequestEntityTooLarge, web.RequestPayloadError, UnicodeDecodeError, LookupError, ValueError):
        raise Malformed(why="form") from None
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _form(
    request: web.Request, wanted: str, *, login: str = "", half: str = "", fault: WebError | None = None
) -> web.Response:
    """half: only the code is still to be said."""
    said = "" if fault is None else words.say(fault.code, language_of(request), **fault.values)
    other = words.LANGUAGES[1 - words.LANGUAGES.index(language_of(request))]
    turn = "/sign-in?" + urlencode({"lang": other, "next": wanted})
    status = 200 if fault is None else fault.status
    return page(
        request, "sign-in.html", status=status, wanted=wanted, login=login[:64], half=half, fault=said, turn=turn
    )


@routes.get("/app")
async def to_application(_: web.Request) -> web.StreamResponse:
    raise web.HTTPFound(HOME)


@routes.get("/app/{path:.*}")
async def application(request: web.Request) -> web.StreamResponse:
    """200 a file of the application, or its page for every address without a file · 404 · 503 not built."""
    folder, name = request.app[PAGES], request.match_info["path"]
    found = await asyncio.to_thread(_static_file, folder, name)
    if found is not None and name != "index.html":
        return file(request, *found, _file_headers(name))
    if name.startswith("assets/"):
        return missing(request)
    index = await asyncio.to_thread(_static_file, folder, f"{name}.html" if name in OWN_PAGES else "index.html")
    if index is None:
        return page(request, "message.html", status=503, title="not_built", text="how_to_build", home=False)
    return file(request, *index, _file_headers("index.html"))


@routes.get("/favicon.ico")
async def icon(_: web.Request) -> web.StreamResponse:
    """302 the application's icon."""
    raise web.HTTPFound("/app/icon.svg")


def _static_file(folder: Path, name: str) -> tuple[Path, int] | None:
    """A file under the folder and its size; None for what is not there, or is not to be had."""
    if not name or "\0" in name or any(part.startswith(".") for part in name.split("/")):
        return None
    try:
        path = (folder / name).resolve()
        if path.is_relative_to(folder.resolve()) and path.is_file():
            return path, path.stat().st_size
    except OSError:  # a name too long, a loop of links
        return None
    return None


def _file_headers(name: str) -> dict[str, str]:
    return {
        hdrs.CONTENT_TYPE: TYPES.get(Path(name).suffix, "application/octet-stream"),
        hdrs.CACHE_CONTROL: "public, max-age=31536000, immutable" if name.startswith("assets/") else "no-cache",
    }


def missing(request: web.Request) -> web.Response:
    return page(request, "message.html", status=404, title="missing", text="missing_text", home=True)


def _named(request: web.Request) -> str:
    """The address for the log, without the token of a link."""
    return "/listen/…" if request.path.startswith("/listen/") else request.path


@web.middleware
async def page_faults(request: web.Request, handler: Any) -> web.StreamResponse:
    """Faults of pages are pages. Those of the API are `answers.faults`'s."""
    try:
        return await handler(request)  # type: ignore[no-any-return]  # aiohttp's middlewares are untyped here
    except web.HTTPException as fault:
        if fault.status != 404:
            raise
        return missing(request)
    except CallcenterdError as fault:
        status = fault.status if isinstance(fault, WebError) else 503
        _log.error("page failed", path=_named(request), why=str(fault))
        return page(request, "message.html", status=status, title="failed", text="failed_text", home=True)
    except Exception:  # noqa: BLE001  # a fault in one page must not reach the others; CancelledError goes on
        _log.exception("page failed", path=_named(request))
        return page(request, "message.html", status=500, title="failed", text="failed_text", home=True)
