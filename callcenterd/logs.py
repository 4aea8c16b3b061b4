"""How the server's log is written: facts with ids, one line for one thing, to standard error.

JSON lines for machines, or a readable line for people. What other libraries log goes the same way. Secrets do not
pass: whatever stands under the name of one is written as ***. A traceback is part of its one event, without the
values of variables. Text from outside cannot begin a line of its own.

The newest lines are kept in memory as well (`RECENT`), as they were written, for a page of the administration.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
import threading
from collections import deque
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TextIO, get_args

import structlog
from structlog.typing import EventDict, Processor

from callcenterd.clock import Clock, SystemClock

Level = Literal["debug", "info", "warning", "error"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""The least first."""
Format = Literal["auto", "console", "json"]

HIDDEN = "***"
SECRETS = frozenset(
    {
        "password",
        "password_hash",
        "passwd",
        "secret",
        "token",
        "cookie",
        "set_cookie",
        "authorization",
        "proxy_authorization",
        "response",  # of digest
        "pin",
        "card",
        "api_key",
        "private_key",
        "credential",
        "passphrase",
        "database",  # its URL holds a password
    }
)
_OF_SECRETS = tuple(f"_{name}" for name in ("password", "secret", "token", "pin"))
_CREDENTIALS = re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]*(?=@)")
_KEYS = re.compile(r"(?<=inline:)[A-Za-z0-9+/=]+", re.IGNORECASE)
"""A key of encrypted sound, as it stands in SDP (RFC 4568)."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DEEPEST = 4
_QUIET = ("aiohttp.access", "aiosqlite", "alembic", "asyncio", "sqlalchemy", "fontTools", "PIL")


MOST_KEPT = 2000
_MOST_EVENT = 1000
_MOST_VALUE = 500
_MOST_DETAILS = 30
_MOST_TRACE = 6000
_OUR_OWN = "callcenterd."
_NOT_DETAILS = frozenset({"at", "level", "event", "logger", "exception", "stack", "_record", "_from_structlog"})


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was logged. number: counts up from 1. part: the room of ours that said it ("sip", "web"), or the
    name of another library. details: what stood beside it, by its name. trace: the traceback, "" where there is none.
    """

    number: int
    at: datetime
    level: Level
    part: str
    event: str
    details: Mapping[str, str]
    trace: str


