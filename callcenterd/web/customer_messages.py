"""Messages to customers [客户消息]: what went to whom, what waits, and the texts that they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, cast

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.channels.customer_messages import Begun, Written
from callcenterd.errors import NotFound
from callcenterd.model.attachments import RecordKind
from callcenterd.model.customer_messages import (
    MOST_SUBJECT,
    MOST_TEXT,
    CustomerMessage,
    CustomerMessageFilter,
    CustomerMessageState,
    MessageChannel,
)
from callcenterd.model.ids import CallId, CustomerId
from callcenterd.model.message_templates import (
    EXAMPLES,
    FIELDS,
    HandPurpose,
    MessageTemplate,
    Purpose,
    TemplateLanguage,
)
from callcenterd.model.message_texts import SHIPPED
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import VISIBLE, Asked, Conditions, WrongFields, answer, conditions, read
from callcenterd.web.calls import Moment, seen_call
from callcenterd.web.customers import number_in, seen_customer
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.once import once
from callcenterd.web.recordsight import seen_record
from callcenterd.web.rights import right, sight_of
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

Short = Annotated[str, VISIBLE, Field(max_length=64)]
Subject = Annotated[str, VISIBLE, Field(max_length=MOST_SUBJECT)]
Text = Annotated[str, VISIBLE, Field(max_length=MOST_TEXT)]
Number = Annotated[int, Field(ge=1, lt=1 << 62)]


@dataclass(frozen=True, slots=True)
class CustomerMessageList:
    """sms: is there a gateway? Without one SMS wait."""

    items: list[CustomerMessage]
    total: int
    sms: bool


@dataclass(frozen=True, slots=True)
class TemplateWithFields:
    """fields: what may stand in braces in its text. examples: what a preview puts there. shipped: the text as it
    ships."""

    template: MessageTemplate
    fields: list[str]
    examples: dict[str, str]
    shipped: MessageTemplate


@dataclass(frozen=True, slots=True)
class TemplateList:
    items: list[TemplateWithFields]
    total: int


MESSAGE = TypeAdapter(CustomerMessage)
MESSAGES = TypeAdapter(CustomerMessageList)
BEGUN = TypeAdapter(Begun)
TEMPLATES = TypeAdapter(TemplateList)
TEMPLATE = TypeAdapter(MessageTemplate)


class CustomerMessageConditions(Conditions):
    """kind, record: what they are about ("complaint", "12"). purpose: of the text that they were made of; "none": those
    in words of their own. agent: whose affair they are, or who has written them. since, until: when they were written.
    text: a part of their words, or of their address."""

    state: CustomerMessageState | None = None
    channel: MessageChannel | None = None
    customer: Number | None = None
    kind: RecordKind | None = None
    record: Short | None = None
    purpose: Purpose | Literal["none"] | None = None
    agent: Short | None = None
    since: Moment | None = None
    until: Moment | None = None
    text: Annotated[str, VISIBLE] = Field("", max_length=100)
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


class CustomerMessageNew(Asked):
    """address: without it the customer's own e-mail address or first mobile number. not_before: it goes out then;
    without it at once. key: asked again with the same one, nothing is sent twice."""

    channel: MessageChannel
    text: Text
    subject: Subject = ""
    address: Annotated[str, VISIBLE, Field(max_length=200)] = ""
    customer: Number | None = None
    call: Short | None = None
    kind: RecordKind | None = None
    record: Short = ""
    not_before: Moment | None = None
    key: Annotated[str, VISIBLE, Field(max_length=64)] = ""
    purpose: HandPurpose | None = None


class CustomerMessageBegun(Asked):
    """language: in which the customer is written to; without it the office's. record: of the follow-up that a text of
    the purpose follow_up is about."""

    customer: Number
    purpose: HandPurpose
    record: Short = ""
    channel: MessageChannel
    language: TemplateLanguage | None = None


class TemplateChange(Asked):
    """version: the one that was read, 0 of a text as it ships; with another one there is 409."""

    version: Annotated[int, Field(ge=0, lt=1 << 62)]
    subject: Subject = ""
    text: Text


async def _seen(request: web.Request) -> CustomerMessage:
    """Raises NotFound, also for one that who asks may not see."""
    number, office = number_in(request, "customer message"), request.app[OFFICE]
    message = await office.store.customer_messages.get(number)
    sight = sight_of(request).of_records(office.board.site)
    if sight is None or sight.sees(message):
        return message
    raise NotFound("customer message", number)


@routes.get("/api/v1/customer-messages")
@right("customer_message")
@shape(
    summary="Messages to customers that one may see, newest first",
    conditions=CustomerMessageConditions,
    answer=MESSAGES,
)
async def list_customer_messages(request: web.Request) -> web.StreamResponse:
    """200 one page of them: one's own, of whom one oversees, and of one's teams."""
    wanted, office = conditions(request, CustomerMessageConditions), request.app[OFFICE]
    chosen = CustomerMessageFilter(
        state=wanted.state,
        channel=wanted.channel,
        customer=None if wanted.customer is None else CustomerId(wanted.customer),
        kind=wanted.kind,
        record=wanted.record,
        purpose="" if wanted.purpose == "none" else wanted.purpose,
        owner=wanted.agent,
        since=wanted.since,
        until=wanted.until,
        text=wanted.text,
        sight=sight_of(request).of_records(office.board.site),
    )
    items, total = await office.store.customer_messages.list(chosen, wanted.limit, wanted.offset)
    return answer(MESSAGES, CustomerMessageList(items, total, request.app[MODULES].sms.gateway is not None))


@routes.post("/api/v1/customer-messages")
@right("customer_message")
@shape(summary="Write to a customer", body=CustomerMessageNew, answer=MESSAGE)
@once
async def write_to_customer(request: web.Request) -> web.StreamResponse:
    """201 it, which goes out within seconds if it may now; an SMS waits until there is a gateway · 404 no such call,
    customer or record, or one that one may not see · 422 fields."""
    asked, who = await read(request, CustomerMessageNew), signed_in(request)
    if asked.call is not None:
        await seen_call(request, CallId(asked.call))
    if asked.customer is not None:
        await seen_customer(request, CustomerId(asked.customer))
    record = "" if asked.kind is None else await seen_record(request, asked.kind, asked.record)
    written = Written(
        channel=asked.channel,
        text=asked.text,
        subject=asked.subject,
        address=asked.address,
        language=request.app[OFFICE].language,
        customer=None if asked.customer is None else CustomerId(asked.customer),
        call=None if asked.call is None else CallId(asked.call),
        kind=asked.kind,
        record=record,
        not_before=asked.not_before,
        key=asked.key,
        purpose=asked.purpose or "",
    )
    return answer(MESSAGE, await request.app[MODULES].customer_messages.send(written, who.login), status=201)


@routes.post("/api/v1/customer-messages/begin")
@right("customer_message")
@shape(
    summary="A text to begin with, for a message that somebody writes by hand", body=CustomerMessageBegun, answer=BEGUN
)
async def begin_customer_message(request: web.Request) -> web.StreamResponse:
    """200 address, subject and text; nothing is kept, and nothing goes out · 404 no such customer, or follow-up · 422
    which follow-up it is about."""
    asked, who = await read(request, CustomerMessageBegun), signed_in(request)
    customer, language = await seen_customer(request, CustomerId(asked.customer)), request.app[OFFICE].language
    about = None
    if asked.purpose == "follow_up":
        if not asked.record:
            raise WrongFields({"record": ("missing", {})})
        one = await seen_record(request, "follow_up", asked.record)
        follow_up = await request.app[OFFICE].store.follow_ups.get(int(one))
        about = (follow_up.number, follow_up.at)
    begun = await request.app[MODULES].customer_messages.begin(
        customer, asked.purpose, asked.channel, asked.language or language, who.login, about
    )
    return answer(BEGUN, begun)


@routes.get("/api/v1/customer-messages/{id}")
@right("customer_message")
@shape(summary="One message to a customer", answer=MESSAGE)
async def one_customer_message(request: web.Request) -> web.StreamResponse:
    """200 the message · 404 no such message, or not one's own affair."""
    return answer(MESSAGE, await _seen(request))


