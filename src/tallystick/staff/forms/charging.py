"""Forms about planned charges and the rules they follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tallystick.core.brake import in_hundredths, scaled
from tallystick.core.money import to_decimal
from tallystick.invoices.models import DueItem
from tallystick.payments.models import PaymentMethod
from tallystick.payments.rules import Rules
from tallystick.payments.schedule import Plan
from tallystick.staff.charging import method_name
from tallystick.staff.forms.numbers import plain_number
from tallystick.staff.forms.typed import Day, Line, Number, to_minor_exactly
from tallystick.staff.words import day_text, money_text

PRODUCTION_COMPLETE = "order.completed"
AMOUNTS = ("write_off_minor", "refund_approval_minor", "customer_minor_a_day", "run_floor_minor")


class DayForm(forms.Form):
    """Another day for a charge."""

    until = Day(label=gettext_lazy("Charge it on"))


class CardForm(forms.Form):
    """One of the customer's kept cards."""

    method = forms.ChoiceField(
        label=gettext_lazy("Card or account"), error_messages={"invalid_choice": gettext_lazy("Choose a kept card.")}
    )

    def __init__(self, *args: Any, methods: Sequence[PaymentMethod], **kwargs: Any) -> None:
        """Offer these cards by last four."""
        super().__init__(*args, **kwargs)
        self.fields["method"].choices = [(str(each.id), method_name(each)) for each in methods]  # type: ignore[attr-defined]

    def clean_method(self) -> UUID:
        """Return the card's id."""
        return UUID(self.cleaned_data["method"])


ALL, REST = "all", "rest"
NO_CARD = "later"


class PlanForm(forms.Form):
    """What of an invoice is charged later, when, and to which card."""

    item = forms.ChoiceField(
        label=gettext_lazy("What is charged"),
        error_messages={
            "required": gettext_lazy("Choose what is charged."),
            "invalid_choice": gettext_lazy("That part isn't open any more. Choose another one."),
        },
    )
    trigger = forms.ChoiceField(
        label=gettext_lazy("When"),
        choices=[
            ("date", gettext_lazy("On a day")),
            ("due", gettext_lazy("When it is due")),
            ("event", gettext_lazy("When production is complete")),
        ],
        error_messages={
            "required": gettext_lazy("Choose when."),
            "invalid_choice": gettext_lazy("Choose when."),
        },
    )
    charge_on = Day(label=gettext_lazy("Day"), required=False)
    method = forms.ChoiceField(
        label=gettext_lazy("Card or account"),
        error_messages={
            "required": gettext_lazy("Choose a kept card."),
            "invalid_choice": gettext_lazy("That card isn't kept any more. Choose another one."),
        },
    )

    def __init__(
        self,
        *args: Any,
        items: Sequence[DueItem],
        first_open: UUID,
        methods: Sequence[PaymentMethod],
        currency: str,
        today: date,
        **kwargs: Any,
    ) -> None:
        """Offer these open parts and these cards; `first_open` is the part that the customer would pay first."""
        super().__init__(*args, **kwargs)
        self.items = {str(item.id): item for item in items}
        self.first_open = str(first_open)
        self.today = today
        later = [key for key in self.items if key != self.first_open]
        self.groups = {**{key: [key] for key in self.items}, ALL: list(self.items), REST: later}
        named = [(key, _part_name(item, currency, today)) for key, item in self.items.items()]
        if len(later) > 1:
            named.append((REST, _("All but the first part, %(amount)s") % {"amount": self._sum(REST, currency)}))
        if len(self.items) > 1:
            named.append((ALL, _("All that is open, %(amount)s") % {"amount": self._sum(ALL, currency)}))
        cards = [(str(each.id), method_name(each)) for each in methods]
        if later:
            cards.append((NO_CARD, _("The card the customer keeps when paying the first part")))
        self.fields["item"].choices = named  # type: ignore[attr-defined]
        self.fields["method"].choices = cards  # type: ignore[attr-defined]
        self.initial = {
            "item": REST if len(later) > 1 else later[0] if later else self.first_open,
            "trigger": "date",
            "method": cards[0][0] if cards else "",
            **self.initial,
        }

    def _sum(self, group: str, currency: str) -> str:
        return money_text(sum(self.items[key].open_minor for key in self.groups[group]), currency)

    def clean(self) -> dict[str, Any]:
        """Ask for a day when one is needed, and leave the customer a part to pay first when the card comes with it."""
        data = super().clean() or {}
        if data.get("trigger") == "date" and "charge_on" not in self.errors:
            if data.get("charge_on") is None:
                self.add_error("charge_on", _("Say on which day."))
            elif data["charge_on"] < self.today:
                self.add_error("charge_on", _("Choose today or a later day."))
        if data.get("method") == NO_CARD and self.first_open in self.groups.get(data.get("item", ""), ()):
            self.add_error(
                "item",
                _("The customer keeps a card by paying the first part. Choose a later part, or a card kept already."),
            )
        return data

    def chosen(self) -> list[DueItem]:
        """Return the parts to charge. After `is_valid`."""
        return [self.items[key] for key in self.groups[self.cleaned_data["item"]]]

    def plan(self, plan_id: UUID, item: DueItem) -> Plan:
        """Return the plan of one part as the verb takes it."""
        data = self.cleaned_data
        is_event = data["trigger"] == "event"
        return Plan(
            part_id(plan_id, item.id),
            item.id,
            data["trigger"],
            charge_on=data["charge_on"] if data["trigger"] == "date" else None,
            event=PRODUCTION_COMPLETE if is_event else "",
            payment_method_id=None if data["method"] == NO_CARD else UUID(data["method"]),
        )


