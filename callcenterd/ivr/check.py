"""Every fault of a flow at once: file, line, what, what to do. A flow with a fault does not go into service."""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from callcenterd import said, yamltext
from callcenterd.errors import Fault, FaultyFile, Refused
from callcenterd.ivr import expression
from callcenterd.ivr.flow import OPERATOR, Draft, Flow, Head, draft
from callcenterd.ivr.naming import FLOW, HOST, MUSIC, PROMPT, Known, Named, named_in
from callcenterd.ivr.node import VARIABLES, Node, NodeName, templates
from callcenterd.model import modules
from callcenterd.model.ids import FlowName
from callcenterd.model.prompts import Music, Recorded
from callcenterd.said import Said
from callcenterd.worker import prompts
from callcenterd.yamltext import Document, KeyPath


@dataclass(frozen=True, slots=True)
class Looked:
    """What a file came to. part: as much of the flow as can be read; it is whole if there are no faults."""

    part: Flow
    faults: tuple[Fault, ...]


def read(path: Path) -> Flow:
    """A flow from its file. Raises FaultyFile with every fault."""
    return parse(yamltext.load(path))


def parse(document: Document) -> Flow:
    """As `read`, from what is in hand."""
    looked = look(document)
    if looked.faults:
        raise FaultyFile(looked.faults)
    return looked.part


def look(document: Document) -> Looked:
    """Every fault of a file, and what it says beside them."""
    found, faults = draft(document)
    faults = (
        faults + list(_graph(document, found)) + list(_variables(document, found)) + list(_secrets(document, found))
    )
    head = found.head
    part = Flow(
        name=FlowName(head.flow if head is not None else Path(document.name).stem),
        file=document.name,
        title=head.title if head is not None else "",
        language=(head.language if head is not None else None) or "",
        start=head.start if head is not None else NodeName(""),
        nodes=found.nodes,
        lines={name: document.line(("nodes", name)) for name in found.nodes},
        operator=_operator(head, found) if head is not None else None,
        on_error=head.on_error if head is not None else None,
        takes=head.takes if head is not None else (),
        named=tuple(_named(document, found)),
    )
    return Looked(part, tuple(sorted(set(faults))))


def _named(document: Document, found: Draft) -> Iterator[Named]:
    for name, node in found.nodes.items():
        for path, thing, what in named_in(node):
            line, column = document.spot(("nodes", name, *path))
            yield Named(name, path, thing, what, line, column)


def _at(flow: Flow, node: NodeName, reason: Said, *named: str, warning: bool = False) -> Fault:
    """A fault of a node: at what it names (kind and name), else at the node."""
    for one in flow.named:
        if one.node == node and named == (one.thing, one.name):
            return Fault(
                flow.file, one.line, reason.under(node), one.column, ("nodes", node, *one.path), warning=warning
            )
    return Fault(flow.file, flow.lines[node], reason.under(node), 0, ("nodes", node), warning=warning)


def _meant(name: str, known: Iterable[str]) -> Said | str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return Said("meant", near=near[0]) if near else ""


def between(flows: Mapping[FlowName, Flow]) -> list[tuple[FlowName, Fault]]:
    """What is wrong with how flows call each other, and in which: flows that are not there or call each other for
    ever, and variables that one needs of the other and that it does not set."""
    return [(flow.name, fault) for flow in flows.values() for fault in calls_of(flow, flows)]


def calls_of(flow: Flow, flows: Mapping[FlowName, Flow]) -> Iterator[Fault]:
    """As `between`, of one flow that calls others."""
    for name, node in flow.nodes.items():
        for to in node.flows():
            yield from (_at(flow, name, why, FLOW, to) for why in _call_faults(flows, flow, node, to))
        for to in node.leads():
            if to not in flows:
                yield _at(flow, name, Said("no_flow", name=to, help=_meant(to, flows)), FLOW, to)


def _call_faults(flows: Mapping[FlowName, Flow], flow: Flow, node: Node, to: FlowName) -> Iterator[Said]:
    called = flows.get(to)
    if called is None:
        yield Said("no_flow", name=to, help=_meant(to, flows))
        return
    own = {*VARIABLES, *flow.takes, *(name for one in flow.nodes.values() for name in one.sets())}
    if lacking := sorted(set(called.takes) - own):
        yield Said("flow_needs", flow=to, names=tuple(lacking), own=flow.name)
    theirs = {*called.takes, *(name for one in called.nodes.values() for name in one.sets())}
    if unset := sorted(set(node.sets()) - theirs):
        yield Said("flow_unset", flow=to, names=tuple(unset))
    if flow.name in _called_by(flows, to):
        yield Said("flow_again", flow=to, own=flow.name)


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
        _at(flow, name, why, MUSIC if isinstance(prompt, Music) else PROMPT, prompt.name, warning=True)
        for name, node in flow.nodes.items()
        for prompt in node.prompts(spoken)
        if isinstance(prompt, Recorded | Music) and (why := _missing(prompt, folder, language)) is not None
    }
    return sorted(faults)


