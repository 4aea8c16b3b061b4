"""The house's floors hold: what setup.cfg says about who may import whom is checked like any other claim."""

from __future__ import annotations

import configparser
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_no_room_uses_what_it_may_not() -> None:
    lint = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert lint.returncode == 0, lint.stdout + lint.stderr


def test_every_room_has_its_floor() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    layers = setup["importlinter:contract:floors"]["layers"]
    floors = {room.strip() for floor in layers.splitlines() for room in floor.split("|") if room.strip()}
    there = {
        path.stem
        for path in (ROOT / "callcenterd").iterdir()
        if path.suffix == ".py" or (path.is_dir() and (path / "__init__.py").exists())
    }
    assert there - {"__init__"} <= floors
