"""From a slug, a person or an invitation to the seller."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from tallystick.base.crossing import define


class Migration(migrations.Migration):
    """Functions that return ids across sellers."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("sellers", "0001_initial")]
    operations: ClassVar[list[migrations.RunSQL]] = [
        define(
            "seller_of_slug",
            "wanted text",
            "uuid",
            "SELECT id FROM seller WHERE slug = wanted",
        ),
        define("all_sellers", "", "SETOF uuid", "SELECT id FROM seller ORDER BY id"),
        define(
            "seller_of_invitation",
            "wanted uuid",
            "uuid",
            "SELECT seller_id FROM invitation WHERE id = wanted",
        ),
        define(
            "memberships_of",
            "person uuid",
            "TABLE (seller_id uuid, slug varchar, name varchar, role varchar, time_zone varchar)",
            "SELECT m.seller_id, s.slug, s.name, m.role, s.time_zone FROM member m JOIN seller s ON s.id = m.seller_id "
            "WHERE m.user_id = person AND m.is_active ORDER BY s.name, s.id",
        ),
    ]
