from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

from callcenterd.model import events
from callcenterd.model.campaigns import Turn
from callcenterd.model.customers import CustomerCard
from callcenterd.model.ids import AgentId, CallId
from tests.web.house import House
from tests.web.test_roles import set_role
from tests.web.test_rooms import settled

PATH = "/api/v1/campaigns"
PLAN = {"name": "春季回访", "queue": "sales", "hours": "", "caller_id": "02088886666"}


async def asked(office: House, method: str, path: str, headers: dict[str, str], **content: Any) -> tuple[int, Any]:
    answer = await office.client.request(method, path, headers=headers, **content)
    text = await answer.text()
    return answer.status, (await answer.json() if text and answer.content_type == "application/json" else text)


async def campaign(office: House, **plan: Any) -> dict[str, Any]:
    status, made = await asked(office, "POST", PATH, await office.as_("boss"), json=PLAN | plan)
    assert status == 201, made
    return dict(made)


async def test_a_campaign_is_made_changed_and_removed_by_who_may_and_the_trail_says_so(office: House) -> None:
    boss, agent = await office.as_("boss"), await office.as_("1001")
    made = await campaign(office)
    assert (made["state"], made["doing"], made["ratio"], made["attempts"]) == ("stopped", "not_running", 1.0, 3)
    one = f"{PATH}/{made['id']}"
    assert (await asked(office, "GET", one, agent))[0] == 403
    status, listed = await asked(office, "GET", PATH, boss)
    assert (status, listed["total"], listed["items"][0]["name"]) == (200, 1, "春季回访")
    assert (await asked(office, "GET", f"{PATH}?state=running", boss))[1]["total"] == 0
    status, changed = await asked(
        office, "PUT", one, boss, json=PLAN | {"ratio": 1.5, "retry": {"busy": 60}, "version": 1}
    )
    assert (status, changed["ratio"], changed["retry"], changed["version"]) == (200, 1.5, {"busy": 60.0}, 2)
    status, refused = await asked(office, "POST", PATH, boss, json=PLAN)
    assert (status, set(refused["error"]["fields"])) == (422, {"name"})
    assert (await asked(office, "POST", f"{one}/start", boss, json={}))[0] == 409, "nobody is to be called"
    assert (await asked(office, "DELETE", one, boss))[0] == 204
    assert (await asked(office, "GET", one, boss))[0] == 404
    trail, _ = await office.office.store.audit.search(target=f"campaign/{made['id']}")
    assert {entry.what for entry in trail} == {"campaign.created", "campaign.changed", "campaign.removed"}


async def test_who_changes_a_plan_second_is_told_what_it_is_and_writes_over_nothing(office: House) -> None:
    boss, root = await office.as_("boss"), await office.as_("root")
    one = f"{PATH}/{(await campaign(office))['id']}"
    told: list[events.CampaignChanged] = []
    office.board.bus.listen(events.CampaignChanged, told.append)
    assert (await asked(office, "PUT", one, boss, json=PLAN | {"priority": 5, "version": 1}))[0] == 200
    status, said = await asked(office, "PUT", one, root, json=PLAN | {"priority": 9, "version": 1})
    assert (status, said["error"]["code"]) == (409, "changed_meanwhile")
    assert said["error"]["message"] == "外呼活动 春季回访 刚被别人修改"
    assert (said["error"]["now"]["priority"], said["error"]["now"]["version"]) == (5, 2)
    assert (await asked(office, "GET", one, boss))[1]["priority"] == 5
    assert (await asked(office, "PUT", one, root, json=PLAN | {"priority": 9, "version": 2}))[1]["version"] == 3
    status, refused = await asked(office, "PUT", one, root, json=PLAN)
    assert (status, set(refused["error"]["fields"])) == (422, {"version"})
    rows = {"rows": [{"number": "13800000001"}]}
    await asked(office, "POST", f"{one}/entries", boss, json=rows)
    assert (await asked(office, "POST", f"{one}/start", boss, json={}))[1]["version"] == 3, "running is no change of it"
    assert [fact.by for fact in told] == ["boss", "root", "boss", "boss"], "who looks at campaigns hears of each"


