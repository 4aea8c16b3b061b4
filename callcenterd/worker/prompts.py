"""Prompts become sound: the office's recordings first, then what ships (`shipped`), then the speech engine.

What is heard by every caller is made once. It is kept as a file under a name that is made of everything that it
depends on (text, language, engine, version; for a recording its path, size and time), so that nothing needs to be
thrown away when something changes: it is asked for by another name. Sounds are int16 at 8 kHz, mono, shared and
never written to.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from callcenterd.errors import CallcenterdError, NotFound, Refused
from callcenterd.model.prompts import Music, Prompt, Recorded, Speech, Word
from callcenterd.worker import shipped, speech
from callcenterd.worker import sound as sounds
from callcenterd.worker.pool import Worker
from callcenterd.worker.sound import Sound

_log = structlog.get_logger(__name__)

ENDINGS = ("wav", "mp3", "ogg", "opus", "flac", "m4a", "aac", "alaw", "ulaw", "wma")
MAX_FILE = 64 << 20
MAX_REMEMBERED = 64 << 20
"""Octets of sounds that are held in memory; what was not used for the longest time is read from its file again."""
MAX_KEPT = 512 << 20
"""Octets of the folder of made sounds: nine hours."""
PRUNE_EVERY = 200
"""Sounds kept between two looks at the room of that folder."""
MAX_LOOKED = 2000
MAX_NAME = 64
MAKING_SECONDS = 90.0

_NAME = re.compile(r"\w[\w-]*(/\w[\w-]*)*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_MUSIC = "music"
OWN_SOUNDS = frozenset({"beep", _MUSIC})
_MAGIC = b"callcenterd sound 1\n"


@dataclass(frozen=True, slots=True)
class _Recipe:
    """What a sound depends on, and how it is made from that in the worker: a function there and its arguments.

    file: the recording that it is read from, if it is one; state: when that had last changed.
    """

    key: str
    make: Callable[..., Sound]
    arguments: tuple[Any, ...]
    file: Path | None
    state: int


@dataclass(frozen=True, slots=True)
class _Looked:
    """What a look into the office's folder came to, and when each place that was looked at had last changed.

    While none of them changes, neither does the answer: a few questions to the system instead of a hundred and a way
    to a thread and back, for every prompt that every caller hears (measured: 8 us of CPU instead of 900 us).
    """

    recipe: _Recipe
    changed: Mapping[Path, int]

    def still_true(self) -> bool:
        return all(_changed(path) == at for path, at in self.changed.items())


class Prompts:
    """cache: a folder of ours, `room` octets at most. engine: one of `speech.ENGINES`.

    language: that of an office whose prompt names none.
    """

    def __init__(
        self,
        worker: Worker,
        folder: Path,
        cache: Path,
        language: str,
        engine: str = "espeak-ng",
        *,
        room: int = MAX_KEPT,
    ) -> None:
        if engine not in speech.ENGINES:
            raise Refused(f"there is no speech engine {engine}; there are {', '.join(speech.ENGINES)}")
        self._worker = worker
        self._folder = folder
        self._cache = cache
        self._language = language
        self._engine = engine
        self._room = room
        self._remembered: OrderedDict[str, Sound] = OrderedDict()
        self._size = 0
        self._making: dict[str, asyncio.Task[Sound]] = {}
        self._looked: dict[Prompt, _Looked] = {}
        self._kept_since = PRUNE_EVERY  # the first sound that is kept looks at the room

    async def stop(self) -> None:
        """Stop making; who waits for a sound gets none."""
        making = list(self._making.values())
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)

    async def sound(self, prompt: Prompt) -> Sound:
        """(samples,) at 8 kHz, not writeable. Raises CallcenterdError: no such prompt, not sound, engine failed."""
        recipe = await self._recipe(prompt)
        if (known := self._remembered.get(recipe.key)) is not None:
            self._remembered.move_to_end(recipe.key)
            return known
        task = self._making.get(recipe.key)
        if task is None:  # the first who asks has it made; all others wait for the same one
            task = asyncio.create_task(self._have(recipe), name=f"prompt {recipe.key[:8]}")
            self._making[recipe.key] = task
            task.add_done_callback(lambda done: self._made(recipe.key, done))
        return await asyncio.shield(task)

    async def prepare(self, prompts: Iterable[Prompt]) -> list[str]:
        """Make and keep all of them. Answers why, for each that cannot be made; one does not keep back the next."""
        faults = []
        for prompt in dict.fromkeys(prompts):
            try:
                await self.sound(prompt)
            except CallcenterdError as fault:
                _log.warning("prompt cannot be made", prompt=str(prompt), why=str(fault))
                faults.append(str(fault))
        return faults

    # ---- within -----------------------------------------------------------------------------------------

    async def _recipe(self, prompt: Prompt) -> _Recipe:
        match prompt:
            case Speech():
                return self._spoken(prompt.text, prompt.language)
            case Recorded() | Word() | Music():
                looked = self._looked.get(prompt)
                if looked is None or not looked.still_true():
                    if len(self._looked) >= MAX_LOOKED:
                        self._looked.clear()
                    looked = self._looked[prompt] = await asyncio.to_thread(self._look, prompt)
                return looked.recipe

    def _spoken(self, text: str, language: str, *, word: bool = False) -> _Recipe:
        """By the voice that ships, if it has spoken this text; else by the engine."""
        tag = language or self._language
        if (path := shipped.find(text, tag, word=word)) is not None:
            state = path.stat()
            return _recipe(_read, (str(path),), state.st_size, state.st_mtime_ns)
        return _recipe(speech.word if word else speech.speak, (text, tag, self._engine), speech.VERSION)

    def _look(self, prompt: Recorded | Word | Music) -> _Looked:
        if isinstance(prompt, Word):
            return self._look_for_word(prompt)
        places = _candidates(self._folder, prompt, self._language)
        if isinstance(prompt, Music):
            places += _candidates(self._folder, Music(), self._language)
        # The times are taken before the look: what changes during it is seen by the next one.
        changed = {path.parent: _changed(path.parent) for path in places}
        recipe = self._played(prompt)
        if recipe.file is not None:
            changed[recipe.file] = recipe.state
        return _Looked(recipe, changed)

    def _look_for_word(self, word: Word) -> _Looked:
        looked = self._look(Recorded(word.recording, word.language, word.text))
        if looked.recipe.file is not None:
            return looked
        return _Looked(self._spoken(word.text, word.language, word=True), looked.changed)

    def _played(self, prompt: Recorded | Music) -> _Recipe:
        path = find(self._folder, prompt, self._language)
        if path is not None:
            state = path.stat()
            if state.st_size > MAX_FILE:
                raise Refused(f"{path} is larger than {MAX_FILE >> 20} MiB")
            return _recipe(_read, (str(path),), state.st_size, state.st_mtime_ns, file=path)
        if isinstance(prompt, Recorded) and prompt.text:
            return self._spoken(prompt.text, prompt.language)
        if isinstance(prompt, Music) and prompt.name:
            _log.warning("no such music: the office's default is played", name=prompt.name)
            return self._played(Music())
        name = prompt.name or _MUSIC
        if name in OWN_SOUNDS:
            return _recipe(_own, (name,), 1)
        raise NotFound("prompt", name)

    async def _have(self, recipe: _Recipe) -> Sound:
        path = self._cache / recipe.key[:2] / f"{recipe.key}.s16"
        kept = await asyncio.to_thread(_load, path)
        if kept is None:
            kept = await self._worker.run(recipe.make, *recipe.arguments, timeout=MAKING_SECONDS)
            await self._keep(path, kept)
        kept.flags.writeable = False
        return kept

    async def _keep(self, path: Path, sound: Sound) -> None:
        """A full disk must not silence a caller who can be served from memory."""
        try:
            await asyncio.to_thread(_save, path, sound)
            self._kept_since += 1
            if self._kept_since > PRUNE_EVERY:
                self._kept_since = 0
                await asyncio.to_thread(_prune, self._cache, self._room)
        except OSError as fault:
            _log.error("prompt cannot be kept", path=str(path), why=str(fault))

    def _made(self, key: str, done: asyncio.Task[Sound]) -> None:
        del self._making[key]
        if done.cancelled() or done.exception() is not None:
            return  # who waits for it gets the fault; the next one who asks has it tried again
        sound = done.result()
        self._remembered[key] = sound
        self._size += sound.nbytes
        while self._size > MAX_REMEMBERED and len(self._remembered) > 1:
            self._size -= self._remembered.popitem(last=False)[1].nbytes


def find(folder: Path, prompt: Recorded | Music, language: str = "") -> Path | None:
    """The office's file for a prompt: in its language, in that language of any country, in none; None: there is none.

    prompts/zh-CN/welcome.wav, prompts/zh/welcome.mp3, prompts/welcome.ogg; music: prompts/music/NAME.*, or
    prompts/music.* for the default. Raises Refused for a name that is none, or that leads out of the folder.
    """
    for candidate in _candidates(folder, prompt, language):
        for ending in ENDINGS:
            path = candidate.with_name(f"{candidate.name}.{ending}")
            if not path.is_file():
                continue
            if not (real := path.resolve()).is_relative_to(folder.resolve()):
                raise Refused(f"prompt {prompt.name} leads out of {folder}")
            return real
    return None


def _candidates(folder: Path, prompt: Recorded | Music, language: str) -> list[Path]:
    """Where a prompt may lie, best first, without its ending. Raises Refused for a name that is none."""
    name = prompt.name or _MUSIC
    tag = (prompt.language or language) if isinstance(prompt, Recorded) else ""
    if len(name) > MAX_NAME or not _NAME.fullmatch(name) or (tag and not _LANGUAGE.fullmatch(tag)):
        raise Refused(f"{name[:60]!r} is no name of a prompt: letters, digits, _ and - are wanted")
    places = [_MUSIC, ""] if isinstance(prompt, Music) and prompt.name else [tag, tag.partition("-")[0], ""]
    return [folder / place / name for place in dict.fromkeys(places)]


def _changed(path: Path) -> int:
    """When a file or folder last changed, in ns; 0: it is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _recipe(make: Callable[..., Sound], arguments: tuple[Any, ...], *states: int, file: Path | None = None) -> _Recipe:
    ingredients = json.dumps([make.__name__, arguments, states], ensure_ascii=False)
    return _Recipe(hashlib.sha256(ingredients.encode()).hexdigest(), make, arguments, file, states[-1])


