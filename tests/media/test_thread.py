"""The media room's door on real sockets and real time: two phones hear each other, and a recording is left."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from callcenterd.clock import SystemClock
from callcenterd.demo.sound import Talk
from callcenterd.media.facts import KeyHeard, MediaFact, PlayEnded, RecordingClosed
from callcenterd.media.sdp import AudioFormat
from callcenterd.media.sockets import NoPorts, PlainSockets, open_sockets
from callcenterd.media.thread import Media
from callcenterd.model.ids import LegId, RecordingId
from tests.kit.tones import level, read_stereo_alaw, tone

ALAW = AudioFormat(payload_type=8, codec="PCMA", event_payload_type=101)


class Listening:
    """Facts as they come, and a way to wait for one."""

    def __init__(self) -> None:
        self.facts: list[MediaFact] = []
        self._came = asyncio.Condition()

    def tell(self, fact: MediaFact) -> None:
        self.facts.append(fact)
        asyncio.ensure_future(self._notify())  # noqa: RUF006  # done before anything else runs

    async def _notify(self) -> None:
        async with self._came:
            self._came.notify_all()

    async def wait_for(self, kind: type[MediaFact]) -> MediaFact:
        async with asyncio.timeout(20), self._came:
            await self._came.wait_for(lambda: any(isinstance(fact, kind) for fact in self.facts))
        return next(fact for fact in self.facts if isinstance(fact, kind))


@pytest.mark.parametrize("plain", [False, True])
async def test_two_phones_hear_each_other_and_are_recorded(tmp_path: Path, *, plain: bool) -> None:
    listening = Listening()
    media = Media(
        clock=SystemClock(),
        ports=range(43000, 43100),
        tell=listening.tell,
        recordings=tmp_path,
        sockets=PlainSockets if plain else open_sockets,
    )
    media.start(asyncio.get_running_loop())
    phones: list[tuple[LegId, Talk]] = []
    for host in ("127.0.0.3", "127.0.0.4"):
        talk = Talk("PCMA", random.Random(1))
        await talk.open(host)
        leg, port = media.open_leg("127.0.0.1")
        talk.start(("127.0.0.1", port), "PCMA", 101)
        media.connect(leg, (host, talk.port), ALAW)
        phones.append((leg, talk))
    (a, caller), (b, agent) = phones
    media.bridge(a, b)
    media.record(RecordingId("r"), Path("day/r.wav"), a, b)
    await asyncio.gather(caller.say(tone(440, 1.5)), agent.say(tone(1000, 1.5)))
    caller.press("7")
    assert await listening.wait_for(KeyHeard) == KeyHeard(a, "7")
    play = media.play(a, [tone(600, 0.2)])
    assert await listening.wait_for(PlayEnded) == PlayEnded(a, play, finished=True)
    media.stop_recording(RecordingId("r"))
    closed = await listening.wait_for(RecordingClosed)
    media.stop()
    for talk in (caller, agent):
        talk.close()
    assert level(agent.heard()[1600:9600], 440) > 6500
    assert level(caller.heard()[1600:9600], 1000) > 6500
    assert isinstance(closed, RecordingClosed)
    assert (closed.complete, closed.path) == (True, tmp_path / "day/r.wav")
    left, right = read_stereo_alaw(closed.path)
    assert (level(left[1600:9600], 440) > 6500, level(right[1600:9600], 1000) > 6500) == (True, True)
    assert media.lateness().faults == 0


async def test_when_all_ports_are_taken_a_leg_is_refused_and_one_that_ends_makes_room(tmp_path: Path) -> None:
    media = Media(clock=SystemClock(), ports=range(43200, 43204), tell=lambda _: None, recordings=tmp_path)
    media.start(asyncio.get_running_loop())
    legs = [media.open_leg("127.0.0.1")[0] for _ in range(2)]
    with pytest.raises(NoPorts):
        media.open_leg("127.0.0.1")
    media.close_leg(legs[0])
    async with asyncio.timeout(10):
        while True:
            try:
                media.open_leg("127.0.0.1")
                break
            except NoPorts:
                await asyncio.sleep(0.02)  # the order is done in the next tick
    media.stop()
