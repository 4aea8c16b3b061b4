"""A real server of our own for end-to-end tests: a process with its own folder, ports and configuration."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from callcenterd import control
from tests.kit.database import with_tables
from tests.kit.lanes import both_free, free_port, sound_ports
from tests.kit.loaded import LoadedServer

PLAIN = ("-m", "callcenterd")
"""The program as people start it."""
START_SECONDS = 60.0

FLOW = """\
flow: main
title: 总机
language: zh-CN
start: welcome
nodes:
  welcome: {say: "您好，欢迎致电。", next: menu}
  menu:
    menu: {say: "业务咨询请按 1，投诉请按 2。", timeout: 5, retries: 1}
    keys: {"1": sales, "2": complaint}
    otherwise: sales
  sales: {queue: sales}
  complaint: {queue: complaints}
"""


def span(ports: range) -> str:
    """As the configuration has it."""
    return f"{ports.start}-{ports.stop - 1}"


class RunningServer:
    """folder: everything of this server. Its data lies in folder/var, its flows in folder/flows.

    rtp: few ports for sound, where all of them are to be met. program: what Python is told to run; None: a process that
    has the server loaded already is forked.
    """

    def __init__(
        self, folder: Path, *, rtp: range | None = None, program: Sequence[str] | None = None, **keys: Any
    ) -> None:
        self.folder = folder
        self._program = program
        self.sip = ("127.0.0.1", both_free())
        self.http_port = free_port(socket.SOCK_STREAM)
        self.web = f"http://127.0.0.1:{self.http_port}"
        self.config = folder / "callcenter.yaml"
        self.admin_password = ""
        self.ready_line = ""
        self._process: asyncio.subprocess.Process | LoadedServer | None = None
        self._clients: list[Client] = []
        (folder / "flows").mkdir(parents=True, exist_ok=True)
        (folder / "prompts").mkdir(exist_ok=True)
        self.flow("main", FLOW)
        host, port = self.sip
        self._settings: dict[str, Any] = {
            "data": "./var",
            "sip": {"listen": [f"udp:{host}:{port}", f"tcp:{host}:{port}"]},
            "rtp": {"address": "auto", "ports": span(sound_ports() if rtp is None else rtp)},
            "web": {"listen": f"127.0.0.1:{self.http_port}"},
            "recordings": {"format": "wav"},  # what was said is looked at sample by sample
            "flows": "./flows",
            "prompts": "./prompts",
            "log": {"format": "json"},
            # A machine on which tests share two cores is overloaded all the time: only who asks for it is refused.
            "overload": {"strangers_ms": 0, "new_calls_ms": 0},
            **keys,
        }
        self.configure()

    def configure(self, **keys: Any) -> None:
        """Other keys of the configuration file, from the next start on."""
        self._settings |= keys
        self.config.write_text(json.dumps(self._settings, ensure_ascii=False), "utf-8")

    @property
    def log(self) -> Path:
        return self.folder / "log.jsonl"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def flow(self, name: str, text: str) -> Path:
        path = self.folder / "flows" / f"{name}.yaml"
        path.write_text(text, "utf-8")
        return path

    async def start(self) -> None:
        """Returns when it has said `ready`. Its tables are there before: the test of the demo starts with nothing."""
        data = self.folder / "var"
        data.mkdir(mode=0o700, exist_ok=True)
        if not (data / "callcenter.db").exists():
            with_tables(data / "callcenter.db")
        arguments, environment = ("run", "-c", str(self.config)), {**os.environ, "PYTHONUNBUFFERED": "1"}
        if self._program is None:
            self._process = await LoadedServer.begin(arguments, environment, self.log)
        else:
            with self.log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable, *self._program, *arguments,
                    stdout=asyncio.subprocess.PIPE, stderr=log, env=environment,
                )  # fmt: skip
        assert self._process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            while line := (await self._process.stdout.readline()).decode():
                if line.startswith("ready"):
                    self.ready_line = line.strip()
                    if (found := re.search(r"admin / (\S+)", line)) is not None:
                        self.admin_password = found.group(1)
                    return
        raise AssertionError(f"the server did not start:\n{self.log.read_text()[-4000:]}")

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Answers its exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        async with asyncio.timeout(60):
            return await self._process.wait()

    async def kill(self) -> None:
        """As a crash or a power cut: no word to it."""
        await self.stop(signal.SIGKILL)

    async def end(self) -> None:
        """For fixtures: it is gone after this, whatever state it was in, and so are its clients."""
        for client in self._clients:
            await client.close()
        if self._process is not None and self._process.returncode is None:
            over = asyncio.create_task(self._process.wait())
            for _ in range(40):  # the first asks it to wait for its calls, every later one to be quick
                if self._process.returncode is None:
                    self._process.terminate()
                if (await asyncio.wait({over}, timeout=0.5))[0]:
                    return
            self._process.kill()
            await over

    async def command(self, *words: str, ok: bool = True) -> tuple[int, str]:
        """A `callcenterd` command on this server's configuration. Answers exit code and what it printed."""
        name, *rest = words
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "callcenterd", name, "-c", str(self.config), *rest,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        async with asyncio.timeout(120):
            out, _ = await process.communicate()
        code = process.returncode or 0
        if ok:
            assert code == 0, out.decode()
        return code, out.decode()

    async def apply(self, text: str) -> list[str]:
        """As the command does while a server runs, without the time that a process needs. Answers the changes."""
        return list((await control.ask(self.folder / "var", "apply", text=text, name="site.yaml"))["changes"])

    async def client(self, login: str = "admin", password: str | None = None) -> Client:
        client = Client(self.web)
        self._clients.append(client)
        await client.sign_in(login, self.admin_password if password is None else password)
        return client

    def errors(self) -> list[Mapping[str, Any]]:
        """Lines of the log at the level of an error, and whatever is no line of it (a traceback of Python's own)."""
        found: list[Mapping[str, Any]] = []
        for line in self.log.read_text("utf-8").splitlines():
            try:
                said = json.loads(line)
            except ValueError:
                found.append({"level": "raw", "event": line})
                continue
            if said.get("level") in ("error", "critical"):
                found.append(said)
        return found


