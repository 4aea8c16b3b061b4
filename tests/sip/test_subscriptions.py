"""SUBSCRIBE and NOTIFY between our server and a phone that is written by hand."""

from __future__ import annotations

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from callcenterd.model.ids import ExtensionNumber
from callcenterd.model.site import Extension, Secret, Site
from callcenterd.sip.digest import prove
from callcenterd.sip.message import Message, Request, Response
from callcenterd.sip.subscriptions import ALLOW_EVENTS, COME_BACK, MOST_EACH, SPACING, Package, Wanted
from tests.sip.net import ANNA, PASSWORD, PHONE, SERVER, STRANGER, Host, Net, Peer

BERT, CARL = ExtensionNumber("1002"), ExtensionNumber("1003")
BERTS = Secret("auch geheim")


class Desk(Peer):
    """A phone with lamps. status: its answer to a NOTIFY; None: it is silent."""

    def __init__(self, net: Net, address: str, *, login: str = ANNA, password: Secret = PASSWORD) -> None:
        super().__init__(net, address)
        self.status: int | None = 200
        self.sequence = 0
        self.told: list[Request] = []
        self._login, self._password = login, password
        net.peers[address] = self

    def receive(self, message: Message) -> None:
        super().receive(message)
        if isinstance(message, Request) and message.method == "NOTIFY":
            self.told.append(message)
            if self.status is not None:
                self.answer(message, self.status)

    def subscribe(
        self, resource: str = BERT, *more: str, event: str = "dialog", call_id: str = "lamp@desk", to: str = ""
    ) -> Response:
        """Asks, proves, and answers what came of it. to: with the tag, to refresh."""
        uri = f"sip:{resource}@callcenter.local"
        lines = (*([f"Event: {event}"] if event else []), *more)
        to = to or f"<{uri}>"
        from_ = f"<sip:{self._login}@callcenter.local>;tag=lamp"
        self.sequence += 1
        self.request("SUBSCRIBE", *lines, uri=uri, call_id=call_id, to=to, from_=from_, sequence=self.sequence)
        answered = self.last_of("SUBSCRIBE")
        if answered.status != 401:
            return answered
        proof = prove(
            answered.challenges, username=self._login, password=self._password, method="SUBSCRIBE", uri=uri,
            chance=random.Random(1),
        )  # fmt: skip
        self.sequence += 1
        self.request(
            "SUBSCRIBE", *lines, f"Authorization: {proof}", uri=uri, call_id=call_id, to=to, from_=from_,
            sequence=self.sequence,
        )  # fmt: skip
        return self.last_of("SUBSCRIBE")

    def last_of(self, method: str) -> Response:
        return [one for one in self.received if isinstance(one, Response) and one.cseq.method == method][-1]

    @property
    def states(self) -> list[str]:
        """Of each NOTIFY, without the seconds that are left."""
        return [(one.headers.get("Subscription-State") or "").partition(";expires")[0] for one in self.told]

    @property
    def bodies(self) -> list[str]:
        return [one.body.decode() for one in self.told]


class Lamps:
    """What there is to be told: one word for each package and extension."""

    def __init__(self) -> None:
        self.words: dict[tuple[Package, ExtensionNumber], str] = {("dialog", BERT): "idle"}

    def __call__(self, wanted: Wanted, version: int) -> bytes | None:
        word = self.words.get((wanted.package, wanted.resource))
        return None if word is None else f"{word} {version}".encode()


def lamps_office(net: Net) -> tuple[Host, Lamps]:
    server, lamps = net.host(SERVER), Lamps()
    server.endpoint.configure(
        Site(extensions=(Extension(number=ANNA, password=PASSWORD), Extension(number=BERT, password=BERTS))), net.now
    )
    server.endpoint.show(lamps)
    return server, lamps


@pytest.fixture
def net() -> Net:
    return Net()


def change(server: Host, lamps: Lamps, word: str | None, package: Package = "dialog") -> None:
    if word is None:
        del lamps.words[package, BERT]
    else:
        lamps.words[package, BERT] = word
    server.endpoint.changed(package, BERT, server.net.now)


def test_who_subscribes_is_told_at_once_and_at_every_change(net: Net) -> None:
    server, lamps = lamps_office(net)
    desk = Desk(net, PHONE)
    answer = desk.subscribe(BERT, "Expires: 600")
    assert (answer.status, answer.expires) == (200, 600)
    assert answer.contacts
    net.run(2.0)
    change(server, lamps, "ringing")
    net.run(2.0)
    assert desk.bodies == ["idle 0", "ringing 1"]
    assert desk.states == ["active", "active"]
    first, second = desk.told
    assert first.headers.get("Event") == "dialog"
    assert first.content_type == "application/dialog-info+xml"
    assert first.uri == f"sip:peer@{PHONE}"
    assert first.from_.tag == answer.to.tag
    assert second.cseq.number == first.cseq.number + 1
    assert server.endpoint.counters()["subscriptions"] == 1


