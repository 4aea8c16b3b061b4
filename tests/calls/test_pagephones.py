"""Pages as phones: to the calls room one more phone; and what becomes of a call when its page goes away."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest

from callcenterd.calls.call import LegState
from callcenterd.calls.control import Calls
from callcenterd.calls.pagephones import GRACE, UP_WITHIN, PagePhones, UnusableOffer
from callcenterd.errors import LocalError, NotFound, NotNow
from callcenterd.media import sdp
from callcenterd.media.webrtc.gateway import OfferDeclined
from callcenterd.media.webrtc.wire import Answered
from callcenterd.model.ids import ExtensionNumber
from callcenterd.model.phones import PagePhoneView
from callcenterd.sip import events as sip
from callcenterd.sip.events import ToExtension
from tests.calls.test_control import Heard
from tests.kit.office import in_virtual_time
from tests.kit.virtual import VirtualClock
from tests.kit.wire import Line, Sound

AGENT = ExtensionNumber("1001")
DESK = ToExtension(AGENT)
HOSTS = ("192.0.2.1",)


class Gateway:
    """The gateway process as this room sees it."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.pages: list[str] = []
        self.port = 50000

    async def open(self, page: str, offer: str, hosts: Sequence[str]) -> Answered:
        if offer == "bad":
            raise OfferDeclined("no PCMA among its codecs")
        self.port += 1
        self.pages.append(page)
        return Answered(page, f"answer to {offer}", self.port, 126)

    def talk(self, page: str, port: int) -> None:
        self.said.append(f"talk {self.pages.index(page)} {port}")

    def hush(self, page: str) -> None:
        self.said.append(f"hush {self.pages.index(page)}")

    def close(self, page: str) -> None:
        self.said.append(f"close {self.pages.index(page)}")


class Bench:
    """A calls room with pages between it and a pretended line."""

    def __init__(self) -> None:
        self.line, self.sound, self.heard, self.gateway = Line(), Sound(100), Heard(), Gateway()
        self.line.phones.add(AGENT)
        self.pages = PagePhones(
            sip=self.line,
            gateway=self.gateway,
            tell=lambda event: self.calls.signalled(event),  # noqa: PLW0108  # it is built below
        )
        clock = VirtualClock()
        self.calls = Calls(clock=clock, chance=random.Random(1), sip=self.pages, media=self.sound, rtp_address="auto")
        self.calls.rings_page = self.pages.is_page
        self.calls.listener = self.heard
        self.line.tell, self.sound.tell = self.pages.signalled, self.calls.sounded
        self.views: list[PagePhoneView] = []
        self.pages.changed = self.views.append

    async def connect(self, login: str = "1001", extension: ExtensionNumber | None = AGENT) -> str:
        connected = await self.pages.connect(login, "张三", extension, "offer", HOSTS)
        self.pages.page_up(connected.page)
        return connected.page

    @property
    def now(self) -> str:
        view = self.pages.view("1001")
        return f"{view.state} {view.number}".strip() + (" away" if view.away else "")


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@in_virtual_time
async def test_a_page_is_a_phone_when_it_is_up_and_not_before() -> None:
    bench = Bench()
    connected = await bench.pages.connect("1001", "张三", AGENT, "offer", HOSTS)
    assert connected.answer == "answer to offer"
    assert not bench.pages.is_page(DESK)
    bench.pages.page_up(connected.page)
    assert bench.pages.is_page(DESK)
    assert bench.heard.said == ["phone 1001 True"]
    assert bench.pages.connected() == [PagePhoneView(login="1001", page=connected.page, extension=AGENT, state="ready")]


@in_virtual_time
async def test_a_page_that_never_comes_up_is_forgotten() -> None:
    bench = Bench()
    await bench.pages.connect("1001", "张三", AGENT, "offer", HOSTS)
    await asyncio.sleep(UP_WITHIN + 1)
    assert bench.gateway.said == ["close 0"]
    assert bench.pages.view("1001").state == "off"
    with pytest.raises(UnusableOffer, match="PCMA"):
        await bench.pages.connect("1001", "张三", AGENT, "bad", HOSTS)


