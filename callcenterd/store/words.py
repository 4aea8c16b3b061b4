"""Searching for words: what is kept of a text to be found by, and what is looked for.

Both sides are folded the same way (full-width and half-width, upper and lower case are one), so that plain LIKE
finds the same in every database, and any part of a Chinese word is a word.
"""

from __future__ import annotations

import re
import unicodedata

from callcenterd.model import numbers

MOST_WORDS = 8
_LOOKS_DIALLED = re.compile(r"\+?[\d\s\-().·]*\d[\d\s\-().·]*")


def folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def words_of(*texts: str) -> str:
    """What is kept: the folded texts, a line each; no word that is looked for reaches over two of them."""
    return "\n".join(folded(text) for text in texts if text)


def every_word(text: str) -> list[str]:
    """What is looked for: each word must be found. A number is one word, without its spaces, dashes and brackets."""
    wanted = folded(text).replace("\0", " ").strip()
    words = [wanted] if _LOOKS_DIALLED.fullmatch(wanted) else wanted.split()[:MOST_WORDS]
    return [numbers.tidy(word) if _LOOKS_DIALLED.fullmatch(word) else word for word in words]
