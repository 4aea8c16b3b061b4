"""Reading a request's content and writing an answer; and the one table from our errors to HTTP status.

An error is always `{"error": {"code", "message", "fields"}}`: code for programs, message in the reader's language,
fields with what is wrong with each. A faulty file has "faults" besides: file, line and reason of each.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import structlog
from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from callcenterd.errors import (
    CallcenterdError,
    FaultyFile,
    NotFound,
    NotNow,
    Refused,
    RemoteError,
)
from callcenterd.ivr.editing import ChangedMeanwhile
from callcenterd.model.appointments import ServiceIsAnother
from callcenterd.model.appraisal_plans import PlanIsAnother
from callcenterd.model.appraisals import AppraisalIsAnother, ScorecardIsAnother
from callcenterd.model.calls import NoteIsAnother
from callcenterd.model.campaigns import CampaignIsAnother
from callcenterd.model.duties import Duty, DutyIsAnother
from callcenterd.model.duty_kinds import DutyKindIsAnother
from callcenterd.model.help import HelpIsAnother
from callcenterd.model.message_templates import TemplateIsAnother
from callcenterd.model.proposals import PaperIsAnother
from callcenterd.model.records import RecordIsAnother
from callcenterd.model.thresholds import ThresholdsAreOthers
from callcenterd.model.workflows import KeptWorkflow
from callcenterd.store.workflows import WorkflowIsAnother
from callcenterd.web import words
from callcenterd.web.masking import MASK, goes_out, restored
from callcenterd.web.office import OCTETS, OFFICE, PACE

_log = structlog.get_logger(__name__)

MOST_OCTETS = 1 << 20
LATER_SECONDS = 2
"""When to ask again for what does not work now."""
_DUTY = TypeAdapter(Duty)
_WORKFLOW = TypeAdapter(KeptWorkflow)

_ANOTHER = (
    RecordIsAnother,
    CampaignIsAnother,
    TemplateIsAnother,
    ServiceIsAnother,
    PaperIsAnother,
    DutyKindIsAnother,
    HelpIsAnother,
    AppraisalIsAnother,
    ScorecardIsAnother,
    PlanIsAnother,
    ThresholdsAreOthers,
)

STATUS: tuple[tuple[type[CallcenterdError], int, str], ...] = (
    # The first that fits. What is left is a part that does not work now, the database first of all; its own words
    # are for the log.
    (NotFound, 404, "not_found"),
    (NotNow, 409, "not_now"),
    (FaultyFile, 422, "faulty_file"),
    (Refused, 422, "wrong_fields"),
    (CallcenterdError, 503, "unavailable"),
)


class WebError(RemoteError):
    """A request that is refused by this room. values: for the text of its code (`words.TEXTS`)."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "malformed"

    def __init__(self, **values: object) -> None:
        super().__init__(words.say(self.code, "en", **values))
        self.values = values
        self.headers: dict[str, str] = {}
        self.more: Mapping[str, Any] = {}


class NotSignedIn(WebError):
    status = 401
    code = "not_signed_in"

    def __init__(self) -> None:
        super().__init__()
        self.headers["WWW-Authenticate"] = "Bearer"


class WrongLogin(WebError):
    """The same for a wrong password and for a login that there is not."""

    status = 401
    code = "wrong_login"


class CodeNeeded(WebError):
    """The password is right, and this login has a second factor. half: by which a page goes on without the password."""

    status = 401
    code = "code_needed"

    def __init__(self, half: str = "") -> None:
        super().__init__()
        self.half = half


class WrongCode(WebError):
    """Of a second factor; also one that was used before."""

    status = 401
    code = "wrong_code"


class SecondFactorNeeded(WebError):
    """Their role must have a second factor, and they have not set one up yet."""

    status = 403
    code = "second_factor_needed"


