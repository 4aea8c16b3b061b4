"""kill -9 in the middle of writing: what was acknowledged is there, in every round."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from callcenterd.model.ids import CallId
from callcenterd.store.database import Store
from tests.kit.virtual import VirtualClock

ROUNDS = 3
LINES = 150
"""Acknowledged rows after which the axe falls."""

WRITER = """
import asyncio, sys
from pathlib import Path
from callcenterd.model.ids import CallId
from callcenterd.store.database import Store
from tests.kit.virtual import START, VirtualClock
from tests.store.rows import call

async def one(store, name):
    await store.calls.begin(call(name))
    await store.calls.append(CallId(name), START, "call.started", {})
    if int(name[-1]) == 0:
        await store.calls.note(CallId(name), "要求退货", None)
    print(name, flush=True)

async def main(address, round):
    store = await Store.open(address if "://" in address else Path(address), clock=VirtualClock())
    number = 0
    while True:
        await asyncio.gather(*(one(store, f"{round}-{number + n:06}") for n in range(7)))
        number += 7

asyncio.run(main(sys.argv[1], sys.argv[2]))
"""


async def test_every_acknowledged_row_outlives_the_process(address: str | Path, clock: VirtualClock) -> None:
    acknowledged: list[str] = []
    for number in range(ROUNDS):
        acknowledged += _write_until_killed(address, number)
    store = await Store.open(address, clock=clock)
    for name in acknowledged:
        assert (await store.calls.get(CallId(name))).note == ("要求退货" if name.endswith("0") else "")
        assert len(await store.calls.story(CallId(name))) == 1
    interrupted = await store.calls.close_interrupted()
    assert set(acknowledged) <= set(interrupted)
    await store.close()


def _write_until_killed(address: str | Path, number: int) -> list[str]:
    """What the child said to have kept."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(address), str(number)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        told = [child.stdout.readline() for _ in range(LINES * (number + 1) // ROUNDS)]
        child.send_signal(signal.SIGKILL)
        told += child.stdout.readlines()
    assert child.returncode == -signal.SIGKILL, "the writer ended by itself"
    return [line.strip() for line in told if line.endswith("\n")]
