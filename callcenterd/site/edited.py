"""A site file held against what pages changed since: an older file undoes nothing, and says what it left alone.

Of each thing that pages changed, three sides are known: what it was when a file last had its say (`SiteEdit.was`), what
it is now, and what the file says. Field by field:

- the file says what it said then: the page's change stands, and is told (`Kept`);
- the page did not touch the field: the file's word is taken;
- both changed it, to different ends: nobody but a person can tell, so that the file is refused (`Finding`), unless it
  is to overwrite.

A file that was exported knows all changes up to its `revision`. What a page made that no file ever named has nothing
to be undone: a file that names it for the first time is taken at its word. Pure.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callcenterd.model.site import Secret, Site, UserAccount
from callcenterd.model.site_edits import ORDER, Editor, Settled, SiteEdit
from callcenterd.said import Said
from callcenterd.site.entries import KINDS, SECTIONS, Section
from callcenterd.site.merging import HASHED, Hashes, Named, brought_in, by_key
from callcenterd.site.reading import Finding
from callcenterd.yamltext import shown

Place = tuple[Section, str]
"""A thing: its section and key."""
Edits = Mapping[Place, Sequence[SiteEdit]]


@dataclass(frozen=True, slots=True)
class Kept:
    """What a file says as it said before, and a page changed since: it stays as the page has it. fields: empty if the
    page took the thing away. key: ORDER for the order of the section's things. editor: who did it last."""

    section: Section
    key: str
    fields: tuple[str, ...]
    editor: Editor

    def __str__(self) -> str:
        """For the command line."""
        what = f"{', '.join(self.fields)} stays as" if self.fields else "stays away, as"
        done = "set on a page" if self.fields else "removed on a page"
        at = self.editor.at.isoformat(timespec="minutes")
        if self.key == ORDER:
            return f"{self.section}: the order stays as set on a page by {self.editor.by} ({at})"
        return f"{KINDS[self.section].word} {self.key}: {what} {done} by {self.editor.by} ({at})"


@dataclass(frozen=True, slots=True)
class Held:
    """named: what of a file is brought in. in_order: sections whose things come in the file's order. findings: what it
    and a page changed both."""

    named: tuple[Named, ...]
    in_order: frozenset[Section]
    kept: tuple[Kept, ...] = ()
    findings: tuple[Finding, ...] = ()


def by_thing(edits: Sequence[SiteEdit]) -> Edits:
    """The changes of each thing, the first one first; those of sections that are no more are passed over."""
    found: dict[Place, list[SiteEdit]] = {}
    for edit in edits:
        if edit.section in SECTIONS:
            found.setdefault((edit.section, edit.key), []).append(edit)
    return found


def known_to_file(site: Site, named: Sequence[Named], edits: Edits, revision: int | None) -> Site:
    """The site as the file knows the things that it names and that pages changed since. revision: of the file."""
    lists: dict[str, tuple[Any, ...]] = {}
    for section in SECTIONS:
        things = by_key(site, section)
        for one in named:
            if one.section == section and (edit := _first_unknown(edits.get((section, one.key), ()), revision)):
                things.pop(one.key, None)
                if edit.was is not None:
                    things[one.key] = edit.was
        lists[section] = tuple(things.values())
    return dataclasses.replace(site, **lists)  # type: ignore[arg-type]  # each list has its section's things


def hold(
    site: Site,
    known: Site,
    named: Sequence[Named],
    edits: Edits,
    revision: int | None,
    hashes: Hashes,
    known_hashes: Hashes,
) -> Held:
    """known: of `known_to_file`. revision: of the file. hashes, known_hashes: the new hashes of passwords and PINs that
    `site` and `known` have not (see `merging.merge`)."""
    brought: list[Named] = []
    kept: list[Kept] = []
    findings: list[Finding] = []
    for one in named:
        was, now = by_key(known, one.section).get(one.key), by_key(site, one.section).get(one.key)
        changes = edits.get((one.section, one.key), ())
        if not changes or was is None or was == now:
            brought.append(one)
            continue
        said = brought_in(one, was, known_hashes)
        fields = _fields_of(one)
        if now is None:
            if all(_at(said, field) == _at(was, field) for field in fields):
                kept.append(Kept(one.section, one.key, (), changes[-1].editor))
            else:
                findings.append(Finding(one.place, (KINDS[one.section].key,), _removed(changes[-1].editor)))
            continue
        wanted = brought_in(one, now, hashes)
        stay: dict[str, Editor] = {}
        for field in fields:
            if _at(wanted, field) == _at(now, field) or _at(now, field) == _at(was, field):
                continue
            editor = _who_changed(field, changes, now)
            if _at(said, field) == _at(was, field):
                stay[field] = editor
            else:
                findings.append(Finding(one.place, (field,), _changed_by(editor, _at(now, field))))
        if stay:
            kept.append(Kept(one.section, one.key, tuple(stay), list(stay.values())[-1]))
        brought.append(dataclasses.replace(one, but=one.but | frozenset(stay)))
    in_order = set(SECTIONS)
    for section in SECTIONS:
        ours = [one for one in named if one.section == section]
        match _held_order(site, ours, edits.get((section, ORDER), ()), revision):
            case Kept() as stays:
                kept.append(stays)
                in_order.remove(section)
            case Finding() as both:
                findings.append(both)
    return Held(tuple(brought), frozenset(in_order), tuple(kept), tuple(findings))