def part_id(plan_id: UUID, due_item_id: UUID) -> UUID:
    """Return the id of one part's charge: the same for the same form, however often it is sent."""
    return uuid5(plan_id, str(due_item_id))


def _part_name(item: DueItem, currency: str, today: date) -> str:
    kinds = {"deposit": _("Deposit"), "balance": _("Balance")}
    said = {
        "part": kinds.get(item.kind, _("Instalment")),
        "amount": money_text(item.open_minor, currency),
        "day": day_text(item.due_on, today),
    }
    return _("%(part)s of %(amount)s, due %(day)s") % said


def _count(label: Any, help_text: Any) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
    return forms.IntegerField(label=label, help_text=help_text, min_value=0, max_value=10_000, widget=widget)


class RulesForm(forms.Form):
    """How the seller charges and gives back by itself."""

    notice_days = _count(
        gettext_lazy("Days of notice"),
        gettext_lazy("How long before an automatic charge the customer is told. Usually 3. 0: no notice."),
    )
    postpone_days = _count(
        gettext_lazy("Days a customer may postpone"),
        gettext_lazy("Once per charge, from the notice. Usually 7. 0: not at all."),
    )
    retry_days = Line(
        label=gettext_lazy("Try again after days"),
        max_length=60,
        required=False,
        help_text=gettext_lazy(
            "Counted from the first failure. Usually 1, 3, 5, 7. Empty: not tried again, the customer gets a link."
        ),
    )
    requests_take_parts = forms.BooleanField(
        label=gettext_lazy("Customers may pay a part of a link for several invoices"), required=False
    )
    write_off_minor = Number(label=gettext_lazy("Small rest that may be written off"))
    refund_approval_minor = Number(label=gettext_lazy("Refunds above this need a second person"))
    customer_charges_a_day = _count(
        gettext_lazy("Automatic charges per customer and day"),
        gettext_lazy("One more stops and asks a person. Usually 5. 0: no limit."),
    )
    customer_minor_a_day = Number(label=gettext_lazy("Amount per customer and day"))
    run_factor = _count(
        gettext_lazy("Times the usual day"),
        gettext_lazy("A day that would charge more than so many times the usual stops. Usually 3."),
    )
    run_floor_minor = Number(label=gettext_lazy("A day's charges never stop below"))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        """Read and explain amounts in the seller's currency, with the decimals it has."""
        super().__init__(*args, **kwargs)
        self.currency = currency
        hints = {
            "write_off_minor": _("Usually %(amount)s. Above it only those who keep the books may."),
            "refund_approval_minor": _("Usually %(amount)s. 0: always."),
            "customer_minor_a_day": _("In %(currency)s. More stops and asks a person. Usually 0: no limit."),
            "run_floor_minor": _("Usually %(amount)s. Protects small days from false alarms."),
        }
        for name, hint in hints.items():
            usual = money_text(scaled(getattr(Rules(), name), currency), currency)
            self.fields[name].help_text = hint % {"amount": usual, "currency": currency}

    def clean_retry_days(self) -> tuple[int, ...]:
        """Return the days as numbers."""
        text = self.cleaned_data["retry_days"].replace(";", ",")
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if any(not (part.isascii() and part.isdigit() and len(part) <= 3) for part in parts):
            raise ValidationError(_("Write days with commas between them, like 1, 3, 5, 7."))
        return tuple(int(part) for part in parts)

    def clean(self) -> dict[str, Any]:
        """Turn amounts into hundredths, as the rules keep them for every currency."""
        data = super().clean() or {}
        for name in AMOUNTS:
            if data.get(name) is None:
                continue
            try:
                data[name] = in_hundredths(to_minor_exactly(data[name], self.currency), self.currency)
            except ValidationError as error:
                self.add_error(name, error)
            except ValueError:
                self.add_error(name, _("Rules are kept in hundredths. Write two decimals at most."))
            else:
                if not 0 <= data[name] < 2**40:
                    self.add_error(name, _("An amount here is 0 or more, and no larger than can be booked."))
        return data

    def rules(self) -> Rules:
        """Return what was typed as the verb takes it."""
        return Rules(**{name: self.cleaned_data[name] for name in asdict(Rules())})


def rules_fields(kept: Rules, currency: str) -> dict[str, Any]:
    """Return the rules in force as the form shows them, amounts in the seller's currency."""
    values = asdict(kept)
    amounts = {name: plain_number(to_decimal(scaled(values[name], currency), currency)) for name in AMOUNTS}
    return {**values, **amounts, "retry_days": ", ".join(str(day) for day in kept.retry_days)}
