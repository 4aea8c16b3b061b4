"""Every outside and inside line as it is now (TEL-06)."""

from __future__ import annotations

import dataclasses

from callcenterd.model import events
from callcenterd.model.ids import CallId, ExtensionNumber, TrunkName
from tests.kit.office import Office, in_virtual_time, office, site
from tests.switchboard.test_queue_call import conversation, waiting_caller

AT = ExtensionNumber("1001")
GATEWAY = TrunkName("gateway")


def state(desk: Office) -> object:
    return (desk.board.lines.extension(AT) or {})["state"]


@in_virtual_time
async def test_an_extension_is_offline_free_ringing_talking_and_free_again() -> None:
    async with office() as desk:
        told: list[tuple[ExtensionNumber | None, TrunkName | None]] = []
        desk.board.lines.watch_lines(lambda _, extension, trunk: told.append((extension, trunk)))
        assert state(desk) == "offline"
        await desk.sign_in("1001")
        assert state(desk) == "free"
        call, caller = await waiting_caller(desk)
        assert state(desk) == "ringing"
        phone = desk.line.rung("1001")
        desk.line.picks_up(phone)
        await desk.settle()
        assert desk.board.lines.extension(AT) == {"number": "1001", "agent": "1001", "state": "talking", "call": call}
        desk.line.hangs_up(caller)
        await desk.settle()
        assert state(desk) == "free"
        assert {extension for extension, _ in told} == {None, AT}
        assert desk.board.lines.extension(ExtensionNumber("4711")) is None


@in_virtual_time
async def test_a_trunk_has_its_channels_in_use_and_what_was_last_told_of_it() -> None:
    plain = site()
    trunks = tuple(dataclasses.replace(trunk, channels=30) for trunk in plain.trunks[:1])
    async with office(dataclasses.replace(plain, trunks=trunks)) as desk:
        assert [trunk["name"] for trunk in desk.board.lines.trunks()] == ["gateway"]
        fresh = desk.board.lines.trunk(GATEWAY)
        assert fresh is not None
        assert (fresh["state"], fresh["channels"], fresh["busy"]) == ("unknown", 30, 0)
        desk.board.bus.publish(
            events.TrunkChanged(at=desk.board.clock.utc(), trunk=GATEWAY, state="up", why="registered")
        )
        await desk.sign_in("1001")
        _, caller, _ = await conversation(desk)
        now = desk.board.lines.trunk(GATEWAY)
        assert now is not None
        assert (now["state"], now["why"], now["busy"]) == ("up", "registered", 1)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert (desk.board.lines.trunk(GATEWAY) or {})["busy"] == 0
        assert desk.board.lines.trunk(TrunkName("gone")) is None


@in_virtual_time
async def test_a_call_that_goes_out_says_over_which_trunk_while_it_is_up() -> None:
    """By what it came, a phone of ours, says nothing of it."""
    async with office() as desk:
        told: list[tuple[CallId, TrunkName | None]] = []
        desk.board.lines.watch_lines(lambda call, _, trunk: told.append((call, trunk)))
        await desk.sign_in("1001")
        phone = desk.line.calls_in("1001", "013900000000", extension="1001")
        await desk.settle()
        (line,) = desk.board.live.snapshot()["lines"]
        assert (line["direction"], line["state"], line["trunk"]) == ("outbound", "dialling", "first")
        assert (line["call"], TrunkName("first")) in told
        desk.line.picks_up(desk.line.rung("8613900000000"))
        await desk.settle()
        (line,) = desk.board.live.snapshot()["lines"]
        assert (line["state"], line["trunk"]) == ("talking", "first")
        desk.line.hangs_up(phone)
        await desk.settle()
        assert desk.board.live.snapshot()["lines"] == []
