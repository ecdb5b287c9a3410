"""The table of what each gateway can do, in docs/guide/gateways.md, made from the providers' own records.

`python -m tallystick.config.capabilities` prints it; a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta

from tallystick.gateways.port import Capabilities
from tallystick.gateways.registry import PROVIDERS

MEANS: Mapping[str, str] = {
    "idempotency_key_ttl": "how long the same key gives the same answer; none: never resent by itself",
    "lookup": "whether an attempt can be found by our own id; `none`: never resent by itself",
    "lookup_lag": "how long something new may stay invisible to that look-up",
    "expires_sessions": "an open page can be closed, and the provider confirms it",
    "signed_webhooks": "webhooks carry a signature; all of them are only a reason to ask",
    "hosted": "the card is typed on the provider's own page",
    "saved_methods": "a card or account can be kept and charged later",
    "partial_refund": "a part can be given back",
    "refund_keys": "a refund carries our id, so that it is never ordered twice",
    "disputes": "disputes are reported",
    "settlements": "payouts can be listed with what they are made of",
    "lists_charges": "all charges can be listed, for the daily comparison",
    "is_delayed": "a success may take days and be taken back: bank debits",
}
MANUAL: Mapping[str, tuple[str, str]] = {
    "bank transfer": ("instructions, RF reference and, in EUR, a code for banking apps on page and PDF", "bank"),
    "cash": ("recorded by hand", "cash"),
    "cheque": ("recorded by hand", "cheques"),
    "card machine": ("recorded by hand", "card_machine"),
}


def capabilities_table() -> str:
    """Return a row per capability, a column per provider; then the ways that need no provider."""
    names = list(PROVIDERS)
    lines = [f"| capability | {' | '.join(names)} | means |", f"| --- |{' --- |' * (len(names) + 1)}"]
    for each in fields(Capabilities):
        shown = [_show(getattr(PROVIDERS[name].capabilities, each.name)) for name in names]
        lines.append(f"| `{each.name}` | {' | '.join(shown)} | {MEANS[each.name]} |")
    lines += ["", "| without a provider | how | account in the book |", "| --- | --- | --- |"]
    lines += [f"| {name} | {how} | `{account}` |" for name, (how, account) in MANUAL.items()]
    return "\n".join(lines)


def _show(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
            if seconds and seconds % size == 0:
                return f"{seconds // size} {unit}"
        return f"{seconds} s"
    return "none" if value is None else f"`{value}`"


if __name__ == "__main__":
    print(capabilities_table())
