"""Sealed sound (SRTP, RFC 3711; AES-256 by RFC 6188, AES-GCM by RFC 7714) for the rows that agreed on keys.

A packet that is not of the other side, or came before, is refused here: nothing above ever sees it. AES is
OpenSSL's, by ctypes.PyDLL: the library that Python's own ssl module has loaded, called without giving the GIL away;
hashlib keeps it too for as few octets as a packet has. Everything else, packet counters, windows, keys that change
while packets are under way, is here and in plain Python: a few microseconds a packet, on these rows only.
docs/decisions/0012-codecs-and-seals.md has the figures.

Keys come from SDP (sdes.py). A stream's rollover counter begins at 0 with its key (RFC 4568 §6.4); whose does not (a
phone that keeps counting over a new key, as RFC 3711 §3.3.1 wants) is understood as well, since a guess that is
wrong fails its tag.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import functools
import hashlib
import hmac
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray

from callcenterd.errors import LocalError
from callcenterd.media import reports
from callcenterd.media.sdes import SUITES, Key, Seal, Suite

_log = structlog.get_logger(__name__)

WINDOW = 128
"""Packets behind the highest that may still come, once each (RFC 3711 §3.3.2 wants 64 at least)."""
MOST_STREAMS = 64
"""SSRCs of one key that are remembered, so that none of their packets comes twice."""
FORMER = 250
"""Packets opened with a new key after which the former one opens nothing any more: five seconds."""
LOST_COUNT = 50
"""Refused packets in a row after which the counter may be one ahead of what we think: ten minutes were lost."""

_TAG_AT_MOST = 16
_REPORT_HEADER = 8
_ENCRYPTED = 0x80000000
_GET_TAG, _SET_TAG = 0x10, 0x11
_REFUSED = -1


# ---- OpenSSL -----------------------------------------------------------------------------------------------------


class _Library:
    """The functions of libcrypto that are used here. Raises OSError or AttributeError if there is no such library."""

    def __init__(self) -> None:
        crypto = _loaded()
        address, number = ctypes.c_void_p, ctypes.c_int
        self.new = self._function(crypto, "EVP_CIPHER_CTX_new", address)
        self.free = self._function(crypto, "EVP_CIPHER_CTX_free", None, address)
        self.begin = self._function(
            crypto, "EVP_CipherInit_ex", number, address, address, address, ctypes.c_char_p, ctypes.c_char_p, number
        )
        self.update = self._function(crypto, "EVP_CipherUpdate", number, address, address, address, address, number)
        self.final = self._function(crypto, "EVP_CipherFinal_ex", number, address, address, address)
        self.control = self._function(crypto, "EVP_CIPHER_CTX_ctrl", number, address, number, number, address)
        self.kinds = {
            name: self._function(crypto, f"EVP_aes_{name}", address)()
            for name in ("128_ctr", "256_ctr", "128_gcm", "256_gcm")
        }

    @staticmethod
    def _function(library: ctypes.CDLL, name: str, result: type | None, *arguments: type) -> Callable[..., int]:
        function = getattr(library, name)
        function.restype, function.argtypes = result, list(arguments)
        return function  # type: ignore[no-any-return]  # ctypes does not say what it is


def _loaded() -> ctypes.CDLL:
    """The libcrypto of the ssl module, by its name; so it is in memory, and there are no two of them."""
    names = [f"libcrypto.so.{ssl.OPENSSL_VERSION_INFO[0]}", "libcrypto.so.1.1"]
    for name in names:
        try:
            return ctypes.PyDLL(name)
        except OSError:
            continue
    found = ctypes.util.find_library("crypto")
    if found is None:
        raise OSError("there is no libcrypto (OpenSSL) on this machine")
    return ctypes.PyDLL(found)


@functools.cache
def _library() -> _Library | None:
    try:
        return _Library()
    except (OSError, AttributeError) as fault:
        _log.warning("no encrypted sound (SRTP) can be spoken", why=str(fault))
        return None


def available() -> bool:
    """Can sound be sealed on this machine? If not, that is logged once."""
    return _library() is not None


class _Cipher:
    """AES with one key, in one of OpenSSL's modes."""

    def __init__(self, mode: str, key: bytes) -> None:
        library = _library()
        if library is None:
            raise LocalError("no encrypted sound (SRTP) can be spoken on this machine")
        self._library = library
        self._context = library.new()
        self._length = ctypes.c_int()
        self._told = ctypes.addressof(self._length)
        self._tag = (ctypes.c_uint8 * _TAG_AT_MOST)()
        self._tag_at = ctypes.addressof(self._tag)
        if not library.begin(self._context, library.kinds[f"{8 * len(key)}_{mode}"], None, key, None, 1):
            raise LocalError("OpenSSL takes no AES key")

    def __del__(self) -> None:
        if hasattr(self, "_context"):
            self._library.free(self._context)

    def count(self, counter: bytes, address: int, length: int) -> None:
        """AES-CM (RFC 3711 §4.1.1): the octets at that address are combined with the key stream of this counter."""
        begun = self._library.begin(self._context, None, None, None, counter, -1)
        if not (begun and self._library.update(self._context, address, self._told, address, length)):
            raise LocalError("OpenSSL does not encrypt")

    def lock(self, nonce: bytes, more: bytes, address: int, length: int) -> bytes:
        """AES-GCM in place. Answers the tag over `more` and what is there then."""
        library, context = self._library, self._context
        if not (
            library.begin(context, None, None, None, nonce, 1)
            and library.update(context, None, self._told, more, len(more))
            and library.update(context, address, self._told, address, length)
            and library.final(context, self._tag_at, self._told)
            and library.control(context, _GET_TAG, _TAG_AT_MOST, self._tag_at)
        ):
            raise LocalError("OpenSSL does not encrypt")
        return bytes(self._tag)

    def unlock(self, nonce: bytes, more: bytes, octets: bytes, tag: bytes) -> bytes | None:
        """What AES-GCM sealed; None if the tag is not of it."""
        library, context = self._library, self._context
        opened = ctypes.create_string_buffer(len(octets) + 1)
        at = ctypes.addressof(opened)
        if not (
            library.begin(context, None, None, None, nonce, 0)
            and library.update(context, None, self._told, more, len(more))
            and library.update(context, at, self._told, octets, len(octets))
            and library.control(context, _SET_TAG, len(tag), tag)
        ):
            raise LocalError("OpenSSL does not decrypt")
        return opened.raw[: len(octets)] if library.final(context, self._tag_at, self._told) > 0 else None


