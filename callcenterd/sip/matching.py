"""Which transaction or dialog a message belongs to (RFC 3261 §17.1.3, §17.2.3, §8.2.2.2, §12), and one table of all.

Everything that happens to a transaction goes through `Transactions`, which keeps the timers of all of them in one
heap. Sans-IO like the transactions; see transaction.py for the effects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, cast

from callcenterd.errors import LocalError
from callcenterd.sip.agenda import Agenda
from callcenterd.sip.message import Message, Request, Response
from callcenterd.sip.transaction import (
    MAGIC,
    RFC_TIMERS,
    Effect,
    InviteClientTransaction,
    InviteServerTransaction,
    NonInviteClientTransaction,
    NonInviteServerTransaction,
    State,
    Timers,
    Transaction,
)

AnyServer = InviteServerTransaction | NonInviteServerTransaction
AnyClient = InviteClientTransaction | NonInviteClientTransaction


class DialogKey(NamedTuple):
    """What makes a dialog (RFC 3261 §12), seen from our end. A tag of "" is an RFC 2543 peer's, or not given yet."""

    call_id: str
    local_tag: str
    remote_tag: str


def dialog_key(message: Message) -> DialogKey:
    """Of a message that was received: a request names us in To, an answer to ours names us in From."""
    from_tag, to_tag = message.from_.tag or "", message.to.tag or ""
    if isinstance(message, Request):
        return DialogKey(message.call_id, to_tag, from_tag)
    return DialogKey(message.call_id, from_tag, to_tag)


ServerKey = tuple[str | int | None, ...]
ClientKey = tuple[str, str]
Origin = tuple[str, str, int, str]


def server_key(request: Request) -> ServerKey:
    """Equal for a request, its repetitions and, if it is an INVITE, the ACK of its refusal (RFC 3261 §17.2.3).

    Without a branch of RFC 3261 what the request says stands in for it, but for the To tag, which the ACK got from us.
    """
    return _server_key(request, "INVITE" if request.method == "ACK" else request.method)


def _server_key(request: Request, method: str) -> ServerKey:
    via = request.via
    branch = via.branch
    if _names_alone(branch):
        return branch, via.host.lower(), via.port, method
    return request.uri, request.from_.tag, request.call_id, request.cseq.number, str(via), method


def client_key(message: Message) -> ClientKey:
    """Of a request that we send and of the answers to it (RFC 3261 §17.1.3)."""
    return message.via.branch, message.cseq.method


