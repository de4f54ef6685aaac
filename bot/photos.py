"""Photos of citizens made harmless: drawn anew as JPEG, small enough, without anything that is not the picture.

A phone writes into a photo where and when it was taken and by whom; none of that is in a picture that is drawn anew.
"""

import io
import struct
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

MOST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 40_000_000
MOST_SIDE = 1600
QUALITY = 85
FORMATS = ("JPEG", "PNG", "WEBP")
"""What can be read. HEIC is not: Pillow has no reader for it, and LINE and Telegram send photos as JPEG."""

MEDIA_TYPE = "image/jpeg"

_WHITE = (255, 255, 255)
_FAULTS = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    OSError,
    ValueError,
    TypeError,
    SyntaxError,
    EOFError,
    LookupError,
    OverflowError,
    MemoryError,
    struct.error,
)
"""What Pillow raises over files that are broken, cut off or made to harm."""


class PhotoRefused(Exception):
    """A file is not taken as a photo; `too_large` tells which of the two things a citizen can do about it."""

    def __init__(self, message: str, *, too_large: bool = False) -> None:
        super().__init__(message)
        self.too_large = too_large


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A JPEG and its size in pixels."""

    data: bytes
    width: int
    height: int


def is_picture(data: bytes) -> bool:
    """Whether these bytes are of a kind that `tidy_photo` reads, whatever their sender calls them."""
    return data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n")) or (data[:4], data[8:12]) == (b"RIFF", b"WEBP")


def tidy_photo(data: bytes) -> Photo:
    """The picture drawn anew, upright, at most `MOST_SIDE` pixels a side. Raises PhotoRefused."""
    if len(data) > MOST_BYTES:
        raise PhotoRefused(f"{len(data):,} bytes: at most {MOST_BYTES:,}", too_large=True)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            # The size stands at the beginning of the file: a bomb is refused before it is unpacked.
            if opened.width * opened.height > MOST_PIXELS:
                raise PhotoRefused(f"{opened.width} x {opened.height} pixels are too many", too_large=True)
            opened.draft("RGB", (MOST_SIDE, MOST_SIDE))
            return _drawn(opened)
    except _FAULTS as fault:
        raise PhotoRefused(f"no photo that can be read ({type(fault).__name__})") from fault


def _drawn(opened: Image.Image) -> Photo:
    upright = ImageOps.exif_transpose(opened)
    upright.thumbnail((MOST_SIDE, MOST_SIDE))
    layered = upright.convert("RGBA") if upright.mode in ("P", "LA", "PA", "RGBA") else None
    # A new picture has no comment, no profile and no metadata that could be written along with it.
    clean = Image.new("RGB", upright.size, _WHITE)
    clean.paste(layered or upright.convert("RGB"), mask=layered)
    written = io.BytesIO()
    clean.save(written, "JPEG", quality=QUALITY, optimize=True)
    return Photo(data=written.getvalue(), width=clean.width, height=clean.height)
