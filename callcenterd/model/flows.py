"""Drafts and published versions of flows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from callcenterd.model.ids import FlowName

How = Literal["published", "rolled_back", "by_hand"]
"""How a version came into service: from the editor, an old one again, or by a changed file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowDraft:
    """What somebody is working on. base: the checksum of the file that it began from; "" where there was none."""

    flow: FlowName
    text: str
    base: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowVersion:
    """A text that was in service. number: counts from 1 in each flow. checksum: SHA-256 of the file. by: "" by hand.

    of: the number of the version that came again; None otherwise.
    """

    flow: FlowName
    number: int
    at: datetime
    by: str
    how: How
    note: str
    checksum: str
    of: int | None = None
    text: str = field(default="", repr=False)


Places = Mapping[str, tuple[float, float]]
"""Where the nodes of a flow stand on the canvas, by name: x and y in pixels."""
