"""Pages of charging: kept cards, planned charges, the terminal, the rules."""

from __future__ import annotations

from django.urls import URLPattern, path

from tallystick.staff.views import cards, charges, plan, rules, terminal

urlpatterns: list[URLPattern] = [
    path("charges", charges.charges, name="charges"),
    path("charges/run", charges.resume_all, name="charges-run"),
    path("charges/<uuid:charge_id>", charges.charge, name="charge"),
    path("charges/<uuid:charge_id>/postpone", charges.postpone, name="charge-postpone"),
    path("charges/<uuid:charge_id>/card", charges.card, name="charge-card"),
    path("charges/<uuid:charge_id>/cancel", charges.cancel, name="charge-cancel"),
    path("charges/<uuid:charge_id>/release", charges.release, name="charge-release"),
    path("charges/<uuid:charge_id>/run", charges.resume, name="charge-run"),
    path("cards/<uuid:method_id>/remove", cards.remove, name="card-remove"),
    path("cards/<uuid:method_id>/autopay", cards.autopay, name="card-autopay"),
    path("customers/<uuid:customer_id>/card", cards.ask, name="card-ask-new"),
    path("cards/asked/<uuid:request_id>", cards.asked, name="card-ask"),
    path("customers/<uuid:customer_id>/autopay/stop", cards.autopay_stop, name="autopay-stop"),
    path("terminal", terminal.terminal, name="terminal"),
    path("terminal/<uuid:request_id>", terminal.ask, name="terminal-ask"),
    path("terminal/<uuid:request_id>/charge", terminal.charge, name="terminal-charge"),
    path("terminal/<uuid:request_id>/check", terminal.check, name="terminal-check"),
    path("terminal/<uuid:request_id>/close", terminal.close, name="terminal-close"),
    path("terminal/<uuid:request_id>/send", terminal.send, name="terminal-send"),
    path("invoices/<uuid:invoice_id>/charge", terminal.invoice, name="invoice-charge"),
    path("invoices/<uuid:invoice_id>/plan", plan.plan, name="charge-plan"),
    path("settings/charging", rules.charging, name="settings-charging"),
]
