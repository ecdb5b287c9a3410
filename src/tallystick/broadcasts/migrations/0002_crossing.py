"""What the sweep and the link to unsubscribe look up across sellers: ids only."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from tallystick.base.crossing import define, define_sweep


class Migration(migrations.Migration):
    """Two functions."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("broadcasts", "0001_initial")]
    operations: ClassVar[list[migrations.RunSQL]] = [
        define_sweep("due_broadcasts", "broadcast", "t.state IN ('scheduled', 'running')"),
        define(
            "seller_of_broadcast_recipient",
            "wanted uuid",
            "uuid",
            "SELECT seller_id FROM broadcast_recipient WHERE id = wanted",
        ),
    ]