# ---- keys --------------------------------------------------------------------------------------------------------


class _Keys:
    """What one master key gives for packets of one kind (RFC 3711 §4.3): cipher, salt, and the key of the tag.

    labels: 0 for sound, 3 for reports; the two after it are the tag's and the salt's.
    """

    def __init__(self, suite: Suite, master: Key, first_label: int) -> None:
        sizes = SUITES[suite]
        key, salt = master[: sizes.key], master[sizes.key :]
        source = _Cipher("ctr", key)
        base = int.from_bytes(salt.ljust(14, b"\0"))  # the shorter salt of GCM is filled up (RFC 7714 §11)

        def derived(label: int, octets: int) -> bytes:
            room = ctypes.create_string_buffer(octets)
            counter = ((base ^ (label << 48)) << 16).to_bytes(16)
            source.count(counter, ctypes.addressof(room), octets)
            return room.raw

        self.gcm: Final = suite.startswith("AEAD")
        self.cipher = _Cipher("gcm" if self.gcm else "ctr", derived(first_label, sizes.key))
        self.salt: Final = int.from_bytes(derived(first_label + 2, sizes.salt))
        authentic = b"" if self.gcm else derived(first_label + 1, 20).ljust(64, b"\0")
        self._inner = hashlib.sha1(bytes(octet ^ 0x36 for octet in authentic))  # noqa: S324  # HMAC-SHA1 is what SRTP has
        self._outer = hashlib.sha1(bytes(octet ^ 0x5C for octet in authentic))  # noqa: S324

    def counter(self, ssrc: int, index: int) -> bytes:
        """RFC 3711 §4.1.1."""
        return ((self.salt << 16) ^ (ssrc << 64) ^ (index << 16)).to_bytes(16)

    def nonce(self, ssrc: int, index: int) -> bytes:
        """RFC 7714 §8.1 and §9.1."""
        return (self.salt ^ (ssrc << 48) ^ index).to_bytes(12)

    def tag(self, octets: memoryview | bytes, more: bytes) -> bytes:
        """HMAC-SHA1 (RFC 2104), from states that have the key in them already."""
        inner = self._inner.copy()
        inner.update(octets)
        inner.update(more)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()


# ---- one direction -----------------------------------------------------------------------------------------------


