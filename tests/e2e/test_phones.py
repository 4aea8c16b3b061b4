"""Phones that nobody here wrote, over UDP and TCP: baresip and linphone register, speak, hold, cancel and refuse.

The other side is a scripted phone of ours at another extension; what each says is found in what the other heard.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

import pytest

from callcenterd.demo.phone import Phone, PhoneCall
from tests.kit.baresip import Baresip
from tests.kit.linphone import Linphone, has_default_route
from tests.kit.server import RunningServer
from tests.kit.tones import Sound, level, tone

OURS, THEIRS = 440.0, 1000.0
"""Hertz that we say, and that the foreign phone says."""
SECONDS = 30.0


class Foreign(Protocol):
    """What a person does with a phone, whoever made it."""

    async def registered(self) -> None: ...
    async def dial(self, number: str) -> None: ...
    async def rings(self) -> None: ...
    async def answer(self) -> None: ...
    async def hang_up(self) -> None: ...
    async def hold(self) -> None: ...
    async def resume(self) -> None: ...
    async def is_told(self, status: int) -> None: ...
    async def is_over(self, calls: int) -> None: ...
    def heard(self) -> Sound: ...


class OfBaresip:
    def __init__(self, phone: Baresip, server: tuple[str, int]) -> None:
        self._phone, self._server = phone, server
        self.heard = phone.heard

    async def registered(self) -> None:
        await self._phone.registered()

    async def dial(self, number: str) -> None:
        await self._phone.command("dial", f"sip:{number}@{self._server[0]}:{self._server[1]}")

    async def rings(self) -> None:
        await self._phone.wait_for("CALL_INCOMING")

    async def answer(self) -> None:
        await self._phone.command("accept")

    async def hang_up(self) -> None:
        await self._phone.command("hangup")

    async def hold(self) -> None:
        await self._phone.command("hold")

    async def resume(self) -> None:
        await self._phone.command("resume")

    async def is_told(self, status: int) -> None:
        await self._until(lambda: any(str(status) in param for param in self._closed()))

    async def is_over(self, calls: int) -> None:
        await self._until(lambda: len(self._closed()) >= calls)

    def _closed(self) -> list[str]:
        return [str(event.get("param")) for event in self._phone.events if event.get("type") == "CALL_CLOSED"]

    async def _until(self, met: Callable[[], bool]) -> None:
        async with asyncio.timeout(SECONDS):
            while not met():
                await asyncio.sleep(0.05)


class OfLinphone:
    def __init__(self, phone: Linphone, server: tuple[str, int]) -> None:
        self._phone, self._server = phone, server
        self.heard = phone.heard

    async def registered(self) -> None:
        await asyncio.sleep(0)  # the server says that it is

    async def dial(self, number: str) -> None:
        await self._phone.command(f"call sip:{number}@{self._server[0]}:{self._server[1]}")

    async def rings(self) -> None:
        await self._phone.shows("Receiving new incoming call")

    async def answer(self) -> None:
        await self._phone.command("answer")

    async def hang_up(self) -> None:
        await self._phone.command("terminate")

    async def hold(self) -> None:
        await self._phone.command("pause")

    async def resume(self) -> None:
        await self._phone.command("resume")

    async def is_told(self, status: int) -> None:
        await self._phone.shows(" error.")  # which one it keeps to itself
        del status

    async def is_over(self, calls: int) -> None:
        async with asyncio.timeout(SECONDS):
            while self._phone.said().count(" ended (") + self._phone.said().count(" error.") < calls:
                await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def baresip(folder: Path, server: RunningServer, transport: str) -> AsyncIterator[Foreign]:
    says = tone(THEIRS, 30.0)
    phone = Baresip(folder, "127.0.0.11", server.sip, "1001", "phone-Secret-1", says=says, transport=transport)
    async with phone:
        yield OfBaresip(phone, server.sip)


@contextlib.asynccontextmanager
async def linphone(folder: Path, server: RunningServer, transport: str) -> AsyncIterator[Foreign]:
    if not has_default_route():
        pytest.skip("linphone takes a machine without a default route for one without a network")
    phone = Linphone(folder, server.sip, "1001", "phone-Secret-1", tone(THEIRS, 30.0), transport=transport)
    async with phone:
        yield OfLinphone(phone, server.sip)


Made = Callable[[Path, RunningServer, str], AbstractAsyncContextManager[Foreign]]
EVERY_PHONE = pytest.mark.parametrize(
    "made", [pytest.param(baresip, id="baresip"), pytest.param(linphone, id="linphone")]
)


async def _registered(server: RunningServer, transport: str) -> None:
    """The server shows the phone with the way that it came."""
    async with await server.client() as page:
        said = await page.until("/extensions", lambda said: all(one["registered"] for one in said["items"]))
        [address] = [one["address"] for one in said["items"] if one["number"] == "1001"]
        assert ("transport=tcp" in address) == (transport == "tcp"), address


async def _soon(waiting: object) -> None:
    await asyncio.wait_for(waiting, SECONDS)  # type: ignore[arg-type]


async def _called(phone: Phone, calls: int = 1) -> PhoneCall:
    """The newest call at our scripted phone, when so many have come."""
    async with asyncio.timeout(SECONDS):
        while len(phone.calls) < calls:
            await asyncio.sleep(0.02)
    return list(phone.calls.values())[-1]


@EVERY_PHONE
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_phone_calls_holds_and_resumes(
    server: RunningServer, trunk: Phone, second_phone: Phone, tmp_path: Path, made: Made, transport: str
) -> None:
    del trunk
    async with made(tmp_path / "phone", server, transport) as foreign:
        await foreign.registered()
        await _registered(server, transport)
        await foreign.dial("1002")
        call = await _called(second_phone)
        call.answer()
        await _soon(call.answered.wait())
        saying = asyncio.ensure_future(call.talk.say(tone(OURS, 60.0)))
        await asyncio.sleep(3.0)
        assert level(call.talk.heard()[-8000:], THEIRS) > 4000

        await foreign.hold()
        await asyncio.sleep(3.0)
        assert level(call.talk.heard()[-8000:], THEIRS) < 500, "who is on hold does not hear the phone"

        await foreign.resume()
        await asyncio.sleep(3.0)
        assert level(call.talk.heard()[-8000:], THEIRS) > 4000
        await foreign.hang_up()
        await _soon(call.ended.wait())
        await foreign.is_over(1)
        saying.cancel()
    heard = foreign.heard()
    assert level(heard[8000:16000], OURS) > 4000
    assert server.errors() == []


@EVERY_PHONE
async def test_a_phone_is_called_refuses_is_refused_and_goes_while_it_rings(
    server: RunningServer, trunk: Phone, second_phone: Phone, tmp_path: Path, made: Made
) -> None:
    del trunk
    async with made(tmp_path / "phone", server, "udp") as foreign:
        await foreign.registered()
        await _registered(server, "udp")

        await foreign.dial("1002")  # and goes while it rings
        call = await _called(second_phone)
        await asyncio.sleep(0.5)
        await foreign.hang_up()
        await _soon(call.ended.wait())
        assert not call.answered.is_set()
        await foreign.is_over(1)

        await foreign.dial("1002")  # and is refused
        call = await _called(second_phone, 2)
        call.refuse(486, "Busy Here")
        await foreign.is_told(486)
        await foreign.is_over(2)

        ours = await second_phone.dial("1001")  # nobody answers, we give up
        await foreign.rings()
        await second_phone.cancel(ours)
        await _soon(ours.ended.wait())
        await foreign.is_over(3)
        assert not ours.answered.is_set()

        ours = await second_phone.dial("1001")  # it refuses
        await asyncio.sleep(1.0)
        await foreign.hang_up()
        await _soon(ours.ended.wait())
        assert 400 <= ours.status < 700
        await foreign.is_over(4)

        ours = await second_phone.dial("1001")  # it answers, and hangs up
        await asyncio.sleep(1.0)
        await foreign.answer()
        await _soon(ours.answered.wait())
        await asyncio.sleep(2.0)
        assert level(ours.talk.heard()[-4000:], THEIRS) > 4000
        await foreign.hang_up()
        await _soon(ours.ended.wait())
    async with await server.client() as page:
        said = await page.until(
            "/calls", lambda said: said["total"] == 5 and all(one["ended_at"] is not None for one in said["items"])
        )
        assert len(said["items"]) == 5, "one row for each call"
    assert server.errors() == []
