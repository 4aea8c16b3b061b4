"""Files attached to records (CRM-04): what may be kept, what it is called, and what becomes of files nobody refers to.

Any file may be attached: none of them is ever opened, unpacked or run here. What it is, its own octets say (`filetype`,
see docs/decisions); what it is called, who brings it; neither is believed where a browser would act on it.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import signal
import unicodedata
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Literal

import filetype
import structlog

from callcenterd.clock import Clock
from callcenterd.config import Attachments as Rules
from callcenterd.crm import clamd
from callcenterd.errors import CallcenterdError, LocalError, Refused
from callcenterd.model.attachments import Attachment, NewAttachment, RecordKind
from callcenterd.store.blobs import Blobs, Incoming
from callcenterd.store.database import Store

_log = structlog.get_logger(__name__)

Why = Literal["too_large", "empty", "infected", "unchecked"]
FIRST = 120.0
EVERY = 24 * 3600.0
"""Seconds: from the start to the first sweep, and between two."""
KEPT = timedelta(days=1)
"""What no record refers to stays for so long: somebody may be about to."""
MOST_NAME = 200
AT_ONCE = 8
"""Files that are received at the same time; the next ones wait."""
_DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in "0123456789¹²³")}
_NOT_IN_NAMES = frozenset('<>:"|?*')
_BINARY = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")


class FileRefused(Refused):
    """why: what a page says of it."""

    def __init__(self, why: Why, message: str) -> None:
        super().__init__(message, {"file": message})
        self.why = why


class CannotKeep(LocalError):
    """The disk did not take it."""


class Attachments:
    """Every way to a file of a record. Who may see the record, may see its files: asked before anything here."""

    def __init__(self, store: Store, clock: Clock, folder: Path, rules: Rules) -> None:
        self._store = store
        self._clock = clock
        self._blobs = Blobs(folder)
        self._rules = rules
        self._settling = asyncio.Lock()  # nothing is swept between a file's coming and its row's
        self._receiving = asyncio.Semaphore(AT_ONCE)
        self._sweeping: asyncio.Task[None] | None = None

    @property
    def most_octets(self) -> int:
        """Of one file."""
        return self._rules.most_mb * 1024 * 1024

    async def add(self, kind: RecordKind, record: str, name: str, pieces: AsyncIterator[bytes], by: str) -> Attachment:
        """Keep what comes in. Raises FileRefused, NotNow, CannotKeep and what `pieces` raises; then nothing is kept."""
        async with self._receiving:
            with _disk():
                incoming = await asyncio.to_thread(self._blobs.begin)
            try:
                await self._receive(incoming, pieces)
                await self._ask_for_viruses(incoming.path)
                kept = await self._settle(incoming, kind, record, name, by)
            finally:
                await asyncio.to_thread(incoming.drop)
        details = {"attachment": kept.id, "octets": kept.octets, "type": kept.type, "sha256": kept.sha256}
        await self._store.audit.append(kept.at, by, "attachment.added", f"{kind}/{record}", details)
        return kept

    async def put(self, kind: RecordKind, record: str, name: str, octets: bytes, by: str) -> Attachment:
        """The same of what was made here."""

        async def whole() -> AsyncIterator[bytes]:
            yield octets

        return await self.add(kind, record, name, whole(), by)

    async def of(self, kind: RecordKind, record: str) -> list[Attachment]:
        """The newest first, at most 500."""
        return await self._store.attachments.of(kind, record)

    async def get(self, attachment: int) -> Attachment:
        """Raises NotFound."""
        return await self._store.attachments.get(attachment)

    def path(self, attachment: Attachment) -> Path:
        """Where its octets are."""
        return self._blobs.path(attachment.sha256)

    async def remove(self, attachment: int, by: str) -> None:
        """It hangs on nothing any more; its octets go with a later sweep if no other file has them. Raises NotFound."""
        gone = await self._store.attachments.remove(attachment)
        details = {"attachment": gone.id, "octets": gone.octets, "sha256": gone.sha256}
        target = f"{gone.kind}/{gone.record}"
        await self._store.audit.append(self._clock.utc(), by, "attachment.removed", target, details)

    # ---- receiving --------------------------------------------------------------------------------------

    async def _receive(self, incoming: Incoming, pieces: AsyncIterator[bytes]) -> None:
        async for piece in pieces:
            if incoming.octets + len(piece) > self.most_octets:
                raise FileRefused("too_large", f"a file has at most {self._rules.most_mb} MiB")
            with _disk():
                await asyncio.to_thread(incoming.write, piece)
        if not incoming.octets:
            raise FileRefused("empty", "there is nothing in this file")
        with _disk():
            await asyncio.to_thread(incoming.finish)

    async def _ask_for_viruses(self, path: Path) -> None:
        """By the office's command and by its clamd, if there are any. Without an answer nothing is let in."""
        try:
            if self._rules.scan_command:
                _heed(await _run([*self._rules.scan_command, str(path)], self._rules.scan_seconds))
            if self._rules.clamd is not None:
                clean = await clamd.is_clean(self._rules.clamd, path, self._rules.scan_seconds)
                _heed(0 if clean else 1)
        except TimeoutError:
            _log.error("the virus check did not end in time", seconds=self._rules.scan_seconds)
            raise _unchecked() from None
        except (OSError, clamd.NoVerdict) as fault:
            _log.error("the virus check does not answer", why=str(fault))
            raise _unchecked() from None

    async def _settle(self, incoming: Incoming, kind: RecordKind, record: str, name: str, by: str) -> Attachment:
        new = NewAttachment(
            kind=kind,
            record=record,
            name=cleaned(name),
            octets=incoming.octets,
            type=kind_of(incoming.head),
            sha256=incoming.sha256,
        )
        async with self._settling:
            with _disk():
                await asyncio.to_thread(self._blobs.keep, incoming)
            return await self._store.attachments.add(new, by, self._clock.utc())

    # ---- sweeping ---------------------------------------------------------------------------------------

    def start(self) -> None:
        """Raises CannotKeep."""
        with _disk():
            self._blobs.make()
        self._sweeping = asyncio.create_task(self._run(), name="attachments sweep")

    async def stop(self) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)

    async def _run(self) -> None:
        await asyncio.sleep(FIRST)
        while True:
            try:
                await self.sweep()
            except (CallcenterdError, OSError) as fault:
                _log.error("files of no record cannot be removed", why=str(fault))
            await asyncio.sleep(EVERY)

    async def sweep(self) -> int:
        """Octets that no record refers to and that are older than a day go. Answers how many files that were."""
        before = (self._clock.utc() - KEPT).timestamp()
        removed = await asyncio.to_thread(self._blobs.drop_unfinished, before)
        old = self._blobs.old(before)
        while (hashes := await asyncio.to_thread(next, old, None)) is not None:
            async with self._settling:
                wanted = await self._store.attachments.referenced(hashes)
                for sha256 in set(hashes) - wanted:
                    removed += await asyncio.to_thread(self._blobs.remove, sha256, before)
        if removed:
            _log.info("files of no record are removed", files=removed)
        return removed


