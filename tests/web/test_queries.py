"""Queries over HTTP: asking, kept and shared ones, exports; and that nothing can be smuggled in (W-45)."""

from __future__ import annotations

import io
import json
import time
from datetime import timedelta
from typing import Any

import openpyxl
import pytest

from callcenterd import site as site_file
from callcenterd.model.ids import AgentId
from callcenterd.store.query.run import SECONDS
from tests.store.rows import begin, call
from tests.web.house import House, cheap_passwords
from tests.web.test_fields import BUDGET, asks
from tests.web.test_roles import set_role

ALL: dict[str, Any] = {"kind": "customer", "columns": ["name", "level", "phones"]}
TEAMS = """
users:
  - {login: lead, name: 组长, role: supervisor}
teams:
  - {name: one, members: ["1001"], leaders: [lead]}
  - {name: two, members: ["1002"]}
"""


async def customers(office: House) -> None:
    for name, level, phone in (("张三", "gold", "13800138000"), ("李四", "vip", "13800138001"), ("=1+1", "", "1005")):
        card = {"name": name, "level": level, "phones": [phone]}
        assert (await asks(office, "POST", "customers", "1001", json=card))[0] == 201


def where(**condition: Any) -> dict[str, Any]:
    return {**ALL, "where": condition}


async def test_records_are_asked_for_by_a_tree(office: House) -> None:
    await customers(office)
    status, found = await asks(
        office, "POST", "query", "1001", json=where(field="anything", op="contains", values=["zs"])
    )
    assert status == 200, found
    assert found["columns"] == ALL["columns"]
    assert [one["values"] for one in found["items"]] == [["张三", "gold", ["13800138000"]]]
    grouped = {"kind": "customer", "group": {"by": [{"field": "level"}], "order": "count"}}
    status, found = await asks(office, "POST", "query", "1001", json=grouped)
    assert (status, found["total"], found["whole"]["count"]) == (200, 3, 3)
    assert {(tuple(one["keys"]), one["count"]) for one in found["groups"]} == {
        (("gold",), 1),
        (("vip",), 1),
        ((None,), 1),
    }


async def test_an_agent_finds_own_calls_only_and_a_manager_all(office: House) -> None:
    await begin(office.office.store, call("mine", agent=AgentId("1001")), call("hers", agent=AgentId("1002")))
    for login, keys in (("1001", {"mine"}), ("1002", {"hers"}), ("chief", {"mine", "hers"})):
        _, found = await asks(office, "POST", "query", login, json={"kind": "call"})
        assert ({one["id"] for one in found["items"]}, found["total"]) == (keys, len(keys))


async def test_the_fields_of_a_kind_are_told_with_custom_ones_and_both_names(office: House) -> None:
    assert (await asks(office, "POST", "custom-fields", json={**BUDGET, "readers": ["manager"], "writers": []}))[
        0
    ] == 201
    status, kinds = await asks(office, "GET", "query/kinds", "1001")
    assert status == 200
    for kind in kinds["items"]:
        status, told = await asks(office, "GET", f"query/kinds/{kind['name']}/fields", "chief")
        assert status == 200
        names = [field["name"] for field in told["items"]]
        assert len(set(names)) == len(names)
        assert set(told["columns"]) <= set(names)
        assert all(field["operators"] and field["chinese"] != field["name"] for field in told["items"]), told["items"]
    of = {}
    for login in ("chief", "1001"):
        _, told = await asks(office, "GET", "query/kinds/customer/fields", login)
        of[login] = {field["name"] for field in told["items"]}
    assert of["chief"] - of["1001"] == {"x_budget"}
    assert (await asks(office, "GET", "query/kinds/users/fields", "1001"))[0] == 404


