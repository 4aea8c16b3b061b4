"""Queries that somebody keeps, for themselves or for others too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from callcenterd.errors import NotNow
from callcenterd.model.query import Query

Shared = Literal["nobody", "team", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedQuery:
    """owner: a login, who alone changes it. team: with whose members and leaders it is shared; "": with no team.
    version: goes up with every change."""

    id: int
    name: str
    query: Query
    owner: str
    shared: Shared
    team: str
    changed_at: datetime
    version: int = 1


class SavedQueryIsAnother(NotNow):
    """It was changed meanwhile, in another window. now: as it is."""

    def __init__(self, now: SavedQuery) -> None:
        super().__init__(f"the query {now.name} was changed meanwhile")
        self.now = now
