"""The parts of one SMS on their way: in order, and honest about half a message."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from broadcasts.delivery.channel import ChannelError, NotNow, OutcomeUnknown
from storage.leases import SEND_TIMEOUT_SECONDS

TOTAL_SECONDS = SEND_TIMEOUT_SECONDS - 1.0
BETWEEN_PARTS_SECONDS = 0.1
ASK_AGAIN_SECONDS = 0.5


async def send_in_order(sends: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Send the parts one after the other; each waits for a departure of its own.

    Until the first one is accepted an error means what it says. From then on the citizen may hold a piece: a network
    that asks to wait is asked again while time remains, and so is who gets no departure; what fails otherwise is
    unknown.
    """
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            await sends[0]()
            for number, send in enumerate(sends[1:], start=2):
                await _follow(send, number, len(sends))
    except TimeoutError as error:
        raise OutcomeUnknown(f"the network did not answer within {TOTAL_SECONDS:.0f} seconds") from error


async def _follow(send: Callable[[], Awaitable[None]], number: int, of: int) -> None:
    await asyncio.sleep(min(BETWEEN_PARTS_SECONDS, TOTAL_SECONDS / 2 / of))
    while True:
        try:
            await send()
        except NotNow:
            await asyncio.sleep(ASK_AGAIN_SECONDS)
            continue
        except ChannelError as error:
            raise OutcomeUnknown(
                f"the parts before part {number} of {of} were accepted; then: {error}"
            ) from error
        return
