"""directory: the caller keys a name, and its extension becomes a variable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from callcenterd.ivr import texts
from callcenterd.ivr.directory import Person, find
from callcenterd.ivr.node import (
    OPERATOR_KEY,
    Count,
    Exits,
    FlowCall,
    Name,
    Node,
    NodeName,
    OperatorWanted,
    Seconds,
    Walk,
    node,
    present,
)
from callcenterd.ivr.saying import Saying, fixed, prompts
from callcenterd.ivr.spoken import values
from callcenterd.model.prompts import Prompt, Speech, Word

MOST_CHOICES = 9
MOST_KEYS = 20
END, AGAIN = "#", "*"


@node(
    "directory",
    zh="按姓名找分机：来电者按拼音首字母或英文名对应的数字键；几人相符时逐一报名选择。",
    en="Find an extension by name: pinyin initials or an English name on the keys; several are read to choose from.",
)
class Directory(Node):
    """directory: the variable that gets the extension, to be dialled after it. Found are the site's users who have an
    extension and stand in the directory (`in_directory`), by the first letters of the pinyin (张三: zs, 97), the whole
    pinyin or an English name, or the beginning of it; # ends what is keyed, * begins anew. ask: the question, as in
    say; without it the house's own words. least: keys that a name needs. first: seconds for the first key; between: for
    each other one. Of up to nine the names are read, each with its key; of more, more letters are asked for. retries:
    how often it is asked again. next: chosen. on_none: nothing was keyed, on_unknown: nobody was chosen, after the last
    try; on_unknown stands in for on_none, and where neither is named the flow ends. 0 alone leads to the operator.
    """

    asks: ClassVar[bool] = True

    directory: Name
    ask: Saying | None = None
    least: Annotated[int, Field(strict=True, ge=1, le=8)] = 2
    first: Seconds = 8
    between: Seconds = 3
    retries: Count = 2
    next: NodeName | None = None
    on_none: NodeName | None = None
    on_unknown: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        digits = ""
        for _ in range(1 + self.retries):
            own: list[Prompt] = [texts.say("directory", walk)]
            digits = await self._keyed(call, own if self.ask is None else prompts(self.ask, walk))
            if not digits:
                continue
            walk.acted()
            if digits == OPERATOR_KEY and self.operator and walk.has_operator:
                raise OperatorWanted
            found = find(call.people(), digits) if len(digits) >= self.least else []
            chosen = await self._chosen(call, walk, found)
            if chosen is not None:
                walk.set(self.directory, chosen.extension)
                call.tell(self.directory, f"{chosen.name} {chosen.extension}")
                return self.next
        return (self.on_unknown if digits else self.on_none) or self.on_unknown

    async def _keyed(self, call: FlowCall, question: list[Prompt]) -> str:
        digits = ""
        key = await call.ask(question, seconds=self.first)
        while key is not None and key != END:
            digits = "" if key == AGAIN else digits + key
            if len(digits) == MOST_KEYS:
                break
            key = await call.ask((), seconds=self.between)
        return digits

    async def _chosen(self, call: FlowCall, walk: Walk, found: Sequence[Person]) -> Person | None:
        if not found or len(found) > MOST_CHOICES:
            await call.play([texts.say("directory_many" if found else "directory_unknown", walk)], stop_on_key=True)
            return None
        if len(found) == 1:
            await call.play([texts.say("directory_found", walk), _spoken(found[0], walk)], stop_on_key=True)
            return found[0]
        key = await call.ask(self._choices(found, walk), seconds=self.first)
        if key is None:
            return None
        walk.acted()
        if key == OPERATOR_KEY and self.operator and walk.has_operator:
            raise OperatorWanted
        if not key.isdigit() or not 1 <= int(key) <= len(found):
            return None
        call.note_keys(key)
        return found[int(key) - 1]

    def _choices(self, found: Sequence[Person], walk: Walk) -> list[Prompt]:
        """Who has somebody else's name is told apart by the extension."""
        names = [one.name for one in found]
        heard: list[Prompt] = []
        for key, one in enumerate(found, start=1):
            heard.append(_spoken(one, walk))
            if names.count(one.name) > 1:
                heard += _words("digits", one.extension, walk.language)
            heard += [texts.say("directory_press", walk), *_words("number", str(key), walk.language)]
        return heard

    def exits(self) -> Exits:
        return present(next=self.next, on_none=self.on_none, on_unknown=self.on_unknown)

    def may_end(self) -> bool:
        return self.next is None or self.on_unknown is None

    def sets(self) -> Iterable[str]:
        return (self.directory,)

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        own: tuple[Prompt, ...] = texts.fixed(language, "directory") if self.ask is None else fixed(self.ask, language)
        house = texts.fixed(language, "directory_unknown", "directory_many", "directory_found", "directory_press")
        digits = _words("digits", "0123456789", language)
        keys = [word for key in range(1, MOST_CHOICES + 1) for word in _words("number", str(key), language)]
        return tuple(dict.fromkeys([*own, *house, *digits, *keys]))


def _spoken(one: Person, walk: Walk) -> Speech:
    """A Chinese name is read by a Chinese voice, whatever the caller speaks."""
    hanzi = any("\u3400" <= character <= "\u9fff" for character in one.name)
    return Speech(one.name, "zh-CN" if hanzi else walk.language)


def _words(kind: values.Kind, text: str, language: str) -> list[Word]:
    return [Word(word, language) for word in values.words(kind, text, language)]
