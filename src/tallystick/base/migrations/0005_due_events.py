"""A fact that was put off is due again when its time comes."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from tallystick.base.crossing import define_sweep

DUE_EVENTS = define_sweep("due_events", "event", "t.done_at IS NULL")


class Migration(migrations.Migration):
    """`due_events` compared a fact's due time with the fact's own `at`, not with its argument of that name."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("base", "0004_subject")]
    operations: ClassVar[list[migrations.RunSQL]] = [
        migrations.RunSQL(DUE_EVENTS.reverse_sql, DUE_EVENTS.sql),
        DUE_EVENTS,
    ]
