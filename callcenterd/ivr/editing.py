"""The desk where flows are edited: drafts, publishing, and every version that was in service.

A flow's file is the truth: what is published is written into it (`put`), what was changed in it by hand is taken up
as a version when it is loaded, and nothing is written over a file that is another one than its editor began from.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import secrets
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import structlog

from callcenterd import yamltext
from callcenterd.clock import Clock
from callcenterd.errors import CallcenterdError, Fault, FaultyFile, NotFound, NotNow, Refused
from callcenterd.ivr import check, examples, graph
from callcenterd.ivr.examples import Example
from callcenterd.ivr.flow import NAME, Flow
from callcenterd.ivr.graph import Graph, Office
from callcenterd.ivr.shelf import Flows, checksum_of
from callcenterd.ivr.splice import CannotSplice
from callcenterd.model.flows import FlowDraft, FlowVersion, How
from callcenterd.model.ids import FlowName
from callcenterd.said import Said
from callcenterd.store.database import Store
from callcenterd.worker.pool import Worker

_log = structlog.get_logger(__name__)

T = TypeVar("T")


class ChangedMeanwhile(NotNow):
    """The file is another one now than the one that was edited. text, checksum: of the file as it is; "" if gone."""

    def __init__(self, text: str, checksum: str) -> None:
        super().__init__("the flow's file was changed meanwhile")
        self.text = text
        self.checksum = checksum


# ---- in the worker ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wrong:
    """A fault of what was asked, as the answer of a job: the worker's own faults are no one's who asked."""

    fault: FaultyFile | CannotSplice | ChangedMeanwhile | Refused

    def __reduce__(self) -> tuple[Any, ...]:
        match self.fault:
            case FaultyFile(faults=faults):
                return _wrong, ("faulty", (faults,))
            case ChangedMeanwhile(text=text, checksum=checksum):
                return _wrong, ("changed", (text, checksum))
            case CannotSplice():
                return _wrong, ("splice", (str(self.fault),))
            case _:
                return _wrong, ("refused", (str(self.fault), self.fault.fields))


def _wrong(kind: str, arguments: tuple[Any, ...]) -> Wrong:
    kinds = {"faulty": FaultyFile, "changed": ChangedMeanwhile, "splice": CannotSplice, "refused": Refused}
    return Wrong(kinds[kind](*arguments))


def attempt(job: Callable[..., T], *arguments: Any) -> T | Wrong:
    """For the worker: what is wrong with the asker's text is an answer."""
    try:
        return job(*arguments)
    except (FaultyFile, CannotSplice, ChangedMeanwhile, Refused) as fault:
        return Wrong(fault)


def read(path: Path) -> tuple[str, str]:
    """A file's text without byte order mark, and its checksum; ("", "") if there is none. Raises FaultyFile."""
    if not path.exists():
        return "", ""
    octets = yamltext.octets_of(path)
    return yamltext.decoded(octets, str(path)), checksum_of(octets)


