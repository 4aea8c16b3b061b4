"""A flow's text as the editor sees it: its data, nodes with their exits, and every fault with its place.

All of this reads YAML and runs in the worker: module-level functions that take and give plain data.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from callcenterd import yamltext
from callcenterd.errors import Fault, FaultyFile
from callcenterd.ivr import check, flow, simulate, splice
from callcenterd.ivr import given as given_file
from callcenterd.ivr.flow import Flow
from callcenterd.ivr.naming import Known
from callcenterd.ivr.node import HoursNow, Node, NodeName, kinds
from callcenterd.ivr.splice import Part
from callcenterd.model.ids import FlowName
from callcenterd.yamltext import Document

CONTEXT_LINES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultShown:
    """line and column count from 1. node: the node that it stands in, if in one; path: where in it, as the keys are
    named: ["keys", "1"]. warning: the flow can be published all the same.
    """

    line: int
    column: int
    node: str | None
    path: tuple[str, ...]
    warning: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitShown:
    """path: where in the node it is named: ("keys", "1"). to: a node, which need not be there."""

    path: tuple[str, ...]
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeShown:
    """kind: None if it cannot be told. ends: may the flow end here, None: it cannot be read. line: of its name."""

    name: str
    kind: str | None
    line: int
    column: int
    exits: tuple[ExitShown, ...]
    ends: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """data: what the text says, None if it is no YAML. nodes: in the order of the text. part: as much of the flow as
    can be read, None if it is no YAML; it is whole if no fault is of the text itself.
    """

    text: str
    data: dict[str, Any] | None
    nodes: tuple[NodeShown, ...]
    faults: tuple[FaultShown, ...]
    part: Flow | None = None

    @property
    def name(self) -> str:
        named = self.data.get("flow") if self.data is not None else None
        return named if isinstance(named, str) else ""


@dataclass(frozen=True, slots=True)
class Office:
    """What a text is held against. known: names that there are; prompts: the folder of recordings, None: not looked at;
    language: the office's."""

    known: Known = Known()  # noqa: RUF009  # frozen
    prompts: Path | None = None
    language: str = "zh-CN"


def look(text: str, file: str = "flow", office: Office | None = None) -> Graph:
    """Everything of a text; whatever stands in it, this answers."""
    office = office or Office()
    try:
        document = yamltext.parse(text, file)
    except FaultyFile as fault:
        return Graph(text=text, data=None, nodes=(), faults=tuple(shown(each, ()) for each in fault.faults))
    text = text.removeprefix("\ufeff")
    top = splice.outline(text)
    looked = check.look(document)
    faults = [*looked.faults, *check.unknown_names(looked.part, office.known)]
    faults += check.switched_off(looked.part, office.known)
    if office.prompts is not None:
        faults += check.missing_prompts(looked.part, office.prompts, office.language)
    data = document.data if isinstance(document.data, dict) else None
    there = data.get("nodes") if data is not None else None
    names = tuple(map(str, there)) if isinstance(there, dict) else ()
    return Graph(
        text=text,
        data=data,
        nodes=_nodes(document, text, top),
        faults=tuple(shown(fault, names) for fault in sorted(faults)),
        part=looked.part,
    )


def changed(
    text: str, wanted: Mapping[str, Any], renamed: Mapping[str, str], file: str = "flow", office: Office | None = None
) -> Graph:
    """The text changed so that it says `wanted`, comments kept. Raises splice.CannotSplice, FaultyFile."""
    return look(splice.spliced(text.removeprefix("\ufeff"), wanted, renamed), file, office)


def _nodes(document: Document, text: str, top: Part | None) -> tuple[NodeShown, ...]:
    if not isinstance(document.data, dict) or not isinstance(document.data.get("nodes"), dict):
        return ()
    found, _ = flow.draft(document)
    known = kinds()
    shown = []
    for name, data in document.data["nodes"].items():
        entry = splice.find(top, ("nodes", name))
        assert entry is not None  # it has just been read there
        named = [key for key in data if key in known] if isinstance(data, dict) else []
        node = found.nodes.get(NodeName(name))
        exits: Mapping[tuple[str | int, ...], NodeName] = {}
        if node is not None:
            exits = node.ways()
        elif named:
            exits = _exits_of_broken(known[named[0]], data)
        shown.append(
            NodeShown(
                name=name,
                kind=named[0] if len(named) == 1 else None,
                line=document.line(("nodes", name)),
                column=splice.column(text, entry.key_start),
                exits=tuple(ExitShown(path=tuple(map(str, path)), to=to) for path, to in exits.items()),
                ends=node.may_end() if node is not None else None,
            )
        )
    return tuple(shown)


def _exits_of_broken(kind: type[Node], data: Mapping[str, Any]) -> dict[tuple[str | int, ...], NodeName]:
    """A node with a fault keeps its lines on the canvas, as far as they can be read."""
    found: dict[tuple[str | int, ...], NodeName] = {}
    for path in exit_paths(kind):
        *to, last = path
        value: Any = data
        for step in to:
            value = value.get(step) if isinstance(value, Mapping) else None
        if isinstance(value, Mapping):
            names = {last: value.get(last)} if last != ANY else value
            for key, name in names.items():
                if isinstance(name, str):
                    found[(*to, str(key))] = NodeName(name)
    return found


