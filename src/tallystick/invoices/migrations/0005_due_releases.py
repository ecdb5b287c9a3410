"""Drafts whose day has begun, across sellers."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from tallystick.base.crossing import define


class Migration(migrations.Migration):
    """A function that returns ids across sellers."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("invoices", "0004_release")]
    operations: ClassVar[list[migrations.RunSQL]] = [
        define(
            "due_releases",
            "at timestamptz, most integer, only_seller uuid",
            "TABLE (seller_id uuid, id uuid)",
            "SELECT t.seller_id, t.id FROM invoice t WHERE t.number IS NULL AND t.release_at <= at "
            "AND (only_seller IS NULL OR t.seller_id = only_seller) ORDER BY t.release_at, t.id LIMIT most",
        ),
    ]
