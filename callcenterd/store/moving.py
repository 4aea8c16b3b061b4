"""Everything that hangs on one customer goes over to another, and comes back.

What hangs on customers is not listed here: every column with a foreign key to them is one, whoever brings its table.
Beside those there are some that name a customer in another way: who was merged before, files, and custom fields that
refer to one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.store.columns import Plain, metadata
from callcenterd.store.schema import customers
from callcenterd.store.tables.attachments import attachments
from callcenterd.store.tables.fields import custom_fields, custom_values
from callcenterd.store.tables.merges import customer_merges, customer_moves

_STAYS = {"phones", "customer_choices", customer_merges.name}
"""What belongs to the card itself, or tells of merges: it is of that customer, whatever becomes of them."""


@dataclass(frozen=True, slots=True)
class Hanging:
    """One column that names a customer. where: in which rows it does; text: it names them as a text."""

    table: sa.Table
    column: sa.Column[Any]
    where: sa.ColumnElement[bool]
    text: bool = False

    @property
    def name(self) -> str:
        return f"{self.table.name}.{self.column.name}"

    @property
    def key(self) -> sa.ColumnElement[str]:
        parts = [sa.cast(column, sa.Text) for column in self.table.primary_key.columns]
        key: sa.ColumnElement[str] = parts[0]
        for part in parts[1:]:
            key = key + "/" + part
        return key

    def of(self, customer: int) -> sa.ColumnElement[bool]:
        return self.where & (self.column == self.value(customer))

    def value(self, customer: int) -> int | str:
        return str(customer) if self.text else customer


def all_hanging() -> Iterator[Hanging]:
    for table in metadata.sorted_tables:
        for column in table.columns:
            if table.name not in _STAYS and any(key.column is customers.c.id for key in column.foreign_keys):
                yield Hanging(table, column, sa.true())
    yield Hanging(customers, customers.c.merged_into, sa.true())
    yield Hanging(attachments, attachments.c.record, attachments.c.kind == "customer", text=True)
    to_customers = sa.select(custom_fields.c.id).where(custom_fields.c.target == "customer")
    yield Hanging(custom_values, custom_values.c.ref, custom_values.c.field_id.in_(to_customers))


async def move(connection: AsyncConnection, merge: int, gone: int, kept: int) -> int:
    """All of one customer's to the other, and what that was is written down. Answers how many rows that were."""
    moved = 0
    for hanging in all_hanging():
        # What went over before, came back by hand and goes over again stands there already.
        known = sa.select(sa.literal(1)).where(
            customer_moves.c.merge_id == merge,
            customer_moves.c.what == hanging.name,
            customer_moves.c.row == hanging.key,
        )
        rows = sa.select(sa.literal(merge), sa.literal(hanging.name, Plain), hanging.key).where(
            hanging.of(gone), ~known.exists()
        )
        await connection.execute(customer_moves.insert().from_select(["merge_id", "what", "row"], rows))
        change = hanging.table.update().where(hanging.of(gone)).values({hanging.column.name: hanging.value(kept)})
        moved += (await connection.execute(change)).rowcount
    return moved


async def move_back(connection: AsyncConnection, merge: int, kept: int, gone: int) -> None:
    """What went over with that merge and is the other's still."""
    for hanging in all_hanging():
        went = sa.select(customer_moves.c.row).where(
            customer_moves.c.merge_id == merge, customer_moves.c.what == hanging.name
        )
        change = hanging.table.update().where(hanging.of(kept), hanging.key.in_(went))
        await connection.execute(change.values({hanging.column.name: hanging.value(gone)}))
    await connection.execute(customer_moves.delete().where(customer_moves.c.merge_id == merge))
