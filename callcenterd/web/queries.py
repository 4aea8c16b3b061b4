"""Queries (综合查询, CRM-03): what can be asked for, asking, and queries that are kept, shared and exported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.crm.queries import Form, titles
from callcenterd.model.fields import FieldChoice
from callcenterd.model.query import Query
from callcenterd.model.query_words import KINDS
from callcenterd.model.saved_queries import SavedQuery, SavedQueryIsAnother, Shared
from callcenterd.store.query.kinds import FieldType, QuerySight
from callcenterd.store.query.run import FieldTold, QueryGroup, QueryGroups
from callcenterd.web.answers import VISIBLE, Asked, Conflict, answer, language_of, nothing, read
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.rights import READS, may_read, right, sight_of
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

Cell = bool | int | float | datetime | date | str | list[str | int | float | date] | None


@dataclass(frozen=True, slots=True)
class KindOffered:
    """related: kinds of records that may belong to one of it."""

    name: str
    chinese: str
    english: str
    related: list[str]


@dataclass(frozen=True, slots=True)
class KindList:
    items: list[KindOffered]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOffered:
    """operators: what it can be asked. dictionary, codes, choices: where the codes of a choice are from. sorts, groups,
    shows: it can be sorted and grouped by, and be a column."""

    name: str
    type: FieldType
    chinese: str
    english: str
    operators: list[str]
    several: bool
    dictionary: str
    codes: list[str]
    choices: list[FieldChoice]
    sorts: bool
    groups: bool
    shows: bool


@dataclass(frozen=True, slots=True)
class FieldsOffered:
    """columns: what is shown where a query does not say."""

    items: list[FieldOffered]
    total: int
    columns: list[str]


@dataclass(frozen=True, slots=True)
class Found:
    """values: one for each column, in their order."""

    id: int | str
    values: list[Cell]


@dataclass(frozen=True, slots=True)
class Answered:
    """Without grouping: columns and one page of items, of total records. With it: columns are what is grouped
    by, with groups, of total groups, and whole: over all records."""

    columns: list[str]
    items: list[Found]
    groups: list[QueryGroup]
    total: int
    whole: QueryGroup | None


@dataclass(frozen=True, slots=True)
class SavedList:
    """teams: with which one may share."""

    items: list[SavedQuery]
    total: int
    teams: list[str]


KIND_LIST = TypeAdapter(KindList)
FIELD_LIST = TypeAdapter(FieldsOffered)
ANSWERED = TypeAdapter(Answered)
SAVED = TypeAdapter(SavedQuery)
SAVED_LIST = TypeAdapter(SavedList)


class QueryKept(Asked):
    """shared: with nobody, with all, or with a team that one is in or leads."""

    name: Annotated[str, VISIBLE] = Field(min_length=1, max_length=100)
    query: Query
    shared: Shared = "nobody"
    team: Annotated[str, VISIBLE] = Field("", max_length=64)


class QueryChange(QueryKept):
    version: Annotated[int, Field(ge=1, lt=1 << 62, description="The one that was read; with another one there is 409")]


class QueryExport(Asked):
    """form: a workbook; or a table of text, in UTF-8 with a byte order mark or in GB 18030."""

    query: Query
    form: Form = "xlsx"


def query_sight(request: web.Request) -> QuerySight:
    """What who asks sees of any kind."""
    who, sight, site = signed_in(request), sight_of(request), request.app[OFFICE].board.site
    return QuerySight(
        login=who.login,
        role=who.role,
        calls=sight.of_calls(()),
        duties=sight.of_duties(site),
        complaints=sight.of_complaints(site),
        records=sight.of_each_record(site),
        kinds=frozenset(kind for kind in READS if may_read(request, kind)),
    )


def own_teams(request: web.Request) -> list[str]:
    """In which who asks is, or which they lead."""
    login = signed_in(request).login
    return [team.name for team in request.app[OFFICE].board.site.teams if login in (*team.members, *team.leaders)]


@routes.get("/api/v1/query/kinds")
@right("query")
@shape(summary="The kinds of records that can be asked for", answer=KIND_LIST)
async def list_query_kinds(request: web.Request) -> web.StreamResponse:
    """200 those that one may read."""
    queries, sight = request.app[MODULES].queries, query_sight(request)
    kinds = [name for name in queries.kinds if sight.kinds is not None and name in sight.kinds]
    found = [KindOffered(name, *KINDS[name], queries.related(name, sight)) for name in kinds]
    return answer(KIND_LIST, KindList(found, len(found)))


@routes.get("/api/v1/query/kinds/{kind}/fields")
@right("query")
@shape(summary="What can be asked of one kind of record, custom fields that one sees among it", answer=FIELD_LIST)
async def list_query_fields(request: web.Request) -> web.StreamResponse:
    """200 its fields, then those of the customer whom it is about, as "customer.level" · 404 no such kind."""
    kind = request.match_info["kind"]
    queries = request.app[MODULES].queries
    found = [_offered(kind, one) for one in await queries.fields(kind, query_sight(request))]
    return answer(FIELD_LIST, FieldsOffered(found, len(found), list(queries.columns(kind))))


def _offered(kind: str, told: FieldTold) -> FieldOffered:
    field = told.field
    chinese, english = titles(kind, field)
    return FieldOffered(
        name=field.name,
        type=field.type,
        chinese=chinese,
        english=english,
        operators=list(told.operators),
        several=field.several or field.listed,
        dictionary=field.dictionary,
        codes=list(field.codes),
        choices=list(field.choices),
        sorts=told.sorts,
        groups=told.groups,
        shows=told.shows,
    )


@routes.post("/api/v1/query")
@right("query")
@shape(summary="Ask for records by a tree of conditions", body=Query, answer=ANSWERED)
async def run_query(request: web.Request) -> web.StreamResponse:
    """200 what one may see of what it finds, a page of records or groups · 422 it cannot be run as it is: `fields` says
    where; or it takes longer than 2 seconds, and was ended."""
    asked = await read(request, Query)
    found = await request.app[MODULES].queries.run(asked, query_sight(request))
    if isinstance(found, QueryGroups):
        by = [] if asked.group is None else [one.field for one in asked.group.by]
        return answer(ANSWERED, Answered(by, [], found.items, found.total, found.whole))
    items = [Found(key, list(values)) for key, values in found.items]
    return answer(ANSWERED, Answered(list(found.columns), items, [], found.total, None))


_MEDIA: dict[Form, tuple[str, str, Literal["xlsx", "csv"]]] = {
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "", "xlsx"),
    "csv": ("text/csv", "utf-8", "csv"),
    "csv_gb18030": ("text/csv", "gb18030", "csv"),
}
_ALL_MEDIA = ", ".join(dict.fromkeys(type_ for type_, _, _ in _MEDIA.values()))


@routes.post("/api/v1/query/export")
@right("query.export")
@shape(summary="All that a query finds, as a file", body=QueryExport, media=_ALL_MEDIA)
async def export_query(request: web.Request) -> web.StreamResponse:
    """200 the file; the audit trail has who took what · 409 the file could not be made · 422 as asking."""
    asked = await read(request, QueryExport)
    sight, language = query_sight(request), language_of(request)
    octets = await request.app[MODULES].queries.export(asked.query, asked.form, language, sight)
    type_, charset, ending = _MEDIA[asked.form]
    answered = web.Response(body=octets, content_type=type_, charset=charset or None)
    answered.headers["Content-Disposition"] = f'attachment; filename="{asked.query.kind}.{ending}"'
    return answered


# ---- kept -------------------------------------------------------------------------------------------------------


@routes.get("/api/v1/queries")
@right("query")
@shape(summary="Queries that one keeps, and those that others share", answer=SAVED_LIST)
async def list_queries(request: web.Request) -> web.StreamResponse:
    """200 one's own first, by name."""
    teams = own_teams(request)
    found = await request.app[MODULES].queries.saved(signed_in(request).login, teams)
    return answer(SAVED_LIST, SavedList(found, len(found), teams))


