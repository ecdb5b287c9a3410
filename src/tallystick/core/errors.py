"""What the core refuses, and why: one small tree. `code` is stable, for APIs; the text is for people."""

from __future__ import annotations

from typing import ClassVar


class CoreError(ValueError):
    """A value or a request that breaks a rule of arithmetic or policy."""

    code: ClassVar[str] = "core"


class InvalidAmount(CoreError):
    """Not a usable number: NaN, infinite, too many digits, or of the wrong sign."""

    code = "invalid_amount"


class AmountTooLarge(InvalidAmount):
    """Beyond `money.MAX_MINOR`, in either direction."""

    code = "amount_too_large"


class UnknownCurrency(CoreError):
    """Not three capital letters, as ISO 4217 wants."""

    code = "unknown_currency"


class CurrencyMismatch(CoreError):
    """Two currencies in one sum or comparison."""

    code = "currency_mismatch"


class InvalidWeights(CoreError):
    """Nothing to split by: no weight at all, or a negative one."""

    code = "invalid_weights"


class InvalidTax(CoreError):
    """A category outside UNCL5305, or a rate that the category forbids."""

    code = "invalid_tax"


class InvalidAdjustment(CoreError):
    """An allowance or charge that is ambiguous, negative, or whose tax stands in the wrong place."""

    code = "invalid_adjustment"


class InvalidLine(CoreError):
    """A line with a negative price (BR-27) or a base quantity that isn't positive."""

    code = "invalid_line"


class InvalidDocument(CoreError):
    """A document whose own settings contradict each other."""

    code = "invalid_document"


class EmptyDocument(InvalidDocument):
    """A document without lines (BR-16)."""

    code = "empty_document"


class InvalidTerms(CoreError):
    """Payment terms that can't be turned into dates and amounts."""

    code = "invalid_terms"


class InvalidRecurrence(CoreError):
    """An unknown unit, a step below one, or a date outside the calendar."""

    code = "invalid_recurrence"


class InvalidAllocation(CoreError):
    """An open item listed twice."""

    code = "invalid_allocation"


class OverAllocated(InvalidAllocation):
    """More than an item owes, or more than there is to give."""

    code = "over_allocated"


class InvalidPattern(CoreError):
    """A number pattern that could repeat itself, or that isn't safe in a file name or URL."""

    code = "invalid_pattern"


class InvalidReference(CoreError):
    """A text that leaves nothing, or too much, for an ISO 11649 reference."""

    code = "invalid_reference"


class BrokenIdentity(CoreError):
    """The core's own proof failed: figures that must add up do not. A bug, never a user's mistake."""

    code = "broken_identity"
