"""Things to keep, with what a test does not care about filled in."""

from __future__ import annotations

from typing import Any

from callcenterd.model.calls import CallRecord, RecordingRecord
from callcenterd.model.ids import CallId, RecordingId
from callcenterd.store.database import Store
from tests.kit.virtual import START


def call(name: str, **known: Any) -> CallRecord:
    filled: dict[str, Any] = {"direction": "inbound", "caller": "13800138000", "called": "02088886666"}
    return CallRecord(id=CallId(name), **(filled | {"started_at": START} | known))


async def begin(store: Store, *records: CallRecord) -> None:
    for record in records:
        await store.calls.begin(record)


def recording(name: str, of: str, **known: Any) -> RecordingRecord:
    filled: dict[str, Any] = {"path": f"2026/08/03/{name}.wav", "started_at": START}
    return RecordingRecord(id=RecordingId(name), call_id=CallId(of), **(filled | known))
