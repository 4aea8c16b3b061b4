"""Faults, in two families, because they are caught in different places: ours to mend, theirs to survive.

An error carries what its catcher needs as fields, and a sentence for people: what, where, what came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


class CallcenterdError(Exception):
    """The root of every error that callcenterd raises by itself."""


class LocalError(CallcenterdError):
    """We asked for something that cannot be done now. Ours to mend; nothing has changed."""


class RemoteError(CallcenterdError):
    """The other side broke a rule. Never our crash; at most the end of its message or connection."""


class NotFound(LocalError):
    """No thing of that kind has that name or number."""

    def __init__(self, kind: str, name: object) -> None:
        super().__init__(f"there is no {kind} {name!s}")
        self.kind = kind
        self.name = name


class NotNow(LocalError):
    """What was asked is possible, but not in the present state (an agent in a call goes on break, …)."""


class Refused(LocalError):
    """Fields of what was asked are wrong. `fields` names each and says why."""

    def __init__(self, message: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a file that a person wrote: where, and what to do about it. line and column count from 1.

    reason: mostly a `said.Said`, which can be told in other languages. column: 0 if only the line is known. path: the
    keys that lead to it, where there are such. warning: the file can be used all the same.
    """

    file: str
    line: int
    reason: str
    column: int = 0
    path: tuple[str | int, ...] = field(default=(), compare=False)
    warning: bool = field(default=False, compare=False)

    def __lt__(self, other: Fault) -> bool:
        return (self.file, self.line, self.column, self.reason) < (other.file, other.line, other.column, other.reason)

    @property
    def place(self) -> str:
        """ "main.yaml:4:12", as editors and compilers write it."""
        return f"{self.file}:{self.line}" + (f":{self.column}" if self.column else "")

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class FaultyFile(LocalError):
    """A configuration, site or flow file cannot be used. All its faults at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


class CannotStart(LocalError):
    """A part cannot start: a port in use, a database that cannot be opened. One sentence for the operator."""
