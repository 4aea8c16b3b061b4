"""The audit trail as a file to take away (ADM-03): a line for each field that a change has changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import Any, Literal

from callcenterd.clock import Clock
from callcenterd.errors import NotNow, Refused
from callcenterd.model.people import AuditEntry
from callcenterd.store.database import Store
from callcenterd.worker import sheets
from callcenterd.worker.pool import JobFailed, Worker

TrailForm = Literal["xlsx", "csv", "csv_gb18030"]
MOST_ENTRIES = 20_000
PIECE = 500
_JOB_SECONDS = 120.0
_NAME = ("审计记录", "Audit trail")
_TITLES = (
    ("时间", "Time", 20.0),
    ("操作人", "Who", 14.0),
    ("操作", "What", 26.0),
    ("对象", "Record", 22.0),
    ("字段", "Field", 18.0),
    ("修改前", "Before", 30.0),
    ("修改后", "After", 30.0),
    ("说明", "Details", 40.0),
)


class TrailFiles:
    def __init__(self, store: Store, clock: Clock, zone: tzinfo, worker: Worker) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._worker = worker

    async def export(
        self,
        wanted: dict[str, Any],
        form: TrailForm,
        language: str,
        by: str,
        as_seen: Callable[[Sequence[AuditEntry]], Sequence[AuditEntry]],
    ) -> bytes:
        """All entries that the conditions (as `store.audit.search` has them) find, newest first; who took them stands
        in the trail itself. as_seen: of each entry what they may see. Raises Refused: there are too many."""
        now = self._clock.utc()
        wanted = {**wanted, "until": min(wanted.get("until") or now, now)}  # what is written meanwhile shifts no page
        _, total = await self._store.audit.search(**wanted, limit=1)
        if total > MOST_ENTRIES:
            raise Refused("the file would be too long", {"since": f"at most {MOST_ENTRIES} entries go into one file"})
        chinese, rows = language == "zh-CN", list[list[sheets.Cell]]()
        for offset in range(0, total, PIECE):
            entries, _ = await self._store.audit.search(**wanted, limit=PIECE, offset=offset)
            rows += [row for entry in as_seen(entries) for row in _rows(entry)]
        kinds: list[sheets.Kind] = ["moment", *["text"] * (len(_TITLES) - 1)]  # type: ignore[list-item]  # both are
        columns = [
            sheets.Column(zh if chinese else en, kind, width)
            for (zh, en, width), kind in zip(_TITLES, kinds, strict=True)
        ]
        table = sheets.Table(_NAME[0 if chinese else 1], columns, rows)
        asked = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in wanted.items()}
        details = {"asked": {name: value for name, value in asked.items() if value}, "form": form, "rows": len(rows)}
        await self._store.audit.append(now, by, "audit.exported", "audit", details)
        try:
            if form == "xlsx":
                return await self._worker.run(sheets.xlsx, [table], table.name, self._zone, timeout=_JOB_SECONDS)
            encoding: sheets.Encoding = "utf-8-sig" if form == "csv" else "gb18030"
            return await self._worker.run(sheets.csv, table, encoding, self._zone, timeout=_JOB_SECONDS)
        except JobFailed as fault:
            raise NotNow("the file could not be made: ask for fewer rows") from fault


def _rows(entry: AuditEntry) -> list[list[sheets.Cell]]:
    begin: list[sheets.Cell] = [entry.at, entry.who, entry.what, entry.target]
    details = json.dumps(entry.details, ensure_ascii=False) if entry.details else ""
    if not entry.changes:
        return [[*begin, "", "", "", details]]
    return [
        [*begin, name, _said(before), _said(after), details if n == 0 else ""]
        for n, (name, (before, after)) in enumerate(entry.changes.items())
    ]


def _said(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
