"""The command line: arguments in, exit code out.

0: done. 1: something is at fault, said in one line or, for files, in one line `file:line:column: reason` for each.
2: the command was not understood, said in one line. What a command was asked for goes to standard output (the faults
that `check` looks for too), everything else to standard error.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer
from typer.exceptions import TyperException

from callcenterd import __version__, control, logs
from callcenterd import config as config_file
from callcenterd.clock import SystemClock
from callcenterd.config import Config
from callcenterd.errors import CallcenterdError, Fault, FaultyFile, LocalError, NotFound, Refused
from callcenterd.model import numbers
from callcenterd.said import Said

if TYPE_CHECKING:
    from callcenterd.ivr.naming import Known
    from callcenterd.model.prompts import Music, Recorded
    from callcenterd.store.database import Store
    from callcenterd.web.words import Language

    _Work = Callable[[Store], Awaitable[Mapping[str, Any]]]

# What a command needs besides is imported in it: `check` should not wait for the media engine to be loaded.

NAME = "callcenterd"
DEFAULT = Path("callcenter.yaml")
START_SECONDS = 15.0
"""How long `apply` and `export` wait for a server that has the data folder but does not listen yet."""

_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help="A whole call centre in one process.")

ConfigOption = Annotated[
    Path | None,
    typer.Option("-c", "--config", metavar="FILE", help="The configuration; callcenter.yaml here, else all defaults."),
]


LanguageOption = Annotated[
    str,
    typer.Option("--language", metavar="TAG", help="zh-CN or en; unsaid: as LANG, else the configuration's language."),
]


def main() -> None:
    """The program `callcenterd`."""
    sys.exit(call(sys.argv[1:]))


def call(arguments: list[str]) -> int:
    """Run one command line; the answer is the exit code. Never raises for what a user or a file did."""
    try:
        answer = _app(arguments, prog_name=NAME, standalone_mode=False)
    except TyperException as unclear:  # its own form is a drawn box of several lines
        _complain(f"{' '.join(unclear.format_message().split())} ({NAME} --help explains)")
        return 2
    except typer.Abort:
        return 130
    except FaultyFile as faulty:
        for fault in faulty.faults:
            typer.echo(str(fault), err=True)
        return 1
    except CallcenterdError as why:
        _complain(str(why))
        return 1
    return answer if isinstance(answer, int) else 0


def _complain(why: str) -> None:
    typer.echo(f"{NAME}: {why}", err=True)


def _loaded(path: Path | None) -> Config:
    """The configuration meant by -c. Raises FaultyFile."""
    return config_file.load(_place(path))


def _place(path: Path | None) -> Path | None:
    return DEFAULT if path is None and DEFAULT.is_file() else path


@_app.callback(invoke_without_command=True)
def _top(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Say the version.")] = False
) -> None:
    if version:
        typer.echo(f"{NAME} {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        names = ", ".join(command.name or "" for command in _app.registered_commands)
        raise TyperException(f"a command is wanted: {names}")


# ---- the commands -----------------------------------------------------------------------------------------------


@_app.command("run")
def run(config: ConfigOption = None) -> None:
    """Start the server and run it until it is told to stop."""
    gc.disable()  # all that is loaded stays: to look through it again and again takes a sixth of the time
    from callcenterd import daemon  # noqa: PLC0415

    gc.enable()

    place = _place(config)
    loaded = config_file.load(place)
    logs.set_up(loaded.log.level, loaded.log.format)
    asyncio.run(daemon.serve(loaded, _say, lambda: config_file.load(place)))


@_app.command("check")
def check(config: ConfigOption = None, language: LanguageOption = "") -> int:
    """Look at the configuration, the flows and all that they name (prompts, queues, trunks …), and tell every fault."""
    try:
        loaded = _loaded(config)
    except FaultyFile as faulty:
        return _tell_faults(faulty.faults, _language(language, "zh-CN"))
    tongue = _language(language, loaded.language)
    flows, prompts, faults = _checked(loaded, tongue)
    if faults:
        return _tell_faults(faults, tongue)
    if tongue == "en":
        typer.echo(f"no fault: configuration, {_counted(flows, 'flow')}, {_counted(prompts, 'prompt')}")
    else:
        typer.echo(f"没有错误：配置、{flows} 个流程、{prompts} 条提示音")
    return 0


@_app.command("apply")
def apply(
    site: Annotated[Path, typer.Argument(metavar="SITE.yaml")],
    calendar: Annotated[
        str,
        typer.Option(
            "--calendar",
            metavar="NAME",
            help="The file is a year's public holidays (CSV: date,name,kind) and goes into this calendar.",
        ),
    ] = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Undo also what pages changed since a file last said it.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Bring trunks, numbers, users, extensions and queues into the store; a running server takes them up at once."""
    from callcenterd import site as site_file  # noqa: PLC0415
    from callcenterd import yamltext  # noqa: PLC0415
    from callcenterd.worker.passwords import Passwords  # noqa: PLC0415

    loaded = _loaded(config)
    text = _with_holidays(loaded, site, calendar) if calendar else yamltext.text_of(site)
    site_file.parse(yamltext.parse(text, str(site)))  # what is wrong with the file by itself needs no server
    if len(json.dumps(text)) > control.MAX_OCTETS - 4096:
        raise LocalError(f"{site} is too large to be applied at once; apply it in parts")

    async def alone(store: Store) -> Mapping[str, Any]:
        applied = await site_file.apply_text(store, Passwords(), text, str(site), overwrite=overwrite)
        return {"changes": applied.changes, "kept": [str(one) for one in applied.kept]}

    answer = asyncio.run(_ask_or_do(loaded, alone, "apply", text=text, name=str(site), overwrite=overwrite))
    for change in answer["changes"]:
        typer.echo(change)
    for kept in answer["kept"]:
        _complain(f"{kept}; --overwrite takes the file's word")
    if not answer["changes"]:
        typer.echo("nothing to change")


