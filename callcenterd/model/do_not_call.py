"""A number that the office must not call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DoNotCall:
    """number: as it was written. why: in people's words. by: the login of who put it on the list."""

    number: str
    why: str
    by: str
    at: datetime