@in_virtual_time
async def test_a_call_rings_in_the_page_and_not_at_the_desk() -> None:
    bench = Bench()
    await bench.connect()
    leg = bench.calls.dial(DESK, call=None, caller="13800138000", caller_name="王小明")
    assert leg.in_page
    await settle()
    assert bench.line.dialogs == []
    assert bench.now == "ringing 13800138000"
    assert bench.pages.view("1001").name == "王小明"
    assert "ringing 1001" in bench.heard.said
    bench.pages.answer("1001")
    assert bench.heard.said[-1] == "answered 1001"
    assert leg.agreed is not None
    assert leg.agreed.remote == ("127.0.0.1", 50001)
    assert (leg.agreed.audio.codec, leg.agreed.audio.event_payload_type) == ("PCMA", 126)
    assert bench.gateway.said == [f"talk 0 {leg.port}"]
    assert bench.now == "talking 13800138000"
    bench.pages.leave("1001")
    assert bench.heard.said[-1] == "gone 1001 normal"
    assert bench.gateway.said[-1] == "hush 0"
    assert bench.now == "ready"


@in_virtual_time
async def test_a_page_that_is_asked_to_pick_up_by_itself_does() -> None:
    bench = Bench()
    await bench.connect()
    leg = bench.calls.dial(ToExtension(AGENT, at_once=True), call=None, caller="2001")
    await settle()
    assert leg.state is LegState.UP


@in_virtual_time
async def test_who_calls_gives_up_before_the_answer() -> None:
    bench = Bench()
    await bench.connect()
    leg = bench.calls.dial(DESK, call=None, caller="13800138000")
    await settle()
    bench.calls.hang_up(leg)
    assert bench.now == "ready"
    with pytest.raises(NotNow):
        bench.pages.answer("1001")


@in_virtual_time
async def test_a_call_that_is_taken_back_at_once_never_rings() -> None:
    bench = Bench()
    await bench.connect()
    leg = bench.calls.dial(DESK, call=None, caller="13800138000")
    bench.calls.hang_up(leg)
    await settle()
    assert "ringing 1001" not in bench.heard.said


@in_virtual_time
async def test_a_declined_call_and_a_second_one() -> None:
    bench = Bench()
    await bench.connect()
    bench.calls.dial(DESK, call=None, caller="13800138000")
    bench.calls.dial(DESK, call=None, caller="13900139000")
    await settle()
    assert "refused 1001 busy 486" in bench.heard.said
    assert bench.now == "ringing 13800138000"
    bench.pages.leave("1001")
    assert bench.heard.said[-1] == "refused 1001 refused 603"
    assert bench.now == "ready"


@in_virtual_time
async def test_a_page_dials_as_a_phone_of_its_extension_does() -> None:
    bench = Bench()
    await bench.connect()
    bench.pages.dial("1001", "013900139000")
    assert bench.heard.said[-1] == "arrived internal 1001>013900139000"
    call = bench.heard.calls[-1]
    assert (call.extension, call.caller_name) == (AGENT, "张三")
    assert bench.now == "dialling 013900139000"
    bench.calls.let_ring(call.first)
    assert bench.pages.view("1001").rings
    bench.calls.answer(call.first)
    assert bench.now == "talking 013900139000"
    assert bench.gateway.said == [f"talk 0 {call.first.port}"]
    with pytest.raises(NotNow):
        bench.pages.dial("1001", "1002")
    bench.calls.hang_up(call.first)
    assert bench.pages.view("1001").ended == "over"


@pytest.mark.parametrize(
    ("status", "why"), [(486, "busy"), (404, "unknown_number"), (403, "forbidden"), (480, "no_answer"), (503, "failed")]
)
def test_why_a_dialled_call_came_to_nothing_is_shown(status: int, why: str) -> None:
    @in_virtual_time
    async def refused() -> None:
        bench = Bench()
        await bench.connect()
        bench.pages.dial("1001", "1002")
        bench.calls.refuse(bench.heard.calls[-1].first, status)
        assert bench.pages.view("1001").ended == why

    refused()


