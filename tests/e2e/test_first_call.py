"""The product's main job with scripted phones: from the trunk to the agent's ear, page and archive."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from callcenterd.demo.phone import Phone, PhoneCall, Refusal
from tests.kit.server import Client, RunningServer
from tests.kit.tones import gaps, level, tone

NUMBER, CALLER = "02088886666", "13800138000"
SECONDS = 30.0


async def soon(waiting: Any) -> Any:
    return await asyncio.wait_for(waiting, SECONDS)


async def ready(server: RunningServer, login: str, password: str) -> Client:
    client = await server.client(login, password)
    await client.post(f"/agents/{login}/state", {"state": "ready"})
    return client


async def call_in(trunk: Phone, key: str = "1") -> PhoneCall:
    """A caller who hears the greeting and chooses."""
    caller = await trunk.dial(NUMBER, caller=CALLER)
    await soon(caller.answered.wait())
    await asyncio.sleep(0.5)
    caller.talk.press(key)
    return caller


def stereo(octets: bytes) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Left and right of any audio file, by PyAV."""
    with av.open(io.BytesIO(octets), "r") as container:
        resampler = av.AudioResampler(format="s16", layout="stereo", rate=8000)
        parts = [
            out.to_ndarray().reshape(-1, 2) for frame in container.decode(audio=0) for out in resampler.resample(frame)
        ]
    sound = np.concatenate(parts).astype(np.int16)
    return sound[:, 0], sound[:, 1]


