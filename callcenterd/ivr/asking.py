"""While a business system is asked: the caller hears something, and 0 leads to a person."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from callcenterd.ivr.node import OPERATOR_KEY, FlowCall, Node, OperatorWanted, Walk
from callcenterd.ivr.saying import Saying, prompts
from callcenterd.model.prompts import Prompt

LOOK_SECONDS = 0.5
"""How often it is looked whether the caller would rather speak with a person."""
FILLER_AFTER = 1.5

Answer = TypeVar("Answer")


async def answered(
    node: Node, call: FlowCall, walk: Walk, question: Coroutine[Any, Any, Answer], filler: Saying | None
) -> Answer:
    """What the question comes to. filler: what a caller hears once who waits. Raises OperatorWanted, and what the
    question raises; a question that nobody waits for any more is cancelled."""
    asking = asyncio.ensure_future(question)
    try:
        await asyncio.wait({asking}, timeout=FILLER_AFTER)
        heard = prompts(filler, walk) if filler is not None and not asking.done() else []
        while not asking.done():
            if node.operator and walk.has_operator and call.typed_ahead() == OPERATOR_KEY:
                await call.ask((), seconds=1)  # the 0 is used up
                raise OperatorWanted
            if heard:
                await _fill(call, heard, asking)
                heard = []
            await asyncio.wait({asking}, timeout=LOOK_SECONDS)
        return await asking
    finally:
        asking.cancel()


async def _fill(call: FlowCall, filler: Sequence[Prompt], asking: asyncio.Future[Any]) -> None:
    """Until it is heard, a key comes, or the answer is there."""
    playing = asyncio.ensure_future(call.play(filler, stop_on_key=True))
    try:
        both: set[asyncio.Future[Any]] = {asking, playing}
        await asyncio.wait(both, return_when="FIRST_COMPLETED")
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
