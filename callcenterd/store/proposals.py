"""Proposals as they are kept: every version; templates and letterhead, which the second of two does not write over."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.attachments import RecordKind
from callcenterd.model.ids import CustomerId
from callcenterd.model.proposals import (
    MOST_TEMPLATES,
    PREFIX,
    Letterhead,
    NewProposal,
    PaperIsAnother,
    Proposal,
    ProposalTemplate,
    ProposalWords,
    RecordSaid,
)
from callcenterd.store.columns import metadata
from callcenterd.store.engine import Database
from callcenterd.store.numbering import next_number
from callcenterd.store.tables.proposals import letterheads, proposal_templates, proposals

_IDS = {"customer": "customer_id", "template": "template_id", "attachment": "attachment_id"}
_COLUMNS = tuple(proposals.c[_IDS.get(field.name, field.name)].label(field.name) for field in fields(Proposal))
_LETTERHEAD = tuple(letterheads.c[field.name] for field in fields(Letterhead))
_TEXTS = {"complaint": "reason", "follow_up": "content"}
"""Which column of a record says most; else its note."""


class Proposals:
    """Whoever writes of these is durable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ---- the letterhead ---------------------------------------------------------------------------------

    async def letterhead(self) -> Letterhead:
        row = await self._database.row(sa.select(*_LETTERHEAD))
        return Letterhead() if row is None else Letterhead(**row._mapping)

    async def put_letterhead(self, new: Letterhead, by: str, at: datetime) -> Letterhead:
        """new.version: the one that was read. Raises PaperIsAnother."""

        async def work(connection: AsyncConnection) -> Letterhead:
            row = (await connection.execute(sa.select(*_LETTERHEAD))).first()
            known = Letterhead() if row is None else Letterhead(**row._mapping)
            if known.version != new.version:
                raise PaperIsAnother(known)
            values = asdict(new) | {"version": new.version + 1, "changed_at": at, "changed_by": by}
            if row is None:
                await connection.execute(letterheads.insert().values(values | {"id": 1}))
            else:
                await connection.execute(letterheads.update().values(values))
            return Letterhead(**values)

        return await self._database.write(work)

    # ---- templates --------------------------------------------------------------------------------------

    async def templates(self) -> list[ProposalTemplate]:
        """All of them, the oldest first."""
        rows = await self._database.rows(sa.select(proposal_templates).order_by(proposal_templates.c.id))
        return [ProposalTemplate(**row._mapping) for row in rows]

    async def template(self, number: int) -> ProposalTemplate:
        """Raises NotFound."""
        row = await self._database.row(sa.select(proposal_templates).where(proposal_templates.c.id == number))
        if row is None:
            raise NotFound("proposal template", number)
        return ProposalTemplate(**row._mapping)

    async def add_template(self, words: ProposalWords, by: str, at: datetime) -> ProposalTemplate:
        """Raises NotNow where there are 200 already."""

        async def work(connection: AsyncConnection) -> ProposalTemplate:
            count = sa.select(sa.func.count()).select_from(proposal_templates)
            if (await connection.execute(count)).scalar_one() >= MOST_TEMPLATES:
                raise NotNow(f"an office has at most {MOST_TEMPLATES} templates")
            row = asdict(words) | {"changed_at": at, "changed_by": by}
            added = proposal_templates.insert().values(row).returning(proposal_templates)
            return ProposalTemplate(**(await connection.execute(added)).one()._mapping)

        return await self._database.write(work)

    async def change_template(
        self, number: int, words: ProposalWords, version: int, by: str, at: datetime
    ) -> tuple[ProposalTemplate, ProposalTemplate]:
        """Before and after. version: the one that was read. Raises NotFound, PaperIsAnother."""

        async def work(connection: AsyncConnection) -> tuple[ProposalTemplate, ProposalTemplate]:
            this = proposal_templates.c.id == number
            row = (await connection.execute(sa.select(proposal_templates).where(this))).first()
            if row is None:
                raise NotFound("proposal template", number)
            known = ProposalTemplate(**row._mapping)
            if known.version != version:
                raise PaperIsAnother(known)
            values = asdict(words) | {"version": version + 1, "changed_at": at, "changed_by": by}
            change = proposal_templates.update().where(this).values(values).returning(proposal_templates)
            return known, ProposalTemplate(**(await connection.execute(change)).one()._mapping)

        return await self._database.write(work)

    # ---- proposals --------------------------------------------------------------------------------------

    async def next_number(self, day: date) -> str:
        """Taken before the PDF is made, since it stands in it: of one that comes to nothing it is left out."""

        async def work(connection: AsyncConnection) -> str:
            return await next_number(connection, PREFIX, day)

        return await self._database.write(work)

    async def add(self, new: NewProposal, by: str, at: datetime) -> Proposal:
        """Raises PaperIsAnother where there is such a version, or a later one, already."""

        async def work(connection: AsyncConnection) -> Proposal:
            last = await _last(connection, new.number)
            if last is not None and last.version >= new.version:
                raise PaperIsAnother(last)
            row = {_IDS.get(name, name): value for name, value in asdict(new).items()}
            added = proposals.insert().values(row | {"at": at, "by": by}).returning(*_COLUMNS)
            return Proposal(**(await connection.execute(added)).one()._mapping)

        return await self._database.write(work)

    async def get(self, proposal: int) -> Proposal:
        """Raises NotFound."""
        row = await self._database.row(sa.select(*_COLUMNS).where(proposals.c.id == proposal))
        if row is None:
            raise NotFound("proposal", proposal)
        return Proposal(**row._mapping)

    async def last(self, number: str) -> Proposal | None:
        """The last version of a proposal."""

        async def work(connection: AsyncConnection) -> Proposal | None:
            return await _last(connection, number)

        return await self._database.read(work)

    async def of_customer(self, customer: CustomerId, limit: int = 50, offset: int = 0) -> tuple[list[Proposal], int]:
        """One page of all versions, the newest first, at most 500; and how many there are."""
        query = sa.select(*_COLUMNS).where(proposals.c.customer_id == customer)
        rows, total = await self._database.page(query, (proposals.c.at.desc(), proposals.c.id.desc()), limit, offset)
        return [Proposal(**row._mapping) for row in rows], total

    async def record(self, kind: RecordKind, record: int) -> RecordSaid:
        """Of a business record of any kind. Raises NotFound."""
        table = metadata.tables.get(f"{kind}s")
        if table is None or not {"number", "at", "customer_id"} <= set(table.c.keys()):
            raise NotFound(kind, record)
        text = table.c.get(_TEXTS.get(kind, "note"), sa.literal(""))
        asked = sa.select(table.c.number, table.c.at, table.c.customer_id, text.label("text"))
        row = await self._database.row(asked.where(table.c.id == record))
        if row is None:
            raise NotFound(kind, record)
        customer = None if row.customer_id is None else CustomerId(row.customer_id)
        return RecordSaid(kind=kind, number=row.number, at=row.at, text=row.text, customer=customer)


async def _last(connection: AsyncConnection, number: str) -> Proposal | None:
    query = sa.select(*_COLUMNS).where(proposals.c.number == number).order_by(proposals.c.version.desc()).limit(1)
    row = (await connection.execute(query)).first()
    return None if row is None else Proposal(**row._mapping)


async def forget(connection: AsyncConnection, customer: CustomerId) -> None:
    """Of somebody who is erased it stays that proposals were made, not what they said."""
    change = proposals.update().where(proposals.c.customer_id == customer)
    empty: dict[str, Any] = {"title": "", "text": ""}
    await connection.execute(change.values(empty))
