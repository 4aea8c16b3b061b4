"""What pages (and programs, by the API) changed of the site since a site file last had its say of it.

A site file knows nothing of them: applied once more as it was, it would undo them. The room `site` holds the file
against what is kept here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

ORDER = ""
"""No thing has this key: the order in which the things of a section stand."""


@dataclass(frozen=True, slots=True)
class Editor:
    """Who changes something on a page, and when."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SiteEdit:
    """One change of one thing. section, key: which ("queues", "sales"). revision: of the site, made by the change.

    was: the thing before it, of its type in `model.site`; None: there was none. Where key is ORDER, the order of the
    section's things was changed, and `was` has their keys as they stood. Once a file has said a field anew, `was` has
    what the file said: it is what the file knows.
    """

    id: int
    section: str
    key: str
    revision: int
    was: Any
    editor: Editor


@dataclass(frozen=True, slots=True)
class Settled:
    """What of these changes a file has taken note of. renewed: those with another `was`; gone: ids of those over."""

    renewed: tuple[SiteEdit, ...] = ()
    gone: tuple[int, ...] = ()
