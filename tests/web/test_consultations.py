"""Consultations over the API: written down in a call, found, counted, and changed by two at once."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from callcenterd import site as site_file
from callcenterd.model.customers import CustomerCard
from callcenterd.model.people import Role
from callcenterd.web.socket import STREAMS
from tests.kit.virtual import START, VirtualClock
from tests.web.house import House, cheap_passwords, house
from tests.web.test_live import Listener
from tests.web.test_rooms import ask, settled
from tests.web.test_teams import TEAMS

_TEAMS = "users:" + TEAMS.partition("users:")[2]


@pytest.fixture
async def office(tmp_path: Path, database: Path) -> AsyncIterator[House]:
    """In virtual time, with teams: 1001 is lead's, 1002 and 1003 are other's."""
    shutil.copy(database, tmp_path / "callcenter.db")
    async with house(tmp_path, clock=VirtualClock()) as opened:
        kept = opened.office
        await site_file.apply_text(kept.store, cheap_passwords(), _TEAMS, "teams.yaml")
        await kept.site_changed()
        yield opened


async def made(office: House, login: str = "1001", **known: Any) -> dict[str, Any]:
    status, said = await ask(office, login, "POST", "/consultations", {"category": "use"} | known)
    assert status == 201, said
    return dict(said)


async def test_a_consultation_of_a_call_knows_when_it_was_and_with_whom(office: House) -> None:
    began = START - timedelta(minutes=5)
    await office.keep_call("past", started_at=began)
    customer = await office.office.store.customers.create(
        CustomerCard(name="张三", phones=("138 0000 0001",), card="6688", sex="male"), "1001"
    )
    one = await made(office, call="past", customer=customer.id, channel="web", project_number=" P-7 ", note=" 怎么用 ")
    known = {name: one[name] for name in ("phone", "card", "name", "sex", "call", "customer", "project_number", "note")}
    assert known == {
        "phone": "138 0000 0001",
        "card": "6688",
        "name": "张三",
        "sex": "male",
        "call": "past",
        "customer": customer.id,
        "project_number": "P-7",
        "note": " 怎么用 ",
    }
    assert datetime.fromisoformat(one["at"]) == began
    day = START.astimezone(office.office.timezone).strftime("%Y%m%d")
    assert (one["number"], one["owner"], one["team"], one["version"]) == (f"ZX{day}-0001", "1001", "one", 1)
    assert await ask(office, "1001", "GET", f"/consultations/{one['id']}") == (200, one)
    other = await made(office, customer=customer.id, name="李四")
    assert (other["name"], other["phone"]) == ("李四", ""), "what is said goes before the card"
    entries, _ = await office.office.store.audit.search(what="consultation.created")
    assert [(entry.who, entry.target, entry.details) for entry in entries][-1] == (
        "1001",
        f"consultation/{one['id']}",
        {"number": one["number"]},
    )


async def test_the_second_of_two_is_told_what_is_now_and_a_colleague_changes_nothing(office: House) -> None:
    one = await made(office, "1002", note="先")
    path = f"/consultations/{one['id']}"
    status, after = await ask(office, "1002", "PUT", path, {"version": 1, "category": "address", "note": "改"})
    assert (status, after["version"], after["note"], after["changed_by"]) == (200, 2, "改", "1002")
    status, said = await ask(office, "other", "PUT", path, {"version": 1, "category": "use", "note": "后"})
    assert (status, said["error"]["code"]) == (409, "changed_meanwhile")
    assert said["error"]["now"] == after
    assert await ask(office, "1003", "GET", path) == (200, after), "a team sees its records"
    assert (await ask(office, "1003", "PUT", path, {"version": 2, "category": "use"}))[0] == 403
    assert (await ask(office, "1001", "GET", path))[0] == 404
    entries, _ = await office.office.store.audit.search(what="consultation.changed")
    assert [entry.details for entry in entries] == [{"fields": ["category", "note"]}]
    assert entries[0].changes["note"] == ("先", "改")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"category": ""}, "category"),
        ({"category": "nothing"}, "category"),
        ({"channel": "nothing"}, "channel"),
        ({"sex": "nothing"}, "sex"),
        ({"at": (START + timedelta(seconds=1)).isoformat()}, "at"),
        ({"at": "2020-01-01T00:00:00Z"}, "at"),
        ({"note": "x\0"}, "note"),
        ({"note": "x" * 4001}, "note"),
        ({"phone": "1" * 41}, "phone"),
        ({"fields": {"none": "x"}}, "fields.none"),
        ({"owner": "1002"}, "owner"),
        ({"number": "ZX"}, "number"),
    ],
)
async def test_what_cannot_be_kept_is_refused_with_its_field(office: House, body: dict[str, Any], field: str) -> None:
    status, said = await ask(office, "1001", "POST", "/consultations", {"category": "use"} | body)
    assert status == 422, said
    assert field in said["error"]["fields"], said
    assert (await ask(office, "1001", "GET", "/consultations"))[1]["total"] == 0


async def test_a_customer_who_is_not_there_is_none(office: House) -> None:
    status, said = await ask(office, "1001", "POST", "/consultations", {"category": "use", "customer": 99})
    assert (status, said["error"]["code"]) == (404, "not_found")
    assert (await ask(office, "1001", "GET", "/consultations"))[1]["total"] == 0


async def test_a_call_of_others_is_no_call(office: House) -> None:
    await office.keep_call("past", agent="1002", queue="complaints")
    status, said = await ask(office, "1001", "POST", "/consultations", {"category": "use", "call": "past"})
    assert (status, said["error"]["code"]) == (404, "not_found")
    assert (await ask(office, "1002", "POST", "/consultations", {"category": "use", "call": "past"}))[0] == 201


async def test_a_value_that_is_retired_may_stay_but_is_chosen_no_more(office: House) -> None:
    one = await made(office, category="use")
    values = {"values": [{"code": "new", "chinese": "新", "english": "New"}]}
    assert (await ask(office, "root", "PUT", "/dictionaries/consultation_category", values))[0] == 200
    path = f"/consultations/{one['id']}"
    assert (await ask(office, "1001", "PUT", path, {"version": 1, "category": "use", "note": "x"}))[0] == 200
    assert (await ask(office, "1001", "POST", "/consultations", {"category": "use"}))[0] == 422
    assert (await ask(office, "1001", "PUT", path, {"version": 2, "category": "new"}))[0] == 200
    status, said = await ask(office, "1001", "PUT", path, {"version": 3, "category": "use"})
    assert (status, list(said["error"]["fields"])) == (422, ["category"])


async def test_lists_and_totals_are_of_what_one_sees(office: House) -> None:
    await made(office, category="use", channel="web", note="价格")
    await made(office, "1002", category="use", channel="web", at=(START - timedelta(days=1)).isoformat())
    await made(office, "1003", category="address", project_type="养生")

    async def found(login: str, conditions: str = "") -> list[str]:
        status, said = await ask(office, login, "GET", f"/consultations{conditions}")
        assert (status, said["total"]) == (200, len(said["items"]))
        _, totals = await ask(office, login, "GET", f"/consultations/totals{conditions}")
        assert totals["total"] == said["total"]
        assert sum(one["count"] for one in totals["items"]) == said["total"]
        return [item["owner"] for item in said["items"]]

    assert await found("chief") == ["1003", "1001", "1002"]
    assert await found("1001") == ["1001"]
    assert await found("lead") == ["1001"]
    assert await found("1003") == ["1003", "1002"]
    assert await found("other", "?agent=1003") == ["1003"]
    assert await found("1002", "?agent=me") == ["1002"]
    assert await found("lead", "?agent=1002") == []
    assert await found("boss", "?category=use") == ["1001", "1002"]
    assert await found("boss", f"?since={START.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%SZ')}") == ["1003", "1001"]
    assert await found("boss", "?text=养生") == ["1003"]
    _, said = await ask(office, "boss", "GET", "/consultations/totals")
    assert said == {
        "items": [
            {"category": "address", "channel": "", "count": 1},
            {"category": "use", "channel": "web", "count": 2},
        ],
        "total": 3,
    }


async def test_who_sees_it_hears_of_it(office: House) -> None:
    live = office.app[STREAMS].live
    roles: dict[str, Role] = {
        "1001": "agent",
        "1003": "agent",
        "lead": "supervisor",
        "other": "supervisor",
        "chief": "manager",
    }
    listeners = {login: Listener(office, live, login, role) for login, role in roles.items()}
    for listener in listeners.values():
        listener.take()
    one = await made(office, "1002", category="use")
    await settled()
    told = {
        login: [message for message in listener.take() if message["type"] == "record.saved"]
        for login, listener in listeners.items()
    }
    assert {login: len(facts) for login, facts in told.items()} == {
        "1001": 0,
        "1003": 1,
        "lead": 0,
        "other": 1,
        "chief": 1,
    }
    data = told["chief"][0]["data"]
    assert (data["kind"], data["record"], data["number"], data["by"]) == (
        "consultation",
        one["id"],
        one["number"],
        "1002",
    )


async def test_a_customer_who_was_merged_into_another_is_the_other(office: House) -> None:
    store = office.office.store
    kept, gone = [await store.customers.create(CustomerCard(name=name), "1001") for name in ("张三", "张山")]
    body = {"other": gone.id, "version": kept.version, "other_version": gone.version, "take": []}
    status, said = await ask(office, "root", "POST", f"/customers/{kept.id}/merge", body)
    assert status == 201, said
    assert (await made(office, customer=gone.id))["customer"] == kept.id
