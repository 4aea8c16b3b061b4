"""RTCP packets: what each side tells the other of how it hears, read and written (RFC 3550 §6).

A datagram is a compound: a sender or receiver report first, then a description (its CNAME only), then perhaps a
goodbye. What comes is a stranger's until proved otherwise: reading is bounded by MAX_OCTETS and MAX_PACKETS, every
length is checked against what is there, and a compound with any fault in it is refused as a whole.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from callcenterd.errors import RemoteError

MAX_OCTETS = 1500
"""A compound that is longer than any path's packet is none."""
MAX_PACKETS = 32
MOST_BLOCKS = 31
"""The count of a header has five bits (§6.4.1)."""

SENDER_REPORT, RECEIVER_REPORT, DESCRIPTION, GOODBYE, APPLICATION = 200, 201, 202, 203, 204
FEEDBACK, PAYLOAD_FEEDBACK, EXTENDED = 205, 206, 207
"""RFC 4585 and RFC 3611: taken for what they are, and passed over."""
_TYPES = range(SENDER_REPORT, EXTENDED + 1)
_CNAME = 1
_NTP_UNIT = 65536
"""A second in the middle 32 bits of an NTP time, and in a delay since the last report."""


class MalformedRtcp(RemoteError):
    """A datagram that is no RTCP compound. part: what is at fault."""

    def __init__(self, part: str) -> None:
        super().__init__(f"RTCP {part} cannot be read")
        self.part = part


@dataclass(frozen=True, slots=True)
class Block:
    """How one stream is heard (§6.4.1).

    ssrc:     of the stream. fraction: lost since the report before, in 1/256. lost: in all, negative with duplicates.
    highest:  sequence number with its wraps above it. jitter: in units of the stream's clock.
    last:     the middle 32 bits of the NTP time in its last sender report; 0: none came.
    since:    from then to this report, in 1/65536 s.
    """

    ssrc: int
    fraction: int
    lost: int
    highest: int
    jitter: int
    last: int
    since: int


@dataclass(frozen=True, slots=True)
class Sending:
    """What a sender says of its own stream (§6.4.1). ntp: 64 bits. timestamp: RTP's at the same moment."""

    ntp: int
    timestamp: int
    packets: int
    octets: int


@dataclass(frozen=True, slots=True)
class Report:
    """A sender report, or, with sending None, a receiver report. ssrc: of who reports."""

    ssrc: int
    blocks: tuple[Block, ...] = ()
    sending: Sending | None = None


@dataclass(frozen=True, slots=True)
class Compound:
    """One datagram. reports: at least one. cname: the first that is told, or "". leaving: SSRCs that say goodbye."""

    reports: tuple[Report, ...]
    cname: str = ""
    leaving: tuple[int, ...] = ()


# ---- reading -----------------------------------------------------------------------------------------------


def parse(octets: bytes) -> Compound:
    """Raises MalformedRtcp, and nothing else, whatever comes (the checks are those of §A.2)."""
    if not 8 <= len(octets) <= MAX_OCTETS:
        raise MalformedRtcp("length")
    reports: list[Report] = []
    leaving: list[int] = []
    cname = ""
    at = 0
    for _ in range(MAX_PACKETS):
        first, kind, words = struct.unpack_from("!BBH", octets, at) if at + 4 <= len(octets) else (0, 0, 0)
        end = at + 4 * (words + 1)
        if first >> 6 != 2 or kind not in _TYPES or end > len(octets):
            raise MalformedRtcp("header")
        if at == 0 and kind not in (SENDER_REPORT, RECEIVER_REPORT):
            raise MalformedRtcp("first packet")
        body = octets[at + 4 : end]
        if first & 0x20:
            body = _without_padding(body, last=end == len(octets))
        count = first & 0x1F
        match kind:
            case 200 | 201:
                reports.append(_report(body, count, sender=kind == SENDER_REPORT))
            case 202:
                cname = cname or _cname(body, count)
            case 203:
                leaving += _ssrcs(body, count)
        at = end
        if at == len(octets):
            return Compound(tuple(reports), cname, tuple(leaving))
    raise MalformedRtcp("number of packets")


def _without_padding(body: bytes, *, last: bool) -> bytes:
    """Only the last packet may be padded, by whole words (§6.4.1)."""
    padding = body[-1] if body else 0
    if not last or padding == 0 or padding % 4 or padding > len(body):
        raise MalformedRtcp("padding")
    return body[:-padding]


