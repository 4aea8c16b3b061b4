"""The files of an office's prompts: which there are, how one is put in service, and the versions that were.

`prompts/LANGUAGE/NAME.*` is the truth: what lies there is what callers hear, whoever put it there. Beside it, in a
folder of ours, stands every version that was kept from a page, with a note of where it came from: `LANGUAGE/NAME/7.wav`
and `7.json`. A file is written beside its place and renamed into it; a version is whole before it is put in service, so
that whenever the power goes, callers hear the old one or the new one.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
import structlog
from babel import Locale, UnknownLocaleError
from pydantic import BaseModel, ConfigDict, ValidationError

from callcenterd.errors import LocalError, NotFound, Refused
from callcenterd.model.prompts import Music, Recorded
from callcenterd.worker import prompts, sound

_log = structlog.get_logger(__name__)

Source = Literal["upload", "phone", "speech", "file"]
"""file: it was put into the folder by hand."""

MOST_FILES = 5000
DEEPEST = 3
MOST_VERSIONS = 50
"""Of one prompt; the oldest goes."""
ANY_LANGUAGE = "-"
"""The folder of versions of a prompt that is of no language."""
MUSIC = "music"


@dataclass(frozen=True, slots=True)
class Measured:
    """seconds: its length. level: dBFS, RMS of where something is said. peak: dBFS. loudness: LUFS, of all of it."""

    seconds: float
    level: float
    peak: float
    loudness: float


@dataclass(frozen=True, slots=True)
class Unusable:
    """A file that is no sound, as the answer of a job."""

    why: str


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """A prompt: its name, and the language that its folder says; "": of no language."""

    name: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Lying:
    """A prompt's file in the office's folder."""

    key: Key
    path: Path
    octets: int
    changed: int


class Version(BaseModel):
    """A sound that is or was in service, and where it came from. by: a login. text: what was read aloud."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    source: Source
    by: str
    at: datetime
    text: str = ""
    file: str
    sha256: str
    octets: int
    seconds: float
    level: float
    peak: float
    loudness: float


# ---- names --------------------------------------------------------------------------------------------------------


def check(key: Key) -> None:
    """Raises Refused for what is no name of a prompt, or a folder that could be taken for a language."""
    folder = Path()
    try:
        prompts.find(folder, Music() if key.name == MUSIC else Recorded(key.name, key.language))
    except Refused as fault:
        raise Refused(str(fault), {"name": "letters, digits, _ and - are wanted"}) from None
    if not key.name or unicodedata.normalize("NFKC", key.name) != key.name:
        raise Refused("a name is written in its plain form", {"name": "letters, digits, _ and - are wanted"})
    if key.language and not is_language(key.language):
        raise Refused(f"there is no language {key.language}", {"language": "a language such as zh-CN or en is wanted"})
    first, slash, _ = key.name.partition("/")
    if slash and is_language(first):
        raise Refused(f"{first} is a language, no folder for prompts", {"name": "letters, digits, _ and - are wanted"})
    if key.name.count("/") >= DEEPEST:
        raise Refused("a name has at most three parts", {"name": "letters, digits, _ and - are wanted"})


def is_language(text: str) -> bool:
    """zh, zh-CN, en: one that there is. `vip` is none."""
    try:
        Locale.parse(text, sep="-")
    except (UnknownLocaleError, ValueError):
        return False
    return True


# ---- what lies there ----------------------------------------------------------------------------------------------


def lying(folder: Path) -> list[Lying]:
    """Every prompt's file, by name and language. What leads out of the folder is none, nor what no flow could name."""
    found: dict[Key, Lying] = {}
    inside = folder.resolve()
    for path in _files(folder, 0):
        key = _key(path.relative_to(folder))
        if key is None or not path.resolve().is_relative_to(inside):
            continue
        known = found.get(key)
        if known is not None and _rank(known.path) < _rank(path):
            continue  # of two files the one that callers hear
        state = path.stat()
        found[key] = Lying(key, path, state.st_size, state.st_mtime_ns)
    return sorted(found.values(), key=lambda one: one.key)


