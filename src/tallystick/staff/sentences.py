"""Facts as a person would tell them: one sentence each, an icon and a tone. For every timeline of staff pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tallystick.base.events import Fact
from tallystick.pdf import formats
from tallystick.sellers.queries import names_of
from tallystick.staff.mail_words import MAIL_WORDS
from tallystick.staff.money_back import break_words, dispute_reason, refund_reason
from tallystick.staff.words import Data, Words, day_text, money_text, reader_locale


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of a timeline. `subject_id` is what it is about, for a link."""

    at: datetime | None
    icon: str
    tone: str
    text: str
    sub: str
    kind: str
    subject_id: UUID


def tell_facts(facts: Sequence[Fact]) -> list[Told]:
    """Return the facts as sentences, in their order; unknown kinds are left out. One query, for the people's names."""
    people = {fact.actor_id for fact in facts if fact.actor_id}
    known = names_of(people) if people else {}
    told = [_tell(fact, known) for fact in facts]
    return [entry for entry in told if entry]


def _tell(fact: Fact, people: Mapping[UUID, str]) -> Told | None:
    describe = _WORDS.get(fact.kind)
    if describe is None:
        return None
    icon, tone, text, more = describe(fact.data)
    name = people.get(fact.actor_id, "") if fact.actor_id else ""
    by = _("By %(name)s") % {"name": name} if name else ""
    return Told(fact.at, icon, tone, text, " · ".join(part for part in (more, by) if part), fact.kind, fact.subject_id)


def _amount(data: Data) -> str:
    return money_text(int(data.get("amount_minor", 0)), str(data["currency"])) if data.get("currency") else ""


def _started(data: Data) -> Words:
    if data.get("attempt_kind") == "setup":
        return "credit-card", "", _("The customer started to give a card"), ""
    if data.get("attempt_kind") == "automatic":
        return "credit-card", "", _("%(amount)s is being charged to a kept card") % {"amount": _amount(data)}, ""
    return "credit-card", "", _("The customer started to pay %(amount)s") % {"amount": _amount(data)}, ""


def _moved_on(data: Data) -> Words:
    """What became of an attempt to pay, where nothing else says so."""
    nothing = _("Nothing was charged.")
    return {
        "sent": ("credit-card", "", _("The payment provider was asked for the payment"), ""),
        "action_required": ("credit-card", "", _("The payment page of the provider is open"), ""),
        "canceling": ("x", "", _("The payment page is being closed"), ""),
        "canceled": ("x", "", _("The payment page was closed without a payment"), nothing),
        "abandoned": ("x", "warn", _("A payment never reached the provider"), nothing),
        "succeeded": ("check", "pos", _("The payment went through"), ""),
    }.get(str(data.get("state", "")), ("credit-card", "", _("A payment moved on"), ""))


def _declined(data: Data) -> Words:
    code = str(data.get("decline", "")).replace("_", " ")
    return "credit-card", "bad", _("A card payment was declined. Nothing was charged."), code


def _card(data: Data) -> str:
    return f"{data.get('brand') or _('Account')} ···· {data.get('last4', '')}"


def _charge_day(data: Data) -> str:
    return _("Charged on %(day)s") % {"day": _day(data, "charge_on")} if data.get("charge_on") else ""


def _again(data: Data) -> str:
    return _("Tried again on %(day)s") % {"day": _day(data, "again_on")} if data.get("again_on") else ""


def _day(data: Data, name: str) -> str:
    return formats.day(date.fromisoformat(str(data[name])), reader_locale())


def _paid(data: Data) -> Words:
    how = _("From a credit note") if data.get("credit_note_id") else ""
    return "check", "pos", _("Paid in full, %(amount)s came in") % {"amount": _amount(data)}, how


def _part_paid(data: Data) -> Words:
    left = money_text(int(data.get("open_minor", 0)), str(data.get("currency", "EUR")))
    return (
        "check",
        "pos",
        _("%(amount)s came in") % {"amount": _amount(data)},
        _("%(left)s still to pay") % {"left": left},
    )


