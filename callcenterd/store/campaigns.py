"""Campaigns, the entries of their lists, and each attempt to reach one (ACD-06).

An entry is dialled once for each time that it is due: what says so, and the attempt, are in the database before a phone
rings anywhere (`begin`). What came of an attempt is written once (`finish`); what the agent said of it counts more,
whenever it is said (`dispose`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow, Refused
from callcenterd.model import numbers
from callcenterd.model.campaigns import (
    MOST_ENTRIES,
    AgentResults,
    Attempt,
    Campaign,
    CampaignEntry,
    CampaignIsAnother,
    CampaignPlan,
    CampaignResults,
    CampaignState,
    EntryFilter,
    EntryState,
    ListRow,
    Loaded,
    Result,
    Turn,
)
from callcenterd.model.do_not_call import DoNotCall
from callcenterd.model.ids import AgentId, CallId
from callcenterd.store.engine import Database
from callcenterd.store.hidden import has_part
from callcenterd.store.schema import campaign_attempts as attempts
from callcenterd.store.schema import campaign_entries as entries
from callcenterd.store.schema import campaigns, do_not_call

CHUNK = 500
"""Rows that are taken in at once."""
LEAST_DIGITS = 3
"""Of a part of a number: two digits are in nearly every number."""
SYSTEM = "system"
_PLAN = tuple(field.name for field in fields(CampaignPlan))
_ORDER = (entries.c.turn, entries.c.attempts, entries.c.due, entries.c.id)
_PICKED_UP: tuple[Result, ...] = ("answered", "wrong_number", "abandoned")


class Campaigns:
    def __init__(self, database: Database, region: str) -> None:
        self._database = database
        self._region = region

    # ---- campaigns --------------------------------------------------------------------------------------

    async def create(self, plan: CampaignPlan, by: str, at: datetime) -> Campaign:
        """It is stopped, and has no entries yet; durable. Raises Refused if there is one of that name."""
        row = {
            "name": plan.name, "state": "stopped", "plan": _plan(plan), "created_at": at, "created_by": by,
            "changed_at": at, "changed_by": by,
        }  # fmt: skip

        async def work(connection: AsyncConnection) -> Campaign:
            await _name_is_free(connection, plan.name)
            return _campaign((await connection.execute(campaigns.insert().values(row).returning(campaigns))).one())

        return await self._database.write(work)

    async def change(self, campaign: int, version: int, plan: CampaignPlan, by: str, at: datetime) -> Campaign:
        """The whole plan anew; durable. version: the one that was read. Raises NotFound, CampaignIsAnother, and Refused
        if another has that name."""

        async def work(connection: AsyncConnection) -> Campaign:
            row = (await connection.execute(sa.select(campaigns).where(campaigns.c.id == campaign))).first()
            if row is None:
                raise NotFound("campaign", campaign)
            if row.version != version:
                raise CampaignIsAnother(_campaign(row))
            await _name_is_free(connection, plan.name, but=campaign)
            new = {"name": plan.name, "plan": _plan(plan), "changed_at": at, "changed_by": by}
            return await _changed(connection, campaign, new | {"version": version + 1})

        return await self._database.write(work)

    async def set_state(self, campaign: int, state: CampaignState, by: str, at: datetime) -> Campaign:
        """Durable. Raises NotFound."""

        async def work(connection: AsyncConnection) -> Campaign:
            return await _changed(connection, campaign, {"state": state, "changed_at": at, "changed_by": by})

        return await self._database.write(work)

    async def remove(self, campaign: int) -> None:
        """With its entries and attempts; the calls stay in the history. Raises NotFound."""

        async def work(connection: AsyncConnection) -> None:
            gone = await connection.execute(campaigns.delete().where(campaigns.c.id == campaign))
            if gone.rowcount == 0:
                raise NotFound("campaign", campaign)

        await self._database.write(work)

    async def get(self, campaign: int) -> Campaign:
        """Raises NotFound."""
        row = await self._database.row(sa.select(campaigns).where(campaigns.c.id == campaign))
        if row is None:
            raise NotFound("campaign", campaign)
        return _campaign(row)

    async def page(
        self, state: CampaignState | None = None, limit: int = 50, offset: int = 0
    ) -> tuple[list[Campaign], int]:
        """One page, newest first, at most 500; and how many there are in all."""
        query = sa.select(campaigns)
        if state is not None:
            query = query.where(campaigns.c.state == state)
        rows, total = await self._database.page(query, (campaigns.c.id.desc(),), limit, offset)
        return [_campaign(row) for row in rows], total

    async def states(self, of: Collection[int]) -> dict[int, dict[EntryState, int]]:
        """How many entries of each of these campaigns are in which state; what none is in is not named."""
        found: dict[int, dict[EntryState, int]] = {campaign: {} for campaign in of}
        counted = sa.select(entries.c.campaign_id, entries.c.state, sa.func.count().label("many"))
        counted = counted.where(entries.c.campaign_id.in_(of)).group_by(entries.c.campaign_id, entries.c.state)
        for row in await self._database.rows(counted):
            found[row.campaign_id][row.state] = row.many
        return found

    # ---- its list ---------------------------------------------------------------------------------------

    async def load(self, campaign: int, rows: Sequence[ListRow], by: str, at: datetime) -> Loaded:
        """Take in at most CHUNK rows; durable. A number that the campaign has already is left as it is there; one that
        must not be called is taken in as that. Raises NotFound, and NotNow if the campaign would have too many."""
        wanted: dict[str, ListRow] = {}
        for row in rows[:CHUNK]:
            wanted.setdefault(self._line(row.number), row)

        async def work(connection: AsyncConnection) -> Loaded:
            there = sa.select(campaigns.c.id).where(campaigns.c.id == campaign)
            if (await connection.execute(there)).first() is None:
                raise NotFound("campaign", campaign)
            same = (entries.c.campaign_id == campaign, entries.c.line.in_(wanted))
            known = set((await connection.execute(sa.select(entries.c.line).where(*same))).scalars())
            unwanted = sa.select(do_not_call.c.line).where(do_not_call.c.line.in_(wanted))
            refused = set((await connection.execute(unwanted)).scalars())
            new = [
                {
                    "campaign_id": campaign, "line": line, "number": row.number, "name": row.name,
                    "customer_id": row.customer, "fields": dict(row.fields), "turn": -row.priority,
                    "state": "do_not_call" if line in refused else "waiting", "due": at,
                    "changed_at": at, "changed_by": by,
                }
                for line, row in wanted.items()
                if line not in known
            ]  # fmt: skip
            if new:
                counted = sa.select(sa.func.count()).where(entries.c.campaign_id == campaign)
                if (await connection.execute(counted)).scalar_one() + len(new) > MOST_ENTRIES:
                    raise NotNow(f"a campaign has at most {MOST_ENTRIES} entries")
                await connection.execute(entries.insert(), new)
            barred = sum(row["state"] == "do_not_call" for row in new)
            return Loaded(added=len(new) - barred, doubles=len(rows) - len(new), do_not_call=barred)

        return await self._database.write(work)

    async def entries(
        self, campaign: int, chosen: EntryFilter, limit: int = 50, offset: int = 0
    ) -> tuple[list[CampaignEntry], int]:
        """One page in the order of the list, at most 500; and how many there are in all."""
        query = sa.select(entries).where(entries.c.campaign_id == campaign)
        if chosen.state is not None:
            query = query.where(entries.c.state == chosen.state)
        if chosen.result is not None:
            query = query.where(entries.c.result == chosen.result)
        if text := chosen.text.strip():
            has = has_part(entries.c.name, text) | has_part(entries.c.number, text)
            digits = numbers.tidy(text).removeprefix("+")
            if digits.isascii() and digits.isdigit() and len(digits) >= LEAST_DIGITS:
                has |= has_part(entries.c.line, digits)
            query = query.where(has)
        rows, total = await self._database.page(query, (entries.c.id,), limit, offset)
        return [_entry(row) for row in rows], total

    async def entries_after(self, campaign: int, after: int) -> list[CampaignEntry]:
        """The next CHUNK of the whole list: for who reads all of it. after: the last one's id; 0 begins."""
        query = sa.select(entries).where(entries.c.campaign_id == campaign, entries.c.id > after)
        return [_entry(row) for row in await self._database.rows(query.order_by(entries.c.id).limit(CHUNK))]

    async def entry(self, campaign: int, entry: int) -> CampaignEntry:
        """Raises NotFound."""
        query = sa.select(entries).where(entries.c.campaign_id == campaign, entries.c.id == entry)
        row = await self._database.row(query)
        if row is None:
            raise NotFound("entry", entry)
        return _entry(row)

    async def change_entry(self, campaign: int, entry: int, turn: Turn, by: str, at: datetime) -> CampaignEntry:
        """What a person says of an entry that nobody is being called for; durable. Raises NotFound, NotNow."""

        async def work(connection: AsyncConnection) -> CampaignEntry:
            one = (entries.c.campaign_id == campaign, entries.c.id == entry)
            known = (await connection.execute(sa.select(entries.c.state).where(*one))).first()
            if known is None:
                raise NotFound("entry", entry)
            if known.state == "dialling":
                raise NotNow("this number is being called now")
            change = entries.update().where(*one).values(_stands(turn, by, at)).returning(entries)
            return _entry((await connection.execute(change)).one())

        return await self._database.write(work)

    async def attempts(self, entry: int) -> list[Attempt]:
        """Of one entry, in their order, at most 500."""
        query = sa.select(attempts).where(attempts.c.entry_id == entry)
        rows = await self._database.rows(query.order_by(attempts.c.at, attempts.c.id).limit(CHUNK))
        return [_attempt(row) for row in rows]

    # ---- calling ----------------------------------------------------------------------------------------

    async def due(self, campaign: int, now: datetime, most: int, but: Collection[int] = ()) -> list[CampaignEntry]:
        """Who may be dialled now, in the order of `acd.campaigns.order_of`. but: entries that are taken already."""
        waits = sa.select(entries).where(
            entries.c.campaign_id == campaign, entries.c.state == "waiting", entries.c.due <= now
        )
        if but:
            waits = waits.where(entries.c.id.not_in(but))
        agreed = waits.where(entries.c.agreed == sa.true()).order_by(entries.c.due, entries.c.id)
        found = list(await self._database.rows(agreed.limit(most)))
        if len(found) < most:
            plain = waits.where(entries.c.agreed == sa.false()).order_by(*_ORDER)
            found += await self._database.rows(plain.limit(most - len(found)))
        return [_entry(row) for row in found]

    async def begin(self, entry: int, call: CallId, by: str, at: datetime) -> CampaignEntry | None:
        """It is dialled now, as this call; durable, and so before it is. None: it does not wait any more, or was on the
        do-not-call list, and stands so then."""

        async def work(connection: AsyncConnection) -> CampaignEntry | None:
            waits = (entries.c.id == entry, entries.c.state == "waiting")
            known = (await connection.execute(sa.select(entries.c.line, entries.c.campaign_id).where(*waits))).first()
            if known is None:
                return None
            barred = sa.select(do_not_call.c.line).where(do_not_call.c.line == known.line)
            if (await connection.execute(barred)).first() is not None:
                turn = _stands(Turn("do_not_call"), SYSTEM, at)
                await connection.execute(entries.update().where(*waits).values(turn))
                return None
            new = {"state": "dialling", "attempts": entries.c.attempts + 1, "call_id": call, "agreed": False}
            new |= {"changed_at": at, "changed_by": by}
            change = entries.update().where(*waits).values(new).returning(entries)
            begun = _entry((await connection.execute(change)).one())
            row = {"campaign_id": known.campaign_id, "entry_id": entry, "at": at, "by": by, "call_id": call}
            await connection.execute(attempts.insert().values(row))
            return begun

        return await self._database.write(work)

    async def put_off(self, entry: int, due: datetime, at: datetime) -> None:
        """It waits until then, if it waits; durable."""

        async def work(connection: AsyncConnection) -> None:
            waits = (entries.c.id == entry, entries.c.state == "waiting")
            await connection.execute(entries.update().where(*waits).values(due=due, changed_at=at, changed_by=SYSTEM))

        await self._database.write(work)

    async def attempts_since(self, entry: int, since: datetime) -> int:
        """How often it was dialled since then."""
        query = sa.select(sa.func.count()).where(attempts.c.entry_id == entry, attempts.c.at >= since)
        row = await self._database.row(query)
        assert row is not None
        return int(row[0])

    async def finish(
        self,
        call: CallId,
        result: Result,
        turn: Turn,
        at: datetime,
        *,
        agent: AgentId | None = None,
        without_agent: bool = False,
    ) -> CampaignEntry | None:
        """What came of an attempt; durable. The entry stands as `turn` says, unless the agent has said what it means.
        None: there is no such attempt any more, or it is finished already."""

        async def work(connection: AsyncConnection) -> CampaignEntry | None:
            known = (await connection.execute(sa.select(attempts).where(attempts.c.call_id == call))).first()
            if known is None or known.result:
                return None
            of = (entries.c.id == known.entry_id, entries.c.call_id == call)
            before = (await connection.execute(sa.select(entries.c.result).where(*of))).scalar()
            came = "wrong_number" if known.disposition and before == "wrong_number" else result
            new = {"ended_at": at, "result": came, "agent": agent, "without_agent": without_agent}
            await connection.execute(attempts.update().where(attempts.c.call_id == call).values(new))
            stands: dict[str, Any] = {"result": came}
            if not known.disposition:
                stands |= _stands(turn, agent or SYSTEM, at)
            row = (await connection.execute(entries.update().where(*of).values(stands).returning(entries))).first()
            return None if row is None else _entry(row)

        return await self._database.write(work)

    async def dispose(
        self, call: CallId, code: str, turn: Turn, result: Result | None, by: str, at: datetime
    ) -> CampaignEntry | None:
        """What the agent says of a campaign's call; durable. result: what the attempt was then (a wrong number).
        turn do_not_call: the number goes on that list. None: it is no campaign's call, or the entry's turn has gone on
        since."""

        async def work(connection: AsyncConnection) -> CampaignEntry | None:
            known = (await connection.execute(sa.select(attempts).where(attempts.c.call_id == call))).first()
            if known is None:
                return None
            said: dict[str, Any] = {"disposition": code}
            if result is not None and known.result:
                said["result"] = result
            await connection.execute(attempts.update().where(attempts.c.call_id == call).values(said))
            of = (entries.c.id == known.entry_id, entries.c.call_id == call)
            entry = (await connection.execute(sa.select(entries).where(*of))).first()
            if entry is None:
                return None
            if turn.state == "do_not_call":
                await _bar(connection, entry.line, DoNotCall(number=entry.number, why=code, by=by, at=at))
            stands = _stands(turn, by, at) | {"result": result or known.result or "answered"}
            change = entries.update().where(*of).values(stands).returning(entries)
            return _entry((await connection.execute(change)).one())

        return await self._database.write(work)

    async def of_call(self, call: CallId) -> Attempt | None:
        """The attempt whose call it is."""
        row = await self._database.row(sa.select(attempts).where(attempts.c.call_id == call))
        return None if row is None else _attempt(row)

    async def left_open(self) -> list[CampaignEntry]:
        """Those that the last run was calling when it ended."""
        query = sa.select(entries).where(entries.c.state == "dialling").order_by(entries.c.id).limit(5000)
        return [_entry(row) for row in await self._database.rows(query)]

    async def waits(self, campaign: int) -> bool:
        """Is anybody still to be called, now or later?"""
        still = (entries.c.campaign_id == campaign, entries.c.state.in_(("waiting", "dialling")))
        return await self._database.row(sa.select(entries.c.id).where(*still).limit(1)) is not None

    async def found_agents(self, campaign: int, of: int) -> list[bool]:
        """Of the last who answered, oldest first: did they find an agent?"""
        query = sa.select(attempts.c.without_agent).where(
            attempts.c.campaign_id == campaign, attempts.c.result.in_(_PICKED_UP)
        )
        rows = await self._database.rows(query.order_by(attempts.c.at.desc(), attempts.c.id.desc()).limit(of))
        return [not row.without_agent for row in reversed(rows)]

    # ---- what came of it --------------------------------------------------------------------------------

    async def results(self, campaign: int) -> CampaignResults:
        """Counted now. Raises NotFound."""
        await self.get(campaign)
        states = await self._count(entries.c.state, entries.c.campaign_id == campaign)
        of = attempts.c.campaign_id == campaign
        results = await self._count(attempts.c.result, of)
        dispositions = await self._count(attempts.c.disposition, of & (attempts.c.disposition != ""))
        spoke = sa.func.sum(sa.case((attempts.c.result.in_(("answered", "wrong_number")), 1), else_=0))
        by_agent = sa.select(attempts.c.agent, sa.func.count().label("calls"), spoke.label("spoke")).where(
            of, attempts.c.agent.is_not(None)
        )
        agents = await self._database.rows(by_agent.group_by(attempts.c.agent).order_by(attempts.c.agent).limit(1000))
        under_way = results.pop("", 0)
        answered, abandoned = results.get("answered", 0) + results.get("wrong_number", 0), results.get("abandoned", 0)
        picked_up = answered + abandoned
        return CampaignResults(
            entries=sum(states.values()),
            states=states,
            attempts=sum(results.values()) + under_way,
            results=results,
            dispositions=dispositions,
            answered=answered,
            abandoned=abandoned,
            abandoned_share=round(abandoned / picked_up, 4) if picked_up else None,
            agents=tuple(
                AgentResults(agent=AgentId(one.agent), attempts=one.calls, answered=int(one.spoke)) for one in agents
            ),
        )

    async def _count(self, column: sa.Column[str], of: sa.ColumnElement[bool]) -> dict[str, int]:
        query = sa.select(column.label("what"), sa.func.count().label("many")).where(of)
        rows = await self._database.rows(query.group_by(column).order_by(column).limit(1000))
        return {row.what: row.many for row in rows}

    def _line(self, number: str) -> str:
        return numbers.normalise(number, self._region) or numbers.tidy(number)


