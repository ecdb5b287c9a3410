"""What is sent, by which way, and what can go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file in the message. With a `content_id` (no angle brackets) it is a picture shown inside the HTML."""

    filename: str
    content_type: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One email, complete. The same envelope sent twice is the same message: same Message-ID, same Date.

    `message_id` is `<left@right>` and decided by the caller; `sent_at` has a time zone; addresses are bare
    (`ap@kestrelrowe.example`); `return_path` is where bounces go, the sender's address when empty; `reference` is our
    own name for it, which a provider that reports back repeats. Not `is_automatic` is what a person wrote (RFC 3834):
    automatic answers to it are welcome.
    """

    message_id: str
    sender_name: str
    sender_address: str
    to: tuple[str, ...]
    subject: str
    text: str
    sent_at: datetime
    html: str = ""
    reply_to: str = ""
    cc: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    language: str = "en"
    return_path: str = ""
    reference: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    is_automatic: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimKey:
    """What signs for a domain: an RSA key in PEM, under the name (selector) that its public half has in DNS."""

    domain: str
    selector: str
    private_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """The way out. `kind` names a provider; `use_ssl` is TLS from the first byte, `use_tls` is STARTTLS.

    `options` are the keys and choices of a provider that isn't a mail server; `dkim` signs what goes by SMTP.
    """

    kind: str = "smtp"
    host: str = "127.0.0.1"
    port: int = 25
    username: str = ""
    password: str = field(default="", repr=False)
    use_tls: bool = False
    use_ssl: bool = False
    timeout_s: int = 20
    options: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    dkim: DkimKey | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One recipient the server didn't take: its code (550) and its words."""

    address: str
    code: int
    text: str

    @property
    def is_permanent(self) -> bool:
        """Whether trying again is useless."""
        return self.code >= 500


@dataclass(frozen=True, slots=True)
class Delivery:
    """The server took the message for `accepted`. `refused` is for the others, and must be told to somebody.

    `provider_id` is what the provider calls the message, when it gave it a name of its own.
    """

    accepted: tuple[str, ...]
    refused: tuple[Refusal, ...] = ()
    provider_id: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a trial: what was tried, whether it worked, the server's words, and our guess at why it didn't.

    `name` is resolve, connect, tls, sign_in, sender, recipient, taken or key; `state` ok, failed, skipped (this route
    has no such step) or not_reached. `hint` is a stable word that doors put into sentences.
    """

    name: str
    state: str
    words: str = ""
    hint: str = ""


class BadEnvelope(ValueError):
    """The envelope can't be an email: a line break in a header, no recipient, a malformed address or Message-ID."""


class MailRefused(Exception):
    """The server refused the message for good (5xx). Nothing was delivered and trying again is useless."""

    def __init__(self, code: int, text: str, refused: tuple[Refusal, ...] = ()) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text
        self.refused = refused


class MailUnavailable(Exception):
    """No answer, a temporary one (4xx) or a broken connection: try again later with the same envelope.

    `text` is the server's. `may_have_left`: the message was handed over whole and the answer is missing, so that it may
    have been taken.
    """

    def __init__(self, text: str, refused: tuple[Refusal, ...] = (), *, may_have_left: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.refused = refused
        self.may_have_left = may_have_left


class MailMisconfigured(MailUnavailable):
    """The server wants other settings (log-in refused, no TLS). The message is fine; tell the operator."""
