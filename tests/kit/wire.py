"""The two lower rooms as the calls room sees them, without sockets: `Line` is SIP, `Sound` is media.

Both take part in a test like the real ones: they refuse what the real ones could not do (an assertion: the fault
is ours), tell what the other side does, and remember everything. Time is the running loop's, virtual or not.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from callcenterd.errors import LocalError, NotFound
from callcenterd.media import sdp
from callcenterd.media.facts import (
    KeyHeard,
    LegEnded,
    LegJudged,
    LegStatistics,
    MediaFact,
    PlayEnded,
    PlayId,
    RecordingClosed,
    RecordingFailed,
)
from callcenterd.media.machine import Rule, Verdict
from callcenterd.media.sdp import AudioFormat
from callcenterd.model.ids import ExtensionNumber, LegId, RecordingId, TrunkName
from callcenterd.sip import events
from callcenterd.sip.events import DialogId, SipEvent, ToExtension, ToTrunk

THEIR_HOST = "192.0.2.7"
OUR_HOST = "127.0.0.1"
Samples = NDArray[np.int16]
DialogState = Literal["arriving", "placed", "ringing", "up", "over"]


def their_sdp(port: int = 7000) -> bytes:
    """What a phone with A-law and µ-law writes, as an offer and as an answer."""
    return sdp.offer(THEIR_HOST, port, session_id=port)


@dataclass(eq=False)
class Dialog:
    """One call of theirs or ours at the SIP room's edge. status: how it was refused. reason: said at its end.
    referral: what its phone was told of its REFER. asked_if_there: how often."""

    id: DialogId
    other: str
    state: DialogState
    to: ToExtension | ToTrunk | None = None
    caller: str = ""
    caller_name: str = ""
    sdp: bytes | None = None
    status: int | None = None
    reason: str | None = None
    rung: bool = False
    referral: list[int] = field(default_factory=list)
    asked_if_there: int = 0

    def up(self) -> bool:
        return self.state == "up"

    def over(self) -> bool:
        return self.state == "over"


class Line:
    """Implements `calls.control.Signalling`; the methods under "what they do" are the other side's hand.

    phones: extensions that can be reached. trunks: of which a call can be sent. secure: by TLS.
    obedient: phones that pick up when they are told to. tell: set to `Calls.signalled`.
    """

    tell: Callable[[SipEvent], None]

    def __init__(self) -> None:
        self.phones: set[ExtensionNumber] = set()
        self.trunks: set[TrunkName] = set()
        self.dialogs: list[Dialog] = []
        self.obedient: set[str] = set()
        self.fails_to_place = False
        self.secure = False

    # ---- Signalling -------------------------------------------------------------------------------------

    def ring(self, dialog: DialogId, sdp: bytes | None = None) -> None:
        self._in(dialog, "arriving").rung = True

    def accept(self, dialog: DialogId, sdp: bytes) -> None:
        kept = self._in(dialog, "arriving")
        kept.state, kept.sdp = "up", sdp

    def refuse(self, dialog: DialogId, status: int, phrase: str | None = None) -> None:
        kept = self._in(dialog, "arriving")
        kept.state, kept.status, kept.reason = "over", status, phrase

    def place(self, to: ToExtension | ToTrunk, *, caller: str, caller_name: str = "", sdp: bytes) -> DialogId:
        self._must_be_reachable(to)
        if self.fails_to_place:
            raise LocalError("the INVITE cannot be sent")
        dialog = self._new(to.number, "placed")
        dialog.to, dialog.caller, dialog.caller_name, dialog.sdp = to, caller, caller_name, sdp
        return dialog.id

    def hang_up(self, dialog: DialogId, reason: str | None = None) -> None:
        kept = self._in(dialog, "arriving", "placed", "ringing", "up")
        kept.state, kept.reason = "over", reason

    def accept_offer(self, dialog: DialogId, sdp: bytes) -> None:
        self._in(dialog, "up").sdp = sdp

    def refuse_offer(self, dialog: DialogId, status: int = 488) -> None:
        self._in(dialog, "up").status = status

    def tell_referral(self, dialog: DialogId, status: int) -> None:
        self._in(dialog, "up").referral.append(status)

    def ask_if_there(self, dialog: DialogId) -> None:
        self._in(dialog, "up").asked_if_there += 1

    def pick_up(self, dialog: DialogId) -> bool:
        kept = self._in(dialog, "placed", "ringing")
        if kept.other in self.obedient:
            asyncio.get_running_loop().call_soon(self.picks_up, kept)
        return kept.other in self.obedient

    def can_pick_up(self, dialog: DialogId) -> bool:
        kept = self.dialogs[dialog - 1]
        return kept.state in ("placed", "ringing") and kept.other in self.obedient

    def local_host_towards(self, to: ToExtension | ToTrunk) -> str:
        self._must_be_reachable(to)
        return OUR_HOST

    def is_secure_towards(self, to: ToExtension | ToTrunk) -> bool:
        self._must_be_reachable(to)
        return self.secure

    # ---- what they do -----------------------------------------------------------------------------------

    def calls_in(
        self,
        caller: str,
        called: str,
        *,
        trunk: str | None = "gateway",
        extension: str | None = None,
        name: str = "",
        offer: bytes | None = b"",
        replaces: Dialog | None = None,
        diverted_from: tuple[str, ...] = (),
    ) -> Dialog:
        """An INVITE comes. extension: one of our phones calls, not the trunk. offer b"": an ordinary one."""
        dialog = self._new(caller, "arriving")
        self.tell(
            events.IncomingCall(
                dialog=dialog.id,
                trunk=TrunkName(trunk) if trunk and extension is None else None,
                extension=ExtensionNumber(extension) if extension else None,
                caller=caller,
                caller_name=name,
                called=called,
                offer=their_sdp() if offer == b"" else offer,
                local_host=OUR_HOST,
                diverted_from=diverted_from,
                replaces=None if replaces is None else replaces.id,
                secure=self.secure,
            )
        )
        return dialog

    def rings(self, dialog: Dialog, answer: bytes | None = None) -> None:
        assert dialog.state in ("placed", "ringing"), dialog
        dialog.state = "ringing"
        self.tell(events.Progress(dialog.id, answer))

    def picks_up(self, dialog: Dialog, answer: bytes | None = b"") -> None:
        """200. answer b"": an ordinary one."""
        assert dialog.state in ("placed", "ringing"), dialog
        dialog.state = "up"
        self.tell(events.Accepted(dialog.id, their_sdp(7002) if answer == b"" else answer))

    def declines(self, dialog: Dialog, status: int, *, moved_to: str = "", cause: int = 0, words: str = "") -> None:
        """moved_to: a 3xx, with the number that the phone forwards to. cause: of the network behind (ITU-T Q.850)."""
        assert dialog.state in ("placed", "ringing"), dialog
        dialog.state, dialog.status = "over", status
        self.tell(events.Refused(dialog.id, status, moved_to, cause, words))

    def hangs_up(self, dialog: Dialog, reason: str = "normal") -> None:
        """BYE, or CANCEL if it was not answered yet."""
        assert dialog.state in ("arriving", "up"), dialog
        was, dialog.state = dialog.state, "over"
        self.tell(events.Cancelled(dialog.id) if was == "arriving" else events.HungUp(dialog.id, reason))

    def acknowledges(self, dialog: Dialog, answer: bytes | None = None) -> None:
        """Their ACK of our 200, with the answer to our offer. answer None: an ordinary one."""
        assert dialog.state == "up", dialog
        self.tell(events.Acknowledged(dialog.id, answer or their_sdp()))

    def offers_anew(self, dialog: Dialog, offer: bytes | None) -> None:
        """A re-INVITE."""
        assert dialog.state == "up", dialog
        self.tell(events.Reoffered(dialog.id, offer))

    def holds(self, dialog: Dialog, direction: str = "sendonly") -> None:
        """A re-INVITE with this direction; "sendrecv" takes the other side back; "0.0.0.0" is how it once was said."""
        offer = their_sdp()
        if direction == "0.0.0.0":
            self.offers_anew(dialog, offer.replace(THEIR_HOST.encode(), b"0.0.0.0"))
        else:
            self.offers_anew(dialog, offer.replace(b"a=sendrecv", f"a={direction}".encode()))

    def refers(self, dialog: Dialog, number: str, replaces: Dialog | None = None) -> None:
        """REFER: the phone hands its call on."""
        assert dialog.state == "up", dialog
        self.tell(events.Referred(dialog.id, number, None if replaces is None else replaces.id, dialog.other))

    def key(self, dialog: Dialog, key: str) -> None:
        """A key by INFO."""
        self.tell(events.KeyByInfo(dialog.id, key))

    def registers(self, *extensions: str) -> None:
        for number in map(ExtensionNumber, extensions):
            self.phones.add(number)
            self.tell(events.Registered(number, True))

    def is_lost(self, extension: str) -> None:
        """A phone's registration runs out."""
        self.phones.discard(ExtensionNumber(extension))
        self.tell(events.Registered(ExtensionNumber(extension), False))

    # ---- what a test asks -------------------------------------------------------------------------------

    def rung(self, number: str) -> Dialog:
        """Our INVITE to this number that is neither answered nor over; there must be exactly one."""
        found = [d for d in self.dialogs if d.to is not None and d.other == number and d.state in ("placed", "ringing")]
        assert len(found) == 1, f"{len(found)} calls to {number}: {self.dialogs}"
        return found[0]

    def ringing_numbers(self) -> list[str]:
        return [d.other for d in self.dialogs if d.to is not None and d.state in ("placed", "ringing")]

    def open(self) -> list[Dialog]:
        return [dialog for dialog in self.dialogs if dialog.state != "over"]

    # ---- within -----------------------------------------------------------------------------------------

    def _must_be_reachable(self, to: ToExtension | ToTrunk) -> None:
        if isinstance(to, ToExtension) and to.number not in self.phones:
            raise LocalError(f"no phone is registered as {to.number}")
        if isinstance(to, ToTrunk) and to.trunk not in self.trunks:
            raise LocalError(f"there is no trunk {to.trunk}")

    def _new(self, other: str, state: DialogState) -> Dialog:
        dialog = Dialog(DialogId(len(self.dialogs) + 1), other, state)
        self.dialogs.append(dialog)
        return dialog

    def _in(self, dialog: DialogId, *states: DialogState) -> Dialog:
        kept = self.dialogs[dialog - 1]
        assert kept.state in states, f"{kept} is not {' or '.join(states)}"
        return kept


