"""The words of an HTML mail, for reading and searching. Nothing here is meant to be shown as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Final

from tallystick.base.inputs import CONTROL

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})[^<>]*>|<[!?][^<>]*>")
_BREAKS: Final = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "table"})
_UNSEEN: Final = frozenset({"script", "style", "head", "title", "template"})


def words_of(html: str) -> str:
    """Return what a reader would see, in lines. Takes one pass, whatever the nesting."""
    text = CONTROL.sub("", unescape("".join(_pieces("".join(_without_comments(html))))))
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _without_comments(html: str) -> Iterator[str]:
    at = 0
    while (begin := html.find("<!--", at)) >= 0:
        yield html[at:begin]
        end = html.find("-->", begin)
        if end < 0:
            return
        at = end + 3
    yield html[at:]


def _pieces(html: str) -> Iterator[str]:
    at, unseen = 0, ""
    for tag in _TAG.finditer(html):
        if not unseen:
            yield html[at : tag.start()].replace("\n", " ")
        at, name = tag.end(), (tag[2] or "").lower()
        if unseen:
            unseen = "" if tag[1] and name == unseen else unseen
        elif name in _UNSEEN and not tag[1]:
            unseen = name
        elif name in _BREAKS:
            yield "\n"
    if not unseen:
        yield html[at:].replace("\n", " ")
