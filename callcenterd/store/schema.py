"""The tables. What changes here needs a migration: a test compares the two.

Tables of the business rooms are in `tables/`, a file a subject.
"""

from __future__ import annotations

import sqlalchemy as sa

import callcenterd.store.tables  # noqa: F401  # they hang on the same metadata
from callcenterd.store.columns import (
    JSON,
    Number,
    Plain,
    Utc,
    key,
    metadata,
    newest_first,
    storable,
    text,
)

__all__ = ["Utc", "metadata", "storable"]

# ---- customers ----------------------------------------------------------------------------------------------

customers = sa.Table(
    "customers",
    metadata,
    key(),
    text("name"),
    text("card"),
    text("sex"),
    text("company"),
    text("address"),
    text("email"),
    text("level"),
    text("note"),
    text("words"),  # what a search looks through: `customers.words_of`
    sa.Column("created_at", Utc, nullable=False),
    text("created_by"),
    sa.Column("changed_at", Utc, nullable=False),
    text("changed_by"),
    text("identity"),
    text("background"),
    text("owner"),
    text("team"),
    sa.Column("gifts_by_mail", sa.Boolean),  # NULL: not asked yet
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    # In the recycle bin: nobody finds them. Merged into another: whoever asks for this one gets that one.
    sa.Column("removed_at", Utc),
    text("removed_by"),
    text("removed_why"),
    sa.Column("erased", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("merged_into", Number),
    *(
        column
        for name in ("no_sms", "no_email")
        for column in (
            sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false()),
            sa.Column(f"{name}_at", Utc),
            text(f"{name}_by"),
        )
    ),
    *(
        sa.Index(
            f"ix_customers_{name}",
            name,
            sqlite_where=sa.text(f"{name} IS NOT NULL"),
            postgresql_where=sa.text(f"{name} IS NOT NULL"),
        )
        for name in ("removed_at", "merged_into")
    ),
    sa.Index("ix_customers_name_company", "name", "company"),  # who may be one and the same
    # By these a customer is known again when a file brings them.
    sa.Index("ix_customers_card", "card"),
    sa.Index("ix_customers_email", "email"),
    # Whether somebody of that address wants no e-mail, however it is written: looked for among those who want none.
    sa.Index(
        "ix_customers_no_email", "email", sqlite_where=sa.text("no_email = 1"), postgresql_where=sa.text("no_email")
    ),
    # Grouped by, and whose they are; who lies in the recycle bin is told by the index as well.
    *(sa.Index(f"ix_customers_{name}", name, "removed_at") for name in ("level", "owner", "team", "created_by")),
    sqlite_autoincrement=True,
)

