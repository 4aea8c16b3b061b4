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
        ({"name": "x", "sex": "yes"}, "sex", "不能选 yes"),
        ({"name": "x", "channels": ["web", "pigeon"]}, "channels", "不能选 pigeon"),
        ({"name": "x", "owner": "9999"}, "owner", "没有用户 9999"),
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


async def test_the_second_of_two_who_change_a_customer_is_told_what_is_now(office: House) -> None:
    headers = await office.as_("1002")
    _, made = await create(office, CARD)
    path = f"/api/v1/customers/{made['id']}"
    one, other = ({**CARD, "version": made["version"], "company": company} for company in ("电信", "移动"))
    kept = await (await office.client.put(path, json=one, headers=headers)).json()
    assert (kept["company"], kept["version"]) == ("电信", made["version"] + 1)
    refused = await office.client.put(path, json=other, headers=headers)
    error = (await refused.json())["error"]
    assert (refused.status, error["code"], error["now"]) == (409, "customer_changed", kept)
    assert await (await office.client.get(path, headers=headers)).json() == kept
    other["version"] = kept["version"]
    assert (await (await office.client.put(path, json=other, headers=headers)).json())["company"] == "移动"