async def test_a_plan_is_made_of_what_the_office_has(office: House) -> None:
    status, said = await asked(office, "GET", f"{PATH}/choices", await office.as_("boss"))
    assert (status, [queue["name"] for queue in said["queues"]]) == (200, ["sales", "complaints"])
    assert PLAN["caller_id"] in said["caller_ids"]
    assert said["calendars"] == []


async def test_what_does_not_fit_the_office_is_refused_field_by_field(office: House) -> None:
    boss = await office.as_("boss")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"queue": "nothing"}, "queue"),
        ({"calendar": "nothing"}, "calendar"),
        ({"caller_id": "13800138000"}, "caller_id"),
        ({"meanings": {"99": "done"}}, "meanings"),
        ({"retry": {"answered": 60}}, "retry"),
        ({"retry": {"busy": 0}}, "retry.busy"),
        ({"ratio": 3.5}, "ratio"),
        ({"ratio": 0.5}, "ratio"),
        ({"abandon_limit": 0.5}, "abandon_limit"),
        ({"hours": "9-18"}, "hours"),
        ({"hours": "25:00-26:00"}, "hours"),
        ({"mode": "predictive"}, "mode"),
    ]
    for change, field in wrong:
        status, said = await asked(office, "POST", PATH, boss, json=PLAN | change)
        assert (status, set(said["error"]["fields"])) == (422, {field}), change


async def test_rows_and_files_are_taken_in_with_the_fault_of_each_row_in_the_readers_language(office: House) -> None:
    boss, made = await office.as_("boss"), await campaign(office)
    one = f"{PATH}/{made['id']}"
    rows = [
        {"number": "13800000001", "name": "张三", "fields": {"车型": "轿车"}},
        {"number": "+86 138 0000 0001"},
        {"number": "119"},
    ]
    status, said = await asked(office, "POST", f"{one}/entries", boss, json={"rows": rows})
    assert (status, said["added"], said["doubles"], said["faulty"]) == (200, 1, 1, 1)
    assert said["faults"] == [{"row": 3, "reason": "须为 5 到 20 位的电话号码"}]
    many = "".join(f"1390000{n:04},客户{n}\n" for n in range(250))
    contents = f"号码,姓名\n{many}abc,某人\n".encode("gb18030")
    headers = boss | {"Content-Type": "text/csv", "Accept-Language": "en"}
    status, said = await asked(office, "POST", f"{one}/list", headers, data=contents)
    assert (status, said["added"], said["faulty"]) == (200, 250, 1)
    assert said["faults"] == [{"row": 252, "reason": "A telephone number of 5 to 20 digits is wanted"}]
    assert (await asked(office, "POST", f"{one}/list", headers, data=b"name\nx\n"))[0] == 422
    assert (await asked(office, "POST", f"{one}/list", boss | {"Content-Type": "text/plain"}, data=b"x"))[0] == 415
    _, now = await asked(office, "GET", one, boss)
    assert now["states"] == {"waiting": 251}
    status, page = await asked(office, "GET", f"{one}/entries?limit=2&text=客户1", boss)
    assert (page["total"], [entry["name"] for entry in page["items"]]) == (111, ["客户1", "客户10"])
    status, page = await asked(office, "GET", f"{one}/entries?state=done", boss)
    assert page["total"] == 0


async def test_customers_are_taken_in_by_a_query(office: House) -> None:
    store = office.office.store
    for n, level in enumerate(("vip", "vip", "", "vip"), start=1):
        phones = (f"1380000000{n}", "02085550000") if n != 4 else ()
        await store.customers.create(CustomerCard(name=f"客户{n}", level=level, phones=phones), "boss")
    await office.keep_call("c1", caller="013800000001", started_at=office.office.clock.utc())
    boss, made = await office.as_("boss"), await campaign(office)
    one = f"{PATH}/{made['id']}"
    since = (office.office.clock.utc() - timedelta(days=30)).isoformat()
    query = {"levels": ["vip"], "not_called_since": since, "priority": 5}
    status, said = await asked(office, "POST", f"{one}/customers", boss, json=query)
    assert (status, said["added"]) == (200, 1), said
    status, page = await asked(office, "GET", f"{one}/entries", boss)
    (entry,) = page["items"]
    assert (entry["number"], entry["name"], entry["customer"], entry["priority"]) == ("13800000002", "客户2", 2, 5)
    status, said = await asked(office, "POST", f"{one}/customers", boss, json={})
    assert (said["added"], said["doubles"]) == (2, 1)