@dataclass(eq=False)
class Row:
    """One leg's media. hears: whom. play: what it hears now instead, and whether that is repeated.
    announced: what was played over it until now. gets_keys: that who is joined with it presses.
    sent_keys: that were sent to it."""

    leg: LegId
    port: int
    remote: tuple[str, int] | None = None
    audio: AudioFormat | None = None
    hears: frozenset[LegId] = frozenset()
    announced: list[tuple[Samples, ...]] = field(default_factory=list)
    play: PlayId | None = None
    repeats: bool = False
    gets_keys: bool = False
    sent_keys: str = ""
    timer: asyncio.TimerHandle | None = None

    @property
    def heard(self) -> LegId | None:
        """The one whom it hears; None: nobody, or several."""
        return next(iter(self.hears)) if len(self.hears) == 1 else None


@dataclass
class Take:
    """A recording that runs, or ran."""

    recording: RecordingId
    path: Path
    caller: LegId
    other: LegId | None
    begun: float
    ended: float | None = None
    others: tuple[LegId, ...] = ()
    pauses: list[tuple[float, float | None]] = field(default_factory=list)


def leg_sound(**changes: Any) -> LegStatistics:
    """Of a leg that nothing came from and nothing was sent to. changes: what is otherwise."""
    nothing = {field.name: 0 for field in dataclasses.fields(LegStatistics)}
    unknown = ("source", "lost_there", "jitter_there_ms", "round_trip_ms", "mos", "mos_there")
    return LegStatistics(**{**nothing, **dict.fromkeys(unknown), "codec": "PCMA", **changes})


