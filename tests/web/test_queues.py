"""Who waits, how long still, and why."""

from __future__ import annotations

import asyncio
from typing import Any

from callcenterd.model.customers import CustomerCard
from callcenterd.model.ids import CallId, QueueName
from tests.web.house import House

SALES = QueueName("sales")


async def ask(office: House, login: str, queue: str = "sales", language: str = "zh") -> tuple[int, Any]:
    headers = {**await office.as_(login), "Accept-Language": language}
    answer = await office.client.get(f"/api/v1/queues/{queue}/waiting?lang={language}", headers=headers)
    return answer.status, await answer.json()


async def waits(office: House, caller: str) -> CallId:
    call = office.comes(caller=caller)
    while office.board.queueing.position(call) is None:
        await asyncio.sleep(0.005)
    return call


async def test_callers_are_listed_in_their_order_with_who_they_may_be_and_why_they_wait(office: House) -> None:
    known = await office.office.store.customers.create(
        CustomerCard(name="王女士", phones=("13812345678",), level="金卡"), by="root"
    )
    first, second = await waits(office, "13812345678"), await waits(office, "13900000000")
    status, body = await ask(office, "boss")
    assert status == 200
    assert [(item["call"], item["position"]) for item in body["items"]] == [(first, 1), (second, 2)]
    assert body["items"][0]["customers"] == [{"id": known.id, "name": "王女士", "level": "金卡"}]
    assert body["items"][1]["customers"] == []
    assert {item["why"] for item in body["items"]} == {"没有座席签入"}
    assert (body["total"], body["serving"], body["handling"], body["foretold"]) == (2, 0, None, None)
    assert {item["callback"] for item in body["items"]} == {False}
    assert body["items"][0]["expected"] is None, "where nobody serves nothing can be said"
    _, english = await ask(office, "boss", language="en")
    assert english["items"][0]["why"] == "no agent of the queue is signed in"


async def test_the_expected_wait_and_how_true_it_was_are_told_and_stand_in_the_metrics(office: House) -> None:
    estimates, now = office.board.waiting.estimates, office.office.clock.monotonic()
    for _ in range(5):
        estimates.handled(SALES, 90, now)
    estimates.told(CallId("told"), SALES, 60, now - 100)
    estimates.answered(CallId("told"), now)
    office.registers("1001")
    await office.board.desk.set_state("1001", "ready")
    await waits(office, "13812345678")
    await waits(office, "13900000000")
    _, body = await ask(office, "1001")
    assert (body["serving"], body["handling"]) == (1, 90)
    assert [item["expected"] for item in body["items"]] == [90, 180]
    assert body["items"][0]["why"] == "正在呼叫座席 1001"
    assert body["foretold"] == {"told": 1, "mean": 40, "p90": 40}
    text = await (await office.client.get("/metrics")).text()
    assert 'callcenterd_queue_foretold_error_mean_seconds{queue="sales"} 40.' in text
    assert 'callcenterd_queue_foretold_error_p90_seconds{queue="sales"} 40.' in text


async def test_a_queue_of_others_is_as_one_that_there_is_not(office: House) -> None:
    for queue in ("complaints", "nowhere"):
        status, _ = await ask(office, "1001", queue)
        assert status == 404
    assert (await ask(office, "1003", "complaints"))[0] == 200
