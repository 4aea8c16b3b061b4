from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from callcenterd import sealed
from callcenterd.media.codecs import g711
from callcenterd.media.recording import Recording
from callcenterd.model import events
from callcenterd.model.calls import RecordingRecord
from callcenterd.model.ids import CallId, RecordingId
from callcenterd.sealed import add_key, read_keys
from callcenterd.switchboard.archive import Rules
from tests.kit.tones import tone
from tests.web.house import STAMP, House, house
from tests.web.test_rooms import settled

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


RANGES = pytest.mark.parametrize(
    ("wanted", "status", "octets"),
    [
        ("bytes=0-3", 206, OCTETS[:4]),
        ("bytes=100-", 206, OCTETS[100:]),
        ("bytes=290-310", 206, OCTETS[290:311]),
        ("bytes=2040-9999", 206, OCTETS[2040:]),
        ("bytes=-5", 206, OCTETS[-5:]),
        ("bytes=5000-", 416, None),
        ("bytes=2048-", 416, None),
    ],
)


@RANGES
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


async def test_who_asks_the_moment_a_recording_is_closed_gets_it(office: House) -> None:
    """That it is closed is told, and not written yet."""
    await office.keep_call("c1")
    name = await office.keep_recording("c1", OCTETS, finished=False)
    boss = await office.as_("boss")
    office.office.bus.publish(
        events.RecordingFinished(
            at=office.office.clock.utc(), recording=name, call=CallId("c1"), seconds=1.0, octets=len(OCTETS),
            sha256="", complete=True,
        )
    )  # fmt: skip
    assert (await office.client.get(f"/api/v1/recordings/{name}", headers=boss)).status == 200


async def test_a_file_that_is_gone_is_not_found(office: House, recording: str) -> None:
    (office.recordings / "2026/08/03/c1-1.wav").unlink()
    assert (await office.client.get(recording, headers=await office.as_("1001"))).status == 404


@pytest.mark.parametrize("path", ["../callcenter.db", "/etc/passwd", "2026/../../callcenter.db", "link.wav", ""])
async def test_no_row_of_the_database_leads_out_of_the_folder(office: House, tmp_path: Path, path: str) -> None:
    await office.keep_call("c3")
    (office.recordings / "link.wav").symlink_to(tmp_path / "callcenter.db")
    name = RecordingId("c3-1")
    await office.office.store.recordings.begin(
        RecordingRecord(id=name, call_id=CallId("c3"), path=path, started_at=STAMP)
    )
    await office.office.store.recordings.finish(
        name, finished_at=STAMP, seconds=1.0, octets=1, sha256="", complete=True
    )
    answer = await office.client.get(f"/api/v1/recordings/{name}", headers=await office.as_("root"))
    assert answer.status == 404


# ---- sealed ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def sealing_office(tmp_path: Path, database: Path) -> AsyncIterator[House]:
    """One whose recordings are sealed."""
    shutil.copy(database, tmp_path / "callcenter.db")
    add_key(tmp_path / "keys")
    async with house(tmp_path, rules=Rules(key_file=tmp_path / "keys")) as opened:
        yield opened


@pytest.fixture
async def sealed_recording(sealing_office: House, tmp_path: Path) -> str:
    await sealing_office.keep_call("c1")
    octets = b"".join(sealed.sealed(read_keys(tmp_path / "keys"), OCTETS, 300))
    return f"/api/v1/recordings/{await sealing_office.keep_recording('c1', octets)}"