class Outbound:
    """What we seal with one key."""

    def __init__(self, suite: Suite, key: Key) -> None:
        self._sound = _Keys(suite, key, 0)
        self._reports = _Keys(suite, key, 3)
        self._tag = SUITES[suite].tag
        self._report_tag = 16 if self._sound.gcm else 10  # reports have the long one in every suite (RFC 4568 §6.2)
        self._ssrc = -1
        self._index = -1
        self._reported = 0

    def seal(self, packet: memoryview, address: int, length: int) -> int:
        """Seal one RTP packet where it lies; there is room for the tag. Answers its length then.

        Answers 0 if it must not be sent: no packet of a stream is ever sealed twice with different sound, which would
        give both away (RFC 3711 §9.1).
        """
        start = _start(packet, length)
        ssrc, sequence = int.from_bytes(packet[8:12]), int.from_bytes(packet[2:4])
        if ssrc != self._ssrc:
            self._ssrc, self._index = ssrc, sequence - 1
        index = (self._index & ~0xFFFF) | sequence
        if index <= self._index:
            index += 0x10000
        if start > length or index - self._index > 0x8000:
            return 0
        self._index = index
        keys = self._sound
        if keys.gcm:
            tag = keys.cipher.lock(keys.nonce(ssrc, index), bytes(packet[:start]), address + start, length - start)
        else:
            keys.cipher.count(keys.counter(ssrc, index), address + start, length - start)
            tag = keys.tag(packet[:length], (index >> 16).to_bytes(4))
        packet[length : length + self._tag] = tag[: self._tag]
        return length + self._tag

    def seal_report(self, octets: bytes) -> bytes:
        """An RTCP compound as it goes out (SRTCP, RFC 3711 §3.4)."""
        index, self._reported = self._reported, (self._reported + 1) & 0x7FFFFFFF
        keys, word = self._reports, (_ENCRYPTED | index).to_bytes(4)
        head, body = octets[:_REPORT_HEADER], ctypes.create_string_buffer(octets[_REPORT_HEADER:])
        ssrc, at, length = int.from_bytes(octets[4:8]), ctypes.addressof(body), len(octets) - _REPORT_HEADER
        if keys.gcm:
            tag = keys.cipher.lock(keys.nonce(ssrc, index), head + word, at, length)
            return head + body.raw[:length] + tag + word
        keys.cipher.count(keys.counter(ssrc, index), at, length)
        sealed = head + body.raw[:length] + word
        return sealed + keys.tag(sealed, b"")[: self._report_tag]


@dataclass(slots=True)
class _Stream:
    """One SSRC's packets. seen: bit n is the packet n behind the highest."""

    highest: int
    seen: int = 1

    def is_new(self, index: int) -> bool:
        behind = self.highest - index
        return behind < 0 or (behind < WINDOW and not self.seen >> behind & 1)

    def note(self, index: int) -> None:
        ahead = index - self.highest
        if ahead > 0:
            self.seen = ((self.seen << ahead) | 1) & ((1 << WINDOW) - 1) if ahead < WINDOW else 1
            self.highest = index
        else:
            self.seen |= 1 << -ahead