def shown(fault: Fault, nodes: Collection[str]) -> FaultShown:
    """nodes: the names of those that there are."""
    top, *rest = fault.path or ("",)
    node = str(rest[0]) if top == "nodes" and rest and str(rest[0]) in nodes else None
    return FaultShown(
        line=fault.line,
        column=max(fault.column, 1),
        node=node,
        path=tuple(map(str, rest[1:])) if node is not None else (),
        warning=fault.warning,
        reason=fault.reason,
    )


# ---- kinds, for the forms -----------------------------------------------------------------------------------------

ANY = "*"
"""In a path of exits: every key that there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindShown:
    """help: what it is for, by language. told: of its arguments. fields: JSON Schema of its model.

    exits: where in a node of this kind others are named: ["next"], ["keys", "*"], ["on_timeout", "next"].
    """

    kind: str
    help: Mapping[str, str]
    told: str
    fields: Mapping[str, Any]
    exits: tuple[tuple[str, ...], ...]


def shown_kinds() -> list[KindShown]:
    return [
        KindShown(
            kind=name,
            help=kind.help,
            told=(kind.__doc__ or "").strip(),
            fields=kind.model_json_schema(),
            exits=tuple(exit_paths(kind)),
        )
        for name, kind in kinds().items()
    ]


def exit_paths(model: type[BaseModel]) -> list[tuple[str, ...]]:
    """Where in a model the names of nodes stand, by its types."""
    return [
        (info.alias or name, *path) for name, info in model.model_fields.items() for path in _paths_in(info.annotation)
    ]


def _paths_in(annotation: Any) -> list[tuple[str, ...]]:
    if annotation is NodeName:
        return [()]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return exit_paths(annotation)
    inner = get_args(annotation)
    if getattr(annotation, "__origin__", None) is dict and len(inner) == 2:  # key and value
        return [(ANY, *path) for path in _paths_in(inner[1])]
    if getattr(annotation, "__origin__", None) is tuple and inner[1:] == (...,):
        return [(ANY, *path) for path in _paths_in(inner[0])]
    return [path for part in inner for path in _paths_in(part)]


# ---- two texts ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """unified: as `diff -u` writes it, without file names; "" if nothing differs. The lists are names of nodes.

    head: keys beside the nodes that differ. readable: False if one of the texts is no YAML; then the lists are empty.
    """

    unified: str
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    readable: bool = True


def difference(before: str, after: str) -> Difference:
    some = difflib.unified_diff(before.splitlines(), after.splitlines(), n=CONTEXT_LINES, lineterm="")
    unified = "\n".join(list(some)[2:])
    try:
        old, new = (yamltext.parse(text, "flow").data or {} for text in (before, after))
    except FaultyFile:
        return Difference(unified=unified, readable=False)
    if not isinstance(old, dict) or not isinstance(new, dict):
        return Difference(unified=unified, readable=False)
    was, now = _named_nodes(old), _named_nodes(new)
    missing = object()
    heads = (old.keys() | new.keys()) - {"nodes"}
    return Difference(
        unified=unified,
        added=tuple(name for name in now if name not in was),
        changed=tuple(name for name in now if name in was and not splice.same(was[name], now[name])),
        removed=tuple(name for name in was if name not in now),
        head=tuple(sorted(key for key in heads if not splice.same(old.get(key, missing), new.get(key, missing)))),
    )


def _named_nodes(data: Mapping[str, Any]) -> Mapping[str, Any]:
    nodes = data.get("nodes")
    return nodes if isinstance(nodes, dict) else {}


# ---- a call without a phone -----------------------------------------------------------------------------------------


def read(text: str) -> Flow:
    """A flow that nothing in itself is wrong with; what it names may be missing. Raises FaultyFile."""
    return check.parse(yamltext.parse(text, "flow"))


def walked(  # as `simulate.simulate`
    text: str,
    keys: str,
    *,
    at: datetime,
    language: str,
    caller: str,
    called: str,
    agents: simulate.Agents,
    hours: HoursNow,
    given: str = "",
    flows: Mapping[FlowName, Flow] | None = None,
    told_in: str = "",
) -> list[str]:
    """What a caller hears, a line each. given: YAML of the names of `given.GivenOffice`, of which answers, results,
    customers, people and cards count. flows: the others, that it may call.

    Raises FaultyFile for a text with a fault, Refused for keys that are none.
    """
    found = read(text)
    return asyncio.run(
        simulate.simulate(
            found,
            simulate.keys_of(keys),
            at=at,
            language=language,
            caller=caller,
            called=called,
            agents=agents,
            hours=hours,
            flows={**(flows or {}), found.name: found},
            given=given_file.read([given], "given").office(),
            told_in=told_in,
        )
    )


def walk(text: str, keys: str, asked: Mapping[str, Any]) -> list[str]:
    """As `walked`, for the worker, which takes no names of arguments."""
    return walked(text, keys, **asked)
