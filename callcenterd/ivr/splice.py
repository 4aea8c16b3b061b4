"""Saves an edited flow and keeps every comment: only the text of what changed is replaced in the file.

An edited flow comes as the data that the file is to say. It is compared with what the file says now, and each
difference becomes a small cut in the text: a value, a key, an entry of a group or a list. All other text, line ends,
quotes and the order of what was there stay as they are, octet for octet. What came of it is read again: if it does
not say exactly what was meant, or a comment was lost that did not stand in something taken out, nothing is answered
(`CannotSplice`), and nothing is written.

A comment above something that is taken out stays; those within it, and behind it in its last line, go with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ruamel.yaml import YAML
from ruamel.yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from callcenterd import yamltext
from callcenterd.errors import FaultyFile, Refused
from callcenterd.yamltext import KeyPath, written

LINE_LENGTH = 100
"""A new node that is longer in one line is written with a line for each of its arguments."""


class CannotSplice(Refused):
    """The change cannot be made in this text without a loss; the file is to be changed by hand."""


# ---- where things stand -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Entry:
    """A key with its value, or an item of a list (then the key is its number, and key_start where the value begins)."""

    key: str | int
    key_start: int
    key_end: int
    value: Part

    @property
    def end(self) -> int:
        return max(self.value.end, self.key_end)


@dataclass(slots=True)
class Part:
    """A value in the text, text[start:end]. style: of a scalar: "", ", ', | or >. brackets: { … } or [ … ].

    Of a group or list without brackets, start is its first key or dash; end is the end of its last value.
    """

    kind: Literal["scalar", "mapping", "sequence", "alias"]
    start: int
    end: int
    style: str = ""
    brackets: bool = False
    entries: list[Entry] = field(default_factory=list)

    def scalars(self) -> Iterator[tuple[int, int]]:
        """The spans of all keys and scalars within, in their order."""
        if self.kind in {"scalar", "alias"}:
            yield self.start, self.end
        for entry in self.entries:
            if isinstance(entry.key, str):
                yield entry.key_start, entry.key_end
            yield from entry.value.scalars()


def outline(text: str) -> Part | None:
    """Where every value of a text stands that `yamltext.parse` takes. None: there is none."""
    events = iter(YAML(typ="safe").parse(text))
    for event in events:
        if isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent | AliasEvent):
            return _part(event, events, text)
    return None


def _part(event: Event, events: Iterator[Event], text: str) -> Part:
    start: int = event.start_mark.index
    if isinstance(event, AliasEvent):
        return Part("alias", start, event.end_mark.index)
    if isinstance(event, ScalarEvent):
        return Part("scalar", start, _scalar_end(event, text), event.style or "")
    assert isinstance(event, MappingStartEvent | SequenceStartEvent)  # what else a value can begin with
    mapping = isinstance(event, MappingStartEvent)
    part = Part("mapping" if mapping else "sequence", start, start, brackets=bool(event.flow_style))
    ending = MappingEndEvent if mapping else SequenceEndEvent
    while not isinstance(event := next(events), ending):
        if mapping:
            assert isinstance(event, ScalarEvent)  # `yamltext.parse` takes no other key
            key_start, key_end = event.start_mark.index, event.end_mark.index
            entry = Entry(event.value, key_start, key_end, _part(next(events), events, text))
        else:
            value = _part(event, events, text)
            entry = Entry(len(part.entries), value.start, value.start, value)
        part.entries.append(entry)
    part.end = event.end_mark.index if part.brackets else (part.entries[-1].end if part.entries else part.start)
    return part


def _scalar_end(event: ScalarEvent, text: str) -> int:
    """Of a text of several lines (| or >) the parser's end is beyond the empty lines after it."""
    start, end = int(event.start_mark.index), int(event.end_mark.index)
    if event.style not in {"|", ">"} or "+" in text[start:end].split("\n", 1)[0]:
        return end
    return start + len(text[start:end].rstrip())


