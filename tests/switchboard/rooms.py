"""What tests of several who speak with each other ask of an office: who hears whom, by number."""

from __future__ import annotations

from callcenterd.model.ids import LegId
from callcenterd.model.prompts import Music
from tests.kit.office import Office
from tests.kit.wire import Dialog, Row


def row_of(desk: Office, dialog: Dialog) -> Row:
    """The sound of whom this dialog reaches."""
    (leg,) = [leg for call in desk.calls.live() for leg in call.legs if leg.dialog == dialog.id]
    return desk.sound.rows[leg.id]


def hears(desk: Office, dialog: Dialog) -> str:
    """Whom or what the other side of a dialog hears now: numbers, "music", "tone", or "" for silence."""
    row = row_of(desk, dialog)
    if row.play is not None:
        sounds = [sounds for leg, sounds in desk.sound.played if leg == row.leg][-1]
        return "music" if isinstance(desk.prompts.of(sounds[0]), Music) else "tone"
    numbers: dict[LegId, str] = {leg.id: leg.number for call in desk.calls.live() for leg in call.legs}
    return " ".join(sorted(numbers[leg] for leg in row.hears))
