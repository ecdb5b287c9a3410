"""Tells Django about this room."""

from __future__ import annotations

from django.apps import AppConfig


class BroadcastsConfig(AppConfig):
    """The room as a Django app."""

    name = "tallystick.broadcasts"
    label = "broadcasts"
