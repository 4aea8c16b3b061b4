"""What a file, or a page, names, brought into the site. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from callcenterd.model.site import (
    Secret,
    Site,
)
from callcenterd.site.entries import KINDS, SECTIONS, Entry, Section
from callcenterd.yamltext import KeyPath


@dataclass(frozen=True, slots=True)
class Named:
    """One thing that a file names. place: where in the file, ("queues", 0). but: fields of it that do not count."""

    section: Section
    place: KeyPath
    entry: Entry
    but: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        return str(getattr(self.entry, KINDS[self.section].key))

    def given(self) -> dict[str, Any]:
        """What counts of it, by the names of the file."""
        return {name: value for name, value in self.entry.given().items() if name not in self.but}


Proven = Literal["password", "pin"]
HASHED: tuple[Proven, ...] = get_args(Proven)
SECRETS = frozenset({*HASHED, "password_hash", "pin_hash"})
Hashes = Mapping[tuple[str, Proven], str]
"""What is kept of a user's password and PIN: by login and which of the two."""


def merge(
    site: Site, named: Sequence[Named], hashes: Hashes, in_order: Collection[Section] = SECTIONS
) -> tuple[Site, tuple[str, ...]]:
    """The site with what is named brought in, and what is another by it. Pure; references are not judged.

    hashes: the new argon2 hash of each password and PIN that changes; `password` and `pin` are not looked at. in_order:
    sections whose things come in the order in which they are named. The revision stays as it is.
    """
    lists: dict[str, tuple[Any, ...]] = {}
    changes: list[str] = []
    for section in SECTIONS:
        ours = [one for one in named if one.section == section]
        before = by_key(site, section)
        after = dict(before)
        for one in ours:
            after[one.key] = brought_in(one, before.get(one.key), hashes)
            changes += _difference(section, one.key, before.get(one.key), after[one.key])
        order = _ordered(list(before), [one.key for one in ours], as_named=section in in_order)
        if [key for key in order if key in before] != list(before):
            changes.append(f"{section}: order")
        lists[section] = tuple(after[key] for key in order)
    return dataclasses.replace(site, **lists), tuple(changes)  # type: ignore[arg-type]  # each list has its section's things


def by_key(site: Site, section: Section) -> dict[str, Any]:
    key = KINDS[section].key
    return {getattr(thing, key): thing for thing in getattr(site, section)}


def brought_in(one: Named, old: Any, hashes: Hashes) -> Any:
    """The thing as it will be."""
    fields = one.given()
    if one.section == "users":
        for word in HASHED:
            given = fields.pop(word, None) is not None
            if given and (made := hashes.get((one.key, word))) is not None:
                fields[f"{word}_hash"] = made
    for secret in {"password", "password_hash", "pin_hash"} & set(fields):
        fields[secret] = Secret(fields[secret])
    kind = KINDS[one.section]
    if old is not None:
        return dataclasses.replace(old, **fields)
    missing = {name: getattr(one.entry, name) for name in kind.needed if name not in fields}
    return kind.thing(**fields, **missing)


def _difference(section: Section, key: str, old: Any, new: Any) -> list[str]:
    if old is None:
        return [f"{KINDS[section].word} {key}: new"]
    differ = [field.name for field in dataclasses.fields(new) if getattr(old, field.name) != getattr(new, field.name)]
    if not differ:
        return []
    return [f"{KINDS[section].word} {key}: {', '.join(name.removesuffix('_hash') for name in differ)}"]


def _ordered(before: Sequence[str], named: Sequence[str], *, as_named: bool = True) -> list[str]:
    """The keys in their new order: those named come in that order, at the places that they had, or stay where they are.

    A new one comes before the one that is named after it; the last new ones come last.
    """
    old = [key for key in (named if as_named else before) if key in before and key in named]
    turn = iter(old)
    order = [next(turn) if key in old else key for key in before]
    for n, key in reversed(list(enumerate(named))):
        if key not in before:
            order.insert(order.index(named[n + 1]) if n + 1 < len(named) else len(order), key)
    return order
