"""Mail [邮件]: letters from the outbox to the office's mail server (SMTP, RFC 5321), until it has taken each (ACD-04).

A letter is kept with the message that it brings, or the duty that it is about, so that both survive a crash. It is
given to the server, and marked as sent when the server has said 250; a crash between the two sends it a second time,
with the same Message-ID. What the server does not take now is tried again, ever more seldom, for a day; what it
refuses for good, or has not taken then, has failed: that is told, and stays a reason of /healthz until somebody tries
it again or removes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from email.utils import parseaddr
from pathlib import Path
from typing import Literal

import aiosmtplib
import structlog

from callcenterd.bus import Bus
from callcenterd.channels.wording import worded
from callcenterd.clock import Clock
from callcenterd.errors import CallcenterdError, LocalError, NotFound, RemoteError
from callcenterd.model import events
from callcenterd.model.calls import Voicemail
from callcenterd.model.mail import Letter
from callcenterd.model.site import Site
from callcenterd.store.database import Store
from callcenterd.switchboard.archive import Archive
from callcenterd.worker import letters
from callcenterd.worker.pool import Worker

_log = structlog.get_logger(__name__)

Security = Literal["starttls", "tls", "none"]

PASSWORD_VARIABLE = "CALLCENTERD_MAIL_PASSWORD"  # noqa: S105  # the name of it
EVERY = 5.0
"""Seconds between two looks into the outbox, when nothing tells of a new letter."""
PAUSES = (60.0, 120.0, 300.0, 900.0, 1800.0, 3600.0)
"""Seconds until a letter is tried again; the last one counts for all that follow."""
GIVE_UP = timedelta(days=1)
KEEP_SENT = timedelta(days=30)
WRITE_SECONDS = 120.0
STEPS = 8
"""A whole conversation may take so many times the time of one step."""
STOP_SECONDS = 10.0
UNFINISHED_SECONDS = 2.0
"""Until the next look at a recording that is still being written or repaired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How the mail server is reached. host "": there is none. sender: "Name <office@example.com>", or the address.

    password_file: its first line is the password; else the environment has it (PASSWORD_VARIABLE). ca: who vouches for
    the server; None: the system's. most_octets: of an attached sound.
    """

    host: str = ""
    port: int = 587
    security: Security = "starttls"
    user: str = ""
    password_file: Path | None = None
    sender: str = ""
    ca: Path | None = None
    timeout: float = 30.0
    most_octets: int = 5_000_000


class NotTaken(RemoteError):
    """The mail server did not take a letter. for_good: and will not."""

    def __init__(self, why: str, *, for_good: bool) -> None:
        super().__init__(why)
        self.for_good = for_good


class Post:
    """site: as it is now. key_file: of sealed recordings."""

    def __init__(
        self,
        *,
        account: Account,
        store: Store,
        bus: Bus,
        clock: Clock,
        archive: Archive,
        worker: Worker,
        site: Callable[[], Site],
        key_file: Path | None,
        language: str,
        zone: tzinfo,
    ) -> None:
        self._account = account
        self._store = store
        self._bus = bus
        self._clock = clock
        self._archive = archive
        self._worker = worker
        self._site = site
        self._key_file = key_file
        self._language = language
        self._zone = zone
        self._wanted = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._waiting = self._failed = 0
        self.sent = self.refusals = 0
        self._trouble = ""
        bus.listen(events.VoicemailLeft, lambda _: self._wanted.set())
        bus.listen(events.DutyWarned, lambda _: self._wanted.set())

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """A letter that is just being given to the server gets some seconds: it would be sent twice."""
        if self._task is None:
            return
        self._stopping = True
        self._wanted.set()
        await asyncio.wait([self._task], timeout=STOP_SECONDS)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def reasons(self) -> Sequence[str]:
        """What is not well, for /healthz: without addresses."""
        found = []
        if self._failed:
            found.append(f"mail: {self._failed} letters were not delivered")
        if self._waiting and not self._account.host:
            found.append(f"mail: {self._waiting} letters wait, and no mail server is configured")
        elif self._waiting and self._trouble:
            found.append(f"mail: {self._waiting} letters wait for the mail server")
        return found

    def counters(self) -> Mapping[str, float]:
        """For /metrics."""
        return {
            "mail_waiting": self._waiting,
            "mail_failed": self._failed,
            "mail_sent_total": self.sent,
            "mail_refusals_total": self.refusals,
        }

    # ---- the work ---------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while not self._stopping:
            self._wanted.clear()
            try:
                await self.look()
            except CallcenterdError as fault:  # the database, first of all: it is tried again
                _log.warning("letters are sent later", why=str(fault))
            except Exception:  # noqa: BLE001  # what is at fault with one must not end the work for all
                _log.exception("letters are sent later")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._wanted.wait()
            await asyncio.sleep(0 if self._stopping else 0.5)  # until the store has what was told

    async def look(self) -> None:
        """Send everything that is due now. Its own task does it again and again. Letters of modules that are switched
        off wait."""
        now = self._clock.utc()
        await self._store.outbox.forget_sent(now - KEEP_SENT)
        await self._store.customer_messages.withdraw_refused(now)
        for letter in await self._store.outbox.due(now, without=self._site().kinds_off):
            if self._stopping:
                break
            await self._one(letter)
        counts = await self._store.outbox.count()
        self._waiting, self._failed = counts.get("waiting", 0), counts.get("failed", 0)

    async def _one(self, letter: Letter) -> None:
        """Raises CannotStore: then nothing is known of it but that it may have been sent."""
        outbox = self._store.outbox
        if not self._account.host:
            await self._not_sent(letter, "no mail server is configured (mail.host)", for_good=False)
            return
        try:
            octets = await self._written(letter)
            if octets is None:
                soon = self._clock.utc() + timedelta(seconds=UNFINISHED_SECONDS)
                await outbox.later(letter, soon, "its recording is not finished", tried=False)
                return
            said = await self._deliver(letter.address, octets)
        except (NotTaken, LocalError, OSError) as fault:
            for_good = isinstance(fault, NotTaken) and fault.for_good
            await self._not_sent(letter, letters.in_a_line(str(fault)) or type(fault).__name__, for_good=for_good)
            return
        await outbox.sent(letter, self._clock.utc(), said)
        self.sent += 1
        self._settled(letter, "sent")
        self._trouble = ""
        _log.info("letter sent", letter=letter.id, voicemail=letter.voicemail, duty=letter.duty, tries=letter.tries + 1)

    async def _not_sent(self, letter: Letter, why: str, *, for_good: bool) -> None:
        now = self._clock.utc()
        self.refusals += 1
        pause = PAUSES[min(letter.tries, len(PAUSES) - 1)]
        if not for_good and now + timedelta(seconds=pause) < letter.created_at + GIVE_UP:
            self._trouble = why
            _log.warning("letter is sent later", letter=letter.id, why=why, seconds=pause)
            await self._store.outbox.later(letter, now + timedelta(seconds=pause), why)
            return
        _log.error("letter not delivered", letter=letter.id, voicemail=letter.voicemail, duty=letter.duty, why=why)
        await self._store.outbox.failed(letter, why)
        self._settled(letter, "failed")
        self._bus.publish(
            events.MailFailed(at=now, letter=letter.id, message=letter.voicemail, duty=letter.duty, why=why)
        )

    def _settled(self, letter: Letter, state: Literal["sent", "failed"]) -> None:
        if letter.message is not None:
            self._bus.publish(events.CustomerMessageSettled(at=self._clock.utc(), message=letter.message, state=state))

    async def _written(self, letter: Letter) -> bytes | None:
        """The letter's octets; None while its recording is not finished. Raises LocalError."""
        if letter.voicemail is None:
            most = self._account.most_octets
            return await self._worker.run(letters.write, self._ready(letter), None, None, most, timeout=WRITE_SECONDS)
        message = await self._store.voicemail.get(letter.voicemail)
        recording = await self._store.recordings.get(message.recording_id)
        if recording.octets is None:
            return None
        path: Path | None = None
        with contextlib.suppress(NotFound):  # the file is gone: the letter is sent without it, and says so
            path = (await self._archive.find(message.recording_id)).path
        draft = await self._draft(letter, message)
        account = self._account
        return await self._worker.run(
            letters.write, draft, path, self._key_file, account.most_octets, timeout=WRITE_SECONDS
        )

    def _ready(self, letter: Letter) -> letters.Draft:
        """Of a letter that has its words with it."""
        _, address = parseaddr(self._account.sender)
        return letters.Draft(
            sender=self._account.sender,
            address=letter.address,
            subject=letter.subject,
            text=letter.text,
            text_if_cut=letter.text,
            text_alone=letter.text,
            file="",
            key=letter.key,
            domain=address.partition("@")[2],
            at=self._clock.utc(),
        )

    async def _draft(self, letter: Letter, message: Voicemail) -> letters.Draft:
        customers = await self._store.customers.by_phone(message.caller)
        words = worded(message, self._site(), [customer.name for customer in customers], self._language, self._zone)
        _, address = parseaddr(self._account.sender)
        return letters.Draft(
            sender=self._account.sender,
            address=letter.address,
            subject=words.subject,
            text=words.text,
            text_if_cut=words.text_if_cut,
            text_alone=words.text_alone,
            file=f"{message.at.astimezone(self._zone):%Y%m%d-%H%M%S}",
            key=letter.key,
            domain=address.partition("@")[2],
            at=self._clock.utc(),
        )

    # ---- the mail server ----------------------------------------------------------------------------------

    async def _deliver(self, address: str, octets: bytes) -> str:
        """Answers what the server said when it took the letter. Raises NotTaken, OSError."""
        account = self._account
        try:
            async with asyncio.timeout(STEPS * account.timeout):
                return await self._speak(address, octets)
        except aiosmtplib.SMTPRecipientsRefused as fault:
            refused = fault.recipients[0]
            raise NotTaken(f"{refused.code} {refused.message}", for_good=_is_final(refused.code)) from fault
        except aiosmtplib.SMTPDataError as fault:
            raise NotTaken(f"{fault.code} {fault.message}", for_good=_is_final(fault.code)) from fault
        except aiosmtplib.SMTPResponseException as fault:  # who we are, or that we may send: somebody can mend that
            raise NotTaken(f"{fault.code} {fault.message}", for_good=False) from fault
        except (aiosmtplib.SMTPException, TimeoutError) as fault:
            said = " ".join(filter(None, (str(fault), repr(fault.__cause__ or fault.__context__ or ""))))
            raise NotTaken(said or "the mail server takes too long", for_good=False) from fault

    async def _speak(self, address: str, octets: bytes) -> str:
        account = self._account
        context: ssl.SSLContext | None = None
        if account.security != "none":
            context = await asyncio.to_thread(ssl.create_default_context, cafile=account.ca)
        server = aiosmtplib.SMTP(
            hostname=account.host,
            port=account.port,
            username=account.user or None,
            password=await asyncio.to_thread(_password, account) if account.user else None,
            timeout=account.timeout,
            use_tls=account.security == "tls",
            start_tls=account.security == "starttls",
            tls_context=context,
        )
        try:
            await server.connect()
            _, said = await server.sendmail(parseaddr(account.sender)[1], [address], octets)
        except BaseException:
            server.close()
            raise
        # It has the letter: that it does not say goodbye in order changes nothing about that.
        with contextlib.suppress(aiosmtplib.SMTPException, TimeoutError, OSError):
            await server.quit()
        server.close()
        return said


def _is_final(code: int) -> bool:
    """RFC 5321 §4.2.1: 5xx is for good, 4xx for now."""
    return 500 <= code < 600


def _password(account: Account) -> str:
    """Read anew each time: it may have been changed. Raises OSError, LocalError."""
    if account.password_file is not None:
        return account.password_file.read_text("utf-8").split("\n", maxsplit=1)[0].strip()
    found = os.environ.get(PASSWORD_VARIABLE)
    if found is None:
        raise LocalError(f"there is no password: neither mail.password_file nor {PASSWORD_VARIABLE}")
    return found
