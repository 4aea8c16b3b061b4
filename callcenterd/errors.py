"""Faults, in two families, because they are caught in different places: ours to mend, theirs to survive.

An error carries what its catcher needs as fields, and a sentence for people: what, where, what came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


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


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One mistake in a file that a person wrote: where, and what to do about it. line counts from 1."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class FaultyFile(LocalError):
    """A configuration, site or flow file cannot be used. All its faults at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


class CannotStart(LocalError):
    """A part cannot start: a port in use, a database that cannot be opened. One sentence for the operator."""
