"""What a waiting caller is told, and when: the place, how long it will be, comfort, keys that lead out (ACD-03).

An announcement takes the place of the music, which goes on where it would have been. A place is never told as worse
than it was: if others came before the caller, nothing is said of it. How long conversations take is heard from the
agents' states, so that nothing here can forget to tell that one is over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from callcenterd.acd.estimate import Accuracy, Estimates
from callcenterd.bus import Bus
from callcenterd.ivr import texts
from callcenterd.ivr.node import Exit
from callcenterd.ivr.spoken import values
from callcenterd.model import events
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.prompts import Music, Prompt, Recorded, Speech, Word
from callcenterd.model.site import Announce, QueueSettings
from callcenterd.switchboard.places import Places

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

TYPING_SECONDS = 1.0
"""A key so soon after another one, or after the wait began, is part of something typed and leads nowhere."""
MOST_MINUTES = 60
"""Waits up to here have their words made beforehand."""


class Waiting:
    """The figures of all queues, and an announcer for each who waits."""

    def __init__(self, board: Switchboard, bus: Bus) -> None:
        self._board = board
        self.estimates = Estimates()
        self.places = Places(board, bus)
        self._handling: dict[AgentId, tuple[CallId, QueueName, float]] = {}
        bus.listen(events.CallAnswered, self._answered)
        bus.listen(events.AgentChanged, self._agent_changed)
        bus.listen(events.CallerLeftQueue, self._left)

    # ---- what happens -----------------------------------------------------------------------------------

    def _answered(self, fact: events.CallAnswered) -> None:
        now = self._board.clock.monotonic()
        self.estimates.answered(fact.call, now)
        if fact.agent is not None and fact.queue is not None:
            self._handling[fact.agent] = (fact.call, fact.queue, now)

    def _agent_changed(self, fact: events.AgentChanged) -> None:
        """A conversation is over when its agent neither talks in it nor writes it up."""
        view = fact.view
        known = self._handling.get(view.agent)
        if known is None or (view.state in ("talking", "wrap_up") and view.call == known[0]):
            return
        del self._handling[view.agent]
        now = self._board.clock.monotonic()
        self.estimates.handled(known[1], now - known[2], now)

    def _left(self, fact: events.CallerLeftQueue) -> None:
        if fact.reason != "answered":
            self.estimates.left(fact.call)

    # ---- what there is to know --------------------------------------------------------------------------

    def expected(self, queue: QueueName, position: int) -> float | None:
        """Seconds that who stands at that place will still wait; None: it cannot be said."""
        serving = self._board.queueing.serving(queue)
        return self.estimates.expected(queue, position, serving, self._board.clock.monotonic())

    def handling_time(self, queue: QueueName) -> float | None:
        return self.estimates.handling_time(queue, self._board.clock.monotonic())

    def accuracy(self, queue: QueueName) -> Accuracy | None:
        return self.estimates.accuracy(queue)

    def minutes_to_announce(self, queue: QueueName, position: int) -> int | None:
        serving = self._board.queueing.serving(queue)
        return self.estimates.to_announce(queue, position, serving, self._board.clock.monotonic())

    def told(self, call: CallId, queue: QueueName, minutes_told: int) -> None:
        self.estimates.told(call, queue, minutes_told * 60, self._board.clock.monotonic())

    # ---- what is said -----------------------------------------------------------------------------------

    def settings(self, queue: QueueName) -> QueueSettings:
        return next((one for one in self._board.site.queues if one.name == queue), QueueSettings(name=queue))

    def announcer(
        self, call: CallId, queue: QueueName, language: str, exits: Mapping[str, Exit], *, given_back: bool
    ) -> Announcer:
        """given_back: the caller has an old place, and is told so at once."""
        return Announcer(self, self._board, call, self.settings(queue), language, exits, given_back)

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        """What callers of the present queues may hear while waiting, to be made beforehand."""
        made: list[Prompt] = []
        for queue in self._board.site.queues:
            made += [Music(queue.music)] if queue.music else []
            made += [_comfort(words.play, words.say, language) for words in queue.comfort]
            if queue.announce_position != "off":
                names = ("queue_next", "queue_place", "queue_place_end", "queue_most", "queue_most_end")
                made += [texts.house(name, language) for name in names]
                numbers = range(1, queue.announce_most + 2)
                made += [word for number in numbers for word in _number(number, language)]
            if queue.announce_wait != "off":
                made.append(texts.house("queue_wait", language))
                made += [word for m in range(1, MOST_MINUTES + 1) for word in _duration(m, language)]
            for key, to in queue.exits.items():
                made += invitation({key: "other" if to not in ("voicemail", "callback") else to}, language)  # type: ignore[dict-item]  # one of Exit
        return tuple(dict.fromkeys(made))


@dataclass(slots=True)
class _Due:
    """at: monotonic, None: not again. every: 0: only once."""

    at: float | None
    every: float

    def take(self, now: float) -> bool:
        """Is it due? Then the next time is set; what fell due several times is said once."""
        if self.at is None or self.at > now:
            return False
        if self.every <= 0:
            self.at = None
        else:
            missed = (now - self.at) // self.every
            self.at += (missed + 1) * self.every
        return True


@dataclass(slots=True)
class Announcement:
    """minutes: the wait that it tells, if it does."""

    prompts: list[Prompt] = field(default_factory=list)
    minutes: int | None = None


class Announcer:
    """When to speak to one caller, and what to say; one for each wait."""

    def __init__(
        self,
        waiting: Waiting,
        board: Switchboard,
        call: CallId,
        settings: QueueSettings,
        language: str,
        exits: Mapping[str, Exit],
        given_back: bool,
    ) -> None:
        self._waiting = waiting
        self._board = board
        self._call = call
        self._settings = settings
        self._language = language
        self.exits = exits
        self._position: Announce = settings.announce_position
        self._wait: Announce = settings.announce_wait
        self._best: int | None = None
        now = board.clock.monotonic()
        speaks = bool(exits) or self._position != "off" or self._wait != "off"
        self._announcement = _Due(now + settings.announce_first if speaks else None, settings.announce_every)
        self._given_back = _Due(now if given_back else None, 0)
        self._comfort = [(_Due(now + words.every, words.every), words) for words in settings.comfort]

    def next(self) -> float | None:
        """When there is something to say; None: never again."""
        times = (due.at for due in (self._given_back, self._announcement, *(due for due, _ in self._comfort)))
        return min((at for at in times if at is not None), default=None)

    def take(self) -> Announcement:
        """What is due now; a place and a wait as they are now."""
        now = self._board.clock.monotonic()
        said = Announcement()
        if self._given_back.take(now):
            said.prompts.append(texts.house("queue_place_back", self._language))
        if self._announcement.take(now):
            self._tell(said)
            said.prompts += invitation(self.exits, self._language)
        for due, words in self._comfort:
            if due.take(now):
                said.prompts.append(_comfort(words.play, words.say, self._language))
        return said

    def said(self, what: Announcement) -> None:
        """It is heard now: whether it was true will be seen."""
        if what.minutes is not None:
            self._waiting.told(self._call, self._settings.name, what.minutes)

    def _tell(self, said: Announcement) -> None:
        position = self._board.queueing.position(self._call)
        if position is None or (self._best is not None and position > self._best):
            return
        if self._position != "off":
            self._best = position
            said.prompts += place(position, self._settings.announce_most, self._language)
        if self._wait != "off":
            said.minutes = self._waiting.minutes_to_announce(self._settings.name, position)
            if said.minutes is not None:
                said.prompts += [texts.house("queue_wait", self._language), *_duration(said.minutes, self._language)]
        self._position = "off" if self._position == "once" else self._position
        if said.minutes is not None and self._wait == "once":
            self._wait = "off"


def place(position: int, most: int, language: str) -> list[Prompt]:
    """How a place is told. most: who has more callers before them is told just that."""
    if position == 1:
        return [texts.house("queue_next", language)]
    if position - 1 > most:
        return [texts.house("queue_most", language), *_number(most, language), texts.house("queue_most_end", language)]
    return [
        texts.house("queue_place", language),
        *_number(position, language),
        texts.house("queue_place_end", language),
    ]


def invitation(exits: Mapping[str, Exit], language: str) -> list[Prompt]:
    """Which keys lead where: "To leave a message, press one"."""
    said: list[Prompt] = []
    for key, kind in exits.items():
        said += [texts.house(f"exit_{kind}", language), *_key(key, language)]
    return said


def _comfort(play: str, say: str, language: str) -> Prompt:
    return Recorded(play, language, say) if play else Speech(say, language)


def _words(words: Sequence[str], language: str) -> Iterator[Word]:
    return (Word(word, language) for word in words)


def _number(number: int, language: str) -> Iterator[Word]:
    return _words(values.words("number", str(number), language), language)


def _duration(minutes_told: int, language: str) -> Iterator[Word]:
    return _words(values.words("duration", str(minutes_told * 60), language), language)


def _key(key: str, language: str) -> Iterator[Word]:
    """A single key is 一, not 幺 as within a number."""
    return _words(values.words("number" if key.isdigit() else "digits", key, language), language)
