"""What people of the office write to each other: kept as it was written, with who has read it when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound
from callcenterd.model.ids import AgentId, TeamName
from callcenterd.model.staff import (
    Audience,
    Conversation,
    NewStaffMessage,
    StaffFilter,
    StaffMessage,
    StaffReader,
    StaffUnread,
)
from callcenterd.store.engine import Database, bounded
from callcenterd.store.hidden import has_word
from callcenterd.store.tables.staff import staff_messages, staff_readers
from callcenterd.store.words import every_word, words_of

MOST_CONVERSATIONS = 200
MOST_READERS = 5000
_M, _R = staff_messages.c, staff_readers.c
_Test = sa.ColumnElement[bool]
_COUNTED = sa.select(
    sa.func.count().label("of"),
    sa.func.count(_R.read_at).label("read"),
    sa.func.count(_R.confirmed_at).label("confirmed"),
)


class StaffMessages:
    def __init__(self, database: Database) -> None:
        self._database = database

    # ---- writing ----------------------------------------------------------------------------------------

    async def add(self, new: NewStaffMessage, at: datetime) -> tuple[int, bool]:
        """Durable, with everybody to whom it goes. Answers its number, and whether it is new: with a key that its
        writer has used before nothing is kept again."""
        row = asdict(new)
        readers = row.pop("readers")
        row |= {"at": at, "words": words_of(new.subject, new.text)}

        async def work(connection: AsyncConnection) -> tuple[int, bool]:
            if new.key:
                same = sa.select(_M.id).where(_M.by == new.by, _M.key == new.key)
                known = (await connection.execute(same)).scalar_one_or_none()
                if known is not None:
                    return known, False
            number = (await connection.execute(staff_messages.insert().values(row).returning(_M.id))).scalar_one()
            if readers:
                rows = [{"message_id": number, "login": login} for login in readers]
                await connection.execute(staff_readers.insert(), rows)
            return number, True

        return await self._database.write(work)

    async def withdraw(self, number: int, by: str, at: datetime) -> bool:
        """Durable; False: it was withdrawn before. Raises NotFound, also for what somebody else wrote."""

        async def work(connection: AsyncConnection) -> bool:
            this = (_M.id == number, _M.by == by)
            if (await connection.execute(sa.select(_M.id).where(*this))).first() is None:
                raise NotFound("message", number)
            change = staff_messages.update().where(*this, _M.withdrawn_at.is_(None)).values(withdrawn_at=at)
            return (await connection.execute(change)).rowcount > 0

        return await self._database.write(work)

    async def read(self, message: StaffMessage, login: str, at: datetime, *, confirmed: bool = False) -> list[int]:
        """They have read it, and of a message whatever the same person wrote to them before; durable. confirmed: and
        they have said so. Answers the numbers of what is other by it."""

        async def work(connection: AsyncConnection) -> list[int]:
            if message.kind == "announcement":
                await connection.execute(self._row_if_none(message.id, login))
            mine: tuple[_Test, ...] = (_R.login == login, _R.message_id == message.id)
            if message.kind == "message":
                before = sa.select(_M.id).where(_M.by == message.by, _M.to == login, _M.id <= message.id)
                mine = (_R.login == login, _R.message_id.in_(before))
            new: dict[str, Any] = {"read_at": sa.func.coalesce(_R.read_at, sa.literal(at, _R.read_at.type))}
            if confirmed:
                new |= {"confirmed_at": at}
            if confirmed or not message.confirm:
                new |= {"done": 1}
            still = _R.confirmed_at.is_(None) if confirmed else _R.read_at.is_(None)
            change = staff_readers.update().where(*mine, still).values(new).returning(_R.message_id)
            return sorted((await connection.execute(change)).scalars())

        return await self._database.write(work)

    def _row_if_none(self, number: int, login: str) -> sa.Executable:
        insert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        return insert(staff_readers).values(message_id=number, login=login).on_conflict_do_nothing()

    # ---- reading ----------------------------------------------------------------------------------------

    async def get(self, number: int, login: str, now: datetime) -> StaffMessage:
        """As that person has it. Raises NotFound, also for what is not theirs to read."""
        rows = await self._database.rows(_as(login).where(_M.id == number, _seen(login, now)))
        if not rows:
            raise NotFound("message", number)
        return (await self._told(rows, login))[0]

    async def page(
        self, chosen: StaffFilter, login: str, now: datetime, limit: int = 50
    ) -> tuple[list[StaffMessage], int]:
        """What that person may read, the newest first, and how many there are in all (before `chosen.before` too)."""
        tests = [_seen(login, now)]
        if chosen.with_ is not None:
            other = chosen.with_
            tests.append(_M.kind == "message")
            tests.append(((_M.by == login) & (_M.to == other)) | ((_M.by == other) & (_M.to == login)))
        if chosen.kinds:
            tests.append(_M.kind.in_(chosen.kinds))
        if chosen.unread:
            tests.append(_waits(login, now))
        if chosen.up is not None:
            tests.append((_M.kind != "announcement") | _is_up(chosen.up))
        if chosen.written:
            tests.append(_M.by == login)
        tests += [has_word(_M.words, word) for word in every_word(chosen.text)]
        before = () if chosen.before is None else (_M.id < chosen.before,)
        query = _as(login).where(*tests, *before).order_by(_M.id.desc()).limit(bounded(limit))
        rows = await self._database.rows(query)
        counted = sa.select(sa.func.count().label("n")).select_from(_mine(login)).where(*tests)
        row = await self._database.row(counted)
        return await self._told(rows, login), 0 if row is None else int(row.n)

    async def conversations(self, login: str) -> list[Conversation]:
        """With whom that person has written, the newest first; at most 200."""
        other = sa.case((_M.by == login, _M.to), else_=_M.by).label("other")
        query = (
            sa.select(other, sa.func.max(_M.id).label("last"))
            .where(_M.kind == "message", (_M.by == login) | (_M.to == login))
            .group_by(other)
            .order_by(sa.desc("last"))
            .limit(MOST_CONVERSATIONS)
        )
        found = {row.other: row.last for row in await self._database.rows(query)}
        if not found:
            return []
        rows = await self._database.rows(_as(login).where(_M.id.in_(found.values())))
        lasts = {one.id: one for one in await self._told(rows, login)}
        unread = (
            sa.select(_M.by, sa.func.count().label("n"))
            .select_from(staff_readers.join(staff_messages, _M.id == _R.message_id))
            .where(_R.login == login, _undone(), _M.kind == "message", _M.withdrawn_at.is_(None))
            .group_by(_M.by)
        )
        waiting = {row.by: row.n for row in await self._database.rows(unread)}
        return [
            Conversation(login=AgentId(one), last=lasts[last], unread=waiting.get(one, 0))
            for one, last in found.items()
        ]

    async def unread(self, login: str, now: datetime) -> StaffUnread:
        of_kinds = sa.select(_M.kind, sa.func.count().label("n")).select_from(_mine(login))
        rows = await self._database.rows(of_kinds.where(_waits(login, now)).group_by(_M.kind))
        counts = {row.kind: row.n for row in rows}
        up = (_M.kind == "announcement", _M.withdrawn_at.is_(None))
        ahead = [
            row.at
            for column in (_M.since, _M.until)
            if (row := await self._database.row(sa.select(sa.func.min(column).label("at")).where(*up, column > now)))
            and row.at is not None
        ]
        return StaffUnread(
            messages=counts.get("message", 0),
            notices=counts.get("notice", 0),
            announcements=counts.get("announcement", 0),
            next_at=min(ahead, default=None),
        )

    async def readers(self, number: int) -> list[StaffReader]:
        """Of a message or notice everybody to whom it went, of an announcement who has read it; at most 5000."""
        query = sa.select(_R.login, _R.read_at, _R.confirmed_at).where(_R.message_id == number)
        rows = await self._database.rows(query.order_by(_R.login).limit(MOST_READERS))
        return [StaffReader(**row._mapping) for row in rows]

    async def _told(self, rows: Sequence[sa.Row[Any]], login: str) -> list[StaffMessage]:
        """With what their writer may know of their readers."""
        own = [row.id for row in rows if row.by == login]
        counts: dict[int, sa.Row[Any]] = {}
        times: dict[int, sa.Row[Any]] = {}
        if own:
            counted = _COUNTED.add_columns(_R.message_id).where(_R.message_id.in_(own)).group_by(_R.message_id)
            counts = {row.message_id: row for row in await self._database.rows(counted)}
            other = sa.select(_R.message_id, _R.read_at, _R.confirmed_at).where(_R.message_id.in_(own))
            of_messages = [row.id for row in rows if row.by == login and row.kind == "message"]
            found = await self._database.rows(other.where(_R.message_id.in_(of_messages)))
            times = {row.message_id: row for row in found}
        told = []
        for row in rows:
            known = dict(row._mapping)
            counted_of, time = counts.get(row.id), times.get(row.id)
            if time is not None:
                known |= {"read_at": time.read_at, "confirmed_at": time.confirmed_at}
            written = {name: tuple(value) for name, value in known.pop("audience").items()}
            people = tuple(AgentId(one) for one in written.get("people", ()))
            teams = tuple(TeamName(one) for one in written.get("teams", ()))
            known["audience"] = Audience(people=people, teams=teams, roles=written.get("roles", ()))
            told.append(
                StaffMessage(
                    **known,
                    of=0 if counted_of is None or row.kind == "announcement" else counted_of.of,
                    read=0 if counted_of is None else counted_of.read,
                    confirmed=0 if counted_of is None else counted_of.confirmed,
                )
            )
        return told


def _undone() -> _Test:
    """As literal text, so that the index of these is used."""
    return _R.done == sa.literal_column("0")


def _mine(login: str) -> sa.FromClause:
    return staff_messages.outerjoin(staff_readers, (_R.message_id == _M.id) & (_R.login == login))


def _as(login: str) -> sa.Select[Any]:
    """Each message with when that person has read it."""
    kept = [column for column in staff_messages.c if column.name not in ("key", "words")]
    return sa.select(*kept, _R.read_at, _R.confirmed_at).select_from(_mine(login))


def _seen(login: str, now: datetime) -> _Test:
    """Beside what `_mine` joins: written by them, to them, or for all."""
    theirs = _R.login.is_not(None) | ((_M.kind == "announcement") & (_M.since <= now))
    return (_M.by == login) | (theirs & _M.withdrawn_at.is_(None))


def _is_up(at: datetime) -> _Test:
    return (_M.since <= at) & (_M.until.is_(None) | (_M.until > at))


def _waits(login: str, now: datetime) -> _Test:
    """Not read yet, or not confirmed though that is asked."""
    to_them = _R.login.is_not(None) & _undone()
    for_all = (_M.kind == "announcement") & (_M.by != login) & _is_up(now) & (_R.login.is_(None) | _undone())
    return _M.withdrawn_at.is_(None) & (((_M.kind != "announcement") & to_them) | for_all)
