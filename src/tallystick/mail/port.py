"""The door of the room: one email out, by whichever way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from django.http import HttpRequest

from tallystick.base import tx
from tallystick.mail.envelope import (
    Attachment,
    BadEnvelope,
    Delivery,
    DkimKey,
    Envelope,
    MailMisconfigured,
    MailRefused,
    MailUnavailable,
    Refusal,
    Step,
    Transport,
)
from tallystick.mail.fetch import fetch
from tallystick.mail.news import Heard
from tallystick.mail.registry import hear_esp, keep_connections, provider

__all__ = [
    "Attachment",
    "BadEnvelope",
    "Delivery",
    "DkimKey",
    "Envelope",
    "MailMisconfigured",
    "MailRefused",
    "MailUnavailable",
    "Refusal",
    "Step",
    "Transport",
    "confirm_hook",
    "deliver",
    "hear",
    "keep_connections",
    "rehearse",
    "write",
]


def write(envelope: Envelope, *, transport: Transport) -> bytes:
    """Return the message as it will leave, for `deliver` to take at its turn; empty where a service writes it itself.

    Makes no call. Raises BadEnvelope, MailMisconfigured, LookupError for an unknown kind of transport.
    """
    return provider(transport.kind).write(envelope, transport=transport)


def deliver(
    envelope: Envelope, *, transport: Transport, written: bytes = b"", meanwhile: Callable[[], None] | None = None
) -> Delivery:
    """Hand the message to the server and say who it was taken for.

    `written` is what `write` made of it, where that was done ahead. `meanwhile` is called at most once, while a mail
    server thinks about the content, and must neither raise nor take long: the answer waits for it.
    Raises MailRefused (no recipient was taken, for good), MailUnavailable (try again), MailMisconfigured (try again
    once the settings are right), BadEnvelope, LookupError for an unknown kind of transport, InsideTransaction.
    """
    tx.outside("mail.deliver")
    way = provider(transport.kind)
    return way.deliver(envelope, transport=transport, written=written, meanwhile=meanwhile)


def rehearse(envelope: Envelope, *, transport: Transport) -> tuple[Step, ...]:
    """Send the message for real, step by step, and say how each step went: ok, failed, skipped or not_reached.

    No trouble with the server is an exception. Raises BadEnvelope, LookupError for an unknown kind of transport,
    InsideTransaction.
    """
    tx.outside("mail.rehearse")
    return provider(transport.kind).rehearse(envelope, transport=transport)


def hear(request: HttpRequest, *, kind: str, options: Mapping[str, str], password: str, at: datetime) -> Heard:
    """Check that a webhook call is the service's and return what it says about messages. Outside any transaction.

    `options` are the seller's with that service, `password` the `user:password` we gave out, `at` the time on the wall.
    Raises the errors of `mail.news`.
    """
    return hear_esp(request, kind=kind, options=options, password=password, at=at)


def confirm_hook(url: str) -> None:
    """Open the address by which a service makes sure that we want its news. Raises MailUnavailable, InsideTransaction."""
    fetch(url)
