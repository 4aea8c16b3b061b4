"""Do-not-disturb and forwarding over the API: of one's own phone, and of others by right."""

from __future__ import annotations

import pytest

from tests.web.house import House

PATH = "/api/v1/extensions/{}/forwarding"


async def test_ones_own_phone_and_that_of_others_by_right(office: House) -> None:
    for login, number, status in (
        ("1001", "1001", 200),
        ("1001", "1002", 403),
        ("boss", "1002", 200),
        ("boss", "4711", 404),
        ("chief", "1002", 403),
    ):
        headers = await office.as_(login)
        answer = await office.client.put(PATH.format(number), json={"do_not_disturb": True}, headers=headers)
        assert answer.status == status, (login, number)
        assert (await office.client.get(PATH.format(number), headers=headers)).status == status
    said = await (await office.client.get(PATH.format("1001"), headers=await office.as_("1001"))).json()
    assert said == {
        "extension": "1001",
        "do_not_disturb": True,
        "always": "",
        "busy": "",
        "no_answer": "",
        "ring": 20.0,
    }
    await office.board.forwarding.restore()
    answer = await office.client.put(PATH.format("1001"), json={"busy": "1002"}, headers=await office.as_("1001"))
    assert (await answer.json())["do_not_disturb"] is False, "what is left out is off"


@pytest.mark.parametrize(
    "asked", [{"always": "sip:x@evil"}, {"ring": 1}, {"busy": "1" * 33}, {"do_not_disturb": "yes"}, {"never": "1002"}]
)
async def test_what_cannot_be_taken_is_refused_at_its_field(office: House, asked: dict[str, object]) -> None:
    answer = await office.client.put(PATH.format("1001"), json=asked, headers=await office.as_("1001"))
    assert answer.status == 422
    assert list((await answer.json())["error"]["fields"]) == list(asked)


async def test_a_number_that_leads_nowhere_is_said_in_the_readers_language(office: House) -> None:
    answer = await office.client.put(PATH.format("1001"), json={"always": "77"}, headers=await office.as_("1001"))
    assert (answer.status, (await answer.json())["error"]["fields"]) == (422, {"always": "拨不通"})
