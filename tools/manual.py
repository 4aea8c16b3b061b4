"""docs/configuration.md and docs/site.md, drawn from the code: `python -m tools.manual` writes both; a test keeps them.

What a key does is said once, in the code, in English; its Chinese is here, and the same test wants one for every key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from callcenterd import site
from callcenterd.config import Setting, settings

Drawn = Callable[[], str]

DOCS = Path(__file__).resolve().parent.parent / "docs"

SETTINGS: Mapping[str, str] = {
    "data": "存放数据的文件夹：数据库、录音、留言、生成的提示音、附件",
    "sip.listen": "SIP 监听地址，每项写作 协议:地址:端口；协议可用 udp、tcp、tls",
    "sip.domain": "本单位 SIP 地址中 @ 后面的名称，也是摘要认证的域（realm）",
    "sip.certificate": "本机证书（含证书链）的 PEM 文件，用于 tls 监听；更换后自动采用",
    "sip.key": "证书私钥的 PEM 文件；不填表示与证书在同一文件",
    "sip.ca": "核对 tls 中继对方证书的 CA 文件（PEM）；不填用系统的 CA",
    "sip.never_banned": "从不因密码错误而封禁的地址和网段；中继从不封禁",
    "rtp.address": "告诉对方把声音发到哪个地址；auto：面向对方的那个地址",
    "rtp.ports": "传声音的 UDP 端口，写作 首-末；双方通话占四个",
    "webrtc.ice_servers": (
        "网页话机用的 STUN、TURN 服务器，每项写 {urls, username, credential}；浏览器能用 UDP 直达本机就不需要"
    ),
    "rtp.timeout_seconds": "双方（或话机、中继已失联的一方）多少秒没有任何声音包就结束通话；每 30 秒检查一次；0：从不",
    "rtp.hold_timeout_seconds": "在流程、队列中等待或驻留、被保持的一方多少秒没有声音包就结束；每 30 秒检查；0：从不",
    "rooms.park_seconds": "驻留的通话多少秒后回振给驻留它的话机",
    "rooms.park_slots": "最多同时驻留几个通话：位置从 1 编到这个数",
    "rooms.conference_most": "最多几个人一起通话",
    "overload.strangers_ms": "声音发送晚了多少毫秒以上，就只少量处理陌生地址的请求；0：从不",
    "overload.new_calls_ms": "晚了多少毫秒以上并持续一秒，就暂不接新电话（紧急号码除外）；0：从不",
    "web.listen": "网页和接口的监听地址（HTTP），写作 地址:端口；配置了 web.tls_listen 后只把浏览器引到那里",
    "web.tls_listen": "HTTPS 的监听地址，如 0.0.0.0:8443；不填表示页面自己不提供 TLS",
    "web.certificate": "页面的证书（含证书链），PEM 文件；更换后自动采用。不填则自制一张，浏览器会警告一次",
    "web.key": "证书私钥的 PEM 文件；不填表示与证书在同一文件",
    "web.names": "浏览器和程序访问页面用的名称，如 cc.example.com；本机名、证书中的名称、IP 地址和不带点的名称不用写；"
    "其他名称一律拒绝（421）",
    "web.proxies": "本单位反向代理的地址和网段；只相信它们的 X-Forwarded-For、-Proto、-Host",
    "flows": "流程文件夹，一个流程一个 YAML 文件",
    "flow_minutes": "来电者最多在流程中停留多少分钟（排队和通话不算）；超过后转流程的人工节点，没有就结束",
    "prompts": "本单位录音提示的文件夹；有录音就不朗读",
    "language": "没有另外指定时的语言：提示音、页面、邮件",
    "area_code": "本单位的区号，带 0，如 020：没写区号的客户号码和来电号码按这个区号理解；空为不补",
    "region": "国家代码（ISO 3166）；没有拨国家代码的号码按这个国家理解",
    "timezone": "显示时间和计算工作时间用的时区；这里不写，就用开局页面上选的",
    "database": '记录存在哪里：""表示数据文件夹里的 SQLite；或 postgresql://用户:密码@主机/库名',
    "recordings.format": "通话结束后录音变成什么格式：opus、mp3，或保持原来的 wav（约大五倍）",
    "recordings.key_file": "用此文件中最后一把密钥加密录音（AES-256）；callcenterd recording-key 生成密钥；不填不加密",
    "recordings.keep_free_mb": "录音所在磁盘的剩余空间少于多少 MB 就报警",
    "recordings.paused_tone": "录音暂停处放一段轻的提示音（true），还是静音",
    "recordings.paused_minutes": "暂停录音超过多少分钟就提醒（可能忘了恢复）",
    "mail.host": '邮件服务器（SMTP）的名称或地址；""：不发邮件',
    "mail.port": "端口：starttls 一般用 587，tls 一般用 465",
    "mail.security": "连接的加密：starttls、tls（一开始就加密）、none 不加密（此时不能有 user）",
    "mail.user": '登录邮件服务器的账号；""：不需要登录',
    "mail.password_file": "第一行是账号密码的文件；不填则用环境变量 CALLCENTERD_MAIL_PASSWORD",
    "mail.sender": "发件人，如 office@example.com 或 Office <office@example.com>",
    "mail.ca": "核对邮件服务器证书的 CA 文件（PEM）；不填用系统的 CA",
    "mail.timeout_seconds": "等邮件服务器完成一步最多多少秒",
    "mail.attachment_mb": "一封邮件里的录音最多多少 MB；更长的只附开头",
    "business.databases": (
        "流程可以查询（只读）的数据库，名字: postgresql://用户@主机/库名 或 sqlite:///路径；"
        "密码是密钥文件中名为 database.名字 的那一行"
    ),
    "customers.bin_days": "客户移入回收站（或并入另一位客户）多少天后彻底清除；0：只由管理员清除",
    "attachments.most_mb": "一个附件最多多少 MB（MiB）",
    "attachments.scan_command": "保存附件前用哪个命令检查病毒，文件的路径写在最后，"
    "如 [clamdscan, --fdpass, --no-summary]；退出码 0 放行，1（有病毒）拒绝，其他或超时一律拒绝；[]：不检查",
    "attachments.clamd": "保存附件前询问的 ClamAV clamd，如 /run/clamav/clamd.ctl 或 127.0.0.1:3310；"
    "内容直接发给它（INSTREAM），不必让它读我们的文件；不写：不询问",
    "attachments.scan_seconds": "命令或 clamd 检查一个文件最多多少秒",
    "business.hosts": "流程可以查询的业务系统主机，如 crm.example.com 或 10.0.0.5:8080；其他一律不访问",
    "business.networks": "这些主机可以在哪些内部网段，如 10.0.0.0/8",
    "business.secrets_file": "流程按名字使用的密钥文件，每行一个：名字: 值",
    "speech.engine": "用什么朗读文字；pyttsx3 和 kokoro（神经网络语音，占 630 MB 内存，小机器上慢）要另外安装",
    "drain_seconds": "通知停止后，给进行中的通话多少秒自然结束",
    "log.level": "日志最低级别：debug（每条消息）、info、warning、error",
    "log.format": "console：给人看；json：一行一个 JSON；auto：终端上用 console，否则用 json",
}

SECTIONS: Mapping[str, tuple[str, str]] = {
    "trunks": ("中继", "接到运营商或语音网关的线路，以 name 识别"),
    "numbers": ("号码", "客户拨打的号码由哪个流程接听，以 match 识别"),
    "outbound": ("外拨", "拨打的号码走哪条中继，以 match 识别；从上往下，用第一条符合的"),
    "users": ("用户", "能登录的人，以 login 识别"),
    "extensions": ("分机", "座位上的话机，以 number 识别"),
    "queues": ("技能组", "排队的来电和接听的座席，以 name 识别"),
    "limits": ("外拨限制", "分机或整个单位能向外拨打什么，防话费欺诈，以 who 识别"),
    "breaks": (
        "小休原因",
        "为什么小休，以 name 识别；在话机上（*73）按所在次序的数字；不写则有 rest、meal、meeting、training、work",
    ),
    "dispositions": ("话后小结", "座席说明通话结果的编码，以 code 识别"),
    "modules": ("功能模块", "可以不要的功能，以 name 识别"),
    "mailboxes": ("留言信箱", "来电者留言的信箱，以 box 识别；没有写的技能组、座席、分机用默认值"),
    "calendars": ("日历", "单位或部门的上班时间、节假日和调休，以 name 识别"),
    "teams": ("班组", "座席和带班的班长，以 name 识别；带班的班长只看、只管本班组，不带班的看全部"),
}

KEYS: Mapping[str, Mapping[str, str]] = {
    "trunks": {
        "name": "名称，外拨规则和页面用",
        "host": "对方的 IP 地址或域名，来去电都用",
        "port": "对方的 SIP 端口",
        "username": "运营商给的账号（摘要认证）",
        "password": "账号的密码",
        "register": "是否向运营商注册",
        "allow": "除 host 外，还接受哪些地址、网段的来电",
        "in_strip": "来电的被叫号码从前面去掉几位",
        "in_prepend": "去掉之后在前面加上的数字",
        "out_form": "去电号码的写法：dialled 按所拨、e164 写作 +86…、national 按国内拨法",
        "out_strip": "然后从前面去掉几位",
        "out_prepend": "去掉之后在前面加上的数字",
        "caller": "向外显示的号码；空表示分机自己的号码，或原来电的号码",
        "caller_id": "对方从哪里读主叫：from、pai（P-Asserted-Identity）、rpid（Remote-Party-ID）",
        "codecs": "向它提供、也接受它的编码，按优先次序；G729 只能听懂，不会发出，不能单独写",
        "encryption": "语音加密（SRTP，密钥在 SDP 里，RFC 4568）：off 不加密、required 必须加密；请与 TLS 一起用",
        "options": "隔几秒用 OPTIONS 问一次线路是否在；0 为不问",
        "channels": "同时最多几路通话，来去电合计；0 为不限",
        "transport": "用什么协议到达：udp、tcp、tls；auto 按域名记录（RFC 3263）",
    },
    "numbers": {
        "match": "中继送来的被叫号码；9. 表示 9 开头、后面至少还有一位",
        "flow": "流程名称",
    },
    "outbound": {
        "match": "拨打的号码；0. 表示 0 开头、后面至少还有一位",
        "trunks": "依次尝试的中继",
        "strip": "从前面去掉几位",
        "prepend": "去掉之后在前面加上的数字",
    },
    "users": {
        "login": "登录名，即座席的工号",
        "name": "姓名",
        "role": "角色：agent 座席、supervisor 班长、manager 经理、admin 管理员",
        "password": "登录密码，只存哈希值",
        "password_hash": "`export` 写出的哈希值，代替密码",
        "pin": "在话机上按键签入（*70）的 PIN，4 到 12 位数字；只保存散列",
        "pin_hash": "`export` 写出的 PIN 散列，代替 PIN",
        "extension": "此人的话机；null 表示没有",
        "language": "此人页面的语言",
        "record": "此座席的通话是否录音：queue 按队列设置、always 总是、never 从不",
        "skills": "此座席的技能，每项 1 至 10 级",
        "in_directory": "来电者能否按姓名找到此人（流程节点 directory）",
        "own_role": "在 role 之上的自定义角色的代码；空为系统自带的角色",
    },
    "extensions": {
        "number": "分机号，也是话机注册的用户名",
        "password": "话机注册的密码（摘要认证）",
        "contact": "固定地址的设备：地址，代替注册",
        "auto_answer": "来自队列的电话是否让话机自动接听（耳机座席）",
        "codecs": "向话机提供、也接受它的编码，按优先次序",
        "encryption": "语音加密（SRTP）：off 不加密、allowed 由话机决定、required 必须加密；请与 TLS 一起用",
    },
    "queues": {
        "name": "名称，流程和页面用",
        "title": "显示给人看的名称",
        "strategy": "先给谁振铃：longest_idle 空闲最久、ring_all 同时振铃、round_robin 轮流、fewest_calls 接听最少、"
        "least_talk 通话最短、random 随机、skills 技能最高",
        "members": "成员座席的登录名",
        "wrap_up": "话后处理的秒数",
        "ring": "座席话机振铃的秒数",
        "service_level": "应在多少秒内接听（服务水平）",
        "max_wait": "最多等待多少秒；0 为不限",
        "record": "是否录音",
        "music": "等待音乐的名称；空为默认音乐",
        "disposition_required": "话后处理是否一直持续到座席填了小结",
        "announce_recording": "录音时告知谁：none 不告知、caller 来电者（排队前）、both 双方",
        "recording_beep": "录音时每隔几秒给双方一声轻提示音；0 为没有",
        "skills": "座席至少要有的技能和级别，否则不分配",
        "ranks": "后备级别（2 至 9）的成员在前面级别无人空闲时才振铃；座席先接自己级别靠前的技能组；未列出的为 1",
        "weights": "random 时各成员被抽中的份额；未列出的为 1",
        "priority": "来电的优先分，高者先接",
        "level_priority": "各客户级别另加的优先分",
        "ageing": "等待多少秒相当于一分；0 表示高优先级总在前面",
        "sticky": "再次来电交给谁：off 不指定、last 上次通话的座席",
        "sticky_wait": "该座席（或流程指定的座席）忙时，多少秒内不找别人",
        "retry": "座席拒接后，多少秒再把同一来电分给他",
        "misses": "连续几次无人接听就置为示忙；0 为不置",
        "miss_return": "这种示忙多少秒后自动结束；0 为不自动结束",
        "most_waiting": "最多几人同时等待；0 为不限",
        "callback_first": "回拨时先呼叫谁：customer 客户、agent 座席",
        "callback_ring": "回拨时客户话机振铃的秒数",
        "callback_hours": "允许回拨客户的时段，如 09:00-20:00；空为不限",
        "callback_retries": "每次回拨未接通后，隔多少秒再拨；用完后转为人工处理",
        "callback_machine": "先呼叫客户而被语音信箱等机器应答时：hang_up 挂断并按计划重拨、ignore 照常接给座席",
        "announce_position": "是否告知排队位置：off 不告知、once 一次、every 每次",
        "announce_wait": "是否告知预计等待时间：off 不告知、once 一次、every 每次",
        "announce_first": "等待多少秒后第一次播报",
        "announce_every": "每隔多少秒播报一次；0 为只播一次",
        "announce_most": "前面超过这么多位时，只说“超过”这么多位",
        "comfort": "等待中的安抚语，每隔 every 秒：say 是文字，play 是录音名称",
        "exits": "等待中可按的键：voicemail 留言、callback 回拨、流程名，或流程的节点（如 main/other）",
        "place_back": "排队时掉线的来电者，几分钟内再拨回来仍排在原来的位置；0 为不保留",
        "calendar": "什么时间接受来电：日历的名称；空为全天",
        "at_closing": "下班时还在排队的：keep 继续等到接听，leave 离开（同下班后来电）",
    },
    "limits": {
        "who": "分机号；each 表示每个没有单独限制的分机；all 表示整个单位合计（含流程外拨）",
        "calls": "同时最多几个外线电话；0 为不限",
        "per_minute": "一分钟内最多拨几个；0 为不限",
        "per_hour": "一小时内最多拨几个；0 为不限",
        "forbid": "禁止的号码，或号码开头加一点",
        "permit": "不因号码而禁止的号码，或号码开头加一点",
        "international": "能否拨打其他国家",
        "premium": "能否拨打声讯等高收费号码",
        "night": "这段时间不许拨外线，如 22:00-07:00（按本单位时区）",
        "longest": "外线电话最长多少秒，到时挂断；0 为不限",
    },
    "breaks": {
        "name": "程序和记录中的名称",
        "title": "给人看的名称",
        "limit": "一次小休超过几秒就通知班长；0 为不通知",
        "per_day": "当天同一原因的小休合计超过几秒就通知班长；0 为不通知",
    },
    "dispositions": {
        "code": "话机上 *75 之后拨的编码，随通话保存",
        "title": "给人看的名称",
        "queues": "哪些技能组的通话用；空为所有通话",
        "callback": "对回拨的含义：wrong_number 打错，结束；machine 机器应答、no_answer 未接，按计划重拨；空为已接通",
    },
    "modules": {
        "name": "哪个模块；各模块包含什么见“系统管理”页面的“功能模块”",
        "on": "是否启用；停用后数据保留，但不显示",
    },
    "mailboxes": {
        "box": "谁的信箱：queue:sales（技能组）、agent:1001（座席）、extension:8001（分机）",
        "greeting": "先播放的提示音名称；空为系统自带的话",
        "longest": "一条留言最长多少秒，到时结束",
        "shortest": "短于多少秒不算留言",
        "silence": "静音多少秒就结束留言；0 为不结束",
        "most": "信箱里最多几条未处理的留言；0 为不限",
        "mail": "每条留言用邮件发到哪些地址（见配置文件 mail）",
    },
    "calendars": {
        "name": "名称，技能组、流程和页面用",
        "title": "给人看的名称",
        "zone": "时区，如 Asia/Shanghai；空为本单位时区",
        "hours": "一周每天的上班时间，如 monday: [09:00-12:00, 13:00-18:00]；没写的日子不上班；"
        "22:00-06:00 延续到第二天；00:00-24:00 为全天",
        "holidays": "节假日：first 起、last 止（多天时）、name 名称；当天仍上班的写 hours。前一晚的班到零点为止",
        "make_up": "调休上班的日子：date 日期、like 按星期几的时间、name 名称",
    },
    "teams": {
        "name": "程序中的名称",
        "title": "给人看的名称",
        "members": "座席的工号；一个人可以在几个班组",
        "leaders": "带班班长的工号",
        "department": "所属部门；同一部门的班组填写相同；空为没有",
    },
}

_CONFIGURATION = """\
# The configuration file · 配置文件

