"""A call and its legs: what each is, and what may follow what.

A leg is one SIP dialog and its media row; a call is the legs that belong together, with one history.
These are live objects: they never leave the switchboard; the rest of the house speaks of their ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from callcenterd.errors import LocalError
from callcenterd.media.sdes import OurKeys
from callcenterd.media.sdp import Agreed, Description, Terms
from callcenterd.model.calls import Direction
from callcenterd.model.ids import CallId, ExtensionNumber, LegId, TrunkName
from callcenterd.sip.events import DialogId


class LegState(Enum):
    ARRIVING = auto()  # they called; nothing is answered
    DIALLING = auto()  # we called; nothing is heard yet
    RINGING = auto()  # we called; their phone rings
    UP = auto()
    GONE = auto()


MAY_FOLLOW: Mapping[LegState, frozenset[LegState]] = {
    LegState.ARRIVING: frozenset({LegState.UP, LegState.GONE}),
    LegState.DIALLING: frozenset({LegState.RINGING, LegState.UP, LegState.GONE}),
    LegState.RINGING: frozenset({LegState.RINGING, LegState.UP, LegState.GONE}),
    LegState.UP: frozenset({LegState.GONE}),
    LegState.GONE: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a leg that we dialled was refused. status: SIP's. cause: of the network behind a trunk (ITU-T Q.850), 0: it
    told none. words: as they came, for people."""

    status: int
    cause: int = 0
    words: str = ""


@dataclass(eq=False, slots=True)
class Leg:
    """One dialog and its media row.

    number:  the other side's number, as dialled or as shown.
    offer:   their SDP that we have not answered yet.
    offered: what our own last offer said that we speak.
    agreed:  what both sides settled on; None until then.
    joined:  the leg that this one hears and speaks to, where they are two (`calls.bridge`); in a conference None.
    described: the version of our last SDP; each new one has a higher (RFC 3264 §8).
    extension: whose phone it is; None: a trunk's.
    silence: when (monotonic) we were last told that nothing is heard of it, and for how many seconds by then.
    holds:   its phone has put the other side on hold: it wants to hear nothing.
    kept:    the same, but from a page: the phone knows nothing of it.
    moved_to: the number that its phone forwards calls to (3xx), once it was refused.
    refusal: how it was refused, once it was.
    trunk:   over which it goes, if it goes over one.
    keys:    what we seal its sound with, if it is sealed.
    secure:  its signalling goes over TLS: nobody on the way reads the keys.
    """

    id: LegId
    call: Call
    dialog: DialogId
    number: str
    state: LegState
    host: str
    port: int
    offer: Description | None = None
    offered: Terms | None = None
    agreed: Agreed | None = None
    joined: Leg | None = None
    described: int = 1
    extension: ExtensionNumber | None = None
    trunk: TrunkName | None = None
    holds: bool = False
    kept: bool = False
    silence: tuple[float, float] = (0.0, 0.0)
    moved_to: str = ""
    refusal: Refusal | None = None
    keys: OurKeys | None = None
    secure: bool = False

    def become(self, state: LegState) -> None:
        """Raises LocalError if that cannot follow; the leg is then unchanged."""
        if state not in MAY_FOLLOW[self.state]:
            raise LocalError(f"leg {self.id} cannot become {state.name} from {self.state.name}")
        self.state = state

    @property
    def alive(self) -> bool:
        return self.state is not LegState.GONE

    @property
    def in_page(self) -> bool:
        """Is it a browser page (`pagephones`)?"""
        return self.dialog < 0

    @property
    def holding(self) -> bool:
        """The other side is on hold, by whatever way."""
        return self.holds or self.kept


@dataclass(eq=False, slots=True)
class Call:
    """started: monotonic seconds. first: the leg of who called, or of whom who called has handed the call on to.

    diverted_from: the numbers that were called before this one, newest first.
    worst_mos: of all sides of its legs that are gone; None: not known.
    told:   it has a history. False: its leg only listens to another call.
    """

    id: CallId
    direction: Direction
    caller: str
    caller_name: str
    called: str
    started: float
    trunk: TrunkName | None = None
    extension: ExtensionNumber | None = None
    diverted_from: tuple[str, ...] = ()
    legs: list[Leg] = field(default_factory=list)
    worst_mos: float | None = None
    told: bool = True

    @property
    def first(self) -> Leg:
        return self.legs[0]

    @property
    def alive(self) -> bool:
        return any(leg.alive for leg in self.legs)
