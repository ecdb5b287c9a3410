"""Broadcasts: written, looked at, sent, followed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from tallystick.base.ids import new_id
from tallystick.base.tenant import tx
from tallystick.broadcasts import queries
from tallystick.broadcasts.audience import Audience, customers_in
from tallystick.broadcasts.errors import BadBroadcast, NoSuchBroadcast
from tallystick.broadcasts.models import Broadcast
from tallystick.broadcasts.prepare import broadcast_email
from tallystick.broadcasts.reach import Way, count_ways, ways_to
from tallystick.broadcasts.run import send_broadcast
from tallystick.broadcasts.save import discard_broadcast, save_broadcast, stop_broadcast
from tallystick.broadcasts.wording import PLACEHOLDERS, Said, address_words, read_words, spoken_by
from tallystick.core.segments import size_of
from tallystick.customers.queries import customers, languages_and_places, list_customers
from tallystick.messages.wording import PLACEHOLDERS as MEANINGS
from tallystick.sellers.queries import party_of_seller
from tallystick.sellers.roles import SELL, VIEW
from tallystick.staff.door import StaffRequest, door
from tallystick.staff.forms.broadcasts import WORDS, BroadcastForm, SendForm
from tallystick.staff.forms.ids import made_id, read_id
from tallystick.staff.forms.typed import show_problems
from tallystick.staff.mail_words import skip_reason
from tallystick.staff.views.answer import REFUSED, go, page
from tallystick.staff.views.compose import PREVIEW_POLICY
from tallystick.texting.route import sms_route

PAGE_SIZE = 50
MOST_OFFERED = 1000
PREVIEWED = 3


@door(VIEW)
def broadcasts(request: StaffRequest) -> HttpResponse:
    """List broadcasts, the newest first."""
    cursor = request.GET.get("after", "")
    found = queries.list_broadcasts(cursor=cursor, size=PAGE_SIZE)
    sizes = queries.recipients_of([row.id for row in found.rows])
    return page(
        request,
        "broadcasts",
        nav="broadcasts",
        rows=[(row, sizes.get(row.id, 0)) for row in found.rows],
        next=found.next_cursor,
        first_page=not cursor,
        may_sell=request.desk.may(SELL),
    )


@door(SELL, "GET", "POST")
def new(request: StaffRequest) -> HttpResponse:
    """Write a broadcast; `?customer=` begins one to a single customer."""
    chosen = read_id(request.GET.get("customer", ""))
    initial = {"kind": "one" if chosen else "filter", "customer": str(chosen or ""), "by_email": True}
    return _edit(request, made_id(request.POST) if request.method == "POST" else new_id(), initial, None)


@door(SELL, "GET", "POST")
def edit(request: StaffRequest, broadcast_id: UUID) -> HttpResponse:
    """Change a draft."""
    row = _row(request, broadcast_id)
    if row.state != "draft":
        return go(request, "broadcast", broadcast_id)
    return _edit(request, broadcast_id, BroadcastForm.fields_of(row), row)


def _edit(request: StaffRequest, broadcast_id: UUID, initial: dict[str, Any], row: Broadcast | None) -> HttpResponse:
    desk, posted = request.desk, request.POST if request.method == "POST" else None
    with tx(desk.seller_id, read_only=True):
        offers, spoken, can_text = _offers(), spoken_by(desk.seller.language), sms_route(desk.seller_id) is not None
    form = BroadcastForm(posted, initial=initial, offers=offers, spoken=spoken)
    if posted is not None and form.is_valid():
        try:
            save_broadcast(**desk.acting(), broadcast_id=broadcast_id, sketch=form.sketch())
        except BadBroadcast as error:
            show_problems(form, error.problems, WORDS)
        except NoSuchBroadcast:
            return go(request, "broadcast", broadcast_id)
        else:
            return go(request, "broadcast", broadcast_id)
    return page(
        request,
        "broadcast_edit",
        nav="broadcasts",
        status=200 if posted is None else REFUSED,
        form=form,
        row=row,
        made_id=broadcast_id,
        can_text=can_text,
        placeholders=[(name, _(MEANINGS[name])) for name in PLACEHOLDERS],
    )


def _offers() -> dict[str, list[tuple[str, str]]]:
    currencies, languages, countries = languages_and_places()
    known = dict(settings.LANGUAGES)
    return {
        "customer": [(str(one.id), one.name) for one in list_customers(size=MOST_OFFERED).rows],
        "saved_list": [(str(one.id), f"{one.name} ({size})") for one, size in queries.saved_lists()],
        "currency": [(code, code) for code in currencies],
        "language": [
            (code, get_language_info(code)["name_local"].capitalize() if code in known else code) for code in languages
        ],
        "country": [(code, code) for code in countries],
    }


@door(VIEW)
def broadcast(request: StaffRequest, broadcast_id: UUID) -> HttpResponse:
    """Show a draft with three real recipients and the count, or how far one is that was sent."""
    return _show(request, _row(request, broadcast_id), SendForm())


def _show(request: StaffRequest, row: Broadcast, form: SendForm) -> HttpResponse:
    desk = request.desk
    shown: dict[str, Any] = {"row": row, "form": form, "may_sell": desk.may(SELL)}
    with tx(desk.seller_id, read_only=True):
        if row.state == "draft":
            shown |= _draft(request, row)
        else:
            shown |= _result(request, row)
    status = REFUSED if form.errors else 200
    return page(request, "broadcast", nav="broadcasts", status=status, **shown)


def _draft(request: StaffRequest, row: Broadcast) -> dict[str, Any]:
    ways = _ways(request, row)
    count = count_ways(ways)
    going = list(dict.fromkeys(way.customer_id for way in ways if not way.reason))[:PREVIEWED]
    words = _addressed(request, row, going)
    people = customers(going)
    shown = [
        (people[customer_id], words[customer_id], [way for way in ways if way.customer_id == customer_id])
        for customer_id in going
    ]
    return {
        "count": count,
        "total": count.emails + count.texts,
        "left_out": [(skip_reason(reason), n) for reason, n in count.left_out.items()],
        "shown": shown,
        "segments": max((size_of(said.sms).segments for said in read_words(row.words).values()), default=0),
        "can_text": sms_route(request.desk.seller_id) is not None,
    }


def _result(request: StaffRequest, row: Broadcast) -> dict[str, Any]:
    cursor = request.GET.get("after", "")
    found, sent = queries.recipients_page(row.id, cursor=cursor, size=PAGE_SIZE)
    progress = queries.progress_of(row.id)
    is_live = row.state == "scheduled" or progress.waiting + progress.outbox > 0
    return {
        "progress": progress,
        "left_out": [(skip_reason(reason), n) for reason, n in progress.left_out.items()],
        "is_live": is_live and row.state != "stopped",
        "can_stop": row.state == "scheduled" or progress.waiting + progress.outbox + progress.held > 0,
        "rows": [
            (one, sent.get(one.id), skip_reason(one.reason or (sent[one.id].reason if one.id in sent else "")))
            for one in found.rows
        ],
        "next": found.next_cursor,
        "first_page": not cursor,
    }


def _ways(request: StaffRequest, row: Broadcast) -> list[Way]:
    found = customers_in(Audience.read(row.audience), on=request.desk.today)
    return ways_to(found, by_email=row.by_email, by_sms=row.by_sms, is_transactional=row.is_transactional)


def _addressed(request: StaffRequest, row: Broadcast, customer_ids: list[UUID]) -> Mapping[UUID, Any]:
    owner = request.desk.seller
    return address_words(read_words(row.words), customer_ids, seller_name=owner.name, spoken=spoken_by(owner.language))


@door(VIEW)
def preview(request: StaffRequest, broadcast_id: UUID, customer_id: UUID) -> HttpResponse:
    """Show the email as one customer would get it, in a frame that can do nothing."""
    row = _row(request, broadcast_id)
    words = _addressed(request, row, [customer_id]).get(customer_id)
    if words is None:
        raise Http404
    said: Said = words.said
    composed = broadcast_email(
        party_of_seller(request.desk.seller_id),
        language=words.language,
        subject=said.subject,
        body=said.body,
        leave="" if row.is_transactional else "#",
    )
    return HttpResponse(composed.html, headers={"Content-Security-Policy": PREVIEW_POLICY})


@door(SELL, "POST")
def send(request: StaffRequest, broadcast_id: UUID) -> HttpResponse:
    """Let it go, now or later."""
    row, form, desk = _row(request, broadcast_id), SendForm(request.POST), request.desk
    if form.is_valid():
        due_at = form.moment(desk.zone)
        try:
            send_broadcast(**desk.acting(), broadcast_id=broadcast_id, due_at=due_at)
        except BadBroadcast as error:
            for field, why in error.problems.items():
                form.add_error(field if field in form.fields else None, WORDS[why])
        else:
            said = _("Planned. Until then you can stop it.") if due_at else _("On its way.")
            messages.success(request, said)
            return go(request, "broadcast", broadcast_id)
    return _show(request, row, form)


@door(SELL, "POST")
def stop(request: StaffRequest, broadcast_id: UUID) -> HttpResponse:
    """Let nothing more of it go."""
    _row(request, broadcast_id)
    if stop_broadcast(**request.desk.acting(), broadcast_id=broadcast_id):
        messages.success(request, _("Stopped. Nothing more goes out."))
    return go(request, "broadcast", broadcast_id)


@door(SELL, "POST")
def discard(request: StaffRequest, broadcast_id: UUID) -> HttpResponse:
    """Throw a draft away."""
    _row(request, broadcast_id)
    if discard_broadcast(**request.desk.acting(), broadcast_id=broadcast_id):
        messages.success(request, _("Draft discarded"))
    return go(request, "broadcasts")


def _row(request: StaffRequest, broadcast_id: UUID) -> Broadcast:
    with tx(request.desk.seller_id, read_only=True):
        row = queries.broadcast(broadcast_id)
    if row is None:
        raise Http404
    return row
