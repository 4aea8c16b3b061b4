from __future__ import annotations

from pathlib import Path

import pytest

from callcenterd.model.calls import RecordingRecord
from callcenterd.model.ids import CallId, RecordingId
from tests.web.house import STAMP, House

OCTETS = bytes(range(256)) * 8


@pytest.fixture
async def recording(office: House) -> str:
    await office.keep_call("c1")
    return f"/api/v1/recordings/{await office.keep_recording('c1', OCTETS)}"


async def test_a_recording_is_the_file_as_it_was_written(office: House, recording: str) -> None:
    answer = await office.client.get(recording, headers=await office.as_("1001"))
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "audio/wav"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Content-Disposition"] == 'inline; filename="c1-1.wav"'
    assert await answer.read() == OCTETS


@pytest.mark.parametrize(
    ("wanted", "status", "octets"),
    [
        ("bytes=0-3", 206, OCTETS[:4]),
        ("bytes=100-", 206, OCTETS[100:]),
        ("bytes=-5", 206, OCTETS[-5:]),
        ("bytes=5000-", 416, None),
    ],
)
async def test_a_browser_fetches_the_parts_that_it_needs(
    office: House, recording: str, wanted: str, status: int, octets: bytes | None
) -> None:
    answer = await office.client.get(recording, headers={**await office.as_("1001"), "Range": wanted})
    assert answer.status == status
    if octets is not None:
        assert await answer.read() == octets


async def test_who_may_not_see_the_call_may_not_hear_it_nor_learn_that_there_is_one(
    office: House, recording: str
) -> None:
    assert (await office.client.get(recording)).status == 401
    headers = await office.as_("1003")
    hidden = await office.client.get(recording, headers=headers)
    unknown = await office.client.get("/api/v1/recordings/c9-1", headers=headers)
    assert hidden.status == unknown.status == 404
    assert (await hidden.text()).replace("c1-1", "?") == (await unknown.text()).replace("c9-1", "?")


async def test_a_recording_under_way_can_be_heard_after_the_call(office: House) -> None:
    await office.keep_call("c2")
    name = await office.keep_recording("c2", OCTETS, finished=False)
    answer = await office.client.get(f"/api/v1/recordings/{name}", headers=await office.as_("1001"))
    assert answer.status == 409
    assert (await answer.json())["error"]["code"] == "being_recorded"


async def test_a_file_that_is_gone_is_not_found(office: House, recording: str) -> None:
    (office.office.recordings / "2026/08/03/c1-1.wav").unlink()
    assert (await office.client.get(recording, headers=await office.as_("1001"))).status == 404


@pytest.mark.parametrize("path", ["../callcenter.db", "/etc/passwd", "2026/../../callcenter.db", "link.wav", ""])
async def test_no_row_of_the_database_leads_out_of_the_folder(office: House, tmp_path: Path, path: str) -> None:
    await office.keep_call("c3")
    (office.office.recordings / "link.wav").symlink_to(tmp_path / "callcenter.db")
    name = RecordingId("c3-1")
    await office.office.store.recordings.begin(
        RecordingRecord(id=name, call_id=CallId("c3"), path=path, started_at=STAMP)
    )
    await office.office.store.recordings.finish(
        name, finished_at=STAMP, seconds=1.0, octets=1, sha256="", complete=True
    )
    answer = await office.client.get(f"/api/v1/recordings/{name}", headers=await office.as_("root"))
    assert answer.status == 404
