"""Whose a step of a complaint is, and the duty that it is while it lasts (CMP-02, CMP-03)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from callcenterd.model.complaints import Complaint, ComplaintFields
from callcenterd.model.duties import NewDuty
from callcenterd.model.site import Site
from callcenterd.model.workflows import PARTS, Given, Part, Step
from callcenterd.tickets.complaint_answers import Answer
from callcenterd.tickets.ledger import Ledger, Wanted


class ComplaintSteps:
    """site: as it is now. language: the office's."""

    def __init__(self, site: Callable[[], Site], ledger: Ledger, language: str) -> None:
        self._site = site
        self._ledger = ledger
        self._language = language

    def parts(self, complaint: Complaint, login: str) -> frozenset[Part]:
        """What somebody is to this complaint. Managers and administrators stand in for everybody, and where a
        department has no leaders, supervisors who lead no team for its head."""
        site = self._site()
        role = next((user.role for user in site.users if user.login == login), None)
        if role in ("manager", "admin"):
            return frozenset(PARTS)
        overseen, found = site.overseen_by(login), set[Part]()
        if overseen is None or complaint.created_by in overseen:
            found.add("maker")
        team = next((one for one in site.teams if one.name == complaint.team), None)
        if team is not None:
            if login in team.leaders or (overseen is None and not team.leaders):
                found |= {"head", "team"}
            if login in team.members:
                found.add("team")
        if complaint.responsible == login:
            found.add("person")
        return frozenset(found)

    def owner(self, step: Step, complaint: Complaint) -> str:
        """Who has to do it; "": whoever of the team is first."""
        match step.who:
            case "maker":
                return complaint.created_by
            case "person":
                return complaint.responsible
            case "head":
                team = next((one for one in self._site().teams if one.name == complaint.team), None)
                return team.leaders[0] if team is not None and len(team.leaders) == 1 else ""
            case "team":
                return ""

    def duty(self, step: Step, of: ComplaintFields, limits: Given, *, owner: str, team: str) -> NewDuty:
        return self._ledger.planned(self._wanted(step, of, limits, owner=owner, team=team))

    def _wanted(self, step: Step, of: ComplaintFields, limits: Given, *, owner: str, team: str) -> Wanted:
        name = step.chinese if self._language.lower().startswith("zh") else step.english
        return Wanted(
            kind="complaint_step",
            title=f"{name} {of.reason}".strip()[:150],
            customer=of.customer,
            call=of.call,
            owner=owner,
            team=team,
            due=limits.due,
            minutes=step.limit if limits.minutes is None else limits.minutes,
            warn=step.warn,
            escalate=step.escalations,
        )

    def answer_duty(self, step: Step, complaint: Complaint, plan: Answer, limits: Given) -> NewDuty:
        wanted = self._wanted(step, complaint, limits, owner=self.owner(step, complaint), team=complaint.team)
        if plan.means == "call":
            wanted = replace(wanted, kind="complaint_answer", number=plan.to, note=complaint.result[:4000])
        return self._ledger.planned(wanted)
