"""Where customers transfer to."""

from __future__ import annotations

from uuid import UUID

from tallystick.base import tenant
from tallystick.sellers import _check
from tallystick.sellers.errors import InvalidSettings
from tallystick.sellers.models import BankAccount

LONGEST = {"holder": 140, "iban": 40, "bic": 11, "bank_name": 120}


def save_bank_account(
    *,
    seller_id: UUID,
    account_id: UUID,
    holder: str,
    iban: str,
    currency: str,
    bic: str = "",
    bank_name: str = "",
    actor_id: UUID | None = None,
) -> None:
    """Create or change a bank account; documents issued from now on print it. Idempotent by id. Raises InvalidSettings."""
    texts = {"holder": holder.strip(), "iban": iban.strip(), "bic": bic.strip().upper(), "bank_name": bank_name.strip()}
    problems = _check.check_texts(texts, LONGEST, frozenset({"holder", "iban"}))
    if "iban" not in problems:
        texts["iban"], wrong = _check.tidy_iban(texts["iban"])
        problems.update({"iban": wrong} if wrong else {})
    if texts["bic"] and not _check.is_bic(texts["bic"]):
        problems["bic"] = "bic"
    if not _check.is_currency(currency):
        problems["currency"] = "currency"
    if problems:
        raise InvalidSettings(problems)
    values = {**texts, "currency": currency}
    with tenant.tx(seller_id, actor_id=actor_id):
        BankAccount.objects.update_or_create(
            id=account_id,
            defaults=values,
            create_defaults={"seller_id": seller_id, "position": BankAccount.objects.count(), **values},
        )


def remove_bank_account(*, seller_id: UUID, account_id: UUID, actor_id: UUID | None = None) -> None:
    """Print an account on documents no more; issued ones keep it. Idempotent."""
    with tenant.tx(seller_id, actor_id=actor_id):
        BankAccount.objects.filter(id=account_id).delete()
