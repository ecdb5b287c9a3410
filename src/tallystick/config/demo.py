"""The living demo: Linden Press of Cork, with a year of business behind it, made by the real verbs on a moved clock.

The same day gives the same business. A second start finds it there and only reconnects the payment provider.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings

from tallystick.base import clock, events, tenant
from tallystick.base.ids import new_id
from tallystick.catalog.queries import rates_on_offer
from tallystick.catalog.save import save_item
from tallystick.config.demo_cast import CUSTOMERS, ITEMS, LATE_TEXTS, MEMBERS, MOBILES, Person
from tallystick.config.demo_charges import Shop, tell_of_charges
from tallystick.config.demo_inbox import Inbox
from tallystick.customers.details import ContactDetails, Details
from tallystick.customers.save import save_customers
from tallystick.gateways.registry import build_gateway
from tallystick.invoices.draft import Draft, DraftLine
from tallystick.invoices.duplicate import draft_credit_note
from tallystick.invoices.found import found_business
from tallystick.invoices.issue import Issued, issue_invoices
from tallystick.invoices.mark import mark_sent, mark_viewed
from tallystick.invoices.save import save_drafts
from tallystick.invoices.send import send_as_composed
from tallystick.invoices.series import set_series
from tallystick.messages.message_templates import house_words, save_words
from tallystick.payments.gateways import save_gateway_account
from tallystick.payments.record import record_payment
from tallystick.payments.void import void_invoices
from tallystick.sellers.banks import save_bank_account
from tallystick.sellers.members import accept_invitation, invitation_secret, invite_member
from tallystick.sellers.queries import members, seller_of_slug
from tallystick.sellers.settings import Business, save_branding, update_seller
from tallystick.texting.route import SANDBOX, save_sms_route
from tallystick.worker.sweeps import drain, sweep_events

SLUG = "linden-press"
DAYS = 365
MAILED_DAYS = 10
"""Only the last days' emails really go out; before that the shop had sent them otherwise."""
_IDS = UUID("5f0c2a51-3b0f-4d39-8f2f-0b7a6c1d9e11")


def load_demo() -> None:
    """Make the demo business unless it is there, and connect the sandbox provider that runs now."""
    seller_id = seller_of_slug(SLUG)
    if seller_id is not None:
        connect_provider(seller_id)
        return
    story = _Story(clock.now())
    seller_id = story.tell()
    connect_provider(seller_id)
    _set_up_texting(seller_id)
    if settings.ENV.sandbox_url:
        tell_of_charges(story.shop())


def _set_up_texting(seller_id: UUID) -> None:
    """Text late notices to the phone beside the mailbox."""
    save_sms_route(seller_id=seller_id, kind=SANDBOX, sender="Linden", options={}, now=clock.now())
    for language in ("en", "ro"):
        words = replace(house_words("late_reminder", language), sms=LATE_TEXTS[language])
        save_words(seller_id=seller_id, kind="late_reminder", language=language, words=words, now=clock.now())


def connect_provider(seller_id: UUID) -> None:
    """Point the card account at the provider's present address, and its webhooks at ours."""
    url = settings.ENV.sandbox_url
    if not url:
        return
    account_id = uuid5(_IDS, "card")
    secret = "whsec_" + "ZGVtby1zZWNyZXQtb2YtdGFsbHlzdGljay1zYW5kYm94"
    config = {"api_url": url, "secret_key": "sk_sandbox_lindenpress", "webhook_secret": secret}
    save_gateway_account(
        seller_id=seller_id,
        account_id=account_id,
        provider="sandbox",
        label="Card",
        config=config,
        is_enabled=True,
        now=clock.now(),
    )
    build_gateway("sandbox", config).register_webhook(url=f"{settings.PUBLIC_URL}/hooks/sandbox/{account_id}")


@dataclass
class _Open:
    """An invoice the story still wants paid."""

    issued: Issued
    person: Person
    customer_id: UUID
    currency: str
    pay_on: date