@in_virtual_time
async def test_a_page_takes_its_own_call_back() -> None:
    bench = Bench()
    await bench.connect()
    bench.pages.dial("1001", "1002")
    bench.pages.leave("1001")
    assert bench.heard.said[-1].startswith("gone 1001")
    assert bench.now == "ready"


@in_virtual_time
async def test_keys_hold_and_transfer_are_those_of_a_phone() -> None:
    bench = Bench()
    await bench.connect()
    bench.calls.dial(DESK, call=None, caller="13800138000")
    await settle()
    with pytest.raises(NotNow):
        bench.pages.press("1001", "1")
    with pytest.raises(NotNow):
        bench.pages.hold("1001", True)
    with pytest.raises(NotNow):
        bench.pages.transfer("1001", "1002")
    bench.pages.answer("1001")
    bench.pages.press("1001", "1#")
    await settle()
    assert bench.heard.said[-2:] == ["key 1001 1", "key 1001 #"]
    with pytest.raises(LocalError):
        bench.pages.press("1001", "x")
    bench.pages.hold("1001", True)
    assert bench.heard.said[-1] == "held 1001"
    assert bench.pages.view("1001").held
    bench.pages.hold("1001", False)
    assert bench.heard.said[-1] == "resumed 1001"
    assert not bench.pages.view("1001").held
    bench.pages.transfer("1001", "1002")
    assert bench.heard.said[-1] == "referred 1001 1002"
    leg = next(bench.calls.live()).first
    bench.calls.tell_referral(leg, 486)
    assert bench.pages.view("1001").ended == "transfer_failed"


@in_virtual_time
async def test_a_page_that_is_loaded_anew_takes_its_call_up_again() -> None:
    bench = Bench()
    before = await bench.connect()
    leg = bench.calls.dial(DESK, call=None, caller="13800138000")
    await settle()
    bench.pages.answer("1001")
    bench.pages.hold("1001", True)
    bench.pages.page_lost(before, "the page ended it")
    assert bench.now == "talking 13800138000 away"
    await asyncio.sleep(GRACE - 1)
    await bench.connect()
    await asyncio.sleep(GRACE + 1)
    assert leg.state is LegState.UP
    assert leg.holds  # as it was
    assert leg.agreed is not None
    assert leg.agreed.remote == ("127.0.0.1", 50002)
    assert bench.gateway.said[-1] == f"talk 1 {leg.port}"
    assert bench.now == "talking 13800138000"


@in_virtual_time
async def test_a_page_that_does_not_come_back_is_a_phone_that_vanished() -> None:
    bench = Bench()
    page = await bench.connect()
    bench.calls.dial(DESK, call=None, caller="13800138000")
    await settle()
    bench.pages.answer("1001")
    bench.pages.page_lost(page, "gateway")
    await asyncio.sleep(GRACE + 0.1)
    assert [said for said in bench.heard.said if said.startswith(("gone", "phone"))] == [
        "phone 1001 True",
        "gone 1001 page gone",
        "phone 1001 False",
    ]
    assert bench.views[-1].state == "off"
    assert not bench.pages.is_page(DESK)


@in_virtual_time
async def test_while_it_is_away_it_rings_and_then_cannot_be_reached() -> None:
    bench = Bench()
    page = await bench.connect()
    bench.pages.page_lost(page, "the page ended it")
    bench.calls.dial(DESK, call=None, caller="13800138000")
    await settle()
    with pytest.raises(NotNow, match="away"):
        bench.pages.answer("1001")
    await asyncio.sleep(GRACE + 0.1)
    assert "refused 1001 no_answer 480" in bench.heard.said