ArrivalKind = Literal["new", "known", "merged", "stray", "full"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of one message off the wire.

    new:    a request never seen: our user's to answer through `transaction`.
    known:  it belongs to `transaction`; all there is to do is in `effects`.
    merged: the same request came on another way before (RFC 3261 §8.2.2.2): answer 482 through `transaction`.
    stray:  it belongs to no transaction: an ACK of a 2xx (a dialog's), or an answer to nothing (drop it).
    full:   no room for another transaction. Answer 503 without one, or drop it.
    """

    kind: ArrivalKind
    transaction: Transaction | None = None
    effects: list[Effect] = field(default_factory=list)


class Transactions:
    """All transactions of the room, by what their messages say, and by what is due.

    The room is bounded for what others begin; what we begin is bounded by our calls.
    """

    def __init__(self, *, timers: Timers = RFC_TIMERS, room: int = 30_000) -> None:
        self._timers = timers
        self._room = room
        self._servers: dict[ServerKey, AnyServer] = {}
        self._clients: dict[ClientKey, AnyClient] = {}
        self._origins: dict[Origin, AnyServer] = {}
        self._kept_as: dict[Transaction, tuple[ServerKey | ClientKey, Origin | None]] = {}
        self._agenda: Agenda[Transaction] = Agenda()

    def __len__(self) -> int:
        return len(self._servers) + len(self._clients)

    # ---- off the wire --------------------------------------------------------------------------------------

    def receive(self, message: Message, now: float, *, reliable: bool = False, peer: object = None) -> Arrival:
        """reliable: it came over TCP or the like. peer: where from; kept with a new transaction."""
        if isinstance(message, Response):
            return self._receive_response(message, now)
        found = self._server_of(message)
        if found is not None:
            return Arrival("known", found, self._kept(found, found.receive(message, now)))
        if message.method == "ACK":
            return Arrival("stray")
        if len(self._servers) >= self._room:
            return Arrival("full")
        return self._begin(message, now, reliable=reliable, peer=peer)

    def invite_of(self, cancel: Request) -> InviteServerTransaction | None:
        """What a CANCEL takes back (RFC 3261 §9.2). None: answer it 481."""
        found = self._servers.get(_server_key(cancel, "INVITE"))
        return found if isinstance(found, InviteServerTransaction) else None

    def has_sent(self, branch: str) -> bool:
        """Is there an INVITE of ours with this branch?"""
        return (branch, "INVITE") in self._clients

    # ---- from our user -------------------------------------------------------------------------------------

    def send(
        self, request: Request, now: float, *, reliable: bool = False, peer: object = None
    ) -> tuple[AnyClient, list[Effect]]:
        """Begin a client transaction.

        Raises LocalError for an ACK, for a branch that is in use or none of RFC 3261, and for what cannot be written.
        """
        key = client_key(request)
        if request.method == "ACK" or key in self._clients or not _names_alone(key[0]):
            raise LocalError(f"no transaction for {request.method} with branch {key[0]!r}")
        kind = InviteClientTransaction if request.method == "INVITE" else NonInviteClientTransaction
        begun = kind(request, reliable=reliable, peer=peer, timers=self._timers)
        effects = begun.start(now)
        self._clients[key] = begun
        self._kept_as[begun] = key, None
        return begun, self._kept(begun, effects)

    def respond(self, transaction: AnyServer, response: Response, now: float) -> list[Effect]:
        """Raises LocalError if no answer of that kind is possible now."""
        return self._kept(transaction, transaction.respond(response, now))

    def transport_failed(self, transaction: Transaction, now: float) -> list[Effect]:
        """What it sent could not be sent."""
        return self._kept(transaction, transaction.transport_failed(now))

    def abandon(self, transaction: Transaction) -> None:
        """Forget it without a word: a cancelled INVITE that nobody ends (RFC 3261 §9.1)."""
        transaction.state = State.TERMINATED
        self._kept(transaction, [])

    # ---- time ----------------------------------------------------------------------------------------------

    def deadline(self) -> float | None:
        return self._agenda.deadline()

    def advance(self, now: float) -> list[tuple[Transaction, list[Effect]]]:
        """All that is due, earliest first."""
        done: list[tuple[Transaction, list[Effect]]] = []
        while (transaction := self._agenda.take(now)) is not None:
            effects = self._kept(transaction, transaction.advance(now))
            if effects:
                done.append((transaction, effects))
        return done

    # ---- inside --------------------------------------------------------------------------------------------

    def _receive_response(self, response: Response, now: float) -> Arrival:
        found = self._clients.get(client_key(response))
        if found is None:
            return Arrival("stray")
        return Arrival("known", found, self._kept(found, found.receive(response, now)))

    def _server_of(self, request: Request) -> AnyServer | None:
        found = self._servers.get(server_key(request))
        if found is not None and request.method == "ACK" and not _names_alone(request.via.branch):
            # Of an RFC 2543 peer: it must acknowledge the answer that we gave, named by its To tag.
            answer = found.answered
            if answer is None or answer.to.tag != request.to.tag:
                return None
        return found

    def _begin(self, request: Request, now: float, *, reliable: bool, peer: object) -> Arrival:
        kind = InviteServerTransaction if request.method == "INVITE" else NonInviteServerTransaction
        begun = kind(request, now, reliable=reliable, peer=peer, timers=self._timers)
        key, origin = server_key(request), _origin(request)
        merged = origin is not None and self._origins.setdefault(origin, begun) is not begun
        self._servers[key] = begun
        self._kept_as[begun] = key, origin
        self._kept(begun, [])
        return Arrival("merged" if merged else "new", begun)

    def _kept(self, transaction: Transaction, effects: list[Effect]) -> list[Effect]:
        """Keep the tables true after anything that happened to it."""
        if transaction not in self._kept_as:
            return effects  # over already; our user need not know
        if not transaction.ended:
            self._agenda.at(transaction, transaction.deadline())
            return effects
        self._agenda.forget(transaction)
        # By the keys it was put in with: our user may have written into its request since.
        key, origin = self._kept_as.pop(transaction)
        if isinstance(transaction, AnyClient):
            del self._clients[cast(ClientKey, key)]
            return effects
        del self._servers[key]
        if origin is not None and self._origins.get(origin) is transaction:
            del self._origins[origin]
        return effects


def _names_alone(branch: str) -> bool:
    """The bare cookie names nothing (RFC 4475 §3.2.1)."""
    return branch.startswith(MAGIC) and len(branch) > len(MAGIC)


def _origin(request: Request) -> Origin | None:
    """Equal for two copies of one request that forked on its way to us; None inside a dialog (RFC 3261 §8.2.2.2)."""
    if request.method == "CANCEL" or request.to.tag is not None:
        return None
    return request.call_id, request.from_.tag or "", request.cseq.number, request.method
