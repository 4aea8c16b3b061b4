"""The office as tables: trunks, numbers, users, extensions, queues, limits … The rules are in the room `site`."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import LocalError, NotFound, NotNow
from callcenterd.model.calendar import Calendar
from callcenterd.model.site import (
    BreakReason,
    Comfort,
    Disposition,
    Extension,
    Limits,
    Mailbox,
    Module,
    NumberRoute,
    OutboundRoute,
    QueueSettings,
    Secret,
    Site,
    Team,
    Trunk,
    UserAccount,
)
from callcenterd.model.site_edits import ORDER, Editor, Settled, SiteEdit
from callcenterd.store.engine import Database
from callcenterd.store.roles import kept_roles
from callcenterd.store.schema import (
    breaks,
    calendars,
    dispositions,
    extensions,
    limits,
    mailboxes,
    modules,
    numbers,
    outbound,
    queues,
    teams,
    trunks,
    users,
)
from callcenterd.store.schema import site as revisions
from callcenterd.store.tables.site_edits import site_edits

Row = dict[str, Any]
Thing = (
    Trunk
    | NumberRoute
    | OutboundRoute
    | UserAccount
    | Extension
    | QueueSettings
    | Limits
    | BreakReason
    | Disposition
    | Module
    | Mailbox
    | Calendar
    | Team
)


class _Kind(NamedTuple):
    """One list of a site: its table, what its rows become, and the column that tells them apart."""

    table: sa.Table
    thing: type[Thing]
    key: str


_KINDS: Mapping[str, _Kind] = {
    "trunks": _Kind(trunks, Trunk, "name"),
    "numbers": _Kind(numbers, NumberRoute, "match"),
    "outbound": _Kind(outbound, OutboundRoute, "match"),
    "users": _Kind(users, UserAccount, "login"),
    "extensions": _Kind(extensions, Extension, "number"),
    "queues": _Kind(queues, QueueSettings, "name"),
    "limits": _Kind(limits, Limits, "who"),
    "breaks": _Kind(breaks, BreakReason, "name"),
    "dispositions": _Kind(dispositions, Disposition, "code"),
    "modules": _Kind(modules, Module, "name"),
    "mailboxes": _Kind(mailboxes, Mailbox, "box"),
    "calendars": _Kind(calendars, Calendar, "name"),
    "teams": _Kind(teams, Team, "name"),
}


MOST_EDITS = 100
"""Of one thing that are kept: what was before the first, and before each of the last. A program that changes a thing
every minute fills no disk."""


class SiteTables:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> Site:
        """All of it, as it was at one moment, each list in the order in which it was saved."""
        return await self._database.write(_load, durable=False)

    async def save(
        self,
        site: Site,
        *,
        expected: int | None = None,
        editor: Editor | None = None,
        settled: Settled = Settled(),  # noqa: B008  # it is frozen
    ) -> int:
        """This is the site now, all of it: what it does not name is gone. Answers the revision; durable.

        Only what differs is written, and the revision grows only then; `site.revision` is not looked at.
        expected: the revision that the caller began from. editor: who changes it on a page; what was before is kept
        (`edits`). settled: what of earlier such changes a file has taken note of. Raises NotNow if somebody saved
        meanwhile, LocalError if two things of a list have the same name.
        """
        _check_names(site)

        async def work(connection: AsyncConnection) -> int:
            now = await _load(connection)
            if expected is not None and now.revision != expected:
                raise NotNow(f"the site was changed meanwhile (revision {now.revision}, not {expected})")
            await _settle(connection, settled)
            if dataclasses.replace(site, revision=now.revision, roles=now.roles) == now:
                return now.revision
            for name, kind in _KINDS.items():
                await _replace(connection, kind, _rows(getattr(now, name)), _rows(getattr(site, name)))
            revision = await _count_up(connection, now.revision)
            if editor is not None:
                await _remember(connection, now, site, revision, editor)
            return revision

        return await self._database.write(work)

    async def user(self, login: str) -> UserAccount | None:
        row = await self._database.row(sa.select(users).where(users.c.login == login))
        return None if row is None else _thing(UserAccount, row._mapping)

    async def edits(self) -> tuple[SiteEdit, ...]:
        """What pages changed since a file last had its say of it, the first change first."""
        rows = await self._database.rows(sa.select(site_edits).order_by(site_edits.c.id))
        return tuple(_edit(row) for row in rows)

    async def set_password_hash(self, login: str, password_hash: Secret, at: datetime) -> int:
        """One user's own new password, by its hash. Answers the revision; durable. Raises NotFound."""
        return await self._set(login, {"password_hash": password_hash.reveal()}, at)

    async def set_pin_hash(self, login: str, pin_hash: Secret, at: datetime) -> int:
        """As `set_password_hash`, of the PIN for phones."""
        return await self._set(login, {"pin_hash": pin_hash.reveal()}, at)

    async def _set(self, login: str, new: Row, at: datetime) -> int:
        async def work(connection: AsyncConnection) -> int:
            row = (await connection.execute(sa.select(users).where(users.c.login == login))).first()
            if row is None:
                raise NotFound("user", login)
            await connection.execute(users.update().where(users.c.login == login).values(new))
            revision = await _count_up(connection, await _revision(connection))
            await _keep_edit(
                connection, "users", login, revision, _row(_thing(UserAccount, row._mapping)), Editor(login, at)
            )
            return revision

        return await self._database.write(work)


