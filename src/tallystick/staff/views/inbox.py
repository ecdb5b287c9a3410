"""The inbox: the list of threads, one thread beside it, and what came along in its mails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tallystick.base import tenant
from tallystick.conversations import queries
from tallystick.conversations.models import Conversation, ConversationMail
from tallystick.conversations.queries import SHOWS, ThreadFilter, list_threads, thread_counts
from tallystick.conversations.reply import language_of
from tallystick.conversations.saved_replies import replies_for
from tallystick.customers.queries import contacts_of, customers, customers_like
from tallystick.invoices.models import Invoice
from tallystick.invoices.queries import invoices_by_id, open_invoices_of
from tallystick.ledger.queries import balances_of
from tallystick.messages.wording import fill, person_values
from tallystick.reports.ahead import ahead_of, pays_in
from tallystick.reports.dashboard import aging_of_customer
from tallystick.sellers.queries import members
from tallystick.sellers.roles import ANSWER, CUSTOMERS, SELL, VIEW
from tallystick.staff.door import Desk, StaffRequest, door
from tallystick.staff.forms.answer import AnswerForm
from tallystick.staff.forms.compose import split_addresses
from tallystick.staff.forms.ids import read_id
from tallystick.staff.letters import no_reminder
from tallystick.staff.letters_in import said_in
from tallystick.staff.silent import Silent, silent_among
from tallystick.staff.views.answer import page, typed
from tallystick.staff.words import invoice_state

PAGE_SIZE = 30
MOST_OPEN = 5
"""Open invoices shown beside a thread, and offered to go along."""
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
_SHEET = "<!doctype html><meta charset=utf-8><meta name=referrer content=no-referrer><title>%s</title><style>%s</style>"
_STYLE = (
    ":root{color-scheme:light}body{font:14px/1.5 system-ui,sans-serif;margin:12px;background:#fff;color:#151d22;"
    "overflow-wrap:anywhere}table{border-collapse:collapse}td,th{padding:2px 8px 2px 0;vertical-align:top}"
    "blockquote{margin:0;padding-inline-start:12px;border-inline-start:2px solid #d8dcdf}"
)


@dataclass(frozen=True, slots=True)
class Listed:
    """One thread in the list, with the state of what it is about."""

    thread: Conversation
    shape: str
    words: str


@door(VIEW)
def inbox(request: StaffRequest) -> HttpResponse:
    """List the threads; on a wide screen the first one stands beside the list."""
    return inbox_page(request)


@door(VIEW)
def thread(request: StaffRequest, conversation_id: UUID) -> HttpResponse:
    """Show one thread beside the list."""
    return inbox_page(request, found_thread(conversation_id))


def inbox_page(
    request: StaffRequest, chosen: Conversation | None = None, form: AnswerForm | None = None, *, status: int = 200
) -> HttpResponse:
    """Return the page with a thread open, or the first one of the list."""
    desk, shown, text = request.desk, _show(request), typed(request.GET.get("q", ""))
    with tenant.tx(desk.seller_id, read_only=True):
        wanted = ThreadFilter(shown, desk.actor_id, desk.now, text=text)
        found = list_threads(wanted, cursor=request.GET.get("after", ""), size=PAGE_SIZE)
        one = chosen or (found.rows[0] if found.rows else None)
        return page(
            request,
            "inbox",
            status=status,
            nav="inbox",
            shows=_shows(desk, shown),
            show=shown,
            text=text,
            kept=_kept(shown, text),
            rows=_listed(desk, found.rows),
            next=found.next_cursor,
            first_page=not request.GET.get("after"),
            is_list=chosen is None,
            may_answer=desk.may(ANSWER),
            **(_thread(request, one, form) if one else {}),
        )


def _show(request: StaffRequest) -> str:
    wanted = request.GET.get("show", "")
    return wanted if wanted in SHOWS else "open"


def _kept(show: str, text: str) -> str:
    """The part of an address that keeps the list as it is."""
    kept = {name: value for name, value in (("show", show if show != "open" else ""), ("q", text)) if value}
    return f"?{urlencode(kept)}" if kept else ""


def _shows(desk: Desk, shown: str) -> list[tuple[str, str, int | None, bool]]:
    counts = thread_counts(actor_id=desk.actor_id, now=desk.now)
    labels = {
        "open": pgettext("many", "Open"),
        "mine": _("Mine"),
        "unassigned": _("Unassigned"),
        "later": _("Later"),
        "done": _("Done"),
    }
    return [(key, label, counts.get(key), key == shown) for key, label in labels.items()]


def _listed(desk: Desk, rows: Sequence[Conversation]) -> list[Listed]:
    about = invoices_by_id([row.document_id for row in rows if row.document_id])
    return [Listed(row, *_badge(desk, row, about)) for row in rows]


def _badge(desk: Desk, row: Conversation, about: dict[UUID, Invoice]) -> tuple[str, str]:
    if row.last_direction == "notice":
        return "bounced", _("Bounced")
    document = about.get(row.document_id) if row.document_id else None
    return invoice_state(document, desk.today) if document else ("", "")


def _thread(request: StaffRequest, one: Conversation, form: AnswerForm | None) -> dict[str, Any]:
    """Return everything the open thread shows. Inside `tenant.tx`."""
    desk, owed = request.desk, open_invoices_of(one.customer_id)[:MOST_OPEN] if one.customer_id else []
    said = said_in(one)
    people = [member for member in members() if member.is_active]
    box = form or first_answer(request, one, [each.mail for each in said])
    return {
        "thread": one,
        "said": said,
        "form": box,
        "silent": silent_in(box, one.customer_id, desk),
        "replies": ready_words(request, one) if desk.may(ANSWER) else [],
        "people": people,
        "assignee": next((m.user.get_full_name() for m in people if m.user_id == one.assignee_id), ""),
        "owed": owed,
        "first": about_first(one, owed),
        "link": about_first(one, owed) if one.customer and one.customer.payment_links else None,
        "mornings": _mornings(desk),
        "may_change_customer": desk.may(CUSTOMERS),
        "may_sell": desk.may(SELL),
        **_whose(request, one),
        **_ahead(desk, one, about_first(one, owed)),
    }


def silent_in(form: AnswerForm, customer_id: UUID | None, desk: Desk) -> list[Silent]:
    """Return whom the answer in the box doesn't go to, as nothing does. Inside `tenant.tx`."""
    written = [*split_addresses(form.to), *split_addresses(form.cc)]
    return silent_among(written, customer_id, today=desk.today, zone=desk.zone)


