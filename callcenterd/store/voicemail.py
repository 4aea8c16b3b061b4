"""Messages that callers left: for a queue, or for one agent or extension."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound
from callcenterd.model.calls import Voicemail
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber, QueueName, RecordingId
from callcenterd.model.voicemail import Begun, Box, BoxCount, MessageFilter, MessageSight
from callcenterd.store.engine import Database
from callcenterd.store.outbox import put_in
from callcenterd.store.schema import mailboxes, recordings, voicemail, voicemail_begun
from callcenterd.store.seen import messages_seen
from callcenterd.store.writer import Insert

_Counts: TypeAlias = list[BoxCount]
_Spoken: TypeAlias = list[Begun]
"""Inside the class `list` is its method."""
Page = tuple[list[Voicemail], int]
_MOST_BEGUN = 10_000


class VoicemailBox:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def weight(self, since: datetime) -> tuple[int, int, int]:
        """Of the sound of all messages: how many files, their octets, and the octets of those that came since then."""
        new = sa.case((voicemail.c.at >= since, recordings.c.octets), else_=0)
        query = (
            sa.select(
                sa.func.count(recordings.c.octets).label("files"),
                sa.func.coalesce(sa.func.sum(recordings.c.octets), 0).label("octets"),
                sa.func.coalesce(sa.func.sum(new), 0).label("new"),
            )
            .select_from(voicemail.join(recordings, recordings.c.id == voicemail.c.recording_id))
            .where(recordings.c.removed_at.is_(None))
        )
        row = await self._database.row(query)
        assert row is not None, "a question for sums has one row"
        return int(row.files), int(row.octets), int(row.new)

    # ---- what callers do --------------------------------------------------------------------------------

    async def begin(self, begun: Begun) -> None:
        """A message is being spoken: if nothing more is heard of it, the next start finds it in `begun`.

        Raises CannotStore if call or recording are not there.
        """
        row = {"recording_id": begun.recording_id, "call_id": begun.call, "caller": begun.caller, "at": begun.at}
        await self._database.keep(Insert(voicemail_begun, row | _whose(begun.box)))

    async def add(
        self,
        call: CallId,
        queue: QueueName | None,
        recording_id: RecordingId,
        caller: str,
        at: datetime,
        *,
        agent: AgentId | None = None,
        extension: ExtensionNumber | None = None,
        seconds: float | None = None,
    ) -> Voicemail:
        """Durable: the caller was told that it is kept; with letters for all whom the box's settings name.

        Raises CannotStore if call or recording are not there.
        """
        row: dict[str, Any] = {
            "call_id": call,
            "queue": queue,
            "agent": agent,
            "extension": extension,
            "seconds": seconds,
        }
        row |= {"recording_id": recording_id, "caller": caller, "at": at}

        async def work(connection: AsyncConnection) -> Voicemail:
            added = await connection.execute(voicemail.insert().values(row).returning(voicemail))
            message = _message(added.one())
            await put_in(connection, message.id, await _addresses(connection, message), at)
            await connection.execute(_over(recording_id))
            return message

        return await self._database.write(work)

    async def drop(self, recording_id: RecordingId) -> None:
        """What was being spoken was no message."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(_over(recording_id))

        await self._database.write(work, durable=False)

    async def begun(self) -> _Spoken:
        """Being spoken, or, at a start, cut off with the last run. Oldest first."""
        query = sa.select(voicemail_begun).order_by(voicemail_begun.c.at).limit(_MOST_BEGUN)
        return [_begun(row) for row in await self._database.rows(query)]

    # ---- what is asked ----------------------------------------------------------------------------------

    async def get(self, message: int) -> Voicemail:
        """Raises NotFound."""
        row = await self._database.row(sa.select(voicemail).where(voicemail.c.id == message))
        if row is None:
            raise NotFound("voicemail", message)
        return _message(row)

    async def list(self, wanted: MessageFilter | None = None, limit: int = 50, offset: int = 0) -> Page:
        """One page, newest first, at most 500; and how many there are in all."""
        query = sa.select(voicemail).where(*_conditions(wanted or MessageFilter()))
        rows, total = await self._database.page(query, (voicemail.c.at.desc(), voicemail.c.id.desc()), limit, offset)
        return [_message(row) for row in rows], total

    async def counts(self, sight: MessageSight | None = None) -> _Counts:
        """Of each box with messages; what is assigned to an agent counts there, and not in the box it was left in."""
        mine = voicemail.c.assigned_to != ""
        whose = (
            sa.case((mine, None), else_=voicemail.c.queue).label("queue"),
            sa.case((mine, voicemail.c.assigned_to), else_=voicemail.c.agent).label("agent"),
            sa.case((mine, None), else_=voicemail.c.extension).label("extension"),
        )
        unheard = sa.case((voicemail.c.done | (voicemail.c.heard_by != ""), 0), else_=1)
        query = (
            sa.select(
                *whose,
                sa.func.sum(unheard).label("unheard"),
                sa.func.sum(sa.case((voicemail.c.done, 0), else_=1)).label("open"),
                sa.func.sum(sa.case((voicemail.c.done, 1), else_=0)).label("done"),
            )
            .where(*_conditions(MessageFilter(sight=sight)))
            .group_by(*(sa.literal_column(str(n)) for n in (1, 2, 3)))
            .order_by(*(sa.literal_column(str(n)) for n in (1, 2, 3)))
        )
        rows = await self._database.rows(query)
        return [BoxCount(**row._mapping) for row in rows if Box.of(row.queue, row.agent, row.extension) is not None]

    async def waiting_in(self, box: Box) -> int:
        """Messages left there that nobody has seen to."""
        column = voicemail.c[box.kind]
        query = sa.select(sa.func.count()).where(column == box.name, voicemail.c.done == sa.false())
        row = await self._database.row(query)
        return int(row[0]) if row is not None else 0

    # ---- what people do ---------------------------------------------------------------------------------

    async def mark(self, message: int, done: bool, by: str, at: datetime) -> Voicemail:
        """Someone dealt with it, or it is to be done again; durable. Raises NotFound."""
        return await self.change(message, by, at, done=done)

    async def change(
        self,
        message: int,
        by: str,
        at: datetime,
        *,
        done: bool | None = None,
        heard: bool | None = None,
        assigned_to: str | None = None,
        note: str | None = None,
    ) -> Voicemail:
        """None leaves it as it is; assigned_to "" is nobody. Who heard or did it first stays who did. Durable.

        Raises NotFound.
        """

        async def work(connection: AsyncConnection) -> Voicemail:
            row = (await connection.execute(sa.select(voicemail).where(voicemail.c.id == message))).first()
            if row is None:
                raise NotFound("voicemail", message)
            new: dict[str, Any] = {}
            if done is not None and done != row.done:
                new |= {"done": done, "done_by": by if done else "", "done_at": at if done else None}
            if heard is not None and heard != bool(row.heard_by):
                new |= {"heard_by": by if heard else "", "heard_at": at if heard else None}
            if assigned_to is not None and assigned_to != row.assigned_to:
                new["assigned_to"] = assigned_to
                new |= {"assigned_by": by if assigned_to else "", "assigned_at": at if assigned_to else None}
            if note is not None:
                new["note"] = note
            if not new:
                return _message(row)
            change = voicemail.update().where(voicemail.c.id == message).values(new).returning(voicemail)
            return _message((await connection.execute(change)).one())

        return await self._database.write(work)

    async def remove(self, message: int) -> Voicemail:
        """Durable. Its recording stays the call's. Answers what it was; raises NotFound."""

        async def work(connection: AsyncConnection) -> Voicemail:
            gone = voicemail.delete().where(voicemail.c.id == message).returning(voicemail)
            row = (await connection.execute(gone)).first()
            if row is None:
                raise NotFound("voicemail", message)
            return _message(row)

        return await self._database.write(work)


