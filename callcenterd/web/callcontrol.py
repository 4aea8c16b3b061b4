"""What an agent does with a call from a page or a program: dial it (ACD-06), and all that TEL-03 knows of."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from callcenterd.errors import NotFound
from callcenterd.model.ids import AgentId, CallId, CustomerId, ExtensionNumber, FlowName, QueueName
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import VISIBLE, Asked, WrongFields, answer, nothing, read
from callcenterd.web.callrights import as_whom, note, own_or_any, to_pick_up
from callcenterd.web.calls import seen_call
from callcenterd.web.customers import seen_customer
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

Number = Annotated[str, VISIBLE, Field(min_length=1, max_length=32)]


class DialAsked(Asked):
    """number: as a phone would dial it, or whole (+86…); instead of it customer, and which of their numbers (0: the
    main one), or call: who was at its other end. So can be called whose number is hidden from who calls.

    extension: the phone to be rung; without it the one where one sits. caller_id: what the
    other side is shown, one of the office's own numbers; without it what its trunk shows."""

    number: Number | None = None
    customer: int | None = Field(None, ge=1, lt=1 << 62)
    phone: int = Field(0, ge=0, le=9)
    call: Annotated[str, VISIBLE] | None = Field(None, min_length=1, max_length=64)
    extension: Annotated[str, VISIBLE] | None = Field(None, min_length=1, max_length=32)
    caller_id: Annotated[str, VISIBLE] = Field("", max_length=32)


class Dialled(TypedDict):
    call: str


class PersonAsked(Asked):
    """A number as a phone would dial it, or an agent at their phone; one of the two."""

    number: Number | None = None
    agent: Annotated[str, VISIBLE] | None = Field(None, min_length=1, max_length=64)


class ConsultAsked(PersonAsked):
    """One of: a number as a phone would dial it, an agent, a queue (whoever of it comes free)."""

    queue: Annotated[str, VISIBLE] | None = Field(None, min_length=1, max_length=64)


class TransferAsked(PersonAsked):
    """One of: a number as a phone would dial it (an extension, too), an agent, a queue, a flow."""

    queue: Annotated[str, VISIBLE] | None = Field(None, min_length=1, max_length=64)
    flow: Annotated[str, VISIBLE] | None = Field(None, min_length=1, max_length=64)


class MutedAsked(Asked):
    muted: bool


class KeysAsked(Asked):
    """0 to 9, *, #, A to D."""

    keys: str = Field(min_length=1, max_length=64, pattern=r"^[0-9*#A-D]+$")


DIALLED = TypeAdapter(Dialled)


@routes.post("/api/v1/calls")
@right("call.dial")
@shape(summary="Have one's phone rung, and then a number", body=DialAsked, answer=DIALLED)
async def click_to_dial(request: web.Request) -> web.StreamResponse:
    """200 one's phone rings; what comes of it is told as call.answered or call.ended · 404 no such extension, customer
    or call, or one may not see it · 409 one
    is in a call, or has no phone that could be rung · 422 fields, or a number that leads nowhere."""
    asked = await read(request, DialAsked)
    extension = None if asked.extension is None else ExtensionNumber(asked.extension)
    call = await request.app[OFFICE].board.dial_out.begin(
        signed_in(request).login, await _dialled(request, asked), extension=extension, caller_id=asked.caller_id
    )
    return answer(DIALLED, Dialled(call=call))


async def _dialled(request: web.Request, asked: DialAsked) -> str:
    """Raises NotFound, and WrongFields where not exactly one is named or there is no such number."""
    wanted = [one for one in (asked.number, asked.customer, asked.call) if one is not None]
    if len(wanted) != 1:
        raise WrongFields({"number": ("missing", {})})
    if asked.number is not None:
        return asked.number
    if asked.customer is not None:
        phones = (await seen_customer(request, CustomerId(asked.customer))).phones
        if asked.phone >= len(phones):
            raise WrongFields({"phone": ("missing", {})})
        return phones[asked.phone]
    record = await seen_call(request, CallId(str(asked.call)))
    number = record.called if record.direction == "outbound" else record.caller
    if not number:
        raise WrongFields({"call": ("missing", {})})
    return number


