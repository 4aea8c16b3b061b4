"""Whom a campaign calls, and what came of it: its list, attempts and results (ACD-06)."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from callcenterd.acd import calling_lists
from callcenterd.acd.calling_lists import RowFault
from callcenterd.errors import NotFound
from callcenterd.model.campaigns import (
    MOST_ENTRIES,
    Attempt,
    Campaign,
    CampaignEntry,
    CampaignResults,
    EntryFilter,
    EntryState,
    ListRow,
    Result,
    Turn,
)
from callcenterd.model.customers import Customer, CustomerQuery
from callcenterd.model.ids import CallId
from callcenterd.web import words
from callcenterd.web.answers import (
    VISIBLE,
    Asked,
    Conditions,
    NotCsv,
    WrongFields,
    answer,
    conditions,
    language_of,
    read,
    read_octets,
)
from callcenterd.web.calendars import CSV_TYPES
from callcenterd.web.calls import Moment
from callcenterd.web.campaigns import Text, campaign_in, note
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.queries import own_teams, query_sight
from callcenterd.web.rights import customers_seen, right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

TOGETHER = 100
"""Rows that are looked at in one turn of the loop: some 10 ms."""
MOST_TOLD = 100
"""Faulty rows that are told one by one; the others are counted."""


@dataclass(frozen=True, slots=True)
class EntryList:
    items: list[CampaignEntry]
    total: int


@dataclass(frozen=True, slots=True)
class AttemptList:
    items: list[Attempt]
    total: int


class FaultyRow(TypedDict):
    row: int
    reason: str


class LoadAnswer(TypedDict):
    """What became of the rows. faults: of the first ones; faulty: of all."""

    added: int
    doubles: int
    do_not_call: int
    faulty: int
    faults: list[FaultyRow]


ENTRY = TypeAdapter(CampaignEntry)
ENTRIES = TypeAdapter(EntryList)
ATTEMPTS = TypeAdapter(AttemptList)
LOADED = TypeAdapter(LoadAnswer)
RESULTS = TypeAdapter(CampaignResults)


class EntryConditions(Conditions):
    """result: of the last attempt. text: a part of a name or number."""

    state: EntryState | None = None
    result: Result | None = None
    text: Annotated[str, VISIBLE] = Field("", max_length=64)
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


class RowAsked(Asked):
    """fields: what the agent is shown, by name."""

    number: Annotated[str, VISIBLE] = Field(max_length=64)
    name: Annotated[str, VISIBLE] = Field("", max_length=200)
    priority: int = Field(0, ge=-1_000_000, le=1_000_000)
    fields: dict[str, Annotated[str, VISIBLE]] = Field(default_factory=dict, max_length=100)


class RowsAsked(Asked):
    rows: list[RowAsked] = Field(min_length=1, max_length=5000)


class CustomersAsked(Asked):
    """Those whom one sees, and to whom all of it applies. text: as in `GET /api/v1/customers`; levels: one of them;
    not_called_since: with whom there was no call since then; query: the number of one that is kept, of customers.
    priority: of the entries."""

    text: Annotated[str, VISIBLE] = Field("", max_length=100)
    levels: list[Text] = Field(default_factory=list, max_length=20)
    not_called_since: Moment | None = None
    query: Annotated[int, Field(ge=1, lt=1 << 62)] | None = None
    priority: int = Field(0, ge=-calling_lists.MOST_PRIORITY, le=calling_lists.MOST_PRIORITY)


class EntryAsked(Asked):
    """state: waiting, to be called (again), from due on; or skipped."""

    state: EntryState
    due: Moment | None = None


# ---- its list -------------------------------------------------------------------------------------------


@routes.get("/api/v1/campaigns/{id}/entries")
@right("campaign")
@shape(summary="Whom a campaign calls", conditions=EntryConditions, answer=ENTRIES)
async def list_entries(request: web.Request) -> web.StreamResponse:
    """200 one page, in the order of the list · 404 no such campaign, or of a queue that one does not see."""
    wanted, known = conditions(request, EntryConditions), await campaign_in(request)
    chosen = EntryFilter(state=wanted.state, result=wanted.result, text=wanted.text)
    found = await request.app[OFFICE].store.campaigns.entries(known.id, chosen, wanted.limit, wanted.offset)
    return answer(ENTRIES, EntryList(*found))


@routes.post("/api/v1/campaigns/{id}/entries")
@right("campaign")
@shape(summary="Add rows to a campaign's list", body=RowsAsked, answer=LOADED)
async def add_entries(request: web.Request) -> web.StreamResponse:
    """200 what became of the rows, each fault with its row (from 1) · 404 as above · 409 the campaign would have more
    than 100,000 · 422 fields. A longer list comes in several requests."""
    known, region = await campaign_in(request), request.app[OFFICE].region
    asked = await read(request, RowsAsked)

    def rows() -> Iterable[ListRow | RowFault]:
        for number, row in enumerate(asked.rows, start=1):
            try:
                yield calling_lists.checked(row.number, row.name, row.priority, row.fields, region)
            except ValueError as fault:
                yield RowFault(number, str(fault))

    return await _load(request, known, rows())


@routes.post("/api/v1/campaigns/{id}/list")
@right("campaign")
@shape(summary="Add a file to a campaign's list", takes="text/csv", answer=LOADED)
async def upload_list(request: web.Request) -> web.StreamResponse:
    """200 what became of the rows, each fault with its row (the heading is row 1) · 404 as above · 409 the campaign
    would have more than 100,000 · 413 more than 1 MiB: send it in parts · 415 not text/csv · 422 no such file.

    UTF-8 or GB 18030; the first line names the columns: number (号码), name (姓名), priority (优先级), and others.
    """
    if request.content_type not in CSV_TYPES:
        raise NotCsv
    known = await campaign_in(request)
    rows = calling_lists.read(await read_octets(request), request.app[OFFICE].region)
    return await _load(request, known, rows)


@routes.post("/api/v1/campaigns/{id}/customers")
@right("campaign")
@shape(summary="Add customers to a campaign's list, by a query", body=CustomersAsked, answer=LOADED)
async def add_customers(request: web.Request) -> web.StreamResponse:
    """200 what became of them, each with the main number · 404 as above · 409 the campaign would have more than
    100,000 · 422 fields; or the query is none of one's own, not of customers, or takes too long."""
    known, office = await campaign_in(request), request.app[OFFICE]
    asked = await read(request, CustomersAsked)
    query = CustomerQuery(text=asked.text, levels=tuple(asked.levels), not_called_since=asked.not_called_since)

    sight = customers_seen(request)
    among: list[int] | None = None
    if asked.query is not None:
        queries, mine = request.app[MODULES].queries, own_teams(request)
        among = await queries.customers(asked.query, query_sight(request), mine, MOST_ENTRIES)

    async def pages() -> AsyncIterator[list[Customer]]:
        if among is not None:
            for n in range(0, len(among), TOGETHER):
                yield await office.store.customers.chosen(query, 0, TOGETHER, sight, among[n : n + TOGETHER])
            return
        after = 0
        while found := await office.store.customers.chosen(query, after, TOGETHER, sight):
            after = found[-1].id
            yield found

    async def rows() -> AsyncIterator[ListRow | RowFault]:
        async for found in pages():
            for customer in found:
                try:
                    row = calling_lists.checked(customer.phones[0], customer.name, asked.priority, {}, office.region)
                except ValueError as fault:
                    yield RowFault(customer.id, str(fault))
                    continue
                yield dataclasses.replace(row, customer=customer.id)

    return await _load(request, known, rows())


