"""A pretended office: the JSON API and the event stream with made-up calls, to look at the pages while they are built.

Not part of the product and never in its pages. `python webapp/dev/office.py [PORT]` serves the built pages under /app/
as well, with the product's content policy; who one is comes from ?as=1001 (kept in a cookie). What a phone would do is
asked by POST /dev/ring, /dev/answer, /dev/end; /dev/drop breaks every event stream.
"""

from __future__ import annotations

import asyncio
import io
import json
import math
import struct
import sys
import tempfile
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

PAGES = Path(__file__).resolve().parents[2] / "callcenterd" / "web" / "static"
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'"
)
Json = dict[str, Any]


def now() -> datetime:
    return datetime.now(UTC)


def at(seconds_ago: float) -> str:
    return (now() - timedelta(seconds=seconds_ago)).isoformat()


USERS: list[Json] = [
    {"login": "1001", "name": "张三", "role": "agent", "extension": "1001", "language": "zh-CN", "has_password": True},
    {"login": "1002", "name": "李四", "role": "agent", "extension": "1002", "language": "zh-CN", "has_password": True},
    {
        "login": "1003",
        "name": "王小明",
        "role": "agent",
        "extension": "1003",
        "language": "zh-CN",
        "has_password": True,
    },
    {
        "login": "2001",
        "name": "赵班长",
        "role": "supervisor",
        "extension": "1009",
        "language": "zh-CN",
        "has_password": True,
    },
    {"login": "admin", "name": "管理员", "role": "admin", "extension": None, "language": "zh-CN", "has_password": True},
]
THINGS: dict[str, tuple[str, list[Json]]] = {
    "trunks": (
        "name",
        [
            {
                "name": "gateway",
                "host": "127.0.0.2",
                "port": 6000,
                "username": "",
                "has_password": False,
                "register": False,
                "allow": ["127.0.0.2"],
                "state": "up",
                "why": "",
            },
            {
                "name": "telecom",
                "host": "203.0.113.5",
                "port": 5060,
                "username": "62960000",
                "has_password": True,
                "register": True,
                "allow": ["203.0.113.0/28", "198.51.100.7"],
                "state": "down",
                "why": "403 Forbidden",
            },
        ],
    ),
    "numbers": ("match", [{"match": "02088886666", "flow": "main"}, {"match": "9.", "flow": "out"}]),
    "outbound": ("match", [{"match": "0.", "trunks": ["telecom", "gateway"], "strip": 0, "prepend": ""}]),
    "users": ("login", USERS),
    "extensions": (
        "number",
        [
            {
                "number": "1001",
                "contact": "",
                "has_password": True,
                "registered": True,
                "address": "192.168.1.23:5060",
                "device": "Yealink SIP-T31P 124.86",
            },
            {"number": "1002", "contact": "", "has_password": True, "registered": False, "address": "", "device": ""},
            {
                "number": "1900",
                "contact": "sip:door@127.0.0.3:6100",
                "has_password": False,
                "registered": True,
                "address": "",
                "device": "",
            },
        ],
    ),
    "queues": (
        "name",
        [
            {
                "name": "sales",
                "title": "业务咨询",
                "strategy": "longest_idle",
                "members": ["1001", "1002", "1003"],
                "wrap_up": 10,
                "ring": 20,
                "service_level": 20,
                "max_wait": 0,
                "record": True,
                "music": "",
            },
            {
                "name": "complaints",
                "title": "投诉建议",
                "strategy": "ring_all",
                "members": ["2001", "1003"],
                "wrap_up": 30,
                "ring": 20,
                "service_level": 30,
                "max_wait": 300,
                "record": True,
                "music": "calm",
            },
        ],
    ),
}
FAULTS = [
    {"file": "night.yaml", "line": 14, "reason": "节点 menu 的按键 3 指向不存在的节点 “offer2”；已有节点：offer、leave"}
]
CUSTOMERS: list[Json] = []
CALLS: list[Json] = []
AGENTS: dict[str, Json] = {}
SOCKETS: dict[web.WebSocketResponse, int] = {}
POP: dict[str, Json] = {}


