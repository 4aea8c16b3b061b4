"""The API of prompts: drafts, keeping, versions, where each is used, and what is refused."""

from __future__ import annotations

import asyncio
import io
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callcenterd import site as site_file
from callcenterd.media.facts import RecordingClosed
from callcenterd.model.ids import RecordingId
from callcenterd.model.prompts import Recorded
from callcenterd.worker import prompts, sound
from tests.web.house import House, cheap_passwords
from tests.worker.test_promptfiles import encoded, hertz_of, tone

FLOW = """
flow: main
title: 总机
language: zh-CN
start: hello
nodes:
  hello: {play: welcome, text: 您好。, next: ask}
  ask:
    menu: {play: which, timeout: 5}
    keys: {"1": sales}
    otherwise: sales
  sales: {queue: sales, music: lobby}
"""


async def ask(office: House, method: str, path: str, body: Any = None, status: int = 200, login: str = "root") -> Any:
    headers = await office.as_(login)
    sent = {"headers": headers} if body is None else {"headers": headers, "json": body}
    answer = await office.client.request(method, f"/api/v1{path}", **sent)
    assert answer.status == status, await answer.text()
    return None if status == 204 else await answer.json()


async def upload(office: House, octets: bytes, kind: str = "audio/mpeg", status: int = 201, name: str = "a.mp3") -> Any:
    headers = await office.as_("root") | {"Content-Type": kind}
    answer = await office.client.post(
        "/api/v1/prompt_drafts", params={"name": name}, headers=headers, data=io.BytesIO(octets)
    )
    assert answer.status == status, await answer.text()
    return await answer.json()


async def kept(office: House, name: str, hertz: float, language: str = "zh-CN") -> Any:
    draft = await upload(office, sound.wav(tone(hertz)), "audio/wav")
    return await ask(office, "POST", f"/prompt_drafts/{draft['id']}/keep", {"name": name, "language": language})


async def octets(office: House, path: str) -> bytes:
    answer = await office.client.get(f"/api/v1{path}", headers=await office.as_("root"))
    assert answer.status == 200, await answer.text()
    assert answer.content_type == "audio/wav"
    return await answer.read()


async def shown(office: House, name: str, language: str = "zh-CN") -> Any:
    items = (await ask(office, "GET", "/prompts"))["items"]
    return next(one for one in items if (one["name"], one["language"]) == (name, language))


def folder(office: House) -> Path:
    return office.flows.parent / "prompts"


@pytest.fixture
async def using(office: House) -> House:
    """The office has a flow with prompts, music and a mailbox's greeting."""
    (office.flows / "main.yaml").write_text(FLOW, encoding="utf-8")
    await ask(office, "POST", "/flows/reload", {})
    text = 'mailboxes: [{box: "queue:sales", greeting: leave}]'
    await site_file.apply_text(office.office.store, cheap_passwords(), text, "site.yaml")
    await office.office.site_changed()
    return office


async def test_an_upload_is_listened_to_kept_and_heard_by_callers(using: House, tmp_path: Path) -> None:
    source = encoded(tmp_path / "a.mp3", tone(600, 2, 0.02, 44100), "libmp3lame", 44100, "stereo")
    draft = await upload(using, source.read_bytes(), name="C:\\sounds\\欢迎.mp3")
    assert (draft["state"], draft["source"], draft["name"], draft["by"]) == ("ready", "upload", "欢迎.mp3", "root")
    assert draft["sound"]["level"] == pytest.approx(-20, abs=0.7)
    (tmp_path / "heard.wav").write_bytes(await octets(using, f"/prompt_drafts/{draft['id']}/sound"))
    assert hertz_of(tmp_path / "heard.wav") == pytest.approx(600, abs=2)
    made = await ask(using, "POST", f"/prompt_drafts/{draft['id']}/keep", {"name": "welcome", "language": "zh-CN"})
    assert (made["prompt"]["source"], made["prompt"]["version"]) == ("upload", 1)
    assert made["prompt"]["uses"][0] == {"where": "flow", "name": "main", "node": "hello"}
    found = prompts.find(folder(using), Recorded("welcome", "zh-CN"))
    assert found is not None
    assert hertz_of(found) == pytest.approx(600, abs=2)
    await ask(using, "GET", f"/prompt_drafts/{draft['id']}", status=404)
    entries, _ = await using.office.store.audit.search(what="prompt")
    assert [(one.who, one.what, one.target) for one in entries] == [("root", "prompt.kept", "prompt/zh-CN/welcome")]


async def test_the_list_tells_what_is_there_what_is_missing_and_what_the_house_says(using: House) -> None:
    await kept(using, "music/lobby", 500, "")
    welcome, which = await shown(using, "welcome"), await shown(using, "which")
    assert (welcome["file"], welcome["instead"]) == ("", "您好。")
    assert (which["file"], which["instead"], which["uses"][0]["node"]) == ("", "", "ask")
    lobby = await shown(using, "music/lobby", "")
    assert (lobby["file"], lobby["uses"]) == ("music/lobby.wav", [{"where": "flow", "name": "main", "node": "sales"}])
    assert lobby["sound"]["level"] == pytest.approx(-24, abs=0.5)
    assert (await shown(using, "leave"))["uses"] == [{"where": "mailbox", "name": "queue:sales", "node": ""}]
    goodbye = await shown(using, "goodbye", "en")
    assert (goodbye["instead"], goodbye["uses"][0]["where"]) == ("Thank you for calling. Goodbye.", "house")


