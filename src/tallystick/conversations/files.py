"""What a file is, told from its bytes and never from what it is called; and what is not kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

MAX_BYTES = 10 * 1024 * 1024
MAX_FILES = 20
MAX_ALL = 25 * 1024 * 1024
"""Bytes of all files of one mail."""

_STARTS: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"{\\rtf", "application/rtf"),
)
_PROGRAMS: Final = (
    b"MZ",
    b"\x7fELF",
    b"#!",
    b"\xca\xfe\xba\xbe",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"L\x00\x00\x00\x01\x14",
)
_SCRIPTS: Final = (
    *(".bat", ".cmd", ".com", ".cpl", ".exe", ".hta", ".jar", ".js", ".jse", ".lnk", ".mjs", ".msi", ".pif", ".pl"),
    *(".ps1", ".py", ".rb", ".reg", ".scr", ".sh", ".url", ".vb", ".vbe", ".vbs", ".wsf", ".wsh"),
)  # fmt: skip
"""A script is text like any other: here alone the name counts, and only against the file."""
_PAGES: Final = re.compile(
    rb"<\s*(?:!doctype\s+html|html|head|body|script|svg|iframe|xsl:stylesheet)|www\.w3\.org/(?:1999/xhtml|2000/svg)|<\?xml-stylesheet",
    re.IGNORECASE,
)
_MAIL: Final = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]{1,40}:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){2,}")
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_OFFICE: Final = {
    "WordDocument": "application/msword",
    "Workbook": "application/vnd.ms-excel",
    "PowerPoint Document": "application/vnd.ms-powerpoint",
}
_OOXML: Final = "application/vnd.openxmlformats-officedocument."
_ZIP_OFFICE: Final = (
    (b"word/document.xml", f"{_OOXML}wordprocessingml.document"),
    (b"xl/workbook.", f"{_OOXML}spreadsheetml.sheet"),
    (b"ppt/presentation.xml", f"{_OOXML}presentationml.presentation"),
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
    (b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.spreadsheet"),
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a file turned out to be: its content type, or why it isn't kept (empty, too_big, program, web_page, unknown)."""

    content_type: str
    refused: str = ""


def look_at_file(name: str, content: bytes) -> Looked:
    """Return what the bytes are. Kept: PDF, pictures, office documents without macros, text, CSV, XML, mail and ZIP.

    A ZIP is never opened. Programs, scripts, documents with macros and whatever a browser would run are refused.
    """
    if not content:
        return Looked("", "empty")
    if len(content) > MAX_BYTES:
        return Looked("", "too_big")
    if content.startswith(_PROGRAMS) or name.lower().rstrip(". ").endswith(_SCRIPTS):
        return Looked("", "program")
    for start, content_type in _STARTS:
        if content.startswith(start):
            return Looked(content_type)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return Looked("image/webp")
    if content[4:12] in {b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypavif"}:
        return Looked("image/heic")
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(content)
    if content.startswith(_OLE):
        return _ole(content)
    return _text(name, content)


def _zip(content: bytes) -> Looked:
    """The names of a ZIP's members stand in it as they are, packed or not."""
    if b"vbaProject.bin" in content:
        return Looked("", "program")
    kind = next((kind for mark, kind in _ZIP_OFFICE if mark in content), "application/zip")
    return Looked(kind)


def _ole(content: bytes) -> Looked:
    if "_VBA_PROJECT".encode("utf-16-le") in content:
        return Looked("", "program")
    for stream, kind in _OLE_OFFICE.items():
        if stream.encode("utf-16-le") in content:
            return Looked(kind)
    return Looked("", "unknown")


def _text(name: str, content: bytes) -> Looked:
    if b"\x00" in content or sum(byte < 9 for byte in content[:4096]):
        return Looked("", "unknown")
    begins = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if _MAIL.match(begins) and re.search(
        rb"^(?:from|received|return-path|mime-version):", begins, re.IGNORECASE | re.MULTILINE
    ):
        return Looked("message/rfc822")
    if _PAGES.search(content[:65_536]):
        return Looked("", "web_page")
    if begins.startswith(b"<?xml"):
        return Looked("application/xml")
    return Looked("text/csv" if name.lower().endswith(".csv") else "text/plain")