class Client:
    """The HTTP API as another program uses it."""

    def __init__(self, web: str) -> None:
        self.http = aiohttp.ClientSession(base_url=web)
        self.token = ""

    async def close(self) -> None:
        await self.http.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def sign_in(self, login: str, password: str) -> None:
        said = await self.post("/session", {"login": login, "password": password})
        self.token = said["token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    async def get(self, path: str, **query: Any) -> Any:
        return await self.ask("GET", path, params={key: str(value) for key, value in query.items()})

    async def post(self, path: str, body: Any) -> Any:
        return await self.ask("POST", path, json=body)

    async def put(self, path: str, body: Any) -> Any:
        return await self.ask("PUT", path, json=body)

    async def recording(self, recording: str) -> bytes:
        """Its file, once it is closed."""
        octets = await self.until(f"/recordings/{recording}", lambda said: isinstance(said, bytes))
        assert isinstance(octets, bytes)
        return octets

    async def ask(self, method: str, path: str, **more: Any) -> Any:
        status, said = await self.try_to(method, path, **more)
        assert status < 400, f"{method} {path}: {status} {said}"
        return said

    async def try_to(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        async with self.http.request(method, f"/api/v1{path}", **more) as answer:
            if answer.status == 204:
                return answer.status, None
            if answer.content_type == "application/json":
                return answer.status, await answer.json()
            return answer.status, await answer.read()

    async def until(self, path: str, met: Any, seconds: float = 20.0, **query: Any) -> Any:
        """Ask again until `met(answer)` holds, and it is not too early (409); the last answer. For what the server does
        by itself."""
        said: Any = None
        try:
            async with asyncio.timeout(seconds):
                while True:
                    status, said = await self.try_to("GET", path, params={key: str(one) for key, one in query.items()})
                    assert status < 400 or status == 409, f"GET {path}: {status} {said}"
                    if status < 400 and met(said):
                        return said
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"{path} did not come to what was waited for: {said}") from None