def _files(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    count = 0
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and depth < DEEPEST:
            yield from _files(Path(entry.path), depth + 1)
        elif entry.is_file() and Path(entry.name).suffix.removeprefix(".") in prompts.ENDINGS and count < MOST_FILES:
            count += 1
            yield Path(entry.path)


def _key(relative: Path) -> Key | None:
    parts = (*relative.parts[:-1], relative.stem)
    language = parts[0] if len(parts) > 1 and is_language(parts[0]) else ""
    key = Key("/".join(parts[1:] if language else parts), language)
    try:
        check(key)
    except Refused:
        return None
    return key


def _rank(path: Path) -> int:
    return prompts.ENDINGS.index(path.suffix.removeprefix("."))


def _beside(folder: Path, key: Key) -> list[Path]:
    """Every file of the prompt, the one that is heard first."""
    stem = _place(folder, key)
    return [path for ending in prompts.ENDINGS if (path := stem.with_name(f"{stem.name}.{ending}")).is_file()]


def _place(folder: Path, key: Key) -> Path:
    """Without its ending. Raises Refused if a folder on the way leads out."""
    check(key)
    place = folder / key.language / key.name
    if not place.parent.resolve().is_relative_to(folder.resolve()):
        raise Refused(f"prompt {key.name} leads out of {folder}")
    return place


def in_service(folder: Path, key: Key) -> Path | None:
    return next(iter(_beside(folder, key)), None)


# ---- versions -----------------------------------------------------------------------------------------------------


def _drawer(kept: Path, key: Key) -> Path:
    check(key)
    return kept / (key.language or ANY_LANGUAGE) / key.name


def versions(kept: Path, key: Key) -> list[Version]:
    """Newest first. A note that cannot be read is left out and logged."""
    found = []
    for path in _drawer(kept, key).glob("*.json"):
        try:
            one = Version.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as fault:
            _log.error("a version's note cannot be read", path=str(path), why=str(fault)[:200])
            continue
        if str(one.number) == path.stem and (path.parent / Path(one.file).name).is_file():
            found.append(one)
    return sorted(found, key=lambda one: -one.number)


def version_file(kept: Path, key: Key, number: int) -> tuple[Version, Path]:
    """Raises NotFound."""
    for one in versions(kept, key):
        if one.number == number:
            return one, _drawer(kept, key) / Path(one.file).name
    raise NotFound("version", number)


def kept_keys(kept: Path) -> set[Key]:
    """Prompts of which there are versions, also if none is in service."""
    found = set()
    for path in kept.rglob("*.json"):
        language, *parts = path.relative_to(kept).parts[:-1]
        if parts:
            found.add(Key("/".join(parts), "" if language == ANY_LANGUAGE else language))
    return found


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep(kept: Path, key: Key, source_file: Path, measured: Measured, *, source: Source, by: str, at: datetime,
         text: str = "") -> Version:  # fmt: skip
    """The next version, from a file that stays where it is. Raises OSError; then there is none."""
    drawer = _drawer(kept, key)
    drawer.mkdir(parents=True, exist_ok=True)
    known = versions(kept, key)
    number = 1 + max((int(path.stem) for path in drawer.glob("*.*") if path.stem.isdecimal()), default=0)
    name = f"{number}{source_file.suffix}"
    _put(source_file, drawer / name)
    one = Version(
        number=number, source=source, by=by, at=at, text=text, file=name, sha256=checksum(drawer / name),
        octets=(drawer / name).stat().st_size, seconds=measured.seconds, level=measured.level, peak=measured.peak,
        loudness=measured.loudness,
    )  # fmt: skip
    _write(one.model_dump_json().encode(), drawer / f"{number}.json")
    for old in known[MOST_VERSIONS - 1 :]:
        (drawer / f"{old.number}.json").unlink(missing_ok=True)
        (drawer / Path(old.file).name).unlink(missing_ok=True)
    return one


def serve(folder: Path, key: Key, file: Path) -> None:
    """Callers of from now on hear this file. Raises OSError, and then they hear what they heard."""
    place = _place(folder, key)
    place.parent.mkdir(parents=True, exist_ok=True)
    target = place.with_name(place.name + file.suffix)
    _put(file, target)
    for other in _beside(folder, key):  # an .mp3 of before would be heard again if the new one were removed
        if other != target:
            other.unlink(missing_ok=True)
    _settle(place.parent)


def remove(folder: Path, key: Key) -> None:
    """Out of service; its versions stay. The one that is heard goes last: no old one is heard meanwhile."""
    for path in reversed(_beside(folder, key)):
        path.unlink(missing_ok=True)
    _settle(_place(folder, key).parent)


def rename(folder: Path, kept: Path, key: Key, new: Key) -> None:
    """With all its versions. Raises Refused if there is one of the new name. Its versions have the new name before the
    sound has, and lose the old one after it."""
    if in_service(folder, new) is not None or versions(kept, new):
        raise Refused(f"there is a prompt {new.name} already", {"name": "there is one of that name already"})
    path = in_service(folder, key)
    old, drawer = _drawer(kept, key), _drawer(kept, new)
    drawer.mkdir(parents=True, exist_ok=True)
    kept_files = [part for part in old.iterdir() if part.is_file()] if old.is_dir() else []
    for part in kept_files:
        _put(part, drawer / part.name)
    if path is not None:
        place = _place(folder, new)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.replace(place.with_name(place.name + path.suffix))
        _settle(place.parent)
        remove(folder, key)
    for part in sorted(kept_files, key=lambda part: part.suffix != ".json"):
        part.unlink(missing_ok=True)


def _put(source: Path, target: Path) -> None:
    """A copy, whole under its name or not there."""
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with source.open("rb") as read, beside.open("wb") as written:
            shutil.copyfileobj(read, written)
            written.flush()
            os.fsync(written.fileno())
        beside.replace(target)
        _settle(target.parent)
    finally:
        beside.unlink(missing_ok=True)


def _write(octets: bytes, target: Path) -> None:
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("wb") as written:
            written.write(octets)
            written.flush()
            os.fsync(written.fileno())
        beside.replace(target)
        _settle(target.parent)
    finally:
        beside.unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """What was renamed in it stays so when the power goes."""
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# ---- in the worker's process --------------------------------------------------------------------------------------


def measure(paths: Sequence[Path]) -> list[Measured | Unusable]:
    """Each as it lies there."""
    return [_measured_file(path) for path in paths]


def _measured_file(path: Path) -> Measured | Unusable:
    if path.stat().st_size > prompts.MAX_FILE:
        return Unusable(f"{path.name} is larger than {prompts.MAX_FILE >> 20} MiB")
    try:
        return _measured(sound.resampled(path, path.name))
    except sound.NotSound as fault:
        return Unusable(str(fault))


def convert(source: Path, target: Path, name: str = "", music: bool = False, trim: bool = False) -> Measured | Unusable:
    """Any sound that can be read becomes what is kept: 16 bits, 8 kHz, mono, WAV, at the level of speech or of music.

    name: what a fault calls it. trim: without the silence before and after. Raises OSError.
    """
    called = name or source.name
    try:
        wave = sound.resampled(source, called)
    except sound.NotSound as fault:
        return Unusable(str(fault))
    if trim:
        wave = sound.trimmed(wave)
    if len(wave) < sound.RATE // 20 or sound.active_rms(wave) < sound.QUIET / 10:
        return Unusable(f"{called} is silent")
    return _kept(sound.levelled(wave, sound.MUSIC_RMS if music else sound.SPEECH_RMS), target)


def playable(path: Path) -> bytes | Unusable:
    """As callers hear it, for any browser: WAV."""
    try:
        return sound.wav(sound.read(path, path.name).astype(np.float32) / np.float32(32767))
    except sound.NotSound as fault:
        return Unusable(str(fault))


def spoken(text: str, language: str, engine: str, target: Path) -> Measured | Unusable:
    """A text that is read aloud, kept as above."""
    from callcenterd.worker import speech  # noqa: PLC0415  # not where files are only looked at

    try:
        said = speech.speak(text, language, engine)
    except LocalError as fault:
        return Unusable(str(fault))
    return _kept(sound.levelled(said.astype(np.float32) / np.float32(32768)), target)


def _kept(wave: sound.Wave, target: Path) -> Measured:
    _write(sound.wav(wave), target)
    return _measured(wave)


def _measured(wave: sound.Wave) -> Measured:
    return Measured(
        seconds=round(len(wave) / sound.RATE, 2),
        level=_decibels(sound.active_rms(wave)),
        peak=_decibels(float(np.abs(wave).max(initial=0.0))),
        loudness=round(sound.loudness(wave), 1),
    )


def _decibels(share: float) -> float:
    return round(20 * float(np.log10(max(share, 1e-5))), 1)
