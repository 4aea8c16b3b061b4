"""Everything that `make test` tests, in parts: `python tools/run_tests.py` (all) or `python tools/run_tests.py check`.

In front run the tests against the real clock, two files at once, since they mostly wait. Beside them, with what they
leave of the machine, runs all else, one after the other; two at a time when they are over. What measures time to a few
milliseconds (marked `alone`) comes last, when nothing else runs; after it, once more, the few that failed beside the
others. The end of the output names what failed in any part, and what needed its second try; its last line counts all
tests.
"""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from callcenterd.clock import SystemClock

CLOCK = SystemClock()
ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / ".venv" / "tests"
PYTHON = sys.executable
WORKERS = 2
"""Tests against the real clock at once. Each worker has ports of its own (tests/kit/lanes.py)."""
_ONE_BY_ONE = ("-n", "0")
_AFTER_ALL = ("nice", "-n", "15")
_ROOMS = ("web", "store", "media", "sip")
"""Those with the most tests are parts of their own; all others are one."""
_BESIDE, _AFTER = 0, WORKERS + 1
"""Lanes of ports (tests/kit/lanes.py) besides those of the workers: beside the tests in front, and in their place."""
_MOST_AGAIN = 12
"""Tests that get a second try: more are no busy machine's."""
_NOTED = re.compile(r"^(FAILED|ERROR|RERUN) (?=\S)")
_CLOSING = re.compile(r"(?:^|=+ )(?P<counts>\d+ \w+(?:, \d+ \w+)*) in [\d.]+s")
_NOTHING_CHOSEN = 5
"""How pytest ends when there was no test of that kind."""
_TAIL_LINES = 15


@dataclass
class Part:
    """One program to run. seconds, code: known when it has run."""

    name: str
    command: Sequence[str]
    lane: int = _BESIDE
    log: Path = field(init=False)
    code: int = 0
    seconds: float = 0.0
    again: Part | None = None
    """Its second try, of what failed in it."""

    def __post_init__(self) -> None:
        self.log = LOGS / f"{self.name.replace(' ', '_')}.log"

    def run(self, *, aloud: bool = False) -> None:
        """Its output goes to its log; aloud: and to ours, as it comes."""
        begun = CLOCK.monotonic()
        starting = subprocess.Popen(
            self.command, cwd=ROOT, env=environment(self.lane), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        with self.log.open("wb") as log, starting as running:
            assert running.stdout is not None
            while octets := os.read(running.stdout.fileno(), 65536):
                log.write(octets)
                if aloud:
                    sys.stdout.buffer.write(octets)
                    sys.stdout.buffer.flush()
        self.code = running.returncode
        self.code = 0 if self.code == _NOTHING_CHOSEN else self.code
        self.seconds = CLOCK.monotonic() - begun

    def try_again(self) -> None:
        """What failed in it, when nothing else runs. It has failed if one of them fails again, or is not run."""
        only = ("--last-failed", "--last-failed-no-failures", "none")
        self.again = Part(f"{self.name} again", (*self.command, *only, *_ONE_BY_ONE))
        self.again.run(aloud=True)
        if self.again.code == 0 and self.again.counts()["passed"] >= self.failures():
            self.code = 0

    def failures(self) -> int:
        counts = self.counts()
        return counts["failed"] + counts["error"]

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def counts(self) -> Counter[str]:
        """Of tests, by how they ended; empty where it is no pytest."""
        found = Counter[str]()
        for line in self.said().splitlines()[-_TAIL_LINES:]:
            if (closing := _CLOSING.search(line)) is not None:
                for counted in closing["counts"].split(", "):
                    number, what = counted.split(" ")
                    found[what.replace("errors", "error").replace("warnings", "warning")] += int(number)
        return found

    def noted(self, *kinds: str) -> list[str]:
        """The lines of pytest's summary of those kinds."""
        return [line for line in self.said().splitlines() if (at := _NOTED.match(line)) and at[1] in kinds]

    def why(self) -> list[str]:
        """What failed in it: the tests, or how its output ends."""
        lines = self.said().rstrip().splitlines()
        named = self.noted("FAILED", "ERROR")
        if all(" - " in line for line in named):
            return named or lines[-_TAIL_LINES:]
        return [*named, *[line for line in lines if line.startswith("E  ")][-_TAIL_LINES:]]


def environment(lane: int) -> dict[str, str]:
    """lane: of ports. A hundred servers and more are started: each would compile our whole source anew if Python might
    not keep it. COLUMNS: a line of pytest's summary has room for why."""
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**ours, "COLUMNS": "250", "TEST_LANE": str(lane)}


