"""The first flow of an office, as text: greet, perhaps ask, and queue; after hours tell so and take a message.

It is written so that people go on from it: by the editor, or by hand. What is put into it is quoted by `yamltext`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from callcenterd.model.ids import FlowName, QueueName
from callcenterd.yamltext import quoted, written

Way = Literal["direct", "menu"]
_WAIT = 90
"""Seconds that a caller waits for a person before a message is asked for."""
_WORDS = {
    "zh-CN": {
        "about": "总机：问候，转入技能组；非工作时间请来电者留言。由开局向导生成，可在流程页继续修改",
        "closed": "您好，现在是非工作时间，请在提示音后留言，我们会尽快给您回电。",
        "busy": "座席正忙，请在提示音后留言，我们会尽快给您回电。",
        "menu": "人工服务请按 1，留言请按 2。",
    },
    "en": {
        "about": "Reception: greet, then queue; after hours take a message. Made by the set-up; change it as you like",
        "closed": "Hello. We are closed now. Please leave a message after the tone, and we will call you back.",
        "busy": "All our agents are busy. Please leave a message after the tone, and we will call you back.",
        "menu": "To speak with somebody, press 1. To leave a message, press 2.",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstFlow:
    """calendar: "" if it is open always. greeting: as it is spoken; "" for none."""

    name: FlowName
    title: str
    language: Literal["zh-CN", "en"]
    way: Way
    greeting: str
    queue: QueueName
    calendar: str = ""

    def text(self) -> str:
        words = _WORDS[self.language]
        head = [
            f"# {words['about']}",
            f"flow: {written(self.name)}",
            f"title: {quoted(self.title)}",
            f"language: {self.language}",
            f"start: {self._first()}",
            "nodes:",
        ]
        return "\n".join([*head, *self._nodes()]) + "\n"

    def _first(self) -> str:
        return "open" if self.calendar else self._second()

    def _second(self) -> str:
        if self.greeting:
            return "welcome"
        return "menu" if self.way == "menu" else "person"

    def _nodes(self) -> Iterator[str]:
        words = _WORDS[self.language]
        if self.calendar:
            yield f"  open: {{hours: {written(self.calendar)}, next: {self._second()}, on_closed: closed}}"
            yield f"  closed: {{say: {quoted(words['closed'])}, next: leave}}"
        if self.greeting:
            after = "menu" if self.way == "menu" else "person"
            yield f"  welcome: {{say: {quoted(self.greeting)}, next: {after}}}"
        if self.way == "menu":
            yield "  menu:"
            yield f"    menu: {{say: {quoted(words['menu'])}, timeout: 5, retries: 1}}"
            yield '    keys: {"1": person, "2": leave}'
            yield "    otherwise: person"
        yield f"  person: {{queue: {written(self.queue)}, on_timeout: {{after: {_WAIT}, next: busy}}}}"
        yield f"  busy: {{say: {quoted(words['busy'])}, next: leave}}"
        yield f"  leave: {{voicemail: {written(self.queue)}}}"
