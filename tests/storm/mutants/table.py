"""Every guard of the money, how it is taken away, and the tests that must fail without it.

A mutant is SQL for the scratch database, or a patch of the code in the process that runs the tests.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

OWN = "tests/storm/mutants/test_guards_of_money.py"
GUARDS = "tests/guards/test_guards.py"


@dataclass(frozen=True)
class Mutant:
    """One guard gone. `tests` are node ids."""

    name: str
    tests: Sequence[str]
    sql: str = ""
    patch: Callable[[], None] | None = None


def _set(module: str, name: str, value: object) -> Callable[[], None]:
    def patch() -> None:
        from importlib import import_module

        setattr(import_module(module), name, value)

    return patch


def _drop(table: str, constraint: str) -> str:
    return f"ALTER TABLE {table} DROP CONSTRAINT {constraint} CASCADE"


def _no_lock() -> None:
    from tallystick.payments import allocate, apply_fact, record, refund, run, start

    for module in (allocate, apply_fact, record, refund, run, start):
        vars(module)["lock_customers"] = lambda ids: None


def _timeout_is_decline() -> None:
    from tallystick.core.attempt import State, advance
    from tallystick.payments import apply_fact

    def declined(current: State, observed: State) -> State:
        return advance(current, State.DECLINED if observed == State.UNKNOWN else observed)

    vars(apply_fact)["advance"] = declined


def _unknown_frees_the_slot() -> None:
    from tallystick.core.attempt import LIVE, State
    from tallystick.payments import apply_fact

    vars(apply_fact)["LIVE"] = LIVE - {State.UNKNOWN}


def _random_key() -> None:
    from tallystick.payments import collect

    honest = collect.open_gateway

    class Forgetful:
        def __init__(self, gateway: Any) -> None:
            self._gateway = gateway

        def __getattr__(self, name: str) -> Any:
            call = getattr(self._gateway, name)
            if name not in {"open_session", "charge_method"}:
                return call
            return lambda request: call(replace(request, attempt_id=uuid4()))

    vars(collect)["open_gateway"] = lambda row: Forgetful(honest(row))


def _success_regresses() -> None:
    from tallystick.payments import apply_fact

    def last_word(current: object, observed: object) -> object:
        return observed

    vars(apply_fact)["advance"] = last_word


def _late_success_is_ignored() -> None:
    from tallystick.core.attempt import LIVE, State, advance
    from tallystick.payments import apply_fact

    def ended(current: State, observed: State) -> State:
        return advance(current, observed) if current in LIVE else current

    vars(apply_fact)["advance"] = ended


def _books_what_was_asked() -> None:
    from tallystick.payments import apply_fact

    honest = apply_fact._book

    def book(attempt: Any, charge: Any, now: Any) -> UUID | None:
        return honest(attempt, replace(charge, amount_minor=attempt.amount_minor), now)

    vars(apply_fact)["_book"] = book


def _done_on_error() -> None:
    from tallystick.payments import hear

    honest = hear.look_up_charge

    def careless(**given: Any) -> None:
        with suppress(Exception):
            honest(**given)

    vars(hear)["look_up_charge"] = careless


def _random_run() -> None:
    from tallystick.payments import _settle_charge, run

    for module in (run, _settle_charge):
        vars(module)["run_id"] = lambda charge, number: uuid4()


def _expire_is_not_confirmed() -> None:
    from tallystick.base import tenant
    from tallystick.payments import run
    from tallystick.payments.models import AttemptInvoice, ChargeAttempt

    def hopeful(*, seller_id: UUID, attempt_id: UUID, now: Any) -> None:
        with tenant.tx(seller_id):
            ChargeAttempt.objects.filter(id=attempt_id).update(state="canceled", ended_at=now)
            AttemptInvoice.objects.filter(attempt_id=attempt_id).update(is_live=False)

    vars(run)["cancel_charge"] = hopeful


def _unknown_refund_fails() -> None:
    from tallystick.core import refund

    honest = refund.advance
    failed, unknown = refund.RefundState.FAILED, refund.RefundState.UNKNOWN
    vars(refund)["advance"] = lambda now, seen: honest(now, failed if seen == unknown else seen)


def _reserve_is_ignored() -> None:
    from tallystick.payments import refund

    vars(refund)["left_to_return"] = lambda payment: payment.amount_minor - payment.refunded_minor


def _anybody_approves() -> None:
    from tallystick.payments import refund

    honest = refund.approve_refund

    def approve(*, actor_id: UUID, **given: Any) -> object:
        return honest(actor_id=uuid4(), **given)

    vars(refund)["approve_refund"] = approve


def _resends_at_once() -> None:
    from tallystick.payments import collect
    from tallystick.payments.models import ChargeAttempt

    honest = collect._claim

    def claim(seller_id: UUID, attempt_id: UUID, now: Any) -> object:
        from tallystick.base import tenant

        with tenant.tx(seller_id):
            ChargeAttempt.objects.filter(id=attempt_id, state="unknown").update(state="reserved")
        return honest(seller_id, attempt_id, now)

    vars(collect)["_claim"] = claim


PAYMENTS = "tallystick.payments"
MUTANTS: Sequence[Mutant] = (
    Mutant("no live slot", [f"{OWN}::test_one_live_attempt_per_invoice"], "DROP INDEX attempt_one_live"),
    Mutant("no slot of a request", [f"{OWN}::test_one_live_attempt_per_request"], "DROP INDEX attempt_one_per_request"),
    Mutant("payment twice", [f"{OWN}::test_a_charge_is_a_payment_once"], _drop("payment", "payment_once")),
    Mutant("refund twice", [f"{OWN}::test_a_refund_of_the_gateway_is_one_row"], _drop("refund", "refund_once")),
    Mutant("dispute twice", [f"{OWN}::test_a_dispute_of_the_gateway_is_one_row"], _drop("dispute", "dispute_once")),
    Mutant(
        "payment overspent",
        [f"{OWN}::test_a_payment_is_never_overspent[allocated_minor]"],
        _drop("payment", "payment_never_overspent"),
    ),
    Mutant(
        "payment overreturned",
        [f"{OWN}::test_a_payment_is_never_overspent[refunded_minor]"],
        f"{_drop('payment', 'payment_never_overreturned')}; {_drop('payment', 'payment_never_overspent')}",
    ),
    Mutant(
        "entries need not balance",
        [f"{GUARDS}::test_the_book_refuses_what_does_not_balance"],
        "DROP TRIGGER journal_entry_balanced ON journal_entry",
    ),
    Mutant(
        "late lines",
        [f"{GUARDS}::test_the_book_refuses_empty_entries_late_lines_and_change"],
        "DROP TRIGGER journal_line_in_time ON journal_line",
    ),
    Mutant(
        "the book can change",
        [f"{GUARDS}::test_even_the_owner_cannot_change_the_book"],
        "DROP TRIGGER journal_line_forever ON journal_line",
    ),
    Mutant("posting twice", [f"{GUARDS}::test_posting_twice_is_refused"], _drop("journal_entry", "journal_entry_once")),
    Mutant("no lock on the customer", [f"{OWN}::test_money_locks_the_customer"], patch=_no_lock),
    Mutant("a timeout is a decline", [f"{OWN}::test_a_lost_answer_holds_the_slot"], patch=_timeout_is_decline),
    Mutant("unknown frees the slot", [f"{OWN}::test_a_lost_answer_holds_the_slot"], patch=_unknown_frees_the_slot),
    Mutant("a new key each time", [f"{OWN}::test_what_is_sent_again_has_the_same_key"], patch=_random_key),
    Mutant(
        "sent again after the key died",
        [f"{OWN}::test_nothing_is_sent_again_after_its_key"],
        patch=_set(f"{PAYMENTS}.sweep", "KEY_MARGIN", timedelta(days=-30)),
    ),
    Mutant(
        "sent again by a second hand",
        [f"{OWN}::test_what_was_sent_is_not_sent_again_by_a_second_hand"],
        patch=_resends_at_once,
    ),
    Mutant("success regresses", [f"{OWN}::test_success_never_regresses"], patch=_success_regresses),
    Mutant("a late success is ignored", [f"{OWN}::test_a_late_success_is_true"], patch=_late_success_is_ignored),
    Mutant("what was asked is booked", [f"{OWN}::test_we_book_what_the_gateway_took"], patch=_books_what_was_asked),
    Mutant("a webhook is done on error", [f"{OWN}::test_a_webhook_is_done_only_with_its_effect"], patch=_done_on_error),
    Mutant(
        "a webhook is kept twice",
        [f"{GUARDS}::test_a_webhook_is_kept_once"],
        _drop("inbound_event", "inbound_event_once"),
    ),
    Mutant(
        "calls inside a transaction",
        [f"{GUARDS}::test_nothing_outside_inside"],
        patch=_set("tallystick.base.tx", "outside", lambda what: None),
    ),
    Mutant("a run has any id", [f"{OWN}::test_a_run_has_one_id"], patch=_random_run),
    Mutant(
        "no notice",
        [f"{OWN}::test_notice_comes_before_the_charge"],
        patch=_set(f"{PAYMENTS}.run", "_give_notice", lambda charge, now: None),
    ),
    Mutant(
        "no brake", [f"{OWN}::test_the_brake_holds"], patch=_set(f"{PAYMENTS}.run", "why_braked", lambda *_, **__: "")
    ),
    Mutant(
        "stolen cards are tried again",
        [f"{OWN}::test_what_never_works_is_never_tried_again"],
        patch=_set(f"{PAYMENTS}._settle_charge", "retry_after", lambda *_: timedelta(days=1)),
    ),
    Mutant(
        "the page need not be closed",
        [f"{OWN}::test_an_open_page_is_closed_for_sure_before_the_card_is_charged"],
        patch=_expire_is_not_confirmed,
    ),
    Mutant(
        "an unknown refund is free again",
        [f"{OWN}::test_an_unknown_refund_keeps_its_money"],
        patch=_unknown_refund_fails,
    ),
    Mutant(
        "what is reserved is refunded",
        [f"{OWN}::test_refunds_never_exceed_what_is_left"],
        f"{_drop('payment', 'payment_never_overreturned')}",
        patch=_reserve_is_ignored,
    ),
    Mutant("one person approves", [f"{OWN}::test_two_people_agree"], patch=_anybody_approves),
    Mutant(
        "the database lets one approve",
        [f"{OWN}::test_the_database_wants_two_people_too"],
        _drop("refund", "refund_two_people"),
    ),
    Mutant("a message has no key", [f"{OWN}::test_a_message_has_one_key"], _drop("message", "message_once")),
    Mutant(
        "what is being paid is voided",
        [f"{OWN}::test_what_is_being_paid_is_not_voided"],
        patch=_set(f"{PAYMENTS}.void", "frozenset", lambda *_: builtins.frozenset()),
    ),
    Mutant(
        "a click has no memory",
        [f"{OWN}::test_the_same_click_twice_is_one_attempt"],
        patch=_set(f"{PAYMENTS}.start", "known_attempt", lambda *_, **__: None),
    ),
    Mutant(
        "a settlement line twice",
        [f"{OWN}::test_a_settlement_line_is_booked_once"],
        _drop("settlement_line", "settlement_line_once"),
    ),
    Mutant(
        "no row security",
        [f"{GUARDS}::test_nothing_is_seen_without_a_seller_or_across_sellers"],
        "ALTER TABLE invoice DISABLE ROW LEVEL SECURITY",
    ),
    Mutant(
        "a plain reference",
        [f"{GUARDS}::test_every_reference_between_tenant_tables_names_the_seller"],
        "ALTER TABLE payment DROP CONSTRAINT payment_customer_fk, ADD CONSTRAINT payment_customer_fk FOREIGN KEY (customer_id) REFERENCES customer (id)",
    ),
    Mutant(
        "a reader may write",
        [f"{GUARDS}::test_read_only_transactions_refuse_to_write"],
        patch=_set("tallystick.base.tenant", "_READ_ONLY", "BEGIN"),
    ),
)
