"""Who gets a payment link, this once: one line of addresses per customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tallystick.base.inputs import is_email
from tallystick.staff.forms.compose import MOST_ADDRESSES, split_addresses
from tallystick.staff.forms.typed import Line


class Addresses(Line):
    """Email addresses with commas between them."""

    def clean(self, value: Any) -> list[str]:
        """Return the addresses, each once; refuse what isn't one."""
        found = list(dict.fromkeys(split_addresses(super().clean(value))))
        for address in found:
            if not is_email(address):
                raise ValidationError(_("%(address)s isn't an email address.") % {"address": address[:80]})
        if len(found) > MOST_ADDRESSES:
            raise ValidationError(_("20 addresses are the most for one email."))
        return found


class LinksForm(forms.Form):
    """A field of addresses for each of these customers, filled with those on file."""

    def __init__(
        self, *args: Any, on_file: Mapping[UUID, Sequence[str]], required: bool = False, **kwargs: Any
    ) -> None:
        """Ask for addresses of these customers; unless `required`, an empty line means that nothing is sent."""
        super().__init__(*args, **kwargs)
        self.on_file = on_file
        for customer_id, addresses in on_file.items():
            self.fields[f"to-{customer_id}"] = Addresses(
                label=gettext_lazy("Send to"),
                required=required,
                max_length=2000,
                inputmode="email",
                initial=", ".join(addresses),
                error_messages={"required": gettext_lazy("Say who gets it.")},
            )

    def field_of(self, customer_id: UUID) -> BoundField | None:
        """The field of one customer, or None when nothing can be sent to them."""
        name = f"to-{customer_id}"
        return self[name] if name in self.fields else None

    def why_nobody(self, customer_id: UUID) -> str:
        """Why nobody gets it, by what stands in the field now: no_address on file, emptied by hand, or "" for someone."""
        field = self.field_of(customer_id)
        if field is None or str(field.value() or "").strip():
            return ""
        return "emptied" if self.on_file[customer_id] else "no_address"

    def recipients(self) -> dict[UUID, list[str]]:
        """Return what was typed for each customer. After `is_valid`."""
        return {customer_id: self.cleaned_data[f"to-{customer_id}"] for customer_id in self.on_file}

    def changed_recipients(self) -> dict[UUID, list[str]]:
        """Return what differs from the addresses on file, which are sent to as ever: some as copies."""
        return {key: typed for key, typed in self.recipients().items() if typed != list(self.on_file[key])}
