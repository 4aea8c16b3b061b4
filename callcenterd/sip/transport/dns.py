"""Who knows names for `sip.locate`: DNS by dnspython for NAPTR and SRV, the system's resolver for addresses.

The system's is asked for addresses because it also knows the hosts file and what else the machine was set up with.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.resolver
import structlog

from callcenterd.sip.locate import AGAIN_AFTER, Answer, Naptr, Srv

_log = structlog.get_logger(__name__)

_LIFETIME = 4.0
"""Seconds for one question, with all its repetitions: a call in set-up waits for it."""


class SystemResolver:
    """Never raises: no answer and no record are the same to who wants to call."""

    def __init__(self) -> None:
        self._dns: dns.asyncresolver.Resolver | None = None

    async def naptr(self, name: str) -> Answer[Naptr]:
        records, seconds = await self._ask(name, "NAPTR")
        return Answer(
            tuple(
                Naptr(one.order, one.preference, _text(one.flags), _text(one.service), _host(one.replacement))
                for one in records
            ),
            seconds,
        )

    async def srv(self, name: str) -> Answer[Srv]:
        records, seconds = await self._ask(name, "SRV")
        return Answer(tuple(Srv(one.priority, one.weight, one.port, _host(one.target)) for one in records), seconds)

    async def addresses(self, name: str) -> Answer[str]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as fault:
            _log.warning("host name not known", host=name, why=str(fault))
            return Answer()
        return Answer(tuple(dict.fromkeys(str(address[0]) for *_, address in found)))

    async def _ask(self, name: str, kind: str) -> tuple[list[Any], float]:
        try:
            if self._dns is None:
                self._dns = dns.asyncresolver.Resolver()  # reads resolv.conf
                self._dns.lifetime = _LIFETIME
            answer = await self._dns.resolve(name, kind, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return [], AGAIN_AFTER
        except (dns.exception.DNSException, OSError, UnicodeError) as fault:
            _log.info("no answer from DNS", name=name, kind=kind, why=str(fault))
            return [], AGAIN_AFTER
        return list(answer), float(answer.rrset.ttl if answer.rrset is not None else AGAIN_AFTER)


def _text(octets: bytes) -> str:
    return octets.decode("ascii", errors="replace")


def _host(name: Any) -> str:  # dns.name.Name, untyped in places
    return str(name.to_text(omit_final_dot=True))
