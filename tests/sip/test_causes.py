"""What a refusal says of the network behind the trunk (ITU-T Q.850 in a Reason header, RFC 3326, RFC 6432)."""

from __future__ import annotations

import pytest

from callcenterd.sip import events
from callcenterd.sip.identity import MOST_WORDS, cause_of
from callcenterd.sip.message import Headers, Response
from tests.sip.net import Net
from tests.sip.test_outgoing import called


@pytest.mark.parametrize(
    ("reason", "cause", "words"),
    [
        ('Q.850;cause=1;text="Unallocated number"', 1, "Unallocated number"),
        ("Q.850 ;cause=20", 20, "Not here"),
        ('q.850; text="say \\"no\\""; Cause = 17', 17, 'say "no"'),
        ("SIP;cause=486", 0, "Not here"),
        ("Q.850", 0, "Not here"),
        ("Q.850;cause=", 0, "Not here"),
        ("Q.850;cause=1234", 0, "Not here"),
        ("Q.850;because=1", 0, "Not here"),
        (";;;", 0, "Not here"),
        ("", 0, "Not here"),
        ('Q.850;cause=1;text="' + "x" * 200 + '"', 1, "x" * MOST_WORDS),
        ('Q.850;cause=16;text="空号"', 16, "空号"),
        ('Q.850;cause=1;text="a\tb"', 1, "ab"),
    ],
)
def test_the_cause_and_the_words_are_read_whatever_stands_there(reason: str, cause: int, words: str) -> None:
    response = Response(480, "Not here", Headers())
    response.headers.add("Reason", reason)
    assert cause_of(response) == (cause, words)


def test_the_first_cause_of_the_telephone_network_counts() -> None:
    response = Response(480, "", Headers())
    for value in ("SIP;cause=480", "Q.850;cause=19", "Q.850;cause=1"):
        response.headers.add("Reason", value)
    assert cause_of(response) == (19, "")


def test_a_trunks_refusal_is_told_with_its_cause() -> None:
    net = Net()
    server, trunk, dialog, invite = called(net)
    trunk.answer(invite, 480, 'Reason: Q.850;cause=20;text="Subscriber absent"')
    told = server.one(events.Refused)
    assert (told.dialog, told.status, told.cause, told.words) == (dialog, 480, 20, "Subscriber absent")


def test_of_an_invite_that_nobody_answered_there_are_no_words() -> None:
    net = Net()
    server, _, _, _ = called(net)
    net.run(40.0)
    told = server.one(events.Refused)
    assert (told.status, told.cause, told.words) == (408, 0, "")
