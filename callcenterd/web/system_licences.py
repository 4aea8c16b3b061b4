"""Whose work the server is made of, and under which licences."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from pydantic import TypeAdapter

import callcenterd
from callcenterd import licences
from callcenterd.web.answers import answer
from callcenterd.web.describe import shape
from callcenterd.web.rights import right

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True, kw_only=True)
class LicencesNow:
    """text: our own licence, whole. items: parts by others."""

    version: str
    licence: str
    text: str
    items: list[licences.Part]
    total: int


LICENCES_NOW = TypeAdapter(LicencesNow)


class Licences:
    """Read once: what is installed does not change while we run. pages: the folder of the built pages."""

    def __init__(self, pages: Path) -> None:
        self._pages = pages
        self._one_at_a_time = asyncio.Lock()
        self._known: LicencesNow | None = None

    async def now(self) -> LicencesNow:
        async with self._one_at_a_time:
            if self._known is None:
                self._known = await asyncio.to_thread(self._read)
            return self._known

    def _read(self) -> LicencesNow:
        items = licences.parts(self._pages)
        return LicencesNow(
            version=callcenterd.__version__,
            licence=licences.OUR_LICENCE,
            text=licences.our_text(),
            items=items,
            total=len(items),
        )


LICENCES = web.AppKey("licences", Licences)


@routes.get("/api/v1/system/licences")
@right("system")
@shape(summary="Parts by others, with version, licence and home; and our own licence", answer=LICENCES_NOW)
async def licences_now(request: web.Request) -> web.StreamResponse:
    """200 libraries as they are installed, what the pages were built of, and the sounds that ship."""
    return answer(LICENCES_NOW, await request.app[LICENCES].now())
