"""Money that goes back: refunds we order, and disputes that take it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tallystick.base.schema import Audited, RowSecurity, Swept, TenantKey, TenantModel, referable, same_seller

REFUND_WAITS = ["reserved", "sent", "unknown", "processing"]


class Refund(TenantModel):
    """Part or all of a payment given back. Its id is the idempotency key at the gateway; its states are in `core.refund`.

    `method`: gateway, or how it was given back by hand (cash, cheque, transfer, card_machine), or write_off for a small
    rest that is kept. `excess_minor` is what a gateway gave back beyond what the payment had left (booked to suspense).
    """

    payment = TenantKey("payments.Payment")
    customer = TenantKey("customers.Customer")
    gateway_account = TenantKey("payments.GatewayAccount", null=True)
    gateway_ref = models.TextField(null=True)
    method = models.CharField(max_length=20)
    amount_minor = models.BigIntegerField()
    excess_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200, default="")
    state = models.CharField(max_length=12)
    requested_at = models.DateTimeField()
    requested_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.UUIDField(null=True)
    sent_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    tries = models.SmallIntegerField(default=0)
    last_error = models.TextField(default="")
    refunded_on = models.DateField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """A gateway's refund is booked once; two people stand behind a large one."""

        app_label = "payments"
        db_table = "refund"
        indexes = [
            models.Index(fields=["due_at", "id"], name="refund_waiting", condition=Q(state__in=REFUND_WAITS)),
            models.Index(fields=["seller_id", "payment"], name="refund_of_payment"),
            models.Index(fields=["seller_id", "-requested_at", "-id"], name="refund_register"),
        ]
        constraints = [
            referable("refund"),
            models.UniqueConstraint(fields=["seller_id", "gateway_account", "gateway_ref"], name="refund_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0, excess_minor__gte=0), name="refund_positive"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | Q(requested_by__isnull=True)
                | ~Q(decided_by=models.F("requested_by")),
                name="refund_two_people",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", *REFUND_WAITS], ended_at__isnull=True)
                | Q(state__in=["succeeded", "failed", "rejected", "abandoned"], ended_at__isnull=False),
                name="refund_state",
            ),
            same_seller("refund", "payment_id", "payment"),
            same_seller("refund", "customer_id", "customer"),
            same_seller("refund", "gateway_account_id", "gateway_account"),
            RowSecurity(name="refund_tenant"),
            Audited(name="refund_audited"),
            Swept(name="refund_swept"),
        ]


class Dispute(TenantModel):
    """A payer's bank wants a payment back. States in `core.dispute`.

    `held_minor` is the part of `amount_minor` that the payment still had; the rest is booked to suspense.
    `due_at` is when the gateway is asked again: disputes outlive the attempt by months.
    """

    payment = TenantKey("payments.Payment")
    customer = TenantKey("customers.Customer")
    gateway_account = TenantKey("payments.GatewayAccount")
    gateway_ref = models.TextField()
    amount_minor = models.BigIntegerField()
    held_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=80)
    state = models.CharField(max_length=20)
    opened_at = models.DateTimeField()
    evidence_due_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)

    class Meta:
        """A gateway's dispute is booked once."""

        app_label = "payments"
        db_table = "dispute"
        indexes = [
            models.Index(fields=["due_at", "id"], name="dispute_open", condition=Q(due_at__isnull=False)),
            models.Index(fields=["seller_id", "payment"], name="dispute_of_payment"),
            models.Index(fields=["seller_id", "-opened_at", "-id"], name="dispute_register"),
        ]
        constraints = [
            referable("dispute"),
            models.UniqueConstraint(fields=["seller_id", "gateway_account", "gateway_ref"], name="dispute_once"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, held_minor__gte=0, held_minor__lte=models.F("amount_minor")),
                name="dispute_positive",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["needs_response", "under_review"], closed_at__isnull=True)
                | Q(state__in=["won", "lost"], closed_at__isnull=False),
                name="dispute_state",
            ),
            same_seller("dispute", "payment_id", "payment"),
            same_seller("dispute", "customer_id", "customer"),
            same_seller("dispute", "gateway_account_id", "gateway_account"),
            RowSecurity(name="dispute_tenant"),
            Swept(name="dispute_swept"),
        ]
