"""Mailboxes to look into and mail to act on, across sellers; and from a mailbox's address to its seller."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

from tallystick.base.crossing import define, define_sweep


class Migration(migrations.Migration):
    """Functions that return ids across sellers."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("mailboxes", "0001_initial")]
    operations: ClassVar[list[migrations.RunSQL]] = [
        define_sweep("due_mailboxes", "mailbox", "true"),
        define_sweep("due_incoming_messages", "incoming_message", "t.state = 'waiting'"),
        define("seller_of_mailbox", "wanted uuid", "uuid", "SELECT seller_id FROM mailbox WHERE id = wanted"),
    ]
