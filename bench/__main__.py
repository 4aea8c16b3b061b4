"""Runs the benchmarks, one JSON object a line: `python -m bench [NAME]`, or `make bench ONLY=NAME`.

A module of this folder takes part by BENCHES: Mapping[str, Callable[[], dict]], from the benchmark's name to a
function that measures and answers the figures, each with its unit in its key. Each runs in a process of its own, so
that none inherits another's threads, memory or warm caches; one that fails is told on standard error, and the rest go
on. What a module names in ASKED takes too long for all days: it is run only when asked for by its name. Exit code 1 if
any failed, 2 for a name that is none.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
Bench = Callable[[], dict[str, Any]]


def found() -> dict[str, Bench]:
    """Every benchmark by its name, in the order of the names."""
    benches: dict[str, Bench] = {}
    for module in pkgutil.iter_modules([str(HERE)]):
        if module.name.startswith("_"):
            continue
        theirs: Mapping[str, Bench] = getattr(importlib.import_module(f"bench.{module.name}"), "BENCHES", {})
        if twice := benches.keys() & theirs.keys():
            raise ValueError(f"{', '.join(sorted(twice))} is measured twice")
        benches.update(theirs)
    return dict(sorted(benches.items()))


def only_asked() -> frozenset[str]:
    """Benchmarks that are run only by their names."""
    modules = (importlib.import_module(f"bench.{module.name}") for module in pkgutil.iter_modules([str(HERE)])
               if not module.name.startswith("_"))  # fmt: skip
    return frozenset().union(*(getattr(module, "ASKED", frozenset()) for module in modules))


def measure(name: str) -> None:
    """Run one in this process and print its line."""
    print(json.dumps({"name": name, **found()[name]()}), flush=True)


def main(only: str) -> int:
    names = [name for name in found() if only in ((name,) if name in only_asked() else ("", name, name.split(".")[0]))]
    if not names:
        print(f"there is no benchmark {only}; there are: {', '.join(found())}", file=sys.stderr)
        return 2
    failed = 0
    for name in names:
        done = subprocess.run([sys.executable, "-m", "bench", "--here", name], cwd=HERE.parent, check=False)
        if done.returncode:
            print(f"{name} failed (exit code {done.returncode})", file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    if sys.argv[1:2] == ["--here"]:
        measure(sys.argv[2])
    else:
        raise SystemExit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