def _with_holidays(loaded: Config, file: Path, name: str) -> str:
    """A site file of one calendar as it is now, with the days of a holiday file. Raises FaultyFile, LocalError."""
    from callcenterd import yamltext  # noqa: PLC0415
    from callcenterd.acd import holidays  # noqa: PLC0415
    from callcenterd.model.calendar import Calendar  # noqa: PLC0415

    try:
        days = holidays.read(file.read_bytes(), str(file))
    except OSError as fault:
        raise LocalError(f"{file} cannot be read: {fault.strerror}") from None
    site = yamltext.parse(_exported(loaded), "site").data
    known = next((row for row in site["calendars"] if row["name"] == name), None)
    if known is None:
        raise LocalError(f"there is no calendar {name}; make it by a site file or on the administration page")
    after = holidays.brought_into(Calendar.of_row(known), days).as_row()
    calendars = f"calendars: [{yamltext.written({key: after[key] for key in ('name', 'holidays', 'make_up')})}]\n"
    return f"revision: {site['revision']}\n{calendars}" if "revision" in site else calendars


@_app.command("export")
def export(config: ConfigOption = None) -> None:
    """Write the site file that `apply` would take for what there is now."""
    typer.echo(_exported(_loaded(config)), nl=False)


def _exported(loaded: Config) -> str:
    from callcenterd import site as site_file  # noqa: PLC0415

    async def alone(store: Store) -> Mapping[str, Any]:
        return {"text": await site_file.export(store)}

    return str(asyncio.run(_ask_or_do(loaded, alone, "export"))["text"])


