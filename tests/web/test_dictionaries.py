"""Lists of values: read by all, changed by administrators; what is used is retired and not taken away."""

from __future__ import annotations

from typing import Any

import pytest

from callcenterd.model.dictionaries import DICTIONARIES
from tests.web.house import House

NEW = {"code": "key_account", "chinese": "大客户", "english": "Key account"}


async def lists(office: House) -> dict[str, list[dict[str, Any]]]:
    answer = await office.client.get("/api/v1/dictionaries", headers=await office.as_("1001"))
    return {known["name"]: known["values"] for known in (await answer.json())["items"]}


async def put(office: House, name: str, values: list[dict[str, Any]], who: str = "root") -> tuple[int, dict[str, Any]]:
    path = f"/api/v1/dictionaries/{name}"
    answer = await office.client.put(path, json={"values": values}, headers=await office.as_(who))
    return answer.status, await answer.json()


async def test_they_ship_with_the_values_of_an_office(office: House) -> None:
    known = await lists(office)
    assert list(known) == list(DICTIONARIES)
    assert [value["chinese"] for value in known["channel"]] == [
        "报纸", "电视", "广播", "网络", "114", "朋友介绍", "户外", "公交车体", "出租车体或停靠站", "灯箱", "活动",
        "讲座", "印刷品", "礼物", "其他",
    ]  # fmt: skip
    assert [value["english"] for value in known["level"]] == ["Standard", "Silver", "Gold", "VIP"]


async def test_a_value_is_added_named_anew_and_taken_away(office: House) -> None:
    before = (await lists(office))["level"]
    status, said = await put(office, "level", [NEW, *before])
    assert (status, said["values"][0]) == (200, {**NEW, "retired": False})
    renamed = {**NEW, "chinese": "重点客户"}
    await put(office, "level", [*before, renamed])
    assert (await lists(office))["level"][-1]["chinese"] == "重点客户"
    await put(office, "level", before)
    assert (await lists(office))["level"] == before
    entries, _ = await office.office.store.audit.search(what="dictionary.changed")
    assert [(entry.who, entry.target) for entry in entries] == [("root", "dictionary/level")] * 3
    assert entries[0].details["before"][-1]["chinese"] == "重点客户"
    assert entries[0].details["after"] == before


@pytest.mark.parametrize(
    ("name", "card"),
    [("level", {"level": "vip"}), ("sex", {"sex": "male"}), ("identity", {"identity": "dealer"}),
     ("channel", {"channels": ["web", "bus"]})],
)  # fmt: skip
async def test_a_value_that_a_customer_has_is_retired(office: House, name: str, card: dict[str, Any]) -> None:
    headers = await office.as_("1001")
    made = await office.client.post("/api/v1/customers", json={"name": "赵六", **card}, headers=headers)
    assert made.status == 201
    _, said = await put(office, name, [])
    used = next(iter(card.values()))
    assert {value["code"] for value in said["values"]} == ({used} if isinstance(used, str) else set(used))
    assert all(value["retired"] for value in said["values"])
    customer = await (await office.client.get(f"/api/v1/customers/{(await made.json())['id']}", headers=headers)).json()
    assert {key: customer[key] for key in card} == card


@pytest.mark.parametrize(
    ("values", "field", "why"),
    [
        ([{**NEW, "code": "No!"}], "values.0.code", None),
        ([{**NEW, "english": " "}], "values.0.english", "中文和英文名称都要填写"),
        ([{**NEW, "chinese": "x" * 61}], "values.0.chinese", "最多 60 个字"),
        ([NEW, NEW], "body", "同一个代码在列表中出现了两次"),
        ([{**NEW, "colour": "red"}], "values.0.colour", None),
    ],
)
async def test_what_cannot_stand_in_a_list(
    office: House, values: list[dict[str, Any]], field: str, why: str | None
) -> None:
    before = await lists(office)
    status, said = await put(office, "level", values)
    assert status == 422
    assert said["error"]["fields"][field] == (why or said["error"]["fields"][field])
    assert await lists(office) == before


async def test_only_an_administrator_changes_a_list_that_there_is(office: House) -> None:
    for who in ("1001", "boss"):
        assert (await put(office, "tag", [NEW], who))[0] == 403
    assert (await put(office, "colour", [NEW]))[0] == 404
