"""What an office has: trunks, numbers, outbound routes, users, queues, mailboxes; and the site file.

The rules are those of the site file (`site.put`, `site.remove`), and so are the words. Passwords come in and never go
out: `has_password` says that there is one.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel, Field, TypeAdapter, create_model

from callcenterd import site as site_file
from callcenterd.errors import NotFound, Refused
from callcenterd.ivr.flow import Flow
from callcenterd.model.calendar import Calendar
from callcenterd.model.ids import ExtensionNumber
from callcenterd.model.modules import MODULES, ModuleName
from callcenterd.model.people import Role
from callcenterd.model.site import (
    BreakReason,
    CallerHeader,
    Codec,
    Disposition,
    Encryption,
    Extension,
    Limits,
    Mailbox,
    Module,
    NumberForm,
    NumberRoute,
    OutboundRoute,
    QueueSettings,
    RecordWhen,
    Secret,
    Site,
    Team,
    Trunk,
    TrunkEncryption,
    TrunkTransport,
    UserAccount,
)
from callcenterd.model.site_edits import Editor
from callcenterd.site import ENTRIES, Applied, Section
from callcenterd.web.answers import (
    VISIBLE,
    Asked,
    Conditions,
    Conflict,
    Malformed,
    NotAllowed,
    NotYaml,
    WrongFields,
    answer,
    conditions,
    nothing,
    read,
    read_object,
    read_octets,
)
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE, Office, PhoneNow, TrunkNow
from callcenterd.web.rights import covers, right
from callcenterd.web.session import LEAST_PASSWORD, signed_in

routes = web.RouteTableDef()

SITE_LOCK = web.AppKey("site_lock", asyncio.Lock)
"""A change reads the site, and writes it back whole: one after the other."""
YAML_TYPES = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"})


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    items: list[T]
    total: int


@dataclass(frozen=True, slots=True)
class TrunkShown:
    """state: "up", "down" or "unknown"; why: the last status or fault."""

    name: str
    host: str
    port: int
    username: str
    has_password: bool
    register: bool
    allow: tuple[str, ...]
    in_strip: int
    in_prepend: str
    out_form: NumberForm
    out_strip: int
    out_prepend: str
    caller: str
    caller_id: CallerHeader
    channels: int
    codecs: tuple[Codec, ...]
    encryption: TrunkEncryption
    options: int
    transport: TrunkTransport
    state: str
    why: str


@dataclass(frozen=True, slots=True)
class UserShown:
    login: str
    name: str
    role: Role
    extension: str | None
    language: str
    in_directory: bool
    own_role: str
    record: RecordWhen
    skills: Mapping[str, int]
    has_password: bool
    has_pin: bool


@dataclass(frozen=True, slots=True)
class ExtensionShown:
    """registered: its phone can be reached now; where, and what the phone says that it is."""

    number: str
    contact: str
    auto_answer: bool
    codecs: tuple[Codec, ...]
    encryption: Encryption
    has_password: bool
    registered: bool
    address: str
    device: str


def _trunk(office: Office, trunk: Trunk) -> TrunkShown:
    now = office.trunks().get(trunk.name, TrunkNow())
    known = {field.name: getattr(trunk, field.name) for field in dataclasses.fields(trunk) if field.name != "password"}
    return TrunkShown(**known, has_password=bool(trunk.password.reveal()), state=now.state, why=now.why)


def _user(_: Office, user: UserAccount) -> UserShown:
    password, pin = bool(user.password_hash.reveal()), bool(user.pin_hash.reveal())
    own = (user.login, user.name, user.role, user.extension, user.language, user.in_directory, user.own_role)
    return UserShown(*own, user.record, user.skills, password, pin)


def _extension(office: Office, extension: Extension) -> ExtensionShown:
    now = office.phones().get(ExtensionNumber(extension.number), PhoneNow())
    has = bool(extension.password.reveal())
    return ExtensionShown(
        number=extension.number,
        contact=extension.contact,
        auto_answer=extension.auto_answer,
        codecs=extension.codecs,
        encryption=extension.encryption,
        has_password=has,
        registered=now.reachable,
        address=now.contact,
        device=now.device,
    )


@dataclass(frozen=True, slots=True)
class ModuleShown:
    """on: it is there. uses: modules without which it does less. nodes: kinds of flow nodes that need it; flows: those
    in service that have such nodes."""

    name: ModuleName
    on: bool
    chinese: str
    english: str
    uses: tuple[ModuleName, ...]
    nodes: tuple[str, ...]
    flows: tuple[str, ...]


def _module(office: Office, module: Module) -> ModuleShown:
    parts = MODULES[module.name]
    flows = tuple(sorted(name for name, flow in office.flows.all().items() if has_node(flow, parts.nodes)))
    return ModuleShown(module.name, module.on, parts.chinese, parts.english, parts.uses, parts.nodes, flows)


def has_node(flow: Flow, kinds: Collection[str]) -> bool:
    return any(node.kind in kinds for node in flow.nodes.values())


def _every_module(site: Site) -> Iterable[Module]:
    """Also those that nobody has named: they are on."""
    return [Module(name=name, on=site.has(name)) for name in MODULES]


def _as_it_is(_: Office, thing: Any) -> Any:
    return thing


@dataclass(frozen=True, slots=True)
class _List:
    """How the things of one section are shown. key: the field that names one of them. all: where what is listed is more
    than the site names."""

    word: str
    key: str
    thing: type[Any]
    show: Callable[[Office, Any], Any]
    all: Callable[[Site], Iterable[Any]] | None = None


_LISTS: Mapping[Section, _List] = {
    "trunks": _List("trunk", "name", TrunkShown, _trunk),
    "numbers": _List("number", "match", NumberRoute, _as_it_is),
    "outbound": _List("outbound route", "match", OutboundRoute, _as_it_is),
    "users": _List("user", "login", UserShown, _user),
    "extensions": _List("extension", "number", ExtensionShown, _extension),
    "queues": _List("queue", "name", QueueSettings, _as_it_is),
    "limits": _List("limits", "who", Limits, _as_it_is),
    "breaks": _List("break reason", "name", BreakReason, _as_it_is),
    "dispositions": _List("disposition", "code", Disposition, _as_it_is),
    "modules": _List("module", "name", ModuleShown, _module, _every_module),
    "mailboxes": _List("mailbox", "box", Mailbox, _as_it_is),
    "calendars": _List("calendar", "name", Calendar, _as_it_is),
    "teams": _List("team", "name", Team, _as_it_is),
}


async def change_site(request: web.Request, target: str, work: Callable[[], Awaitable[Applied]]) -> Applied:
    """Do it, write down who did it, and put it in force everywhere; nothing of that if nothing is another by it."""
    office = request.app[OFFICE]
    async with request.app[SITE_LOCK]:
        applied = await work()
        if applied.changes:
            who = signed_in(request).login
            details = {"changes": list(applied.changes), "revision": applied.revision}
            await office.store.audit.append(office.clock.utc(), who, "site.changed", target, details)
            await office.site_changed()
    return applied


def editor_of(request: web.Request) -> Editor:
    """Who asks, at this moment: what they change is not undone by a file that does not know it."""
    return Editor(signed_in(request).login, request.app[OFFICE].clock.utc())


class ThingChanged(Conflict):
    """Somebody has changed fields of it meanwhile. now: the thing as it is."""

    def __init__(self, fields: Iterable[str], now: object) -> None:
        super().__init__("thing_changed")
        self.more = {"changed": list(fields), "now": now}


def _change_of(entry: type[BaseModel]) -> type[BaseModel]:
    """The same thing, and what its fields are believed to be before."""
    was: Any = Field({}, description="Of the fields sent, what they are believed to be before; 409 if they are not.")
    return create_model(f"{entry.__name__.removesuffix('Entry')}Change", __base__=entry, was=(dict[str, Any], was))


def may_change_user(request: web.Request, login: str) -> None:
    """Raises NotAllowed: they have more than who asks (see `allowed_changes`)."""
    site = request.app[OFFICE].board.site
    mine = site.settings_of(signed_in(request).login)
    if mine.level != "admin" and not covers(mine, site.settings_of(login)):
        raise NotAllowed


def allowed_changes(request: web.Request) -> site_file.Allowed:
    """Nobody gives a role that has more than their own, nor changes a user who has one: not their password either, or
    they could be them. Raises NotAllowed when it is asked."""
    login = signed_in(request).login

    def check(before: Site, after: Site) -> None:
        mine = before.settings_of(login)
        if mine.level == "admin":
            return
        was = {user.login: user for user in before.users}
        is_now = {user.login: user for user in after.users}
        for one in was.keys() | is_now.keys():
            if was.get(one) != is_now.get(one) and not all(
                covers(mine, site.settings_of(one)) for site, users in ((before, was), (after, is_now)) if one in users
            ):
                raise NotAllowed

    return check


def _found(office: Office, section: Section, key: str) -> Any | None:
    things = getattr(office.board.site, section)
    return next((thing for thing in things if getattr(thing, _LISTS[section].key) == key), None)


def _key_in(request: web.Request, section: Section) -> str:
    """Which thing an address names: its last part, or, for the pattern "." that no address can end in, a condition."""
    key = request.match_info.get("key") or request.query.get(_LISTS[section].key, "")
    if not key:
        raise WrongFields({_LISTS[section].key: ("missing", {})})
    return site_file.key_of(section, {_LISTS[section].key: key})


_SHOWN: Mapping[Section, TypeAdapter[Any]] = {section: TypeAdapter(kind.thing) for section, kind in _LISTS.items()}


async def _put(
    request: web.Request,
    section: Section,
    key: str,
    fields: Mapping[str, Any],
    status: int,
    was: Mapping[str, Any] | None = None,
) -> web.StreamResponse:
    """Bring one thing in, and answer with it."""
    kind, one = _LISTS[section], _SHOWN[section]
    office = request.app[OFFICE]
    if section == "users" and 0 < len(str(fields.get("password") or "")) < LEAST_PASSWORD:
        raise WrongFields({"password": ("string_too_short", {"min_length": LEAST_PASSWORD})})
    store, editor, allowed = office.store, editor_of(request), allowed_changes(request)
    work = lambda: site_file.put(store, office.passwords, section, fields, editor, allowed, was=was)  # noqa: E731
    try:
        await change_site(request, f"{kind.word}/{key}", work)
    except site_file.ThingIsAnother as fault:
        now = one.dump_python(kind.show(office, _found(office, section, key)), mode="json")
        raise ThingChanged(fault.fields, now) from None
    thing = _found(office, section, key)
    if thing is None:
        raise NotFound(kind.word, key)  # somebody took it away in the meantime
    return answer(one, kind.show(office, thing), status=status)


def _add_routes(section: Section) -> None:
    """The four routes of one section."""
    kind = _LISTS[section]
    one = _SHOWN[section]
    many: TypeAdapter[Any] = TypeAdapter(Listing[kind.thing])  # type: ignore[name-defined]  # a type known at run time
    entry = ENTRIES[section]

    @routes.get(f"/api/v1/{section}")
    @right("site")
    @shape(summary=f"Every {kind.word}", answer=many, name=f"list_{section}")
    async def list_things(request: web.Request) -> web.StreamResponse:
        """200 all of them, in their order."""
        office = request.app[OFFICE]
        site = office.board.site
        shown = [kind.show(office, thing) for thing in (kind.all(site) if kind.all else getattr(site, section))]
        return answer(many, Listing(shown, len(shown)))

    @routes.post(f"/api/v1/{section}")
    @right("site")
    @shape(summary=f"A new {kind.word}", body=entry, answer=one, name=f"create_{section}")
    async def create_thing(request: web.Request) -> web.StreamResponse:
        """201 it is in force · 404 somebody took it away at once · 409 there is one of that name."""
        fields = await read_object(request)
        key = site_file.key_of(section, fields)
        if _found(request.app[OFFICE], section, key) is not None:
            raise Conflict("exists")
        return await _put(request, section, key, fields, 201)

    async def change_thing(request: web.Request) -> web.StreamResponse:
        """200 it is in force; what is not sent stays · 201 it is new · 404 somebody took it away at once · 409 some
        fields of `was` are otherwise by now: `error.changed` names them, `error.now` has the thing as it is."""
        key = _key_in(request, section)
        fields = {kind.key: key, **await read_object(request)}
        was = fields.pop("was", {})
        if not isinstance(was, dict):
            raise WrongFields({"was": ("dict_type", {})})
        if site_file.key_of(section, fields) != key:
            raise WrongFields({kind.key: ("other_name", {})})
        known = _found(request.app[OFFICE], section, key) is not None
        return await _put(request, section, key, fields, 200 if known else 201, was)

    async def remove_thing(request: web.Request) -> web.StreamResponse:
        """204 it is gone · 404 no such thing · 409 it is one's own account · 422 something else still names it."""
        key, office = _key_in(request, section), request.app[OFFICE]
        if section == "users" and key == signed_in(request).login:
            raise Conflict("own_account")
        if naming := office.flows.naming(kind.word if section != "users" else "agent", key):
            by = ", ".join(f"flow {flow}" for flow in naming[:5])
            raise Refused(f"{kind.word} {key} is named by {by}", {kind.key: "is in use"})
        editor, allowed = editor_of(request), allowed_changes(request)
        work = lambda: site_file.remove(office.store, section, key, editor, allowed)  # noqa: E731
        await change_site(request, f"{kind.word}/{key}", work)
        return nothing()

    changing = right("site")(
        shape(summary=f"Change a {kind.word}", body=_change_of(entry), answer=one, name=f"change_{section}")(
            change_thing
        )
    )
    removing = right("site")(shape(summary=f"Take a {kind.word} away", name=f"remove_{section}")(remove_thing))
    addresses = [f"/api/v1/{section}/{{key}}"]
    if kind.key == "match":
        addresses.append(f"/api/v1/{section}")  # ?match=. names the pattern that no address can end in
    for address in addresses:
        routes.put(address)(changing)
        routes.delete(address)(removing)


