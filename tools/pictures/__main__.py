"""`python -m tools.pictures [--only PATTERN] [--language zh-CN|en] [FOLDER]`; without a folder into docs/images."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from tools.pictures import opening, records
from tools.pictures.album import Album
from tools.pictures.office import opened
from tools.pictures.words import LANGUAGES, Language

IMAGES = Path(__file__).resolve().parents[2] / "docs/images"


async def taken(language: Language, folder: Path, only: str) -> int:
    """Answers how many octets there are."""
    with tempfile.TemporaryDirectory() as room:
        async with opened(language, Path(room) / "office") as office:
            await records.settings(office)
            await office.have_a_morning()
            await records.written(office)
            album = Album(office, folder, Path(room), only)
            await album.fill()
            await opening.photographed(language, Path(room) / "new", album.shoot)
            if faults := office.server.errors():
                raise SystemExit(f"the server tells of errors: {faults}")
            return await album.written()


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m tools.pictures", description="Takes the pictures of the documents.")
    asked.add_argument("folder", nargs="?", type=Path, default=IMAGES)
    asked.add_argument("--only", default="", help="a pattern: pictures whose name it is in")
    asked.add_argument("--language", choices=LANGUAGES, action="append")
    arguments = asked.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for language in arguments.language or LANGUAGES:
        octets = asyncio.run(taken(language, arguments.folder, arguments.only))
        print(f"{language}: {octets / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
