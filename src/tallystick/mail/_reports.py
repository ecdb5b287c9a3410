"""Delivery reports: RFC 3464 as mail servers really write it, and a second opinion on what isn't in any form at all."""

from __future__ import annotations

import re
from email import message_from_bytes
from itertools import takewhile
from typing import Final

from flufl.bounce import all_failures

from tallystick.mail._parts import Part, decode_words, read_headers, walk
from tallystick.mail.incoming import RecipientReport
from tallystick.mail.verdict import judge_refusal, truest_code

MOST_REPORTS: Final = 200
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'@]{1,64}@[\w.-]{1,253}")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_SECOND_OPINION = 64 * 1024
_DAEMON = re.compile(r"mailer-?daemon|postmaster|mail delivery (sub)?system|mail-daemon", re.IGNORECASE)


def reports_of(root: Part, *, text: str, from_header: str) -> tuple[RecipientReport, ...]:
    """Return what a report says about each recipient; nothing for a mail that isn't one."""
    found: list[RecipientReport] = []
    for part in walk(root):
        if part.content_type in _STATUS_TYPES:
            found += _recipients(part.content(), root, text)
    if not found and _is_from_a_server(root, from_header):
        found = _second_opinion(root, text)
    once = {report.recipient: report for report in reversed(found)}
    return tuple(reversed(list(once.values())))[:MOST_REPORTS]


def _is_from_a_server(root: Part, from_header: str) -> bool:
    """Whether it claims to come from a mail server: an absent person answers the same way, but under their own name."""
    is_report = root.content_type == "multipart/report"
    return is_report or bool(root.headers.get("x-failed-recipients") or _DAEMON.search(from_header))


def _recipients(content: bytes, root: Part, text: str) -> list[RecipientReport]:
    found = []
    for block in _blocks(content):
        fields = read_headers(block.encode("utf-8", "replace"))
        if not (fields.get("final-recipient") or fields.get("action") or fields.get("status")):
            continue
        words = " ".join(_typed(fields.get("diagnostic-code"))[1].split())
        report = _report(
            recipient=_who(fields.get("original-recipient"))
            or _who(fields.get("final-recipient"))
            or _only_failed(root, words),
            action=fields.get("action").split("(")[0].strip().lower(),
            status=fields.get("status"),
            words=words or _line_about(fields.get("final-recipient"), text),
        )
        if report:
            found.append(report)
        if len(found) >= MOST_REPORTS:
            break
    return found


def _blocks(content: bytes) -> list[str]:
    """Split the groups of fields; some servers forget the blank line between two recipients."""
    text = content[: _SECOND_OPINION * 4].decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    blocks: list[str] = []
    for block in re.split(r"\n[ \t]*\n", text):
        pieces = re.split(r"(?im)^(?=final-recipient[ \t]*:)", block)
        if len(pieces) > 2:
            blocks += [pieces[0] + pieces[1], *pieces[2:]]
        else:
            blocks.append(block)
    return blocks[: MOST_REPORTS * 2]


def _report(*, recipient: str, action: str, status: str, words: str) -> RecipientReport | None:
    """One recipient's part. A relay or a list that took it over proves nothing, so it is left out."""
    words = decode_words(words)[:500]
    if action.startswith(("relayed", "expanded")):
        return None
    if action.startswith("delivered"):
        return RecipientReport(recipient=recipient, outcome="delivered", code=status[:20], words=words)
    outcome, code = judge_refusal(status=status, words=words)
    if action.startswith("delayed") or (not action.startswith(("fail", "error")) and code.startswith("4")):
        outcome, code = "delayed", truest_code(status=status, words=words)
    return RecipientReport(recipient=recipient, outcome=outcome, code=code, words=words)


def _typed(value: str) -> tuple[str, str]:
    """Split "rfc822; nora@…" and "smtp; 550 …" into their type and the rest; some leave the type out."""
    kind, separator, rest = value.partition(";")
    return (kind.strip().lower(), rest.strip()) if separator and len(kind) < 30 else ("", value.strip())


def _who(value: str) -> str:
    """Return the address in a recipient field, which may be written in xtext (RFC 3461)."""
    text = _typed(value)[1]
    decoded = _XTEXT.sub(lambda code: chr(int(code[1], 16)), text) if "+3D" in text or "+2B" in text else text
    return _address_in(decoded)


def _address_in(text: str) -> str:
    found = _ADDRESS.search(text[:1000])
    return found[0].strip(".").lower() if found else ""


def _only_failed(root: Part, words: str) -> str:
    """Return whom a report without a name means, when there is only one it can be."""
    named = [address for value in root.headers.all("x-failed-recipients") for address in _ADDRESS.findall(value)]
    return named[0].lower() if len(set(named)) == 1 else _address_in(words)


def _line_about(recipient: str, text: str) -> str:
    """Return the lines of the report's text that speak of a recipient: the server's words, when nothing else has them."""
    address = _who(recipient)
    lines = text[:_SECOND_OPINION].split("\n")
    for number, line in enumerate(lines):
        if address and address in line.lower():
            about = takewhile(lambda each: each.strip() and not each.startswith("---"), lines[number : number + 4])
            return " ".join(" ".join(about).split())[:500]
    return ""


def _second_opinion(root: Part, text: str) -> list[RecipientReport]:
    """Ask flufl.bounce about forms of its own (qmail and older); what it calls permanent has to be said in words too."""
    try:
        temporary, permanent = all_failures(message_from_bytes(root.raw[:_SECOND_OPINION]))
    except Exception:  # its detectors assume well-formed mail; no opinion is an answer
        return []
    found = [
        RecipientReport(recipient=_address_in(address.decode()), outcome="delayed", code="", words="")
        for address in sorted(temporary - permanent)
    ]
    for address in sorted(permanent):
        recipient = _address_in(address.decode())
        words = _line_about(recipient, text)
        outcome, code = judge_refusal(words=words)
        found.append(RecipientReport(recipient=recipient, outcome=outcome, code=code, words=words))
    return [report for report in found if report.recipient]