def test_the_ladder_of_a_lamp(net: Net) -> None:
    server, lamps = lamps_office(net)
    desk = Desk(net, PHONE)
    answer = desk.subscribe(BERT, "Expires: 60")
    net.run(2.0)
    change(server, lamps, "talking")
    net.run(1.0)
    desk.subscribe(BERT, "Expires: 0", to=str(answer.to))
    net.run(40.0)
    assert desk.what == [
        "401 SUBSCRIBE", "200 SUBSCRIBE", "NOTIFY",
        "NOTIFY",
        "200 SUBSCRIBE", "NOTIFY",
    ]  # fmt: skip
    assert desk.states[-1] == "terminated;reason=timeout"
    assert server.endpoint.counters()["subscriptions"] == 0
    assert server.clean


def test_a_stranger_is_challenged_and_nobody_is_told_anything(net: Net) -> None:
    server, _ = lamps_office(net)
    stranger = Desk(net, STRANGER, password=Secret("guess"))
    assert stranger.subscribe().status == 403
    net.run(10.0)
    assert stranger.told == []
    assert server.endpoint.counters()["subscriptions"] == 0


@pytest.mark.parametrize(
    ("resource", "lines", "event", "status", "header"),
    [
        (BERT, (), "presence.winfo", 489, ("Allow-Events", ALLOW_EVENTS)),
        (BERT, (), "", 489, ("Allow-Events", ALLOW_EVENTS)),
        (BERT, ("Expires: 30",), "dialog", 423, ("Min-Expires", "60")),
        (BERT, ("Accept: application/sdp",), "dialog", 406, None),
        (BERT, ("Accept: application/dialog-info+xml, text/plain",), "dialog;id=7", 200, ("Expires", "3600")),
        (BERT, ("Expires: 99999",), "dialog", 200, ("Expires", "3600")),
        (CARL, (), "dialog", 404, None),
        (BERT, (), "presence", 404, None),
    ],
)
def test_what_is_asked_is_granted_or_refused_by_its_rule(
    net: Net, resource: str, lines: tuple[str, ...], event: str, status: int, header: tuple[str, str] | None
) -> None:
    lamps_office(net)
    desk = Desk(net, PHONE)
    answer = desk.subscribe(resource, *lines, event=event)
    assert answer.status == status
    assert header is None or answer.headers.get(header[0]) == header[1]
    assert [told.headers.get("Event") for told in desk.told] == ([event] if status == 200 else [])


def test_a_subscription_that_nobody_refreshes_runs_out_and_says_so(net: Net) -> None:
    server, _ = lamps_office(net)
    desk = Desk(net, PHONE)
    desk.subscribe(BERT, "Expires: 120")
    net.run(119.0)
    assert desk.states == ["active"]
    net.run(2.0)
    assert desk.states == ["active", "terminated;reason=timeout"]
    assert server.endpoint.counters()["subscriptions"] == 0


def test_a_refresh_keeps_it_and_tells_the_state_again(net: Net) -> None:
    _, _ = lamps_office(net)
    desk = Desk(net, PHONE)
    answer = desk.subscribe(BERT, "Expires: 120")
    net.run(100.0)
    again = desk.subscribe(BERT, "Expires: 120", to=str(answer.to))
    assert (again.status, again.to.tag) == (200, answer.to.tag)
    net.run(100.0)
    assert desk.bodies == ["idle 0", "idle 1"]


def test_a_refresh_of_a_subscription_that_is_over_is_481(net: Net) -> None:
    lamps_office(net)
    desk = Desk(net, PHONE)
    answer = desk.subscribe(BERT, "Expires: 60")
    net.run(100.0)
    assert desk.subscribe(BERT, to=str(answer.to)).status == 481


def test_an_expiry_of_0_asks_once(net: Net) -> None:
    server, _ = lamps_office(net)
    desk = Desk(net, PHONE)
    assert desk.subscribe(BERT, "Expires: 0").status == 200
    assert desk.bodies == ["idle 0"]
    assert desk.states == ["terminated;reason=timeout"]
    assert server.endpoint.counters()["subscriptions"] == 0


@pytest.mark.parametrize("status", [481, 500, 405, None])
def test_a_notify_that_is_not_taken_ends_it(net: Net, status: int | None) -> None:
    server, lamps = lamps_office(net)
    desk = Desk(net, PHONE)
    desk.subscribe()
    desk.status = status
    net.run(2.0)
    change(server, lamps, "ringing")
    net.run(40.0)
    told = len(desk.told)
    change(server, lamps, "talking")
    net.run(40.0)
    assert len(desk.told) == told
    assert server.endpoint.counters()["subscriptions"] == 0
    assert server.clean


def test_changes_faster_than_the_package_allows_are_told_as_one(net: Net) -> None:
    server, lamps = lamps_office(net)
    lamps.words["presence", BERT] = "available"
    desk = Desk(net, PHONE)
    desk.subscribe(event="presence")
    for word in ("busy", "available", "offline"):
        net.run(0.5)
        change(server, lamps, word, "presence")
    net.run(10.0)
    assert desk.bodies == ["available 0", "offline 1"]
    first, second = [seen.at for seen in net.seen if seen.what == "NOTIFY"]
    assert second - first == pytest.approx(SPACING["presence"])


