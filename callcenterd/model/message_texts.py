"""The texts of messages to customers as they ship; an office changes them as it likes (`message_templates`)."""

from __future__ import annotations

from collections.abc import Mapping

from callcenterd.model.message_templates import MessageTemplate, Purpose

_TEXTS: tuple[tuple[Purpose, str, str, str, str, str, str], ...] = (
    (
        "appointment_booked",
        "预约成功：{service} {date} {time}",
        "{name}，您好：\n\n您已预约{service}，时间为{date} {time}，预约单号 {number}。\n"
        "改期或取消请致电本中心，并提供预约码 {code}。\n",
        "Your appointment: {service}, {date} {time}",
        "Dear {name},\n\nyou have an appointment for {service} on {date} at {time}, number {number}.\n"
        "To change or cancel it please call us and give the code {code}.\n",
        "您已预约{service}，{date} {time}，单号{number}，预约码{code}，改期或取消请来电。",
        "Appointment: {service}, {date} {time}, no. {number}, code {code}. To change or cancel please call us.",
    ),
    (
        "appointment_changed",
        "预约已改期：{service} {date} {time}",
        "{name}，您好：\n\n您的预约 {number}（{service}）已改为{date} {time}，预约码仍为 {code}。\n",
        "Your appointment has moved: {service}, {date} {time}",
        "Dear {name},\n\nyour appointment {number} for {service} is now on {date} at {time}. The code {code} stays.\n",
        "您的预约{number}（{service}）已改为{date} {time}，预约码仍为{code}。",
        "Your appointment {number} ({service}) is now on {date}, {time}. The code {code} stays.",
    ),
    (
        "appointment_cancelled",
        "预约已取消：{service} {date} {time}",
        "{name}，您好：\n\n您的预约 {number}（{service}，{date} {time}）已取消。\n",
        "Your appointment is cancelled: {service}, {date} {time}",
        "Dear {name},\n\nyour appointment {number} for {service} on {date} at {time} is cancelled.\n",
        "您的预约{number}（{service}，{date} {time}）已取消。",
        "Your appointment {number} ({service}, {date}, {time}) is cancelled.",
    ),
    (
        "appointment_reminder",
        "预约提醒：{service} {date} {time}",
        "{name}，您好：\n\n提醒您：您预约的{service}时间为{date} {time}，预约单号 {number}。\n"
        "改期或取消请致电本中心，并提供预约码 {code}。\n",
        "A reminder: {service}, {date} {time}",
        "Dear {name},\n\nthis is a reminder of your appointment for {service} on {date} at {time}, number {number}.\n"
        "To change or cancel it please call us and give the code {code}.\n",
        "提醒：您预约的{service}时间为{date} {time}，单号{number}，预约码{code}，改期或取消请来电。",
        "Reminder: {service}, {date} {time}, no. {number}, code {code}. To change or cancel please call us.",
    ),
    (
        "complaint_answer",
        "关于您的投诉建议 {number} 的答复",
        "{name}，您好：\n\n您于{date}提出的投诉建议（单号 {number}）已处理完毕，答复如下：\n\n"
        "{answer}\n\n感谢您的反馈。\n",
        "Our answer to your complaint {number}",
        "Dear {name},\n\nwe have looked into what you told us on {date} (number {number}). Our answer:\n\n{answer}\n\n"
        "Thank you for telling us.\n",
        "关于您的投诉建议{number}，答复如下：{answer}",
        "Our answer to your complaint {number}: {answer}",
    ),
    (
        "follow_up",
        "回访：{number}",
        "{name}，您好：\n\n我们于{date}致电回访，未能与您取得联系（单号 {number}）。方便时请与我们联系。\n",
        "We tried to reach you: {number}",
        "Dear {name},\n\nwe tried to call you on {date} (number {number}) and could not reach you. "
        "Please get in touch.\n",
        "我们于{date}致电回访，未能与您取得联系，方便时请与我们联系（单号{number}）。",
        "We tried to call you on {date} and could not reach you. Please get in touch (no. {number}).",
    ),
    (
        "proposal",
        "建议书：{title}（{number}）",
        "{name}，您好：\n\n随信附上为您准备的建议书“{title}”（编号 {number}），请查收。"
        "如有疑问，请直接与我们联系。\n\n{agent}\n{date}\n",
        "Our proposal: {title} ({number})",
        "Dear {name},\n\nplease find attached the proposal that we have prepared for you, {title} (number {number}). "
        "Do ask us if anything is unclear.\n\n{agent}\n{date}\n",
        "为您准备的建议书“{title}”（{number}）已备好，请与我们联系。",
        "Our proposal {title} ({number}) is ready for you. Please get in touch.",
    ),
    (
        "letter",
        "来自客户服务的信",
        "{name}，您好：\n\n\n\n{agent}\n{date}\n",
        "A letter from our customer service",
        "Dear {name},\n\n\n\n{agent}\n{date}\n",
        "{name}，您好：",
        "Dear {name},",
    ),
    (
        "call_us",
        "请与我们联系",
        "{name}，您好：\n\n我们有事与您商量，方便时请给我们来电。\n\n{agent}\n{date}\n",
        "Please call us",
        "Dear {name},\n\nthere is something that we would like to talk over with you. Please call us when it suits you."
        "\n\n{agent}\n{date}\n",
        "{name}，您好，方便时请给我们来电。{agent}",
        "Dear {name}, please call us when it suits you. {agent}",
    ),
)
"""Purpose; subject and text in Chinese, in English; the SMS in both."""


def _shipped() -> dict[tuple[str, str, str], MessageTemplate]:
    made: list[MessageTemplate] = []
    for purpose, subject_zh, text_zh, subject_en, text_en, sms_zh, sms_en in _TEXTS:
        made += [
            MessageTemplate(purpose=purpose, channel="email", language="zh-CN", subject=subject_zh, text=text_zh),
            MessageTemplate(purpose=purpose, channel="email", language="en", subject=subject_en, text=text_en),
            MessageTemplate(purpose=purpose, channel="sms", language="zh-CN", subject="", text=sms_zh),
            MessageTemplate(purpose=purpose, channel="sms", language="en", subject="", text=sms_en),
        ]
    return {(one.purpose, one.channel, one.language): one for one in made}


SHIPPED: Mapping[tuple[str, str, str], MessageTemplate] = _shipped()
"""By purpose, channel and language; in the order in which pages show them."""
