"""The business rooms of one office as a bundle: built, started and stopped together. None of them knows another."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Self

from callcenterd import config
from callcenterd.bus import Bus
from callcenterd.channels.customer_messages import CustomerMessages
from callcenterd.channels.sms import SmsSender
from callcenterd.clock import Clock
from callcenterd.crm.attachments import Attachments
from callcenterd.crm.bin import CustomerBin
from callcenterd.crm.cards import PrepaidCards
from callcenterd.crm.customer import Customers
from callcenterd.crm.dictionaries import Dictionaries
from callcenterd.crm.fields import CustomFields
from callcenterd.crm.importing import Importing
from callcenterd.crm.places import Places
from callcenterd.crm.queries import Queries
from callcenterd.model.site import Site
from callcenterd.store.database import Store
from callcenterd.switchboard.archive import Archive
from callcenterd.tickets.answers import AnswersHeard
from callcenterd.tickets.calls import CallsAndDuties
from callcenterd.tickets.complaints import Complaints
from callcenterd.tickets.consultations import Consultations
from callcenterd.tickets.evidence import Evidence
from callcenterd.tickets.follow_ups import FollowUps
from callcenterd.tickets.journals import Journals
from callcenterd.tickets.ledger import Ledger
from callcenterd.tickets.warnings import Warnings
from callcenterd.tickets.workflows import Workflows
from callcenterd.worker.passwords import Passwords
from callcenterd.worker.pool import Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What every business room stands on. site: as it is now. worker: for prints and tables, which may take seconds; a
    caller's sound never waits for it. zone, language, region: the office's. data: the folder of what is kept beside the
    database."""

    store: Store
    bus: Bus
    clock: Clock
    site: Callable[[], Site]
    passwords: Passwords
    worker: Worker
    archive: Archive
    zone: tzinfo
    language: str
    data: Path
    region: str = "CN"
    attachments: config.Attachments = field(default_factory=config.Attachments)
    customers: config.Customers = field(default_factory=config.Customers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Modules:
    customers: Customers
    queries: Queries
    dictionaries: Dictionaries
    fields: CustomFields
    cards: PrepaidCards
    importing: Importing
    places: Places
    ledger: Ledger
    warnings: Warnings
    calls_and_duties: CallsAndDuties
    evidence: Evidence
    attachments: Attachments
    bin: CustomerBin
    consultations: Consultations
    follow_ups: FollowUps
    journals: Journals
    customer_messages: CustomerMessages
    sms: SmsSender
    printer: Worker
    workflows: Workflows
    complaints: Complaints
    answers_heard: AnswersHeard

    @classmethod
    def build(cls, ground: Ground) -> Self:
        """Nothing runs yet."""
        store, bus, clock, site, zone = ground.store, ground.bus, ground.clock, ground.site, ground.zone
        ledger = Ledger(store, bus, clock, site, zone)
        warnings = Warnings(
            store=store,
            bus=bus,
            clock=clock,
            site=site,
            calendars=ledger.calendars,
            language=ground.language,
            zone=zone,
        )
        ledger.changed = warnings.wake
        workflows = Workflows(store, clock)
        complaints = Complaints(
            store=store,
            bus=bus,
            clock=clock,
            site=site,
            ledger=ledger,
            workflows=workflows,
            zone=zone,
            language=ground.language,
        )
        return cls(
            customers=Customers(store, bus, clock),
            queries=Queries(store, clock, zone, ground.worker),
            dictionaries=Dictionaries(store, clock),
            fields=CustomFields(store, clock),
            cards=PrepaidCards(store, ground.passwords, bus, clock, zone),
            places=Places(ground.worker, ground.region),
            importing=Importing(
                store=store, bus=bus, clock=clock, worker=ground.worker, folder=ground.data / "imports"
            ),
            ledger=ledger,
            warnings=warnings,
            calls_and_duties=CallsAndDuties(store, bus, clock, ledger),
            evidence=Evidence(
                store=store, clock=clock, archive=ground.archive, worker=ground.worker, folder=ground.data / "evidence"
            ),
            bin=CustomerBin(store, bus, clock, ground.region, ground.customers),
            attachments=Attachments(store, clock, ground.data / "attachments", ground.attachments),
            consultations=Consultations(store, bus, clock, site, zone),
            follow_ups=FollowUps(store, bus, clock, site, ledger, zone),
            journals=Journals(store, clock, site, zone),
            customer_messages=CustomerMessages(store, clock, site, ground.region),
            sms=SmsSender(store, clock),
            printer=ground.worker,
            workflows=workflows,
            complaints=complaints,
            answers_heard=AnswersHeard(store, bus, complaints),
        )

    async def start(self, stops: contextlib.AsyncExitStack) -> None:
        """What works by itself begins. stops: gets how each of it ends."""
        await self.importing.start()
        stops.push_async_callback(self.importing.stop)
        self.answers_heard.start()
        stops.push_async_callback(self.answers_heard.stop)
        self.calls_and_duties.start()
        stops.push_async_callback(self.calls_and_duties.stop)
        self.warnings.start()
        self.evidence.start()
        stops.push_async_callback(self.evidence.stop)
        stops.push_async_callback(self.warnings.stop)
        self.attachments.start()
        stops.push_async_callback(self.attachments.stop)
        self.bin.start()
        stops.push_async_callback(self.bin.stop)
        self.sms.start()
        stops.push_async_callback(self.sms.stop)
