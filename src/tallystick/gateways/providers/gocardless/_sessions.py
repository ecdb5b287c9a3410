"""What became of an attempt: its billing request, its payment with what happened since, and the mandate it made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from uuid import UUID

from gocardless_pro import services  # type: ignore[import-untyped]

from tallystick.core.attempt import State
from tallystick.gateways.attempt_age import earliest_sending
from tallystick.gateways.port import NOT_FOUND, Report, SavedMethod
from tallystick.gateways.providers.gocardless import _answers
from tallystick.gateways.providers.gocardless._client import Answer, Api, Conflict, Refusal, Silence, ask, fetch

PAGE = 200
"""Rows in each page. GoCardless would give 500, and billing requests are long: a megabyte is all we read."""
SEARCH_PAGES_MAX = 50
LANGUAGES = frozenset({"da", "de", "en", "es", "fr", "it", "nb", "nl", "pt", "sl", "sv"})
"""What the hosted page speaks."""
# Several for one attempt exist only when somebody made them by hand; the most binding one speaks.
_RANK = (State.UNKNOWN, State.SUCCEEDED, State.PROCESSING, State.ACTION_REQUIRED, State.DECLINED, State.CANCELED)


class TooMany(Exception):
    """The list is longer than we care to walk."""


def request_report(api: Api, request: Answer, attempt_id: UUID) -> Report:
    """A billing request as a Report. Raises Unreadable and NoReply."""
    if _answers.our_id(request, "attempt_id") != attempt_id:
        raise _answers.Unreadable("this billing request belongs to another attempt")
    status, ref = _answers.text(request, "status"), _answers.text(request, "id")
    state = _answers.REQUEST_STATES.get(status)
    if state is None:
        raise _answers.Unreadable("unknown status of a billing request")
    if status != "fulfilled":
        return Report(state, ref=ref)
    payment_ref = _answers.link(request, "payment_request_payment")
    mandate_ref = _answers.link(request, "mandate_request_mandate")
    saved = _saved(api, mandate_ref) if request.get("mandate_request") and mandate_ref else None
    if payment_ref:
        payment = fetch(partial(api.of(services.PaymentsService).get, payment_ref))
        return replace(payment_report(api, payment), ref=ref, saved=saved)
    if request.get("payment_request") or not mandate_ref:
        return Report(State.PROCESSING, ref=ref)
    return Report(State.SUCCEEDED, ref=ref, saved=saved)


def own_payment_report(api: Api, payment: Answer, attempt_id: UUID) -> Report:
    """A payment on a mandate as a Report. Raises Unreadable, also when it belongs to another attempt, and NoReply."""
    if _answers.our_id(payment, "attempt_id") != attempt_id:
        raise _answers.Unreadable("this payment belongs to another attempt")
    return payment_report(api, payment)


def payment_report(api: Api, payment: Answer) -> Report:
    """A payment with its events and refunds. Raises Unreadable and NoReply."""
    ref = _answers.text(payment, "id")
    if _answers.text(payment, "status") in _answers.WAITING:
        return _answers.read_payment(payment, (), ())
    events, refunds = history_of(api, ref)
    return _answers.read_payment(payment, events, refunds)


def history_of(api: Api, payment_ref: str) -> tuple[list[Answer], list[Answer]]:
    """The events of a payment and its refunds. Raises Unreadable and NoReply."""
    events = walk(api, services.EventsService, "events", {"payment": payment_ref})
    refunds = walk(api, services.RefundsService, "refunds", {"payment": payment_ref})
    return list(events), list(refunds)


def find(api: Api, attempt_id: UUID) -> Report:
    """An attempt by our own id, among the billing requests and payments made since it was. Raises Unreadable, NoReply.

    Raises TooMany when the lists don't come to an end.
    """
    earliest = earliest_sending(attempt_id)
    reports: list[Report] = []
    covered: set[str] = set()
    for request in walk(api, services.BillingRequestsService, "billing_requests", {}):
        if earliest is not None and _answers.instant(request, "created_at") < earliest:
            break
        if _answers.our_id(request, "attempt_id") == attempt_id:
            report = request_report(api, request, attempt_id)
            is_open = report.state is State.ACTION_REQUIRED
            reports.append(with_page(api, report, _return_url(request)) if is_open else report)
            covered.add(_answers.link(request, "payment_request_payment"))
    since = {"created_at[gte]": f"{earliest:%Y-%m-%dT%H:%M:%S.000Z}"} if earliest is not None else {}
    reports += [
        payment_report(api, payment)
        for payment in walk(api, services.PaymentsService, "payments", since)
        if _answers.our_id(payment, "attempt_id") == attempt_id and _answers.text(payment, "id") not in covered
    ]
    if not reports:
        return NOT_FOUND
    first = min(reports, key=lambda report: _RANK.index(report.state))
    return replace(first, charges=tuple(charge for report in reports for charge in report.charges))


def with_page(api: Api, report: Report, return_url: str, email: str = "", language: str = "") -> Report:
    """Open a page for an open billing request. A second page for the same one does no harm: it is paid once.

    Without an answer the report is `unknown` and names nothing, so that it is sent again or sought by our id.
    """
    wanted: dict[str, object] = {"links": {"billing_request": report.ref}}
    if return_url:
        wanted |= {"redirect_uri": return_url, "exit_uri": return_url}
    if email:
        wanted["prefilled_customer"] = {"email": email}
    if language[:2].lower() in LANGUAGES:
        wanted["language"] = language[:2].lower()
    reply = ask(partial(api.of(services.BillingRequestFlowsService).create, wanted))
    if isinstance(reply, Refusal | Silence | Conflict):
        return Report(State.UNKNOWN)
    try:
        url, expires_at = _answers.text(reply, "authorisation_url"), _answers.instant(reply, "expires_at")
    except _answers.Unreadable:
        return Report(State.UNKNOWN)
    return replace(report, action_url=url, expires_at=expires_at)


def walk(
    api: Api, service: type[services.base_service.BaseService], name: str, params: dict[str, str]
) -> Iterator[Answer]:
    """The rows of a list, newest first. Raises Unreadable, NoReply and TooMany."""
    after = ""
    for _ in range(SEARCH_PAGES_MAX):
        wanted = {**params, "limit": str(PAGE)} | ({"after": after} if after else {})
        page = fetch(partial(api.of(service).list, wanted))
        yield from _answers.rows(page, name)
        after = _answers.after(page)
        if not after:
            return
    raise TooMany(f"over {PAGE * SEARCH_PAGES_MAX} {name}")


def _saved(api: Api, mandate_ref: str) -> SavedMethod | None:
    mandate = fetch(partial(api.of(services.MandatesService).get, mandate_ref))
    account_ref = _answers.link(mandate, "customer_bank_account")
    account = fetch(partial(api.of(services.CustomerBankAccountsService).get, account_ref))
    return _answers.read_mandate(mandate, account)


def _return_url(request: Answer) -> str:
    metadata = request.get("metadata")
    return _answers.shown(metadata, "return_url") if isinstance(metadata, Mapping) else ""