@routes.post("/api/v1/customer-messages/{id}/cancel")
@right("customer_message")
@shape(summary="Do not send a message that waits", body=Nothing, answer=MESSAGE)
async def cancel_customer_message(request: web.Request) -> web.StreamResponse:
    """200 the message · 404 as above · 409 it has gone out, or never will."""
    await read(request, Nothing)
    message, by = await _seen(request), signed_in(request).login
    return answer(MESSAGE, await request.app[MODULES].customer_messages.cancel(message.id, by))


@routes.post("/api/v1/customer-messages/{id}/again")
@right("customer_message")
@shape(summary="Try a message anew that was not delivered", body=Nothing, answer=MESSAGE)
async def try_customer_message_again(request: web.Request) -> web.StreamResponse:
    """200 the message · 404 as above · 409 it has not failed, or its letter was given up."""
    await read(request, Nothing)
    message, by = await _seen(request), signed_in(request).login
    return answer(MESSAGE, await request.app[MODULES].customer_messages.again(message.id, by))


@routes.get("/api/v1/message-templates")
@right("message_template.read")
@shape(summary="The texts of messages to customers", answer=TEMPLATES)
async def list_message_templates(request: web.Request) -> web.StreamResponse:
    """200 all of them, by what they are for, channel and language."""
    found = [
        TemplateWithFields(
            one,
            sorted(FIELDS[one.purpose]),
            {name: EXAMPLES[name][one.language == "en"] for name in sorted(FIELDS[one.purpose])},
            SHIPPED[one.purpose, one.channel, one.language],
        )
        for one in await request.app[OFFICE].store.message_templates.all()
    ]
    return answer(TEMPLATES, TemplateList(found, len(found)))


@routes.put("/api/v1/message-templates/{purpose}/{channel}/{language}")
@right("message_template.write")
@shape(summary="Change a text of messages to customers", body=TemplateChange, answer=TEMPLATE)
async def change_message_template(request: web.Request) -> web.StreamResponse:
    """200 the text now · 404 there is no such text · 409 somebody has changed it meanwhile ("now" has it as it is) ·
    422 fields: what stands in braces must be a field of it."""
    place = (request.match_info["purpose"], request.match_info["channel"], request.match_info["language"])
    if place not in SHIPPED:
        raise NotFound("message template", "/".join(place)[:100])
    asked, by = await read(request, TemplateChange), signed_in(request).login
    template = MessageTemplate(
        purpose=cast(Purpose, place[0]),
        channel=cast(MessageChannel, place[1]),
        language=cast(TemplateLanguage, place[2]),
        subject=asked.subject,
        text=asked.text,
        version=asked.version,
    )
    return answer(TEMPLATE, await request.app[MODULES].customer_messages.change_text(template, by))
