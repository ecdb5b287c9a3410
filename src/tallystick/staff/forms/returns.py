"""Forms about money that goes back, moves, is given up or is explained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tallystick.core.money import to_decimal
from tallystick.invoices.models import Invoice
from tallystick.payments.models import Payment
from tallystick.staff.forms import choices
from tallystick.staff.forms.numbers import plain_number
from tallystick.staff.forms.typed import Line, Number, Prose, to_minor_exactly
from tallystick.staff.words import money_text

TO_CREDIT = "credit"


class RefundForm(forms.Form):
    """How much of a payment goes back, how, and why."""

    amount = Number(label=gettext_lazy("Amount to give back"))
    method = forms.ChoiceField(label=gettext_lazy("How it goes back"))
    reason = Line(
        label=gettext_lazy("Reason"),
        max_length=200,
        help_text=gettext_lazy("For your own books. The customer is emailed about the refund, without it."),
    )

    def __init__(self, *args: Any, payment: Payment, left_minor: int, provider: str, **kwargs: Any) -> None:
        """Offer the payment's own way first; what came through a provider may be given back by hand too."""
        start = {"amount": plain_number(to_decimal(left_minor, payment.currency)), "method": payment.method}
        kwargs["initial"] = {**start, **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
        self.payment, self.left_minor = payment, left_minor
        own = [("gateway", _("Through %(provider)s, to the card or account it came from") % {"provider": provider})]
        self.fields["method"].choices = [*(own if provider else []), *choices.methods()]  # type: ignore[attr-defined]
        self.fields["amount"].label = _("Amount to give back in %(currency)s") % {"currency": payment.currency}
        self.fields["amount"].widget.attrs["class"] = "num"

    def clean_amount(self) -> int:
        """Return minor units, within what is left."""
        minor = to_minor_exactly(self.cleaned_data["amount"], self.payment.currency)
        if minor <= 0:
            raise ValidationError(_("An amount to give back is above zero."))
        if minor > self.left_minor:
            raise ValidationError(too_much(self.left_minor, self.payment.currency))
        return minor


def too_much(left_minor: int, currency: str) -> str:
    """Say that more was asked back than there is."""
    return _("Only %(left)s of this payment is left to give back. Nothing was sent.") % {
        "left": money_text(left_minor, currency)
    }


class MoveForm(forms.Form):
    """Where money that pays one invoice goes instead."""

    to = forms.ChoiceField(
        label=gettext_lazy("Move it to"),
        error_messages={
            "required": gettext_lazy("Choose where it goes."),
            "invalid_choice": gettext_lazy("That invoice is paid or gone by now. Choose another."),
        },
    )

    def __init__(self, *args: Any, invoices: Sequence[Invoice], **kwargs: Any) -> None:
        """Offer the customer's credit, and the other open invoices."""
        super().__init__(*args, **kwargs)
        text = _("%(number)s, %(open)s open")
        others = [
            (str(i.id), text % {"number": i.number, "open": money_text(i.open_minor, i.currency)}) for i in invoices
        ]
        self.fields["to"].choices = [*others, (TO_CREDIT, _("Back to the customer's credit"))]  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    """Why something is given up."""

    reason = Line(label=gettext_lazy("Reason"), max_length=200, help_text=gettext_lazy("It stays in the books."))


class NoteForm(forms.Form):
    """What a person found out about something that didn't match."""

    note = Prose(
        label=gettext_lazy("What it is"),
        max_length=2000,
        rows=3,
        help_text=gettext_lazy("Whoever looks at the books next reads this."),
    )
