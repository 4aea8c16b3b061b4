"""Kills a process that records, again and again at random moments, and looks at what is left: `… ROUNDS`.

Each round a child records three conversations with the real media room (sockets, tick, writer) over real RTP, every
other round sealed, and is killed (SIGKILL) 0.1 to 3 seconds after they began. Then they are repaired as at a start:
each must open in a foreign reader, and hold both sides up to LAST seconds before the end. One JSON object of figures.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from callcenterd import sealed
from callcenterd.clock import SystemClock
from callcenterd.demo.sound import Talk
from callcenterd.media import recording as files
from callcenterd.media.sdp import AudioFormat
from callcenterd.media.thread import Media
from callcenterd.model.ids import LegId, RecordingId
from tests.kit.tones import level, tone

CALLS = 3
HERTZ = (440, 1000)
LAST = 1.2
"""Seconds that may be missing: one that was being gathered, and what the tick was late."""
_BEGINS = 0.4
"""Seconds at the beginning and the end that may be silent: the first packets and the jitter buffer."""
_ALAW = AudioFormat(payload_type=8, codec="PCMA", event_payload_type=101)


# ---- the child ----------------------------------------------------------------------------------------------------


async def record(folder: Path, ports: range, key_file: Path | None) -> None:
    """Record until somebody ends it; say when it began, by the clock that all processes share."""
    clock = SystemClock()
    open_file: files.OpenFile = files.DiskFile if key_file is None else files.sealing(sealed.read_keys(key_file))
    media = Media(clock=clock, ports=ports, tell=lambda _: None, recordings=folder, open_file=open_file)
    media.start(asyncio.get_running_loop())
    talks, legs = [], []
    for n in range(2 * CALLS):
        talk = Talk("PCMA", random.Random(n))
        await talk.open("127.0.0.3")
        leg, port = media.open_leg("127.0.0.1")
        talk.start(("127.0.0.1", port), "PCMA", 101)
        media.connect(leg, ("127.0.0.3", talk.port), _ALAW)
        talks.append(talk)
        legs.append(leg)
    speaking = [asyncio.ensure_future(talk.say(tone(HERTZ[n % 2], 60.0))) for n, talk in enumerate(talks)]
    await asyncio.sleep(0.2)  # until they are heard
    for n in range(CALLS):
        a, b = legs[2 * n : 2 * n + 2]
        media.bridge(LegId(a), LegId(b))
        media.record(RecordingId(f"r{n}"), Path(f"r{n}.wav"), a, b)
    sys.stdout.write(f"{clock.monotonic()}\n")
    sys.stdout.flush()
    await asyncio.gather(*speaking)


# ---- one round ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Left:
    """What a round left. missing: seconds at the end of each recording. faults: what should not be, in words."""

    lasted: float
    missing: Sequence[float]
    faults: Sequence[str]


def kill_once(folder: Path, after: float, *, seal: bool, ports: range) -> Left:
    key_file = folder / "keys" if seal else None
    if key_file is not None:
        sealed.add_key(key_file)
    arguments = [
        sys.executable,
        "-m",
        "tools.soak_recording",
        "--record",
        str(folder),
        str(ports.start),
        str(ports.stop),
    ]
    child = subprocess.Popen(
        [*arguments, *([str(key_file)] if key_file is not None else [])], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        begun = float(child.stdout.readline())
        _wait(max(0.0, begun + after - SystemClock().monotonic()))
    finally:
        child.send_signal(signal.SIGKILL)
        ended = SystemClock().monotonic()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
    keys = None if key_file is None else sealed.read_keys(key_file)
    missing, faults = [], []
    for n in range(CALLS):
        path = folder / f"r{n}.wav"
        try:
            kept = files.repair(path, keys)
            faults += [f"{path.name}: {fault}" for fault in _look_at(path, kept.seconds, keys)]
        except Exception as fault:  # noqa: BLE001  # whatever it is, it is what is looked for
            faults.append(f"{path.name}: {type(fault).__name__}: {fault}")
            continue
        missing.append(ended - begun - kept.seconds)
        if missing[-1] > LAST:
            faults.append(f"{path.name}: {missing[-1]:.2f} s are missing of {ended - begun:.2f} s")
    return Left(ended - begun, missing, faults)


def _wait(seconds: float) -> None:
    signal.sigtimedwait([], seconds)


def _look_at(path: Path, seconds: float, keys: sealed.Keys | None) -> list[str]:
    """What is wrong with it."""
    source = str(path) if keys is None else sealed.Opened(path, keys)
    with av.open(source, "r") as file:
        frames = [frame.to_ndarray().reshape(-1, 2) for frame in file.decode(audio=0)]
    both = np.concatenate([np.zeros((0, 2), np.int16), *frames])
    faults = [] if len(both) == round(seconds * files.RATE) else [f"{len(both)} frames are read of {seconds} s"]
    for side, hertz in enumerate(HERTZ):
        heard = both[round(_BEGINS * 8000) :, side]
        if len(heard) >= 1600 and level(heard, hertz) < 4000:
            faults.append(f"side {side} is not heard")
    return faults


# ---- all of them --------------------------------------------------------------------------------------------------


def soak(rounds: int, chance: random.Random) -> list[str]:
    lasted: list[float] = []
    missing: list[float] = []
    faults: list[str] = []
    for n in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            left = kill_once(Path(folder), chance.uniform(0.1, 3.0), seal=n % 2 == 1, ports=range(47000, 47100))
        lasted.append(left.lasted)
        missing += left.missing
        faults += [f"round {n}: {fault}" for fault in left.faults]
    figures = {
        "rounds": rounds,
        "recordings": rounds * CALLS,
        "seconds_recorded": round(sum(lasted) * CALLS, 1),
        "missing_s_p50": round(float(np.median(missing)), 3),
        "missing_s_max": round(max(missing), 3),
        "faults": len(faults),
    }
    sys.stdout.write(json.dumps(figures) + "\n")
    return faults


def main(arguments: Sequence[str]) -> int:
    if arguments[0] == "--record":
        folder, first, stop, *key = arguments[1:]
        asyncio.run(record(Path(folder), range(int(first), int(stop)), Path(key[0]) if key else None))
        return 0
    os.environ["PYTHONPATH"] = os.pathsep.join(path or os.curdir for path in sys.path)
    faults = soak(int(arguments[0]), random.Random())
    for fault in faults:
        sys.stdout.write(fault + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
