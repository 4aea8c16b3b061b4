"""The office of the pictures: a shop for gardens, with its people, customers, flow and conversations.

Numbers of the English one are those of examples: 020 7946 0… is kept free for the screen.
"""

from __future__ import annotations

from typing import Any

from tools.pictures.words import Both

PASSWORD = "Picture-Day-26"
MAIN = Both("02088886666", "02079460100")
SHOP, CARE = Both("销售一组", "Sales"), Both("售后组", "Service")
MANAGER, SUPERVISOR = "3001", "2001"
AGENTS = {
    "1001": Both("张晓燕", "Emma Clarke"),
    "1002": Both("李国强", "Daniel Reed"),
    "1003": Both("陈静", "Priya Shah"),
    "1004": Both("赵磊", "Jack Turner"),
    "1005": Both("周敏", "Sophie Ward"),
    "1006": Both("黄志远", "Oliver Hughes"),
}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
HOURS = {day: ["09:00-12:00", "13:00-18:00"] for day in WEEKDAYS} | {
    day: ["09:00-12:00", "13:00-16:00"]
    for day in ("saturday", "sunday")  # pictures are taken on these days too
}

SITE: dict[str, Any] = {
    "numbers": [
        {"match": MAIN, "flow": "main"},
        {"match": Both("4008886666", "08081570100"), "flow": "main"},
        {"match": Both("02088886667", "02079460101"), "flow": "complaints"},
    ],
    "outbound": [
        {"match": "9.", "trunks": ["telecom", "gateway"], "strip": 1},
        {"match": Both("0.", "00."), "trunks": ["telecom"]},
    ],
    "limits": [
        {"who": "all", "calls": 20, "international": True, "night": "22:00-07:00"},
        {"who": "each", "calls": 2, "per_hour": 60, "longest": 3600},
        {"who": "1005", "calls": 1, "forbid": ["00."]},
    ],
    "breaks": [
        {"name": "rest", "title": Both("小休", "Short break"), "limit": 900, "per_day": 2400},
        {"name": "meal", "title": Both("用餐", "Meal"), "limit": 3600},
        {"name": "meeting", "title": Both("会议", "Meeting")},
        {"name": "training", "title": Both("培训", "Training")},
    ],
    "dispositions": [
        {"code": "10", "title": Both("已解答", "Answered")},
        {"code": "20", "title": Both("已下单", "Ordered"), "queues": ["sales"]},
        {"code": "30", "title": Both("转售后处理", "Passed to service")},
        {"code": "40", "title": Both("打错电话", "Wrong number"), "callback": "wrong_number"},
    ],
    "queues": [
        {
            "name": "sales",
            "title": Both("业务咨询", "Sales"),
            "members": ["1001", "1002", "1003", "1006"],
            "wrap_up": 2,
            "ring": 60,
            "announce_position": "once",
            "calendar": "office",
            "ranks": {"1006": 2},
            "level_priority": {"gold": 5, "vip": 10},
            "sticky": "last",
        },
        {
            "name": "service",
            "title": Both("售后服务", "Customer service"),
            "members": ["1002", "1004", "1005"],
            "strategy": "ring_all",
            "wrap_up": 300,
            "ring": 60,
            "service_level": 30,
        },
        {
            "name": "complaints",
            "title": Both("投诉受理", "Complaints"),
            "members": ["1003", "1006"],
            "strategy": "fewest_calls",
            "wrap_up": 2,
            "ring": 60,
            "disposition_required": False,
        },
    ],
    "mailboxes": [
        {"box": "queue:sales", "longest": 120, "mail": ["sales@example.com"]},
        {"box": "agent:1001"},
        {"box": "queue:service", "longest": 180, "silence": 5, "mail": ["service@example.com"]},
    ],
    "calendars": [
        {
            "name": "office",
            "title": Both("办公时间", "Office hours"),
            "hours": HOURS,
            "holidays": [
                {"first": "2027-01-01", "last": "2027-01-03", "name": Both("元旦", "New Year")},
                {"first": "2027-02-05", "last": "2027-02-12", "name": Both("春节", "Winter holidays")},
            ],
            "make_up": [{"date": "2027-02-14", "like": "monday", "name": Both("春节调休", "In place of a holiday")}],
        },
        {
            "name": "always",
            "title": Both("全天", "Day and night"),
            "hours": {day: ["00:00-24:00"] for day in HOURS},
        },
    ],
    "teams": [
        {
            "name": SHOP,
            "title": Both("销售一组", "Sales team"),
            "members": ["1001", "1002", "1003"],
            "leaders": [SUPERVISOR],
            "department": Both("客服部", "Customer care"),
        },
        {
            "name": CARE,
            "title": Both("售后组", "Service team"),
            "members": ["1004", "1005", "1006"],
            "leaders": [SUPERVISOR],
            "department": Both("客服部", "Customer care"),
        },
    ],
    "extensions": [{"number": login, "password": PASSWORD} for login in (*AGENTS, SUPERVISOR)],
    "users": [
        *(
            {
                "login": login,
                "name": name,
                "role": "agent",
                "password": PASSWORD,
                "extension": login,
                "language": Both("zh-CN", "en"),
            }
            for login, name in AGENTS.items()
        ),
        {
            "login": SUPERVISOR,
            "name": Both("王芳", "Helen Brooks"),
            "role": "supervisor",
            "password": PASSWORD,
            "extension": SUPERVISOR,
            "language": Both("zh-CN", "en"),
        },
        {
            "login": MANAGER,
            "name": Both("林海", "Robert Miles"),
            "role": "manager",
            "password": PASSWORD,
            "language": Both("zh-CN", "en"),
        },
        {
            "login": "admin",
            "name": Both("管理员", "Administrator"),
            "role": "admin",
            "password": PASSWORD,
            "language": Both("zh-CN", "en"),
        },
    ],
}

