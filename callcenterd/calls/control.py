"""Ring, answer, hold, hang up: SIP and media told together.

Every method here returns at once; what comes of it is told to the listener. A leg that we end ourselves is
not reported as gone: who ended it knows.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from callcenterd.calls.bridge import Bridges, Heard, Part, Room
from callcenterd.calls.call import Call, Leg, LegState, Refusal
from callcenterd.calls.listening import CallListener, reason_of
from callcenterd.calls.terms import PAGE, SPOKEN, LegTerms
from callcenterd.clock import Clock
from callcenterd.errors import LocalError, NotFound, NotNow, RemoteError
from callcenterd.media import sdp, srtp
from callcenterd.media.facts import (
    KeyHeard,
    LegEnded,
    LegJudged,
    LegOneWay,
    LegSilent,
    LegStatistics,
    MediaFact,
    PlayEnded,
    RecordingClosed,
    RecordingFailed,
)
from callcenterd.media.machine import Rule
from callcenterd.media.sdes import Seal
from callcenterd.media.sdp import AudioFormat, Terms
from callcenterd.model.calls import Direction
from callcenterd.model.ids import CallId, LegId, RecordingId, TrunkName, new_call_id
from callcenterd.model.site import Codec, Site
from callcenterd.sip import events as sip_events
from callcenterd.sip.events import DialogId, SipEvent, ToExtension, ToTrunk

_log = structlog.get_logger(__name__)

SILENCE_TOLD_EVERY = 32.0
"""Seconds: who is silent is told about again before they are over (`media.facts.LegSilent`)."""
Sound = NDArray[np.int16]


class Signalling(Protocol):
    """What this room needs of `sip.endpoint.Endpoint`."""

    def ring(self, dialog: DialogId, sdp: bytes | None = None) -> None: ...
    def accept(self, dialog: DialogId, sdp: bytes) -> None: ...
    def refuse(self, dialog: DialogId, status: int, phrase: str | None = None) -> None: ...
    def place(self, to: ToExtension | ToTrunk, *, caller: str, caller_name: str = "", sdp: bytes) -> DialogId: ...
    def hang_up(self, dialog: DialogId, reason: str | None = None) -> None: ...
    def accept_offer(self, dialog: DialogId, sdp: bytes) -> None: ...
    def refuse_offer(self, dialog: DialogId, status: int = 488) -> None: ...
    def tell_referral(self, dialog: DialogId, status: int) -> None: ...
    def ask_if_there(self, dialog: DialogId) -> None: ...
    def pick_up(self, dialog: DialogId) -> bool: ...
    def can_pick_up(self, dialog: DialogId) -> bool: ...
    def local_host_towards(self, to: ToExtension | ToTrunk) -> str: ...
    def is_secure_towards(self, to: ToExtension | ToTrunk) -> bool: ...


class Sounding(Protocol):
    """What this room needs of `media.thread.Media`."""

    def open_leg(self, local_host: str) -> tuple[LegId, int]: ...
    def connect(self, leg: LegId, remote: tuple[str, int], audio: AudioFormat) -> None: ...
    def close_leg(self, leg: LegId) -> None: ...
    def bridge(self, a: LegId, b: LegId) -> None: ...
    def unbridge(self, a: LegId) -> None: ...
    def hear(self, leg: LegId, others: Collection[LegId]) -> None: ...
    def announce(self, leg: LegId, sounds: Sequence[Sound]) -> int: ...
    def play(self, leg: LegId, sounds: Sequence[Sound], *, repeat: bool = False) -> int: ...
    def stop_play(self, leg: LegId) -> None: ...
    def relay_keys(self, leg: LegId, *, wanted: bool) -> None: ...
    def press(self, leg: LegId, key: str) -> None: ...
    def send_keys(self, leg: LegId, keys: str) -> None: ...
    def record(self, recording: RecordingId, path: Path, caller: LegId, other: LegId | None) -> None: ...
    def record_caller(self, recording: RecordingId, caller: LegId) -> None: ...
    def record_other(self, recording: RecordingId, other: LegId) -> None: ...
    def record_others(self, recording: RecordingId, others: Collection[LegId]) -> None: ...
    def pause_recording(self, recording: RecordingId) -> None: ...
    def resume_recording(self, recording: RecordingId) -> None: ...
    def stop_recording(self, recording: RecordingId) -> None: ...
    def judge(self, leg: LegId, rule: Rule) -> None: ...
    def statistics(self, leg: LegId) -> LegStatistics: ...


class Calls:
    """Every live call. listener is set once by who builds the rooms, before the first event."""

    listener: CallListener

    def __init__(
        self,
        *,
        clock: Clock,
        chance: random.Random,
        sip: Signalling,
        media: Sounding,
        rtp_address: str,
        codecs: Collection[Codec] = SPOKEN,
    ) -> None:
        """rtp_address: what we write into SDP; "auto" is the address that faces the other side. codecs: all that the
        media room can make and understand on this machine; of them a leg's setting offers some."""
        self._clock = clock
        self._chance = chance
        self._sip = sip
        self._media = media
        self._bridges = Bridges(media)
        self._rtp_address = rtp_address
        self._terms = LegTerms(chance, can_seal=srtp.available(), spoken=codecs)
        self._readable_keys: set[str] = set()  # whose keys anybody on the way can read; told once
        self._by_dialog: dict[DialogId, Leg] = {}
        self._by_row: dict[LegId, Leg] = {}
        self._fading: dict[LegId, Leg] = {}  # gone; the media room has still to tell how they sounded
        self.rings_page: Callable[[ToExtension | ToTrunk], bool] = lambda _to: False
        """Would that ring in a browser page? Set by who builds the rooms (`pagephones`)."""
        self.moved: Callable[[Leg], None] = lambda _leg: None
        """Told of every leg that began, rings, is up or gone; set by who shows that on other phones."""
        self._on_trunk: Counter[TrunkName] = Counter()

    def configure(self, site: Site) -> None:
        """Another site is in force; running calls keep what they agreed on."""
        self._terms.configure(site)

    def channels(self, trunk: TrunkName) -> int:
        """Legs that go over that trunk now, in and out."""
        return self._on_trunk[trunk]

    def live(self) -> Iterator[Call]:
        seen: dict[str, Call] = {leg.call.id: leg.call for leg in self._by_row.values()}
        return iter(seen.values())

    def count(self) -> int:
        return len({leg.call.id for leg in self._by_row.values()})

    # ---- what is asked of a leg -------------------------------------------------------------------------

    def let_ring(self, leg: Leg) -> None:
        """180 to who called."""
        if leg.state is LegState.ARRIVING:
            self._sip.ring(leg.dialog)

    def answer(self, leg: Leg) -> None:
        """200 to who called; from now on both can be heard. Answering twice changes nothing."""
        if leg.state is LegState.UP:
            return
        leg.become(LegState.UP)
        self.moved(leg)
        if leg.offer is None:
            leg.offered = self._terms.again(leg)
            body = sdp.offer(self._shown(leg), leg.port, leg.offered, session_id=leg.id)
        else:
            body, agreed = sdp.answer(leg.offer, self._shown(leg), leg.port, self._terms.of(leg), session_id=leg.id)
            self._agree(leg, agreed)
        self._sip.accept(leg.dialog, body)

    def dial(
        self,
        to: ToExtension | ToTrunk,
        *,
        call: Call | None,
        caller: str,
        caller_name: str = "",
        direction: Direction = "outbound",
    ) -> Leg:
        """Ring a phone or a number. call: what the new leg belongs to; None begins a call of its own.

        Raises LocalError if it cannot be reached at all (no binding, no trunk, no port); nothing is left behind.
        """
        host = self._sip.local_host_towards(to)
        trunk = to.trunk if isinstance(to, ToTrunk) else None
        extension = to.number if isinstance(to, ToExtension) else None
        in_page = self.rings_page(to)
        secure = self._sip.is_secure_towards(to)
        terms = PAGE if in_page else self._terms.towards(trunk, extension, call, secure=secure)
        row, port = self._media.open_leg(host)
        try:
            body = sdp.offer(self._rtp_address if self._rtp_address != "auto" else host, port, terms, session_id=row)
            dialog = self._sip.place(to, caller=caller, caller_name=caller_name, sdp=body)
        except LocalError:
            self._media.close_leg(row)
            raise
        if call is None:
            call = self._begin(direction, caller, caller_name, to.number)
        leg = Leg(row, call, dialog, to.number, LegState.DIALLING, host, port, trunk=trunk, extension=extension)
        leg.offered, leg.keys, leg.secure = terms, terms.keys, secure
        self._keep(leg)
        return leg

    def hang_up(self, leg: Leg, reason: str | None = None) -> None:
        """BYE, CANCEL or a refusal, whatever the state asks for. A leg that is gone stays so."""
        if leg.state is LegState.GONE:
            return
        self._sip.hang_up(leg.dialog, reason)
        self._drop(leg)

    def refuse(self, leg: Leg, status: int, phrase: str | None = None) -> None:
        """Refuse who calls. After the answer it is a hang_up."""
        if leg.state is LegState.ARRIVING:
            self._sip.refuse(leg.dialog, status, phrase)
            self._drop(leg)
        else:
            self.hang_up(leg)

    def end(self, call: Call, reason: str | None = None) -> None:
        for leg in call.legs:
            self.hang_up(leg, reason)

    def pick_up(self, leg: Leg) -> None:
        """The phone that rings is told to answer. Raises NotNow if it cannot be told."""
        if not self._sip.pick_up(leg.dialog):
            raise NotNow(f"phone {leg.number} cannot be told to pick up")

    def can_pick_up(self, leg: Leg) -> bool:
        """Does its phone ring, and can it be told to answer?"""
        return self._sip.can_pick_up(leg.dialog)

    def ask_if_there(self, leg: Leg) -> None:
        """Its phone, of which nothing is heard, is asked by SIP. If nobody answers there, the leg is gone."""
        self._sip.ask_if_there(leg.dialog)

    def tell_referral(self, leg: Leg, status: int) -> None:
        """How far what its phone asked for has come: 100 takes it on, from 200 on it is decided."""
        if leg.alive:
            self._sip.tell_referral(leg.dialog, status)

    # ---- legs that change their place -------------------------------------------------------------------

    def adopt(self, leg: Leg, call: Call) -> None:
        """The leg belongs to another call from now on."""
        leg.call.legs.remove(leg)
        leg.call = call
        call.legs.append(leg)

    def make_first(self, leg: Leg) -> None:
        """The leg counts as who called from now on."""
        leg.call.legs.remove(leg)
        leg.call.legs.insert(0, leg)

    def put_in_place(self, old: Leg, new: Leg, other: Leg) -> None:
        """`new` speaks with `other`, as `old` did in the same call, and is its first leg if that one was. `old` stays
        as it is, by itself."""
        if new.call.first is old:
            self.make_first(new)
        room = self._bridges.room_of(old.id)
        if room is not None and room is self._bridges.room_of(other.id) and other.joined is not old:
            self._media.stop_play(new.id)
            self._moved(self._bridges.replace(old.id, new.id))
        else:
            self.join(other, new)

    # ---- who hears what ---------------------------------------------------------------------------------

    def join(self, a: Leg, b: Leg) -> None:
        """Both hear each other, and nothing that was being played. Guests who are with `a` stay."""
        self._media.stop_play(a.id)
        self._media.stop_play(b.id)
        self._moved(self._bridges.join(a.id, b.id))

    def part(self, leg: Leg) -> None:
        """The leg is in no conversation any more."""
        self._moved(self._bridges.leave(leg.id))

    def attend(self, leg: Leg, beside: Leg, part: Part) -> None:
        """The leg comes into the conversation in which `beside` is, or does something else in it.

        Raises LocalError if there is no such conversation.
        """
        room = self._bridges.room_of(beside.id)
        if room is None:
            raise LocalError(f"leg {beside.id} is in no conversation")
        self.enter(leg, room, part)

    def open_room(self, leg: Leg) -> None:
        """A leg that speaks with nobody now can be attended: whoever comes to it is heard there too."""
        if self._bridges.room_of(leg.id) is None:
            self._moved(self._bridges.enter(Room(), leg.id, Part()))

    def enter(self, leg: Leg, room: Room, part: Part) -> None:
        """The leg comes into a room (a conference), or does something else in it."""
        self._media.stop_play(leg.id)
        self._moved(self._bridges.enter(room, leg.id, part))

    def room_of(self, leg: Leg) -> Room | None:
        return self._bridges.room_of(leg.id)

    def heard_by(self, leg: Leg) -> Heard:
        """Whom the leg hears now, of other legs; guests too."""
        return self._bridges.heard_by(leg.id)

    def part_of(self, leg: Leg) -> Part | None:
        """What the leg does in its conversation; None: it is in none."""
        room = self._bridges.room_of(leg.id)
        return None if room is None else room.parts[leg.id]

    def change_part(self, leg: Leg, part: Part) -> None:
        """Raises LocalError if the leg is in no conversation."""
        self._moved(self._bridges.change(leg.id, part))

    def members(self, room: Room) -> list[Leg]:
        """Everybody in the room, guests too, in the order in which they came."""
        return [self._by_row[leg] for leg in room.parts]

    def _moved(self, legs: Iterable[LegId]) -> None:
        """Whose conversation is another one speaks with somebody else, or with nobody."""
        for row in legs:
            leg = self._by_row.get(row)
            if leg is not None:
                other = self._bridges.other_side(row)
                leg.joined = None if other is None else self._by_row[other]
                self._media.relay_keys(leg.id, wanted=_gets_keys(leg))

    def send_keys(self, leg: Leg, keys: str) -> None:
        """The other side of the leg gets these keys, as RFC 4733 events or, if it knows none, as tones."""
        self._media.send_keys(leg.id, keys)

    def announce(self, leg: Leg, sounds: Sequence[Sound]) -> int:
        """Heard by that leg only, over what it hears. The answer names it in `played`."""
        return self._media.announce(leg.id, sounds)

    def play(self, leg: Leg, sounds: Sequence[Sound], *, repeat: bool = False) -> int:
        """Replaces what was playing. The answer names it in `played`."""
        return self._media.play(leg.id, sounds, repeat=repeat)

    def stop_play(self, leg: Leg) -> None:
        if leg.alive:
            self._media.stop_play(leg.id)

    def judge(self, leg: Leg, rule: Rule) -> None:
        """Has a person or a machine picked up? Asked in the moment of the answer; the listener is told, once."""
        self._media.judge(leg.id, rule)

    def record(self, recording: RecordingId, path: Path, caller: Leg, other: Leg | None) -> None:
        """Stereo: left is the caller, right the other side; None: nobody is there (a message)."""
        self._media.record(recording, path, caller.id, None if other is None else other.id)

    def record_instead(self, recording: RecordingId, leg: Leg) -> None:
        """The leg is recorded on the side on which it stands in its call."""
        turn = self._media.record_caller if leg is leg.call.first else self._media.record_other
        turn(recording, leg.id)

    def record_others(self, recording: RecordingId, others: Collection[Leg]) -> None:
        """The right side is all these together from now on: a conference as its first party hears it."""
        self._media.record_others(recording, [leg.id for leg in others])

    def pause_recording(self, recording: RecordingId) -> None:
        """Nothing that is said is kept from now on; the file holds silence in its place."""
        self._media.pause_recording(recording)

    def resume_recording(self, recording: RecordingId) -> None:
        self._media.resume_recording(recording)

    def stop_recording(self, recording: RecordingId) -> None:
        self._media.stop_recording(recording)

    # ---- what SIP tells ---------------------------------------------------------------------------------

    def signalled(self, event: SipEvent) -> None:
        """One event of the SIP room. A fault of one call is logged and ends that call only."""
        try:
            self._signalled(event)
        except Exception:  # noqa: BLE001  # one call's fault must reach neither the other calls nor the SIP room
            leg = self._by_dialog.get(getattr(event, "dialog", DialogId(0)))
            _log.exception("signalling failed", happening=type(event).__name__, call=leg and leg.call.id)
            if leg is not None:
                self._break_off(leg.call)

    def _signalled(self, event: SipEvent) -> None:
        match event:
            case sip_events.IncomingCall():
                self._arrive(event)
            case sip_events.Registered():
                self.listener.phone(event.extension, event.reachable)
            case sip_events.TrunkSeen():
                self.listener.trunk(event.trunk, event.state, event.why)
            case _:
                leg = self._by_dialog.get(event.dialog)
                if leg is not None:
                    self._in_dialog(leg, event)

    def _break_off(self, call: Call) -> None:
        first = call.first
        was_alive = first.alive
        self.end(call)
        if was_alive:
            self.listener.gone(first, "fault")

    def _in_dialog(self, leg: Leg, event: SipEvent) -> None:
        match event:
            case sip_events.Progress():
                self._progress(leg, event.answer)
            case sip_events.Accepted():
                self._accepted(leg, event.answer)
            case sip_events.Refused():
                leg.moved_to = event.moved_to
                leg.refusal = Refusal(event.status, event.cause, event.words)
                self._drop(leg)
                self.listener.refused(leg, reason_of(event.status), event.status)
            case sip_events.Cancelled():
                self._drop(leg)
                self.listener.gone(leg, "answered elsewhere" if event.elsewhere else "cancelled")
            case sip_events.HungUp():
                self._drop(leg)
                self.listener.gone(leg, event.reason)
            case sip_events.Acknowledged():
                if event.answer is not None and leg.agreed is None:
                    self._settle(leg, event.answer)
            case sip_events.Reoffered():
                self._reoffered(leg, event.offer)
            case sip_events.Referred():
                self._referred(leg, event)
            case sip_events.KeyByInfo():
                self._media.press(leg.id, event.key)
            case _:
                _log.debug("not expected now", happening=type(event).__name__, call=leg.call.id)

    def _arrive(self, event: sip_events.IncomingCall) -> None:
        try:
            offer = None if event.offer is None else sdp.parse(event.offer)
            in_page = event.dialog < 0
            terms = PAGE if in_page else self._terms.towards(event.trunk, event.extension, secure=event.secure)
            if offer is not None:
                sdp.choose(terms, offer)  # tried before anything is built on it
        except LocalError as fault:
            _log.error("call refused", caller=event.caller, called=event.called, why=str(fault))
            self._sip.refuse(event.dialog, 488)
            return
        except RemoteError as fault:
            _log.info("call refused", caller=event.caller, called=event.called, why=str(fault))
            self._sip.refuse(event.dialog, 488)
            return
        try:
            row, port = self._media.open_leg(event.local_host)
        except LocalError as fault:
            _log.error("no media for a call", caller=event.caller, called=event.called, why=str(fault))
            self._sip.refuse(event.dialog, 503)
            return
        if event.replaces is not None:
            self._take_over(event, row, port, offer, terms)
            return
        call = self._begin(
            "inbound" if event.trunk is not None else "internal", event.caller, event.caller_name, event.called
        )
        call.trunk, call.extension, call.diverted_from = event.trunk, event.extension, event.diverted_from
        leg = Leg(row, call, event.dialog, event.caller, LegState.ARRIVING, event.local_host, port, offer)
        leg.trunk = event.trunk
        leg.extension = event.extension
        leg.keys, leg.secure = terms.keys, event.secure
        self._keep(leg)
        self.listener.arrived(call)

    def _take_over(
        self, event: sip_events.IncomingCall, row: LegId, port: int, offer: sdp.Description | None, terms: Terms
    ) -> None:
        """INVITE with Replaces (RFC 3891 §3): answered at once, since the other side speaks already."""
        old = self._by_dialog.get(event.replaces) if event.replaces is not None else None
        if old is None or old.state is not LegState.UP:
            self._media.close_leg(row)
            self._sip.refuse(event.dialog, 481)
            return
        new = Leg(row, old.call, event.dialog, old.number, LegState.ARRIVING, event.local_host, port, offer)
        new.extension = event.extension
        new.keys, new.secure = terms.keys, event.secure
        self._keep(new)
        self.answer(new)
        self.listener.taken_over(old, new)

    def _referred(self, leg: Leg, event: sip_events.Referred) -> None:
        replaced = self._by_dialog.get(event.replaces) if event.replaces is not None else None
        if event.replaces is not None and replaced is None:
            self._sip.tell_referral(leg.dialog, 404)
        else:
            self.listener.referred(leg, event.number, replaced)

    def _progress(self, leg: Leg, answer: bytes | None) -> None:
        if leg.state not in (LegState.DIALLING, LegState.RINGING):
            return
        again, heard = leg.state is LegState.RINGING, leg.agreed is not None
        leg.become(LegState.RINGING)
        self.moved(leg)
        early = answer is not None and (heard or self._settle(leg, answer))
        if leg.alive and (not again or (early and not heard)):
            self.listener.ringing(leg, early)

    def _accepted(self, leg: Leg, answer: bytes | None) -> None:
        if leg.state not in (LegState.DIALLING, LegState.RINGING):
            return
        if answer is not None and not self._settle(leg, answer):
            return
        if leg.agreed is None:
            self._fail(leg, "no answer to our offer")
            return
        leg.become(LegState.UP)
        self.moved(leg)
        self.listener.answered(leg)

    def _settle(self, leg: Leg, answer: bytes) -> bool:
        """Their answer to our offer. If it cannot be used, the leg ends; answers False."""
        try:
            self._agree(leg, sdp.agree(leg.offered or sdp.PLAIN, sdp.parse(answer)))
        except RemoteError as fault:
            self._fail(leg, str(fault))
            return False
        return True

    def _reoffered(self, leg: Leg, offer: bytes | None) -> None:
        if offer is None:  # they ask us to offer (RFC 3261 §14.2); their answer comes with the ACK
            leg.offered, leg.agreed = self._terms.again(leg), None
            leg.described += 1
            body = sdp.offer(self._shown(leg), leg.port, leg.offered, session_id=leg.id, version=leg.described)
            self._sip.accept_offer(leg.dialog, body)
            return
        try:
            wanted = sdp.parse(offer)
            self._renew_keys(leg, sdp.choose(self._terms.of(leg), wanted).audio.seal)
            body, agreed = sdp.answer(
                wanted, self._shown(leg), leg.port, self._terms.of(leg), session_id=leg.id, version=leg.described + 1
            )
        except RemoteError as fault:
            _log.info("new offer refused", call=leg.call.id, why=str(fault))
            self._sip.refuse_offer(leg.dialog)
            return
        leg.described += 1
        self._agree(leg, agreed)
        self._sip.accept_offer(leg.dialog, body)

    def _renew_keys(self, leg: Leg, wanted: Seal | None) -> None:
        """They have another key: so have we. Phones differ in what one side's new key does to the other's counter."""
        seal = None if leg.agreed is None else leg.agreed.audio.seal
        if seal is not None and wanted is not None and seal.theirs != wanted.theirs:
            leg.keys = self._terms.new_keys()

    def _fail(self, leg: Leg, why: str) -> None:
        """The other side broke a rule: end the leg and say so to the listener."""
        _log.warning("leg ended", call=leg.call.id, number=leg.number, why=why)
        was_up = leg.state in (LegState.UP, LegState.ARRIVING)
        self.hang_up(leg)
        if was_up:
            self.listener.gone(leg, why)
        else:
            self.listener.refused(leg, "failed", 488)

    def silent_for(self, leg: Leg) -> float:
        """Seconds for which nothing has been heard of a leg, as far as we were told; 0: it is heard."""
        told_at, seconds = leg.silence
        since = self._clock.monotonic() - told_at
        return seconds + since if seconds and since <= SILENCE_TOLD_EVERY else 0.0

    def statistics(self, leg: Leg) -> LegStatistics | None:
        """How the leg sounds now. None: it has not begun, or is gone."""
        try:
            return self._media.statistics(leg.id)
        except NotFound:
            return None

    @property
    def fading(self) -> int:
        """Legs that are gone and whose last figures are still to be told."""
        return len(self._fading)

    # ---- what the media room tells ----------------------------------------------------------------------

    def sounded(self, fact: MediaFact) -> None:
        match fact:
            case KeyHeard():
                if (leg := self._by_row.get(fact.leg)) is not None:
                    self.listener.key(leg, fact.key)
            case LegEnded():
                if (gone := self._fading.pop(fact.leg, None)) is not None:
                    self.listener.measured(gone, fact.sound)
            case PlayEnded():
                if (leg := self._by_row.get(fact.leg)) is not None:
                    self.listener.played(leg, fact.play, fact.finished)
            case RecordingClosed():
                self.listener.recorded(fact)
            case RecordingFailed():
                self.listener.recording_failed(fact)
            case LegSilent():
                if (leg := self._by_row.get(fact.leg)) is not None:
                    _log.warning("nothing heard", call=leg.call.id, number=leg.number, seconds=fact.seconds)
                    leg.silence = (self._clock.monotonic(), fact.seconds)
                    self.listener.silent(leg, fact.seconds)
            case LegOneWay():
                if (leg := self._by_row.get(fact.leg)) is not None:
                    self.listener.one_way(leg, fact.why)
            case LegJudged():
                self.listener.judged(fact.leg, fact.verdict)

    # ---- within -----------------------------------------------------------------------------------------

    def next_id(self) -> CallId:
        """What a call of which nothing is there yet will be."""
        return new_call_id(self._clock.utc(), self._chance)

    def new_call(self, identity: CallId, direction: Direction, caller: str, called: str) -> Call:
        """One of which no leg is there yet; who asks for it dials one."""
        return Call(identity, direction, caller, "", called, started=self._clock.monotonic())

    def _begin(self, direction: Direction, caller: str, caller_name: str, called: str) -> Call:
        return Call(self.next_id(), direction, caller, caller_name, called, started=self._clock.monotonic())

    def _keep(self, leg: Leg) -> None:
        leg.call.legs.append(leg)
        self._by_dialog[leg.dialog] = leg
        self._by_row[leg.id] = leg
        self.moved(leg)
        if leg.trunk is not None:
            self._on_trunk[leg.trunk] += 1

    def _drop(self, leg: Leg) -> None:
        leg.become(LegState.GONE)
        self.part(leg)
        leg.joined = None
        del self._by_dialog[leg.dialog]
        del self._by_row[leg.id]
        self._fading[leg.id] = leg
        if leg.trunk is not None:
            self._on_trunk[leg.trunk] -= 1
        self._media.close_leg(leg.id)
        self.moved(leg)

    def _agree(self, leg: Leg, agreed: sdp.Agreed) -> None:
        leg.agreed = agreed
        who = leg.extension or leg.trunk or leg.number
        if agreed.audio.seal is not None and not leg.secure and who not in self._readable_keys:
            self._readable_keys.add(who)
            _log.warning("keys of encrypted sound can be read on the way: use TLS", who=who, call=leg.call.id)
        self._media.connect(leg.id, agreed.remote, agreed.audio)
        held, leg.holds = leg.holds, agreed.direction in ("recvonly", "inactive")  # they do not want to hear us
        if leg.holds != held and leg.state is LegState.UP:
            self.listener.held(leg)

    def _shown(self, leg: Leg) -> str:
        return leg.host if self._rtp_address == "auto" else self._rtp_address


def _gets_keys(leg: Leg) -> bool:
    """A bank's menu at the other end of a trunk gets the keys that our agent presses, and a door's phone those of who
    opens it. What a caller presses is no business of the agent's: it may be a card number."""
    return leg.joined is not None and (leg.trunk is not None or leg.joined.trunk is None)
