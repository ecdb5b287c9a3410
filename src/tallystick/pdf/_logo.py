"""A seller's logo, made small and harmless."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO

from PIL import Image

_HEIGHT_PX = 192
_WIDTH_PX = 864
_MOST_PIXELS = 40_000_000


@lru_cache(maxsize=256)
def logo_bytes(logo: bytes) -> bytes | None:
    """The logo as a small PNG, or None when it isn't a picture we can read (PNG, JPEG, GIF, WebP)."""
    try:
        with Image.open(BytesIO(logo), formats=("PNG", "JPEG", "GIF", "WEBP")) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                return None
            small = picture.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    small.thumbnail((_WIDTH_PX, _HEIGHT_PX), Image.Resampling.LANCZOS)
    out = BytesIO()
    small.save(out, format="PNG", optimize=False)
    return out.getvalue()