async def test_every_field_can_be_asked_shown_sorted_and_grouped_as_it_says(office: House) -> None:
    await customers(office)
    values = {"number": [1], "yes_no": [True], "date": ["2026-08-03"], "phone": ["138"]}
    for kind in (await asks(office, "GET", "query/kinds"))[1]["items"]:
        for field in (await asks(office, "GET", f"query/kinds/{kind['name']}/fields"))[1]["items"]:
            name, type_ = field["name"], field["type"]
            queries = []
            for op in field["operators"]:
                given = {"values": values.get(type_, ["x"])}
                if op == "between":
                    given = {"least": 1} if type_ == "number" else {"least": "2026-08-03"}
                if op in ("filled", "within"):
                    given = {} if op == "filled" else {"span": {"period": "today"}}
                queries.append({"kind": kind["name"], "where": {"field": name, "op": op, **given}})
            if field["shows"]:
                queries.append({"kind": kind["name"], "columns": [name]})
            if field["sorts"]:
                queries.append({"kind": kind["name"], "sort": [{"field": name}]})
            if field["groups"]:
                by = {"field": name} | ({"step": "month"} if type_ == "moment" else {})
                queries.append({"kind": kind["name"], "group": {"by": [by]}})
            for query in queries:
                status, said = await asks(office, "POST", "query", json=query)
                assert status == 200, (query, said)


# ---- nothing is smuggled in (W-45) --------------------------------------------------------------------------------

SMUGGLED = (
    "' OR 1=1 --",
    '"; DROP TABLE customers; --',
    "name) UNION SELECT login, password_hash FROM users --",
    "%",
    "_",
    "\\",
    "a* OR NEAR(b c) NOT",
    '"unbalanced',
    "(a+)+$" * 20,
    "a" * 200,
    "\ud7ff\U0010ffff",
    "؈\u202e",
)
NAMES = (
    "id; DROP TABLE customers",
    "name--",
    "words",
    "password_hash",
    "users.password_hash",
    "customer.customer.name",
    "__class__",
    "NAME",
    "name ",
    "x_",
    "x_nobody",
    "customer.",
    "a.b.c",
    "",
    "1",
    "名",
    "name\u0000",
)


@pytest.mark.parametrize("text", SMUGGLED)
async def test_what_is_smuggled_into_a_value_is_looked_for_as_it_is(office: House, text: str) -> None:
    await customers(office)
    await asks(office, "POST", "customers", "1001", json={"name": f"x{text[:60]}y"})
    for field in ("anything", "name", "note", "company", "level", "owner", "phones", "card"):
        for op in ("contains", "is", "starts"):
            for negated in (False, True):
                asked = where(field=field, op=op, values=[text], negated=negated)
                begun = time.process_time()  # of what others do on this machine nothing is known
                status, said = await asks(office, "POST", "query", "1001", json=asked)
                assert time.process_time() - begun < SECONDS
                assert status in (200, 422), (asked, said)
                if status == 200 and field == "name" and op == "contains":
                    assert said["total"] == (3 if negated and text not in ("a" * 200, "(a+)+$" * 20) else said["total"])
                    found = [one["values"][0] for one in said["items"]]
                    assert all((text.lower() in name.lower()) is not negated for name in found)
    assert (await asks(office, "POST", "query", "1001", json=ALL))[1]["total"] == 4, "all are still there"


@pytest.mark.parametrize("name", NAMES)
async def test_what_is_no_name_of_a_field_is_refused_wherever_one_stands(office: House, name: str) -> None:
    for asked in (
        where(field=name, op="filled"),
        where(group="any", of=[{"field": name, "op": "is", "values": ["x"]}]),
        where(related=name),
        where(related="call", where={"field": name, "op": "filled"}),
        {**ALL, "columns": [name]},
        {**ALL, "sort": [{"field": name}]},
        {**ALL, "group": {"by": [{"field": name}]}},
        {**ALL, "group": {"by": [{"field": "level"}], "figures": [{"what": "sum", "field": name}]}},
        {"kind": name},
    ):
        status, said = await asks(office, "POST", "query", "1001", json=asked)
        assert status == 422, (asked, said)
        assert said["error"]["fields"], said


