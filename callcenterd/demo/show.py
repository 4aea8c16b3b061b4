"""The demo: a customer calls, an agent answers, both speak; then everything that came of it is looked at.

Nothing in it is pretended but the two people: the trunk and the phone are sockets with SIP and RTP, the agent's page
is the HTTP API and the event stream that the browser uses too. It runs against the server of the data folder, or
starts one, and leaves a customer, a recording and an entry of the history to look at.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import secrets
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from callcenterd import control
from callcenterd.config import Config
from callcenterd.demo.phone import Phone, PhoneCall
from callcenterd.errors import LocalError
from callcenterd.worker import speech

Sound = NDArray[np.int16]

TRUNK_HOST, PHONE_HOST = "127.0.0.86", "127.0.0.87"
NUMBER, EXTENSION, LOGIN, QUEUE, FLOW = "95000", "8999", "8999", "demo", "callcenterd-demo"
CALLER, CUSTOMER = "13800138000", {"zh-CN": "李女士（演示）", "en": "Ms Li (demo)"}
START_SECONDS = 60.0
STEP_SECONDS = 30.0
LEAVE_SECONDS = 5.0
_PIECE = 4000
"""Samples."""
ALIKE = 0.5
"""How much of what was said must be found in what was heard, as a correlation."""

_FLOW_FILE = Path(__file__).with_name("flow.yaml")

_TEXTS: Mapping[str, tuple[str, str]] = {
    "server": ("服务器：{where}", "server: {where}"),
    "started": ("没有运行中的服务器，已启动一个", "no server was running: one was started"),
    "site": (
        "已写入演示用中继、号码、座席、分机和技能组",
        "a trunk, a number, an agent, a phone and a queue were put in",
    ),
    "phone": ("话机 {number} 已注册（摘要认证）", "phone {number} registered by digest"),
    "ready": ("座席 {login} 已签入并示闲", "agent {login} signed in and went ready"),
    "call": ("客户 {caller} 拨打 {number}", "customer {caller} calls {number}"),
    "greeting": ("听到欢迎词 {seconds:.1f} 秒", "a greeting of {seconds:.1f} s was heard"),
    "key": ("客户按 1（RFC 4733），进入技能组", "the customer pressed 1 (RFC 4733) and waits in the queue"),
    "rings": ("座席话机振铃，显示 {shown}", "the agent's phone rings and shows {shown}"),
    "pop": ("座席页面弹屏，用时 {ms:.0f} 毫秒", "the agent's page popped after {ms:.0f} ms"),
    "customer": ("客户卡片：{name}；备注已保存", "customer card: {name}; the note is kept"),
    "talk": (
        "通话：座席听到客户 {a:.0%}，客户听到座席 {b:.0%}",
        "talking: the agent heard {a:.0%} of the customer, the customer {b:.0%} of the agent",
    ),
    "wrap_up": ("客户挂机，座席进入话后处理", "the customer hung up; the agent is in wrap-up"),
    "history": (
        "通话记录 {id}：{outcome}，等待 {wait:.1f} 秒，通话 {talk:.1f} 秒",
        "history {id}: {outcome}, waited {wait:.1f} s, talked {talk:.1f} s",
    ),
    "recording": ("录音 {id}：{octets} 字节", "recording {id}: {octets} octets"),
    "look": (
        "现在请打开 {url}，用 {login} / {password} 登录查看",
        "now open {url} and sign in as {login} / {password}",
    ),
    "stays": ("服务器继续运行，按 Ctrl-C 结束", "the server goes on until Ctrl-C"),
    "hello": (
        "您好，我想咨询一下产品的使用方法，谢谢。",
        "Hello, I would like to ask how the product is used, thank you.",
    ),
    "answer": (
        "您好，很高兴为您服务，请问有什么可以帮您？",
        "Good morning, I am glad to be of service, how may I help you?",
    ),
    "note": ("演示：咨询产品使用方法", "demo: asked how the product is used"),
}


class DemoFailed(LocalError):
    """A step did not come out as it must. One sentence."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is left to look at."""

    call: str
    recording: str
    customer: int


