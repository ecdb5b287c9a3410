"""What every payment provider promises to the rest of the house."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol
from uuid import UUID

from tallystick.core.attempt import DeclineClass, State
from tallystick.core.dispute import DisputeState
from tallystick.core.refund import RefundState


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


class NoAnswer(Exception):
    """A listing got no usable answer; nothing is known, so ask again later."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a gateway can do; an attempt with an unknown outcome is handled by this.

    `idempotency_key_ttl` is None without keys. `lookup` is "by_ref" when an attempt can be found by our own id, else
    "none". `lookup_lag` is how long something new may stay invisible to such a look-up. Without keys or look-up,
    nothing is ever resent by itself.
    """

    idempotency_key_ttl: timedelta | None
    lookup: str
    lookup_lag: timedelta
    expires_sessions: bool
    """An open page can be closed by us, with a confirmation."""
    signed_webhooks: bool
    """Webhooks carry a signature. Unsigned ones are only a hint to look, as every webhook is here."""
    hosted: bool
    saved_methods: bool
    """A card or account can be kept, and charged later without the customer."""
    partial_refund: bool
    refund_keys: bool = True
    """A refund carries our id as its idempotency key, or can be found by it."""
    disputes: bool = True
    settlements: bool = True
    """Payouts can be listed with the charges, refunds and fees they are made of."""
    lists_charges: bool = True
    """Everything it took can be listed, for the daily comparison."""
    is_delayed: bool = False
    """Bank debits: a success may take days, and may still be taken back afterwards."""


@dataclass(frozen=True, slots=True)
class SavedMethod:
    """A card or bank account the gateway keeps for us: what may be shown of it, and what names it there."""

    ref: str
    customer_ref: str
    """The payer's id at the gateway, or empty where there is none."""
    kind: str
    """card, sepa_debit, bank_debit, wallet."""
    brand: str
    """What people call it: Visa, Mastercard, SEPA, PayPal."""
    last4: str
    """The last four characters; for a wallet, of its masked name."""
    expiry_month: int = 0
    expiry_year: int = 0
    """0 and 0 for what doesn't expire."""


@dataclass(frozen=True, slots=True)
class Refund:
    """Money the gateway gives back. `refund_id` is ours, None when it was made in the gateway's own dashboard."""

    ref: str
    refund_id: UUID | None
    state: RefundState
    """processing, succeeded or failed."""
    amount_minor: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Dispute:
    """The payer's bank wants the money back. `amount_minor` is what the gateway took from us for it."""

    ref: str
    state: DisputeState
    amount_minor: int
    currency: str
    reason: str
    """The gateway's word for it: fraudulent, product_not_received …"""
    opened_at: datetime
    evidence_due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """Money the gateway says it took: `amount_minor` in minor units of `currency`, whatever we asked for.

    `ref` is what refunds, disputes and settlement lines name. Everything that happened to it since comes along.
    """

    ref: str
    amount_minor: int
    currency: str
    at: datetime
    method_label: str
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()


@dataclass(frozen=True, slots=True)
class Decline:
    """Why a card or a request was refused; `klass` steers retries, `message` is for people."""

    code: str
    klass: DeclineClass
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """What the gateway says about one attempt, right now.

    `is_missing` (the NOT_FOUND outcome): the gateway answered and knows no such attempt. Its state is `unknown`,
    because the look-up may lag; see `Capabilities.lookup_lag`. `was_sent` is False when this call surely never
    reached the gateway, so the same key may go again at once. `decline` together with `action_required` is the
    last refused try in a session that is still open. `charges` may hold more than one: book each. `saved` is the
    method kept with consent, once it can be charged again.
    """

    state: State
    ref: str | None = None
    action_url: str | None = None
    charges: tuple[Charge, ...] = ()
    decline: Decline | None = None
    expires_at: datetime | None = None
    is_missing: bool = False
    was_sent: bool = True
    saved: SavedMethod | None = None


