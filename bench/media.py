"""media.bridged and media.recorded: how many G.711 calls one core carries, and how they sound meanwhile.

The media room runs here; the load is a process of its own (`python -m bench.media`), since both together would
share one GIL. Each leg sends one constant A-law code, which changes once a second: what is heard tells at once
whether it is the right call's, and how old it is.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from callcenterd.clock import SystemClock
from callcenterd.media.addresses import key_of
from callcenterd.media.facts import MediaFact, RecordingClosed
from callcenterd.media.sdp import AudioFormat
from callcenterd.media.sockets import Ports, Sockets, open_sockets
from callcenterd.media.thread import Media
from callcenterd.model.ids import LegId, RecordingId

WARM = 2.0
"""Seconds that do not count: the first packets choose sources."""
_SILENCE = 0xD5
_STEPS = 4  # looks at the sockets in a tick of 20 ms
_HOST, _LOAD_HOST = "127.0.0.1", "127.0.0.2"
_PCMA = AudioFormat(payload_type=8, codec="PCMA", event_payload_type=101)


def run_bridged(seconds: float = 6.0, calls: int = 200) -> dict[str, Any]:
    """Bridged, not recorded."""
    return asyncio.run(_measure(seconds, calls, recorded=False))


def run_recorded(seconds: float = 6.0, calls: int = 200) -> dict[str, Any]:
    """Bridged and recorded in stereo."""
    return asyncio.run(_measure(seconds, calls, recorded=True))


BENCHES: Mapping[str, Callable[..., dict[str, Any]]] = {"media.bridged": run_bridged, "media.recorded": run_recorded}


async def _measure(seconds: float, calls: int, *, recorded: bool) -> dict[str, Any]:
    closed: list[RecordingClosed] = []

    def tell(fact: MediaFact) -> None:
        if isinstance(fact, RecordingClosed):
            closed.append(fact)

    with tempfile.TemporaryDirectory() as folder, _load(2 * calls) as load:
        assert load.stdout is not None
        assert load.stdin is not None
        theirs = json.loads(load.stdout.readline())
        media = Media(clock=SystemClock(), ports=range(20000, 32768), tell=tell, recordings=Path(folder))
        media.start(asyncio.get_running_loop())
        gc.collect()
        gc.freeze()
        try:
            ours = _set_up(media, theirs, recorded=recorded)
            load.stdin.write(json.dumps({"ports": ours, "seconds": seconds}) + "\n")
            load.stdin.flush()
            await asyncio.sleep(WARM)
            cpu, thread, begun = time.process_time(), media.lateness().cpu_seconds, time.perf_counter()
            await asyncio.sleep(seconds)
            spent = time.perf_counter() - begun
            cores = (time.process_time() - cpu) / spent
            figures = media.lateness(int(seconds * 50))
            heard = json.loads(await asyncio.to_thread(load.stdout.readline))
        finally:
            media.stop()
            gc.unfreeze()
        await asyncio.sleep(0)  # the last facts are told in the loop's next turn
    answer = {
        "calls": calls,
        "calls_per_core": round(calls / cores),
        "cores": round(cores, 3),
        "tick_cores": round((figures.cpu_seconds - thread) / spent, 3),
        "tick_late_ms_p50": round(figures.late_ms_p50, 2),
        "tick_late_ms_p99": round(figures.late_ms_p99, 2),
        "tick_work_ms_p50": round(figures.work_ms_p50, 2),
        "tick_work_ms_p99": round(figures.work_ms_p99, 2),
        "ticks_skipped": figures.skipped,
        **heard,
    }
    if recorded:
        answer["recordings_complete"] = sum(fact.complete for fact in closed)
    return answer


def _set_up(media: Media, theirs: list[int], *, recorded: bool) -> list[int]:
    """One leg for each of their ports, neighbours bridged."""
    legs: list[LegId] = []
    ports: list[int] = []
    for port in theirs:
        leg, own = media.open_leg(_HOST)
        media.connect(leg, (_LOAD_HOST, port), _PCMA)
        legs.append(leg)
        ports.append(own)
    for n in range(0, len(legs), 2):
        media.bridge(legs[n], legs[n + 1])
        if recorded:
            media.record(RecordingId(str(n)), Path(f"{n}.wav"), legs[n], legs[n + 1])
    return ports


def _load(legs: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.media", str(legs)]
    root = Path(__file__).resolve().parent.parent
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)


# ---- the load's own process ------------------------------------------------------------------------------------


def load_main(legs: int) -> None:
    """Tell our ports, hear theirs, send and listen, tell what was heard. One line of JSON each."""
    ports = Ports(range(32768 + 2 * 5000, 60000))
    sockets = open_sockets(legs)
    own = []
    for row in range(legs):
        bound = ports.open(_LOAD_HOST)
        own.append(bound.getsockname()[1])
        sockets.add(row, bound.detach())
    print(json.dumps(own), flush=True)
    asked = json.loads(sys.stdin.readline())
    for row, port in enumerate(asked["ports"]):
        sockets.aim(row, key_of(_HOST, port), only=True)
    print(json.dumps(_Talk(sockets, legs).run(asked["seconds"] + WARM)), flush=True)
    sockets.close()


class _Talk:
    def __init__(self, sockets: Sockets, legs: int) -> None:
        self._sockets = sockets
        self._rows = np.arange(legs)
        self._lengths = np.full(legs, 172, np.int64)
        first = (self._rows * 7 % 100 + 1).astype(np.uint8)
        codes = np.stack([first, first + np.uint8(128)], axis=1)
        codes[(codes == 0xD5) | (codes == 0x55)] ^= 3  # never silence
        self._codes = codes
        self._peer_codes = codes[self._rows ^ 1]
        self._heard = np.full(legs, -1)
        self._received = self._wrong = self._silent = self._due = 0
        self._deaf = np.ones(legs, np.bool_)
        self._delays: list[float] = []
        self._flipped = [0.0, 0.0]
        sockets.outgoing[:legs, 0] = 0x80
        sockets.outgoing[:legs, 1] = 8
        sockets.outgoing[:legs, 8:12] = (self._rows + 0x10000).astype(">u4").view(np.uint8).reshape(-1, 4)

    def run(self, seconds: float) -> dict[str, Any]:
        next_step = time.perf_counter()
        warm = int(WARM * 50)
        for tick in range(int(seconds * 50)):
            phase = tick // 50 & 1
            if tick % 50 == 0:
                self._flipped[phase] = time.perf_counter()
            self._say(tick, phase)
            for _ in range(_STEPS):
                next_step += 0.02 / _STEPS
                self._listen(phase, counted=tick >= warm)
                if (left := next_step - time.perf_counter()) > 0:
                    time.sleep(left)
            self._due += len(self._rows) * (tick >= warm)
        delays = np.sort(np.array(self._delays or [-1.0])) * 1000
        return {
            "received_share": round(self._received / max(1, self._due), 4),
            "wrong_code": self._wrong,
            "silent_share": round(self._silent / max(1, self._received), 4),
            "deaf_legs": int(self._deaf.sum()),
            "delay_ms_p50": round(float(np.percentile(delays, 50)), 1),
            "delay_ms_p99": round(float(np.percentile(delays, 99)), 1),
        }

    def _say(self, tick: int, phase: int) -> None:
        out = self._sockets.outgoing[: len(self._rows)]
        out[:, 2:4] = np.frombuffer((tick & 0xFFFF).to_bytes(2, "big"), np.uint8)
        out[:, 4:8] = np.frombuffer((tick * 160).to_bytes(4, "big"), np.uint8)
        out[:, 12:172] = self._codes[:, phase, None]
        self._sockets.send(self._rows, self._lengths)

    def _listen(self, phase: int, *, counted: bool) -> None:
        arrived = self._sockets.drain(self._rows)
        if not counted or len(arrived.rows) == 0:
            return
        now = time.perf_counter()
        rows, code = arrived.rows, arrived.octets[:, 92]
        which = np.where(code == self._peer_codes[rows, 0], 0, np.where(code == self._peer_codes[rows, 1], 1, -1))
        self._received += len(rows)
        self._deaf[rows] = False
        # Silence stands in for what did not come in time; another's code would be a fault.
        silent = code == _SILENCE
        self._silent += int(silent.sum())
        self._wrong += int(((which < 0) & ~silent).sum())
        turned = (which >= 0) & (which != self._heard[rows])
        known = turned & (self._heard[rows] >= 0) & (which == phase)
        self._delays += [now - self._flipped[phase]] * int(known.sum())
        self._heard[rows[turned]] = which[turned]


if __name__ == "__main__":
    load_main(int(sys.argv[1]))
