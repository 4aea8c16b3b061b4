"""What takes how much room on the disk, how much is left, and for how long that will do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, get_args

from aiohttp import web
from pydantic import TypeAdapter

from callcenterd.web.answers import answer
from callcenterd.web.describe import shape
from callcenterd.web.office import Office
from callcenterd.web.rights import right
from callcenterd.worker.storage import Disk, Measured, measure

routes = web.RouteTableDef()

KEPT_SECONDS = 60.0
"""What was measured is told again for so long, to whoever asks."""
MEASURED_DAYS = 7
LEAST_DAYS = 1.0
"""Of less it cannot be said how much comes in a day."""
LOOK_SECONDS = 10.0
"""What is not seen by then is left out: others wait for that worker too."""
JOB_SECONDS = 60.0
DAY = 86_400.0
MB = 1_000_000

KeptName = Literal["database", "recordings", "voicemail", "attachments", "prompts", "made", "imports", "other"]
NAMES: tuple[KeptName, ...] = get_args(KeptName)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptThings:
    """made: packs of evidence and downloads, which are removed by themselves. other: what else lies in the data folder.

    octets_a_day: of files that came in the last seven days, or in less where there are none older; null: it is not
    known. Of the database it is not: it grows where it lies. disk: the place in `disks`; null: another machine's, or
    none yet. whole: all of it was seen.
    """

    name: KeptName
    files: int
    octets: int
    octets_a_day: float | None
    disk: int | None
    whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskNow:
    """free: octets that we may write. keep_free: octets below which there is an alarm. octets_a_day: of all on it but
    the database; null: of something it is not known. days_left: until that alarm, if files come as they did and none
    is removed; null: not known, or nothing grows."""

    total: int
    free: int
    keep_free: int
    octets_a_day: float | None
    days_left: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageNow:
    at: datetime
    items: list[KeptThings]
    disks: list[DiskNow]


STORAGE_NOW = TypeAdapter(StorageNow)


class Storage:
    """Measured at most once a minute, whoever asks. One for the application."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._one_at_a_time = asyncio.Lock()
        self._known: tuple[float, StorageNow] | None = None

    async def now(self) -> StorageNow:
        """Raises CannotStore, JobFailed."""
        clock = self._office.clock
        async with self._one_at_a_time:
            if self._known is None or clock.monotonic() - self._known[0] >= KEPT_SECONDS:
                self._known = clock.monotonic(), await self._measure()
            return self._known[1]

    async def _measure(self) -> StorageNow:
        office, premises, at = self._office, self._office.premises, self._office.clock.utc()
        since, files = at - timedelta(days=MEASURED_DAYS), office.store.files()
        measured = await premises.worker.run(
            measure, premises.folders, files, since.timestamp(), LOOK_SECONDS, timeout=JOB_SECONDS
        )
        of = _apart(measured.of, await office.store.voicemail.weight(since))
        here = bool(files) and files[0].parent == premises.data
        of["database"] = Measured(len(files[:1]), await office.store.octets(), disk=of["other"].disk if here else None)
        return _told(at, of, measured.disks, premises.keep_free_mb * MB)


def _apart(of: Mapping[str, Measured], voicemail: tuple[int, int, int]) -> dict[str, Measured]:
    """The sound of messages lies among the recordings. voicemail: its files, octets, and new octets."""
    calls, (files, octets, new) = of["recordings"], voicemail
    rest = replace(
        calls,
        files=max(0, calls.files - files),
        octets=max(0, calls.octets - octets),
        new_octets=max(0, calls.new_octets - new),
    )
    messages = replace(calls, files=files, octets=octets, new_octets=new)
    return {**of, "recordings": rest, "voicemail": messages}


def _told(at: datetime, of: Mapping[str, Measured], by_device: Mapping[int, Disk], keep_free: int) -> StorageNow:
    devices = list(by_device)
    items = [
        KeptThings(
            name=name,
            files=known.files,
            octets=known.octets,
            octets_a_day=None if name == "database" else _a_day(known, at),
            disk=None if known.disk is None else devices.index(known.disk),
            whole=known.whole,
        )
        for name in NAMES
        if (known := of.get(name)) is not None
    ]
    disks = []
    for place, disk in enumerate(by_device.values()):
        grows = [one.octets_a_day for one in items if one.disk == place and one.name != "database"]
        rates = [rate for rate in grows if rate is not None]
        rate = sum(rates) if rates and len(rates) == len(grows) else None
        left = max(0, disk.free - keep_free) / rate if rate else None
        disks.append(DiskNow(total=disk.total, free=disk.free, keep_free=keep_free, octets_a_day=rate, days_left=left))
    return StorageNow(at=at, items=items, disks=disks)


def _a_day(known: Measured, at: datetime) -> float | None:
    if known.oldest is None:
        return 0.0 if known.whole else None
    days = min(float(MEASURED_DAYS), (at.timestamp() - known.oldest) / DAY)
    return known.new_octets / days if days >= LEAST_DAYS and known.whole else None


STORAGE = web.AppKey("storage", Storage)


@routes.get("/api/v1/system/storage")
@right("system")
@shape(summary="What takes how much room, how much is left, and for how long", answer=STORAGE_NOW)
async def storage_now(request: web.Request) -> web.StreamResponse:
    """200 as it was measured within the last minute."""
    return answer(STORAGE_NOW, await request.app[STORAGE].now())
