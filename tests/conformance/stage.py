"""One provider under test: its gateway, the payer, the bank and the levers that a test pulls.

A stage is all that the suite knows of a provider. Write one in `tests/conformance/stages/<name>.py`:

    def open_stages() -> contextlib.AbstractContextManager[Callable[[], Stage]]

It is entered once per run; each test calls what it yields and gets a stage with a fresh merchant account.
A stage may have `make_charges(count)` too: many paid charges of EUR 10.00 at once, a few seconds apart.

The webhook address of a stage is `https://billing.example/hooks/<name>/1`.

What a provider can't do is said by its `Capabilities`. `unsupported` names the levers its fake lacks because the real
provider has nothing of the kind (a payer's outcome, a fault, `dashboard_refund`); tests that pull them are skipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from tallystick.gateways.port import Gateway, Report

OUTCOMES = (
    "good", "declined", "insufficient", "challenge_approved", "challenge_refused", "abandoned", "delayed_success",
    "delayed_failure",
)  # fmt: skip
"""What the payer may do at the hosted page."""

LATER = ("good", "insufficient", "expired", "stolen", "needs_authentication")
"""What becomes of later charges of a method that was kept."""

FAULTS = (
    "drop_before", "drop_after", "hang_before", "hang_after", "error_500_before", "error_500_after", "error_429",
    "malformed_before", "malformed_after", "conflict", "lookup_lag", "key_expired", "other_amount", "expire_refused",
)  # fmt: skip
"""What may go wrong. `operation` is the verb of the gateway protocol that it strikes: open_session, charge_method …

`lookup_lag(seconds)`: a look-up by our own id misses what is younger. `key_expired`: the provider forgot the keys it
knew. `other_amount(amount_minor)`: the payer is charged this instead. `expire_refused`: the page stays open.
"""

MANNERS = ("plain", "duplicated", "reordered", "delayed", "forged", "stale", "malformed")
"""How webhooks may arrive. `forged`: signed with a secret that isn't ours. `stale`: signed an hour ago.
`malformed`: rightly signed, and not readable."""


@dataclass(frozen=True)
class Delivery:
    """One webhook as it arrives at our door, at an instant of the provider's clock."""

    body: bytes
    headers: Mapping[str, str]
    at: datetime


@dataclass(frozen=True)
class TrueCharge:
    """A charge as the provider's own books have it; amounts in our minor units."""

    ref: str
    attempt_id: UUID | None
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class TrueRefund:
    """A refund in the provider's books. `state`: processing, succeeded, failed."""

    ref: str
    charge_ref: str
    refund_id: UUID | None
    amount_minor: int
    state: str


@dataclass(frozen=True)
class TrueDispute:
    """A dispute in the provider's books. `state` as in `core.dispute`."""

    ref: str
    charge_ref: str
    amount_minor: int
    state: str


@dataclass(frozen=True)
class Truth:
    """What the provider's own books say: the judge of every test."""

    opened: tuple[UUID, ...] = ()
    """The attempt of each hosted page that was ever opened."""
    charges: tuple[TrueCharge, ...] = ()
    refunds: tuple[TrueRefund, ...] = ()
    disputes: tuple[TrueDispute, ...] = ()
    balance: Mapping[str, int] = field(default_factory=dict)
    """What the provider holds for the merchant, by currency, paid out already or not yet available excluded or
    included just as `Gateway.balances` counts."""


PATIENT_S, SHORT_S = 10, 0.6


def patience(kind: str) -> float:
    """How long to wait for an answer when this fault is armed: a slow machine is no fault, a call that hangs is."""
    return SHORT_S if kind.startswith("hang") else PATIENT_S


class Stage(Protocol):
    """One merchant account at one provider, and everything that can happen there."""

    name: str
    gateway: Gateway
    """It waits `PATIENT_S` for an answer, and `SHORT_S` from the moment that a fault which hangs is armed."""
    currencies: frozenset[str]
    """Currencies the provider takes, as far as tests care."""
    unsupported: frozenset[str]
    """Outcomes, faults, manners and levers (`dashboard_refund`, `dispute`, `payout`, `bad_key`,
    `keep_only`, and `dispute_guard`: it refuses to refund what a dispute took) there are none of."""
    settles_after_s: float
    """How far to advance the clock until something delayed is over."""

    def pay(self, report: Report, outcome: str, *, later: str = "good") -> None:
        """Be the payer at the hosted page of an open session (or of a challenge), once, with one of OUTCOMES.

        When the session keeps the method, its later charges behave as `later` says. Where every payment is delayed,
        "good" means that it will succeed after `settles_after_s`.
        """
        ...

    def fault(self, kind: str, operation: str | None = None, times: int = 1, **params: object) -> None:
        """Arm a fault; -1 times means for ever."""
        ...

    def clear_faults(self) -> None:
        """Behave again."""
        ...

    def dispute(self, charge_ref: str, outcome: str = "opened") -> None:
        """The payer's bank: "opened", then perhaps "won" or "lost" (a second call for the same charge)."""
        ...

    def dashboard_refund(self, charge_ref: str, amount_minor: int) -> None:
        """Refund by hand at the provider, without our id."""
        ...

    def payout(self) -> None:
        """The provider pays its whole balance out to the merchant's bank, with arrival in two days."""
        ...

    def advance(self, seconds: float) -> None:
        """Move the provider's clock; what is due by then happens."""
        ...

    def now(self) -> datetime:
        """The provider's clock, UTC."""
        ...

    def webhooks(self, manner: str = "plain") -> list[Delivery]:
        """The webhooks that arose since the last call, delivered in one of MANNERS."""
        ...

    def truth(self) -> Truth:
        """The provider's own books."""
        ...

    def complaints(self) -> list[str]:
        """Every request of ours that broke the provider's contract; must be empty."""
        ...

    def with_bad_key(self) -> Gateway:
        """The same account, asked with credentials that the provider doesn't know."""
        ...

    def close(self) -> None:
        """Stop what was started for this stage."""
        ...
