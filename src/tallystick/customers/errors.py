"""What can go wrong with a customer, each with a stable code."""

from __future__ import annotations

from collections.abc import Mapping


class CustomerError(Exception):
    """A verb of this room refused. `code` is stable; doors say it in the reader's words."""

    code = "customer"


class InvalidCustomer(CustomerError):
    """Some fields can't stand as they are; `problems` is field → reason, contacts' fields as `contacts.0.email`.

    Reasons: required, too_long, control, email, phone, country, currency, number_taken, and for tax ids tax_length,
    tax_format, tax_checksum, tax_component. Those of tax ids are warnings: saving `tax_ids_as_typed` passes over them.
    """

    code = "invalid_customer"

    def __init__(self, problems: Mapping[str, str], *, at: int = 0) -> None:
        """Keep the problems and which of the customers, counted from 0, has them."""
        super().__init__(", ".join(f"{field}: {reason}" for field, reason in problems.items()))
        self.problems, self.at = dict(problems), at
