"""What the house says by itself ships as sound, in both languages, and is what callers hear of it."""

from __future__ import annotations

import configparser
import hashlib
from pathlib import Path

import numpy as np
import pytest

from callcenterd.ivr import texts
from callcenterd.ivr.spoken import values
from callcenterd.model.prompts import Recorded, Speech, Word
from callcenterd.worker import shipped, sound
from callcenterd.worker.pool import Worker
from callcenterd.worker.prompts import Prompts
from callcenterd.worker.shipped import Spoken
from tools import render_prompts

AGAIN = "run the script: python tools/render_prompts.py"
VOICE, SPOKEN = shipped.read()
KNOWN = {(one.language, one.name): one for one in SPOKEN}


def test_every_text_of_the_house_ships_as_it_stands_in_the_code_and_nothing_else_does() -> None:
    wanted = {(language, name): text for language, name, text in render_prompts.wanted()}
    missing = [key for key, text in wanted.items() if key not in KNOWN or KNOWN[key].text != text]
    assert missing == [], AGAIN
    assert sorted(KNOWN.keys() - wanted.keys()) == [], AGAIN
    assert render_prompts.VOICE == VOICE, AGAIN
    assert [one.name for one in SPOKEN if one.digest != shipped.digest(one.text, VOICE[one.language])] == [], AGAIN
    files = set(shipped.FOLDER.rglob("*.wav"))
    assert files == {one.path for one in SPOKEN}, AGAIN


def test_the_table_of_what_is_wanted_is_complete() -> None:
    """Both languages, all texts but those with a value in them, every word that a value may be made of."""
    wanted = {(language, name) for language, name, _ in render_prompts.wanted()}
    for language in ("zh", "en"):
        with_values = {name for name in texts.TEXTS if (language, name) not in wanted}
        assert with_values == {"callback_offer", "code_forwarded"}
        assert {Word(text, language).recording for text in values.vocabulary(language)} <= {
            name for tongue, name in wanted if tongue == language
        }


@pytest.mark.parametrize("one", SPOKEN, ids=lambda one: f"{one.language}/{one.name}")
def test_each_file_is_whole_at_one_level_and_begins_at_once(one: Spoken) -> None:
    assert hashlib.sha256(one.path.read_bytes()).hexdigest() == one.sha256
    wave = sound.resampled(one.path, one.name)
    assert list(render_prompts.faults(one.language, one.name, one.text, wave)) == []
    assert len(wave) / sound.RATE == pytest.approx(one.seconds, abs=0.01)


def test_all_of_it_is_no_burden_on_who_downloads_it() -> None:
    assert sum(one.path.stat().st_size for one in SPOKEN) < render_prompts.MOST_OCTETS


def test_all_of_it_is_in_the_package() -> None:
    described = configparser.ConfigParser()
    described.read(shipped.FOLDER.parents[1] / "setup.cfg")
    patterns = described["options.package_data"]["callcenterd"].split()
    package = shipped.FOLDER.parent
    packed = {path for pattern in patterns for path in package.glob(pattern)}
    assert {shipped.MANIFEST, *(one.path for one in SPOKEN)} <= packed


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (np.zeros(8000, np.float32), "level"),
        (np.concatenate([np.zeros(1600), np.full(8000, 0.1)]).astype(np.float32), "silence"),
        (np.full(80_000, 0.1, np.float32), "no length"),
        (np.where(np.arange(12_000) == 5, 1.0, 0.1).astype(np.float32), "limit"),
    ],
)
def test_the_judge_hears_what_is_wrong(made: sound.Wave, why: str) -> None:
    assert any(why in fault for fault in render_prompts.faults("zh", "code_bye", "感谢您的来电再见", made))


# ---- what callers hear --------------------------------------------------------------------------------------------


@pytest.fixture
def heard(worker: Worker, tmp_path: Path) -> Prompts:
    """An engine that is not installed: what is heard does not come from it."""
    return Prompts(worker, tmp_path / "prompts", tmp_path / "cache", "zh-CN", "pyttsx3")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_callers_hear_it_and_no_engine(heard: Prompts, language: str) -> None:
    for prompt in (texts.house("voicemail", language), Speech(texts.text("closed", language), language)):
        file = shipped.find(prompt.text, language)
        assert file is not None
        assert np.array_equal(await heard.sound(prompt), sound.read(file, file.name))


async def test_words_of_numbers_are_those_that_ship(heard: Prompts) -> None:
    for text, language in (("三百", "zh-CN"), ("twenty-six", "en")):
        file = shipped.find(text, language, word=True)
        assert file is not None
        assert file.parent.name == "words"
        assert np.array_equal(await heard.sound(Word(text, language)), sound.read(file, file.name))


async def test_a_recording_of_the_office_goes_before_it(heard: Prompts, tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    tone = (0.1 * np.sin(np.arange(8000) / 5)).astype(np.float32)
    (tmp_path / "prompts" / "voicemail.wav").write_bytes(sound.wav(tone))  # of any language
    own = await heard.sound(Recorded("voicemail", "zh-CN", texts.text("voicemail", "zh-CN")))
    assert len(own) == len(tone)


def test_a_text_that_was_changed_is_not_spoken_by_the_old_file() -> None:
    text = texts.text("voicemail", "en")
    assert shipped.find(text, "en") is not None
    assert shipped.find(text + "!", "en") is None
    assert shipped.find(text, "zh-CN") is None
    assert shipped.find("三百", "zh-CN") is None  # a word is no sentence: it ends at once