NOT_FOUND = Report(State.UNKNOWN, is_missing=True)


@dataclass(frozen=True, slots=True)
class RefundReport:
    """What the gateway says to a refund we ordered: sent, unknown, processing, succeeded or failed.

    Everything but a documented answer is `unknown`. `message` says why it failed, for staff. `was_sent` as in `Report`.
    """

    state: RefundState
    ref: str | None = None
    message: str = ""
    was_sent: bool = True


@dataclass(frozen=True, slots=True)
class Listed:
    """One charge in the gateway's own list, and the attempt it says it belongs to (None: not one of ours)."""

    attempt_id: UUID | None
    charge: Charge


@dataclass(frozen=True, slots=True)
class ChargePage:
    """A page of the gateway's list of charges; `cursor` leads to the next one, empty at the end."""

    charges: tuple[Listed, ...]
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class SettlementLine:
    """One movement of the money the gateway holds for us. Its balance is the sum of `amount_minor - fee_minor`.

    `kind`: charge, refund (amount below 0), refund_failure, dispute (below 0), dispute_reversal, fee, adjustment.
    `source_ref` is the charge's, refund's or dispute's own ref. `charge_ref` is the charge behind it, where known.
    """

    ref: str
    kind: str
    amount_minor: int
    fee_minor: int
    currency: str
    at: datetime
    source_ref: str = ""
    charge_ref: str = ""
    payout_ref: str = ""


@dataclass(frozen=True, slots=True)
class Payout:
    """Money on its way from the gateway to the seller's bank. `state`: in_transit, paid, failed."""

    ref: str
    amount_minor: int
    currency: str
    state: str
    arrives_on: date


@dataclass(frozen=True, slots=True)
class SettlementPage:
    """A page of movements and payouts; `cursor` leads to the next one, empty at the end."""

    lines: tuple[SettlementLine, ...]
    payouts: tuple[Payout, ...] = ()
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """A verified hint that something changed. The caller fetches the truth with `look_up`; (gateway, id) is unique.

    `subject`: "attempt" for news of an attempt, its charges, refunds and disputes; "method" when a saved method was
    changed or removed at the gateway (`ref` names it); "payout"; "other" for what nobody here needs. What an attempt
    is named by may be any of `attempt_id`, `ref` (the attempt's) or `charge_ref`.
    """

    id: str
    kind: str
    attempt_id: UUID | None
    ref: str | None
    charge_ref: str | None = None
    subject: str = "attempt"


