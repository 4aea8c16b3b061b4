"""A main menu is drawn from nothing, by mouse and by keyboard in the list; it is published, and calls walk it."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import CALLER, soon
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer

NUMBERS = {"mouse": "02088887777", "keyboard": "02088887778"}


async def begin(page: Page, name: str) -> None:
    """A new flow, open in the editor."""
    await page.click(by_id("admin-flows"))
    await page.click(by_id("flow-new"))
    await page.locator(".el-message-box__input input").fill(name)
    await page.keyboard.press("Enter")
    await expect(page.locator(by_id("flow-editor"))).to_be_visible()
    await expect(page.locator(by_id("add-menu"))).to_be_visible()


async def drawn(page: Page, names: set[str]) -> None:
    """On the canvas, and in the text that comes back from the server."""
    for name in names:
        await expect(page.locator(f'{by_id("flow-node")}[data-node="{name}"]')).to_have_count(1)


async def join(page: Page, source: str, exit_: str, target: str) -> None:
    """Draw a line by mouse, from an exit to a node."""
    start = page.locator(f'[data-node="{source}"] .vue-flow__handle[data-handleid="{exit_}"]')
    end = page.locator(f'[data-node="{target}"] .vue-flow__handle.in')
    a, b = await start.bounding_box(), await end.bounding_box()
    assert a is not None
    assert b is not None
    await page.mouse.move(a["x"] + a["width"] / 2, a["y"] + a["height"] / 2)
    await page.mouse.down()
    await page.mouse.move(b["x"] - 20, b["y"], steps=6)
    await page.mouse.move(b["x"] + b["width"] / 2, b["y"] + b["height"] / 2, steps=4)
    await page.mouse.up()


async def by_mouse(page: Page) -> None:
    for kind in ("menu", "say", "hangup"):
        await page.click(by_id(f"add-{kind}"))
    await drawn(page, {"menu", "say", "hangup"})
    await page.locator('[data-node="menu"] .name').click()
    await page.locator(by_id("field-menu.say")).fill("业务请按 1")
    await page.locator('[data-node="say"] .name').click()
    await page.locator(by_id("field-say")).fill("谢谢来电")
    await page.locator(f"{by_id('flow-canvas')} .zoom button").last.click()
    await page.wait_for_timeout(400)  # the view moves for a moment
    await join(page, "menu", "+", "say")
    await join(page, "say", "+", "hangup")
    await page.locator('[data-node="menu"] .name').click()
    await page.locator(by_id("field-otherwise")).select_option("hangup")


async def by_keyboard(page: Page) -> None:
    """No mouse: every control is focused and worked by keys."""

    async def press(selector: str, *keys: str) -> None:
        await page.locator(selector).first.focus()
        for key in keys:
            await page.keyboard.press(key)

    await press(by_id("view-list"), "Enter")
    for kind in ("menu", "say", "hangup"):
        await press(by_id(f"add-{kind}"), "Enter")
    await press(f'{by_id("flow-list")} tr[data-node="say"] button', "Enter")
    await press(by_id("field-say"))
    await page.keyboard.insert_text("谢谢来电")
    await press(by_id("field-next"))
    await page.keyboard.type("hangup")
    await press(f'{by_id("flow-list")} tr[data-node="menu"] button', "Enter")
    await press(by_id("field-menu.say"))
    await page.keyboard.insert_text("业务请按 1")
    await press(by_id("key-add"), "Enter")
    await press(by_id("key-1"))
    await page.keyboard.type("say")
    await press(by_id("field-otherwise"))
    await page.keyboard.type("hangup")
    await page.keyboard.press("Control+z")
    await expect(page.locator(by_id("field-otherwise"))).to_have_value("")
    await press(by_id("flow-redo"), "Enter")
    await expect(page.locator(by_id("field-otherwise"))).to_have_value("hangup")


WAYS = {"mouse": by_mouse, "keyboard": by_keyboard}


async def test_a_main_menu_is_built_from_nothing_published_and_a_call_walks_it(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    async with browser(tmp_path / "admin", width=1600, height=900) as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "admin", server.admin_password)
        for name, build in WAYS.items():
            await page.goto(f"{server.web}/app/admin/flows")
            await begin(page, name)
            await build(page)
            await publish(page)
            await walks(server, trunk, name)
        assert faults == []


async def publish(page: Page) -> None:
    """It is tried without a phone first, and its version is there afterwards."""
    await expect(page.locator(by_id("flow-faults"))).to_have_count(0)
    await page.click(by_id("side-walk"))
    await page.locator(by_id("walk-keys")).fill("1")
    await page.click(by_id("walk-go"))
    await expect(page.locator(by_id("walk-heard"))).to_contain_text("谢谢来电")
    await page.click(by_id("flow-publish"))
    await page.locator(by_id("publish-note")).fill("第一版")
    await page.click(by_id("publish-go"))
    await expect(page.locator(by_id("flow-unsaved"))).to_have_count(0)
    await page.click(by_id("side-versions"))
    await expect(page.locator(by_id("flow-version"))).to_contain_text(["第一版"])


async def walks(server: RunningServer, trunk: Phone, flow: str) -> None:
    """A caller presses 1 and is thanked; nobody is left in the flow then."""
    admin = await server.client()
    assert (await admin.get(f"/flows/{flow}"))["says"]["faults"] == []
    number = NUMBERS[flow]
    await admin.post("/numbers", {"match": number, "flow": flow})
    caller = await trunk.dial(number, caller=CALLER)
    await soon(caller.answered.wait())
    caller.talk.press("1")
    await soon(caller.ended.wait())
    counted = (await admin.get(f"/flows/{flow}/counts"))["nodes"]
    assert {name: count["today"] for name, count in counted.items()} == {"menu": 1, "say": 1, "hangup": 1}
    assert {count["now"] for count in counted.values()} == {0}


COMMENTED = """\
# the office's menu
flow: kept
start: menu
nodes:
  # who presses nothing is thanked too
  menu:
    menu: {say: '业务请按 1'}   # short
    keys: {1: thanks}
    otherwise: thanks
  thanks: {say: "谢谢", next: bye}  # and goodbye
  bye: {hangup: normal}
