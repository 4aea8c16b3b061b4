from __future__ import annotations

from typing import Any

import pytest

from tests.web.house import House

CARD = {"name": "赵六", "phones": ["138 0000 0009"], "card": "A-77", "sex": "male", "level": "gold"}


async def create(office: House, card: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = await office.client.post("/api/v1/customers", json=card, headers=await office.as_("1001"))
    return answer.status, await answer.json()


async def test_a_customer_is_made_found_read_and_changed(office: House) -> None:
    headers = await office.as_("1002")
    status, made = await create(office, CARD)
    assert status == 201
    assert made["phones"] == ["138 0000 0009"]
    for q in ("赵", "zl", "00000009", "A-77", ""):
        found = await (await office.client.get("/api/v1/customers", params={"q": q}, headers=headers)).json()
        assert [customer["id"] for customer in found["items"]] == [made["id"]], q
    path = f"/api/v1/customers/{made['id']}"
    changed = await (await office.client.put(path, json={**CARD, "level": "vip"}, headers=headers)).json()
    assert changed["level"] == "vip"
    assert await (await office.client.get(path, headers=headers)).json() == changed


@pytest.mark.parametrize(
    ("card", "field", "reason"),
    [
        ({}, "name", "姓名和电话至少填一项"),
        ({"name": "x", "phones": ["call me"]}, "phones.0", "call me 不是电话号码"),
        ({"name": "x", "email": "nowhere"}, "email", "电子邮箱须有名称、@ 和域名"),
        ({"name": "x" * 101}, "name", "最多 100 个字"),
        ({"name": "x", "sex": "yes"}, "sex", "只能是 '', 'female' or 'male'"),
        ({"name": "x\ny"}, "name", "含有不可见的字符"),
    ],
)
async def test_a_card_that_cannot_be_kept(office: House, card: dict[str, Any], field: str, reason: str) -> None:
    status, body = await create(office, card)
    assert status == 422
    assert body["error"]["fields"][field] == reason


@pytest.mark.parametrize("name", ["0", "99", "x", "-1", "1.5", "９", "9" * 30, "1%00"])
async def test_a_customer_that_there_is_not(office: House, name: str) -> None:
    headers = await office.as_("1001")
    assert (await office.client.get(f"/api/v1/customers/{name}", headers=headers)).status == 404
    assert (await office.client.put(f"/api/v1/customers/{name}", json=CARD, headers=headers)).status == 404
