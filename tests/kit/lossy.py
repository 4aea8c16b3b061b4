"""A bad wire for real sockets: a UDP relay that loses and doubles datagrams, in both ways, in their order.

A foreign client at `client` speaks to the relay as if it were the server, and the server sees the relay's address.
"""

from __future__ import annotations

import asyncio
import random
from types import TracebackType
from typing import Any

Address = tuple[str, int]


class LossyRelay(asyncio.DatagramProtocol):
    """at: where it listens; with the client's own port, so that an answer to the client's Via comes back here.

    loss, doubling: shares of all datagrams. lost and doubled count them.
    """

    def __init__(
        self, at: Address, client: Address, server: Address, *, loss: float, doubling: float, seed: int
    ) -> None:
        self.at, self._client, self._server = at, client, server
        self._loss, self._doubling = loss, doubling
        self._chance = random.Random(seed)
        self._transport: asyncio.DatagramTransport | None = None
        self.lost = self.doubled = 0

    async def __aenter__(self) -> LossyRelay:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=self.at)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._transport is not None
        self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        assert self._transport is not None
        if self._chance.random() < self._loss:
            self.lost += 1
            return
        target = self._server if addr[0] == self._client[0] else self._client
        self._transport.sendto(data, target)
        if self._chance.random() < self._doubling:
            self.doubled += 1
            self._transport.sendto(data, target)
