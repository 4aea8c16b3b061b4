from __future__ import annotations

import json
import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from callcenterd.model.agents import AgentView
from callcenterd.model.events import EVENT_NAMES
from callcenterd.switchboard.live import agent_data
from callcenterd.web.agents import Agent
from callcenterd.web.describe import openapi
from callcenterd.web.reference import api_page, every_route
from tests.web.house import STAMP, House

ROUTES = every_route()
DESCRIPTION = openapi(ROUTES)


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        found = [node["$ref"]] if "$ref" in node else []
        return found + [each for value in node.values() for each in references(value)]
    if isinstance(node, list):
        return [each for value in node for each in references(value)]
    return []


def test_every_route_is_described_with_its_name_its_right_and_what_comes_back() -> None:
    names = []
    for route in ROUTES:
        operation = DESCRIPTION["paths"][route.path][route.method.lower()]
        names.append(operation["operationId"])
        assert operation["summary"]
        assert route.statuses, f"{route.method} {route.path} does not say what can come back"
        assert {str(status) for status in route.statuses} <= set(operation["responses"])
        assert any(status < 400 for status in route.statuses)
        assert all(
            parameter["name"] in route.parameters for parameter in operation["parameters"] if parameter["in"] == "path"
        )
        assert ("security" in operation) == (route.right == "public")
        if route.method in ("POST", "PUT"):
            assert "requestBody" in operation
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere() -> None:
    assert DESCRIPTION["openapi"] == "3.1.0"
    for reference in references(DESCRIPTION):
        place: Any = DESCRIPTION
        for step in reference.removeprefix("#/").split("/"):
            place = place[step.replace("~1", "/")]


def test_no_secret_stands_in_an_answer() -> None:
    for path, operations in DESCRIPTION["paths"].items():
        for method, operation in operations.items():
            for response in operation["responses"].values():
                for reference in references(response):
                    schema = DESCRIPTION["components"]["schemas"][reference.rpartition("/")[2]]
                    assert "password" not in schema.get("properties", {}), f"{method} {path}"
                    assert "password_hash" not in schema.get("properties", {}), f"{method} {path}"


async def test_the_description_is_served(office: House) -> None:
    answer = await office.client.get("/api/v1/openapi.json")
    assert await answer.json() == json.loads(json.dumps(DESCRIPTION))


def test_the_page_for_people_is_current() -> None:
    """If this fails: python -m callcenterd.web.reference > docs/api.md."""
    assert Path("docs/api.md").read_text(encoding="utf-8") == api_page(ROUTES)


def test_the_page_for_people_names_every_route_right_and_fact() -> None:
    page = api_page(ROUTES)
    for route in ROUTES:
        assert f"### `{route.method} {route.path}" in page
    for name in EVENT_NAMES.values():
        assert f"| `{name}` |" in page


def test_an_agent_is_described_as_the_switchboard_shows_one() -> None:
    view = AgentView(agent="1001", name="张三", extension=None, state="ready", since=STAMP)  # type: ignore[arg-type]
    assert set(agent_data(view)) == set(Agent.__annotations__)


@pytest.mark.parametrize("name", ["webapp/src/api.ts"])
def test_every_address_that_the_pages_ask_for_is_there(name: str) -> None:
    """The client's paths, with each ${…} for a part of the address, against the routes."""
    text = Path(name).read_text(encoding="utf-8")
    known = {(route.method, re.sub(r"{\w+}", "*", route.path.removeprefix("/api/v1"))) for route in ROUTES}
    asked = re.findall(r"ask(?:<[^(]*>)?\('(\w+)',\s*[`']([^`']+)[`']", text)
    assert len(asked) > 12
    for method, path in asked:
        wanted = re.sub(r"\$\{queryText\(.*", "", path)
        wanted = re.sub(r"\$\{[^}]*\}", "*", wanted)
        if wanted in ("/*", "/*/*"):
            continue  # one of the lists of the administration, by its name
        there = any(one == method and fnmatch(route, wanted) for one, route in known)
        assert there if wanted.startswith("/*") else (method, wanted) in known, f"{method} {path}"


HOSTILE = ["0", "\x1b", "9" * 300, "..", "a/b", "名", "%", "' OR 1=1 --"]


@pytest.mark.parametrize("value", HOSTILE)
async def test_what_comes_back_of_an_address_that_is_none_is_described(office: House, value: str) -> None:
    headers = await office.as_("root")
    written = "".join(f"%{octet:02X}" for octet in value.encode())
    strange = []
    for route in ROUTES:
        if route.method not in ("GET", "DELETE") or not route.parameters:
            continue
        path = route.path
        for name in route.parameters:
            path = path.replace(f"{{{name}}}", written)
        answer = await office.client.request(route.method, URL(path, encoded=True), headers=headers)
        described = DESCRIPTION["paths"][route.path][route.method.lower()]["responses"]
        if str(answer.status) not in described:
            strange.append(f"{answer.status} {route.method} {route.path}")
    assert strange == []


def test_a_route_may_answer_several_kinds_of_content() -> None:
    route = next(route for route in ROUTES if route.path == "/api/v1/consultations/journal")
    (content,) = [
        described["content"]
        for status, described in DESCRIPTION["paths"][route.path]["get"]["responses"].items()
        if status == "200"
    ]
    assert {"text/html", "application/pdf", "text/csv"} < set(content)
