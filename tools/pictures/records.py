"""What people of the office have written down by this morning: records, messages, scorecards, settings."""

from __future__ import annotations

import asyncio
from typing import Any

from tools.pictures.office import Office
from tools.pictures.scenery import CARE, CUSTOMERS, PROMPTS, SHOP, SUPERVISOR
from tools.pictures.words import Both

TAGS = [
    {"code": "terrace", "chinese": "有露台", "english": "Has a terrace"},
    {"code": "newsletter", "chinese": "订阅资讯", "english": "Newsletter"},
]
FIELDS: tuple[dict[str, Any], ...] = (
    {
        "kind": "customer",
        "name": "garden",
        "type": "choice",
        "chinese": "花园类型",
        "english": "Garden",
        "choices": [
            {"code": "balcony", "chinese": "阳台", "english": "Balcony"},
            {"code": "yard", "chinese": "庭院", "english": "Yard"},
            {"code": "roof", "chinese": "屋顶", "english": "Roof"},
        ],
    },
    {"kind": "customer", "name": "area", "type": "number", "chinese": "面积（平方米）", "english": "Size (m²)"},
    {"kind": "consultation", "name": "offer", "type": "number", "places": 2, "chinese": "报价", "english": "Offer"},
    {"kind": "complaint", "name": "order", "type": "text", "chinese": "订单号", "english": "Order number"},
    {"kind": "follow_up", "name": "advice", "type": "yes_no", "chinese": "愿意推荐", "english": "Would recommend us"},
)
CONSULTATIONS: tuple[tuple[int, str, str, str, Any], ...] = (
    (5, "1002", "business", "web", Both("问苗木的批发价和起订量。", "Asked for wholesale prices of plants.")),
    (4, "1004", "use", "radio", Both("喷灌接头怎么装，已指导。", "How to fit a sprinkler; was told.")),
    (3, "1003", "address", "newspaper", Both("问门店地址和停车。", "Where the shop is, and parking.")),
    (
        2,
        "1001",
        "value_added",
        "event",
        Both("问会员的养护服务包含什么。", "What the care plan for members has in it."),
    ),
    (1, "1002", "business", "web", Both("要水泥砖的样品和报价。", "Wants samples of paving stones.")),
    (0, "1001", "use", "friend", Both("花架承重多少，能否放户外。", "What a plant stand can carry, and outdoors?")),
)
COMPLAINTS: tuple[tuple[int, str, str, str, Any], ...] = (
    (
        4,
        "1004",
        "product",
        "complaint",
        Both("喷灌控制器三天内坏了两次，要求换新", "Sprinkler control broke twice in three days; wants a new one"),
    ),
    (3, "1003", "person", "complaint", Both("送货员没有打电话就离开", "The driver left without a call")),
    (5, "1002", "service", "suggestion", Both("建议门店周末延长营业时间", "Suggests longer hours at weekends")),
    (2, "1001", "department", "complaint", Both("发票开错抬头，等了一周", "Invoice has the wrong name; waited a week")),
    (0, "1001", "product", "complaint", Both("花架到货缺一层隔板", "The plant stand came without a shelf")),
)
DUTIES: tuple[tuple[str, str, int, Any, int], ...] = (
    ("task", "1001", 0, Both("把花架的安装说明发给王秀兰", "Send Alice Morgan how to fit the stand"), 90),
    ("promise", "1001", 0, Both("送到后回电话", "Call when it has come"), 240),
    ("reminder", "1001", 3, Both("上门看现场前确认时间", "Confirm the visit"), 25),
    ("task", "1002", 1, Both("跟仓库核对缺的两箱水泥砖", "Ask the warehouse for two boxes of stones"), 300),
    ("task", "1004", 4, Both("寄一个新的喷灌接头", "Send a new sprinkler fitting"), 600),
)
FOLLOW_UPS: tuple[tuple[int, str, str, str, Any, int], ...] = (
    (
        2,
        "1001",
        "after_use",
        "satisfied",
        Both("养护服务很好，会推荐给朋友。", "Likes the care plan, will tell friends."),
        0,
    ),
    (
        5,
        "1002",
        "after_use",
        "wants_more",
        Both("月季长势好，还想要藤本的。", "Roses do well; wants climbing ones too."),
        0,
    ),
    (4, "1004", "after_use", "", Both("喷灌用得怎么样", "How the sprinkler works"), 1),
    (3, "1001", "before_use", "", Both("方案看了没有", "Has our offer been read"), 2),
    (1, "1001", "after_use", "", Both("水泥砖够不够用", "Were there enough stones"), 3),
)


