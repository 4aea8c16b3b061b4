"""Codecs by their names: what each machine can speak, and the slower ways where something is missing."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from callcenterd.media.codecs import frames, g722, g722_pyav, opus
from callcenterd.media.codecs.frames import CannotSpeak, Coded, Decoder, Encoder, Places
from tests.media.codecs.likeness import distance_db, frames_of, likeness, speech

BARE = Places(libopus=("libopus-gone.so",), spandsp=("libspandsp-gone.so",))
SPOKEN: tuple[Coded, ...] = ("G722", "opus")


def test_a_machine_that_was_set_up_speaks_them_all() -> None:
    assert get_args(Coded) == frames.CODED
    assert frames.available() == ("G722", "opus", "G729")
    assert frames.available(["opus"]) == ("opus",)
    assert frames.available([]) == ()


def test_without_the_libraries_g722_goes_on_by_pyav_and_opus_is_not_offered() -> None:
    g722_pyav.tell_once.cache_clear()
    with capture_logs() as told:
        assert frames.available(places=BARE) == ("G722", "G729")
        assert isinstance(frames.decoder("G722", BARE), g722_pyav.Decoder)
        assert isinstance(frames.encoder("G722", BARE), g722_pyav.Encoder)
    assert [line["event"] for line in told] == ["G.722 by PyAV, slower", "a codec cannot be spoken"]
    assert "libspandsp2" in told[0]["remedy"]
    assert "libopus-gone.so" in told[1]["why"]


def test_without_pyav_the_systems_libraries_do_for_all_but_g729() -> None:
    """In a process of its own, in which PyAV cannot be imported."""
    program = (
        "import sys; sys.modules['av'] = None\n"
        "from callcenterd.media.codecs import frames, opus\n"
        "print(*opus.PLACES, *frames.available())\n"
        "print(*frames.available(places=frames.Places(spandsp=())))\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    lines = [line for line in ran.stdout.splitlines() if "warning" not in line]
    assert lines == [f"{opus.SYSTEM} G722 opus", "opus"]


def test_pyav_is_not_imported_for_what_the_libraries_can_do() -> None:
    program = (
        "import sys\n"
        "from callcenterd.media.codecs import frames\n"
        "print(*frames.available(['G722', 'opus']), 'av' in sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout == "G722 opus False\n"


def test_g729_can_only_be_heard() -> None:
    with pytest.raises(CannotSpeak, match="G729: it can be decoded only") as told:
        frames.encoder("G729")
    assert told.value.codec == "G729"


def test_a_missing_library_is_named() -> None:
    for make in (frames.decoder, frames.encoder):
        with pytest.raises(CannotSpeak, match=r"opus: libopus-gone\.so: "):
            make("opus", BARE)


@pytest.mark.parametrize("codec", SPOKEN)
def test_speech_through_a_codec_by_its_name(codec: Coded) -> None:
    encoder, decoder = frames.encoder(codec), frames.decoder(codec)
    encoder.expect_loss(5)
    heard = np.concatenate([decoder.decode(encoder.encode(frame)) for frame in frames_of(speech())])
    assert distance_db(speech(), heard, round(likeness(speech(), heard).delay)) < 2.0
    for milliseconds in encoder.frames:
        assert len(decoder.decode(encoder.encode(speech()[: 8 * milliseconds]))) == 8 * milliseconds
    encoder.close()
    decoder.close()


@given(st.lists(st.tuples(st.sampled_from(frames.CODED), st.binary(max_size=1500)), max_size=8))
def test_whatever_comes_is_answered_with_whole_10_ms(packets: list[tuple[Coded, bytes]]) -> None:
    decoders = {codec: frames.decoder(codec) for codec, _ in packets}
    for codec, payload in packets:
        for sound in (decoders[codec].decode(payload), decoders[codec].conceal(payload), decoders[codec].conceal()):
            assert sound.dtype == np.int16
            assert sound.shape in {(80 * n,) for n in range(1, 13)}


@pytest.mark.parametrize("native", [(True, True, True), (False, False, False), (True, False, True)], ids=str)
def test_many_legs_at_once_are_as_one_by_one_by_either_way(native: tuple[bool, ...]) -> None:
    sounds = np.stack([speech()[n * 1600 :][:160] for n in range(len(native))])

    def encoders() -> list[Encoder]:
        return [g722.Encoder() if one else g722_pyav.Encoder() for one in native]

    def decoders() -> list[Decoder]:
        return [g722.Decoder() if one else g722_pyav.Decoder() for one in native]

    octets, heard = np.zeros((len(native), 160), np.uint8), np.zeros((len(native), 160), np.int16)
    frames.encode_g722(encoders(), sounds, octets)
    frames.decode_g722(decoders(), octets, heard)
    for n, (encoder, decoder) in enumerate(zip(encoders(), decoders(), strict=True)):
        packet = encoder.encode(sounds[n])
        assert octets[n].tobytes() == packet
        assert np.array_equal(heard[n], decoder.decode(packet))
