"""What a payment provider can do, in plain words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tallystick.gateways.port import Capabilities


def abilities(can: Capabilities) -> list[tuple[bool, str]]:
    """Return each thing a seller cares about, and whether this provider can do it. See docs/guide/gateways.md."""
    return [
        (can.hosted, _("The customer types the card on the provider's own page")),
        (can.saved_methods, _("Cards and accounts are kept and charged later")),
        (can.partial_refund, _("Refunds, in part or whole, start here")),
        (can.disputes, _("Disputes show up here")),
        (can.settlements, _("Payouts and fees are booked by themselves")),
        (can.lists_charges, _("Every day all charges are compared, both ways")),
        (can.lookup == "by_ref", _("A payment without an answer is found by our own number")),
        (not can.is_delayed, _("A success is final at once; bank debits can come back for days")),
    ]
