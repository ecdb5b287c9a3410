"""Tells Django about this room."""

from __future__ import annotations

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    """The room as a Django app."""

    name = "tallystick.conversations"
    label = "conversations"
