"""What a kind of record has to be asked for: its fields, and the kinds that belong to it.

A new kind is one file beside this one that builds a `Kind`, and its name in `registry.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Literal

import sqlalchemy as sa

from callcenterd.model.calls import CallSight
from callcenterd.model.duties import DutySight
from callcenterd.model.fields import FieldChoice, FieldKind
from callcenterd.model.people import Role
from callcenterd.model.records import RecordSight
from callcenterd.model.roles import HiddenKind
from callcenterd.store.search import Words

FieldType = Literal["text", "any_text", "phone", "number", "moment", "date", "choice", "user", "yes_no"]
"""any_text: looked for everywhere, shown nowhere. choice: a code. user: a login."""
Condition = sa.ColumnElement[bool]
MOST_FIELDS = 200
_HIDES: Mapping[str, HiddenKind] = {"phone": "phone", "card": "card", "address": "address", "email": "email"}
"""Fields of that name, of any kind of record."""
Find = Callable[[Sequence[str], bool], list[Words]]
"""Words, and whether the database is SQLite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySight:
    """Who asks, and what they see. calls, duties, complaints None: all of them. records: by kind; None, or not
    named: all. login: who "me" is. kinds: of records that they may read at all; None: every kind."""

    login: str
    role: Role
    calls: CallSight | None = None
    duties: DutySight | None = None
    complaints: DutySight | None = None
    records: Mapping[str, RecordSight | None] = field(default_factory=dict)
    kinds: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Of whom a query is run, when, and where. sqlite: else PostgreSQL. region: whose national numbers are meant."""

    sight: QuerySight
    now: datetime
    zone: tzinfo
    region: str
    sqlite: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The value stands in rows beside the record's. owner: their column with the record's key. only: which rows. order:
    of several."""

    owner: sa.ColumnElement[Any]
    only: tuple[Condition, ...] = ()
    order: sa.ColumnElement[Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Through:
    """The value is another record's, whose key stands in `key`."""

    key: sa.ColumnElement[Any]
    kind: str
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """column: what conditions look at. shown: what is shown, if that is another. side, through: where the column is, if
    it is not in the record's own row.

    several: a record may have several values. folded: the column is kept folded (`words.folded`).
    find: words of an any_text. dictionary, codes, choices: of a choice: from where.
    chinese, english: of a field of the office's own; the pages know the names of all others.
    """

    name: str
    type: FieldType
    column: sa.ColumnElement[Any]
    shown: sa.ColumnElement[Any] | None = None
    side: Side | None = None
    through: Through | None = None
    several: bool = False
    folded: bool = False
    listed: bool = False
    """Codes between commas, in one text: ",price,effect,"."""
    line: sa.ColumnElement[Any] | None = None
    """Of a phone: the column with the normalised number; `column` has digits."""
    find: Find | None = None
    dictionary: str = ""
    codes: tuple[str, ...] = ()
    choices: tuple[FieldChoice, ...] = ()
    chinese: str = ""
    english: str = ""

    @property
    def hides(self) -> HiddenKind | None:
        """By what it is kept from those from whom such values are hidden; there, only a whole one can be asked for."""
        return "phone" if self.type == "phone" else _HIDES.get(self.name.rpartition(".")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way by which records belong together: pairs of keys, from the rows of `source`. source has the related
    kind's table in it."""

    owner: sa.ColumnElement[Any]
    related: sa.ColumnElement[Any]
    source: sa.FromClause


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """key: of a record. fields: its own. parents: kinds of which it has one at most: their fields can be asked for as
    "customer.level". related: kinds of which any number belong to it.

    custom: its kind among those with fields of the office's own. seen: what somebody sees of it; None: all.
    """

    name: str
    key: sa.ColumnElement[Any]
    fields: tuple[Field, ...]
    parents: Mapping[str, sa.ColumnElement[Any]] = field(default_factory=dict)
    related: Mapping[str, Sequence[Way]] = field(default_factory=dict)
    custom: FieldKind | None = None
    seen: Callable[[QuerySight], Condition | None] = lambda _: None
    columns: tuple[str, ...] = ()
    """What is shown where nobody says what."""
    order: tuple[str, ...] = ()
    """Fields by which it is sorted, the last first, where nobody says how."""

    @property
    def table(self) -> sa.FromClause:
        found = self.key.table
        assert isinstance(found, sa.FromClause)
        return found


def plain(name: str, type_: FieldType, column: sa.ColumnElement[Any], **more: Any) -> Field:
    return Field(name=name, type=type_, column=column, **more)