def fill() -> None:
    people = [
        (
            "王芳",
            ["13800138000", "02088881234"],
            "62258801",
            "female",
            "广州明远贸易有限公司",
            "广州市天河区体育西路 103 号",
            "gold",
        ),
        ("李建国", ["13912345678"], "62258802", "male", "", "佛山市禅城区祖庙路 8 号", "normal"),
        ("陈晓燕", ["13700137000"], "", "female", "广东恒通物流股份有限公司华南配送中心", "", "silver"),
        ("刘洋", ["13700137000"], "", "male", "", "深圳市南山区科技园", ""),
        ("Peter Müller", ["+442071838750"], "62258805", "male", "Müller & Söhne GmbH", "Hamburg", "vip"),
    ]
    for number, (name, phones, card, sex, company, address, level) in enumerate(people, 1):
        CUSTOMERS.append(
            {
                "id": number,
                "name": name,
                "phones": phones,
                "card": card,
                "sex": sex,
                "company": company,
                "address": address,
                "email": "",
                "level": level,
                "note": "要求发票写全称。" if number == 1 else "",
                "created_at": at(9e6),
                "changed_at": at(9e4),
            }
        )
    outcomes = ["answered", "answered", "abandoned", "answered", "voicemail", "flow", "interrupted", "busy", "callback"]
    for n in range(64):
        outcome = outcomes[n % len(outcomes)]
        person = CUSTOMERS[n % len(CUSTOMERS)] if n % 3 else None
        talked = 35.0 + 17 * (n % 13) if outcome in ("answered", "interrupted") else None
        started = 1500 + n * 2100
        CALLS.append(
            {
                "id": f"20261124-{153012 - n * 7:06d}-{(n * 7919) % 0xFFFFFF:06x}",
                "direction": "outbound" if n % 9 == 8 else "inbound",
                "caller": person["phones"][0] if person else f"1380013{8000 + n}",
                "caller_name": "",
                "called": "02088886666",
                "trunk": "gateway",
                "flow": "main",
                "queue": ["sales", "complaints"][n % 2] if outcome != "flow" else None,
                "agent": ["1001", "1002", "1003"][n % 3] if talked else None,
                "extension": "1001" if talked else None,
                "started_at": at(started),
                "queued_at": at(started - 12),
                "answered_at": at(started - 25) if talked else None,
                "ended_at": at(started - 80),
                "wait_seconds": 13.4 + n % 40,
                "talk_seconds": talked,
                "outcome": outcome,
                "ended_by": "caller" if n % 2 else "agent",
                "cause": "",
                "recording_id": f"r{n}" if talked else None,
                "customer_id": person["id"] if person else None,
                "keys": "10"[: 1 + n % 2],
                "note": [
                    "",
                    "客户询问八月账单，已说明套餐资费，约定明天上午十点回电。",
                    "要求更换收货地址。",
                    "投诉快递延误，已登记。",
                ][n % 4],
            }
        )
    for user in USERS:
        queues = [queue["name"] for queue in THINGS["queues"][1] if user["login"] in queue["members"]]
        if queues:
            AGENTS[user["login"]] = {
                "login": user["login"],
                "name": user["name"],
                "extension": user["extension"],
                "state": "signed_out",
                "reason": "",
                "since": at(600),
                "until": None,
                "phone": user["login"] != "1002",
                "call": None,
                "queues": queues,
            }
    AGENTS["1001"].update(state="ready", since=at(75))
    AGENTS["1002"].update(state="break", reason="meal", since=at(1380))
    AGENTS["1003"].update(state="talking", since=at(201), call="20261124-160000-aaaaaa")
    LINES["20261124-160000-aaaaaa"] = line("20261124-160000-aaaaaa", "13912345678", "talking", "1003", 201)
    LINES["20261124-160100-bbbbbb"] = line("20261124-160100-bbbbbb", "075588881111", "waiting", None, 42)
    LINES["20261124-160200-cccccc"] = line("20261124-160200-cccccc", "13666660000", "flow", None, 9)