async def written(office: Office) -> None:
    """After the customers are there and the calls are over."""
    await _consultations(office)
    await _complaints(office)
    await _duties(office)
    await _follow_ups(office)
    await _appointments(office)
    await _messages(office)
    await _staff(office)
    await _appraisals(office)
    await _recordings(office)
    await _campaign(office)
    await _query(office)
    await _import(office)


async def settings(office: Office) -> None:
    """What an administrator has set before the first call."""
    admin = office.clients["admin"]
    await admin.put("/dictionaries/tag", {"values": TAGS})
    for field in FIELDS:
        await admin.post("/custom-fields", office.said(field))
    letterhead = {
        "version": 0,
        "name_zh": "绿园家居有限公司",
        "name_en": "Greenfield Garden Ltd.",
        "address_zh": "广州市天河区天河路 1 号",
        "address_en": "1 Garden Row, London",
        "phone": office.said(Both("020 8888 6666", "020 7946 0100")),
        "email": "service@example.com",
    }
    await admin.put("/letterhead", letterhead)
    proposal = {
        "name_zh": "花园方案",
        "name_en": "Garden offer",
        "text_zh": "# 花园方案\n\n感谢您的来电，我们的建议如下。",
        "text_en": "# Your garden\n\nThank you for your call. This is what we suggest.",
    }
    await admin.post("/proposal-templates", proposal)
    for name, text in PROMPTS.items():
        draft = await admin.post("/prompt_drafts/speech", {"text": office.said(text), "language": office.language})
        await admin.until(f"/prompt_drafts/{draft['id']}", lambda said: said["state"] == "ready")
        await admin.post(f"/prompt_drafts/{draft['id']}/keep", {"name": name, "language": office.language})
    for n, customer in enumerate(CUSTOMERS):
        card = {**office.said(customer), "owner": "1001" if n % 2 else "", "team": office.said(SHOP)}
        card["fields"] = {"garden": ("balcony", "yard", "roof")[n % 3], "area": 8 + 13 * n}
        office.customers.append((await admin.post("/customers", card))["id"])
    await _services(office)
    await _rules(office)


async def _services(office: Office) -> None:
    for name, chinese, english, minutes in (
        ("visit", "上门看现场", "Visit to your garden", 60),
        ("fit", "上门安装", "Fitting at home", 120),
    ):
        service = {"name": name, "chinese": chinese, "english": english, "minutes": minutes, "capacity": 2}
        more = {"calendar": "office", "reminders": [24], "team": office.said(CARE), "ahead": 30}
        await office.clients["admin"].post("/appointment-services", service | more)


async def _rules(office: Office) -> None:
    rule = {
        "chinese": "下单一周后回访",
        "english": "A week after an order",
        "active": True,
        "category": "after_use",
        "team": office.said(SHOP),
        "where": {"field": "level", "op": "is", "values": ["gold", "vip"]},
        "content": office.said(Both("问使用情况和满意度", "Ask how it goes and whether they are content")),
    }
    await office.clients["admin"].post("/follow-up-rules", rule)
    later = rule | {
        "chinese": "会员半年回访",
        "english": "Members, every half a year",
        "active": False,
        "team": office.said(CARE),
    }
    await office.clients["admin"].post("/follow-up-rules", later)


async def _consultations(office: Office) -> None:
    for n, (customer, login, category, channel, note) in enumerate(CONSULTATIONS):
        record = {
            "customer": office.customers[customer],
            "category": category,
            "channel": channel,
            "note": office.said(note),
        }
        record |= {
            "project_type": office.said(Both("花园", "Garden")),
            "project_number": f"P-{120 + n}",
            "product_number": f"A{310 + 7 * n}",
        }
        await office.clients[login].post("/consultations", record | {"fields": {"offer": 380 + 45 * n}})