async def test_customers_are_taken_in_by_a_query_that_somebody_keeps(office: House) -> None:
    cards = office.office.store.customers
    for n, company in enumerate(("东方", "西方", "东方"), start=1):
        await cards.create(CustomerCard(name=f"客户{n}", company=company, phones=(f"1380000000{n}",)), "boss")
    boss, other, made = await office.as_("boss"), await office.as_("root"), await campaign(office)
    where = {"field": "company", "op": "is", "values": ["东方"]}
    numbers = []
    for kind, conditions in (("customer", where), ("call", None)):
        kept = {"name": kind, "query": {"kind": kind, "where": conditions}}
        status, said = await asked(office, "POST", "/api/v1/queries", boss, json=kept)
        assert status == 201, said
        numbers.append(said["id"])
    one = f"{PATH}/{made['id']}/customers"
    status, said = await asked(office, "POST", one, boss, json={"query": numbers[0]})
    assert (status, said["added"]) == (200, 2), said
    _, page = await asked(office, "GET", f"{PATH}/{made['id']}/entries", boss)
    assert [(entry["name"], entry["customer"]) for entry in page["items"]] == [("客户1", 1), ("客户3", 3)]
    for who, query in ((boss, numbers[1]), (boss, 999), (other, numbers[0])):
        status, said = await asked(office, "POST", one, who, json={"query": query})
        assert (status, set(said["error"]["fields"])) == (422, {"query"}), query


async def test_only_customers_whom_one_sees_are_taken_in(office: House) -> None:
    cards = office.office.store.customers
    await cards.create(CustomerCard(name="自己的", phones=("13800000001",)), "boss")
    await cards.create(CustomerCard(name="别人的", phones=("13800000002",)), "root")
    await set_role(office, "supervisor", scopes={"customer": "own"})
    boss, made = await office.as_("boss"), await campaign(office)
    status, said = await asked(office, "POST", f"{PATH}/{made['id']}/customers", boss, json={})
    assert (status, said["added"], said["faulty"]) == (200, 1, 0)
    _, page = await asked(office, "GET", f"{PATH}/{made['id']}/entries", boss)
    assert [entry["name"] for entry in page["items"]] == ["自己的"]


async def test_entries_are_skipped_and_called_again_and_results_are_counted_and_exported(office: House) -> None:
    store, now = office.office.store, office.office.clock.utc()
    boss, made = await office.as_("boss"), await campaign(office)
    one = f"{PATH}/{made['id']}"
    rows = [{"number": f"1380000000{n}", "name": "=HYPERLINK(1)" if n == 1 else f"客户{n}"} for n in (1, 2, 3)]
    await asked(office, "POST", f"{one}/entries", boss, json={"rows": rows})
    await store.campaigns.begin(1, CallId("c1"), "system", now)
    assert (await asked(office, "PUT", f"{one}/entries/1", boss, json={"state": "skipped"}))[0] == 409
    await store.campaigns.finish(CallId("c1"), "answered", Turn("done"), now, agent=AgentId("1001"))
    status, entry = await asked(office, "PUT", f"{one}/entries/2", boss, json={"state": "skipped"})
    assert (status, entry["state"]) == (200, "skipped")
    later = (now + timedelta(days=1)).isoformat()
    status, entry = await asked(office, "PUT", f"{one}/entries/1", boss, json={"state": "waiting", "due": later})
    assert (entry["state"], entry["agreed"]) == ("waiting", True)
    assert (await asked(office, "PUT", f"{one}/entries/1", boss, json={"state": "done"}))[0] == 422
    assert (await asked(office, "PUT", f"{one}/entries/9", boss, json={"state": "skipped"}))[0] == 404
    status, attempts = await asked(office, "GET", f"{one}/entries/1/attempts", boss)
    assert [(each["call"], each["result"], each["agent"]) for each in attempts["items"]] == [("c1", "answered", "1001")]
    status, results = await asked(office, "GET", f"{one}/results", boss)
    assert (results["states"], results["answered"]) == ({"skipped": 1, "waiting": 2}, 1)
    assert results["agents"] == [{"agent": "1001", "attempts": 1, "answered": 1}]
    answer = await office.client.get(f"{one}/results.csv", headers=boss)
    assert (answer.status, answer.content_type) == (200, "text/csv")
    octets = await answer.read()
    lines = list(csv.reader(io.StringIO(octets.decode("utf-8-sig"))))
    assert lines[0][:2] == ["number", "name"]
    assert [line[1] for line in lines[1:]] == ["'=HYPERLINK(1)", "客户2", "客户3"], "no formula"
    trail, _ = await office.office.store.audit.search(what="campaign.exported")
    assert len(trail) == 1


