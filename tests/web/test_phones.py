"""Phones that are registered now."""

from __future__ import annotations

from tests.web.house import House


async def test_registered_phones_are_listed_with_where_and_how_far_away_they_are(office: House) -> None:
    said = await office.client.get("/api/v1/phones", headers=await office.as_("root"))
    assert said.status == 200
    listed = await said.json()
    assert listed["total"] == 1
    assert listed["items"] == [
        {
            "extension": "1001",
            "contact": "sip:1001@127.0.0.4:5060",
            "device": "Deskphone 9",
            "source": "127.0.0.4:5060",
            "transport": "UDP",
            "latency_ms": 12.5,
            "silent": False,
            "since": "2026-08-03T01:00:00Z",
            "expires_at": "2026-08-03T02:00:00Z",
        }
    ]


async def test_only_administrators_see_them(office: House) -> None:
    for login in ("1001", "boss"):
        assert (await office.client.get("/api/v1/phones", headers=await office.as_(login))).status == 403
    assert (await office.client.get("/api/v1/phones")).status == 401
