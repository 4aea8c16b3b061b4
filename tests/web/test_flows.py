"""The flow editor's API: drafts, publishing, versions, and what it asks about a text."""

from __future__ import annotations

import asyncio
from typing import Any

from callcenterd.model.ids import FlowName
from callcenterd.web.flows import MOST_TEXT
from tests.web.house import FLOW, House
from tests.web.test_rooms import settled

NEW = FLOW.replace("{queue: sales}", "{queue: sales, next: bye}\n  bye: {hangup: normal}  # the end")


async def ask(office: House, method: str, path: str, body: Any = None, status: int = 200, login: str = "root") -> Any:
    headers = await office.as_(login)
    sent = {"headers": headers} if body is None else {"headers": headers, "json": body}
    answer = await office.client.request(method, f"/api/v1{path}", **sent)
    assert answer.status == status, await answer.text()
    return None if status == 204 else await answer.json()


async def base(office: House) -> str:
    return str((await ask(office, "GET", "/flows/main"))["checksum"])


async def trail(office: House) -> list[tuple[str, str, str]]:
    entries, _ = await office.office.store.audit.search(what="flow")
    return [(entry.who, entry.what, entry.target) for entry in entries]


async def test_a_flow_is_opened_edited_kept_published_and_taken_back(office: House) -> None:
    opened = await ask(office, "GET", "/flows/main")
    assert (opened["file"], opened["says"]["text"], opened["draft"]) == ("main.yaml", FLOW, None)
    wanted = opened["says"]["data"]
    wanted["nodes"]["sales"]["next"] = "bye"
    wanted["nodes"]["bye"] = {"hangup": "normal"}
    edited = await ask(office, "POST", "/flow_check", {"text": FLOW, "wanted": wanted})
    assert edited["faults"] == []
    assert [(node["name"], node["kind"]) for node in edited["nodes"]] == [("sales", "queue"), ("bye", "hangup")]
    kept = {"text": edited["text"], "base": opened["checksum"]}
    draft = await ask(office, "PUT", "/flows/main/draft", kept)
    assert (await ask(office, "GET", "/flows/main"))["draft"] == draft
    assert (await ask(office, "GET", "/flows"))["items"][0]["draft"] == {"by": "root", "at": draft["at"]}
    published = await ask(office, "POST", "/flows/main/publish", {**kept, "note": "再见"})
    assert (published["how"], published["by"], published["note"]) == ("published", "root", "再见")
    assert (await ask(office, "GET", "/flows/main"))["draft"] is None
    flow = office.office.flows.get(FlowName("main"))
    assert flow is not None
    assert "bye" in flow.nodes
    versions = (await ask(office, "GET", "/flows/main/versions"))["items"]
    assert [version["how"] for version in versions] == ["published"]
    first = versions[0]["number"]
    await ask(office, "POST", "/flows/main/publish", {"text": FLOW, "base": await base(office)})
    back = await ask(office, "POST", "/flows/main/roll_back", {"number": first, "base": await base(office)})
    assert (back["how"], back["of"]) == ("rolled_back", first)
    assert (office.flows / "main.yaml").read_text(encoding="utf-8") == edited["text"]
    assert (await ask(office, "GET", f"/flows/main/versions/{first}"))["text"] == edited["text"]
    assert await trail(office) == [
        ("root", "flow.rolled_back", "flow/main"),
        ("root", "flow.published", "flow/main"),
        ("root", "flow.published", "flow/main"),
    ]


async def test_a_file_changed_by_hand_is_told_with_what_it_says_now(office: House) -> None:
    began = await base(office)
    (office.flows / "main.yaml").write_text(FLOW + "# by hand\n", encoding="utf-8")
    refused = await ask(office, "POST", "/flows/main/publish", {"text": NEW, "base": began}, 409)
    assert refused["error"]["code"] == "changed_meanwhile"
    assert refused["error"]["now"] == {"text": FLOW + "# by hand\n", "checksum": await base(office)}
    assert (office.flows / "main.yaml").read_text(encoding="utf-8") == FLOW + "# by hand\n"


async def test_two_who_draft_at_once_do_not_write_over_each_other(office: House) -> None:
    mine = {"text": NEW, "base": await base(office), "seen": None}
    first = await ask(office, "PUT", "/flows/main/draft", mine)
    await ask(office, "PUT", "/flows/main/draft", mine, 409)
    second = await ask(office, "PUT", "/flows/main/draft", {**mine, "seen": first["at"]})
    assert second["at"] != first["at"]
    await ask(office, "DELETE", "/flows/main/draft", status=204)
    assert (await ask(office, "GET", "/flows/main"))["draft"] is None


