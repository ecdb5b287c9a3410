"""The PDF as a reader, an archive and an attacker see it."""

from __future__ import annotations

import re
from datetime import date
from io import BytesIO
from typing import Any, cast

import pytest
from PIL import Image
from pypdf import PdfReader

from tallystick.base import tx
from tallystick.pdf.port import DocumentJob, PaidState, PdfTooLarge, render_batch, render_document, render_receipt
from tallystick.pdf.tests.samples import PAY_URL, customer, invoice, line, receipt, seller


def read(pdf: bytes) -> PdfReader:
    return PdfReader(BytesIO(pdf))


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in read(pdf).pages)


def links_of(pdf: bytes) -> list[str]:
    found = []
    for page in read(pdf).pages:
        for reference in page.get("/Annots") or []:
            action = reference.get_object().get("/A")
            if action and "/URI" in action:
                found.append(str(action["/URI"]))
    return found


def render(document: dict[str, Any], **changes: Any) -> bytes:
    return render_document(document, **{"pay_url": PAY_URL, "logo": None, **changes})


def test_the_button_is_a_real_link_to_the_payment_page() -> None:
    assert set(links_of(render(invoice()))) == {PAY_URL}


def test_it_says_what_the_document_says() -> None:
    text = text_of(render(invoice()))
    for words in ("Invoice LP-10503", "Thursday 19 November 2026", "Kestrel & Rowe Architects Ltd", "€6,276.75"):
        assert words in text
    for words in ("2,092", "Pay online", "58.50", "1 of 3", "IE29 AIBK 9311 5212 3456 78", "RF18 5390 0754 7034"):
        assert words in text
    assert "LP-10503 · page 1 of 1" in text


def test_two_renderings_are_the_same_bytes() -> None:
    first = render(invoice())
    render(invoice(number="LP-1"))
    assert render(invoice()) == first


def test_it_is_archivable_tagged_and_speaks_its_language() -> None:
    pdf = render(invoice(language="ro"))
    root: Any = read(pdf).trailer["/Root"]
    assert root["/Lang"] == "ro"
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert root["/OutputIntents"][0].get_object()["/S"] == "/GTS_PDFA1"
    metadata = root["/Metadata"].get_object().get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "<xmp:CreateDate>2026-11-19" in metadata


def test_every_font_is_inside() -> None:
    reader = read(render(invoice(customer=customer(name="株式会社 شركة Ελληνικά Кириллица"))))
    objects: list[Any] = [reader.get_object(number) for number in range(1, int(cast("int", reader.trailer["/Size"])))]
    descriptors = [found for found in objects if isinstance(found, dict) and found.get("/Type") == "/FontDescriptor"]
    assert len(descriptors) >= 3
    assert all({"/FontFile", "/FontFile2", "/FontFile3"} & set(found) for found in descriptors)


@pytest.mark.parametrize(
    "name", ["Șerban Țăranu și Fiii SRL", "Ελληνική Εταιρεία", "ТОВ Кирилиця", "株式会社ケストレル", "Łódź Żółć"]
)
def test_names_survive_in_their_script(name: str) -> None:
    assert name in text_of(render(invoice(customer=customer(name=name))))


def test_an_arabic_customer_and_a_right_to_left_document() -> None:
    name = "شركة الأمل للتجارة"
    text = text_of(render(invoice(language="ar", customer=customer(name=name))))
    assert set("شركةالأمل") <= set(text)
    assert "Invoice LP-10503" in text


def test_yen_have_no_decimals() -> None:
    text = text_of(render(invoice(currency="JPY")))
    assert "¥627,675" in text
    assert "209,225" in text
    assert "627,675.00" not in text


def test_the_head_of_the_table_repeats_over_200_lines() -> None:
    lines = [line(f"Item {number}", "", "1", "1.00", "23%", 100) for number in range(200)]
    pages = [page.extract_text() for page in read(render(invoice(lines=lines))).pages]
    assert len(pages) >= 4
    assert all("Description" in page for page in pages[:-1])
    assert f"LP-10503 · page 2 of {len(pages)}" in pages[1]
    assert all(re.search(rf"Item {number}\b", "\n".join(pages)) for number in range(200))


def test_more_than_500_lines_are_refused() -> None:
    with pytest.raises(PdfTooLarge, match="501"):
        render(invoice(lines=[line("x", "", "1", "1", "", 100)] * 501))


HOSTILE = (
    '#read("/etc/passwd")',
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "*bold* $x^2$ @ref <label>",
    "#{}",
)


@pytest.mark.parametrize("words", HOSTILE)
def test_markup_shows_as_typed(words: str) -> None:
    document = invoice(
        customer=customer(name=words, address=[words]),
        seller=seller(name=words, legal_name=words, address=[words]),
        notes=words,
        terms_note=words,
        terms_label=words,
        number="LP-7",
        po_number=words,
    )
    document["lines"][0] |= {"description": words, "detail": words}
    pdf = render(document)
    squeezed = re.sub(r"[\s\u200b]", "", text_of(pdf))
    assert squeezed.count(re.sub(r"\s", "", words)) >= 8
    assert "root:" not in squeezed
    assert set(links_of(pdf)) == {PAY_URL}


