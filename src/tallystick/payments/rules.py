"""How a seller charges and gives back by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from tallystick.base import events, tenant
from tallystick.base.ids import new_id
from tallystick.core.retry import is_schedule
from tallystick.payments.errors import BadRules
from tallystick.payments.models import ChargeRules


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force. Days are calendar days; amounts in hundredths (`core.brake.scaled`); a cap of 0 means none.

    `notice_days`: notice before an automatic charge, 0 for none. `postpone_days`: how far a customer may move one, once.
    `retry_days`: days after the first failure. `write_off_minor`: the rest that may be written off without a reason of
    its own. `refund_approval_minor`: above this a second person agrees. The others are the brake (`core.brake`).
    """

    notice_days: int = 3
    postpone_days: int = 7
    retry_days: tuple[int, ...] = (1, 3, 5, 7)
    requests_take_parts: bool = True
    write_off_minor: int = 500
    refund_approval_minor: int = 100_000
    customer_charges_a_day: int = 5
    customer_minor_a_day: int = 0
    run_factor: int = 3
    run_floor_minor: int = 1_000_000


def rules() -> Rules:
    """Return the current seller's rules. Inside `tenant.tx`; one query."""
    row = ChargeRules.objects.first()
    if row is None:
        return Rules()
    kept = {name: getattr(row, name) for name in asdict(Rules())}
    return Rules(**{**kept, "retry_days": tuple(row.retry_days)})


def save_rules(*, seller_id: UUID, wanted: Rules, now: datetime, actor_id: UUID | None = None) -> None:
    """Keep a seller's rules. Raises BadRules, naming the field."""
    _check(wanted)
    with tenant.tx(seller_id, actor_id=actor_id):
        values = {**asdict(wanted), "retry_days": list(wanted.retry_days)}
        ChargeRules.objects.update_or_create(
            seller_id=seller_id, defaults=values, create_defaults={**values, "id": new_id(), "seller_id": seller_id}
        )
        events.record("seller.changed", seller_id=seller_id, subject_id=seller_id, now=now, actor_id=actor_id)


def _check(wanted: Rules) -> None:
    if not is_schedule(wanted.retry_days):
        raise BadRules("retry_days")
    bounds: dict[str, tuple[int, int]] = {"notice_days": (0, 30), "postpone_days": (0, 60), "run_factor": (1, 100)}
    for name, (least, most) in bounds.items():
        if not least <= getattr(wanted, name) <= most:
            raise BadRules(name)
    _not_negative(wanted, ("write_off_minor", "refund_approval_minor", "customer_charges_a_day"))
    _not_negative(wanted, ("customer_minor_a_day", "run_floor_minor"))


def _not_negative(wanted: Rules, names: Sequence[str]) -> None:
    for name in names:
        if getattr(wanted, name) < 0:
            raise BadRules(name)
