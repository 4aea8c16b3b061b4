"""desk.crowd, desk.click, desk.day: what the pages cost the server, and themselves.

desk.crowd: thirty walls and fifty agents' pages open at a hundred calls. Four of them are real pages in Chromium; the
others are sockets that hear what a page hears and ask what it asks when somebody calls, in this process: eighty real
pages would leave two cores nothing for the server that is measured. desk.click: from a click on the state's buttons
until the state is painted. desk.day: the memory of a page that stays open while eight hours' calls come and go: the
agent's own are real; those of colleagues are what the server told of one, told again with other names.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType
from playwright.async_api import Browser, Page, async_playwright

from bench.calls import DIAL
from bench.load import FAR_HOST, TRUNK_HOST
from bench.office import memory_mb, metrics, office, percentile, tick_late_ms
from callcenterd.demo.phone import Phone, PhoneCall
from tests.kit.browser import by_id
from tests.kit.server import Client, RunningServer

ROOT = Path(__file__).resolve().parent.parent
AGENTS, WALLS, STANDING = 50, 30, 80
TALKING = 20
"""Calls of the queue at a time; with the standing ones a hundred."""
TALK_SECONDS, MEASURED = 12.0, 30.0
CALLERS_HOST, PASSWORD, BOSS = "127.0.0.4", "first-Secret-1", "2001"
CLICKS = 60
COLLEAGUES_CALLER = "13700000000"
PARTS_OF_A_DAY = ((10, 200), (20, 1500), (20, 1500))
"""Calls of the agent and of colleagues: until the page has all its code, until the middle, until the end."""
SECONDS = 20.0

FLOW = """\
flow: main
language: zh-CN
start: sales
nodes:
  sales: {queue: sales}
"""
QUIET: Sequence[str] = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--js-flags=--expose-gc",
)

# Runs in the page: how long after a click the bar has another state, painted.
_CLICKED = """() => {
  window.took = []
  const bar = document.querySelector('[data-testid="state-bar"]')
  let clicked = 0
  addEventListener('click', (event) => { clicked = event.timeStamp }, true)
  new MutationObserver(() => requestAnimationFrame(() => setTimeout(() => {
    if (clicked) window.took.push(performance.now() - clicked)
    clicked = 0
  }))).observe(bar, {attributes: true, attributeFilter: ['data-state']})
}"""


def run_crowd() -> dict[str, Any]:
    """CPU of the server's main thread, with the pages open and without, at the same calls."""
    return asyncio.run(_crowd())


def run_click() -> dict[str, Any]:
    return asyncio.run(_click())


def run_day() -> dict[str, Any]:
    return asyncio.run(_day())


BENCHES: Mapping[str, Callable[..., dict[str, Any]]] = {
    "desk.crowd": run_crowd,
    "desk.click": run_click,
    "desk.day": run_day,
}
ASKED = frozenset({"desk.day"})


# ---- the office ------------------------------------------------------------------------------------------------


def _agents(count: int) -> list[str]:
    return [f"{1001 + n}" for n in range(count)]


def _site(agents: Sequence[str], trunk: int, far: int, callers: int) -> str:
    users = "".join(
        f'  - {{login: "{login}", name: "座席{login}", role: agent, password: "{PASSWORD}", extension: "{login}"}}\n'
        for login in agents
    )
    extensions = "".join(f'  - {{number: "{login}", password: "{PASSWORD}"}}\n' for login in agents)
    return (
        f"trunks:\n  - {{name: gateway, host: {TRUNK_HOST}, port: {trunk}, allow: [{TRUNK_HOST}]}}\n"
        f"  - {{name: out, host: {FAR_HOST}, port: {far}, allow: [{FAR_HOST}]}}\n"
        f"  - {{name: callers, host: {CALLERS_HOST}, port: {callers}, allow: [{CALLERS_HOST}]}}\n"
        'numbers:\n  - {match: "02088886666", flow: main}\n  - {match: "9.", flow: out}\n'
        f'users:\n{users}  - {{login: "{BOSS}", name: 王芳, role: supervisor, password: "{PASSWORD}"}}\n'
        f"extensions:\n{extensions}"
        f"queues:\n  - {{name: sales, title: 销售, members: {json.dumps(agents)}, wrap_up: 3, ring: 20}}\n"
    )


