"""More than two speak with each other: somebody is added to a call that is up, or callers come to a room of that name.

A conversation of several (TEL-03): an agent adds a colleague or an outside number to the call, which rings and comes
in. Who has the call may leave, and the next one has it then; who called ends it, if it is a customer's.

A room (IVR-02): flows lead callers to it, each with a call of their own. It is there from the first who comes until the
last has left, or its moderator has, where that is wanted. Who is alone in it hears music. Its recording is kept with
the call of who is in it longest: that caller left, everybody else right.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import numpy as np
import structlog

from callcenterd.calls.bridge import Part, Room
from callcenterd.calls.call import Leg, LegState
from callcenterd.errors import CallcenterdError, NotFound, NotNow, Refused
from callcenterd.media import tones
from callcenterd.model import events
from callcenterd.model.events import ConferenceExit
from callcenterd.model.ids import AgentId, CallId
from callcenterd.model.prompts import Music
from callcenterd.model.rooms import ConferenceMember, ConferenceRoom, Party
from callcenterd.sip.events import ToExtension, ToTrunk
from callcenterd.switchboard import outbound
from callcenterd.switchboard.holding import agent_leg, agent_of
from callcenterd.switchboard.journey import Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

MOST = 50
RING_SECONDS = 30.0
_PIP = 0.12
_LEVEL = 3200.0
CAME = np.concatenate([tones.tone([425.0], _PIP, _LEVEL), tones.tone([550.0], _PIP, _LEVEL)])
LEFT = np.concatenate([tones.tone([550.0], _PIP, _LEVEL), tones.tone([425.0], _PIP, _LEVEL)])
"""What is heard in a conference when somebody comes or goes."""

EnterResult = Literal["left", "ended", "full"]


@dataclass(frozen=True, slots=True)
class RoomWishes:
    """What the first who comes to a room wants of it. most: members. tones: who comes and goes is heard.

    ends_with_moderator: it is over when its last moderator leaves.
    """

    record: bool = False
    most: int = MOST
    tones: bool = True
    ends_with_moderator: bool = False


@dataclass(eq=False, slots=True)
class Member:
    """One caller in a room. left: done when they are in it no more, with why."""

    journey: Journey
    moderator: bool
    since: datetime
    left: asyncio.Future[ConferenceExit]


@dataclass(eq=False, slots=True)
class Conference:
    name: str
    wishes: RoomWishes
    room: Room = field(default_factory=lambda: Room(standing=True))
    members: dict[CallId, Member] = field(default_factory=dict)
    recorded_with: Journey | None = None


class Conferences:
    """most: how many may speak with each other at once."""

    def __init__(self, board: Switchboard, most: int = MOST) -> None:
        self._board = board
        self._most = most
        self._rooms: dict[str, Conference] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._agents: dict[Leg, AgentId] = {}

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ---- a call that is up: more people --------------------------------------------------------------------

    def add(self, call: CallId, number: str, by: str) -> None:
        """Ring that number for the conversation; what comes of it is told (`PartyJoined`, `PartyFailed`).

        Raises NotFound for a call that is over, NotNow if nobody speaks in it or it is full, Refused for a number that
        leads nowhere.
        """
        board = self._board
        journey = self._conversation(call)
        room = board.calls.room_of(journey.call.first)
        if room is None:
            raise NotNow("nobody speaks in this call now")
        if journey.consult is not None or board.transfers.is_under_way(journey):
            raise NotNow("somebody is being asked about this call, or it is being handed on")
        if self.is_full(room):
            raise NotNow(f"at most {self._most} can speak with each other")
        wanted = outbound.targets(board.site, number, None, board.region)
        if not wanted or any(leg.extension == number for leg in self.parties(journey)):
            raise Refused(f"number {number} cannot be added to the call", {"number": "leads nowhere"})
        self._own(self._bring(journey, number, wanted, by))

    def is_full(self, room: Room) -> bool:
        return len(room.sides()) >= self._most

    async def _bring(self, journey: Journey, number: str, wanted: Sequence[ToExtension | ToTrunk], by: str) -> None:
        board = self._board
        own = agent_leg(board, journey)
        extension = board.queueing.extension_of(AgentId(by)) or (None if own is None else own.extension)
        inside = isinstance(wanted[0], ToExtension)
        try:
            result = await board.outbound.dial(
                journey,
                wanted,
                seconds=RING_SECONDS,
                record=False,
                caller=journey.call.caller if inside or extension is None else extension,
                extension=extension,
                joined=lambda _journey, leg, _agent, _record: self.take_in(journey, leg, by),
                quiet=True,
            )
        except Exception:  # noqa: BLE001  # one call's fault must not reach another's
            _log.exception("party not added", call=journey.call.id)
            result = "failed"
        if result != "served" and not journey.ended:
            board.bus.publish(
                events.PartyFailed(at=board.clock.utc(), call=journey.call.id, number=number, by=by, reason=result)
            )

    def take_in(self, journey: Journey, leg: Leg, by: str) -> None:
        """Whoever was added has answered. The conversation may be over meanwhile."""
        board = self._board
        room = board.calls.room_of(journey.call.first)
        busy = journey.consult is not None or board.transfers.is_under_way(journey)  # by now
        if journey.ended or journey.joined_at is None or room is None or busy:
            board.calls.hang_up(leg)
            return
        others = self.parties(journey)
        for other in others:
            if other.holding:
                board.calls.stop_play(other)
        board.calls.enter(leg, room, Part())
        journey.others.append(leg)
        agent = agent_of(board, leg)
        if agent is not None:
            self._agents[leg] = agent
            board.queueing.occupied(agent, journey.call.id)
        self._sound(others, CAME)
        board.holding.show(journey)
        board.record_sides(journey)
        board.bus.publish(
            events.PartyJoined(
                at=board.clock.utc(), call=journey.call.id, number=leg.extension or leg.number, agent=agent, by=by
            )
        )

    def parties(self, journey: Journey) -> list[Leg]:
        """Everybody who speaks in a call, in the order in which they came; without supervisors."""
        legs = (journey.call.first, journey.with_person, *journey.others)
        return [leg for leg in legs if leg is not None and leg.state is LegState.UP]

    def described(self, call: CallId) -> list[Party]:
        """Everybody who speaks in a call. Raises NotFound, and NotNow if nobody does."""
        journey = self._conversation(call)
        return [
            Party(
                id=leg.id,
                number=leg.extension or leg.number,
                agent=agent_of(self._board, leg),
                caller=leg is journey.call.first,
                muted=self._muted(leg),
                held=leg.holding,
            )
            for leg in self.parties(journey)
        ]

    def party(self, call: CallId, party: int) -> tuple[Journey, Leg]:
        """Raises NotFound."""
        journey = self._conversation(call)
        for leg in self.parties(journey):
            if leg.id == party:
                return journey, leg
        raise NotFound("party", party)

    def mute(self, call: CallId, party: int, muted: bool) -> None:
        """Nobody hears the party, who hears all others. Raises NotFound, NotNow."""
        board = self._board
        _, leg = self.party(call, party)
        self._mute(leg, muted)
        number, agent = leg.extension or leg.number, agent_of(board, leg)
        fact = events.AgentMuted(at=board.clock.utc(), call=call, agent=agent, number=number, muted=muted)
        board.bus.publish(fact)

    def put_out(self, call: CallId, party: int, by: str) -> None:
        """The party leaves. Raises NotFound, NotNow."""
        journey, leg = self.party(call, party)
        self._board.calls.hang_up(leg)
        if not self.lost(journey, leg, by):
            self._board.finish(journey, "system", f"by {by}")

    def lost(self, journey: Journey, leg: Leg, by: str = "") -> bool:
        """One side is gone, or is to go since nothing comes from it any more: do the others go on? False: they do not,
        and nothing is done about it here."""
        if leg.call.id in self._members_of():
            return False
        if leg in journey.others:
            self.gone(journey, leg, by)
            return True
        if not journey.others or (leg is journey.call.first and journey.call.direction == "inbound"):
            return False
        self._succeed(journey, leg)
        return True

    def gone(self, journey: Journey, leg: Leg, by: str = "") -> None:
        """Who was added has left."""
        board = self._board
        journey.others.remove(leg)
        board.calls.hang_up(leg)
        agent = self._agents.pop(leg, None)
        if agent is not None:
            board.leaves(journey, agent, leg)
        board.outbound.leg_over(leg)
        left = self.parties(journey)
        self._sound(left, LEFT)
        board.record_sides(journey)
        board.bus.publish(
            events.PartyLeft(
                at=board.clock.utc(), call=journey.call.id, number=leg.extension or leg.number, agent=agent, by=by
            )
        )
        board.holding.show(journey)
        for one in left:
            if one.holding and one.joined is not None:
                board.holding.play(one, one.joined)

    def agents_added(self, journey: Journey) -> set[AgentId | None]:
        return {self._agents.get(leg) for leg in journey.others}

    def over(self, journey: Journey) -> None:
        """The conversation is over for all of them."""
        while journey.others:
            self.gone(journey, journey.others[-1])

    def _succeed(self, journey: Journey, leg: Leg) -> None:
        """One of two sides has left, and a third is there: the call is theirs now."""
        board, was_first = self._board, leg is journey.call.first
        by = agent_of(board, leg)
        if by is not None:
            board.takes_no_part(journey, by, leg)
        new = journey.others.pop(0)
        agent = self._agents.pop(new, None)
        if was_first:
            assert journey.with_person is not None
            board.calls.make_first(journey.with_person)
            board.called_is_first(journey)
        journey.with_person = new
        board.calls.hang_up(leg)
        if agent is not None:
            board.takes_part(journey, agent, dialled=False)
        if journey.recording is not None:
            board.calls.record_instead(journey.recording, journey.call.first)
        board.record_sides(journey)
        self._sound(self.parties(journey), LEFT)
        board.holding.show(journey)
        board.bus.publish(
            events.CallTransferred(
                at=board.clock.utc(), call=journey.call.id, agent=agent, number=new.extension or new.number, by=by,
                from_number=leg.extension or leg.number, kind="stayed",
            )
        )  # fmt: skip
        board.monitoring.handed_on(journey, by)

    def _conversation(self, call: CallId) -> Journey:
        journey = self._board.journeys.get(call)
        if journey is None:
            raise NotFound("call", call)
        if journey.joined_at is None:
            raise NotNow("nobody speaks in this call now")
        return journey

    # ---- rooms -----------------------------------------------------------------------------------------------

    def rooms(self) -> list[ConferenceRoom]:
        """In which there is somebody, by name."""
        return [self.room(name) for name in sorted(self._rooms)]

    def room(self, name: str) -> ConferenceRoom:
        """Raises NotFound."""
        conference = self._conference(name)
        return ConferenceRoom(
            room=name,
            recorded=conference.recorded_with is not None,
            members=tuple(
                ConferenceMember(
                    call=call,
                    number=member.journey.call.caller,
                    moderator=member.moderator,
                    muted=self._muted(member.journey.call.first),
                    since=member.since,
                )
                for call, member in conference.members.items()
            ),
        )

    def _conference(self, name: str) -> Conference:
        if (conference := self._rooms.get(name)) is None:
            raise NotFound("conference", name)
        return conference

    async def enter(self, journey: Journey, name: str, wishes: RoomWishes, *, moderator: bool) -> EnterResult:
        """The caller is in the room until they leave, are put out, or it ends. wishes: of who opens it."""
        conference = self._rooms.get(name)
        if conference is None:
            conference = self._rooms[name] = Conference(name, wishes)
        if len(conference.members) >= min(conference.wishes.most, self._most):
            return "full"
        loop = asyncio.get_running_loop()
        member = Member(journey, moderator, self._board.clock.utc(), loop.create_future())
        self._come_in(conference, member)
        try:
            why = await member.left
        finally:
            self._go_out(conference, member, "gone")
        return "ended" if why == "ended" else "left"

    def _come_in(self, conference: Conference, member: Member) -> None:
        board, journey = self._board, member.journey
        others = self._legs(conference)
        conference.members[journey.call.id] = member
        journey.state, journey.state_at = "conference", board.clock.utc()
        if len(others) == 1:
            board.calls.stop_play(others[0])  # no longer alone
        board.calls.enter(journey.call.first, conference.room, Part())
        if conference.wishes.tones:
            self._sound(others, CAME)
        if not others:
            self._own(self._music(conference, member))
        self._record(conference)
        board.bus.publish(
            events.ConferenceEntered(
                at=board.clock.utc(), call=journey.call.id, room=conference.name, members=len(conference.members)
            )
        )

    def _go_out(self, conference: Conference, member: Member, why: ConferenceExit) -> None:
        """Nothing, if the member is out already."""
        board, journey = self._board, member.journey
        if conference.members.get(journey.call.id) is not member:
            return
        if member.left.done() and not member.left.cancelled():
            why = member.left.result()
        del conference.members[journey.call.id]
        leg = journey.call.first
        if leg.alive:
            board.calls.part(leg)
            board.calls.stop_play(leg)
        if conference.recorded_with is journey:
            board.stop_recording(journey)
            conference.recorded_with = None
        if not conference.members:
            self._rooms.pop(conference.name, None)
        if not journey.ended:
            journey.state, journey.state_at = "flow", board.clock.utc()
        board.bus.publish(
            events.ConferenceLeft(
                at=board.clock.utc(), call=journey.call.id, room=conference.name, reason=why,
                members=len(conference.members),
            )
        )  # fmt: skip
        moderators = any(other.moderator for other in conference.members.values())
        if why != "ended" and member.moderator and conference.wishes.ends_with_moderator and not moderators:
            self._end(conference)
            return
        self._record(conference)
        left = list(conference.members.values())
        if why != "ended" and conference.wishes.tones:
            self._sound(self._legs(conference), LEFT)
        if len(left) == 1 and not left[0].left.done():
            self._own(self._music(conference, left[0]))

    def left(self, journey: Journey) -> None:
        """The call is over: it is in no room any more."""
        for conference in list(self._rooms.values()):
            if (member := conference.members.get(journey.call.id)) is not None:
                self._go_out(conference, member, "gone")

    def mute_member(self, name: str, call: CallId, muted: bool) -> None:
        """Raises NotFound."""
        self._mute(self._member(name, call).journey.call.first, muted)

    def put_member_out(self, name: str, call: CallId) -> None:
        """Their flow goes on. Raises NotFound."""
        member = self._member(name, call)
        if not member.left.done():
            member.left.set_result("put_out")

    def end_room(self, name: str) -> None:
        """Everybody leaves it; their flows go on. Raises NotFound."""
        self._end(self._conference(name))

    def _muted(self, leg: Leg) -> bool:
        part = self._board.calls.part_of(leg)
        return part is not None and part.muted

    def _end(self, conference: Conference) -> None:
        for member in list(conference.members.values()):
            if not member.left.done():
                member.left.set_result("ended")

    def _member(self, name: str, call: CallId) -> Member:
        member = self._conference(name).members.get(call)
        if member is None:
            raise NotFound("party", call)
        return member

    def _members_of(self) -> set[CallId]:
        return {call for conference in self._rooms.values() for call in conference.members}

    def _legs(self, conference: Conference) -> list[Leg]:
        return [member.journey.call.first for member in conference.members.values()]

    def _record(self, conference: Conference) -> None:
        """With the call of who is in it longest, as soon as there are two."""
        if not conference.wishes.record or not conference.members:
            return
        board = self._board
        if conference.recorded_with is None and len(conference.members) > 1:
            conference.recorded_with = next(iter(conference.members.values())).journey
            board.record(conference.recorded_with, None)
        kept = conference.recorded_with
        if kept is not None and kept.recording is not None:
            others = [leg for leg in self._legs(conference) if leg is not kept.call.first]
            board.calls.record_others(kept.recording, others)

    async def _music(self, conference: Conference, member: Member) -> None:
        """For who is alone."""
        try:
            sound = await self._board.prompts.sound(Music(""))
        except CallcenterdError as fault:
            _log.error("no music for a conference", room=conference.name, why=str(fault))
            return
        leg = member.journey.call.first
        alone = list(conference.members.values()) == [member]
        if alone and leg.state is LegState.UP and not member.left.done():
            self._board.calls.play(leg, [sound], repeat=True)

    # ---- both ------------------------------------------------------------------------------------------------

    def _mute(self, leg: Leg, muted: bool) -> None:
        part = self._board.calls.part_of(leg)
        if part is None:
            raise NotNow("nobody speaks in this call now")
        self._board.calls.change_part(leg, dataclasses.replace(part, muted=muted))

    def _sound(self, legs: Sequence[Leg], sound: tones.Sound) -> None:
        for leg in legs:
            if leg.state is LegState.UP:
                self._board.calls.announce(leg, [sound])

    def _own(self, work: object) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
