"""The site written as a file."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from callcenterd import yamltext
from callcenterd.model.calendar import Calendar
from callcenterd.model.site import (
    Comfort,
    Secret,
    Site,
)
from callcenterd.model.site_edits import SiteEdit
from callcenterd.site.entries import SECTIONS
from callcenterd.site.reading import REVISION
from callcenterd.store.database import Store


async def export(store: Store) -> str:
    """The site as a file that `apply` takes: passwords of phones and trunks as they are, of users as hashes."""
    site = await store.site.load()
    return written(site, edited=undoable(await store.site.edits()))


def undoable(edits: Sequence[SiteEdit]) -> bool:
    """Whether pages changed anything that a file without `revision` might be older than."""
    return any(edit.was is not None for edit in edits)


def written(site: Site, *, edited: bool = False) -> str:
    """One line for each thing. Applied to the same site, it changes nothing.

    edited: pages have changed things since a file last had its say: then the file says of which revision it is, so that
    it is known to know them.
    """
    lines = [f"{REVISION}: {site.revision}"] if edited else []
    for section in SECTIONS:
        things = getattr(site, section)
        lines.append(f"{section}:" if things else f"{section}: []")
        lines += [f"  - {{{', '.join(_pairs(thing))}}}" for thing in things]
    return "\n".join(lines) + "\n"


def _pairs(thing: Any) -> Iterator[str]:
    if isinstance(thing, Calendar):
        yield from (f"{name}: {yamltext.written(value)}" for name, value in thing.as_row().items())
        return
    for field in dataclasses.fields(thing):
        value = getattr(thing, field.name)
        if isinstance(value, Secret):
            if not value.reveal():
                continue  # there is none; written as "" it would be a password of no characters
            value = value.reveal()
        if isinstance(value, tuple):
            value = [_pairs_of(item) if isinstance(item, Comfort) else item for item in value]
        yield f"{field.name}: {yamltext.written(value)}"


def _pairs_of(words: Comfort) -> dict[str, Any]:
    return {name: value for name, value in dataclasses.asdict(words).items() if value}