async def test_an_agent_is_shown_a_customer_dials_or_skips_and_does_nothing_else(office: House) -> None:
    boss, agent, other = await office.as_("boss"), await office.as_("1001"), await office.as_("1003")
    made = await campaign(office, mode="preview")
    one = f"{PATH}/{made['id']}"
    rows = [{"number": f"01380000000{n}", "fields": {"车型": "轿车"}} for n in (1, 2)]
    await asked(office, "POST", f"{one}/entries", boss, json={"rows": rows})
    status, now = await asked(office, "POST", f"{one}/start", boss, json={})
    assert (status, now["state"]) == (200, "running")
    assert (await asked(office, "DELETE", one, boss))[0] == 409
    assert (await asked(office, "POST", f"{one}/pause", agent, json={}))[0] == 403
    assert (await asked(office, "POST", f"{one}/next", agent, json={}))[0] == 409, "not signed in"
    office.registers("1001")
    await asked(office, "POST", "/api/v1/agents/1001/state", agent, json={"state": "ready"})
    _, mine = await asked(office, "GET", f"{PATH}/preview", agent)
    assert [(each["id"], each["name"], each["queue"]) for each in mine["campaigns"]] == [
        (made["id"], "春季回访", "sales")
    ]
    status, shown = await asked(office, "POST", f"{one}/next", agent, json={})
    assert (status, shown["entry"], shown["fields"]) == (200, 1, {"车型": "轿车"})
    assert (await asked(office, "GET", f"{PATH}/preview", agent))[1]["preview"]["entry"] == 1
    assert (await asked(office, "GET", f"{PATH}/preview", other))[1] == {"preview": None, "campaigns": []}
    assert (await asked(office, "POST", f"{PATH}/preview/dial", other, json={}))[0] == 409
    past = {"again_at": "2020-01-01T00:00:00Z"}
    assert (await asked(office, "POST", f"{PATH}/preview/skip", agent, json=past))[0] == 422
    status, skipped = await asked(office, "POST", f"{PATH}/preview/skip", agent, json={})
    assert (status, skipped["state"]) == (200, "skipped")
    assert (await asked(office, "POST", f"{one}/next", agent, json={}))[1]["entry"] == 2
    status, dialled = await asked(office, "POST", f"{PATH}/preview/dial", agent, json={})
    assert status == 200
    await settled()
    assert office.sip.placed[-1][1] == "1001"
    office.answers()
    for _ in range(100):
        await settled()
        if office.sip.placed[-1][1] != "1001":
            break
    assert office.sip.placed[-1][1] == "013800000002"
    assert dialled["call"] in office.board.journeys
    assert (await asked(office, "POST", f"{one}/stop", boss, json={}))[1]["state"] == "stopped"
    pop = office.board.desk.pop("1001")
    assert pop is None or pop.campaign == made["id"]
