"""sip.setup, sip.register, ivr.flows: what a whole server pays for calls, phones and flows.

A server of its own is started for each; the load is another process, or so little that it does not matter. CPU is the
server process's own, so that other programs of the machine do not count; times do count them.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping
from typing import Any

from bench.load import FAR_HOST, TRUNK_HOST, Load
from bench.office import cpu, memory_mb, metrics, office, percentile, tick_late_ms
from callcenterd.demo.phone import Phone, PhoneCall
from tests.kit.server import RunningServer

RATES = (20, 50, 100, 150)
JUDGED = 50
"""Calls a second at which the figures without a rate in their name are taken."""
SECONDS = 4
MOST_CALLS = 480
"""Up at once: the server of the benchmark has ports for 500."""
PHONES = 200
AT_ONCE = 16
CALLERS = 200

DIAL = """\
flow: out
language: zh-CN
start: dial
nodes:
  dial: {dial: "{{ called }}", trunks: [out], record: true}
"""

MENU = """\
flow: menu
language: zh-CN
start: welcome
nodes:
  welcome: {say: "您好，欢迎致电。", next: menu}
  menu:
    menu: {say: "业务咨询请按 1，投诉建议请按 2，再听一遍请按 3，结束请按 9。", timeout: 2, retries: 2}
    keys: {"1": sales, "2": complaint, "3": welcome, "9": bye}
    otherwise: welcome
  sales: {say: "业务咨询。", next: menu}
  complaint: {say: "投诉建议。", next: menu}
  bye: {hangup: normal}
