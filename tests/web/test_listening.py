"""Links to a recording, and the bare page that they lead to: who makes them, what opens them, and what ends them."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from callcenterd.model.ids import RecordingId
from tests.kit.virtual import VirtualClock
from tests.web.house import House, house
from tests.web.test_recording_list import keep, trail
from tests.web.test_rooms import ask
from tests.web.test_teams import WAV


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def shared(tmp_path: Path, database: Path, clock: VirtualClock) -> AsyncIterator[House]:
    shutil.copy(database, tmp_path / "callcenter.db")
    async with house(tmp_path, clock=clock) as opened:
        await opened.keep_call("c1", agent="1001")
        await keep(opened, "c1")
        yield opened


async def made(office: House, **more: Any) -> str:
    """The path of a new link."""
    status, said = await ask(office, "boss", "POST", "/recordings/c1-1/links", {"purpose": "律师", **more})
    assert status == 201, said
    return str(urlsplit(said["address"]).path)


async def press(office: House, path: str, pin: str = "", **headers: str) -> Any:
    return await office.client.post(path, data={"pin": pin}, allow_redirects=False, headers=headers)


async def test_a_link_plays_one_recording_without_an_account_and_each_opening_is_written_down(shared: House) -> None:
    path = await made(shared)
    looked = await shared.client.get(path)
    text = await looked.text()
    assert (looked.status, "<audio" in text, "<form" in text) == (200, False, True)
    assert (await shared.client.get(f"{path}/sound")).status == 404, "nobody has opened it"
    onward = await press(shared, path)
    assert (onward.status, onward.headers["Location"]) == (303, path)
    cookie = onward.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", f"Path={path}"))
    opened = await (await shared.client.get(path)).text()
    assert f'src="{path}/sound"' in opened
    assert "138" not in opened, "nothing of the call is told"
    sound = await shared.client.get(f"{path}/sound")
    assert (sound.status, sound.headers["Content-Type"], await sound.read()) == (200, "audio/wav", WAV)
    part = await shared.client.get(f"{path}/sound", headers={"Range": "bytes=0-3"})
    assert (part.status, await part.read()) == (206, b"RIFF")
    for answer in (looked, sound):
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow, noarchive"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "script" not in looked.headers["Content-Security-Policy"]
    ((who, target, details),) = await trail(shared, "recording.link_opened")
    assert (who, target, details) == ("system", "recording/c1-1", {"link": 1, "source": "127.0.0.1", "play": 1})
    assert (await trail(shared, "recording.shared"))[0][0] == "boss"
    kept = await shared.office.store.recordings.links.get(1)
    assert kept.plays == 1
    token = path.rpartition("/")[2]
    database = (shared.recordings.parent / "callcenter.db").read_bytes()
    database += (shared.recordings.parent / "callcenter.db-wal").read_bytes()
    assert token.encode() not in database, "of the token there is a hash only"
    assert (await shared.client.get(f"{path}?lang=en")).headers["Content-Language"] == "en"


async def test_it_ends_by_time_by_plays_and_by_who_takes_it_back(shared: House, clock: VirtualClock) -> None:
    by_time, by_plays = await made(shared, hours=1), await made(shared, most_plays=1)
    taken = await made(shared)
    for path in (by_time, by_plays, taken):
        assert (await press(shared, path)).status == 303
    assert (await press(shared, by_plays)).status == 404, "once was said"
    assert (await shared.client.get(f"{by_plays}/sound")).status == 200, "who has opened it goes on"
    assert (await ask(shared, "boss", "GET", "/recording-links"))[1]["total"] == 2
    assert (await ask(shared, "1003", "GET", "/recording-links"))[0] == 403
    assert (await ask(shared, "chief", "POST", "/recordings/c1-1/links/3/revoke"))[0] == 204
    assert (await shared.client.get(f"{taken}/sound")).status == 404, "also for who listens"
    gone = await shared.client.get(taken)
    assert (gone.status, "不能用了" in await gone.text()) == (404, True)
    clock.move(3600)
    assert (await shared.client.get(f"{by_time}/sound")).status == 404
    english = await shared.client.get(by_time, headers={"Accept-Language": "en"})
    assert (english.status, "cannot be opened" in await english.text()) == (404, True)
    assert (await press(shared, by_time)).status == 404
    assert (await ask(shared, "boss", "GET", "/recordings/c1-1/links"))[1]["total"] == 3
    for wrong in ("9", "x"):
        assert (await ask(shared, "boss", "POST", f"/recordings/c1-1/links/{wrong}/revoke"))[0] == 404


async def test_a_pin_is_asked_for_and_too_many_wrong_ones_end_the_link(shared: House) -> None:
    path = await made(shared, pin="4711")
    assert 'name="pin"' in await (await shared.client.get(path)).text()
    wrong = await press(shared, path, "0000")
    assert (wrong.status, "PIN 不对" in await wrong.text()) == (403, True)
    assert (await press(shared, path, "4711")).status == 303
    other = await made(shared, pin="4711")
    for _ in range(10):
        assert (await press(shared, other, "1111")).status == 403
    assert (await press(shared, other, "4711")).status == 404
    assert len(await trail(shared, "recording.link_wrong_pin")) == 11
    assert b"4711" not in (shared.recordings.parent / "callcenter.db-wal").read_bytes()


async def test_one_links_cookie_opens_no_other(shared: House) -> None:
    first, second = await made(shared), await made(shared)
    onward = await press(shared, first)
    secret = onward.cookies["callcenterd_listen"].value
    shared.client.session.cookie_jar.clear()
    stolen = await shared.client.get(f"{second}/sound", headers={"Cookie": f"callcenterd_listen={secret}"})
    assert stolen.status == 404
    assert (await press(shared, second, **{"Origin": "http://evil.example"})).status == 200, (
        "the page again, not opened"
    )
    assert (await shared.office.store.recordings.links.get(2)).plays == 0


async def test_who_guesses_addresses_waits(shared: House, clock: VirtualClock) -> None:
    path = await made(shared)
    statuses = [(await shared.client.get(f"/listen/guess-{n}")).status for n in range(22)]
    assert statuses[:20] == [404] * 20
    assert statuses[-1] == 429
    assert (await shared.client.get(path)).status == 429
    clock.move(1000)
    assert (await shared.client.get(path)).status == 200


async def test_a_removed_recording_has_no_link(shared: House) -> None:
    path = await made(shared)
    assert (await press(shared, path)).status == 303
    await shared.office.archive.remove(RecordingId("c1-1"), "chief", "客户要求")
    assert (await shared.client.get(f"{path}/sound")).status == 404
    assert (await shared.client.get(path)).status == 404


async def test_what_makes_no_sense_makes_no_link(shared: House) -> None:
    for wrong in (
        {"hours": 0},
        {"hours": 24 * 91},
        {"most_plays": 0},
        {"most_plays": 101},
        {"pin": "12"},
        {"pin": "abcd"},
        {"purpose": " "},
        {"forever": True},
    ):
        body = {"purpose": "x", **wrong}
        assert (await ask(shared, "boss", "POST", "/recordings/c1-1/links", body))[0] == 422, wrong
    assert (await ask(shared, "1001", "POST", "/recordings/c1-1/links", {"purpose": "x"}))[0] == 403