"""


async def test_an_edited_file_keeps_its_comments_and_what_was_changed_by_hand_is_not_written_over(
    server: RunningServer, tmp_path: Path
) -> None:
    file = server.flow("kept", COMMENTED)
    admin = await server.client()
    await admin.post("/flows/reload", {})
    async with browser(tmp_path / "admin", width=1600, height=900) as context:
        page = context.pages[0]
        await sign_in(page, server.web, "admin", server.admin_password)
        await page.goto(f"{server.web}/app/flows/kept")
        await page.locator('[data-node="thanks"] .name').click()
        await page.locator(by_id("field-say")).fill("谢谢来电")
        await page.locator(by_id("node-name")).fill("感谢")
        await page.keyboard.press("Tab")
        await expect(page.locator('[data-node="感谢"]')).to_have_count(1)
        await page.click(by_id("flow-keep"))
        await expect(page.locator(by_id("flow-unsaved"))).to_have_count(0)
        edited = COMMENTED.replace("thanks:", "感谢:").replace(": thanks", ": 感谢").replace('"谢谢"', '"谢谢来电"')
        assert (await admin.get("/flows/kept"))["draft"]["text"] == edited

        moved = await page.locator('[data-node="bye"] .name').bounding_box()
        assert moved is not None
        await page.mouse.move(moved["x"] + 30, moved["y"] + 5)
        await page.mouse.down()
        await page.mouse.move(moved["x"] + 60, moved["y"] + 150, steps=5)
        await page.mouse.up()
        await admin.until("/flows/kept", lambda said: list(said["places"]) == ["bye"])
        await page.keyboard.press("Control+z")
        await admin.until("/flows/kept", lambda said: said["places"] == {})

        by_hand = COMMENTED.replace("normal", "closed")
        file.write_text(by_hand, "utf-8")
        await page.click(by_id("flow-publish"))
        await page.click(by_id("publish-go"))
        await expect(page.locator(".changed")).to_be_visible()
        await expect(page.locator(".el-dialog .diff")).to_contain_text("-  bye: {hangup: closed}")
        assert file.read_text("utf-8") == by_hand
        await page.click(by_id("publish-go"))  # seen, and wanted all the same
        await expect(page.locator(by_id("publish-go"))).to_be_hidden()
        assert file.read_text("utf-8") == edited
        assert (await admin.get("/flows/kept"))["draft"] is None

        await page.click(by_id("side-versions"))
        await page.click(by_id("roll-back-1"))
        await page.locator(".el-message-box__input input").fill("太长")
        await page.keyboard.press("Enter")
        await expect(page.locator(by_id("flow-version")).first).to_contain_text("太长")
        assert file.read_text("utf-8") == COMMENTED


async def test_variables_and_conditions_are_filled_in_row_by_row_and_a_fault_stands_at_its_row(
    server: RunningServer, tmp_path: Path
) -> None:
    async with browser(tmp_path / "admin", width=1600, height=900) as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "admin", server.admin_password)
        await page.goto(f"{server.web}/app/admin/flows")
        await begin(page, "rows")
        await page.click(by_id("view-list"))
        for kind in ("set", "branch", "hangup"):
            await page.click(by_id(f"add-{kind}"))
        await page.locator(f'{by_id("flow-list")} tr[data-node="set"] button').first.click()
        await page.click(by_id("add-row-set"))
        await page.click(by_id("add-row-set"))
        for n, (name, value) in enumerate((("limit", "5"), ("vip", "{{ caller == '1' }}"))):
            row = page.locator(by_id("row-set")).nth(n)
            await row.locator("input").nth(0).fill(name)
            await row.locator("input").nth(1).fill(value)
            await page.keyboard.press("Tab")
        await page.locator(by_id("field-next")).select_option("branch")
        await page.locator(f'{by_id("flow-list")} tr[data-node="branch"] button').first.click()
        await page.click(by_id("add-case"))
        await page.locator(by_id("case-0-when")).fill("vipp")
        await page.keyboard.press("Tab")
        await page.locator(by_id("case-0-next")).select_option("hangup")
        await page.locator(by_id("case-1-when")).fill("limit > 3")
        await page.keyboard.press("Tab")
        await page.locator(by_id("case-1-next")).select_option("hangup")
        await page.locator(by_id("field-otherwise")).select_option("hangup")
        wrong = page.locator(f"{by_id('case-0')} em")
        await expect(wrong).to_contain_text("没有变量 vipp；是不是 vip？")
        await page.locator(by_id("case-0-when")).fill("vip")
        await page.keyboard.press("Tab")
        await page.locator(f"{by_id('case-1')} .top button").first.click()
        await expect(page.locator(by_id("case-0-when"))).to_have_value("limit > 3")
        await expect(page.locator(by_id("flow-faults"))).to_have_count(0)
        await page.click(by_id("flow-publish"))
        await page.click(by_id("publish-go"))
        await expect(page.locator(by_id("flow-unsaved"))).to_have_count(0)
        assert faults == []
    nodes = (await (await server.client()).get("/flows/rows"))["says"]["data"]["nodes"]
    assert nodes["set"]["set"] == {"limit": 5, "vip": "{{ caller == '1' }}"}
    assert nodes["branch"]["branch"] == [{"when": "limit > 3", "next": "hangup"}, {"when": "vip", "next": "hangup"}]
