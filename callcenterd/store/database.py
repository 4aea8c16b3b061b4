"""Opens the database, brings its tables up to date, and is the door to every subject that is kept."""

from __future__ import annotations

import contextlib
import functools
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import sqlalchemy as sa
import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from callcenterd.clock import Clock
from callcenterd.errors import CannotStart
from callcenterd.store.agents import AgentStates
from callcenterd.store.appointment_codes import AppointmentCodes
from callcenterd.store.appointment_services import AppointmentServices
from callcenterd.store.appointments import Appointments
from callcenterd.store.attachments import Attachments
from callcenterd.store.audit import Audit
from callcenterd.store.bans import Bans
from callcenterd.store.bin import Bin
from callcenterd.store.callbacks import Callbacks
from callcenterd.store.calls import Calls
from callcenterd.store.campaigns import Campaigns
from callcenterd.store.cards import Cards
from callcenterd.store.complaint_tallies import ComplaintTallies
from callcenterd.store.complaints import Complaints
from callcenterd.store.consultations import Consultations
from callcenterd.store.customer_messages import CustomerMessages, MessageTemplates
from callcenterd.store.customers import CustomerCards
from callcenterd.store.devices import Devices
from callcenterd.store.dictionaries import Dictionaries
from callcenterd.store.displays import Displays
from callcenterd.store.do_not_call import DoNotCallList
from callcenterd.store.doubles import DoubleSearch
from callcenterd.store.duties import Duties
from callcenterd.store.duty_kinds import DutyKinds
from callcenterd.store.engine import Database, address_of
from callcenterd.store.evidence import Evidence
from callcenterd.store.faults import DRIVER_FAULTS, CannotStore, in_a_line
from callcenterd.store.fields import CustomFields
from callcenterd.store.flows import FlowTexts
from callcenterd.store.follow_up_candidates import FollowUpCandidates
from callcenterd.store.follow_up_rules import FollowUpRules
from callcenterd.store.follow_ups import FollowUps
from callcenterd.store.forwarding import ForwardingRules
from callcenterd.store.help import HelpRequests
from callcenterd.store.imports import Imports
from callcenterd.store.merging import Merging
from callcenterd.store.office import OfficeKept
from callcenterd.store.once import OnceKeys
from callcenterd.store.outbox import Outbox
from callcenterd.store.proposals import Proposals
from callcenterd.store.quality import Quality
from callcenterd.store.query.run import Queries
from callcenterd.store.recordings import Recordings
from callcenterd.store.roles import Roles
from callcenterd.store.saved_queries import SavedQueries
from callcenterd.store.second_factors import SecondFactors
from callcenterd.store.sessions import Sessions
from callcenterd.store.site import SiteTables
from callcenterd.store.staff import StaffMessages
from callcenterd.store.surveys import Surveys
from callcenterd.store.thresholds import ThresholdsKept
from callcenterd.store.timeline import Timeline
from callcenterd.store.today import Today
from callcenterd.store.voicemail import VoicemailBox
from callcenterd.store.workflows import Workflows

__all__ = ["CannotStore", "Store"]

_log = structlog.get_logger(__name__)
MIGRATIONS = Path(__file__).parent / "migrations"


