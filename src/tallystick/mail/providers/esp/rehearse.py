"""A test through a service's API: was it reached, does it know the key, did it take the message. Raises nothing."""

from __future__ import annotations

from tallystick.mail.envelope import Envelope, MailMisconfigured, MailRefused, MailUnavailable, Step, Transport
from tallystick.mail.providers.esp.deliver import deliver_esp
from tallystick.mail.services import SERVICES


def rehearse_esp(envelope: Envelope, *, transport: Transport) -> tuple[Step, ...]:
    """Send the message for real and say how far it came. Raises BadEnvelope only."""
    host = SERVICES[transport.kind].label
    reached, known = Step("connect", "ok", host), Step("key", "ok")
    try:
        delivery = deliver_esp(envelope, transport=transport)
    except MailMisconfigured as error:
        return reached, Step("key", "failed", error.text, "key"), Step("taken", "not_reached")
    except MailUnavailable as error:
        if error.text.startswith(f"{host}: "):
            return (
                Step("connect", "failed", error.text, "silent"),
                Step("key", "not_reached"),
                Step("taken", "not_reached"),
            )
        return reached, known, Step("taken", "failed", error.text, "later")
    except MailRefused as error:
        return reached, known, Step("taken", "failed", error.text, "recipient" if error.refused else "content")
    return reached, known, Step("taken", "ok", delivery.provider_id)
