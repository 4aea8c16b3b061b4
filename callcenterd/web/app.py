"""The aiohttp application: its middlewares, and the routes of every file of this room."""

from __future__ import annotations

from aiohttp import web

from callcenterd.web.office import OFFICE, FlowsNow, Office, PhoneNow, Ticks, TrunkNow

__all__ = ["FlowsNow", "Office", "PhoneNow", "Ticks", "TrunkNow", "build"]


def build(office: Office) -> web.Application:
    """The application. `door.Door(build(office), host, port)` serves it with deadlines and caps."""
    app = web.Application()
    app[OFFICE] = office
    return app
