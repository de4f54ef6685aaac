"""The later parts of one message: once the first is accepted, a piece of it may be on a phone whatever comes then."""

from collections.abc import Awaitable, Callable

from broadcasts.delivery.channel import ChannelError, NotNow, OutcomeUnknown


async def follow(
    send: Callable[[], Awaitable[None]],
    number: int,
    of: int,
    wait: Callable[[float], Awaitable[bool]],
) -> None:
    """Send part `number` behind those that were accepted.

    Who is asked to wait, or gets no departure, tries again after `wait`, which is given the seconds and says whether
    there is time; what fails otherwise is unknown. Raises OutcomeUnknown.
    """
    while True:
        try:
            await send()
        except ChannelError as error:
            if isinstance(error, NotNow) and await wait(error.retry_after_seconds):
                continue
            raise OutcomeUnknown(
                f"the parts before part {number} of {of} were accepted; then: {error}"
            ) from error
        return
