"""The four transactions: one request and its answers; retransmissions end here.

RFC 3261 §17 with the Accepted state of RFC 6026 §7. Sans-IO: messages, our user's requests and answers, and
time go in; effects and the next deadline come out. All times are seconds of one monotonic clock. The tables are the
specification; the rest of the file only obeys them. What the other side sends out of turn is dropped; what our own
code asks out of turn is a LocalError and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar, Literal

from callcenterd.errors import LocalError
from callcenterd.sip.message import Headers, Message, Request, Response, encode, reply_to

MAGIC = "z9hG4bK"
"""A branch that begins so names its transaction alone (RFC 3261 §8.1.1.7)."""


@dataclass(frozen=True, slots=True)
class Timers:
    """RFC 3261 table 4, in seconds. t1: a round trip; t2: the longest pause; t4: how long a message is under way."""

    t1: float = 0.5
    t2: float = 4.0
    t4: float = 5.0
    trying: float = 0.2

    @property
    def patience(self) -> float:
        """64·T1: timers B, D, F, H, J, L and M."""
        return 64 * self.t1


RFC_TIMERS = Timers()


# ---- what comes out ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Send:
    """To the other side, to where the request of this transaction went or came from. octets: the message, encoded."""

    message: Message
    octets: bytes


Told = Literal["answer", "ack", "timeout", "ack_missing", "transport_error"]


@dataclass(frozen=True, slots=True)
class Tell:
    """To our user.

    answer:          to our request, in `message`.       timeout: there was none, as good as a 408.
    ack:             of our 2xx, in `message`.           ack_missing: there was none for 64·T1.
    transport_error: what was to be sent could not be; of a client transaction as good as a 503.
    """

    what: Told
    message: Message | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The transaction is over: forget it. Always the last effect."""


Effect = Send | Tell | Ended


# ---- what goes in ------------------------------------------------------------------------------------------


class State(Enum):
    CALLING = auto()
    TRYING = auto()
    PROCEEDING = auto()
    COMPLETED = auto()
    CONFIRMED = auto()
    ACCEPTED = auto()
    TERMINATED = auto()


class Input(Enum):
    """What can happen to a transaction. Provisional, success and failure come off the wire for a client
    transaction, from our user for a server transaction; final is success or failure.
    """

    REQUEST = auto()
    ACK = auto()
    PROVISIONAL = auto()
    SUCCESS = auto()
    FAILURE = auto()
    FINAL = auto()
    TRANSPORT_ERROR = auto()
    TIMER_TRYING = auto()
    TIMER_A = auto()
    TIMER_B = auto()
    TIMER_D = auto()
    TIMER_E = auto()
    TIMER_F = auto()
    TIMER_G = auto()
    TIMER_H = auto()
    TIMER_I = auto()
    TIMER_J = auto()
    TIMER_K = auto()
    TIMER_L = auto()
    TIMER_M = auto()


Table = Mapping[tuple[State, Input], tuple[State, str]]
"""(state, input) → (next state, what to do: a word of `_act`)."""


