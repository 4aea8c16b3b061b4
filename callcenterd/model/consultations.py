"""Consultations [业务咨询]: what callers wanted to know (CON-01)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from callcenterd.model.fields import FieldWanted
from callcenterd.model.ids import CustomerId
from callcenterd.model.records import RecordFields, RecordKept, RecordSight


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultationFields(RecordFields):
    """category, channel: codes of the dictionaries consultation_category and channel. project_type, project_number,
    product_number: as the office calls its things."""

    category: str = ""
    project_type: str = ""
    project_number: str = ""
    product_number: str = ""
    channel: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consultation(ConsultationFields, RecordKept):
    """One that is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultationFilter:
    """Which are wanted; None is no condition. since: included; until: not. sight None: all."""

    since: datetime | None = None
    until: datetime | None = None
    category: str | None = None
    channel: str | None = None
    owner: str | None = None
    customer: CustomerId | None = None
    text: str = ""
    fields: tuple[FieldWanted, ...] = ()
    sight: RecordSight | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultationCount:
    """How many of one category came by one channel."""

    category: str
    channel: str
    count: int
