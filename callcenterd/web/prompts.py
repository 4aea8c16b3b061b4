"""Prompts: what callers hear, where each is used, and how one is made: a file, a phone, or a text (IVR-05).

What comes in is a draft first, which is listened to; to keep it gives it a name, and callers of from then on hear it.
In addresses the language of a prompt that is of none is `-`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from aiohttp import hdrs, web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound, NotNow
from callcenterd.ivr.promptdesk import Draft, Kept, played
from callcenterd.model.ids import ExtensionNumber
from callcenterd.model.prompts import Recorded
from callcenterd.switchboard.recorder import Told
from callcenterd.web.answers import (
    VISIBLE,
    Asked,
    Conditions,
    WebError,
    answer,
    conditions,
    file,
    language_of,
    nothing,
    read,
)
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE, Office
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in
from callcenterd.web.uploads import received
from callcenterd.worker import sound as sounds
from callcenterd.worker.promptfiles import ANY_LANGUAGE, Key, Measured, Source, Version
from callcenterd.worker.prompts import MAX_FILE

routes = web.RouteTableDef()

Language = Annotated[str, Field(max_length=35)]
Name = Annotated[str, Field(max_length=64), VISIBLE]


class NotSound(WebError):
    status = 415
    code = "not_sound"


class FileTooLarge(WebError):
    status = 413
    code = "too_large"

    def __init__(self) -> None:
        super().__init__(most=f"{MAX_FILE >> 20} MiB")


# ---- what is shown ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundShown:
    """seconds: its length. level: dBFS, of the parts where something is said (RMS). peak: dBFS. loudness: LUFS."""

    seconds: float
    level: float
    peak: float
    loudness: float

    @classmethod
    def of(cls, sound: Measured | Version) -> SoundShown:
        return cls(seconds=sound.seconds, level=sound.level, peak=sound.peak, loudness=sound.loudness)


@dataclass(frozen=True, slots=True, kw_only=True)
class UseShown:
    """where: a flow (with its node), a queue, a mailbox, or the house, which says it by itself."""

    where: Literal["flow", "queue", "mailbox", "house"]
    name: str
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionShown:
    """source: upload, phone, speech (read aloud), or file: it was put into the folder by hand. text: that was read."""

    number: int
    source: Source
    by: str
    at: datetime
    text: str
    octets: int
    sound: SoundShown
    in_service: bool

    @classmethod
    def of(cls, version: Version, now: Version | None) -> VersionShown:
        return cls(
            number=version.number,
            source=version.source,
            by=version.by,
            at=version.at,
            text=version.text,
            octets=version.octets,
            sound=SoundShown.of(version),
            in_service=now is not None and now.number == version.number,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptShown:
    """language: "": of none. file: in the folder of prompts; "": there is none, and `instead` is read aloud.

    source, version, by, text: of the version in service; what was put there by hand has the source file and no version.
    fault: why the file cannot be heard. versions: how many are kept.
    """

    name: str
    language: str
    file: str
    octets: int
    changed: datetime | None
    sound: SoundShown | None
    fault: str
    source: Source | None
    version: int | None
    by: str
    text: str
    versions: int
    instead: str
    uses: list[UseShown]

    @classmethod
    def of(cls, kept: Kept) -> PromptShown:
        version = kept.version
        by_hand: Source | None = "file" if kept.file else None
        return cls(
            name=kept.key.name,
            language=kept.key.language,
            file=kept.file,
            octets=kept.octets,
            changed=kept.changed,
            sound=None if kept.measured is None else SoundShown.of(kept.measured),
            fault=kept.fault,
            source=by_hand if version is None else version.source,
            version=None if version is None else version.number,
            by="" if version is None else version.by,
            text="" if version is None else version.text,
            versions=kept.versions,
            instead=kept.instead,
            uses=[UseShown(where=use.where, name=use.name, node=use.node) for use in kept.uses],
        )


@dataclass(frozen=True, slots=True)
class PromptList:
    items: list[PromptShown]
    total: int


@dataclass(frozen=True, slots=True)
class PromptOpened:
    """kept: its versions, newest first."""

    prompt: PromptShown
    kept: list[VersionShown]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftShown:
    """state: of a phone's: ringing, speaking, making; then ready, or failed: why (no_answer, short, …)."""

    id: str
    source: Source
    by: str
    at: datetime
    state: Literal["ringing", "speaking", "making", "ready", "failed"]
    why: str
    name: str
    text: str
    language: str
    sound: SoundShown | None

    @classmethod
    def of(cls, draft: Draft) -> DraftShown:
        return cls(
            id=draft.id,
            source=draft.source,
            by=draft.by,
            at=draft.at,
            state=draft.state,
            why=draft.why,
            name=draft.name,
            text=draft.text,
            language=draft.language,
            sound=None if draft.measured is None else SoundShown.of(draft.measured),
        )