@contextlib.contextmanager
def _disk() -> Iterator[None]:
    """What the disk does not do, as an error of ours."""
    try:
        yield
    except OSError as fault:
        raise CannotKeep(f"a file cannot be kept: {fault.strerror}") from fault


def _heed(status: int) -> None:
    """Of a virus check: 0 lets the file in, 1 keeps it out, all else is no answer."""
    if status == 1:
        _log.warning("the virus check keeps a file out")
        raise FileRefused("infected", "the virus check keeps this file out")
    if status != 0:
        _log.error("the virus check failed", status=status)
        raise _unchecked()


def _unchecked() -> FileRefused:
    return FileRefused("unchecked", "the virus check does not answer, so nothing is let in")


async def _run(command: Sequence[str], seconds: float) -> int:
    """The command's exit code. It gets no secrets of ours, and ends with all it started when its time is over.

    Raises TimeoutError and OSError.
    """
    ours = {name: value for name in ("PATH", "LANG", "HOME", "TZ") if (value := os.environ.get(name))}
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *command, stdin=quiet, stdout=quiet, stderr=quiet, env=ours, start_new_session=True
    )
    try:
        async with asyncio.timeout(seconds):
            return await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def cleaned(name: str) -> str:
    """A name that can be shown, and saved under on any machine: the last part of a path, nothing unseen in it.

    Also nothing that turns the direction of reading ("gpj.exe" shown as "exe.jpg"), and no device of Windows.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(sign for sign in last if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    shown = "".join("_" if sign in _NOT_IN_NAMES else sign for sign in shown).strip(" .")
    if len(shown) > MOST_NAME:
        stem, dot, ending = shown.rpartition(".")
        keeps = bool(dot) and 0 < len(ending) <= 20
        shown = f"{stem[: MOST_NAME - 1 - len(ending)]}.{ending}" if keeps else shown[:MOST_NAME].strip(" .")
    if shown.partition(".")[0].strip().lower() in _DEVICES:
        shown = f"_{shown}"
    return shown or "file"


def kind_of(head: bytes) -> str:
    """What a file is by its first 8 KiB: a media type; text/plain for any text (HTML and SVG are text here)."""
    known: str | None = filetype.guess_mime(head)
    if known is not None:
        return known
    if not head or _BINARY.intersection(head):
        return "application/octet-stream"
    for encoding in ("utf-8", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            # Not final: the last character may be cut.
            codecs.getincrementaldecoder(encoding)().decode(head)
            return "text/plain"
    return "application/octet-stream"
