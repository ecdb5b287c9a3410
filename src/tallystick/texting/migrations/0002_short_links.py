"""Finding a short link across sellers: ids and no more."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from tallystick.base.crossing import define


class Migration(migrations.Migration):
    """One function."""

    dependencies: ClassVar = [("texting", "0001_initial")]

    operations: ClassVar = [
        define(
            "find_short_link",
            "wanted text",
            "TABLE (kind text, row_id uuid, version integer)",
            "SELECT s.kind::text, s.row_id, s.version FROM short_link s WHERE s.code = wanted",
        )
    ]
