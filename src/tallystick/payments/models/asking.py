"""Asking for money later or in one go: payment requests, scheduled charges, and the rules they follow."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from tallystick.base.schema import Audited, RowSecurity, Swept, TenantKey, TenantModel, referable, same_seller

WAITING_STATES = ["proposed", "waiting", "scheduled", "charging", "retrying", "parked"]


def usual_retry_days() -> list[int]:
    """Return the days after a failed automatic charge on which it is tried again, unless the seller says otherwise."""
    return [1, 3, 5, 7]


class ChargeRules(TenantModel):
    """How a seller charges and gives back by itself. A seller without a row follows the defaults.

    Amounts are in minor units of any currency with two digits, and scaled to others (core.policy). Days are calendar
    days. A cap of 0 means none.
    """

    notice_days = models.SmallIntegerField(default=3)
    postpone_days = models.SmallIntegerField(default=7)
    retry_days = ArrayField(models.SmallIntegerField(), default=usual_retry_days)
    requests_take_parts = models.BooleanField(default=True)
    write_off_minor = models.BigIntegerField(default=500)
    refund_approval_minor = models.BigIntegerField(default=100_000)
    customer_charges_a_day = models.SmallIntegerField(default=5)
    customer_minor_a_day = models.BigIntegerField(default=0)
    run_factor = models.SmallIntegerField(default=3)
    run_floor_minor = models.BigIntegerField(default=1_000_000)

    class Meta:
        """One row per seller; audited, as it moves money."""

        app_label = "payments"
        db_table = "charge_rules"
        constraints = [
            models.UniqueConstraint(fields=["seller_id"], name="charge_rules_once"),
            models.CheckConstraint(
                condition=Q(notice_days__range=(0, 30), postpone_days__range=(0, 60), run_factor__range=(1, 100)),
                name="charge_rules_days",
            ),
            RowSecurity(name="charge_rules_tenant"),
            Audited(name="charge_rules_audited"),
        ]


class ChargeDay(TenantModel):
    """What was charged by itself on one business day in one currency: the brake's memory. Its row is the brake's lock.

    `planned_minor` is what was agreed for the day at least a day before, counted when the day's first charge ran.
    """

    on = models.DateField()
    currency = models.CharField(max_length=3)
    planned_minor = models.BigIntegerField(default=0)
    run_minor = models.BigIntegerField(default=0)

    class Meta:
        """One per day and currency."""

        app_label = "payments"
        db_table = "charge_day"
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "currency", "on"], name="charge_day_once"),
            models.CheckConstraint(condition=Q(run_minor__gte=0, planned_minor__gte=0), name="charge_day_positive"),
            RowSecurity(name="charge_day_tenant"),
        ]


class PaymentRequest(TenantModel):
    """One link for several invoices of a customer, for all they owe, or for an amount.

    `kind`: invoices (those listed), balance (whatever is open when it is opened), amount (`amount_minor`, on account),
    card (nothing is paid: the customer keeps a card). What is asked for is computed when it is opened, never stored.
    """

    customer = TenantKey("customers.Customer")
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=10)
    amount_minor = models.BigIntegerField(null=True)
    description = models.CharField(max_length=200, default="")
    language = models.CharField(max_length=8)
    link_version = models.SmallIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        """Swept, so that a link finds its seller."""

        app_label = "payments"
        db_table = "payment_request"
        indexes = [models.Index(fields=["seller_id", "customer", "created_at"], name="payment_request_of_customer")]
        constraints = [
            referable("payment_request"),
            models.CheckConstraint(
                condition=Q(kind__in=["invoices", "balance", "card"], amount_minor__isnull=True)
                | Q(kind="amount", amount_minor__gt=0),
                name="payment_request_kind",
            ),
            same_seller("payment_request", "customer_id", "customer"),
            RowSecurity(name="payment_request_tenant"),
            Swept(name="payment_request_swept"),
        ]


class RequestedInvoice(TenantModel):
    """An invoice that a payment request asks for, in its place."""

    request = TenantKey("payments.PaymentRequest")
    invoice = TenantKey("invoices.Invoice")
    position = models.SmallIntegerField()

    class Meta:
        """Named once per request."""

        app_label = "payments"
        db_table = "requested_invoice"
        constraints = [
            models.UniqueConstraint(fields=["request", "invoice"], name="requested_invoice_once"),
            same_seller("requested_invoice", "request_id", "payment_request"),
            same_seller("requested_invoice", "invoice_id", "invoice"),
            RowSecurity(name="requested_invoice_tenant"),
        ]


class ScheduledCharge(TenantModel):
    """A due item that will be charged to a kept method by itself: on a date, when due, or when something happens.

    `state`: proposed (no method yet: the customer agrees and keeps one by paying the first part), waiting (for its
    event), scheduled, charging (an attempt is live), retrying (declined, tried again), parked (stopped by the brake or
    for want of an address: asks a person) · done, fallen_back (the customer got a link instead), canceled.
    `trigger`: date, due, event; an `event` is a fact's name and `event_subject` what it is about. `due_at` is the next
    moment to look (UTC). `charge_on` is the date as the seller reads it. `tries` counts charges that were declined.
    """

    customer = TenantKey("customers.Customer")
    invoice = TenantKey("invoices.Invoice")
    due_item = TenantKey("invoices.DueItem")
    payment_method = TenantKey("payments.PaymentMethod", null=True)
    origin = models.CharField(max_length=10)
    trigger = models.CharField(max_length=10)
    event = models.CharField(max_length=60, default="")
    event_subject = models.UUIDField(null=True)
    charge_on = models.DateField(null=True)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=12)
    reason = models.CharField(max_length=60, default="")
    due_at = models.DateTimeField(null=True)
    noticed_at = models.DateTimeField(null=True)
    postponed_at = models.DateTimeField(null=True)
    tries = models.SmallIntegerField(default=0)
    runs = models.SmallIntegerField(default=0)
    link_version = models.SmallIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        """One living plan per due item; the partial index keeps the sweep independent of how many lie ahead."""

        app_label = "payments"
        db_table = "scheduled_charge"
        indexes = [
            models.Index(fields=["due_at", "id"], name="scheduled_charge_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["seller_id", "invoice"], name="scheduled_charge_of_invoice"),
            models.Index(fields=["seller_id", "customer"], name="scheduled_charge_of_customer"),
            models.Index(
                fields=["seller_id", "state", "charge_on", "id"],
                name="scheduled_charge_ahead",
                condition=Q(ended_at__isnull=True),
            ),
            models.Index(
                fields=["seller_id", "event", "event_subject"],
                name="scheduled_charge_for_event",
                condition=Q(state__in=["waiting", "proposed"]),
            ),
        ]
        constraints = [
            referable("scheduled_charge"),
            models.UniqueConstraint(
                fields=["due_item"], condition=Q(ended_at__isnull=True), name="scheduled_charge_one_live"
            ),
            models.CheckConstraint(
                condition=Q(state__in=WAITING_STATES, ended_at__isnull=True)
                | Q(state__in=["done", "fallen_back", "canceled"], ended_at__isnull=False, due_at__isnull=True),
                name="scheduled_charge_state",
            ),
            models.CheckConstraint(
                condition=Q(payment_method__isnull=False)
                | Q(state__in=["proposed", "canceled", "fallen_back", "done"]),
                name="scheduled_charge_has_method",
            ),
            same_seller("scheduled_charge", "customer_id", "customer"),
            same_seller("scheduled_charge", "invoice_id", "invoice"),
            same_seller("scheduled_charge", "due_item_id", "due_item"),
            same_seller("scheduled_charge", "payment_method_id", "payment_method"),
            RowSecurity(name="scheduled_charge_tenant"),
            Audited(name="scheduled_charge_audited"),
            Swept(name="scheduled_charge_swept"),
        ]
