"""The site file: trunks, numbers, users, queues and so on (`SECTIONS`); brought into the store, and written back.

A file adds and changes; it never takes away: what it does not name stays, key by key (a user without `password`
keeps the one that there is). A list that is given replaces that list. Applying a file twice changes nothing.
The same rules hold for one thing that a page changes (`put`, `remove`). What a page changed is not undone by a file
that does not know it (`edited`), nor the reverse: a page says what it believes that the fields were.

Order means something for outbound routes (the first that fits is used): what a file names comes in the file's order.
"""

from callcenterd.site.changing import (
    Allowed,
    Applied,
    ThingIsAnother,
    anything,
    apply,
    apply_text,
    key_of,
    put,
    put_all,
    remove,
    reorder,
)
from callcenterd.site.edited import Kept
from callcenterd.site.entries import ENTRIES, NEEDED, SECTIONS, Section
from callcenterd.site.merging import Named, merge
from callcenterd.site.reading import SiteFile, parse
from callcenterd.site.shapes import Spans
from callcenterd.site.writing import export, undoable, written

__all__ = [
    "ENTRIES",
    "NEEDED",
    "SECTIONS",
    "Allowed",
    "Applied",
    "Kept",
    "Named",
    "Section",
    "SiteFile",
    "Spans",
    "ThingIsAnother",
    "anything",
    "apply",
    "apply_text",
    "export",
    "key_of",
    "merge",
    "parse",
    "put",
    "put_all",
    "remove",
    "reorder",
    "undoable",
    "written",
]
