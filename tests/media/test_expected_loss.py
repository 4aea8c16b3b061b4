"""What a phone reports as lost, its Opus is coded for: each packet holds the one before in better quality."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callcenterd.media import rtcp
from callcenterd.media.rtcp import Block, Report
from callcenterd.model.ids import LegId
from tests.kit.tones import sweep
from tests.media.test_coded_legs import Phone, audio, talk
from tests.media.test_engine import Room
from tests.media.test_reports import hear, reported

REPORT_AT, END = 50, 120


def sent_by_us(fraction: int | None, *, about_us: bool = True) -> list[bytes]:
    """Opus that a phone is sent while another talks in A-law. fraction: that it reports as lost, of 256."""
    room = Room()
    listens, talks = Phone(room, 1, "opus", sweep(300, 400, 2.4)), Phone(room, 2, "PCMA", sweep(400, 3000, 2.4))
    agreed = replace(audio("opus"), reports=reported(1))
    room.engine.connect(LegId(1), listens.talker.address, agreed, room.now, 901)
    room.engine.bridge(LegId(1), LegId(2))
    talk(room, [listens, talks], REPORT_AT)
    if fraction is not None:
        ours = int.from_bytes(room.wire.sent[listens.talker.row][0][8:12]) if about_us else 4711
        hear(room, listens.talker, rtcp.write(Report(1, (Block(ours, fraction, 5, 0, 0, 0, 0),)), "x"))
    talk(room, [listens, talks], END - REPORT_AT)
    return listens.came()


def test_a_report_of_loss_changes_how_opus_is_coded_from_then_on() -> None:
    usual, lossy = sent_by_us(None), sent_by_us(64)
    assert len(usual) == len(lossy)
    assert usual[: REPORT_AT - 1] == lossy[: REPORT_AT - 1]
    assert usual[REPORT_AT + 5 :] != lossy[REPORT_AT + 5 :]


@pytest.mark.parametrize("fraction", [0, 12, 25])
def test_less_loss_than_the_usual_changes_nothing(fraction: int) -> None:
    assert sent_by_us(fraction) == sent_by_us(None)


def test_a_report_about_another_stream_changes_nothing() -> None:
    assert sent_by_us(64, about_us=False) == sent_by_us(None)
