"""The time line by the API: whole for who sees all, narrower for others, and what is asked wrongly."""

from __future__ import annotations

from typing import Any

from callcenterd.model.ids import CustomerId
from tests.web.house import House
from tests.web.test_roles import set_role


async def ask(office: House, login: str, method: str, path: str, **more: Any) -> tuple[int, Any]:
    headers = await office.as_(login)
    answered = await office.client.request(method, f"/api/v1{path}", headers=headers, **more)
    return answered.status, await answered.json()


async def customer_with_past(office: House) -> int:
    _, made = await ask(office, "1001", "POST", "/customers", json={"name": "赵六", "phones": ["13800138000"]})
    customer = int(made["id"])
    await office.keep_call("c1", queue="sales", agent="1001", customer_id=CustomerId(customer), note="报价")
    await office.keep_call("c2", queue="complaints", agent="1003", customer_id=CustomerId(customer))
    await ask(office, "1001", "POST", "/duties", json={"kind": "task", "title": "寄样品", "customer": customer})
    given = {"kind": "customer", "record": str(customer), "name": "合同.txt"}
    assert (await ask(office, "1002", "POST", "/attachments", params=given, data=b"x"))[0] == 201
    _, card = await ask(office, "boss", "POST", f"/customers/{customer}/cards", json={"number": "88001234"})
    posting = {"ledger": "money", "kind": "recharge", "amount": 10000}
    assert (await ask(office, "boss", "POST", f"/cards/{card['id']}/postings", json=posting))[0] == 200
    return customer


async def test_who_sees_all_reads_all_and_an_agent_what_is_theirs(office: House) -> None:
    customer = await customer_with_past(office)
    path = f"/customers/{customer}/timeline"
    status, whole = await ask(office, "root", "GET", path)
    assert status == 200
    assert sorted(one["kind"] for one in whole["items"]) == ["call", "call", "change", "duty", "file", "posting"]
    assert whole["next"] is None
    _, theirs = await ask(office, "1002", "GET", path)
    assert sorted(one["id"] for one in theirs["items"] if one["kind"] == "call") == ["c1"]
    assert "duty" not in {one["kind"] for one in theirs["items"]}
    assert (await ask(office, "root", "GET", "/customers/999/timeline"))[0] == 404


async def test_what_a_role_may_not_read_does_not_stand_there_either(office: House) -> None:
    customer = await customer_with_past(office)
    path = f"/customers/{customer}/timeline"
    for body in ({"path": "/consultations", "category": "use"}, {"path": "/follow-ups", "category": "after_use"}):
        at = body.pop("path")
        assert (await ask(office, "1001", "POST", at, json={"customer": customer, **body}))[0] == 201
    letter = {"channel": "email", "address": "z@example.com", "subject": "报价", "text": "见附件", "customer": customer}
    assert (await ask(office, "1001", "POST", "/customer-messages", json=letter))[0] == 201

    async def kinds(**asked: str) -> set[str]:
        status, page = await ask(office, "1001", "GET", path, params=asked)
        assert status == 200
        return {one["kind"] for one in page["items"]}

    whole = {"call", "change", "consultation", "duty", "file", "follow_up", "message", "posting"}
    assert await kinds() == whole
    for right, gone in (
        ("call.read", {"call"}),
        ("consultation.read", {"consultation"}),
        ("follow_up.read", {"follow_up"}),
        ("duty", {"duty"}),
        ("customer_message", {"message"}),
        ("attachment", {"file"}),
        ("card.read", {"posting"}),
    ):
        await set_role(office, "agent", take=[right])
        assert await kinds() == whole - gone, right
        assert await kinds(kinds=",".join(gone)) == set(), right
        await set_role(office, "agent", give=[right])


async def test_pages_follow_each_other_and_are_narrowed(office: House) -> None:
    customer = await customer_with_past(office)
    path = f"/customers/{customer}/timeline"
    seen, after = [], ""
    for _ in range(6):
        status, page = await ask(office, "root", "GET", path, params={"limit": "1", "after": after})
        assert status == 200
        seen += [(one["kind"], one["id"]) for one in page["items"]]
        after = page["next"] or ""
    assert len(set(seen)) == 6
    assert after == ""
    _, calls = await ask(office, "root", "GET", path, params={"kinds": "call,duty", "text": "报价"})
    assert [one["id"] for one in calls["items"]] == ["c1"]


async def test_what_is_asked_wrongly_is_refused(office: House) -> None:
    customer = await customer_with_past(office)
    for params in (
        {"kinds": "call,secrets"},
        {"after": "yesterday"},
        {"after": "2026-08-03T01:00:00~call~c1"},
        {"after": "2026-08-03T01:00:00+00:00~nothing~c1"},
        {"after": "~~"},
        {"limit": "0"},
    ):
        status, said = await ask(office, "root", "GET", f"/customers/{customer}/timeline", params=params)
        assert (status, said["error"]["code"]) == (422, "wrong_fields"), params
    place = {"after": "2026-08-03T01:00:00+00:00~duty~'; DROP TABLE duties; --"}
    assert (await ask(office, "root", "GET", f"/customers/{customer}/timeline", params=place))[0] == 200
