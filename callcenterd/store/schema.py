"""The tables. What changes here needs a migration: a test compares the two.

Times are UTC and know it (`Utc`); ids of calls and recordings are our own texts, the rest are numbers of the
database. Lists that belong to one thing and are never searched (members, trunks to try) are JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from callcenterd.errors import LocalError


class Utc(TypeDecorator[datetime]):
    """A moment. In SQLite a text of fixed width, so that texts sort as the moments do.

    A time without a zone is refused with LocalError: nobody knows which moment it means.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sa.String(32) if dialect.name == "sqlite" else sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise LocalError(f"a time without a zone cannot be kept: {value}")
        moment = value.astimezone(UTC)
        return moment.isoformat(timespec="microseconds") if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return datetime.fromisoformat(value) if isinstance(value, str) else value.astimezone(UTC)


class Plain(TypeDecorator[str]):
    """A text. What no database keeps (NUL, half a surrogate pair) becomes U+FFFD.

    A caller's broken name must not cost us the call's history, nor a broken question an error of ours.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else storable(value)


def storable(text: str) -> str:
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class Number(TypeDecorator[int]):
    """A whole number of 64 bits. One that is larger is nobody's: asked for, it is not found."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        # SQLite numbers rows by itself only in a column that says INTEGER.
        return dialect.type_descriptor(sa.Integer() if dialect.name == "sqlite" else sa.BigInteger())

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return -1 if value is not None and not -(2**63) <= value < 2**63 else value


# Index names are given, not made up by each database, so that a later migration can name what it changes.
metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Json = sa.JSON().with_variant(JSONB(), "postgresql")


def _key() -> sa.Column[int]:
    """A number given by the database. SQLite: INTEGER PRIMARY KEY AUTOINCREMENT, so that no number comes twice."""
    return sa.Column("id", Number, primary_key=True, autoincrement=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, Plain, nullable=False, server_default="")


def _newest_first(table: str, columns: Sequence[str]) -> sa.Index:
    return sa.Index(f"ix_{table}_{'_'.join(columns)}", *columns)


# ---- customers ----------------------------------------------------------------------------------------------