async def test_what_is_used_is_neither_removed_nor_renamed_and_it_is_said_where(using: House) -> None:
    await kept(using, "welcome", 500)
    for method, body in (("DELETE", None), ("PUT", {"name": "other"})):
        refused = await ask(using, method, "/prompts/zh-CN/welcome", body, 409)
        assert "main (hello)" in refused["error"]["message"]
    assert (await shown(using, "welcome"))["file"] == "zh-CN/welcome.wav"
    await kept(using, "welcome", 500, "en")  # which nobody plays
    await ask(using, "DELETE", "/prompts/en/welcome", status=204)


async def test_versions_are_kept_heard_and_brought_back_also_of_what_was_removed(office: House, tmp_path: Path) -> None:
    folder(office).mkdir()
    (folder(office) / "hello.wav").write_bytes(sound.wav(tone(300)))  # by hand
    by_hand = await shown(office, "hello", "")
    assert (by_hand["source"], by_hand["version"], by_hand["versions"]) == ("file", None, 0)
    await kept(office, "hello", 500, "")
    await kept(office, "hello", 700, "")
    opened = await ask(office, "GET", "/prompts/-/hello")
    assert [(one["number"], one["source"], one["in_service"]) for one in opened["kept"]] == [
        (3, "upload", True),
        (2, "upload", False),
        (1, "file", False),
    ]
    (tmp_path / "old.wav").write_bytes(await octets(office, "/prompt_sounds/-/hello?version=1"))
    assert hertz_of(tmp_path / "old.wav") == pytest.approx(300, abs=2)
    await ask(office, "DELETE", "/prompts/-/hello", status=204)
    gone = await shown(office, "hello", "")
    assert (gone["file"], gone["versions"]) == ("", 3)
    back = await ask(office, "POST", "/prompt_versions/-/hello", {"number": 2})
    assert back["prompt"]["version"] == 2
    assert hertz_of(folder(office) / "hello.wav") == pytest.approx(500, abs=2)
    await ask(office, "POST", "/prompt_versions/-/hello", {"number": 9}, 404)
    renamed = await ask(office, "PUT", "/prompts/-/hello", {"name": "vip/你好"})
    assert (renamed["prompt"]["name"], renamed["prompt"]["versions"]) == ("vip/你好", 3)
    await ask(office, "GET", "/prompts/-/hello", status=404)


async def test_each_language_of_a_prompt_is_heard_by_itself(office: House, tmp_path: Path) -> None:
    await kept(office, "hello", 500, "zh-CN")
    await kept(office, "hello", 700, "")
    for language, hertz in (("zh-CN", 500), ("-", 700)):
        (tmp_path / "heard.wav").write_bytes(await octets(office, f"/prompt_sounds/{language}/hello"))
        assert hertz_of(tmp_path / "heard.wav") == pytest.approx(hertz, abs=2)
    (folder(office) / "hello.wav").write_bytes(b"MZ" * 100)
    await ask(office, "GET", "/prompt_sounds/-/hello", status=422)
    broken = await shown(office, "hello", "")
    assert "hello.wav" in broken["fault"]


async def test_what_nobody_recorded_is_heard_as_the_house_says_it(using: House) -> None:
    with wave.open(io.BytesIO(await octets(using, "/prompt_sounds/en/goodbye"))) as heard:
        assert heard.getframerate() == 8000
    await ask(using, "GET", "/prompt_sounds/en/nothing", status=404)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_a_text_is_read_aloud_before_it_is_kept(office: House, language: str) -> None:
    text = {"zh-CN": "欢迎致电本公司", "en": "Welcome to our office"}[language]
    draft = await ask(office, "POST", "/prompt_drafts/speech", {"text": text, "language": language}, 201)
    assert (draft["source"], draft["text"], draft["language"]) == ("speech", text, language)
    assert draft["sound"]["level"] == pytest.approx(-20, abs=1)
    with wave.open(io.BytesIO(await octets(office, f"/prompt_drafts/{draft['id']}/sound"))) as heard:
        assert 1 < heard.getnframes() / heard.getframerate() < 4
    await ask(office, "DELETE", f"/prompt_drafts/{draft['id']}", status=204)
    await ask(office, "DELETE", f"/prompt_drafts/{draft['id']}", status=404)


@pytest.mark.parametrize(
    "body",
    [
        {"text": "", "language": "en"},
        {"text": "x" * 2001, "language": "en"},
        {"text": "a\x00b", "language": "en"},
        {"text": "...", "language": "en"},
        {"text": "hello", "language": "tlh"},
    ],
)
async def test_a_text_that_cannot_be_read_aloud_is_refused(office: House, body: Any) -> None:
    await ask(office, "POST", "/prompt_drafts/speech", body, 422)


