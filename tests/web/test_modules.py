"""Modules on and off (ADM-02): in force at once on every route, for menus, the stream, jobs and flows; data is kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from callcenterd import site as site_file
from callcenterd.channels.customer_messages import Written
from callcenterd.clock import SystemClock
from callcenterd.model.complaints import ComplaintFields
from callcenterd.model.consultations import ConsultationFields
from callcenterd.model.duties import DutyFilter
from callcenterd.model.follow_ups import FollowUpFields
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.modules import MODULES, ModuleName
from callcenterd.store.database import Store
from callcenterd.web.describe import Route
from callcenterd.web.live import LiveEvents
from callcenterd.web.reference import every_route
from callcenterd.web.rights import PUBLIC
from tests.kit.database import with_tables
from tests.web.house import STAMP, House, cheap_passwords
from tests.web.test_live import Listener

ROUTES = every_route()
UNDER: dict[str, tuple[str, ...]] = {
    "consultations": ("/api/v1/consultations",),
    "complaints": ("/api/v1/complaints", "/api/v1/complaint-workflows", "/api/v1/customers/{id}/complaints"),
    "follow_ups": ("/api/v1/follow-ups", "/api/v1/follow-up-rules"),
    "appointments": ("/api/v1/appointments", "/api/v1/appointment-services"),
    "customer_messages": ("/api/v1/customer-messages", "/api/v1/message-templates"),
    "prepaid_cards": ("/api/v1/cards", "/api/v1/customers/{id}/cards"),
    "proposals": ("/api/v1/customers/{id}/proposals", "/api/v1/proposal-templates", "/api/v1/letterhead"),
    "campaigns": ("/api/v1/campaigns",),
    "voicemail": ("/api/v1/voicemail",),
    "callbacks": ("/api/v1/callbacks",),
    "surveys": ("/api/v1/surveys",),
    "conferences": ("/api/v1/conferences",),
    "evidence": ("/api/v1/evidence",),
    "feature_codes": (),
}
"""Where each module's addresses are, written down a second time."""


def belongs(route: Route, module: str) -> bool:
    return any(route.path == begin or route.path.startswith(f"{begin}/") for begin in UNDER[module])


async def switch(office: House, *off: str) -> None:
    """Exactly these are off."""
    root = await office.as_("root")
    for module in MODULES:
        answer = await office.client.put(f"/api/v1/modules/{module}", json={"on": module not in off}, headers=root)
        assert answer.status in (200, 201), await answer.text()


async def code(office: House, route: Route, headers: dict[str, str]) -> tuple[int, str, str]:
    path = route.path
    for name in route.parameters:
        path = path.replace(f"{{{name}}}", "1")
    body: dict[str, Any] = {} if route.method == "GET" else {"json": {"no such field": 1}}
    answer = await office.client.request(route.method, path, headers=headers, **body)
    if answer.status < 400:
        return answer.status, "", ""
    error = (await answer.json())["error"]
    return answer.status, error["code"], error.get("module", "")


@pytest.mark.parametrize("module", MODULES)
async def test_of_every_route_those_of_a_module_that_is_off_say_so_and_no_other_does(
    office: House, module: ModuleName
) -> None:
    root = await office.as_("root")
    await switch(office, module)
    for route in ROUTES:
        if route.right == PUBLIC or route.path == "/api/v1/session" or "sound" in route.path:
            continue
        said = await code(office, route, root)
        where = f"{route.method} {route.path}"
        assert (said == (404, "module_off", module)) == belongs(route, module), f"{where}: {said}"
    await switch(office)
    for route in ROUTES:
        if belongs(route, module):
            assert (await code(office, route, root))[1] != "module_off", route.path


def test_each_module_has_routes_and_those_are_the_table_of_the_documentation() -> None:
    for module in MODULES:
        assert module == "feature_codes" or any(belongs(route, module) for route in ROUTES), module


async def test_whoever_has_no_right_to_it_hears_nothing_else_and_who_is_not_signed_in_neither(office: House) -> None:
    await switch(office, "campaigns")
    assert (await office.client.get("/api/v1/campaigns")).status == 401
    answer = await office.client.get("/api/v1/campaigns", headers=await office.as_("1001"))
    assert (await answer.json())["error"]["code"] == "module_off"
    answer = await office.client.get("/api/v1/campaigns?lang=zh-CN", headers=await office.as_("root"))
    assert (await answer.json())["error"]["message"] == "这项功能已停用"


async def me(office: House, login: str) -> dict[str, Any]:
    found: dict[str, Any] = await (await office.client.get("/api/v1/session", headers=await office.as_(login))).json()
    return found


