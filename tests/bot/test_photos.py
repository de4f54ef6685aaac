"""Photos come out as small pictures and nothing else."""

import contextlib
import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.photos import MOST_BYTES, MOST_SIDE, PhotoRefused, tidy_photo


def jpeg(width: int = 400, height: int = 300, **saved: object) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(written, "JPEG", **saved)
    return written.getvalue()


def with_exif(orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "Telephone of Somchai"
    exif[0x0112] = orientation
    exif[0x9286] = "written at home"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (18.0, 48.0, 4.0)
    gps[3], gps[4] = "E", (98.0, 57.0, 4.0)
    exif[0x8825] = gps
    return jpeg(exif=exif.tobytes(), comment=b"secret comment")


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is huge."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def test_where_and_by_whom_it_was_taken_is_gone() -> None:
    before = with_exif()
    assert Image.open(io.BytesIO(before)).getexif().get_ifd(0x8825)
    after = tidy_photo(before).data
    opened = Image.open(io.BytesIO(after))
    assert dict(opened.getexif()) == {}
    assert opened.getexif().get_ifd(0x8825) == {}
    for word in (b"Somchai", b"secret", b"home", b"Exif"):
        assert word in before
        assert word not in after
    assert set(opened.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_photo_stands_upright_and_is_small_enough() -> None:
    turned = tidy_photo(with_exif(orientation=6))
    assert (turned.width, turned.height) == (300, 400)
    large = tidy_photo(jpeg(4000, 3000))
    assert (large.width, large.height) == (MOST_SIDE, MOST_SIDE * 3 // 4)
    assert tidy_photo(jpeg(10, 10)).width == 10


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "RGBA"), ("PNG", "P"), ("PNG", "1"), ("PNG", "I;16"), ("WEBP", "RGB")]
)
def test_other_kinds_become_jpeg_on_white(kind: str, mode: str) -> None:
    written = io.BytesIO()
    Image.new(mode, (20, 20)).save(written, kind)
    drawn = Image.open(io.BytesIO(tidy_photo(written.getvalue()).data))
    assert (drawn.format, drawn.mode) == ("JPEG", "RGB")
    if mode == "RGBA":
        assert all(channel > 250 for channel in drawn.getpixel((5, 5)))  # type: ignore[union-attr]


@pytest.mark.parametrize("size", [(40_001, 1_000), (65_000, 65_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_before_it_is_unpacked(size: tuple[int, int]) -> None:
    with pytest.raises(PhotoRefused):
        tidy_photo(png_claiming(*size))


def test_too_many_bytes_are_told_as_too_large() -> None:
    with pytest.raises(PhotoRefused) as refused:
        tidy_photo(b"\xff" * (MOST_BYTES + 1))
    assert refused.value.too_large


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + b"\0" * 100,
        b"<svg onload=alert(1)>",
        b"%PDF-1.7",
        b"\0\0\0\x18ftypheic" + b"\0" * 50,
        jpeg()[:200],
    ],
)
def test_what_is_no_photo_is_refused_kindly(data: bytes) -> None:
    with pytest.raises(PhotoRefused) as refused:
        tidy_photo(data)
    assert not refused.value.too_large


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", jpeg(8, 8)[:60], png_claiming(8, 8)[:40], b"RIFF\x00\x00\x00\x00WEBP"]),
)
def test_any_bytes_are_a_photo_or_refused(data: bytes, before: bytes) -> None:
    with contextlib.suppress(PhotoRefused):
        assert tidy_photo(before + data).data.startswith(b"\xff\xd8")
