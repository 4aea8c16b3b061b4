"""Who a message is from, and what its numbers and names are once they are fit to be shown and stored.

A trunk is known by its address, an extension by its proof. Sans-IO.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping

from callcenterd.model.ids import ExtensionNumber, TrunkName
from callcenterd.model.site import Extension, Secret, Trunk
from callcenterd.sip import uri as uris
from callcenterd.sip.flow import Flow, Transport
from callcenterd.sip.headers import NameAddr, readable
from callcenterd.sip.locate import Names, Wanted, literal
from callcenterd.sip.message import Request, Response
from callcenterd.sip.registrar import Registrar
from callcenterd.sip.syntax import MalformedMessage
from callcenterd.sip.trunk import Line, allowed_names
from callcenterd.sip.uri import SipUri, Uri

LONGEST_NUMBER = 64
LONGEST_NAME = 100
_MOST_REMEMBERED = 4096
_WRITTEN_APART = re.compile(r"[ .()\-]")
_DIALLED = re.compile(r"\+?[0-9*#]+")


MOST_DIVERSIONS = 5
_HIDDEN = frozenset({"id", "user", "header"})


class Who:
    """The site's trunks and extensions, as the SIP room sees them."""

    def __init__(self, registrar: Registrar, chance: random.Random) -> None:
        self.names = Names()
        self.lines: dict[TrunkName, Line] = {}
        self.extensions: Mapping[ExtensionNumber, Extension] = {}
        self._registrar = registrar
        self._chance = chance
        self._by_source: dict[str, tuple[Line, ...]] = {}
        self._fixed: frozenset[str] = frozenset()

    def configure(self, trunks: Iterable[Trunk], extensions: Iterable[Extension], now: float) -> None:
        """A trunk that did not change keeps its health and registration."""
        before = self.lines
        self.lines = {}
        for trunk in trunks:
            old = before.get(trunk.name)
            self.lines[trunk.name] = old if old is not None and old.trunk == trunk else Line(trunk, self._chance, now)
        self.extensions = {extension.number: extension for extension in extensions}
        contacts = [uri for extension in self.extensions.values() if (uri := fixed_contact(extension)) is not None]
        self._fixed = frozenset(address for uri in contacts if (address := literal(uri.host)) is not None)
        allowed = {name for line in self.lines.values() for name in allowed_names(line.trunk)}
        self.names.want(
            {line.wanted for line in self.lines.values()}
            | {Wanted.only_addresses(name) for name in allowed}
            | {wanted_of(uri) for uri in contacts},
            now,
        )
        self.located()

    def located(self) -> None:
        """Addresses of names have changed."""
        self._by_source.clear()
        for line in self.lines.values():
            line.machines = self.names.machines(line.wanted)
            line.addresses = self.names.addresses(line.wanted)
            line.allowed = tuple(
                address
                for name in allowed_names(line.trunk)
                for address in self.names.addresses(Wanted.only_addresses(name))
            )

    def known(self, source: str) -> bool:
        """Is this IP address a trunk's, a registered phone's or a fixed device's? Others are strangers."""
        return bool(self.trunks_at(source)) or source in self._fixed or self._registrar.knows(source)

    def trunks_at(self, source: str) -> tuple[Line, ...]:
        found = self._by_source.get(source)
        if found is None:
            if len(self._by_source) >= _MOST_REMEMBERED:
                self._by_source.clear()
            found = tuple(line for line in self.lines.values() if line.sends_from(source))
            self._by_source[source] = found
        return found

    def trunk_of(self, request: Request, flow: Flow, now: float) -> Line | None:
        """Whose call this is if it is a trunk's: its address says so, and no phone of ours speaks on that flow.

        Several trunks behind one address differ by port, else by the account that is called.
        """
        lines = self.trunks_at(flow.remote[0])
        if not lines or self._registrar.is_at(user_of(request.from_.uri), flow, now):
            return None
        by_port = [line for line in lines if line.trunk.port == flow.remote[1]]
        called = user_of(request.target)
        by_account = [line for line in by_port or lines if line.trunk.username and line.trunk.username == called]
        return (by_account or by_port or lines)[0]

    def password_of(self, name: str) -> Secret | None:
        extension = self.extensions.get(ExtensionNumber(name))
        return None if extension is None else extension.password


def fixed_contact(extension: Extension) -> SipUri | None:
    """The address of a device that does not register, if it has one that can be read."""
    try:
        uri = uris.parse(extension.contact) if extension.contact else None
    except MalformedMessage:
        return None
    return uri if isinstance(uri, SipUri) else None


def wanted_of(uri: SipUri) -> Wanted:
    """Whom an address names, for RFC 3263. A transport that is none of ours is left to the records."""
    transports: dict[str | None, Transport] = {"udp": "UDP", "tcp": "TCP", "tls": "TLS"}
    secure = uri.scheme == "sips"
    return Wanted(uri.host, uri.port or 0, "TLS" if secure else transports.get(uri.transport), secure)


def user_of(uri: Uri) -> str:
    return uri.user or ""


