"""Numbers of sheets [单号]: ZX20261127-0001, the next one of a kind and a day."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.store.tables.records import sheet_numbers


async def next_number(connection: AsyncConnection, prefix: str, day: date) -> str:
    """In the caller's transaction: if that is undone, so is the number. Four digits at least.

    prefix: ZX consultations, TS complaints, HF follow-ups, YY appointments. day: the office's.
    """
    this = (sheet_numbers.c.prefix == prefix) & (sheet_numbers.c.day == day)
    up = sheet_numbers.update().where(this).values(last=sheet_numbers.c.last + 1).returning(sheet_numbers.c.last)
    last = (await connection.execute(up)).scalar_one_or_none()
    if last is None:
        await connection.execute(sa.insert(sheet_numbers).values(prefix=prefix, day=day, last=1))
        last = 1
    return f"{prefix}{day:%Y%m%d}-{last:04}"
