"""What is let in, and who is locked out."""

from __future__ import annotations

from callcenterd.sip.admission import (
    FIRST_LOCK,
    FORGIVEN_AFTER,
    LONGEST_LOCK,
    QUESTIONS_OF_ONE_SOURCE,
    STRANGER_BURST,
    STRANGER_RATE,
    STRANGERS_RATE,
    TRIES_OF_ONE_NAME,
    TRIES_OF_ONE_SOURCE,
    Admission,
    BannedSource,
)

SCANNER, OFFICE = "203.0.113.66", "198.51.100.7"
REGISTER = b"REGISTER sip:x SIP/2.0\r\n\r\n"
BYE = b"BYE sip:x SIP/2.0\r\n\r\n"


def strike(admission: Admission, times: int, name: str = "1001", source: str = SCANNER, now: float = 0.0) -> bool:
    return [admission.failed(source, name, now) for _ in range(times)][-1]


def test_a_stranger_may_ask_now_and_then_for_ever() -> None:
    admission = Admission()
    assert all(admission.lets_in(REGISTER, SCANNER, second) for second in range(10_000))


def test_a_flood_is_cut_to_the_rate_and_hurts_nobody_else() -> None:
    admission = Admission()
    let_in = sum(admission.lets_in(REGISTER, SCANNER, n / 1000) for n in range(10_000))
    assert let_in <= STRANGER_BURST + 10 * STRANGER_RATE + 1
    assert admission.lets_in(REGISTER, OFFICE, 10.0)


def test_a_flood_of_forged_sources_is_cut_as_a_whole() -> None:
    admission = Admission()
    let_in = sum(admission.lets_in(REGISTER, f"2001:db8::{n:x}", n / 50_000) for n in range(100_000))
    assert let_in <= STRANGERS_RATE * 3 + 1


def test_what_belongs_to_a_call_has_room_when_new_requests_have_none() -> None:
    admission = Admission()
    while admission.lets_in(REGISTER, SCANNER, 0.0):
        pass
    assert admission.lets_in(BYE, SCANNER, 0.0)
    assert admission.lets_in(b"\r\n" + BYE, SCANNER, 0.0)


def test_an_empty_line_before_the_request_opens_no_door() -> None:
    admission = Admission()
    while admission.lets_in(REGISTER, SCANNER, 0.0):
        pass
    assert not admission.lets_in(b"\r\n\r\n" + REGISTER, SCANNER, 0.0)


def test_wrong_proofs_lock_the_name_at_that_source_only() -> None:
    admission = Admission()
    assert not strike(admission, TRIES_OF_ONE_NAME - 1)
    assert admission.may_try(SCANNER, "1001", 0.0)
    assert strike(admission, 1)
    assert not admission.may_try(SCANNER, "1001", 0.0)
    assert admission.may_try(SCANNER, "1002", 0.0)
    assert admission.may_try(OFFICE, "1001", 0.0)


def test_many_names_lock_the_source_before_anything_is_parsed() -> None:
    admission = Admission()
    for n in range(TRIES_OF_ONE_SOURCE):
        admission.failed(SCANNER, f"10{n:02}", 0.0)
    assert not admission.lets_in(REGISTER, SCANNER, 1.0)
    assert admission.lets_in(BYE, SCANNER, 1.0)
    assert [(ban.source, ban.until, ban.why) for ban in admission.bans(1.0)] == [(SCANNER, FIRST_LOCK, "passwords")]
    assert admission.lets_in(REGISTER, SCANNER, FIRST_LOCK)


def test_each_lock_is_twice_as_long_as_the_one_before() -> None:
    admission, now, locks = Admission(spared=lambda _: True), 0.0, []
    for _ in range(10):
        while not admission.failed(SCANNER, "1001", now):
            pass
        begun = now
        while not admission.may_try(SCANNER, "1001", now):
            now += 1.0
        locks.append(now - begun)
    assert locks == [min(LONGEST_LOCK, FIRST_LOCK * 2**n) for n in range(10)]


def test_a_guesser_gets_few_passwords_looked_at() -> None:
    """At most ten a minute at first, and ever fewer."""
    admission, looked_at = Admission(), 0
    for tenth in range(36_000):
        if admission.may_try(SCANNER, "1001", tenth / 10):
            admission.failed(SCANNER, "1001", tenth / 10)
            looked_at += 1
    assert looked_at < 20


def test_a_phone_that_is_wrong_once_an_hour_is_never_locked() -> None:
    admission = Admission()
    assert not any(admission.failed(OFFICE, "1001", n * FORGIVEN_AFTER) for n in range(100))


