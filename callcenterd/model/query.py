"""Queries (综合查询, CRM-03): a tree of conditions over records of one kind, what is shown of them, sorted or grouped.

It is data, as the builder makes it and saved queries keep it: what it means in a database, `store.query` says. Every
condition is true or false of a record, never unknown: what is not filled in meets no condition but `filled`, negated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

MOST_DEPTH = 8
MOST_CONDITIONS = 100
MOST_VALUES = 200
MOST_COLUMNS = 40
MOST_AMOUNT = 10**15
MOST_OFFSET = 1_000_000

Op = Literal["is", "contains", "starts", "between", "within", "all_of", "filled"]
"""is: one of the values. contains: a part of a text; of "anything", every word of it. between: numbers and dates.
within: a span of time. all_of: of what one has several of. filled: anything at all."""
Period = Literal[
    "today",
    "yesterday",
    "this_week",
    "last_week",
    "this_month",
    "last_month",
    "this_quarter",
    "last_quarter",
    "this_year",
    "last_year",
]
"""Whole days, weeks from Monday, and so on, of the office's zone."""
Unit = Literal["minute", "hour", "day", "week", "month"]
GroupStep = Literal["day", "week", "month", "quarter", "year"]
FigureKind = Literal["sum", "average", "least", "most"]


def _visible(text: str) -> str:
    if any((ord(sign) < 0x20 and sign not in "\n\r\t") or sign == "\x7f" for sign in text):
        raise PydanticCustomError("control_characters", "has characters that cannot be seen")
    return text


def _sound(moment: datetime) -> datetime:
    if not 1900 <= moment.year <= 2200:
        raise PydanticCustomError("query_year", "a time from 1900 to 2200 is wanted")
    return moment


Text = Annotated[str, Field(max_length=200), AfterValidator(_visible)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}(\.[a-z][a-z0-9_]{0,40})?$")]
"""Of a field; "customer.level" is one of the customer whom the record is about."""
Amount = Annotated[float, Field(ge=-MOST_AMOUNT, le=MOST_AMOUNT, allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=-MOST_AMOUNT, le=MOST_AMOUNT)]
Value = bool | Whole | Amount | Text
When = Annotated[AwareDatetime, AfterValidator(_sound)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Span(_Part):
    """A span of time, its end not in it. since, until: moments, one of them or both; or a period; or the last or next
    so many units from now."""

    since: When | None = None
    until: When | None = None
    period: Period | None = None
    last: int | None = Field(default=None, ge=1, le=5000)
    next: int | None = Field(default=None, ge=1, le=5000)
    unit: Unit = "day"

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [self.since is not None or self.until is not None, *(
            way is not None for way in (self.period, self.last, self.next)
        )]  # fmt: skip
        if sum(ways) != 1:
            raise PydanticCustomError("query_span", "a span is from and to, or a period, or the last or next so many")
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise PydanticCustomError("query_span_end", "a span ends after it begins")
        return self


class Condition(_Part):
    """One field and what it is asked for; negated: what does not meet it.

    values: of `is` and `all_of`; one of `contains` and `starts`. A user may be "me". least, most: of `between`, at
    least one of them, both in it. Dates are written 2026-11-27.
    """

    field: Name
    op: Op
    negated: bool = False
    values: tuple[Value, ...] = Field(default=(), max_length=MOST_VALUES)
    least: Whole | Amount | Text | None = None
    most: Whole | Amount | Text | None = None
    span: Span | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = {
            "values": bool(self.values),
            "between": self.least is not None or self.most is not None,
            "span": self.span is not None,
        }
        wanted = {"is": "values", "all_of": "values", "contains": "values", "starts": "values", "between": "between",
                  "within": "span", "filled": ""}[self.op]  # fmt: skip
        if [name for name, there in given.items() if there] != ([wanted] if wanted else []):
            raise PydanticCustomError("query_values", "the condition is not filled in as its comparison wants it")
        if self.op in ("contains", "starts") and (
            len(self.values) != 1 or not isinstance(self.values[0], str) or not self.values[0].strip()
        ):
            raise PydanticCustomError("query_text", "one text is wanted")
        return self


class Group(_Part):
    """all: every part holds. any: at least one does. none: not one does."""

    group: Literal["all", "any", "none"]
    of: tuple[Node, ...] = Field(min_length=1, max_length=MOST_CONDITIONS)


class Related(_Part):
    """Records of another kind that belong to this one and meet `where`: how many there are.

    Neither at_least nor at_most: at least one. at_most 0: none.
    """

    related: Name
    where: Node | None = None
    at_least: int | None = Field(default=None, ge=1, le=100_000)
    at_most: int | None = Field(default=None, ge=0, le=100_000)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.at_least is not None and self.at_most is not None and self.at_most < self.at_least:
            raise PydanticCustomError("query_counts", "at most is not less than at least")
        return self


def _which(given: Any) -> str | None:
    for name in ("field", "group", "related"):
        if name in given if isinstance(given, dict) else hasattr(given, name):
            return name
    return None


Node = Annotated[
    Annotated[Condition, Tag("field")] | Annotated[Group, Tag("group")] | Annotated[Related, Tag("related")],
    Discriminator(
        _which,
        custom_error_type="query_part",
        custom_error_message="a condition has a field, a group, or related records",
    ),
]


class Sort(_Part):
    field: Name
    descending: bool = False


class GroupBy(_Part):
    """step: of a time or a date."""

    field: Name
    step: GroupStep | None = None


class Figure(_Part):
    """Of a number, over the records of a group."""

    what: FigureKind
    field: Name


class Grouping(_Part):
    """order: by what is grouped by, or the largest groups first."""

    by: tuple[GroupBy, ...] = Field(min_length=1, max_length=2)
    figures: tuple[Figure, ...] = Field(default=(), max_length=5)
    order: Literal["key", "count"] = "key"


class Query(_Part):
    """Records of one kind. where None: all that one sees. group: groups of them are wanted, and no records.

    limit, offset: of records, or of groups.
    """

    kind: Name
    where: Node | None = None
    columns: tuple[Name, ...] = Field(default=(), max_length=MOST_COLUMNS)
    sort: tuple[Sort, ...] = Field(default=(), max_length=3)
    group: Grouping | None = None
    limit: int = Field(default=50, ge=1, le=500)
    offset: int = Field(default=0, ge=0, le=MOST_OFFSET)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        check_size(self.where)
        return self


def check_size(where: Condition | Group | Related | None) -> None:
    """Raises PydanticCustomError for one that is too large."""
    for found, (_, depth) in enumerate(walk(where), 1):
        if depth > MOST_DEPTH:
            raise PydanticCustomError(
                "query_depth", "groups stand in each other at most {most} deep", {"most": MOST_DEPTH}
            )
        if found > MOST_CONDITIONS:
            raise PydanticCustomError("query_size", "at most {most} conditions", {"most": MOST_CONDITIONS})


def walk(
    where: Condition | Group | Related | None, depth: int = 1
) -> Iterator[tuple[Condition | Group | Related, int]]:
    """Every part of a tree, and how deep it stands; from 1."""
    if where is None:
        return
    yield where, depth
    if depth > MOST_DEPTH:
        return
    match where:
        case Group():
            for part in where.of:
                yield from walk(part, depth + 1)
        case Related():
            yield from walk(where.where, depth + 1)
        case Condition():
            pass


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


Group.model_rebuild()
Related.model_rebuild()
