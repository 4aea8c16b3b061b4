"""Letters to a real mail server on this machine: taken, refused for now or for good, silent, sealed, restarted."""

from __future__ import annotations

import asyncio
import contextlib
import email
import io
import ssl
import warnings
import wave
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

from callcenterd import sealed
from callcenterd.bus import Bus
from callcenterd.channels.mail import GIVE_UP, Account, Post
from callcenterd.model import events
from callcenterd.model.customer_messages import NewCustomerMessage
from callcenterd.model.customers import CustomerCard
from callcenterd.model.ids import AgentId, CallId, QueueName, RecordingId
from callcenterd.model.mail import Letter
from callcenterd.model.site import Mailbox, QueueSettings, Site, UserAccount
from callcenterd.store.database import Store
from callcenterd.switchboard.archive import Archive, Rules
from callcenterd.worker import finishing
from callcenterd.worker.pool import JobFailed, Worker
from tests.kit.certificates import Authority
from tests.kit.database import with_tables
from tests.kit.tones import tone
from tests.kit.virtual import VirtualClock
from tests.store.rows import begin, call, recording

T = TypeVar("T")
ONE, TWO = "one@example.com", "two@example.com"
CALLER = "13800138000"
SITE = Site(
    users=(UserAccount(login="1001", name="张三", role="agent"),),
    queues=(QueueSettings(name=QueueName("sales"), title="销售"),),
    mailboxes=(Mailbox(box="queue:sales", mail=(ONE, TWO)), Mailbox(box="agent:1001", mail=(ONE,))),
)


class Bench:
    """A worker whose jobs run here."""

    async def run(self, function: Callable[..., T], *arguments: Any, timeout: float = 0.0) -> T:
        try:
            return await asyncio.to_thread(function, *arguments)
        except Exception as fault:
            raise JobFailed(function.__name__, str(fault), type(fault).__name__) from fault


