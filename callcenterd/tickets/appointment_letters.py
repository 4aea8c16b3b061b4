"""What customers are told of their appointments: by SMS or e-mail, in their language, through the outbox (CON-03).

A reminder is put there with the appointment and waits for its time, so that a restart forgets none and sends none
twice; what changes the appointment takes it out again in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Literal

from babel.dates import format_date

from callcenterd.model import numbers
from callcenterd.model.appointments import Appointment, AppointmentService
from callcenterd.model.customer_messages import MOST_SUBJECT, MOST_TEXT, MessageChannel, NewCustomerMessage
from callcenterd.model.customers import Customer
from callcenterd.model.message_templates import MessageTemplate, Purpose, TemplateLanguage, fill
from callcenterd.store.database import Store

Change = Literal["booked", "changed", "cancelled"]
_PURPOSES: Mapping[Change, Purpose] = {
    "booked": "appointment_booked",
    "changed": "appointment_changed",
    "cancelled": "appointment_cancelled",
}
REMINDER: Purpose = "appointment_reminder"
QUIET = (time(21), time(8))
"""From the evening to the morning, of the office, nobody is written to who is not on the telephone just now."""
_NOBODY = {"zh-CN": "客户", "en": "customer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """What a change of an appointment is told by: made before it, with all that must be looked up. address "": nothing
    is told. awake: the customer is on the telephone."""

    change: Change | None
    service: AppointmentService
    channel: MessageChannel
    address: str
    texts: Mapping[Purpose, MessageTemplate]
    zone: tzinfo
    now: datetime
    awake: bool
    by: str

    def __call__(self, one: Appointment) -> Sequence[NewCustomerMessage]:
        if not self.address:
            return []
        told = []
        if self.change is not None:
            at = self.now if self.awake else after_quiet(self.now, self.zone)
            if at < one.end:
                told.append(self._message(one, _PURPOSES[self.change], at, one.end, ""))
        if self.change != "cancelled":
            told += [
                self._message(one, REMINDER, due, one.at, f"/{hours}")
                for hours in self.service.reminders
                if (due := reminder_at(one.at, hours, self.now, self.zone)) is not None
            ]
        return told

    def _message(
        self, one: Appointment, purpose: Purpose, at: datetime, until: datetime, which: str
    ) -> NewCustomerMessage:
        text = self.texts[purpose]
        words = self._words(one)
        return NewCustomerMessage(
            key=f"appointment/{one.id}/{one.version}/{purpose}{which}",
            channel=self.channel,
            address=self.address,
            subject=" ".join(fill(text.subject, words).split())[:MOST_SUBJECT] if self.channel == "email" else "",
            text=fill(text.text, words)[:MOST_TEXT],
            language=one.language,
            customer=one.customer,
            call=one.call,
            kind="appointment",
            record=str(one.id),
            owner=one.owner,
            team=one.team,
            created_by=self.by,
            not_before=at,
            until=until,
            purpose=purpose,
        )

    def _words(self, one: Appointment) -> dict[str, str]:
        begin = one.at.astimezone(self.zone)
        return {
            "name": one.name or _NOBODY[one.language],
            "number": one.number,
            "service": self.service.title(one.language),
            "date": day_in_words(begin, one.language),
            "time": f"{begin:%H:%M}",
            "code": one.code,
            "phone": one.phone,
        }


def day_in_words(begin: datetime, language: TemplateLanguage) -> str:
    """11月27日星期五, Friday 27 November."""
    if language == "zh-CN":
        return format_date(begin, "M月d日EEEE", locale="zh_CN")
    return format_date(begin, "EEEE d MMMM", locale="en_GB")


async def texts(store: Store, channel: MessageChannel, language: TemplateLanguage) -> dict[Purpose, MessageTemplate]:
    """As the office has them now."""
    return {
        purpose: await store.message_templates.get(purpose, channel, language)
        for purpose in (*_PURPOSES.values(), REMINDER)
    }


def address(channel: MessageChannel, phone: str, customer: Customer | None, region: str) -> str:
    """Where to: the number that was left, if it is a mobile one, else the customer's; "": there is none."""
    if channel == "email":
        return "" if customer is None else customer.email
    known = (phone, *(() if customer is None else customer.phones))
    return next((one for one in known if one and numbers.is_mobile(one, region)), "")


def reminder_at(begin: datetime, hours: int, now: datetime, zone: tzinfo) -> datetime | None:
    """When it is sent: so many hours before, in the evening before a quiet night, at worst in the morning after it.
    None: that time is over."""
    due = begin - timedelta(hours=hours)
    if due <= now:
        return None
    for at in (before_quiet(due, zone), after_quiet(due, zone)):
        if now < at < begin:
            return at
    return None


def before_quiet(moment: datetime, zone: tzinfo) -> datetime:
    """The moment itself, or the evening in which the quiet time began that it falls into."""
    local = moment.astimezone(zone)
    evening, morning = QUIET
    if morning <= local.time() < evening:
        return moment
    day = local.date() if local.time() >= evening else local.date() - timedelta(days=1)
    return datetime.combine(day, evening, tzinfo=zone).astimezone(UTC)


def after_quiet(moment: datetime, zone: tzinfo) -> datetime:
    """The moment itself, or the morning in which the quiet time ends that it falls into."""
    local = moment.astimezone(zone)
    evening, morning = QUIET
    if morning <= local.time() < evening:
        return moment
    day = local.date() if local.time() < morning else local.date() + timedelta(days=1)
    return datetime.combine(day, morning, tzinfo=zone).astimezone(UTC)
