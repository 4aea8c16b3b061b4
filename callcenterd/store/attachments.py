"""Which files hang on which record. Their octets are `store.blobs`'; a row is only written when they are there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.attachments import Attachment, NewAttachment, RecordKind
from callcenterd.store.engine import Database
from callcenterd.store.tables.attachments import attachments
from callcenterd.store.tables.fields import custom_fields, custom_values

MOST = 500
"""Files of one record."""


class Attachments:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, attachment: int) -> Attachment:
        """Raises NotFound."""
        row = await self._database.row(sa.select(attachments).where(attachments.c.id == attachment))
        if row is None:
            raise NotFound("attachment", attachment)
        return _attachment(row)

    async def of(self, kind: RecordKind, record: str) -> list[Attachment]:
        """Of one record, the newest first, at most 500."""
        query = sa.select(attachments).where(attachments.c.kind == kind, attachments.c.record == record)
        order = (attachments.c.at.desc(), attachments.c.id.desc())
        return [_attachment(row) for row in await self._database.rows(query.order_by(*order).limit(MOST))]

    async def add(self, new: NewAttachment, by: str, at: datetime) -> Attachment:
        """Durable. Raises NotNow where the record has 500 files already."""

        async def work(connection: AsyncConnection) -> Attachment:
            same = (attachments.c.kind == new.kind, attachments.c.record == new.record)
            if (await connection.execute(sa.select(sa.func.count()).where(*same))).scalar_one() >= MOST:
                raise NotNow(f"a record has at most {MOST} files")
            row = {**asdict(new), "by": by, "at": at}
            added = await connection.execute(attachments.insert().values(row).returning(attachments))
            return _attachment(added.one())

        return await self._database.write(work)

    async def remove(self, attachment: int) -> Attachment:
        """What it was; durable. A custom field that named it is empty then. Raises NotFound."""

        async def work(connection: AsyncConnection) -> Attachment:
            gone = attachments.delete().where(attachments.c.id == attachment).returning(attachments)
            row = (await connection.execute(gone)).first()
            if row is None:
                raise NotFound("attachment", attachment)
            files = sa.select(custom_fields.c.id).where(custom_fields.c.type == "file")
            in_fields = custom_values.c.field_id.in_(files) & (custom_values.c.ref == attachment)
            await connection.execute(custom_values.delete().where(in_fields))
            return _attachment(row)

        return await self._database.write(work)

    async def referenced(self, hashes: Collection[str]) -> frozenset[str]:
        """Those of them that any record has. At most 500 at once."""
        query = sa.select(attachments.c.sha256).where(attachments.c.sha256.in_(list(hashes))).distinct()
        return frozenset(row.sha256 for row in await self._database.rows(query))


def _attachment(row: sa.Row[Any]) -> Attachment:
    return Attachment(**row._mapping)
