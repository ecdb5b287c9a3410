"""The Today page, and the page that leads a newcomer through the first paid invoice."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tallystick.base.events import recent
from tallystick.customers.queries import customers as customers_of
from tallystick.invoices.queries import numbers_of
from tallystick.payments.queries import numbers_of as payment_numbers
from tallystick.reports.attention import money_waits
from tallystick.reports.bounced import MailWaits, mail_waits
from tallystick.reports.dashboard import Attention, dashboard
from tallystick.sellers.roles import LEDGER, OPERATE, RECORD, REFUND, SELL, SETTINGS, VIEW
from tallystick.staff.door import Desk, StaffRequest, door
from tallystick.staff.sentences import tell_facts
from tallystick.staff.views.answer import page


class Wait(NamedTuple):
    """Something that needs a person, and where to do it."""

    icon: str
    tone: str
    text: str
    sub: str
    url: str
    action: str


@door(VIEW)
def today(request: StaffRequest) -> HttpResponse:
    """Show who owes how much, what came in, what comes next and what needs a person."""
    desk = request.desk
    figures = dashboard(on=desk.today, currency=desk.seller.currency)
    facts = recent(most=16)
    subjects = [fact.subject_id for fact in facts]
    customers = customers_of([fact.customer_id for fact in facts if fact.customer_id])
    whose = {fact.subject_id: customers[fact.customer_id] for fact in facts if fact.customer_id in customers}
    return page(
        request,
        "today",
        nav="today",
        figures=figures,
        waiting=[*money_waiting(desk), *_waiting(figures.attention, mail_waits(), desk)],
        news=tell_facts(facts),
        whose=whose,
        documents=numbers_of(subjects),
        receipts=payment_numbers(subjects),
        may_sell=desk.may(SELL),
        is_new=not figures.outstanding and not facts,
    )


def money_waiting(desk: Desk) -> list[Wait]:
    """Return what waits about money that moves, as far as the person may do something about it. One query."""
    counts, slug = money_waits(person_id=desk.actor_id, now=desk.now), desk.place.slug
    found = [
        (
            counts.refunds if desk.may(REFUND) else 0,
            Wait(
                "undo-2",
                "warn",
                ngettext("%(n)d refund waits for you to agree", "%(n)d refunds wait for you to agree", counts.refunds),
                _("Somebody else asked for it. Nothing goes out before a second person agrees."),
                reverse("refunds", args=[slug]),
                _("Decide"),
            ),
        ),
        (
            counts.disputes,
            Wait(
                "shield-alert",
                "bad",
                ngettext(
                    "%(n)d dispute needs evidence within a week",
                    "%(n)d disputes need evidence within a week",
                    counts.disputes,
                ),
                _("Without evidence at the provider the money is lost."),
                reverse("disputes", args=[slug]),
                _("See which"),
            ),
        ),
        (
            counts.breaks if desk.may(LEDGER) else 0,
            Wait(
                "scale",
                "warn",
                ngettext(
                    "%(n)d thing doesn't match a provider's list",
                    "%(n)d things don't match a provider's list",
                    counts.breaks,
                ),
                _("The book and the provider say different things. Explain it once."),
                reverse("breaks", args=[slug]),
                _("Explain"),
            ),
        ),
        (
            counts.parked,
            Wait(
                "pause",
                "warn",
                ngettext("%(n)d planned charge was stopped", "%(n)d planned charges were stopped", counts.parked),
                _("More than usual, or without an address for the notice. Nothing was charged."),
                _charges(slug),
                _("Look"),
            ),
        ),
    ]
    return [wait._replace(text=wait.text % {"n": count}) for count, wait in found if count]


def _charges(slug: str) -> str:
    try:
        return f"{reverse('charges', args=[slug])}?tab=parked"
    except NoReverseMatch:
        return ""


def _waiting(counts: Attention, mail: MailWaits, desk: Desk) -> list[Wait]:
    slug = desk.place.slug
    status = reverse("status", args=[slug]) if desk.may(OPERATE) else ""
    invoices = reverse("invoices", args=[slug])
    payments = reverse("payments", args=[slug])
    found = [
        (
            counts.failed_messages,
            Wait(
                "mail-x",
                "bad",
                ngettext("%(n)d email didn't go out", "%(n)d emails didn't go out", counts.failed_messages),
                _("The mail server refused them or never answered."),
                status,
                _("See why"),
            ),
        ),
        (
            mail.bounced,
            Wait(
                "mail-x",
                "bad",
                ngettext("%(n)d address bounced", "%(n)d addresses bounced", mail.bounced),
                _("Nothing is sent there. Write to the next contact, or correct the address."),
                reverse("outbox", args=[slug]),
                _("Decide"),
            ),
        ),
        (
            (mail.troubled + mail.failed) if desk.may(SETTINGS) else 0,
            Wait(
                "inbox",
                "bad",
                _("Incoming mail needs a look"),
                _("The mailbox can't be read, or a mail in it couldn't be."),
                reverse("settings-mailbox", args=[slug]),
                _("See why"),
            ),
        ),
        (
            counts.held_messages,
            Wait(
                "hand",
                "warn",
                ngettext("%(n)d email is held", "%(n)d emails are held", counts.held_messages),
                _("Somebody held them back, or far more would go out than usual."),
                reverse("outbox", args=[slug]),
                _("Decide"),
            ),
        ),
        (
            counts.unknown_attempts,
            Wait(
                "circle-question-mark",
                "warn",
                ngettext(
                    "%(n)d payment's outcome isn't known yet",
                    "%(n)d payments' outcome isn't known yet",
                    counts.unknown_attempts,
                ),
                _("We keep asking the provider. Nobody can be charged twice."),
                status,
                _("Look"),
            ),
        ),
        (
            counts.no_address,
            Wait(
                "mail-minus",
                "warn",
                ngettext("%(n)d email had no address", "%(n)d emails had no address", counts.no_address),
                _("Add an address to the customer, then send again."),
                reverse("customers", args=[slug]),
                _("Customers"),
            ),
        ),
        (
            counts.flagged_payments,
            Wait(
                "banknote",
                "info",
                ngettext("%(n)d payment to look at", "%(n)d payments to look at", counts.flagged_payments),
                _("More came in than was owed, or something differed."),
                f"{payments}?flagged=1",
                _("Look"),
            ),
        ),
        (
            counts.unsent,
            Wait(
                "send",
                "info",
                ngettext("%(n)d open invoice was never sent", "%(n)d open invoices were never sent", counts.unsent),
                _("Issued, but nobody has emailed them or marked them as sent."),
                invoices,
                _("Open"),
            ),
        ),
        (
            counts.drafts,
            Wait(
                "file-pen-line",
                "",
                ngettext("%(n)d draft", "%(n)d drafts", counts.drafts),
                _("They get a number when they are issued."),
                f"{invoices}?tab=drafts",
                _("Finish"),
            ),
        ),
    ]
    return [wait._replace(text=wait.text % {"n": count}) for count, wait in found if count]


@door(VIEW)
def start(request: StaffRequest) -> HttpResponse:
    """Lead a newcomer from the first invoice to the money in the book."""
    desk = request.desk
    context: dict[str, Any] = {
        "nav": "start",
        "mailbox_url": settings.ENV.mailbox_url,
        "phone_url": settings.ENV.phone_url,
        "is_demo": settings.ENV.mode == "demo",
        "may_sell": desk.may(SELL),
        "may_record": desk.may(RECORD),
        "may_read_book": desk.may(LEDGER),
    }
    return page(request, "start", **context)
