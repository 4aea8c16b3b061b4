"""What somebody may see who may not see all, as conditions of queries."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.model.duties import DutySight
from callcenterd.model.records import RecordSight
from callcenterd.model.voicemail import MessageSight
from callcenterd.store.schema import voicemail
from callcenterd.store.tables.complaints import complaints
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


def complaints_seen(sight: DutySight) -> sa.ColumnElement[bool]:
    """Those that these people wrote down, have now, or were made responsible for; of these teams and queues; and those
    whose step was handed up to one of them."""
    agents, table = sight.agents, complaints.c
    handed_up = duties.c.escalated_to.in_([f"person:{agent}" for agent in agents])
    return (
        table.owner.in_(agents)
        | table.created_by.in_(agents)
        | table.responsible.in_(agents)
        | table.team.in_(sight.teams)
        | (table.queue != "") & table.queue.in_(sight.queues)
        | table.duty_id.in_(sa.select(duties.c.id).where(handed_up))
    )
