"""Saying something from the inbox: answering, writing first, sending again what came back, taking it back in time."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.base.inputs import is_email
from tallystick.base.tenant import tx
from tallystick.conversations import queries
from tallystick.conversations.errors import FileRefused, NoSuchConversation
from tallystick.conversations.models import Conversation, ConversationMail
from tallystick.conversations.reply import Answer, GoingFile, send_reply, start_conversation
from tallystick.conversations.send_again import send_again
from tallystick.customers.models import Customer
from tallystick.customers.queries import addresses_for_documents, contacts_of, customers_like
from tallystick.customers.readdress import replace_address
from tallystick.invoices.queries import Document, documents, open_invoices_of
from tallystick.invoices.render import render_invoice
from tallystick.messages.queue import cancel_message
from tallystick.sellers.roles import ANSWER, CUSTOMERS
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.answer import AnswerForm, going_files, typed_answer
from tallystick.staff.forms.ids import made_id, read_id
from tallystick.staff.forms.text import tidy_text
from tallystick.staff.silent import NOBODY_LEFT, still_written_to
from tallystick.staff.views.answer import REFUSED, go, page, typed
from tallystick.staff.views.compose import UNDO
from tallystick.staff.views.customers import found_customer
from tallystick.staff.views.inbox import MOST_OPEN, found_thread, inbox_page, ready_words, silent_in
from tallystick.staff.words import money_text, names


@door(ANSWER, "POST")
def reply(request: StaffRequest, conversation_id: UUID) -> HttpResponse:
    """Answer in a thread."""
    desk, form = request.desk, typed_answer(request.POST)
    with tx(desk.seller_id, read_only=True):
        thread = found_thread(conversation_id)
    going = _going(request, form)
    if not going:
        return inbox_page(request, thread, form, status=REFUSED)
    try:
        answer = _answer(request, form, thread.customer)
        message = send_reply(
            **desk.acting(),
            conversation_id=conversation_id,
            message_id=form.message_id,
            answer=answer,
            due_at=desk.now + UNDO,
        )
    except FileRefused as error:
        form.refuse(error)
        return inbox_page(request, thread, form, status=REFUSED)
    _say_sending(request, going, conversation_id, message.data["mail_id"])
    return go(request, "thread", conversation_id)


def _going(request: StaffRequest, form: AnswerForm, *, has_subject: bool = False) -> list[str]:
    """Check what was typed and return whom it goes to; nobody, with a word at each wrong field, when it can't go."""
    if not form.check(has_subject=has_subject):
        return []
    with tx(request.desk.seller_id, read_only=True):
        going = still_written_to(form.recipients, form.copies)
    if not going:
        form.errors["to"] = str(NOBODY_LEFT)
    return going


def _say_sending(request: StaffRequest, going: Sequence[str], conversation_id: UUID, mail_id: str) -> None:
    undo = reverse("thread-stop", args=[request.desk.place.slug, conversation_id, mail_id])
    text = _("Sending to %(people)s") % {"people": names(going)}
    messages.success(request, text, extra_tags=undo)


def _answer(request: StaffRequest, form: AnswerForm, customer: Customer | None) -> Answer:
    """Gather what goes along: chosen files, PDFs of the customer's own documents, a link to pay. Raises FileRefused."""
    desk = request.desk
    files = going_files(request.FILES.getlist("files"))
    wanted = [*form.pdf_ids, *([form.link_id] if form.link_id else [])]
    with tx(desk.seller_id, read_only=True):
        owed = {row.id for row in open_invoices_of(customer.id)} if customer else set()
        own = documents([key for key in wanted if key in owed])
    for key in form.pdf_ids:
        if key in own:
            pdf = render_invoice(seller_id=desk.seller_id, invoice_id=key, now=desk.now)
            files.append(GoingFile(f"{own[key].number}.pdf", pdf))
    payable = own.get(form.link_id) if form.link_id else None
    url = (payable.pay_url or "") if payable else ""
    return Answer(
        recipients=form.recipients,
        copies=form.copies,
        body=form.body,
        files=files,
        button_url=url,
        button_text=_button(payable) if payable and url else "",
    )


def _button(payable: Document) -> str:
    """The customer reads it, so it is in the customer's language."""
    with translation.override(payable.language):
        return _("Pay %(amount)s") % {"amount": money_text(payable.open_minor, payable.currency)}


