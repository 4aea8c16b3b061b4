"""May they: the one table of rights as they are shipped, and the decorator that asks it.

An administrator gives and takes rights by role, says whose records a role sees, and what is hidden from it
(`model.roles`); that is part of the site, and in force with it at once, for open pages and event streams as well.

What one may *see* is a second question, which `Sight` answers, for lists, single things and live events alike:

- An agent sees the own calls, the calls of the own queues, and colleagues with whom a queue is shared.
- A supervisor who leads teams sees their members (and themselves), every call that has to do with one of them, and of
  the queues that one of them serves the callers who wait, those whom nobody has answered, messages and callbacks.
  Such a queue is seen whole: its figures are the queue's, whoever else serves it.
- Managers, administrators, and supervisors who lead no team see all.

Of what one may not see it is not said that it is: 404, and lists and counts leave it out.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

import structlog
from aiohttp import web

from callcenterd.errors import NotFound
from callcenterd.model import modules
from callcenterd.model.calls import CallSight
from callcenterd.model.duties import DutySight
from callcenterd.model.ids import AgentId, CallId, CustomerId, QueueName
from callcenterd.model.modules import ModuleName
from callcenterd.model.people import Role
from callcenterd.model.records import RecordSight
from callcenterd.model.roles import SCOPED_KINDS, SCOPES, RoleSettings, Scope, ScopedKind
from callcenterd.model.site import Site
from callcenterd.model.surveys import SurveySight
from callcenterd.model.voicemail import MessageSight
from callcenterd.switchboard.parties import Parties
from callcenterd.web.answers import ModuleOff, NotAllowed
from callcenterd.web.office import OFFICE
from callcenterd.web.session import let_in, signed_in

_log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ALL: frozenset[Role] = frozenset({"agent", "supervisor", "manager", "admin"})
ABOVE: frozenset[Role] = frozenset({"supervisor", "manager", "admin"})
ADMIN: frozenset[Role] = frozenset({"admin"})

RIGHTS: Mapping[str, frozenset[Role]] = {
    "session": ALL,  # one's own: who am I, sign out, change my password
    "desk": ALL,  # one's own state and call
    "phone": ALL,  # one's own page as one's phone
    "live": ALL,  # lines, agents and queues, and the event stream: as far as one's sight goes
    "agent.state.any": frozenset({"supervisor", "admin"}),  # set the state of another agent
    "survey.read": ABOVE,  # what callers said of the agents and queues that one oversees
    "agent.states.any": ABOVE,  # what another agent did when
    "call.read": ALL,  # the history, as far as one's sight goes
    "call.note": ALL,
    "call.dial": ALL,  # from one's own phone
    "call.hang_up": ALL,  # a call that one takes part in
    "call.hang_up.any": frozenset({"supervisor", "admin"}),
    "call.control": ALL,  # hold, park, add others: a call that one takes part in
    "call.control.any": frozenset({"supervisor", "admin"}),
    "call.pick_up": ALL,  # what rings at others, as far as one's sight goes
    "call.listen": ABOVE,  # and to know who listens
    "queue.move": frozenset({"supervisor", "admin"}),  # who waits: up, to another queue, to a chosen agent
    "threshold": frozenset({"supervisor", "admin"}),  # from when on the wall warns
    "call.barge": frozenset({"supervisor", "admin"}),  # whisper, barge in, take over
    "forwarding": ALL,  # do-not-disturb and forwarding: of the phone where one sits
    "forwarding.any": frozenset({"supervisor", "admin"}),
    "parking": ALL,  # parked calls, as far as one's sight goes
    "conference": ABOVE,  # conference rooms
    "conference.moderate": frozenset({"supervisor", "admin"}),
    "recording.start": ALL,  # of a call that one takes part in
    "recording.start.any": frozenset({"supervisor", "admin"}),
    "recording.stop": frozenset({"supervisor", "admin"}),
    "recording.play": ALL,
    "recording.tag": ALL,
    "recording.note": ALL,  # a text at a moment
    "recording.note.remove.any": frozenset({"supervisor", "admin"}),  # what others have written
    "recording.share": ABOVE,  # links for people without an account
    "recording.export": ABOVE,  # many at once, as a file
    "recording.remove": frozenset({"manager", "admin"}),  # for good, with a reason
    "recording.pause": ALL,  # of a call that one takes part in
    "recording.pause.any": frozenset({"supervisor", "admin"}),
    "customer.read": ALL,
    "customer.write": ALL,
    "customer.merge": frozenset({"supervisor", "admin"}),  # make one of doubles, and undo it
    "customer.remove": frozenset({"supervisor", "admin"}),  # into the recycle bin
    "customer.bin": ADMIN,  # who lies there: bring back, erase for good
    "customer.import": ABOVE,  # many at once, from a file
    "dictionary.read": ALL,  # lists of levels, channels, tags …
    "dictionary.write": ADMIN,
    "field.read": ALL,  # custom fields, as far as one's role sees them
    "field.write": ADMIN,
    "query": ALL,  # to ask for records by conditions, as far as one's sight goes
    "query.export": ABOVE,  # all that a query finds, as a file
    "card.read": ALL,  # prepaid cards, what stands on them, and postings
    "card.block": ALL,  # who hears on the telephone that a card is lost
    "card.write": frozenset({"supervisor", "admin"}),  # add a card, set its PIN, unblock it
    "card.post": frozenset({"supervisor", "admin"}),  # recharge, consume, correct
    "card.unlock": ADMIN,  # after too many wrong PINs
    "message.work": ALL,  # voicemail and callbacks, as far as one's sight goes
    "duty_kind": ADMIN,  # how long kinds of duties have, who is told, what closes them
    "duty": ALL,  # what is owed, as far as one's sight goes
    "attachment": ALL,  # files of a record that one may see
    "attachment.remove.any": frozenset({"supervisor", "admin"}),  # what others have attached
    "proposal.write": ALL,  # proposals for customers, of the office's templates; to read one is to read a file
    "proposal_template": ADMIN,  # the texts of proposals, and the letterhead
    "consultation.read": ALL,  # as far as one's sight goes, with sheets and journals
    "consultation.write": ALL,
    "follow_up.read": ALL,  # as far as one's sight goes, with sheets, journals and figures
    "follow_up.write": ALL,
    "follow_up.assign": ABOVE,  # hand one to somebody else
    "appointment.read": ALL,  # services, their places, and appointments as far as one's sight goes
    "appointment.write": ALL,  # to book, move and cancel, and to say who came
    "appointment.service": ADMIN,  # what can be booked, and when
    "follow_up.rule": ADMIN,  # rules that draw them from the customers every day
    "appraisal.read": ALL,  # appraisals as far as one's sight goes: an agent's own, once they are submitted
    "appraisal.dispute": ALL,  # to answer one of one's own calls, agree with it or dispute it
    "appraisal.score": ABOVE,  # to appraise calls that one may see, and to look again at one's own appraisals
    "appraisal.review.any": frozenset({"manager", "admin"}),  # to look again at what others have appraised
    "appraisal.plan": frozenset({"supervisor", "manager", "admin"}),  # sampling plans, calibrations, to hand over
    "appraisal.template": frozenset({"manager", "admin"}),  # scorecards
    "evidence": frozenset({"manager", "admin"}),  # packs that are handed out, and whether the chain agrees
    "complaint": ALL,  # as far as one's sight goes; who may move one, its workflow says
    "workflow": ADMIN,
    "customer_message": ALL,  # to write to customers, and what was written, as far as one's sight goes
    "message_template.read": ALL,
    "message_template.write": ADMIN,  # the texts of messages to customers
    "staff_message": ALL,  # to write to colleagues, and to read what is for oneself
    "staff_notice": ABOVE,  # notices to whom one oversees, and announcements to all
    "help": ALL,  # to call one's supervisors for help
    "help.answer": ABOVE,  # of whom one oversees
    "letter": frozenset({"supervisor", "admin"}),  # e-mail that did or did not go out
    "message.remove.any": frozenset({"supervisor", "admin"}),  # a message of a queue; one's own box is one's own
    "do_not_call": ALL,  # numbers that must not be called: to see them, and to add one
    "do_not_call.remove": frozenset({"supervisor", "admin"}),
    "campaign": ABOVE,  # campaigns and their lists, of the queues that one sees
    "campaign.preview": ALL,  # whom a campaign shows to oneself
    "ban": frozenset({"supervisor", "admin"}),  # addresses that SIP does not hear
    "seat": ABOVE,  # the table of seats and extensions, of whom one oversees
    "seat.assign": frozenset({"supervisor", "admin"}),  # which extension is whose
    "display": frozenset({"supervisor", "admin"}),  # links for televisions on the wall, of the queues that one sees
    "alarm": ABOVE,  # outside calls that were refused
    "calendar": ABOVE,  # what holds when: hours and holidays
    "flow": ADMIN,  # to draw, try and publish flows
    "prompt": ADMIN,  # what callers hear: to listen to it, record, keep and remove it
    "role": ADMIN,  # what each role may
    "audit": ADMIN,  # who did what
    "audit.export": ADMIN,  # the same as a file
    "audit.record": ABOVE,  # who did what to a record that one may see
    "system": ADMIN,  # how well the server is, its disk, its log, whose work is in it
    "site": ADMIN,  # trunks, numbers, outbound routes, users, extensions, queues
}
FIXED = frozenset({"session", "live", "role"})
"""Rights that are neither given nor taken: without them nobody could sign in, or mend what was taken."""
READS: Mapping[str, str] = {
    "customer": "customer.read",
    "change": "customer.read",  # of a customer's card
    "call": "call.read",
    "voicemail": "message.work",
    "callback": "message.work",
    "survey": "survey.read",
    "consultation": "consultation.read",
    "complaint": "complaint",
    "follow_up": "follow_up.read",
    "appointment": "appointment.read",
    "duty": "duty",
    "appraisal": "appraisal.read",
    "message": "customer_message",  # to a customer
    "file": "attachment",
    "proposal": "attachment",
    "posting": "card.read",
    "phone_book": "query",
}
"""Which right reads each kind of thing, wherever several stand together: queries, time lines, the stream. One without a
line here nobody sees there."""
OF_CUSTOMER = "/api/v1/customers/{id}"
PUBLIC = "public"
"""The right of routes that need no sign-in."""

_right_of: dict[Handler, str] = {}
_own: set[Handler] = set()


def right(name: str, *, own: str | None = None) -> Callable[[Handler], Handler]:
    """Only who has the right gets in; everybody else gets 401 or 403, whatever it is that they ask for; and all get 404
    `module_off` where the module is switched off that the address belongs to.

    own: the part of the address that names an agent. For one's own login no right is needed but to be signed in; whom
    one does not oversee, there is not: 404.
    """
    assert name in RIGHTS, f"there is no right {name}"

    def decorate(handler: Handler) -> Handler:
        @functools.wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            who = signed_in(request)
            let_in(who, name)
            if (off := _module_off(request, name)) is not None:
                raise ModuleOff(off)
            named = None if own is None else request.match_info[own]
            if not may(request, name) and named != who.login:
                _log.warning("not allowed", login=who.login, right=name, method=request.method, path=request.path[:200])
                raise NotAllowed
            if named is not None and not sight_of(request).oversees(named):
                raise NotFound("agent", named)
            await _customer_is_seen(request)
            return await handler(request)

        _right_of[handler] = name
        if own is not None:
            _own.add(handler)
        return guarded

    return decorate


def _module_off(request: web.Request, name: str) -> str | None:
    """The module that a request is for, if it is switched off."""
    resource, site = request.match_info.route.resource, request.app[OFFICE].board.site
    needed = modules_of(resource.canonical if resource is not None else "", name)
    return needed[0] if needed and not any(site.has(one) for one in needed) else None


def modules_of(address: str, name: str) -> tuple[ModuleName, ...]:
    """Of a route by its address and its right: one of these has to be switched on; (): it is of no module."""
    module = modules.of_address(address)
    return (module,) if module is not None else modules.of_right(name)


async def _customer_is_seen(request: web.Request) -> None:
    """For every address under a customer's, whoever wrote its handler. Raises NotFound."""
    resource = request.match_info.route.resource
    if resource is None or not resource.canonical.startswith(OF_CUSTOMER):
        return
    sight, number = customers_seen(request), request.match_info["id"]
    if sight is not None and number.isascii() and number.isdigit() and len(number) <= 18:
        await request.app[OFFICE].store.customers.get(CustomerId(int(number)), sight=sight)