class _Transaction:
    """What the four have in common: the table is followed, timers fire in their order, each at its own time."""

    TRANSITIONS: ClassVar[Table]

    def __init__(self, request: Request, state: State, *, reliable: bool, peer: object, timers: Timers) -> None:
        """request: what it is about. reliable: TCP and the like: nothing is repeated, nothing lingers.
        peer: whatever our user needs to find the other side again; never looked at here.
        """
        self.request = request
        self.state = state
        self.reliable = reliable
        self.peer = peer
        self._timers = timers
        self._due: dict[Input, float] = {}
        self._pause = timers.t1  # until the next repetition
        self._last: Send | None = None

    @property
    def ended(self) -> bool:
        return self.state is State.TERMINATED

    def deadline(self) -> float | None:
        """When `advance` has something to do; None: only a message or our user can change anything."""
        return min(self._due.values(), default=None)

    def advance(self, now: float) -> list[Effect]:
        """Fire the timers that are due."""
        effects: list[Effect] = []
        while self._due:
            timer = min(self._due, key=self._due.__getitem__)
            if self._due[timer] > now:
                break
            effects += self._step(timer, self._due.pop(timer))
        return effects

    def transport_failed(self, now: float) -> list[Effect]:
        """What it sent could not be sent."""
        return self._react(Input.TRANSPORT_ERROR, now)

    def _react(self, stimulus: Input, now: float, message: Message | Send | None = None) -> list[Effect]:
        # A timer of no length (reliable transport) fires in the same breath.
        effects = self._step(stimulus, now, message)
        return effects + self.advance(now) if self._due else effects

    def _step(self, stimulus: Input, now: float, message: Message | Send | None = None) -> list[Effect]:
        found = self.TRANSITIONS.get((self.state, stimulus))
        if found is None:
            return []
        before = self.state
        self.state, action = found
        if self.state is not before:
            # A timer runs on only if the table has an entry for it where we are now: E and F of a client do.
            self._due = {timer: due for timer, due in self._due.items() if (self.state, timer) in self.TRANSITIONS}
        effects = self._act(action, now, message)
        if self.state is State.TERMINATED:
            effects.append(Ended())
        return effects

    def _act(self, action: str, now: float, message: Message | Send | None) -> list[Effect]:
        """The words that mean the same in all four; each adds its own."""
        del now
        match action:
            case "send":
                assert isinstance(message, Send)
                return self._send(message)
            case "resend":
                return [] if self._last is None else [self._last]
            case "pass":
                assert isinstance(message, Message)
                return [Tell("answer", message)]
            case "time_out":
                return [Tell("timeout")]
            case "fail":
                return [Tell("transport_error")]
            case "absorb" | "end":
                return []
            case _:
                raise AssertionError(f"no such action: {action}")

    def _start(self, timer: Input, now: float, delay: float) -> None:
        self._due[timer] = now + delay

    def _send(self, sent: Send) -> list[Effect]:
        """Send it and keep it for repetition."""
        self._last = sent
        return [sent]

    def _repeat(self, timer: Input, now: float, longest: float | None = None) -> list[Effect]:
        """The last one again, and the next time after twice the pause."""
        self._pause = 2 * self._pause if longest is None else min(2 * self._pause, longest)
        self._start(timer, now, self._pause)
        return [] if self._last is None else [self._last]


# ---- who asks ----------------------------------------------------------------------------------------------


class ClientTransaction(_Transaction):
    """We asked: `start`, then the answers."""

    def start(self, now: float) -> list[Effect]:
        """Send the request. Once, first of all. Raises LocalError if it cannot be written."""
        raise NotImplementedError

    def receive(self, response: Response, now: float) -> list[Effect]:
        """An answer off the wire."""
        raise NotImplementedError


class InviteClientTransaction(ClientTransaction):
    """We call (RFC 3261 §17.1.1, RFC 6026 §7.2). The ACK of a 2xx is the dialog's, of a refusal it is sent here."""

    TRANSITIONS: ClassVar[Table] = {
        (State.CALLING, Input.TIMER_A): (State.CALLING, "repeat"),
        (State.CALLING, Input.TIMER_B): (State.TERMINATED, "time_out"),
        (State.CALLING, Input.TRANSPORT_ERROR): (State.TERMINATED, "fail"),
        (State.CALLING, Input.PROVISIONAL): (State.PROCEEDING, "pass"),
        (State.CALLING, Input.SUCCESS): (State.ACCEPTED, "accept"),
        (State.CALLING, Input.FAILURE): (State.COMPLETED, "complete"),
        (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, "pass"),
        (State.PROCEEDING, Input.SUCCESS): (State.ACCEPTED, "accept"),
        (State.PROCEEDING, Input.FAILURE): (State.COMPLETED, "complete"),
        (State.COMPLETED, Input.FAILURE): (State.COMPLETED, "resend"),
        (State.COMPLETED, Input.TRANSPORT_ERROR): (State.TERMINATED, "fail"),
        (State.COMPLETED, Input.TIMER_D): (State.TERMINATED, "end"),
        (State.ACCEPTED, Input.SUCCESS): (State.ACCEPTED, "pass"),
        (State.ACCEPTED, Input.TIMER_M): (State.TERMINATED, "end"),
    }

    def __init__(
        self, request: Request, *, reliable: bool = False, peer: object = None, timers: Timers = RFC_TIMERS
    ) -> None:
        super().__init__(request, State.CALLING, reliable=reliable, peer=peer, timers=timers)

    def start(self, now: float) -> list[Effect]:
        sent = Send(self.request, encode(self.request))
        self._start(Input.TIMER_B, now, self._timers.patience)
        if not self.reliable:
            self._start(Input.TIMER_A, now, self._pause)
        return self._send(sent)

    def receive(self, response: Response, now: float) -> list[Effect]:
        return self._react(_kind(response.status), now, response)

    def _act(self, action: str, now: float, message: Message | Send | None) -> list[Effect]:
        match action:
            case "repeat":
                return self._repeat(Input.TIMER_A, now)
            case "accept":
                self._start(Input.TIMER_M, now, self._timers.patience)
                return super()._act("pass", now, message)
            case "complete":
                assert isinstance(message, Response)
                self._start(Input.TIMER_D, now, 0.0 if self.reliable else self._timers.patience)
                ack = acknowledgement(self.request, message)
                return [*self._send(Send(ack, encode(ack))), Tell("answer", message)]
            case _:
                return super()._act(action, now, message)