NESTED: dict[str, Any] = {"field": "name", "op": "filled"}
for _ in range(20):
    NESTED = {"group": "all", "of": [NESTED]}


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(where(field="name", op="contains", values=["a\0b"]), id="NUL"),
        pytest.param(where(field="name", op="regexp", values=["(a+)+$"]), id="an operator that there is not"),
        pytest.param(where(field="name", op="contains", values=["a", "b"]), id="two texts to contain"),
        pytest.param(where(field="name", op="is", values=[]), id="no value"),
        pytest.param(where(field="name", op="is", values=[{"$ne": ""}]), id="an object for a value"),
        pytest.param(where(field="name", op="is", values=["x"] * 201), id="too many values"),
        pytest.param(where(field="name", op="is", values=[1]), id="a number for a text"),
        pytest.param(where(field="number", op="is", values=[10**30]), id="a number of no column"),
        pytest.param(where(field="number", op="is", values=["1 OR 1=1"]), id="a text for a number"),
        pytest.param(where(field="created_at", op="within", span={"last": 5001}), id="a span too long"),
        pytest.param(where(field="created_at", op="within", span={"since": "0001-01-01T00:00:00Z"}), id="before time"),
        pytest.param(where(field="created_at", op="within", span={"since": "2026-01-01"}), id="a time without a zone"),
        pytest.param(where(field="created_at", op="within", span={}), id="a span of nothing"),
        pytest.param(where(**NESTED), id="too deep"),
        pytest.param(where(group="all", of=[{"field": "name", "op": "filled"}] * 101), id="too many"),
        pytest.param(where(group="all", of=[]), id="a group of nothing"),
        pytest.param({**ALL, "limit": 10**9}, id="too many rows"),
        pytest.param({**ALL, "offset": -1}, id="before the first"),
        pytest.param({**ALL, "offset": 10**18}, id="far behind the last"),
        pytest.param({**ALL, "sort": [{"field": "name", "descending": "DESC; --"}]}, id="a direction"),
        pytest.param({**ALL, "group": {"by": [{"field": "created_at", "step": "century'"}]}}, id="a step"),
        pytest.param({**ALL, "group": {"by": [{"field": "created_at"}]}}, id="a time without a step"),
        pytest.param(
            {**ALL, "group": {"by": [{"field": "level"}], "figures": [{"what": "sum", "field": "name"}]}},
            id="no number",
        ),
        pytest.param({**ALL, "sql": "SELECT 1"}, id="a word that there is not"),
        pytest.param({"kind": "users"}, id="a kind that there is not"),
    ],
)
async def test_what_cannot_be_asked_is_refused_with_its_place(office: House, asked: dict[str, Any]) -> None:
    status, said = await asks(office, "POST", "query", "1001", json=asked)
    assert status == 422, said
    assert said["error"]["fields"], said


async def test_what_is_no_query_is_refused(office: House) -> None:
    headers = {**await office.as_("1001"), "Content-Type": "application/json"}
    for octets, expected in (
        (b"[" * 100_000, (400, 422)),
        (b'{"kind":"customer","where":' + b'{"group":"all","of":[' * 5000, (400, 422)),
        (b'{"kind":"customer","limit":NaN}', (400, 422)),
        (b"\xff\xfe\x00", (400, 422)),
        (json.dumps(where(field="name", op="contains", values=["x" * 10_000_000])).encode(), (413,)),
    ):
        answer = await office.client.post("/api/v1/query", data=io.BytesIO(octets), headers=headers)
        assert answer.status in expected, await answer.text()


# ---- kept and shared ----------------------------------------------------------------------------------------------


