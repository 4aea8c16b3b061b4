"""The two scorecards that every office begins with; it changes them as it likes."""

from __future__ import annotations

from callcenterd.model.appraisals import Choice, Question, Section, TemplateTerms


def _points(name: str, chinese: str, english: str, points: int, *, optional: bool = False) -> Question:
    return Question(id=name, chinese=chinese, english=english, points=points, comment_below=60, optional=optional)


def _must(name: str, chinese: str, english: str, points: int) -> Question:
    return Question(id=name, chinese=chinese, english=english, kind="yes_no", points=points, fatal=True)


_OPENING = Section(
    chinese="开场",
    english="Opening",
    weight=15,
    questions=(
        Question(
            id="greeting",
            chinese="按规范问候并报工号",
            english="Greeted and gave the agent number",
            kind="yes_no",
            points=5,
        ),
        _points("identity", "核对客户身份", "Checked who the customer is", 5, optional=True),
    ),
)
_CLOSING = Section(
    chinese="结束与记录",
    english="Closing and record",
    weight=20,
    questions=(
        _points("agreed", "确认后续安排", "Said what happens next", 5, optional=True),
        Question(id="farewell", chinese="礼貌结束", english="Ended politely", kind="yes_no", points=5),
        _points("record", "业务记录完整准确", "The record is complete and right", 10),
    ),
)
_MANNER = Section(
    chinese="沟通与态度",
    english="Manner",
    weight=25,
    questions=(
        _points("tone", "语气亲切，语速适中", "Friendly, at a fair pace", 5),
        _points("listening", "耐心倾听，不打断", "Listened, and did not interrupt", 5),
        _points("hold", "保持前告知，回来后致谢", "Announced holds, and gave thanks after them", 5, optional=True),
        _must("respect", "没有服务禁语或顶撞客户", "No forbidden words, no quarrel with the customer", 5),
    ),
)

SERVICE = TemplateTerms(
    chinese="服务通话评分表",
    english="Service call",
    passing=80,
    sections=(
        _OPENING,
        _MANNER,
        Section(
            chinese="业务处理",
            english="The matter",
            weight=40,
            questions=(
                _points("need", "准确理解客户需求", "Understood what the customer wants", 10),
                _points("knowledge", "业务解答正确完整", "Answered rightly and completely", 15),
                Question(
                    id="solved",
                    chinese="问题解决情况",
                    english="Was it solved",
                    kind="choice",
                    choices=(
                        Choice(chinese="当场解决", english="At once", points=10),
                        Choice(chinese="已按流程转办", english="Passed on as it should be", points=8),
                        Choice(chinese="部分解决", english="In part", points=4),
                        Choice(chinese="未解决", english="Not at all", points=0),
                    ),
                    comment_below=60,
                ),
                _must("secrecy", "没有泄露客户信息", "Gave away nothing about customers", 5),
            ),
        ),
        _CLOSING,
    ),
)
COMPLAINT = TemplateTerms(
    chinese="投诉受理评分表",
    english="Complaint call",
    passing=85,
    sections=(
        _OPENING,
        Section(
            chinese="安抚与态度",
            english="Calming the customer",
            weight=30,
            questions=(
                _points("apology", "适时致歉、表示理解", "Apologised and showed understanding", 10),
                _points("calm", "情绪稳定，缓和气氛", "Stayed calm, and calmed the caller", 10),
                _must("respect", "没有推诿、顶撞或服务禁语", "No shifting of blame, no quarrel", 5),
            ),
        ),
        Section(
            chinese="投诉处理",
            english="Handling the complaint",
            weight=35,
            questions=(
                _points("facts", "问清时间、地点、经过", "Asked when, where and what", 10),
                _points("wishes", "问明客户诉求", "Asked what the customer wants", 5),
                _points("deadline", "告知处理时限与回复方式", "Said by when and how there will be an answer", 10),
                _must("promise", "没有超出权限的承诺", "Promised nothing beyond the own powers", 5),
            ),
        ),
        _CLOSING,
    ),
)
SHIPPED = (SERVICE, COMPLAINT)
