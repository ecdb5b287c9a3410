"""What the switchboard and the inbox still have to do."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from tallystick.base.crossing import define_sweep


class Migration(migrations.Migration):
    """Functions that return ids across sellers."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("base", "0002_initial")]
    operations: ClassVar[list[migrations.RunSQL]] = [
        define_sweep("due_events", "event", "t.done_at IS NULL"),
        define_sweep("due_inbound_events", "inbound_event", "t.done_at IS NULL"),
    ]