async def show(path: Path | None, config: Config, *, stay: bool, console: Console) -> Outcome:
    """Run it, with progress on the console. stay: a server that was started here goes on until Ctrl-C.

    Raises CallcenterdError if a step fails.
    """
    async with _server(path, config, console) as started:
        outcome = await _Demo(config, console).run()
        if started and stay:
            console.print(_text(config.language, "stays"))
            await asyncio.Event().wait()
    return outcome


class _Demo:
    def __init__(self, config: Config, console: Console) -> None:
        self._config = config
        self._console = console
        self._language = config.language
        self._password = secrets.token_urlsafe(9)
        self._chance = random.Random(secrets.randbits(64))
        self._web = f"http://{_reachable(config.web.listen.host)}:{config.web.listen.port}"

    async def run(self) -> Outcome:
        udp = next((listen for listen in self._config.sip.listen if listen.transport == "udp"), None)
        if udp is None:
            raise DemoFailed("the server listens for no SIP over UDP, which the demo needs")
        server = (_reachable(udp.host), udp.port)
        self._say("server", where=self._web)
        phone_password = secrets.token_urlsafe(12)
        trunk = Phone(TRUNK_HOST, server, "demo-trunk", chance=self._chance)
        phone = Phone(PHONE_HOST, server, EXTENSION, password=phone_password, chance=self._chance)
        async with trunk, phone:
            await self._put_in(trunk.port, phone_password)
            await phone.register()
            self._say("phone", number=EXTENSION)
            try:
                async with aiohttp.ClientSession(base_url=self._web) as http:
                    outcome = await self._play(http, trunk, phone)
            finally:
                await _leave(trunk, phone)
        self._say("look", url=f"{self._web}/", login=LOGIN, password=self._password)
        return outcome

    async def _put_in(self, trunk_port: int, phone_password: str) -> None:
        """By the local door, as `callcenterd apply` does. The flow file stays in the flows' folder."""
        flow = self._config.flows / f"{FLOW}.yaml"
        text = await asyncio.to_thread(_FLOW_FILE.read_text, "utf-8")
        await asyncio.to_thread(_write, flow, text)
        await control.ask(self._config.data, "reload")
        site = f"""
trunks:
  - {{name: demo-trunk, host: {TRUNK_HOST}, port: {trunk_port}, allow: ["{TRUNK_HOST}"]}}
numbers:
  - {{match: "{NUMBER}", flow: {FLOW}}}
extensions:
  - {{number: "{EXTENSION}", password: "{phone_password}"}}
users:
  - {{login: "{LOGIN}", name: 演示座席, role: agent, password: "{self._password}", extension: "{EXTENSION}"}}
queues:
  - {{name: {QUEUE}, title: 演示, members: ["{LOGIN}"], wrap_up: 5, ring: 20, record: true}}
"""
        await control.ask(self._config.data, "apply", text=site, name="demo")
        self._say("site")

    async def _play(self, http: aiohttp.ClientSession, trunk: Phone, phone: Phone) -> Outcome:
        hello = await asyncio.to_thread(speech.speak, self._t("hello"), self._language, self._config.speech.engine)
        answer = await asyncio.to_thread(speech.speak, self._t("answer"), self._language, self._config.speech.engine)
        token = (await _json(http.post("/api/v1/session", json={"login": LOGIN, "password": self._password})))["token"]
        http.headers["Authorization"] = f"Bearer {token}"
        await _json(http.post(f"/api/v1/agents/{LOGIN}/state", json={"state": "ready"}))
        self._say("ready", login=LOGIN)
        async with http.ws_connect("/api/v1/events") as events:
            caller = await trunk.dial(NUMBER, caller=CALLER)
            self._say("call", caller=CALLER, number=NUMBER)
            await self._within(caller.answered.wait(), "nobody answered the customer's call")
            await self._menu(caller)
            agent = await self._within(phone.incoming.get(), "the agent's phone did not ring")
            rung = asyncio.get_running_loop().time()
            agent.ring()
            self._say("rings", shown=f"{agent.name} {agent.number}".strip())
            pop = await self._within(_pop(events), "the agent's page did not pop")
            self._say("pop", ms=(asyncio.get_running_loop().time() - rung) * 1000)
            customer = await self._customer(http, pop)
            agent.answer()
            await self._talk(caller, agent, hello, answer)
            await caller.hang_up()
            await self._within(agent.ended.wait(), "the agent's phone was not told of the end")
            self._say("wrap_up")
        return await self._results(http, pop["call"], customer)

    async def _menu(self, caller: PhoneCall) -> None:
        """Listen until the greeting is over or has been heard long enough, then press 1."""
        loop = asyncio.get_running_loop()
        until = loop.time() + 2.5
        await asyncio.sleep(until - loop.time())
        heard = caller.talk.heard()
        sounding = _sounding(heard)
        if sounding < 1.0:
            raise DemoFailed(f"the greeting was not heard: {sounding:.1f} s of sound in {len(heard) / 8000:.1f} s")
        self._say("greeting", seconds=sounding)
        caller.talk.press("1")
        self._say("key")

    async def _customer(self, http: aiohttp.ClientSession, pop: Mapping[str, Any]) -> int:
        if pop["customers"]:
            customer = int(pop["customers"][0])
            name = (await _json(http.get(f"/api/v1/customers/{customer}")))["name"]
        else:
            card = {"name": CUSTOMER[self._language], "phones": [pop["caller"]]}
            made = await _json(http.post("/api/v1/customers", json=card))
            customer, name = int(made["id"]), made["name"]
        note = {"note": self._t("note"), "customer_id": customer}
        await _json(http.put(f"/api/v1/calls/{pop['call']}/note", json=note))
        self._say("customer", name=name)
        return customer

    async def _talk(self, caller: PhoneCall, agent: PhoneCall, hello: Sound, answer: Sound) -> None:
        await asyncio.sleep(0.3)
        await agent.talk.say(answer)
        await caller.talk.say(hello)
        await asyncio.sleep(0.5)
        by_agent, by_caller = alike(hello, agent.talk.heard()), alike(answer, caller.talk.heard())
        self._say("talk", a=by_agent, b=by_caller)
        if min(by_agent, by_caller) < ALIKE:
            raise DemoFailed("the two did not hear each other")

    async def _results(self, http: aiohttp.ClientSession, call: str, customer: int) -> Outcome:
        loop = asyncio.get_running_loop()
        until = loop.time() + STEP_SECONDS
        record: dict[str, Any] = {}
        while loop.time() < until:
            record = await _json(http.get(f"/api/v1/calls/{call}"))
            if record["ended_at"] and record["recording_id"]:
                break
            await asyncio.sleep(0.2)
        if record.get("outcome") != "answered" or not record.get("recording_id"):
            raise DemoFailed(f"the history does not say what happened: {record.get('outcome')}")
        self._say(
            "history",
            id=call,
            outcome=record["outcome"],
            wait=record["wait_seconds"] or 0.0,
            talk=record["talk_seconds"] or 0.0,
        )
        octets = await self._recording(http, record["recording_id"], until)
        self._say("recording", id=record["recording_id"], octets=octets)
        return Outcome(call, record["recording_id"], customer)

    async def _recording(self, http: aiohttp.ClientSession, recording: str, until: float) -> int:
        loop = asyncio.get_running_loop()
        while True:
            async with http.get(f"/api/v1/recordings/{recording}") as answer:
                if answer.status == 200:
                    return len(await answer.read())
                if loop.time() >= until:
                    raise DemoFailed(f"the recording cannot be had: {answer.status}")
            await asyncio.sleep(0.2)

    async def _within(self, waiting: Any, why: str) -> Any:
        try:
            return await asyncio.wait_for(waiting, STEP_SECONDS)
        except TimeoutError:
            raise DemoFailed(why) from None

    def _t(self, key: str) -> str:
        return _text(self._language, key)

    def _say(self, key: str, **values: object) -> None:
        self._console.print(f"[green]✓[/green] {self._t(key).format(**values)}", highlight=False)