Drawn from the code by `python -m tools.manual`; a test keeps it current.

One YAML file, `callcenter.yaml` in the working folder or what `-c FILE` names. Every key has a default: without a file
all of them hold. `callcenter.example.yaml` is the same table as a file to copy.
一个 YAML 文件：当前文件夹里的 `callcenter.yaml`，或 `-c` 指定的文件。每个键都有默认值，没有文件也能启动。
`callcenter.example.yaml` 是可以复制的样例。

- An unknown key or a bad value is refused at start, as `file:line:column: reason`; `callcenterd check -c FILE` tells
  all of them at once. 键名或值有错就不启动，指出文件和行号；`callcenterd check` 一次列出全部错误。
- Relative paths are relative to the folder of the file (without a file: to the working folder).
  相对路径从配置文件所在的文件夹算起（没有配置文件时从当前文件夹算起）。
- After SIGHUP the keys under `log` and `drain_seconds` are in force at once; of the others the log says that they
  wait for the next start. A faulty file changes nothing.
  发 SIGHUP 后，`log` 和 `drain_seconds` 立即生效，其余的键等下次启动（日志会说明）；文件有错则什么都不改。

| key · 键 | default · 默认 | what it is for | 说明 |
| --- | --- | --- | --- |
"""

_SITE = """\
# The site file · 站点文件

