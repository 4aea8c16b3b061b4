"""What the server says to people, in both languages; and which of them a request wants.

Sentences of lower rooms are English with values in them; `SENTENCES` knows those that a person may meet. Without a
match the English one is shown: a foreign sentence is better than none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, Literal

from aiohttp import web
from babel.dates import format_timedelta

from callcenterd import said
from callcenterd.said import Said

Language = Literal["zh-CN", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh-CN", "en")
COOKIE: Final = "callcenterd_language"

TEXTS: Mapping[str, tuple[str, str]] = {
    # code: Chinese, English
    "not_signed_in": ("请先登录", "Sign in first"),
    "wrong_login": ("工号或密码不对", "Wrong login or password"),
    "code_needed": ("请输入验证码", "Enter your verification code"),
    "wrong_code": ("验证码不对，或已经用过", "This verification code is wrong, or was used before"),
    "second_factor_needed": (
        "您的角色必须使用双重验证，请先设置",
        "Your role needs a second factor: set it up first",
    ),
    "second_factor_required": (
        "您的角色必须使用双重验证，不能关闭",
        "Your role needs a second factor: it cannot be switched off",
    ),
    "too_many_attempts": ("尝试次数过多，请等{wait}再试", "Too many attempts. Try again in {wait}"),
    "sought_too_often": (
        "您已按完整号码查找过很多次隐藏的号码，请等{wait}再试",
        "You have looked for many numbers that are hidden from you. Try again in {wait}",
    ),
    "not_allowed": ("您没有这项权限", "You do not have the right to do this"),
    "foreign_page": ("请求不是从本系统的页面发出的", "The request does not come from a page of this system"),
    "not_found": ("没有这一项", "There is no such thing"),
    "no_such_address": ("没有这个地址", "There is nothing at this address"),
    "method_not_allowed": ("此地址不支持这种请求", "This address does not take that kind of request"),
    "malformed": ("请求内容无法读取：{why}", "The request cannot be read: {why}"),
    "not_json": ("请求内容须为 application/json", "The request's content must be application/json"),
    "no_host": ("请求里没有主机名（Host）", "The request names no host"),
    "not_our_name": (
        "这台服务器不叫 {host}。管理员可在配置 web.names 中加上这个名称",
        "This server is not called {host}. An administrator can add the name to web.names in the configuration",
    ),
    "https_only": ("请改用 https://", "Ask by https:// instead"),
    "too_large": ("请求内容太大，最多 {most}", "The request is too large; at most {most}"),
    "too_slow": ("请求内容没有按时送达", "The request's content did not arrive in time"),
    "wrong_fields": ("有几项填写不对", "Some fields are not right"),
    "faulty_file": ("文件中有错误，没有采用", "The file has faults and was not used"),
    "changed_meanwhile": (
        "流程文件已被别人修改，没有覆盖",
        "The flow's file was changed meanwhile; nothing was written over it",
    ),
    "customer_changed": (
        "这位客户的资料刚被别人修改，您的修改还没有保存",
        "Somebody else has just changed this customer; your changes are not saved yet",
    ),
    "not_theirs": ("这不是这位客户的记录", "This is not a record of this customer"),
    "field_changed": (
        "这个字段刚被别人修改，您的修改还没有保存",
        "Somebody else has just changed this field; your changes are not saved yet",
    ),
    "administrators_keep": (
        "管理员的权限不能更改，以免再没有人能管理",
        "An administrator keeps all rights, lest nobody could administer any more",
    ),
    "role_changed": (
        "这个角色刚被别人修改，您的修改还没有保存",
        "Somebody else has just changed this role; your changes are not saved yet",
    ),
    "no_such_role": ("没有可复制的角色：{name}", "There is no role {name} that can be copied"),
    "shipped_name": ("系统自带的角色不能改名", "A role that came with the system keeps its name"),
    "role_in_use": ("还有用户使用这个角色：{users}", "Users have this role: {users}"),
    "no_such_right": ("没有这项权限：{name}", "There is no right {name}"),
    "cannot_hide": (
        "您看不到其中隐藏的内容，所以不能取这种文件",
        "Parts of this are hidden from you, so you cannot take a file of this kind",
    ),
    "masked": (
        "这里是隐藏后的值，系统不知道原值，请重新打开后再改",
        "This is a hidden value whose original is not known any more; open it again, then change it",
    ),
    "unavailable": ("现在无法完成", "This cannot be done now"),
    "failed": ("系统内部出错，已记入日志", "Something went wrong here; it is in the log"),
    "wrong_password": ("原密码不对", "The present password is wrong"),
    "exists": ("已有同名的一项", "There is one of that name already"),
    "thing_changed": (
        "别人刚修改了这一项，您的修改没有保存",
        "Somebody else has just changed this; yours is not saved",
    ),
    "seat_changed": (
        "这个人的分机刚被别人改过，您的修改没有保存",
        "Somebody else has just given them another extension; your change is not saved",
    ),
    "extension_of_others": ("这个分机已归 {names} 使用", "This extension is {names}'s already"),
    "other_name": (
        "与地址中的名称不同；要改名请新建一项",
        "Differs from the name in the address; make a new one instead",
    ),
    "own_account": ("不能删除自己", "You cannot delete yourself"),
    "not_both": ("不能与 {other} 同时给出", "cannot be given together with {other}"),
    "no_such_user": ("没有这位用户", "There is no such user"),
    "no_such_customer": ("没有这位客户", "There is no such customer"),
    "no_such_queue": ("没有这个技能组", "There is no such queue"),
    "no_such_calendar": ("没有这个日历", "There is no such calendar"),
    "not_our_number": ("不是本单位的号码", "Is no number of the office"),
    "no_such_disposition": ("没有话后小结 {named}", "There is no disposition {named}"),
    "never_again": ("已接通的不再呼叫", "Who was reached is not called again"),
    "past": ("时间已过", "Is past"),
    "not_csv": ("请求内容须为 text/csv", "The request's content must be text/csv"),
    "not_yaml": ("请求内容须为 application/yaml", "The request's content must be application/yaml"),
    "not_sound": ("请求内容须为音频文件", "The request's content must be a sound file"),
    "file_too_large": ("文件太大，最多 {most}", "The file is too large; at most {most}"),
    "file_empty": ("这个文件是空的", "There is nothing in this file"),
    "file_infected": ("病毒检查没有放行这个文件", "The virus check keeps this file out"),
    "file_unchecked": (
        "病毒检查没有回应，现在不能添加附件，请告诉管理员",
        "The virus check does not answer, so no file can be attached now; tell the administrator",
    ),
    "module_off": ("这项功能已停用", "This part of the system is switched off"),
    "kept_otherwise": (
        "这一条在断网前已经保存，保存的是当时的内容；之后改动的部分没有保存。请打开那一条再修改",
        "This was kept already as it was first sent, before the network was cut; what you have changed since is not "
        "kept. Open it and change it there",
    ),
    "kept_already": (
        "这一条已经保存过，但当时的答复已无法重发。请先到列表中查看，再决定是否重新保存",
        "This was kept already, but what was answered then is not known any more. Look for it in the list before you "
        "save it again",
    ),
    "being_recorded": ("通话仍在录音，结束后可以听", "Still being recorded; it can be heard after the call"),
}

FIELDS: Mapping[str, tuple[str, str]] = {
    # pydantic's type of error: what to say of the field
    "missing": ("必须填写", "is needed"),
    "extra_forbidden": ("没有这一项", "is not known here"),
    "string_too_short": ("至少 {min_length} 个字", "at least {min_length} characters"),
    "string_too_long": ("最多 {max_length} 个字", "at most {max_length} characters"),
    "too_long": ("最多 {max_length} 项", "at most {max_length} entries"),
    "too_short": ("至少 {min_length} 项", "at least {min_length} entries"),
    "string_pattern_mismatch": ("写法不对", "is not written as it must be"),
    "literal_error": ("只能是 {expected}", "must be one of {expected}"),
    "greater_than_equal": ("不能小于 {ge}", "must be {ge} or more"),
    "greater_than": ("必须大于 {gt}", "must be more than {gt}"),
    "less_than_equal": ("不能大于 {le}", "must be {le} or less"),
    "finite_number": ("必须是数字", "must be a number"),
    "json_invalid": ("不是 JSON", "is no JSON"),
    "control_characters": ("含有不可见的字符", "has characters that cannot be seen"),
    "alarm_before_warning": ("报警值应比提醒值更严", "the alarm must come after the warning"),
    "of_agents": ("这一项属于座席，不能按技能组设置", "this is of agents, and no queue has its own"),
    "twice": ("给了两次", "is given twice"),
    "timezone_aware": ("时间要带时区", "the time needs its offset"),
    "common_password": ("密码太容易猜到", "is too easy to guess"),
    "control": ("含有不可见的字符", "has characters that cannot be seen"),
    "phone": ("{number} 不是电话号码", "{number} is no telephone number"),
    "email": ("电子邮箱须有名称、@ 和域名", "an e-mail address has a name, an @ and a domain"),
    "time": ("须在结束之前，最多 {days} 天", "must be before the end, by at most {days} days"),
    "no_queue": ("没有队列 {name}", "there is no queue {name}"),
    "no_extension": ("没有这个分机", "there is no such extension"),
    "pin": ("PIN 须为 4 到 12 位数字", "a PIN of 4 to 12 digits is wanted"),
    "amount_sign": ("充值须为正数，消费须为负数，不能为零", "a recharge adds, a consumption takes away; never nothing"),
    "only_corrections": ("只有更正可以冲销一笔记账", "only a correction undoes a posting"),
    "reason": ("更正须写明原因", "a correction says why"),
    "date_parsing": ("须为日期，写法如 2026-10-01", "must be a date, as 2026-10-01"),
    "empty_name": ("中文和英文名称都要填写", "a value needs a name in both languages"),
    "writers_see": ("能填写的角色须能看到这个字段", "who fills a field in must see it"),
    "code_twice": ("同一个代码在列表中出现了两次", "a code stands in the list twice"),
    "query_year": ("须为 1900 到 2200 年之间的时间", "a time from 1900 to 2200 is wanted"),
    "query_span": (
        "时间段写起止时间、某个期间，或最近（未来）多少，三者选一",
        "a span is from and to, or a period, or the last or next so many",
    ),
    "query_span_end": ("结束须在开始之后", "a span ends after it begins"),
    "query_values": ("条件没有填完整", "the condition is not filled in as its comparison wants it"),
    "query_text": ("须填写一段文字", "one text is wanted"),
    "query_counts": ("“至多”不能小于“至少”", "at most is not less than at least"),
    "query_part": ("须为字段条件、条件组或关联记录", "a condition has a field, a group, or related records"),
    "query_depth": ("条件组最多嵌套 {most} 层", "groups stand in each other at most {most} deep"),
    "query_size": ("最多 {most} 个条件", "at most {most} conditions"),
    "nobody": ("姓名和电话至少填一项", "a card needs a name or a telephone number"),
}
_KINDS: Mapping[str, tuple[str, str]] = {
    "string": ("必须是文字", "must be text"),
    "int": ("必须是整数", "must be a whole number"),
    "float": ("必须是数字", "must be a number"),
    "bool": ("必须是“是”或“否”", "must be true or false"),
    "datetime": ("必须是时间（ISO 8601，带时区）", "must be a time (ISO 8601 with offset)"),
    "list": ("必须是一个列表", "must be a list"),
    "tuple": ("必须是一个列表", "must be a list"),
    "dict": ("必须是一组项目", "must be an object"),
    "model": ("必须是一组项目", "must be an object"),
}
_NOT_VALID = ("填写不对", "is not right")

THINGS: Mapping[str, str] = {
    "agent": "座席",
    "attachment": "附件",
    "break reason": "小休原因",
    "call": "通话",
    "card": "预付费卡",
    "callback": "回拨",
    "conference": "会议室",
    "customer": "客户",
    "device": "话机",
    "disposition": "话后小结",
    "complaint": "投诉建议",
    "consultation": "咨询记录",
    "follow-up": "回访记录",
    "appointment": "预约",
    "appointment service": "预约服务",
    "follow-up rule": "回访规则",
    "follow_up": "回访记录",
    "workflow": "工单流转",
    "customer message": "客户消息",
    "message template": "消息模板",
    "duty": "待办",
    "message": "消息",
    "colleague": "同事",
    "role": "角色",
    "help": "求助",
    "extension": "分机",
    "flow": "流程",
    "letter": "邮件",
    "limits": "外拨限制",
    "module": "功能模块",
    "listening": "监听",
    "mailbox": "留言信箱",
    "calendar": "日历",
    "dictionary": "列表",
    "campaign": "外呼活动",
    "entry": "名单条目",
    "team": "班组",
    "number": "号码",
    "page": "网页话机",
    "outbound route": "外拨路由",
    "parked call": "驻留的通话",
    "party": "通话方",
    "posting": "记账",
    "prompt": "提示音",
    "language": "语言",
    "draft": "草稿",
    "version": "版本",
    "queue": "技能组",
    "recording": "录音",
    "note": "批注",
    "link": "分享链接",
    "download": "下载",
    "trunk": "中继",
    "user": "用户",
    "voicemail": "留言",
}

_NOT = r"(?:, not (?P<came>.*))?"
SENTENCES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), chinese)
    for pattern, chinese in (
        (r"the trunk is being tested", "这条中继正在测试"),
        (r"a test call is under way", "正在进行另一个测试呼叫"),
        (r"all (?P<n>\d+) channels of (?P<trunk>.*) are taken", "中继 {trunk} 的 {n} 路全部占用"),
        (r"is an emergency number", "是紧急号码，不能用来测试"),
        (r"an emergency number is not called to try something", "不能用紧急号码测试"),
        (r"(?P<number>.*) is no number", "{number}不是电话号码"),
        (r"is no number", "不是电话号码"),
        (r"there is no scorecard (?P<name>\d+) in use", "没有在用的评分表 {name}"),
        (r"there is no scorecard (?P<name>.*)", "没有这张评分表"),
        (r"there is no sampling plan (?P<name>.*)", "没有这个抽样计划"),
        (r"there is no calibration (?P<name>.*)", "没有这次校准"),
        (r"there is no appraisal (?P<name>.*)", "没有这份考核"),
        (r"somebody has changed this (scorecard|appraisal|plan) meanwhile", "别人刚刚修改过"),
        (r"the (appraisal|scorecard|plan) cannot be kept as it is", "这样不能保存"),
        (r"the (appraisal|calibration) cannot be (begun|handed over)", "不能这样做"),
        (r"nobody has answered this call", "这通电话没有座席接听"),
        (r"this call goes on", "通话还没有结束"),
        (r"nobody appraises a call of their own", "不能考核自己的通话"),
        (r"you appraise this call already", "您已经在考核这通电话"),
        (r"you do not oversee this agent", "这位座席不归您管理"),
        (r"they may not appraise", "有人没有评分的权限"),
        (r"(?P<name>.*) may not appraise", "{name} 不能给这位座席评分"),
        (r"somebody else makes this appraisal", "这份考核由别人评分"),
        (r"this appraisal is .*", "这份考核的状态已经变了"),
        (r"the time to dispute this appraisal is over", "申诉的期限已过"),
        (r"this plan is switched off", "这个计划没有启用"),
        (r"this plan has drawn already for that day", "这一天已经抽过了"),
        (r"there are at most (?P<most>\d+) scorecards", "最多 {most} 张评分表"),
        (r"there are at most (?P<most>\d+) plans", "最多 {most} 个抽样计划"),
        (r"there is no such question", "没有这一项"),
        (r"this question always applies", "这一项不能选“不适用”"),
        (r"a comment is wanted with so few points", "得分低，请写明原因"),
        (r"nothing applies: there is nothing to score", "全部不适用，没有可评的项"),
        (r"one of (?P<choices>[\d, ]+) is wanted", "可选分值：{choices}"),
        (r"is less than the least", "不能小于最短时长"),
        (r"is there twice", "重复了"),
        (r"each with other points", "各选项的分值不能相同"),
        (r"(?P<least>\d+) to (?P<most>\d+) points are wanted", "分值应在 {least} 到 {most} 之间"),
        (r"(?P<least>\d+) to (?P<most>\d+) (sections|questions) are wanted", "应有 {least} 到 {most} 个"),
        (r"only a question of choices has them", "只有选择题才有选项"),
        (r"a record has at most (?P<most>\d+) files", "一条记录最多有 {most} 个附件"),
        (r"this merge cannot be undone any more", "这次合并已经不能撤销"),
        (r"who was kept is in the recycle bin", "保留的那位客户已在回收站里，先恢复"),
        (r"a customer cannot be merged with themselves", "不能与自己合并"),
        (r"the customers cannot be merged like this", "不能这样合并"),
        (r"is the same customer", "是同一位客户"),
        (r"a card has at most (?P<most>\d+) numbers", "一份资料最多 {most} 个号码"),
        (r"there is no field (?P<name>.*)", "没有字段 {name}"),
        (r"there is no removed customer (?P<name>.*)", "回收站里没有这位客户"),
        (r"there is no phone that could be rung for you", "没有可以振铃的话机"),
        (r"there is no break reason (?P<name>.*)", "没有小休原因 {name}"),
        (r"phone (?P<number>\S+) is not registered", "话机 {number} 没有注册，不能签入或示闲"),
        (r"no phone is chosen", "没有选分机，不能签入或示闲"),
        (r"agent (?P<agent>\S+) is in a call at phone (?P<number>\S+)", "座席 {agent} 正在话机 {number} 上通话"),
        (r"somebody else has saved a draft of this flow meanwhile", "别人已保存了这个流程的草稿"),
        (r"the text is of another flow", "这段文字是另一个流程"),
        (r"a name of letters, digits, _ and - is wanted", "名称只能用文字、数字、_ 和 -"),
        (r"letters, digits, _ and -", "文字、数字、_ 和 -"),
        (r"letters, digits, _ and - are wanted", "只能用文字、数字、_ 和 -"),
        (r".* is no name of a prompt: letters, digits, _ and - are wanted", "提示音名称只能用文字、数字、_ 和 -"),
        (r"a name is written in its plain form|a name has at most three parts", "提示音名称的写法不对"),
        (r"prompt \S+ leads out of .*", "这个名称指向提示音文件夹之外"),
        (r"(?P<name>\S+) is a language, no folder for prompts", "{name} 是语言，不能作为提示音的分类"),
        (r"a language such as zh-CN or en is wanted", "应为 zh-CN、en 这样的语言"),
        (r"there is a prompt (?P<name>\S+) already", "已有名为 {name} 的提示音"),
        (r"there is one of that name already", "已有同名的一项"),
        (r"prompt (?P<name>\S+) is used by (?P<by>.*)", "提示音 {name} 正在使用：{by}"),
        (r"this sound cannot be heard yet", "这段声音还不能试听"),
        (r"(?P<name>.*) is silent", "{name} 没有声音"),
        (r"(?P<name>.*) holds no sound", "{name} 里没有声音"),
        (r"(?P<name>.*) is empty", "{name} 是空的"),
        (r"(?P<name>.*) is longer than (?P<most>\d+) s", "{name} 超过 {most} 秒"),
        (r"(?P<name>.*) cannot be read as sound: .*", "{name} 不是可以读取的声音文件"),
        (r"the sound could not be made: .*", "声音制作失败"),
        (r"the prompt cannot be written: (?P<why>.*)", "提示音写不进磁盘：{why}"),
        (r"the text cannot be read aloud", "这段文字不能朗读"),
        (r"a text of 1 to (?P<most>\d+) characters is wanted.*", "文字要有 1 到 {most} 个字"),
        (r"(?P<engine>\S+) gave only silence for .*", "没有可以朗读的文字"),
        (r"you are in a call, or are rung for one", "您正在通话，或有来电正在振铃"),
        (r"the server is about to stop", "系统即将停止"),
        (r"flow: (?P<flow>\S+) is wanted, not (?P<other>.*)", "应为 flow: {flow}，而不是 {other}"),
        (r"a comment would be lost; change the file by hand", "会丢失注释，请直接改文件"),
        (r"two nodes cannot have one name", "两个节点不能同名"),
        (
            r"the changed text would say something else than was meant; change the file by hand",
            "改后的文件与所想的不同，没有保存，请直接改文件",
        ),
        (
            r"(?P<keys>\S+) are no keys of a telephone; the keys are 0 to 9, \* and #",
            "{keys} 不是电话按键（0-9、* 和 #）",
        ),
        (r"the number is another card's", "这个卡号已属于另一张卡"),
        (r"is another card's", "已属于另一张卡"),
        (r"a customer has at most (?P<n>\d+) cards", "一位客户最多 {n} 张卡"),
        (r"this key was used for another posting", "这个幂等键已用于另一笔记账"),
        (r"the card is blocked", "卡已冻结"),
        (r"the card is expired", "卡已过期"),
        (r"this posting was undone before", "这笔记账已经冲销过"),
        (r"what undoes a posting has its amount, the other way round", "冲销的金额须与原记账相反"),
        (r"the opposite amount is wanted", "金额须与原记账相反"),
        (r"there is not enough on the card", "卡上余额不足"),
        (r"the balance would be too large", "余额过大"),
        (r"this PIN stands on the card", "PIN 不能与卡号相同"),
        (r"somebody has written on this call meanwhile", "同事也写了这通电话的记录，请看现在的内容"),
        (r"somebody has changed this duty meanwhile", "别人已修改了这项待办，请看现在的内容"),
        (r"somebody has changed these thresholds meanwhile", "别人已修改了这些告警值，请看现在的内容"),
        (r"queue (?P<queue>\S+) is closed", "技能组 {queue} 已下班"),
        (r"queue (?P<queue>\S+) has no members", "技能组 {queue} 没有成员"),
        (r"call (?P<call>\S+) cannot be moved to queue (?P<queue>\S+)", "这个来电不能移到技能组 {queue}"),
        (
            r"agent (?P<agent>\S+) takes no calls of queue (?P<queue>\S+) now",
            "座席 {agent} 现在不接技能组 {queue} 的来电",
        ),
        (r"somebody has changed this kind meanwhile", "别人已修改了这种待办，请看现在的内容"),
        (r"this kind cannot be kept as it is", "没有保存，请看各项的说明"),
        (r"at most the time that it has is wanted", "不能超过办理时间"),
        (r"(?P<least>\d+) to (?P<most>\d+) working minutes are wanted", "须为 {least} 到 {most} 工作分钟"),
        (r"what closes the step of a record, the record says", "工单的一步由工单决定怎样办结"),
        (r"where no call closes it, nobody's does", "没有通话能办结它，就谈不上由谁的通话"),
        (r"this is a step of a record, and is done there", "这是工单的一步，请在工单里办理"),
        (r"somebody has changed this workflow meanwhile", "别人已修改了这个流程，请看现在的内容"),
        (r"this cannot be done with the complaint now", "这份投诉建议现在不能这样办理"),
        (r"this step of the complaint is somebody else's", "这一步由别人办理"),
        (r"the complaint cannot be corrected in this step", "这一步不能更正内容"),
        (r"nobody is to be answered now", "现在不需要回复客户"),
        (r"the complaint cannot be (?:kept as it is|moved so)", "有几项填写不对"),
        (r"the workflow cannot be kept as it is", "流程没有保存，请看各项的说明"),
        (r"a workflow needs an end: a step without a limit", "流程要有终点：没有时限的一步"),
        (r"no way leads to this step", "没有通向这一步的路"),
        (r"no way leads from this step to an end", "从这一步走不到终点"),
        (r"is not known on every way to this step", "到这一步时还不知道由谁办理"),
        (r"stands twice", "写了两次"),
        (r"must be less than the limit", "须小于时限"),
        (r"where the customer is answered, one move happens by that", "回复客户的一步须有一个“回复后”的去向"),
        (r"there is no such step", "没有这一步"),
        (
            r"only where the customer is answered, and without anything said",
            "只用于回复客户的一步，且不能要求填写",
        ),
        (r"somebody has changed this record meanwhile", "别人已修改了这份记录，请看现在的内容"),
        (r"at most (?P<n>\d+) records are printed: a shorter period is wanted", "最多打印 {n} 条记录，请选较短的时间"),
        (r"1 to (?P<n>\d+) days are wanted", "须为 1 到 {n} 天"),
        (r"a time of the last year is wanted", "须为过去一年内的时间"),
        (r"must stay as it is", "不能修改"),
        (r"there is no calendar (?P<name>.+)", "没有日历 {name}"),
        (r"this place is not free any more", "这个时间已经约满，请另选"),
        (r"the appointment is (?:booked|arrived|missed|cancelled|moved)", "这个预约的状态不允许这样做"),
        (r"the day of this appointment has not come yet", "还没有到预约的日子"),
        (r"this appointment has not begun yet", "还没有到预约的时间"),
        (r"no place of this service begins then", "这项服务没有从这个时间开始的号"),
        (r"is too soon", "离现在太近，不能预约"),
        (r"is too far ahead", "离现在太远，还不能预约"),
        (r"is switched off", "已经停用"),
        (r"(?P<login>.+) does not serve this", "{login} 不做这项服务"),
        (r"has too many appointments", "这个号码的预约太多"),
        (r"this service has appointments: it can be switched off", "这项服务有过预约，不能删除，可以停用"),
        (r"the service cannot be kept as it is", "服务没有保存，请看各项的说明"),
        (r"the places cannot be told", "不能查询，请看各项的说明"),
        (r"at most (?P<n>\d+) days after since are wanted", "一次最多查 {n} 天"),
        (r"there is one of this name already", "已经有这个名称"),
        (r"each at most once", "每项只能有一次"),
        (r"this duty is closed", "这项待办已经结束"),
        (r"this follow-up is closed", "这项回访已经结束"),
        (r"the rule cannot be kept as it is", "规则没有保存，请看各项的说明"),
        (r"the rule cannot draw as it is", "规则现在不能抽取，请看各项的说明"),
        (r"somebody has changed this rule meanwhile", "别人已修改了这条规则，请看现在的内容"),
        (r"there is no such query of customers any more", "这个客户查询已经没有了"),
        (r"there is no such team any more", "这个班组已经没有了"),
        (r"there is no such date any more", "这个日期字段已经没有了"),
        (r"there are at most (?P<n>\d+) rules", "最多 {n} 条规则"),
        (r"this rule has drawn follow-ups, and can only be switched off", "这条规则已抽取过回访，只能停用"),
        (r"this rule has drawn already today", "这条规则今天已经抽取过"),
        (r"this rule is switched off", "这条规则没有启用"),
        (r"conditions of its own or a query, not both", "自己的条件和已存的查询只能选一种"),
        (r"a date, conditions or a query are wanted", "须有日期、条件或已存的查询"),
        (r"without a date at least 1 is wanted", "没有日期时至少为 1"),
        (r"a query of customers is wanted", "须为客户的查询"),
        (r"there is no query (?P<name>.+)", "没有查询 {name}"),
        (r"(?P<least>\d+) to (?P<most>\d+) are wanted", "须为 {least} 到 {most}"),
        (r"what is done is not due any more", "已经完成的不需要期限"),
        (r"this duty cannot be (?:kept|handed over|postponed|closed so|cancelled)", "待办没有保存，请看各项的说明"),
        (r"one of (?P<choices>.+) or person: and a login is wanted", "只能是 {choices}，或 person: 加工号"),
        (r"at most 5 years ahead are wanted", "最多 5 年以后"),
        (r"letter \d+ has not failed", "这封邮件没有失败"),
        (r"message \d+ is waiting", "这条消息还在等待发送"),
        (r"message \d+ is sent", "这条消息已经发出"),
        (r"message \d+ is failed", "这条消息没有发出，不能这样做"),
        (r"message \d+ is cancelled", "这条消息已经取消"),
        (r"the customer wants no e-mail", "客户不接收邮件"),
        (r"the customer wants no SMS", "客户不接收短信"),
        (r"the message cannot be sent as it is", "消息没有发送，请看各项的说明"),
        (r"there is no address to send it to", "没有可以发送的地址：请填写，或先在客户资料中补上"),
        (r"this is no e-mail address", "这不是电子邮件地址"),
        (r"messages to customers are switched off", "客户消息已停用"),
        (r"this is no mobile number", "这不是手机号码"),
        (r"is too long for an SMS", "太长，不能用短信发送"),
        (r"the text cannot be kept as it is", "文字没有保存，请看各项的说明"),
        (r"(?P<name>.+) is no field of this text", "这段文字中不能用 {name}"),
        (r"an office has at most (?P<n>\d+) templates", "最多有 {n} 个模板"),
        (r"somebody has changed this text meanwhile", "别人已修改了这段文字，请看现在的内容"),
        (r"this page is not a phone now", "本页面现在不是话机"),
        (r"this page has no number of its own", "您没有分机，不能拨打"),
        (r"this page is in a call", "本页面正在通话"),
        (r"this page is in no (call|conversation)", "本页面没有通话"),
        (r"this page is away", "网页话机的连接断开了"),
        (r"nobody calls this page", "没有来电"),
        (r"there is no phone that could be rung for you", "没有可以振铃的话机：请先选分机，或使用网页电话"),
        (r"phone (?P<number>\S+) cannot be reached", "话机 {number} 没有注册"),
        (r"phone (?P<number>\S+) takes part in that conversation", "话机 {number} 正在这个通话中"),
        (r"nobody speaks in this call now", "这个通话现在没有人在交谈"),
        (r"nobody speaks with an agent in this call now", "这个通话现在没有座席在交谈"),
        (r"there is no agent to whisper to", "这个通话没有座席，不能耳语"),
        (r"there is no agent whose place could be taken now", "现在没有可以接替的座席"),
        (r"the phone itself holds the call", "是话机自己保持的，请在话机上恢复"),
        (r"the call is not being recorded", "通话没有在录音"),
        (r"at most (?P<n>\d+) can speak with each other", "最多 {n} 人一起通话"),
        (r"number (?P<number>\S+) cannot be added to the call", "号码 {number} 不能加入通话"),
        (
            r"number (?P<number>\S+) must not be called: it is on the do-not-call list",
            "号码 {number} 在勿扰名单中，不能拨打",
        ),
        (r"there is no number on the do-not-call list (?P<name>.*)", "勿扰名单中没有 {name}"),
        (r"(?P<code>.+) cannot be chosen here", "不能选 {code}"),
        # What a custom field cannot hold (model/fields.py).
        (r"is no field of this record", "没有这个字段"),
        (r"only of a choice that has its own list", "只用于有自己选项的单选和多选"),
        (r"only of a number", "只用于数字"),
        (r"nothing can be asked of a file", "不能按附件查找"),
        (r"from or to is wanted", "须填写起或止"),
        (r"the list cannot be asked for so", "有几项条件填写不对"),
        (r"you may not change this field", "您无权修改这个字段"),
        (r"must be a list of codes", "须为代码的列表"),
        (r"at most (?P<n>\d+) can be chosen", "最多选 {n} 项"),
        (r"must be yes or no", "须为是或否"),
        (r"must be the number of a record", "须为记录的编号"),
        (r"must be the number of a file", "须为附件的编号"),
        (r"no file (?P<n>\d+) hangs on this record", "这条记录没有附件 {n}"),
        (r"who sees a record sees its files", "能看到记录的人都能看到它的附件"),
        (r"must be a text", "须为文本"),
        (r"at most (?P<n>\d+) characters", "最多 {n} 个字"),
        (r"has characters that cannot be seen", "含有不可见的字符"),
        (r"must be a number", "须为数字"),
        (r"must be from (?P<least>-?\d+) to (?P<most>\d+)", "须在 {least} 到 {most} 之间"),
        (r"at most (?P<n>\d+) digits after the point", "小数点后最多 {n} 位"),
        (r"must be a date, as (?P<day>\S+)", "须为日期，例如 {day}"),
        (r"must be the code of a choice", "须为选项的代码"),
        (r"the (?:record|card|field) cannot be kept as it is", "有几项填写不对"),
        (r"a kind of record has at most (?P<n>\d+) fields of its own", "每类记录最多 {n} 个自定义字段"),
        (r"the field (?P<name>\S+) was changed meanwhile", "字段 {name} 刚被别人修改"),
        (r"(?P<code>.+) is not in the list", "列表里没有 {code}"),
        (r"(?P<code>.+) is neither yes nor no", "{code} 既不是“是”也不是“否”"),
        (r"(?P<number>.+) is no telephone number", "{number} 不是电话号码"),
        (r"a card needs a name or a telephone number", "姓名和电话至少填一项"),
        (r"an e-mail address has a name, an @ and a domain", "电子邮箱须有名称、@ 和域名"),
        (r"customers (?P<several>.+) are all meant", "对应多个客户：{several}"),
        (r"this file cannot be imported(?: so)?", "这个文件不能导入"),
        (r"has no rows below its titles", "标题行下面没有数据"),
        (r"is not there any more; upload it again", "文件已不在，请重新上传"),
        (r"the first row has no titles", "第一行没有标题"),
        (r"the file is empty", "文件是空的"),
        (r"the file has no sheet", "文件里没有工作表"),
        (r"more than (?P<most>\d+) rows", "超过 {most} 行"),
        (r"row (?P<row>\d+) has more than (?P<most>\d+) columns", "第 {row} 行超过 {most} 列"),
        (r"row (?P<row>\d+) has a cell of more than (?P<most>\d+) characters", "第 {row} 行有单元格超过 {most} 个字"),
        (r"row (?P<row>\d+) is no CSV: (?P<why>.*)", "第 {row} 行不是 CSV：{why}"),
        (r"the file is neither CSV nor XLSX", "文件既不是 CSV 也不是 XLSX"),
        (
            r"the file is neither UTF-8 nor GB18030: save it as CSV \(UTF-8\) or XLSX",
            "文件既不是 UTF-8 也不是 GB18030：请另存为 CSV（UTF-8）或 XLSX",
        ),
        (r"the file is no XLSX: .*", "文件不是 XLSX"),
        (r"the sheet cannot be read: .*", "工作表无法读取"),
        (r"the file unfolds to more than (?P<most>\d+) MiB", "文件解开后超过 {most} MiB"),
        (r"there is no column (?P<column>.*)", "没有第 {column} 列"),
        (r"there is no field (?P<field>.*)", "没有字段 {field}"),
        (r"(?P<field>\w+) is filled by two columns", "两列都填 {field}"),
        (r"a column of names or of telephone numbers is wanted", "至少要有姓名列或电话列"),
        (r"no column fills (?P<key>.*)", "没有列填 {key}"),
        (r"import (?P<id>\d+) was started", "这次导入已经开始"),
        (r"import (?P<id>\d+) is running", "导入正在进行"),
        (r"import (?P<id>\d+) is not .*", "导入现在不能这样做"),
        (r"the message cannot be sent as it is", "消息不能发送"),
        (r"the notice cannot be given as it is", "通知不能发出"),
        (r"the announcement cannot be made as it is", "公告不能发布"),
        (r"it must end after it begins", "结束时间须在开始时间之后"),
        (r"it would go to nobody", "没有收件人"),
        (r"nobody asks that this be confirmed", "这一条不需要确认"),
        (r"this is your own call for help", "这是您自己的求助"),
        (r"this call for help is over", "这次求助已经结束"),
        (r"this call for help was changed meanwhile", "这次求助刚被别人处理"),
        (r"the query cannot be run as it is", "查询有几项填写不对"),
        (r"there is no such kind of record", "没有这类记录"),
        (r"there is no such field", "没有这个字段"),
        (r"this field cannot be compared so", "这个字段不能这样比较"),
        (r"it is hidden from you: only one whole value can be asked for", "对您隐藏，只能按一个完整的值查询"),
        (r"this field cannot be shown", "这个字段不能显示为列"),
        (r"it cannot be sorted by this field", "不能按这个字段排序"),
        (r"it cannot be grouped by this field", "不能按这个字段分组"),
        (r"a field of numbers is wanted", "须为数字字段"),
        (r"a step is of times and dates, and each time needs one", "只有时间和日期可以按日、周、月分组，且时间必须选"),
        (r"digits are wanted", "须填写数字"),
        (r"there are no such records of this kind", "没有这种关联记录"),
        (r"related records stand in each other at most (?P<n>\d+) deep", "关联记录最多嵌套 {n} 层"),
        (r"takes longer than (?P<n>\S+) seconds", "用时超过 {n} 秒"),
        (r"the query takes longer than (?P<n>\S+) seconds: ask for less", "查询用时超过 {n} 秒，已停止，请缩小范围"),
        (r"one person keeps at most (?P<n>\d+) queries", "每人最多保存 {n} 个查询"),
        (r"a query is changed by whoever keeps it", "查询只能由保存它的人修改"),
        (r"is no team of yours", "不是您的班组"),
        (r"there is a role of that code", "这个代码的角色已经有了"),
        (r"there are (?P<n>\d+) roles of the office's own", "自定义角色最多 {n} 个"),
        (r"there is no role (?P<name>.+)", "没有角色 {name}"),
        (r"this role is for users of the role (?P<name>\w+)", "这个角色只能给基本角色为 {name} 的用户"),
        (r"the file would be too long", "文件会过长"),
        (r"at most (?P<n>\d+) entries go into one file", "一个文件最多 {n} 条，请缩短时间段"),
        (r"the file could not be made: ask for fewer rows", "文件没有生成，请减少行数"),
        (r"leads nowhere", "拨不通"),
        (r"a telephone number of 5 to 20 digits is wanted", "须为 5 到 20 位的电话号码"),
        (r"an emergency number is never called by a list", "名单不能呼叫紧急号码"),
        (r"a name of up to (?P<n>\d+) characters is wanted", "姓名最多 {n} 个字"),
        (r"a priority of (?P<least>-?\d+) to (?P<most>\d+) is wanted", "优先级须为 {least} 到 {most}"),
        (r"at most (?P<n>\d+) fields are kept", "最多 {n} 个附加项"),
        (
            r"fields of up to (?P<n>\d+) characters, named in up to (?P<k>\d+), are wanted",
            "附加项最多 {n} 个字，名称最多 {k} 个字",
        ),
        (r"there are more cells than columns", "单元格多于列"),
        (r"columns with commas between them are wanted.*", "各列之间须为逗号"),
        (r"a campaign has at most (?P<n>\d+) entries", "一个外呼活动最多 {n} 条"),
        (r"there is a campaign (?P<name>.*) already", "已有外呼活动 {name}"),
        (r"the campaign (?P<name>.*) was changed meanwhile", "外呼活动 {name} 刚被别人修改"),
        (r"there is one of that name already", "已有同名的一项"),
        (r"nobody of this campaign is to be called any more", "这个外呼活动没有待呼叫的号码"),
        (r"the campaign runs: stop it first", "外呼活动正在进行，请先停止"),
        (r"this number is being called now", "正在呼叫这个号码"),
        (r"nobody is shown to you who could be called", "现在没有分配给您的待呼客户"),
        (r"this campaign shows nobody now", "这个外呼活动现在没有可分配的客户，或您不空闲"),
        (r"this call is no campaign's", "这个通话不属于外呼活动"),
        (r"only of a campaign's call", "只用于外呼活动的通话"),
        (r"a time that is still to come is wanted", "时间须在现在之后"),
        (r"must be still to come", "须在现在之后"),
        (r"the call has no disposition yet", "这个通话还没有填小结"),
        (r"a queue that wants dispositions needs a wrap-up", "要求填小结的技能组须有话后处理时间"),
        (r"leads back to this extension", "就是本分机"),
        (r"calls cannot be forwarded to that number", "来电不能转移到这个号码"),
        (r"all slots are taken", "驻留位置已满"),
        (r"a call is parked at slot (?P<slot>\S+) already", "{slot} 号位已有驻留的通话"),
        (r"there is no slot (?P<slot>\S+)", "没有 {slot} 号位"),
        (r"one of 1 to (?P<n>\d+) is wanted", "应为 1 到 {n}"),
        (r"somebody fetches this call already", "已有人在取回这个通话"),
        (r"the call is not being recorded", "这通电话没有在录音"),
        (r"there is nothing to download", "没有可下载的录音"),
        (r"at most (?P<n>\d+) recordings or (?P<gb>\d+) GB at once", "一次最多 {n} 段录音或 {gb} GB，请缩小范围"),
        (r"there is too little room on the disk", "磁盘空间不足"),
        (r"two downloads are on their way already", "您已有两个下载正在准备"),
        (r"the configuration file names the time zone", "时区写在配置文件里，请在那里修改"),
        (r"the recording ends before that", "录音没有这么长"),
        (r"the recording is still being finished", "录音还在整理中，请稍后再试"),
        (r"complaint (?P<number>\S+) about this call is open", "关于这次通话的投诉 {number} 还没有办结"),
        (r"a recording has at most (?P<most>\d+) tags", "一段录音最多有 {most} 个标签"),
        (r"a recording has at most (?P<most>\d+) notes", "一段录音最多有 {most} 条批注"),
        (r"a recording has at most (?P<most>\d+) links", "一段录音最多有 {most} 个分享链接"),
        # What is wrong with a field of a trunk, user, queue … (site.py, yamltext.py).
        (r"this (?P<kind>outbound route|break reason|[a-z]+) cannot be taken", "这个{kind}不能保存，请看各项的说明"),
        (
            r"(?P<kind>outbound route|break reason|[a-z]+) (?P<name>.+) is named by (?P<by>.*)",
            "{kind} {name} 还在使用：{by}",
        ),
        (r"is in use", "还在使用"),
        (r"is missing(?:: a new .* needs it)?", "必须填写"),
        (r"is no key here.*", "没有这一项"),
        (r"a trunk that is registered with needs a username", "要注册的中继必须有用户名"),
        (r"needs a password .* or a contact .*", "要有密码（话机注册）或地址（固定地址的设备）"),
        (r"either password or password_hash is wanted, not both", "密码和密码散列只能给一个"),
        (r"either pin or pin_hash is wanted, not both", "PIN 和 PIN 散列只能给一个"),
        (r"a supervisor is wanted: (?P<login>.+) is an agent", "带班的须是班长，{login} 是座席"),
        (r"another PIN than the login is wanted", "PIN 不能与工号相同"),
        (r"a PIN of 4 to 12 digits.* is wanted" + _NOT, "PIN 须为 4 到 12 位数字"),
        (r"a code of up to 6 digits is wanted" + _NOT, "编码须为 1 到 6 位数字"),
        (r"somebody must be able to sign in as admin", "至少要有一位能登录的管理员"),
        (r"the last admin", "这是最后一位管理员"),
        (r"a name of up to 64 letters.* is wanted" + _NOT, "名称须为 1 到 64 个字母、汉字、数字或 _ . -"),
        (r"a login of up to 64 letters.* is wanted" + _NOT, "工号须为 1 到 64 个字母、汉字、数字或 _ . @ -"),
        (r"a text of up to 100 characters in one line is wanted" + _NOT, "须为一行文字，最多 100 个字"),
        (r"a password of 1 to 256 characters in one line is wanted" + _NOT, "密码须为 1 到 256 个字符，不能换行"),
        (
            r"an extension's number of up to 32 digits.* is wanted" + _NOT,
            "分机号须为 1 到 32 位数字（可含字母、* # + _ -）",
        ),
        (r"a number as dialled, without spaces.* is wanted" + _NOT, "须为所拨号码（不含空格），或号码开头加一点（9.）"),
        (r"up to 20 digits .* is wanted" + _NOT, "最多 20 位数字（可含 * # +）"),
        (r"an address as sip:\S+ is wanted" + _NOT, "地址的写法如 sip:door@192.168.1.20:5060"),
        (r"an IP address or a host name is wanted" + _NOT, "须为 IP 地址或主机名"),
        (r"an IP address or a network .* is wanted" + _NOT, "须为 IP 地址或网段（192.168.1.0/24）"),
        (r"a network is written by its first address, as (?P<meant>\S+): that is wanted" + _NOT, "网段应写作 {meant}"),
        (r"hours as 09:00-12:00 are wanted" + _NOT, "时间段的写法如 09:00-12:00"),
        (r"hours of some length are wanted; .*", "开始和结束不能相同；全天写作 00:00-24:00"),
        (r"a date that there is, as 2026-10-01, is wanted" + _NOT, "须为日期，写法如 2026-10-01"),
        (r"the name of a time zone that this machine knows, .* is wanted" + _NOT, "须为时区的名称，如 Asia/Shanghai"),
        (r"(?P<day>\S+): hours that do not overlap are wanted", "{day}：时间段不能重叠"),
        (
            r"(?P<day>\S+): last must be at most a year after first, not before it",
            "{day}：最长一年，结束不能早于开始",
        ),
        (r"(?P<day>\S+): lies in the holiday from (?P<other>\S+)", "{day} 与 {other} 开始的假期重叠"),
        (r"(?P<day>\S+): stands twice", "{day} 写了两次"),
        (r"hours as 22:00-07:00, or nothing, are wanted" + _NOT, "写作 22:00-07:00，或不填"),
        (r"a MAC address of 12 hexadecimal digits is wanted" + _NOT, "须为 12 位十六进制的 MAC 地址"),
        (r"0 or at least (?P<n>\d+) is wanted" + _NOT, "须为 0，或至少 {n}"),
        (r"a number of up to 20 digits is wanted" + _NOT, "须为最多 20 位的号码"),
        (r"each once is wanted: (?P<value>.*) stands twice" + _NOT, "{value} 写了两次"),
        (r"a text \(in quotes\) is wanted" + _NOT, "必须是文字"),
        (r"at least (?P<n>\d+) character\(s\) are wanted" + _NOT, "至少 {n} 个字"),
        (r"at most (?P<n>\d+) characters are wanted" + _NOT, "最多 {n} 个字"),
        (r"a whole number is wanted" + _NOT, "必须是整数"),
        (r"a number is wanted" + _NOT, "必须是数字"),
        (r"true or false is wanted" + _NOT, "必须是“是”或“否”"),
        (r"a list of at least (?P<n>\d+) is wanted" + _NOT, "至少 {n} 项"),
        (r"a list of at most (?P<n>\d+) is wanted" + _NOT, "最多 {n} 项"),
        (r"a list is wanted.*", "必须是一个列表"),
        (r"one of (?P<choices>.+) is wanted" + _NOT, "只能是 {choices}"),
        (r"at least (?P<n>\S+) is wanted" + _NOT, "不能小于 {n}"),
        (r"at most (?P<n>\S+) is wanted" + _NOT, "不能大于 {n}"),
        # The last one, as "there is no" begins sentences of other kinds too.
        (r"there is no (?P<kind>outbound route|parked call|break reason|[a-z_]+) (?P<name>.*)", "没有{kind} {name}"),
    )
)


def say(code: str, language: Language, **values: object) -> str:
    """The text of a code of this room. A timedelta among the values is written out."""
    written = {name: _written(value, language) for name, value in values.items()}
    return TEXTS[code][LANGUAGES.index(language)].format(**written)


def _written(value: object, language: Language) -> object:
    if isinstance(value, timedelta):
        return format_timedelta(value, granularity="second", threshold=1.5, locale=babel_locale(language))
    return value


def babel_locale(language: Language) -> str:
    return language.replace("-", "_")


def sentence(english: str, language: Language) -> str:
    """A lower room's sentence in the reader's language, where it is one that people meet."""
    if isinstance(english, Said) and (language != "en" or english.at):
        foreign = said.foreign(english)
        told_so = english if foreign is None else said.of(sentence(foreign, language), english.at)
        return told_so.told(language)
    if language == "en":
        return english[:1].upper() + english[1:]
    for pattern, chinese in SENTENCES:
        if (match := pattern.fullmatch(english)) is not None:
            values = {name: value or "" for name, value in match.groupdict().items()}
            if "kind" in values:
                values["kind"] = THINGS.get(values["kind"], values["kind"])
            if "by" in values:
                values["by"] = "、".join(_thing(one) for one in values["by"].split(", "))
            return chinese.format(**values)
    return english


def told(reason: str, language: Language) -> str:
    """A fault of a file: as `sentence`, without a capital letter."""
    return str(reason) if language == "en" else sentence(reason, language)


def _thing(english: str) -> str:
    """ "queue sales" → "技能组 sales"."""
    for kind, chinese in THINGS.items():
        if english.startswith(f"{kind} "):
            return f"{chinese} {english.removeprefix(kind).strip()}"
    return english


def field_fault(kind: str, context: Mapping[str, Any], language: Language) -> str:
    """What is wrong with a field. kind, context: of a pydantic error ("string_too_long", {"max_length": 64})."""
    texts = FIELDS.get(kind) or _KINDS.get(kind.split("_", maxsplit=1)[0], _NOT_VALID)
    return texts[LANGUAGES.index(language)].format(**context)


def as_language(tag: str) -> Language | None:
    """zh-CN for every tag of Chinese, en for every one of English, else None."""
    first = tag.strip().lower().replace("_", "-").split("-", maxsplit=1)[0]
    return {"zh": "zh-CN", "en": "en"}.get(first)  # type: ignore[return-value]  # the values are Languages


def asked_languages(header: str) -> list[str]:
    """The tags of an Accept-Language header, the most wanted first (RFC 9110 §12.5.4), without what cannot be read."""
    wanted: list[tuple[float, str]] = []
    for item in header[:500].split(","):
        tag, _, parameter = item.partition(";")
        name, _, weight = parameter.strip().partition("=")
        try:
            quality = float(weight) if name.strip() == "q" else 1.0
        except ValueError:
            continue
        if 0.0 < quality <= 1.0:
            wanted.append((-quality, tag.strip()))
    return [tag for _, tag in sorted(wanted, key=lambda entry: entry[0])]


def chosen_language(request: web.BaseRequest) -> Language | None:
    """What a person chose on a page of ours: `?lang=`, or the cookie that it left."""
    return as_language(request.query.get("lang", "")) or as_language(request.cookies.get(COOKIE, ""))


def language_of(request: web.BaseRequest, otherwise: str, account: str = "") -> Language:
    """What was chosen, then the account's language, then the browser's wish, then the office's.

    account: of who uses a page; its texts are in that language, whatever the browser itself speaks.
    """
    if (chosen := chosen_language(request)) is not None:
        return chosen
    for tag in [account, *asked_languages(request.headers.get("Accept-Language", "")), otherwise]:
        if (language := as_language(tag)) is not None:
            return language
    return "zh-CN"
