"""Cards and bank accounts that gateways keep for us, and who pays with them by themselves."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tallystick.base.schema import Audited, RowSecurity, Swept, TenantKey, TenantModel, referable, same_seller


class PaymentMethod(TenantModel):
    """A card or account kept at a gateway with the customer's consent. Here is only what may be shown: brand and last four.

    `state`: active, removing (gone for us; the gateway hasn't confirmed), removed. `trouble` is the decline that made it
    useless for automatic charges (an expired or stolen card), or empty. `consent_by` is the member of staff who took the
    consent by phone, or nobody when the customer ticked it.
    """

    customer = TenantKey("customers.Customer")
    gateway_account = TenantKey("payments.GatewayAccount")
    kind = models.CharField(max_length=20)
    brand = models.CharField(max_length=40)
    last4 = models.CharField(max_length=4)
    expiry_month = models.SmallIntegerField(default=0)
    expiry_year = models.SmallIntegerField(default=0)
    gateway_ref = models.TextField()
    gateway_customer_ref = models.TextField(default="")
    consent_text = models.TextField()
    consent_at = models.DateTimeField()
    consent_address = models.CharField(max_length=45, default="")
    consent_by = models.UUIDField(null=True)
    state = models.CharField(max_length=10, default="active")
    trouble = models.CharField(max_length=60, default="")
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    removed_by = models.UUIDField(null=True)

    class Meta:
        """Kept once per gateway; audited, as it moves money."""

        app_label = "payments"
        db_table = "payment_method"
        indexes = [
            models.Index(fields=["seller_id", "customer", "created_at"], name="payment_method_of_customer"),
            models.Index(fields=["due_at", "id"], name="payment_method_removing", condition=Q(state="removing")),
        ]
        constraints = [
            referable("payment_method"),
            models.UniqueConstraint(fields=["seller_id", "gateway_account", "gateway_ref"], name="payment_method_once"),
            models.CheckConstraint(
                condition=Q(state="active", removed_at__isnull=True)
                | Q(state__in=["removing", "removed"], removed_at__isnull=False),
                name="payment_method_state",
            ),
            same_seller("payment_method", "customer_id", "customer"),
            same_seller("payment_method", "gateway_account_id", "gateway_account"),
            RowSecurity(name="payment_method_tenant"),
            Audited(name="payment_method_audited"),
            Swept(name="payment_method_swept"),
        ]


class AutoPay(TenantModel):
    """A customer whose invoices are charged to a kept method when they are due. No row: collected by hand."""

    customer = TenantKey("customers.Customer")
    payment_method = TenantKey("payments.PaymentMethod")
    enabled_at = models.DateTimeField()
    enabled_by = models.UUIDField(null=True)

    class Meta:
        """One per customer; audited."""

        app_label = "payments"
        db_table = "autopay"
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "customer"], name="autopay_once"),
            same_seller("autopay", "customer_id", "customer"),
            same_seller("autopay", "payment_method_id", "payment_method"),
            RowSecurity(name="autopay_tenant"),
            Audited(name="autopay_audited"),
        ]
