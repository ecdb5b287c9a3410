"""The door of the room: a document in, PDF/A-3a bytes out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tallystick.base import tx
from tallystick.pdf._compile import compile_pages
from tallystick.pdf._fonts import coverage
from tallystick.pdf._pool import render_all
from tallystick.pdf._receipt import receipt_page
from tallystick.pdf._request import request_page
from tallystick.pdf._view import document_page
from tallystick.pdf.jobs import DocumentJob, Job, PaidState, PdfFailed, PdfTooLarge, Rendered

__all__ = [
    "DocumentJob",
    "Job",
    "PaidState",
    "PdfFailed",
    "PdfTooLarge",
    "Rendered",
    "render_batch",
    "render_document",
    "render_receipt",
    "render_request",
    "warm_up",
]


def warm_up() -> None:
    """Read what the fonts can draw, so that children that are forked from here needn't."""
    coverage()


def render_document(
    document: Mapping[str, Any], *, pay_url: str | None, logo: bytes | None, state: PaidState | None = None
) -> bytes:
    """An invoice or a credit note as PDF/A-3a, tagged; the same input gives the same bytes.

    `document` is the snapshot kept at issue, amounts in minor units. `pay_url` (http or https) becomes the button and
    the QR while there is something left to pay. `logo` is a PNG or JPEG; what isn't one is left out.
    Raises PdfTooLarge beyond 500 lines, PdfFailed when the page can't be made, ValueError on a bad URL,
    InsideTransaction.
    """
    tx.outside("pdf.render_document")
    page = document_page(document, pay_url=pay_url, logo=logo, state=state)
    return compile_pages([page], day=str(document["issued_on"]))


def render_receipt(
    receipt: Mapping[str, Any], *, logo: bytes | None, documents: Iterable[Mapping[str, Any]] = ()
) -> bytes:
    """A payment receipt as PDF/A-3a, followed by each invoice it paid, every one starting on its own page.

    Raises what `render_document` raises.
    """
    tx.outside("pdf.render_receipt")
    pages = [receipt_page(receipt, logo=logo)]
    pages += [document_page(document, pay_url=None, logo=logo, state=None) for document in documents]
    return compile_pages(pages, day=str(receipt["received_on"]))


def render_request(
    request: Mapping[str, Any],
    *,
    pay_url: str,
    logo: bytes | None,
    documents: Iterable[Mapping[str, Any]] = (),
) -> bytes:
    """A payment request as PDF/A-3a: the table with one button and code, followed by each invoice on its own page.

    Raises what `render_document` raises.
    """
    tx.outside("pdf.render_request")
    pages = [request_page(request, pay_url=pay_url, logo=logo)]
    pages += [document_page(document, pay_url=None, logo=logo, state=None) for document in documents]
    return compile_pages(pages, day=str(request["asked_on"]))


def render_batch(jobs: Iterable[Job], processes: int | None = None) -> Iterator[Rendered]:
    """Render many documents in a pool of warm processes and give each as soon as it is ready, in the order given.

    Each process keeps its compiler, fonts and template. At most a few documents per process are in flight, so memory
    doesn't grow with the batch. A document that fails comes back with its error and doesn't stop the others.
    `processes` defaults to the number of processors. Raises InsideTransaction.
    """
    tx.outside("pdf.render_batch")
    return render_all(jobs, processes)
