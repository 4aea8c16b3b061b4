"""Pages as phones: to the rest of this room a page is one more phone, with dialogs that SIP has never heard of.

`PagePhones` stands between `control.Calls` and the SIP room. What concerns a page (its dialogs have numbers below
zero) is done here, everything else goes through unchanged. A page's sound goes to the gateway process and from there,
plain, over the loopback interface to a media row like any other (`media.webrtc`).

While a page is an extension's phone, calls to it ring in the page only: two things that ring at one desk, one of them
in a headset, help nobody. A page has one line. When it goes away it has GRACE seconds to come back, by itself or as
its user's next page, and takes up the call that it was in.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import structlog

from callcenterd.errors import LocalError, NotFound, NotNow, RemoteError
from callcenterd.media import sdp
from callcenterd.media.webrtc.gateway import OfferDeclined
from callcenterd.media.webrtc.wire import Answered
from callcenterd.model.ids import ExtensionNumber
from callcenterd.model.phones import PagePhoneView, PhoneEnd
from callcenterd.sip import events as sip_events
from callcenterd.sip.events import DialogId, SipEvent, ToExtension, ToTrunk

_log = structlog.get_logger(__name__)

LOOPBACK = "127.0.0.1"
GRACE = 10.0
"""Seconds that a page may be away: loaded anew, or in a lift."""
UP_WITHIN = 30.0
"""Seconds for a page to come up once it has our answer; the gateway itself gives up sooner."""
KEYS = frozenset("0123456789*#ABCD")
MOST_KEYS = 64
_BUSY, _DECLINED, _UNREACHABLE, _TAKEN_BACK = 486, 603, 480, 487
_ENDS: dict[int, PhoneEnd] = {
    403: "forbidden",
    404: "unknown_number",
    408: "no_answer",
    480: "no_answer",
    486: "busy",
    600: "busy",
}


class SignallingBelow(Protocol):
    """What goes through: `control.Signalling`, as the SIP room is it."""

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


class Pages(Protocol):
    """What this room needs of `media.webrtc.gateway.Gateway`."""

    async def open(self, page: str, offer: str, hosts: Sequence[str]) -> Answered: ...
    def talk(self, page: str, port: int) -> None: ...
    def hush(self, page: str) -> None: ...
    def close(self, page: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Connected:
    """page: its id; answer: the SDP that it is to take."""

    page: str
    answer: str


class UnusableOffer(RemoteError):
    """A page offered what cannot be used. One sentence."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One page's connection. port: where the gateway has its sound, on the loopback interface. keys: the payload
    type of its telephone-events."""

    page: str
    port: int
    keys: int | None


@dataclass(eq=False, slots=True)
class _Talk:
    """The page's one dialog. rings_here: we called the page. engine: the port of the media row, once it is known."""

    dialog: DialogId
    rings_here: bool
    number: str
    name: str
    engine: int | None = None
    up: bool = False
    rings: bool = False
    held: bool = False
    wants_held: bool = False
    version: int = 1


@dataclass(eq=False, slots=True)
class _Phone:
    """One user's. coming: a page that is on its way to become it."""

    login: str
    name: str
    extension: ExtensionNumber | None
    line: _Line | None = None
    coming: _Line | None = None
    talk: _Talk | None = None
    ended: PhoneEnd = ""
    away: asyncio.TimerHandle | None = None
    late: asyncio.TimerHandle | None = None

    @property
    def number(self) -> ExtensionNumber:
        """Under which it is rung: no extension can be called as one without its own is."""
        return self.extension or ExtensionNumber(f"~{self.login}")


