"""Finding any part of a word without reading every row: the indexes of migration 0042; see decision 0040.

An index answers candidates: all rows that have the words, and some that have only their pieces. So whoever asks for
candidates asks for the words themselves as well. Where a word is in very many rows, reading the newest rows finds a
page of them sooner than the index: that is what `Words` is for.

SQLite's index has every three signs of a text, and the texts end with two line ends more: so a part of one or two signs
is the beginning of some three, and the index tells which three there are. PostgreSQL's has one, two and three signs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from callcenterd.model import numbers
from callcenterd.model.roles import HiddenKind
from callcenterd.store.columns import Number, Plain, storable
from callcenterd.store.hidden import has_word, is_hidden, is_whole
from callcenterd.store.schema import calls, cards, customers, phones
from callcenterd.store.tables.appointments import appointments
from callcenterd.store.tables.complaints import complaints
from callcenterd.store.tables.consultations import consultations
from callcenterd.store.tables.duties import duties
from callcenterd.store.tables.follow_ups import follow_ups
from callcenterd.store.tables.searches import call_lines, call_notes

GRAM = 3
MOST_GRAMS = 24
"""Of one word; the longest words have more, which makes no difference."""
_NEVER = '"\x01\x01\x01"'
"""In no text that is kept."""


@dataclass(frozen=True, slots=True)
class Searched:
    """A column with an index. name: of the index. key: what is answered. each: SQLite's numbers are keys times that."""

    name: str
    column: sa.Column[Any]
    key: sa.Column[Any]
    each: int = 1

    def candidates(self, words: Sequence[str], *, sqlite: bool) -> sa.Select[Any]:
        """Keys of all rows that have every one of these words, and perhaps of some others. words: folded, not none."""
        words = [storable(word) for word in words]
        if not sqlite:
            wanted = sa.cast(sorted({gram for word in words for gram in _grams(word)}), sa.ARRAY(sa.Text()))
            has = sa.func.search_grams(self.column).op("@>", is_comparison=True)(wanted)
            return sa.select(self.key.label("key")).where(has)
        index = sa.table(self.name, sa.column("rowid", Number))
        whole: sa.ColumnElement[Any] = sa.literal_column(self.name)
        number = index.c.rowid if self.each == 1 else sa.cast(index.c.rowid / self.each, Number)
        return sa.select(number.label("key")).where(whole.op("MATCH", is_comparison=True)(self._asked(words)))

    def _asked(self, words: Sequence[str]) -> sa.ColumnElement[Any]:
        """In FTS5's language."""
        long = " AND ".join(_quoted(gram) for word in words if len(word) >= GRAM for gram in _grams(word))
        parts: list[sa.ColumnElement[Any]] = [sa.literal(long)] if long else []
        parts += [self._beginning(word) for word in words if len(word) < GRAM]
        asked = parts[0]
        for part in parts[1:]:
            asked = asked + sa.literal(" AND ") + part
        return asked

    def _beginning(self, word: str) -> sa.ColumnElement[Any]:
        """Any of the three signs that begin so, in brackets."""
        terms = sa.table(f"{self.name}_terms", sa.column("term", sa.Text()))
        quoted = sa.literal('"') + sa.func.replace(terms.c.term, '"', '""') + sa.literal('"')
        among = terms.c.term.between(word, word + "\U0010ffff")
        known = sa.select(sa.func.group_concat(quoted, " OR ")).where(among).scalar_subquery()
        return sa.literal("(") + sa.func.coalesce(known, _NEVER) + sa.literal(")")


CUSTOMER = Searched("customer_search", customers.c.words, customers.c.id)
PHONE = Searched("phone_search", phones.c.digits, phones.c.customer_id, 1000)
CARD = Searched("card_search", cards.c.number, cards.c.id)
_OF_TABLES = {
    table: Searched(name, table.c.words, table.c.id)
    for name, table in (
        ("consultation_search", consultations),
        ("complaint_search", complaints),
        ("follow_up_search", follow_ups),
        ("appointment_search", appointments),
        ("duty_search", duties),
    )
}
"""Tables with a column of words and an index of it."""
CALL_LINE = Searched("call_line_search", call_lines.c.words, call_lines.c.id)
CALL_NOTE = Searched("call_note_search", call_notes.c.words, call_notes.c.id)
INDEXES = (CUSTOMER, PHONE, CARD, *_OF_TABLES.values(), CALL_LINE, CALL_NOTE)


@dataclass(frozen=True, slots=True)
class Words:
    """What is looked for in one search. met: true of the records that have it. candidates: their keys, and perhaps
    others'; None: they are not known before all are read."""

    met: sa.ColumnElement[bool]
    candidates: sa.Select[Any] | None = None


def in_column(searched: Searched, words: Sequence[str], *, sqlite: bool) -> list[Words]:
    """Every word in that column. Nothing for no words."""
    if not words:
        return []
    met = sa.and_(*(has_word(searched.column, word, but=_but(searched.column.table)) for word in words))
    return [Words(met, _apart(searched.candidates(words, sqlite=sqlite)))]


def in_words(table: sa.Table, words: Sequence[str], *, sqlite: bool) -> list[Words]:
    """Every word in what is searched of a table's rows. Nothing for no words."""
    if table in _OF_TABLES:
        return in_column(_OF_TABLES[table], words, sqlite=sqlite)
    return [Words(has_word(table.c.words, word, but=_but(table))) for word in words]


