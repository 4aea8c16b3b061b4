"""Messages to customers as they are kept, in both databases: once, in order, cancelled, too late."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from callcenterd.errors import NotFound
from callcenterd.model.customer_messages import (
    CustomerMessage,
    CustomerMessageFilter,
    MessageNotWaiting,
    MessageRefused,
    NewCustomerMessage,
)
from callcenterd.model.customers import CustomerCard
from callcenterd.model.ids import AgentId, CallId, CustomerId, TeamName
from callcenterd.model.message_templates import TemplateIsAnother
from callcenterd.model.message_texts import SHIPPED
from callcenterd.model.records import RecordSight
from callcenterd.store.customer_messages import KEEP_WAITING
from callcenterd.store.database import CannotStore, Store
from tests.kit.virtual import START

HOUR = timedelta(hours=1)


async def put(store: Store, key: str = "k", now: Any = START, **known: Any) -> CustomerMessage:
    given: dict[str, Any] = {
        "channel": "sms",
        "address": "13800138000",
        "text": "您好",
        "created_by": "1001",
        "not_before": now,
    }
    return await store.customer_messages.put(NewCustomerMessage(key=key, **given | known), now)


async def test_what_is_put_comes_back_and_the_same_key_puts_nothing_twice(store: Store) -> None:
    customer = await store.customers.create(CustomerCard(name="张三"), "1001")
    known: dict[str, Any] = {
        "customer": customer.id,
        "call": CallId("c"),
        "kind": "complaint",
        "record": "12",
        "owner": "1001",
        "team": "one",
        "language": "zh-CN",
    }
    one = await put(store, **known)
    assert {name: getattr(one, name) for name in known} == known
    assert (one.state, one.units, one.segments, one.next_at, one.until) == (
        "waiting",
        2,
        1,
        START,
        START + KEEP_WAITING,
    )
    assert await store.customer_messages.get(one.id) == one
    again = await asyncio.gather(*(put(store, text="another") for _ in range(5)))
    assert [found.id for found in again] == [one.id] * 5
    assert (await store.customer_messages.list(CustomerMessageFilter()))[1] == 1
    with pytest.raises(NotFound):
        await store.customer_messages.get(one.id + 1)
    with pytest.raises(CannotStore):
        await put(store, "other", customer=CustomerId(99))


async def test_a_list_has_what_was_asked_for_and_may_be_seen(store: Store) -> None:
    await put(store, "a", owner="1001", kind="appointment", record="1")
    await put(store, "b", created_by="1002", team="two", channel="email", address="a@example.com", subject="s")
    await put(store, "c", created_by="system")

    async def keys(**chosen: Any) -> list[str]:
        items, total = await store.customer_messages.list(CustomerMessageFilter(**chosen))
        assert total == len(items)
        return [one.key for one in items]

    assert await keys() == ["c", "b", "a"]
    assert await keys(channel="email") == ["b"]
    assert await keys(kind="appointment", record="1") == ["a"]
    assert await keys(kind="appointment", record="2") == []
    assert await keys(sight=RecordSight(agents=(AgentId("1001"),))) == ["a"]
    assert await keys(sight=RecordSight(agents=(), teams=(TeamName("two"),))) == ["b"]


async def test_an_sms_is_due_when_it_may_go_out_and_not_after_its_time(store: Store) -> None:
    messages = store.customer_messages
    later = await put(store, "later", not_before=START + HOUR, until=START + 3 * HOUR)
    now = await put(store, "now")
    assert [one.key for one in await messages.due_sms(START)] == ["now"]
    assert [one.key for one in await messages.due_sms(START + HOUR)] == ["now", "later"]
    await messages.later(now.id, START + 2 * HOUR, "busy")
    assert [one.key for one in await messages.due_sms(START + HOUR)] == ["later"]
    await messages.sent(now.id, START + 2 * HOUR, "taken")
    kept = await messages.get(now.id)
    assert (kept.state, kept.tries, kept.why, kept.sent_at) == ("sent", 2, "taken", START + 2 * HOUR)
    assert await messages.expire(START + 3 * HOUR - timedelta(seconds=1), "late") == 0
    assert await messages.expire(START + 3 * HOUR, "late") == 1
    kept = await messages.get(later.id)
    assert (kept.state, kept.why) == ("failed", "late")
    again = await messages.again(later.id, START + 4 * HOUR)
    assert (again.state, again.next_at, again.until) == ("waiting", START + 4 * HOUR, START + 4 * HOUR + KEEP_WAITING)


async def test_what_is_about_a_module_that_is_off_is_not_due(store: Store) -> None:
    """Of messages about records of those kinds, and of all messages; a letter that brings none is due all the same."""
    messages = store.customer_messages
    await put(store, "sms", kind="appointment", record="1")
    await put(store, "plain")
    email: dict[str, Any] = {"channel": "email", "address": "a@example.com", "subject": "s", "text": "t"}
    about = await put(store, "mail", kind="complaint", record="1", **email)
    other = await put(store, "other", **email)
    assert [one.key for one in await messages.due_sms(START, without=("appointment", "complaint"))] == ["plain"]
    assert await messages.waiting_sms(START, without=("appointment",)) == 1
    assert [one.message for one in await store.outbox.due(START)] == [about.id, other.id]
    assert [one.message for one in await store.outbox.due(START, without=("complaint",))] == [other.id]
    assert await store.outbox.due(START, without=("message",)) == []
    assert [one.message for one in await store.outbox.due(START, without=("voicemail",))] == [about.id, other.id]


async def test_an_e_mail_is_a_letter_and_cancelled_it_is_none(store: Store) -> None:
    known: dict[str, Any] = {"channel": "email", "address": "a@example.com", "subject": "s", "text": "t"}
    one = await put(store, not_before=START + HOUR, **known)
    assert await store.outbox.due(START) == []
    [letter] = await store.outbox.due(START + HOUR)
    assert (letter.message, letter.address, letter.subject, letter.text) == (one.id, "a@example.com", "s", "t")
    await store.outbox.later(letter, START + 2 * HOUR, "busy")
    kept = await store.customer_messages.get(one.id)
    assert (kept.state, kept.tries, kept.why, kept.next_at) == ("waiting", 1, "busy", START + 2 * HOUR)
    cancelled = await store.customer_messages.cancel(one.id, "1001")
    assert (cancelled.state, cancelled.cancelled_by, cancelled.next_at) == ("cancelled", "1001", None)
    assert await store.outbox.list() == ([], 0)
    with pytest.raises(MessageNotWaiting):
        await store.customer_messages.cancel(one.id, "1001")
    await store.outbox.failed(letter, "550")
    assert (await store.customer_messages.get(one.id)).state == "cancelled"
    await store.outbox.sent(letter, START + 3 * HOUR, "250")
    assert (await store.customer_messages.get(one.id)).state == "sent", "the server had it when it was cancelled"


async def test_a_letter_that_failed_is_tried_again_or_given_up(store: Store) -> None:
    known: dict[str, Any] = {"channel": "email", "address": "a@example.com", "subject": "s", "text": "t"}
    one, two = await put(store, "one", **known), await put(store, "two", **known)
    first, second = await store.outbox.due(START)
    await store.outbox.failed(first, "550")
    assert (await store.customer_messages.get(one.id)).state == "failed"
    assert (await store.customer_messages.again(one.id, START + HOUR)).state == "waiting"
    assert [letter.id for letter in await store.outbox.due(START + HOUR)] == [second.id, first.id]
    await store.outbox.failed(first, "550")
    await store.outbox.again(first.id, START + HOUR)
    assert (await store.customer_messages.get(one.id)).state == "waiting"
    await store.outbox.failed(first, "550")
    await store.outbox.remove(first.id, "boss")
    with pytest.raises(MessageNotWaiting):
        await store.customer_messages.again(one.id, START)
    await store.outbox.remove(second.id, "boss")
    assert (await store.customer_messages.get(two.id)).cancelled_by == "boss"


async def test_who_is_erased_leaves_no_address_and_no_words(store: Store) -> None:
    customer = await store.customers.create(CustomerCard(name="张三"), "1001")
    known: dict[str, Any] = {"channel": "email", "address": "a@example.com", "subject": "s", "text": "t"}
    one = await put(store, "one", customer=customer.id, **known)
    other = await put(store, "other", **known)
    await store.bin.remove(customer.id, customer.version, "root", "asked for it")
    await store.bin.erase(customer.id, "root")
    kept = await store.customer_messages.get(one.id)
    assert (kept.address, kept.subject, kept.text, kept.state) == ("", "", "", "cancelled")
    assert [letter.message for letter in await store.outbox.due(START)] == [other.id]


async def test_a_text_is_changed_by_who_has_read_it(store: Store) -> None:
    shipped = SHIPPED["follow_up", "sms", "en"]
    assert await store.message_templates.all() == list(SHIPPED.values())
    new = type(shipped)(purpose="follow_up", channel="sms", language="en", subject="", text="Call us: {number}")
    kept = await store.message_templates.put(new, START, "root")
    assert (kept.version, kept.text, kept.changed_by) == (1, "Call us: {number}", "root")
    with pytest.raises(TemplateIsAnother) as told:
        await store.message_templates.put(new, START, "other")
    assert told.value.now == kept
    assert await store.message_templates.get("follow_up", "sms", "en-GB") == kept
    assert await store.message_templates.get("follow_up", "sms", "zh-TW") == SHIPPED["follow_up", "sms", "zh-CN"]
    assert (await store.message_templates.put(kept, START, "root")).version == 2


MAIL: dict[str, Any] = {"channel": "email", "address": "a@example.com", "subject": "s", "text": "t"}


async def marked(store: Store, **marks: Any) -> CustomerId:
    card = CustomerCard(name="张三", phones=("138 0013 8000",), email="a@example.com", **marks)
    return (await store.customers.create(card, "1001")).id


async def test_who_wants_none_gets_none_in_that_channel_but_what_they_have_asked_for(store: Store) -> None:
    who = await marked(store, no_sms=True)
    one = await put(store, "one", customer=who)
    assert (one.state, one.cancelled_by, one.why, one.next_at) == (
        "cancelled",
        "system",
        "the customer wants no SMS",
        None,
    )
    by_number = await put(store, "two", address="+86 138 0013 8000")
    assert by_number.state == "cancelled", "a flow knows the number, not whose it is"
    assert (await put(store, "three", customer=who, necessary=True)).state == "waiting"
    assert (await put(store, "four", customer=who, **MAIL)).state == "waiting"
    assert len(await store.outbox.due(START)) == 1
    assert [message.key for message in await store.customer_messages.due_sms(START)] == ["three"]
    other = await store.customers.create(CustomerCard(name="李四", phones=("138 0013 8000",)), "1001")
    assert (await put(store, "five", customer=other.id)).state == "waiting", "it is that customer who is meant"


async def test_a_letter_to_who_wants_none_is_never_one(store: Store) -> None:
    who = await marked(store, no_email=True)
    assert (await put(store, "one", customer=who, **MAIL)).why == "the customer wants no e-mail"
    assert (await put(store, "two", **MAIL | {"address": "A@Example.com"})).state == "cancelled"
    assert await store.outbox.list() == ([], 0)


async def test_what_waits_is_withdrawn_when_they_say_so(store: Store) -> None:
    who = await marked(store)
    sms, mail = await put(store, "sms", customer=who), await put(store, "mail", customer=who, **MAIL)
    needed = await put(store, "needed", customer=who, necessary=True)
    other = await put(store, "other", address="13900000000")
    card = await store.customers.get(who)
    changed = await store.customers.change(who, CustomerCard(name="张三", no_sms=True, no_email=True), "1002")
    assert (changed.no_sms, changed.no_sms_by, changed.no_email_by) == (True, "1002", "1002")
    assert changed.no_sms_at == changed.changed_at >= card.changed_at
    states = [(await store.customer_messages.get(one.id)).state for one in (sms, mail, needed, other)]
    assert states == ["cancelled", "cancelled", "waiting", "waiting"]
    assert await store.outbox.list() == ([], 0)


async def test_a_mark_names_who_was_first_and_stays_until_it_is_lifted(store: Store) -> None:
    who = await marked(store, no_sms=True)
    again = await store.customers.change(who, CustomerCard(name="张三", no_sms=True), "1002")
    assert (again.no_sms, again.no_sms_by) == (True, "1001")
    unsaid = await store.customers.change(who, CustomerCard(name="李四"), "1002")
    assert (unsaid.no_sms, unsaid.no_sms_by) == (True, "1001"), "who does not know of it does not lift it"
    lifted = await store.customers.change(who, CustomerCard(name="李四", no_sms=False), "1002")
    assert (lifted.no_sms, lifted.no_sms_at, lifted.no_sms_by) == (False, None, "")
    assert await store.customers.get(who) == lifted
    assert (await put(store, customer=who)).state == "waiting"


async def test_one_that_failed_is_not_tried_again_for_who_wants_none_now(store: Store) -> None:
    who = await marked(store)
    one = await put(store, customer=who)
    await store.customer_messages.failed(one.id, "gone")
    await store.customers.change(who, CustomerCard(name="张三", no_sms=True), "1002")
    with pytest.raises(MessageRefused):
        await store.customer_messages.again(one.id, START)
    assert (await store.customer_messages.get(one.id)).state == "failed"


async def test_what_came_to_a_marked_customer_by_a_merge_is_withdrawn_before_it_goes_out(store: Store) -> None:
    who, other = await marked(store, no_sms=True), await store.customers.create(CustomerCard(name="张三"), "1001")
    one = await put(store, customer=other.id)
    kept = await store.customers.get(who)
    await store.merging.merge((who, kept.version), (other.id, other.version), lambda stays, _: stays, "boss", START)
    assert (await store.customer_messages.get(one.id)).customer == who
    assert await store.customer_messages.withdraw_refused(START + HOUR) == 1
    assert (await store.customer_messages.get(one.id)).why == "the customer wants no SMS"
    assert await store.customer_messages.withdraw_refused(START + HOUR) == 0


async def test_they_are_found_by_purpose_person_period_and_words(store: Store) -> None:
    await put(store, "a", owner="1001", created_by="1001", purpose="letter", text="优惠 100%")
    await put(store, "b", owner="1002", created_by="1001", now=START + HOUR)
    await put(store, "c", created_by="flow:main", now=START + 2 * HOUR, address="13900001111")

    async def keys(**chosen: Any) -> list[str]:
        return [one.key for one in (await store.customer_messages.list(CustomerMessageFilter(**chosen)))[0]]

    assert await keys(purpose="letter") == ["a"]
    assert await keys(purpose="") == ["c", "b"]
    assert await keys(owner="1001") == ["b", "a"]
    assert await keys(owner="1002") == ["b"]
    assert await keys(since=START + HOUR, until=START + 2 * HOUR) == ["b"]
    assert await keys(text="0%") == ["a"]
    assert await keys(text="390000") == ["c"]
    assert await keys(text="_") == []