PROMPTS = TypeAdapter(PromptList)
OPENED = TypeAdapter(PromptOpened)
DRAFT = TypeAdapter(DraftShown)


def _key(request: web.Request) -> Key:
    language = request.match_info["language"]
    return Key(request.match_info["name"], "" if language == ANY_LANGUAGE else language)


async def _opened(office: Office, key: Key) -> PromptOpened:
    kept, versions = await office.prompt_desk.one(key)
    return PromptOpened(PromptShown.of(kept), [VersionShown.of(version, kept.version) for version in versions])


async def _audited(request: web.Request, what: str, key: Key, **details: object) -> None:
    office = request.app[OFFICE]
    target = f"prompt/{key.language or ANY_LANGUAGE}/{key.name}"
    await office.store.audit.append(office.clock.utc(), signed_in(request).login, what, target, dict(details))


# ---- prompts ------------------------------------------------------------------------------------------------------


@routes.get("/api/v1/prompts")
@right("prompt")
@shape(summary="Prompts: in service, wanted by flows and missing, removed, and the system's own words", answer=PROMPTS)
async def list_prompts(request: web.Request) -> web.StreamResponse:
    """200 all of them, by name and language."""
    items = [PromptShown.of(kept) for kept in await request.app[OFFICE].prompt_desk.all()]
    return answer(PROMPTS, PromptList(items, len(items)))


@routes.get("/api/v1/prompts/{language}/{name:.+}")
@right("prompt")
@shape(summary="A prompt with its versions", answer=OPENED)
async def open_prompt(request: web.Request) -> web.StreamResponse:
    """200 the prompt · 404 no such prompt · 422 that is no name of one."""
    return answer(OPENED, await _opened(request.app[OFFICE], _key(request)))


class NameAsked(Asked):
    name: Name


@routes.put("/api/v1/prompts/{language}/{name:.+}")
@right("prompt")
@shape(summary="Give a prompt another name", body=NameAsked, answer=OPENED)
async def rename_prompt(request: web.Request) -> web.StreamResponse:
    """200 the prompt under its new name · 404 no such prompt · 409 it is in use · 422 no name, or one that is taken."""
    asked, key = await read(request, NameAsked), _key(request)
    office = request.app[OFFICE]
    new = await office.prompt_desk.rename(key, asked.name)
    await _audited(request, "prompt.renamed", new, was=key.name)
    return answer(OPENED, await _opened(office, new))


@routes.delete("/api/v1/prompts/{language}/{name:.+}")
@right("prompt")
@shape(summary="Take a prompt out of service; its versions stay")
async def remove_prompt(request: web.Request) -> web.StreamResponse:
    """204 callers do not hear it any more · 404 no such prompt · 409 it is in use: by what · 422 no name of one."""
    key = _key(request)
    await request.app[OFFICE].prompt_desk.remove(key)
    await _audited(request, "prompt.removed", key)
    return nothing()


