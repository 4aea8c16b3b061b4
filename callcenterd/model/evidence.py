"""Evidence (证据): what has happened, chained by hashes, so that whoever changes it later is seen (NEW-06)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal, get_args

LinkKind = Literal["duty_step", "posting", "complaint_state", "call", "recording"]
LINK_KINDS: tuple[LinkKind, ...] = get_args(LinkKind)
FIRST = "0" * 64
"""What stands before the first link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One row of the chain. ref: the record that it speaks of, by its kind. digest: SHA-256 of what that was, as
    `canonical` writes it. upto: of a call, the last step of its story then. hash: of this link and all before it."""

    seq: int
    at: datetime
    kind: LinkKind
    ref: str
    upto: int
    digest: str
    hash: str


def canonical(data: Mapping[str, Any]) -> bytes:
    """One text for one meaning: JSON (RFC 8259), keys in order, no spaces, UTF-8, times in UTC with microseconds."""
    return json.dumps(_plain(data), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest_of(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(data)).hexdigest()


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def hash_of(before: str, seq: int, at: datetime, kind: str, ref: str, upto: int, digest: str) -> str:
    """Of a link: SHA-256 of the hash before it and its own fields, a line each."""
    lines = (before, str(seq), moment(at), kind, ref, str(upto), digest)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return moment(value)
        case date():
            return value.isoformat()
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case float() if value.is_integer():
            return int(value)  # what one database gives as 3.0 the other gives as 3
        case _:
            return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The last link of a day: written down elsewhere, it proves everything before it. day: of UTC."""

    day: date
    seq: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Where the chain and the records do not agree. what: link, missing, changed."""

    seq: int
    kind: str
    ref: str
    what: Literal["link", "missing", "changed"]
