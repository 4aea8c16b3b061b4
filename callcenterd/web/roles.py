"""What each role may, whose records it sees, and what is hidden from it (ADM-01); roles of the office's own beside the
shipped ones. The table of rights is `rights`'s."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, StringConstraints, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.changes import audit_change
from callcenterd.model.people import ROLES, Role
from callcenterd.model.roles import SCOPED_KINDS, HiddenKind, RoleInUse, RoleIsAnother, RoleSettings, Scope, ScopedKind
from callcenterd.model.site import Site
from callcenterd.web.administration import SITE_LOCK
from callcenterd.web.answers import (
    VISIBLE,
    Asked,
    Conditions,
    Conflict,
    WrongFields,
    answer,
    conditions,
    nothing,
    read,
)
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import FIXED, RIGHTS, right, role_may
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), VISIBLE]
Version = Annotated[int, Field(ge=0, lt=1 << 62, description="The one that was read; with another one there is 409")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleShown:
    """rights: those that the role has. shipped: those that it has as shipped. fixed: neither given nor taken. base: of
    one of the office's own, the shipped role that it stands on; "": it is a shipped one. chinese, english: what an own
    one is called. users: how many have it."""

    role: str
    base: Role | Literal[""]
    chinese: str
    english: str
    rights: list[str]
    shipped: list[str]
    fixed: list[str]
    scopes: dict[ScopedKind, Scope]
    hidden: list[HiddenKind]
    users: int
    version: int


@dataclass(frozen=True, slots=True)
class RoleList:
    """names: of all rights there are, in their order."""

    items: list[RoleShown]
    total: int
    names: list[str]


ROLE = TypeAdapter(RoleShown)
ROLE_LIST = TypeAdapter(RoleList)


class RoleChange(Asked):
    """rights: all that the role has from now on; fixed ones stay as they are. scopes: what is not named is as shipped.
    hidden: kinds of values of which this role sees only a part. chinese, english: what one of the office's own is
    called; null: as it is."""

    rights: list[str] = Field(max_length=300)
    scopes: dict[ScopedKind, Scope] = Field({})
    hidden: list[HiddenKind] = Field([], max_length=10)
    chinese: Name | None = None
    english: Name | None = None
    version: Version


class RoleMade(Asked):
    """copy_of: the role, shipped or own, that it begins as; administrators' is not copied."""

    role: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="Its code; it does not change")
    chinese: Name
    english: Name
    copy_of: str = Field("agent", max_length=40)


class RoleGone(Conditions):
    version: Version


def shown(request: web.Request, role: str) -> RoleShown:
    site = request.app[OFFICE].board.site
    settings = site.role(role)
    return RoleShown(
        role=role,
        base=settings.base,
        chinese=settings.chinese,
        english=settings.english,
        rights=[name for name in RIGHTS if role_may(settings, name)],
        shipped=[name for name, roles in RIGHTS.items() if settings.level in roles],
        fixed=list(RIGHTS) if role == "admin" else [name for name in RIGHTS if name in FIXED],
        scopes={kind: settings.scope(kind) for kind in SCOPED_KINDS},
        hidden=list(settings.hidden),
        users=sum((user.own_role or user.role) == role for user in site.users),
        version=settings.version,
    )


def _known(site: Site, role: str) -> RoleSettings:
    """Raises NotFound."""
    if role in ROLES:
        return site.role(role)
    own = site.own_role(role)
    if own is None:
        raise NotFound("role", role[:40])
    return own


@routes.get("/api/v1/roles")
@right("role")
@shape(summary="What each role may, whose records it sees, and what is hidden from it", answer=ROLE_LIST)
async def list_roles(request: web.Request) -> web.StreamResponse:
    """200 all of them, the shipped ones first."""
    own = [one.role for one in request.app[OFFICE].board.site.roles if one.base]
    found = [shown(request, role) for role in (*ROLES, *own)]
    return answer(ROLE_LIST, RoleList(found, len(found), list(RIGHTS)))