def _ahead(desk: Desk, one: Conversation, first: Invoice | None) -> dict[str, Any]:
    """Return how the customer pays, and what happens next by itself: what waits, what is charged, who is reminded."""
    if one.customer_id is None:
        return {}
    ahead = ahead_of(one.customer_id, invoice_id=first.id if first else None, now=desk.now)
    return {
        "pays_in": pays_in(one.customer_id, on=desk.today),
        "ahead": ahead,
        "no_reminder": no_reminder(ahead.reminder),
    }


def about_first(one: Conversation, owed: Sequence[Invoice]) -> Invoice | None:
    """Return the open invoice an answer is about: what the thread is about while it is open, else the one due first."""
    return next((row for row in owed if row.id == one.document_id), owed[0] if owed else None)


def _whose(request: StaffRequest, one: Conversation) -> dict[str, Any]:
    """Return what stands beside the thread: the customer, or how to say who it is."""
    desk, who = request.desk, typed(request.GET.get("who", ""))
    maybe = customers(one.maybe_ids)
    if one.customer is None:
        return {"who": who, "candidates": customers_like(who) if who else []}
    contact = next((c for c in contacts_of(one.customer.id) if c.email.lower() == one.address), None)
    return {
        "maybe": [maybe[key] for key in one.maybe_ids if key in maybe],
        "contact": contact.name if contact else one.customer.attention,
        "phone": (contact.phone if contact else "") or one.customer.phone,
        "balances": balances_of([one.customer.id])[one.customer.id],
        "late": [
            (aging.currency, late)
            for aging in aging_of_customer(one.customer.id, on=desk.today)
            if (late := sum(bucket.amount_minor for bucket in aging.buckets if bucket.name != "not_due"))
        ],
    }


def first_answer(request: StaffRequest, one: Conversation, mails: Sequence[ConversationMail]) -> AnswerForm:
    """Return the answer box as it starts: to whoever wrote last, with a saved reply or words taken back put in."""
    theirs = next((m.from_address for m in reversed(mails) if m.direction == "in" and not m.is_automatic), "")
    ours = next((m.to for m in reversed(mails) if m.direction == "out"), [])
    form = AnswerForm(to=theirs or ", ".join(ours) or one.address)
    back, say = read_id(request.GET.get("back", "")), request.GET.get("say", "")
    taken = next((m for m in mails if back and m.id == back and m.direction == "out"), None)
    words = ready_words(request, one) if say.isdecimal() and len(say) < 4 else []
    if taken:
        form.to, form.body = ", ".join(taken.to), taken.text
    elif words and int(say) < len(words):
        form.body = words[int(say)][1]
    return form


def ready_words(request: StaffRequest, one: Conversation) -> list[tuple[str, str]]:
    """Return the saved replies in the thread's language, filled in: (name, words). Inside `tenant.tx`."""
    spoken, row = language_of(one), one.customer
    values = {
        **person_values(
            customer_name=row.name if row else "",
            attention=row.attention if row else "",
            seller_name=request.desk.place.name,
            language=spoken,
        ),
        "staff_name": request.user.get_full_name(),  # type: ignore[union-attr]
    }
    return [(each.name, fill(each.body, values)) for each in replies_for(spoken)]


def _mornings(desk: Desk) -> list[tuple[str, date]]:
    """The mornings one puts a thread off to, beside any other day."""
    monday = desk.today + timedelta(days=7 - desk.today.weekday())
    named = {
        monday: _("Next Monday"),
        desk.today + timedelta(days=14): _("In two weeks"),
        desk.today + timedelta(days=3): _("In three days"),
        desk.today + timedelta(days=1): _("Tomorrow"),
    }
    return [(named[on], on) for on in sorted(named)]


@door(VIEW)
def as_sent(request: StaffRequest, conversation_id: UUID, mail_id: UUID) -> HttpResponse:
    """Show a mail's cleaned HTML, in a frame that can do nothing but open links elsewhere."""
    row = queries.mail(conversation_id, mail_id)
    if row is None:
        raise Http404
    html = _SHEET % (_("Mail"), _STYLE) + (row.html or f"<p>{_('This mail has words only.')}</p>")
    return HttpResponse(html, headers={"Content-Security-Policy": MAIL_POLICY, "Referrer-Policy": "no-referrer"})


@door(VIEW)
def file(request: StaffRequest, conversation_id: UUID, file_id: UUID) -> HttpResponse:
    """Download a file that came along; never shown in place, whatever it is."""
    row = queries.file(conversation_id, file_id)
    if row is None:
        raise Http404
    return HttpResponse(
        bytes(row.content or b""),
        content_type=row.content_type,
        headers={
            "Content-Disposition": content_disposition_header(True, row.name) or "attachment",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )


def found_thread(conversation_id: UUID) -> Conversation:
    """Return the thread with its customer; a foreign or unknown one is a 404. Inside `tenant.tx`."""
    row = queries.conversation(conversation_id)
    if row is None:
        raise Http404
    return row