async def test_what_has_a_fault_is_told_with_its_place_and_not_published(office: House) -> None:
    wrong = FLOW.replace("{queue: sales}", "{queue: sales, next: nowhere}")
    seen = await ask(office, "POST", "/flow_check", {"text": wrong})
    assert [(fault["node"], fault["line"]) for fault in seen["faults"]] == [("sales", 7)]
    refused = await ask(office, "POST", "/flows/main/publish", {"text": wrong, "base": await base(office)}, 422)
    assert refused["error"]["faults"][0]["line"] == 7
    lost = {"text": "a: &x {b: 1}\nc: *x\n", "wanted": {"c": {"b": 1}}}
    assert (await ask(office, "POST", "/flow_check", lost, 422))["error"]["code"] == "wrong_fields"
    await ask(office, "POST", "/flow_check", {"text": "x" * (MOST_TEXT + 1)}, 422)


async def test_faults_are_told_in_the_language_of_who_asks_with_line_column_and_field(office: House) -> None:
    wrong = FLOW.replace("{queue: sales}", "{queue: slaes, next: nowhere, priority: 1000}")
    told = {}
    for language in ("zh-CN", "en"):
        seen = await ask(office, "POST", f"/flow_check?lang={language}", {"text": wrong})
        told[language] = [(one["line"], one["path"], one["reason"]) for one in seen["faults"]]
    column = wrong.splitlines()[6].index
    assert [one["column"] - 1 for one in seen["faults"]] == [
        column("1000"),
    ]
    assert told["zh-CN"] == [(7, ["priority"], "nodes.sales.priority：不能大于 100，而这里是 1000")]
    assert told["en"] == [(7, ["priority"], "nodes.sales.priority: at most 100 is wanted, not 1000")]
    body = {"text": wrong.replace("priority: 1000", "priority: 1"), "base": await base(office)}
    refused = await ask(office, "POST", "/flows/main/publish?lang=zh-CN", body, 422)
    assert [(one["line"], one["column"], one["reason"]) for one in refused["error"]["faults"]] == [
        (7, column("slaes") + 1, "sales：没有技能组 slaes；是不是 sales？"),
        (7, column("nowhere") + 1, "nodes.sales.next：没有节点 nowhere"),
    ]


async def test_what_a_flow_names_must_be_there_and_is_not_taken_away_from_it(office: House) -> None:
    refused = await ask(office, "DELETE", "/queues/sales?lang=zh-CN", status=422)
    assert refused["error"]["message"] == "技能组 sales 还在使用：流程 main"
    other = FLOW.replace("{queue: sales}", "{http: 'https://erp.example.com/x'}")
    refused = await ask(office, "POST", "/flows/main/publish", {"text": other, "base": await base(office)}, 422)
    assert "business.hosts" in refused["error"]["faults"][0]["reason"]
    allowed = FLOW.replace("{queue: sales}", "{http: 'https://crm.example.com/x'}")
    await ask(office, "POST", "/flows/main/publish", {"text": allowed, "base": await base(office)})
    await ask(office, "DELETE", "/queues/sales", status=204)


async def test_a_recording_that_is_not_there_is_a_warning_and_no_more(office: House) -> None:
    text = FLOW.replace("{queue: sales}", "{play: unheard}")
    (warned,) = (await ask(office, "POST", "/flow_check", {"text": text}))["faults"]
    assert (warned["node"], warned["path"], warned["warning"]) == ("sales", ["play"], True)
    await ask(office, "POST", "/flows/main/publish", {"text": text, "base": await base(office)})


async def test_a_flow_that_calls_one_that_is_not_there_is_not_published(office: House) -> None:
    text = FLOW.replace("{queue: sales}", "{subflow: nihgt, gives: [card]}")
    seen = await ask(office, "POST", "/flow_check?lang=en", {"text": text})
    assert [one["reason"] for one in seen["faults"]] == ["sales: there is no flow nihgt"]
    await ask(office, "POST", "/flows/main/publish", {"text": text, "base": await base(office)}, 422)


