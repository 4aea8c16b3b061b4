"""What who sets an office up is shown: how a trunk answers, how a first call goes, who was turned away and why.

Each finding is a code with values; the sentence for it, and what to do, stand on the page, in both languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from callcenterd.model.ids import CallId, TrunkName

Part = Literal["name", "way", "there", "account", "clock", "address", "codec"]
Verdict = Literal["good", "note", "bad", "skipped"]
FindingCode = Literal[
    "host_is_address",
    "name_found",
    "name_unknown",
    "no_way",
    "reached",
    "nobody_answers",
    "connection_refused",
    "connection_silent",
    "certificate_unknown",
    "certificate_other_name",
    "certificate_expired",
    "certificate_early",
    "no_tls_there",
    "tls_failed",
    "cannot_send",
    "says_ok",
    "says_who_are_you",
    "says_forbidden",
    "says_something",
    "says_nothing",
    "account_not_needed",
    "registered",
    "account_missing",
    "proof_unknown",
    "proof_too_late",
    "password_wrong",
    "account_forbidden",
    "account_not_found",
    "registration_silent",
    "registration_too_brief",
    "registration_trouble",
    "registration_refused",
    "realm_other",
    "clock_right",
    "clock_wrong",
    "clock_not_said",
    "address_same",
    "address_other",
    "address_not_said",
    "codec_common",
    "codec_none",
    "codec_not_said",
]
FINDING_CODES: frozenset[str] = frozenset(get_args(FindingCode))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that the test of a trunk has found. values: what the sentence of the code names."""

    part: Part
    verdict: Verdict
    code: FindingCode
    values: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkTest:
    """ok: nothing bad was found: calls may come and go."""

    trunk: TrunkName
    at: datetime
    ok: bool
    findings: tuple[Finding, ...]


TestCallState = Literal["dialling", "ringing", "answered", "over", "refused"]
TestCallCode = Literal[
    "",
    "busy",
    "no_answer",
    "no_such_number",
    "switched_off",
    "caller_refused",
    "account_refused",
    "no_codec",
    "no_channel",
    "no_reply",
    "cannot_send",
    "trouble",
    "no_sound",
]
TEST_CALL_CODES: frozenset[str] = frozenset(get_args(TestCallCode)) - {""}


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCall:
    """A call over a trunk to try it. dialled: the number as the trunk got it. status, words: as it was refused.

    heard: something came from there, so that sound comes in; code: what went wrong, "" if nothing did.
    """

    __test__ = False  # no test of ours, to pytest

    trunk: TrunkName
    number: str
    dialled: str
    at: datetime
    state: TestCallState
    code: TestCallCode = ""
    status: int = 0
    words: str = ""
    heard: bool = False


StepName = Literal["arrived", "greeted", "queued", "rang", "answered", "heard", "recorded", "kept"]
StepState = Literal["waiting", "good", "bad", "skipped"]
StepCode = Literal[
    "",
    "number_unknown",
    "flow_missing",
    "flow_failed",
    "channels_full",
    "no_greeting",
    "hung_up_early",
    "not_queued",
    "closed",
    "nobody_ready",
    "no_members",
    "not_signed_in",
    "on_break",
    "phone_away",
    "phone_unreachable",
    "not_picked_up",
    "phone_busy",
    "phone_refused",
    "no_packets",
    "only_silence",
    "recording_off",
    "recording_failed",
    "not_kept",
    "not_reached",
]
STEP_CODES: frozenset[str] = frozenset(get_args(StepCode)) - {""}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStep:
    """code: why it is red, or what it waits for; "" if nothing is to be said."""

    step: StepName
    state: StepState
    code: StepCode = ""
    values: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTry:
    """A call that came in while somebody watched for it, and how far it has come."""

    call: CallId
    at: datetime
    caller: str
    called: str
    trunk: TrunkName | None
    ended: bool
    steps: tuple[CallStep, ...]


TurnedAwayWhy = Literal[
    "not_a_trunk", "unknown_user", "wrong_password", "no_password", "too_many_tries", "other_name", "too_much"
]
TURNED_AWAY: frozenset[str] = frozenset(get_args(TurnedAwayWhy))


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedAway:
    """Who wanted in by SIP and was refused. user: the name that was given; called: the number wanted, of a call.
    times: so often alike; at: the last time."""

    at: datetime
    source: str
    transport: str
    method: str
    user: str
    called: str
    why: TurnedAwayWhy
    times: int
