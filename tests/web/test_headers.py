from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from callcenterd.web.headers import ALWAYS, NOTHING, policy
from tests.web.house import House


def directives(text: str) -> dict[str, str]:
    return {name: value for name, _, value in (part.strip().partition(" ") for part in text.split(";")) if name}


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/app/", "/nowhere", "/api/v1/calls", "/api/v1/x", "/healthz", "/metrics"]
)
async def test_every_answer_forbids_what_it_does_not_need(office: House, path: str) -> None:
    answer = await office.client.get(path, allow_redirects=False)
    for name, value in ALWAYS.items():
        assert answer.headers[name] == value, path
    rules = directives(answer.headers["Content-Security-Policy"])
    assert rules["frame-ancestors"] == "'none'"
    assert "unsafe-eval" not in str(rules)
    assert "unsafe-inline" not in rules.get("script-src", rules["default-src"])
    assert answer.headers["Server"] == "callcenterd"
    assert answer.headers["Cache-Control"]


async def test_answers_of_the_api_are_kept_by_nobody(office: House) -> None:
    answer = await office.client.get("/api/v1/session", headers=await office.as_("1001"))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"] == NOTHING


async def test_a_page_has_a_new_nonce_each_time_and_only_its_own_style(office: House) -> None:
    nonces = set()
    for _ in range(3):
        answer = await office.client.get("/sign-in")
        rules = directives(answer.headers["Content-Security-Policy"])
        nonce = rules["style-src"].removeprefix("'nonce-").removesuffix("'")
        assert f'<style nonce="{nonce}">' in await answer.text()
        assert rules["default-src"] == "'none'"
        nonces.add(nonce)
    assert len(nonces) == 3


async def test_the_application_may_run_its_own_scripts_and_talk_to_its_own_server_only(office: House) -> None:
    (office.pages / "index.html").write_text("<!doctype html>")
    answer = await office.client.get("/app/")
    rules = directives(answer.headers["Content-Security-Policy"])
    assert rules["script-src"] == "'self'"
    assert rules["object-src"] == rules["base-uri"] == "'none'"
    host = f"127.0.0.1:{office.client.server.port}"
    assert rules["connect-src"] == f"'self' ws://{host} wss://{host}"


@pytest.mark.parametrize("host", ["a; script-src *", "a b", "é", "", "x" * 300])
def test_no_host_header_writes_into_the_policy(host: str) -> None:
    request = make_mocked_request("GET", "/app/", headers={"Host": host})
    assert directives(policy(request))["connect-src"].strip() == "'self'"
