"""Customers that come from a file in bulk (CRM-02): what was asked, how far it is, what came of each row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from callcenterd.model.customers import CustomerCard

ImportState = Literal[
    "uploaded",  # the file is there; nobody has said what its columns are
    "running",
    "done",
    "stopped",  # by a person, in the middle
    "failed",  # the file could not be read to its end
    "undoing",
    "undone",
]
RowOutcome = Literal["created", "updated", "skipped", "faulty"]
Duplicates = Literal["skip", "update", "new"]
"""What becomes of a row whose customer is there already."""
Key = Literal["phones", "card", "email"]
"""By what a customer is known again."""
ROW_OUTCOMES: tuple[RowOutcome, ...] = get_args(RowOutcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportTerms:
    """columns: of the file, by number from 0, and the field of the card that each fills; several may fill `phones`,
    `channels` or `tags`. keys: any of them is the same: it is the same customer. none: every row is a new one."""

    columns: Mapping[int, str] = field(default_factory=dict)
    keys: tuple[Key, ...] = ("phones",)
    duplicates: Duplicates = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """name: of the file. titles: of its columns. rows: in it, without the line of the titles. at: of the upload.

    done: rows that were looked at. reverted, left: of an undo: rows taken back, and those that were changed by people
    since and stay as they are. why: it failed.
    """

    id: int
    name: str
    titles: tuple[str, ...]
    rows: int
    state: ImportState
    terms: ImportTerms
    by: str
    at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    done: int = 0
    created: int = 0
    updated: int = 0
    skipped: int = 0
    faulty: int = 0
    reverted: int = 0
    left: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRow:
    """One row as it was read. number: its row in the file, the titles being 1. given: the fields that it fills in.

    faults: what cannot be kept of it, by field; then the card is empty, and cells are the row as it was.
    """

    number: int
    card: CustomerCard = field(default_factory=CustomerCard)
    given: tuple[str, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedRow:
    """What came of a row. reason, cells: of a faulty one. version: that the import left; 0: an earlier row of the file
    has the same customer, and knows it. before: the card that was changed."""

    number: int
    outcome: RowOutcome
    customer: int | None = None
    reason: str = ""
    cells: tuple[str, ...] = ()
    version: int = 0
    before: Mapping[str, Any] | None = None
