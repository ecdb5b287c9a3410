"""Tells Django about this room."""

from __future__ import annotations

from django.apps import AppConfig


class HooksConfig(AppConfig):
    """The room as a Django app."""

    name = "tallystick.hooks"
    label = "hooks"