_COMMENT = re.compile(r"(?:^|(?<=[\s,\[\]{}]))#[^\r\n]*", re.MULTILINE)


def comments(text: str, top: Part | None = None) -> list[tuple[int, str]]:
    """Every comment with where it begins; `#` within a value or key is none. top: the outline, where it is known."""
    top = top or outline(text)
    found, at = [], 0
    for start, end in [*(top.scalars() if top is not None else ()), (len(text), len(text))]:
        found += [(match.start(), match[0].rstrip()) for match in _COMMENT.finditer(text, at, start)]
        at = max(at, end)
    return found


def column(text: str, index: int) -> int:
    """From 1."""
    return index - _line_start(text, index) + 1


def line(text: str, index: int) -> int:
    """From 1, counted as the parser does."""
    return len(re.findall(r"\r\n|\n|\r", text[:index])) + 1


def find(top: Part | None, path: KeyPath) -> Entry | None:
    """The entry at a path; of the nearest above it that exists, where it does not."""
    found = None
    for step in path:
        entry = next((each for each in top.entries if each.key == step), None) if top is not None else None
        if entry is None:
            break
        found, top = entry, entry.value
    return found


# ---- from what is meant to cuts ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cut:
    """text[start:end] becomes this. whole: something was taken out, with the comments in it."""

    start: int
    end: int
    text: str
    whole: bool = False


def spliced(text: str, wanted: Mapping[str, Any], renamed: Mapping[str, str] | None = None) -> str:
    """The text of a flow file, changed so that it says `wanted`.

    text: without byte order mark; yamltext.parse takes it. wanted: dict, list, str, int, float, bool and None.
    renamed: nodes that have another name in `wanted`, old → new; what leads to them is changed in `wanted` itself.
    Raises CannotSplice; FaultyFile if the text itself cannot be read.
    """
    data = yamltext.parse(text, "flow").data
    if not isinstance(data, dict):
        top_text = _whole(wanted, _line_end(text))
        spliced_text = text if not text or text.endswith(("\n", "\r")) else text + _line_end(text)
        return _proven(text, spliced_text + top_text, wanted, [])
    top = outline(text)
    assert top is not None  # data is a group of keys
    writer = _Writer(text)
    names = dict(renamed or {})
    writer.mapping(top, data, wanted, (), names)
    return _in_order(_proven(text, writer.result(), wanted, writer.cuts, top), wanted)


def new_text(wanted: Mapping[str, Any]) -> str:
    """A file for a flow that has none yet."""
    return _proven("", _whole(wanted, "\n"), wanted, [])


