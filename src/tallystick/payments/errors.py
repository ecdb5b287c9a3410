"""What can go wrong with money, each with a stable code."""

from __future__ import annotations


class PaymentError(Exception):
    """A verb of this room refused."""

    code = "payment"


class NothingToPay(PaymentError):
    """The invoice is paid, void or a draft."""

    code = "nothing_to_pay"


class AmountRefused(PaymentError):
    """More than is open, or less than the seller takes at once. `least_minor` and `most_minor` bound it."""

    code = "amount_refused"

    def __init__(self, least_minor: int, most_minor: int) -> None:
        """Keep the bounds for the door."""
        super().__init__(f"{least_minor}..{most_minor}")
        self.least_minor, self.most_minor = least_minor, most_minor


class BeingPaid(PaymentError):
    """A charge attempt on this invoice is still live; `attempt_id` is it. Two can't be."""

    code = "being_paid"

    def __init__(self, attempt_id: object) -> None:
        """Keep the live attempt for the door."""
        super().__init__(str(attempt_id))
        self.attempt_id = attempt_id


class NoSuchGateway(PaymentError):
    """The way to pay is gone or switched off."""

    code = "no_such_gateway"


class NoSuchPayment(PaymentError):
    """There is no such payment at this seller."""

    code = "no_such_payment"


class NotUnapplied(PaymentError):
    """There isn't that much unapplied money."""

    code = "not_unapplied"