class Inbound:
    """What they seal with one key.

    rollover: the count at which the stream stood under the key before, for who goes on counting.
    """

    def __init__(self, suite: Suite, key: Key, rollover: int = 0) -> None:
        self._sound = _Keys(suite, key, 0)
        self._reports = _Keys(suite, key, 3)
        self._tag = SUITES[suite].tag
        self._report_tag = 16 if self._sound.gcm else 10
        self._rollover = rollover
        self._streams: dict[int, _Stream] = {}
        self._reporters: dict[int, _Stream] = {}
        self._refused = 0
        self.latest = 0
        """The rollover counter of the last packet that was opened."""

    def open(self, packet: memoryview, address: int, length: int) -> int | None:
        """Open one SRTP packet where it lies. Answers its length then; _REFUSED if the seal is not theirs, None if it
        came before or is too old. What is refused is left as it was."""
        end = length - self._tag
        if end < 12 or packet[0] & 0xC0 != 0x80 or _start(packet, end) > end:
            return _REFUSED
        ssrc, sequence = int.from_bytes(packet[8:12]), int.from_bytes(packet[2:4])
        stream = self._streams.get(ssrc)
        replayed = False
        for index in self._indices(stream, sequence):
            if stream is not None and not stream.is_new(index):
                replayed = True
            elif self._opens(packet, address, end, ssrc, index):
                self._refused = 0
                self.latest = index >> 16
                if stream is not None:
                    stream.note(index)
                else:
                    self._remember(self._streams, ssrc, index)
                return end
        if replayed:
            return None
        self._refused += 1
        return _REFUSED

    def _indices(self, stream: _Stream | None, sequence: int) -> Iterator[int]:
        """Which packet this may be, the likeliest first (RFC 3711 §3.3.1)."""
        if stream is not None:
            rollover, last = stream.highest >> 16, stream.highest & 0xFFFF
            if last < 0x8000 and sequence - last > 0x8000:
                rollover -= 1
            elif last >= 0x8000 and last - 0x8000 > sequence:
                rollover += 1
            if rollover >= 0:
                yield rollover << 16 | sequence
            if self._refused >= LOST_COUNT:
                yield (rollover + 1) << 16 | sequence
            return
        # A stream whose first packets were lost may have wrapped meanwhile.
        for rollover in dict.fromkeys((0, 1, self._rollover, self._rollover + 1)):
            yield rollover << 16 | sequence

    def _opens(self, packet: memoryview, address: int, end: int, ssrc: int, index: int) -> bool:
        keys, start = self._sound, _start(packet, end)
        tag = packet[end : end + self._tag]
        if keys.gcm:
            opened = keys.cipher.unlock(
                keys.nonce(ssrc, index), bytes(packet[:start]), bytes(packet[start:end]), bytes(tag)
            )
            if opened is None:
                return False
            packet[start:end] = opened
            return True
        if not hmac.compare_digest(keys.tag(packet[:end], (index >> 16).to_bytes(4))[: self._tag], tag):
            return False
        keys.cipher.count(keys.counter(ssrc, index), address + start, end - start)
        return True

    @staticmethod
    def _remember(streams: dict[int, _Stream], ssrc: int, index: int) -> None:
        if len(streams) >= MOST_STREAMS:
            del streams[next(iter(streams))]
        streams[ssrc] = _Stream(index)

    def open_report(self, octets: bytes) -> bytes | None:
        """An SRTCP packet as the compound that it is; None: not theirs, or it came before."""
        keys = self._reports
        if len(octets) < _REPORT_HEADER + 4 + self._report_tag:
            return None
        if keys.gcm:
            sealed, tag, word = octets[_REPORT_HEADER:-20], octets[-20:-4], octets[-4:]
        else:
            sealed, word, tag = octets[_REPORT_HEADER:-14], octets[-14:-10], octets[-10:]
        head, ssrc, trailer = octets[:_REPORT_HEADER], int.from_bytes(octets[4:8]), int.from_bytes(word)
        index, stream = trailer & 0x7FFFFFFF, self._reporters.get(ssrc)
        # One that is signed and not encrypted (RFC 3711 §3.4, E = 0) is none that we agreed on.
        if not trailer & _ENCRYPTED or (stream is not None and not stream.is_new(index)):
            return None
        if keys.gcm:
            opened = keys.cipher.unlock(keys.nonce(ssrc, index), head + word, sealed, tag)
            if opened is None:
                return None
        else:
            if not hmac.compare_digest(keys.tag(octets[:-10], b"")[:10], tag):
                return None
            body = ctypes.create_string_buffer(sealed, len(sealed) + 1)
            keys.cipher.count(keys.counter(ssrc, index), ctypes.addressof(body), len(sealed))
            opened = body.raw[: len(sealed)]
        if stream is None:
            self._remember(self._reporters, ssrc, index)
        else:
            stream.note(index)
        return head + opened


def _start(packet: memoryview, length: int) -> int:
    """Where the payload begins: after CSRCs and extension, which stay readable. Beyond the length: it is no packet."""
    first = packet[0]
    start = 12 + 4 * (first & 0x0F)
    if first & 0x10:
        if start + 4 > length:
            return length + 1
        start += 4 + 4 * (packet[start + 2] << 8 | packet[start + 3])
    return start


def _layout(packets: NDArray[np.uint8]) -> tuple[int, int, int]:
    """Where the first packet lies, how far it is to the next, and the room of each."""
    if packets.strides[1] != 1:
        raise LocalError("a packet's octets must lie side by side")
    return packets.ctypes.data, packets.strides[0], packets.shape[1]


# ---- all rows ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Row:
    seal: Seal
    ours: Outbound
    theirs: Inbound
    former: Inbound | None = None
    opened: int = 0