async def test_a_call_from_the_trunk_to_the_agents_ear_page_and_archive(
    server: RunningServer, trunk: Phone, phone: Phone
) -> None:
    agent_page = await ready(server, "1001", "first-Secret-1")
    events: list[dict[str, Any]] = []
    stream = await agent_page.http.ws_connect("/api/v1/events")

    async def listen() -> None:
        async for message in stream:
            events.append(message.json())  # noqa: PERF401  # it is read while it grows

    listening = asyncio.create_task(listen())
    caller = await call_in(trunk)
    agent = await soon(phone.incoming.get())
    assert agent.number.endswith(CALLER)
    agent.ring()

    desk = await agent_page.until("/desk", lambda said: said["pop"] is not None)
    assert desk["pop"]["caller"] == CALLER
    assert (desk["pop"]["customers"], desk["pop"]["queue"], desk["pop"]["keys"]) == ([], "sales", "1")
    call = desk["pop"]["call"]
    customer = await agent_page.post("/customers", {"name": "王小明", "phones": [CALLER]})
    await agent_page.put(f"/calls/{call}/note", {"note": "问价格", "customer_id": customer["id"]})

    agent.answer()
    await asyncio.sleep(0.5)
    await asyncio.gather(caller.talk.say(tone(440, 3.0)), agent.talk.say(tone(1000, 3.0)))
    await asyncio.sleep(0.4)
    heard_by_agent, heard_by_caller = agent.talk.heard(), caller.talk.heard()
    assert len(gaps(heard_by_agent, 440, 6500)) * 0.02 < len(heard_by_agent) / 8000 - 2.8
    assert level(heard_by_agent[-16000:-8000], 440) > 7000
    assert level(heard_by_caller[-16000:-8000], 1000) > 7000

    await caller.hang_up()
    await soon(agent.ended.wait())
    view = await agent_page.until("/agents", lambda said: said["items"][0]["state"] == "wrap_up")
    assert view["items"][0]["login"] == "1001"
    await agent_page.until("/agents", lambda said: said["items"][0]["state"] == "ready")

    record = await agent_page.until(f"/calls/{call}", lambda said: said["ended_at"] is not None)
    assert {key: record[key] for key in ("direction", "caller", "called", "queue", "agent", "outcome", "note")} == {
        "direction": "inbound",
        "caller": CALLER,
        "called": NUMBER,
        "queue": "sales",
        "agent": "1001",
        "outcome": "answered",
        "note": "问价格",
    }
    assert record["customer_id"] == customer["id"]
    assert 3.0 < record["talk_seconds"] < 8.0
    assert 0.0 <= record["wait_seconds"] < 8.0
    listed = await agent_page.get("/calls")
    assert [item["id"] for item in listed["items"]] == [call]

    octets = await agent_page.recording(record["recording_id"])
    left, right = stereo(octets)
    assert abs(len(left) / 8000 - record["talk_seconds"]) < 0.3
    middle = slice(len(left) // 3, len(left) // 3 + 8000)
    assert (level(left[middle], 440) > 6500, level(left[middle], 1000) < 200) == (True, True)
    assert (level(right[middle], 1000) > 6500, level(right[middle], 440) < 200) == (True, True)

    listening.cancel()
    await stream.close()
    kinds = [event["type"] for event in events]
    for kind in ("call.ringing", "screen.pop", "call.answered", "call.ended", "agent.state"):
        assert kind in kinds, kinds
    assert server.errors() == []
    await agent_page.close()


async def test_a_second_call_of_the_same_number_pops_the_customer_with_the_past_call(
    server: RunningServer, trunk: Phone, phone: Phone
) -> None:
    page = await ready(server, "1001", "first-Secret-1")
    customer = await page.post("/customers", {"name": "王小明", "phones": ["138 0013 8000"]})
    for _ in range(2):
        caller = await call_in(trunk)
        agent = await soon(phone.incoming.get())
        agent.answer()
        await soon(caller.answered.wait())
        desk = await page.until("/desk", lambda said: said["pop"] is not None)
        assert desk["pop"]["customers"] == [customer["id"]]
        await asyncio.sleep(0.5)
        await agent.hang_up()
        await soon(caller.ended.wait())
        await page.until("/agents", lambda said: said["items"][0]["state"] == "ready")
    past = await page.until("/calls", lambda said: said["total"] == 2, caller=CALLER)
    assert {call["ended_by"] for call in past["items"]} == {"agent"}
    await page.close()


async def test_nobody_free_then_one(server: RunningServer, trunk: Phone, phone: Phone) -> None:
    caller = await call_in(trunk)
    supervisor = await server.client("2001", "third-Secret-3")
    live = await supervisor.until("/live", lambda said: any(line["state"] == "waiting" for line in said["lines"]))
    assert [len(queue["waiting"]) for queue in live["queues"] if queue["name"] == "sales"] == [1]
    before = len(caller.talk.packets)
    await asyncio.sleep(1.5)
    music = caller.talk.heard()[-8000:]
    assert len(caller.talk.packets) > before + 40
    assert np.sqrt((music.astype(float) ** 2).mean()) > 100
    page = await ready(server, "1001", "first-Secret-1")
    agent = await soon(phone.incoming.get())
    agent.answer()
    await asyncio.sleep(0.5)
    await agent.talk.say(tone(1000, 1.0))
    await asyncio.sleep(0.3)
    assert level(caller.talk.heard()[-6000:-3000], 1000) > 6500
    await caller.hang_up()
    record = await page.until("/calls", lambda said: said["total"] == 1 and said["items"][0]["ended_at"] is not None)
    assert (record["items"][0]["outcome"], record["items"][0]["wait_seconds"] > 1.5) == ("answered", True)
    await page.close()
    await supervisor.close()


async def test_who_hangs_up_while_waiting_has_abandoned(server: RunningServer, trunk: Phone) -> None:
    caller = await call_in(trunk)
    supervisor = await server.client("2001", "third-Secret-3")
    await supervisor.until("/live", lambda said: any(line["state"] == "waiting" for line in said["lines"]))
    await asyncio.sleep(1.0)
    await caller.hang_up()
    said = await supervisor.until(
        "/calls", lambda said: said["total"] == 1 and said["items"][0]["ended_at"] is not None
    )
    [call] = said["items"]
    assert (call["outcome"], call["queue"], call["agent"], call["ended_by"]) == ("abandoned", "sales", None, "caller")
    assert call["wait_seconds"] > 0.9
    await supervisor.close()


async def test_no_answer_goes_to_the_next_agent_and_the_first_is_on_break(
    server: RunningServer, trunk: Phone, phone: Phone, second_phone: Phone
) -> None:
    first = await ready(server, "1001", "first-Secret-1")
    second = await ready(server, "1002", "second-Secret-2")
    caller = await call_in(trunk)
    rung = await soon(phone.incoming.get())
    rung.ring()
    agent = await soon(second_phone.incoming.get())
    await soon(rung.ended.wait())
    assert rung.reason == "cancelled" or not rung.answered.is_set()
    agent.answer()
    await asyncio.sleep(1.0)
    states = {item["login"]: (item["state"], item["reason"]) for item in (await first.get("/agents"))["items"]}
    assert states["1001"][0] == "break"
    assert states["1001"][1]
    assert states["1002"][0] == "talking"
    await agent.hang_up()
    said = await second.until("/calls", lambda said: said["total"] == 1 and said["items"][0]["ended_at"] is not None)
    assert (said["items"][0]["agent"], said["items"][0]["outcome"]) == ("1002", "answered")
    await soon(caller.ended.wait())
    await first.close()
    await second.close()


async def test_after_kill_9_in_a_call_the_history_and_the_recording_are_there(
    server: RunningServer, trunk: Phone, phone: Phone
) -> None:
    page = await ready(server, "1001", "first-Secret-1")
    caller = await call_in(trunk)
    agent = await soon(phone.incoming.get())
    agent.answer()
    await asyncio.sleep(0.5)
    call = (await page.get("/desk"))["pop"]["call"]
    await page.put(f"/calls/{call}/note", {"note": "说到一半", "customer_id": None})
    await asyncio.gather(caller.talk.say(tone(440, 5.0)), agent.talk.say(tone(1000, 5.0)))
    await server.kill()
    await page.close()

    await server.start()
    supervisor = await server.client("2001", "third-Secret-3")
    record = await supervisor.get(f"/calls/{call}")
    assert (record["outcome"], record["note"], record["agent"]) == ("interrupted", "说到一半", "1001")
    assert record["talk_seconds"] > 3.0
    kept = await _recorded(supervisor, record["recording_id"])
    left, right = stereo(kept)
    assert len(left) / 8000 > 4.0
    assert level(left[16000:24000], 440) > 6500
    assert level(right[16000:24000], 1000) > 6500
    await supervisor.close()


async def _recorded(client: Client, recording: str) -> bytes:
    """The repair runs beside the first calls of the new run."""
    async with asyncio.timeout(20):
        while True:
            status, octets = await client.try_to("GET", f"/recordings/{recording}")
            if status == 200:
                assert isinstance(octets, bytes)
                return octets
            await asyncio.sleep(0.1)


async def test_an_unknown_trunk_address_is_refused_and_counted(server: RunningServer, trunk: Phone) -> None:
    async with Phone("127.0.0.66", server.sip, "stranger") as stranger:
        caller = await stranger.dial(NUMBER, caller=CALLER)
        await soon(caller.ended.wait())
        assert 400 <= caller.status < 500
    supervisor = await server.client("2001", "third-Secret-3")
    assert (await supervisor.get("/calls"))["total"] == 0
    async with supervisor.http.get("/metrics") as answer:
        text = await answer.text()
    counted = [line for line in text.splitlines() if "unknown_source" in line and not line.startswith("#")]
    assert counted
    assert float(counted[0].split()[-1]) >= 1
    await supervisor.close()


async def test_a_wrong_digest_is_refused(server: RunningServer, trunk: Phone) -> None:
    async with Phone("127.0.0.13", server.sip, "1001", password="wrong") as device:
        with pytest.raises(Refusal) as refused:
            await device.register()
        assert refused.value.status in (401, 403)


async def test_a_flow_with_a_fault_is_refused_and_the_old_one_goes_on(
    server: RunningServer, trunk: Phone, phone: Phone
) -> None:
    server.flow("main", "flow: main\nstart: welcome\nnodes:\n  welcome: {say: 您好, next: nowhere}\n")
    code, said = await server.command("check", ok=False)
    assert code == 1
    assert "main.yaml:4:" in said
    admin = await server.client()
    answer = await admin.post("/flows/reload", {})
    assert any("nowhere" in str(fault) for fault in answer["faults"]), answer
    page = await ready(server, "1001", "first-Secret-1")
    caller = await call_in(trunk)
    agent = await soon(phone.incoming.get())
    agent.answer()
    await asyncio.sleep(0.3)
    await caller.hang_up()
    await page.close()
    await admin.close()


async def test_a_message_and_a_callback_are_left(server: RunningServer, trunk: Phone) -> None:
    server.flow(
        "main",
        "flow: main\nlanguage: zh-CN\nstart: menu\nnodes:\n"
        "  menu:\n    menu: {say: 留言请按 1, timeout: 5, retries: 1}\n"
        '    keys: {"1": leave, "2": call_me}\n    otherwise: leave\n'
        "  leave: {voicemail: sales}\n  call_me: {callback: sales}\n",
    )
    admin = await server.client()
    assert (await admin.post("/flows/reload", {}))["faults"] == []
    caller = await call_in(trunk, "1")
    await asyncio.sleep(8.0)
    await caller.talk.say(tone(600, 4.0))
    caller.talk.press("#")
    said = await admin.until("/voicemail", lambda said: said["total"] == 1)
    left, _ = stereo(await _recorded(admin, said["items"][0]["recording_id"]))
    assert max(level(left[n : n + 8000], 600) for n in range(0, len(left) - 8000, 4000)) > 6500
    await caller.hang_up()
    calls = await admin.until("/calls", lambda said: said["total"] == 1 and said["items"][0]["ended_at"] is not None)
    assert calls["items"][0]["outcome"] == "voicemail"
    await admin.close()


async def test_sigterm_lets_a_call_end_and_refuses_new_ones(server: RunningServer, trunk: Phone, phone: Phone) -> None:
    page = await ready(server, "1001", "first-Secret-1")
    caller = await call_in(trunk)
    agent = await soon(phone.incoming.get())
    agent.answer()
    await asyncio.sleep(0.5)
    stopping = asyncio.create_task(server.stop())
    await asyncio.sleep(0.5)
    second = await trunk.dial(NUMBER, caller="13900139000")
    await soon(second.ended.wait())
    assert second.status == 503
    await agent.talk.say(tone(1000, 1.0))
    await asyncio.sleep(0.3)
    assert level(caller.talk.heard()[-6000:-3000], 1000) > 6500
    await caller.hang_up()
    assert await stopping == 0
    await page.close()


async def test_a_site_file_is_taken_up_at_once_and_twice_changes_nothing(server: RunningServer, trunk: Phone) -> None:
    """By the command, while the server runs: a phone of the file registers right after."""
    path = server.folder / "more.yaml"
    path.write_text('extensions:\n  - {number: "1003", password: "phone-Secret-3"}\n', "utf-8")
    _, said = await server.command("apply", str(path))
    assert "1003" in said
    async with Phone("127.0.0.13", server.sip, "1003", password="phone-Secret-3") as device:
        await device.register()
    _, said = await server.command("apply", str(path))
    assert said.strip() == "nothing to change"
    path.write_text('queues:\n  - {name: sales, members: ["9999"]}\n', "utf-8")
    code, said = await server.command("apply", str(path), ok=False)
    assert (code, "more.yaml:2:" in said) == (1, True), said
    _, exported = await server.command("export")
    path.write_text(exported, "utf-8")
    _, said = await server.command("apply", str(path))
    assert said.strip() == "nothing to change"
    del trunk


async def test_what_cannot_start_says_why(server: RunningServer, tmp_path: Path) -> None:
    code, said = await server.command("run", ok=False)
    assert (code, "another callcenterd runs" in said) == (1, True)
    other = RunningServer(tmp_path / "other")
    other.config.write_text(server.config.read_text().replace("./var", str(tmp_path / "var2")), "utf-8")
    code, said = await other.command("run", ok=False)
    assert (code, str(server.sip[1]) in said) == (1, True), said
    (tmp_path / "var3").mkdir()
    (tmp_path / "var3/callcenter.db").write_bytes(b"this is no database" * 100)
    third = RunningServer(tmp_path / "third")
    third.config.write_text(third.config.read_text().replace("./var", str(tmp_path / "var3")), "utf-8")
    code, said = await third.command("run", ok=False)
    assert (code, "callcenter.db" in said) == (1, True), said
    fourth = RunningServer(tmp_path / "fourth")
    fourth.config.write_text("data: ./var\nsipp: {}\n", "utf-8")
    code, said = await fourth.command("run", ok=False)
    assert (code, "callcenter.yaml:2:" in said) == (1, True), said
