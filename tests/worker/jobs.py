"""Jobs for the worker of the tests: what a job may do, well or badly."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path


def add(one: int, two: int) -> int:
    return one + two


def pid() -> int:
    return os.getpid()


def nice() -> int:
    return os.nice(0)


def complain(text: str) -> None:
    raise ValueError(text)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hang(begun: str = "") -> None:
    """For ever; `begun` is a file that says that it has begun."""
    if begun:
        Path(begun).touch()
    while True:
        time.sleep(60)


def chatter() -> str:
    print("a job may print; it must not come between the answers")
    return "done"


def octets(count: int) -> bytes:
    return bytes(count)


def unpicklable() -> object:
    return threading.Lock()


def hang_with_a_child(told: str) -> None:
    """A program that it began hangs; `told` is a file that gets the program's process id."""
    child = subprocess.Popen(["sleep", "600"])
    Path(told).with_suffix(".new").write_text(str(child.pid))
    Path(told).with_suffix(".new").rename(told)
    child.wait()


def wait_for(begun: str, gate: str) -> None:
    """Until the file `gate` is there."""
    Path(begun).touch()
    while not Path(gate).exists():
        time.sleep(0.005)


def count_up(path: str) -> int:
    """How often it was called, by a file."""
    with Path(path).open("a+b") as file:
        file.write(b".")
        return file.tell()
