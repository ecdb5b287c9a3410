"""One message through a service's API, and its answer as one of our errors.

anymail takes each seller's keys as arguments and its requests leave the house through `base.http`: bounded, never sent
twice by themselves. Amazon's own client is told the same.
"""

from __future__ import annotations

from collections.abc import Callable
from email.headerregistry import Address
from typing import Any

from anymail.exceptions import (
    AnymailConfigurationError,
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from botocore.exceptions import BotoCoreError
from django.core.mail import EmailMultiAlternatives, get_connection

from tallystick.base.http import HttpUnavailable
from tallystick.base.requests_bridge import open_session
from tallystick.mail._message import address, build_message
from tallystick.mail.envelope import (
    BadEnvelope,
    Delivery,
    Envelope,
    MailMisconfigured,
    MailRefused,
    MailUnavailable,
    Refusal,
    Transport,
)
from tallystick.mail.providers.esp.answers import REFUSED, read_refusal, words_of
from tallystick.mail.services import SERVICES, TIMEOUT_S, Service

_TAKEN = frozenset({"sent", "queued", "unknown"})


def write_esp(envelope: Envelope, *, transport: Transport) -> bytes:
    """Nothing is written ahead: a service takes the pieces, and writes the message itself."""
    return b""


def deliver_esp(
    envelope: Envelope, *, transport: Transport, written: bytes = b"", meanwhile: Callable[[], None] | None = None
) -> Delivery:
    """Send it; there is no meanwhile in one call. Raises MailRefused, MailUnavailable, MailMisconfigured or BadEnvelope."""
    service = SERVICES[transport.kind]
    message = _message(envelope, service)
    try:
        connection = _connection(service, transport)
        connection.send_messages([message])
    except AnymailRecipientsRefused as error:
        words = words_of(error)
        raise MailRefused(REFUSED, words, _refused(message, words)) from error
    except (AnymailInvalidAddress, AnymailSerializationError, AnymailUnsupportedFeature) as error:
        raise BadEnvelope(" ".join(str(each) for each in error.args)[:300]) from error
    except AnymailError as error:
        raise read_refusal(error, message.recipients()) from error
    except HttpUnavailable as error:
        raise MailUnavailable(f"{service.label}: {error}", may_have_left=error.sent) from error
    except (AnymailConfigurationError, BotoCoreError, KeyError, ValueError) as error:
        raise MailMisconfigured(f"{service.label}: {error}") from error
    return _delivery(message)


def _connection(service: Service, transport: Transport) -> Any:
    connection = get_connection(service.backend, fail_silently=False, **service.settings(transport.options))
    if hasattr(connection, "session"):
        connection.session = open_session(TIMEOUT_S)
    return connection


def _message(envelope: Envelope, service: Service) -> EmailMultiAlternatives:
    """The message as anymail wants it: the sender in its own field, our name for it in the metadata."""
    message = build_message(envelope)
    message.from_email = str(Address(envelope.sender_name, addr_spec=address(envelope.sender_address)))
    for ours in ("From", "Date"):
        message.extra_headers.pop(ours, None)
    message.extra_headers.update(service.headers)
    if not service.takes_inline:
        message.attachments = [each for each in message.attachments if not hasattr(each, "get_payload")]
    if envelope.reference:
        message.metadata = {"message": envelope.reference}  # type: ignore[attr-defined]
    return message


def _delivery(message: Any) -> Delivery:
    """Who it was taken for. Raises MailUnavailable for an answer that gives it no name."""
    status = message.anymail_status
    states = {name.lower(): each for name, each in status.recipients.items()}
    accepted, refused, ids = [], [], []
    for one in message.recipients():
        state = states.get(one.lower())
        if state is None or state.status in _TAKEN:
            accepted.append(one)
            ids.append(str(state.message_id or "") if state else "")
        else:
            refused.append(Refusal(one, REFUSED, str(state.status)))
    provider_id = next(filter(None, ids), "")
    if not provider_id:
        raise MailUnavailable("the answer doesn't say that it was taken")
    return Delivery(tuple(accepted), tuple(refused), provider_id)


def _refused(message: Any, words: str) -> tuple[Refusal, ...]:
    return tuple(Refusal(one, REFUSED, words) for one in message.recipients())
