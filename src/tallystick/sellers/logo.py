"""A logo as it is kept: a small PNG made anew from whatever picture came in, so that nothing hidden in a file survives."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

from PIL import Image, ImageOps

from tallystick.sellers.errors import InvalidLogo

MOST_BYTES = 5 * 1024 * 1024
MOST_PIXELS = 40_000_000
SIZE = (600, 200)
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


def clean_logo(upload: bytes) -> bytes:
    """Return the picture as a PNG of at most 600 x 200. Raises InvalidLogo.

    The size in the header is judged before a pixel is unpacked, so a small file can't become a huge picture.
    """
    if len(upload) > MOST_BYTES:
        raise InvalidLogo("too_big")
    if _looks_like_svg(upload):
        raise InvalidLogo("svg")
    try:
        picture = Image.open(BytesIO(upload), formats=FORMATS)
        if picture.width * picture.height > MOST_PIXELS:
            raise InvalidLogo("too_many_pixels")
        picture.draft("RGB", (SIZE[0] * 2, SIZE[1] * 2))
        upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except Image.DecompressionBombError:
        raise InvalidLogo("too_many_pixels") from None
    except _BROKEN:
        raise InvalidLogo("not_an_image") from None
    upright.thumbnail(SIZE, Image.Resampling.LANCZOS)
    kept = Image.new("RGBA", upright.size)
    kept.paste(upright)
    out = BytesIO()
    kept.save(out, "PNG", optimize=True)
    return out.getvalue()


def _looks_like_svg(upload: bytes) -> bool:
    start = upload[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return (
        start.startswith((b"<svg", b"<?xml", b"<!doctype svg", b"<!--"))
        or b"<svg" in start
        or upload[:2] == b"\x1f\x8b"
    )
