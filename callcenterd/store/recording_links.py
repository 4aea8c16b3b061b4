"""Links by which somebody without an account hears one recording; of their tokens and PINs there are only hashes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.ids import RecordingId
from callcenterd.model.recordings import MOST_WRONG_PINS, NewLink, RecordingLink
from callcenterd.store.engine import Database
from callcenterd.store.schema import recordings
from callcenterd.store.tables.recording_marks import recording_links, recording_openings

MOST_OF_RECORDING = 100
SYSTEM = "system"
_L = recording_links.c


class RecordingLinks:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, wanted: Collection[RecordingId]) -> list[RecordingLink]:
        """Of these recordings, the newest first, at most 500; ended ones too."""
        query = sa.select(recording_links).where(_L.recording_id.in_(list(wanted)[:500]))
        return [_link(row) for row in await self._database.rows(query.order_by(_L.id.desc()).limit(500))]

    async def made_by(self, login: str | None, now: datetime) -> list[RecordingLink]:
        """Those that can be opened now, the newest first, at most 500. login None: whoever made them."""
        open_ones = (_L.revoked_at.is_(None), _L.expires_at > now, _L.plays < _L.most_plays)
        query = sa.select(recording_links).where(*open_ones)
        if login is not None:
            query = query.where(_L.created_by == login)
        return [_link(row) for row in await self._database.rows(query.order_by(_L.id.desc()).limit(500))]

    async def add(self, new: NewLink, by: str, at: datetime) -> RecordingLink:
        """Durable. Raises NotFound, and NotNow if the recording has a hundred already."""

        async def work(connection: AsyncConnection) -> RecordingLink:
            there = sa.select(recordings.c.id).where(
                recordings.c.id == new.recording, recordings.c.removed_at.is_(None)
            )
            if (await connection.execute(there)).first() is None:
                raise NotFound("recording", new.recording)
            number = sa.select(sa.func.count()).where(_L.recording_id == new.recording)
            if (await connection.execute(number)).scalar_one() >= MOST_OF_RECORDING:
                raise NotNow(f"a recording has at most {MOST_OF_RECORDING} links")
            row = asdict(new)
            row |= {"recording_id": row.pop("recording"), "created_at": at, "created_by": by}
            return _link(
                (await connection.execute(recording_links.insert().values(row).returning(recording_links))).one()
            )

        return await self._database.write(work)

    async def get(self, link: int) -> RecordingLink:
        """Raises NotFound."""
        row = await self._database.row(sa.select(recording_links).where(_L.id == link))
        if row is None:
            raise NotFound("link", link)
        return _link(row)

    async def revoke(self, link: int, by: str, at: datetime) -> None:
        """Nobody opens it any more, nor goes on listening; durable. One that has ended stays as it ended."""

        async def work(connection: AsyncConnection) -> None:
            await _end(connection, link, by, at)

        await self._database.write(work)

    # ---- by the token, for whoever has it -------------------------------------------------------------------

    async def known(self, token: str) -> tuple[RecordingLink, str]:
        """The link, and its PIN's hash ("": none). token: its hash. Raises NotFound."""
        row = await self._database.row(sa.select(recording_links).where(_L.token == token))
        if row is None:
            raise NotFound("link", "")
        return _link(row), row.pin

    async def wrong_pin(self, link: int, at: datetime) -> bool:
        """One more; True: that was one too many, and the link has ended. Durable."""

        async def work(connection: AsyncConnection) -> bool:
            counted = recording_links.update().where(_L.id == link).values(wrong_pins=_L.wrong_pins + 1)
            number = (await connection.execute(counted.returning(_L.wrong_pins))).scalar_one()
            return number >= MOST_WRONG_PINS and await _end(connection, link, SYSTEM, at)

        return await self._database.write(work)

    async def open(self, link: int, secret: str, now: datetime, until: datetime) -> bool:
        """Who opens it may listen until then; False: it has ended, or was opened often enough. secret: a hash.
        Durable; two at once are two."""

        async def work(connection: AsyncConnection) -> bool:
            await connection.execute(recording_openings.delete().where(recording_openings.c.until < now))
            stands = (_L.id == link, _L.revoked_at.is_(None), _L.expires_at > now, _L.plays < _L.most_plays)
            counted = recording_links.update().where(*stands).values(plays=_L.plays + 1, last_played_at=now)
            if (await connection.execute(counted)).rowcount == 0:
                return False
            await connection.execute(
                recording_openings.insert().values({"secret": secret, "link_id": link, "until": until})
            )
            return True

        return await self._database.write(work)

    async def opened(self, link: int, secret: str, now: datetime) -> bool:
        """Did who has that secret open this link, which has not ended since?"""
        o = recording_openings.c
        query = (
            sa.select(sa.literal(1))
            .select_from(recording_openings.join(recording_links, _L.id == o.link_id))
            .where(o.secret == secret, o.link_id == link, o.until > now, _L.revoked_at.is_(None), _L.expires_at > now)
        )
        return await self._database.row(query) is not None


async def _end(connection: AsyncConnection, link: int, by: str, at: datetime) -> bool:
    """False: it had ended."""
    stands = recording_links.update().where(_L.id == link, _L.revoked_at.is_(None))
    await connection.execute(recording_openings.delete().where(recording_openings.c.link_id == link))
    return (await connection.execute(stands.values(revoked_at=at, revoked_by=by))).rowcount > 0


def _link(row: sa.Row[Any]) -> RecordingLink:
    known = dict(row._mapping)
    del known["token"]
    known |= {"recording": RecordingId(known.pop("recording_id")), "pin": bool(known["pin"])}
    return RecordingLink(**known)
