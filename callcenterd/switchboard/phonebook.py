"""Whom a call can be handed on to: agents with their departments, other phones, queues and flows, as they are now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from callcenterd.model.agents import AgentView
from callcenterd.model.ids import AgentId, ExtensionNumber
from callcenterd.model.phonebook import EntryState, PhoneBookEntry
from callcenterd.model.site import QueueSettings

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard


def phone_book(board: Switchboard) -> list[PhoneBookEntry]:
    """Agents by name, then phones at which nobody sits, queues and flows."""
    views = {agent: board.queueing.view(agent) for agent in board.queueing.agents()}
    agents = sorted((_agent(board, view) for view in views.values()), key=lambda one: (one.title, one.name))
    taken = {one.number for one in agents} | {user.extension for user in board.site.users}
    return [
        *agents,
        *_phones(board, taken),
        *(_queue(board, queue, list(views.values())) for queue in board.site.queues),
        *(
            PhoneBookEntry(kind="flow", name=name, title=flow.title or name, state="open", reachable=True)
            for name, flow in sorted(board.flows.all().items())
        ),
    ]


def _agent(board: Switchboard, view: AgentView) -> PhoneBookEntry:
    """A page that serves as a phone rings, too."""
    site, agent = board.site, AgentId(view.agent)
    teams = [team for team in site.teams if agent in (*team.members, *team.leaders)]
    page = board.page_of(view.agent)
    own = next((user.extension for user in site.users if user.login == view.agent), None)
    number = page or view.extension or own or ""
    return PhoneBookEntry(
        kind="agent",
        name=view.agent,
        title=view.name,
        number=number,
        department=next((team.department for team in teams if team.department), ""),
        teams=tuple(team.title or team.name for team in teams),
        state=view.state,
        reason=view.reason,
        since=view.since,
        reachable=board.queueing.is_reachable(ExtensionNumber(page or view.extension or "")),
    )


def _phones(board: Switchboard, taken: set[str | None]) -> Iterator[PhoneBookEntry]:
    for extension in board.site.extensions:
        if extension.number not in taken:
            reachable = board.queueing.is_reachable(extension.number)
            state: EntryState = "ready" if reachable else "unreachable"
            number = extension.number
            yield PhoneBookEntry(
                kind="extension", name=number, title=number, number=number, state=state, reachable=reachable
            )


def _queue(board: Switchboard, queue: QueueSettings, views: list[AgentView]) -> PhoneBookEntry:
    queueing = board.queueing
    waiting = len(list(queueing.waiting(queue.name)))
    if not board.opening.takes_callers(queue):
        state: EntryState = "closed"
    elif queueing.is_full(queue.name):
        state = "full"
    else:
        state = "open" if queueing.staffed(queue.name) else "nobody"
    return PhoneBookEntry(
        kind="queue",
        name=queue.name,
        title=queue.title or queue.name,
        state=state,
        reachable=state == "open",
        waiting=waiting,
        free=sum(queue.name in view.queues and view.state == "ready" for view in views),
    )
