"""One call to a provider: it ends in time, and with an error that a channel declares."""

import asyncio
from dataclasses import replace

import structlog

from broadcasts.delivery.channel import Channel, ChannelError, OutcomeUnknown, SendRequest, Unreachable
from broadcasts.delivery.faults import kind_and_place
from broadcasts.delivery.pacing import Departing
from storage.leases import SEND_TIMEOUT_SECONDS

log = structlog.get_logger()


async def call(channel: Channel, request: SendRequest, departing: Departing) -> ChannelError | None:
    """Call the provider when it is due; what it refused with, None when it accepted."""
    error = await _sent(channel, replace(request, departure=departing), departing)
    if isinstance(error, OutcomeUnknown) and not departing.has_left:
        # Its outcome is known: it did not come to the call.
        return Unreachable(str(error))
    return error


async def _sent(channel: Channel, request: SendRequest, departing: Departing) -> ChannelError | None:
    try:
        async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
            if not channel.traits.departs_itself:
                await departing.due()
                departing.left()
            await channel.send(request)
    except TimeoutError:
        return OutcomeUnknown(f"no answer within {SEND_TIMEOUT_SECONDS:g} seconds")
    except ChannelError as refused:
        return refused
    except Exception as fault:  # noqa: BLE001 - the edge to a vendor: what it raises must cost nobody a warning
        # Its text may quote what was said, and to whom.
        log.error("a channel failed in a way it does not declare", fault=kind_and_place(fault))  # noqa: TRY400
        return OutcomeUnknown(f"{type(fault).__name__} in the channel")
    return None