for _section in _LISTS:
    _add_routes(_section)


class OrderAsked(Asked):
    """keys: of all things of the section, in the order in which they shall stand."""

    keys: list[Annotated[str, VISIBLE, Field(max_length=64)]] = Field(max_length=10_000)


def _add_order(section: Section, why: str) -> None:
    kind = _LISTS[section]

    @routes.post(f"/api/v1/{section}/order")
    @right("site")
    @shape(summary=f"The order of each {kind.word}: {why}", body=OrderAsked, name=f"order_{section}")
    async def order_things(request: web.Request) -> web.StreamResponse:
        """204 they stand so · 409 there are others by now."""
        asked, office = await read(request, OrderAsked), request.app[OFFICE]
        keys, editor, allowed = asked.keys, editor_of(request), allowed_changes(request)
        work = lambda: site_file.reorder(office.store, section, keys, editor, allowed)  # noqa: E731
        try:
            await change_site(request, section, work)
        except site_file.ThingIsAnother as fault:
            now = [getattr(thing, kind.key) for thing in getattr(office.board.site, section)]
            raise ThingChanged(fault.fields, now) from None
        return nothing()


_add_order("outbound", "of those that fit a number the first is used")
_add_order("breaks", "so they are offered")
_add_order("dispositions", "so they are offered")


