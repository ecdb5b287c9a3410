"""The one list of ways out. Nobody imports a provider but this file."""

from __future__ import annotations

from typing import Protocol

from django.core.mail import EmailMultiAlternatives

from tallystick.mail.envelope import Delivery, Transport
from tallystick.mail.providers.smtp.deliver import deliver_smtp


class Provider(Protocol):
    """Sends a built message; raises the errors of `envelope`."""

    def __call__(self, message: EmailMultiAlternatives, *, transport: Transport) -> Delivery: ...


PROVIDERS: dict[str, Provider] = {"smtp": deliver_smtp}


def provider(kind: str) -> Provider:
    """The provider of a kind. Raises LookupError."""
    try:
        return PROVIDERS[kind]
    except KeyError:
        raise LookupError(f"there is no mail provider {kind!r}; there are {', '.join(sorted(PROVIDERS))}") from None