class PagePhones:
    """Implements `control.Signalling` and `gateway.PageListener`. changed: told of every phone that is another now;
    set once by who shows that."""

    def __init__(self, *, sip: SignallingBelow, gateway: Pages, tell: Callable[[SipEvent], None]) -> None:
        """tell: `control.Calls.signalled`, for the events of both."""
        self._sip = sip
        self._gateway = gateway
        self._tell = tell
        self._phones: dict[str, _Phone] = {}
        self._by_page: dict[str, _Phone] = {}
        self._by_dialog: dict[DialogId, _Phone] = {}
        self._registered: dict[ExtensionNumber, _Phone] = {}
        self._by_sip: set[ExtensionNumber] = set()  # those that SIP reaches, too
        self._identities = itertools.count(-1, -1)
        self.changed: Callable[[PagePhoneView], None] = lambda _view: None

    # ---- what people see ------------------------------------------------------------------------------------

    def view(self, login: str) -> PagePhoneView:
        phone = self._phones.get(login)
        return PagePhoneView(login=login) if phone is None else _view(phone)

    def connected(self) -> list[PagePhoneView]:
        """Every page that is a phone now."""
        return [_view(phone) for phone in self._phones.values() if phone.line is not None]

    def target(self, login: str) -> ToExtension | None:
        """What rings this user's page; None: no page is their phone."""
        phone = self._phones.get(login)
        return None if phone is None or self._registered.get(phone.number) is not phone else ToExtension(phone.number)

    def is_page(self, to: ToExtension | ToTrunk) -> bool:
        """Would a call to there ring in a page?"""
        return isinstance(to, ToExtension) and to.number in self._registered

    # ---- a page becomes a phone -----------------------------------------------------------------------------

    async def connect(
        self, login: str, name: str, extension: ExtensionNumber | None, offer: str, hosts: Sequence[str]
    ) -> Connected:
        """hosts: our addresses that the page may reach, the likeliest first. extension None: it has no number that
        could be dialled; `target` rings it all the same, to listen in.

        Raises UnusableOffer, or LocalError if there is no gateway now. The phone is ready when ICE and DTLS are done;
        until then whatever was its phone before goes on.
        """
        page = secrets.token_urlsafe(9)
        try:
            opened = await self._gateway.open(page, offer, hosts)
        except OfferDeclined as declined:
            raise UnusableOffer(str(declined)) from None
        phone = self._phones.setdefault(login, _Phone(login, name, extension))
        phone.name = name
        self._give_up_coming(phone)
        phone.coming = _Line(page, opened.port, opened.keys)
        self._by_page[page] = phone
        phone.late = asyncio.get_running_loop().call_later(UP_WITHIN, self._too_late, phone)
        if phone.line is None:
            phone.extension = extension
        else:
            self.move(login, extension)
        return Connected(page, opened.answer)

    def disconnect(self, login: str, page: str) -> None:
        """The page is a phone no more. Raises NotFound if that page is none of this user's."""
        phone = self._by_page.get(page)
        if phone is None or phone.login != login:
            raise NotFound("page", page)
        self._gateway.close(page)
        if phone.coming is not None and phone.coming.page == page:
            self._drop_coming(phone)
        else:
            self._gone(phone)

    def move(self, login: str, extension: ExtensionNumber | None) -> None:
        """The user sits at another extension: calls to that one ring in the page from now on."""
        phone = self._phones.get(login)
        if phone is None or phone.extension == extension:
            return
        there = self._registered.get(phone.number) is phone
        self._unregister(phone)
        phone.extension = extension
        if there:
            self._register(phone)
        self._show(phone)

    # ---- what the page does ---------------------------------------------------------------------------------

    def answer(self, login: str) -> None:
        """Raises NotNow if nobody calls."""
        phone, talk = self._in_talk(login)
        if not talk.rings_here or talk.up:
            raise NotNow("nobody calls this page")
        self._pick_up(phone, talk)

    def hang_up(self, dialog: DialogId, reason: str | None = None) -> None:
        """As the rest of the room wants it (`control.Signalling`). The page's own wish is `leave`."""
        phone = self._by_dialog.get(dialog)
        if phone is None:
            self._pass_on(dialog, lambda: self._sip.hang_up(dialog, reason))
            return
        self._end(phone, "over")

    def leave(self, login: str) -> None:
        """The page declines who calls, takes its own call back, or ends its conversation. Raises NotNow."""
        phone, talk = self._in_talk(login)
        event: SipEvent
        if talk.up:
            event = sip_events.HungUp(talk.dialog, "normal")
        elif talk.rings_here:
            event = sip_events.Refused(talk.dialog, _DECLINED)
        else:
            event = sip_events.Cancelled(talk.dialog)
        self._end(phone, "over")
        self._tell(event)

    def dial(self, login: str, number: str) -> None:
        """As a phone that dials: the same rules lead it on. Raises NotNow."""
        phone = self._phones.get(login)
        if phone is None or phone.line is None:
            raise NotNow("this page is not a phone now")
        if phone.extension is None:
            raise NotNow("this page has no number of its own")
        if phone.talk is not None:
            raise NotNow("this page is in a call")
        talk = phone.talk = _Talk(DialogId(next(self._identities)), False, number, "")
        phone.ended = ""
        self._by_dialog[talk.dialog] = phone
        self._show(phone)
        self._tell(
            sip_events.IncomingCall(
                dialog=talk.dialog,
                trunk=None,
                extension=phone.extension,
                caller=phone.extension,
                caller_name=phone.name,
                called=number,
                offer=_description(phone.line, talk, "sendrecv"),
                local_host=LOOPBACK,
            )
        )

    def press(self, login: str, keys: str) -> None:
        """Raises NotNow without a conversation, LocalError for what is no key."""
        _, talk = self._in_talk(login)
        if not talk.up:
            raise NotNow("this page is in no conversation")
        if not keys or len(keys) > MOST_KEYS or not KEYS.issuperset(keys):
            raise LocalError(f"not keys: {keys[:MOST_KEYS]!r}")
        for key in keys:
            self._tell(sip_events.KeyByInfo(talk.dialog, key))

    def hold(self, login: str, held: bool) -> None:
        """As a phone's hold key: the other side hears music. Raises NotNow without a conversation."""
        phone, talk = self._in_talk(login)
        if not talk.up or phone.line is None:
            raise NotNow("this page is in no conversation")
        if talk.held != held:
            talk.wants_held = held
            self._offer_anew(phone.line, talk)

    def transfer(self, login: str, number: str) -> None:
        """Blind, as by the phone's own key: whoever is at the other end goes there. Raises NotNow."""
        phone, talk = self._in_talk(login)
        if not talk.up:
            raise NotNow("this page is in no conversation")
        phone.ended = ""
        self._tell(sip_events.Referred(talk.dialog, number, None, phone.extension or phone.login))

    def _in_talk(self, login: str) -> tuple[_Phone, _Talk]:
        phone = self._phones.get(login)
        if phone is None or phone.talk is None:
            raise NotNow("this page is in no call")
        return phone, phone.talk

    # ---- Signalling: pages -----------------------------------------------------------------------------------

    def place(self, to: ToExtension | ToTrunk, *, caller: str, caller_name: str = "", sdp: bytes) -> DialogId:
        """Ring the page that is this extension's phone; without one, whatever SIP reaches."""
        phone = self._registered.get(to.number) if isinstance(to, ToExtension) else None
        if phone is None:
            return self._sip.place(to, caller=caller, caller_name=caller_name, sdp=sdp)
        dialog, soon = DialogId(next(self._identities)), asyncio.get_running_loop().call_soon
        if phone.talk is not None:
            soon(self._tell, sip_events.Refused(dialog, _BUSY))
            return dialog
        phone.talk = _Talk(dialog, True, caller, caller_name, engine=_port_in(sdp))
        phone.ended = ""
        self._by_dialog[dialog] = phone
        # Not before who placed the call has its name: these are what the page says to it.
        soon(self._rings, phone, phone.talk, isinstance(to, ToExtension) and to.at_once)
        return dialog

    def _rings(self, phone: _Phone, talk: _Talk, at_once: bool) -> None:
        if phone.talk is not talk:
            return
        if at_once and phone.line is not None:
            self._pick_up(phone, talk)
        else:
            self._show(phone)
            self._tell(sip_events.Progress(talk.dialog, None))

    def _pick_up(self, phone: _Phone, talk: _Talk) -> None:
        if phone.line is None:
            raise NotNow("this page is away")
        talk.up = True
        if talk.engine is not None:
            self._gateway.talk(phone.line.page, talk.engine)
        self._show(phone)
        self._tell(sip_events.Accepted(talk.dialog, _description(phone.line, talk, "sendrecv")))

    def ring(self, dialog: DialogId, sdp: bytes | None = None) -> None:
        phone = self._by_dialog.get(dialog)
        if phone is None or phone.talk is None:
            self._pass_on(dialog, lambda: self._sip.ring(dialog, sdp))
            return
        phone.talk.rings = True
        if sdp is not None:
            self._hears(phone, phone.talk, sdp)
        self._show(phone)

    def accept(self, dialog: DialogId, sdp: bytes) -> None:
        phone = self._by_dialog.get(dialog)
        if phone is None or phone.talk is None:
            self._pass_on(dialog, lambda: self._sip.accept(dialog, sdp))
            return
        phone.talk.up = True
        self._hears(phone, phone.talk, sdp)
        self._show(phone)

    def refuse(self, dialog: DialogId, status: int, phrase: str | None = None) -> None:
        phone = self._by_dialog.get(dialog)
        if phone is None:
            self._pass_on(dialog, lambda: self._sip.refuse(dialog, status, phrase))
            return
        self._end(phone, _ENDS.get(status, "failed"))

    def accept_offer(self, dialog: DialogId, sdp: bytes) -> None:
        phone = self._by_dialog.get(dialog)
        if phone is None or phone.talk is None:
            self._pass_on(dialog, lambda: self._sip.accept_offer(dialog, sdp))
            return
        phone.talk.held = phone.talk.wants_held
        self._hears(phone, phone.talk, sdp)
        self._show(phone)

    def refuse_offer(self, dialog: DialogId, status: int = 488) -> None:
        phone = self._by_dialog.get(dialog)
        if phone is None or phone.talk is None:
            self._pass_on(dialog, lambda: self._sip.refuse_offer(dialog, status))
            return
        phone.talk.wants_held = phone.talk.held

    def tell_referral(self, dialog: DialogId, status: int) -> None:
        phone = self._by_dialog.get(dialog)
        if phone is None:
            self._pass_on(dialog, lambda: self._sip.tell_referral(dialog, status))
        elif status >= 300:
            phone.ended = "transfer_failed"
            self._show(phone)

    def ask_if_there(self, dialog: DialogId) -> None:
        """Whether a page is there is known without asking."""
        if dialog not in self._by_dialog:
            self._pass_on(dialog, lambda: self._sip.ask_if_there(dialog))

    def pick_up(self, dialog: DialogId) -> bool:
        phone = self._by_dialog.get(dialog)
        if phone is None:
            return dialog >= 0 and self._sip.pick_up(dialog)
        if phone.talk is None or phone.talk.up or not phone.talk.rings_here or phone.line is None:
            return False
        self._pick_up(phone, phone.talk)
        return True

    def can_pick_up(self, dialog: DialogId) -> bool:
        phone = self._by_dialog.get(dialog)
        if phone is None:
            return dialog >= 0 and self._sip.can_pick_up(dialog)
        return phone.talk is not None and not phone.talk.up and phone.talk.rings_here and phone.line is not None

    def local_host_towards(self, to: ToExtension | ToTrunk) -> str:
        return LOOPBACK if self.is_page(to) else self._sip.local_host_towards(to)

    def is_secure_towards(self, to: ToExtension | ToTrunk) -> bool:
        return self.is_page(to) or self._sip.is_secure_towards(to)

    def _pass_on(self, dialog: DialogId, wish: Callable[[], None]) -> None:
        """A page's dialog that is over is nobody's any more; SIP's are SIP's."""
        if dialog >= 0:
            wish()

    # ---- what SIP tells --------------------------------------------------------------------------------------

    def signalled(self, event: SipEvent) -> None:
        """Everything that the SIP room tells goes on to the calls; what a page stands in for is kept back."""
        if isinstance(event, sip_events.Registered):
            (self._by_sip.add if event.reachable else self._by_sip.discard)(event.extension)
            if not event.reachable and event.extension in self._registered:
                return
        self._tell(event)

    # ---- what the gateway tells ------------------------------------------------------------------------------

    def page_up(self, page: str) -> None:
        phone = self._by_page.get(page)
        if phone is None or phone.coming is None or phone.coming.page != page:
            return
        before, phone.line, phone.coming = phone.line, phone.coming, None
        self._stop(phone, "late")
        self._stop(phone, "away")
        if before is not None:
            self._by_page.pop(before.page, None)
            self._gateway.close(before.page)
        _log.info("page is a phone", login=phone.login, extension=phone.extension, page=page)
        self._take_up_call(phone, phone.line)
        self._register(phone)
        self._show(phone)

    def _take_up_call(self, phone: _Phone, line: _Line) -> None:
        """The user's page is another one than before: the call goes on in it."""
        talk = phone.talk
        if talk is None or (talk.rings_here and not talk.up):
            return  # it rings on, and is answered by the page that there is
        if not talk.up:  # its offer named the page that is gone
            self._end(phone, "failed")
            self._tell(sip_events.Cancelled(talk.dialog))
            return
        if talk.engine is not None:
            self._gateway.talk(line.page, talk.engine)
        self._offer_anew(line, talk)

    def page_quiet(self, page: str, seconds: float) -> None:
        phone = self._by_page.get(page)
        if phone is not None and phone.line is not None and phone.line.page == page:
            self._goes_away(phone, max(0.0, GRACE - seconds))

    def page_heard(self, page: str) -> None:
        phone = self._by_page.get(page)
        if phone is not None and phone.line is not None and phone.line.page == page and phone.away is not None:
            self._stop(phone, "away")
            self._show(phone)

    def page_lost(self, page: str, why: str) -> None:
        phone = self._by_page.get(page)
        if phone is None:
            return
        _log.info("page lost", login=phone.login, page=page, why=why)
        if phone.coming is not None and phone.coming.page == page:
            self._drop_coming(phone)
            return
        self._by_page.pop(page, None)
        phone.line = None
        self._goes_away(phone, GRACE)

    def _goes_away(self, phone: _Phone, grace: float) -> None:
        if phone.away is None:
            phone.away = asyncio.get_running_loop().call_later(grace, self._gone, phone)
        self._show(phone)

    def _gone(self, phone: _Phone) -> None:
        """The page did not come back in time, or was switched off: as a phone whose plug was pulled."""
        self._stop(phone, "away")
        _log.info("page is no phone any more", login=phone.login, extension=phone.extension)
        if phone.line is not None:
            self._by_page.pop(phone.line.page, None)
            self._gateway.close(phone.line.page)
            phone.line = None
        talk = phone.talk
        if talk is not None:
            self._end(phone, "over", show=False)
            if talk.up:
                self._tell(sip_events.HungUp(talk.dialog, "page gone"))
            elif talk.rings_here:
                self._tell(sip_events.Refused(talk.dialog, _UNREACHABLE))
            else:
                self._tell(sip_events.Cancelled(talk.dialog))
        self._unregister(phone)
        if phone.coming is None:
            self._phones.pop(phone.login, None)
        self.changed(replace(_view(phone), state="off"))

    # ---- within ----------------------------------------------------------------------------------------------

    def _too_late(self, phone: _Phone) -> None:
        phone.late = None
        self._give_up_coming(phone)
        self._forget_empty(phone)

    def _give_up_coming(self, phone: _Phone) -> None:
        if phone.coming is not None:
            self._gateway.close(phone.coming.page)
            self._by_page.pop(phone.coming.page, None)
            phone.coming = None
        self._stop(phone, "late")

    def _drop_coming(self, phone: _Phone) -> None:
        self._give_up_coming(phone)
        self._forget_empty(phone)
        self.changed(self.view(phone.login))

    def _forget_empty(self, phone: _Phone) -> None:
        if phone.line is None and phone.away is None and phone.coming is None:
            self._phones.pop(phone.login, None)

    def _stop(self, phone: _Phone, timer: Literal["away", "late"]) -> None:
        handle: asyncio.TimerHandle | None = getattr(phone, timer)
        if handle is not None:
            handle.cancel()
            setattr(phone, timer, None)

    def _register(self, phone: _Phone) -> None:
        other = self._registered.get(phone.number)
        if other is not None and other is not phone:  # somebody else sits there now
            other.extension = None
            self._registered[other.number] = other
            self._show(other)
        self._registered[phone.number] = phone
        if phone.extension is not None:
            self._tell(sip_events.Registered(phone.extension, True))

    def _unregister(self, phone: _Phone) -> None:
        if self._registered.get(phone.number) is not phone:
            return
        del self._registered[phone.number]
        if phone.extension is not None:
            self._tell(sip_events.Registered(phone.extension, phone.extension in self._by_sip))

    def _hears(self, phone: _Phone, talk: _Talk, described: bytes) -> None:
        """Our SDP to the page: where its media row is."""
        talk.engine = _port_in(described)
        if phone.line is not None and talk.engine is not None:
            self._gateway.talk(phone.line.page, talk.engine)

    def _offer_anew(self, line: _Line, talk: _Talk) -> None:
        talk.version += 1
        direction = "sendonly" if talk.wants_held else "sendrecv"
        self._tell(sip_events.Reoffered(talk.dialog, _description(line, talk, direction)))

    def _end(self, phone: _Phone, why: PhoneEnd, *, show: bool = True) -> None:
        if phone.talk is None:
            return
        del self._by_dialog[phone.talk.dialog]
        phone.talk = None
        phone.ended = why
        if phone.line is not None:
            self._gateway.hush(phone.line.page)
        if show:
            self._show(phone)

    def _show(self, phone: _Phone) -> None:
        self.changed(_view(phone))


