"""Custom fields over HTTP: an administrator defines them, each role sees and fills in its own, everywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from callcenterd.model.fields import FIELD_TYPES, FieldType
from callcenterd.model.people import Role
from tests.web.house import House

LOGINS: dict[Role, str] = {"agent": "1001", "supervisor": "boss", "manager": "chief", "admin": "root"}
BUDGET = {"kind": "customer", "name": "budget", "type": "number", "chinese": "预算", "english": "Budget", "places": 2}
RED = {"code": "red", "chinese": "红", "english": "Red"}


async def asks(office: House, method: str, path: str, who: str = "root", **body: Any) -> tuple[int, Any]:
    answer = await office.client.request(method, f"/api/v1/{path}", headers=await office.as_(who), **body)
    return answer.status, None if answer.status == 204 else await answer.json()


async def define(office: House, **more: Any) -> dict[str, Any]:
    status, field = await asks(office, "POST", "custom-fields", json={**BUDGET, **more})
    assert status == 201, field
    found: dict[str, Any] = field
    return found


def terms(field: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {key: value for key, value in field.items() if key in (
        "chinese", "english", "required", "readers", "writers", "choices", "retired", "version")} | more  # fmt: skip


async def test_a_field_is_defined_changed_ordered_and_taken_away(office: House) -> None:
    budget = await define(office)
    assert (budget["readers"], budget["position"], budget["version"]) == (["agent", "supervisor", "manager"], 0, 1)
    colour = await define(office, name="colour", type="choice", places=0, choices=[RED])
    path = f"custom-fields/{budget['id']}"
    assert (await asks(office, "PUT", path, json=terms(budget, chinese="年预算")))[1]["chinese"] == "年预算"
    status, ordered = await asks(
        office, "PUT", "custom-fields/order", json={"kind": "customer", "fields": [colour["id"], budget["id"]]}
    )
    assert (status, [field["name"] for field in ordered["items"]]) == (200, ["colour", "budget"])
    assert await asks(office, "GET", "custom-fields", params={"kind": "customer"}) == (200, ordered)
    assert (await asks(office, "GET", "custom-fields", params={"kind": "complaint"}))[1]["total"] == 0
    await asks(office, "POST", "customers", "1001", json={"name": "x", "fields": {"colour": "red"}})
    assert await asks(office, "DELETE", path) == (204, None)
    status, kept = await asks(office, "DELETE", f"custom-fields/{colour['id']}")
    assert (status, kept["retired"]) == (200, True)
    entries, _ = await office.office.store.audit.search()
    trail = [(entry.what, entry.target) for entry in entries if entry.what.startswith("field.")]
    assert trail[::-1] == [
        ("field.created", f"field/{budget['id']}"),
        ("field.created", f"field/{colour['id']}"),
        ("field.changed", f"field/{budget['id']}"),
        ("field.ordered", "fields/customer"),
        ("field.removed", f"field/{budget['id']}"),
        ("field.retired", f"field/{colour['id']}"),
    ]
    changed = next(entry for entry in entries if entry.what == "field.changed")
    assert (changed.details["before"]["chinese"], changed.details["after"]["chinese"]) == ("预算", "年预算")


@pytest.mark.parametrize(
    ("wrong", "field", "why"),
    [
        ({"name": "No!"}, "name", None),
        ({"name": "1st"}, "name", None),
        ({"kind": "planet"}, "kind", None),
        ({"type": "colour"}, "type", None),
        ({"english": " "}, "english", "中文和英文名称都要填写"),
        ({"places": 5}, "places", None),
        ({"type": "text"}, "places", "只用于数字"),
        ({"readers": ["agent"]}, "body", "能填写的角色须能看到这个字段"),
        ({"readers": ["admin"]}, "readers.0", None),
        ({"choices": [RED]}, "choices", "只用于有自己选项的单选和多选"),
        ({"type": "choice", "places": 0}, "choices", "必须填写"),
        ({"type": "choice", "places": 0, "choices": [RED, RED]}, "body", "同一个代码在列表中出现了两次"),
        ({"type": "choice", "places": 0, "choices": [RED], "dictionary": "tag"}, "choices", None),
        ({"type": "choice", "places": 0, "dictionary": "planets"}, "dictionary", "不能选 planets"),
        ({"dictionary": "tag"}, "dictionary", "不能选 tag"),
        ({"type": "reference", "places": 0}, "target", "必须填写"),
        ({"target": "user"}, "target", "不能选 user"),
        (
            {"type": "file", "places": 0, "readers": ["manager"], "writers": []},
            "readers",
            "能看到记录的人都能看到它的附件",
        ),
        ({"colour": "red"}, "colour", None),
    ],
)
async def test_what_cannot_be_defined(office: House, wrong: dict[str, Any], field: str, why: str | None) -> None:
    status, said = await asks(office, "POST", "custom-fields", json={**BUDGET, **wrong})
    assert status == 422
    assert said["error"]["fields"][field] == (why or said["error"]["fields"][field])
    assert (await asks(office, "GET", "custom-fields"))[1]["total"] == 0


async def test_a_name_that_is_taken_and_a_field_that_is_not_there(office: House) -> None:
    budget = await define(office)
    status, said = await asks(office, "POST", "custom-fields", json=BUDGET)
    assert (status, said["error"]["fields"]) == (422, {"name": "已有同名的一项"})
    for name in ("0", "99", "x", "9" * 30):
        assert (await asks(office, "PUT", f"custom-fields/{name}", json=terms(budget)))[0] == 404
        assert (await asks(office, "DELETE", f"custom-fields/{name}"))[0] == 404


async def test_the_second_of_two_administrators_is_told_what_is_now(office: House) -> None:
    budget = await define(office)
    path = f"custom-fields/{budget['id']}"
    _, now = await asks(office, "PUT", path, json=terms(budget, chinese="甲"))
    status, said = await asks(office, "PUT", path, json=terms(budget, chinese="乙"))
    assert (status, said["error"]["code"], said["error"]["now"]) == (409, "field_changed", now)


async def test_a_card_has_them_and_what_cannot_be_kept_is_told_by_its_name(office: House) -> None:
    await define(office, required=True)
    await define(office, name="since", type="date", places=0)
    status, said = await asks(office, "POST", "customers", "1001", json={"name": "x", "fields": {"since": "soon"}})
    assert (status, said["error"]["fields"]) == (
        422,
        {"fields.budget": "必须填写", "fields.since": "须为日期，例如 2026-11-27"},
    )
    wanted = {"budget": 12.5, "since": "2026-11-27"}
    status, made = await asks(office, "POST", "customers", "1001", json={"name": "x", "fields": wanted})
    assert (status, made["fields"]) == (201, wanted)
    path = f"customers/{made['id']}"
    for got in (await asks(office, "GET", path, "1002"), await asks(office, "GET", "customers?q=x", "1002")):
        assert got[1].get("items", [got[1]])[0]["fields"] == wanted
    # What is left out stays as it is; null empties.
    assert (await asks(office, "PUT", path, "1002", json={"name": "y"}))[1]["fields"] == wanted
    _, less = await asks(office, "PUT", path, "1002", json={"name": "y", "fields": {"since": None}})
    assert less["fields"] == {"budget": 12.5}
    entries, _ = await office.office.store.audit.search(what="customer.changed")
    assert [entry.details["fields"] for entry in entries] == [["fields.since"], ["name"]]


async def test_two_who_change_different_fields_of_one_card(office: House) -> None:
    await define(office)
    await define(office, name="plan", type="text", places=0)
    _, made = await asks(office, "POST", "customers", "1001", json={"name": "x", "fields": {"budget": 1, "plan": "a"}})
    path, read = f"customers/{made['id']}", {"name": "x", "version": made["version"]}
    _, first = await asks(office, "PUT", path, "1001", json={**read, "fields": {"budget": 2}})
    status, said = await asks(office, "PUT", path, "1002", json={**read, "fields": {"plan": "b"}})
    assert (status, said["error"]["now"]) == (409, first)
    again = {**read, "version": first["version"], "fields": {"plan": "b"}}
    assert (await asks(office, "PUT", path, "1002", json=again))[1]["fields"] == {"budget": 2, "plan": "b"}


async def test_each_role_sees_and_writes_its_own_everywhere(office: House) -> None:
    """Definitions, lists, cards, what a conflict tells, events and the desk: a secret is in none of them."""
    for role in ("agent", "supervisor", "manager"):
        await define(office, name=f"of_{role}", type="text", places=0, chinese=f"秘密{role}", readers=[role],
                     writers=[role])  # fmt: skip
    secret = {f"of_{role}": f"secret of {role}" for role in ("agent", "supervisor", "manager")}
    card = {"name": "赵六", "phones": ["13800000009"]}
    _, made = await asks(office, "POST", "customers", "root", json={**card, "fields": secret})
    path = f"customers/{made['id']}"
    for role, login in LOGINS.items():
        mine = {name: value for name, value in secret.items() if role == "admin" or name == f"of_{role}"}
        everything = [
            await asks(office, "GET", "custom-fields", login),
            await asks(office, "GET", path, login),
            await asks(office, "GET", "customers?q=赵", login),
            await asks(office, "GET", "desk", login),
            await asks(office, "GET", f"{path}/timeline", login),
            await asks(office, "PUT", path, login, json={**card, "version": 99}),
            await asks(office, "PUT", path, login, json=card),
        ]
        assert [status for status, _ in everything] == [200, 200, 200, 200, 200, 409, 200]
        assert everything[1][1]["fields"] == mine == everything[5][1]["error"]["now"]["fields"]
        said = json.dumps(everything, ensure_ascii=False)
        for name, value in secret.items():
            assert (value in said, name in said) == (name in mine, name in mine)
            status, answered = await asks(office, "PUT", path, login, json={**card, "fields": {name: value + "!"}})
            assert status == (200 if name in mine else 422)
            if name not in mine:
                assert answered["error"]["fields"] == {f"fields.{name}": "没有这个字段"}
            else:
                await asks(office, "PUT", path, login, json={**card, "fields": {name: value}})
    assert (await asks(office, "GET", path))[1]["fields"] == secret


async def test_a_role_that_may_read_but_not_write_is_told_so(office: House) -> None:
    await define(office, writers=["supervisor"])
    _, made = await asks(office, "POST", "customers", "boss", json={"name": "x", "fields": {"budget": 5}})
    path = f"customers/{made['id']}"
    status, said = await asks(office, "PUT", path, "1001", json={"name": "x", "fields": {"budget": 6}})
    assert (status, said["error"]["fields"]) == (422, {"fields.budget": "您无权修改这个字段"})
    status, same = await asks(office, "PUT", path, "1001", json={"name": "y", "fields": {"budget": 5}})
    assert (status, same["name"], same["fields"]) == (200, "y", {"budget": 5})


@pytest.mark.parametrize("type_", FIELD_TYPES)
async def test_a_field_of_any_type_can_be_asked_for(office: House, type_: FieldType) -> None:
    more: dict[str, Any] = {"choices": [RED]} if "choice" in type_ else {}
    if type_ == "reference":
        more["target"] = "customer"
    await define(office, name="own", type=type_, places=0, **more)
    _, found = await asks(office, "GET", "query/kinds/customer/fields", "1001")
    [own] = [field for field in found["items"] if field["name"] == "x_own"]
    assert own["english"] == "Budget"
    asked = {"kind": "customer", "columns": ["name", "x_own"]}
    assert (await asks(office, "POST", "query", "1001", json=asked))[0] == 200


@pytest.mark.parametrize(
    "hostile", [{"budget": [[]]}, {"budget": {"a": 1}}, [], "x", {"x" * 300: 1}, {"budget": 1e999}]
)
async def test_nothing_that_is_sent_as_fields_breaks_anything(office: House, hostile: Any) -> None:
    await define(office)
    status, said = await asks(office, "POST", "customers", "1001", json={"name": "x", "fields": hostile})
    assert status in (400, 422)
    assert all(len(name) < 100 for name in said["error"]["fields"])
