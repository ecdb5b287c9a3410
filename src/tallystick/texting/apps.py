"""Tells Django about this room."""

from __future__ import annotations

from django.apps import AppConfig


class TextingConfig(AppConfig):
    """The room as a Django app."""

    name = "tallystick.texting"
    label = "texting"