class Floor:
    """An office whose agents sit at scripted phones that pick up by themselves; callers: their trunk."""

    def __init__(self, server: RunningServer, callers: Phone, agents: Sequence[str]) -> None:
        self.server, self.callers, self.agents = server, callers, agents
        self.clients: list[Client] = []
        self.answered = 0
        self._calls = itertools.count()

    async def pick_up(self, phone: Phone) -> None:
        while True:
            call = await phone.incoming.get()
            call.ring()
            await asyncio.sleep(0.3)
            if not call.ended.is_set():
                call.answer()
                self.answered += 1

    async def call(self) -> PhoneCall:
        return await self.callers.dial("02088886666", caller=f"139{next(self._calls):08}")

    async def call_again_and_again(self) -> None:
        """One of the callers: waits, talks, hangs up, and another one calls."""
        while True:
            call = await self.call()
            await call.answered.wait()
            await asyncio.sleep(TALK_SECONDS)
            if not call.ended.is_set():
                await call.hang_up()


@contextlib.asynccontextmanager
async def _floor(count: int, ports: tuple[int, int] = (6000, 6100)) -> AsyncIterator[Floor]:
    agents = _agents(count)
    async with contextlib.AsyncExitStack() as ending:
        callers = await ending.enter_async_context(Phone(CALLERS_HOST, ("127.0.0.1", 0), "callers"))
        server = await ending.enter_async_context(office(_site(agents, *ports, callers.port), main=FLOW, out=DIAL))
        callers.server = server.sip
        floor = Floor(server, callers, agents)
        for n, login in enumerate(agents):
            phone = await ending.enter_async_context(
                Phone(f"127.0.1.{n + 1}", server.sip, login, password=PASSWORD, chance=random.Random(n))
            )
            await phone.register()
            agent = await ending.enter_async_context(await server.client(login, PASSWORD))
            floor.clients.append(agent)
            await agent.post(f"/agents/{login}/state", {"state": "ready"})
            ending.push_async_callback(_stopped, asyncio.create_task(floor.pick_up(phone)))
        yield floor


