"""linphone as a foreign phone: `linphonec` with a folder and a process each, steered by its prompt.

It registers only where the machine has a default route: without one it thinks that there is no network at all.
"""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.kit.lanes import free_port

CONFIG = """\
[sip]
sip_port={udp}
sip_tcp_port={tcp}
sip_tls_port=0
use_ipv6=0
media_encryption={encryption}
media_encryption_mandatory={mandatory}
guess_hostname=0
contact="{number}" <sip:{number}@{host}>
default_proxy=0
inc_timeout=60

[rtp]
audio_rtp_port=-1

[video]
capture=0
display=0

[proxy_0]
reg_proxy=<sip:{host}:{port};transport={transport}>
reg_identity=sip:{number}@{host}
reg_sendregister=1
reg_expires=600
publish=0

[auth_info_0]
username={number}
passwd={password}
realm=*
"""


def has_default_route() -> bool:
    lines = Path("/proc/net/route").read_text("ascii").splitlines()[1:]
    return any(line.split()[1] == "00000000" for line in lines)


class Linphone:
    """An extension's phone. says: what its microphone hears, int16 at 8 kHz. encryption: "srtp" or "none"; with it
    linphone offers nothing else."""

    def __init__(
        self,
        folder: Path,
        server: tuple[str, int],
        number: str,
        password: str,
        says: NDArray[np.int16],
        *,
        transport: str = "udp",
        encryption: str = "none",
    ) -> None:
        self.folder = folder
        self._server = server
        self._process: asyncio.subprocess.Process | None = None
        (folder / ".local/share/linphone").mkdir(parents=True)
        with wave.open(str(folder / "in.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(says.astype("<i2").tobytes())
        port = free_port(host=server[0])
        (folder / "linphonerc").write_text(
            CONFIG.format(
                udp=port if transport == "udp" else 0, tcp=port if transport == "tcp" else 0, host=server[0],
                port=server[1], number=number, password=password, transport=transport,
                encryption=encryption, mandatory=int(encryption != "none"),
            )
        )  # fmt: skip

    async def __aenter__(self) -> Linphone:
        with (self.folder / "log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                "linphonec", "-c", "linphonerc", "-S",
                stdin=asyncio.subprocess.PIPE, stdout=log, stderr=log, cwd=self.folder,
                env={"HOME": str(self.folder), "PATH": "/usr/bin:/bin"},
            )  # fmt: skip
        await self.command("soundcard use files")
        await self.command(f"play {self.folder / 'in.wav'}")
        await self.command(f"record {self.folder / 'out.wav'}")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            await self.command("quit")
        try:
            async with asyncio.timeout(10):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def command(self, text: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode() + b"\n")
        await self._process.stdin.drain()

    async def shows(self, text: str, seconds: float = 30.0) -> None:
        """Until it has said this, whatever else it says."""
        try:
            async with asyncio.timeout(seconds):
                while text not in self.said():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"linphone did not say {text!r}: {self.said()[-1500:]}") from None

    def said(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def heard(self) -> NDArray[np.int16]:
        """What it decoded, at 8 kHz, after the call."""
        with wave.open(str(self.folder / "out.wav"), "rb") as file:
            sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)
            return sound[:: file.getframerate() // 8000]
