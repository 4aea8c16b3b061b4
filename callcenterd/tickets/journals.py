"""Sheets [单] and journals [志表] of every kind of record, by one mechanism: a kind says its columns and its totals.

What is read is what who asks may see: the filter has their sight. Rows are read and packed some hundred at a time, so
that a long journal holds nobody's call; it becomes a page or a file in the worker's process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Generic, Protocol, TypeVar

from callcenterd.clock import Clock
from callcenterd.errors import Refused
from callcenterd.model.fields import CustomField, FieldKind, FieldTarget, FieldType, FieldValue, Values
from callcenterd.model.people import Role
from callcenterd.model.site import Site
from callcenterd.store.database import Store
from callcenterd.tickets.periods import Period, PeriodKind
from callcenterd.worker.journals import Journal, Line, Part, Sheet, packed
from callcenterd.worker.printing import Language
from callcenterd.worker.sheets import Cell, Column, Kind, Table

Both = tuple[str, str]
"""A text in Chinese and in English."""
Called = Mapping[tuple[FieldTarget, int], str]
"""How people call records; those that are gone, or not to be seen, are not in it."""


class Numbered(Protocol):
    @property
    def id(self) -> int: ...


R = TypeVar("R", bound=Numbered)
F = TypeVar("F")
F_contra = TypeVar("F_contra", contravariant=True)
LANGUAGES: tuple[Language, Language] = ("zh-CN", "en")
_PERIODS: Mapping[PeriodKind, Both] = {
    "day": ("日", "Daily journal"),
    "week": ("周", "Weekly journal"),
    "month": ("月", "Monthly journal"),
    "other": ("", "Journal"),
}
_RECORDS: Both = ("记录（{n} 条）", "Records ({n})")
_NONE: Both = ("这段时间没有记录。", "There are no records in this period.")
_FOOT: Both = ("{at} {who} 打印", "Printed {at} by {who}")
_TOTAL: Both = ("合计", "Total")
_COUNT: Both = ("件数", "Number")
_EMPTY: Both = ("未填", "Not said")
_KINDS: Mapping[FieldType, Kind] = {"number": "amount", "date": "date"}
_YES_NO: tuple[Both, Both] = (("否", "No"), ("是", "Yes"))
_FILE: Both = ("附件 {n}", "File {n}")
_GONE: Both = ("{n}（已不存在，或无权查看）", "{n} (gone, or not yours to see)")
_MORE_FIELDS: Both = ("其他项目", "More")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who will read it: language, zone, and what codes and logins are called. words: dictionary → code → names."""

    language: Language
    zone: tzinfo
    words: Mapping[str, Mapping[str, Both]]
    people: Mapping[str, str]

    def say(self, both: Both) -> str:
        return both[LANGUAGES.index(self.language)]

    def word(self, dictionary: str, code: str) -> str:
        """A code that is not known is shown as it is."""
        names = self.words.get(dictionary, {}).get(code)
        return code if names is None else self.say(names)

    def person(self, login: str) -> str:
        name = self.people.get(login, "")
        return f"{name} {login}" if name else login


@dataclass(frozen=True, slots=True)
class JournalColumn(Generic[R]):
    """value: of one record, for that reader. kind, width: as of `worker.sheets.Column`."""

    title: Both
    value: Callable[[R, Reader], Cell]
    kind: Kind = "text"
    width: float = 14


class RecordJournal(Protocol[R, F_contra]):
    """What a kind of record says of its prints. journal: "{}" is where the Chinese name has 日, 周 or 月; the English
    one follows "Daily journal of"."""

    @property
    def kind(self) -> FieldKind: ...
    @property
    def sheet(self) -> Both: ...
    @property
    def journal(self) -> Both: ...
    @property
    def columns(self) -> Sequence[JournalColumn[R]]: ...

    def parts(self, one: R, reader: Reader) -> Sequence[Part]:
        """Of its sheet, without custom fields."""

    def number(self, one: R) -> str: ...
    def values(self, one: R) -> Values: ...
    async def following(self, chosen: F_contra, after: R | None) -> Sequence[R]:
        """The next records in their order, some hundred at most."""

    async def totals(self, chosen: F_contra, reader: Reader) -> Sequence[Table]: ...


