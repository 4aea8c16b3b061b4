"""Calibrations [校准]: one call, several appraisers, each with a sheet of their own (SUP-03)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound
from callcenterd.model.appraisals import Calibration, NewAppraisal
from callcenterd.model.duties import NewDuty
from callcenterd.store.appraisals import Moved, put_appraisal
from callcenterd.store.engine import Database
from callcenterd.store.tables.appraisals import appraisal_calibrations, appraisals

_C = appraisal_calibrations.c
_NAMES = {"call": "call_id", "template": "template_id"}


class Calibrations:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, login: str | None, limit: int = 50, offset: int = 0) -> tuple[list[Calibration], int]:
        """The newest first. login: only those in which they score; None: all."""
        query = sa.select(appraisal_calibrations)
        if login is not None:
            a = appraisals.c
            theirs = sa.select(a.calibration_id).where(a.appraiser == login, a.calibration_id.is_not(None))
            query = query.where(_C.id.in_(theirs))
        rows, total = await self._database.page(query, (_C.id.desc(),), limit, offset)
        return [_calibration(row) for row in rows], total

    async def get(self, calibration: int) -> Calibration:
        """Raises NotFound."""
        row = await self._database.row(sa.select(appraisal_calibrations).where(_C.id == calibration))
        if row is None:
            raise NotFound("calibration", calibration)
        return _calibration(row)

    async def add(
        self, title: str, new: Sequence[tuple[NewAppraisal, NewDuty]], by: str, now: datetime
    ) -> tuple[Calibration, list[Moved]]:
        """With a sheet for each; durable. new: at least one, all of one call and scorecard."""
        first = new[0][0]
        row = {"title": title, "call_id": first.call, "agent": first.agent, "template_id": first.template}
        row |= {"template_version": first.template_version, "appraisers": [one.appraiser for one, _ in new]}
        row |= {"created_at": now, "created_by": by}

        async def work(connection: AsyncConnection) -> tuple[Calibration, list[Moved]]:
            added = appraisal_calibrations.insert().values(row).returning(appraisal_calibrations)
            made = _calibration((await connection.execute(added)).one())
            sheets = []
            for one, duty in new:
                known = {name: getattr(one, name) for name in NewAppraisal.__dataclass_fields__}
                of = NewAppraisal(**{**known, "calibration": made.id})
                sheets.append(await put_appraisal(connection, of, duty, by, now))
            return made, sheets

        return await self._database.write(work)


def _calibration(row: sa.Row[Any]) -> Calibration:
    known = dict(row._mapping)
    known |= {name: known.pop(column) for name, column in _NAMES.items()}
    known["appraisers"] = tuple(known["appraisers"])
    return Calibration(**known)
