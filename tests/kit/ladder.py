'''Protocol tests as drawings: `play` reads a ladder, lets it happen to a transaction, and compares.

    play(
        InviteServerTransaction,
        """
          0.0   INVITE ----->             off the wire
          0.1          <===== 486         our user answers
          0.6          <----- 486         the transaction by itself
          1.7   ACK    ----->
         60.0   silence
        """,
    )

The other side is left of a server transaction, right of a client transaction; a double line is our user, who sends.
The first line begins the transaction. More lines: `32.0  tell timeout`, `5.0  ended`, `1.0  broken` (what was sent
last could not be sent). What is sent is always compared; what is told, and the end, if the ladder has such a line. A
word after the message is a comment. Times are compared to the millisecond.
'''

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from callcenterd.sip.message import Message, Request
from callcenterd.sip.transaction import (
    ClientTransaction,
    Effect,
    InviteClientTransaction,
    InviteServerTransaction,
    NonInviteClientTransaction,
    NonInviteServerTransaction,
    Send,
    ServerTransaction,
    Tell,
)
from tests.kit.messages import answer, request

Kind = Literal["receive", "ask", "send", "tell", "ended", "broken", "silence"]


@dataclass(frozen=True, slots=True)
class Rung:
    """One line. what: a method, a status, or what is told."""

    at: float
    kind: Kind
    what: str = ""


_RUNG = re.compile(
    r"(?P<at>[0-9.]+)\s+(?:(?P<word>silence|ended|broken|tell\s+(?P<told>\w+(?: [0-9]+)?))"
    r"|(?P<left>[A-Z]+)\s+(?P<right_arrow>-+>|=+>)|(?P<left_arrow><-+|<=+)\s+(?P<right>[0-9A-Z]+))(?:\s.*)?"
)

AnyTransaction = (
    type[InviteServerTransaction]
    | type[NonInviteServerTransaction]
    | type[InviteClientTransaction]
    | type[NonInviteClientTransaction]
)


def read(drawing: str, *, other_is_left: bool) -> list[Rung]:
    """The rungs of a drawing. Raises AssertionError if a line is none."""
    rungs: list[Rung] = []
    for line in drawing.strip().splitlines():
        match = _RUNG.fullmatch(line.strip())
        assert match is not None, f"not a rung: {line!r}"
        at = float(match["at"])
        word = match["word"]
        if word is not None:
            kind: Kind = "tell" if word.startswith("tell") else word  # type: ignore[assignment]  # by the pattern
            rungs.append(Rung(at, kind, match["told"] or ""))
            continue
        arrow = match["right_arrow"] or match["left_arrow"]
        towards_us = (match["right_arrow"] is not None) == other_is_left
        if "=" in arrow:
            assert not towards_us, f"our user does not send to us: {line!r}"
            kind = "ask"
        else:
            kind = "receive" if towards_us else "send"
        rungs.append(Rung(at, kind, match["left"] or match["right"]))
    return rungs


def draw(rungs: list[Rung]) -> str:
    return "\n".join(f"  {rung.at:8.3f}   {rung.kind:8} {rung.what}" for rung in rungs)


def play(kind: AnyTransaction, drawing: str, *, reliable: bool = False) -> None:
    """Raises AssertionError that shows both ladders if anything else happened than what is drawn."""
    drawn = read(drawing, other_is_left=issubclass(kind, ServerTransaction))
    happened = _Play(kind, reliable=reliable).through(drawn)
    wanted = [rung for rung in drawn if rung.kind != "silence"]
    kinds = {rung.kind for rung in wanted} | {"send", "receive", "ask", "broken"}
    seen = [rung for rung in happened if rung.kind in kinds]
    assert seen == wanted, f"\ndrawn:\n{draw(wanted)}\nhappened:\n{draw(seen)}"


class _Play:
    def __init__(self, kind: AnyTransaction, *, reliable: bool) -> None:
        self._kind = kind
        self._reliable = reliable
        self._happened: list[Rung] = []
        self._transaction: ServerTransaction | ClientTransaction | None = None

    def through(self, drawn: list[Rung]) -> list[Rung]:
        for rung in drawn:
            given = rung.kind in ("receive", "ask", "broken")
            # What is given at the same time as a timer comes first; what is awaited is awaited up to its time.
            self._wait(rung.at, including=not given)
            if given:
                self._happened.append(rung)
                self._note(rung.at, self._give(rung))
        return self._happened

    def _wait(self, until: float, *, including: bool) -> None:
        while self._transaction is not None and (due := self._transaction.deadline()) is not None:
            if due > until + 1e-9 or (not including and due > until - 1e-9):
                return
            self._note(due, self._transaction.advance(due))

    def _give(self, rung: Rung) -> list[Effect]:
        transaction = self._transaction
        if transaction is None:
            return self._begin(rung)
        if rung.kind == "broken":
            return transaction.transport_failed(rung.at)
        if isinstance(transaction, ServerTransaction):
            asked = transaction.request
            if rung.kind == "ask":
                effects = transaction.respond(answer(asked, int(rung.what)), rung.at)
                return effects[1:]  # the answer itself is what our user drew
            return transaction.receive(request(rung.what), rung.at)
        assert isinstance(transaction, ClientTransaction)
        return transaction.receive(answer(transaction.request, int(rung.what)), rung.at)

    def _begin(self, rung: Rung) -> list[Effect]:
        if issubclass(self._kind, ServerTransaction):
            assert rung.kind == "receive"
            self._transaction = self._kind(request(rung.what), rung.at, reliable=self._reliable)
            return []
        assert rung.kind == "ask"
        begun = self._kind(request(rung.what), reliable=self._reliable)
        assert isinstance(begun, ClientTransaction)
        self._transaction = begun
        return begun.start(rung.at)[1:]

    def _note(self, at: float, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send():
                    self._happened.append(Rung(round(at, 3), "send", _name(effect.message)))
                case Tell():
                    name = "" if effect.message is None else f" {_name(effect.message)}"
                    what = effect.what + (name if effect.what == "answer" else "")
                    self._happened.append(Rung(round(at, 3), "tell", what))
                case _:
                    self._happened.append(Rung(round(at, 3), "ended"))


def _name(message: Message) -> str:
    return message.method if isinstance(message, Request) else str(message.status)
