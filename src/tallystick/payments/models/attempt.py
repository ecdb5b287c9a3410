"""Charge attempts, and the slots they hold on invoices."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tallystick.base.schema import RowSecurity, Swept, TenantKey, TenantModel, referable, same_seller

LIVE_STATES = ["reserved", "sent", "action_required", "processing", "unknown", "canceling"]


class ChargeAttempt(TenantModel):
    """One try to take money. Its id is the idempotency key at the gateway; its states are in `core.attempt`.

    `kind`: hosted (the gateway's page), saved (a kept method, the customer is there), automatic (a kept method, nobody
    is there), setup (nothing is charged, a method is kept). `consent` is what the customer agreed to when a method is
    kept: text, at, address, by.
    """

    customer = TenantKey("customers.Customer")
    gateway_account = TenantKey("payments.GatewayAccount")
    kind = models.CharField(max_length=12, default="hosted")
    payment_method = TenantKey("payments.PaymentMethod", null=True)
    request = TenantKey("payments.PaymentRequest", null=True)
    scheduled_charge = TenantKey("payments.ScheduledCharge", null=True)
    description = models.CharField(max_length=200, default="")
    return_url = models.TextField(default="")
    saves_method = models.BooleanField(default=False)
    consent = models.JSONField(default=dict)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    language = models.CharField(max_length=8)
    state = models.CharField(max_length=16, default="reserved")
    gateway_ref = models.TextField(null=True)
    action_url = models.TextField(default="")
    decline_code = models.TextField(default="")
    decline_class = models.CharField(max_length=20, default="")
    last_error = models.TextField(default="")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    key_expires_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField()
    tries = models.SmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    created_by = models.UUIDField(null=True)

    class Meta:
        """Live attempts have an index of their own for the sweeper."""

        app_label = "payments"
        db_table = "charge_attempt"
        indexes = [
            models.Index(fields=["due_at", "id"], name="charge_attempt_live", condition=Q(state__in=LIVE_STATES)),
            models.Index(fields=["seller_id", "customer", "created_at"], name="charge_attempt_of_customer"),
            models.Index(
                fields=["seller_id", "scheduled_charge"],
                name="charge_attempt_of_scheduled",
                condition=Q(scheduled_charge__isnull=False),
            ),
        ]
        constraints = [
            referable("charge_attempt"),
            models.UniqueConstraint(fields=["seller_id", "gateway_account", "gateway_ref"], name="charge_attempt_ref"),
            models.UniqueConstraint(
                fields=["request"], condition=Q(ended_at__isnull=True), name="attempt_one_per_request"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0) & ~Q(kind="setup") | Q(amount_minor=0, kind="setup", saves_method=True),
                name="charge_attempt_positive",
            ),
            models.CheckConstraint(
                condition=Q(state__in=LIVE_STATES, ended_at__isnull=True)
                | Q(state__in=["succeeded", "declined", "canceled", "abandoned"], ended_at__isnull=False),
                name="charge_attempt_state",
            ),
            same_seller("charge_attempt", "customer_id", "customer"),
            same_seller("charge_attempt", "gateway_account_id", "gateway_account"),
            same_seller("charge_attempt", "payment_method_id", "payment_method"),
            same_seller("charge_attempt", "request_id", "payment_request"),
            same_seller("charge_attempt", "scheduled_charge_id", "scheduled_charge"),
            RowSecurity(name="charge_attempt_tenant"),
            Swept(name="charge_attempt_swept"),
        ]


class AttemptInvoice(TenantModel):
    """What an attempt pays. `UNIQUE (invoice) WHERE is_live` is the guard: one live attempt per invoice."""

    attempt = TenantKey("payments.ChargeAttempt")
    invoice = TenantKey("invoices.Invoice")
    amount_minor = models.BigIntegerField()
    is_live = models.BooleanField(default=True)

    class Meta:
        """The guard against charging twice."""

        app_label = "payments"
        db_table = "attempt_invoice"
        indexes = [models.Index(fields=["seller_id", "attempt"], name="attempt_invoice_of_attempt")]
        constraints = [
            models.UniqueConstraint(fields=["invoice"], condition=Q(is_live=True), name="attempt_one_live"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="attempt_invoice_positive"),
            same_seller("attempt_invoice", "attempt_id", "charge_attempt"),
            same_seller("attempt_invoice", "invoice_id", "invoice"),
            RowSecurity(name="attempt_invoice_tenant"),
        ]
