"""Asking the gateway: reserve, commit, call, apply. The call stands between two transactions, never inside one."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from tallystick.base import direct, tenant
from tallystick.base.crashpoint import crashpoint
from tallystick.core.attempt import LIVE, State
from tallystick.customers.queries import email_of
from tallystick.gateways.port import ChargeRequest, Gateway, Report, SessionRequest
from tallystick.invoices.links import link_url
from tallystick.payments.apply_fact import Outcome, apply_fact
from tallystick.payments.gateways import gateway_of, open_gateway
from tallystick.payments.models import AttemptInvoice, ChargeAttempt, GatewayAccount, PaymentMethod
from tallystick.payments.start import LEASE

SESSION_LIFETIME = timedelta(minutes=30)


def send_charge(*, seller_id: UUID, attempt_id: UUID, now: datetime) -> Outcome:
    """Ask the gateway for what a reserved attempt is to do, and apply the answer: open its page, or charge a kept method.

    Safe to call again: an attempt that was sent already is looked up instead. A lost answer leaves it `unknown`, which
    holds the slot until the gateway has been asked.
    """
    attempt, gateway = _claim(seller_id, attempt_id, now)
    if attempt.state != State.SENT:
        return Outcome(attempt_id, State(attempt.state), ())
    report = _charge(seller_id, attempt, gateway) if attempt.payment_method_id else _open(seller_id, attempt, gateway)
    crashpoint("outside.after")
    return apply_fact(seller_id=seller_id, attempt_id=attempt_id, report=report, now=now)


def look_up_charge(*, seller_id: UUID, attempt_id: UUID, now: datetime) -> Outcome:
    """Ask the gateway what became of an attempt and apply the answer; reserve nothing, charge nothing."""
    attempt, gateway = _read(seller_id, attempt_id)
    report = gateway.look_up(attempt_id=attempt.id, ref=attempt.gateway_ref)
    crashpoint("outside.after")
    return apply_fact(seller_id=seller_id, attempt_id=attempt_id, report=report, now=now)


def cancel_charge(*, seller_id: UUID, attempt_id: UUID, now: datetime) -> Outcome:
    """Ask the gateway to close an open page. The slot is free only once it confirms; a payer who was faster wins."""
    attempt, gateway = _read(seller_id, attempt_id)
    if attempt.state not in LIVE:
        return Outcome(attempt_id, State(attempt.state), ())
    if attempt.gateway_ref is None or not gateway.capabilities.expires_sessions:
        return look_up_charge(seller_id=seller_id, attempt_id=attempt_id, now=now)
    report = gateway.expire_session(attempt_id=attempt.id, ref=attempt.gateway_ref)
    crashpoint("outside.after")
    return apply_fact(seller_id=seller_id, attempt_id=attempt_id, report=report, now=now)


def _claim(seller_id: UUID, attempt_id: UUID, now: datetime) -> tuple[ChargeAttempt, Gateway]:
    """Move a reserved attempt to `sent` under a lease, so that a crash from here on is found as unknown."""
    with tenant.tx(seller_id):
        if attempt := direct.claim(ChargeAttempt, attempt_id, state=State.RESERVED):
            gateway = open_gateway(direct.get(GatewayAccount, attempt.gateway_account_id))
            ttl, sent_at = gateway.capabilities.idempotency_key_ttl, attempt.sent_at or now
            key_expires_at = sent_at + ttl if ttl else None
            direct.write(attempt, state=State.SENT, due_at=now + LEASE, sent_at=sent_at, key_expires_at=key_expires_at)
            return attempt, gateway
    return _read(seller_id, attempt_id)


def _read(seller_id: UUID, attempt_id: UUID) -> tuple[ChargeAttempt, Gateway]:
    with tenant.tx(seller_id, read_only=True):
        attempt = direct.get(ChargeAttempt, attempt_id)
        return attempt, gateway_of(seller_id, attempt)


def _open(seller_id: UUID, attempt: ChargeAttempt, gateway: Gateway) -> Report:
    """Open the gateway's page, for a payment or only to keep a method."""
    with tenant.tx(seller_id, read_only=True):
        customer_email, return_url = email_of(attempt.customer_id), _return_url(attempt)
        kept = PaymentMethod.objects.filter(
            customer_id=attempt.customer_id, gateway_account_id=attempt.gateway_account_id, state="active"
        ).exclude(gateway_customer_ref="")
        customer_ref = kept.order_by("-created_at").values_list("gateway_customer_ref", flat=True).first()
    return gateway.open_session(
        SessionRequest(
            attempt_id=attempt.id,
            amount_minor=attempt.amount_minor,
            currency=attempt.currency,
            description=attempt.description,
            return_url=return_url,
            customer_email=customer_email,
            language=attempt.language,
            lifetime=SESSION_LIFETIME,
            customer_ref=customer_ref or "",
            saves_method=attempt.saves_method,
        )
    )


def _charge(seller_id: UUID, attempt: ChargeAttempt, gateway: Gateway) -> Report:
    """Charge the kept method; only while the customer is there may the bank ask them something."""
    with tenant.tx(seller_id, read_only=True):
        assert attempt.payment_method_id
        method = direct.get(PaymentMethod, attempt.payment_method_id)
        return_url = _return_url(attempt)
    return gateway.charge_method(
        ChargeRequest(
            attempt_id=attempt.id,
            method_ref=method.gateway_ref,
            customer_ref=method.gateway_customer_ref,
            amount_minor=attempt.amount_minor,
            currency=attempt.currency,
            description=attempt.description,
            return_url=return_url,
            is_customer_present=attempt.kind == "saved",
        )
    )


def _return_url(attempt: ChargeAttempt) -> str:
    """Where the customer comes back to: what the attempt says, else the page of its invoice."""
    if attempt.return_url:
        return attempt.return_url
    slot = AttemptInvoice.objects.filter(attempt_id=attempt.id).select_related("invoice").first()
    if slot is None:
        return f"{settings.PUBLIC_URL}/"
    return f"{link_url(slot.invoice_id, slot.invoice.link_version)}/return"
