"""What GoCardless documents that a request may say, by hand: the SDK ships no types. Anything else is a complaint."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

CURRENCIES = Literal["AUD", "CAD", "DKK", "EUR", "GBP", "NZD", "SEK", "USD"]
SCHEMES = {
    "ach": "USD", "autogiro": "SEK", "bacs": "GBP", "becs": "AUD", "becs_nz": "NZD", "betalingsservice": "DKK",
    "pad": "CAD", "sepa_core": "EUR",
}  # fmt: skip
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=2048)]
Minor = Annotated[int, Field(gt=0)]


class Strict(BaseModel):
    """No unknown names, no conversions. Metadata holds at most three keys of 50 letters, with values of 500."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @field_validator("metadata", check_fields=False)
    @classmethod
    def is_small(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        """The documented limits of metadata."""
        if value and (len(value) > 3 or any(len(k) > 50 or len(v) > 500 for k, v in value.items())):
            raise ValueError("too much metadata")
        return value


class PaymentRequest(Strict):
    """The payment of a billing request: Instant Bank Pay, so GBP and EUR only."""

    amount: Minor
    currency: Literal["EUR", "GBP"]
    description: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    metadata: dict[str, str] | None = None
    scheme: Literal["faster_payments", "sepa_credit_transfer", "sepa_instant_credit_transfer"] | None = None


class MandateRequest(Strict):
    """The mandate of a billing request."""

    currency: CURRENCIES
    scheme: str | None = None
    metadata: dict[str, str] | None = None

    @model_validator(mode="after")
    def fits(self) -> MandateRequest:
        """Each scheme has its currency."""
        if self.scheme is not None and SCHEMES.get(self.scheme) != self.currency:
            raise ValueError(f"{self.scheme} isn't a scheme for {self.currency}")
        return self


class CustomerLink(Strict):
    """The payer we know from before."""

    customer: Annotated[str, StringConstraints(pattern=r"^CU")]


class BillingRequestCreate(Strict):
    """POST /billing_requests."""

    payment_request: PaymentRequest | None = None
    mandate_request: MandateRequest | None = None
    fallback_enabled: bool = False
    metadata: dict[str, str] | None = None
    links: CustomerLink | None = None

    @model_validator(mode="after")
    def asks_for_something(self) -> BillingRequestCreate:
        """A payment, a mandate or both, in one currency."""
        if not (self.payment_request or self.mandate_request):
            raise ValueError("a billing request asks for a payment or a mandate")
        if self.fallback_enabled and not self.payment_request:
            raise ValueError("only a payment can fall back")
        if self.payment_request and self.mandate_request:
            if self.payment_request.currency != self.mandate_request.currency:
                raise ValueError("two currencies")
        return self


class RequestLink(Strict):
    """Which billing request a page is for."""

    billing_request: Annotated[str, StringConstraints(pattern=r"^BRQ")]


class Prefilled(Strict):
    """What the payer needn't type."""

    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    given_name: str | None = None
    family_name: str | None = None
    company_name: str | None = None


class FlowCreate(Strict):
    """POST /billing_request_flows."""

    links: RequestLink
    redirect_uri: Url | None = None
    exit_uri: Url | None = None
    auto_fulfil: bool = True
    language: str | None = None
    prefilled_customer: Prefilled | None = None


class MandateLink(Strict):
    """Which mandate a payment is for."""

    mandate: Annotated[str, StringConstraints(pattern=r"^MD")]


class PaymentCreate(Strict):
    """POST /payments."""

    amount: Minor
    currency: CURRENCIES
    description: Annotated[str, StringConstraints(max_length=100)] | None = None
    metadata: dict[str, str] | None = None
    reference: str | None = None
    charge_date: str | None = None
    retry_if_possible: bool = False
    links: MandateLink


class PaymentLink(Strict):
    """Which payment a refund is for."""

    payment: Annotated[str, StringConstraints(pattern=r"^PM")]


class RefundCreate(Strict):
    """POST /refunds."""

    amount: Minor
    total_amount_confirmation: Minor
    metadata: dict[str, str] | None = None
    reference: str | None = None
    links: PaymentLink


class ListQuery(BaseModel):
    """Every list. Which filters a list knows is checked by `FILTERS`."""

    model_config = ConfigDict(extra="forbid")
    after: str = ""
    limit: int = Field(default=50, ge=1, le=500)
    since: str = Field(default="", alias="created_at[gte]", pattern=r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)?$")
    payment: str = Field(default="", pattern=r"^(PM.*)?$")
    payout: str = Field(default="", pattern=r"^(PO.*)?$")
    creditor: str = Field(default="", pattern=r"^(CR.*)?$")


FILTERS = {
    "billing_requests": {"customer", "status"},
    "payments": {"created_at[gte]", "customer", "mandate", "status"},
    "events": {"created_at[gte]", "payment", "resource_type", "action"},
    "refunds": {"created_at[gte]", "payment", "mandate"},
    "payouts": {"created_at[gte]", "status", "currency"},
    "payout_items": {"payout"},
    "creditors": {"created_at[gte]"},
    "balances": {"creditor"},
}
"""What each list may be narrowed by, beside its page."""