Drawn from the code by `python -m tools.manual`; a test keeps it current.

What an office has: trunks, numbers, users, extensions, queues, limits, mailboxes. `callcenterd apply -c FILE SITE.yaml`
puts it into the store; a running server takes it up at once. `site.example.yaml` is an example; `callcenterd export`
writes what there is now. The administration page does the same, one thing at a time or with the whole file.
单位有哪些中继、号码、用户、分机、技能组、外拨限制和留言信箱。`callcenterd apply` 写入，运行中的服务立即采用；
样例是 `site.example.yaml`；`callcenterd export` 写出现有的。“系统管理”页面也能做同样的事。

- A file adds and changes, and never takes away: what it does not name stays, key by key. To take something away, use
  the page or `DELETE` of the API. 只增改，不删除：没写到的保持不变。要删除，用页面或接口。
- A list that is given replaces that list (`members`, `allow`, `trunks` of a route). 写了列表，就整个替换。
- Applying a file twice changes nothing: `nothing to change`. A faulty file changes nothing either, and every fault is
  told as `file:line:column: reason`. 应用两次等于一次；有错的文件什么都不改，并逐条指出。
- **What a page changed is not undone by a file that does not know it**: what the file says as it said before stays as
  the page has it, and is told. What the file says anew, and a page changed too, is a fault at its line; nothing is
  changed then. `apply --overwrite` takes the file's word for all of it. An exported file says its `revision`, and knows
  what pages had changed until then. **页面改过的，不会被不知情的旧文件改回去**：文件没改、页面改过的保持页面的值，并
  说明；两边都改成了不同的值，指出所在的行，什么都不改；`apply --overwrite` 全部以文件为准。导出的文件带 `revision`，
  知道到那时为止页面的修改。
