"""The command line: what each command answers, its exit code, and one clear line when something is wrong."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from callcenterd import cli, control
from callcenterd.errors import Fault, FaultyFile, LocalError

SITE = """\
users:
  - {login: "1001", name: 张三, role: agent, password: "geheim", extension: "1001"}
extensions:
  - {number: "1001", password: "telefon"}
queues:
  - {name: sales, members: ["1001"]}
"""
FLOW = """\
flow: main
start: welcome
nodes:
  welcome: {say: "您好", next: menu}
  menu:
    menu: {say: "人工请按 1", timeout: 5, retries: 1}
    keys: {"1": sales}
    otherwise: bye
  sales: {queue: sales}
  bye: {hangup: normal}
"""


@pytest.fixture(autouse=True)
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration, a flow and a site file; the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "callcenter.yaml").write_text("data: ./data\n", encoding="utf-8")
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "main.yaml").write_text(FLOW, encoding="utf-8")
    (tmp_path / "prompts").mkdir()
    return tmp_path


class Terminal:
    """Runs one command line after the other, and keeps what the last one said."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured
        self.out = ""
        self.err = ""

    def __call__(self, line: str) -> int:
        code = cli.call(line.split())
        self.out, self.err = self._captured.readouterr()
        return code


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "a command is wanted: run, check, apply, export, reset-second-factor, simulate, recording-key, demo"),
        ("fly", "No such command 'fly'."),
        ("check --fast", "No such option: --fast"),
        ("check -c", "Option '-c' requires an argument."),
        ("apply", "Missing argument 'SITE.yaml'."),
        ("run now", "Got unexpected extra argument(s) (now)"),
        ("simulate main --keys 1x", "Invalid value: --keys: 1x are no keys of a telephone"),
        ("simulate main --at noon", "Invalid value: --at: a time is wanted, as 2026-11-25T09:30 or 09:30, not 'noon'"),
        ("simulate main --agents asleep", "'asleep' is not one of 'free', 'busy', 'none'."),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(terminal: Terminal, line: str, said: str) -> None:
    assert terminal(line) == 2
    assert terminal.out == ""
    assert terminal.err.count("\n") == 1
    assert terminal.err.startswith("callcenterd: ")
    assert said in terminal.err


def test_help_and_version_are_answers(terminal: Terminal) -> None:
    assert terminal("--help") == 0
    assert "simulate" in terminal.out
    assert terminal("--version") == 0
    assert terminal.out.startswith("callcenterd ")


# ---- check ------------------------------------------------------------------------------------------------------


def test_check_counts_what_is_without_fault(terminal: Terminal) -> None:
    assert terminal("check --language en") == 0
    assert re.fullmatch(r"no fault: configuration, 1 flow, \d+ prompts\n", terminal.out)


def test_check_tells_every_fault_of_a_configuration_with_file_and_line(terminal: Terminal, office: Path) -> None:
    (office / "other.yaml").write_text("data: ./data\nlanguage: de\nsipp: 1\n", encoding="utf-8")
    assert terminal("check --language en -c other.yaml") == 1
    assert terminal.out.splitlines() == [
        "other.yaml:2:11: language: one of 'zh-CN' or 'en' is wanted, not \"de\"",
        "other.yaml:3:1: sipp: is no key here; sip is meant?",
    ]


def test_check_tells_faults_of_flows_and_prompts_that_are_not_there(terminal: Terminal, office: Path) -> None:
    (office / "flows" / "a.yaml").write_text("flow: a\nstart: x\nnodes:\n  x: {play: hello, next: y}\n")
    (office / "flows" / "b.yaml").write_text("flow: b\nstart: x\nnodes:\n  x: {play: nobody_said_it}\n")
    assert terminal("check") == 1
    where = [line.split(": ")[0] for line in terminal.out.splitlines()]
    assert where == [f"{office}/flows/a.yaml:4:13", f"{office}/flows/a.yaml:4:26", f"{office}/flows/b.yaml:4:13"]
    assert "nobody_said_it" in terminal.out