async def test_queries_are_kept_shared_changed_and_forgotten(office: House) -> None:
    await site_file.apply_text(office.office.store, cheap_passwords(), TEAMS, "teams.yaml")
    await office.office.site_changed()
    body = {"name": "金卡", "query": where(field="level", op="is", values=["gold"]), "shared": "team", "team": "one"}
    status, kept = await asks(office, "POST", "queries", "1001", json=body)
    assert status == 201, kept
    assert kept["query"]["where"]["values"] == ["gold"]
    for login, seen in (("1001", True), ("lead", True), ("1002", False), ("chief", False)):
        _, found = await asks(office, "GET", "queries", login)
        assert [one["name"] for one in found["items"]] == (["金卡"] if seen else [])
    path, change = f"queries/{kept['id']}", {**body, "name": "金卡客户", "version": 1, "shared": "all", "team": ""}
    assert (await asks(office, "PUT", path, "lead", json=change))[0] == 409, "it is not the leader's"
    assert (await asks(office, "PUT", path, "1002", json=change))[0] == 404, "of it nobody has told them"
    status, changed = await asks(office, "PUT", path, "1001", json=change)
    assert (status, changed["version"], changed["team"]) == (200, 2, "")
    status, said = await asks(office, "PUT", path, "1001", json=change)
    assert (status, said["error"]["now"]["name"]) == (409, "金卡客户")
    assert (await asks(office, "GET", "queries", "1002"))[1]["total"] == 1, "now it is shared with all"
    foreign = {**body, "team": "two"}
    assert (await asks(office, "POST", "queries", "1001", json=foreign))[0] == 422
    wrong = {**body, "shared": "nobody", "query": {"kind": "customer", "columns": ["nothing"]}}
    assert (await asks(office, "POST", "queries", "1001", json=wrong))[0] == 422
    assert (await asks(office, "DELETE", path, "1002"))[0] == 409
    assert (await asks(office, "DELETE", path, "1001"))[0] == 204
    assert (await asks(office, "DELETE", path, "1001"))[0] == 404
    entries, _ = await office.office.store.audit.search(what="query")
    assert [entry.what for entry in entries] == ["query.removed", "query.changed", "query.created"]


# ---- exported -----------------------------------------------------------------------------------------------------


async def exported(office: House, who: str, **asked: Any) -> tuple[int, bytes]:
    answer = await office.client.post(
        "/api/v1/query/export", json=asked, headers={**await office.as_(who), "Accept-Language": "zh-CN"}
    )
    return answer.status, await answer.read()


async def test_what_is_found_is_exported_by_who_may_and_no_cell_is_a_formula(office: House) -> None:
    await customers(office)
    assert (await exported(office, "1001", query=ALL))[0] == 403
    query = {**ALL, "sort": [{"field": "name"}]}
    status, octets = await exported(office, "boss", query=query)
    assert status == 200, octets
    sheet = openpyxl.load_workbook(io.BytesIO(octets)).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert rows == [
        ("姓名", "客户级别", "电话"),
        ("=1+1", None, "1005"),
        ("张三", "金卡", "13800138000"),
        ("李四", "VIP", "13800138001"),
    ]
    assert sheet["A2"].data_type == "s", "a text, and no formula"
    status, octets = await exported(office, "boss", query=query, form="csv")
    assert octets.decode("utf-8-sig").splitlines()[1] == "'=1+1,,1005"
    assert octets.startswith(b"\xef\xbb\xbf")
    status, octets = await exported(office, "boss", query=query, form="csv_gb18030")
    assert "张三" in octets.decode("gb18030")
    grouped = {"kind": "customer", "group": {"by": [{"field": "level"}]}}
    status, octets = await exported(office, "boss", query=grouped, form="csv")
    assert sorted(octets.decode("utf-8-sig").splitlines()[1:]) == [",1", "VIP,1", "总计,3", "金卡,1"]
    entries, _ = await office.office.store.audit.search(what="query.exported")
    assert [entry.details["rows"] for entry in entries] == [4, 3, 3, 3]
    assert entries[1].who == "boss"
    assert entries[1].details["query"]["columns"] == ALL["columns"]


