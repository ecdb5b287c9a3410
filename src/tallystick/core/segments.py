"""How many text messages a text is: GSM 03.38 where every letter is in its alphabet, UCS-2 where one isn't."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The letters of one place each."""
EXTENDED: Final = "\f^{}\\[~]|€"
"""The letters that take two places, which stay together."""
GSM_ALONE, GSM_PART, UCS_ALONE, UCS_PART = 160, 153, 70, 67
"""Places in a message that is alone, and in one that is a part of several, which says so in a header."""


@dataclass(frozen=True, slots=True)
class Size:
    """A text as the networks count it: `encoding` is GSM-7 or UCS-2, `units` its places, `left` those free in the last
    of its `segments`."""

    encoding: str
    units: int
    segments: int
    left: int


def size_of(text: str) -> Size:
    """Return how a text is counted. An empty one is no message."""
    if all(letter in BASIC or letter in EXTENDED for letter in text):
        return _size("GSM-7", [2 if letter in EXTENDED else 1 for letter in text], GSM_ALONE, GSM_PART)
    return _size("UCS-2", [2 if ord(letter) > 0xFFFF else 1 for letter in text], UCS_ALONE, UCS_PART)


def _size(encoding: str, widths: list[int], alone: int, part: int) -> Size:
    units = sum(widths)
    if units <= alone:
        return Size(encoding, units, 1 if units else 0, alone - units)
    segments, used = 1, 0
    for width in widths:
        if used + width > part:
            segments, used = segments + 1, 0
        used += width
    return Size(encoding, units, segments, part - used)
