"""Campaigns [外呼活动]: their plans, lists and results; and what an agent does with whom one shows (ACD-06)."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from callcenterd.acd import calling_lists
from callcenterd.acd.calling_lists import RowFault
from callcenterd.errors import NotFound
from callcenterd.model.campaigns import (
    DEFAULT_RETRY,
    MOST_RATIO,
    Attempt,
    Campaign,
    CampaignEntry,
    CampaignPlan,
    CampaignResults,
    CampaignState,
    EntryFilter,
    EntryState,
    ListRow,
    Machines,
    Meaning,
    Mode,
    Result,
    Turn,
    WithoutAgent,
)
from callcenterd.model.customers import CustomerQuery
from callcenterd.model.events import PreviewOffered
from callcenterd.model.ids import CallId, QueueName
from callcenterd.switchboard import outbound
from callcenterd.switchboard.campaigns import Doing
from callcenterd.web import words
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import (
    VISIBLE,
    Asked,
    Conditions,
    NotCsv,
    WrongFields,
    answer,
    conditions,
    language_of,
    nothing,
    read,
    read_octets,
)
from callcenterd.web.calendars import CSV_TYPES
from callcenterd.web.callcontrol import DIALLED, Dialled
from callcenterd.web.calls import Moment
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.live import fact_data
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import customers_seen, right, sight_of
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

TOGETHER = 100
"""Rows that are looked at in one turn of the loop: some 10 ms."""
MOST_TOLD = 100
"""Faulty rows that are told one by one; the others are counted."""
MONTH = 31 * 86400.0
HOURS = r"^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$"
Text = Annotated[str, VISIBLE, Field(max_length=64)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignNow(Campaign):
    """doing: whether it calls now, or why not. calling: how many are shown, rung or spoken with."""

    doing: Doing
    calling: int


@dataclass(frozen=True, slots=True)
class CampaignList:
    items: list[CampaignNow]
    total: int


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


class Preview(TypedDict):
    """Whom a campaign would call, until when the agent decides, and whether it is dialled then all the same."""

    agent: str
    campaign: int
    title: str
    queue: str
    entry: int
    number: str
    name: str
    customer: int | None
    fields: dict[str, str]
    attempts: int
    until: str
    dials: bool


class PreviewNow(TypedDict):
    preview: Preview | None


CAMPAIGN = TypeAdapter(CampaignNow)
CAMPAIGNS = TypeAdapter(CampaignList)
ENTRY = TypeAdapter(CampaignEntry)
ENTRIES = TypeAdapter(EntryList)
ATTEMPTS = TypeAdapter(AttemptList)
LOADED = TypeAdapter(LoadAnswer)
RESULTS = TypeAdapter(CampaignResults)
PREVIEW = TypeAdapter(Preview)
PREVIEW_NOW = TypeAdapter(PreviewNow)

RetryAfter = Annotated[float, Field(ge=1, le=MONTH, allow_inf_nan=False)]


class PlanAsked(Asked):
    """As a campaign is; what is not sent has the usual value. meanings: of dispositions of the queue."""

    name: Annotated[str, VISIBLE] = Field(min_length=1, max_length=100)
    queue: Annotated[str, VISIBLE] = Field(min_length=1, max_length=64)
    mode: Mode = "progressive"
    priority: int = Field(0, ge=-1000, le=1000)
    calendar: Text = ""
    hours: str = Field("09:00-20:00", pattern=HOURS)
    caller_id: Annotated[str, VISIBLE] = Field("", max_length=32)
    ring: float = Field(30, ge=5, le=120, allow_inf_nan=False)
    ratio: float = Field(1.0, ge=1, le=MOST_RATIO, allow_inf_nan=False)
    abandon_limit: float = Field(0.03, ge=0, le=0.2, allow_inf_nan=False)
    abandon_of: int = Field(100, ge=10, le=1000)
    without_agent: WithoutAgent = "queue"
    longest_wait: float = Field(30, ge=0, le=600, allow_inf_nan=False)
    message: Annotated[str, VISIBLE] = Field("", max_length=500)
    machines: Machines = "connect"
    attempts: int = Field(3, ge=1, le=20)
    attempts_a_day: int = Field(2, ge=1, le=20)
    retry: dict[Result, RetryAfter] = Field(default_factory=lambda: dict(DEFAULT_RETRY))
    preview_seconds: float = Field(60, ge=5, le=600, allow_inf_nan=False)
    preview_dials: bool = False
    meanings: dict[str, Meaning] = Field(default_factory=dict, max_length=100)


class CampaignConditions(Conditions):
    state: CampaignState | None = None
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


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
    not_called_since: with whom there was no call since then. priority: of the entries."""

    text: Annotated[str, VISIBLE] = Field("", max_length=100)
    levels: list[Text] = Field(default_factory=list, max_length=20)
    not_called_since: Moment | None = None
    priority: int = Field(0, ge=-calling_lists.MOST_PRIORITY, le=calling_lists.MOST_PRIORITY)