phones = sa.Table(
    "phones",
    metadata,
    sa.Column("customer_id", Number, sa.ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("written", Plain, nullable=False),
    sa.Column("number", Plain, nullable=False),  # `numbers.normalise`: what a caller's number is compared with
    sa.Column("digits", Plain, nullable=False),  # as written and normalised, digits only: for a part of a number
    sa.Index("ix_phones_number", "number", "customer_id"),
)

# What a customer has several of. Beside the card, so that everybody with one of them is found by an index.
customer_choices = sa.Table(
    "customer_choices",
    metadata,
    sa.Column("customer_id", Number, sa.ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("dictionary", Plain, primary_key=True),
    sa.Column("code", Plain, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Index("ix_customer_choices_code", "dictionary", "code", "customer_id"),
)

dictionary_values = sa.Table(
    "dictionary_values",
    metadata,
    sa.Column("dictionary", Plain, primary_key=True),
    sa.Column("code", Plain, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("chinese", Plain, nullable=False),
    sa.Column("english", Plain, nullable=False),
    sa.Column("retired", sa.Boolean, nullable=False, server_default=sa.false()),
)

# Their numbers are digits. What their accounts hold is the sum of postings.
cards = sa.Table(
    "cards",
    metadata,
    key(),
    sa.Column("number", Plain, nullable=False, unique=True),
    sa.Column("customer_id", Number, sa.ForeignKey("customers.id"), nullable=False),
    text("pin_hash"),
    sa.Column("currency", Plain, nullable=False),
    sa.Column("blocked", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("valid_until", sa.Date),
    sa.Column("overdraft", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("created_at", Utc, nullable=False),
    text("created_by"),
    sa.Index("ix_cards_customer_id", "customer_id"),
    sqlite_autoincrement=True,
)

# By the number that was keyed, whether there is such a card or not: who tries numbers sees no difference.
card_tries = sa.Table(
    "card_tries",
    metadata,
    sa.Column("number", Plain, primary_key=True),
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("locks", sa.Integer, nullable=False),
    sa.Column("locked_until", Utc),
    sa.Column("at", Utc, nullable=False),
    sa.Index("ix_card_tries_at", "at"),
)

# Triggers (migration 0025) let nobody change or remove one.
postings = sa.Table(
    "postings",
    metadata,
    key(),
    sa.Column("card_id", Number, sa.ForeignKey("cards.id"), nullable=False),
    sa.Column("ledger", Plain, nullable=False),
    sa.Column("kind", Plain, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    text("reason"),
    text("reference"),
    sa.Column("key", Plain),
    sa.Column("reverses", Number, sa.ForeignKey("postings.id"), unique=True),
    sa.UniqueConstraint("card_id", "key"),
    sa.Index("ix_postings_card_id", "card_id", "ledger", "id"),
    sqlite_autoincrement=True,
)

# ---- calls --------------------------------------------------------------------------------------------------

calls = sa.Table(
    "calls",
    metadata,
    sa.Column("id", Plain, primary_key=True),
    sa.Column("direction", Plain, nullable=False),
    sa.Column("caller", Plain, nullable=False),
    sa.Column("called", Plain, nullable=False),
    sa.Column("started_at", Utc, nullable=False),
    text("caller_name"),
    sa.Column("trunk", Plain),
    sa.Column("flow", Plain),
    sa.Column("queue", Plain),
    sa.Column("agent", Plain),
    sa.Column("extension", Plain),
    sa.Column("queued_at", Utc),
    sa.Column("answered_at", Utc),
    sa.Column("ended_at", Utc),
    sa.Column("wait_seconds", sa.Float),
    sa.Column("talk_seconds", sa.Float),
    sa.Column("outcome", Plain),
    sa.Column("ended_by", Plain),
    text("cause"),
    sa.Column("recording_id", Plain),  # the last one; the row of the recording comes at the same time
    sa.Column("customer_id", Number, sa.ForeignKey("customers.id", ondelete="SET NULL")),
    text("note"),
    text("keys"),
    text("caller_line"),  # the caller's number normalised: one text for one line
    text("called_line"),
    text("words"),  # what a search looks through: `calls.words_of`
    sa.Column("heartbeat_at", Utc),
    sa.Column("mos", sa.Float),
    text("disposition"),
    sa.Column("known", JSON, nullable=False, server_default="{}"),
    newest_first("calls", ("started_at", "id")),
    *(
        newest_first("calls", (column, "started_at", "id"))
        for column in (
            "caller_line",
            "called_line",
            "queue",
            "agent",
            "outcome",
            "direction",
            "customer_id",
            "disposition",
        )
    ),
    newest_first("calls", ("mos",)),
    # What is open at a start is found without reading years of history.
    sa.Index(
        "ix_calls_open",
        "id",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    ),
)

story = sa.Table(
    "story",
    metadata,
    key(),
    sa.Column("call_id", Plain, sa.ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("kind", Plain, nullable=False),
    sa.Column("details", JSON, nullable=False),
    sa.Index("ix_story_call_id", "call_id", "id"),
)

survey_answers = sa.Table(
    "survey_answers",
    metadata,
    key(),
    sa.Column("call_id", Plain, sa.ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("question", Plain, nullable=False),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("most", sa.Integer, nullable=False),
    sa.Column("agent", Plain),
    sa.Column("queue", Plain),
    sa.Index("ix_survey_answers_call_id", "call_id"),
    sa.Index("ix_survey_answers_at", "at"),
    sqlite_autoincrement=True,
)

# Agents whose phone rang for the call or was in it, and queues that it was in beside the one in its row.
call_parties = sa.Table(
    "call_parties",
    metadata,
    sa.Column("call_id", Plain, sa.ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("kind", Plain, primary_key=True),
    sa.Column("name", Plain, primary_key=True),
    sa.Index("ix_call_parties_name", "kind", "name", "call_id"),
)

leg_sounds = sa.Table(
    "leg_sounds",
    metadata,
    sa.Column("call_id", Plain, sa.ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("leg", Number, primary_key=True, autoincrement=False),
    sa.Column("side", Plain, nullable=False),
    text("number"),
    sa.Column("extension", Plain),
    sa.Column("trunk", Plain),
    sa.Column("codec", Plain, nullable=False),
    *(
        sa.Column(name, sa.BigInteger, nullable=False)
        for name in ("received", "lost", "late", "duplicates", "concealed", "strangers", "junk", "sent")
    ),
    sa.Column("jitter_ms", sa.Float, nullable=False),
    sa.Column("jitter_ms_max", sa.Float, nullable=False),
    sa.Column("lost_there", sa.BigInteger),
    *(sa.Column(name, sa.Float) for name in ("jitter_there_ms", "round_trip_ms", "mos", "mos_there")),
    *(
        sa.Column(f"{name}_seconds", sa.Float, nullable=False)
        for name in ("together", "talk", "over_talk", "quiet", "longest_quiet")
    ),
)

recordings = sa.Table(
    "recordings",
    metadata,
    sa.Column("id", Plain, primary_key=True),
    sa.Column("call_id", Plain, sa.ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    sa.Column("path", Plain, nullable=False),
    sa.Column("started_at", Utc, nullable=False),
    sa.Column("finished_at", Utc),
    sa.Column("seconds", sa.Float),
    sa.Column("octets", sa.BigInteger),
    sa.Column("sha256", Plain),
    sa.Column("complete", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("format", Plain, nullable=False, server_default="wav"),
    sa.Column("finishing", Plain, nullable=False, server_default="done"),  # of a release that finished none
    sa.Column("original_path", Plain),
    sa.Column("original_octets", sa.BigInteger),
    sa.Column("original_sha256", Plain),
    sa.Column("removed_at", Utc),
    text("removed_by"),
    text("removed_why"),
    sa.Index("ix_recordings_call_id", "call_id"),
    sa.Index(
        "ix_recordings_unfinished",
        "started_at",
        sqlite_where=sa.text("finishing IN ('waiting', 'kept')"),
        postgresql_where=sa.text("finishing IN ('waiting', 'kept')"),
    ),
    sa.Index(
        "ix_recordings_removed",
        "id",
        sqlite_where=sa.text("removed_at IS NOT NULL AND path <> ''"),
        postgresql_where=sa.text("removed_at IS NOT NULL AND path <> ''"),
    ),
    sa.Index(
        "ix_recordings_open",
        "id",
        sqlite_where=sa.text("octets IS NULL"),
        postgresql_where=sa.text("octets IS NULL"),
    ),
)

voicemail = sa.Table(
    "voicemail",
    metadata,
    key(),
    sa.Column("call_id", Plain, sa.ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    sa.Column("queue", Plain),
    sa.Column("recording_id", Plain, sa.ForeignKey("recordings.id", ondelete="CASCADE"), nullable=False),
    sa.Column("caller", Plain, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("done", sa.Boolean, nullable=False, server_default=sa.false()),
    text("done_by"),
    sa.Column("done_at", Utc),
    sa.Column("agent", Plain),
    sa.Column("extension", Plain),
    sa.Column("seconds", sa.Float),
    text("heard_by"),
    sa.Column("heard_at", Utc),
    text("assigned_to"),
    text("assigned_by"),
    sa.Column("assigned_at", Utc),
    text("note"),
    sa.Index("ix_voicemail_queue", "queue", "at"),
    sa.Index("ix_voicemail_at", "at"),
    sa.Index("ix_voicemail_call_id", "call_id"),
    sqlite_autoincrement=True,
)

outbox = sa.Table(
    "outbox",
    metadata,
    key(),
    sa.Column("address", Plain, nullable=False),
    sa.Column("voicemail_id", Number, sa.ForeignKey("voicemail.id", ondelete="CASCADE")),
    sa.Column("key", Plain, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("state", Plain, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_at", Utc),
    sa.Column("sent_at", Utc),
    text("why"),
    sa.Column("duty_id", Number, sa.ForeignKey("duties.id")),
    text("subject"),
    text("text"),
    sa.Column("message_id", Number, sa.ForeignKey("customer_messages.id")),
    sa.Index("ix_outbox_message_id", "message_id"),
    sa.Index("ix_outbox_state", "state", "next_at"),
    sqlite_autoincrement=True,
)

voicemail_begun = sa.Table(
    "voicemail_begun",
    metadata,
    sa.Column("recording_id", Plain, sa.ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("call_id", Plain, sa.ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    sa.Column("queue", Plain),
    sa.Column("agent", Plain),
    sa.Column("extension", Plain),
    sa.Column("caller", Plain, nullable=False),
    sa.Column("at", Utc, nullable=False),
)

callbacks = sa.Table(
    "callbacks",
    metadata,
    key(),
    sa.Column("call_id", Plain, sa.ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    sa.Column("queue", Plain),
    sa.Column("number", Plain, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("state", Plain, nullable=False),
    text("done_by"),
    sa.Column("changed_at", Utc),
    sa.Column("place_at", Utc),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_at", Utc),
    text("result"),
    sa.Column("line", Plain, nullable=False, server_default=""),
    text("assigned_to"),
    text("assigned_by"),
    sa.Column("assigned_at", Utc),
    text("note"),
    sa.Index("ix_callbacks_state", "state", "at"),
    sa.Index("ix_callbacks_at", "at"),
    sa.Index("ix_callbacks_call_id", "call_id"),
    sqlite_autoincrement=True,
)

callback_tries = sa.Table(
    "callback_tries",
    metadata,
    key(),
    sa.Column("callback_id", Number, sa.ForeignKey("callbacks.id", ondelete="CASCADE"), nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("number", Plain, nullable=False),
    sa.Column("result", Plain, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Column("call_id", Plain),
    text("agent"),
    sa.Column("status", sa.Integer, nullable=False, server_default="0"),
    sa.Column("cause", sa.Integer, nullable=False, server_default="0"),
    text("words"),
    sa.Index("ix_callback_tries_callback", "callback_id"),
    sa.Index("ix_callback_tries_call", "call_id"),
    sqlite_autoincrement=True,
)

# ---- agents -------------------------------------------------------------------------------------------------

agent_states = sa.Table(
    "agent_states",
    metadata,
    key(),
    sa.Column("at", Utc, nullable=False),
    sa.Column("agent", Plain, nullable=False),
    sa.Column("state", Plain, nullable=False),
    text("reason"),
    sa.Index("ix_agent_states_agent_at", "agent", "at"),
    sa.Index("ix_agent_states_at", "at"),
)

alive = sa.Table(
    "alive",
    metadata,
    sa.Column("id", Plain, primary_key=True),  # one row
    sa.Column("at", Utc, nullable=False),
)

agents_wanted = sa.Table(
    "agents_wanted",
    metadata,
    sa.Column("agent", Plain, primary_key=True),
    sa.Column("state", Plain, nullable=False),
    text("reason"),
    sa.Column("extension", Plain),
)

# ---- the site -----------------------------------------------------------------------------------------------

site = sa.Table(
    "site",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),  # one row, 1
    sa.Column("revision", Number, nullable=False),
)


def _position() -> sa.Column[int]:
    """The place in its list. Order means something in a site file: the first outbound rule that fits is used."""
    return sa.Column("position", sa.Integer, nullable=False)


trunks = sa.Table(
    "trunks",
    metadata,
    sa.Column("name", Plain, primary_key=True),
    _position(),
    sa.Column("host", Plain, nullable=False),
    sa.Column("port", sa.Integer, nullable=False),
    text("username"),
    text("password"),
    sa.Column("register", sa.Boolean, nullable=False),
    sa.Column("allow", JSON, nullable=False),
    sa.Column("in_strip", sa.Integer, nullable=False, server_default="0"),
    text("in_prepend"),
    sa.Column("out_form", Plain, nullable=False, server_default="dialled"),
    sa.Column("out_strip", sa.Integer, nullable=False, server_default="0"),
    text("out_prepend"),
    text("caller"),
    sa.Column("caller_id", Plain, nullable=False, server_default="from"),
    sa.Column("codecs", JSON, nullable=False, server_default='["PCMA","PCMU"]'),
    sa.Column("options", sa.Integer, nullable=False, server_default="30"),
    sa.Column("channels", sa.Integer, nullable=False, server_default="0"),
    sa.Column("transport", Plain, nullable=False, server_default="udp"),
    sa.Column("encryption", Plain, nullable=False, server_default="off"),
)

numbers = sa.Table(
    "numbers",
    metadata,
    sa.Column("match", Plain, primary_key=True),
    _position(),
    sa.Column("flow", Plain, nullable=False),
)

outbound = sa.Table(
    "outbound",
    metadata,
    sa.Column("match", Plain, primary_key=True),
    _position(),
    sa.Column("trunks", JSON, nullable=False),
    sa.Column("strip", sa.Integer, nullable=False),
    text("prepend"),
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("login", Plain, primary_key=True),
    _position(),
    sa.Column("name", Plain, nullable=False),
    sa.Column("role", Plain, nullable=False),
    text("password_hash"),
    sa.Column("extension", Plain),
    sa.Column("language", Plain, nullable=False),
    sa.Column("record", Plain, nullable=False, server_default="queue"),
    sa.Column("skills", JSON, nullable=False, server_default="{}"),
    text("pin_hash"),
    sa.Column("in_directory", sa.Boolean, nullable=False, server_default=sa.true()),
    text("own_role"),
)

extensions = sa.Table(
    "extensions",
    metadata,
    sa.Column("number", Plain, primary_key=True),
    _position(),
    text("password"),
    text("contact"),
    sa.Column("auto_answer", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("codecs", JSON, nullable=False, server_default='["PCMA","PCMU","G722","opus"]'),
    sa.Column("encryption", Plain, nullable=False, server_default="allowed"),
)

queues = sa.Table(
    "queues",
    metadata,
    sa.Column("name", Plain, primary_key=True),
    _position(),
    text("title"),
    sa.Column("strategy", Plain, nullable=False),
    sa.Column("members", JSON, nullable=False),
    sa.Column("wrap_up", sa.Float, nullable=False),
    sa.Column("ring", sa.Float, nullable=False),
    sa.Column("service_level", sa.Float, nullable=False),
    sa.Column("max_wait", sa.Float, nullable=False),
    sa.Column("record", sa.Boolean, nullable=False),
    text("music"),
    sa.Column("announce_recording", Plain, nullable=False, server_default="none"),
    sa.Column("recording_beep", sa.Float, nullable=False, server_default="0"),
    sa.Column("skills", JSON, nullable=False, server_default="{}"),
    sa.Column("ranks", JSON, nullable=False, server_default="{}"),
    sa.Column("weights", JSON, nullable=False, server_default="{}"),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("level_priority", JSON, nullable=False, server_default="{}"),
    sa.Column("ageing", sa.Float, nullable=False, server_default="0"),
    sa.Column("sticky", Plain, nullable=False, server_default="off"),
    sa.Column("sticky_wait", sa.Float, nullable=False, server_default="0"),
    sa.Column("retry", sa.Float, nullable=False, server_default="10"),
    sa.Column("misses", sa.Integer, nullable=False, server_default="1"),
    sa.Column("miss_return", sa.Float, nullable=False, server_default="0"),
    sa.Column("most_waiting", sa.Integer, nullable=False, server_default="0"),
    sa.Column("callback_first", Plain, nullable=False, server_default="customer"),
    sa.Column("callback_ring", sa.Float, nullable=False, server_default="30"),
    sa.Column("callback_retries", JSON, nullable=False, server_default="[300, 1800]"),
    sa.Column("disposition_required", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("announce_position", Plain, nullable=False, server_default="off"),
    sa.Column("announce_wait", Plain, nullable=False, server_default="off"),
    sa.Column("announce_first", sa.Float, nullable=False, server_default="15"),
    sa.Column("announce_every", sa.Float, nullable=False, server_default="60"),
    sa.Column("announce_most", sa.Integer, nullable=False, server_default="10"),
    sa.Column("comfort", JSON, nullable=False, server_default="[]"),
    sa.Column("exits", JSON, nullable=False, server_default="{}"),
    sa.Column("place_back", sa.Float, nullable=False, server_default="5"),
    text("callback_hours"),
    text("calendar"),
    sa.Column("at_closing", Plain, nullable=False, server_default="keep"),
    sa.Column("callback_machine", Plain, nullable=False, server_default="hang_up"),
)

calendars = sa.Table(
    "calendars",
    metadata,
    sa.Column("name", Plain, primary_key=True),
    _position(),
    text("title"),
    text("zone"),
    sa.Column("hours", JSON, nullable=False),
    sa.Column("holidays", JSON, nullable=False),
    sa.Column("make_up", JSON, nullable=False),
)

teams = sa.Table(
    "teams",
    metadata,
    sa.Column("name", Plain, primary_key=True),
    _position(),
    text("title"),
    sa.Column("members", JSON, nullable=False),
    sa.Column("leaders", JSON, nullable=False),
    text("department"),
)

breaks = sa.Table(
    "breaks",
    metadata,
    sa.Column("name", Plain, primary_key=True),
    _position(),
    text("title"),
    sa.Column("limit", sa.Float, nullable=False),
    sa.Column("per_day", sa.Float, nullable=False),
)

dispositions = sa.Table(
    "dispositions",
    metadata,
    sa.Column("code", Plain, primary_key=True),
    _position(),
    text("title"),
    sa.Column("queues", JSON, nullable=False),
    text("callback"),
)

modules = sa.Table(
    "modules",
    metadata,
    sa.Column("name", Plain, primary_key=True),
    _position(),
    sa.Column("on", sa.Boolean, nullable=False),
)

forwarding = sa.Table(
    "forwarding",
    metadata,
    sa.Column("extension", Plain, primary_key=True),
    sa.Column("do_not_disturb", sa.Boolean, nullable=False),
    text("always"),
    text("busy"),
    text("no_answer"),
    sa.Column("ring", sa.Float, nullable=False),
)

mailboxes = sa.Table(
    "mailboxes",
    metadata,
    sa.Column("box", Plain, primary_key=True),
    _position(),
    text("greeting"),
    sa.Column("longest", sa.Float, nullable=False),
    sa.Column("shortest", sa.Float, nullable=False),
    sa.Column("silence", sa.Float, nullable=False),
    sa.Column("most", sa.Integer, nullable=False),
    sa.Column("mail", JSON, nullable=False),
)

limits = sa.Table(
    "limits",
    metadata,
    sa.Column("who", Plain, primary_key=True),
    _position(),
    sa.Column("calls", sa.Integer, nullable=False),
    sa.Column("per_minute", sa.Integer, nullable=False),
    sa.Column("per_hour", sa.Integer, nullable=False),
    sa.Column("forbid", JSON, nullable=False),
    sa.Column("permit", JSON, nullable=False),
    sa.Column("international", sa.Boolean, nullable=False),
    sa.Column("premium", sa.Boolean, nullable=False),
    text("night"),
    sa.Column("longest", sa.Float, nullable=False),
)

do_not_call = sa.Table(
    "do_not_call",
    metadata,
    sa.Column("line", Plain, primary_key=True),
    sa.Column("number", Plain, nullable=False),
    text("why"),
    sa.Column("by", Plain, nullable=False),
    sa.Column("at", Utc, nullable=False),
)

flow_drafts = sa.Table(
    "flow_drafts",
    metadata,
    sa.Column("flow", Plain, primary_key=True),
    sa.Column("text", Plain, nullable=False),
    sa.Column("base", Plain, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Column("at", Utc, nullable=False),
)

flow_versions = sa.Table(
    "flow_versions",
    metadata,
    sa.Column("flow", Plain, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Column("how", Plain, nullable=False),
    sa.Column("note", Plain, nullable=False),
    sa.Column("checksum", Plain, nullable=False),
    sa.Column("of", sa.Integer),
    sa.Column("text", Plain, nullable=False),
)

flow_places = sa.Table(
    "flow_places",
    metadata,
    sa.Column("flow", Plain, primary_key=True),
    sa.Column("places", JSON, nullable=False),
)

bans = sa.Table(
    "bans",
    metadata,
    sa.Column("address", Plain, primary_key=True),
    sa.Column("since", Utc, nullable=False),
    sa.Column("until", Utc, nullable=False),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("why", Plain, nullable=False),
)

devices = sa.Table(
    "devices",
    metadata,
    key(),
    sa.Column("mac", Plain, nullable=False, unique=True),
    sa.Column("vendor", Plain, nullable=False),
    sa.Column("extension", Plain, sa.ForeignKey("extensions.number", ondelete="CASCADE"), nullable=False),
    sa.Column("token", Plain, nullable=False, unique=True),  # its SHA-256, as of sessions
    sa.Column("created_at", Utc, nullable=False),
    text("created_by"),
    sa.Column("fetched_at", Utc),
    text("fetched_from"),
    text("fetched_by"),
    sa.Column("fetches", sa.Integer, nullable=False, server_default="0"),
    sa.Index("ix_devices_extension", "extension"),
    sqlite_autoincrement=True,
)

# ---- campaigns ----------------------------------------------------------------------------------------------

campaigns = sa.Table(
    "campaigns",
    metadata,
    key(),
    sa.Column("name", Plain, nullable=False, unique=True),
    sa.Column("state", Plain, nullable=False),
    sa.Column("plan", JSON, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("created_by", Plain, nullable=False),
    sa.Column("changed_at", Utc, nullable=False),
    sa.Column("changed_by", Plain, nullable=False),
    sa.Column("version", Number, nullable=False, server_default="1"),
    sqlite_autoincrement=True,
)

campaign_entries = sa.Table(
    "campaign_entries",
    metadata,
    key(),
    sa.Column("campaign_id", Number, sa.ForeignKey("campaigns.id", ondelete="CASCADE"), nullable=False),
    sa.Column("line", Plain, nullable=False),  # the number normalised: one text for one line
    sa.Column("number", Plain, nullable=False),
    text("name"),
    sa.Column("customer_id", Number, sa.ForeignKey("customers.id", ondelete="SET NULL")),
    sa.Column("fields", JSON, nullable=False),
    sa.Column("turn", sa.Integer, nullable=False),  # minus the priority, so that an index has the order
    sa.Column("state", Plain, nullable=False),
    text("result"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("due", Utc, nullable=False),
    sa.Column("agreed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("call_id", Plain),
    sa.Column("changed_at", Utc, nullable=False),
    text("changed_by"),
    sa.Index("uq_campaign_entries_line", "campaign_id", "line", unique=True),
    sa.Index("ix_campaign_entries_next", "campaign_id", "state", "agreed", "turn", "attempts", "due", "id"),
    sa.Index("ix_campaign_entries_customer_id", "customer_id"),
    sqlite_autoincrement=True,
)

campaign_attempts = sa.Table(
    "campaign_attempts",
    metadata,
    key(),
    sa.Column("campaign_id", Number, sa.ForeignKey("campaigns.id", ondelete="CASCADE"), nullable=False),
    sa.Column("entry_id", Number, sa.ForeignKey("campaign_entries.id", ondelete="CASCADE"), nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Column("call_id", Plain, nullable=False, unique=True),  # its row of the history comes later, and may be gone
    sa.Column("ended_at", Utc),
    text("result"),
    sa.Column("agent", Plain),
    sa.Column("without_agent", sa.Boolean, nullable=False, server_default=sa.false()),
    text("disposition"),
    sa.Index("ix_campaign_attempts_entry_id", "entry_id", "at"),
    sa.Index("ix_campaign_attempts_campaign_id", "campaign_id", "at"),
    sqlite_autoincrement=True,
)

# ---- who is signed in, and who did what -----------------------------------------------------------------------

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", Plain, primary_key=True),  # SHA-256 of the token: who reads this cannot sign in with it
    sa.Column("login", Plain, sa.ForeignKey("users.login", ondelete="CASCADE"), nullable=False),
    sa.Column("kind", Plain, nullable=False),
    text("agent"),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("seen_at", Utc, nullable=False),
    sa.Column("expires_at", Utc, nullable=False),
    sa.Index("ix_sessions_login", "login"),
    sa.Index("ix_sessions_expires_at", "expires_at"),
)

audit = sa.Table(
    "audit",
    metadata,
    key(),
    sa.Column("at", Utc, nullable=False),
    sa.Column("who", Plain, nullable=False),
    sa.Column("what", Plain, nullable=False),
    sa.Column("target", Plain, nullable=False),
    sa.Column("details", JSON, nullable=False),
    sa.Index("ix_audit_at", "at"),
    sa.Index("ix_audit_who_at", "who", "at"),
    sa.Index("ix_audit_target_at", "target", "at"),
    sqlite_autoincrement=True,
)
