"""Files of prompts: names that lead nowhere else, versions, and what is left when the power goes at any moment."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.errors import Refused
from callcenterd.worker import promptfiles, sound
from callcenterd.worker.promptfiles import Key, Measured, Unusable

AT = datetime(2026, 11, 26, 9, tzinfo=UTC)


def tone(hertz: float, seconds: float = 1.0, level: float = 0.1, rate: int = 8000) -> sound.Wave:
    time = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * math.pi * hertz * time)).astype(np.float32)


def hertz_of(path: Path) -> float:
    wave = sound.resampled(path, path.name)
    return float(np.argmax(np.abs(np.fft.rfft(wave))) * sound.RATE / len(wave))


def encoded(path: Path, wave: sound.Wave, codec: str, rate: int, layout: str = "mono") -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, AudioStream)
        planes = np.tile((wave * 32767).astype(np.int16), (2 if layout == "stereo" else 1, 1))
        frame = av.AudioFrame.from_ndarray(planes, format="s16p", layout=layout)
        frame.sample_rate = rate
        resampler = av.AudioResampler(format=stream.format, layout=layout, rate=rate, frame_size=stream.frame_size or 0)
        for one in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(one))
        container.mux(stream.encode(None))
    return path


def keep(kept: Path, key: Key, file: Path) -> promptfiles.Version:
    return promptfiles.keep(kept, key, file, Measured(1, -20, -17, -20), source="upload", by="admin", at=AT)


def a_file(folder: Path, name: str, hertz: float) -> Path:
    path = folder / name
    path.write_bytes(sound.wav(tone(hertz)))
    return path


# ---- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("welcome", "zh-CN"),
        ("welcome", ""),
        ("words/三百", "zh-CN"),
        ("欢迎_2", "en"),
        ("music", ""),
        ("vip/hello-1", ""),
    ],
)
def test_names_that_are_good(name: str, language: str) -> None:
    promptfiles.check(Key(name, language))


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("", ""), (".", ""), ("..", ""), ("../welcome", ""), ("a/../../b", ""), ("/etc/passwd", ""), ("a//b", ""),
        ("a/", ""), ("a\x00b", ""), ("a.wav", ""), (".hidden", ""), ("a b", ""), ("a\nb", ""), ("x" * 65, ""),
        ("a\\b", ""), ("%2e%2e", ""), ("a\u202egpj", ""), ("ｗelcome", ""), ("e\u0301", ""), ("\ufb01", ""),
        ("-", ""), ("a/b/c/d", ""), ("en/welcome", ""), ("welcome", ".."), ("welcome", "../en"), ("welcome", "vip"),
        ("welcome", "en/.."), ("welcome", "\x00"), ("welcome", "-"),
    ],
)  # fmt: skip
def test_names_that_are_none(tmp_path: Path, name: str, language: str) -> None:
    key = Key(name, language)
    for work in (
        lambda: promptfiles.check(key),
        lambda: promptfiles.serve(tmp_path / "prompts", key, a_file(tmp_path, "x.wav", 300)),
        lambda: promptfiles.remove(tmp_path / "prompts", key),
        lambda: promptfiles.versions(tmp_path / "kept", key),
    ):
        with pytest.raises(Refused):
            work()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.wav"]


@given(st.text(max_size=70), st.text(max_size=12))
def test_no_name_leads_out_of_the_folder(name: str, language: str) -> None:
    folder = Path("/nowhere/prompts")
    try:
        promptfiles.check(Key(name, language))
    except Refused:
        return
    assert Path(os.path.normpath(folder / language / name)).is_relative_to(folder)


def test_a_link_that_leads_out_is_no_prompt_and_nothing_is_written_through_it(tmp_path: Path) -> None:
    folder, outside = tmp_path / "prompts", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    a_file(outside, "secret.wav", 300)
    (folder / "link.wav").symlink_to(outside / "secret.wav")
    (folder / "vip").symlink_to(outside)
    assert promptfiles.lying(folder) == []
    with pytest.raises(Refused, match="leads out"):
        promptfiles.serve(folder, Key("vip/hello"), a_file(tmp_path, "new.wav", 500))
    before = (outside / "secret.wav").read_bytes()
    promptfiles.serve(folder, Key("link"), tmp_path / "new.wav")  # the link itself is replaced
    assert (outside / "secret.wav").read_bytes() == before
    assert not (folder / "link.wav").is_symlink()
    assert [path.name for path in outside.iterdir()] == ["secret.wav"]


# ---- what lies there ----------------------------------------------------------------------------------------------


def test_files_are_told_by_name_and_language_and_of_two_the_one_that_is_heard(tmp_path: Path) -> None:
    for place in ("welcome.mp3", "welcome.wav", "zh-CN/welcome.wav", "zh/words/三百.wav", "music/lobby.wav",
                  "vip/a.wav", "README.md", ".welcome.wav.1234", "a.b.wav"):  # fmt: skip
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert [(one.key.name, one.key.language, one.path.name) for one in promptfiles.lying(tmp_path)] == [
        ("music/lobby", "", "lobby.wav"),
        ("vip/a", "", "a.wav"),
        ("welcome", "", "welcome.wav"),
        ("welcome", "zh-CN", "welcome.wav"),
        ("words/三百", "zh", "三百.wav"),
    ]


# ---- versions -----------------------------------------------------------------------------------------------------


def test_a_version_is_kept_served_and_brought_back(tmp_path: Path) -> None:
    folder, kept, key = tmp_path / "prompts", tmp_path / "kept", Key("welcome", "zh-CN")
    for hertz in (400, 600):
        version = keep(kept, key, a_file(tmp_path, "new.wav", hertz))
        promptfiles.serve(folder, key, promptfiles.version_file(kept, key, version.number)[1])
    assert [one.number for one in promptfiles.versions(kept, key)] == [2, 1]
    assert hertz_of(folder / "zh-CN" / "welcome.wav") == pytest.approx(600, abs=2)
    promptfiles.serve(folder, key, promptfiles.version_file(kept, key, 1)[1])
    assert hertz_of(folder / "zh-CN" / "welcome.wav") == pytest.approx(400, abs=2)
    promptfiles.remove(folder, key)
    assert promptfiles.in_service(folder, key) is None
    assert len(promptfiles.versions(kept, key)) == 2


def test_what_was_there_in_another_format_is_not_heard_again(tmp_path: Path) -> None:
    folder, key = tmp_path / "prompts", Key("welcome")
    folder.mkdir()
    encoded(folder / "welcome.mp3", tone(400, rate=44100), "libmp3lame", 44100)
    promptfiles.serve(folder, key, a_file(tmp_path, "new.wav", 600))
    promptfiles.remove(folder, key)
    assert list(folder.iterdir()) == []


def test_a_prompt_is_renamed_with_its_versions_and_never_over_another(tmp_path: Path) -> None:
    folder, kept, key, new = tmp_path / "prompts", tmp_path / "kept", Key("old"), Key("vip/new")
    keep(kept, key, a_file(tmp_path, "new.wav", 400))
    promptfiles.serve(folder, key, promptfiles.version_file(kept, key, 1)[1])
    promptfiles.rename(folder, kept, key, new)
    assert promptfiles.in_service(folder, key) is None
    assert promptfiles.versions(kept, key) == []
    assert [one.number for one in promptfiles.versions(kept, new)] == [1]
    promptfiles.serve(folder, key, tmp_path / "new.wav")
    with pytest.raises(Refused, match="already"):
        promptfiles.rename(folder, kept, key, new)


def test_only_so_many_versions_are_kept_and_numbers_never_come_again(tmp_path: Path) -> None:
    kept, key = tmp_path / "kept", Key("welcome")
    file = a_file(tmp_path, "new.wav", 400)
    for _ in range(promptfiles.MOST_VERSIONS + 3):
        keep(kept, key, file)
    numbers = [one.number for one in promptfiles.versions(kept, key)]
    assert numbers == list(range(promptfiles.MOST_VERSIONS + 3, 3, -1))


def test_whenever_the_power_goes_callers_hear_the_old_or_the_new_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every rename and every removal in turn is the last thing that happens."""
    key = Key("welcome", "zh-CN")
    survived = 0
    for fail_at in range(1, 100):
        home = tmp_path / str(fail_at)
        folder, kept = home / "prompts", home / "kept"
        home.mkdir()
        old, new = a_file(home, "old.wav", 400), a_file(home, "new.wav", 600)
        keep(kept, key, old)
        promptfiles.serve(folder, key, old)
        left = fail_at

        def power(real: Callable[..., object]) -> Callable[..., object]:
            def work(*arguments: object, **more: object) -> object:
                nonlocal left
                left -= 1
                if left <= 0:
                    raise KeyboardInterrupt
                return real(*arguments, **more)

            return work

        with monkeypatch.context() as patched:
            for name in ("replace", "unlink"):
                patched.setattr(Path, name, power(getattr(Path, name)))
            try:
                version = keep(kept, key, new)
                promptfiles.serve(folder, key, promptfiles.version_file(kept, key, version.number)[1])
                survived += 1
            except KeyboardInterrupt:
                pass
        heard = promptfiles.in_service(folder, key)
        assert heard is not None
        assert heard.read_bytes() in (old.read_bytes(), new.read_bytes())
        for one in promptfiles.versions(kept, key):
            _, path = promptfiles.version_file(kept, key, one.number)
            assert promptfiles.checksum(path) == one.sha256
        if survived:
            assert heard.read_bytes() == new.read_bytes()
            break
    assert survived
    assert fail_at > 3


