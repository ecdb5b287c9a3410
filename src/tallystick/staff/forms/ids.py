"""Ids that come with a form or an address."""

from __future__ import annotations

from uuid import UUID

from django.http import QueryDict

from tallystick.base.ids import new_id


def read_id(text: str) -> UUID | None:
    """Return the id that the text is, or None when it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def made_id(posted: QueryDict, name: str = "made_id") -> UUID:
    """Return the id made with the empty form: it comes back with it, so that a second click does nothing more."""
    return read_id(posted.get(name, "")) or new_id()
