"""Prompts by name and by text: what is found, what is kept, what cannot get out of its folder."""

from __future__ import annotations

import asyncio
import os
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from callcenterd.errors import CallcenterdError, NotFound, Refused
from callcenterd.model.prompts import Music, Prompt, Recorded, Speech, Word
from callcenterd.worker.pool import JobFailed, Worker
from callcenterd.worker.prompts import Prompts, find
from tests.kit import tones


def record(path: Path, hertz: float) -> Path:
    """A recording of half a second of this tone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(tones.tone(hertz, 0.5).tobytes())
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompts").mkdir()
    return tmp_path / "prompts"


@pytest.fixture
async def prompts(worker: Worker, folder: Path, tmp_path: Path) -> AsyncIterator[Prompts]:
    prompts = Prompts(worker, folder, tmp_path / "cache", "zh-CN")
    yield prompts
    await prompts.stop()


@pytest.mark.parametrize(
    ("there", "heard"),
    [
        pytest.param(
            {"zh-CN/welcome.wav": 500, "zh/welcome.wav": 600, "welcome.wav": 700}, 500, id="its language first"
        ),
        pytest.param({"zh/welcome.wav": 600, "welcome.wav": 700}, 600, id="then that language of any country"),
        pytest.param({"welcome.wav": 700, "en/welcome.wav": 800}, 700, id="then none, but never another"),
    ],
)
async def test_a_recording_is_found_in_the_best_language(
    prompts: Prompts, folder: Path, there: dict[str, int], heard: int
) -> None:
    for name, hertz in there.items():
        record(folder / name, hertz)
    assert tones.loudest(await prompts.sound(Recorded("welcome", "zh-CN", "您好"))) == pytest.approx(heard, abs=5)


async def test_a_recording_that_is_replaced_is_heard_at_once(prompts: Prompts, folder: Path) -> None:
    path = record(folder / "welcome.wav", 500)
    assert tones.loudest(await prompts.sound(Recorded("welcome", "zh-CN"))) == pytest.approx(500, abs=5)
    record(path, 900)
    os.utime(path, ns=(1, 1))
    assert tones.loudest(await prompts.sound(Recorded("welcome", "zh-CN"))) == pytest.approx(900, abs=5)


async def test_without_a_recording_the_text_is_read(prompts: Prompts) -> None:
    read = await prompts.sound(Recorded("welcome", "zh-CN", "您好，欢迎致电。"))
    assert read is await prompts.sound(Speech("您好，欢迎致电。", "zh-CN"))
    assert len(read) > 8000


async def test_with_neither_recording_nor_text_there_is_an_error(prompts: Prompts) -> None:
    with pytest.raises(NotFound, match="there is no prompt nothing"):
        await prompts.sound(Recorded("nothing", "zh-CN"))


async def test_a_broken_recording_is_an_error_and_no_crash(prompts: Prompts, folder: Path) -> None:
    (folder / "welcome.mp3").write_bytes(b"no music" * 100)
    with pytest.raises(JobFailed, match="cannot be read as sound"):
        await prompts.sound(Recorded("welcome", "zh-CN"))


async def test_music_is_the_offices_own_or_the_one_that_comes_with_us(prompts: Prompts, folder: Path) -> None:
    ours = await prompts.sound(Music())
    assert len(ours) == 32 * 8000
    record(folder / "music" / "jazz.wav", 600)
    assert tones.loudest(await prompts.sound(Music("jazz"))) == pytest.approx(600, abs=5)
    assert await prompts.sound(Music("rock")) is ours, "one who waits must not hear silence"
    record(folder / "music.wav", 700)
    assert tones.loudest(await prompts.sound(Music())) == pytest.approx(700, abs=5)


async def test_the_tone_before_a_message_is_there_and_can_be_replaced(prompts: Prompts, folder: Path) -> None:
    assert tones.loudest(await prompts.sound(Recorded("beep", "zh-CN"))) == pytest.approx(1000, abs=5)
    record(folder / "beep.wav", 440)
    assert tones.loudest(await prompts.sound(Recorded("beep", "zh-CN"))) == pytest.approx(440, abs=5)


async def test_a_sound_is_kept_and_needs_no_engine_the_next_time(folder: Path, tmp_path: Path, worker: Worker) -> None:
    prompt = Speech("请稍候", "zh-CN")
    made = await Prompts(worker, folder, tmp_path / "cache", "zh-CN").sound(prompt)
    idle = Worker()  # not started: whoever asks it for a job gets an error
    kept = await Prompts(idle, folder, tmp_path / "cache", "zh-CN").sound(prompt)
    assert np.array_equal(made, kept)
    with pytest.raises(JobFailed):
        await Prompts(idle, folder, tmp_path / "cache", "zh-CN").sound(Speech("另一句", "zh-CN"))


async def test_another_language_is_another_sound(prompts: Prompts) -> None:
    one, two = await prompts.sound(Speech("1 2 3", "zh-CN")), await prompts.sound(Speech("1 2 3", "en"))
    assert len(one) != len(two)


@pytest.mark.parametrize("damage", [lambda octets: octets[:-1], lambda octets: octets[:50] + b"x" + octets[51:],
                                    lambda octets: b""])  # fmt: skip
async def test_a_kept_sound_that_is_damaged_is_made_again(  # type: ignore[no-untyped-def]
    folder: Path, tmp_path: Path, worker: Worker, damage
) -> None:
    prompt = Speech("请稍候", "zh-CN")
    made = await Prompts(worker, folder, tmp_path / "cache", "zh-CN").sound(prompt)
    [file] = (tmp_path / "cache").rglob("*.s16")
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    again = await Prompts(worker, folder, tmp_path / "cache", "zh-CN").sound(prompt)
    assert np.array_equal(made, again)
    assert file.read_bytes() == whole


async def test_the_room_for_kept_sounds_is_not_overrun_and_the_least_used_go_first(
    worker: Worker, folder: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    (cache / "00").mkdir(parents=True)
    for age, name in enumerate(("newer", "older")):
        (cache / "00" / f"{name}.s16").write_bytes(bytes(100_000))
        os.utime(cache / "00" / f"{name}.s16", (1000 - age, 1000 - age))
    made = await Prompts(worker, folder, cache, "zh-CN", room=150_000).sound(Recorded("beep", "zh-CN"))
    left = {path.stem for path in cache.rglob("*.s16")}
    assert len(left) == 2
    assert "newer" in left
    assert len(made) == 3200


async def test_a_recording_that_comes_or_goes_is_noticed_by_the_next_caller(prompts: Prompts, folder: Path) -> None:
    prompt = Recorded("welcome", "zh-CN", "您好")
    read = await prompts.sound(prompt)
    assert await prompts.sound(prompt) is read
    path = record(folder / "zh" / "welcome.wav", 500)
    assert tones.loudest(await prompts.sound(prompt)) == pytest.approx(500, abs=5)
    better = record(folder / "zh-CN" / "welcome.wav", 600)
    assert tones.loudest(await prompts.sound(prompt)) == pytest.approx(600, abs=5)
    better.unlink()
    assert tones.loudest(await prompts.sound(prompt)) == pytest.approx(500, abs=5)
    path.unlink()
    assert await prompts.sound(prompt) is read


async def test_a_word_of_a_value_is_read_without_silence_or_is_the_offices_own(prompts: Prompts, folder: Path) -> None:
    engine = Word("三百三", "zh-CN")  # of which no sound ships
    assert len(await prompts.sound(engine)) < len(await prompts.sound(Speech(engine.text, "zh-CN")))
    word = Word("三百", "zh-CN")
    read = await prompts.sound(word)
    path = record(folder / "zh-CN" / "words" / "三百.wav", 500)
    assert tones.loudest(await prompts.sound(word)) == pytest.approx(500, abs=5)
    path.unlink()
    assert await prompts.sound(word) is read
    record(folder / "en" / "words" / "three_hundred.wav", 600)
    assert tones.loudest(await prompts.sound(Word("three hundred", "en"))) == pytest.approx(600, abs=5)


async def test_many_who_ask_at_once_have_it_made_once(prompts: Prompts) -> None:
    sounds = await asyncio.gather(*(prompts.sound(Speech("请稍候", "zh-CN")) for _ in range(50)))
    assert all(sound is sounds[0] for sound in sounds)


async def test_one_who_goes_away_does_not_take_the_sound_from_the_others(prompts: Prompts) -> None:
    first = asyncio.create_task(prompts.sound(Speech("请稍候", "zh-CN")))
    second = asyncio.create_task(prompts.sound(Speech("请稍候", "zh-CN")))
    await asyncio.sleep(0)
    first.cancel()
    assert len(await second) > 0


async def test_a_shared_sound_cannot_be_written_to(prompts: Prompts) -> None:
    sound = await prompts.sound(Speech("请稍候", "zh-CN"))
    with pytest.raises(ValueError, match="read-only"):
        sound[0] = 1


async def test_a_cache_that_cannot_be_written_silences_nobody(worker: Worker, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert len(await Prompts(worker, folder, tmp_path / "cache", "zh-CN").sound(Speech("请稍候", "zh-CN"))) > 0


async def test_preparing_makes_what_can_be_made_and_names_the_rest(prompts: Prompts, tmp_path: Path) -> None:
    wanted: list[Prompt] = [Speech("请稍候", "zh-CN"), Recorded("nothing", "zh-CN"), Recorded("beep", "zh-CN"), Music()]
    assert await prompts.prepare(wanted) == ["there is no prompt nothing"]
    assert len(list((tmp_path / "cache").rglob("*.s16"))) == 3


async def test_after_a_dead_worker_the_next_one_who_asks_gets_the_sound(prompts: Prompts, worker: Worker) -> None:
    from tests.worker import jobs

    dying = asyncio.create_task(worker.run(jobs.die))
    assert len(await prompts.sound(Speech("请稍候", "zh-CN"))) > 0
    with pytest.raises(JobFailed):
        await dying


@pytest.mark.parametrize(
    "name",
    [
        "../secret",
        "..",
        "/etc/passwd",
        "a/../../secret",
        "a\0b",
        ".hidden",
        "a//b",
        "x" * 300,
        "wel come",
        "a\n",
    ],
)
async def test_no_name_leads_out_of_the_folder(prompts: Prompts, folder: Path, name: str) -> None:
    record(folder.parent / "secret.wav", 500)
    for prompt in (Recorded(name, "zh-CN", "text"), Music(name)):
        with pytest.raises(Refused):
            await prompts.sound(prompt)
    with pytest.raises(CallcenterdError):
        await prompts.sound(Recorded("secret", "../zh"))


async def test_a_link_that_leads_out_of_the_folder_is_refused(prompts: Prompts, folder: Path) -> None:
    (folder / "welcome.wav").symlink_to(record(folder.parent / "secret.wav", 500))
    with pytest.raises(Refused, match="leads out"):
        await prompts.sound(Recorded("welcome", "zh-CN", "text"))


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert find(tmp_path / "none", Recorded("welcome", "zh-CN")) is None


def test_an_unknown_engine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="espeak-ng, pyttsx3"):
        Prompts(Worker(), tmp_path, tmp_path, "zh-CN", "siri")
