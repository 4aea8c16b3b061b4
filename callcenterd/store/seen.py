"""What somebody may see who may not see all, as conditions of queries."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.model.voicemail import MessageSight
from callcenterd.store.schema import voicemail


def messages_seen(sight: MessageSight) -> sa.ColumnElement[bool]:
    """As `MessageSight.sees`."""
    return (
        voicemail.c.queue.in_(sight.queues)
        | voicemail.c.extension.in_(sight.extensions)
        | voicemail.c.agent.in_(sight.agents)
        | voicemail.c.assigned_to.in_(sight.agents)
    )
