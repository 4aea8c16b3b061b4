"""The process that is fuzzed: `tests.fuzz` runs it as `python -m tests.fuzz.guided TARGET ARGUMENTS OF LIBFUZZER`.

Nothing of ours is imported before the fuzzer may write its counters into it.
"""

from __future__ import annotations

import importlib
import sys


def main() -> None:
    atheris = importlib.import_module("atheris")  # only who fuzzes has it
    with atheris.instrument_imports(include=["callcenterd.sip", "callcenterd.media.sdp", "tests.fuzz"]):
        targets = importlib.import_module("tests.fuzz.targets").TARGETS
    name, *arguments = sys.argv[1:]
    atheris.Setup([sys.argv[0], *arguments], targets[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
