"""Roles of the office's own (ADM-01): copied, renamed, given to users and removed; nobody gives more than they have;
and the scope of a department."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from callcenterd import site as site_file
from callcenterd.errors import FaultyFile
from callcenterd.model.complaints import ComplaintFields
from callcenterd.model.consultations import ConsultationFields
from callcenterd.model.follow_ups import FollowUpFields
from callcenterd.model.roles import RoleInUse
from tests.web.house import PASSWORD, House, cheap_passwords
from tests.web.test_roles import set_role, trail
from tests.web.test_rooms import ask

NIGHT = {"role": "night", "chinese": "夜班", "english": "Night shift", "copy_of": "agent"}


async def made(office: House, **more: Any) -> dict[str, Any]:
    status, said = await ask(office, "root", "POST", "/roles", NIGHT | more)
    assert status == 201, said
    return dict(said)


async def give(office: House, login: str, role: str, own: str) -> tuple[int, Any]:
    return await ask(office, "root", "PUT", f"/users/{login}", {"role": role, "own_role": own})


async def roles(office: House) -> dict[str, dict[str, Any]]:
    return {one["role"]: one for one in (await ask(office, "root", "GET", "/roles"))[1]["items"]}


async def test_a_role_is_copied_given_changed_and_removed_when_nobody_has_it(office: House) -> None:
    await set_role(office, "agent", take=["duty"], hidden=["phone"], scopes={"consultation": "own"})
    night = await made(office)
    assert (night["base"], night["chinese"], night["english"], night["users"]) == ("agent", "夜班", "Night shift", 0)
    assert "duty" not in night["rights"]
    assert (night["hidden"], night["scopes"]["consultation"]) == (["phone"], "own")
    assert (await give(office, "1001", "agent", "night"))[0] == 200
    assert (await roles(office))["night"]["users"] == 1
    assert (await roles(office))["agent"]["users"] == 2
    # The one is another than the other from now on.
    await set_role(office, "night", give=["duty", "survey.read"], hidden=[], chinese="夜班组")
    me, colleague = [(await ask(office, login, "GET", "/session"))[1] for login in ("1001", "1002")]
    assert {"duty", "survey.read"} <= set(me["rights"])
    assert (me["hidden"], colleague["hidden"], me["role"]) == ([], ["phone"], "agent")
    assert "duty" not in colleague["rights"]
    assert (await ask(office, "1001", "GET", "/duties"))[0] == 200
    assert (await ask(office, "1002", "GET", "/duties"))[0] == 403
    night = (await roles(office))["night"]
    assert (night["chinese"], night["english"]) == ("夜班组", "Night shift")
    status, said = await ask(office, "root", "DELETE", f"/roles/night?version={night['version']}")
    assert (status, said["error"]["code"]) == (409, "role_in_use")
    assert "1001" in said["error"]["message"]
    assert (await give(office, "1001", "agent", ""))[0] == 200
    assert (await ask(office, "root", "DELETE", "/roles/night?version=0"))[0] == 409
    assert (await ask(office, "root", "DELETE", f"/roles/night?version={night['version']}"))[0] == 204
    assert "night" not in await roles(office)
    told = [one["what"] for one in await trail(office, "target=role/night")]
    assert told == ["role.removed", "role.changed", "role.created"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (NIGHT | {"role": "Night"}, 422),
        (NIGHT | {"role": "agent"}, 409),
        (NIGHT | {"chinese": " "}, 422),
        (NIGHT | {"english": ""}, 422),
        (NIGHT | {"copy_of": "admin"}, 422),
        (NIGHT | {"copy_of": "nobody"}, 422),
        (NIGHT, 409),
    ],
)
async def test_what_is_no_role(office: House, body: dict[str, Any], status: int) -> None:
    if body == NIGHT:
        await made(office)
    assert (await ask(office, "root", "POST", "/roles", body))[0] == status
    for login in ("1001", "boss", "chief"):
        assert (await ask(office, login, "POST", "/roles", body))[0] == 403


async def test_shipped_roles_stay_and_keep_their_names(office: House) -> None:
    assert (await ask(office, "root", "DELETE", "/roles/agent?version=0"))[0] == 404
    known = (await roles(office))["agent"]
    body = {"rights": known["rights"], "version": known["version"], "chinese": "座席员"}
    status, said = await ask(office, "root", "PUT", "/roles/agent", body)
    assert (status, list(said["error"]["fields"])) == (422, ["chinese"])


async def test_a_user_has_only_a_role_that_there_is_on_the_role_that_it_stands_on(office: House) -> None:
    await made(office)
    for role, own in (("supervisor", "night"), ("agent", "nobody")):
        status, said = await give(office, "1001", role, own)
        assert (status, list(said["error"]["fields"])) == (422, ["own_role"])
    text = "users: [{login: '1001', own_role: nobody}]"
    with pytest.raises(FaultyFile):
        await site_file.apply_text(office.office.store, cheap_passwords(), text, "site.yaml")
    assert (await give(office, "1001", "agent", "night"))[0] == 200
    with pytest.raises(RoleInUse):
        await office.office.store.roles.remove("night", 1)


async def test_who_keeps_users_gives_nobody_more_than_they_have(office: House) -> None:
    """A manager who may change the site, and sees no numbers, makes themselves or others no administrators."""
    await made(office, role="keeper", copy_of="manager")
    await set_role(office, "keeper", give=["site"], take=["evidence"], hidden=["phone"])
    assert (await give(office, "chief", "manager", "keeper"))[0] == 200
    refused: list[tuple[str, str, Any]] = [
        ("PUT", "/users/chief", {"role": "admin", "own_role": ""}),
        ("PUT", "/users/chief", {"own_role": ""}),  # managers have packs of evidence and see numbers
        ("PUT", "/users/1001", {"role": "admin"}),
        ("PUT", "/users/1001", {"role": "manager"}),
        ("PUT", "/users/1001", {"name": "x"}),  # who sees numbers: by their password one would, too
        ("PUT", "/users/root", {"password": "another horse 8"}),
        ("POST", "/users", {"login": "new", "name": "x", "role": "admin", "password": "another horse 8"}),
        ("POST", "/users/root/second-factor/reset", {}),
        ("DELETE", "/users/root", None),
    ]
    before = await office.office.store.site.load()
    for method, path, body in refused:
        assert (await ask(office, "chief", method, path, body))[0] == 403, path
    headers = {**await office.as_("chief"), "Content-Type": "application/yaml"}
    text = "users: [{login: '1001', role: admin}]"
    answer = await office.client.post("/api/v1/site", data=text, headers=headers)
    assert answer.status == 403
    assert await office.office.store.site.load() == before
    await made(office, role="helper", copy_of="agent")
    await set_role(office, "helper", hidden=["phone"])
    new = {"login": "new", "name": "x", "role": "agent", "own_role": "helper", "password": "another horse 8"}
    assert (await ask(office, "chief", "POST", "/users", new))[0] == 201
    assert (await ask(office, "chief", "PUT", "/queues/sales", {"title": "x"}))[0] == 200


async def test_the_last_administrator_stays(office: House) -> None:
    await made(office, role="keeper", copy_of="manager")
    for body in ({"role": "manager"}, {"role": "manager", "own_role": "keeper"}):
        status, said = await ask(office, "root", "PUT", "/users/root", body)
        assert status in (409, 422), said
    assert (await ask(office, "root", "GET", "/roles"))[0] == 200


async def test_an_open_stream_follows_an_own_role_at_once(office: House) -> None:
    await made(office)
    headers = await office.as_("1001")
    async with office.client.ws_connect("/api/v1/events?live=1", headers=headers) as stream:
        assert json.loads((await stream.receive(timeout=2)).data)["type"] == "live.snapshot"
        assert (await give(office, "1001", "agent", "night"))[0] == 200
        while (await stream.receive(timeout=5)).data != 1012:
            pass  # the page is told to come again
    async with office.client.ws_connect("/api/v1/events?live=1", headers=headers) as stream:
        await stream.receive(timeout=2)
        await set_role(office, "night", take=["customer.read"])
        assert (await ask(office, "root", "POST", "/customers", {"name": "x"}))[0] == 201
        assert (await ask(office, "root", "PUT", "/users/1003", {"name": "y"}))[0] == 200
        heard = ""
        while heard.count("site.changed") < 2:
            heard += str((await stream.receive(timeout=5)).data)
        assert "customer.saved" not in heard


# ---- departments ------------------------------------------------------------------------------------------------

DEPARTMENTS = f"""
users:
  - {{login: lead, name: 组长, role: supervisor, password: "{PASSWORD}"}}
