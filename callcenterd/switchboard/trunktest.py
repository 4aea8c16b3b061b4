"""What a look at a trunk has found, for who sets it up: each thing by itself, as a code that a page has a sentence for.

`diagnose` is a pure rule over what the SIP room has heard (`sip.probe`). `TrunkTests` asks, one look at a trunk at a
time; a look touches no call, and is over in a quarter of a minute.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime

from callcenterd.clock import Clock
from callcenterd.errors import NotFound, NotNow
from callcenterd.media import sdp
from callcenterd.model.ids import TrunkName
from callcenterd.model.setup import Finding, FindingCode, Part, TrunkTest, Verdict
from callcenterd.model.site import Site, Trunk
from callcenterd.sip.locate import Found, literal
from callcenterd.sip.probe import Heard, Probed

Ask = Callable[[TrunkName], Awaitable[tuple[Found, Probed]]]

CLOCK_MAY_DIFFER = 60.0
"""Seconds. Proofs of passwords and certificates live for minutes."""
_TLS: tuple[tuple[str, FindingCode], ...] = (
    ("hostname mismatch", "certificate_other_name"),
    ("ip address mismatch", "certificate_other_name"),
    ("certificate has expired", "certificate_expired"),
    ("certificate is not yet valid", "certificate_early"),
    ("certificate verify failed", "certificate_unknown"),
    ("wrong version number", "no_tls_there"),
    ("record layer failure", "no_tls_there"),
    ("ssl", "tls_failed"),
)
"""What OpenSSL says, in small letters; the first that fits."""


class TrunkTests:
    def __init__(self, ask: Ask, clock: Clock, site: Callable[[], Site]) -> None:
        self._ask = ask
        self._clock = clock
        self._site = site
        self._under_way: set[TrunkName] = set()

    async def test(self, name: TrunkName) -> TrunkTest:
        """Raises NotFound for a trunk that there is not, and NotNow while it is being tested."""
        trunk = next((trunk for trunk in self._site().trunks if trunk.name == name), None)
        if trunk is None:
            raise NotFound("trunk", name)
        if name in self._under_way:
            raise NotNow("the trunk is being tested")
        self._under_way.add(name)
        try:
            found, probed = await self._ask(name)
        finally:
            self._under_way.discard(name)
        now = self._clock.utc()
        findings = tuple(diagnose(trunk, found, probed, now))
        return TrunkTest(trunk=name, at=now, ok=not any(one.verdict == "bad" for one in findings), findings=findings)


def diagnose(trunk: Trunk, found: Found, probed: Probed, now: datetime) -> Iterator[Finding]:
    """In the order in which things must work: its name, the way there, whether it answers, our account, and then what
    may be odd."""
    yield _name(trunk, found)
    if not found.machines:
        return
    way = _way(trunk, probed)
    yield way
    if way.verdict == "bad":
        return
    if probed.options is not None:
        yield _there(trunk, probed.options)
    if probed.register is None:
        yield _finding("account", "skipped", "account_not_needed")
    else:
        yield from _account(trunk, probed.register)
    heard = [one for one in (probed.register, probed.options) if one is not None and one.outcome == "answer"]
    yield _clock(heard, now)
    yield _address(heard)
    yield _codec(trunk, heard)


def _finding(part: Part, verdict: Verdict, code: FindingCode, **values: str | int | float) -> Finding:
    return Finding(part=part, verdict=verdict, code=code, values=values)


def _name(trunk: Trunk, found: Found) -> Finding:
    if literal(trunk.host) is not None:
        return _finding("name", "skipped", "host_is_address", host=trunk.host)
    if not found.machines:
        return _finding("name", "bad", "name_unknown", host=trunk.host)
    addresses = dict.fromkeys(place.address for machine in found.machines for place in machine.places)
    return _finding("name", "good", "name_found", host=trunk.host, addresses=", ".join(list(addresses)[:4]))


def _way(trunk: Trunk, probed: Probed) -> Finding:
    if probed.flow is None:
        return _finding("way", "bad", "no_way", why=probed.fault)
    where: Mapping[str, str | int] = {
        "address": f"{probed.flow.remote[0]}:{probed.flow.remote[1]}",
        "transport": probed.flow.transport,
    }
    asked = [one for one in (probed.options, probed.register) if one is not None]
    answered = [one for one in asked if one.outcome == "answer"]
    if answered:
        quickest = min(round(one.seconds * 1000) for one in answered)
        return _finding("way", "good", "reached", **where, ms=quickest)
    unsent = next((one.why for one in asked if one.outcome == "unsent"), "")
    if not unsent:
        return _finding("way", "bad", "nobody_answers", **where)
    return _finding("way", "bad", _unsent(unsent), **where, host=trunk.host, why=unsent)


def _unsent(why: str) -> FindingCode:
    said = why.lower().replace("_", " ")
    if "ssl" in said:
        return next(code for words, code in _TLS if words in said)
    if "connect call failed" in said or "refused" in said:
        return "connection_refused"
    return "connection_silent" if "no connection in time" in said else "cannot_send"


def _there(trunk: Trunk, heard: Heard) -> Finding:
    if heard.outcome != "answer":
        return _finding("there", "note", "says_nothing")
    status, phrase = heard.status, heard.phrase
    if status < 300:
        return _finding("there", "good", "says_ok", status=status)
    if status in (401, 407):
        return _finding("there", "good", "says_who_are_you", status=status)
    if status in (403, 603):  # by address alone it is all that they could say; with an account REGISTER says more
        verdict: Verdict = "note" if trunk.register else "bad"
        return _finding("there", verdict, "says_forbidden", status=status, phrase=phrase, address=heard.sent_from[0])
    return _finding("there", "note", "says_something", status=status, phrase=phrase)


def _account(trunk: Trunk, heard: Heard) -> Iterator[Finding]:
    values: dict[str, str | int | float] = {
        "status": heard.status,
        "phrase": f"{heard.phrase} {heard.words}".strip(),
        "username": trunk.username,
        "host": trunk.host,
        "realm": heard.realm,
    }
    verdict: Verdict = "bad"
    code: FindingCode
    match heard.status:
        case 0:
            code = "registration_silent"
        case status if status < 300:
            verdict, code = "good", "registered"
            values["minutes"] = round(heard.granted / 60)
        case 401 | 407 if not heard.provable:
            code = "proof_unknown" if trunk.username else "account_missing"
        case 401 | 407:
            code = "proof_too_late" if heard.stale else "password_wrong"
        case 403:
            code = "account_forbidden"
        case 404 | 410 | 604:
            code = "account_not_found"
        case 423:
            code = "registration_too_brief"
        case status if status >= 500:
            code = "registration_trouble"
        case _:
            code = "registration_refused"
    yield _finding("account", verdict, code, **values)
    if code in ("password_wrong", "account_forbidden") and _is_other(heard.realm, trunk.host):
        yield _finding("account", "note", "realm_other", realm=heard.realm, host=trunk.host)


def _is_other(realm: str, host: str) -> bool:
    """A realm that looks like a name, and is not that of the host, nor of what it belongs to."""
    realm, host = realm.lower(), host.lower()
    related = realm == host or realm.endswith(f".{host}") or host.endswith(f".{realm}")
    return "." in realm and not related


def _clock(heard: list[Heard], now: datetime) -> Finding:
    date = next((one.date for one in heard if one.date is not None), None)
    if date is None:
        return _finding("clock", "skipped", "clock_not_said")
    off = (now - date).total_seconds()
    if abs(off) <= CLOCK_MAY_DIFFER:
        return _finding("clock", "good", "clock_right")
    return _finding("clock", "note", "clock_wrong", seconds=round(abs(off)), ours=_shown(now), theirs=_shown(date))


def _shown(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")


def _address(heard: list[Heard]) -> Finding:
    """Do they see us where we say that we are? If not, an address is translated on the way (NAT)."""
    one = next((one for one in heard if one.seen is not None), None)
    if one is None or one.seen is None:
        return _finding("address", "skipped", "address_not_said")
    host, port = one.seen
    ours = f"{one.sent_from[0]}:{one.sent_from[1]}"
    if (not host or host == one.sent_from[0]) and port in (0, one.sent_from[1]):
        return _finding("address", "good", "address_same", ours=ours)
    seen = f"{host or one.sent_from[0]}:{port or one.sent_from[1]}"
    return _finding(
        "address", "note", "address_other", ours=ours, seen=seen, private=int(_is_private(one.sent_from[0]))
    )


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


def _codec(trunk: Trunk, heard: list[Heard]) -> Finding:
    """Only who answers OPTIONS with a description says what it can hear (RFC 3261 §11.2)."""
    body = next((one.sdp for one in heard if one.sdp), None)
    if body is None:
        return _finding("codec", "skipped", "codec_not_said")
    try:
        audio = sdp.parse(body).audio
    except sdp.MalformedSdp:
        audio = None
    if audio is None:
        return _finding("codec", "skipped", "codec_not_said")
    theirs = [name for _, name, _ in audio.codecs]
    common = [codec for codec in trunk.codecs if codec.upper() in theirs]
    if not common:
        spoken = ", ".join(name for name in theirs if name not in ("TELEPHONE-EVENT", "CN"))
        return _finding("codec", "bad", "codec_none", theirs=spoken, ours=", ".join(trunk.codecs))
    return _finding("codec", "good", "codec_common", codecs=", ".join(common))
