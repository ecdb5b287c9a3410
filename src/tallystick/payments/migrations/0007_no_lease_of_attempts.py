"""An attempt's lease is its `due_at`; a second column for it was never read."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    """One column fewer."""

    dependencies = [("payments", "0006_ask_for_a_card")]
    operations = [migrations.RemoveField("chargeattempt", "lease_until")]
