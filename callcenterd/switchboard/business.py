"""Business systems as flows ask them: JSON over HTTP, only where the configuration lets, never for ever.

A flow file names addresses, and what a caller keys goes into them; so a host must be listed, its name must not lead
into a network of our own that is not listed (looked at when connecting: a name may change its mind), redirects are not
followed, and time and size of an answer have bounds.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from callcenterd import config, yamltext
from callcenterd.errors import Fault, FaultyFile
from callcenterd.ivr import expression
from callcenterd.ivr.expression import Plain
from callcenterd.ivr.naming import HOST, Known
from callcenterd.ivr.node import BusinessFailed, BusinessSlow, Question
from callcenterd.said import Said

MAX_ANSWER = 256 * 1024
"""Octets."""
MAX_AT_ONCE = 50
DATABASE = "database."
"""What the name of a secret begins with that is the password of a database."""
IDEMPOTENCY_KEY = "Idempotency-Key"
"""A line of a POST's head that is the same in every try, so that a system can tell a second try from a second order."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")


def secrets(place: Path | None) -> Mapping[str, str]:
    """Raises FaultyFile."""
    if place is None:
        return {}
    document = yamltext.load(place)
    if not isinstance(document.data, dict):
        raise FaultyFile([Fault(str(place), 1, Said("lines_of_names"))])
    return {name: str(value) for name, value in document.data.items()}


def of_flows(secrets: Mapping[str, str]) -> Mapping[str, str]:
    """Those that a flow may send: no database's password."""
    return {name: value for name, value in secrets.items() if not name.startswith(DATABASE)}


def of_databases(secrets: Mapping[str, str]) -> Mapping[str, str]:
    """Passwords by the names of their databases."""
    return {name.removeprefix(DATABASE): value for name, value in secrets.items() if name.startswith(DATABASE)}


def known(settings: config.Business) -> Known:
    """What flows may name of them. Of a file of secrets that cannot be read nothing is known."""
    things = {HOST: frozenset(settings.hosts), "database": frozenset(settings.databases)}
    with contextlib.suppress(FaultyFile):  # it is said where the file is looked at
        things["secret"] = frozenset(of_flows(secrets(settings.secrets_file)))
    return Known(things, tuple(settings.networks))


class Business:
    """hosts: "crm.example.com" (at the usual ports) or "crm.example.com:8080". new_key: what a question is known by.

    names: what turns names into addresses.
    """

    def __init__(
        self,
        hosts: Sequence[str] = (),
        networks: Sequence[Network] = (),
        secrets: Mapping[str, str] | None = None,
        new_key: Callable[[], object] = uuid4,
        names: Callable[[], AbstractResolver] = aiohttp.ThreadedResolver,
    ) -> None:
        self._hosts = frozenset(hosts)
        self._networks = tuple(networks)
        self._secrets = secrets or {}
        self._new_key = new_key
        self._names = names
        self._session: aiohttp.ClientSession | None = None
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(self, question: Question) -> Plain:
        """Raises BusinessFailed, BusinessSlow. What is wrong with an answer is told without what stands in it."""
        url = self._allowed(question.url)
        headers = {**question.headers, **self._secret_headers(question)}
        if question.method == "POST" and not any(name.lower() == IDEMPOTENCY_KEY.lower() for name in headers):
            headers[IDEMPOTENCY_KEY] = str(self._new_key())
        for left in reversed(range(question.tries)):
            try:
                async with asyncio.timeout(question.seconds), self._turns:
                    return await self._once(question, url, headers)
            except TimeoutError:
                if not left or not question.repeatable:
                    raise BusinessSlow(f"{url.host} has not answered in {question.seconds:g} s") from None
            except (aiohttp.ClientError, OSError) as why:
                unheard = isinstance(why, aiohttp.ClientConnectorError)  # nothing has been sent
                if not left or not (question.repeatable or unheard):
                    raise BusinessFailed(f"{url.host} cannot be asked: {type(why).__name__}") from None
        raise AssertionError("there is one try at least")

    async def _once(self, question: Question, url: URL, headers: Mapping[str, str]) -> Plain:
        body = None if question.body is None else json.dumps(question.body)
        asked = self._open().request(
            question.method,
            url,
            data=body,
            headers={"Accept": "application/json", **({"Content-Type": "application/json"} if body else {}), **headers},
            allow_redirects=False,
        )
        async with asked as answer:
            if not 200 <= answer.status < 300:
                raise BusinessFailed(f"{url.host} answered {answer.status}")
            octets = bytearray()
            async for part in answer.content.iter_any():
                octets += part
                if len(octets) > MAX_ANSWER:
                    answer.close()
                    raise BusinessFailed(f"{url.host} answered more than {MAX_ANSWER} octets")
        try:
            return expression.plain(json.loads(octets)) if octets else None
        except (ValueError, RecursionError):
            raise BusinessFailed(f"{url.host} answered no JSON") from None
        except expression.CannotFill as why:
            raise BusinessFailed(f"{url.host} answered too much: {why}") from None

    def _allowed(self, text: str) -> URL:
        try:
            url = URL(text)
            host, port = (url.host or "").lower(), url.port
        except ValueError:
            raise BusinessFailed("that is no address") from None
        usual = port == {"http": 80, "https": 443}.get(url.scheme)
        if url.scheme not in {"http", "https"} or url.user is not None:
            raise BusinessFailed("an address that begins with http:// or https:// is wanted, without a user")
        if f"{host}:{port}" not in self._hosts and not (usual and host in self._hosts):
            raise BusinessFailed(f"{host}:{port} is not listed in the configuration (business.hosts)")
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return url
        if not self._reachable(address):
            raise BusinessFailed(f"{host} is in a network of our own that business.networks does not list")
        return url

    def _secret_headers(self, question: Question) -> dict[str, str]:
        if lacking := sorted(set(question.secrets.values()) - self._secrets.keys()):
            raise BusinessFailed(f"there is no secret {', '.join(lacking)} (business.secrets_file)")
        return {header: self._secrets[name] for header, name in question.secrets.items()}

    def _reachable(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        address = _meant(address)
        return address.is_global or any(address in network for network in self._networks)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=_Guarded(self, self._names()), limit=MAX_AT_ONCE, use_dns_cache=False
            )
            # Nothing of one caller's answer goes with the next one's question; no proxy of the environment.
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, auto_decompress=False
            )
        return self._session


def _meant(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The one of IPv4 that one of IPv6 only carries: mapped, by 6to4 (RFC 3056), or translated (RFC 6052)."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


class _Guarded(AbstractResolver):
    """Names become addresses; one that leads where it must not is as good as none."""

    def __init__(self, business: Business, names: AbstractResolver) -> None:
        self._business = business
        self._names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._names.resolve(host, port, family)
        fit = [one for one in found if self._business._reachable(ipaddress.ip_address(one["host"]))]
        if not fit:
            raise OSError(f"{host} leads into a network of our own that business.networks does not list")
        return fit

    async def close(self) -> None:
        await self._names.close()
