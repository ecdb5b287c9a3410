"""What every payment provider promises to the rest of the house."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from tallystick.core.attempt import DeclineClass, State


class BadConfig(ValueError):
    """The settings of a gateway can't work as they are. `field` names the setting, the text says why in plain words."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class BadSignature(ValueError):
    """No secret of ours signed this webhook."""


class StaleWebhook(ValueError):
    """The webhook is signed, but too long ago (or too far ahead): perhaps somebody replays it."""


class MalformedWebhook(ValueError):
    """Signed and fresh, but not a webhook we can read."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a gateway can do; an attempt with an unknown outcome is handled by this.

    `idempotency_key_ttl` is None without keys. `lookup` is "by_ref" when a session can be found by our attempt id,
    else "none". `lookup_lag` is how long a new session may stay invisible to such a look-up. Without keys or
    look-up, an attempt is never resent by itself.
    """

    idempotency_key_ttl: timedelta | None
    lookup: str
    lookup_lag: timedelta
    expires_sessions: bool
    signed_webhooks: bool
    hosted: bool
    saved_methods: bool
    partial_refund: bool


@dataclass(frozen=True, slots=True)
class Charge:
    """Money the gateway says it took: `amount_minor` in minor units of `currency`, whatever we asked for."""

    ref: str
    amount_minor: int
    currency: str
    at: datetime
    method_label: str


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a card or a request was refused; `klass` steers retries, `message` is for people."""

    code: str
    klass: DeclineClass
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """What the gateway says about one attempt, right now.

    `is_missing` (the NOT_FOUND outcome): the gateway answered and knows no such session. Its state is `unknown`,
    because the look-up may lag; see `Capabilities.lookup_lag`. `was_sent` is False when this call surely never
    reached the gateway, so the same key may go again at once. `decline` together with `action_required` is the
    last refused try in a session that is still open. `charges` may hold more than one: book each.
    """

    state: State
    ref: str | None = None
    action_url: str | None = None
    charges: tuple[Charge, ...] = ()
    decline: Decline | None = None
    expires_at: datetime | None = None
    is_missing: bool = False
    was_sent: bool = True


NOT_FOUND = Report(State.UNKNOWN, is_missing=True)


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """A verified hint that something changed. The caller fetches the truth with `look_up`; (gateway, id) is unique."""

    id: str
    kind: str
    attempt_id: UUID | None
    ref: str | None


@dataclass(frozen=True, slots=True)
class SetupField:
    """One field of a provider's settings form. A secret is stored encrypted and never shown again."""

    name: str
    label: str
    is_secret: bool
    help: str


class Gateway(Protocol):
    """One merchant account at one provider. Each call is at most one HTTP request, made outside any transaction.

    Nothing here raises for a gateway that is away, slow, limited or talking nonsense: that is a Report with
    `State.UNKNOWN`. Only an authenticated, documented answer is definite.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this gateway can do."""
        ...

    def open_session(
        self,
        *,
        attempt_id: UUID,
        amount_minor: int,
        currency: str,
        description: str,
        return_url: str,
        customer_email: str,
        language: str,
        lifetime: timedelta,
    ) -> Report:
        """Open a hosted payment page; its address is `action_url`.

        Idempotent by `attempt_id` while the key lives. `declined` here means the gateway refused the request itself
        and opened nothing.
        """
        ...

    def look_up(self, *, attempt_id: UUID, ref: str | None) -> Report:
        """Ask what became of an attempt: by the session's ref, or by our own id when no answer ever arrived."""
        ...

    def expire_session(self, *, attempt_id: UUID, ref: str) -> Report:
        """Ask to close a session. Idempotent.

        Only a confirmed expiry is `canceled`. `canceling`: asked, not confirmed; `succeeded`: the payer was faster.
        """
        ...

    def read_webhook(self, *, body: bytes, headers: Mapping[str, str], at: datetime) -> WebhookEvent:
        """Verify and read a webhook; pure. Raises BadSignature, StaleWebhook, MalformedWebhook."""
        ...

    def register_webhook(self, *, url: str) -> list[str]:
        """Ask the gateway to send its webhooks to `url`. Idempotent. Returns what is wrong, in plain words."""
        ...

    def check(self) -> list[str]:
        """What is wrong with the credentials or the webhook, in plain words; empty when all is well."""
        ...


@dataclass(frozen=True, slots=True)
class Provider:
    """A kind of gateway: its name, the form that sets it up, and how to build one. `build` raises BadConfig."""

    name: str
    label: str
    fields: tuple[SetupField, ...]
    build: Callable[[Mapping[str, str]], Gateway]
