"""The business rooms of one office as a bundle: built, started and stopped together. None of them knows another."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Self

from callcenterd import config
from callcenterd.bus import Bus
from callcenterd.channels.customer_messages import CustomerMessages
from callcenterd.channels.help import Help
from callcenterd.channels.sms import SmsSender
from callcenterd.channels.staff import StaffMessages
from callcenterd.clock import Clock
from callcenterd.crm.attachments import Attachments
from callcenterd.crm.bin import CustomerBin
from callcenterd.crm.cards import PrepaidCards
from callcenterd.crm.customer import Customers
from callcenterd.crm.dictionaries import Dictionaries
from callcenterd.crm.fields import CustomFields
from callcenterd.crm.importing import Importing
from callcenterd.crm.places import Places
from callcenterd.crm.proposals import Proposals
from callcenterd.crm.queries import Queries
from callcenterd.model.site import Site
from callcenterd.quality.appraisals import Appraisals
from callcenterd.quality.calibration import Calibrations
from callcenterd.quality.drawing import PlanDrawings
from callcenterd.quality.plans import Plans
from callcenterd.quality.templates import Templates
from callcenterd.store.database import Store
from callcenterd.switchboard.archive import Archive
from callcenterd.switchboard.recording_batches import RecordingBatches
from callcenterd.tickets.answers import AnswersHeard
from callcenterd.tickets.appointment_services import AppointmentServices
from callcenterd.tickets.appointments import Appointments
from callcenterd.tickets.appointments_by_call import CallersAppointments
from callcenterd.tickets.appraisal_duties import AppraisalDuties
from callcenterd.tickets.calls import CallsAndDuties
from callcenterd.tickets.complaints import Complaints
from callcenterd.tickets.consultations import Consultations
from callcenterd.tickets.evidence import Evidence
from callcenterd.tickets.follow_up_drawing import FollowUpDrawing
from callcenterd.tickets.follow_up_rules import FollowUpRules
from callcenterd.tickets.follow_ups import FollowUps
from callcenterd.tickets.journals import Journals
from callcenterd.tickets.kindterms import Kinds
from callcenterd.tickets.ledger import Ledger
from callcenterd.tickets.trail import TrailFiles
from callcenterd.tickets.warnings import Warnings
from callcenterd.tickets.workflows import Workflows
from callcenterd.worker.passwords import Passwords
from callcenterd.worker.pool import Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What every business room stands on. site: as it is now. worker: for prints and tables, which may take seconds; a
    caller's sound never waits for it. zone, language, region: the office's. chance: makes codes that nobody
    guesses. data: the folder of what is kept beside the database."""

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
    chance: random.Random = field(default_factory=random.SystemRandom)
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
    kinds: Kinds
    ledger: Ledger
    warnings: Warnings
    calls_and_duties: CallsAndDuties
    evidence: Evidence
    attachments: Attachments
    proposals: Proposals
    bin: CustomerBin
    trail: TrailFiles
    consultations: Consultations
    follow_ups: FollowUps
    follow_up_drawing: FollowUpDrawing
    follow_up_rules: FollowUpRules
    journals: Journals
    customer_messages: CustomerMessages
    sms: SmsSender
    staff: StaffMessages
    help: Help
    printer: Worker
    workflows: Workflows
    complaints: Complaints
    answers_heard: AnswersHeard
    appointment_services: AppointmentServices
    appointments: Appointments
    appointments_by_call: CallersAppointments
    appraisals: Appraisals
    scorecards: Templates
    sampling: PlanDrawings
    sampling_plans: Plans
    calibrations: Calibrations

    recording_batches: RecordingBatches

    @classmethod
    def build(cls, ground: Ground) -> Self:
        """Nothing runs yet."""
        store, bus, clock, site, zone = ground.store, ground.bus, ground.clock, ground.site, ground.zone
        kinds = Kinds(store, clock, site)
        ledger = Ledger(store, bus, clock, site, zone, kinds)
        warnings = Warnings(
            store=store,
            bus=bus,
            clock=clock,
            site=site,
            calendars=ledger.calendars,
            language=ground.language,
            zone=zone,
            kinds=kinds,
        )
        ledger.changed = warnings.wake
        follow_ups = FollowUps(store, bus, clock, site, ledger, zone)
        drawing = FollowUpDrawing(store, clock, site, follow_ups, ledger.calendars, zone)
        appointments = Appointments(
            store=store, bus=bus, clock=clock, site=site, zone=zone, region=ground.region, chance=ground.chance
        )
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
            region=ground.region,
        )
        staff = StaffMessages(store, bus, clock, site)
        owes = AppraisalDuties(ledger, clock, zone)
        appraisals = Appraisals(store, bus, clock, site, owes, zone)
        sampling = PlanDrawings(
            store=store, clock=clock, site=site, appraisals=appraisals, chance=ground.chance, zone=zone
        )
        attachments = Attachments(store, clock, ground.data / "attachments", ground.attachments)
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
            kinds=kinds,
            ledger=ledger,
            warnings=warnings,
            calls_and_duties=CallsAndDuties(store, bus, clock, ledger, site),
            evidence=Evidence(
                store=store,
                clock=clock,
                archive=ground.archive,
                worker=ground.worker,
                folder=ground.data / "evidence",
                site=site,
            ),
            trail=TrailFiles(store, clock, zone, ground.worker),
            bin=CustomerBin(store, bus, clock, ground.region, ground.customers),
            attachments=attachments,
            proposals=Proposals(
                store=store, clock=clock, site=site, zone=zone, attachments=attachments, worker=ground.worker
            ),
            consultations=Consultations(store, bus, clock, site, zone),
            follow_ups=follow_ups,
            follow_up_drawing=drawing,
            follow_up_rules=FollowUpRules(store, clock, site, drawing, zone),
            journals=Journals(store, clock, site, zone),
            recording_batches=RecordingBatches(
                store=store,
                clock=clock,
                archive=ground.archive,
                worker=ground.worker,
                folder=ground.data / "downloads",
                zone=zone,
            ),
            customer_messages=CustomerMessages(store, clock, site, ground.region, zone),
            staff=staff,
            help=Help(store, bus, clock, staff),
            sms=SmsSender(store, bus, clock, site=site),
            printer=ground.worker,
            workflows=workflows,
            complaints=complaints,
            answers_heard=AnswersHeard(store, bus, complaints, site),
            appointment_services=AppointmentServices(store, clock, site),
            appointments=appointments,
            appointments_by_call=CallersAppointments(store, clock, appointments),
            appraisals=appraisals,
            scorecards=Templates(store, clock),
            sampling=sampling,
            sampling_plans=Plans(store, clock, site, sampling, zone),
            calibrations=Calibrations(store, clock, appraisals),
        )

    async def start(self, stops: contextlib.AsyncExitStack) -> None:
        """What works by itself begins. stops: gets how each of it ends."""
        await self.kinds.load()
        await self.help.start()
        await self.scorecards.ship()
        self.sampling.start()
        stops.push_async_callback(self.sampling.stop)
        await self.recording_batches.start()
        stops.push_async_callback(self.recording_batches.stop)
        await self.importing.start()
        stops.push_async_callback(self.importing.stop)
        self.answers_heard.start()
        stops.push_async_callback(self.answers_heard.stop)
        self.calls_and_duties.start()
        stops.push_async_callback(self.calls_and_duties.stop)
        self.warnings.start()
        self.follow_up_drawing.start()
        stops.push_async_callback(self.follow_up_drawing.stop)
        self.evidence.start()
        stops.push_async_callback(self.evidence.stop)
        stops.push_async_callback(self.warnings.stop)
        self.attachments.start()
        stops.push_async_callback(self.attachments.stop)
        self.bin.start()
        stops.push_async_callback(self.bin.stop)
        self.sms.start()
        stops.push_async_callback(self.sms.stop)
