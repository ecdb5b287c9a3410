"""Reading an email that came in: any bytes in, an `IncomingMail` out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from tallystick.mail._html import words_of
from tallystick.mail._parts import MESSAGES, Part, decode_words, take_apart, walk
from tallystick.mail._quotes import new_part
from tallystick.mail._reports import reports_of
from tallystick.mail.incoming import IncomingFile, IncomingMail
from tallystick.mail.mark import REF_HEADER

MOST_TEXT, MOST_HTML, MOST_FILES = 500_000, 1_000_000, 100
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@]{1,64}@[\w.-]{1,253}")
_ANGLED = re.compile(r"<([^<>]{3,330})>")
_ID = re.compile(r"<[^<>\s]{3,500}>")
_REF = re.compile(rf"(?im)^[> \t]*{REF_HEADER}[ \t]*:[ \t]*([a-z0-9]{{20,80}})[ \t]*$")
_REPORTED = re.compile(r"(?im)^[> \t]*message-id[ \t]*:[ \t]*(<[^<>\s]{3,500}>)")
_AWAY = re.compile(
    r"(out of (the )?office|automatic reply|auto[- ]?reply|auto[- ]?response|away from|r[aă]spuns automat|absen[tț]"
    r"|[iî]n concediu|mesaj automat)",
    re.IGNORECASE,
)
_TO: Final = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
    "original-recipient",
    "to",
    "cc",
    "resent-to",
)


def parse_mail(raw: bytes) -> IncomingMail:
    """Read an email, whatever it is: broken, endless or hostile. Raises nothing; time and memory go with its size.

    Text is free of NULs, control characters and lone surrogates. Texts, files and headers are cut at generous bounds.
    """
    root = take_apart(raw)
    headers, leaves = root.headers, list(walk(root))
    is_report = any(leaf.content_type.endswith("delivery-status") for leaf in leaves)
    whole, html, files = _contents(leaves, is_report)
    from_header = decode_words(headers.get("from"))
    from_address = _sender(headers.get("from")) or _sender(headers.get("sender"))
    reports = reports_of(root, text=whole, from_header=from_header)
    reported_id, reported_ref = _returned(root, whole) if reports else ("", "")
    subject = headers.words("subject")[:500]
    return IncomingMail(
        message_id=_first(_ID.findall(headers.get("message-id"))),
        references=_references(root),
        from_name=_name(from_header, from_address),
        from_address=from_address,
        delivered_to=tuple(dict.fromkeys(one for value in headers.all(*_TO) for one in _addresses(value)))[:100],
        subject=subject,
        sent_at=_moment(headers.get("date")),
        text=new_part(whole),
        whole_text=whole,
        html=html,
        files=tuple(files),
        is_automatic=bool(reports) or _is_automatic(root, subject, from_address),
        reports=reports,
        reported_id=reported_id,
        reported_ref=reported_ref,
    )


def _contents(leaves: list[Part], is_report: bool) -> tuple[str, str, list[IncomingFile]]:
    """Return the text, the HTML and the files; a report's machine parts are none of these."""
    texts: list[str] = []
    html, files = "", list[IncomingFile]()
    for leaf in leaves:
        is_inside = leaf.content_type.startswith("message/") or leaf.content_type in MESSAGES
        is_text = leaf.content_type in ("text/plain", "text/html") and not leaf.is_attached
        if is_report and is_inside:
            continue
        if leaf.content_type == "text/plain" and is_text and not leaf.filename:
            texts.append(leaf.text(MOST_TEXT))
        elif leaf.content_type == "text/html" and is_text and not html:
            html = leaf.text(MOST_HTML)
        elif len(files) < MOST_FILES and leaf.start < leaf.end:
            files.append(_file(leaf, len(files) + 1))
    whole = "\n\n".join(text.strip("\n") for text in texts)[:MOST_TEXT]
    return whole.strip() or words_of(html), html, files


def _file(leaf: Part, number: int) -> IncomingFile:
    ending = ".eml" if leaf.content_type == "message/rfc822" else ""
    return IncomingFile(
        filename=leaf.filename or f"attachment-{number}{ending}",
        content_type=leaf.content_type,
        content=leaf.content(),
    )


def _addresses(value: str) -> list[str]:
    return [address.strip(".").lower() for address in _ADDRESS.findall(value)]


def _sender(value: str) -> str:
    """Return the address of From. A name may look like another address, so the last one in angle brackets counts."""
    angled = [address for one in _ANGLED.findall(value) for address in _addresses(one)]
    return angled[-1] if angled else _first(_addresses(value))


def _name(header: str, address: str) -> str:
    name = header.split("<", 1)[0].strip().strip("\"'").strip()
    return "" if name.lower() == address else name[:200]


def _references(root: Part) -> tuple[str, ...]:
    answers = _ID.findall(root.headers.get("in-reply-to"))
    before = _ID.findall(root.headers.get("references"))
    return tuple(dict.fromkeys([*answers, *reversed(before)]))[:100]


def _moment(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value[:200])
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if 1980 <= moment.year <= 2200 else None


def _is_automatic(root: Part, subject: str, from_address: str) -> bool:
    """Whether no person wrote it (RFC 3834, and what servers did before it). A subject alone counts only unanswered."""
    headers = root.headers
    submitted = headers.get("auto-submitted").split(";")[0].strip().lower()
    suppress = headers.get("x-auto-response-suppress").strip().lower()
    marks = ("x-autoreply", "x-autorespond", "x-auto-reply", "x-autoresponder", "list-id", "feedback-type")
    return (
        submitted not in ("", "no")
        or headers.get("precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply")
        or suppress not in ("", "none")
        or any(headers.get(mark).strip().lower() not in ("", "no") for mark in marks)
        or headers.get("return-path").replace(" ", "") == "<>"
        or from_address.startswith(("mailer-daemon@", "postmaster@"))
        or bool(_AWAY.match(subject))
    )


def _returned(root: Part, text: str) -> tuple[str, str]:
    """Return the Message-ID and our own mark in what a report gives back: the message, its headers, or a copy in words."""
    for part in _inner(root):
        identity = _first(_ID.findall(part.headers.get("message-id")))
        if identity:
            ref = part.headers.get(REF_HEADER.lower()).strip().lower()
            return identity, ref if re.fullmatch(r"[a-z0-9]{20,80}", ref) else ""
    return _first(_REPORTED.findall(text)), _first(_REF.findall(text)).lower()


def _inner(part: Part) -> list[Part]:
    found = []
    for child in part.children:
        if part.content_type in MESSAGES:
            found.append(child)
        found += _inner(child)
    return found


def _first(found: list[str]) -> str:
    return found[0] if found else ""