def number_of(uri: Uri) -> str:
    """A number as it may be compared, shown and stored: without the marks that people put between digits."""
    text = readable(user_of(uri).partition(";")[0], LONGEST_NUMBER)
    together = _WRITTEN_APART.sub("", text)
    return together if _DIALLED.fullmatch(together) else text


def called_number(request: Request, account: str) -> str:
    """The number that was called: of the Request-URI, or of To if that only names our own account at a trunk."""
    called = number_of(request.target)
    return number_of(request.to.uri) if not called or (account and called == account) else called


def name_of(address: NameAddr) -> str:
    return readable(address.display, LONGEST_NAME)


def caller_of(request: Request) -> tuple[str, str]:
    """Number and name of who calls over a trunk. It vouches for P-Asserted-Identity (RFC 3325 §9.1), which is therefore
    believed before From. ("", ""): they want to be unknown (RFC 3323 §4.2, RFC 3325 §9.3), or nobody knows.
    """
    if _HIDDEN & {word.strip().lower() for value in request.headers.values("Privacy") for word in value.split(";")}:
        return "", ""
    try:
        vouched = [one for one in request.asserted if number_of(one.uri)]
    except MalformedMessage:
        vouched = []
    who = vouched[0] if vouched else request.from_
    if isinstance(who.uri, SipUri) and (who.uri.host.lower() == "anonymous.invalid" or _unknown(who.uri)):
        return "", ""
    return number_of(who.uri), name_of(who) or (name_of(request.from_) if vouched else "")


def shown_to(trunk: Trunk, caller: NameAddr | None, host: str) -> tuple[NameAddr, tuple[tuple[str, str], ...]]:
    """From, and the further header lines that tell a trunk who calls, as it wants to read it. caller None: unknown.

    pai: RFC 3325 §9.1, with `Privacy: id` (§9.3) for who is not to be shown. rpid: draft-ietf-sip-privacy-04, which
    many gateways still read.
    """
    account = NameAddr("", SipUri.of(trunk.username, trunk.host)) if trunk.username else None
    anonymous = NameAddr("Anonymous", SipUri.of("anonymous", "anonymous.invalid"))
    if trunk.caller_id == "from":
        return caller or anonymous, ()
    vouched = caller or account
    if trunk.caller_id == "pai":
        lines = [] if vouched is None else [("P-Asserted-Identity", str(vouched))]
        hidden = [("Privacy", "id")] if caller is None else []
        return (anonymous if caller is None else account or caller), (*lines, *hidden)
    if vouched is None:
        return anonymous, ()
    privacy = "full" if caller is None else "off"
    shown = NameAddr(vouched.display, SipUri.of(user_of(vouched.uri), host))
    line = ("Remote-Party-ID", f"{shown};party=calling;screen=no;privacy={privacy}")
    return (anonymous if caller is None else account or vouched), (line,)


def _unknown(uri: SipUri) -> bool:
    return user_of(uri).lower() in ("", "anonymous", "unavailable", "restricted", "unknown")


def diverted_from(request: Request) -> tuple[str, ...]:
    """The numbers that were called before this one, newest first: Diversion (RFC 5806 §4) or History-Info (RFC 7044).

    At most MOST_DIVERSIONS; what cannot be read is left out, since a call must not fail for it.
    """
    told = request.headers.values("Diversion")
    if not told:  # its last entry is where the call goes now
        told = list(reversed(request.headers.values("History-Info")[:-1]))
    numbers = [number for value in told[: 2 * MOST_DIVERSIONS] if (number := _number_in(value))]
    return tuple(dict.fromkeys(numbers))[:MOST_DIVERSIONS]


def _number_in(value: str) -> str:
    try:
        return number_of(NameAddr.parse(value, "Diversion").uri)
    except MalformedMessage:
        return ""


_CAUSE = re.compile(r"\s*Q\.850\s*;(?:.*;)?\s*cause\s*=\s*(\d{1,3})\b", re.IGNORECASE | re.DOTALL)
_WORDS = re.compile(r'\btext\s*=\s*"((?:[^"\\]|\\.)*)"', re.IGNORECASE | re.DOTALL)
MOST_WORDS = 100


def cause_of(response: Response) -> tuple[int, str]:
    """Why a call was refused, as its answer says: the cause of the telephone network behind (ITU-T Q.850, RFC 3326 and
    RFC 6432), 0 if there is none; and words for people, those of the cause before those of the status."""
    cause, words = 0, response.reason
    for value in response.headers.values("Reason"):
        if (found := _CAUSE.match(value[:300])) is not None:
            said = _WORDS.search(value[:300])
            cause, words = int(found[1]), words if said is None else re.sub(r"\\(.)", r"\1", said[1])
            break
    return cause, "".join(character for character in words if character.isprintable())[:MOST_WORDS]


_TAKEN = re.compile(r"\s*SIP\s*;.*\bcause\s*=\s*200\b", re.IGNORECASE | re.DOTALL)


def taken_elsewhere(request: Request) -> bool:
    """Does a CANCEL say that somebody else took the call (RFC 3326)? Then nobody has missed it."""
    return any(_TAKEN.match(value[:200]) is not None for value in request.headers.values("Reason"))
