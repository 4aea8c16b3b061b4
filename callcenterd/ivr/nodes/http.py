"""http: ask a business system, and keep what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from callcenterd.ivr import expression
from callcenterd.ivr.asking import answered
from callcenterd.ivr.expression import Plain
from callcenterd.ivr.naming import HOST, Names
from callcenterd.ivr.node import (
    BusinessFailed,
    BusinessSlow,
    Exits,
    Flag,
    FlowCall,
    Name,
    Node,
    NodeFailed,
    NodeName,
    Plainly,
    Question,
    SecretWord,
    Template,
    Walk,
    Word,
    node,
    present,
)
from callcenterd.ivr.saying import Saying, fixed
from callcenterd.model.prompts import Prompt
from callcenterd.said import Said


def _hosts(address: str) -> Iterator[tuple[str, str]]:
    """As the configuration lists them: with a port where that is not the usual one."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return
    if host:
        unusual = port is not None and port != {"http": 80, "https": 443}.get(parts.scheme)
        yield HOST, f"{host}:{port}" if unusual else host


@node(
    "http", zh="查询业务系统（HTTP，JSON），结果存入变量。", en="Ask a business system (HTTP, JSON); keep the answer."
)
class Http(Node):
    """http: the address; its host is one of the configuration's `business.hosts`, and values that are filled in cannot
    leave their place. method: GET or POST. send: names with values, the JSON of a POST. headers: lines of the head;
    secrets: the same, but each value is the name of a secret of the configuration. timeout: seconds for one try.
    retries: how often it is asked again where no answer came in time, or nobody could be reached. A POST is asked again
    only where nobody could be reached, for an order must not be made twice; repeatable: it may be, for the system knows
    it by its Idempotency-Key, which stays the same, or it changes nothing. get: variables, each with the way to its
    value in the answer, such as data.orders.0.number. tell: those of them that the agent shall see. filler: what a
    caller hears who waits. next: answered, with all that is wanted. on_failed: else; on_timeout: not in time. Without
    them, as on_error.
    """

    http: Annotated[Template, Names(_hosts)]
    method: Literal["GET", "POST"] = "GET"
    send: Annotated[dict[Word, Plainly], Field(max_length=50)] = Field(default_factory=dict)
    headers: Annotated[dict[Word, Template], Field(max_length=20)] = Field(default_factory=dict)
    secrets: Annotated[dict[Word, SecretWord], Field(max_length=20)] = Field(default_factory=dict)
    timeout: Annotated[float, Field(strict=True, gt=0, le=60)] = 5
    retries: Annotated[int, Field(strict=True, ge=0, le=3)] = 0
    repeatable: Flag = False
    get: Annotated[dict[Name, Word], Field(max_length=20)] = Field(default_factory=dict)
    tell: Annotated[tuple[Name, ...], Field(max_length=20)] = ()
    filler: Saying | None = None
    next: NodeName | None = None
    on_failed: NodeName | None = None
    on_timeout: NodeName | None = None

    async def run(self, call: FlowCall, walk: Walk) -> NodeName | None:
        try:
            answer = await self._answer(call, walk)
            found = {name: _at(answer, way) for name, way in self.get.items()}
        except BusinessFailed as why:
            to = (self.on_timeout if isinstance(why, BusinessSlow) else None) or self.on_failed
            if to is None:
                raise
            walk.variables["error"] = str(why)[:200]
            return to
        for name, value in found.items():
            walk.set(name, value)
            if name in self.tell:
                call.tell(name, value)
        return self.next

    async def _answer(self, call: FlowCall, walk: Walk) -> Plain:
        send: dict[str, Plain] = {
            name: walk.value(value) if isinstance(value, str) else value for name, value in self.send.items()
        }
        question = Question(
            method=self.method,
            url=expression.fill(self.http, walk.variables, "url"),
            headers={name: _one_line(walk.fill(text)) for name, text in self.headers.items()},
            secrets=self.secrets,
            body=send if self.method == "POST" else None,
            seconds=self.timeout,
            tries=1 + self.retries,
            repeatable=self.repeatable or self.method == "GET",
        )
        return await answered(self, call, walk, call.ask_business(question), self.filler)

    def exits(self) -> Exits:
        return present(next=self.next, on_failed=self.on_failed, on_timeout=self.on_timeout)

    def sets(self) -> Iterable[str]:
        return self.get.keys()

    def problems(self) -> Iterable[tuple[tuple[str | int, ...], str]]:
        scheme, _, rest = self.http.partition("://")
        host = rest.split("/", 1)[0].split("?", 1)[0]
        if (
            scheme not in {"http", "https"}
            or not host
            or "{" in host
            or "@" in host
            or not urlsplit(self.http).hostname
        ):
            yield ("http",), Said("address")
        if self.send and self.method != "POST":
            yield ("send",), Said("sent_by_post")
        if self.repeatable and not (self.method == "POST" and self.retries):
            yield ("repeatable",), Said("repeatable")
        for name in set(self.tell) - self.get.keys():
            yield ("tell", self.tell.index(name)), Said("not_got", name=name)

    def prompts(self, language: str) -> tuple[Prompt, ...]:
        return fixed(self.filler or (), language)


def _at(answer: Plain, way: str) -> Plain:
    """Raises BusinessFailed if the answer has nothing there."""
    value = answer
    for step in way.split("."):
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            raise BusinessFailed(f"the answer has no {way}")
    return value


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise NodeFailed("a line of the head has no characters that cannot be printed")
    return text
