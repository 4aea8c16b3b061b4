"""An appraisal that is to be made is a duty of its appraiser; the room of quality makes and closes both together."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from callcenterd.clock import Clock
from callcenterd.model.duties import Duty, NewDuty
from callcenterd.model.ids import CallId
from callcenterd.tickets import deadlines
from callcenterd.tickets.ledger import Ledger, Wanted

KIND = "appraisal"


class AppraisalDuties:
    """As `quality.appraisals.Owes`. zone: the office's."""

    def __init__(self, ledger: Ledger, clock: Clock, zone: tzinfo) -> None:
        self._ledger = ledger
        self._clock = clock
        self._zone = zone

    def planned(self, title: str, call: CallId, owner: str, days: int | None) -> NewDuty:
        """days: of the office's work, until whose end it is due; None: as its kind says."""
        due = None if days is None else self._end_of_day(days)
        return self._ledger.planned(Wanted(kind=KIND, title=title, call=call, owner=owner, due=due))

    def tell(self, duty: Duty, by: str) -> None:
        self._ledger.tell(duty, by)

    def _end_of_day(self, days: int) -> datetime:
        now = self._clock.utc()
        try:
            return deadlines.end_of_day(self._ledger.calendars.of_queue(""), now, days, self._zone)
        except deadlines.NeverOpen:  # a calendar that is closed for years is nobody's working time
            return now + timedelta(days=days)