def test_a_phone_that_answers_slowly_gets_the_newest_state_and_no_queue(net: Net) -> None:
    server, lamps = lamps_office(net)
    desk = Desk(net, PHONE)
    desk.status = None
    desk.subscribe()
    for word in ("ringing", "talking", "idle again"):
        net.run(2.0)
        change(server, lamps, word)
    assert {one.cseq.number for one in desk.told} == {1}
    desk.status = 200
    desk.answer(desk.told[-1], 200)
    net.run(2.0)
    assert desk.bodies[-1] == "idle again 1"


def test_what_is_gone_cannot_be_watched_any_more(net: Net) -> None:
    server, lamps = lamps_office(net)
    desk = Desk(net, PHONE)
    desk.subscribe()
    net.run(2.0)
    change(server, lamps, None)
    net.run(2.0)
    assert desk.states == ["active", "terminated;reason=noresource"]
    assert desk.bodies[-1] == ""


def test_who_has_another_password_is_told_nothing_more(net: Net) -> None:
    server, _ = lamps_office(net)
    desk = Desk(net, PHONE)
    desk.subscribe()
    server.endpoint.configure(
        Site(extensions=(Extension(number=ANNA, password=BERTS), Extension(number=BERT, password=BERTS))), net.now
    )
    net.run(2.0)
    assert desk.states == ["active", "terminated;reason=rejected"]
    assert server.endpoint.counters()["subscriptions"] == 0


def test_a_server_that_stops_says_when_to_come_again(net: Net) -> None:
    server, _ = lamps_office(net)
    desk = Desk(net, PHONE)
    desk.subscribe()
    server.endpoint.farewell(net.now)
    net.run(1.0)
    assert desk.states[-1] == f"terminated;reason=probation;retry-after={COME_BACK}"


def test_a_phone_that_was_started_anew_takes_the_place_of_its_own_subscription(net: Net) -> None:
    server, lamps = lamps_office(net)
    desk = Desk(net, PHONE)
    for start in range(5):
        desk.subscribe(call_id=f"start-{start}@desk")
    assert server.endpoint.counters()["subscriptions"] == 1
    told = len(desk.told)
    net.run(2.0)
    change(server, lamps, "ringing")
    net.run(2.0)
    assert len(desk.told) == told + 1


def test_one_extension_has_no_more_than_its_share(net: Net) -> None:
    server, lamps = lamps_office(net)
    desk = Desk(net, PHONE)
    for n in range(MOST_EACH + 5):
        number = ExtensionNumber(f"2{n:03d}")
        lamps.words["dialog", number] = "idle"
        net.run(1.0)  # a stranger's pace: it has not registered
        assert desk.subscribe(number, call_id=f"{n}@desk").call_id == f"{n}@desk"
    assert server.endpoint.counters()["subscriptions"] == MOST_EACH


class Subscriber(RuleBasedStateMachine):
    """Whatever comes in whatever order: as many are told as subscribed, and time ends all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Net(7, doubling=0.2, jitter=0.3)
        self.server, self.lamps = lamps_office(self.net)
        self.desk = Desk(self.net, PHONE)
        self.answer: Response | None = None

    @rule(seconds=st.sampled_from([0, 30, 60, 600, None]))
    def subscribe(self, seconds: int | None) -> None:
        lines = [] if seconds is None else [f"Expires: {seconds}"]
        self.desk.subscribe(BERT, *lines, call_id=f"{self.desk.sequence}@desk")
        self.net.run(1.0)
        self.answer = self.desk.last_of("SUBSCRIBE")

    @precondition(lambda self: self.answer is not None and self.answer.status == 200)
    @rule(seconds=st.sampled_from([0, 30, 60, 600]))
    def refresh(self, seconds: int) -> None:
        assert self.answer is not None
        self.desk.subscribe(BERT, f"Expires: {seconds}", call_id=self.answer.call_id, to=str(self.answer.to))
        self.net.run(1.0)

    @rule(word=st.sampled_from(["idle", "ringing", "talking"]))
    def change(self, word: str) -> None:
        change(self.server, self.lamps, word)

    @rule(seconds=st.floats(0.1, 90.0))
    def wait(self, seconds: float) -> None:
        self.net.run(seconds)

    @rule(status=st.sampled_from([200, 481, None]))
    def answers(self, status: int | None) -> None:
        self.desk.status = status

    @invariant()
    def no_more_than_one_of_a_phone_and_a_lamp(self) -> None:
        assert self.server.endpoint.counters()["subscriptions"] <= 1

    @invariant()
    def versions_of_a_subscription_go_up_by_one(self) -> None:
        seen: dict[str, dict[int, int]] = {}
        for told in self.desk.told:
            if told.body:
                seen.setdefault(told.call_id, {})[told.cseq.number] = int(told.body.split()[-1])
        for versions in seen.values():
            assert [versions[n] for n in sorted(versions)] == [n - 1 for n in sorted(versions)]

    def teardown(self) -> None:
        self.net.run(3700.0)
        assert self.server.endpoint.counters()["subscriptions"] == 0
        assert self.server.clean


TestSubscriber = Subscriber.TestCase
TestSubscriber.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