class Seals:
    """The rows whose sound is sealed; the others cost nothing."""

    def __init__(self, rows: int) -> None:
        self._rows: dict[int, _Row] = {}
        self.sealed = np.zeros(rows, np.bool_)
        self.forged = np.zeros(rows, np.int64)
        """Packets whose seal was not the other side's, a row."""
        self.replayed = np.zeros(rows, np.int64)
        """Packets that came a second time, or far too late."""

    def __len__(self) -> int:
        return len(self._rows)

    def agree(self, row: int, seal: Seal | None) -> bool:
        """What was agreed for the row, at first or anew. True: our stream has another key, and must begin anew.

        A key that stays goes on counting. The one that they had before still opens what was under way.
        """
        known = self._rows.get(row)
        if seal is None:
            self.forget(row)
            return False
        if known is None:
            self._rows[row] = _Row(seal, Outbound(seal.suite, seal.ours), Inbound(seal.suite, seal.theirs))
            self.sealed[row] = True
            return False
        before, known.seal = known.seal, seal
        if (before.suite, before.theirs) != (seal.suite, seal.theirs):
            known.former, known.opened = known.theirs, 0
            known.theirs = Inbound(seal.suite, seal.theirs, known.theirs.latest)
        if (before.suite, before.ours) == (seal.suite, seal.ours):
            return False
        known.ours = Outbound(seal.suite, seal.ours)
        return True

    def forget(self, row: int) -> None:
        self._rows.pop(row, None)
        self.sealed[row] = False
        self.forged[row] = self.replayed[row] = 0

    def unseal(self, rows: NDArray[np.intp], octets: NDArray[np.uint8], lengths: NDArray[np.int64]) -> None:
        """Open every packet of a sealed row, in place. The length of one that is refused becomes -1.

        rows, lengths: (n,). octets: (n, room). Reports on the same port are left as they are: `reports` opens them.
        """
        chosen = np.flatnonzero(self.sealed[rows] & (lengths >= 0)).tolist()
        if not chosen:
            return
        address, step, room = _layout(octets)
        for k in chosen:
            length = int(lengths[k])
            packet = octets[k].data
            if length > 1 and reports.RTCP_TYPES[0] <= packet[1] & 0x7F <= reports.RTCP_TYPES[1]:
                continue
            lengths[k] = self._open(int(rows[k]), packet, address + k * step, length) if length <= room else _REFUSED

    def _open(self, row: int, packet: memoryview, address: int, length: int) -> int:
        known = self._rows[row]
        opened = known.theirs.open(packet, address, length)
        if known.former is not None:
            if opened is not None and opened >= 0:
                known.opened += 1
                if known.opened >= FORMER:
                    known.former = None
            elif opened == _REFUSED:
                opened = known.former.open(packet, address, length)
        if opened is None:
            self.replayed[row] += 1
            return _REFUSED
        if opened == _REFUSED:
            self.forged[row] += 1
        return opened

    @contextlib.contextmanager
    def sealed_for_sending(
        self, packets: NDArray[np.uint8], rows: NDArray[np.intp], lengths: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.int64]]]:
        """What to send while this lasts: these rows, sealed where they agreed on keys, and their lengths then.

        packets: (all rows, room); plain again afterwards, since what was sent last is looked at by who makes the next.
        lengths: (len(rows),), of packets[rows]. A row that must not send is left out.
        """
        sealed = rows[self.sealed[rows]]
        plain = packets[sealed]
        lengths = lengths.copy()
        self._seal(packets, rows, lengths)
        send = lengths > 0
        try:
            yield (rows, lengths) if send.all() else (rows[send], lengths[send])
        finally:
            packets[sealed] = plain

    def _seal(self, packets: NDArray[np.uint8], rows: NDArray[np.intp], lengths: NDArray[np.int64]) -> None:
        address, step, room = _layout(packets)
        for k in np.flatnonzero(self.sealed[rows]).tolist():
            row, length = int(rows[k]), int(lengths[k])
            fits = 0 < length <= room - _TAG_AT_MOST
            lengths[k] = self._rows[row].ours.seal(packets[row].data, address + row * step, length) if fits else 0

    def reports(self, row: int) -> reports.Seal | None:
        """How the row's reports are sealed from now on; to be asked anew after `agree`. None: they are plain."""
        if row not in self._rows:
            return None
        known = self._rows[row]
        return reports.Seal(seal=known.ours.seal_report, open=known.theirs.open_report)