@RANGES
async def test_a_sealed_recording_is_opened_for_who_may_hear_it_whole_and_in_parts(
    sealing_office: House, sealed_recording: str, wanted: str, status: int, octets: bytes | None
) -> None:
    client, headers = sealing_office.client, await sealing_office.as_("1001")
    whole = await client.get(sealed_recording, headers=headers)
    assert (whole.status, whole.headers["Content-Length"], await whole.read()) == (200, str(len(OCTETS)), OCTETS)
    assert (whole.headers["Content-Type"], whole.headers["Accept-Ranges"]) == ("audio/wav", "bytes")
    answer = await client.get(sealed_recording, headers={**headers, "Range": wanted})
    assert answer.status == status
    if octets is not None:
        assert await answer.read() == octets
        first, last = answer.headers["Content-Range"].removeprefix("bytes ").removesuffix("/2048").split("-")
        assert OCTETS[int(first) : int(last) + 1] == octets
    else:
        assert answer.headers["Content-Range"] == "bytes */2048"
    assert (await client.get(sealed_recording, headers=await sealing_office.as_("1003"))).status == 404
    head = await client.head(sealed_recording, headers=headers)
    assert (head.status, head.headers["Content-Length"], await head.read()) == (200, "2048", b"")


async def test_a_part_of_what_may_have_changed_is_all_of_it(sealing_office: House, sealed_recording: str) -> None:
    headers = {**await sealing_office.as_("1001"), "Range": "bytes=0-3", "If-Range": '"an-older-one"'}
    answer = await sealing_office.client.get(sealed_recording, headers=headers)
    assert (answer.status, await answer.read()) == (200, OCTETS)


@pytest.mark.parametrize("how", ["changed", "cut", "no key"])
async def test_a_sealed_recording_that_cannot_be_opened_is_said_so(
    sealing_office: House, sealed_recording: str, tmp_path: Path, how: str
) -> None:
    path = sealing_office.recordings / "2026/08/03/c1-1.wav"
    octets = bytearray(path.read_bytes())
    if how == "changed":
        octets[40] ^= 1
    elif how == "cut":
        del octets[-28:]
    else:
        octets[8:16] = bytes(8)
    path.write_bytes(octets)
    answer = await sealing_office.client.get(sealed_recording, headers=await sealing_office.as_("1001"))
    assert answer.status == 503
    assert (await answer.json())["error"]["code"] == "unavailable"


# ---- finished, and their peaks --------------------------------------------------------------------------------


async def keep_tones(office: House, folder: Path) -> RecordingId:
    """Two seconds from the left, then two from the right."""
    sides = np.zeros((32000, 2), np.int16)
    sides[:16000, 0], sides[16000:, 1] = tone(440, 2.0), tone(1000, 2.0)
    with Recording(folder / "tones.wav") as recording:
        recording.append(g711.encode(sides, g711.PCMA).tobytes())
    await office.keep_call("c1")
    return await office.keep_recording("c1", (folder / "tones.wav").read_bytes())


async def test_a_finished_recording_says_what_it_is(office: House, tmp_path: Path) -> None:
    name = await keep_tones(office, tmp_path)
    await office.office.archive.look()
    answer = await office.client.get(f"/api/v1/recordings/{name}", headers=await office.as_("1001"))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "audio/ogg")
    assert answer.headers["Content-Disposition"] == 'inline; filename="c1-1.opus"'
    whole = await answer.read()
    assert whole.startswith(b"OggS")
    headers = {**await office.as_("1001"), "Range": "bytes=100-199"}
    part = await office.client.get(f"/api/v1/recordings/{name}", headers=headers)
    assert (part.status, await part.read()) == (206, whole[100:200])


async def test_peaks_tell_who_spoke_when(office: House, tmp_path: Path) -> None:
    address = f"/api/v1/recordings/{await keep_tones(office, tmp_path)}/peaks"
    headers = await office.as_("1001")
    for looks in (0, 1):
        for _ in range(looks):
            await office.office.archive.look()
        answer = await office.client.get(f"{address}?points=8", headers=headers)
        peaks = await answer.json()
        assert (answer.status, peaks["seconds"]) == (200, 4.0)
        assert [level > 50 for level in peaks["left"]] == [True] * 4 + [False] * 4
        assert [level > 50 for level in peaks["right"]] == [False] * 4 + [True] * 4
    assert len((await (await office.client.get(address, headers=headers)).json())["left"]) == 80
    assert (await office.client.get(address, headers=await office.as_("1003"))).status == 404
    assert (await office.client.get(address)).status == 401
    for wrong in ("0", "20001", "many"):
        assert (await office.client.get(f"{address}?points={wrong}", headers=headers)).status == 422