async def _complaints(office: Office) -> None:
    for n, (customer, login, type_, kind, reason) in enumerate(COMPLAINTS):
        record = {"customer": office.customers[customer], "type": type_, "kind": kind, "reason": office.said(reason)}
        record |= {"answer_by": "call", "fields": {"order": f"D2026-{1180 + 3 * n}"}}
        complaint = (await office.clients[login].post("/complaints", record))["id"]
        boss, maker = office.clients[SUPERVISOR], office.clients[login]
        steps: tuple[tuple[Any, dict[str, Any]], ...] = (
            (
                maker,
                {
                    "move": "dispatch",
                    "team": office.said(CARE),
                    "reason": office.said(Both("请售后组核定", "To be reviewed, please")),
                },
            ),
            (boss, {"move": "stands", "person": "1004"}),
            (
                office.clients["1004"],
                {"move": "handled", "result": office.said(Both("已更换新件并致歉。", "Exchanged, with an apology."))},
            ),
        )
        for client, move in steps[: (3, 1, 0, 2, 2)[n]]:
            version = (await client.get(f"/complaints/{complaint}"))["complaint"]["version"]
            await client.post(f"/complaints/{complaint}/move", move | {"version": version})


async def _duties(office: Office) -> None:
    for kind, login, customer, title, minutes in DUTIES:
        duty = {"kind": kind, "title": office.said(title), "customer": office.customers[customer], "minutes": minutes}
        await office.clients[login].post("/duties", duty | {"owner": login, "number": office.numbers(customer)})


async def _follow_ups(office: Office) -> None:
    for customer, login, category, result, content, days in FOLLOW_UPS:
        record = {
            "customer": office.customers[customer],
            "category": category,
            "channel": "friend",
            "content": office.said(content),
        }
        if result:
            record |= {"result": result, "fields": {"advice": True}}
        else:
            record |= {"owner": login, "due": office.at(days, 11)}
        await office.clients[SUPERVISOR].post("/follow-ups", record)


async def _appointments(office: Office) -> None:
    admin = office.clients["admin"]
    booked = 0
    for service in (1, 2):
        free = await admin.get(f"/appointment-services/{service}/free", since=office.at(0, 0), until=office.at(9, 0))
        for place in [one for one in free["items"] if one["bookable"]][:: 4 - service][:4]:
            whom = office.customers[(3, 0, 5, 2, 4, 1)[booked % 6]]
            note = office.said(Both("先打电话再上门", "Please call before"))
            record = {"customer": whom, "service": service, "begin": place["begin"], "note": note}
            await office.clients["1001"].post("/appointments", record)
            booked += 1


async def _messages(office: Office) -> None:
    for customer, login, channel, text in (
        (0, "1001", "sms", Both("您好，您的花架明天上午送到。", "Your plant stand comes tomorrow morning.")),
        (2, "1001", "email", Both("您好，附上养护服务的说明。", "Here is what the care plan has in it.")),
        (5, "1002", "sms", Both("您订的 200 株月季已发货。", "Your 200 roses are on their way.")),
    ):
        letter = {"channel": channel, "text": office.said(text), "customer": office.customers[customer]}
        if channel == "email":
            letter["subject"] = office.said(Both("养护服务", "Care plan"))
        await office.clients[login].post("/customer-messages", letter)


async def _staff(office: Office) -> None:
    boss = office.clients[SUPERVISOR]
    for kind, subject, text, confirm, teams in (
        (
            "announcement",
            Both("春节前最后一批花苗本周五到货", "The last plants before the holidays come on Friday"),
            Both("请告诉来电的客户，可以预订。", "Please tell callers that they can order."),
            False,
            [],
        ),
        (
            "notice",
            Both("新的退换货规则", "New rules for goods that come back"),
            Both(
                "七天内可退换，附件在公共盘。请今天看完并确认。",
                "Seven days from now on. Please read and confirm today.",
            ),
            True,
            [SHOP, CARE],
        ),
        (
            "notice",
            Both("今天下午三点例会", "Meeting at three"),
            Both("在二楼会议室。", "On the second floor."),
            False,
            [SHOP],
        ),
    ):
        notice = {
            "kind": kind,
            "subject": office.said(subject),
            "text": office.said(text),
            "confirm": confirm,
            "teams": office.said(teams),
        }
        given = await boss.post("/staff-notices", notice)
        if confirm:
            office.opened["notices"] = given["id"]
            await office.clients["1002"].post(f"/staff-messages/{given['id']}/confirm", {})
            await office.clients["1004"].post(f"/staff-messages/{given['id']}/read", {})
    await boss.post(
        "/staff-messages",
        {"to": "1001", "text": office.said(Both("王秀兰的花架查到了吗？", "Have you found the plant stand?"))},
    )
    await office.clients["1001"].post(
        "/staff-messages",
        {"to": SUPERVISOR, "text": office.said(Both("查到了，明天上午送到。", "Yes, it comes tomorrow morning."))},
    )
    await office.clients["1003"].post(
        "/staff-messages", {"to": "1001", "text": office.said(Both("中午一起吃饭吗？", "Lunch together?"))}
    )