LINES: dict[str, Json] = {}
VOICEMAIL = [
    {
        "id": 1,
        "call": "20261124-090000-dddddd",
        "queue": "sales",
        "recording_id": "v1",
        "caller": "13800138000",
        "at": at(5000),
        "agent": None,
        "extension": None,
        "seconds": 14.0,
        "heard_by": "",
        "assigned_to": "",
        "note": "",
        "done": False,
        "done_by": "",
    }
]
CALLBACKS = [
    {
        "id": n,
        "call": f"20261124-09100{n}-eeeeee",
        "queue": "sales",
        "number": f"1391234567{n}",
        "at": at(3000 * n),
        "state": "waiting",
        "done_by": "",
    }
    for n in (1, 2)
]


def line(call: str, caller: str, state: str, agent: str | None, ago: float) -> Json:
    return {
        "call": call,
        "direction": "inbound",
        "state": state,
        "caller": caller,
        "called": "02088886666",
        "trunk": "gateway",
        "queue": "sales" if state != "flow" else None,
        "agent": agent,
        "since": at(ago),
        "started_at": at(ago + 20),
    }


def topics() -> Json:
    known: Json = {f"agents/{login}": agent for login, agent in AGENTS.items()}
    known |= {f"lines/{call}": value for call, value in LINES.items()}
    for queue in THINGS["queues"][1]:
        waiting = [value for value in LINES.values() if value["queue"] == queue["name"] and value["state"] == "waiting"]
        members = [agent for agent in AGENTS.values() if queue["name"] in agent["queues"]]
        known[f"queues/{queue['name']}"] = {
            "name": queue["name"],
            "title": queue["title"],
            "waiting": [
                {"call": w["call"], "caller": w["caller"], "since": w["since"], "position": n + 1}
                for n, w in enumerate(waiting)
            ],
            "longest_since": min((w["since"] for w in waiting), default=None),
            "ready": sum(a["state"] == "ready" for a in members),
            "talking": sum(a["state"] == "talking" for a in members),
            "signed_in": sum(a["state"] != "signed_out" for a in members),
        }
    return known


async def tell(*facts: tuple[str, Json]) -> None:
    """Everything anew as one difference, then the facts."""
    for socket in list(SOCKETS):
        SOCKETS[socket] += 1
        try:
            for kind, fact in facts:
                await socket.send_json({"type": kind, "at": at(0), "data": fact})
            gone = {
                f"lines/{call}": None
                for call in ("20261124-170000-ffffff", "20261124-170001-fffffe")
                if call not in LINES
            }
            await socket.send_json(
                {"type": "live.changed", "at": at(0), "data": {"seq": SOCKETS[socket], "changes": {**gone, **topics()}}}
            )
        except ConnectionError:
            SOCKETS.pop(socket, None)


def who(request: web.Request) -> Json:
    login = request.query.get("as") or request.cookies.get("as") or "1001"
    return next((user for user in USERS if user["login"] == login), USERS[0])


def fail(status: int, code: str, message: str, fields: Json | None = None, **more: Any) -> web.Response:
    return web.json_response(
        {"error": {"code": code, "message": message, "fields": fields or {}, **more}}, status=status
    )


def listing(items: list[Json], request: web.Request) -> web.Response:
    limit, offset = int(request.query.get("limit", 50)), int(request.query.get("offset", 0))
    return web.json_response({"items": items[offset : offset + limit], "total": len(items)})


routes = web.RouteTableDef()


@routes.get("/api/v1/session")
async def session(request: web.Request) -> web.Response:
    return web.json_response({key: who(request)[key] for key in ("login", "name", "role", "extension", "language")})


@routes.delete("/api/v1/session")
@routes.post("/api/v1/session/password")
async def nothing(request: web.Request) -> web.Response:
    return web.Response(status=204)


