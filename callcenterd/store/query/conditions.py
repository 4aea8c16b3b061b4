"""A tree of conditions as one expression, true or false of a record and never NULL.

So "not" is plain: a value that is not there meets nothing, and what does not meet a condition meets its opposite.

What stands beside the records (values of fields, related records) is asked for in one of two ways, see decision 0040:
few are collected first (IN), many are looked up for each record (EXISTS). Neither database knows which it is. So who
runs a query asks the `probes` first, and builds the conditions again with what they told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.util import find_tables

from callcenterd.model import numbers, spans
from callcenterd.model.asking import asker
from callcenterd.model.fields import WrongValue, day_of
from callcenterd.model.query import Condition, Group, Node, Related, is_number
from callcenterd.store.columns import Number
from callcenterd.store.hidden import is_hidden, opened, sought
from callcenterd.store.query import kinds
from callcenterd.store.query.kinds import Asking, Field, Kind, Way
from callcenterd.store.query.registry import Known, refused
from callcenterd.store.words import every_word, folded

OPERATORS: dict[kinds.FieldType, tuple[str, ...]] = {
    "text": ("contains", "is", "starts", "filled"),
    "any_text": ("contains",),
    "phone": ("contains", "is", "filled"),
    "number": ("is", "between", "filled"),
    "moment": ("within", "filled"),
    "date": ("within", "is", "between", "filled"),
    "choice": ("is", "filled"),
    "user": ("is", "filled"),
    "yes_no": ("is", "filled"),
}
MOST_RELATED = 3
"""Related records of related records of …"""
_SMALL = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def operators(field: Field) -> tuple[str, ...]:
    """As who asks may use them."""
    found = OPERATORS[field.type]
    if field.hides is not None and is_hidden(field.hides):
        return tuple(op for op in found if op in ("is", "filled"))
    return (*found, "all_of") if field.type == "choice" and (field.several or field.listed) else found


class Conditions:
    """Raises Refused with the path of what cannot be asked: "where.of.0.values".

    many: of each probe, in their order, whether it found more than `pages.MOST_FEW`; not told: no.
    """

    def __init__(self, known: Known, asking: Asking, many: Sequence[bool] = ()) -> None:
        self._known = known
        self._asking = asking
        self._many = many
        self.probes: list[sa.Select[Any]] = []
        """Questions for rows, of which it matters whether there are more than `pages.MOST_FEW`."""

    def seen(self, kind: Kind) -> list[kinds.Condition]:
        seen = kind.seen(self._asking.sight)
        return [] if seen is None else [seen]

    def of(self, kind: Kind, node: Node, path: str = "where", depth: int = 0) -> kinds.Condition:
        """depth: among related records."""
        match node:
            case Condition():
                return self._condition(kind, node, path)
            case Group():
                parts = [self.of(kind, part, f"{path}.of.{n}", depth) for n, part in enumerate(node.of)]
                if node.group == "all":
                    return sa.and_(*parts)
                return sa.or_(*parts) if node.group == "any" else sa.not_(sa.or_(*parts))
            case Related():
                return self._related(kind, node, path, depth)

    # ---- one field --------------------------------------------------------------------------------------------

    def _condition(self, kind: Kind, asked: Condition, path: str) -> kinds.Condition:
        field = self._known.field(kind, asked.field, f"{path}.field")
        if asked.op not in operators(field):
            raise refused(f"{path}.op", "this field cannot be compared so")
        if field.hides is not None and is_hidden(field.hides) and len(asked.values) > 1:
            raise refused(f"{path}.values", "it is hidden from you: only one whole value can be asked for")
        met = self._met(kind, field, asked, path)
        return sa.not_(met) if asked.negated else met

    def _met(self, kind: Kind, field: Field, asked: Condition, path: str) -> kinds.Condition:
        if field.through is not None:
            parent = self._known.kind(field.through.kind, path)
            inner = self._known.field(parent, field.through.field, path)
            met = [self._met(parent, inner, asked, path), *self.seen(parent)]
            keys = sa.select(parent.key).where(*met).correlate(None)
            return field.through.key.is_not(None) & field.through.key.in_(keys)
        if field.type == "any_text":
            return self._anywhere(kind, field, asked)
        if asked.op == "all_of":
            return sa.and_(*(self._beside(kind, field, _has_code(field, one)) for one in _texts(asked, path)))
        # A part of a text is in no index: all texts are read, and then those that have it are known.
        by_index = asked.op not in ("contains", "starts")
        return self._beside(kind, field, self._test(field, asked, path), by_index=by_index)

    def _beside(self, kind: Kind, field: Field, test: kinds.Condition, *, by_index: bool = True) -> kinds.Condition:
        """A condition on the column, as one on the record."""
        if field.side is None:
            return field.column.is_not(None) & test if getattr(field.column, "nullable", True) else test
        rows = sa.select(field.side.owner).where(*field.side.only, test)
        if by_index and self._are_many(rows):
            return rows.where(field.side.owner == kind.key).correlate(kind.table).exists()
        return kind.key.in_(rows.correlate(None))

    def _are_many(self, rows: sa.Select[Any]) -> bool:
        number = len(self.probes)
        self.probes.append(rows.correlate(None))
        return number < len(self._many) and self._many[number]

    def _anywhere(self, kind: Kind, field: Field, asked: Condition) -> kinds.Condition:
        assert field.find is not None, "every any_text has it"
        met: list[kinds.Condition] = [sa.true()]
        for one in field.find(every_word(str(asked.values[0])), self._asking.sqlite):
            met.append(one.met)
            if one.candidates is not None and not self._are_many(one.candidates):
                met.append(kind.key.in_(one.candidates))
        return sa.and_(*met)

    def _test(self, field: Field, asked: Condition, path: str) -> kinds.Condition:
        column: sa.ColumnElement[Any] = field.column
        if asked.op == "filled":
            there = column.is_not(None)
            return there & (column != "") if field.type in ("text", "choice", "user", "phone") else there
        match field.type:
            case "text" | "choice" | "user":
                return self._text_test(field, asked, path)
            case "phone":
                return self._phone_test(field, asked, path)
            case "number":
                return _number_test(column, asked, path)
            case "moment":
                assert asked.span is not None, "the model says so"
                since, until = spans.moments(asked.span, self._asking.now, self._asking.zone)
                return _from_to(column, since, column < until if until is not None else None)
            case "date":
                return self._date_test(column, asked, path)
            case "yes_no":
                if any(not isinstance(value, bool) for value in asked.values):
                    raise refused(f"{path}.values", "must be yes or no")
                is_bool = isinstance(column.type, sa.Boolean)
                return sa.or_(*(column == (value if is_bool else int(value)) for value in asked.values))
            case "any_text":
                raise AssertionError("it has no column")

    def _text_test(self, field: Field, asked: Condition, path: str) -> kinds.Condition:
        texts = _texts(asked, path)
        if asked.op == "is" and field.type == "text":
            sought(*(folded(text) for text in texts))
        if field.type == "user":
            texts = [self._asking.sight.login if text == "me" else text for text in texts]
        column = field.column
        if asked.op == "is" and field.listed:
            return sa.or_(*(_has_code(field, text) for text in texts))
        if asked.op == "is":
            return column.in_([folded(text) for text in texts] if field.folded else texts)
        wanted = folded(texts[0]) if field.folded else texts[0].translate(_SMALL)
        looked = column if field.folded else self._small(column)
        met = (looked.contains if asked.op == "contains" else looked.startswith)(wanted, autoescape=True)
        if field.type != "text" or not asker().hidden:
            return met
        seen = opened(looked)
        return met & (seen.contains if asked.op == "contains" else seen.startswith)(wanted, autoescape=True)

    def _small(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
        """In small letters of ASCII, in both databases alike."""
        return sa.func.lower(column if self._asking.sqlite else sa.collate(column, "C"))

    def _phone_test(self, field: Field, asked: Condition, path: str) -> kinds.Condition:
        texts = _texts(asked, path)
        if asked.op == "is":
            assert field.line is not None, "every phone has it"
            sought(*texts)
            return field.line.in_([numbers.normalise(text, self._asking.region) or text for text in texts])
        digits = "".join(sign for sign in folded(texts[0]) if sign.isascii() and sign.isdigit())
        if not digits:
            raise refused(f"{path}.values", "digits are wanted")
        return field.column.contains(digits, autoescape=True)

    def _date_test(self, column: sa.ColumnElement[Any], asked: Condition, path: str) -> kinds.Condition:
        first: date | None
        last: date | None
        if asked.op == "is":
            return column.in_([_day(value, f"{path}.values") for value in asked.values])
        if asked.op == "between":
            first, last = (
                None if value is None else _day(value, f"{path}.{name}")
                for name, value in (("least", asked.least), ("most", asked.most))
            )
        else:
            assert asked.span is not None, "the model says so"
            first, last = spans.days(asked.span, self._asking.now, self._asking.zone)
        return _from_to(column, first, column <= last if last is not None else None)

    # ---- related records --------------------------------------------------------------------------------------

    def _related(self, kind: Kind, asked: Related, path: str, depth: int) -> kinds.Condition:
        if asked.related not in self._known.related(kind):
            raise refused(f"{path}.related", "there are no such records of this kind")
        if depth >= MOST_RELATED:
            raise refused(f"{path}.related", f"related records stand in each other at most {MOST_RELATED} deep")
        other = self._known.kind(asked.related, path)
        met = self.seen(other)
        if asked.where is not None:
            met.append(self.of(other, asked.where, f"{path}.where", depth + 1))
        ways = [
            sa.select(way.owner.label("owner"), way.related.label("related"))
            .select_from(way.source)
            .where(way.owner.is_not(None), *met)
            for way in kind.related[asked.related]
        ]
        alone = [way.correlate(None) for way in ways]
        found: list[kinds.Condition] = []
        least = asked.at_least if asked.at_least is not None or asked.at_most is not None else 1
        if least == 1 or asked.at_most == 0:
            there = self._there(kind, kind.related[asked.related], ways)
        if least is not None:
            found.append(there if least == 1 else kind.key.in_(_owners(alone, least)))
        if asked.at_most is not None:
            found.append(sa.not_(there) if asked.at_most == 0 else kind.key.not_in(_owners(alone, asked.at_most + 1)))
        return sa.and_(*found)

    def _there(self, kind: Kind, ways: Sequence[Way], rows: Sequence[sa.Select[Any]]) -> kinds.Condition:
        """It has at least one of the related records. rows: owners and related ones, by each of the ways."""
        owners = [one.with_only_columns(one.selected_columns.owner, maintain_column_froms=True) for one in rows]
        # Where the record's own table is among what joins them, a look-up for each record would need it twice.
        if any(kind.table in find_tables(way.source) for way in ways) or not self._are_many(_all(owners)):
            return kind.key.in_(_owners([one.correlate(None) for one in rows], 1))
        return sa.or_(
            *(
                one.where(way.owner == kind.key).correlate(kind.table).exists()
                for way, one in zip(ways, owners, strict=True)
            )
        )


def _all(owners: Sequence[sa.Select[Any]]) -> sa.Select[Any]:
    alone = [one.correlate(None) for one in owners]
    return alone[0] if len(alone) == 1 else sa.select(sa.union_all(*alone).subquery().c.owner)


def _owners(ways: Sequence[sa.Select[Any]], least: int) -> sa.Select[Any]:
    """Keys of those with at least so many: a record that is related in two ways counts once."""
    if least == 1:
        owners = [way.with_only_columns(way.selected_columns.owner, maintain_column_froms=True) for way in ways]
        return _all(owners).correlate(None)
    together = (sa.union(*ways) if len(ways) > 1 else ways[0]).subquery()
    counted = sa.select(together.c.owner).group_by(together.c.owner).having(sa.func.count() >= least)
    return counted.correlate(None)


def _has_code(field: Field, code: str) -> kinds.Condition:
    return field.column.contains(f",{code},", autoescape=True) if field.listed else field.column == code


def _from_to(column: sa.ColumnElement[Any], first: Any, last: kinds.Condition | None) -> kinds.Condition:
    return sa.and_(*(part for part in (None if first is None else column >= first, last) if part is not None))


def _texts(asked: Condition, path: str) -> list[str]:
    found = [value for value in asked.values if isinstance(value, str) and value]
    if len(found) < len(asked.values):
        raise refused(f"{path}.values", "must be a text")
    return found


def _number_test(column: sa.ColumnElement[Any], asked: Condition, path: str) -> kinds.Condition:
    whole = isinstance(column.type, sa.Integer | Number)

    def bound(value: float) -> sa.ColumnElement[Any]:
        # Said to be of 64 bits: what is larger than the column takes is compared, and not refused by the driver.
        return sa.literal(int(value), sa.BigInteger()) if whole else sa.literal(float(value), sa.Double())

    if asked.op == "is":
        wanted = _numbers(asked.values, f"{path}.values")
        return sa.or_(sa.false(), *(column == bound(one) for one in wanted if not whole or one == int(one)))
    least = None if asked.least is None else _numbers([asked.least], f"{path}.least")[0]
    most = None if asked.most is None else _numbers([asked.most], f"{path}.most")[0]
    first = None if least is None else bound(math.ceil(least) if whole else least)
    last = None if most is None else column <= bound(math.floor(most) if whole else most)
    return _from_to(column, first, last)


def _numbers(values: Sequence[Any], path: str) -> list[int | float]:
    if not all(is_number(value) for value in values):
        raise refused(path, "must be a number")
    return list(values)


def _day(value: Any, path: str) -> date:
    try:
        return day_of(value)
    except WrongValue as fault:
        raise refused(path, str(fault)) from None
