"""What every answer tells the browser to forbid (ASVS 5, V3.4), set where no handler can forget it."""

from __future__ import annotations

from aiohttp import hdrs, web

from callcenterd.web.office import OFFICE
from callcenterd.web.shell import NONCE
from callcenterd.web.ways import host_of, sealed

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), payment=(), usb=()",
}
NOTHING = "default-src 'none'; frame-ancestors 'none'"
"""For what is no page: should a browser take it for one, it does nothing."""


def policy(request: web.BaseRequest) -> str:
    """The content security policy of an answer."""
    nonce = request.get(NONCE)
    if nonce is not None:
        return (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    if request.path.startswith("/app/"):
        host = host_of(request)
        sockets = f"ws://{host} wss://{host}" if is_harmless_host(host) else ""
        return (
            "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
            f"font-src 'self' data:; media-src 'self' blob:; connect-src 'self' {sockets}; worker-src 'self'; "
            "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )
    return NOTHING


def is_harmless_host(host: str) -> bool:
    """A Host header is written by who asks: only what a name and port look like goes into a policy."""
    return 0 < len(host) <= 255 and all(sign.isascii() and (sign.isalnum() or sign in ".:-[]_") for sign in host)


async def add_headers(request: web.Request, answered: web.StreamResponse) -> None:
    headers = answered.headers
    headers["Server"] = "callcenterd"
    if answered.status == 101:
        return
    for name, value in ALWAYS.items():
        headers.setdefault(name, value)
    headers.setdefault("Content-Security-Policy", policy(request))
    if hdrs.CACHE_CONTROL not in headers:
        headers[hdrs.CACHE_CONTROL] = "no-store"
    if sealed(request) and not request.app[OFFICE].ways.phones_port():
        # Not with a certificate that we made: a browser that was told this lets nobody past its warning.
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
