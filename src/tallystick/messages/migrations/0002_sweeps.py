"""The outbox, across sellers."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from tallystick.base.crossing import define_sweep


class Migration(migrations.Migration):
    """Functions that return ids across sellers."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("messages_", "0001_initial")]
    operations: ClassVar[list[migrations.RunSQL]] = [
        define_sweep("due_messages", "message", "t.state IN ('queued', 'sending')"),
    ]