class NonInviteClientTransaction(ClientTransaction):
    """We ask anything but INVITE and ACK (RFC 3261 §17.1.2)."""

    TRANSITIONS: ClassVar[Table] = {
        (State.TRYING, Input.TIMER_E): (State.TRYING, "repeat"),
        (State.TRYING, Input.TIMER_F): (State.TERMINATED, "time_out"),
        (State.TRYING, Input.TRANSPORT_ERROR): (State.TERMINATED, "fail"),
        (State.TRYING, Input.PROVISIONAL): (State.PROCEEDING, "pass"),
        (State.TRYING, Input.FINAL): (State.COMPLETED, "complete"),
        (State.PROCEEDING, Input.TIMER_E): (State.PROCEEDING, "repeat_slowly"),
        (State.PROCEEDING, Input.TIMER_F): (State.TERMINATED, "time_out"),
        (State.PROCEEDING, Input.TRANSPORT_ERROR): (State.TERMINATED, "fail"),
        (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, "pass"),
        (State.PROCEEDING, Input.FINAL): (State.COMPLETED, "complete"),
        (State.COMPLETED, Input.TIMER_K): (State.TERMINATED, "end"),
    }

    def __init__(
        self, request: Request, *, reliable: bool = False, peer: object = None, timers: Timers = RFC_TIMERS
    ) -> None:
        super().__init__(request, State.TRYING, reliable=reliable, peer=peer, timers=timers)

    def start(self, now: float) -> list[Effect]:
        sent = Send(self.request, encode(self.request))
        self._start(Input.TIMER_F, now, self._timers.patience)
        if not self.reliable:
            self._start(Input.TIMER_E, now, self._pause)
        return self._send(sent)

    def receive(self, response: Response, now: float) -> list[Effect]:
        return self._react(Input.PROVISIONAL if response.status < 200 else Input.FINAL, now, response)

    def _act(self, action: str, now: float, message: Message | Send | None) -> list[Effect]:
        match action:
            case "repeat":
                return self._repeat(Input.TIMER_E, now, self._timers.t2)
            case "repeat_slowly":
                self._pause = self._timers.t2
                return self._repeat(Input.TIMER_E, now, self._timers.t2)
            case "complete":
                self._start(Input.TIMER_K, now, 0.0 if self.reliable else self._timers.t4)
                return super()._act("pass", now, message)
            case _:
                return super()._act(action, now, message)


# ---- who answers -------------------------------------------------------------------------------------------


class ServerTransaction(_Transaction):
    """We were asked. The request itself has gone to our user when this was made; here its repetitions end."""

    def receive(self, request: Request, now: float) -> list[Effect]:
        """The request once more, or its ACK."""
        return self._react(Input.ACK if request.method == "ACK" else Input.REQUEST, now, request)

    def respond(self, response: Response, now: float) -> list[Effect]:
        """What our user answers. Raises LocalError if no answer of that kind is possible now."""
        kind = self._kind(response.status)
        if (self.state, kind) not in self.TRANSITIONS:
            raise LocalError(f"cannot answer {response.status} to {self.request.method} in {self.state.name}")
        # Written before anything changes: a text of ours that cannot be sent leaves all as it was.
        return self._react(kind, now, Send(response, encode(response)))

    @staticmethod
    def _kind(status: int) -> Input:
        raise NotImplementedError

    @property
    def answered(self) -> Response | None:
        """The last answer that was sent."""
        return self._last.message if self._last is not None and isinstance(self._last.message, Response) else None


