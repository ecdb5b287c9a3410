"""Mail that came in, as people and machines really write it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tallystick.mail.incoming import IncomingMail, RecipientReport
from tallystick.mail.parse import parse_mail

SAMPLES = Path(__file__).parent / "samples"
REF = "abcdefghijklmnopqrstuvwxyz234567"


def sample(name: str) -> IncomingMail:
    return parse_mail((SAMPLES / f"{name}.eml").read_bytes())


def plain(text: str, **headers: str) -> IncomingMail:
    head = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    return parse_mail(f"{head}\n{text}".encode())


def outcomes(name: str) -> list[tuple[str, str, str]]:
    return [(report.recipient, report.outcome, report.code) for report in sample(name).reports]


def test_a_reply_is_read_whole() -> None:
    mail = sample("reply")
    assert (mail.from_name, mail.from_address) == ("attacker@evil.example", "nora@kestrel.example")
    assert mail.subject == "Răspuns: Re: Invoice LP-10482"
    assert mail.references == ("<018f-1@pay.linden.example>", "<first@pay.linden.example>")
    assert mail.delivered_to[:2] == ("ar@linden.example", "ar+token@linden.example")
    assert mail.sent_at == datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    assert mail.text == "We pay on Friday – see the remittance."
    assert "Here is your invoice" in mail.whole_text
    assert "<b>Friday</b>" in mail.html
    assert [(file.filename, file.content) for file in mail.files] == [
        ("plăți.pdf", b"%PDF-1.4\n"),
        ("passwd.csv", b"a,b\n"),
    ]
    assert not mail.is_automatic
    assert mail.reports == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("exim_gone", [("nora@kestrel.example", "bounced_hard", "5.1.1")]),
        ("exim_full", [("nora@kestrel.example", "bounced_soft", "5.2.2")]),
        ("exim_delayed", [("nora@kestrel.example", "delayed", "4.2.0")]),
        (
            "postfix_two",
            [("otto+bills@dead.example", "bounced_hard", "5.4.4"), ("pia@press.example", "rejected", "5.7.1")],
        ),
        ("exchange_online", [("quinn@fabrikam.example", "bounced_hard", "5.1.10")]),
        ("one_block", [("a@big.example", "bounced_hard", "5.2.1"), ("b@big.example", "delivered", "2.1.5")]),
        ("nameless", [("sam@legacy.example", "bounced_hard", "5.1.1")]),
        ("qmail", [("rita@host.example", "bounced_hard", "5.1.1")]),
        ("qmail_unsure", [("rita@host.example", "bounced_soft", "")]),
        ("away", []),
    ],
)
def test_e7_what_a_report_says_of_each_recipient(name: str, expected: list[tuple[str, str, str]]) -> None:
    assert outcomes(name) == expected


def test_e7_the_server_is_quoted() -> None:
    assert sample("exim_full").reports[0].words == "552 5.2.2 <nora@kestrel.example>: mailbox full"
    assert sample("qmail").reports[0].words.endswith("no mailbox here by that name. (#5.1.1)")


@pytest.mark.parametrize("name", ["exim_gone", "exim_delayed", "exchange_online", "qmail"])
def test_e7_our_own_mark_comes_back_in_the_message_in_headers_or_in_words(name: str) -> None:
    assert sample(name).reported_ref == REF
    assert sample(name).reported_id.endswith("@pay.linden.example>")


def test_a_report_is_automatic_and_its_machine_parts_are_no_files() -> None:
    mail = sample("exim_gone")
    assert mail.is_automatic
    assert mail.files == ()
    assert "This is a permanent error" in mail.text


def test_a_human_mail_that_speaks_of_bounces_is_no_report() -> None:
    mail = plain("<rita@host.example>:\nSorry, no mailbox here by that name. (#5.1.1)", From="nora@kestrel.example")
    assert (mail.reports, mail.is_automatic) == ((), False)


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied; owner-email=x"},
        {"Precedence": "bulk"},
        {"X_Auto_Response_Suppress": "OOF, AutoReply"},
        {"X_Autoreply": "yes"},
        {"List_Id": "<news.example>"},
        {"Return_Path": "< >"},
        {"Subject": "Automatic reply: Invoice LP-1"},
        {"Subject": "Out of Office Re: Invoice"},
        {"Subject": "Răspuns automat: factura"},
        {"From": "MAILER-DAEMON@host.example"},
    ],
)
def test_answers_of_machines_are_recognised(headers: dict[str, str]) -> None:
    assert plain("I am away.", **headers).is_automatic


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "no"},
        {"X_Auto_Response_Suppress": "None"},
        {"Subject": "Re: Automatic reply: Invoice LP-1"},
        {"Precedence": "first-class"},
    ],
)
def test_answers_of_people_stay(headers: dict[str, str]) -> None:
    assert not plain("I am back.", **headers).is_automatic


@pytest.mark.parametrize(
    ("whole", "new"),
    [
        ("Yes.\n\nOn 3 Mar 2026, at 10:00, Linden <a@b.example> wrote:\n\n> Paid?\n> Maeve", "Yes."),
        ("Da.\n\nÎn mar., 3 mar. 2026 la 10:00, Linden\n<a@b.example> a scris:\n\n> Ați plătit?", "Da."),
        ("Yes.\n\n-----Original Message-----\nFrom: Linden\nSent: Monday\n\nPaid?", "Yes."),
        ("Da.\n\n----- Mesaj original -----\nDe la: Linden\n\nAți plătit?", "Da."),
        (
            "Yes.\n________________________________\nFrom: Linden <a@b.example>\nSent: Monday\nTo: Nora\nSubject: x\n\nP",
            "Yes.",
        ),
        ("Da.\n\nDe la: Linden\nTrimis: luni\nCătre: Nora\nSubiect: Factura\n\nAți plătit?", "Da."),
        ("> Paid?\n\nYes, on Friday.\n\n> And the other?\n\nNo.", "Yes, on Friday.\n\nNo."),
        ("On Monday, Linden wrote:\n> Paid?\n\nYes, below.", "Yes, below."),
        ("On Monday we wrote: to the bank\nand they said no.", "On Monday we wrote: to the bank\nand they said no."),
        ("From: here on we pay monthly.\nThanks", "From: here on we pay monthly.\nThanks"),
        ("> only a quotation", "> only a quotation"),
    ],
)
def test_what_is_quoted_is_left_out(whole: str, new: str) -> None:
    mail = plain(whole)
    assert mail.text == new
    assert mail.whole_text == whole


def test_a_mail_of_html_alone_has_words() -> None:
    html = "<style>p{}</style><!-- x --><p>We pay &pound;5<br>on Friday</p><script>alert(1)</script><div>Nora</div>"
    assert plain(html, Content_Type="text/html; charset=utf-8").text == "We pay £5\non Friday\n\nNora"


def test_r19_nothing_unprintable_is_left() -> None:
    hostile = "a\x00b\x1b[31mc\ud800"
    raw = f"Subject: {hostile}\nFrom: {hostile} <n@k.example>\nContent-Type: text/html\n\n{hostile}&#0;&#xD800;&#x1b;"
    mail = parse_mail(raw.encode("utf-8", "surrogatepass"))
    for text in (mail.subject, mail.from_name, mail.text, mail.whole_text, mail.html):
        assert not set(text) & {"\x00", "\x1b", "\ud800"}
        text.encode()


def test_r19_a_name_of_a_file_is_a_bare_name() -> None:
    head = "Content-Type: application/x-thing\nContent-Disposition: attachment; filename="
    names = {
        '"../../etc/passwd"': "passwd",
        '"C:\\\\temp\\\\a.pdf"': "a.pdf",
        "..": "attachment-1",
        '"fdp.\u202eexe.pdf"': "fdp.exe.pdf",
        '"' + "x" * 400 + '.pdf"': "x" * 146 + ".pdf",
        '"=?utf-8?b?w6kucGRm?="': "é.pdf",
        '"a\x07b\'c\\"d.pdf"': "ab'cd.pdf",
    }
    found = {name: parse_mail(f"{head}{name}\n\nx".encode()).files[0].filename for name in names}
    assert found == names


def test_unknown_charsets_and_encodings_are_read_as_far_as_possible() -> None:
    assert parse_mail("Content-Type: text/plain; charset=klingon\n\nplăți".encode()).text == "plăți"
    assert parse_mail(b"Content-Type: text/plain; charset=punycode\n\npl\xe3\xfei").text == "plãþi"
    assert parse_mail(b"Content-Type: text/plain\nContent-Transfer-Encoding: rot13\n\nplain").text == "plain"
    assert parse_mail(b"Content-Transfer-Encoding: base64\n\nSGVsbG8*gV29ybGQ").text == "Hello World"


def test_a_message_without_headers_or_without_anything_is_a_mail() -> None:
    assert parse_mail(b"\nHello").text == "Hello"
    assert parse_mail(b"") == IncomingMail(
        message_id="",
        references=(),
        from_name="",
        from_address="",
        delivered_to=(),
        subject="",
        sent_at=None,
        text="",
        whole_text="",
        html="",
    )


def test_a_forwarded_message_is_a_file() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=a\n\n--a\n\nSee below\n--a\nContent-Type: message/rfc822\n\nSubject: x\n\ny\n--a--\n"
    mail = parse_mail(raw)
    assert mail.text == "See below"
    assert [(file.filename, file.content) for file in mail.files] == [("attachment-1.eml", b"Subject: x\n\ny")]


def test_a_recipient_is_told_once_however_often_the_report_says_it() -> None:
    block = "\nFinal-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n"
    raw = f"Content-Type: multipart/report; boundary=a\n\n--a\nContent-Type: message/delivery-status\n{block * 50}\n--a--\n"
    assert parse_mail(raw.encode()).reports == (
        RecipientReport(recipient="a@b.example", outcome="bounced_hard", code="5.1.1", words=""),
    )