class EntryAsked(Asked):
    """state: waiting, to be called (again), from due on; or skipped."""

    state: EntryState
    due: Moment | None = None


class SkipAsked(Asked):
    """again_at: when they are to be called instead; without it never."""

    again_at: Moment | None = None


async def _seen(request: web.Request) -> Campaign:
    """Raises NotFound, also for one of a queue that one does not see."""
    number = number_in(request, "campaign")
    campaign = await request.app[OFFICE].store.campaigns.get(number)
    if not sight_of(request).sees_queue(campaign.queue):
        raise NotFound("campaign", number)
    return campaign


def _now(request: web.Request, campaign: Campaign) -> CampaignNow:
    board = request.app[OFFICE].board
    known = {each.name: getattr(campaign, each.name) for each in dataclasses.fields(Campaign)}
    return CampaignNow(**known, doing=board.campaigns.doing(campaign.id), calling=board.campaigns.calling(campaign.id))


async def _plan(request: web.Request) -> CampaignPlan:
    """What is asked, where it fits the office. Raises WrongFields."""
    asked = await read(request, PlanAsked)
    site = request.app[OFFICE].board.site
    faults: dict[str, tuple[str, dict[str, Any]]] = {}
    if all(queue.name != asked.queue for queue in site.queues) or not sight_of(request).sees_queue(asked.queue):
        faults["queue"] = ("no_such_queue", {})
    if asked.calendar and all(calendar.name != asked.calendar for calendar in site.calendars):
        faults["calendar"] = ("no_such_calendar", {})
    if asked.caller_id and asked.caller_id not in outbound.own_numbers(site):
        faults["caller_id"] = ("not_our_number", {})
    codes = {one.code for one in site.dispositions_of(asked.queue)}
    if strange := sorted(asked.meanings.keys() - codes):
        faults["meanings"] = ("no_such_disposition", {"named": strange[0][:6]})
    if "answered" in asked.retry:
        faults["retry"] = ("never_again", {})
    if faults:
        raise WrongFields(faults)
    return CampaignPlan(**{**asked.model_dump(), "queue": QueueName(asked.queue)})


async def _note(request: web.Request, what: str, campaign: int, details: dict[str, Any] | None = None) -> None:
    office = request.app[OFFICE]
    who, now = signed_in(request).login, office.clock.utc()
    await office.store.audit.append(now, who, what, f"campaign/{campaign}", details or {})


# ---- what an agent is shown -----------------------------------------------------------------------------


def _shown(preview: PreviewOffered) -> Preview:
    return fact_data(preview)  # type: ignore[return-value]  # its fields are these


@routes.get("/api/v1/campaigns/preview")
@right("campaign.preview")
@shape(summary="Whom a campaign shows to oneself now", answer=PREVIEW_NOW)
async def my_preview(request: web.Request) -> web.StreamResponse:
    """200 who it is; null: nobody."""
    found = request.app[OFFICE].board.campaigns.preview_of(signed_in(request).login)
    return answer(PREVIEW_NOW, PreviewNow(preview=None if found is None else _shown(found)))


@routes.post("/api/v1/campaigns/preview/dial")
@right("campaign.preview")
@shape(summary="Have one's phone rung, and then whom a campaign shows", body=Nothing, answer=DIALLED)
async def dial_preview(request: web.Request) -> web.StreamResponse:
    """200 one's phone rings · 409 nobody is shown to one."""
    await read(request, Nothing)
    call = await request.app[OFFICE].board.campaigns.dial_shown(signed_in(request).login)
    return answer(DIALLED, Dialled(call=call))


@routes.post("/api/v1/campaigns/preview/skip")
@right("campaign.preview")
@shape(summary="Do not call whom a campaign shows, or at another time", body=SkipAsked, answer=ENTRY)
async def skip_preview(request: web.Request) -> web.StreamResponse:
    """200 how the entry stands now · 409 nobody is shown to one · 422 a time that is past."""
    asked, office = await read(request, SkipAsked), request.app[OFFICE]
    if asked.again_at is not None and asked.again_at <= office.clock.utc():
        raise WrongFields({"again_at": ("past", {})})
    entry = await office.board.campaigns.skip_shown(signed_in(request).login, asked.again_at)
    return answer(ENTRY, entry)


