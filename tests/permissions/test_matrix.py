"""Who may open what: every route × method × person, read from the URL table, so that a new page can't be forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import InternalError, connection
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from tallystick.base.invariants import broken_rules
from tallystick.customers import queries as customers
from tallystick.customers.models import Customer
from tallystick.invoices.mark import replace_link
from tallystick.mail import advice
from tallystick.pay.views import show
from tallystick.sellers.roles import ROLES, allows
from tallystick.testing.world import make_world
from tests.permissions.routes import Route, Undeclared, no_such_ids, routes
from tests.permissions.stage import Stage, changes, known, row_print, set_stage

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")
STAFF = [route for route in routes() if route.door == "staff"]
PAY = [route for route in routes() if route.door == "pay"]
NOTHING = uuid4()
TWICE = frozenset(
    f"tallystick.staff.views.{name}"
    for name in (
        "editor.edit",  # what was typed into a draft discarded meanwhile can be saved anew
        "invoice_actions.discard", "invoice_actions.detach", "invoice_actions.retry", "invoice_actions.cancel",
        "invoice_actions.send_at_once", "compose.unsend", "outbox.now", "outbox.hold", "outbox.release", "outbox.stop",
        "payments.retry", "status.retry", "settings.bank_remove", "members.withdraw",
        "saved_replies.forget", "customers.subscribe",
    )
)  # fmt: skip
"""POSTs that answer a second click like the first, so a thing that isn't there (or isn't ours) gets that same answer."""


@pytest.fixture(scope="module", autouse=True)
def web() -> Iterator[None]:
    """Static files by plain names, a sandbox on offer that doesn't answer, and a DNS that knows nothing."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staticfiles_storage, "url", lambda name: f"/static/{name}", raising=False)
        patch.setattr(settings.ENV, "sandbox_url", "http://127.0.0.1:9")
        patch.setattr(settings.ENV, "phone_url", "http://127.0.0.1:9")
        patch.setattr(advice, "ask_dns", lambda name: [])
        yield


@pytest.fixture(scope="module")
def stages(database: str) -> Iterator[tuple[Stage, Stage]]:
    """Ours, with a member of each role, and another seller's."""
    both = set_stage(make_world(roles=True)), set_stage(make_world())
    yield both
    for stage in both:
        assert broken_rules(stage.world.seller_id) == {}


@pytest.fixture
def ours(stages: tuple[Stage, Stage]) -> Stage:
    return stages[0]


@pytest.fixture
def theirs(stages: tuple[Stage, Stage]) -> Stage:
    return stages[1]


def client_of(stage: Stage, role: str = "admin") -> Client:
    client = Client()
    client.force_login(stage.world.members[role])
    return client


def ask(client: Client, method: str, url: str) -> HttpResponse:
    return client.generic(method, url, b"", content_type="application/x-www-form-urlencoded")  # type: ignore[return-value]


def staff_url(stage: Stage, route: Route) -> str:
    return route.url(slug=stage.slug, **known(stage, route.path))


# What is declared


def sample(request: Any) -> HttpResponse:
    return HttpResponse()


def test_a_route_that_nobody_declared_is_refused() -> None:
    with pytest.raises(Undeclared, match="went through no door"):
        routes([path("s/<slug:slug>/secret", sample)])
    with pytest.raises(Undeclared, match="without a seller"):
        routes([path("everything", client_view("tallystick.staff.views.invoices.invoices"))])


def client_view(name: str) -> Callable[..., HttpResponse]:
    view = lambda request: HttpResponse()  # noqa: E731
    view.__module__, _, view.__qualname__ = name.rpartition(".")
    return view


def test_every_route_is_declared_and_every_declaration_has_a_route() -> None:
    from tallystick.pay.door import DECLARED as PAY_PAGES
    from tallystick.staff.door import DECLARED as STAFF_PAGES

    found = routes()
    assert len(STAFF) > 60
    assert len(PAY) > 10
    assert {route.view for route in found if route.door == "staff"} == set(STAFF_PAGES)
    assert {route.view for route in found if route.door == "pay"} == set(PAY_PAGES)
    permissions = frozenset().union(*ROLES.values())
    assert {route.needs for route in STAFF} <= permissions


# Staff pages


def test_anonymous_people_are_sent_to_sign_in(ours: Stage) -> None:
    client = Client()
    for route in STAFF:
        for method in METHODS:
            answer = ask(client, method, staff_url(ours, route))
            assert answer.status_code == 302, f"{method} {route.path}: {answer.status_code}"
            assert answer["Location"].startswith("/accounts/login/?next="), f"{method} {route.path}"


