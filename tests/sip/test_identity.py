"""Who calls over a trunk, and whom the call was for before."""

from __future__ import annotations

import pytest

from callcenterd.sip import events
from tests.sip.net import OFFER, Net, trunk_peer
from tests.sip.proven import dials, two_phones


def call(*more: str, from_: str = '"Zhang" <sip:13800001111@peer>;tag=a') -> events.IncomingCall:
    net = Net()
    server, trunk = trunk_peer(net)
    trunk.request("INVITE", *more, from_=from_, sdp=OFFER)
    return server.one(events.IncomingCall)


PAI = "P-Asserted-Identity: "


@pytest.mark.parametrize(
    ("more", "from_", "caller"),
    [
        pytest.param((), None, ("13800001111", "Zhang"), id="From"),
        pytest.param((f"{PAI}<sip:+86-10-62960000@sbc>",), None, ("+861062960000", "Zhang"), id="asserted"),
        pytest.param((f'{PAI}"Li" <sip:0106296@sbc>, <tel:0106296>',), None, ("0106296", "Li"), id="the first of two"),
        pytest.param((f"{PAI}<tel:+861062960000>",), None, ("+861062960000", "Zhang"), id="tel"),
        pytest.param((f"{PAI}<sip:0106296@sbc>", "Privacy: id"), None, ("", ""), id="private (RFC 3325 9.3)"),
        pytest.param(("Privacy: none",), None, ("13800001111", "Zhang"), id="not private (RFC 3323 4.2)"),
        pytest.param(("Privacy: header; user",), None, ("", ""), id="private by RFC 3323"),
        pytest.param((), '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=a', ("", ""), id="anonymous"),
        pytest.param((), "<sip:restricted@sbc>;tag=a", ("", ""), id="as some carriers write it"),
        pytest.param((f"{PAI}<sip:0106296@sbc>",), "<sip:anonymous@x>;tag=a", ("0106296", "anonymous"), id="vouched"),
        pytest.param((f"{PAI}nonsense",), None, ("13800001111", "Zhang"), id="unreadable"),
        pytest.param((f'{PAI}"a\x00b" <sip:1%0d%0a2@sbc>',), None, ("12", "ab"), id="nothing gets through"),
    ],
)
def test_who_calls(more: tuple[str, ...], from_: str | None, caller: tuple[str, str]) -> None:
    arrived = call(*more) if from_ is None else call(*more, from_=from_)
    if caller[1] == "anonymous":
        assert arrived.caller == caller[0]
    else:
        assert (arrived.caller, arrived.caller_name) == caller


@pytest.mark.parametrize(
    ("more", "before"),
    [
        ((), ()),
        (("Diversion: <sip:02012345@sbc>;reason=unconditional",), ("02012345",)),
        (("Diversion: <sip:2@sbc>, <sip:1@sbc>",), ("2", "1")),
        (("Diversion: <sip:2@sbc>", "Diversion: <sip:1@sbc>", "Diversion: <sip:2@sbc>"), ("2", "1")),
        (("Diversion: rubbish, <tel:+8610>",), ("+8610",)),
        (("Diversion: " + ", ".join(f"<sip:{n}@sbc>" for n in range(50)),), ("0", "1", "2", "3", "4")),
        (("History-Info: <sip:1@sbc>;index=1, <sip:2@sbc>;index=1.1, <sip:900@us>;index=1.1.1",), ("2", "1")),
        (("History-Info: <sip:900@us>;index=1",), ()),
    ],
)
def test_whom_the_call_was_for_before(more: tuple[str, ...], before: tuple[str, ...]) -> None:
    assert call(*more).diverted_from == before


def test_what_a_phone_says_of_itself_is_not_believed() -> None:
    """Its P-Asserted-Identity and Diversion are its own words (RFC 3325 §5)."""
    server, phone, _ = two_phones(Net())
    arrived = dials(server, phone, "900", f"{PAI}<sip:110@callcenter.local>", "Diversion: <sip:1@x>")
    assert (arrived.caller, arrived.diverted_from) == ("1001", ())
