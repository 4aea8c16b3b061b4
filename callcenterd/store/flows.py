"""Drafts of flows, every version that was in service, and how their nodes are arranged."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.flows import FlowDraft, FlowVersion, How, Places
from callcenterd.model.ids import FlowName
from callcenterd.store.engine import Database
from callcenterd.store.schema import flow_drafts, flow_places, flow_versions

_OF_VERSION = (
    flow_versions.c.flow,
    flow_versions.c.number,
    flow_versions.c.at,
    flow_versions.c.by,
    flow_versions.c.how,
    flow_versions.c.note,
    flow_versions.c.checksum,
    flow_versions.c.of,
)


class FlowTexts:
    def __init__(self, database: Database) -> None:
        self._database = database

    # ---- drafts -------------------------------------------------------------------------------------------------

    async def draft(self, flow: FlowName) -> FlowDraft | None:
        row = await self._database.row(sa.select(flow_drafts).where(flow_drafts.c.flow == flow))
        return None if row is None else FlowDraft(**row._mapping)

    async def drafts(self) -> dict[FlowName, FlowDraft]:
        """All of them, without their texts."""
        kept = flow_drafts.c
        rows = await self._database.rows(sa.select(kept.flow, kept.base, kept.by, kept.at))
        return {FlowName(row.flow): FlowDraft(text="", **row._mapping) for row in rows}

    async def keep_draft(self, draft: FlowDraft, seen: datetime | None) -> None:
        """One draft for a flow; durable. seen: of when the one is that this follows; None: there was none.

        Raises NotNow if another one was kept meanwhile: nobody's work is written over.
        """

        async def work(connection: AsyncConnection) -> None:
            there = await connection.scalar(sa.select(flow_drafts.c.at).where(flow_drafts.c.flow == draft.flow))
            if there != seen:
                raise NotNow("somebody else has saved a draft of this flow meanwhile")
            await connection.execute(flow_drafts.delete().where(flow_drafts.c.flow == draft.flow))
            row = {"flow": draft.flow, "text": draft.text, "base": draft.base, "by": draft.by, "at": draft.at}
            await connection.execute(flow_drafts.insert(), [row])

        await self._database.write(work)

    async def drop_draft(self, flow: FlowName, text: str | None = None) -> None:
        """text: only if the draft still says this."""

        async def work(connection: AsyncConnection) -> None:
            gone = flow_drafts.delete().where(flow_drafts.c.flow == flow)
            await connection.execute(gone if text is None else gone.where(flow_drafts.c.text == text))

        await self._database.write(work)

    # ---- versions -----------------------------------------------------------------------------------------------

    async def append(
        self,
        flow: FlowName,
        text: str,
        checksum: str,
        *,
        at: datetime,
        by: str,
        how: How,
        note: str,
        of: int | None = None,
    ) -> FlowVersion:
        """Durable. It gets the next number of its flow."""

        async def work(connection: AsyncConnection) -> FlowVersion:
            last = await connection.scalar(
                sa.select(sa.func.max(flow_versions.c.number)).where(flow_versions.c.flow == flow)
            )
            version = FlowVersion(
                flow=flow,
                number=(last or 0) + 1,
                at=at,
                by=by,
                how=how,
                note=note,
                checksum=checksum,
                of=of,
                text=text,
            )
            row = {
                "flow": flow,
                "number": version.number,
                "at": at,
                "by": by,
                "how": how,
                "note": note,
                "checksum": checksum,
                "of": of,
                "text": text,
            }
            await connection.execute(flow_versions.insert(), [row])
            return version

        return await self._database.write(work)

    async def version(self, flow: FlowName, number: int) -> FlowVersion:
        """With its text. Raises NotFound."""
        kept = flow_versions.c
        query = sa.select(*_OF_VERSION, kept.text).where(kept.flow == flow, kept.number == number)
        row = await self._database.row(query)
        if row is None:
            raise NotFound("version", f"{number} of flow {flow}")
        return FlowVersion(**row._mapping)

    async def versions(self, flow: FlowName, limit: int = 50, offset: int = 0) -> tuple[list[FlowVersion], int]:
        """One page without texts, newest first, at most 500; and how many there are in all."""
        query = sa.select(*_OF_VERSION).where(flow_versions.c.flow == flow)
        rows, total = await self._database.page(query, (flow_versions.c.number.desc(),), limit, offset)
        return [FlowVersion(**row._mapping) for row in rows], total

    async def newest(self) -> dict[FlowName, FlowVersion]:
        """Of every flow, without texts."""
        kept = flow_versions.c
        last = sa.select(kept.flow, sa.func.max(kept.number).label("number")).group_by(kept.flow).subquery()
        query = sa.select(*_OF_VERSION).join(last, (last.c.flow == kept.flow) & (last.c.number == kept.number))
        return {FlowName(row.flow): FlowVersion(**row._mapping) for row in await self._database.rows(query)}

    # ---- arrangement --------------------------------------------------------------------------------------------

    async def places(self, flow: FlowName) -> Places:
        row = await self._database.row(sa.select(flow_places.c.places).where(flow_places.c.flow == flow))
        return {} if row is None else {name: (float(x), float(y)) for name, (x, y) in row.places.items()}

    async def keep_places(self, flow: FlowName, places: Places) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(flow_places.delete().where(flow_places.c.flow == flow))
            row = {"flow": flow, "places": {name: [x, y] for name, (x, y) in places.items()}}
            await connection.execute(flow_places.insert(), [row])

        await self._database.write(work)