def _missing(prompt: Recorded | Music, folder: Path, language: str) -> Said | None:
    try:
        there = prompts.find(folder, prompt, language) is not None
    except Refused as fault:
        return Said("as_it_is", text=str(fault))
    own = prompt.name in prompts.OWN_SOUNDS or not prompt.name
    if there or own or (isinstance(prompt, Recorded) and prompt.text):
        return None
    kind = "no_music" if isinstance(prompt, Music) else "no_recording"
    return Said(kind, name=prompt.name, folder=str(folder))


def unknown_names(flow: Flow, known: Known) -> list[Fault]:
    """What a flow names and the office has not: queues, trunks, calendars, hosts … of the kinds that are known."""
    faults = {
        Fault(flow.file, one.line, why.under(one.node), one.column, ("nodes", one.node, *one.path))
        for one in flow.named
        if one.thing in known.things and (why := _unknown_thing(one, known)) is not None
    }
    return sorted(faults)


def switched_off(flow: Flow, known: Known) -> list[Fault]:
    """Nodes that need a module which the office has switched off."""
    needed = ((name, modules.of_node(node.kind)) for name, node in flow.nodes.items())
    off = [(name, modules.MODULES[module]) for name, module in needed if module is not None and module in known.off]
    return [_at(flow, name, Said("module_off", chinese=module.chinese, english=module.english)) for name, module in off]


_LISTED = {"secret": "business.secrets_file", "database": "business.databases"}
"""Where such a thing is written down, if not in the site."""


def _unknown_thing(one: Named, known: Known) -> Said | None:
    there = known.things[one.thing]
    if one.name not in there:
        help_ = _meant(one.name, there)
        match one.thing:
            case "host":
                return Said("no_host", name=one.name, help=help_)
            case "flow":
                return Said("no_flow", name=one.name, help=help_)
            case thing:
                named = Said(f"thing_{thing}") if f"thing_{thing}" in said.TEXTS else thing
                where = Said("listed", place=_LISTED[thing]) if thing in _LISTED else ""
                return Said("no_thing", thing=named, name=one.name, where=where, help=help_)
    if one.thing == HOST and _is_inner(one.name, known):
        return Said("private_host", name=one.name)
    return None


def _is_inner(host: str, known: Known) -> bool:
    """Is it an address of a network of our own that the configuration does not open? Names are looked up in calls."""
    bare = host[: host.rindex(":")] if host.count(":") != 0 and host[-1].isdigit() and "." in host else host
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return not address.is_global and not any(address in network for network in known.networks)


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
            yield document.fault(("nodes",), Said("no_nodes"))
        return
    unknown = list(_unknown(document, found, names))
    yield from unknown
    # What cannot be read may lead anywhere: whether all can be reached is only known when all can be read.
    if unknown or found.broken or found.head is None:
        return
    starts = [found.head.start, _operator(found.head, found), found.head.on_error]
    reached = _reached(found.nodes, filter(None, starts))
    for name in found.nodes.keys() - reached:
        yield document.fault(("nodes", name), Said("unreached", name=name), key=True)
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
            where = ".".join(map(str, path))
            yield document.fault(path, Said("no_node", at=where, name=to[:64], help=_meant(to, known)))


def _variables(document: Document, found: Draft) -> Iterator[Fault]:
    """Names that nothing in this flow ever sets."""
    if found.head is None or found.broken:
        return
    known = {*VARIABLES, *found.head.takes, *(name for node in found.nodes.values() for name in node.sets())}
    for name, node in found.nodes.items():
        for path, text in templates(node):
            for unknown in sorted(expression.names(text) - known):
                helped = _meant(unknown, known) or Said("there_are", names=tuple(sorted(known)))
                offset = expression.place(text, unknown, condition=isinstance(text, expression.ConditionText))
                reason = Said("no_variable", at=name, offset=offset, name=unknown, help=helped)
                yield document.fault(("nodes", name, *path), reason)


def _secrets(document: Document, found: Draft) -> Iterator[Fault]:
    """What a caller keys in confidence and what would be shown all the same."""
    secret = {variable for node in found.nodes.values() for variable in node.wants_secret()}
    for name, node in found.nodes.items():
        for variable in sorted(secret.intersection(node.shows())):
            yield document.fault(("nodes", name), Said("shown_pin", at=name, name=variable))


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
        yield document.fault(("nodes", trapped[0]), Said("trapped", circle=tuple(trapped[:5])), key=True)