def same(one: Any, other: Any) -> bool:
    """Do two values mean the same in a file? The order of keys does not matter; 5 is 5.0, true is not 1."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def _in_order(text: str, wanted: Mapping[str, Any]) -> str:
    """Rows of a node's argument (variables that are set, questions) stand in the order in which they are wanted.

    Entries change places with what stands behind them in their lines; comments above them stay where they are. Keys
    that are numbers are left alone: a browser sorts them, whatever was meant.
    """
    top = outline(text)
    nodes = find(top, ("nodes",))
    cuts: list[Cut] = []
    for node in nodes.value.entries if nodes is not None and nodes.key == "nodes" else ():
        for argument in node.value.entries if node.value.kind == "mapping" else ():
            rows = argument.value.entries
            there = [str(row.key) for row in rows]
            order = _rows_of(wanted, str(node.key), str(argument.key)) if argument.value.kind == "mapping" else there
            if order != there and not any(name.isdigit() for name in there):
                spans = {name: _row_span(text, row, argument.value) for name, row in zip(there, rows, strict=True)}
                cuts += [
                    Cut(*spans[old], text[slice(*spans[new])])
                    for old, new in zip(there, order, strict=True)
                    if old != new
                ]
    if not cuts:
        return text
    parts, at = [], 0
    for cut in cuts:
        parts += [text[at : cut.start], cut.text]
        at = cut.end
    after = "".join([*parts, text[at:]])
    if not same(yamltext.parse(after, "flow").data, wanted):
        raise CannotSplice("the rows cannot change places in this text; change the file by hand")
    if sorted(words for _, words in comments(after)) != sorted(words for _, words in comments(text, top)):
        raise CannotSplice("a comment would be lost; change the file by hand")
    return after


def _rows_of(wanted: Mapping[str, Any], node: str, argument: str) -> list[str]:
    return list(wanted["nodes"][node][argument])


def _row_span(text: str, row: Entry, part: Part) -> tuple[int, int]:
    """In brackets the entry alone; else to the end of its last line, with the comment there."""
    return row.key_start, row.end if part.brackets else _line_stop(text, row.end)


def _proven(before: str, after: str, wanted: Mapping[str, Any], cuts: Sequence[Cut], top: Part | None = None) -> str:
    """Raises CannotSplice unless it says what was meant and has every comment that it must have."""
    try:
        said = yamltext.parse(after, "flow").data
    except FaultyFile as fault:
        raise CannotSplice(f"the changed text could not be read: {fault.faults[0].reason}") from None
    if not same(said, wanted):
        raise CannotSplice("the changed text would say something else than was meant; change the file by hand")
    taken = [cut for cut in cuts if cut.whole]
    must = [words for at, words in comments(before, top) if not any(cut.start <= at < cut.end for cut in taken)]
    if [words for _, words in comments(after)] != must:
        raise CannotSplice("a comment would be lost; change the file by hand")
    return after


class _Writer:
    """Gathers the cuts of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.cuts: list[Cut] = []
        self.line_end = _line_end(text)

    def result(self) -> str:
        """Cuts do not overlap; of those at one place what is put in comes before what is taken out."""
        parts, at = [], 0
        for cut in sorted(self.cuts, key=lambda cut: (cut.start, cut.end)):
            if cut.start < at:
                raise CannotSplice("two changes touch the same text; make them one after the other")
            parts += [self.text[at : cut.start], cut.text]
            at = cut.end
        return "".join([*parts, self.text[at:]])

    def value(self, entry: Entry, old: Any, new: Any, path: KeyPath) -> None:
        part = entry.value
        if same(old, new):
            return
        if part.kind == "mapping" and isinstance(new, Mapping):
            self.mapping(part, old, new, path, {}, entry)
        elif part.kind == "sequence" and isinstance(new, list | tuple):
            self.sequence(entry, old, new, path)
        else:
            self.replace(entry, new)

    def replace(self, entry: Entry, new: Any) -> None:
        part, start = entry.value, entry.value.start
        if part.kind in {"mapping", "sequence"} and not part.brackets and isinstance(entry.key, str):
            colon = self.text.index(":", entry.key_end) + 1
            if not self.text[colon:start].strip():
                start = colon  # a group of lines becomes one value behind its key
        before = " " if start > 0 and self.text[start - 1] in ":-" else ""
        indent = column(self.text, entry.key_start) - (1 if isinstance(entry.key, str) else 3)  # an item: of its dash
        said = self._styled(part, new, indent)
        self.cuts.append(Cut(start, max(start, part.end), before + said, whole=part.kind in {"mapping", "sequence"}))

    def _styled(self, part: Part, new: Any, indent: int) -> str:
        """In the quotes of what stood there, where they can hold it."""
        if not isinstance(new, str) or part.kind != "scalar":
            return written(new)
        if part.style == "'" and _in_single_quotes(new):
            return "'" + new.replace("'", "''") + "'"
        if part.style == '"':
            return yamltext.quoted(new)
        if part.style in {"|", ">"} and _in_lines(new):
            lines = new.removesuffix("\n").split("\n")
            margin = " " * (indent + 2)
            body = self.line_end.join(margin + line if line else "" for line in lines)
            return ("|" if new.endswith("\n") else "|-") + self.line_end + body
        return written(new)

    def mapping(
        self,
        part: Part,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        path: KeyPath,
        renamed: Mapping[str, str],
        owner: Entry | None = None,
    ) -> None:
        """renamed: of the nodes; used where the nodes are."""
        here = renamed if path == ("nodes",) else {}
        if len(set(here.values())) != len(here):
            raise CannotSplice("two nodes cannot have one name")
        names = {key: here.get(key, key) for key in old}
        kept: list[Entry] = []
        gone: list[Entry] = []
        for entry in part.entries:
            assert isinstance(entry.key, str)
            name = names[entry.key]
            if name not in new:
                gone.append(entry)
                continue
            kept.append(entry)
            if name != entry.key:
                self.cuts.append(Cut(entry.key_start, entry.key_end, self._key(entry, name)))
            old_value, new_value = old[entry.key], new[name]
            if not path and entry.key == "nodes" and entry.value.kind == "mapping" and isinstance(new_value, Mapping):
                self.mapping(entry.value, old_value, new_value, ("nodes",), renamed, entry)
            else:
                self.value(entry, old_value, new_value, (*path, entry.key))
        known = set(names.values())
        added = [key for key in new if key not in known]
        if part.brackets:
            self._brackets(part, kept, gone, [(self._before(part, names, new, key), key, new[key]) for key in added])
        else:
            self._lines(part, kept, gone, names, new, added, path, owner)

    def _key(self, entry: Entry, name: str) -> str:
        quote = self.text[entry.key_start]
        if quote == "'":
            return "'" + name.replace("'", "''") + "'"
        return yamltext.quoted(name) if quote == '"' else written(name)

    def _before(self, part: Part, names: Mapping[str, str], new: Mapping[str, Any], key: str) -> Entry | None:
        """The entry after which a new key comes: the last before it in `new` that is in the text and stays there."""
        there = {names[str(entry.key)]: entry for entry in part.entries}
        found = None
        for name in new:
            if name == key:
                break
            if name in there:
                found = there[name]
        if found is not None:
            return found
        staying = [entry for name, entry in there.items() if name in new]
        return staying[-1] if staying else None

    # ---- { … } and [ … ] ----------------------------------------------------------------------------------------

    def _brackets(
        self, part: Part, kept: list[Entry], gone: list[Entry], added: Sequence[tuple[Entry | None, str | None, Any]]
    ) -> None:
        """added: after which entry, key (None: an item of a list) and value."""
        last_kept = kept[-1].key_start if kept else -1
        for entry in gone:
            if entry.key_start < last_kept:
                self._take_out_with_comma(entry, self._comma(entry.end, part.end))
            else:
                index = part.entries.index(entry)
                before = self._comma(part.entries[index - 1].end, entry.key_start) if index else None
                self._take_out_with_comma(entry, before)
        if gone and not kept and (comma := self._comma(part.entries[-1].end, part.end)) is not None:
            self.cuts.append(Cut(comma, comma + 1, ""))
        told: dict[int, list[str]] = {}
        for before_it, key, value in added:
            told.setdefault(before_it.end if before_it is not None else part.start + 1, []).append(_said(key, value))
        for at, texts in told.items():
            some = ", ".join(texts)
            first = at == part.start + 1 and not kept
            self.cuts.append(Cut(at, at, some if first else f", {some}"))

    def _comma(self, start: int, end: int) -> int | None:
        """Where between two values the comma is, comments aside."""
        at = start
        while at < end:
            if self.text[at] == ",":
                return at
            if self.text[at] == "#":
                at = _line_stop(self.text, at)
            else:
                at += 1
        return None

    def _take_out_with_comma(self, entry: Entry, comma: int | None) -> None:
        text, start, end = self.text, entry.key_start, entry.end
        if comma is None:
            self.cuts.append(Cut(start, end, "", whole=True))
        elif comma < start:
            if text[comma + 1 : start].strip(" "):
                self.cuts += [Cut(comma, comma + 1, ""), Cut(start, end, "", whole=True)]
            else:
                self.cuts.append(Cut(comma, end, "", whole=True))
        elif text[end:comma].strip(" "):
            self.cuts += [Cut(start, end, "", whole=True), Cut(comma, comma + 1, "")]
        else:
            stop = comma + 1
            while text[stop : stop + 1] == " ":
                stop += 1
            begin = _line_start(text, start)
            if text[stop : stop + 1] in "\r\n" and not text[begin:start].strip(" "):
                start, stop = begin, _next_line(text, stop)  # it stands alone in its line
            self.cuts.append(Cut(start, stop, "", whole=True))

    # ---- a line for each ----------------------------------------------------------------------------------------

    def _lines(
        self,
        part: Part,
        kept: list[Entry],
        gone: list[Entry],
        names: Mapping[str, str],
        new: Mapping[str, Any],
        added: list[str],
        path: KeyPath,
        owner: Entry | None,
    ) -> None:
        indent = column(self.text, part.entries[0].key_start) - 1
        if not kept:
            self._all_others(part, owner, indent, [(key, new[key]) for key in added], path)
            return
        for entry in gone:
            begin = _line_start(self.text, entry.key_start)
            if self.text[begin : entry.key_start].strip(" "):  # behind a dash: what comes next moves up to it
                following = part.entries[part.entries.index(entry) + 1]
                if self.text[entry.end : following.key_start].strip() or following in gone:
                    raise CannotSplice("the first argument behind a dash cannot be taken out; change the file by hand")
                self.cuts.append(Cut(entry.key_start, following.key_start, "", whole=True))
            else:
                self.cuts.append(Cut(begin, self._beyond(entry.end), "", whole=True))
        at: dict[int, list[str]] = {}
        for key in added:
            before = self._before(part, names, new, key)
            assert before is not None  # some are kept
            at.setdefault(self._beyond(before.end), []).append(_lines_of(key, new[key], indent, self.line_end, path))
        for place, texts in at.items():
            some = "".join(texts)
            if place > 0 and self.text[place - 1] not in "\r\n":
                some = self.line_end + some.removesuffix(self.line_end)
            self.cuts.append(Cut(place, place, some))

    def _all_others(
        self, part: Part, owner: Entry | None, indent: int, added: Sequence[tuple[str, Any]], path: KeyPath
    ) -> None:
        """None of the keys stays. The new ones stand where the first one stood; comments between the old ones stay."""
        if not added:
            if owner is None:
                raise CannotSplice("a flow without any key is none")
            for entry in part.entries:
                self._line_out(entry)
            place = self.text.index(":", owner.key_end) + 1 if isinstance(owner.key, str) else part.start
            self.cuts.append(Cut(place, place, " {}"))
            return
        first, *others = part.entries
        texts = [_lines_of(key, value, indent, self.line_end, path) for key, value in added]
        some = "".join(texts).removesuffix(self.line_end)[indent:]
        self.cuts.append(Cut(first.key_start, first.end, some, whole=True))
        for entry in others:
            self._line_out(entry)

    def _line_out(self, entry: Entry) -> None:
        begin = _line_start(self.text, entry.key_start)
        if self.text[begin : entry.key_start].strip(" "):
            self.cuts.append(Cut(entry.key_start, entry.end, "", whole=True))
        else:
            self.cuts.append(Cut(begin, self._beyond(entry.end), "", whole=True))

    def _beyond(self, end: int) -> int:
        """The beginning of the line after that in which something ends."""
        return _next_line(self.text, _line_stop(self.text, end))

    # ---- lists --------------------------------------------------------------------------------------------------

    def sequence(self, owner: Entry, old: Sequence[Any], new: Sequence[Any], path: KeyPath) -> None:
        part = owner.value
        if len(old) == len(new):
            for entry, was, will in zip(part.entries, old, new, strict=True):
                self.value(entry, was, will, (*path, entry.key))
            return
        head = 0
        while head < min(len(old), len(new)) and same(old[head], new[head]):
            head += 1
        tail = 0
        while tail < min(len(old), len(new)) - head and same(old[-1 - tail], new[-1 - tail]):
            tail += 1
        stay = min(len(old), len(new)) - head - tail  # in the middle: changed where they stand
        for offset in range(head, head + stay):
            self.value(part.entries[offset], old[offset], new[offset], (*path, offset))
        gone = part.entries[head + stay : len(old) - tail]
        added = new[head + stay : len(new) - tail]
        kept = [entry for entry in part.entries if entry not in gone]
        before = part.entries[head + stay - 1] if head + stay else None
        if part.brackets:
            if added and before is None and kept:
                first = kept[0].key_start
                self.cuts.append(Cut(first, first, "".join(f"{written(item)}, " for item in added)))
            else:
                self._brackets(part, kept, gone, [(before, None, item) for item in added])
            return
        if not new or not kept:
            self.replace(owner, list(new))
            return
        dash = column(self.text, part.start) - 1
        for entry in gone:
            begin = self._dash_line(entry, dash)
            self.cuts.append(Cut(begin, self._beyond(entry.end), "", whole=True))
        if added:
            place = self._beyond(before.end) if before is not None else self._dash_line(part.entries[0], dash)
            some = "".join(f"{' ' * dash}- {written(item)}{self.line_end}" for item in added)
            if place > 0 and self.text[place - 1] not in "\r\n":
                some = self.line_end + some.removesuffix(self.line_end)
            self.cuts.append(Cut(place, place, some))

    def _dash_line(self, entry: Entry, dash: int) -> int:
        """Where the line begins in which an item's dash is. Raises CannotSplice if something else is in it."""
        begin = _line_start(self.text, entry.key_start)
        if self.text[begin : begin + dash].strip(" ") or self.text[begin + dash : begin + dash + 1] != "-":
            raise CannotSplice("an item of a list that does not stand in the line of its dash; change the file by hand")
        return begin


