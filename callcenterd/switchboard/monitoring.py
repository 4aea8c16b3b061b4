"""A supervisor with somebody's conversation: listens, whispers to the agent, barges in, takes over (SUP-02).

The supervisor's own phone is rung (and asked to pick up by itself, where it is one for a headset); its leg is a call by
itself, so that it outlives what it listens to: at the end of a conversation it hears a short tone and is let go, or,
if it follows the agent, waits for the agent's next call. Nobody in the conversation hears or sees any of it, until the
supervisor whispers or barges in; who listened to what, and when, is told to supervisors and kept in the audit trail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import structlog

from callcenterd.calls.bridge import Part
from callcenterd.calls.call import Leg, LegState
from callcenterd.errors import LocalError, NotFound, NotNow
from callcenterd.media import tones
from callcenterd.model import events
from callcenterd.model.events import ListenMode
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber
from callcenterd.model.rooms import Listening
from callcenterd.sip.events import ToExtension
from callcenterd.switchboard.holding import agent_leg, agent_of
from callcenterd.switchboard.journey import Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

KEYS: Mapping[str, ListenMode] = {"4": "listen", "5": "whisper", "6": "barge"}
"""What the supervisor's phone may press meanwhile."""
OVER = np.concatenate([tones.tone([450.0], 0.15), tones.silence(0.1), tones.tone([450.0], 0.15), tones.silence(0.2)])
"""What a supervisor hears when the conversation is over."""


@dataclass(eq=False, slots=True)
class Watch:
    """One supervisor's leg, and what it is for.

    by:      the login. journey: the call that is listened to; None: the leg waits for the next one of `follows`.
    follows: the agent whose next calls are listened to as well. may_barge: and whisper; else the keys do nothing.
    since:   when the present mode began; None: the supervisor's phone still rings.
    ends:    the tone that is the last thing it hears; 0: it is not played.
    """

    by: str
    leg: Leg
    mode: ListenMode
    journey: Journey | None
    may_barge: bool = False
    follows: AgentId | None = None
    since: datetime | None = None
    ends: int = 0


