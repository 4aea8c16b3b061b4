"""What somebody may see who may not see all, as conditions of queries."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.model.duties import DutySight
from callcenterd.model.records import RecordSight
from callcenterd.model.voicemail import MessageSight
from callcenterd.store.schema import voicemail
from callcenterd.store.tables.duties import duties


def messages_seen(sight: MessageSight) -> sa.ColumnElement[bool]:
    """As `MessageSight.sees`."""
    return (
        voicemail.c.queue.in_(sight.queues)
        | voicemail.c.extension.in_(sight.extensions)
        | voicemail.c.agent.in_(sight.agents)
        | voicemail.c.assigned_to.in_(sight.agents)
    )


def duties_seen(sight: DutySight) -> sa.ColumnElement[bool]:
    """As `DutySight.sees`."""
    agents = sight.agents
    return (
        duties.c.owner.in_(agents)
        | duties.c.created_by.in_(agents)
        | duties.c.escalated_to.in_([f"person:{agent}" for agent in agents])
        | duties.c.queue.in_(sight.queues)
        | duties.c.team.in_(sight.teams)
    )


def records_seen(sight: RecordSight, table: sa.Table) -> sa.ColumnElement[bool]:
    """As `RecordSight.sees`; of any table of business records."""
    return table.c.owner.in_(sight.agents) | table.c.created_by.in_(sight.agents) | table.c.team.in_(sight.teams)
