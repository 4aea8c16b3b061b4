"""Roles (ADM-01): rights given and taken, whose customers and records a role sees; in force at once, on open pages too.
And the audit trail (ADM-03): who changed, saw and played what."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from callcenterd import site as site_file
from callcenterd.crm.cards import CardAsked
from callcenterd.model import events
from callcenterd.model.consultations import ConsultationFields
from callcenterd.model.ids import CustomerId
from callcenterd.web.reference import every_route
from callcenterd.web.rights import RIGHTS
from callcenterd.web.socket import STREAMS
from tests.web.house import STAMP, House, cheap_passwords
from tests.web.test_live import Listener
from tests.web.test_rooms import ask, settled

TEAMS = """
users:
  - {login: lead, name: 组长, role: supervisor}
teams:
  - {name: one, members: ["1001"], leaders: [lead]}
  - {name: two, members: ["1002", "1003"]}
"""


async def set_role(office: House, role: str, **wanted: Any) -> dict[str, Any]:
    """take, give: rights. Others as the API has them."""
    known = {one["role"]: one for one in (await ask(office, "root", "GET", "/roles"))[1]["items"]}[role]
    rights = (set(known["rights"]) - {*wanted.pop("take", ())}) | {*wanted.pop("give", ())}
    asked = {"rights": sorted(rights), "scopes": known["scopes"], "hidden": known["hidden"]}
    body = {**asked, "version": known["version"], **wanted}
    status, said = await ask(office, "root", "PUT", f"/roles/{role}", body)
    assert status == 200, said
    return dict(said)


async def test_roles_are_listed_with_what_is_shipped_and_only_an_administrator_sees_them(office: House) -> None:
    for login in ("1001", "boss", "chief"):
        assert (await ask(office, login, "GET", "/roles"))[0] == 403
    status, said = await ask(office, "root", "GET", "/roles")
    assert status == 200
    assert said["names"] == list(RIGHTS)
    for one in said["items"]:
        assert one["rights"] == one["shipped"] == [name for name, roles in RIGHTS.items() if one["role"] in roles]
        assert one["version"] == 0


async def test_a_right_that_is_taken_or_given_counts_from_the_next_request_on(office: House) -> None:
    agent = await office.as_("1001")

    async def status(path: str) -> int:
        return (await office.client.get(f"/api/v1{path}", headers=agent)).status

    assert (await status("/customers"), await status("/surveys")) == (200, 403)
    await set_role(office, "agent", take=["customer.read"], give=["survey.read"])
    assert (await status("/customers"), await status("/surveys")) == (403, 200)
    me = await (await office.client.get("/api/v1/session", headers=agent)).json()
    assert "customer.read" not in me["rights"]
    assert "survey.read" in me["rights"]
    await set_role(office, "agent", give=["customer.read"], take=["survey.read"])
    assert (await status("/customers"), await status("/surveys")) == (200, 403)


async def test_what_was_set_is_kept_over_a_restart_and_a_new_site(office: House) -> None:
    await set_role(office, "agent", take=["card.read"], hidden=["phone"])
    await site_file.apply_text(office.office.store, cheap_passwords(), TEAMS, "teams.yaml")
    kept = (await office.office.store.site.load()).role("agent")
    assert (kept.rights, kept.hidden, kept.version) == ({"card.read": False}, ("phone",), 1)


async def test_an_administrator_keeps_all_rights_and_nobody_else_gets_that_to_set_roles(office: House) -> None:
    status, said = await ask(office, "root", "PUT", "/roles/admin", {"rights": [], "version": 0})
    assert (status, said["error"]["code"]) == (409, "administrators_keep")
    changed = await set_role(office, "agent", give=["role"], take=["session"])
    assert "role" not in changed["rights"]
    assert "session" in changed["rights"]
    assert (await ask(office, "1001", "GET", "/roles"))[0] == 403


@pytest.mark.parametrize(
    ("role", "body", "status"),
    [
        ("nobody", {"rights": [], "version": 0}, 404),
        ("agent", {"rights": ["no.such"], "version": 0}, 422),
        ("agent", {"rights": [], "scopes": {"call": "all"}, "version": 0}, 422),
        ("agent", {"rights": [], "scopes": {"customer": "mine"}, "version": 0}, 422),
        ("agent", {"rights": [], "hidden": ["name"], "version": 0}, 422),
        ("agent", {"rights": [], "version": 3}, 409),
    ],
)
async def test_what_cannot_be_set_is_refused(office: House, role: str, body: Mapping[str, Any], status: int) -> None:
    told, said = await ask(office, "root", "PUT", f"/roles/{role}", dict(body))
    assert told == status, said
    if status == 409:
        assert said["error"]["now"]["version"] == 0
    assert (await office.office.store.site.load()).roles == ()


async def test_the_whole_table_can_be_turned_round(office: House) -> None:
    """Every right taken from agents is refused on each of its routes, and every one given is let past."""
    shipped = {name for name, roles in RIGHTS.items() if "agent" in roles}
    mine = {name for name in RIGHTS if name not in shipped and name not in ("role",)}
    await set_role(office, "agent", rights=sorted(mine))
    headers = await office.as_("1003")
    kept = {"session", "live"}
    for route in every_route():
        if route.right == "public" or route.right in kept or route.own:
            continue
        path = route.path
        for name in route.parameters:
            path = path.replace(f"{{{name}}}", "nothing-of-that-name")
        body: dict[str, Any] = {} if route.method == "GET" else {"json": {"no such field": 1}}
        answer = await office.client.request(route.method, path, headers=headers, **body)
        refused = answer.status == 403
        assert refused is (route.right not in mine), f"{route.method} {route.path}: {answer.status}"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_right_has_its_sentence_on_the_page(language: str) -> None:
    text = Path(f"webapp/src/locales/{language}/roles.ts").read_text(encoding="utf-8")
    for name in RIGHTS:
        assert f"    {name.replace('.', '_')}: " in text, name


# ---- whose customers --------------------------------------------------------------------------------------------


async def customers(office: House) -> dict[str, int]:
    """One of each of these people's, one of a team, and nobody's."""
    await site_file.apply_text(office.office.store, cheap_passwords(), TEAMS, "teams.yaml")
    await office.office.site_changed()
    made: dict[str, int] = {}
    for n, (name, more) in enumerate(
        {"mine": {"owner": "1001"}, "his": {"owner": "1002"}, "ours": {"team": "one"}, "nobody": {}}.items()
    ):
        card = {"name": name, "phones": [f"1380000100{n}"], **more}
        made[name] = (await office.office.modules.customers.create(card, "root")).id
    return made


SEEN = """
scope  1001            1002      lead            boss                  chief
all    mine his ours nobody|mine his ours nobody|mine his ours nobody|mine his ours nobody|mine his ours nobody
team   mine ours|his|mine ours|mine his ours nobody|mine his ours nobody
own    mine|his|||
"""


@pytest.mark.parametrize("line", SEEN.strip().splitlines()[1:])
async def test_who_sees_which_customer_in_lists_cards_search_and_queries(office: House, line: str) -> None:
    known = await customers(office)
    scope, _, rest = line.partition(" ")
    roles = ("agent", "supervisor") if scope == "team" else ("agent", "supervisor", "manager")
    for role in roles:
        await set_role(office, role, scopes={"customer": scope})
    for login, names in zip(("1001", "1002", "lead", "boss", "chief"), rest.strip().split("|"), strict=True):
        seen = set(names.split())
        status, said = await ask(office, login, "GET", "/customers")
        assert status == 200
        assert ({one["name"] for one in said["items"]}, said["total"]) == (seen, len(seen)), login
        status, said = await ask(office, login, "GET", "/customers?q=138000010")
        assert said["total"] == len(seen), login
        status, said = await ask(office, login, "POST", "/query", {"kind": "customer"})
        assert (status, said["total"]) == (200, len(seen)), login
        for name, number in known.items():
            expected = 200 if name in seen else 404
            for path in ("", "/timeline", "/promises", "/cards"):
                status, said = await ask(office, login, "GET", f"/customers/{number}{path}")
                assert status == expected, f"{login}: {name}{path}"
            status, said = await ask(office, login, "PUT", f"/customers/{number}", {"name": name, "version": 999})
            assert status == (409 if name in seen else 404), f"{login}: {name}"


async def test_a_hidden_customer_is_nowhere_to_be_reached_by_its_number_and_new_ones_are_ones_own(
    office: House,
) -> None:
    """The walk over every route that names a customer or something of one."""
    known = await customers(office)
    card = await office.office.modules.cards.add(
        CustomerId(known["his"]), CardAsked.model_validate({"number": "62170001"}), "root"
    )
    await set_role(
        office,
        "agent",
        scopes={"customer": "own"},
        give=sorted(name for name in RIGHTS if "card" in name or "customer" in name),
    )
    asked = 0
    for route in every_route():
        of_customer = route.path.startswith("/api/v1/customers/{id}")
        of_card = route.path.startswith("/api/v1/cards/{id}")
        if not (of_customer or of_card):
            continue
        path = route.path.removeprefix("/api/v1").replace("{id}", str(known["his"] if of_customer else card.id))
        body: dict[str, Any] | None = BODIES.get(
            path.rsplit("/", 1)[-1], {"name": "x"} if route.method == "PUT" and of_customer else {}
        )
        status, said = await ask(office, "1001", route.method, path, body if route.method != "GET" else None)
        assert status == 404, f"{route.method} {path}: {status} {said}"
        asked += 1
    assert asked > 8
    for method, path, body in (
        ("GET", f"/attachments?kind=customer&record={known['his']}", None),
        ("POST", "/consultations", {"category": "use", "customer": known["his"]}),
    ):
        status, said = await ask(office, "1001", method, path, body)
        assert status == 404, f"{method} {path}: {said}"
    status, said = await ask(
        office, "1001", "POST", "/duties", {"kind": "task", "title": "x", "customer": known["his"]}
    )
    assert status == 422
    status, made = await ask(office, "1001", "POST", "/customers", {"name": "new"})
    assert status == 201
    assert (await ask(office, "1001", "GET", f"/customers/{made['id']}"))[0] == 200


BODIES: dict[str, dict[str, Any]] = {
    "cards": {"number": "62170002"},
    "pin": {"pin": "482913"},
    "postings": {"ledger": "points", "kind": "recharge", "amount": 5},
}


async def test_a_pop_names_only_customers_whom_the_agent_may_see(office: House) -> None:
    known = await customers(office)
    await set_role(office, "agent", scopes={"customer": "own"})
    office.registers("1001")
    await office.board.desk.set_state("1001", "ready")
    live = office.app[STREAMS].live
    for name, caller, seen in (("mine", "13800001000", True), ("his", "13800001001", False)):
        agent, boss = Listener(office, live, "1001", "agent"), Listener(office, live, "boss", "supervisor")
        agent.take(), boss.take()
        call = office.comes(caller)
        await settled()
        office.rings()
        await settled()
        popped = [one["data"] for one in agent.take() if one["type"] == "screen.pop"]
        above = [one["data"] for one in boss.take() if one["type"] == "screen.pop"]
        assert [one["customers"] for one in popped] == [[known[name]] if seen else []]
        assert [one["customers"] for one in above] == [[known[name]]]
        desk = (await ask(office, "1001", "GET", "/desk"))[1]
        assert desk["pop"]["customers"] == ([known[name]] if seen else [])
        office.board.finish(office.board.journeys[call], "system", "by the test")
        await settled()
        office.board.queueing.end_wrap_up("1001")  # type: ignore[arg-type]  # a login


async def test_an_open_event_stream_follows_a_role_at_once(office: House) -> None:
    live = office.app[STREAMS].live
    agent = Listener(office, live, "1001", "agent")
    saved = events.CustomerSaved(at=STAMP, customer=CustomerId(3), by="1002")
    office.office.bus.publish(saved)
    assert "customer.saved" in str(agent.take())
    await set_role(office, "agent", scopes={"customer": "own"})
    agent.take()
    office.office.bus.publish(saved)
    assert "customer.saved" not in str(agent.take())
    await set_role(office, "agent", scopes={}, take=["customer.read"])
    agent.take()
    office.office.bus.publish(saved)
    assert "customer.saved" not in str(agent.take())


async def test_scopes_of_consultations(office: House) -> None:
    made = await office.office.modules.consultations.create(ConsultationFields(category="use"), "1002", "agent")
    path = f"/consultations/{made.id}"
    for scope, status, total in (("team", 404, 0), ("all", 200, 1), ("own", 404, 0)):
        await set_role(office, "agent", scopes={"consultation": scope})
        assert (await ask(office, "1001", "GET", path))[0] == status, scope
        assert (await ask(office, "1001", "GET", "/consultations"))[1]["total"] == total
        assert (await ask(office, "1001", "POST", "/query", {"kind": "consultation"}))[1]["total"] == total
    await set_role(office, "manager", scopes={"consultation": "own"})
    assert (await ask(office, "chief", "GET", path))[0] == 404


# ---- the audit trail --------------------------------------------------------------------------------------------


async def trail(office: House, conditions: str) -> list[dict[str, Any]]:
    status, said = await ask(office, "root", "GET", f"/audit?{conditions}")
    assert status == 200, said
    assert said["total"] == len(said["items"])
    return list(said["items"])


async def test_the_trail_has_what_stood_on_a_card_before_and_after_until_it_is_erased(office: House) -> None:
    made = await office.office.modules.customers.create({"name": "陈静", "phones": ["13812345678"]}, "root")
    card = {"name": "陈静", "phones": ["13812345679"], "company": "东风"}
    assert (await ask(office, "1001", "PUT", f"/customers/{made.id}", card))[0] == 200
    target = f"target=customer/{made.id}"
    changed, created = await trail(office, target + "&what=customer")
    assert (created["what"], created["who"]) == ("customer.created", "root")
    assert (changed["what"], changed["who"], changed["details"]) == (
        "customer.changed",
        "1001",
        {"fields": ["company", "phones"]},
    )
    assert changed["changes"] == {"company": [None, "东风"], "phones": [["13812345678"], ["13812345679"]]}
    assert "1381234" not in str(changed["details"]), "the trail itself holds nothing of a person"
    version = (await ask(office, "root", "GET", f"/customers/{made.id}"))[1]["version"]
    assert (await ask(office, "root", "POST", f"/customers/{made.id}/remove", {"version": version, "reason": "x"}))[
        0
    ] == 204
    assert (await ask(office, "root", "DELETE", f"/customer_bin/{made.id}"))[0] == 204
    kept = await trail(office, target)
    assert {"customer.created", "customer.changed"} < {one["what"] for one in kept}
    assert all(one["changes"] == {} for one in kept)


async def test_who_opens_a_card_is_written_down_once_in_a_while(office: House) -> None:
    made = await office.office.modules.customers.create({"name": "x"}, "root")
    for login in ("1001", "1001", "boss", "1001"):
        assert (await ask(office, login, "GET", f"/customers/{made.id}"))[0] == 200
    seen = await trail(office, "what=customer.seen")
    assert [(one["who"], one["target"]) for one in seen] == [
        ("boss", f"customer/{made.id}"),
        ("1001", f"customer/{made.id}"),
    ]
    assert (await ask(office, "1001", "GET", "/customers/999999"))[0] == 404
    assert len(await trail(office, "what=customer.seen")) == 2


async def test_a_change_of_a_role_stands_in_the_trail(office: House) -> None:
    await set_role(office, "agent", take=["card.read"], hidden=["phone"])
    (one,) = await trail(office, "what=role.changed&who=root")
    assert one["target"] == "role/agent"
    assert one["changes"] == {"hidden": [None, ["phone"]], "taken": [None, ["card.read"]]}
    assert await trail(office, "what=role.changed&until=2001-01-01T00:00:00Z") == []
    for login in ("1001", "boss", "chief"):
        assert (await ask(office, login, "GET", "/audit"))[0] == 403
