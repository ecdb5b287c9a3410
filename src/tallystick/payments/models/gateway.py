"""Accounts at payment providers."""

from __future__ import annotations

from django.db import models

from tallystick.base.schema import Audited, RowSecurity, Swept, TenantModel, referable


class GatewayAccount(TenantModel):
    """A seller's account at a payment provider; its keys are encrypted.

    `code` names its clearing account in the book. `compared_until` is up to when its lists were compared with the book;
    `due_at` is when they are compared next.
    """

    provider = models.CharField(max_length=30)
    code = models.CharField(max_length=40)
    label = models.CharField(max_length=80)
    sealed_config = models.BinaryField()
    is_enabled = models.BooleanField(default=True)
    position = models.SmallIntegerField(default=0)
    created_at = models.DateTimeField()
    compared_until = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)

    class Meta:
        """Audited without its keys (see the trigger)."""

        app_label = "payments"
        db_table = "gateway_account"
        constraints = [
            referable("gateway_account"),
            models.UniqueConstraint(fields=["seller_id", "code"], name="gateway_account_code"),
            RowSecurity(name="gateway_account_tenant"),
            Audited(name="gateway_account_audited"),
            Swept(name="gateway_account_swept"),
        ]
