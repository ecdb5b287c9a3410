"""The one list of ways to text. Nobody imports a provider but this file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from tallystick.sms.news import BadProof, Reply, Report
from tallystick.sms.providers.apprise.send import check_apprise, send_apprise
from tallystick.sms.providers.sandbox.hear import hear_sandbox
from tallystick.sms.providers.sandbox.send import send_sandbox
from tallystick.sms.providers.twilio.hear import hear_twilio
from tallystick.sms.providers.twilio.send import check_twilio, send_twilio
from tallystick.sms.providers.vonage.hear import hear_vonage
from tallystick.sms.providers.vonage.send import check_vonage, send_vonage
from tallystick.sms.text import Taken, Transport


class Send(Protocol):
    """Sends a text; raises the errors of `text`."""

    def __call__(self, text: str, *, to: str, sender: str, transport: Transport) -> Taken: ...


class Hear(Protocol):
    """Checks that a call is the provider's and reads it; raises the errors of `news`."""

    def __call__(
        self, body: bytes, *, headers: Mapping[str, str], url: str, options: Mapping[str, str]
    ) -> tuple[Report | Reply, ...]: ...


class Check(Protocol):
    """Names what is wrong with pasted settings: field → stable word."""

    def __call__(self, options: Mapping[str, str]) -> dict[str, str]: ...


def _deaf(
    body: bytes, *, headers: Mapping[str, str], url: str, options: Mapping[str, str]
) -> tuple[Report | Reply, ...]:
    raise BadProof("this provider tells us nothing")


def _fine(options: Mapping[str, str]) -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Provider:
    """A way to text."""

    send: Send
    hear: Hear = _deaf
    check: Check = _fine


PROVIDERS: Mapping[str, Provider] = {
    "twilio": Provider(send_twilio, hear_twilio, check_twilio),
    "vonage": Provider(send_vonage, hear_vonage, check_vonage),
    "apprise": Provider(send_apprise, check=check_apprise),
    "sandbox": Provider(send_sandbox, hear_sandbox),
}


def provider(kind: str) -> Provider:
    """The provider of a kind. Raises LookupError."""
    try:
        return PROVIDERS[kind]
    except KeyError:
        raise LookupError(f"there is no SMS provider {kind!r}; there are {', '.join(sorted(PROVIDERS))}") from None
