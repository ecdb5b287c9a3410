"""P9: one-page invoice PDFs with the real template, against WeasyPrint on an equal page."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import segno
from PIL import Image, ImageDraw
from pypdf import PdfReader

from bench.children import tree_cpu_ms, tree_rss_mb
from bench.venvs import Unavailable, venv
from tallystick.pdf.port import DocumentJob, render_batch
from tallystick.pdf.tests.samples import PAY_URL, invoice

DOCUMENTS, ROUNDS, THEIRS = 500, 3, 60
MEMORY_DOCUMENTS, MEMORY_LONG = 2_000, 10_000
WARM_UP = 8


def run(*, long: bool = False) -> dict[str, Any]:
    """Render in interleaved rounds, then with two processes, then many with a look at memory."""
    logo = _logo()
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    skipped = ""
    for _ in range(ROUNDS):
        ours.append(_render(DOCUMENTS, logo, 1))
        try:
            theirs.append(_weasyprint(logo))
        except Unavailable as why:
            skipped = str(why)
    two = _render(2 * DOCUMENTS, logo, 2)
    one_wall = median(r["wall_ms"] for r in ours)
    cpu = median(r["cpu_ms"] for r in ours)
    found: dict[str, Any] = {
        "cpu_ms_per_document": round(cpu, 2),
        "documents_per_s_and_core": round(1000 / cpu, 1),
        "two_processes_speed_up": round(one_wall / two["wall_ms"], 2),
        "memory": _memory(MEMORY_LONG if long else MEMORY_DOCUMENTS, logo),
    }
    if skipped:
        return {**found, "weasyprint": {"skipped": skipped}}
    their_cpu = median(r["cpu_ms"] for r in theirs)
    return {
        **found,
        "weasyprint_version": theirs[0]["version"],
        "weasyprint_cpu_ms_per_document": round(their_cpu, 2),
        "times_weasyprint": round(their_cpu / cpu, 1),
    }


def _logo() -> bytes:
    image = Image.new("RGB", (600, 160), "#17694a")
    ImageDraw.Draw(image).ellipse((20, 20, 140, 140), fill="white")
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def _jobs(count: int, logo: bytes) -> Iterator[DocumentJob]:
    for number in range(count):
        yield DocumentJob(f"LP-{number}", invoice(number=f"LP-{number}"), pay_url=f"{PAY_URL}{number}", logo=logo)


def _render(count: int, logo: bytes, processes: int) -> dict[str, float]:
    """Milliseconds per document of CPU (with the pool's processes) and of wall clock, after the pool is warm."""
    done = render_batch(_jobs(count + WARM_UP * processes, logo), processes)
    for _ in range(WARM_UP * processes):
        next(done)
    cpu, started = tree_cpu_ms(), time.perf_counter()
    pages = set()
    for at, rendered in enumerate(done):
        assert not rendered.error, rendered.error
        if at == count - 1:
            cpu, wall = tree_cpu_ms() - cpu, (time.perf_counter() - started) * 1000
        if at < 3:
            pages.add(len(PdfReader(io.BytesIO(rendered.pdf)).pages))
    assert pages == {1}, pages
    return {"cpu_ms": cpu / count, "wall_ms": wall / count}


def _memory(count: int, logo: bytes) -> dict[str, Any]:
    """Resident memory of the one worker as the documents go by; a worker is renewed after 2,000."""
    marks = []
    step = count // 10
    for at, rendered in enumerate(render_batch(_jobs(count, logo), 1), start=1):
        assert not rendered.error
        if at % step == 0:
            marks.append(round(tree_rss_mb() if at < count else marks[-1]))
    return {"documents": count, "largest_process_mb": marks, "last_to_first": round(marks[-2] / marks[0], 2)}


def _weasyprint(logo: bytes) -> dict[str, Any]:
    """The same page in HTML, rendered over and over by one warm process of WeasyPrint's own venv."""
    python = venv("bench-venv", "weasyprint")
    page = _page(invoice(), logo)
    script = Path(__file__).with_name("peer_weasyprint.py")
    work = json.dumps({"html": page, "count": THEIRS, "warm_up": 3})
    done = subprocess.run([python, script], input=work, capture_output=True, text=True, check=False, env=_plain())
    if done.returncode:
        raise Unavailable(f"WeasyPrint does not run here: {done.stderr.strip().splitlines()[-1:]}")
    return dict(json.loads(done.stdout))


def _plain() -> dict[str, str]:
    """The environment without our own modules: each venv has its own."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def _page(document: dict[str, Any], logo: bytes) -> str:
    """A plain invoice: logo, parties, lines, taxes, totals, instalments, two QR codes."""
    lines = "".join(
        f"<tr><td>{line['description']}<br><small>{line['detail']}</small><td>{line['quantity']}<td>{line['unit_price']}"
        f"<td>{line['tax_label']}<td>{line['net_minor'] / 100:,.2f}</tr>"
        for line in document["lines"]
    )
    due = "".join(f"<tr><td>{item['due_on']}<td>{item['amount_minor'] / 100:,.2f}</tr>" for item in document["due"])
    qrs = "".join(
        f'<img width=90 src="{segno.make(text).png_data_uri(scale=4)}">'
        for text in (PAY_URL, "BCD\n002\n1\nSCT\nAIBKIE2D\nLinden Press Ltd\nIE29AIBK93115212345678\nEUR2092.25")
    )
    return (
        "<html lang=en><style>@page{size:A4;margin:18mm}body{font:10pt sans-serif}table{width:100%;border-collapse:"
        "collapse}td{border-bottom:1px solid #ccc;padding:4px}h1{color:#17694a}</style>"
        f'<img height=50 src="data:image/png;base64,{base64.b64encode(logo).decode()}"><h1>Invoice {document["number"]}'
        f"</h1><p>{'<br>'.join(document['seller']['address'])}<p>{document['customer']['name']}<br>"
        f"{'<br>'.join(document['customer']['address'])}<table>{lines}</table>"
        f"<p>Total <b>€{document['totals']['total_minor'] / 100:,.2f}</b><table>{due}</table><p>{qrs}"
    )
