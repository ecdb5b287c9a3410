"""What a service tells about a message it took, read once and for all: nobody above this room knows its format."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What became of a message for one recipient.

    `kind` is delayed, delivered, opened, bounced_soft, bounced_hard, complained or rejected. `reference` is our own
    name for the message when the service repeats it, `provider_id` the service's; `code` a status like 5.1.1 when the
    words hold one; `at` is empty when it doesn't say.
    """

    kind: str
    reference: str
    provider_id: str
    recipient: str
    code: str
    words: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Heard:
    """What one call brought. `confirm_url` is the service's own, to be opened once before it tells anything."""

    news: tuple[News, ...]
    confirm_url: str = ""


class NoProof(Exception):
    """The call carries no password at all: ask for it."""


class BadProof(Exception):
    """The password or the signature is wrong."""


class BadNews(ValueError):
    """The body isn't what this service sends."""
