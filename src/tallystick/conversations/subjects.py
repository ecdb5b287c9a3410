"""Subjects: what a thread is called, and what is left of one when everybody's "Re:" is taken off."""

from __future__ import annotations

import re
from typing import Final

_MARKS: Final = (
    "re|fw|fwd|aw|wg|antw|sv|vs|vb|vl|tr|rv|rif|ref|res|enc|odp|pd|ynt|ilt|"
    "răsp|rasp|răspuns|raspuns|redirecționat|回复|答复|转发"
)
_PREFIX = re.compile(rf"^\s*(?:(?:{_MARKS})\s*(?:\[\d+\]|\(\d+\))?\s*[:：]|\[[^\]]{{1,40}}\])\s*", re.IGNORECASE)
MOST = 300


def topic_of(subject: str) -> str:
    """Return the subject without reply and forward marks and list tags, in lower case: for matching.

    Empty when nothing else is left.
    """
    topic = plain_subject(subject)
    return "" if _PREFIX.fullmatch(topic) else topic.casefold()[:MOST]


def reply_subject(subject: str) -> str:
    """Return the subject of an answer: one "Re:", however many there were."""
    return f"Re: {plain_subject(subject)}"[:MOST].strip()


def plain_subject(subject: str) -> str:
    """Return the subject without marks in front, with single spaces."""
    rest = " ".join(subject.split())[:1000]
    while (found := _PREFIX.match(rest)) and found.end() < len(rest):
        rest = rest[found.end() :]
    return rest.strip()[:MOST]