class InviteServerTransaction(ServerTransaction):
    """We are called (RFC 3261 §17.2.1, RFC 6026 §7.1). Our user repeats its 2xx itself: `SuccessRepeater`."""

    TRANSITIONS: ClassVar[Table] = {
        (State.PROCEEDING, Input.REQUEST): (State.PROCEEDING, "resend"),
        (State.PROCEEDING, Input.TIMER_TRYING): (State.PROCEEDING, "try"),
        (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, "send"),
        (State.PROCEEDING, Input.SUCCESS): (State.ACCEPTED, "accept"),
        (State.PROCEEDING, Input.FAILURE): (State.COMPLETED, "refuse"),
        (State.PROCEEDING, Input.TRANSPORT_ERROR): (State.PROCEEDING, "fail"),
        (State.ACCEPTED, Input.REQUEST): (State.ACCEPTED, "absorb"),
        (State.ACCEPTED, Input.ACK): (State.ACCEPTED, "pass_ack"),
        (State.ACCEPTED, Input.SUCCESS): (State.ACCEPTED, "send"),
        (State.ACCEPTED, Input.TRANSPORT_ERROR): (State.ACCEPTED, "fail"),
        (State.ACCEPTED, Input.TIMER_L): (State.TERMINATED, "end"),
        (State.COMPLETED, Input.REQUEST): (State.COMPLETED, "resend"),
        (State.COMPLETED, Input.TIMER_G): (State.COMPLETED, "repeat"),
        (State.COMPLETED, Input.TIMER_H): (State.TERMINATED, "lose_ack"),
        (State.COMPLETED, Input.TRANSPORT_ERROR): (State.COMPLETED, "fail"),
        (State.COMPLETED, Input.ACK): (State.CONFIRMED, "confirm"),
        (State.CONFIRMED, Input.REQUEST): (State.CONFIRMED, "absorb"),
        (State.CONFIRMED, Input.ACK): (State.CONFIRMED, "absorb"),
        (State.CONFIRMED, Input.TIMER_I): (State.TERMINATED, "end"),
    }

    def __init__(
        self, request: Request, now: float, *, reliable: bool = False, peer: object = None, timers: Timers = RFC_TIMERS
    ) -> None:
        super().__init__(request, State.PROCEEDING, reliable=reliable, peer=peer, timers=timers)
        self._start(Input.TIMER_TRYING, now, timers.trying)

    @staticmethod
    def _kind(status: int) -> Input:
        return _kind(status)

    def _act(self, action: str, now: float, message: Message | Send | None) -> list[Effect]:
        match action:
            case "send":
                self._due.pop(Input.TIMER_TRYING, None)
                return super()._act("send", now, message)
            case "try":
                trying = reply_to(self.request, 100)
                return self._send(Send(trying, encode(trying)))
            case "accept":
                self._start(Input.TIMER_L, now, self._timers.patience)
                return super()._act("send", now, message)
            case "refuse":
                self._start(Input.TIMER_H, now, self._timers.patience)
                if not self.reliable:
                    self._start(Input.TIMER_G, now, self._pause)
                return super()._act("send", now, message)
            case "repeat":
                return self._repeat(Input.TIMER_G, now, self._timers.t2)
            case "pass_ack":
                assert isinstance(message, Request)
                return [Tell("ack", message)]
            case "confirm":
                self._start(Input.TIMER_I, now, 0.0 if self.reliable else self._timers.t4)
                return []
            case "lose_ack":
                return [Tell("ack_missing")]
            case _:
                return super()._act(action, now, message)


