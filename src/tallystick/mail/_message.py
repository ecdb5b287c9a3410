"""An envelope as Django's mail API has it."""

from __future__ import annotations

import re
from email.encoders import encode_base64
from email.mime.base import MIMEBase
from email.utils import format_datetime, formataddr

from django.core.mail import EmailMultiAlternatives
from django.utils.encoding import punycode

from tallystick.mail.envelope import Attachment, BadEnvelope, Envelope

_UNSAFE = re.compile(r"[\r\n\x00\u2028\u2029]")
_ADDRESS = re.compile(r"[!#$%&'*+/=?^_`{|}~\w.-]{1,64}@[^\s@<>(),;:\"\[\]\\]{1,253}")
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,200}@[!-;=?A-~]{1,200}>")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_OURS = frozenset({"from", "to", "cc", "bcc", "subject", "date", "message-id", "reply-to", "auto-submitted", "sender"})


def build_message(envelope: Envelope) -> EmailMultiAlternatives:
    """The message with its headers, twin bodies and attachments. Raises BadEnvelope."""
    _check(envelope)
    sender = address(envelope.sender_address)
    headers = {
        **envelope.headers,
        "From": formataddr((envelope.sender_name, sender), "utf-8") if envelope.sender_name else sender,
        "Message-ID": envelope.message_id,
        "Date": format_datetime(envelope.sent_at),
        **({"Auto-Submitted": "auto-generated"} if envelope.is_automatic else {}),
        "Content-Language": envelope.language,
    }
    message = EmailMultiAlternatives(
        subject=envelope.subject,
        body=envelope.text,
        from_email=address(envelope.return_path) if envelope.return_path else sender,
        to=[address(one) for one in envelope.to],
        cc=[address(one) for one in envelope.cc],
        reply_to=[address(envelope.reply_to)] if envelope.reply_to else [],
        headers=headers,
    )
    if envelope.html:
        message.attach_alternative(envelope.html, "text/html")
    for attachment in envelope.attachments:
        if attachment.content_id:
            message.attach(_inline(attachment))
        else:
            message.attach(attachment.filename, attachment.content, attachment.content_type)
    return message


def address(text: str) -> str:
    """A bare address with its domain in ASCII. Raises BadEnvelope."""
    if not _ADDRESS.fullmatch(text):
        raise BadEnvelope(f"{text[:80]!r} isn't an email address")
    local, domain = text.rsplit("@", 1)
    if not local.isascii():
        raise BadEnvelope(f"{text[:80]!r} has letters before the @ that mail servers don't carry")
    try:
        return f"{local}@{punycode(domain)}"
    except UnicodeError:
        raise BadEnvelope(f"{text[:80]!r} has no valid domain") from None


def _inline(attachment: Attachment) -> MIMEBase:
    main, _, sub = attachment.content_type.partition("/")
    part = MIMEBase(main, sub)
    part.set_payload(attachment.content)
    encode_base64(part)
    part.add_header("Content-ID", f"<{attachment.content_id}>")
    part.add_header("Content-Disposition", "inline", filename=attachment.filename)
    return part


def _check(envelope: Envelope) -> None:
    if not envelope.to:
        raise BadEnvelope("there is no recipient")
    if not _MESSAGE_ID.fullmatch(envelope.message_id):
        raise BadEnvelope("a Message-ID is <left@right>, in ASCII")
    if envelope.sent_at.tzinfo is None:
        raise BadEnvelope("the date needs a time zone")
    for name, value in envelope.headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OURS:
            raise BadEnvelope(f"the header {name[:60]!r} can't be set")
        _one_line(name, value)
    _one_line("sender name", envelope.sender_name)
    _one_line("subject", envelope.subject)
    _one_line("language", envelope.language)
    for attachment in envelope.attachments:
        for what in (attachment.filename, attachment.content_type, attachment.content_id):
            _one_line("attachment", what)
        if not re.fullmatch(r"[\w.+-]+/[\w.+-]+(; ?[\w-]+=[\w.-]+)?", attachment.content_type):
            raise BadEnvelope(f"{attachment.content_type[:60]!r} isn't a content type")


def _one_line(what: str, value: str) -> None:
    if _UNSAFE.search(value):
        raise BadEnvelope(f"a line break in the {what}")
