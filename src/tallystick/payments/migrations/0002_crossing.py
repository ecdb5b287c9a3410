"""Live attempts across sellers, and from a webhook address to its seller."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from tallystick.base.crossing import define, define_sweep


class Migration(migrations.Migration):
    """Functions that return ids across sellers."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("payments", "0001_initial")]
    operations: ClassVar[list[migrations.RunSQL]] = [
        define_sweep(
            "due_attempts",
            "charge_attempt",
            "t.state IN ('reserved', 'sent', 'action_required', 'processing', 'unknown', 'canceling')",
        ),
        define(
            "seller_of_gateway_account",
            "wanted uuid",
            "uuid",
            "SELECT seller_id FROM gateway_account WHERE id = wanted",
        ),
    ]
