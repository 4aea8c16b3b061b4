"""SQL that flows ask with: one question with named parameters (`:card`), whose values never become part of it.

This reads no more of SQL than what must be known of it: what stands in quotes, where parameters are, and that there is
one statement that reads. It is no wall: that is the connection, which can write nothing (`store.inquiries`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

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
        return "variables do not stand in SQL: write :name, and give the value in values"
    if not _READS.match(statement):
        return "one question is wanted, that begins with SELECT, WITH or VALUES"
    for part in _parts(statement):
        if part["comment"] is not None:
            return "a comment cannot stand in SQL here; write it as one of the file (#)"
        if part["other"] == ";":
            return "one statement is wanted, without a semicolon"
        if part["other"] in ("'", '"'):
            return "a quotation mark is not closed"
        if part["other"] == "\0":
            return "a character that cannot be printed stands in it"
        if part["other"] in ("?", "$", "@"):
            return f"{part['other']} cannot stand outside quotation marks; a parameter is written :name"
    return ""


def _parts(statement: str) -> Iterator[re.Match[str]]:
    return _PART.finditer(statement)
