"""What is sent twice with one Idempotency-Key is done once: again, at once, by others, late, and after a restart."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.store.tables.once import once_keys
from callcenterd.web.describe import routes_of
from tests.kit.virtual import VirtualClock
from tests.web.house import House, house

KEY = "a-key-of-a-form-1"
BODY = {"category": "use", "note": "怎么用"}

MAKES = {
    "/api/v1/appointments",
    "/api/v1/calls/{id}/promise",
    "/api/v1/campaigns",
    "/api/v1/complaints",
    "/api/v1/complaints/{id}/note",
    "/api/v1/consultations",
    "/api/v1/customer-messages",
    "/api/v1/customers",
    "/api/v1/customers/{id}/proposals",
    "/api/v1/do-not-call",
    "/api/v1/duties",
    "/api/v1/follow-ups",
    "/api/v1/staff-messages",
    "/api/v1/staff-notices",
}


@pytest.fixture
async def office(tmp_path: Path, database: Path) -> AsyncIterator[House]:
    shutil.copy(database, tmp_path / "callcenter.db")
    async with house(tmp_path, clock=VirtualClock()) as opened:
        yield opened


async def post(
    office: House, login: str, body: Any, *, key: str = KEY, path: str = "/consultations"
) -> tuple[int, Any, bool]:
    """Status, content, and whether it was said to be an answer of before."""
    headers = await office.as_(login) | {"Idempotency-Key": key, "Accept-Language": "en"}
    async with office.client.post(f"/api/v1{path}", json=body, headers=headers) as answer:
        said = None if answer.status == 204 else await answer.json()
        return answer.status, said, "Idempotency-Replayed" in answer.headers


async def count(office: House, path: str = "/consultations") -> int:
    async with office.client.get(f"/api/v1{path}", headers=await office.as_("boss")) as answer:
        return int((await answer.json())["total"])


def test_every_route_that_makes_a_record_of_the_office_takes_a_key(office: House) -> None:
    routes = [route for route in routes_of(office.app) if route.once]
    assert {route.path for route in routes} == MAKES
    assert {route.method for route in routes} == {"POST"}


async def test_sent_twice_it_is_one_record_and_the_same_answer(office: House) -> None:
    first, again = await post(office, "1001", BODY), await post(office, "1001", BODY)
    assert (first[0], first[2]) == (201, False)
    assert again == (201, first[1], True)
    assert await count(office) == 1
    other = await post(office, "1001", BODY, key="another-form-2")
    assert (other[0], other[1]["id"] != first[1]["id"], other[2]) == (201, True, False)


async def test_without_a_key_it_is_done_as_often_as_it_is_sent(office: House) -> None:
    for _ in range(2):
        async with office.client.post("/api/v1/consultations", json=BODY, headers=await office.as_("1001")) as answer:
            assert answer.status == 201
    assert await count(office) == 2


async def test_of_ten_at_once_one_is_done_and_all_get_its_answer(office: House) -> None:
    await office.as_("1001")
    said = await asyncio.gather(*(post(office, "1001", BODY) for _ in range(10)))
    assert {status for status, _, _ in said} == {201}
    assert {one["id"] for _, one, _ in said} == {said[0][1]["id"]}
    assert [replayed for _, _, replayed in said].count(False) == 1
    assert await count(office) == 1


async def test_a_key_is_of_one_login_and_one_address(office: House) -> None:
    assert (await post(office, "1001", BODY))[0] == 201
    assert (await post(office, "1002", BODY))[::2] == (201, False)
    task = {"kind": "task", "title": "回电"}
    assert (await post(office, "1001", task, path="/duties"))[::2] == (201, False)
    assert await count(office) == 2


async def test_something_else_with_the_key_is_refused_with_what_was_kept(office: House) -> None:
    _, kept, _ = await post(office, "1001", BODY)
    status, said, _ = await post(office, "1001", BODY | {"note": "又写了一句"})
    assert (status, said["error"]["code"], said["error"]["now"]) == (409, "kept_otherwise", kept)
    assert await count(office) == 1


async def test_what_was_refused_has_used_up_nothing(office: House) -> None:
    status, said, _ = await post(office, "1001", BODY | {"category": "no such"})
    assert (status, list(said["error"]["fields"])) == (422, ["category"])
    assert (await post(office, "1001", BODY | {"customer": 999}))[0] == 404
    assert (await post(office, "1001", BODY))[::2] == (201, False)


async def test_after_a_day_it_is_another_request(office: House) -> None:
    clock = office.office.clock
    assert isinstance(clock, VirtualClock)
    assert (await post(office, "1001", BODY))[0] == 201
    clock.move(timedelta(hours=11).total_seconds())
    assert (await post(office, "1001", BODY))[::2] == (201, True)
    clock.move(timedelta(hours=12).total_seconds())
    assert (await post(office, "1001", BODY))[::2] == (201, True)
    clock.move(timedelta(hours=1).total_seconds())
    assert (await post(office, "1001", BODY))[::2] == (201, False)


async def test_after_a_restart_the_answer_is_the_same(tmp_path: Path, database: Path) -> None:
    shutil.copy(database, tmp_path / "callcenter.db")
    clock = VirtualClock()
    async with house(tmp_path, clock=clock) as office:
        first = await post(office, "1001", BODY)
    async with house(tmp_path, clock=clock) as office:
        assert await post(office, "1001", BODY) == (201, first[1], True)
        assert await count(office) == 1


async def test_what_was_kept_by_a_server_that_was_stopped_before_it_answered_is_not_done_again(office: House) -> None:
    """As a kill between the commit and the answer leaves it."""
    assert (await post(office, "1001", BODY))[0] == 201

    async def stopped(connection: AsyncConnection) -> None:
        await connection.execute(once_keys.update().values(status=None, answer=None))

    await office.office.store._database.write(stopped)
    status, said, _ = await post(office, "1001", BODY)
    assert (status, said["error"]["code"]) == (409, "kept_already")
    assert await count(office) == 1


async def test_an_answer_without_content_is_given_again_too(office: House) -> None:
    complaint = {"kind": "complaint", "type": "service", "reason": "等了很久"}
    status, made, _ = await post(office, "1001", complaint, path="/complaints")
    assert status == 201, made
    path = f"/complaints/{made['id']}/note"
    for replayed in (False, True):
        assert await post(office, "1001", {"text": "已经道歉"}, path=path) == (204, None, replayed)
    async with office.client.get(f"/api/v1/complaints/{made['id']}", headers=await office.as_("1001")) as answer:
        said = await answer.text()
    assert said.count("已经道歉") == 1


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "a key with spaces", "schlüssel-1", "a/../../b-c-d"])
async def test_a_key_is_of_a_few_plain_signs(office: House, key: str) -> None:
    status, said, _ = await post(office, "1001", BODY, key=key)
    assert (status, list(said["error"]["fields"])) == (422, ["Idempotency-Key"])
    assert await count(office) == 0


async def test_whoever_lost_the_right_is_refused_before_the_answer_of_then(office: House) -> None:
    assert (await post(office, "1001", BODY))[0] == 201
    headers = {"Idempotency-Key": KEY}
    async with office.client.post("/api/v1/consultations", json=BODY, headers=headers) as answer:
        assert answer.status == 401
    root = await office.as_("root")
    async with office.client.put(
        "/api/v1/modules/consultations", json={"name": "consultations", "on": False}, headers=root
    ) as answer:
        assert answer.status == 201
    assert (await post(office, "1001", BODY))[0] == 404
