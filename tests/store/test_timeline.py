"""The time line: every kind in one order, page by page, and only what may be seen."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import Any

import pytest

from callcenterd.model.attachments import NewAttachment
from callcenterd.model.calls import CallSight
from callcenterd.model.cards import NewCard, NewPosting
from callcenterd.model.customer_messages import NewCustomerMessage
from callcenterd.model.customers import CustomerCard
from callcenterd.model.duties import DutySight, NewDuty
from callcenterd.model.ids import AgentId, CallId, CustomerId, QueueName, RecordingId
from callcenterd.model.records import RecordSight
from callcenterd.model.site import Secret
from callcenterd.model.surveys import SurveyAnswer
from callcenterd.model.timeline import TIMELINE_KINDS, TimelineEntry, TimelineKind, TimelineQuery, TimelineSight
from callcenterd.model.voicemail import MessageSight
from callcenterd.store.database import Store
from callcenterd.store.timeline import SOURCES
from tests.kit.virtual import START
from tests.store.rows import begin, call, recording


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


async def whole(
    store: Store, *customers: int, limit: int = 3, query: TimelineQuery | None = None
) -> list[TimelineEntry]:
    """All of it, page by page."""
    query = query or TimelineQuery()
    found: list[TimelineEntry] = []
    for _ in range(1000):
        page, after = await store.timeline.page([CustomerId(one) for one in customers], query, limit)
        assert len(page) <= limit
        found += page
        if after is None:
            return found
        query = TimelineQuery(kinds=query.kinds, text=query.text, sight=query.sight, after=after)
    raise AssertionError("there is no end to it")


async def customer_with_everything(store: Store) -> CustomerId:
    customer = (await store.customers.create(CustomerCard(name="赵六", phones=("13800138000",)), "1001")).id
    await begin(store, call("c1", customer_id=customer, agent=AgentId("1001"), note="想要报价", started_at=START))
    await store.recordings.begin(recording("r1", "c1"))
    await store.voicemail.add(CallId("c1"), QueueName("sales"), RecordingId("r1"), "13800138000", START + minutes(1))
    await store.callbacks.add(CallId("c1"), QueueName("sales"), "13800138000", START + minutes(2))
    await store.surveys.keep(
        SurveyAnswer(
            call=CallId("c1"), at=START + minutes(3), question="满意吗", score=4, most=5,
            agent=AgentId("1001"), queue=QueueName("sales"),
        )
    )  # fmt: skip
    due = START + minutes(90)
    duty = NewDuty(kind="task", title="寄报价单", customer=customer, owner="1002", due=due, warn_at=due, warn_minutes=0)
    await store.duties.add(duty, "1002", START + minutes(4))
    file = NewAttachment(
        kind="customer", record=str(customer), name="合同.pdf", octets=5, type="application/pdf", sha256="a" * 64
    )
    await store.attachments.add(file, "1001", START + minutes(5))
    card = await store.cards.add(customer, NewCard(number="88001234"), Secret("hash"), START, "boss")
    posting = NewPosting(ledger="money", kind="recharge", amount=10000, reason="现金")
    await store.cards.post(card, posting, START + minutes(6), "boss", date(2026, 8, 3))
    await store.audit.append(
        START + minutes(7), "1001", "customer.changed", f"customer/{customer}", {"fields": ["level"]}
    )
    await store.audit.append(START + minutes(8), "1001", "attachment.added", f"customer/{customer}", {})
    mail: dict[str, Any] = {"channel": "email", "address": "z@example.com", "subject": "报价", "text": "见附件"}
    letter = NewCustomerMessage(key="m", created_by="1002", owner="1002", customer=customer, not_before=START, **mail)
    await store.customer_messages.put(letter, START + minutes(9))
    return customer


async def test_every_kind_stands_in_the_order_of_time_the_newest_first(store: Store) -> None:
    customer = await customer_with_everything(store)
    found = await whole(store, customer)
    kinds = ["message", "change", "posting", "file", "duty", "survey", "callback", "voicemail", "call"]
    assert [one.kind for one in found] == kinds
    assert set(kinds) <= set(SOURCES)
    by_kind = {one.kind: one for one in found}
    assert by_kind["change"].details == {"what": "customer.changed", "about": {"fields": ["level"]}}
    assert (by_kind["call"].text, by_kind["call"].by, by_kind["call"].id) == ("想要报价", "1001", "c1")
    assert by_kind["file"].text == "合同.pdf"
    assert (by_kind["posting"].details["amount"], by_kind["posting"].details["card"]) == (10000, "88001234")
    assert by_kind["duty"].details["due"] == (START + minutes(90)).isoformat()
    assert (by_kind["message"].text, by_kind["message"].by) == ("报价", "1002")
    assert by_kind["message"].details == {"channel": "email", "address": "z@example.com", "state": "waiting"}
    assert by_kind["survey"].details == {"score": 4, "most": 5, "call": "c1"}


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
async def test_pages_leave_nothing_out_and_nothing_stands_twice(store: Store, limit: int) -> None:
    """Also of one moment, of one kind and of several."""
    customer = (await store.customers.create(CustomerCard(name="赵六"), "1001")).id
    other = (await store.customers.create(CustomerCard(name="钱七"), "1001")).id
    for n in range(9):
        at = START + minutes(n // 3)
        await begin(store, call(f"c{n}", customer_id=customer, started_at=at), call(f"x{n}", customer_id=other))
        file = NewAttachment(
            kind="customer", record=str(customer), name=f"{n}", octets=1, type="text/plain", sha256="a" * 64
        )
        await store.attachments.add(file, "1001", at)
        await store.audit.append(at, "1001", "customer.changed", f"customer/{customer}", {})
    found = await whole(store, customer, limit=limit)
    assert len(found) == 27
    assert len({(one.kind, one.id) for one in found}) == 27
    assert [one.at for one in found] == sorted((one.at for one in found), reverse=True)
    assert found == await whole(store, customer, limit=500)
    assert len(await whole(store, customer, other, limit=limit)) == 36


async def test_it_is_narrowed_by_kind_and_by_words(store: Store) -> None:
    customer = await customer_with_everything(store)

    async def kinds(*only: TimelineKind, text: str = "") -> list[str]:
        found = await whole(store, customer, query=TimelineQuery(kinds=only, text=text))
        return [one.kind for one in found]

    assert await kinds("call", "file") == ["file", "call"]
    assert await kinds(text="报价") == ["message", "duty", "call"]
    assert await kinds(text="合同") == ["file"]
    assert await kinds("duty", text="合同") == []
    assert await kinds(text="13800138000") == ["callback", "voicemail", "call"]
    assert await kinds(text="%") == []


async def test_only_what_one_may_see_stands_there(store: Store) -> None:
    customer = await customer_with_everything(store)
    stranger = TimelineSight(
        calls=CallSight(agents=(AgentId("1003"),)),
        messages=MessageSight(agents=(AgentId("1003"),), queues=(), extensions=()),
        written=RecordSight(agents=(AgentId("1003"),)),
        duties=DutySight(agents=(AgentId("1003"),), queues=(), teams=()),
        complaints=DutySight(agents=(AgentId("1003"),), queues=(), teams=()),
        kinds=frozenset(TIMELINE_KINDS) - {"survey"},
    )
    found = await whole(store, customer, query=TimelineQuery(sight=stranger))
    assert [one.kind for one in found] == ["change", "posting", "file"]


async def test_a_page_of_ten_thousand_costs_what_a_page_of_ten_does(store: Store) -> None:
    few = (await store.customers.create(CustomerCard(name="少"), "1001")).id
    many = (await store.customers.create(CustomerCard(name="多"), "1001")).id
    for n in range(10):
        await begin(store, call(f"f{n}", customer_id=few, started_at=START + timedelta(seconds=n)))
    async with store.together():
        for n in range(10_000):
            await store.calls.begin(call(f"m{n}", customer_id=many, started_at=START + timedelta(seconds=n)))

    async def cost(customer: CustomerId) -> float:
        best = 9.0
        for _ in range(5):
            since = time.perf_counter()
            page, _after = await store.timeline.page([customer], TimelineQuery(), 50)
            best = min(best, time.perf_counter() - since)
            assert page
        return best

    assert await cost(many) < 10 * await cost(few) + 0.02


def test_every_kind_has_a_place_in_the_order() -> None:
    assert set(SOURCES) <= set(TIMELINE_KINDS)
