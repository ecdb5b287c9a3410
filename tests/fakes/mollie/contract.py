"""What Mollie documents that a request may say, written by hand: the SDK ships no types. Anything else is a complaint."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

NO_DECIMALS = frozenset({"ISK", "JPY"})
CURRENCIES = frozenset(
    ["AED", "AUD", "BGN", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "ISK", "JPY", "MXN", "MYR", "NOK", "NZD", "PHP", "PLN", "RON", "SEK", "SGD", "THB", "TWD", "USD", "ZAR"]
)  # fmt: skip
LOCALES = Literal[
    "en_US", "en_GB", "nl_NL", "nl_BE", "de_DE", "de_AT", "de_CH", "fr_FR", "fr_BE", "es_ES", "ca_ES", "pt_PT",
    "it_IT", "nb_NO", "sv_SE", "fi_FI", "da_DK", "is_IS", "hu_HU", "pl_PL", "lv_LV", "lt_LT",
]  # fmt: skip
METHODS = Literal[
    "applepay", "bancontact", "banktransfer", "belfius", "creditcard", "directdebit", "eps", "giftcard", "ideal", "kbc",
    "mybank", "paypal", "paysafecard", "przelewy24", "sofort", "trustly", "twint",
]  # fmt: skip
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=2048)]


class Strict(BaseModel):
    """No unknown names, no conversions."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Amount(Strict):
    """An amount with exactly the currency's own decimals."""

    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    value: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{2})?$")]

    @model_validator(mode="after")
    def has_its_decimals(self) -> Amount:
        """Two decimals, or none for the yen and the krona of Iceland."""
        if ("." in self.value) == (self.currency in NO_DECIMALS):
            raise ValueError(f"{self.value} has the wrong decimals for {self.currency}")
        return self


class PaymentCreate(Strict):
    """POST /v2/payments."""

    amount: Amount
    description: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    redirectUrl: Url | None = None
    cancelUrl: Url | None = None
    webhookUrl: Url | None = None
    locale: LOCALES | None = None
    method: METHODS | list[METHODS] | None = None
    metadata: dict[str, str] | None = None
    sequenceType: Literal["oneoff", "first", "recurring"] = "oneoff"
    customerId: Annotated[str, StringConstraints(pattern=r"^cst_")] | None = None
    mandateId: Annotated[str, StringConstraints(pattern=r"^mdt_")] | None = None

    @model_validator(mode="after")
    def hangs_together(self) -> PaymentCreate:
        """The rules that go across fields."""
        if self.sequenceType == "recurring":
            if self.redirectUrl or not self.customerId:
                raise ValueError("a recurring payment has a customer and no redirectUrl")
        elif not self.redirectUrl or self.mandateId:
            raise ValueError("a payment on the hosted page has a redirectUrl and no mandate")
        if self.sequenceType == "first" and not self.customerId:
            raise ValueError("a first payment has a customer")
        if not Decimal(self.amount.value):
            methods = {self.method} if isinstance(self.method, str) else set(self.method or ())
            if self.sequenceType != "first" or not methods or not methods <= {"creditcard", "paypal"}:
                raise ValueError("only a first payment by card or PayPal may have an amount of zero")
        return self


class CustomerCreate(Strict):
    """POST /v2/customers."""

    name: Annotated[str, StringConstraints(max_length=255)] | None = None
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    locale: LOCALES | None = None
    metadata: dict[str, str] | None = None


class RefundCreate(Strict):
    """POST /v2/payments/{id}/refunds."""

    amount: Amount
    description: Annotated[str, StringConstraints(max_length=255)] | None = None
    metadata: dict[str, str] | None = None


class PaymentGet(Strict):
    """GET /v2/payments/{id}."""

    embed: Annotated[
        str, StringConstraints(pattern=r"^(captures|refunds|chargebacks)(,(captures|refunds|chargebacks))*$")
    ]


class ListQuery(BaseModel):
    """Every list: where it starts and how long a page is."""

    model_config = ConfigDict(extra="forbid")
    start: str = Field(default="", alias="from", pattern=r"^([a-z]+_[A-Za-z0-9]+)?$")
    limit: int = Field(default=50, ge=1, le=250)
    sort: Literal["asc", "desc"] = "desc"
