"""Desk phones that fetch their settings from us. Their tokens are kept only as SHA-256, like those of sessions."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.devices import Device, Vendor
from callcenterd.model.ids import ExtensionNumber
from callcenterd.store.engine import Database
from callcenterd.store.schema import devices

_TOKEN_OCTETS = 24
_SHOWN = [column for column in devices.c if column.name != "token"]


class Devices:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Device]:
        """By extension, then by MAC address."""
        rows = await self._database.rows(sa.select(*_SHOWN).order_by(devices.c.extension, devices.c.mac))
        return [_device(row) for row in rows]

    async def create(
        self, mac: str, vendor: Vendor, extension: ExtensionNumber, at: datetime, by: str
    ) -> tuple[Device, str]:
        """The device and its token, which is said only now. Raises NotNow if there is one of that MAC address."""
        token = secrets.token_urlsafe(_TOKEN_OCTETS)
        row = {
            "mac": mac,
            "vendor": vendor,
            "extension": extension,
            "token": _hash(token),
            "created_at": at,
            "created_by": by,
            "fetched_from": "",
            "fetched_by": "",
            "fetches": 0,
        }

        async def work(connection: AsyncConnection) -> Device:
            if (await connection.execute(sa.select(devices.c.id).where(devices.c.mac == mac))).first() is not None:
                raise NotNow(f"device {mac} is there already")
            added = await connection.execute(devices.insert().values(row).returning(*_SHOWN))
            return _device(added.one())

        return await self._database.write(work), token

    async def renew(self, device: int) -> tuple[Device, str]:
        """Another token; the old one is nobody's from now on. Raises NotFound."""
        token = secrets.token_urlsafe(_TOKEN_OCTETS)
        return await self._change(device, lambda: {"token": _hash(token)}), token

    async def remove(self, device: int) -> Device:
        """Raises NotFound."""

        async def work(connection: AsyncConnection) -> Device:
            gone = await connection.execute(devices.delete().where(devices.c.id == device).returning(*_SHOWN))
            if (row := gone.first()) is None:
                raise NotFound("device", device)
            return _device(row)

        return await self._database.write(work)

    async def by_token(self, token: str) -> Device | None:
        """Whose token it is. A wrong one costs what a right one costs."""
        row = await self._database.row(sa.select(*_SHOWN).where(devices.c.token == _hash(token)))
        return None if row is None else _device(row)

    async def fetched(self, device: int, at: datetime, source: str, agent: str) -> None:
        """Its file was fetched. One that is gone meanwhile is left so."""

        async def work(connection: AsyncConnection) -> None:
            values = {"fetched_at": at, "fetched_from": source, "fetched_by": agent[:200]}
            counted = {**values, "fetches": devices.c.fetches + 1}
            await connection.execute(devices.update().where(devices.c.id == device).values(counted))

        await self._database.write(work, durable=False)

    async def _change(self, device: int, fields: Callable[[], dict[str, Any]]) -> Device:
        async def work(connection: AsyncConnection) -> Device:
            change = devices.update().where(devices.c.id == device).values(fields()).returning(*_SHOWN)
            if (row := (await connection.execute(change)).first()) is None:
                raise NotFound("device", device)
            return _device(row)

        return await self._database.write(work)


def _device(row: sa.Row[Any]) -> Device:
    return Device(**row._mapping)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()