def _load(path: Path) -> Sound | None:
    """A kept sound; None if there is none, or if it is not whole."""
    try:
        octets = path.read_bytes()
    except OSError:
        return None
    head, digest, samples = octets[: len(_MAGIC)], octets[len(_MAGIC) :][:32], octets[len(_MAGIC) + 32 :]
    if head != _MAGIC or hashlib.sha256(samples).digest() != digest:
        _log.warning("a kept prompt is damaged; it is made again", path=str(path))
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # used just now: the least used goes first when the room is full
    return np.frombuffer(samples, "<i2").astype(np.int16)


def _prune(cache: Path, room: int) -> None:
    """Texts that name a caller's number are heard once and never again: what was not used for longest goes first."""
    kept = [(status.st_mtime_ns, status.st_size, path) for path in cache.glob("*/*.s16") if (status := path.stat())]
    size = sum(octets for _, octets, _ in kept)
    for _, octets, path in sorted(kept):
        if size <= room:
            break
        path.unlink(missing_ok=True)
        size -= octets


def _save(path: Path, sound: Sound) -> None:
    """All of it under its name, or nothing: written beside it, then renamed."""
    samples = sound.astype("<i2").tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("wb") as file:
            file.write(_MAGIC + hashlib.sha256(samples).digest() + samples)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


# ---- in the worker's process ----------------------------------------------------------------------------


def _read(path: str) -> Sound:
    return sounds.read(Path(path), Path(path).name)


def _own(name: str) -> Sound:
    return sounds.beep() if name == "beep" else sounds.music()
