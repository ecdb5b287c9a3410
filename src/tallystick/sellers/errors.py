"""What can go wrong with a seller, its settings and its people, each with a stable code."""

from __future__ import annotations

from collections.abc import Mapping


class SellerError(Exception):
    """A verb of this room refused. `code` is stable; doors say it in the reader's words."""

    code = "seller"


class SlugTaken(SellerError):
    """Another seller has this address."""

    code = "slug_taken"


class InvalidSettings(SellerError):
    """Some settings can't stand as they are; `problems` is field → reason.

    Reasons: required, too_long, control, country, currency, email, phone, time_zone, language, terms, percent, colour,
    iban_length, iban_format, iban_checksum, bic, host, port, security, password.
    """

    code = "invalid_settings"

    def __init__(self, problems: Mapping[str, str]) -> None:
        """Keep the problems for the door."""
        super().__init__(", ".join(f"{field}: {reason}" for field, reason in problems.items()))
        self.problems = dict(problems)


class InvalidLogo(SellerError):
    """The file can't be the logo; `reason` is one of too_big, svg, not_an_image, too_many_pixels."""

    code = "invalid_logo"

    def __init__(self, reason: str) -> None:
        """Keep the reason for the door."""
        super().__init__(reason)
        self.reason = reason


class NoSuchMember(SellerError):
    """Nobody like that works here."""

    code = "no_such_member"


class LastAdmin(SellerError):
    """Somebody has to be able to let people in."""

    code = "last_admin"


class AlreadyMember(SellerError):
    """The address belongs to an active member."""

    code = "already_member"


class InvitationClosed(SellerError):
    """The link doesn't open anything; `reason` is one of unknown, expired, withdrawn, accepted."""

    code = "invitation_closed"

    def __init__(self, reason: str) -> None:
        """Keep the reason for the door."""
        super().__init__(reason)
        self.reason = reason


class SignInFirst(SellerError):
    """The invited address has an account: its owner accepts while signed in to it."""

    code = "sign_in_first"


class UnknownRole(SellerError):
    """No such role."""

    code = "unknown_role"