async def _load(
    request: web.Request, campaign: Campaign, rows: Iterable[ListRow | RowFault] | AsyncIterator[ListRow | RowFault]
) -> web.StreamResponse:
    """In parts, so that the loop is never held for long."""
    office, language, by = request.app[OFFICE], language_of(request), signed_in(request).login
    said = LoadAnswer(added=0, doubles=0, do_not_call=0, faulty=0, faults=[])
    async for part in _parts(rows):
        good = [row for row in part if isinstance(row, ListRow)]
        for fault in part:
            if isinstance(fault, RowFault):
                said["faulty"] += 1
                if len(said["faults"]) < MOST_TOLD:
                    said["faults"].append(FaultyRow(row=fault.row, reason=words.sentence(fault.reason, language)))
        if good:
            loaded = await office.store.campaigns.load(campaign.id, good, by, office.clock.utc())
            said["added"] += loaded.added
            said["doubles"] += loaded.doubles
            said["do_not_call"] += loaded.do_not_call
    await office.board.campaigns.listed(campaign.id)
    office.board.campaigns.tell(await office.store.campaigns.get(campaign.id), by)
    details = {name: said[name] for name in ("added", "doubles", "do_not_call", "faulty")}
    await note(request, "campaign.loaded", campaign.id, details)
    return answer(LOADED, said)


