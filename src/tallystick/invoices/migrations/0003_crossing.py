"""From a link to the seller."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from tallystick.base.crossing import define


class Migration(migrations.Migration):
    """Functions that return ids across sellers."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("invoices", "0002_sealed")]
    operations: ClassVar[list[migrations.RunSQL]] = [
        define(
            "seller_of_invoice",
            "wanted uuid",
            "uuid",
            "SELECT seller_id FROM invoice WHERE id = wanted",
        ),
    ]