def public(handler: Handler) -> Handler:
    """Everybody may ask this."""
    _right_of[handler] = PUBLIC
    return handler


def right_of(handler: Handler) -> str | None:
    """Which right a route asks for. None: nobody has said; such a route must not be."""
    return _right_of.get(inspect.unwrap(handler))


def own_needs_none(handler: Handler) -> bool:
    """Does the right matter only for what is not one's own?"""
    return inspect.unwrap(handler) in _own


def may(request: web.Request, name: str) -> bool:
    """Has who asks this right, and is what it is for switched on? Raises NotSignedIn."""
    return site_may(request.app[OFFICE].board.site, signed_in(request).login, name)


def may_read(request: web.Request, kind: str) -> bool:
    """May who asks read things of this kind at all (`READS`)? Raises NotSignedIn."""
    return site_may_read(request.app[OFFICE].board.site, signed_in(request).login, kind)


def settings_of(request: web.Request) -> RoleSettings:
    """The role of who asks. Raises NotSignedIn."""
    return request.app[OFFICE].board.site.settings_of(signed_in(request).login)


def site_may(site: Site, login: str, name: str) -> bool:
    """Has that person this right now? What is of a module that is switched off, nobody may."""
    needed = modules.of_right(name)
    if needed and not any(site.has(module) for module in needed):
        return False
    return role_may(site.settings_of(login), name)


