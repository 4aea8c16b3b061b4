"""pyttsx3 in a process of its own: text on stdin, `VOICE FILE` as arguments, a WAV file comes out, or exit code 1.

Measured with 2.99: a long Mandarin prompt in a fresh process wrote 0 of 60 files with exit code 0, a race that a
first short utterance ends (60 of 60); of several queued files only the last is written; threads end in a segmentation
fault. So: one process, one warming-up, one file, and the size is looked at.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Any

HEADER = 44


def main(voice: str, path: Path, text: str) -> int:
    try:
        pyttsx3: Any = importlib.import_module("pyttsx3")  # an extra: who does not choose it need not have it
    except ImportError:
        return _refuse("the Python package pyttsx3 is not installed (pip install pyttsx3)")
    engine = pyttsx3.init()
    chosen = _find(engine, voice)
    if chosen is None:
        return _refuse(f"pyttsx3 has no voice {voice}")
    engine.setProperty("voice", chosen)
    engine.setProperty("rate", 150)
    with tempfile.TemporaryDirectory() as folder:
        engine.save_to_file("a", str(Path(folder) / "warm.wav"))
        engine.runAndWait()
    engine.save_to_file(text, str(path))
    engine.runAndWait()
    if not path.exists() or path.stat().st_size <= HEADER:
        return _refuse("pyttsx3 wrote no sound")
    return 0


def _find(engine: Any, voice: str) -> str | None:
    """The id of the voice: drivers give it as a file name, a path, or a language."""
    wanted = voice.lower()
    for known in engine.getProperty("voices"):
        languages = [
            part.decode(errors="replace") if isinstance(part, bytes) else str(part) for part in known.languages
        ]
        names = {str(known.id).lower(), str(known.id).lower().rpartition("/")[2]}
        if wanted in names or any(language.strip("\x00\x05").lower() == wanted for language in languages):
            return str(known.id)
    return None


def _refuse(why: str) -> int:
    sys.stderr.write(why + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), sys.stdin.read()))
