"""Faults that other systems have or had, and the tests that would fail if we had them.

Each line: where it was reported, what hurt there in our own words, and our tests. Threads are reports, some of them
never confirmed; they say where people are hurt. Every test that is named here must exist, or this one fails.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]

FAULTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    # ---- state that is kept goes stale ------------------------------------------------------------------
    (
        "OpenSIPS#3123",
        "an agent is stuck in a call when its BYE is lost",
        (
            "switchboard/test_faults_elsewhere.py::test_n59_opensips_3123_an_agent_whose_phone_vanishes_in_a_call_is_not_stuck_in_it",
            "switchboard/test_faults_elsewhere.py::test_n59_a_phone_that_vanishes_while_it_holds_leaves_nobody_with_music_for_ever",
            "sip/test_session_timer.py::test_a_trunk_that_promised_to_refresh_and_does_not_is_hung_up",
            "sip/test_session_timer.py::test_a_trunk_that_has_gone_ends_the_call_when_the_refresh_is_not_answered",
        ),
    ),
    (
        "freeswitch#2540",
        "agents stay reserved when all were rung and one has answered",
        (
            "acd/test_router.py::test_ring_all_rings_all_and_the_first_to_answer_has_it",
            "acd/test_routing_rules.py::test_who_takes_a_call_that_rings_elsewhere_has_it_as_if_offered_and_nobody_has_a_miss",
        ),
    ),
    (
        "fusionpbx#2831",
        "calls are offered to a dead phone",
        (
            "acd/test_router.py::test_a_phone_that_never_says_that_it_rings_is_unreachable_after_some_grace",
            "switchboard/test_faults_elsewhere.py::test_n59_a_phone_that_vanishes_in_wrap_up_is_offered_nothing_after_it",
        ),
    ),
    (
        "freeswitch#2529",
        "an agent answers a caller who is gone; and has a miss or a wrap-up for it",
        (
            "switchboard/test_faults_elsewhere.py::test_freeswitch_2529_no_agent_answers_a_caller_who_is_gone",
            "sip/test_outgoing.py::test_an_answer_that_crosses_our_cancel_is_acknowledged_and_ended",
            "acd/test_router.py::test_an_answer_that_comes_too_late_is_taken_back_and_costs_nothing",
            "acd/test_router.py::test_a_caller_who_leaves_takes_every_ringing_phone_along",
        ),
    ),
    (
        "found here",
        "an agent whose phone is in a call twice, or is handed on by the caller, counts as free",
        (
            "switchboard/test_faults_elsewhere.py::test_an_agent_whose_phone_is_on_both_sides_of_a_call_is_busy_until_both_are_over",
            "switchboard/test_faults_elsewhere.py::test_an_agent_whom_a_colleague_hands_on_into_a_flow_is_offered_no_call_while_in_it",
            "switchboard/test_faults_elsewhere.py::test_an_agent_of_a_queue_whom_the_caller_hands_on_wraps_up_only_when_that_is_over",
        ),
    ),
    # ---- timers and order by queue ----------------------------------------------------------------------
    (
        "asterisk#1006",
        "the wrap-up ends early where an agent serves several queues",
        ("acd/test_router.py::test_wrap_up_is_the_agents_in_every_queue_and_ends_by_itself",),
    ),
    (
        "asterisk#1561, #1691",
        "a full queue without agents holds up the others",
        (
            "acd/test_router.py::test_a_caller_whom_nobody_can_serve_does_not_block_the_next_one",
            "acd/test_router.py::test_a_heavy_queue_without_agents_takes_no_agent_and_no_turn_from_the_others",
            "acd/test_routing_rules.py::test_the_watch_finds_a_caller_beside_a_free_agent_only_where_the_matcher_failed",
        ),
    ),
    (
        "freeswitch#2511",
        "callers are served in an order that nobody can explain",
        (
            "acd/test_router.py::test_callers_are_served_by_priority_then_by_entry_then_by_id",
            "acd/test_router.py::test_one_order_holds_across_queues",
            "acd/test_router.py::test_every_offer_says_why",
        ),
    ),
    # ---- callbacks as things of their own ---------------------------------------------------------------
    (
        "FreePBX#621",
        "who is called back overtakes who waits on the line",
        (
            "switchboard/test_callbacks.py::test_a_later_wish_does_not_overtake_who_waits_on_the_line",
            "acd/test_routing_rules.py::test_who_is_to_be_called_back_keeps_the_place_and_an_agent_while_it_rings",
        ),
    ),
    (
        "FreePBX#525",
        "one number is called back twice",
        (
            "switchboard/test_callbacks.py::test_the_same_number_twice_is_one_wish",
            "switchboard/test_callbacks.py::test_who_calls_again_while_being_called_is_not_rung_any_more",
        ),
    ),
    # ---- recordings by channel, history by leg ----------------------------------------------------------
    (
        "mikopbx#1125, FreePBX#124",
        "what is said after a transfer is not recorded",
        (
            "switchboard/test_transfer.py::test_a_blind_transfer_to_a_colleague_moves_the_call_its_customer_and_its_recording",
            "switchboard/test_faults_elsewhere.py::test_mikopbx_1084_a_transfer_counts_no_second_of_talk_twice_and_cuts_no_recording",
        ),
    ),
    (
        "mikopbx#1084",
        "a transfer counts talk twice",
        (
            "switchboard/test_faults_elsewhere.py::test_mikopbx_1084_a_transfer_counts_no_second_of_talk_twice_and_cuts_no_recording",
        ),
    ),
    (
        "FreePBX#947",
        "phones that only rang leave empty recordings",
        (
            "switchboard/test_faults_elsewhere.py::test_freepbx_947_phones_that_ring_and_do_not_take_the_call_leave_no_recording",
        ),
    ),
    (
        "several",
        "a conversation is not in its recording as a whole, or a file lies there that nobody owns, and nobody notices",
        (
            "switchboard/test_coverage.py::test_a_recording_that_is_shorter_than_its_conversation_is_told_for_an_hour_and_counted",
            "switchboard/test_coverage.py::test_a_recording_that_ends_in_the_midst_of_its_conversation_lacks_the_rest",
            "switchboard/test_coverage.py::test_files_without_an_owner_and_owners_without_a_file_are_found",
        ),
    ),
    # ---- more -------------------------------------------------------------------------------------------
    (
        "freeswitch#1148",
        "an announcement goes on after the agent has answered",
        (
            "switchboard/test_waiting.py::test_an_answer_cuts_the_announcement_and_no_music_comes_back",
            "switchboard/test_waiting.py::test_an_answer_while_the_words_are_still_being_made_is_not_spoken_over",
        ),
    ),
    (
        "asterisk#1557",
        "where all ring the others stop before the call is taken, and show it as missed",
        (
            "switchboard/test_faults_elsewhere.py::test_asterisk_1557_where_all_ring_the_others_ring_on_until_one_has_taken_the_call",
            "switchboard/test_queue_call.py::test_all_phones_ring_and_the_first_to_answer_has_the_call",
            "sip/test_outgoing.py::test_the_winner_is_acknowledged_before_the_others_stop_ringing",
            "sip/test_outgoing.py::test_a_hang_up_while_it_rings_cancels_with_its_reason",
        ),
    ),
    (
        "FreePBX#816, amazon-connect-streams#613",
        "a missed call puts an agent on break who is not told why, or never comes back",
        (
            "acd/test_routing_rules.py::test_so_many_misses_in_a_row_put_an_agent_on_break_and_it_ends_by_itself",
            "acd/test_routing_rules.py::test_no_miss_puts_anybody_on_break_where_that_is_the_rule",
            "switchboard/test_queue_call.py::test_no_answer_rings_the_next_agent_and_puts_the_first_on_break",
        ),
    ),
    (
        "mikopbx#1043",
        "a declined call is offered to the same agent again at once",
        (
            "acd/test_router.py::test_a_declined_call_is_not_offered_again_at_once_to_the_same_agent",
            "switchboard/test_faults_elsewhere.py::test_freepbx_40_the_phone_shows_who_calls_also_when_it_rings_again_after_declining",
        ),
    ),
    (
        "FreePBX#40",
        "the agent's phone does not show who calls",
        (
            "switchboard/test_faults_elsewhere.py::test_freepbx_40_the_phone_shows_who_calls_also_when_it_rings_again_after_declining",
        ),
    ),
    (
        "NethServer#7531",
        "the customer's page opens twice, or not at all",
        (
            "switchboard/test_queue_call.py::test_the_pop_names_the_customer_and_comes_once_while_the_phone_rings",
            "switchboard/test_queue_call.py::test_a_phone_that_answers_without_ringing_pops_as_well",
        ),
    ),
    (
        "zammad#4872, #5128",
        "a caller is taken for somebody else, because numbers are compared by their ends",
        (
            "store/test_customers.py::test_a_caller_is_known_however_the_number_is_written",
            "store/test_customers.py::test_a_caller_is_never_guessed",
            "model/test_numbers.py::test_one_line_has_one_text_however_it_is_written",
        ),
    ),
    (
        "chatwoot#14009, osTicket#1168",
        "hours have one span a day, and know no holidays or zones",
        (
            "acd/test_hours.py::test_what_holds",
            "acd/test_hours.py::test_clock_changes",
            "acd/test_holidays.py::test_the_year_2026_of_china",
        ),
    ),
    (
        "several",
        "a key comes twice, by RFC 4733, INFO or as sound",
        (
            "media/test_dtmf.py::test_a_key_that_comes_by_event_and_info_and_as_sound_is_one_key",
            "media/test_dtmf.py::test_the_same_key_twice_by_two_ways_each_is_two_keys",
            "media/test_engine.py::test_a_key_by_event_and_by_info_is_told_once",
            "media/test_dtmf.py::test_lost_doubled_and_swapped_packets_change_no_keys",
        ),
    ),
    (
        "several",
        "keys of the customer hand calls on or stop their recording",
        ("switchboard/test_faults_elsewhere.py::test_no_key_of_the_far_side_hands_on_parks_or_records_a_call",),
    ),
    # ---- figures ----------------------------------------------------------------------------------------
    (
        "several",
        "visits of a queue without an outcome, or with two; seconds of agents in no state, or in two",
        (
            "acd/test_day.py::test_every_visit_of_a_queue_has_exactly_one_outcome",
            "acd/test_day.py::test_the_seconds_of_all_states_are_the_seconds_signed_in",
            "switchboard/test_any_order.py::test_whatever_happens_in_whatever_order_nothing_is_left_over",
        ),
    ),
    (
        "several",
        "who was cut off while waiting counts as served, and begins at the end of the line",
        (
            "switchboard/test_faults_elsewhere.py::test_n59_a_caller_who_vanishes_in_the_queue_is_gone_and_costs_no_agent_anything",
            "switchboard/test_faults_elsewhere.py::test_whose_line_was_lost_while_waiting_has_the_old_place_on_ringing_again",
            "switchboard/test_waiting.py::test_who_was_cut_off_and_rings_again_has_the_old_place_and_is_told_so",
            "store/test_cut_off.py::test_who_waited_at_a_crash_and_who_was_cut_off_before_it",
        ),
    ),
)


@pytest.mark.parametrize(
    ("where", "tests"), [(where, tests) for where, _, tests in FAULTS], ids=[f"{w}: {f}" for w, f, _ in FAULTS]
)
def test_there_is_a_test_of(where: str, tests: tuple[str, ...]) -> None:
    assert tests, where
    for node in tests:
        file, _, name = node.partition("::")
        text = (HERE / file).read_text(encoding="utf-8")
        assert re.search(rf"^(async )?def {re.escape(name)}\(", text, re.MULTILINE), f"{where}: {node} is gone"
        before = text[: text.index(f"def {name}(")].rsplit("\n\n\n", 1)[-1]
        assert "skip" not in before, f"{node} is skipped"
        assert "xfail" not in before, f"{node} fails"