@pytest.mark.parametrize(
    "text",
    [
        "x" * 300,
        "N" * 3000,
        "😀🎉 emoji",
        "שלום",
        "ไทย",
        "e\u0323\u0301\u0342",
        "\x00\x07\ud800\ue000\U000e0041",
        "a\tb\r\nc",
    ],
)
def test_any_text_makes_a_page(text: str) -> None:
    document = invoice(number=text[:80], customer=customer(name=text), seller=seller(name=text), notes=text)
    document["lines"][0] |= {"description": text, "detail": text, "unit": text, "tax_label": text, "item": text}
    assert render(document).startswith(b"%PDF-1.7")


def test_long_words_stay_inside_their_column() -> None:
    document = invoice()
    document["lines"][0]["description"] = "W" * 300
    text = text_of(render(document, pay_url=None))
    assert max(run.count("W") for run in re.split(r"[^W\u200b]+", text)) < 60
    assert text.count("W") >= 300


def test_long_fields_are_cut_with_an_ellipsis() -> None:
    text = text_of(render(invoice(notes="é" * 5000)))
    assert 1990 <= text.count("é") <= 2000
    assert "…" in text


def test_a_credit_note_refers_to_its_invoice_and_asks_for_nothing() -> None:
    pdf = render(invoice(kind="credit_note", number="CN-12", credits_number="LP-10480", due=[]))
    text = text_of(pdf)
    assert "Credit note CN-12" in text
    assert "LP-10480" in text
    assert "Pay online" not in text
    assert "By bank transfer" not in text
    assert links_of(pdf) == []


def test_nothing_to_pay_has_no_button() -> None:
    totals = {**invoice()["totals"], "total_minor": 0}
    pdf = render(invoice(totals=totals, due=[]))
    assert links_of(pdf) == []
    assert "Nothing to pay" in text_of(pdf)


def test_one_due_item_has_no_instalment_table() -> None:
    text = text_of(render(invoice(due=[{"due_on": "2026-12-19", "amount_minor": 627675, "kind": "balance"}])))
    assert "Instalments" not in text
    assert "To pay by Saturday 19 December 2026" in text


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (PaidState("paid", on=date(2026, 11, 22)), "Paid 22 November 2026"),
        (PaidState("void"), "Cancelled"),
    ],
)
def test_a_closed_document_says_so_and_has_no_button(state: PaidState, words: str) -> None:
    pdf = render(invoice(), state=state)
    assert words in text_of(pdf)
    assert links_of(pdf) == []


def test_a_part_paid_copy_asks_for_the_rest() -> None:
    text = text_of(render(invoice(), state=PaidState("part", open_minor=12345)))
    assert "Left to pay" in text
    assert "123.45" in re.sub(r"\s", "", text)


def test_a_logo_is_drawn_and_a_broken_one_is_left_out() -> None:
    picture = BytesIO()
    Image.new("RGB", (64, 32), "#17694a").save(picture, format="PNG")
    assert len(read(render(invoice(), logo=picture.getvalue())).pages[0].images) == 1
    assert len(read(render(invoice(), logo=b"not a picture")).pages[0].images) == 0


@pytest.mark.parametrize("url", ["javascript:alert(1)", "/p/abc", "https://", "https://a.example/ b"])
def test_only_web_addresses_become_links(url: str) -> None:
    with pytest.raises(ValueError, match="absolute"):
        render(invoice(), pay_url=url)


def test_a_receipt_then_each_invoice_on_its_own_page() -> None:
    pdf = render_receipt(receipt(), logo=None, documents=[invoice(), invoice(number="LP-10499")])
    pages = [page.extract_text() for page in read(pdf).pages]
    assert len(pages) == 3
    assert "Receipt R-1001" in pages[0]
    assert "R-1001 · page 1 of 1" in pages[0]
    assert "4,184.50" in pages[0]
    assert "Kept as credit" in pages[0]
    assert "Invoice LP-10503" in pages[1]
    assert "Invoice LP-10499" in pages[2]
    assert "LP-10499 · page 1 of 1" in pages[2]
    assert links_of(pdf) == []


def test_a_batch_keeps_its_order_and_survives_a_bad_document() -> None:
    jobs = [DocumentJob(f"job-{number}", invoice(number=f"LP-{number}"), PAY_URL) for number in range(7)]
    jobs[3] = DocumentJob("job-3", {"number": "no lines", "lines": [{}] * 501, "issued_on": "2026-01-01"})
    made = list(render_batch(jobs, processes=2))
    assert [one.key for one in made] == [f"job-{number}" for number in range(7)]
    assert "PdfTooLarge" in made[3].error
    assert made[5].pdf == render(invoice(number="LP-5"))


def test_nothing_is_rendered_inside_a_transaction() -> None:
    with tx.inside(), pytest.raises(tx.InsideTransaction):
        render(invoice())
