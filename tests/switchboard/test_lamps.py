"""What phones are told of colleagues and messages, in virtual time."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from callcenterd.model import events
from callcenterd.model.forwarding import Forwarding
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber, QueueName, RecordingId
from callcenterd.model.site import Site, UserAccount
from callcenterd.sip.subscriptions import Package, Wanted
from callcenterd.switchboard.lamps import Lamps
from tests.kit.office import STRAIGHT_NUMBER, Office, in_virtual_time, office, site
from tests.switchboard.test_queue_call import CALLER, conversation

BOSS = UserAccount(login="boss", name="班长", role="supervisor", extension=ExtensionNumber("1800"))


class Desk:
    """An office with lamps. changed: whose document became another one, in order, since it was last taken."""

    def __init__(self, opened: Office) -> None:
        self.office = opened
        self.changed: list[tuple[Package, str]] = []
        self.lamps = Lamps(
            opened.board,
            domain="office.example",
            changed=lambda package, number: self.changed.append((package, number)),
        )
        self.take_up(opened.board.site)

    def take_up(self, of: Site) -> None:
        self.office.board.configure(of)
        self.office.board.bus.publish(events.SiteChanged(at=self.office.board.clock.utc(), revision=1))

    def taken(self, package: Package) -> list[str]:
        """Whose document of that package changed since the last look."""
        found = [number for kind, number in self.changed if kind == package]
        self.changed = []
        return found

    def document(self, package: Package, number: str, watcher: str = "1002") -> str | None:
        wanted = Wanted(package, ExtensionNumber(number), ExtensionNumber(watcher))
        octets = self.lamps.document(wanted, 3)
        return None if octets is None else octets.decode()

    def lamp(self, number: str, watcher: str = "1002") -> list[str]:
        """Each dialog of the extension: direction, state, and the other side if it is told."""
        text = self.document("dialog", number, watcher) or pytest.fail("no document")
        found = []
        for dialog in re.findall(r"<dialog .*?</dialog>", text):
            direction = re.search(r'direction="(\w+)"', dialog)
            remote = re.search(r"<remote><identity[^>]*>sip:([^@]+)@", dialog)
            state = re.search(r"<state>(\w+)</state>", dialog)
            assert state is not None
            found.append(" ".join([one.group(1) for one in (direction, state, remote) if one is not None]))
        return found

    def word(self, number: str) -> str:
        found = re.search(r"<note>(\w+)</note>", self.document("presence", number) or "")
        return found.group(1) if found else "-"

    def messages(self, number: str) -> str:
        found = re.search(r"Voice-Message: (\S+)", self.document("message-summary", number, number) or "")
        return found.group(1) if found else "-"


@asynccontextmanager
async def desk(**changes: Any) -> AsyncIterator[Desk]:
    users: Sequence[UserAccount] = (*site().users, BOSS)
    async with office(site(**{"users": tuple(users), **changes})) as opened:
        known = Desk(opened)
        yield known
        await known.lamps.stop()


@in_virtual_time
async def test_a_lamp_blinks_while_the_phone_rings_and_burns_while_it_speaks() -> None:
    async with desk() as here:
        opened = here.office
        await opened.sign_in("1001")
        assert here.lamp("1001") == ["terminated"]
        caller = opened.line.calls_in(CALLER, STRAIGHT_NUMBER)
        await opened.settle()
        phone = opened.line.rung("1001")
        opened.line.rings(phone)
        assert here.lamp("1001", "1003") == [f"recipient early {CALLER}"]
        opened.line.picks_up(phone)
        await opened.settle()
        assert here.lamp("1001", "1003") == [f"recipient confirmed {CALLER}"]
        here.changed.clear()
        opened.line.hangs_up(caller)
        await opened.settle()
        assert here.lamp("1001") == ["terminated"]
        assert "1001" in here.taken("dialog"), "whoever watches is told"


@in_virtual_time
async def test_after_a_transfer_the_lamp_tells_with_whom_the_colleague_speaks_now() -> None:
    async with desk() as here:
        opened = here.office
        await opened.sign_in("1001", "1002")
        _, caller, phone = await conversation(opened)
        opened.line.holds(phone)
        mine = opened.line.calls_in("1001", "1002", extension="1001")
        await opened.settle()
        theirs = opened.line.rung("1002")
        opened.line.picks_up(theirs)
        await opened.settle()
        assert here.lamp("1002", "1800") == ["recipient confirmed 1001"]
        assert sorted(here.lamp("1001", "1800")) == ["initiator confirmed 1002", f"recipient confirmed {CALLER}"]
        here.changed.clear()
        opened.line.refers(phone, "1002", replaces=mine)
        await opened.settle()
        assert here.lamp("1001") == ["terminated"]
        assert here.lamp("1002", "1800") == [f"recipient confirmed {CALLER}"]
        assert {"1001", "1002"} <= set(here.taken("dialog"))
        opened.line.hangs_up(caller)
        await opened.settle()
        assert here.lamp("1002") == ["terminated"]


@in_virtual_time
async def test_who_calls_from_a_phone_is_seen_as_the_one_who_began() -> None:
    async with desk() as here:
        opened = here.office
        for number in ("1001", "1003"):
            opened.line.registers(number)
        dialog = opened.line.calls_in("1001", "1003", extension="1001")
        await opened.settle()
        assert here.lamp("1001", "1001") == ["initiator early 1003"], "one's own calls are no secret"
        assert here.lamp("1003", "1800") == ["recipient early 1001"]
        opened.line.picks_up(opened.line.rung("1003"))
        await opened.settle()
        assert here.lamp("1001", "1001") == ["initiator confirmed 1003"]
        opened.line.hangs_up(dialog)
        await opened.settle()
        assert (here.lamp("1001"), here.lamp("1003")) == (["terminated"], ["terminated"])


@in_virtual_time
async def test_with_whom_a_colleague_speaks_is_told_to_superiors_and_to_the_queue_only() -> None:
    members = site().queues[0]
    queue = type(members)(name=QueueName("sales"), members=(AgentId("1001"), AgentId("1003")))
    async with desk(queues=(queue,)) as here:
        opened = here.office
        await opened.sign_in("1001")
        opened.line.calls_in(CALLER, STRAIGHT_NUMBER)
        await opened.settle()
        opened.line.rings(opened.line.rung("1001"))
        assert here.lamp("1001", "1800") == [f"recipient early {CALLER}"], "the supervisor"
        assert here.lamp("1001", "1003") == [f"recipient early {CALLER}"], "an agent of the queue"
        assert here.lamp("1001", "1002") == ["recipient early"], "an agent of another queue"
        assert here.lamp("1001", "1900") == ["recipient early"], "a phone that is nobody's"


@in_virtual_time
async def test_there_is_no_document_of_what_is_not_there_nor_of_messages_of_others() -> None:
    async with desk() as here:
        assert here.document("dialog", "7777") is None
        assert here.document("presence", "7777") is None
        assert here.document("message-summary", "1001", "1002") is None
        assert here.document("message-summary", "1001", "1001") is not None


@in_virtual_time
async def test_an_extension_that_is_taken_away_ends_what_is_told_of_it() -> None:
    async with desk() as here:
        here.changed.clear()
        old = here.office.board.site
        without = tuple(one for one in old.extensions if one.number != "1900")
        here.take_up(site(extensions=without))
        assert {package for package, number in here.changed if number == "1900"} == {
            "dialog",
            "message-summary",
            "presence",
        }
        assert here.document("dialog", "1900") is None


@in_virtual_time
async def test_presence_is_the_word_for_the_agent_at_the_phone() -> None:
    async with desk() as here:
        opened = here.office
        assert here.word("1001") == "offline"
        here.changed.clear()
        await opened.sign_in("1001")
        assert here.word("1001") == "available"
        assert here.taken("presence") == ["1001"], "once, although phone and agent both changed"
        await opened.board.desk.set_state("1001", "break", "lunch")
        assert here.word("1001") == "busy"
        assert here.taken("presence") == ["1001"]
        await opened.board.desk.set_state("1001", "signed_out")
        assert here.word("1001") == "offline"


@in_virtual_time
async def test_presence_of_a_phone_without_a_person_follows_its_calls() -> None:
    async with desk() as here:
        opened = here.office
        assert here.word("1900") == "available", "a door phone at a fixed address"
        opened.line.registers("1001")
        dialog = opened.line.calls_in("1001", "1900", extension="1001")
        await opened.settle()
        assert here.word("1900") == "busy"
        opened.line.hangs_up(dialog)
        await opened.settle()
        assert here.word("1900") == "available"


@in_virtual_time
async def test_who_sits_elsewhere_takes_the_lamps_along() -> None:
    async with desk() as here:
        opened = here.office
        await opened.sign_in("1001")
        opened.line.registers("1800")
        here.changed.clear()
        opened.board.queueing.sits_at(AgentId("1001"), ExtensionNumber("1800"))
        assert here.word("1800") == "available"
        assert "1800" in here.taken("presence")


@in_virtual_time
async def test_a_message_lights_the_lamp_of_everybody_in_the_queue() -> None:
    async with desk() as here:
        opened = here.office
        here.lamps.count()
        await opened.settle()
        assert here.messages("1001") == "0/0"
        here.changed.clear()
        await opened.board.store.voicemail.add(
            CallId("c"), QueueName("sales"), RecordingId("c-1"), CALLER, opened.board.clock.utc()
        )
        opened.board.bus.publish(
            events.VoicemailMarked(
                at=opened.board.clock.utc(), message=1, queue=QueueName("sales"), done=False, by="1001"
            )
        )
        await opened.settle()
        assert here.messages("1001") == "1/0"
        assert sorted(here.taken("message-summary")) == ["1001", "1002", "1003"]
        assert here.messages("1800") == "0/0", "the supervisor is in no queue"


@in_virtual_time
async def test_lamps_stay_as_they_are_while_the_messages_cannot_be_counted() -> None:
    async with desk() as here:
        opened = here.office
        opened.memory.fail.add("counts")
        here.lamps.count()
        await opened.settle()
        assert here.messages("1001") == "0/0"
        opened.memory.fail.clear()
        await opened.board.store.voicemail.add(
            CallId("c"), QueueName("sales"), RecordingId("c-1"), CALLER, opened.board.clock.utc()
        )
        here.lamps.count()
        await opened.settle()
        assert here.messages("1001") == "1/0"


@in_virtual_time
async def test_the_lamp_of_a_slot_burns_while_a_call_is_parked_there() -> None:
    async with desk() as here:
        opened = here.office
        await opened.sign_in("1001")
        call, caller, _ = await conversation(opened)
        assert here.lamp("*882") == ["terminated"]
        assert here.document("dialog", "*8899") is None
        assert here.document("presence", "*882") is None
        here.changed.clear()
        opened.board.parking.park(call, "2")
        await opened.settle()
        assert "*882" in here.taken("dialog")
        assert here.lamp("*882", "1001") == [f"recipient confirmed {CALLER}"]
        assert here.lamp("*882", "1900") == ["recipient confirmed"], "with whom is no affair of a door"
        assert here.lamp("*881") == ["terminated"]
        opened.line.hangs_up(caller)
        await opened.settle()
        assert "*882" in here.taken("dialog")
        assert here.lamp("*882") == ["terminated"]


@in_virtual_time
async def test_who_wants_no_calls_is_shown_as_one_who_speaks() -> None:
    async with desk() as known:
        await known.office.sign_in("1001")
        known.changed = []
        await known.office.board.forwarding.set(
            Forwarding(extension=ExtensionNumber("1001"), do_not_disturb=True), by="1001"
        )
        assert [(package, number) for package, number in known.changed] == [("dialog", "1001"), ("presence", "1001")]
        assert (known.lamp("1001"), known.word("1001")) == (["recipient confirmed"], "busy")
        await known.office.board.forwarding.set(Forwarding(extension=ExtensionNumber("1001")), by="1001")
        assert (known.lamp("1001"), known.word("1001")) == (["terminated"], "available")