@_app.command("reset-second-factor")
def reset_second_factor(
    login: Annotated[str, typer.Argument(metavar="LOGIN", help="Whose device is lost.")], config: ConfigOption = None
) -> None:
    """Take away somebody's second factor: for an administrator who has no other to do it on the page."""

    async def alone(store: Store) -> Mapping[str, Any]:
        return {"removed": await forget_factor(store, login, SystemClock().utc())}

    from callcenterd.store.second_factors import forget_factor  # noqa: PLC0415

    if not asyncio.run(_ask_or_do(_loaded(config), alone, "reset_second_factor", login=login))["removed"]:
        raise LocalError(f"{login} has no second factor")
    typer.echo(f"{login} signs in by the password alone from now on")


@_app.command("simulate")
def simulate(
    flow: Annotated[str, typer.Argument(metavar="FLOW", help="The flow's name.")],
    keys: Annotated[
        str, typer.Option(help="What the caller presses at each question: 1,,2 is 1, then none, then 2.")
    ] = "",
    at: Annotated[
        str, typer.Option(metavar="TIME", help="When the call comes: 2026-11-25T09:30, or 09:30 today.")
    ] = "",
    caller: Annotated[str, typer.Option(metavar="NUMBER", help="The calling number; unsaid: 13800138000.")] = "",
    agents: Annotated[
        Literal["free", "busy", "none"] | None, typer.Option(help="What the queues find; unsaid: free.")
    ] = None,
    hours: Annotated[
        Literal["open", "closed", "holiday"] | None, typer.Option(help="What calendars say; unsaid: open.")
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT",
            help="What the outside answers, by the names that tests of flows have (given): answers.NODE=timeout, "
            "results.NODE=busy, '{answers: {NODE: {money: 5}}}', or a YAML file of that. May be said more than once.",
        ),
    ] = None,
    language: LanguageOption = "",
    config: ConfigOption = None,
) -> int:
    """Walk a flow in virtual time, and tell what the caller hears."""
    from callcenterd.ivr import given as given_file  # noqa: PLC0415
    from callcenterd.ivr import shelf, simulate  # noqa: PLC0415

    loaded = _loaded(config)
    try:
        pressed = simulate.keys_of(keys)
    except Refused as why:
        raise typer.BadParameter(f"--keys: {why}") from None
    tongue = _language(language, loaded.language)
    try:
        office = given_file.read(given or (), files=True)
    except FaultyFile as faulty:
        return _tell_faults(faulty.faults, tongue, err=True)
    when = at or (office.at.isoformat() if "at" in office.model_fields_set else "")
    now = _time(when, loaded.timezone)
    reading = shelf.read_folder(loaded.flows)
    found = next((one for one in reading.flows if one.name == flow), None)
    if found is None and reading.faults:
        return _tell_faults(reading.faults, tongue, err=True)  # it may be one of those that cannot be read
    if found is None:
        raise NotFound("flow", f"{flow}; there are: {', '.join(sorted(one.name for one in reading.flows))}")
    lines = asyncio.run(
        simulate.simulate(
            found,
            pressed,
            at=now,
            language=loaded.language,
            caller=caller or office.caller,
            called=office.called,
            agents=agents or office.agents,
            hours=hours or office.hours,
            flows={one.name: one for one in reading.flows},
            given=office.office(),
            told_in=tongue,
        )
    )
    for line in lines:
        typer.echo(line)
    return 0


@_app.command("recording-key")
def recording_key(config: ConfigOption = None) -> None:
    """Make a key that new recordings are sealed with, in the file that recordings.key_file names; older keys stay."""
    from callcenterd import sealed  # noqa: PLC0415

    place = _loaded(config).recordings.key_file
    if place is None:
        raise LocalError("recordings.key_file is not set in the configuration: it names the file of keys")
    try:
        name = sealed.add_key(place)
    except OSError as fault:
        raise LocalError(f"{place} cannot be written: {fault.strerror}") from None
    typer.echo(f"key {name} is in {place}; keep a copy elsewhere: without it no recording that it seals can be heard")


