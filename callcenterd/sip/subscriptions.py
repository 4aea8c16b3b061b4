"""Who wants to be told what: SUBSCRIBE and NOTIFY, as the notifier (RFC 6665 §4.2).

Packages: `dialog` (RFC 4235, the lamp of a colleague), `message-summary` (RFC 3842, the message lamp), `presence`
(RFC 3856). What is told is made elsewhere, by `documents`, out of what this room knows nothing of. Every document
is the full state, so one that was not sent is made up for by the next. One NOTIFY of a subscription is under way at
a time: a phone that answers slowly gets the newest state, never a queue. Sans-IO; who subscribes has proved who it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

from callcenterd.model.ids import ExtensionNumber
from callcenterd.sip import dialog_info, message_summary, presence
from callcenterd.sip.dialog import Dialog
from callcenterd.sip.flow import Flow
from callcenterd.sip.identity import user_of
from callcenterd.sip.matching import AnyServer, DialogKey, dialog_key
from callcenterd.sip.message import Message, Request, Response, reply_to
from callcenterd.sip.post import Post
from callcenterd.sip.transaction import Told, Transaction
from callcenterd.sip.uri import SipUri

Package = Literal["dialog", "message-summary", "presence"]
PACKAGES: tuple[Package, ...] = get_args(Package)
ALLOW_EVENTS = ", ".join(PACKAGES)
CONTENT_TYPES: dict[Package, str] = {
    "dialog": dialog_info.CONTENT_TYPE,
    "message-summary": message_summary.CONTENT_TYPE,
    "presence": presence.CONTENT_TYPE,
}
SPACING: dict[Package, float] = {"dialog": 1.0, "message-summary": 1.0, "presence": 5.0}
"""Seconds between two NOTIFYs of one subscription (RFC 4235 §3.10, RFC 3842 §3.10, RFC 3856 §6.10)."""
SHORTEST, LONGEST = 60, 3600
"""Seconds that are granted. Who does not say gets LONGEST, which all three RFCs propose."""
MOST = 10_000
MOST_EACH = 200
"""Subscriptions in all, and of one extension: a phone with three panels of keys has 180. One more of an extension
takes the place of the one that would run out first: most likely it is of before the phone's last start."""
COME_BACK = 30
"""Seconds after which phones are to subscribe anew at a server that was stopped."""

