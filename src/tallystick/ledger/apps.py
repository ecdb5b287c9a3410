"""Tells Django about this room."""

from __future__ import annotations

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The room as a Django app."""

    name = "tallystick.ledger"
    label = "ledger"