teams:
  - {{name: one, members: ["1001"], leaders: [lead], department: 客服部}}
  - {{name: two, members: ["1002"], department: 客服部}}
  - {{name: three, members: ["1003"], department: 技术部}}
  - {{name: four, members: ["boss"]}}
"""
LISTS = ("customers", "consultations", "complaints", "follow-ups", "appointments")
KINDS = ("customer", "consultation", "complaint", "follow_up", "appointment")


@pytest.fixture
async def departments(office: House) -> dict[str, dict[str, str]]:
    """Of each agent, one record of each kind: login → list → id."""
    await site_file.apply_text(office.office.store, cheap_passwords(), DEPARTMENTS, "teams.yaml")
    await office.office.site_changed()
    service = {"name": "visit", "chinese": "上门", "english": "Visit", "minutes": 60, "capacity": 9}
    status, of = await ask(office, "root", "POST", "/appointment-services", service)
    assert status == 201, of
    begin = (office.office.clock.utc() + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    modules, found = office.office.modules, dict[str, dict[str, str]]()
    for login in ("1001", "1002", "1003"):
        customer = await modules.customers.create({"name": f"c{login}", "owner": login}, login)
        consultation = await modules.consultations.create(ConsultationFields(category="use"), login, "agent")
        complaint = await modules.complaints.create(ComplaintFields(type="other", reason="x"), login, "agent")
        written = FollowUpFields(category="after_use", phone="13800000001")
        follow_up = await modules.follow_ups.create(written, login, "agent")
        booking = {"service": of["id"], "begin": begin.isoformat(), "name": "x"}
        status, appointment = await ask(office, login, "POST", "/appointments", booking)
        assert status == 201, appointment
        ids = (customer.id, consultation.id, complaint.id, follow_up.id, appointment["id"])
        found[login] = dict(zip(LISTS, map(str, ids), strict=True))
    return found


@pytest.mark.parametrize(
    ("scope", "sees"),
    [
        ("own", {"1001"}),
        ("team", {"1001"}),
        ("department", {"1001", "1002"}),
        ("all", {"1001", "1002", "1003"}),
    ],
)
@pytest.mark.parametrize("who", ["1001", "lead"])
async def test_a_department_is_all_of_its_teams_and_nobody_else(
    office: House, departments: dict[str, dict[str, str]], who: str, scope: str, sees: set[str]
) -> None:
    role = "agent" if who == "1001" else "supervisor"
    await set_role(office, role, scopes=dict.fromkeys(KINDS, scope))
    if scope == "own" and who == "lead":
        sees = set()
    for kind, path in zip(KINDS, LISTS, strict=True):
        for login, ids in departments.items():
            seen = login in sees
            assert (await ask(office, who, "GET", f"/{path}/{ids[path]}"))[0] == (200 if seen else 404), (path, login)
        listed = (await ask(office, who, "GET", f"/{path}"))[1]
        assert {str(one["id"]) for one in listed["items"]} == {departments[one][path] for one in sees}, path
        asked = (await ask(office, who, "POST", "/query", {"kind": kind}))[1]
        assert asked["total"] == len(sees), kind
