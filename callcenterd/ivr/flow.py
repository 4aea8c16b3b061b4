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

from callcenterd import said
from callcenterd.errors import Fault
from callcenterd.ivr.naming import Named
from callcenterd.ivr.node import Name, Node, NodeName, Tag, broken_plug_ins, kinds
from callcenterd.model.ids import FlowName
from callcenterd.model.prompts import Prompt
from callcenterd.said import Said
from callcenterd.yamltext import Document, KeyPath

MAX_NODES = 2000
OPERATOR = NodeName("operator")

NAME = re.compile(r"\w[\w-]{0,63}")


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow in service. Frozen: a call keeps the one that it began with.

    language: "" is the office's. lines: where each node stands in its file. operator: where key 0 leads (IVR-03).
    on_error: where a node that fails leads, if it does not say itself. takes: variables of the flows that call it.
    named: what its nodes name that has to be there besides.
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
    named: tuple[Named, ...] = ()

    @property
    def names(self) -> frozenset[tuple[str, str]]:
        """Kind and name of all that `named` has."""
        return frozenset((one.thing, one.name) for one in self.named)

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        """Everything that callers hear alike, each once. language: the office's, where the flow names none."""
        spoken = self.language or language
        return tuple(dict.fromkeys(prompt for node in self.nodes.values() for prompt in node.prompts(spoken)))


def _name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(Said("name_wanted"))
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
        return Draft(None, {}, set()), [document.fault((), Said("begins"))]
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
        faults.append(document.fault(("nodes",), Said("many_nodes", most=MAX_NODES)))
    return found, faults


def _node(document: Document, name: str, data: object) -> tuple[Node | None, list[Fault]]:
    where = ("nodes", name)
    faults = []
    if not NAME.fullmatch(name):
        faults.append(document.fault(where, Said("node_name", name=repr(name[:40])), key=True))
    if not isinstance(data, dict):
        return None, [*faults, document.fault(where, Said("node_group", at=name))]
    known = kinds()
    named = [key for key in data if key in known]
    if len(named) != 1:
        return None, [*faults, _which_kind(document, where, data, named)]
    kind = known[named[0]]
    try:
        node = kind.model_validate(data)
    except ValidationError as error:
        return None, [*faults, *document.faults_of(error, where, model=kind)]
    faults += [document.fault((*where, *path), said.of(reason, name)) for path, reason in node.problems()]
    return node, faults


def _which_kind(document: Document, where: KeyPath, data: Mapping[str, object], named: list[str]) -> Fault:
    name = str(where[-1])
    if named:
        both = Said("and", first=tuple(named[:-1]), last=named[-1])
        return document.fault((*where, named[1]), Said("two_kinds", at=name, kinds=both), key=True)
    for key in data:
        if near := difflib.get_close_matches(key, kinds(), n=1):
            return document.fault((*where, key), Said("kind_meant", at=name, key=key, near=near[0]), key=True)
    lost = Said("lost", plug_ins=tuple(broken_plug_ins())) if broken_plug_ins() else ""
    return document.fault(where, Said("no_kind", at=name, kinds=tuple(kinds()), lost=lost))
