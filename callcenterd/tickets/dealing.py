"""To whom of a team each drawn follow-up goes (FUP-02). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from callcenterd.model.follow_up_rules import Deal


class Dealer:
    """members: of the team, in its order. last: who of them got the last one, in an earlier drawing. owed: how many
    each still owes."""

    def __init__(self, deal: Deal, members: Sequence[str], last: str, owed: Mapping[str, int]) -> None:
        self._deal = deal
        self._members = tuple(members)
        self._next = self._members.index(last) + 1 if last in self._members else 0
        self._owed = {member: owed.get(member, 0) for member in self._members}

    def next(self, owner: str) -> str:
        """A login; "": nobody's yet, whoever of the team is first takes it. owner: the customer's."""
        if self._deal == "team" or not self._members:
            return ""
        if self._deal == "owner" and owner in self._members:
            return owner
        chosen = self._least() if self._deal == "load" else self._in_turn()[0]
        self._next = self._members.index(chosen) + 1
        self._owed[chosen] += 1
        return chosen

    def _in_turn(self) -> tuple[str, ...]:
        """The next first."""
        turn = self._next % len(self._members)
        return self._members[turn:] + self._members[:turn]

    def _least(self) -> str:
        """Of those who owe equally few, the next in turn."""
        return min(self._in_turn(), key=lambda member: self._owed[member])
