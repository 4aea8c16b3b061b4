from __future__ import annotations

from typing import Any

import pytest

from callcenterd.model.people import ROLES, Role
from callcenterd.model.site import QueueSettings, Site
from callcenterd.web.describe import Route
from callcenterd.web.reference import every_route
from callcenterd.web.rights import PUBLIC, RIGHTS, Sight
from tests.web.house import House

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
        ("GET", "/api/v1/openapi.json"),
        ("GET", "/api/v1/events"),
    }


def test_every_right_is_asked_for_somewhere() -> None:
    asked = {route.right for route in ROUTES}
    assert set(RIGHTS) - asked == {"call.hang_up.any"}  # asked inside its handler, for a call of others


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


async def test_ones_own_state_needs_no_right_and_that_of_others_does(office: House) -> None:
    agent = await office.as_("1001")
    for login, status in (("1001", 200), ("1002", 403), ("nobody", 403)):
        answer = await office.client.post(f"/api/v1/agents/{login}/state", json={"state": "break"}, headers=agent)
        assert answer.status == status, login
    boss = await office.as_("boss")
    for login, status in (("1001", 200), ("nobody", 404)):
        answer = await office.client.post(f"/api/v1/agents/{login}/state", json={"state": "break"}, headers=boss)
        assert answer.status == status, login


@pytest.mark.parametrize(
    ("role", "agent", "queue", "seen"),
    [
        ("agent", "1001", None, True),
        ("agent", "1002", "sales", True),
        ("agent", "1002", "complaints", False),
        ("agent", "1002", None, False),
        ("agent", None, None, False),
        ("supervisor", None, None, True),
        ("manager", "1002", "complaints", True),
        ("admin", None, "complaints", True),
    ],
)
def test_an_agent_sees_the_own_calls_and_those_of_the_own_queues_and_everybody_above_sees_all(
    role: Role, agent: str | None, queue: str | None, seen: bool
) -> None:
    site = Site(
        queues=(
            QueueSettings(name="sales", members=("1001", "1002")),  # type: ignore[arg-type]
            QueueSettings(name="complaints", members=("1002",)),  # type: ignore[arg-type]
        )
    )
    assert Sight.of("1001", role, site).sees(agent=agent, queue=queue) is seen
