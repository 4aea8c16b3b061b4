"""The desk where prompts are made and kept: uploaded, spoken into a phone, or read aloud (IVR-05).

What comes in is first a draft, which is listened to; keeping it gives it a name, and callers of from then on hear it.
A prompt that a flow, queue or mailbox plays is neither removed nor renamed. Heavy work is done in the worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

import structlog

from callcenterd.clock import Clock
from callcenterd.errors import CallcenterdError, LocalError, NotFound, NotNow, Refused
from callcenterd.ivr import promptuse
from callcenterd.ivr.promptuse import Use
from callcenterd.ivr.shelf import Flows
from callcenterd.model.prompts import Music, Recorded
from callcenterd.model.site import Site
from callcenterd.worker import promptfiles as files
from callcenterd.worker.pool import Worker
from callcenterd.worker.promptfiles import Key, Lying, Measured, Source, Unusable, Version
from callcenterd.worker.speech import MAX_CHARACTERS

_log = structlog.get_logger(__name__)

T = TypeVar("T")
DraftState = Literal["ringing", "speaking", "making", "ready", "failed"]

MOST_DRAFTS = 50
"""The oldest goes. A draft that nobody keeps is gone with the next start."""
CONVERT_SECONDS = 120.0
AT_ONCE = 20
"""Files that one job measures."""


@dataclass(slots=True)
class Draft:
    """A sound that has no name yet. state: of a phone's: it rings, is spoken into, is being made, can be heard, or
    failed: why. name: of the file that was uploaded."""

    id: str
    source: Source
    by: str
    at: datetime
    path: Path
    state: DraftState = "making"
    why: str = ""
    name: str = ""
    text: str = ""
    language: str = ""
    measured: Measured | None = None

    @property
    def raw(self) -> Path:
        """What came in, as it came."""
        return self.path.with_suffix(".raw.wav")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A prompt as it stands. file: its place in the office's folder; "": there is none, and `instead` is read aloud.

    fault: why its file cannot be heard. version: the one in service; None: it was put there by hand, or there is none.
    """

    key: Key
    file: str = ""
    octets: int = 0
    changed: datetime | None = None
    measured: Measured | None = None
    fault: str = ""
    version: Version | None = None
    versions: int = 0
    uses: Sequence[Use] = field(default_factory=tuple)
    instead: str = ""

    @property
    def in_use(self) -> list[Use]:
        """By others than the house, which has words of its own."""
        return [use for use in self.uses if use.where != "house"]


class InUse(NotNow):
    """uses: where."""

    def __init__(self, key: Key, uses: Iterable[Use]) -> None:
        where = ", ".join(f"{use.where} {use.name}{f' ({use.node})' if use.node else ''}" for use in uses)
        super().__init__(f"prompt {key.name} is used by {where}")


