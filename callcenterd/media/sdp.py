"""Session descriptions: what a leg can hear and say, and where (RFC 8866, RFC 3264 offer and answer).

`Terms` are what we are set to speak on a leg; an `Agreed` is what came of theirs and ours. Sealed sound is in
`sdes.py`. Which codec is taken when several are possible, and why: docs/decisions/0012-codecs-and-seals.md.

Strict where a mistake would send sound to the wrong place (addresses, ports, numbers), tolerant where only
form is at fault (line ends, order, unknown lines and attributes). Everything is bounded: a description of a
stranger costs no more than MAX_OCTETS and MAX_MEDIA allow.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from callcenterd.errors import RemoteError
from callcenterd.media import sdes
from callcenterd.media.addresses import ipv4
from callcenterd.media.sdes import Crypto, OurKeys, Seal
from callcenterd.model.site import Codec

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
Sealing = Literal["no", "answered", "preferred", "required"]
"""no:        plain sound only.
answered:  what they offer sealed we answer sealed; what we offer is plain.
preferred: the same, and our offers have keys beside plain RTP/AVP: who cannot seal overlooks them and answers plain.
required:  nothing plain.
"""

MAX_OCTETS = 16384
MAX_LINES = 500
MAX_MEDIA = 16
MAX_FORMATS = 64
EVENT_PAYLOAD_TYPE = 101
WIDE_EVENT_PAYLOAD_TYPE = 110
"""What we offer telephone-event as, at 8 and at 48 kHz; in an answer it is the offer's own number."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How a codec stands in SDP. number: the static one (RFC 3551 §6), or what we offer. rate: of its RTP clock."""

    number: int
    rtpmap: str
    rate: int = 8000
    fmtp: str = ""


_FORMS: Mapping[Codec, _Form] = {
    "PCMA": _Form(8, "PCMA/8000"),
    "PCMU": _Form(0, "PCMU/8000"),
    "G722": _Form(9, "G722/8000"),  # 16 kHz sound; its clock is 8 kHz by an old mistake (RFC 3551 §4.5.2)
    "opus": _Form(
        111,
        "opus/48000/2",
        48000,
        "minptime=10;useinbandfec=1;stereo=0;sprop-stereo=0;maxaveragebitrate=32000",
    ),
    "G729": _Form(18, "G729/8000", fmtp="annexb=no"),
}
_SENT: frozenset[Codec] = frozenset(_FORMS) - {"G729"}
"""G.729 we can only decode."""
_PLAIN_LAWS: frozenset[Codec] = frozenset({"PCMA", "PCMU"})
_CODEC_OF: Mapping[tuple[str, int], Codec] = {(name.upper(), form.rate): name for name, form in _FORMS.items()}
_STATIC: Mapping[int, tuple[str, int]] = {
    **{form.number: (name.upper(), form.rate) for name, form in _FORMS.items() if name != "opus"},
    13: ("CN", 8000),
}
_OPUS_PTIME = (10, 20, 40, 60)
_PLAIN = ("RTP/AVP", "RTP/AVPF")
_SEALED = ("RTP/SAVP", "RTP/SAVPF")
_NUMBER = re.compile(r"[0-9]{1,10}")
_MIRROR: Mapping[Direction, Direction] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}


class MalformedSdp(RemoteError):
    """A body that cannot be read as SDP. part: what is at fault."""

    def __init__(self, part: str, text: str) -> None:
        super().__init__(f"SDP {part} cannot be read: {sdes.redacted(text)[:60]!r}")
        self.part = part


