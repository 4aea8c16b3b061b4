"""A YAML file becomes nodes; every node knows its line.

What is read here is the shape: the head of the file, and of each node its kind and arguments. How nodes hang together
is looked at in `check`, which is also where a file is read from.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from callcenterd.errors import Fault
from callcenterd.ivr.node import Name, Node, NodeName, Tag, broken_plug_ins, kinds
from callcenterd.model.ids import FlowName
from callcenterd.model.prompts import Prompt
from callcenterd.yamltext import Document

MAX_NODES = 2000
OPERATOR = NodeName("operator")

NAME = re.compile(r"\w[\w-]{0,63}")


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow in service. Frozen: a call keeps the one that it began with.

    language: "" is the office's. lines: where each node stands in its file. operator: where key 0 leads (IVR-03).
    on_error: where a node that fails leads, if it does not say itself. takes: variables of the flows that call it.
    """

    name: FlowName
    file: str
    title: str
    language: str
    start: NodeName
    nodes: Mapping[NodeName, Node]
    lines: Mapping[NodeName, int]
    operator: NodeName | None = None
    on_error: NodeName | None = None
    takes: tuple[str, ...] = ()

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        """Everything that callers hear alike, each once. language: the office's, where the flow names none."""
        spoken = self.language or language
        return tuple(dict.fromkeys(prompt for node in self.nodes.values() for prompt in node.prompts(spoken)))


def _name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError("a name of letters, digits, _ and - is wanted")
    return name


class Head(BaseModel):
    """The keys of a flow file besides `nodes`, which are read one by one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flow: Annotated[str, AfterValidator(_name)]
    title: Annotated[str, Field(max_length=100)] = ""
    language: Tag | None = None
    start: NodeName
    operator: NodeName | None = None
    on_error: NodeName | None = None
    takes: Annotated[tuple[Name, ...], Field(max_length=50)] = ()
    nodes: dict[str, Any]


@dataclass(slots=True)
class Draft:
    """As much of a file as could be read. broken: nodes that are there but cannot be read."""

    head: Head | None
    nodes: dict[NodeName, Node]
    broken: set[NodeName]


def draft(document: Document) -> tuple[Draft, list[Fault]]:
    """Read the shape of a flow file, and what is wrong with it."""
    if not isinstance(document.data, dict):
        return Draft(None, {}, set()), [document.fault((), "a flow begins with flow:, start: and nodes:")]
    faults: list[Fault] = []
    head: Head | None = None
    try:
        head = Head.model_validate(document.data)
    except ValidationError as error:
        faults += document.faults_of(error, model=Head)
    found = Draft(head, {}, set())
    nodes = document.data.get("nodes")
    for name, data in nodes.items() if isinstance(nodes, dict) else ():
        node, wrong = _node(document, name, data)
        if node is None:
            found.broken.add(NodeName(name))
        else:
            found.nodes[NodeName(name)] = node
        faults += wrong
    if len(found.nodes) + len(found.broken) > MAX_NODES:
        faults.append(document.fault(("nodes",), f"more than {MAX_NODES} nodes"))
    return found, faults


def _node(document: Document, name: str, data: object) -> tuple[Node | None, list[Fault]]:
    where = ("nodes", name)
    faults = []
    if not NAME.fullmatch(name):
        faults.append(
            document.fault(where, f"{name[:40]!r} is no name for a node: letters, digits, _ and - are wanted")
        )
    if not isinstance(data, dict):
        return None, [
            *faults,
            document.fault(where, f"{name}: a node is a group of keys, such as {{say: 您好, next: menu}}"),
        ]
    known = kinds()
    named = [key for key in data if key in known]
    if len(named) != 1:
        return None, [*faults, document.fault((*where, *named[1:2]), f"{name}: {_which_kind(data, named)}")]
    kind = known[named[0]]
    try:
        node = kind.model_validate(data)
    except ValidationError as error:
        return None, [*faults, *document.faults_of(error, where, model=kind)]
    faults += [document.fault((*where, *path), f"{name}: {reason}") for path, reason in node.problems()]
    return node, faults


def _which_kind(data: Mapping[str, object], named: list[str]) -> str:
    if named:
        return f"one node is of one kind, and this one is {' and '.join(named)}; make two nodes of it"
    for key in data:
        if near := difflib.get_close_matches(key, kinds(), n=1):
            return f"{key} is no kind of node; {near[0]} is meant?"
    lost = f"; plug-ins that cannot be loaded: {', '.join(broken_plug_ins())}" if broken_plug_ins() else ""
    return f"no kind of node is named; there are {', '.join(kinds())}{lost}"
