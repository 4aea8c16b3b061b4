"""Pages and the site file change one store: neither loses what the other did, on the page and on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer

FILE = """\
queues:
  - {name: sales, title: 销售, ring: 20, wrap_up: 5}
"""
LANGUAGES = [
    pytest.param("zh", ("现在是 25", "没有别的变化"), id="zh"),
    pytest.param("en", ("Now it is 25", "Nothing else"), id="en"),
]


async def open_queue(page: Page, web: str) -> None:
    await page.goto(f"{web}/app/admin/queues")
    await page.locator(f'{by_id("thing-row")}[data-key="sales"]').click()
    await expect(page.locator(by_id("thing-form"))).to_be_visible()


@pytest.mark.parametrize(("language", "words"), LANGUAGES)
async def test_neither_loses_what_the_other_changed(
    server: RunningServer, tmp_path: Path, language: str, words: tuple[str, str]
) -> None:
    assert await server.apply(FILE) == ["queue sales: new"]
    async with await server.client() as admin, browser(tmp_path / "admin") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "admin", server.admin_password)
        await page.click(by_id(f"lang-{language}"))
        ring = page.locator(by_id("thing-ring")).locator("input")

        # The form stands open with 20 seconds; on the command line they become 25, and the wrap-up 8.
        await open_queue(page, server.web)
        await ring.fill("40")
        changed = FILE.replace("ring: 20, wrap_up: 5", "ring: 25, wrap_up: 8")
        assert await server.apply(changed) == ["queue sales: wrap_up, ring"]
        await page.click(by_id("thing-save"))
        await expect(page.locator(by_id("thing-changed"))).to_be_visible()
        await expect(page.locator(by_id("thing-form"))).to_contain_text(words[0])
        await expect(page.locator(by_id("thing-wrap_up")).locator("input")).to_have_value("8")
        await page.screenshot(path=tmp_path / f"changed-{language}.png")
        await page.click(by_id("thing-save"))
        await expect(page.locator(by_id("thing-form"))).to_be_hidden()
        (queue,) = (await admin.get("/queues"))["items"]
        assert (queue["ring"], queue["wrap_up"]) == (40, 8)

        # The older file, once more: on the command line, and on its page.
        older = tmp_path / "site.yaml"
        older.write_text(changed, "utf-8")
        _, said = await server.command("apply", str(older))
        assert "nothing to change" in said
        assert "queue sales: ring stays as set on a page by admin" in said
        await page.goto(f"{server.web}/app/admin/site")
        await page.fill(by_id("site-text"), changed)
        await page.click(by_id("site-apply"))
        await expect(page.locator(by_id("site-applied"))).to_contain_text(words[1])
        await expect(page.locator(by_id("site-kept"))).to_contain_text("sales")
        await page.screenshot(path=tmp_path / f"kept-{language}.png")

        # What both changed is refused with its line, and taken from the file when that is asked for.
        await page.fill(by_id("site-text"), changed.replace("ring: 25", "ring: 30"))
        await page.click(by_id("site-apply"))
        await expect(page.locator(by_id("file-faults"))).to_contain_text("queues.ring")
        await page.screenshot(path=tmp_path / f"both-{language}.png")
        await page.locator(by_id("site-overwrite")).click()
        await page.click(by_id("site-apply"))
        await expect(page.locator(by_id("site-applied"))).to_contain_text("sales")
        (queue,) = (await admin.get("/queues"))["items"]
        assert (queue["ring"], queue["wrap_up"]) == (30, 8)
        assert [one for one in faults if "409" not in one and "422" not in one] == []