async def _parts(
    rows: Iterable[ListRow | RowFault] | AsyncIterator[ListRow | RowFault],
) -> AsyncIterator[list[ListRow | RowFault]]:
    if isinstance(rows, AsyncIterator):
        part: list[ListRow | RowFault] = []
        async for row in rows:
            part.append(row)
            if len(part) == TOGETHER:
                yield part
                part = []
        if part:
            yield part
        return
    left = iter(rows)
    while some := list(islice(left, TOGETHER)):
        yield some


@routes.put("/api/v1/campaigns/{id}/entries/{entry}")
@right("campaign")
@shape(summary="Skip an entry, or have it called (again)", body=EntryAsked, answer=ENTRY)
async def change_entry(request: web.Request) -> web.StreamResponse:
    """200 the entry now · 404 no such campaign or entry · 409 it is being called now · 422 only waiting and skipped can
    be asked for."""
    known, entry, office = await campaign_in(request), _entry_in(request), request.app[OFFICE]
    asked = await read(request, EntryAsked)
    if asked.state not in ("waiting", "skipped"):
        raise WrongFields({"state": ("literal_error", {"expected": "'waiting' or 'skipped'"})})
    now, who = office.clock.utc(), signed_in(request).login
    turn = (
        Turn(asked.state, asked.due or now, agreed=asked.due is not None)
        if asked.state == "waiting"
        else Turn("skipped")
    )
    changed = await office.store.campaigns.change_entry(known.id, entry, turn, who, now)
    await office.board.campaigns.listed(known.id)
    await note(request, "campaign.entry_changed", known.id, {"entry": entry, "state": asked.state})
    return answer(ENTRY, changed)


@routes.get("/api/v1/campaigns/{id}/entries/{entry}/attempts")
@right("campaign")
@shape(summary="Each call to an entry, and what came of it", answer=ATTEMPTS)
async def list_attempts(request: web.Request) -> web.StreamResponse:
    """200 all of them, in their order · 404 no such campaign or entry."""
    known, kept = await campaign_in(request), request.app[OFFICE].store.campaigns
    entry = await kept.entry(known.id, _entry_in(request))
    found = await kept.attempts(entry.id)
    return answer(ATTEMPTS, AttemptList(found, len(found)))


def _entry_in(request: web.Request) -> int:
    text = request.match_info["entry"]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NotFound("entry", text[:40])
    return int(text)


# ---- what came of it ------------------------------------------------------------------------------------


@routes.get("/api/v1/campaigns/{id}/results")
@right("campaign")
@shape(summary="What came of a campaign until now", answer=RESULTS)
async def campaign_results(request: web.Request) -> web.StreamResponse:
    """200 entries by state, attempts by result and disposition, by agent, and the share that got nobody · 404 as
    above."""
    known = await campaign_in(request)
    return answer(RESULTS, await request.app[OFFICE].store.campaigns.results(known.id))


COLUMNS = ("number", "name", "priority", "state", "result", "attempts", "due", "call", "customer", "fields")


@routes.get("/api/v1/campaigns/{id}/results.csv")
@right("campaign")
@shape(summary="A campaign's list with what came of each entry, as a file", media="text/csv")
async def export_results(request: web.Request) -> web.StreamResponse:
    """200 UTF-8 with a mark of order, as spreadsheets want it; no cell is a formula · 404 as above."""
    known, kept = await campaign_in(request), request.app[OFFICE].store.campaigns
    await note(request, "campaign.exported", known.id)
    answered = web.StreamResponse()
    answered.content_type, answered.charset = "text/csv", "utf-8"
    answered.headers["Content-Disposition"] = f'attachment; filename="campaign-{known.id}.csv"'
    await answered.prepare(request)
    await answered.write(("\ufeff" + _line(COLUMNS)).encode())
    after = 0
    while found := await kept.entries_after(known.id, after):
        after = found[-1].id
        await answered.write("".join(map(_exported, found)).encode())
    await answered.write_eof()
    return answered


def _exported(entry: CampaignEntry) -> str:
    fields = json.dumps(dict(entry.fields), ensure_ascii=False) if entry.fields else ""
    call: CallId | str = entry.call or ""
    shown = (
        entry.number, entry.name, entry.priority, entry.state, entry.result, entry.attempts, entry.due.isoformat(),
        call, entry.customer or "", fields,
    )  # fmt: skip
    return _line(shown)


def _line(cells: Iterable[object]) -> str:
    """A text that a spreadsheet would reckon with is marked as a text; our own numbers are none."""
    written = io.StringIO()
    csv.writer(written).writerow([one if isinstance(one, int) else calling_lists.cell(str(one)) for one in cells])
    return written.getvalue()
