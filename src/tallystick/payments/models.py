"""Gateway accounts, charge attempts, payments and allocations."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from tallystick.base.schema import (
    AppendOnly,
    Audited,
    RowSecurity,
    Swept,
    TenantKey,
    TenantModel,
    referable,
    same_seller,
)

LIVE_STATES = ["reserved", "sent", "action_required", "processing", "unknown", "canceling"]


class GatewayAccount(TenantModel):
    """A seller's account at a payment provider; its keys are encrypted."""

    provider = models.CharField(max_length=30)
    label = models.CharField(max_length=80)
    sealed_config = models.BinaryField()
    is_enabled = models.BooleanField(default=True)
    position = models.SmallIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        """Audited without its keys (see the trigger)."""

        app_label = "payments"
        db_table = "gateway_account"
        constraints = [
            referable("gateway_account"),
            RowSecurity(name="gateway_account_tenant"),
            Audited(name="gateway_account_audited"),
            Swept(name="gateway_account_swept"),
        ]


class ChargeAttempt(TenantModel):
    """One try to take money. Its id is the idempotency key at the gateway; its states are in `core.attempt`."""

    customer = TenantKey("customers.Customer")
    gateway_account = TenantKey("payments.GatewayAccount")
    kind = models.CharField(max_length=12, default="hosted")
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
    lease_until = models.DateTimeField(null=True)
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
        ]
        constraints = [
            referable("charge_attempt"),
            models.UniqueConstraint(fields=["seller_id", "gateway_account", "gateway_ref"], name="charge_attempt_ref"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="charge_attempt_positive"),
            models.CheckConstraint(
                condition=Q(state__in=LIVE_STATES, ended_at__isnull=True)
                | Q(state__in=["succeeded", "declined", "canceled", "abandoned"], ended_at__isnull=False),
                name="charge_attempt_state",
            ),
            same_seller("charge_attempt", "customer_id", "customer"),
            same_seller("charge_attempt", "gateway_account_id", "gateway_account"),
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


class Payment(TenantModel):
    """Money received, by any channel, from one customer. `unapplied_minor` is its part not allocated yet.

    `flag` says in a word why a person should look: overpaid, amount_differs, currency_differs, late, closed.
    """

    customer = TenantKey("customers.Customer")
    number = models.CharField(max_length=60, null=True)
    method = models.CharField(max_length=20)
    method_label = models.CharField(max_length=80, default="")
    gateway_account = TenantKey("payments.GatewayAccount", null=True)
    gateway_ref = models.TextField(null=True)
    attempt = TenantKey("payments.ChargeAttempt", null=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    received_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.UUIDField(null=True)
    reference = models.CharField(max_length=140, default="")
    note = models.TextField(default="")
    allocated_minor = models.BigIntegerField(default=0)
    unapplied_minor = models.GeneratedField(
        expression=F("amount_minor") - F("allocated_minor"), output_field=models.BigIntegerField(), db_persist=True
    )
    flag = models.CharField(max_length=30, default="")

    class Meta:
        """A gateway's charge is booked once, whoever tells us."""

        app_label = "payments"
        db_table = "payment"
        indexes = [
            models.Index(fields=["seller_id", "-received_on", "-id"], name="payment_register"),
            models.Index(fields=["seller_id", "customer", "received_on"], name="payment_of_customer"),
            models.Index(
                fields=["seller_id", "customer"], name="payment_unapplied", condition=Q(unapplied_minor__gt=0)
            ),
        ]
        constraints = [
            referable("payment"),
            models.UniqueConstraint(fields=["seller_id", "gateway_account", "gateway_ref"], name="payment_once"),
            models.UniqueConstraint(fields=["seller_id", "number"], name="payment_number_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payment_positive"),
            models.CheckConstraint(
                condition=Q(allocated_minor__gte=0, allocated_minor__lte=F("amount_minor")),
                name="payment_never_overspent",
            ),
            same_seller("payment", "customer_id", "customer"),
            same_seller("payment", "gateway_account_id", "gateway_account"),
            same_seller("payment", "attempt_id", "charge_attempt"),
            RowSecurity(name="payment_tenant"),
        ]


class Allocation(TenantModel):
    """A dated link from money (a payment or a credit note) to a due item. Undone by a row with the opposite sign."""

    payment = TenantKey("payments.Payment", null=True)
    credit_note = TenantKey("invoices.Invoice", null=True)
    due_item = TenantKey("invoices.DueItem")
    invoice = TenantKey("invoices.Invoice")
    amount_minor = models.BigIntegerField()
    allocated_on = models.DateField()
    recorded_at = models.DateTimeField()
    reverses = TenantKey("payments.Allocation", null=True)

    class Meta:
        """Append-only; comes from exactly one source."""

        app_label = "payments"
        db_table = "allocation"
        indexes = [
            models.Index(fields=["seller_id", "invoice"], name="allocation_of_invoice"),
            models.Index(fields=["seller_id", "payment"], name="allocation_of_payment"),
        ]
        constraints = [
            referable("allocation"),
            models.CheckConstraint(
                condition=Q(payment__isnull=True, credit_note__isnull=False)
                | Q(payment__isnull=False, credit_note__isnull=True),
                name="allocation_one_source",
            ),
            models.CheckConstraint(condition=~Q(amount_minor=0), name="allocation_not_zero"),
            models.UniqueConstraint(fields=["reverses"], name="allocation_reversed_once"),
            same_seller("allocation", "payment_id", "payment"),
            same_seller("allocation", "credit_note_id", "invoice"),
            same_seller("allocation", "due_item_id", "due_item"),
            same_seller("allocation", "invoice_id", "invoice"),
            same_seller("allocation", "reverses_id", "allocation"),
            RowSecurity(name="allocation_tenant"),
            AppendOnly(name="allocation_forever"),
        ]
