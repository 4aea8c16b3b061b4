"""Foreign phones at desks, several calls long: what a person does with one, and what it hears while it hears it.

baresip and linphone write what they decode into a file as it comes; the file is read while it grows.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from callcenterd.demo.phone import PhoneCall
from tests.kit.baresip import Baresip
from tests.kit.linphone import Linphone
from tests.kit.tones import Sound

SECONDS = 20.0
_HEADER = 44
"""Octets of a WAV file before its samples, as both phones write it."""


class Ear(Protocol):
    """heard: of the present call (or since it was last held), until now, at 8 kHz."""

    def heard(self) -> Sound: ...


class Handset(Protocol):
    """number: its extension."""

    number: str

    async def rings(self) -> None: ...
    async def answer(self) -> None: ...
    async def hold(self) -> None: ...
    async def resume(self) -> None: ...
    async def dial(self, number: str) -> None: ...
    async def transfer(self, number: str) -> None: ...
    async def press(self, key: str) -> None: ...
    async def hang_up(self) -> None: ...
    async def over(self) -> None: ...
    def heard(self) -> Sound: ...


class BaresipAtDesk:
    def __init__(self, phone: Baresip, server: tuple[str, int], number: str) -> None:
        self.number = number
        self._phone, self._server = phone, server
        self._dialled = self._rung = 0

    async def rings(self) -> None:
        """Until a call comes that was not told yet."""
        self._rung += 1
        await _until(lambda: self._count("CALL_INCOMING") >= self._rung, self._phone.shown)

    async def answer(self) -> None:
        await self._phone.command("accept")

    async def hold(self) -> None:
        await self._phone.command("hold")

    async def resume(self) -> None:
        await self._phone.command("resume")

    async def dial(self, number: str) -> None:
        self._dialled += 1
        await self._phone.command("dial", f"sip:{number}@{self._server[0]}:{self._server[1]}")

    async def transfer(self, number: str) -> None:
        await self._phone.command("transfer", f"sip:{number}@{self._server[0]}:{self._server[1]}")

    async def press(self, key: str) -> None:
        await self._phone.command("sndcode", key)

    async def hang_up(self) -> None:
        await self._phone.command("hangup")

    async def over(self) -> None:
        """Until it is in no call any more."""
        self._rung = self._count("CALL_INCOMING")
        begun = self._dialled + self._rung
        await _until(lambda: self._count("CALL_CLOSED") >= begun, self._phone.shown)

    def heard(self) -> Sound:
        dumps = sorted(self._phone.folder.glob("dump-*-dec.wav"))
        return _growing(dumps[-1]) if dumps else np.zeros(0, np.int16)

    def _count(self, kind: str) -> int:
        return sum(event.get("type") == kind for event in self._phone.events)


class LinphoneAtDesk:
    def __init__(self, phone: Linphone, server: tuple[str, int], number: str) -> None:
        self.number = number
        self._phone, self._server = phone, server
        self._dialled = self._rung = 0

    async def rings(self) -> None:
        """Until a call comes that was not told yet."""
        self._rung += 1
        await _until(lambda: self._count("Receiving new incoming call") >= self._rung, self._phone.said)

    async def answer(self) -> None:
        await self._phone.command("answer")

    async def hold(self) -> None:
        await self._phone.command("pause")

    async def resume(self) -> None:
        await self._phone.command("resume")

    async def dial(self, number: str) -> None:
        self._dialled += 1
        await self._phone.command(f"call sip:{number}@{self._server[0]}:{self._server[1]}")

    async def transfer(self, number: str) -> None:
        await self._phone.command(f"transfer sip:{number}@{self._server[0]}:{self._server[1]}")

    async def transfer_to_second(self) -> None:
        """Bring who is on hold in the first call together with whom it dialled after that: REFER with Replaces."""
        first, second = re.findall(r"assigned id (\d+)", self._phone.said())[-2:]
        await self._phone.command(f"transfer {first} --to-call {second}")

    async def press(self, key: str) -> None:
        await self._phone.command(key)

    async def hang_up(self) -> None:
        await self._phone.command("terminate")

    async def over(self) -> None:
        """Until it is in no call any more."""
        self._rung = self._count("Receiving new incoming call")
        begun = self._dialled + self._rung
        await _until(lambda: self._count(" ended (") + self._count(" error.") >= begun, self._phone.said)

    def heard(self) -> Sound:
        path = self._phone.folder / "out.wav"
        return _growing(path) if path.exists() else np.zeros(0, np.int16)

    def _count(self, text: str) -> int:
        return self._phone.said().count(text)


class ScriptedEar:
    """Of a call of our own phone."""

    def __init__(self, call: PhoneCall) -> None:
        self.call = call

    def heard(self) -> Sound:
        return self.call.talk.heard()


def _growing(path: Path) -> Sound:
    octets = path.read_bytes()[_HEADER:]
    return np.frombuffer(octets[: len(octets) // 2 * 2], "<i2").astype(np.int16)


async def _until(met: Callable[[], bool], shown: Callable[[], str]) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            while not met():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"the phone did not come to it: {shown()[-1500:]}") from None