def test_an_outsider_sees_what_stands_behind_no_seller(ours: Stage, theirs: Stage) -> None:
    client, before = client_of(theirs), row_print(ours.world.seller_id)
    for route in STAFF:
        url = staff_url(ours, route)
        for method in METHODS:
            answer, missing = ask(client, method, url), ask(client, method, url.replace(ours.slug, "no-such-seller"))
            assert (answer.status_code, missing.status_code) == (404, 404), f"{method} {route.path}"
            assert said(answer, ours.slug) == said(missing, "no-such-seller"), f"{method} {route.path}"
    assert changes(before, row_print(ours.world.seller_id)) == []


def landed(client: Client, method: str, url: str) -> HttpResponse:
    """Ask, and go where one is sent, without what was said on the way before."""
    client.cookies.pop("messages", None)
    answer = ask(client, method, url)
    return ask(client, "GET", answer["Location"]) if answer.status_code == 302 else answer


def said(answer: HttpResponse, *own: str) -> str:
    """The body without the parts that name the address or differ each time."""
    text = answer.content.decode(errors="replace")
    for name, value in answer.headers.items():
        if name == "Content-Security-Policy" and "'nonce-" in value:
            text = text.replace(value.split("'nonce-")[1].split("'")[0], "")
    for word in own:
        text = text.replace(word, "")
    return text


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_what_the_table_says_and_nothing_else(ours: Stage, role: str) -> None:
    """POSTs carry an empty form: what is on the stage stays good enough for the next one."""
    client, before = client_of(ours, role), row_print(ours.world.seller_id)
    for route in STAFF:
        url = staff_url(ours, route)
        allowed = allows(role, route.needs)
        for method in METHODS:
            if method == "POST" and allowed and method in route.methods:
                continue
            answer = ask(client, method, url)
            wanted = 403 if not allowed else 405 if method not in route.methods else None
            if wanted:
                assert answer.status_code == wanted, f"{role} {method} {route.path}: {answer.status_code}"
            else:
                assert answer.status_code in {200, 302}, f"{role} {method} {route.path}: {answer.status_code}"
    assert changes(before, row_print(ours.world.seller_id)) == [], "a GET or a refused request wrote"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_post_what_it_may(database: str, role: str) -> None:
    """On a stage of its own, as an empty form may do things: discard, archive, withdraw."""
    stage = set_stage(make_world(roles=True))
    client = client_of(stage, role)
    for route in STAFF:
        if "POST" not in route.methods or not allows(role, route.needs):
            continue
        answer = ask(client, "POST", staff_url(stage, route))
        fine = {200, 302, 409, 422} | ({404} if "remove" in route.path or route.view.endswith(".role") else set())
        assert answer.status_code in fine, f"{role} POST {route.path}: {answer.status_code}"
        assert "/accounts/login/" not in answer.headers.get("Location", ""), f"{role} POST {route.path}"
    assert broken_rules(stage.world.seller_id) == {}


def test_a_foreign_id_is_the_same_as_one_of_nothing(ours: Stage, theirs: Stage) -> None:
    """One's own seller in the address, another one's document, customer, payment: 404, and not a byte more."""
    client, before, wrong = client_of(ours), row_print(theirs.world.seller_id), []
    for route in STAFF:
        names = route.parameters - {"slug", "currency", "provider", "route", "kind", "language"}
        for method in route.methods if names else ():
            # Each id alone, among our own others, and all of them at once.
            for foreign in dict.fromkeys((*(frozenset({name}) for name in names), names)):
                mine, other = known(ours, route.path), known(theirs, route.path)
                url = route.url(slug=ours.slug, **{n: other[n] if n in foreign else mine[n] for n in mine})
                none = no_such_ids(foreign, other, NOTHING)
                missing_url = route.url(slug=ours.slug, **{n: none.get(n, mine[n]) for n in mine})
                answer, missing = landed(client, method, url), landed(client, method, missing_url)
                at = f"{method} {route.path} with foreign {sorted(foreign)}"
                ids = [str(value) for value in (*mine.values(), *other.values(), NOTHING) if isinstance(value, UUID)]
                if method == "POST" and route.view in TWICE:
                    same = answer.status_code == missing.status_code
                else:
                    same = answer.status_code == missing.status_code == 404 and said(answer, *ids) == said(
                        missing, *ids
                    )
                if not same:
                    wrong.append(f"{at}: {answer.status_code}, of nothing {missing.status_code}")
    assert wrong == []
    assert changes(before, row_print(theirs.world.seller_id)) == []


# Payment pages


