"""docs/api.md, drawn from the routes: `python -m callcenterd.web.reference` prints it, a test keeps it current."""

from __future__ import annotations

import dataclasses
import inspect
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from callcenterd.model.events import EVENT_NAMES, AgentChanged, Fact
from callcenterd.model.people import ROLES
from callcenterd.web import rights
from callcenterd.web.app import add_resources
from callcenterd.web.describe import Route, routes_of

_INTRODUCTION = """\
# The HTTP API

Drawn from the routes by `python -m callcenterd.web.reference`; a test keeps it current. The same as OpenAPI 3.1 is at
`GET /api/v1/openapi.json`.

- Times are ISO 8601 with offset; durations are seconds; dialled numbers are strings. Lists answer `{items, total}`.
  Of calls, customers, business records and queries it is counted to 10,000: a total of 10001 says that there are more.
- Sign in by `POST /api/v1/session`, then send `Authorization: Bearer TOKEN`. Pages have the same token in a cookie that
  scripts cannot read; a change by cookie needs `X-Requested-With: callcenterd` or the page's own `Origin`. A session
  ends after 12 hours without use, after 7 days in any case, at sign-out, and with a new password.
- An error is `{"error": {"code", "message", "fields"}}`: code for programs, message in the reader's language
  (`Accept-Language`, or `?lang=`), fields with what is wrong with each. A faulty file has `faults` besides, each with
  `file`, `line` and `reason`.
- Routes that say `Idempotency-Key` make something new. Send one with each thing that you want made (8 to 64 letters,
  digits, `-` and `_`), and the same one when you send it again because no answer came: for a day it is made once and
  answered alike, with `Idempotency-Replayed: true`, also if both arrive at once and after a restart. A key counts for
  one login and one address; what was refused has used up nothing. 409 `kept_otherwise`: something else was made with
  that key (`now` is what was answered then). 409 `kept_already`: it was made, but what was answered is not known any
  more (the server was stopped just then, or a customer was erased since): look before you make it anew.
- 404 with the code `module_off` and its name in `error.module`: this office has switched that part of the system off
  (`PUT /api/v1/modules/{key}`); its data is kept.
- 401: not signed in. 403: no right to it. 422: fields. 429: too many wrong passwords, with `Retry-After`. 503: the
  database or the worker does not do it now, with `Retry-After`. These are not repeated below.
- Without a sign-in: `GET /healthz` (`{"status": "ok", …}`; "degraded" with `reasons` while something is slow; 503 when
  the database or the media thread stands still), `GET /metrics` (Prometheus).
"""

_STREAM = """\
## The event stream

`GET /api/v1/events` is a WebSocket of `{"type", "at", "data"}`. Who it is says the `Authorization` header, the page's
cookie, or the first message `{"type": "session", "token": "…"}` within five seconds; never the address. Close codes:
4401 not signed in, or not any more; 4429 more than 30 streams of one login; 1012 come again.

Facts come as they happen, in order, to who may see them. Who reads too slowly loses facts and is told so:
`events.lost` `{"count"}`.

With `?live=1` the stream also keeps a picture of the office. `live.snapshot` `{"seq", "topics"}` is everything;
`live.changed` `{"seq", "changes"}` what is another now, at most ten times a second; a topic that is gone is null. A seq
that is not the last one plus one means that something is missing: send `{"type": "live.snapshot"}`. `live.ping` says
that we are still here. Topics are `lines/CALL`, `agents/LOGIN`, `queues/NAME`, `trunks/NAME`, `extensions/NUMBER`,
`callers/CALL`, `volume/QUEUE/TIME` (calls of the whole office: `volume//TIME`), with the values of `GET /api/v1/live`,
and `flows/FLOW/NODE` `{"flow", "node", "now", "today"}`: callers who are in a node now, and how often one came today.

A queue's figures of the day, and its volume by half hour, are of visits: one is one entering of a queue to its leaving,
booked to the half hour and the day in which it began. Callers whom the office has called are in none of them. Service
level: answered within the queue's time, of all who came but those who still wait and those who hung up within 5
seconds. A day begins at midnight of the office's zone; a restart counts it anew from the history.

An agent sees the own lines, agents and queues, and no flows; supervisors and above see all. Customers' names come
(`callers`) to who may see those customers. A screen pop goes to its
agent and to supervisors and above, refused flows to administrators.

| type | what happened | data |
| --- | --- | --- |
"""


