"""The demo's inbox: what customers answered lately, what came back, and who nobody knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from tallystick.base import clock, direct, tenant
from tallystick.conversations.models import ConversationMail
from tallystick.conversations.outgoing import file_bounce
from tallystick.conversations.receive import receive_mail
from tallystick.conversations.reply import Answer, send_reply
from tallystick.conversations.work import assign_conversation, finish_conversation, put_off_conversation
from tallystick.customers.queries import customer
from tallystick.invoices.models import Invoice
from tallystick.invoices.queries import open_invoices_of
from tallystick.invoices.send import send_as_composed
from tallystick.mail.incoming import IncomingFile, IncomingMail
from tallystick.messages.models import Message
from tallystick.worker.sweeps import drain


class Inbox:
    """A seller's customers, and what they write."""

    def __init__(self, *, seller_id: UUID, admin_id: UUID, customers: Mapping[str, UUID], now: datetime) -> None:
        """Take the business as it stands at `now`."""
        self.seller_id, self.admin_id, self.customers, self.now = seller_id, admin_id, customers, now

    def tell(self) -> None:
        """Leave questions, a remittance, a bounce, an out-of-office, a stranger, and threads put off, done and given away."""
        self._paper()
        self._romanian()
        self._parts()
        self._purchase_order()
        self._remittance()
        self._stranger()
        self._away()
        self._school()
        self._receipt()
        drain(self.seller_id)

    def _acting(self, **ago: float) -> dict[str, Any]:
        return {"seller_id": self.seller_id, "now": self.now - timedelta(**ago)}

    def _sent(self, name: str, **ago: float) -> tuple[Invoice | None, Message | None]:
        """A customer's newest open invoice, mailed some time ago."""
        acting = {**self._acting(**ago), "actor_id": self.admin_id}
        with tenant.tx(self.seller_id, read_only=True):
            owed = open_invoices_of(self.customers[name])
        if not owed:
            return None, None
        message_id = uuid5(owed[-1].id, "inbox")
        send_as_composed(invoice_id=owed[-1].id, message_id=message_id, **acting)
        with clock.at(acting["now"]):
            drain(self.seller_id)
        with tenant.tx(self.seller_id, read_only=True):
            return owed[-1], direct.find(Message, message_id)

    def _hear(
        self,
        name: str,
        text: str,
        *,
        subject: str = "",
        answers: Message | None = None,
        person: tuple[str, str] | None = None,
        files: Sequence[IncomingFile] = (),
        html: str = "",
        is_automatic: bool = False,
        **ago: float,
    ) -> ConversationMail:
        """A mail from a customer (or, with `person`, from anybody) some time ago."""
        if person is None:
            with tenant.tx(self.seller_id, read_only=True):
                row = customer(self.customers[name])
            assert row
            person = row.attention, row.email
        key = uuid5(self.seller_id, f"{name} {subject} {text}")
        said = IncomingMail(
            message_id=f"<{key}@{person[1].rsplit('@', 1)[-1]}>",
            references=(answers.message_id,) if answers else (),
            from_name=person[0],
            from_address=person[1],
            delivered_to=("accounts@lindenpress.example",),
            subject=f"Re: {answers.subject}" if answers else subject,
            sent_at=None,
            text=text,
            whole_text=text,
            html=html,
            files=tuple(files),
            is_automatic=is_automatic,
        )
        return receive_mail(source_id=f"demo:{key}", mail=said, **self._acting(**ago))

    def _paper(self) -> None:
        """A question about an invoice, from the one who got it."""
        _invoice, message = self._sent("Donnelly & Sons Solicitors", days=3)
        self._hear(
            "Donnelly & Sons Solicitors",
            "We ordered the 300 g, these are 250. Can you reprint, or take something off?\n\nRuth",
            subject="Wrong paper stock",
            answers=message,
            days=1,
            hours=3,
        )

    def _romanian(self) -> None:
        """Half of an invoice is on its way, in Romanian; answered by Maeve, answered again."""
        name = "Atelier Luma SRL"
        _invoice, message = self._sent(name, days=6)
        first = self._hear(
            name,
            "Bună ziua,\n\nputem plăti jumătate acum și restul pe 15 ale lunii viitoare?\n\nIoana Lumânăraru",
            subject="Plata în două tranșe",
            answers=message,
            days=4,
        )
        body = (
            "Bună ziua, Ioana,\n\nsigur că da. Plătiți acum ce puteți din linkul facturii, restul îl așteptăm pe 15.\n\n"
            "Maeve Doyle\nLinden Press"
        )
        send_reply(
            **self._acting(days=3, hours=20),
            conversation_id=first.conversation_id,
            message_id=uuid5(first.id, "answer"),
            answer=Answer([first.from_address], body),
            actor_id=self.admin_id,
        )
        self._hear(
            name,
            "Mulțumim! Am făcut plata azi dimineață. Atașez confirmarea băncii.\n\nIoana",
            subject="Re: Plata în două tranșe",
            answers=message,
            files=[IncomingFile(filename="confirmare-plată.txt", content_type="text/plain", content=b"OP 4471\n")],
            hours=5,
        )

    def _parts(self) -> None:
        """A customer who asks out of nowhere."""
        self._hear(
            "Marlow Bridge Dental",
            "Half now and half in January would suit us best, if that is all right with you.",
            subject="Can we pay in two parts?",
            html="<p>Half now and <b>half in January</b> would suit us best, if that is all right with you.</p>",
            days=1,
            hours=6,
        )

    def _purchase_order(self) -> None:
        """An order number that was missing, then the invoice comes back from the old address."""
        name = "Pemberton Logistics Ltd"
        invoice, message = self._sent(name, hours=4)
        if not invoice or not message:
            return
        self._hear(
            name,
            "Our system won't let this one through without our PO number on it. It's 7741-B. Could you send it again to "
            "payables@pemberton.example? Accounts has moved there.\n\nThanks, Tom",
            subject=message.subject,
            answers=message,
            hours=3,
        )
        file_bounce(
            **self._acting(hours=2),
            message_id=message.id,
            recipient=message.recipients[0],
            code="5.1.1",
            words=f"550 5.1.1 <{message.recipients[0]}>: Recipient address rejected: User unknown",
            is_hard=True,
        )

    def _remittance(self) -> None:
        """What a bookkeeping program sends, with a file that is no picture."""
        self._hear(
            "Tidewater Yacht Club",
            "Payment of €1,020.00 on Monday by bank transfer. Details attached.",
            subject="Remittance advice 0091",
            files=[
                IncomingFile(
                    filename="remittance-0091.csv", content_type="text/csv", content=b"ref,amount\n0091,1020.00\n"
                ),
                IncomingFile(filename="stamp.png", content_type="image/png", content=b"MZ\x90\x00"),
            ],
            days=2,
        )

    def _stranger(self) -> None:
        """Somebody nobody knows."""
        self._hear(
            "",
            "Hello, I've taken over the books at a shop you print for. Which of our invoices are open?",
            subject="Open invoices?",
            person=("Orla Fagan", "orla@harbourbooks.example"),
            hours=7,
        )

    def _away(self) -> None:
        """An answering machine: filed under the invoice, and nobody is bothered."""
        _invoice, message = self._sent("Northlight Theatre", days=1)
        self._hear(
            "Northlight Theatre",
            "I'm away until Monday. For anything urgent ring the box office.",
            subject="Out of office",
            answers=message,
            is_automatic=True,
            hours=23,
        )

    def _school(self) -> None:
        """Put off until there is something to do about it, and in a colleague's hands."""
        mail = self._hear(
            "Whitethorn Primary School",
            "From January every invoice needs our order number in the first line. I'll send the new rules next week.",
            subject="New purchase order rules",
            days=5,
        )
        acting = {**self._acting(days=4), "conversation_id": mail.conversation_id, "actor_id": self.admin_id}
        assign_conversation(**acting, assignee_id=self.admin_id)
        put_off_conversation(**acting, until=self.now.date() + timedelta(days=4))

    def _receipt(self) -> None:
        """Asked, answered, done."""
        mail = self._hear(
            "Fairweather Cycles", "Could you send the October receipt again?", subject="Receipt for October?", days=8
        )
        answer = Answer([mail.from_address], "Hello Ola,\n\nhere it is again.\n\nMaeve Doyle\nLinden Press")
        acting = {**self._acting(days=7), "conversation_id": mail.conversation_id, "actor_id": self.admin_id}
        send_reply(**acting, message_id=uuid5(mail.id, "answer"), answer=answer)
        finish_conversation(**acting)
