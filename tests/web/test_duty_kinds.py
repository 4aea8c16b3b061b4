"""Kinds of duties over the API: an administrator's, in force at once, and the second of two is told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.web.house import House
from tests.web.test_rooms import ask

PATH = "/duty-kinds"


async def promise(office: House) -> dict[str, Any]:
    for one in (await ask(office, "root", "GET", PATH))[1]["items"]:
        if one["terms"]["name"] == "promise":
            return dict(one)
    raise AssertionError("there is no such kind")


def body(terms: dict[str, Any], **known: Any) -> dict[str, Any]:
    sent = ("version", "chinese", "english", "limit", "warn", "escalations", "closes", "by_people")
    return {name: terms[name] for name in sent} | known


async def minutes(office: House) -> float:
    """How long a promise has that is made now."""
    status, duty = await ask(office, "1001", "POST", "/duties", {"kind": "promise", "number": "13800138000"})
    assert status == 201, duty
    times = [datetime.fromisoformat(duty[name]) for name in ("created_at", "due")]
    return round((times[1] - times[0]).total_seconds() / 60)


async def test_a_change_is_in_force_at_once_and_can_be_put_back_to_what_ships(office: House) -> None:
    before = await promise(office)
    assert (before["terms"], before["of_record"], before["terms"]["version"]) == (before["shipped"], False, 0)
    assert await minutes(office) == 60
    wanted = body(before["terms"], limit=30, chinese="回电", escalations=[{"minutes": 5, "to": "person:boss"}])
    status, changed = await ask(office, "root", "PUT", f"{PATH}/promise", wanted)
    assert (status, changed["version"], changed["changed_by"], changed["limit"]) == (200, 1, "root", 30)
    assert await minutes(office) == 30
    _, kinds = await ask(office, "1001", "GET", "/duties/kinds")
    [known] = [one for one in kinds["items"] if one["name"] == "promise"]
    assert (known["chinese"], known["limit"], known["escalations"]) == (
        "回电",
        30,
        [{"minutes": 5, "to": "person:boss"}],
    )
    status, said = await ask(office, "root", "PUT", f"{PATH}/promise", wanted)
    assert (status, said["error"]["code"], said["error"]["now"]) == (409, "changed_meanwhile", changed)
    status, _ = await ask(office, "root", "PUT", f"{PATH}/promise", body(before["shipped"], version=1))
    assert (status, await minutes(office)) == (200, 60)


@pytest.mark.parametrize(
    ("known", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 10, "warn": 11}, "warn"),
        ({"chinese": ""}, "chinese"),
        ({"english": "a\nb"}, "english"),
        ({"english": "x" * 41}, "english"),
        ({"closes": "seen"}, "closes"),
        ({"closes": None, "by_people": True}, "by_people"),
        ({"escalations": [{"minutes": 1, "to": "person:nobody"}]}, "escalations"),
        ({"escalations": [{"minutes": 1, "to": "leaders"}] * 6}, "escalations"),
        ({"outcomes": []}, "outcomes"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_field(office: House, known: dict[str, Any], field: str) -> None:
    before = await promise(office)
    status, said = await ask(office, "root", "PUT", f"{PATH}/promise", body(before["terms"], **known))
    assert (status, list(said["error"]["fields"])) == (422, [field])
    assert await promise(office) == before


async def test_only_an_administrator_changes_them_and_there_are_no_others(office: House) -> None:
    terms = (await promise(office))["terms"]
    for login in ("1001", "boss", "chief"):
        assert (await ask(office, login, "GET", PATH))[0] == 403
        assert (await ask(office, login, "PUT", f"{PATH}/promise", body(terms)))[0] == 403
    assert (await ask(office, "root", "PUT", f"{PATH}/party", body(terms)))[0] == 404
