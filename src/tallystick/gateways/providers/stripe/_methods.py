"""Cards and accounts that Stripe keeps, and what may be shown of them."""

from __future__ import annotations

from collections.abc import Mapping

from tallystick.gateways.port import SavedMethod
from tallystick.gateways.providers.stripe._reading import nested, ref, text, text_or_empty, whole
from tallystick.gateways.providers.stripe._transport import Json

_BRANDS: Mapping[str, str] = {
    "amex": "American Express",
    "cartes_bancaires": "Cartes Bancaires",
    "diners": "Diners Club",
    "discover": "Discover",
    "eftpos_au": "Eftpos",
    "jcb": "JCB",
    "link": "Link",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}
_DEBITS: Mapping[str, tuple[str, str]] = {
    "sepa_debit": ("sepa_debit", "SEPA"),
    "bacs_debit": ("bank_debit", "Bacs"),
    "au_becs_debit": ("bank_debit", "BECS"),
    "acss_debit": ("bank_debit", "Pre-authorised debit"),
    "us_bank_account": ("bank_debit", "ACH"),
    "nz_bank_account": ("bank_debit", "BECS NZ"),
}


def read_saved(*, customer_ref: str, method: Json, charged: Json | None) -> SavedMethod | None:
    """What can be charged again. None without a payer's record, because Stripe then keeps nothing.

    iDEAL and Bancontact can't be charged again themselves: they leave a SEPA mandate behind, named in the charge's (or
    the set-up's) details. Raises Unreadable.
    """
    if not customer_ref:
        return None
    kind = text(method, "type")
    details = nested(charged or {}, kind) or {}
    mandate = ref(details, "generated_sepa_debit")
    if mandate:
        return SavedMethod(mandate, customer_ref, "sepa_debit", "SEPA", text_or_empty(details, "iban_last4"))
    shown = nested(method, kind) or {}
    last4 = text_or_empty(shown, "last4")
    method_ref = text(method, "id")
    if kind == "card":
        month, year = whole(shown, "exp_month"), whole(shown, "exp_year")
        return SavedMethod(method_ref, customer_ref, "card", _brand(shown), last4, month, year)
    if kind in _DEBITS:
        return SavedMethod(method_ref, customer_ref, *_DEBITS[kind], last4)
    return SavedMethod(method_ref, customer_ref, "wallet", _spoken(kind), _masked(shown))


def method_label(charge: Json) -> str:
    """How a charge was paid, for people: Visa ···· 4242."""
    details = nested(charge, "payment_method_details") or {}
    kind = text_or_empty(details, "type")
    shown = nested(details, kind) or {}
    name = _brand(shown) if kind == "card" else _DEBITS.get(kind, ("", _spoken(kind)))[1]
    last4 = text_or_empty(shown, "last4")
    return f"{name} ···· {last4}" if last4 else name


def _brand(card: Json) -> str:
    brand = text_or_empty(card, "brand")
    return _BRANDS.get(brand, _spoken(brand) if brand not in {"", "unknown"} else "Card")


def _spoken(kind: str) -> str:
    return kind.replace("_", " ").capitalize()


def _masked(wallet: Json) -> str:
    """The end of the wallet's name: of the address before the @, where it is an email address."""
    name = text_or_empty(wallet, "payer_email") or text_or_empty(wallet, "email")
    return name.partition("@")[0][-4:]