# ---- the server ------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def _server(path: Path | None, config: Config, console: Console) -> AsyncIterator[bool]:
    """The running server, or one that is started here and stopped at the end. Answers whether it was started."""
    try:
        await control.ask(config.data, "status")
    except control.NotRunning:
        pass
    else:
        yield False
        return
    command = [sys.executable, "-m", "callcenterd", "run", *(["-c", str(path)] if path is not None else [])]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=os.environ)
    try:
        await _until_ready(process, console)
        console.print(f"[green]✓[/green] {_text(config.language, 'started')}")
        yield True
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _until_ready(process: asyncio.subprocess.Process, console: Console) -> None:
    """What the server says before `ready` is shown: the first time, the administrator's password is in it."""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            while line := (await process.stdout.readline()).decode():
                console.print(line.rstrip(), highlight=False, markup=False)
                if "ready" in line:
                    return
    except TimeoutError:
        raise DemoFailed("the server did not become ready") from None
    raise DemoFailed(f"the server did not start: exit code {await process.wait()}")


# ---- small things ----------------------------------------------------------------------------------------------


def alike(said: Sound, heard: Sound) -> float:
    """How much of what was said is in what was heard: 0 to 1.

    Half a second at a time, each where it fits best, weighted by its energy: a line that had to wait for a packet moves
    what follows, and is heard no worse for that.
    """
    pieces = [said[at : at + _PIECE].astype(np.float64) for at in range(0, len(said), _PIECE)]
    energy = sum(float(piece @ piece) for piece in pieces)
    if not energy or len(heard) < _PIECE:
        return 0.0
    return sum(_fit(piece, heard.astype(np.float64)) * float(piece @ piece) for piece in pieces) / energy


