"""Customers from a file (CRM-02): read in the worker, kept piece by piece, undone if it was the wrong file."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.crm import rows
from callcenterd.errors import NotNow, Refused
from callcenterd.model.events import CustomersImported
from callcenterd.model.fields import CustomField
from callcenterd.model.imports import Import, ImportTerms, ReadRow
from callcenterd.model.people import Role
from callcenterd.store.database import CannotStore, Store
from callcenterd.worker import tables
from callcenterd.worker.pool import JobFailed, Worker

_log = structlog.get_logger(__name__)

PIECE = 100
"""Rows in one transaction: what a call's own bookkeeping waits for at most."""
READ_SECONDS = 300.0
"""For the largest file."""
PAUSE = 0.01
"""Between two pieces: calls come first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An import that waits for its terms. sample: the first rows. guessed: what its columns are, by the last file with
    the same titles, else by the titles. fields: custom ones that may be filled, as `fields.NAME`."""

    job: Import
    sample: tuple[tuple[str, ...], ...]
    guessed: Mapping[int, str]
    fields: tuple[CustomField, ...]


class Importing:
    """folder: where files lie while they are needed; what is left there of an older run is taken away."""

    def __init__(self, *, store: Store, bus: Bus, clock: Clock, worker: Worker, folder: Path) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._worker = worker
        self._folder = folder
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """What a stop of the server has left in the middle goes on."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for job in await self._store.imports.unfinished():
            self._work(job)

    async def stop(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def upload(self) -> Path:
        """Where a new file is to be written."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        return self._folder / f"{secrets.token_hex(8)}.new"

    async def open(self, raw: Path, name: str, by: str, role: Role) -> Opened:
        """The uploaded file is a table. Raises Refused, with nothing left behind."""
        lines = raw.with_suffix(".lines")
        try:
            looked = await self._worker.run(tables.unfold, raw, lines, timeout=READ_SECONDS)
            if not looked.rows:
                raise Refused("this file cannot be imported", {"file": "has no rows below its titles"})
            job = await self._store.imports.add(name, looked.titles, looked.rows, by, self._clock.utc())
            lines.replace(self._lines(job.id))
        except tables.NoTable as fault:
            raise Refused("this file cannot be imported", {"file": str(fault)}) from None
        except JobFailed as fault:
            why = fault.why.partition(": ")[2] if fault.raised == tables.NoTable.__name__ else fault.why
            raise Refused("this file cannot be imported", {"file": why}) from None
        finally:
            for path in (raw, lines):
                path.unlink(missing_ok=True)
        return await self._opened(job, looked.sample, role)

    async def opened(self, number: int, role: Role) -> Opened:
        """Raises NotFound; NotNow if it was started."""
        job = await self._store.imports.get(number)
        if job.state != "uploaded":
            raise NotNow(f"import {number} was started")
        if not self._lines(number).exists():  # a crash came between the list's row and the file
            raise Refused("this file cannot be imported", {"file": "is not there any more; upload it again"})
        found, _ = await self._worker.run(tables.piece, self._lines(number), 0, tables.SAMPLE)
        return await self._opened(job, tuple(cells for _, cells in found), role)

    async def _opened(self, job: Import, sample: tuple[tuple[str, ...], ...], role: Role) -> Opened:
        fields = await self._fields(role)
        known = {*rows.FIELDS, *(rows.CUSTOM + one.name for one in fields)}
        before = {n: name for n, name in (await self._store.imports.remembered(job.titles)).items() if name in known}
        return Opened(job=job, sample=sample, guessed=before or rows.guessed(job.titles, fields), fields=fields)

    async def _fields(self, role: Role) -> tuple[CustomField, ...]:
        return tuple(one for one in await self._store.fields.all("customer") if rows.may_fill(one, role))

    async def preview(self, number: int, columns: Mapping[int, str], role: Role) -> list[ReadRow]:
        """The first rows as they would be kept, with what is wrong in them. Raises NotFound, NotNow, Refused."""
        job = await self._store.imports.get(number)
        if job.state != "uploaded":
            raise NotNow(f"import {number} was started")
        await self._check(job, ImportTerms(columns=columns, duplicates="new"), role)
        found, _ = await self._read(job, columns, 0, tables.SAMPLE)
        return found

    async def begin(self, number: int, terms: ImportTerms, by: str, role: Role) -> Import:
        """Raises NotFound, NotNow, Refused with its fields."""
        await self._check(await self._store.imports.get(number), terms, role)
        job = await self._store.imports.start(number, terms, self._clock.utc())
        await self._audit(job, "import.started", by)
        self._work(job)
        return job

    async def _check(self, job: Import, terms: ImportTerms, role: Role) -> None:
        known = {*rows.FIELDS, *(rows.CUSTOM + one.name for one in await self._fields(role))}
        faults: dict[str, str] = {}
        if job.state == "uploaded" and not self._lines(job.id).exists():
            faults["file"] = "is not there any more; upload it again"
        chosen = list(terms.columns.values())
        for column, field in terms.columns.items():
            if not 0 <= column < max(len(job.titles), 1):
                faults["columns"] = f"there is no column {column}"
            elif field not in known:
                faults["columns"] = f"there is no field {field[:40]}"
            elif field not in rows.SEVERAL and chosen.count(field) > 1:
                faults["columns"] = f"{field} is filled by two columns"
        if not faults and not {"name", "phones"} & set(chosen):
            faults["columns"] = "a column of names or of telephone numbers is wanted"
        if terms.duplicates != "new":
            if not terms.keys:
                faults["keys"] = "is missing"
            elif missing := [key for key in terms.keys if key not in chosen]:
                faults["keys"] = f"no column fills {missing[0]}"
        if faults:
            raise Refused("this file cannot be imported so", faults)

    async def cancel(self, number: int, by: str) -> Import:
        """It stops where it is; what was kept stays. Raises NotFound, NotNow."""
        job = await self._store.imports.end(number, "stopped", self._clock.utc())
        await self._audit(job, "import.stopped", by)
        return job

    async def undo(self, number: int, by: str) -> Import:
        """Takes back what it did. Raises NotFound, NotNow."""
        job = await self._store.imports.undo(number, self._clock.utc())
        await self._audit(job, "import.undone", by)
        self._work(job)
        return job

    async def remove(self, number: int, by: str) -> None:
        """The list's row and the file; the customers stay. Raises NotFound, NotNow."""
        job = await self._store.imports.get(number)
        await self._store.imports.remove(number)
        self._lines(number).unlink(missing_ok=True)
        await self._audit(job, "import.removed", by)

    # ---- by itself --------------------------------------------------------------------------------------

    def _lines(self, number: int) -> Path:
        return self._folder / f"{number}.lines"

    def _work(self, job: Import) -> None:
        task = asyncio.create_task(self._run(job), name=f"import {job.id}")
        self._tasks[job.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(job.id, None))

    async def _run(self, job: Import) -> None:
        try:
            if job.state == "undoing":
                await self._back(job)
            else:
                await self._forth(job)
        except NotNow:
            return  # stopped by somebody, who has said so
        except (JobFailed, OSError, ValueError) as fault:
            _log.warning("an import failed", id=job.id, why=str(fault))
            with contextlib.suppress(NotNow):
                await self._store.imports.end(job.id, "failed", self._clock.utc(), str(fault)[:500])
        except CannotStore as fault:
            _log.error("an import could not be kept; it goes on after a restart", id=job.id, why=str(fault))
            return
        self._bus.publish(CustomersImported(at=self._clock.utc(), number=job.id, by=job.by))

    async def _forth(self, job: Import) -> None:
        place = await self._store.imports.place(job.id)
        while True:
            found, end = await self._read(job, job.terms.columns, place, PIECE)
            if not found:
                break
            reasons = {row.number: rows.reason_of(row) for row in found if row.faults}
            job = await self._store.imports.apply(job, found, reasons, end, self._clock.utc())
            place = end
            await asyncio.sleep(PAUSE)
        job = await self._store.imports.end(job.id, "done", self._clock.utc())
        await self._audit(job, "import.done", job.by)
        self._lines(job.id).unlink(missing_ok=True)

    async def _back(self, job: Import) -> None:
        more = True
        while more:
            job, more = await self._store.imports.take_back(job, PIECE, self._clock.utc())
            await asyncio.sleep(PAUSE)
        await self._store.imports.end(job.id, "undone", self._clock.utc())

    async def _read(self, job: Import, columns: Mapping[int, str], at: int, most: int) -> tuple[list[ReadRow], int]:
        lists = rows.Lists.of(await self._store.dictionaries.all(), await self._store.fields.all("customer"))
        return await self._worker.run(rows.read_piece, self._lines(job.id), at, most, dict(columns), lists)

    async def _audit(self, job: Import, what: str, by: str) -> None:
        counts = {name: getattr(job, name) for name in ("rows", "done", "created", "updated", "skipped", "faulty")}
        await self._store.audit.append(
            self._clock.utc(), by, what, f"import/{job.id}", {"file": job.name[:200], **counts}
        )
