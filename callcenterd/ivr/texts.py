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
    "closed": (
        "现在是非工作时间，请您在工作时间再拨。再见。",
        "We are closed now. Please call again in our business hours. Goodbye.",
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
    "voicemail_full": (
        "抱歉，留言信箱已满，请稍后再拨。",
        "Sorry, this mailbox takes no more messages now. Please call again later.",
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
    "callback_connects": (
        "您好，这是您预约的回拨，正在为您接通座席。",
        "Hello, this is the callback that you asked for. We are connecting you with an agent.",
    ),
    "directory": (
        "请按姓名拼音的首字母，张三按 9 7，以井号键结束。",
        "Please key the first letters of the name, and then press pound.",
    ),
    "directory_unknown": ("没有找到这个姓名。", "Nobody was found by that name."),
    "directory_many": ("相符的人太多，请多按几个字母。", "Too many people have such a name. Please key more letters."),
    "directory_found": ("为您找到", "You have reached"),
    "directory_press": ("请按", "press"),
    "book_day": ("请选择日期。", "Please choose a day."),
    "book_time": ("请选择时间。", "Please choose a time."),
    "book_press": ("请按", "Press"),
    "book_for": ("选择", "for"),
    "book_later": ("更晚的请按 9。", "For later ones, press 9."),
    "book_first": ("从头再听请按星号键。", "To hear the first ones again, press star."),
    "book_back": ("另选日期请按星号键。", "For another day, press star."),
    "book_chosen": ("您选择的是", "You have chosen"),
    "book_confirm": ("确认请按 1，另选请按 2。", "To confirm, press 1. To choose again, press 2."),
    "book_taken": (
        "这个时间刚刚被约走，请另选。",
        "Somebody has just taken that time. Please choose another one.",
    ),
    "book_done": ("预约成功，时间是", "You have an appointment on"),
    "book_moved": ("改期成功，新的时间是", "Your appointment is now on"),
    "book_code": ("您的预约码是", "Your code is"),
    "book_code_end": (
        "改期或取消时要用。再听一遍请按 1，否则请稍候。",
        "You need it to move or cancel the appointment. To hear it again, press 1, or stay on the line.",
    ),
    "recording_notice": ("本次通话将被录音。", "This call will be recorded."),
    "conference_pin": (
        "请输入会议密码，以井号键结束。",
        "Please enter the PIN of the conference, and then press pound.",
    ),
    "conference_refused": ("密码不对，再见。", "That PIN is not right. Goodbye."),
    "conference_full": ("会议室已满，请稍后再拨。", "The conference is full. Please call again later."),
    "queue_next": ("您是下一位。", "You are next in the queue."),
    "queue_place": ("您现在排在第", "You are now number"),
    "queue_place_end": ("位。", "in the queue."),
    "queue_most": ("在您前面等待的已超过", "More than"),
    "queue_most_end": ("位。", "callers are before you."),
    "queue_wait": ("预计还需等待大约", "The expected wait is about"),
    "queue_place_back": (
        "电话刚才断开了，您原来的排队位置已为您保留。",
        "Your last call was cut off. You have your old place in the queue.",
    ),
    "exit_voicemail": ("留言请按", "To leave a message, press"),
    "exit_callback": ("需要我们给您回电，请按", "To be called back, press"),
    "exit_other": ("其他服务请按", "For other services, press"),
    "callback_none": ("没有收到号码，再见。", "We did not get a number. Goodbye."),
    "do_not_call": (
        "这个号码在勿扰名单上，不能拨打。",
        "That number is on the do-not-call list. It cannot be dialled.",
    ),
    # What a phone hears into which a prompt is spoken.
    "prompt_record": (
        "请在提示音后录音，结束请按井号键。",
        "Please record after the tone, and press pound when you have finished.",
    ),
    "prompt_recorded": ("录音已保存，请在网页上试听。", "It is recorded. Please listen to it on the page."),
    "prompt_short": ("没有听到声音。", "We did not hear you."),
    # What a phone hears that dials a feature code.
    "code_agent": ("请输入工号，以井号键结束。", "Please enter your agent number, and then press pound."),
    "code_pin": ("请输入密码，以井号键结束。", "Please enter your PIN, and then press pound."),
    "code_wrong": ("工号或密码不对。", "That number or PIN is not right."),
    "code_locked": ("尝试次数过多，请稍后再试。", "Too many attempts. Please try again later."),
    "code_bye": ("再见。", "Goodbye."),
    "code_signed_in": ("已签入，挂机后示闲。", "You are signed in, and ready when you hang up."),
    "code_signed_out": ("已签出。", "You are signed out."),
    "code_ready": ("挂机后示闲。", "You are ready when you hang up."),
    "code_break": ("已示忙。", "You are on a break."),
    "code_wrap_up_ended": ("话后处理已结束。", "The wrap-up is over."),
    "code_disposition": (
        "请输入小结编码，以井号键结束。",
        "Please enter the code of what came of the call, and then press pound.",
    ),
    "code_disposition_kept": ("小结已保存。", "That is kept with the call."),
    "code_disposition_wanted": (
        "请先拨 *75 填写通话小结。",
        "Please dial star seven five first, and say what came of the call.",
    ),
    "code_no_call": ("没有可以记录的通话。", "There is no call to say it of."),
    "code_note": (
        "请在提示音后口述备注，结束请按井号键。",
        "Please speak your note after the tone, and press pound when you have finished.",
    ),
    "code_note_kept": ("备注已保存。", "Your note is kept."),
    "code_note_short": ("没有听清，备注没有保存。", "We did not hear you. There is no note."),
    "code_undisturbed": ("免打扰已打开。", "Do not disturb is on."),
    "code_disturbed": ("免打扰已关闭。", "Do not disturb is off."),
    "code_forward_number": (
        "请输入转移到的号码，以井号键结束。",
        "Please enter the number to which calls shall go, and then press pound.",
    ),
    "code_forwarded": ("来电将转移到 {{ number }}。", "Calls will go to {{ number }}."),
    "code_not_forwarded": ("呼叫转移已取消。", "Calls are not forwarded any more."),
    "code_forward_refused": ("不能转移到这个号码。", "Calls cannot be forwarded to that number."),
    "code_no_agent": ("请先签入。", "Please sign in first."),
    "code_nobody": ("这部话机没有人签入。", "Nobody is signed in at this phone."),
    "code_not_registered": ("这部话机没有注册，不能签入。", "This phone is not registered. You cannot sign in here."),
    "code_in_call": (
        "这里或您原来的话机上正在通话，请稍后再签入。",
        "There is a call at this phone, or at the one you came from. Please sign in after it.",
    ),
    "code_unknown": ("没有这一项。", "There is no such choice."),
    "code_failed": ("现在无法完成，请稍后再试。", "This cannot be done now. Please try again later."),
}


def text(name: str, language: str) -> str:
    """KeyError if the house has no such text. Another language than Chinese hears English."""
    chinese, english = TEXTS[name]
    return chinese if language.lower().startswith("zh") else english


def house(name: str, language: str) -> Recorded:
    """Its words as they stand, for a text without values."""
    return Recorded(name, language, text(name, language))


def say(name: str, walk: Walk) -> Recorded:
    return walk.recorded(name, text(name, walk.language))


def fixed(language: str, *names: str) -> tuple[Recorded, ...]:
    """Those of them that every caller hears alike."""
    texts = {name: text(name, language) for name in names}
    return tuple(Recorded(name, language, words) for name, words in texts.items() if is_fixed(words))