async def test_a_phone_is_rung_and_what_is_spoken_becomes_a_draft(office: House) -> None:
    office.registers("1001")
    refused = await ask(office, "POST", "/prompt_drafts/phone", {}, 409)
    assert refused["error"]["message"] == "没有可以振铃的话机"
    await ask(office, "POST", "/prompt_drafts/phone", {"extension": "7777"}, 404)
    draft = await ask(office, "POST", "/prompt_drafts/phone", {"extension": "1001"}, 201)
    assert draft["state"] == "ringing"
    await ask(office, "GET", f"/prompt_drafts/{draft['id']}/sound", status=409)
    await ask(office, "POST", f"/prompt_drafts/{draft['id']}/keep", {"name": "x"}, 409)
    desk = office.office.prompt_desk
    inside = desk.draft(draft["id"])
    inside.raw.write_bytes(sound.wav(tone(440)))
    desk.spoken(inside)  # the switchboard says so; `tests/switchboard/test_recorder.py`
    async with asyncio.timeout(20):
        while (now := await ask(office, "GET", f"/prompt_drafts/{draft['id']}"))["state"] != "ready":
            await asyncio.sleep(0.02)
    assert now["sound"]["seconds"] == pytest.approx(1, abs=0.15)
    assert not inside.raw.exists()


@pytest.mark.parametrize(
    "name",
    ["..", "../welcome", "a/../../b", "a\x00b", "x" * 65, ".hidden", "a.wav", "", "en/x", "a\u202eb", "ｗ", "a b"],
)
async def test_hostile_names_are_refused_and_nothing_is_written(office: House, name: str) -> None:
    draft = await upload(office, sound.wav(tone(400)), "audio/wav")
    before = sorted(str(path) for path in office.flows.parent.rglob("*"))
    await ask(office, "POST", f"/prompt_drafts/{draft['id']}/keep", {"name": name}, 422)
    assert sorted(str(path) for path in office.flows.parent.rglob("*")) == before


@pytest.mark.parametrize(
    "path", ["/prompts/-/..%2F..%2Fx", "/prompts/..%2F/x", "/prompts/-/a%00b", "/prompts/-/%2e%2e"]
)
async def test_no_address_leads_out_of_the_folder(office: House, path: str) -> None:
    for method in ("GET", "DELETE"):
        answer = await office.client.request(
            method, f"/api/v1{path}", headers=await office.as_("root"), allow_redirects=False
        )
        assert answer.status in (404, 405, 422), path
    sounds = path.replace("/prompts/", "/prompt_sounds/")
    answer = await office.client.get(f"/api/v1{sounds}", headers=await office.as_("root"))
    assert answer.status in (404, 422)


@pytest.mark.parametrize(
    ("sent", "kind", "status", "why"),
    [
        (b"MZ" + bytes(3000), "audio/mpeg", 422, "不是可以读取的声音文件"),
        (b"", "audio/mpeg", 422, "不是可以读取的声音文件"),
        (sound.wav(np.zeros(16000, np.float32)), "audio/wav", 422, "没有声音"),
        (b"hello", "text/plain", 415, "须为音频文件"),
    ],
)
async def test_what_is_no_sound_is_refused_in_the_readers_words(
    office: House, sent: bytes, kind: str, status: int, why: str
) -> None:
    refused = await upload(office, sent, kind, status, name="报价.mp3")
    assert why in refused["error"]["message"]
    assert office.office.prompt_desk.drafts() == []


async def test_too_large_a_file_is_refused_before_it_is_read_and_while_it_is(
    office: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callcenterd.web.prompts.MAX_FILE", 100_000)
    big = bytes(200_000)
    assert "最多" in (await upload(office, big, "audio/wav", 413))["error"]["message"]

    async def pieces() -> Any:
        for _ in range(4):
            yield bytes(50_000)

    headers = await office.as_("root") | {"Content-Type": "audio/wav"}
    answer = await office.client.post("/api/v1/prompt_drafts", headers=headers, data=pieces())
    assert answer.status == 413
    assert office.office.prompt_desk.drafts() == []
    assert not list((office.flows.parent / "prompt-drafts").iterdir())


async def test_drafts_are_bounded_the_oldest_goes(office: House) -> None:
    desk = office.office.prompt_desk
    first = await upload(office, sound.wav(tone(400)), "audio/wav")
    for _ in range(49):
        desk.failed(desk.begin("phone", "root"), "no_answer")
    await upload(office, sound.wav(tone(400)), "audio/wav")
    await ask(office, "GET", f"/prompt_drafts/{first['id']}", status=404)
    assert len(desk.drafts()) == 50


async def test_a_recording_of_nobody_is_told_to_nobody(office: House) -> None:
    closed = RecordingClosed(RecordingId("prompt-x"), Path("/nowhere"), 1.0, 10, "", complete=True)
    assert office.board.recorder.recorded(closed) is False
