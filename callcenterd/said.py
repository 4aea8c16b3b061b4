"""Sentences about faults in files, as codes with values: English to every program, Chinese to those who read it.

A `Said` is the English sentence, so that whoever logs or compares it has a text; `told` says the same in the reader's
language. What stands here is all that is said of YAML files, and of flows (`ivr.check`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TEXTS: Mapping[str, tuple[str, str]] = {
    # code: Chinese, English
    "as_it_is": ("{text}", "{text}"),
    "not": ("{wanted}，而这里是 {came}", "{wanted}, not {came}"),
    "meant": ("；是不是 {near}？", "; {near} is meant?"),
    "there_are": ("；有：{names}", "; there are {names}"),
    "either": ("{first} 或 {last}", "{first} or {last}"),
    # values as they are repeated
    "nothing": ("空", "nothing"),
    "a_group": ("一组键", "a group of keys"),
    "a_list": ("一个列表", "a list"),
    # what pydantic finds
    "missing": ("缺少这一项", "is missing"),
    "extra": ("没有这个键{help}", "is no key here{help}"),
    "string": ("须为文字（加引号）", "a text (in quotes) is wanted"),
    "string_short": ("至少 {min_length} 个字", "at least {min_length} character(s) are wanted"),
    "string_long": ("最多 {max_length} 个字", "at most {max_length} characters are wanted"),
    "whole": ("须为整数", "a whole number is wanted"),
    "number": ("须为数字", "a number is wanted"),
    "bool": ("须为 true 或 false", "true or false is wanted"),
    "list": ("须为列表，写作 [a, b]", "a list is wanted: [a, b]"),
    "list_short": ("列表至少 {min_length} 项", "a list of at least {min_length} is wanted"),
    "list_long": ("列表最多 {max_length} 项", "a list of at most {max_length} is wanted"),
    "group": ("须为一组键", "a group of keys is wanted"),
    "group_short": ("至少 {min_length} 项", "at least {min_length} are wanted"),
    "group_long": ("最多 {max_length} 项", "at most {max_length} are wanted"),
    "choice": ("只能是 {expected}", "one of {expected} is wanted"),
    "ge": ("不能小于 {ge}", "at least {ge} is wanted"),
    "gt": ("须大于 {gt}", "more than {gt} is wanted"),
    "le": ("不能大于 {le}", "at most {le} is wanted"),
    "lt": ("须小于 {lt}", "less than {lt} is wanted"),
    "date": ("须为日期，写法如 2026-10-01", "a date is wanted, as 2026-10-01"),
    "moment": ("须为时间，写法如 2026-10-01T09:00", "a time is wanted, as 2026-10-01T09:00"),
    # what is no plain YAML
    "colon": (
        "冒号不能在这里：本行与上下各行的缩进是否一致？文字要不要加引号？",
        "a colon may not stand here: is the line indented as those around it? Does a text need quotes?",
    ),
    "begins_so": (
        "文字不能这样开头（制表符、@、%、`）：用空格缩进，文字加引号",
        "a text may not begin so (tab, @, %, `): indent with spaces, put the text in quotes",
    ),
    "tab": ("有制表符：请用空格缩进", "a tab: indent with spaces"),
    "open_quote": ("这里的引号没有闭合", "a quote is opened here and never closed"),
    "open_list": ("列表 [ … ] 缺少逗号或右方括号", "the list [ … ] lacks a comma or its closing bracket"),
    "open_group": ("组 {{ … }} 缺少逗号或右花括号", "the group {{ … }} lacks a comma or its closing bracket"),
    "key_wanted": (
        "这里应为键：本行与上下各行的缩进是否一致？",
        "a key is wanted here: is the line indented as those around it?",
    ),
    "key_colon": ("键后面没有冒号", "a key without a colon after it"),
    "dash": (
        "列表的每一项以短横线开头：本行与上下各行的缩进是否一致？",
        "an item of a list begins with a dash: is the line indented as those around it?",
    ),
    "no_yaml": ("不是 YAML：{said}", "not YAML: {said}"),
    "unreadable": ("无法读取：{why}", "cannot be read: {why}"),
    "unwritable": ("无法写入：{why}", "cannot be written: {why}"),
    "too_large": ("文件大于 {most} MiB", "the file is larger than {most} MiB"),
    "not_utf8": ("不是 UTF-8，请以该编码保存", "not UTF-8: save the file in that encoding"),
    "unprintable": ("有不可见的字符（U+{code_point}）", "an unprintable character (U+{code_point})"),
    "second_document": ("一个文件中有第二个文档（---）", "a second document (---) in one file"),
    "tag": ("这里不用标签：{tag}", "tags are not used here: {tag}"),
    "deep": ("嵌套超过 {most} 层", "nested more than {most} deep"),
    "no_anchor": (
        "*{anchor} 没有所指：在它之前没有写完的 &{anchor}",
        "*{anchor} stands for nothing: no &{anchor} was finished before it",
    ),
    "many_values": ("一个文件中超过 {most} 个值", "more than {most} values in one file"),
    "plain_key": ("键须为普通文字", "a key is a plain text"),
    "twice": ("{key} 出现两次，第一次在第 {first} 行", "{key} stands twice, first in line {first}"),
    # what a site file and a page both changed
    "page_set": (
        "{by} 已在页面上改为 {now}（{moment}），文件不知道；请先导出再改，或让文件覆盖页面",
        "{by} set it to {now} on a page ({moment}), which this file does not know; export and change that, or let the "
        "file overwrite what pages changed",
    ),
    "page_set_secret": (
        "{by} 已在页面上修改（{moment}），文件不知道；请先导出再改，或让文件覆盖页面",
        "{by} changed it on a page ({moment}), which this file does not know; export and change that, or let the "
        "file overwrite what pages changed",
    ),
    "page_removed": (
        "{by} 已在页面上删除（{moment}），文件不知道；请从文件中去掉，或让文件覆盖页面",
        "{by} removed it on a page ({moment}), which this file does not know; take it out of the file, or let the file "
        "overwrite what pages changed",
    ),
    # the shape of a flow
    "begins": ("流程文件以 flow:、start: 和 nodes: 开头", "a flow begins with flow:, start: and nodes:"),
    "name_wanted": ("名称只能用文字、数字、_ 和 -", "a name of letters, digits, _ and - is wanted"),
    "many_nodes": ("超过 {most} 个节点", "more than {most} nodes"),
    "node_name": (
        "{name} 不能作节点名：只能用文字、数字、_ 和 -",
        "{name} is no name for a node: letters, digits, _ and - are wanted",
    ),
    "node_group": (
        "节点是一组键，例如 {{say: 您好, next: menu}}",
        "a node is a group of keys, such as {{say: 您好, next: menu}}",
    ),
    "two_kinds": (
        "一个节点只有一种类型，这里有 {kinds}；请分成两个节点",
        "one node is of one kind, and this one is {kinds}; make two nodes of it",
    ),
    "and": ("{first} 和 {last}", "{first} and {last}"),
    "kind_meant": ("{key} 不是节点类型；是不是 {near}？", "{key} is no kind of node; {near} is meant?"),
    "no_kind": ("没有写节点类型；有：{kinds}{lost}", "no kind of node is named; there are {kinds}{lost}"),
    "lost": ("；无法加载的插件：{plug_ins}", "; plug-ins that cannot be loaded: {plug_ins}"),
    "no_nodes": ("流程至少要有一个节点", "a flow needs at least one node"),
    "unreached": (
        "到不了 {name}：没有出口通向这里；请连上它或删除它",
        "nobody can come to {name}: no exit leads here; use it or remove it",
    ),
    "no_node": ("没有节点 {name}{help}", "there is no node {name}{help}"),
    "no_variable": ("没有变量 {name}{help}", "there is no variable {name}{help}"),
    "shown_pin": (
        "{name} 是密码，却会显示出来；请加 secret: true",
        "{name} is a PIN and would be shown; add secret: true",
    ),
    "trapped": (
        "没有出路：流程会一直循环（{circle}）；请让其中一个结束或通向别处",
        "no way out: the flow goes round for ever ({circle}); let one of them end or lead elsewhere",
    ),
    # between flows
    "no_flow": ("没有流程 {name}{help}", "there is no flow {name}{help}"),
    "flow_needs": (
        "流程 {flow} 需要 {names}，而流程 {own} 没有设置",
        "flow {flow} needs {names}, which nothing in flow {own} sets",
    ),
    "flow_unset": ("流程 {flow} 没有设置 {names}", "flow {flow} does not set {names}"),
    "flow_again": (
        "流程 {flow} 又调用流程 {own}，没有尽头；请让其中一个结束",
        "flow {flow} calls flow {own} again, and so for ever; let one of them end instead",
    ),
    "flow_twice": (
        "流程 {flow} 已在 {file} 中；请换一个名称",
        "flow {flow} is in {file} already; give it another name",
    ),
    "folder": ("流程文件夹无法读取：{why}", "the folder of the flows cannot be read: {why}"),
    "many_flows": ("流程超过 {most} 个，其余没有读取", "more than {most} flows; the rest is not read"),
    "plug_in": ("这个节点插件无法加载：{why}", "this plug-in with nodes for flows cannot be loaded: {why}"),
    "lines_of_names": (
        "每行一个名称和它的值：name: value",
        "names are wanted, a line each, with their values: name: value",
    ),
    # what a flow names and the office has not
    "no_recording": (
        "{folder} 中没有录音 {name}；请放入文件，或为节点写上文字",
        "there is no recording {name} in {folder}; put the file there, or give the node a text",
    ),
    "no_music": (
        "{folder} 中没有音乐 {name}；请放入文件，或为节点写上文字",
        "there is no music {name} in {folder}; put the file there, or give the node a text",
    ),
    "module_off": (
        "功能模块“{chinese}”已停用：请先启用它，或改用别的节点",
        "needs the module {english}, which is switched off: switch it on first, or use another node",
    ),
    "no_thing": ("没有{thing} {name}{where}{help}", "there is no {thing} {name}{where}{help}"),
    "listed": ("（{place}）", " ({place})"),
    "no_host": (
        "主机 {name} 不在配置的 business.hosts 中{help}",
        "host {name} is not among the configuration's business.hosts{help}",
    ),
    "private_host": (
        "{name} 是内部地址，不在配置的 business.networks 中",
        "{name} is an address of an inner network that the configuration's business.networks does not name",
    ),
    "thing_queue": ("技能组", "queue"),
    "thing_trunk": ("中继", "trunk"),
    "thing_calendar": ("日历", "calendar"),
    "thing_agent": ("座席", "agent"),
    "thing_extension": ("分机", "extension"),
    "thing_secret": ("密钥", "secret"),
    "thing_database": ("数据库", "database"),
    # tests of flows
    "test": ("测试“{name}”：{why}", "{name}: {why}"),
    "no_flow_beside": ("旁边没有流程，或者流程有错误", "there is no flow beside it, or it has faults"),
    "not_heard": ("没有听到 {part}，而是：{came}", "nothing is told with {part}, but: {came}"),
    "not_heard_after": (
        "在 {after} 之后没有听到 {part}，而是：{came}",
        "after {after} nothing is told with {part}, but: {came}",
    ),
    "must_not": ("不应出现 {part}：{line}", "{part} must not be told: {line}"),
    # the simulator
    "given_wanted": (
        "须为一组键，例如 {{agents: busy, answers: {{balance: {{money: 5}}}}}}",
        "a group of keys is wanted, as {{agents: busy, answers: {{balance: {{money: 5}}}}}}",
    ),
    "shorter_than_limit": ("须小于 limit 的 {limit}", "less than {limit} is wanted, as limit says"),
    # arguments of nodes
    "language": ("须为语言，例如 zh-CN 或 en", "a language such as zh-CN or en is wanted"),
    "prompt_name": (
        "须为提示音的名称（文字、数字、_ 和 -，不带扩展名）",
        "the name of a prompt is wanted (letters, digits, _ and -; no ending)",
    ),
    "variable": (
        "须为变量名：小写字母、数字和 _，不能与流程自带的同名",
        "the name of a variable is wanted: small letters, digits and _, none of the flow's own",
    ),
    "cause": (
        "须为一个小写英文单词，例如 normal 或 closed",
        "one word of small letters is wanted, such as normal or closed",
    ),
    "a_question": ("say 和 play 须有其一，且只能有一个", "say or play is wanted, one of the two"),
    "text_of_play": ("text 只用于 play；say 本来就会朗读", "text belongs to play; say is read aloud already"),
    "no_key": (
        "{key} 不是电话按键；按键为 0 到 9、* 和 #",
        "{key} is no key of a telephone; the keys are 0 to 9, * and #",
    ),
    "a_case": ("when、caller、hours 至少写一个", "when, caller or hours is wanted"),
    "is_of_hours": ("is 只与 hours 一起用", "is belongs to hours"),
    "least_most": ("不能大于 most 的 {most}", "at most {most} is wanted, as most says"),
    "pin": ('须为 4 到 {most} 位数字，加引号，例如 "2468"', '4 to {most} digits in quotes are wanted, as "2468"'),
    "address": (
        "须为网址，例如 https://crm.example.com/balance，主机名中不能有变量",
        "an address such as https://crm.example.com/balance is wanted, its host without variables",
    ),
    "sent_by_post": (
        "须为 method: POST；GET 除网址外不发送内容",
        "method: POST is wanted; a GET sends nothing but its address",
    ),
    "repeatable": (
        "须同时有 method: POST 和 retries；GET 本来就可以重试",
        "method: POST and retries are wanted with it; a GET may be asked again anyway",
    ),
    "not_got": ("{name} 不是 get 中的变量", "{name} is none of the variables of get"),
    "not_got_or_rows": ("{name} 不是 get 和 rows 中的变量", "{name} is none of the variables of get and rows"),
    "no_value": (":{name} 没有值，请写在 values 中", ":{name} has no value; give it in values"),
    "no_parameter": ("语句中没有 :{name}", "the question has no :{name}"),
    "other_pin": ("不能与 pin 相同", "another PIN than pin is wanted"),
    "moderator_pin": (
        "须有 moderator_pin，否则没有主持人",
        "a moderator_pin is wanted: without one nobody is a moderator",
    ),
    "sql_braces": (
        "SQL 中不写变量：写 :name，值放在 values 中",
        "variables do not stand in SQL: write :name, and give the value in values",
    ),
    "sql_question": (
        "须为一个查询，以 SELECT、WITH 或 VALUES 开头",
        "one question is wanted, that begins with SELECT, WITH or VALUES",
    ),
    "sql_comment": (
        "SQL 中不能有注释，请写成文件的注释（#）",
        "a comment cannot stand in SQL here; write it as one of the file (#)",
    ),
    "sql_semicolon": ("须为一个语句，不带分号", "one statement is wanted, without a semicolon"),
    "sql_quote": ("引号没有闭合", "a quotation mark is not closed"),
    "sql_unprintable": ("有不可见的字符", "a character that cannot be printed stands in it"),
    "sql_mark": (
        "{mark} 不能在引号之外；参数写作 :name",
        "{mark} cannot stand outside quotation marks; a parameter is written :name",
    ),
    "transfer_to": ("须为 {kinds} 之一，例如 queue:sales", "one of {kinds} is wanted, such as queue:sales"),
    "a_box": (
        "须为信箱：queue:sales、agent:1001 或 extension:8001",
        "a box is wanted: queue:sales, agent:1001 or extension:8001",
    ),
    "one_kind_of": ("须为 {kinds} 之一", "one of {kinds} is wanted"),
    "currency": ("currency 只用于 money", "currency belongs to money"),
    "kind_digits": ("数字（可含 +、* 和 #，最多 32 位）", "digits (with +, * and # at most 32)"),
    "kind_number": ("数值，例如 -1234.5", "a number, such as -1234.5"),
    "kind_money": ("金额，例如 1234.50", "an amount, such as 1234.50"),
    "kind_date": ("日期，例如 2026-11-26", "a date, such as 2026-11-26"),
    "kind_time": ("时刻，例如 14:30", "a time of day, such as 14:30"),
    "kind_duration": ("秒数", "a number of seconds"),
    "kind_ordinal": ("从 1 开始的整数", "a whole number from 1"),
    "value_of_kind": ("须为{kind}", "{kind} is wanted"),
    # templates and conditions
    "long_source": ("最多 {most} 个字", "at most {most} characters are wanted"),
    "a_condition": ('须为条件，例如 card == "1"', 'a condition is wanted, such as card == "1"'),
    "not_understood": ("无法理解：{why}{where}", "cannot be understood: {why}{where}"),
    "in_line": ("（文字的第 {line} 行）", " (in line {line} of the text)"),
    "too_deep": ("嵌套太深", "nested too deep"),
    "not_here": (
        "这里不能用 {kind}：只能用值、比较、运算和过滤器 {filters}",
        "{kind} cannot stand here: only values, comparisons, sums and the filters {filters}",
    ),
    "no_filter": ("没有过滤器 {name}；有：{filters}", "there is no filter {name}; there are {filters}"),
    "no_test": ("没有判断 {name}；有：{tests}", "there is no test {name}; there are {tests}"),
    "stars": ("这里不能用 * 和 **", "* and ** cannot stand here"),
    "underscore": ("这里不能用以 _ 开头的名称", "a name that begins with _ cannot stand here"),
    "long_result": ("超过 {most} 个字", "more than {most} characters"),
    "large_number": ("数字太大", "too large a number"),
}


AS_IT_IS = "as_it_is"


class Said(str):
    """at: the key that it is said of, before a colon. offset: of its cause in the text that it is said of, from 0."""

    __slots__ = ("at", "code", "offset", "values")
    code: str
    at: str
    offset: int | None
    values: Mapping[str, Any]

    def __new__(cls, code: str, /, *, at: str = "", offset: int | None = None, **values: object) -> Said:
        made = super().__new__(cls, _put(code, at, values, "en"))
        made.code, made.at, made.offset, made.values = code, at, offset, values
        return made

    def told(self, language: str) -> str:
        """In Chinese for every tag of Chinese, else in English."""
        return _put(self.code, self.at, self.values, language)

    def under(self, at: str) -> Said:
        """The same, said of that key."""
        return _again(self.code, at, self.offset, dict(self.values))

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.code, self.at, self.offset, dict(self.values))


def _again(code: str, at: str, offset: int | None, values: dict[str, Any]) -> Said:
    return Said(code, at=at, offset=offset, **values)


def with_values(code: str, values: Mapping[str, Any]) -> Said:
    """Of values whose names are only known at run time."""
    return _again(code, "", None, {name: value for name, value in values.items() if name not in {"at", "offset"}})


def told(sentence: str, language: str) -> str:
    """A sentence in the reader's language; one that is no `Said` as it is."""
    return sentence.told(language) if isinstance(sentence, Said) else sentence


def of(sentence: str, at: str) -> Said:
    """Any sentence, said of that key."""
    return sentence.under(at) if isinstance(sentence, Said) else Said(AS_IT_IS, at=at, text=sentence)


def foreign(sentence: str) -> str | None:
    """What a `Said` repeats of a sentence that is none itself; None for what is said in its own words."""
    return str(sentence.values["text"]) if isinstance(sentence, Said) and sentence.code == AS_IT_IS else None


def is_chinese(language: str) -> bool:
    return language.lower().replace("_", "-").split("-", 1)[0] == "zh"


def _put(code: str, at: str, values: Mapping[str, object], language: str) -> str:
    column = 0 if is_chinese(language) else 1
    comma, colon = ("、", "：") if column == 0 else (", ", ": ")
    put: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, tuple):
            put[name] = comma.join(told(str(one) if not isinstance(one, str) else one, language) for one in value)
        else:
            put[name] = told(value, language) if isinstance(value, str) else value
    return (f"{at}{colon}" if at else "") + TEXTS[code][column].format_map(put)
