from __future__ import annotations

import asyncio
import dataclasses
import re
import sqlite3
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from callcenterd.model import events
from callcenterd.model.ids import CallId
from callcenterd.web.health import LOOK_EVERY, TICK_STOPPED, WATCH, Watch
from tests.kit.virtual import VirtualClock
from tests.store.rows import leg_sound
from tests.web.house import STAMP, House


async def health(office: House) -> tuple[int, dict[str, Any]]:
    answer = await office.client.get("/healthz")
    return answer.status, await answer.json()


async def test_a_well_office_is_ok(office: House) -> None:
    status, body = await health(office)
    assert status == 200
    assert body["status"] == "ok"
    assert body["reasons"] == []
    assert body["draining"] is False


async def test_a_late_media_tick_is_a_reason(office: House) -> None:
    office.ticks.late_ms_p99 = 37.0
    assert await health(office) == (
        200,
        {
            "status": "degraded",
            "version": "0.1.0",
            "draining": False,
            "webrtc": "idle",
            "reasons": ["media: tick 37.0 ms late (p99 of ten seconds)"],
        },
    )


async def test_a_late_loop_is_a_reason(office: House) -> None:
    office.app[WATCH].look(office.office.clock.monotonic(), late=61.0)
    _, body = await health(office)
    assert body["reasons"] == ["loop: 61.000 s late"]


async def test_a_database_that_does_not_answer_is_a_reason(office: House, tmp_path: Path) -> None:
    await office.office.store.close()
    with sqlite3.connect(tmp_path / "callcenter.db") as other:
        other.execute("PRAGMA journal_mode=DELETE")
    other.close()
    (tmp_path / "callcenter.db").write_bytes(b"this is no database" * 100)
    status, body = await health(office)
    assert status == 503
    assert body["reasons"][0].startswith("database: ")


async def test_a_media_thread_that_stands_still_is_noticed(office: House) -> None:
    """In virtual time: the watch looks, the tick does not move."""
    clock = VirtualClock()
    watch = Watch(dataclasses.replace(office.office, clock=clock))
    office.ticks.stands = True
    watch.look(clock.move(LOOK_EVERY), late=0.0)
    assert watch.stopped_for() == 0.0
    for _ in range(4):
        watch.look(clock.move(LOOK_EVERY), late=0.0)
    assert watch.stopped_for() == 4 * LOOK_EVERY > TICK_STOPPED
    office.ticks.stands = False
    watch.look(clock.move(LOOK_EVERY), late=0.0)
    assert watch.stopped_for() == 0.0


async def test_how_late_the_loop_was_fades_slowly(office: House) -> None:
    watch = office.app[WATCH]
    watch.look(0.0, late=80.0)
    assert (watch.late, watch.worst) == (80.0, 80.0)
    watch.look(0.5, late=0.0)
    assert watch.late == 0.0
    assert 70.0 < watch.worst < 80.0


async def test_metrics_are_prometheus_text_with_every_room_in_it(office: House) -> None:
    await office.client.get("/api/v1/calls/secret-call-id", headers=await office.as_("1001"))
    await office.client.get("/api/v1/nowhere")
    answer = await office.client.get("/metrics")
    text = await answer.text()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert {
        "callcenterd_calls_live",
        "callcenterd_sip_requests",
        "callcenterd_media_tick_late_seconds",
        "callcenterd_queue_waiting",
        "callcenterd_trunk_up",
        "callcenterd_http_requests",
        "callcenterd_streams_open",
        "callcenterd_loop_late_seconds",
        "callcenterd_history_failed",
    } <= set(families)
    late = {
        sample.labels["le"]: sample.value
        for sample in families["callcenterd_media_tick_late_seconds"].samples
        if sample.name.endswith("_bucket")
    }
    assert late == {"0.0005": 8.0, "0.001": 9.0, "0.02": 10.0, "+Inf": 10.0}
    routes = {sample.labels["route"] for sample in families["callcenterd_http_requests"].samples}
    assert {"/api/v1/calls/{id}", "none"} <= routes
    assert "secret-call-id" not in text
    assert not re.search(r'"[^"]*1001|张三', text)  # in a label; a number of seconds may have these digits


async def test_how_calls_sound_is_counted_by_whose_ear_hears_them(office: House) -> None:
    """Bounded: no codec, number or trunk of a caller's choosing becomes a label."""
    await office.keep_call("c1")
    heard = leg_sound(1, lost=10, received=190, mos=3.7, jitter_ms=6.0)
    both = leg_sound(2, lost_there=50, sent=1000, jitter_there_ms=30.0, mos_there=3.2, round_trip_ms=120.0)
    short = leg_sound(3, mos=None)
    for sound in (heard, both, short):
        office.office.bus.publish(events.CallSounded(at=STAMP, call=CallId("c1"), sound=sound, mos=3.2))
    families = {
        family.name: family
        for family in text_string_to_metric_families(await (await office.client.get("/metrics")).text())
    }

    def told(name: str, ear: str | None) -> tuple[float, float]:
        """How many, and their sum."""
        samples = families[f"callcenterd_leg_{name}"].samples
        [count] = [s.value for s in samples if s.name.endswith("_count") and s.labels.get("ear") == ear]
        [total] = [s.value for s in samples if s.name.endswith("_sum") and s.labels.get("ear") == ear]
        return count, round(total, 4)

    assert told("mos", "here") == (2, 8.08)
    assert told("mos", "there") == (1, 3.2)
    assert told("loss_ratio", "here") == (2, 0.05)
    assert told("loss_ratio", "there") == (1, 0.05)
    assert told("jitter_seconds", "here") == (2, 0.0075)
    assert told("jitter_seconds", "there") == (1, 0.03)
    assert told("round_trip_seconds", None) == (1, 0.12)


async def test_metrics_can_be_asked_for_at_the_same_time_as_anything(office: House) -> None:
    answers = await asyncio.gather(*(office.client.get("/metrics") for _ in range(5)))
    assert {answer.status for answer in answers} == {200}


async def test_a_gateway_that_is_down_is_a_reason(office: House) -> None:
    """Calls on phones go on: it is degraded, and no fault of the whole."""
    office.gateway.state = "down"
    async with office.client.get("/healthz") as answer:
        said = await answer.json()
    assert (answer.status, said["status"], said["webrtc"]) == (200, "degraded", "down")
    assert said["reasons"] == ["webrtc: no gateway, pages cannot be phones"]
