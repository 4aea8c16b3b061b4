"""The one timer of all duties: warns before, tells the limit, hands up (CMP-03, FUP-02, NEW-04).

What was told is in the store before it is told, together with its step and its letters: after a crash nothing is told a
second time. Times that passed while nobody was there are told late; a warning is not, where the limit is past as well.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, tzinfo

import structlog

from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.errors import CallcenterdError
from callcenterd.model import events
from callcenterd.model.duties import Duty, DutyLetter, DutyStepKind, Escalation, Stage
from callcenterd.model.people import Role
from callcenterd.model.site import Site
from callcenterd.model.voicemail import Box
from callcenterd.store.database import Store
from callcenterd.tickets import deadlines
from callcenterd.tickets.kinds import KINDS, Kind
from callcenterd.tickets.ledger import Calendars
from callcenterd.tickets.wording import letter

_log = structlog.get_logger(__name__)

LONGEST = 30.0
"""Seconds between two looks: the machine's date may be set right, so that no timer is trusted for longer."""
SHORTEST = 0.05
_STEPS: dict[Stage, DutyStepKind] = {"warning": "warned", "limit": "overdue", "escalation": "escalated"}


class Warnings:
    """language, zone: of letters."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        site: Callable[[], Site],
        calendars: Calendars,
        language: str,
        zone: tzinfo,
        kinds: Mapping[str, Kind] = KINDS,
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._site = site
        self._calendars = calendars
        self._language = language
        self._zone = zone
        self._kinds = kinds
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.told = 0

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def wake(self) -> None:
        """A duty has other times now."""
        self._changed.set()

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            pause = LONGEST
            try:
                pause = await self.look()
            except CallcenterdError as fault:  # the database, first of all: it is tried again
                _log.warning("duties are warned of later", why=str(fault))
            except Exception:  # noqa: BLE001  # what is at fault with one must not end the work for all
                _log.exception("duties are warned of later")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._changed.wait()

    async def look(self) -> float:
        """Tell what is to be told now; what is owed by modules that are switched off rests. Answers the seconds until
        the next look."""
        now, rest = self._clock.utc(), self._site().duties_off
        while found := await self._store.duties.to_be_told(now, without=rest):
            for duty in found:
                await self._one(duty, now)
        next_at = await self._store.duties.next_at(without=rest)
        if next_at is None:
            return LONGEST
        return min(max((next_at - self._clock.utc()).total_seconds(), SHORTEST), LONGEST)

    async def _one(self, duty: Duty, now: datetime) -> None:
        """Every time of it that is over, each once."""
        times = self._times(duty)
        known: Duty | None = duty
        while known is not None and known.state == "open" and known.next_at is not None and known.next_at <= now:
            stage = known.stage
            if stage == 0 and known.due <= now:
                stage = 1  # a warning that comes with the limit says nothing
            kind, _, escalation = times[min(stage, len(times) - 1)]
            next_at = times[stage + 1][1] if stage + 1 < len(times) else None
            known = await self._tell(known, stage + 1, next_at, kind, escalation, now)

    def _times(self, duty: Duty) -> list[tuple[Stage, datetime, Escalation | None]]:
        hours = self._calendars.of_queue(duty.queue)
        found: list[tuple[Stage, datetime, Escalation | None]] = [
            ("warning", duty.warn_at, None),
            ("limit", duty.due, None),
        ]
        for one in duty.escalations:
            try:
                found.append(("escalation", deadlines.after(hours, duty.due, one.minutes), one))
            except deadlines.NeverOpen:
                found.append(("escalation", duty.due + timedelta(minutes=one.minutes), one))
        return found

    async def _tell(
        self,
        duty: Duty,
        stage: int,
        next_at: datetime | None,
        kind: Stage,
        escalation: Escalation | None,
        now: datetime,
    ) -> Duty | None:
        to = self.told_to(duty, kind, escalation)
        told = await self._store.duties.told(
            duty,
            stage,
            next_at,
            _STEPS[kind],
            now,
            details={"to": ", ".join(to)},
            escalated_to=None if escalation is None else escalation.to,
            letters=self._letters(duty, kind, to),
        )
        if told is None:
            return None
        self.told += 1
        _log.info("duty told", duty=duty.id, kind=duty.kind, stage=kind, owner=duty.owner, to=list(to))
        self._bus.publish(
            events.DutyWarned(
                at=now,
                duty=told.id,
                kind=told.kind,
                stage=kind,
                title=told.title,
                number=told.number,
                customer=told.customer,
                owner=told.owner,
                team=told.team,
                queue=told.queue,
                created_by=told.created_by,
                escalated_to=told.escalated_to,
                due=told.due,
                to=to,
            )
        )
        return told

    # ---- who is told ------------------------------------------------------------------------------------

    def told_to(self, duty: Duty, kind: Stage, escalation: Escalation | None = None) -> tuple[str, ...]:
        """Logins, each once. What nobody has taken by its time is its leaders' affair."""
        if escalation is not None:
            return self._people(duty, escalation.to)
        if duty.owner:
            return (duty.owner,)
        return self._people(duty, "leaders") if kind == "limit" else ()

    def _people(self, duty: Duty, to: str) -> tuple[str, ...]:
        match to:
            case "supervisor":
                return self._with_role("supervisor")
            case "manager":
                return self._with_role("manager", "admin")
            case "leaders":
                return self._leaders(duty) or self._with_role("supervisor")
            case _:
                return (to.removeprefix("person:"),)

    def _leaders(self, duty: Duty) -> tuple[str, ...]:
        """Of who owes it; else of the team; else of those who serve the queue."""
        site = self._site()
        if duty.owner:
            teams = [team for team in site.teams if duty.owner in team.members]
        elif duty.team:
            teams = [team for team in site.teams if team.name == duty.team]
        else:
            members = {agent for queue in site.queues if queue.name == duty.queue for agent in queue.members}
            teams = [team for team in site.teams if not members.isdisjoint(team.members)]
        return tuple(dict.fromkeys(leader for team in teams for leader in team.leaders))

    def _with_role(self, *roles: Role) -> tuple[str, ...]:
        return tuple(user.login for user in self._site().users if user.role in roles)

    def _letters(self, duty: Duty, kind: Stage, to: Iterable[str]) -> list[DutyLetter]:
        """To the addresses that a person's own mailbox has."""
        site = self._site()
        names = {user.login: user.name for user in site.users}
        owner = f"{names.get(duty.owner, '')} {duty.owner}".strip()
        addresses = dict.fromkeys(address for login in to for address in site.mailbox(Box("agent", login)).mail)
        of = self._kinds.get(duty.kind)
        return [letter(duty, of, kind, address, owner, self._language, self._zone) for address in addresses]
