"""What money should do, in plain integers: no database, no clock, no code of the application."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

LIVE = {"reserved", "action_required", "unknown"}


class Refused(Exception):
    """The model says no, with the name of the error that the application must raise."""


@dataclass
class Invoice:
    """What is owed: `open_minor` of `total_minor`. `planned`: an automatic charge of it lives."""

    id: UUID
    total_minor: int
    open_minor: int
    ended: str = ""
    planned: bool = False
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def live(self) -> Attempt | None:
        """The attempt that holds the slot."""
        return next((each for each in self.attempts if each.state in LIVE), None)

    @property
    def phase(self) -> str:
        """The state that counts for the coverage of (state, command)."""
        if self.live:
            return f"{self.live.state}{'' if self.open_minor else ' and paid'}"
        if self.ended:
            return self.ended
        if not self.open_minor:
            return "paid"
        return "open" if self.open_minor == self.total_minor else "part paid"


@dataclass
class Attempt:
    """One try. `bank` is the gateway's side: "" (never heard of it), open, paid, failed, expired."""

    id: UUID
    invoice: Invoice
    amount_minor: int
    saved: bool = False
    automatic: bool = False
    state: str = "reserved"
    bank: str = ""
    is_known: bool = False
    payment: Payment | None = None


@dataclass
class Payment:
    """Money in. `parts` are its standing allocations, oldest first."""

    id: UUID | None
    amount_minor: int
    attempt: Attempt | None = None
    parts: list[tuple[Invoice, int]] = field(default_factory=list)
    reserved_minor: int = 0
    refunded_minor: int = 0
    disputed_minor: int = 0
    lost_minor: int = 0
    refunds: dict[UUID, tuple[int, str]] = field(default_factory=dict)
    dispute: tuple[str, int, int] | None = None

    @property
    def allocated_minor(self) -> int:
        """What it pays now."""
        return sum(amount for _invoice, amount in self.parts)

    @property
    def unapplied_minor(self) -> int:
        """What is free."""
        return self.amount_minor - self.allocated_minor - self.refunded_minor - self.lost_minor

    @property
    def left_minor(self) -> int:
        """What can still go back."""
        gone = self.refunded_minor + self.lost_minor
        return self.amount_minor - self.reserved_minor - self.disputed_minor - gone

    @property
    def phase(self) -> str:
        """The state that counts for the coverage of (state, command)."""
        if self.lost_minor:
            return "lost"
        if self.dispute:
            return "disputed"
        if self.reserved_minor:
            return "refund under way"
        if self.refunded_minor:
            return "refunded"
        return "credit" if self.unapplied_minor else "applied"


def begin(invoice: Invoice, attempt_id: UUID, *, saved: bool = False, automatic: bool = False) -> Attempt:
    """Reserve all that is open."""
    if invoice.open_minor <= 0:
        raise Refused("NothingToPay")
    if invoice.live:
        raise Refused("BeingPaid")
    attempt = Attempt(attempt_id, invoice, invoice.open_minor, saved, automatic)
    invoice.attempts.append(attempt)
    return attempt


def send(attempt: Attempt, *, trouble: str, refuses: bool) -> bool:
    """Ask the gateway, once; True when it was asked."""
    if attempt.state != "reserved":
        return False
    _ask(attempt, trouble=trouble, refuses=refuses)
    return True


def _ask(attempt: Attempt, *, trouble: str, refuses: bool) -> None:
    if trouble != "lost_before" and not attempt.bank:
        attempt.bank = ("failed" if refuses else "paid") if attempt.saved else "open"
    if trouble:
        attempt.state = "unknown"
    else:
        learn(attempt)


def learn(attempt: Attempt) -> None:
    """Hear the gateway's truth about an attempt. Heard again, it ends no plan that was made since."""
    before = attempt.state
    seen = {"": "unknown", "open": "action_required", "paid": "succeeded", "failed": "declined", "expired": "canceled"}
    observed = seen[attempt.bank]
    attempt.is_known = attempt.is_known or bool(attempt.bank)
    if (
        attempt.state in LIVE and not (observed == "unknown" and attempt.state == "action_required")
    ) or observed == "succeeded":
        attempt.state = observed
    if attempt.bank == "paid" and attempt.payment is None:
        attempt.payment = Payment(None, attempt.amount_minor, attempt)
        put(attempt.payment, attempt.invoice, min(attempt.invoice.open_minor, attempt.amount_minor))
    if attempt.payment:
        for refund_id, (amount, state) in list(attempt.payment.refunds.items()):
            if state == "lost_after":
                settle_refund(attempt.payment, refund_id, amount)
    if attempt.automatic and attempt.state == "succeeded" != before:
        attempt.invoice.planned = False