def _report(body: bytes, count: int, *, sender: bool) -> Report:
    """What follows the blocks is an extension of some profile, and not ours."""
    start = 24 if sender else 4
    if len(body) < start + 24 * count:
        raise MalformedRtcp("report")
    [ssrc] = struct.unpack_from("!I", body)
    sending = Sending(*struct.unpack_from("!QIII", body, 4)) if sender else None
    return Report(ssrc, tuple(_block(body, start + 24 * n) for n in range(count)), sending)


def _block(body: bytes, at: int) -> Block:
    ssrc, losses, highest, jitter, last, since = struct.unpack_from("!IIIIII", body, at)
    lost = losses & 0xFFFFFF
    return Block(ssrc, losses >> 24, lost - (1 << 24) if lost >> 23 else lost, highest, jitter, last, since)


def _cname(body: bytes, count: int) -> str:
    """Of the first chunk that tells one (§6.5). "" if none does."""
    at, found = 0, ""
    for _ in range(count):
        start, at = at, at + 4
        while True:
            if at >= len(body) or at < start + 4:
                raise MalformedRtcp("description")
            kind = body[at]
            if kind == 0:
                at += 4 - at % 4  # at least one octet of zero, up to the next word
                break
            if at + 2 > len(body) or at + 2 + body[at + 1] > len(body):
                raise MalformedRtcp("description")
            if kind == _CNAME and not found:
                found = body[at + 2 : at + 2 + body[at + 1]].decode("utf-8", "replace")
            at += 2 + body[at + 1]
        if at > len(body):
            raise MalformedRtcp("description")
    return found


def _ssrcs(body: bytes, count: int) -> tuple[int, ...]:
    if len(body) < 4 * count:
        raise MalformedRtcp("goodbye")
    return struct.unpack_from(f"!{count}I", body)


# ---- writing -----------------------------------------------------------------------------------------------


def write(report: Report, cname: str, *, leaving: bool = False) -> bytes:
    """A compound: the report, who we are, and, when leaving, goodbye."""
    blocks = b"".join(_written(block) for block in report.blocks[:MOST_BLOCKS])
    body = struct.pack("!I", report.ssrc)
    if (sending := report.sending) is not None:
        body += struct.pack("!QIII", sending.ntp, sending.timestamp, sending.packets, sending.octets)
    kind = RECEIVER_REPORT if report.sending is None else SENDER_REPORT
    parts = [_packet(kind, len(blocks) // 24, body + blocks), _description(report.ssrc, cname)]
    if leaving:
        parts.append(_packet(GOODBYE, 1, struct.pack("!I", report.ssrc)))
    return b"".join(parts)


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def _description(ssrc: int, cname: str) -> bytes:
    name = cname.encode()[:255]
    item = bytes([_CNAME, len(name)]) + name
    return _packet(DESCRIPTION, 1, struct.pack("!I", ssrc) + item + bytes(4 - len(item) % 4))


def _written(block: Block) -> bytes:
    lost = max(-0x800000, min(0x7FFFFF, block.lost)) & 0xFFFFFF
    losses = block.fraction << 24 | lost
    return struct.pack("!IIIIII", block.ssrc, losses, block.highest, block.jitter, block.last, block.since)


# ---- times -------------------------------------------------------------------------------------------------


def ntp_of(seconds: float) -> int:
    """Any clock's seconds as the 64 bits of an NTP time. Who reads it compares it with itself alone (§6.4.1)."""
    return round(seconds * (1 << 32)) & 0xFFFFFFFFFFFFFFFF


def middle(ntp: int) -> int:
    return ntp >> 16 & 0xFFFFFFFF


def round_trip(now: float, last: int, since: int) -> float:
    """Seconds there and back (§6.4.1), from what a block of ours says. Negative if it cannot be so.

    now: when the block came, by the clock that `ntp_of` was given.
    """
    units = middle(ntp_of(now)) - last - since
    return float((units + 0x80000000 & 0xFFFFFFFF) - 0x80000000) / _NTP_UNIT


def delay_of(seconds: float) -> int:
    """The time since a report, as a block tells it; what is too long for it is its greatest."""
    return max(0, min(0xFFFFFFFF, round(seconds * _NTP_UNIT)))


def block_about(reports: Sequence[Report], ssrc: int) -> Block | None:
    """The first block about this stream."""
    return next((block for report in reports for block in report.blocks if block.ssrc == ssrc), None)