@routes.get("/api/v1/desk")
async def desk(request: web.Request) -> web.Response:
    login = who(request)["login"]
    agent, pop = AGENTS.get(login), POP.get(login)
    return web.json_response({"agent": agent, "pop": pop if pop and agent and agent["call"] == pop["call"] else None})


@routes.post("/api/v1/agents/{login}/state")
async def set_state(request: web.Request) -> web.Response:
    agent, asked = AGENTS[request.match_info["login"]], await request.json()
    if asked.get("extension"):
        agent["extension"] = asked["extension"]
    agent.update(state=asked["state"], reason=asked.get("reason", ""), since=at(0), until=None)
    await tell()
    return web.json_response(agent)


@routes.post("/api/v1/agents/{login}/wrap-up/end")
async def end_wrap_up(request: web.Request) -> web.Response:
    agent = AGENTS[request.match_info["login"]]
    agent.update(state="ready", since=at(0), until=None)
    await tell()
    return web.json_response(agent)


@routes.get("/api/v1/calls")
async def calls(request: web.Request) -> web.Response:
    q = request.query
    found = sorted(CALLS, key=lambda call: call["started_at"], reverse=True)
    for key in ("agent", "queue", "outcome", "direction"):
        found = [call for call in found if not q.get(key) or call[key] == q[key]]
    if q.get("customer_id"):
        found = [call for call in found if call["customer_id"] == int(q["customer_id"])]
    found = [call for call in found if q.get("caller", "") in call["caller"] and q.get("text", "") in call["note"]]
    found = [call for call in found if call["started_at"] >= q.get("since", "")[:19]]
    return listing(found, request)


def the_call(request: web.Request) -> Json | None:
    return next((call for call in CALLS if call["id"] == request.match_info["id"]), None)


@routes.get("/api/v1/calls/{id}")
async def call(request: web.Request) -> web.Response:
    known = the_call(request)
    if known is None:
        return fail(404, "not_found", "没有这个通话")
    steps = [
        ("call.started", {"caller": known["caller"], "called": known["called"]}),
        ("call.flow", {"flow": "main"}),
        ("call.key", {"keys": "1"}),
        ("call.queued", {"queue": "sales"}),
        ("call.ringing", {"agent": "1002"}),
        ("offer.declined", {"agent": "1002", "reason": "no_answer"}),
        ("call.ringing", {"agent": "1001"}),
        ("call.answered", {"agent": "1001"}),
        ("recording.started", {}),
        ("call.ended", {"outcome": "answered"}),
    ]
    start = datetime.fromisoformat(known["started_at"])
    story = [
        {"at": (start + timedelta(seconds=7 * n)).isoformat(), "kind": kind, "details": details}
        for n, (kind, details) in enumerate(steps)
    ]
    return web.json_response({**known, "story": story})


@routes.put("/api/v1/calls/{id}/note")
async def note(request: web.Request) -> web.Response:
    known = the_call(request)
    if known is None:
        return fail(404, "not_found", "没有这个通话")
    known.update(await request.json())
    return web.Response(status=204)


@routes.post("/api/v1/calls/{id}/hang-up")
async def hang_up(request: web.Request) -> web.Response:
    return await end(request)