async def test_pages_learn_at_once_that_it_is_off_and_nobody_has_its_rights(office: House) -> None:
    page = Listener(office, LiveEvents(office.board, office.office.bus), "1001", "agent")
    assert "consultation.read" in (await me(office, "1001"))["rights"]
    await switch(office, "consultations", "voicemail")
    assert "site.changed" in page.facts()
    now = await me(office, "1001")
    assert now["off"] == ["consultations", "voicemail"]
    assert not {"consultation.read", "consultation.write"} & set(now["rights"])
    assert "message.work" in now["rights"], "callbacks are there still"
    await switch(office, "voicemail", "callbacks")
    assert "message.work" not in (await me(office, "1001"))["rights"]
    roles = await (await office.client.get("/api/v1/roles", headers=await office.as_("root"))).json()
    agent = next(one for one in roles["items"] if one["role"] == "agent")
    assert "message.work" in agent["rights"], "what the role may is kept"


async def test_what_was_written_is_there_again_when_the_module_is(office: House) -> None:
    modules, root = office.office.modules, await office.as_("root")
    one = await modules.consultations.create(
        ConsultationFields(name="张三", category="use", note="开户"), "1001", "agent"
    )
    path = f"/api/v1/consultations/{one.id}"
    await switch(office, "consultations")
    assert (await office.client.get(path, headers=root)).status == 404
    await switch(office)
    known = await (await office.client.get(path, headers=root)).json()
    assert (known["number"], known["note"]) == (one.number, "开户")


async def test_queries_and_time_lines_are_without_it(office: House) -> None:
    root = await office.as_("root")

    async def kinds() -> set[str]:
        answer = await office.client.get("/api/v1/query/kinds", headers=root)
        return {one["name"] for one in (await answer.json())["items"]}

    assert {"consultation", "complaint"} <= await kinds()
    await switch(office, "consultations")
    assert "consultation" not in await kinds()
    customer = await office.office.modules.customers.create({"name": "张三"}, "root")
    wanted = ConsultationFields(name="张三", category="use", note="开户", customer=customer.id)
    await office.office.modules.consultations.create(wanted, "1001", "agent")
    path = f"/api/v1/customers/{customer.id}/timeline"

    async def line() -> set[str]:
        return {one["kind"] for one in (await (await office.client.get(path, headers=root)).json())["items"]}

    assert "consultation" not in await line()
    await switch(office)
    assert "consultation" in await line()


# ---- the list, and the site file -------------------------------------------------------------------------------


async def listed(office: House) -> dict[str, dict[str, Any]]:
    answer = await office.client.get("/api/v1/modules", headers=await office.as_("root"))
    return {one["name"]: one for one in (await answer.json())["items"]}


async def test_the_list_has_every_module_with_what_it_uses_and_which_flows_need_it(office: House) -> None:
    known = await listed(office)
    assert list(known) == list(MODULES)
    assert all(one["on"] for one in known.values())
    assert known["appointments"]["uses"] == ["customer_messages"]
    assert known["appointments"]["nodes"] == ["book", "appointment", "cancel"]
    (office.flows / "leave.yaml").write_text(
        "flow: leave\nlanguage: zh-CN\nstart: a\nnodes:\n  a: {voicemail: sales}\n", "utf-8"
    )
    await office.office.reload_flows()
    assert (await listed(office))["voicemail"]["flows"] == ["leave"]


async def test_file_and_page_see_the_same_and_the_file_only_what_it_names(office: House) -> None:
    root = await office.as_("root")
    await switch(office, "surveys")
    text = await (await office.client.get("/api/v1/site", headers=root)).text()
    assert "name: surveys" in text
    yaml = {"Content-Type": "application/yaml", **root}
    file = "modules: [{name: campaigns, on: false}]\n"
    applied = await (await office.client.post("/api/v1/site", data=file, headers=yaml)).json()
    assert applied["changes"] == ["module campaigns: on"]
    assert {name for name, one in (await listed(office)).items() if not one["on"]} == {"surveys", "campaigns"}
    answer = await office.client.post("/api/v1/site", data="modules: [{name: rockets, on: false}]\n", headers=yaml)
    assert answer.status == 422
    assert "rockets" not in (await listed(office))


async def test_it_stands_in_the_audit_trail_who_switched_it_off(office: House) -> None:
    root = await office.as_("root")
    await office.client.put("/api/v1/modules/evidence", json={"on": False}, headers=root)
    (entry,), _ = await office.office.store.audit.search(target="module/evidence")
    assert (entry.who, entry.details["changes"]) == ("root", ["module evidence: new"])


# ---- flows ------------------------------------------------------------------------------------------------------

LEAVE = """\
flow: leave
language: zh-CN
start: a
on_error: sorry
nodes:
  a: {voicemail: sales}
  sorry: {say: "请稍后再拨"}
"""


async def publish(office: House, text: str, base: str = "") -> tuple[int, dict[str, Any]]:
    body = {"text": text, "base": base, "note": ""}
    root = await office.as_("root")
    answer = await office.client.post("/api/v1/flows/leave/publish", json=body, headers=root)
    return answer.status, await answer.json()


