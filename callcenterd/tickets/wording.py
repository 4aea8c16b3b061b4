"""What a letter about a duty says, in the office's language."""

from __future__ import annotations

from datetime import tzinfo

from callcenterd.model.complaints import Complaint
from callcenterd.model.duties import Duty, DutyLetter, Stage
from callcenterd.tickets.kinds import KINDS

_CHINESE = {
    "warning": "即将到期",
    "limit": "已到期",
    "escalation": "逾期上报",
    "subject": "{stage}：{what}",
    "between": "：",
    "number": "号码：{number}",
    "due": "到期：{due}",
    "owner": "责任人：{owner}",
    "nobody": "尚无人领取",
    "note": "备注：{note}",
    "where": "请在系统页面“待办”中处理。",
}
_ENGLISH = {
    "warning": "Soon due",
    "limit": "Due now",
    "escalation": "Overdue, handed up",
    "subject": "{stage}: {what}",
    "between": ": ",
    "number": "Number: {number}",
    "due": "Due: {due}",
    "owner": "Owed by: {owner}",
    "nobody": "nobody has taken it yet",
    "note": "Note: {note}",
    "where": "Please see to it under Duties on the pages.",
}


def letter(duty: Duty, stage: Stage, address: str, owner: str, language: str, zone: tzinfo) -> DutyLetter:
    """owner: their name; "" is nobody."""
    chinese = language.lower().startswith("zh")
    words = _CHINESE if chinese else _ENGLISH
    known = KINDS.get(duty.kind)
    kind = duty.kind if known is None else known.chinese if chinese else known.english
    what = words["between"].join(filter(None, (kind, duty.title or duty.number)))
    lines = [what, words["due"].format(due=f"{duty.due.astimezone(zone):%Y-%m-%d %H:%M}")]
    if duty.number:
        lines.append(words["number"].format(number=duty.number))
    lines.append(words["owner"].format(owner=owner or words["nobody"]))
    if duty.note:
        lines.append(words["note"].format(note=duty.note))
    subject = words["subject"].format(stage=words[stage], what=what)
    return DutyLetter(address=address, subject=subject[:200], text="\n".join(lines) + f"\n\n{words['where']}\n")


_ANSWER_CHINESE = {
    "subject": "关于您的{kind}（单号 {number}）",
    "complaint": "投诉",
    "suggestion": "建议",
    "dear": "{name}，您好：",
    "nobody": "您好：",
    "text": "您于 {at} 提出的{kind}（单号 {number}）已处理，结果如下：",
}
_ANSWER_ENGLISH = {
    "subject": "Your {kind} {number}",
    "complaint": "complaint",
    "suggestion": "suggestion",
    "dear": "Dear {name},",
    "nobody": "Hello,",
    "text": "This is what came of your {kind} {number} of {at}:",
}


def answer_letter(complaint: Complaint, address: str, language: str, zone: tzinfo) -> DutyLetter:
    """What the customer is told by e-mail, in the office's language."""
    words = _ANSWER_CHINESE if language.lower().startswith("zh") else _ANSWER_ENGLISH
    kind, at = words[complaint.kind], f"{complaint.at.astimezone(zone):%Y-%m-%d}"
    dear = words["dear"].format(name=complaint.name) if complaint.name else words["nobody"]
    said = words["text"].format(kind=kind, number=complaint.number, at=at)
    subject = words["subject"].format(kind=kind, number=complaint.number)
    return DutyLetter(address=address, subject=subject, text=f"{dear}\n\n{said}\n\n{complaint.result}\n")
