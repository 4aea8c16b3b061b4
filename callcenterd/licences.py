"""Whose work is in here, and under which licence: libraries as they are installed, what the pages were built of, and
the sounds that ship. Nothing of it is written down by hand but what no package says.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import structlog
from pydantic import TypeAdapter, ValidationError

import callcenterd

_log = structlog.get_logger(__name__)

Kind = Literal["server", "programs", "pages", "sounds"]
"""programs: they do not ship, and are started where they are installed."""

OURS = "callcenterd"
OUR_LICENCE = "MIT"
VOICES = frozenset({"kokoro", "pyttsx3"})
"""Extras of ours (setup.cfg)."""
PAGES_FILE = "licences.json"
"""Beside the built pages: written when they are built, of what is in them (`webapp/licences.ts`)."""
_MOST = 200
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_HOMES = ("homepage", "home", "home page", "source", "source code", "repository", "code", "github", "github: repo")
"""Names of addresses in packages' metadata, the best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """home: an address of its own, "" where it says none. licence: as its authors write it, an SPDX expression where
    they know of those; "": it does not say."""

    kind: Kind
    name: str
    version: str
    licence: str
    home: str


SOUNDS = (
    Part(
        kind="sounds",
        name="Kokoro-82M (hexgrad): the voice that spoke the prompts",
        version="1.0",
        licence="Apache-2.0",
        home="https://huggingface.co/hexgrad/Kokoro-82M",
    ),
)
"""docs/decisions/0029: its weights do not ship; what it has spoken does, and is ours."""


@dataclass(frozen=True, slots=True)
class _InPages:
    """One line of the file."""

    name: str
    version: str
    licence: str
    home: str


_PAGES = TypeAdapter(list[_InPages])


def parts(pages: Path) -> list[Part]:
    """All, by kind and name. pages: the folder of the built pages. Reads some hundred files: not for the event loop."""
    return [*_server(), *_programs(), *_of_pages(pages), *SOUNDS]


def our_text() -> str:
    """Our own licence, whole; "" where it was not installed with us."""
    beside = Path(callcenterd.__file__).resolve().parent.parent / "LICENSE"
    if beside.is_file():
        return beside.read_text("utf-8")
    try:
        files = metadata.distribution(OURS).files or []
    except metadata.PackageNotFoundError:
        return ""
    found = next((file for file in files if file.name == "LICENSE"), None)
    return "" if found is None else found.read_text("utf-8")


def _server() -> Iterator[Part]:
    """Python, and every library that we need or that one of those needs, as it is installed here."""
    yield Part(
        kind="server",
        name="Python",
        version=platform.python_version(),
        licence="PSF-2.0",
        home="https://www.python.org",
    )
    found = [_part(one) for one in _needed().values()]
    yield from sorted(found, key=lambda part: part.name.lower())


def _programs() -> Iterator[Part]:
    if shutil.which("espeak-ng") is not None:
        home = "https://github.com/espeak-ng/espeak-ng"
        yield Part(kind="programs", name="espeak-ng", version="", licence="GPL-3.0-or-later", home=home)


def _needed() -> dict[str, metadata.Distribution]:
    """By their names in small letters; of the voices that an office may install beside us those that are there."""
    found: dict[str, metadata.Distribution] = {}
    seen: set[tuple[str, str]] = set()
    waiting: list[tuple[str, frozenset[str]]] = [(OURS, VOICES)]
    while waiting:
        name, extras = waiting.pop()
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # for another system, or an extra that is not here
            continue
        if _plain(name) != OURS:
            found[_plain(name)] = distribution
        for requirement in distribution.requires or ():
            text, _, marker = requirement.partition(";")
            matched = _REQUIREMENT.match(text)
            extra = _EXTRA.search(marker)
            if matched is None or (extra is not None and extra[1] not in extras):
                continue
            wanted = frozenset(part.strip() for part in (matched[2] or "").split(",") if part.strip())
            key = (_plain(matched[1]), ",".join(sorted(wanted)))
            if key not in seen:
                seen.add(key)
                waiting.append((matched[1], wanted))
    return found


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _part(distribution: metadata.Distribution) -> Part:
    return Part(
        kind="server",
        name=distribution.metadata["Name"],
        version=distribution.version,
        licence=_licence(distribution)[:_MOST],
        home=_home(distribution),
    )


def _licence(distribution: metadata.Distribution) -> str:
    """As an SPDX expression, in words of one line, or by its classifiers."""
    if expression := _said(distribution, "License-Expression"):
        return expression
    told = _said(distribution, "License")
    if told and "\n" not in told and len(told) < 100 and told.upper() != "UNKNOWN":
        return told
    classes = [line for line in distribution.metadata.get_all("Classifier") or () if line.startswith("License ::")]
    names = [line.rpartition(" :: ")[2] for line in classes]
    # Some write the whole text there; its first line is its name.
    return " / ".join(names) or (told.splitlines()[0].strip() if told else "")


def _said(distribution: metadata.Distribution, field: str) -> str:
    return next(iter(distribution.metadata.get_all(field) or ()), "").strip()


def _home(distribution: metadata.Distribution) -> str:
    known = {}
    for line in distribution.metadata.get_all("Project-URL") or ():
        name, _, address = line.partition(",")
        known[name.strip().lower()] = address.strip()
    addresses = [known[name] for name in _HOMES if name in known]
    home = next(iter(addresses), "") or _said(distribution, "Home-page")
    return _address(home)


def _of_pages(pages: Path) -> Iterator[Part]:
    """What is in the built pages; nothing where they were not built here."""
    try:
        told = _PAGES.validate_python(json.loads((pages / PAGES_FILE).read_text("utf-8")))
    except FileNotFoundError:
        return
    except (OSError, ValueError, ValidationError) as fault:
        _log.warning("what the pages were built of cannot be read", why=str(fault).splitlines()[0])
        return
    for one in told:
        yield Part(
            kind="pages",
            name=one.name[:_MOST],
            version=one.version[:_MOST],
            licence=one.licence[:_MOST],
            home=_address(one.home),
        )


def _address(home: str) -> str:
    """Only what a page may lead to."""
    return home[:_MOST] if home.startswith(("https://", "http://")) else ""
