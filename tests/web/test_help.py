"""Agents call for help (AGT-04): who is told, who may answer, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from callcenterd import site as site_file
from callcenterd.channels.help import Help
from callcenterd.web.live import LiveEvents
from callcenterd.web.socket import STREAMS
from tests.web.house import House, cheap_passwords
from tests.web.test_live import Listener
from tests.web.test_roles import set_role
from tests.web.test_rooms import ask, settled, talk

TEAMS = """
users:
  - {login: lead, name: 组长, role: supervisor}
  - {login: other, name: 别组, role: supervisor}
teams:
  - {name: one, members: ["1001", "1002"], leaders: [lead]}
  - {name: two, members: ["1003"], leaders: [other]}
"""


@pytest.fixture
async def teams(office: House) -> House:
    await site_file.apply_text(office.office.store, cheap_passwords(), TEAMS, "teams.yaml")
    await office.office.site_changed()
    return office


@pytest.fixture
def live(office: House) -> LiveEvents:
    return office.app[STREAMS].live


async def calls_for_help(office: House, login: str = "1001", text: str = "") -> dict[str, Any]:
    status, said = await ask(office, login, "POST", "/help", {"text": text})
    assert status == 201, said
    return dict(said)


async def shown(office: House, login: str) -> list[dict[str, Any]]:
    return list((await ask(office, login, "GET", "/live"))[1]["help"])


async def test_the_agents_supervisors_are_told_with_the_call_and_others_are_not(teams: House, live: LiveEvents) -> None:
    lead, other = Listener(teams, live, "lead", "supervisor"), Listener(teams, live, "other", "supervisor")
    lead.take(), other.take()
    call = await talk(teams)
    request = await calls_for_help(teams, text="要退款")
    assert (request["call"], request["state"], request["by_phone"]) == (call, "open", False)
    await settled()
    said = lead.take()
    assert [(one["data"]["agent"], one["data"]["step"]) for one in said if one["type"] == "help.changed"] == [
        ("1001", "asked")
    ]
    topics = [one["data"]["changes"] for one in said if one["type"] == "live.changed"]
    (topic,) = [changes["help/1001"] for changes in topics if "help/1001" in changes]
    assert (topic["call"], topic["text"], topic["state"]) == (call, "要退款", "open")
    assert "help" not in str(other.take())
    for login, count in (("1001", 1), ("1002", 0), ("lead", 1), ("other", 0), ("chief", 1), ("boss", 1)):
        assert len(await shown(teams, login)) == count, login
        assert (await ask(teams, login, "GET", "/help?up=true"))[1]["total"] == count, login


async def test_who_asks_again_has_one_and_the_same(office: House) -> None:
    first = await calls_for_help(office)
    status, again = await ask(office, "1001", "POST", "/help", {"text": "快"})
    assert (status, again["id"], again["text"], again["call"]) == (200, first["id"], "快", None)


async def test_one_takes_it_and_the_others_see_who(office: House) -> None:
    request = await calls_for_help(office)
    path = f"/help/{request['id']}"
    status, taken = await ask(office, "boss", "POST", f"{path}/take", {"version": request["version"]})
    assert (status, taken["state"], taken["taken_by"], taken["taken_at"] is not None) == (200, "taken", "boss", True)
    status, said = await ask(office, "chief", "POST", f"{path}/take", {"version": request["version"]})
    assert (status, said["error"]["now"]["taken_by"]) == (409, "boss")
    (seen,) = await shown(office, "chief")
    assert seen["taken_by"] == "boss"
    status, said = await ask(office, "chief", "POST", f"{path}/take", {"version": seen["version"]})
    assert (status, said["taken_by"]) == (200, "chief"), "in the place of who had it before"


async def test_it_is_answered_by_a_message_and_resolved(office: House) -> None:
    request = await calls_for_help(office)
    path = f"/help/{request['id']}"
    status, said = await ask(office, "boss", "POST", f"{path}/answer", {"text": "我来", "key": "k"})
    assert (status, said["state"], said["taken_by"], said["answered_at"] is not None) == (200, "taken", "boss", True)
    _, talked = await ask(office, "1001", "GET", "/staff-messages?with=boss")
    assert [one["text"] for one in talked["items"]] == ["我来"]
    status, said = await ask(office, "boss", "POST", f"{path}/end", {"text": "退了"})
    assert (status, said["state"], said["ended_by"]) == (200, "resolved", "boss")
    assert (await ask(office, "boss", "POST", f"{path}/end", {}))[0] == 409
    assert (await ask(office, "boss", "POST", f"{path}/answer", {"text": "x"}))[0] == 409
    assert await shown(office, "boss") == []
    _, said = await ask(office, "1001", "GET", path)
    assert [(step["kind"], step["by"], step["text"]) for step in said["steps"]] == [
        ("asked", "1001", ""),
        ("answered", "boss", "我来"),
        ("resolved", "boss", "退了"),
    ]


async def test_the_agent_withdraws_it_and_nobody_else_gets_near(teams: House) -> None:
    request = await calls_for_help(teams)
    path = f"/help/{request['id']}"
    for login, status in (("1002", 404), ("other", 404)):
        assert (await ask(teams, login, "GET", path))[0] == status, login
        assert (await ask(teams, login, "POST", f"{path}/end"))[0] == status, login
    assert (await ask(teams, "1001", "POST", f"{path}/take", {"version": 1}))[0] == 403
    own = await calls_for_help(teams, "lead")
    assert (await ask(teams, "lead", "POST", f"/help/{own['id']}/answer", {"text": "x"}))[0] == 422
    status, said = await ask(teams, "1001", "POST", f"{path}/end")
    assert (status, said["state"], said["ended_by"]) == (200, "withdrawn", "1001")
    assert [one["agent"] for one in await shown(teams, "lead")] == ["lead"]


async def test_who_may_not_answer_does_not_hear_of_it(office: House, live: LiveEvents) -> None:
    await set_role(office, "supervisor", take=["help.answer"])
    request = await calls_for_help(office)
    assert await shown(office, "boss") == []
    assert (await ask(office, "boss", "GET", f"/help/{request['id']}"))[0] == 403
    assert (await ask(office, "boss", "GET", "/help"))[1]["total"] == 0
    assert len(await shown(office, "root")) == 1


async def test_what_is_up_is_up_after_a_restart(office: House) -> None:
    request = await calls_for_help(office)
    done = await calls_for_help(office, "1002")
    await ask(office, "1002", "POST", f"/help/{done['id']}/end")
    kept, modules = office.office, office.office.modules
    after = Help(kept.store, kept.bus, kept.clock, modules.staff)
    await after.start()
    assert [(agent, one.id) for agent, one in after.up().items()] == [("1001", request["id"])]