EndReason = Literal["timeout", "noresource", "rejected", "probation"]
"""RFC 6665 §4.1.3. timeout: run out, or taken back; probation: the server stops."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """watcher: the extension that is to be told about the extension `resource`."""

    package: Package
    resource: ExtensionNumber
    watcher: ExtensionNumber


Documents = Callable[[Wanted, int], bytes | None]
"""The document of that version. None: there is no such thing, or the watcher may not be told of it."""


class Subscriptions:
    def __init__(self, post: Post, *, most: int = MOST, most_each: int = MOST_EACH) -> None:
        self.post = post
        self.documents: Documents = lambda _wanted, _version: None
        self._most, self._most_each = most, most_each
        self._by_dialog: dict[DialogKey, Subscription] = {}
        self._of: dict[tuple[Package, ExtensionNumber], dict[Subscription, None]] = {}
        self._by_watcher: dict[ExtensionNumber, dict[Subscription, None]] = {}

    # ---- what they ask -------------------------------------------------------------------------------------

    def begin(self, request: Request, server: AnyServer, watcher: ExtensionNumber, flow: Flow, now: float) -> None:
        """A SUBSCRIBE outside a dialog, of who has proved to be `watcher` (§4.2.1)."""
        package = _package(request)
        if package is None:
            self._refuse(server, 489, now, Allow_Events=ALLOW_EVENTS)
            return
        if (seconds := self._seconds(request, server, package, now)) is None:
            return
        if not request.contacts:
            self.post.answer(server, 400, now)
            return
        wanted = Wanted(package, ExtensionNumber(user_of(request.target)), watcher)
        if self.documents(wanted, 0) is None:
            self.post.answer(server, 404, now)  # the same for what is not there and what is none of theirs
            return
        if not self._make_room(wanted, request, now):
            self._refuse(server, 503, now, Retry_After=str(COME_BACK))
            return
        dialog = Dialog.of_their_invite(
            request, self.post.token(), self.post.contact(flow, str(wanted.resource)), flow, 0
        )
        subscription = Subscription(self, dialog, wanted, (request.headers.get("Event") or "").strip())
        self._by_dialog[dialog.key] = subscription
        self._of.setdefault((package, wanted.resource), {})[subscription] = None
        self._by_watcher.setdefault(watcher, {})[subscription] = None
        subscription.granted(server, seconds, now)

    def find(self, request: Request) -> Subscription | None:
        return self._by_dialog.get(dialog_key(request))

    def within(self, subscription: Subscription, request: Request, server: AnyServer, flow: Flow, now: float) -> None:
        """A request in its dialog: it is refreshed, or taken back with an Expires of 0 (§4.2.1.4)."""
        if not subscription.dialog.in_order(request):
            self.post.answer(server, 500, now)
        elif request.method != "SUBSCRIBE":
            self.post.answer(server, 405, now)
        elif (request.headers.get("Event") or "").strip().lower() != subscription.event.lower():
            self._refuse(server, 489, now, Allow_Events=ALLOW_EVENTS)
        elif (seconds := self._seconds(request, server, subscription.wanted.package, now)) is not None:
            subscription.dialog.refresh(request.contacts)
            if flow.remote[0] == subscription.dialog.flow.remote[0]:
                subscription.dialog.flow = flow  # behind NAT, a phone's port may be another one than an hour ago
            subscription.granted(server, seconds, now)

    # ---- what happens --------------------------------------------------------------------------------------

    def changed(self, package: Package, resource: ExtensionNumber, now: float) -> None:
        """What is told about that extension is another now."""
        for subscription in list(self._of.get((package, resource), ())):
            subscription.changed(now)

    def resources(self, package: Package) -> list[ExtensionNumber]:
        """Whom somebody watches."""
        return sorted(resource for kind, resource in self._of if kind == package)

    def keep_only(self, extensions: Collection[ExtensionNumber], now: float) -> None:
        """The site changed: who is not named proves nothing any more, and what is gone cannot be watched."""
        for subscription in list(self._by_dialog.values()):
            if subscription.wanted.watcher not in extensions:
                subscription.end("rejected", now)
            elif self.documents(subscription.wanted, 0) is None:
                subscription.end("noresource", now)

    def lost(self, flow: Flow) -> None:
        """A connection is gone, and with it who was told on it."""
        for subscription in [one for one in self._by_dialog.values() if one.dialog.flow == flow]:
            subscription.drop()

    def lives_on(self, flow: Flow) -> bool:
        return any(subscription.dialog.flow == flow for subscription in self._by_dialog.values())

    def end_all(self, now: float) -> None:
        """The server stops: phones ask again in a while instead of trusting lamps that nobody moves."""
        for subscription in list(self._by_dialog.values()):
            subscription.end("probation", now)

    def forget(self, subscription: Subscription) -> None:
        """From the subscription itself, when it is over."""
        wanted = subscription.wanted
        del self._by_dialog[subscription.dialog.key]
        _drop(self._of, (wanted.package, wanted.resource), subscription)
        _drop(self._by_watcher, wanted.watcher, subscription)

    def __len__(self) -> int:
        return len(self._by_dialog)

    # ---- within --------------------------------------------------------------------------------------------

    def _seconds(self, request: Request, server: AnyServer, package: Package, now: float) -> int | None:
        """How long it is granted; 0: tell once and no more. None: refused (§4.2.1.1, §3.1.1)."""
        if not _accepts(request, CONTENT_TYPES[package]):
            self.post.answer(server, 406, now)
            return None
        seconds = request.expires
        if seconds is None:
            return LONGEST
        if 0 < seconds < SHORTEST:
            self._refuse(server, 423, now, Min_Expires=str(SHORTEST))
            return None
        return min(seconds, LONGEST)

    def _make_room(self, wanted: Wanted, request: Request, now: float) -> bool:
        """A phone that was started anew asks for what it asked before: the old one is nobody's any more."""
        mine = self._by_watcher.get(wanted.watcher, {})
        for old in [one for one in mine if one.wanted == wanted and _same_contact(one, request)]:
            old.drop()
        mine = self._by_watcher.get(wanted.watcher, {})
        if len(mine) >= self._most_each:
            min(mine, key=lambda one: one.expires_at).end("timeout", now)
        return len(self._by_dialog) < self._most

    def _refuse(self, server: AnyServer, status: int, now: float, **headers: str) -> None:
        response = reply_to(server.request, status, to_tag=self.post.token())
        for name, value in headers.items():
            response.headers.add(name.replace("_", "-"), value)
        self.post.respond(server, response, now)


