"""SQL that flows ask with: one question with named parameters (`:card`), whose values never become part of it.

This reads no more of SQL than what must be known of it: what stands in quotes, where parameters are, and that there is
one statement that reads. It is no wall: that is the connection, which can write nothing (`store.inquiries`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from callcenterd.said import Said

MAX_STATEMENT = 4000
_PART = re.compile(
    r"""(?P<quoted>'(?:[^']|'')*' | "(?:[^"]|"")*")"""
    r"""| (?P<comment>-- | /\*)"""
    r"""| (?P<cast>::)"""
    r"""| :(?P<name>[A-Za-z_][A-Za-z0-9_]*)"""
    r"""| (?P<other>[\s\S])""",
    re.VERBOSE,
)
_READS = re.compile(r"\s*(select|with|values)\b", re.IGNORECASE)


def parameters(statement: str) -> frozenset[str]:
    """The names of its parameters."""
    return frozenset(part["name"] for part in _parts(statement) if part["name"] is not None)


def with_escaped_colons(statement: str) -> str:
    r"""As SQLAlchemy's `text` wants it: a colon that begins no parameter is written `\:`."""
    return "".join(
        part[0] if part["name"] is not None or part["cast"] is not None else part[0].replace(":", r"\:")
        for part in _parts(statement)
    )


def fault_of(statement: str) -> str:
    """What is wrong with it, and what to do; "": nothing."""
    if "{{" in statement or "{%" in statement:
        return Said("sql_braces")
    if not _READS.match(statement):
        return Said("sql_question")
    for part in _parts(statement):
        if part["comment"] is not None:
            return Said("sql_comment")
        if part["other"] == ";":
            return Said("sql_semicolon")
        if part["other"] in ("'", '"'):
            return Said("sql_quote")
        if part["other"] == "\0":
            return Said("sql_unprintable")
        if part["other"] in ("?", "$", "@"):
            return Said("sql_mark", mark=part["other"])
    return ""


def _parts(statement: str) -> Iterator[re.Match[str]]:
    return _PART.finditer(statement)