class Sound:
    """Implements `calls.control.Sounding`. What is played takes its time, and then is told to be over.

    ports: how many legs there may be at once. whole: are recordings complete. tell: set to `Calls.sounded`.
    sounds: how legs sound; the others are silent. verdict: who picks up, and after how many seconds that is known;
    None: the room never tells.
    """

    tell: Callable[[MediaFact], None]

    def __init__(self, ports: int = 1000) -> None:
        self.rows: dict[LegId, Row] = {}
        self.takes: list[Take] = []
        self.played: list[tuple[LegId, tuple[Samples, ...]]] = []
        self.sounds: dict[LegId, LegStatistics] = {}
        self.whole = True
        self.verdict: Verdict | None = Verdict("human", "short", 0.0)
        self._judging: dict[LegId, asyncio.TimerHandle] = {}
        self._ports = ports
        self._legs = itertools.count(1)
        self._plays = itertools.count(1)

    # ---- Sounding ---------------------------------------------------------------------------------------

    def open_leg(self, local_host: str) -> tuple[LegId, int]:
        if len(self.rows) >= self._ports:
            raise LocalError("no free port for sound")
        leg = LegId(next(self._legs))
        self.rows[leg] = Row(leg, 20000 + 2 * leg)
        return leg, self.rows[leg].port

    def connect(self, leg: LegId, remote: tuple[str, int], audio: AudioFormat) -> None:
        self.rows[leg].remote, self.rows[leg].audio = remote, audio

    def close_leg(self, leg: LegId) -> None:
        ended = LegEnded(leg, self.statistics(leg))
        self._stop(self.rows[leg])
        if (judging := self._judging.pop(leg, None)) is not None:
            judging.cancel()
            gone = LegJudged(leg, Verdict("unsure", "gone", 0.0))
            asyncio.get_running_loop().call_soon(lambda: self.tell(gone))
        del self.rows[leg]
        asyncio.get_running_loop().call_soon(lambda: self.tell(ended))
        for row in self.rows.values():
            row.hears -= {leg}

    def bridge(self, a: LegId, b: LegId) -> None:
        self.rows[a].hears, self.rows[b].hears = frozenset({b}), frozenset({a})

    def unbridge(self, a: LegId) -> None:
        """Whoever `a` heard does not hear it either."""
        for other in self.rows[a].hears & self.rows.keys():
            self.rows[other].hears -= {a}
        self.rows[a].hears = frozenset()

    def hear(self, leg: LegId, others: Collection[LegId]) -> None:
        assert leg not in others
        assert all(other in self.rows for other in others), "nobody hears who is gone"
        self.rows[leg].hears = frozenset(others)

    def announce(self, leg: LegId, sounds: Sequence[Samples]) -> PlayId:
        play = PlayId(next(self._plays))
        self.rows[leg].announced.append(tuple(sounds))
        seconds = sum(len(sound) for sound in sounds) / 8000
        ended = PlayEnded(leg, play, True)
        asyncio.get_running_loop().call_later(seconds, lambda: self.tell(ended) if leg in self.rows else None)
        return play

    def play(self, leg: LegId, sounds: Sequence[Samples], *, repeat: bool = False) -> PlayId:
        row = self.rows[leg]
        self._stop(row)
        row.play, row.repeats = PlayId(next(self._plays)), repeat
        self.played.append((leg, tuple(sounds)))
        if not repeat:
            seconds = sum(len(sound) for sound in sounds) / 8000
            row.timer = asyncio.get_running_loop().call_later(seconds, self._over, row, True)
        return row.play

    def stop_play(self, leg: LegId) -> None:
        self._stop(self.rows[leg])

    def relay_keys(self, leg: LegId, *, wanted: bool) -> None:
        self.rows[leg].gets_keys = wanted

    def send_keys(self, leg: LegId, keys: str) -> None:
        self.rows[leg].sent_keys += keys

    def press(self, leg: LegId, key: str) -> None:
        asyncio.get_running_loop().call_soon(self.keys, leg, key)

    def record(self, recording: RecordingId, path: Path, caller: LegId, other: LegId | None) -> None:
        assert caller in self.rows
        assert other is None or other in self.rows
        self.takes.append(Take(recording, path, caller, other, asyncio.get_running_loop().time()))

    def record_caller(self, recording: RecordingId, caller: LegId) -> None:
        assert caller in self.rows
        self._running(recording).caller = caller

    def record_other(self, recording: RecordingId, other: LegId) -> None:
        assert other in self.rows
        self._running(recording).other = other

    def record_others(self, recording: RecordingId, others: Collection[LegId]) -> None:
        assert all(other in self.rows for other in others)
        self._running(recording).others = tuple(others)

    def pause_recording(self, recording: RecordingId) -> None:
        pauses = self._running(recording).pauses
        assert not pauses or pauses[-1][1] is not None
        pauses.append((asyncio.get_running_loop().time(), None))

    def resume_recording(self, recording: RecordingId) -> None:
        pauses = self._running(recording).pauses
        pauses[-1] = (pauses[-1][0], asyncio.get_running_loop().time())

    def _running(self, recording: RecordingId) -> Take:
        return next(take for take in self.takes if take.recording == recording and take.ended is None)

    def disk_is_full(self) -> None:
        """Every recording that runs cannot be written any more."""
        self.whole = False
        for take in self.takes:
            if take.ended is None:
                self.tell(RecordingFailed(take.recording, "No space left on device"))

    def stop_recording(self, recording: RecordingId) -> None:
        take = self._running(recording)
        take.ended = asyncio.get_running_loop().time()
        closed = RecordingClosed(recording, take.path, take.ended - take.begun, 1044, "0" * 64, self.whole)
        asyncio.get_running_loop().call_soon(lambda: self.tell(closed))

    def judge(self, leg: LegId, rule: Rule) -> None:
        assert self.rows[leg].remote is not None, "it is not up"
        assert self.rows[leg].play is None, "its echo would be heard"
        if self.verdict is not None:
            told, loop = LegJudged(leg, self.verdict), asyncio.get_running_loop()
            self._judging[leg] = loop.call_later(self.verdict.seconds, self._tell_judged, told)

    def _tell_judged(self, told: LegJudged) -> None:
        del self._judging[told.leg]
        self.tell(told)

    def statistics(self, leg: LegId) -> LegStatistics:
        if leg not in self.rows:
            raise NotFound("leg", leg)
        return self.sounds.get(leg, leg_sound())

    # ---- what they do -----------------------------------------------------------------------------------

    def keys(self, leg: LegId, keys: str) -> None:
        """The leg's phone sends these keys, one after the other."""
        for key in keys:
            self.tell(KeyHeard(leg, key))

    # ---- within -----------------------------------------------------------------------------------------

    def _stop(self, row: Row) -> None:
        if row.play is not None:
            if row.timer is not None:
                row.timer.cancel()
            asyncio.get_running_loop().call_soon(self.tell, PlayEnded(row.leg, row.play, False))
            row.play, row.timer = None, None

    def _over(self, row: Row, finished: bool) -> None:
        assert row.play is not None
        play, row.play, row.timer = row.play, None, None
        self.tell(PlayEnded(row.leg, play, finished))
