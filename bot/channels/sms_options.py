"""What every SMS account has, whichever way it reaches the network."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.channels.sms_render import rendering
from broadcasts.delivery.channel import ChannelTraits, ContentRefused, Rendering, singles_a_batch
from storage.replies import Bubble

ENDPOINT = "send"


@dataclass(frozen=True, kw_only=True)
class SmsOptions:
    """How an SMS account sends. `reply_number` is empty where citizens cannot answer the sender.

    `window`: messages that may wait for an answer at once; 0 for what is usual where they go.
    """

    sender: str
    reply_number: str = ""
    public_url: str = ""
    messages_per_second: float = 10.0
    window: int = 0
    satang_a_segment: int = 0

    @property
    def traits(self) -> ChannelTraits:
        return ChannelTraits(
            recipients_per_request=1,
            recipients_per_batch=singles_a_batch(self.messages_per_second),
            honours_retry_key=False,
            bulk_endpoint=ENDPOINT,
            reply_endpoint=ENDPOINT,
            requests_per_second={ENDPOINT: self.messages_per_second},
        )

    def render(self, bubbles: Sequence[Bubble]) -> Rendering:
        return rendering(bubbles, can_reply=bool(self.reply_number), satang_a_segment=self.satang_a_segment)

    def parts(self, bubbles: Sequence[Bubble]) -> tuple[str, ...]:
        """What is handed to the network. Raises ContentRefused for what no phone could show."""
        return _parts_of(self, tuple(bubbles))


@lru_cache(maxsize=64)
def _parts_of(options: SmsOptions, bubbles: tuple[Bubble, ...]) -> tuple[str, ...]:
    """The many messages of one broadcast say the same, so it is cut and checked once."""
    try:
        cut = options.render(bubbles).parts
    except ValueError as error:
        raise ContentRefused(str(error)) from error
    if not cut:
        raise ContentRefused("nothing is left to say in an SMS")
    return cut
