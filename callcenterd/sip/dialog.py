"""Two ends that agreed on tags: sequence numbers, route set, remote target (RFC 3261 §12).

Early and confirmed alike; what the dialog is used for is kept elsewhere. Sans-IO.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from callcenterd.sip.flow import Flow
from callcenterd.sip.headers import NameAddr
from callcenterd.sip.matching import DialogKey
from callcenterd.sip.message import Request, Response
from callcenterd.sip.uri import SipUri, Uri

MAX_FORWARDS = "70"


@dataclass(eq=False, slots=True)
class Dialog:
    """local, remote: From and To of our requests, with their tags, as they are written.

    sequence:        the CSeq of our last request.
    remote_sequence: that of their last one; None before the first.
    target:          their Contact.
    routes:          the route set in the order of our requests.
    contact:         our Contact header.
    flow:            where requests go if neither route set nor target says an address.
    """

    call_id: str
    local: str
    remote: str
    local_tag: str
    remote_tag: str
    sequence: int
    remote_sequence: int | None
    target: Uri
    routes: tuple[NameAddr, ...]
    contact: str
    flow: Flow

    @classmethod
    def of_their_invite(cls, request: Request, tag: str, contact: str, flow: Flow, sequence: int) -> Self:
        """§12.1.1. tag: the one we put into To. Without a Contact their From has to serve."""
        return cls(
            call_id=request.call_id,
            local=str(request.to.with_tag(tag)),
            remote=str(request.from_),
            local_tag=tag,
            remote_tag=request.from_.tag or "",
            sequence=sequence,
            remote_sequence=request.cseq.number,
            target=request.contacts[0].uri if request.contacts else request.from_.uri,
            routes=request.record_routes,
            contact=contact,
            flow=flow,
        )

    @classmethod
    def of_our_invite(cls, invite: Request, answer: Response, contact: str, flow: Flow) -> Self:
        """§12.1.2. Without a Contact in the answer the address that we called has to serve."""
        return cls(
            call_id=invite.call_id,
            local=str(invite.from_),
            remote=str(answer.to),
            local_tag=invite.from_.tag or "",
            remote_tag=answer.to.tag or "",
            sequence=invite.cseq.number,
            remote_sequence=None,
            target=answer.contacts[0].uri if answer.contacts else invite.target,
            routes=tuple(reversed(answer.record_routes)),
            contact=contact,
            flow=flow,
        )

    @property
    def key(self) -> DialogKey:
        return DialogKey(self.call_id, self.local_tag, self.remote_tag)

    @property
    def next_hop(self) -> Uri:
        """What says where a request of ours goes: the first route, else the target (§12.2.1.1)."""
        return self.routes[0].uri if self.routes else self.target

    def request(self, method: str, via: str, *, sequence: int | None = None) -> Request:
        """A request of ours within the dialog, without body. sequence: of the INVITE, for its ACK; else the next."""
        if sequence is None:
            self.sequence += 1
            sequence = self.sequence
        uri, routes = self._way()
        request = Request(method, uri)
        add = request.headers.add
        add("Via", via)
        add("Max-Forwards", MAX_FORWARDS)
        for route in routes:
            add("Route", route)
        add("From", self.local)
        add("To", self.remote)
        add("Call-ID", self.call_id)
        add("CSeq", f"{sequence} {method}")
        return request

    def in_order(self, request: Request) -> bool:
        """Takes note of their CSeq. False: an older request came late, it is to be refused (§12.2.2)."""
        number = request.cseq.number
        if self.remote_sequence is not None and number <= self.remote_sequence:
            return False
        self.remote_sequence = number
        return True

    def confirm(self, answer: Response) -> None:
        """The 2xx of an early dialog says anew where they are and which way leads there (§13.2.2.4)."""
        self.refresh(answer.contacts)
        self.routes = tuple(reversed(answer.record_routes))

    def refresh(self, contacts: Sequence[NameAddr]) -> None:
        """A target refresh request or its 2xx: they are elsewhere now (§12.2.2)."""
        if contacts:
            self.target = contacts[0].uri

    def _way(self) -> tuple[str, list[str]]:
        """Request-URI and Route lines. A first route without ;lr is a strict router: it gets the request itself."""
        if not self.routes:
            return str(plain(self.target)), []
        first, *rest = self.routes
        if not isinstance(first.uri, SipUri) or first.uri.params.has("lr"):
            return str(plain(self.target)), [str(route) for route in self.routes]
        return str(plain(first.uri)), [*(str(route) for route in rest), f"<{plain(self.target)}>"]


def plain(uri: Uri) -> Uri:
    """As a Request-URI: what their Contact says after "?" is not for us to put into a request (§19.1.5)."""
    if isinstance(uri, SipUri) and uri.headers:
        return SipUri(uri.scheme, uri.userinfo, uri.host, uri.port, uri.params)
    return uri