# ---- sound --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "codec", "rate", "layout"),
    [
        ("a.mp3", "libmp3lame", 44100, "stereo"),
        ("a.ogg", "libopus", 48000, "mono"),
        ("a.m4a", "aac", 44100, "stereo"),
        ("a.flac", "flac", 22050, "mono"),
        ("a.wav", "pcm_s16le", 8000, "mono"),
    ],
)
@pytest.mark.parametrize("level", [0.003, 0.9])
def test_any_format_and_level_is_kept_as_one(
    tmp_path: Path, name: str, codec: str, rate: int, layout: str, level: float
) -> None:
    source = encoded(tmp_path / name, tone(500, 2, level, rate), codec, rate, layout)
    measured = promptfiles.convert(source, tmp_path / "kept.wav")
    assert isinstance(measured, Measured)
    assert measured.level == pytest.approx(-20, abs=0.7)
    assert measured.seconds == pytest.approx(2, abs=0.1)
    assert -30 < measured.loudness < -15
    assert hertz_of(tmp_path / "kept.wav") == pytest.approx(500, abs=3)
    with av.open(str(tmp_path / "kept.wav")) as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.rate, stream.channels) == ("pcm_s16le", 8000, 1)


def test_music_is_kept_quieter_than_speech(tmp_path: Path) -> None:
    measured = promptfiles.convert(a_file(tmp_path, "a.wav", 400), tmp_path / "kept.wav", "music", True)
    assert isinstance(measured, Measured)
    assert measured.level == pytest.approx(-24, abs=0.3)