class Journals:
    """site: as it is now."""

    def __init__(self, store: Store, clock: Clock, site: Callable[[], Site], zone: tzinfo) -> None:
        self._store = store
        self._clock = clock
        self._site = site
        self._zone = zone

    async def reader(self, language: Language) -> Reader:
        words = {
            dictionary.name: {value.code: (value.chinese, value.english) for value in dictionary.values}
            for dictionary in await self._store.dictionaries.all()
        }
        people = {user.login: user.name for user in self._site().users}
        return Reader(language, self._zone, words, people)

    async def sheet(
        self, of: RecordJournal[R, F], one: R, reader: Reader, by: str, role: Role | None, called: Called
    ) -> Sheet:
        """by: who prints it. called: the records that its custom fields refer to."""
        fields = [field for field in await self._store.fields.all(of.kind) if field.seen_by(role)]
        more = custom_lines(fields, of.values(one), reader, called)
        parts = tuple(of.parts(one, reader)) + ((Part(reader.say(_MORE_FIELDS), more),) if more else ())
        return Sheet(
            language=reader.language,
            zone=reader.zone,
            title=reader.say(of.sheet),
            number=of.number(one),
            parts=parts,
            foot=self._foot(reader, by),
            signs=(reader.say(("经办人签字", "Signed by")), reader.say(("日期", "Date"))),
        )

    async def journal(
        self,
        of: RecordJournal[R, F],
        chosen: F,
        period: Period,
        reader: Reader,
        by: str,
        most: int,
        role: Role | None = None,
    ) -> Journal:
        """chosen: of that period. role: whose custom fields are columns beside the others; None: none are, paper has no
        room for them. Raises Refused where it has more than most rows."""
        fields = [field for field in await self._store.fields.all(of.kind) if field.seen_by(role)]
        rows: list[bytes] = []
        count, after = 0, None
        while some := await of.following(chosen, after):
            after = some[-1]
            count += len(some)
            if count > most:
                why = f"at most {most} records are printed: a shorter period is wanted"
                raise Refused(why, {"period": why})
            values = await self._store.fields.of_records(of.kind, [one.id for one in some], role)
            rows.append(
                packed(
                    [
                        [column.value(one, reader) for column in of.columns]
                        + [_cell(field, values.get(one.id, {}), reader) for field in fields]
                        for one in some
                    ]
                )
            )
        columns = tuple(Column(reader.say(column.title), column.kind, column.width) for column in of.columns)
        columns += tuple(Column(reader.say((one.chinese, one.english)), _KINDS.get(one.type, "text")) for one in fields)
        return Journal(
            language=reader.language,
            zone=reader.zone,
            title=title_of(of.journal, period.kind, reader),
            period=f"{period.first}" if period.first == period.last else f"{period.first} – {period.last}",
            columns=columns,
            rows=tuple(rows),
            totals=tuple(await of.totals(chosen, reader)),
            records=reader.say(_RECORDS).format(n=count),
            none=reader.say(_NONE),
            foot=self._foot(reader, by),
        )

    def _foot(self, reader: Reader, by: str) -> str:
        now: datetime = self._clock.utc().astimezone(reader.zone)
        return reader.say(_FOOT).format(at=f"{now:%Y-%m-%d %H:%M}", who=reader.person(by))


def title_of(journal: Both, kind: PeriodKind, reader: Reader) -> str:
    which = reader.say(_PERIODS[kind])
    return journal[0].format(which) if reader.language == "zh-CN" else f"{which} of {journal[1]}"


def cross(
    title: str,
    row_title: str,
    rows: Sequence[tuple[str, str]],
    columns: Sequence[tuple[str, str]],
    counts: Mapping[tuple[str, str], int],
    reader: Reader,
) -> Table:
    """How many of each row's code and column's code, with the sums of both. rows, columns: codes and their names."""
    total = reader.say(_TOTAL)
    heads = [Column(row_title, "text", 20), *(Column(name, "whole", 10) for _, name in columns)]
    body: list[list[Cell]] = []
    for code, name in rows:
        numbers = [counts.get((code, column), 0) for column, _ in columns]
        body.append([name, *numbers, sum(numbers)])
    sums = [sum(counts.get((code, column), 0) for code, _ in rows) for column, _ in columns]
    body.append([total, *sums, sum(sums)])
    return Table(title, (*heads, Column(total, "whole", 10)), body, totals=1)


def tally(
    title: str,
    row_title: str,
    rows: Sequence[tuple[str, str]],
    counts: Mapping[str, int],
    reader: Reader,
    *,
    sum_up: bool,
) -> Table:
    """How many of each code. sum_up: with the sum; not where one record counts more than once."""
    heads = (Column(row_title, "text", 20), Column(reader.say(_COUNT), "whole", 10))
    body: list[list[Cell]] = [[name, counts.get(code, 0)] for code, name in rows]
    if sum_up:
        body.append([reader.say(_TOTAL), sum(counts.values())])
    return Table(title, heads, body, totals=int(sum_up))


def named(
    dictionary: str, found: set[str], reader: Reader, *, offered: frozenset[str] = frozenset()
) -> list[tuple[str, str]]:
    """Codes that there are (or that are always shown) with their names, in the order of the list; unknown ones after
    them, and what was not said last."""
    known = list(reader.words.get(dictionary, {}))
    codes = [code for code in known if code in found or code in offered]
    codes += sorted(code for code in found if code and code not in known)
    pairs = [(code, reader.word(dictionary, code)) for code in codes]
    return [*pairs, ("", reader.say(_EMPTY))] if "" in found else pairs


def custom_lines(fields: Sequence[CustomField], values: Values, reader: Reader, called: Called) -> tuple[Line, ...]:
    """Those that have a value, in the office's order."""
    return tuple(
        Line(
            reader.say((field.chinese, field.english)),
            _said(field, values[field.name], reader, called),
            wide=field.type == "long_text",
        )
        for field in fields
        if field.name in values
    )


def _cell(field: CustomField, values: Values, reader: Reader) -> Cell:
    """A record that is referred to is its number here: a table is for machines, too."""
    if field.name not in values:
        return None
    value = values[field.name]
    return value if field.type == "reference" and isinstance(value, int) else _said(field, value, reader, {})


def _said(field: CustomField, value: FieldValue, reader: Reader, called: Called) -> Cell:
    names = {choice.code: (choice.chinese, choice.english) for choice in field.choices}

    def choice(code: str) -> str:
        return reader.word(field.dictionary, code) if field.dictionary else reader.say(names.get(code, (code, code)))

    match value:
        case bool():
            return reader.say(_YES_NO[value])
        case tuple():
            return ("、" if reader.language == "zh-CN" else ", ").join(choice(code) for code in value)
        case int() if field.type == "file":
            return reader.say(_FILE).format(n=value)
        case str() if field.type == "choice":
            return choice(value)
        case str() if field.type == "reference":
            return reader.person(value)
        case int() if field.type == "reference" and field.target:
            return called.get((field.target, value)) or reader.say(_GONE).format(n=value)
        case _:
            return value