"""


def run_setup() -> dict[str, Any]:
    """From the trunk through a recorded dial node to a far end that answers at once, held, then hung up.

    cpu_ms_per_call is of the set-up alone, without the media thread, whose cost is the legs' that are up by then.
    """
    return asyncio.run(_setup())


async def _setup() -> dict[str, Any]:
    with Load() as load:
        site = (
            f"trunks:\n  - {{name: gateway, host: {TRUNK_HOST}, port: {load.trunk_port}, allow: [{TRUNK_HOST}]}}\n"
            f"  - {{name: out, host: {FAR_HOST}, port: {load.far_port}, allow: [{FAR_HOST}]}}\n"
            'numbers:\n  - {match: "9.", flow: out}\n'
        )
        async with office(site, out=DIAL) as server:
            await _round(server, load, 20)  # what only the first calls cost
            rounds = {rate: await _round(server, load, rate) for rate in RATES}
    figures: dict[str, Any] = {
        key: rounds[JUDGED][key]
        for key in (
            "cpu_ms_per_call",
            "media_cpu_ms_per_call",
            "hang_up_cpu_ms_per_call",
            "setup_ms_p50",
            "setup_ms_p99",
        )
    }
    for rate in RATES:
        for key in ("cpu_ms_per_call", "setup_ms_p50", "setup_ms_p99"):
            figures[f"{key}_at_{rate}"] = rounds[rate][key]
    for key in ("calls", "answered", "repeated", "ended"):
        figures[key] = sum(one[key] for one in rounds.values())
    return {**figures, "memory_mb_per_call": rounds[max(RATES)]["memory_mb_per_call"]}


async def _round(server: RunningServer, load: Load, rate: int) -> dict[str, Any]:
    calls = min(rate * SECONDS, MOST_CALLS)
    memory = memory_mb(server.pid)
    before, begun = await metrics(server), cpu(server.pid)
    placed = await asyncio.to_thread(load.set_up, server.sip, calls, rate)
    up, after = cpu(server.pid), await metrics(server)
    grown = memory_mb(server.pid) - memory
    ending = cpu(server.pid)
    gone = await asyncio.to_thread(load.hang_up, rate)
    ended, last = cpu(server.pid), await metrics(server)
    await asyncio.sleep(1.0)  # recordings are closed, the history is written
    answered = max(1, placed["answered"])
    media = "callcenterd_media_cpu_seconds_total"
    return {
        "calls": calls,
        "answered": placed["answered"],
        "repeated": placed["repeated"],
        "ended": min(gone["ended"], gone["far_ended"]),
        "cpu_ms_per_call": round(1000 * (up - begun - after[media] + before[media]) / answered, 2),
        "media_cpu_ms_per_call": round(1000 * (after[media] - before[media]) / answered, 2),
        "hang_up_cpu_ms_per_call": round(1000 * (ended - ending - last[media] + after[media]) / answered, 2),
        "setup_ms_p50": round(percentile(placed["ms"], 0.5), 2),
        "setup_ms_p99": round(percentile(placed["ms"], 0.99), 2),
        "memory_mb_per_call": round(grown / answered, 3),
    }


def run_register(rounds: int = 8) -> dict[str, Any]:
    """A registration is a REGISTER, its challenge, the REGISTER with its proof, and its 200 (digest, SHA-256)."""
    return asyncio.run(_register(rounds))


async def _register(rounds: int) -> dict[str, Any]:
    numbers = [f"{2000 + n}" for n in range(PHONES)]
    site = "extensions:\n" + "".join(f'  - {{number: "{number}", password: "secret-{number}"}}\n' for number in numbers)
    async with office(site) as server, contextlib.AsyncExitStack() as open_phones:
        phones = [
            await open_phones.enter_async_context(
                Phone(f"127.0.1.{n + 1}", server.sip, number, password=f"secret-{number}")
            )
            for n, number in enumerate(numbers)
        ]
        await _register_all(phones)  # from now on they are no strangers
        begun, clock = cpu(server.pid), asyncio.get_running_loop().time()
        for _ in range(rounds):
            await _register_all(phones)
        spent, seconds = cpu(server.pid) - begun, asyncio.get_running_loop().time() - clock
        there = (await metrics(server))["callcenterd_phones_registered"]
    done = rounds * PHONES
    return {
        "per_second_per_core": round(done / spent),
        "cpu_ms_per_registration": round(1000 * spent / done, 3),
        "per_second_here": round(done / seconds),
        "registrations": done,
        "phones": round(there),
    }


async def _register_all(phones: list[Phone]) -> None:
    """A few at a time, each when another is done."""
    waiting = iter(phones)

    async def take() -> None:
        for phone in waiting:
            await phone.register()

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(take())


def run_flows(seconds: float = 12.0) -> dict[str, Any]:
    """200 callers at once hear prompts in a menu and press keys all the time: how late does the media tick begin?"""
    return asyncio.run(_flows(seconds))


async def _flows(seconds: float) -> dict[str, Any]:
    chance = random.Random(1)
    trunk = Phone(TRUNK_HOST, ("127.0.0.1", 0), "gateway", chance=chance)
    await trunk.open()
    site = (
        f"trunks:\n  - {{name: gateway, host: {TRUNK_HOST}, port: {trunk.port}, allow: [{TRUNK_HOST}]}}\n"
        'numbers:\n  - {match: "02088886666", flow: menu}\n'
    )
    async with office(site, menu=MENU) as server, contextlib.AsyncExitStack() as ending:
        ending.push_async_callback(trunk.close)
        trunk.server = server.sip
        callers = []
        for n in range(CALLERS):
            callers.append(await trunk.dial("02088886666", caller=f"1380013{n:04}"))
            await asyncio.sleep(0.02)
        await asyncio.gather(*(asyncio.wait_for(caller.answered.wait(), 20) for caller in callers))
        await asyncio.sleep(1.0)
        before, begun = await metrics(server), cpu(server.pid)
        keys = sum(
            await asyncio.gather(*(_press(caller, seconds, random.Random(n)) for n, caller in enumerate(callers)))
        )
        spent, after = cpu(server.pid) - begun, await metrics(server)
        stayed = sum(not caller.ended.is_set() for caller in callers)
        heard = sum(len(caller.talk.packets) for caller in callers)
        await asyncio.gather(*(caller.hang_up() for caller in callers))
    return {
        "callers": CALLERS,
        "tick_late_ms_p99": round(tick_late_ms(before, after, 0.99), 2),
        "tick_late_ms_p50": round(tick_late_ms(before, after, 0.5), 2),
        "loop_late_ms_max": round(1000 * after["callcenterd_loop_late_seconds"], 1),
        "cores": round(spent / seconds, 3),
        "keys_pressed": keys,
        "callers_to_the_end": stayed,
        "packets_heard": heard,
    }


async def _press(caller: PhoneCall, seconds: float, chance: random.Random) -> int:
    """A caller who has no rest. Answers how many keys were pressed."""
    loop = asyncio.get_running_loop()
    until, keys = loop.time() + seconds, 0
    while loop.time() < until:
        await asyncio.sleep(chance.uniform(0.5, 2.0))
        caller.talk.press(chance.choice("123"))
        keys += 1
    return keys


BENCHES: Mapping[str, Callable[..., dict[str, Any]]] = {
    "sip.setup": run_setup,
    "sip.register": run_register,
    "ivr.flows": run_flows,
}
