"""One server for the tests of a file, with a small office in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from callcenterd.demo.phone import Phone
from tests.kit.certificates import Authority
from tests.kit.lanes import both_free
from tests.kit.server import RunningServer

TRUNK_HOST = "127.0.0.2"

OFFICE = """
trunks:
  - {{name: gateway, host: {trunk}, port: {trunk_port}, allow: ["{trunk}"]}}
numbers:
  - {{match: "02088886666", flow: main}}
users:
  - {{login: "1001", name: 张三, role: agent, password: "first-Secret-1", extension: "1001"}}
  - {{login: "1002", name: 李四, role: agent, password: "second-Secret-2", extension: "1002"}}
  - {{login: "2001", name: 王班长, role: supervisor, password: "third-Secret-3"}}
extensions:
  - {{number: "1001", password: "phone-Secret-1"}}
  - {{number: "1002", password: "phone-Secret-2"}}
"""
"""Who is there, and by which line; what there is besides is added to it."""
SITE = (
    OFFICE
    + """queues:
  - {{name: sales, title: 销售, strategy: longest_idle, members: ["1001", "1002"], wrap_up: 2, ring: 6, record: true}}
  - {{name: complaints, title: 投诉, members: ["1002"], wrap_up: 1, ring: 6}}
"""
)


HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever plays against the real clock on a machine that others share gets a second try, and the summary says so
    (docs/decisions/0027-a-second-try.md). What fails twice is broken."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest_asyncio.fixture
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    running = RunningServer(tmp_path_factory.mktemp("office"))
    await running.start()
    yield running
    await running.end()


@pytest_asyncio.fixture
async def trunk(server: RunningServer) -> AsyncIterator[Phone]:
    """The provider's side. The office is put in with it, since the trunk is known by its address."""
    async with Phone(TRUNK_HOST, server.sip, "gateway") as phone:
        await server.apply(SITE.format(trunk=TRUNK_HOST, trunk_port=phone.port))
        yield phone


@pytest_asyncio.fixture
async def phone(server: RunningServer, trunk: Phone) -> AsyncIterator[Phone]:  # the site comes first
    """Agent 1001's, registered."""
    async with Phone("127.0.0.11", server.sip, "1001", password="phone-Secret-1") as device:
        await device.register()
        yield device


@pytest_asyncio.fixture
async def second_phone(server: RunningServer, trunk: Phone) -> AsyncIterator[Phone]:
    """Agent 1002's, registered."""
    async with Phone("127.0.0.12", server.sip, "1002", password="phone-Secret-2") as device:
        await device.register()
        yield device


@pytest_asyncio.fixture
async def sealed(tmp_path: Path) -> AsyncIterator[tuple[RunningServer, int, Authority, Phone]]:
    """A server with TLS beside UDP, its TLS port, who vouches for it, and the trunk."""
    authority = Authority(tmp_path / "tls")
    made = authority.make("server", host="127.0.0.1")
    running = RunningServer(tmp_path / "office")
    port = both_free()
    sip: dict[str, Any] = {
        "listen": [f"udp:{running.sip[0]}:{running.sip[1]}", f"tls:127.0.0.1:{port}"],
        "certificate": str(made.certificate),
        "key": str(made.key),
    }
    running.configure(sip=sip)
    await running.start()
    try:
        async with Phone(TRUNK_HOST, running.sip, "gateway") as trunk:
            await running.apply(SITE.format(trunk=TRUNK_HOST, trunk_port=trunk.port))
            yield running, port, authority, trunk
    finally:
        await running.end()