@routes.post("/api/v1/campaigns/{id}/next")
@right("campaign.preview")
@shape(summary="Be shown whom the campaign would call next", body=Nothing, answer=PREVIEW)
async def next_preview(request: web.Request) -> web.StreamResponse:
    """200 who it is · 404 no such campaign · 409 it shows nobody now, or one is not free for it."""
    await read(request, Nothing)
    board, login = request.app[OFFICE].board, signed_in(request).login
    return answer(PREVIEW, _shown(await board.campaigns.next_for(number_in(request, "campaign"), login)))


# ---- campaigns ------------------------------------------------------------------------------------------


@routes.get("/api/v1/campaigns")
@right("campaign")
@shape(summary="Campaigns, newest first", conditions=CampaignConditions, answer=CAMPAIGNS)
async def list_campaigns(request: web.Request) -> web.StreamResponse:
    """200 one page of those of the queues that one sees."""
    wanted, sight = conditions(request, CampaignConditions), sight_of(request)
    found, _ = await request.app[OFFICE].store.campaigns.page(wanted.state, 500)
    seen = [campaign for campaign in found if sight.sees_queue(campaign.queue)]
    page = seen[wanted.offset : wanted.offset + wanted.limit]
    return answer(CAMPAIGNS, CampaignList([_now(request, campaign) for campaign in page], len(seen)))


@routes.post("/api/v1/campaigns")
@right("campaign")
@shape(summary="A new campaign, which calls nobody yet", body=PlanAsked, answer=CAMPAIGN)
async def create_campaign(request: web.Request) -> web.StreamResponse:
    """201 the campaign · 422 fields, or there is one of that name."""
    plan, office = await _plan(request), request.app[OFFICE]
    made = await office.store.campaigns.create(plan, signed_in(request).login, office.clock.utc())
    await _note(request, "campaign.created", made.id, {"name": made.name})
    return answer(CAMPAIGN, _now(request, made), status=201)


@routes.get("/api/v1/campaigns/{id}")
@right("campaign")
@shape(summary="One campaign", answer=CAMPAIGN)
async def one_campaign(request: web.Request) -> web.StreamResponse:
    """200 the campaign, and what it does now · 404 no such campaign, or of a queue that one does not see."""
    return answer(CAMPAIGN, _now(request, await _seen(request)))


@routes.put("/api/v1/campaigns/{id}")
@right("campaign")
@shape(summary="Change a campaign's plan, from the next call on", body=PlanAsked, answer=CAMPAIGN)
async def change_campaign(request: web.Request) -> web.StreamResponse:
    """200 the campaign now · 404 as above · 422 fields."""
    known, office = await _seen(request), request.app[OFFICE]
    plan = await _plan(request)
    changed = await office.store.campaigns.change(known.id, plan, signed_in(request).login, office.clock.utc())
    await office.board.campaigns.changed(changed)
    await _note(request, "campaign.changed", known.id, {"name": changed.name})
    return answer(CAMPAIGN, _now(request, changed))


@routes.delete("/api/v1/campaigns/{id}")
@right("campaign")
@shape(summary="Remove a campaign with its list; its calls stay in the history")
async def remove_campaign(request: web.Request) -> web.StreamResponse:
    """204 it is gone · 404 as above · 409 it runs, or somebody of it is on the line."""
    known = await _seen(request)
    await request.app[OFFICE].board.campaigns.remove(known.id)
    await _note(request, "campaign.removed", known.id, {"name": known.name})
    return nothing()


async def _set_state(request: web.Request, state: CampaignState, what: str) -> web.StreamResponse:
    await read(request, Nothing)
    known = await _seen(request)
    changed = await request.app[OFFICE].board.campaigns.set_state(known.id, state, signed_in(request).login)
    await _note(request, what, known.id)
    return answer(CAMPAIGN, _now(request, changed))


@routes.post("/api/v1/campaigns/{id}/start")
@right("campaign")
@shape(summary="The campaign calls from now on", body=Nothing, answer=CAMPAIGN)
async def start_campaign(request: web.Request) -> web.StreamResponse:
    """200 the campaign now · 404 as above · 409 nobody of it is to be called any more."""
    return await _set_state(request, "running", "campaign.started")