@_app.command("demo")
def demo(
    config: ConfigOption = None,
    stay: Annotated[
        bool | None,
        typer.Option(help="Let a server that the demo started go on until Ctrl-C; unsaid: if somebody looks on."),
    ] = None,
) -> None:
    """Show a whole call without a phone, over real SIP and RTP, on the running server or one of its own."""
    from rich.console import Console  # noqa: PLC0415

    from callcenterd.demo import show  # noqa: PLC0415

    place = _place(config)
    loaded = config_file.load(place)
    logs.set_up("warning", loaded.log.format)
    console = Console()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(show.show(place, loaded, stay=console.is_terminal if stay is None else stay, console=console))


# ---- what they are made of --------------------------------------------------------------------------------------


def _say(line: str) -> None:
    """At once, also where standard output is a file or a pipe that somebody waits on."""
    typer.echo(line)
    sys.stdout.flush()


def _language(asked: str, otherwise: str) -> Language:
    """What was asked for, else what the terminal speaks if it says so, else the office's. Raises TyperException."""
    from callcenterd.web import words  # noqa: PLC0415

    if asked:
        if (chosen := words.as_language(asked)) is None:
            raise typer.BadParameter(f"--language: zh-CN or en is wanted, not {asked!r}")
        return chosen
    spoken = next((tag for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (tag := os.environ.get(name))), "")
    return words.as_language(spoken.split(".", maxsplit=1)[0]) or words.as_language(otherwise) or "zh-CN"


def _tell_faults(faults: tuple[Fault, ...] | list[Fault], language: Language, *, err: bool = False) -> int:
    from callcenterd.web import words  # noqa: PLC0415

    for fault in faults:
        typer.echo(f"{fault.place}: {words.told(fault.reason, language)}", err=err)
    return 1


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _checked(loaded: Config, language: Language) -> tuple[int, int, list[Fault]]:
    """How many flows there are, how many prompts their callers hear, and every fault of either."""
    from callcenterd.ivr import check, flowtests, shelf  # noqa: PLC0415
    from callcenterd.ivr.node import broken_plug_ins  # noqa: PLC0415
    from callcenterd.model.prompts import Music, Recorded  # noqa: PLC0415

    reading = shelf.read_folder(loaded.flows)
    faults = list(reading.faults)
    known = _known(loaded, language).with_things(
        flow=(one.part.name for one in reading.files if one.part is not None)  # those with faults are there, too
    )
    for file in reading.files:
        if file.part is not None:
            faults += check.missing_prompts(file.part, loaded.prompts, loaded.language)
            faults += check.unknown_names(file.part, known)
    heard = {prompt for flow in reading.flows for prompt in flow.prompts(loaded.language)}
    if not faults:
        faults += _unplayable((one for one in heard if isinstance(one, Recorded | Music)), loaded)
    faults += _unusable_certificates(loaded)
    faults += _unusable_keys(loaded)
    faults += _unusable_secrets(loaded)
    faults += [Fault(plug_in, 1, Said("plug_in", why=why)) for plug_in, why in broken_plug_ins().items()]
    faults += flowtests.run_all(reading.flows, loaded.flows, loaded.language)
    return len(reading.flows), len(heard), sorted(set(faults))


def _known(loaded: Config, language: Language) -> Known:
    """What flows may name: the configuration's hosts and secrets, and the site's things, where those can be had."""
    from callcenterd import yamltext  # noqa: PLC0415
    from callcenterd.ivr import naming  # noqa: PLC0415
    from callcenterd.switchboard import business  # noqa: PLC0415

    known = business.known(loaded.business)

    async def alone(store: Store) -> Mapping[str, Any]:
        return {"things": naming.of_site(await store.site.load())}

    try:
        if not loaded.data.is_dir():
            raise LocalError(f"there is no data folder {loaded.data} yet")
        answer = asyncio.run(_ask_or_do(loaded, alone, "export", as_it_is=True))
    except LocalError as why:
        _complain(
            f"the queues, trunks and other names that flows use were not looked at: {why}"
            if language == "en"
            else f"没有核对流程中的技能组、中继等名称：{why}"
        )
        return known
    if (things := answer.get("things")) is None:  # a server has said it
        things = naming.of_sections(yamltext.parse(answer["text"], "site").data)
    return known.with_things(**things)


