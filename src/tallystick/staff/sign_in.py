"""How people sign in: by email and password through allauth, with a second factor; accounts come by invitation only."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Our manners for allauth."""

    def is_open_for_signup(self, request: Any) -> bool:
        """Refuse open sign-up: people are invited by a seller."""
        return False