async def _addresses(connection: AsyncConnection, message: Voicemail) -> tuple[str, ...]:
    """Who gets the message by e-mail, by the box's settings as they are now."""
    box = Box.of(message.queue, message.agent, message.extension)
    query = sa.select(mailboxes.c.mail).where(mailboxes.c.box == str(box))
    return tuple((await connection.execute(query)).scalar() or ())


def _conditions(wanted: MessageFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [
        voicemail.c[column] == value
        for column in ("queue", "agent", "extension", "done")
        if (value := getattr(wanted, column)) is not None
    ]
    if wanted.assigned is not None:
        conditions.append(voicemail.c.assigned_to == wanted.assigned)
    if wanted.heard is not None:
        conditions.append((voicemail.c.heard_by != "") == wanted.heard)
    if wanted.sight is not None:
        conditions.append(messages_seen(wanted.sight))
    return conditions


def _over(recording_id: RecordingId) -> sa.Delete:
    return voicemail_begun.delete().where(voicemail_begun.c.recording_id == recording_id)


def _whose(box: Box) -> dict[str, str | None]:
    return {"queue": box.queue, "agent": box.agent, "extension": box.extension}


def _message(row: sa.Row[Any]) -> Voicemail:
    known = dict(row._mapping)
    known["call"] = known.pop("call_id")
    return Voicemail(**known)


def _begun(row: sa.Row[Any]) -> Begun:
    box = Box.of(row.queue, row.agent, row.extension)
    assert box is not None, "it was begun for a box"
    return Begun(
        recording_id=RecordingId(row.recording_id), call=CallId(row.call_id), box=box, caller=row.caller, at=row.at
    )
