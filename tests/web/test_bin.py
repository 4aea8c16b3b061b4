"""Doubles, merges and the recycle bin by the API: who may, what is chosen, and that nobody finds who is removed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from callcenterd.config import Customers
from callcenterd.crm.bin import CustomerBin
from tests.kit.virtual import VirtualClock
from tests.web.house import House


class Desk:
    def __init__(self, office: House) -> None:
        self.office = office

    async def ask(self, login: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        more = {} if body is None else {"json": body}
        headers = await self.office.as_(login)
        answered = await self.office.client.request(method, f"/api/v1{path}", headers=headers, **more)
        return answered.status, await answered.json() if answered.status != 204 else None

    async def customer(self, **card: Any) -> int:
        status, made = await self.ask("1001", "POST", "/customers", card)
        assert status == 201, made
        return int(made["id"])

    async def merge(self, kept: int, gone: int, login: str = "boss", **more: Any) -> tuple[int, Any]:
        body = {"version": 1, "other": gone, "other_version": 1, **more}
        return await self.ask(login, "POST", f"/customers/{kept}/merge", body)


@pytest.fixture
def desk(office: House) -> Desk:
    return Desk(office)


async def test_two_become_one_field_by_field_and_two_again(desk: Desk) -> None:
    kept = await desk.customer(name="张三", phones=["13800138000"], level="gold", note="老客户")
    gone = await desk.customer(name="张叁", phones=["+86 138 0013 8000", "02088886666"], level="vip", company="宏达")
    _, doubles = await desk.ask("boss", "GET", "/customer_doubles")
    assert [(one["reasons"], [c["id"] for c in one["customers"]]) for one in doubles["items"]] == [
        (["phone"], [kept, gone])
    ]
    status, merge = await desk.merge(kept, gone, take=["level"])
    assert status == 201
    _, now = await desk.ask("1001", "GET", f"/customers/{kept}")
    assert (now["name"], now["level"], now["company"], now["note"]) == ("张三", "vip", "宏达", "老客户")
    assert now["phones"] == ["13800138000", "02088886666"], "the same line stands there once"
    _, leads = await desk.ask("1001", "GET", f"/customers/{gone}")
    assert leads["id"] == kept
    _, line = await desk.ask("1001", "GET", f"/customers/{kept}/timeline?kinds=change")
    assert sorted(one["details"]["what"] for one in line["items"]) == [
        "customer.created", "customer.created", "customer.merged",
    ]  # fmt: skip
    status, _ = await desk.ask("boss", "POST", f"/customer_merges/{merge['id']}/undo", {})
    assert status == 200
    _, first = await desk.ask("1001", "GET", f"/customers/{kept}")
    _, second = await desk.ask("1001", "GET", f"/customers/{gone}")
    assert (first["level"], first["company"], first["phones"]) == ("gold", "", ["13800138000"])
    assert (second["id"], second["level"]) == (gone, "vip")
    assert (await desk.ask("boss", "POST", f"/customer_merges/{merge['id']}/undo", {}))[0] == 409


async def test_who_has_seen_another_card_is_told_and_merges_nothing(desk: Desk) -> None:
    kept, gone = await desk.customer(name="甲"), await desk.customer(name="乙")
    await desk.ask("1001", "PUT", f"/customers/{gone}", {"name": "乙", "note": "新的", "version": 1})
    status, said = await desk.merge(kept, gone)
    assert (status, said["error"]["code"], said["error"]["now"]["note"]) == (409, "customer_changed", "新的")
    assert (await desk.ask("1001", "GET", f"/customers/{gone}"))[1]["id"] == gone
    # Somebody has the one who goes open while they go: saved, it is told who they are now.
    assert (await desk.merge(kept, gone, other_version=2))[0] == 201
    status, said = await desk.ask("1001", "PUT", f"/customers/{gone}", {"name": "乙", "version": 2})
    assert (status, said["error"]["now"]["id"]) == (409, kept)


async def test_what_cannot_be_merged_is_said(desk: Desk) -> None:
    kept = await desk.customer(name="甲", phones=[f"1380013800{n}" for n in range(6)])
    gone = await desk.customer(name="乙", phones=[f"1390013900{n}" for n in range(6)])
    assert (await desk.merge(kept, kept))[1]["error"]["fields"].keys() == {"other"}
    assert (await desk.merge(kept, gone))[1]["error"]["fields"].keys() == {"phones"}
    assert (await desk.merge(kept, gone, take=["secrets"]))[1]["error"]["fields"].keys() == {"take"}
    assert (await desk.merge(kept, 999))[0] == 404
    assert (await desk.merge(kept, gone, login="1001"))[0] == 403
    assert (await desk.merge(kept, gone, login="chief"))[0] == 403


async def test_who_is_removed_is_found_by_nobody_until_an_administrator_brings_them_back(desk: Desk) -> None:
    one = await desk.customer(name="张三", phones=["13800138000"])
    assert (await desk.ask("1001", "POST", f"/customers/{one}/remove", {"version": 1, "reason": "x"}))[0] == 403
    assert (await desk.ask("boss", "POST", f"/customers/{one}/remove", {"version": 1}))[0] == 422
    assert (await desk.ask("boss", "POST", f"/customers/{one}/remove", {"version": 2, "reason": "x"}))[0] == 409
    assert (await desk.ask("boss", "POST", f"/customers/{one}/remove", {"version": 1, "reason": "重复"}))[0] == 204
    assert (await desk.ask("root", "GET", f"/customers/{one}"))[0] == 404
    assert (await desk.ask("root", "GET", f"/attachments?kind=customer&record={one}"))[0] == 404
    assert (await desk.ask("root", "GET", "/customers?q=张三"))[1]["total"] == 0
    assert (await desk.ask("boss", "GET", "/customer_bin"))[0] == 403
    _, binned = await desk.ask("root", "GET", "/customer_bin")
    assert [(item["id"], item["reason"], item["removed_by"]) for item in binned["items"]] == [(one, "重复", "boss")]
    assert (await desk.ask("root", "POST", f"/customer_bin/{one}/restore", {}))[1]["name"] == "张三"
    assert (await desk.ask("root", "GET", "/customers?q=张三"))[1]["total"] == 1
    assert (await desk.ask("root", "DELETE", f"/customer_bin/{one}"))[0] == 404, "who is not in the bin is not erased"


async def test_an_erased_customer_is_nowhere(desk: Desk) -> None:
    one = await desk.customer(name="赵钱孙李", phones=["13800138000"], note="秘密")
    await desk.ask("boss", "POST", f"/customers/{one}/remove", {"version": 1, "reason": "赵钱孙李要求"})
    assert (await desk.ask("root", "DELETE", f"/customer_bin/{one}"))[0] == 204
    assert (await desk.ask("root", "GET", "/customer_bin"))[1]["total"] == 0
    assert (await desk.ask("root", "POST", f"/customer_bin/{one}/restore", {}))[0] == 404
    trail, _ = await desk.office.office.store.audit.search(target=f"customer/{one}")
    told = ["customer.erased", "customer.values_erased", "customer.removed", "customer.created"]
    assert [entry.what for entry in trail] == told
    assert "赵钱孙李" not in str(trail)


async def test_who_lies_in_the_bin_for_too_long_is_erased_by_itself(desk: Desk) -> None:
    one, other = await desk.customer(name="甲"), await desk.customer(name="乙")
    await desk.ask("boss", "POST", f"/customers/{one}/remove", {"version": 1, "reason": "x"})
    office = desk.office.office
    removed = (await office.modules.bin.page(10, 0))[0][0].removed_at
    clock = VirtualClock(removed + timedelta(days=30) - timedelta(seconds=1))
    later = CustomerBin(office.store, office.bus, clock, "CN", Customers(bin_days=30))
    assert await later.look() == 0, "not before its time"
    assert (await later.page(10, 0))[1] == 1
    clock.move(2)  # strictly after it
    assert await later.look() == 1
    assert (await later.page(10, 0))[1] == 0
    assert (await desk.ask("root", "GET", f"/customers/{one}"))[0] == 404
    assert (await desk.ask("root", "GET", f"/customers/{other}"))[0] == 200
    trail, _ = await office.store.audit.search(target=f"customer/{one}")
    assert ("customer.erased", "system") in [(entry.what, entry.who) for entry in trail]
    assert await later.look() == 0, "once"


async def test_no_query_finds_who_is_in_the_bin(desk: Desk) -> None:
    one = await desk.customer(name="张三")
    await desk.customer(name="张四")
    query = {"kind": "customer", "columns": ["name"]}
    status, before = await desk.ask("root", "POST", "/query", query)
    assert (status, before.get("total")) == (200, 2), before
    await desk.ask("boss", "POST", f"/customers/{one}/remove", {"version": 1, "reason": "x"})
    assert (await desk.ask("root", "POST", "/query", query))[1]["total"] == 1


async def test_sheets_go_over_with_a_merge_and_lose_the_name_when_it_is_erased(desk: Desk) -> None:
    """Also a complaint, whose beginning nobody can change."""
    kept, gone = await desk.customer(name="甲"), await desk.customer(name="赵钱孙李", phones=["13800138000"])
    for path, body in (
        ("consultations", {"category": "use"}),
        ("complaints", {"kind": "suggestion", "type": "product", "reason": "太慢"}),
    ):
        status, made = await desk.ask("1001", "POST", f"/{path}", {**body, "customer": gone, "name": "赵钱孙李"})
        assert status == 201, made
        assert (await desk.merge(kept, gone))[0] == 201 if path == "consultations" else True
    _, line = await desk.ask("root", "GET", f"/customers/{kept}/timeline?kinds=consultation,complaint")
    assert {one["kind"] for one in line["items"]} == {"consultation", "complaint"}
    await desk.office.office.modules.bin.look()
    _, now = await desk.ask("root", "GET", f"/customers/{kept}")
    await desk.ask("boss", "POST", f"/customers/{kept}/remove", {"version": now["version"], "reason": "x"})
    assert (await desk.ask("root", "DELETE", f"/customer_bin/{kept}"))[0] == 204
    for path in ("consultations", "complaints"):
        _, listed = await desk.ask("root", "GET", f"/{path}")
        assert [one["name"] for one in listed["items"]] == [""], path
