"""What a provider tells about texts, read once and for all: nobody above this room knows its format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of a text. `kind` is delayed, delivered, bounced_soft, bounced_hard or rejected; `is_stopped`: the
    person answered STOP to the provider; `code` and `words` are the provider's."""

    provider_id: str
    number: str
    kind: str
    code: str = ""
    words: str = ""
    is_stopped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A text that came in, from a number in E.164. `wish` is what its word asks for: stop, start or nothing."""

    number: str
    text: str
    wish: Literal["stop", "start", ""] = ""


class BadProof(Exception):
    """The signature is wrong or missing."""


class BadNews(ValueError):
    """The body isn't what this provider sends."""


STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
START = frozenset({"START", "YES", "UNSTOP"})


def read_reply(number: str, text: str) -> Reply:
    """Return a text that came in, with what it asks for when it is one word and nothing else."""
    word = text.strip().strip(".!\"'“”„").upper()
    return Reply(number=number, text=text[:2000], wish="stop" if word in STOP else "start" if word in START else "")


def e164(number: object) -> str:
    """Return a number as providers write it, with its plus. Raises BadNews."""
    digits = str(number).strip().removeprefix("+")
    if not (digits.isascii() and digits.isdigit() and 6 <= len(digits) <= 15):
        raise BadNews("that isn't a telephone number")
    return f"+{digits}"
