"""Scripts that are stored wherever a text can be: every page shows them as the texts that they are, and runs none."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from callcenterd.demo.phone import Phone
from tests.e2e.conftest import TRUNK_HOST
from tests.e2e.test_documents import picture
from tests.e2e.test_first_call import NUMBER, soon
from tests.kit.browser import browser, by_id, sign_in
from tests.kit.scripts import STORED
from tests.kit.server import Client, RunningServer

TOLD = """
(() => {
    window.told = []
    window.shown = ''
    window.busy = 0
    window.ran = (number) => window.told.push(`script ${number} ran`)
    for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => window.told.push(`${name} was asked`)
    document.addEventListener('securitypolicyviolation', (one) =>
        window.told.push(`${one.violatedDirective} kept ${one.blockedURI} ${one.sample} out`))
    const asked = window.fetch
    window.fetch = (...what) => {
        window.busy += 1
        return asked(...what).finally(() => setTimeout(() => (window.busy -= 1), 30))
    }
})()
"""
"""Before anything of the page: who runs what was stored is found out, and so is what the policy alone has kept out."""

GO = """
async (path) => {
    const pause = (ms) => new Promise((wake) => setTimeout(wake, ms))
    const settle = async () => {
        for (let quiet = 0, n = 0; quiet < 3 && n < 200; n += 1) {
            await pause(25)
            quiet = window.busy > 0 ? 0 : quiet + 1
        }
    }
    const look = () => {
        const said = [document.body.innerText, document.title]
        for (const one of document.querySelectorAll('input, textarea')) said.push(one.value)
        for (const one of document.querySelectorAll('[title], [aria-label], [placeholder], [alt], option'))
            said.push(one.title, one.ariaLabel ?? '', one.getAttribute('placeholder') ?? '', one.text ?? '')
        window.shown += said.join('\\n')
        for (const one of document.querySelectorAll(
            '.hit, [onerror], [onload], [href^="javascript:" i], [src^="javascript:" i], base, iframe, object, embed'
        ))
            window.told.push(`${path} has ${one.outerHTML.slice(0, 200)}`)
    }
    const router = document.querySelector('#app').__vue_app__.config.globalProperties.$router
    await router.push(path)
    await settle()
    look()
    for (const tab of document.querySelectorAll('[data-testid^="dictionary-"], [data-testid^="fields-of-"]')) {
        tab.click()
        await settle()
        look()
    }
    return router.currentRoute.value.name
}
"""
"""Open a page of the application, wait until it has asked for all that it shows, and look at it."""


class Given:
    """What was put where."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def __call__(self, where: str, most: int = 100) -> str:
        """The next script that fits, with a number of its own, so that it is found again."""
        number = len(self.texts)
        turns = (STORED[(number + n) % len(STORED)] for n in range(len(STORED)))
        text = next(f"{one} {number:03d}" for one in turns if len(one) + 4 <= most)
        self.texts[text] = where
        return text

    def all(self, where: str) -> str:
        """All of them, a line each."""
        return "\n".join(self(where, 4000) for _ in STORED)

    def word(self, where: str, text: str) -> str:
        self.texts[text] = where
        return text


def office(given: Given, trunk_port: int) -> str:
    """The site file: titles and people's names."""
    users = [("1001", "agent"), ("1002", "agent"), ("2001", "supervisor")]
    return json.dumps(
        {
            "trunks": [{"name": "gateway", "host": TRUNK_HOST, "port": trunk_port, "allow": [TRUNK_HOST]}],
            "numbers": [{"match": NUMBER, "flow": "main"}],
            "extensions": [{"number": "1001", "password": "phone-Secret-1"}],
            "users": [
                {"login": login, "name": given("user", 60), "role": role, "password": "first-Secret-1"}
                | ({"extension": "1001"} if login == "1001" else {})
                for login, role in users
            ],
            "teams": [{"name": "east", "title": given("team", 60), "members": ["1001", "1002"], "leaders": ["2001"]}],
            "queues": [
                {"name": "sales", "title": given("queue", 60), "members": ["1001", "admin"]},
                {"name": "complaints", "title": given("queue", 60), "members": ["1002"]},
            ],
            "breaks": [{"name": "tea", "title": given("break", 60)}],
            "dispositions": [{"code": "7", "title": given("disposition", 60)}],
            "calendars": [
                {
                    "name": "office",
                    "title": given("calendar", 60),
                    "hours": {"monday": ["09:00-18:00"]},
                    "holidays": [{"first": "2030-01-01", "name": given("holiday", 60)}],
                }
            ],
        },
        ensure_ascii=False,
    )


