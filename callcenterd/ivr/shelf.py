"""The flows in service. Files are read in the worker: YAML of some size would hold up the calls.

A file with a fault is refused with file, line and reason, and its old version stays in service.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from callcenterd import yamltext
from callcenterd.errors import Fault, FaultyFile
from callcenterd.ivr import check
from callcenterd.ivr.flow import Flow
from callcenterd.model.ids import FlowName
from callcenterd.model.prompts import Prompt
from callcenterd.worker.pool import JobFailed, Worker

_log = structlog.get_logger(__name__)

ENDINGS = (".yaml", ".yml")
MAX_FILES = 1000


@dataclass(frozen=True, slots=True)
class Reading:
    """A folder, read: the flows without a fault in the order of their files, and every fault of the others.

    refused: the files with faults. whole: False if the folder itself could not be read.
    """

    flows: tuple[Flow, ...]
    faults: tuple[Fault, ...]
    refused: frozenset[str] = frozenset()
    whole: bool = True


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
        self._turn = asyncio.Lock()

    async def load(self) -> Loaded:
        """Read the folder anew and put what is without fault into service, all at once. Never raises a fault."""
        async with self._turn:
            try:
                reading = await self._worker.run(read_folder, self._folder)
            except JobFailed as fault:
                reading = Reading((), (Fault(str(self._folder), 1, f"cannot be read: {fault.why}"),), whole=False)
            self._flows = self._kept(reading) | {flow.name: flow for flow in reading.flows}
            self._faults = reading.faults
        for wrong in reading.faults:
            _log.error("flow refused", file=wrong.file, line=wrong.line, reason=wrong.reason)
        return Loaded(self.names(), self._faults)

    def get(self, name: FlowName) -> Flow | None:
        return self._flows.get(name)

    def names(self) -> tuple[FlowName, ...]:
        return tuple(sorted(self._flows))

    def faults(self) -> tuple[Fault, ...]:
        """Of the last loading."""
        return self._faults

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
        why = f"the folder of the flows cannot be read: {fault.strerror or fault}"
        return Reading((), (Fault(str(folder), 1, why),), whole=False)
    flows: dict[FlowName, Flow] = {}
    faults: list[Fault] = []
    refused: set[str] = set()
    for path in paths[:MAX_FILES]:
        try:
            flow = check.parse(document := yamltext.load(path))
            if (other := flows.get(flow.name)) is not None:
                reason = f"flow {flow.name} is in {Path(other.file).name} already; give it another name"
                raise FaultyFile([document.fault(("flow",), reason)])
            flows[flow.name] = flow
        except FaultyFile as fault:
            faults += fault.faults
            refused.add(str(path))
    if len(paths) > MAX_FILES:
        faults.append(Fault(str(folder), 1, f"more than {MAX_FILES} flows; the rest is not read"))
    return Reading(tuple(flows.values()), tuple(faults), frozenset(refused))


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.suffix in ENDINGS and not path.name.startswith("."):
            yield path
