"""Who is it: challenges and proofs."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callcenterd.model.site import Secret
from callcenterd.sip.digest import ALGORITHMS, NONCE_LIFE, Guard, Judgement, Offers, Verdict, prove, response_of
from callcenterd.sip.headers import Challenge, Credentials, auth_params

REALM = "callcenter.local"
URI = "sip:callcenter.local"
PASSWORDS = {"1001": Secret("geheim")}


def guard() -> Guard:
    return Guard(REALM, random.Random(1))


def challenged(by: Guard, now: float = 0.0) -> list[Challenge]:
    return [Challenge.parse(line) for line in by.challenges(now)]


def proof(
    challenges: Sequence[Challenge],
    password: str = "geheim",
    *,
    name: str = "1001",
    method: str = "REGISTER",
    uri: str = URI,
) -> Credentials:
    found = prove(challenges, username=name, password=Secret(password), method=method, uri=uri, chance=random.Random(2))
    assert found is not None
    return found


def judged(by: Guard, given: Credentials, *, method: str = "REGISTER", uri: str = URI, now: float = 0.0) -> Judgement:
    return by.judge([given], method, uri, PASSWORDS.get, now)


def changed(given: Credentials, **params: str) -> Credentials:
    pairs = [(name, params.get(name, given.get(name) or "")) for name, _ in given.params]
    return Credentials(given.scheme, auth_params(pairs, bare=("nc", "qop", "algorithm")))


@pytest.mark.parametrize("algorithm", range(3), ids=ALGORITHMS)
def test_the_right_password_is_a_proof(algorithm: int) -> None:
    by = guard()
    assert judged(by, proof(challenged(by)[algorithm:])) == Judgement(
        Verdict.PROVEN, "1001", tuple(ALGORITHMS)[algorithm]
    )


def test_the_examples_of_rfc_7616_come_out_right() -> None:
    """§3.9.1, both algorithms."""
    for algorithm, response in (
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ):
        given = Credentials.parse(
            'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm='
            + algorithm
            + ", "
            'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, '
            'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth'
        )
        assert response_of(given, "Mufasa", Secret("Circle of Life"), "GET") == response


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        pytest.param({"password": "falsch"}, Verdict.WRONG, id="wrong password"),
        pytest.param({"name": "1009"}, Verdict.WRONG, id="nobody has that name"),
        pytest.param({"method": "INVITE"}, Verdict.WRONG, id="made for another method"),
        pytest.param({"uri": "sip:elsewhere.example"}, Verdict.WRONG, id="made for another host"),
        pytest.param({"uri": "sip:900@callcenter.local"}, Verdict.WRONG, id="made for another user"),
        pytest.param({"uri": "sip:callcenter.local:5060"}, Verdict.PROVEN, id="a port does not count"),
    ],
)
def test_a_proof_is_for_one_name_one_method_and_one_address(given: dict[str, str], verdict: Verdict) -> None:
    by = guard()
    assert judged(by, proof(challenged(by), **given)).verdict is verdict


def test_a_proof_without_a_user_part_serves_for_a_user_of_that_host() -> None:
    """SIPp writes it like that."""
    by = guard()
    given = proof(challenged(by), method="INVITE", uri="sip:callcenter.local:5060")
    assert judged(by, given, method="INVITE", uri="sip:900@callcenter.local").verdict is Verdict.PROVEN


def test_a_proof_overheard_and_repeated_opens_nothing() -> None:
    by = guard()
    given = proof(challenged(by))
    assert judged(by, given).verdict is Verdict.PROVEN
    assert judged(by, given).verdict is Verdict.STALE


def test_a_proof_overheard_on_its_way_opens_nothing_from_another_address() -> None:
    by = guard()
    given = proof([Challenge.parse(line) for line in by.challenges(0.0, source="10.0.0.3")])

    def verdict(source: str) -> Verdict:
        return by.judge([given], "REGISTER", URI, PASSWORDS.get, 0.0, source=source).verdict

    assert [by.answers([given], source=source) for source in ("10.0.0.66", "10.0.0.3")] == [False, True]
    assert [verdict("10.0.0.66"), verdict("10.0.0.3")] == [Verdict.MISSING, Verdict.PROVEN]


def test_a_nonce_may_be_used_again_with_a_higher_count_only() -> None:
    by = guard()
    asked = challenged(by)

    def counted(count: str) -> Credentials:
        unproved = changed(proof(asked), nc=count)
        return changed(unproved, response=response_of(unproved, "1001", Secret("geheim"), "REGISTER"))

    assert judged(by, counted("00000002")).verdict is Verdict.PROVEN
    assert judged(by, counted("00000001")).verdict is Verdict.STALE
    assert judged(by, counted("0000000a")).verdict is Verdict.PROVEN


def test_an_old_nonce_is_stale_only_for_who_knows_the_password() -> None:
    by = guard()
    asked = challenged(by)
    assert judged(by, proof(asked), now=NONCE_LIFE + 1).verdict is Verdict.STALE
    assert judged(by, proof(asked, "falsch"), now=NONCE_LIFE + 1).verdict is Verdict.WRONG


def test_a_nonce_of_somebody_else_is_not_even_looked_at() -> None:
    by, other = guard(), Guard(REALM, random.Random(9))
    assert judged(by, proof(challenged(other))).verdict is Verdict.MISSING


def test_a_proof_for_another_realm_or_scheme_is_none_for_us() -> None:
    by = guard()
    elsewhere = Credentials.parse('Digest realm="elsewhere", nonce="1", username="1001", uri="sip:x", response="0"')
    unknown = Credentials.parse("NoOneKnowsThisScheme opaque-data=here")
    assert by.judge([elsewhere, unknown], "REGISTER", URI, PASSWORDS.get, 0.0) == Judgement(Verdict.MISSING)
    assert by.named([elsewhere, unknown]) is None


@pytest.mark.parametrize("missing", ["qop", "nc", "cnonce"])
def test_a_proof_without_qop_and_count_is_asked_for_again(missing: str) -> None:
    by = guard()
    given = proof(challenged(by))
    less = Credentials(given.scheme, given.params.without(missing))
    assert judged(by, less).verdict is Verdict.MISSING


def test_an_extension_without_password_cannot_be_proved() -> None:
    by = guard()
    given = proof(challenged(by), "")
    assert by.judge([given], "REGISTER", URI, {"1001": Secret("")}.get, 0.0).verdict is Verdict.WRONG


def test_more_nonces_than_we_keep_make_the_oldest_stale() -> None:
    by = Guard(REALM, random.Random(1), most_nonces=2)
    first = challenged(by, 0.0)
    assert judged(by, proof(first)).verdict is Verdict.PROVEN
    for second in (1.0, 2.0):
        assert judged(by, proof(challenged(by, second)), now=second).verdict is Verdict.PROVEN
    assert judged(by, proof(first), now=2.0).verdict is Verdict.STALE


def test_all_algorithms_are_offered_the_broken_one_last() -> None:
    assert [one.get("algorithm") for one in challenged(guard())] == ["SHA-256", "SHA-512-256", "MD5"]


def test_sha_512_256_is_the_one_of_the_rfc() -> None:
    """The hashed name in RFC 7616 §3.9.2 (the response printed there is wrong: erratum 4897)."""
    hashed = ALGORITHMS["SHA-512-256"]("Jäsøn Doe:api@example.org".encode())
    assert hashed == "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"


def test_a_hashed_name_is_asked_for_again_and_counts_as_no_attempt() -> None:
    """RFC 7616 §3.4.4: only who was offered it may send one, and we never offer."""
    by = guard()
    given = proof(challenged(by))
    hashed = Credentials.parse(f"{given}, userhash=true")
    assert not by.answers([hashed])
    assert judged(by, hashed).verdict is Verdict.MISSING
    plain = Credentials.parse(f"{given}, userhash=false")
    assert judged(by, plain).verdict is Verdict.PROVEN


def test_stale_is_said_only_when_it_is() -> None:
    by = guard()
    assert all(Challenge.parse(line).get("stale") == "true" for line in by.challenges(0.0, stale=True))
    assert all(one.get("stale") is None for one in challenged(by))


def test_who_comes_again_without_a_proof_is_offered_md5_alone() -> None:
    offers = Offers()
    phone = ("198.51.100.7", 5060)
    assert offers.to(phone, "z9hG4bK1", "Acme") == tuple(ALGORITHMS)
    assert offers.to(phone, "z9hG4bK1", "Acme") == tuple(ALGORITHMS)  # only repeated
    assert offers.to(phone, "z9hG4bK2", "Acme") == ("MD5",)
    offers.answered(phone, "MD5")
    assert offers.to(phone, "z9hG4bK3", "Acme") == ("MD5",)


def test_who_picks_a_better_algorithm_is_always_offered_all() -> None:
    offers = Offers(most=10)
    offers.to("phone", "z9hG4bK1", "Acme")
    offers.answered("phone", "SHA-256")
    assert offers.to("phone", "z9hG4bK2", "Acme") == tuple(ALGORITHMS)
    for n in range(10):
        offers.to(n, "z9hG4bK", "")
    assert offers.to("phone", "z9hG4bK3", "Acme") == tuple(ALGORITHMS)  # forgotten, and begun anew


def test_a_phone_known_to_give_up_at_two_is_offered_one() -> None:
    assert Offers().to("phone", "z9hG4bK1", "baresip v1.0.0 (x86_64/linux)") == ("MD5",)


def test_we_answer_only_what_we_understand() -> None:
    unknown = [
        Challenge.parse('Basic realm="x"'),
        Challenge.parse('Digest realm="x", nonce="1", algorithm=SHA-512'),
        Challenge.parse('Digest realm="x", nonce="1", qop="auth-int"'),
        Challenge.parse('Digest realm="x"'),
    ]
    assert (
        prove(unknown, username="u", password=Secret("p"), method="INVITE", uri="sip:x", chance=random.Random()) is None
    )


def test_a_trunk_without_qop_is_answered_as_rfc_2069_had_it() -> None:
    given = proof([Challenge.parse('Digest realm="x", nonce="1"')])
    assert (given.get("qop"), given.get("nc"), given.get("cnonce")) == (None, None, None)
    assert len(given.get("response") or "") == 32


def test_a_proof_never_shows_in_a_repr() -> None:
    given = proof(challenged(guard()))
    assert (given.get("response") or "") not in repr(given)


@given(
    st.dictionaries(
        st.sampled_from(["nonce", "nc", "uri", "response", "username", "cnonce", "qop"]),
        st.binary(max_size=20).map(lambda octets: octets.decode(errors="surrogateescape")),  # as it comes off the wire
    )
)
@example({"response": "\udc80"})
def test_whatever_a_stranger_writes_is_judged_and_proves_nothing(params: dict[str, str]) -> None:
    by = guard()
    given = changed(proof(challenged(by), "falsch"), **params)
    assert judged(by, given).verdict in (Verdict.MISSING, Verdict.WRONG)
