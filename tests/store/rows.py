"""Things to keep, with what a test does not care about filled in."""

from __future__ import annotations

from typing import Any

from callcenterd.model.calls import CallRecord, LegSound, RecordingRecord
from callcenterd.model.ids import CallId, RecordingId
from callcenterd.store.database import Store
from tests.kit.virtual import START


def call(name: str, **known: Any) -> CallRecord:
    filled: dict[str, Any] = {"direction": "inbound", "caller": "13800138000", "called": "02088886666"}
    return CallRecord(id=CallId(name), **(filled | {"started_at": START} | known))


async def begin(store: Store, *records: CallRecord) -> None:
    for record in records:
        await store.calls.begin(record)


def leg_sound(leg: int, **known: Any) -> LegSound:
    """Of a clean leg of ten seconds."""
    counts = dict.fromkeys(("lost", "late", "duplicates", "concealed", "strangers", "junk"), 0)
    talk = ("together", "talk", "over_talk", "quiet", "longest_quiet")
    filled: dict[str, Any] = {
        **counts,
        **dict.fromkeys((f"{name}_seconds" for name in talk), 0.0),
        "side": "caller",
        "number": "13800138000",
        "codec": "PCMA",
        "received": 500,
        "sent": 500,
        "jitter_ms": 1.5,
        "jitter_ms_max": 4.0,
        "mos": 4.38,
        **dict.fromkeys(("extension", "trunk", "lost_there", "jitter_there_ms", "round_trip_ms", "mos_there")),
    }
    return LegSound(leg=leg, **(filled | known))


def recording(name: str, of: str, **known: Any) -> RecordingRecord:
    filled: dict[str, Any] = {"path": f"2026/08/03/{name}.wav", "started_at": START}
    return RecordingRecord(id=RecordingId(name), call_id=CallId(of), **(filled | known))
