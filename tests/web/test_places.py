"""Where numbers are from."""

from __future__ import annotations

from typing import Any

import pytest

from callcenterd.worker.places import Place, places
from tests.web.house import House


@pytest.mark.parametrize(
    ("number", "place"),
    [
        ("020 6296 0000", Place("广东省广州市", "")),
        ("+861062960000", Place("北京市", "")),
        ("62960000", Place("广东省广州市", "")),
        ("+1 202 555 0123", Place("美国", "")),
        ("4008888888", Place()),
        ("1001", Place()),
        ("95588", Place()),
        ("anonymous", Place()),
        ("", Place()),
    ],
)
def test_a_place_is_told_where_one_is_known(number: str, place: Place) -> None:
    assert places([number], "CN+020", "zh") == [place]


def test_a_mobile_number_has_a_carrier_and_both_languages() -> None:
    assert [places(["13800138000"], "CN", language)[0].carrier for language in ("zh", "en")] == [
        "中国移动",
        "China Mobile",
    ]


async def test_pages_ask_for_many_at_once(office: House) -> None:
    async def ask(numbers: Any, login: str = "1001") -> tuple[int, Any]:
        answer = await office.client.post(
            "/api/v1/number_places", json={"numbers": numbers}, headers=await office.as_(login)
        )
        return answer.status, await answer.json()

    status, told = await ask(["02062960000", "1001", "02062960000"])
    assert status == 200
    assert [one["area"] for one in told["items"]] == ["广东省广州市", "", "广东省广州市"]
    for wrong in ([], ["x" * 65], ["1"] * 201, [1], "1"):
        assert (await ask(wrong))[0] == 422
