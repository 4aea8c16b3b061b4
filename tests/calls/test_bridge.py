"""Who hears whom, in every way in which legs can be together; and that the media room is told just what changes."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from callcenterd.calls.bridge import Bridges, Part, Room, hearing
from callcenterd.errors import LocalError
from callcenterd.model.ids import LegId

CALLER, AGENT, BOSS, THIRD = LegId(1), LegId(2), LegId(3), LegId(4)
NAMES = {CALLER: "caller", AGENT: "agent", BOSS: "boss", THIRD: "third"}


class Ears:
    """The media room, as far as who hears whom. orders: what it was told, in words."""

    def __init__(self) -> None:
        self.heard: dict[LegId, frozenset[LegId]] = {}
        self.orders: list[str] = []

    def bridge(self, a: LegId, b: LegId) -> None:
        for leg in (a, b):
            self._no_more(leg)
        self.heard[a], self.heard[b] = frozenset({b}), frozenset({a})
        self.orders.append(f"bridge {min(a, b)} {max(a, b)}")

    def unbridge(self, a: LegId) -> None:
        self._no_more(a)
        self.orders.append("unbridge")

    def hear(self, leg: LegId, others: Collection[LegId]) -> None:
        self.heard[leg] = frozenset(others)
        self.orders.append(f"hear {leg}")

    def _no_more(self, leg: LegId) -> None:
        for other in self.heard.pop(leg, frozenset()):
            self.heard[other] = self.heard.get(other, frozenset()) - {leg}


def words(heard: dict[LegId, frozenset[LegId]]) -> dict[str, str]:
    return {NAMES[leg]: " ".join(sorted(NAMES[other] for other in heard[leg])) for leg in heard}


@pytest.mark.parametrize(
    ("boss", "caller_hears", "agent_hears", "boss_hears"),
    [
        pytest.param(Part("listen", guest=True), "agent", "caller", "agent caller", id="listens"),
        pytest.param(Part("whisper", AGENT, guest=True), "agent", "boss caller", "agent caller", id="whispers"),
        pytest.param(Part("talk", guest=True), "agent boss", "boss caller", "agent caller", id="barges in"),
        pytest.param(Part("talk", guest=True, muted=True), "agent", "caller", "agent caller", id="barges in, muted"),
        pytest.param(Part("whisper", AGENT, muted=True), "agent", "caller", "agent caller", id="whispers, muted"),
        pytest.param(Part("talk", away=True), "agent", "caller", "", id="holds"),
    ],
)
def test_who_hears_whom_with_a_supervisor(boss: Part, caller_hears: str, agent_hears: str, boss_hears: str) -> None:
    heard = hearing({CALLER: Part(), AGENT: Part(), BOSS: boss})
    assert words(heard) == {"caller": caller_hears, "agent": agent_hears, "boss": boss_hears}


def parts_of(legs: list[int]) -> st.SearchStrategy[dict[LegId, Part]]:
    return st.fixed_dictionaries(
        {
            LegId(leg): st.builds(
                Part,
                role=st.sampled_from(["talk", "listen", "whisper"]),
                to=st.sampled_from([LegId(other) for other in legs]),
                muted=st.booleans(),
                away=st.booleans(),
            )
            for leg in legs
        }
    )


@given(st.integers(1, 8).flatmap(lambda n: parts_of(list(range(1, n + 1)))))
def test_nobody_hears_himself_nor_a_listener_and_a_whisper_reaches_one_alone(parts: dict[LegId, Part]) -> None:
    heard = hearing(parts)
    assert heard.keys() == parts.keys()
    for leg, part in parts.items():
        assert leg not in heard[leg]
        hearers = {other for other in heard if leg in heard[other]}
        if not part.speaks or part.role == "listen":
            assert hearers == set()
        elif part.role == "whisper":
            assert hearers <= {part.to}
        else:
            assert hearers == {other for other in parts if other != leg and not parts[other].away}
        if part.away:
            assert heard[leg] == frozenset()


# ---- changes ---------------------------------------------------------------------------------------------


def talking() -> tuple[Bridges, Ears]:
    ears = Ears()
    bridges = Bridges(ears)
    bridges.join(CALLER, AGENT)
    return bridges, ears


def test_two_who_talk_are_one_order_and_so_is_their_parting() -> None:
    bridges, ears = talking()
    bridges.leave(AGENT)
    assert ears.orders == ["bridge 1 2", "unbridge"]
    assert not any(ears.heard.values())
    assert bridges.room_of(CALLER) is None


def test_nothing_changes_for_two_who_are_listened_to() -> None:
    bridges, ears = talking()
    room = bridges.room_of(AGENT)
    assert room is not None
    bridges.enter(room, BOSS, Part("listen", guest=True))
    bridges.enter(room, BOSS, Part("whisper", AGENT, guest=True))
    bridges.enter(room, BOSS, Part("listen", guest=True))
    bridges.leave(BOSS)
    assert ears.orders == ["bridge 1 2", "hear 3", "hear 2", "hear 2", "hear 3"], "the caller's row is never touched"
    assert ears.heard[AGENT] == {CALLER}


def test_who_joins_in_an_agents_place_is_whispered_to_in_that_place() -> None:
    bridges, ears = talking()
    room = bridges.room_of(AGENT)
    assert room is not None
    bridges.enter(room, BOSS, Part("whisper", AGENT, guest=True))
    bridges.join(CALLER, THIRD)
    assert words({leg: heard for leg, heard in ears.heard.items() if heard}) == {
        "caller": "third",
        "third": "boss caller",
        "boss": "caller third",
    }
    assert bridges.other_side(CALLER) == THIRD


def test_a_whisper_to_who_leaves_becomes_listening() -> None:
    bridges, ears = talking()
    room = bridges.room_of(AGENT)
    assert room is not None
    bridges.enter(room, BOSS, Part("whisper", AGENT, guest=True))
    bridges.leave(AGENT)
    assert room.parts[BOSS] == Part("listen", guest=True)
    assert ears.heard[BOSS] == {CALLER}
    assert ears.heard[CALLER] == frozenset()
    bridges.leave(CALLER)
    assert not any(ears.heard.values())
    assert bridges.room_of(BOSS) is None, "a guest alone is in no conversation"


def test_three_sides_are_a_conference_until_one_leaves() -> None:
    bridges, ears = talking()
    room = bridges.room_of(AGENT)
    assert room is not None
    bridges.enter(room, THIRD, Part())
    assert ears.heard == {CALLER: {AGENT, THIRD}, AGENT: {CALLER, THIRD}, THIRD: {CALLER, AGENT}}
    assert [bridges.other_side(leg) for leg in (CALLER, AGENT, THIRD)] == [None, None, None]
    bridges.replace(AGENT, BOSS)
    assert ears.heard[THIRD] == {CALLER, BOSS}
    bridges.leave(BOSS)
    assert bridges.other_side(CALLER) == THIRD
    assert ears.heard[AGENT] == frozenset()


def test_a_standing_room_stays_with_one_in_it_and_is_no_pair() -> None:
    ears = Ears()
    bridges, room = Bridges(ears), Room(standing=True)
    for leg in (CALLER, AGENT):
        bridges.enter(room, leg, Part())
    assert bridges.other_side(CALLER) is None
    bridges.leave(AGENT)
    assert bridges.room_of(CALLER) is room
    bridges.leave(CALLER)
    assert room.parts == {}


def test_what_cannot_be_is_refused_and_changes_nothing() -> None:
    bridges, ears = talking()
    room = bridges.room_of(AGENT)
    assert room is not None
    with pytest.raises(LocalError):
        bridges.enter(room, BOSS, Part("whisper", THIRD, guest=True))
    with pytest.raises(LocalError):
        bridges.change(BOSS, Part())
    with pytest.raises(LocalError):
        bridges.replace(BOSS, THIRD)
    assert ears.orders == ["bridge 1 2"]


def test_a_guest_who_joins_somebody_speaks_with_that_one_and_is_none_any_more() -> None:
    """Found by the machine below: the guest's room was taken for its own."""
    for guest in (THIRD, BOSS):
        bridges, _ = talking()
        room = bridges.room_of(CALLER)
        assert room is not None
        bridges.enter(room, guest, Part(guest=True))
        bridges.join(guest, CALLER)
        assert bridges.other_side(guest) == CALLER