def _view(phone: _Phone) -> PagePhoneView:
    talk = phone.talk
    known = PagePhoneView(
        login=phone.login,
        page="" if phone.line is None else phone.line.page,
        extension=phone.extension,
        state="off" if phone.line is None and phone.away is None else "ready",
        away=phone.away is not None,
        ended=phone.ended,
    )
    if talk is None:
        return known
    state: Literal["talking", "ringing", "dialling"]
    state = "talking" if talk.up else "ringing" if talk.rings_here else "dialling"
    return replace(known, state=state, number=talk.number, name=talk.name, rings=talk.rings, held=talk.held)


def _description(line: _Line, talk: _Talk, direction: str) -> bytes:
    """What the page would say as a phone: its sound is at the gateway, A-law, keys as it sends them."""
    numbers = "8" if line.keys is None else f"8 {line.keys}"
    keys = [] if line.keys is None else [f"a=rtpmap:{line.keys} telephone-event/8000", f"a=fmtp:{line.keys} 0-15"]
    lines = [
        "v=0",
        f"o=- {-talk.dialog} {talk.version} IN IP4 {LOOPBACK}",
        "s=-",
        f"c=IN IP4 {LOOPBACK}",
        "t=0 0",
        f"m=audio {line.port} RTP/AVP {numbers}",
        "a=rtpmap:8 PCMA/8000",
        *keys,
        "a=rtcp-mux",  # its reports have no port of their own to go to
        "a=ptime:20",
        f"a={direction}",
    ]
    return "".join(f"{each}\r\n" for each in lines).encode()


def _port_in(described: bytes) -> int | None:
    """The port of the media row, in what we wrote ourselves."""
    audio = sdp.parse(described).audio
    return None if audio is None else audio.port
