"""Rules of follow-ups over the API: written, changed by one at a time, tried, drawn, and whose affair they are."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from callcenterd import site as site_file
from callcenterd.model.customers import CustomerCard
from callcenterd.model.fields import NewField
from tests.kit.virtual import VirtualClock
from tests.web.house import House, cheap_passwords, house
from tests.web.test_follow_ups import _TEAMS
from tests.web.test_roles import set_role
from tests.web.test_rooms import ask

GOLD = {"field": "level", "op": "is", "values": ["gold"]}
RULE: dict[str, Any] = {
    "chinese": "金卡回访",
    "english": "Gold customers",
    "active": True,
    "category": "after_use",
    "date_field": "created_at",
    "days": 0,
    "where": GOLD,
    "team": "two",
    "hour": 10,
}


@pytest.fixture
async def office(tmp_path: Path, database: Path) -> AsyncIterator[House]:
    """Monday at nine, with teams: 1002 and 1003 are two's."""
    shutil.copy(database, tmp_path / "callcenter.db")
    async with house(tmp_path, clock=VirtualClock()) as opened:
        kept = opened.office
        await site_file.apply_text(kept.store, cheap_passwords(), _TEAMS, "teams.yaml")
        await kept.site_changed()
        for name, level, owner in (("张三", "gold", "1003"), ("李四", "silver", "1002"), ("王五", "gold", "1001")):
            card = CustomerCard(name=name, level=level, phones=(f"1380000000{len(owner)}",), owner=owner)
            await kept.store.customers.create(card, "root")
        yield opened


