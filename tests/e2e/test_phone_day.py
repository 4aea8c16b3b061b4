"""An agent works a day by a phone's keys alone (NEW-08): a real phone's INVITEs and telephone-events (RFC 4733), at a
phone that is somebody else's."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest_asyncio

from callcenterd.demo.phone import Phone, PhoneCall
from tests.e2e.conftest import SITE, TRUNK_HOST
from tests.e2e.test_first_call import _recorded, call_in, soon, stereo
from tests.kit.server import Client, RunningServer
from tests.kit.tones import level, tone

PIN = "95175328"


@pytest_asyncio.fixture
async def trunk(server: RunningServer) -> AsyncIterator[Phone]:
    """As everywhere; agent 1001 has a PIN, and the queue's calls can be given a disposition."""
    async with Phone(TRUNK_HOST, server.sip, "gateway") as phone:
        text = SITE.format(trunk=TRUNK_HOST, trunk_port=phone.port)
        text = text.replace('password: "first-Secret-1"', f'password: "first-Secret-1", pin: "{PIN}"')
        text += 'dispositions:\n  - {code: "1", title: 已解决, queues: [sales]}\n'
        await server.apply(text)
        yield phone


async def dialled(phone: Phone, code: str, *keys: str) -> PhoneCall:
    """Each group of keys after what is asked for them; over when the system has hung up."""
    call = await phone.dial(code)
    await soon(call.answered.wait())
    for some in keys:
        await spoken_to(call)
        call.talk.press(some)
        await asyncio.sleep(0.18 * len(some))
    await soon(call.ended.wait())
    return call


async def confirmed(phone: Phone, code: str) -> None:
    """The agent hangs up as soon as it is said that it is done."""
    call = await phone.dial(code)
    await soon(call.answered.wait())
    await spoken_to(call)
    await call.hang_up()


async def spoken_to(call: PhoneCall) -> None:
    """Until something is heard for the first time since now."""
    begun = len(call.talk.heard())
    async with asyncio.timeout(20):
        while not (heard := call.talk.heard()[begun:]).size or abs(heard).max() < 1000:
            await asyncio.sleep(0.05)


async def state(boss: Client, login: str, wanted: str) -> dict[str, object]:
    def met(said: dict[str, list[dict[str, object]]]) -> bool:
        return next(one for one in said["items"] if one["login"] == login)["state"] == wanted

    said = await boss.until("/agents", met)
    return dict(next(one for one in said["items"] if one["login"] == login))


async def test_a_day_without_a_page(server: RunningServer, trunk: Phone, second_phone: Phone) -> None:
    phone = second_phone
    async with await server.client("2001", "third-Secret-3") as boss:
        await dialled(phone, "*70", "1001#", f"{PIN}#")
        seen = await state(boss, "1001", "ready")
        assert seen["extension"] == "1002", "any agent at any phone"

        customer = await call_in(trunk)
        agent = await soon(phone.incoming.get())
        agent.ring()
        agent.answer()
        await soon(agent.answered.wait())
        await customer.talk.say(tone(440, 1.0))
        await customer.hang_up()
        await soon(agent.ended.wait())
        await dialled(phone, "*751")
        record = (await boss.get("/calls"))["items"][0]
        assert (record["agent"], record["outcome"], record["disposition"]) == ("1001", "answered", "1")

        note = await phone.dial("*76")
        await soon(note.answered.wait())
        await boss.until(f"/calls/{record['id']}", lambda said: f"{record['id']}-note" in str(said["story"]))
        await note.talk.say(tone(700, 2.5))
        note.talk.press("#")
        await soon(note.ended.wait())
        said = await boss.until(f"/calls/{record['id']}", lambda said: "call.note_spoken" in str(said["story"]))
        told = next(step["details"] for step in said["story"] if step["kind"] == "call.note_spoken")
        left, _ = stereo(await _recorded(boss, told["recording"]))
        assert max(level(left[n : n + 4000], 700) for n in range(0, len(left) - 4000, 4000)) > 3000
        assert (await boss.get(f"/calls/{record['id']}"))["recording_id"] == record["recording_id"]

        await confirmed(phone, "*732")
        assert (await state(boss, "1001", "break"))["reason"] == "meal"
        await confirmed(phone, "*78")
        await confirmed(phone, "%2321")
        assert (await boss.get("/extensions/1002/forwarding"))["do_not_disturb"] is True
        await confirmed(phone, "*72")
        await state(boss, "1001", "ready")
        await confirmed(phone, "*71")
        await state(boss, "1001", "signed_out")

        said = await boss.get("/agents/1001/states")
        assert {"ready", "talking", "wrap_up", "break", "signed_out"} <= {one["state"] for one in said["sums"]}
        assert abs(sum(one["seconds"] for one in said["sums"]) - said["seconds"]) < 0.01
        assert (await boss.get("/calls"))["total"] == 1, "a code is no call of the office"
    assert server.errors() == []
    kept = [path for path in server.folder.rglob("*") if path.is_file() and path.suffix not in (".wav", ".sound")]
    assert [
        path.name
        for path in kept
        if re.search(rb"9\D{0,3}5\D{0,3}1\D{0,3}7\D{0,3}5\D{0,3}3\D{0,3}2\D{0,3}8", path.read_bytes())
    ] == []
