"""What is hidden from a role cannot be guessed either: not by searches, conditions, sorting or groups; a whole number
finds who has it, is counted, and stands in the audit trail (ADM-01, ADM-03)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from callcenterd.model.roles import HIDDEN_KINDS
from callcenterd.web.reference import every_route
from callcenterd.web.seeking import MOST_SOUGHT, WITHIN_SECONDS, Seeking
from tests.web.house import House
from tests.web.test_masking import CARD, EMAIL, OTHER, PHONE, mask, seeded
from tests.web.test_roles import set_role, trail
from tests.web.test_rooms import ask

E164 = f"+86{PHONE}"
PARTS = (PHONE[:5], PHONE[3:8], PHONE[-5:], PHONE[:10], PHONE[1:], OTHER[4:9], CARD[:5], CARD[3:], "zhangs", "ple.com")
BY_WORDS = {"q", "text"}
SEARCHED = 7
"""Lists of the API that are searched by words, at least."""


def searched() -> list[tuple[str, str]]:
    """Every list of the API that is searched by words, and by which of its conditions."""
    return [
        (route.path, name)
        for route in every_route()
        if route.method == "GET" and route.shape.conditions is not None
        for name in BY_WORDS & route.shape.conditions.model_fields.keys()
    ]


async def found(office: House, login: str, path: str, ids: dict[str, str], **words: str) -> str:
    """What a search answers, without what it was asked."""
    kind = path.removeprefix("/api/v1/").partition("/")[0]
    path = re.sub(r"{\w+}", ids.get(kind, "1"), path.removeprefix("/api/v1"))
    answer = await office.client.get(f"/api/v1{path}", params=words, headers=await office.as_(login))
    return f"{answer.status} {await answer.text()}" if answer.status != 404 else "404"


async def test_no_part_of_a_hidden_value_finds_anything_in_any_list(office: House) -> None:
    """Whatever is searched: a part of what is hidden finds as much as what there is nowhere. Before it was hidden it
    found something in most lists."""
    ids = await seeded(office)
    lists = searched()
    assert len(lists) >= SEARCHED, lists

    async def telling() -> set[tuple[str, str]]:
        tells = set()
        for login in ("1001", "chief"):
            for path, name in lists:
                nothing = await found(office, login, path, ids, **{name: "qqqqqqqq"})
                tells |= {
                    (path, part) for part in PARTS if await found(office, login, path, ids, **{name: part}) != nothing
                }
        return tells

    kinds = {path.removeprefix("/api/v1/").partition("/")[0] for path, _ in await telling()}
    records = {"duties", "consultations", "complaints", "follow-ups", "appointments", "customer-messages"}
    assert kinds >= {"customers", "calls", *records}, "there is something to guess"
    for role in ("agent", "manager"):
        await set_role(office, role, hidden=list(HIDDEN_KINDS))
    assert await telling() == set()


@pytest.mark.parametrize("number", [PHONE, E164, f"{PHONE[:3]} {PHONE[3:7]}-{PHONE[7:]}", EMAIL, CARD])
async def test_who_was_told_the_whole_number_finds_the_customer_and_is_written_down(office: House, number: str) -> None:
    ids = await seeded(office)
    await set_role(office, "agent", hidden=list(HIDDEN_KINDS))
    headers = await office.as_("1001")
    answer = await office.client.get("/api/v1/customers", params={"q": number}, headers=headers)
    said = await answer.json()
    assert [str(one["id"]) for one in said["items"]] == [ids["customers"]]
    for _ in range(2):
        again = await office.client.get("/api/v1/customers", params={"q": number}, headers=headers)
        assert (await again.json())["total"] == 1
    (sought,) = await trail(office, "what=number.sought")
    assert sought["who"] == "1001"
    tidied = re.sub(r"[ -]", "", number)
    assert sought["target"].startswith("number/")
    assert tidied not in sought["target"], "nobody reads it there"
    assert sought["target"][-4:] == tidied[-4:]


async def test_what_stands_hidden_on_a_page_can_be_searched_as_it_stands(office: House) -> None:
    ids = await seeded(office)
    await set_role(office, "agent", hidden=["phone"])
    headers = await office.as_("1001")
    listed = await (await office.client.get("/api/v1/customers", headers=headers)).json()
    shown = listed["items"][0]["phones"][0]
    answer = await office.client.get("/api/v1/customers", params={"q": shown}, headers=headers)
    assert [str(one["id"]) for one in (await answer.json())["items"]] == [ids["customers"]]
    answer = await office.client.get("/api/v1/customers", params={"q": "137****0000"}, headers=headers)
    assert (answer.status, list((await answer.json())["error"]["fields"])) == (422, ["q"])


async def test_who_tries_one_number_after_the_other_is_stopped(office: House) -> None:
    await seeded(office)
    await set_role(office, "agent", hidden=["phone"])
    headers = await office.as_("1001")

    async def status(number: int) -> int:
        return (await office.client.get("/api/v1/calls", params={"caller": str(number)}, headers=headers)).status

    tried = [await status(13900000000 + n) for n in range(MOST_SOUGHT + 1)]
    assert tried == [200] * MOST_SOUGHT + [429]
    assert await status(13900000000) == 200, "what was sought before may be sought again"
    one = {"field": "customer.phones", "op": "is", "values": ["13911111111"]}
    query = {"kind": "customer", "where": one | {"field": "phones"}}
    assert (await ask(office, "1001", "POST", "/query", query))[0] == 429
    assert len(await trail(office, "what=number.sought&limit=100")) == MOST_SOUGHT
    (refused, *_) = await trail(office, "what=number.refused")
    assert (refused["who"], refused["details"]) == ("1001", {"most": MOST_SOUGHT})
    assert (await ask(office, "boss", "POST", "/query", query))[0] == 200, "from whom nothing is hidden"


def test_the_hour_goes_on() -> None:
    seeking = Seeking()
    assert [seeking.wait("1001", str(n), float(n)) for n in range(MOST_SOUGHT)] == [0.0] * MOST_SOUGHT
    assert seeking.wait("1001", "3", 100.0) is None
    assert seeking.wait("1001", "new", 100.0) == WITHIN_SECONDS - 100.0
    assert seeking.wait("1002", "new", 100.0) == 0.0
    assert seeking.wait("1001", "new", WITHIN_SECONDS) == 0.0


# ---- queries ----------------------------------------------------------------------------------------------------


def condition(field: str, op: str, *values: str) -> dict[str, Any]:
    return {"field": field, "op": op, "values": list(values)}


@pytest.mark.parametrize(
    "query",
    [
        {"kind": "customer", "where": condition("phones", "contains", PHONE[:5])},
        {"kind": "customer", "where": condition("phones", "is", PHONE, OTHER)},
        {"kind": "customer", "where": condition("card", "starts", CARD[:2])},
        {"kind": "customer", "where": condition("email", "contains", "zhang")},
        {"kind": "customer", "where": condition("address", "contains", "解放")},
        {"kind": "customer", "sort": [{"field": "card"}]},
        {"kind": "customer", "sort": [{"field": "email"}]},
        {"kind": "customer", "group": {"by": [{"field": "address"}]}},
        {"kind": "call", "where": condition("caller", "contains", PHONE[-5:])},
        {"kind": "call", "where": condition("customer.card", "starts", CARD[:2])},
        {"kind": "call", "sort": [{"field": "caller"}]},
        {"kind": "call", "sort": [{"field": "customer.email"}]},
        {"kind": "call", "group": {"by": [{"field": "customer.address"}]}},
        {"kind": "duty", "where": condition("phone", "contains", PHONE[:5])},
        {"kind": "consultation", "where": condition("phone", "contains", PHONE[:5])},
        {"kind": "follow_up", "where": condition("phone", "contains", PHONE[:5])},
        {"kind": "complaint", "where": condition("email", "starts", "z")},
        {"kind": "consultation", "sort": [{"field": "phone"}]},
        {"kind": "consultation", "group": {"by": [{"field": "card"}]}},
        {"kind": "customer", "where": {"related": "call", "where": condition("caller", "contains", PHONE[:5])}},
        {"kind": "customer", "where": {"group": "none", "of": [condition("phones", "contains", PHONE[:5])]}},
    ],
    ids=lambda query: json.dumps(query, ensure_ascii=False)[:90],
)
async def test_a_hidden_field_is_no_condition_no_order_and_no_group(office: House, query: dict[str, Any]) -> None:
    await seeded(office)
    assert (await ask(office, "chief", "POST", "/query", query))[0] == 200
    await set_role(office, "manager", hidden=list(HIDDEN_KINDS))
    status, said = await ask(office, "chief", "POST", "/query", query)
    assert status == 422, said
    status, said = await ask(office, "chief", "POST", "/queries", {"name": "x", "query": query})
    assert status == 422, "nor is it kept, for a rule that runs it one day"


async def test_the_builder_offers_what_is_left(office: House) -> None:
    await set_role(office, "agent", hidden=["phone"])
    told = (await ask(office, "1001", "GET", "/query/kinds/customer/fields"))[1]["items"]
    offered = {one["name"]: (one["operators"], one["sorts"], one["groups"]) for one in told}
    assert offered["phones"] == (["is", "filled"], False, False)
    assert offered["card"] == (["contains", "is", "starts", "filled"], True, True)


@pytest.mark.parametrize(
    ("kind", "where", "finds"),
    [
        ("customer", condition("phones", "is", PHONE), 1),
        ("customer", condition("phones", "is", E164), 1),
        ("customer", condition("card", "is", CARD), 1),
        ("call", condition("caller", "is", PHONE), 1),
        ("customer", condition("anything", "contains", PHONE), 1),
        ("customer", condition("anything", "contains", PHONE[:7]), 0),
        ("customer", condition("note", "contains", PHONE[:6]), 0),
        ("customer", condition("note", "starts", PHONE[:2]), 0),
        ("call", condition("note", "contains", "ring"), 1),
        ("call", condition("note", "contains", "ring 139"), 0),
        ("call", condition("anything", "contains", PHONE[2:9]), 0),
        ("consultation", condition("note", "contains", "zhangsan"), 0),
        ("consultation", condition("anything", "contains", "zhangsan"), 0),
        ("follow_up", condition("anything", "contains", PHONE[:7]), 0),
        ("follow_up", condition("anything", "contains", PHONE), 1),
        ("complaint", condition("note", "contains", PHONE[:7]), 0),
        ("duty", condition("title", "contains", PHONE[3:7]), 0),
        ("duty", condition("title", "contains", "ring"), 1),
    ],
)
async def test_a_text_is_asked_as_it_is_seen(office: House, kind: str, where: dict[str, Any], finds: int) -> None:
    await seeded(office)
    await set_role(office, "manager", hidden=list(HIDDEN_KINDS))
    status, said = await ask(office, "chief", "POST", "/query", {"kind": kind, "where": where})
    assert (status, said["total"]) == (200, finds), said


async def test_an_order_tells_nothing_of_a_number_in_a_note(office: House) -> None:
    """Who may write notes could find a hidden number by where their own stand among the others."""
    customers = office.office.modules.customers
    for n, note in enumerate(("13912348000", "13900000000", "13999999999")):
        await customers.create({"name": f"n{n}", "note": note}, "root")
    query = {"kind": "customer", "columns": ["name"], "sort": [{"field": "note"}]}

    async def order() -> list[str]:
        said = (await ask(office, "chief", "POST", "/query", query))[1]
        return [one["values"][0] for one in said["items"]]

    assert await order() == ["n1", "n0", "n2"]
    await set_role(office, "manager", hidden=["phone"])
    assert await order() == ["n2", "n1", "n0"], "as if nothing stood there: the newest first"


# ---- what is sent back ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["a139****8000", "x139****8000y", "139****80001", "1139****8000", "_139****8000"])
def test_what_would_come_back_for_all_to_read_is_not_taken(text: str) -> None:
    hiding = mask("phone")
    assert hiding.data({"phones": [PHONE]}) == {"phones": ["139****8000"]}
    back, unknown = hiding.given({"note": text})
    assert unknown == "note" or PHONE not in json.dumps(hiding.data(back))
    for field in ("ref", "token", "id"):
        assert hiding.given({field: "139****8000"})[1] == field, "what is never hidden"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("139.1234.8000", "139****8000"),
        ("139–1234–8000", "139****8000"),
        ("（020）62967788", "（020****7788"),
        ("１３９１２３４８０００", "１３９****８０００"),
        ("192.168.100.200", "192.168.100.200"),
        ("1234567.89", "1234567.89"),
        ("2026.11.27", None),
    ],
)
def test_however_a_number_is_written(text: str, shown: str | None) -> None:
    hidden = mask("phone").text(text)
    assert hidden == shown if shown is not None else PHONE not in hidden


async def test_what_is_said_of_a_field_is_no_value_of_it(office: House) -> None:
    await set_role(office, "agent", hidden=list(HIDDEN_KINDS))
    status, said = await ask(office, "1001", "POST", "/customers", {"name": "x", "card": "137****2222"})
    assert status == 422
    assert "***" not in said["error"]["fields"]["card"]
