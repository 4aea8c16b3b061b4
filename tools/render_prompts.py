"""Speak what the house says by itself, in both languages, with a neural voice, into `callcenterd/prompts/`.

    pip install -e '.[kokoro]' && python tools/render_prompts.py [--all]

Only what is new or was changed is spoken (--all: everything), and what no text needs any more is removed. It installs
nothing; on one core it takes about as long as what it says (ten minutes for all). Each file is judged: its length for
its text, its level, clipping, silence at its beginning; one that fails is said and ends the run with exit code 1.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from callcenterd.ivr import texts
from callcenterd.ivr.node import is_fixed
from callcenterd.ivr.spoken import values
from callcenterd.media.codecs import g711
from callcenterd.model.prompts import Word
from callcenterd.worker import kokoro_voice, shipped, sound, speech
from callcenterd.worker.shipped import Spoken

LEVEL = -20
VOICE: dict[str, dict[str, Any]] = {
    language: {
        "model": "Kokoro-82M v1.0 int8",
        "style": kokoro_voice.STYLE,
        "speed": 1.0,
        "level": LEVEL,
        "version": version,
    }
    for language, version in (("zh", 2), ("en", 1))
}
"""Another version where the same text is to be spoken anew."""
MOST_OCTETS = 6_000_000
SENTENCE_RATE = (2.0, 9.0)
"""Syllables, or for English quarters of its letters, in a second."""
LEVEL_DB = 1.5
MOST_LEADING = 0.1


def wanted() -> Iterator[tuple[str, str, str]]:
    """Language, name, text of all that is the same for every caller."""
    for n, language in enumerate(("zh", "en")):
        for name, both in texts.TEXTS.items():
            if is_fixed(both[n]):
                yield language, name, both[n]
        for text in dict.fromkeys(values.vocabulary(language)):
            yield language, Word(text, language).recording, text


def speak(language: str, name: str, text: str) -> sound.Wave:
    """At 8 kHz, levelled and trimmed as the calls want it."""
    said = kokoro_voice.say(text, mandarin=language == "zh", speed=VOICE[language]["speed"])
    octets = sound.wav(said, kokoro_voice.RATE)
    made = sound.resampled(octets, name)
    margin = (speech.WORD_MARGIN,) if name.startswith("words/") else ()
    return sound.levelled(sound.trimmed(made, *margin))


def faults(language: str, name: str, text: str, made: sound.Wave) -> Iterator[str]:
    seconds = len(made) / sound.RATE
    syllables = len(re.findall(r"[\u4e00-\u9fff\d*#]" if language == "zh" else r"[A-Za-z]", text))
    syllables = syllables if language == "zh" else math.ceil(syllables / 4) + text.strip(".").count(".")  # p.m.
    if name.startswith("words/") or syllables < 3:
        if not 0.08 <= seconds <= 0.7 + 0.45 * syllables:
            yield f"{seconds:.2f} s is no length for this word"
    elif not SENTENCE_RATE[0] <= syllables / seconds <= SENTENCE_RATE[1]:
        yield f"{seconds:.2f} s is no length for {syllables} syllables"
    level = 20 * math.log10(max(1e-9, sound.active_rms(made)))
    if abs(level - LEVEL) > LEVEL_DB:
        yield f"its level is {level:.1f} dBFS"
    if np.abs(made).max(initial=0.0) > sound.PEAK * 1.01:
        yield "it is louder than its limit"
    heard = np.flatnonzero(np.abs(made) > sound.QUIET)
    if not len(heard) or heard[0] > MOST_LEADING * sound.RATE:
        yield "it begins with silence"


def wav(made: sound.Wave) -> bytes:
    """A-law, 8 kHz, mono: RIFF with a fact chunk, as format 6 wants it."""
    coded = g711.encode(sound.to_int16(made), g711.PCMA).tobytes()
    rate = sound.RATE.to_bytes(4, "little")
    form = b"\x06\x00\x01\x00" + rate + rate + b"\x01\x00\x08\x00\x00\x00"
    parts = [(b"fmt ", form), (b"fact", len(coded).to_bytes(4, "little")), (b"data", coded)]
    body = b"".join(tag + len(part).to_bytes(4, "little") + part + b"\x00" * (len(part) % 2) for tag, part in parts)
    return b"RIFF" + (4 + len(body)).to_bytes(4, "little") + b"WAVE" + body


def main(arguments: list[str]) -> int:
    known: dict[tuple[str, str], Spoken] = {}
    if shipped.MANIFEST.exists() and "--all" not in arguments:
        known = {(one.language, one.name): one for one in shipped.read()[1]}
    spoken: list[Spoken] = []
    wrong: list[str] = []
    for language, name, text in wanted():
        digest, old = shipped.digest(text, VOICE[language]), known.get((language, name))
        if old is not None and old.digest == digest and _is_whole(old):
            spoken.append(old)
            continue
        made = speak(language, name, text)
        found = list(faults(language, name, text, made))
        wrong += [f"{language}/{name} {text!r}: {fault}" for fault in found]
        octets = wav(made)
        seconds, level = len(made) / sound.RATE, 20 * math.log10(max(1e-9, sound.active_rms(made)))
        one = Spoken(
            language=language, name=name, text=text, digest=digest, sha256=sha256(octets).hexdigest(),
            seconds=round(seconds, 3), level=round(level, 1),
        )  # fmt: skip
        one.path.parent.mkdir(parents=True, exist_ok=True)
        one.path.write_bytes(octets)
        spoken.append(one)
        print(f"{language}/{name}: {seconds:.2f} s {level:.1f} dBFS", *found, flush=True)
    _write(spoken)
    size = _remove_others(spoken)
    print(f"{len(spoken)} files, {size} octets, {sum(one.seconds for one in spoken):.0f} s")
    if size > MOST_OCTETS:
        wrong.append(f"{size} octets are more than {MOST_OCTETS}")
    for fault in wrong:
        print(fault, file=sys.stderr)
    return 1 if wrong else 0


def _is_whole(one: Spoken) -> bool:
    return one.path.exists() and sha256(one.path.read_bytes()).hexdigest() == one.sha256


def _write(spoken: list[Spoken]) -> None:
    entries = ",\n".join(json.dumps(asdict(one), ensure_ascii=False) for one in spoken)
    voice = json.dumps(VOICE, ensure_ascii=False)
    shipped.MANIFEST.write_text(f'{{"voice": {voice}, "spoken": [\n{entries}\n]}}\n', encoding="utf-8")


def _remove_others(spoken: list[Spoken]) -> int:
    """Answers the octets of what is left."""
    kept = {one.path for one in spoken}
    paths: list[Path] = list(shipped.FOLDER.rglob("*.wav"))
    for path in paths:
        if path not in kept:
            path.unlink()
    return sum(path.stat().st_size for path in kept)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
