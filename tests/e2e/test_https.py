"""A server whose pages have TLS: with a certificate of its own making, an agent's page is a phone over it."""

from __future__ import annotations

from pathlib import Path

import aiohttp
from playwright.async_api import expect

from callcenterd.demo.phone import Phone
from tests.e2e.conftest import SITE, TRUNK_HOST
from tests.e2e.test_first_call import soon
from tests.e2e.test_page_phone import SPOKEN, go_ready, in_talk, says, switch_on
from tests.kit.browser import LISTEN, browser, by_id, microphone, sign_in, watch
from tests.kit.lanes import both_free
from tests.kit.server import RunningServer


async def test_a_page_is_a_phone_over_https_and_http_leads_there(tmp_path: Path) -> None:
    server, port = RunningServer(tmp_path / "office"), both_free()
    plain = server.web
    server.configure(web={"listen": f"127.0.0.1:{server.http_port}", "tls_listen": f"127.0.0.1:{port}"})
    await server.start()
    try:
        assert server.ready_line.startswith(f"ready https://127.0.0.1:{port}/")
        async with aiohttp.ClientSession() as client:
            led = await client.get(f"{plain}/sign-in", allow_redirects=False)
            assert (led.status, led.headers["Location"]) == (308, f"https://127.0.0.1:{port}/sign-in")
        flags = [*microphone(tmp_path / "said.wav", SPOKEN), "--ignore-certificate-errors"]
        async with Phone(TRUNK_HOST, server.sip, "gateway") as trunk:
            await server.apply(SITE.format(trunk=TRUNK_HOST, trunk_port=trunk.port))
            async with browser(tmp_path / "agent", flags=flags) as context:
                page = context.pages[0]
                faults = watch(page)
                await page.context.add_init_script(LISTEN)
                await sign_in(page, plain, "1001", "first-Secret-1")
                assert page.url.startswith(f"https://127.0.0.1:{port}/app/")
                (cookie,) = [one for one in await context.cookies() if one["httpOnly"]]
                assert (cookie["name"], cookie["secure"]) == ("__Host-callcenterd_session", True)
                await switch_on(page)
                await go_ready(page)
                caller = await in_talk(page, trunk)
                await says(caller, page)
                await page.click(by_id("phone-hang-up"))
                await soon(caller.ended.wait())
                await expect(page.locator(by_id("phone-strip"))).to_have_count(0)
                assert faults == []
        assert server.errors() == []
    finally:
        await server.end()
