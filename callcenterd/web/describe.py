"""What the API is, as OpenAPI 3.1, drawn from the routes themselves (`reference` makes docs/api.md of them).

A route says its content by `shape`; what can come back is the first paragraph of its handler's docstring ("200 the
state now · 404 no such agent").
"""

from __future__ import annotations

import functools
import inspect
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

import callcenterd
from callcenterd.web import once, rights

H = TypeVar("H", bound=Callable[..., Any])
Content = type[BaseModel] | TypeAdapter[Any]

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """answer: of status 200 or 201; None: no JSON. media, takes: types of content that are not JSON; of media there may
    be several, with ", " between them."""

    summary: str
    name: str
    takes: str = ""
    body: type[BaseModel] | None = None
    conditions: type[BaseModel] | None = None
    answer: TypeAdapter[Any] | None = None
    media: str = "application/json"


_shapes: dict[Any, Shape] = {}


def shape(
    *,
    summary: str,
    body: type[BaseModel] | None = None,
    conditions: type[BaseModel] | None = None,
    answer: TypeAdapter[Any] | None = None,
    media: str = "application/json",
    takes: str = "",
    name: str = "",
) -> Callable[[H], H]:
    """Says what goes in and out of a route, for its description. name: the operation's; else the handler's."""

    def decorate(handler: H) -> H:
        _shapes[handler] = Shape(
            summary=summary,
            name=name or handler.__name__,
            takes=takes,
            body=body,
            conditions=conditions,
            answer=answer,
            media=media,
        )
        return handler

    return decorate


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one address, with all that is said of it. statuses: what can come back, and when.

    own: for what is one's own the right is not needed. once: it takes an Idempotency-Key.
    """

    method: str
    path: str
    right: str
    own: bool
    once: bool
    shape: Shape
    statuses: Mapping[int, str]

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    @property
    def key(self) -> str:
        """The condition that names the thing, where the address has no part for it."""
        return "match" if self.method in ("PUT", "DELETE") and self.path.endswith(("/numbers", "/outbound")) else ""


_STATUS = re.compile(r"(\d{3}) ([^·]+)")


def routes_of(app: web.Application) -> list[Route]:
    """Every route under /api/, in the order in which they were added. Raises KeyError for one without a shape."""
    found = []
    for route in app.router.routes():
        resource = route.resource
        if resource is None or not resource.canonical.startswith("/api/") or route.method == "HEAD":
            continue
        handler = inspect.unwrap(route.handler)
        first_line = " ".join((inspect.getdoc(handler) or "").split("\n\n", maxsplit=1)[0].split())
        found.append(
            Route(
                method=route.method,
                path=resource.canonical,
                right=rights.right_of(route.handler) or "",
                own=rights.own_needs_none(route.handler),
                once=once.is_once(handler),
                shape=_shapes[handler],
                statuses={int(status): text.strip(" .") for status, text in _STATUS.findall(first_line)},
            )
        )
    return found


def openapi(routes: Iterable[Route]) -> dict[str, Any]:
    """OpenAPI 3.1 (its schemas are JSON Schema 2020-12)."""
    known = list(routes)
    schemas, references = _schemas(known)
    paths: dict[str, dict[str, Any]] = {}
    for route in known:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "callcenterd",
            "version": callcenterd.__version__,
            "description": "Times are ISO 8601 with offset; durations are seconds; dialled numbers are strings.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"page": []}],
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Error": _ERROR},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "page": {"type": "apiKey", "in": "cookie", "name": "callcenterd_session"},
            },
        },
    }


_ONCE: dict[str, Any] = {
    "name": once.HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": f"^{once.PATTERN}$"},
    "description": "sent again with the same one, within a day, it is done once and answered alike",
}
_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "fields"],
            "properties": {
                "code": {"type": "string", "description": "for programs"},
                "message": {"type": "string", "description": "for people, in the reader's language"},
                "fields": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "description": "what is wrong with each field that was sent",
                },
                "faults": {
                    "type": "array",
                    "description": "of a faulty file: each fault with its place",
                    "items": {
                        "type": "object",
                        "required": ["file", "line", "reason"],
                        "properties": {
                            "file": {"type": "string"},
                            "line": {"type": "integer"},
                            "reason": {"type": "string"},
                        },
                    },
                },
            },
        }
    },
}


def _schemas(known: list[Route]) -> tuple[dict[str, Any], dict[Any, Any]]:
    """All contents' schemas under their names, and for each route's body and answer the reference to its own."""
    wanted: list[tuple[Any, JsonSchemaMode, TypeAdapter[Any]]] = []
    for route in known:
        if route.shape.body is not None:
            wanted.append(((route.method, route.path, "body"), "validation", TypeAdapter(route.shape.body)))
        if route.shape.answer is not None:
            wanted.append(((route.method, route.path, "answer"), "serialization", route.shape.answer))
    by_key, definitions = TypeAdapter.json_schemas(wanted, ref_template="#/components/schemas/{model}")
    return definitions.get("$defs", {}), {key: schema for (key, _), schema in by_key.items()}


def _operation(route: Route, references: Mapping[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_name(route),
        "summary": route.shape.summary,
        "description": f"Right: {route.right}" + ("; not for what is one's own" if route.own else ""),
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in route.parameters
            ),
            *(
                [{"name": route.key, "in": "query", "required": True, "schema": {"type": "string"}}]
                if route.key
                else []
            ),
            *_conditions(route.shape.conditions),
            *([_ONCE] if route.once else []),
        ],
        "responses": {
            str(status): _response(route, status, text, references) for status, text in sorted(_all(route).items())
        },
    }
    if route.right == rights.PUBLIC:
        operation["security"] = []
    if route.shape.body is not None:
        content = {"application/json": {"schema": references[route.method, route.path, "body"]}}
        operation["requestBody"] = {"required": True, "content": content}
    elif route.shape.takes:
        operation["requestBody"] = {"required": True, "content": {route.shape.takes: {"schema": {"type": "string"}}}}
    return operation


def _operation_name(route: Route) -> str:
    """Two addresses of one handler are two operations."""
    return f"{route.shape.name}_by_{route.key}" if route.key else route.shape.name


def _all(route: Route) -> dict[int, str]:
    """What the docstring says, and what every route of its kind can answer."""
    common: dict[int, str] = {}
    if route.right != rights.PUBLIC:
        common |= {401: "not signed in", 403: "no right to this"}
    if route.method not in ("GET", "HEAD"):
        common |= {403: "no right to this, or not from a page of ours"}
    if route.shape.body is not None:
        common |= {
            400: "not JSON",
            408: "content did not arrive in time",
            413: "more than 1 MiB",
            415: "not application/json",
            422: "fields",
        }
    if route.shape.conditions is not None:
        common |= {422: "conditions"}
    if route.once:
        common |= {409: "something else was sent with this key"}
    return {**common, 500: "a fault of ours", 503: "not now: the database or the worker", **route.statuses}


def _response(route: Route, status: int, text: str, references: Mapping[Any, Any]) -> dict[str, Any]:
    response: dict[str, Any] = {"description": text}
    if status >= 400:
        response["content"] = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    elif route.shape.answer is not None and status in (200, 201):
        response["content"] = {route.shape.media: {"schema": references[route.method, route.path, "answer"]}}
    elif route.shape.media != "application/json" and status in (200, 206):
        response["content"] = {media: {} for media in route.shape.media.split(", ")}
    return response


def _conditions(kind: type[BaseModel] | None) -> list[dict[str, Any]]:
    if kind is None:
        return []
    schema = kind.model_json_schema()
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": {key: value for key, value in wanted.items() if key not in ("title", "description")},
            **({"description": wanted["description"]} if "description" in wanted else {}),
        }
        for name, wanted in schema.get("properties", {}).items()
    ]


class Description:
    """The description as octets, made when it is first asked for: everybody may ask, and it is work."""

    def __init__(self, app: web.Application) -> None:
        self._app = app

    @functools.cached_property
    def octets(self) -> bytes:
        return json.dumps(openapi(routes_of(self._app)), ensure_ascii=False, separators=(",", ":")).encode()


DESCRIPTION = web.AppKey("description", Description)


@routes.get("/api/v1/openapi.json")
@rights.public
@shape(summary="This description")
async def describe_api(request: web.Request) -> web.StreamResponse:
    """200 OpenAPI 3.1."""
    return web.Response(body=request.app[DESCRIPTION].octets, content_type="application/json")