@dataclass(frozen=True, slots=True)
class KeptShown:
    """What the file says as before, and a page changed since: it stays. fields: empty if it was taken away."""

    section: Section
    key: str
    fields: tuple[str, ...]
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SiteApplied:
    """changes: one short text for each thing that is another now; none: all was so already. kept: what of the file was
    left alone."""

    changes: tuple[str, ...]
    revision: int
    kept: tuple[KeptShown, ...]


class ApplyConditions(Conditions):
    overwrite: bool = Field(False, description="Undo also what pages changed since a file last said it.")


SITE_APPLIED = TypeAdapter(SiteApplied)


def without_secrets(site: Site) -> Site:
    """The site as it may be shown. Applied again, such a file leaves every password as it is."""
    return dataclasses.replace(
        site,
        trunks=tuple(dataclasses.replace(trunk, password=Secret("")) for trunk in site.trunks),
        users=tuple(dataclasses.replace(user, password_hash=Secret(""), pin_hash=Secret("")) for user in site.users),
        extensions=tuple(dataclasses.replace(phone, password=Secret("")) for phone in site.extensions),
    )


@routes.get("/api/v1/site")
@right("site")
@shape(summary="The site file, without passwords", media="application/yaml")
async def read_site(request: web.Request) -> web.StreamResponse:
    """200 YAML as `callcenterd export` writes it, but for the passwords."""
    office = request.app[OFFICE]
    site = office.board.site
    text = site_file.written(without_secrets(site), edited=site_file.undoable(await office.store.site.edits()))
    return web.Response(text=text, content_type="application/yaml")


@routes.post("/api/v1/site")
@right("site")
@shape(summary="Bring a site file in", takes="application/yaml", conditions=ApplyConditions, answer=SITE_APPLIED)
async def apply_site(request: web.Request) -> web.StreamResponse:
    """200 what is another now, and what stays as a page changed it since · 413 more than 1 MiB · 415 not
    application/yaml · 422 the file's faults, each with its line; also what a page changed to another end."""
    overwrite = conditions(request, ApplyConditions).overwrite
    if request.content_type not in YAML_TYPES:
        raise NotYaml
    octets, office = await read_octets(request), request.app[OFFICE]
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        raise Malformed(why="UTF-8") from None
    applied = await change_site(
        request,
        "site",
        lambda: site_file.apply_text(
            office.store, office.passwords, text, "site.yaml", allowed_changes(request), overwrite=overwrite
        ),
    )
    kept = tuple(KeptShown(one.section, one.key, one.fields, one.editor.by, one.editor.at) for one in applied.kept)
    return answer(SITE_APPLIED, SiteApplied(applied.changes, applied.revision, kept))