async def _appraisals(office: Office) -> None:
    boss, admin = office.clients[SUPERVISOR], office.clients["admin"]
    template = (await boss.get("/appraisal-templates"))["items"][0]
    questions = [one for section in template["sections"] for one in section["questions"]]
    for n, call in enumerate((office.calls[0], office.calls[1], office.calls[4], office.calls[6])):
        made = await boss.post("/appraisals", {"call": call, "template": template["id"]})
        answers: dict[str, Any] = {}
        for one in questions:
            most = max((choice["points"] for choice in one["choices"]), default=one["points"])
            answers[one["id"]] = {"points": most}
        answers["tone"] = {
            "points": 4 - n % 2,
            "comment": office.said(Both("语速稍快", "A little fast")),
            "marks": [2.5],
        }
        answers["knowledge"] = {"points": 13 - n}
        told = {
            "version": made["version"],
            "answers": answers,
            "summary": office.said(Both("思路清楚。", "Clear and helpful.")),
        }
        if n == 2:
            office.opened["quality"] = made["id"]
        if n == 3:
            await boss.put(f"/appraisals/{made['id']}", told)
            continue
        await boss.post(f"/appraisals/{made['id']}/submit", told)
    plan = {
        "chinese": "每月每人四次",
        "english": "Four a month each",
        "active": True,
        "template": template["id"],
        "appraisers": [SUPERVISOR],
        "teams": office.said([SHOP, CARE]),
    }
    await admin.post("/appraisal-plans", plan)


async def _recordings(office: Office) -> None:
    boss = office.clients[SUPERVISOR]

    async def name_of(call: str) -> str:
        said = await boss.until(f"/calls/{call}", lambda said: bool(said["recording_id"]))
        return str(said["recording_id"])

    first, last = await asyncio.gather(name_of(office.calls[0]), name_of(office.calls[-1]))
    for recording, tags in ((first, ["training"]), (last, ["praise", "quality"])):
        await boss.until(f"/recordings/{recording}/details", lambda said: said["seconds"] > 0)
        await boss.put(f"/recordings/{recording}/tags", {"tags": tags})
    for second, text in (
        (2.0, Both("核对了订单号", "Checked the order number")),
        (6.5, Both("说清了送货时间", "Said when it comes")),
    ):
        await boss.post(f"/recordings/{last}/notes", {"second": second, "text": office.said(text)})


async def _campaign(office: Office) -> None:
    admin = office.clients["admin"]
    campaign = {"name": office.said(Both("会员春季回访", "Members in spring")), "queue": "sales", "mode": "preview"}
    made = (await admin.post("/campaigns", campaign))["id"]
    await admin.post(f"/campaigns/{made}/customers", {"levels": ["gold", "vip", "silver"]})


async def _query(office: Office) -> None:
    gold = {"field": "customer.level", "op": "is", "values": ["gold", "vip"]}
    query = {"kind": "consultation", "where": {"group": "all", "of": [gold]}}
    name = office.said(Both("金卡客户的咨询", "Consultations of gold customers"))
    await office.clients["admin"].post("/queries", {"name": name, "query": query, "shared": "all"})


async def _import(office: Office) -> None:
    """A file that somebody has uploaded, before it is brought in."""
    rows = Both(
        "姓名,手机,单位,客户级别\n林小凤,13800138100,小凤花店,金卡\n郭强,13800138101,,普通\n罗敏,13800138102,罗氏园林,银卡\n",
        "Name,Mobile,Company,Level\nFiona Lane,07400 123200,Lane Flowers,Gold\nSam Cole,07400 123201,,Standard\n",
    )
    name = office.said(Both("老客户.csv", "customers.csv"))
    octets = office.said(rows).encode()
    status, said = await office.clients["admin"].try_to("POST", "/imports", params={"name": name}, data=octets)
    assert status == 201, said