class Monitoring:
    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._watches: dict[str, Watch] = {}

    # ---- what supervisors ask for ----------------------------------------------------------------------------

    def begin(
        self,
        call: CallId,
        by: str,
        mode: ListenMode,
        *,
        may_barge: bool = False,
        follow: bool = False,
        extension: ExtensionNumber | None = None,
    ) -> Listening:
        """Listen to a call; who does so already changes to this call or mode. extension: the phone to be rung; None:
        the one that the supervisor sits at. may_barge: the keys of that phone may do it too.

        Raises NotFound if there is no such call, and NotNow: nobody speaks there, or no phone is there to listen with.
        """
        journey = self._conversation(call)
        agent = self._agent_leg(journey)
        if agent is None and mode == "whisper":
            raise NotNow("there is no agent to whisper to")
        watch = self._watches.get(by)
        if watch is not None and (watch.ends or not watch.leg.alive):
            self._end(watch)
            watch = None
        if watch is None:
            leg = self._ring(by, extension, journey)
            watch = self._watches[by] = Watch(by, leg, mode, journey)
            self._board.queueing.occupied(AgentId(by), leg.call.id)
        elif watch.journey is not journey:
            self._tell_end(watch)
            watch.journey, watch.mode = journey, mode
            self._take_part(watch)
        else:
            self._change(watch, mode)
        watch.may_barge = may_barge
        watch.follows = agent_of(self._board, agent) if follow and agent is not None else None
        return self._described(watch)

    def end(self, by: str, call: CallId | None = None) -> None:
        """The supervisor has heard enough. Raises NotFound if they listen to nothing, or to another call."""
        watch = self._watches.get(by)
        if watch is None or (call is not None and (watch.journey is None or watch.journey.call.id != call)):
            raise NotFound("listening", call or by)
        self._end(watch)

    def take_over(self, call: CallId, by: str) -> None:
        """The supervisor speaks with the customer in place of the agent, who wraps up.

        Raises NotFound if the supervisor does not listen to that call, NotNow if there is no agent, or the supervisor's
        phone still rings.
        """
        watch = self._watches.get(by)
        if watch is None or watch.journey is None or watch.journey.call.id != call:
            raise NotFound("listening", call)
        journey, old = watch.journey, self._agent_leg(watch.journey)
        if watch.since is None or old is None or old.joined is None:
            raise NotNow("there is no agent whose place could be taken now")
        self._forget(watch)
        self._board.calls.part(watch.leg)
        self._board.transfers.taken_from(journey, old, watch.leg)

    def listening(self) -> list[Listening]:
        """Who listens now."""
        return [self._described(watch) for watch in self._watches.values()]

    def _described(self, watch: Watch) -> Listening:
        leg = None if watch.journey is None else self._agent_leg(watch.journey)
        return Listening(
            by=watch.by,
            call=None if watch.journey is None else watch.journey.call.id,
            mode=watch.mode,
            agent=None if leg is None else agent_of(self._board, leg),
            follows=watch.follows,
            since=watch.since,
        )

    # ---- what the supervisor's phone does --------------------------------------------------------------------

    def knows(self, leg: Leg) -> bool:
        return self._watch(leg) is not None

    def answered(self, leg: Leg) -> None:
        watch = self._watch(leg)
        if watch is not None:
            self._take_part(watch)

    def refused(self, leg: Leg) -> None:
        """Not taken: nobody was listened to."""
        watch = self._watch(leg)
        if watch is not None:
            self._forget(watch)

    gone = refused

    def key(self, leg: Leg, key: str) -> None:
        watch = self._watch(leg)
        mode = KEYS.get(key)
        if watch is None or watch.journey is None or watch.since is None or mode is None:
            return
        if mode == "barge" and not watch.may_barge:
            return
        self._change(watch, mode)

    def played(self, leg: Leg, play: int) -> None:
        watch = self._watch(leg)
        if watch is not None and watch.ends == play:
            self._end(watch)

    # ---- what happens to calls -------------------------------------------------------------------------------

    def over(self, journey: Journey) -> None:
        """The conversation is over: who listened hears so."""
        for watch in list(self._watches.values()):
            if watch.journey is journey:
                self._released(watch)

    def joined(self, journey: Journey) -> None:
        """A conversation has begun: who follows its agent listens to it."""
        leg = self._agent_leg(journey)
        agent = None if leg is None else agent_of(self._board, leg)
        for watch in self._watches.values():
            if agent is not None and watch.follows == agent and watch.journey is None and watch.leg.alive:
                watch.journey, watch.mode = journey, "listen"
                self._take_part(watch)

    def handed_on(self, journey: Journey, by: AgentId | None) -> None:
        """Another person has the call: who follows the one that had it stays with that agent, all others with the
        call."""
        for watch in list(self._watches.values()):
            if watch.journey is not journey:
                continue
            if (by is not None and watch.follows == by) or not self._theirs(watch, by):
                self._released(watch)
            elif watch.since is not None:
                self._change(watch, watch.mode)

    def site_changed(self) -> None:
        """Whom a supervisor leads may be others now: nobody goes on listening to who is not theirs any more."""
        for watch in list(self._watches.values()):
            if watch.follows is not None and not self._oversees(watch.by, watch.follows):
                watch.follows = None
            if not self._theirs(watch):
                self._released(watch)

    def _theirs(self, watch: Watch, gone: AgentId | None = None) -> bool:
        """Does somebody speak there whom the supervisor oversees, or no agent at all; or is the next one theirs?

        gone: who hands the call on, and whose phone is let go only after that.
        """
        if watch.journey is None:
            return watch.follows is not None or bool(watch.ends)
        speaking = self._board.desk.speaking(watch.journey.call.id) - {gone}
        return not speaking or any(self._oversees(watch.by, agent) for agent in speaking)

    def _oversees(self, login: str, agent: AgentId) -> bool:
        overseen = self._board.site.overseen_by(login)
        return overseen is None or agent in overseen

    def drain(self) -> None:
        """The server is to stop: nobody waits for a next call any more."""
        for watch in list(self._watches.values()):
            watch.follows = None
            if watch.journey is None:
                self._end(watch)

    def stop(self) -> None:
        for watch in list(self._watches.values()):
            self._end(watch)

    # ---- within ----------------------------------------------------------------------------------------------

    def _conversation(self, call: CallId) -> Journey:
        journey = self._board.journeys.get(call)
        if journey is None:
            raise NotFound("call", call)
        if journey.joined_at is None:
            raise NotNow("nobody speaks in this call now")
        return journey

    def _agent_leg(self, journey: Journey) -> Leg | None:
        return agent_leg(self._board, journey)

    def _ring(self, by: str, extension: ExtensionNumber | None, journey: Journey) -> Leg:
        """Raises NotNow if there is no phone, or if it is the one that speaks there."""
        board = self._board
        number = board.desk.phone_of(by, extension)
        if any(leg.extension == number for leg in board.conferences.parties(journey)):
            raise NotNow(f"phone {number} takes part in that conversation")
        spoken = journey.call.caller
        try:
            leg = board.calls.dial(ToExtension(number, at_once=True), call=None, caller=spoken, direction="internal")
        except LocalError as fault:
            raise NotNow(str(fault)) from fault
        leg.call.told = False
        return leg

    def _watch(self, leg: Leg) -> Watch | None:
        return next((watch for watch in self._watches.values() if watch.leg is leg), None)

    def _take_part(self, watch: Watch) -> None:
        """The leg is up: it hears from now on. What was listened to may be over meanwhile."""
        if watch.leg.state is not LegState.UP:
            return  # it rings still; the answer comes here again
        if watch.journey is None or watch.journey.joined_at is None:
            self._released(watch)
            return
        self._attend(watch)
        self._tell_begin(watch)

    def _attend(self, watch: Watch) -> None:
        """As the mode wants it. Whom a whisper is for has the agent's phone; without an agent it is only listened."""
        journey = watch.journey
        assert journey is not None
        beside = self._agent_leg(journey)
        if beside is None and watch.mode == "whisper":
            watch.mode = "listen"
        match watch.mode:
            case "listen":
                part = Part("listen", guest=True)
            case "whisper":
                assert beside is not None
                part = Part("whisper", to=beside.id, guest=True)
            case "barge":
                part = Part("talk", guest=True)
        attended = beside or journey.call.first
        self._board.calls.open_room(attended)  # alone: it waits for whom it asks, or is being handed on
        self._board.calls.attend(watch.leg, attended, part)
        self._board.record_sides(journey)

    def _change(self, watch: Watch, mode: ListenMode) -> None:
        """Another mode, or the same one with another agent."""
        assert watch.journey is not None
        if mode == "whisper" and self._agent_leg(watch.journey) is None:
            mode = "listen"
        before, watch.mode = watch.mode, mode
        if watch.since is None:
            return
        watch.mode = before
        if mode != before:
            self._tell_end(watch)
        watch.mode = mode
        self._attend(watch)
        if watch.mode != before:
            self._tell_begin(watch)

    def _released(self, watch: Watch) -> None:
        """What was listened to is over. The tone is heard before the leg is let go, or goes on to wait."""
        board = self._board
        if watch.leg.state is not LegState.UP or board.draining:
            self._end(watch)
            return
        journey = watch.journey
        self._tell_end(watch)
        board.calls.part(watch.leg)
        if journey is not None:
            board.record_sides(journey)
        watch.journey = None
        play = board.calls.play(watch.leg, [OVER])
        if watch.follows is None:
            watch.ends = play

    def _end(self, watch: Watch) -> None:
        self._forget(watch)
        self._board.calls.hang_up(watch.leg)

    def _forget(self, watch: Watch) -> None:
        if self._watches.get(watch.by) is watch:
            del self._watches[watch.by]
        self._tell_end(watch)
        self._board.queueing.free(AgentId(watch.by), watch.leg.call.id)
        self._board.calls.part(watch.leg)
        if watch.journey is not None:
            self._board.record_sides(watch.journey)

    def _tell_begin(self, watch: Watch) -> None:
        watch.since = self._board.clock.utc()
        self._tell(watch, None)

    def _tell_end(self, watch: Watch) -> None:
        if watch.since is not None:
            self._tell(watch, self._board.clock.utc())
            watch.since = None

    def _tell(self, watch: Watch, until: datetime | None) -> None:
        assert watch.since is not None
        assert watch.journey is not None
        agent = self._agent_leg(watch.journey)
        self._board.bus.publish(
            events.CallMonitored(
                at=self._board.clock.utc(),
                call=watch.journey.call.id,
                by=watch.by,
                mode=watch.mode,
                listened_to=None if agent is None else agent_of(self._board, agent),
                since=watch.since,
                until=until,
            )
        )