LEGS = st.integers(1, 7).map(LegId)


class AnyOrder(RuleBasedStateMachine):
    """Whatever order things come in: what the media room was told is what follows from the parts."""

    def __init__(self) -> None:
        super().__init__()
        self.ears = Ears()
        self.bridges = Bridges(self.ears)
        self.standing = [Room(standing=True), Room(standing=True)]

    @rule(a=LEGS, b=LEGS)
    def join(self, a: LegId, b: LegId) -> None:
        if a != b:
            self.bridges.join(a, b)
            assert self.bridges.other_side(a) == b

    @rule(leg=LEGS)
    def leave(self, leg: LegId) -> None:
        self.bridges.leave(leg)
        assert self.bridges.room_of(leg) is None
        assert not any(leg in heard for heard in self.ears.heard.values())

    @rule(leg=LEGS, beside=LEGS, role=st.sampled_from(["talk", "listen", "whisper"]), guest=st.booleans())
    def attend(self, leg: LegId, beside: LegId, role: str, guest: bool) -> None:
        room = self.bridges.room_of(beside)
        if room is not None and leg != beside:
            to = beside if role == "whisper" else None
            self.bridges.enter(room, leg, Part(role, to, guest=guest))  # type: ignore[arg-type]  # one of the roles

    @rule(leg=LEGS, n=st.integers(0, 1))
    def confer(self, leg: LegId, n: int) -> None:
        self.bridges.enter(self.standing[n], leg, Part())

    @rule(leg=LEGS, muted=st.booleans(), away=st.booleans())
    def change(self, leg: LegId, muted: bool, away: bool) -> None:
        room = self.bridges.room_of(leg)
        if room is not None:
            part = room.parts[leg]
            self.bridges.change(leg, Part(part.role, part.to, guest=part.guest, muted=muted, away=away))

    @rule(old=LEGS, new=LEGS)
    def replace(self, old: LegId, new: LegId) -> None:
        if old != new and self.bridges.room_of(old) is not None:
            self.bridges.replace(old, new)
            assert self.bridges.room_of(old) is None

    @precondition(lambda self: True)
    @invariant()
    def the_media_room_knows(self) -> None:
        legs = [LegId(n) for n in range(1, 8)]
        rooms = {id(room): room for leg in legs if (room := self.bridges.room_of(leg)) is not None}
        wanted: dict[LegId, frozenset[LegId]] = {}
        for room in rooms.values():
            assert all(self.bridges.room_of(leg) is room for leg in room.parts)
            wanted |= hearing(room.parts)
        for leg in legs:
            assert self.ears.heard.get(leg, frozenset()) == wanted.get(leg, frozenset())


TestAnyOrder = AnyOrder.TestCase
