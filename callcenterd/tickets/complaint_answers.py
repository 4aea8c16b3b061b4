"""How a customer gets the answer to a complaint (CMP-04): by their own means, if that is possible, else by a call.

By e-mail or SMS it goes through the outbox of messages to customers, in the office's own words for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from babel.dates import format_date

from callcenterd.errors import NotFound, Refused
from callcenterd.model import numbers
from callcenterd.model.complaints import Complaint, Means
from callcenterd.model.customer_messages import MOST_SUBJECT, REFUSED, MessageChannel, NewCustomerMessage
from callcenterd.model.customers import Customer
from callcenterd.model.message_templates import Purpose, fill, language_of
from callcenterd.model.site import Site
from callcenterd.model.sms import MOST_SEGMENTS, size_of
from callcenterd.store.database import Store

_PURPOSE: Final[Purpose] = "complaint_answer"
_NOBODY = {"zh-CN": "客户", "en": "customer"}
_REFUSED = "the complaint cannot be moved so"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a customer will get the answer. to: a number, or an address; "": somebody has to find a way. message: what
    goes out by itself; its key is given by the duty of the step."""

    means: Means | None = None
    to: str = ""
    message: NewCustomerMessage | None = None


class Answers:
    """zone, language, region: the office's. site: as it is now."""

    def __init__(self, store: Store, zone: tzinfo, language: str, region: str, site: Callable[[], Site]) -> None:
        self._site = site
        self._store = store
        self._zone = zone
        self._language = language_of(language)
        self._region = region

    async def wanted(self, complaint: Complaint, by: str, now: datetime) -> Answer:
        """As the customer wants it, if that is possible and allowed by them; else by call, else by letter."""
        if complaint.answer_by == "in_person":
            return Answer(means="in_person")
        ways = await self._ways(complaint)
        order: tuple[Means, ...] = ("call", "email")
        if complaint.answer_by:
            order = (complaint.answer_by, *order)
        for means in order:
            if means not in ways or (means in ("email", "sms") and not self._writes()):
                continue
            if means == "call":
                return Answer(means=means, to=ways[means])
            if means != "in_person" and not await self._refused(complaint, means, ways[means]):
                message = await self._message(complaint, means, ways[means], by, now)
                if means == "email" or size_of(message.text).segments <= MOST_SEGMENTS:
                    return Answer(means=means, to=ways[means], message=message)
        return Answer()

    async def chosen(self, complaint: Complaint, means: Means, to: str, by: str, now: datetime) -> Answer:
        """As somebody of the office wants it. to "": where it is known. Raises Refused with its fields."""
        to = to or (await self._ways(complaint)).get(means, "")
        if not to:
            raise Refused(_REFUSED, {"to": "is missing"})
        if means not in ("email", "sms"):
            return Answer(means=means, to=to)
        if not self._writes():
            raise Refused(_REFUSED, {"means": "messages to customers are switched off"})
        if means == "sms" and not numbers.is_mobile(to, self._region):
            raise Refused(_REFUSED, {"to": "this is no mobile number"})
        if await self._refused(complaint, means, to):
            raise Refused(_REFUSED, {"means": REFUSED[means]})
        message = await self._message(complaint, means, to, by, now)
        if means == "sms" and size_of(message.text).segments > MOST_SEGMENTS:
            raise Refused(_REFUSED, {"text": "is too long for an SMS"})
        return Answer(means=means, to=to, message=message)

    async def call(self, complaint: Complaint) -> Answer:
        """Somebody has to dial, if there is a number."""
        number = (await self._ways(complaint)).get("call", "")
        return Answer(means="call" if number else None, to=number)

    def _writes(self) -> bool:
        return self._site().has("customer_messages")

    async def _ways(self, complaint: Complaint) -> dict[Means, str]:
        """What is known of the customer."""
        customer = await self._customer(complaint)
        phones: Sequence[str] = () if customer is None else customer.phones
        lines = [number for number in (complaint.phone, *phones) if number]
        ways: dict[Means, str] = {
            "call": next(iter(lines), ""),
            "email": complaint.email or ("" if customer is None else customer.email),
            "sms": next((number for number in lines if numbers.is_mobile(number, self._region)), ""),
        }
        return {means: to for means, to in ways.items() if to}

    async def _customer(self, complaint: Complaint) -> Customer | None:
        if complaint.customer is None:
            return None
        try:
            return await self._store.customers.get(complaint.customer)
        except NotFound:  # erased meanwhile
            return None

    async def _refused(self, complaint: Complaint, channel: MessageChannel, to: str) -> bool:
        """By the customer, or by whoever has that address."""
        refused, customer = self._store.customer_messages.refused, complaint.customer
        own = customer is not None and await refused(channel, to, customer)
        return own or await refused(channel, to, None)

    async def _message(
        self, complaint: Complaint, channel: MessageChannel, to: str, by: str, now: datetime
    ) -> NewCustomerMessage:
        text = await self._store.message_templates.get(_PURPOSE, channel, self._language)
        words = {
            "name": complaint.name or _NOBODY[self._language],
            "number": complaint.number,
            "date": format_date(complaint.at.astimezone(self._zone), locale=self._language.replace("-", "_")),
            "answer": complaint.result,
        }
        return NewCustomerMessage(
            key="",
            channel=channel,
            address=to,
            subject=" ".join(fill(text.subject, words).split())[:MOST_SUBJECT] if channel == "email" else "",
            text=fill(text.text, words),
            language=self._language,
            customer=complaint.customer,
            call=complaint.call,
            kind="complaint",
            record=str(complaint.id),
            owner=complaint.owner,
            team=complaint.team,
            created_by=by,
            not_before=now,
            purpose=_PURPOSE,
        )