class _Story:
    """A year, day by day."""

    def __init__(self, now: datetime) -> None:
        self.end = now
        self.random = Random("linden press")  # noqa: S311
        self.seller_id = uuid5(_IDS, "seller")
        self.customers: list[tuple[Person, UUID]] = []
        self.rates: dict[str, UUID] = {}
        self.waiting: dict[date, list[_Open]] = defaultdict(list)

    def tell(self) -> UUID:
        """Found the business, live the year, and leave some things undone for the visitor."""
        start = self.end - timedelta(days=DAYS)
        self._found(start)
        self._meet_customers(start)
        for done, day in enumerate(self._days(start)):
            _progress(done, DAYS)
            with clock.at(day):
                self._live(day)
        self._leave_drafts()
        with clock.at(self.end):
            drain(self.seller_id)
        self._write_back()
        _progress(DAYS, DAYS)
        return self.seller_id

    def _write_back(self) -> None:
        """Let customers answer."""
        customers = {person.name: customer_id for person, customer_id in self.customers}
        Inbox(seller_id=self.seller_id, admin_id=self.admin_id, customers=customers, now=self.end).tell()

    def shop(self) -> Shop:
        """Return the business as the next chapter needs it."""
        with tenant.tx(self.seller_id, read_only=True):
            people = {member.user.email: member.user_id for member in members()}
        return Shop(
            seller_id=self.seller_id,
            account_id=uuid5(_IDS, "card"),
            admin_id=self.admin_id,
            colleague_id=next(people[email] for _name, email, role in MEMBERS if role == "sales_manager"),
            rate_id=self.standard,
            customers={person.name: customer_id for person, customer_id in self.customers},
            now=self.end,
        )

    def _acting(self, now: datetime) -> dict[str, Any]:
        """The arguments most verbs share."""
        return {"seller_id": self.seller_id, "now": now, "actor_id": self.admin_id}

    def _days(self, start: datetime) -> Iterator[datetime]:
        for ahead in range(DAYS):
            day = start.date() + timedelta(days=ahead)
            at = datetime.combine(day, time(9, 30), UTC)
            if at < self.end:
                yield at

    def _found(self, now: datetime) -> None:
        self.admin_id = found_business(
            seller_id=self.seller_id,
            slug=SLUG,
            name="Linden Press",
            country="IE",
            currency="EUR",
            admin_email=settings.DEMO_EMAIL,
            admin_name="Maeve Doyle",
            admin_password=settings.DEMO_PASSWORD,
            time_zone="Europe/Dublin",
            is_demo=True,
            now=now,
        )
        acting = self._acting(now)
        business = Business(
            name="Linden Press",
            legal_name="Linden Press Ltd",
            street="14 Copley Street",
            city="Cork",
            postcode="T12 X8N4",
            country="IE",
            currency="EUR",
            tax_id="IE6388047V",
            company_no="481 207",
            email="accounts@lindenpress.example",
            phone="+353 21 555 0142",
            time_zone="Europe/Dublin",
            terms_note="Payment by the due date, please. Goods stay ours until paid in full.",
        )
        update_seller(business=business, **acting)
        save_branding(brand="#17694a", logo=(Path(__file__).parent / "demo_logo.png").read_bytes(), **acting)
        for kind, pattern, first in (
            ("invoice", "LP-{number}", 10001),
            ("credit_note", "LC-{number}", 101),
        ):
            set_series(seller_id=self.seller_id, kind=kind, pattern=pattern, first=first, actor_id=self.admin_id)
        save_bank_account(
            account_id=uuid5(_IDS, "bank"),
            holder="Linden Press Ltd",
            iban="IE29AIBK93115212345678",
            bic="AIBKIE2D",
            bank_name="Harbour Bank",
            currency="EUR",
            seller_id=self.seller_id,
            actor_id=self.admin_id,
        )
        for name, email, role in MEMBERS:
            self._join(name, email, role, now)
        with tenant.tx(self.seller_id):
            offered = sorted(rates_on_offer(), key=lambda rate: rate.category == "Z")
            self.rates = {str(rate.percent.normalize()): rate.id for rate in offered}
        self.standard = self.rates["23"]
        self.zero = self.rates["0"]
        for code, name, unit, price, rate in ITEMS:
            save_item(
                seller_id=self.seller_id,
                item_id=uuid5(_IDS, code),
                code=code,
                name=name,
                unit=unit,
                unit_price=Decimal(price),
                currency="EUR",
                tax_rate_id=self.rates.get(rate, self.zero),
                actor_id=self.admin_id,
            )

    def _join(self, name: str, email: str, role: str, now: datetime) -> None:
        invitation_id = uuid5(_IDS, email)
        invite_member(
            seller_id=self.seller_id,
            invitation_id=invitation_id,
            email=email,
            role=role,
            now=now,
            actor_id=self.admin_id,
        )
        accept_invitation(
            seller_id=self.seller_id,
            invitation_id=invitation_id,
            secret=invitation_secret(invitation_id),
            full_name=name,
            password=settings.DEMO_PASSWORD,
            now=now,
        )

    def _meet_customers(self, now: datetime) -> None:
        details: list[Details] = []
        for person in CUSTOMERS:
            customer_id = uuid5(_IDS, person.name)
            self.customers.append((person, customer_id))
            contact = ContactDetails(name=person.contact, email=person.email, id=uuid5(customer_id, "contact"))
            details.append(
                Details(
                    id=customer_id,
                    name=person.name,
                    country=person.country,
                    currency=person.currency,
                    language=person.language,
                    attention=person.contact,
                    street=person.street,
                    city=person.city,
                    postcode=person.postcode,
                    email=person.email,
                    phone=MOBILES.get(person.country, "").format(len(details) + 10),
                    contacts=(contact,) if person.email else (),
                )
            )
        save_customers(
            seller_id=self.seller_id, customers=details, now=now, actor_id=self.admin_id, tax_ids_as_typed=True
        )

    def _live(self, now: datetime) -> None:
        today = now.date()
        for due in self.waiting.pop(today, []):
            self._pay(due, now)
        if today.weekday() < 5:
            chosen = [c for c in self.customers if self.random.random() < c[0].orders_per_month / 21]
            if chosen:
                self._bill(chosen, now, is_mailed=now > self.end - timedelta(days=MAILED_DAYS))
        if self.end - now < timedelta(days=MAILED_DAYS):
            drain(self.seller_id)
        else:
            self._hush()

    def _bill(self, chosen: list[tuple[Person, UUID]], now: datetime, *, is_mailed: bool) -> None:
        drafts = [self._draft(person, customer_id) for person, customer_id in chosen]
        acting = self._acting(now)
        save_drafts(drafts=drafts, **acting)
        issued = issue_invoices(invoice_ids=[d.id for d in drafts], today=now.date(), **acting)
        for (person, customer_id), one, draft in zip(chosen, issued, drafts, strict=True):
            if is_mailed and person.email:
                send_as_composed(invoice_id=one.id, message_id=new_id(), **acting)
            else:
                mark_sent(invoice_id=one.id, by_hand=True, **acting)
            if self.random.random() < 0.7:
                mark_viewed(seller_id=self.seller_id, invoice_id=one.id, now=now + timedelta(hours=3))
            days = person.pays_after_days + self.random.randint(-6, 9)
            pay_on = now.date() + timedelta(days=max(1, days))
            self.waiting[pay_on].append(_Open(one, person, customer_id, draft.currency, pay_on))
        if self.random.random() < 0.04:
            self._correct(issued[0], now)

    def _draft(self, person: Person, customer_id: UUID) -> Draft:
        lines = tuple(self._line() for _ in range(self.random.choice((1, 2, 2, 3, 3, 4, 6))))
        terms: dict[str, Any] = {"kind": "net", "days": person.terms_days}
        if self.random.random() < 0.06:
            terms |= {"deposit_percent": "30"}
        elif self.random.random() < 0.04:
            terms |= {"instalments": 3}
        return Draft(
            id=uuid5(_IDS, f"draft {self.random.random()}"),
            customer_id=customer_id,
            currency=person.currency,
            language=person.language if person.language in {"en", "ro"} else "en",
            lines=lines,
            po_number=f"PO-{self.random.randint(1000, 9999)}" if self.random.random() < 0.4 else "",
            terms=terms,
            terms_note="Payment by the due date, please. Goods stay ours until paid in full.",
        )

    def _line(self) -> DraftLine:
        code, name, unit, price, rate = self.random.choice(ITEMS)
        each = Decimal(price)
        many = self.random.choice((250, 500, 1000, 2500)) if each < 2 else self.random.choice((1, 2, 4, 8, 12, 25, 40))
        return DraftLine(
            description=name,
            quantity=Decimal(many),
            unit_price=each,
            tax_rate_id=self.rates.get(rate, self.zero),
            item_code=code,
            unit=unit,
            discount_percent=Decimal(5) if self.random.random() < 0.12 else Decimal(0),
        )

    def _pay(self, due: _Open, now: datetime) -> None:
        """Most pay in full; some pay part, some a little too much, some never."""
        roll = self.random.random()
        if roll < due.person.forgets:
            return
        amount = due.issued.total_minor
        if not amount:
            return
        if roll > 0.97:
            amount += 500
        elif roll > 0.93:
            amount //= 2
        try:
            record_payment(
                seller_id=self.seller_id,
                payment_id=uuid5(due.issued.id, "paid"),
                customer_id=due.customer_id,
                method=self.random.choice(due.person.methods),
                amount_minor=amount,
                currency=due.currency,
                received_on=now.date(),
                reference=due.issued.number,
                now=now,
                actor_id=self.admin_id,
            )
        except LookupError:
            return

    def _correct(self, issued: Issued, now: datetime) -> None:
        """Now and then something was wrong: a part is credited, or the whole is voided."""
        acting = self._acting(now)
        if self.random.random() < 0.5:
            void_invoices(invoice_ids=[issued.id], reason="Billed twice", today=now.date(), **acting)
            self.waiting = defaultdict(
                list, {d: [o for o in waiting if o.issued.id != issued.id] for d, waiting in self.waiting.items()}
            )
            return
        note_id = uuid5(issued.id, "credit")
        draft_credit_note(
            invoice_id=issued.id,
            credit_note_id=note_id,
            quantities={1: Decimal(1)},
            reason="One piece was damaged in transit.",
            **acting,
        )
        issue_invoices(invoice_ids=[note_id], today=now.date(), **acting)

    def _leave_drafts(self) -> None:
        drafts = [self._draft(*self.customers[at]) for at in (0, 3, 7)]
        save_drafts(seller_id=self.seller_id, drafts=drafts, now=self.end, actor_id=self.admin_id)

    def _hush(self) -> None:
        """Note the day's facts as done, but for credit notes, which still have to be applied: receipts went by post then."""
        ids = [event_id for _, event_id in events.due(at=clock.now(), most=1000, seller_id=self.seller_id)]
        with tenant.tx(self.seller_id):
            facts = events.claim(ids)
            events.finish([f.id for f in facts if f.kind != "credit_note.issued"], now=clock.now())
        sweep_events(self.seller_id)


def _progress(done: int, of: int) -> None:
    """Draw a bar on a terminal, a line per tenth elsewhere."""
    if sys.stdout.isatty():
        bar = "█" * (done * 40 // of)
        print(
            f"\rLiving a year at Linden Press {bar:<40} {done * 100 // of:3d} %",
            end="\n" if done == of else "",
            flush=True,
        )
    elif done == of or done % (of // 10) == 0:
        print(f"Living a year at Linden Press: {done * 100 // of} %", flush=True)
