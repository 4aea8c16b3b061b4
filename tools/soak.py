"""Runs the whole suite again and again, each time with other random examples: `python tools/soak.py HOURS`.

Ends at the first failure, with the seed that made it; a seed is given to pytest as --hypothesis-seed.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
import time


def main(hours: float) -> int:
    end = time.monotonic() + hours * 3600
    rounds = 0
    while time.monotonic() < end:
        seed = secrets.randbelow(1 << 32)
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", f"--hypothesis-seed={seed}"], check=False)
        rounds += 1
        if done.returncode:
            print(f"round {rounds} failed with --hypothesis-seed={seed}", file=sys.stderr)
            return done.returncode
        print(f"round {rounds} passed, {max(0.0, end - time.monotonic()) / 60:.0f} minutes to go", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(float(sys.argv[1])))