@routes.post("/api/v1/calls/{id}/transfer")
@right("call.control")
@shape(summary="Hand a call on (blind): to an agent, a number, a queue or a flow", body=TransferAsked)
async def transfer(request: web.Request) -> web.StreamResponse:
    """204 it rings there, or has gone there; what comes of it is told as call.transferred or call.transfer_failed · 403
    a call that one does not take part in · 404 no such call is up, or one may not see it, or no such agent, queue or
    flow · 409 two do not speak in it, it is being handed on already, the agent has no phone, or nobody works in the
    queue · 422 fields."""
    asked = await read(request, TransferAsked)
    call, transfers = own_or_any(request, "call.control.any"), request.app[OFFICE].board.transfers
    wanted = [name for name in ("number", "agent", "queue", "flow") if getattr(asked, name) is not None]
    if len(wanted) != 1:
        raise WrongFields({"number": ("missing", {})})
    if asked.queue is not None:
        transfers.send_into_queue(call, as_whom(request, call), QueueName(asked.queue))
    elif asked.flow is not None:
        transfers.send_into_flow(call, as_whom(request, call), FlowName(asked.flow))
    else:
        transfers.send(call, as_whom(request, call), _number(request, asked))
    return await _done(request, "call.transfer", call)


@routes.post("/api/v1/calls/{id}/consult")
@right("call.control")
@shape(summary="Ask somebody about a call, while the customer hears music", body=ConsultAsked)
async def consult(request: web.Request) -> web.StreamResponse:
    """204 they are rung; what comes of it is told as call.consult_answered or call.consult_ended · 403 a call that one
    does not take part in · 404 no such call is up, or one may not see it, or no such agent or queue · 409 two do not
    speak in it, somebody is being asked already, the phone itself holds it, the agent has no phone, or the queue is
    closed, full, or nobody else works in it · 422 fields."""
    asked = await read(request, ConsultAsked)
    call, consulting = own_or_any(request, "call.control.any"), request.app[OFFICE].board.consulting
    if sum(name is not None for name in (asked.number, asked.agent, asked.queue)) != 1:
        raise WrongFields({"number": ("missing", {})})
    if asked.queue is not None:
        consulting.begin_in_queue(call, as_whom(request, call), QueueName(asked.queue))
    else:
        consulting.begin(call, as_whom(request, call), _number(request, asked))
    return await _done(request, "call.consult", call)


@routes.post("/api/v1/calls/{id}/toggle")
@right("call.control")
@shape(summary="Speak with the other: the customer, or who is asked; the one who is left hears music", body=Nothing)
async def toggle(request: web.Request) -> web.StreamResponse:
    """204 done · 403 a call that one does not take part in · 404 no such call is up, or one may not see it · 409 one
    asks nobody, or they have not answered yet."""
    call = await _of_own_or_any(request)
    request.app[OFFICE].board.consulting.toggle(call, as_whom(request, call))
    return await _done(request, "call.toggle", call)


@routes.post("/api/v1/calls/{id}/complete")
@right("call.control")
@shape(summary="Hand a call on to who is asked about it; before they answer it rings on, or waits, there", body=Nothing)
async def complete(request: web.Request) -> web.StreamResponse:
    """204 done · 403 a call that one does not take part in · 404 no such call is up, or one may not see it · 409 one
    asks nobody."""
    call = await _of_own_or_any(request)
    request.app[OFFICE].board.consulting.complete(call, as_whom(request, call))
    return await _done(request, "call.complete", call)