FLOW = Both(
    """\
# 总机：先听问候，上班时间按键选择，座席全忙时留言或预约回拨
flow: main
title: 总机
language: zh-CN
start: welcome
nodes:
  welcome: {play: welcome, text: "您好，欢迎致电绿园家居。", next: hours}
  hours: {hours: always, next: menu, on_closed: closed}
  menu:
    menu: {say: "业务咨询请按 1，售后服务请按 2，投诉建议请按 3。", timeout: 5, retries: 1}
    keys: {"1": sales, "2": service, "3": complaints}
    otherwise: sales
  sales: {queue: sales, on_no_agents: offer}
  service: {queue: service, on_no_agents: offer}
  complaints: {queue: complaints, on_no_agents: offer}
  offer:
    menu: {say: "座席全忙，留言请按 1，预约回拨请按 2。"}
    keys: {"1": leave, "2": call_me}
    otherwise: leave
  closed: {say: "现在是非工作时间，请在提示音后留言。", next: leave}
  leave: {voicemail: sales}
  call_me: {callback: sales}
""",
    """\
# Main number: a greeting, keys in office hours, a message or a callback when everybody is busy
flow: main
title: Main number
language: en
start: welcome
nodes:
  welcome: {play: welcome, text: "Welcome to Greenfield Garden.", next: hours}
  hours: {hours: always, next: menu, on_closed: closed}
  menu:
    menu: {say: "For sales, press 1. For service, press 2. For complaints, press 3.", timeout: 5, retries: 1}
    keys: {"1": sales, "2": service, "3": complaints}
    otherwise: sales
  sales: {queue: sales, on_no_agents: offer}
  service: {queue: service, on_no_agents: offer}
  complaints: {queue: complaints, on_no_agents: offer}
  offer:
    menu: {say: "All agents are busy. To leave a message, press 1. To be called back, press 2."}
    keys: {"1": leave, "2": call_me}
    otherwise: leave
  closed: {say: "We are closed now. Please leave a message after the tone.", next: leave}
  leave: {voicemail: sales}
  call_me: {callback: sales}
""",
)
LEAVE = Both(
    "flow: complaints\ntitle: 投诉专线\nlanguage: zh-CN\nstart: hello\nnodes:\n"
    '  hello: {play: complaint_line, text: "您好，这里是投诉专线。", next: leave}\n  leave: {voicemail: sales}\n',
    "flow: complaints\ntitle: Complaints line\nlanguage: en\nstart: hello\nnodes:\n"
    '  hello: {play: complaint_line, text: "This is the complaints line.", next: leave}\n  leave: {voicemail: sales}\n',
)
PROMPTS = {
    "welcome": Both("您好，欢迎致电绿园家居。", "Welcome to Greenfield Garden."),
    "complaint_line": Both("您好，这里是投诉专线。", "This is the complaints line."),
    "holiday": Both("春节期间我们休息，请在节后来电。", "We are closed for the holidays."),
}