class TooManyAttempts(WebError):
    """seconds: how long to wait."""

    status = 429
    code = "too_many_attempts"

    def __init__(self, seconds: int) -> None:
        super().__init__(wait=timedelta(seconds=seconds))
        self.headers["Retry-After"] = str(seconds)


class SoughtTooOften(WebError):
    """Numbers that are hidden from who asks."""

    status = 429
    code = "sought_too_often"

    def __init__(self, seconds: int) -> None:
        super().__init__(wait=timedelta(seconds=seconds))
        self.headers["Retry-After"] = str(seconds)


class NotAllowed(WebError):
    status = 403
    code = "not_allowed"


class ModuleOff(WebError):
    """It belongs to a part of the system that this office has switched off."""

    status = 404
    code = "module_off"

    def __init__(self, module: str) -> None:
        super().__init__()
        self.more = {"module": module}


class ForeignPage(WebError):
    """A change that comes with our cookie, but not provably from a page of ours."""

    status = 403
    code = "foreign_page"


class Malformed(WebError):
    """why: a few words on what cannot be read."""


class NotJson(WebError):
    status = 415
    code = "not_json"


class NotYaml(WebError):
    status = 415
    code = "not_yaml"


class NotCsv(WebError):
    status = 415
    code = "not_csv"


class TooLarge(WebError):
    status = 413
    code = "too_large"

    def __init__(self) -> None:
        super().__init__(most="1 MiB")


class TooSlow(WebError):
    status = 408
    code = "too_slow"


class Conflict(WebError):
    """It is there, but does not allow this now. code: one of `words.TEXTS`."""

    status = 409

    def __init__(self, code: str, **values: object) -> None:
        self.code = code  # type: ignore[misc]  # the code of this one, not of the class
        super().__init__(**values)


class WrongFields(WebError):
    """fields: each with the kind of its fault and the values of its text (`words.FIELDS`, or a code of TEXTS)."""

    status = 422
    code = "wrong_fields"

    def __init__(self, fields: Mapping[str, tuple[str, Mapping[str, Any]]]) -> None:
        super().__init__()
        self.fields = fields


# ---- reading ------------------------------------------------------------------------------------------------


def _without_control(text: str) -> str:
    """Line breaks and tabs are for notes; nothing else that cannot be seen comes in (NUL would stop a database)."""
    if any((ord(sign) < 0x20 and sign not in "\n\r\t") or sign == "\x7f" for sign in text):
        raise PydanticCustomError("control_characters", "has characters that cannot be seen")
    return text


VISIBLE = AfterValidator(_without_control)
"""For every text of a request: `Annotated[str, VISIBLE]`."""


class Asked(BaseModel):
    """The content of a request. Unknown fields are refused, and so are numbers in quotes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Conditions(BaseModel):
    """What stands behind the ? of an address. An empty condition is none."""

    model_config = ConfigDict(extra="forbid", frozen=True)


A = TypeVar("A", bound=BaseModel)
T = TypeVar("T")


async def read(request: web.Request, kind: type[A]) -> A:
    """The request's JSON content. Raises NotJson, TooLarge, TooSlow, Malformed, WrongFields."""
    octets = await _read_json(request)
    try:
        return kind.model_validate_json(octets)
    except ValidationError as fault:
        raise refused_fields(fault) from None


_OBJECT = TypeAdapter(dict[str, Any])


async def read_object(request: web.Request) -> dict[str, Any]:
    """A JSON object whose fields somebody else judges. Raises as `read`."""
    octets = await _read_json(request)
    try:
        return _OBJECT.validate_json(octets)
    except ValidationError as fault:
        raise refused_fields(fault) from None


async def _read_json(request: web.Request) -> bytes:
    """What was shown hidden to who sends it is the value again. Raises as `read_octets`, NotJson, and WrongFields."""
    if request.content_type != "application/json":
        raise NotJson
    octets = await read_octets(request)
    if (mask := request.get(MASK)) is None:
        return octets
    octets, unknown = restored(mask, octets)
    if unknown is not None:
        raise WrongFields({unknown: ("masked", {})})
    return octets