async def _stopped(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@contextlib.asynccontextmanager
async def _chromium(*, behind: bool = False) -> AsyncIterator[Browser]:
    """behind: with what others leave of this machine, as pages that are open on others take nothing of the server's."""
    with tempfile.TemporaryDirectory() as folder:
        program = shutil.which("chromium")
        if behind:
            later = Path(folder) / "chromium"
            later.write_text(f'#!/bin/sh\nexec nice -n 19 {program} "$@"\n', "utf-8")
            later.chmod(0o755)
            program = str(later)
        async with (
            async_playwright() as playwright,
            await playwright.chromium.launch(executable_path=program, args=QUIET) as browser,
        ):
            yield browser


async def _open(browser: Browser, server: RunningServer, login: str, shown: str, before: str = "") -> Page:
    page = await (await browser.new_context(base_url=server.web, viewport={"width": 1366, "height": 768})).new_page()
    if before:
        await page.add_init_script(before)
    await page.goto("/sign-in")
    await page.fill("#login", login)
    await page.fill("#password", PASSWORD)
    await page.click("button[type=submit]")
    await page.wait_for_selector(by_id(shown))
    return page


# ---- a crowd of pages --------------------------------------------------------------------------------------------


async def _as_page(client: Client, heard: list[int], *, pops: bool) -> None:
    """Hears the live feed; asks for what the agent's page asks for when somebody calls."""
    async with client.http.ws_connect("/api/v1/events?live=1") as stream:
        async for message in stream:
            if message.type != WSMsgType.TEXT:
                continue
            heard[0] += 1
            heard[1] += len(message.data)
            if pops and '"screen.pop"' in message.data:
                said = json.loads(message.data)
                if said.get("type") == "screen.pop":
                    await client.get(f"/calls/{said['data']['call']}")
                    await client.get("/calls", caller=said["data"]["caller"], limit=11)


class Standing:
    """Calls through a dial node that stay, both ends of each sending sound, in a process of their own."""

    ports: tuple[int, int]

    async def __aenter__(self) -> Standing:
        pipe = asyncio.subprocess.PIPE
        command = (sys.executable, "-m", "bench.desks", "--standing")
        self._process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=ROOT)
        trunk, far = await self._said()
        self.ports = (trunk, far)
        return self

    async def place(self, server: tuple[str, int]) -> int:
        """Answers how many are up."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(server).encode() + b"\n")
        return int(await self._said())

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()

    async def _said(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(await self._process.stdout.readline())


async def stand() -> None:
    """In the process of its own: says its ports, hears where the server is, places the calls, and says how many."""
    async with Phone(TRUNK_HOST, ("127.0.0.1", 0), "gateway") as trunk, Phone(FAR_HOST, ("127.0.0.1", 0), "out") as far:
        print(json.dumps([trunk.port, far.port]), flush=True)
        trunk.server = far.server = tuple(json.loads(await asyncio.to_thread(sys.stdin.readline)))

        async def pick_up() -> None:
            while True:
                (await far.incoming.get()).answer()

        answering = asyncio.create_task(pick_up())
        calls = []
        for n in range(STANDING):
            calls.append(await trunk.dial(f"9{n:06}", caller=f"138{n:08}"))
            await asyncio.sleep(0.1)
        await asyncio.sleep(2.0)
        print(sum(call.answered.is_set() and not call.ended.is_set() for call in calls), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await _stopped(answering)


def _main_seconds(pid: int) -> float:
    """CPU seconds of the thread that the process began with: the loop's."""
    found = Path(f"/proc/{pid}/task/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(found[11]) + int(found[12])) / os.sysconf("SC_CLK_TCK")


async def _span(server: RunningServer) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    before, begun, at = await metrics(server), _main_seconds(server.pid), loop.time()
    await asyncio.sleep(MEASURED)
    spent, seconds, after = _main_seconds(server.pid) - begun, loop.time() - at, await metrics(server)
    return {
        "main_loop_share": round(spent / seconds, 3),
        "tick_late_ms_p99": round(tick_late_ms(before, after, 0.99), 2),
        "tick_late_ms_max": round(tick_late_ms(before, after, 1.0), 2),
    }


async def _crowd() -> dict[str, Any]:
    async with (
        Standing() as standing,
        _floor(AGENTS, standing.ports) as floor,
        contextlib.AsyncExitStack() as ending,
    ):
        os.nice(10)  # what stands for other people's machines takes what the server leaves
        placed = await standing.place(floor.server.sip)
        for _ in range(TALKING):
            ending.push_async_callback(_stopped, asyncio.create_task(floor.call_again_and_again()))
            await asyncio.sleep(TALK_SECONDS / TALKING)
        without = await _span(floor.server)
        heard = [0, 0]
        desks, walls = AGENTS - 2, WALLS - 2
        boss = await ending.enter_async_context(await floor.server.client(BOSS, PASSWORD))
        for n in range(desks + walls):
            client = floor.clients[n] if n < desks else boss
            page = asyncio.create_task(_as_page(client, heard, pops=n < desks))
            ending.push_async_callback(_stopped, page)
            await asyncio.sleep(0.05)  # of one address no more strangers come at once than the door lets in
        browser = await ending.enter_async_context(_chromium(behind=True))
        for login, shown in ((floor.agents[-1], "state-bar"), (floor.agents[-2], "state-bar")):
            await _open(browser, floor.server, login, shown)
        for _ in range(2):
            await _open(browser, floor.server, BOSS, "live-figures")
        await asyncio.sleep(5.0)
        answered, messages, octets = floor.answered, *heard
        with_pages = await _span(floor.server)
        lines = len((await boss.get("/live"))["lines"])
    return {
        **with_pages,
        "goal_main_loop_share_below": 0.3,
        **{f"{key}_without_pages": value for key, value in without.items()},
        "pages": AGENTS + WALLS,
        "of_these_in_a_browser": 4,
        "calls_up": lines,
        "standing_calls": placed,
        "answered_meanwhile": floor.answered - answered,
        "messages_per_second": round((heard[0] - messages) / MEASURED),
        "kilobytes_per_second": round((heard[1] - octets) / 1000 / MEASURED),
    }


# ---- a click -----------------------------------------------------------------------------------------------------


async def _click() -> dict[str, Any]:
    async with _floor(1) as floor, _chromium() as browser:
        page = await _open(browser, floor.server, floor.agents[0], "state-bar")
        await page.wait_for_selector('[data-testid="state-bar"][data-state="ready"]')
        await page.evaluate(_CLICKED)
        for _ in range(CLICKS // 2):
            await page.click(by_id("state-break"))
            await page.click('[data-testid^="break-"]:visible >> nth=0')
            await page.wait_for_selector('[data-testid="state-bar"][data-state="break"]')
            await page.click(by_id("state-ready"))
            await page.wait_for_selector('[data-testid="state-bar"][data-state="ready"]')
        took: list[float] = await page.evaluate("window.took")
    return {
        "ms_p50": round(percentile(took, 0.5), 1),
        "ms_p95": round(percentile(took, 0.95), 1),
        "goal_ms_p95_below": 40,
        "ms_max": round(max(took), 1),
        "clicks": len(took),
    }


# ---- a day -------------------------------------------------------------------------------------------------------

# Runs in the page before its own code: what comes on the event stream gets numbers of ours: `told` can say more.
_STREAM = """
const Plain = WebSocket
const numbering = {last: 0, more: 0, hears: null}
window.WebSocket = class extends Plain {
  set onmessage(hears) {
    numbering.hears = hears
    super.onmessage = (event) => {
      const message = JSON.parse(event.data)
      if (message.data?.seq !== undefined) numbering.last = message.data.seq += numbering.more
      hears(new MessageEvent('message', {data: JSON.stringify(message)}))
    }
  }
}
window.told = (text) => {
  const message = JSON.parse(text)
  if (message.data?.seq !== undefined) {
    numbering.more += 1
    message.data.seq = numbering.last += 1
  }
  numbering.hears(new MessageEvent('message', {data: JSON.stringify(message)}))
}
"""
# The colleagues' calls, as the server told one of them; each is another call of another caller.
_OTHERS = """async ([messages, call, caller, first, calls]) => {
  for (let n = first; n < first + calls; n++) {
    const name = call.slice(0, -6) + n.toString(16).padStart(6, '0')
    const number = '137' + String(n).padStart(8, '0')
    for (const message of messages) window.told(message.replaceAll(call, name).replaceAll(caller, number))
    if (n % 4 === 0) await new Promise((wake) => requestAnimationFrame(() => setTimeout(wake)))
  }
}"""


async def _day() -> dict[str, Any]:
    async with _floor(2) as floor, _chromium() as browser:
        await floor.clients[0].post(f"/agents/{floor.agents[0]}/state", {"state": "break", "reason": "rest"})
        told = await _as_it_is_told(floor)
        await floor.clients[1].post(f"/agents/{floor.agents[1]}/state", {"state": "signed_out"})
        page = await _open(browser, floor.server, floor.agents[0], "state-bar", before=_STREAM)
        await page.click(by_id("state-ready"))
        before = memory_mb(floor.server.pid)
        kept: list[dict[str, float]] = []
        own = others = 0
        for more_own, more_others in PARTS_OF_A_DAY:
            for _ in range(more_own):
                own += 1
                await _own_call(page, floor, own)
            await page.evaluate(_OTHERS, [*told, others, more_others])
            others += more_others
            kept.append(await _in_use(page))
        grown = memory_mb(floor.server.pid) - before
    begin, middle, end = kept
    return {
        **{f"{name}_{when}": found[name] for name in begin for when, found in zip(_WHEN, kept, strict=True)},
        "heap_mb_grown": round(end["heap_mb"] - middle["heap_mb"], 2),
        "goal_heap_mb_grown_below": 1.0,
        "own_calls": own,
        "calls_of_others": others,
        "messages_of_others": others * len(told[0]),
        "server_mb_grown": round(grown, 1),
    }


_WHEN = ("begin", "middle", "end")


async def _as_it_is_told(floor: Floor) -> tuple[list[str], str, str]:
    """What an agent's page hears of a call that a colleague takes: its messages, the call's id, the caller's number."""
    heard: list[str] = []
    async with floor.clients[0].http.ws_connect("/api/v1/events?live=1") as stream:
        call = await floor.callers.dial("02088886666", caller=COLLEAGUES_CALLER)
        await call.answered.wait()
        await asyncio.sleep(0.5)
        await call.hang_up()
        async with asyncio.timeout(SECONDS):
            while not any('"call.ended"' in message for message in heard):
                heard.append(await stream.receive_str())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(4.0):  # the wrap-up, and what is told when all is over
                while True:
                    heard.append(await stream.receive_str())
    told = [message for message in heard if json.loads(message)["type"] not in ("live.snapshot", "live.ping")]
    ended = next(said["data"] for said in map(json.loads, told) if said["type"] == "call.ended")
    return told, ended["call"], COLLEAGUES_CALLER


async def _own_call(page: Page, floor: Floor, number: int) -> None:
    """One that the page's agent takes: with a note, and a look at the history while it lasts.

    Elements are waited for by locators: a handle that was handed out would itself keep what is on the page no more.
    """
    call = await floor.call()
    await page.locator(f'{by_id("call-card")}[data-state="talking"]').wait_for()
    note = page.locator(f"textarea{by_id('note')}, {by_id('note')} textarea").first
    await note.fill(f"第 {number} 通：" + "客户问价格，已答复。" * 10)
    if number % 5 == 0:
        await page.click(by_id("menu-history"))
        await page.locator(by_id("history-row")).first.wait_for()
        await page.click(by_id("menu-desk"))
    await call.hang_up()
    await page.click(by_id("wrap-up-end"))
    await page.locator('[data-testid="state-bar"][data-state="ready"]').wait_for()


async def _in_use(page: Page) -> dict[str, float]:
    """What the page keeps after its rubbish is gone: megabytes, nodes (also those that are in no document any more),
    and listeners."""
    talk = await page.context.new_cdp_session(page)
    await asyncio.sleep(3.0)  # what waits for a pause has had one
    for _ in range(3):
        await talk.send("HeapProfiler.collectGarbage")
    used: float = (await talk.send("Runtime.getHeapUsage"))["usedSize"]
    counted = await talk.send("Memory.getDOMCounters")
    await talk.detach()
    return {"heap_mb": round(used / 1e6, 2), "nodes": counted["nodes"], "listeners": counted["jsEventListeners"]}


if __name__ == "__main__":
    asyncio.run(stand())
