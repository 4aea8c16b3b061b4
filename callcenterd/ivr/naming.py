"""What a node names that has to be there: queues, trunks, calendars … A field says so by its type.

`names("queue")` among a field's annotations is all that a kind of node needs; the checker finds the field by it, in
nested models, lists and groups as well, so that a new kind of node, also a plug-in's, is checked without code here.
"""

from __future__ import annotations

import ipaddress
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from callcenterd.model.modules import ModuleName
from callcenterd.model.site import Site

Path = tuple[str | int, ...]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

PROMPT, MUSIC, FLOW, HOST = "prompt", "music", "flow", "host"
"""Things that are looked for in their own way; others are names that `Known` has or has not."""


@dataclass(frozen=True, slots=True)
class Names:
    """Among a field's annotations: which things its text names. of: kind and name of each."""

    of: Callable[[str], Iterable[tuple[str, str]]]


def names(thing: str) -> Names:
    """The whole text is the name of such a thing."""
    return Names(lambda text: ((thing, text),))


@dataclass(frozen=True, slots=True)
class Named:
    """Something that a node names. path: the field in the node. line, column: of the text in the file."""

    node: str
    path: Path
    thing: str
    name: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """What there is. things: names by kind ("queue", "secret" …); of a kind that is not in it nothing is known, and
    nothing said. networks: of our own in which hosts may be that flows ask. off: modules that are switched off."""

    things: Mapping[str, frozenset[str]] = field(default_factory=dict)
    networks: tuple[Network, ...] = ()
    off: tuple[ModuleName, ...] = ()

    def with_things(self, **things: Iterable[str]) -> Known:
        added = {thing: frozenset(there) for thing, there in things.items()}
        return Known({**self.things, **added}, self.networks, self.off)

    def with_site(self, site: Site) -> Known:
        return Known({**self.things, **of_site(site)}, self.networks, site.off)


def of_site(site: Site) -> Mapping[str, frozenset[str]]:
    """The names of a site's things, for `Known`."""
    return {
        "queue": frozenset(queue.name for queue in site.queues),
        "trunk": frozenset(trunk.name for trunk in site.trunks),
        "calendar": frozenset(calendar.name for calendar in site.calendars),
        "agent": frozenset(user.login for user in site.users),
        "extension": frozenset(extension.number for extension in site.extensions),
    }


def of_sections(data: Mapping[str, Any]) -> Mapping[str, frozenset[str]]:
    """As `of_site`, from what a site file says."""
    keys = {"queue": "name", "trunk": "name", "calendar": "name", "agent": "login", "extension": "number"}
    sections = {"agent": "users"}
    return {
        thing: frozenset(str(row[key]) for row in data.get(sections.get(thing, f"{thing}s")) or ())
        for thing, key in keys.items()
    }


def named_in(model: BaseModel, path: Path = ()) -> Iterator[tuple[Path, str, str]]:
    """Where in a model what is named: path, kind, name. Texts with variables in them name nothing yet."""
    for name, info in type(model).model_fields.items():
        yield from _named(info.annotation, info.metadata, getattr(model, name), (*path, info.alias or name))


def _named(annotation: Any, marks: Iterable[Any], value: object, path: Path) -> Iterator[tuple[Path, str, str]]:
    if isinstance(value, str):
        for mark in marks:
            if isinstance(mark, Names) and "{{" not in value:
                yield from ((path, thing, name) for thing, name in mark.of(value))
    if isinstance(value, BaseModel):
        yield from named_in(value, path)
        return
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _named(inner[0], inner[1:], value, path)
    elif origin in (Union, types.UnionType):
        found = [one for part in inner for one in _named(part, (), value, path)]
        yield from dict.fromkeys(found)
    elif isinstance(value, Mapping) and len(inner) == len(("key", "value")):
        for key, one in value.items():
            yield from _named(inner[0], (), key, (*path, key))
            yield from _named(inner[1], (), one, (*path, key))
    elif isinstance(value, tuple) and inner:
        for n, one in enumerate(value):
            yield from _named(inner[0] if inner[1:] == (...,) or n >= len(inner) else inner[n], (), one, (*path, n))
