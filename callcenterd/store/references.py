"""What a custom field can refer to: is it there, and how people call it. Whether somebody may see it is not asked
here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.model.fields import FieldTarget, FieldValue
from callcenterd.store.engine import Database
from callcenterd.store.schema import customers, users
from callcenterd.store.tables.appointments import appointments
from callcenterd.store.tables.complaints import complaints
from callcenterd.store.tables.consultations import consultations
from callcenterd.store.tables.follow_ups import follow_ups

_KEYS: Mapping[FieldTarget, sa.Column[Any]] = {
    "customer": customers.c.id,
    "user": users.c.login,
    "consultation": consultations.c.id,
    "complaint": complaints.c.id,
    "follow_up": follow_ups.c.id,
    "appointment": appointments.c.id,
}
_CALLED: Mapping[FieldTarget, sa.Column[Any]] = {
    "customer": customers.c.name,
    "user": users.c.name,
    "consultation": consultations.c.number,
    "complaint": complaints.c.number,
    "follow_up": follow_ups.c.number,
    "appointment": appointments.c.number,
}
"""A customer and a user by their names, a record by the number of its sheet."""


async def there_is(connection: AsyncConnection, target: FieldTarget, value: FieldValue) -> bool:
    key = _KEYS[target]
    return (await connection.execute(sa.select(key).where(key == value))).first() is not None


async def called(database: Database, target: FieldTarget, values: Collection[FieldValue]) -> Mapping[FieldValue, str]:
    """How people call those of them that are there. values: at most 500."""
    key = _KEYS[target]
    rows = await database.rows(sa.select(key.label("key"), _CALLED[target].label("name")).where(key.in_(values)))
    return {row.key: row.name for row in rows}