@in_virtual_time
async def test_a_page_that_is_quiet_for_a_moment_goes_on() -> None:
    bench = Bench()
    page = await bench.connect()
    bench.pages.page_quiet(page, 3.0)
    assert bench.pages.view("1001").away
    await asyncio.sleep(5)
    bench.pages.page_heard(page)
    await asyncio.sleep(20)
    assert bench.now == "ready"
    bench.pages.page_quiet(page, 3.0)
    await asyncio.sleep(GRACE - 3.0 + 0.1)
    assert bench.pages.view("1001").state == "off"
    assert bench.gateway.said[-1] == "close 0"


@in_virtual_time
async def test_a_dialled_call_does_not_survive_a_reload_before_its_answer() -> None:
    bench = Bench()
    await bench.connect()
    bench.pages.dial("1001", "1002")
    await bench.connect()
    assert bench.heard.said[-2].startswith("gone 1001")
    assert bench.now == "ready"


@in_virtual_time
async def test_a_newer_page_takes_over_and_the_older_one_is_told_which() -> None:
    bench = Bench()
    older = await bench.connect()
    newer = await bench.connect()
    assert bench.gateway.said == ["close 0"]
    assert bench.views[-1].page == newer
    with pytest.raises(NotFound):
        bench.pages.disconnect("1001", older)
    with pytest.raises(NotFound):
        bench.pages.disconnect("1002", newer)  # nobody else's
    bench.pages.disconnect("1001", newer)
    assert bench.pages.view("1001").state == "off"


@in_virtual_time
async def test_the_desk_phone_of_the_same_extension_rings_again_without_the_page() -> None:
    bench = Bench()
    bench.line.tell(sip.Registered(AGENT, True))
    page = await bench.connect()
    bench.line.tell(sip.Registered(AGENT, False))  # its plug is pulled: the page is there
    assert bench.heard.said[-1] == "phone 1001 True"
    bench.line.tell(sip.Registered(AGENT, True))
    bench.pages.disconnect("1001", page)
    assert bench.heard.said[-1] == "phone 1001 True"
    leg = bench.calls.dial(DESK, call=None, caller="13800138000")
    assert not leg.in_page
    assert len(bench.line.dialogs) == 1


@in_virtual_time
async def test_who_takes_another_seat_takes_the_page_along() -> None:
    bench = Bench()
    await bench.connect()
    other = ExtensionNumber("1005")
    bench.pages.move("1001", other)
    assert bench.heard.said[-2:] == ["phone 1001 False", "phone 1005 True"]
    assert bench.pages.is_page(ToExtension(other))
    assert not bench.pages.is_page(DESK)
    await bench.connect("1002", other)  # somebody else sits there now
    assert bench.pages.view("1001").extension is None
    assert bench.pages.target("1002") == ToExtension(other)


@in_virtual_time
async def test_who_has_no_extension_can_be_rung_to_listen_and_cannot_dial() -> None:
    bench = Bench()
    await bench.connect("2001", None)
    assert bench.heard.said == []
    with pytest.raises(NotNow, match="no number"):
        bench.pages.dial("2001", "1002")
    target = bench.pages.target("2001")
    assert target is not None
    leg = bench.calls.dial(ToExtension(target.number, at_once=True), call=None, caller="13800138000")
    await settle()
    assert leg.state is LegState.UP


@in_virtual_time
async def test_what_is_sips_goes_through() -> None:
    bench = Bench()
    await bench.connect("1002", ExtensionNumber("1002"))
    leg = bench.calls.dial(DESK, call=None, caller="13800138000")
    bench.line.picks_up(bench.line.dialogs[-1])
    assert leg.state is LegState.UP
    bench.calls.hang_up(leg)
    assert bench.line.dialogs[-1].over()


def test_a_page_offers_and_answers_what_every_reader_of_descriptions_takes() -> None:
    @in_virtual_time
    async def read() -> None:
        bench = Bench()
        await bench.connect()
        bench.pages.dial("1001", "1002")
        offer = bench.heard.calls[-1].first.offer
        assert offer is not None
        agreed = sdp.agree(sdp.PLAIN, offer)
        assert agreed.remote == ("127.0.0.1", 50001)
        assert agreed.audio.reports_shared  # its reports must not go to a port of somebody else

    read()