class PromptDesk:
    """folder: the office's. kept: ours, with versions. drafts: ours, emptied at each start. engine: reads aloud."""

    def __init__(
        self,
        *,
        folder: Path,
        kept: Path,
        drafts: Path,
        flows: Flows,
        site: Callable[[], Site],
        worker: Worker,
        clock: Clock,
        language: str,
        engine: str,
    ) -> None:
        self._folder = folder
        self._kept = kept
        self._drafts_folder = drafts
        self._flows = flows
        self._site = site
        self._worker = worker
        self._clock = clock
        self._language = language
        self._engine = engine
        self._drafts: dict[str, Draft] = {}
        self._measured: dict[tuple[Path, int, int], Measured | Unusable] = {}
        self._sums: dict[tuple[Path, int, int], str] = {}
        self._changing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        shutil.rmtree(self._drafts_folder, ignore_errors=True)
        self._kept.mkdir(parents=True, exist_ok=True)  # who copies what is to be kept finds it there

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ---- what there is --------------------------------------------------------------------------------------------

    async def all(self) -> list[Kept]:
        """Every prompt: those in service, those that flows name and that are not there, those that were, and what the
        house says by itself."""
        there = {one.key: one for one in await asyncio.to_thread(files.lying, self._folder)}
        await self._look_at(there.values())
        known = await asyncio.to_thread(self._versions_of_all, there)
        uses, instead = self._uses(there)
        keys = sorted({*there, *known, *uses})
        return [self._described(key, there.get(key), known.get(key, []), uses, instead) for key in keys]

    async def one(self, key: Key) -> tuple[Kept, list[Version]]:
        """With its versions, newest first. Raises NotFound and Refused."""
        files.check(key)
        found = next((kept for kept in await self.all() if kept.key == key), None)
        if found is None:
            raise NotFound("prompt", key.name)
        return found, await asyncio.to_thread(files.versions, self._kept, key)

    async def hear(self, key: Key, number: int | None = None) -> bytes:
        """Just this file as callers hear it, or that of a version: WAV. Raises NotFound, Refused."""
        files.check(key)
        if number is None:
            path = await asyncio.to_thread(files.in_service, self._folder, key)
        else:
            _, path = await asyncio.to_thread(files.version_file, self._kept, key, number)
        if path is None:
            raise NotFound("prompt", key.name)
        heard = await self._worker.run(files.playable, path, timeout=CONVERT_SECONDS)
        if isinstance(heard, Unusable):
            raise Refused(heard.why)
        return heard

    def _uses(self, there: Mapping[Key, object]) -> tuple[dict[Key, list[Use]], dict[Key, str]]:
        flows = [flow for name in self._flows.names() if (flow := self._flows.get(name)) is not None]
        uses: dict[Key, list[Use]] = {}
        instead: dict[Key, str] = {}
        for want in (*promptuse.wanted(flows, self._site(), self._language), *promptuse.house()):
            key = promptuse.found_as(want.prompt, self._language, there)
            if key is None:
                key = promptuse.places(want.prompt, self._language)[0]
                if isinstance(want.prompt, Recorded) and not want.prompt.language:
                    key = Key(key.name)
                if want.instead:
                    instead.setdefault(key, want.instead)
            if want.use not in uses.setdefault(key, []):
                uses[key].append(want.use)
        return uses, instead

    def _versions_of_all(self, there: Iterable[Key]) -> dict[Key, list[Version]]:
        keys = {*there, *files.kept_keys(self._kept)}
        found = {}
        for key in keys:
            try:
                found[key] = files.versions(self._kept, key)
            except Refused:  # a folder that is none of ours
                continue
        return {key: versions for key, versions in found.items() if versions}

    def _described(
        self,
        key: Key,
        lying: Lying | None,
        versions: list[Version],
        uses: Mapping[Key, list[Use]],
        instead: Mapping[Key, str],
    ) -> Kept:
        told = uses.get(key, [])
        if lying is None:
            return Kept(key=key, versions=len(versions), uses=told, instead=instead.get(key, ""))
        mark = (lying.path, lying.octets, lying.changed)
        measured, summed = self._measured.get(mark), self._sums.get(mark)
        return Kept(
            key=key,
            file=str(lying.path.relative_to(self._folder)),
            octets=lying.octets,
            changed=datetime.fromtimestamp(lying.changed / 1e9, UTC),
            measured=measured if isinstance(measured, Measured) else None,
            fault=measured.why if isinstance(measured, Unusable) else "",
            version=next((one for one in versions if one.sha256 == summed), None),
            versions=len(versions),
            uses=told,
        )

    async def _look_at(self, there: Iterable[Lying]) -> None:
        """Measure what is new since the last look."""
        new = [one for one in there if (one.path, one.octets, one.changed) not in self._measured]
        for at in range(0, len(new), AT_ONCE):
            some = new[at : at + AT_ONCE]
            paths = [one.path for one in some]
            found = await self._worker.run(files.measure, paths, timeout=CONVERT_SECONDS)
            sums = await asyncio.to_thread(lambda: [files.checksum(path) for path in paths])  # noqa: B023  # awaited here
            for one, measured, summed in zip(some, found, sums, strict=True):
                mark = (one.path, one.octets, one.changed)
                self._measured[mark], self._sums[mark] = measured, summed

    # ---- drafts ---------------------------------------------------------------------------------------------------

    def drafts(self) -> list[Draft]:
        """Newest first."""
        return sorted(self._drafts.values(), key=lambda draft: draft.at, reverse=True)

    def draft(self, name: str) -> Draft:
        """Raises NotFound."""
        if (found := self._drafts.get(name)) is None:
            raise NotFound("draft", name[:64])
        return found

    def begin(self, source: Source, by: str, *, name: str = "", text: str = "", language: str = "") -> Draft:
        """A new one, still without sound. Raises NotNow if too many are being made."""
        if len(self._drafts) >= MOST_DRAFTS:
            settled = [draft for draft in self._drafts.values() if draft.state in ("ready", "failed")]
            if not settled:
                raise NotNow(f"{MOST_DRAFTS} sounds are being made already")
            self.drop(min(settled, key=lambda draft: draft.at).id)
        self._drafts_folder.mkdir(parents=True, exist_ok=True)
        own = secrets.token_hex(8)
        draft = Draft(own, source, by, self._clock.utc(), self._drafts_folder / f"{own}.wav", name=name, text=text,
                      language=language)  # fmt: skip
        self._drafts[own] = draft
        return draft

    def drop(self, name: str) -> None:
        """Raises NotFound."""
        draft = self.draft(name)
        del self._drafts[name]
        for path in (draft.path, draft.raw):
            path.unlink(missing_ok=True)

    async def convert(self, draft: Draft) -> Draft:
        """What came in becomes what can be heard. Raises Refused, and the draft is gone, if it is no sound."""
        try:
            await self._make(draft)
        except Refused:
            with contextlib.suppress(NotFound):
                self.drop(draft.id)
            raise
        return draft

    async def speak(self, text: str, language: str, by: str) -> Draft:
        """A text is read aloud. Raises Refused for one that cannot be."""
        if not text.strip() or len(text) > MAX_CHARACTERS:
            raise Refused(
                "the text cannot be read aloud", {"text": f"a text of 1 to {MAX_CHARACTERS} characters is wanted"}
            )
        draft = self.begin("speech", by, text=text, language=language)
        try:
            await self._made(
                draft, self._worker.run(files.spoken, text, language, self._engine, draft.path, timeout=CONVERT_SECONDS)
            )
        except CallcenterdError:
            with contextlib.suppress(NotFound):
                self.drop(draft.id)
            raise
        return draft

    def rings(self, draft: Draft, state: Literal["ringing", "speaking"]) -> None:
        draft.state = state

    def spoken(self, draft: Draft) -> None:
        """The phone has been spoken into: make of it what can be heard."""
        draft.state = "making"
        task = asyncio.create_task(self._of_phone(draft), name=f"prompt draft {draft.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def failed(self, draft: Draft, why: str) -> None:
        draft.state, draft.why = "failed", why

    async def _of_phone(self, draft: Draft) -> None:
        try:
            await self._make(draft)
        except CallcenterdError as fault:
            _log.warning("what was spoken into a phone cannot be used", draft=draft.id, why=str(fault))

    async def _make(self, draft: Draft) -> None:
        called, spoken = draft.name or "the recording", draft.source == "phone"
        job = self._worker.run(files.convert, draft.raw, draft.path, called, False, spoken, timeout=CONVERT_SECONDS)
        await self._made(draft, job)
        draft.raw.unlink(missing_ok=True)

    async def _made(self, draft: Draft, job: Awaitable[Measured | Unusable]) -> None:
        try:
            measured = await job
        except LocalError as fault:
            self.failed(draft, "the sound could not be made")
            raise Refused(f"the sound could not be made: {fault}") from fault
        if isinstance(measured, Unusable):
            self.failed(draft, measured.why)
            raise Refused(measured.why)
        draft.measured, draft.state = measured, "ready"

    # ---- keeping --------------------------------------------------------------------------------------------------

    async def keep(self, name: str, key: Key, by: str) -> Version:
        """A draft becomes the prompt of that name: its next version, in service from now on.

        Raises NotFound, NotNow if it cannot be heard yet, and Refused for a name that is none.
        """
        draft = self.draft(name)
        files.check(key)
        if draft.state != "ready":
            raise NotNow("this sound cannot be heard yet")
        async with self._changing:
            await self._take_up(key)
            ready, is_music = draft.path.with_suffix(".kept.wav"), _is_music(key)
            measured = await self._worker.run(
                files.convert, draft.path, ready, key.name, is_music, timeout=CONVERT_SECONDS
            )
            if isinstance(measured, Unusable):
                raise Refused(measured.why)
            version = await _written(lambda: self._put(key, ready, measured, draft, by))
        with contextlib.suppress(NotFound):
            self.drop(name)
        ready.unlink(missing_ok=True)
        return version

    def _put(self, key: Key, ready: Path, measured: Measured, draft: Draft, by: str) -> Version:
        at = self._clock.utc()
        version = files.keep(self._kept, key, ready, measured, source=draft.source, by=by, at=at, text=draft.text)
        _, path = files.version_file(self._kept, key, version.number)
        files.serve(self._folder, key, path)
        return version

    async def bring_back(self, key: Key, number: int) -> Version:
        """An older version is in service again. Raises NotFound, Refused."""
        files.check(key)
        async with self._changing:
            await self._take_up(key)
            version, path = await asyncio.to_thread(files.version_file, self._kept, key, number)
            await _written(lambda: files.serve(self._folder, key, path))
        return version

    async def remove(self, key: Key) -> None:
        """Out of service; its versions stay. Raises NotFound, InUse."""
        async with self._changing:
            await self._free(key)
            await self._take_up(key)
            await _written(lambda: files.remove(self._folder, key))

    async def rename(self, key: Key, name: str) -> Key:
        """Raises NotFound, InUse, Refused for a name that is none or is taken."""
        new = Key(name, key.language)
        files.check(new)
        async with self._changing:
            await self._free(key)
            await _written(lambda: files.rename(self._folder, self._kept, key, new))
        return new

    async def _free(self, key: Key) -> None:
        """Raises NotFound if it is not in service, InUse if somebody plays it."""
        found, _ = await self.one(key)
        if not found.file:
            raise NotFound("prompt", key.name)
        if found.in_use:
            raise InUse(key, found.in_use)

    async def _take_up(self, key: Key) -> None:
        """What was put there by hand is a version too, before another one takes its place."""
        path = await asyncio.to_thread(files.in_service, self._folder, key)
        if path is None:
            return
        known = {one.sha256 for one in await asyncio.to_thread(files.versions, self._kept, key)}
        if await asyncio.to_thread(files.checksum, path) in known:
            return
        (measured,) = await self._worker.run(files.measure, [path], timeout=CONVERT_SECONDS)
        told = measured if isinstance(measured, Measured) else Measured(0, -100, -100, -70)
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        await _written(lambda: files.keep(self._kept, key, path, told, source="file", by="", at=at))


def _is_music(key: Key) -> bool:
    return key.name == files.MUSIC or key.name.startswith(f"{files.MUSIC}/")


def played(key: Key) -> Recorded | Music:
    """As a caller hears it."""
    if not _is_music(key) or key.language:
        return Recorded(key.name, key.language)
    return Music(key.name.removeprefix(files.MUSIC).removeprefix("/"))


async def _written(work: Callable[[], T]) -> T:
    """Raises Refused if the disk does not take it; then nothing has changed."""
    try:
        return await asyncio.to_thread(work)
    except OSError as fault:
        _log.error("prompt cannot be written", why=str(fault))
        raise Refused(f"the prompt cannot be written: {fault.strerror or fault}") from fault
