"""Messages to customers [客户消息]: what may be sent to whom, in which words, and the trail of it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from babel.dates import format_date

from callcenterd.clock import Clock
from callcenterd.errors import NotFound, Refused
from callcenterd.model import numbers
from callcenterd.model.attachments import RecordKind
from callcenterd.model.customer_messages import (
    MOST_SUBJECT,
    MOST_TEXT,
    REFUSED,
    CustomerMessage,
    MessageChannel,
    NewCustomerMessage,
)
from callcenterd.model.customers import Customer
from callcenterd.model.ids import CallId, CustomerId
from callcenterd.model.message_templates import (
    HandPurpose,
    MessageTemplate,
    Purpose,
    fill,
    language_of,
    unknown_fields,
)
from callcenterd.model.site import Site
from callcenterd.store.database import Store

_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What somebody wants to send. address "": the customer's own. purpose: of the text that it was begun with."""

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
    purpose: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A message to begin with. refused: the customer wants none in this channel."""

    address: str
    subject: str
    text: str
    refused: bool


class CustomerMessages:
    """site: as it is now. region: whose national numbers are meant. zone: the office's."""

    def __init__(self, store: Store, clock: Clock, site: Callable[[], Site], region: str, zone: tzinfo) -> None:
        self._store = store
        self._clock = clock
        self._site = site
        self._region = region
        self._zone = zone

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
        elif not faults and await self._refused(written, address):
            faults["channel"] = REFUSED[written.channel]
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
                purpose=written.purpose,
            ),
            now,
        )
        await self._trail(by, "customer_message.created", kept)
        return kept

    async def _refused(self, written: Written, address: str) -> bool:
        """Of a customer who is named, and of whoever has that address."""
        refused, customer = self._store.customer_messages.refused, written.customer
        own = customer is not None and await refused(written.channel, address, customer)
        return own or await refused(written.channel, address, None)

    async def begin(
        self,
        customer: Customer,
        purpose: HandPurpose,
        channel: MessageChannel,
        language: str,
        by: str,
        about: tuple[str, datetime] | None = None,
    ) -> Begun:
        """What somebody begins with who writes to a customer by hand. about: a record's number, and when it was."""
        site = self._site()
        writer = next((user.name for user in site.users if user.login == by), "")
        number, at = about or ("", self._clock.utc())
        day = format_date(at.astimezone(self._zone), locale=language_of(language).replace("-", "_"))
        unnamed = "客户" if language_of(language) == "zh-CN" else "customer"
        fields = {"name": customer.name or unnamed, "company": customer.company, "agent": writer or by, "date": day}
        fields["number"] = number
        subject, text = await self.worded(purpose, channel, language, fields)
        address = address_of(customer, channel, self._region)
        refused = await self._store.customer_messages.refused(channel, address, customer.id)
        return Begun(address=address, subject=subject if channel == "email" else "", text=text, refused=refused)

    async def cancel(self, message: int, by: str) -> CustomerMessage:
        """Raises NotFound, MessageNotWaiting."""
        kept = await self._store.customer_messages.cancel(message, by)
        await self._trail(by, "customer_message.cancelled", kept)
        return kept

    async def again(self, message: int, by: str) -> CustomerMessage:
        """Raises NotFound, MessageNotWaiting, MessageRefused."""
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
