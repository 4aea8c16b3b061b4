"""By which way a request came: from where, to which of our names, and whether the way was sealed.

What a proxy says of it (X-Forwarded-For, -Proto, -Host) is believed of the proxies that the configuration names, and of
nobody else. A page is only ever answered under a name of ours: a page of somebody else's whose name is suddenly said to
be at our address (DNS rebinding) would else read what ours may read.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

import structlog
from aiohttp import hdrs, web

from callcenterd.web import words
from callcenterd.web.answers import language_of, plain
from callcenterd.web.door import Connection, is_in
from callcenterd.web.office import OFFICE, Network

_log = structlog.get_logger(__name__)

ALWAYS_OURS = frozenset({"localhost"})
NOBODY_ELSES = (".local", ".internal", ".home.arpa", ".localhost")
"""Endings of names that are given inside an office only (RFC 6762, RFC 8375, RFC 6761): nobody outside can own one."""
ANY_NAME = frozenset({"/healthz"})
"""Who watches over the server may call it what they like: nothing in it is anybody's."""
ALSO_OPEN = ("/healthz", "/metrics", "/provision/")
"""Answered without TLS where pages have it: figures without names, and phones that know no certificate of ours."""


def source_of(request: web.BaseRequest) -> str:
    """The address of who asks; behind a proxy of ours, the last one that is none of these."""
    peer = request.remote or ""
    proxies = _proxies(request)
    if not is_in(peer, proxies):
        return peer
    for said in reversed(_list(request, hdrs.X_FORWARDED_FOR)):
        address = _address(said)
        if not address:
            return peer
        if not is_in(address, proxies):
            return address
    return peer


def sealed(request: web.BaseRequest) -> bool:
    """Did it come by HTTPS, to us or to a proxy of ours."""
    if is_in(request.remote or "", _proxies(request)) and (said := _list(request, hdrs.X_FORWARDED_PROTO)):
        return said[-1].lower() == "https"
    return request.secure


def host_of(request: web.BaseRequest) -> str:
    """Name or address, with the port if one was said, that the other side calls us; "": it says none."""
    if is_in(request.remote or "", _proxies(request)) and (said := _list(request, hdrs.X_FORWARDED_HOST)):
        return said[-1]
    return request.headers.get(hdrs.HOST, "")


def scheme_of(request: web.BaseRequest) -> str:
    return "https" if sealed(request) else "http"


def name_in(host: str) -> str:
    """ "Office.lan:8080" → "office.lan", "[::1]:80" → "::1"; "" for what is no host."""
    host = host.strip().lower()
    if host.startswith("["):
        name, bracket, rest = host[1:].partition("]")
        return name if bracket and (not rest or _is_port(rest)) and _address(name) else ""
    name, colon, port = host.partition(":")
    a_name = len(name) < 256 and all(sign.isascii() and (sign.isalnum() or sign in "._-") for sign in name)
    return name.removesuffix(".") if a_name and (not colon or _is_port(":" + port)) else ""


def is_ours(host: str, names: Iterable[str]) -> bool:
    """An address of any machine, this machine, a name that is ours, or one that is given inside an office only.

    No rebinding makes a name of an address, nor can a page from outside have a name without a dot.
    """
    name = name_in(host)
    if not name or name in ALWAYS_OURS or _address(name):
        return bool(name)
    inside = name.endswith(NOBODY_ELSES) or ("." not in name and not name[0].isdigit())
    return inside or name in names


def _proxies(request: web.BaseRequest) -> Iterable[Network]:
    office = request.app.get(OFFICE) if isinstance(request, web.Request) else None
    return () if office is None else office.ways.proxies


def _list(request: web.BaseRequest, header: str) -> list[str]:
    return [one.strip() for line in request.headers.getall(header, ()) for one in line.split(",") if one.strip()]


def _address(text: str) -> str:
    """ "192.0.2.1:5000" or "[2001:db8::1]" as an address; "" if it is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def _is_port(text: str) -> bool:
    return text[:1] == ":" and text[1:].isascii() and text[1:].isdigit() and len(text) <= 6


@web.middleware
async def right_way(request: web.Request, handler: Any) -> web.StreamResponse:
    """400 without a name · 421 under a name that is not ours · where pages have TLS, 308 to it, 403 for programs."""
    host = host_of(request)
    if request.path not in ANY_NAME:
        if not name_in(host) and (host or request.version >= (1, 1)):
            return refused(request, 400, "no_host")
        if host and not is_ours(host, request.app[OFFICE].ways.names()):
            _log.warning("a name that is not ours", host=host[:100], source=source_of(request), path=request.path[:200])
            return refused(request, 421, "not_our_name", host=host[:100])
    port = request.protocol.leads_to if isinstance(request.protocol, Connection) else 0
    if port and not sealed(request) and not request.path.startswith(ALSO_OPEN):
        if request.method not in ("GET", "HEAD") or request.path.startswith("/api/") or "Upgrade" in request.headers:
            return refused(request, 403, "https_only")
        name = name_in(host)
        shown = f"[{name}]" if ":" in name else name
        return web.Response(
            status=308,
            headers={"Location": f"https://{shown}{'' if port == 443 else f':{port}'}{request.rel_url.raw_path_qs}"},
        )
    return await handler(request)  # type: ignore[no-any-return]  # aiohttp's middlewares are untyped here


def refused(request: web.Request, status: int, code: str, **values: object) -> web.Response:
    """Text for a person, an error for a program."""
    language = language_of(request)
    said = words.say(code, language, **values)
    if request.path.startswith("/api/"):
        return plain({"error": {"code": code, "message": said, "fields": {}}}, status=status)
    return web.Response(status=status, text=f"{said}\n", content_type="text/plain")
