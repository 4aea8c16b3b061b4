"""The local door: one line asks, one line answers; one process for one data folder."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from callcenterd.control import NAME, Door, NotRunning, Taken, ask, owned
from callcenterd.errors import CannotStart, LocalError, Refused


async def echo(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"heard": asked["words"]}


async def refuse(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    raise Refused("no queue of that name")


@asynccontextmanager
async def door(data: Path) -> AsyncIterator[Door]:
    opened = Door(data, {"echo": echo, "refuse": refuse})
    await opened.start()
    try:
        yield opened
    finally:
        await opened.stop()


async def said(data: Path, octets: bytes) -> bytes:
    """What the door answers to raw octets."""
    reader, writer = await asyncio.open_unix_connection(data / NAME)
    writer.write(octets)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_a_command_is_carried_out_and_answered(tmp_path: Path) -> None:
    async with door(tmp_path):
        assert await ask(tmp_path, "echo", words="你好") == {"ok": True, "heard": "你好"}


async def test_what_a_command_refuses_comes_back_as_its_sentence(tmp_path: Path) -> None:
    async with door(tmp_path):
        with pytest.raises(LocalError, match="no queue of that name"):
            await ask(tmp_path, "refuse")


async def test_an_unknown_command_is_no_command(tmp_path: Path) -> None:
    async with door(tmp_path):
        with pytest.raises(LocalError, match="not a command"):
            await ask(tmp_path, "explode")


@pytest.mark.parametrize(
    "octets", [b"{not json}\n", b"[]\n", b"17\n", b'{"command": ["echo"]}\n', b'{"command": 7}\n', b"\n", b""]
)
async def test_what_is_no_command_is_answered_as_that(tmp_path: Path, octets: bytes) -> None:
    async with door(tmp_path):
        assert json.loads(await said(tmp_path, octets))["ok"] is False
        assert await ask(tmp_path, "echo", words="still there") == {"ok": True, "heard": "still there"}


async def test_one_who_hangs_up_at_once_harms_nobody(tmp_path: Path) -> None:
    async with door(tmp_path):
        with socket.socket(socket.AF_UNIX) as rude:
            rude.connect(str(tmp_path / NAME))
        assert await ask(tmp_path, "echo", words="x") == {"ok": True, "heard": "x"}


async def test_only_the_owner_may_open_the_door(tmp_path: Path) -> None:
    async with door(tmp_path):
        assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


async def test_without_a_server_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotRunning, match="no server runs on"):
        await ask(tmp_path, "echo")
    async with door(tmp_path):
        pass
    with pytest.raises(NotRunning):
        await ask(tmp_path, "echo")


async def test_what_a_killed_server_left_does_not_keep_the_next_one_from_starting(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / NAME))
    async with door(tmp_path):
        assert (await ask(tmp_path, "echo", words="x"))["ok"]


async def test_a_server_that_ends_in_the_middle_of_a_command_is_said(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    server = await asyncio.start_unix_server(serve, tmp_path / NAME)
    with pytest.raises(LocalError, match="gave no answer"):
        await ask(tmp_path, "echo")
    server.close()


async def test_a_path_that_is_too_long_for_a_socket_cannot_start(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    with pytest.raises(CannotStart, match="control socket"):
        await Door(deep, {}).start()


def test_a_data_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    with owned(tmp_path / "data", "recordings"):
        assert (tmp_path / "data" / "recordings").is_dir()
        with pytest.raises(Taken, match="another callcenterd runs"), owned(tmp_path / "data"):
            pass
    with owned(tmp_path / "data"):
        pass


def test_a_data_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="cannot be used"), owned(tmp_path / "file" / "data"):
        pass
