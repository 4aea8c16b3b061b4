"""Agents over time: every state with its moment, and what each wants, so that a restart signs nobody out."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.model.agents import AgentState, AgentStep, WantedState
from callcenterd.model.ids import AgentId, ExtensionNumber
from callcenterd.store.engine import Database
from callcenterd.store.schema import agent_states, agents_wanted, alive
from callcenterd.store.writer import Change, Insert

_SERVER = "server"
Wanted = tuple[WantedState, str, ExtensionNumber | None]


class AgentStates:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, agent: AgentId, state: AgentState, reason: str, at: datetime) -> None:
        await self._database.keep(Insert(agent_states, {"at": at, "agent": agent, "state": state, "reason": reason}))

    async def history(self, agent: AgentId, since: datetime, until: datetime) -> list[AgentStep]:
        """The steps of that time in their order, at most 5,000: from `since` on, before `until`."""
        query = (
            sa.select(agent_states)
            .where(agent_states.c.agent == agent, agent_states.c.at >= since, agent_states.c.at < until)
            .order_by(agent_states.c.at, agent_states.c.id)
            .limit(5000)
        )
        rows = await self._database.rows(query)
        return [AgentStep(at=row.at, agent=row.agent, state=row.state, reason=row.reason) for row in rows]

    async def history_with_start(self, agent: AgentId, since: datetime, until: datetime) -> list[AgentStep]:
        """All steps of that time in their order, and before them the one that held when it began, if there is one."""
        before = (
            sa.select(agent_states)
            .where(agent_states.c.agent == agent, agent_states.c.at < since)
            .order_by(agent_states.c.at.desc(), agent_states.c.id.desc())
            .limit(1)
        )
        within = (
            sa.select(agent_states)
            .where(agent_states.c.agent == agent, agent_states.c.at >= since, agent_states.c.at < until)
            .order_by(agent_states.c.at, agent_states.c.id)
        )
        rows = [*await self._database.rows(before), *await self._database.rows(within)]
        return [AgentStep(at=row.at, agent=row.agent, state=row.state, reason=row.reason) for row in rows]

    async def alive(self, at: datetime) -> None:
        """The server lives at that moment: where agents' states end if nothing more is heard of it."""
        await self._database.keep(Change(alive, _SERVER, {"at": at}))

    async def close_interrupted(self, now: datetime) -> list[AgentId]:
        """Before the first step of a new run: nobody is in any state while the server does not run. Answers whose
        states ended with the last run; they ended at its last sign of life."""

        async def work(connection: AsyncConnection) -> list[AgentId]:
            last = sa.select(sa.func.max(agent_states.c.id)).group_by(agent_states.c.agent)
            query = sa.select(agent_states).where(agent_states.c.id.in_(last), agent_states.c.state != "signed_out")
            rows = (await connection.execute(query.order_by(agent_states.c.agent))).all()
            lived = (await connection.execute(sa.select(alive.c.at))).scalar()
            if lived is None:
                await connection.execute(alive.insert(), [{"id": _SERVER, "at": now}])
            for row in rows:
                ended = {"at": max(lived or row.at, row.at), "agent": row.agent, "state": "signed_out", "reason": ""}
                await connection.execute(agent_states.insert(), [ended])
            return [AgentId(row.agent) for row in rows]

        return await self._database.write(work)

    async def keep_wanted(
        self, agent: AgentId, state: WantedState, reason: str, extension: ExtensionNumber | None
    ) -> None:
        """What the agent asked for last. Not durable: after a power cut agents sign in anew."""
        row = {"agent": agent, "state": state, "reason": reason, "extension": extension}

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(agents_wanted.delete().where(agents_wanted.c.agent == agent))
            await connection.execute(agents_wanted.insert(), [row])

        await self._database.write(work, durable=False)

    async def wanted(self) -> dict[AgentId, Wanted]:
        rows = await self._database.rows(sa.select(agents_wanted).order_by(agents_wanted.c.agent))
        return {AgentId(row.agent): (row.state, row.reason, row.extension) for row in rows}
