"""What is due across sellers, and from a link to its seller."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from tallystick.base.crossing import define, define_sweep


class Migration(migrations.Migration):
    """Functions that return ids across sellers."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("payments", "0003_money_that_moves_by_itself")]
    operations: ClassVar[list[migrations.RunSQL]] = [
        define_sweep("due_scheduled_charges", "scheduled_charge", "t.due_at IS NOT NULL"),
        define_sweep("due_refunds", "refund", "t.state IN ('reserved', 'sent', 'unknown', 'processing')"),
        define_sweep("due_disputes", "dispute", "t.due_at IS NOT NULL"),
        define_sweep("due_removals", "payment_method", "t.state = 'removing'"),
        define_sweep("due_comparisons", "gateway_account", "t.due_at IS NOT NULL"),
        define("seller_of_request", "wanted uuid", "uuid", "SELECT seller_id FROM payment_request WHERE id = wanted"),
        define(
            "seller_of_scheduled_charge",
            "wanted uuid",
            "uuid",
            "SELECT seller_id FROM scheduled_charge WHERE id = wanted",
        ),
    ]
