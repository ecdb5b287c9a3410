"""Text from outside as the database and a page take it."""

from __future__ import annotations

import unicodedata

MOST_TEXT = 100_000
MOST_PREVIEW = 160
_KEPT = "\n\t"


def plain(text: str, most: int = MOST_TEXT) -> str:
    """Return the text without control characters and lone surrogates, line ends as `\\n`, cut to `most`."""
    lines = text[: 2 * most].replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c in _KEPT or unicodedata.category(c) not in {"Cc", "Cs"}).strip()[:most]


def one_line(text: str, most: int) -> str:
    """Return the text on one line, cut to `most`."""
    return " ".join(plain(text, most).split())


def preview_of(text: str) -> str:
    """Return the first words, for the list."""
    return one_line(text[: 4 * MOST_PREVIEW], MOST_PREVIEW)
