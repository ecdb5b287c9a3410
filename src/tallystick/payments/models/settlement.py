"""What gateways hold for us and pay out, compared with the book."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tallystick.base.schema import Audited, RowSecurity, TenantKey, TenantModel, referable, same_seller


class Payout(TenantModel):
    """Money from a gateway to the seller's bank. `state`: in_transit, paid, failed."""

    gateway_account = TenantKey("payments.GatewayAccount")
    gateway_ref = models.TextField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=12)
    arrives_on = models.DateField()
    seen_at = models.DateTimeField()

    class Meta:
        """A gateway's payout is booked once."""

        app_label = "payments"
        db_table = "payout"
        indexes = [models.Index(fields=["seller_id", "-arrives_on", "-id"], name="payout_register")]
        constraints = [
            referable("payout"),
            models.UniqueConstraint(fields=["seller_id", "gateway_account", "gateway_ref"], name="payout_once"),
            same_seller("payout", "gateway_account_id", "gateway_account"),
            RowSecurity(name="payout_tenant"),
        ]


class SettlementLine(TenantModel):
    """One movement of the money a gateway holds for us, as the gateway lists it; `payment` is what it is about, once known.

    `kind`: charge, refund, refund_failure, dispute, dispute_reversal, fee, adjustment. Amounts in minor units, as they
    change the balance; `amount_minor - fee_minor` is the net.
    """

    gateway_account = TenantKey("payments.GatewayAccount")
    gateway_ref = models.TextField()
    kind = models.CharField(max_length=20)
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()
    source_ref = models.TextField(default="")
    charge_ref = models.TextField(default="")
    payout_ref = models.TextField(default="")
    payment = TenantKey("payments.Payment", null=True)

    class Meta:
        """Listed once; found by its payout."""

        app_label = "payments"
        db_table = "settlement_line"
        indexes = [
            models.Index(fields=["seller_id", "gateway_account", "payout_ref"], name="settlement_line_of_payout"),
            models.Index(fields=["seller_id", "payment"], name="settlement_line_of_payment"),
        ]
        constraints = [
            referable("settlement_line"),
            models.UniqueConstraint(
                fields=["seller_id", "gateway_account", "gateway_ref"], name="settlement_line_once"
            ),
            same_seller("settlement_line", "gateway_account_id", "gateway_account"),
            same_seller("settlement_line", "payment_id", "payment"),
            RowSecurity(name="settlement_line_tenant"),
        ]


class Break(TenantModel):
    """Something that doesn't match between a gateway and the book: it asks a person.

    `kind` is a stable word (see `compare.py`), `reference` what it is about at the gateway or here. `data` holds the
    figures of both sides. It closes by itself when the next comparison finds it gone.
    """

    gateway_account = TenantKey("payments.GatewayAccount")
    kind = models.CharField(max_length=40)
    reference = models.TextField()
    payment = TenantKey("payments.Payment", null=True)
    data = models.JSONField(default=dict)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.UUIDField(null=True)
    note = models.TextField(default="")

    class Meta:
        """Open once per thing."""

        app_label = "payments"
        db_table = "recon_break"
        indexes = [
            models.Index(
                fields=["seller_id", "-found_at", "-id"], name="recon_break_open", condition=Q(closed_at__isnull=True)
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["seller_id", "gateway_account", "kind", "reference"],
                condition=Q(closed_at__isnull=True),
                name="recon_break_once",
            ),
            same_seller("recon_break", "gateway_account_id", "gateway_account"),
            same_seller("recon_break", "payment_id", "payment"),
            RowSecurity(name="recon_break_tenant"),
            Audited(name="recon_break_audited"),
        ]
