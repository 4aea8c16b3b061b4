"""baresip as a foreign phone: a folder and a process each, steered by its ctrl_tcp socket (netstrings of JSON)."""

from __future__ import annotations

import asyncio
import json
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.recording import read_sound
from tests.kit.lanes import free_port

CONFIG = """\
poll_method epoll
sip_listen {host}:{sip_port}
net_interface {host}
audio_source aufile,{folder}/in.wav
audio_player aufile,{folder}/out.wav
audio_alert aufile,{folder}/ring.wav
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module sndfile.so
snd_path {folder}
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {host}:{control_port}
"""


class Baresip:
    """An extension's phone. says: what its microphone hears, int16 at 8 kHz, again and again.

    codec: the one it speaks: PCMA, PCMU, G722/16000 or opus/48000/2. modules: further ones. watches: whose presence
    it asks for (with the modules contact and presence). believes: the authority of the server's certificate, for TLS.
    encryption: of its sound, by its module srtp: "srtp" (keys beside plain RTP), "srtp-mand", or "" for none.
    """

    def __init__(
        self,
        folder: Path,
        host: str,
        server: tuple[str, int],
        number: str,
        password: str,
        says: NDArray[np.int16],
        *,
        modules: Sequence[str] = (),
        watches: str = "",
        transport: str = "udp",
        believes: Path | None = None,
        codec: str = "PCMA",
        encryption: str = "",
    ) -> None:
        self.folder = folder
        self._host = host
        self._control = free_port(host=host)
        self._process: asyncio.subprocess.Process | None = None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.events: list[dict[str, Any]] = []
        self._came = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None
        folder.mkdir(parents=True)
        name, *form = codec.split("/")
        rate = int(form[0]) if form else 8000
        _write_wav(folder / "in.wav", _at_rate(says, rate), rate, int(form[1]) if form[1:] else 1)
        _write_wav(folder / "ring.wav", np.zeros(800, np.int16))
        (folder / "config").write_text(
            CONFIG.format(host=host, folder=folder, control_port=self._control, sip_port=free_port(host=host))
        )
        with (folder / "config").open("a") as config:
            config.writelines(f"module_app {module}.so\n" for module in modules)
            config.write(f"module {name.lower()}.so\n" if form else "")
            config.write("module srtp.so\n" if encryption else "")
        if believes is not None:
            with (folder / "config").open("a") as config:
                config.write(f"sip_cafile {believes}\nsip_verify_server yes\n")
        if watches:
            (folder / "contacts").write_text(f'"{watches}" <sip:{watches}@{server[0]}:{server[1]}>;presence=p2p\n')
        (folder / "accounts").write_text(
            f"<sip:{number}@{server[0]}:{server[1]};transport={transport}>;auth_user={number};auth_pass={password};"
            f"regint=60;answermode=manual;audio_codecs={codec}"
            f"{';mediaenc=' + encryption if encryption else ''}\n"
        )

    async def __aenter__(self) -> Baresip:
        with (self.folder / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                "baresip", "-f", str(self.folder), "-v",
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
            )  # fmt: skip
        async with asyncio.timeout(20):
            while self._streams is None:
                try:
                    self._streams = await asyncio.open_connection(self._host, self._control)
                except OSError:
                    await asyncio.sleep(0.05)
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._reading is not None:
            self._reading.cancel()
        if self._streams is not None:
            self._streams[1].close()
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                async with asyncio.timeout(10):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    async def vanish(self) -> None:
        """It is gone without a word, as if its plug were pulled."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def command(self, command: str, parameters: str = "") -> None:
        assert self._streams is not None
        text = json.dumps({"command": command, "params": parameters, "token": "t"})
        self._streams[1].write(f"{len(text)}:{text},".encode())
        await self._streams[1].drain()

    async def wait_for(self, kind: str, seconds: float = 30.0) -> dict[str, Any]:
        """The first event of this type ("CALL_INCOMING", "CALL_ESTABLISHED", "CALL_CLOSED")."""
        try:
            async with asyncio.timeout(seconds), self._came:
                await self._came.wait_for(lambda: any(event.get("type") == kind for event in self.events))
        except TimeoutError:
            seen = [event.get("type") for event in self.events]
            raise AssertionError(f"baresip did not tell {kind}, but {seen}; {self._log()}") from None
        return next(event for event in self.events if event.get("type") == kind)

    async def take_call(self, seconds: float) -> None:
        """Pick up what rings, speak for so long, hang up."""
        await self.wait_for("CALL_INCOMING")
        await self.command("accept")
        await self.wait_for("CALL_ESTABLISHED")
        await asyncio.sleep(seconds)
        await self.command("hangup")
        await self.wait_for("CALL_CLOSED")

    async def registered(self, seconds: float = 30.0) -> None:
        """It may have registered before anybody listened to its events: its log says so in any case."""
        async with asyncio.timeout(seconds):
            while "200 OK" not in self._log():  # a file of another process
                await asyncio.sleep(0.05)

    async def shows(self, text: str, seconds: float = 30.0) -> None:
        """It has told or logged these words."""
        try:
            async with asyncio.timeout(seconds):
                while not (text in self._all() or any(text in str(event) for event in self.events)):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"baresip does not show {text!r}: {self._log()}") from None

    def heard(self) -> NDArray[np.int16]:
        """What it decoded, all of it, after the call, at 8 kHz."""
        [dump] = sorted(self.folder.glob("dump-*-dec.wav"))
        return read_sound(dump)

    def shown(self) -> str:
        """The events that it told, and the end of its log: for a test that fails."""
        return f"{[event.get('type') for event in self.events]}; {self._log()}"

    def _log(self) -> str:
        return self._all()[-1500:]

    def _all(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    async def _read(self) -> None:
        assert self._streams is not None
        reader = self._streams[0]
        while length := await reader.readuntil(b":"):
            said = json.loads(await reader.readexactly(int(length[:-1])))
            await reader.readexactly(1)
            if said.get("event"):
                async with self._came:
                    self.events.append(said)
                    self._came.notify_all()


def _at_rate(sound: NDArray[np.int16], rate: int) -> NDArray[np.int16]:
    """8 kHz → another rate: by straight lines, which is good enough for tones."""
    times = rate // 8000
    places = np.arange(len(sound) * times) / times
    return np.interp(places, np.arange(len(sound)), sound).astype(np.int16)


def _write_wav(path: Path, sound: NDArray[np.int16], rate: int = 8000, channels: int = 1) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(sound, channels).astype("<i2").tobytes())
