"""Text made fit for paper: bounded, printable, breakable. What it says never changes the page's source."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from tallystick.pdf._fonts import coverage

LONGEST = 2000
"""Characters a field may have; the rest is cut and shows as an ellipsis."""

_BREAK_AFTER = 10
_WORD = re.compile(r"\S{22,}")
_MISSING = "\u25a1"
_KEPT_UNSEEN = frozenset("\u200b\u200c\u200d\u200e\u200f\u00ad\u2060\n")
_DROPPED = re.compile("[\ufe00-\ufe0f\u202a-\u202e\u2066-\u2069\ufeff]")
_RAW = frozenset({"code", "url", "logo", "lang", "kind", "layout", "colors", "tick", "title_plain"})
_WHOLE = frozenset({"url_text", "page_words"})


def tidy(value: Any) -> Any:
    """The same structure with every text cut to LONGEST, line ends made one kind and control characters removed."""
    if isinstance(value, str):
        return _tidy_text(value)
    if isinstance(value, dict):
        return {key: tidy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [tidy(item) for item in value]
    return value


def fit(value: Any, *, rtl: bool = False) -> Any:
    """The same structure with only characters our fonts can draw and no word too long to break.

    A document that is to last (PDF/A) may hold no missing glyph, so a character no font has becomes a white square.
    A text that runs against the page (`rtl` or not) is set apart, so that its numbers and full stops stay in place.
    """
    if isinstance(value, str):
        return _isolated(_breakable(_drawable(value)), rtl)
    if isinstance(value, dict):
        return {key: _fit_item(key, item, rtl) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fit(item, rtl=rtl) for item in value]
    return value


def _fit_item(key: str, item: Any, rtl: bool) -> Any:
    if key in _RAW:
        return item
    if key in _WHOLE:
        return _drawable(item) if isinstance(item, str) else [_drawable(part) for part in item]
    if key == "amount":
        return [[kind, _drawable(text)] for kind, text in item]
    return fit(item, rtl=rtl)


def _isolated(text: str, rtl: bool) -> str:
    if not rtl and text.isascii():
        return text
    strong = next((kind for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL")), "")
    if not strong or (strong == "L") is not rtl:
        return text
    return ("\u2066" if rtl else "\u2067") + text + "\u2069"


def _tidy_text(text: str) -> str:
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    text = "".join(
        mark
        for mark in _DROPPED.sub("", text)
        if mark in _KEPT_UNSEEN or unicodedata.category(mark) not in ("Cc", "Cs")
    )
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"


def _drawable(text: str) -> str:
    if text.isascii() or max(map(ord, text)) < 0x250:
        return text
    known = coverage()
    return "".join(
        mark
        if mark in _KEPT_UNSEEN or (ord(mark) in known and unicodedata.category(mark) != "Co")
        else ""
        if unicodedata.category(mark) in ("Mn", "Me", "Cf")
        else " "
        if mark.isspace()
        else _MISSING
        for mark in text
    )


def _breakable(text: str) -> str:
    if len(text) < 22:
        return text
    return _WORD.sub(lambda word: _with_breaks(word.group()), text)


def _with_breaks(word: str) -> str:
    if any(unicodedata.bidirectional(mark) in ("AL", "R") for mark in word):
        return word if len(word) < 60 else " ".join(_pieces(word, 40))
    return "\u200b".join(_pieces(word, _BREAK_AFTER))


def _pieces(word: str, size: int) -> list[str]:
    """The word in pieces of about `size` characters, never between a letter and its marks."""
    pieces: list[str] = []
    current = ""
    for mark in word:
        if len(current) >= size and not unicodedata.combining(mark) and mark not in _KEPT_UNSEEN:
            pieces.append(current)
            current = ""
        current += mark
    return [*pieces, current]