class NoCommonCodec(RemoteError):
    """The other side describes nothing that we could speak: no audio, none of our codecs, or no IPv4 address."""


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How octets of a leg become sound, and who may send.

    payload_type, codec: what we send; never G729.
    event_payload_type:  RFC 4733 telephone-event; None: keys go as tones in the sound.
    ptime:               milliseconds of sound in a packet that we send: 10, 20, 30, 40, 50 or 60. We take any.
    direction:           as we see it: sendonly means that only we send.
    also:                other payload types that may come by this agreement (the static 0 and 8 are always taken).
    event_rate:          clock of the events: that of the stream, 48000 with opus where they offer such.
    noise_payload_type:  comfort noise that may come (RFC 3389).
    seal:                keys of both directions; None: plain RTP.
    reports:             where our RTCP goes: a=rtcp (RFC 3605), or the port above. None: nowhere.
    reports_shared:      RTCP comes and goes on the port of the sound (a=rtcp-mux, RFC 5761).
    """

    payload_type: int
    codec: Codec
    event_payload_type: int | None = None
    ptime: int = 20
    direction: Direction = "sendrecv"
    also: Mapping[int, Codec] = field(default_factory=dict)
    event_rate: int = 8000
    noise_payload_type: int | None = None
    seal: Seal | None = None
    reports: tuple[str, int] | None = None
    reports_shared: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """What we are set to speak on a leg.

    codecs: what we offer, the best first; of theirs we take by the same order.
    taken:  what we take besides when they offer it together with one of these: G729.
    keys:   what we seal with; wanted unless sealing is "no".
    """

    codecs: tuple[Codec, ...] = ("PCMA", "PCMU")
    taken: tuple[Codec, ...] = ()
    sealing: Sealing = "no"
    keys: OurKeys | None = None

    @property
    def offers_keys(self) -> bool:
        return self.sealing in ("preferred", "required")


PLAIN = Terms()


@dataclass(frozen=True, slots=True)
class Agreed:
    """What both sides settled on. remote: where our sound goes; ("0.0.0.0", …) is the old way to say hold."""

    remote: tuple[str, int]
    audio: AudioFormat

    @property
    def direction(self) -> Direction:
        return self.audio.direction


@dataclass(frozen=True, slots=True)
class Medium:
    """One m= section. port 0: refused or not used. codecs: (payload type, name in capitals, rate), best first.

    crypto: the keys they offer or answer that we can use; crypto_faults: why others cannot be used.
    reports: a=rtcp, as a port and, if it is said, a host. shared: a=rtcp-mux.
    """

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    address: str
    direction: Direction
    codecs: tuple[tuple[int, str, int], ...] = ()
    fmtp: Mapping[int, str] = field(default_factory=dict)
    ptime: int | None = None
    longest: int | None = None
    mid: str | None = None
    crypto: tuple[Crypto, ...] = ()
    crypto_faults: tuple[str, ...] = ()
    reports: tuple[str, int] | None = None
    shared: bool = False

    @property
    def spoken(self) -> bool:
        """Is this audio that we can take part in at all: RTP, plain or sealed, in use?"""
        return self.kind == "audio" and self.port > 0 and self.protocol in (*_PLAIN, *_SEALED)

    @property
    def must_be_sealed(self) -> bool:
        return self.protocol in _SEALED


@dataclass(frozen=True, slots=True)
class Description:
    """All that we need of a session description. Sections keep their order: an answer must repeat it."""

    origin: str
    media: tuple[Medium, ...]

    @property
    def audio(self) -> Medium | None:
        """The first section that we can speak in."""
        return next((medium for medium in self.media if medium.spoken), None)


# ---- reading -----------------------------------------------------------------------------------------------


def parse(octets: bytes) -> Description:
    """Raises MalformedSdp, and nothing else, whatever comes."""
    if len(octets) > MAX_OCTETS:
        raise MalformedSdp("body", f"{len(octets)} octets")
    lines = _lines(octets.decode("utf-8", "replace"))
    if not lines or lines[0] != ("v", "0"):
        raise MalformedSdp("version", "=".join(lines[0]) if lines else "")
    starts = [n for n, (kind, _) in enumerate(lines) if kind == "m"]
    if len(starts) > MAX_MEDIA:
        raise MalformedSdp("media", f"{len(starts)} sections")
    session = lines[: starts[0]] if starts else lines
    address = _address(session)
    direction = _direction(session) or "sendrecv"
    sections = [lines[a:b] for a, b in itertools.pairwise([*starts, len(lines)])]
    return Description(
        origin=next((value for kind, value in session if kind == "o"), ""),
        media=tuple(_medium(section, address, direction) for section in sections),
    )


def _lines(text: str) -> list[tuple[str, str]]:
    """(type, value) of each line. Any line end will do; empty lines at the end are no fault."""
    raw = [line.strip(" \t\0") for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    lines = [line for line in raw if line]
    if len(lines) > MAX_LINES:
        raise MalformedSdp("body", f"{len(lines)} lines")
    for line in lines:
        if len(line) < 2 or line[1] != "=" or not line[0].isalpha():
            raise MalformedSdp("line", line)
    return [(line[0], line[2:].strip()) for line in lines]


def _medium(section: Sequence[tuple[str, str]], address: str, direction: Direction) -> Medium:
    words = section[0][1].split()
    if len(words) < 4 or len(words) > 3 + MAX_FORMATS:
        raise MalformedSdp("media", section[0][1])
    kind, port, protocol, *formats = words
    attributes = [value for key, value in section[1:] if key == "a"]
    audio = kind.lower() == "audio" and protocol.upper().startswith("RTP/")
    crypto, faults = sdes.read([value[7:].strip() for value in attributes if value[:7].lower() == "crypto:"])
    return Medium(
        kind=kind.lower(),
        port=_integer(port.partition("/")[0], 65535, "port"),
        protocol=protocol.upper(),
        formats=tuple(formats),
        address=_address(section[1:]) or address,
        direction=_direction(section[1:]) or direction,
        codecs=_codecs(formats, attributes) if audio else (),
        fmtp=_fmtp(attributes) if audio else {},
        ptime=_milliseconds("ptime:", attributes) if audio else None,
        longest=_milliseconds("maxptime:", attributes) if audio else None,
        mid=next((value[4:].strip() for value in attributes if value.startswith("mid:")), None),
        crypto=crypto if audio else (),
        crypto_faults=faults if audio else (),
        reports=_reports(attributes) if audio else None,
        shared=audio and any(value.lower() == "rtcp-mux" for value in attributes),
    )


def _address(lines: Sequence[tuple[str, str]]) -> str:
    """The last part of c=, a literal address or a host name; "" if there is none."""
    for kind, value in lines:
        if kind != "c":
            continue
        words = value.split()
        if len(words) != 3 or words[0].upper() != "IN" or words[1].upper() not in ("IP4", "IP6"):
            raise MalformedSdp("connection", value)
        host = words[2].partition("/")[0]
        if words[1].upper() == "IP4":
            _ipv4(host)
        return host
    return ""


def _ipv4(host: str) -> None:
    # Not a resolver's business: a name here would let a stranger make us look up and send anywhere.
    try:
        ipv4(host)
    except ValueError:
        raise MalformedSdp("connection", host) from None


def _direction(lines: Sequence[tuple[str, str]]) -> Direction | None:
    found = [value.lower() for kind, value in lines if kind == "a" and value.lower() in DIRECTIONS]
    return cast("Direction", found[0]) if found else None


def _codecs(formats: Sequence[str], attributes: Sequence[str]) -> tuple[tuple[int, str, int], ...]:
    named: dict[int, tuple[str, int]] = dict(_STATIC)
    for value in attributes:
        if value[:7].lower() == "rtpmap:":
            number, _, encoding = value[7:].strip().partition(" ")
            name, _, rest = encoding.strip().partition("/")
            rate, _, channels = rest.partition("/")
            form = name.upper(), _integer(rate or "0", 10_000_000, "rtpmap")
            one = channels.strip() in ("", "1") or form == ("OPUS", 48000)  # "2" by RFC 7587 §7, whatever is sent
            if one:
                named[_integer(number, 127, "rtpmap")] = form
            else:
                named.pop(_integer(number, 127, "rtpmap"), None)
    offered = dict.fromkeys(_integer(number, 127, "format") for number in formats)
    return tuple((number, *named[number]) for number in offered if number in named)


def _fmtp(attributes: Sequence[str]) -> Mapping[int, str]:
    told = [value[5:].strip().partition(" ") for value in attributes if value[:5].lower() == "fmtp:"]
    return {int(number): rest.strip() for number, _, rest in told if _NUMBER.fullmatch(number) and number.isascii()}


def _milliseconds(name: str, attributes: Sequence[str]) -> int | None:
    """A wish only: what cannot be read is no wish."""
    for value in attributes:
        if value.lower().startswith(name):
            whole = value[len(name) :].strip().partition(".")[0]
            if _NUMBER.fullmatch(whole) and whole.isascii() and 1 <= int(whole) <= 200:
                return int(whole)
    return None


def _reports(attributes: Sequence[str]) -> tuple[str, int] | None:
    """(host or "", port) of a=rtcp. One that cannot be read is as good as none: sound does not depend on it."""
    for value in attributes:
        if value[:5].lower() == "rtcp:":
            port, *rest = value[5:].split() or [""]
            if not _NUMBER.fullmatch(port) or not port.isascii() or not 0 < int(port) <= 65535:
                return None
            if rest and (len(rest) != 3 or [word.upper() for word in rest[:2]] != ["IN", "IP4"]):
                return None
            return (rest[2] if rest else ""), int(port)
    return None


def _integer(text: str, most: int, part: str) -> int:
    text = text.strip()
    if not _NUMBER.fullmatch(text) or int(text) > most:
        raise MalformedSdp(part, text)
    return int(text)


# ---- agreeing ----------------------------------------------------------------------------------------------


def agree(terms: Terms, answer: Description) -> Agreed:
    """What follows from their answer, when our offer was by these terms. Raises NoCommonCodec.

    The first of their codecs that we can send is the one meant (RFC 3264 §6.1); the others may come too.
    """
    audio = answer.audio
    if audio is None:
        raise NoCommonCodec(_nothing_spoken(answer))
    seal, _ = _sealed(terms, audio, answered=True)
    known = _known(audio, terms.codecs)
    sent = [(number, codec) for number, codec in known.items() if codec in _SENT]
    if not sent:
        raise NoCommonCodec(_nothing_common(audio, terms))
    # Their numbers say what they take; what they send has ours (RFC 3264 §5.1), if they are not the same.
    also = {_FORMS[codec].number: codec for codec in known.values()} | known
    return _agreed(audio, *sent[0], also, seal)


def choose(terms: Terms, offer: Description) -> Agreed:
    """What our answer to their offer will be. Raises NoCommonCodec."""
    return _chosen(terms, offer).agreed


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The section that is taken, what is agreed in it, and the line of keys that our answer repeats."""

    medium: Medium
    agreed: Agreed
    crypto: Crypto | None


