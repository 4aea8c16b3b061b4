"""Queries (综合查询, CRM-03): run, kept, shared, and exported. What a query means is the store's."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Any, Literal

from callcenterd.clock import Clock
from callcenterd.errors import NotFound, NotNow, Refused
from callcenterd.model.query import Query
from callcenterd.model.query_words import KINDS, field_words
from callcenterd.model.saved_queries import SavedQuery, Shared
from callcenterd.store.database import Store
from callcenterd.store.query.kinds import Field, QuerySight
from callcenterd.store.query.run import FieldTold, QueryGroups, QueryPage
from callcenterd.worker import sheets
from callcenterd.worker.pool import JobFailed, Worker

Form = Literal["xlsx", "csv", "csv_gb18030"]
Language = Literal["zh-CN", "en"]
_JOB_SECONDS = 120.0
_KINDS: Mapping[str, sheets.Kind] = {"number": "amount", "moment": "moment", "date": "date"}
_YES_NO = {"zh-CN": ("否", "是"), "en": ("no", "yes")}
_FIGURES = {
    "sum": ("合计", "Sum"),
    "average": ("平均", "Average"),
    "least": ("最小", "Least"),
    "most": ("最大", "Most"),
}
_COUNT = ("数量", "Count")
_WHOLE = ("总计", "Total")


class Queries:
    """Whoever asks sees through their sight alone; a query of somebody else's shows them what they see themselves."""

    def __init__(self, store: Store, clock: Clock, zone: tzinfo, worker: Worker) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._worker = worker

    @property
    def kinds(self) -> Sequence[str]:
        return self._store.queries.kinds

    def columns(self, kind: str) -> Sequence[str]:
        """Shown where nobody says what."""
        return self._store.queries.columns(kind)

    def related(self, kind: str, sight: QuerySight) -> list[str]:
        return [name for name in self._store.queries.related(kind) if sight.kinds is None or name in sight.kinds]

    async def fields(self, kind: str, sight: QuerySight) -> list[FieldTold]:
        """Raises NotFound."""
        if kind not in self.kinds or not (sight.kinds is None or kind in sight.kinds):
            raise NotFound("kind of record", kind)
        return await self._store.queries.fields(kind, sight, self._zone)

    async def run(self, query: Query, sight: QuerySight) -> QueryPage | QueryGroups:
        """Raises Refused, also for one that takes too long."""
        if query.group is not None:
            return await self._store.queries.groups(query, sight, self._zone)
        return await self._store.queries.page(query, sight, self._zone)

    # ---- kept -------------------------------------------------------------------------------------------------

    async def saved(self, login: str, teams: Collection[str]) -> list[SavedQuery]:
        return await self._store.saved_queries.seen(login, teams)

    async def keep(
        self, name: str, query: Query, shared: Shared, team: str, sight: QuerySight, teams: Collection[str]
    ) -> SavedQuery:
        """Raises Refused, also for a query that cannot be run."""
        await self._check(query, shared, team, sight, teams)
        now, owner = self._clock.utc(), sight.login
        made = await self._store.saved_queries.add(name, query, owner, shared, _with(shared, team), now)
        await self._audit(owner, "query.created", made.id, {"name": name, "shared": shared, "team": made.team})
        return made

    async def change(
        self,
        number: int,
        version: int,
        name: str,
        query: Query,
        shared: Shared,
        team: str,
        sight: QuerySight,
        teams: Collection[str],
    ) -> SavedQuery:
        """Raises NotFound, NotNow: it is somebody else's; SavedQueryIsAnother, Refused."""
        await self._own(number, sight, teams)
        await self._check(query, shared, team, sight, teams)
        now = self._clock.utc()
        changed = await self._store.saved_queries.change(number, version, name, query, shared, _with(shared, team), now)
        await self._audit(sight.login, "query.changed", number, {"name": name, "shared": shared, "team": changed.team})
        return changed

    async def remove(self, number: int, sight: QuerySight, teams: Collection[str]) -> None:
        """Raises NotFound, NotNow: it is somebody else's."""
        known = await self._own(number, sight, teams)
        await self._store.saved_queries.remove(number)
        await self._audit(sight.login, "query.removed", number, {"name": known.name, "owner": known.owner})

    async def customers(self, number: int, sight: QuerySight, teams: Collection[str], most: int) -> list[int]:
        """The ids of the first so many customers whom a kept query finds, by id. Raises Refused: there is no such query
        for whoever asks, or it is not of customers; and as `run`."""
        try:
            kept = await self._store.saved_queries.get(number, sight.login, teams)
        except NotFound:
            raise Refused("the query cannot be run as it is", {"query": f"there is no query {number}"}) from None
        if kept.query.kind != "customer":
            raise Refused("the query cannot be run as it is", {"query": "a query of customers is wanted"})
        found = await self._store.queries.keys("customer", kept.query.where, sight, self._zone, most)
        return [int(one) for one in found]

    async def _own(self, number: int, sight: QuerySight, teams: Collection[str]) -> SavedQuery:
        known = await self._store.saved_queries.get(number, sight.login, teams)
        if known.owner != sight.login and sight.role != "admin":
            raise NotNow("a query is changed by whoever keeps it")
        return known

    async def _check(self, query: Query, shared: Shared, team: str, sight: QuerySight, teams: Collection[str]) -> None:
        if shared == "team" and team not in teams:
            raise Refused("the query cannot be run as it is", {"team": "is no team of yours"})
        await self._store.queries.check(query, sight, self._zone)

    # ---- exported ---------------------------------------------------------------------------------------------

    async def export(self, query: Query, form: Form, language: Language, sight: QuerySight) -> bytes:
        """The file, with all that the query finds; an entry of the audit trail says who took what. Raises as `run`."""
        if query.group is not None:
            table = await self._grouped(query, language, sight)
        else:
            table = await self._listed(query, language, sight)
        details = {"query": json.loads(query.model_dump_json(exclude_defaults=True)), "form": form}
        await self._audit(sight.login, "query.exported", query.kind, {**details, "rows": len(table.rows)})
        try:
            if form == "xlsx":
                return await self._worker.run(sheets.xlsx, [table], table.name, self._zone, timeout=_JOB_SECONDS)
            encoding: sheets.Encoding = "utf-8-sig" if form == "csv" else "gb18030"
            return await self._worker.run(sheets.csv, table, encoding, self._zone, timeout=_JOB_SECONDS)
        except JobFailed as fault:
            raise NotNow("the file could not be made: ask for fewer rows") from fault

    async def _listed(self, query: Query, language: Language, sight: QuerySight) -> sheets.Table:
        told = {one.field.name: one.field for one in await self._store.queries.fields(query.kind, sight, self._zone)}
        names = query.columns or self._store.queries.columns(query.kind)
        fields = [told[name] for name in names if name in told]
        words = await self._words(fields, language)
        rows = [
            [_cell(one, value, words[one.name], language) for one, value in zip(fields, values, strict=True)]
            async for piece in self._store.queries.every(query, sight, self._zone)
            for _, values in piece
        ]
        columns = [
            sheets.Column(_title(query.kind, one, language), "text" if one.several else _KINDS.get(one.type, "text"))
            for one in fields
        ]
        return sheets.Table(_said(KINDS[query.kind], language), columns, rows)

    async def _grouped(self, query: Query, language: Language, sight: QuerySight) -> sheets.Table:
        assert query.group is not None, "who calls this has looked"
        told = {one.field.name: one.field for one in await self._store.queries.fields(query.kind, sight, self._zone)}
        asked = query.model_copy(update={"limit": 500, "offset": 0})
        found = await self._store.queries.groups(asked, sight, self._zone)
        fields = [told[by.field] for by in query.group.by]
        words = await self._words(fields, language)
        columns = [
            *(sheets.Column(_title(query.kind, one, language)) for one in fields),
            sheets.Column(_said(_COUNT, language), "whole"),
            *(
                sheets.Column(
                    f"{_title(query.kind, told[figure.field], language)} {_said(_FIGURES[figure.what], language)}",
                    "amount",
                )
                for figure in query.group.figures
            ),
        ]
        rows: list[list[sheets.Cell]] = [
            [
                *(_cell(one, key, words[one.name], language) for one, key in zip(fields, group.keys, strict=True)),
                group.count,
                *group.figures,
            ]
            for group in found.items
        ]
        total: list[sheets.Cell] = [_said(_WHOLE, language), *[""] * (len(fields) - 1)]
        rows.append([*total, found.whole.count, *found.whole.figures])
        return sheets.Table(_said(KINDS[query.kind], language), columns, rows, totals=1)

    async def _words(self, fields: Sequence[Field], language: Language) -> Mapping[str, Mapping[str, str]]:
        """Of each field: code → what it is called."""
        lists = {one.name: one.values for one in await self._store.dictionaries.all()} if fields else {}
        chinese = language == "zh-CN"
        return {
            field.name: {
                value.code: value.chinese if chinese else value.english
                for value in (lists.get(field.dictionary, ()) if field.dictionary else field.choices)
            }
            for field in fields
        }

    async def _audit(self, by: str, what: str, of: object, details: Mapping[str, Any]) -> None:
        await self._store.audit.append(self._clock.utc(), by, what, f"query/{of}", details)


def _with(shared: Shared, team: str) -> str:
    return team if shared == "team" else ""


def _said(words: tuple[str, str], language: Language) -> str:
    return words[0] if language == "zh-CN" else words[1]


def _title(kind: str, field: Field, language: Language) -> str:
    return _said(titles(kind, field), language)


def titles(kind: str, field: Field) -> tuple[str, str]:
    """What a field is called, in Chinese and English."""
    if not field.chinese:
        return field_words(kind, field.name)
    if field.through is None:
        return field.chinese, field.english
    above = KINDS[field.through.kind]
    return f"{above[0]} · {field.chinese}", f"{above[1]} · {field.english}"


def _cell(field: Field, value: Any, words: Mapping[str, str], language: Language) -> sheets.Cell:
    if isinstance(value, list):
        return ", ".join(words.get(str(one), str(one)) for one in value)
    if isinstance(value, bool):
        return _YES_NO[language][value]
    if field.type == "choice" and value is not None:
        return words.get(str(value), str(value))
    if value is None or isinstance(value, str | int | float | date | datetime):
        return value
    return str(value)