async def fill(admin: Client, given: Given) -> dict[str, str]:
    """One of every record, with a script in each of its texts. Answers the address of each."""
    for kind in ("customer", "consultation", "complaint"):
        await admin.post(
            "/custom-fields",
            {"kind": kind, "name": "hobby", "type": "text"}
            | {"chinese": given(f"field of {kind}", 58), "english": given(f"field of {kind}", 58)},
        )
    for known in (await admin.get("/dictionaries"))["items"]:
        name = known["name"]
        more = {"code": "stored", "chinese": given(name, 60), "english": given(name, 60)}
        await admin.put(f"/dictionaries/{name}", {"values": [*known["values"], more]})
    for text in STORED:  # the list of customers has them all
        await admin.post("/customers", {"name": given.word("customer", f"{text} c"[:100])})
    customer = await admin.post(
        "/customers",
        {
            "name": given("customer.name"),
            "phones": ["13800138000"],
            "company": given("customer.company", 200),
            "address": given("customer.address", 200),
            "card": given("customer.card", 40),
            "level": "stored",
            "identity": "stored",
            "sex": "stored",
            "channels": ["stored"],
            "tags": ["stored"],
            "note": given.all("customer.note"),
            "background": given.all("customer.background"),
            "fields": {"hobby": given("customer.hobby")},
        },
    )
    who = {"customer": customer["id"], "name": given("record.name"), "phone": "13800138000"}
    consultation = await admin.post(
        "/consultations",
        {
            **who,
            "category": "stored",
            "project_type": given("consultation.project_type"),
            "project_number": given("consultation.project_number"),
            "product_number": given("consultation.product_number"),
            "note": given.all("consultation.note"),
            "fields": {"hobby": given("consultation.hobby")},
        },
    )
    complaint = await admin.post(
        "/complaints",
        {
            **who,
            "type": "stored",
            "aspects": ["stored"],
            "project_number": given("complaint.project_number"),
            "department_number": given("complaint.department_number"),
            "person_number": given("complaint.person_number"),
            "reason": given("complaint.reason"),
            "note": given.all("complaint.note"),
            "fields": {"hobby": given("complaint.hobby")},
        },
    )
    await admin.post(f"/complaints/{complaint['id']}/note", {"text": given.all("complaint.line")})
    await admin.post("/follow-ups", {**who, "category": "stored", "content": given("follow_up.content")})
    duty = await admin.post(
        "/duties",
        {"kind": "task", "title": given("duty.title"), "note": given.all("duty.note"), "customer": customer["id"]},
    )
    await admin.post(f"/duties/{duty['id']}/note", {"text": given.all("duty.line")})
    await admin.post(
        "/customer-messages",
        {"channel": "email", "address": "nobody@example.com", "customer": customer["id"]}
        | {"subject": given("message.subject"), "text": given.all("message.text")},
    )
    await admin.post("/do-not-call", {"number": "13900139000", "why": given("do-not-call")})
    campaign = await admin.post("/campaigns", {"name": given("campaign"), "queue": "sales", "message": "<script>"})
    rows = [{"number": "13700137000", "name": given("campaign.row"), "fields": {}}]
    await admin.post(f"/campaigns/{campaign['id']}/entries", {"rows": rows})
    given.word("attachment", "_img src=x onerror=ran(1)__a'b&lt;{{ran(2)}}.png")  # what no machine can save is _
    for kind, record in (("customer", customer), ("consultation", consultation), ("complaint", complaint)):
        await admin.ask(
            "POST",
            "/attachments",
            params={
                "kind": kind,
                "record": str(record["id"]),
                "name": "<img src=x onerror=ran(1)>\"a'b&lt;{{ran(2)}}.png",
            },
            data=picture(),
            headers={"Content-Type": "application/octet-stream"},
        )
    await admin.post(
        "/queries", {"name": given("query"), "shared": "all", "query": {"kind": "customer", "columns": ["name"]}}
    )
    return {
        "customers": f"/customers/{customer['id']}",
        "consultations": f"/consultations/{consultation['id']}",
        "complaints": f"/complaints/{complaint['id']}",
        "duties": f"/duties/{duty['id']}",
    }