@dataclass(frozen=True, slots=True)
class SetupField:
    """One field of a provider's settings form, its texts as message ids. A secret is stored encrypted, never shown again."""

    name: str
    label: str
    is_secret: bool
    help: str
    is_required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRequest:
    """What a hosted page is to do: take `amount_minor`, in minor units of `currency`, keep a method, or both.

    An amount of 0 with `saves_method` only keeps it.
    """

    attempt_id: UUID
    """Ours, and the idempotency key."""
    amount_minor: int
    currency: str
    description: str
    return_url: str
    """Where the payer comes back to, having paid or not."""
    customer_email: str
    language: str
    """The page's, as a tag like ro or pt-BR."""
    lifetime: timedelta
    """How long the page is to stay open, where the gateway lets us say."""
    customer_ref: str = ""
    """The payer at the gateway, when we know them from before."""
    saves_method: bool = False
    """The payer consented that their card or account is kept for later charges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRequest:
    """A charge of a saved method: `amount_minor` in minor units of `currency`."""

    attempt_id: UUID
    """Ours, and the idempotency key."""
    method_ref: str
    """The saved method's `SavedMethod.ref`; `customer_ref` is its payer's, or empty."""
    customer_ref: str
    amount_minor: int
    currency: str
    description: str
    return_url: str
    """Where the payer comes back to, when their bank asked them something."""
    is_customer_present: bool
    """Somebody is there whom the bank may ask."""


class Gateway(Protocol):
    """One merchant account at one provider. Calls are made outside any transaction.

    Each call sends at most one request that can take or give money; what it needs beside that (making the payer's
    record at the gateway) must be harmless to repeat. Nothing here raises for a gateway that is away, slow, limited or
    talking nonsense: that is a report of `unknown` (listings raise NoAnswer). Only an authenticated, documented answer
    is definite. A method that the capabilities rule out raises NotImplementedError.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this gateway can do."""
        ...

    def open_session(self, request: SessionRequest) -> Report:
        """Open a hosted payment page; its address is `action_url`.

        Idempotent by `attempt_id` while the key lives. `declined` here means the gateway refused the request itself
        and opened nothing.
        """
        ...

    def charge_method(self, request: ChargeRequest) -> Report:
        """Charge a saved method. Idempotent by `attempt_id` while the key lives.

        When the bank wants the payer to confirm: `action_required` with an `action_url` while the customer is present,
        else `declined` as needs_customer with the code "authentication_required", and nothing of it can succeed later
        unless a look-up says so.
        """
        ...

    def look_up(self, *, attempt_id: UUID, ref: str | None) -> Report:
        """Ask what became of an attempt: by its ref, or by our own id when no answer ever arrived.

        Reports every charge of the attempt with all its refunds and disputes.
        """
        ...

    def expire_session(self, *, attempt_id: UUID, ref: str) -> Report:
        """Ask to close a session or to cancel a payment that isn't final. Idempotent.

        Only a confirmed expiry is `canceled`. `canceling`: asked, not confirmed; `succeeded`: the payer was faster.
        """
        ...

    def refund(
        self, *, refund_id: UUID, attempt_id: UUID, charge_ref: str, amount_minor: int, currency: str
    ) -> RefundReport:
        """Give back part or all of a charge. Idempotent by `refund_id` while the key lives.

        What became of it is found by `look_up` of the attempt, among the charge's refunds.
        """
        ...

    def forget_method(self, *, method_ref: str, customer_ref: str) -> bool:
        """Remove a saved method at the gateway. Idempotent. True once it is gone there; False: unknown, ask again."""
        ...

    def list_charges(self, *, since: datetime, cursor: str = "") -> ChargePage:
        """Return what the gateway took, refunded or lost to disputes since an instant, oldest first. Raises NoAnswer."""
        ...

    def list_settlements(self, *, since: datetime, cursor: str = "") -> SettlementPage:
        """Return the movements and payouts since an instant, oldest first. Raises NoAnswer."""
        ...

    def balances(self) -> Mapping[str, int]:
        """Return what the gateway holds for us now, by currency, paid out or not yet available alike. Raises NoAnswer."""
        ...

    def read_webhooks(self, *, body: bytes, headers: Mapping[str, str], at: datetime) -> tuple[WebhookEvent, ...]:
        """Verify and read what one delivery tells, one event or several; pure.

        Raises BadSignature, StaleWebhook, MalformedWebhook.
        """
        ...

    def register_webhook(self, *, url: str) -> list[str]:
        """Ask the gateway to send its webhooks to `url`. Idempotent. Returns what is wrong, in plain words."""
        ...

    def check(self) -> list[str]:
        """What is wrong with the credentials or the webhook, in plain words; empty when all is well."""
        ...


@dataclass(frozen=True, slots=True)
class Provider:
    """A kind of gateway: its name, the form that sets it up, and how to build one. `build` raises BadConfig.

    `steps` tell in order where at the provider to find what the fields want; `origins` are where its hosted pages live.
    """

    name: str
    label: str
    fields: tuple[SetupField, ...]
    build: Callable[[Mapping[str, str]], Gateway]
    capabilities: Capabilities
    steps: tuple[str, ...] = ()
    origins: tuple[str, ...] = field(default=())
