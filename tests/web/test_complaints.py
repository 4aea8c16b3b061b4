"""Complaints over the API: four people and one complaint, who sees what, two at once, and workflows."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
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
    body = {"type": "product", "reason": "漏水"} | known
    status, said = await ask(office, login, "POST", "/complaints", body)
    assert status == 201, said
    return dict(said)


async def moved(office: House, login: str, one: dict[str, Any], move: str, **given: Any) -> tuple[int, dict[str, Any]]:
    path = f"/complaints/{one['id']}"
    now = (await ask(office, "root", "GET", path))[1]["complaint"]
    return await ask(office, login, "POST", f"{path}/move", {"version": now["version"], "move": move} | given)


async def test_four_people_and_one_complaint(office: House) -> None:
    """1001 writes it down for the other department, whose head makes 1002 responsible; the manager closes it."""
    customer = await office.office.store.customers.create(
        CustomerCard(name="张三", phones=("138 0000 0001",), card="6688", sex="male"), "1001"
    )
    one = await made(office, customer=customer.id, aspects=["price", "price", ""], department_number=" D-3 ")
    assert (one["name"], one["phone"], one["card"], one["aspects"]) == ("张三", "138 0000 0001", "6688", ["price"])
    day = START.astimezone(office.office.timezone).strftime("%Y%m%d")
    assert (one["number"], one["department_number"], one["state"]) == (f"TS{day}-0001", "D-3", "registered")
    status, now = await moved(office, "1001", one, "dispatch", team="two")
    assert (status, now["complaint"]["owner"], now["moves"], now["correctable"]) == (200, "other", [], False)
    path = f"/complaints/{one['id']}"
    _, seen = await ask(office, "other", "GET", path)
    assert (seen["moves"], seen["correctable"]) == (["stands", "does_not_stand", "dispatch"], True)
    status, said = await moved(office, "1001", one, "stands", person="1002")
    assert (status, said["error"]["message"]) == (409, "这一步由别人办理")
    status, now = await moved(office, "other", one, "stands", person="1002", minutes=60)
    assert (status, now["complaint"]["responsible"]) == (200, "1002")
    assert now["complaint"]["due"] == (START + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    status, said = await moved(office, "1002", one, "handled")
    assert (status, list(said["error"]["fields"])) == (422, ["result"])
    status, now = await moved(office, "1002", one, "handled", result="已换货")
    assert (status, now["complaint"]["means"], now["answerable"]) == (200, "call", False)
    _, seen = await ask(office, "1001", "GET", path)
    assert seen["answerable"]
    owed = (await ask(office, "1001", "GET", "/duties?owner=me&kind=complaint_answer"))[1]["items"]
    assert [(duty["about"], duty["number"], duty["note"]) for duty in owed] == [
        (f"complaint/{one['id']}", "138 0000 0001", "已换货")
    ]
    status, said = await ask(office, "1001", "POST", f"/duties/{owed[0]['id']}/done", {"version": owed[0]["version"]})
    assert (status, said["error"]["message"]) == (409, "这是工单的一步，请在工单里办理")
    body = {"version": seen["complaint"]["version"], "means": "in_person", "text": "来店时已说明"}
    status, now = await ask(office, "1001", "POST", f"{path}/answer", body)
    assert (status, now["complaint"]["state"]) == (200, "answered")
    status, said = await moved(office, "chief", one, "close", satisfaction="nothing")
    assert (status, list(said["error"]["fields"])) == (422, ["satisfaction"])
    status, now = await moved(office, "chief", one, "close", satisfaction="satisfied")
    assert (status, now["complaint"]["due"]) == (200, None)
    assert [(state["state"], state["by"]) for state in now["states"]] == [
        ("registered", "1001"),
        ("review", "1001"),
        ("in_progress", "other"),
        ("handled", "1002"),
        ("answered", "1001"),
        ("closed", "chief"),
    ]
    _, earlier = await ask(office, "1003", "GET", f"/customers/{customer.id}/complaints")
    assert [item["number"] for item in earlier["items"]] == [one["number"]], "who speaks with them knows"
    assert (await ask(office, "1001", "GET", "/duties?state=open"))[1]["total"] == 0


async def test_the_second_of_two_is_told_what_is_now(office: House) -> None:
    one = await made(office)
    path = f"/complaints/{one['id']}"
    body = {"version": 1, "type": "person", "reason": "态度"}
    status, after = await ask(office, "1001", "PUT", path, body)
    assert (status, after["type"], after["version"]) == (200, "person", 2)
    for method, rest, given in (
        ("PUT", "", body),
        ("POST", "/move", {"version": 1, "move": "dispatch", "team": "two"}),
        ("POST", "/answer", {"version": 1, "means": "call"}),
    ):
        status, said = await ask(office, "root", method, f"{path}{rest}", given)
        assert (status, said["error"]["code"], said["error"]["now"]) == (409, "changed_meanwhile", after)
    assert (await ask(office, "1001", "POST", f"{path}/note", {"text": "客户又来电催"}))[0] == 204
    _, now = await ask(office, "1001", "GET", path)
    assert [state["kind"] for state in now["states"]] == ["created", "corrected", "noted"]
    assert now["states"][1]["details"] == {"type": "product", "reason": "漏水"}
    entries, _ = await office.office.store.audit.search(what="complaint.corrected")
    assert [entry.details for entry in entries] == [{"fields": ["reason", "type"]}]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"type": ""}, "type"),
        ({"reason": ""}, "reason"),
        ({"kind": "praise"}, "kind"),
        ({"aspects": ["nothing"]}, "aspects"),
        ({"sex": "nothing"}, "sex"),
        ({"email": "a@b,c@d"}, "email"),
        ({"answer_by": "pigeon"}, "answer_by"),
        ({"note": "x\0"}, "note"),
        ({"at": "2020-01-01T00:00:00Z"}, "at"),
        ({"fields": {"none": "x"}}, "fields.none"),
        ({"state": "closed"}, "state"),
        ({"number": "TS"}, "number"),
    ],
)
async def test_what_cannot_be_kept_is_refused_with_its_field(office: House, body: dict[str, Any], field: str) -> None:
    status, said = await ask(office, "1001", "POST", "/complaints", {"type": "product", "reason": "x"} | body)
    assert status == 422, said
    assert field in said["error"]["fields"], said
    assert (await ask(office, "1001", "GET", "/complaints"))[1]["total"] == 0


async def test_a_call_of_others_is_no_call(office: House) -> None:
    await office.keep_call("past", agent="1002", queue="complaints")
    body = {"type": "product", "reason": "x", "call": "past"}
    assert (await ask(office, "1001", "POST", "/complaints", body))[0] == 404
    status, said = await ask(office, "1002", "POST", "/complaints", body)
    assert (status, said["queue"]) == (201, "complaints")
    assert (await ask(office, "1003", "GET", f"/complaints/{said['id']}"))[0] == 200, "of the same queue"


async def test_lists_and_the_board_are_of_what_one_sees(office: House) -> None:
    first = await made(office, reason="太贵")
    second = await made(office, "1002", kind="suggestion", type="service")
    await moved(office, "1001", first, "dispatch", team="one")
    office.office.clock.move(2 * 3600)  # type: ignore[attr-defined]

    async def found(login: str, conditions: str = "") -> list[int]:
        status, said = await ask(office, login, "GET", f"/complaints{conditions}")
        assert (status, said["total"]) == (200, len(said["items"]))
        if "state=" not in conditions:
            _, board = await ask(office, login, "GET", f"/complaints/board{conditions}")
            assert board["total"] == said["total"] == sum(one["count"] for one in board["items"])
        return [item["id"] for item in said["items"]]

    a, b = first["id"], second["id"]
    assert await found("chief") == [b, a]
    assert await found("1001") == await found("lead") == [a]
    assert await found("1002") == await found("other") == [b]
    assert await found("1003") == []
    assert await found("lead", "?owner=me") == await found("chief", "?state=review") == [a]
    assert await found("chief", "?overdue=true") == [b]
    assert await found("chief", "?kind=suggestion&type=service&open=true") == [b]
    assert await found("chief", "?team=one") == await found("chief", "?text=太贵") == [a]
    assert await found("chief", f"?customer={7}") == []
    _, board = await ask(office, "chief", "GET", "/complaints/board")
    assert board == {
        "items": [
            {"state": "registered", "count": 1, "overdue": 1},
            {"state": "review", "count": 1, "overdue": 0},
        ],
        "total": 2,
        "overdue": 1,
    }


async def test_who_sees_it_hears_of_it(office: House) -> None:
    live = office.app[STREAMS].live
    roles: dict[str, Role] = {"1001": "agent", "1003": "agent", "lead": "supervisor", "chief": "manager"}
    listeners = {login: Listener(office, live, login, role) for login, role in roles.items()}
    for listener in listeners.values():
        listener.take()
    one = await made(office)
    await settled()
    told = {login: [m for m in each.take() if m["type"] == "record.saved"] for login, each in listeners.items()}
    assert {login: len(facts) for login, facts in told.items()} == {"1001": 1, "1003": 0, "lead": 1, "chief": 1}
    assert told["chief"][0]["data"]["number"] == one["number"]


# ---- workflows ----------------------------------------------------------------------------------------------------


async def test_an_administrator_changes_a_workflow_and_old_complaints_go_on_as_they_began(office: House) -> None:
    old = await made(office, type="medicine")
    _, said = await ask(office, "1001", "GET", "/complaint-workflows")
    (shipped,) = said["items"]
    assert (shipped["type"], shipped["version"], shipped["created_by"]) == ("", 1, "system")
    assert [step["code"] for step in said["steps"]][:2] == ["registered", "review"]
    steps = shipped["workflow"]["steps"]
    own: dict[str, Any] = {
        "version": 0,
        "chinese": "药品投诉",
        "english": "Medicine",
        "steps": [dict(step) for step in steps],
    }
    own["steps"][0] |= {"limit": 5, "warn": 1, "escalations": [{"minutes": 0, "to": "manager"}]}
    assert (await ask(office, "chief", "PUT", "/complaint-workflows/medicine", own))[0] == 403
    status, kept = await ask(office, "root", "PUT", "/complaint-workflows/medicine", own)
    assert (status, kept["version"], kept["workflow"]["steps"][0]["limit"]) == (200, 1, 5)
    status, said = await ask(office, "root", "PUT", "/complaint-workflows/medicine", own)
    assert (status, said["error"]["code"], said["error"]["now"]) == (409, "changed_meanwhile", kept)
    new = await made(office, type="medicine")
    minutes = {
        one["id"]: (await ask(office, "1001", "GET", f"/complaints/{one['id']}"))[1]["workflow"]["workflow"]["steps"][0]
        for one in (old, new)
    }
    assert (minutes[old["id"]]["limit"], minutes[new["id"]]["limit"]) == (30, 5)
    assert (await ask(office, "root", "DELETE", "/complaint-workflows/medicine?version=1"))[0] == 204
    assert (await ask(office, "root", "DELETE", "/complaint-workflows/medicine?version=1"))[0] == 404
    assert (await ask(office, "root", "DELETE", "/complaint-workflows/default?version=1"))[0] == 404
    assert (await ask(office, "root", "PUT", "/complaint-workflows/nothing", own))[0] == 404


async def test_a_workflow_that_leads_nowhere_is_refused_with_the_step(office: House) -> None:
    _, said = await ask(office, "root", "GET", "/complaint-workflows")
    steps = said["items"][0]["workflow"]["steps"]
    own: dict[str, Any] = {"version": 1, "chinese": "全部", "english": "All", "steps": [dict(one) for one in steps]}
    own["steps"][3] |= {"moves": []}
    status, said = await ask(office, "root", "PUT", "/complaint-workflows/default", own)
    assert status == 422
    assert said["error"]["fields"] == {"steps.3.moves": "回复客户的一步须有一个“回复后”的去向"}
    own["steps"][3] = dict(steps[3], code="Bad Code")
    status, said = await ask(office, "root", "PUT", "/complaint-workflows/default", own)
    assert (status, list(said["error"]["fields"])) == (422, ["steps.3.code"])
