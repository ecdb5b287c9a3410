"""What may be shown of a stranger's mail, and what its files are."""

from __future__ import annotations

import io
import zipfile

import pytest

from tallystick.conversations._html import clean_html
from tallystick.conversations.files import MAX_BYTES, look_at_file
from tallystick.conversations.subjects import plain_subject, reply_subject, topic_of

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=https://evil.example/pixel.gif onerror=alert(1)>",
    "<svg onload=alert(1)><a xlink:href='javascript:alert(1)'>x</a></svg>",
    "<a href='javascript:alert(1)'>x</a><a href='data:text/html,x'>y</a>",
    "<style>body{background:url(https://evil.example)}</style>",
    "<p style='position:fixed;inset:0;background:url(https://evil.example)'>x</p>",
    "<iframe src=https://evil.example></iframe><object data=x></object><embed src=x>",
    "<form action=https://evil.example><input name=password><button>Sign in</button></form>",
    "<base href=https://evil.example><meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<table background=https://evil.example/x.gif><td>x</table>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<video poster=https://evil.example/x src=x></video><audio src=x></audio>",
    "<p id=main class=top onclick=alert(1)>x</p>",
)


@pytest.mark.parametrize("html", HOSTILE)
def test_r19_nothing_of_a_mail_runs_loads_or_escapes(html: str) -> None:
    shown = clean_html(f"<p>Hello</p>{html}").lower()
    assert "hello" in shown
    for never in (
        "alert",
        "evil",
        "javascript",
        "style",
        "<img",
        "<form",
        "<input",
        "<svg",
        "<iframe",
        "id=",
        "class=",
    ):
        assert never not in shown, never


def test_words_tables_and_links_stay() -> None:
    shown = clean_html(
        '<h2>Hi</h2><table><tr><td colspan="2">a <b>b</b></td></tr></table><a href="https://x.example/?a=1">see</a>'
    )
    assert '<td colspan="2">a <b>b</b></td>' in shown
    assert 'href="https://x.example/?a=1"' in shown
    assert 'target="_blank"' in shown
    assert 'rel="noopener noreferrer nofollow"' in shown


def test_no_letter_is_that_long() -> None:
    assert clean_html("<p>" + "x" * 400_001) == ""
    assert clean_html("   ") == ""


def zipped(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return packed.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.exe.pdf", b"%PDF-1.7\n", "application/pdf"),
        ("photo", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("b.docx", zipped("[Content_Types].xml", "word/document.xml"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("b.xlsx", zipped("xl/workbook.xml"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("b.zip", zipped("run-me.exe"), "application/zip"),
        ("old.doc", OLE + "WordDocument".encode("utf-16-le"), "application/msword"),
        ("rows.csv", b"a,b\n1,2\n", "text/csv"),
        ("note", "Mulțumim".encode(), "text/plain"),
        ("fwd.eml", b"From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n\r\n<html>", "message/rfc822"),
        ("ubl.xml", b"<?xml version='1.0'?><Invoice xmlns='urn:oasis'/>", "application/xml"),
    ],
)  # fmt: skip
def test_a_file_is_what_its_bytes_say(name: str, content: bytes, kind: str) -> None:
    assert look_at_file(name, content).content_type == kind
    assert look_at_file(name, content).refused == ""


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("invoice.pdf", b"MZ\x90", "program"),
        ("invoice.pdf", b"\x7fELF", "program"),
        ("list.txt", b"#!/bin/sh\nrm -rf /", "program"),
        ("script.JS", b"WScript.Shell", "program"),
        ("script.js. ", b"WScript.Shell", "program"),
        ("budget.docx", zipped("word/document.xml", "word/vbaProject.bin"), "program"),
        ("old.xls", OLE + "Workbook".encode("utf-16-le") + "_VBA_PROJECT".encode("utf-16-le"), "program"),
        ("setup.doc", OLE, "unknown"),
        ("page.txt", b"\xef\xbb\xbf <!DOCTYPE html><p>", "web_page"),
        ("pic.txt", b"<svg onload=alert(1)>", "web_page"),
        ("data.xml", b"<?xml version='1.0'?><x xmlns='http://www.w3.org/1999/xhtml'/>", "web_page"),
        ("data.xml", b"<?xml version='1.0'?><?xml-stylesheet href='x'?><x/>", "web_page"),
        ("blob.txt", b"\x00\x01\x02", "unknown"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c\x00\x04", "unknown"),
        ("none.pdf", b"", "empty"),
        ("big.pdf", b"%PDF-" + b"x" * MAX_BYTES, "too_big"),
    ],
)  # fmt: skip
def test_programs_pages_and_what_nobody_knows_are_refused(name: str, content: bytes, why: str) -> None:
    assert look_at_file(name, content).refused == why


@pytest.mark.parametrize(
    ("subject", "plain"),
    [
        ("Re: Re[2]: AW: Invoice", "Invoice"),
        ("[External] RE: Invoice LP-1", "Invoice LP-1"),
        ("Re:", "Re:"),
        ("Reply to all", "Reply to all"),
        ("Re: " * 2000 + "x", "Re:"),
        ("  two \n lines ", "two lines"),
    ],
)
def test_a_subject_loses_its_marks(subject: str, plain: str) -> None:
    assert plain_subject(subject).startswith(plain)


def test_an_answer_has_one_mark() -> None:
    assert reply_subject("RE: Re: Invoice") == "Re: Invoice"
    assert topic_of("Re: AW:") == topic_of("") == ""
    assert topic_of("WG: INVOICE  lp-1") == topic_of("invoice LP-1")
