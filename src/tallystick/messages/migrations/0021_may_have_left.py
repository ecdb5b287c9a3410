"""A message about which nobody knows whether it left says so."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """False for all that was said before: then nobody wrote it down."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("messages_", "0020_seller_of_message")]
    operations: ClassVar[list[migrations.AddField]] = [
        migrations.AddField("message", "may_have_left", models.BooleanField(default=False)),
    ]