class Subscription:
    """One subscriber and one thing, active until `expires_at`; once `gone` it says nothing more."""

    def __init__(self, all_of_them: Subscriptions, dialog: Dialog, wanted: Wanted, event: str) -> None:
        """event: their Event header, with its id: ours are to be the same (§8.2.1)."""
        self.dialog = dialog
        self.wanted = wanted
        self.event = event
        self.expires_at = 0.0
        self.gone = False
        self._all = all_of_them
        self._post = all_of_them.post
        self._version = 0
        self._asked: Transaction | None = None  # our NOTIFY that waits for its answer
        self._behind = False  # something changed since the last NOTIFY
        self._spoke_at = float("-inf")

    def granted(self, server: AnyServer, seconds: int, now: float) -> None:
        """200, and the state at once, changed or not (§4.2.1.2)."""
        response = reply_to(server.request, 200, to_tag=self.dialog.local_tag)
        response.headers.copy_from(server.request.headers, "Record-Route")
        response.headers.add("Contact", self.dialog.contact)
        response.headers.add("Expires", str(seconds))
        self._post.respond(server, response, now)
        self.expires_at = now + seconds
        if not seconds:
            self.end("timeout", now)
            return
        self._post.agenda.at(self._run_out, self.expires_at)
        self._behind = True
        if self._asked is None:
            self._speak(now)
        else:
            self._spoke_at = float("-inf")  # as soon as the one under way is answered

    def changed(self, now: float) -> None:
        self._behind = True
        self._speak_if_due(now)

    def end(self, reason: EndReason, now: float) -> None:
        """A last NOTIFY; whatever comes of it (§4.2.2)."""
        if self.gone:
            return
        later = f";retry-after={COME_BACK}" if reason == "probation" else ""
        body = None if reason in ("noresource", "rejected") else self._document()
        self.drop()
        self._notify(f"terminated;reason={reason}{later}", body, now)

    def drop(self) -> None:
        """Without a word: there is nobody who would hear it."""
        if self.gone:
            return
        self.gone = True
        self._post.agenda.forget(self._run_out)
        self._post.agenda.forget(self._speak_if_due)
        self._all.forget(self)

    def told(self, transaction: Transaction, what: Told, message: Message | None, now: float) -> None:
        """Of our NOTIFY. Whatever is no success ends it: 481 says that they know nothing of it, silence that they are
        not there (§4.2.2)."""
        if transaction is not self._asked or self.gone:
            return
        if what == "answer" and isinstance(message, Response):
            if message.status < 200:
                return
            self._asked = None
            if message.status >= 300:
                self.drop()
            else:
                self._speak_if_due(now)
        elif what in ("timeout", "transport_error"):
            self.drop()

    # ---- within --------------------------------------------------------------------------------------------

    def _run_out(self, now: float) -> None:
        self.end("timeout", now)

    def _speak_if_due(self, now: float) -> None:
        if self.gone or not self._behind or self._asked is not None:
            return
        due = self._spoke_at + SPACING[self.wanted.package]
        if due > now:
            self._post.agenda.at(self._speak_if_due, due)
        else:
            self._speak(now)

    def _speak(self, now: float) -> None:
        body = self._document()
        if body is None:
            self.end("noresource", now)
            return
        self._behind = False
        self._spoke_at = now
        self._post.agenda.forget(self._speak_if_due)
        self._asked = self._notify(f"active;expires={max(0, round(self.expires_at - now))}", body, now)

    def _document(self) -> bytes | None:
        """The next version: the first one is 0 (RFC 4235 §4.1)."""
        body = self._all.documents(self.wanted, self._version)
        self._version += 1
        return body

    def _notify(self, state: str, body: bytes | None, now: float) -> Transaction:
        flow = self.dialog.flow
        notify = self.dialog.request("NOTIFY", self._post.via(flow))
        notify.headers.add("Event", self.event)
        notify.headers.add("Subscription-State", state)
        notify.headers.add("Contact", self.dialog.contact)
        if body is not None:
            notify.headers.add("Content-Type", CONTENT_TYPES[self.wanted.package])
            notify.body = body
        self._post.counts["notifies"] += 1
        return self._post.ask(notify, flow, self, now)


def _package(request: Request) -> Package | None:
    """Of its Event header; packages with a template (presence.winfo) are others (§4.1.2.1)."""
    named = (request.headers.get("Event") or "").partition(";")[0].strip().lower()
    return next((package for package in PACKAGES if package == named), None)


def _accepts(request: Request, content_type: str) -> bool:
    """Without Accept each package's own type is meant (§4.1.2.1)."""
    if not request.headers.has("Accept"):
        return True
    accepted = {value.partition(";")[0].strip().lower() for value in request.headers.values("Accept")}
    return bool(accepted & {content_type, "application/*", "*/*"})


def _same_contact(subscription: Subscription, request: Request) -> bool:
    old, new = subscription.dialog.target, request.contacts[0].uri
    return isinstance(old, SipUri) and isinstance(new, SipUri) and old.same_as(new)


_Key = TypeVar("_Key")


def _drop(table: dict[_Key, dict[Subscription, None]], key: _Key, subscription: Subscription) -> None:
    table[key].pop(subscription, None)
    if not table[key]:
        del table[key]
