"""Records of what customers and the office had with each other: what all kinds of them have, and who may see which."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from callcenterd.errors import NotNow
from callcenterd.model.fields import FieldKind, FieldsGiven
from callcenterd.model.ids import AgentId, CallId, CustomerId, TeamName


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFields:
    """What is written down of any kind. phone, card, name, sex: as they were then, whatever the customer's card says
    later. sex: a code of the dictionary. fields: custom ones; written, one that is left out stays as it is."""

    customer: CustomerId | None = None
    call: CallId | None = None
    phone: str = ""
    card: str = ""
    name: str = ""
    sex: str = ""
    fields: FieldsGiven = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)  # without slots, so that a record can be made of both
class RecordKept:
    """What the store and the rules add. number: of its sheet [单号]. at: when it was. owner: a login. team: the owner's
    then. version: goes up with every change."""

    id: int
    number: str
    at: datetime
    owner: str
    team: str = ""
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    version: int = 1


class Owned(Protocol):
    """What says whose a record is: of the record itself, and of news about it."""

    @property
    def owner(self) -> str: ...
    @property
    def created_by(self) -> str: ...
    @property
    def team(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSight:
    """Which records somebody may see who may not see all: those that these people own or made, and those of these
    teams."""

    agents: tuple[AgentId, ...]
    teams: tuple[TeamName, ...] = ()

    def sees(self, of: Owned) -> bool:
        return of.owner in self.agents or of.created_by in self.agents or of.team in self.teams


R = TypeVar("R")


class RecordIsAnother(NotNow, Generic[R]):
    """Somebody else has changed the record since it was read. now: as it is; nothing was written over it."""

    def __init__(self, kind: FieldKind, now: R) -> None:
        super().__init__("somebody has changed this record meanwhile")
        self.kind = kind
        self.now = now
