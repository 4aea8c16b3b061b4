"""A campaign on a started server: a list called over the trunk, and a crash in the middle of it (ACD-06)."""

from __future__ import annotations

import asyncio
from typing import Any

from callcenterd.demo.phone import Phone, PhoneCall
from tests.e2e.test_first_call import ready, soon
from tests.e2e.test_transfer import kinds, the_record, they_hear_each_other
from tests.kit.server import RunningServer

OUT = 'outbound:\n  - {match: "0.", trunks: [gateway]}\ndispositions:\n  - {code: "3", title: 不要再打}\n'
PLAN = {
    "name": "春季回访",
    "queue": "sales",
    "hours": "",
    "caller_id": "02088886666",
    "ring": 5,
    "retry": {"busy": 3600, "no_answer": 3600, "interrupted": 3600},
    "meanings": {"3": "do_not_call"},
}
LIST = "号码,姓名,车型\n" + "".join(f"01380000000{n},客户{n},轿车\n" for n in range(1, 6))


async def spoken(trunk: Phone, phone: Phone) -> tuple[PhoneCall, PhoneCall]:
    """The next customer answers, and so does the agent."""
    customer = await soon(trunk.incoming.get())
    customer.ring()
    customer.answer()
    agent = await soon(phone.incoming.get())
    agent.ring()
    agent.answer()
    await soon(agent.answered.wait())
    return customer, agent


async def test_a_list_is_called_and_a_crash_calls_nobody_twice_and_loses_no_result(
    server: RunningServer, trunk: Phone, phone: Phone
) -> None:
    await server.apply(OUT)
    boss = await server.client("2001", "third-Secret-3")
    campaign = f"/campaigns/{(await boss.post('/campaigns', PLAN))['id']}"
    said = await boss.ask("POST", f"{campaign}/list", data=LIST.encode("gb18030"), headers={"Content-Type": "text/csv"})
    assert (said["added"], said["faulty"]) == (5, 0)
    page = await ready(server, "1001", "first-Secret-1")
    await boss.post(f"{campaign}/start", {})

    customer, agent = await spoken(trunk, phone)
    assert customer.number.endswith("02088886666"), "the number that is shown"
    await asyncio.sleep(0.3)
    await they_hear_each_other(customer, agent)
    desk = await page.until("/desk", lambda said: said["pop"] is not None)
    assert (desk["pop"]["name"], desk["pop"]["fields"]) == ("客户1", {"车型": "轿车"})
    call = desk["pop"]["call"]
    await customer.hang_up()
    await soon(agent.ended.wait())
    await page.put(f"/calls/{call}/disposition", {"code": "3"})

    busy = await soon(trunk.incoming.get())
    busy.refuse(486)
    silent = await soon(trunk.incoming.get())
    silent.ring()
    await soon(silent.ended.wait())
    cut_off = await soon(trunk.incoming.get())
    cut_off.ring()
    await boss.until(f"{campaign}/results", lambda said: said["states"].get("dialling") == 1)
    await server.kill()

    await server.start()
    await phone.register()
    page = await ready(server, "1001", "first-Secret-1")
    last, agent = await spoken(trunk, phone)
    await last.hang_up()
    await soon(agent.ended.wait())
    boss = await server.client("2001", "third-Secret-3")

    def settled(said: dict[str, Any]) -> bool:
        return bool(said["items"][4]["state"] == "done")

    listed = await boss.until(f"{campaign}/entries", settled)
    assert [(one["state"], one["result"], one["attempts"]) for one in listed["items"]] == [
        ("do_not_call", "answered", 1),
        ("waiting", "busy", 1),
        ("waiting", "no_answer", 1),
        ("waiting", "interrupted", 1),
        ("done", "answered", 1),
    ]
    assert trunk.incoming.empty(), "nobody was called twice"
    assert (await boss.get("/do-not-call"))["total"] == 1
    results = await boss.get(f"{campaign}/results")
    assert (results["answered"], results["attempts"], results["abandoned_share"]) == (2, 5, 0.0)
    record = await the_record(boss, call)
    assert (record["direction"], record["agent"], record["outcome"]) == ("outbound", "1001", "answered")
    assert record["recording_id"] is not None
    assert {"campaign.dialled", "campaign.result"} <= set(kinds(record)), "the story says whose call it was"
    assert server.errors() == []
