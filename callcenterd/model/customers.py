"""A customer's card (CRM-01)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from callcenterd.model.fields import FieldsGiven
from callcenterd.model.ids import CustomerId


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCard:
    """What is written on a card; without what the store adds. phones: as written by people, first is the main one.

    sex, level, identity: a code of the dictionary of that name. channels, tags: codes, each at most once.
    gifts_by_mail: willing to get gifts by mail; None: not asked yet. owner: an agent's login. team: a team's name.
    no_sms, no_email: wants none; None, written: stays as it is, so that who does not know of it does not lift it.
    fields: custom ones by their names, as far as who asked may see them; written, one that is left out stays as it is.
    """

    name: str = ""
    phones: tuple[str, ...] = ()
    card: str = ""
    sex: str = ""
    company: str = ""
    address: str = ""
    email: str = ""
    level: str = ""
    note: str = ""
    identity: str = ""
    background: str = ""
    channels: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    gifts_by_mail: bool | None = None
    no_sms: bool | None = None
    no_email: bool | None = None
    owner: str = ""
    team: str = ""
    fields: FieldsGiven = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer(CustomerCard):
    """version: goes up with every change of the card. no_sms_at, no_sms_by …: since when they want none, and who has
    written that down."""

    id: CustomerId
    created_at: datetime
    created_by: str = ""
    changed_at: datetime
    version: int = 1
    no_sms: bool = False
    no_email: bool = False
    no_sms_at: datetime | None = None
    no_sms_by: str = ""
    no_email_at: datetime | None = None
    no_email_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerQuery:
    """Which customers are meant: all conditions hold. text: as in a search. levels: one of them; none: any.

    not_called_since: no call with them, from or to any of their numbers, has begun since then.
    """

    text: str = ""
    levels: tuple[str, ...] = ()
    not_called_since: datetime | None = None
