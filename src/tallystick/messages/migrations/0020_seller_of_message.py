"""From a message's signed mark to its seller."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from tallystick.base.crossing import define


class Migration(migrations.Migration):
    """A function that returns an id across sellers."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("messages_", "0004_outcomes_sms_reminders")]
    operations: ClassVar[list[migrations.RunSQL]] = [
        define("seller_of_message", "wanted uuid", "uuid", "SELECT seller_id FROM message WHERE id = wanted"),
    ]
