"""Messages to customers [客户消息]: what may be sent to whom, in which words, and the trail of it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from callcenterd.clock import Clock
from callcenterd.errors import NotFound, Refused
from callcenterd.model import numbers
from callcenterd.model.attachments import RecordKind
from callcenterd.model.customer_messages import (
    MOST_SUBJECT,
    MOST_TEXT,
    CustomerMessage,
    MessageChannel,
    NewCustomerMessage,
)
from callcenterd.model.customers import Customer
from callcenterd.model.ids import CallId, CustomerId
from callcenterd.model.message_templates import MessageTemplate, Purpose, fill, unknown_fields
from callcenterd.model.site import Site
from callcenterd.store.database import Store

_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What somebody wants to send. address "": the customer's own."""

    channel: MessageChannel
    text: str
    subject: str = ""
    address: str = ""
    language: str = ""
    customer: CustomerId | None = None
    call: CallId | None = None
    kind: RecordKind | None = None
    record: str = ""
    not_before: datetime | None = None
    key: str = ""


class CustomerMessages:
    """site: as it is now. region: whose national numbers are meant."""

    def __init__(self, store: Store, clock: Clock, site: Callable[[], Site], region: str) -> None:
        self._store = store
        self._clock = clock
        self._site = site
        self._region = region

    async def send(self, written: Written, by: str) -> CustomerMessage:
        """It waits for its sender, and goes out within seconds if it may now. Raises Refused with its fields."""
        now, faults = self._clock.utc(), {}
        address = written.address.strip()
        if written.customer is not None:
            try:
                customer = await self._store.customers.get(written.customer)
            except NotFound:
                faults["customer"] = f"there is no customer {written.customer}"
            else:
                address = address or address_of(customer, written.channel, self._region)
        if not faults and (why := self.wrong_address(written.channel, address)):
            faults["address"] = why
        if not written.text.strip():
            faults["text"] = "is missing"
        if written.channel == "email" and not written.subject.strip():
            faults["subject"] = "is missing"
        if faults:
            raise Refused("the message cannot be sent as it is", faults)
        kept = await self._store.customer_messages.put(
            NewCustomerMessage(
                key=f"{by}/{written.key}" if written.key else secrets.token_hex(16),
                channel=written.channel,
                address=address,
                subject=written.subject.strip() if written.channel == "email" else "",
                text=written.text,
                language=written.language,
                customer=written.customer,
                call=written.call,
                kind=written.kind or "",
                record=written.record if written.kind else "",
                owner=by,
                team=self._site().team_of(by),
                created_by=by,
                not_before=max(now, written.not_before or now),
            ),
            now,
        )
        await self._trail(by, "customer_message.created", kept)
        return kept

    async def cancel(self, message: int, by: str) -> CustomerMessage:
        """Raises NotFound, MessageNotWaiting."""
        kept = await self._store.customer_messages.cancel(message, by)
        await self._trail(by, "customer_message.cancelled", kept)
        return kept

    async def again(self, message: int, by: str) -> CustomerMessage:
        """Raises NotFound, MessageNotWaiting."""
        kept = await self._store.customer_messages.again(message, self._clock.utc())
        await self._trail(by, "customer_message.again", kept)
        return kept

    def wrong_address(self, channel: MessageChannel, address: str) -> str:
        """Why nothing can be sent there; "" if it can."""
        if not address:
            return "there is no address to send it to"
        if channel == "email":
            return "" if len(address) <= 200 and _EMAIL.fullmatch(address) else "this is no e-mail address"
        return "" if numbers.is_mobile(address, self._region) else "this is no mobile number"

    async def change_text(self, new: MessageTemplate, by: str) -> MessageTemplate:
        """new.version: the one that was read. Raises Refused with its fields, TemplateIsAnother."""
        faults = {}
        if not new.text.strip():
            faults["text"] = "is missing"
        if new.channel == "email" and not new.subject.strip():
            faults["subject"] = "is missing"
        for name, text in (("text", new.text), ("subject", new.subject)):
            if unknown := unknown_fields(new.purpose, text):
                faults[name] = f"{unknown[0][:40]} is no field of this text"
        if faults:
            raise Refused("the text cannot be kept as it is", faults)
        if new.channel == "sms":
            new = replace(new, subject="")
        now = self._clock.utc()
        kept = await self._store.message_templates.put(new, now, by)
        target = f"message_template/{kept.purpose}/{kept.channel}/{kept.language}"
        await self._store.audit.append(now, by, "message_template.changed", target, {"version": kept.version})
        return kept

    async def worded(
        self, purpose: Purpose, channel: MessageChannel, language: str, fields: Mapping[str, str]
    ) -> tuple[str, str]:
        """Subject and text of such a message, in that language."""
        template = await self._store.message_templates.get(purpose, channel, language)
        subject = " ".join(fill(template.subject, fields).split())
        return subject[:MOST_SUBJECT], fill(template.text, fields)[:MOST_TEXT]

    async def _trail(self, by: str, what: str, message: CustomerMessage) -> None:
        """Which message, not what stands in it."""
        details = {"channel": message.channel, "customer": message.customer, "kind": message.kind}
        now = self._clock.utc()
        await self._store.audit.append(now, by, what, f"customer_message/{message.id}", details)


def address_of(customer: Customer, channel: MessageChannel, region: str) -> str:
    """The customer's e-mail address, or the first number that is a mobile one; "": there is none."""
    if channel == "email":
        return customer.email
    return next((phone for phone in customer.phones if numbers.is_mobile(phone, region)), "")