# ---- text ---------------------------------------------------------------------------------------------------------


def _said(key: str | None, value: Any) -> str:
    return written(value) if key is None else f"{written(key)}: {written(value)}"


def _lines_of(key: str, value: Any, indent: int, line_end: str, path: KeyPath) -> str:
    """An entry with the line end after it; what is too long for a line gets a line for each of its own entries."""
    margin = " " * indent
    line = f"{margin}{written(key)}: {written(value)}"
    nested = isinstance(value, Mapping) and value and (len(line) > LINE_LENGTH or not path)
    if not nested:
        return line + line_end
    inner = (*path, key)
    within = "".join(_lines_of(name, item, indent + 2, line_end, inner) for name, item in value.items())
    return f"{margin}{written(key)}:{line_end}{within}"


def _whole(wanted: Mapping[str, Any], line_end: str) -> str:
    return "".join(_lines_of(key, value, 0, line_end, ()) for key, value in wanted.items())


def _in_single_quotes(text: str) -> bool:
    return text.isprintable()


def _in_lines(text: str) -> bool:
    """Can it stand below a | as it is? Not if blanks at its ends or odd characters would be lost."""
    lines = text.removesuffix("\n").split("\n")
    plain = all(not line or (line.isprintable() and line == line.rstrip()) for line in lines)
    return bool(lines[0]) and bool(lines[-1]) and lines[0][0] != " " and plain


def _line_end(text: str) -> str:
    """As the file's first line ends."""
    found = re.search(r"\r\n|\n|\r", text)
    return found[0] if found is not None else "\n"


def _line_start(text: str, index: int) -> int:
    return max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1


def _line_stop(text: str, index: int) -> int:
    """The end of the line, before its line end."""
    found = re.compile(r"[\r\n]").search(text, index)
    return found.start() if found is not None else len(text)


def _next_line(text: str, stop: int) -> int:
    if text[stop : stop + 2] == "\r\n":
        return stop + 2
    return min(stop + 1, len(text))
