"""Every fault of a flow at once: file, line, what, what to do. A flow with a fault does not go into service."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from callcenterd import yamltext
from callcenterd.errors import Fault, FaultyFile, Refused
from callcenterd.ivr import expression
from callcenterd.ivr.flow import OPERATOR, Draft, Flow, Head, draft
from callcenterd.ivr.node import VARIABLES, Node, NodeName, templates
from callcenterd.model.ids import FlowName
from callcenterd.model.prompts import Music, Recorded
from callcenterd.worker import prompts
from callcenterd.yamltext import Document, KeyPath


def read(path: Path) -> Flow:
    """A flow from its file. Raises FaultyFile with every fault."""
    return parse(yamltext.load(path))


def parse(document: Document) -> Flow:
    """As `read`, from what is in hand."""
    found, faults = draft(document)
    faults = (
        faults + list(_graph(document, found)) + list(_variables(document, found)) + list(_secrets(document, found))
    )
    if faults or found.head is None:
        raise FaultyFile(sorted(set(faults)))
    head = found.head
    return Flow(
        name=FlowName(head.flow),
        file=document.name,
        title=head.title,
        language=head.language or "",
        start=head.start,
        nodes=found.nodes,
        lines={name: document.line(("nodes", name)) for name in found.nodes},
        operator=_operator(head, found),
        on_error=head.on_error,
        takes=head.takes,
    )


def between(flows: Mapping[FlowName, Flow]) -> list[tuple[FlowName, Fault]]:
    """What is wrong with how flows call each other, and in which: flows that are not there or call each other for
    ever, and variables that one needs of the other and that it does not set."""
    faults: list[tuple[FlowName, Fault]] = []
    for flow in flows.values():
        for name, node in flow.nodes.items():
            for to in node.flows():
                faults += [
                    (flow.name, Fault(flow.file, flow.lines[name], f"{name}: {why}"))
                    for why in _call_faults(flows, flow, node, to)
                ]
            for to in node.leads():
                if to not in flows:
                    faults.append((flow.name, Fault(flow.file, flow.lines[name], f"{name}: there is no flow {to}")))
    return faults


def _call_faults(flows: Mapping[FlowName, Flow], flow: Flow, node: Node, to: FlowName) -> Iterator[str]:
    called = flows.get(to)
    if called is None:
        near = difflib.get_close_matches(to, flows, n=1)
        yield f"there is no flow {to}{f'; {near[0]} is meant?' if near else ''}"
        return
    own = {*VARIABLES, *flow.takes, *(name for one in flow.nodes.values() for name in one.sets())}
    if lacking := sorted(set(called.takes) - own):
        yield f"flow {to} needs {', '.join(lacking)}, which nothing in flow {flow.name} sets"
    theirs = {*called.takes, *(name for one in called.nodes.values() for name in one.sets())}
    if unset := sorted(set(node.sets()) - theirs):
        yield f"flow {to} does not set {', '.join(unset)}"
    if flow.name in _called_by(flows, to):
        yield f"flow {to} calls flow {flow.name} again, and so for ever; let one of them end instead"


def _called_by(flows: Mapping[FlowName, Flow], name: FlowName) -> set[FlowName]:
    reached: set[FlowName] = set()
    open_ = [name]
    while open_:
        at = open_.pop()
        if at not in reached and at in flows:
            reached.add(at)
            open_ += [to for node in flows[at].nodes.values() for to in node.flows()]
    return reached


def missing_prompts(flow: Flow, folder: Path, language: str) -> list[Fault]:
    """Recordings that a flow names and that are neither there nor have a text that could be read instead.

    folder: the office's prompts. language: the office's. Not a fault of the flow: it goes into service without them.
    """
    spoken = flow.language or language
    faults = {
        Fault(flow.file, flow.lines[name], f"{name}: {why}")
        for name, node in flow.nodes.items()
        for prompt in node.prompts(spoken)
        if isinstance(prompt, Recorded | Music) and (why := _missing(prompt, folder, language))
    }
    return sorted(faults)


def _missing(prompt: Recorded | Music, folder: Path, language: str) -> str:
    try:
        there = prompts.find(folder, prompt, language) is not None
    except Refused as fault:
        return str(fault)
    own = prompt.name in prompts.OWN_SOUNDS or not prompt.name
    if there or own or (isinstance(prompt, Recorded) and prompt.text):
        return ""
    kind = "music" if isinstance(prompt, Music) else "recording"
    return f"there is no {kind} {prompt.name} in {folder}; put the file there, or give the node a text"


def _operator(head: Head, found: Draft) -> NodeName | None:
    """The node that the flow names for key 0, or else the node that is called so."""
    if head.operator is not None:
        return head.operator
    return OPERATOR if OPERATOR in found.nodes else None


# ---- how nodes hang together ----------------------------------------------------------------------------


def _graph(document: Document, found: Draft) -> Iterator[Fault]:
    names = found.nodes.keys() | found.broken
    if not names:
        if found.head is not None:
            yield document.fault(("nodes",), "a flow needs at least one node")
        return
    unknown = list(_unknown(document, found, names))
    yield from unknown
    # What cannot be read may lead anywhere: whether all can be reached is only known when all can be read.
    if unknown or found.broken or found.head is None:
        return
    starts = [found.head.start, _operator(found.head, found), found.head.on_error]
    reached = _reached(found.nodes, filter(None, starts))
    for name in found.nodes.keys() - reached:
        yield document.fault(("nodes", name), f"nobody can come to {name}: no exit leads here; use it or remove it")
    yield from _traps(document, found.nodes, reached)


def _unknown(document: Document, found: Draft, names: Iterable[NodeName]) -> Iterator[Fault]:
    """Exits to nodes that are not there."""
    exits: list[tuple[KeyPath, NodeName]] = []
    if found.head is not None:
        exits.append((("start",), found.head.start))
        if found.head.operator is not None:
            exits.append((("operator",), found.head.operator))
        if found.head.on_error is not None:
            exits.append((("on_error",), found.head.on_error))
    for name, node in found.nodes.items():
        exits += [(("nodes", name, *path), to) for path, to in node.ways().items()]
    known = set(names)
    for path, to in exits:
        if to not in known:
            near = difflib.get_close_matches(to, known, n=1)
            helped = f"; {near[0]} is meant?" if near else ""
            yield document.fault(path, f"{'.'.join(map(str, path))}: there is no node {to[:64]}{helped}")


def _variables(document: Document, found: Draft) -> Iterator[Fault]:
    """Names that nothing in this flow ever sets."""
    if found.head is None or found.broken:
        return
    known = {*VARIABLES, *found.head.takes, *(name for node in found.nodes.values() for name in node.sets())}
    for name, node in found.nodes.items():
        for path, text in templates(node):
            for unknown in sorted(expression.names(text) - known):
                near = difflib.get_close_matches(unknown, known, n=1)
                helped = f"{near[0]} is meant?" if near else f"there are {', '.join(sorted(known))}"
                where: KeyPath = ("nodes", name, *path)
                yield document.fault(where, f"{name}: there is no variable {unknown}; {helped}")


def _secrets(document: Document, found: Draft) -> Iterator[Fault]:
    """What a caller keys in confidence and what would be shown all the same."""
    secret = {variable for node in found.nodes.values() for variable in node.wants_secret()}
    for name, node in found.nodes.items():
        for variable in sorted(secret.intersection(node.shows())):
            yield document.fault(("nodes", name), f"{name}: {variable} is a PIN and would be shown; add secret: true")


def _reached(nodes: Mapping[NodeName, Node], starts: Iterable[NodeName]) -> set[NodeName]:
    reached: set[NodeName] = set()
    open_ = list(starts)
    while open_:
        name = open_.pop()
        if name not in reached:
            reached.add(name)
            open_ += nodes[name].ways().values()
    return reached


def _traps(document: Document, nodes: Mapping[NodeName, Node], reached: set[NodeName]) -> Iterator[Fault]:
    """Nodes from which no way leads to an end, told once: at the first of them."""
    ways: dict[NodeName, list[NodeName]] = {name: [] for name in nodes}
    for name, node in nodes.items():
        for to in node.ways().values():
            ways[to].append(name)
    ending = [name for name, node in nodes.items() if node.may_end()]
    can_end: set[NodeName] = set()
    while ending:
        name = ending.pop()
        if name not in can_end:
            can_end.add(name)
            ending += ways[name]
    trapped = sorted(reached - can_end, key=lambda name: document.line(("nodes", name)))
    if trapped:
        circle = ", ".join(trapped[:5])
        reason = f"no way out: the flow goes round for ever ({circle}); let one of them end or lead elsewhere"
        yield document.fault(("nodes", trapped[0]), reason)
