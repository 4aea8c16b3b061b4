"""Legs of every codec in one engine: each hears each, and what can pass unchanged does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from callcenterd.media.codecs import frames, g711
from callcenterd.media.facts import KeyHeard
from callcenterd.media.rtp import FRAME
from callcenterd.media.sdp import AudioFormat
from callcenterd.model.ids import LegId, RecordingId
from callcenterd.model.site import Codec
from tests.kit.tones import gaps, level, sweep, tone
from tests.media.test_dtmf import pressed
from tests.media.test_engine import Room
from tests.media.wire import Talker

NUMBERS: Mapping[Codec, int] = {"PCMA": 8, "PCMU": 0, "G722": 9, "opus": 107}
CODECS = tuple(NUMBERS)


def audio(codec: Codec, ptime: int = 20) -> AudioFormat:
    rate = 48000 if codec == "opus" else 8000
    return AudioFormat(payload_type=NUMBERS[codec], codec=codec, event_payload_type=101, event_rate=rate, ptime=ptime)


class Phone:
    """Speaks and hears one codec, at the other end of a leg."""

    def __init__(
        self,
        room: Room,
        number: int,
        codec: Codec,
        sound: NDArray[np.int16],
        ptime: int = 20,
        talker: Talker | None = None,
    ) -> None:
        """talker: of a leg that is there already."""
        self.codec, self.ptime, self.sound, self.said = codec, ptime, sound, 0
        self.talker = talker or room.leg(number, audio(codec, ptime))
        self.payloads: list[bytes] = []
        self._encoder = frames.encoder(codec) if codec in ("G722", "opus") else None

    def say(self, tick: int) -> None:
        """Packets of `ptime`, each as soon as its sound is over."""
        while (self.said + 1) * self.ptime <= (tick + 1) * 20:
            size = self.ptime * 8
            part = self.sound[self.said * size : (self.said + 1) * size]
            part = np.concatenate([part, np.zeros(size - len(part), np.int16)])
            law = g711.PCMU if self.codec == "PCMU" else g711.PCMA
            payload = self._encoder.encode(part) if self._encoder else g711.encode(part, law).tobytes()
            self.payloads.append(payload)
            self.talker.send(payload, kind=NUMBERS[self.codec])
            self.talker.timestamp += size * (6 if self.codec == "opus" else 1)
            self.said += 1

    def came(self) -> list[bytes]:
        sent = self.talker.wire.sent[self.talker.row]
        return [one[12:] for one in sent if one[1] & 127 == NUMBERS[self.codec]]

    def heard(self) -> NDArray[np.int16]:
        if self.codec not in g711.CODECS:
            decoder = frames.decoder(cast("frames.Coded", self.codec))
            return np.concatenate([decoder.decode(one) for one in self.came()])
        law = g711.PCMU if self.codec == "PCMU" else g711.PCMA
        return g711.decode(np.frombuffer(b"".join(self.came()), np.uint8), law)


def talk(room: Room, phones: list[Phone], ticks: int) -> None:
    def each(_: int) -> None:
        for phone in phones:
            phone.say(room.tick)
        room.tick += 1

    room.run(ticks, each)


@pytest.fixture
def room() -> Room:
    return Room()


def likeness(said: NDArray[np.int16], heard: NDArray[np.int16]) -> tuple[float, int]:
    """(signal to noise in dB at the best delay, that delay in samples); the level may differ."""
    size = 4000
    part = said[2000 : 2000 + size].astype(np.float64)
    best = (-99.0, 0)
    for delay in range(1200):
        other = heard[2000 + delay : 2000 + delay + size].astype(np.float64)
        if len(other) < size:
            break
        gain = float(part @ other) / float(part @ part)
        noise = other - gain * part
        ratio = 10 * math.log10(max(1e-9, gain * gain * float(part @ part) / max(1.0, float(noise @ noise))))
        best = max(best, (ratio, delay))
    return best


@pytest.mark.parametrize("theirs", CODECS)
@pytest.mark.parametrize("ours", CODECS)
def test_a_sweep_goes_from_every_codec_to_every_codec(room: Room, ours: Codec, theirs: Codec) -> None:
    """Golden audio: signal to noise, level and delay of each path.

    A codec's own delay counts: G.722 has 22 samples of filter (ITU-T G.722 §1), Opus 6.5 ms of look-ahead and its
    resampling each way.
    """
    a = Phone(room, 1, ours, sweep(400, 2600, 1.2))
    b = Phone(room, 2, theirs, tone(1000, 1.2))
    room.engine.bridge(LegId(1), LegId(2))
    talk(room, [a, b], 60)
    ratio, delay = likeness(a.sound, b.heard())
    least = 12 if "opus" in (ours, theirs) else 17 if "G722" in (ours, theirs) else 33
    assert ratio > least, (ratio, delay)
    assert delay <= (160 if "opus" in (ours, theirs) else 50 if "G722" in (ours, theirs) else 0)
    assert 7300 < level(a.heard()[2000:8000], 1000) < 8700
    assert gaps(a.heard()[400:8800], 1000, 6500) == []


@pytest.mark.parametrize("codec", ["G722", "opus"])
def test_one_codec_on_both_sides_is_not_decoded_and_encoded(room: Room, codec: Codec) -> None:
    a, b = (Phone(room, n, codec, sweep(300, 3000, 1.2)) for n in (1, 2))
    room.engine.bridge(LegId(1), LegId(2))
    talk(room, [a, b], 50)
    assert a.came() == b.payloads[:50]
    assert b.came() == a.payloads[:50]


def test_what_is_played_to_a_coded_leg_is_heard_and_then_the_other_again(room: Room) -> None:
    a, b = Phone(room, 1, "G722", tone(500, 3.0)), Phone(room, 2, "G722", tone(700, 3.0))
    room.engine.bridge(LegId(1), LegId(2))
    talk(room, [a, b], 30)
    room.engine.announce(LegId(1), 1, [tone(1400, 0.5)])  # type: ignore[arg-type]
    talk(room, [a, b], 60)
    heard = a.heard()
    assert level(heard[31 * 160 : 53 * 160], 1400) > 7000
    assert level(heard[31 * 160 : 53 * 160], 700) > 7000
    assert np.abs(heard.astype(np.int32)).max() < 18000
    assert gaps(heard[320:], 700, 6500) == []
    assert a.came()[-10:] == b.payloads[-10:]


@pytest.mark.parametrize("codec", ["G722", "opus"])
@pytest.mark.parametrize("ptime", [10, 20, 30, 40, 60])
def test_packets_of_every_length_come_and_go(room: Room, codec: Codec, ptime: int) -> None:
    if codec == "opus" and ptime == 30:
        ptime = 40  # Opus has no packets of 30 ms but as two frames
    a, b = Phone(room, 1, codec, tone(500, 2.4), ptime), Phone(room, 2, "PCMA", tone(700, 2.4))
    room.engine.bridge(LegId(1), LegId(2))
    talk(room, [a, b], 120)
    assert gaps(b.heard()[1600:], 500, 6500) == []
    assert gaps(a.heard()[1600:], 700, 6500) == []


@pytest.mark.parametrize("codec", ["G722", "opus"])
def test_a_coded_leg_is_recorded_and_its_keys_are_told(room: Room, codec: Codec) -> None:
    a, b = Phone(room, 1, codec, tone(500, 2.0)), Phone(room, 2, "PCMA", tone(700, 2.0))
    room.engine.bridge(LegId(1), LegId(2))
    room.engine.record(RecordingId("r"), Path("r.wav"), LegId(1), LegId(2))
    talk(room, [a, b], 50)
    for one in pressed("5", sequence=a.talker.sequence, timestamp=a.talker.timestamp, ssrc=1):
        a.talker.wire.waiting[a.talker.row].append((one, a.talker.address))
        a.talker.sequence += 1
    talk(room, [a, b], 10)
    room.engine.stop_recording(RecordingId("r"))
    left, right = room.keeper.sides("r")
    assert level(left[800:8000], 500) > 7000
    assert level(right[800:8000], 700) > 7000
    assert room.told(KeyHeard) == [KeyHeard(LegId(1), "5")]


@pytest.mark.parametrize("codec", ["G722", "opus"])
def test_a_codec_may_change_in_the_middle(room: Room, codec: Codec) -> None:
    """The phone turns to another codec by a new offer, and its stream goes on."""
    a, b = Phone(room, 1, "PCMA", tone(500, 1.0)), Phone(room, 2, "PCMA", tone(700, 3.0))
    room.engine.bridge(LegId(1), LegId(2))
    talk(room, [a, b], 30)
    room.engine.connect(LegId(1), a.talker.address, audio(codec), room.now)
    c = Phone(room, 1, codec, tone(500, 3.0), talker=a.talker)
    c.said = 30
    talk(room, [c, b], 60)
    assert gaps(b.heard()[35 * 160 :], 500, 6000) == []
    assert level(c.heard()[1600:], 700) > 7000
    assert b.heard().shape[0] == 90 * FRAME