- A new password of a user ends that user's sessions. 改了用户密码，此人原来的登录即失效。
- Of outbound routes the first that fits is used; what a file names comes in the file's order. Of numbers an exact one
  comes before a pattern, a longer pattern before a shorter one.
  外拨规则从上往下用第一条符合的；号码先看完整匹配，再看最长的开头。
- The exported file holds the passwords of phones and trunks as they are, and those of users as hashes: keep it safe.
  导出的文件含话机和中继的密码、用户密码的哈希值，请妥善保管。
"""


def configuration() -> str:
    """docs/configuration.md."""
    rows = "".join(_setting(each) for each in settings())
    return _CONFIGURATION + rows


def _setting(setting: Setting) -> str:
    default = json.dumps(setting.default, ensure_ascii=False)
    return f"| `{setting.key}` | `{default}` | {setting.description} | {SETTINGS[setting.key]} |\n"


def site_page() -> str:
    """docs/site.md."""
    parts = [_SITE]
    for section, entry in site.ENTRIES.items():
        name, chinese = SECTIONS[section]
        english = (entry.__doc__ or "").strip()
        parts.append(f"\n## {section} · {name}\n\n{english} {chinese}。\n\n")
        parts.append("| key · 键 | if not given · 默认 | kind · 形式 | what it is for | 说明 |\n")
        parts.append("| --- | --- | --- | --- | --- |\n")
        parts += _keys(section, entry.model_json_schema())
    return "".join(parts)


def _keys(section: site.Section, schema: Mapping[str, Any]) -> Iterator[str]:
    needed = set(schema.get("required", ())) | set(site.NEEDED[section])
    for name, field in schema["properties"].items():
        default = "needed · 必填" if name in needed else f"`{json.dumps(field.get('default'), ensure_ascii=False)}`"
        kind = _kind(field)
        yield f"| `{name}` | {default} | {kind} | {field['description']} | {KEYS[section][name]} |\n"


def _kind(field: Mapping[str, Any]) -> str:
    """A few words for a JSON schema: "text", "1 to 65535", "`a`, `b`"."""
    field = next((part for part in field.get("anyOf", [field]) if part.get("type") != "null"), field)
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "minimum" in field:
        return f"{field['minimum']:g} to {field['maximum']:g}"
    return {"string": "text", "boolean": "`true`, `false`", "array": "list", "object": "names with values"}[
        field["type"]
    ]


def main() -> None:
    (DOCS / "configuration.md").write_text(configuration(), encoding="utf-8")
    (DOCS / "site.md").write_text(site_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