@routes.post("/api/v1/calls/{id}/conference")
@right("call.control")
@shape(summary="Bring customer, agent and who is asked together", body=Nothing)
async def confer(request: web.Request) -> web.StreamResponse:
    """204 all three speak · 403 a call that one does not take part in · 404 no such call is up, or one may not see it ·
    409 one asks nobody, or they have not answered yet."""
    call = await _of_own_or_any(request)
    request.app[OFFICE].board.consulting.confer(call, as_whom(request, call), signed_in(request).login)
    return await _done(request, "call.conference", call)


@routes.post("/api/v1/calls/{id}/back")
@right("call.control")
@shape(summary="Ask nobody any more, and speak with the customer", body=Nothing)
async def back(request: web.Request) -> web.StreamResponse:
    """204 done, also when who was asked has gone already · 403 a call that one does not take part in · 404 no such call
    is up, or one may not see it · 409 nobody speaks with an agent."""
    call = await _of_own_or_any(request)
    request.app[OFFICE].board.consulting.back(call, as_whom(request, call))
    return await _done(request, "call.back", call)


# ---- what one's phone would do by its own keys ---------------------------------------------------------------


@routes.post("/api/v1/calls/{id}/answer")
@right("call.control")
@shape(summary="Have one's phone pick up what rings at it", body=Nothing)
async def pick_up_own(request: web.Request) -> web.StreamResponse:
    """204 it was told to · 403 a call that one does not take part in · 404 no such call is up, or one may not see it ·
    409 one's phone does not ring for it, or is none that can be told to pick up."""
    call = await _of_own_or_any(request)
    request.app[OFFICE].board.desk.answer(call, signed_in(request).login)
    return nothing()


@routes.post("/api/v1/calls/{id}/mute")
@right("call.control")
@shape(summary="Let nobody hear the agent, or everybody again", body=MutedAsked)
async def mute(request: web.Request) -> web.StreamResponse:
    """204 done · 403 a call that one does not take part in · 404 no such call is up, or one may not see it · 409 nobody
    speaks with an agent."""
    asked = await read(request, MutedAsked)
    call = own_or_any(request, "call.control.any")
    request.app[OFFICE].board.desk.mute(call, as_whom(request, call), asked.muted)
    return await _done(request, "call.mute", call)


@routes.post("/api/v1/calls/{id}/keys")
@right("call.control")
@shape(summary="Send keys to whom one speaks with", body=KeysAsked)
async def send_keys(request: web.Request) -> web.StreamResponse:
    """204 they are on their way · 403 a call that one does not take part in · 404 no such call is up, or one may not
    see it · 409 the agent does not speak with one other · 422 fields."""
    asked = await read(request, KeysAsked)
    call = own_or_any(request, "call.control.any")
    request.app[OFFICE].board.desk.press(call, as_whom(request, call), asked.keys)
    return await _done(request, "call.keys", call)


@routes.post("/api/v1/calls/{id}/pick-up")
@right("call.pick_up")
@shape(summary="Take a call that rings at another phone: one's own is rung and has it", body=Nothing)
async def pick_up(request: web.Request) -> web.StreamResponse:
    """204 one's phone is rung · 404 no such call is up, or one may not see it · 409 it rings at nobody else's phone,
    one is in a call, or has no phone."""
    await read(request, Nothing)
    call = to_pick_up(request)
    request.app[OFFICE].board.pickup.begin(call, signed_in(request).login)
    return nothing()


async def _of_own_or_any(request: web.Request) -> CallId:
    await read(request, Nothing)
    return own_or_any(request, "call.control.any")


async def _done(request: web.Request, what: str, call: CallId) -> web.Response:
    """The call's story names the agent whose phone it is; that somebody else gave the order stands in the audit
    trail."""
    if as_whom(request, call) is None:
        await note(request, what, call)
    return nothing()


def _number(request: web.Request, asked: PersonAsked) -> str:
    """Raises NotFound for an agent that there is not, NotNow for one who has no phone."""
    if asked.number is not None:
        return asked.number
    office, agent = request.app[OFFICE], AgentId(asked.agent or "")
    if not office.board.queueing.knows(agent):
        raise NotFound("agent", agent)
    return office.board.desk.phone_of(agent)