async def test_a_new_flow_begins_as_a_draft(office: House) -> None:
    text = NEW.replace("flow: main", "flow: night")
    await ask(office, "GET", "/flows/night", status=404)
    await ask(office, "PUT", "/flows/a b/draft", {"text": text, "base": ""}, 422)
    await ask(office, "PUT", "/flows/night/draft", {"text": text, "base": ""})
    shown = {flow["name"]: flow for flow in (await ask(office, "GET", "/flows"))["items"]}
    assert (shown["night"]["in_service"], shown["main"]["numbers"]) == (False, ["02088886666"])
    assert (await ask(office, "GET", "/flows/night"))["draft"]["text"] == text
    await ask(office, "POST", "/flows/night/publish", {"text": text, "base": ""})
    assert (await ask(office, "GET", "/flows/night"))["in_service"] is True


async def test_kinds_differences_walks_and_places(office: House) -> None:
    kinds = {kind["kind"]: kind for kind in (await ask(office, "GET", "/flow_kinds"))["items"]}
    assert kinds["menu"]["fields"]["properties"]["keys"]
    assert ["keys", "*"] in kinds["menu"]["exits"]
    told = await ask(office, "POST", "/flow_diff", {"before": FLOW, "after": NEW})
    assert (told["added"], told["changed"], told["removed"]) == (["bye"], ["sales"], [])
    walk = {"text": NEW, "at": "2026-10-01T09:00:00+08:00"}
    assert (await ask(office, "POST", "/flow_simulation", walk))["lines"][-1] == "09:01:06 挂断（normal）"
    await ask(office, "POST", "/flow_simulation", {**walk, "keys": "x"}, 422)
    await ask(office, "PUT", "/flows/main/places", {"places": {"sales": [10, -20.5]}}, 204)
    assert (await ask(office, "GET", "/flows/main"))["places"] == {"sales": [10, -20.5]}
    await ask(office, "PUT", "/flows/main/places", {"places": {"sales": [10, "x"]}}, 422)


async def test_a_draft_is_heard_at_ones_own_phone(office: House) -> None:
    office.registers("1001")
    path = "/flow_rehearsal"
    await ask(office, "POST", path, {"text": "flow: main\nnodes: {}\n", "extension": "1001"}, 422)
    await ask(office, "POST", path, {"text": FLOW, "extension": "77"}, 404)
    await ask(office, "POST", path, {"text": FLOW}, 409)  # who asks has no phone
    await ask(office, "POST", path, {"text": FLOW, "extension": "1001"}, 403, "boss")
    draft = FLOW.replace("queue: sales", "queue: not_yet")
    await ask(office, "POST", path, {"text": draft, "extension": "1001"}, 204)
    await settled()
    assert office.sip.placed[-1][1] == "1001"
    await ask(office, "POST", path, {"text": FLOW, "extension": "1001"}, 409)  # it rings already
    office.answers()
    await settled()
    assert office.board.journeys == {}, "no call of the office"


async def test_a_simulated_call_is_given_what_the_outside_answers(office: House) -> None:
    text = FLOW.replace("{queue: sales}", "{queue: sales, on_full: full}\n  full: {say: full}")
    walk = {"text": text, "given": "results: {sales: full}"}
    lines = (await ask(office, "POST", "/flow_simulation?lang=zh-CN", walk))["lines"]
    assert any("等待人数已满" in line for line in lines)
    assert any(line.endswith("听到：full") for line in lines)
    wrong = {"text": text, "given": "results: {sales: dead}"}
    refused = await ask(office, "POST", "/flow_simulation?lang=zh-CN", wrong, 422)
    assert "只能是" in refused["error"]["faults"][0]["reason"]
    odd = {"text": text, "given": "results: {sales: no_answer}"}
    lines = (await ask(office, "POST", "/flow_simulation?lang=en", odd))["lines"]
    assert any("node sales never ends in no_answer" in line for line in lines)


async def test_callers_in_nodes_are_counted_and_told_to_open_pages(office: House) -> None:
    headers = await office.as_("root")
    async with office.client.ws_connect("/api/v1/events?live=1", headers=headers) as stream:
        assert (await stream.receive_json())["type"] == "live.snapshot"
        office.registers("1001")
        call = office.comes()
        async with asyncio.timeout(10):
            while True:
                message = await stream.receive_json()
                change = message.get("data", message).get("changes", {}).get("flows/main/sales")
                if change is not None:
                    break
        assert change == {"flow": "main", "node": "sales", "now": 1, "today": 1}
        assert (await ask(office, "GET", "/flows/main/counts"))["nodes"] == {"sales": {"now": 1, "today": 1}}
        assert call in office.board.journeys
    assert "flows" not in await ask(office, "GET", "/live")


async def test_only_who_may_edit_flows_learns_of_them(office: House) -> None:
    for login in ("1001", "boss", "chief"):
        await ask(office, "GET", "/flows/main", status=403, login=login)
