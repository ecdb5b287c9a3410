"""Refunds, disputes, settlements and breaks in the words of people who don't read gateways' manuals."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tallystick.payments.models import Break, Dispute, Payout, Refund
from tallystick.staff.forms.choices import methods
from tallystick.staff.words import money_text


def refund_state(refund: Refund) -> tuple[str, str]:
    """Return the shape and the words of where a refund stands."""
    if refund.state == "succeeded" and refund.method == "write_off":
        return "paid", _("Kept")
    return {
        "waiting": ("scheduled", _("Waits for a second person")),
        "reserved": ("processing", _("On its way")),
        "sent": ("processing", _("On its way")),
        "processing": ("processing", _("On its way")),
        "unknown": ("processing", _("Outcome not known yet")),
        "succeeded": ("refunded", _("Refunded")),
        "failed": ("failed", _("Failed")),
        "rejected": ("void", _("Not agreed to")),
        "abandoned": ("void", _("Given up")),
    }.get(refund.state, ("processing", refund.state))


def refund_note(refund: Refund) -> str:
    """Say what there is to know of a refund's state: is the money safe, and what now."""
    if refund.state == "failed":
        why = refund.last_error or _("The provider gave no reason.")
        return _("%(why)s The money stays here; it is the customer's credit or still pays its invoices.") % {"why": why}
    return {
        "unknown": _("We asked the provider and don't know yet. Nothing is sent twice; the answer shows up here."),
        "processing": _("The provider has taken it on. Banks need up to ten days."),
        "reserved": _("It goes to the provider within a minute."),
        "sent": _("The provider is being asked."),
        "abandoned": _("The provider never heard of it. The money stays here."),
        "rejected": _("Nothing was sent. The money stays here."),
    }.get(refund.state, "")


def refund_method(method: str, account: str = "") -> str:
    """Say how money goes back. `account` is the gateway account's name."""
    named = {**{key: str(name) for key, name in methods()}, "write_off": _("Kept as a small rest")}
    if method == "gateway":
        return _("Through %(provider)s") % {"provider": account or _("the provider")}
    return named.get(method, method)


def refund_reason(reason: str) -> str:
    """Say why money went back: as it was typed, or where it was made."""
    return {
        "dashboard": _("Made at the provider, not here"),
        "small_rest": _("A small rest nobody asked back"),
    }.get(reason, reason)


def dispute_state(dispute: Dispute) -> tuple[str, str]:
    """Return the shape and the words of where a dispute stands."""
    return {
        "needs_response": ("disputed", _("Evidence wanted")),
        "under_review": ("processing", _("With the bank")),
        "won": ("paid", _("Won")),
        "lost": ("failed", _("Lost")),
    }.get(dispute.state, ("disputed", dispute.state))


def dispute_reason(reason: str) -> str:
    """Say in plain words why a payer's bank wants the money back, whatever the provider calls it."""
    key = reason.lower().replace("-", "_").replace(" ", "_")
    known = {
        "fraudulent": _("The cardholder says they didn't make this payment"),
        "fraud": _("The cardholder says they didn't make this payment"),
        "unauthorised": _("The cardholder says they didn't make this payment"),
        "unauthorized": _("The cardholder says they didn't make this payment"),
        "unrecognized": _("The cardholder doesn't recognise this payment"),
        "duplicate": _("The payer says they were charged twice"),
        "duplicate_transaction": _("The payer says they were charged twice"),
        "product_not_received": _("The payer says nothing was delivered"),
        "merchandise_or_service_not_received": _("The payer says nothing was delivered"),
        "product_unacceptable": _("The payer says it wasn't as described, or damaged"),
        "merchandise_or_service_not_as_described": _("The payer says it wasn't as described, or damaged"),
        "subscription_canceled": _("The payer says they had cancelled"),
        "canceled_recurring_billing": _("The payer says they had cancelled"),
        "credit_not_processed": _("The payer says a promised refund never came"),
        "incorrect_amount": _("The payer says the amount is wrong"),
        "insufficient_funds": _("The payer's account had too little money"),
        "incorrect_account_details": _("The account details were wrong"),
        "bank_cannot_process": _("The payer's bank couldn't process it"),
        "debit_not_authorized": _("The payer says they never agreed to this debit"),
        "customer_initiated": _("The payer asked their bank to take it back"),
        "general": _("The bank gave no particular reason"),
        "other": _("The bank gave no particular reason"),
        "": _("The bank gave no reason"),
    }
    return known.get(key) or reason.replace("_", " ").capitalize()


