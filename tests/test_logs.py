"""The log: one line for one thing, secrets hidden however deep, and other libraries' lines beside ours."""

from __future__ import annotations

import errno
import io
import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from callcenterd import logs
from callcenterd.model.site import Secret


class _Noon:
    """A clock that stands still."""

    def monotonic(self) -> float:
        return 0.0

    def utc(self) -> datetime:
        return datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """The set-up is one for the process: other tests get back what they had."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configured = structlog.get_config()
    yield
    structlog.configure(**configured)
    root.handlers[:] = handlers
    root.setLevel(level)


def written(form: logs.Format, level: logs.Level = "info", **fields: Any) -> str:
    stream = io.StringIO()
    logs.set_up(level, form, stream=stream, clock=_Noon())
    structlog.get_logger("callcenterd.room").info("call answered", **fields)
    return stream.getvalue()


def test_json_is_one_object_a_line_with_time_level_and_room_and_hanzi_as_they_are() -> None:
    assert json.loads(written("json", call="c1", name="张三\nx")) == {
        "at": "2026-11-25T12:00:00.000+00:00",
        "level": "info",
        "event": "call answered",
        "call": "c1",
        "name": "张三\nx",
        "logger": "callcenterd.room",
    }
    assert "张三" in written("json", name="张三")


def test_a_file_gets_json_where_nothing_else_is_said() -> None:
    assert written("auto").startswith("{")


def test_text_from_outside_begins_no_line_of_its_own() -> None:
    for form in ("json", "console"):
        line = written(form, caller="1\n12:00:00 [error] all is lost\x1b[31m\u2028[error] and\x85[error] so\u2029on")
        assert len(line.splitlines()) == 1
        assert "\x1b" not in line
    assert json.loads(written("json", caller="1\x85\u2028\n"))["caller"] == "1\x85\u2028\n"


@pytest.mark.parametrize(
    "fields",
    [
        {"password": "geheim"},
        {"old_password": "geheim"},
        {"Authorization": "geheim"},
        {"headers": {"Proxy-Authorization": "geheim", "Set-Cookie": "geheim"}},
        {"deep": [{"more": ({"pin": "geheim"},)}]},
        {"response": "geheim"},
        {"card": "geheim"},
        {"user": Secret("geheim")},
        {"users": [Secret("geheim")]},
        {"url": "postgresql://root:geheim@db/x"},
        {"a": {"b": {"c": {"d": {"e": {"f": {"password": "geheim"}}}}}}},
    ],
)
@pytest.mark.parametrize("form", ["json", "console"])
def test_no_secret_gets_into_the_log(form: logs.Format, fields: dict[str, Any]) -> None:
    line = written(form, **fields)
    assert "geheim" not in line
    assert "***" in line or "…" in line


def test_what_is_less_than_the_level_is_not_written() -> None:
    assert written("json", "warning") == ""


def test_a_traceback_is_part_of_its_event_without_the_values_of_variables() -> None:
    stream = io.StringIO()
    logs.set_up("info", "json", stream=stream, clock=_Noon())
    hidden = "geheim"
    try:
        raise ValueError(f"{len(hidden)} letters")
    except ValueError:
        structlog.get_logger("room").exception("listener failed", fact="CallEnded")
    event = json.loads(stream.getvalue())
    assert event["fact"] == "CallEnded"
    assert event["exception"].startswith("Traceback")
    assert event["exception"].endswith("ValueError: 6 letters")
    assert "geheim" not in stream.getvalue()


def test_other_libraries_lines_go_the_same_way_and_the_talkative_are_quiet() -> None:
    stream = io.StringIO()
    logs.set_up("info", "json", stream=stream, clock=_Noon())
    logging.getLogger("foreign").warning("bar %s", 3)
    logging.getLogger("aiohttp.access").info("GET /")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["bar 3"]


class _Full(io.StringIO):
    """A file on a disk without room."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", text[:20])


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_full_disk_under_the_log_ends_nobodys_call(form: logs.Format) -> None:
    logs.set_up("info", form, stream=_Full(), clock=_Noon())
    structlog.get_logger("callcenterd.room").error("recording failed", why="No space left on device")


# ---- what is kept of it in memory ---------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "console"])
def test_the_newest_lines_are_kept_as_they_were_written(form: logs.Format) -> None:
    recent = logs.Recent(most=3)
    logs.set_up("info", form, stream=io.StringIO(), clock=_Noon(), recent=recent)
    log = structlog.get_logger("callcenterd.sip.endpoint")
    log.debug("not written")
    log.info("first", call="c1")
    log.info("call answered", call="c2", legs=[1, "b"])
    logging.getLogger("foreign.room").warning("bar %s", 3)
    try:
        raise ValueError("6 letters")
    except ValueError:
        log.exception("listener failed", url="postgresql://root:geheim@db/x")
    kept = recent.lines()
    assert [(line.number, line.level, line.part, line.event) for line in kept] == [
        (2, "info", "sip", "call answered"),
        (3, "warning", "foreign", "bar 3"),
        (4, "error", "sip", "listener failed"),
    ]
    assert kept[0].details == {"call": "c2", "legs": '[1, "b"]'}
    assert kept[1].details == {}
    assert kept[2].trace.splitlines()[-1] == "ValueError: 6 letters"
    assert kept[2].details == {"url": "postgresql://***@db/x"}
    assert {line.at for line in kept} == {_Noon().utc()}
    assert (recent.forgotten(), recent.level) == (1, "info")


@pytest.mark.parametrize("name", ["password", "pin", "credential", "passphrase", "Authorization", "new_secret"])
def test_no_secret_is_kept(name: str) -> None:
    recent = logs.Recent()
    logs.set_up("info", "json", stream=io.StringIO(), clock=_Noon(), recent=recent)
    structlog.get_logger("callcenterd.web").info("signed in", **{name: "geheim"}, deep={"a": {name: "geheim"}})
    [line] = recent.lines()
    assert "geheim" not in str(line)
    assert line.details[name] == "***"


def test_many_threads_may_write_at_once_and_no_line_is_lost() -> None:
    recent = logs.Recent(most=1000)
    logs.set_up("info", "json", stream=io.StringIO(), clock=_Noon(), recent=recent)

    def write(thread: int) -> None:
        for n in range(100):
            structlog.get_logger("callcenterd.media").info("row", thread=thread, n=n)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        recent.lines()  # who reads meanwhile disturbs nobody
    for thread in threads:
        thread.join()
    assert [line.number for line in recent.lines()] == list(range(1, 801))
