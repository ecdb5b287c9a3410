"""What an email that came in says, read once and for all: nobody above this room looks at MIME."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingFile:
    """A file that came with an email. `filename` is a bare name, safe to show and to save under."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientReport:
    """What a mail server says about one recipient (RFC 3464).

    `outcome` is delayed, delivered, bounced_soft, bounced_hard, or rejected when the server disliked the mail rather than
    the address; `code` the truest status found ("5.1.1"), which may differ from the Status field; `words` the server's
    own. `recipient` is in lower case, and empty when the report doesn't say.
    """

    recipient: str
    outcome: str
    code: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMail:
    """One email that came in. `delivered_to` are the envelope and header addresses it was meant for, in lower case.

    `references` holds the Message-IDs it answers, nearest first. `text` is the new part, without the quoted one;
    `whole_text` has both; `html` is as sent, not cleaned. `is_automatic` marks auto-replies, lists and loops
    (RFC 3834); `reports` is filled for delivery reports only; `reported_id` is the Message-ID they return, and
    `reported_ref` our own mark in the returned headers, which proves nothing until its signature is checked.
    """

    message_id: str
    references: tuple[str, ...]
    from_name: str
    from_address: str
    delivered_to: tuple[str, ...]
    subject: str
    sent_at: datetime | None
    text: str
    whole_text: str
    html: str
    files: tuple[IncomingFile, ...] = ()
    is_automatic: bool = False
    reports: tuple[RecipientReport, ...] = ()
    reported_id: str = ""
    reported_ref: str = ""
