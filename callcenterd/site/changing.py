"""The site changed: by a file, or one thing by a page, in one transaction."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import BaseModel, TypeAdapter, ValidationError

from callcenterd import yamltext
from callcenterd.errors import FaultyFile, NotFound, NotNow, Refused
from callcenterd.model.site import (
    Site,
    UserAccount,
)
from callcenterd.model.site_edits import Editor, Settled
from callcenterd.site.edited import Held, Kept, by_thing, hold, known_to_file, settle
from callcenterd.site.entries import KINDS, SECTIONS, Kind, Section
from callcenterd.site.merging import HASHED, SECRETS, Hashes, Named, Proven, by_key, merge
from callcenterd.site.reading import SiteFile, between, faults_between, faults_of, parse, references
from callcenterd.store.database import Store
from callcenterd.worker.passwords import Passwords


@dataclass(frozen=True, slots=True)
class Applied:
    """changes: one short text for each thing that is another now; empty: nothing was. revision: the site's now. kept:
    what of a file was left alone, since a page changed it after the file."""

    changes: tuple[str, ...]
    revision: int
    kept: tuple[Kept, ...] = ()


class ThingIsAnother(NotNow):
    """Somebody changed these fields of a thing meanwhile. Nothing has changed."""

    def __init__(self, word: str, fields: Sequence[str]) -> None:
        super().__init__(f"this {word} was changed meanwhile: {', '.join(fields)}")
        self.fields = tuple(fields)


Allowed = Callable[[Site, Site], None]
"""Raises where who asks may not make the one site of the other."""


def anything(_: Site, __: Site) -> None:
    """For the house itself, and its command line."""


async def apply(
    store: Store, passwords: Passwords, file: SiteFile, allowed: Allowed = anything, *, overwrite: bool = False
) -> Applied:
    """Bring a file into the store, in one transaction, if anything is another by it.

    What a page changed since a file last had its say stays (`edited`); overwrite: it does not. Raises FaultyFile, also
    for what both changed, and Refused if nobody could sign in as admin any more.
    """

    async def change(site: Site) -> _Change:
        edits = by_thing(await store.site.edits())
        hashes = await _hashes(passwords, site, file.named)
        held = Held(file.named, frozenset(SECTIONS))
        if edits and not overwrite:
            revision = file.revision if file.revision is not None and file.revision <= site.revision else None
            known = known_to_file(site, file.named, edits, revision)
            concerned = [one for one in file.named if (one.section, one.key) in edits]
            held = hold(site, known, file.named, edits, revision, hashes, await _hashes(passwords, known, concerned))
            if held.findings:
                raise FaultyFile(sorted(faults_of(file.document, held.findings)))
        if faults := faults_between(file.document, site, held.named):
            raise FaultyFile(sorted(faults))
        after, changes = merge(site, held.named, hashes, held.in_order)
        return _Change(after, changes, settle(held.named, held.in_order, edits, after), held.kept)

    return await _changed(store, change, allowed)


async def apply_text(
    store: Store,
    passwords: Passwords,
    text: str,
    name: str,
    allowed: Allowed = anything,
    *,
    overwrite: bool = False,
) -> Applied:
    """As `apply`, from the text of a file. name: what faults call it. Raises FaultyFile with all faults at once."""
    document = await asyncio.to_thread(yamltext.parse, text, name)
    file = parse(document, known=await store.site.load())
    return await apply(store, passwords, file, allowed, overwrite=overwrite)


def key_of(section: Section, fields: Mapping[str, Any]) -> str:
    """Under which key a thing with these fields is kept: "queue:sales" for the box "sales". What is no key stays as it
    is written; `put` says why."""
    kind = KINDS[section]
    written = fields.get(kind.key, "")
    try:
        return str(TypeAdapter(kind.entry.model_fields[kind.key].rebuild_annotation()).validate_python(written))
    except ValidationError:
        return str(written)


async def put(
    store: Store,
    passwords: Passwords,
    section: Section,
    fields: Mapping[str, Any],
    editor: Editor,
    allowed: Allowed = anything,
    *,
    was: Mapping[str, Any] | None = None,
) -> Applied:
    """Bring one thing in, as a file with it alone would. Raises Refused with the reason for each field.

    editor: who does it, so that no older file undoes it. was: what who asks believes that the
    fields were before; raises ThingIsAnother if one of them is another by now.
    """
    return await put_all(store, passwords, section, [fields], editor, allowed, was=was)


async def put_all(
    store: Store,
    passwords: Passwords,
    section: Section,
    things: Sequence[Mapping[str, Any]],
    editor: Editor,
    allowed: Allowed = anything,
    *,
    was: Mapping[str, Any] | None = None,
) -> Applied:
    """The same for several things of a section: all of them, or none."""
    kind = KINDS[section]
    try:
        entries = [kind.entry.model_validate(fields) for fields in things]
    except ValidationError as error:
        raise Refused(f"this {kind.word} cannot be taken", _reasons(error, kind.entry)) from None
    named = [Named(section, (section, n), entry) for n, entry in enumerate(entries)]

    async def change(site: Site) -> _Change:
        if was and (others := _others_now(kind, by_key(site, section).get(named[0].key), was)):
            raise ThingIsAnother(kind.word, others)
        if findings := list(between(site, named)):
            raise Refused(f"this {kind.word} cannot be taken", {str(one.path[0]): one.reason for one in findings})
        return _Change(*merge(site, named, await _hashes(passwords, site, named)))

    return await _changed(store, change, allowed, editor)


def _others_now(kind: Kind, now: Any, was: Mapping[str, Any]) -> list[str]:
    """Of the fields that were so, those that are otherwise. What is no field, or a secret, is passed over."""
    if now is None:
        return []
    try:
        known = kind.entry.model_validate({**was, kind.key: getattr(now, kind.key)}).given()
    except ValidationError:
        return sorted(was)  # so it never was
    return [name for name, value in known.items() if name not in SECRETS and getattr(now, name) != value]


async def reorder(
    store: Store, section: Section, keys: Sequence[str], editor: Editor, allowed: Allowed = anything
) -> Applied:
    """Have the things of a section stand in this order. Raises ThingIsAnother if these are not all of them."""

    async def change(site: Site) -> _Change:
        things = by_key(site, section)
        if sorted(keys) != sorted(things):
            raise ThingIsAnother(KINDS[section].word, ["order"])
        lists: dict[str, Any] = {section: tuple(things[key] for key in keys)}
        changes = () if list(things) == list(keys) else (f"{section}: order",)
        return _Change(dataclasses.replace(site, **lists), changes)

    return await _changed(store, change, allowed, editor)


async def remove(store: Store, section: Section, key: str, editor: Editor, allowed: Allowed = anything) -> Applied:
    """Take one thing away. Raises NotFound, and Refused while something else names it."""
    kind = KINDS[section]

    async def change(site: Site) -> _Change:
        if key not in by_key(site, section):
            raise NotFound(kind.word, key)
        if naming := _who_names(site, section, key):
            raise Refused(f"{kind.word} {key} is named by {', '.join(naming[:5])}", {kind.key: "is in use"})
        left = tuple(thing for name, thing in by_key(site, section).items() if name != key)
        lists: dict[str, Any] = {section: left}
        after = dataclasses.replace(site, **lists)
        return _Change(after, (f"{kind.word} {key}: removed",))

    return await _changed(store, change, allowed, editor)


def _who_names(site: Site, section: Section, key: str) -> list[str]:
    return [
        f"{KINDS[other].word} {name}"
        for other in SECTIONS
        for name, thing in by_key(site, other).items()
        if any((where, whom) == (section, key) for _, where, whom in references(thing))
    ]


class _Change(NamedTuple):
    after: Site
    changes: tuple[str, ...]
    settled: Settled = Settled()
    kept: tuple[Kept, ...] = ()


_TRIES = 5


async def _changed(
    store: Store, change: Callable[[Site], Awaitable[_Change]], allowed: Allowed, editor: Editor | None = None
) -> Applied:
    """Load, change, save; anew if somebody else saved in between. Raises NotNow if that happens every time."""
    for tries_left in reversed(range(_TRIES)):
        before = await store.site.load()
        after, changes, settled, kept = await change(before)
        if not changes and settled == Settled():
            return Applied((), before.revision, kept)
        if changes:
            allowed(before, after)
        if _admins(before) and not _admins(after):
            raise Refused("somebody must be able to sign in as admin", {"role": "the last admin"})
        try:
            revision = await store.site.save(after, expected=before.revision, editor=editor, settled=settled)
        except NotNow:
            if not tries_left:
                raise
            continue
        await _end_sessions(store, before, after)
        return Applied(changes, revision, kept)
    raise AssertionError("the last try answers or raises")


async def _end_sessions(store: Store, before: Site, after: Site) -> None:
    """Who signed in with the old password proves nothing any more."""
    new = by_key(after, "users")
    for user in before.users:
        if user.login in new and new[user.login].password_hash != user.password_hash:
            await store.sessions.revoke_all(user.login)


def _admins(site: Site) -> list[UserAccount]:
    return [user for user in site.users if user.role == "admin" and user.password_hash.reveal()]


async def _hashes(passwords: Passwords, site: Site, named: Sequence[Named]) -> Hashes:
    """The hash of each password and PIN that is given and is not the one that there is."""
    known = by_key(site, "users")

    async def hashed(login: str, word: Proven, given: str) -> tuple[tuple[str, Proven], str | None]:
        old = getattr(known[login], f"{word}_hash").reveal() if login in known else ""
        if old and await passwords.verify(old, given):
            return (login, word), None
        return (login, word), await passwords.hash(given)

    wanted = [
        (one.key, word, given)
        for one in named
        if one.section == "users"
        for word in HASHED
        if (given := one.given().get(word))
    ]
    made = await asyncio.gather(*(hashed(*one) for one in wanted))
    return {key: hashed for key, hashed in made if hashed is not None}


def _reasons(error: ValidationError, model: type[BaseModel]) -> dict[str, str]:
    return {
        str(details["loc"][0]) if details["loc"] else "": yamltext.reason_of(details, model)
        for details in error.errors(include_url=False)
    }
