"""The demo's last chapter: cards that are kept, charges ahead, money on its way back; all through the sandbox provider."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings

from tallystick.base import clock, tenant
from tallystick.invoices.draft import Draft, DraftLine
from tallystick.invoices.issue import issue_invoices
from tallystick.invoices.queries import due_items_of
from tallystick.invoices.save import save_drafts
from tallystick.invoices.send import send_as_composed
from tallystick.payments.collect import look_up_charge, send_charge
from tallystick.payments.compare import compare_account
from tallystick.payments.consent import Consent, consent_text
from tallystick.payments.methods import set_autopay, start_setup
from tallystick.payments.models import ChargeAttempt, Payment, PaymentMethod
from tallystick.payments.refund import request_refund
from tallystick.payments.rules import Rules, save_rules
from tallystick.payments.schedule import Plan, schedule_charge
from tallystick.payments.send_request import send_payment_links
from tallystick.payments.start import start_charge
from tallystick.worker.sweeps import drain

GOOD, OTHER = "4242424242424242", "5555555555554444"
EXPIRED_LATER = "4000000000000366"
NO_MONEY_TWICE = "4000000000000358"
DISPUTED = "4000000000000259"
DEPOSIT: dict[str, Any] = {"kind": "net", "days": 30, "deposit_percent": "40"}


@dataclass(frozen=True, slots=True)
class Shop:
    """The demo's seller with its card account, and the one who acts."""

    seller_id: UUID
    account_id: UUID
    admin_id: UUID
    colleague_id: UUID
    rate_id: UUID
    customers: dict[str, UUID]
    now: datetime

    @property
    def acting(self) -> dict[str, Any]:
        """The arguments most verbs share."""
        return {"seller_id": self.seller_id, "now": self.now}

    @property
    def today(self) -> date:
        """Today's date."""
        return self.now.date()


def tell_of_charges(shop: Shop) -> None:
    """Leave a deposit waiting for its job, an AutoPay customer, a card that failed, refunds, a dispute and a payout."""
    _job(shop, "Kestrel & Rowe Architects", "Monograph, 500 copies, sewn and cased", "7400", GOOD)
    _job(shop, "Bäckerei Hohenfeld GmbH", "Christmas boxes, printed and folded", "2150", EXPIRED_LATER)
    _autopay(shop, "Marlow Bridge Dental")
    _retrying(shop, "Pemberton Logistics Ltd")
    _giving_back(shop, "Pemberton Logistics Ltd")
    _links(shop)
    drain(shop.seller_id)
    compare_account(account_id=shop.account_id, **shop.acting)


def _job(shop: Shop, customer: str, what: str, price: str, number: str) -> None:
    """An accepted price: the deposit was paid by card, the rest waits for "production complete"."""
    invoice_id = _invoice(shop, customer, what, price, DEPOSIT)
    with tenant.tx(shop.seller_id, read_only=True):
        deposit, rest = due_items_of([invoice_id])
    plan = Plan(uuid5(rest.id, "plan"), rest.id, "event", event="order.completed")
    schedule_charge(plan=plan, actor_id=shop.admin_id, **shop.acting)
    _pay(shop, invoice_id, number, amount_minor=deposit.amount_minor, keeps=True)


def _autopay(shop: Shop, customer: str) -> None:
    """A customer whose invoices are charged when they are due."""
    method = _keep(shop, customer, OTHER)
    set_autopay(customer_id=shop.customers[customer], payment_method_id=method, actor_id=shop.admin_id, **shop.acting)
    for days, price in ((4, "186"), (12, "420")):
        _invoice(shop, customer, "Appointment cards", price, {"kind": "net", "days": days})


def _retrying(shop: Shop, customer: str) -> None:
    """A charge the bank declined this morning: it is tried again on the schedule."""
    save_rules(wanted=Rules(notice_days=0), **shop.acting)
    method = _keep(shop, customer, NO_MONEY_TWICE)
    invoice_id = _invoice(shop, customer, "Delivery notes, pads of 50", "640", {"kind": "net", "days": 14})
    with tenant.tx(shop.seller_id, read_only=True):
        [item] = due_items_of([invoice_id])
    plan = Plan(uuid5(item.id, "plan"), item.id, "date", charge_on=shop.today, payment_method_id=method)
    schedule_charge(plan=plan, actor_id=shop.admin_id, **shop.acting)
    with clock.at(shop.now.replace(hour=12) if shop.now.hour < 9 else shop.now):
        drain(shop.seller_id)
    save_rules(wanted=Rules(), **shop.acting)


