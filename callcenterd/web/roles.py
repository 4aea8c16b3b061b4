"""What each role may, whose records it sees, and what is hidden from it (ADM-01). The table of rights is `rights`'s."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import get_args

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.changes import audit_change
from callcenterd.model.people import ROLES, Role
from callcenterd.model.roles import SCOPED_KINDS, HiddenKind, RoleIsAnother, RoleSettings, Scope, ScopedKind
from callcenterd.web.administration import SITE_LOCK
from callcenterd.web.answers import Asked, Conflict, WrongFields, answer, read
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import FIXED, RIGHTS, right, role_may
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleShown:
    """rights: those that the role has. shipped: those that it has as shipped. fixed: neither given nor taken."""

    role: Role
    rights: list[str]
    shipped: list[str]
    fixed: list[str]
    scopes: dict[ScopedKind, Scope]
    hidden: list[HiddenKind]
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
    hidden: kinds of values of which this role sees only a part."""

    rights: list[str] = Field(max_length=300)
    scopes: dict[ScopedKind, Scope] = Field({})
    hidden: list[HiddenKind] = Field([], max_length=10)
    version: int = Field(ge=0, lt=1 << 62, description="The one that was read; with another one there is 409")


def shown(request: web.Request, role: Role) -> RoleShown:
    site = request.app[OFFICE].board.site
    settings = site.role(role)
    return RoleShown(
        role=role,
        rights=[name for name in RIGHTS if role_may(site, role, name)],
        shipped=[name for name, roles in RIGHTS.items() if role in roles],
        fixed=list(RIGHTS) if role == "admin" else [name for name in RIGHTS if name in FIXED],
        scopes={kind: settings.scope(kind) for kind in SCOPED_KINDS},
        hidden=list(settings.hidden),
        version=settings.version,
    )


@routes.get("/api/v1/roles")
@right("role")
@shape(summary="What each role may, whose records it sees, and what is hidden from it", answer=ROLE_LIST)
async def list_roles(request: web.Request) -> web.StreamResponse:
    """200 all of them."""
    found = [shown(request, role) for role in ROLES]
    return answer(ROLE_LIST, RoleList(found, len(found), list(RIGHTS)))


@routes.put("/api/v1/roles/{role}")
@right("role")
@shape(summary="Say what a role may; in force at once, for open pages too", body=RoleChange, answer=ROLE)
async def change_role(request: web.Request) -> web.StreamResponse:
    """200 the role now · 404 no such role · 409 an administrator keeps all rights; or somebody has changed the role
    meanwhile: `error.now` has it as it is · 422 fields."""
    name, office, who = request.match_info["role"], request.app[OFFICE], signed_in(request)
    if name not in get_args(Role):
        raise NotFound("role", name[:40])
    role = next(role for role in ROLES if role == name)
    asked = await read(request, RoleChange)
    if role == "admin":
        raise Conflict("administrators_keep")
    unknown = sorted(set(asked.rights) - RIGHTS.keys())
    if unknown:
        raise WrongFields({"rights": ("no_such_right", {"name": unknown[0][:60]})})
    given = {
        right_: has
        for right_, roles in RIGHTS.items()
        if right_ not in FIXED and (has := right_ in asked.rights) != (role in roles)
    }
    hidden = tuple(sorted(set(asked.hidden)))
    wanted = RoleSettings(role=role, rights=given, scopes=asked.scopes, hidden=hidden, version=asked.version)
    async with request.app[SITE_LOCK]:
        before = office.board.site.role(role)
        try:
            after = await office.store.roles.put(wanted)
        except RoleIsAnother:
            await office.site_changed()  # another process of ours, or a database that was restored
            conflict = Conflict("role_changed")
            conflict.more = {"now": ROLE.dump_python(shown(request, role), mode="json")}
            raise conflict from None
        changes = audit_change(_told(before), _told(after))
        now = office.clock.utc()
        await office.store.audit.append(now, who.login, "role.changed", f"role/{role}", {"changes": changes})
        await office.site_changed()
    return answer(ROLE, shown(request, role))


def _told(settings: RoleSettings) -> dict[str, object]:
    told = asdict(settings)
    return {
        "given": sorted(name for name, had in settings.rights.items() if had),
        "taken": sorted(name for name, had in settings.rights.items() if not had),
        **{f"scope.{kind}": settings.scope(kind) for kind in SCOPED_KINDS},
        "hidden": told["hidden"],
    }
