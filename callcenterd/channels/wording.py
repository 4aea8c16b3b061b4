"""What a letter says that brings a message, in the office's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from callcenterd.model.calls import Voicemail
from callcenterd.model.site import Site

_CHINESE = {
    "subject": "留言：{caller}（{box}）",
    "unknown": "未知号码",
    "queue": "技能组 {name}",
    "agent": "座席 {name}",
    "extension": "分机 {name}",
    "time": "时间：{time}",
    "number": "号码：{caller}",
    "customer": "客户：{names}",
    "box": "留给：{box}",
    "length": "时长：{seconds} 秒",
    "cut": "录音较长，附件只有开头部分；全部内容请在系统页面“留言”中收听。",
    "alone": "录音无法附上，请在系统页面“留言”中查看。",
    "between": "、",
}
_ENGLISH = {
    "subject": "Voicemail from {caller} ({box})",
    "unknown": "unknown number",
    "queue": "queue {name}",
    "agent": "agent {name}",
    "extension": "extension {name}",
    "time": "Time: {time}",
    "number": "Number: {caller}",
    "customer": "Customer: {names}",
    "box": "For: {box}",
    "length": "Length: {seconds} seconds",
    "cut": "The message is long: only its beginning is attached. All of it can be heard under Voicemail on the pages.",
    "alone": "The sound could not be attached. Please look under Voicemail on the pages.",
    "between": ", ",
}


@dataclass(frozen=True, slots=True)
class Worded:
    subject: str
    text: str
    text_if_cut: str
    text_alone: str


def worded(message: Voicemail, site: Site, customers: Sequence[str], language: str, zone: tzinfo) -> Worded:
    """customers: the names of those who may have called."""
    words = _CHINESE if language.lower().startswith("zh") else _ENGLISH
    caller, box = message.caller or words["unknown"], _box(message, site, words)
    lines = [
        words["time"].format(time=f"{message.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"),
        words["number"].format(caller=caller),
    ]
    if customers:
        lines.append(words["customer"].format(names=words["between"].join(customers)))
    lines.append(words["box"].format(box=box))
    if message.seconds is not None:
        lines.append(words["length"].format(seconds=f"{message.seconds:.0f}"))
    text = "\n".join(lines) + "\n"
    subject = words["subject"].format(caller=caller, box=box)
    return Worded(subject, text, f"{text}\n{words['cut']}\n", f"{text}\n{words['alone']}\n")


def _box(message: Voicemail, site: Site, words: dict[str, str]) -> str:
    if message.agent is not None:
        names = {user.login: user.name for user in site.users}
        name = names.get(message.agent, "")
        return words["agent"].format(name=f"{name} {message.agent}".strip())
    if message.extension is not None:
        return words["extension"].format(name=message.extension)
    titles = {queue.name: queue.title for queue in site.queues}
    name = "" if message.queue is None else titles.get(message.queue) or message.queue
    return words["queue"].format(name=name)
