"""Business systems that answer, hang, lie and flood; and addresses that nobody may ask."""

from __future__ import annotations

import asyncio
import ipaddress
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from callcenterd.ivr.expression import Plain
from callcenterd.ivr.node import BusinessFailed, BusinessSlow, Question
from callcenterd.switchboard.business import Business, of_databases
from callcenterd.switchboard.business import of_flows as business_of_flows

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


async def _orders(request: web.Request) -> web.StreamResponse:
    return web.json_response(
        {"q": request.query["q"], "key": request.headers.get("X-Key", ""), "sent": (await request.text())}
    )


async def _hangs(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


async def _floods(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    for _ in range(1600):
        await answer.write(b"[" * 65536)
    return answer


async def _moved(_: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("http://127.0.0.1:1/")


async def _garbage(_: web.Request) -> web.StreamResponse:
    return web.Response(body=b"\xff<html>")


async def _deep(_: web.Request) -> web.StreamResponse:
    return web.Response(text="[" * 100_000)


@asynccontextmanager
async def system() -> AsyncIterator[int]:
    app = web.Application()
    for path, serve in (
        ("/orders", _orders), ("/hangs", _hangs), ("/floods", _floods), ("/moved", _moved),
        ("/garbage", _garbage), ("/deep", _deep),
    ):  # fmt: skip
        app.router.add_route("*", path, serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def listening(host: str, port: int) -> AsyncIterator[tuple[int, list[str]]]:
    """A server that says where it is, and closes. Gives its port, and the paths that it was asked for."""
    asked: list[str] = []

    async def said(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        answer = web.json_response({"here": host})
        answer.force_close()
        return answer

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", said)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    try:
        yield runner.addresses[0][1], asked
    finally:
        await runner.cleanup()


def question(url: str, **more: object) -> Question:
    asked = {"method": "GET", "headers": {}, "secrets": {}, "body": None, "seconds": 3.0, "tries": 1, **more}
    return Question(url=url, **asked)  # type: ignore[arg-type]


async def ask(path: str, **more: object) -> Plain:
    async with system() as port:
        business = Business([f"127.0.0.1:{port}"], LOOPBACK, {"crm": "s3cret"})
        try:
            return await business.ask(question(f"http://127.0.0.1:{port}{path}", **more))
        finally:
            await business.stop()


async def test_a_system_is_asked_with_a_secret_that_only_its_name_is_known_of() -> None:
    assert await ask("/orders?q=1%262", secrets={"X-Key": "crm"}) == {"q": "1&2", "key": "s3cret", "sent": ""}
    assert await ask("/orders?q=1", method="POST", body={"a": 1}) == {"q": "1", "key": "", "sent": '{"a": 1}'}


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/garbage", "no JSON"),
        ("/deep", "no JSON"),
        ("/moved", "answered 302"),
        ("/nowhere", "answered 404"),
    ],
)
async def test_an_answer_that_is_none_is_a_fault(path: str, why: str) -> None:
    with pytest.raises(BusinessFailed, match=why):
        await ask(path)


async def test_a_system_that_hangs_is_given_up_in_time() -> None:
    with pytest.raises(BusinessSlow):
        await ask("/hangs", seconds=0.1, tries=2)


async def test_a_hundred_megabytes_are_not_taken_in() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BusinessFailed, match="more than 262144 octets"):
        await ask("/floods")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000, "kilobytes"


@pytest.mark.parametrize(
    ("url", "hosts", "why"),
    [
        ("http://127.0.0.1/", [], "not listed"),
        ("http://127.0.0.1/", ["127.0.0.1"], "network of our own"),
        ("http://127.0.0.1:81/", ["127.0.0.1"], "not listed"),
        ("http://localhost:1/", ["localhost:1"], "cannot be asked"),
        ("http://169.254.169.254/", ["169.254.169.254"], "network of our own"),
        ("http://0.0.0.0/", ["0.0.0.0"], "network of our own"),
        ("http://crm@evil/", ["crm"], "without a user"),
        ("http://crm.evil/", ["crm"], "not listed"),
        ("file:///etc/passwd", [""], "http:// or https://"),
        ("http://[::ffff:127.0.0.1]/", ["::ffff:7f00:1"], "network of our own"),
        ("http://[2002:7f00:1::]/", ["2002:7f00:1::"], "network of our own"),
        ("http://[64:ff9b::7f00:1]/", ["64:ff9b::7f00:1"], "network of our own"),
        ("http://2130706433/", ["127.0.0.1"], "not listed"),
        ("http://2130706433:1/", ["2130706433:1"], "cannot be asked"),
        ("http://0x7f000001:1/", ["0x7f000001:1"], "cannot be asked"),
        ("http://0177.0.0.1:1/", ["0177.0.0.1:1"], "cannot be asked"),
        ("http://127.1:1/", ["127.1:1"], "cannot be asked"),
        ("gopher://127.0.0.1/", ["127.0.0.1"], "http:// or https://"),
    ],
)
async def test_what_is_not_listed_is_not_asked(url: str, hosts: list[str], why: str) -> None:
    business = Business(hosts)
    try:
        with pytest.raises(BusinessFailed, match=why):
            await business.ask(question(url))
    finally:
        await business.stop()


class Fickle(AbstractResolver):
    """A name server of somebody else's: a name's address is another one each time that it is asked."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=one, port=port, family=family, proto=0, flags=0)
            for one in self._answers.pop(0)
        ]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("written", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1"])
async def test_however_loopback_is_written_nothing_there_is_asked(written: str) -> None:
    """The system takes all of these for 127.0.0.1, and somebody listens there."""
    async with listening("127.0.0.1", 0) as (port, asked):
        business = Business([f"{written}:{port}"])
        with pytest.raises(BusinessFailed, match="cannot be asked"):
            await business.ask(question(f"http://{written}:{port}/"))
        await business.stop()
    assert asked == []


async def test_a_name_that_changes_its_mind_leads_nowhere_else() -> None:
    """DNS rebinding: listed and good when it is asked first, then a network of our own, alone and among others."""
    good = [ipaddress.ip_network("127.0.0.2")]
    async with listening("127.0.0.2", 0) as (port, wanted), listening("127.0.0.1", port) as (_, trapped):
        answers = Fickle(["127.0.0.2"], ["127.0.0.1"], ["127.0.0.1", "127.0.0.2"], ["169.254.169.254"])
        business = Business([f"crm.example.com:{port}"], good, names=lambda: answers)
        url = question(f"http://crm.example.com:{port}/")
        assert await business.ask(url) == {"here": "127.0.0.2"}
        with pytest.raises(BusinessFailed, match="cannot be asked"):
            await business.ask(url)
        assert await business.ask(url) == {"here": "127.0.0.2"}
        with pytest.raises(BusinessFailed, match="cannot be asked"):
            await business.ask(url)
        await business.stop()
    assert (wanted, trapped) == (["/", "/"], [])


async def test_a_secret_that_is_not_there_is_named_and_nothing_is_asked() -> None:
    with pytest.raises(BusinessFailed, match="no secret erp"):
        await ask("/orders?q=1", secrets={"X-Key": "erp"})


# ---- a second try is not a second order ----------------------------------------------------------------------------


class Shop:
    """A business system that takes every order down, by the key that it is known by, and is slow with the first."""

    def __init__(self, slow: int) -> None:
        self.orders: list[str | None] = []
        self._slow = slow

    async def order(self, request: web.Request) -> web.StreamResponse:
        self.orders.append(request.headers.get("Idempotency-Key"))
        if len(self.orders) <= self._slow:
            await asyncio.sleep(60)
        return web.json_response({"number": 7})


async def order(shop: Shop, **more: object) -> Plain:
    app = web.Application()
    app.router.add_post("/orders", shop.order)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    keys = iter(["first", "second"])
    business = Business([f"127.0.0.1:{port}"], LOOPBACK, new_key=lambda: next(keys))
    asked = {"method": "POST", "body": {"article": 1}, "seconds": 0.3, "tries": 3, **more}
    try:
        return await business.ask(question(f"http://127.0.0.1:{port}/orders", **asked))
    finally:
        await business.stop()
        await runner.cleanup()


async def test_every_try_of_an_order_has_the_same_key() -> None:
    shop = Shop(slow=2)
    assert await order(shop, repeatable=True) == {"number": 7}
    assert shop.orders == ["first", "first", "first"]


async def test_an_order_that_may_have_been_heard_is_made_once() -> None:
    shop = Shop(slow=3)
    with pytest.raises(BusinessSlow):
        await order(shop, repeatable=False)
    assert shop.orders == ["first"]


async def test_a_key_of_the_flows_own_goes_before_ours() -> None:
    shop = Shop(slow=0)
    await order(shop, headers={"idempotency-key": "A-17"})
    assert shop.orders == ["A-17"]


async def test_an_order_that_nobody_took_is_tried_again() -> None:
    """Connection refused: nothing has been sent. The shop opens before the last try."""
    shop = Shop(slow=0)
    app = web.Application()
    app.router.add_post("/orders", shop.order)
    runner = web.AppRunner(app)
    await runner.setup()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    opened = False

    class Opens(Business):
        async def _once(self, *asked: Any) -> Plain:
            nonlocal opened
            try:
                return await super()._once(*asked)
            except OSError:
                if not opened:
                    await web.TCPSite(runner, "127.0.0.1", port).start()
                    opened = True
                raise

    business = Opens([f"127.0.0.1:{port}"], LOOPBACK)
    url = f"http://127.0.0.1:{port}/orders"
    try:
        asked = question(url, method="POST", body={}, tries=2, repeatable=False)
        assert await business.ask(asked) == {"number": 7}
    finally:
        await business.stop()
        await runner.cleanup()
    assert opened
    assert len(shop.orders) == 1


def test_a_flow_sends_no_password_of_a_database() -> None:
    kept = {"crm": "a", "database.shop": "b"}
    assert business_of_flows(kept) == {"crm": "a"}
    assert of_databases(kept) == {"shop": "b"}
