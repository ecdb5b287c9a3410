"""How this door answers: a word in plain text, for whoever reads a provider's log."""

from __future__ import annotations

from django.http import HttpResponse

MOST_BYTES = 1_000_000


def say(text: str, status: int) -> HttpResponse:
    """Return the answer."""
    return HttpResponse(text, status=status, content_type="text/plain")