def test_silence_around_what_is_spoken_into_a_phone_is_cut(tmp_path: Path) -> None:
    around = np.zeros(16000, np.float32)
    (tmp_path / "a.wav").write_bytes(sound.wav(np.concatenate([around, tone(400), around])))
    measured = promptfiles.convert(tmp_path / "a.wav", tmp_path / "kept.wav", "", False, True)
    assert isinstance(measured, Measured)
    assert 1 <= measured.seconds < 1.2


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"", "cannot be read"),
        (b"MZ" + bytes(5000), "cannot be read"),
        (b"RIFF\xff\xff\xff\xffWAVE", "cannot be read|empty|silent"),
        (sound.wav(np.zeros(16000, np.float32)), "silent"),
        (sound.wav(tone(400, 0.01)), "silent"),
    ],
    ids=["nothing", "a program", "a header", "silence", "a click"],
)
def test_what_is_no_sound_is_refused_with_its_name_and_leaves_nothing(tmp_path: Path, octets: bytes, why: str) -> None:
    (tmp_path / "in.bin").write_bytes(octets)
    answered = promptfiles.convert(tmp_path / "in.bin", tmp_path / "kept.wav", "报价.mp3")
    assert isinstance(answered, Unusable)
    assert re.search(why, answered.why)
    assert "报价.mp3" in answered.why
    assert [path.name for path in tmp_path.iterdir()] == ["in.bin"]


def test_what_is_too_long_is_refused_before_all_of_it_is_read(tmp_path: Path) -> None:
    source = encoded(tmp_path / "a.flac", np.zeros(8000 * (sound.MAX_SECONDS + 5), np.float32), "flac", 8000)
    assert source.stat().st_size < 1 << 20  # half an hour of nothing is small: seconds are counted, not octets
    answered = promptfiles.convert(source, tmp_path / "kept.wav")
    assert isinstance(answered, Unusable)
    assert "longer than" in answered.why
