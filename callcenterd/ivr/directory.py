"""Dial by name: which people of the house a caller means who keys letters on a telephone (ITU-T E.161: 2 is abc …).

A name is found by the first letters of its pinyin (张三: zs, 97), by its whole pinyin (zhangsan), by an English name in
either order (Anna Smith: annasmith, smithanna) and by its initials; and by the beginning of any of these. A character
that is read in two ways is found by both (单: dan, shan).
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

KEY_OF = {
    letter: key
    for key, letters in zip("23456789", ("abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"), strict=True)
    for letter in letters
}
MOST_READINGS = 64
"""Of one name; a name of many characters that are read in many ways has more, and nobody keys the rest."""
MOST_LETTERS = 40
_HAN = re.compile(r"[\u3007\u3400-\u9fff\U00020000-\U0003ffff]+")
_LATIN = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be reached by name. extension: what is dialled."""

    name: str
    extension: str


def find(people: Iterable[Person], digits: str) -> list[Person]:
    """Whom these keys may mean, each name and extension once, in their order by name; [] for none."""
    found = {one: None for one in people if digits and any(way.startswith(digits) for way in ways(one.name))}
    return sorted(found, key=lambda one: (one.name, one.extension))


@lru_cache(maxsize=4096)
def ways(name: str) -> frozenset[str]:
    """Every series of keys by which this name is found, or by whose beginning it is."""
    folded = "".join(
        letter for letter in unicodedata.normalize("NFKD", name).casefold() if not unicodedata.combining(letter)
    )
    spelled = [*_of_pinyin("".join(_HAN.findall(folded))), *_of_words(_LATIN.findall(folded))]
    return frozenset("".join(KEY_OF[letter] for letter in letters[:MOST_LETTERS]) for letters in spelled if letters)


def _of_words(words: Sequence[str]) -> list[str]:
    """In either order, as the last name may be said first; each word; and the initials."""
    turned = [*words[-1:], *words[:-1]]
    return ["".join(some) for some in (words, turned)] + [
        *words,
        *("".join(word[0] for word in some) for some in (words, turned)),
    ]


def _of_pinyin(han: str) -> list[str]:
    if not han:
        return []
    import pypinyin  # noqa: PLC0415  # a third of a second and 30 MB: only where a name has Hanzi

    readings = pypinyin.pinyin(han, style=pypinyin.Style.NORMAL, heteronym=True, errors="ignore")
    spelled = []
    for syllables in itertools.islice(itertools.product(*readings), MOST_READINGS):
        kept = [letters for one in syllables if (letters := "".join(_LATIN.findall(one)))]
        spelled += ["".join(letters[0] for letters in kept), "".join(kept)]
    return spelled