customers = sa.Table(
    "customers",
    metadata,
    _key(),
    _text("name"),
    _text("card"),
    _text("sex"),
    _text("company"),
    _text("address"),
    _text("email"),
    _text("level"),
    _text("note"),
    _text("words"),  # what a search looks through: `customers.words_of`
    sa.Column("created_at", Utc, nullable=False),
    _text("created_by"),
    sa.Column("changed_at", Utc, nullable=False),
    _text("changed_by"),
    _text("identity"),
    _text("background"),
    _text("owner"),
    _text("team"),
    sa.Column("gifts_by_mail", sa.Boolean),  # NULL: not asked yet
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
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
    _key(),
    sa.Column("number", Plain, nullable=False, unique=True),
    sa.Column("customer_id", Number, sa.ForeignKey("customers.id"), nullable=False),
    _text("pin_hash"),
    sa.Column("currency", Plain, nullable=False),
    sa.Column("blocked", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("valid_until", sa.Date),
    sa.Column("overdraft", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("created_at", Utc, nullable=False),
    _text("created_by"),
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
    _key(),
    sa.Column("card_id", Number, sa.ForeignKey("cards.id"), nullable=False),
    sa.Column("ledger", Plain, nullable=False),
    sa.Column("kind", Plain, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    _text("reason"),
    _text("reference"),
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
    _text("caller_name"),
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
    _text("cause"),
    sa.Column("recording_id", Plain),  # the last one; the row of the recording comes at the same time
    sa.Column("customer_id", Number, sa.ForeignKey("customers.id", ondelete="SET NULL")),
    _text("note"),
    _text("keys"),
    _text("caller_line"),  # the caller's number normalised: one text for one line
    _text("called_line"),
    _text("words"),  # what a search looks through: `calls.words_of`
    sa.Column("heartbeat_at", Utc),
    sa.Column("mos", sa.Float),
    _text("disposition"),
    sa.Column("known", _Json, nullable=False, server_default="{}"),
    _newest_first("calls", ("started_at", "id")),
    *(
        _newest_first("calls", (column, "started_at", "id"))
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
    _newest_first("calls", ("mos",)),
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
    _key(),
    sa.Column("call_id", Plain, sa.ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("kind", Plain, nullable=False),
    sa.Column("details", _Json, nullable=False),
    sa.Index("ix_story_call_id", "call_id", "id"),
)

survey_answers = sa.Table(
    "survey_answers",
    metadata,
    _key(),
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
    _text("number"),
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
    sa.Index("ix_recordings_call_id", "call_id"),
    sa.Index(
        "ix_recordings_unfinished",
        "started_at",
        sqlite_where=sa.text("finishing IN ('waiting', 'kept')"),
        postgresql_where=sa.text("finishing IN ('waiting', 'kept')"),
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
    _key(),
    sa.Column("call_id", Plain, sa.ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    sa.Column("queue", Plain),
    sa.Column("recording_id", Plain, sa.ForeignKey("recordings.id", ondelete="CASCADE"), nullable=False),
    sa.Column("caller", Plain, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("done", sa.Boolean, nullable=False, server_default=sa.false()),
    _text("done_by"),
    sa.Column("done_at", Utc),
    sa.Column("agent", Plain),
    sa.Column("extension", Plain),
    sa.Column("seconds", sa.Float),
    _text("heard_by"),
    sa.Column("heard_at", Utc),
    _text("assigned_to"),
    _text("assigned_by"),
    sa.Column("assigned_at", Utc),
    _text("note"),
    sa.Index("ix_voicemail_queue", "queue", "at"),
    sa.Index("ix_voicemail_at", "at"),
    sqlite_autoincrement=True,
)

outbox = sa.Table(
    "outbox",
    metadata,
    _key(),
    sa.Column("address", Plain, nullable=False),
    sa.Column("voicemail_id", Number, sa.ForeignKey("voicemail.id", ondelete="CASCADE")),
    sa.Column("key", Plain, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("state", Plain, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_at", Utc),
    sa.Column("sent_at", Utc),
    _text("why"),
    sa.Column("duty_id", Number, sa.ForeignKey("duties.id")),
    _text("subject"),
    _text("text"),
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
    _key(),
    sa.Column("call_id", Plain, sa.ForeignKey("calls.id", ondelete="CASCADE"), nullable=False),
    sa.Column("queue", Plain),
    sa.Column("number", Plain, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("state", Plain, nullable=False),
    _text("done_by"),
    sa.Column("changed_at", Utc),
    sa.Column("place_at", Utc),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_at", Utc),
    _text("result"),
    sa.Column("line", Plain, nullable=False, server_default=""),
    _text("assigned_to"),
    _text("assigned_by"),
    sa.Column("assigned_at", Utc),
    _text("note"),
    sa.Index("ix_callbacks_state", "state", "at"),
    sa.Index("ix_callbacks_at", "at"),
    sqlite_autoincrement=True,
)

callback_tries = sa.Table(
    "callback_tries",
    metadata,
    _key(),
    sa.Column("callback_id", Number, sa.ForeignKey("callbacks.id", ondelete="CASCADE"), nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("number", Plain, nullable=False),
    sa.Column("result", Plain, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Column("call_id", Plain),
    _text("agent"),
    sa.Column("status", sa.Integer, nullable=False, server_default="0"),
    sa.Column("cause", sa.Integer, nullable=False, server_default="0"),
    _text("words"),
    sa.Index("ix_callback_tries_callback", "callback_id"),
    sa.Index("ix_callback_tries_call", "call_id"),
    sqlite_autoincrement=True,
)

# ---- duties -------------------------------------------------------------------------------------------------

_OPEN = sa.text("state = 'open'")

duties = sa.Table(
    "duties",
    metadata,
    _key(),
    sa.Column("kind", Plain, nullable=False),
    sa.Column("title", Plain, nullable=False),
    _text("note"),
    sa.Column("customer_id", Number, sa.ForeignKey("customers.id", ondelete="SET NULL")),
    sa.Column("call_id", Plain),
    _text("number"),
    _text("line"),  # `numbers.normalise`: what a caller's number is compared with
    _text("owner"),
    _text("team"),
    _text("queue"),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("created_by", Plain, nullable=False),
    sa.Column("changed_at", Utc, nullable=False),
    sa.Column("first_due", Utc, nullable=False),
    sa.Column("due", Utc, nullable=False),
    sa.Column("warn_at", Utc, nullable=False),
    sa.Column("warn_minutes", sa.Integer, nullable=False),
    sa.Column("escalations", _Json, nullable=False),
    sa.Column("stage", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_at", Utc),
    _text("escalated_to"),
    sa.Column("state", Plain, nullable=False, server_default="open"),
    _text("outcome"),
    sa.Column("closed_at", Utc),
    _text("closed_by"),
    sa.Column("version", Number, nullable=False, server_default="1"),
    _text("words"),  # what a search looks through: `duties.words_of`
    # Each list is of open ones, which are few; closed ones stay for years.
    sa.Index("ix_duties_owner_due", "owner", "due", sqlite_where=_OPEN, postgresql_where=_OPEN),
    sa.Index("ix_duties_team_due", "team", "due", sqlite_where=_OPEN, postgresql_where=_OPEN),
    sa.Index("ix_duties_queue_due", "queue", "due", sqlite_where=_OPEN, postgresql_where=_OPEN),
    sa.Index("ix_duties_due", "due", sqlite_where=_OPEN, postgresql_where=_OPEN),
    sa.Index("ix_duties_next_at", "next_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    sa.Index("ix_duties_line_kind", "line", "kind"),
    sa.Index("ix_duties_customer_id", "customer_id", "state"),
    sa.Index("ix_duties_kind_first_due", "kind", "first_due"),
    sqlite_autoincrement=True,
)

# Rows are only ever added: triggers of migration 0028 refuse everything else, whoever asks.
duty_steps = sa.Table(
    "duty_steps",
    metadata,
    _key(),
    sa.Column("duty_id", Number, sa.ForeignKey("duties.id"), nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Column("kind", Plain, nullable=False),
    _text("text"),
    sa.Column("details", _Json, nullable=False),
    sa.Index("ix_duty_steps_duty_id", "duty_id", "id"),
    sqlite_autoincrement=True,
)

# ---- agents -------------------------------------------------------------------------------------------------

agent_states = sa.Table(
    "agent_states",
    metadata,
    _key(),
    sa.Column("at", Utc, nullable=False),
    sa.Column("agent", Plain, nullable=False),
    sa.Column("state", Plain, nullable=False),
    _text("reason"),
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
    _text("reason"),
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
    _text("username"),
    _text("password"),
    sa.Column("register", sa.Boolean, nullable=False),
    sa.Column("allow", _Json, nullable=False),
    sa.Column("in_strip", sa.Integer, nullable=False, server_default="0"),
    _text("in_prepend"),
    sa.Column("out_form", Plain, nullable=False, server_default="dialled"),
    sa.Column("out_strip", sa.Integer, nullable=False, server_default="0"),
    _text("out_prepend"),
    _text("caller"),
    sa.Column("caller_id", Plain, nullable=False, server_default="from"),
    sa.Column("codecs", _Json, nullable=False, server_default='["PCMA","PCMU"]'),
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
    sa.Column("trunks", _Json, nullable=False),
    sa.Column("strip", sa.Integer, nullable=False),
    _text("prepend"),
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("login", Plain, primary_key=True),
    _position(),
    sa.Column("name", Plain, nullable=False),
    sa.Column("role", Plain, nullable=False),
    _text("password_hash"),
    sa.Column("extension", Plain),
    sa.Column("language", Plain, nullable=False),
    sa.Column("record", Plain, nullable=False, server_default="queue"),
    sa.Column("skills", _Json, nullable=False, server_default="{}"),
    _text("pin_hash"),
    sa.Column("in_directory", sa.Boolean, nullable=False, server_default=sa.true()),
)

extensions = sa.Table(
    "extensions",
    metadata,
    sa.Column("number", Plain, primary_key=True),
    _position(),
    _text("password"),
    _text("contact"),
    sa.Column("auto_answer", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("codecs", _Json, nullable=False, server_default='["PCMA","PCMU","G722","opus"]'),
    sa.Column("encryption", Plain, nullable=False, server_default="allowed"),
)

queues = sa.Table(
    "queues",
    metadata,
    sa.Column("name", Plain, primary_key=True),
    _position(),
    _text("title"),
    sa.Column("strategy", Plain, nullable=False),
    sa.Column("members", _Json, nullable=False),
    sa.Column("wrap_up", sa.Float, nullable=False),
    sa.Column("ring", sa.Float, nullable=False),
    sa.Column("service_level", sa.Float, nullable=False),
    sa.Column("max_wait", sa.Float, nullable=False),
    sa.Column("record", sa.Boolean, nullable=False),
    _text("music"),
    sa.Column("announce_recording", Plain, nullable=False, server_default="none"),
    sa.Column("recording_beep", sa.Float, nullable=False, server_default="0"),
    sa.Column("skills", _Json, nullable=False, server_default="{}"),
    sa.Column("ranks", _Json, nullable=False, server_default="{}"),
    sa.Column("weights", _Json, nullable=False, server_default="{}"),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("level_priority", _Json, nullable=False, server_default="{}"),
    sa.Column("ageing", sa.Float, nullable=False, server_default="0"),
    sa.Column("sticky", Plain, nullable=False, server_default="off"),
    sa.Column("sticky_wait", sa.Float, nullable=False, server_default="0"),
    sa.Column("retry", sa.Float, nullable=False, server_default="10"),
    sa.Column("misses", sa.Integer, nullable=False, server_default="1"),
    sa.Column("miss_return", sa.Float, nullable=False, server_default="0"),
    sa.Column("most_waiting", sa.Integer, nullable=False, server_default="0"),
    sa.Column("callback_first", Plain, nullable=False, server_default="customer"),
    sa.Column("callback_ring", sa.Float, nullable=False, server_default="30"),
    sa.Column("callback_retries", _Json, nullable=False, server_default="[300, 1800]"),
    sa.Column("disposition_required", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("announce_position", Plain, nullable=False, server_default="off"),
    sa.Column("announce_wait", Plain, nullable=False, server_default="off"),
    sa.Column("announce_first", sa.Float, nullable=False, server_default="15"),
    sa.Column("announce_every", sa.Float, nullable=False, server_default="60"),
    sa.Column("announce_most", sa.Integer, nullable=False, server_default="10"),
    sa.Column("comfort", _Json, nullable=False, server_default="[]"),
    sa.Column("exits", _Json, nullable=False, server_default="{}"),
    sa.Column("place_back", sa.Float, nullable=False, server_default="5"),
    _text("callback_hours"),
    _text("calendar"),
    sa.Column("at_closing", Plain, nullable=False, server_default="keep"),
    sa.Column("callback_machine", Plain, nullable=False, server_default="hang_up"),
)

calendars = sa.Table(
    "calendars",
    metadata,
    sa.Column("name", Plain, primary_key=True),
    _position(),
    _text("title"),
    _text("zone"),
    sa.Column("hours", _Json, nullable=False),
    sa.Column("holidays", _Json, nullable=False),
    sa.Column("make_up", _Json, nullable=False),
)

teams = sa.Table(
    "teams",
    metadata,
    sa.Column("name", Plain, primary_key=True),
    _position(),
    _text("title"),
    sa.Column("members", _Json, nullable=False),
    sa.Column("leaders", _Json, nullable=False),
)

breaks = sa.Table(
    "breaks",
    metadata,
    sa.Column("name", Plain, primary_key=True),
    _position(),
    _text("title"),
    sa.Column("limit", sa.Float, nullable=False),
    sa.Column("per_day", sa.Float, nullable=False),
)

dispositions = sa.Table(
    "dispositions",
    metadata,
    sa.Column("code", Plain, primary_key=True),
    _position(),
    _text("title"),
    sa.Column("queues", _Json, nullable=False),
    _text("callback"),
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
    _text("always"),
    _text("busy"),
    _text("no_answer"),
    sa.Column("ring", sa.Float, nullable=False),
)

mailboxes = sa.Table(
    "mailboxes",
    metadata,
    sa.Column("box", Plain, primary_key=True),
    _position(),
    _text("greeting"),
    sa.Column("longest", sa.Float, nullable=False),
    sa.Column("shortest", sa.Float, nullable=False),
    sa.Column("silence", sa.Float, nullable=False),
    sa.Column("most", sa.Integer, nullable=False),
    sa.Column("mail", _Json, nullable=False),
)

limits = sa.Table(
    "limits",
    metadata,
    sa.Column("who", Plain, primary_key=True),
    _position(),
    sa.Column("calls", sa.Integer, nullable=False),
    sa.Column("per_minute", sa.Integer, nullable=False),
    sa.Column("per_hour", sa.Integer, nullable=False),
    sa.Column("forbid", _Json, nullable=False),
    sa.Column("permit", _Json, nullable=False),
    sa.Column("international", sa.Boolean, nullable=False),
    sa.Column("premium", sa.Boolean, nullable=False),
    _text("night"),
    sa.Column("longest", sa.Float, nullable=False),
)

do_not_call = sa.Table(
    "do_not_call",
    metadata,
    sa.Column("line", Plain, primary_key=True),
    sa.Column("number", Plain, nullable=False),
    _text("why"),
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
    sa.Column("places", _Json, nullable=False),
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
    _key(),
    sa.Column("mac", Plain, nullable=False, unique=True),
    sa.Column("vendor", Plain, nullable=False),
    sa.Column("extension", Plain, sa.ForeignKey("extensions.number", ondelete="CASCADE"), nullable=False),
    sa.Column("token", Plain, nullable=False, unique=True),  # its SHA-256, as of sessions
    sa.Column("created_at", Utc, nullable=False),
    _text("created_by"),
    sa.Column("fetched_at", Utc),
    _text("fetched_from"),
    _text("fetched_by"),
    sa.Column("fetches", sa.Integer, nullable=False, server_default="0"),
    sa.Index("ix_devices_extension", "extension"),
    sqlite_autoincrement=True,
)

# ---- campaigns ----------------------------------------------------------------------------------------------

campaigns = sa.Table(
    "campaigns",
    metadata,
    _key(),
    sa.Column("name", Plain, nullable=False, unique=True),
    sa.Column("state", Plain, nullable=False),
    sa.Column("plan", _Json, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("created_by", Plain, nullable=False),
    sa.Column("changed_at", Utc, nullable=False),
    sa.Column("changed_by", Plain, nullable=False),
    sqlite_autoincrement=True,
)

campaign_entries = sa.Table(
    "campaign_entries",
    metadata,
    _key(),
    sa.Column("campaign_id", Number, sa.ForeignKey("campaigns.id", ondelete="CASCADE"), nullable=False),
    sa.Column("line", Plain, nullable=False),  # the number normalised: one text for one line
    sa.Column("number", Plain, nullable=False),
    _text("name"),
    sa.Column("customer_id", Number, sa.ForeignKey("customers.id", ondelete="SET NULL")),
    sa.Column("fields", _Json, nullable=False),
    sa.Column("turn", sa.Integer, nullable=False),  # minus the priority, so that an index has the order
    sa.Column("state", Plain, nullable=False),
    _text("result"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("due", Utc, nullable=False),
    sa.Column("agreed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("call_id", Plain),
    sa.Column("changed_at", Utc, nullable=False),
    _text("changed_by"),
    sa.Index("uq_campaign_entries_line", "campaign_id", "line", unique=True),
    sa.Index("ix_campaign_entries_next", "campaign_id", "state", "agreed", "turn", "attempts", "due", "id"),
    sa.Index("ix_campaign_entries_customer_id", "customer_id"),
    sqlite_autoincrement=True,
)

campaign_attempts = sa.Table(
    "campaign_attempts",
    metadata,
    _key(),
    sa.Column("campaign_id", Number, sa.ForeignKey("campaigns.id", ondelete="CASCADE"), nullable=False),
    sa.Column("entry_id", Number, sa.ForeignKey("campaign_entries.id", ondelete="CASCADE"), nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("by", Plain, nullable=False),
    sa.Column("call_id", Plain, nullable=False, unique=True),  # its row of the history comes later, and may be gone
    sa.Column("ended_at", Utc),
    _text("result"),
    sa.Column("agent", Plain),
    sa.Column("without_agent", sa.Boolean, nullable=False, server_default=sa.false()),
    _text("disposition"),
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
    _text("agent"),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("seen_at", Utc, nullable=False),
    sa.Column("expires_at", Utc, nullable=False),
    sa.Index("ix_sessions_login", "login"),
    sa.Index("ix_sessions_expires_at", "expires_at"),
)

audit = sa.Table(
    "audit",
    metadata,
    _key(),
    sa.Column("at", Utc, nullable=False),
    sa.Column("who", Plain, nullable=False),
    sa.Column("what", Plain, nullable=False),
    sa.Column("target", Plain, nullable=False),
    sa.Column("details", _Json, nullable=False),
    sa.Index("ix_audit_at", "at"),
    sa.Index("ix_audit_who_at", "who", "at"),
    sa.Index("ix_audit_target_at", "target", "at"),
    sqlite_autoincrement=True,
)