def test_check_tells_a_database_that_the_configuration_does_not_list(terminal: Terminal, office: Path) -> None:
    flow = 'flow: a\nstart: x\nnodes:\n  x: {sql: "SELECT 1", database: shop}\n'
    (office / "flows" / "a.yaml").write_text(flow, encoding="utf-8")
    assert terminal("check --language en") == 1
    assert terminal.out == f"{office}/flows/a.yaml:4:34: x: there is no database shop (business.databases)\n"
    (office / "callcenter.yaml").write_text(
        "data: ./data\nbusiness:\n  databases:\n    shop: sqlite:///shop.db\n", encoding="utf-8"
    )
    assert terminal("check") == 0


def test_check_holds_flows_against_the_site_in_service(terminal: Terminal, office: Path) -> None:
    (office / "flows" / "b.yaml").write_text(
        "flow: b\nstart: x\nnodes:\n  x: {queue: slaes, next: y}\n  y: {dial: '1', trunks: [out], on_busy: nowhere}\n"
    )
    assert terminal("check --language en") == 1
    assert "were not looked at: there is no data folder" in terminal.err
    assert terminal("apply site.yaml") == 0
    assert terminal("check --language en") == 1
    assert terminal.err == ""
    assert terminal.out.splitlines() == [
        f"{office}/flows/b.yaml:4:14: x: there is no queue slaes; sales is meant?",
        f"{office}/flows/b.yaml:5:27: y: there is no trunk out",
        f"{office}/flows/b.yaml:5:42: nodes.y.on_busy: there is no node nowhere",
    ]


