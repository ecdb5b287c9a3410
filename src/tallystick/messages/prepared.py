"""What a kind of message gives the sender: itself as it goes out, or why it doesn't."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tallystick.mail.port import Attachment
from tallystick.messages.message_templates import Words
from tallystick.messages.models import Message
from tallystick.texting.short_links import Target


@dataclass(frozen=True, slots=True)
class Prepared:
    """The message as it goes out. `words` replace the subject and body it was queued with, where those hold amounts that
    may have changed since. Not `is_automatic`: a person wrote it, and the mail says nothing else."""

    html: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    words: Words | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_automatic: bool = True
    link: Target | None = None
    """What the short link in the text message leads to."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Why it isn't true any more, as a stable word; `Why?` shows it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """Why nobody can say yet whether it is true, as a stable word. It is looked at again in an hour, for three days;
    after that it is skipped for this reason."""

    reason: str


Composer = Callable[[Message], Prepared | Skip | Later]
"""Composes one message from what is true now. Called outside any transaction; may open read-only ones."""
Gather = Callable[[Sequence[Message]], Composer]
"""Reads what messages of a kind are made of, all of one seller's at once, and returns what composes each of them within a
second. Called inside `tenant.tx`; a message that can't be composed is trouble for its own composing only."""


def alone(compose: Composer) -> Gather:
    """Return the gathering of a kind that seldom goes in numbers: each is composed by reads of its own, at its turn."""
    return lambda messages: compose
