"""Every page that the router knows, with something on it, as an administrator, a supervisor and an agent open it, in
both languages and both looks: axe-core finds nothing serious, no page is wider than a small screen (1366 × 768), the
whole menu stands on it, and no text is missing (the pages say so on the console).

The routes are asked of the router in the page itself, so a new page is walked as soon as it has its line there; what it
may show open (`:id`) is the first thing of its list. The dark look changes colours alone: of it contrast is looked at.
"""

from __future__ import annotations

import asyncio
import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from callcenterd.clock import SystemClock
from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import CALLER, call_in
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import Client, RunningServer
from tests.kit.walking import QUIET, go, paths_of

PICTURES = os.environ.get("PICTURES")
"""A folder: pictures of all pages are left there, for an eye."""
AXE = Path(__file__).parents[2] / "webapp" / "node_modules" / "axe-core" / "axe.min.js"
PEOPLE = (("admin", None), ("2001", "third-Secret-3"), ("1001", "first-Secret-1"))
TEAM = """
dispositions: [{code: "1", title: 已购买}, {code: "3", title: 不要再打}]
calendars:
  - {name: office, hours: {monday: ["00:00-24:00"], tuesday: ["00:00-24:00"], wednesday: ["00:00-24:00"],
     thursday: ["00:00-24:00"], friday: ["00:00-24:00"], saturday: ["00:00-24:00"], sunday: ["00:00-24:00"]}}
teams:
  - {name: service, title: 售后部, members: ["1001", "1002"], leaders: ["2001"]}
"""
LOOK = """
async ({ axe: looked, dark }) => {
    const look = async (rules) => {
        const found = await axe.run(document, { runOnly: rules, resultTypes: ['violations'], preload: false })
        return found.violations
            .filter((one) => ['serious', 'critical'].includes(one.impact))
            .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 200)} ${node.failureSummary}`))
    }
    const faults = looked ? await look(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']) : []
    if (dark) {
        document.documentElement.classList.add('dark')
        faults.push(...(await look(['color-contrast'])).map((fault) => `dark ${fault}`))
        document.documentElement.classList.remove('dark')
    }
    const menu = document.querySelector('nav.menu')
    if (menu.scrollHeight > menu.clientHeight) faults.push('the menu is too long')
    const wide = document.documentElement.scrollWidth - innerWidth
    return wide > 0 ? [...faults, `${wide} px too wide`] : faults
}
"""


@pytest.mark.timeout(400)  # a hundred and thirty pages: on a machine that others keep busy that may last
async def test_every_page_is_whole_for_everybody(server: RunningServer, trunk: Phone, tmp_path: Path) -> None:
    await server.apply(TEAM)
    caller = await call_in(trunk)
    async with await server.client() as admin:
        await furnish(admin)
        await caller.hang_up()
        await admin.until("/calls", lambda found: found["items"] and found["items"][0]["ended_at"])
    people = ((login, password or server.admin_password or "") for login, password in PEOPLE)
    found = await asyncio.gather(*(walked(server, tmp_path, login, password) for login, password in people))
    wrong = [line for lines in found for line in lines]
    assert not wrong, "\n".join(wrong)
    assert server.errors() == []


async def walked(server: RunningServer, folder: Path, login: str, password: str) -> list[str]:
    """What is wrong with the pages of one person."""
    wrong = []
    async with browser(folder / login) as context, await server.client(login, password) as client:
        await context.add_init_script(QUIET)
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, login, password)
        await expect(page.locator("h1").first).to_be_visible()
        await page.evaluate(AXE.read_text("utf-8"))
        paths = await paths_of(page, client)
        assert len(paths) > 8, paths
        everything = login == PEOPLE[0][0]  # who sees all pages; the others' are the same, with less on them
        for language in ("zh", "en"):
            await page.click(by_id(f"lang-{language}"))
            asked = {"axe": everything or language == "zh", "dark": everything}
            for path in paths:
                await go(page, path)
                wrong += [f"{login} {language} {path}: {one}" for one in await page.evaluate(LOOK, asked)]
                if PICTURES:
                    name = re.sub(r"\W+", "-", path).strip("-")
                    await page.screenshot(path=Path(PICTURES) / f"{name}-{language}-{login}.png")
                    if asked["dark"]:
                        await page.evaluate("document.documentElement.classList.add('dark')")
                        await page.screenshot(path=Path(PICTURES) / f"{name}-{language}-{login}-dark.png")
                        await page.evaluate("document.documentElement.classList.remove('dark')")
        return wrong + faults


