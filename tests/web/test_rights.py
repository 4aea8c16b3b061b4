from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from callcenterd.model.ids import AgentId, QueueName, TeamName
from callcenterd.model.people import ROLES, Role
from callcenterd.model.site import QueueSettings, Site, Team, UserAccount
from callcenterd.switchboard.parties import Parties
from callcenterd.web.describe import Route
from callcenterd.web.reference import every_route
from callcenterd.web.rights import PUBLIC, RIGHTS, Sight
from tests.web.house import PASSWORD, House

ROUTES = every_route()
LOGINS: dict[Role, str] = {"agent": "1003", "supervisor": "boss", "manager": "chief", "admin": "root"}


def test_every_route_of_the_api_has_a_right_that_there_is() -> None:
    assert len(ROUTES) > 40
    for route in ROUTES:
        assert route.right in {*RIGHTS, PUBLIC}, route.path


def test_what_needs_no_sign_in_is_the_sign_in_the_description_and_the_stream_that_asks_by_itself() -> None:
    public = {(route.method, route.path) for route in ROUTES if route.right == PUBLIC}
    assert public == {
        ("POST", "/api/v1/session"),
        ("GET", "/api/v1/display"),  # by the key of a display's link
        ("GET", "/api/v1/openapi.json"),
        ("GET", "/api/v1/events"),
    }


def test_every_right_is_asked_for_somewhere() -> None:
    asked = {route.right for route in ROUTES}
    others = {right for right in RIGHTS if right.endswith(".any")}  # inside handlers, for calls of others
    assert set(RIGHTS) - asked == others - {"agent.state.any", "agent.states.any"}


def test_an_administrator_may_everything_and_nobody_may_the_site_but_one() -> None:
    assert all("admin" in roles for roles in RIGHTS.values())
    assert RIGHTS["site"] == {"admin"}


async def ask(office: House, route: Route, headers: dict[str, str]) -> int:
    path = route.path
    for name in route.parameters:
        path = path.replace(f"{{{name}}}", "nothing-of-that-name")
    body: dict[str, Any] = {} if route.method == "GET" else {"json": {"no such field": 1}}
    answer = await office.client.request(route.method, path, headers=headers, **body)
    return answer.status


@pytest.mark.parametrize("role", [None, *ROLES])
async def test_the_table_of_rights_holds_for_every_route(office: House, role: Role | None) -> None:
    """Who has no right learns nothing, not even whether the thing or the fields exist; who has one gets past it."""
    headers = {} if role is None else await office.as_(LOGINS[role])
    for route in ROUTES:
        if route.right == PUBLIC or (route.path.endswith("/session") and route.method == "DELETE"):
            continue
        status = await ask(office, route, headers)
        where = f"{role}: {route.method} {route.path}"
        if role is None:
            assert status == 401, where
        elif role not in RIGHTS[route.right]:
            assert status == 403, where
        else:
            assert status not in (401, 403, 500), where


async def test_no_foreign_page_changes_anything_by_the_cookie_of_who_looks_at_it(office: House) -> None:
    await office.client.post("/api/v1/session", json={"login": "root", "password": PASSWORD})
    for route in ROUTES:
        if route.method == "GET":
            continue
        for headers in ({}, {"Origin": "http://evil.example", "X-Requested-With": "callcenterd"}):
            answer = await office.client.request(route.method, route.path, headers=headers, data=b"{}")
            said = await answer.json()
            if route.path != "/api/v1/session" or route.method != "POST" or headers:
                assert (answer.status, said["error"]["code"]) == (403, "foreign_page"), f"{route.method} {route.path}"
    assert (await office.client.get("/api/v1/session")).status == 200


async def test_who_was_refused_stands_in_the_log(office: House) -> None:
    with capture_logs() as lines:
        assert (await office.client.get("/api/v1/users", headers=await office.as_("1003"))).status == 403
    (line,) = [line for line in lines if line["event"] == "not allowed"]
    assert (line["login"], line["right"], line["path"]) == ("1003", "site", "/api/v1/users")


async def test_ones_own_state_needs_no_right_and_that_of_others_does(office: House) -> None:
    agent = await office.as_("1001")
    office.registers("1001")
    for login, status in (("1001", 200), ("1002", 403), ("nobody", 403)):
        answer = await office.client.post(f"/api/v1/agents/{login}/state", json={"state": "break"}, headers=agent)
        assert answer.status == status, login
    boss = await office.as_("boss")
    for login, status in (("1001", 200), ("nobody", 404)):
        answer = await office.client.post(f"/api/v1/agents/{login}/state", json={"state": "break"}, headers=boss)
        assert answer.status == status, login


