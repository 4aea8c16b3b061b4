"""media.*: how many calls one core carries, G.711 and transcoded, a room of fifty, and how they sound meanwhile.

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
from typing import Any, cast

import numpy as np

from callcenterd.clock import SystemClock
from callcenterd.media.addresses import key_of
from callcenterd.media.codecs import frames
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
_CODED = {
    "G722": AudioFormat(payload_type=9, codec="G722", event_payload_type=101),
    "opus": AudioFormat(payload_type=107, codec="opus", event_payload_type=101, event_rate=48000),
}
PARTIES = 50


def run_bridged(seconds: float = 6.0, calls: int = 200) -> dict[str, Any]:
    """Bridged, not recorded."""
    return asyncio.run(_measure(seconds, calls, recorded=False))


def run_recorded(seconds: float = 6.0, calls: int = 200) -> dict[str, Any]:
    """Bridged and recorded in stereo."""
    return asyncio.run(_measure(seconds, calls, recorded=True))


def run_transcoded(seconds: float = 6.0, calls: int = 200) -> dict[str, Any]:
    """A-law on one side, G.722 on the other. What is heard there is not compared: only that it arrives."""
    return asyncio.run(_measure(seconds, calls, recorded=False, codec="G722"))


def run_opus(seconds: float = 6.0, calls: int = 50) -> dict[str, Any]:
    """A-law on one side, Opus on the other."""
    return asyncio.run(_measure(seconds, calls, recorded=False, codec="opus"))


def run_conference(seconds: float = 6.0) -> dict[str, Any]:
    """One room of fifty, beside the same fifty legs in pairs: the difference is the room."""
    pairs = asyncio.run(_measure(seconds, PARTIES // 2, recorded=False))
    room = asyncio.run(_measure(seconds, PARTIES // 2, recorded=False, room=True))
    kept = ("cores", "tick_cores", "tick_late_ms_p99", "tick_work_ms_p50", "received_share", "deaf_legs")
    return {
        "parties": PARTIES,
        **{key: room[key] for key in kept},
        "tick_cores_in_pairs": pairs["tick_cores"],
        "mixing_cores": round(room["tick_cores"] - pairs["tick_cores"], 4),
    }


BENCHES: Mapping[str, Callable[..., dict[str, Any]]] = {
    "media.bridged": run_bridged,
    "media.recorded": run_recorded,
    "media.transcoded": run_transcoded,
    "media.opus": run_opus,
    "media.conference": run_conference,
}


async def _measure(
    seconds: float, calls: int, *, recorded: bool, codec: str = "PCMA", room: bool = False
) -> dict[str, Any]:
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
            ours = _set_up(media, theirs, recorded=recorded, other=_CODED.get(codec, _PCMA), room=room)
            load.stdin.write(json.dumps({"ports": ours, "seconds": seconds, "codec": codec}) + "\n")
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


def _set_up(media: Media, theirs: list[int], *, recorded: bool, other: AudioFormat, room: bool) -> list[int]:
    """One leg for each of their ports, neighbours bridged, or all of them in one room."""
    legs: list[LegId] = []
    ports: list[int] = []
    for port in theirs:
        leg, own = media.open_leg(_HOST)
        media.connect(leg, (_LOAD_HOST, port), other if len(legs) % 2 else _PCMA)
        legs.append(leg)
        ports.append(own)
    if room:
        for leg in legs:
            media.hear(leg, [one for one in legs if one != leg])
        return ports
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
    print(json.dumps(_Talk(sockets, legs, asked["codec"]).run(asked["seconds"] + WARM)), flush=True)
    sockets.close()


class _Talk:
    def __init__(self, sockets: Sockets, legs: int, codec: str) -> None:
        self._sockets = sockets
        self._codec = codec
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

    def _speak(self) -> list[bytes]:
        """A second of a tone, in packets of the codec that the odd legs speak."""
        sound = np.round(8000 * np.sin(2 * np.pi * 400 * np.arange(8000) / 8000)).astype(np.int16)
        encoder = frames.encoder(cast("frames.Coded", self._codec))
        return [encoder.encode(sound[n : n + 160]) for n in range(0, 8000, 160)]

    def run(self, seconds: float) -> dict[str, Any]:
        self._coded = self._speak() if self._codec != "PCMA" else []
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
        if self._coded:
            coded = self._coded[tick % 50]
            out[1::2, 1] = _CODED[self._codec].payload_type
            out[1::2, 4:8] = np.frombuffer(
                (tick * (960 if self._codec == "opus" else 160)).to_bytes(4, "big"), np.uint8
            )
            out[1::2, 12 : 12 + len(coded)] = np.frombuffer(coded, np.uint8)
            self._lengths[1::2] = 12 + len(coded)
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
