"""Scorecards as they are, and every version as it was: a score keeps the card that it was made by (SUP-03)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.appraisals import MOST_TEMPLATES, ScorecardIsAnother, Template, TemplateTerms
from callcenterd.store.engine import Database
from callcenterd.store.tables.appraisals import appraisal_template_versions, appraisal_templates

KIND = "scorecard"
_TERMS = TypeAdapter(TemplateTerms)
_NAMES = tuple(field.name for field in fields(TemplateTerms))
_T, _V = appraisal_templates.c, appraisal_template_versions.c


class AppraisalTemplates:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[Template]:
        """In the order in which they were made."""
        rows = await self._database.rows(sa.select(appraisal_templates).order_by(_T.id).limit(MOST_TEMPLATES))
        return [_template(row) for row in rows]

    async def get(self, template: int) -> Template:
        """Raises NotFound."""
        row = await self._database.row(sa.select(appraisal_templates).where(_T.id == template))
        if row is None:
            raise NotFound(KIND, template)
        return _template(row)

    async def version(self, template: int, version: int) -> Template:
        """As it was then. Raises NotFound."""
        query = (
            sa.select(_V.terms, _V.version, _V.at, _V.by, _T.id, _T.created_at, _T.created_by)
            .join(appraisal_templates, _T.id == _V.template_id)
            .where(_V.template_id == template, _V.version == version)
        )
        row = await self._database.row(query)
        if row is None:
            raise NotFound(KIND, f"{template}, version {version}")
        made = {"created_at": row.created_at, "created_by": row.created_by}
        return _made(row.terms, id=row.id, version=row.version, changed_at=row.at, changed_by=row.by, **made)

    async def add(self, new: Sequence[TemplateTerms], by: str, now: datetime, *, first: bool = False) -> list[Template]:
        """Durable. first: only where there is none yet, else nothing. Raises NotNow: there are too many."""

        async def work(connection: AsyncConnection) -> list[Template]:
            counted = sa.select(sa.func.count()).select_from(appraisal_templates)
            known = (await connection.execute(counted)).scalar_one()
            if first and known:
                return []
            if known + len(new) > MOST_TEMPLATES:
                raise NotNow(f"there are at most {MOST_TEMPLATES} scorecards")
            made = []
            for terms in new:
                row = {"terms": asdict(terms), "created_at": now, "created_by": by, "changed_at": now, "changed_by": by}
                added = appraisal_templates.insert().values(row).returning(appraisal_templates)
                template = _template((await connection.execute(added)).one())
                await _keep(connection, template)
                made.append(template)
            return made

        return await self._database.write(work)

    async def change(self, template: int, version: int, terms: TemplateTerms, by: str, now: datetime) -> Template:
        """Durable. version: the one that was read. Raises NotFound, ScorecardIsAnother."""
        new = {"terms": asdict(terms), "changed_at": now, "changed_by": by, "version": version + 1}

        async def work(connection: AsyncConnection) -> Template:
            row = (await connection.execute(sa.select(appraisal_templates).where(_T.id == template))).first()
            if row is None:
                raise NotFound(KIND, template)
            if row.version != version:
                raise ScorecardIsAnother(_template(row))
            change = appraisal_templates.update().where(_T.id == template).values(new).returning(appraisal_templates)
            changed = _template((await connection.execute(change)).one())
            await _keep(connection, changed)
            return changed

        return await self._database.write(work)


async def _keep(connection: AsyncConnection, one: Template) -> None:
    terms = asdict(TemplateTerms(**{name: getattr(one, name) for name in _NAMES}))
    row = {"template_id": one.id, "version": one.version, "terms": terms, "at": one.changed_at, "by": one.changed_by}
    await connection.execute(appraisal_template_versions.insert(), [row])


def _template(row: sa.Row[Any]) -> Template:
    known = dict(row._mapping)
    return _made(known.pop("terms"), **known)


def _made(terms: Any, **known: Any) -> Template:
    read = _TERMS.validate_python(terms)
    return Template(**{name: getattr(read, name) for name in _NAMES}, **known)
