"""The door of the room: one email out."""

from __future__ import annotations

from tallystick.base import tx
from tallystick.mail._message import build_message
from tallystick.mail.envelope import (
    Attachment,
    BadEnvelope,
    Delivery,
    Envelope,
    MailMisconfigured,
    MailRefused,
    MailUnavailable,
    Refusal,
    Transport,
)
from tallystick.mail.registry import provider

__all__ = [
    "Attachment",
    "BadEnvelope",
    "Delivery",
    "Envelope",
    "MailMisconfigured",
    "MailRefused",
    "MailUnavailable",
    "Refusal",
    "Transport",
    "deliver",
]


def deliver(envelope: Envelope, *, transport: Transport) -> Delivery:
    """Hand the message to the server and say who it was taken for.

    Raises MailRefused (no recipient was taken, for good), MailUnavailable (try again), MailMisconfigured (try again
    once the settings are right), BadEnvelope, LookupError for an unknown kind of transport, InsideTransaction.
    """
    tx.outside("mail.deliver")
    send = provider(transport.kind)
    message = build_message(envelope)
    return send(message, transport=transport)
