"""What the house says by itself, in both languages: for nodes whose words an office did not write.

Each has a name: a recording of that name under prompts/ is played instead. `{{ … }}` as in a flow.
"""

from __future__ import annotations

from collections.abc import Mapping

from callcenterd.ivr.node import Walk, is_fixed
from callcenterd.model.prompts import Recorded

TEXTS: Mapping[str, tuple[str, str]] = {
    # name: (Chinese, English)
    "welcome": ("您好，欢迎致电。", "Hello, and thank you for calling."),
    "goodbye": ("感谢您的来电，再见。", "Thank you for calling. Goodbye."),
    "all_busy": (
        "抱歉，座席全忙，请您稍后再拨。再见。",
        "Sorry, all our agents are busy. Please call again later. Goodbye.",
    ),
    "voicemail": (
        "请在提示音后留言，结束请按井号键。",
        "Please leave a message after the tone, and press pound when you have finished.",
    ),
    "voicemail_short": (
        "没有听清您的留言，请在提示音后再说一次。",
        "We did not hear you. Please speak after the tone.",
    ),
    "voicemail_thanks": (
        "留言已经收到，我们会尽快与您联系。再见。",
        "We have your message, and will be in touch soon. Goodbye.",
    ),
    "callback_offer": (
        "我们将回拨您的来电号码 {{ caller }}，确认请按 1，更换号码请按 2。",
        "We will call you back at {{ caller }}. To confirm, press 1. For another number, press 2.",
    ),
    "callback_number": (
        "请输入您的电话号码，以井号键结束。",
        "Please enter your telephone number, and then press pound.",
    ),
    "callback_thanks": (
        "好的，座席空闲后会给您回电。再见。",
        "Thank you. We will call you as soon as an agent is free. Goodbye.",
    ),
    "callback_none": ("没有收到号码，再见。", "We did not get a number. Goodbye."),
}


def text(name: str, language: str) -> str:
    """KeyError if the house has no such text. Another language than Chinese hears English."""
    chinese, english = TEXTS[name]
    return chinese if language.lower().startswith("zh") else english


def say(name: str, walk: Walk) -> Recorded:
    return walk.recorded(name, text(name, walk.language))


def fixed(language: str, *names: str) -> tuple[Recorded, ...]:
    """Those of them that every caller hears alike."""
    texts = {name: text(name, language) for name in names}
    return tuple(Recorded(name, language, words) for name, words in texts.items() if is_fixed(words))
