"""Rules that draw follow-ups, the log of their drawings, and whom each drew (FUP-02).

A customer is drawn in one transaction with the follow-up and its duty: what was drawn before the server was killed is
there, and the drawing goes on after it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.follow_up_rules import Drawing, DrawingFault, FollowUpRule, RuleIsAnother, RuleTerms
from callcenterd.model.query import Node
from callcenterd.store.engine import Database, bounded
from callcenterd.store.follow_ups import FollowedUp, FollowUps, NewFollowUp
from callcenterd.store.tables.follow_up_rules import follow_up_drawings, follow_up_draws, follow_up_rules

MOST_RULES = 200
_WHERE: TypeAdapter[Node | None] = TypeAdapter(Node | None)
_TERMS = tuple(field.name for field in fields(RuleTerms))
_NAMES = {"where": "where_tree", "query": "query_id"}
_R, _D, _DREW = follow_up_rules.c, follow_up_drawings.c, follow_up_draws.c


class FollowUpRules:
    def __init__(self, database: Database, follow_ups: FollowUps) -> None:
        self._database = database
        self._follow_ups = follow_ups

    # ---- rules --------------------------------------------------------------------------------------------

    async def all(self) -> list[FollowUpRule]:
        """In the order in which they were made."""
        rows = await self._database.rows(sa.select(follow_up_rules).order_by(_R.id).limit(MOST_RULES))
        return [_rule(row) for row in rows]

    async def get(self, rule: int) -> FollowUpRule:
        """Raises NotFound."""
        row = await self._database.row(sa.select(follow_up_rules).where(_R.id == rule))
        if row is None:
            raise NotFound("follow-up rule", rule)
        return _rule(row)

    async def add(self, terms: RuleTerms, since: date | None, by: str, now: datetime) -> FollowUpRule:
        """Durable. Raises NotNow: there are too many."""
        row = {**_row(terms), "since": since, "created_at": now, "created_by": by, "changed_at": now, "changed_by": by}

        async def work(connection: AsyncConnection) -> FollowUpRule:
            counted = sa.select(sa.func.count()).select_from(follow_up_rules)
            if (await connection.execute(counted)).scalar_one() >= MOST_RULES:
                raise NotNow(f"there are at most {MOST_RULES} rules")
            return _rule(
                (await connection.execute(follow_up_rules.insert().values(row).returning(follow_up_rules))).one()
            )

        return await self._database.write(work)

    async def change(
        self, rule: int, version: int, terms: RuleTerms, since: date | None, by: str, now: datetime
    ) -> FollowUpRule:
        """Durable. version: the one that was read. Raises NotFound, RuleIsAnother."""
        row = {**_row(terms), "since": since, "changed_at": now, "changed_by": by, "version": version + 1}

        async def work(connection: AsyncConnection) -> FollowUpRule:
            await _seen(connection, rule, version)
            change = follow_up_rules.update().where(_R.id == rule).values(row).returning(follow_up_rules)
            return _rule((await connection.execute(change)).one())

        return await self._database.write(work)

    async def remove(self, rule: int, version: int) -> None:
        """Durable. Raises NotFound, RuleIsAnother, and NotNow: it stands on follow-ups that it drew."""

        async def work(connection: AsyncConnection) -> None:
            await _seen(connection, rule, version)
            drew = sa.select(_DREW.id).where(_DREW.rule_id == rule).limit(1)
            if (await connection.execute(drew)).first() is not None:
                raise NotNow("this rule has drawn follow-ups, and can only be switched off")
            await connection.execute(follow_up_drawings.delete().where(_D.rule_id == rule))
            await connection.execute(follow_up_rules.delete().where(_R.id == rule))

        await self._database.write(work)

    # ---- drawings -----------------------------------------------------------------------------------------

    async def drawings(self, rule: int, limit: int = 50, offset: int = 0) -> tuple[list[Drawing], int]:
        """One page of a rule's, the newest first, and how many there are in all."""
        query = sa.select(follow_up_drawings).where(_D.rule_id == rule)
        rows, total = await self._database.page(query, (_D.day.desc(), _D.id.desc()), limit, offset)
        return [_drawing(row) for row in rows], total

    async def last(self) -> dict[int, Drawing]:
        """Of each rule that has ever drawn, its newest."""
        newest = sa.select(_D.rule_id, sa.func.max(_D.day).label("day")).group_by(_D.rule_id).subquery()
        same = (_D.rule_id == newest.c.rule_id) & (_D.day == newest.c.day)
        rows = await self._database.rows(sa.select(follow_up_drawings).join(newest, same))
        return {row.rule_id: _drawing(row) for row in rows}

    async def unfinished(self) -> list[Drawing]:
        """Begun, and not ended: by the end of this process, or by a database that was away; the oldest first."""
        query = sa.select(follow_up_drawings).where(_D.finished_at.is_(None)).order_by(_D.day, _D.id)
        return [_drawing(row) for row in await self._database.rows(query.limit(bounded(MOST_RULES)))]

    async def drawn_on(self, day: date, rules: Collection[int]) -> set[int]:
        """Which of these rules have a drawing of that day."""
        query = sa.select(_D.rule_id).where(_D.day == day, _D.rule_id.in_(rules))
        return {row.rule_id for row in await self._database.rows(query)}

    async def begin(self, rule: int, day: date, by: str, now: datetime) -> Drawing:
        """That day's drawing; durable. One that was not finished goes on; one that came to nothing begins anew. Raises
        NotNow: it is finished."""

        async def work(connection: AsyncConnection) -> Drawing:
            this = (_D.rule_id == rule) & (_D.day == day)
            known = (await connection.execute(sa.select(follow_up_drawings).where(this))).first()
            if known is None:
                row = {"rule_id": rule, "day": day, "by": by, "started_at": now, "left_out": {}}
                added = follow_up_drawings.insert().values(row).returning(follow_up_drawings)
                return _drawing((await connection.execute(added)).one())
            if known.finished_at is not None and not known.fault:
                raise NotNow("this rule has drawn already today")
            again = {"finished_at": None, "fault": ""}
            change = follow_up_drawings.update().where(this).values(again).returning(follow_up_drawings)
            return _drawing((await connection.execute(change)).one())

        return await self._database.write(work)

    async def draw(
        self, drawing: Drawing, customer: int, day: date, new: NewFollowUp, now: datetime, today: date
    ) -> FollowedUp | None:
        """A customer for a day of theirs, with the follow-up and its duty; durable. None: they are drawn for it
        already. today: of the sheet's number."""

        async def work(connection: AsyncConnection) -> FollowedUp | None:
            same = (_DREW.rule_id == drawing.rule, _DREW.customer_id == customer, _DREW.day == day)
            if (await connection.execute(sa.select(_DREW.id).where(*same))).first() is not None:
                return None
            made = await self._follow_ups.put(connection, new, "system", now, today)
            row = {"rule_id": drawing.rule, "customer_id": customer, "day": day, "drawing_id": drawing.id}
            row |= {"follow_up_id": made.one.id, "owner": made.one.owner}
            await connection.execute(follow_up_draws.insert(), [row])
            return made

        return await self._database.write(work)

    async def drawn(self, drawing: int) -> int:
        """How many it has drawn until now."""
        query = sa.select(sa.func.count()).select_from(follow_up_draws).where(_DREW.drawing_id == drawing)
        row = await self._database.row(query)
        assert row is not None, "a count is one row"
        return int(row[0])

    async def last_dealt(self, rule: int) -> str:
        """To whom its last one was dealt; "": to nobody, or none yet."""
        query = sa.select(_DREW.owner).where(_DREW.rule_id == rule).order_by(_DREW.id.desc()).limit(1)
        row = await self._database.row(query)
        return "" if row is None else str(row.owner)

    async def finish(
        self, drawing: int, found: int, left_out: Mapping[str, int], now: datetime, fault: DrawingFault = ""
    ) -> Drawing:
        """It is over; durable."""

        async def work(connection: AsyncConnection) -> Drawing:
            drew = sa.select(sa.func.count()).select_from(follow_up_draws).where(_DREW.drawing_id == drawing)
            new = {"finished_at": now, "found": found, "left_out": dict(left_out), "fault": fault}
            new |= {"drawn": (await connection.execute(drew)).scalar_one()}
            change = follow_up_drawings.update().where(_D.id == drawing).values(new).returning(follow_up_drawings)
            return _drawing((await connection.execute(change)).one())

        return await self._database.write(work)


async def _seen(connection: AsyncConnection, rule: int, version: int) -> None:
    row = (await connection.execute(sa.select(follow_up_rules).where(_R.id == rule))).first()
    if row is None:
        raise NotFound("follow-up rule", rule)
    if row.version != version:
        raise RuleIsAnother(_rule(row))


def _row(terms: RuleTerms) -> dict[str, Any]:
    row = {_NAMES.get(name, name): getattr(terms, name) for name in _TERMS}
    return row | {"where_tree": _WHERE.dump_python(terms.where, mode="json", exclude_defaults=True)}


def _rule(row: sa.Row[Any]) -> FollowUpRule:
    known = dict(row._mapping)
    known |= {name: known.pop(column) for name, column in _NAMES.items()}
    # Conditions are strict about their types, and a tuple is a list in JSON.
    known["where"] = _WHERE.validate_json(_WHERE_JSON.dump_json(known["where"]))
    return FollowUpRule(**known)


_WHERE_JSON: TypeAdapter[Any] = TypeAdapter(Any)


def _drawing(row: sa.Row[Any]) -> Drawing:
    known = dict(row._mapping)
    return Drawing(rule=known.pop("rule_id"), **known)