BEHIND_A_BUTTON = {
    "field of complaint",
    "break",
    "disposition",
    "campaign",
    "campaign.row",
    "do-not-call",
    "message.subject",
    "message.text",
}
"""What pages show only after something was pressed or happened, or have no place for yet."""
NO_RECORD = {"flow": "/flows/main", "missing": "/<img src=x onerror=ran(1)>"}


async def look(page: Page, addresses: dict[str, str]) -> None:
    """At every page that the router knows; one of a record with the record open."""
    await page.wait_for_function("document.querySelector('#app')?.__vue_app__?.config.globalProperties.$router")
    routes: list[dict[str, Any]] = await page.evaluate(
        """() => document.querySelector('#app').__vue_app__.config.globalProperties.$router.getRoutes()
            .map(({ name, path }) => ({ name: name ?? '', path }))"""
    )
    assert len(routes) > 10
    for route in routes:
        name, path = str(route["name"]), str(route["path"])
        if not name:
            continue  # the start, which leads to another
        if name == "admin":
            parts = path.partition("(")[2].rpartition(")")[0].split("|")
            assert len(parts) > 15
            for part in parts:
                assert await page.evaluate(GO, f"/admin/{part}") == "admin"
            continue
        for address in (NO_RECORD.get(name, path.partition("/:")[0]), addresses.get(name)):
            if address:
                assert await page.evaluate(GO, address) == name, address


async def test_no_page_runs_what_was_stored_and_each_shows_it(server: RunningServer, tmp_path: Path) -> None:
    given = Given()
    async with (
        Phone(TRUNK_HOST, server.sip, "gateway") as trunk,
        Phone("127.0.0.11", server.sip, "1001", password="phone-Secret-1") as desk,
    ):
        await server.apply(office(given, trunk.port))
        admin = await server.client()
        addresses = await fill(admin, given)
        await desk.register()
        caller = await trunk.dial(NUMBER, caller="13800138000", name=STORED[3])
        await soon(caller.answered.wait())
        await asyncio.sleep(0.5)
        caller.talk.press("2")
        call = (await admin.until("/calls", lambda said: said["total"] > 0))["items"][0]["id"]
        await admin.put(f"/calls/{call}/note", {"note": given.all("call.note"), "customer_id": None})
        addresses["history"] = f"/history/{call}"
        async with browser(tmp_path / "browser") as context:
            await context.add_init_script(TOLD)
            page = context.pages[0]
            await sign_in(page, server.web, "admin", server.admin_password)
            for language in ("zh-CN", "en"):
                await context.add_cookies([{"name": "callcenterd_language", "value": language, "url": server.web}])
                await page.goto(f"{server.web}/app/live")
                await page.wait_for_selector(by_id("menu-admin"))
                assert await page.evaluate("document.documentElement.lang") == language
                await look(page, addresses)
                assert await page.evaluate("window.told") == []
                shown = await page.evaluate("window.shown")
                unseen = {where for text, where in given.texts.items() if text not in shown}
                assert unseen <= BEHIND_A_BUTTON, f"{language}: {sorted(unseen - BEHIND_A_BUTTON)}"
        await caller.hang_up()
    assert server.errors() == []