def _fit(piece: NDArray[np.float64], heard: NDArray[np.float64]) -> float:
    """The highest correlation of the piece with any part of what was heard."""
    size = 1 << (len(piece) + len(heard)).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(piece, size))
    product = np.fft.irfft(spectrum, size)[: len(heard) - len(piece) + 1]
    best = int(np.argmax(product))
    norm = float(np.linalg.norm(piece) * np.linalg.norm(heard[best : best + len(piece)]))
    return max(0.0, float(product[best]) / norm) if norm else 0.0


def _sounding(sound: Sound) -> float:
    """Seconds with something to hear in them, in steps of 20 ms."""
    frames = sound[: len(sound) // 160 * 160].reshape(-1, 160).astype(np.float64)
    return float((np.sqrt((frames**2).mean(axis=1)) > 100).sum() * 0.02)


async def _json(asked: Any) -> Any:
    """The JSON of an answer. Raises DemoFailed with what the server said."""
    async with asked as answer:
        said = None if answer.status == 204 else await answer.json()
        if answer.status >= 400:
            raise DemoFailed(f"{answer.method} {answer.url.path}: {answer.status} {said}")
        return said


async def _leave(trunk: Phone, phone: Phone) -> None:
    """However it went: no call stays up behind it, and no phone registered. A server that is gone is not waited for."""
    with contextlib.suppress(LocalError, TimeoutError):
        async with asyncio.timeout(LEAVE_SECONDS):
            for call in [*trunk.calls.values(), *phone.calls.values()]:
                await call.hang_up()
            await phone.register(expires=0)


async def _pop(events: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    async for message in events:
        said = message.json()
        if said["type"] == "screen.pop" and said["data"]["caller"].endswith(CALLER):
            return dict(said["data"])
    raise DemoFailed("the event stream was closed")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_text("utf-8") != text:
        part = path.with_suffix(".part")
        part.write_text(text, "utf-8")
        part.replace(path)


def _reachable(host: str) -> str:
    """Where a listener on all addresses can be reached from this machine."""
    return "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  # compared, not bound to


def _text(language: str, key: str) -> str:
    chinese, english = _TEXTS[key]
    return chinese if language.startswith("zh") else english