async def said(office: House, login: str, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    got, answer = await ask(office, login, method, f"/follow-up-rules{path}", body)
    assert got == status, answer
    return answer


async def test_a_rule_is_written_tried_drawn_and_what_it_drew_is_theirs_to_whom_it_was_dealt(office: House) -> None:
    tried = await said(office, "root", "POST", "/preview", RULE)
    assert (tried["day"], tried["found"], tried["drawn"], tried["left_out"]) == ("2026-08-03", 2, 2, {})
    assert [(one["candidate"]["name"], one["owner"]) for one in tried["items"]] == [("张三", "1002"), ("王五", "1003")]
    assert (await ask(office, "root", "GET", "/follow-ups"))[1]["total"] == 0
    rule = await said(office, "root", "POST", "", RULE, 201)
    assert (rule["where"], rule["since"], rule["version"]) == ({**GOLD, **rule["where"]}, "2026-08-03", 1)
    drawing = await said(office, "root", "POST", f"/{rule['id']}/draw", {})
    assert (drawing["found"], drawing["drawn"], drawing["by"]) == (2, 2, "root")
    twice = await said(office, "root", "POST", f"/{rule['id']}/draw", {}, 409)
    assert twice["error"]["message"] == "这条规则今天已经抽取过"
    _, mine = await ask(office, "1002", "GET", f"/follow-ups?owner=me&owed=true&rule={rule['id']}")
    assert [(one["name"], one["rule"], one["owner"]) for one in mine["items"]] == [("张三", rule["id"], "1002")]
    assert (await ask(office, "1002", "GET", "/follow-ups?rule=99"))[1]["total"] == 0
    drawings = await said(office, "root", "GET", f"/{rule['id']}/drawings")
    assert (drawings["total"], drawings["items"]) == (1, [drawing])
    [listed] = (await said(office, "root", "GET", ""))["items"]
    assert (listed["rule"]["id"], listed["last"]) == (rule["id"], drawing)
    entries, _ = await office.office.store.audit.search(what="follow_up_rule.created")
    assert [(entry.who, entry.details["after"]["where"]["field"]) for entry in entries] == [("root", "level")]
    body = RULE | {"version": rule["version"], "active": False}
    assert (await said(office, "root", "PUT", f"/{rule['id']}", body))["version"] == 2
    stays = await said(office, "root", "DELETE", f"/{rule['id']}?version=2", status=409)
    assert stays["error"]["message"] == "这条规则已抽取过回访，只能停用"


async def test_the_second_of_two_who_change_a_rule_is_told_and_one_that_drew_nobody_can_be_removed(
    office: House,
) -> None:
    rule = await said(office, "root", "POST", "", RULE, 201)
    changed = await said(office, "root", "PUT", f"/{rule['id']}", RULE | {"version": 1, "most": 5})
    again = await said(office, "root", "PUT", f"/{rule['id']}", RULE | {"version": 1, "most": 9}, 409)
    assert again["error"]["now"] == changed
    assert (await said(office, "root", "GET", f"/{rule['id']}")) == changed
    assert (await said(office, "root", "DELETE", f"/{rule['id']}?version=1", status=409))["error"]["now"] == changed
    await said(office, "root", "DELETE", f"/{rule['id']}?version=2", status=204)
    await said(office, "root", "GET", f"/{rule['id']}", status=404)
    _, entries = await ask(office, "root", "GET", "/audit?what=follow_up_rule.removed")
    assert entries["total"] == 1


async def test_rules_are_an_administrators_and_whoever_sees_follow_ups_knows_their_names(office: House) -> None:
    rule = await said(office, "root", "POST", "", RULE, 201)
    for login in ("1002", "lead", "chief"):
        for method, path, body in (
            ("GET", "", None),
            ("POST", "", RULE),
            ("POST", "/preview", RULE),
            ("GET", f"/{rule['id']}", None),
            ("PUT", f"/{rule['id']}", RULE | {"version": 1}),
            ("DELETE", f"/{rule['id']}?version=1", None),
            ("POST", f"/{rule['id']}/draw", {}),
            ("GET", f"/{rule['id']}/drawings", None),
        ):
            await said(office, login, method, path, body, 403)
    names = await said(office, "1002", "GET", "/names")
    assert names["items"] == [{"id": rule["id"], "chinese": "金卡回访", "english": "Gold customers"}]


async def test_who_is_given_the_right_is_shown_no_more_of_customers_than_they_see(office: House) -> None:
    await set_role(
        office,
        "supervisor",
        give=["follow_up.rule"],
        scopes={
            "customer": "team",
            "consultation": "all",
            "complaint": "all",
            "follow_up": "all",
            "appointment": "all",
        },
        hidden=["phone"],
    )
    tried = await said(office, "other", "POST", "/preview", RULE)
    assert (tried["found"], tried["drawn"]) == (2, 2)
    assert [(one["candidate"]["name"], one["candidate"]["phone"]) for one in tried["items"]] == [
        ("张三", "138****0004")
    ]
    await office.office.store.fields.add(
        NewField(kind="customer", name="secret", type="date", chinese="密", english="Secret", readers=("manager",))
    )
    refused = await said(office, "other", "POST", "/preview", RULE | {"date_field": "x_secret"}, 422)
    assert set(refused["error"]["fields"]) == {"date_field"}
    hidden = {"field": "x_secret", "op": "filled"}
    refused = await said(office, "other", "POST", "", RULE | {"where": hidden}, 422)
    assert set(refused["error"]["fields"]) == {"where.field"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"hour": 24}, "hour"),
        ({"most": 0}, "most"),
        ({"days": 4000}, "days"),
        ({"deal": "by chance"}, "deal"),
        ({"chinese": ""}, "chinese"),
        ({"team": "nobody"}, "team"),
        ({"content": "x" * 4001}, "content"),
        ({"where": {"group": "all", "of": []}}, "where"),
        ({"where": {"field": "nothing", "op": "filled"}}, "where.field"),
        ({"query": 1}, "query"),
        ({"extra": 1}, "extra"),
    ],
)
async def test_what_no_rule_can_be_is_refused_with_its_field(office: House, body: dict[str, Any], field: str) -> None:
    for path in ("", "/preview"):
        refused = await said(office, "root", "POST", path, RULE | body, 422)
        assert any(name.startswith(field) for name in refused["error"]["fields"]), refused
    assert (await said(office, "root", "GET", ""))["total"] == 0


async def test_conditions_in_each_other_without_end_are_refused(office: House) -> None:
    deep: dict[str, Any] = GOLD
    for _ in range(12):
        deep = {"group": "all", "of": [deep]}
    await said(office, "root", "POST", "", RULE | {"where": deep}, 422)
