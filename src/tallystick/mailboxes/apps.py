"""Tells Django about this room."""

from __future__ import annotations

from django.apps import AppConfig


class MailboxesConfig(AppConfig):
    """The room as a Django app."""

    name = "tallystick.mailboxes"
    label = "mailboxes"