async def read_octets(request: web.Request) -> bytes:
    """Raises TooLarge, TooSlow, Malformed."""
    if (request.content_length or 0) > MOST_OCTETS:
        raise TooLarge
    try:
        async with asyncio.timeout(request.app[PACE].body):
            return await request.read()
    except TimeoutError:
        raise TooSlow from None
    except web.HTTPRequestEntityTooLarge:
        raise TooLarge from None
    except web.RequestPayloadError:
        raise Malformed(why="body") from None


def conditions(request: web.Request, kind: type[A]) -> A:
    """The address's conditions. Raises WrongFields, also for a condition that is given twice."""
    given = {name: value for name, value in request.query.items() if value != "" and name != "lang"}
    twice = {name for name in given if len(request.query.getall(name)) > 1}
    if twice:
        raise WrongFields({name: ("twice", {}) for name in twice})
    if (mask := request.get(MASK)) is not None:
        given, unknown = mask.given(given)
        if unknown is not None:
            raise WrongFields({unknown: ("masked", {})})
    try:
        return kind.model_validate(given)
    except ValidationError as fault:
        raise refused_fields(fault) from None


def refused_fields(found: ValidationError) -> WebError:
    """What pydantic found, as the answer to whoever sent it."""
    faults: list[ErrorDetails] = found.errors(include_url=False)
    for fault in faults:
        if fault["type"] == "json_invalid" and not fault["loc"]:
            return Malformed(why=str(fault.get("ctx", {}).get("error", "JSON")))
    return WrongFields(
        {
            ".".join(str(step) for step in fault["loc"]) or "body": (fault["type"], fault.get("ctx", {}))
            for fault in reversed(faults)  # of several faults of one field the first stays
        }
    )


# ---- answering ----------------------------------------------------------------------------------------------


def answer(kind: TypeAdapter[T], value: T, *, status: int = 200) -> web.Response:
    """The value as JSON, as the API's description says it."""
    return web.Response(body=kind.dump_json(value), status=status, content_type="application/json")


def plain(value: Any, *, status: int = 200) -> web.Response:
    """JSON data as it is."""
    return web.Response(
        body=json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(),
        status=status,
        content_type="application/json",
    )


def file(request: web.Request, path: Path, octets: int, headers: Mapping[str, str]) -> web.FileResponse:
    """A file, or the part of it that is asked for (Range, RFC 9110 §14). octets: its size."""
    request[OCTETS] = octets
    return web.FileResponse(path, headers=dict(headers))


def nothing() -> web.Response:
    """Done; there is nothing to say."""
    return web.Response(status=204)


PAGE_LANGUAGE = web.RequestKey("page_language", str)
"""The account's language of who uses a page (`session.identify` knows)."""


def language_of(request: web.Request) -> words.Language:
    return words.language_of(request, request.app[OFFICE].language, request.get(PAGE_LANGUAGE, ""))