def _chosen(terms: Terms, offer: Description) -> _Chosen:
    """Of several audio sections the sealed one if we may seal, else the plain one (RFC 4568 §7.1.2 leaves it to us)."""
    spoken = [medium for medium in offer.media if medium.spoken]
    if not spoken:
        raise NoCommonCodec(_nothing_spoken(offer))
    faults: list[NoCommonCodec] = []
    for audio in sorted(spoken, key=lambda medium: medium.must_be_sealed == (terms.sealing == "no")):
        try:
            seal, crypto = _sealed(terms, audio, answered=False)
            return _Chosen(audio, _take(terms, audio, seal), crypto)
        except NoCommonCodec as fault:
            faults.append(fault)
    raise faults[0]


def _take(terms: Terms, audio: Medium, seal: Seal | None) -> Agreed:
    known = _known(audio, (*terms.codecs, *terms.taken))
    sent = [(number, codec) for number, codec in known.items() if codec in _SENT and codec in terms.codecs]
    if not sent:
        raise NoCommonCodec(_nothing_common(audio, terms))
    number, codec = min(sent, key=lambda one: _rank(terms.codecs, one[1]))
    heard_only = {number: codec for number, codec in known.items() if codec not in _SENT}
    return _agreed(audio, number, codec, heard_only, seal)


