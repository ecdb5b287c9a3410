"""Settings: the rules for charging and giving back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _

from tallystick.base.tenant import tx
from tallystick.payments.errors import BadRules
from tallystick.payments.rules import rules, save_rules
from tallystick.sellers.roles import SETTINGS
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.charging import RulesForm, rules_fields
from tallystick.staff.views.answer import REFUSED, go
from tallystick.staff.views.settings import settings_page


def _refusal(field: str) -> str:
    words = {
        "notice_days": _("From 0 to 30 days."),
        "postpone_days": _("From 0 to 60 days."),
        "run_factor": _("From 1 to 100 times."),
        "retry_days": _("Up to 8 days between 1 and 60, each later than the one before, like 1, 3, 5, 7."),
    }
    return words.get(field, _("This can't be below zero."))


@door(SETTINGS, "GET", "POST")
def charging(request: StaffRequest) -> HttpResponse:
    """Show and change the rules for charging."""
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        currency = desk.seller.currency
        initial = rules_fields(rules(), currency)
    posted = request.POST if request.method == "POST" else None
    form = RulesForm(posted, initial=initial, currency=currency)
    if posted is not None and form.is_valid():
        try:
            save_rules(**desk.acting(), wanted=form.rules())
        except BadRules as error:
            form.add_error(error.field if error.field in form.fields else None, _refusal(error.field))
        else:
            messages.success(request, _("Saved. Charges follow it from now on."))
            return go(request, "settings-charging")
    return settings_page(
        request, "settings_charging", "settings-charging", status=REFUSED if posted is not None else 200, form=form
    )
