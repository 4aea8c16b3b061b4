"""Runs the whole suite again and again, each time with other random examples: `python tools/soak.py HOURS`.

Ends at the first failure, with the seed that made it; a seed is given to pytest as --hypothesis-seed.
"""

from __future__ import annotations

import secrets
import subprocess
import sys

from callcenterd.clock import SystemClock


def main(hours: float) -> int:
    clock = SystemClock()
    end = clock.monotonic() + hours * 3600
    rounds = 0
    while (left := end - clock.monotonic()) > 0:
        seed = secrets.randbelow(1 << 32)
        _say(f"round {rounds + 1} with --hypothesis-seed={seed}, {left / 60:.0f} minutes to go")
        done = subprocess.run([sys.executable, "-m", "pytest", f"--hypothesis-seed={seed}"], check=False)
        if done.returncode:
            return done.returncode
        rounds += 1
    _say(f"{rounds} rounds passed")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main(float(sys.argv[1])))