@routes.get("/api/v1/recordings/{id}")
async def recording(request: web.Request) -> web.StreamResponse:
    """Twelve seconds: the caller's side a low tone that comes and goes, the agent's a high one in between."""
    octets = io.BytesIO()
    with wave.open(octets, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        frames = bytearray()
        for n in range(12 * 8000):
            first = (n // 8000) % 4 < 2
            left = 9000 * math.sin(n * 440 / 8000 * 2 * math.pi) if first else 0
            right = 0 if first else 9000 * math.sin(n * 880 / 8000 * 2 * math.pi)
            frames += struct.pack("<hh", int(left), int(right))
        file.writeframes(bytes(frames))
    path = Path(tempfile.gettempdir()) / f"office-{request.match_info['id']}.wav"
    path.write_bytes(octets.getvalue())
    return web.FileResponse(path)


@routes.get("/api/v1/customers")
async def customers(request: web.Request) -> web.Response:
    q = request.query.get("q", "")
    return listing([card for card in CUSTOMERS if q in json.dumps(card, ensure_ascii=False)], request)


@routes.post("/api/v1/customers")
async def create_customer(request: web.Request) -> web.Response:
    card = {**await request.json(), "id": len(CUSTOMERS) + 1, "created_at": at(0), "changed_at": at(0)}
    CUSTOMERS.append(card)
    return web.json_response(card, status=201)


@routes.get(r"/api/v1/customers/{id:\d+}")
@routes.put(r"/api/v1/customers/{id:\d+}")
async def customer(request: web.Request) -> web.Response:
    card = next((card for card in CUSTOMERS if card["id"] == int(request.match_info["id"])), None)
    if card is None:
        return fail(404, "not_found", "没有这个客户")
    if request.method == "PUT":
        card.update(await request.json(), changed_at=at(0))
    return web.json_response(card)


@routes.get("/api/v1/voicemail")
async def voicemail(request: web.Request) -> web.Response:
    return listing([message for message in VOICEMAIL if not message["done"]], request)


@routes.get("/api/v1/callbacks")
async def callbacks(request: web.Request) -> web.Response:
    return listing([asked for asked in CALLBACKS if asked["state"] == "waiting"], request)


@routes.put("/api/v1/{list:voicemail|callbacks}/{id}")
async def mark(request: web.Request) -> web.Response:
    known = VOICEMAIL if request.match_info["list"] == "voicemail" else CALLBACKS
    item = next(item for item in known if item["id"] == int(request.match_info["id"]))
    item.update(await request.json())
    return web.json_response(item)


@routes.get("/api/v1/flows")
@routes.post("/api/v1/flows/reload")
async def flows(request: web.Request) -> web.Response:
    items = [
        {"name": "main", "title": "总机", "file": "main.yaml", "nodes": 9},
        {"name": "out", "title": "", "file": "out.yaml", "nodes": 2},
    ]
    return web.json_response({"items": items, "total": 2, "faults": FAULTS})


@routes.get("/api/v1/site")
async def export(request: web.Request) -> web.Response:
    return web.Response(
        text="trunks:\n  - {name: gateway, host: 127.0.0.2, port: 6000}\nqueues:\n  - {name: sales, title: 业务咨询}\n"
    )


@routes.post("/api/v1/site")
async def apply(request: web.Request) -> web.Response:
    if "fault" in await request.text():
        faults = [
            {"file": "site.yaml", "line": 2, "reason": "端口应在 1 到 65535 之间，这里是 70000"},
            {"file": "site.yaml", "line": 4, "reason": "没有用户 1009，技能组 sales 的成员写了它"},
        ]
        return fail(422, "faulty_file", "2 faults", faults=faults)
    return web.json_response({"changes": ["queue sales: title 销售 → 业务咨询", "trunk gateway: new"]})


@routes.get("/api/v1/{kind:trunks|numbers|outbound|users|extensions|queues}")
async def things(request: web.Request) -> web.Response:
    return listing(THINGS[request.match_info["kind"]][1], request)


@routes.post("/api/v1/{kind:trunks|numbers|outbound|users|extensions|queues}")
async def create(request: web.Request) -> web.Response:
    key, known = THINGS[request.match_info["kind"]]
    sent = await request.json()
    if any(thing[key] == sent[key] for thing in known):
        return fail(409, "exists", "已经有了", {key: f"{sent[key]} 已经有了"})
    known.append(
        {"state": "unknown", "why": "", "registered": False, "has_password": bool(sent.pop("password", "")), **sent}
    )
    return web.json_response(known[-1], status=201)


@routes.put("/api/v1/{kind:trunks|numbers|outbound|users|extensions|queues}/{key}")
@routes.delete("/api/v1/{kind:trunks|numbers|outbound|users|extensions|queues}/{key}")
async def change(request: web.Request) -> web.Response:
    key, known = THINGS[request.match_info["kind"]]
    thing = next(thing for thing in known if thing[key] == request.match_info["key"])
    if request.method == "DELETE":
        known.remove(thing)
        return web.Response(status=204)
    thing.update(await request.json())
    return web.json_response(thing)


@routes.get("/api/v1/events")
async def stream(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(heartbeat=20)
    await socket.prepare(request)
    SOCKETS[socket] = 1
    await socket.send_json({"type": "live.snapshot", "at": at(0), "data": {"seq": 1, "topics": topics()}})
    async for _ in socket:
        await socket.send_json(
            {"type": "live.snapshot", "at": at(0), "data": {"seq": SOCKETS[socket], "topics": topics()}}
        )
    SOCKETS.pop(socket, None)
    return socket


@routes.post("/dev/ring")
async def ring(request: web.Request) -> web.Response:
    asked = {
        "agent": "1001",
        "caller": "13800138000",
        "call": "20261124-170000-ffffff",
        **(await request.json() if request.can_read_body else {}),
    }
    agent = AGENTS[asked["agent"]]
    agent.update(state="offered", call=asked["call"], since=at(0))
    LINES[asked["call"]] = line(asked["call"], asked["caller"], "ringing", asked["agent"], 0)
    CALLS[:] = [known for known in CALLS if known["id"] != asked["call"]]
    CALLS.append(
        {
            **CALLS[0],
            "id": asked["call"],
            "caller": asked["caller"],
            "started_at": at(20),
            "ended_at": None,
            "agent": None,
            "outcome": None,
            "note": "",
            "customer_id": None,
            "talk_seconds": None,
            "recording_id": None,
            "wait_seconds": 16.0,
        }
    )
    POP[asked["agent"]] = {
        "call": asked["call"],
        "agent": asked["agent"],
        "caller": asked["caller"],
        "called": "02088886666",
        "queue": "sales",
        "customers": [c["id"] for c in CUSTOMERS if asked["caller"] in c["phones"]],
        "keys": "1",
    }
    await tell(("screen.pop", POP[asked["agent"]]))
    return web.Response(status=204)


@routes.post("/dev/answer")
async def answer(request: web.Request) -> web.Response:
    agent = AGENTS[request.query.get("agent", "1001")]
    agent.update(state="talking", since=at(0))
    LINES[agent["call"]].update(state="talking", since=at(0))
    next(known for known in CALLS if known["id"] == agent["call"]).update(agent=agent["login"], answered_at=at(0))
    await tell()
    return web.Response(status=204)


@routes.post("/dev/end")
async def end(request: web.Request) -> web.Response:
    agent = AGENTS[request.query.get("agent", "1001")]
    call, answered = agent["call"], agent["state"] == "talking"
    LINES.pop(call, None)
    agent.update(
        state="wrap_up" if answered else "break",
        reason="" if answered else "no_answer",
        since=at(0),
        call=None,
        until=at(-10) if answered else None,
    )
    known = next(known for known in CALLS if known["id"] == call)
    known.update(
        ended_at=at(0),
        outcome="answered" if answered else "abandoned",
        talk_seconds=33.0 if answered else None,
        recording_id="r9" if answered else None,
    )
    await tell(("call.ended", {"call": call, "outcome": known["outcome"]}))
    return web.Response(status=204)


@routes.post("/dev/drop")
async def drop(request: web.Request) -> web.Response:
    for socket in list(SOCKETS):
        await socket.close()
    return web.Response(status=204)


@routes.get("/app/{path:.*}")
async def page(request: web.Request) -> web.StreamResponse:
    file = PAGES / request.match_info["path"]
    answer = web.FileResponse(file if file.is_file() else PAGES / "index.html")
    answer.headers["Content-Security-Policy"] = POLICY
    if "as" in request.query:
        answer.set_cookie("as", request.query["as"])
    return answer


def main() -> None:
    fill()
    application = web.Application()
    application.add_routes(routes)
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    web.run_app(application, host="127.0.0.1", port=port, print=None, loop=asyncio.new_event_loop())


if __name__ == "__main__":
    main()