def put(path: Path, text: str, base: str) -> str:
    """Write a flow's file, whole or not at all, if it is still the one with checksum `base`. Answers its checksum now.

    A byte order mark and the file's mode stay. Raises ChangedMeanwhile; FaultyFile if it cannot be written.
    """
    target = path.resolve()  # a link stays one
    there = yamltext.octets_of(target) if target.exists() else None
    checksum = checksum_of(there) if there is not None else ""
    if checksum != base:
        raise ChangedMeanwhile(yamltext.decoded(there, str(path)) if there is not None else "", checksum)
    mark = b"\xef\xbb\xbf" if there is not None and there.startswith(b"\xef\xbb\xbf") else b""
    octets = mark + text.encode("utf-8")
    new = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with new.open("wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        if there is not None:
            new.chmod(stat.S_IMODE(target.stat().st_mode))
        new.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as fault:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise FaultyFile([Fault(str(path), 1, Said("unwritable", why=fault.strerror or str(fault)))]) from None
    return checksum_of(octets)


# ---- the desk -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A flow's file as it is, and the draft of it. checksum: "" if there is no file yet."""

    file: str
    checksum: str
    graph: Graph
    draft: FlowDraft | None


class FlowDesk:
    """One for the server. reload: reads the folder again and puts what it finds into service. office: what flows may
    name, as it is now."""

    def __init__(  # what it stands between
        self,
        folder: Path,
        flows: Flows,
        store: Store,
        worker: Worker,
        clock: Clock,
        reload: Callable[[], Awaitable[object]],
        office: Callable[[], Office] = Office,
    ) -> None:
        self._folder = folder
        self._flows = flows
        self._store = store
        self._worker = worker
        self._clock = clock
        self._reload = reload
        self._office = office
        self._turn = asyncio.Lock()

    # ---- looking --------------------------------------------------------------------------------------------------

    def path(self, name: FlowName) -> Path:
        """Raises Refused for what cannot be a flow's name."""
        known = self._flows.file(name)
        if known is not None:
            return Path(known.path)
        if not NAME.fullmatch(name):
            raise Refused("a name of letters, digits, _ and - is wanted", {"flow": "letters, digits, _ and -"})
        return self._folder / f"{name}.yaml"

    async def open(self, name: FlowName) -> Opened:
        """The file as it is on the disk now. Raises NotFound if there is neither a file nor a draft; FaultyFile."""
        path = self.path(name)
        text, checksum = await self._job(read, path)
        draft = await self._store.flows.draft(name)
        if not checksum and draft is None:
            raise NotFound("flow", name)
        return Opened(file=path.name, checksum=checksum, graph=await self.look(text, path.name), draft=draft)

    async def look(self, text: str, file: str = "flow") -> Graph:
        return self._beside(await self._job(graph.look, text, file, self._office()))

    async def changed(self, text: str, wanted: dict[str, Any], renamed: dict[str, str]) -> Graph:
        """Raises CannotSplice, FaultyFile."""
        changed = await self._job(graph.changed, text, wanted, renamed, "flow", self._office())
        return self._beside(changed)

    def _beside(self, seen: Graph) -> Graph:
        """With what is wrong between it and the other flows in service, if nothing is wrong with itself."""
        if seen.part is None or any(not fault.warning for fault in seen.faults):
            return seen
        flows = {**self._flows.all(), seen.part.name: seen.part}
        names = seen.part.nodes.keys()
        faults = tuple(graph.shown(fault, names) for fault in check.calls_of(seen.part, flows))
        return dataclasses.replace(seen, faults=(*faults, *seen.faults))

    async def difference(self, before: str, after: str) -> graph.Difference:
        return await self._job(graph.difference, before, after)

    async def read(self, text: str) -> Flow:
        """To be walked without being in service: a queue that it names may come later. Raises FaultyFile."""
        return await self._job(graph.read, text)

    async def walk(self, text: str, keys: str, asked: dict[str, Any]) -> list[str]:
        """Raises FaultyFile, Refused."""
        return await self._job(graph.walk, text, keys, {**asked, "flows": dict(self._flows.all())})

    # ---- changing -------------------------------------------------------------------------------------------------

    async def publish(  # who, what, why
        self,
        name: FlowName,
        text: str,
        *,
        base: str,
        by: str,
        note: str,
        how: How = "published",
        of: int | None = None,
        named: bool = True,
    ) -> FlowVersion:
        """Write a flow's file and put it into service, if it has no fault and its file is still the one of `base`.

        named: what it names must be there, too. Raises FaultyFile, ChangedMeanwhile, Refused.
        """
        path = self.path(name)
        seen = await self.look(text, path.name) if named else await self._job(graph.look, text, path.name)
        if grave := [fault for fault in seen.faults if not fault.warning]:
            raise FaultyFile([Fault(path.name, fault.line, fault.reason, fault.column) for fault in grave])
        if seen.name != name:
            raise Refused("the text is of another flow", {"text": f"flow: {name} is wanted, not {seen.name[:64]}"})
        async with self._turn:
            checksum = await self._job(put, path, seen.text, base)
            version = await self._store.flows.append(
                name, seen.text, checksum, at=self._clock.utc(), by=by, how=how, note=note, of=of
            )
            await self._store.flows.drop_draft(name, text)
        await self._reload()
        return version

    async def examples(self) -> tuple[Example, ...]:
        """Ready flows, by name."""
        return await self._job(examples.read_all, self._folder)

    async def copy(self, example: str, name: FlowName, *, title: str, by: str) -> FlowVersion:
        """A new flow that begins as an example, and its tests beside it. Hosts, secrets and queues that it names may
        come later: the editor tells those that are not there. Raises NotFound for the example, Refused for a name that
        cannot be or is taken, and as `publish`."""
        if all(one.name != example for one in await self.examples()):
            raise NotFound("example", example)
        path = self.path(name)
        taken = self._flows.file(name) is not None or await self._store.flows.draft(name) is not None
        if taken or examples.tests_of(path).exists():
            raise Refused("there is a flow of that name", {"name": "there is a flow, a draft or a test of that name"})
        text = await self._job(examples.under_another_name, self._folder, example, name, title)
        tests = await self._job(examples.tests_text, self._folder, example)
        version = await self.publish(name, text, base="", by=by, note=f"{examples.FOLDER}/{example}", named=False)
        if tests:
            await self._job(put, examples.tests_of(path), tests, "")
        return version

    async def roll_back(self, name: FlowName, number: int, *, base: str, by: str, note: str) -> FlowVersion:
        """Publish an old version again. Raises NotFound, and as `publish`."""
        old = await self._store.flows.version(name, number)
        return await self.publish(name, old.text, base=base, by=by, note=note, how="rolled_back", of=number)

    async def take_up(self) -> None:
        """After a loading: what came into service by hand becomes a version too. What fails is logged only."""
        async with self._turn:
            try:
                newest = await self._store.flows.newest()
                for file in self._flows.files():
                    flow = self._flows.get(file.flow)
                    if flow is None or flow.file != file.path or self._flows.is_refused(file.path):
                        continue
                    known = newest.get(file.flow)
                    if known is None or known.checksum != file.checksum:
                        await self._store.flows.append(
                            file.flow,
                            file.text,
                            file.checksum,
                            at=self._clock.utc(),
                            by="",
                            how="by_hand",
                            note="",
                        )
            except CallcenterdError as fault:
                _log.error("versions of flows cannot be kept", why=str(fault))

    async def _job(self, job: Callable[..., T], *arguments: Any) -> T:
        answered: T | Wrong = await self._worker.run(attempt, job, *arguments)
        if isinstance(answered, Wrong):
            raise answered.fault
        return answered
