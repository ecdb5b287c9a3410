"""Items and tax rates."""

from __future__ import annotations

from django.db import models

from tallystick.base.schema import Audited, RowSecurity, TenantKey, TenantModel, referable, same_seller


class TaxRate(TenantModel):
    """A rate with its EN 16931 category (UNCL5305); `note` is the legal reason printed for exempt ones."""

    name = models.CharField(max_length=60)
    category = models.CharField(max_length=2)
    percent = models.DecimalField(max_digits=7, decimal_places=4)
    note = models.CharField(max_length=300, blank=True)
    is_default = models.BooleanField(default=False)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        """At most one default per seller."""

        app_label = "catalog"
        db_table = "tax_rate"
        constraints = [
            referable("tax_rate"),
            models.UniqueConstraint(
                fields=["seller_id"], condition=models.Q(is_default=True), name="tax_rate_one_default"
            ),
            RowSecurity(name="tax_rate_tenant"),
            Audited(name="tax_rate_audited"),
        ]


class Item(TenantModel):
    """Something sold again and again; picked by its code while typing an invoice."""

    code = models.CharField(max_length=40)
    name = models.CharField(max_length=300)
    detail = models.CharField(max_length=300, blank=True)
    unit = models.CharField(max_length=20, blank=True)
    unit_price = models.DecimalField(max_digits=18, decimal_places=6)
    currency = models.CharField(max_length=3)
    tax_rate = TenantKey("catalog.TaxRate", null=True)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        """A code names one item."""

        app_label = "catalog"
        db_table = "item"
        constraints = [
            models.UniqueConstraint(fields=["seller_id", "code"], name="item_code_once"),
            same_seller("item", "tax_rate_id", "tax_rate"),
            RowSecurity(name="item_tenant"),
        ]
