from __future__ import annotations

from tests.web.house import House


async def test_a_number_is_put_on_the_list_once_however_it_is_written_and_taken_off_by_right(office: House) -> None:
    agent, boss = await office.as_("1001"), await office.as_("boss")
    asked = {"number": "138 0013-8000", "why": "asked us not to call"}
    first = await (await office.client.post("/api/v1/do-not-call", json=asked, headers=agent)).json()
    assert (first["number"], first["by"], first["why"]) == ("13800138000", "1001", "asked us not to call")
    again = await office.client.post("/api/v1/do-not-call", json={"number": "+8613800138000"}, headers=boss)
    assert await again.json() == first
    await office.client.post("/api/v1/do-not-call", json={"number": "02085550000"}, headers=boss)
    listed = await (await office.client.get("/api/v1/do-not-call?text=1380", headers=agent)).json()
    assert ([one["number"] for one in listed["items"]], listed["total"]) == (["13800138000"], 1)
    gone = "/api/v1/do-not-call/013800138000"
    assert (await office.client.delete(gone, headers=agent)).status == 403
    assert (await office.client.delete(gone, headers=boss)).status == 204
    assert (await office.client.delete(gone, headers=boss)).status == 404
    trail, _ = await office.office.store.audit.search(what="do_not_call.added")
    assert {entry.who for entry in trail} == {"1001", "boss"}


async def test_what_is_no_number_is_refused(office: House) -> None:
    agent = await office.as_("1001")
    for number in ("abc", "", "1" * 40):
        answer = await office.client.post("/api/v1/do-not-call", json={"number": number}, headers=agent)
        assert (answer.status, set((await answer.json())["error"]["fields"])) == (422, {"number"})
