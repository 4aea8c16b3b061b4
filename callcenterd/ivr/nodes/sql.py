"""sql: ask a database of the office's, and keep what it answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from callcenterd.ivr.asking import answered
from callcenterd.ivr.expression import Plain
from callcenterd.ivr.node import (
    BusinessFailed,
    BusinessSlow,
    DatabaseWord,
    Exits,
    FlowCall,
    Inquiry,
    Name,
    Node,
    NodeName,
    Plainly,
    Walk,
    Word,
    node,
    present,
)
from callcenterd.ivr.saying import Saying, fixed
from callcenterd.model import statements
from callcenterd.model.prompts import Prompt
from callcenterd.said import Said


@node("sql", zh="查询数据库（SQL，只读），结果存入变量。", en="Ask a database (SQL, reading only); keep the answer.")
class Sql(Node):
    """sql: one question, SELECT, WITH or VALUES; it can change nothing. A value stands in it as a parameter, `:card`,
    and never by braces. database: a name of the configuration's `business.databases`. values: the parameters' values.
    timeout: seconds; then it is broken off. get: variables, each with the column of the first row that it takes.
    rows: a variable for the number of rows, of which 200 are counted at most. tell: those of the variables that the
    agent shall see. filler: what a caller hears who waits. next: there is a row; on_none: there is none, and the
    variables of get are empty; without it, next. on_timeout: no answer in time; on_failed: else. Without them, as
    on_error.
    """

    sql: Annotated[str, Field(min_length=1, max_length=statements.MAX_STATEMENT)]
    database: DatabaseWord
    values: Annotated[dict[Name, Plainly], Field(max_length=20)] = Field(default_factory=dict)
    timeout: Annotated[float, Field(strict=True, gt=0, le=60)] = 5
    get: Annotated[dict[Name, Word], Field(max_length=20)] = Field(default_factory=dict)
    rows: Name | None = None
    tell: Annotated[tuple[Name, ...], Field(max_length=20)] = ()
    filler: Saying | None = None
    next: NodeName | None = None
    on_none: NodeName | None = None
    on_failed: NodeName | None = None
    on_timeout: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        values = {name: walk.value(value) if isinstance(value, str) else value for name, value in self.values.items()}
        inquiry = Inquiry(self.database, self.sql, values, tuple(self.get.values()), self.timeout)
        try:
            found = await answered(self, call, walk, call.ask_database(inquiry), self.filler)
        except BusinessFailed as why:
            to = (self.on_timeout if isinstance(why, BusinessSlow) else None) or self.on_failed
            if to is None:
                raise
            walk.variables["error"] = str(why)[:200]
            return to
        kept: dict[str, Plain] = {name: found.first.get(column) for name, column in self.get.items()}
        if self.rows is not None:
            kept[self.rows] = found.rows
        for name, value in kept.items():
            walk.set(name, value)
            if name in self.tell:
                call.tell(name, value)
        return self.next if found.rows else self.on_none or self.next

    def exits(self) -> Exits:
        return present(next=self.next, on_none=self.on_none, on_failed=self.on_failed, on_timeout=self.on_timeout)

    def sets(self) -> Iterable[str]:
        return (*self.get, *(() if self.rows is None else (self.rows,)))

    def shows(self) -> Iterable[str]:
        return self.tell

    def problems(self) -> Iterable[tuple[tuple[str | int, ...], str]]:
        if fault := statements.fault_of(self.sql):
            yield ("sql",), fault
            return
        wanted = statements.parameters(self.sql)
        for name in sorted(wanted - self.values.keys()):
            yield ("sql",), Said("no_value", name=name)
        for name in sorted(self.values.keys() - wanted):
            yield ("values", name), Said("no_parameter", name=name)
        for name in sorted(set(self.tell) - set(self.sets())):
            yield ("tell", self.tell.index(name)), Said("not_got_or_rows", name=name)

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        return fixed(self.filler or (), language)
