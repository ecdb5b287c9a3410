"""A message taken apart: headers and MIME parts, from any bytes at all, within bounds.

Python's own parser recurses without end and some of its readings raise; mail from outside is written by anybody.
"""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import Final

from tallystick.base.inputs import CONTROL

MOST_DEPTH, MOST_PARTS = 8, 200
MESSAGES: Final = ("message/rfc822", "message/global", "text/rfc822-headers")
"""Types whose body is a message again, or the head of one."""
_MOST_HEAD, _MOST_HEADERS, _MOST_VALUE = 256 * 1024, 1000, 16_000
_MOST_WORDS = 2000
_BLANK = re.compile(rb"\r?\n[ \t]*\r?\n")
_FIELD = re.compile(r"([!-9;-~]{1,80})[ \t]*:(.*)", re.DOTALL)
_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,80}")
_NOT_BASE64: Final = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
_CHARSETS: Final = re.compile(
    r"ascii|utf-8(-sig)?|utf-(16|32)(-[lb]e)?|iso8859-\d+|cp\d+|koi8-[rut]|mac-\w+|gb\w+|hz|big5\w*|shift_jis\w*"
    r"|euc_\w+|iso2022_\w+|johab|tis-620"
)
"""Python's names of encodings that are encodings of text; it has others, and mail can name them."""


@dataclass(slots=True)
class Headers:
    """Names in lower case with their values, unfolded and still encoded, in their order."""

    fields: list[tuple[str, str]] = field(default_factory=list)

    def get(self, name: str) -> str:
        """Return the first value, or nothing."""
        return next((value for known, value in self.fields if known == name), "")

    def all(self, *names: str) -> list[str]:
        """Return every value of these names."""
        return [value for known, value in self.fields if known in names]

    def words(self, name: str) -> str:
        """Return the first value for people: decoded, on one line."""
        return decode_words(self.get(name))


@dataclass(slots=True)
class Part:
    """One part; `start` and `end` bound its still encoded body in `raw`."""

    raw: bytes
    start: int
    end: int
    headers: Headers
    content_type: str = "text/plain"
    parameters: dict[str, str] = field(default_factory=dict)
    children: list[Part] = field(default_factory=list)

    def content(self) -> bytes:
        """Return the body, decoded as far as it can be."""
        body = self.raw[self.start : self.end]
        encoding = self.headers.get("content-transfer-encoding").strip().lower()
        if encoding == "base64":
            return _unbase64(body)
        return binascii.a2b_qp(body) if encoding == "quoted-printable" else body

    def text(self, most: int) -> str:
        """Return the body as text of at most `most` characters, without anything PostgreSQL or a page would refuse."""
        return decode_text(self.content()[: most * 4], self.parameters.get("charset", ""))[:most]

    @property
    def filename(self) -> str:
        """The name it came under, bare and harmless; empty without one."""
        disposition = _parameters(self.headers.get("content-disposition"))
        return bare_name(disposition.get("filename", "") or self.parameters.get("name", ""))

    @property
    def is_attached(self) -> bool:
        """Whether its sender meant it to be saved rather than read."""
        return self.headers.get("content-disposition").strip().lower().startswith("attachment")


def take_apart(raw: bytes) -> Part:
    """Return the message's root part. Takes time and memory in proportion to its size, whatever is in it."""
    return _Reader().part(raw, 0, len(raw), 0)


def walk(part: Part) -> Iterator[Part]:
    """Yield the leaves. A message within a message is a leaf."""
    if not part.children or part.content_type in MESSAGES:
        yield part
        return
    for child in part.children:
        yield from walk(child)


