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

Language = Literal["zh-CN", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh-CN", "en")
COOKIE: Final = "callcenterd_language"

TEXTS: Mapping[str, tuple[str, str]] = {
    # code: Chinese, English
    "not_signed_in": ("请先登录", "Sign in first"),
    "wrong_login": ("工号或密码不对", "Wrong login or password"),
    "too_many_attempts": ("尝试次数过多，请等{wait}再试", "Too many attempts. Try again in {wait}"),
    "not_allowed": ("您没有这项权限", "You do not have the right to do this"),
    "foreign_page": ("请求不是从本系统的页面发出的", "The request does not come from a page of this system"),
    "not_found": ("没有这一项", "There is no such thing"),
    "no_such_address": ("没有这个地址", "There is nothing at this address"),
    "method_not_allowed": ("此地址不支持这种请求", "This address does not take that kind of request"),
    "malformed": ("请求内容无法读取：{why}", "The request cannot be read: {why}"),
    "not_json": ("请求内容须为 application/json", "The request's content must be application/json"),
    "too_large": ("请求内容太大，最多 {most}", "The request is too large; at most {most}"),
    "too_slow": ("请求内容没有按时送达", "The request's content did not arrive in time"),
    "wrong_fields": ("有几项填写不对", "Some fields are not right"),
    "faulty_file": ("文件中有错误，没有采用", "The file has faults and was not used"),
    "unavailable": ("现在无法完成", "This cannot be done now"),
    "failed": ("系统内部出错，已记入日志", "Something went wrong here; it is in the log"),
    "wrong_password": ("原密码不对", "The present password is wrong"),
    "exists": ("已有同名的一项", "There is one of that name already"),
    "other_name": (
        "与地址中的名称不同；要改名请新建一项",
        "Differs from the name in the address; make a new one instead",
    ),
    "own_account": ("不能删除自己", "You cannot delete yourself"),
    "no_such_customer": ("没有这位客户", "There is no such customer"),
    "not_yaml": ("请求内容须为 application/yaml", "The request's content must be application/yaml"),
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
    "control_characters": ("含有不可见的字符", "has characters that cannot be seen"),
    "twice": ("给了两次", "is given twice"),
    "timezone_aware": ("时间要带时区", "the time needs its offset"),
    "common_password": ("密码太容易猜到", "is too easy to guess"),
    "control": ("含有不可见的字符", "has characters that cannot be seen"),
    "phone": ("{number} 不是电话号码", "{number} is no telephone number"),
    "email": ("电子邮箱须有名称、@ 和域名", "an e-mail address has a name, an @ and a domain"),
    "no_extension": ("没有这个分机", "there is no such extension"),
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
    "call": "通话",
    "callback": "回拨",
    "customer": "客户",
    "device": "话机",
    "extension": "分机",
    "flow": "流程",
    "limits": "外拨限制",
    "number": "号码",
    "outbound route": "外拨路由",
    "queue": "技能组",
    "recording": "录音",
    "trunk": "中继",
    "user": "用户",
    "voicemail": "留言",
}

_NOT = r"(?:, not (?P<came>.*))?"
SENTENCES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), chinese)
    for pattern, chinese in (
        (r"there is no (?P<kind>outbound route|[a-z]+) (?P<name>.*)", "没有{kind} {name}"),
        (r"phone (?P<number>\S+) is not registered", "话机 {number} 没有注册，不能示闲"),
        (r"no phone is chosen", "没有选分机，不能示闲"),
        # What is wrong with a field of a trunk, user, queue … (site.py, yamltext.py).
        (r"this (?P<kind>outbound route|[a-z]+) cannot be taken", "这个{kind}不能保存，请看各项的说明"),
        (r"(?P<kind>outbound route|[a-z]+) (?P<name>.+) is named by (?P<by>.*)", "{kind} {name} 还在使用：{by}"),
        (r"is in use", "还在使用"),
        (r"is missing(?:: a new .* needs it)?", "必须填写"),
        (r"is no key here.*", "没有这一项"),
        (r"a trunk that is registered with needs a username", "要注册的中继必须有用户名"),
        (r"needs a password .* or a contact .*", "要有密码（话机注册）或地址（固定地址的设备）"),
        (r"either password or password_hash is wanted, not both", "密码和密码散列只能给一个"),
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
