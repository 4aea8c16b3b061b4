"""What a letter about a duty says, in the office's language."""

from __future__ import annotations

from datetime import tzinfo

from callcenterd.model.duties import Duty, DutyLetter, Stage
from callcenterd.tickets.kinds import Kind

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


def letter(
    duty: Duty, known: Kind | None, stage: Stage, address: str, owner: str, language: str, zone: tzinfo
) -> DutyLetter:
    """known: its kind. owner: their name; "" is nobody."""
    chinese = language.lower().startswith("zh")
    words = _CHINESE if chinese else _ENGLISH
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