class _Reader:
    """Takes one message apart, counting parts."""

    def __init__(self) -> None:
        self.left = MOST_PARTS

    def part(self, raw: bytes, start: int, end: int, depth: int) -> Part:
        self.left -= 1
        has_head = not raw.startswith((b"\n", b"\r\n"), start)
        blank = _BLANK.search(raw, start, end) if has_head else None
        default = (end, end) if has_head else (start, start)
        head_end, body = blank.span() if blank else default
        headers = read_headers(raw[start : min(head_end, start + _MOST_HEAD)])
        given = headers.get("content-type").split(";", 1)[0].strip().lower()
        part = Part(raw, body, end, headers, given if _TYPE.fullmatch(given) else "text/plain")
        part.parameters = _parameters(headers.get("content-type"))
        if depth < MOST_DEPTH:
            part.children = self._children(part, depth)
        return part

    def _children(self, part: Part, depth: int) -> list[Part]:
        if part.content_type.startswith("multipart/") and part.parameters.get("boundary"):
            return [self.part(part.raw, *span, depth + 1) for span in self._spans(part)]
        if part.content_type in MESSAGES and self.left > 0:
            inner = part.content()
            return [self.part(inner, 0, len(inner), depth + 1)]
        return []

    def _spans(self, part: Part) -> Iterator[tuple[int, int]]:
        boundary = part.parameters["boundary"].encode("utf-8", "replace")[:200]
        line = re.compile(rb"^--" + re.escape(boundary) + rb"(--)?[ \t]*\r?$", re.MULTILINE)
        begun = -1
        for found in line.finditer(part.raw, part.start, part.end):
            if begun >= 0 and self.left > 0:
                line_end = 2 if part.raw[found.start() - 2 : found.start()] == b"\r\n" else 1
                yield begun, max(begun, found.start() - line_end)
            begun = min(found.end() + 1, part.end)
            if found[1]:
                return
        if begun >= 0 and self.left > 0:
            yield begun, part.end


def read_headers(head: bytes) -> Headers:
    """Return a header block, unfolded; lines that aren't headers are left out."""
    unfolded: list[str] = []
    for line in _any_text(head).replace("\r\n", "\n").split("\n"):
        if line[:1] in (" ", "\t") and unfolded:
            if len(unfolded[-1]) < _MOST_VALUE:
                unfolded[-1] += " " + line.strip()
        elif len(unfolded) < _MOST_HEADERS:
            unfolded.append(line)
    fields = [found for line in unfolded if (found := _FIELD.match(line[:_MOST_VALUE]))]
    return Headers([(found[1].lower(), CONTROL.sub("", found[2]).strip()) for found in fields])


def decode_words(value: str) -> str:
    """Return a header's value for people, with its encoded words (RFC 2047) decoded, on one line."""
    value = value[:_MOST_WORDS]
    if "=?" in value:
        try:
            pieces = decode_header(value)
        except (HeaderParseError, ValueError):
            pieces = []
        value = "".join(_piece(piece, charset) for piece, charset in pieces) or value
    return " ".join(CONTROL.sub(" ", value).split())


def _piece(piece: str | bytes, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    return decode_text(piece, charset) if charset else piece.decode("raw-unicode-escape", "replace")


def decode_text(content: bytes, charset: str) -> str:
    """Return bytes as text by the charset they claim, else by the likeliest; without NULs and other debris."""
    try:
        codec = codecs.lookup(charset[:40].strip().strip("'\"").encode("ascii", "ignore").decode()).name
    except (LookupError, ValueError):
        codec = ""
    text = content.decode(codec, "replace") if _CHARSETS.fullmatch(codec) and codec != "ascii" else _any_text(content)
    return CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n"))


def bare_name(name: str) -> str:
    """Return a file's name without folders, control characters or tricks of direction; at most 150 characters."""
    name = re.split(r"[/\\]", decode_words(name))[-1]
    name = re.sub(r'[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff<>:"|?*]', "", name).strip(" .")
    if len(name) <= 150:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{stem[: 149 - len(ending)]}.{ending}" if dot and len(ending) <= 10 else name[:150]


def _any_text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _unbase64(body: bytes) -> bytes:
    clean = body.translate(None, _NOT_BASE64)
    try:
        return binascii.a2b_base64(clean[: len(clean) - (len(clean) % 4 == 1)] + b"=" * (-len(clean) % 4))
    except binascii.Error:
        return b""


def _parameters(value: str) -> dict[str, str]:
    """Return the parameters of a header such as Content-Type, continued and encoded ones (RFC 2231) put together."""
    holder = Message()
    holder["content-type"] = value[:4000]
    try:
        found = holder.get_params([], unquote=True)
        return {name.lower(): collapse_rfc2231_value(given) for name, given in found[1:50]}
    except (ValueError, TypeError, LookupError, IndexError):
        return {}
