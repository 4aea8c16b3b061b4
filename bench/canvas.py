"""flow.canvas: the flow editor with 200 nodes in a real browser.

open_ms: from the click on the flow to its last node being there. edit_ms: from a text in a node to the answer of the
server that has read the flow anew; the page waits a moment for more before it asks.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from bench.office import office, percentile
from tests.kit.browser import browser, by_id, sign_in

NODES = 200
ROUNDS = 10


def text_of(nodes: int) -> str:
    """Menus of nine choices, each with what is said, as a large office has them."""
    lines = ["flow: large", "language: zh-CN", "start: node0", "nodes:", "  end: {hangup: normal}"]
    for n in range(nodes - 1):
        below = [child for child in range(9 * n + 1, 9 * n + 10) if child < nodes - 1]
        if below:
            keys = ", ".join(f'"{key}": node{child}' for key, child in enumerate(below, start=1))
            lines.append(f"  node{n}: {{menu: {{say: 请选择 {n}}}, keys: {{{keys}}}, otherwise: node0}}")
        else:
            lines.append(f"  node{n}: {{say: 这是 {n}, next: end}}")
    return "\n".join(lines) + "\n"


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    return asyncio.run(_run(rounds))


async def _run(rounds: int) -> dict[str, Any]:
    opened: list[float] = []
    async with office("{}", large=text_of(NODES)) as server:
        with tempfile.TemporaryDirectory() as folder:
            async with browser(Path(folder)) as context:
                page = await context.new_page()
                await sign_in(page, server.web, "admin", server.admin_password)
                for _ in range(rounds):
                    await page.goto(f"{server.web}/app/admin/flows")
                    await page.wait_for_selector(f"{by_id('flow-row')}")
                    opened.append(await _open(page))
                await page.locator('[data-node="node198"] .name').dispatch_event("click")
                edited = [await _edit(page, f"第 {n} 次") for n in range(rounds)]
    return {
        "nodes": NODES,
        "open_ms_p50": round(percentile(opened, 0.5)),
        "open_ms_p95": round(percentile(opened, 0.95)),
        "edit_ms_p50": round(percentile(edited, 0.5)),
        "edit_ms_p95": round(percentile(edited, 0.95)),
    }


async def _open(page: Page) -> float:
    begun = time.monotonic()
    await page.click(by_id("flow-open-large"))
    await expect(page.locator(by_id("flow-node"))).to_have_count(NODES)
    return 1000 * (time.monotonic() - begun)


async def _edit(page: Page, text: str) -> float:
    begun = time.monotonic()
    async with page.expect_response(lambda answer: answer.url.endswith("/flow_check")):
        await page.locator(by_id("field-say")).fill(text)
    return 1000 * (time.monotonic() - begun)


BENCHES: Mapping[str, Callable[..., dict[str, Any]]] = {"flow.canvas": run}
