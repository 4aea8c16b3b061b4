"""The audit trail over HTTP (ADM-03): what stood in every kind of record, who saw it, one record's history, the
file that is taken away."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from callcenterd.model.roles import HIDDEN_KINDS
from tests.web.house import House
from tests.web.test_fields import define
from tests.web.test_masking import PHONE, seeded
from tests.web.test_roles import set_role, trail
from tests.web.test_rooms import ask

CHANGES: dict[str, tuple[str, dict[str, Any], str]] = {
    "consultations": ("PUT", {"category": "other", "note": "后", "call": "past"}, "note"),
    "complaints": ("PUT", {"type": "other", "reason": "x", "note": "后", "call": "past"}, "note"),
    "follow-ups": ("PUT", {"category": "after_use", "content": "后"}, "content"),
    "appointments": ("PUT", {"note": "后", "name": "x"}, "note"),
    "duties": ("PUT", {"title": "后"}, "title"),
    "customers": ("PUT", {"name": "陈静", "note": "后"}, "note"),
}
KIND = {
    "consultations": "consultation",
    "complaints": "complaint",
    "follow-ups": "follow_up",
    "appointments": "appointment",
    "duties": "duty",
    "customers": "customer",
}


async def changed(office: House, path: str, ids: dict[str, str]) -> str:
    """Somebody reads that record and changes it. Answers its target in the trail."""
    method, new, _ = CHANGES[path]
    status, found = await ask(office, "1001", "GET", f"/{path}/{ids[path]}")
    assert status == 200, found
    version = found.get("version") or found.get("complaint", found.get("duty", {})).get("version")
    status, said = await ask(office, "1001", method, f"/{path}/{ids[path]}", {**new, "version": version})
    assert status == 200, said
    return f"{KIND[path]}/{ids[path]}"


@pytest.mark.parametrize("path", CHANGES)
async def test_the_trail_has_what_stood_in_a_record_before_and_after_and_who_saw_it(office: House, path: str) -> None:
    ids = await seeded(office)
    field = CHANGES[path][2]
    target = await changed(office, path, ids)
    entries = await trail(office, f"target={target}")
    kind = KIND[path]
    first, last = entries[-1], entries[0]
    assert last["who"] == "1001"
    assert last["changes"][field][1] == "后"
    assert last["changes"][field][0] != "后"
    assert [one["what"] for one in entries if one["what"].endswith(".seen")] == [f"{kind}.seen"]
    assert first["what"] == f"{kind}.created"
    assert first["changes"], "what it began as"
    assert "code" not in last["changes"] | first["changes"], "the customer's key to an appointment"
    history = (await ask(office, "boss", "GET", f"/records/{kind}/{ids[path]}/history"))[1]
    assert history["items"] == entries


async def test_the_history_is_of_who_may_read_such_records_and_sees_this_one(office: House) -> None:
    ids = await seeded(office)
    path = f"/records/consultation/{ids['consultations']}/history"
    assert (await ask(office, "1001", "GET", path))[0] == 403
    assert (await ask(office, "boss", "GET", path))[0] == 200
    await set_role(office, "supervisor", scopes={"consultation": "own"})
    assert (await ask(office, "boss", "GET", path))[0] == 404
    await set_role(office, "supervisor", take=["consultation.read"], scopes={})
    assert (await ask(office, "boss", "GET", path))[0] == 403
    for wrong in ("/records/role/1/history", "/records/consultation/99/history", "/records/call/none/history"):
        assert (await ask(office, "root", "GET", wrong))[0] == 404, wrong


async def test_what_is_hidden_is_hidden_in_the_trail_too(office: House) -> None:
    ids = await seeded(office)
    await define(office, kind="customer", readers=["agent"], writers=["agent"])
    status, said = await ask(office, "1001", "PUT", f"/customers/{ids['customers']}", {
        "name": "陈静", "phones": [PHONE], "fields": {"budget": 12.5}})  # fmt: skip
    assert status == 200, said
    target = f"target=customer/{ids['customers']}"
    (one, *_) = await trail(office, f"{target}&what=customer.changed")
    assert one["changes"]["fields.budget"] == [None, 12.5]
    await set_role(office, "manager", give=["audit"], hidden=list(HIDDEN_KINDS))
    status, found = await ask(office, "chief", "GET", f"/audit?{target}")
    assert status == 200
    assert PHONE not in str(found)
    assert "139****8000" in str(found)
    assert "budget" not in str([one["changes"] for one in found["items"]]), "a field that managers do not see"


async def test_the_trail_is_taken_away_by_right_as_text_that_is_no_formula_and_that_is_written_down(
    office: House,
) -> None:
    made = await ask(office, "1001", "POST", "/customers", {"name": "=1+1", "note": "+cmd"})
    target = f"customer/{made[1]['id']}"
    for login in ("1001", "boss", "chief"):
        assert (await ask(office, login, "GET", "/audit/export"))[0] == 403
    headers = await office.as_("root")
    answer = await office.client.get(f"/api/v1/audit/export?form=csv&target={target}", headers=headers)
    text = (await answer.read()).decode("utf-8-sig")
    assert answer.status == 200
    lines = [line.split(",") for line in text.splitlines()]
    assert {line[4]: line[6] for line in lines[1:]} == {"name": "'=1+1", "note": "'+cmd"}
    answer = await office.client.get(f"/api/v1/audit/export?target={target}", headers=headers)
    sheet = openpyxl.load_workbook(io.BytesIO(await answer.read())).worksheets[0]
    found = {row[4].value: (row[6].value, row[6].data_type) for row in sheet.iter_rows(min_row=2)}
    assert found == {"name": ("=1+1", "s"), "note": ("+cmd", "s")}
    (last, first) = await trail(office, "what=audit.exported")
    assert (first["who"], first["details"]["form"], first["details"]["rows"]) == ("root", "csv", 2)
    assert last["details"]["asked"]["target"] == target
