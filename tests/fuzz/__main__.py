"""Coverage-guided fuzzing of one target: `python -m tests.fuzz TARGET SECONDS`. Needs atheris (the extra `fuzz`).

Starts from the corpus in the repository and what earlier runs left in the working folder (`--keep FOLDER`, by default
a temporary one). At the end it says how many inputs were tried, the slowest one by CPU without instrumentation, and
how much memory the process had. Exit code 0: no promise was broken; else the input that did it lies in the folder.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.corpus import CORPUS, cost
from tests.fuzz.targets import LONGEST_INPUT, MOST_SECONDS, TARGETS


def run(target: str, seconds: int, folder: Path) -> int:
    """Fuzz in a process of its own, since libFuzzer ends the one that it runs in; then measure what it kept."""
    found, crashes = folder / "corpus", folder / "crashes"
    found.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(exist_ok=True)
    log = folder / "log"
    with log.open("wb") as said:
        code = subprocess.run(
            [
                sys.executable, "-m", "tests.fuzz.guided", target, str(found), str(CORPUS / target),
                f"-max_total_time={seconds}", f"-max_len={LONGEST_INPUT}", f"-artifact_prefix={crashes}/",
                "-print_final_stats=1", "-timeout=10", "-rss_limit_mb=1024",
            ],
            check=False, stdout=said, stderr=said,
        ).returncode  # fmt: skip
    text = log.read_text(errors="replace")
    kept = [*sorted(found.iterdir()), *sorted((CORPUS / target).iterdir())]
    slowest = max(((cost(TARGETS[target], path.read_bytes()), path) for path in kept), default=(0.0, None))
    report = {
        "target": target,
        "executions": _last(text, r"number_of_executed_units:\s+(\d+)"),
        "new_inputs": len(list(found.iterdir())),
        "crashes": len(list(crashes.iterdir())),
        "slowest_ms": round(slowest[0] * 1000, 2),
        "slowest": str(slowest[1]),
        "peak_rss_mb": _last(text, r"peak_rss_mb:\s+(\d+)"),
    }
    print(json.dumps(report))
    return 1 if code or slowest[0] > MOST_SECONDS else 0


def _last(text: str, pattern: str) -> int:
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.fuzz")
    arguments.add_argument("target", choices=sorted(TARGETS))
    arguments.add_argument("seconds", type=int)
    arguments.add_argument("--keep", type=Path)
    asked = arguments.parse_args()
    if asked.keep is not None:
        return run(asked.target, asked.seconds, asked.keep / asked.target)
    with tempfile.TemporaryDirectory() as folder:
        return run(asked.target, asked.seconds, Path(folder))


if __name__ == "__main__":
    raise SystemExit(main())
