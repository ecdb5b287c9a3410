"""One brand colour in, the whole accent set out, as plain hex.

The same rules as `design/tokens.css`, for places that can't run oklch(): emails, the PDF and browsers without
relative colours. Every pair meets WCAG AA: text 4.5:1, marks 3:1, on white and on the dark page.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

BRIGHT_FROM = 0.665
"""OKLCH lightness at or above which the brand is kept and near-black text stands on it; below it the text is white."""

HOUSE = "#0c5f78"
"""The petrol of our own pages, for when a seller has no colour yet."""

_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Accent:
    """The colours made from one brand colour, each `#rrggbb`."""

    accent: str
    """Fill of the one primary button."""
    on_accent: str
    """Text on `accent`."""
    ink: str
    """Links and icons that act, on the page or on `tint`."""
    tint: str
    """Behind a chosen row or amount."""
    line: str
    """Quiet borders."""
    mark: str
    """Ticks, progress, focus ring: 3:1 on the page, never text."""


@lru_cache(maxsize=1024)
def derive(brand: str, dark: bool = False) -> Accent:
    """The accent set of a brand colour (`#rrggbb`) on a light or a dark page.

    Raises ValueError when `brand` isn't # and six hex digits.
    """
    if not _HEX.fullmatch(brand):
        raise ValueError("a brand colour is # and six hex digits")
    lightness, chroma, hue = _to_oklch(brand)
    bright = lightness >= BRIGHT_FROM
    if bright:
        fill = min(lightness, 0.87)
    elif dark:
        fill = _clamp(0.50, lightness, 0.538)
    else:
        fill = _clamp(0.27, lightness, 0.535)
    on_accent = _to_hex(0.19, min(chroma, 0.03), hue) if bright else "#ffffff"
    if dark:
        return Accent(
            accent=_to_hex(fill, min(chroma, 0.19), hue),
            on_accent=on_accent,
            ink=_to_hex(max(lightness, 0.77), min(chroma, 0.15), hue),
            tint=_to_hex(0.262, min(chroma * 0.4, 0.045), hue),
            line=_to_hex(0.42, min(chroma * 0.6, 0.08), hue),
            mark=_to_hex(max(lightness, 0.68), min(chroma, 0.15), hue),
        )
    return Accent(
        accent=_to_hex(fill, min(chroma, 0.26), hue),
        on_accent=on_accent,
        ink=_to_hex(min(lightness, 0.49), min(chroma, 0.17), hue),
        tint=_to_hex(0.965, min(chroma * 0.18, 0.022), hue),
        line=_to_hex(0.84, min(chroma * 0.45, 0.07), hue),
        mark=_to_hex(min(lightness, 0.60), min(chroma, 0.18), hue),
    )


def derive_or_house(brand: str | None, dark: bool = False) -> Accent:
    """`derive`, with our own petrol when the seller's colour is missing or isn't one."""
    return derive(brand if brand and _HEX.fullmatch(brand) else HOUSE, dark)


def contrast(one: str, other: str) -> float:
    """The WCAG contrast ratio of two `#rrggbb` colours, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _clamp(low: float, value: float, high: float) -> float:
    return max(low, min(value, high))


def _channels(brand: str) -> tuple[float, float, float]:
    red, green, blue = (int(brand[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return _linear(red), _linear(green), _linear(blue)


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _gamma(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else float(1.055 * value ** (1 / 2.4) - 0.055)


def _luminance(brand: str) -> float:
    red, green, blue = _channels(brand)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _to_oklch(brand: str) -> tuple[float, float, float]:
    red, green, blue = _channels(brand)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, math.hypot(a, b), math.atan2(b, a)


def _to_rgb(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    """Linear sRGB; outside 0 to 1 when the colour is out of gamut."""
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _fits(rgb: tuple[float, float, float]) -> bool:
    return all(-1e-4 <= value <= 1 + 1e-4 for value in rgb)


def _to_hex(lightness: float, chroma: float, hue: float) -> str:
    """The nearest sRGB hex: keep lightness and hue, give up chroma until it fits."""
    rgb = _to_rgb(lightness, chroma, hue)
    if not _fits(rgb):
        low, high = 0.0, chroma
        for _ in range(18):
            middle = (low + high) / 2
            if _fits(_to_rgb(lightness, middle, hue)):
                low = middle
            else:
                high = middle
        rgb = _to_rgb(lightness, low, hue)
    return "#" + "".join(f"{round(255 * _gamma(_clamp(0.0, value, 1.0))):02x}" for value in rgb)
