"""Fetching what a citizen sent over Telegram: getFile, then the file itself.

Source: https://core.telegram.org/bots/api#getfile (bots may download files of up to 20 MB).
"""

from telegram.error import TelegramError

from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_errors import meaning
from broadcasts.delivery.channel import ContentRefused

ASK_SECONDS = 10.0
DOWNLOAD_SECONDS = 60.0


async def download(channel: TelegramChannel, file_id: str, *, most_bytes: int) -> bytes:
    """The bytes of a photo, voice note or file. Raises ContentRefused for what is too large or gone, ChannelError."""
    try:
        found = await channel.bot.get_file(file_id, read_timeout=ASK_SECONDS)
        if (found.file_size or 0) > most_bytes:
            raise ContentRefused(f"the file is larger than {most_bytes} bytes")
        if not found.file_path:
            raise ContentRefused("Telegram has no such file any more")
        data = bytes(await found.download_as_bytearray(read_timeout=DOWNLOAD_SECONDS))
    except TelegramError as fault:
        raise meaning(fault) from fault
    if len(data) > most_bytes:
        raise ContentRefused(f"the file is larger than {most_bytes} bytes")
    return data
