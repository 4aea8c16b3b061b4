"""What the prints of all kinds of records have alike: when it was, the number of the sheet, and with whom."""

from __future__ import annotations

from typing import Protocol

from callcenterd.model.fields import FieldsGiven, Values
from callcenterd.tickets.journals import Both, Reader
from callcenterd.worker.journals import Line, Part

AT: Both = ("时间", "Time")
NUMBER: Both = ("单号", "Number")
NAME: Both = ("姓名", "Name")
SEX: Both = ("性别", "Sex")
PHONE: Both = ("电话", "Telephone")
CARD: Both = ("卡号", "Card")
CHANNEL: Both = ("得知渠道", "Heard of us by")
TEAM: Both = ("部门", "Department")


class With(Protocol):
    """Whom it was with, as they were then."""

    @property
    def name(self) -> str: ...
    @property
    def sex(self) -> str: ...
    @property
    def phone(self) -> str: ...
    @property
    def card(self) -> str: ...


def customer_part(one: With, reader: Reader, *more: Line) -> Part:
    """more: lines after these."""
    say = reader.say
    known = (
        Line(say(NAME), one.name),
        Line(say(SEX), reader.word("sex", one.sex)),
        Line(say(PHONE), one.phone),
        Line(say(CARD), one.card),
    )
    return Part(say(("客户", "Customer")), (*known, *more))


def given(fields: FieldsGiven) -> Values:
    """Custom fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}
