"""The door of the room: one email out, by whichever way."""

from __future__ import annotations

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
from tallystick.mail.registry import keep_connections, provider

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
    "deliver",
    "keep_connections",
    "rehearse",
]


def deliver(envelope: Envelope, *, transport: Transport) -> Delivery:
    """Hand the message to the server and say who it was taken for.

    Raises MailRefused (no recipient was taken, for good), MailUnavailable (try again), MailMisconfigured (try again
    once the settings are right), BadEnvelope, LookupError for an unknown kind of transport, InsideTransaction.
    """
    tx.outside("mail.deliver")
    return provider(transport.kind).deliver(envelope, transport=transport)


def rehearse(envelope: Envelope, *, transport: Transport) -> tuple[Step, ...]:
    """Send the message for real, step by step, and say how each step went: ok, failed, skipped or not_reached.

    No trouble with the server is an exception. Raises BadEnvelope, LookupError for an unknown kind of transport,
    InsideTransaction.
    """
    tx.outside("mail.rehearse")
    return provider(transport.kind).rehearse(envelope, transport=transport)
