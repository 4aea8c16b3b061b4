"""A site file read, and judged beside the site that it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from callcenterd import said
from callcenterd.errors import Fault, FaultyFile
from callcenterd.model.calendar import Calendar
from callcenterd.model.site import (
    ALL,
    EACH,
    Disposition,
    Extension,
    Limits,
    Mailbox,
    OutboundRoute,
    QueueSettings,
    Site,
    Team,
    Trunk,
    UserAccount,
)
from callcenterd.model.voicemail import Box, BoxKind
from callcenterd.site.entries import KINDS, SECTIONS, Entry, Section
from callcenterd.site.merging import Named, by_key, merge
from callcenterd.site.shapes import MAX_THINGS, texted
from callcenterd.yamltext import Document, KeyPath

REVISION = "revision"


@dataclass(frozen=True, slots=True)
class SiteFile:
    """A site file whose every thing is well-formed by itself. Made by `parse`.

    revision: of the site that it was exported from; it knows what pages had changed until then.
    """

    document: Document
    named: tuple[Named, ...]
    revision: int | None = None


def parse(document: Document, known: Site | None = None) -> SiteFile:
    """Read a site file. Raises FaultyFile with all faults at once.

    known: the site that the file will be applied to; with it, names that neither has are found as well
    (`apply` finds them in any case).
    """
    data = {} if document.data is None else document.data
    if not isinstance(data, dict):
        raise FaultyFile([document.fault((), f"a group of keys is wanted: {', '.join(SECTIONS)}")])
    faults = [
        document.fault((name,), f"{name}: is no key here; there are {', '.join(SECTIONS)}")
        for name in data
        if name not in SECTIONS and name != REVISION
    ]
    revision = data.get(REVISION)
    if revision is not None and (not isinstance(revision, int) or isinstance(revision, bool) or revision < 0):
        faults.append(document.fault((REVISION,), f"{REVISION}: a whole number is wanted, as `export` writes it"))
    named: list[Named] = []
    mentioned: set[tuple[str, str]] = set()
    for section in SECTIONS:
        items = data.get(section)
        if items is None:
            continue  # `trunks:` with all below it commented out
        if not isinstance(items, list) or len(items) > MAX_THINGS:
            faults.append(document.fault((section,), f"{section}: a list of at most {MAX_THINGS} is wanted"))
            continue
        kind = KINDS[section]
        seen: dict[str, int] = {}
        for n, item in enumerate(items):
            place = (section, n)
            if isinstance(item, dict) and isinstance(key := texted(item.get(kind.key)), str):
                mentioned.add((section, key))
                if key in seen:
                    first = document.line((section, seen[key]))
                    faults.append(
                        document.fault(place, f"{section}: {kind.word} {key} stands twice, first in line {first}")
                    )
                seen.setdefault(key, n)
            try:
                named.append(Named(section, place, kind.entry.model_validate(item)))
            except ValidationError as error:
                faults += document.faults_of(error, place, model=kind.entry)
    if known is not None:
        faults += faults_between(document, known, named, mentioned)
    if faults:
        raise FaultyFile(sorted(set(faults)))
    return SiteFile(document, tuple(named), revision)


def faults_between(
    document: Document, known: Site, named: Sequence[Named], mentioned: Iterable[tuple[str, str]] = ()
) -> list[Fault]:
    """Faults between things, each with its line. mentioned: names in the file besides, of things that are faulty."""
    return faults_of(document, between(known, named, mentioned))


def faults_of(document: Document, findings: Iterable[Finding]) -> list[Fault]:
    return [
        document.fault((*one.place, *one.path), said.of(one.reason, f"{one.place[0]}.{one.path[0]}"))
        for one in findings
    ]


@dataclass(frozen=True, slots=True)
class Finding:
    """place: of the thing; path: in the thing."""

    place: KeyPath
    path: KeyPath
    reason: str


def between(known: Site, named: Sequence[Named], mentioned: Iterable[tuple[str, str]] = ()) -> Iterator[Finding]:
    """What is wrong between the things that are named, and the site that they come to. Others are not judged."""
    site, _ = merge(known, named, {})
    names = {(section, key) for section in SECTIONS for key in by_key(site, section)} | set(mentioned)
    for one in named:
        thing = by_key(site, one.section)[one.key]
        kind = KINDS[one.section]
        for needed in kind.needed:
            if one.key not in by_key(known, one.section) and needed not in one.given():
                yield Finding(one.place, (needed,), f"is missing: a new {kind.word} needs it")
        for path, section, name in references(thing):
            if (section, name) not in names:
                yield Finding(one.place, path, f"there is no {KINDS[section].word} {name}")
        yield from (Finding(one.place, (field,), reason) for field, reason in _within(thing, one.entry))
        if isinstance(thing, Team):
            yield from _led_by_agents(site, thing, one.place)
        if isinstance(thing, UserAccount) and thing.own_role:
            own = site.own_role(thing.own_role)
            if own is None:
                yield Finding(one.place, ("own_role",), f"there is no role {thing.own_role}")
            elif own.base != thing.role:
                yield Finding(one.place, ("own_role",), f"this role is for users of the role {own.base}")


def _led_by_agents(site: Site, team: Team, place: KeyPath) -> Iterator[Finding]:
    """Who is an agent sees the own calls only, and would lead in vain."""
    roles = {user.login: user.role for user in site.users}
    for n, login in enumerate(team.leaders):
        if roles.get(login) == "agent":
            yield Finding(place, ("leaders", n), f"a supervisor is wanted: {login} is an agent")


_BOX_SECTIONS: Mapping[BoxKind, Section] = {"queue": "queues", "agent": "users", "extension": "extensions"}


def references(thing: object) -> Iterator[tuple[KeyPath, Section, str]]:
    """Which other things a thing names: where in it, and whom."""
    match thing:
        case OutboundRoute():
            yield from ((("trunks", n), "trunks", trunk) for n, trunk in enumerate(thing.trunks))
        case UserAccount(extension=str(number)):
            yield ("extension",), "extensions", number
        case Limits() if thing.who not in (EACH, ALL):
            yield ("who",), "extensions", thing.who
        case Mailbox():
            box = Box.parse(thing.box)
            yield ("box",), _BOX_SECTIONS[box.kind], box.name
        case QueueSettings():
            yield from ((("members", n), "users", member) for n, member in enumerate(thing.members))
            if thing.calendar:
                yield ("calendar",), "calendars", thing.calendar
            yield from (
                ((field, agent), "users", agent) for field in ("ranks", "weights") for agent in getattr(thing, field)
            )
        case Disposition():
            yield from ((("queues", n), "queues", queue) for n, queue in enumerate(thing.queues))
        case Team():
            yield from (
                ((field, n), "users", login)
                for field in ("members", "leaders")
                for n, login in enumerate(getattr(thing, field))
            )


def _within(thing: object, entry: Entry) -> Iterator[tuple[str, str]]:
    """Faults of one thing as it will be: field and reason."""
    match thing:
        case Trunk(register=True, username=""):
            yield "register", "a trunk that is registered with needs a username"
        case Extension() if not thing.password.reveal() and not thing.contact:
            yield "number", "needs a password (a phone that registers) or a contact (a device at a fixed address)"
        case Mailbox() if thing.shortest >= thing.longest:
            yield "shortest", "must be less than longest"
        case Calendar():
            yield from thing.problems()
        case UserAccount() if {"password", "password_hash"} <= set(entry.given()):
            yield "password_hash", "either password or password_hash is wanted, not both"
        case QueueSettings(disposition_required=True, wrap_up=0):
            yield "wrap_up", "a queue that wants dispositions needs a wrap-up"
        case UserAccount() if {"pin", "pin_hash"} <= set(entry.given()):
            yield "pin_hash", "either pin or pin_hash is wanted, not both"
        case UserAccount() if entry.given().get("pin") == thing.login:
            yield "pin", "another PIN than the login is wanted"