async def _load(connection: AsyncConnection) -> Site:
    lists: dict[str, tuple[Thing, ...]] = {}
    for name, kind in _KINDS.items():
        rows = (await connection.execute(sa.select(kind.table).order_by(kind.table.c.position))).all()
        lists[name] = tuple(_thing(kind.thing, row._mapping) for row in rows)
    revision, roles = await _revision(connection), await kept_roles(connection)
    return Site(**lists, roles=roles, revision=revision)  # type: ignore[arg-type]  # _KINDS pairs list and type


async def _revision(connection: AsyncConnection) -> int:
    return (await connection.execute(sa.select(revisions.c.revision))).scalar() or 0


async def _count_up(connection: AsyncConnection, revision: int) -> int:
    if revision == 0:
        await connection.execute(revisions.insert(), [{"id": 1, "revision": 1}])
    else:
        await connection.execute(revisions.update().values({"revision": revision + 1}))
    return revision + 1


async def _remember(connection: AsyncConnection, before: Site, after: Site, revision: int, editor: Editor) -> None:
    """Of each thing that is another now, what it was; and in which order they stood, if that is another."""
    for section, kind in _KINDS.items():
        was = {getattr(thing, kind.key): thing for thing in getattr(before, section)}
        now = {getattr(thing, kind.key): thing for thing in getattr(after, section)}
        for key in {**was, **now}:
            if was.get(key) != now.get(key):
                row = None if key not in was else _row(was[key])
                await _keep_edit(connection, section, key, revision, row, editor)
        if [key for key in was if key in now] != [key for key in now if key in was]:
            await _keep_edit(connection, section, ORDER, revision, list(was), editor)


async def _keep_edit(
    connection: AsyncConnection, section: str, key: str, revision: int, was: Row | list[str] | None, editor: Editor
) -> None:
    """And let go of the second oldest of its thing, if they are too many."""
    row = {
        "section": section,
        "key": key,
        "revision": revision,
        "was": was,
        "at": editor.at,
        "by": editor.by,
    }
    await connection.execute(site_edits.insert(), [row])
    of_it = sa.select(site_edits.c.id).where(site_edits.c.section == section, site_edits.c.key == key)
    ids = list((await connection.execute(of_it.order_by(site_edits.c.id))).scalars())
    if len(ids) > MOST_EDITS:
        await connection.execute(site_edits.delete().where(site_edits.c.id.in_(ids[1 : len(ids) - MOST_EDITS + 1])))


async def _settle(connection: AsyncConnection, settled: Settled) -> None:
    if settled.gone:
        await connection.execute(site_edits.delete().where(site_edits.c.id.in_(settled.gone)))
    for edit in settled.renewed:
        was = None if edit.was is None else _row(edit.was)
        await connection.execute(site_edits.update().where(site_edits.c.id == edit.id).values({"was": was}))


def _edit(row: sa.Row[Any]) -> SiteEdit:
    was: Any = None
    if row.key == ORDER:
        was = tuple(row.was)
    elif row.was is not None:
        was = _thing(_KINDS[row.section].thing, row.was)
    return SiteEdit(row.id, row.section, row.key, row.revision, was, Editor(row.by, row.at))


async def _replace(connection: AsyncConnection, kind: _Kind, old: Sequence[Row], new: Sequence[Row]) -> None:
    """Row by row, so that a user who stays keeps the sessions that hang on the row."""
    before = {row[kind.key]: row for row in old}
    after = {row[kind.key]: row for row in new}
    key = kind.table.c[kind.key]
    if gone := [name for name in before if name not in after]:
        await connection.execute(kind.table.delete().where(key.in_(gone)))
    for name, row in after.items():
        if name not in before:
            await connection.execute(kind.table.insert(), [row])
        elif row != before[name]:
            await connection.execute(kind.table.update().where(key == name).values(row))


def _rows(things: Sequence[Thing]) -> list[Row]:
    return [{"position": position, **_row(thing)} for position, thing in enumerate(things)]


def _row(thing: Thing) -> Row:
    if isinstance(thing, Calendar):
        return thing.as_row()
    return {field.name: _plain(getattr(thing, field.name)) for field in dataclasses.fields(thing)}


def _plain(value: object) -> object:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Comfort):
        return dataclasses.asdict(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _thing(kind: type[Any], row: Mapping[Any, Any]) -> Any:
    """Back from a row: lists become tuples, and secrets do not print. A row that an earlier release kept of an edit may
    lack what has come since, which stands as in a new thing, and have what is no more."""
    if kind is Calendar:
        return Calendar.of_row({str(name): value for name, value in row.items() if name != "position"})
    fields = {field.name for field in dataclasses.fields(kind)}
    known = {name: value for name, value in row.items() if name in fields}
    for field in dataclasses.fields(kind):
        if field.name not in known:
            continue
        if field.name == "comfort":
            known[field.name] = tuple(Comfort(**words) for words in known[field.name])
        elif isinstance(known[field.name], list):
            known[field.name] = tuple(known[field.name])
        elif field.name in ("password", "password_hash", "pin_hash"):
            known[field.name] = Secret(known[field.name])
    return kind(**known)


def _check_names(site: Site) -> None:
    for name, kind in _KINDS.items():
        counted = Counter(getattr(thing, kind.key) for thing in getattr(site, name))
        if twice := [key for key, count in counted.items() if count > 1]:
            raise LocalError(f"{name}: {', '.join(sorted(twice))} is there twice")
