"""A seller with something behind every address, and a print of all its rows, to see whether one changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import UUID

from django.db import connection
from PIL import Image

from tallystick.base import clock, tenant
from tallystick.base.ids import new_id
from tallystick.broadcasts.audience import Audience
from tallystick.broadcasts.lists import save_list
from tallystick.broadcasts.save import Sketch, save_broadcast
from tallystick.broadcasts.wording import Said
from tallystick.catalog.save import save_item
from tallystick.conversations.queries import files_of
from tallystick.conversations.saved_replies import save_reply
from tallystick.conversations.tests.letters import letter, receive
from tallystick.customers.models import Contact
from tallystick.gateways.port import Payout as Told
from tallystick.invoices import queries as invoices
from tallystick.invoices.attach import attach_file
from tallystick.invoices.send import send_document
from tallystick.mail.incoming import IncomingFile
from tallystick.mailboxes.keep import keep_mail
from tallystick.mailboxes.models import IncomingMessage
from tallystick.mailboxes.save import MailboxDetails, save_mailbox
from tallystick.messages.models import Message, SilencedAddress
from tallystick.messages.outcomes import silence_address
from tallystick.messages.queue import Letter, queue_message
from tallystick.payments._settlement import book_payout
from tallystick.payments.ask_card import request_card
from tallystick.payments.links import charge_url, request_url
from tallystick.payments.models import Allocation, Break, GatewayAccount, PaymentMethod, Payout
from tallystick.payments.record import record_payment
from tallystick.payments.refund import request_refund
from tallystick.payments.requests import request_payment
from tallystick.payments.schedule import Plan, schedule_charge
from tallystick.sellers.members import invite_member
from tallystick.sellers.models import BankAccount, Member, User
from tallystick.sellers.settings import save_branding
from tallystick.testing.provider import add_sandbox
from tallystick.testing.world import World
from tallystick.worker.sweeps import sweep_events

NOWHERE = "http://127.0.0.1:9"
FORGETTABLE = ("django_session", "procrastinate_", "django_migrations")


@dataclass
class Stage:
    """A world, an id for each parameter an address may have, and the link to its issued invoice."""

    world: World
    ids: dict[str, object] = field(default_factory=dict)
    token: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    """By the first letter of the address: p, r, c."""

    def token_for(self, path: str) -> str:
        """The token of the kind of link that an address takes."""
        return self.tokens[path.split("/", 1)[0]]

    @property
    def slug(self) -> str:
        """The seller's name in addresses."""
        return self.world.slug


def set_stage(world: World) -> Stage:
    """Put something behind every address of a seller."""
    world.now = clock.now()
    world.today = world.now.date()
    deposit = {"kind": "net", "days": 30, "label": "30 days", "deposit_percent": "40"}
    acting, issued = world.acting(), world.invoice(terms=deposit)
    item_id, payment_id, message_id = new_id(), new_id(), new_id()
    save_item(seller_id=world.seller_id, item_id=item_id, code="A", name="Thing", unit_price=Decimal(1), currency="EUR")
    record_payment(
        **acting, payment_id=payment_id, customer_id=world.nora, method="cash", amount_minor=100, currency="EUR",
        received_on=world.today, wanted={issued: 100}, reference="", note="",
    )  # fmt: skip
    sweep_events(world.seller_id)
    send_document(
        **acting, invoice_id=issued, message_id=message_id, recipients=["nora@kestrel.example"], subject="s", body="b"
    )
    invitation_id = new_id()
    invite_member(
        **acting,
        invitation_id=invitation_id,
        email=f"new-{world.slug}@acme.example",
        role="sales",
        actor_id=world.alice.id,
    )
    spare = User.objects.create_user(f"spare-{world.slug}@acme.example", "a long enough password", full_name="Spare")
    logo = BytesIO()
    Image.new("RGB", (40, 20), "#123456").save(logo, "PNG")
    save_branding(**acting, brand="#17694a", logo=logo.getvalue(), remove_logo=False)
    account_id = add_sandbox(world, NOWHERE)
    file_id = attach_file(invoice_id=issued, name="a.txt", content_type="text/plain", content=b"x", **acting)
    with tenant.tx(world.seller_id):
        member = Member.objects.create(
            id=new_id(), seller_id=world.seller_id, user=spare, role="read_only", joined_at=world.now
        )
        Message.objects.filter(id=message_id).update(state="failed", due_at=world.now + timedelta(days=1))
        bank = BankAccount.objects.get()
        url = invoices.document(issued).pay_url
    assert url
    token = url.rsplit("/", 1)[1]
    asked_id, charge_id, method_id, card_id = new_id(), new_id(), new_id(), new_id()
    request_card(**acting, request_id=card_id, customer_id=world.nora)
    request_payment(
        **acting, request_id=asked_id, customer_id=world.nora, currency="EUR", language="en", invoice_ids=[issued]
    )
    with tenant.tx(world.seller_id):
        PaymentMethod.objects.create(
            id=method_id, seller_id=world.seller_id, customer_id=world.nora, gateway_account_id=account_id, kind="card",
            brand="Visa", last4="4242", gateway_ref="pm_1", consent_text="I agree.", consent_at=world.now,
            created_at=world.now,
        )  # fmt: skip
        item = invoices.due_items_of([issued])[0]
    day = world.today + timedelta(days=20)
    plan = Plan(charge_id, item.id, "date", charge_on=day, payment_method_id=method_id)
    schedule_charge(seller_id=world.seller_id, plan=plan, now=world.now)
    broadcast_id, list_id = new_id(), new_id()
    save_list(**acting, list_id=list_id, name="Architects", customer_ids=[world.nora])
    words = {"en": Said("News", "We move.", "We move.")}
    save_broadcast(**acting, broadcast_id=broadcast_id, sketch=Sketch("We move", True, False, False, Audience(), words))
    returned = {**_money_that_moved(world, account_id), **_mail_that_came(world)}
    tokens = {
        "p": token,
        "r": request_url(asked_id, 1).rsplit("/", 1)[1],
        "c": charge_url(charge_id, 1).rsplit("/", 1)[1],
    }
    ids: dict[str, object] = {
        "invoice_id": issued, "attachment_id": file_id, "message_id": message_id, "customer_id": world.nora,
        "currency": "EUR", "payment_id": payment_id, "item_id": item_id, "rate_id": world.rates["reduced"],
        "bank": bank.id, "account_id": account_id, "member_id": member.id, "invitation_id": invitation_id,
        "provider": "sandbox", "card_id": card_id, "method_id": method_id, "charge_id": charge_id, "request_id": asked_id,
        "broadcast_id": broadcast_id, "list_id": list_id,
        "kind": "invoice", "language": "en", "route": "postmark", **returned, **_letters(world),
    }  # fmt: skip
    return Stage(world, ids, token, tokens)


