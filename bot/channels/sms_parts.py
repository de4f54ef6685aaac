"""The parts of one SMS on their way: in order, and honest about half a message."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bot.channels.parts import follow
from broadcasts.delivery.channel import OutcomeUnknown
from storage.leases import SEND_TIMEOUT_SECONDS

TOTAL_SECONDS = SEND_TIMEOUT_SECONDS - 1.0
BETWEEN_PARTS_SECONDS = 0.1
ASK_AGAIN_SECONDS = 0.5


async def send_in_order(sends: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Send the parts one after the other; each waits for a departure of its own.

    Until the first one is accepted an error means what it says; from then on the citizen may hold a piece. One part
    alone ends when the call of delivery does.
    """
    if len(sends) == 1:
        await sends[0]()
        return
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            await sends[0]()
            for number, send in enumerate(sends[1:], start=2):
                await asyncio.sleep(min(BETWEEN_PARTS_SECONDS, TOTAL_SECONDS / 2 / len(sends)))
                await follow(send, number, len(sends), _ask_again)
    except TimeoutError as error:
        raise OutcomeUnknown(f"the network did not answer within {TOTAL_SECONDS:.0f} seconds") from error


async def _ask_again(_: float) -> bool:
    await asyncio.sleep(ASK_AGAIN_SECONDS)
    return True
