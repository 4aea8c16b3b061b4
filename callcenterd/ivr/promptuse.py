"""Where prompts are used: nodes of flows, queues, mailboxes, and the house itself (IVR-05)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from callcenterd.ivr import texts
from callcenterd.ivr.flow import Flow
from callcenterd.model.prompts import Music, Recorded
from callcenterd.model.site import Site
from callcenterd.worker.promptfiles import MUSIC, Key

Where = Literal["flow", "queue", "mailbox", "house"]


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """where, name: a flow, queue or box by its name; node: of a flow. house: the system says it by itself."""

    where: Where
    name: str
    node: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A prompt that somebody plays, and by whom. instead: what is read aloud while there is none; "": nothing is."""

    prompt: Recorded | Music
    use: Use
    instead: str = ""


def wanted(flows: Iterable[Flow], site: Site, language: str) -> Iterator[Wanted]:
    """language: the office's."""
    for flow in flows:
        spoken = flow.language or language
        for name, node in flow.nodes.items():
            for prompt in dict.fromkeys(_named(node, spoken)):
                instead = prompt.text if isinstance(prompt, Recorded) else ""
                yield Wanted(prompt, Use("flow", flow.name, name), instead)
    for queue in site.queues:
        use = Use("queue", queue.name)
        if queue.music:
            yield Wanted(Music(queue.music), use)
        for comfort in queue.comfort:
            if comfort.play:
                yield Wanted(Recorded(comfort.play, language, comfort.say), use, comfort.say)
    for box in site.mailboxes:
        if box.greeting:
            use = Use("mailbox", box.box)
            yield Wanted(Recorded(box.greeting, language), use, texts.text("voicemail", language))


def house() -> Iterator[Wanted]:
    """What the system says by itself, in both languages; and its own two sounds."""
    for language in ("zh-CN", "en"):
        for name in texts.TEXTS:
            text = texts.text(name, language)
            yield Wanted(Recorded(name, language, text), Use("house", ""), text)
    yield Wanted(Recorded("beep", ""), Use("house", ""))
    yield Wanted(Music(), Use("house", ""))


def found_as(prompt: Recorded | Music, language: str, there: Mapping[Key, object]) -> Key | None:
    """Which of the prompts that are there is played; as `worker.prompts.find`, from what is known."""
    return next((key for key in places(prompt, language) if key in there), None)


def places(prompt: Recorded | Music, language: str) -> list[Key]:
    """Best first."""
    if isinstance(prompt, Music):
        return [Key(f"{MUSIC}/{prompt.name}"), Key(prompt.name)] if prompt.name else [Key(MUSIC)]
    tag = prompt.language or language
    return [Key(prompt.name, one) for one in dict.fromkeys((tag, tag.partition("-")[0], ""))]


def _named(part: BaseModel, language: str) -> Iterator[Recorded | Music]:
    """Names that stand in the flow's file, wherever a node has them."""
    for field in type(part).model_fields:
        value = getattr(part, field)
        if field == "play" and isinstance(value, str):
            text = getattr(part, "text", None)
            otherwise = texts.text(value, language) if value in texts.TEXTS else ""
            yield Recorded(value, language, text if isinstance(text, str) else otherwise)
        elif field == "music" and isinstance(value, str):
            yield Music(value)
        elif isinstance(value, BaseModel):
            yield from _named(value, language)