class SoundAsked(Conditions):
    """version: without it, what callers hear now."""

    version: int | None = Field(None, ge=1, description="Without it, what callers hear now.")


@routes.get("/api/v1/prompt_sounds/{language}/{name:.+}")
@right("prompt")
@shape(summary="How a prompt sounds to callers, or one of its versions", conditions=SoundAsked, media="audio/wav")
async def hear_prompt(request: web.Request) -> web.StreamResponse:
    """200 the audio (8 kHz, mono) · 404 no such prompt or version · 422 no sound · 503 it cannot be read."""
    office, key = request.app[OFFICE], _key(request)
    wanted = conditions(request, SoundAsked).version
    kept, _ = await office.prompt_desk.one(key)
    if wanted is not None or kept.file:
        octets = await office.prompt_desk.hear(key, wanted)
    else:  # nobody has recorded it: as it is read aloud, or made by the house
        prompt = played(key)
        if isinstance(prompt, Recorded) and kept.instead:
            prompt = Recorded(prompt.name, prompt.language, kept.instead)
        samples = await office.board.prompts.sound(prompt)
        octets = await asyncio.to_thread(lambda: sounds.wav(samples.astype(np.float32) / np.float32(32767)))
    return web.Response(body=octets, headers=_HEADERS)


_HEADERS: dict[str, str] = {hdrs.CONTENT_TYPE: "audio/wav", hdrs.CACHE_CONTROL: "private, no-cache"}


class VersionAsked(Asked):
    number: Annotated[int, Field(ge=1)]


@routes.post("/api/v1/prompt_versions/{language}/{name:.+}")
@right("prompt")
@shape(summary="Bring an older version of a prompt back", body=VersionAsked, answer=OPENED)
async def bring_prompt_back(request: web.Request) -> web.StreamResponse:
    """200 the prompt now · 404 no such version · 422 that is no name of a prompt."""
    asked, key = await read(request, VersionAsked), _key(request)
    office = request.app[OFFICE]
    await office.prompt_desk.bring_back(key, asked.number)
    await _audited(request, "prompt.brought_back", key, version=asked.number)
    return answer(OPENED, await _opened(office, key))


# ---- drafts -------------------------------------------------------------------------------------------------------


class UploadAsked(Conditions):
    """name: of the file, for what is said of it."""

    name: str = Field("", max_length=255, description="The file's name, for what is said of it.")


@routes.post("/api/v1/prompt_drafts")
@right("prompt")
@shape(
    summary="Upload a sound of any usual format, to listen to it", takes="audio/*", conditions=UploadAsked, answer=DRAFT
)
async def upload_prompt(request: web.Request) -> web.StreamResponse:
    """201 the draft, at the level of speech · 413 more than 64 MiB · 415 not audio/* or application/octet-stream · 422
    it cannot be read as sound, is silent, or longer than half an hour."""
    if not request.content_type.startswith(("audio/", "video/")) and request.content_type != "application/octet-stream":
        raise NotSound
    name = Path(conditions(request, UploadAsked).name.replace("\\", "/")).name
    if (request.content_length or 0) > MAX_FILE:
        raise FileTooLarge
    desk = request.app[OFFICE].prompt_desk
    draft = desk.begin("upload", signed_in(request).login, name=name)
    try:
        await received(request, draft.raw, MAX_FILE, FileTooLarge)
    except BaseException:
        desk.drop(draft.id)
        raise
    return answer(DRAFT, DraftShown.of(await desk.convert(draft)), status=201)


class SpeechAsked(Asked):
    """text: to be read aloud by the speech engine."""

    text: Annotated[str, Field(min_length=1, max_length=2000), VISIBLE]
    language: Literal["zh-CN", "en"]