def api_page(routes: Iterable[Route]) -> str:
    """docs/api.md."""
    known = list(routes)
    parts = [_INTRODUCTION, "\n## Rights\n\n| right | roles |\n| --- | --- |\n"]
    for right, roles in rights.RIGHTS.items():
        named = [role for role in ROLES if role in roles]
        parts.append(f"| `{right}` | {', '.join(named)} |\n")
    parts.append("\n## Routes\n")
    parts += [_route_text(route) for route in known]
    parts.append("\n" + _STREAM)
    for kind, name in EVENT_NAMES.items():
        says = (inspect.getdoc(kind) or "").split(". ")[0].split("\n")[0].rstrip(".")
        if says.startswith(kind.__name__ + "("):
            says = "A customer's card was written"
        fields = "the agent, as in `GET /api/v1/agents`" if kind is AgentChanged else _fields_of(kind)
        parts.append(f"| `{name}` | {says} | {fields} |\n")
    return "".join(parts)


def _fields_of(kind: type[Fact]) -> str:
    return ", ".join(f"`{each.name}`" for each in dataclasses.fields(kind) if each.name != "at")


def _route_text(route: Route) -> str:
    path = f"{route.path}?{route.key}=…" if route.key else route.path
    right = f"`{route.right}`, but for oneself" if route.own else f"`{route.right}`"
    module = " or ".join(f"`{name}`" for name in rights.modules_of(route.path, route.right))
    needed = f"{right}. Module: {module}" if module else right
    takes_key = " Takes an `Idempotency-Key`." if route.once else ""
    lines = [f"\n### `{route.method} {path}`\n\n{route.shape.summary}. Right: {needed}.{takes_key}\n"]
    statuses = [f"{status} {text}" for status, text in sorted(route.statuses.items())]
    lines.append(f"\n{'. '.join(statuses)}.\n")
    if route.shape.conditions is not None:
        lines.append("\n" + _table("condition", route.shape.conditions.model_json_schema()))
    if route.shape.body is not None:
        lines.append("\n" + _table("field", route.shape.body.model_json_schema()))
    elif route.shape.takes:
        lines.append(f"\nTakes `{route.shape.takes}`.\n")
    if route.shape.answer is not None:
        schema = route.shape.answer.json_schema(mode="serialization")
        lines.append(f"\nAnswers {_kind(schema, schema)}.\n")
    elif route.shape.media != "application/json":
        lines.append(f"\nAnswers `{route.shape.media}`.\n")
    return "".join(lines)


def _table(what: str, schema: Mapping[str, Any]) -> str:
    properties = schema.get("properties", {})
    if not properties:
        return "The content is an empty object.\n"
    rows = [f"| {what} | kind | |\n| --- | --- | --- |\n"]
    for name, wanted in properties.items():
        needed = "needed" if name in schema.get("required", ()) else f"default {_code(wanted.get('default'))}"
        about = wanted.get("description", "")
        rows.append(f"| `{name}` | {_kind(wanted, schema)} | {needed}{'. ' + about if about else ''} |\n")
    return "".join(rows)


def _code(value: object) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _kind(wanted: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """A schema in a few words: "text", "list of number", "`a` or `b`", "{id, name}"."""
    if "$ref" in wanted:
        return _kind(schema["$defs"][wanted["$ref"].rpartition("/")[2]], schema)
    if "enum" in wanted:
        return " or ".join(_code(value) for value in wanted["enum"])
    if "anyOf" in wanted:
        return " or ".join(_kind(each, schema) for each in wanted["anyOf"])
    match wanted.get("type"):
        case "object" if "properties" in wanted:
            inner = ", ".join(
                f"{name}: [{_kind(each['items'], schema)}]"
                if each.get("type") == "array" and _is_object(each["items"], schema)
                else name
                for name, each in wanted["properties"].items()
            )
            return f"{{{inner}}}" if inner else "{}"
        case "array":
            return f"list of {_kind(wanted.get('items', {}), schema)}"
        case "string":
            return {"date-time": "time"}.get(wanted.get("format", ""), "text") + _bounds(wanted)
        case str(kind):
            return {"integer": "whole number", "boolean": "true or false"}.get(kind, kind) + _bounds(wanted)
        case _:
            return "anything"


def _is_object(wanted: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    if "$ref" in wanted:
        wanted = schema["$defs"][wanted["$ref"].rpartition("/")[2]]
    return "properties" in wanted


def _bounds(wanted: Mapping[str, Any]) -> str:
    least = wanted.get("minimum", wanted.get("minLength"))
    most = wanted.get("maximum", wanted.get("maxLength"))
    if least is None and most is None:
        return ""
    if most is None:
        return f" (≥ {least})"
    return f" (≤ {most})" if least is None else f" ({least}-{most})"


def every_route() -> list[Route]:
    """All routes of the application, without an office."""
    app = web.Application()
    add_resources(app)
    return routes_of(app)


if __name__ == "__main__":
    sys.stdout.write(api_page(every_route()))
