"""Clients that nobody here wrote: SIPp as trunk over UDP and TCP, baresip as an extension's phone."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from callcenterd.sip import events
from callcenterd.sip.events import ToExtension, ToTrunk
from tests.kit.baresip import Baresip
from tests.kit.lanes import free_port
from tests.sip.transport.server import ANNA, GATEWAY, HOST, PASSWORD, TRUNK_HOST, sdp, serving

pytestmark = pytest.mark.skipif(
    shutil.which("sipp") is None or shutil.which("baresip") is None, reason="sipp or baresip is not installed"
)


async def sipp(folder: Path, *arguments: str) -> int:
    """Its exit code; 0: every call went as its scenario says."""
    with (folder / "sipp.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "sipp", *arguments, "-nostdin", "-timeout", "30", "-timeout_error",
            stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
        )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def answering_sipp(folder: Path, port: int) -> AsyncIterator[None]:
    """It answers whatever calls until we are done."""
    with (folder / "sipp.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "sipp", "-sn", "uas", "-i", TRUNK_HOST, "-p", str(port), "-aa", "-nostdin",
            stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
        )  # fmt: skip
    try:
        yield
    finally:
        process.kill()
        await process.wait()


@pytest.mark.parametrize("transport", ["u1", "t1"])
async def test_sipp_calls_us_twenty_times(tmp_path: Path, transport: str) -> None:
    async with serving() as server:
        code = await sipp(
            tmp_path, "-sn", "uac", f"{HOST}:{server.port}", "-i", TRUNK_HOST, "-p", str(free_port(host=TRUNK_HOST)),
            "-t", transport, "-m", "20", "-r", "50", "-s", "02088886666",
        )  # fmt: skip
        assert code == 0, (tmp_path / "sipp.log").read_text(errors="replace")[-2000:]
        calls = server.all(events.IncomingCall)
        assert len(calls) == len(server.all(events.HungUp)) == 20
        assert {(call.trunk, call.caller, call.called) for call in calls} == {(GATEWAY, "sipp", "02088886666")}
        assert server.endpoint.counters()["dialogs"] == 0


async def test_we_call_sipp_and_hang_up(tmp_path: Path) -> None:
    port = free_port(host=TRUNK_HOST)
    async with serving(trunk_port=port) as server, answering_sipp(tmp_path, port):
        for _ in range(5):
            dialog = server.edge.place(ToTrunk(GATEWAY, "13800001111"), caller="1001", caller_name="张三", sdp=sdp(1))
            await server.wait_for(events.Accepted, accept=lambda event: event.dialog == dialog)  # noqa: B023  # awaited
            server.edge.hang_up(dialog)
        async with asyncio.timeout(10):
            while server.endpoint.counters()["dialogs"]:  # a dialog ends when its BYE is answered
                await asyncio.sleep(0.01)
        assert server.endpoint.counters()["unsent_total"] == 0


async def test_baresip_registers_by_digest_is_called_and_calls(tmp_path: Path) -> None:
    silence = np.zeros(8000, np.int16)
    async with serving() as server:
        phone = Baresip(tmp_path / "phone", "127.0.0.11", (HOST, server.port), "1001", PASSWORD, silence)
        async with phone:
            assert await server.wait_for(events.Registered) == events.Registered(ANNA, True)
            assert server.endpoint.registrations()[ANNA].device.startswith("baresip")

            ours = server.edge.place(ToExtension(ANNA), caller="13800001111", caller_name="张三", sdp=sdp(40_000))
            await phone.wait_for("CALL_INCOMING")
            await phone.command("accept")
            assert (await server.wait_for(events.Accepted)).dialog == ours
            server.edge.hang_up(ours, 'SIP;cause=200;text="done"')
            await phone.wait_for("CALL_CLOSED")

            await phone.command("dial", f"sip:9001@{HOST}:{server.port}")
            arrived = await server.wait_for(events.IncomingCall)
            assert (arrived.extension, arrived.caller, arrived.called) == (ANNA, "1001", "9001")
            await server.wait_for(events.Acknowledged)
            await phone.command("hangup")
            assert await server.wait_for(events.HungUp) == events.HungUp(arrived.dialog, "normal")
        assert (await server.wait_for(events.Registered, accept=lambda event: not event.reachable)).extension == ANNA
    assert server.endpoint.counters()["wrong_digests_total"] == 0