@routes.post("/api/v1/campaigns/{id}/pause")
@right("campaign")
@shape(summary="Nobody new is called; what rings goes on ringing", body=Nothing, answer=CAMPAIGN)
async def pause_campaign(request: web.Request) -> web.StreamResponse:
    """200 the campaign now · 404 as above."""
    return await _set_state(request, "paused", "campaign.paused")


@routes.post("/api/v1/campaigns/{id}/stop")
@right("campaign")
@shape(summary="Nobody new is called, and what rings is given up", body=Nothing, answer=CAMPAIGN)
async def stop_campaign(request: web.Request) -> web.StreamResponse:
    """200 the campaign now · 404 as above."""
    return await _set_state(request, "stopped", "campaign.stopped")


# ---- its list -------------------------------------------------------------------------------------------


@routes.get("/api/v1/campaigns/{id}/entries")
@right("campaign")
@shape(summary="Whom a campaign calls", conditions=EntryConditions, answer=ENTRIES)
async def list_entries(request: web.Request) -> web.StreamResponse:
    """200 one page, in the order of the list · 404 as above."""
    wanted, known = conditions(request, EntryConditions), await _seen(request)
    chosen = EntryFilter(state=wanted.state, result=wanted.result, text=wanted.text)
    found = await request.app[OFFICE].store.campaigns.entries(known.id, chosen, wanted.limit, wanted.offset)
    return answer(ENTRIES, EntryList(*found))


@routes.post("/api/v1/campaigns/{id}/entries")
@right("campaign")
@shape(summary="Add rows to a campaign's list", body=RowsAsked, answer=LOADED)
async def add_entries(request: web.Request) -> web.StreamResponse:
    """200 what became of the rows, each fault with its row (from 1) · 404 as above · 409 the campaign would have more
    than 100,000 · 422 fields. A longer list comes in several requests."""
    known, region = await _seen(request), request.app[OFFICE].region
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
    known = await _seen(request)
    rows = calling_lists.read(await read_octets(request), request.app[OFFICE].region)
    return await _load(request, known, rows)


@routes.post("/api/v1/campaigns/{id}/customers")
@right("campaign")
@shape(summary="Add customers to a campaign's list, by a query", body=CustomersAsked, answer=LOADED)
async def add_customers(request: web.Request) -> web.StreamResponse:
    """200 what became of them, each with the main number · 404 as above · 409 the campaign would have more than
    100,000 · 422 fields."""
    known, office = await _seen(request), request.app[OFFICE]
    asked = await read(request, CustomersAsked)
    query = CustomerQuery(text=asked.text, levels=tuple(asked.levels), not_called_since=asked.not_called_since)

    sight = customers_seen(request)

    async def rows() -> AsyncIterator[ListRow | RowFault]:
        after = 0
        while found := await office.store.customers.chosen(query, after, TOGETHER, sight):
            after = found[-1].id
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
    details = {name: said[name] for name in ("added", "doubles", "do_not_call", "faulty")}
    await _note(request, "campaign.loaded", campaign.id, details)
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
    known, entry, office = await _seen(request), _entry_in(request), request.app[OFFICE]
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
    await _note(request, "campaign.entry_changed", known.id, {"entry": entry, "state": asked.state})
    return answer(ENTRY, changed)


@routes.get("/api/v1/campaigns/{id}/entries/{entry}/attempts")
@right("campaign")
@shape(summary="Each call to an entry, and what came of it", answer=ATTEMPTS)
async def list_attempts(request: web.Request) -> web.StreamResponse:
    """200 all of them, in their order · 404 no such campaign or entry."""
    known, kept = await _seen(request), request.app[OFFICE].store.campaigns
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
    known = await _seen(request)
    return answer(RESULTS, await request.app[OFFICE].store.campaigns.results(known.id))


COLUMNS = ("number", "name", "priority", "state", "result", "attempts", "due", "call", "customer", "fields")


@routes.get("/api/v1/campaigns/{id}/results.csv")
@right("campaign")
@shape(summary="A campaign's list with what came of each entry, as a file", media="text/csv")
async def export_results(request: web.Request) -> web.StreamResponse:
    """200 UTF-8 with a mark of order, as spreadsheets want it; no cell is a formula · 404 as above."""
    known, kept = await _seen(request), request.app[OFFICE].store.campaigns
    await _note(request, "campaign.exported", known.id)
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