def _unusable_certificates(loaded: Config) -> Iterator[Fault]:
    from callcenterd.certificates import Certificates  # noqa: PLC0415
    from callcenterd.clock import SystemClock  # noqa: PLC0415

    sip, pages = loaded.sip, loaded.web
    for certificate, key, ca in ((sip.certificate, sip.key, sip.ca), (pages.certificate, pages.key, None)):
        try:
            if certificate is not None or ca is not None:
                Certificates(certificate, key, ca, SystemClock())
        except LocalError as why:
            yield Fault(str(certificate or ca), 1, str(why))


def _unusable_secrets(loaded: Config) -> Iterator[Fault]:
    from callcenterd.switchboard import business  # noqa: PLC0415

    try:
        business.secrets(loaded.business.secrets_file)
    except FaultyFile as faulty:
        yield from faulty.faults


def _unusable_keys(loaded: Config) -> Iterator[Fault]:
    from callcenterd import sealed  # noqa: PLC0415

    place = loaded.recordings.key_file
    if place is None:
        return
    try:
        sealed.read_keys(place)
    except sealed.NoKey as why:
        yield Fault(str(place), 1, str(why))


def _unplayable(named: Iterable[Recorded | Music], loaded: Config) -> Iterator[Fault]:
    """The files of prompts that cannot be decoded."""
    from callcenterd.worker import prompts, sound  # noqa: PLC0415

    paths = {prompts.find(loaded.prompts, one, loaded.language) for one in named}
    for path in sorted(path for path in paths if path is not None):
        try:
            sound.read(path, path.name)
        except sound.NotSound as why:
            yield Fault(str(path), 1, str(why))


def _time(text: str, zone: str) -> datetime:
    """When a simulated call comes, in the office's zone. Raises TyperException."""
    now = SystemClock().utc().astimezone(ZoneInfo(zone))
    if not text:
        return now
    try:
        at = datetime.fromisoformat(text if "-" in text else f"{now:%Y-%m-%d}T{text}")
    except ValueError:
        raise typer.BadParameter(f"--at: a time is wanted, as 2026-11-25T09:30 or 09:30, not {text!r}") from None
    return at.replace(tzinfo=ZoneInfo(zone)) if at.tzinfo is None else at.astimezone(ZoneInfo(zone))


async def _ask_or_do(
    loaded: Config, alone: _Work, command: str, *, as_it_is: bool = False, **arguments: Any
) -> Mapping[str, Any]:
    """Have the running server do it; if none runs, have `alone` do it with the store, and nobody else meanwhile.

    A server that starts has the data folder before it listens: it is waited for. as_it_is: of `Store.open`.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + START_SECONDS
    while True:
        with contextlib.suppress(control.NotRunning):
            return await control.ask(loaded.data, command, **arguments)
        try:
            with control.owned(loaded.data):
                return await _with_store(loaded, alone, as_it_is=as_it_is)
        except control.Taken:
            if loop.time() > deadline:
                raise
        await asyncio.sleep(0.2)


async def _with_store(loaded: Config, work: _Work, *, as_it_is: bool) -> Mapping[str, Any]:
    """Raises CannotStart if the database cannot be opened."""
    from callcenterd.store.database import Store  # noqa: PLC0415

    home = numbers.home(loaded.region, loaded.area_code)
    store = await Store.open(loaded.database_address, clock=SystemClock(), region=home, as_it_is=as_it_is)
    try:
        return await work(store)
    finally:
        await store.close()
