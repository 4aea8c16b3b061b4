"""Business records (consultations and their like), to be asked for: what all have in common, and each column beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa

from callcenterd.model.fields import FieldKind
from callcenterd.store.columns import Number, Utc
from callcenterd.store.query.kinds import Condition, Field, FieldType, Kind, QuerySight, Way, plain
from callcenterd.store.search import Words, in_words
from callcenterd.store.seen import records_seen

_USERS = {"owner", "created_by", "changed_by"}
_HIDDEN = {"id", "customer_id", "call_id", "words", "version"}


def kind(
    name: FieldKind,
    table: sa.Table,
    dictionaries: Mapping[str, str],
    *,
    codes: Mapping[str, tuple[str, ...]] | None = None,
    users: frozenset[str] = frozenset(),
    listed: frozenset[str] = frozenset(),
    hidden: frozenset[str] = frozenset(),
    sees: Callable[[QuerySight], Condition | None] | None = None,
    columns: tuple[str, ...] = (),
) -> Kind:
    """A kind for a table of `tables.records`. Its columns are its fields, but those that are hidden.

    dictionaries: columns with codes of a dictionary. codes: columns with codes of their own. users: columns with
    logins, beside those of all records. listed: those of the dictionaries with several codes in one text. sees: if
    whose it is is not told by `records_seen`. columns: shown where nobody says what, beside number, time and name.
    """
    own = codes or {}

    def find(words: Sequence[str], sqlite: bool) -> list[Words]:
        return in_words(table, words, sqlite=sqlite)

    def seen(sight: QuerySight) -> Condition | None:
        own = sight.records.get(name)
        return None if own is None else records_seen(own, table)

    def field(column: sa.Column[object]) -> Field:
        if column.name in dictionaries:
            several = column.name in listed
            return plain(column.name, "choice", column, dictionary=dictionaries[column.name], listed=several)
        if column.name in own:
            return plain(column.name, "choice", column, codes=own[column.name])
        return plain(column.name, "user" if column.name in _USERS | users else _type(column), column)

    fields = [
        field(column)
        for column in table.c
        if column.name not in _HIDDEN | hidden and not isinstance(column.type, sa.JSON)
    ]
    return Kind(
        name=name,
        key=table.c.id,
        fields=(plain("anything", "any_text", table.c.words, find=find), *fields),
        parents={"customer": table.c.customer_id, "call": table.c.call_id},
        custom=name,
        seen=sees or seen,
        columns=("number", "at", "name", *columns, "owner"),
        order=("at",),
    )


def _type(column: sa.Column[object]) -> FieldType:
    match column.type:
        case Utc():
            return "moment"
        case sa.Boolean():
            return "yes_no"
        case sa.Integer() | Number() | sa.Float() | sa.Numeric():
            return "number"
        case sa.Date():
            return "date"
        case _:
            return "text"


def ways(of: Kind) -> Mapping[str, Way]:
    """How they belong to a customer and to a call."""
    table = of.table
    return {parent: Way(owner=column, related=of.key, source=table) for parent, column in of.parents.items()}
