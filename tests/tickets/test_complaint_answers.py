"""Answers to complaints go back by the customer's own means (CMP-04): a call, an e-mail through a real mail server, an
SMS to a pretended gateway. What comes to nothing, or is not wanted, becomes a call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from callcenterd.channels.customer_messages import CustomerMessages
from callcenterd.channels.mail import NotTaken
from callcenterd.channels.sms import SmsSender
from callcenterd.errors import NotNow, Refused
from callcenterd.model import events
from callcenterd.model.complaints import Complaint
from callcenterd.model.customer_messages import CustomerMessage, CustomerMessageFilter
from callcenterd.model.customers import CustomerCard
from callcenterd.model.ids import CustomerId
from callcenterd.tickets import answers
from tests.channels.test_mail import Office as MailRoom
from tests.channels.test_mail import Server, serving
from tests.channels.test_sms import Gateway
from tests.kit.database import with_tables
from tests.kit.virtual import VirtualClock
from tests.tickets.test_complaints import HEAD, MAKER, PERSON, Desk
from tests.tickets.test_ledger import CALLER, ZONE

LANDLINE = "02088886666"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    opened = Desk(with_tables(tmp_path / "callcenter.db"), VirtualClock())
    await opened.open()
    yield opened
    await opened.close()


async def messages(desk: Desk, one: Complaint) -> list[CustomerMessage]:
    """About that complaint, the oldest first."""
    found, _ = await desk.store.customer_messages.list(CustomerMessageFilter(kind="complaint", record=str(one.id)))
    return found[::-1]


async def becomes(desk: Desk, one: Complaint, fits: Callable[[Complaint], bool]) -> Complaint:
    """By itself, within some seconds."""
    async with asyncio.timeout(10):
        while not fits(known := await desk.now(one)):
            await asyncio.sleep(0.01)
    return known


def is_a_call(one: Complaint) -> bool:
    return (one.state, one.means) == ("handled", "call")


# ---- by e-mail ------------------------------------------------------------------------------------------------------


async def test_a_letter_goes_by_itself_to_who_wants_one_and_is_the_answer_when_the_mail_server_has_it(
    desk: Desk, tmp_path: Path
) -> None:
    customer = await desk.store.customers.create(CustomerCard(name="张三", email="z@example.com"), MAKER)
    one = await desk.to("handled", customer=customer.id, answer_by="email")
    (message,) = await messages(desk, one)
    assert (message.channel, message.address, message.state) == ("email", "z@example.com", "waiting")
    assert (message.customer, message.purpose, message.owner, message.created_by) == (
        customer.id,
        "complaint_answer",
        MAKER,
        PERSON,
    )
    room, server = MailRoom(desk.store, desk.clock, tmp_path), Server()
    room.bus = desk.bus
    async with serving(server) as port:
        await room.post(port).look()
    (letter,) = server.letters()
    assert letter["Subject"] == f"关于您的投诉建议 {one.number} 的答复"
    text = letter.get_content()
    assert text.startswith("张三，您好")
    assert "已换货" in text
    await desk.heard.settled()
    one = await desk.now(one)
    assert (one.state, one.means) == ("answered", "email")
    assert (await desk.store.complaints.states(one.id))[-1].details == {"means": "email"}
    assert [message.state for message in await messages(desk, one)] == ["sent"]


async def test_a_letter_that_is_refused_becomes_a_call(desk: Desk, tmp_path: Path) -> None:
    one = await desk.to("handled", answer_by="email", email="nobody@example.com")
    room, server = MailRoom(desk.store, desk.clock, tmp_path), Server()
    room.bus = desk.bus
    server.recipients["nobody@example.com"] = "550 no such user"
    async with serving(server) as port:
        await room.post(port).look()
    await desk.heard.settled()
    one = await desk.now(one)
    step = await desk.step(one)
    assert (one.state, one.means, step.kind, step.number) == ("handled", "call", "complaint_answer", CALLER)
    assert (await desk.store.complaints.states(one.id))[-1].text == "550 no such user"
    assert [message.state for message in await messages(desk, one)] == ["failed"]


async def test_the_office_says_it_in_its_own_words(desk: Desk) -> None:
    shipped = await desk.store.message_templates.get("complaint_answer", "email", "zh-CN")
    room = CustomerMessages(desk.store, desk.clock, lambda: desk.site, "CN", ZONE)
    await room.change_text(replace(shipped, subject="答复 {number}", text="{name}：{answer} {date}"), "root")
    one = await desk.to("handled", answer_by="email", email="a@example.com", name="")
    (message,) = await messages(desk, one)
    assert (message.subject, message.text) == (f"答复 {one.number}", "客户：已换货 2026年8月3日")


# ---- by SMS ---------------------------------------------------------------------------------------------------------


async def test_an_sms_is_the_answer_when_the_gateway_has_it(desk: Desk) -> None:
    one = await desk.to("handled", answer_by="sms", phone="020-8888 6666", customer=await with_mobile(desk))
    (message,) = await messages(desk, one)
    assert (message.channel, message.address, message.state) == ("sms", CALLER, "waiting")
    await SmsSender(desk.store, desk.bus, desk.clock).look()  # none is configured
    await desk.heard.settled()
    assert (await desk.now(one)).state == "handled"
    gateway = Gateway()
    await SmsSender(desk.store, desk.bus, desk.clock, gateway).look()
    assert [(to, text) for to, text, _ in gateway.got] == [(CALLER, f"关于您的投诉建议{one.number}，答复如下：已换货")]
    await desk.heard.settled()
    assert (await desk.now(one)).state == "answered"
    assert (await desk.store.complaints.states(one.id))[-1].details == {"means": "sms"}


async def with_mobile(desk: Desk, **marks: Any) -> CustomerId:
    card = CustomerCard(name="张三", phones=(LANDLINE, CALLER), **marks)
    return (await desk.store.customers.create(card, MAKER)).id


@pytest.mark.parametrize("fate", ["refused", "late"])
async def test_an_sms_that_comes_to_nothing_becomes_a_call(desk: Desk, fate: str) -> None:
    one = await desk.to("handled", answer_by="sms")
    if fate == "refused":
        sender = SmsSender(desk.store, desk.bus, desk.clock, Gateway(NotTaken("no such number", for_good=True)))
    else:  # there is no gateway: three days later it is of no use
        sender = SmsSender(desk.store, desk.bus, desk.clock)
        desk.clock.now += 3 * 86_400
    await sender.look()
    one = await becomes(desk, one, is_a_call)
    step = await desk.step(one)
    assert (step.kind, step.number, step.owner) == ("complaint_answer", CALLER, MAKER)
    said = {"refused": "no such number", "late": "it could not be sent in time"}
    assert (await desk.store.complaints.states(one.id))[-1].text == said[fate]


async def test_an_answer_that_is_too_long_for_an_sms_goes_another_way(desk: Desk) -> None:
    one = await desk.to("in_progress", answer_by="sms")
    one = await desk.moves(one, "handled", PERSON, result="很" * 700)
    assert is_a_call(one)
    with pytest.raises(Refused) as told:
        await desk.complaints.answer(one, one.version, "sms", "", "", MAKER, None)
    assert told.value.fields == {"text": "is too long for an SMS"}


# ---- who wants none -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("means", ["sms", "email"])
async def test_who_wants_no_messages_is_called(desk: Desk, means: str) -> None:
    customer = await with_mobile(desk, email="z@example.com", no_sms=True, no_email=True)
    one = await desk.to("handled", answer_by=means, phone="", customer=customer)
    assert is_a_call(one)
    assert (await desk.step(one)).kind == "complaint_answer"
    assert await messages(desk, one) == []
    with pytest.raises(Refused) as told:
        await desk.complaints.answer(one, one.version, "sms", "", "", MAKER, None)
    assert told.value.fields == {"means": "the customer wants no SMS"}
    other = await desk.to("handled", answer_by="sms", phone=CALLER)
    assert is_a_call(other), "nobody has said whose the number is, but somebody who has it wants none"


async def test_who_says_so_while_it_waits_is_called(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "EVERY", 0.05)
    await desk.restarts()
    customer = await with_mobile(desk)
    one = await desk.to("handled", answer_by="sms", customer=customer)
    assert one.means == "sms"
    card = CustomerCard(name="张三", phones=(LANDLINE, CALLER), no_sms=True)
    await desk.store.customers.change(customer, card, MAKER)
    one = await becomes(desk, one, is_a_call)
    assert (await desk.store.complaints.states(one.id))[-1].text == "the customer wants no SMS"


async def test_an_answer_that_somebody_stops_in_the_outbox_is_owed_as_a_call(desk: Desk) -> None:
    one = await desk.to("handled", answer_by="sms")
    (message,) = await messages(desk, one)
    await desk.store.customer_messages.cancel(message.id, HEAD)
    one = await becomes(desk, one, is_a_call)
    assert (await desk.store.complaints.states(one.id))[-1].text == "it was cancelled"


# ---- people --------------------------------------------------------------------------------------------------------


async def test_the_agent_chooses_another_way(desk: Desk) -> None:
    one = await desk.to("handled")
    with pytest.raises(Refused) as told:
        await desk.complaints.answer(one, one.version, "email", "", "", MAKER, None)
    assert list(told.value.fields) == ["to"]
    with pytest.raises(Refused) as told:
        await desk.complaints.answer(one, one.version, "sms", LANDLINE, "", MAKER, None)
    assert told.value.fields == {"to": "this is no mobile number"}
    one = await desk.complaints.answer(one, one.version, "email", "a@example.com", "请查收", MAKER, None)
    assert (one.state, one.means, one.result) == ("handled", "email", "请查收")
    (message,) = await messages(desk, one)
    assert "请查收" in message.text
    await desk.rings()
    assert (await desk.now(one)).state == "handled", "the call is not owed any more"
    one = await desk.complaints.answer(one, one.version, "sms", "", "", MAKER, None)
    assert [(each.channel, each.state) for each in await messages(desk, one)] == [
        ("email", "cancelled"),
        ("sms", "waiting"),
    ]
    assert (await desk.store.outbox.list())[0] == [], "the letter does not go out any more"
    await desk.heard.catch_up()
    assert (await desk.now(one)).means == "sms", "what another answer took the place of is nobody's news"
    one = await desk.complaints.answer(one, one.version, "in_person", "", "客户来店，已当面说明", MAKER, None)
    assert one.state == "answered"
    assert {each.state for each in await messages(desk, one)} == {"cancelled"}
    assert await desk.history(one) == [
        ("registered", MAKER, "created"),
        ("review", MAKER, "dispatch"),
        ("in_progress", HEAD, "stands"),
        ("handled", PERSON, "handled"),
        ("handled", MAKER, "answering"),
        ("handled", MAKER, "answering"),
        ("answered", MAKER, "answered"),
    ]
    with pytest.raises(NotNow, match="nobody is to be answered"):
        await desk.complaints.answer(one, one.version, "call", "", "", MAKER, None)


async def test_what_was_answered_by_itself_is_closed_with_how_satisfied_they_are_or_comes_again(desk: Desk) -> None:
    one = await desk.to("handled", answer_by="sms")
    await SmsSender(desk.store, desk.bus, desk.clock, Gateway()).look()
    one = await becomes(desk, one, lambda known: known.state == "answered")
    with pytest.raises(Refused) as told:
        await desk.moves(one, "close", MAKER)
    assert list(told.value.fields) == ["satisfaction"]
    one = await desk.moves(one, "reopen", MAKER, reason="又漏了")
    assert (one.state, one.reopened, one.satisfaction) == ("review", 1, "")
    one = await desk.moves(one, "stands", HEAD, person=PERSON)
    one = await desk.moves(one, "handled", PERSON, result="已上门维修")
    first, second = await messages(desk, one)
    assert (first.state, second.state) == ("sent", "waiting"), "the second answer is a message of its own"
    assert "已上门维修" in second.text
    await SmsSender(desk.store, desk.bus, desk.clock, Gateway()).look()
    one = await becomes(desk, one, lambda known: known.state == "answered")
    one = await desk.moves(one, "close", MAKER, satisfaction="dissatisfied")
    assert (one.state, one.satisfaction, one.due) == ("closed", "dissatisfied", None)


async def test_past_its_limit_the_person_responsible_and_the_head_are_told_on_their_page_and_by_mail(
    desk: Desk, tmp_path: Path
) -> None:
    told: list[tuple[str, tuple[str, ...]]] = []
    desk.bus.listen(events.DutyWarned, lambda fact: told.append((fact.stage, fact.to)))
    one = await desk.to("review")
    one = await desk.moves(one, "stands", HEAD, person=PERSON, minutes=120)
    assert one.due is not None
    room, server = MailRoom(desk.store, desk.clock, tmp_path), Server()
    async with serving(server) as port:
        post = room.post(port)
        desk.clock.now = (one.due - desk.clock.utc()).total_seconds() - 1
        await desk.warnings.look()
        await post.look()
        assert server.to() == ["zhang@example.com"]
        desk.clock.now += 1
        await desk.warnings.look()
        await post.look()
    assert told == [("warning", (PERSON,)), ("limit", (PERSON,)), ("escalation", (HEAD,))]
    letters = server.letters()
    assert [letter["To"] for letter in letters[1:]] == ["zhang@example.com", "lead@example.com", "zhang@example.com"]
    assert [str(letter["Subject"]).partition("：")[0] for letter in letters] == [
        "即将到期",
        "已到期",
        "逾期上报",
        "逾期上报",
    ]
    assert all(one.number in letter["Subject"] for letter in letters)


async def test_whoever_cannot_be_reached_is_nobodys_call(desk: Desk) -> None:
    one = await desk.to("handled", phone="", name="无名")
    assert (one.means, (await desk.step(one)).kind) == ("", "complaint_step")


async def test_a_call_that_nobody_of_the_office_had_is_no_answer(desk: Desk) -> None:
    one = await desk.to("handled")
    await desk.rings(agent=None)
    assert (await desk.now(one)).state == "handled"


@pytest.mark.parametrize("means", ["call", "email"])
async def test_a_crash_between_the_answer_and_what_it_means_is_made_good(desk: Desk, means: str) -> None:
    one = await desk.to("handled", answer_by=means, email="z@example.com")
    duty = await desk.step(one)
    await desk.heard.stop()  # killed here: the ledger and the outbox have it, the complaint has not
    if means == "call":
        await desk.store.duties.close(duty.id, None, "done", "answered", MAKER, desk.clock.utc())
    else:
        (letter,), _ = await desk.store.outbox.list()
        await desk.store.outbox.sent(letter, desk.clock.utc(), "250 OK")
    assert (await desk.now(one)).state == "handled"
    await desk.restarts()
    await desk.heard.settled()
    one = await desk.now(one)
    assert one.state == "answered"
    await desk.restarts()
    await desk.heard.settled()
    assert await desk.now(one) == one, "and once only"
