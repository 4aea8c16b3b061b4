"""A trunk is tested, against providers on loopback that answer as real ones do on a bad day."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from callcenterd.certificates import Certificates
from callcenterd.clock import SystemClock
from callcenterd.config import Listen
from callcenterd.errors import NotFound
from callcenterd.model.ids import TrunkName
from callcenterd.model.setup import FINDING_CODES, Finding, TrunkTest
from callcenterd.model.site import Secret, Site, Trunk
from callcenterd.sip import events
from callcenterd.sip.endpoint import Endpoint
from callcenterd.sip.flow import Flow
from callcenterd.sip.locate import Answer, Found, Machine, Naptr, Place, Srv
from callcenterd.sip.probe import Heard, Probed
from callcenterd.sip.transport.edge import SipEdge
from callcenterd.switchboard.trunktest import TrunkTests, diagnose
from tests.kit.certificates import Authority
from tests.kit.lanes import both_free
from tests.kit.provider import Provider, by_stream, by_udp, challenges, says

HOST, THERE = "127.0.0.1", "127.0.0.2"
NAME = TrunkName("telecom")
ACCOUNT: dict[str, Any] = {"username": "62960000", "password": Secret("geheim"), "register": True}
G729_ONLY = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 18 101\r\na=rtpmap:18 G729/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
)


class Names:
    """Knows names as they are told, by A records only."""

    def __init__(self, **known: str) -> None:
        self._known = {name.replace("_", "."): address for name, address in known.items()}

    async def naptr(self, name: str) -> Answer[Naptr]:
        del name
        return Answer()

    async def srv(self, name: str) -> Answer[Srv]:
        del name
        return Answer()

    async def addresses(self, name: str) -> Answer[str]:
        return Answer((self._known[name],)) if name in self._known else Answer()


@asynccontextmanager
async def opened(
    trunk: Trunk, names: Names | None = None, ca: Path | None = None
) -> AsyncIterator[tuple[TrunkTests, list[events.SipEvent]]]:
    told: list[events.SipEvent] = []
    clock, site = SystemClock(), Site(trunks=(trunk,))
    endpoint = Endpoint(domain=HOST, chance=random.Random(1), tell=told.append)
    port = both_free(HOST)
    listens = [Listen("udp", HOST, port), Listen("tcp", HOST, port)]
    shown = Certificates(None, None, ca, clock)
    edge = SipEdge(endpoint, listens, clock, resolver=names or Names(), certificates=shown)
    await edge.open()
    try:
        await edge.configure(site)
        yield TrunkTests(edge.probe, clock, lambda: site), told
    finally:
        await edge.stop()


async def looked_at(provider: Provider, **trunk: Any) -> TrunkTest:
    fields: dict[str, Any] = {"name": NAME, "host": THERE, "port": provider.port, **trunk}
    async with opened(Trunk(**fields)) as (tests, _):
        return await tests.test(NAME)


def codes(test: TrunkTest | Sequence[Finding]) -> list[str]:
    """What was found, without what was not there to be looked at."""
    findings = test.findings if isinstance(test, TrunkTest) else test
    return [f"{one.verdict} {one.code}" for one in findings if one.verdict != "skipped"]


def value(test: TrunkTest, code: str, name: str) -> object:
    return next(one.values[name] for one in test.findings if one.code == code)


async def test_a_trunk_without_an_account_that_answers_is_good() -> None:
    async with by_udp(Provider(THERE)) as provider:
        test = await looked_at(provider)
    assert test.ok
    assert codes(test) == ["good reached", "good says_ok", "good address_same"]
    assert value(test, "reached", "address") == f"{THERE}:{provider.port}"


async def test_a_registration_that_is_taken_is_good_and_counts_as_ours() -> None:
    """What the test has found out is in force at once: nobody waits for the next try."""

    def register(request: Any) -> Any:
        proved = request.headers.has("Authorization")
        return says(200, "Expires: 600")(request) if proved else challenges("telecom")(request)

    first = says(403)
    provider = Provider(THERE, register=lambda request: first(request))  # noqa: PLW0108  # it is another one later
    async with by_udp(provider):
        trunk = Trunk(name=NAME, host=THERE, port=provider.port, **ACCOUNT)
        async with opened(trunk) as (tests, told):
            assert codes(await tests.test(NAME))[-2:] == ["bad account_forbidden", "good address_same"]
            first = register
            test = await tests.test(NAME)
    assert test.ok
    assert "good registered" in codes(test)
    assert value(test, "registered", "minutes") == 10
    assert [one.state for one in told if isinstance(one, events.TrunkSeen)][-1] == "up"


@pytest.mark.parametrize(
    ("register", "found"),
    [
        pytest.param(challenges("telecom"), "bad password_wrong", id="401 for ever"),
        pytest.param(challenges("telecom", status=407), "bad password_wrong", id="407 for ever"),
        pytest.param(challenges("telecom", ", stale=true"), "bad proof_too_late", id="always stale"),
        pytest.param(
            says(401, 'WWW-Authenticate: Digest realm="x", nonce="1", algorithm=SHA-1'), "bad proof_unknown", id="SHA-1"
        ),
        pytest.param(says(403), "bad account_forbidden", id="403"),
        pytest.param(says(404), "bad account_not_found", id="404"),
        pytest.param(says(423, "Min-Expires: 999999"), "bad registration_too_brief", id="423"),
        pytest.param(says(503), "bad registration_trouble", id="503"),
        pytest.param(says(480), "bad registration_refused", id="480"),
    ],
)
async def test_each_refusal_of_a_registration_has_a_cause_of_its_own(register: Any, found: str) -> None:
    async with by_udp(Provider(THERE, register=register)) as provider:
        test = await looked_at(provider, **ACCOUNT)
    assert not test.ok
    assert found in codes(test)
    assert len(provider.asked) < 12, "a refusal is not asked for over and over"


async def test_a_trunk_that_asks_for_a_password_and_has_none() -> None:
    async with by_udp(Provider(THERE, register=challenges("telecom"))) as provider:
        test = await looked_at(provider, username="", register=True)
    assert "bad account_missing" in codes(test)


async def test_a_password_asked_for_by_somebody_else_is_noted() -> None:
    """The account may be right, and the host be that of another service of the same provider."""
    names = Names(sip_telecom_example=THERE)
    async with by_udp(Provider(THERE, register=challenges("voip.other.example"))) as provider:
        trunk = Trunk(name=NAME, host="sip.telecom.example", port=provider.port, **ACCOUNT)
        async with opened(trunk, names) as (tests, _):
            test = await tests.test(NAME)
    assert "note realm_other" in codes(test)
    assert "good name_found" in codes(test)


async def test_a_name_that_nobody_knows_ends_the_test() -> None:
    async with opened(Trunk(name=NAME, host="sip.nowhere.invalid", **ACCOUNT)) as (tests, _):
        test = await tests.test(NAME)
    assert [(one.part, one.code) for one in test.findings] == [("name", "name_unknown")]
    assert value(test, "name_unknown", "host") == "sip.nowhere.invalid"


async def test_who_does_not_answer_is_found_out_in_time() -> None:
    async with by_udp(Provider(THERE, options=None, register=None)) as provider:
        test = await looked_at(provider, **ACCOUNT)
    assert codes(test) == ["bad nobody_answers"]
    assert value(test, "nobody_answers", "transport") == "UDP"


async def test_a_port_at_which_nobody_listens_by_tcp_is_refused() -> None:
    async with by_stream(Provider(THERE)) as gone:
        pass
    test = await looked_at(gone, transport="tcp")
    assert codes(test) == ["bad connection_refused"]


async def test_a_provider_that_only_answers_registrations_is_there() -> None:
    async with by_udp(Provider(THERE, options=None, register=says(200, "Expires: 3600"))) as provider:
        test = await looked_at(provider, **ACCOUNT)
    assert test.ok
    assert codes(test)[:3] == ["good reached", "note says_nothing", "good registered"]


@pytest.mark.parametrize(("register", "ok"), [(False, False), (True, True)])
async def test_a_refused_question_is_bad_only_where_an_address_is_all_that_we_have(*, register: bool, ok: bool) -> None:
    async with by_udp(Provider(THERE, options=says(403), register=says(200))) as provider:
        test = await looked_at(provider, **(ACCOUNT if register else {}))
    assert test.ok is ok
    assert f"{'note' if ok else 'bad'} says_forbidden" in codes(test)


async def test_a_provider_with_no_codec_of_ours_is_found_out() -> None:
    async with by_udp(Provider(THERE, options=says(200, sdp=G729_ONLY))) as provider:
        test = await looked_at(provider)
        other = await looked_at(provider, codecs=("PCMA", "G729"))
    assert "bad codec_none" in codes(test)
    assert value(test, "codec_none", "theirs") == "G729"
    assert "good codec_common" in codes(other)


async def test_an_address_that_is_translated_on_the_way_is_noted() -> None:
    async with by_udp(Provider(THERE, seen_as=("198.51.100.7", 61000))) as provider:
        test = await looked_at(provider)
    assert "note address_other" in codes(test)
    assert value(test, "address_other", "seen") == "198.51.100.7:61000"


async def test_a_clock_that_is_wrong_is_noted() -> None:
    off = format_datetime(SystemClock().utc() - timedelta(minutes=20), usegmt=True)
    async with by_udp(Provider(THERE, options=says(200, f"Date: {off}"))) as provider:
        test = await looked_at(provider)
    assert "note clock_wrong" in codes(test)
    assert 1190 <= int(str(value(test, "clock_wrong", "seconds"))) <= 1215


# ---- TLS ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


def showing(authority: Authority, name: str, **made: Any) -> ssl.SSLContext:
    certificate = authority.make(name, **made)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context


@pytest.mark.parametrize(
    ("made", "believed", "found"),
    [
        pytest.param({"host": THERE}, True, "good reached", id="good"),
        pytest.param({"host": THERE}, False, "bad certificate_unknown", id="nobody vouches for it"),
        pytest.param({"host": "127.0.0.9"}, True, "bad certificate_other_name", id="another's"),
        pytest.param({"host": THERE, "days": -1}, True, "bad certificate_expired", id="old"),
    ],
)
async def test_a_certificate_that_is_not_good_is_named(
    authority: Authority, made: dict[str, Any], *, believed: bool, found: str
) -> None:
    shown = showing(authority, f"provider-{abs(hash(str(made) + found))}", **made)
    async with by_stream(Provider(THERE), shown) as provider:
        trunk = Trunk(name=NAME, host=THERE, port=provider.port, transport="tls")
        async with opened(trunk, ca=authority.ca if believed else None) as (tests, _):
            test = await tests.test(NAME)
    assert found in codes(test)
    assert test.ok is found.startswith("good")


async def test_tls_to_a_port_that_does_not_speak_it() -> None:
    async def chat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"SIP/2.0 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(chat, THERE, 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with opened(Trunk(name=NAME, host=THERE, port=port, transport="tls")) as (tests, _):
            test = await tests.test(NAME)
    finally:
        server.close()
    assert codes(test) == ["bad no_tls_there"]


# ---- the rule by itself -------------------------------------------------------------------------------------------


def test_a_machine_without_a_way_there_says_so() -> None:
    found = Found((Machine((Place("UDP", "2001:db8::1", 5060),)),))
    trunk = Trunk(name=NAME, host="2001:db8::1")
    probed = Probed(flow=None, fault="no udp listener for [2001:db8::1]")
    assert codes(list(diagnose(trunk, found, probed, SystemClock().utc()))) == ["bad no_way"]


def test_what_cannot_be_read_as_sound_is_no_finding() -> None:
    found = Found((Machine((Place("UDP", THERE, 5060),)),))
    flow = Flow("UDP", (THERE, 5060), (HOST, 5060))
    probed = Probed(flow=flow, options=Heard(outcome="answer", status=200, sdp=b"v=9\r\n"))
    findings = list(diagnose(Trunk(name=NAME, host=THERE), found, probed, SystemClock().utc()))
    assert findings[-1].code == "codec_not_said"
    assert {one.code for one in findings} <= FINDING_CODES


async def test_there_is_no_test_of_a_trunk_that_there_is_not() -> None:
    async with opened(Trunk(name=NAME, host=THERE)) as (tests, _):
        with pytest.raises(NotFound):
            await tests.test(TrunkName("other"))
