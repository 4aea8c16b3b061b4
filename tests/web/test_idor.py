"""Every operation of the API that names a thing, asked by somebody who may not see that thing: the answer is the one
for a thing that is not there, and nothing is another by it (ASVS V8.2.2, ADM-01)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from callcenterd.crm.cards import CardAsked
from callcenterd.model.ids import CustomerId
from callcenterd.web.reference import every_route
from callcenterd.web.rights import FIXED, PUBLIC
from tests.web.test_roles import set_role
from tests.web.test_rooms import ask, settled
from tests.web.test_teams import Things, things

__all__ = ["things"]

HIS: Mapping[str, str] = {
    # The first part of an address, and what of 1001's stands for its first name.
    "calls": "call",
    "recordings": "recording",
    "voicemail": "message",
    "callbacks": "wish",
    "letters": "letter",
    "duties": "duty",
    "consultations": "consultation",
    "complaints": "complaint",
    "follow-ups": "follow_up",
    "appointments": "appointment",
    "customer-messages": "written",
    "staff-messages": "staff",
    "help": "help",
    "appraisals": "appraisal",
    "customers": "customer",
    "cards": "card",
    "customer_merges": "merge",
    "attachments": "attachment",
    "queries": "query",
    "agents": "agent",
    "seats": "agent",
    "queues": "queue",
    "parking": "slot",
}
SHARED = {
    "phone": "one's own page",
    "recording-batches": "one's own: test_recording_batches.py",
    "conferences": "rooms of the office: test_teams.py",
    "imports": "by the right to import, of whoever sees all customers",
    "do-not-call": "the office's",
    "campaigns": "by the queue: test_teams.py",
    "appointment-services": "the office's",
    "query": "names of fields",
    "extensions": "by whose phone it is: test_teams.py",
    "calendars": "the office's",
    "displays": "by the queues that it shows: test_displays.py",
    "thresholds": "by the queue: test_teams.py",
    "appraisal-templates": "the office's",
    "appraisal-plans": "the office's",
    "calibrations": "by who scores in it: test_appraisals.py",
}
"""Things that are nobody's own, for who has the right."""
KINDS = {"customer", "consultation", "complaint", "follow_up", "appointment", "duty", "call"}
PARTS = {"note": "1", "link": "1", "party": "99", "entry": "1", "call": "none"}
NOWHERE = {"call": "20200101-000000-000000", "recording": "20200101-000000-000000-1", "agent": "nobody"}
UNSEEN = {"audit", "sessions", "sqlite_sequence", "evidence"}
"""Tables that are written by asking: who was refused, and when somebody was seen."""
VALUES: Mapping[str, Any] = {
    "version": 1,
    "category": "use",
    "type": "other",
    "reason": "x",
    "next_call": "2100-01-01T00:00:00Z",
    "due": "2100-01-01T00:00:00Z",
    "begin": "2100-01-01T00:00:00Z",
    "result": "satisfied",
    "move": "dispatch",
    "means": "call",
    "owner": "1003",
    "keys": "1",
    "amount": 5,
    "pin": "482913",
    "other": 1,
    "other_version": 1,
    "decision": "uphold",
    "appraiser": "boss",
}


def operations() -> list[tuple[str, str, str]]:
    """Method, address and right of every operation that names a thing."""
    return [(route.method, route.path, route.right) for route in every_route() if route.parameters]


def first(path: str) -> str:
    return path.removeprefix("/api/v1/").partition("/")[0]


@pytest.fixture
async def his(things: Things) -> dict[str, str]:
    """What is 1001's, by name. Agents and supervisors see customers and appointments of their teams."""
    office, modules = things.office, things.office.office.modules
    for role in ("agent", "supervisor"):
        given = ["customer.merge", "customer.remove", "card.write", "card.post", "audit.record"]
        await set_role(office, role, scopes={"customer": "team", "appointment": "team"}, give=given)
    customer = await modules.customers.create({"name": "his", "phones": ["13800002001"], "owner": "1001"}, "1001")
    card = await modules.cards.add(CustomerId(customer.id), CardAsked(number="62170002001", overdraft=0), "1001")
    twin = await modules.customers.create({"name": "twin", "owner": "1001"}, "1001")
    merge = await modules.bin.merge((customer.id, customer.version), (twin.id, twin.version), (), "1001")
    file = await modules.attachments.put("consultation", things.named["consultation"], "a.txt", b"his", "1001")
    query = {"name": "his", "query": {"kind": "customer"}}
    status, kept = await ask(office, "1001", "POST", "/queries", query)
    assert status == 201, kept
    more = {"customer": customer.id, "card": card.id, "merge": merge.id, "attachment": file.id, "query": kept["id"]}
    own = {"agent": "1001", "queue": "sales", "slot": "1"}
    return {**things.named, **own, **{name: str(value) for name, value in more.items()}}


