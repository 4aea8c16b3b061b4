"""A phone written by hand that proves who it is: it registers, calls and is called."""

from __future__ import annotations

import random

from callcenterd.model.ids import ExtensionNumber
from callcenterd.model.site import Extension, Secret, Site, Trunk
from callcenterd.sip import events
from callcenterd.sip.digest import prove
from callcenterd.sip.events import DialogId, ToExtension
from callcenterd.sip.message import Request, Response
from tests.sip.net import ANNA, ANSWER, GATEWAY, OFFER, OUT, PASSWORD, PHONE, SERVER, Host, Net, Peer

BERT = ExtensionNumber("1002")
BERTS_PASSWORD = Secret("auch geheim")
BERTS_PHONE = "10.0.0.4"
_PASSWORDS = {ANNA: PASSWORD, BERT: BERTS_PASSWORD}


def two_phones(net: Net) -> tuple[Host, Peer, Peer]:
    """Our server with a trunk and two extensions; the phones of both."""
    server = net.host(SERVER)
    extensions = tuple(Extension(number=number, password=password) for number, password in _PASSWORDS.items())
    server.endpoint.configure(Site(trunks=(Trunk(name=OUT, host=GATEWAY),), extensions=extensions), net.now)
    return server, net.peer(PHONE), net.peer(BERTS_PHONE)


def asks(peer: Peer, method: str, uri: str, *more: str, login: str = ANNA, call_id: str, sdp: bytes = b"") -> Response:
    """A request outside of any call, with the answer to its challenge; what came of it."""
    sip = f"sip:{login}@callcenter.local"
    fields = {"uri": uri, "call_id": call_id, "from_": f"<{sip}>;tag=theirs", "sdp": sdp}
    to = f"<{sip}>" if method == "REGISTER" else f"<{uri}>"
    peer.request(method, *more, sequence=1, to=to, **fields)  # type: ignore[arg-type]
    challenge = peer.last_response(401, method)
    proof = prove(
        challenge.challenges, username=login, password=_PASSWORDS[ExtensionNumber(login)], method=method, uri=uri,
        chance=random.Random(1),
    )  # fmt: skip
    peer.request(method, *more, f"Authorization: {proof}", sequence=2, to=to, **fields)  # type: ignore[arg-type]
    return [one for one in peer.received if isinstance(one, Response) and one.cseq.method == method][-1]


def registers(peer: Peer, *, login: str = ANNA, device: str = "desk") -> None:
    assert asks(peer, "REGISTER", "sip:callcenter.local", login=login, call_id=f"{login}@{device}").status == 200


def dials(
    server: Host, peer: Peer, number: str = "900", *more: str, login: str = ANNA, call_id: str = "call@phone"
) -> events.IncomingCall:
    """A phone calls; nobody has answered yet."""
    asks(peer, "INVITE", f"sip:{number}@callcenter.local", *more, login=login, call_id=call_id, sdp=OFFER)
    return server.all(events.IncomingCall)[-1]


def speaks(
    net: Net, server: Host, peer: Peer, *, login: str = ANNA, call_id: str = "call@phone"
) -> tuple[DialogId, Response]:
    """A phone called and speaks with somebody; the dialog, and the answer that it came from."""
    dialog = dials(server, peer, login=login, call_id=call_id).dialog
    server.endpoint.accept(dialog, ANSWER, now=net.now)
    net.run(0.05)
    answer = peer.last_response(200, "INVITE")
    peer.within(answer, "ACK", sequence=2)
    return dialog, answer


def was_called(net: Net, server: Host, peer: Peer, *, login: str = ANNA) -> tuple[DialogId, Request]:
    """A registered phone was called and speaks; the dialog, and our INVITE."""
    registers(peer, login=login)
    dialog = server.endpoint.place(ToExtension(ExtensionNumber(login)), caller="13800001111", sdp=OFFER, now=net.now)
    net.run(0.05)
    invite = peer.last_request("INVITE")
    peer.answer(invite, 200, sdp=ANSWER)
    return dialog, invite


def of_called(peer: Peer, invite: Request, method: str, *more: str, sequence: int, sdp: bytes = b"") -> str:
    """A request of who was called, within that dialog."""
    [contact] = invite.contacts
    return peer.request(
        method,
        *more,
        uri=str(contact.uri),
        call_id=invite.call_id,
        sequence=sequence,
        from_=f"{invite.to};tag=peer",
        to=str(invite.from_),
        sdp=sdp,
    )