@door(ANSWER, "GET", "POST")
def write(request: StaffRequest) -> HttpResponse:
    """Write to a customer first: choose who, then say what."""
    desk = request.desk
    customer_id = read_id(request.GET.get("customer", "") or request.POST.get("customer", ""))
    if customer_id is None:
        return _choose(request)
    with tx(desk.seller_id, read_only=True):
        customer = found_customer(customer_id)
    if request.method != "POST":
        with tx(desk.seller_id, read_only=True):
            recipients, copies = addresses_for_documents(customer_id)
        return _write_page(request, customer, AnswerForm(to=", ".join(recipients), cc=", ".join(copies)))
    form, conversation_id = typed_answer(request.POST), made_id(request.POST, "conversation_id")
    going = _going(request, form, has_subject=True)
    if not going:
        return _write_page(request, customer, form, status=REFUSED)
    try:
        message = start_conversation(
            **desk.acting(),
            conversation_id=conversation_id,
            customer_id=customer_id,
            message_id=form.message_id,
            subject=form.subject,
            answer=_answer(request, form, customer),
            due_at=desk.now + UNDO,
        )
    except FileRefused as error:
        form.refuse(error)
        return _write_page(request, customer, form, status=REFUSED)
    _say_sending(request, going, conversation_id, message.data["mail_id"])
    return go(request, "thread", conversation_id)


def _choose(request: StaffRequest) -> HttpResponse:
    text = typed(request.GET.get("q", ""))
    with tx(request.desk.seller_id, read_only=True):
        found = customers_like(text) if text else []
    return page(request, "inbox_write", nav="inbox", customer=None, text=text, found=found)


def _write_page(request: StaffRequest, customer: Customer, form: AnswerForm, *, status: int = 200) -> HttpResponse:
    with tx(request.desk.seller_id, read_only=True):
        owed = open_invoices_of(customer.id)[:MOST_OPEN]
        return page(
            request,
            "inbox_write",
            status=status,
            nav="inbox",
            customer=customer,
            form=form,
            silent=silent_in(form, customer.id, request.desk),
            conversation_id=made_id(request.POST, "conversation_id"),
            people=[person for person in contacts_of(customer.id) if person.email],
            owed=owed,
            first=owed[0] if owed else None,
            link=owed[0] if owed and customer.payment_links else None,
            replies=ready_words(request, Conversation(seller_id=request.desk.seller_id, customer=customer)),
        )


@door(ANSWER, "POST")
def again(request: StaffRequest, conversation_id: UUID, mail_id: UUID) -> HttpResponse:
    """Send what came back to another address; who may change customers puts it on file too."""
    desk, address = request.desk, tidy_text(request.POST.get("address")).lower()
    with tx(desk.seller_id, read_only=True):
        thread, notice = found_thread(conversation_id), found_mail(conversation_id, mail_id)
    if not is_email(address):
        messages.info(request, _("Type the address to send it to. Nothing was sent."))
        return go(request, "thread", conversation_id)
    try:
        send_again(**desk.acting(), notice_id=notice.id, address=address)
    except NoSuchConversation:
        raise Http404 from None
    if desk.may(CUSTOMERS) and thread.customer_id and notice.is_hard:
        replace_address(**desk.acting(), customer_id=thread.customer_id, old=notice.to[0], new=address)
    messages.success(request, _("Sending it again to %(address)s") % {"address": address})
    return go(request, "thread", conversation_id)


@door(ANSWER, "POST")
def stop(request: StaffRequest, conversation_id: UUID, mail_id: UUID) -> HttpResponse:
    """Take an answer back before it goes; its words are in the box again."""
    desk = request.desk
    with tx(desk.seller_id, read_only=True):
        row = found_mail(conversation_id, mail_id)
    if row.message_id and row.message and row.message.kind == "reply":
        if row.direction == "out" and cancel_message(**desk.acting(), message_id=row.message_id):
            messages.success(request, _("Stopped. Nothing was sent; files have to be added again."))
            back = go(request, "thread", conversation_id)
            back["Location"] += f"?back={row.id}"
            return back
    messages.info(request, _("It had already gone out."))
    return go(request, "thread", conversation_id)


def found_mail(conversation_id: UUID, mail_id: UUID) -> ConversationMail:
    """Return one mail of a thread with its message; another one is a 404. Inside `tenant.tx`."""
    row = queries.mail(conversation_id, mail_id)
    if row is None:
        raise Http404
    return row