async def test_peaks_of_what_is_no_sound_are_said_to_be_unavailable(office: House, recording: str) -> None:
    answer = await office.client.get(f"{recording}/peaks", headers=await office.as_("1001"))
    assert answer.status == 503


# ---- what endangers them --------------------------------------------------------------------------------------


async def test_a_disk_that_takes_no_recordings_is_seen_by_who_looks_after_the_server(office: House) -> None:
    await office.keep_call("c1")
    office.board.bus.publish(
        events.RecordingFailed(
            at=STAMP, recording=RecordingId("c1-1"), call=CallId("c1"), why="No space left on device"
        )
    )
    health = await (await office.client.get("/healthz")).json()
    assert (health["status"], health["reasons"]) == ("degraded", ["recordings: the disk does not take them"])
    alarms = await (await office.client.get("/api/v1/alarms", headers=await office.as_("boss"))).json()
    assert [(alarm["kind"], alarm["why"]) for alarm in alarms["recordings"]] == [("failed", "No space left on device")]
    assert "callcenterd_recordings_alarms 1.0" in await (await office.client.get("/metrics")).text()


async def test_what_is_not_recorded_and_files_of_nobody_are_reasons_and_figures(office: House) -> None:
    await office.keep_call("c1")
    call, recording = CallId("c1"), RecordingId("c1-9")
    office.board.bus.publish(events.RecordingStarted(at=STAMP, recording=recording, call=call, path="c1-9.wav"))
    office.board.coverage.stopped(recording)
    office.board.bus.publish(  # nine seconds shorter than the moment that the conversation took
        events.RecordingFinished(
            at=STAMP, recording=recording, call=call, seconds=-9.0, octets=44, sha256="0" * 64, complete=True
        )
    )
    office.office.archive.custody.orphans = ("2026/08/03/stranger.wav",)
    health = await (await office.client.get("/healthz")).json()
    assert health["status"] == "degraded"
    assert health["reasons"] == [
        "recordings: a conversation is not in them as a whole",
        "recordings: 1 files belong to no call",
    ]
    figures = await (await office.client.get("/metrics")).text()
    assert "callcenterd_recordings_orphans 1.0" in figures


# ---- at one's own phone ---------------------------------------------------------------------------------------------


async def test_a_recording_is_heard_at_ones_own_phone(office: House) -> None:
    both = np.stack([g711.encode(tone(440, 3.0), g711.PCMA)] * 2, axis=1).tobytes()
    await office.keep_call("c1")
    name = await office.keep_recording("c1", b"")
    path = office.recordings / f"2026/08/03/{name}.wav"
    path.unlink()
    with Recording(path) as kept:
        kept.append(both)
    url = f"/api/v1/recordings/{name}/replay"

    async def asked(body: object, login: str = "1001") -> int:
        answer = await office.client.post(url, json=body, headers=await office.as_(login))
        return answer.status

    office.registers("1001")
    assert await asked({}, "root") == 409, "who asks has no phone"
    assert await asked({"extension": "77"}) == 404
    assert await asked({"extension": "1001"}, "1003") == 404, "a stranger's call"
    assert await asked({"extension": "1001", "begin": 3.0}) == 422
    assert await asked({"extension": "1001", "begin": -1}) == 422
    assert office.sip.placed == []
    assert await asked({"begin": 1.5}) == 204
    assert office.sip.placed[-1][1] == "1001"
    assert await asked({"extension": "1001"}) == 409, "it rings already"
    office.answers()
    await settled()
    assert office.board.journeys == {}, "no call of the office"
    trail, _ = await office.office.store.audit.search(what="recording.played", target=f"recording/{name}", limit=9)
    assert [entry.who for entry in trail] == ["1001"]
    path.write_bytes(b"RIFF")
    assert await asked({"extension": "1002"}) == 503, "nobody is rung for what cannot be opened"
