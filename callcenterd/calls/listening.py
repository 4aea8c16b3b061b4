"""What the calls room tells, and the words for why a dialled leg did not come up."""

from __future__ import annotations

from typing import Literal, Protocol

from callcenterd.calls.call import Call, Leg
from callcenterd.media.facts import LegStatistics, OneWay, RecordingClosed, RecordingFailed
from callcenterd.media.machine import Verdict
from callcenterd.model.ids import ExtensionNumber, LegId, TrunkName

RefusalReason = Literal["busy", "no_answer", "refused", "unreachable", "failed"]

# RFC 3261 §21.4-21.6: the statuses that say something about the person; every other one is "failed".
_REASONS: dict[int, RefusalReason] = {
    408: "unreachable",  # nobody answered the INVITE itself, not even with 100
    480: "no_answer",
    486: "busy",
    487: "no_answer",
    503: "unreachable",
    600: "busy",
    603: "refused",
    403: "refused",
    404: "unreachable",
    410: "unreachable",
}


def reason_of(status: int) -> RefusalReason:
    return "refused" if 300 <= status < 400 else _REASONS.get(status, "failed")


class CallListener(Protocol):
    """The switchboard. Each method is told on the event loop's thread, after the calls room has done its part."""

    def arrived(self, call: Call) -> None:
        """Someone calls: the first leg is ARRIVING and waits for ring, answer or hang_up."""

    def ringing(self, leg: Leg, early: bool) -> None:
        """A phone that we dialled rings. early: its network plays something of its own, and it can be heard."""

    def answered(self, leg: Leg) -> None:
        """A leg that we dialled is UP."""

    def refused(self, leg: Leg, why: RefusalReason, status: int) -> None:
        """A leg that we dialled is GONE before it came up; not told after our own hang_up."""

    def gone(self, leg: Leg, reason: str) -> None:
        """The other side ended a leg that was UP or ARRIVING; not told after our own hang_up."""

    def held(self, leg: Leg) -> None:
        """The leg's phone has put the other side on hold, or taken it back: `leg.holds` says which."""

    def referred(self, leg: Leg, number: str, replaced: Leg | None) -> None:
        """The leg's phone wants to hand its call on: to a number, or to whom it speaks with on the leg `replaced`.
        It waits for `Calls.tell_referral`."""

    def taken_over(self, old: Leg, new: Leg) -> None:
        """Another phone of the same extension takes the place of a leg that is UP; `new` is UP and in its call."""

    def silent(self, leg: Leg, seconds: float) -> None:
        """Nothing has been heard of a leg for so long: told at 10 seconds, at 30, and at each further 30."""

    def one_way(self, leg: Leg, why: OneWay) -> None:
        """Who is joined with the leg is heard and does not hear it. why: "no packets" come, or "only silence"."""

    def judged(self, leg: LegId, verdict: Verdict) -> None:
        """Who has picked up on that leg, which may be gone by now: asked for by `Calls.judge`."""

    def key(self, leg: Leg, key: str) -> None:
        """A key was pressed on the leg's phone."""

    def played(self, leg: Leg, play: int, finished: bool) -> None:
        """What `play` named is over. finished False: it was cut short."""

    def measured(self, leg: Leg, sound: LegStatistics) -> None:
        """How a leg sounded that is GONE by now: told once, a moment later."""

    def recorded(self, closed: RecordingClosed) -> None:
        """A recording is closed, whole or not."""

    def recording_failed(self, failed: RecordingFailed) -> None:
        """A recording cannot be written any more; its call goes on. `recorded` follows at its end."""

    def phone(self, extension: ExtensionNumber, reachable: bool) -> None:
        """An extension registered or cannot be reached any more."""

    def trunk(self, trunk: TrunkName, state: str, why: str) -> None:
        """A trunk's health was seen to change."""
