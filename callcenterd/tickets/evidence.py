"""The chain of evidence at work (NEW-06): it grows by itself, is checked each night, and is handed out."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from callcenterd.clock import Clock
from callcenterd.errors import CallcenterdError, NotFound
from callcenterd.model import evidence
from callcenterd.model.evidence import Break, Link
from callcenterd.model.ids import RecordingId
from callcenterd.model.site import Site
from callcenterd.store.database import Store
from callcenterd.switchboard.archive import Archive, Found
from callcenterd.tickets import verifier
from callcenterd.worker.pool import Worker

_log = structlog.get_logger(__name__)

EVERY = 10.0
"""Seconds until what has happened gets its links: what is changed before is not seen."""
PAUSE = 0.05
"""Between two pieces: calls come first."""
CHECKED_EVERY = 24 * 3600.0
MOST_BREAKS = 100
PACK_SECONDS = 600.0
VERIFIER = Path(verifier.__file__).read_text("utf-8")
README = """\
证据包 · Pack of evidence

records.jsonl     记录，每行一条 / what happened, a line each
chain.jsonl       哈希链：每一环含前一环的哈希 / the chain: each link holds the hash of the one before
recordings/       录音 / recordings
manifest.json     文件清单及其 SHA-256 / the files with their SHA-256

检查 / To check:  python3 verify.py
与单位另行保存的锚点核对 / with an anchor that was written down elsewhere:
                  python3 verify.py --anchor NUMBER:HASH

每一环的哈希是下列各行（换行分隔）的 SHA-256：前一环的哈希、编号、时间、种类、对象、upto、记录的 SHA-256。
The hash of a link is the SHA-256 of these lines: the hash before, number, time, kind, ref, upto, SHA-256 of the record
(JSON with sorted keys, without spaces, UTF-8).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """How the last look along the chain ended. links: how many it went along. at: None: there was none since the start.
    running: one is on its way."""

    at: datetime | None = None
    links: int = 0
    breaks: Sequence[Break] = ()
    running: bool = False


@dataclass(slots=True)
class _Walk:
    after: int = 0
    before: str = evidence.FIRST
    breaks: list[Break] = field(default_factory=list)


