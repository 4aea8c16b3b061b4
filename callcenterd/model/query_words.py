"""What fields of queries are called, in Chinese and English: on the page, and above the columns of an export."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "customer": ("客户", "Customer"),
    "call": ("通话", "Call"),
    "consultation": ("业务咨询", "Consultation"),
    "complaint": ("投诉建议", "Complaint"),
    "follow_up": ("业务回访", "Follow-up"),
    "appointment": ("预约", "Appointment"),
    "duty": ("待办", "Duty"),
    "phone_book": ("座席通讯录", "Phone book"),
}
_SHARED: Final[Mapping[str, tuple[str, str]]] = {
    "anything": ("任意文字", "Any text"),
    "address": ("地址", "Address"),
    "agent": ("座席", "Agent"),
    "agents": ("参与座席", "Agents who took part"),
    "answered_at": ("接通时间", "Answered at"),
    "at": ("时间", "Time"),
    "answer_by": ("希望的答复方式", "Wanted answer"),
    "aspects": ("涉及方面", "Aspects"),
    "background": ("背景", "Background"),
    "called": ("被叫号码", "Called number"),
    "caller": ("主叫号码", "Calling number"),
    "caller_name": ("主叫名称", "Caller's name"),
    "card": ("卡号", "Card number"),
    "category": ("类别", "Category"),
    "cause": ("结束原因", "Cause"),
    "changed_at": ("修改时间", "Changed at"),
    "changed_by": ("修改人", "Changed by"),
    "channel": ("渠道", "Channel"),
    "channels": ("得知渠道", "Channels"),
    "closed_at": ("完成时间", "Closed at"),
    "closed_by": ("完成人", "Closed by"),
    "company": ("公司", "Company"),
    "content": ("回访内容", "Content"),
    "created_at": ("建立时间", "Created at"),
    "created_by": ("建立人", "Created by"),
    "department_number": ("部门编号", "Department number"),
    "direction": ("呼叫方向", "Direction"),
    "disposition": ("小结", "Disposition"),
    "done_at": ("完成时间", "Done at"),
    "done_by": ("完成人", "Done by"),
    "due": ("到期时间", "Due"),
    "duty_kind": ("待办类型", "Kind of duty"),
    "email": ("电子邮箱", "E-mail"),
    "ended_at": ("结束时间", "Ended at"),
    "ended_by": ("挂断方", "Ended by"),
    "extension": ("分机", "Extension"),
    "first_due": ("最初约定", "First due"),
    "flow": ("流程", "Flow"),
    "gifts_by_mail": ("愿收邮寄礼品", "Gifts by mail"),
    "identity": ("身份", "Identity"),
    "in_directory": ("可按姓名查找", "In the directory"),
    "keys": ("按键", "Keys"),
    "kind": ("种类", "Kind"),
    "language": ("语言", "Language"),
    "level": ("客户级别", "Level"),
    "login": ("工号", "Login"),
    "means": ("答复方式", "Means of the answer"),
    "mos": ("音质评分", "Sound quality (MOS)"),
    "name": ("姓名", "Name"),
    "next_call": ("下次回访", "Next call"),
    "note": ("备注", "Note"),
    "number": ("编号", "Number"),
    "outcome": ("结果", "Outcome"),
    "owner": ("负责人", "Owner"),
    "person_number": ("人员编号", "Person number"),
    "phone": ("电话", "Phone"),
    "phones": ("电话", "Phones"),
    "priority": ("优先级", "Priority"),
    "product_number": ("产品编号", "Product number"),
    "project_number": ("项目编号", "Project number"),
    "project_type": ("项目类型", "Project type"),
    "queue": ("技能组", "Queue"),
    "reason": ("原因", "Reason"),
    "reopened": ("重开次数", "Reopened"),
    "responsible": ("责任人", "Responsible"),
    "result": ("处理结果", "Result"),
    "role": ("角色", "Role"),
    "satisfaction": ("满意度", "Satisfaction"),
    "scores": ("满意度评分", "Survey scores"),
    "sex": ("性别", "Sex"),
    "started_at": ("开始时间", "Started at"),
    "stands": ("是否成立", "Stands"),
    "state_at": ("进入状态时间", "In this state since"),
    "state": ("状态", "State"),
    "tags": ("标签", "Tags"),
    "talk_seconds": ("通话秒数", "Talk (seconds)"),
    "team": ("班组", "Team"),
    "title": ("事项", "Title"),
    "type": ("类型", "Type"),
    "tries": ("未接通次数", "Tries in vain"),
    "trunk": ("中继", "Trunk"),
    "wait_seconds": ("等待秒数", "Wait (seconds)"),
}
_OF_KIND: Final[Mapping[str, tuple[str, str]]] = {
    "consultation.number": ("单号", "Sheet number"),
    "complaint.number": ("单号", "Sheet number"),
    "follow_up.number": ("单号", "Sheet number"),
    "appointment.number": ("单号", "Sheet number"),
    "follow_up.result": ("回访结果", "Result"),
    "customer.number": ("客户编号", "Customer number"),
}


def field_words(kind: str, name: str) -> tuple[str, str]:
    """name: as a query has it; "customer.level" is 客户 · 客户级别. A field without a word is called by its name."""
    parent, _, of_parent = name.rpartition(".")
    if parent:
        pairs = zip(KINDS[parent], field_words(parent, of_parent), strict=True)
        chinese, english = (f"{above} · {below}" for above, below in pairs)
        return chinese, english
    return _OF_KIND.get(f"{kind}.{name}") or _SHARED.get(name) or (name, name)
