"""A request that is sent twice is done once: `Idempotency-Key`, on routes that make something new.

Who does not know whether a request arrived (the network was cut before the answer came) sends it again with the same
key, for a day, and gets the same answer. Of what is kept with it, and of the one window there is: `store.once`.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import structlog
from aiohttp import web

from callcenterd.store.faults import CannotStore
from callcenterd.store.once import Done, Request
from callcenterd.web.answers import Conflict, WebError, WrongFields, nothing, read_octets
from callcenterd.web.office import OFFICE
from callcenterd.web.session import signed_in

_log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADER = "Idempotency-Key"
AGAIN = "Idempotency-Replayed"
"""On an answer that was given before."""
PATTERN = "[A-Za-z0-9_-]{8,64}"
_KEY = re.compile(PATTERN)


class KeptOtherwise(WebError):
    """Something else was sent with that key before. now: what was answered then, where that is known."""

    status = 409
    code = "kept_otherwise"

    def __init__(self, done: Done) -> None:
        super().__init__()
        if done.answer:
            self.more = {"now": json.loads(done.answer)}


class Places:
    """One request of a key at a time: who comes meanwhile waits for its answer."""

    def __init__(self) -> None:
        self._waiting: dict[Request, tuple[asyncio.Lock, int]] = {}

    @contextlib.asynccontextmanager
    async def alone(self, place: Request) -> AsyncIterator[None]:
        lock, others = self._waiting.get(place, (asyncio.Lock(), 0))
        self._waiting[place] = (lock, others + 1)
        try:
            async with lock:
                yield
        finally:
            lock, others = self._waiting.pop(place)
            if others > 1:
                self._waiting[place] = (lock, others - 1)


PLACES = web.AppKey("once", Places)


def once(handler: Handler) -> Handler:
    """With a key, what is sent again is not done again. It stands innermost: whoever may not do it is refused first.

    Not for routes of secrets: what they answer would be kept.
    """

    @functools.wraps(handler)
    async def kept(request: web.Request) -> web.StreamResponse:
        if (key := request.headers.get(HEADER)) is None:
            return await handler(request)
        if _KEY.fullmatch(key) is None:
            raise WrongFields({HEADER: ("string_pattern_mismatch", {})})
        login, route = signed_in(request).login, f"{request.method} {request.path}"
        wanted = Request(login, route, key, hashlib.sha256(await read_octets(request)).hexdigest())
        async with request.app[PLACES].alone(Request(login, route, key, "")):
            return await _first_or_again(request, handler, wanted)

    # To the tables of routes (`rights`, `describe`) it is the handler itself.
    del kept.__wrapped__
    _once.add(kept)
    return kept


_once: set[Any] = set()


def is_once(handler: Any) -> bool:
    return handler in _once


async def _first_or_again(request: web.Request, handler: Handler, wanted: Request) -> web.StreamResponse:
    """Raises KeptOtherwise, and Conflict where its answer is not known."""
    office = request.app[OFFICE]
    keys, now = office.store.once, office.clock.utc()
    if (done := await keys.find(wanted, now)) is not None:
        if done.fingerprint != wanted.fingerprint:
            raise KeptOtherwise(done)
        if done.answer is None or done.status is None:
            raise Conflict("kept_already")
        answered = web.Response(body=done.answer.encode(), status=done.status, content_type="application/json")
        if not done.answer:
            answered = nothing()
        answered.headers[AGAIN] = "true"
        return answered
    beside = keys.beside(wanted, now)
    with beside.within():
        made = await handler(request)
    if beside.kept and isinstance(made, web.Response) and isinstance(octets := made.body or b"", bytes):
        try:
            await keys.answered(wanted, made.status, octets.decode())
        except CannotStore as fault:  # what was asked for is kept: that is said now, and cannot be said again
            _log.warning("answer not kept for another time", route=wanted.route, why=str(fault))
    return made