class NonInviteServerTransaction(ServerTransaction):
    """We are asked anything but INVITE and ACK (RFC 3261 §17.2.2)."""

    TRANSITIONS: ClassVar[Table] = {
        (State.TRYING, Input.REQUEST): (State.TRYING, "absorb"),
        (State.TRYING, Input.PROVISIONAL): (State.PROCEEDING, "send"),
        (State.TRYING, Input.FINAL): (State.COMPLETED, "complete"),
        (State.PROCEEDING, Input.REQUEST): (State.PROCEEDING, "resend"),
        (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, "send"),
        (State.PROCEEDING, Input.FINAL): (State.COMPLETED, "complete"),
        (State.PROCEEDING, Input.TRANSPORT_ERROR): (State.TERMINATED, "fail"),
        (State.COMPLETED, Input.REQUEST): (State.COMPLETED, "resend"),
        (State.COMPLETED, Input.TRANSPORT_ERROR): (State.TERMINATED, "fail"),
        (State.COMPLETED, Input.TIMER_J): (State.TERMINATED, "end"),
    }

    def __init__(
        self, request: Request, now: float, *, reliable: bool = False, peer: object = None, timers: Timers = RFC_TIMERS
    ) -> None:
        """now: for the likeness of the two; nothing runs before the first answer."""
        del now
        super().__init__(request, State.TRYING, reliable=reliable, peer=peer, timers=timers)

    @staticmethod
    def _kind(status: int) -> Input:
        return Input.PROVISIONAL if status < 200 else Input.FINAL

    def _act(self, action: str, now: float, message: Message | Send | None) -> list[Effect]:
        match action:
            case "complete":
                self._start(Input.TIMER_J, now, 0.0 if self.reliable else self._timers.patience)
                return super()._act("send", now, message)
            case _:
                return super()._act(action, now, message)


Transaction = (
    InviteClientTransaction | NonInviteClientTransaction | InviteServerTransaction | NonInviteServerTransaction
)


# ---- what the user of an INVITE transaction sends itself ---------------------------------------------------


class SuccessRepeater:
    """The core repeats its 2xx to an INVITE until the ACK is there (RFC 3261 §13.3.1.4), over any transport.

    The transaction has sent it the first time; this starts then. After 64·T1 without ACK it tells `ack_missing`, once:
    the dialog is to be ended by a BYE.
    """

    def __init__(self, sent: Send, now: float, timers: Timers = RFC_TIMERS) -> None:
        """sent: what the transaction's `respond` gave."""
        self._sent = sent
        self._timers = timers
        self._pause = timers.t1
        self._next: float | None = now + timers.t1
        self._gives_up = now + timers.patience

    def acknowledge(self) -> None:
        """The ACK came: nothing more is sent. Once more is fine."""
        self._next = None

    def deadline(self) -> float | None:
        return None if self._next is None else min(self._next, self._gives_up)

    def advance(self, now: float) -> list[Effect]:
        effects: list[Effect] = []
        while self._next is not None and min(self._next, self._gives_up) <= now:
            if self._next >= self._gives_up:
                self._next = None
                return [*effects, Tell("ack_missing")]
            self._pause = min(2 * self._pause, self._timers.t2)
            self._next += self._pause
            effects.append(self._sent)
        return effects


def acknowledgement(invite: Request, refusal: Response) -> Request:
    """The ACK of a refusal, which belongs to the INVITE's transaction (RFC 3261 §17.1.1.3)."""
    return _hop_of(invite, "ACK", to=refusal.headers.get("To") or invite.headers.get("To") or "")


def cancel_of(invite: Request) -> Request:
    """The CANCEL of an INVITE that we sent; only after a provisional answer (RFC 3261 §9.1)."""
    return _hop_of(invite, "CANCEL", to=invite.headers.get("To") or "")


def _hop_of(invite: Request, method: str, *, to: str) -> Request:
    headers = Headers((("Via", str(invite.via)), ("Max-Forwards", "70")))
    headers.copy_from(invite.headers, "Route", "From", "Call-ID")
    headers.add("To", to)
    headers.add("CSeq", f"{invite.cseq.number} {method}")
    return Request(method, invite.uri, headers)


def _kind(status: int) -> Input:
    if status < 200:
        return Input.PROVISIONAL
    return Input.SUCCESS if status < 300 else Input.FAILURE
