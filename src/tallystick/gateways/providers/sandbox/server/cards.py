"""The magic cards: what each number does. Any other number is refused, so that no real card is ever typed in here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Card:
    """`outcome`: approve, decline, challenge (3-D Secure), delay (processing, then `settles_as`), dispute, slow.

    `once_saved` is the outcome of later charges, when it differs: decline (with `code`; only the first `declines`
    times, if that isn't 0) or challenge.
    """

    number: str
    outcome: str
    code: str = ""
    settles_as: str = "succeeded"
    once_saved: str = ""
    declines: int = 0

    @property
    def brand(self) -> str:
        """The card's brand, by its first digit."""
        return "Mastercard" if self.number.startswith("5") else "Visa"

    @property
    def label(self) -> str:
        """What may be shown and stored: brand and last four."""
        return f"{self.brand} ···· {self.number[-4:]}"

    @property
    def spaced(self) -> str:
        """The number in groups of four."""
        return " ".join(self.number[i : i + 4] for i in range(0, len(self.number), 4))

    @property
    def meaning(self) -> str:
        """The key of the words that say what it does."""
        if self.once_saved:
            return f"card_later_{self.code or self.once_saved}" + ("_at_first" if self.declines else "")
        return f"card_{self.code or self.outcome}"

    def charge_outcome(self, times_tried: int) -> str:
        """What a charge of the saved card does, after so many charges of it."""
        if self.declines and times_tried >= self.declines:
            return self.outcome
        return self.once_saved or self.outcome


MAGIC_CARDS = (
    Card("4242424242424242", "approve"),
    Card("5555555555554444", "approve"),
    Card("4000000000003220", "challenge"),
    Card("4000000000000002", "decline", "generic_decline"),
    Card("4000000000009995", "decline", "insufficient_funds"),
    Card("4000000000000069", "decline", "expired_card"),
    Card("4000000000000127", "decline", "incorrect_cvc"),
    Card("4000000000009987", "decline", "lost_card"),
    Card("4000000000009979", "decline", "stolen_card"),
    Card("4000000000001109", "decline", "do_not_honor"),
    Card("4000000000002206", "delay"),
    Card("4000000000003303", "delay", "payment_failed", settles_as="declined"),
    Card("4000000000000259", "dispute"),
    Card("4000000000004400", "slow"),
    Card("4000000000000341", "approve", "insufficient_funds", once_saved="decline"),
    Card("4000000000000358", "approve", "insufficient_funds", once_saved="decline", declines=2),
    Card("4000000000000366", "approve", "expired_card", once_saved="decline"),
    Card("4000000000000374", "approve", "stolen_card", once_saved="decline"),
    Card("4000000000000382", "approve", once_saved="challenge"),
)
BY_NUMBER = {card.number: card for card in MAGIC_CARDS}

# code: class, message of the API (pages have words of their own)
DECLINES = {
    "generic_decline": ("try_later", "The bank declined the card."),
    "insufficient_funds": ("try_later", "There isn't enough money on the card."),
    "payment_failed": ("try_later", "The payment didn't go through at the bank."),
    "expired_card": ("try_later", "The card has expired."),
    "incorrect_cvc": ("needs_customer", "The security code is wrong."),
    "authentication_failed": ("needs_customer", "The payer didn't confirm the payment with the bank."),
    "authentication_required": ("needs_customer", "The bank wants the payer to confirm this payment."),
    "lost_card": ("never_again", "The card was reported lost."),
    "stolen_card": ("never_again", "The card was reported stolen."),
    "do_not_honor": ("never_again", "The bank won't honour this card."),
}


def passes_luhn(number: str) -> bool:
    """Whether the check digit fits."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
