"""How a seller texts, and what short links stand for."""

from __future__ import annotations

from datetime import time

from django.db import models

from tallystick.base.schema import RowSecurity, Swept, TenantModel


class SmsRoute(TenantModel):
    """How a seller's texts go out: the provider, whom they come from, and when nobody is texted (quiet hours, in the
    customer's zone; none when both times are the same). The provider's keys are encrypted."""

    kind = models.CharField(max_length=20)
    sender = models.CharField(max_length=40, default="")
    sealed_options = models.BinaryField()
    quiet_from = models.TimeField(default=time(20))
    quiet_until = models.TimeField(default=time(8))

    class Meta:
        """One route per seller; without a row nothing is texted."""

        app_label = "texting"
        db_table = "sms_route"
        constraints = [
            models.UniqueConstraint(fields=["seller_id"], name="sms_route_once"),
            RowSecurity(name="sms_route_tenant"),
        ]


class ShortLink(TenantModel):
    """A code in the place of a page's address: which kind of page, of which row, at which link version. No token is kept."""

    code = models.CharField(max_length=12, unique=True)
    kind = models.CharField(max_length=12)
    row_id = models.UUIDField()
    version = models.PositiveIntegerField()

    class Meta:
        """Found by its code, across sellers, through `short_link`."""

        app_label = "texting"
        db_table = "short_link"
        constraints = [RowSecurity(name="short_link_tenant"), Swept(name="short_link_swept")]