def by_index(table: sa.Table, words: Sequence[str], *, sqlite: bool) -> list[Words]:
    """The same for who has the words among the conditions already."""
    return [replace(one, met=sa.true()) for one in in_words(table, words, sqlite=sqlite)]


def _but(table: sa.FromClause) -> list[tuple[HiddenKind, sa.Column[str]]]:
    """Texts among the words that may be hidden and are not told by their looks."""
    card = table.c.get("card")
    return [] if not isinstance(card, sa.Column) else [("card", card)]


def _in_name(word: str) -> sa.ColumnElement[bool]:
    """In what a customer is found by, but numbers."""
    return has_word(customers.c.words, word, but=_but(customers))


def _grams(word: str) -> list[str]:
    if len(word) <= GRAM:
        return [word]
    found = dict.fromkeys(word[n : n + GRAM] for n in range(len(word) - GRAM + 1))
    return list(found)[:MOST_GRAMS]


def _quoted(gram: str) -> str:
    return '"' + gram.replace('"', '""') + '"'


# ---- what is searched in more than one place --------------------------------------------------------------------

LEAST_DIGITS = 3
"""Of a part of a number: two digits are in nearly every number."""


def of_customers(words: Sequence[str], region: str, *, sqlite: bool) -> list[Words]:
    """Each word in the name, its pinyin, the card number, the company or the e-mail address; or three or more digits of
    a number, or of a prepaid card's. region: whose national numbers are meant."""
    texts = [word for word in words if not _is_digits(word)]
    found = in_column(CUSTOMER, texts, sqlite=sqlite)
    for word in words:
        if not _is_digits(word):
            continue
        digits, line = word.removeprefix("+"), numbers.normalise(word, region)
        has_number: sa.ColumnElement[bool] = phones.c.number == line
        if not is_hidden("phone"):
            has_number |= phones.c.digits.contains(digits, autoescape=True)
        elif not is_whole(word):
            has_number = sa.false()
        has_card = cards.c.number == digits if is_hidden("card") else cards.c.number.contains(digits, autoescape=True)
        met = _in_name(word) | _theirs(phones.c.customer_id, has_number) | _theirs(cards.c.customer_id, has_card)
        by_card = CARD.candidates([digits], sqlite=sqlite).subquery()
        candidates = (
            CUSTOMER.candidates([word], sqlite=sqlite),
            PHONE.candidates([digits], sqlite=sqlite),
            sa.select(phones.c.customer_id).where(phones.c.number == line),
            sa.select(cards.c.customer_id).where(cards.c.id.in_(sa.select(by_card.c.key))),
        )
        found.append(Words(met, _any_of(candidates)))
    return found


def of_calls(words: Sequence[str], whose: Sequence[sa.ColumnElement[bool]], *, sqlite: bool) -> list[Words]:
    """Each word in a number, a name or the note, or in the name of the customer who was told to be it; or the call's
    own id, at least its beginning. whose: which customers may be looked through."""
    found = []
    for word in words:
        in_name = _in_name(word)
        theirs = sa.select(customers.c.id).where(in_name, *whose)
        by_name = CUSTOMER.candidates([word], sqlite=sqlite)
        # The id stands first among the words.
        told = sa.func.substr(calls.c.words, sa.func.length(calls.c.id) + 2, type_=Plain())
        met = has_word(told, word) | calls.c.id.startswith(word, autoescape=True) | _theirs_of_call(in_name, whose)
        lines = sa.select(call_lines.c.line).where(
            call_lines.c.id.in_(CALL_LINE.candidates([word], sqlite=sqlite)),
            call_lines.c.words.contains(word, autoescape=True),
        )
        noted = sa.select(call_notes.c.call_id).where(call_notes.c.id.in_(CALL_NOTE.candidates([word], sqlite=sqlite)))
        candidates = (
            sa.select(calls.c.id).where(calls.c.caller_line.in_(lines)),
            sa.select(calls.c.id).where(calls.c.called_line.in_(lines)),
            noted,
            sa.select(calls.c.id).where(calls.c.id.between(word, word + "\U0010ffff")),
            sa.select(calls.c.id).where(calls.c.customer_id.in_(theirs.where(customers.c.id.in_(by_name)))),
        )
        found.append(Words(met, _any_of(candidates)))
    return found


def _is_digits(word: str) -> bool:
    digits = word.removeprefix("+")
    return len(digits) >= LEAST_DIGITS and digits.isascii() and digits.isdigit()


def _theirs(owner: sa.ColumnElement[Any], test: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.select(owner).where(owner == customers.c.id, test).correlate(customers).exists()


def _theirs_of_call(in_name: sa.ColumnElement[bool], whose: Sequence[sa.ColumnElement[bool]]) -> sa.ColumnElement[bool]:
    is_whose = sa.select(customers.c.id).where(customers.c.id == calls.c.customer_id, in_name, *whose)
    return is_whose.correlate(calls).exists()


def _any_of(candidates: Sequence[sa.Select[Any]]) -> sa.Select[Any]:
    alone = [one.correlate(None) for one in candidates]
    return _apart(
        sa.union_all(
            *(one.with_only_columns(one.selected_columns[0].label("key"), maintain_column_froms=True) for one in alone)
        )
    )


def _apart(candidates: sa.Select[Any] | sa.CompoundSelect[Any]) -> sa.Select[Any]:
    """Told before the question: brackets in brackets are more than SQLite reads."""
    return sa.select(candidates.cte().c.key).correlate(None)