def parties(*agents: str, queue: str = "", answered: bool = False) -> Parties:
    return Parties({AgentId(agent) for agent in agents}, QueueName(queue) if queue else None, set(), answered)


SEEN = """
call                        a1 a2 a3  lead other free chief root
nobody's                    -  -  -   -    -     yes  yes   yes
a1's own                    yes -  -  yes  -     yes  yes   yes
a2's own                    -  yes -  -    yes   yes  yes   yes
waits in shared             yes yes - yes  yes   yes  yes   yes
waits in alone              -  yes -  -    yes   yes  yes   yes
a1's from shared            yes yes - yes  -     yes  yes   yes
a2's from shared            yes yes - -    yes   yes  yes   yes
a2's, waits in shared again yes yes - yes  yes   yes  yes   yes
a3's from shared, rang a1   yes yes yes yes -    yes  yes   yes
"""
CALLS: dict[str, tuple[Parties, str | None]] = {
    "nobody's": (parties(), None),
    "a1's own": (parties("a1", answered=True), None),
    "a2's own": (parties("a2"), None),
    "waits in shared": (parties(queue="shared"), "shared"),
    "waits in alone": (parties(queue="alone"), "alone"),
    "a1's from shared": (parties("a1", queue="shared", answered=True), None),
    "a2's from shared": (parties("a2", queue="shared", answered=True), None),
    "a2's, waits in shared again": (parties("a2", queue="shared", answered=True), "shared"),
    "a3's from shared, rang a1": (parties("a1", "a3", queue="shared", answered=True), None),
}
"""a1 is of lead's team, a2 of other's, both serve the queue shared, a2 the queue alone too; a3 is of no team."""
ROLE_OF: dict[str, Role] = {
    "a1": "agent",
    "a2": "agent",
    "a3": "agent",
    "lead": "supervisor",
    "other": "supervisor",
    "free": "supervisor",
    "chief": "manager",
    "root": "admin",
}
TEAMS = Site(
    users=tuple(UserAccount(login=login, name="", role=role) for login, role in ROLE_OF.items()),
    queues=(
        QueueSettings(name=QueueName("shared"), members=(AgentId("a1"), AgentId("a2"))),
        QueueSettings(name=QueueName("alone"), members=(AgentId("a2"),)),
    ),
    teams=(
        Team(name=TeamName("t"), members=(AgentId("a1"),), leaders=(AgentId("lead"), AgentId("chief"))),
        Team(name=TeamName("u"), members=(AgentId("a2"),), leaders=(AgentId("other"),)),
    ),
)


@pytest.mark.parametrize("line", SEEN.strip().splitlines()[1:])
def test_who_sees_which_call(line: str) -> None:
    people = SEEN.split("\n")[1].split()[1:]
    name, call = next((name, call) for name, call in CALLS.items() if line.startswith(f"{name} "))
    for login, seen in zip(people, line.removeprefix(name).split(), strict=True):
        found = Sight.of(login, TEAMS).sees_call(call[0], None if call[1] is None else QueueName(call[1]))
        assert found is (seen == "yes"), f"{login}: {name}"


@pytest.mark.parametrize(
    ("login", "agents", "queues"),
    [
        pytest.param("a1", "a1 a2", "shared", id="an agent: themselves, and who serves a queue of theirs"),
        pytest.param("a3", "a3", "", id="an agent of no queue"),
        pytest.param("lead", "a1 lead", "shared", id="who leads: the members, and no one else of their queues"),
        pytest.param("other", "a2 other", "alone shared", id="who leads another team"),
        pytest.param("free", "a1 a2 a3 free lead other", "alone shared", id="who leads none"),
    ],
)
def test_who_sees_which_agents_and_queues(login: str, agents: str, queues: str) -> None:
    sight = Sight.of(login, TEAMS)
    serving = {"a1": ("shared",), "a2": ("shared", "alone")}
    everybody = ("a1", "a2", "a3", "free", "lead", "other")
    assert [one for one in everybody if sight.sees_agent(one, serving.get(one, ()))] == agents.split()
    assert [one for one in ("alone", "shared") if sight.sees_queue(one)] == queues.split()