@routes.post("/api/v1/prompt_drafts/speech")
@right("prompt")
@shape(summary="Have a text read aloud, to listen to it", body=SpeechAsked, answer=DRAFT)
async def speak_prompt(request: web.Request) -> web.StreamResponse:
    """201 the draft · 422 nothing in it can be read aloud."""
    asked = await read(request, SpeechAsked)
    draft = await request.app[OFFICE].prompt_desk.speak(asked.text, asked.language, signed_in(request).login)
    return answer(DRAFT, DraftShown.of(draft), status=201)


class PhoneAsked(Asked):
    """extension: the phone to be rung; without it, the one where who asks sits."""

    extension: Annotated[str, Field(max_length=32)] | None = None


@routes.post("/api/v1/prompt_drafts/phone")
@right("prompt")
@shape(summary="Ring a phone, and record what is spoken into it after the tone", body=PhoneAsked, answer=DRAFT)
async def record_prompt(request: web.Request) -> web.StreamResponse:
    """201 the draft, ringing · 404 no such extension · 409 there is no phone that could be rung, or it is in a call."""
    asked = await read(request, PhoneAsked)
    office, login = request.app[OFFICE], signed_in(request).login
    desk = office.prompt_desk
    draft = desk.begin("phone", login)

    def told(what: Told) -> None:
        if what in ("ringing", "speaking"):
            desk.rings(draft, what)
        elif what == "spoken":
            desk.spoken(draft)
        else:
            desk.failed(draft, what)

    try:
        extension = None if asked.extension is None else ExtensionNumber(asked.extension)
        office.board.recorder.begin(login, draft.raw, told, language=language_of(request), extension=extension)
    except (NotFound, NotNow):
        desk.drop(draft.id)
        raise
    return answer(DRAFT, DraftShown.of(draft), status=201)


@routes.get("/api/v1/prompt_drafts/{id}")
@right("prompt")
@shape(summary="What has become of a draft", answer=DRAFT)
async def prompt_draft(request: web.Request) -> web.StreamResponse:
    """200 the draft · 404 no such draft."""
    return answer(DRAFT, DraftShown.of(request.app[OFFICE].prompt_desk.draft(request.match_info["id"])))


@routes.get("/api/v1/prompt_drafts/{id}/sound")
@right("prompt")
@shape(summary="How a draft sounds", media="audio/wav")
async def hear_prompt_draft(request: web.Request) -> web.StreamResponse:
    """200 the audio · 206 a part of it · 404 no such draft · 409 it cannot be heard yet · 416 no such part."""
    draft = request.app[OFFICE].prompt_desk.draft(request.match_info["id"])
    if draft.state != "ready":
        raise NotNow("this sound cannot be heard yet")
    return file(request, draft.path, draft.path.stat().st_size, _HEADERS)


@routes.delete("/api/v1/prompt_drafts/{id}")
@right("prompt")
@shape(summary="Throw a draft away")
async def drop_prompt_draft(request: web.Request) -> web.StreamResponse:
    """204 it is gone · 404 no such draft."""
    request.app[OFFICE].prompt_desk.drop(request.match_info["id"])
    return nothing()


class KeepAsked(Asked):
    """language: "": of none. The name of a prompt that is there: this is its next version."""

    name: Name
    language: Language = ""


@routes.post("/api/v1/prompt_drafts/{id}/keep")
@right("prompt")
@shape(summary="Keep a draft as a prompt: callers of from now on hear it", body=KeepAsked, answer=OPENED)
async def keep_prompt(request: web.Request) -> web.StreamResponse:
    """200 the prompt · 404 no such draft · 409 it cannot be heard yet · 422 no name of a prompt."""
    asked = await read(request, KeepAsked)
    office, key = request.app[OFFICE], Key(asked.name, asked.language)
    version = await office.prompt_desk.keep(request.match_info["id"], key, signed_in(request).login)
    await _audited(request, "prompt.kept", key, version=version.number, source=version.source, seconds=version.seconds)
    return answer(OPENED, await _opened(office, key))