def python(*words: str) -> tuple[str, ...]:
    return (PYTHON, *words)


def checks() -> list[Part]:
    return [
        Part("format", python("-m", "ruff", "format", "--check", ".")),
        Part("lint", python("-m", "ruff", "check", ".")),
        Part("types", python("-m", "mypy")),
        Part("walls", (str(Path(PYTHON).with_name("lint-imports")),)),
    ]


def tests(name: str, *which: str) -> Part:
    """Each part remembers for itself what failed in it."""
    pytest = python("-m", "pytest", "-o", f"cache_dir={LOGS / 'cache' / name}", "-m", "not alone")
    return Part(name, (*pytest, *which))


def all_of_it() -> list[Part]:
    """Runs everything. Answers its parts, all of them run."""
    shutil.rmtree(LOGS / "cache", ignore_errors=True)
    workers = ("-n", str(WORKERS), "--dist", "loadfile")
    front = tests("e2e", "tests/e2e", "--durations=20", *workers)
    rooms = [tests(room, f"tests/{room}") for room in _ROOMS]
    rest = tests("rest", *[f"--ignore=tests/{room}" for room in ("e2e", *_ROOMS)])
    beside = [*checks(), Part("pages", python("tools/npm.py", "test")), *rooms, rest]
    waiting = queue.SimpleQueue[Part]()
    for part in beside:
        part.command = (*_AFTER_ALL, *part.command)
        waiting.put(part)
    with ThreadPoolExecutor(1) as aside:
        others = aside.submit(in_turn, waiting, _BESIDE)
        front.run(aloud=True)
        in_turn(waiting, _AFTER)
        others.result()
    for part in beside:
        show(part)
    last = Part("alone", python("-m", "pytest", "-m", "alone"))
    last.run(aloud=True)
    second_tries([front, *rooms, rest])
    return [*beside, front, last]


def in_turn(waiting: queue.SimpleQueue[Part], lane: int) -> None:
    """A part that fails does not hide what the next one finds."""
    while True:
        try:
            part = waiting.get_nowait()
        except queue.Empty:
            return
        part.lane = lane
        part.run()


def second_tries(parts: Sequence[Part]) -> None:
    """A busy machine makes a few tests late, never the same ones (docs/decisions/0027); what is broken fails again."""
    failed = [part for part in parts if part.code != 0 and part.failures()]
    if sum(part.failures() for part in failed) <= _MOST_AGAIN:
        for part in failed:
            part.try_again()


def show(part: Part) -> None:
    print(f"\n---- {part.name}", flush=True)
    sys.stdout.write(part.said())


def close(parts: Sequence[Part], seconds: float) -> int:
    """The end of the output: whoever sees nothing else of it sees what failed. Answers the exit code."""
    print("\n---- in all: " + ", ".join(f"{part.name} {part.seconds:.0f} s" for part in parts))
    for part in parts:
        for line in part.noted("RERUN"):
            print(f"{part.name}: {line}")
        if part.again is not None and part.code == 0:
            for line in part.noted("FAILED", "ERROR"):
                print(f"{part.name}: passed at its second try: {line}")
    failed = [part for part in parts if part.code != 0]
    for part in failed:
        for line in part.why():
            print(f"{part.name}: {line}")
    total = sum((part.counts() for part in parts), Counter[str]())
    for part in parts:
        if part.again is not None and part.code == 0:
            again = part.failures()
            total.subtract({what: part.counts()[what] for what in ("failed", "error")})
            total.update({"passed": again, "rerun": again})
    order = ("failed", "error", "passed", "skipped", "xfailed", "rerun")
    counted = [f"{total[what]} {what}" for what in order if total[what]]
    parts_failed = [f"parts failed: {' '.join(part.name for part in failed)}"] if failed else []
    print(", ".join([*parts_failed, *counted]) + f" in {seconds:.0f}s", flush=True)
    return 1 if failed else 0


def check() -> int:
    parts = checks()
    for part in parts:
        part.run(aloud=True)
    return 1 if any(part.code for part in parts) else 0


def main() -> int:
    LOGS.mkdir(parents=True, exist_ok=True)
    if sys.argv[1:] == ["check"]:
        return check()
    begun = CLOCK.monotonic()
    parts = all_of_it()
    return close(parts, CLOCK.monotonic() - begun)


if __name__ == "__main__":
    raise SystemExit(main())