def _rank(codecs: Sequence[Codec], codec: Codec) -> int:
    """Where our order has it. The two laws cost the same, so between them theirs decides."""
    alike = _PLAIN_LAWS if codec in _PLAIN_LAWS else {codec}
    return min(codecs.index(one) for one in alike if one in codecs)


def _known(audio: Medium, codecs: Sequence[Codec]) -> dict[int, Codec]:
    """Those of their payload types that are among these codecs, in their order."""
    named = ((number, _CODEC_OF.get((name, rate))) for number, name, rate in audio.codecs)
    return {number: codec for number, codec in named if codec is not None and codec in codecs}


def _agreed(audio: Medium, number: int, codec: Codec, also: Mapping[int, Codec], seal: Seal | None) -> Agreed:
    _sendable(audio.address)
    held = _held(audio)
    events, event_rate = _events(audio, _FORMS[codec].rate)
    noise = [n for n, name, rate in audio.codecs if (name, rate) == ("CN", 8000)]
    return Agreed(
        remote=(audio.address, audio.port),
        audio=AudioFormat(
            payload_type=number,
            codec=codec,
            event_payload_type=events,
            ptime=_packet_time(audio, codec),
            direction="recvonly" if held and audio.direction == "sendrecv" else _MIRROR[audio.direction],
            also={other: name for other, name in also.items() if other != number},
            event_rate=event_rate,
            noise_payload_type=noise[0] if noise and _FORMS[codec].rate == 8000 else None,
            seal=seal,
            reports=None if held else _report_address(audio),
            reports_shared=audio.shared,
        ),
    )


