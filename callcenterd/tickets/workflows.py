"""What an administrator does with the workflows of complaints: the rules, the trail, once."""

from __future__ import annotations

from callcenterd.clock import Clock
from callcenterd.errors import NotFound, Refused
from callcenterd.model.workflows import KeptWorkflow, Workflow
from callcenterd.store.database import Store
from callcenterd.store.workflows import WorkflowIsAnother
from callcenterd.tickets import workflow as rules


class Workflows:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def current(self) -> tuple[list[KeptWorkflow], list[tuple[str, str, str]]]:
        """As they are now, the office's own first; and code, Chinese and English name of the steps of all versions."""
        await self.of("")
        return await self._store.workflows.current(), await self._store.workflows.step_names()

    async def of(self, type_: str) -> KeptWorkflow:
        """That of the type, else the office's; the one that ships, if there is none yet."""
        known = {one.type: one for one in await self._store.workflows.current()}
        found = known.get(type_) or known.get("")
        if found is not None:
            return found
        try:
            found = await self._store.workflows.put("", rules.DEFAULT, 0, "system", self._clock.utc())
        except WorkflowIsAnother as fault:  # two have asked for it at once
            found = fault.now
        assert found is not None, "the office's workflow is never taken away"
        return found

    async def put(self, type_: str, workflow: Workflow, version: int, by: str) -> KeptWorkflow:
        """Raises NotFound, WorkflowIsAnother, and Refused with what is wrong where."""
        await self._check_type(type_)
        if faults := rules.faults(workflow):
            raise Refused("the workflow cannot be kept as it is", faults)
        kept = await self._store.workflows.put(type_, workflow, version, by, self._clock.utc())
        assert kept is not None, "a workflow was put"
        await self._audit(by, "workflow.changed", type_, kept.version)
        return kept

    async def remove(self, type_: str, version: int, by: str) -> None:
        """Raises NotFound for a type that has none of its own, and for the office's; WorkflowIsAnother."""
        known = {one.type for one in await self._store.workflows.current()}
        if type_ not in known - {""}:
            raise NotFound("workflow", type_[:40])
        await self._store.workflows.put(type_, None, version, by, self._clock.utc())
        await self._audit(by, "workflow.removed", type_, version)

    async def _check_type(self, type_: str) -> None:
        for dictionary in await self._store.dictionaries.all():
            if dictionary.name == "complaint_type" and type_ in {"", *(value.code for value in dictionary.values)}:
                return
        raise NotFound("workflow", type_[:40])

    async def _audit(self, by: str, what: str, type_: str, version: int) -> None:
        """What it was and is, the versions themselves tell."""
        target = f"workflow/{type_ or 'default'}"
        await self._store.audit.append(self._clock.utc(), by, what, target, {"version": version})
