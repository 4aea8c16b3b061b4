"""Workflows of complaints, every version of each: none is ever changed, so that a complaint ends as it began."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.workflows import KeptWorkflow, Workflow
from callcenterd.store.engine import Database
from callcenterd.store.tables.complaints import complaint_workflows

_WORKFLOW = TypeAdapter(Workflow)
DEFAULT = ""
"""The type of the workflow of all that have none of their own."""


class WorkflowIsAnother(NotNow):
    """Somebody has changed it meanwhile. now: as it is; None: the type has none of its own now."""

    def __init__(self, now: KeptWorkflow | None) -> None:
        super().__init__("somebody has changed this workflow meanwhile")
        self.now = now


class Workflows:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, number: int) -> KeptWorkflow:
        """Any version. Raises NotFound."""
        row = await self._database.row(sa.select(complaint_workflows).where(complaint_workflows.c.id == number))
        if row is None or row.workflow is None:
            raise NotFound("workflow", number)
        return _kept(row)

    async def current(self) -> list[KeptWorkflow]:
        """The newest of each type that has one, the office's own (type "") first, if it has one."""
        table = complaint_workflows
        newest = sa.select(sa.func.max(table.c.id)).group_by(table.c.type)
        rows = await self._database.rows(sa.select(table).where(table.c.id.in_(newest)).order_by(table.c.type))
        return [_kept(row) for row in rows if row.workflow is not None]

    async def step_names(self) -> list[tuple[str, str, str]]:
        """Of all versions: code, Chinese, English; the newest name of each code."""
        rows = await self._database.rows(sa.select(complaint_workflows).order_by(complaint_workflows.c.id))
        found: dict[str, tuple[str, str, str]] = {}
        for row in rows:
            if row.workflow is not None:
                found |= {one.code: (one.code, one.chinese, one.english) for one in _kept(row).workflow.steps}
        return list(found.values())

    async def put(
        self, type_: str, workflow: Workflow | None, version: int, by: str, at: datetime
    ) -> KeptWorkflow | None:
        """A new version of that type's; durable. None: it has none of its own from now on. version: the one that was
        read; 0: there was none. Raises WorkflowIsAnother."""

        async def work(connection: AsyncConnection) -> KeptWorkflow | None:
            table = complaint_workflows
            newest = sa.select(table).where(table.c.type == type_).order_by(table.c.version.desc()).limit(1)
            known = (await connection.execute(newest)).first()
            there = known is not None and known.workflow is not None
            if version != (known.version if known is not None and there else 0):
                raise WorkflowIsAnother(_kept(known) if there else None)
            row = {
                "type": type_,
                "version": 1 if known is None else known.version + 1,
                "workflow": None if workflow is None else asdict(workflow),  # JSON's null, not SQL's
                "created_at": at,
                "created_by": by,
            }
            added = (await connection.execute(table.insert().values(row).returning(table))).one()
            return None if workflow is None else _kept(added)

        return await self._database.write(work)


def _kept(row: Any) -> KeptWorkflow:
    known = dict(row._mapping)
    known["workflow"] = _WORKFLOW.validate_python(known["workflow"])
    return KeptWorkflow(**known)