def everything(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Whatever the database holds, but what is written by asking."""
    path = folder / "callcenter.db"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        names = [name for (name,) in tables if name not in UNSEEN and "_search" not in name]
        found = {name: database.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}
        found["calls"] = database.execute("SELECT * FROM calls WHERE ended_at IS NOT NULL").fetchall()  # others go on
        return found


class Bodies:
    """What the description says that an operation takes, filled in."""

    def __init__(self, described: dict[str, Any]) -> None:
        self._described = described

    def of(self, method: str, path: str) -> dict[str, Any] | None:
        said = self._described["paths"][path][method.lower()].get("requestBody", {}).get("content", {})
        if "application/json" not in said:
            return None
        filled = self._value("", said["application/json"]["schema"])
        return filled if isinstance(filled, dict) else {}

    def _value(self, name: str, schema: dict[str, Any]) -> Any:
        while "$ref" in schema:
            schema = self._described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if name in VALUES:
            return VALUES[name]
        if "const" in schema or "enum" in schema:
            return schema.get("const", next(iter(schema.get("enum", [None]))))
        if options := schema.get("anyOf") or schema.get("oneOf"):
            return self._value(name, options[0])
        match schema.get("type"):
            case "object":
                wanted = {*schema.get("required", ()), *({"version"} & schema.get("properties", {}).keys())}
                return {one: self._value(one, schema["properties"][one]) for one in wanted}
            case "array":
                return [self._value(name, schema["items"])] if schema.get("minItems") else []
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return True
            case _:
                return "x" * max(1, schema.get("minLength", 1))


def walked(his: Mapping[str, str]) -> Iterator[tuple[str, str, str, str]]:
    """Method, described address, the address of his thing, and that of one that is not there."""
    for method, path, right in operations():
        about = first(path)
        if about == "records":
            for kind in KINDS:
                mine = path.replace("{kind}", kind).replace("{id}", his[kind])
                yield method, path, mine, mine.replace(his[kind], NOWHERE.get(kind, "987654"))
            continue
        if right == PUBLIC or about not in HIS:
            continue
        asked, nothing, begun = path, path, False
        for name in re.findall(r"{(\w+)}", path):
            thing = PARTS.get(name, "1") if begun else his[HIS[about]]
            other = PARTS.get(name, "1") if begun else NOWHERE.get(HIS[about], "987654")
            asked, nothing, begun = asked.replace(f"{{{name}}}", thing), nothing.replace(f"{{{name}}}", other), True
        yield method, path, asked, nothing


def test_of_every_thing_that_is_named_it_is_said_whose_it_is() -> None:
    """A new kind of address fails here until somebody has said so. What only administrators may ask is not asked."""
    for method, path, right in operations():
        if right in ADMINISTRATORS or right == PUBLIC:
            continue
        assert first(path) in {*HIS, *SHARED, "records"}, f"{method} {path} ({right})"


ADMINISTRATORS = {
    *("site", "role", "flow", "prompt", "workflow", "dictionary.write", "field.write", "customer.bin", "duty_kind"),
    *("message_template.write", "proposal_template", "appointment.service", "follow_up.rule", "ban"),
}
"""Rights to the office's own set-up."""


@pytest.mark.parametrize("login", ["1003", "other"])
async def test_what_one_may_not_see_is_not_there_and_stays_as_it_is(
    things: Things, his: dict[str, str], tmp_path: Path, login: str
) -> None:
    """1003 is an agent, and other a supervisor, of another team than 1001's."""
    office = things.office
    headers = await office.as_(login)
    bodies = Bodies(await (await office.client.get("/api/v1/openapi.json")).json())
    await settled()
    await office.board.history.settled()
    before, wrong, asked = everything(tmp_path), list[str](), 0
    for method, path, mine, nothing in walked(his):
        body = bodies.of(method, path)
        more: dict[str, Any] = {} if method in ("GET", "DELETE") or body is None else {"json": body}
        answers = []
        for address in (mine, nothing):
            answer = await office.client.request(method, address, headers=headers, **more)
            answers.append((answer.status, await answer.text()))
        (status, text), (status_there, _) = answers
        if status not in (403, 404) or status != status_there or "his" in text:
            wrong.append(f"{method} {mine}: {status}, of nothing {status_there}: {text[:200]}")
        asked += 1
    await settled()
    await office.board.history.settled()
    after = everything(tmp_path)
    assert wrong == [], "\n".join(wrong)
    assert {name for name in before if before[name] != after[name]} == set()
    assert asked >= 80


OF_A_CUSTOMER: Mapping[str, Mapping[str, Any]] = {
    "consultations": {"category": "use"},
    "complaints": {"type": "other", "reason": "x"},
    "follow-ups": {"category": "use"},
    "appointments": {"service": 1, "begin": "2100-01-01T00:00:00Z"},
    "customer-messages": {"channel": "sms", "text": "x"},
    "customer-messages/begin": {"channel": "sms", "purpose": "letter"},
    "calls": {},
}


@pytest.mark.parametrize("login", ["1003", "other"])
@pytest.mark.parametrize("path", OF_A_CUSTOMER)
async def test_nothing_is_done_for_a_customer_whom_one_may_not_see(
    things: Things, his: dict[str, str], path: str, login: str
) -> None:
    """It would tell their name and number."""
    for customer in (int(his["customer"]), 987654):
        body = {**OF_A_CUSTOMER[path], "customer": customer}
        status, said = await ask(things.office, login, "POST", f"/{path}", body)
        assert (status, said["error"]["code"]) == (404, "not_found"), said
        assert "his" not in str(said)


async def test_who_has_no_right_gets_to_no_thing_at_all(things: Things, his: dict[str, str], tmp_path: Path) -> None:
    """From an agent everything is taken that can be taken; the things are their own."""
    office = things.office
    await set_role(office, "agent", rights=[])
    headers = await office.as_("1001")
    await settled()
    await office.board.history.settled()
    before, asked = everything(tmp_path), 0
    for method, path, mine, _ in walked(his):
        right = next(one.right for one in every_route() if (one.method, one.path) == (method, path))
        own = next(one.own for one in every_route() if (one.method, one.path) == (method, path))
        if right in FIXED or own:
            continue
        more: dict[str, Any] = {} if method in ("GET", "DELETE") else {"json": {}}
        answer = await office.client.request(method, mine, headers=headers, **more)
        assert answer.status == 403, f"{method} {mine}: {answer.status}"
        asked += 1
    assert asked >= 80
    after = everything(tmp_path)
    assert {name for name in before if before[name] != after[name]} == set()