async def test_a_flow_with_a_node_of_it_is_refused_with_its_line_and_taken_when_it_is_on(office: House) -> None:
    await switch(office, "voicemail")
    status, said = await publish(office, LEAVE)
    assert status == 422
    (fault,) = said["error"]["faults"]
    assert fault["line"] == 6
    assert "“语音留言”已停用" in fault["reason"]
    await switch(office)
    assert (await publish(office, LEAVE))[0] == 200


# ---- jobs -------------------------------------------------------------------------------------------------------


async def test_nobody_is_told_of_what_a_module_owes_that_is_off_and_all_is_told_later(office: House) -> None:
    modules, store = office.office.modules, office.office.store
    wrong = ComplaintFields(name="张三", type="other", reason="没有回电")
    complaint = await modules.complaints.create(wrong, "1001", "agent")
    (duty,) = [one for one in (await store.duties.page(DutyFilter()))[0] if one.kind == "complaint_step"]
    late = duty.due + timedelta(days=1)
    await switch(office, "complaints")
    rest = office.board.site.duties_off
    assert rest == ("complaint_step", "complaint_answer")
    assert [one.id for one in await store.duties.to_be_told(late, without=rest)] == []
    assert await store.duties.next_at(without=rest) is None
    assert [one.id for one in await store.duties.to_be_told(late)] == [duty.id]
    root = await office.as_("root")
    assert (await office.client.get(f"/api/v1/duties/{duty.id}", headers=root)).status == 404
    assert (await (await office.client.get("/api/v1/duties", headers=root)).json())["total"] == 0
    await switch(office)
    assert (await office.client.get(f"/api/v1/duties/{duty.id}", headers=root)).status == 200
    assert (await (await office.client.get(f"/api/v1/complaints/{complaint.id}", headers=root)).json())["complaint"][
        "number"
    ]


async def test_messages_to_customers_wait_while_they_are_off_and_go_out_when_they_are_on(office: House) -> None:
    modules = office.office.modules
    sent: list[str] = []

    class Gateway:
        async def send(self, number: str, text: str, key: str) -> str:
            sent.append(number)
            return "ok"

    modules.sms.gateway = Gateway()
    await modules.customer_messages.send(Written(channel="sms", address="13800000001", text="您好"), "1001")
    await switch(office, "customer_messages")
    await modules.sms.look()
    assert sent == []
    await switch(office)
    await modules.sms.look()
    assert sent == ["13800000001"]


async def test_no_campaign_dials_and_no_callback_is_made_while_they_are_off(office: House) -> None:
    store, root = office.office.store, await office.as_("root")
    asked = {"name": "回访", "queue": "sales"}
    answer = await office.client.post("/api/v1/campaigns", json=asked, headers=root)
    assert answer.status == 201, await answer.text()
    campaign = (await answer.json())["id"]
    people = {"rows": [{"number": "13800000001"}]}
    answer = await office.client.post(f"/api/v1/campaigns/{campaign}/entries", json=people, headers=root)
    assert answer.status == 200, await answer.text()
    office.registers("1001")
    await office.board.desk.set_state(AgentId("1001"), "ready")
    await office.keep_call("c0")
    await store.callbacks.add(CallId("c0"), QueueName("sales"), "13800000002", STAMP)
    await switch(office, "campaigns", "callbacks")
    answer = await office.client.post(f"/api/v1/campaigns/{campaign}/start", json={}, headers=root)
    assert (await answer.json())["error"]["code"] == "module_off"
    await office.board.campaigns.set_state(campaign, "running", "root")
    await office.board.campaigns.look()
    await office.board.callbacks.look()
    assert office.board.campaigns.doing(campaign) == "module_off"
    assert office.sip.placed == []
    await switch(office)
    await office.board.campaigns.look()
    assert office.board.campaigns.doing(campaign) != "module_off"


async def test_no_follow_up_is_drawn_while_they_are_off(office: House) -> None:
    await switch(office, "follow_ups")
    assert await office.office.modules.follow_up_drawing.look() == 0
    fields = FollowUpFields(category="after_use", phone="13800000003")
    one = await office.office.modules.follow_ups.create(fields, "1001", "agent")
    assert (await office.client.get(f"/api/v1/follow-ups/{one.id}", headers=await office.as_("root"))).status == 404


async def test_an_office_that_was_switched_off_is_so_at_its_next_start(tmp_path: Path) -> None:
    store = await Store.open(with_tables(tmp_path / "callcenter.db"), clock=SystemClock())
    try:
        file = "modules: [{name: prepaid_cards, on: false}]\n"
        await site_file.apply_text(store, cheap_passwords(), file, "site.yaml")
        assert (await store.site.load()).off == ("prepaid_cards",)
    finally:
        await store.close()