def line_kind(kind: str) -> str:
    """Name a movement of the money a provider holds for us."""
    return {
        "charge": _("Payment"),
        "refund": _("Refund"),
        "refund_failure": _("Refund that came back"),
        "dispute": _("Dispute"),
        "dispute_reversal": _("Dispute won"),
        "fee": _("Fee"),
        "adjustment": _("Adjustment"),
    }.get(kind, kind.replace("_", " "))


def payout_state(payout: Payout) -> tuple[str, str]:
    """Return the shape and the words of where a payout stands."""
    return {
        "in_transit": ("processing", _("On its way to your bank")),
        "paid": ("paid", _("At your bank")),
        "failed": ("failed", _("Came back")),
    }.get(payout.state, ("processing", payout.state))


def break_words(kind: str) -> tuple[str, str]:
    """Return what doesn't match, in plain words, and what to do next."""
    return {
        "charge_not_ours": (
            _("The provider took a payment that isn't in this book"),
            _("Was it taken in another shop or at the provider? Say so, or record the money as a payment by hand."),
        ),
        "payment_not_listed": (
            _("A payment of this book isn't in the provider's list"),
            _("Lists can lag by a day. If it stays, look the payment up at the provider."),
        ),
        "amount_differs": (
            _("The provider took another amount than was booked"),
            _("Compare the payment with the provider's page, then refund or record the difference."),
        ),
        "balance_differs": (
            _("The provider holds another amount than the book says"),
            _("Usually one of the other lines here explains it. It closes by itself once both are equal."),
        ),
        "line_without_payment": (
            _("A movement at the provider belongs to no payment we know"),
            _("It is often a payment made outside Tallystick. Find it at the provider and say what it is."),
        ),
        "refund_exceeds": (
            _("More was refunded at the provider than the payment had left"),
            _("The part above it stands on a separate account. Settle it with the customer, then say how."),
        ),
        "dispute_exceeds": (
            _("A dispute takes more than the payment had left"),
            _("A refund and a dispute met. Hand in the refund as evidence at the provider."),
        ),
    }.get(kind, (kind.replace("_", " ").capitalize(), ""))


def break_figures(row: Break) -> tuple[str, str]:
    """Return the provider's figure and the book's, as text; empty where one side has none."""
    data = row.data
    currency = str(data.get("currency") or (row.payment.currency if row.payment else ""))
    if not currency:
        return "", ""
    sides = [data.get("gateway_minor"), data.get("book_minor")]
    there, here = ("" if side is None else money_text(int(side), currency) for side in sides)
    return there, here


def money_entry_words() -> dict[str, str]:
    """Return what people call the entries of the book about money that goes back or is settled."""
    return {
        "refund.paid": _("Refunded"),
        "refund.returned": _("Refund sent back by the bank"),
        "dispute.opened": _("Held for a dispute"),
        "dispute.won": _("Dispute won"),
        "dispute.lost": _("Dispute lost"),
        "dispute.won_back": _("Dispute won on appeal"),
        "gateway.fee": _("Provider's fee"),
        "gateway.adjusted": _("Provider's adjustment"),
        "gateway.exchanged_out": _("Changed into another currency"),
        "gateway.exchanged_in": _("Changed from another currency"),
        "payout.sent": _("Paid out to the bank"),
        "payout.failed": _("Payout that came back"),
    }