def _received(data: Data) -> Words:
    return "banknote", "pos", _("Payment of %(amount)s received") % {"amount": _amount(data)}, ""


def _reopened(data: Data) -> Words:
    left = money_text(int(data.get("open_minor", 0)), str(data.get("currency", "EUR")))
    amount = money_text(abs(int(data.get("amount_minor", 0))), str(data.get("currency", "EUR")))
    text = _("%(amount)s of what was paid was taken back") % {"amount": amount}
    return "undo-2", "warn", text, _("%(left)s to pay again") % {"left": left}


def _refund(icon: str, tone: str, text: str, more: Callable[[Data], str] = lambda data: "") -> Callable[[Data], Words]:
    return lambda data: (icon, tone, _(text) % {"amount": _amount(data)}, more(data))


def _why_refunded(data: Data) -> str:
    return refund_reason(str(data.get("reason", "")))


def _refunded(data: Data) -> Words:
    if data.get("method") == "write_off":
        return "coins", "", _("A small rest of %(amount)s was kept") % {"amount": _amount(data)}, ""
    return "undo-2", "", _("%(amount)s refunded") % {"amount": _amount(data)}, ""


def _dispute(icon: str, tone: str, text: str) -> Callable[[Data], Words]:
    return lambda data: (icon, tone, _(text) % {"amount": _amount(data)}, dispute_reason(str(data.get("reason", ""))))


def _moved(data: Data) -> Words:
    more = "" if data.get("to_invoice_id") else _("It is the customer's credit again.")
    return "arrow-left-right", "", _("%(amount)s was moved off an invoice") % {"amount": _amount(data)}, more


def _written_off(data: Data) -> Words:
    return "eraser", "warn", _("%(amount)s written off") % {"amount": _amount(data)}, str(data.get("reason", ""))


def _break(data: Data) -> Words:
    return "scale", "warn", break_words(str(data.get("break_kind", "")))[0], str(data.get("reference", ""))