class Recent:
    """The newest lines of this run. Any thread may add to them. most: how many are kept; each is cut to some kB."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self.most = most
        self.level: Level = "info"
        """The least that is written, and so kept."""
        self._lines: deque[Line] = deque(maxlen=most)
        self._number = 0
        # One that its own holder may take again: what the collector of garbage ends within it may log too.
        self._lock = threading.RLock()

    def lines(self) -> list[Line]:
        """The oldest first."""
        with self._lock:
            return list(self._lines)

    def forgotten(self) -> int:
        """How many lines there were that are not kept any more."""
        with self._lock:
            return self._number - len(self._lines)

    def add(self, at: datetime, event: Mapping[str, Any]) -> None:
        """event: as it is written, without secrets (`hide_secrets`)."""
        logger = str(event.get("logger", ""))
        details = [(name, value) for name, value in event.items() if name not in _NOT_DETAILS]
        with self._lock:
            self._number += 1
            self._lines.append(
                Line(
                    number=self._number,
                    at=at,
                    level=_level(str(event.get("level", ""))),
                    part=logger.removeprefix(_OUR_OWN).partition(".")[0],
                    event=_cut(_visible(str(event.get("event", ""))), _MOST_EVENT),
                    details={
                        name: _cut(_visible(_text(value)), _MOST_VALUE) for name, value in details[:_MOST_DETAILS]
                    },
                    trace=_trace(event),
                )
            )


RECENT = Recent()
"""Of this process, as its log is. `set_up` fills it."""


def _level(name: str) -> Level:
    """What is worse than an error is one, and what is not known is told as a warning."""
    known = next((level for level in LEVELS if level == name), None)
    return known or ("error" if name in ("critical", "fatal", "exception") else "warning")


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list | tuple) else str(value)


def _visible(text: str) -> str:
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def _trace(event: Mapping[str, Any]) -> str:
    """Its end says what it is, so that is what stays of a long one."""
    text = "\n".join(_visible(line) for line in str(event.get("exception") or event.get("stack") or "").splitlines())
    return text if len(text) <= _MOST_TRACE else "…" + text[1 - _MOST_TRACE :]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def set_up(
    level: Level,
    form: Format,
    *,
    stream: TextIO | None = None,
    clock: Clock | None = None,
    recent: Recent = RECENT,
) -> None:
    """Once, before the first line. form "auto": console on a terminal, else json. stream None: standard error.

    recent: where the newest lines are kept as well.
    """
    stream = sys.stderr if stream is None else stream
    clock = SystemClock() if clock is None else clock
    console = form == "console" or (form == "auto" and stream.isatty())
    number = logging.getLevelNamesMapping()[level.upper()]
    recent.level = level

    def stamp(_logger: Any, _method: str, event: EventDict) -> EventDict:
        at = clock.utc()
        event["at"] = at.astimezone().strftime("%H:%M:%S.%f")[:-3] if console else at.isoformat(timespec="milliseconds")
        return event

    def keep(_logger: Any, _method: str, event: EventDict) -> EventDict:
        recent.add(clock.utc(), event)
        return event

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        stamp,
        structlog.processors.format_exc_info,  # a plain traceback: no values of variables
        hide_secrets,
    ]
    last: list[Processor] = [_one_line, _for_people(stream)] if console else [_json]
    structlog.configure(
        processors=[*shared, _name_room, keep, *last],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *names: _Writer(stream, names[0] if names else ""),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name, keep],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))


def hide_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Writes *** for what stands under a secret's name, however deep, a password in an address, and a key in SDP."""
    return {name: _hidden(name, value, 0) for name, value in event.items()}


def _hidden(name: str, value: Any, depth: int) -> Any:
    if _is_secret(name) and value not in (None, "", True, False):
        return HIDDEN
    if depth > _DEEPEST:
        return "…"
    match value:
        case str():
            plain = str(value)  # a Secret gives *** here; as it is, json would write its letters
            plain = _CREDENTIALS.sub(HIDDEN, plain) if "://" in plain else plain
            return _KEYS.sub(HIDDEN, plain) if "nline:" in plain or "NLINE:" in plain else plain
        case Mapping():
            return {str(key): _hidden(str(key), part, depth + 1) for key, part in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_hidden("", part, depth + 1) for part in value]
        case _:
            return value


def _is_secret(name: str) -> bool:
    plain = name.lower().replace("-", "_")
    return plain in SECRETS or plain.endswith(_OF_SECRETS)


class _Writer:
    """One finished line at a time."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self.name = name

    def msg(self, line: str) -> None:
        # The log lies on a full disk, or who read it is gone: there is nobody to tell, and no call may end by it.
        with contextlib.suppress(OSError):
            self._stream.write(line + "\n")
            self._stream.flush()

    debug = info = warning = warn = error = exception = critical = fatal = log = msg


def _name_room(logger: Any, _method: str, event: EventDict) -> EventDict:
    if name := getattr(logger, "name", ""):
        event["logger"] = name
    return event


def _json(_logger: Any, _method: str, event: EventDict) -> str:
    ordered = {name: event.pop(name) for name in ("at", "level", "event") if name in event}
    text = json.dumps({**ordered, **event}, ensure_ascii=False, default=str)
    # JSON itself lets through what some readers take for the end of a line (U+0085, U+2028).
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _one_line(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Control characters as escapes, in all but the traceback: text from outside begins no line of its own."""
    for name, value in event.items():
        if name not in ("exception", "stack") and not isinstance(value, int | float | bool | None):
            event[name] = _visible(str(value))
    return event


def _for_people(stream: TextIO) -> Processor:
    shown = structlog.dev.ConsoleRenderer(
        colors=stream.isatty(),
        timestamp_key="at",
        pad_event_to=36,
        exception_formatter=structlog.dev.plain_traceback,
    )

    def render(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        return shown(logger, method, event)

    return render
