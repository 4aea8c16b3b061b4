"""SMS to a pretended gateway: taken, refused for now and for good, none there, too late. In virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from callcenterd.bus import Bus
from callcenterd.channels.mail import GIVE_UP, NotTaken
from callcenterd.channels.sms import SmsSender
from callcenterd.model.customer_messages import TOO_LATE, CustomerMessage, NewCustomerMessage
from callcenterd.store.customer_messages import KEEP_WAITING
from callcenterd.store.database import Store
from tests.kit.database import with_tables
from tests.kit.virtual import VirtualClock


class Gateway:
    """answers: what it says to each message, one after the other; then it takes all that come."""

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = list(answers)
        self.got: list[tuple[str, str, str]] = []

    async def send(self, number: str, text: str, key: str) -> str:
        answer = self.answers.pop(0) if self.answers else "taken"
        if isinstance(answer, Exception):
            raise answer
        self.got.append((number, text, key))
        return answer


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def store(tmp_path: Path, clock: VirtualClock) -> AsyncIterator[Store]:
    opened = await Store.open(with_tables(tmp_path / "callcenter.db"), clock=clock)
    yield opened
    await opened.close()


async def put(store: Store, clock: VirtualClock, key: str = "k", **known: Any) -> CustomerMessage:
    given: dict[str, Any] = {"channel": "sms", "address": "13800138000", "text": "您好", "created_by": "1001"}
    now = clock.utc()
    return await store.customer_messages.put(NewCustomerMessage(key=key, not_before=now, **given | known), now)


async def test_what_is_due_goes_out_once(store: Store, clock: VirtualClock) -> None:
    one = await put(store, clock)
    gateway = Gateway()
    sender = SmsSender(store, Bus(), clock, gateway)
    await sender.look()
    await SmsSender(store, Bus(), clock, gateway).look()  # after a restart
    assert gateway.got == [("13800138000", "您好", "k")]
    kept = await store.customer_messages.get(one.id)
    assert (kept.state, kept.why, kept.tries) == ("sent", "taken", 1)
    assert (sender.sent, sender.reasons()) == (1, [])


async def test_without_a_gateway_they_wait_and_that_is_told_until_it_is_too_late(
    store: Store, clock: VirtualClock
) -> None:
    one = await put(store, clock)
    sender = SmsSender(store, Bus(), clock)
    await sender.look()
    assert sender.reasons() == ["sms: 1 messages wait, and no gateway is configured"]
    assert (await store.customer_messages.get(one.id)).state == "waiting"
    sender.gateway = gateway = Gateway()
    clock.move(KEEP_WAITING.total_seconds())
    await sender.look()
    kept = await store.customer_messages.get(one.id)
    assert (kept.state, kept.why, gateway.got, sender.reasons()) == ("failed", TOO_LATE, [], [])


async def test_what_is_refused_for_now_is_tried_for_a_day_and_for_good_never_again(
    store: Store, clock: VirtualClock
) -> None:
    one = await put(store, clock)
    sender = SmsSender(store, Bus(), clock, Gateway(*[NotTaken("busy", for_good=False)] * 200))
    began = clock.utc()
    while (await store.customer_messages.get(one.id)).state == "waiting":
        await sender.look()
        clock.move(60)
    kept = await store.customer_messages.get(one.id)
    assert (kept.state, kept.why) == ("failed", "busy")
    assert GIVE_UP - timedelta(hours=1, minutes=2) < clock.utc() - began <= GIVE_UP
    assert 20 < kept.tries < 40
    two = await put(store, clock, "two")
    sender.gateway = Gateway(NotTaken("no such number", for_good=True))
    await sender.look()
    kept = await store.customer_messages.get(two.id)
    assert (kept.state, kept.tries, kept.why) == ("failed", 1, "no such number")


async def test_a_broken_line_is_no_end(store: Store, clock: VirtualClock) -> None:
    one = await put(store, clock)
    sender = SmsSender(store, Bus(), clock, Gateway(OSError("no route")))
    await sender.look()
    kept = await store.customer_messages.get(one.id)
    assert (kept.state, kept.why) == ("waiting", "no route")
    clock.move(60)
    await sender.look()
    assert (await store.customer_messages.get(one.id)).state == "sent"
