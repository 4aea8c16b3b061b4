"""Every route of the API's description is asked what it says and what it does not say:
`python -m tools.schema_fuzz SECONDS`.

schemathesis runs over /api/v1/openapi.json of a server of its own with a small office in it, as each role and as
nobody: every route by itself, then routes after one another, with the ids that the ones before answered. Ends with 1
if an answer was a fault of ours (5xx), a status or a kind of content that the description does not have, or content of
another shape than it says; or if the server logged an error.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

from tests.kit.server import Client, RunningServer

SITE = """
users:
  - {login: "1001", name: 张三, role: agent, password: "first-Secret-1", extension: "1001"}
  - {login: "2001", name: 王班长, role: supervisor, password: "third-Secret-3"}
  - {login: "3001", name: 钱经理, role: manager, password: "fifth-Secret-5"}
  - {login: "9001", name: 赵管理, role: admin, password: "fourth-Secret-4"}
extensions:
  - {number: "1001", password: "phone-Secret-1"}
queues:
  - {name: sales, title: 销售, strategy: longest_idle, members: ["1001"]}
teams:
  - {name: front, title: 前台, leaders: ["2001"], members: ["1001"]}
"""
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,unsupported_method"
)
PHASES = "examples,coverage,fuzzing,stateful"
LEFT_OUT = "^/api/v1/(session|events|second-factors)$"
"""What ends the session that asks, a stream, which does not end, and what would shut everybody out of all else."""
ROLES = {
    "admin": ("9001", "fourth-Secret-4"),
    "manager": ("3001", "fifth-Secret-5"),
    "supervisor": ("2001", "third-Secret-3"),
    "agent": ("1001", "first-Secret-1"),
    "nobody": None,
}


async def office(server: RunningServer) -> None:
    """Something to find of each kind, with the ids 1 to 3 that `schema_hooks` puts into addresses."""
    await server.apply(SITE)
    async with Client(server.web) as client:
        await client.sign_in(*ROLES["admin"] or ("", ""))
        for number in range(1, 4):
            await client.post("/customers", {"name": f"客户{number}", "phones": [f"1390000000{number}"]})
            await client.post("/customers/1/cards", {"number": f"6200000000{number}"})
            await client.post("/consultations", {"customer": number, "category": "address", "note": "开门时间"})
            await client.post("/complaints", {"customer": number, "type": "product", "reason": "太慢"})
            await client.post("/duties", {"kind": "task", "title": f"事情{number}"})
            await client.post("/queries", {"name": f"查询{number}", "query": {"kind": "customer"}})
            await client.post("/campaigns", {"name": f"外呼{number}", "queue": "sales"})
            field = {"kind": "customer", "type": "text", "name": f"extra{number}", "english": "Extra", "chinese": "另"}
            await client.post("/custom-fields", field)
            await client.ask("POST", "/imports", params={"name": f"{number}.csv"}, data="name,phones\n甲,13800000001\n")


async def fuzz(server: RunningServer, role: str, seconds: int, reports: Path) -> int:
    """schemathesis' exit code."""
    words = [
        "-m", "schemathesis.cli", "run", f"{server.web}/api/v1/openapi.json", "--phases", PHASES,
        "--max-time", str(seconds), "--max-examples", "10", "--checks", CHECKS, "--continue-on-failure", "--no-shrink",
        "--request-timeout", "30", "--warnings", "off", "--no-color", "--suppress-health-check", "all",
        "--generation-database", "none", "--report", "ndjson", "--report-ndjson-path", str(reports / f"{role}.ndjson"),
    ]  # fmt: skip
    words += ["--exclude-path-regex", LEFT_OUT]
    if (known := ROLES[role]) is not None:
        async with Client(server.web) as client:
            await client.sign_in(*known)
            words += ["-H", f"Authorization: Bearer {client.token}"]
    run = await asyncio.create_subprocess_exec(
        sys.executable, *words, env={**os.environ, "SCHEMATHESIS_HOOKS": "tools.schema_hooks"}
    )
    return await run.wait()


async def main(seconds: int, roles: list[str]) -> int:
    folder = Path(tempfile.mkdtemp(prefix="schema-fuzz-"))
    server = RunningServer(folder)
    await server.start()
    try:
        await office(server)
        codes = {role: await fuzz(server, role, seconds, folder) for role in roles}
        errors = server.errors()
    finally:
        await server.end()
    _say(f"{codes}, {len(errors)} errors logged; reports and log in {folder}")
    for error in errors[:20]:
        _say(json.dumps(error, ensure_ascii=False)[:2000])
    return 1 if errors or any(codes.values()) else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(int(sys.argv[1]), sys.argv[2:] or list(ROLES))))
