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


class BadRules(PaymentError):
    """A rule for charging can't be as it is; `field` names it."""

    code = "bad_rules"

    def __init__(self, field: str) -> None:
        """Keep the field for the door."""
        super().__init__(field)
        self.field = field


class NoSuchMethod(PaymentError):
    """The card or account is gone, or another customer's."""

    code = "no_such_method"


class NoConsent(PaymentError):
    """A method is kept only with the customer's consent."""

    code = "no_consent"


class NoSuchCharge(PaymentError):
    """There is no such scheduled charge, or it has ended."""

    code = "no_such_charge"


class NotSchedulable(PaymentError):
    """This can't be charged later: nothing open, planned already, or a day in the past."""

    code = "not_schedulable"


class NotPostponable(PaymentError):
    """Moved once already, or further than the seller allows; `until` is the last day."""

    code = "not_postponable"

    def __init__(self, until: object) -> None:
        """Keep the last day for the door."""
        super().__init__(str(until))
        self.until = until


class NoSuchRequest(PaymentError):
    """There is no such payment request."""

    code = "no_such_request"


class NothingAsked(PaymentError):
    """A payment request without an open invoice, or over several currencies or customers."""

    code = "nothing_asked"


class NoSuchRefund(PaymentError):
    """There is no such refund waiting."""

    code = "no_such_refund"


class TooMuchBack(PaymentError):
    """More than the payment has left to give back; `left_minor` is that."""

    code = "too_much_back"

    def __init__(self, left_minor: int) -> None:
        """Keep what is left for the door."""
        super().__init__(str(left_minor))
        self.left_minor = left_minor


class SamePerson(PaymentError):
    """Who asked for a refund can't be the one who agrees to it."""

    code = "same_person"


class NotAllocated(PaymentError):
    """There is no such standing allocation."""

    code = "not_allocated"


class NotSmall(PaymentError):
    """More than the seller writes off; `most_minor` is the threshold."""

    code = "not_small"

    def __init__(self, most_minor: int) -> None:
        """Keep the threshold for the door."""
        super().__init__(str(most_minor))
        self.most_minor = most_minor


class CantSave(PaymentError):
    """This gateway keeps no cards or accounts."""

    code = "cant_save"