def _giving_back(shop: Shop, customer: str) -> None:
    """One refund done, one that waits for a second person, and a payment in dispute."""
    small = _pay(shop, _invoice(shop, customer, "Stickers, die-cut", "95", {"kind": "net", "days": 14}), GOOD)
    large = _pay(shop, _invoice(shop, customer, "Catalogue, 96 pages", "3900", {"kind": "net", "days": 14}), GOOD)
    _pay(shop, _invoice(shop, customer, "Posters, A1", "312", {"kind": "net", "days": 14}), DISPUTED)
    given: dict[str, Any] = {"reason": "The colour was wrong on part of the run.", "actor_id": shop.colleague_id}
    request_refund(refund_id=uuid5(small, "refund"), payment_id=small, amount_minor=2500, **given, **shop.acting)
    request_refund(refund_id=uuid5(large, "refund"), payment_id=large, amount_minor=120_000, **given, **shop.acting)


def _links(shop: Shop) -> None:
    """Two invoices behind one link."""
    customer = "Studio Okafor LLC"
    ids = [_invoice(shop, customer, what, "240", {"kind": "net", "days": 21}) for what in ("Postcards", "Envelopes")]
    send_payment_links(send_id=uuid5(ids[0], "links"), invoice_ids=ids, actor_id=shop.admin_id, **shop.acting)


def _invoice(shop: Shop, customer: str, what: str, price: str, terms: dict[str, Any]) -> UUID:
    invoice_id = uuid5(shop.customers[customer], what + price)
    line = DraftLine(what, Decimal(1), Decimal(price), shop.rate_id)
    draft = Draft(
        id=invoice_id,
        customer_id=shop.customers[customer],
        currency="USD" if customer == "Studio Okafor LLC" else "EUR",
        language="en",
        lines=(line,),
        terms=terms,
    )
    save_drafts(drafts=[draft], actor_id=shop.admin_id, **shop.acting)
    issue_invoices(invoice_ids=[invoice_id], today=shop.today, actor_id=shop.admin_id, **shop.acting)
    send_as_composed(invoice_id=invoice_id, message_id=uuid5(invoice_id, "mail"), actor_id=shop.admin_id, **shop.acting)
    return invoice_id


def _pay(shop: Shop, invoice_id: UUID, number: str, *, amount_minor: int | None = None, keeps: bool = False) -> UUID:
    """Pay as a customer would, on the provider's page, and return the payment's id."""
    consent = Consent(consent_text("Linden Press", "en"), "192.0.2.14") if keeps else None
    attempt = start_charge(
        invoice_id=invoice_id,
        gateway_account_id=shop.account_id,
        amount_minor=amount_minor,
        attempt_id=uuid5(invoice_id, f"attempt {number}"),
        language="en",
        consent=consent,
        **shop.acting,
    )
    _at_the_provider(shop, attempt.id, number)
    with tenant.tx(shop.seller_id, read_only=True):
        return Payment.objects.values_list("id", flat=True).get(attempt_id=attempt.id)


def _keep(shop: Shop, customer: str, number: str) -> UUID:
    """Keep a card without a payment, and return the method's id."""
    attempt = start_setup(
        attempt_id=uuid5(shop.customers[customer], f"keep {number}"),
        customer_id=shop.customers[customer],
        gateway_account_id=shop.account_id,
        consent=Consent(consent_text("Linden Press", "en"), "192.0.2.14"),
        language="en",
        return_url=f"{settings.PUBLIC_URL}/",
        **shop.acting,
    )
    _at_the_provider(shop, attempt.id, number)
    with tenant.tx(shop.seller_id, read_only=True):
        kept = PaymentMethod.objects.filter(customer_id=shop.customers[customer], last4=number[-4:], state="active")
        return kept.values_list("id", flat=True)[0]


def _at_the_provider(shop: Shop, attempt_id: UUID, number: str) -> None:
    """Type the card into the provider's page, and learn what came of it."""
    send_charge(attempt_id=attempt_id, **shop.acting)
    with tenant.tx(shop.seller_id, read_only=True):
        page = ChargeAttempt.objects.values_list("action_url", flat=True).get(id=attempt_id)
    form = {"number": number, "expiry": "12/34", "cvc": "123", "name": "Ada Example"}
    request = urllib.request.Request(page, urllib.parse.urlencode(form).encode(), method="POST")  # noqa: S310
    try:
        urllib.request.build_opener(_Stay).open(request, timeout=10).close()
    except urllib.error.HTTPError as answer:
        answer.close()
    look_up_charge(attempt_id=attempt_id, **shop.acting)


class _Stay(urllib.request.HTTPRedirectHandler):
    """The provider leads back to our page, which isn't up yet."""

    def redirect_request(self, *_: object) -> None:
        """Don't follow."""
        return
