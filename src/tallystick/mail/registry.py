"""The one list of ways out. Nobody imports a provider but this file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from tallystick.mail.envelope import Delivery, Envelope, Step, Transport
from tallystick.mail.providers.esp.deliver import deliver_esp, write_esp
from tallystick.mail.providers.esp.hear import hear_esp
from tallystick.mail.providers.esp.rehearse import rehearse_esp
from tallystick.mail.providers.smtp.deliver import deliver_smtp, write_smtp
from tallystick.mail.providers.smtp.lines import keep_connections
from tallystick.mail.providers.smtp.rehearse import rehearse_smtp
from tallystick.mail.services import SERVICES

__all__ = ["PROVIDERS", "Provider", "hear_esp", "keep_connections", "provider"]


class Write(Protocol):
    """Writes an envelope as it will leave; raises BadEnvelope and MailMisconfigured."""

    def __call__(self, envelope: Envelope, *, transport: Transport) -> bytes: ...


class Deliver(Protocol):
    """Sends an envelope, `written` where it is already; raises the errors of `envelope`."""

    def __call__(
        self,
        envelope: Envelope,
        *,
        transport: Transport,
        written: bytes = b"",
        meanwhile: Callable[[], None] | None = None,
    ) -> Delivery: ...


class Rehearse(Protocol):
    """Sends an envelope and says how each step went; raises BadEnvelope only."""

    def __call__(self, envelope: Envelope, *, transport: Transport) -> tuple[Step, ...]: ...


@dataclass(frozen=True, slots=True)
class Provider:
    """A way out."""

    write: Write
    deliver: Deliver
    rehearse: Rehearse


PROVIDERS: Mapping[str, Provider] = {
    "smtp": Provider(write_smtp, deliver_smtp, rehearse_smtp),
    **{name: Provider(write_esp, deliver_esp, rehearse_esp) for name in SERVICES},
}


def provider(kind: str) -> Provider:
    """The provider of a kind. Raises LookupError."""
    try:
        return PROVIDERS[kind]
    except KeyError:
        raise LookupError(f"there is no mail provider {kind!r}; there are {', '.join(sorted(PROVIDERS))}") from None
