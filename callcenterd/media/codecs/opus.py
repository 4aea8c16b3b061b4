"""Opus at 8 kHz mono by libopus (RFC 6716; in RTP: RFC 7587, whose clock is 48 kHz whatever is inside).

The library is the one that PyAV's wheel brings along, the same on every machine; else the system's libopus0.
Whatever they send (stereo, full band, any frame length) libopus decodes to 8 kHz mono by itself. We send narrow band
at a constant quality of speech, with the frame before once more in each packet (in-band FEC) and without pauses (no
DTX): what stands behind us may take silence on the wire for a dead line.
"""

from __future__ import annotations

import ctypes
from collections.abc import Collection, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from callcenterd.errors import LocalError
from callcenterd.media.codecs.g711 import Samples
from callcenterd.media.codecs.native import Closed, Memory, Signature, inside_av, load

FRAMES = (10, 20, 40, 60)
"""Milliseconds in a packet of ours. 30 and 50 are no frame lengths of Opus (RFC 6716 §2.1.4)."""
BITS_PER_SECOND = 24_000
COMPLEXITY = 0
"""0 to 10. At this bit rate the least is also the nearest to what was said, for a third of the work of 5: the others
save bits that we do not need. docs/decisions/0011-codecs.md has the figures."""
EXPECTED_LOSS = 10
"""Percent, until reports say better. With 0 libopus leaves the repetition out, however FEC is switched."""
MOST_OCTETS = 400
"""Of a packet of ours."""
MOST_READ = 1500
"""Octets of a packet of theirs. Longer ones do not come through any network that we know."""

_RATE = 8000
_LONGEST = 960
"""Samples: 120 ms, the most that a packet can hold (RFC 6716 §3.2.5, R5)."""
_FRAME = 160
_STEP = 80

_VOIP = 2048
_SET_BITRATE, _SET_COMPLEXITY, _SET_INBAND_FEC, _SET_PACKET_LOSS, _SET_DTX = 4002, 4010, 4012, 4014, 4016
_RESET_STATE = 4028

_void, _int, _octets = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
SIGNATURES: Mapping[str, Signature] = {
    "opus_decoder_create": (_void, [ctypes.c_int32, _int, _void]),
    "opus_decoder_destroy": (None, [_void]),
    # The requests to `ctl` are variadic; those here take one int or none, which Linux passes like a fixed argument.
    "opus_decoder_ctl": (_int, [_void, _int, _int]),
    "opus_decode": (_int, [_void, _octets, ctypes.c_int32, _void, _int, _int]),
    "opus_packet_get_nb_samples": (_int, [_octets, ctypes.c_int32, ctypes.c_int32]),
    "opus_encoder_create": (_void, [ctypes.c_int32, _int, _int, _void]),
    "opus_encoder_destroy": (None, [_void]),
    "opus_encoder_ctl": (_int, [_void, _int, _int]),
    "opus_encode": (ctypes.c_int32, [_void, _octets, _int, _void, ctypes.c_int32]),
    "opus_get_version_string": (_octets, []),
}


SYSTEM = "libopus.so.0"
PLACES = (*inside_av("libopus"), SYSTEM)


@cache
def library(places: tuple[str, ...] = PLACES) -> ctypes.PyDLL:
    """Raises NoLibrary."""
    return load(places, SIGNATURES)


class Decoder:
    """frames.Decoder."""

    __slots__ = ("_address", "_library", "_memory", "_sound", "faults")

    def __init__(self, using: ctypes.PyDLL | None = None) -> None:
        """Raises NoLibrary."""
        self._library = using or library()
        self._memory = Memory(self._library.opus_decoder_create(_RATE, 1, None), self._library.opus_decoder_destroy)
        self._sound = np.zeros(_LONGEST, np.int16)
        self._address = self._sound.ctypes.data
        self.faults = 0

    def decode(self, payload: bytes) -> Samples:
        length = len(payload)
        if 0 < length <= MOST_READ:
            samples = self._library.opus_packet_get_nb_samples(payload, length, _RATE)
            if 0 < samples <= _LONGEST and samples % _STEP == 0 and self._decoded(payload, _LONGEST) == samples:
                return self._sound[:samples].copy()
        self.faults += 1
        return self.conceal()

    def conceal(self, following: bytes = b"") -> Samples:
        """By what the following packet repeats of the one that is missing (FEC), else by libopus' own guess (PLC)."""
        if 0 < len(following) <= MOST_READ and self._decoded(following, _FRAME, repeated=1) == _FRAME:
            return self._sound[:_FRAME].copy()
        if self._decoded(None, _FRAME) != _FRAME:
            self._sound[:_FRAME] = 0
        return self._sound[:_FRAME].copy()

    def _decoded(self, payload: bytes | None, room: int, repeated: int = 0) -> int:
        """Samples that are now in self._sound; below 0: a fault."""
        memory = self._memory.address
        if not memory:
            raise Closed("this decoder of Opus")
        length = len(payload) if payload else 0
        return int(self._library.opus_decode(memory, payload, length, self._address, room, repeated))

    def reset(self) -> None:
        if not self._memory.address:
            raise Closed("this decoder of Opus")
        self._library.opus_decoder_ctl(self._memory.address, _RESET_STATE, 0)

    def close(self) -> None:
        self._memory.close()


class Encoder:
    """frames.Encoder."""

    __slots__ = ("_address", "_library", "_memory", "_packet", "frames")

    def __init__(self, using: ctypes.PyDLL | None = None) -> None:
        """Raises NoLibrary."""
        self._library = using or library()
        made = self._library.opus_encoder_create(_RATE, 1, _VOIP, None)
        self._memory = Memory(made, self._library.opus_encoder_destroy)
        self._packet: NDArray[np.uint8] = np.zeros(MOST_OCTETS, np.uint8)
        self._address = self._packet.ctypes.data
        self.frames: Collection[int] = FRAMES
        for request, value in (
            (_SET_BITRATE, BITS_PER_SECOND),
            (_SET_COMPLEXITY, COMPLEXITY),
            (_SET_INBAND_FEC, 1),
            (_SET_PACKET_LOSS, EXPECTED_LOSS),
            (_SET_DTX, 0),
        ):
            self._ask(request, value)

    def encode(self, sound: Samples) -> bytes:
        memory = self._memory.address
        if not memory:
            raise Closed("this encoder of Opus")
        samples = len(sound)
        if samples % _STEP or samples // (_RATE // 1000) not in FRAMES:
            raise LocalError(f"{samples} samples are no frame of Opus")
        octets = self._library.opus_encode(memory, sound.tobytes(), samples, self._address, MOST_OCTETS)
        if octets <= 0:
            raise LocalError(f"libopus cannot encode: {octets}")
        return self._packet[:octets].tobytes()

    def expect_loss(self, percent: int) -> None:
        self._ask(_SET_PACKET_LOSS, min(100, max(0, percent)))

    def reset(self) -> None:
        self._ask(_RESET_STATE, 0)

    def _ask(self, request: int, value: int) -> None:
        if not self._memory.address:
            raise Closed("this encoder of Opus")
        answer = self._library.opus_encoder_ctl(self._memory.address, request, value)
        if answer:
            raise LocalError(f"libopus refuses request {request} with {value}: {answer}")

    def close(self) -> None:
        self._memory.close()