async def _name_is_free(connection: AsyncConnection, name: str, but: int = 0) -> None:
    taken = sa.select(campaigns.c.id).where(campaigns.c.name == name, campaigns.c.id != but)
    if (await connection.execute(taken)).first() is not None:
        raise Refused(f"there is a campaign {name} already", {"name": "there is one of that name already"})


async def _changed(connection: AsyncConnection, campaign: int, new: Mapping[str, Any]) -> Campaign:
    change = campaigns.update().where(campaigns.c.id == campaign).values(new).returning(campaigns)
    row = (await connection.execute(change)).first()
    if row is None:
        raise NotFound("campaign", campaign)
    return _campaign(row)


async def _bar(connection: AsyncConnection, line: str, entry: DoNotCall) -> None:
    known = await connection.execute(sa.select(do_not_call.c.line).where(do_not_call.c.line == line))
    if known.first() is None:
        await connection.execute(do_not_call.insert().values(line=line, **asdict(entry)))


def _stands(turn: Turn, by: str, at: datetime) -> dict[str, Any]:
    stands: dict[str, Any] = {"state": turn.state, "agreed": turn.agreed, "changed_at": at, "changed_by": by}
    return stands if turn.due is None else stands | {"due": turn.due}


def _plan(plan: CampaignPlan) -> dict[str, Any]:
    """What stands in the row beside the name. A Campaign is a plan too."""
    return {name: value for name, value in asdict(plan).items() if name in _PLAN and name != "name"}


def _campaign(row: sa.Row[Any]) -> Campaign:
    known = dict(row._mapping)
    return Campaign(**known.pop("plan"), **known)


def _entry(row: sa.Row[Any]) -> CampaignEntry:
    known = dict(row._mapping)
    known |= {
        "campaign": known.pop("campaign_id"),
        "customer": known.pop("customer_id"),
        "call": known.pop("call_id"),
        "priority": -known.pop("turn"),
    }
    del known["line"]
    return CampaignEntry(**known)


def _attempt(row: sa.Row[Any]) -> Attempt:
    known = dict(row._mapping)
    known |= {"campaign": known.pop("campaign_id"), "entry": known.pop("entry_id"), "call": known.pop("call_id")}
    return Attempt(**known)
