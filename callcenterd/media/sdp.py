"""Session descriptions: what a leg can hear and say, and where (RFC 8866, RFC 3264 offer and answer).

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
from callcenterd.media.addresses import ipv4
from callcenterd.media.codecs.g711 import Codec

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)

MAX_OCTETS = 16384
MAX_LINES = 500
MAX_MEDIA = 16
MAX_FORMATS = 64
EVENT_PAYLOAD_TYPE = 101
"""What we offer telephone-event as; in an answer it is the offer's own number."""

_STATIC: Mapping[int, tuple[str, int]] = {0: ("PCMU", 8000), 8: ("PCMA", 8000)}
_PAYLOAD_TYPE: Mapping[str, int] = {"PCMU": 0, "PCMA": 8}
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
        super().__init__(f"SDP {part} cannot be read: {text[:60]!r}")
        self.part = part


class NoCommonCodec(RemoteError):
    """The other side describes nothing that we could speak: no audio, none of our codecs, or no IPv4 address."""


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How octets of a leg become sound, and who may send.

    event_payload_type: RFC 4733 telephone-event at 8 kHz; None: keys go as tones in the sound.
    ptime:              milliseconds of sound that they would like in a packet. We send 20 and take any.
    direction:          as we see it: sendonly means that only we send.
    """

    payload_type: int
    codec: Codec
    event_payload_type: int | None = None
    ptime: int = 20
    direction: Direction = "sendrecv"


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
    """One m= section. port 0: refused or not used. codecs: (payload type, name in capitals, rate), best first."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    address: str
    direction: Direction
    codecs: tuple[tuple[int, str, int], ...] = ()
    fmtp: Mapping[int, str] = field(default_factory=dict)
    ptime: int | None = None
    mid: str | None = None

    @property
    def spoken(self) -> bool:
        """Is this audio that we can take part in at all: plain RTP, in use?"""
        return self.kind == "audio" and self.port > 0 and self.protocol in ("RTP/AVP", "RTP/AVPF")


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
    return Medium(
        kind=kind.lower(),
        port=_integer(port.partition("/")[0], 65535, "port"),
        protocol=protocol.upper(),
        formats=tuple(formats),
        address=_address(section[1:]) or address,
        direction=_direction(section[1:]) or direction,
        codecs=_codecs(formats, attributes) if audio else (),
        fmtp=_fmtp(attributes) if audio else {},
        ptime=_ptime(attributes) if audio else None,
        mid=next((value[4:].strip() for value in attributes if value.startswith("mid:")), None),
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
            if channels.strip() not in ("", "1"):
                named.pop(_integer(number, 127, "rtpmap"), None)
                continue
            named[_integer(number, 127, "rtpmap")] = name.upper(), _integer(rate or "0", 10_000_000, "rtpmap")
    offered = dict.fromkeys(_integer(number, 127, "format") for number in formats)
    return tuple((number, *named[number]) for number in offered if number in named)


def _fmtp(attributes: Sequence[str]) -> Mapping[int, str]:
    told = [value[5:].strip().partition(" ") for value in attributes if value[:5].lower() == "fmtp:"]
    return {int(number): rest.strip() for number, _, rest in told if _NUMBER.fullmatch(number) and number.isascii()}


def _ptime(attributes: Sequence[str]) -> int | None:
    """A wish only: what cannot be read is no wish."""
    for value in attributes:
        if value[:6].lower() == "ptime:":
            whole = value[6:].strip().partition(".")[0]
            if _NUMBER.fullmatch(whole) and 1 <= int(whole) <= 200:
                return int(whole)
    return None


def _integer(text: str, most: int, part: str) -> int:
    text = text.strip()
    if not _NUMBER.fullmatch(text) or int(text) > most:
        raise MalformedSdp(part, text)
    return int(text)


# ---- agreeing ----------------------------------------------------------------------------------------------


def agree(codecs: Sequence[str], answer: Description) -> Agreed:
    """What follows from their description, when ours was `codecs` (any order). Raises NoCommonCodec.

    The first of their codecs that we know is taken: in an answer that is the one meant (RFC 3264 §6.1), in an
    offer the one they like best.
    """
    audio = answer.audio
    if audio is None:
        raise NoCommonCodec("no audio over plain RTP in the description")
    known = [(number, name) for number, name, rate in audio.codecs if rate == 8000 and name in codecs]
    if not known:
        named = " ".join(name for _, name, _ in audio.codecs) or " ".join(audio.formats)
        raise NoCommonCodec(f"no common codec: they have {named[:80]}, we have {' '.join(codecs)}")
    _sendable(audio.address)
    number, name = known[0]
    events = [n for n, codec, rate in audio.codecs if codec == "TELEPHONE-EVENT" and rate == 8000]
    return Agreed(
        remote=(audio.address, audio.port),
        audio=AudioFormat(
            payload_type=number,
            codec=cast("Codec", name),
            event_payload_type=events[0] if events else None,
            ptime=audio.ptime or 20,
            direction="recvonly" if _held(audio) and audio.direction == "sendrecv" else _MIRROR[audio.direction],
        ),
    )


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


def offer(
    host: str, port: int, codecs: Sequence[str] = ("PCMA", "PCMU"), *, session_id: int, version: int = 1
) -> bytes:
    """Our offer: one audio section, best codec first, keys as telephone-event. codecs: "PCMA", "PCMU"."""
    numbers = [_PAYLOAD_TYPE[name] for name in codecs]
    section = _section((host, port), list(zip(numbers, codecs, strict=True)), EVENT_PAYLOAD_TYPE, "sendrecv")
    return _written(host, session_id, version, section)


def answer(offer: Description, host: str, port: int, session_id: int, *, version: int = 1) -> tuple[bytes, Agreed]:
    """Our answer to their offer, and what follows from both. Raises NoCommonCodec.

    As many sections as the offer has, in its order; those that we do not speak are refused with port 0 (§6).
    """
    agreed = agree(("PCMA", "PCMU"), offer)
    audio, taken = agreed.audio, offer.audio
    lines: list[str] = []
    for medium in offer.media:
        if medium is taken:
            codec = [(audio.payload_type, audio.codec)]
            lines += _section((host, port), codec, audio.event_payload_type, audio.direction, medium)
        else:
            lines += [f"m={medium.kind} 0 {medium.protocol} {' '.join(medium.formats)}"]
            lines += [f"a=mid:{medium.mid}"] if medium.mid else []
    return _written(host, session_id, version, lines), agreed


def _section(
    where: tuple[str, int],
    codecs: Sequence[tuple[int, str]],
    events: int | None,
    direction: Direction,
    asked: Medium | None = None,
) -> list[str]:
    """asked: the section of their offer that this one answers."""
    host, port = where
    numbers = [number for number, _ in codecs] + ([] if events is None else [events])
    protocol = "RTP/AVP" if asked is None else asked.protocol
    return [
        f"m=audio {port} {protocol} {' '.join(map(str, numbers))}",
        f"c=IN IP4 {host}",
        *([f"a=mid:{asked.mid}"] if asked is not None and asked.mid else []),
        *(f"a=rtpmap:{number} {name}/8000" for number, name in codecs),
        *([] if events is None else [f"a=rtpmap:{events} telephone-event/8000", f"a=fmtp:{events} 0-15"]),
        "a=ptime:20",
        f"a={direction}",
    ]


def _written(host: str, session_id: int, version: int, sections: Sequence[str]) -> bytes:
    lines = ["v=0", f"o=- {session_id} {version} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0", *sections]
    return "".join(f"{line}\r\n" for line in lines).encode()