CUSTOMERS: tuple[dict[str, Any], ...] = (
    {
        "name": Both("王秀兰", "Alice Morgan"),
        "phones": Both(["13800138000", "020 88880001"], ["07400 123123", "020 7946 0321"]),
        "level": "gold",
        "sex": "female",
        "card": "8800-0217",
        "company": Both("华南园艺社", "Morgan Landscapes"),
        "address": Both("广州市天河区体育东路 12 号", "12 Chapel Lane, London N1 9GU"),
        "email": "alice.morgan@example.com",
        "note": Both("喜欢下午联系", "Prefers the afternoon"),
        "identity": "member",
        "channels": ["friend"],
        "tags": ["terrace"],
    },
    {
        "name": Both("刘志明", "Thomas Baker"),
        "phones": Both(["13900139001"], ["07400 123124"]),
        "level": "normal",
        "sex": "male",
        "company": Both("明达建材", "Baker & Sons Building"),
        "card": "8800-0231",
        "identity": "dealer",
        "address": Both("佛山市禅城区季华路 88 号", "88 Mill Road, Cambridge CB1 2AS"),
        "email": "thomas@example.com",
        "channels": ["web"],
    },
    {
        "name": Both("陈美玲", "Grace Wilson"),
        "phones": Both(["13700137002"], ["07400 123125"]),
        "level": "vip",
        "sex": "female",
        "card": "8800-0005",
        "company": "",
        "email": "grace.wilson@example.com",
        "address": Both("深圳市南山区科苑路 6 号", "6 Harbour View, Bristol BS1 5DB"),
        "identity": "member",
        "channels": ["event"],
        "tags": ["terrace", "newsletter"],
        "gifts_by_mail": True,
    },
    {
        "name": Both("孙建国", "Peter Collins"),
        "phones": Both(["13600136003"], ["07400 123126"]),
        "level": "silver",
        "sex": "male",
        "company": Both("绿洲物业", "Oasis Properties"),
        "card": "8800-0144",
        "identity": "individual",
        "address": Both("广州市越秀区东风中路 300 号", "300 High Street, Leeds LS1 6AG"),
        "channels": ["newspaper"],
    },
    {
        "name": Both("何雅文", "Lucy Bennett"),
        "phones": Both(["13500135004"], ["07400 123127"]),
        "level": "normal",
        "sex": "female",
        "card": "8800-0260",
        "company": "",
        "address": Both("东莞市南城区鸿福路 20 号", "20 Station Road, York YO1 6HT"),
        "channels": ["radio"],
    },
    {
        "name": Both("吴海涛", "George Palmer"),
        "phones": Both(["13400134005"], ["07400 123128"]),
        "level": "gold",
        "sex": "male",
        "card": "8800-0198",
        "company": Both("海涛园林", "Palmer Gardens"),
        "address": Both("珠海市香洲区情侣路 5 号", "5 Sea View, Brighton BN2 1TW"),
        "identity": "dealer",
        "channels": ["web", "friend"],
    },
    {
        "name": Both("王秀兰", "Alice Morgan"),
        "phones": Both(["13300133006"], ["07400 123129"]),
        "level": "normal",
        "sex": "female",
    },
)
ASKED = Both(
    "您好，我上个月订的花架还没有收到，请帮我查一下。",
    "Hello, the plant stand that I ordered last month has not come yet.",
)
ANSWERED = Both("您好，请稍等，我马上帮您查一下订单。", "One moment please, I will look your order up at once.")
PROMISED = Both(
    "查到了，明天上午送到，送到后我给您回电话。", "Here it is. It comes tomorrow morning, and I will call you then."
)

TALKS: tuple[tuple[int, str, str, str, Any], ...] = (
    # whose number, key, agent, disposition, note
    (
        0,
        "1",
        "1001",
        "20",
        Both("问花架的规格和价格，已报价 380 元。", "Asked for sizes and prices of plant stands, offered for £48."),
    ),
    (
        1,
        "2",
        "1002",
        "30",
        Both("水泥砖缺两箱，已转仓库核对。", "Two boxes of paving stones are missing; the warehouse looks."),
    ),
    (
        2,
        "3",
        "1003",
        "10",
        Both("反映送货晚了一天，已致歉并登记。", "Delivery came a day late; apologised and written down."),
    ),
    (
        3,
        "1",
        "1001",
        "10",
        Both("要大门绿植的报价，明天上门看现场。", "Wants an offer for plants at the gate; we visit tomorrow."),
    ),
    (5, "1", "1002", "20", Both("续订月季苗 200 株，货到付款。", "Ordered 200 more roses, to be paid on delivery.")),
    (
        4,
        "2",
        "1004",
        "10",
        Both("不会装喷灌接头，已指导装好。", "Could not fit the sprinkler; told how, and it works."),
    ),
    (
        0,
        "1",
        "1001",
        "10",
        Both(
            "花架未收到，查到明天上午送达，答应送到后回电。",
            "Plant stand has not come; it comes tomorrow morning, promised a call.",
        ),
    ),
)