def _money_that_moved(world: World, account_id: UUID) -> dict[str, object]:
    """A refund that waits for a second person, money on an invoice, a payout, and something that doesn't match."""
    payment_id, refund_id, break_id, invoice_id = new_id(), new_id(), new_id(), world.invoice()
    record_payment(
        **world.acting(), payment_id=payment_id, customer_id=world.nora, method="cash", amount_minor=200_000,
        currency="EUR", received_on=world.today, wanted={invoice_id: 100}, reference="", note="",
    )  # fmt: skip
    request_refund(
        **world.acting(), refund_id=refund_id, payment_id=payment_id, amount_minor=150_000, reason="Too much",
        actor_id=world.alice.id,
    )  # fmt: skip
    told = Told("po_1", 100, "EUR", "paid", world.today)
    with tenant.tx(world.seller_id):
        book_payout(GatewayAccount.objects.get(id=account_id), told, now=world.now)
        Break.objects.create(
            id=break_id, seller_id=world.seller_id, gateway_account_id=account_id, kind="balance_differs",
            reference="EUR", data={"book_minor": 1, "gateway_minor": 2, "currency": "EUR"}, found_at=world.now,
            seen_at=world.now,
        )  # fmt: skip
        return {
            "refund_id": refund_id,
            "break_id": break_id,
            "allocation_id": Allocation.objects.get(payment_id=payment_id).id,
            "payout_id": Payout.objects.get().id,
        }


def _mail_that_came(world: World) -> dict[str, object]:
    """A mailbox, a mail that couldn't be read, and an address that bounced, with somebody else to write to."""
    message_id, given = new_id(), world.acting()
    letter = Letter(
        message_id,
        "bounced",
        "invoice",
        ["pia@press.example"],
        "en",
        "s",
        "b",
        customer_id=world.customers["pia"],
        document_id=world.invoice(customer="pia"),
    )
    queue_message(letter=letter, **given)
    silence_address(address="pia@press.example", reason="bounced", message_id=message_id, **given)
    details = MailboxDetails(
        address="ar@acme.example", has_plus_addresses=False, host="127.0.0.1", port=9, security="none", username="ar",
        password="secret", folder="INBOX", every_minutes=5,
    )  # fmt: skip
    save_mailbox(details=details, **given)
    keep_mail(raw=b"Subject: x\n\n", source="http", **given)
    with tenant.tx(world.seller_id):
        Contact.objects.create(
            id=new_id(), seller_id=world.seller_id, customer_id=world.customers["pia"], name="Ana",
            email="ap@press.example", gets_documents=False,
        )  # fmt: skip
        IncomingMessage.objects.update(state="failed")
        return {"silence_id": SilencedAddress.objects.get().id, "incoming_id": IncomingMessage.objects.get().id}


def _letters(world: World) -> dict[str, object]:
    """A thread with a mail that has a file, and a saved reply."""
    reply_id = new_id()
    png = IncomingFile(filename="scan.png", content_type="image/png", content=b"\x89PNG\r\n\x1a\n")
    mail = receive(world, letter(html="<p>We ordered the <b>300 g</b>.</p>", files=(png,)))
    save_reply(**world.acting(), reply_id=reply_id, name="Hello", language="en", body="{{ greeting }}")
    with tenant.tx(world.seller_id):
        [file] = files_of([mail.id])[mail.id]
    return {
        "conversation_id": mail.conversation_id, "mail_id": mail.id, "file_id": file.id, "reply_id": reply_id,
    }  # fmt: skip


def known(stage: Stage, path: str) -> dict[str, object]:
    """The stage's ids for an address; two kinds of accounts share a name, and two kinds of payment requests."""
    account, request = (
        "bank" if "settings/banks" in path else "account_id",
        "card_id" if "cards/" in path else "request_id",
    )
    return {**stage.ids, "account_id": stage.ids[account], "request_id": stage.ids[request]}


def row_print(*sellers: UUID) -> dict[str, str]:
    """One line per table: how many rows of these sellers it has and what stands in them."""
    found: dict[str, str] = {}
    for seller_id in sellers:
        with tenant.tx(seller_id, read_only=True), connection.cursor() as cursor:
            for table in _tables(cursor):
                cursor.execute(
                    f"SELECT count(*), md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) FROM \"{table}\" t"
                )
                found[f"{seller_id} {table}"] = str(cursor.fetchone())
    return found


def changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The tables that differ."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _tables(cursor: Any) -> list[str]:
    cursor.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        " AND has_table_privilege(oid, 'SELECT')"
    )
    return [name for (name,) in cursor.fetchall() if not name.startswith(FORGETTABLE)]