class Server:
    """A mail server. answers: what it says to each letter, one after the other; then it takes all that come."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.answers: list[str] = []
        self.recipients: dict[str, str] = {}
        self.silent = False
        self.users: list[bytes] = []

    async def handle_RCPT(  # noqa: N802  # aiosmtpd looks for this name
        self, _: Any, __: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.recipients:
            return self.recipients[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _: Any, __: Any, envelope: Envelope
    ) -> str:
        if self.silent:
            await asyncio.sleep(60)
        said = self.answers.pop(0) if self.answers else "250 taken"
        if said.startswith("250"):
            self.taken.append(envelope)
        return said

    def authenticator(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.users.append(data.login)
        return AuthResult(success=data.password == b"secret")

    def letters(self) -> list[EmailMessage]:
        return [email.message_from_bytes(bytes(one.original_content or b""), policy=default) for one in self.taken]

    def to(self) -> list[str]:
        return [address for one in self.taken for address in one.rcpt_tos]


@contextlib.asynccontextmanager
async def serving(server: Server, **ways: Any) -> AsyncIterator[int]:
    """Answers its port."""
    over_tls: ssl.SSLContext | None = ways.pop("over_tls", None)
    loop = asyncio.get_running_loop()
    opened: list[SMTP] = []

    def protocol() -> SMTP:
        with warnings.catch_warnings(action="ignore"):  # that a password may come in the clear
            opened.append(SMTP(server, hostname="mail.test", loop=loop, **ways))
        return opened[-1]

    listening = await loop.create_server(protocol, "127.0.0.1", 0, ssl=over_tls)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        for one in opened:
            if isinstance(one.transport, asyncio.Transport):
                one.transport.abort()
        await asyncio.sleep(0)


class Office:
    """A store with calls in it, and the post."""

    def __init__(self, store: Store, clock: VirtualClock, folder: Path) -> None:
        self.store, self.clock, self.folder, self.bus = store, clock, folder, Bus()
        self.key_file: Path | None = None
        self.failed: list[events.MailFailed] = []
        self.bus.listen(events.MailFailed, self.failed.append)
        self.language = "zh-CN"

    def post(self, port: int, **account: Any) -> Post:
        known: dict[str, Any] = {"host": "127.0.0.1", "port": port, "security": "none", "timeout": 2.0}
        archive = Archive(
            store=self.store,
            bus=self.bus,
            clock=self.clock,
            worker=cast(Worker, Bench()),
            folder=self.folder,
            rules=Rules("wav", self.key_file),
            live=lambda: (),
        )
        return Post(
            account=Account(sender="客服 <office@example.com>", **known | account),
            store=self.store,
            bus=self.bus,
            clock=self.clock,
            archive=archive,
            worker=cast(Worker, Bench()),
            site=lambda: SITE,
            key_file=self.key_file,
            language=self.language,
            zone=ZoneInfo("Asia/Shanghai"),
        )

    async def message(self, seconds: float = 2.0, *, finished: bool = True, **box: Any) -> int:
        """A caller left one; there are letters for it. Answers its number."""
        await begin(self.store, call("c"))
        await self.store.recordings.begin(recording("c-1", "c", path="c-1.wav"))
        (self.folder / "c-1.wav").write_bytes(wav(seconds))
        if finished:
            await self.finish(seconds)
        box = box or {"queue": QueueName("sales")}
        kept = await self.store.voicemail.add(
            CallId("c"),
            box.pop("queue", None),
            RecordingId("c-1"),
            CALLER,
            self.clock.utc(),
            seconds=seconds,
            **box,
        )
        return kept.id

    async def finish(self, seconds: float) -> None:
        await self.store.recordings.finish(
            RecordingId("c-1"), finished_at=self.clock.utc(), seconds=seconds, octets=1, sha256="", complete=True
        )

    async def outbox(self) -> list[str]:
        """Each letter, the oldest first: address, state and tries."""
        letters = await self._letters()
        return [f"{one.address.partition('@')[0]} {one.state} {one.tries}" for one in letters]

    async def why(self) -> set[str]:
        return {one.why for one in await self._letters()}

    async def _letters(self) -> list[Letter]:
        return list(reversed((await self.store.outbox.list())[0]))


def wav(seconds: float) -> bytes:
    """Left a tone, right silence."""
    left = tone(600, seconds)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(np.stack([left, np.zeros_like(left)], axis=1).astype("<i2").tobytes())
    return file.getvalue()


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    clock = VirtualClock()
    store = await Store.open(with_tables(tmp_path / "mail.db"), clock=clock)
    await store.site.save(SITE)
    yield Office(store, clock, tmp_path)
    await store.close()


# ---- taken --------------------------------------------------------------------------------------------------


async def test_each_address_gets_the_message_once_with_its_sound(office: Office) -> None:
    server = Server()
    await office.store.customers.create(CustomerCard(name="李四", phones=(CALLER,)), "1001")
    async with serving(server) as port:
        post = office.post(port)
        await office.message(2.0)
        await post.look()
        await post.look()
    assert sorted(server.to()) == [ONE, TWO]
    assert await office.outbox() == ["one sent 1", "two sent 1"]
    letter = server.letters()[0]
    assert letter["subject"] == "留言：13800138000（技能组 销售）"
    assert letter["from"] == "客服 <office@example.com>"
    text = letter.get_body()
    assert text is not None
    assert text.get_content().splitlines() == [
        "时间：2026-08-03 09:00:00",
        "号码：13800138000",
        "客户：李四",
        "留给：技能组 销售",
        "时长：2 秒",
    ]
    (sound,) = letter.iter_attachments()
    assert (sound.get_content_type(), sound.get_filename()) == ("audio/mpeg", "20260803-090000.mp3")
    assert heard(sound.get_content()) == pytest.approx(2.0, abs=0.15)
    assert post.reasons() == []
    assert post.counters()["mail_sent_total"] == 2


def heard(mp3: bytes) -> float:
    """Seconds of sound that is louder than half of what was said."""
    import av

    with av.open(io.BytesIO(mp3), "r") as file:
        assert file.streams.audio[0].channels == 1
        samples = np.concatenate([frame.to_ndarray().reshape(-1) for frame in file.decode(audio=0)])
    scale = float(np.abs(samples).max())
    return float((np.abs(samples) > scale / 20).sum()) / 8000


async def test_a_personal_message_says_whose_in_the_offices_language(office: Office) -> None:
    server = Server()
    office.language = "en"
    async with serving(server) as port:
        await office.message(3.0, agent=AgentId("1001"))
        await office.post(port).look()
    (letter,) = server.letters()
    assert letter["subject"] == "Voicemail from 13800138000 (agent 张三 1001)"
    assert server.to() == [ONE]


async def test_a_message_in_a_box_without_addresses_has_no_letters(office: Office) -> None:
    await office.message(2.0, agent=AgentId("1002"))
    assert await office.outbox() == []


async def test_what_is_too_long_for_a_letter_is_cut_and_said_to_be(office: Office) -> None:
    server = Server()
    async with serving(server) as port:
        await office.message(20.0)
        await office.post(port, most_octets=15_000).look()
    letter = server.letters()[0]
    (sound,) = letter.iter_attachments()
    assert len(sound.get_content()) < 16_500
    assert heard(sound.get_content()) == pytest.approx(5.0, abs=0.3)
    text = letter.get_body()
    assert text is not None
    assert "只有开头部分" in text.get_content()


async def test_a_sealed_recording_is_opened_for_the_letter(office: Office, tmp_path: Path) -> None:
    office.key_file = tmp_path / "key"
    sealed.add_key(office.key_file)
    await office.message(2.0)
    keys = sealed.read_keys(office.key_file)
    path = tmp_path / "c-1.wav"
    path.write_bytes(b"".join(sealed.sealed(keys, path.read_bytes())))
    server = Server()
    async with serving(server) as port:
        await office.post(port).look()
    (sound,) = server.letters()[0].iter_attachments()
    assert heard(sound.get_content()) == pytest.approx(2.0, abs=0.15)


async def test_a_letter_whose_sound_is_gone_goes_without_it(office: Office, tmp_path: Path) -> None:
    await office.message(2.0)
    (tmp_path / "c-1.wav").unlink()
    server = Server()
    async with serving(server) as port:
        await office.post(port).look()
    letter = server.letters()[0]
    assert list(letter.iter_attachments()) == []
    assert "录音无法附上" in letter.get_content()


async def test_a_letter_waits_for_its_recording_without_being_tried(office: Office) -> None:
    server = Server()
    async with serving(server) as port:
        post = office.post(port)
        await office.message(2.0, finished=False)
        await post.look()
        assert await office.outbox() == ["one waiting 0", "two waiting 0"]
        await office.finish(2.0)
        office.clock.move(3)
        await post.look()
    assert len(server.taken) == 2


# ---- refused ------------------------------------------------------------------------------------------------


async def test_what_is_refused_for_now_is_tried_again_ever_more_seldom(office: Office) -> None:
    server = Server()
    server.answers = ["451 busy"] * 3
    async with serving(server) as port:
        post = office.post(port)
        await office.message(2.0, agent=AgentId("1001"))
        for pause in (60, 120, 300):
            await post.look()
            assert server.taken == []
            office.clock.move(pause - 1)
            await post.look()
            office.clock.move(1)
        assert await office.outbox() == ["one waiting 3"]
        assert post.reasons() == ["mail: 1 letters wait for the mail server"]
        await post.look()
    assert await office.outbox() == ["one sent 4"]
    assert len(server.taken) == 1
    assert post.reasons() == []
    assert office.failed == []


async def test_who_is_refused_for_good_fails_at_once_and_the_others_do_not(office: Office) -> None:
    server = Server()
    server.recipients[ONE] = "550 no such mailbox"
    async with serving(server) as port:
        post = office.post(port)
        message = await office.message()
        await post.look()
        assert server.to() == [TWO]
        assert await office.outbox() == ["one failed 1", "two sent 1"]
        (fact,) = office.failed
        assert (fact.message, fact.why) == (message, "550 no such mailbox")
        assert post.reasons() == ["mail: 1 letters were not delivered"]
        server.recipients.clear()
        await office.store.outbox.again(fact.letter, office.clock.utc())
        await post.look()
    assert server.to() == [TWO, ONE]
    assert post.reasons() == []


async def test_a_letter_that_is_refused_for_good_is_not_tried_again(office: Office) -> None:
    server = Server()
    server.answers = ["554 it is spam"]
    async with serving(server) as port:
        post = office.post(port)
        await office.message(2.0, agent=AgentId("1001"))
        await post.look()
        office.clock.move(7200)
        await post.look()
    assert await office.outbox() == ["one failed 1"]
    assert server.taken == []


async def test_a_server_that_says_nothing_keeps_nobody_waiting_for_ever(office: Office) -> None:
    server = Server()
    server.silent = True
    async with serving(server) as port:
        post = office.post(port, timeout=0.3)
        await office.message(2.0, agent=AgentId("1001"))
        async with asyncio.timeout(10):
            await post.look()
        assert await office.outbox() == ["one waiting 1"]
        server.silent = False
        office.clock.move(61)
        await post.look()
    assert await office.outbox() == ["one sent 2"]


async def test_a_server_that_is_not_there_is_tried_for_a_day(office: Office) -> None:
    async with serving(Server()) as port:
        pass
    post = office.post(port)
    await office.message(2.0, agent=AgentId("1001"))
    begun = office.clock.utc()
    while (await office.outbox())[0].startswith("one waiting"):
        await post.look()
        office.clock.move(600)
    assert GIVE_UP - timedelta(hours=2) < office.clock.utc() - begun < GIVE_UP + timedelta(minutes=20)
    assert await office.outbox() == ["one failed 28"]
    assert len(office.failed) == 1


async def test_without_a_mail_server_it_is_said_that_letters_wait(office: Office) -> None:
    post = office.post(0, host="")
    await office.message()
    await post.look()
    assert post.reasons() == ["mail: 2 letters wait, and no mail server is configured"]


# ---- sealed, and signed in ----------------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_the_way_is_sealed_and_the_account_proven(
    office: Office, tmp_path: Path, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    made = authority.make("mail", host="127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    server = Server()
    ways: dict[str, Any] = {"authenticator": server.authenticator, "auth_required": True}
    ways |= {"tls_context": context, "require_starttls": True} if security == "starttls" else {"over_tls": context}
    if security == "tls":
        ways["auth_require_tls"] = False  # it does not know that it is sealed below
    password = tmp_path / "password"
    password.write_text("secret\n", "utf-8")
    await office.message(2.0, agent=AgentId("1001"))
    async with serving(server, **ways) as port:
        account: dict[str, Any] = {"security": security, "user": "office"}
        await office.post(port, **account, password_file=password).look()
        assert await office.outbox() == ["one waiting 1"], "nobody vouches for its certificate"
        assert server.users == [], "the password did not go there"
        account["ca"] = authority.ca
        office.clock.move(61)
        monkeypatch.setenv("CALLCENTERD_MAIL_PASSWORD", "wrong")
        await office.post(port, **account).look()
        assert await office.outbox() == ["one waiting 2"], "a wrong password is ours to mend"
        office.clock.move(121)
        await office.post(port, **account, password_file=password).look()
    assert await office.outbox() == ["one sent 3"]
    assert set(server.users) == {b"office"}


async def test_a_server_that_does_not_seal_gets_nothing(office: Office) -> None:
    server = Server()
    await office.message(2.0, agent=AgentId("1001"))
    async with serving(server) as port:
        await office.post(port, security="starttls").look()
    assert server.taken == []
    assert await office.outbox() == ["one waiting 1"]


# ---- after a restart ----------------------------------------------------------------------------------------


async def test_after_a_restart_what_was_taken_is_not_sent_again_and_the_rest_is(office: Office) -> None:
    server = Server()
    server.recipients[TWO] = "450 not now"
    async with serving(server) as port:
        await office.message()
        await office.post(port).look()
        assert server.to() == [ONE]
        server.recipients.clear()
        office.clock.move(61)
        await office.post(port).look()
        await office.post(port).look()
    assert server.to() == [ONE, TWO]


async def test_a_letter_has_the_same_id_at_every_try(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken, and the end of the process came before it was marked: it is sent twice, and a mail program can tell."""
    server = Server()

    async def cut_off(*_: Any) -> None:
        raise asyncio.CancelledError

    async with serving(server) as port:
        await office.message(2.0, agent=AgentId("1001"))
        with monkeypatch.context() as patched:
            patched.setattr(office.store.outbox, "sent", cut_off)
            with pytest.raises(asyncio.CancelledError):
                await office.post(port).look()
        await office.post(port).look()
    first, second = server.letters()
    assert first["message-id"] == second["message-id"]
    assert await office.outbox() == ["one sent 1"]