@routes.post("/api/v1/roles")
@right("role")
@shape(summary="A role of the office's own, as a copy of another one", body=RoleMade, answer=ROLE)
async def make_role(request: web.Request) -> web.StreamResponse:
    """201 the role · 409 there is one of that code, or there are 100 · 422 fields."""
    asked, office = await read(request, RoleMade), request.app[OFFICE]
    async with request.app[SITE_LOCK]:
        site = office.board.site
        of = site.role(asked.copy_of) if asked.copy_of in ROLES else site.own_role(asked.copy_of)
        if of is None or of.level == "admin":
            raise WrongFields({"copy_of": ("no_such_role", {"name": asked.copy_of})})
        if asked.role in ROLES:
            raise Conflict("exists")
        scopes = {kind: of.scope(kind) for kind in SCOPED_KINDS}
        copied = replace(of, role=asked.role, base=of.level, scopes=scopes)
        made = await office.store.roles.add(replace(copied, chinese=asked.chinese, english=asked.english))
        await _written(request, "role.created", None, made)
    return answer(ROLE, shown(request, made.role), status=201)


@routes.put("/api/v1/roles/{role}")
@right("role")
@shape(summary="Say what a role may; in force at once, for open pages too", body=RoleChange, answer=ROLE)
async def change_role(request: web.Request) -> web.StreamResponse:
    """200 the role now · 404 no such role · 409 an administrator keeps all rights; or somebody has changed the role
    meanwhile: `error.now` has it as it is · 422 fields."""
    name, office = request.match_info["role"], request.app[OFFICE]
    _known(office.board.site, name)
    asked = await read(request, RoleChange)
    if name == "admin":
        raise Conflict("administrators_keep")
    unknown = sorted(set(asked.rights) - RIGHTS.keys())
    if unknown:
        raise WrongFields({"rights": ("no_such_right", {"name": unknown[0][:60]})})
    async with request.app[SITE_LOCK]:
        before = _known(office.board.site, name)
        if not before.base and (asked.chinese or asked.english):
            raise WrongFields({"chinese" if asked.chinese else "english": ("shipped_name", {})})
        given = {
            right_: has
            for right_, roles in RIGHTS.items()
            if right_ not in FIXED and (has := right_ in asked.rights) != (before.level in roles)
        }
        wanted = replace(
            before,
            rights=given,
            scopes=asked.scopes,
            hidden=tuple(sorted(set(asked.hidden))),
            chinese=asked.chinese or before.chinese,
            english=asked.english or before.english,
            version=asked.version,
        )
        try:
            after = await office.store.roles.put(wanted)
        except RoleIsAnother:
            raise await _conflict(request, name) from None
        await _written(request, "role.changed", before, after)
    return answer(ROLE, shown(request, name))


@routes.delete("/api/v1/roles/{role}")
@right("role")
@shape(summary="Remove a role of the office's own that nobody has", conditions=RoleGone)
async def remove_role(request: web.Request) -> web.StreamResponse:
    """204 it is gone · 404 no such role of the office's own · 409 somebody has it; or it was changed since that
    version: `error.now`."""
    name, wanted, office = request.match_info["role"], conditions(request, RoleGone), request.app[OFFICE]
    async with request.app[SITE_LOCK]:
        before = office.board.site.own_role(name)
        if before is None:
            raise NotFound("role", name[:40])
        try:
            await office.store.roles.remove(name, wanted.version)
        except RoleIsAnother:
            raise await _conflict(request, name) from None
        except RoleInUse as fault:
            raise Conflict("role_in_use", users=", ".join(fault.users)) from None
        await _written(request, "role.removed", before, None)
    return nothing()


async def _conflict(request: web.Request, role: str) -> Conflict:
    await request.app[OFFICE].site_changed()  # another process of ours, or a database that was restored
    conflict = Conflict("role_changed")
    conflict.more = {"now": ROLE.dump_python(shown(request, role), mode="json")}
    return conflict


async def _written(request: web.Request, what: str, before: RoleSettings | None, after: RoleSettings | None) -> None:
    """Into the trail; then it is in force."""
    office, which = request.app[OFFICE], after or before
    assert which is not None, "one of them"
    changes = audit_change(before and _told(before), after and _told(after))
    target, who = f"role/{which.role}", signed_in(request).login
    await office.store.audit.append(office.clock.utc(), who, what, target, {}, changes)
    await office.site_changed()


def _told(settings: RoleSettings) -> dict[str, object]:
    told = asdict(settings)
    return {
        **{name: told[name] for name in ("base", "chinese", "english")},
        "given": sorted(name for name, had in settings.rights.items() if had),
        "taken": sorted(name for name, had in settings.rights.items() if not had),
        **{f"scope.{kind}": settings.scope(kind) for kind in SCOPED_KINDS},
        "hidden": told["hidden"],
    }
