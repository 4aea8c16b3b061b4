"""Searches by somebody from whom numbers or addresses are hidden (`model.roles`): nothing hidden is found by a part.

Who could search for "1381" would read a hidden number digit by digit off what is found. So of what is kept to be
searched through only that counts which they see, and a whole number or address: who has it from the caller needs to
find the customer. Every whole one is told to who counts them (`model.asking`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import sqlalchemy as sa

from callcenterd.model.asking import asker
from callcenterd.model.roles import HiddenKind
from callcenterd.store.columns import Plain

Text = sa.ColumnElement[str]
Test = sa.ColumnElement[bool]
IN_PLACE = "***"
"""Of what is hidden: no word reaches over it."""
_NUMBERS = r"[\d０-９]([^\d０-９\n]{0,2}[\d０-９]){6,}"
"""Seven digits and more, however they are written: what `web.masking` hides, and more."""
_SHORTER = r"[\d０-９]{5,}"
"""A prepaid card's number, or another card's."""
_ADDRESSES = r"\S*@\S*"
_PATTERNS: Sequence[tuple[HiddenKind, str]] = (("email", _ADDRESSES), ("phone", _NUMBERS), ("card", _SHORTER))
_WHOLE: Sequence[tuple[HiddenKind, re.Pattern[str]]] = (
    ("email", re.compile(r"[^\s@]+@[^\s@]+")),
    ("phone", re.compile(r"\+?[0-9]{5,}")),
    ("card", re.compile(r"(?=(?:\D*\d){3})\+?[0-9a-z-]{5,40}")),
)
_OURS = re.compile(r"[a-z]{2}\d{8}-\d{4,}|\d{8}-\d{6}-[0-9a-f]{6}(?:-\d+)?|\d{8}-\d{6}-[0-9a-f]{6}")
"""Numbers of sheets and of calls: names of our own, found as a whole, and no secret."""


def is_hidden(kind: HiddenKind) -> bool:
    """From who asks."""
    return kind in asker().hidden


def opened(column: Text) -> Text:
    """The text as who asks may search, sort and group by it."""
    hidden = asker().hidden
    for kind, pattern in _PATTERNS:
        if kind in hidden:
            column = sa.func.regexp_replace(column, pattern, IN_PLACE, "g", type_=Plain())
    return column


def has_word(words: Text, word: str, *, but: Sequence[tuple[HiddenKind, sa.Column[str]]] = ()) -> Test:
    """Is a word of a search in what is kept to be searched through? but: columns whose texts are among it and may be
    hidden, where their looks do not tell (a card's number with letters)."""
    anywhere = words.contains(word, autoescape=True)
    if not asker().hidden:
        return anywhere
    seen = words
    for kind, column in but:
        if is_hidden(kind):
            seen = sa.func.replace(seen, sa.func.lower(column), "", type_=Plain())
    found = opened(seen).contains(word, autoescape=True)
    if is_whole(word):
        lines = sa.type_coerce(sa.literal("\n") + words + sa.literal("\n"), Plain())
        found |= lines.contains(f"\n{word}\n", autoescape=True)
    # What does not have it at all is told apart first: looking for patterns is dear.
    return anywhere & found


def has_part(column: Text, part: str) -> Test:
    """As `has_word` for a text as somebody has written it, in large or small letters."""
    if not asker().hidden:
        return column.icontains(part, autoescape=True)
    seen = opened(column).icontains(part, autoescape=True)
    return column.icontains(part, autoescape=True) & (
        seen | (sa.func.lower(column, type_=Plain()) == part) if is_whole(part) else seen
    )


def is_whole(word: str) -> bool:
    """May it be looked for as it is? A whole number or address of a kind that is hidden counts as sought."""
    if _OURS.fullmatch(word):
        return True
    if any(is_hidden(kind) and looks.fullmatch(word) for kind, looks in _WHOLE):
        asker().sought(word)
        return True
    return False


def sought(*numbers: str | None) -> None:
    """These are looked for, as a whole: for questions that know no parts."""
    for number in numbers:
        if number:
            is_whole(number.lower())


def replaced(text: str | None, pattern: str, instead: str, _: str) -> str | None:
    """PostgreSQL's regexp_replace, for SQLite."""
    return None if text is None else re.sub(pattern, lambda _: instead, text)