class Evidence:
    """folder: for packs while they are made. site: as it is now; switched off, the chain does not grow and is not
    checked, and switched on again it gets links for all that has happened."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        archive: Archive,
        worker: Worker,
        folder: Path,
        site: Callable[[], Site] = Site,
    ) -> None:
        self._site = site
        self._store = store
        self._clock = clock
        self._archive = archive
        self._worker = worker
        self._folder = folder
        self._tasks: list[asyncio.Task[None]] = []
        self._one_check = asyncio.Lock()
        self.checked = Checked()

    def start(self) -> None:
        for old in self._folder.glob("*") if self._folder.is_dir() else ():
            old.unlink(missing_ok=True)
        self._tasks = [asyncio.create_task(self._grow()), asyncio.create_task(self._look())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _grow(self) -> None:
        while True:
            try:
                more = self._site().has("evidence")
                while more:
                    more = bool(await self._store.evidence.append(self._clock.utc()))
                    await asyncio.sleep(PAUSE)
            except CallcenterdError as fault:
                _log.warning("the chain of evidence grows later", why=str(fault))
            await asyncio.sleep(EVERY)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(CHECKED_EVERY)
            if not self._site().has("evidence"):
                continue
            try:
                await self.check()
            except CallcenterdError as fault:
                _log.error("the chain of evidence could not be checked", why=str(fault))

    async def check(self) -> Checked:
        """Go along the whole chain. Whoever asks while one is on its way gets that one's answer."""
        if self._one_check.locked():
            async with self._one_check:
                return self.checked
        async with self._one_check:
            await self._store.evidence.append(self._clock.utc())  # what has just happened is looked at as well
            self.checked = replace(self.checked, running=True)
            walk = _Walk()
            try:
                while True:
                    found, after, walk.before = await self._store.evidence.check(walk.after, walk.before)
                    walk.breaks += found[: MOST_BREAKS - len(walk.breaks)]
                    if after == walk.after:
                        break
                    walk.after = after
                    await asyncio.sleep(PAUSE)
            finally:
                self.checked = replace(self.checked, running=False)
            self.checked = Checked(at=self._clock.utc(), links=walk.after, breaks=tuple(walk.breaks))
        if walk.breaks:
            first = walk.breaks[0]
            _log.error("the chain of evidence does not agree", link=first.seq, kind=first.kind, what=first.what)
        return self.checked

    async def pack(
        self,
        by: str,
        *,
        call: str | None = None,
        duty: int | None = None,
        customer: int | None = None,
        complaint: int | None = None,
    ) -> Path:
        """A ZIP of all that belongs to a call, a duty, a customer or a complaint; who asked takes it away afterwards.

        Raises NotFound: nothing of it is in the chain yet.
        """
        await self._store.evidence.append(self._clock.utc())
        links = await self._store.evidence.about(call=call, duty=duty, customer=customer, complaint=complaint)
        about = {"call": call, "duty": duty, "customer": customer, "complaint": complaint}
        if not links:
            raise NotFound("evidence", next(str(value) for value in about.values() if value is not None))
        chain = await self._segment(links[0].seq, links[-1].seq)
        known = await self._store.evidence.records(links)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        place = self._folder / secrets.token_hex(8)
        sounds: dict[str, str] = {}
        beside: dict[str, str] = {}
        unsealed: list[Path] = []
        try:
            for link in links:
                if link.kind == "recording":
                    found = await self._sound(link)
                    if found is None:
                        continue
                    name = f"recordings/{found.path.name}"
                    sounds[str(link.seq)] = name
                    beside[name] = str(found.path)
                    if found.sealed:  # what was hashed is sealed; what can be heard lies beside it
                        plain = place.with_name(f"{place.name}-{link.seq}")
                        unsealed.append(plain)
                        await self._unseal(found, plain)
                        beside[f"recordings/{Path(found.path.name).with_suffix('').name}"] = str(plain)
            first = chain[0]
            texts = {
                "README.txt": README,
                "verify.py": VERIFIER,
                "chain.jsonl": "".join(_line(_of_link(link)) for link in chain),
                "records.jsonl": "".join(
                    evidence.canonical({"seq": link.seq, "record": record}).decode() + "\n"
                    for link in links
                    if (record := known.get((link.kind, link.ref, link.upto))) is not None
                ),
            }
            before = await self._store.evidence.links(first.seq - 1, first.seq - 1)
            head = {
                "about": {name: value for name, value in about.items() if value is not None},
                "made_at": evidence.moment(self._clock.utc()),
                "made_by": by,
                "first": first.seq,
                "last": chain[-1].seq,
                "before": before[0].hash if before else evidence.FIRST,
                "recordings": sounds,
            }
            await self._worker.run(written, place, texts, beside, head, timeout=PACK_SECONDS)
        finally:
            for path in unsealed:
                path.unlink(missing_ok=True)
        await self._store.audit.append(self._clock.utc(), by, "evidence.packed", _target(about), {"links": len(links)})
        return place

    async def _segment(self, first: int, last: int) -> list[Link]:
        """Link by link without a gap, up to the end of the last one's day if that is over: its anchor is in it."""
        found: list[Link] = []
        end: int | None = None
        while True:
            piece = await self._store.evidence.links(first + len(found), first + len(found) + 499)
            for link in piece:
                if end is not None and link.at.date() != found[-1].at.date():
                    return found
                found.append(link)
                if link.seq == last:
                    end = last
            if len(piece) < 500:
                return found

    async def _sound(self, link: Link) -> Found | None:
        try:
            return await self._archive.find(RecordingId(link.ref))
        except NotFound:
            return None  # removed by the office's rules; its link and record stay

    async def _unseal(self, found: Found, plain: Path) -> None:
        with await asyncio.to_thread(plain.open, "wb") as file:

            async def take(octets: bytes) -> None:
                await asyncio.to_thread(file.write, octets)

            await self._archive.read(found, 0, found.octets, take)


def written(place: Path, texts: Mapping[str, str], beside: Mapping[str, str], head: Mapping[str, Any]) -> None:
    """Runs in the worker. Raises OSError."""
    digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    digests |= {name: verifier.file_digest(Path(path)) for name, path in beside.items()}
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, text in texts.items():
            pack.writestr(name, text)
        for name, path in beside.items():
            pack.write(path, name, zipfile.ZIP_STORED)
        pack.writestr("manifest.json", json.dumps({**head, "files": digests}, ensure_ascii=False, indent=1))


def _of_link(link: Link) -> dict[str, Any]:
    return {
        "seq": link.seq,
        "at": evidence.moment(link.at),
        "kind": link.kind,
        "ref": link.ref,
        "upto": link.upto,
        "digest": link.digest,
        "hash": link.hash,
    }


def _line(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False) + "\n"


def _target(about: Mapping[str, object]) -> str:
    return next(f"{name}/{value}" for name, value in about.items() if value is not None)
