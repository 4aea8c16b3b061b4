"""book: the caller chooses a free place of a service by keys, and it is theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from callcenterd.ivr import expression, texts
from callcenterd.ivr.node import (
    OPERATOR_KEY,
    Count,
    Exits,
    FlowCall,
    Node,
    NodeName,
    OperatorWanted,
    Seconds,
    Walk,
    node,
    present,
)
from callcenterd.ivr.spoken import values
from callcenterd.model.appointments_by_call import AppointmentTold
from callcenterd.model.prompts import Prompt, Word

CHOICES = 5
"""So many are read at once."""
LATER, BACK = "9", "*"
CONFIRM, AGAIN = "1", "2"
ROUNDS = 20
"""Somebody who cannot decide, or whom others forestall, is not offered places for ever."""
REPEATS = 3
"""So often the code is said again."""
ShortText = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(expression.template)]


@node(
    "book",
    zh="预约服务：逐日、逐时报出空闲时间，来电者按键选定，报出预约码；也可用来改期。",
    en="Book a place of a service: free days and times are read, the caller chooses by keys and hears the code.",
)
class Book(Node):
    """book: the service, by its short name. phone: the number that the code belongs to; without it the calling one.
    moves: the number of an appointment that the caller has named by its code in this call (`appointment`): it is moved
    there. Days are read, then times of one, five at once, each with its key; 9 is for later ones, * goes back. What was
    chosen is confirmed, and the code is said; it is kept in no variable. timeout: seconds for a key; retries: how often
    a question is asked again. It sets `appointment` (number, service, title, date, time).

    next: booked. on_nothing_free: nothing is free, or there is no such service. on_unchosen: none was chosen.
    on_not_possible: the caller shows no number, has as many appointments as calls may book (5), or the one to be moved
    is not booked any more. on_nothing_free stands in for the two others. 0 leads to the operator. on_error: the call
    has booked as many as it may (3), or the caller has not named what is to be moved.
    """

    asks: ClassVar[bool] = True

    book: ShortText
    phone: ShortText | None = None
    moves: ShortText | None = None
    timeout: Seconds = 6
    retries: Count = 2
    next: NodeName | None = None
    on_nothing_free: NodeName | None = None
    on_unchosen: NodeName | None = None
    on_not_possible: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        service = walk.fill(self.book)
        for _ in range(ROUNDS):
            places = await call.free_places(service)
            if not places:
                return self.on_nothing_free
            begin = await self._chosen(call, walk, places)
            if begin is None:
                return self.on_unchosen or self.on_nothing_free
            if self.moves is not None:
                booked = await call.move_appointment(walk.fill(self.moves), service, begin)
            else:
                phone = call.caller if self.phone is None else walk.fill(self.phone)
                booked = await call.book_place(service, begin, phone)
            if booked.answer == "refused":
                return self.on_not_possible or self.on_nothing_free
            if booked.told is not None:
                walk.set("appointment", told_of(booked.told, walk.language))
                call.tell("appointment", f"{booked.told.number} {booked.told.begin:%Y-%m-%d %H:%M}")
                await self._announce(call, walk, booked.told, booked.code)
                return self.next
            await call.play([texts.say("book_taken", walk)], stop_on_key=True)
        return self.on_unchosen or self.on_nothing_free

    async def _chosen(self, call: FlowCall, walk: Walk, places: Sequence[datetime]) -> datetime | None:
        days = [list(of) for _, of in groupby(places, lambda begin: begin.date())]
        for _ in range(ROUNDS):
            day = await self._one(call, walk, "book_day", [spoken_day(one[0].date(), walk) for one in days])
            if not isinstance(day, int):
                return None
            times = [_words("time", f"{begin:%H:%M}", walk) for begin in days[day]]
            time = await self._one(call, walk, "book_time", times, back=True)
            if time is None:
                return None
            if time == BACK:
                continue
            begin = days[day][int(time)]
            confirmed = await self._confirmed(call, walk, begin)
            if confirmed is None:
                return None
            if confirmed:
                return begin
        return None

    async def _one(
        self, call: FlowCall, walk: Walk, question: str, choices: Sequence[list[Prompt]], *, back: bool = False
    ) -> int | str | None:
        """Which of them; BACK: none of these. None: no key came."""
        begin, asked = 0, 0
        while asked <= self.retries:
            shown, more = choices[begin : begin + CHOICES], begin + CHOICES < len(choices)
            heard: list[Prompt] = [texts.say(question, walk)]
            for number, choice in enumerate(shown, start=1):
                press = [texts.say("book_press", walk), *_words("number", str(number), walk)]
                heard += [*press, texts.say("book_for", walk), *choice]
            heard += [texts.say("book_later", walk)] if more else []
            heard += [texts.say("book_back" if back else "book_first", walk)] if back or begin else []
            key = await self._key(call, walk, heard)
            if key == LATER and more:
                begin, asked = begin + CHOICES, 0
            elif key == BACK and back:
                return BACK
            elif key == BACK and begin:
                begin, asked = 0, 0
            elif key is not None and key.isdigit() and 1 <= int(key) <= len(shown):
                call.note_keys(key)
                return begin + int(key) - 1
            else:
                asked += 1
        return None

    async def _confirmed(self, call: FlowCall, walk: Walk, begin: datetime) -> bool | None:
        heard = [texts.say("book_chosen", walk), *_moment(begin, walk), texts.say("book_confirm", walk)]
        for _ in range(1 + self.retries):
            key = await self._key(call, walk, heard)
            if key in (CONFIRM, AGAIN):
                call.note_keys(key)
                return key == CONFIRM
        return None

    async def _key(self, call: FlowCall, walk: Walk, heard: Sequence[Prompt]) -> str | None:
        key = await call.ask(heard, seconds=self.timeout)
        if key is not None:
            walk.acted()
        if key == OPERATOR_KEY and self.operator and walk.has_operator:
            call.note_keys(key)
            raise OperatorWanted
        return key

    async def _announce(self, call: FlowCall, walk: Walk, told: AppointmentTold, code: str) -> None:
        """Again, as long as the caller wants it: it is written down now, or never."""
        heard = [
            *(texts.say("book_moved" if self.moves is not None else "book_done", walk), *_moment(told.begin, walk)),
            *(texts.say("book_code", walk), *_words("digits", code, walk), texts.say("book_code_end", walk)),
        ]
        for _ in range(1 + REPEATS):
            key = await call.ask(heard, seconds=self.timeout)
            if key is not None:
                walk.acted()
            if key != CONFIRM:
                return

    def exits(self) -> Exits:
        return present(
            next=self.next,
            on_nothing_free=self.on_nothing_free,
            on_unchosen=self.on_unchosen,
            on_not_possible=self.on_not_possible,
        )

    def may_end(self) -> bool:
        return self.next is None or self.on_nothing_free is None

    def sets(self) -> Iterable[str]:
        return ("appointment",)

    def shows(self) -> Iterable[str]:
        return ("appointment",)

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        house = texts.fixed(language, *(name for name in texts.TEXTS if name.startswith("book_")))
        return (*house, *(Word(word, language) for word in values.vocabulary(language)))


def told_of(told: AppointmentTold, language: str) -> dict[str, object]:
    """The variable `appointment`: dates and times as `say` reads them."""
    return {
        "number": told.number,
        "service": told.service,
        "title": told.title(language),
        "date": f"{told.begin:%Y-%m-%d}",
        "time": f"{told.begin:%H:%M}",
    }


def spoken_day(day: date, walk: Walk) -> list[Prompt]:
    return [Word(word, walk.language) for word in values.day(day, walk.language)]


def _moment(begin: datetime, walk: Walk) -> list[Prompt]:
    return [*spoken_day(begin.date(), walk), *_words("time", f"{begin:%H:%M}", walk)]


def _words(kind: values.Kind, text: str, walk: Walk) -> list[Prompt]:
    return [Word(word, walk.language) for word in values.words(kind, text, walk.language)]