async def test_who_stops_lets_a_letter_be_taken_first(office: Office) -> None:
    server = Server()
    async with serving(server) as port:
        await office.message()
        post = office.post(port)
        post.start()
        async with asyncio.timeout(10):
            while not server.taken:
                await asyncio.sleep(0.01)
        await post.stop()
        states = await office.outbox()
        assert len(server.taken) == sum("sent" in state for state in states)


def test_a_caller_with_a_strange_name_breaks_no_header() -> None:
    from callcenterd.worker.letters import in_a_line

    assert in_a_line("a\r\nBcc: b@example.com\x00\u2028c") == "a Bcc: b@example.com c"
    assert finishing.RATE == 8000


async def test_a_letter_to_a_customer_goes_out_with_its_words_and_its_state_is_the_messages(office: Office) -> None:
    now = office.clock.utc()
    new = NewCustomerMessage(
        key="k",
        channel="email",
        address=ONE,
        subject="预约提醒",
        text="明天见\n第二行\n",
        created_by="system",
        not_before=now + timedelta(hours=1),
    )
    kept = await office.store.customer_messages.put(new, now)
    server = Server()
    server.answers = ["450 later"]
    async with serving(server) as port:
        post = office.post(port)
        await post.look()
        assert server.taken == [], "it is not time yet"
        office.clock.move(3600)
        await post.look()
        assert (await office.store.customer_messages.get(kept.id)).why.startswith("450")
        office.clock.move(60)
        await post.look()
        await post.look()
    [letter] = server.letters()
    assert (letter["To"], letter["Subject"], letter.get_content().split()) == (ONE, "预约提醒", ["明天见", "第二行"])
    after = await office.store.customer_messages.get(kept.id)
    assert (after.state, after.tries, after.sent_at) == ("sent", 2, office.clock.utc())
