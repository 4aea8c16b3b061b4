"""The chain of evidence (NEW-06): every step of a duty, posting, finished call and recording gets a link; nothing of it
is ever changed. A link holds a hash of the record, and of the link before it: whoever changes a record, a link or
their order later is found by going along the chain, here or in a pack that was handed out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.model.evidence import FIRST, Anchor, Break, Link, LinkKind, digest_of, hash_of
from callcenterd.store.engine import Database
from callcenterd.store.schema import calls, cards, postings, recordings, story
from callcenterd.store.tables.complaints import complaint_states, complaints
from callcenterd.store.tables.duties import duties, duty_steps
from callcenterd.store.tables.evidence import evidence

PIECE = 200
"""Links in one transaction: calls wait for it at most."""
WINDOW = timedelta(days=8)
"""How long after its beginning a call, or its recording, may be finished and still get its link."""
MOST_REFS = 2000
"""Records in one pack."""
_E = evidence.c
_CALL = ("id", "direction", "caller", "called", "queue", "agent", "started_at", "answered_at", "ended_at", "outcome")
_RECORDING = ("id", "call_id", "started_at", "seconds", "octets", "sha256", "format", "original_sha256")
_ROWS: Mapping[LinkKind, sa.Table] = {
    "duty_step": duty_steps,
    "posting": postings,
    "complaint_state": complaint_states,
}
"""Tables whose rows are only ever added, with numbers that grow."""
Record = Mapping[str, Any]


class Evidence:
    def __init__(self, database: Database) -> None:
        self._database = database

    # ---- making it ------------------------------------------------------------------------------------------

    async def append(self, now: datetime) -> int:
        """Links for what has none yet, at most 200. Answers how many; durable."""
        refs = await self._unlinked(now)
        if not refs:
            return 0

        async def work(connection: AsyncConnection) -> int:
            last = (await connection.execute(sa.select(_E.seq, _E.hash).order_by(_E.seq.desc()).limit(1))).first()
            seq, before = (int(last.seq), str(last.hash)) if last is not None else (0, FIRST)
            rows: list[dict[str, Any]] = []
            for kind, names in refs.items():
                known = await _records(connection, kind, names, {})
                for ref in names:
                    if ref not in known:
                        continue  # taken away meanwhile
                    record, upto = known[ref]
                    seq += 1
                    digest = digest_of(record)
                    before = hash_of(before, seq, now, kind, ref, upto, digest)
                    rows.append(
                        {
                            "seq": seq,
                            "at": now,
                            "kind": kind,
                            "ref": ref,
                            "upto": upto,
                            "digest": digest,
                            "hash": before,
                        }
                    )
            if rows:
                await connection.execute(evidence.insert(), rows)
            return len(rows)

        return await self._database.write(work)

    async def _unlinked(self, now: datetime) -> dict[LinkKind, list[str]]:
        found: dict[LinkKind, list[str]] = {}
        room = PIECE
        for kind, table in _ROWS.items():
            last = await self._database.row(sa.select(sa.func.max(_E.upto).label("n")).where(_E.kind == kind))
            after = int(last.n or 0) if last is not None else 0
            query = sa.select(table.c.id).where(table.c.id > after).order_by(table.c.id).limit(room)
            found[kind] = [str(row.id) for row in await self._database.rows(query)]
            room -= len(found[kind])
        for kind, query in (("call", _ended(now)), ("recording", _finished(now))):
            if room > 0:
                rows = await self._database.rows(query.limit(room))
                found[kind] = [str(row[0]) for row in rows]
                room -= len(rows)
        return {kind: names for kind, names in found.items() if names}

    # ---- proving it -----------------------------------------------------------------------------------------

    async def head(self) -> Link | None:
        """The last link."""
        row = await self._database.row(sa.select(evidence).order_by(_E.seq.desc()).limit(1))
        return None if row is None else Link(**row._mapping)

    async def links(self, first: int, last: int) -> list[Link]:
        """From one number to another, at most 500 of them."""
        query = sa.select(evidence).where(_E.seq >= first, _E.seq <= last).order_by(_E.seq).limit(500)
        return [Link(**row._mapping) for row in await self._database.rows(query)]

    async def anchors(self, days: int, now: datetime) -> list[Anchor]:
        """The last link of each of the last days that had any, newest first. days: at most 400, of UTC."""
        found: list[Anchor] = []
        end = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        for _ in range(min(days, 400)):
            query = sa.select(_E.seq, _E.hash, _E.at).where(_E.at < end).order_by(_E.at.desc(), _E.seq.desc()).limit(1)
            row = await self._database.row(query)
            if row is None:
                break
            found.append(Anchor(day=row.at.date(), seq=row.seq, hash=row.hash))
            end = row.at.replace(hour=0, minute=0, second=0, microsecond=0)
        return found

    async def check(self, after: int, before: str) -> tuple[list[Break], int, str]:
        """Go along the chain from a link on, some hundred links: what does not agree, how far that was, and its hash.

        after: number of the link before, with its hash; 0 and `FIRST` for the beginning. The number does not grow at
        the end of the chain.
        """
        links = await self.links(after + 1, after + 500)
        broken: list[Break] = []
        known = await self.records(links)
        for link in links:
            ours = hash_of(before, after + 1, link.at, link.kind, link.ref, link.upto, link.digest)
            if link.seq != after + 1 or link.hash != ours:
                broken.append(Break(seq=link.seq, kind=link.kind, ref=link.ref, what="link"))
            record = known.get((link.kind, link.ref, link.upto))
            if record is None:
                broken.append(Break(seq=link.seq, kind=link.kind, ref=link.ref, what="missing"))
            elif digest_of(record) != link.digest:
                broken.append(Break(seq=link.seq, kind=link.kind, ref=link.ref, what="changed"))
            after, before = link.seq, link.hash
        return broken, after, before

    async def records(self, links: Collection[Link]) -> dict[tuple[str, str, int], Record]:
        """What the links speak of, as it is now: by kind, ref and upto."""
        found: dict[tuple[str, str, int], Record] = {}
        by_kind: dict[LinkKind, dict[str, int]] = {}
        for link in links:
            by_kind.setdefault(link.kind, {})[link.ref] = link.upto

        for kind, upto in by_kind.items():
            names = list(upto)
            for at in range(0, len(names), PIECE):
                some = names[at : at + PIECE]
                rows = await self._read(kind, some, upto)
                found |= {(kind, ref, upto[ref]): record for ref, (record, _) in rows.items()}
        return found

    async def _read(
        self, kind: LinkKind, names: Sequence[str], upto: Mapping[str, int]
    ) -> dict[str, tuple[Record, int]]:
        return await self._database.read(lambda connection: _records(connection, kind, names, upto))

    async def about(
        self,
        *,
        call: str | None = None,
        duty: int | None = None,
        customer: int | None = None,
        complaint: int | None = None,
    ) -> list[Link]:
        """The links of all that belongs to a call, a duty, a customer or a complaint, in the chain's order; at most
        2,000."""
        found: list[Link] = []
        states: list[str] = []
        calls_ = [call] if call is not None else []
        steps: list[str] = []
        posted: list[str] = []
        if duty is not None:
            row = await self._database.row(sa.select(duties.c.call_id).where(duties.c.id == duty))
            calls_ += [row.call_id] if row is not None and row.call_id else []
            steps += await self._ids(sa.select(duty_steps.c.id).where(duty_steps.c.duty_id == duty))
        if complaint is not None:
            states += await self._ids(_states_of(complaint_states.c.complaint_id == complaint))
            row = await self._database.row(sa.select(complaints.c.call_id).where(complaints.c.id == complaint))
            calls_ += [row.call_id] if row is not None and row.call_id else []
            mine = sa.select(duties.c.id).where(duties.c.about == f"complaint/{complaint}")
            steps += await self._ids(sa.select(duty_steps.c.id).where(duty_steps.c.duty_id.in_(mine)))
        if customer is not None:
            its = sa.select(complaints.c.id).where(complaints.c.customer_id == customer)
            states += await self._ids(_states_of(complaint_states.c.complaint_id.in_(its)))
            calls_ += await self._ids(
                sa.select(calls.c.id).where(calls.c.customer_id == customer).order_by(calls.c.started_at.desc())
            )
            mine = sa.select(duties.c.id).where(duties.c.customer_id == customer)
            steps += await self._ids(sa.select(duty_steps.c.id).where(duty_steps.c.duty_id.in_(mine)))
            held = sa.select(cards.c.id).where(cards.c.customer_id == customer)
            posted += await self._ids(sa.select(postings.c.id).where(postings.c.card_id.in_(held)))
        if calls_ and duty is None:
            mine = sa.select(duties.c.id).where(duties.c.call_id.in_(calls_[:MOST_REFS]))
            steps += await self._ids(sa.select(duty_steps.c.id).where(duty_steps.c.duty_id.in_(mine)))
        sounds = await self._ids(sa.select(recordings.c.id).where(recordings.c.call_id.in_(calls_[:MOST_REFS])))
        by_kind = {
            "call": calls_,
            "recording": sounds,
            "duty_step": steps,
            "posting": posted,
            "complaint_state": states,
        }
        for kind, names in by_kind.items():
            for at in range(0, len(names), PIECE):
                query = sa.select(evidence).where(_E.kind == kind, _E.ref.in_(names[at : at + PIECE]))
                found += [Link(**row._mapping) for row in await self._database.rows(query.limit(MOST_REFS))]
        return sorted(dict.fromkeys(found), key=lambda link: link.seq)[:MOST_REFS]

    async def _ids(self, query: sa.Select[Any]) -> list[str]:
        return [str(row[0]) for row in await self._database.rows(query.limit(MOST_REFS))]


def _states_of(which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(complaint_states.c.id).where(which).order_by(complaint_states.c.id)


def _linked(kind: str, ref: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.exists(sa.select(sa.literal(1)).where(_E.kind == kind, _E.ref == ref))


def _ended(now: datetime) -> sa.Select[Any]:
    since = calls.c.started_at >= now - WINDOW
    query = sa.select(calls.c.id).where(since, calls.c.ended_at.is_not(None), ~_linked("call", calls.c.id))
    return query.order_by(calls.c.started_at, calls.c.id)


def _finished(now: datetime) -> sa.Select[Any]:
    """Recordings whose file stays as it is from now on."""
    query = sa.select(recordings.c.id).join(calls, calls.c.id == recordings.c.call_id)
    done = recordings.c.finishing.in_(("done", "failed")) & recordings.c.sha256.is_not(None)
    since = calls.c.started_at >= now - WINDOW
    return query.where(since, calls.c.ended_at.is_not(None), done, ~_linked("recording", recordings.c.id)).order_by(
        recordings.c.started_at, recordings.c.id
    )


async def _records(
    connection: AsyncConnection, kind: LinkKind, names: Sequence[str], upto: Mapping[str, int]
) -> dict[str, tuple[Record, int]]:
    """Records as they are hashed, each with its `upto`. upto: of calls, the last step that counts; none: all."""
    if kind in _ROWS:
        table = _ROWS[kind]
        rows = await connection.execute(sa.select(table).where(table.c.id.in_([int(name) for name in names])))
        return {str(row.id): (dict(row._mapping), int(row.id)) for row in rows}
    if kind == "recording":
        columns = [recordings.c[name] for name in _RECORDING]
        rows = await connection.execute(sa.select(*columns).where(recordings.c.id.in_(names)))
        return {row.id: (dict(row._mapping), 0) for row in rows}
    columns = [calls.c[name] for name in _CALL]
    facts = {
        row.id: dict(row._mapping) for row in await connection.execute(sa.select(*columns).where(calls.c.id.in_(names)))
    }
    steps: dict[str, list[dict[str, Any]]] = {name: [] for name in facts}
    last: dict[str, int] = {}
    told = sa.select(story).where(story.c.call_id.in_(list(facts))).order_by(story.c.id)
    for row in await connection.execute(told):
        if row.call_id in upto and row.id > upto[row.call_id]:
            continue
        steps[row.call_id].append({"at": row.at, "kind": row.kind, "details": row.details})
        last[row.call_id] = row.id
    return {name: ({**call, "story": steps[name]}, upto.get(name, last.get(name, 0))) for name, call in facts.items()}
