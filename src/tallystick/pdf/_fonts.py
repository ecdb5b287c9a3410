"""The fonts of a document and what they can write. They come from PyPI packages; none is part of this repository."""

from __future__ import annotations

import importlib.util
import struct
from functools import lru_cache
from pathlib import Path

FAMILIES = ("Inter", "Noto Sans", "Noto Sans Arabic", "Noto Sans CJK TC")
"""In the order they are asked for a character."""

_PACKAGES = (
    ("fontpkg_inter", "files/Inter[opsz,wght].ttf"),
    ("fontpkg_noto_sans", "files/NotoSans[wdth,wght].ttf"),
    ("fontpkg_noto_sans_arabic", "files/NotoSansArabic[wdth,wght].ttf"),
    ("cvttf_NotoSansCJK_Regular", "NotoSansCJKtc-Regular.otf"),
)


class FontMissing(RuntimeError):
    """A font package isn't installed."""


@lru_cache(maxsize=1)
def font_files() -> tuple[Path, ...]:
    """The font files, in the order of FAMILIES. Raises FontMissing."""
    found = []
    for package, inside in _PACKAGES:
        spec = importlib.util.find_spec(package)
        places = list(spec.submodule_search_locations or []) if spec else []
        path = next((Path(place) / inside for place in places if (Path(place) / inside).is_file()), None)
        if path is None:
            raise FontMissing(f"the font package {package} isn't installed")
        found.append(path)
    return tuple(found)


@lru_cache(maxsize=1)
def coverage() -> frozenset[int]:
    """Every code point that one of the fonts can draw. Takes about 50 ms, once per process."""
    return frozenset().union(*(_cmap(path.read_bytes()) for path in font_files()))


def _cmap(font: bytes) -> set[int]:
    """The code points in an OpenType font's character map (formats 4 and 12)."""
    (tables,) = struct.unpack_from(">H", font, 4)
    start = next(
        struct.unpack_from(">L", font, 12 + 16 * at + 8)[0]
        for at in range(tables)
        if font[12 + 16 * at : 16 + 16 * at] == b"cmap"
    )
    points: set[int] = set()
    (count,) = struct.unpack_from(">H", font, start + 2)
    for at in range(count):
        sub = start + struct.unpack_from(">L", font, start + 4 + 8 * at + 4)[0]
        (form,) = struct.unpack_from(">H", font, sub)
        if form == 12:
            (groups,) = struct.unpack_from(">L", font, sub + 12)
            for group in range(groups):
                first, last, glyph = struct.unpack_from(">LLL", font, sub + 16 + 12 * group)
                points.update(range(first + (glyph == 0), last + 1))
        elif form == 4:
            points |= _segments(font, sub)
    return points


def _segments(font: bytes, sub: int) -> set[int]:
    (twice,) = struct.unpack_from(">H", font, sub + 6)
    count = twice // 2
    ends = struct.unpack_from(f">{count}H", font, sub + 14)
    starts = struct.unpack_from(f">{count}H", font, sub + 16 + twice)
    spans = (range(first, last + 1) for first, last in zip(starts, ends, strict=True) if first != 0xFFFF)
    return {point for span in spans for point in span}
