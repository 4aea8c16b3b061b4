"""Checks a pack of evidence, alone: `python3 verify.py [FOLDER] [--anchor NUMBER:HASH]`. 检查证据包，可单独运行。

Nothing but Python 3 is needed. Exit code 0: everything agrees; 1: something does not, and what is said.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def check(folder: Path, anchor: str = "") -> list[str]:
    """What does not agree, a line each; none: all is as it was when the pack was made."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        return [
            *files(folder, manifest["files"]),
            *chain(folder, manifest, anchor),
            *records(folder, manifest["recordings"]),
        ]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        return [f"the pack cannot be read 无法读取证据包: {fault!r}"]


def files(folder: Path, known: dict[str, str]) -> Iterator[str]:
    for name, digest in known.items():
        path = folder / name
        if not path.is_file():
            yield f"a file is missing 缺少文件: {name}"
        elif file_digest(path) != digest:
            yield f"a file was changed 文件被改动: {name}"


def chain(folder: Path, manifest: dict[str, Any], anchor: str) -> Iterator[str]:
    """Each link's hash is that of its fields and the hash before."""
    before, seq, met = manifest["before"], manifest["first"] - 1, ""
    number, _, wanted = anchor.partition(":")
    for link in lines(folder / "chain.jsonl"):
        text = "\n".join(
            (before, str(link["seq"]), link["at"], link["kind"], link["ref"], str(link["upto"]), link["digest"])
        )
        if link["seq"] != seq + 1 or hashlib.sha256(text.encode()).hexdigest() != link["hash"]:
            yield f"the chain is broken at link {link['seq']} 链在第 {link['seq']} 环断开"
        before, seq = link["hash"], link["seq"]
        if str(seq) == number:
            met = before
    if seq != manifest["last"]:
        yield f"the chain ends at link {seq}, not {manifest['last']} 链的末尾不对"
    if anchor and met != wanted.strip().lower():
        yield f"anchor {number} is another or not in this pack 锚点 {number} 不符或不在包内"


def records(folder: Path, sounds: dict[str, str]) -> Iterator[str]:
    links = {link["seq"]: link for link in lines(folder / "chain.jsonl")}
    for kept in lines(folder / "records.jsonl"):
        seq, record = kept["seq"], kept["record"]
        text = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        if seq not in links or hashlib.sha256(text.encode()).hexdigest() != links[seq]["digest"]:
            yield f"the record of link {seq} was changed 第 {seq} 环的记录被改动"
            continue
        name = sounds.get(str(seq), "")
        if name and file_digest(folder / name) != record["sha256"]:
            yield f"the recording of link {seq} was changed 第 {seq} 环的录音被改动"


def lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def file_digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def main(arguments: list[str]) -> int:
    anchor = ""
    if "--anchor" in arguments:
        at = arguments.index("--anchor")
        anchor = arguments[at + 1] if at + 1 < len(arguments) else "?"
        del arguments[at : at + 2]
    folder = Path(arguments[0]) if arguments else Path(__file__).resolve().parent
    broken = check(folder, anchor)
    sys.stdout.write("\n".join(broken or ["everything agrees 全部一致"]) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
