"""Money received, and where it went."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from tallystick.base.schema import AppendOnly, RowSecurity, TenantKey, TenantModel, referable, same_seller


class Payment(TenantModel):
    """Money received, by any channel, from one customer. `unapplied_minor` is its part that is free to be allocated.

    What went back: `refunded_minor` for good, `refund_reserved_minor` ordered and not settled yet, `disputed_minor`
    held by the gateway while a dispute runs, `lost_minor` lost to disputes. `flag` says in a word why a person should
    look: overpaid, amount_differs, currency_differs, late, closed.
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
    refund_reserved_minor = models.BigIntegerField(default=0, db_default=0)
    refunded_minor = models.BigIntegerField(default=0, db_default=0)
    disputed_minor = models.BigIntegerField(default=0, db_default=0)
    lost_minor = models.BigIntegerField(default=0, db_default=0)
    unapplied_minor = models.GeneratedField(
        expression=F("amount_minor") - F("allocated_minor") - F("refunded_minor") - F("lost_minor"),
        output_field=models.BigIntegerField(),
        db_persist=True,
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
                condition=Q(
                    allocated_minor__gte=0,
                    allocated_minor__lte=F("amount_minor") - F("refunded_minor") - F("lost_minor"),
                ),
                name="payment_never_overspent",
            ),
            models.CheckConstraint(
                condition=Q(
                    refund_reserved_minor__gte=0,
                    refunded_minor__gte=0,
                    disputed_minor__gte=0,
                    lost_minor__gte=0,
                    amount_minor__gte=F("refund_reserved_minor")
                    + F("refunded_minor")
                    + F("disputed_minor")
                    + F("lost_minor"),
                ),
                name="payment_never_overreturned",
            ),
            same_seller("payment", "customer_id", "customer"),
            same_seller("payment", "gateway_account_id", "gateway_account"),
            same_seller("payment", "attempt_id", "charge_attempt"),
            RowSecurity(name="payment_tenant"),
        ]


class Allocation(TenantModel):
    """A dated link from a source (a payment, a credit note, a write-off) to a due item.

    Undone by a row with the opposite sign.
    """

    payment = TenantKey("payments.Payment", null=True)
    credit_note = TenantKey("invoices.Invoice", null=True)
    write_off = TenantKey("payments.WriteOff", null=True)
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
                condition=Q(payment__isnull=True, credit_note__isnull=False, write_off__isnull=True)
                | Q(payment__isnull=False, credit_note__isnull=True, write_off__isnull=True)
                | Q(payment__isnull=True, credit_note__isnull=True, write_off__isnull=False),
                name="allocation_one_source",
            ),
            models.CheckConstraint(condition=~Q(amount_minor=0), name="allocation_not_zero"),
            models.UniqueConstraint(fields=["reverses"], name="allocation_reversed_once"),
            same_seller("allocation", "payment_id", "payment"),
            same_seller("allocation", "credit_note_id", "invoice"),
            same_seller("allocation", "write_off_id", "write_off"),
            same_seller("allocation", "due_item_id", "due_item"),
            same_seller("allocation", "invoice_id", "invoice"),
            same_seller("allocation", "reverses_id", "allocation"),
            RowSecurity(name="allocation_tenant"),
            AppendOnly(name="allocation_forever"),
        ]


class WriteOff(TenantModel):
    """A rest of an invoice that nobody will chase any more: it settles the invoice and is booked as a loss."""

    customer = TenantKey("customers.Customer")
    invoice = TenantKey("invoices.Invoice")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=200)
    written_off_on = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.UUIDField(null=True)

    class Meta:
        """Append-only; taken back by allocations with the opposite sign."""

        app_label = "payments"
        db_table = "write_off"
        constraints = [
            referable("write_off"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="write_off_positive"),
            same_seller("write_off", "customer_id", "customer"),
            same_seller("write_off", "invoice_id", "invoice"),
            RowSecurity(name="write_off_tenant"),
            AppendOnly(name="write_off_forever"),
        ]
