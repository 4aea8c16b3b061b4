"""Shared libraries are found, checked, and give back what they took."""

from __future__ import annotations

import ctypes
import gc
import re
from pathlib import Path

import numpy as np
import pytest

from callcenterd.media.codecs import g722, opus
from callcenterd.media.codecs.native import Closed, Memory, NoLibrary, inside_av, load

ABS = {"abs": (ctypes.c_int, [ctypes.c_int])}
LIBC = "libc.so.6"


def resident_megabytes() -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    assert found is not None
    return int(found[1]) / 1024


def test_the_first_place_that_has_all_functions_is_taken() -> None:
    library = load(["libnot-there.so.9", LIBC], ABS)
    assert library.abs(-5) == 5


def test_a_library_that_lacks_a_function_is_passed_over_and_named() -> None:
    with pytest.raises(NoLibrary, match=r"libnot-there.so.9: .*; libc.so.6: .*g722_decode") as told:
        load(["libnot-there.so.9", LIBC], g722.SIGNATURES)
    assert len(told.value.tried) == 2


def test_no_place_is_no_library() -> None:
    with pytest.raises(NoLibrary):
        load([], ABS)


def test_the_libraries_keep_the_gil() -> None:
    """CDLL would give it away for each packet: docs/decisions/0011-codecs.md."""
    assert isinstance(opus.library(), ctypes.PyDLL)
    assert isinstance(g722.library(), ctypes.PyDLL)


def test_pyav_brings_libopus_along() -> None:
    paths = inside_av("libopus")
    assert len(paths) == 1
    assert load(paths, opus.SIGNATURES).opus_get_version_string().startswith(b"libopus 1.")


def test_what_pyav_does_not_bring_is_nowhere() -> None:
    assert inside_av("libspandsp") == []


def test_memory_is_given_back_once_by_close() -> None:
    given: list[int] = []
    memory = Memory(4711, given.append)
    memory.close()
    memory.close()
    del memory
    gc.collect()
    assert given == [4711]


def test_memory_that_nobody_knows_any_more_is_given_back() -> None:
    given: list[int] = []
    memory = Memory(4711, given.append)
    assert memory.address == 4711
    del memory
    gc.collect()
    assert given == [4711]


def test_a_library_without_memory_left_is_told() -> None:
    with pytest.raises(MemoryError):
        Memory(None, print)


def test_ten_thousand_streams_leave_nothing_behind() -> None:
    """An encoder of Opus takes 31 kB, a decoder 18: half a gigabyte, were they kept."""
    for _ in range(200):  # what the allocator keeps for itself
        opus.Encoder(), opus.Decoder(), g722.Encoder(), g722.Decoder()
    before = resident_megabytes()
    for n in range(10_000):
        streams = opus.Encoder(), opus.Decoder(), g722.Encoder(), g722.Decoder()
        if n % 2:
            for stream in streams:
                stream.close()
    del streams
    assert resident_megabytes() - before < 5


@pytest.mark.parametrize("kind", [opus.Decoder, g722.Decoder])
def test_a_closed_decoder_is_told_from_a_crash(kind: type[opus.Decoder | g722.Decoder]) -> None:
    decoder = kind()
    decoder.close()
    decoder.close()
    with pytest.raises(Closed):
        decoder.decode(bytes(160))
    with pytest.raises(Closed):
        decoder.reset()


@pytest.mark.parametrize("kind", [opus.Encoder, g722.Encoder])
def test_a_closed_encoder_is_told_from_a_crash(kind: type[opus.Encoder | g722.Encoder]) -> None:
    encoder = kind()
    encoder.close()
    encoder.close()
    with pytest.raises(Closed):
        encoder.encode(np.zeros(160, np.int16))
    with pytest.raises(Closed):
        encoder.reset()
