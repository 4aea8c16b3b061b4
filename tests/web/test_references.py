"""Custom fields that refer to records of any kind: who may not see a record cannot refer to it, and is told nothing of
it. And lists narrowed by custom fields, of every kind that has them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from callcenterd import site as site_file
from callcenterd.model.fields import FIELD_TARGETS, FieldTarget
from tests.kit.virtual import VirtualClock
from tests.web.house import House, cheap_passwords, house
from tests.web.test_appointments import _SITE, TUESDAY, service
from tests.web.test_roles import set_role
from tests.web.test_rooms import ask

TARGETS = tuple(target for target in FIELD_TARGETS if target not in ("customer", "user"))
RECORDS: dict[str, tuple[str, dict[str, Any], str]] = {
    # kind: address, what is written of one, the right to read it
    "customer": ("/customers", {"name": "赵六"}, "customer.read"),
    "consultation": ("/consultations", {"category": "use"}, "consultation.read"),
    "complaint": ("/complaints", {"type": "product", "reason": "等得太久"}, "complaint"),
    "appointment": ("/appointments", {"phone": "13800000001"}, "appointment.read"),
    "follow_up": ("/follow-ups", {"category": "after_use", "phone": "13800000001"}, "follow_up.read"),
}


@pytest.fixture
async def office(tmp_path: Path, database: Path) -> AsyncIterator[House]:
    """In virtual time, with teams: 1001 is lead's, 1002 and 1003 are other's."""
    shutil.copy(database, tmp_path / "callcenter.db")
    async with house(tmp_path, clock=VirtualClock()) as opened:
        kept = opened.office
        await site_file.apply_text(kept.store, cheap_passwords(), _SITE, "teams.yaml")
        await kept.site_changed()
        yield opened


async def define(office: House, kind: str, name: str, type_: str, **more: Any) -> None:
    field = {"kind": kind, "name": name, "type": type_, "chinese": f"{name}中", "english": name}
    status, said = await ask(office, "root", "POST", "/custom-fields", field | more)
    assert status == 201, said


async def made(office: House, kind: str, login: str = "1001", **fields: Any) -> dict[str, Any]:
    status, said = await write(office, kind, login, **fields)
    assert status == 201, said
    return dict(said)


async def write(office: House, kind: str, login: str = "1001", **fields: Any) -> tuple[int, Any]:
    path, written, _ = RECORDS[kind]
    when = {"service": await its_service(office), "begin": TUESDAY.isoformat()} if kind == "appointment" else {}
    return await ask(office, login, "POST", path, written | when | {"fields": fields})


async def its_service(office: House) -> int:
    """There are places for ten at once."""
    _, known = await ask(office, "root", "GET", "/appointment-services")
    of = known["items"][0] if known["items"] else await service(office, capacity=10, persons=[])
    return int(of["id"])


async def one_of(office: House, kind: str, number: int, login: str = "1001") -> dict[str, Any]:
    status, said = await ask(office, login, "GET", f"{RECORDS[kind][0]}/{number}")
    assert status == 200, said
    return dict(said.get("complaint", said))


async def change(office: House, kind: str, one: dict[str, Any], login: str = "1001", **fields: Any) -> tuple[int, Any]:
    path, written, _ = RECORDS[kind]
    body = written | {"version": one["version"], "fields": fields}
    return await ask(office, login, "PUT", f"{path}/{one['id']}", body)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("kind", RECORDS)
async def test_only_a_record_that_one_sees_is_referred_to(office: House, kind: str, target: FieldTarget) -> None:
    own, others = await made(office, target), await made(office, target, "1002")
    await set_role(office, "agent", scopes={"appointment": "own"})  # as shipped, all see all of these
    await define(office, kind, "about", "reference", target=target)
    answers = []
    for number in (others["id"], 99):
        status, said = await write(office, kind, about=number)
        assert status == 422
        answers.append(said["error"]["fields"]["fields.about"].replace(str(number), "N"))
    assert answers[0] == answers[1], "who may not see a record is not told that it is there"
    one = await made(office, kind, about=own["id"])
    assert one["fields"] == {"about": own["id"]}
    status, said = await change(office, kind, one, about=others["id"])
    assert (status, list(said["error"]["fields"])) == (422, ["fields.about"])
    assert await one_of(office, kind, one["id"]) == one
    status, two = await change(office, kind, one, "root", about=others["id"])
    assert (status, two["fields"]) == (200, {"about": others["id"]})
    status, again = await change(office, kind, two, about=others["id"])
    assert (status, again["fields"]) == (200, {"about": others["id"]}), "what stands there may stay"


async def test_of_a_kind_that_a_role_may_not_read_nothing_is_referred_to(office: House) -> None:
    complaint = await made(office, "complaint")
    await define(office, "consultation", "about", "reference", target="complaint")
    one = await made(office, "consultation", about=complaint["id"])
    await set_role(office, "agent", take=["complaint"])
    status, said = await write(office, "consultation", about=complaint["id"])
    assert (status, said["error"]["fields"]) == (422, {"fields.about": f"没有投诉建议 {complaint['id']}"})
    assert complaint["number"] not in await sheet(office, "1001", one)
    assert complaint["number"] in await sheet(office, "root", one)


async def sheet(office: House, login: str, one: dict[str, Any]) -> str:
    address = f"/api/v1/consultations/{one['id']}/sheet"
    answer = await office.client.get(address, headers=await office.as_(login))
    assert answer.status == 200
    return await answer.text()


async def test_a_sheet_names_what_its_fields_refer_to_and_says_what_is_gone(office: House) -> None:
    complaint, customer = await made(office, "complaint"), await made(office, "customer")
    await define(office, "consultation", "about", "reference", target="complaint")
    await define(office, "consultation", "whom", "reference", target="customer")
    one = await made(office, "consultation", about=complaint["id"], whom=customer["id"])
    page = await sheet(office, "1001", one)
    assert complaint["number"] in page
    assert "赵六" in page
    gone = f"/customers/{customer['id']}/remove"
    status, said = await ask(office, "boss", "POST", gone, {"version": customer["version"], "reason": "重复"})
    assert status == 204, said
    page = await sheet(office, "1001", one)
    assert "赵六" not in page
    assert f"{customer['id']}（已不存在，或无权查看）" in page


async def listed(office: House, kind: str, fields: str) -> tuple[int, Any]:
    return await ask(office, "1001", "GET", f"{RECORDS[kind][0]}?fields={quote(fields)}")


@pytest.mark.parametrize("kind", RECORDS)
async def test_a_list_is_narrowed_by_custom_fields(office: House, kind: str) -> None:
    choices = [
        {"code": "gold", "chinese": "金", "english": "Gold"},
        {"code": "iron", "chinese": "铁", "english": "Iron"},
    ]
    target = await made(office, "consultation")
    await define(office, kind, "plan", "choice", choices=choices)
    await define(office, kind, "tags", "multi_choice", choices=choices)
    await define(office, kind, "budget", "number", places=2)
    await define(office, kind, "until", "date")
    await define(office, kind, "sure", "yes_no")
    await define(office, kind, "words", "text")
    await define(office, kind, "story", "long_text")
    await define(office, kind, "about", "reference", target="consultation")
    await define(office, kind, "keeper", "reference", target="user")
    one = await made(office, kind, plan="gold", tags=["gold", "iron"], budget=10.5, until="2026-11-27", sure=True,
                     words="Über 高铁", story="第一行\n第二行", about=target["id"], keeper="1001")  # fmt: skip
    two = await made(office, kind, plan="iron", tags=["iron"], budget=200, until="2027-01-01", sure=False,
                     words="slow", story="else", keeper="1002")  # fmt: skip
    await made(office, kind)
    both = [one["id"], two["id"]]
    for asked, wanted in (
        ({"plan": "gold"}, [one["id"]]),
        ({"plan": "copper"}, []),
        ({"tags": "iron"}, both),
        ({"tags": "gold"}, [one["id"]]),
        ({"budget": 200}, [two["id"]]),
        ({"budget": [10.5, None]}, both),
        ({"budget": [None, 10.5]}, [one["id"]]),
        ({"until": "2026-11-27"}, [one["id"]]),
        ({"until": ["2026-11-28", "2027-01-01"]}, [two["id"]]),
        ({"sure": False}, [two["id"]]),
        ({"words": "über"}, [one["id"]]),
        ({"words": "高铁 ÜBER"}, [one["id"]]),
        ({"words": "%"}, []),
        ({"story": "第二"}, [one["id"]]),
        ({"about": target["id"]}, [one["id"]]),
        ({"keeper": "1002"}, [two["id"]]),
        ({"plan": "gold", "sure": False}, []),
    ):
        status, said = await listed(office, kind, json.dumps(asked))
        assert (status, sorted(row["id"] for row in said["items"]), said["total"]) == (200, wanted, len(wanted)), asked


@pytest.mark.parametrize("kind", RECORDS)
@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"secret": "x"}, "没有这个字段"),
        ({"none": "x"}, "没有这个字段"),
        ({"budget": "x"}, "须为数字"),
        ({"budget": [None, None]}, "须填写起或止"),
        ({"budget": True}, "须为数字"),
        ({"paper": 3}, "不能按附件查找"),
    ],
)
async def test_a_list_cannot_be_asked_so(office: House, kind: str, asked: dict[str, Any], why: str) -> None:
    """Of a field that a role does not see it is said, as of any that there is not, that there is none."""
    await define(office, kind, "budget", "number")
    await define(office, kind, "paper", "file")
    await define(office, kind, "secret", "text", readers=["manager"], writers=["manager"])
    status, said = await listed(office, kind, json.dumps(asked))
    assert (status, said["error"]["fields"]) == (422, {f"fields.{next(iter(asked))}": why})


@pytest.mark.parametrize(
    "hostile", ["{", "[]", "1", '"x"', '{"a": {"b": 1}}', '{"a": [1, 2, 3]}', '{"' + "x" * 41 + '": 1}', "\0",
                json.dumps({f"f{n}": 1 for n in range(11)}), '{"budget": 1e999}', '{"budget": NaN}'],
)  # fmt: skip
async def test_nothing_that_is_asked_of_fields_breaks_a_list(office: House, hostile: str) -> None:
    await define(office, "consultation", "budget", "number")
    status, said = await listed(office, "consultation", hostile)
    assert (status, said["error"]["code"]) in ((400, "malformed"), (422, "wrong_fields"))
    assert status == 400 or any(name.startswith("fields") for name in said["error"]["fields"])