def test_a_right_proof_clears_the_name() -> None:
    admission = Admission()
    strike(admission, TRIES_OF_ONE_NAME - 1, source=OFFICE)
    admission.proved(OFFICE, "1001")
    assert not strike(admission, TRIES_OF_ONE_NAME - 1, source=OFFICE)


def test_a_million_sources_take_no_more_room_than_the_table_has() -> None:
    admission = Admission(most_sources=100)
    for n in range(1000):
        admission.lets_in(REGISTER, f"2001:db8::{n:x}", 0.0)
        for _ in range(TRIES_OF_ONE_SOURCE):
            admission.failed(f"2001:db8::{n:x}", "1001", 0.0)
    assert len(admission.bans(0.0)) == 100


# ---- bans -----------------------------------------------------------------------------------------------------


def test_guessing_one_password_bans_the_source_within_seconds_though_few_are_looked_at() -> None:
    """svcrack: a hundred a second for one name. S-07: at most ten a minute are looked at."""
    admission, looked_at = Admission(), 0
    for hundredth in range(1000):
        if admission.may_try(SCANNER, "1001", hundredth / 100):
            looked_at += 1
            admission.failed(SCANNER, "1001", hundredth / 100)
    assert looked_at <= 10
    [ban] = admission.bans(10.0)
    assert (ban.source, ban.why, ban.times) == (SCANNER, "passwords", 1)
    assert admission.news() == [ban]
    assert admission.news() == []
    assert not admission.lets_in(REGISTER, SCANNER, 10.0)
    assert admission.may_try(OFFICE, "1001", 10.0), "the real phone behind another address"


def test_a_phone_with_a_wrong_password_bans_nobody_however_long_it_tries() -> None:
    admission = Admission()
    for n in range(20_000):
        if admission.may_try(OFFICE, "1001", n * 7.0):
            admission.failed(OFFICE, "1001", n * 7.0)
        assert admission.bans(n * 7.0) == []


def test_who_asks_for_many_names_and_proves_none_is_banned() -> None:
    """svwar: a request for each number, and no proof."""
    admission = Admission()
    for n in range(QUESTIONS_OF_ONE_SOURCE):
        assert admission.bans(n / 100) == []
        admission.challenged(SCANNER, n / 100)
    admission.challenged(SCANNER, 1.0)
    [ban] = admission.bans(1.0)
    assert (ban.source, ban.why) == (SCANNER, "scan")


def test_phones_that_answer_their_challenges_are_no_scan() -> None:
    admission = Admission()
    for n in range(10 * QUESTIONS_OF_ONE_SOURCE):
        admission.challenged(OFFICE, 0.0)
        admission.proved(OFFICE, f"1{n:03}")
    assert admission.bans(0.0) == []


def test_a_question_now_and_then_is_no_scan() -> None:
    admission = Admission()
    for n in range(10 * QUESTIONS_OF_ONE_SOURCE):
        admission.challenged(SCANNER, 2.0 * n)
    assert admission.bans(2000.0) == []


def test_a_spared_source_is_never_banned_and_gets_no_more_passwords_looked_at() -> None:
    admission, looked_at = Admission(spared=lambda source: source == OFFICE), 0
    for n in range(1000):
        admission.challenged(OFFICE, n / 100)
        if admission.may_try(OFFICE, "1001", n / 100):
            admission.failed(OFFICE, "1001", n / 100)
            looked_at += 1
    assert looked_at <= 10
    assert admission.bans(10.0) == []


def test_a_lifted_ban_is_over_with_all_that_led_to_it() -> None:
    admission = Admission()
    for n in range(TRIES_OF_ONE_SOURCE):
        admission.failed(SCANNER, f"10{n % 2}", 0.0)
    assert admission.lift(SCANNER)
    assert not admission.lift(SCANNER)
    assert admission.bans(0.0) == []
    assert admission.lets_in(REGISTER, SCANNER, 0.0)
    assert admission.may_try(SCANNER, "100", 0.0)


def test_a_ban_of_an_earlier_run_goes_on_and_the_next_one_is_longer() -> None:
    admission = Admission()
    admission.restore(BannedSource(SCANNER, 100.0, 60.0, 2, "scan"), 0.0)
    assert not admission.lets_in(REGISTER, SCANNER, 99.0)
    assert admission.lets_in(REGISTER, SCANNER, 100.0)
    assert admission.news() == []
    strike(admission, 1, now=101.0)
    [ban] = admission.news()
    assert (ban.length, ban.times) == (120.0, 3)