def resolve(attempt: Attempt) -> None:
    """The sweeper: send what was never sent, ask, send again what the gateway never heard of."""
    if attempt.state not in {"reserved", "unknown"}:
        return
    if attempt.bank:
        learn(attempt)
    else:
        attempt.state = "reserved"
        _ask(attempt, trouble="", refuses=False)


def cancel(attempt: Attempt) -> None:
    """Close an open page."""
    if attempt.state not in LIVE:
        return
    if attempt.is_known and attempt.bank == "open":
        attempt.bank = "expired"
    learn(attempt)


def put(payment: Payment, invoice: Invoice, amount_minor: int) -> None:
    """Let a payment pay an invoice."""
    if amount_minor:
        payment.parts.append((invoice, amount_minor))
        invoice.open_minor -= amount_minor


def take_back(payment: Payment, amount_minor: int) -> None:
    """Take money off what it pays, newest first; what is left of a part counts as new."""
    while amount_minor > 0:
        invoice, part = payment.parts.pop()
        taken = min(part, amount_minor)
        amount_minor -= taken
        invoice.open_minor += taken
        if part - taken:
            payment.parts.append((invoice, part - taken))


def free(payment: Payment, amount_minor: int) -> None:
    """Make so much of it unapplied."""
    take_back(payment, max(amount_minor - payment.unapplied_minor, 0))


def ask_refund(payment: Payment, refund_id: UUID, amount_minor: int, *, trouble: str) -> None:
    """Reserve it and order it at the gateway."""
    if not 0 < amount_minor <= payment.left_minor:
        raise Refused("TooMuchBack")
    payment.reserved_minor += amount_minor
    payment.refunds[refund_id] = (amount_minor, trouble)
    if not trouble:
        settle_refund(payment, refund_id, amount_minor)


def settle_refund(payment: Payment, refund_id: UUID, amount_minor: int) -> None:
    """It went through."""
    payment.refunds[refund_id] = (amount_minor, "done")
    payment.reserved_minor -= amount_minor
    free(payment, amount_minor)
    payment.refunded_minor += amount_minor


def resolve_refund(payment: Payment, refund_id: UUID) -> None:
    """Asked about: what got lost on the way back is heard of, what never arrived is ordered again."""
    assert payment.attempt
    learn(payment.attempt)
    amount, state = payment.refunds[refund_id]
    if state == "lost_before":
        settle_refund(payment, refund_id, amount)


def open_dispute(payment: Payment, ref: str, amount_minor: int) -> None:
    """The bank holds what the payment still has, up to this; it is heard of at once."""
    assert payment.attempt
    learn(payment.attempt)
    held = min(amount_minor, payment.left_minor)
    payment.dispute = (ref, amount_minor, held)
    payment.disputed_minor += held


def close_dispute(payment: Payment, *, won: bool) -> None:
    """The bank decided; it is heard of at once."""
    assert payment.attempt
    assert payment.dispute
    learn(payment.attempt)
    _ref, _amount, held = payment.dispute
    payment.dispute = None
    if not won:
        free(payment, held)
    payment.disputed_minor -= held
    if not won:
        payment.lost_minor += held


def void(invoice: Invoice) -> None:
    """Cancel what nobody has paid anything on and nobody is paying."""
    if invoice.ended == "void":
        return
    if invoice.live or invoice.ended or invoice.open_minor < invoice.total_minor:
        raise Refused("NotVoidable")
    invoice.ended, invoice.open_minor = "void", 0


def write_off(invoice: Invoice) -> None:
    """Give up the rest."""
    if invoice.open_minor <= 0:
        raise Refused("NothingToPay")
    invoice.ended, invoice.open_minor = "written off", 0


def allocate(payment: Payment, invoice: Invoice, amount_minor: int) -> None:
    """Put free money onto an invoice."""
    if amount_minor > max(payment.unapplied_minor - payment.reserved_minor, 0):
        raise Refused("NotUnapplied")
    if amount_minor > invoice.open_minor:
        raise Refused("OverAllocated")
    put(payment, invoice, amount_minor)


def move(payment: Payment, invoice: Invoice) -> None:
    """Take the newest part back and put it elsewhere, as far as that owes anything."""
    _from, amount = payment.parts[-1]
    take_back(payment, amount)
    put(payment, invoice, min(amount, invoice.open_minor))
