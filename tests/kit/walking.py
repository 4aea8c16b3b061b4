"""Walks all pages that the router knows: asks it in the page itself, goes there, and waits until nothing is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from playwright.async_api import Page

from tests.kit.server import Client

LISTS = {"customers": "customers", "history": "calls", "outbox": "customer-messages", "flow": "flows"}
"""Routes whose list has another name in the API than `name`."""
QUIET = """
// Nothing moves, so that each look is at a page that is whole; and who asks the server is counted.
window.addEventListener('DOMContentLoaded', () => {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync('*, *::before, *::after { transition: none !important; animation: none !important }')
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
})
window.asked = 0
const ask = window.fetch
window.fetch = (...more) => {
    window.asked += 1
    return ask(...more).finally(() => setTimeout(() => { window.asked -= 1 }, 0))
}
"""
"""An init script: it is there before the pages' own."""
_ROUTES = """
document.querySelector('#app').__vue_app__.config.globalProperties.$router.getRoutes()
    .map(({ path, name, meta }) => [path, String(name ?? ''), String(meta.page ?? ''), String(meta.right ?? 'session')])
"""
_GO = """
async (path) => {
    await document.querySelector('#app').__vue_app__.config.globalProperties.$router.push(path)
}
"""
_STILL = """
async () => {
    const still = () => new Promise((wake) => setTimeout(wake, 60))
    for (let quiet = 0, n = 0; quiet < 3 && n < 150; n++) {
        await still()
        quiet = window.asked === 0 ? quiet + 1 : 0
    }
}
"""


async def go(page: Page, path: str) -> None:
    await page.evaluate(_GO, path)
    await still(page)


async def still(page: Page) -> None:
    """Returns when the page asks nothing any more, or keeps on asking for long."""
    await page.evaluate(_STILL)


async def paths_of(page: Page, client: Client, opened: Mapping[str, Any] | None = None) -> list[str]:
    """What this person's menu leads to, each route once for each of its parts, with something open where it can be.

    opened: by the route's name, what is open there; of others the first thing of the list.
    """
    menu = await page.eval_on_selector_all(
        "[data-testid^='menu-']", "(all) => all.map((one) => one.dataset.testid.slice(5))"
    )
    found = []
    rights = (await client.get("/session"))["rights"]
    for path, name, of, right in await page.evaluate(_ROUTES):
        if path == "/" or (of and of not in menu) or right not in rights:
            continue
        if parts := re.search(r"/:part\(([^)]+)\)", path):
            found += [path[: parts.start()] + f"/{part}" for part in parts[1].split("|")]
            continue
        bare = re.sub(r"/:\w+(\(.*?\)+[?*+]?|[?*+])*", "", path)
        if bare == path:
            found.append(path)
            continue
        if "?" in path or "*" in path:
            found.append(bare or "/")
        one = (opened or {}).get(name)
        if one is None:
            one = await first_of(client, LISTS.get(name, name)) if name != "missing" else "nowhere"
        found += [f"{bare}/{one}"] if one is not None else []
    return list(dict.fromkeys(found))


async def first_of(client: Client, list_: str) -> Any:
    status, said = await client.try_to("GET", f"/{list_}")
    items = said.get("items", said.get("flows", [])) if status == 200 else []
    return next((one.get("id", one.get("name")) for one in items), None)