async def test_gold_customers_with_two_complaints_this_quarter_and_no_call_in_thirty_days(office: House) -> None:
    """The example of the office that asked for it."""
    store, now = office.office.store, office.office.clock.utc()
    made = {}
    for n, (name, level) in enumerate((("both", "gold"), ("called", "gold"), ("one", "gold"), ("vip", "vip"))):
        card = {"name": name, "level": level, "phones": [f"1380013800{n}"]}
        made[name] = (await asks(office, "POST", "customers", "1001", json=card))[1]["id"]
    for name, aspects in (("both", ["price"]), ("both", ["effect", "price"]), ("called", []), ("called", []),
                          ("one", []), ("vip", []), ("vip", [])):  # fmt: skip
        body = {"customer": made[name], "kind": "complaint", "aspects": aspects, "type": "product", "reason": "太慢"}
        status, said = await asks(office, "POST", "complaints", "1001", json=body)
        assert status == 201, said
    old, new = now - timedelta(days=31), now - timedelta(days=29)
    await begin(
        store, call("old", caller="13800138000", started_at=old), call("new", caller="13800138001", started_at=new)
    )
    complaints = {"related": "complaint", "at_least": 2,
                  "where": {"field": "created_at", "op": "within", "span": {"period": "this_quarter"}}}  # fmt: skip
    calls = {"related": "call", "at_most": 0, "where": {"field": "started_at", "op": "within", "span": {"last": 30}}}
    tree = {"group": "all", "of": [{"field": "level", "op": "is", "values": ["gold"]}, complaints, calls]}
    status, found = await asks(office, "POST", "query", "chief", json={**ALL, "where": tree})
    assert (status, [one["values"][0] for one in found["items"]]) == (200, ["both"])
    assert (await asks(office, "POST", "query", "1002", json={**ALL, "where": tree}))[1]["total"] == 0, (
        "not theirs to see"
    )
    for op, total in (("is", 2), ("all_of", 1)):
        where = {"field": "aspects", "op": op, "values": ["price", "effect"]}
        asked = {"kind": "complaint", "where": where, "columns": ["aspects", "customer.level"]}
        _, found = await asks(office, "POST", "query", "chief", json=asked)
        assert found["total"] == total
        assert found["items"][0]["values"] == [["effect", "price"], "gold"]


async def test_what_a_role_may_not_read_is_no_kind_no_relation_and_no_field_to_it(office: House) -> None:
    await customers(office)
    await set_role(office, "agent", take=["customer.read"])
    kinds = (await asks(office, "GET", "query/kinds", "1001"))[1]["items"]
    assert "customer" not in [one["name"] for one in kinds]
    assert all("customer" not in one["related"] for one in kinds)
    assert (await asks(office, "GET", "query/kinds/customer/fields", "1001"))[0] == 404
    told = (await asks(office, "GET", "query/kinds/call/fields", "1001"))[1]["items"]
    assert not [field["name"] for field in told if field["name"].startswith("customer.")]
    for asked in (
        ALL,
        {"kind": "call", "where": {"related": "customer"}},
        {"kind": "call", "columns": ["customer.name"]},
        {"kind": "call", "group": {"by": [{"field": "customer.level"}]}},
    ):
        assert (await asks(office, "POST", "query", "1001", json=asked))[0] == 422, asked
    assert (await asks(office, "POST", "query", "1002", json={"kind": "call"}))[0] == 200


async def test_nothing_is_grouped_by_what_is_hidden_from_a_role(office: House) -> None:
    card = {"name": "x", "address": "解放路 1 号", "card": "88612341755"}
    assert (await asks(office, "POST", "customers", "root", json=card))[0] == 201
    await set_role(office, "agent", hidden=["address", "card"])
    for field in ("address", "card"):
        asked = {"kind": "customer", "group": {"by": [{"field": field}]}}
        status, said = await asks(office, "POST", "query", "1001", json=asked)
        assert (status, list(said["error"]["fields"])) == (422, ["group.by.0.field"])
        [group] = (await asks(office, "POST", "query", "root", json=asked))[1]["groups"]
        assert (group["keys"], group["count"]) == ([card[field]], 1)
