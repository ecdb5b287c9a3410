"""Text as people paste it, without what no database or document can hold."""

from __future__ import annotations

import unicodedata

_KEPT = "\n\t"


def tidy_text(text: str | None) -> str:
    """Return the text without control characters (NUL among them), line ends as `\\n`, and no space around it."""
    lines = (text or "").replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c in _KEPT or unicodedata.category(c) not in {"Cc", "Cs"}).strip()