async def furnish(admin: Client) -> None:
    """Something of each kind, with fields of the office's own; long names, as people write them."""
    choices = [{"code": "gold", "chinese": "金牌会员", "english": "Gold member"}]
    for kind in ("customer", "consultation", "complaint", "follow_up", "appointment"):
        field = {
            "kind": kind,
            "name": "plan",
            "type": "choice",
            "chinese": "套餐",
            "english": "Plan",
            "choices": choices,
        }
        await admin.post("/custom-fields", field)
    field = {"kind": "consultation", "type": "reference", "target": "complaint", "name": "led_to"}
    await admin.post("/custom-fields", field | {"chinese": "引出的投诉", "english": "Complaint it led to"})
    card = {"phones": [CALLER, "+442071838750"], "card": "6688", "sex": "male", "level": "gold", "channels": ["friend"]}
    for name in ("张三", "张三"):  # who is there twice
        customer = (await admin.post("/customers", card | {"name": name, "fields": {"plan": "gold"}}))["id"]
    whom = {"customer": customer, "fields": {"plan": "gold"}}
    complaint = {
        "type": "product",
        "reason": "热水器漏水，师傅约好三次都没有来",
        "note": "很着急",
        "aspects": ["quality"],
    }
    (await admin.post("/complaints", {**whom, **complaint, "aspects": []}))["id"]
    led = (await admin.post("/complaints", {**whom, **complaint, "aspects": [], "kind": "suggestion"}))["id"]
    for n in range(60):  # more than a page
        more = {"fields": {"plan": "gold", "led_to": led}} if n == 59 else {}
        await admin.post("/consultations", {**whom, "category": "use", "note": f"第 {n} 次问怎么用", **more})
    await admin.post("/follow-ups", {**whom, "category": "after_use", "content": "问满意不满意"})
    await admin.post("/follow-ups", {**whom, "category": "after_use", "result": "satisfied"})
    service = {"name": "repair", "chinese": "上门维修", "english": "Repair visit", "minutes": 60, "capacity": 2}
    of = (await admin.post("/appointment-services", service | {"calendar": "office", "reminders": [24]}))["id"]
    hour = SystemClock().utc().replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    await admin.post("/appointments", {**whom, "service": of, "begin": hour.isoformat()})
    soon = (SystemClock().utc() + timedelta(minutes=1)).isoformat()
    await admin.post(
        "/duties", {"kind": "task", "title": "寄合同给张三，并请他签字寄回", "due": soon, "owner": "admin"}
    )
    await admin.post(
        "/duties",
        {"kind": "promise", "title": "明天上午回电话", "number": CALLER, "due": hour.isoformat(), "owner": "1001"},
    )
    plan = {"name": "购买满一年的客户春季回访", "queue": "sales", "mode": "preview", "meanings": {"3": "do_not_call"}}
    campaign = f"/campaigns/{(await admin.post('/campaigns', plan))['id']}"
    rows = [
        {"number": f"138000000{n:02}", "name": f"客户{n}", "fields": {"上次购买": "燃气热水器，送货上门"}}
        for n in range(60)
    ]
    await admin.post("/do-not-call", {"number": "13800000001", "why": "客户来电要求不要再打扰，并已投诉过一次"})
    await admin.post(f"{campaign}/entries", {"rows": rows})
    letter = {"channel": "sms", "text": "您好，您的预约已确认。", "customer": customer}
    await admin.post("/customer-messages", letter)
    gold = ({"field": "category", "op": "is", "values": ["use"]},
            {"field": "customer.level", "op": "is", "values": ["gold"]})  # fmt: skip
    query = {"kind": "consultation", "where": {"group": "all", "of": gold}}
    await admin.post("/queries", {"name": "问用法的金牌客户", "query": query, "shared": "all"})