def test_a_payment_link_opens_its_own_document_only(ours: Stage, theirs: Stage) -> None:
    before, client = row_print(ours.world.seller_id, theirs.world.seller_id), Client()
    for route in PAY:
        for method in METHODS:
            at = f"{method} {route.path}"
            token = ours.token_for(route.path)
            given = {"token": token, "payment_id": ours.ids["payment_id"]}
            if method not in route.methods:
                assert ask(client, method, route.url(**given)).status_code == 405, at
                continue
            garbage = ask(client, method, route.url(**{**given, "token": "x" * len(token)}))
            forged = ask(client, method, route.url(**{**given, "token": flipped(token)}))
            assert (garbage.status_code, forged.status_code) == (404, 404), at
            assert said(garbage, "x" * len(token)) == said(forged, flipped(token)), at
            if method == "GET":
                answer = ask(client, method, route.url(**given))
                assert answer.status_code in {200, 303}, f"{at}: {answer.status_code}"
                # Another one's link: their document, never ours; our receipt stays closed to it.
                other = ask(client, method, route.url(**{**given, "token": theirs.token_for(route.path)}))
                assert other.status_code == (404 if "payment_id" in route.parameters else answer.status_code), at
                assert token.encode() not in other.content
    assert changes(before, row_print(ours.world.seller_id, theirs.world.seller_id)) == [], "a GET or a bad link wrote"


def flipped(token: str) -> str:
    """With one letter of the signature changed; not the last one, some of whose bits don't count."""
    return token[:-3] + ("A" if token[-3] != "A" else "B") + token[-2:]


def test_a_payment_form_without_its_token_is_refused(ours: Stage) -> None:
    before, client = row_print(ours.world.seller_id), Client(enforce_csrf_checks=True)
    for route in PAY:
        if "POST" in route.methods:
            answer = ask(client, "POST", route.url(token=ours.token_for(route.path)))
            assert answer.status_code == 403, f"{route.path}: {answer.status_code}"
    assert changes(before, row_print(ours.world.seller_id)) == []


def test_a_replaced_link_shows_nothing_of_the_document(database: str) -> None:
    stage = set_stage(make_world())
    replace_link(**stage.world.acting(), invoice_id=stage.ids["invoice_id"])  # type: ignore[arg-type]
    client = Client()
    for route in PAY:
        if route.needs == "old link" or not route.path.startswith("p/"):
            continue
        for method in route.methods:
            answer = ask(client, method, route.url(token=stage.token, payment_id=stage.ids["payment_id"]))
            at = f"{method} {route.path}"
            assert answer.status_code == 200, f"{at}: {answer.status_code}"
            assert answer["Content-Type"].startswith("text/html"), at
            for word in ("Planning drawings", "172.00", "173.00", "Nora"):
                assert word.encode() not in answer.content, f"{at} shows {word}"


# Everyone's pages


def test_public_pages_answer_everyone_without_writing(ours: Stage) -> None:
    before, client = row_print(ours.world.seller_id), Client()
    for route in routes():
        if (
            route.door not in {"public", "theirs"}
            or "<" in route.path
            or "(?P" in route.path
            or route.path.startswith(("p/", "r/", "c/"))
        ):
            continue
        answer = ask(client, "GET", "/" + route.path)
        assert answer.status_code in {200, 302, 404, 405}, f"{route.path}: {answer.status_code}"
    assert changes(before, row_print(ours.world.seller_id)) == []


def test_nobody_signs_up_by_themselves(database: str) -> None:
    given = {"email": "stranger@example.org", "password1": "a long enough password"}
    assert b"password1" not in Client().get("/accounts/signup/").content
    Client().post("/accounts/signup/", given)
    from tallystick.sellers.models import User

    assert not User.objects.filter(email="stranger@example.org").exists()


# A GET can't write


def test_the_database_refuses_what_a_get_would_write(ours: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without READ ONLY on the transaction of a GET, this write would go through."""

    def write(*_: Any, **__: Any) -> None:
        Customer.objects.update(note="a GET was here")

    client = client_of(ours)
    monkeypatch.setattr(customers, "list_customers", write)
    with pytest.raises(InternalError, match="read-only transaction"):
        client.get(f"/s/{ours.slug}/customers")
    monkeypatch.setattr(show, "standing_of", write)
    with pytest.raises(InternalError, match="read-only transaction"):
        Client().get(f"/p/{ours.token}")


def test_every_statement_of_every_get_runs_read_only(ours: Stage) -> None:
    """Not one view only: each statement on a seller's tables, on each GET of the table, stands in a READ ONLY transaction."""
    client, payer, seen = client_of(ours), Client(), 0
    outside = (
        "django_session",
        "user_account",
        "memberships_of",
        "seller_of_",
        "auth_",
        "SAVEPOINT",
        "mfa_",
    )
    loose: list[str] = []

    def watch(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        nonlocal seen
        text = str(sql)
        if not any(word in text for word in outside):
            seen += 1
            with connection.connection.cursor() as cursor:
                if cursor.execute("SHOW transaction_read_only").fetchone()[0] != "on":
                    loose.append(f"{route.path}: {text[:120]}")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        for route in STAFF:
            if "GET" in route.methods:
                client.get(staff_url(ours, route))
        for route in PAY:
            if "GET" in route.methods:
                payer.get(route.url(token=ours.token_for(route.path), payment_id=ours.ids["payment_id"]))
    assert loose == []
    assert seen > 100