_WORDS: dict[str, Callable[[Data], Words]] = {
    "draft.saved": lambda data: ("pencil", "", _("Draft saved"), ""),
    "invoice.release_planned": lambda data: (
        "calendar-clock",
        "",
        _("Will be issued and sent by itself") if data.get("is_sent") else _("Will be issued by itself"),
        day_text(date.fromisoformat(data["on"]), date.fromisoformat(data["on"])),
    ),
    "invoice.release_stopped": lambda data: ("hand", "", _("Stays a draft until somebody issues it"), ""),
    "draft.discarded": lambda data: ("trash-2", "", _("Draft discarded"), ""),
    "invoice.issued": lambda data: ("file-check", "accent", _("Invoice issued"), ""),
    "credit_note.issued": lambda data: ("file-check", "accent", _("Credit note issued"), ""),
    "invoice.sent": lambda data: ("send", "", _("Sent to the customer"), ""),
    "invoice.marked_sent": lambda data: ("send", "", _("Marked as sent"), _("Sent outside Tallystick")),
    "invoice.viewed": lambda data: ("eye", "", _("The customer opened the payment page"), ""),
    "invoice.link_replaced": lambda data: (
        "link",
        "",
        _("Payment link replaced"),
        _("Links sent before stopped working."),
    ),
    "invoice.voided": lambda data: ("ban", "bad", _("Invoice cancelled"), str(data.get("reason", ""))),
    "invoice.paid": _paid,
    "invoice.part_paid": _part_paid,
    "payment.received": _received,
    "payment.allocated": lambda data: ("split", "", _("A payment was matched to invoices"), ""),
    "invoice.reopened": _reopened,
    "invoice.written_off": _written_off,
    "allocation.moved": _moved,
    "refund.requested": _refund("undo-2", "", gettext_noop("A refund of %(amount)s was asked for"), _why_refunded),
    "refund.approved": _refund("check", "", gettext_noop("The refund of %(amount)s was agreed to")),
    "refund.rejected": _refund("ban", "", gettext_noop("The refund of %(amount)s was not agreed to")),
    "refund.unknown": _refund(
        "circle-question-mark",
        "warn",
        gettext_noop("It isn't known yet if the refund of %(amount)s went through"),
        lambda data: _("We keep asking the provider. Nothing is sent twice."),
    ),
    "refund.succeeded": _refunded,
    "refund.failed": _refund(
        "circle-alert", "bad", gettext_noop("The refund of %(amount)s didn't go through"), _why_refunded
    ),
    "refund.returned": _refund(
        "undo-2",
        "bad",
        gettext_noop("The bank sent the refund of %(amount)s back"),
        lambda data: _("It is the customer's credit again."),
    ),
    "dispute.opened": _dispute("shield-alert", "bad", gettext_noop("The payer's bank wants %(amount)s back")),
    "dispute.updated": _dispute("shield-alert", "info", gettext_noop("News about the dispute over %(amount)s")),
    "dispute.won": _dispute("shield-check", "pos", gettext_noop("The dispute over %(amount)s was won")),
    "dispute.lost": _dispute("shield-x", "bad", gettext_noop("The dispute over %(amount)s was lost")),
    "break.found": _break,
    "attempt.started": _started,
    "attempt.processing": lambda data: ("clock", "info", _("A payment is on its way"), ""),
    "attempt.unknown": lambda data: (
        "circle-question-mark",
        "warn",
        _("A payment's outcome isn't known yet"),
        _("We keep asking the provider. Nobody can be charged twice."),
    ),
    "attempt.changed": _moved_on,
    "attempt.declined": _declined,
    "charge.proposed": lambda data: ("calendar-clock", "", _("A later charge was proposed to the customer"), ""),
    "charge.scheduled": lambda data: ("calendar-check", "info", _("A charge was planned"), _charge_day(data)),
    "charge.released": lambda data: ("calendar-check", "info", _("A planned charge is on its way"), _charge_day(data)),
    "charge.noticed": lambda data: ("bell", "", _("The notice of a planned charge went out"), _charge_day(data)),
    "charge.postponed": lambda data: ("calendar-plus", "", _("A planned charge was moved"), _charge_day(data)),
    "charge.resumed": lambda data: ("play", "", _("A stopped charge runs again"), _charge_day(data)),
    "charge.canceled": lambda data: ("ban", "", _("A planned charge was cancelled"), ""),
    "charge.done": lambda data: ("check", "pos", _("A planned charge went through"), ""),
    "charge.parked": lambda data: (
        "hand",
        "warn",
        _("A planned charge was stopped"),
        _("Nothing was charged. A person decides."),
    ),
    "charge.failed": lambda data: ("rotate-cw", "warn", _("A planned charge was declined"), _again(data)),
    "charge.fell_back": lambda data: (
        "link",
        "bad",
        _("A planned charge was given up"),
        _("The customer gets a payment link instead."),
    ),
    "method.saved": lambda data: ("credit-card", "pos", _("%(card)s kept") % {"card": _card(data)}, ""),
    "method.removed": lambda data: ("credit-card", "", _("%(card)s removed") % {"card": _card(data)}, ""),
    "autopay.enabled": lambda data: ("repeat", "pos", _("Invoices are paid automatically from now on"), ""),
    "autopay.ended": lambda data: ("repeat", "", _("Automatic payment stopped"), ""),
    "request.made": lambda data: (
        "link",
        "",
        _("A link to keep a card was made") if data.get("request_kind") == "card" else _("A payment link was made"),
        "",
    ),
    **MAIL_WORDS,
    "customer.saved": lambda data: ("user-pen", "", _("Customer details saved"), ""),
    "customer.archived": lambda data: ("archive", "", _("Customer archived"), ""),
    "customer.restored": lambda data: ("archive-restore", "", _("Customer put back on file"), ""),
    "seller.changed": lambda data: ("settings", "", _("Business settings changed"), ""),
    "member.invited": lambda data: ("user-plus", "", _("%(email)s was invited") % {"email": data.get("email", "")}, ""),
    "member.joined": lambda data: ("user-check", "pos", _("Someone accepted their invitation"), ""),
}