def _held_order(
    site: Site, named: Sequence[Named], changes: Sequence[SiteEdit], revision: int | None
) -> Kept | Finding | None:
    """Of one section. None: the file's order is taken."""
    edit = _first_unknown(changes, revision)
    if edit is None or not named:
        return None
    section = named[0].section
    now = list(by_key(site, section))
    both = {one.key for one in named} & set(now) & set(edit.was)
    was, is_now = [key for key in edit.was if key in both], [key for key in now if key in both]
    said = [one.key for one in named if one.key in both]
    if is_now in (was, said):
        return None
    editor = changes[-1].editor
    if said == was:
        return Kept(section, ORDER, ("order",), editor)
    return Finding(named[0].place, (KINDS[section].key,), _changed_by(editor, ", ".join(is_now)))


def settle(named: Sequence[Named], in_order: Collection[Section], edits: Edits, after: Site) -> Settled:
    """What a file's word does to the changes of pages. named, in_order: what of it was brought in; after: the site.

    Each field that it says is what files know from now on; a change of which nothing is left is forgotten.
    """
    renewed: list[SiteEdit] = []
    gone: list[int] = []
    for one in named:
        now = by_key(after, one.section)[one.key]
        told = {_kept_as(now, field): _at(now, field) for field in one.given()}
        for edit in edits.get((one.section, one.key), ()):
            was = now if edit.was is None else dataclasses.replace(edit.was, **told)
            if was == now:
                gone.append(edit.id)
            elif was != edit.was:
                renewed.append(dataclasses.replace(edit, was=was))
    for section in {one.section for one in named} & set(in_order):
        gone += [edit.id for edit in edits.get((section, ORDER), ())]
    return Settled(tuple(renewed), tuple(gone))


def _first_unknown(changes: Sequence[SiteEdit], revision: int | None) -> SiteEdit | None:
    return next((edit for edit in changes if revision is None or edit.revision > revision), None)


def _fields_of(one: Named) -> list[str]:
    """What is given of it besides its key, in the order in which the manual names it."""
    given = one.given()
    names = [info.alias or name for name, info in type(one.entry).model_fields.items()]
    return [name for name in names if name in given and name != KINDS[one.section].key]


def _kept_as(thing: Any, field: str) -> str:
    """`password` of a user is kept as its hash; that of a phone as it is."""
    return f"{field}_hash" if isinstance(thing, UserAccount) and field in HASHED else field


def _at(thing: Any, field: str) -> Any:
    return getattr(thing, _kept_as(thing, field))


def _who_changed(field: str, changes: Sequence[SiteEdit], now: Any) -> Editor:
    """Who changed this field last; of a thing with more changes than are kept, perhaps only who changed the thing."""
    after = now
    for edit in reversed(changes):
        if edit.was is None or after is None or _at(edit.was, field) != _at(after, field):
            return edit.editor
        after = edit.was
    return changes[-1].editor


def _changed_by(editor: Editor, now: Any) -> Said:
    moment = editor.at.isoformat(timespec="minutes")
    if isinstance(now, Secret):
        return Said("page_set_secret", by=editor.by, moment=moment)
    figure = int(now) if isinstance(now, float) and now.is_integer() else now
    return Said("page_set", by=editor.by, moment=moment, now=shown(figure))


def _removed(editor: Editor) -> Said:
    return Said("page_removed", by=editor.by, moment=editor.at.isoformat(timespec="minutes"))