def site_may_read(site: Site, login: str, kind: str) -> bool:
    """May that person read things of this kind at all now?"""
    name, module = READS.get(kind), modules.of_kind(kind)
    return name is not None and (module is None or site.has(module)) and site_may(site, login, name)


def role_may(role: RoleSettings, name: str) -> bool:
    """As shipped, unless an administrator has given it or taken it away; an administrator keeps all of theirs."""
    shipped = role.level in RIGHTS[name]
    if name in FIXED or role.level == "admin":
        return shipped
    return role.rights.get(name, shipped)


def covers(mine: RoleSettings, other: RoleSettings) -> bool:
    """Has who has the one role everything that the other one has: may they give it, or act for who has it?"""
    if mine.level == "admin":
        return True
    return (
        other.rank <= mine.rank
        and all(role_may(mine, name) for name in RIGHTS if role_may(other, name))
        and all(SCOPES.index(other.scope(kind)) <= SCOPES.index(mine.scope(kind)) for kind in SCOPED_KINDS)
        and set(mine.hidden) <= set(other.hidden)
    )


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose calls, agents and queues somebody sees. agents: those whom they oversee, themselves among them; None: all.

    leads: a supervisor of teams, who of the queues sees only calls that nobody has answered.
    """

    login: AgentId
    agents: frozenset[AgentId] | None
    queues: frozenset[QueueName] = frozenset()
    leads: bool = False

    @classmethod
    def of(cls, login: str, site: Site) -> Sight:
        agents = site.overseen_by(login)
        if agents is None:
            return cls(AgentId(login), None)
        queues = frozenset(queue.name for queue in site.queues if not agents.isdisjoint(queue.members))
        return cls(AgentId(login), agents, queues, leads=bool(site.led_by(login)))

    def oversees(self, agent: str | None) -> bool:
        """Themselves, and who is theirs to lead."""
        return self.agents is None or agent in self.agents

    def sees_agent(self, agent: str, queues: Collection[str]) -> bool:
        """queues: that the agent serves."""
        return self.oversees(agent) or (not self.leads and not self.queues.isdisjoint(queues))

    def sees_queue(self, queue: str | None) -> bool:
        return self.agents is None or queue in self.queues

    def sees_call(self, parties: Parties, waits_in: QueueName | None) -> bool:
        """As `of_calls` says it to the store. waits_in: the queue in which the caller waits now."""
        if self.agents is None or not self.agents.isdisjoint(parties.agents) or waits_in in self.queues:
            return True
        return not self.queues.isdisjoint(parties.queues) and not (self.leads and parties.answered)

    def of_calls(self, waiting: Iterable[CallId]) -> CallSight | None:
        """None: all of them. waiting: callers who wait in the own queues now, after somebody has answered them."""
        if self.agents is None:
            return None
        return CallSight(
            agents=tuple(sorted(self.agents)),
            queues=tuple(sorted(self.queues)),
            unanswered=self.leads,
            calls=tuple(waiting) if self.leads else (),
        )

    def of_surveys(self) -> SurveySight | None:
        """None: all of them. Of a conversation with another team's agent nobody else sees what was said of it, though
        it was in a queue of theirs."""
        if self.agents is None:
            return None
        return SurveySight(agents=tuple(sorted(self.agents)), queues=tuple(sorted(self.queues)))

    def of_duties(self, site: Site) -> DutySight | None:
        """None: all of them. Beside those of whom one oversees, those of one's queues, and of the teams that one is in
        or leads."""
        if self.agents is None:
            return None
        queues, teams = tuple(sorted(self.queues)), site.teams_of(self.login)
        return DutySight(agents=tuple(sorted(self.agents)), queues=queues, teams=teams)

    def of_complaints(self, site: Site) -> DutySight | None:
        """None: all of them. As far as their steps are theirs or those of whom they oversee, unless the scope of the
        role says all, or only their own; a department's has those of its teams beside."""
        own, base = self.of_records(site, "complaint"), self.of_duties(site)
        if own is None:
            return None
        scope = site.settings_of(self.login).scope("complaint")
        if base is None or scope == "own":
            return DutySight(agents=own.agents, queues=(), teams=own.teams)
        if scope == "department":
            agents, teams = {*base.agents, *own.agents}, {*base.teams, *own.teams}
            return DutySight(agents=tuple(sorted(agents)), queues=base.queues, teams=tuple(sorted(teams)))
        return base

    def of_records(self, site: Site, kind: ScopedKind | None = None) -> RecordSight | None:
        """None: all of them. As far as the scope of one's role for that kind goes. kind None: of business records of
        any kind; then the narrowest of their scopes counts."""
        settings = site.settings_of(self.login)
        if kind is not None:
            return self._by_scope(site, settings.scope(kind))
        scopes = {settings.scope(one) for one in SCOPED_KINDS if one not in ("customer", "appraisal")}
        return self._by_scope(site, next(scope for scope in SCOPES if scope in scopes))

    def of_each_record(self, site: Site) -> dict[str, RecordSight | None]:
        """`of_records` of every kind."""
        return {kind: self.of_records(site, kind) for kind in SCOPED_KINDS}

    def _by_scope(self, site: Site, scope: Scope) -> RecordSight | None:
        match scope:
            case "all":
                return None
            case "own":
                return RecordSight(agents=(self.login,))
            case "team" | "department":
                if self.agents is None and site.role_of(self.login) == "supervisor":
                    return None  # who leads no team oversees everybody
                own = site.teams_of(self.login)
                teams = [team for team in site.teams if team.name in own]
                agents = {self.login, *(self.agents or ())}
                if scope == "department":
                    teams = list(site.department_of(self.login))
                    agents.update(leader for team in teams for leader in team.leaders)
                if self.agents is None or scope == "department":
                    agents.update(member for team in teams for member in team.members)
                return RecordSight(agents=tuple(sorted(agents)), teams=tuple(team.name for team in teams))

    def of_messages(self, site: Site) -> MessageSight | None:
        """None: all of them. A person's phones are those that are their own by the site."""
        if self.agents is None:
            return None
        own = tuple(user.extension for user in site.users if user.login in self.agents and user.extension is not None)
        return MessageSight(agents=tuple(sorted(self.agents)), queues=tuple(sorted(self.queues)), extensions=own)


def customers_seen(request: web.Request) -> RecordSight | None:
    """Which customers who asks may see. None: all. Raises NotSignedIn."""
    return sight_of(request).of_records(request.app[OFFICE].board.site, "customer")


def sight_of(request: web.Request) -> Sight:
    """What who asks may see. Raises NotSignedIn."""
    return Sight.of(signed_in(request).login, request.app[OFFICE].board.site)
