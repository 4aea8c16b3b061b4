"""Whatever phones do, in whatever order: nothing is left when all is over, and nobody hears a third."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from callcenterd.model import events
from tests.kit.office import NUMBER, STRAIGHT_NUMBER, Office, office
from tests.kit.virtual import run
from tests.kit.wire import Dialog

DEEDS = ("calls", "dials", "rings", "picks_up", "declines", "forwards", "holds", "resumes", "blind", "attended",
         "takes_over", "hangs_up", "waits")  # fmt: skip
NUMBERS = ("1001", "1002", "1003", "013900000000", STRAIGHT_NUMBER, NUMBER, "5")
STEPS = st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 50), st.integers(0, 50)), max_size=25)


def extension_of(dialog: Dialog) -> str | None:
    """Whose phone is at the other end, if it is one of ours."""
    return dialog.other if dialog.other in ("1001", "1002", "1003") else None


async def happens(desk: Office, deed: str, which: int, other: int) -> None:
    """One deed of somebody, if anybody can do it now."""
    line = desk.line

    def one(*states: str, phones: bool = False) -> Dialog | None:
        found = [d for d in line.open() if d.state in states and (not phones or extension_of(d) is not None)]
        return found[which % len(found)] if found else None

    number = NUMBERS[other % len(NUMBERS)]
    match deed:
        case "calls":
            line.calls_in("13800138000", (NUMBER, STRAIGHT_NUMBER)[which % 2])
        case "dials":
            phone = ("1001", "1002", "1003")[which % 3]
            line.calls_in(phone, number, extension=phone)
        case "waits":
            await desk.wait((0.5, 3.0, 12.0, 31.0, 130.0)[which % 5])
        case "rings" if (dialog := one("placed", "ringing")) is not None:
            line.rings(dialog)
        case "picks_up" if (dialog := one("placed", "ringing")) is not None:
            line.picks_up(dialog)
        case "declines" if (dialog := one("placed", "ringing")) is not None:
            line.declines(dialog, (486, 480, 503, 603)[other % 4])
        case "forwards" if (dialog := one("placed", "ringing", phones=True)) is not None:
            line.declines(dialog, 302, moved_to=number)
        case "holds" | "resumes" if (dialog := one("up")) is not None:
            line.holds(dialog, "sendonly" if deed == "holds" else "sendrecv")
        case "blind" if (dialog := one("up", phones=True)) is not None:
            line.refers(dialog, number)
        case "attended" if (dialog := one("up", phones=True)) is not None:
            own = [d for d in line.open() if d.other == dialog.other and d is not dialog and d.state != "placed"]
            if own:
                line.refers(dialog, number, replaces=own[other % len(own)])
        case "takes_over" if (dialog := one("up", phones=True)) is not None:
            line.calls_in(dialog.other, dialog.other, extension=dialog.other, replaces=dialog)
        case "hangs_up" if (dialog := one("up", "arriving")) is not None:
            line.hangs_up(dialog)
        case _:
            pass
    await desk.settle()


def nobody_hears_a_third(desk: Office) -> None:
    for row in desk.sound.rows.values():
        if row.heard is not None:
            assert desk.sound.rows[row.heard].heard == row.leg
    legs = [leg for call in desk.calls.live() for leg in call.legs if leg.alive]
    assert len(legs) == len({leg.id for leg in legs}) == len(desk.sound.rows)
    for leg in legs:
        assert leg.joined is None or leg.joined.call is leg.call, "two calls are joined"
    for view in map(desk.board.queueing.view, desk.board.queueing.agents()):
        if view.state == "talking":
            assert view.call in desk.board.journeys, f"{view.agent} talks in a call that is over"


async def story_of(steps: list[tuple[str, int, int]]) -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002", "1003")
        for deed, which, other in steps:
            await happens(desk, deed, which, other)
            nobody_hears_a_third(desk)
        for _ in range(12):  # everybody hangs up, until there is nobody
            for dialog in desk.line.open():
                if dialog.state in ("up", "arriving"):
                    desk.line.hangs_up(dialog)
                elif dialog.state != "over":
                    desk.line.declines(dialog, 486)
                await desk.settle()
            await desk.wait(200)
        desk.nothing_is_left()
        for who in ("1001", "1002", "1003", "all"):
            assert desk.board.outbound.limited(who) == 0
        ended = [fact.call for fact in desk.told(events.CallEnded)]
        assert sorted(ended) == sorted({fact.call for fact in desk.told(events.CallStarted)}), "each ends once"
        assert all(take.ended is not None for take in desk.sound.takes)


@settings(max_examples=150, deadline=None)
@given(STEPS)
@example([("calls", 1, 0), ("picks_up", 0, 0), ("dials", 0, 1), ("picks_up", 0, 0), ("attended", 0, 0)])
@example([("calls", 1, 0), ("picks_up", 0, 0), ("blind", 0, 3), ("hangs_up", 1, 0), ("declines", 0, 0)])
@example([("dials", 2, 4), ("picks_up", 0, 0), ("blind", 0, 4)])  # who waited in a queue hands on the agent
def test_whatever_phones_do_nothing_is_left(steps: list[tuple[str, int, int]]) -> None:
    run(story_of(steps))