@pytest.mark.parametrize(
    ("asked", "lang", "office_speaks", "told"),
    [
        ("", "C.UTF-8", "zh-CN", "没有节点"),
        ("", "C.UTF-8", "en", "there is no node"),
        ("", "zh_CN.UTF-8", "en", "没有节点"),
        ("", "en_US.UTF-8", "zh-CN", "there is no node"),
        (" --language zh", "en_US.UTF-8", "en", "没有节点"),
        (" --language en", "zh_CN.UTF-8", "zh-CN", "there is no node"),
    ],
)
def test_check_speaks_the_language_of_who_reads(  # a table
    terminal: Terminal,
    office: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: str,
    lang: str,
    office_speaks: str,
    told: str,
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", lang)
    (office / "callcenter.yaml").write_text(f"data: ./data\nlanguage: {office_speaks}\n", encoding="utf-8")
    (office / "flows" / "main.yaml").write_text("flow: main\nstart: a\nnodes: {b: {say: x}}\n")
    assert terminal(f"check{asked}") == 1
    assert told in terminal.out


def test_a_language_that_is_none_is_said(terminal: Terminal) -> None:
    assert terminal("check --language klingon") == 2
    assert "zh-CN or en is wanted" in terminal.err


def test_a_key_for_recordings_is_made_and_another_beside_it(terminal: Terminal, office: Path) -> None:
    assert terminal("recording-key") == 1
    assert "recordings.key_file is not set" in terminal.err
    (office / "callcenter.yaml").write_text(
        "data: ./data\nrecordings: {key_file: ./recordings.key}\n", encoding="utf-8"
    )
    assert terminal("check") == 1
    assert "recordings.key cannot be read" in terminal.out
    for n in (1, 2):
        assert terminal("recording-key") == 0
        keys = (office / "recordings.key").read_text().split()
        assert len(keys) == n
        assert all(key not in terminal.out + terminal.err for key in keys), "a key is shown to nobody"
    assert terminal("check") == 0
    (office / "recordings.key").chmod(0o644)
    assert terminal("check") == 1
    assert "chmod 600" in terminal.out
    assert terminal("recording-key") == 1


def test_check_tells_a_prompt_that_cannot_be_played(terminal: Terminal, office: Path) -> None:
    (office / "flows" / "b.yaml").write_text("flow: b\nstart: x\nnodes:\n  x: {play: hello}\n")
    (office / "prompts" / "hello.wav").write_bytes(b"RIFF, but not really")
    assert terminal("check --language en") == 1
    assert terminal.out.startswith(f"{office}/prompts/hello.wav:1: hello.wav cannot be read as sound")


def test_a_configuration_that_is_not_there_is_said(terminal: Terminal) -> None:
    assert terminal("export -c none.yaml") == 1
    assert terminal.err == "none.yaml:1: cannot be read: No such file or directory\n"


# ---- apply and export, with nobody on the data folder -----------------------------------------------------------


def test_apply_tells_what_changes_and_a_second_time_that_nothing_does(terminal: Terminal) -> None:
    assert terminal("apply site.yaml") == 0
    assert terminal.out.splitlines() == ["user 1001: new", "extension 1001: new", "queue sales: new"]
    assert terminal("apply site.yaml") == 0
    assert terminal.out == "nothing to change\n"


def test_what_export_writes_is_applied_without_a_change(terminal: Terminal, office: Path) -> None:
    terminal("apply site.yaml")
    assert terminal("export") == 0
    assert "geheim" not in terminal.out
    assert "telefon" in terminal.out
    (office / "again.yaml").write_text(terminal.out, encoding="utf-8")
    assert terminal("apply again.yaml") == 0
    assert terminal.out == "nothing to change\n"


def test_a_year_of_holidays_is_brought_into_a_calendar(terminal: Terminal, office: Path) -> None:
    china = Path(__file__).parents[1] / "calendars" / "china-2026.csv"
    assert terminal(f"apply {china} --calendar office") == 1
    assert "there is no calendar office" in terminal.err
    (office / "hours.yaml").write_text("calendars: [{name: office, hours: {monday: ['09:00-18:00']}}]\n", "utf-8")
    assert terminal("apply hours.yaml") == 0
    assert terminal(f"apply {china} --calendar office") == 0
    assert terminal.out == "calendar office: holidays, make_up\n"
    assert terminal(f"apply {china} --calendar office") == 0
    assert terminal.out == "nothing to change\n"
    assert terminal("export") == 0
    assert "国庆节调休" in terminal.out
    (office / "days.csv").write_text("2026-02-30,x,off\n", "utf-8")
    assert terminal("apply days.csv --calendar office") == 1
    assert terminal.err.startswith("days.csv:1: a date that there is, as 2026-10-01, is wanted, not 2026-02-30")


def test_faults_of_a_site_file_are_told_with_file_and_line(terminal: Terminal, office: Path) -> None:
    (office / "site.yaml").write_text("queues:\n- {name: sales, members: [7]}\n", encoding="utf-8")
    assert terminal("apply site.yaml") == 1
    assert terminal.err == "site.yaml:2:27: queues.members: there is no user 7\n"


def test_a_data_folder_that_cannot_be_used_is_said_in_one_line(terminal: Terminal, office: Path) -> None:
    (office / "data").write_text("in the way")
    assert terminal("apply site.yaml") == 1
    assert terminal.err == f"callcenterd: data folder {office}/data cannot be used: File exists\n"


# ---- apply and export, with a server ----------------------------------------------------------------------------


@contextmanager
def server(data: Path, commands: Mapping[str, control.Command], *, late: float = 0) -> Iterator[None]:
    """The local door of a server, in a thread with a loop of its own; the data folder is taken.

    late: seconds that the folder is taken before the door opens, as while a server starts.
    """
    opened, closing = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        if late:
            opened.set()
            await asyncio.sleep(late)
        door = control.Door(data, commands)
        await door.start()
        opened.set()
        await closing.wait()
        await door.stop()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    with control.owned(data):
        thread = threading.Thread(target=run)
        thread.start()
        assert opened.wait(10)
        try:
            yield
        finally:
            loop.call_soon_threadsafe(closing.set)
            thread.join()


def test_a_running_server_is_given_the_file_and_tells_what_changed(terminal: Terminal, office: Path) -> None:
    asked: list[Mapping[str, Any]] = []

    async def take(command: Mapping[str, Any]) -> Mapping[str, Any]:
        asked.append(command)
        return {"changes": ["queue sales: ring"], "kept": []}

    with server(office / "data", {"apply": take}):
        assert terminal("apply site.yaml") == 0
    assert terminal.out == "queue sales: ring\n"
    assert asked == [{"command": "apply", "text": SITE, "name": "site.yaml", "overwrite": False}]


def test_what_a_running_server_refuses_is_said(terminal: Terminal, office: Path) -> None:
    async def refuse(_: Mapping[str, Any]) -> Mapping[str, Any]:
        raise LocalError("somebody must be able to sign in as admin")

    with server(office / "data", {"apply": refuse}):
        assert terminal("apply site.yaml") == 1
    assert terminal.err == "callcenterd: somebody must be able to sign in as admin\n"


def test_faults_that_a_running_server_finds_are_told_as_our_own(terminal: Terminal, office: Path) -> None:
    async def refuse(_: Mapping[str, Any]) -> Mapping[str, Any]:
        raise FaultyFile([Fault("site.yaml", 2, "first"), Fault("site.yaml", 6, "second")])

    with server(office / "data", {"apply": refuse}):
        assert terminal("apply site.yaml") == 1
    assert terminal.err == "site.yaml:2: first\nsite.yaml:6: second\n"


def test_a_server_that_starts_is_waited_for(terminal: Terminal, office: Path) -> None:
    """Whether the door opens before or after we come does not matter: both ways it is the server that is asked."""

    async def take(_: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"changes": ["by the server"], "kept": ["queue sales: ring stays as set on a page by boss (now)"]}

    with server(office / "data", {"apply": take}, late=0.3):
        assert terminal("apply site.yaml") == 0
    assert terminal.out == "by the server\n"


def test_export_asks_a_running_server(terminal: Terminal, office: Path) -> None:
    async def tell(_: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"text": "trunks: []\n"}

    with server(office / "data", {"export": tell}):
        assert terminal("export") == 0
    assert terminal.out == "trunks: []\n"


# ---- simulate -----------------------------------------------------------------------------------------------------


def test_simulate_prints_what_the_caller_hears_and_does(terminal: Terminal) -> None:
    assert terminal("simulate main --keys 1 --at 2026-11-25T09:30 --caller 13900000000") == 0
    lines = terminal.out.splitlines()
    assert lines[0].startswith("09:30:00")
    assert any("您好" in line for line in lines)
    assert any("sales" in line for line in lines)
    first = terminal.out
    assert terminal("simulate main --keys 1 --at 2026-11-25T09:30 --caller 13900000000") == 0
    assert terminal.out == first


def test_what_the_outside_answers_can_be_given_by_words_by_yaml_and_by_a_file(terminal: Terminal, office: Path) -> None:
    (office / "flows" / "main.yaml").write_text(
        "flow: main\nstart: ask\nnodes:\n"
        "  ask: {http: 'https://crm.example.com/x', get: {money: money}, next: tell, on_timeout: slow,"
        " on_failed: bye}\n"
        "  slow: {say: slow, next: sales}\n  tell: {say: 'You have {{ money }}', next: sales}\n"
        "  sales: {queue: sales, on_full: full, on_busy: bye}\n  full: {say: full}\n  bye: {hangup: normal}\n"
    )
    (office / "given.yaml").write_text("caller: '13912345678'\nanswers: {ask: {money: 7}}\n")
    for given, heard in (
        ("--given answers.ask=timeout", "slow"),
        ("--given given.yaml", "You have 7"),
        ("--given given.yaml --given results.sales=full", "full"),
        ("--given results.sales=busy", "hung up (normal)"),
        ("", "hung up (normal)"),
    ):
        assert terminal(f"simulate main --language en {given}") == 0, terminal.err
        assert any(line.endswith(heard) for line in terminal.out.splitlines()), (given, terminal.out)
    assert terminal("simulate main --language zh --given results.sales=full --given given.yaml") == 0
    assert "等待人数已满" in terminal.out


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("agents=asleep", "--given:1: agents: one of 'free', 'busy' or 'none' is wanted, not \"asleep\"\n"),
        ("answer.x=1", "--given:1: answer: is no key here; answers is meant?\n"),
        ("results.sales=dead", "--given:1: results.sales: one of"),
        ("nothing.yaml", "nothing.yaml:1: cannot be read: No such file or directory\n"),
        ("{agents", "--given:2:1: the group"),
        ("[1]", "--given:1:1: a group of keys is wanted, as {agents: busy"),
    ],
)
def test_what_cannot_be_given_is_said(terminal: Terminal, given: str, told: str) -> None:
    assert terminal(f"simulate main --language en --given {given}") == 1
    assert terminal.err.startswith(told), terminal.err


def test_an_unknown_flow_is_answered_with_those_that_there_are(terminal: Terminal) -> None:
    assert terminal("simulate mian") == 1
    assert terminal.err == "callcenterd: there is no flow mian; there are: main\n"


# ---- the program --------------------------------------------------------------------------------------------------


def test_the_program_ends_with_the_exit_code() -> None:
    command = [sys.executable, "-m", "callcenterd", "nothing"]
    root = Path(cli.__file__).parent.parent
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=root)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