def refusal(fault: CallcenterdError, language: words.Language) -> web.Response:
    """An error of ours as the answer to whoever asked."""
    if isinstance(fault, WebError):
        fields = {}
        if isinstance(fault, WrongFields):
            fields = {name: _field(kind, values, language) for name, (kind, values) in fault.fields.items()}
        answered = _error(
            fault.status, fault.code, words.say(fault.code, language, **fault.values), fields, **fault.more
        )
        answered.headers.update(fault.headers)
        return answered
    status, code = next((status, code) for kind, status, code in STATUS if isinstance(fault, kind))
    if isinstance(fault, ChangedMeanwhile):
        now = {"text": fault.text, "checksum": fault.checksum}
        return _error(status, "changed_meanwhile", words.say("changed_meanwhile", language), {}, now=now)
    if isinstance(fault, NoteIsAnother):
        return _error(status, "changed_meanwhile", words.sentence(str(fault), language), {}, now={"note": fault.note})
    if isinstance(fault, WorkflowIsAnother):
        workflow = None if fault.now is None else json.loads(_WORKFLOW.dump_json(fault.now))
        return _error(status, "changed_meanwhile", words.sentence(str(fault), language), {}, now=workflow)
    if isinstance(fault, _ANOTHER):
        record = json.loads(TypeAdapter(type(fault.now)).dump_json(fault.now))
        return _error(status, "changed_meanwhile", words.sentence(str(fault), language), {}, now=record)
    if isinstance(fault, DutyIsAnother):
        duty = json.loads(_DUTY.dump_json(fault.now))
        return _error(status, "changed_meanwhile", words.sentence(str(fault), language), {}, now=duty)
    if isinstance(fault, FaultyFile):
        faults = [
            {"file": one.file, "line": one.line, "column": one.column, "reason": words.told(one.reason, language)}
            for one in fault.faults
        ]
        return _error(status, code, words.say(code, language), {}, faults=faults)
    if status >= 500:
        answered = _error(status, code, words.say(code, language), {})
        answered.headers["Retry-After"] = str(LATER_SECONDS)
        return answered
    fields = fault.fields if isinstance(fault, Refused) else {}
    translated = {name: words.sentence(reason, language) for name, reason in fields.items()}
    return _error(status, code, words.sentence(str(fault), language), translated)


def _field(kind: str, values: Mapping[str, Any], language: words.Language) -> str:
    if kind in words.TEXTS:
        return words.say(kind, language, **values)
    return words.field_fault(kind, values, language)


def _error(status: int, code: str, message: str, fields: Mapping[str, str], **more: Any) -> web.Response:
    return plain({"error": {"code": code, "message": message, "fields": fields, **more}}, status=status)


@web.middleware
async def hidden(request: web.Request, handler: Any) -> web.StreamResponse:
    """Nothing goes out to somebody from whom it is hidden: answers, refusals and records in them alike."""
    answered: web.StreamResponse = await handler(request)
    mask = request.get(MASK)
    if mask is None or goes_out(mask, answered) or request.get(AS_IT_IS):
        return answered
    language = language_of(request)
    return _error(403, "not_allowed", words.say("cannot_hide", language), {})


AS_IT_IS = web.RequestKey("as_it_is", bool)
"""A file that somebody has attached, which is handed out as it came."""

_HTTP = {404: "no_such_address", 405: "method_not_allowed", 413: "too_large", 400: "malformed"}


@web.middleware
async def faults(request: web.Request, handler: Any) -> web.StreamResponse:
    """Every error of a request under /api/ becomes an answer; what nobody foresaw is logged, and says little."""
    if not request.path.startswith("/api/"):
        return await handler(request)  # type: ignore[no-any-return]  # aiohttp's middlewares are untyped here
    try:
        return await handler(request)  # type: ignore[no-any-return]  # as above
    except CallcenterdError as fault:
        answered = refusal(fault, language_of(request))
        if answered.status >= 500:
            _log.error("request failed", method=request.method, path=request.path, why=str(fault))
        return answered
    except web.HTTPException as fault:
        code = _HTTP.get(fault.status)
        if code is None:
            raise
        text = words.say(code, language_of(request), why=fault.reason, most="1 MiB")
        answered = _error(fault.status, code, text, {})
        if allowed := fault.headers.get("Allow"):
            answered.headers["Allow"] = allowed
        return answered
    except ConnectionResetError:  # who asked has gone away: there is nobody to answer, and nothing that failed here
        _log.debug("gone before the answer", method=request.method, path=request.path)
        return web.Response(status=408)
    except Exception:  # noqa: BLE001  # a fault in one request must not reach the others; CancelledError goes on
        _log.exception("request failed", method=request.method, path=request.path)
        return _error(500, "failed", words.say("failed", language_of(request)), {})
