"""Prepaid cards by the API: who may what, what is refused in words, and that no PIN goes anywhere."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from callcenterd.model.cards import WRONG_PINS
from callcenterd.model.ids import CallId
from tests.web.house import House

PIN = "246813"
CARD = {"number": "8800 1234", "pin": PIN, "valid_until": "2099-12-31"}


class Desk:
    """One customer with one card, and who asks."""

    def __init__(self, office: House) -> None:
        self.office = office
        self.customer = self.card = 0

    async def ask(self, login: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        more = {} if body is None else {"json": body}
        headers = await self.office.as_(login)
        answer = await self.office.client.request(method, f"/api/v1{path}", headers=headers, **more)
        return answer.status, await answer.json() if answer.status != 204 else None

    async def open(self) -> Desk:
        _, made = await self.ask("1001", "POST", "/customers", {"name": "赵六"})
        self.customer = made["id"]
        status, card = await self.ask("boss", "POST", f"/customers/{self.customer}/cards", CARD)
        assert status == 201, card
        self.card = card["id"]
        return self

    async def post(self, login: str = "boss", **posting: Any) -> tuple[int, Any]:
        filled = {"ledger": "money", "kind": "recharge", "amount": 10000}
        return await self.ask(login, "POST", f"/cards/{self.card}/postings", {**filled, **posting})

    async def shown(self) -> Any:
        _, listed = await self.ask("1001", "GET", f"/customers/{self.customer}/cards")
        return listed["items"][0]


@pytest.fixture
async def desk(office: House) -> Desk:
    return await Desk(office).open()


async def test_a_card_is_added_seen_and_found(desk: Desk) -> None:
    card = await desk.shown()
    assert (card["number"], card["state"], card["valid_until"]) == ("88001234", "active", "2099-12-31")
    assert (card["money"], card["points"], card["has_pin"], card["created_by"]) == (0, 0, True, "boss")
    assert PIN not in str(card)
    assert "hash" not in str(card)
    _, found = await desk.ask("1001", "GET", "/customers?q=88001234")
    assert [one["id"] for one in found["items"]] == [desk.customer]


async def test_an_agent_sees_and_blocks_and_does_no_more(desk: Desk) -> None:
    card = f"/cards/{desk.card}"
    assert (await desk.ask("1001", "GET", f"{card}/postings"))[0] == 200
    status, blocked = await desk.ask("1001", "POST", f"{card}/block", {})
    assert (status, blocked["state"]) == (200, "blocked")
    forbidden: list[tuple[str, str, Any]] = [
        ("POST", f"{card}/unblock", {}),
        ("PUT", f"{card}/pin", {"pin": "9753"}),
        ("PUT", card, {"overdraft": 100}),
        ("POST", f"{card}/unlock", {}),
        ("POST", f"{card}/postings", {"ledger": "money", "kind": "recharge", "amount": 1}),
        ("POST", f"/customers/{desk.customer}/cards", {"number": "5555"}),
    ]
    for method, path, body in forbidden:
        assert (await desk.ask("1001", method, path, body))[0] == 403, path
    assert (await desk.ask("boss", "POST", f"{card}/unlock", {}))[0] == 403, "a lock is an administrator's affair"
    status, again = await desk.ask("boss", "POST", f"{card}/unblock", {})
    assert (status, again["state"]) == (200, "active")


async def test_postings_add_up_and_are_listed_with_the_balance_after_each(desk: Desk) -> None:
    assert (await desk.post(reference="R1"))[0] == 200
    status, kept = await desk.post(kind="consumption", amount=-2500, reason="按摩")
    assert (status, kept["balance"], kept["by"]) == (200, 7500, "boss")
    assert (await desk.post(ledger="points", amount=300))[0] == 200
    _, page = await desk.ask("1001", "GET", f"/cards/{desk.card}/postings?ledger=money&limit=1")
    assert (page["total"], page["money"], page["points"]) == (2, 7500, 300)
    assert [(one["amount"], one["balance"], one["reason"]) for one in page["items"]] == [(-2500, 7500, "按摩")]
    _, undone = await desk.post(kind="correction", amount=2500, reason="输错", reverses=kept["id"])
    assert undone["balance"] == 10000
    _, page = await desk.ask("1001", "GET", f"/cards/{desk.card}/postings?limit=500")
    assert [one["reversed"] for one in page["items"] if one["id"] == kept["id"]] == [True]


async def test_a_posting_that_is_sent_again_is_one(desk: Desk) -> None:
    first = await desk.post(key="receipt-7")
    assert await desk.post("root", key="receipt-7") == first
    assert (await desk.shown())["money"] == 10000
    trail, _ = await desk.office.office.store.audit.search(what="card.posted")
    assert len(trail) == 1
    assert (await desk.post(key="receipt-7", amount=5))[0] == 409


@pytest.mark.parametrize(
    ("posting", "field", "reason"),
    [
        ({"amount": 0}, "amount", "充值须为正数，消费须为负数，不能为零"),
        ({"amount": -5}, "amount", "充值须为正数，消费须为负数，不能为零"),
        ({"kind": "consumption", "amount": 5}, "amount", "充值须为正数，消费须为负数，不能为零"),
        ({"kind": "correction", "amount": -5}, "reason", "更正须写明原因"),
        ({"reverses": 1}, "reverses", "只有更正可以冲销一笔记账"),
        ({"amount": 10**15}, "amount", "不能大于 1000000000000"),
        ({"amount": "5"}, "amount", "必须是整数"),
        ({"amount": 1.5}, "amount", "必须是整数"),
        ({"reason": "a\nb"}, "reason", "含有不可见的字符"),
        ({"ledger": "gold"}, "ledger", "只能是 'money' or 'points'"),
        ({"more": 1}, "more", "没有这一项"),
    ],
)
async def test_a_posting_that_makes_no_sense_is_refused_at_its_field(
    desk: Desk, posting: dict[str, Any], field: str, reason: str
) -> None:
    status, said = await desk.post(**posting)
    assert (status, said["error"]["fields"].get(field)) == (422, reason), said
    assert (await desk.shown())["money"] == 0


async def test_what_is_not_there_cannot_be_spent(desk: Desk) -> None:
    status, said = await desk.post(kind="consumption", amount=-1)
    assert (status, said["error"]["message"]) == (409, "卡上余额不足")
    await desk.ask("boss", "PUT", f"/cards/{desk.card}", {"overdraft": 1, "valid_until": "2099-12-31"})
    assert (await desk.post(kind="consumption", amount=-1))[0] == 200
    await desk.ask("boss", "PUT", f"/cards/{desk.card}", {"valid_until": "2001-01-01"})
    assert (await desk.shown())["state"] == "expired"
    status, said = await desk.post(kind="consumption", amount=-1)
    assert (status, said["error"]["message"]) == (409, "卡已过期")


@pytest.mark.parametrize(
    ("card", "field", "reason"),
    [
        ({"number": "12a4"}, "number", "写法不对"),
        ({"number": "123"}, "number", "写法不对"),
        ({"number": "8800-1234"}, "number", "已属于另一张卡"),
        ({"pin": "975"}, "pin", "PIN 须为 4 到 12 位数字"),
        ({"pin": "１２３４"}, "pin", "PIN 须为 4 到 12 位数字"),
        ({"pin": "1111"}, "pin", "密码太容易猜到"),
        ({"pin": "7788"}, "pin", "PIN 不能与卡号相同"),
        ({"overdraft": -1}, "overdraft", "不能小于 0"),
        ({"currency": "XXX"}, "currency", None),
        ({"valid_until": "tomorrow"}, "valid_until", "须为日期，写法如 2026-10-01"),
    ],
)
async def test_a_card_that_cannot_be_is_refused_at_its_field(
    desk: Desk, card: dict[str, Any], field: str, reason: str | None
) -> None:
    asked = {"number": "55667788", **card}
    status, said = await desk.ask("boss", "POST", f"/customers/{desk.customer}/cards", asked)
    assert status == 422, said
    assert field in said["error"]["fields"]
    assert reason is None or said["error"]["fields"][field] == reason
    assert str(card.get("pin", "…")) not in str(said)


@pytest.mark.parametrize("name", ["0", "99", "x", "-1", "9" * 30])
async def test_a_card_that_there_is_not(desk: Desk, name: str) -> None:
    for method, path, body in (
        ("GET", f"/cards/{name}/postings", None),
        ("POST", f"/cards/{name}/block", {}),
        ("POST", f"/cards/{name}/unlock", {}),
        ("PUT", f"/cards/{name}/pin", {"pin": "9753"}),
        ("POST", f"/cards/{name}/postings", {"ledger": "money", "kind": "recharge", "amount": 1}),
        ("GET", f"/customers/{name}/cards", None),
        ("POST", f"/customers/{name}/cards", {"number": "5555"}),
    ):
        assert (await desk.ask("root", method, path, body))[0] == 404, path


async def test_a_lock_is_shown_and_an_administrator_lifts_it(desk: Desk) -> None:
    check = desk.office.board.cards.check
    for _ in range(WRONG_PINS):
        await check(CallId("c"), "88001234", "0000")
    card = await desk.shown()
    assert card["failed"] == WRONG_PINS
    assert card["locked_until"] is not None
    assert (await check(CallId("c"), "88001234", PIN)).answer == "locked"
    status, card = await desk.ask("root", "POST", f"/cards/{desk.card}/unlock", {})
    assert (status, card["failed"], card["locked_until"]) == (200, 0, None)
    assert (await check(CallId("c"), "8800-1234", PIN)).answer == "found"


async def test_the_trail_says_who_did_what_and_never_a_pin(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await desk.ask("boss", "PUT", f"/cards/{desk.card}/pin", {"pin": "975310"})
    await desk.ask("1001", "POST", f"/cards/{desk.card}/block", {})
    await desk.post()
    await desk.ask("root", "POST", f"/cards/{desk.card}/unlock", {})
    trail, _ = await desk.office.office.store.audit.search(what="card")
    assert [(entry.who, entry.what) for entry in reversed(trail)] == [
        ("boss", "card.added"),
        ("boss", "card.pin_set"),
        ("1001", "card.blocked"),
        ("boss", "card.posted"),
        ("root", "card.unlocked"),
    ]
    assert {entry.target for entry in trail} == {f"card/{desk.card}"}
    for secret in (PIN, "975310"):
        assert secret not in str(trail)
        assert secret not in caplog.text
