"""The flows in service. Files are read in the worker: YAML of some size would hold up the calls.

A file with a fault is refused with file, line and reason, and its old version stays in service.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from callcenterd import yamltext
from callcenterd.errors import Fault, FaultyFile
from callcenterd.ivr import check
from callcenterd.ivr.flow import Flow
from callcenterd.model.ids import FlowName
from callcenterd.model.prompts import Prompt
from callcenterd.said import Said
from callcenterd.worker.pool import JobFailed, Worker

_log = structlog.get_logger(__name__)

ENDINGS = (".yaml", ".yml")
TESTS = ".test"
"""main.test.yaml is no flow but tests of one (`flowtests`)."""
MAX_FILES = 1000


@dataclass(frozen=True, slots=True)
class FlowFile:
    """A file of the folder as it was read. flow: the name that it gives its flow, or its own where it gives none.

    text: without byte order mark; "" where it is no text. checksum: SHA-256 of its octets. part: as much of the flow
    as can be read; None where nothing can.
    """

    path: str
    flow: FlowName
    text: str
    checksum: str
    part: Flow | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A folder, read: the flows without a fault in the order of their files, and every fault of the others.

    refused: the files with faults. whole: False if the folder itself could not be read. files: all of them.
    """

    flows: tuple[Flow, ...]
    faults: tuple[Fault, ...]
    refused: frozenset[str] = frozenset()
    whole: bool = True
    files: tuple[FlowFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """What `load` came to: names in service now, and what was refused."""

    flows: tuple[FlowName, ...]
    faults: tuple[Fault, ...]


class Flows:
    """The shelf: `get` is asked for every call and waits for nothing."""

    def __init__(self, folder: Path, worker: Worker) -> None:
        self._folder = folder
        self._worker = worker
        self._flows: dict[FlowName, Flow] = {}
        self._faults: tuple[Fault, ...] = ()
        self._files: Mapping[FlowName, FlowFile] = {}
        self._refused: frozenset[str] = frozenset()
        self._turn = asyncio.Lock()

    async def load(self) -> Loaded:
        """Read the folder anew and put what is without fault into service, all at once. Never raises a fault."""
        async with self._turn:
            try:
                reading = await self._worker.run(read_folder, self._folder)
            except JobFailed as fault:
                reading = Reading((), (Fault(str(self._folder), 1, Said("unreadable", why=fault.why)),), whole=False)
            self._flows = self._kept(reading) | {flow.name: flow for flow in reading.flows}
            self._faults = reading.faults
            if reading.whole:
                self._files, self._refused = _by_flow(reading), reading.refused
        for wrong in reading.faults:
            _log.error("flow refused", file=wrong.file, line=wrong.line, column=wrong.column, reason=str(wrong.reason))
        return Loaded(self.names(), self._faults)

    def get(self, name: FlowName) -> Flow | None:
        return self._flows.get(name)

    def all(self) -> Mapping[FlowName, Flow]:
        """Those in service now; what is loaded later does not change it."""
        return self._flows

    def names(self) -> tuple[FlowName, ...]:
        return tuple(sorted(self._flows))

    def faults(self) -> tuple[Fault, ...]:
        """Of the last loading."""
        return self._faults

    def file(self, name: FlowName) -> FlowFile | None:
        """Where a flow stands, and what it said at the last loading; also one that was refused."""
        return self._files.get(name)

    def is_refused(self, path: str) -> bool:
        """Had that file a fault at the last loading?"""
        return path in self._refused

    def files(self) -> tuple[FlowFile, ...]:
        return tuple(self._files[name] for name in sorted(self._files))

    def naming(self, thing: str, name: str) -> tuple[FlowName, ...]:
        """The flows in service that name it: a queue, a trunk … (`naming`)."""
        return tuple(sorted(flow.name for flow in self._flows.values() if (thing, name) in flow.names))

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        """Everything that callers of any flow hear alike. language: the office's."""
        return tuple(dict.fromkeys(prompt for flow in self._flows.values() for prompt in flow.prompts(language)))

    def _kept(self, reading: Reading) -> dict[FlowName, Flow]:
        """Flows whose file cannot be used now: they go on. Those whose file is gone are taken out of service."""
        if not reading.whole:
            return self._flows
        return {name: flow for name, flow in self._flows.items() if flow.file in reading.refused}


def read_folder(folder: Path) -> Reading:
    """Read every *.yaml of a folder (not below it). Never raises for what stands in them."""
    try:
        paths = sorted(_files(folder))
    except OSError as fault:
        why = Said("folder", why=fault.strerror or str(fault))
        return Reading((), (Fault(str(folder), 1, why),), whole=False)
    flows: dict[FlowName, Flow] = {}
    faults: list[Fault] = []
    refused: set[str] = set()
    files: list[FlowFile] = []
    for path in paths[:MAX_FILES]:
        text, checksum, named, part = "", "", FlowName(path.stem), None
        try:
            octets = yamltext.octets_of(path)
            checksum = checksum_of(octets)
            text = yamltext.decoded(octets, str(path))
            document = yamltext.parse(text, str(path))
            named = _named(document.data, named)
            looked = check.look(document)
            part = looked.part
            if looked.faults:
                raise FaultyFile(looked.faults)
            if (other := flows.get(part.name)) is not None:
                reason = Said("flow_twice", flow=part.name, file=Path(other.file).name)
                raise FaultyFile([document.fault(("flow",), reason)])
            flows[part.name] = part
        except FaultyFile as fault:
            faults += fault.faults
            refused.add(str(path))
        files.append(FlowFile(str(path), named, text, checksum, part))
    while wrong := check.between(flows):  # a flow that is refused takes those with it that call it
        for name, between in wrong:
            faults.append(between)
            refused.add(between.file)
            flows.pop(name, None)
    if len(paths) > MAX_FILES:
        faults.append(Fault(str(folder), 1, Said("many_flows", most=MAX_FILES)))
    return Reading(tuple(flows.values()), tuple(faults), frozenset(refused), files=tuple(files))


def checksum_of(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def _named(data: object, otherwise: FlowName) -> FlowName:
    named = data.get("flow") if isinstance(data, dict) else None
    return FlowName(named) if isinstance(named, str) else otherwise


def _by_flow(reading: Reading) -> dict[FlowName, FlowFile]:
    """Of two files for one flow, the one without a fault; else the first."""
    found: dict[FlowName, FlowFile] = {}
    for file in reading.files:
        if file.flow not in found or (found[file.flow].path in reading.refused and file.path not in reading.refused):
            found[file.flow] = file
    return found


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.suffix in ENDINGS and not path.name.startswith(".") and not path.stem.endswith(TESTS):
            yield path