class Store:
    """What is kept, by subject. Every method raises CannotStore if the database does not do it.

    A method that writes returns after the commit: what it was told survives the end of this process, and where it
    says "durable" a power cut as well.
    """

    def __init__(self, database: Database, clock: Clock, region: str) -> None:
        self._database = database
        self.calls = Calls(database, region)
        self.recordings = Recordings(database, self.calls)
        self.agents = AgentStates(database)
        self.fields = CustomFields(database)
        self.customers = CustomerCards(database, clock, region, self.fields)
        self.cards = Cards(database)
        self.evidence = Evidence(database)
        self.imports = Imports(database, self.customers, self.fields, region)
        self.dictionaries = Dictionaries(database)
        self.site = SiteTables(database)
        self.roles = Roles(database)
        self.sessions = Sessions(database)
        self.second_factors = SecondFactors(database)
        self.displays = Displays(database)
        self.audit = Audit(database)
        self.bans = Bans(database)
        self.do_not_call = DoNotCallList(database, region)
        self.forwarding = ForwardingRules(database)
        self.devices = Devices(database)
        self.flows = FlowTexts(database)
        self.voicemail = VoicemailBox(database)
        self.callbacks = Callbacks(database, region)
        self.outbox = Outbox(database)
        self._open_business(database, clock, region)

    def _open_business(self, database: Database, clock: Clock, region: str) -> None:
        """What the business rooms keep beside customers and calls."""
        self.customer_messages = CustomerMessages(database, region)
        self.message_templates = MessageTemplates(database)
        self.duties = Duties(database, region)
        self.duty_kinds = DutyKinds(database)
        self.workflows = Workflows(database)
        self.complaints = Complaints(database, self.duties, self.fields)
        self.complaint_tallies = ComplaintTallies(database)
        self.consultations = Consultations(database, self.fields)
        self.follow_ups = FollowUps(database, self.duties, self.fields)
        self.appointment_services = AppointmentServices(database)
        self.appointments = Appointments(database, self.fields, region)
        self.appointment_codes = AppointmentCodes(database, region)
        self.surveys = Surveys(database)
        self.today = Today(database)
        self.thresholds = ThresholdsKept(database)
        self.office = OfficeKept(database)
        self.once = OnceKeys(database)
        self.campaigns = Campaigns(database, region)
        self.attachments = Attachments(database)
        self.staff = StaffMessages(database)
        self.help = HelpRequests(database)
        self.proposals = Proposals(database)
        self.timeline = Timeline(database)
        self.queries = Queries(database, clock, region, self.fields)
        self.saved_queries = SavedQueries(database)
        self.follow_up_rules = FollowUpRules(database, self.follow_ups)
        self.follow_up_candidates = FollowUpCandidates(database, self.queries)
        self.quality = Quality(database)
        self.merging = Merging(database, self.customers)
        self.bin = Bin(database, clock)
        self.doubles = DoubleSearch(database, self.customers)

    @classmethod
    async def open(
        cls,
        database: str | Path,
        *,
        clock: Clock,
        region: str = "CN",
        gather_seconds: float = 0.0,
        as_it_is: bool = False,
    ) -> Store:
        """database: path of a SQLite file, made if it is not there, or a URL (postgresql://user:password@host/name).

        region:         whose national numbers are meant (ISO 3166): numbers are compared in their full form.
        gather_seconds: how long bookkeeping may wait for more, to be written in one transaction.
        as_it_is:       it must be there, and its tables of this version: nothing of it is changed by opening it.
        Raises CannotStart with one sentence.
        """
        try:
            address = address_of(database)
        except (sa.exc.ArgumentError, ValueError) as fault:
            raise CannotStart(f"the database's address cannot be read: {in_a_line(fault)}") from fault
        if address.get_backend_name() == "sqlite":
            name = str(address.database)
            _check_place(Path(name), as_it_is=as_it_is)
        else:
            name = address.set(drivername="postgresql").render_as_string(hide_password=True)
        opened = Database(address, gather_seconds=gather_seconds)
        try:
            async with opened.alone() as connection:
                await connection.run_sync(_as_it_is if as_it_is else _migrate)
                if not as_it_is:
                    await opened.look_over_in(connection)
        except (*DRIVER_FAULTS, CommandError) as fault:
            with contextlib.suppress(*DRIVER_FAULTS):
                await opened.close()
            raise CannotStart(f"database {name} cannot be opened: {in_a_line(fault)}") from fault
        except CannotStart as fault:
            await opened.close()
            raise CannotStart(f"database {name} {fault}") from None
        opened.writer.start()
        return cls(opened, clock, region)

    async def close(self) -> None:
        """Everything told before is written."""
        await self._database.close()

    async def check(self) -> None:
        """One question to the database, for /healthz. Raises CannotStore."""
        await self._database.row(sa.select(sa.literal(1)))

    async def look_over(self) -> None:
        """How much there is of what, as SQLite knows it and chooses its ways by; PostgreSQL does that by itself. For a
        start and each day: an office grows."""
        await self._database.look_over()

    def together(self) -> AbstractAsyncContextManager[list[BaseException]]:
        """Facts of calls and agents told by this task in here are waited for together: see `Database.together`."""
        return self._database.together()

    def hurry(self) -> None:
        """Facts that were told are written now, not gathered: somebody waits for them."""
        self._database.writer.hurry()

    def backlog(self) -> int:
        """Writes that wait for the database."""
        return self._database.writer.backlog()

    def writes_took(self) -> list[float]:
        """Seconds of each of the last transactions, at most 200, the oldest first."""
        return self._database.writer.took()

    async def octets(self) -> int:
        """What the database takes on its disk. Raises CannotStore."""
        return await self._database.octets()

    def files(self) -> list[Path]:
        """Of SQLite, the database first, whether they are there now or not; none where it is on a server of its own."""
        return self._database.files()


def _check_place(path: Path, *, as_it_is: bool) -> None:
    if as_it_is and not path.is_file():
        raise CannotStart(f"there is no database {path} yet")
    if not path.parent.is_dir():
        raise CannotStart(f"database {path} cannot be opened: there is no folder {path.parent}")
    if path.is_dir():
        raise CannotStart(f"database {path} cannot be opened: it is a folder")
    try:
        path.touch(mode=0o600)  # phones' and trunks' passwords are in it; SQLite's other files get the same mode
    except OSError as fault:
        raise CannotStart(f"database {path} cannot be opened: {fault.strerror}") from fault


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


@functools.cache
def _steps() -> ScriptDirectory:
    """Every step from the first tables to ours. They are read once a process: that is most of what opening costs."""
    return ScriptDirectory.from_config(_config())


def _version_of(connection: sa.Connection) -> str | None:
    """None: there are no tables yet."""
    return MigrationContext.configure(connection).get_current_revision()


def _as_it_is(connection: sa.Connection) -> None:
    """Raises CannotStart if the tables are of another version than ours."""
    if _version_of(connection) != _steps().get_current_head():
        raise CannotStart("is of another version of callcenterd; starting the server brings it up to date")


def _migrate(connection: sa.Connection) -> None:
    """Run in the writer's transaction: all of it, or nothing. Raises CannotStart if the tables are newer than we."""
    steps, current = _steps(), _version_of(connection)
    if current == steps.get_current_head():
        return
    if current is not None and current not in {revision.revision for revision in steps.walk_revisions()}:
        raise CannotStart(f"was written by a newer callcenterd (its tables are of version {current})")
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