def _events(audio: Medium, rate: int) -> tuple[int | None, int]:
    """Their telephone-event with the clock of the sound, as RFC 4733 §2.1 has it; or the one there is."""
    known = {clock: n for n, name, clock in reversed(audio.codecs) if name == "TELEPHONE-EVENT"}
    for clock in (rate, 8000):
        if clock in known:
            return known[clock], clock
    return None, 8000


def _packet_time(audio: Medium, codec: Codec) -> int:
    """Their wish in whole tens of milliseconds, no more than their most; Opus has no packets of 30 or 50."""
    wish = min(audio.ptime or 20, audio.longest or 200)
    ptime = min(60, max(10, wish // 10 * 10))
    return max(known for known in _OPUS_PTIME if known <= ptime) if codec == "opus" else ptime


def _report_address(audio: Medium) -> tuple[str, int] | None:
    if audio.shared:
        return audio.address, audio.port
    if audio.reports is None:
        return (audio.address, audio.port + 1) if audio.port < 65535 else None
    host, port = audio.reports
    try:
        _sendable(host or audio.address)
    except NoCommonCodec:
        return None
    return host or audio.address, port


def _sealed(terms: Terms, audio: Medium, *, answered: bool) -> tuple[Seal | None, Crypto | None]:
    """The keys of both directions and their line, or (None, None) for plain sound. Raises NoCommonCodec.

    answered: this is their answer, which takes one of the suites that we offered by its tag.
    """
    if terms.sealing == "no" or terms.keys is None:
        if terms.sealing == "required":
            raise NoCommonCodec("encrypted sound (SRTP) is required here, and not possible")
        if audio.must_be_sealed:
            raise NoCommonCodec("they want encrypted sound (SRTP), which is switched off or not possible here")
        return None, None
    usable = [crypto for crypto in audio.crypto if not answered or (terms.offers_keys and _is_ours(crypto))]
    if usable:
        # A tag of four octets is guessed in two thousand million packets: only if they offer no other.
        crypto = min(usable, key=lambda one: not answered and one.suite == "AES_CM_128_HMAC_SHA1_32")
        return Seal(crypto.suite, terms.keys.of(crypto.suite), crypto.key), crypto
    if audio.must_be_sealed or terms.sealing == "required":
        why = "; ".join(audio.crypto_faults)[:200] or "they give no key (a=crypto)"
        raise NoCommonCodec(f"no encrypted sound (SRTP) in common: {why}")
    return None, None


def _is_ours(crypto: Crypto) -> bool:
    return 1 <= crypto.tag <= len(sdes.OFFERED) and sdes.OFFERED[crypto.tag - 1] == crypto.suite


def _nothing_spoken(description: Description) -> str:
    sections = ", ".join(f"{m.kind} over {m.protocol}" for m in description.media if m.port > 0)
    return f"no audio over RTP in the description: {sections[:100] or 'nothing in use'}"


def _nothing_common(audio: Medium, terms: Terms) -> str:
    if _known(audio, ("G729",)) and len([1 for _, name, _ in audio.codecs if name not in _NO_SOUND]) == 1:
        return "no common codec: they have G.729 alone, which we understand but do not speak"
    named = " ".join(name for _, name, _ in audio.codecs) or " ".join(audio.formats)
    return f"no common codec: they have {named[:80]}, we have {' '.join(terms.codecs)}"


_NO_SOUND = ("TELEPHONE-EVENT", "CN")


def _sendable(address: str) -> None:
    """Sound goes to one IPv4 host. To a group or to everybody would make us somebody's loudspeaker."""
    try:
        host = ipv4(address)
    except ValueError:
        raise NoCommonCodec(f"sound goes to IPv4 addresses only, not to {address[:60]!r}") from None
    if host.is_multicast or host == ipv4("255.255.255.255"):
        raise NoCommonCodec(f"sound goes to one host, not to {address}")


def _held(audio: Medium) -> bool:
    """RFC 3264 §8.4: an address of all zeros is how RFC 2543 said "do not send to me"."""
    return audio.address == "0.0.0.0"  # noqa: S104  # compared, not bound to


# ---- writing -----------------------------------------------------------------------------------------------


def offer(host: str, port: int, terms: Terms = PLAIN, *, session_id: int, version: int = 1) -> bytes:
    """Our offer: one audio section, best codec first, keys as telephone-event."""
    codecs = [(_FORMS[codec].number, codec) for codec in terms.codecs]
    events = {EVENT_PAYLOAD_TYPE: 8000}
    if "opus" in terms.codecs:
        events[WIDE_EVENT_PAYLOAD_TYPE] = 48000
    protocol, crypto = "RTP/AVP", []
    if terms.offers_keys and terms.keys is not None:
        protocol = "RTP/SAVP" if terms.sealing == "required" else "RTP/AVP"
        crypto = [sdes.line(tag, suite, terms.keys.of(suite)) for tag, suite in enumerate(sdes.OFFERED, 1)]
    lines = [
        f"m=audio {port} {protocol} {' '.join(str(number) for number in [*(n for n, _ in codecs), *events])}",
        f"c=IN IP4 {host}",
        *crypto,
        *_codec_lines(codecs),
        *_event_lines(events),
        "a=ptime:20",
        "a=sendrecv",
    ]
    return _written(host, session_id, version, lines)


def answer(
    offer: Description, host: str, port: int, terms: Terms = PLAIN, *, session_id: int, version: int = 1
) -> tuple[bytes, Agreed]:
    """Our answer to their offer, and what follows from both. Raises NoCommonCodec.

    As many sections as the offer has, in its order; those that we do not speak are refused with port 0 (§6).
    """
    chosen = _chosen(terms, offer)
    lines: list[str] = []
    for medium in offer.media:
        if medium is chosen.medium:
            lines += _answered(chosen, host, port)
        else:
            lines += [f"m={medium.kind} 0 {medium.protocol} {' '.join(medium.formats)}"]
            lines += [f"a=mid:{medium.mid}"] if medium.mid else []
    return _written(host, session_id, version, lines), chosen.agreed


def _answered(chosen: _Chosen, host: str, port: int) -> list[str]:
    """The section that answers theirs: its protocol, its numbers."""
    asked, audio = chosen.medium, chosen.agreed.audio
    codecs = [(audio.payload_type, audio.codec), *audio.also.items()]
    events = {} if audio.event_payload_type is None else {audio.event_payload_type: audio.event_rate}
    noise = [] if audio.noise_payload_type is None else [audio.noise_payload_type]
    numbers = [*(number for number, _ in codecs), *noise, *events]
    return [
        f"m=audio {port} {asked.protocol} {' '.join(map(str, numbers))}",
        f"c=IN IP4 {host}",
        *([f"a=mid:{asked.mid}"] if asked.mid else []),
        *([] if chosen.crypto is None or audio.seal is None else [_crypto_line(chosen.crypto, audio.seal)]),
        *_codec_lines(codecs),
        *(f"a=rtpmap:{number} CN/8000" for number in noise),
        *_event_lines(events),
        f"a=ptime:{audio.ptime}",
        *(["a=rtcp-mux"] if audio.reports_shared else []),
        f"a={audio.direction}",
    ]


def _crypto_line(asked: Crypto, seal: Seal) -> str:
    return sdes.line(asked.tag, asked.name, seal.ours)


def _codec_lines(codecs: Sequence[tuple[int, Codec]]) -> list[str]:
    lines: list[str] = []
    for number, codec in codecs:
        form = _FORMS[codec]
        lines += [f"a=rtpmap:{number} {form.rtpmap}", *([f"a=fmtp:{number} {form.fmtp}"] if form.fmtp else [])]
    return lines


def _event_lines(events: Mapping[int, int]) -> list[str]:
    lines: list[str] = []
    for number, rate in events.items():
        lines += [f"a=rtpmap:{number} telephone-event/{rate}", f"a=fmtp:{number} 0-15"]
    return lines


def _written(host: str, session_id: int, version: int, sections: Sequence[str]) -> bytes:
    lines = ["v=0", f"o=- {session_id} {version} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0", *sections]
    return "".join(f"{line}\r\n" for line in lines).encode()
