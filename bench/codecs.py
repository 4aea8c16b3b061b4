"""codecs.cost: what a frame of 20 ms costs in each codec; codecs.gil: what it costs to give the GIL away for one.

Cost is CPU of this thread, the best of several rounds, and as a ratio to the table of G.711 in the same run. For the
GIL, a second thread codes the packets of a tick, as the media thread does, while the main thread sleeps, or computes
without a pause; what counts is how long the tick takes on the wall's clock. Most ticks of PyAV have luck and get the
GIL back at once; one in a hundred waits for it at nearly each packet.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import av
import numpy as np

from callcenterd.media.codecs import frames, g711, g722, g722_pyav, g729, opus
from callcenterd.media.codecs.g711 import Samples

LEGS = 200
"""Coded at once where a codec can do that."""
TICK_LEGS = 20
"""Packets of a tick in codecs.gil."""
SWITCH_INTERVAL = 0.0005
"""As the daemon sets it."""


def run_cost(rounds: int = 15) -> dict[str, Any]:
    """Microseconds of CPU for a frame of one leg."""
    sound = _speech(50)
    rows = np.stack([sound[n % 50] for n in range(LEGS)])
    codes = g711.encode(rows, g711.PCMA)
    decoders, encoders = [g722.Decoder() for _ in range(LEGS)], [g722.Encoder() for _ in range(LEGS)]
    octets, out = np.zeros((LEGS, 160), np.uint8), np.zeros((LEGS, 160), np.int16)
    gap = opus.Decoder()
    frames.encode_g722(encoders, rows, octets)
    steps: dict[str, tuple[int, Callable[[], object]]] = {
        "g711_decode": (LEGS, lambda: g711.decode(codes, g711.PCMA)),
        "g711_encode": (LEGS, lambda: g711.encode(rows, g711.PCMA)),
        "g722_decode": (LEGS, lambda: frames.decode_g722(decoders, octets, out)),
        "g722_encode": (LEGS, lambda: frames.encode_g722(encoders, rows, octets)),
        "g722_decode_alone": _each(g722.Decoder().decode, _packets(g722.Encoder(), sound)),
        "g722_encode_alone": _each(g722.Encoder().encode, sound),
        "g722_by_pyav_decode": _each(g722_pyav.Decoder().decode, _packets(g722.Encoder(), sound)),
        "g722_by_pyav_encode": _each(g722_pyav.Encoder().encode, sound),
        "opus_decode": _each(opus.Decoder().decode, _packets(opus.Encoder(), sound)),
        "opus_encode": _each(opus.Encoder().encode, sound),
        "opus_conceal": (50, lambda: [gap.conceal() for _ in range(50)]),
        "g729_by_pyav_decode": _each(g729.Decoder().decode, _noise(20)),
    }
    cost = {name: _best(step, rounds) / count for name, (count, step) in steps.items()}
    figures: dict[str, Any] = {f"{name}_us": round(1e6 * seconds, 2) for name, seconds in cost.items()}
    for name, seconds in cost.items():
        if not name.startswith("g711"):
            figures[f"{name}_ratio"] = round(seconds / cost[f"g711_{'encode' if 'encode' in name else 'decode'}"])
    return figures


def run_gil(ticks: int = 200) -> dict[str, Any]:
    """Microseconds for a packet, in a tick of TICK_LEGS packets, with an idle and with a busy main thread."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL)
    sound = _speech(TICK_LEGS)
    said, said_g722 = _packets(opus.Encoder(), sound), _packets(g722.Encoder(), sound)
    by_pyav: Any = av.CodecContext.create("opus", "r")
    ways: dict[str, tuple[int, Callable[[], object]]] = {
        "opus_decode": _each(opus.Decoder().decode, said),
        "opus_by_pyav_decode": _each(lambda packet: by_pyav.decode(av.Packet(packet)), said),
        "opus_encode": _each(opus.Encoder().encode, sound),
        "g722_decode": _each(g722.Decoder().decode, said_g722),
        "g722_by_pyav_decode": _each(g722_pyav.Decoder().decode, said_g722),
        "g722_encode": _each(g722.Encoder().encode, sound),
        "g722_by_pyav_encode": _each(g722_pyav.Encoder().encode, sound),
        "g729_by_pyav_decode": _each(g729.Decoder().decode, _noise(TICK_LEGS)),
    }
    figures: dict[str, Any] = {"packets_per_tick": TICK_LEGS}
    try:
        for name, (count, step) in ways.items():
            for state, busy in (("idle", False), ("busy", True)):
                took = np.array(_in_a_thread(step, ticks, busy=busy)) / count
                figures[f"{name}_{state}_us_p50"] = round(1e6 * float(np.percentile(took, 50)), 1)
                figures[f"{name}_{state}_us_p99"] = round(1e6 * float(np.percentile(took, 99)), 1)
    finally:
        sys.setswitchinterval(interval)
    return figures


BENCHES: Mapping[str, Callable[..., dict[str, Any]]] = {"codecs.cost": run_cost, "codecs.gil": run_gil}


def _each(code: Callable[[Any], object], given: Sequence[Any]) -> tuple[int, Callable[[], object]]:
    """(how many, what codes each of these)."""

    def step() -> None:
        for one in given:
            code(one)

    return len(given), step


def _best(step: Callable[[], object], rounds: int) -> float:
    """Seconds of CPU of the quickest round: everything else on the machine can only add to it."""
    took = []
    for _ in range(rounds):
        begun = time.thread_time()
        step()
        took.append(time.thread_time() - begun)
    return min(took)


def _in_a_thread(step: Callable[[], object], ticks: int, *, busy: bool) -> list[float]:
    """Seconds that each of the ticks took, 5 ms apart, once the thread was let in."""
    took: list[float] = []

    def run() -> None:
        for _ in range(ticks):
            time.sleep(0.005)
            begun = time.perf_counter()
            step()
            took.append(time.perf_counter() - begun)

    thread = threading.Thread(target=run)
    thread.start()
    turns = 0
    while busy and thread.is_alive():
        for _ in range(1000):
            turns += 1
    thread.join()
    return took


def _speech(count: int) -> list[Samples]:
    """Frames of a buzz whose pitch and loudness move, with a breath of noise: as much work as a voice is."""
    time_ = np.arange(160 * count) / 8000
    phase = 2 * np.pi * 120 * time_ + 0.5 * np.sin(2 * np.pi * 3 * time_)
    buzz = np.sum([np.sin(n * phase) / n for n in range(1, 25)], axis=0) * (1 + np.sin(2 * np.pi * 2.5 * time_))
    noise = np.random.default_rng(1).normal(0, 0.02, len(buzz))
    return list(np.round((buzz / np.abs(buzz).max() + noise) * 12000).astype(np.int16).reshape(-1, 160))


def _packets(encoder: frames.Encoder, sound: Sequence[Samples]) -> list[bytes]:
    return [encoder.encode(frame) for frame in sound]


def _noise(count: int) -> list[bytes]:
    """Packets of G.729, which nothing here can encode; its decoder works as hard on these."""
    rng = np.random.default_rng(2)
    return [rng.bytes(20) for _ in range(count)]