@routes.post("/api/v1/queries")
@right("query")
@shape(summary="Keep a query", body=QueryKept, answer=SAVED)
async def keep_query(request: web.Request) -> web.StreamResponse:
    """201 it, as one's own · 409 one keeps too many · 422 it cannot be run, or is shared with a foreign team."""
    asked = await read(request, QueryKept)
    made = await request.app[MODULES].queries.keep(
        asked.name, asked.query, asked.shared, asked.team, query_sight(request), own_teams(request)
    )
    return answer(SAVED, made, status=201)


@routes.put("/api/v1/queries/{id}")
@right("query")
@shape(summary="Change a query that one keeps", body=QueryChange, answer=SAVED)
async def change_query(request: web.Request) -> web.StreamResponse:
    """200 the query now · 404 no such query, or not shared · 409 somebody else's; or changed since that version:
    `error.now` has it as it is · 422 as keeping."""
    number, asked = number_in(request, "query"), await read(request, QueryChange)
    try:
        changed = await request.app[MODULES].queries.change(
            number,
            asked.version,
            asked.name,
            asked.query,
            asked.shared,
            asked.team,
            query_sight(request),
            own_teams(request),
        )
    except SavedQueryIsAnother as fault:
        conflict = Conflict("changed_meanwhile")
        conflict.more = {"now": SAVED.dump_python(fault.now, mode="json")}
        raise conflict from None
    return answer(SAVED, changed)


@routes.delete("/api/v1/queries/{id}")
@right("query")
@shape(summary="Forget a query that one keeps")
async def remove_query(request: web.Request) -> web.StreamResponse:
    """204 done · 404 no such query, or not shared · 409 somebody else's; administrators remove any that they see."""
    await request.app[MODULES].queries.remove(number_in(request, "query"), query_sight(request), own_teams(request))
    return nothing()
